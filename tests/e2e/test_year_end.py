"""The bookkeeper's year end, by keyboard: an adjusting entry, the worksheet, and the closing of the year."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.e2e


def no_violations(page: Page) -> None:
    """Accessible by an independent checker; and nothing hangs over the edge of the screen."""
    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
    assert results.violations_count == 0, results.generate_report()
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} pixels too wide"


def write(page: Page, kind: str, day: str, words: str, *cells: str) -> None:
    """An entry by hand with keys only: Enter goes from field to field, the last one posts. '' leaves a cell empty."""
    page.goto("/jurnal")
    page.locator("body").press("u")
    page.wait_for_url(re.compile("/jurnal/baru"))
    page.locator("[name=kind]:checked").focus()
    if kind == "adjustment":
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("[name=date]")).to_be_focused()
    page.locator("[name=date]").fill(day)
    page.keyboard.press("Enter")
    for text in (words, "Memo 12/2025", *cells):
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    for _ in range(12):  # four rows stay empty
        page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/jurnal/\d+\?selesai=tercatat"))


def test_adjustments_and_the_closing_of_a_year_by_keyboard(desk: Page, phone: Page, product, log_in) -> None:
    log_in(desk, product, "bendahara")
    write(desk, "journal", "2025-12-30", "Bagi hasil bank", "1111", "900000", "", "5107", "", "900000")
    write(desk, "adjustment", "2025-12-31", "Penyusutan 2025", "7306", "250000", "", "1411", "", "250000")
    expect(desk.locator("main")).to_contain_text("Jurnal penyesuaian")

    desk.locator("body").press("l")
    desk.wait_for_url(re.compile("/laporan$"))
    desk.goto("/laporan/neraca-lajur?from=2025-01-01&to=2025-12-31")
    row = desk.locator("tr", has_text="7306")
    assert [cell.inner_text() for cell in row.locator("td").all()][1:] == [
        *("", "", "250.000", "", "250.000", "", "250.000", "", "", "")
    ]

    desk.goto("/periode")
    desk.get_by_role("link", name="Tutup buku tahunan").focus()
    desk.keyboard.press("Enter")
    desk.wait_for_url(re.compile("/tutup-buku$"))
    desk.get_by_role("link", name="2025", exact=True).focus()
    desk.keyboard.press("Enter")
    desk.wait_for_url(re.compile("/tutup-buku/2025$"))
    expect(desk.locator("main")).to_contain_text("Rp650.000")
    expect(desk.locator("main")).to_contain_text("Bulan ini masih menerima jurnal: Desember 2025")
    no_violations(desk)
    log_in(phone, product, "bendahara")
    phone.goto("/tutup-buku/2025")
    no_violations(phone)

    desk.locator("[name=sure]").focus()
    desk.keyboard.press("Space")
    desk.keyboard.press("Enter")
    desk.wait_for_url(re.compile("selesai=1"))
    expect(desk.locator("main")).to_contain_text("Tahun ini ditutup")
    no_violations(desk)
    desk.get_by_role("link", name="Perhitungan hasil usaha").focus()
    desk.keyboard.press("Enter")
    desk.wait_for_url(re.compile("/laporan/hasil-usaha"))
    expect(desk.locator("main")).to_contain_text("650.000")

    # The books as they were before the closing: the quiet field beneath the days.
    desk.goto("/laporan/posisi-keuangan?to=2025-12-31")
    desk.locator(".clock summary").focus()
    desk.keyboard.press("Enter")
    number = re.search(r"jurnal nomor (\d+)", desk.locator(".table-note").first.inner_text())
    assert number is not None
    desk.keyboard.press("Tab")
    desk.keyboard.type(str(int(number[1]) - 1))
    desk.keyboard.press("Enter")
    desk.wait_for_url(re.compile("known_at="))
    expect(desk.locator("main")).to_contain_text("Sejak itu")
    expect(desk.locator("main")).to_contain_text("Jurnal penutup 2025")
    no_violations(desk)
    for path in ("/jurnal/baru", "/jurnal?known_at=3", "/ekspor?known_at=3", "/neraca-saldo?known_at=3", "/tutup-buku"):
        phone.goto(path)
        no_violations(phone)
