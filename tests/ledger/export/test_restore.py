"""Export, restore, export: the same bytes."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO

import pytest

import ledger
from ledger.export import Beancount, Filter, Hledger, JsonLines, LedgerCli, snapshot
from ledger.export import source as sources
from ledger.export.reading import JournalFileError
from ledger.export.restore import restore

from .. import support
from . import tools
from .books import DAYS, FIRST_DAY, new_accounts

FORMATS = ("jsonl", "hledger", "ledger", "beancount")
WRITERS = {"hledger": Hledger, "ledger": LedgerCli, "beancount": Beancount}


async def exported(database, book: int, form: str, *, seal: bool = True, wanted: Filter = Filter()) -> str:  # noqa: B008
    async with database.reading(book) as connection:
        seen = await snapshot(connection, book, wanted)
        write = JsonLines(seen.accounts, seal=seal) if form == "jsonl" else WRITERS[form](seen.accounts)
        head = [] if form == "jsonl" else write.head(seen.origin() if seal else {})
        return "".join([*head, *[text async for _, text in seen.texts(write)]])


async def restored(database, book: int, text: str, *, commit: bool = True):
    async with database.work(book) as work:
        done = await restore(work.connection, book, StringIO(text, newline="\n"))
        if commit:
            await work.commit()
        return done


async def new_book(database, accounts=()) -> int:
    async with database.engine.connect() as connection:
        book = await ledger.found_book(connection)
        if accounts:
            await ledger.open_accounts(connection, book, accounts)
        await connection.commit()
    return book


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(sources, "PAGE", 7)


@pytest.mark.parametrize("form", FORMATS)
async def test_a_new_installation_has_the_same_book_to_the_byte(random_desk, database, elsewhere, empty_book, form):
    desk = await random_desk(FORMATS.index(form))
    told = {one: await exported(database, desk.book, one) for one in FORMATS}
    book = await empty_book(desk.book)
    if form == "jsonl":  # which don't tell what the accounts are
        async with elsewhere.work(book) as work:
            await ledger.open_accounts(work.connection, book, new_accounts())
            await work.commit()
    done = await restored(elsewhere, book, told[form])
    assert (done.entries, done.same_chain) == (told["jsonl"].count("\n"), True)
    assert {one: await exported(elsewhere, book, one) for one in FORMATS} == told
    async with elsewhere.reading(book) as connection:
        assert not (await ledger.verify(connection, book)).findings
        balances = {
            row.account.code: row.balance for row in await ledger.trial_balance(connection, book, detailed=True)
        }
    async with database.reading(desk.book) as connection:
        rows = await ledger.trial_balance(connection, desk.book, detailed=True)
    assert balances == {row.account.code: row.balance for row in rows}


@pytest.mark.parametrize("form", FORMATS)
async def test_another_book_has_the_same_content_without_the_seal(random_desk, database, form):
    desk = await random_desk(10)
    text = await exported(database, desk.book, form)
    book = await new_book(database, new_accounts())
    done = await restored(database, book, text)
    assert (done.same_chain, done.accounts_opened) == (False, 0)
    assert await exported(database, book, form) != text
    for one in FORMATS:
        here = await exported(database, book, one, seal=False)
        assert here == await exported(database, desk.book, one, seal=False)
    # A file without its seal can be restored as well.
    third = await new_book(database, new_accounts())
    await restored(database, third, await exported(database, book, form, seal=False))
    assert await exported(database, third, form, seal=False) == await exported(database, book, form, seal=False)


async def test_accounts_open_as_needed(desk, database):
    await desk.post(("1101", 500), ("2101.1", -500), on=date(2026, 11, 24))
    await desk.post(("1201", 7), ("2201", -7))
    text = await exported(database, desk.book, "jsonl")
    book = await new_book(database, [one for one in support.CHART if "." not in one.code])
    assert (await restored(database, book, text)).accounts_opened == 1
    assert await exported(database, book, "jsonl", seal=False) == await exported(
        database, desk.book, "jsonl", seal=False
    )
    bare = await new_book(database)
    with pytest.raises(JournalFileError, match="account 1101 is not in the chart"):
        await restored(database, bare, text)
    assert (await restored(database, bare, await exported(database, desk.book, "hledger"))).accounts_opened == 8


@pytest.mark.parametrize("form", FORMATS)
async def test_a_changed_file_is_refused_and_nothing_is_written(desk, database, form):
    for number in range(4):
        await desk.post(("1101", 500 + number), ("3101", -500 - number), description=f"Modal {number}")
    text = await exported(database, desk.book, form)
    lines = text.splitlines(keepends=True)
    # "entry 2" in each form, and the first line of entry 3
    changes = {
        "a digit of an amount": text.replace("5.01", "5.11"),
        "a word": text.replace("Modal 1", "Modal 9"),
        "an actor": text.replace("penguji", "pengujo", 1),
        "a date": text.replace("2026-11-25", "2026-11-26", 1),
        "an entry less": text.replace("".join(part(lines, 2, form)), ""),
        "two swapped": "".join(
            [*part(lines, 0, form), *part(lines, 2, form), *part(lines, 1, form), *part(lines, 3, form)]
        ),
        "none of ours": "2026-01-01 open Assets:X\n" + text,
        "garbage": text.replace("penguji", "pen\x00guji", 1)
        if form != "jsonl"
        else text.replace("penguji", "\\u0000", 1),
    }
    if form != "jsonl":
        changes["a cut tail"] = "".join(lines[: -len(part(lines, 3, form)) or None])
    for what, changed in changes.items():
        assert changed != text, what
        book = await new_book(database, support.CHART)
        with pytest.raises(JournalFileError, match=r"entry \d|line \d"):
            await restored(database, book, changed)
        async with database.reading(book) as connection:
            assert (await ledger.head(connection, book)).number == 0, what


def part(lines: list[str], entry: int, form: str) -> list[str]:
    """The lines of an entry (0 has those before it too)."""
    if form == "jsonl":
        return [lines[entry]]
    begins = [at for at, line in enumerate(lines) if "Modal" in line and line[0].isdigit()] + [len(lines)]
    return lines[0 if entry == 0 else begins[entry] : begins[entry + 1]]


async def test_a_part_of_a_journal_or_a_full_book_is_refused(desk, database):
    for number in range(3):
        await desk.post(("1101", 5), ("3101", -5), on=date(2026, 11, 1 + number))
    book = await new_book(database, support.CHART)
    for form in FORMATS:
        text = await exported(database, desk.book, form, wanted=Filter(from_date=date(2026, 11, 2)))
        with pytest.raises(JournalFileError, match="entry 2 stands where entry 1 belongs"):
            await restored(database, book, text)
        with pytest.raises(JournalFileError, match="empty book"):
            await restored(database, desk.book, text)
    assert await restored(database, book, "") == (0, 0, True)


async def test_what_breaks_a_rule_is_refused(desk, database):
    await desk.post(("1101", 5), ("3101", -5))
    text = await exported(database, desk.book, "jsonl", seal=False)
    for old, new, code in (
        (
            '"amount":"0.05","currency":"IDR"},"credit":null',
            '"amount":"0.06","currency":"IDR"},"credit":null',
            "unbalanced",
        ),
        ('"reverses":null', '"reverses":9', "unknown-entry"),
    ):
        book = await new_book(database, support.CHART)
        with pytest.raises(JournalFileError, match=f"entry 1 can't stand in a book: {code}"):
            await restored(database, book, text.replace(old, new, 1))
    for old, new in (("0.05", "0.5"), ("0.05", "NaN"), ("IDR", "XXX"), ('"lines":[', '"lines":['+"{},"), ('"kind":"test"', '"kind":7'),
                     ('"number":1', '"number":true'), ('"kind":"test"', '"kind":"\\ud800"'), ("{", "["), ("Z", "")):  # fmt: skip
        with pytest.raises(JournalFileError, match="line 1"):
            await restored(database, book, text.replace(old, new, 1))


async def test_the_tools_have_the_books_balances(random_desk, database, tmp_path):
    """As in test_other_tools, but with the ledger's own balances as of a day."""
    desk = await random_desk(20)
    files = {}
    for form in ("hledger", "ledger"):
        files[form] = tmp_path / form
        files[form].write_text(await exported(database, desk.book, form), "utf-8")
    entries = tools.beancount(await exported(database, desk.book, "beancount"))
    for days in (0, 17, DAYS):
        day = date.fromordinal(FIRST_DAY.toordinal() + days)
        async with database.reading(desk.book) as connection:
            rows = await ledger.trial_balance(connection, desk.book, day, detailed=True)
        ours = {row.account.code: row.balance for row in rows if row.balance}
        assert tools.hledger(files["hledger"], day) == ours
        assert tools.ledger_cli(files["ledger"], day) == ours
        assert tools.without_zeros(tools.beancount_balances(entries, day)) == ours


