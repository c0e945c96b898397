"""Offices and petty cash on their pages, and every way that cash could take round a session."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from tests.koperasi.treasury.test_doors import give_vault, own_session, rupiah

import ledger
from koperasi.cooperatives.service import cooperative_of
from koperasi.permissions import Role
from koperasi.posting import Idempotency
from koperasi.treasury import service
from koperasi.treasury.service import Count


async def test_another_office_on_pages_and_over_rest(call, visit):
    await give_vault(call)
    assert "Kantor" not in (await visit("/kas", Role.BENDAHARA)).text
    refused = await visit("/kantor", Role.ADMIN, form={"name": "Cabang", "code": "k/1"})
    assert (refused.status_code, 'id="code-error"' in refused.text, 'value="Cabang"' in refused.text) == (
        422,
        True,
        True,
    )
    assert (await visit("/kantor", Role.ADMIN, form={"name": "Cabang", "code": "kc1"})).status_code == 303
    assert (await visit("/kantor", Role.ADMIN, form={"name": "Lain", "code": "KC1"})).status_code == 422
    assert (await visit("/kantor", Role.BENDAHARA)).status_code == 403
    number = await own_session(call)
    assert (await visit(f"/kas/{number}/tutup", form={})).status_code == 303
    assert "Cabang" in (await visit("/kas/buka")).text
    assert (await visit("/kas/buka", form={"office": "KC9"})).status_code == 422
    assert (await visit("/kas/buka", form={"office": "KC1", "d50000": "4"})).status_code == 303
    listed = (await call("GET", "/cash-sessions")).json()["items"]
    assert [one["office"] for one in listed] == ["KC1", "01"]
    assert "Cabang" in (await visit(f"/kas/{listed[0]['number']}")).text
    only = (await visit("/kas?kantor=KC1", Role.BENDAHARA)).text
    assert (f"/kas/{listed[0]['number']}" in only, f'href="/kas/{number}"' in only) == (True, False)
    still = await visit("/kantor/KC1/tutup", Role.ADMIN, form={}, at="/kantor")
    assert (still.status_code, "Masih ada sesi kas" in still.text) == (422, True)
    assert (await visit("/kantor/KC9/tutup", Role.ADMIN, form={}, at="/kantor")).status_code == 404
    await visit("/bukti/nomor", Role.BENDAHARA, form={}, at="/bukti")
    assert re.search(r"BM/KC1/\d{4}/\d{2}/0001", (await visit("/bukti?jenis=BM&kantor=KC1", Role.PENGAWAS)).text)
    day = (await visit("/tutup-hari", Role.BENDAHARA)).text
    assert "200.000" in day
    told = {one["code"]: one for one in (await call("GET", "/offices", Role.BENDAHARA)).json()["items"]}
    assert (list(told), told["01"]["head"], told["KC1"]["name"]) == (["01", "KC1"], True, "Cabang")
    assert (told["KC1"]["open_sessions"], told["KC1"]["cash"]["amount"]) == (1, "200000.00")
    assert {one["cash"] for one in (await call("GET", "/offices")).json()["items"]} == {None}
    month = {"month": (await call("GET", "/business-days")).json()["business_day"][:7], "kind": "BM"}
    listed = await call("GET", "/vouchers", Role.BENDAHARA, params={**month, "office": "KC1"})
    assert [one["number"].split("/")[1] for one in listed.json()["items"]] == ["KC1"]
    assert (await call("GET", "/vouchers", Role.BENDAHARA, params={**month, "office": "k"})).status_code == 400
    assert (await call("POST", "/cash-sessions", json={"count": {"pieces": {}}, "office": "XX"})).status_code == 409


async def test_cash_is_handed_over_and_petty_cash_spent_on_pages(call, visit):
    await give_vault(call)
    path = f"/kas/{await own_session(call)}/serah-terima"
    for direction, words in (("ambil", "Kas besar tidak mempunyai"), ("setor", "Laci tidak mempunyai")):
        refused = await visit(path, form={"direction": direction, "amount": "9.000.000"})
        assert (refused.status_code, 'id="amount-error"' in refused.text, words in refused.text) == (422, True, True)
    assert (await visit("/kas/kecil")).status_code == 404
    given = {"top_up": "200.000", "holder": "kasir"}
    assert (await visit("/kas/kecil/hitung", Role.BENDAHARA, form={**given, "holder": "ketua"})).status_code == 422
    both = await visit("/kas/kecil/hitung", Role.BENDAHARA, form={**given, "back": "1"})
    assert (both.status_code, 'id="back-error"' in both.text) == (422, True)
    too_much = await visit("/kas/kecil/hitung", Role.BENDAHARA, form={**given, "top_up": "9.000.000"})
    assert (too_much.status_code, 'id="top_up-error"' in too_much.text) == (422, True)
    assert (await visit("/kas/kecil/hitung", Role.BENDAHARA, form=given)).status_code == 303
    assert "200.000" in (await visit("/kas")).text
    page = (await visit("/kas/kecil/belanja")).text
    account = re.search(r'<option value="(\d{4})">\d{4} ', page)[1]
    bought = {"amount": "30.000", "account": account, "words": "Kertas", "source": "N-1"}
    wrong = await visit("/kas/kecil/belanja", form={**bought, "amount": "900.000"})
    assert (wrong.status_code, 'id="amount-error"' in wrong.text, "Kertas" in wrong.text) == (422, True, True)
    assert (await visit("/kas/kecil/belanja", form={**bought, "source": "Bu Siti"})).status_code == 422
    assert (await visit("/kas/kecil/belanja", form=bought)).status_code == 303
    shown = (await visit("/kas/kecil")).text
    assert ("170.000" in shown, "Kertas" in shown) == (True, True)
    assert "Kas kecil sudah dihitung" in (await visit("/tutup-hari", Role.BENDAHARA)).text
    differs = await visit("/kas/kecil/hitung", form={"d50000": "3"})
    assert "Uang kurang Rp20.000 dari buku" in differs.text
    for agreed in ("--5", "9" * 19, "-1"):
        assert (
            await visit("/kas/kecil/hitung", form={"d50000": "3", "agree": "1", "difference_minor": agreed})
        ).status_code == 422
    agreed = {"d50000": "3", "agree": "1", "difference_minor": "-2000000"}
    assert (await visit("/kas/kecil/hitung", form=agreed)).status_code == 303
    paper = (await visit("/kas/kecil/2", Role.PENGAWAS)).text
    assert ("(20.000)" in paper, "150.000" in paper) == (True, True)
    assert (await visit("/kas/kecil/9", Role.PENGAWAS)).status_code == 404


@pytest.fixture
async def resting(call, shop):
    """The teller's and the treasurer's sessions are closed; the member's free savings hold something."""
    accounts = (await call("GET", f"/members/{shop.member.number}/savings-accounts")).json()["items"]
    account = next(one["number"] for one in accounts if one["kind"] == "sukarela")
    body = {"amount": rupiah("50000.00")}
    assert (await call("POST", f"/savings-accounts/{account}/deposits", json=body)).status_code == 201
    for role, count, back in ((Role.KASIR, {"50000": 1}, "50000.00"), (Role.BENDAHARA, {}, "0.00")):
        one = next(
            one["number"]
            for one in (await call("GET", "/cash-sessions", Role.BENDAHARA)).json()["items"]
            if one["username"] == role.value
        )
        closing = {"count": {"pieces": count}, "to_vault": rupiah(back)}
        assert (await call("POST", f"/cash-sessions/{one}/closing", role, json=closing)).status_code == 201
    return account


