"""The year's closing: what it would be, closing it once, its reversal, and closing it anew."""

from __future__ import annotations

import asyncio
import re
from datetime import date
from html import unescape

import pytest

from koperasi.bookkeeping import rules_closing as rules
from koperasi.bookkeeping import service_closing
from koperasi.errors import Refusal
from koperasi.permissions import Role

INCOME, COST, ADJUSTED = ("5107", 40_000_000), ("7303", 15_000_000), ("7306", 5_000_000)
RESULT = INCOME[1] - COST[1] - ADJUSTED[1]
NEW_YEAR = date(2026, 1, 2)
EARLIER = date(2025, 12, 20)


def money(minor: int) -> dict[str, str]:
    return {"amount": f"{minor // 100}.{minor % 100:02}", "currency": "IDR"}


@pytest.fixture
async def lived(books):
    """2025 is over: income, a cost, an adjustment; and something of the year after."""
    await books.post(("1101", INCOME[1]), (INCOME[0], -INCOME[1]), day=EARLIER)
    await books.post((COST[0], COST[1]), ("1101", -COST[1]), day=EARLIER)
    await books.post((ADJUSTED[0], ADJUSTED[1]), ("1411", -ADJUSTED[1]), day=date(2025, 12, 31), kind="adjustment")
    await books.post((COST[0], 700), ("1101", -700), day=NEW_YEAR)
    return books


async def close(books, year: int = 2025, **facts):
    async with books.database.work(books.book_id) as work:
        settled = await service_closing.close_year(
            work.connection, books.cooperative, year, today=date(2026, 11, 25), actor="bendahara", **facts
        )
        await work.commit()
    return settled


async def seen(books, year: int = 2025, today: date = date(2026, 11, 25)):
    async with books.database.reading(books.book_id) as connection:
        return await service_closing.year_closing(connection, books.cooperative, year, today)


async def test_seen_before_it_is_closed_and_posted_as_seen(lived):
    found = await seen(lived)
    assert (found.income_minor, found.expense_minor, found.result_minor) == (
        INCOME[1],
        COST[1] + ADJUSTED[1],
        RESULT,
    )
    assert [(line.account.code, line.amount_minor) for line in found.lines] == [
        ("5107", INCOME[1]),
        ("7303", -COST[1]),
        ("7306", -ADJUSTED[1]),
        ("4301", -RESULT),
    ]
    assert [(hurdle.code, hurdle.months) for hurdle in found.hurdles] == [("months-open", (date(2025, 12, 1),))]
    assert (found.may_close, found.entry) == (True, None)
    settled = await close(lived, seen=found.seen)
    entry = await lived.entry(settled.number)
    assert (entry.kind, entry.effective_date, entry.link) == ("closing", date(2025, 12, 31), "year-closing:2025")
    assert [(line.code, line.amount) for line in entry.lines] == [
        (line.account.code, line.amount_minor) for line in found.lines
    ]
    closed = await seen(lived)
    assert (closed.entry, closed.seen, closed.hurdles) == (settled.number, found.seen, ())


async def test_a_year_is_closed_once_however_often_it_is_asked(lived):
    answers = await asyncio.gather(*(close(lived) for _ in range(5)))
    assert {one.number for one in answers} == {5}
    assert sorted(one.replayed for one in answers) == [False, True, True, True, True]
    assert await lived.last_number() == 5


async def test_after_its_reversal_the_year_is_closed_anew(lived):
    first = await close(lived)
    undone = await lived.reverse(first.number)
    assert (await lived.entry(undone.number)).effective_date == date(2025, 12, 31)
    await lived.post((COST[0], 300), ("1101", -300), day=date(2025, 12, 30))
    again = await close(lived)
    assert (again.replayed, again.number) == (False, undone.number + 2)
    closed = await seen(lived)
    assert (closed.entry, closed.result_minor) == (again.number, RESULT - 300)
    assert (await seen(lived, 2026)).lines[0].amount_minor == -700
    # The reversal undone again would close the year twice: what is in force is told, and nothing more is closed.
    assert (await close(lived)).replayed


