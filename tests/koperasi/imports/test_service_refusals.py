"""What keeps an import out of the book: races, failures half-way, and what the book says of its rows."""

from __future__ import annotations

import asyncio
import secrets
from datetime import date

import pytest
from sqlalchemy import text

import ledger
from koperasi.cooperatives import service as cooperatives
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.imports import service
from koperasi.imports.service import Status
from koperasi.members import service as members
from koperasi.savings import service as savings

from .support import BALANCE, MEMBERS, NOW, SAVINGS, accounts, batch, bring, nik, sheet, state


async def test_failure_in_a_later_chunk_takes_everything_back(database, cooperative, poster):
    rows = [f"{nik(n)};Orang {n};1.000;2025-12-31" for n in range(1, 1301)]
    data = sheet("NIK;Nama;Simpanan Sukarela;Tanggal Daftar", *rows)
    found = await service.upload(database, cooperative, data=data, filename="c.csv", kind="members", actor="b", now=NOW)
    assert found.ready
    # An entry that already bears the key of a line far below ends the import when its turn comes.
    [cash, bank] = await accounts(database, cooperative, "1102", "1111")
    await poster.post(
        ledger.Draft(
            cooperative.book_id,
            date(2026, 1, 1),
            "journal",
            "x",
            "b",
            (ledger.Line(cash, 5), ledger.Line(bank, -5)),
            f"import:{found.import_id}:1200:1",
            fingerprint=b"other",
        )
    )
    before = await state(database, cooperative)
    seen: list[tuple[int, int]] = []
    with pytest.raises(Refusal) as refused:
        await service.post(
            database,
            cooperative,
            found.import_id,
            actor="b",
            now=NOW,
            on_progress=lambda done, of: seen.append((done, of)),
        )
    assert (refused.value.code, refused.value.errors[0].field) == ("import-refused", "1200")
    assert seen[-1] == (1150, 1300)  # all members and two chunks of entries were written, and taken back
    assert await state(database, cooperative) == before
    failed = await batch(database, cooperative, found.import_id)
    assert (failed.status, failed.failure.errors[0].code) == (Status.FAILED, "idempotency-mismatch")
    assert (await service.preview(database, cooperative, found.import_id, now=NOW)).ready


async def test_of_two_that_post_the_same_import_one_wins(database, cooperative):
    await bring(database, cooperative, "members", MEMBERS)
    found = await service.upload(
        database, cooperative, data=SAVINGS, filename="a.csv", kind="opening_savings", actor="b", now=NOW
    )
    outcomes = await asyncio.gather(
        *(service.post(database, cooperative, found.import_id, actor="b", now=NOW) for _ in range(4)),
        return_exceptions=True,
    )
    done = [one for one in outcomes if isinstance(one, service.ImportResult)]
    refused = [one.code for one in outcomes if isinstance(one, Conflict)]
    assert len(done) == 1
    assert set(refused) <= {"import-running", "import-posted"}
    assert len(refused) == 3
    assert (await state(database, cooperative))[2] == 8


async def test_posting_that_lost_its_process_is_taken_up_again(database, cooperative, owner_engine):
    found = await service.upload(
        database, cooperative, data=MEMBERS, filename="a.csv", kind="members", actor="b", now=NOW
    )
    await service.claim(database, cooperative, found.import_id)
    with pytest.raises(Conflict) as refused:
        await service.post(database, cooperative, found.import_id, actor="b", now=NOW)
    assert refused.value.code == "import-running"
    async with owner_engine.begin() as connection:
        await connection.execute(
            text("UPDATE import_batch SET updated_at = now() - interval '61 seconds' WHERE import_id = :id"),
            {"id": found.import_id},
        )
    result = await service.post(database, cooperative, found.import_id, actor="b", now=NOW)
    assert result.members == 3


async def test_account_closed_and_month_closed_stand_beside_their_rows(database, cooperative):
    await bring(database, cooperative, "members", MEMBERS)
    async with database.work(cooperative.book_id) as work:
        for month in (date(2025, 12, 1),):
            await ledger.set_period(work.connection, cooperative.book_id, month, ledger.PeriodStatus.CLOSED, by="b")
        await work.connection.execute(text("UPDATE savings_account SET closed_on = '2026-01-01' WHERE kind = 'pokok'"))
        await work.commit()
    data = sheet(
        "NIK;Nama;Simpanan Pokok;Simpanan Wajib;Tanggal",
        "5202014107800001;Sutinah;100.000;;2026-02-01",
        "5202010207800002;Ahmad;;20.000;2025-12-31",
        "5202014307800003;Nurhayati;;20.000;2024-02-19",
        "5202014307800003;Nurhayati;;20.000;2027-01-01",
    )
    found = await service.upload(
        database, cooperative, data=data, filename="a.csv", kind="opening_savings", actor="b", now=NOW
    )
    # Two rows of one person are an error of the file itself; the others are the book's.
    assert [[one.code for one in row.errors] for row in found.plan.rows] == [
        ["account-closed"],
        ["period-closed"],
        ["duplicate"],
        ["duplicate"],
    ]
    alone = sheet("NIK;Simpanan Wajib;Tanggal", "5202014307800003;20.000;2024-02-19")
    found = await service.upload(
        database, cooperative, data=alone, filename="a.csv", kind="opening_savings", actor="b", now=NOW
    )
    assert [one.code for one in found.plan.rows[0].errors] == ["before-opening"]


