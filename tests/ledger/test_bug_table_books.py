"""Mistakes that other ledgers made, each as a test of ours: one view, filters, joins, the cut tail. See test_bug_table."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

import ledger
from ledger import Posted
from ledger.export import Filter, JsonLines, bundle, checkpoint, snapshot
from ledger.seal import canonical

from .support import DAY, Desk

PAY_IN = (("1101", 100), ("3101", -100))
SCRIPT = Path(__file__).parents[2] / "docs" / "verify_bundle.py"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
FIRST = date(2026, 11, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number - 1)


@pytest_asyncio.fixture
async def storied(desk) -> Desk:
    """A book in which everything happened: dates out of order, kinds, links, notes, reversals and undoings of them."""
    chance = random.Random(72)
    codes = ["1102", "3101", "2101.1", "2101.2"]
    for number in range(1, 25):
        one, other, third = chance.sample(codes, 3)
        size = chance.randint(1, 90)
        lines = [(one, -size), (other, size - 1), (third, 1)] if size > 1 else [(one, -1), (other, 1)]
        outcome = await desk.post(
            ("2101.1", -1000), ("2101.2", -1000), ("1102", 2000), *lines, on=day(chance.randint(1, 20)),
            kind=chance.choice(("setoran", "jurnal", "tarik")), link=chance.choice((None, "a", "b")),
            note=chance.choice((None, "Catatan")), metadata=chance.choice(({}, {"a": "1"})),
        )  # fmt: skip
        assert isinstance(outcome, Posted), (number, outcome)
    for number, undo in (
        (3, False),
        (25, True),
        (3, False),
        (27, True),
        (3, False),
        (7, False),
        (30, True),
        (9, False),
    ):
        outcome = await desk.reverse(number, on=day(21 + number % 3), of_reversal=undo)
        assert isinstance(outcome, Posted), (number, outcome)
    return desk


# --- one view -------------------------------------------------------------------------------------------------------


async def test_b39_a_long_report_is_one_view_while_others_post(desk):
    """All pages of a statement and every report beside it show the same book, though entries come in between."""
    await desk.poster.post_all([desk.draft(("1102", 7), ("3101", -7), on=day(n % 20 + 1)) for n in range(60)])
    done = asyncio.Event()

    async def others() -> int:
        count = 0
        while not done.is_set():
            # Dated back, so that every page would change.
            assert isinstance(await desk.post(("1102", 5), ("3101", -5), on=day(1)), Posted)
            count += 1
        return count

    writing = asyncio.create_task(others())
    for _ in range(4):
        before = len(await desk.entries(limit=10_000))
        lines, after, opening = [], None, 0
        async with desk.database.reading(desk.book) as connection:
            head = await ledger.head(connection, desk.book)
            account = await ledger.account_by_code(connection, desk.book, "1102")
            while True:
                page = await ledger.statement(connection, desk.book, account, after=after, limit=9)
                assert page.opening == opening
                lines += page.lines
                opening = lines[-1].balance
                if (after := page.next_after) is None:
                    break
            rows = await ledger.trial_balance(connection, desk.book)
            assert await ledger.head(connection, desk.book) == head
        assert len(lines) == head.number >= before
        assert opening == sum(line.amount for line in lines) == account.balance
        assert sum(row.balance for row in rows) == 0
        assert {row.account.code: row.balance for row in rows}["1102"] == opening
    done.set()
    assert await writing > 3


async def test_b39_pages_asked_for_one_by_one_stay_at_one_entry(desk):
    """Each page is a view of its own; ``known_at`` keeps all of them where the first one was."""
    await desk.poster.post_all([desk.draft(("1102", 7), ("3101", -7), on=day(n % 20 + 1)) for n in range(40)])
    lines, after, opening = [], None, 0
    while True:
        async with desk.database.reading(desk.book) as connection:
            account = await ledger.account_by_code(connection, desk.book, "1102")
            page = await ledger.statement(connection, desk.book, account, after=after, limit=9, known_at=40)
        assert page.opening == opening
        lines += page.lines
        opening = lines[-1].balance
        if (after := page.next_after) is None:
            break
        await desk.post(("1102", 5), ("3101", -5), on=day(1))
    assert [line.entry_number for line in lines] == sorted(range(1, 41), key=lambda n: ((n - 1) % 20, n))
    assert opening == 280


# --- what is not there ----------------------------------------------------------------------------------------------


async def test_b64_no_metadata_is_empty_metadata(storied):
    """It is never NULL, so no condition on it can lose an entry; the same in the seal and in what is exported."""
    entries = await storied.entries(limit=100)
    assert {tuple(entry.metadata) for entry in entries} == {(), ("a",)}
    async with storied.database.reading(storied.book) as connection:
        nulls = text("SELECT count(*) FROM ledger_entry WHERE book_id = :b AND metadata IS NULL")
        assert await connection.scalar(nulls, {"b": storied.book}) == 0
        accounts = {one.account_id: one for one in await ledger.chart(connection, storied.book)}
    written = JsonLines(accounts)
    for entry in entries:
        if not entry.metadata:
            sealed = canonical(
                book_id=1, number=1, effective_date=DAY, recorded_at=entry.recorded_at, kind="k", description="",
                note_digest=None, source=None, actor="", reverses=None, link=None, metadata=entry.metadata, lines=[],
            )  # fmt: skip
            assert sealed.endswith(b",[],[]]")
            assert '"metadata":{}' in written(entry).replace(" ", "")


async def test_b64_a_filter_and_its_opposite_are_everything(storied):
    """For each thing that may be absent: those that have it and those that don't, by hand, are the whole book."""
    everything = {entry.number for entry in await storied.entries(limit=100)}
    with_link = {entry.number for link in ("a", "b") for entry in await storied.entries(link=link, limit=100)}
    assert with_link == {entry.number for entry in await storied.entries(limit=100) if entry.link is not None}
    kinds = ("setoran", "jurnal", "tarik", "reversal")
    by_kind = [entry.number for kind in kinds for entry in await storied.entries(kind=kind, limit=100)]
    assert sorted(by_kind) == sorted(everything)


