"""Two people and one large withdrawal: the teller asks, the chair agrees, both with the keyboard alone."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.e2e


def calm(page: Page) -> None:
    """Accessible by an independent checker, and nothing hangs over the edge of the screen."""
    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
    assert results.violations_count == 0, results.generate_report()
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} pixels too wide"


def type_amount(page: Page, template: str, amount: str) -> None:
    page.goto(f"/transaksi?template={template}&anggota=00002")
    page.keyboard.type(amount)
    page.keyboard.press("Enter")


def press(page: Page, name: str) -> None:
    """Go to a button with Tab, as someone without a mouse does, and press it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText || ''").startswith(name):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"no way to {name} with Tab")


def test_a_large_withdrawal_waits_for_the_chair(desk: Page, phone: Page, product, log_in) -> None:
    log_in(desk, product, "kasir")
    type_amount(desk, "s", "7000000")
    expect(desk).to_have_url(re.compile("/bukti/"))
    type_amount(desk, "t", "6000000")
    expect(desk).to_have_url(re.compile(r"/persetujuan/[0-9]+"))
    expect(desk.locator("main")).to_contain_text("Menunggu persetujuan orang kedua")
    calm(desk)
    number = desk.url.split("/")[-1].split("?")[0]

    log_in(phone, product, "ketua")
    # The village begins with two that wait.
    expect(phone.locator("nav a[href='/persetujuan'] b.count").first).to_have_text("3")
    phone.goto("/persetujuan")
    calm(phone)
    press(phone, f"{number} ·")
    expect(phone).to_have_url(re.compile(f"/persetujuan/{number}$"))
    expect(phone.locator("main")).to_contain_text("ditahan")
    calm(phone)
    press(phone, "Setujui dan catat")
    expect(phone.locator("main")).to_contain_text("Disetujui dan dicatat.")
    calm(phone)

    desk.goto(f"/persetujuan/{number}")
    press(desk, "Buka bukti")
    expect(desk).to_have_url(re.compile("/bukti/"))
    expect(desk.locator("main")).to_contain_text("6.000.000")
    verified = product.command("verify", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
