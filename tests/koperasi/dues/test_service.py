from __future__ import annotations

import asyncio
import random
from datetime import date

import pytest
from tests.koperasi.dues.conftest import TODAY

import ledger
from koperasi.cooperatives import service as cooperatives
from koperasi.dues import rules, service
from koperasi.dues.rules import Kind
from koperasi.dues.service import WaiverReason
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.members import service as members
from koperasi.members.rules import MemberStatus

MONTHLY = 2_000_000


@pytest.fixture
def standing(database, cooperative):
    async def reading(number, on=TODAY):
        async with database.reading(cooperative.book_id) as connection:
            return await service.standing_of(connection, cooperative, number, on)

    return reading


@pytest.fixture
def behind(database, cooperative):
    async def reading(on=TODAY, **more):
        async with database.reading(cooperative.book_id) as connection:
            return await service.behind(connection, cooperative, on, **more)

    return reading


async def test_a_month_is_billed_once_to_each_and_nothing_is_booked(database, cooperative, join, bill, standing):
    first, _ = await join()
    await join("Baru", joined_on=date(2026, 4, 2))
    await join("Nanti", joined_on=date(2026, 5, 2))
    async with database.reading(cooperative.book_id) as connection:
        before = await ledger.verify(connection, cooperative.book_id)
    assert (await bill("2026-02")).members == 1
    second, _ = await join("Menyusul", joined_on=date(2026, 1, 9))
    again = await bill("2026-02")
    assert (again.members, again.amount_minor) == (1, MONTHLY)
    assert (await bill("2026-02")).members == 0
    # Whoever joined this month was billed by joining.
    assert (await bill("2026-04")).members == 2
    for number in (first.number, second.number):
        found = await standing(number)
        assert [one.bill.period for one in found.settled if one.bill.kind is Kind.WAJIB] == [
            "2026-01", "2026-02", "2026-04",
        ]  # fmt: skip
    async with database.reading(cooperative.book_id) as connection:
        assert (await ledger.verify(connection, cooperative.book_id)).entries == before.entries == 0


async def test_a_month_that_has_not_begun_or_is_none_is_not_billed(bill):
    for period in ("2026-05", "2026-13", "26-01", "2026-1", "x" * 300):
        with pytest.raises(Refusal):
            await bill(period)


async def test_who_is_billed_depends_on_status_and_policies(database, cooperative, join, bill):
    people = {status: (await join(status.value, status=status))[0] for status in MemberStatus if not status.has_left}
    assert (await bill("2026-02")).members == 2  # anggota and nonaktif
    async with database.work(cooperative.book_id) as work:
        await cooperatives.add_policy(work, "dues.bill_on_leave", date(2026, 3, 1), "on", "uji", "uji")
        await cooperatives.add_policy(work, "dues.bill_inactive", date(2026, 3, 1), "off", "uji", "uji")
        await work.commit()
    assert (await bill("2026-03")).members == 2  # anggota and cuti
    async with database.reading(cooperative.book_id) as connection:
        known = await service.standings_of(connection, cooperative, [one.number for one in people.values()], TODAY)
    billed = {
        status: [one.bill.period for one in known[person.number].settled if one.bill.kind is Kind.WAJIB][1:]
        for status, person in people.items()
    }
    assert billed[MemberStatus.ANGGOTA] == ["2026-02", "2026-03"]
    assert billed[MemberStatus.NONAKTIF] == ["2026-02"]
    assert billed[MemberStatus.CUTI] == ["2026-03"]
    assert billed[MemberStatus.PEMOHON] == billed[MemberStatus.KELUAR_DIAJUKAN] == []


