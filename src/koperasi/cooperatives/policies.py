"""Policies: rates, limits, ceilings and rounding, each from a day on and with the rule it rests on. Pure.

Values are strings: amounts as ``"100000.00"`` (rupiah and sen), percentages as ``"9"`` or ``"2.5"``, days as ``"3"``,
switches as ``"on"`` or ``"off"``. Nothing here is a
constant of the program: the defaults are what a new cooperative starts with, and it sets its own (docs/policies.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import groupby

from koperasi.cooperatives.rules import Kind
from koperasi.formats import InputError, format_amount, parse_wire_amount, wire_amount
from koperasi.i18n import N_, translate

BEGINNING = date(2000, 1, 1)
"""From when a new cooperative's first rows hold, unless it is older still: spreadsheets bring in old members."""

REFERENCE_MAX_LENGTH = 200

_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?")
_DAYS = re.compile(r"[1-9]|[12][0-9]|30")
_COUNT = re.compile(r"[1-9]|[1-5][0-9]|60")

SWITCHES: Mapping[str, str] = {"on": "on", "off": "off", "ya": "on", "tidak": "off", "yes": "on", "no": "off"}
"""How people write a switch, and how it is kept."""


class Unit(StrEnum):
    """What a policy's value counts."""

    AMOUNT = "amount"
    PERCENT = "percent"
    DAYS = "days"
    SWITCH = "switch"
    """``on`` or ``off``."""
    COUNT = "count"
    """A whole number from 1 to 60."""


@dataclass(frozen=True)
class Definition:
    """A policy the service knows: what its value is, and its name for people (message id)."""

    name: str
    unit: Unit
    label: str
    positive: bool = False
    """Whether zero is refused."""


@dataclass(frozen=True)
class PolicyRow:
    """What holds from a day on."""

    name: str
    valid_from: date
    value: str
    legal_reference: str
    set_by: str
    set_at: datetime


@dataclass(frozen=True)
class Standing:
    """One policy with all its rows, newest first, and the one in force (``None`` if all begin later)."""

    definition: Definition
    current: PolicyRow | None
    rows: tuple[PolicyRow, ...]


@dataclass(frozen=True)
class Default:
    """The first row of a policy."""

    name: str
    value: str
    legal_reference: str


