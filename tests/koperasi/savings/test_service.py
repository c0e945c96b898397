from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest

import ledger
from koperasi.cooperatives.service import receipt_secret, set_business_date
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.members import service as members
from koperasi.members.service import MemberStatus, NewMember
from koperasi.permissions import Identity, Role
from koperasi.posting import Idempotency
from koperasi.savings import service
from koperasi.savings.numbers import check_verify_code
from koperasi.savings.service import SavingsKind

JOINED = date(2026, 3, 2)
RUPIAH = 100
KEYS = count()


def key(name: str = "", body: object = "") -> Idempotency:
    return Idempotency.of("test", name or f"key-{next(KEYS)}", body)


async def join(database, cooperative, name: str = "Sutinah", **facts):
    async with database.work(cooperative.book_id) as work:
        member, _ = await members.register(work, NewMember(name=name, joined_on=JOINED, **facts), actor="bendahara")
        accounts = await service.welcome(work, cooperative, member, actor="bendahara")
        await work.commit()
    return member, {account.kind: account.number for account in accounts}


class Desk:
    """A teller with a pile of requests."""

    def __init__(self, database, poster, cooperative):
        self.parts = database, poster, cooperative
        self.database, self.cooperative = database, cooperative

    async def deposit(self, account, rupiah, on=JOINED, as_key=None):
        return await service.deposit(
            *self.parts, account_number=account, amount_minor=rupiah * RUPIAH, effective_date=on, actor="kasir",
            idempotency=as_key or key(),
        )  # fmt: skip

    async def withdraw(self, account, rupiah, on=JOINED, as_key=None):
        return await service.withdraw(
            *self.parts, account_number=account, amount_minor=rupiah * RUPIAH, effective_date=on, actor="kasir",
            idempotency=as_key or key(),
        )  # fmt: skip

    async def transfer(self, source, target, rupiah, on=JOINED, as_key=None):
        return await service.transfer(
            *self.parts, from_number=source, to_number=target, amount_minor=rupiah * RUPIAH, effective_date=on,
            actor="kasir", idempotency=as_key or key(),
        )  # fmt: skip

    async def reverse(self, entry, reason="salah rekening", on=JOINED, as_key=None):
        return await service.reverse(
            *self.parts, entry_number=entry, reason=reason, effective_date=on, actor="bendahara",
            idempotency=as_key or key(),
        )  # fmt: skip

    async def balance(self, account) -> int:
        async with self.database.reading(self.cooperative.book_id) as connection:
            return (await service.account_by_number(connection, self.cooperative.book_id, account)).balance_minor

    async def dues(self, member):
        async with self.database.reading(self.cooperative.book_id) as connection:
            return await service.dues_of(connection, self.cooperative.book_id, member)

    async def receipt(self, entry, **wanted):
        async with self.database.reading(self.cooperative.book_id) as connection:
            return await service.receipt(connection, self.cooperative, entry, **wanted)


@pytest.fixture
def desk(database, poster, cooperative) -> Desk:
    return Desk(database, poster, cooperative)


async def code_of(doing) -> str:
    with pytest.raises(Refusal) as refused:
        await doing
    return refused.value.code


async def test_joining_opens_accounts_and_bills_the_dues(database, cooperative, desk):
    member, accounts = await join(database, cooperative)
    assert list(accounts) == [SavingsKind.POKOK, SavingsKind.WAJIB, SavingsKind.WADIAH]
    assert [number[:2] for number in accounts.values()] == ["11", "12", "22"]
    assert all(service.is_valid_account_number(number) for number in accounts.values())
    dues = await desk.dues(member.number)
    assert [tuple(due) for due in dues] == [
        (SavingsKind.POKOK, 10_000_000, 0, 10_000_000),
        (SavingsKind.WAJIB, 2_000_000, 0, 2_000_000),
    ]
    await desk.deposit(accounts[SavingsKind.POKOK], 100_000)
    await desk.deposit(accounts[SavingsKind.WAJIB], 50_000)
    assert [due.outstanding_minor for due in await desk.dues(member.number)] == [0, 0]
    async with database.reading(cooperative.book_id) as connection:
        pokok = await ledger.account_by_code(connection, cooperative.book_id, f"4101.{accounts[SavingsKind.POKOK]}")
        report = await ledger.verify(connection, cooperative.book_id)
    assert (pokok.type, pokok.floor, pokok.name_id) == (
        ledger.AccountType.EQUITY,
        0,
        f"Simpanan pokok {pokok.code[5:]}",
    )
    assert not report.findings


