"""Somebody joins: registered at the desk, accepted by the board's meeting, paid, and given a number and a card."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from .conftest import opened

pytestmark = pytest.mark.e2e


def no_violations(page: Page) -> None:
    """Accessible by an independent checker; and nothing hangs over the edge of the screen."""
    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url


@pytest.fixture
def board(browser: Browser, product):
    """The chair's phone at the meeting."""
    yield from opened(browser, product, {"width": 360, "height": 740})


def test_a_new_member_is_accepted_pays_and_gets_number_and_card(desk: Page, board: Page, product, log_in) -> None:
    log_in(desk, product, "bendahara")
    desk.goto("/anggota/baru")
    desk.get_by_label("Nama lengkap").fill("Wayan Sukerti")
    desk.get_by_role("button", name=re.compile("^Daftarkan pemohon")).click()
    desk.wait_for_url(re.compile(r"/anggota/[0-9]+\?selesai=mendaftar"))
    number = re.search(r"/anggota/([0-9]+)", desk.url)[1]
    expect(desk.locator("main")).to_contain_text("menunggu keputusan pengurus, dan simpanan pokok kurang Rp100.000")
    assert desk.get_by_role("link", name="Kartu anggota").count() == 0

    log_in(board, product, "ketua")
    board.goto("/persetujuan")
    board.get_by_role("link", name=re.compile("pemohon menunggu keputusan pengurus")).click()
    no_violations(board)
    board.get_by_label("Wayan Sukerti").check()
    board.get_by_label("Nomor berita acara rapat").fill("BA-RP 12/2026")
    board.get_by_role("button", name=re.compile("^Catat keputusan")).click()
    expect(board.locator("main")).to_contain_text("Keputusan pengurus tercatat")

    desk.goto(f"/transaksi?template=s&anggota={number}")
    expect(desk.locator("main")).to_contain_text("diterima pengurus, tetapi simpanan pokok kurang Rp100.000")
    no_violations(desk)
    for amount, rest in (("60.000", "Rp40.000"), ("40.000", "")):
        desk.goto(f"/transaksi?template=s&anggota={number}")
        desk.locator("[name=amount]").fill(amount)
        desk.locator("[name=amount]").press("Enter")
        desk.wait_for_url(re.compile("/bukti/"))
        desk.goto(f"/anggota/{number}")
        expect(desk.locator("main")).to_contain_text(f"kurang {rest}" if rest else "nomor anggotanya dapat diterbitkan")

    desk.goto("/anggota/pemohon")
    desk.get_by_label("Wayan Sukerti").check()
    desk.get_by_role("button", name=re.compile("^Terbitkan nomor anggota")).click()
    expect(desk.locator("main")).to_contain_text("Nomor anggota terbit")
    desk.goto(f"/anggota/{number}")
    for kind in ("Simpanan pokok", "Simpanan wajib", "wadiah"):
        expect(desk.locator("main")).to_contain_text(kind)
    desk.get_by_role("link", name="Kartu anggota").click()
    expect(desk.locator("main")).to_contain_text(number)
    expect(desk.locator("main")).to_contain_text("Wayan Sukerti")