DEFINITIONS: Mapping[str, Definition] = {
    definition.name: definition
    for definition in (
        Definition("simpanan_pokok.amount", Unit.AMOUNT, N_("Simpanan pokok, sekali saat bergabung")),
        Definition("simpanan_wajib.amount", Unit.AMOUNT, N_("Simpanan wajib setiap bulan")),
        Definition("simpanan_pokok.instalments", Unit.COUNT, N_("Simpanan pokok dibayar dalam berapa bagian bulanan")),
        Definition("membership.decision", Unit.SWITCH, N_("Anggota baru menunggu keputusan pengurus")),
        Definition("exit.fee", Unit.AMOUNT, N_("Biaya administrasi anggota keluar")),
        Definition(
            "exit.keep_pokok", Unit.SWITCH, N_("Sejumlah simpanan pokok tetap menjadi cadangan saat anggota keluar")
        ),
        Definition(
            "exit.loss_share_percent", Unit.PERCENT, N_("Bagian tanggungan anggota keluar dari pokok dan wajib")
        ),
        Definition(
            "exit.death_extra_percent", Unit.PERCENT, N_("Santunan kematian dari cadangan atas pokok dan wajib")
        ),
        Definition(
            "exit.payout_months", Unit.COUNT, N_("Hak anggota keluar dibayar paling lambat setelah berapa bulan")
        ),
        Definition("dues.due_day", Unit.COUNT, N_("Simpanan wajib dibayar paling lambat tanggal")),
        Definition("dues.bill_on_leave", Unit.SWITCH, N_("Anggota cuti tetap ditagih simpanan wajib")),
        Definition("dues.bill_inactive", Unit.SWITCH, N_("Anggota nonaktif tetap ditagih simpanan wajib")),
        Definition("savings.minimum_balance", Unit.AMOUNT, N_("Saldo paling sedikit simpanan sukarela")),
        Definition("cash.rounding", Unit.AMOUNT, N_("Pembulatan kas"), positive=True),
        Definition("savings_return.ceiling_percent", Unit.PERCENT, N_("Batas imbal simpanan setahun")),
        Definition("savings_return.ceiling_enforced", Unit.SWITCH, N_("Imbal simpanan di atas batas ditolak")),
        Definition("loan_rate.ceiling_percent", Unit.PERCENT, N_("Batas jasa pinjaman setahun")),
        Definition("loan.related_party_percent", Unit.PERCENT, N_("Batas pinjaman pihak terkait dari modal sendiri")),
        Definition("savings_tax.threshold", Unit.AMOUNT, N_("Imbal simpanan sebulan yang bebas pajak")),
        Definition("savings_tax.rate_percent", Unit.PERCENT, N_("Pajak final imbal simpanan")),
        Definition("tax.partner_percent", Unit.PERCENT, N_("Pajak imbal simpanan koperasi lain (PPh pasal 23)")),
        Definition("deposit_tax.threshold", Unit.AMOUNT, N_("Jumlah tabungan dan deposito yang bebas pajak")),
        Definition("deposit_tax.rate_percent", Unit.PERCENT, N_("Pajak final tabungan dan deposito bank")),
        Definition("approval.withdrawal_above", Unit.AMOUNT, N_("Penarikan di atas jumlah ini perlu orang kedua")),
        Definition("approval.entry_above", Unit.AMOUNT, N_("Jurnal manual di atas jumlah ini perlu orang kedua")),
        Definition("approval.reversals", Unit.SWITCH, N_("Jurnal balik perlu orang kedua")),
        Definition("teller.sessions", Unit.SWITCH, N_("Kas hanya bergerak dalam sesi kas yang dihitung")),
        Definition("cash.petty_float", Unit.AMOUNT, N_("Dana tetap kas kecil")),
        Definition("paper.stamp_above", Unit.AMOUNT, N_("Kuitansi di atas jumlah ini bermeterai")),
        Definition("paper.source_of_funds_above", Unit.AMOUNT, N_("Setoran di atas jumlah ini menyebut asal uang")),
        Definition("approval.days", Unit.DAYS, N_("Permintaan persetujuan berlaku selama")),
        Definition("approval.write_offs", Unit.SWITCH, N_("Penghapusbukuan perlu orang kedua")),
        Definition("approval.disbursements", Unit.SWITCH, N_("Pencairan perlu orang kedua")),
        Definition(
            "approval.rate_changes", Unit.SWITCH, N_("Perubahan kebijakan dan ketentuan produk perlu orang kedua")
        ),
        Definition("approval.role_changes", Unit.SWITCH, N_("Perubahan peran pengguna perlu orang kedua")),
        Definition("approval.member_exits", Unit.SWITCH, N_("Penyelesaian anggota keluar perlu orang kedua")),
        Definition("approval.return_runs", Unit.SWITCH, N_("Pencatatan imbal simpanan perlu orang kedua")),
        Definition(
            "access.second_code",
            Unit.SWITCH,
            N_("Kode kedua wajib bagi yang mencatat, menyetujui, atau mengelola pengguna"),
        ),
    )
}

