"""Damage done by hand, past every guard: verification finds it and names the row."""

from __future__ import annotations

import pytest
from sqlalchemy import text

import ledger
from ledger import Finding, verify_report, verify_walk
from ledger.verify import LONG_WORK, settings
from ledger.verify_whole import CHECKS, WHOLE_TABLES

ENTRY, POSTING = "ledger_entry", "ledger_posting"
LAST = 4
SEAL = ("seal", "entry 2")
LAST_DAY, CONTROL = ("last-day", "account 1102"), ("control-posted", "account 1102")


@pytest.fixture
def damaged(desk, superuser_engine):
    """Verify a book of four entries after some statements of a superuser, which are rolled back."""

    async def verify(*statements: str) -> list[Finding]:
        await desk.post(("1101", 900), ("3101", -900))
        await desk.post(("1101", -200), ("1102", 150), ("3101", 50), metadata={"b": "2", "a": "1"}, source="Nota 1")
        await desk.post(("1101", 40), ("2101.1", -40), link="l")
        await desk.reverse(3)
        assert (await desk.verify()).findings == ()
        async with superuser_engine.connect() as connection:
            await connection.execute(text("SET LOCAL session_replication_role = replica"))  # no triggers, no keys
            ids = {f"a{code.replace('.', '_')}": number for code, number in desk.ids.items()}
            for statement in statements:
                done = await connection.execute(text(statement.format(b=desk.book, **ids)))
                assert done.rowcount != 0, statement
            return list((await ledger.verify(connection, desk.book)).findings)

    return verify


def where(findings: list[Finding]) -> set[tuple[str, str]]:
    return {(finding.code, finding.where) for finding in findings}


@pytest.mark.parametrize(
    "change",
    [
        "description = 'lain'",
        "actor = 'orang lain'",
        "kind = 'lain'",
        "source = NULL",
        "source = 'Nota 2'",
        "link = 'lain'",
        "reverses = NULL, metadata = '{{}}'",
        'metadata = \'{{"a": "1", "b": "3"}}\'',
        'metadata = \'{{"a": "1"}}\'',
        "recorded_at = recorded_at + interval '1 microsecond'",
    ],
)
async def test_a_changed_fact_breaks_the_seal_of_its_entry(damaged, change):
    found = await damaged(f"UPDATE ledger_entry SET {change} WHERE book_id = {{b}} AND number = 2")
    assert where(found) == {SEAL}


async def test_an_entry_recorded_before_the_one_before_it(damaged):
    found = await damaged(
        "UPDATE ledger_entry SET recorded_at = recorded_at - interval '1 day' WHERE book_id = {b} AND number = 2"
    )
    assert where(found) == {SEAL, ("clock", "entry 2")}


async def test_the_order_of_metadata_is_no_damage(damaged):
    spelling = '\'{{"a":   "1", "b": "2"}}\''
    assert await damaged(f"UPDATE ledger_entry SET metadata = {spelling} WHERE book_id = {{b}} AND number = 2") == []


async def test_a_changed_note(damaged):
    """The reversal's reason: its seal covers the digest, the note must match it."""
    at = "WHERE book_id = {b} AND entry_number = 4"
    assert where(await damaged(f"UPDATE ledger_note SET text = 'lain' {at}")) == {("note", "entry 4")}


async def test_a_changed_salt(damaged):
    salted = "UPDATE ledger_note SET salt = substr(sha256('x'), 1, 16) WHERE book_id = {b}"
    assert where(await damaged(salted)) == {("note", "entry 4")}


async def test_a_note_with_its_digest_changed_breaks_the_seal(damaged):
    found = await damaged(
        "UPDATE ledger_note SET text = 'lain' WHERE book_id = {b}",
        "UPDATE ledger_entry SET note_digest = (SELECT sha256(salt || convert_to(text, 'UTF8')) FROM ledger_note"
        " WHERE book_id = {b}) WHERE book_id = {b} AND number = 4",
    )
    assert where(found) == {("seal", "entry 4")}


async def test_a_note_that_was_never_sealed(damaged):
    put = "INSERT INTO ledger_note VALUES ({b}, 2, decode(repeat('00', 16), 'hex'), 'lain')"
    assert where(await damaged(put)) == {("note", "entry 2")}


async def test_a_note_of_no_entry(damaged):
    put = "INSERT INTO ledger_note VALUES ({b}, 9, decode(repeat('00', 16), 'hex'), 'lain')"
    assert where(await damaged(put)) == {("orphan-note", "entry 9")}


