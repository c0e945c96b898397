"""The pages of a member's life, as staff and members use them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from uuid import uuid4

from tests.koperasi.reports.pdf_text import missing

from koperasi.members import service as members
from koperasi.members.service import MemberStatus, NewMember
from koperasi.permissions import Role
from koperasi.savings import service as savings


async def pay_in(client, own_village, number: str, rupiah: int) -> None:
    headers = own_village.headers(Role.BENDAHARA)
    accounts = (await client.get(f"/api/v1/members/{number}/savings-accounts", headers=headers)).json()["items"]
    pokok = next(one["number"] for one in accounts if one["kind"] == "pokok")
    answer = await client.post(
        f"/api/v1/savings-accounts/{pokok}/deposits",
        headers=own_village.headers(Role.BENDAHARA, uuid4().hex),
        json={"amount": {"amount": f"{rupiah}.00"}},
    )
    assert answer.status_code == 201, answer.text


async def status_of(database, own_village, number: str) -> MemberStatus:
    async with database.reading(own_village.cooperative.book_id) as connection:
        return (await members.member_by_number(connection, own_village.cooperative.book_id, number)).status


async def test_from_a_death_to_the_heirs_receipts(client, database, own_village, page, leaver):
    number = leaver.number
    await pay_in(client, own_village, number, 100_000)
    bendahara, ketua = await page(Role.BENDAHARA), await page(Role.KETUA)
    here = f"/anggota/{number}/keanggotaan"
    assert "Belum ada yang diselesaikan" in await bendahara.get(f"/anggota/{number}/penyelesaian")
    refused = await bendahara.fill(
        f"{here}?tindakan=deceased", status=422, act="deceased", effective_on="2026-01-02", reference=""
    )
    assert "Pilih" in refused.text or "perlu diisi" in refused.text
    facts = {"effective_on": "2026-01-02", "reason": "death-certificate", "reference": "AK 12/2026"}
    await bendahara.fill(f"{here}?tindakan=deceased", act="deceased", **facts)
    shown = await bendahara.get(here + "?selesai=1")
    assert "Akta kematian" in shown
    assert "AK 12/2026" in shown
    preview = await bendahara.get(f"/anggota/{number}/penyelesaian")
    assert "Budi Santosa" in preview
    assert "60.000" in preview
    day = re.search(r'name="decided_on"[^>]*value="([^"]+)"', preview)
    leavers = await bendahara.get("/anggota/keluar")
    assert f"/anggota/{number}/penyelesaian" in leavers
    refused = await bendahara.fill(
        f"/anggota/{number}/penyelesaian", status=422, decided_on=day[1], charge="", waiver="", shu="25.000"
    )
    assert "belum diambil menurut buku hanya Rp0" in refused.text
    assert 'value="25.000"' in refused.text  # nothing typed is lost
    asked = await bendahara.fill(f"/anggota/{number}/penyelesaian", decided_on=day[1], charge="", waiver="")
    waiting = asked.headers["location"].partition("?")[0]
    assert waiting.startswith("/persetujuan/")
    shown = await ketua.get(waiting)
    # Somebody may have two accounts of one kind: the second person is told which is which.
    assert re.search(r"11[0-9]{7}: Rp100\.000", shown)
    assert "Budi" not in shown
    fingerprint = re.search(r'name="fingerprint" value="([^"]+)"', shown)[1]
    await ketua.fill(waiting, waiting + "/setuju", fingerprint=fingerprint)
    decided = await bendahara.get(f"/anggota/{number}/penyelesaian")
    assert "Bayar tunai Rp60.000" in decided
    paper = await bendahara.get(f"/anggota/{number}/penyelesaian/cetak")
    assert "Budi Santosa" in paper
    assert missing(paper, await bendahara.file(f"/anggota/{number}/penyelesaian/cetak?pdf=1")) == []
    await bendahara.get(f"/anggota/{number}/penyelesaian/kuitansi/1", 404)
    # Both are paid from the page as it was opened once: each form has a key of its own.
    pay = f"/anggota/{number}/penyelesaian/bayar/"
    for position, key in re.findall(pay + r'([0-9]).*?name="key" value="([^"]+)"', decided, re.DOTALL):
        await bendahara.fill(f"/anggota/{number}/penyelesaian", pay + position, key=key)
    receipt = await bendahara.get(f"/anggota/{number}/penyelesaian/kuitansi/1")
    assert "Enam puluh ribu rupiah" in receipt
    assert missing(receipt, await bendahara.file(f"/anggota/{number}/penyelesaian/kuitansi/1?pdf=1")) == []
    assert "Selesai" in await bendahara.get(f"/anggota/{number}/penyelesaian")
    assert "Diselesaikan" in await bendahara.get(f"/anggota/{number}")


async def test_an_applicant_becomes_a_member_when_accepted_and_paid(client, database, own_village, page):
    bendahara, ketua = await page(Role.BENDAHARA), await page(Role.KETUA)
    async with database.work(own_village.cooperative.book_id) as work:
        new = NewMember(name="Pemohon Baru", joined_on=date(2026, 1, 5), status=MemberStatus.PEMOHON)
        made, _ = await members.register(work, new, actor="bendahara")
        await savings.welcome(work, own_village.cooperative, made, actor="bendahara")
        await work.commit()
    here = f"/anggota/{made.number}/keanggotaan"
    assert "menunggu keputusan pengurus, dan simpanan pokok kurang Rp100.000" in await bendahara.get(
        f"/anggota/{made.number}"
    )
    assert "Terima pemohon" not in await bendahara.get(here)
    await bendahara.fill(here, here + "/pengurus", status=403, act="accepted")
    facts = {"act": "accepted", "effective_on": "2026-02-01", "reference": "BA 3/2026"}
    await ketua.fill(f"{here}?tindakan=accepted", here + "/pengurus", **facts)
    assert await status_of(database, own_village, made.number) is MemberStatus.PEMOHON
    admitted = {"act": "admitted", "effective_on": "2026-02-02"}
    refused = await bendahara.fill(f"{here}?tindakan=admitted", status=422, **admitted)
    assert "Simpanan pokok masih kurang Rp100.000" in refused.text
    await pay_in(client, own_village, made.number, 100_000)
    early = await bendahara.fill(f"{here}?tindakan=admitted", status=422, **admitted)
    assert "Simpanan pokok baru lengkap" in early.text
    today = own_village.cooperative.today(datetime.now(UTC))
    await bendahara.fill(f"{here}?tindakan=admitted", act="admitted", effective_on=today.isoformat())
    assert await status_of(database, own_village, made.number) is MemberStatus.ANGGOTA
    for paper in ("permohonan", "permohonan-keluar"):
        assert "Pemohon Baru" in await bendahara.get(f"/anggota/{made.number}/dokumen/{paper}")
    await bendahara.get(f"/anggota/{made.number}/dokumen/rahasia", 404)


async def test_a_relative_sees_what_is_allowed_and_for_as_long(client, database, own_village, page, leaver):
    anggota = await page(Role.ANGGOTA)
    relative, own = leaver.number, own_village.member.number
    book_id = own_village.cooperative.book_id
    await anggota.get(f"/keluarga/{relative}", 404)
    refused = await anggota.fill("/keluarga", status=422, scope="balances", relative="99999")
    assert "Tulis nomor anggota keluarga" in refused.text
    await anggota.fill("/keluarga", scope="passbook", relative=str(int(relative)))
    shown = await anggota.get("/keluarga?selesai=diberikan")
    assert leaver.name not in shown
    assert relative in shown
    # The relative's own view: of a consent that somebody gave to this member.
    from koperasi.membership import service
    from koperasi.membership.service import Scope

    async with database.work(book_id) as work:
        given = await service.grant(
            work, relative, Scope.BALANCES, relative_number=own, until_on=None, actor=relative, today=date(2026, 1, 1)
        )
        await work.commit()
    assert leaver.name in await anggota.get("/keluarga")
    assert "Jumlah simpanan" in await anggota.get(f"/keluarga/{relative}")
    await anggota.get(f"/keluarga/{relative}/buku", 404)
    client.cookies.clear()
    kartu = await client.get(f"/api/v1/members/{relative}/savings-accounts", headers=own_village.headers(Role.ANGGOTA))
    assert kartu.status_code == 404
    async with database.work(book_id) as work:
        await service.revoke(work, relative, given.number, actor=relative)
        await work.commit()
    await anggota.get(f"/keluarga/{relative}", 404)
    mine = re.search(r'action="(/keluarga/izin/[0-9]+/cabut)"', shown)[1]
    await anggota.fill("/keluarga", mine)
    assert mine not in await anggota.get("/keluarga")
    pengawas = await page(Role.PENGAWAS)
    assert "Simpanan keluarga dilihat" in await pengawas.get("/jejak-audit")


async def test_the_programme_sees_who_allows_it_and_nobody_else(own_village, page, leaver):
    pendamping, anggota = await page(Role.PENDAMPING), await page(Role.ANGGOTA)
    assert own_village.member.name not in await pendamping.get("/pendampingan")
    await anggota.fill("/keluarga", scope="programme")
    shown = await pendamping.get("/pendampingan")
    assert own_village.member.name in shown
    assert leaver.name not in shown
    assert "Rp" not in shown.split("<main", 1)[1]
    await pendamping.get(f"/anggota/{own_village.member.number}", 403)


async def test_staff_record_what_was_allowed_on_paper(client, own_village, page, leaver):
    """With the paper's number, for a relative or the programme; the member sees it, and it is on record."""
    bendahara, own = await page(Role.BENDAHARA), own_village.member.number
    here, anggota = f"/anggota/{leaver.number}/izin", await page(Role.ANGGOTA)
    refused = await bendahara.fill(here, status=422, scope="balances", relative=own, reference="")
    assert "perlu diisi" in refused.text
    assert f'value="{own}"' in refused.text
    refused = await bendahara.fill(here, status=422, scope="balances", relative=leaver.number, reference="SI 4")
    assert "Tulis nomor anggota keluarga" in refused.text
    refused = await bendahara.fill(here, status=422, scope="programme", relative="", reference="9" * 61)
    assert "Terlalu panjang" in refused.text
    await anggota.get(f"/keluarga/{leaver.number}", 404)
    await bendahara.fill(here, scope="balances", relative=str(int(own)), reference="SI 4/2026")
    await bendahara.fill(here, scope="programme", relative="", reference="SI 5/2026")
    shown = await bendahara.get(here + "?selesai=dicatat")
    assert "di atas kertas nomor SI 4/2026, dicatat bendahara" in shown
    assert own_village.member.name in shown
    assert leaver.name in await anggota.get(f"/keluarga/{leaver.number}")
    assert leaver.name in await (await page(Role.PENDAMPING)).get("/pendampingan")
    assert "di atas kertas nomor SI 4/2026" in await (await page(Role.KETUA)).get(f"/anggota/{leaver.number}/data")
    trail = await (await page(Role.PENGAWAS)).get("/jejak-audit")
    for words in ("Izin melihat diberikan", "Nomor surat izin", "SI 4/2026", "SI 5/2026"):
        assert words in trail
    for at in re.findall(rf'action="({here}/[0-9]+/cabut)"', shown):
        await bendahara.fill(here, at)
    await anggota.get(f"/keluarga/{leaver.number}", 404)
    await (await page(Role.KASIR)).get(here, 403)
    # What the member gave from their phone, the desk can take back when they ask.
    await anggota.fill("/keluarga", scope="dues", relative=leaver.number)
    mine = await bendahara.get(f"/anggota/{own}/izin")
    assert "oleh anggota sendiri" in mine
    at = re.search(rf'action="(/anggota/{own}/izin/[0-9]+/cabut)"', mine)[1]
    await bendahara.fill(here, at.replace(f"/{own}/", f"/{leaver.number}/"), status=404)
    await bendahara.fill(f"/anggota/{own}/izin", at)