async def test_a_ksp_has_sukarela_and_a_village_unit_bills_nothing(database, founding):
    for kind, kinds in [("ksp", ["pokok", "wajib", "sukarela"]), ("bumdes_unit", ["sukarela"])]:
        _, accounts = await join(database, await founding(kind))
        assert list(accounts) == kinds


async def test_a_deposit_gives_a_receipt_that_can_be_written_again(database, cooperative, desk):
    member, accounts = await join(database, cooperative)
    free = accounts[SavingsKind.WADIAH]
    await desk.deposit(free, 50_000)
    given = await desk.deposit(free, 1_250_000)
    assert given.number == f"2026-{given.entry_number:06}"
    assert (given.kind, given.amount_minor, given.change_minor) == ("savings.deposit", 125_000_000, 125_000_000)
    assert given.balance_after_minor == 130_000_000
    assert (given.member_number, given.member_name, given.account_number) == (member.number, "Sutinah", free)
    assert (given.teller, given.replayed, given.reversed_by) == ("kasir", False, None)
    assert await desk.receipt(given.entry_number) == given
    async with database.reading(cooperative.book_id) as connection:
        entry = await ledger.entry_by_number(connection, cooperative.book_id, given.entry_number)
        secret = await receipt_secret(connection, cooperative.book_id)
    assert check_verify_code(secret, given.entry_number, entry.hash, given.verify_code)
    assert "Sutinah" not in f"{entry.description}{entry.metadata}"


async def test_what_the_rules_refuse(database, cooperative, desk):
    _, accounts = await join(database, cooperative)
    pokok, wajib, free = accounts.values()
    today = cooperative.today(datetime.now(UTC))
    assert await code_of(desk.deposit(free, 0)) == "amount-not-positive"
    assert await code_of(desk.deposit(pokok, 100_001)) == "pokok-above-due"
    assert await code_of(desk.deposit(free, 10_000, on=today + timedelta(days=1))) == "date-in-future"
    assert await code_of(desk.deposit(free, 10_000, on=JOINED - timedelta(days=1))) == "account-not-open"
    assert await code_of(desk.deposit("220000028", 10_000)) == "savings-account"
    assert await code_of(desk.withdraw(wajib, 10_000)) == "savings-locked"
    assert await code_of(desk.withdraw(free, 10_000)) == "insufficient-balance"
    assert await code_of(desk.transfer(free, free, 10_000)) == "transfer-same-account"
    _, others = await join(database, cooperative, "Tini")
    assert await code_of(desk.transfer(free, others[SavingsKind.WADIAH], 10_000)) == "transfer-not-own"
    _, applicant = await join(database, cooperative, "Tuti", status=MemberStatus.PEMOHON)
    assert set(applicant) == {SavingsKind.POKOK}
    assert [await desk.balance(number) for number in accounts.values()] == [0, 0, 0]


async def test_the_business_day_is_the_last_day(database, cooperative, desk, poster):
    _, accounts = await join(database, cooperative)
    async with database.work(cooperative.book_id) as work:
        late = await set_business_date(work, date(2026, 6, 1), "bendahara")
        await work.commit()
    there = Desk(database, poster, late)
    given = await there.deposit(accounts[SavingsKind.WADIAH], 10_000, on=None)
    assert given.effective_date == date(2026, 6, 1)
    assert await code_of(there.deposit(accounts[SavingsKind.WADIAH], 10_000, on=date(2026, 6, 2))) == "date-in-future"


