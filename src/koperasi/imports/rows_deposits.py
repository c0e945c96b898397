"""One line of a list of term deposits to one row. Pure."""

from __future__ import annotations

from datetime import date

from koperasi.i18n import N_
from koperasi.imports import values, values_deposits
from koperasi.imports.columns import Field
from koperasi.imports.lines import Line
from koperasi.imports.model import ImportRow, TermDeposit
from koperasi.imports.rows import Context, Reader, check_width, read_identity

DATES = (Field.PLACED_ON, Field.DUE_ON, Field.PAID_UNTIL, Field.DATE)

_NEEDED = {
    Field.CONTRACT_NUMBER: ("contract-number-empty", N_("Nomor bilyet atau perjanjian belum diisi.")),
    Field.PLACED_ON: ("placed-on-empty", N_("Tanggal mulai belum diisi.")),
    Field.PERCENT: ("percent-empty", N_("Persen atau nisbahnya belum diisi.")),
}


def deposit_row(context: Context, line: Line) -> ImportRow:
    """A running contract with whose it is."""
    reader = Reader(line, context.header)
    check_width(context, reader)
    member = read_identity(context, reader, savings_only=True)
    dated = _date(context, reader, Field.DATE)
    deposit = _contract(context, reader)
    return ImportRow(line=line.number, member=member, deposit=deposit, dated=dated, errors=tuple(reader.errors))


def amount_field(context: Context) -> Field:
    """The column of the principal: one of amounts, or one that is titled *Pokok*."""
    return Field.AMOUNT if Field.AMOUNT in context.header.fields else Field.POKOK


def _contract(context: Context, reader: Reader) -> TermDeposit | None:
    for wanted, (code, message) in _NEEDED.items():
        if reader.line.cell(wanted) is None:
            reader.refuse(code, message, wanted)
    money = amount_field(context)
    number = reader.read(Field.CONTRACT_NUMBER, values.read_reference)
    principal = reader.read(money, values.read_amount)
    if reader.line.cell(money) is None:
        reader.refuse("amount-empty", N_("Nilai uang belum diisi."), money)
    elif principal == 0:
        reader.refuse("principal-not-positive", N_("Pokok simpanan harus lebih dari nol."), money)
    placed_on = _date(context, reader, Field.PLACED_ON)
    percent = reader.read(Field.PERCENT, values_deposits.read_percent)
    rest = {
        "months": reader.read(Field.MONTHS, values_deposits.read_months),
        "due_on": _date(context, reader, Field.DUE_ON),
        "pay_months": reader.read(Field.PAY_MONTHS, values_deposits.read_pay_months),
        "payout_account": reader.read(Field.PAYOUT_ACCOUNT, values_deposits.read_account),
        "paid_until": _date(context, reader, Field.PAID_UNTIL),
        "paid_minor": reader.read(Field.PAID_AMOUNT, values.read_amount),
    }
    roll_over = reader.read(Field.ROLL_OVER, values_deposits.read_roll_over) or "none"
    if reader.errors or number is None or not principal or placed_on is None or percent is None:
        return None
    return TermDeposit(number, principal, placed_on, percent, roll_over=roll_over, **rest)  # type: ignore[arg-type]


def _date(context: Context, reader: Reader, wanted: Field) -> date | None:
    return reader.read(wanted, lambda cell: values.read_date(cell, context.orders.get(wanted)))
