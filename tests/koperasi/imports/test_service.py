"""Imports on the real database: the whole way of a treasurer's files into the book and back."""

from __future__ import annotations

from datetime import date

import pytest

import ledger
from koperasi.errors import Conflict, Refusal
from koperasi.imports import service
from koperasi.imports.model import Answers, SavingsKind
from koperasi.imports.service import Status
from koperasi.members import service as members
from koperasi.savings import service as savings

from .support import BALANCE, MEMBERS, NOW, SAVINGS, balance_of, batch, bring, set_up, sheet, state


async def test_three_files_end_with_an_opening_difference_of_zero(database, cooperative):
    first = await bring(database, cooperative, "members", MEMBERS)
    assert (first.rows, first.members, first.entries, first.first_number) == (3, 3, 0, None)
    second = await bring(database, cooperative, "opening_savings", SAVINGS)
    assert (second.entries, second.first_number, second.last_number) == (8, 1, 8)
    assert second.difference_minor == 271000050
    assert [reason.code for reason in second.difference.reasons] == ["trial-balance-missing"]
    found = await service.upload(
        database,
        cooperative,
        data=BALANCE,
        filename="n.csv",
        kind="opening_trial_balance",
        actor="bendahara",
        now=NOW,
    )
    assert found.opening_on == date(2025, 12, 31)  # of the opening savings
    assert (found.difference.before_minor, found.difference.after_minor) == (271000050, 0)
    third = await service.post(database, cooperative, found.import_id, actor="bendahara", now=NOW)
    assert (third.entries, third.difference_minor, third.difference.accounts) == (1, 0, ())
    assert await balance_of(database, cooperative, "4401") == 0
    assert await balance_of(database, cooperative, "1102") == 300000000
    assert await balance_of(database, cooperative, "2101") == -175000050
    async with database.reading(cooperative.book_id) as connection:
        assert not (await ledger.verify(connection, cooperative.book_id)).findings
        entry = await ledger.entry_by_number(connection, cooperative.book_id, 9)
        assert (entry.kind, entry.source, entry.effective_date) == (
            "opening.balance",
            f"import:{third.import_id}",
            date(2025, 12, 31),
        )
        of_savings = await ledger.entries(connection, cooperative.book_id, link=f"import:{second.import_id}")
        assert {one.kind for one in of_savings} == {"opening.savings"}
        assert "Sutinah" not in "".join(one.description for one in of_savings)
        found_members = await members.find_by_nik(connection, cooperative.book_id, ["5202014107800001"])
        sutinah = await members.member_by_number(
            connection, cooperative.book_id, found_members["5202014107800001"].number
        )
        assert (sutinah.phone, sutinah.external_reference, sutinah.joined_on) == (
            "+6281234567801",
            "K001",
            date(2024, 1, 2),
        )
        assert [heir.name for heir in sutinah.heirs] == ["Amaq Sahdan"]
        accounts = await savings.accounts_of(connection, cooperative.book_id, sutinah.number)
        assert {one.kind.value: one.balance_minor for one in accounts} == {
            "pokok": 10000000,
            "wajib": 24000000,
            "wadiah": 150000050,
        }
    assert (await batch(database, cooperative, third.import_id)).outcome == third


async def test_trial_balance_before_the_savings_says_what_is_missing(database, cooperative):
    await bring(database, cooperative, "members", MEMBERS)
    result = await bring(database, cooperative, "opening_trial_balance", BALANCE)
    assert result.difference_minor == -271000050
    assert [reason.code for reason in result.difference.reasons] == ["savings-missing"]
    assert {one.code: one.difference_minor for one in result.difference.accounts} == {
        "2101": -175000050,
        "4101": -30000000,
        "4102": -66000000,
    }
    last = await bring(database, cooperative, "opening_savings", SAVINGS)
    assert (last.difference_minor, last.difference.reasons, last.difference.accounts) == (0, [], ())


