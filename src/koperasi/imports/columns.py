"""Where the header stands, and what each column means, in the words that treasurers use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import zip_longest

from koperasi.i18n import N_
from koperasi.imports.model import Cell, ImportFileError, Remark, Sheet, SourceRow

HEADER_WITHIN = 40
"""The header is among the first so many rows that hold something."""


class Field(StrEnum):
    """What a column can mean."""

    ROW_NUMBER = "row_number"
    NOTE = "note"
    NIK = "nik"
    MEMBER_NUMBER = "member_number"
    EXTERNAL_REFERENCE = "external_reference"
    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    JOINED_ON = "joined_on"
    STATUS = "status"
    MIGRANT_STATUS = "migrant_status"
    COUNTRY = "country"
    HEIR = "heir"
    DEPARTMENT = "department"
    MEMBER_TYPE = "member_type"
    AMOUNT = "amount"
    SAVINGS_KIND = "savings_kind"
    PERIOD = "period"
    DATE = "date"
    POKOK = "pokok"
    WAJIB = "wajib"
    SUKARELA = "sukarela"
    WADIAH = "wadiah"
    ACCOUNT_CODE = "account_code"
    ACCOUNT_NAME = "account_name"
    DEBIT = "debit"
    CREDIT = "credit"
    CONTRACT_NUMBER = "contract_number"
    PLACED_ON = "placed_on"
    DUE_ON = "due_on"
    MONTHS = "months"
    PERCENT = "percent"
    PAY_MONTHS = "pay_months"
    ROLL_OVER = "roll_over"
    PAYOUT_ACCOUNT = "payout_account"
    PAID_UNTIL = "paid_until"
    PAID_AMOUNT = "paid_amount"


OF_DEPOSITS = frozenset(
    {Field.CONTRACT_NUMBER, Field.PLACED_ON, Field.DUE_ON, Field.MONTHS, Field.PERCENT, Field.PAY_MONTHS}
    | {Field.ROLL_OVER, Field.PAYOUT_ACCOUNT, Field.PAID_UNTIL, Field.PAID_AMOUNT}
)
"""Meanings that only a list of term deposits has; in other files their titles mean nothing."""


_TITLES: dict[Field, str] = {
    Field.ROW_NUMBER: "no, nomor, nomor urut, no urut, number, #",
    Field.NOTE: "keterangan, ket, catatan, note, notes, remarks",
    Field.NIK: "nik, no nik, nomor nik, no ktp, nomor ktp, nik ktp, no ktp nik, nik no ktp, ktp, no identitas, "
    "nomor identitas, nomor induk kependudukan, id card, national id, identity number",
    Field.MEMBER_NUMBER: "no anggota, nomor anggota, no kartu, nomor kartu, id anggota, kode anggota, nba, "
    "no induk anggota, nomor induk anggota, no buku anggota, nomor buku anggota, member number, member no, member id",
    Field.EXTERNAL_REFERENCE: "nomor induk karyawan, no induk karyawan, no karyawan, nomor karyawan, nip, nrp, "
    "no pegawai, nomor pegawai, id karyawan, employee number, employee id",
    Field.NAME: "nama, nama anggota, nama lengkap, nama lengkap anggota, nama penabung, nama nasabah, anggota, name, "
    "full name, member name",
    Field.PHONE: "telepon, telp, no telp, no telepon, nomor telepon, hp, no hp, nomor hp, no hp wa, hp wa, telepon hp, "
    "no telp hp, wa, no wa, nomor wa, whatsapp, no whatsapp, handphone, no handphone, ponsel, phone, phone number, "
    "mobile",
    Field.EMAIL: "email, e mail, surel, alamat email",
    Field.ADDRESS: "alamat, alamat lengkap, alamat rumah, alamat tinggal, address",
    Field.JOINED_ON: "tanggal daftar, tgl daftar, tanggal masuk, tgl masuk, tanggal bergabung, tgl bergabung, "
    "tanggal gabung, tanggal menjadi anggota, tgl menjadi anggota, tanggal keanggotaan, tanggal pendaftaran, "
    "join date, joined, date joined",
    Field.STATUS: "status, status anggota, status keanggotaan, member status",
    Field.MIGRANT_STATUS: "status pmi, status migran, status pekerja migran, status tki, pmi, migrant status",
    Field.COUNTRY: "negara, negara tujuan, negara penempatan, negara kerja, country",
    Field.HEIR: "ahli waris, nama ahli waris, waris, heir, beneficiary",
    Field.DEPARTMENT: "departemen, bagian, unit, unit kerja, divisi, dusun, department",
    Field.MEMBER_TYPE: "tipe anggota, jenis anggota, jenis keanggotaan, tipe keanggotaan, member type",
    Field.AMOUNT: "jumlah, saldo, nominal, setoran, jumlah simpanan, saldo simpanan, jumlah setoran, nominal setoran, "
    "saldo awal, besar simpanan, nilai, jumlah deposito, nominal deposito, nominal simpanan, pokok simpanan berjangka, "
    "jumlah simpanan berjangka, amount, balance, principal",
    Field.SAVINGS_KIND: "jenis simpanan, jenis, produk, produk simpanan, savings type",
    Field.PERIOD: "periode, bulan, period, month",
    Field.DATE: "tanggal, tgl, tanggal setor, tgl setor, tanggal setoran, tanggal transaksi, tgl transaksi, "
    "tanggal bayar, tanggal saldo, per tanggal, date",
    Field.POKOK: "simpanan pokok, jumlah simpanan pokok, setoran pokok, setoran simpanan pokok, "
    "simp pokok, s pokok, pokok, saldo simpanan pokok, saldo pokok, sp",
    Field.WAJIB: "simpanan wajib, jumlah simpanan wajib, setoran wajib, setoran simpanan wajib, "
    "simp wajib, s wajib, wajib, saldo simpanan wajib, saldo wajib, sw",
    Field.SUKARELA: "simpanan sukarela, jumlah simpanan sukarela, setoran sukarela, setoran simpanan sukarela, "
    "simp sukarela, s sukarela, sukarela, saldo simpanan sukarela, saldo sukarela, "
    "simpanan manasuka, manasuka, ss",
    Field.WADIAH: "simpanan wadiah, wadiah, tabungan wadiah, simpanan wadi'ah, tabungan wadi'ah, wadi'ah, saldo wadiah",
    Field.ACCOUNT_CODE: "kode akun, no akun, nomor akun, kode, kode perkiraan, no perkiraan, nomor perkiraan, "
    "kode rekening, no rek, no rekening, coa, account code, account number, account no",
    Field.ACCOUNT_NAME: "nama akun, nama perkiraan, nama rekening, akun, perkiraan, uraian, account name, account",
    Field.DEBIT: "debet, debit, saldo debet, saldo debit, dr",
    Field.CREDIT: "kredit, saldo kredit, credit, kr, cr",
    Field.CONTRACT_NUMBER: "no bilyet, nomor bilyet, bilyet, no seri bilyet, no kontrak, nomor kontrak, no perjanjian, "
    "nomor perjanjian, no deposito, nomor deposito, no berjangka, no simpanan berjangka, nomor simpanan berjangka, "
    "no sertifikat, nomor sertifikat, contract number, contract no, certificate number, certificate no",
    Field.PLACED_ON: "tanggal mulai, tgl mulai, mulai, tanggal penempatan, tgl penempatan, tanggal buka, tgl buka, "
    "tanggal pembukaan, tgl pembukaan, placed on, opened on, start date",
    Field.DUE_ON: "jatuh tempo, tanggal jatuh tempo, tgl jatuh tempo, tgl jt, jt, due date, maturity, maturity date",
    Field.MONTHS: "jangka waktu, jangka waktu bulan, jangka, tenor, tenor bulan, jk waktu, term, months",
    Field.PERCENT: "persen setahun, persen, bunga, suku bunga, bunga pa, bunga setahun, suku bunga setahun, imbal, "
    "imbal setahun, jasa, jasa setahun, nisbah, nisbah anggota, bagi hasil, rate, interest rate, interest, percent",
    Field.PAY_MONTHS: "cara bayar, imbalan dibayar, bunga dibayar, jasa dibayar, bagi hasil dibayar, pembayaran bunga, "
    "pembayaran imbalan, pembayaran bagi hasil, payment",
    Field.ROLL_OVER: "perpanjangan, perpanjang, aro, saat jatuh tempo, roll over, rollover",
    Field.PAYOUT_ACCOUNT: "rekening pembayaran, no rekening pembayaran, dibayar ke, dibayar ke rekening, "
    "rekening tujuan, no rekening tabungan, rekening tabungan, rekening simpanan, payout account",
    Field.PAID_UNTIL: "dibayar sampai, imbalan dibayar sampai, bunga dibayar sampai, jasa dibayar sampai, "
    "bagi hasil dibayar sampai, bunga terakhir dibayar, paid until, paid up to",
    Field.PAID_AMOUNT: "sudah dibayar, imbalan sudah dibayar, bunga sudah dibayar, jasa sudah dibayar, "
    "bagi hasil sudah dibayar, jumlah sudah dibayar, paid, paid amount",
}
_MAY_REPEAT = {Field.ROW_NUMBER, Field.NOTE}
_MONEY_WORDS = {"rp", "idr", "rupiah"}
_EMPLOYEE_TITLES = {"nik", "nonik", "nomornik"}


def _key(title: str) -> str:
    """A title reduced to what matters: no case, accents, spaces, punctuation or currency."""
    plain = unicodedata.normalize("NFKD", title).casefold()
    if plain.strip() == "#":
        return "#"
    words = re.split(r"[^a-z0-9']+", "".join(char for char in plain if not unicodedata.combining(char)))
    return "".join(word.replace("'", "") for word in words if word not in _MONEY_WORDS)


_FIELDS = {_key(title): field for field, titles in _TITLES.items() for title in titles.split(", ")}


@dataclass(frozen=True, slots=True)
class Column:
    """One titled column: its place from 0, its title as written, and its meaning if it has one."""

    index: int
    title: str
    field: Field | None


@dataclass(frozen=True)
class Header:
    """The header row.

    Attributes:
        line: where it stands.
        columns: every titled column.
        warnings: what was decided about a column.
    """

    line: int
    columns: tuple[Column, ...]
    warnings: tuple[Remark, ...] = ()

    @cached_property
    def fields(self) -> dict[Field, Column]:
        """The columns by meaning."""
        return {column.field: column for column in self.columns if column.field is not None}

    @property
    def unknown(self) -> tuple[str, ...]:
        """Titles without a meaning; their columns are left out."""
        return tuple(column.title for column in self.columns if column.field is None)

    @cached_property
    def width(self) -> int:
        """Columns up to the last titled one."""
        return max(column.index for column in self.columns) + 1

    def repeats(self, row: SourceRow) -> bool:
        """Whether a row is this header again, e.g. at the top of each printed page."""
        if any(isinstance(cell, int) or (isinstance(cell, str) and cell[0].isdecimal()) for cell in row.cells):
            return False  # quick, and no title begins with a figure
        known = _columns(row.cells)
        return len(known) > 1 and sum(column.field is not None for column in known) * 2 > len(known)

    def same_places(self, row: SourceRow) -> bool:
        """Whether a repeated header's titles stand where this header's do."""
        places = {column.index: _FIELDS.get(_key(column.title)) for column in self.columns}
        return all(places.get(column.index) is column.field for column in _columns(row.cells) if column.field)


def known_titles(cells: Iterable[Cell]) -> int:
    """How many different meanings a row's cells name."""
    return len({_FIELDS[key] for cell in cells if isinstance(cell, str) and (key := _key(cell)) in _FIELDS})


