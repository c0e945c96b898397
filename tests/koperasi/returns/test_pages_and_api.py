"""From the form to the passbook, through pages and the API, by the roles that may."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from tests.koperasi.reports.pdf_text import missing, text_of

from koperasi import printing
from koperasi.formats import format_figure
from koperasi.permissions import Role
from koperasi.returns import papers, service
from koperasi.returns.model import Slip
from koperasi.terbilang import amount_in_words

from ...conftest import Village, found, populate
from .support import Bench


@pytest.fixture(scope="module")
async def shop(database) -> tuple[Village, Bench, str, str]:
    """A KSP with users, whose member has Rp36,500,000 of free savings at 6 %; and the month that ended last."""
    village = await populate(database, await found(database, kind="ksp"))
    bench = Bench(database, village.cooperative)
    await bench.terms("sukarela", date(2025, 1, 1), rate_percent=Decimal(6))
    account = await bench.account(village.member.number, "sukarela", date(2025, 2, 1))
    await bench.move(account.ledger_account_id, date(2025, 2, 1), 36_500_000)
    today = village.cooperative.today(datetime.now(UTC))
    return village, bench, account.number, f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"


def form_of(page: str, action: str) -> dict[str, str]:
    """The hidden fields of a form."""
    part = page[page.index(f'action="{action}"') :]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', part[: part.index("</form>")]))


async def test_a_treasurer_computes_a_chair_agrees_and_the_member_sees_why(client, session_of, shop, monkeypatch):
    village, _, account, month = shop
    cookies = {role: {"Cookie": await session_of(village, role)} for role in (Role.BENDAHARA, Role.KETUA, Role.ANGGOTA)}
    treasurer, chair, member = cookies.values()

    async def get(url, who):
        client.cookies.clear()
        answer = await client.get(url, headers=who, follow_redirects=False)
        assert answer.status_code == 200, (url, answer.status_code, answer.text[:300])
        return answer.text

    async def pdf(url, who):
        client.cookies.clear()
        answer = await client.get(url, headers=who, follow_redirects=False)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text[:300]
        return answer.content

    async def send(url, page, who, **fields):
        client.cookies.clear()
        token = re.search(r'name="_csrf_token" value="([^"]+)"', page)[1]
        headers = {"Cookie": f"{who['Cookie']}; csrf={token}"}
        return await client.post(url, headers=headers, data={"_csrf_token": token, **fields}, follow_redirects=False)

    page = await get("/imbal", treasurer)
    assert f'value="{month}"' in page
    wrong = await send("/imbal", page, treasurer, month="2026", posting="monthly")
    assert wrong.status_code == 422
    assert "Tulis bulan sebagai tahun-bulan" in wrong.text
    assert 'value="2026"' in wrong.text
    made = await send("/imbal", page, treasurer, month=month, posting="monthly")
    assert made.status_code == 303, made.text
    here = made.headers["location"]
    page = await get(here, treasurer)
    assert "Pratinjau" in page
    assert "Ajukan persetujuan" in page
    assert "bunga" not in page.lower()
    again = await send("/imbal", page, treasurer, month=month, posting="monthly")
    assert again.status_code == 409
    asked = await send(f"{here}/ajukan", page, treasurer, key=form_of(page, f"{here}/ajukan")["key"])
    assert asked.status_code == 303, asked.text
    early = await send(f"{here}/catat", page, treasurer)
    assert early.status_code == 409

    approval = asked.headers["location"].partition("?")[0]
    page = await get(approval, chair)
    fields = form_of(page, f"{approval}/setuju")
    agreed = await send(f"{approval}/setuju", page, chair, fingerprint=fields["fingerprint"])
    assert agreed.status_code == 303, agreed.text
    page = await get(here, treasurer)
    posted = await send(f"{here}/catat", page, treasurer)
    assert posted.status_code == 303, posted.text
    page = await get(here, treasurer)
    assert "Tercatat" in page
    assert account in await get(f"{here}/rincian", treasurer)
    assert account not in await get(f"{here}/rincian?nol=1", treasurer)

    number = village.member.number
    own = await get(f"/imbal/anggota/{number}", member)
    assert account in own
    why = await get(f"/imbal/kenapa/{here.rpartition('/')[2]}/{account}", member)
    assert "Rp36.500.000 selama" in why
    assert "Mengapa angkanya begini" in why
    client.cookies.clear()
    other = await client.get("/imbal/anggota/A-999999", headers=member)
    assert other.status_code == 404
    assert "Imbal simpanan" in await get("/buku-anggota", member)

    slips = await get(f"/imbal/pajak/{month}", treasurer)
    numbered = f"BP/{month.replace('-', '/')}/0001"
    assert numbered in slips
    assert numbered in await get(f"/imbal/pajak/{month}/1", treasurer)
    file = await get(f"/imbal/pajak/{month}/csv", treasurer)
    assert file.splitlines()[0] == "number,paid_on,member_number,name,gross,tax,net,void"
    assert file.splitlines()[1].startswith(numbered)
    paper = text_of(await pdf(f"/imbal/pajak/{month}/pdf", treasurer))
    gross, tax = (int(Decimal(file.splitlines()[1].split(",")[at]) * 100) for at in (4, 5))
    figures = f"{format_figure(gross)} {format_figure(tax)}"
    assert f"{numbered} {village.member.name}" in paper
    assert paper.count(figures) == 2  # the slip's, and the sums'
    assert amount_in_words(tax, "id") in paper
    assert amount_in_words(tax, "id") in slips
    own = await get(f"/imbal/pajak/{month}/1", treasurer)
    assert missing(own, await pdf(f"/imbal/pajak/{month}/1?pdf=1", treasurer)) == []
    monkeypatch.setattr("koperasi.returns.pages_tax.MOST_ON_PAPER", 0)
    client.cookies.clear()
    refused = await client.get(f"/imbal/pajak/{month}/pdf", headers=treasurer)
    assert refused.status_code == 422
    assert "Ambil sebagai CSV" in refused.text
    client.cookies.clear()
    assert (await client.get("/imbal/pajak/besok", headers=treasurer)).status_code == 400


async def test_the_months_slips_on_paper(shop):
    """Each slip as the list shows it, what is withheld of whom, the sums, and the tax withheld in words."""
    village, *_ = shop
    paid = date(2026, 11, 30)
    slips = [Slip(date(2026, 11, 1), n, f"0000{n}", paid, 30_000_000 * n, 3_000_000 * n) for n in (1, 2)]
    sums = {"count": 2, "gross": 90_000_000, "tax": 9_000_000, "partners": 1_500_000}
    rules = service.rules_run.Taxing(None, service.rules_tax.PartnerTax(Fraction(15)))
    cooperative = replace(village.cooperative, address="Jalan Pasar 12", village="Sukadana")
    paper = papers.slip_list(paid, slips, sums, rules, {"00001": "Sutinah #1"}, cooperative, "id")
    text = text_of(printing.pdf(paper, "Dicetak", "id"))
    words = [
        "Jalan Pasar 12, Sukadana", "Bukti potong pajak November 2026", "Simpanan koperasi lain: 15 %", "Rp90.000",
        "Di antaranya PPh pasal 23 Rp15.000", "Rp900.000", "Sembilan puluh ribu rupiah",
        "BP/2026/11/0001 Sutinah #1 30/11/2026 300.000 30.000", "BP/2026/11/0002 00002 30/11/2026 600.000 60.000",
        "Jumlah 900.000 90.000", "Pemotong",
    ]  # fmt: skip
    places = [text.find(word) for word in words]
    assert -1 not in places
    assert places == sorted(places)


async def test_over_the_api(client, shop):
    village, _, account, month = shop
    headers = village.headers(Role.BENDAHARA)
    last = date.fromisoformat(f"{month}-01") - timedelta(days=1)
    ask = {"month": f"{last:%Y-%m}", "products": ["sukarela"]}
    made = await client.post("/api/v1/return-runs", headers=headers, json=ask)
    assert made.status_code == 201, made.text
    run = made.json()
    here = f"/api/v1/return-runs/{run['number']}"
    assert made.headers["location"] == here
    assert run["products"][0]["gross"]["amount"] == f"{6000 * last.day}.00"
    lines = (await client.get(f"{here}/lines?limit=1", headers=headers)).json()
    rest = (await client.get(f"{here}/lines", headers=headers, params={"cursor": lines["next_cursor"]})).json()
    assert {one["account_number"] for one in (*lines["items"], *rest["items"])} >= {account}
    assert (await client.post(f"{here}/submit", headers=headers)).status_code == 400
    asked = await client.post(f"{here}/submit", headers=village.headers(Role.BENDAHARA, secrets.token_hex(8)))
    assert asked.status_code == 202, asked.text
    assert (await client.post(f"{here}/post", headers=headers)).status_code == 409
    waiting = asked.json()
    agreed = await client.post(
        f"/api/v1/approvals/{waiting['number']}/approve",
        headers=village.headers(Role.KETUA),
        json={"fingerprint": waiting["fingerprint"]},
    )
    assert agreed.status_code == 200, agreed.text
    for _ in range(2):
        assert (await client.post(f"{here}/post", headers=headers)).json() == {"done": 1, "total": 1}
    assert (await client.post(f"{here}/drop", headers=headers)).status_code == 409
    assert (await client.get(here, headers=headers)).json()["status"] == "posted"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"bonus": [{"product": "sukarela", "amount": {"amount": "5.00"}}]}, "bonus-product"),
        ({"products": ["emas"]}, "product-earns-nothing"),
        ({"posting": "quarterly", "month": "2026-02"}, "quarter-month"),
        ({"month": "2099-01"}, "period-not-ended"),
        ({"income": {"amount": "-1.00"}}, "income-negative"),
        ({"correction": True, "month": "2025-03"}, "nothing-to-correct"),
    ],
)
async def test_what_cannot_be_computed_is_refused(client, shop, more, code):
    village, *_ = shop
    ask = {"month": "2025-04"} | more
    answer = await client.post("/api/v1/return-runs", headers=village.headers(Role.BENDAHARA), json=ask)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
