"""``koperasi returns`` as the keeper of a server types it."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from koperasi import cli
from koperasi.cooperatives import service as cooperatives

from ...conftest import found, populate
from .support import Bench

OCTOBER = "2026-10"


@pytest.fixture(scope="module")
async def bench(database):
    """A KSP with users, whose member has Rp3,650,000 at 6 %."""
    village = await populate(database, await found(database, kind="ksp"))
    bench = Bench(database, village.cooperative)
    await bench.terms("sukarela", date(2026, 1, 1), rate_percent=Decimal(6))
    account = await bench.account(await bench.member(), "sukarela")
    await bench.move(account.ledger_account_id, date(2026, 10, 1), 3_650_000)
    return bench, account


@pytest.fixture
def koperasi(addresses, monkeypatch, bench):
    """The command, in a thread of its own: it brings its own event loop."""
    monkeypatch.setenv("DATABASE_URL", addresses.application)
    code = bench[0].cooperative.code

    async def calling(name, *arguments):
        return await asyncio.to_thread(CliRunner().invoke, cli.app, ["returns", name, *arguments, "-c", code])

    return calling


async def test_a_month_is_computed_agreed_to_posted_and_explained(koperasi, bench):
    house, account = bench
    made = await koperasi("preview", OCTOBER, "--json")
    assert made.exit_code == 0, made.output
    run = json.loads(made.stdout)
    gross = {one["product"]: one["gross"]["amount"] for one in run["products"]}
    assert gross["sukarela"] == "18600.00"
    number = str(run["number"])
    told = (await koperasi("list")).stdout
    assert "Oktober 2026" in told
    assert "Pratinjau" in told

    waiting = await koperasi("post", number)
    assert (waiting.exit_code, waiting.stdout) == (1, "")
    assert "Menunggu orang kedua: persetujuan nomor" in waiting.stderr
    assert (await koperasi("post", number)).stderr == waiting.stderr
    async with house.database.work(house.book_id) as work:
        await cooperatives.add_policy(work, "approval.return_runs", date(2000, 1, 2), "off", "uji", "uji")
        await work.commit()
    assert (await koperasi("drop", number)).exit_code == 0
    again = await koperasi("preview", OCTOBER)
    assert "imbal Rp18.600, pajak Rp0, masuk Rp18.600" in again.stdout
    number = str(int(number) + 1)
    for _ in range(2):
        posted = await koperasi("post", number)
        assert (posted.exit_code, posted.stdout) == (0, "1 dari 1 jurnal tercatat.\n"), posted.output
    assert await house.balance(account.ledger_account_id) == 3_668_600
    why = (await koperasi("why", number, account.number)).stdout
    assert "31 hari x Rp3.650.000 x 6 % / 365 = Rp18.600." in why
    assert "Imbal Rp18.600 - pajak Rp0 = masuk Rp18.600." in why


WRONG = [
    (("preview", "Oktober"), 1, "Tulis bulan sebagai tahun-bulan"),
    (("preview", OCTOBER, "--income", "banyak"), 1, "Tulis jumlah seperti 1250000.00"),
    (("preview", OCTOBER, "--bonus", "sukarela"), 1, "Tulis jumlah seperti 1250000.00"),
    (("preview", OCTOBER, "--quarterly"), 1, "Triwulan berakhir"),
    (("preview", "2026-09", "--correction"), 1, "Belum ada imbal yang dicatat"),
    (("post", "77"), 1, "Perhitungan imbal ini tidak ada"),
    (("why", "77", "1"), 1, "Perhitungan imbal ini tidak ada"),
    (("post", "tujuh"), 2, "Usage"),
]


async def test_what_cannot_be_is_said_on_standard_error(koperasi):
    for arguments, code, said in WRONG:
        answer = await koperasi(*arguments)
        assert (answer.exit_code, answer.stdout) == (code, ""), answer.output
        assert said in answer.stderr
