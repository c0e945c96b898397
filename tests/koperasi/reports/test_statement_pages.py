"""Every statement opens as a page, as a workbook and as paper, for those who may read the books, with equal figures."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook

from koperasi.permissions import Role
from koperasi.reports.pages_statements import WORDS
from koperasi.reports.statement_model import SHARIA_ONLY, Name


@pytest.fixture
async def busy(client, own_village):
    """A few deposits and a cost, so that the statements have something to say."""
    village = own_village
    headers = village.headers(Role.BENDAHARA)
    accounts = await client.get(f"/api/v1/members/{village.member.number}/savings-accounts", headers=headers)
    for position, account in enumerate(accounts.json()["items"]):
        answer = await client.post(
            f"/api/v1/savings-accounts/{account['number']}/deposits",
            json={"amount": {"amount": "100000.00", "currency": "IDR"}},
            headers=village.headers(Role.BENDAHARA, f"statement-{position}"),
        )
        assert answer.status_code == 201, answer.text
    entry = {
        "date": "2026-01-15",
        "description": "Listrik",
        "lines": [
            {"account": "7303", "debit": {"amount": "25000.00", "currency": "IDR"}},
            {"account": "1111", "credit": {"amount": "25000.00", "currency": "IDR"}},
        ],
    }
    answer = await client.post(
        "/api/v1/journal-entries", json=entry, headers=village.headers(Role.BENDAHARA, "statement-cost")
    )
    assert answer.status_code == 201, answer.text
    return village


@pytest.mark.parametrize("name", list(Name))
async def test_a_statement_in_its_three_forms(client, busy, session_of, name):
    cookie = {"Cookie": await session_of(busy, Role.PENGAWAS)}
    page = await client.get(f"/laporan/{WORDS[name]}", headers=cookie)
    assert page.status_code == 200, page.text[:300]
    assert 'class="rows' in page.text
    workbook = await client.get(f"/laporan/{WORDS[name]}/xlsx", headers=cookie)
    assert workbook.status_code == 200
    sheet = load_workbook(io.BytesIO(workbook.content)).worksheets[0]
    assert sheet.max_row > 3
    paper = await client.get(f"/laporan/{WORDS[name]}/pdf", headers=cookie)
    assert paper.status_code == 200
    assert paper.content.startswith(b"%PDF-")


async def test_statements_of_sharia_only_are_not_shown_elsewhere(client, other_village, session_of):
    cookie = {"Cookie": await session_of(other_village, Role.PENGAWAS)}
    listed = await client.get("/laporan", headers=cookie)
    assert listed.status_code == 200
    for name, word in WORDS.items():
        assert (f"/laporan/{word}" in listed.text) is (name not in SHARIA_ONLY)
        assert (await client.get(f"/laporan/{word}", headers=cookie)).status_code == (
            404 if name in SHARIA_ONLY else 200
        )


async def test_a_statement_that_is_none(client, village, session_of):
    cookie = {"Cookie": await session_of(village, Role.PENGAWAS)}
    assert (await client.get("/laporan/ramalan", headers=cookie)).status_code == 404
    assert (await client.get("/laporan/arus-kas/word", headers=cookie)).status_code == 404
