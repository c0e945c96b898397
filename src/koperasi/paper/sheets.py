"""Forms to be signed, as data: a slip, a kuitansi, a certificate. Page and PDF show the same texts in the same order.

The parts are texts in the reader's language already.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from koperasi import terbilang
from koperasi.cooperatives.service import Cooperative
from koperasi.deposits.service import Named, agreed_texts
from koperasi.formats import format_amount, format_date
from koperasi.i18n import N_, translate
from koperasi.paper.service import Duties
from koperasi.savings.service import Receipt

DEPOSIT, WITHDRAWAL = "savings.deposit", "savings.withdrawal"
CASH = {DEPOSIT, WITHDRAWAL}
"""Kinds of movements in which notes and coins cross the desk."""

TITLES = {
    DEPOSIT: N_("Slip setoran"),
    WITHDRAWAL: N_("Slip penarikan"),
    "savings.transfer": N_("Slip pindah buku"),
}
OTHER_TITLE = N_("Slip transaksi")


@dataclass(frozen=True)
class Row:
    """A line of a form: what it is, and what stands there; ``strong`` stands out, ``blank`` is filled in by hand."""

    label: str
    text: str
    strong: bool = False
    blank: bool = False


@dataclass(frozen=True)
class Sheet:
    """A form. ``copies`` are the words above each copy; one without a word is a form of one copy.

    ``check_url`` stands in the QR code; ``stamp`` is the word in the box for the stamp, if one is due;
    ``void`` says that the paper no longer holds, or what it undoes.
    """

    title: str
    cooperative: str
    address: str
    copies: tuple[str, ...]
    rows: tuple[Row, ...]
    amount: str
    words: str
    words_label: str
    place: str
    signers: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    check_url: str
    stamp: str = ""
    void: str = ""

    def data(self) -> dict[str, Any]:
        """The same for a template."""
        return asdict(self)


def address_of(cooperative: Cooperative) -> str:
    """Where the cooperative is, in one line."""
    return cooperative.full_address


def place_and_day(cooperative: Cooperative, day: date, locale: str) -> str:
    """As stands above a signature: ``Sukadana, 25 November 2026``."""
    where = cooperative.village or cooperative.regency
    written = format_date(day, locale)
    return f"{where}, {written}" if where else written


def _standing(receipt: Receipt, locale: str) -> str:
    """Whether a receipt was undone since, or undoes another: paper printed later must say so."""
    if receipt.reversed_by:
        return translate(locale, N_("Dibatalkan oleh bukti %(number)s"), number=receipt.reversed_by)
    if receipt.reverses:
        return translate(locale, N_("Membatalkan bukti %(number)s"), number=receipt.reverses)
    return ""


def slip(
    receipt: Receipt, cooperative: Cooperative, duties: Duties, *, teller: str, check_url: str, locale: str
) -> Sheet:
    """A deposit or withdrawal slip in two copies, one for the member and one for the cooperative."""

    def _(message: str, **params: object) -> str:
        return translate(locale, message, **params)

    rows = [
        Row(_(N_("No. bukti")), receipt.number, strong=True),
        Row(_(N_("Tanggal")), format_date(receipt.effective_date, locale)),
        Row(_(N_("Atas nama")), f"{receipt.member_name} ({receipt.member_number})"),
        Row(_(N_("Rekening")), f"{_(receipt.account_kind.label)} {receipt.account_number}"),
    ]
    if receipt.other_account_number:
        rows.append(Row(_(N_("Ke rekening")), receipt.other_account_number))
    if receipt.kind == DEPOSIT and receipt.amount_minor > duties.source_minor:
        rows.append(Row(_(N_("Asal uang")), "", blank=True))
    signers = [(_(N_("Petugas")), teller), (_(N_("Menyetujui")), "")]
    if receipt.kind in CASH:
        who = N_("Penyetor") if receipt.kind == DEPOSIT else N_("Penerima")
        signers.insert(0, (_(who), receipt.member_name))
    return Sheet(
        title=_(TITLES.get(receipt.kind, OTHER_TITLE)),
        cooperative=cooperative.name,
        address=address_of(cooperative),
        copies=(_(N_("Lembar 1: untuk anggota")), _(N_("Lembar 2: untuk koperasi"))),
        rows=tuple(rows),
        amount=format_amount(receipt.amount_minor),
        words=terbilang.amount_in_words(receipt.amount_minor, locale),
        words_label=_(N_("Terbilang")),
        place=place_and_day(cooperative, receipt.effective_date, locale),
        signers=tuple(signers),
        notes=(_(N_("Kode periksa %(code)s"), code=receipt.verify_code),),
        check_url=check_url,
        void=_standing(receipt, locale),
    )


def kuitansi(
    receipt: Receipt, cooperative: Cooperative, duties: Duties, *, teller: str, check_url: str, locale: str
) -> Sheet:
    """A kuitansi: who paid signs nothing, who received does; above a limit it takes a stamp (bea meterai)."""

    def _(message: str, **params: object) -> str:
        return translate(locale, message, **params)

    member = f"{receipt.member_name} ({receipt.member_number})"
    is_deposit = receipt.kind == DEPOSIT
    purpose = N_("Setoran %(kind)s %(number)s") if is_deposit else N_("Penarikan %(kind)s %(number)s")
    what = _(purpose, kind=_(receipt.account_kind.label).lower(), number=receipt.account_number)
    needs_stamp = receipt.amount_minor > duties.stamp_minor
    return Sheet(
        title=_(N_("Kuitansi")),
        cooperative=cooperative.name,
        address=address_of(cooperative),
        copies=("",),
        rows=(
            Row(_(N_("No. bukti")), receipt.number, strong=True),
            Row(_(N_("Sudah terima dari")), member if is_deposit else cooperative.name),
            Row(_(N_("Uang sejumlah")), terbilang.amount_in_words(receipt.amount_minor, locale)),
            Row(_(N_("Untuk pembayaran")), what),
        ),
        amount=format_amount(receipt.amount_minor),
        words="",
        words_label="",
        place=place_and_day(cooperative, receipt.effective_date, locale),
        signers=((_(N_("Yang menerima")), teller if is_deposit else receipt.member_name),),
        notes=(_(N_("Kode periksa %(code)s"), code=receipt.verify_code),),
        check_url=check_url,
        stamp=_(N_("Meterai")) if needs_stamp else "",
        void=_standing(receipt, locale),
    )


def certificate(named: Named, cooperative: Cooperative, *, title: str, code: str, check_url: str, locale: str) -> Sheet:
    """The certificate of a term deposit (bilyet). ``title`` is the deposit's word, in the reader's language."""

    def _(message: str, **params: object) -> str:
        return translate(locale, message, **params)

    one = named.deposit
    holder = N_("Koperasi penyimpan") if one.is_partners else N_("Anggota")
    return Sheet(
        title=_(N_("Bilyet %(kind)s"), kind=title),
        cooperative=cooperative.name,
        address=address_of(cooperative),
        copies=("",),
        rows=(
            Row(_(N_("No. bilyet")), f"{one.certificate} · {one.number}", strong=True),
            Row(_(N_("Atas nama")), f"{named.member_name} ({one.member_number})"),
            *(Row(label, text) for label, text in agreed_texts(one, cooperative, locale)),
        ),
        amount=format_amount(one.principal_minor),
        words=terbilang.amount_in_words(one.principal_minor, locale),
        words_label=_(N_("Terbilang")),
        place=place_and_day(cooperative, one.opened_on, locale),
        signers=((_(holder), named.member_name), (_(N_("Pengurus")), "")),
        notes=(_(N_("Kode periksa %(code)s"), code=code),),
        check_url=check_url,
        void=f"{_(N_('Tidak berlaku lagi'))}, {format_date(one.closed_on, locale)}" if one.closed_on else "",
    )