# --- filters --------------------------------------------------------------------------------------------------------

FROM, TO = (None, day(5), day(12)), (None, day(5), day(18))
KINDS, LINKS, KNOWN = (None, "setoran", "reversal"), (None, "a"), (None, 0, 13, 28)


def undone_by(entries: list[ledger.Entry], number: int, known_at: int | None) -> int | None:
    """Which reversal of an entry is in force, told from the entries alone."""
    known = [entry for entry in entries if known_at is None or entry.number <= known_at]
    undoings = [entry.number for entry in known if entry.reverses == number]
    return next((one for one in reversed(undoings) if undone_by(entries, one, known_at) is None), None)


async def test_b71_several_filters_find_what_one_by_one_looking_finds(storied):
    everything = await storied.entries(limit=100)
    places = ({}, {"after": 6}, {"before": 20}, {"after": 4, "before": 27})
    looked = 0
    asked = list(product(FROM, TO, KINDS, LINKS, KNOWN, places))
    for first, last, kind, link, known_at, place in random.Random(71).sample(asked, 240):
        expected = [
            entry.number
            for entry in everything
            if (first is None or entry.effective_date >= first)
            and (last is None or entry.effective_date <= last)
            and (kind is None or entry.kind == kind)
            and (link is None or entry.link == link)
            and (known_at is None or entry.number <= known_at)
            and place.get("after", 0) < entry.number < place.get("before", 10**9)
        ]
        if "before" in place:
            expected.reverse()
        limit = 3 + looked % 40
        found = await storied.entries(
            from_date=first, to_date=last, kind=kind, link=link, known_at=known_at, limit=limit, **place
        )
        assert [entry.number for entry in found] == expected[:limit]
        for entry in found:
            assert entry.reversed_by == undone_by(everything, entry.number, known_at)
        looked += bool(expected)
    assert looked > 60


@pytest.mark.parametrize(("code", "sizes"), [("1102", (9, 100)), ("2101.1", (5,)), ("1201", (5,))])
async def test_b71_a_statement_within_dates_as_known_then_by_pages(storied, code, sizes):
    everything = await storied.entries(limit=100)
    async with storied.database.reading(storied.book) as connection:
        account = await ledger.account_by_code(connection, storied.book, code)
        for first, last, known_at, size in product(FROM, TO, KNOWN, sizes):
            known = sorted(
                (entry.effective_date, entry.number, line.line, line.amount)
                for entry in everything
                for line in entry.lines
                if line.code == code and (known_at is None or entry.number <= known_at)
            )
            before = sum(amount for on, _, _, amount in known if first is not None and on < first)
            wanted = [row for row in known if (not first or row[0] >= first) and (not last or row[0] <= last)]
            found, after = [], None
            while True:
                page = await ledger.statement(
                    connection, storied.book, account,
                    from_date=first, to_date=last, known_at=known_at, after=after, limit=size,
                )  # fmt: skip
                assert page.opening == before + sum(line.amount for line in found)
                found += page.lines
                if (after := page.next_after) is None:
                    break
            assert [(line.effective_date, line.entry_number, line.line, line.amount) for line in found] == wanted


# --- joins ----------------------------------------------------------------------------------------------------------


