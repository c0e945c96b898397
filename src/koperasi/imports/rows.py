"""One line of a table to one row: each cell read by its column's meaning, each error beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from koperasi.formats import InputError, format_amount
from koperasi.i18n import N_
from koperasi.imports import values
from koperasi.imports.columns import Field, Header
from koperasi.imports.lines import WIDE, Line
from koperasi.imports.model import (
    AccountBalance,
    Answers,
    Cell,
    DateOrder,
    ImportKind,
    ImportRow,
    MemberDetails,
    MemberIdentity,
    Remark,
    SavingsAmount,
    SavingsKind,
)

T = TypeVar("T")

IDENTITY = (Field.NIK, Field.MEMBER_NUMBER, Field.EXTERNAL_REFERENCE)
"""Any of them tells one member from another."""


@dataclass(slots=True)
class Reader:
    """Reads one line's cells by meaning and keeps what is wrong with them."""

    line: Line
    header: Header
    errors: list[Remark] = field(default_factory=list)

    def read(self, wanted: Field, reader: Callable[[Cell], T]) -> T | None:
        """The value of a cell; ``None`` when there is no such column, nothing in it, or something wrong with it."""
        column = self.header.fields.get(wanted)
        cell = self.line.cell(wanted)
        if column is None or cell is None:
            return None
        try:
            return reader(cell)
        except InputError as error:
            self.errors.append(Remark(error.code, error.message, error.params, column.title))
            return None

    def refuse(self, code: str, message: str, wanted: Field | None = None, **params: object) -> None:
        """Note an error of the row's own."""
        column = self.header.fields.get(wanted) if wanted else None
        self.errors.append(Remark(code, message, params, column.title if column else ""))


@dataclass(frozen=True, slots=True)
class Context:
    """What the rows share."""

    kind: ImportKind
    header: Header
    answers: Answers
    reference_date: date
    orders: dict[Field, DateOrder | None]
    niks_cut: bool


def check_width(context: Context, reader: Reader) -> None:
    """Refuse a row that is wider than its header.

    In a text file, cells beyond the header mean that a comma inside a value has moved the columns.
    """
    extra = reader.line.row.cells[context.header.width :]
    if reader.line.text_file and any(cell is not None for cell in extra):
        reader.refuse(
            "too-many-cells",
            N_("Baris ini punya lebih banyak kolom daripada judulnya. Beri tanda kutip pada nilai yang memuat koma."),
        )


def trial_balance_row(context: Context, line: Line) -> ImportRow:
    """An account's opening balance; a row without an account when neither side holds anything."""
    reader = Reader(line, context.header)
    check_width(context, reader)
    code = reader.read(Field.ACCOUNT_CODE, values.read_reference)
    name = reader.read(Field.ACCOUNT_NAME, values.read_text) or reader.read(Field.NAME, values.read_text)
    debit = reader.read(Field.DEBIT, values.read_amount) or 0
    credit = reader.read(Field.CREDIT, values.read_amount) or 0
    if debit and credit:
        reader.refuse("both-sides", N_("Isi debet atau kredit, tidak keduanya."), Field.CREDIT)
    if (debit or credit) and line.cell(Field.ACCOUNT_CODE) is None:
        reader.refuse("account-code-empty", N_("Kode akun belum diisi."), Field.ACCOUNT_CODE)
    account = AccountBalance(code, name, debit - credit) if code and (debit or credit) and not reader.errors else None
    return ImportRow(line=line.number, account=account, errors=tuple(reader.errors))


def member_row(context: Context, line: Line) -> ImportRow:
    """A member, their savings, or both, as the kind of import wants."""
    reader = Reader(line, context.header)
    check_width(context, reader)
    savings_only = context.kind is not ImportKind.MEMBERS
    member = read_identity(context, reader, savings_only=savings_only)
    details = None if savings_only else _details(context, reader)
    savings = _savings(context, reader, savings_only=savings_only)
    dated = reader.read(Field.DATE, lambda cell: values.read_date(cell, context.orders.get(Field.DATE)))
    period = reader.read(Field.PERIOD, values.read_period) if savings_only else None
    return ImportRow(
        line=line.number,
        member=member,
        details=details,
        savings=savings,
        dated=dated,
        period=period,
        errors=tuple(reader.errors),
    )


