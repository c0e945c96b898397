"""Dues by the sheet at the desk, and what a member finds and asks for on their phone."""

from __future__ import annotations

import re
from urllib.parse import urlparse

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.e2e

SMALL = """() => {
  const seen = (e) => e.getClientRects().length && getComputedStyle(e).visibility !== "hidden";
  const told = (e) => `${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 30)}`;
  const texts = [...document.querySelectorAll("body *")].filter((e) => seen(e) && !e.closest(".sr, .skip, kbd, option")
    && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && parseFloat(getComputedStyle(e).fontSize) < 16);
  const targets = [...document.querySelectorAll("button, input:not([type=hidden]), select, textarea, summary, a")].filter((e) =>
    seen(e) && !e.closest(".skip, tr, dl") && e.getBoundingClientRect().height < 44 && !(e.closest("p, dd, td, label")
    && e.parentElement.textContent.trim() !== e.textContent.trim()));
  return [...texts, ...targets].map(told);
}"""


def no_violations(page: Page) -> None:
    """Accessible by an independent checker; and nothing hangs over the edge of the screen."""
    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url


def test_a_month_is_billed_and_a_group_pays_by_one_sheet(desk: Page, product, log_in) -> None:
    log_in(desk, product, "bendahara")
    desk.goto("/iuran")
    no_violations(desk)
    desk.get_by_role("button", name=re.compile("^Tagih [0-9]+ anggota")).first.click()
    expect(desk.locator("main")).to_contain_text("ditagihkan kepada")
    late = desk.locator("main .line").first
    number = urlparse(late.get_attribute("href") or "").path.rpartition("/")[2]
    desk.goto("/iuran/lembar")
    desk.get_by_label("Tempel dari Excel").fill(f"No\tWajib\n{int(number)}\t40.000")
    desk.get_by_role("button", name="Buka lembar").last.click()
    no_violations(desk)
    desk.locator(f"[name=sukarela-{number}]").fill("10.000")
    desk.get_by_label("Uang yang dihitung").fill("49.000")
    expect(desk.locator("[data-sum=difference]")).to_have_text("Rp1.000")
    expect(desk.get_by_role("button", name=re.compile("^Catat semua"))).to_be_disabled()
    # The envelope is counted by denominations, and the sum stands beside the sheet's while one types.
    desk.get_by_text("Hitung per pecahan").click()
    desk.get_by_label("Banyaknya Rp20.000").fill("2")
    desk.get_by_label("Banyaknya Rp10.000").fill("1")
    expect(desk.locator("#counted")).to_have_value("50.000")
    expect(desk.locator("[data-sum=difference]")).to_have_text("Rp0")
    no_violations(desk)
    desk.get_by_role("button", name=re.compile("^Catat semua")).click()
    desk.wait_for_url(re.compile(r"/iuran/lembar/[0-9]+"))
    expect(desk.locator("main")).to_contain_text("Lima puluh ribu rupiah")
    assert desk.locator("a[href^='/bukti/']").count() == 2


def test_a_member_reads_asks_and_reports_on_a_phone_and_is_answered(phone: Page, desk: Page, product, log_in) -> None:
    log_in(phone, product, "anggota")
    for path in (
        "/saldo-saya",
        "/buku-anggota",
        "/iuran-saya",
        "/permintaan-saya",
        "/permintaan-saya/penarikan",
        "/lainnya",
    ):
        phone.goto(path)
        assert phone.evaluate(SMALL) == [], path
    phone.goto("/permintaan-saya/penarikan")
    no_violations(phone)
    phone.get_by_label("Jumlah uang").fill("10.000")
    phone.get_by_label("Pesan untuk kantor").fill("Saya datang hari Jumat.")
    phone.get_by_role("button", name=re.compile("^Kirim permintaan")).click()
    expect(phone.locator("main")).to_contain_text("Menunggu")
    phone.goto("/buku-anggota")
    phone.locator(".ask a").first.click()
    phone.get_by_label("Apa yang salah?").fill("Jumlahnya bukan yang saya setor.")
    phone.get_by_role("button", name=re.compile("^Kirim aduan")).click()
    log_in(desk, product, "pengawas")
    desk.goto("/aduan")
    desk.locator("main .line").first.click()
    expect(desk.locator("main")).to_contain_text("Jumlahnya bukan yang saya setor.")
    no_violations(desk)
    desk.get_by_label("Tidak dapat dipenuhi").check()
    desk.get_by_label("Jawaban untuk anggota").fill("Slip Anda menunjukkan jumlah yang sama.")
    desk.get_by_role("button", name=re.compile("^Kirim jawaban")).click()
    phone.goto("/permintaan-saya")
    expect(phone.locator("main")).to_contain_text("Slip Anda menunjukkan jumlah yang sama.")