async def test_b72_an_entry_undone_again_and_again_counts_once(storied):
    """Entry 3 has three reversals on record, two of them undone; whatever is joined to it, its amounts stay."""
    everything = await storied.entries(limit=100)
    async with storied.database.reading(storied.book) as connection:
        records = text("SELECT count(*) FROM ledger_reversal WHERE book_id = :b AND entry_number = 3")
        assert await connection.scalar(records, {"b": storied.book}) == 3
        for known_at in (None, *range(len(everything) + 1)):
            known = [entry for entry in everything if known_at is None or entry.number <= known_at]
            listed = await ledger.entries(connection, storied.book, known_at=known_at, limit=100)
            assert [(entry.number, len(entry.lines)) for entry in listed] == [
                (entry.number, len(entry.lines)) for entry in known
            ]
            sums = Counter[str]()
            for entry in known:
                for line in entry.lines:
                    sums[line.code] += line.amount
            rows = await ledger.trial_balance(connection, storied.book, detailed=True, known_at=known_at)
            assert {row.account.code: row.balance for row in rows if row.account.code in sums} == sums
            account = await ledger.account_by_code(connection, storied.book, "1102")
            page = await ledger.statement(connection, storied.book, account, known_at=known_at, limit=1000)
            assert len(page.lines) == len({(line.entry_number, line.line) for line in page.lines})
            assert sum(line.amount for line in page.lines) == sums["1102"]


# --- undoing --------------------------------------------------------------------------------------------------------


async def test_b50_whatever_was_posted_can_be_undone_and_all_is_as_before(desk):
    """One line or many, two currencies, linked, dated back, with a note, an undoing itself: in turn, then all back."""
    await desk.post(("1102", 10_000), ("3101", -10_000), on=FIRST)
    await desk.post(("2101.1", -500), ("1101", 500), on=FIRST)

    async def balances() -> dict[str, int]:
        async with desk.database.reading(desk.book) as connection:
            rows = await ledger.trial_balance(connection, desk.book, detailed=True)
        return {row.account.code: row.balance for row in rows}

    shapes = [
        {"lines": PAY_IN},
        {"lines": (("1201", 3), ("2201", -3), ("1102", 5), ("3101", -5))},
        {"lines": [("2101.1", -1)] * 30 + [("1102", 30)], "note": "Bagi hasil"},
        {"lines": (("2101.1", 400), ("1101", -400)), "link": "g", "metadata": {"a": "1"}},
        {"lines": (("1102", -9), ("3101", 9)), "on": day(3), "source": "Nota 1"},
    ]
    for shape in shapes:
        facts = dict(shape)
        before = await balances()
        posted = await desk.post(*facts.pop("lines"), **facts)
        after = await balances()
        assert before != after
        undone = await desk.reverse(posted.number)
        assert isinstance(undone, Posted), undone
        assert await balances() == before
        assert (await desk.reverse(undone.number, of_reversal=True)).number == undone.number + 1
        assert await balances() == after
        assert (await desk.reverse(posted.number)).number == undone.number + 2
        assert await balances() == before
    assert (await desk.verify()).findings == ()


# --- the tail -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [1, 2, 6])
async def test_b76_a_tail_cut_off_is_missed_by_whoever_has_the_head_on_paper(desk, tmp_path, cut):
    """The shorter book is whole in itself, so only what is kept outside of it can tell: number, hash, signature."""
    for number in range(1, 8):
        await desk.post(("1102", number), ("3101", -number))
    async with desk.database.reading(desk.book) as connection:
        head = await ledger.head(connection, desk.book)
        shorter = await snapshot(connection, desk.book, Filter(known_at=7 - cut))
        await bundle.write(shorter, bundle.Directory(tmp_path))
    paper = checkpoint.sign(KEY, checkpoint.Checkpoint(desk.book, *head, datetime(2026, 11, 25, tzinfo=UTC)))

    def check(*options: str) -> tuple[int, str]:
        command = [sys.executable, "-I", str(SCRIPT), str(tmp_path), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    assert check()[0] == 0
    code, said = check("--checkpoint", paper, "--key", KEY.public_key().public_bytes_raw().hex())
    assert code == 1
    assert "checkpoint: entry 7" in said
    early = await _head_at(desk, 7 - cut)
    older = checkpoint.sign(KEY, checkpoint.Checkpoint(desk.book, *early, datetime(2026, 11, 24, tzinfo=UTC)))
    assert check("--checkpoint", older)[0] == 0


async def _head_at(desk: Desk, number: int) -> ledger.Head:
    async with desk.database.reading(desk.book) as connection:
        return await ledger.head_at(connection, desk.book, number)


@pytest.mark.parametrize("cut", [1, 2, 5])
async def test_b76_a_tail_cut_off_in_the_database_shows_in_the_head(desk, superuser_engine, cut):
    for number in range(1, 7):
        await desk.post(("1102", number), ("3101", -number))
    async with superuser_engine.connect() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table, column in (("posting", "entry_number"), ("entry", "number")):
            gone = f"DELETE FROM ledger_{table} WHERE book_id = :b AND {column} > :last"
            await connection.execute(text(gone), {"b": desk.book, "last": 6 - cut})
        found = (await ledger.verify(connection, desk.book)).findings
    assert "tail" in {finding.code for finding in found}
