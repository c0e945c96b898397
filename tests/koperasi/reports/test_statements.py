"""A year of each sort of cooperative, every figure worked out by hand. Amounts here are rupiah."""

from __future__ import annotations

import sys
from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import pytest_asyncio

import ledger
from koperasi.cooperatives.charts import template
from koperasi.cooperatives.rules import Kind
from koperasi.errors import NotFound, Refusal
from koperasi.known import Known
from koperasi.reports import service_statements as service
from koperasi.reports.statement_lines import SHAPES, UNPLACED, flow_lines, flow_of, section_of
from koperasi.reports.statement_model import Name, Period, Style, periods_of

_spec = spec_from_file_location("worked_years", Path(__file__).parent / "years.py")
years = sys.modules.setdefault(_spec.name, module_from_spec(_spec))
_spec.loader.exec_module(years)

END = date(2026, 12, 31)
JT = 1_000_000


@pytest_asyncio.fixture(scope="module")
async def ksp(database):
    return await years.lived(database, "ksp")


@pytest_asyncio.fixture(scope="module")
async def kspps(database):
    return await years.lived(database, "kspps")


@pytest_asyncio.fixture(scope="module")
async def bumdes(database):
    return await years.lived(database, "bumdes_unit")


async def report(year, name: Name, *, first=None, last=END, compare="none", known_at=None):
    book_id = year.cooperative.book_id
    async with year.database.reading(book_id) as connection:
        known = None if known_at is None else Known(known_at, await ledger.head(connection, book_id))
        return await service.report(
            connection, year.cooperative, name, first=first, last=last, compare=compare, known=known
        )