async def test_a_held_december_takes_the_closing_and_its_reversal(lived, treasurer):
    assert (await treasurer.api("PUT", "/periods/2025-12", {"status": "held"})).status_code == 200
    assert (await seen(lived)).hurdles == ()
    first = await close(lived)
    undone = await lived.reverse(first.number)
    assert undone.number == first.number + 1


async def test_what_keeps_a_year_from_being_closed(lived, treasurer):
    async def code(year: int, **facts) -> str:
        number = await lived.last_number()
        with pytest.raises(Refusal) as refused:
            await close(lived, year, **facts)
        assert await lived.last_number() == number
        return refused.value.code

    assert await code(2026) == "year-not-over"
    assert await code(2024) == "nothing-to-close"
    assert await code(2025, seen="0" * 32) == "year-changed"
    await lived.post(("1101", 900), ("4401", -900), day=EARLIER)
    assert await code(2025) == "opening-difference"
    await lived.post(("4401", 900), ("4201", -900), day=EARLIER)
    assert (await treasurer.api("PUT", "/periods/2025-12", {"status": "closed"})).status_code == 200
    assert await code(2025) == "period-closed"


async def test_what_came_late_and_what_earlier_years_left(lived):
    await close(lived)
    await lived.post((COST[0], 300), ("1101", -300), day=date(2025, 12, 30))
    assert [hurdle.code for hurdle in (await seen(lived)).hurdles] == ["late-entries"]
    of_2026 = await seen(lived, 2026, today=date(2026, 12, 31))
    assert "earlier-years" in {hurdle.code for hurdle in of_2026.hurdles}
    assert of_2026.result_minor == -1_000


async def test_a_year_with_a_loss(books):
    await books.post((COST[0], 500), ("1111", -500), day=EARLIER)
    found = await seen(books)
    assert found.result_minor == -500
    assert [(line.account.code, line.amount_minor) for line in found.lines] == [("7303", -500), ("4301", 500)]


def test_other_currencies_are_named():
    facts = rules.Facts((), (), False, 0, "4401", 0, ["SGD"])
    codes = [hurdle.code for hurdle in rules.hurdles(2025, facts, date(2026, 1, 1))]
    assert codes == ["nothing-to-close", "currency"]


async def test_over_rest(treasurer, auditor, lived):
    listed = (await auditor.api("GET", "/year-closings")).json()["items"]
    assert listed == [{"year": 2026, "entry": None}, {"year": 2025, "entry": None}]
    preview = (await auditor.api("GET", "/year-closings/2025")).json()
    assert (preview["status"], preview["entry"], preview["account"]) == ("ready", None, "4301")
    assert (preview["income"], preview["result"]) == (money(INCOME[1]), money(RESULT))
    assert preview["lines"][-1]["credit"] == money(RESULT)
    assert (await auditor.api("POST", "/year-closings", {"year": 2025})).status_code == 403
    first = await treasurer.api("POST", "/year-closings", {"year": 2025})
    assert (first.status_code, first.json()["status"], first.json()["entry"]) == (201, "closed", 5), first.text
    assert first.headers["location"] == "/api/v1/journal-entries/5"
    again = await treasurer.api("POST", "/year-closings", {"year": 2025})
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json() == first.json()
    assert (await auditor.api("GET", "/journal-entries/5")).json()["kind"] == "closing"
    refused = await treasurer.api("POST", "/year-closings", {"year": 2026})
    assert (refused.status_code, refused.json()["code"]) == (422, "year-not-over")
    assert (await treasurer.api("GET", "/year-closings/2026")).json()["status"] == "blocked"
    for body in ({"year": "x"}, {"year": 1}, {}, {"year": 2025, "x": 1}):
        assert (await treasurer.api("POST", "/year-closings", body)).status_code == 400, body
    for year in ("1", "99999", "-1", "x"):
        assert (await auditor.api("GET", f"/year-closings/{year}")).status_code in {400, 404}, year


