"""The page of a member's heirs."""

from __future__ import annotations

from koperasi.permissions import Role


async def test_several_heirs_whose_parts_make_a_hundred(page, leaver):
    bendahara = await page(Role.BENDAHARA)
    here = f"/anggota/{leaver.number}/ahli-waris"
    assert "Budi Santosa" in await bendahara.get(here)
    three = {"name_0": "Budi", "relation_0": "Anak", "share_0": "50", "name_2": "Sri", "relation_2": "Istri"}
    refused = await bendahara.fill(here, status=422, **three, share_2="30")
    assert "100 persen" in refused.text
    refused = await bendahara.fill(here, status=422, **three, share_2="nol")
    assert "angka bulat" in refused.text
    await bendahara.fill(here, **three, share_2="50")
    card = await bendahara.get(f"/anggota/{leaver.number}")
    assert "Budi · 50 %" in card
    assert "Sri · 50 %" in card
    assert "Wati" not in card
    kasir = await page(Role.KASIR)
    await kasir.get(here, 403)