async def test_what_leavers_were_owed_before_stands_beneath_its_sum(database, cooperative):
    await bring(database, cooperative, "members", MEMBERS)
    await bring(database, cooperative, "opening_savings", SAVINGS)
    owed = BALANCE.replace(b"4201;Cadangan;;790.000", b"2122;Anggota keluar;;50.000\n4201;Cadangan;;740.000")
    result = await bring(database, cooperative, "opening_trial_balance", owed)
    assert (result.difference_minor, result.difference.accounts) == (0, ())
    assert await balance_of(database, cooperative, "2122.0") == -5_000_000


async def test_difference_names_the_control_account_that_differs(database, cooperative):
    await set_up(database, cooperative)
    other = BALANCE.replace(b"660.000", b"650.000").replace(b"790.000", b"800.000")
    result = await bring(database, cooperative, "opening_trial_balance", other)
    assert result.difference_minor == 1000000
    [account] = result.difference.accounts
    assert (account.code, account.file_minor, account.book_minor) == ("4102", -65000000, -66000000)


async def test_wrong_row_keeps_everything_out_until_it_is_excluded(database, cooperative):
    await bring(database, cooperative, "members", MEMBERS)
    before = await state(database, cooperative)
    wrong = sheet(
        "NIK;Nama;Jumlah;Tanggal",
        "5202014107800001;Sutinah;100.000;2025-12-31",
        "5202014107800099;Siapa;100.000;2025-12-31",
        "5202010207800002;Ahmad Fauzi;seratus;2025-12-31",
    )
    found = await service.upload(
        database,
        cooperative,
        data=wrong,
        filename="w.csv",
        kind="opening_savings",
        actor="b",
        now=NOW,
        answers=Answers(savings_kind=SavingsKind.WAJIB),
    )
    assert not found.ready
    assert [[one.code for one in row.errors] for row in found.plan.rows] == [
        [],
        ["member-not-found"],
        [found.plan.rows[2].errors[0].code],
    ]
    with pytest.raises(Refusal) as refused:
        await service.post(database, cooperative, found.import_id, actor="b", now=NOW)
    assert refused.value.code == "import-not-ready"
    assert [error.field for error in refused.value.errors] == ["3", "4"]
    assert await state(database, cooperative) == before
    assert (await batch(database, cooperative, found.import_id)).status is Status.PREVIEWED
    again = await service.answer(
        database,
        cooperative,
        found.import_id,
        answers=Answers(savings_kind=SavingsKind.WAJIB),
        excluded_lines=[3, 4],
        now=NOW,
    )
    assert again.ready
    assert again.totals == {"wajib": 10000000}
    result = await service.post(database, cooperative, found.import_id, actor="b", now=NOW)
    assert (result.rows, result.entries) == (1, 1)


async def test_questions_are_asked_and_answered(database, cooperative):
    await bring(database, cooperative, "members", MEMBERS)
    data = sheet("NIK;Jumlah;Tanggal", "5202014107800001;100.000;03/04/2025", "5202010207800002;50.000;04/03/2025")
    found = await service.upload(
        database, cooperative, data=data, filename="q.csv", kind="opening_savings", actor="b", now=NOW
    )
    assert [question.kind for question in found.plan.questions] == ["date-order", "savings-kind"]
    with pytest.raises(Refusal) as refused:
        await service.post(database, cooperative, found.import_id, actor="b", now=NOW)
    assert [error.code for error in refused.value.errors] == ["question", "question"]
    answers = Answers("mdy", SavingsKind.SUKARELA)
    again = await service.answer(database, cooperative, found.import_id, answers=answers, excluded_lines=[], now=NOW)
    assert again.ready
    assert [row.dated for row in again.plan.rows] == [date(2025, 3, 4), date(2025, 4, 3)]
    assert (await service.preview(database, cooperative, found.import_id, now=NOW)).plan == again.plan


