"""Render sample pages to a folder of static HTML, to look at them: python tests/koperasi/web/gallery.py FOLDER [--shoot].

With --shoot, Chromium takes a picture of each page at phone and desk width, light and dark, prints the receipts to PDF,
and axe reports what a screen reader or a weak eye would stumble over.
"""

from __future__ import annotations

import shutil
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace

from jinja2 import ChoiceLoader, FileSystemLoader

from koperasi.errors import Refusal
from koperasi.web import Form, NavItem, Notice, Pages
from koperasi.web.render import STATIC

SAMPLES = Path(__file__).parent / "samples"
TODAY = date(2026, 11, 25)
LONG_NAME = "Raden Roro Siti Nurhasanah Kusumaningtyas Wulandari Prawirohardjo binti Abdul Rahman"
MOST = 98_765_432_100_000
STAFF = SimpleNamespace(name="Dewi Lestari", username="bendahara", member_number=None, role="bendahara", is_staff=True)
MEMBER = SimpleNamespace(name=LONG_NAME, username="A-00012", member_number="A-00012", role="anggota", is_staff=False)
NAV = [
    NavItem("#", "Beranda kas", "b", True),
    NavItem("#", "Catat", "c"),
    NavItem("/members", "Anggota", "o"),
    NavItem("#", "Buku kas", "k"),
]
NAV += [NavItem("#", "Neraca saldo", "r"), NavItem("#", "Impor", "i"), NavItem("#", "Pengguna", "u")]
MEMBER_NAV = [NavItem("#", "Saldo", "", True), NavItem("#", "Buku"), NavItem("#", "Bukti"), NavItem("#", "Keamanan")]
PEOPLE = [
    ("A-00012", "Sutinah", "PMI aktif, Hong Kong", "active", 0),
    ("A-00013", LONG_NAME, "keluarga PMI", "active", MOST),
    ("A-00014", "Ahmad Fauzi", "purna PMI, Malaysia", "inactive", 125_000_050),
    ("A-00015", "Ni Luh Sari", "calon PMI", "late", -5_000_000),
]


def cooperative(business_date: date) -> SimpleNamespace:
    return SimpleNamespace(
        name="KSPPS BMT Sumber Rejeki Migran", kind="kspps", timezone="Asia/Jakarta",
        business_date=business_date, today=TODAY, is_sharia=True,
    )  # fmt: skip


def typed_form() -> Form:
    form = Form(
        {
            "kind": "withdrawal",
            "member": "A-00012",
            "amount": "987.654.321.000",
            "effective_date": "",
            "note": "<b>",
            "office": "2",
        }
    )
    form.amount("amount")
    form.date("effective_date")
    form.add_refusal(
        Refusal("amount-above-available", "Saldo yang dapat ditarik Rp2.500.000. Kurangi jumlahnya.", field="amount")
    )
    return form


def pages_of(locale: str, theme: str) -> dict[str, str]:
    pages = Pages(static_url=".")
    environment = pages.environment(locale)
    environment.loader = ChoiceLoader([FileSystemLoader(SAMPLES), environment.loader])
    staff = {
        "identity": STAFF,
        "cooperative": cooperative(date(2026, 11, 24)),
        "nav": NAV,
        "csrf_token": "t",
        "theme": theme,
    }
    member = {
        "identity": MEMBER,
        "cooperative": cooperative(TODAY),
        "nav": MEMBER_NAV,
        "csrf_token": "t",
        "theme": theme,
    }
    common = {"today": TODAY, "people": PEOPLE, "minor": MOST, "name": LONG_NAME}
    failed = Form({"username": "sutinah"}, locale)
    failed.error("", "Nama atau kata sandi tidak cocok. Periksa, lalu coba lagi.")
    notices = [
        Notice("ok", "Setoran 1203 tercatat."),
        Notice("warn", "Kas belum dihitung hari ini."),
        Notice("error", "Buku bulan Oktober sudah ditutup."),
    ]
    return {
        "desk": pages.render("desk.html", locale=locale, notices=notices, **common, **staff),
        "entry": pages.render("entry.html", locale=locale, form=typed_form(), **common, **staff),
        "members": pages.render("members.html", locale=locale, form=Form(), **common, **{**staff, "cooperative": cooperative(TODAY)}),
        "account": pages.render("account.html", locale=locale, **common, **staff),
        "receipt": pages.render("receipt.html", locale=locale, size="a5", **common, **staff),
        "thermal": pages.render("receipt.html", locale=locale, size="thermal", **{**common, "name": "Sutinah"}, **staff),
        "balance": pages.render("balance.html", locale=locale, **common, **member),
        "passbook": pages.render("passbook.html", locale=locale, **common, **member),
        "login": pages.render("login.html", locale=locale, form=failed, csrf_token="t", theme=theme),
        "error": pages.render(
            "error.html", locale=locale, theme=theme, happened="Halaman ini tidak ada, atau bukan milik Anda.",
            todo="Periksa alamatnya, atau mulai dari beranda.", code="not-found",
        ),
        "options": pages.render("options.html", locale=locale, **common),
    }  # fmt: skip


def build(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for asset in STATIC.iterdir():
        shutil.copy(asset, folder)
    (folder / "words.txt").write_text("Sembilan ratus delapan puluh tujuh miliar rupiah")
    for theme in ("light", "dark"):
        for name, html in pages_of("id", theme).items():
            (folder / f"{name}-{theme}.html").write_text(html)
    (folder / "options.html").write_text(pages_of("id", "")["options"])
    for name, html in pages_of("en", "light").items():
        (folder / f"{name}-en.html").write_text(html)


def print_out(page, folder: Path, name: str) -> None:
    """The page as PDF, and a picture of it at the width of its paper."""
    page.pdf(path=folder / f"{name}.pdf", prefer_css_page_size=True)
    page.emulate_media(media="print")
    page.set_viewport_size(
        {"width": {"receipt": 726, "thermal": 272}.get(name.split("-", maxsplit=1)[0], 680), "height": 900}
    )
    page.screenshot(path=folder / f"{name}-print.png")
    page.emulate_media(media="null")
    page.set_viewport_size({"width": 1366, "height": 768})


def shoot(folder: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        for width, height in ((360, 740), (768, 1024), (1366, 768)):
            page = browser.new_page(viewport={"width": width, "height": height})
            for path in sorted(folder.glob("*.html")):
                if path.stem.startswith("options") or (width == 768 and "-light" not in path.stem):
                    continue
                page.goto(path.as_uri())
                page.screenshot(path=folder / f"{path.stem}-{width}.png", full_page=width == 360)
                if width == 1366 and path.stem.split("-")[1] != "en":
                    print_out(page, folder, path.stem)
                spill = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                found = Axe().run(page).response["violations"]
                for problem in found:
                    print(
                        path.stem,
                        width,
                        problem["id"],
                        problem["help"],
                        [n["html"][:140] for n in problem["nodes"]][:3],
                    )
                if spill > 0:
                    print(path.stem, width, "wider than the screen by", spill)
            page.close()
        browser.close()


if __name__ == "__main__":
    build(Path(sys.argv[1]))
    if "--shoot" in sys.argv:
        shoot(Path(sys.argv[1]))
