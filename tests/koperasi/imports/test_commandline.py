"""``koperasi import`` in words and exit codes."""

from __future__ import annotations

import pytest

from koperasi.errors import Refusal
from koperasi.imports import commandline

MEMBERS = "Nama;NIK;Tanggal Daftar\nSutinah;5202014107800001;2024-01-02\n"


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def run(database, cooperative, tmp_path, told):
    async def running(kind: str, content: str, **more) -> int:
        file = tmp_path / "berkas.csv"
        file.write_text(content)
        options = {"dry_run": False, "date_order": None, "savings_kind": None, "exclude": []}
        return await commandline.run(
            database, cooperative, file, kind=kind, actor="bendahara", say=told.append, **{**options, **more}
        )

    return running


async def test_dry_run_then_posting(run, told):
    assert await run("members", MEMBERS, dry_run=True) == 0
    assert "Semua baris benar." in told[-1]
    assert await run("members", MEMBERS) == 0
    assert any("1 baris, 1 anggota, 0 jurnal" in line for line in told)
    assert await run("members", MEMBERS) == 1
    assert any("sudah dicatat oleh impor" in line for line in told)


async def test_errors_and_questions_name_line_and_flag(run, told):
    assert await run("members", MEMBERS + "Tini;12;2024-01-02\n") == 1
    assert any(line.strip().startswith("baris 3: NIK: ") for line in told)
    assert await run("members", MEMBERS + "Tini;12;2024-01-02\n", exclude=[3]) == 0
    told.clear()
    data = "NIK;Jumlah;Tanggal\n5202014107800001;100.000;03/04/2025\n"
    assert await run("opening_savings", data) == 1
    assert any("--date-order" in line and "03/04/2025" in line for line in told)
    assert any("--savings-kind" in line for line in told)
    assert await run("opening_savings", data, date_order="dmy", savings_kind="wajib") == 0
    assert any("Selisih saldo awal: Rp100.000 debit." in line for line in told)
    assert "Neraca saldo awal belum diimpor." in told[-1]


async def test_unknown_answers_are_refused(run):
    for answers in ({"date_order": "ymd"}, {"savings_kind": "emas"}):
        with pytest.raises(Refusal):
            await run("members", MEMBERS, **answers)