ERASED = "INSERT INTO ledger_erasure (book_id, entry_number, actor, reason) VALUES ({b}, 4, 'a', 'asked')"


async def test_an_erased_note_is_no_damage(damaged):
    assert await damaged(ERASED, "DELETE FROM ledger_note WHERE book_id = {b}") == []


async def test_a_note_that_is_gone_without_an_erasure(damaged):
    assert where(await damaged("DELETE FROM ledger_note WHERE book_id = {b}")) == {("note-gone", "entry 4")}


async def test_a_note_that_is_there_despite_its_erasure(damaged):
    assert where(await damaged(ERASED)) == {("note-kept", "entry 4")}


async def test_a_changed_date(damaged):
    found = await damaged("UPDATE ledger_entry SET effective_date = '2026-11-26' WHERE book_id = {b} AND number = 2")
    assert where(found) == {SEAL, *(("line-date", f"entry 2 line {line}") for line in (1, 2, 3))}


async def test_a_changed_date_of_the_postings(damaged):
    found = await damaged(
        "UPDATE ledger_posting SET effective_date = '2026-11-26' WHERE book_id = {b} AND entry_number = 3"
    )
    assert {("line-date", "entry 3 line 1"), ("line-date", "entry 3 line 2")} <= where(found)
    assert {code for code, _ in where(found)} == {"line-date", "turnover", "sum", "last-day"}


async def test_a_changed_amount(damaged):
    found = await damaged(
        "UPDATE ledger_posting SET amount = 151 WHERE book_id = {b} AND entry_number = 2 AND line = 2"
    )
    assert where(found) == {
        SEAL,
        ("unbalanced", "entry 2"),
        ("running-balance", "entry 2 line 2"),
        ("account-total", "account 1102"),
        ("turnover", "account 1102 on 2026-11-25"),
        ("sum", "account 1102 in 2026-11-25"),
        ("sum", "account 1102 in 2026-11"),
    }


async def test_money_moved_to_another_account(damaged):
    found = await damaged(
        "UPDATE ledger_posting SET account_id = {a2101_2} WHERE book_id = {b} AND entry_number = 3 AND line = 2"
    )
    assert {("seal", "entry 3"), ("account-total", "account 2101.1"), ("account-total", "account 2101.2")} <= where(
        found
    )


async def test_swapped_lines(damaged):
    lines = "UPDATE ledger_posting SET line = {} WHERE book_id = {{b}} AND entry_number = 2 AND line = {}"
    found = await damaged(lines.format(9, 2), lines.format(2, 3), lines.format(3, 9))
    assert where(found) == {SEAL}


async def test_a_renumbered_line(damaged):
    found = await damaged("UPDATE ledger_posting SET line = 7 WHERE book_id = {b} AND entry_number = 2 AND line = 3")
    assert where(found) == {("lines", "entry 2")}


async def test_a_renamed_account_code(damaged):
    found = await damaged("UPDATE ledger_account SET code = '2109' WHERE book_id = {b} AND account_id = {a2101_1}")
    sums = {("sum", f"account {code} in 2026-11{day}") for code in ("2101", "2109") for day in ("", "-25")}
    assert where(found) == {("seal", "entry 3"), ("seal", "entry 4")} | sums


async def test_a_cut_tail(damaged, desk):
    found = await damaged(
        f"DELETE FROM ledger_entry WHERE book_id = {{b}} AND number = {LAST}",
        f"DELETE FROM ledger_posting WHERE book_id = {{b}} AND entry_number = {LAST}",
    )
    assert ("tail", "head") in where(found)
    assert ("key", f"key of entry {LAST}") in where(found)
    assert ("reversal", f"entry {LAST}") in where(found)
    assert {("account-total", "account 1101"), ("account-total", "account 2101.1")} <= where(found)


async def test_an_entry_gone_from_the_middle(damaged):
    found = await damaged("DELETE FROM ledger_entry WHERE book_id = {b} AND number = 2")
    assert {("gap", "entry 3"), ("chain", "entry 3"), ("key", "key of entry 2")} <= where(found)
    assert "tail" not in {code for code, _ in where(found)}
    assert {("orphan-posting", f"entry 2 line {line}") for line in (1, 2, 3)} <= where(found)