async def test_same_file_is_recognised(database, cooperative):
    first = await service.upload(
        database, cooperative, data=MEMBERS, filename="a.csv", kind="members", actor="b", now=NOW
    )
    second = await service.upload(
        database, cooperative, data=MEMBERS, filename="b.csv", kind="members", actor="b", now=NOW
    )
    assert second.import_id == first.import_id  # nothing was posted of it yet
    await service.post(database, cooperative, first.import_id, actor="b", now=NOW)
    third = await service.upload(
        database, cooperative, data=MEMBERS, filename="a.csv", kind="members", actor="b", now=NOW
    )
    assert third.duplicate_of == first.import_id
    assert not third.ready
    assert [[one.code for one in row.errors] for row in third.plan.rows] == [["member-exists"]] * 3
    with pytest.raises(Conflict) as refused:
        await service.post(database, cooperative, third.import_id, actor="b", now=NOW)
    assert refused.value.code == "import-duplicate"
    with pytest.raises(Conflict) as refused:
        await service.post(database, cooperative, first.import_id, actor="b", now=NOW)
    assert refused.value.code == "import-posted"


async def test_undo_reverses_everything_and_the_file_may_come_again(database, cooperative):
    result = await set_up(database, cooperative)
    undone = await service.undo(database, cooperative, result.import_id, actor="bendahara", reason="File lama", now=NOW)
    assert (undone.entries, undone.first_number, undone.difference_minor) == (8, 9, 0)
    assert await balance_of(database, cooperative, "2101") == 0
    assert await balance_of(database, cooperative, "4401") == 0
    assert (await batch(database, cooperative, result.import_id)).status is Status.UNDONE
    async with database.reading(cooperative.book_id) as connection:
        reversals = await ledger.entries(connection, cooperative.book_id, after=8)
        assert {(one.kind, one.description, one.link) for one in reversals} == {
            ("reversal", "File lama", f"import:{result.import_id}:undo")
        }
    for attempt in (service.post(database, cooperative, result.import_id, actor="b", now=NOW),):
        with pytest.raises(Conflict) as refused:
            await attempt
        assert refused.value.code == "import-undone"
    with pytest.raises(Conflict):
        await service.undo(database, cooperative, result.import_id, actor="b", reason="lagi", now=NOW)
    again = await bring(database, cooperative, "opening_savings", SAVINGS)
    assert again.import_id != result.import_id
    assert await balance_of(database, cooperative, "2101") == -175000050


async def test_undo_is_refused_when_the_money_has_moved(database, cooperative, poster):
    result = await set_up(database, cooperative)
    async with database.reading(cooperative.book_id) as connection:
        [entry] = [
            one
            for one in await ledger.entries(connection, cooperative.book_id)
            if any(line.amount == -150000050 for line in one.lines)
        ]
        [line] = [one for one in entry.lines if one.amount < 0]
        difference = next(one for one in entry.lines if one.amount > 0)
    await poster.post(
        ledger.Draft(
            cooperative.book_id,
            date(2026, 11, 25),
            "journal",
            "dipindah",
            "b",
            (ledger.Line(line.account_id, 1000), ledger.Line(difference.account_id, -1000)),
            "moved",
        )
    )
    before = await state(database, cooperative)
    with pytest.raises(Refusal) as refused:
        await service.undo(database, cooperative, result.import_id, actor="b", reason="salah", now=NOW)
    assert refused.value.code == "import-refused"
    [error] = refused.value.errors
    assert (error.code, error.params["account"]) == ("floor", line.code)
    assert await state(database, cooperative) == before
    assert (await batch(database, cooperative, result.import_id)).status is Status.POSTED


async def test_list_is_newest_first_and_paged(database, cooperative):
    for count in range(3):
        data = sheet("Nama", f"Orang {'abc'[count]}")
        await service.upload(database, cooperative, data=data, filename="a.csv", kind="members", actor="b", now=NOW)
    async with database.reading(cooperative.book_id) as connection:
        first = await service.list_imports(connection, cooperative.book_id, limit=2)
        rest = await service.list_imports(connection, cooperative.book_id, before=first[-1].import_id)
    assert [one.import_id for one in first] == sorted((one.import_id for one in first), reverse=True)
    assert len(rest) == 1
    assert rest[0].import_id < first[-1].import_id
