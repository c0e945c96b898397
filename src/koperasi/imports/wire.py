"""Imports on the wire: what comes in and goes out as JSON."""

from datetime import date, datetime
from typing import Any, Literal

from koperasi.errors import FieldError
from koperasi.imports.batch import Batch, Difference, ImportResult, Preview, Status
from koperasi.imports.model import Plan, Remark
from koperasi.rest import Model, Money, Page, Result, Text


class UndoIn(Model):
    """Why the import is taken back; it stands in every reversal."""

    reason: Text


class RemarkOut(Result):
    """Something wrong, or to look at. ``line`` is the line of the file, or null for the file as a whole."""

    line: int | None
    column: str
    code: str
    message: str


class QuestionOut(Result):
    """What the file leaves open: send the answer as ``date_order`` or ``savings_kind``."""

    kind: Literal["date-order", "savings-kind"]
    column: str
    choices: list[str]
    examples: list[str]


class ControlOut(Result):
    """A control account whose figure in the trial balance is not what the opening savings add up to."""

    account: str
    trial_balance: Money
    savings: Money
    difference: Money


class DifferenceOut(Result):
    """The opening difference account (debit above zero): zero, or why not."""

    before: Money
    after: Money
    reasons: list[RemarkOut]
    accounts: list[ControlOut]


class ResultOut(Result):
    """What was written: entries from ``first_entry`` to ``last_entry``."""

    rows: int
    members: int
    entries: int
    first_entry: int | None
    last_entry: int | None
    opening_difference: DifferenceOut


class ImportSummary(Result):
    """An import as the list shows it."""

    id: int
    kind: str
    filename: str
    status: Status
    rows: int
    rows_done: int
    created_by: str
    created_at: datetime


class ImportOut(ImportSummary):
    """An import with what stands against it; ``ready`` says that it may be posted."""

    ready: bool
    duplicate_of: int | None
    opening_date: date | None
    errors: list[RemarkOut]
    warnings: list[RemarkOut]
    questions: list[QuestionOut]
    totals: dict[str, Money]
    opening_difference: DifferenceOut | None
    result: ResultOut | None
    undone: ResultOut | None


class ImportList(Page):
    """A page of imports, the newest first."""

    items: list[ImportSummary]


def remark_out(line: int | None, remark: Remark, locale: str) -> RemarkOut:
    """A remark of the plan."""
    return RemarkOut(line=line, column=remark.column, code=remark.code, message=remark.text(locale))


def error_out(error: FieldError, locale: str) -> RemarkOut:
    """An error whose field is a line of the file, or a line and a name."""
    line = error.field.partition(".")[0]
    return RemarkOut(
        line=int(line) if line.isdecimal() else None, column="", code=error.code, message=error.text(locale)
    )


def difference_out(found: Difference, locale: str) -> DifferenceOut:
    """The opening difference."""
    return DifferenceOut(
        before=Money.of(found.before_minor),
        after=Money.of(found.after_minor),
        reasons=[error_out(reason, locale) for reason in found.reasons],
        accounts=[
            ControlOut(
                account=one.code,
                trial_balance=Money.of(one.file_minor),
                savings=Money.of(one.book_minor),
                difference=Money.of(one.difference_minor),
            )
            for one in found.accounts
        ],
    )


def result_out(found: ImportResult | None, locale: str) -> ResultOut | None:
    """What was written."""
    if found is None:
        return None
    return ResultOut(
        rows=found.rows,
        members=found.members,
        entries=found.entries,
        first_entry=found.first_number,
        last_entry=found.last_number,
        opening_difference=difference_out(found.difference, locale),
    )


def summary(batch: Batch) -> dict[str, Any]:
    """What every form of an import says."""
    return {
        "id": batch.import_id,
        "kind": batch.kind.value,
        "filename": batch.filename,
        "status": batch.status,
        "rows": batch.rows_total,
        "rows_done": batch.rows_done,
        "created_by": batch.created_by,
        "created_at": batch.created_at,
    }


def settled(batch: Batch, locale: str) -> ImportOut:
    """An import that is posted, undone or being posted: its rows no longer matter, what came of it does."""
    return ImportOut(
        **summary(batch),
        ready=False,
        duplicate_of=None,
        opening_date=batch.options.opening_on,
        errors=[],
        warnings=[],
        questions=[],
        totals={},
        opening_difference=None,
        result=result_out(batch.outcome, locale),
        undone=result_out(batch.undone, locale),
    )


def waiting(found: Preview, locale: str) -> ImportOut:
    """An import that can still be posted, with everything that stands against it."""
    plan: Plan = found.plan
    failure = found.batch.failure
    return ImportOut(
        **{**summary(found.batch), "rows": len(plan.rows)},
        ready=found.ready,
        duplicate_of=found.duplicate_of,
        opening_date=found.opening_on,
        errors=[
            *(error_out(error, locale) for error in (failure.errors if failure and plan.ready else ())),
            *(remark_out(None, remark, locale) for remark in plan.errors),
            *(remark_out(row.line, remark, locale) for row in plan.rows for remark in row.errors),
        ],
        warnings=[
            *(remark_out(None, remark, locale) for remark in plan.warnings),
            *(remark_out(row.line, remark, locale) for row in plan.rows for remark in row.warnings),
        ],
        questions=[
            QuestionOut(kind=one.kind, column=one.column, choices=list(one.choices), examples=list(one.examples))
            for one in plan.questions
        ],
        totals={name: Money.of(minor) for name, minor in plan.totals.items()},
        opening_difference=difference_out(found.difference, locale) if found.difference else None,
        result=None,
        undone=None,
    )
