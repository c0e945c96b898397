"""A collection sheet is recorded whole, once, with a receipt for each payment."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from tests.koperasi.dues.conftest import TODAY

import ledger
from koperasi.dues import service
from koperasi.dues.rules import Kind
from koperasi.dues.service_collection import Cell, Column
from koperasi.errors import NotFound, Refusal
from koperasi.posting import Idempotency

MONTHLY = 2_000_000


@pytest.fixture
def collect(database, cooperative):
    async def collecting(cells, *, counted=None, key=None, day=TODAY, commit=True, **more):
        async with database.work(cooperative.book_id) as work:
            done = await service.collect(
                work, cooperative, cells,
                counted_minor=sum(cell.amount_minor for cell in cells) if counted is None else counted,
                group_number=None, label=more.pop("label", ""), day=day, today=TODAY, actor="uji",
                once=Idempotency.of("web", key or uuid4().hex, cells, counted), **more,
            )  # fmt: skip
            if not done.replayed and commit:
                await work.commit()
        return done

    return collecting


async def test_a_sheet_is_recorded_once_with_a_receipt_for_each_payment(database, cooperative, join, bill, collect):
    one, _ = await join()
    two, _ = await join("Dua")
    await bill("2026-02")
    async with database.reading(cooperative.book_id) as connection:
        rows = await service.sheet(connection, cooperative, [two.number, "99999", one.number, one.number], TODAY)
    assert [row.number for row in rows] == [two.number, one.number]
    assert rows[0].expected == {Column.POKOK: 10_000_000, Column.WAJIB: 2 * MONTHLY}
    cells = [
        Cell(one.number, Column.WAJIB, 2 * MONTHLY),
        Cell(one.number, Column.FREE, 1_500_000),
        Cell(two.number, Column.POKOK, 10_000_000),
    ]
    done = await collect(cells, key="lembar", label="PT Maju Bersama")
    again = await collect(cells, key="lembar", label="PT Maju Bersama")
    assert (again.number, again.replayed) == (done.number, True)
    with pytest.raises(Refusal, match="idempotency-mismatch"):
        await collect(cells[:2], key="lembar")
    async with database.reading(cooperative.book_id) as connection:
        found = await service.collection_by_number(connection, cooperative.book_id, done.number)
        known = await service.standing_of(connection, cooperative, one.number, TODAY)
        report = await ledger.verify(connection, cooperative.book_id)
        assert (await service.latest_collections(connection, cooperative.book_id))[0] == found
    assert found.total_minor == 15_500_000
    assert [(line.member_number, line.kind.value) for line in found.lines] == [
        (one.number, "wajib"), (one.number, "wadiah"), (two.number, "pokok"),
    ]  # fmt: skip
    assert len({line.entry_number for line in found.lines}) == 3
    assert known.late[Kind.WAJIB].months == 0
    assert report.entries == 3


async def test_a_sheet_is_recorded_whole_or_not_at_all(database, cooperative, join, collect):
    one, _ = await join()
    two, _ = await join("Dua")
    good = Cell(one.number, Column.WAJIB, MONTHLY)
    wrong = [
        ([], None, "collection-empty"),
        ([good], MONTHLY - 100, "collection-count"),
        ([good, good], None, "collection-twice"),
        ([good, Cell(two.number, Column.POKOK, 10_000_100)], None, "collection"),
        ([good, Cell(two.number, Column.WAJIB, 150)], None, "collection"),
        ([good, Cell("99999", Column.WAJIB, MONTHLY)], None, "collection"),
    ]
    for cells, counted, code in wrong:
        with pytest.raises(Refusal) as refused:
            await collect(cells, counted=counted)
        assert refused.value.code == code
        if code == "collection":
            assert [error.field for error in refused.value.errors] == [cells[1].field]
    with pytest.raises(Refusal, match="date-in-future"):
        await collect([good], day=date(2026, 4, 26))
    with pytest.raises(Refusal, match="collection"):
        await collect([good], label="x" * 200)
    async with database.reading(cooperative.book_id) as connection:
        assert (await ledger.verify(connection, cooperative.book_id)).entries == 0
        assert await service.latest_collections(connection, cooperative.book_id) == []
        with pytest.raises(NotFound):
            await service.collection_by_number(connection, cooperative.book_id, 1)


async def test_a_closed_month_is_told_beside_the_date(database, cooperative, join, collect):
    one, _ = await join(joined_on=date(2024, 1, 2))
    async with database.work(cooperative.book_id) as work:
        for status in (ledger.PeriodStatus.HELD, ledger.PeriodStatus.CLOSED):
            await ledger.set_period(work.connection, work.book_id, date(2024, 1, 1), status, by="uji")
        await work.commit()
    with pytest.raises(Refusal) as refused:
        await collect([Cell(one.number, Column.WAJIB, MONTHLY)], day=date(2024, 1, 20))
    assert (refused.value.code, refused.value.field) == ("period-closed", "date")
