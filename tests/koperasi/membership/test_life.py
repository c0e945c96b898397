"""Acts in the book of members, joining by decision, consents, and what is forgotten."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from koperasi.cooperatives.service import add_policy
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.members import service as members
from koperasi.members.service import MemberStatus
from koperasi.membership import service
from koperasi.membership.service import Act, Reason, Scope
from koperasi.permissions import Role
from koperasi.savings import service as savings
from koperasi.savings.service import SavingsKind

from .conftest import TODAY, once


async def test_where_the_board_decides_everybody_begins_as_an_applicant(client, database, own_village):
    async with database.work(own_village.cooperative.book_id) as work:
        await add_policy(work, "membership.decision", date(2026, 1, 1), "on", "AD pasal 6", "admin")
        await work.commit()
    made = await client.post("/api/v1/members", headers=own_village.headers(Role.BENDAHARA), json={"name": "Tini"})
    assert (made.status_code, made.json()["status"]) == (201, "pemohon"), made.text
    changed = await client.patch(
        f"/api/v1/members/{made.json()['number']}",
        headers=own_village.headers(Role.BENDAHARA),
        json={"status": "anggota"},
    )
    assert changed.status_code in {400, 422}


async def test_acts_are_kept_in_their_order_and_only_added(desk, superuser_engine):
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    member = await desk.join()
    await desk.act(member.number, Act.ON_LEAVE, Reason.ABROAD, date(2026, 3, 1), None)
    await desk.act(member.number, Act.ACTIVE, None, date(2026, 9, 1))
    await desk.act(member.number, Act.DISMISSED, Reason.BREACH, date(2026, 10, 1))
    await desk.act(member.number, Act.CORRECTED, Reason.RECORDED_WRONGLY, date(2026, 10, 2))
    with pytest.raises(Refusal, match="member-status"):
        await desk.act(member.number, Act.CORRECTED, Reason.RECORDED_WRONGLY)
    async with desk.database.reading(desk.cooperative.book_id) as connection:
        now = await service.standing(connection, desk.cooperative, member.number)
    assert [(one.act, one.to_status.value) for one in now.events] == [
        ("on-leave", "cuti"), ("active", "anggota"), ("dismissed", "diberhentikan"), ("corrected", "anggota"),
    ]  # fmt: skip
    assert (now.member.status, now.member.left_on) == (MemberStatus.ANGGOTA, None)
    async with superuser_engine.connect() as connection:
        for table in ("member_event", "member_exit", "member_exit_part", "member_exit_payment", "member_consent"):
            for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
                async with connection.begin_nested() as nested:
                    with pytest.raises(DBAPIError, match="append-only"):
                        await connection.execute(text(statement))
                    await nested.rollback()


async def test_whoever_has_left_is_paid_by_the_settlement_and_not_at_the_desk(desk):
    member = await desk.join()
    await desk.pay_in(member.number, sukarela=50_000)
    await desk.act(member.number, Act.DISMISSED, Reason.BREACH)
    account = (await desk.accounts(member.number))[SavingsKind.SUKARELA].number
    for move in (savings.withdraw, savings.deposit):
        with pytest.raises(Refusal, match=r"member-left|member-cannot-deposit"):
            await move(
                desk.database, desk.poster, desk.cooperative, account_number=account, amount_minor=1_000_000,
                effective_date=TODAY, actor="kasir", idempotency=once(),
            )  # fmt: skip


async def test_a_consent_lasts_until_its_day_or_the_end_of_the_membership(desk):
    giver, other = await desk.join(), await desk.join("Budi")
    book_id = desk.cooperative.book_id

    async def grant(scope=Scope.DUES, relative=other.number, until=None):
        async with desk.database.work(book_id) as work:
            made = await service.grant(
                work, giver.number, scope, relative_number=relative, until_on=until, actor=giver.number, today=TODAY
            )
            await work.commit()
        return made

    async def seen(on: date):
        async with desk.database.reading(book_id) as connection:
            return await service.seen_by(connection, book_id, giver.number, other.number, on)

    await grant(until=TODAY)
    assert await seen(TODAY) == {Scope.DUES}
    with pytest.raises(NotFound):
        await seen(TODAY + timedelta(days=1))
    with pytest.raises(Conflict, match="consent-exists"):
        await grant()
    for wrong in ({"relative": giver.number}, {"relative": "99999"}, {"relative": None}, {"relative": "\x00"}):
        with pytest.raises(Refusal, match="consent-relative"):
            await grant(**wrong)
    with pytest.raises(Refusal, match="consent-until"):
        await grant(Scope.ALL, until=TODAY - timedelta(days=1))
    all_of_it = await grant(Scope.ALL)
    assert Scope.PASSBOOK in await seen(TODAY)
    async with desk.database.work(book_id) as work:
        with pytest.raises(NotFound):
            await service.revoke(work, other.number, all_of_it.number, actor=other.number)
    await desk.act(giver.number, Act.DECEASED, Reason.FAMILY_LETTER)
    with pytest.raises(NotFound):
        await seen(TODAY)


async def test_heirs_are_forgotten_once_they_are_paid(desk, heirs):
    member = await desk.join(heirs=heirs)
    await desk.pay_in(member.number, pokok=100_000)
    await desk.act(member.number, Act.DECEASED, Reason.DEATH_CERTIFICATE)
    await desk.decide(member.number)

    async def forget() -> list[str | None]:
        async with desk.database.work(desk.cooperative.book_id) as work:
            await service.forget(work, member.number)
            found = await service.life_of(work.connection, work.book_id, member.number)
            await work.commit()
        assert found.as_json()["settlements"][0]["parts"][0]["relation"] == "Anak"
        return [one.name for one in found.exits[0].parts]

    assert await forget() == ["Budi", "Wati", "Slamet"]
    for position in (1, 2, 3):
        await desk.pay(member.number, position)
    assert await forget() == [None, None, None]
    async with desk.database.reading(desk.cooperative.book_id) as connection:
        assert (await members.member_by_number(connection, desk.cooperative.book_id, member.number)).left_on == TODAY


async def test_the_doctor_holds_what_leavers_are_owed_against_the_ledger(desk, superuser_engine):
    from sqlalchemy import text

    from koperasi.reports import service_doctor

    member = await desk.join()
    await desk.pay_in(member.number, pokok=100_000)
    await desk.act(member.number, Act.EXIT_REQUESTED, Reason.OTHER)
    await desk.decide(member.number)

    async def wrong() -> set[str]:
        async with desk.database.reading(desk.cooperative.book_id) as connection:
            return {one.code for one in await service_doctor._examine_registers(connection, desk.cooperative)}

    assert await wrong() == set()
    await desk.pay(member.number)
    assert await wrong() == set()
    async with superuser_engine.begin() as connection:
        await connection.execute(text("ALTER TABLE member_exit_payment DISABLE TRIGGER USER"))
        book = desk.cooperative.book_id
        await connection.execute(text(f"DELETE FROM member_exit_payment WHERE book_id = {book}"))
        await connection.execute(text("ALTER TABLE member_exit_payment ENABLE TRIGGER USER"))
    assert await wrong() == {"leaver"}
