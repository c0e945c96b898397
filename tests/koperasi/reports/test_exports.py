from __future__ import annotations

import asyncio
import csv
import json
from datetime import date
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest

import ledger
from koperasi.reports.exports import Format, JournalExport, journal
from ledger.export import source
from ledger.export.journal import harmless

TODAY = date(2026, 11, 25)


def checker():
    """The script that docs/exports.md gives to everybody, as it stands there."""
    text = (Path(__file__).parents[3] / "docs" / "exports.md").read_text("utf-8")
    script = text.split("```python\n")[1].split("```")[0]
    names: dict[str, object] = {"__name__": "checker"}
    exec(compile(script, "docs/exports.md", "exec"), names)
    return names["check"]


async def exported(books, database, **choices) -> str:
    wanted = JournalExport(**choices)
    return "".join([piece async for piece in journal(database, books.book_id, wanted)])


async def fill(books, count: int = 7) -> None:
    for number in range(count):
        amount = 100_000 + number
        await books.post(
            ("1101", amount), ("4201", -amount), day=date(2026, 11, 1 + number % 25), description=f"Hibah {number}"
        )


@pytest.fixture
def small_pages(monkeypatch):
    """Pages of three entries, so that a short journal takes many."""
    monkeypatch.setattr(source, "PAGE", 3)


async def test_anybody_can_compute_the_chain_again(books, database, small_pages):
    await fill(books)
    await books.post(("1101", 5), ("7303", 7), ("4201", -12), description="Ñandú “kutip” é 😀", source="Nota/1")
    await books.reverse(3)
    text = await exported(books, database, format=Format.JSONL)
    async with database.reading(books.book_id) as connection:
        head = await ledger.head(connection, books.book_id)
    assert checker()(text.splitlines()) == (head.number, head.hash.hex()) == (9, head.hash.hex())
    entries = [json.loads(line) for line in text.splitlines()]
    assert (entries[2]["reversed_by"], entries[8]["reverses"]) == (9, 3)
    assert entries[0]["lines"][1] == {
        "line": 2,
        "account": "4201",
        "name": "Cadangan Umum",
        "side": "credit",
        "debit": None,
        "credit": {"amount": "1000.00", "currency": "IDR"},
        "balance_after": {"amount": "1000.00", "currency": "IDR"},
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry["lines"][0]["debit"].update(amount="1000.01"),
        lambda entry: entry.update(description="Lain"),
        lambda entry: entry.update(date="2026-11-24"),
        lambda entry: entry.update(actor="orang lain"),
        lambda entry: entry["metadata"].update(a="b"),
    ],
)
async def test_a_changed_file_is_found_out(books, database, change):
    await fill(books, 2)
    entries = [json.loads(line) for line in (await exported(books, database, format=Format.JSONL)).splitlines()]
    change(entries[0])
    with pytest.raises(SystemExit):
        checker()([json.dumps(entry) for entry in entries])
    with pytest.raises(SystemExit):
        checker()([json.dumps(entry) for entry in entries[1:]])


async def test_a_row_for_each_posting_that_adds_up(books, database, small_pages):
    await fill(books)
    await books.post(("1101", 5), ("7303", 7), ("4201", -12), description="a;b,c\"d'")
    for delimiter, comma, bom in ((",", ".", False), (";", ",", True)):
        text = await exported(books, database, format=Format.CSV, delimiter=delimiter, bom=bom)
        assert text.startswith("\ufeff") is bom
        assert text.count("\r\n") == 1 + 7 * 2 + 3
        rows = list(csv.DictReader(StringIO(text.removeprefix("\ufeff")), delimiter=delimiter))

        def minor(row, side, comma=comma):
            assert not row[side] or row[side][-3] == comma
            return int(row[side].replace(comma, "") or 0)

        sums = {}
        for row in rows:
            assert bool(row["debit"]) != bool(row["credit"])
            sums[row["account"]] = sums.get(row["account"], 0) + minor(row, "debit") - minor(row, "credit")
        async with database.reading(books.book_id) as connection:
            balances = {row.account.code: row.balance for row in await ledger.trial_balance(connection, books.book_id)}
        assert sums == {code: balances[code] for code in ("1101", "4201", "7303")}
        assert sum(sums.values()) == 0
        assert rows[-1]["description"] == "a;b,c\"d'"
        assert all(int(b["entry"]) - int(a["entry"]) in {0, 1} for a, b in pairwise(rows))


@pytest.mark.parametrize("text", ["=1+1", "+62", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://x")'])
async def test_no_cell_is_a_formula(books, database, text):
    assert harmless(text) == f"'{text}"
    if text.strip() != text:
        return
    # The form takes no such source, but a journal that was imported may have one.
    async with database.work(books.book_id) as work:
        cash, reserve = await ledger.find_accounts(work.connection, work.book_id, ["1101", "4201"])
        lines = (ledger.Line(cash.account_id, 5), ledger.Line(reserve.account_id, -5))
        draft = ledger.Draft(work.book_id, TODAY, "journal", "Uji", "uji", lines, "1", source=text, note=text)
        await ledger.append(work.connection, [draft])
        await work.commit()
    rows = list(csv.DictReader(StringIO(await exported(books, database, format=Format.CSV))))
    assert {row["description"] for row in rows} == {row["source"] for row in rows} == {f"'{text}"}
    entry = json.loads(await exported(books, database, format=Format.JSONL))
    assert (entry["description"], entry["source"]) == (text, text)


@pytest.mark.parametrize("text", ["", "Setoran", "a=b", " =1", "1-2"])
def test_other_cells_stay_as_they_are(text):
    assert harmless(text) == text


async def test_only_the_days_asked_for(books, database):
    await fill(books)
    choices = {"from_date": date(2026, 11, 2), "to_date": date(2026, 11, 3)}
    text = await exported(books, database, format=Format.JSONL, **choices)
    assert [json.loads(line)["number"] for line in text.splitlines()] == [2, 3]
    assert await exported(books, database, format=Format.JSONL, to_date=date(2020, 1, 1)) == ""
    assert JournalExport(Format.CSV, **choices).filename == "jurnal-2026-11-02-2026-11-03.csv"


async def test_what_is_posted_meanwhile_is_not_in_it(books, database, small_pages):
    await fill(books)
    stream = journal(database, books.book_id, JournalExport(Format.JSONL))
    pieces = [await anext(stream)]
    await asyncio.gather(*(books.post(("1101", 9), ("4201", -9)) for _ in range(20)), books.reverse(7))
    pieces += [piece async for piece in stream]
    lines = "".join(pieces).splitlines()
    assert checker()(lines)[0] == 7
    assert json.loads(lines[-1])["reversed_by"] is None
    assert len((await exported(books, database, format=Format.JSONL)).splitlines()) == 28


async def test_a_reader_who_leaves_gives_the_connection_back(books, database, small_pages):
    await fill(books)
    before = database.engine.pool.checkedout()
    stream = journal(database, books.book_id, JournalExport(Format.JSONL))
    await anext(stream)
    assert database.engine.pool.checkedout() == before + 1
    await stream.aclose()
    assert database.engine.pool.checkedout() == before