async def test_one_member_pays_another_amount_from_a_month_on(database, cooperative, join, bill, standing):
    member, _ = await join()
    free, _ = await join("Bebas")
    async with database.work(cooperative.book_id) as work:
        await service.set_terms(work, member.number, "2026-03", 5_000_000, actor="uji")
        await service.set_terms(work, member.number, "2026-04", None, actor="uji")
        await service.set_terms(work, free.number, "2026-02", 0, actor="uji")
        with pytest.raises(Conflict):
            await service.set_terms(work, member.number, "2026-03", 1_000_000, actor="uji")
        await work.commit()
    for period in ("2026-02", "2026-03", "2026-04"):
        await bill(period)
    amounts = [one.bill.amount_minor for one in (await standing(member.number)).settled if one.bill.kind is Kind.WAJIB]
    assert amounts == [MONTHLY, MONTHLY, 5_000_000, MONTHLY]
    assert (await standing(free.number)).monthly_minor == 0
    assert len([one for one in (await standing(free.number)).settled if one.bill.kind is Kind.WAJIB]) == 1
    async with database.work(cooperative.book_id) as work:
        for number, amount in ((member.number, -100), (member.number, 150)):
            with pytest.raises(Refusal):
                await service.set_terms(work, number, "2026-08", amount, actor="uji")
        with pytest.raises(NotFound):
            await service.set_terms(work, "99999", "2026-08", 100, actor="uji")


async def test_money_settles_the_oldest_month_and_the_list_agrees(join, pay, bill, standing, behind):
    member, accounts = await join()
    other, others = await join("Lunas")
    for period in ("2026-02", "2026-03", "2026-04"):
        await bill(period)
    await pay(accounts["pokok"], 10_000_000)
    await pay(others["pokok"], 10_000_000)
    await pay(others["wajib"], 9_000_000)
    await pay(accounts["wajib"], 3_000_000)
    found = await standing(member.number)
    assert [(one.bill.period, one.open_minor) for one in found.settled if one.bill.kind is Kind.WAJIB] == [
        ("2026-01", 0), ("2026-02", 1_000_000), ("2026-03", MONTHLY), ("2026-04", MONTHLY),
    ]  # fmt: skip
    page = await behind()
    assert [(row.member_number, row.months, row.wajib_minor, row.since) for row in page.rows] == [
        (member.number, 3, 5_000_000, "2026-02")
    ]
    assert (page.members, page.total_minor) == (1, 5_000_000)
    assert (await standing(other.number)).ahead_minor == 1_000_000
    # April is late after its day; on the day itself it is not.
    on_time = await behind(date(2026, 4, 20))
    assert (on_time.rows[0].months, on_time.total_minor) == (2, 3_000_000)
    assert (await behind(months=3)).members == 1
    assert (await behind(months=4)).members == 0
    assert (await behind(numbers=[other.number])).members == 0


async def test_a_new_tariff_a_payment_ahead_and_one_that_is_undone(
    database, poster, cooperative, join, pay, bill, standing, behind
):
    """Bills keep the tariff of their month; what was paid ahead pays them as they come; undone, they are open again."""
    member, accounts = await join()
    async with database.work(cooperative.book_id) as work:
        await cooperatives.add_policy(work, "simpanan_wajib.amount", date(2026, 3, 15), "25000.00", "RAT", "uji")
        await work.commit()
    paid = await pay(accounts["wajib"], 7_000_000)
    await pay(accounts["pokok"], 10_000_000)
    assert (await standing(member.number)).ahead_minor == 5_000_000
    for period in ("2026-02", "2026-03", "2026-04"):
        await bill(period)
    found = await standing(member.number)
    wajib = [(one.bill.amount_minor, one.open_minor) for one in found.settled if one.bill.kind is Kind.WAJIB]
    # The tariff changed in the middle of March: March is asked as it began, April as it is.
    assert wajib == [(MONTHLY, 0), (MONTHLY, 0), (MONTHLY, 0), (2_500_000, 1_500_000)]
    assert [(row.months, row.wajib_minor, row.since) for row in (await behind()).rows] == [(1, 1_500_000, "2026-04")]
    async with database.reading(cooperative.book_id) as connection:
        entry = await ledger.entry_by_number(connection, cooperative.book_id, paid.entry_number)
    await poster.post(
        ledger.reversal_of(entry, effective_date=entry.effective_date, actor="uji", key="balik", reason="salah")
    )
    assert [(row.months, row.wajib_minor, row.since) for row in (await behind()).rows] == [(4, 8_500_000, "2026-01")]


