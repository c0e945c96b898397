"""What an import is made of: cells, remarks, questions, rows and the plan. Personal data is in no ``repr``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Literal

from koperasi.errors import Refusal
from koperasi.i18n import translate

Cell = str | int | Decimal | date | None
"""One cell: text as written, a number exactly (so the spreadsheet held a number), a date, or nothing."""

DateOrder = Literal["dmy", "mdy"]
SkipReason = Literal["title", "header", "total", "blank", "no_amount", "excluded"]


DEPOSITS = "berjangka"
"""The name of term deposits among totals."""


class ImportFileError(Refusal):
    """The file as a whole can't be read or understood; nothing of it can be imported."""


class ImportKind(StrEnum):
    """What a file brings into the book."""

    MEMBERS = "members"
    OPENING_SAVINGS = "opening_savings"
    OPENING_DEPOSITS = "opening_deposits"
    SAVINGS_DEPOSITS = "savings_deposits"
    OPENING_TRIAL_BALANCE = "opening_trial_balance"


class SavingsKind(StrEnum):
    """Kinds of savings that a column or a whole file can hold."""

    POKOK = "pokok"
    WAJIB = "wajib"
    SUKARELA = "sukarela"
    WADIAH = "wadiah"


@dataclass(frozen=True, slots=True)
class Remark:
    """An error or a warning beside a row, a column or the file.

    Attributes:
        code: stable slug.
        message: Indonesian message id with ``%(name)s`` placeholders.
        params: values for the placeholders.
        column: the column's title as it stands in the file; empty for a whole row or file.
    """

    code: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)
    column: str = ""

    def text(self, locale: str) -> str:
        """The message in the reader's language."""
        return translate(locale, self.message, **self.params)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row that isn't blank, with the line (or spreadsheet row) where it begins, counted from 1."""

    line_number: int
    cells: tuple[Cell, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as read, before anything in it is understood.

    Attributes:
        rows: the rows that hold something.
        blank_lines: how many rows held nothing.
        encoding: of a text file; ``None`` for a spreadsheet.
        delimiter: of a text file; ``None`` for a spreadsheet.
        sheet_name: which sheet of a spreadsheet was read.
        sheet_names: all its visible sheets.
        warnings: what the reader should know, e.g. that the encoding was guessed.
    """

    rows: tuple[SourceRow, ...]
    blank_lines: int = 0
    encoding: str | None = None
    delimiter: str | None = None
    sheet_name: str | None = None
    sheet_names: tuple[str, ...] = ()
    warnings: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """What the person who imports has said about the file.

    Attributes:
        date_order: how ``03/04/2024`` is read: ``dmy`` 3 April, ``mdy`` 4 March.
        savings_kind: which savings an amount column without a name holds.
    """

    date_order: DateOrder | None = None
    savings_kind: SavingsKind | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Something the file doesn't say and that isn't guessed: answer it, then plan again.

    Attributes:
        kind: ``date-order`` or ``savings-kind``; the name of the answer that settles it.
        column: the column's title.
        choices: the possible answers.
        examples: cells that can be read in two ways.
    """

    kind: Literal["date-order", "savings-kind"]
    column: str
    choices: tuple[str, ...]
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberIdentity:
    """Who a row is about: at least one of the three numbers; the name is for the eye only.

    Attributes:
        nik: sixteen digits of the national identity number.
        number: member number in the cooperative's own list.
        external_reference: employee number or the like, from a ``NIK`` column that holds none.
        name: as written.
    """

    nik: str | None = field(default=None, repr=False)
    number: str | None = None
    external_reference: str | None = None
    name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MemberDetails:
    """What a member list says of a member beyond identity; phone in E.164, country in ISO 3166 alpha-2."""

    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    joined_on: date | None = None
    status: str | None = None
    migrant_status: str | None = None
    country: str | None = None
    heir: str | None = field(default=None, repr=False)
    department: str | None = None
    member_type: str | None = None


@dataclass(frozen=True, slots=True)
class SavingsAmount:
    """Savings of one kind on one row, above zero, in minor units."""

    kind: SavingsKind
    amount_minor: int


@dataclass(frozen=True, slots=True)
class TermDeposit:
    """A running contract of term deposit as a row says it; what the row leaves open is None.

    Attributes:
        number: on its old paper.
        principal_minor: above zero, in sen.
        placed_on: the first day of its term.
        percent: a year, or the holder's nisbah.
        months: how long.
        due_on: its maturity.
        pay_months: returns are paid every so many months, 0 at maturity.
        roll_over: ``none``, ``principal`` or ``principal_and_return``.
        payout_account: where they go.
        paid_until: the day up to which they were paid.
        paid_minor: how much that was, in sen.
    """

    number: str
    principal_minor: int
    placed_on: date
    percent: Fraction
    months: int | None = None
    due_on: date | None = None
    pay_months: int | None = None
    roll_over: str = "none"
    payout_account: str | None = None
    paid_until: date | None = None
    paid_minor: int | None = None


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """One account's opening balance in minor units: debit above zero, credit below."""

    code: str
    name: str | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One row to import; with an error it can only be corrected in the file or excluded.

    Attributes:
        line: where it stands in the file.
        member: who, for members, savings and term deposits.
        details: the rest of a member list.
        savings: amounts above zero; a zero is valid and brings nothing.
        deposit: a contract of term deposit.
        dated: the row's date column (savings); joining dates stand in ``details``.
        period: ``YYYY-MM`` of a monthly contribution.
        account: for the opening trial balance.
        errors: why it can't be imported.
        warnings: what to look at.
    """

    line: int
    member: MemberIdentity | None = None
    details: MemberDetails | None = None
    savings: tuple[SavingsAmount, ...] = ()
    dated: date | None = None
    period: str | None = None
    account: AccountBalance | None = None
    deposit: TermDeposit | None = None
    errors: tuple[Remark, ...] = ()
    warnings: tuple[Remark, ...] = ()

    @property
    def amounts(self) -> list[tuple[str, int]]:
        """What it brings, in sen, by the name under which totals are shown."""
        found = [(part.kind.value, part.amount_minor) for part in self.savings]
        if self.deposit:
            found.append((DEPOSITS, self.deposit.principal_minor))
        if self.account:
            found.append(("debit" if self.account.amount_minor > 0 else "credit", abs(self.account.amount_minor)))
        return found


@dataclass(frozen=True, slots=True)
class SkippedLine:
    """A line that isn't imported, and why."""

    line: int
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do, as far as the file alone can say.

    Attributes:
        kind: what the file brings.
        columns: titles of the columns that were understood.
        unknown_columns: titles of those that weren't and are left out.
        rows: in file order, excluded ones left out.
        questions: to be answered first; rows are not right before.
        errors: of the file as a whole.
        warnings: of the file as a whole.
        totals: minor units by savings kind, ``berjangka``, or ``debit`` and ``credit``; rows with errors are left out.
        skipped: lines that aren't rows.
        blank_lines: how many lines held nothing.
        titles: titles of the columns by what they mean.
    """

    kind: ImportKind
    columns: tuple[str, ...]
    unknown_columns: tuple[str, ...]
    rows: tuple[ImportRow, ...]
    questions: tuple[Question, ...]
    errors: tuple[Remark, ...]
    warnings: tuple[Remark, ...]
    totals: Mapping[str, int]
    skipped: tuple[SkippedLine, ...]
    blank_lines: int
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether nothing in the file stands against importing it."""
        return bool(self.rows) and not self.questions and not self.errors and not any(row.errors for row in self.rows)
