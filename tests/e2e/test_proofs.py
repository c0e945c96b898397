"""Proofs on paper: what a receipt and a checkpoint print is what the stand-alone script and the check page accept."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .test_stories import no_violations

pytestmark = pytest.mark.e2e

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_bundle.py"
CODE = r"[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}"


def deposit(page: Page) -> None:
    page.goto("/transaksi?template=s&anggota=00003")
    page.keyboard.type("75000")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/bukti/"))


def papers(page: Page) -> int:
    """How many sheets the page prints on."""
    pdf = page.pdf(prefer_css_page_size=True)
    return len(re.findall(rb"/Type\s*/Page[^s]", pdf))


def test_the_code_on_a_receipt_finds_it_in_the_bundle(desk: Page, product, log_in, tmp_path: Path) -> None:
    log_in(desk, product, "bendahara")
    deposit(desk)
    foot = desk.locator("article.paper > footer")
    said = re.search(rf"Kode segel jurnal (\d+): ({CODE})", foot.inner_text())
    assert said is not None, foot.inner_text()
    assert papers(desk) == 1
    no_violations(desk)
    desk.goto("/ekspor")
    with desk.expect_download() as saved:
        desk.get_by_role("link", name="Bundel bukti").click()
    file = tmp_path / "jurnal.zip"
    saved.value.save_as(file)

    def check(code: str) -> int:
        command = [sys.executable, "-I", str(SCRIPT), str(file), "--receipt", said[1], code]
        return subprocess.run(command, check=False, capture_output=True).returncode

    assert check(said[2]) == 0
    assert check(said[2][:-1] + ("2" if said[2][-1] != "2" else "3")) == 1


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_a_checkpoint_is_printed_on_one_sheet_and_checked_later(request, product, log_in, screen: str) -> None:
    page = request.getfixturevalue(screen)
    log_in(page, product, "pengawas")
    page.goto("/titik-periksa")
    no_violations(page)
    page.get_by_role("button", name="Buat titik periksa sekarang").click()
    page.wait_for_url(re.compile(r"/titik-periksa/\d+$"))
    no_violations(page)
    assert papers(page) == 1
    short = page.locator("b.code").inner_text()
    number = page.locator("dl.receipt b.fig").first.inner_text()
    whole = page.locator("dd.code").nth(2).inner_text()
    for code, entry in ((short, number), (short.lower(), number), (whole, "")):
        page.goto("/titik-periksa")
        page.locator("[name=kode]").fill(code)
        page.locator("[name=nomor]").fill(entry)
        page.get_by_role("button", name="Periksa", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("Buku tidak ditulis ulang.")
    no_violations(page)
    page.goto(f"/titik-periksa/cek?kode=0000-0000-0000-0000&nomor={number}")
    expect(page.get_by_role("alert")).to_contain_text("Tidak cocok.")


def test_a_note_is_erased_on_a_phone(phone: Page, desk: Page, product, log_in) -> None:
    log_in(desk, product, "bendahara")
    desk.goto("/jurnal/baru")
    for name, value in {
        "description": "Titipan Bu Sutinah", "account-0": "1101", "debit-0": "1000", "account-1": "4201", "credit-1": "1000",
    }.items():  # fmt: skip
        desk.locator(f"[name={name}]").fill(value)
    desk.get_by_role("button", name=re.compile("^Catat")).click()
    desk.wait_for_url(re.compile(r"/jurnal/\d+\?"))
    number = re.search(r"/jurnal/(\d+)", desk.url)[1]
    log_in(phone, product, "admin")
    phone.goto("/hapus-keterangan")
    phone.locator("[name=nomor]").fill(number)
    phone.get_by_role("button", name="Tampilkan").click()
    expect(phone.locator("main")).to_contain_text("Titipan Bu Sutinah")
    no_violations(phone)
    phone.get_by_label("atas permintaan orang yang disebut").check()
    phone.locator("[name=yakin]").check()
    phone.get_by_role("button", name="Hapus keterangan").click()
    expect(phone.get_by_role("status").first).to_contain_text("Keterangan dihapus.")
    no_violations(phone)
    desk.goto(f"/jurnal/{number}")
    expect(desk.locator("main")).to_contain_text("Keterangan dihapus atas permintaan orang yang disebut")
    expect(desk.locator("main")).not_to_contain_text("Sutinah")
