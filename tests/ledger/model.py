"""A book in plain Python: what the ledger must answer, without its code, its database or its speed.

The model knows *all* reasons that speak against a draft; the ledger names one of them. So it also judges callers that
ran at the same time, where nobody knows beforehand who comes first.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date

from ledger import Draft, Outcome, Posted, Rejected, Replayed

BIGGEST_LINE = 100_000_000_000_000_000
BIGGEST_TOTAL = 9_223_372_036_854_775_807


@dataclass
class ModelAccount:
    code: str
    side: str
    currency: str = "IDR"
    floor: int | None = None
    held: int = 0
    control: bool = False
    opened_on: date | None = None
    closed_on: date | None = None
    locked_to: date | None = None
    debit: int = 0
    credit: int = 0

    @property
    def balance(self) -> int:
        return (self.debit - self.credit) * (1 if self.side == "debit" else -1)


@dataclass
class ModelEntry:
    lines: list[tuple[int, int]]
    reverses: int | None
    day: date
    reversed_by: int | None = None


@dataclass
class ModelBook:
    accounts: dict[int, ModelAccount]
    entries: list[ModelEntry] = field(default_factory=list)
    periods: dict[str, str] = field(default_factory=dict)
    keys: dict[str, tuple[bytes, int | str]] = field(default_factory=dict)
    days: dict[tuple[int, date], list[int]] = field(default_factory=dict)

    def entry(self, number: int) -> ModelEntry | None:
        return self.entries[number - 1] if 1 <= number <= len(self.entries) else None

    def objections(self, draft: Draft) -> set[str]:
        """Every reason for which this draft may not be posted now; empty if it may."""
        found = set()
        if len(draft.lines) < 2:
            found.add("too-few-lines")
        sums: dict[str, int] = {}
        for account_id, amount in draft.lines:
            if amount == 0:
                found.add("zero-amount")
            if abs(amount) > BIGGEST_LINE:
                found.add("amount-range")
            account = self.accounts.get(account_id)
            if account is None:
                found.add("unknown-account")
                continue
            if account.control:
                found.add("control-account")
            if account.closed_on and draft.effective_date >= account.closed_on:
                found.add("account-closed")
            if account.opened_on and draft.effective_date < account.opened_on:
                found.add("account-not-open")
            if account.locked_to and draft.effective_date <= account.locked_to:
                found.add("account-paused" if account.locked_to == date.max else "account-locked")
            sums[account.currency] = sums.get(account.currency, 0) + amount
        if len({account_id for account_id, _ in draft.lines}) == 1:
            found.add("same-account")
        if any(sums.values()):
            found.add("unbalanced")
        name = draft.effective_date.strftime("%Y-%m")
        month = self.periods.get(name)
        if any(state == "closed" and other >= name for other, state in self.periods.items()):
            month = "closed"
        if month == "closed":
            found.add("period-closed")
        if month == "held" and not draft.allow_held:
            found.add("period-held")
        if draft.reverses is not None:
            found |= self._objections_to_reversal(draft)
        return found | self._objections_to_totals(draft)

    def _objections_to_reversal(self, draft: Draft) -> set[str]:
        undone = self.entry(draft.reverses)
        if undone is None:
            return {"unknown-entry"}
        found = set()
        if undone.reverses is not None:
            before = self.entry(undone.reverses)
            if not draft.allow_reversal_of_reversal or before.reverses is not None:
                found.add("reversal-of-reversal")
        if undone.reversed_by is not None:
            found.add("already-reversed")
        if [(account_id, -amount) for account_id, amount in undone.lines] != [tuple(line) for line in draft.lines]:
            found.add("reversal-mismatch")
        return found

    def _objections_to_totals(self, draft: Draft) -> set[str]:
        found = set()
        for account_id in {line.account_id for line in draft.lines} & set(self.accounts):
            account = self.accounts[account_id]
            after = deepcopy(account)
            for other, amount in draft.lines:
                if other == account_id:
                    after.debit += max(amount, 0)
                    after.credit += max(-amount, 0)
            if max(after.debit, after.credit) > BIGGEST_TOTAL:
                found.add("overflow")
            falls = after.balance < account.balance
            if falls and account.floor is not None and after.balance - account.held < account.floor:
                found.add("floor")
            if falls and account.floor is not None and self.first_broken_day(draft, account_id):
                found.add("floor-later")
        return found

    def known(self, number: int, as_of: date) -> dict[str, tuple[int, int]]:
        """Debit and credit of each account at the end of a day, from the entries up to a number."""
        sums = {account.code: [0, 0] for account in self.accounts.values()}
        for entry in self.entries[:number]:
            for account_id, amount in entry.lines if entry.day <= as_of else ():
                sums[self.accounts[account_id].code][amount < 0] += abs(amount)
        return {code: (debit, credit) for code, (debit, credit) in sums.items()}

    def first_broken_day(self, draft: Draft, account_id: int) -> tuple[date, int] | None:
        """The first day, from the draft's on, at whose end it would leave the account too low, and by how much."""
        account = self.accounts[account_id]
        sign = 1 if account.side == "debit" else -1
        moved = {day: sums[0] - sums[1] for (other, day), sums in self.days.items() if other == account_id}
        if not any(day > draft.effective_date for day in moved):
            return None
        moved[draft.effective_date] = moved.get(draft.effective_date, 0) + sum(
            amount for other, amount in draft.lines if other == account_id
        )
        for end in sorted(day for day in moved if day >= draft.effective_date):
            balance = sign * sum(amount for day, amount in moved.items() if day <= end)
            if balance < account.floor:
                return end, account.floor - balance
        return None

    def write(self, draft: Draft) -> int:
        """Post a draft that nothing speaks against; returns its number."""
        assert not self.objections(draft)
        number = len(self.entries) + 1
        self.entries.append(ModelEntry([tuple(line) for line in draft.lines], draft.reverses, draft.effective_date))
        for account_id, amount in draft.lines:
            account = self.accounts[account_id]
            day = self.days.setdefault((account_id, draft.effective_date), [0, 0])
            account.debit += max(amount, 0)
            account.credit += max(-amount, 0)
            day[0] += max(amount, 0)
            day[1] += max(-amount, 0)
        if draft.reverses is not None:
            undone = self.entry(draft.reverses)
            undone.reversed_by = number
            if undone.reverses is not None:
                self.entry(undone.reverses).reversed_by = None
        self.keys[draft.key] = draft.fingerprint, number
        return number

    def check(self, draft: Draft, outcome: Outcome) -> None:
        """Is this the right answer to this draft, now? Then do what it says."""
        if draft.key in self.keys:
            fingerprint, answer = self.keys[draft.key]
            if fingerprint != draft.fingerprint:
                assert outcome == Rejected("idempotency-mismatch", {"key": draft.key})
            elif isinstance(answer, int):
                assert outcome == Replayed(answer)
            else:
                assert isinstance(outcome, Rejected)
                assert outcome.replayed
                assert outcome.code == answer
            return
        objections = self.objections(draft)
        if not objections:
            assert isinstance(outcome, Posted), (draft, outcome)
            assert outcome.number == self.write(draft)
        else:
            assert isinstance(outcome, Rejected), (draft, outcome, objections)
            assert outcome.code in objections, (draft, outcome, objections)
            assert not outcome.replayed
            if outcome.code == "floor-later":
                self._check_day(draft, outcome)
            self.keys[draft.key] = draft.fingerprint, outcome.code

    def _check_day(self, draft: Draft, outcome: Rejected) -> None:
        """It names the first day that breaks, and what is missing then."""
        (account_id,) = (key for key, account in self.accounts.items() if account.code == outcome.detail["account"])
        day, shortfall = self.first_broken_day(draft, account_id)
        assert outcome.detail["day"] == day.isoformat()
        assert outcome.detail["shortfall"] == shortfall

    def check_linked(self, drafts: list[Draft], outcomes: list[Outcome]) -> None:
        """All or none: the drafts are new and have different keys."""
        trial = deepcopy(self)
        for position, draft in enumerate(drafts):
            if objections := trial.objections(draft):
                assert outcomes[position].code in objections, (draft, outcomes[position], objections)
                for other, outcome in enumerate(outcomes):
                    assert isinstance(outcome, Rejected)
                    assert other == position or outcome.code == "linked"
                    self.keys[drafts[other].key] = drafts[other].fingerprint, outcome.code
                return
            trial.write(draft)
        for draft, outcome in zip(drafts, outcomes, strict=True):
            self.check(draft, outcome)

    def check_concurrent(self, drafts: list[Draft], outcomes: list[Outcome]) -> None:
        """Some order of the drafts explains all answers: the numbers tell it for those that were posted."""
        told = list(zip(drafts, outcomes, strict=True))
        posted = sorted((pair for pair in told if isinstance(pair[1], Posted)), key=lambda pair: pair[1].number)
        states = [deepcopy(self)]
        for draft, outcome in posted:
            assert draft.key not in self.keys, (draft, outcome)
            assert outcome.number == self.write(draft)
            states.append(deepcopy(self))
        for draft, outcome in told:
            if isinstance(outcome, Replayed):
                assert self.keys[draft.key] == (draft.fingerprint, outcome.number)
            elif isinstance(outcome, Rejected) and outcome.code != "idempotency-mismatch" and not outcome.replayed:
                assert any(outcome.code in state.objections(draft) for state in states), (draft, outcome)
                assert draft.key not in self.keys, (draft, outcome)
                self.keys[draft.key] = draft.fingerprint, outcome.code
        for draft, outcome in told:
            if isinstance(outcome, Rejected) and (outcome.replayed or outcome.code == "idempotency-mismatch"):
                fingerprint, answer = self.keys[draft.key]
                assert (outcome.code == answer) if outcome.replayed else (fingerprint != draft.fingerprint)