async def test_over_rest_a_member_leaves(client, own_village, leaver):
    number = leaver.number
    await pay_in(client, own_village, number, 50_000)

    async def call(method: str, path: str, role: Role = Role.BENDAHARA, **body):
        headers = own_village.headers(role, uuid4().hex)
        return await client.request(
            method, f"/api/v1/members/{number}{path}", headers=headers, **({"json": body} if method != "GET" else {})
        )

    assert (await call("GET", "/settlement")).json()["code"] == "member-not-leaving"
    board = await call(
        "POST", "/membership", act="dismissed", effective_on="2026-01-02", reason="breach", reference="1"
    )
    assert (board.status_code, board.json()["code"]) == (422, "act")
    asked = await call("POST", "/membership", act="exit-requested", effective_on="2026-01-02", reason="moved")
    assert (asked.status_code, asked.json()["status"]) == (201, "keluar_diajukan"), asked.text
    preview = (await call("GET", "/settlement")).json()
    assert (preview["net"]["amount"], preview["blocked"], preview["number"]) == ("50000.00", False, None)
    assert preview["working"]
    waits = await call("POST", "/settlement", charge=None)
    assert (waits.status_code, waits.json()["kind"]) == (202, "member-exit")
    agreed = await client.post(
        f"/api/v1/approvals/{waits.json()['number']}/approve",
        headers=own_village.headers(Role.KETUA),
        json={"fingerprint": waits.json()["fingerprint"]},
    )
    assert agreed.status_code in {200, 201}, agreed.text
    assert (await call("GET", "/membership")).json()["settled"] is True
    undone = await call("POST", "/settlement/reversal", Role.PENGURUS, reference="BA 5")
    assert undone.status_code == 201, undone.text
    assert (await call("GET", "/membership")).json()["status"] == "keluar_diajukan"
    assert (await call("POST", "/settlement/payments", position=0)).status_code == 404