async def test_all_postings_of_an_entry_gone(damaged):
    found = await damaged("DELETE FROM ledger_posting WHERE book_id = {b} AND entry_number = 2")
    assert {SEAL, ("lines", "entry 2")} <= where(found)


@pytest.mark.parametrize("column", ["hash", "previous_hash"])
async def test_a_forged_hash(damaged, column):
    found = await damaged(f"UPDATE ledger_entry SET {column} = sha256('x') WHERE book_id = {{b}} AND number = 2")
    expected = {SEAL, ("chain", "entry 3")} if column == "hash" else {SEAL, ("chain", "entry 2")}
    assert where(found) == expected


async def test_a_head_that_was_set_back(damaged):
    found = await damaged("UPDATE ledger_head SET last_number = 3 WHERE book_id = {b}")
    assert where(found) == {("tail", "head")}


@pytest.mark.parametrize("column", ["debit", "credit"])
async def test_changed_totals(damaged, column):
    found = await damaged(
        f"UPDATE ledger_account SET {column} = {column} + 1 WHERE book_id = {{b}} AND account_id = {{a1102}}"
    )
    assert where(found) == {("account-total", "account 1102")}


async def test_a_changed_last_day(damaged):
    found = await damaged("UPDATE ledger_account SET last_day = NULL WHERE book_id = {b} AND account_id = {a1102}")
    assert where(found) == {("last-day", "account 1102")}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_turnover SET debit = debit + 1 WHERE book_id = {b} AND account_id = {a1102}",
        "DELETE FROM ledger_turnover WHERE book_id = {b} AND account_id = {a1102}",
    ],
)
async def test_changed_turnover(damaged, statement):
    assert where(await damaged(statement)) == {("turnover", "account 1102 on 2026-11-25")}


async def test_a_turnover_of_a_day_without_postings(damaged):
    found = await damaged("INSERT INTO ledger_turnover VALUES ({b}, {a1102}, '2026-01-01', 1, 0)")
    assert where(found) == {("turnover", "account 1102 on 2026-01-01")}


@pytest.mark.parametrize(
    ("statement", "places"),
    [
        (
            "UPDATE ledger_sum SET credit = credit + 1 WHERE book_id = {b} AND code = '2101' AND span = 'month'",
            {"2026-11"},
        ),
        ("DELETE FROM ledger_sum WHERE book_id = {b} AND code = '2101'", {"2026-11", "2026-11-25"}),
        ("INSERT INTO ledger_sum VALUES ({b}, 'day', '2026-01-01', '2101', 1, 0)", {"2026-01-01"}),
    ],
)
async def test_changed_sums_of_a_control_account(damaged, statement, places):
    assert where(await damaged(statement)) == {("sum", f"account 2101 in {place}") for place in places}


async def test_a_changed_running_balance(damaged):
    found = await damaged(
        "UPDATE ledger_posting SET balance_after = 1 WHERE book_id = {b} AND entry_number = 2 AND line = 1"
    )
    assert where(found) == {("running-balance", "entry 2 line 1")}


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ledger_reversal WHERE book_id = {b}",
        "UPDATE ledger_reversal SET entry_number = 2 WHERE book_id = {b}",
        "UPDATE ledger_reversal SET undone_by = 4 WHERE book_id = {b}",
    ],
)
async def test_a_changed_reversal_link(damaged, statement):
    assert ("reversal", "entry 4") in where(await damaged(statement))


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM ledger_key WHERE book_id = {b} AND entry_number = 3", ("no-key", "entry 3")),
        (
            "INSERT INTO ledger_key (book_id, key, fingerprint, entry_number) VALUES ({b}, 'x', '', 3)",
            ("two-keys", "entry 3"),
        ),
        ("UPDATE ledger_key SET entry_number = 9 WHERE book_id = {b} AND entry_number = 3", ("key", "key of entry 9")),
        ("UPDATE ledger_account SET last_day = last_day + 1 WHERE book_id = {b} AND code = '1102'", LAST_DAY),
        ("UPDATE ledger_account SET last_day = last_day - 1 WHERE book_id = {b} AND code = '1102'", LAST_DAY),
        (
            "UPDATE ledger_account SET opened_on = '2026-12-01' WHERE book_id = {b} AND code = '1102'",
            ("before-opening", "account 1102"),
        ),
        ("UPDATE ledger_account SET control = true WHERE book_id = {b} AND code = '1102'", CONTROL),
        (
            "UPDATE ledger_account SET control = false WHERE book_id = {b} AND code = '2101'",
            ("parent", "account 2101.1"),
        ),
        (
            "UPDATE ledger_account SET type = 'asset' WHERE book_id = {b} AND code = '2101'",
            ("parent", "account 2101.2"),
        ),
        ("DELETE FROM ledger_account WHERE book_id = {b} AND code = '2101'", ("no-parent", "account 2101.1")),
        (
            "UPDATE ledger_head SET last_recorded_at = last_recorded_at - interval '1 s' WHERE book_id = {b}",
            ("tail", "head"),
        ),
        ("UPDATE ledger_head SET last_hash = sha256('x') WHERE book_id = {b}", ("tail", "head")),
    ],
)
async def test_what_stands_beside_the_journal(damaged, statement, expected):
    assert expected in where(await damaged(statement))


