"""Files of a small cooperative, and how tests bring them in and look at what was written."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

import ledger
from koperasi.imports import service

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


def sheet(*lines: str) -> bytes:
    return ("\r\n".join(lines) + "\r\n").encode("utf-8-sig")


MEMBERS = sheet(
    "DAFTAR ANGGOTA",
    "",
    "Nama Anggota;NIK;No Kartu;No HP;Status PMI;Tanggal Daftar;Ahli Waris",
    "Sutinah;5202014107800001;K001;081234567801;PMI aktif;02/01/2024;Amaq Sahdan",
    "Ahmad Fauzi;5202010207800002;K002;081234567802;Bukan;15/01/2024;",
    "Nurhayati;5202014307800003;K003;;Keluarga PMI;20/02/2024;",
)
SAVINGS = sheet(
    "NIK;Nama;Simpanan Pokok;Simpanan Wajib;Simpanan Sukarela;Tanggal",
    "5202014107800001;Sutinah;100.000;240.000;Rp 1.500.000,50;2025-12-31",
    "5202010207800002;Ahmad Fauzi;100.000;220.000;-;2025-12-31",
    "5202014307800003;Nurhayati;100.000;200.000;250.000;2025-12-31",
    ";TOTAL;300.000;660.000;1.750.000,50;",
)
BALANCE = sheet(
    "Kode Akun;Nama Akun;Debet;Kredit",
    "1102;Kas Teller;3.000.000;",
    "1404;Inventaris;500.000,50;",
    "2101;Simpanan Wadiah;;1.750.000,50",
    "4101;Simpanan Pokok;;300.000",
    "4102;Simpanan Wajib;;660.000",
    "4201;Cadangan;;790.000",
    ";Jumlah;3.500.000,50;3.500.000,50",
)


async def bring(database, cooperative, kind, data, **more):
    found = await service.upload(
        database, cooperative, data=data, filename="a.csv", kind=kind, actor="bendahara", now=NOW, **more
    )
    assert found.ready, (found.plan.errors, [row.errors for row in found.plan.rows], found.duplicate_of)
    return await service.post(database, cooperative, found.import_id, actor="bendahara", now=NOW)


async def state(database, cooperative):
    """Everything an import writes, counted."""
    async with database.reading(cooperative.book_id) as connection:
        return (
            await connection.scalar(text("SELECT count(*) FROM member")),
            await connection.scalar(text("SELECT count(*) FROM savings_account")),
            (await ledger.head(connection, cooperative.book_id)).number,
        )


async def balance_of(database, cooperative, code):
    async with database.reading(cooperative.book_id) as connection:
        account = await ledger.account_by_code(connection, cooperative.book_id, code)
        return await ledger.balance(connection, cooperative.book_id, account)


async def batch(database, cooperative, import_id):
    async with database.reading(cooperative.book_id) as connection:
        return await service.batch_of(connection, cooperative.book_id, import_id)


async def set_up(database, cooperative):
    await bring(database, cooperative, "members", MEMBERS)
    return await bring(database, cooperative, "opening_savings", SAVINGS)


def nik(n: int) -> str:
    """The n-th of many NIKs that could be real."""
    return f"5202{1 + n // 9000 % 90:02d}{1 + n % 28:02d}{1 + n % 12:02d}80{1 + n % 9000:04d}"


async def accounts(database, cooperative, *codes):
    async with database.reading(cooperative.book_id) as connection:
        found = {one.code: one.account_id for one in await ledger.find_accounts(connection, cooperative.book_id, codes)}
    return [found[code] for code in codes]
