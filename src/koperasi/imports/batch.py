"""What is remembered of an import, what a preview shows of it, and what came of it. Pure; amounts in sen.

Signed amounts are the ledger's: debit above zero, credit below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from koperasi.errors import FieldError, Refusal
from koperasi.i18n import N_
from koperasi.imports.model import Answers, ImportKind, Plan, SavingsKind

RESUME_AFTER_SECONDS = 60
"""A posting that has not moved for so long has lost its process; it wrote nothing and may be started again."""


class Status(StrEnum):
    """Where an import stands."""

    PREVIEWED = "previewed"
    POSTING = "posting"
    POSTED = "posted"
    FAILED = "failed"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Options:
    """What was decided about a file.

    Attributes:
        answers: to the questions of its plan.
        excluded_lines: lines that are left out.
        opening_on: the day of rows without a date of their own; ``None`` lets the book decide.
        request_key: the idempotency key of the request that brought the file, with what it asked for.
        request_fingerprint: in hexadecimal.
    """

    answers: Answers = field(default_factory=Answers)
    excluded_lines: tuple[int, ...] = ()
    opening_on: date | None = None
    request_key: str | None = None
    request_fingerprint: str | None = None

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "date_order": self.answers.date_order,
            "savings_kind": self.answers.savings_kind,
            "excluded_lines": list(self.excluded_lines),
            "opening_on": self.opening_on.isoformat() if self.opening_on else None,
            "request_key": self.request_key,
            "request_fingerprint": self.request_fingerprint,
        }

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Options:
        """From JSON."""
        kind, opening_on = stored.get("savings_kind"), stored.get("opening_on")
        return cls(
            Answers(stored.get("date_order"), SavingsKind(kind) if kind else None),
            tuple(stored.get("excluded_lines", ())),
            date.fromisoformat(opening_on) if opening_on else None,
            stored.get("request_key"),
            stored.get("request_fingerprint"),
        )

    def of_request(self, other: Options) -> Options:
        """The same decisions, known under another's request."""
        return replace(self, request_key=other.request_key, request_fingerprint=other.request_fingerprint)


@dataclass(frozen=True, slots=True)
class Batch:
    """An import as it is remembered; ``stale`` is a posting whose process seems to have died."""

    import_id: int
    kind: ImportKind
    filename: str
    status: Status
    options: Options
    rows_total: int
    rows_done: int
    result: Mapping[str, Any]
    created_by: str
    created_at: datetime
    updated_at: datetime
    stale: bool

    @property
    def running(self) -> bool:
        """Some process is posting it now."""
        return self.status is Status.POSTING and not self.stale

    @property
    def failure(self) -> Refusal | None:
        """Why the last attempt wrote nothing."""
        told = self.result.get("failure")
        if not told:
            return None
        errors = [FieldError(**error) for error in told["errors"]]
        return Refusal(told["code"], told["message"], errors=errors, **told["params"])

    @property
    def outcome(self) -> ImportResult | None:
        """What was posted."""
        return self._read("posted")

    @property
    def undone(self) -> ImportResult | None:
        """What was reversed."""
        return self._read("undone")

    def _read(self, what: str) -> ImportResult | None:
        told = self.result.get(what)
        return ImportResult(import_id=self.import_id, **_read_result(told)) if told else None


@dataclass(frozen=True, slots=True)
class ControlDifference:
    """A control account whose opening balance in the trial balance is not what the members' savings add up to."""

    code: str
    file_minor: int
    book_minor: int

    @property
    def difference_minor(self) -> int:
        """What the trial balance has more (debit) than the savings, signed."""
        return self.file_minor - self.book_minor


