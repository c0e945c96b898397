"""Running term deposits from an old list: once into the book, as they were agreed, and out again."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

import ledger
from koperasi.deposits import service as deposits
from koperasi.deposits.rules import ClosedAs, Earns, RollOver
from koperasi.errors import Refusal
from koperasi.imports import service
from koperasi.imports.examples import example_of
from koperasi.imports.model import ImportKind
from koperasi.savings import service as savings

from ...conftest import found
from .support import MEMBERS, NOW, SAVINGS, balance_of, batch, bring, sheet

HEADER = (
    "No Bilyet;No Anggota;Nama;Jumlah;Tanggal Mulai;Jangka Waktu;Jatuh Tempo;Bunga (%);Cara Bayar;Dibayar Sampai;"
    "Sudah Dibayar;Perpanjangan;Rekening Pembayaran;Tanggal"
)
ROWS = (
    "B-17;K001;Sutinah;5.000.000;2025-10-15;6 bulan;2026-04-15;5;Bulanan;15/12/2025;;Pokok;;2025-12-31",
    "B-18;K002;Ahmad Fauzi;2.000.000;2025-11-20;3;;4;Jatuh tempo;;;Tidak;;2025-12-31",
    # Rolled over since 31 August: the day of the month comes back.
    "B-19;K003;Nurhayati;1.000.000,50;30/11/2025;1;31/12/2025;3,5 %;;;;Pokok dan imbalan;;2025-12-30",
)
DEPOSITS = sheet(HEADER, *ROWS, ";;Total;8.000.000,50;;;;;;;;;;")
ON = date(2025, 12, 31)


@pytest.fixture
async def ksp(database):
    cooperative = await found(database, kind="ksp")
    await bring(database, cooperative, "members", MEMBERS)
    await bring(database, cooperative, "opening_savings", SAVINGS)
    return cooperative


async def contracts(database, cooperative):
    async with database.reading(cooperative.book_id) as connection:
        rows = await deposits.search(connection, cooperative.book_id)
    return {one.deposit.prior_number: one.deposit for one in rows}


async def settle(database, cooperative, number, until):
    async with database.work(cooperative.book_id) as work:
        done = await deposits.settle(work, cooperative, number, until, today=until, actor="uji")
        await work.commit()
    return done


async def seen(database, cooperative, *rows, header=HEADER, **more):
    return await service.upload(
        database, cooperative, data=sheet(header, *rows), filename="b.csv", kind="opening_deposits",
        actor="bendahara", now=NOW, **more,
    )  # fmt: skip


async def test_contracts_go_on_as_they_were_agreed_against_the_opening_difference(database, ksp):
    before = await balance_of(database, ksp, "3401")
    result = await bring(database, ksp, "opening_deposits", DEPOSITS)
    assert (result.rows, result.entries) == (3, 3)
    assert await balance_of(database, ksp, "2103") == -800_000_050
    assert await balance_of(database, ksp, "3401") == before + 800_000_050
    mine = await contracts(database, ksp)
    first, second, third = (mine[number] for number in ("B-17", "B-18", "B-19"))
    assert (first.matures_on, first.pay_months, first.percent, first.roll_over) == (
        date(2026, 4, 15), 1, 5, RollOver.PRINCIPAL,
    )  # fmt: skip
    # 31 + 30 days of 5 % on five millions were paid: 21,233 + 20,548.
    assert (first.paid_until, first.paid_before_minor) == (date(2025, 12, 14), 4_178_100)
    assert (second.matures_on, second.pay_months, second.paid_until) == (date(2026, 2, 20), 0, None)
    assert (third.seed_on, third.term, third.pay_months) == (date(2025, 10, 31), 2, 0)
    assert all(one.stands and one.earns is Earns.RATE for one in mine.values())
    async with database.reading(ksp.book_id) as connection:
        entry = await ledger.entry_by_number(connection, ksp.book_id, first.opening_entry)
        assert (entry.kind, entry.effective_date) == ("opening.deposit", ON)
        assert not (await ledger.verify(connection, ksp.book_id)).findings


async def test_what_was_paid_before_is_not_paid_again_and_what_was_not_is(database, ksp):
    await bring(database, ksp, "opening_deposits", DEPOSITS)
    mine = await contracts(database, ksp)
    done = await settle(database, ksp, mine["B-17"].number, date(2026, 1, 20))
    assert [one.gross_minor for one in done] == [2_123_300]  # 15 December to 14 January
    late = sheet(HEADER, ROWS[0].replace("B-17", "B-20").replace("15/12/2025", ""))
    await bring(database, ksp, "opening_deposits", late)
    number = (await contracts(database, ksp))["B-20"].number
    done = await settle(database, ksp, number, date(2026, 1, 20))
    assert [one.gross_minor for one in done] == [2_123_300, 2_054_800, 2_123_300]
    async with database.reading(ksp.book_id) as connection:
        paid = (await deposits.paid_on(connection, ksp.book_id, [number]))[number]
    # Nothing is dated before the contract came into the book.
    assert [one.paid_on for one in paid] == [ON, ON, date(2026, 1, 15)]


async def test_closing_early_counts_what_was_paid_before_the_book(database, ksp):
    await bring(database, ksp, "opening_deposits", DEPOSITS)
    one = (await contracts(database, ksp))["B-17"]
    async with database.reading(ksp.book_id) as connection:
        offer = await deposits.preview(connection, ksp, one.number, date(2026, 1, 10))
    # 87 days at the lower 2.5 %: 29,795; 41,781 were paid.
    assert offer.closing.return_minor == 2_979_500 - 4_178_100


async def test_the_trial_balance_counts_them_once(database, ksp):
    balance = sheet(
        "Kode Akun;Nama Akun;Debet;Kredit", "1102;Kas;10.710.001;", "2101;Sukarela;;1.750.000,50",
        "2103;Berjangka;;8.000.000,50", "3101;Pokok;;300.000", "3102;Wajib;;660.000",
    )  # fmt: skip
    result = await bring(database, ksp, "opening_trial_balance", balance)
    assert [one.code for one in result.difference.accounts] == ["2103"]
    result = await bring(database, ksp, "opening_deposits", DEPOSITS)
    assert (result.difference_minor, result.difference.accounts) == (0, ())
    assert await balance_of(database, ksp, "2103") == -800_000_050


async def test_taken_back_the_contracts_end_and_the_same_list_may_come_again(database, ksp):
    result = await bring(database, ksp, "opening_deposits", DEPOSITS)
    again = await seen(database, ksp, *ROWS)
    assert {error.code for row in again.plan.rows for error in row.errors} == {"contract-exists"}
    await service.undo(database, ksp, result.import_id, actor="bendahara", reason="salah kolom", now=NOW)
    assert {one.closed_as for one in (await contracts(database, ksp)).values()} == {ClosedAs.UNDONE}
    assert await balance_of(database, ksp, "2103") == 0
    await bring(database, ksp, "opening_deposits", DEPOSITS)
    assert await balance_of(database, ksp, "2103") == -800_000_050


async def test_once_a_return_was_posted_the_list_stays(database, ksp):
    result = await bring(database, ksp, "opening_deposits", DEPOSITS)
    await settle(database, ksp, (await contracts(database, ksp))["B-17"].number, date(2026, 1, 20))
    with pytest.raises(Refusal) as refused:
        await service.undo(database, ksp, result.import_id, actor="bendahara", reason="salah", now=NOW)
    assert refused.value.code == "deposit-used"
    assert (await batch(database, ksp, result.import_id)).undone is None
    assert await balance_of(database, ksp, "2103") == -800_000_050


WRONG = (
    (("K001", "K009"), "member-not-found", ""),
    (("K001", "K0001"), "partner-not-found", ""),
    (("B-17", ""), "contract-number-empty", "No Bilyet"),
    (("5.000.000", "0"), "principal-not-positive", "Jumlah"),
    (("2025-10-15", ""), "placed-on-empty", "Tanggal Mulai"),
    (("2025-10-15;6", "2026-01-15;6"), "maturity-differs", "Jatuh Tempo"),
    (("6 bulan", "5 bulan"), "term-months", "Jangka Waktu"),
    (("6 bulan", "setengah tahun"), "months-format", "Jangka Waktu"),
    (("2026-04-15", "2026-04-14"), "maturity-differs", "Jatuh Tempo"),
    (("2025-10-15;6 bulan;2026-04-15", "2025-06-30;6 bulan;"), "deposit-matured", "Jatuh Tempo"),
    (("2025-10-15;6 bulan;2026-04-15", "2026-01-02;6 bulan;"), "deposit-not-begun", "Tanggal Mulai"),
    ((";5;Bulanan", ";;Bulanan"), "percent-empty", "Bunga (%)"),
    ((";5;Bulanan", ";lima;Bulanan"), "percent-format", "Bunga (%)"),
    ((";5;Bulanan", ";101;Bulanan"), "percent-range", "Bunga (%)"),
    ((";5;Bulanan", ";45:56;Bulanan"), "nisbah-sum", "Bunga (%)"),
    (("Bulanan", "kadang"), "pay-unknown", "Cara Bayar"),
    (("Pokok;", "mungkin;"), "roll-over-unknown", "Perpanjangan"),
    (("Pokok;", "Pokok dan imbalan;"), "roll-over-needs-maturity", "Perpanjangan"),
    (("15/12/2025", "16/12/2025"), "paid-until", "Dibayar Sampai"),
    (("15/12/2025", "15/01/2026"), "paid-until", "Dibayar Sampai"),
    (("15/12/2025;", ";9.000"), "paid-until", "Dibayar Sampai"),
    (("Pokok;;", "Pokok;310000017;"), "payout-account", ""),
    (("Pokok;;2025-12-31", "Pokok;;2026-12-31"), "date-in-future", ""),
)  # fmt: skip
"""A change to a good row, the error that it makes, and the column beside which it stands."""


async def test_each_row_says_what_is_wrong_with_it_beside_its_column(database, ksp):
    for change, code, column in WRONG:
        plan = (await seen(database, ksp, ROWS[1], ROWS[0].replace(*change))).plan
        [good, bad] = plan.rows
        assert not good.errors
        assert [(error.code, error.column) for error in bad.errors] == [(code, column)], change
        assert plan.totals == {"berjangka": 200_000_000}
        assert not plan.ready


async def test_only_members_and_those_who_still_are(database, ksp):
    await bring(
        database, ksp, "members", sheet("Nama;No Kartu;Status", "Inaq Calon;K010;Calon", "Amaq Pergi;K011;Keluar")
    )
    rows = (ROWS[0].replace("K001;Sutinah", "K010;"), ROWS[1].replace("K002;Ahmad Fauzi", "K011;"))
    plan = (await seen(database, ksp, *rows)).plan
    assert [error.code for row in plan.rows for error in row.errors] == ["member-not-joined", "member-left"]


async def test_two_rows_of_one_number_and_columns_that_are_missing(database, ksp):
    plan = (await seen(database, ksp, ROWS[0], ROWS[0])).plan
    assert [error.code for row in plan.rows for error in row.errors] == ["duplicate", "duplicate"]
    with pytest.raises(Refusal) as refused:
        await seen(database, ksp, "B-1;K001;1000", header="No Bilyet;No Anggota;Jumlah")
    assert refused.value.code == "columns-missing"
    assert refused.value.params["missing"] == "Tanggal Mulai, Jangka Waktu / Jatuh Tempo, Persen Setahun / Nisbah"


async def test_a_mudharabah_contract_says_itself_what_was_paid(database, cooperative):
    await bring(database, cooperative, "members", MEMBERS)
    await bring(database, cooperative, "opening_savings", SAVINGS)
    row = ROWS[0].replace(";5;", ";50:50;")
    [wrong] = (await seen(database, cooperative, row)).plan.rows
    assert [error.code for error in wrong.errors] == ["paid-amount"]
    await bring(
        database, cooperative, "opening_deposits", sheet(HEADER, row.replace("15/12/2025;", "15/12/2025;40.000"))
    )
    one = (await contracts(database, cooperative))["B-17"]
    assert (one.earns, one.percent, one.paid_before_minor) == (Earns.NISBAH, 50, 4_000_000)
    assert await balance_of(database, cooperative, "3113") == -500_000_000


async def test_another_cooperatives_contract_stands_in_its_own_account(database, ksp):
    async with database.work(ksp.book_id) as work:
        partner = await savings.add_partner(work, "KSP Mitra", "123/BH", opened_on=date(2025, 1, 2), actor="uji")
        await savings.open_account(
            work, ksp, partner.number, savings.SavingsKind.KOPERASI_LAIN, actor="uji", opened_on=date(2025, 1, 2)
        )
        await work.commit()
    await bring(database, ksp, "opening_deposits", sheet(HEADER, ROWS[1].replace("K002;Ahmad Fauzi", "k0001;")))
    assert (await contracts(database, ksp))["B-18"].member_number == "K0001"
    assert await balance_of(database, ksp, "2105") == -200_000_000


async def test_two_lists_with_the_same_contract_at_once_bring_it_in_once(database, ksp):
    lists = [await seen(database, ksp, ROWS[0], *more) for more in ((), (ROWS[1],))]
    done = await asyncio.gather(
        *(service.post(database, ksp, one.import_id, actor="bendahara", now=NOW) for one in lists),
        return_exceptions=True,
    )
    refused = [one for one in done if isinstance(one, BaseException)]
    assert [one.code for one in refused if isinstance(one, Refusal)] in (["contract-exists"], ["import-not-ready"])
    assert len([one for one in (await contracts(database, ksp)).values() if one.prior_number == "B-17"]) == 1
    assert await balance_of(database, ksp, "2103") in (-500_000_000, -700_000_000)


@pytest.mark.parametrize("kind", ["ksp", "kspps"])
async def test_the_file_to_begin_with_can_be_brought_in(database, kind):
    cooperative = await found(database, kind=kind)
    for wanted in (ImportKind.MEMBERS, ImportKind.OPENING_SAVINGS, ImportKind.OPENING_DEPOSITS):
        await bring(database, cooperative, wanted.value, example_of(wanted, cooperative.kind).encode())
    assert {one.stands for one in (await contracts(database, cooperative)).values()} == {True}
