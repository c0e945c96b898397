"""PostgreSQL writes the same bytes as the Python writers, which say what a form is."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

import ledger
from ledger import AccountType, Draft, Line, NewAccount, Posted, Side
from ledger.export import Beancount, CsvRows, Filter, Hledger, JsonLines, LedgerCli, insql, snapshot
from ledger.journal import driver

from ..support import open_desk
from .books import FIRST_DAY, texts

WRITERS = {
    "jsonl": JsonLines,
    "jsonl without seal": lambda accounts: JsonLines(accounts, seal=False),
    "csv": CsvRows,
    "csv with semicolons": lambda accounts: CsvRows(accounts, ";"),
    "hledger": Hledger,
    "ledger": LedgerCli,
    "beancount": Beancount,
}


async def both(database, book: int, form: str, wanted: Filter = Filter(), size: int = 7):  # noqa: B008
    """The text as PostgreSQL and as Python write it, and how many entries PostgreSQL left to Python."""
    async with database.reading(book) as connection:
        seen = await snapshot(connection, book, wanted)
        write = WRITERS[form](seen.accounts)
        slowly = "".join([write(entry) async for page in seen.pages() for entry in page])
        left = Left(write)
        return "".join([text async for _, text in seen.texts(left, size)]), slowly, left.count


class Left:
    """A writer that counts what it is asked for."""

    def __init__(self, write):
        self.write, self.accounts, self.in_sql, self.count = write, write.accounts, write.in_sql, 0

    def __call__(self, entry):
        self.count += 1
        return self.write(entry)


@pytest.mark.parametrize("form", WRITERS)
async def test_a_random_book(random_desk, database, form):
    desk = await random_desk(sorted(WRITERS).index(form), 90)
    for wanted in (
        Filter(),
        Filter(known_at=41),
        Filter(account="2101", known_at=77),
        Filter(from_date=date(2025, 1, 10), to_date=date(2025, 2, 3)),
        Filter(kind="savings.deposit", account="1101"),
        Filter(kind="nothing"),
    ):
        quick, slow, _ = await both(database, desk.book, form, wanted)
        assert quick == slow, wanted
        assert quick or wanted != Filter()


@pytest.mark.parametrize("form", WRITERS)
async def test_everyday_entries_are_all_left_to_postgresql(desk, database, form):
    for number in range(20):
        await desk.post(
            ("1101", 500 + number),
            ("3101", -500 - number),
            description=f"Setoran modal {number}" + ("" if number % 3 else ", Ñusa é"),
            kind="capital.deposit",
            source=f"KM-2026/{number}",
            metadata={"period": "2026-01", "ref": "A.1"},
            note="Titipan Bu Siti, kedua" if number % 3 else None,
        )
    await desk.reverse(3)
    quick, slow, left = await both(database, desk.book, form)
    assert (quick, left) == (slow, 0)


# Characters at which the writers branch, and some of which the world is full.
edges = st.text(
    st.sampled_from(
        "aZ09 é円😀.,;:-_+/@='\"\\|{}[]()<>*!?%#&$^`~\t\r\n\f\b\v\x01\x02\x07\x1e\x1f\x7f\x80\x85\xa0\u2028"
    ),
    max_size=12,
)
plain = st.from_regex(r"[A-Za-z0-9 .,'&/+-]{0,50}", fullmatch=True)
words = st.one_of(
    edges, plain, texts, st.sampled_from(["\\u0022", "null", "a" * 41, "a b c d e f g", "x" * 101, "é" * 60])
)
entries = st.fixed_dictionaries(
    {
        "kind": words, "description": words, "actor": words, "source": st.none() | words, "link": st.none() | words,
        "metadata": st.dictionaries(words, words, max_size=3), "note": st.none() | words, "erased": st.booleans(),
        "amount": st.sampled_from([1, 10, 99, 100, 101, 10**17]) | st.integers(1, 10**12), "currency": st.sampled_from(["IDR", "JPY", "KWD"]),
    }
)  # fmt: skip


@hypothesis_settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    drafts=st.lists(entries, min_size=1, max_size=6),
    name=words.filter(str.strip),
    currencies=st.sampled_from([("IDR",), ("JPY",), ("IDR", "KWD", "JPY")]),
)
async def test_any_words(database, poster, superuser_engine, drafts, name, currencies):
    desk = await open_desk(
        database,
        poster,
        [
            account
            for currency in currencies
            for account in (
                NewAccount(f"1{currency}", name, name, AccountType.ASSET, Side.DEBIT, currency=currency),
                NewAccount(f"2{currency}", f"{name}x", name, AccountType.LIABILITY, Side.CREDIT, currency=currency),
            )
        ],
    )
    erased = []
    for number, told in enumerate(drafts):
        erase, amount, currency = told.pop("erased"), told.pop("amount"), told.pop("currency")
        one, two = (desk.ids[f"{side}{currency if currency in currencies else currencies[0]}"] for side in "12")
        sign = -1 if number % 2 else 1
        lines = (Line(one, sign * amount), Line(two, -sign * amount))
        draft = Draft(desk.book, FIRST_DAY, lines=lines, key=f"k{number}", **told)
        outcome = await poster.post(draft)
        if isinstance(outcome, Posted) and erase:
            erased.append(outcome.number)
        told |= {"erased": erase, "amount": amount, "currency": currency}
    async with superuser_engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(
            text("DELETE FROM ledger_note WHERE book_id = :book AND entry_number = ANY(:numbers)"),
            {"book": desk.book, "numbers": erased},
        )
    for form in WRITERS:
        quick, slow, _ = await both(database, desk.book, form, size=3)
        assert quick == slow, form


async def test_a_reader_who_stops_leaves_the_connection_as_it_was(desk, database):
    for number in range(5):
        await desk.post(("1101", 500 + number), ("3101", -500 - number))
    async with database.reading(desk.book) as connection:
        seen = await snapshot(connection, desk.book, Filter())
        stream = seen.texts(JsonLines(seen.accounts), 2)
        number, _ = await anext(stream)
        await stream.aclose()
        assert number == 2
        assert (await ledger.head(connection, desk.book)).number == 5


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("whole", [True, False])
async def test_no_plan_gathers_the_book(desk, database, form, whole):
    """On a book that nobody has analysed, too: along the keys, a block at a time, nothing sorted or hashed."""
    await desk.post(("1101", 500), ("3101", -500))
    async with database.reading(desk.book) as connection:
        seen = await snapshot(connection, desk.book, Filter())
        raw = await driver(connection)
        await raw.execute(insql.SETTINGS)
        told = WRITERS[form](seen.accounts).in_sql()
        asked = desk.book, 1, None, None, None, None, *insql.parameters(seen.accounts, told.words), 500
        plan = await raw.fetch(f"EXPLAIN (FORMAT JSON) {insql.statement(told, whole=whole)}", *asked)
    nodes = list(nodes_of(plan[0][0][0]["Plan"]))
    kinds = {node["Node Type"] for node in nodes}
    assert not kinds & {"Sort", "Incremental Sort", "Hash", "Hash Join", "Seq Scan", "Bitmap Heap Scan", "Materialize"}
    scans = [node for node in nodes if node["Node Type"].startswith("Index")]
    assert {node["Index Name"] for node in scans} <= {
        f"pk_ledger_{one}" for one in ("entry", "posting", "note", "reversal")
    }
    assert all("number" in node["Index Cond"] for node in scans)


def nodes_of(plan):
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes_of(below)