def _columns(cells: Sequence[Cell]) -> tuple[Column, ...]:
    return tuple(
        Column(index, str(cell), _FIELDS.get(_key(cell)) if isinstance(cell, str) else None)
        for index, cell in enumerate(cells)
        if cell is not None
    )


def find_header(sheet: Sheet, without: Collection[Field] = OF_DEPOSITS) -> Header:
    """The row among the first that names the most columns, the earliest of several; or two rows that do together.

    Args:
        sheet: the table.
        without: meanings that this kind of file doesn't have.

    Raises:
        ImportFileError: no row names a column, or two columns mean the same.
    """
    line, titles = 0, tuple[Cell, ...]()
    for row, below in zip_longest(sheet.rows[:HEADER_WITHIN], sheet.rows[1 : HEADER_WITHIN + 1]):
        if row is None:
            break
        both = _two_storeys(row, below) if below else row.cells
        if known_titles(row.cells) > known_titles(titles):
            line, titles = row.line_number, row.cells
        if below and known_titles(both) > max(known_titles(titles), known_titles(below.cells)):
            line, titles = below.line_number, both
    if not titles:
        raise ImportFileError(
            "header-missing",
            N_("Judul kolom tidak ditemukan. Beri baris judul seperti: NIK, Nama, Jumlah, Tanggal."),
        )
    known = tuple(replace(one, field=None) if one.field in without else one for one in _columns(titles))
    columns, warnings = _settle_nik(known, [row for row in sheet.rows if row.line_number > line])
    _refuse_duplicates(columns)
    return Header(line, columns, warnings)


