"""Acts that are not entries: asked for, carried out when another agrees, and by nobody alone."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, timedelta

import pytest

from koperasi.access import service as access
from koperasi.approvals import rules, service, service_acts
from koperasi.approvals.service import Act, Kind, Status
from koperasi.cooperatives.service import add_policy
from koperasi.errors import Conflict, Refusal
from koperasi.permissions import Role
from koperasi.posting import Idempotency

DONE: list[tuple[str, str]] = []


async def note(work, found, approver):
    """An executor that leaves a row behind, so that a test sees whether its transaction stood."""
    if found.params["allowed"] is False:
        raise Refusal("not-now", "Tidak sekarang.")
    await add_policy(work, "cash.rounding", date.fromisoformat(found.params["day"]), "50.00", "uji", found.asked_by)
    DONE.append((found.asked_by, approver))


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setattr(service_acts, "_EXECUTORS", {})
    service.register(Kind.RATE_CHANGE, note, about="uji")
    DONE.clear()


def act(key: str | None = None, *, day: str = "2026-01-05", allowed: bool = True, about: str = "uji") -> Act:
    once = Idempotency.of("test", key or secrets.token_hex(8), day, allowed)
    effects = [("Pembulatan kas", "Rp100", "Rp50")]
    return Act(Kind.RATE_CHANGE, f"{about} 1", {"day": day, "allowed": allowed}, effects, "admin", once)


async def ask(database, book_id, wanted, now=None):
    async with database.work(book_id) as work:
        asked = await service.ask_act(work.connection, book_id, wanted, now or datetime.now(UTC))
        await work.commit()
    return asked


async def approve(database, book_id, asked, actor="ketua", now=None):
    async with database.work(book_id) as work:
        done = await service.approve(
            work.connection, book_id, asked.number, actor=actor, seen=asked.fingerprint, now=now or datetime.now(UTC)
        )
        await work.commit()
    return done


async def test_it_is_carried_out_once_in_the_transaction_of_who_agrees(database, cooperative):
    book_id = cooperative.book_id
    asked = await ask(database, book_id, act("once"))
    assert (asked.kind, asked.status, asked.asked_by, asked.is_act) == (Kind.RATE_CHANGE, Status.DRAFT, "admin", True)
    assert [tuple(one) for one in asked.changes] == [("Pembulatan kas", "Rp100", "Rp50")]
    assert (await ask(database, book_id, act("once"))).number == asked.number
    with pytest.raises(Refusal) as other:
        await ask(database, book_id, act("once", day="2026-01-06"))
    assert other.value.code == "idempotency-mismatch"
    with pytest.raises(Conflict) as own:
        await approve(database, book_id, asked, actor="admin")
    assert (own.value.code, DONE) == ("same-person", [])
    done = await approve(database, book_id, asked)
    assert (done.status, done.decided_by, done.entry_number, DONE) == (
        Status.APPROVED, "ketua", None, [("admin", "ketua")],
    )  # fmt: skip
    with pytest.raises(Conflict):
        await approve(database, book_id, asked)
    assert len(DONE) == 1


async def test_what_the_executor_refuses_goes_on_waiting(database, cooperative):
    asked = await ask(database, cooperative.book_id, act(allowed=False))
    with pytest.raises(Refusal) as refused:
        await approve(database, cooperative.book_id, asked)
    assert refused.value.code == "not-now"
    async with database.reading(cooperative.book_id) as connection:
        assert (await service.approval(connection, cooperative.book_id, asked.number)).status is Status.DRAFT


async def test_nobody_carries_out_what_is_not_known(database, cooperative):
    asked = await ask(database, cooperative.book_id, act(about="lain"))
    with pytest.raises(Conflict) as refused:
        await approve(database, cooperative.book_id, asked)
    assert refused.value.code == "approval-unknown"


async def test_one_that_waited_too_long_is_carried_out_by_nobody(database, cooperative):
    now = datetime.now(UTC)
    asked = await ask(database, cooperative.book_id, act(), now)
    late = await approve(database, cooperative.book_id, asked, now=now + timedelta(days=30))
    assert (late.status, DONE) == (Status.EXPIRED, [])


@pytest.mark.parametrize("field", ["params", "effects", "subject", "kind"])
def test_the_fingerprint_covers_all_that_is_agreed_to(field):
    content = rules.content_of_act(act("same"), date(2026, 1, 5))
    changed = {**content, field: "x"}
    assert rules.fingerprint_of(changed) != rules.fingerprint_of(content)


async def make(database, book_id, role, username):
    async with database.work(book_id) as work:
        made = await access.create_user(
            work.connection, book_id, username=username, name=username, role=role, password="sawah-lereng-bukit-9",
        )  # fmt: skip
        await work.commit()
    return made


async def needs(database, book_id, kind, actor=None):
    async with database.reading(book_id) as connection:
        return await service.needs_second(connection, book_id, kind, date(2026, 11, 29), actor=actor)


async def test_a_second_person_is_asked_only_where_there_is_one_and_the_policies_say_so(database, cooperative):
    book_id = cooperative.book_id
    assert not await needs(database, book_id, Kind.ROLE_CHANGE)
    await make(database, book_id, Role.BENDAHARA, "bendahara")
    assert not await needs(database, book_id, Kind.ROLE_CHANGE)
    chair = await make(database, book_id, Role.KETUA, "ketua")
    for kind in rules.SWITCHES:
        assert await needs(database, book_id, kind) is (kind is not Kind.REVERSAL), kind
    assert not await needs(database, book_id, Kind.ROLE_CHANGE, actor="ketua")
    async with database.work(book_id) as work:
        await add_policy(work, "approval.role_changes", date(2026, 1, 1), "off", "Keputusan pengurus", "admin")
        await work.commit()
    assert not await needs(database, book_id, Kind.ROLE_CHANGE)
    async with database.work(book_id) as work:
        await access.deactivate(work.connection, book_id, chair, actor_id=None)
        await work.commit()
    assert not await needs(database, book_id, Kind.MEMBER_EXIT)