async def test_the_list_goes_by_pages(join, bill, behind):
    for name in "abcde":
        await join(name)
    await bill("2026-02")
    first = await behind(limit=3)
    rest = await behind(limit=3, after=first.next_after)
    assert (len(first.rows), len(rest.rows), rest.next_after) == (3, 2, None)
    assert first.members == rest.members == 5
    assert [*first.rows, *rest.rows] == list((await behind(limit=None)).rows)


async def test_a_bill_that_was_given_up_is_not_asked_for_nor_billed_again(
    database, cooperative, join, bill, standing, behind
):
    member, _ = await join()
    await bill("2026-02")
    async with database.work(cooperative.book_id) as work:
        await service.waive(work, member.number, "2026-02", WaiverReason.MISTAKE, actor="uji")
        await service.waive(work, member.number, "2026-02", WaiverReason.MISTAKE, actor="uji")
        with pytest.raises(NotFound):
            await service.waive(work, member.number, "2026-03", WaiverReason.MISTAKE, actor="uji")
        await work.commit()
    assert (await bill("2026-02")).members == 0
    found = await standing(member.number)
    assert [one.bill.period for one in found.settled if one.bill.kind is Kind.WAJIB] == ["2026-01"]
    assert [one.bill.period for one in found.waived] == ["2026-02"]
    assert (await behind()).rows[0].wajib_minor == MONTHLY


async def test_pokok_in_parts(database, cooperative, join, pay, standing, behind):
    async with database.work(cooperative.book_id) as work:
        await cooperatives.add_policy(work, "simpanan_pokok.instalments", date(2026, 1, 1), "3", "uji", "uji")
        await work.commit()
    member, accounts = await join(joined_on=date(2026, 3, 5))
    parts = [one.bill for one in (await standing(member.number)).settled if one.bill.kind is Kind.POKOK]
    assert [(part.period, part.amount_minor) for part in parts] == [
        ("2026-03", 3_333_400), ("2026-04", 3_333_300), ("2026-05", 3_333_300),
    ]  # fmt: skip
    assert (await behind()).rows[0].pokok_minor == 6_666_700
    await pay(accounts["pokok"], 3_333_400)
    assert (await behind()).rows[0].pokok_minor == 3_333_300
    await pay(accounts["pokok"], 6_666_600)
    with pytest.raises(Refusal, match="pokok-above-due"):
        await pay(accounts["pokok"], 100)


async def test_money_taken_over_pays_no_month_that_came_later(
    database, poster, cooperative, join, pay, bill, standing, behind
):
    """A passbook of six years comes with its balance, not with its bills: it must not look paid for years ahead."""
    member, accounts = await join(joined_on=date(2020, 2, 1))
    await pay(accounts["pokok"], 10_000_000)
    async with database.reading(cooperative.book_id) as connection:
        account = await service.savings.account_by_number(connection, cooperative.book_id, accounts["wajib"])
        difference = await ledger.account_by_code(connection, cooperative.book_id, "4401")
    opening = ledger.Draft(
        cooperative.book_id, date(2026, 2, 28), "opening.savings", "Saldo awal", "uji",
        (ledger.Line(difference.account_id, 140_000_000), ledger.Line(account.ledger_account_id, -140_000_000)),
        key="import:1:1:1", source="import:1", link="import:1",
    )  # fmt: skip
    posted = await poster.post(opening)
    assert isinstance(posted, ledger.Posted)
    for period in ("2026-02", "2026-03"):
        await bill(period)
    found = await standing(member.number)
    assert [(one.bill.period, one.open_minor) for one in found.settled if one.bill.kind is Kind.WAJIB] == [
        ("2020-02", 0), ("2026-02", 0), ("2026-03", MONTHLY),
    ]  # fmt: skip
    assert found.ahead_minor == 0
    assert (await behind()).rows[0].wajib_minor == MONTHLY
    await pay(accounts["wajib"], 3_000_000)
    assert (await standing(member.number)).ahead_minor == 1_000_000
    assert (await behind()).members == 0
    async with database.reading(cooperative.book_id) as connection:
        entry = await ledger.entry_by_number(connection, cooperative.book_id, posted.number)
    undone = await poster.post(
        ledger.reversal_of(entry, effective_date=date(2026, 2, 28), actor="uji", key="batal", reason="uji")
    )
    assert isinstance(undone, ledger.Posted)
    assert (await behind()).rows[0].wajib_minor == 3_000_000


