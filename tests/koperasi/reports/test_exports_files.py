"""Workbooks, bundles and plain-text journals over REST and on the command line."""

from __future__ import annotations

import asyncio
import json
import stat
from datetime import UTC, date, datetime
from io import BytesIO
from uuid import uuid4
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

import ledger
from koperasi import cli
from koperasi.cooperatives.service import found_cooperative
from koperasi.db import Database, make_engine
from koperasi.reports import exports
from koperasi.reports.checkpoints import KEY_FILE, installation_key, signed_head
from koperasi.reports.exports import Format, JournalExport, write_file
from ledger.export import verify_bundle
from ledger.seal import inclusion_code


@pytest.fixture
async def filled(books):
    await books.post(("1101", 500_000_000), ("4201", -500_000_000), day=date(2026, 1, 2), description="=Hibah")
    await books.post(("1101", 30_000_000), ("2101.10000019", -30_000_000), day=date(2026, 10, 5))
    await books.post(("2101.10000019", 5_000_000), ("1101", -5_000_000), day=date(2026, 11, 7))
    await books.reverse(3)
    return books


async def test_a_workbook_says_where_it_comes_from(auditor, filled):
    answer = await auditor.api("GET", "/exports/journal", format="xlsx", account="2101", **{"from": "2026-10-01"})
    assert answer.headers["content-disposition"] == 'attachment; filename="jurnal-2026-10-01.xlsx"'
    assert answer.headers["content-type"] == exports.MEDIA_TYPES[Format.XLSX]
    read = load_workbook(BytesIO(answer.content))
    assert read.sheetnames == ["Jurnal", "Asal"]
    rows = list(read["Jurnal"].iter_rows(values_only=True))
    assert rows[0][:5] == ("Jurnal", "Tanggal", "Dicatat (UTC)", "Jenis", "Uraian")
    assert [row[0] for row in rows[1:]] == [2, 2, 3, 3, 4, 4]
    assert (rows[1][11], rows[1][12]) == (300_000, None)
    origin = {row[0]: row[1] for row in read["Asal"].iter_rows(values_only=True)}
    assert (origin["Akun"], origin["Banyaknya jurnal"], origin["Jurnal terakhir dalam buku"]) == ("2101", 3, 4)
    assert origin["Segel jurnal terakhir"] == (await filled.entry(4)).hash.hex()
    assert origin["Jumlah debit IDR"] == origin["Jumlah kredit IDR"] == 400_000


async def test_a_bundle_is_signed_and_intact(auditor, filled, tmp_path, capsys):
    answer = await auditor.api("GET", "/exports/journal", format="bundle")
    assert answer.headers["content-disposition"] == 'attachment; filename="jurnal.zip"'
    file = tmp_path / "jurnal.zip"
    file.write_bytes(answer.content)
    code = inclusion_code((await filled.entry(2)).hash)
    assert verify_bundle.main([str(file), "--receipt", "2", code]) == 0
    assert "signed by" in capsys.readouterr().out
    manifest = json.loads(ZipFile(file).read("manifest.json"))
    assert manifest["about"] == {"name": "BMT Uji Coba", "code": filled.cooperative.code}


@pytest.mark.parametrize("form", list(Format))
async def test_every_form_takes_the_same_filter(auditor, filled, form):
    asked = {"format": form.value, "known_at": "3", "kind": "journal", "to": "2026-11-30"}
    assert (await auditor.api("GET", "/exports/journal", **asked)).status_code == 200
    assert (await auditor.api("GET", "/exports/journal", format=form.value, account="9999")).status_code == 404
    assert (await auditor.api("GET", "/exports/journal", format=form.value, known_at="99")).status_code == 422
    nothing = await auditor.api("GET", "/exports/journal", format=form.value, kind="tidak ada")
    assert nothing.status_code == 200


async def test_without_the_seal_nothing_names_the_book(auditor, filled):
    text = (await auditor.api("GET", "/exports/journal", format="jsonl", seal="false")).text
    assert not {"book", "hash", "previous_hash"} & set(json.loads(text.splitlines()[0]))
    assert "last-hash" in (await auditor.api("GET", "/exports/journal", format="hledger")).text
    assert "last-hash" not in (await auditor.api("GET", "/exports/journal", format="hledger", seal="false")).text


async def test_progress_is_told(filled, database, tmp_path, monkeypatch):
    monkeypatch.setattr("ledger.export.source.PAGE", 2)
    told = []

    def hear(done: int, of: int) -> None:
        told.append((done, of))

    for form, target in ((Format.XLSX, "a.xlsx"), (Format.BUNDLE, "b.zip"), (Format.BUNDLE, "folder")):
        await write_file(database, filled.book_id, JournalExport(form), tmp_path / target, progress=hear)
    async for _ in exports.journal(database, filled.book_id, JournalExport(Format.HLEDGER), hear):
        pass
    assert told == [(2, 4), (4, 4)] * 4


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path):
    first = installation_key(tmp_path / "data")
    assert first.private_bytes_raw() == installation_key(tmp_path / "data").private_bytes_raw()
    assert stat.S_IMODE((tmp_path / "data" / KEY_FILE).stat().st_mode) == 0o600
    assert [file.name for file in (tmp_path / "data").iterdir()] == [KEY_FILE]
    assert installation_key(tmp_path / "other").private_bytes_raw() != first.private_bytes_raw()