async def test_statements_show_the_year_before_and_after_the_closing(auditor, lived):
    async def figures(name: str, **days):
        found = (await auditor.api("GET", f"/reports/{name}", compare="none", **days)).json()
        assert found["balanced"]
        return {row["key"]: row["amounts"][-1] for row in found["rows"]}

    year = {"from": "2025-01-01", "to": "2025-12-31"}
    before = {name: await figures(name, **year) for name in ("income", "worksheet", "financial-position")}
    number = (await close(lived)).number
    after = {name: await figures(name, **year) for name in ("income", "worksheet", "financial-position")}
    assert after["income"] == before["income"]
    assert after["worksheet"] == before["worksheet"]
    assert before["financial-position"]["unclosed"] == money(RESULT)
    assert "unclosed" not in after["financial-position"]
    assert after["financial-position"]["4301"] == money(RESULT)
    then = await figures("financial-position", to="2025-12-31", known_at=str(number - 1))
    assert then == before["financial-position"]


async def test_the_pages(treasurer, auditor, lived):
    listed = (await treasurer.page("/tutup-buku")).text
    assert re.findall(r'class="line" href="/tutup-buku/(\d+)"', listed) == ["2026", "2025"]
    assert 'href="/tutup-buku"' in (await treasurer.page("/periode")).text
    assert 'href="/tutup-buku/2025"' in (await treasurer.page("/periode/2025-12")).text
    assert "/tutup-buku" not in (await treasurer.page("/periode/2025-11")).text
    shown = (await treasurer.page("/tutup-buku/2025")).text
    for text in (
        "Rp200.000",
        "akan dicatat seperti ini",
        "Bulan ini masih menerima jurnal: Desember 2025",
        "/buku-besar/5107?",
    ):
        assert text in shown
    assert 'name="seen"' not in (await auditor.page("/tutup-buku/2025")).text
    assert (await auditor.send("/tutup-buku/2025", opened="/neraca-saldo")).status_code == 403

    page = re.search(r'name="seen" value="(\w+)"', shown)[1]
    unsure = await treasurer.send("/tutup-buku/2025", seen=page, warned="1")
    assert (unsure.status_code, 'id="sure-error"' in unsure.text) == (422, True)
    stale = await treasurer.send("/tutup-buku/2025", seen="x", sure="1")
    assert (stale.status_code, "berubah sejak halaman dibuka" in stale.text) == (409, True)
    done = await treasurer.send("/tutup-buku/2025", seen=page, warned="1", sure="1")
    assert (done.status_code, done.headers["location"]) == (303, "/tutup-buku/2025?selesai=1")
    assert (await treasurer.send("/tutup-buku/2025", opened="/tutup-buku/2026", seen=page, sure="1")).status_code == 303
    assert await lived.last_number() == 5

    closed = (await treasurer.page(done.headers["location"])).text
    assert "Tahun ini ditutup" in closed
    assert "seperti tercatat" in closed
    for url in ("/jurnal/5", "/jurnal/5/balik", "/laporan/posisi-keuangan?to=2025-12-31&known_at=4"):
        assert url in unescape(closed)
        assert (await treasurer.page(url)).status_code == 200
    assert 'value="2025-12-31"' in (await treasurer.page("/jurnal/5/balik")).text
    undone = await treasurer.send("/jurnal/5/balik", reason="Ada faktur terlambat", date="2025-12-31")
    assert undone.status_code == 303, undone.text
    assert "akan dicatat seperti ini" in (await treasurer.page("/tutup-buku/2025")).text


async def test_a_year_that_is_not_over_is_shown_and_not_offered(treasurer, lived):
    shown = (await treasurer.page("/tutup-buku/2026")).text
    assert "belum berakhir" in shown
    assert 'name="seen"' not in shown
    for odd in ("1", "99999", "x"):
        assert (await treasurer.page(f"/tutup-buku/{odd}")).status_code in {400, 404}


async def test_on_the_last_day_itself(lived):
    assert (await seen(lived, 2026, today=date(2026, 12, 31))).may_close
    assert not (await seen(lived, 2026, today=date(2026, 12, 30))).may_close


async def test_only_who_closes_months_closes_years(enter, lived):
    chair = await enter(Role.KETUA)
    assert (await chair.api("POST", "/year-closings", {"year": 2025})).status_code == 403
