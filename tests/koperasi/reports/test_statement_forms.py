"""A statement says the same on the page, over REST, in the workbook and in the PDF: same rows, same figures, same order."""

from __future__ import annotations

import io
import re
import sys
from datetime import UTC, datetime
from html import unescape
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import pytest_asyncio
from openpyxl import load_workbook

import ledger
from koperasi.access import service as access
from koperasi.access import service_tokens as tokens
from koperasi.access.pages import session_cookie_name
from koperasi.formats import format_figure, parse_wire_amount
from koperasi.permissions import Identity, Role
from koperasi.reports.pages_statements import WORDS
from koperasi.reports.statement_model import SHARIA_ONLY, Name


def beside(name: str):
    spec = spec_from_file_location(f"reports_{name}", Path(__file__).parent / f"{name}.py")
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


years, pdf_text = beside("years"), beside("pdf_text")
Rows = list[tuple[str, tuple[str, ...]]]
"""Each row's words with its account codes, and its figures as the page writes them; empty cells left out."""


class Reader:
    def __init__(self, client, token: str, cookie: str) -> None:
        self.client, self.token, self.cookie = client, token, cookie

    async def get(self, path: str):
        answer = await self.client.get(path, headers={"cookie": self.cookie})
        assert answer.status_code == 200, answer.text[:500]
        return answer

    async def api(self, path: str, **params):
        headers = {"authorization": f"Bearer {self.token}"}
        return await self.client.get(f"/api/v1{path}", headers=headers, params=params)


@pytest.fixture(scope="module")
def let_in(client, database):
    async def let(year) -> Reader:
        now = datetime.now(UTC)
        async with database.work(year.cooperative.book_id) as work:
            user_id = await access.create_user(
                work.connection,
                work.book_id,
                username="pengawas",
                name="Dewi #1",
                role=Role.PENGAWAS,
                password="cukup panjang 7",
            )
            identity = Identity(work.book_id, user_id, "pengawas", "Dewi #1", Role.PENGAWAS)
            token, _ = await tokens.issue_token(work.connection, identity, label="uji", address="192.0.2.1", now=now)
            cookie = await tokens.open_session(work.connection, identity, address="192.0.2.1", now=now)
            await work.commit()
        return Reader(client, token, f"{session_cookie_name(client.app.state.settings)}={cookie}")

    return let


@pytest_asyncio.fixture(scope="module")
async def readers(database, let_in):
    return {kind: await let_in(await years.lived(database, kind)) for kind in ("ksp", "kspps", "bumdes_unit")}


def on_page(text: str) -> Rows:
    rows = []
    table = re.search(r"<tbody>(.*?)</tbody>", text, re.DOTALL)[1]
    for row in re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL):
        cells = [
            " ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split())
            for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)
        ]
        rows.append((cells[0], tuple(filter(None, cells[1:]))))
    return rows


def in_workbook(content: bytes, blank_zero: bool) -> Rows:
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    found = [[cell.value for cell in row] for row in sheet.iter_rows()]
    start = next(number for number, row in enumerate(found) if row[:2] == ["Kode", "Uraian"])
    rows = []
    for code, label, *amounts in found[start + 1 :]:
        codes = (code or "").split(", ")
        words = f"{code} {label}" if code and len(codes) == 1 else f"{label} {' '.join(codes)}".strip()
        minors = [round(amount * 100) for amount in amounts if isinstance(amount, int | float)]
        rows.append((words, tuple(format_figure(minor) for minor in minors if minor or not blank_zero)))
    return rows


def over_rest(body: dict, blank_zero: bool) -> Rows:
    rows = []
    for row in body["rows"]:
        codes, label = row["accounts"], row["label"]
        words = f"{codes[0]} {label}" if len(codes) == 1 else " ".join([label, *codes])
        minors = [parse_wire_amount(one["amount"]) for one in row["amounts"] if one]
        rows.append((words, tuple(format_figure(minor) for minor in minors if minor or not blank_zero)))
    return rows


CASES = [
    (kind, name)
    for kind in ("ksp", "kspps", "bumdes_unit")
    for name in Name
    if kind == "kspps" or name not in SHARIA_ONLY
]