async def test_no_cash_moves_round_a_session(call, visit, shop, resting):
    """Every door through which cash comes or goes asks for a session; a refused request goes through afterwards."""
    # What is signed at the close names every movement by its voucher.
    report = (await visit(f"/kas/{await own_session(call)}")).text.partition("Gerakan kas")[2]
    assert (bool(re.search(r"BKM/\d{4}/\d{2}/0001", report)), "Jurnal " in report) == (True, False)
    member, amount = shop.member.number, {"amount": rupiah("10000.00")}
    for path, body in (
        (f"/savings-accounts/{resting}/deposits", amount),
        (f"/savings-accounts/{resting}/withdrawals", amount),
        (
            "/collections",
            {"rows": [{"member": member, "voluntary": rupiah("10000.00")}], "counted": rupiah("10000.00")},
        ),
        (
            "/deposits",
            {
                "member": member, "amount": rupiah("1000000.00"), "months": 3, "source": "cash",
                "payout_account": resting,
            },
        ),
    ):  # fmt: skip
        refused = await call("POST", path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "no-open-session"), path
    for cash, code in (("1102", "no-open-session"), ("1105.01", "account-paused"), ("1105.02", "account-paused")):
        lines = [{"account": cash, "debit": rupiah("1.00")}, {"account": "4901", "credit": rupiah("1.00")}]
        body = {"date": "2026-03-02", "description": "uji", "lines": lines}
        refused = await call("POST", "/journal-entries", Role.BENDAHARA, json=body)
        assert refused.status_code in {409, 422}, cash
        assert code in refused.text, cash
        many = {"mode": "independent", "entries": [{"key": "a", **body}]}
        refused = await call("POST", "/journal-entries/bulk", Role.BENDAHARA, json=many)
        assert code in refused.text, cash
    before = {"date": "1999-12-31", "description": "uji"}
    lines = [{"account": "1102", "debit": rupiah("1.00")}, {"account": "4901", "credit": rupiah("1.00")}]
    refused = await call("POST", "/journal-entries", Role.BENDAHARA, json={**before, "lines": lines})
    assert "no-open-session" not in refused.text
    key = str(uuid4())
    path = f"/savings-accounts/{resting}/withdrawals"
    assert (await call("POST", path, json=amount, key=key)).status_code == 409
    opened = await call("POST", "/cash-sessions", json={"count": {"pieces": {"50000": 1}}})
    assert opened.status_code == 201, opened.text
    assert (await call("POST", path, json=amount, key=key)).status_code == 201


