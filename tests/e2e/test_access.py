"""A new teller's first day: a password on paper, another of one's own, a second code; and what the admin sees of it."""

from __future__ import annotations

import re
from base64 import b32decode
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from koperasi.access import rules_second as rules

pytestmark = pytest.mark.e2e

OWN = "kuda besi lewat pematang"


def calm(page: Page) -> None:
    """Accessible by an independent checker, and nothing hangs over the edge of the screen."""
    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
    assert results.violations_count == 0, results.generate_report()
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} pixels too wide"


def submit(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator(f"[name={name}]").press("Enter")


def code(secret: bytes, *, unlike: str = "") -> str:
    """A code that the phone shows about now, another one than that used before."""
    step = rules.step_of(datetime.now(UTC))
    return next(found for ahead in (0, 1) if (found := rules.code_at(secret, step + ahead)) != unlike)


def test_a_first_password_is_changed_and_a_second_code_set_up_and_asked_for(
    desk: Page, phone: Page, product, log_in
) -> None:
    log_in(desk, product, "admin")
    desk.goto("/pengguna/baru")
    desk.locator("[name=name]").fill("Uji Kasir")
    desk.locator("[name=role]").select_option("kasir")
    desk.locator("[name=username]").fill("uji.kasir")
    desk.get_by_role("button", name=re.compile("Buat pengguna")).click()
    given = desk.locator("output.sum").inner_text()

    phone.goto("/masuk")
    submit(phone, username="uji.kasir", password=given)
    expect(phone).to_have_url(re.compile("/sandi$"))
    phone.goto("/meja")
    expect(phone).to_have_url(re.compile("/sandi$"))
    calm(phone)
    submit(phone, present=given, password=OWN, again=OWN)
    expect(phone).to_have_url(re.compile("/meja$"))

    phone.goto("/kode-kedua")
    calm(phone)
    phone.get_by_role("button", name="Pasang kode kedua").click()
    calm(phone)
    secret = b32decode(phone.locator("[data-secret]").inner_text().replace(" ", "").replace("\n", ""))
    first = code(secret)
    submit(phone, code=first, password=OWN)
    expect(phone.locator("h1")).to_have_text("Kode cadangan")
    calm(phone)
    paper = phone.locator("ul.card li").all_inner_texts()
    assert len(paper) == 10

    phone.context.clear_cookies()
    phone.goto("/token")
    submit(phone, username="uji.kasir", password=OWN)
    expect(phone).to_have_url(re.compile("/masuk/kode"))
    calm(phone)
    submit(phone, code=first)
    expect(phone.locator(".problem")).to_contain_text("Kode tidak cocok")
    submit(phone, code=code(secret, unlike=first))
    expect(phone).to_have_url(re.compile("/token$"))
    calm(phone)

    phone.context.clear_cookies()
    phone.goto("/masuk")
    submit(phone, username="uji.kasir", password=OWN)
    submit(phone, code=paper[0])
    expect(phone).to_have_url(re.compile("/meja$"))
    phone.goto("/sesi")
    calm(phone)

    for path in ("/jejak-audit", "/jejak-audit/periksa", "/hak-akses", "/sesi", "/token", "/kode-kedua"):
        desk.goto(path)
        calm(desk)
    desk.goto("/jejak-audit?actor=uji.kasir")
    expect(desk.locator("tbody tr").first).to_contain_text("Kode cadangan dipakai")
    expect(desk.locator("main")).to_contain_text("Gagal masuk")
    desk.goto("/jejak-audit/periksa")
    expect(desk.locator("main")).to_contain_text("Jejak audit utuh")