@pytest.fixture
def koperasi(addresses, tmp_path, monkeypatch):
    """The command, on the test database."""
    monkeypatch.setenv("DATABASE_URL", addresses.application)
    monkeypatch.setenv("KOPERASI_DATA_DIR", str(tmp_path / "data"))

    def run(*arguments: str, code: int = 0):
        result = CliRunner().invoke(cli.app, list(arguments))
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return run


def test_the_command_line_exports_and_proves(koperasi, filled, tmp_path, capsys):
    book = filled.cooperative.code
    for form in ("csv", "jsonl", "hledger", "ledger", "beancount"):
        file = tmp_path / form
        koperasi("export", str(file), "--format", form, "-c", book)
        assert koperasi("export", "--format", form, "-c", book).stdout_bytes == file.read_bytes()
    lines = koperasi("export", "-c", book, "--kind", "reversal", "--account", "2101").stdout.splitlines()
    assert [json.loads(line)["number"] for line in lines] == [4]
    lines = koperasi("export", "-c", book, "--known-at", "2", "--from", "2026-02-01").stdout.splitlines()
    assert [json.loads(line)["number"] for line in lines] == [2]
    koperasi("export", "--format", "xlsx", "-c", book, code=1)
    koperasi("export", "--account", "9999", "-c", book, code=1)
    koperasi("export", "--delimiter", "x", "-c", book, code=2)
    said = koperasi("checkpoint", "-c", book, "--svg", str(tmp_path / "qr.svg")).stdout
    told = {line[:30].strip(): line[30:].strip() for line in said.splitlines() if "/" in line[:30]}
    assert (tmp_path / "qr.svg").read_text().startswith("<?xml")
    for target in ("bundle.zip", "bundle"):
        koperasi("export", str(tmp_path / target), "--format", "bundle", "-c", book)
        command = [
            str(tmp_path / target),
            "--checkpoint",
            told["Kode / code"],
            "--key",
            told["Kunci umum / public key"],
        ]
        command += ["--receipt", told["Jurnal terakhir / last entry"], told["Kode singkat / short code"]]
        assert verify_bundle.main(command) == 0, capsys.readouterr().out


async def _another(url: str) -> tuple[str, int]:
    """A cooperative with an empty book."""
    database = Database(make_engine(url, pool_size=1))
    async with database.work(0) as work:
        made = await found_cooperative(
            work,
            code=f"uji-{uuid4().hex[:12]}",
            name="BMT Pulih",
            kind="kspps",
            timezone="Asia/Jakarta",
            actor="uji",
            founded_on=date(2020, 1, 1),
        )
        await work.commit()
    await database.close()
    return made.code, made.book_id


async def _last(url: str, book_id: int) -> int:
    database = Database(make_engine(url, pool_size=1))
    async with database.reading(book_id) as connection:
        number = (await ledger.head(connection, book_id)).number
    await database.close()
    return number


@pytest.mark.parametrize("form", ["jsonl", "hledger", "ledger", "beancount"])
def test_a_journal_is_restored_into_an_empty_book(koperasi, filled, addresses, tmp_path, form):
    code, book_id = asyncio.run(_another(addresses.application))
    book, file = filled.cooperative.code, tmp_path / "jurnal"
    koperasi("export", str(file), "--format", form, "-c", book)
    said = koperasi("import", str(file), "--kind", "journal", "--dry-run", "-c", code).output
    assert "4 jurnal, " in said
    assert "New hashes" in said
    assert asyncio.run(_last(addresses.application, book_id)) == 0
    koperasi("import", str(file), "--kind", "journal", "-c", code)
    # JSON lines tell of an account no more than they need themselves.
    for again in ("jsonl", "hledger", "ledger", "beancount") if form != "jsonl" else ("jsonl",):
        told = [koperasi("export", "--format", again, "--without-seal", "-c", one).stdout_bytes for one in (book, code)]
        assert told[0] == told[1], again
    assert "empty book" in koperasi("import", str(file), "--kind", "journal", "-c", code, code=1).output


def test_a_checkpoint_holds_in_a_symbol(tmp_path):
    head = ledger.Head(10**12, bytes(range(32)))
    signed = signed_head(installation_key(tmp_path), 10**9, head, datetime(2026, 11, 25, tzinfo=UTC))
    symbol = signed.symbol()
    assert symbol.mode == "alphanumeric"
    assert symbol.version <= 12