async def test_trial_balance_is_checked_against_the_chart(database, cooperative):
    data = sheet(
        "Kode;Nama Akun;Debet;Kredit",
        "1102;Kas;;100",
        "9999;Tidak ada;200;",
        "4401;Selisih;;50",
        "1111;Bank;;50",
    )
    found = await service.upload(
        database, cooperative, data=data, filename="a.csv", kind="opening_trial_balance", actor="b", now=NOW
    )
    assert [[one.code for one in row.errors] for row in found.plan.rows] == [
        ["floor"],
        ["account-unknown"],
        ["account-difference"],
        [],
    ]
    await bring(database, cooperative, "opening_trial_balance", BALANCE)
    second = await service.upload(
        database,
        cooperative,
        data=BALANCE.replace(b"Kas Teller", b"Kas"),
        filename="a.csv",
        kind="opening_trial_balance",
        actor="b",
        now=NOW,
    )
    assert [one.code for one in second.plan.errors] == ["trial-balance-posted"]


async def test_member_by_card_number_and_by_contradicting_numbers(database, cooperative):
    await bring(database, cooperative, "members", MEMBERS)
    data = sheet(
        "No Anggota;NIK;Nama;Simpanan Wajib;Tanggal",
        "K001;;Sutinah binti;20.000;2025-12-31",
        "K003;5202010207800002;Ahmad Fauzi;20.000;2025-12-31",
    )
    found = await service.upload(
        database, cooperative, data=data, filename="a.csv", kind="opening_savings", actor="b", now=NOW
    )
    first, second = found.plan.rows
    assert (first.errors, [one.code for one in first.warnings]) == ((), ["name-differs"])
    assert [one.code for one in second.errors] == ["member-ambiguous"]
    assert second.errors[0].params == {"numbers": "00002, 00003"}


async def test_unreadable_files_and_unknown_kinds_are_refused_and_not_kept(database, cooperative):
    for data, kind, code in (
        (b"", "members", "file-empty"),
        (b"%PDF-1.4", "members", "file-type"),
        (MEMBERS, "savings_deposits", "import-kind"),
        (MEMBERS, "apa", "import-kind"),
        (b"\xff\xfe\x00", "members", "file-type"),
    ):
        with pytest.raises(Refusal) as refused:
            await service.upload(database, cooperative, data=data, filename="x", kind=kind, actor="b", now=NOW)
        assert refused.value.code == code
    async with database.reading(cooperative.book_id) as connection:
        assert await service.list_imports(connection, cooperative.book_id) == []
    for import_id in (0, -1, 10**30):
        with pytest.raises(NotFound):
            await service.preview(database, cooperative, import_id, now=NOW)


async def test_imports_of_another_book_are_not_there(database, cooperative):
    found = await service.upload(
        database, cooperative, data=MEMBERS, filename="a.csv", kind="members", actor="b", now=NOW
    )
    async with database.work(0) as work:
        other = await cooperatives.found_cooperative(
            work,
            code=f"impor-{secrets.token_hex(4)}",
            name="Lain",
            kind="ksp",
            timezone="Asia/Jakarta",
            actor="t",
            founded_on=date(2020, 1, 1),
        )
        await work.commit()
    with pytest.raises(NotFound):
        await service.preview(database, other, found.import_id, now=NOW)
    with pytest.raises(NotFound):
        await service.post(database, other, found.import_id, actor="b", now=NOW)


async def test_members_of_a_file_were_decided_on_and_an_applicant_brings_pokok_only(database, cooperative):
    async with database.work(cooperative.book_id) as work:
        await cooperatives.add_policy(work, "membership.decision", date(2000, 1, 3), "on", "AD", "uji")
        await work.commit()
    head = "NIK;Nama;Status Keanggotaan;Simpanan Pokok;Simpanan Sukarela;Tanggal Daftar"
    good = [f"{nik(1)};Sutinah;;100.000;5.000;2025-12-31", f"{nik(2)};Ahmad;pemohon;40.000;;2025-12-31"]
    wrong = f"{nik(3)};Nurhayati;pemohon;;5.000;2025-12-31"
    found = await service.upload(
        database, cooperative, data=sheet(head, *good, wrong), filename="a.csv", kind="members", actor="b", now=NOW
    )
    assert [[one.code for one in row.errors] for row in found.plan.rows] == [[], [], ["account-missing"]]
    await bring(database, cooperative, "members", sheet(head, *good))
    async with database.reading(cooperative.book_id) as connection:
        people = await members.search(connection, cooperative.book_id)
        kinds = {
            one.name: {
                account.kind.value for account in await savings.accounts_of(connection, cooperative.book_id, one.number)
            }
            for one in people
        }
    assert {one.name: one.status.value for one in people} == {"Sutinah": "anggota", "Ahmad": "pemohon"}
    assert (kinds["Ahmad"], len(kinds["Sutinah"])) == ({"pokok"}, 3)