@dataclass(frozen=True, slots=True)
class Difference:
    """The opening difference account after an import, and why it is not zero.

    Attributes:
        before_minor: its signed balance now.
        after_minor: its signed balance once the import is posted; the aim is zero.
        savings_missing: no opening savings are in the book.
        trial_balance_missing: no opening trial balance is in the book.
        accounts: control accounts that differ between the two.
    """

    before_minor: int
    after_minor: int
    savings_missing: bool = False
    trial_balance_missing: bool = False
    accounts: tuple[ControlDifference, ...] = ()

    @property
    def reasons(self) -> list[FieldError]:
        """Why it is not zero, to be read by people; empty at zero."""
        if not self.after_minor:
            return []
        found: list[FieldError] = []
        if self.savings_missing:
            found.append(FieldError("", "savings-missing", N_("Simpanan awal anggota belum diimpor.")))
        if self.trial_balance_missing:
            found.append(FieldError("", "trial-balance-missing", N_("Neraca saldo awal belum diimpor.")))
        return found


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import wrote. ``first_number`` and ``last_number`` are its entries', which follow one another."""

    import_id: int
    rows: int
    members: int
    entries: int
    first_number: int | None
    last_number: int | None
    difference_minor: int
    difference: Difference

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        difference = self.difference
        return {
            "rows": self.rows,
            "members": self.members,
            "entries": self.entries,
            "first_number": self.first_number,
            "last_number": self.last_number,
            "before_minor": difference.before_minor,
            "after_minor": difference.after_minor,
            "savings_missing": difference.savings_missing,
            "trial_balance_missing": difference.trial_balance_missing,
            "accounts": [[one.code, one.file_minor, one.book_minor] for one in difference.accounts],
        }


def _read_result(told: Mapping[str, Any]) -> dict[str, Any]:
    difference = Difference(
        told["before_minor"],
        told["after_minor"],
        told["savings_missing"],
        told["trial_balance_missing"],
        tuple(ControlDifference(*one) for one in told["accounts"]),
    )
    kept = {name: told[name] for name in ("rows", "members", "entries", "first_number", "last_number")}
    return {**kept, "difference_minor": difference.after_minor, "difference": difference}


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do, checked against the book.

    Attributes:
        batch: as it is remembered.
        plan: rows with the errors of the file and of the book.
        duplicate_of: the import that has posted the same file already.
        opening_on: the day of rows without a date of their own.
        difference: the opening difference before and after; ``None`` while questions are open.
    """

    batch: Batch
    plan: Plan
    duplicate_of: int | None
    opening_on: date
    difference: Difference | None

    @property
    def import_id(self) -> int:
        """Its number."""
        return self.batch.import_id

    @property
    def totals(self) -> Mapping[str, int]:
        """Sums of the right rows, in sen: by savings kind, or ``debit`` and ``credit``."""
        return self.plan.totals

    @property
    def ready(self) -> bool:
        """Whether it may be posted."""
        waiting = self.batch.status in {Status.PREVIEWED, Status.FAILED} or self.batch.stale
        return self.plan.ready and self.duplicate_of is None and waiting


_NAMES_SOMEBODY = frozenset({"phone-ambiguous"})
"""Its words repeat a phone number, so they are not kept: the preview finds it again."""


def stored_failure(refusal: Refusal) -> dict[str, Any]:
    """A refusal as JSON, to be shown later in whichever language."""
    return {
        "failure": {
            "code": refusal.code,
            "message": refusal.message,
            "params": {name: str(value) for name, value in refusal.params.items()},
            "errors": [
                {
                    "field": error.field,
                    "code": error.code,
                    "message": error.message,
                    "params": {name: str(value) for name, value in error.params.items()},
                }
                for error in refusal.errors
                if error.code not in _NAMES_SOMEBODY
            ],
        }
    }


def control_differences(trial_balance: Mapping[str, int], savings: Mapping[str, int]) -> tuple[ControlDifference, ...]:
    """Where the trial balance and the members' savings differ, by control account; signed amounts."""
    codes: Sequence[str] = sorted({*trial_balance, *savings})
    pairs = [ControlDifference(code, trial_balance.get(code, 0), savings.get(code, 0)) for code in codes]
    return tuple(pair for pair in pairs if pair.difference_minor)
