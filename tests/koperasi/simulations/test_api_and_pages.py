import re
from html import unescape

import pytest

from koperasi.permissions import Role

from .test_service import EXAMPLES, answer


@pytest.mark.parametrize("name", EXAMPLES)
async def test_every_simulation_over_rest(client, village, name):
    sent = await client.post(f"/api/v1/simulations/{name}", headers=village.headers(Role.ANGGOTA), json=EXAMPLES[name])
    assert sent.status_code == 200, sent.text
    assert sent.json() == answer(name).model_dump(mode="json")


async def test_a_refusal_is_a_problem_and_money_is_never_a_number(client, village):
    headers = village.headers(Role.DPS)
    path = "/api/v1/simulations/savings-tax"
    refused = await client.post(path, headers=headers, json=EXAMPLES["savings-tax"] | {"month": "2008-12"})
    assert (refused.status_code, refused.json()["code"]) == (422, "tax-policy-missing")
    wrong = await client.post(
        path, headers=headers, json={"month": "2026-10", "accounts": [{"account": "a", "amount": 1}]}
    )
    assert wrong.status_code == 400
    nobody = await client.post(path, json=EXAMPLES["savings-tax"])
    assert nobody.status_code == 401


async def test_over_rest_a_question_has_a_thousand_rows_at_most(client, village):
    account = {"average": "1", "nisbah_percent": "30"}
    accounts = [{"number": f"{one}", **account} for one in range(1_001)]
    long = EXAMPLES["profit-pool"] | {"accounts": accounts}
    sent = await client.post("/api/v1/simulations/profit-pool", headers=village.headers(Role.ANGGOTA), json=long)
    assert (sent.status_code, sent.json()["code"]) == (422, "too-many-rows")


FILLED = {
    "imbalan-simpanan": (
        {
            "method": "average", "percent": "6", "basis": "actual/365", "first": "2026-11-01", "last": "2026-11-30",
            "opening": "", "movements": "1/11/2026 1.000.000\n11/11/2026 2.000.000\n21/11/2026; -1.500.000\n",
            "minimum": "", "posting": "at_end",
        },
        ["Rp9.041", "30 hari x Rp1.833.333,3333 x 6 % / 365 = Rp9.041,0959."],
    ),
    "bagi-hasil": (
        {
            "month": "2026-10", "income": "31.350.000", "financing": "1.500.000.000", "funds": "1.370.000.000",
            "accounts": "31-0001; 2.430.000; 30",
        },
        ["15.236", "HI-1000"],
    ),
    "simpanan-berjangka": (
        {
            "principal": "10.000.000", "opened_on": "2026-01-31", "months": "1", "percent": "52", "hi_1000": "11,57",
            "basis": "actual/365", "roll_over": "none", "until": "", "closed_on": "", "early": "nothing",
            "early_percent": "", "penalty": "",
        },
        ["Rp60.164", "28 Februari 2026"],
    ),
    "pajak-simpanan": (
        {"month": "2026-10", "accounts": "sukarela; 150.000\nberjangka; 120.000; 1", "testing": "payment", "saver": "member",
         "balance": ""},
        ["Rp27.000", "15.000", "Bukti potong"],
    ),
    "keluar": (
        {
            "decided_on": "2026-10-31", "reason": "left", "pokok": "100.000", "wajib": "1.440.000",
            "savings": "325.000", "shu": "", "loan": "900.000", "loan_service": "13.500", "charge": "",
        },
        ["Rp951.500", "30 November 2026"],
    ),
}  # fmt: skip


@pytest.fixture
async def page(client, village, session_of):
    """A page as text, for a role."""

    async def getting(path, role=Role.KASIR, **query):
        headers = {"Cookie": await session_of(village, role)}
        got = await client.get(path, headers=headers, params=query)
        return got.status_code, unescape(re.sub(r"<[^>]+>", " ", got.text)), got.text

    return getting


@pytest.mark.parametrize("role", [Role.KASIR, Role.ANGGOTA, Role.ADMIN])
async def test_the_list_leads_to_every_calculator(page, role):
    status, _, html = await page("/simulasi", role)
    assert status == 200
    assert all(f'href="/simulasi/{word}"' in html for word in FILLED)


@pytest.mark.parametrize("word", FILLED)
async def test_a_form_is_empty_then_answers_beneath_what_was_typed(page, word):
    status, text, html = await page(f"/simulasi/{word}", Role.ANGGOTA)
    assert status == 200
    assert 'id="hasil"' not in html
    query, expected = FILLED[word]
    status, text, html = await page(f"/simulasi/{word}", Role.ANGGOTA, **query)
    assert status == 200, text
    for figure in expected:
        assert figure in text, figure
    for typed in filter(None, query.values()):
        assert typed.splitlines()[0] in unescape(html)


@pytest.mark.parametrize(
    ("word", "change", "said"),
    [
        ("imbalan-simpanan", {"percent": "enam"}, "Tulis angka seperti 6 atau 4,5."),
        ("imbalan-simpanan", {"movements": "1/11/2026 1.000\nkemarin 5"}, "Baris 2 tidak terbaca."),
        ("imbalan-simpanan", {"movements": "1/11/2026 1\n" * 101}, "Paling banyak 100 baris."),
        ("imbalan-simpanan", {"last": "2026-10-01"}, "Tanggal akhir tidak boleh sebelum tanggal awal."),
        ("bagi-hasil", {"accounts": "31-0001; 2.430.000; banyak"}, "Baris 1 tidak terbaca."),
        ("bagi-hasil", {"month": "Oktober"}, "Tulis bulan seperti 2026-10."),
        ("bagi-hasil", {"income": "-5"}, "Jumlah di luar batas."),
        ("simpanan-berjangka", {"closed_on": "2026-01-01"}, "Tanggal tutup sebelum simpanan dibuka."),
        ("pajak-simpanan", {"accounts": "sukarela; 150.000; x"}, "Baris 1 tidak terbaca."),
        ("keluar", {"reason": "bosan"}, "Pilih salah satu dari daftar."),
    ],
)
async def test_what_cannot_be_counted_is_said_and_stays_typed(page, word, change, said):
    status, text, html = await page(f"/simulasi/{word}", **(FILLED[word][0] | change))
    assert status == 422
    assert said in text
    assert 'id="hasil"' not in html


async def test_warnings_show(page):
    _, text, _ = await page("/simulasi/imbalan-simpanan", **(FILLED["imbalan-simpanan"][0] | {"percent": "9,5"}))
    assert "melewati batas kebijakan" in text
    _, text, _ = await page("/simulasi/keluar", **(FILLED["keluar"][0] | {"loan": "9.000.000"}))
    assert "Kekurangan" in text
    assert "belum dapat dibayarkan" in text


async def test_an_unknown_calculator_is_not_found(page):
    assert (await page("/simulasi/lain"))[0] == 404


async def test_a_banks_saver_is_taxed_by_the_balance(page):
    change = {"saver": "bank", "balance": "8.000.000", "accounts": "tabungan; 100.000"}
    _, text, _ = await page("/simulasi/pajak-simpanan", **(FILLED["pajak-simpanan"][0] | change))
    assert "Rp8.000.000; bebas pajak sampai Rp7.500.000" in text
    assert "= Rp20.000." in text