def _two_storeys(above: SourceRow, below: SourceRow) -> tuple[Cell, ...]:
    """A header of two rows read as one, e.g. *Simpanan* over *Pokok*, *Wajib* and *Sukarela*; else the upper row."""
    if not all(cell is None or (isinstance(cell, str) and not cell[0].isdecimal()) for cell in below.cells):
        return above.cells
    return tuple(
        lower if upper is None or known_titles([lower]) else upper
        for upper, lower in zip_longest(above.cells, below.cells)
    )


def _refuse_duplicates(columns: tuple[Column, ...]) -> None:
    seen: dict[Field, Column] = {}
    for column in columns:
        if column.field is None or column.field in _MAY_REPEAT:
            continue
        other = seen.setdefault(column.field, column)
        if other is not column:
            raise ImportFileError(
                "columns-alike",
                N_("Kolom “%(first)s” dan “%(second)s” berarti sama. Hapus atau ganti judul salah satunya."),
                first=other.title,
                second=column.title,
            )


def _settle_nik(
    columns: tuple[Column, ...], rows: Sequence[SourceRow]
) -> tuple[tuple[Column, ...], tuple[Remark, ...]]:
    """A column titled NIK whose values aren't of about sixteen digits holds Nomor Induk Karyawan, employee numbers."""
    for column in columns:
        if column.field is Field.NIK and _key(column.title) in _EMPLOYEE_TITLES and _employee_numbers(column, rows):
            settled = tuple(
                replace(other, field=Field.EXTERNAL_REFERENCE) if other is column else other for other in columns
            )
            remark = Remark(
                "nik-employee",
                N_("Isi kolom “%(column)s” bukan NIK 16 angka; dibaca sebagai nomor induk karyawan."),
                {"column": column.title},
                column.title,
            )
            return settled, (remark,)
    return columns, ()


def _employee_numbers(column: Column, rows: Sequence[SourceRow]) -> bool:
    values = [
        str(row.cells[column.index])
        for row in rows
        if column.index < len(row.cells) and row.cells[column.index] is not None
    ]
    values = [value for value in values if any(char.isdecimal() for char in value)]
    long = sum(_like_nik(value) for value in values)
    return bool(values) and long * 2 < len(values)


def _like_nik(value: str) -> bool:
    """Fifteen to seventeen digits, or what a spreadsheet makes of them (3,20101E+15)."""
    if re.fullmatch(r"[0-9][.,]?[0-9]*E\+?1[4-6]", value, re.IGNORECASE):
        return True
    return len(value) < 30 and 15 <= sum(char.isdecimal() for char in value) <= 17
