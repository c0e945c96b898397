"""Long files: the event loop goes on answering while thousands of rows are read, checked and posted."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, date, datetime

import pytest

from koperasi.cooperatives import service as cooperatives
from koperasi.imports import service

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
ROWS = int(os.environ.get("KOPERASI_TEST_IMPORT_ROWS", "3000"))


def nik(n: int) -> str:
    return f"5202{1 + n // 9000 % 90:02d}{1 + n % 28:02d}{1 + n % 12:02d}80{1 + n % 9000:04d}"


@pytest.mark.slow
async def test_thousands_of_rows(database):
    async with database.work(0) as work:
        made = await cooperatives.found_cooperative(
            work,
            code="impor-besar",
            name="Besar",
            kind="kspps",
            timezone="Asia/Jakarta",
            actor="t",
            founded_on=date(2020, 1, 1),
        )
        await work.commit()
    people = "\n".join(
        ["NIK;Nama;Tanggal Daftar", *(f"{nik(n)};Orang {n};2024-{1 + n % 12:02d}-03" for n in range(ROWS))]
    )
    money = "\n".join(
        [
            "NIK;Simpanan Pokok;Simpanan Wajib;Simpanan Sukarela;Tanggal",
            *(f"{nik(n)};100.000;{20 * (1 + n % 30)}.000;{1 + n % 900}.500,50;2025-12-31" for n in range(ROWS)),
        ]
    )
    longest = 0.0
    stopped = asyncio.Event()

    async def watch() -> None:
        """How long others wait for their turn."""
        nonlocal longest
        while not stopped.is_set():
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            longest = max(longest, time.perf_counter() - began - 0.005)

    watching = asyncio.create_task(watch())
    told: list[int] = []
    for kind, data in (("members", people), ("opening_savings", money)):
        longest = 0.0
        began = time.perf_counter()
        found = await service.upload(
            database, made, data=data.encode(), filename="a.csv", kind=kind, actor="b", now=NOW
        )
        assert found.ready
        read = time.perf_counter()
        told.clear()
        result = await service.post(
            database, made, found.import_id, actor="b", now=NOW, on_progress=lambda done, _of: told.append(done)
        )
        posted = time.perf_counter()
        print(
            f"\n{kind}: {ROWS} rows, read and checked in {read - began:.1f} s, posted in {posted - read:.1f} s "
            f"({result.entries} entries), longest wait of others {longest * 1000:.0f} ms"
        )
        assert told == sorted(told)
        assert told[-1] == result.rows == ROWS
    assert result.entries == 3 * ROWS
    began = time.perf_counter()
    undone = await service.undo(database, made, result.import_id, actor="b", reason="uji", now=NOW)
    print(f"undone in {time.perf_counter() - began:.1f} s")
    assert (undone.entries, undone.difference_minor) == (3 * ROWS, 0)
    stopped.set()
    await watching