async def test_the_filter_is_the_same_in_every_form(random_desk, database):
    desk = await random_desk(30)
    async with database.reading(desk.book) as connection:
        everything = await ledger.entries(connection, desk.book, limit=1000)
    undone = [one for one in everything if one.reversed_by]
    known = (undone[-1].reversed_by or 2) - 1
    for wanted, fits in (
        (Filter(from_date=date(2025, 1, 10), to_date=date(2025, 2, 5)),
         lambda one: date(2025, 1, 10) <= one.effective_date <= date(2025, 2, 5)),
        (Filter(kind="journal"), lambda one: one.kind == "journal"),
        (Filter(account="2101"), lambda one: any(line.code.startswith("2101.") for line in one.lines)),
        (Filter(account="1103", kind="journal"),
         lambda one: one.kind == "journal" and any(line.code == "1103" for line in one.lines)),
        (Filter(known_at=known), lambda one: one.number <= known),
    ):  # fmt: skip
        expected = [one.number for one in everything if fits(one)]
        told = [
            json.loads(line) for line in (await exported(database, desk.book, "jsonl", wanted=wanted)).split("\n")[:-1]
        ]
        assert [one["number"] for one in told] == expected
        assert 0 < len(expected) < len(everything)
        for form in ("hledger", "ledger", "beancount"):
            assert (await exported(database, desk.book, form, wanted=wanted)).count("recorded: ") == len(expected)
    # What came later is not known: not even that it undid something.
    assert told[undone[-1].number - 1]["reversed_by"] is None


async def test_json_lines_are_what_the_record_says(random_desk, database):
    from ledger.export import record

    desk = await random_desk(40)
    async with database.reading(desk.book) as connection:
        entries = await ledger.entries(connection, desk.book, limit=1000)
        accounts = {one.account_id: one for one in await ledger.chart(connection, desk.book)}
    write = JsonLines(accounts)
    text = await exported(database, desk.book, "jsonl")
    assert "".join(write(one) for one in entries) == text
    for one in entries:
        wanted = {"book": desk.book, **record(one, accounts)}
        assert write(one) == json.dumps(wanted, ensure_ascii=False, separators=(",", ":")) + "\n"
