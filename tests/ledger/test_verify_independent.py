"""The doctor's own idea of the sealed bytes, of a close and of a book, held against that of the posting code."""

from __future__ import annotations

import json
import sys
from datetime import date
from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

import ledger
from ledger import PeriodStatus, verify_periods, verify_report, verify_walk, verify_whole
from ledger.export import Filter, snapshot
from ledger.seal import canonical
from ledger.verify_walk import CANONICAL, ENTRIES

from .support import Desk, open_desk

SEALED = f"{ENTRIES} SELECT e.number, convert_to({CANONICAL}, 'UTF8') AS bytes FROM e LEFT JOIN l ON l.entry_number = e.number"

# PostgreSQL's text holds no NUL; everything else that can be written may be in an entry.
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
AMOUNT = st.integers(1, 10**12)
FACTS = st.fixed_dictionaries(
    {"kind": WORDS, "description": WORDS, "actor": WORDS},
    optional={
        "source": WORDS,
        "note": WORDS,
        "metadata": st.dictionaries(WORDS, WORDS, max_size=4),
        "on": st.dates(date(1900, 1, 1), date(2200, 12, 31)),
    },
)
LINES = st.one_of(
    st.tuples(AMOUNT).map(lambda a: (("1102", a[0]), ("3101", -a[0]))),
    st.tuples(AMOUNT, AMOUNT).map(lambda a: (("1102", a[0]), ("1201", a[1]), ("3101", -a[0]), ("2201", -a[1]))),
)


def test_nothing_is_shared_with_the_posting_code():
    shared = {"ledger.seal", "ledger.checks", "ledger.batch", "ledger.journal", "ledger.sql", "ledger.periods"}
    # `ledger.verify` is also the name of the function in it.
    for module in (sys.modules["ledger.verify"], verify_walk, verify_periods, verify_report, verify_whole):
        sources = {getattr(value, "__module__", "") for value in vars(module).values()}
        assert not shared & sources, module


async def _sealed(desk: Desk) -> dict[int, bytes]:
    async with desk.database.reading(desk.book) as connection:
        rows = await connection.execute(text(SEALED), {"book": desk.book, "after": 0, "page": 1000})
        return {row.number: row.bytes for row in rows}


async def _entries(desk: Desk) -> list[ledger.Entry]:
    async with desk.database.reading(desk.book) as connection:
        return [entry async for page in (await snapshot(connection, desk.book, Filter())).pages() for entry in page]


async def test_both_seal_the_same_bytes(database, poster):
    """And they are the JSON array that docs/ledger.md defines, written by Python's own ``json``."""
    desk = await open_desk(database, poster)

    @settings(max_examples=60)
    @given(FACTS, LINES)
    def post(facts, lines):
        drafts.append(desk.draft(*lines, **facts))

    drafts: list[ledger.Draft] = []
    post()
    outcomes = [one for at in range(0, len(drafts), 7) for one in await desk.append(*drafts[at : at + 7])]
    assert all(isinstance(one, ledger.Posted) for one in outcomes)
    sealed, previous = await _sealed(desk), bytes(32)
    for entry in await _entries(desk):
        lines = [(line.code, line.currency, line.amount) for line in entry.lines]
        theirs = canonical(
            book_id=entry.book_id,
            number=entry.number,
            effective_date=entry.effective_date,
            recorded_at=entry.recorded_at,
            kind=entry.kind,
            description=entry.sealed_description,
            note_digest=entry.note_digest,
            source=entry.source,
            actor=entry.actor,
            reverses=entry.reverses,
            link=entry.link,
            metadata=entry.metadata,
            lines=lines,
        )
        moment = entry.recorded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        documented = ["koperasi-entry-1", entry.book_id, entry.number, entry.effective_date.isoformat(), moment]
        documented += [entry.kind, entry.sealed_description, entry.note_digest and entry.note_digest.hex()]
        documented += [entry.source, entry.actor, entry.reverses, entry.link, sorted(entry.metadata.items()), lines]
        written = json.dumps(documented, ensure_ascii=False, separators=(",", ":")).encode()
        assert sealed[entry.number] == theirs == written
        previous = sha256(previous + sealed[entry.number]).digest()
        assert previous == entry.hash
    report = await desk.verify()
    assert (report.findings, report.last_hash, report.entries) == ((), previous, len(drafts))


async def test_closes_of_a_book_that_went_to_and_fro(database, poster):
    """Closed, opened again, added to, closed again, with entries dated ahead: each digest is that of its own time."""
    desk = await open_desk(database, poster)
    months = [date(2026, month, 1) for month in (1, 2, 3)]
    for number, month in enumerate(months):
        for day in (5, 20):
            await desk.post(("1102", 100 + number), ("3101", -100 - number), on=month.replace(day=day))
        await desk.post(("1201", 7), ("2201", -7), on=date(2026, 4, 1))
    for month in months:
        await desk.set_period(month, PeriodStatus.CLOSED)
    await desk.reopen(months[2])
    await desk.post(("1102", 11), ("3101", -11), on=date(2026, 3, 31))
    await desk.reopen(months[1])
    await desk.post(("1102", 13), ("3101", -13), on=date(2026, 2, 28))
    await desk.set_period(months[1], PeriodStatus.CLOSED)
    await desk.post(("1102", 17), ("3101", -17), on=date(2026, 3, 1))
    await desk.set_period(months[2], PeriodStatus.CLOSED)
    assert (await desk.verify()).findings == ()
