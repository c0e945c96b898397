"""Mistakes that other ledgers made, each as a test of ours: money, limits, idempotency, reversal.

The numbers are rows of the list of other ledgers' bugs that this one was designed against.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from moneyed import Money
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

import ledger
from ledger import MAX_AMOUNT, AccountType, NewAccount, PeriodStatus, Posted, Rejected, Replayed, Side

from .support import DAY, open_desk

PAY_IN = (("1101", 100), ("3101", -100))


def codes(outcomes: list[ledger.Outcome]) -> list[str]:
    return sorted(outcome.code if isinstance(outcome, Rejected) else "posted" for outcome in outcomes)


def test_b01_parts_add_up_to_the_whole():
    assert ledger.split(250, [50, 45, 5]) == [125, 113, 12]


async def test_b04_a_total_never_wraps_around(desk):
    many = [*[("1102", MAX_AMOUNT)] * 92, *[("3101", -MAX_AMOUNT)] * 92]
    assert (await desk.post(*many)).number == 1
    before = await desk.digest(without=["key"])
    for lines in ((("1102", MAX_AMOUNT), ("1101", -MAX_AMOUNT)), (("3101", -MAX_AMOUNT), ("2101.1", MAX_AMOUNT))):
        assert (await desk.post(*lines)).code in {"overflow", "floor"}
    refused = await desk.post(("1102", MAX_AMOUNT), ("3101", -MAX_AMOUNT))
    assert refused == Rejected("overflow", {"account": "1102"})
    assert await desk.digest(without=["key"]) == before
    assert (await desk.verify()).findings == ()


@pytest.mark.parametrize(("currency", "places", "minor"), [("KRW", 0, 500_000), ("JPY", 0, 7), ("IDR", 2, 125_000_050)])
def test_b14_b15_one_scale_for_each_currency(currency, places, minor):
    assert ledger.exponent(currency) == places
    money = ledger.to_money(minor, currency)
    assert money == Money(Decimal(minor) / 10**places, currency)
    assert ledger.from_money(money) == minor


def test_b15_three_decimals_stay_three():
    assert ledger.exponent("KWD") == 3
    assert ledger.from_money(Money("1.234", "KWD")) == 1234


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "0.0000001", "0.005"])
def test_b17_what_is_no_amount_never_becomes_one(amount):
    with pytest.raises(ValueError, match=r"finite|finer"):
        ledger.from_money(Money(amount, "IDR"))


async def test_b20_holds_count_against_what_is_available(desk, database):
    await desk.post(("1101", 5000), ("2101.1", -5000))

    async def hold(total: int) -> None:
        async with database.work(desk.book) as work:
            await work.connection.execute(
                text("UPDATE ledger_account SET held = :held WHERE account_id = :a AND book_id = :b"),
                {"held": total, "a": desk.ids["2101.1"], "b": desk.book},
            )
            await work.commit()

    for total in range(1000, 6000, 1000):
        await hold(total)
    with pytest.raises(IntegrityError, match="ck_ledger_account_floor"):
        await hold(6000)
    refused = await desk.post(("2101.1", 1), ("1101", -1))
    assert refused == Rejected("floor", {"account": "2101.1", "available": 0, "shortfall": 1, "currency": "IDR"})
    await hold(4999)
    assert isinstance(await desk.post(("2101.1", 1), ("1101", -1)), Posted)


async def test_b21_a_group_that_fails_leaves_nothing(desk):
    before = await desk.digest(without=["key"])
    group = [desk.draft(("1102", -100), ("3101", 100), link="g"), desk.draft(("1101", -300), ("3101", 300), link="g")]
    for drafts in (group, [draft._replace(key=draft.key + "'") for draft in reversed(group)]):
        outcomes = await desk.poster.post_all(drafts)
        assert codes(outcomes) == ["floor", "linked"]
        assert await desk.digest(without=["key"]) == before


async def test_b22_two_spend_at_once_what_is_there_once(desk, database):
    async with database.work(desk.book) as work:
        await ledger.set_floor(work.connection, desk.book, desk.ids["2101.1"], -100)
        await work.commit()
    drafts = [desk.draft(("2101.1", 100), ("1102", -100)) for _ in range(6)]
    outcomes = await asyncio.gather(
        *map(desk.append, drafts[:3]), *map(desk.poster.post_all, ([d] for d in drafts[3:]))
    )
    assert codes([outcome for (outcome,) in outcomes]) == ["floor"] * 5 + ["posted"]
    assert await desk.balance("2101.1") == 100


@pytest.mark.parametrize("turn", [1, -1])
async def test_b25_order_of_lines_does_not_matter(desk, turn):
    lines = [("2101.1", 100), ("2101.2", -100), ("1101", 100), ("2101.1", -100)][::turn]
    assert isinstance(await desk.post(*lines), Posted)
    assert [await desk.balance(code) for code in ("2101.1", "2101.2", "1101")] == [0, -100, 100]


async def test_b31_two_reversals_at_once_undo_once(desk):
    await desk.post(*PAY_IN)
    drafts = [await desk.reversal(1) for _ in range(5)]
    outcomes = await asyncio.gather(*map(desk.poster.post, drafts[:3]), *map(desk.append, drafts[3:]))
    flat = [outcome[0] if isinstance(outcome, list) else outcome for outcome in outcomes]
    assert codes(flat) == ["already-reversed"] * 4 + ["posted"]
    assert await desk.balance("1101") == 0


async def test_b33_money_from_an_account_to_itself(desk):
    before = await desk.digest(without=["key"])
    assert await desk.post(("1102", 5), ("1102", -5)) == Rejected("same-account", {"account": "1102"})
    assert await desk.digest(without=["key"]) == before


async def test_b36_b37_opposite_orders_do_not_deadlock(desk, database, poster):
    other = await open_desk(database, poster)
    there = [("1102", 1), ("3101", -1), ("1101", 1), ("2101.1", -1)]
    drafts = [(one.draft(*there), two.draft(*reversed(there))) for one, two in [(desk, other), (other, desk)] * 10]

    async def both(first: ledger.Draft, second: ledger.Draft) -> list[ledger.Outcome]:
        async with database.work(first.book_id) as work:
            outcomes = await ledger.append(work.connection, [first, second])
            await work.commit()
        return outcomes

    answers = await asyncio.gather(*(both(*pair) for pair in drafts))
    assert all(isinstance(outcome, Posted) for pair in answers for outcome in pair)
    assert len(await desk.entries(limit=100)) == len(await other.entries(limit=100)) == 20


async def test_b40_an_account_that_is_a_sum_takes_no_posting(desk):
    refused = await desk.post(("1101", 100), ("2101", -100))
    assert refused == Rejected("control-account", {"line": 2, "account": "2101"})
    with pytest.raises(ledger.AccountError, match="must be a control account"):
        await open_desk(
            desk.database,
            desk.poster,
            [
                NewAccount("11", "Kas", "Cash", AccountType.ASSET, Side.DEBIT),
                NewAccount("11.1", "Kas 1", "Cash 1", AccountType.ASSET, Side.DEBIT),
            ],
        )


async def test_b41_a_key_used_for_something_else_is_refused_everywhere(desk):
    one, other = b"1" * 32, b"2" * 32
    await desk.post(*PAY_IN, key="k", fingerprint=one)
    before = await desk.digest()
    changed = desk.draft(("1101", 200), ("3101", -200), key="k", fingerprint=other)
    undoing = await desk.reversal(1, fingerprint=other)
    mismatch = Rejected("idempotency-mismatch", {"key": "k"})
    assert await desk.poster.post(changed) == mismatch
    assert await desk.append(changed) == [mismatch]
    assert await desk.poster.post(undoing._replace(key="k")) == mismatch
    assert (await desk.poster.post_all([changed._replace(link="g"), desk.draft(*PAY_IN, link="g")]))[0] == mismatch
    assert await desk.digest(without=["key"]) == {name: was for name, was in before.items() if name != "key"}
    assert await desk.post(*PAY_IN, key="k", fingerprint=one) == Replayed(1)


async def test_b43_a_refusal_stays_a_refusal(desk):
    draft = desk.draft(("1101", -50), ("3101", 50))
    refused = await desk.poster.post(draft)
    assert refused.code == "floor"
    await desk.post(*PAY_IN)
    again = await desk.poster.post(draft)
    assert again == replace(refused, replayed=True)
    assert isinstance(await desk.poster.post(draft._replace(key="new")), Posted)
    assert await desk.balance("1101") == 50


async def test_b43_so_does_a_refusal_that_was_decided_elsewhere(desk):
    no = Rejected("too-young", {"told": "Belum"})

    async def keep(key: str, fingerprint: bytes = b"") -> ledger.Outcome:
        async with desk.database.work(desk.book) as work:
            outcome = await ledger.keep_refusal(work.connection, desk.book, key, fingerprint, no)
            await work.commit()
        return outcome

    before = await desk.digest(without=["key"])
    draft = desk.draft(*PAY_IN)
    assert await keep(draft.key) == no
    assert await keep(draft.key) == await desk.poster.post(draft) == replace(no, replayed=True)
    assert await keep(draft.key, b"other") == Rejected("idempotency-mismatch", {"key": draft.key})
    assert await desk.digest(without=["key"]) == before
    posted = await desk.post(*PAY_IN, key="posted")
    assert await keep("posted") == Replayed(posted.number)
    async with desk.database.work(desk.book) as work:
        assert await ledger.keep_refusal(work.connection, desk.book, "undone", b"", no) == no
    assert isinstance(await desk.post(*PAY_IN, key="undone"), Posted)
    assert (await desk.verify()).findings == ()
    async with desk.database.engine.connect() as connection:
        with pytest.raises(ledger.NotInTransactionError):
            await ledger.keep_refusal(connection, desk.book, "k", b"", no)
    async with desk.database.work(10**9) as work:
        with pytest.raises(ledger.UnknownBookError):
            await ledger.keep_refusal(work.connection, 10**9, "k", b"", no)


async def test_b47_an_undoing_is_undone_only_by_explicit_wish(desk):
    await desk.post(*PAY_IN)
    await desk.reverse(1)
    assert (await desk.reverse(1)).code == "already-reversed"
    assert (await desk.reverse(2)) == Rejected("reversal-of-reversal", {"entry": 2, "reverses": 1})
    assert await desk.balance("1101") == 0
    assert (await desk.reverse(2, of_reversal=True)).number == 3
    assert await desk.balance("1101") == 100
    assert [entry.reversed_by for entry in await desk.entries()] == [None, 3, None]
    assert (await desk.reverse(3, of_reversal=True)).code == "reversal-of-reversal"
    assert (await desk.reverse(2, of_reversal=True)).code == "already-reversed"
    assert (await desk.reverse(1)).number == 4
    assert [entry.reversed_by for entry in await desk.entries()] == [4, 3, None, None]
    assert (await desk.verify()).findings == ()


async def test_b47_undone_and_reversed_anew_in_one_append(desk):
    await desk.post(*PAY_IN)
    await desk.reverse(1)
    outcomes = await desk.append(await desk.reversal(2, of_reversal=True), await desk.reversal(1))
    assert [outcome.number for outcome in outcomes] == [3, 4]
    assert [entry.reversed_by for entry in await desk.entries()] == [4, 3, None, None]
    assert (await desk.verify()).findings == ()


async def test_b48_an_entry_is_reversed_once(desk):
    await desk.post(*PAY_IN)
    outcomes = [await desk.reverse(1) for _ in range(4)]
    assert codes(outcomes) == ["already-reversed"] * 3 + ["posted"]
    assert outcomes[1].detail == {"entry": 1, "reversed_by": 2}


async def test_b48_a_reversal_mirrors_the_whole_entry(desk):
    await desk.post(*PAY_IN)
    undoing = await desk.reversal(1)
    for lines in (undoing.lines[::-1], tuple(ledger.Line(account, amount // 2) for account, amount in undoing.lines)):
        wrong = undoing._replace(lines=lines, key=f"w{lines}")
        assert await desk.poster.post(wrong) == Rejected("reversal-mismatch", {"entry": 1})
    missing = undoing._replace(reverses=99, key="missing")
    assert await desk.poster.post(missing) == Rejected("unknown-entry", {"entry": 99})


async def test_b53_b56_b58_no_path_leads_into_a_closed_month(desk):
    october = date(2026, 10, 15)
    await desk.post(*PAY_IN, on=october)
    await desk.set_period(date(2026, 10, 1), PeriodStatus.CLOSED)
    before = await desk.digest(without=["key"])
    undoing = await desk.reversal(1, on=october)
    attempts = [
        desk.draft(*PAY_IN, on=october),
        desk.draft(*PAY_IN, on=october, allow_held=True),
        undoing,
        undoing._replace(key="held", allow_held=True),
    ]
    for draft in attempts:
        refusal = Rejected("period-closed", {"month": "2026-10"})
        assert await desk.append(draft) == [refusal]
        assert await desk.poster.post(draft._replace(key=draft.key + "p")) == refusal
        linked = [draft._replace(key=draft.key + "l", link="g"), desk.draft(*PAY_IN, link="g")]
        assert codes(await desk.poster.post_all(linked)) == ["linked", "period-closed"]
    assert await desk.digest(without=["key"]) == before
    assert (await desk.reverse(1, on=DAY)).number == 2
    assert [await desk.balance("1101", as_of=day) for day in (october, DAY)] == [100, 0]
