"""What the three users do on their first day, in a real browser on the real product."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import unquote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.e2e

MEMBERS = """DAFTAR ANGGOTA BARU;;;;
;;;;
Nama Anggota;NIK;No HP;Status PMI;Tanggal Daftar
Sukmawati;5202034512920101;081234567001;keluarga_pmi;05/01/2026
"Raden Ayu Kartika Sari, S.Pd";5202040107880102;+85261234567;pmi_aktif;17/03/2026
Wagimin;5202051503750103;081234567003;bukan;28/02/2026
"""

SAVINGS = """NIK;Nama;Simpanan Pokok;Simpanan Wajib;Simpanan Sukarela;Tanggal
5202034512920101;Sukmawati;100.000;80.000;1.250.000;2026-06-30
5202040107880102;Raden Ayu Kartika Sari;Rp 100.000,00;60.000;0;2026-06-30
5202051503750103;Wagimin;100.000;40.000;75.000;2026-06-30
;TOTAL;300.000;180.000;1.325.000;
"""


def upload(page: Page, kind: str, name: str, text: str) -> None:
    page.goto("/impor")
    page.locator("[name=kind]").select_option(kind)
    page.locator("[name=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_role("button", name="Baca dan periksa").click()


def no_violations(page: Page) -> None:
    """Accessible by an independent checker; and nothing hangs over the edge of the screen."""
    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
    assert results.violations_count == 0, results.generate_report()
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} pixels too wide"


def speak(page: Page, language: str) -> None:
    """Switch the language; on a phone the switch is behind "Lainnya"."""
    if not page.locator("button:visible", has_text=language).count():
        page.locator("summary:visible").first.click()
    page.locator("button:visible", has_text=language).first.click()


def test_a_treasurer_imports_members_and_savings_and_records_a_deposit_by_keyboard(desk: Page, product, log_in) -> None:
    log_in(desk, product, "bendahara")
    expect(desk).to_have_url(re.compile("/meja$"))

    upload(desk, "members", "anggota.csv", MEMBERS)
    expect(desk.locator("main")).to_contain_text("Sukmawati")
    desk.get_by_role("button", name=re.compile("^Catat")).click()
    expect(desk.locator("main")).to_contain_text(re.compile("3"))

    upload(desk, "opening_savings", "simpanan.csv", SAVINGS)
    desk.get_by_role("button", name=re.compile("^Catat")).click()
    expect(desk.locator("main")).not_to_contain_text("Belum berhasil")

    # From here on only keys: T opens the transaction page, a name and Enter find the member, an amount and Enter record.
    desk.goto("/meja")
    desk.locator("body").press("s")
    expect(desk).to_have_url(re.compile("template=s"))
    desk.keyboard.type("Sukmaw")
    expect(desk.get_by_role("option").first).to_contain_text("Sukmawati")
    desk.keyboard.press("Enter")
    if "anggota=" not in desk.url:
        desk.keyboard.press("Enter")
    desk.wait_for_url(re.compile("anggota="))
    desk.keyboard.type("150000")
    expect(desk.locator("[data-echo=amount]")).to_have_text("Rp150.000")
    expect(desk.locator("[data-words=amount]")).to_contain_text("ratus lima puluh ribu")
    expect(desk.locator("[data-after]")).to_have_text("Rp1.400.000")
    desk.keyboard.press("Enter")
    desk.wait_for_url(re.compile("/bukti/"))

    paper = desk.locator("main")
    expect(paper).to_contain_text("Seratus lima puluh ribu rupiah")
    expect(paper).to_contain_text("Rp1.400.000")
    expect(paper).to_contain_text("Sukmawati")
    link = desk.get_by_role("link", name=re.compile("WhatsApp")).first.get_attribute("href")
    assert link is not None
    assert link.startswith("https://wa.me/6281234567001?text=")
    assert "150.000" in link
    assert desk.get_by_role("button", name=re.compile("Cetak")).count() == 1
    no_violations(desk)

    # The link in the message proves the receipt to anybody, without a log-in, and says neither who nor how much.
    found = re.search(r"https?://\S+/cek/\S+", unquote(link))
    assert found is not None
    stranger = desk.context.browser.new_context()
    page = stranger.new_page()
    assert page.goto(found.group(0)).status == 200
    expect(page.locator("main")).not_to_contain_text(re.compile("Sukmawati|150.000"))
    forged = found.group(0)[:-1] + ("2" if found.group(0)[-1] != "2" else "3")
    assert page.goto(forged).status == 404
    stranger.close()


def test_sending_a_form_twice_records_once(desk: Page, product, log_in) -> None:
    log_in(desk, product, "bendahara")
    desk.goto("/transaksi?template=s&anggota=00002")
    form = desk.evaluate(
        """() => { const f = document.querySelector('form[method=post][action="/transaksi"]');
                   return Object.fromEntries(new FormData(f)); }"""
    )
    form["amount"] = "12.000"
    places = [desk.request.post("/transaksi", form=form, max_redirects=0).headers["location"] for _ in range(2)]
    assert places[0] == places[1]
    assert "/bukti/" in places[0]


def test_no_digit_is_lost_that_is_typed_at_once(desk: Page, product, log_in) -> None:
    """A treasurer types ahead: the amount field has the focus before the page says that it is there."""
    log_in(desk, product, "bendahara")
    for _ in range(5):
        desk.goto("/transaksi?template=s&anggota=00002")
        desk.keyboard.type("987654")
        assert desk.input_value("[name=amount]") == "987654"


def test_a_member_sees_balance_and_passbook_on_a_phone(phone: Page, product, log_in) -> None:
    log_in(phone, product, "anggota")
    expect(phone).to_have_url(re.compile("/saldo-saya$"))
    expect(phone.locator("main")).to_contain_text("Jumlah simpanan")
    no_violations(phone)
    phone.get_by_role("link", name=re.compile("[Bb]uku anggota")).first.click()
    expect(phone).to_have_url(re.compile("/buku-anggota"))
    expect(phone.locator("main")).to_contain_text("Saldo")
    no_violations(phone)
    for other in ("/anggota/00002", "/neraca-saldo", "/meja", "/jurnal"):
        answer = phone.request.get(other)
        assert answer.status in {403, 404}, other


def test_a_members_page_is_small_and_needs_no_script(browser, product, log_in) -> None:
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, base_url=product.url, java_script_enabled=False
    )
    page = context.new_page()
    log_in(page, product, "anggota")
    page.goto("/saldo-saya")
    expect(page.locator("main")).to_contain_text("Rp")
    import gzip

    body = page.request.get("/saldo-saya").body()
    styles = [
        page.request.get(href).body()
        for href in page.eval_on_selector_all("link[rel=stylesheet]", "all => all.map(e => e.href)")
    ]
    assert sum(len(gzip.compress(part)) for part in (body, *styles)) <= 30 * 1024
    context.close()


def test_an_auditor_goes_from_trial_balance_to_entry_in_three_clicks_and_downloads(desk: Page, product, log_in) -> None:
    log_in(desk, product, "pengawas")
    expect(desk).to_have_url(re.compile("/neraca-saldo"))
    no_violations(desk)
    totals = desk.locator("tr.total").last
    debit = totals.locator("td.debit").inner_text()
    assert debit == totals.locator("td.credit").inner_text()

    desk.get_by_role("link", name=re.compile("Kas Teller")).first.click()  # one
    expect(desk).to_have_url(re.compile("/buku-besar/1102"))
    no_violations(desk)
    desk.locator("table.rows tbody tr a").first.click()  # two: from the account to the entry
    expect(desk).to_have_url(re.compile(r"/jurnal/\d+"))
    expect(desk.locator("main")).to_contain_text("Kas Teller")
    no_violations(desk)

    desk.goto("/ekspor")
    no_violations(desk)
    with desk.expect_download() as downloading:
        desk.get_by_role("link", name="CSV untuk Excel").click()
    content = downloading.value.path().read_text("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content), delimiter=";" if ";" in content.splitlines()[0] else ","))
    assert len(rows) > 200
    assert desk.request.get("/transaksi").status == 403

    verified = product.command("verify", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.mark.parametrize("role", ["bendahara", "admin"])
def test_every_page_in_the_menu_opens_at_both_sizes_in_both_languages(browser, product, log_in, role: str) -> None:
    for width in (360, 1366):
        context = browser.new_context(viewport={"width": width, "height": 768}, base_url=product.url)
        page = context.new_page()
        log_in(page, product, role)
        urls = page.eval_on_selector_all(
            "nav a[href^='/']", "all => [...new Set(all.map(e => e.getAttribute('href')))]"
        )
        assert urls
        for url in urls:
            page.goto(url)
            no_violations(page)
        speak(page, "English")
        page.goto(urls[0])
        assert page.locator("html").get_attribute("lang") == "en"
        speak(page, "Indonesia")
        context.close()