async def test_a_closed_month_takes_no_deposit(database, cooperative, desk):
    _, accounts = await join(database, cooperative)
    async with database.work(cooperative.book_id) as work:
        for status in (ledger.PeriodStatus.HELD, ledger.PeriodStatus.CLOSED):
            await ledger.set_period(work.connection, cooperative.book_id, date(2026, 3, 1), status, by="bendahara")
        await work.commit()
    assert await code_of(desk.deposit(accounts[SavingsKind.WADIAH], 10_000)) == "period-closed"


async def test_a_retry_gets_the_first_receipt(database, cooperative, desk):
    _, accounts = await join(database, cooperative)
    free = accounts[SavingsKind.WADIAH]
    first, *others = await asyncio.gather(*(desk.deposit(free, 10_000, as_key=key("paid-in", 1)) for _ in range(8)))
    assert len({one.entry_number for one in (first, *others)}) == 1
    assert sum(not one.replayed for one in (first, *others)) == 1
    assert await desk.balance(free) == 1_000_000
    assert await code_of(desk.deposit(free, 20_000, as_key=key("paid-in", 2))) == "idempotency-mismatch"


async def test_a_retry_of_a_withdrawal_is_answered_though_the_money_is_out(database, cooperative, desk):
    _, accounts = await join(database, cooperative)
    free = accounts[SavingsKind.WADIAH]
    await desk.deposit(free, 10_000)
    first = await desk.withdraw(free, 10_000, as_key=key("all-of-it", 1))
    again = await desk.withdraw(free, 10_000, as_key=key("all-of-it", 1))
    assert (again.entry_number, again.replayed, again.balance_after_minor) == (first.entry_number, True, 0)
    assert await code_of(desk.withdraw(free, 10_000, as_key=key("all-of-it", 2))) == "idempotency-mismatch"
    assert await code_of(desk.withdraw(free, 10_000)) == "insufficient-balance"


async def test_a_refusal_of_the_book_is_remembered(database, cooperative, desk):
    _, accounts = await join(database, cooperative)
    free = accounts[SavingsKind.WADIAH]
    early = JOINED - timedelta(days=1)
    for _ in range(2):
        assert await code_of(desk.deposit(free, 10_000, on=early, as_key=key("early", 1))) == "account-not-open"


async def test_of_twenty_who_draw_at_once_as_many_succeed_as_the_balance_allows(database, cooperative, desk):
    _, accounts = await join(database, cooperative)
    free = accounts[SavingsKind.WADIAH]
    await desk.deposit(free, 100_000)
    outcomes = await asyncio.gather(*(desk.withdraw(free, 15_000) for _ in range(20)), return_exceptions=True)
    paid = [one for one in outcomes if not isinstance(one, BaseException)]
    refused = {one.code for one in outcomes if isinstance(one, Refusal)}
    assert len(paid) == 6
    assert len(paid) + sum(isinstance(one, Refusal) for one in outcomes) == 20
    assert refused <= {"floor", "insufficient-balance"}
    assert await desk.balance(free) == 1_000_000
    assert sorted(one.balance_after_minor for one in paid) == [
        minor * RUPIAH for minor in range(10_000, 100_000, 15_000)
    ]


async def test_a_transfer_moves_no_cash(database, cooperative, desk):
    _, accounts = await join(database, cooperative)
    _, wajib, free = accounts.values()
    await desk.deposit(free, 100_000)
    async with database.reading(cooperative.book_id) as connection:
        before = await service.cash_day(connection, cooperative, JOINED)
    given = await desk.transfer(free, wajib, 20_000)
    assert (given.account_number, given.other_account_number) == (free, wajib)
    assert (given.change_minor, given.balance_after_minor) == (-2_000_000, 8_000_000)
    assert await desk.receipt(given.entry_number) == given
    assert await desk.balance(wajib) == 2_000_000
    async with database.reading(cooperative.book_id) as connection:
        assert await service.cash_day(connection, cooperative, JOINED) == before
    assert before == (10_000_000, 10_000_000, 0)


