"""A closed month is opened again by two people: the treasurer asks, the chair agrees."""

from __future__ import annotations

from datetime import date

import pytest

from koperasi.bookkeeping import service
from koperasi.errors import Refusal
from koperasi.permissions import Role

SEPTEMBER, OCTOBER = date(2026, 9, 30), date(2026, 10, 1)
ASKED = {"reason": "Faktur September terlambat"}


@pytest.fixture
async def chair(enter):
    return await enter(Role.KETUA)


@pytest.fixture
async def closed(books, treasurer):
    """September is closed."""
    await books.post(("1101", 500), ("4201", -500), day=SEPTEMBER)
    assert (await treasurer.api("PUT", "/periods/2026-09", {"status": "closed"})).status_code == 200
    return books


async def test_over_rest(treasurer, chair, auditor, closed):
    asked = await treasurer.api("POST", "/periods/2026-09/reopening-requests", ASKED)
    assert (asked.status_code, asked.json()["status"]) == (201, "closed")
    assert asked.json()["reopening_requested_by"] == "bendahara"
    agreed = await chair.api("POST", "/periods/2026-09/reopenings")
    assert (agreed.status_code, agreed.json()["status"], agreed.json()["changed_by"]) == (201, "open", "ketua")
    assert agreed.json()["reopening_requested_by"] is None
    await closed.post(("7303", 5), ("1101", -5), day=SEPTEMBER)
    acts = (await auditor.api("GET", "/periods/2026-09/acts")).json()["items"]
    assert [(one["act"], one["actor"], one["reason"], one["confirms"], one["last_entry"]) for one in acts] == [
        ("close", "bendahara", None, None, 1),
        ("reopen-request", "bendahara", ASKED["reason"], None, 1),
        ("reopen", "ketua", None, 2, 1),
    ]
    assert [len(one["digest"] or "") for one in acts] == [64, 0, 0]
    assert acts[0]["last_hash"] == (await closed.entry(1)).hash.hex()
    assert (await auditor.api("GET", "/verification")).json()["ok"]


async def test_what_is_refused(treasurer, chair, auditor, closed):
    async def code(person, path, body=None):
        answer = await person.api("POST", f"/periods/{path}", body)
        return answer.status_code, answer.json()["code"]

    assert await code(chair, "2026-09/reopenings") == (409, "reopening-not-requested")
    assert await code(treasurer, "2026-08/reopening-requests", ASKED) == (409, "period-not-closed")
    assert (await treasurer.api("POST", "/periods/2026-09/reopening-requests", {"reason": ""})).status_code == 400
    assert (await treasurer.api("POST", "/periods/2026-13/reopening-requests", ASKED)).status_code == 400
    assert (await treasurer.api("POST", "/periods/2026-09/reopening-requests", ASKED)).status_code == 201
    assert await code(treasurer, "2026-09/reopening-requests", ASKED) == (409, "reopening-requested")
    for person in (treasurer, auditor):
        assert (await person.api("POST", "/periods/2026-09/reopenings")).status_code == 403
    for person in (chair, auditor):
        assert (await person.api("POST", "/periods/2026-09/reopening-requests", ASKED)).status_code == 403


async def test_the_later_month_first(treasurer, closed):
    await closed.post(("1101", 500), ("4201", -500), day=OCTOBER)
    await treasurer.api("PUT", "/periods/2026-10", {"status": "closed"})
    early = await treasurer.api("POST", "/periods/2026-09/reopening-requests", ASKED)
    assert (early.status_code, early.json()["code"]) == (409, "period-order")
    assert "2026-10" in early.json()["detail"]
    assert (await treasurer.api("PUT", "/periods/2026-08", {"status": "held"})).json()["code"] == "period-closed"


async def test_who_asked_does_not_agree_even_with_the_right_to(database, closed, treasurer):
    """One person who holds both offices."""
    await treasurer.api("POST", "/periods/2026-09/reopening-requests", ASKED)
    async with database.work(closed.book_id) as work:
        with pytest.raises(Refusal) as refused:
            await service.confirm_reopening(work.connection, closed.book_id, date(2026, 9, 1), actor="bendahara")
    assert (refused.value.code, refused.value.status) == ("same-person", 409)


async def test_on_the_pages(treasurer, chair, auditor, closed):
    path = "/periode/2026-09"
    assert f'href="{path}/riwayat"' in (await auditor.page("/periode")).text
    assert "/setuju" not in (await chair.page(f"{path}/riwayat")).text
    empty = await treasurer.send(f"{path}/buka", opened=f"{path}/riwayat", reason=" ")
    assert empty.status_code == 422
    asked = await treasurer.send(f"{path}/buka", opened=f"{path}/riwayat", reason="Faktur <September>")
    assert (asked.status_code, asked.headers["location"]) == (303, "/periode?selesai=diminta")
    seen = (await auditor.page(f"{path}/riwayat")).text
    assert "Faktur &lt;September&gt;" in seen
    assert "<form" not in seen[seen.index("<table") :]
    assert "/setuju" not in (await treasurer.page(f"{path}/riwayat")).text
    assert "Diminta dibuka kembali" in (await chair.page("/periode")).text
    agreed = await chair.send(f"{path}/setuju", opened=f"{path}/riwayat")
    assert (agreed.status_code, agreed.headers["location"]) == (303, "/periode?selesai=disetujui")
    again = await chair.send(f"{path}/setuju", opened="/periode")
    assert again.status_code == 409
    told = (await auditor.page(f"{path}/riwayat")).text
    for words in ("Ditutup", "Diminta dibuka kembali", "Dibuka kembali", "known_at=1"):
        assert words in told
    assert (await auditor.page("/periode/2026-03/riwayat")).status_code == 200
