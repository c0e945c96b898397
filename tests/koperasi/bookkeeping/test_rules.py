from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from koperasi.bookkeeping import rules
from koperasi.bookkeeping.rules import NewEntry, NewLine
from koperasi.errors import Refusal

TODAY = date(2026, 11, 25)


def account(
    code: str, account_id: int = 1, *, side=ledger.Side.DEBIT, control=False, debit=0, credit=0, currency="IDR"
):
    kind = ledger.AccountType.ASSET
    return ledger.Account(
        1, account_id, code, code, code, kind, side, currency, None, 0, control, None, None, debit, credit
    )


CHART = {"1101": account("1101"), "7303": account("7303", 2), "2101": account("2101", 3, control=True)}


def wrong(*lines: NewLine, day: date = TODAY, description: str = "Uraian", **facts: str) -> dict[str, str]:
    errors = rules.check_entry(NewEntry(day, description, lines, **facts), CHART, TODAY)
    return {error.field: error.code for error in errors}


def test_each_error_names_its_line_and_side():
    assert wrong(NewLine("7303", 100, None), NewLine("1101", None, 100)) == {}
    assert wrong(
        NewLine("9999", 100, None), NewLine("2101", None, 100), NewLine("1101", 5, 5), NewLine("1101", None, None)
    ) == {
        "lines.0.account": "unknown-account",
        "lines.1.account": "control-account",
        "lines.2.debit": "one-side",
        "lines.3.debit": "one-side",
    }
    assert wrong(NewLine("7303", 0, None), NewLine("1101", None, -1)) == {
        "lines.0.debit": "not-positive",
        "lines.1.credit": "not-positive",
    }
    assert wrong(NewLine("7303", 1, None, "HKD")) == {"lines.0.account": "currency"}


def test_not_tomorrow_and_not_without_words():
    tomorrow = TODAY + timedelta(days=1)
    assert wrong(day=tomorrow, description=" ") == {"date": "date-future", "description": "required"}


@pytest.mark.parametrize("source", ["17", "Nota 17", "KW-2026/11/#3", "INV.0007", "9" * 40])
def test_a_source_is_the_number_of_a_paper(source):
    assert wrong(source=source) == {}


@pytest.mark.parametrize(
    "source", ["", "Bu Siti Aminah", "Nota", "Siti, 17", "Nota 17 (Siti)", "Ñ 1", "9" * 41, "1\n2", "١٢", "a@b1"]
)
def test_a_source_names_nobody(source):
    assert wrong(source=source) == {"source": "source"}


def test_only_some_kinds_are_written_by_hand():
    assert wrong(kind="adjustment") == {}
    for kind in ("closing", "reversal", "savings.deposit", ""):
        assert wrong(kind=kind) == {"kind": "kind"}


def test_a_refusal_of_the_ledger_finds_its_line():
    new = NewEntry(TODAY, "Uraian", (NewLine("7303", 100, None), NewLine("1101", None, 100)))
    by_account = rules.beside_lines(Refusal("floor", "m", account="1101"), new)
    assert [error.field for error in by_account.errors] == ["lines.1.credit"]
    by_line = rules.beside_lines(Refusal("account-closed", "m", line=1, account="7303"), new)
    assert [error.field for error in by_line.errors] == ["lines.0.account"]
    assert rules.beside_lines(Refusal("same-account", "m", account="7303"), new).errors == ()
    assert rules.beside_lines(Refusal("unbalanced", "m", difference=1), new).errors == ()


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-(10**12), 10**12).filter(bool)), min_size=1, max_size=8))
def test_a_reversal_takes_every_balance_back_to_what_it_was(lines):
    sums = {True: [0, 0, 0], False: [0, 0, 0]}
    posted = []
    for number, (which, amount) in enumerate(lines, 1):
        sums[amount > 0][which] += abs(amount)
        posted.append(
            ledger.EntryLine(number, which, str(which), "IDR", amount, sums[True][which] - sums[False][which])
        )
    sides = [ledger.Side.DEBIT, ledger.Side.CREDIT, ledger.Side.DEBIT]
    accounts = {
        which: account(str(which), which, side=sides[which], debit=sums[True][which], credit=sums[False][which])
        for which in range(3)
    }
    entry = ledger.Entry(1, 1, TODAY, None, "journal", "x", None, "u", None, None, {}, b"", b"", tuple(posted))
    effects = rules.effects(entry, accounts)
    assert {effect.account.account_id for effect in effects} == {which for which, _ in lines}
    assert all(effect.after_minor == 0 for effect in effects)
    assert sum(effect.amount_minor for effect in effects) == -sum(amount for _, amount in lines)
