"""The demo village shows what the product does: nobody opens an empty page on the first evening."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .test_stories import no_violations

pytestmark = pytest.mark.e2e

DESK = {
    "/imbal/1": "Tercatat",
    "/iuran": "Siapa yang menunggak",
    "/permintaan": "Sutinah",
    "/berjangka": "Simpanan berjangka",
    "/anggota?q=Nur+Azizah": "Pemohon",
    "/anggota/00022": "Cuti",
    "/produk/mudharabah": "Nisbah 30 : 70",
    "/anggota/00031/penyelesaian": "Dibayar",
    "/anggota/00034": "Meninggal",
    "/kas/1": "10.000",
    "/kas/kecil": "Kertas dan tinta",
    "/tutup-hari": "Hari yang sudah ditutup",
}
BOARD = {"/akad": "mudharabah", "/laporan": "Laporan keuangan"}


def test_the_village_has_something_of_everything(desk: Page, phone: Page, product, log_in) -> None:
    log_in(desk, product, "bendahara")
    for path, shown in DESK.items():
        desk.goto(path)
        expect(desk.locator("main")).to_contain_text(shown)
    desk.context.clear_cookies()
    log_in(desk, product, "ketua")
    for path, shown in {"/persetujuan": "6.000.000", "/aduan": "Sutinah"}.items():
        desk.goto(path)
        expect(desk.locator("main")).to_contain_text(shown)

    desk.context.clear_cookies()
    log_in(desk, product, "dps")
    for path, shown in BOARD.items():
        desk.goto(path)
        expect(desk.locator("main")).to_contain_text(shown)

    log_in(phone, product, "anggota")
    main = phone.locator("main")
    expect(main).to_contain_text("Rencana: Qurban")
    expect(main).to_contain_text(re.compile("dari Rp3.000.000, tercapai [0-9]+ %"))
    expect(main).to_contain_text("Setoran rutin berikutnya Rp250.000")
    phone.get_by_text("Ketentuan simpanan saya").click()
    expect(main).to_contain_text("Tidak ada imbal yang dijanjikan")
    expect(main).not_to_contain_text(re.compile("bunga", re.IGNORECASE))
    no_violations(phone)