async def figures(year, name: Name, **asked) -> dict[str, int | tuple[int | None, ...]]:
    """Rows by key in rupiah, without headings; a balanced statement is expected."""
    found = (await report(year, name, **asked)).statement
    assert found.balanced
    keys = [row.key for row in found.rows]
    assert len(keys) == len(set(keys))
    return {
        row.key: amounts[0] if len(amounts) == 1 else amounts
        for row in found.rows
        if row.style is not Style.HEADING
        for amounts in [tuple(None if amount is None else amount // 100 for amount in row.amounts)]
    }


# --- Simpan pinjam ---------------------------------------------------------------------------------------------------

KSP_INCOME = {
    "4101": 1_900_000,
    "4102": 80_000,
    "4104": 100_000,
    "participation.sum": 2_080_000,
    "5101": -300_000,
    "net": 1_780_000,
    "5201": -100_000,
    "5301": -500_000,
    "5306": -600_000,
    "operating.sum": -1_200_000,
    "gross": 580_000,
    "5307": -250_000,
    "4202": 50_000,
    "before_tax": 380_000,
    "6102": -10_000,
    "result": 370_000,
}


async def test_income(ksp):
    found = await figures(ksp, Name.INCOME)
    assert found == KSP_INCOME
    assert list(found) == list(KSP_INCOME)


async def test_income_beside_the_year_before(ksp):
    found = await figures(ksp, Name.INCOME, compare="year")
    assert found["4101"] == (1_900_000, 1_000_000)
    assert found["5301"] == (-500_000, -400_000)
    assert found["result"] == (370_000, 600_000)  # closed on 31 December 2025
    half = await figures(ksp, Name.INCOME, first=date(2026, 4, 1), last=date(2026, 6, 30), compare="2025-06-30")
    assert half["result"] == (2_080_000, 1_000_000)


async def test_position(ksp):
    found = await figures(ksp, Name.POSITION, compare="year")
    assert found == {
        "1101": (24_870_000, 34_600_000),
        "1102": (10 * JT, 0),
        "1111": (2_040_000, 0),
        "asset.0.sum": (36_910_000, 34_600_000),
        "1201": (19 * JT, 16 * JT),
        "1209": (-100_000, 0),
        "asset.1.sum": (18_900_000, 16 * JT),
        "1404": (6 * JT, 0),
        "1414": (-600_000, 0),
        "asset.3.sum": (5_400_000, 0),
        "asset.total": (61_210_000, 50_600_000),
        "2101": (10_270_000, 0),
        "2106": (120_000, 0),
        "liability.0.sum": (10_390_000, 0),
        "2123": (50_000, 0),
        "liability.total": (10_440_000, 0),
        "3101": (30 * JT, 30 * JT),
        "3102": (20 * JT, 20 * JT),
        "3201": (400_000, 0),
        "3301": (0, 600_000),
        "unclosed": (370_000, 0),
        "equity.total": (50_770_000, 50_600_000),
        "claims.total": (61_210_000, 50_600_000),
    }


async def test_changes_in_equity(ksp):
    found = await figures(ksp, Name.EQUITY, compare="year")
    assert found == {
        "3101": (30 * JT, 0, 0, 30 * JT, 0, 30 * JT, 0, 30 * JT),
        "3102": (20 * JT, 0, 0, 20 * JT, 0, 20 * JT, 0, 20 * JT),
        "3201": (0, 400_000, 0, 400_000, 0, 0, 0, 0),
        "3301": (600_000, 370_000, -600_000, 370_000, 0, 600_000, 0, 600_000),
        "3302": (0, 600_000, -600_000, 0, 0, 0, 0, 0),
        "total": (50_600_000, 1_370_000, -1_200_000, 50_770_000, 0, 50_600_000, 0, 50_600_000),
    }


async def test_cash_flow(ksp):
    found = await figures(ksp, Name.CASH, compare="year")
    assert found == {
        "members.received": (2 * JT, 1 * JT),
        "other_income.received": (50_000, 0),
        "expense.paid": (-750_000, -400_000),
        "tax.paid": (-40_000, 0),
        "savings.received": (10 * JT, 0),  # the mistaken deposit and its reversal leave no trace
        "loans.received": (5 * JT, 4 * JT),
        "loans.paid": (-7_800_000, -20 * JT),  # not the fee and the savings that were kept back
        "operating.sum": (8_460_000, -15_400_000),
        "fixed.paid": (-6 * JT, 0),
        "shares.received": (0, 50 * JT),
        "shared.paid": (-150_000, 0),
        "financing.sum": (-150_000, 50 * JT),
        "change": (2_310_000, 34_600_000),
        "opening_cash": (34_600_000, 0),
        "closing_cash": (36_910_000, 34_600_000),
    }


async def test_worksheet(ksp):
    found = await figures(ksp, Name.WORKSHEET)
    assert found["5306"] == (0, 0, 600_000, 0, 600_000, 0, 600_000, 0, 0, 0)
    assert found["1414"] == (0, 0, 0, 600_000, 0, 600_000, 0, 0, 0, 600_000)
    assert found["4101"] == (0, 1_900_000, 0, 0, 0, 1_900_000, 0, 1_900_000, 0, 0)
    assert found["sum"] == (
        62_970_000, 62_970_000, 700_000, 700_000, 63_670_000, 63_670_000, 1_760_000, 2_130_000, 61_910_000, 61_540_000,
    )  # fmt: skip
    assert found["surplus"] == (None,) * 6 + (370_000, 0, 0, 370_000)
    assert found["total"][6:] == (2_130_000, 2_130_000, 61_910_000, 61_910_000)


async def test_the_year_closed(database):
    year = await years.lived(database, "ksp")
    before = {name: await figures(year, name) for name in Name if name not in {Name.ZAKAT, Name.BENEVOLENT}}
    number = await year.post(years.KSP_CLOSING)
    for name in (Name.INCOME, Name.EQUITY, Name.WORKSHEET, Name.CASH):
        assert await figures(year, name) == before[name], name
    position = await figures(year, Name.POSITION)
    assert "unclosed" not in position
    assert position["3301"] == 370_000
    assert position["claims.total"] == 61_210_000
    # What was known before the closing still shows it open.
    assert await figures(year, Name.POSITION, known_at=number - 1) == before[Name.POSITION]
    # Undone, it is open again; done again by an undoing of that, it is closed again.
    undone = await year.undo(number, "2026-12-31")
    for name, rows in before.items():
        assert await figures(year, name) == rows, name
    await year.undo(undone, "2026-12-31", of_reversal=True)
    assert await figures(year, Name.INCOME) == KSP_INCOME
    assert await figures(year, Name.POSITION) == position


async def test_an_undone_adjustment_leaves_no_trace(database):
    year = await years.lived(database, "ksp")
    before = await figures(year, Name.WORKSHEET)
    number = await year.post(("2026-12-31", "adjustment", (("5303", 7_000), ("2161", -7_000))))
    assert (await figures(year, Name.WORKSHEET))["5303"][2] == 7_000
    await year.undo(number, "2026-12-31")
    assert await figures(year, Name.WORKSHEET) == before


# --- Syariah ---------------------------------------------------------------------------------------------------------


async def test_sharia_income_and_position(kspps):
    assert await figures(kspps, Name.INCOME) == {
        "5101": 150_000,
        "7202": -20_000,
        "participation.sum": 130_000,
        "6101": -50_000,
        "net": 80_000,
        "gross": 80_000,
        "before_tax": 80_000,
        "7401": -10_000,
        "result": 70_000,
    }
    assert await figures(kspps, Name.POSITION) == {
        "1101": 29_150_000,
        "1102": 15 * JT,
        "1104": 1_150_000,
        "asset.0.sum": 45_300_000,
        "1201": 12_630_000,
        "1202": -1_650_000,
        "asset.1.sum": 10_980_000,
        "asset.total": 56_280_000,
        "2143": 10_000,
        "liability.total": 10_000,
        "3101": 15_050_000,
        "temporary_syirkah.total": 15_050_000,
        "4101": 10 * JT,
        "4102": 30 * JT,
        "unclosed": 70_000,
        "equity.total": 40_070_000,
        "8101": 750_000,
        "8104": 250_000,
        "8301": 300_000,
        "8302": -150_000,
        "social_fund.total": 1_150_000,
        "claims.total": 56_280_000,
    }


async def test_sharia_cash_flow(kspps):
    assert await figures(kspps, Name.CASH) == {
        "members.received": 150_000,
        "savings.received": 15 * JT,
        "loans.received": 1 * JT,
        "loans.paid": -12 * JT,
        "social.received": 2_350_000,
        "social.paid": -1_200_000,
        "operating.sum": 5_300_000,
        "shares.received": 40 * JT,
        "change": 45_300_000,
        "opening_cash": 0,
        "closing_cash": 45_300_000,
    }


async def test_funds_held_in_trust(kspps, ksp):
    zakat = await figures(kspps, Name.ZAKAT)
    assert [zakat[f"8101.{part}"] for part in ("opening", "sources", "uses", "closing")] == [
        0, 2 * JT, -1_250_000, 750_000,
    ]  # fmt: skip
    assert zakat["8104.closing"] == 250_000
    assert zakat["total"] == 1 * JT
    kind = await figures(kspps, Name.BENEVOLENT, first=date(2026, 5, 5))
    assert kind == {
        "8301.opening": 300_000,
        "8301.sources": 0,
        "8301.uses": 0,
        "8301.closing": 300_000,
        "8302.opening": 0,
        "8302.sources": 200_000,
        "8302.uses": -50_000,
        "8302.closing": 150_000,
        "total": 150_000,
    }
    for name in (Name.ZAKAT, Name.BENEVOLENT):
        with pytest.raises(NotFound):
            await report(ksp, name)


# --- BUM Desa --------------------------------------------------------------------------------------------------------


async def test_an_account_that_no_table_knows_is_not_lost(bumdes):
    found = await figures(bumdes, Name.INCOME)
    assert found == {
        "4101": 400_000,
        "net": 400_000,
        "5302": -100_000,
        "5303": -90_000,
        "operating.sum": -190_000,
        "gross": 210_000,
        "5307": -50_000,
        "4107": 75_000,
        "before_tax": 235_000,
        "result": 235_000,
    }
    statement = (await report(bumdes, Name.INCOME)).statement
    assert statement.title == "Laporan laba rugi"
    assert [row.key for row in statement.rows][-4:] == [UNPLACED, "4107", "before_tax", "result"]


async def test_what_a_book_began_with_is_no_flow(bumdes):
    assert await figures(bumdes, Name.CASH) == {
        "members.received": 400_000,
        "other_income.received": 75_000,
        "expense.paid": -210_000,
        "loans.received": 2 * JT,
        "loans.paid": -10 * JT,
        "operating.sum": -7_735_000,
        "opening.received": 25 * JT,
        "change": 17_265_000,
        "opening_cash": 0,
        "closing_cash": 17_265_000,
    }
    position = await figures(bumdes, Name.POSITION)
    assert (position["3103"], position["unclosed"], position["claims.total"]) == (25 * JT, 235_000, 25_265_000)
    equity = await figures(bumdes, Name.EQUITY)
    assert equity["3301"] == (0, 235_000, 0, 235_000)


# --- Tables and days -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_every_account_of_a_chart_has_its_line(kind):
    chart = [line.account for line in template(kind)]
    nominal = {one.code for one in chart if one.type in {ledger.AccountType.INCOME, ledger.AccountType.EXPENSE}}
    placed = [code for found in SHAPES[kind].sections.values() for code in found]
    assert len(placed) == len(set(placed))
    assert set(placed) == nominal
    assert {section_of(kind, code) for code in nominal} <= {step.key for step in SHAPES[kind].steps}
    lines = {line.key for line in flow_lines(kind)}
    assert {flow_of(kind, one.code, one.type) for one in chart} <= lines
    assert section_of(kind, "4999") == UNPLACED


def test_sharia_never_speaks_of_interest():
    for kind in (Kind.KSPPS, Kind.USPPS):
        words = [step.label for step in SHAPES[kind].steps]
        words += [text for line in flow_lines(kind) for text in (line.received, line.paid)]
        assert not [text for text in words if "bunga" in text.lower()]


@pytest.mark.parametrize(
    ("name", "first", "last", "compare", "wanted"),
    [
        (Name.INCOME, None, "2026-12-31", "none", [("2026-01-01", "2026-12-31")]),
        (Name.INCOME, None, "2024-02-29", "year", [("2024-01-01", "2024-02-29"), ("2023-01-01", "2023-02-28")]),
        (Name.INCOME, None, "2025-02-28", "year", [("2025-01-01", "2025-02-28"), ("2024-01-01", "2024-02-29")]),
        (Name.CASH, "2026-04-01", "2026-06-30", "2026-03-31", [("2026-04-01", "2026-06-30"), ("2026-01-01", "2026-03-31")]),
        (Name.CASH, "2026-04-10", "2026-04-19", "2026-04-09", [("2026-04-10", "2026-04-19"), ("2026-03-31", "2026-04-09")]),
        (Name.POSITION, "2026-05-05", "2026-06-30", "2025-12-31", [("2026-01-01", "2026-06-30"), ("2025-01-01", "2025-12-31")]),
        (Name.WORKSHEET, None, "2026-06-30", "year", [("2026-01-01", "2026-06-30")]),
    ],
)  # fmt: skip
def test_days(name, first, last, compare, wanted):
    found = periods_of(name, date.fromisoformat(first) if first else None, date.fromisoformat(last), compare)
    assert found == tuple(Period(*(date.fromisoformat(day) for day in pair)) for pair in wanted)


@pytest.mark.parametrize(
    ("first", "last", "compare"),
    [
        (date(2026, 2, 1), date(2026, 1, 31), "none"),
        (date.min, date(2026, 1, 31), "year"),
        (None, date.max, "none"),
        (None, date.min, "none"),
        (None, date(2026, 1, 31), "kemarin"),
        (None, date(2026, 1, 31), "0001-01-01"),
    ],
)
def test_days_that_make_no_sense(first, last, compare):
    with pytest.raises(Refusal):
        periods_of(Name.INCOME, first, last, compare)


async def test_an_empty_book(cooperative, database):
    year = years.Year(database, cooperative)
    for name in Name:
        assert set((await figures(year, name)).values()) <= {0, None, (0,) * 10, (0,) * 4, (None,) * 6 + (0,) * 4}, name