_LAW = "UU 25/1992 pasal 41"
_DUES = (
    Default("simpanan_pokok.instalments", "1", f"{_LAW}; anggaran dasar"),
    Default("dues.due_day", "20", "Ketentuan awal; ditetapkan pengurus"),
    Default("dues.bill_on_leave", "off", "Ketentuan awal; ditetapkan pengurus"),
    Default("dues.bill_inactive", "on", "Ketentuan awal; ditetapkan pengurus"),
)
_OWN_CAPITAL = (
    Default("simpanan_pokok.amount", "100000.00", f"{_LAW}; anggaran dasar"),
    Default("simpanan_wajib.amount", "20000.00", f"{_LAW}; keputusan rapat anggota"),
    *_DUES,
)
_NO_MEMBERS = (
    Default("simpanan_pokok.amount", "0.00", "Penyimpan bukan anggota; diatur anggaran dasar"),
    Default("simpanan_wajib.amount", "0.00", "Penyimpan bukan anggota; diatur anggaran dasar"),
    *_DUES,
)
_GROUP_CAPITAL = (
    Default("simpanan_pokok.amount", "100000.00", "Kesepakatan kelompok"),
    Default("simpanan_wajib.amount", "20000.00", "Kesepakatan kelompok"),
    *_DUES,
)
_DECIDED = (Default("membership.decision", "on", "UU 25/1992 pasal 17 sampai 19; anggaran dasar"),)
# Savers of a unit or a bank are customers: nobody decides on them.
_NOT_DECIDED = (Default("membership.decision", "off", "Penyimpan bukan anggota; diatur anggaran dasar"),)
_LIFE = (
    Default("exit.fee", "0.00", "Ketentuan awal; ditetapkan pengurus"),
    Default("exit.keep_pokok", "off", "Anggaran dasar; ditetapkan pengurus"),
    Default("exit.loss_share_percent", "0", "Anggaran dasar; ditetapkan pengurus"),
    Default("exit.death_extra_percent", "0", "Anggaran dasar; ditetapkan pengurus"),
    Default("exit.payout_months", "1", "Anggaran dasar; ditetapkan pengurus"),
)
_HOUSE = (
    *_LIFE,
    Default("savings.minimum_balance", "0.00", "Ketentuan produk simpanan"),
    Default("cash.rounding", "100.00", "Keputusan pengurus: uang logam terkecil yang beredar"),
    Default("paper.stamp_above", "5000000.00", "UU 10/2020 tentang Bea Meterai"),
    Default("paper.source_of_funds_above", "500000000.00", "Ketentuan awal; ditetapkan pengurus"),
)
_CEILINGS = (
    Default("savings_return.ceiling_percent", "9", "Permenkop UKM 8/2023 pasal 26"),
    Default("savings_return.ceiling_enforced", "on", "Permenkop UKM 8/2023 pasal 26"),
    Default("loan_rate.ceiling_percent", "24", "Permenkop UKM 8/2023 pasal 27"),
)
_RELATED = (Default("loan.related_party_percent", "10", "Permenkop UKM 8/2023 (BMPP)"),)
_MEMBERS_TAX = (
    Default("savings_tax.threshold", "240000.00", "PP 15/2009; PMK 112/2010"),
    Default("savings_tax.rate_percent", "10", "PP 15/2009; PMK 112/2010"),
)
_SHARIA_TAX = (
    Default("savings_tax.threshold", "240000.00", "PP 15/2009; PP 25/2009; PMK 112/2010"),
    Default("savings_tax.rate_percent", "10", "PP 15/2009; PP 25/2009; PMK 112/2010"),
)
_PARTNERS_TAX = (Default("tax.partner_percent", "15", "UU PPh pasal 23 ayat (1) huruf a"),)
_BANK_TAX = (
    Default("deposit_tax.threshold", "7500000.00", "PP 131/2000"),
    Default("deposit_tax.rate_percent", "20", "PP 131/2000"),
)

_BY_THE_BOARD = "Ketentuan awal; ditetapkan pengurus"
_SECOND_PERSON = (
    Default("approval.withdrawal_above", "5000000.00", _BY_THE_BOARD),
    Default("approval.entry_above", "50000000.00", _BY_THE_BOARD),
    Default("approval.reversals", "off", _BY_THE_BOARD),
    Default("approval.days", "3", _BY_THE_BOARD),
    Default("approval.write_offs", "on", _BY_THE_BOARD),
    Default("approval.disbursements", "on", _BY_THE_BOARD),
    Default("approval.rate_changes", "on", _BY_THE_BOARD),
    Default("approval.role_changes", "on", _BY_THE_BOARD),
    Default("approval.member_exits", "on", _BY_THE_BOARD),
    Default("approval.return_runs", "on", _BY_THE_BOARD),
    # Off, since it asks for a telephone of everybody at the desk; the board decides when it can.
    Default("access.second_code", "off", _BY_THE_BOARD),
)

_SESSIONS = (
    Default("teller.sessions", "on", _BY_THE_BOARD),
    Default("cash.petty_float", "0.00", _BY_THE_BOARD),
)
# One box, opened in front of all at the meeting.
_NO_SESSIONS = (Default("teller.sessions", "off", "Kesepakatan kelompok"),)

_SAVERS_TAX = (*_MEMBERS_TAX, *_PARTNERS_TAX)
_CONVENTIONAL = (*_OWN_CAPITAL, *_DECIDED, *_HOUSE, *_CEILINGS, *_RELATED, *_SAVERS_TAX, *_SECOND_PERSON, *_SESSIONS)
# Ceilings a year speak of interest; wadiah promises nothing and mudharabah shares what was earned.
_SHARIA = (*_OWN_CAPITAL, *_DECIDED, *_HOUSE, *_RELATED, *_SHARIA_TAX, *_SECOND_PERSON, *_SESSIONS)

