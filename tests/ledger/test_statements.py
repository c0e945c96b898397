from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import Account, AccountType, Side
from ledger.statements import (
    CashEntry,
    Flow,
    Movement,
    Turn,
    cash_effects,
    cash_flow,
    changes_in_equity,
    position,
    surplus,
    worksheet,
)


def account(code: str, kind: AccountType, side: Side = Side.DEBIT) -> Account:
    return Account(1, 1, code, code, code, kind, side, "IDR", None, 0, False, None, None, 0, 0)


CHART = [
    account("1", AccountType.ASSET),
    account("19", AccountType.ASSET, Side.CREDIT),
    account("2", AccountType.LIABILITY, Side.CREDIT),
    account("3", AccountType.TEMPORARY_SYIRKAH, Side.CREDIT),
    account("41", AccountType.EQUITY, Side.CREDIT),
    account("43", AccountType.EQUITY, Side.CREDIT),
    account("5", AccountType.INCOME, Side.CREDIT),
    account("6", AccountType.EXPENSE),
    account("8", AccountType.SOCIAL_FUND, Side.CREDIT),
]
AMOUNTS = st.integers(1, 10**15)
ENTRIES = st.lists(
    st.tuples(
        st.sampled_from(["before", "plain", "adjusting", "closing"]),
        st.sampled_from(CHART),
        st.sampled_from(CHART),
        AMOUNTS,
    )
)


def movements(entries) -> list[Movement]:
    """What whole entries (a debit and a credit) come to, by account."""
    found = []
    for one in CHART:
        sums = {(when, side): 0 for when in ("before", "plain", "adjusting", "closing") for side in (0, 1)}
        for when, debit, credit, amount in entries:
            if debit is one:
                sums[when, 0] += amount
            if credit is one:
                sums[when, 1] += amount
        turns = {when: Turn(sums[when, 0], sums[when, 1]) for when in ("before", "plain", "adjusting", "closing")}
        whole = Turn(
            sum(sums[when, 0] for when in ("plain", "adjusting", "closing")),
            sum(sums[when, 1] for when in ("plain", "adjusting", "closing")),
        )
        found.append(Movement(one, turns["before"].net, whole, turns["adjusting"], turns["closing"]))
    return found


@given(ENTRIES)
def test_a_worksheet_balances_column_by_column(entries):
    moved = movements(entries)
    sheet = worksheet(moved)
    trial, adjusting, adjusted = (sheet.totals[at : at + 2] for at in (0, 2, 4))
    assert trial[0] == trial[1]
    assert adjusting[0] == adjusting[1]
    assert adjusted[0] == adjusted[1]
    assert sheet.surplus == surplus(moved) == sheet.totals[8] - sheet.totals[9]


@given(ENTRIES)
def test_assets_are_all_that_stands_against_them(entries):
    sheet = position(movements(entries))
    assert sheet.assets == sheet.claims_total
    assert sheet.memorandum == 0


@given(ENTRIES)
def test_equity_goes_from_one_balance_sheet_to_the_next(entries):
    moved = movements(entries)
    rows = changes_in_equity(moved, "43")
    before = position([Movement(one.account, one.opening, Turn()) for one in moved])
    after = position(moved)
    assert sum(row.opening for row in rows) == before.claims[AccountType.EQUITY] + before.unclosed
    assert sum(row.closing for row in rows) == after.claims[AccountType.EQUITY] + after.unclosed


def test_closing_the_year_is_no_change_of_equity():
    income, expense, current = CHART[6], CHART[7], CHART[5]
    open_year = [
        Movement(income, 0, Turn(0, 900)),
        Movement(expense, 0, Turn(300, 0)),
        Movement(current, 0, Turn()),
    ]
    closed = [
        Movement(income, 0, Turn(900, 900), closing=Turn(900, 0)),
        Movement(expense, 0, Turn(300, 300), closing=Turn(0, 300)),
        Movement(current, 0, Turn(0, 600), closing=Turn(0, 600)),
    ]
    assert changes_in_equity(open_year, "43") == changes_in_equity(closed, "43")
    assert changes_in_equity(closed, "43")[0][1:] == (0, 600, 0)
    assert surplus(open_year) == surplus(closed) == 600
    assert (position(open_year).unclosed, position(closed).unclosed) == (600, 0)
    assert worksheet(open_year) == worksheet(closed)


def test_what_earlier_years_left_unclosed_is_a_line_of_its_own():
    income, asset = CHART[6], CHART[0]
    moved = [Movement(asset, 500, Turn(70, 0)), Movement(income, -500, Turn(0, 70))]
    sheet = worksheet(moved)
    assert sheet.surplus == 70
    assert [row.account.code if row.account else None for row in sheet.rows] == ["1", "5", None]
    assert sheet.rows[-1].columns == (0, 500, 0, 0, 0, 500, 0, 0, 0, 500)


# --- Cash ------------------------------------------------------------------------------------------------------------


@given(st.dictionaries(st.text(max_size=3), st.integers(-(10**15), 10**15).filter(bool), min_size=1, max_size=6))
def test_what_cash_was_paid_for_adds_up_to_the_cash(counter):
    cash = -sum(counter.values())
    if not cash:
        return
    effects = cash_effects(cash, counter)
    assert sum(effects.values()) == cash
    for key, effect in effects.items():
        assert effect * counter[key] <= 0
        assert abs(effect) <= abs(counter[key])


def test_a_fee_withheld_was_never_received():
    assert cash_effects(-970, {"loan": 1000, "fee": -20, "savings": -10}) == {"loan": -970}
    # Three things bought for 10 in cash and 5 on credit; the odd sen goes to the largest remainder.
    assert cash_effects(-10, {"a": 5, "b": 5, "c": 5, "owed": -5}) == {"a": -4, "b": -3, "c": -3}


def test_an_entry_without_anything_against_its_cash_is_refused():
    with pytest.raises(ValueError):
        cash_effects(5, {})


def test_a_line_nets_its_accounts_before_it_shares():
    # Murabahah: 1,150 come in; the receivable falls by it, and 150 of the deferred margin are earned.
    flows = cash_flow([CashEntry(1150, {"1201": -1150, "1202": 150, "5101": -150})], lambda code: code[:2])
    assert flows == {"12": Flow(1000, 0), "51": Flow(150, 0)}


def test_an_undoing_makes_the_receipt_smaller():
    deposit, withdrawal = CashEntry(500, {"2": -500}), CashEntry(-80, {"2": 80})
    undone, unpaid = CashEntry(-500, {"2": 500}, undoing=True), CashEntry(80, {"2": -80}, undoing=True)
    assert cash_flow([deposit, withdrawal], str) == {"2": Flow(500, -80)}
    assert cash_flow([deposit, withdrawal, undone, unpaid], str) == {"2": Flow(0, 0)}
    assert cash_flow([CashEntry(0, {"2": 5, "3": -5})], str) == {}
