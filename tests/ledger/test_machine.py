"""The ledger beside the model: whatever happens, in whatever order, they say the same and the book stays whole."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import date
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

import ledger
from koperasi.db import Database, make_engine
from ledger import AccountType, Draft, Line, NewAccount, PeriodError, PeriodStatus, Side

from .model import ModelAccount, ModelBook
from .support import Desk, open_desk

CHART = (
    NewAccount("1101", "Kas", "Cash", AccountType.ASSET, Side.DEBIT, floor=0),
    NewAccount("1102", "Bank", "Bank", AccountType.ASSET, Side.DEBIT, floor=-500),
    NewAccount("1103", "Lama", "Old", AccountType.ASSET, Side.DEBIT),
    NewAccount("1104", "Baru", "New", AccountType.ASSET, Side.DEBIT, opened_on=date(2026, 11, 1)),
    NewAccount("1105", "Yen", "Yen", AccountType.ASSET, Side.DEBIT, currency="JPY"),
    NewAccount("2101", "Simpanan", "Savings", AccountType.LIABILITY, Side.CREDIT, control=True),
    NewAccount("2101.1", "Simpanan 1", "Savings 1", AccountType.LIABILITY, Side.CREDIT, floor=0),
    NewAccount("2101.2", "Simpanan 2", "Savings 2", AccountType.LIABILITY, Side.CREDIT, floor=100),
    NewAccount("2102", "Titipan yen", "Yen held", AccountType.LIABILITY, Side.CREDIT, currency="JPY"),
    NewAccount("3101", "Modal", "Capital", AccountType.EQUITY, Side.CREDIT),
    NewAccount("3102", "Modal yen", "Yen capital", AccountType.EQUITY, Side.CREDIT, currency="JPY"),
)
CLOSED_ON = date(2026, 12, 1)
RUPIAH = ("3101", "1101", "1102", "2101.1", "2101.2")
YEN = ("3102", "1105", "2102")
MONTHS = (date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1))

days = st.builds(date.replace, st.sampled_from(MONTHS), day=st.sampled_from((1, 15, 28)))
amounts = st.integers(1, 400).flatmap(lambda size: st.sampled_from((size, -size)))
odd_amounts = st.one_of(amounts, st.sampled_from((0, 10**17, -(10**17), 10**17 + 1, 2**62)))
odd_codes = st.sampled_from([*(account.code for account in CHART), "nowhere"])
picks = st.integers(0, 50)
odd_lines = st.lists(st.tuples(odd_codes, odd_amounts), max_size=4)


@st.composite
def balanced(draw: st.DrawFn) -> list[tuple[str, int]]:
    """Two to five lines that balance in each currency, over accounts that may not allow them."""
    lines: list[tuple[str, int]] = []
    both = draw(st.integers(0, 5)) == 0
    codes = draw(st.lists(st.sampled_from(RUPIAH), min_size=2, max_size=3 if both else 5))
    for few, (first, *rest) in enumerate((codes, YEN[:2])[: 1 + both]):
        sizes = [draw(amounts) for _ in rest]
        lines += (
            [(first, -sum(sizes)), *zip(rest, sizes, strict=True)]
            if few == 0
            else [(first, -sizes[0]), (rest[0], sizes[0])]
        )
    return draw(st.permutations(lines))


class World:
    """An event loop with connections of its own, since Hypothesis calls plain functions."""

    def __init__(self, address: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.database = Database(make_engine(address, pool_size=5))
        self.poster = ledger.Poster(self.database.engine)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        self.run(self.poster.close())
        self.run(self.database.close())
        self.loop.close()


class LedgerMachine(RuleBasedStateMachine):
    """Everything that can be asked of a book, from one caller and from many."""

    world: ClassVar[World]
    desk: Desk
    model: ModelBook

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.world.run(work)

    @initialize()
    def found(self) -> None:
        self.desk = self.run(open_desk(self.world.database, self.world.poster, CHART))
        self.past: list[Draft] = []
        self.model = ModelBook(
            {
                self.desk.ids[new.code]: ModelAccount(
                    new.code, new.side.value, new.currency, new.floor, control=new.control, opened_on=new.opened_on
                )
                for new in CHART
            }
        )
        self.run(self._close_account("1103"))
        self.model.accounts[self.desk.ids["1103"]].closed_on = CLOSED_ON
        # What callers at once leave behind differs from run to run; nothing that is drawn may depend on it.
        self.send(self.new([("1102", 300), ("3101", -300)], MONTHS[0]))

    async def _close_account(self, code: str) -> None:
        async with self.world.database.work(self.desk.book) as work:
            await ledger.close_account(work.connection, self.desk.book, self.desk.ids[code], CLOSED_ON)
            await work.commit()

    def new(self, lines: list[tuple[str, int]], on: date, **more: Any) -> Draft:
        key = f"k{next(self.desk.keys)}"
        return self.desk.draft(*lines, on=on, key=key, **more)._replace(fingerprint=key.encode())

    def send(self, draft: Draft, *, direct: bool = False) -> None:
        """Ask the ledger, ask the model, and see that a refusal left nothing behind but itself."""
        before = self.run(self.desk.digest(without=["key"]))
        outcome = self.run(self.desk.append(draft))[0] if direct else self.run(self.world.poster.post(draft))
        self.model.check(draft, outcome)
        if not isinstance(outcome, ledger.Posted):
            assert self.run(self.desk.digest(without=["key"])) == before
        self.past.append(draft)

    @rule(lines=balanced(), on=days, allow_held=st.booleans(), direct=st.booleans(), note=st.none() | st.just("Nota é"))
    def post(self, lines: list[tuple[str, int]], on: date, allow_held: bool, direct: bool, note: str | None) -> None:
        self.send(self.new(lines, on, allow_held=allow_held, note=note), direct=direct)

    @rule(amount=st.integers(1, 2000), to=st.sampled_from(RUPIAH[1:3]), on=days)
    def pay_in(self, amount: int, to: str, on: date) -> None:
        self.send(self.new([(to, amount), ("3101", -amount)], on))

    @rule(lines=odd_lines, on=days)
    def post_nonsense(self, lines: list[tuple[str, int]], on: date) -> None:
        self.send(self.new(lines, on))

    @rule(pick=picks, on=days, mirrored=st.integers(0, 5), explicit=st.booleans())
    def reverse(self, pick: int, on: date, mirrored: int, explicit: bool) -> None:
        self.send(self._reversal(pick, on, mirrored=bool(mirrored), explicit=explicit))

    def _reversal(self, pick: int, on: date, *, mirrored: bool = True, explicit: bool = False) -> Draft:
        number = len(self.model.entries) - pick % len(self.model.entries)
        lines = tuple(Line(account, -amount) for account, amount in self.model.entries[number - 1].lines)
        if not mirrored:
            lines = lines[::-1]
        return self.new([], on)._replace(lines=lines, reverses=number, allow_reversal_of_reversal=explicit)

    @rule(lines=balanced(), on=days)
    def reverse_what_is_not_there(self, lines: list[tuple[str, int]], on: date) -> None:
        self.send(self.new(lines, on, reverses=10**6))

    @rule(pick=picks, same=st.booleans())
    def retry(self, pick: int, same: bool) -> None:
        draft = self.past[pick % len(self.past)]
        before = self.run(self.desk.digest())
        again = draft if same else draft._replace(fingerprint=b"another request")
        outcome = self.run(self.world.poster.post(again))
        self.model.check(again, outcome)
        assert self.run(self.desk.digest()) == before

    @rule(groups=st.lists(balanced() | odd_lines, min_size=2, max_size=3), on=days, undo=st.none() | picks)
    def post_linked(self, undo: int | None, groups: list[list[tuple[str, int]]], on: date) -> None:
        link = f"l{next(self.desk.keys)}"
        drafts = [self.new(lines, on, link=link) for lines in groups]
        if undo is not None:
            drafts.append(self._reversal(undo, on)._replace(link=link))
        before = self.run(self.desk.digest(without=["key"]))
        outcomes = self.run(self.world.poster.post_all(drafts))
        self.model.check_linked(drafts, outcomes)
        if not isinstance(outcomes[0], ledger.Posted):
            assert self.run(self.desk.digest(without=["key"])) == before
        assert len({isinstance(outcome, ledger.Posted) for outcome in outcomes}) == 1

    @rule(data=st.data(), many=st.lists(st.tuples(balanced() | odd_lines, days), min_size=2, max_size=5))
    def post_at_once(self, data: st.DataObject, many: list[tuple[list[tuple[str, int]], date]]) -> None:
        """Several callers, some with the same request, some undoing the same entry."""
        drafts = [self.new(lines, on) for lines, on in many]
        drafts += data.draw(st.lists(st.sampled_from(drafts), max_size=2), label="sent twice")
        drafts += [
            draft._replace(fingerprint=b"other") for draft in drafts[:1] if data.draw(st.booleans(), label="abused")
        ]
        undo = self._reversal(data.draw(picks, label="undo"), many[0][1])
        drafts += [undo, undo._replace(key=undo.key + "-too")]
        spread = data.draw(st.permutations(drafts), label="order")
        self.model.check_concurrent(spread, self.run(self._gather(spread)))
        self.past += drafts[:1]

    async def _gather(self, drafts: list[Draft]) -> list[ledger.Outcome]:
        """Two of three through the poster, one beside it, as another process would."""

        async def ask(position: int, draft: Draft) -> ledger.Outcome:
            if position % 3 == 1:
                return (await self.desk.append(draft))[0]
            return await self.world.poster.post(draft)

        return await asyncio.gather(*(ask(position, draft) for position, draft in enumerate(drafts)))

    @rule(pick=picks, as_of=days)
    def look_back(self, pick: int, as_of: date) -> None:
        """Both clocks: the end of some day, as the book stood at some entry."""
        number = pick % (len(self.model.entries) + 1)
        rows = self.run(self._known(number, as_of))
        assert {row.account.code: (row.debit, row.credit) for row in rows} == self.model.known(number, as_of)

    async def _known(self, number: int, as_of: date) -> list[ledger.TrialBalanceRow]:
        async with self.world.database.reading(self.desk.book) as connection:
            return await ledger.trial_balance(connection, self.desk.book, as_of, detailed=True, known_at=number)

    @rule(month=st.sampled_from(MONTHS), status=st.sampled_from(("held", "closed", "open", "held", "closed")))
    def set_period(self, month: date, status: str) -> None:
        name = month.strftime("%Y-%m")
        now = self.model.periods.get(name, "open")
        closed = list(self.model.periods.items())
        earlier_open = any(
            day < month and not any(state == "closed" and other >= day.strftime("%Y-%m") for other, state in closed)
            for _, day in self.model.days
        )
        later_closed = any(state == "closed" and other > name for other, state in self.model.periods.items())
        refused = now != status and (now == "closed" or later_closed or (status == "closed" and earlier_open))
        before = self.run(self.desk.digest())
        try:
            self.run(self.desk.set_period(month, PeriodStatus(status)))
        except PeriodError:
            assert refused
            assert self.run(self.desk.digest()) == before
        else:
            assert not refused
            self.model.periods[name] = status

    @rule(month=st.sampled_from(MONTHS), agree=st.sampled_from(("ketua", "ketua", "bendahara")))
    def reopen(self, month: date, agree: str) -> None:
        name = month.strftime("%Y-%m")
        closed = [other for other, state in self.model.periods.items() if state == "closed"]
        allowed = bool(closed) and max(closed) == name
        try:
            self.run(self.desk.reopen(month, agree=agree))
        except PeriodError:
            assert not allowed or agree == "bendahara"
        else:
            assert allowed
            assert agree == "ketua"
            self.model.periods[name] = "open"

    @rule(code=st.sampled_from(("1101", "2101.1", "2101.2")), held=st.integers(0, 300))
    def hold(self, code: str, held: int) -> None:
        """A lien: the database itself keeps it within the balance."""
        account = self.model.accounts[self.desk.ids[code]]
        allowed = account.balance - held >= min(account.floor or 0, 0)
        try:
            self.run(self._hold(code, held))
        except IntegrityError:
            assert not allowed
        else:
            assert allowed
            account.held = held

    async def _hold(self, code: str, held: int) -> None:
        async with self.world.database.work(self.desk.book) as work:
            await work.connection.execute(
                text("UPDATE ledger_account SET held = :held WHERE account_id = :account AND book_id = :book"),
                {"held": held, "account": self.desk.ids[code], "book": self.desk.book},
            )
            await work.commit()

    @invariant()
    def the_book_is_whole(self) -> None:
        if hasattr(self, "desk"):
            self.run(self._check())

    async def _check(self) -> None:
        book = self.desk.book
        async with self.world.database.reading(book) as connection:
            report = await ledger.verify(connection, book)
            numbers = (await connection.scalars(text(NUMBERS), {"book": book})).all()
            crooked = (await connection.execute(text(CROOKED), {"book": book})).all()
            totals = (await connection.execute(text(TOTALS), {"book": book})).all()
            turnovers = (await connection.execute(text(TURNOVERS), {"book": book})).all()
            active = (await connection.execute(text(ACTIVE), {"book": book})).all()
        assert report.findings == ()
        assert list(numbers) == list(range(1, len(self.model.entries) + 1))
        assert crooked == []
        accounts = self.model.accounts
        assert {key: (debit, credit) for key, debit, credit in totals} == {
            key: (account.debit, account.credit) for key, account in accounts.items()
        }
        assert {(key, day): [debit, credit] for key, day, debit, credit in turnovers} == self.model.days
        assert dict(map(tuple, active)) == {
            number: entry.reversed_by for number, entry in enumerate(self.model.entries, 1) if entry.reversed_by
        }


NUMBERS = "SELECT number FROM ledger_entry WHERE book_id = :book ORDER BY number"
CROOKED = """
SELECT p.entry_number FROM ledger_posting p JOIN ledger_account a USING (book_id, account_id)
 WHERE book_id = :book GROUP BY p.entry_number, a.currency HAVING sum(p.amount) <> 0
"""
TOTALS = "SELECT account_id, debit, credit FROM ledger_account WHERE book_id = :book"
TURNOVERS = "SELECT account_id, day, debit, credit FROM ledger_turnover WHERE book_id = :book"
ACTIVE = "SELECT entry_number, reversal_number FROM ledger_reversal WHERE book_id = :book AND undone_by IS NULL"


@pytest.mark.slow
def test_the_ledger_does_what_the_model_says(addresses) -> None:
    nightly = settings.default.max_examples > 1000
    LedgerMachine.world = World(addresses.application)
    try:
        run_state_machine_as_test(
            LedgerMachine,
            settings=settings(
                deadline=None,
                max_examples=300 if nightly else 60,
                stateful_step_count=60 if nightly else 20,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        LedgerMachine.world.close()
