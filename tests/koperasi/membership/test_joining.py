"""From applicant to member: the board's decision, simpanan pokok, the number; one by one and a meeting at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from koperasi.audit import service as audit
from koperasi.cooperatives.charts import Kind
from koperasi.cooperatives.policies import DEFAULTS
from koperasi.cooperatives.service import add_policy
from koperasi.errors import Refusal
from koperasi.members import service as members
from koperasi.members.service import MemberStatus
from koperasi.membership import service
from koperasi.membership.service import Act, Reason, Wish
from koperasi.permissions import Role
from koperasi.savings import service as savings
from koperasi.savings.service import SavingsKind

from .conftest import JOINED, TODAY

MEETING = date(2026, 2, 1)


@pytest.mark.parametrize("kind", Kind)
def test_a_new_cooperative_begins_with_its_board_deciding_where_it_has_members(kind):
    value = next(one.value for one in DEFAULTS[kind] if one.name == "membership.decision")
    assert value == ("off" if kind in {Kind.BPR, Kind.BUMDES_UNIT} else "on")


async def apply(desk, name="Tini"):
    return await desk.join(name, status=MemberStatus.PEMOHON)


async def decide(desk, numbers, act=Act.ACCEPTED, actor="ketua", on=MEETING, reason=None):
    async with desk.database.work(desk.cooperative.book_id) as work:
        wish = Wish(act, on, reason, "BA 2/2026")
        done = await service.decide_on(work, desk.cooperative, numbers, wish, actor=actor, today=TODAY)
        await work.commit()
    return done


async def lacking(desk):
    async with desk.database.reading(desk.cooperative.book_id) as connection:
        found = await service.applicants(connection, desk.cooperative.book_id)
    return {one.member.number: (one.checklist.decided, one.checklist.short_minor) for one in found}


async def test_an_applicant_pays_pokok_in_parts_and_gets_the_rest_with_the_number(desk):
    one = await apply(desk)
    assert set(await desk.accounts(one.number)) == {SavingsKind.POKOK}
    await desk.pay_in(one.number, on=date(2026, 1, 20), pokok=40_000)
    await decide(desk, [one.number])
    assert await lacking(desk) == {one.number: (True, 6_000_000)}
    async with desk.database.work(desk.cooperative.book_id) as work:
        with pytest.raises(Refusal, match="applicants") as refused:
            await service.admit(work, desk.cooperative, [one.number], actor="bendahara", today=TODAY)
    assert refused.value.errors[0].code == "joining-incomplete"
    await desk.pay_in(one.number, on=date(2026, 3, 5), pokok=60_000)
    async with desk.database.work(desk.cooperative.book_id) as work:
        await service.admit(work, desk.cooperative, [one.number], actor="bendahara", today=TODAY)
        await work.commit()
    assert await lacking(desk) == {}
    async with desk.database.reading(desk.cooperative.book_id) as connection:
        book = desk.cooperative.book_id
        member = await members.member_by_number(connection, book, one.number)
        dues = {due.kind: due.billed_minor for due in await savings.dues_of(connection, book, one.number)}
        trail, _ = await audit.events(connection, book, audit.Search(action="savings.opened"))
    assert (member.status, member.joined_on, member.number) == (MemberStatus.ANGGOTA, date(2026, 3, 5), one.number)
    assert dues == {SavingsKind.POKOK: 10_000_000, SavingsKind.WAJIB: 2_000_000}
    accounts = await desk.accounts(one.number)
    assert set(accounts) == {SavingsKind.POKOK, SavingsKind.WAJIB, SavingsKind.SUKARELA}
    opened = {account.number: account.opened_on for kind, account in accounts.items() if kind is not SavingsKind.POKOK}
    assert set(opened.values()) == {date(2026, 3, 5)}
    # Each account that came with the number stands in the trail.
    assert {event.subject for event in trail} == {f"savings {number}" for number in opened}
    await desk.pay_in(one.number, wajib=20_000, sukarela=5_000)


async def test_a_meeting_decides_on_many_or_on_none(desk):
    paid, unpaid, third = [await apply(desk, name) for name in ("Tini", "Tono", "Tuti")]
    await desk.pay_in(paid.number, on=date(2026, 1, 20), pokok=100_000)
    other = await desk.join("Sudah Anggota")
    with pytest.raises(Refusal, match="applicants") as refused:
        await decide(desk, [paid.number, unpaid.number, other.number, "99999"])
    assert {(one.field, one.code) for one in refused.value.errors} == {
        (other.number, "member-status"),
        ("99999", "member"),
    }
    with pytest.raises(Refusal, match="applicants") as refused:
        await decide(desk, [paid.number, unpaid.number], actor="bendahara")
    assert {one.code for one in refused.value.errors} == {"same-person"}
    for wrong in ([], [paid.number] * (service.MOST_AT_ONCE + 1)):
        with pytest.raises(Refusal, match="applicants"):
            await decide(desk, wrong)
    assert set(await lacking(desk)) == {paid.number, unpaid.number, third.number}

    done = await decide(desk, [unpaid.number, paid.number, paid.number])
    assert [(one.number, bool(one.opened)) for one in done] == [(paid.number, True), (unpaid.number, False)]
    assert await lacking(desk) == {unpaid.number: (True, 10_000_000), third.number: (False, 10_000_000)}
    # The same meeting sent again is recorded once.
    assert all(not one.events for one in await decide(desk, [unpaid.number, paid.number]))
    await decide(desk, [third.number], Act.REJECTED, reason=Reason.CONDITIONS)
    assert await desk.status(third.number) is MemberStatus.KELUAR
    assert (await apply(desk, "Tari")).number not in {paid.number, unpaid.number, third.number, other.number}


async def test_nobody_is_a_member_before_the_money_that_came_after_the_meeting(desk):
    one = await apply(desk)
    await desk.pay_in(one.number, on=date(2026, 3, 5), pokok=100_000)
    await decide(desk, [one.number])
    async with desk.database.reading(desk.cooperative.book_id) as connection:
        now = await service.standing(connection, desk.cooperative, one.number)
    assert [(event.act, event.effective_on) for event in now.events] == [
        ("accepted", MEETING), ("admitted", date(2026, 3, 5)),
    ]  # fmt: skip
    assert now.member.joined_on == date(2026, 3, 5)


async def test_a_refused_applicant_gets_back_what_was_paid(desk):
    await desk.policy("approval.member_exits", "off")
    one = await apply(desk)
    await desk.pay_in(one.number, on=JOINED, pokok=30_000)
    await decide(desk, [one.number], Act.REJECTED, reason=Reason.OTHER)
    assert (await desk.decide(one.number)).net_minor == 3_000_000
    await desk.pay(one.number)
    assert await desk.balance("3101") == 0


async def test_an_earlier_date_on_the_form_does_not_pass_the_board_by(client, database, own_village):
    today = own_village.cooperative.today(datetime.now(UTC))
    async with database.work(own_village.cooperative.book_id) as work:
        await add_policy(work, "membership.decision", today, "on", "AD pasal 6", "admin")
        await work.commit()
    for days, expected in ((0, "pemohon"), (30, "pemohon")):
        facts = {"name": "Tini", "joined_on": (today - timedelta(days=days)).isoformat()}
        made = await client.post("/api/v1/members", headers=own_village.headers(Role.BENDAHARA), json=facts)
        assert (made.status_code, made.json()["status"]) == (201, expected), made.text


async def test_the_board_ticks_names_and_the_desk_issues_numbers(client, database, own_village, page):
    desk, board = own_village.headers(Role.BENDAHARA), own_village.headers(Role.KETUA)
    book_id = own_village.cooperative.book_id
    today = own_village.cooperative.today(datetime.now(UTC))
    async with database.work(book_id) as work:
        made = []
        for name in ("Yanti", "Yanto", "Yuni"):
            new = members.NewMember(name=name, joined_on=today, status=MemberStatus.PEMOHON)
            one, _ = await members.register(work, new, actor="bendahara")
            await savings.welcome(work, own_village.cooperative, one, actor="bendahara")
            made.append(one.number)
        await work.commit()
    bendahara, ketua = await page(Role.BENDAHARA), await page(Role.KETUA)
    shown = await bendahara.get("/anggota/pemohon")
    assert all(name in shown for name in ("Yanti", "Yanto", "Yuni"))
    assert 'type="checkbox"' not in shown
    assert "Pemohon (" in await bendahara.get("/anggota")
    here, to = "/anggota/pemohon", "/anggota/pemohon/keputusan"
    facts = {"decision": "accepted", "effective_on": today.isoformat(), "reference": "BA 7/2026", "reason": ""}
    assert "Pilih dulu pemohonnya" in (await ketua.fill(here, to, status=422, **facts)).text
    refused = await ketua.fill(here, to, status=422, pemohon=[made[0], own_village.member.number], **facts)
    assert "Tidak ada yang dicatat" in refused.text
    assert f'value="{made[0]}" checked' in refused.text
    unread = await ketua.fill(
        here, to, status=422, pemohon=[made[0]], **facts | {"reference": "", "decision": "rejected"}
    )
    assert "Wajib diisi" in unread.text or "perlu diisi" in unread.text
    await bendahara.fill(here, to, status=403, pemohon=made, **facts)
    await ketua.fill(here, to, pemohon=made[:2], **facts)
    waits = (await client.get("/api/v1/applicants", headers=desk, params={"limit": 200})).json()["items"]
    assert {one["member_number"]: one["decided_on"] for one in waits if one["member_number"] in made} == {
        made[0]: today.isoformat(), made[1]: today.isoformat(), made[2]: None,
    }  # fmt: skip
    at_desk = await bendahara.get(f"/transaksi?template=s&anggota={made[0]}")
    assert "diterima pengurus, tetapi simpanan pokok kurang Rp100.000" in at_desk
    await bendahara.get(f"/anggota/{made[0]}/kartu", 404)

    pokok = (await client.get(f"/api/v1/members/{made[0]}/savings-accounts", headers=desk)).json()["items"]
    paid = await client.post(
        f"/api/v1/savings-accounts/{pokok[0]['number']}/deposits",
        headers=own_village.headers(Role.BENDAHARA, uuid4().hex),
        json={"amount": {"amount": "100000.00"}},
    )
    assert (len(pokok), paid.status_code) == (1, 201)
    await bendahara.fill(here, "/anggota/pemohon/nomor", pemohon=made[:1])
    assert "Kartu anggota" in await bendahara.get(f"/anggota/{made[0]}/kartu")
    body = {"numbers": made[2:], "act": "rejected", "reason": "conditions", "reference": "BA 7/2026"}
    said = await client.post("/api/v1/applicants/decisions", headers=board, json=body)
    assert (said.status_code, said.json()["items"]) == (200, [{"member_number": made[2], "joined": False}]), said.text
    again = await client.post("/api/v1/applicants/decisions", headers=board, json=body | {"reference": "BA 8/2026"})
    assert (again.status_code, again.json()["errors"][0]["field"]) == (422, made[2])