async def test_months_tell_what_is_billed_and_what_is_missing(database, cooperative, join, bill):
    await join()
    await join("Dua")
    await bill("2026-03")
    await join("Tiga", joined_on=date(2026, 3, 30))
    await join("Empat", joined_on=date(2026, 2, 1))
    async with database.reading(cooperative.book_id) as connection:
        found = await service.months(connection, cooperative, TODAY)
    assert [tuple(one) for one in found[:3]] == [
        ("2026-04", 0, 0, 4), ("2026-03", 3, 3 * MONTHLY, 1), ("2026-02", 1, MONTHLY, 2),
    ]  # fmt: skip


async def test_who_left_is_not_dunned(database, cooperative, join, bill, behind, standing):
    member, _ = await join()
    await bill("2026-02")
    assert (await behind()).members == 1
    async with database.work(cooperative.book_id) as work:
        await work.connection.execute(
            members.member.update()
            .where(members.member.c.book_id == work.book_id, members.member.c.number == member.number)
            .values(status="meninggal")
        )
        await work.commit()
    assert (await behind()).members == 0
    found = await standing(member.number)
    assert found.ended
    assert (found.late_minor, [found.open_minor(kind, "2026-04") for kind in Kind]) == (0, [0, 0])
    assert sum(one.open_minor for one in found.settled) > 0  # it stays on record


async def test_two_who_bill_at_once_bill_each_member_once(join, bill, standing):
    people = [(await join(name))[0] for name in "abc"]
    done = await asyncio.gather(*(bill("2026-02") for _ in range(4)))
    assert sum(one.members for one in done) == len(people)
    for person in people:
        assert len([one for one in (await standing(person.number)).settled if one.bill.kind is Kind.WAJIB]) == 2


async def test_the_list_says_what_the_rules_say_of_each_member(database, cooperative, join, pay, bill, behind):
    """The list adds up in the database, a card by the rules: of all kinds of members they say the same."""
    chance = random.Random(17)
    people = []
    for place in range(14):
        member, accounts = await join(f"Anggota {place}", joined_on=date(2025, chance.randint(1, 12), 3))
        people.append((member, accounts))
    for back in range(5, -1, -1):
        await bill(rules.shifted("2026-04", -back))
    for member, accounts in people:
        for _ in range(chance.randint(0, 3)):
            await pay(accounts["wajib"], chance.randint(1, 60) * 100_000, date(2026, chance.randint(1, 4), 5))
        await pay(accounts["pokok"], chance.randint(1, 100) * 100_000)
        if chance.random() < 0.4:
            async with database.work(cooperative.book_id) as work:
                await service.waive(work, member.number, "2026-02", WaiverReason.EXEMPT, actor="uji")
                await work.commit()
    numbers = [member.number for member, _ in people]
    for on, least in ((TODAY, 1), (date(2026, 4, 3), 1), (TODAY, 3)):
        async with database.reading(cooperative.book_id) as connection:
            known = await service.standings_of(connection, cooperative, numbers, on)
        older = rules.shifted(rules.last_late(on, 20), 1 - least)
        expected = {
            number: (one.late[Kind.WAJIB].amount_minor, one.late[Kind.POKOK].amount_minor)
            for number, one in known.items()
            if any(late.since and late.since <= older for late in one.late.values())
        }
        page = await behind(on, months=least, limit=None)
        assert {row.member_number: (row.wajib_minor, row.pokok_minor) for row in page.rows} == expected
        assert page.total_minor == sum(map(sum, expected.values()))
    assert expected


# --- collections ------------------------------------------------------------------------------------------------------