async def test_a_balance_below_its_floor(damaged):
    """Lines, totals, turnovers and running balances agree; a constraint was lifted and a posting written by hand."""
    found = await damaged(
        "ALTER TABLE ledger_account DROP CONSTRAINT ck_ledger_account_floor",
        "UPDATE ledger_account SET held = 800 WHERE book_id = {b} AND code = '1101'",
    )
    assert where(found) == {("floor", "account 1101")}
    assert found[0].facts["credit"] == -100


async def test_a_reversal_that_is_no_mirror(damaged):
    found = await damaged(
        "UPDATE ledger_posting SET amount = amount * 2 WHERE book_id = {b} AND entry_number = 4",
    )
    assert {("no-mirror", "entry 4"), ("seal", "entry 4")} <= where(found)


async def test_a_wreck_is_told_in_part(damaged, monkeypatch):
    monkeypatch.setattr(verify_report, "MOST_TOLD", 2)
    found = await damaged("UPDATE ledger_entry SET actor = 'x' WHERE book_id = {b}")
    assert [one.where for one in found if one.code == "seal"] == ["entry 1", "entry 2", "elsewhere"]
    assert found[-1].facts == {"more": 2}


@pytest.mark.parametrize(
    "metadata",
    ['{{"a": null}}', '{{"a": 1}}', "[]", "null", '"a"', '{{"a": {{}}}}', r'{{"\u0000": "1"}}', r'{{"a": "\ud800"}}'],
)
async def test_metadata_that_nobody_could_seal(damaged, metadata):
    """None of it reads as the empty metadata of entry 1, and none of it stops the doctor."""
    found = await damaged(f"UPDATE ledger_entry SET metadata = '{metadata}' WHERE book_id = {{b}} AND number = 1")
    assert where(found) == {("seal", "entry 1")}


async def test_a_book_longer_than_a_page_is_read_to_its_end(desk, superuser_engine, monkeypatch):
    monkeypatch.setattr(verify_walk, "PAGE", 7)
    seen: list[int] = []
    await desk.append(*(desk.draft(("1101", 1), ("3101", -1)) for _ in range(30)))
    async with desk.database.reading(desk.book) as connection:
        report = await ledger.verify(connection, desk.book, seen.append)
    assert (report.entries, report.findings) == (30, ())
    assert seen == [7, 14, 21, 28, 30]
    async with superuser_engine.connect() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(
            text("UPDATE ledger_entry SET actor = 'x' WHERE book_id = :b AND number = 15"), {"b": desk.book}
        )
        assert where(list((await ledger.verify(connection, desk.book)).findings)) == {("seal", "entry 15")}


async def test_an_empty_book_is_whole(desk):
    assert await desk.verify() == ledger.Report(0, bytes(32), ())


async def test_an_unknown_book_is_not_called_whole(database, book):
    async with database.reading(book) as connection:
        with pytest.raises(ledger.UnknownBookError):
            await ledger.verify(connection, 10**12)


@pytest.mark.parametrize("check", [check for check in CHECKS if "ledger_posting" in check.sql])
async def test_whole_tables_are_never_looked_up_row_by_row(database, book, check):
    """On a fresh book a nested loop over 90,000 postings ran into the statement timeout."""
    async with database.reading(book) as connection, settings(connection, {**LONG_WORK, **WHOLE_TABLES}):
        statement = check.sql.replace(":book", str(book))
        plan = [row for (row,) in await connection.execute(text(f"EXPLAIN {statement}"))]
    assert not [row for row in plan if "Nested Loop" in row], plan
