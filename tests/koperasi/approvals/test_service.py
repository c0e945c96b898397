"""Maker and checker: who may agree, to what exactly, for how long, and what is held meanwhile."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import ledger
from koperasi.approvals import rules, service
from koperasi.approvals.rules import Status
from koperasi.audit import service as audit
from koperasi.audit.service import Search
from koperasi.bookkeeping import service as bookkeeping
from koperasi.cooperatives.service import add_policy
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.members import service as members
from koperasi.posting import Idempotency
from koperasi.reports.service_doctor import examine
from koperasi.savings import service as savings


async def code_of(doing) -> str:
    with pytest.raises(Refusal) as refused:
        await doing
    return refused.value.code


async def actions(desk) -> list[str]:
    async with desk.database.reading(desk.book_id) as connection:
        found, _ = await audit.events(connection, desk.book_id, Search())
    return [event.action for event in found if event.action.startswith("approval.")][::-1]


async def test_up_to_the_limit_nobody_is_asked(desk):
    assert (await desk.withdraw(500)).amount_minor == 50_000
    assert await desk.stands() == (4_500, 4_500)


async def test_above_the_limit_nothing_is_posted_until_another_agrees(desk):
    before = await desk.last_entry()
    asked = await desk.ask(600)
    assert (asked.status, asked.asked_by, asked.amount_minor) == (Status.DRAFT, "kasir", 60_000)
    assert await desk.last_entry() == before
    assert await desk.stands() == (5_000, 4_400)
    async with desk.database.reading(desk.book_id) as connection:
        effects = await service.effects(connection, desk.book_id, asked)
    assert [(one.before_minor - one.after_minor) for one in effects] == [60_000, 60_000]
    done = await desk.approve(asked)
    assert (done.status, done.decided_by, done.entry_number) == (Status.APPROVED, "ketua", before + 1)
    assert await desk.stands() == (4_400, 4_400)
    async with desk.database.reading(desk.book_id) as connection:
        entry = await ledger.entry_by_number(connection, desk.book_id, before + 1)
        report = await ledger.verify(connection, desk.book_id)
    assert (entry.kind, entry.actor) == ("savings.withdrawal", "kasir")
    sealed = dict(entry.metadata)
    assert re.fullmatch(r"[0-9]+:[0-9a-f]{64}", sealed.pop("trail"))
    assert sealed == {"approval": str(asked.number), "approved_by": "ketua"}
    assert report.findings == ()
    assert await actions(desk) == ["approval.asked", "approval.given"]


async def test_nobody_agrees_to_or_refuses_their_own(desk, owner_engine):
    asked = await desk.ask(600)
    assert await code_of(desk.approve(asked, "kasir")) == "same-person"
    assert await code_of(desk.refuse(asked, "kasir")) == "same-person"
    assert (await desk.read(asked.number)).status is Status.DRAFT
    # Nor can the application say so past its own rules.
    with pytest.raises(DBAPIError, match="two_people"):
        async with desk.database.work(desk.book_id) as work:
            await work.connection.execute(
                text("UPDATE approval SET status = 'approved', decided_by = 'kasir', decided_at = now()")
            )


async def test_what_was_not_seen_is_not_agreed_to(desk):
    asked, other = await desk.ask(600), await desk.ask(700)
    assert await code_of(desk.approve(asked, seen=other.fingerprint)) == "approval-changed"
    assert await code_of(desk.approve(asked, seen=b"")) == "approval-changed"
    assert await desk.stands() == (5_000, 3_700)


async def test_content_that_was_changed_behind_the_back_is_not_agreed_to(desk, superuser_engine):
    asked = await desk.ask(600)
    changed = dict(asked.content) | {"lines": [[line[0], line[1] * 2] for line in asked.content["lines"]]}
    async with superuser_engine.begin() as connection:
        await connection.execute(text("ALTER TABLE approval DISABLE TRIGGER approval_keep"))
        await connection.execute(
            text("UPDATE approval SET content = :content WHERE book_id = :book AND number = :number"),
            {"content": json.dumps(changed), "book": desk.book_id, "number": asked.number},
        )
        await connection.execute(text("ALTER TABLE approval ENABLE TRIGGER approval_keep"))
    assert await code_of(desk.approve(asked)) == "approval-changed"
    assert await desk.stands() == (5_000, 4_400)


@pytest.mark.parametrize(
    "change", ["content = '{}'", "fingerprint = sha256('')", "expires_at = now()", "asked_by = 'x'"]
)
async def test_what_was_asked_never_changes_even_for_the_owner(desk, superuser_engine, change):
    asked = await desk.ask(600)
    with pytest.raises(DBAPIError, match="what was asked never changes"):
        async with superuser_engine.begin() as connection:
            await connection.execute(
                text(f"UPDATE approval SET {change}, status = 'expired', decided_at = now() WHERE book_id = :book"),
                {"book": desk.book_id},
            )
    assert await desk.read(asked.number) == asked


async def test_the_application_may_not_touch_what_was_asked(desk):
    await desk.ask(600)
    for statement in ("UPDATE approval SET content = '{}'", "DELETE FROM approval"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with desk.database.work(desk.book_id) as work:
                await work.connection.execute(text(statement))


async def test_the_sixth_of_six_holds_is_refused(desk):
    needs = [await desk.need(1_000) for _ in range(6)]
    answers = await asyncio.gather(*(desk.file(need) for need in needs), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [answer.code for answer in refused] == ["insufficient-balance"]
    assert await desk.stands() == (5_000, 0)
    # What is held, nobody else can take either.
    assert await code_of(desk.withdraw(100)) == "insufficient-balance"
    approved = [await desk.approve(answer) for answer in answers if not isinstance(answer, Refusal)]
    assert len(approved) == 5
    assert await desk.stands() == (0, 0)


async def test_the_book_itself_counts_what_is_held(desk):
    await desk.ask(4_800)
    async with desk.database.reading(desk.book_id) as connection:
        account = await savings.account_by_number(connection, desk.book_id, desk.account)
        cash = await ledger.account_by_code(connection, desk.book_id, "1101")
    lines = (ledger.Line(account.ledger_account_id, 300_00), ledger.Line(cash.account_id, -300_00))
    draft = ledger.Draft(desk.book_id, date(2026, 11, 1), "journal", "Jurnal umum", "uji", lines, "past-the-rules")
    async with desk.database.work(desk.book_id) as work:
        outcome = (await ledger.append(work.connection, [draft]))[0]
    assert isinstance(outcome, ledger.Rejected)
    assert outcome.code == "floor"


async def test_two_who_agree_at_once_post_once(desk):
    asked, before = await desk.ask(600), await desk.last_entry()
    answers = await asyncio.gather(
        desk.approve(asked, "ketua"), desk.approve(asked, "pengurus"), return_exceptions=True
    )
    codes = sorted(answer.code if isinstance(answer, Conflict) else "posted" for answer in answers)
    assert codes == ["approval-decided", "posted"]
    assert await desk.last_entry() == before + 1
    assert await desk.stands() == (4_400, 4_400)


async def test_a_refusal_frees_what_was_held_and_says_why(desk):
    asked = await desk.ask(600)
    done = await desk.refuse(asked)
    assert (done.status, done.reason, done.decided_by) == (Status.REFUSED, "belum ada berkas", "ketua")
    assert await desk.stands() == (5_000, 5_000)
    assert await code_of(desk.approve(asked)) == "approval-decided"
    assert await actions(desk) == ["approval.asked", "approval.refused"]


async def test_who_asked_takes_it_back_and_nobody_else(desk):
    asked = await desk.ask(600)
    async with desk.database.work(desk.book_id) as work:
        with pytest.raises(NotFound):
            await service.withdraw(work.connection, desk.book_id, asked.number, actor="ketua", now=datetime.now(UTC))
    async with desk.database.work(desk.book_id) as work:
        done = await service.withdraw(work.connection, desk.book_id, asked.number, actor="kasir", now=datetime.now(UTC))
        await work.commit()
    assert done.status is Status.WITHDRAWN
    assert await desk.stands() == (5_000, 5_000)


async def test_whoever_looks_after_three_days_lets_it_go(desk):
    now = datetime.now(UTC)
    asked = await desk.ask(600, now=now)
    assert asked.expires_at == now + timedelta(days=3)
    almost, late = asked.expires_at - timedelta(seconds=1), asked.expires_at
    async with desk.database.work(desk.book_id) as work:
        assert await service.expire(work.connection, desk.book_id, "ketua", almost) == 0
        assert await service.waiting(work.connection, desk.book_id, "ketua", almost) == 1
        assert await service.waiting(work.connection, desk.book_id, "kasir", almost) == 0
        assert await service.waiting(work.connection, desk.book_id, "ketua", late) == 0
        assert await service.expire(work.connection, desk.book_id, "ketua", late) == 1
        assert await service.expire(work.connection, desk.book_id, "ketua", late) == 0
        await work.commit()
    assert (await desk.read(asked.number)).status is Status.EXPIRED
    assert await desk.stands() == (5_000, 5_000)
    assert await actions(desk) == ["approval.asked", "approval.expired"]


async def test_an_answer_that_comes_too_late_posts_nothing_and_frees_the_money(desk):
    asked, before = await desk.ask(600), await desk.last_entry()
    done = await desk.approve(asked, now=asked.expires_at)
    assert done.status is Status.EXPIRED
    assert await desk.last_entry() == before
    assert await desk.stands() == (5_000, 5_000)
    with pytest.raises(Conflict, match="approval-expired"):
        rules.check_open(done)


async def test_who_asks_next_finds_what_expired_drafts_held(desk):
    now = datetime.now(UTC)
    await desk.ask(5_000, now=now - timedelta(days=4))
    assert await code_of(desk.withdraw(600)) == "insufficient-balance"
    async with desk.database.work(desk.book_id) as work:
        assert await service.expire(work.connection, desk.book_id, "kasir", now) == 1
        await work.commit()
    assert (await desk.ask(600)).status is Status.DRAFT


async def test_the_same_request_finds_its_draft_and_later_its_receipt(desk):
    asked = await desk.ask(3_000, "again")
    # The money that it holds is missing now, and it is still the same request.
    assert await desk.ask(3_000, "again") == asked
    needs = await asyncio.gather(*(desk.need(1_000, "at-once") for _ in range(4)))
    same = await asyncio.gather(*(desk.file(need) for need in needs))
    assert len({one.number for one in same}) == 1
    assert await desk.stands() == (5_000, 1_000)
    need = await desk.need(1_000, "again-2")
    other = need.proposal.draft._replace(key=asked.key)
    with pytest.raises(Refusal, match="idempotency-mismatch"):
        await desk.file(service.NeedsApproval(need.proposal._replace(draft=other)))
    done = await desk.approve(asked)
    receipt = await desk.withdraw(3_000, "again")
    assert (receipt.entry_number, receipt.replayed) == (done.entry_number, True)


async def test_a_month_closed_meanwhile_keeps_it_waiting(desk):
    asked = await desk.ask(600)
    month = asked.effective_date.replace(day=1)
    async with desk.database.work(desk.book_id) as work:
        await ledger.set_period(work.connection, desk.book_id, month, ledger.PeriodStatus.HELD, by="bendahara")
        await work.commit()
    assert await code_of(desk.approve(asked)) == "period-held"
    assert (await desk.read(asked.number)).status is Status.DRAFT
    assert await desk.stands() == (5_000, 4_400)


async def test_a_member_whose_standing_changed_is_asked_for_anew(desk, superuser_engine):
    asked = await desk.ask(600)
    async with superuser_engine.begin() as connection:
        await connection.execute(
            text("UPDATE member SET status = 'meninggal' WHERE book_id = :book AND number = :number"),
            {"book": desk.book_id, "number": desk.member_number},
        )
    assert await code_of(desk.approve(asked)) == "member-changed"
    assert (await desk.refuse(asked)).status is Status.REFUSED


def bought(rupiah: int) -> bookkeeping.NewEntry:
    lines = (bookkeeping.NewLine("1101", rupiah * 100, None), bookkeeping.NewLine("4201", None, rupiah * 100))
    return bookkeeping.NewEntry(date(2026, 11, 2), "Hibah dari Pak Wayan", lines)


async def post(desk, new, key="entry"):
    return await bookkeeping.post_entry(
        desk.database, desk.poster, desk.book_id, new, today=date(2026, 11, 25), actor="bendahara",
        idempotency=Idempotency.of("test", key, new),
    )  # fmt: skip


async def test_an_entry_by_hand_above_the_limit_waits_and_its_words_go_where_they_can_be_erased(desk, superuser_engine):
    await post(desk, bought(1_000_000), "small")
    with pytest.raises(service.NeedsApproval) as need:
        await post(desk, bought(1_000_001))
    asked = await desk.file(need.value)
    assert asked.description == "Hibah dari Pak Wayan"
    done = await desk.approve(asked)
    async with desk.database.reading(desk.book_id) as connection:
        entry = await ledger.entry_by_number(connection, desk.book_id, done.entry_number)
    assert entry.description == "Hibah dari Pak Wayan"
    assert (await post(desk, bought(1_000_001))) == (done.entry_number, True)
    async with superuser_engine.connect() as connection:
        kept = await connection.scalar(
            text("SELECT row_to_json(approval)::text FROM approval WHERE book_id = :book"), {"book": desk.book_id}
        )
    assert "Wayan" not in kept


async def test_words_changed_behind_the_back_are_not_agreed_to(desk, superuser_engine):
    with pytest.raises(service.NeedsApproval) as need:
        await post(desk, bought(1_000_001))
    asked = await desk.file(need.value)
    async with superuser_engine.begin() as connection:
        await connection.execute(text("ALTER TABLE approval DISABLE TRIGGER approval_keep"))
        await connection.execute(
            text("UPDATE approval SET note = 'lain' WHERE book_id = :book"), {"book": desk.book_id}
        )
        await connection.execute(text("ALTER TABLE approval ENABLE TRIGGER approval_keep"))
    assert await code_of(desk.approve(asked)) == "approval-changed"


async def test_many_at_once_are_no_way_around_the_limit(desk):
    items = [bookkeeping.BulkItem("a", bought(10)), bookkeeping.BulkItem("b", bought(1_000_001))]
    async with desk.database.work(desk.book_id) as work:
        answers = await bookkeeping.post_many(
            work.connection, desk.book_id, items, mode="independent", today=date(2026, 11, 25), actor="bendahara",
            request_key="many",
        )  # fmt: skip
    assert [answer.refusal and answer.refusal.code for answer in answers] == [None, "needs-approval"]


async def test_reversals_wait_where_the_policy_says_so(desk):
    settled = await post(desk, bought(10), "to-undo")

    async def undo(key):
        return await bookkeeping.reverse_entry(
            desk.database, desk.poster, desk.book_id, settled.number, reason="Salah akun", effective_date=None,
            today=date(2026, 11, 25), actor="bendahara", idempotency=Idempotency.of("test", key),
        )  # fmt: skip

    async with desk.database.work(desk.book_id) as work:
        await add_policy(work, "approval.reversals", date(2001, 1, 1), "ya", "Keputusan pengurus", "uji")
        await work.commit()
    with pytest.raises(service.NeedsApproval) as need:
        await undo("one")
    asked = await desk.file(need.value)
    done = await desk.approve(asked)
    async with desk.database.reading(desk.book_id) as connection:
        entry = await ledger.entry_by_number(connection, desk.book_id, done.entry_number)
    assert (entry.reverses, entry.description) == (settled.number, "Salah akun")
    receipt = await desk.deposit(10)
    with pytest.raises(service.NeedsApproval):
        await savings.reverse(
            desk.database, desk.poster, desk.cooperative, entry_number=receipt.entry_number, reason="Salah rekening",
            effective_date=None, actor="bendahara", idempotency=Idempotency.of("test", "two"),
        )  # fmt: skip


async def test_members_are_named_by_number_only(desk):
    asked = await desk.ask(600)
    async with desk.database.reading(desk.book_id) as connection:
        name = (await members.member_by_number(connection, desk.book_id, desk.member_number)).name
    assert name not in json.dumps(asked.content)
    assert asked.content["member"][0] == desk.member_number


async def test_nobody_is_asked_about_what_the_book_refuses_in_any_case(desk):
    before = await desk.last_entry()
    lines = (bookkeeping.NewLine("7303", 10**12, None), bookkeeping.NewLine("1101", None, 10**12))
    new = bookkeeping.NewEntry(date(2026, 11, 2), "Beli gedung", lines)
    with pytest.raises(service.NeedsApproval) as need:
        await post(desk, new)
    async with desk.database.work(desk.book_id) as work:
        with pytest.raises(Refusal) as refused:
            await bookkeeping.ask(work.connection, desk.book_id, need.value, new)
        await work.commit()
    assert (refused.value.code, refused.value.errors[0].field) == ("floor", "lines.1.credit")
    assert await desk.last_entry() == before


async def test_the_doctor_holds_requests_against_the_ledger(desk, superuser_engine):
    async def found():
        async with desk.database.reading(desk.book_id) as connection:
            report = await examine(connection, desk.cooperative)
        return [(one.code, one.facts.get("registered"), one.facts.get("total")) for one in report.findings]

    first = await desk.ask(600)
    await desk.ask(700)
    same = await asyncio.gather(*(desk.ask(800, "same") for _ in range(4)))
    assert len({one.number for one in same}) == 1
    await desk.approve(first)
    assert await found() == []
    async with superuser_engine.begin() as connection:
        await connection.execute(
            text("UPDATE ledger_account SET held = held - 100 WHERE book_id = :book AND held > 0"),
            {"book": desk.book_id},
        )
    assert await found() == [("hold", 150_000, 149_900)]
    async with superuser_engine.begin() as connection:
        await connection.execute(
            text("UPDATE ledger_account SET held = 0 WHERE book_id = :book"), {"book": desk.book_id}
        )
    assert await found() == [("hold", 150_000, 0)]
