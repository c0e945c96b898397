"""Several withdrawals count together, at the desk or by hand; so do write-offs and loans, by the accounts they touch."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.conftest import found

import ledger
from koperasi.access import service as access
from koperasi.approvals.service import Kind, NeedsApproval
from koperasi.bookkeeping import rules_second
from koperasi.bookkeeping import service as bookkeeping
from koperasi.bookkeeping.service import BulkItem, NewEntry, NewLine
from koperasi.cooperatives.charts import template
from koperasi.cooperatives.service import Kind as Cooperation
from koperasi.cooperatives.service import add_policy
from koperasi.permissions import Role
from koperasi.posting import Idempotency
from koperasi.savings import service as savings

from .conftest import open_desk

TODAY = (datetime.now(UTC) + timedelta(hours=8)).date()
"""In Makassar, where the fixtures' cooperatives are."""


async def test_withdrawals_of_a_day_count_together(desk):
    await desk.withdraw(300, "first")
    await desk.withdraw(200)
    need = await desk.need(1)
    assert (need.proposal.kind, need.proposal.hold.amount) == (Kind.WITHDRAWAL, 100)
    again = await desk.withdraw(300, "first")
    assert again.replayed


async def test_a_withdrawal_that_was_undone_counts_no_more(desk):
    receipt = await desk.withdraw(400)
    await savings.reverse(
        desk.database, desk.poster, desk.cooperative, entry_number=receipt.entry_number, reason="salah ketik",
        effective_date=None, actor="kasir", idempotency=Idempotency.of("test", secrets.token_hex(8)),
    )  # fmt: skip
    await desk.withdraw(500)
    await desk.need(1)


async def test_an_earlier_date_on_paper_is_no_way_around(desk):
    yesterday = desk.today() - timedelta(days=1)
    await desk.withdraw(400)
    with pytest.raises(NeedsApproval):
        await savings.withdraw(
            desk.database, desk.poster, desk.cooperative, account_number=desk.account, amount_minor=20_000,
            effective_date=yesterday, actor="kasir", idempotency=Idempotency.of("test", secrets.token_hex(8)),
        )  # fmt: skip


def entry(*lines, day=TODAY):
    made = tuple(
        NewLine(code, rupiah * 100 if rupiah > 0 else None, -rupiah * 100 if rupiah < 0 else None)
        for code, rupiah in lines
    )
    return NewEntry(day, "uji", made)


async def by_hand(desk, new, key=None):
    return await bookkeeping.post_entry(
        desk.database, desk.poster, desk.book_id, new, today=TODAY, actor="bendahara",
        idempotency=Idempotency.of("test", key or secrets.token_hex(8)),
    )  # fmt: skip


async def savings_code(desk):
    async with desk.database.reading(desk.book_id) as connection:
        account = await savings.account_by_number(connection, desk.book_id, desk.account)
        return (await ledger.accounts_by_id(connection, desk.book_id, [account.ledger_account_id]))[
            account.ledger_account_id
        ].code


async def test_an_entry_by_hand_that_takes_from_savings_is_a_withdrawal(desk):
    code = await savings_code(desk)
    await by_hand(desk, entry((code, 300), ("1111", -300)))
    with pytest.raises(NeedsApproval) as need:
        await by_hand(desk, entry((code, 201), ("1111", -201)))
    assert need.value.proposal.hold.amount == 20_100
    await desk.need(201)
    asked = await desk.file(need.value)
    done = await desk.approve(asked)
    assert done.entry_number is not None
    # What goes into savings, and what goes from one account of a member to another of theirs in one entry, is none.
    await by_hand(desk, entry(("1101", 900), (code, -900)))


async def in_bulk(desk, *entries):
    async with desk.database.work(desk.book_id) as work:
        answers = await bookkeeping.post_many(
            work.connection, desk.book_id, [BulkItem(str(at), one) for at, one in enumerate(entries)],
            mode="independent", today=TODAY, actor="bendahara", request_key=secrets.token_hex(8),
        )  # fmt: skip
        await work.commit()
    return [answer.refusal and answer.refusal.code for answer in answers]


async def test_many_entries_at_once_are_no_way_around(desk):
    code = await savings_code(desk)
    assert await in_bulk(desk, entry((code, 501), ("1111", -501)), entry(("1101", 5), (code, -5))) == [
        "needs-approval", None,
    ]  # fmt: skip


async def with_chair(database, poster):
    cooperative = await found(database, kind="ksp")
    async with database.work(cooperative.book_id) as work:
        await access.create_user(
            work.connection, work.book_id, username="ketua", name="Ketua", role=Role.KETUA,
            password="sawah-lereng-bukit-9",
        )  # fmt: skip
        await work.commit()
    return await open_desk(database, poster, cooperative)


async def test_giving_a_loan_up_and_paying_one_out_need_a_second_person(database, poster):
    desk = await with_chair(database, poster)
    loan = entry(("1201", 50), ("1111", -50))
    with pytest.raises(NeedsApproval) as need:
        await by_hand(desk, loan, "loan")
    assert need.value.proposal.kind is Kind.DISBURSEMENT
    await desk.approve(await desk.file(need.value))
    assert (await by_hand(desk, loan, "loan")).replayed
    with pytest.raises(NeedsApproval) as need:
        await by_hand(desk, entry(("1209", 50), ("1201", -50)))
    assert need.value.proposal.kind is Kind.WRITE_OFF
    await by_hand(desk, entry(("1101", 20), ("1201", -20)))
    await by_hand(desk, entry(("5201", 20), ("1209", -20)))
    async with database.work(desk.book_id) as work:
        for name in ("approval.write_offs", "approval.disbursements"):
            await add_policy(work, name, date(2026, 1, 1), "off", "Keputusan pengurus", "admin")
        await work.commit()
    await by_hand(desk, entry(("1201", 50), ("1111", -50)))
    await by_hand(desk, entry(("1209", 50), ("1201", -50)))


LOANS = {
    "ksp": ("1201", "1209", "5201"),
    "usp": ("1203", "1209", "5201"),
    "kspps": ("1211", "1249", "7201"),
    "uspps": ("1221", "1249", "7201"),
    "bumdes_unit": ("1204", "1209", "5201"),
    "bpr": ("1203", "1209", "5201"),
    "kelompok": ("1202", None, None),
}


def account_of(kind, code):
    line = next(one.account for one in template(kind) if one.account.code == code)
    return ledger.Account(
        1, int(code), code, line.name_id, line.name_en, line.type, line.side, "IDR", None, 0, False, None, None, 0, 0
    )


@pytest.mark.parametrize("kind", list(Cooperation))
def test_every_chart_has_its_loans(kind):
    loan, allowance, expense = LOANS[kind.value]
    lending = rules_second.LENDING[kind]
    codes = {line.account.code for line in template(kind)}
    assert lending.claims & codes
    accounts = {code: account_of(kind, code) for code in {loan, allowance, expense, "1101"} if code}

    def act(*lines):
        return rules_second.act_of(entry(*lines).lines, accounts, lending)

    assert act((loan, 5), ("1101", -5)) is Kind.DISBURSEMENT
    assert act(("1101", 5), (loan, -5)) is None
    if allowance:
        assert act((allowance, 5), (loan, -5)) is Kind.WRITE_OFF
        assert act((expense, 5), (loan, -5)) is Kind.WRITE_OFF
        assert act((expense, 5), (allowance, -5)) is None