@pytest.mark.parametrize(("kind", "name"), CASES)
async def test_all_forms_say_the_same(readers, kind, name):
    reader, blank_zero = readers[kind], name is Name.WORKSHEET
    url = f"/laporan/{WORDS[name]}"
    page = on_page((await reader.get(f"{url}?compare=year")).text)
    assert len(page) > 2
    assert any(figures for _, figures in page)
    assert in_workbook((await reader.get(f"{url}/xlsx?compare=year")).content, blank_zero) == page
    assert over_rest((await reader.api(f"/reports/{name}", compare="year")).json(), blank_zero) == page
    text = pdf_text.text_of((await reader.get(f"{url}/pdf?compare=year")).content)
    rest, at = "", 0
    for words, figures in page:
        wanted = " ".join([words, *figures])
        if (found := text.replace(",", "").find(wanted.replace(",", ""), at)) < 0:
            pytest.fail(f"{wanted!r} is not in {text[at : at + 300]!r}")
        rest, at = rest + text.replace(",", "")[at:found], found + len(wanted.replace(",", ""))
    rest += text.replace(",", "")[at:]
    assert not re.findall(r"\d\.\d{3}", rest), rest


async def test_paper_carries_its_origin(readers):
    text = pdf_text.text_of((await readers["ksp"].get("/laporan/posisi-keuangan/pdf?to=2026-06-30")).content)
    for words in (
        "KSP Tani Makmur Sekaroh, Lombok Timur",
        "Laporan posisi keuangan Per 30 Juni 2026",
        "Menurut catatan sampai jurnal nomor 23, segel",
        "Dicetak oleh Dewi #1,",
        "Halaman 1 / 1",
        "Ketua Bendahara",
    ):
        assert words in text


async def test_rows_lead_to_accounts_and_entries(readers):
    page = (await readers["ksp"].get("/laporan/arus-kas?from=2026-03-01&to=2026-03-31&compare=none")).text
    links = [unescape(url) for url in re.findall(r'href="(/buku-besar/[^"]+)"', page)]
    assert "/buku-besar/1404?from=2026-03-01&to=2026-03-31" in links
    account = (await readers["ksp"].get("/buku-besar/1404?from=2026-03-01&to=2026-03-31")).text
    assert "/jurnal/12" in account
    for url in links:
        await readers["ksp"].get(url)


async def test_words_that_make_no_sense_are_marked(readers):
    page = (await readers["ksp"].get("/laporan/hasil-usaha?to=kemarin&compare=x&compare_date=y")).text
    assert 'id="to-error"' in page
    backwards = (await readers["ksp"].get("/laporan/hasil-usaha?from=2026-05-01&to=2026-04-01")).text
    assert "Tanggal akhir tidak boleh sebelum tanggal awal." in backwards
    answer = await readers["ksp"].api("/reports/income", **{"from": "2026-05-01", "to": "2026-04-01"})
    assert (answer.status_code, answer.json()["code"]) == (400, "period")
    assert (await readers["ksp"].api("/reports/zakat-funds")).status_code == 404
    assert (await readers["ksp"].api("/reports/income", compare="kemarin")).status_code == 400


async def test_as_the_book_stood(readers):
    then = (await readers["ksp"].api("/reports/income", known_at="8", compare="none")).json()
    assert then["known_at"] == then["last_entry"]["number"] == 8
    assert then["rows"][-1]["amounts"] == [{"amount": "0.00", "currency": "IDR"}]
    page = (await readers["ksp"].get("/laporan/hasil-usaha?known_at=8")).text
    assert "seperti tercatat sampai jurnal nomor 8" in page


async def test_a_name_is_never_markup_nor_a_formula(database, let_in):
    year = await years.lived(database, "bumdes_unit")
    name = '=HYPERLINK("x") #read("f") $1$ *a* <b>'
    async with database.work(year.cooperative.book_id) as work:
        account = await ledger.account_by_code(work.connection, work.book_id, "4107")
        await ledger.rename_account(work.connection, work.book_id, account.account_id, name_id=name, name_en=name)
        await work.commit()
    reader = await let_in(year)
    workbook = load_workbook(io.BytesIO((await reader.get("/laporan/hasil-usaha/xlsx")).content)).worksheets[0]
    (cell,) = [cell for row in workbook.iter_rows() for cell in row if cell.value == name]
    assert cell.data_type == "s"
    assert name in pdf_text.text_of((await reader.get("/laporan/hasil-usaha/pdf")).content).replace("“", '"').replace(
        "”", '"'
    )
    assert "<b>" not in on_page((await reader.get("/laporan/hasil-usaha")).text)[0][0]