DEFAULTS: Mapping[Kind, tuple[Default, ...]] = {
    Kind.KSP: _CONVENTIONAL,
    Kind.USP: _CONVENTIONAL,
    Kind.KSPPS: _SHARIA,
    Kind.USPPS: _SHARIA,
    Kind.BUMDES_UNIT: (*_NO_MEMBERS, *_NOT_DECIDED, *_HOUSE, *_SECOND_PERSON, *_SESSIONS),
    Kind.BPR: (*_NO_MEMBERS, *_NOT_DECIDED, *_HOUSE, *_BANK_TAX, *_SECOND_PERSON, *_SESSIONS),
    Kind.KELOMPOK: (*_GROUP_CAPITAL, *_DECIDED, *_HOUSE, *_SECOND_PERSON, *_NO_SESSIONS),
}


def known_to(kind: Kind) -> tuple[Definition, ...]:
    """The policies that mean something to a kind, in the order in which it is asked for them."""
    return tuple(DEFINITIONS[default.name] for default in DEFAULTS[kind])


def clean_value(definition: Definition, value: str) -> str:
    """A policy's value in its one way of writing: ``100000.00`` for amounts, ``2.5`` for percentages.

    Raises:
        InputError: ``policy-amount``, ``policy-percent``, ``policy-not-positive``, ``policy-switch``, ``policy-days``,
            ``policy-count``, or what ``parse_wire_amount`` says.
    """
    text = value.strip()
    if definition.unit is Unit.AMOUNT:
        return _amount(text, positive=definition.positive)
    if definition.unit is Unit.SWITCH:
        if (switch := SWITCHES.get(text.lower())) is None:
            raise InputError("policy-switch", N_("Tulis ya atau tidak."))
        return switch
    if definition.unit is Unit.DAYS:
        if not _DAYS.fullmatch(text):
            raise InputError("policy-days", N_("Jumlah hari ditulis sebagai angka dari 1 sampai 30."))
        return text
    if definition.unit is Unit.COUNT:
        if not _COUNT.fullmatch(text):
            raise InputError("policy-count", N_("Tulis angka bulat dari 1 sampai 60."))
        return text
    return _percent(text.replace(",", "."))


def _amount(text: str, *, positive: bool) -> str:
    minor = parse_wire_amount(text)
    if minor < 0:
        raise InputError("policy-amount", N_("Jumlah tidak boleh kurang dari nol."))
    if positive and minor == 0:
        raise InputError("policy-not-positive", N_("Jumlah harus lebih dari nol."))
    return wire_amount(minor)


def _percent(text: str) -> str:
    if not _PERCENT.fullmatch(text) or Decimal(text) > 100:
        raise InputError("policy-percent", N_("Persentase ditulis sebagai angka dari 0 sampai 100, misalnya 2,5."))
    return f"{Decimal(text).normalize():f}"


def standings(rows: Iterable[PolicyRow], on: date) -> list[Standing]:
    """Policies with their history, in the order in which the service knows them, as they stand on a day."""
    order = {name: place for place, name in enumerate(DEFINITIONS)}
    known = [row for row in rows if row.name in order]
    newest_first = sorted(known, key=lambda row: row.valid_from, reverse=True)
    result = []
    for name, group in groupby(sorted(newest_first, key=lambda row: order[row.name]), key=lambda row: row.name):
        history = tuple(group)
        current = next((row for row in history if row.valid_from <= on), None)
        result.append(Standing(DEFINITIONS[name], current, history))
    return result


def shown(definition: Definition, value: str, locale: str) -> str:
    """A policy's value for people: Rp100.000, or 2,5%."""
    if definition.unit is Unit.AMOUNT:
        return format_amount(parse_wire_amount(value))
    if definition.unit is Unit.SWITCH:
        return translate(locale, N_("Ya") if value == "on" else N_("Tidak"))
    if definition.unit is Unit.DAYS:
        return translate(locale, N_("%(days)s hari"), days=value)
    if definition.unit is Unit.COUNT:
        return value
    return (value if locale == "en" else value.replace(".", ",")) + "%"