def read_identity(context: Context, reader: Reader, *, savings_only: bool) -> MemberIdentity:
    """Who a row is about; ``savings_only``: somebody who is registered, so a name alone is not enough."""
    member = MemberIdentity(
        nik=reader.read(
            Field.NIK, lambda cell: values.read_nik(cell, context.reference_date, suspect=context.niks_cut)
        ),
        number=reader.read(Field.MEMBER_NUMBER, values.read_reference),
        external_reference=reader.read(Field.EXTERNAL_REFERENCE, values.read_reference),
        name=reader.read(Field.NAME, values.read_name),
    )
    if savings_only and all(reader.line.cell(wanted) is None for wanted in IDENTITY):
        reader.refuse("identity-missing", N_("Isi NIK atau nomor anggota; nama saja bisa dimiliki dua orang."))
    if not savings_only and reader.line.cell(Field.NAME) is None:
        reader.refuse("name-missing", N_("Nama belum diisi."), Field.NAME)
    return member


def _details(context: Context, reader: Reader) -> MemberDetails:
    status_cell = reader.line.cell(Field.STATUS)
    status_is_migrant = Field.MIGRANT_STATUS not in context.header.fields and _names_migrants(status_cell)
    return MemberDetails(
        phone=reader.read(Field.PHONE, values.read_phone),
        email=reader.read(Field.EMAIL, values.read_email),
        address=reader.read(Field.ADDRESS, values.read_text),
        joined_on=reader.read(
            Field.JOINED_ON, lambda cell: values.read_date(cell, context.orders.get(Field.JOINED_ON))
        ),
        status=None if status_is_migrant else reader.read(Field.STATUS, values.read_member_status),
        migrant_status=reader.read(
            Field.STATUS if status_is_migrant else Field.MIGRANT_STATUS, values.read_migrant_status
        ),
        country=reader.read(Field.COUNTRY, values.read_country),
        heir=reader.read(Field.HEIR, values.read_name),
        department=reader.read(Field.DEPARTMENT, values.read_text),
        member_type=reader.read(Field.MEMBER_TYPE, values.read_text),
    )


def _names_migrants(cell: Cell) -> bool:
    return isinstance(cell, str) and any(word in cell.lower().split() for word in ("pmi", "cpmi", "tki"))


def _savings(context: Context, reader: Reader, *, savings_only: bool) -> tuple[SavingsAmount, ...]:
    """The row's savings above zero: one column for each kind, or one amount whose kind the row or the user says."""
    has = context.header.fields
    wide = [wanted for wanted in WIDE if wanted in has]
    if wide:
        amounts = {SavingsKind(wanted.value): reader.read(wanted, values.read_amount) or 0 for wanted in wide}
        stated = reader.read(Field.AMOUNT, values.read_amount)
        if stated is not None and stated != sum(amounts.values()) and not reader.errors:
            reader.refuse(
                "row-total",
                N_("Jumlah pada baris ini %(stated)s, tetapi kolom simpanannya berjumlah %(sum)s."),
                Field.AMOUNT,
                stated=format_amount(stated),
                sum=format_amount(sum(amounts.values())),
            )
        return tuple(SavingsAmount(kind, amount) for kind, amount in amounts.items() if amount)
    if not savings_only:
        return ()
    amount = reader.read(Field.AMOUNT, values.read_amount)
    if reader.line.cell(Field.AMOUNT) is None:
        reader.refuse("amount-empty", N_("Nilai uang belum diisi."), Field.AMOUNT)
    kind = reader.read(Field.SAVINGS_KIND, values.read_savings_kind) or context.answers.savings_kind
    if Field.SAVINGS_KIND in has and kind is None and reader.line.cell(Field.SAVINGS_KIND) is None:
        reader.refuse("savings-kind-empty", N_("Jenis simpanan belum diisi."), Field.SAVINGS_KIND)
    return (SavingsAmount(kind, amount),) if amount and kind else ()