async def test_undoing_a_deposit(database, cooperative, desk):
    _, accounts = await join(database, cooperative)
    free = accounts[SavingsKind.WADIAH]
    paid = await desk.deposit(free, 100_000)
    assert await code_of(desk.reverse(paid.entry_number, reason="  ")) == "reason"
    assert await code_of(desk.reverse(paid.entry_number, on=JOINED - timedelta(days=1))) == "reversal-before-entry"
    assert await code_of(desk.reverse(99_999)) == "receipt"
    undone = await desk.reverse(paid.entry_number, as_key=key("undo", 1))
    assert (undone.kind, undone.reverses, undone.change_minor) == ("reversal", paid.entry_number, -10_000_000)
    assert (undone.account_number, undone.balance_after_minor) == (free, 0)
    assert (await desk.reverse(paid.entry_number, as_key=key("undo", 1))).replayed
    assert (await desk.receipt(paid.entry_number)).reversed_by == undone.entry_number
    assert await code_of(desk.reverse(paid.entry_number)) == "already-reversed"
    assert await code_of(desk.reverse(undone.entry_number)) == "not-savings"


async def test_a_deposit_that_was_drawn_already_can_not_be_undone(database, cooperative, desk):
    _, accounts = await join(database, cooperative)
    free = accounts[SavingsKind.WADIAH]
    paid = await desk.deposit(free, 100_000)
    await desk.withdraw(free, 60_000)
    assert await code_of(desk.reverse(paid.entry_number)) == "floor"


async def test_the_statement_runs_in_pages(database, cooperative, desk):
    _, accounts = await join(database, cooperative)
    free = accounts[SavingsKind.WADIAH]
    for day, rupiah in [(9, 30_000), (3, 10_000), (5, 20_000)]:
        await desk.deposit(free, rupiah, on=date(2026, 3, day))
    await desk.withdraw(free, 5_000, on=date(2026, 3, 5))
    book = cooperative.book_id
    async with database.reading(book) as connection:
        account = await service.account_by_number(connection, book, free)
        first = await service.statement(connection, book, account, limit=3)
        second = await service.statement(connection, book, account, after=first.next_after, limit=3)
        since = await service.statement(connection, book, account, from_date=date(2026, 3, 5), to_date=date(2026, 3, 5))
    shown = [
        (line.effective_date.day, line.paid_in_minor, line.paid_out_minor, line.balance_minor) for line in first.lines
    ]
    assert shown == [(3, 1_000_000, 0, 1_000_000), (5, 2_000_000, 0, 3_000_000), (5, 0, 500_000, 2_500_000)]
    assert (second.opening_minor, second.closing_minor, second.next_after) == (2_500_000, 5_500_000, None)
    assert (since.opening_minor, since.closing_minor, len(since.lines)) == (1_000_000, 2_500_000, 2)
    assert (account.balance_minor, account.available_minor) == (5_500_000, 5_500_000)


async def test_one_account_of_own_capital_but_many_free_ones(database, cooperative):
    member, _ = await join(database, cooperative)

    async def open_account(kind, on=JOINED):
        async with database.work(cooperative.book_id) as work:
            opened = await service.open_account(work, cooperative, member.number, kind, actor="x", opened_on=on)
            await work.commit()
        return opened

    second = await open_account(SavingsKind.WADIAH)
    assert second.number[:2] == "22"
    with pytest.raises(Conflict, match="savings-account-exists"):
        await open_account(SavingsKind.POKOK)
    assert await code_of(open_account(SavingsKind.SUKARELA)) == "savings-kind"
    assert await code_of(open_account(SavingsKind.WADIAH, JOINED - timedelta(days=1))) == "opened-before-joining"
    async with database.reading(cooperative.book_id) as connection:
        assert len(await service.accounts_of(connection, cooperative.book_id, member.number)) == 4


