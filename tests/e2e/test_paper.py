"""A term deposit from the desk to its certificate, and a passbook whose lines stand where its layout says."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .test_stories import no_violations

pytestmark = pytest.mark.e2e

PIXELS_A_MILLIMETRE = 96 / 25.4


def test_a_term_deposit_and_the_passbook_that_shows_it(desk: Page, product, log_in) -> None:
    log_in(desk, product, "bendahara")
    desk.goto("/berjangka/baru?anggota=00012")
    no_violations(desk)
    account = desk.locator("#payout_account").input_value()
    desk.locator("#amount").fill("1.000.000")
    desk.locator("#source").select_option(account)
    desk.get_by_role("button", name=re.compile("Lihat hasilnya")).click()
    expect(desk.locator("main")).to_contain_text("tidak dijanjikan")
    no_violations(desk)
    desk.get_by_role("button", name=re.compile("Buka simpanan berjangka")).click()
    expect(desk.locator("main")).to_contain_text("Simpanan berjangka dibuka")
    no_violations(desk)
    desk.get_by_role("link", name=re.compile("Cetak bilyet")).click()
    expect(desk.locator(".paper")).to_contain_text("Satu juta rupiah")

    desk.goto(f"/simpanan/{account}/buku")
    no_violations(desk)
    expect(desk.locator("main table").last).to_contain_text("Pindah buku")
    desk.get_by_role("button", name="Cetak barisnya").click()
    page = desk.locator(".passbook-page").first
    box, line = page.bounding_box(), desk.locator(".pb-row-2.pb-date").first.bounding_box()
    balance = desk.locator(".pb-row-2.pb-balance").first.bounding_box()
    assert line["y"] - box["y"] == pytest.approx(30 * PIXELS_A_MILLIMETRE, abs=1)
    assert line["x"] - box["x"] == pytest.approx(8 * PIXELS_A_MILLIMETRE, abs=1)
    assert balance["x"] + balance["width"] - box["x"] == pytest.approx(114 * PIXELS_A_MILLIMETRE, abs=1)
    sheet = desk.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", sheet)) == 1
    width, height = (float(one) for one in re.search(rb"/MediaBox\s*\[0 0 (\S+) ([^\]\s]+)", sheet).groups())
    assert (width, height) == (pytest.approx(140 * 72 / 25.4, abs=1), pytest.approx(175 * 72 / 25.4, abs=1))
    for path in ("/cetak/tata-letak", "/berjangka", "/berjangka/produk", f"/simpanan/{account}/buku"):
        desk.goto(path)
        no_violations(desk)


def test_a_member_sees_term_deposits_on_the_phone(phone: Page, product, log_in) -> None:
    log_in(phone, product, "anggota")
    phone.goto("/berjangka-saya")
    no_violations(phone)
