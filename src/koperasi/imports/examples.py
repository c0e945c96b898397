"""Files to begin with: the columns that are understood, and a few made-up rows that fit each other. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from koperasi.cooperatives.service import Kind, account_code
from koperasi.i18n import N_
from koperasi.imports.model import ImportKind

_PEOPLE: Mapping[ImportKind, str] = {
    ImportKind.MEMBERS: (
        "Nama;NIK;No Anggota;No HP;Alamat;Status PMI;Negara;Tanggal Daftar;Ahli Waris\r\n"
        "Siti Contoh;5202014107800001;001;081234567801;Dusun Satu;PMI aktif;Hong Kong;2024-01-02;Budi Contoh\r\n"
        "Budi Contoh;5202010207800002;002;081234567802;Dusun Dua;Keluarga PMI;;2024-01-15;Siti Contoh\r\n"
    ),
    ImportKind.OPENING_SAVINGS: (
        "NIK;Nama;Simpanan Pokok;Simpanan Wajib;Simpanan Sukarela;Tanggal\r\n"
        "5202014107800001;Siti Contoh;100.000;240.000;1.500.000;2025-12-31\r\n"
        "5202010207800002;Budi Contoh;100.000;220.000;0;2025-12-31\r\n"
        ";Total;200.000;460.000;1.500.000;\r\n"
    ),
}

_DEPOSITS = (
    "No Bilyet;NIK;Nama;Jumlah;Tanggal Mulai;Jangka Waktu;Jatuh Tempo;{percent};Cara Bayar;Dibayar Sampai;"
    "{paid};Perpanjangan;Rekening Pembayaran;Tanggal\r\n"
    "B-0017;5202014107800001;Siti Contoh;5.000.000;2025-10-15;6 bulan;2026-04-15;{first};Bulanan;2025-12-15;"
    "{amount};Pokok;;2025-12-31\r\n"
    "B-0018;5202010207800002;Budi Contoh;2.000.000;2025-11-20;3 bulan;2026-02-20;{second};Jatuh tempo;;;Tidak;;"
    "2025-12-31\r\n"
)

KIND_LABELS: Mapping[ImportKind, str] = {
    ImportKind.MEMBERS: N_("Daftar anggota"),
    ImportKind.OPENING_SAVINGS: N_("Simpanan awal anggota"),
    ImportKind.OPENING_DEPOSITS: N_("Simpanan berjangka awal"),
    ImportKind.OPENING_TRIAL_BALANCE: N_("Neraca saldo awal"),
}
"""What people read (message ids)."""

FILE_NAMES: Mapping[ImportKind, str] = {
    ImportKind.MEMBERS: "contoh-anggota.csv",
    ImportKind.OPENING_SAVINGS: "contoh-simpanan-awal.csv",
    ImportKind.OPENING_DEPOSITS: "contoh-simpanan-berjangka.csv",
    ImportKind.OPENING_TRIAL_BALANCE: "contoh-neraca-saldo-awal.csv",
}

_BALANCE = (
    ("cash.teller", "Kas", 2_660_000, 0),
    ("savings.sukarela", "Simpanan yang dapat ditarik", 0, 1_500_000),
    ("savings.pokok", "Simpanan pokok", 0, 200_000),
    ("savings.wajib", "Simpanan wajib", 0, 460_000),
    ("surplus.current", "Sisa hasil tahun berjalan", 0, 500_000),
)
"""Whole rupiah."""


def example_of(kind: ImportKind, cooperative_kind: Kind) -> str:
    """A file of this kind; the accounts of a trial balance are those of the cooperative's own chart."""
    if kind is ImportKind.OPENING_DEPOSITS:
        sharia = {"percent": "Nisbah", "paid": "Bagi Hasil Sudah Dibayar", "first": "50:50", "second": "45:55"}
        plain = {"percent": "Persen Setahun", "paid": "Sudah Dibayar", "first": "5", "second": "4"}
        words = sharia if cooperative_kind.is_sharia else plain
        return _DEPOSITS.format(**words, amount="41.780")
    if kind is not ImportKind.OPENING_TRIAL_BALANCE:
        return _PEOPLE[kind]
    rows = [
        f"{account_code(cooperative_kind, role)};{name};{debit or ''};{credit or ''}"
        for role, name, debit, credit in _BALANCE
    ]
    total = f";Jumlah;{sum(row[2] for row in _BALANCE)};{sum(row[3] for row in _BALANCE)}"
    return "\r\n".join(["Kode Akun;Nama Akun;Debet;Kredit", *rows, total, ""])