async def test_a_member_sees_only_their_own(database, cooperative, desk):
    mine, my_accounts = await join(database, cooperative)
    _, others = await join(database, cooperative, "Tini")
    given = await desk.deposit(others[SavingsKind.WADIAH], 10_000)
    own = await desk.deposit(my_accounts[SavingsKind.WADIAH], 10_000)

    def identity(role, number=None):
        return Identity(cooperative.book_id, 1, "x", "X", role, number)

    member, nobody, teller = identity(Role.ANGGOTA, mine.number), identity(Role.ANGGOTA), identity(Role.KASIR)
    async with database.reading(cooperative.book_id) as connection:
        for who in (member, nobody):
            # Another's account and one that does not exist are told apart by nothing.
            refusals = [
                await code_of(service.account_for(connection, who, number))
                for number in (others[SavingsKind.WADIAH], "220000028")
            ]
            assert refusals == ["not-found", "not-found"]
            assert await code_of(service.receipt_for(connection, cooperative, who, given.number)) == "receipt"
            assert await code_of(service.receipt_for(connection, cooperative, who, "2026-999999")) == "receipt"
        seen = await service.account_for(connection, member, my_accounts[SavingsKind.WADIAH])
        assert seen.balance_minor == 1_000_000
        assert await service.receipt_for(connection, cooperative, member, own.number) == own
        assert await service.receipt_for(connection, cooperative, teller, str(given.entry_number)) == given
        assert await code_of(service.receipt_for(connection, cooperative, teller, "1999-000001")) == "receipt"
        assert await code_of(service.receipt_for(connection, cooperative, teller, "nothing")) == "receipt"


async def test_another_book_sees_nothing(database, cooperative, other_cooperative, desk, poster):
    _, accounts = await join(database, cooperative)
    given = await desk.deposit(accounts[SavingsKind.WADIAH], 10_000)
    there = Desk(database, poster, other_cooperative)
    with pytest.raises(NotFound):
        await there.deposit(accounts[SavingsKind.WADIAH], 10_000)
    with pytest.raises(NotFound):
        await there.receipt(given.entry_number)
    async with database.reading(other_cooperative.book_id) as connection:
        with pytest.raises(NotFound):
            await service.account_by_number(connection, cooperative.book_id, accounts[SavingsKind.WADIAH])


async def test_an_opening_entry_has_a_receipt_for_each_member_in_it(database, cooperative, poster, desk):
    mine, my_accounts = await join(database, cooperative)
    other, others = await join(database, cooperative, "Tini")
    async with database.reading(cooperative.book_id) as connection:
        difference = await ledger.account_by_code(connection, cooperative.book_id, "4401")
        ids = [
            (
                await service.account_by_number(connection, cooperative.book_id, accounts[SavingsKind.WADIAH])
            ).ledger_account_id
            for accounts in (my_accounts, others)
        ]
    lines = (ledger.Line(difference.account_id, 300), ledger.Line(ids[0], -100), ledger.Line(ids[1], -200))
    draft = ledger.Draft(cooperative.book_id, JOINED, "opening.savings", "Saldo awal", "impor", lines, "opening")
    posted = await poster.post(draft)
    first, second = (await desk.receipt(posted.number), await desk.receipt(posted.number, member_number=other.number))
    assert (first.member_number, first.change_minor, first.other_account_number) == (mine.number, 100, None)
    assert (second.member_number, second.change_minor, second.balance_after_minor) == (other.number, 200, 200)


@pytest.mark.slow
async def test_twenty_thousand_members_in_seconds(database, cooperative):
    news = [
        NewMember(name=f"Anggota {n}", joined_on=JOINED, phone=f"0812{n:08d}", heirs=(members.Heir("Waris", "Anak"),))
        for n in range(20_000)
    ]
    begun = time.perf_counter()
    async with database.work(cooperative.book_id) as work:
        registered = await members.register_many(work, news, actor="impor")
        accounts = await service.welcome_many(work, cooperative, registered, actor="impor")
        await work.commit()
    taken = time.perf_counter() - begun
    print(f"20,000 members in {taken:.1f} s")
    assert len(accounts) == 20_000
    assert {kind for opened in accounts.values() for kind in opened} == {
        SavingsKind.POKOK,
        SavingsKind.WAJIB,
        SavingsKind.WADIAH,
    }
    assert taken < 60
