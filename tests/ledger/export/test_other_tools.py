"""The real hledger, ledger and beancount read our exports, and every balance at every date is ours."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from beancount.core import data as directives
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ledger.export import Beancount, Hledger, LedgerCli

from . import tools
from .books import DAYS, FIRST_DAY, chart, make_entry, random_book, texts

DATES = [FIRST_DAY - timedelta(days=1), *(FIRST_DAY + timedelta(days=n) for n in (0, 10, 31, DAYS)), date(2030, 1, 1)]
SEEDS = range(6)


def written(writer, entries, facts=None) -> str:
    return "".join([*writer.head(facts or {"book": 1, "kind": "Jenis: aneh; []"}), *map(writer, entries)])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("write", "read"), [(Hledger, tools.hledger), (LedgerCli, tools.ledger_cli)])
def test_plain_text_tools_have_our_balances(write, read, seed, tmp_path):
    book = random_book(seed)
    file = tmp_path / "book.journal"
    file.write_text(written(write(book.accounts), book.entries), "utf-8")
    for day in DATES:
        assert read(file, day) == tools.without_zeros(book.balances(day)), day


@pytest.mark.parametrize("seed", SEEDS)
def test_beancount_has_our_balances(seed):
    book = random_book(seed)
    entries = tools.beancount(written(Beancount(book.accounts), book.entries))
    for day in DATES:
        assert tools.without_zeros(tools.beancount_balances(entries, day)) == tools.without_zeros(book.balances(day))


def test_beancount_knows_what_was_said_and_undone():
    book = random_book(1)
    told = {
        one.meta["number"]: one
        for one in tools.beancount(written(Beancount(book.accounts), book.entries))
        if isinstance(one, directives.Transaction)
    }
    for entry in book.entries:
        read = told[entry.number]
        assert (read.narration, read.meta["kind"], read.meta["actor"]) == (entry.description, entry.kind, entry.actor)
        assert ("reversal" in read.tags) == (entry.reverses is not None)
        assert read.meta.get("reverses") == (None if entry.reverses is None else str(entry.reverses))


def test_hledger_finds_reversals_by_tag_and_entries_by_number(tmp_path):
    book = random_book(2)
    file = tmp_path / "book.journal"
    file.write_text(written(Hledger(book.accounts), book.entries), "utf-8")
    reversals = [entry for entry in book.entries if entry.reverses is not None]
    shown = tools.run("hledger", "-f", str(file), "print", "tag:reverses")
    assert shown.count("; reverses: ") == len(reversals) > 0
    assert f"({reversals[0].number})" in tools.run("hledger", "-f", str(file), "print", f"code:^{reversals[0].number}$")
    assert tools.run("hledger", "-f", str(file), "check", "--strict") == ""


@hypothesis_settings(max_examples=40)
@given(name=texts, words=texts, actor=texts, note=st.none() | texts, metadata=st.dictionaries(texts, texts, max_size=2))
def test_no_words_break_a_file(tmp_path_factory, name, words, actor, note, metadata):
    accounts = chart()
    one = accounts[1]
    accounts[1] = type(one)(
        **{field: getattr(one, field) for field in one.__slots__} | {"name_id": name, "name_en": name}
    )
    entry = make_entry(
        accounts, bytes(32), number=1, day=FIRST_DAY, lines=[(1, 125), (6, -125)], description=words, actor=actor,
        source=actor, kind=words, link=words, metadata=metadata, note=note,
    )  # fmt: skip
    balances = {"1101": 125, "2101.10000019": -125}
    file = tmp_path_factory.getbasetemp() / "words.journal"
    for write, read in ((Hledger, tools.hledger), (LedgerCli, tools.ledger_cli)):
        file.write_text(written(write(accounts), [entry], {"account": words}), "utf-8", newline="")
        assert read(file, FIRST_DAY) == balances
    entries = tools.beancount(written(Beancount(accounts), [entry], {"account": words}))
    assert tools.beancount_balances(entries, FIRST_DAY) == balances