async def test_who_leaves_is_paid_and_pays_in_session_only(call, visit, shop, resting):
    path, member = f"/anggota/{shop.member.number}/penyelesaian", f"/members/{shop.member.number}"
    leaving = {"act": "exit-requested", "reason": "moved", "reference": "BA 1/2026"}
    assert (await call("POST", f"{member}/membership", Role.BENDAHARA, json=leaving)).status_code == 201
    short = {"charge": "60.000", "short": "10.000"}
    refused = await visit(f"{path}/setor", form=short, at=f"{path}?charge=60.000")
    assert (refused.status_code, "Sesi kas Anda belum dibuka" in refused.text) == (422, True)
    asked = await call("POST", f"{member}/settlement", Role.BENDAHARA, json={})
    assert asked.status_code == 202, asked.text
    seen = {"fingerprint": asked.json()["fingerprint"]}
    agreed = await call("POST", f"/approvals/{asked.json()['number']}/approve", Role.KETUA, json=seen)
    assert agreed.status_code == 200, agreed.text
    key, pay = str(uuid4()), f"{member}/settlement/payments"
    refused = await call("POST", pay, json={}, key=key)
    assert (refused.status_code, refused.json()["code"]) == (409, "no-open-session")
    refused = await visit(f"{path}/bayar/0", form={}, at=path)
    assert (refused.status_code, "Sesi kas Anda belum dibuka" in refused.text) == (422, True)
    opened = await call("POST", "/cash-sessions", json={"count": {"pieces": {"50000": 1}}})
    assert opened.status_code == 201, opened.text
    # The same request goes through now: it was never decided.
    paid = await call("POST", pay, json={}, key=key)
    assert paid.status_code == 201, paid.text
    report = (await call("GET", f"/cash-sessions/{await own_session(call)}")).json()
    assert (report["cash_out"]["amount"], report["expected"]["amount"]) == ("50000.00", "0.00")


async def test_an_import_moves_no_cash_of_a_till(client, call, shop, resting, database):
    async def send(kind: str, content: str):
        return await client.post(
            "/api/v1/imports", headers=shop.headers(Role.BENDAHARA, str(uuid4())), data={"kind": kind},
            files={"file": ("awal.csv", content, "text/csv")},
        )  # fmt: skip

    async def cash() -> dict[str, int]:
        async with database.reading(shop.cooperative.book_id) as connection:
            chart = await ledger.chart(connection, shop.cooperative.book_id)
        return {one.code: one.balance for one in chart if one.code.startswith("11") and one.balance}

    before = await cash()
    savings = f"Nomor Anggota;Simpanan Pokok;Simpanan Wajib;Tanggal\n{shop.member.number};100.000;240.000;2025-12-31\n"
    done = await send("opening_savings", savings)
    assert (done.status_code, await cash()) == (201, before), done.text
    books = "Kode;Nama Akun;Debet;Kredit\n{};Kas;340.000;\n3101;Pokok;;100.000\n3102;Wajib;;240.000\n"
    refused = await send("opening_trial_balance", books.format("1105.01"))
    assert (refused.status_code, await cash()) == (422, before)
    # What the books before say of the desk's cash is no movement of today: it may be brought in, into no till.
    done = await send("opening_trial_balance", books.format("1102"))
    assert (done.status_code, await cash()) == (201, {**before, "1102": 34_000_000}), done.text


async def test_a_session_that_was_forgotten_is_told_and_can_be_closed_today(call, visit, shop, resting, database):
    book_id, yesterday = shop.cooperative.book_id, datetime.now(UTC) - timedelta(days=1)
    async with database.work(book_id) as work:
        one = await service.open_session(
            work, await cooperative_of(work.connection, book_id), username="kasir", count=Count(),
            idempotency=Idempotency.of("uji", str(uuid4())), now=yesterday,
        )  # fmt: skip
        await work.commit()
    assert "Sesi ini terbuka sejak hari buku yang lalu" in (await visit("/kas")).text
    assert "terlupa" in (await visit("/kas", Role.BENDAHARA)).text
    listed = (await call("GET", "/business-days")).json()
    assert {check["code"]: check["against"] for check in listed["checks"]}["sessions"] == 1
    closed = await visit(f"/kas/{one.number}/tutup", Role.BENDAHARA, form={})
    assert closed.status_code == 303
    report = (await visit(f"/kas/{one.number}", Role.BENDAHARA)).text
    assert ("dihitung oleh" in report, "Tinggal di laci" in report) == (True, True)
    assert "terlupa" not in (await visit("/kas", Role.BENDAHARA)).text
