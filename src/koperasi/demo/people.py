"""The demo village's people, and the spreadsheets in which its treasurer kept them. All made up."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from koperasi.formats import format_amount

NAME = "KSPPS BMT Lestari Sumber Makmur"

FIRST = (
    "Sutinah",
    "Siti Aminah",
    "Ahmad Fauzi",
    "Nurhayati",
    "Lalu Hamzah",
    "Baiq Rohani",
    "Sumiati",
    "Muhammad Saleh",
    "Rukmini",
    "Haerudin",
    "Zaenab",
    "Mahsun",
    "Suharni",
    "Inaq Salmah",
    "Fathurrahman",
    "Nurul Hidayah",
    "Khairul Anwar",
    "Hasanah",
    "Junaidi",
    "Maemunah",
    "Sahdan",
    "Rabiah",
    "Supardi",
    "Hernawati",
    "I Made Sudiarta",
    "Ni Luh Ayu Kartini",
    "Yuliana",
    "Slamet",
    "Darmawan",
    "Endang Lestari",
    "Kusnadi",
    "Rosidah",
    "Abdul Karim",
    "Wahyuni",
    "Sarah",
    "Ismail",
    "Tuti Alawiyah",
    "Bambang Irawan",
    "Munawaroh",
    "Lalu Muhammad Zainuddin Abdul Majid bin Haji Lalu Wirabakti Kusumaningrat",
)
STATUSES = ("pmi_aktif", "keluarga_pmi", "purna_pmi", "pmi_aktif", "keluarga_pmi", "bukan", "calon_pmi")
COUNTRIES = (("HK", "+8526"), ("TW", "+8869"), ("MY", "+6012"), ("SG", "+659"), ("SA", "+96650"), ("KR", "+82103"))
OPENING_CASH, OPENING_BANK, EQUIPMENT = 6_500_000, 38_250_000, 9_000_000
VILLAGES = ("Sumber Makmur", "Lantan", "Karang Sidemen")


@dataclass(frozen=True)
class Person:
    """A made-up member: what the treasurer's spreadsheet says of them."""

    name: str
    nik: str
    phone: str
    status: str
    country: str
    village: str
    joined_on: date
    wajib: int
    sukarela: int


def person(random: Random, position: int, start: date) -> Person:
    """The one at a position; the same random seed makes the same people."""
    woman = position % 3 != 2
    born = date(1968, 1, 1) + timedelta(days=random.randrange(12_500))
    day = born.day + (40 if woman else 0)
    nik = f"52020{1 + position % 7}{day:02d}{born:%m%y}{1 + position:04d}"
    status = STATUSES[position % len(STATUSES)]
    country, prefix = COUNTRIES[position % len(COUNTRIES)] if status == "pmi_aktif" else ("", "")
    if country:
        length = {"HK": 12, "TW": 13, "MY": 12, "SG": 11, "SA": 13, "KR": 13}[country]
        phone = prefix + "".join(str(random.randrange(2, 9)) for _ in range(length - len(prefix)))
    else:
        phone = "0812" + "".join(str(random.randrange(10)) for _ in range(8))
    joined = start - timedelta(days=random.randrange(40, 1500))
    months = (start.year - joined.year) * 12 + start.month - joined.month
    sukarela = random.randrange(5, 260) * 10_000 if position % 5 else 0
    village = VILLAGES[position % len(VILLAGES)]
    return Person(FIRST[position], nik, phone, status, country, village, joined, months * 20_000, sukarela)


def _sheet(rows: Sequence[Sequence[object]], delimiter: str = ";") -> bytes:
    """A spreadsheet as treasurers save it: CSV with semicolons and a byte order mark."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def member_sheet(people: Sequence[Person]) -> bytes:
    """The list of members, with a title above it."""
    head = ("Nama Anggota", "NIK", "No HP", "Desa", "Status PMI", "Negara", "Tanggal Daftar")
    rows = [(p.name, p.nik, p.phone, p.village, p.status, p.country, f"{p.joined_on:%d/%m/%Y}") for p in people]
    return _sheet([("DAFTAR ANGGOTA " + NAME.upper(),), (), head, *rows])


def savings_sheet(people: Sequence[Person], start: date) -> bytes:
    """What each had saved when the book begins, with a total line."""
    head = ("NIK", "Nama", "Simpanan Pokok", "Simpanan Wajib", "Simpanan Sukarela", "Tanggal")
    rows = [
        (p.nik, p.name, _rupiah(100_000), _rupiah(p.wajib), _rupiah(p.sukarela), f"{start:%Y-%m-%d}") for p in people
    ]
    total = (
        "",
        "TOTAL",
        _rupiah(100_000 * len(people)),
        _rupiah(sum(p.wajib for p in people)),
        _rupiah(sum(p.sukarela for p in people)),
        "",
    )
    return _sheet([head, *rows, total])


def trial_balance(code: Mapping[str, str], people: Sequence[Person]) -> bytes:
    """Cash, bank and equipment against members' savings, and the rest as general reserve, so that it balances.

    ``code`` gives the account of a role, such as ``cash.teller``.
    """
    pokok, wajib = 100_000 * len(people), sum(p.wajib for p in people)
    sukarela = sum(p.sukarela for p in people)
    reserve = OPENING_CASH + OPENING_BANK + EQUIPMENT - pokok - wajib - sukarela
    owed = max(0, -reserve)
    rows: list[tuple[str, str, int, int]] = [
        (code["cash.teller"], "Kas Teller", OPENING_CASH, 0),
        ("1111", "Bank Syariah", OPENING_BANK + owed, 0),
        ("1404", "Inventaris", EQUIPMENT, 0),
        (code["savings.wadiah"], "Simpanan Wadiah", 0, sukarela),
        (code["savings.pokok"], "Simpanan Pokok", 0, pokok),
        (code["savings.wajib"], "Simpanan Wajib", 0, wajib),
        ("4201", "Cadangan Umum", 0, max(0, reserve)),
    ]
    body = [
        (c, name, _rupiah(debit) if debit else "", _rupiah(credit) if credit else "")
        for c, name, debit, credit in rows
        if debit or credit
    ]
    all_debits, all_credits = sum(row[2] for row in rows), sum(row[3] for row in rows)
    return _sheet(
        [("Kode", "Nama Akun", "Debet", "Kredit"), *body, ("", "Jumlah", _rupiah(all_debits), _rupiah(all_credits))]
    )


def _rupiah(whole: int) -> str:
    return format_amount(whole * 100, symbol=False)
