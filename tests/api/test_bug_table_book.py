"""Mistakes that other ledgers made with one request after another, each held against our REST interface.

The ids are rows of the list of other ledgers' bugs that this one was designed against.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import product

import httpx
import pytest
import pytest_asyncio

from .conftest import open_shop
from .counter import Counter, code_of, entry, everything, money, new_account, sen
from .test_problems import check_problem


@pytest_asyncio.fixture(scope="module")
async def own(database, client):
    """A village of this module's own."""
    return await open_shop(database, client)


@pytest.fixture
def desk(client, own) -> Counter:
    return Counter(client, own)


@pytest_asyncio.fixture
async def busy(site, own) -> AsyncIterator[Counter]:
    """Over real HTTP, where requests are really under way at once: ``client`` finishes each before the next."""
    async with httpx.AsyncClient(base_url=site, timeout=60) as client:
        yield Counter(client, own)


# --- one outcome ------------------------------------------------------------------------------------------------------


async def test_b43_a_refusal_of_the_book_stays_when_the_money_is_there(desk):
    """Refused for want of money, paid in, sent again: the same no, marked as said before; a new key to try anew."""
    cash = {"date": "2024-03-01", "description": "Uji", "lines": [
        {"account": "1401", "debit": money("50.00")}, {"account": "1101", "credit": money("50.00")}]}  # fmt: skip
    bulk = {"mode": "atomic", "entries": [cash]}
    for path, body in (("journal-entries", cash), ("journal-entries/bulk", bulk)):
        key = secrets.token_hex(8)
        first = await desk.post(path, body, key)
        assert (first.status_code, code_of(first)) == (422, "floor"), first.text
        fill = entry("2024-02-20", "60.00", debit="1101")
        assert (await desk.post("journal-entries", fill)).status_code == 201
        again = await desk.post(path, body, key)
        assert (again.status_code, code_of(again)) == (422, "floor"), again.text
        assert (await desk.post(path, body)).status_code in {200, 201}
        assert (await desk.post("journal-entries", entry("2024-03-02", "10.00", credit="1101"))).status_code == 201


async def test_b43_so_does_a_refusal_of_the_rules_of_savings(desk):
    """In the same words and beside the same field, though the balance would do by now; and in no other request's way."""
    account = await new_account(desk)
    there = f"savings-accounts/{account}"
    tomorrow = {"amount": money("1000.00"), "date": "2100-12-31"}
    refused = []
    for path, body, code in (
        ("withdrawals", {"amount": money("3000.00")}, "insufficient-balance"),
        ("transfers", {"amount": money("2000.00"), "to": desk.shop.wadiah}, "insufficient-balance"),
        ("deposits", tomorrow, "date-in-future"),
    ):
        key = secrets.token_hex(8)
        answer = await desk.post(f"{there}/{path}", body, key)
        check_problem(answer, 422, code)
        assert "idempotency-replayed" not in answer.headers
        refused.append((f"{there}/{path}", body, key, answer))
    last = await desk.last()
    assert (await desk.post(f"{there}/deposits", {"amount": money("9000.00")})).status_code == 201
    for path, body, key, answer in refused:
        for _ in range(2):
            again = await desk.post(path, body, key)
            assert (again.status_code, again.json()) == (422, answer.json())
            assert again.headers["idempotency-replayed"] == "true"
        other = await desk.post(path, {**body, "amount": money("4000.00")}, key)
        check_problem(other, 422, "idempotency-mismatch")
    assert await desk.last() == last + 1
    for path, body, _, _ in refused[:2]:
        assert (await desk.post(path, body)).status_code == 201
    assert (await desk.get(there)).json()["balance"] == money("4000.00")


async def test_b43_one_answer_for_those_who_ask_at_once(busy):
    """The same withdrawal five times while the money comes in: all hear one and the same, yes or no."""
    for _ in range(4):
        account, key = await new_account(busy), secrets.token_hex(8)
        there = f"savings-accounts/{account}"
        taking = [busy.post(f"{there}/withdrawals", {"amount": money("3000.00")}, key) for _ in range(5)]
        paying = busy.post(f"{there}/deposits", {"amount": money("5000.00")})
        *taken, paid = await asyncio.gather(*taking[:3], paying, *taking[3:])
        answers = [answer for answer in (*taken, paid) if "withdrawal" in str(answer.url)]
        assert len(answers) == 5
        assert len({answer.status_code for answer in answers}) == 1, [answer.text for answer in answers]
        left = "2000.00" if answers[0].is_success else "5000.00"
        assert (await busy.get(there)).json()["balance"] == money(left)


# --- undoing ----------------------------------------------------------------------------------------------------------


async def test_b50_b54_whatever_was_posted_is_undone_today_and_its_day_stays(desk):
    """Every route that posts: the undoing answers 201, is dated on the day of undoing, names what it undoes, and all
    balances are as before; the books of the past show the entry as they did."""
    wadiah, other = desk.shop.wadiah, await new_account(desk)
    today = (await desk.get("cooperative")).json()["business_date"]
    posting = [
        (f"savings-accounts/{wadiah}/deposits", {"amount": money("5000.00"), "date": "2024-04-01"}),
        (f"savings-accounts/{wadiah}/withdrawals", {"amount": money("1000.00")}),
        (f"savings-accounts/{wadiah}/transfers", {"amount": money("700.00"), "to": other}),
        ("journal-entries", entry("2024-04-02", "12.34")),
        ("journal-entries/bulk", {"mode": "atomic", "entries": [entry("2024-04-03", "1.00")]}),
    ]
    for path, body in posting:
        before = await desk.balances()
        posted = await desk.post(path, body)
        assert posted.status_code in {200, 201}, posted.text
        told = posted.json()
        number = told["results"][0]["number"] if "results" in told else told.get("entry_number", told.get("number"))
        past = await desk.balances("as_of=2024-04-30")
        assert await desk.balances() != before
        undone = await desk.post(f"journal-entries/{number}/reversals", {"reason": "Salah catat"})
        assert undone.status_code == 201, undone.text
        assert (undone.json()["reverses"], undone.json()["date"]) == (number, today)
        assert await desk.balances() == before
        assert await desk.balances("as_of=2024-04-30") == past
        assert (await desk.get(f"journal-entries/{number}")).json()["reversed_by"] == undone.json()["number"]
        again = await desk.post(f"journal-entries/{number}/reversals", {"reason": "Salah catat"})
        check_problem(again, 409, "already-reversed")


async def test_b52_money_is_not_taken_on_a_day_when_it_was_not_there(desk):
    """The refusal names the first day that breaks and what is missing on it."""
    account = await new_account(desk)
    paid = {"amount": money("9000.00"), "date": "2024-06-10"}
    assert (await desk.post(f"savings-accounts/{account}/deposits", paid)).status_code == 201
    before = await desk.last()
    for path, more in (("withdrawals", {}), ("transfers", {"to": desk.shop.wadiah})):
        body = {"amount": money("4000.00"), "date": "2024-06-09", **more}
        problem = check_problem(await desk.post(f"savings-accounts/{account}/{path}", body), 422, "floor-later")
        assert "09/06/2024" in problem["detail"]
        assert "Rp4.000" in problem["detail"]
    by_hand = entry("2024-06-09", "4000.00", debit=f"2101.{account}")
    check_problem(await desk.post("journal-entries", by_hand), 422, "floor-later")
    assert await desk.last() == before
    there = {"amount": money("4000.00"), "date": "2024-06-10"}
    assert (await desk.post(f"savings-accounts/{account}/withdrawals", there)).status_code == 201
    over = {"amount": money("6000.00"), "date": "2024-06-10"}
    check_problem(await desk.post(f"savings-accounts/{account}/withdrawals", over), 422)


async def test_b53_b56_b58_no_route_leads_into_a_closed_month(desk):
    """What lies in it is undone in an open one, and the books of that month stay as they were closed."""
    old = (await desk.post("journal-entries", entry("2024-01-10", "500.00"))).json()["number"]
    account = await new_account(desk, "2024-01-02")
    paid = {"amount": money("9000.00"), "date": "2024-01-11"}
    assert (await desk.post(f"savings-accounts/{account}/deposits", paid)).status_code == 201
    closed = await desk.put("periods/2024-01", {"status": "closed"})
    assert closed.status_code == 200, closed.text
    books, last = await desk.balances("as_of=2024-01-31&detailed=true"), await desk.last()
    amount = money("1000.00")
    into = [
        ("journal-entries", entry("2024-01-31", "5.00")),
        ("journal-entries", entry("2023-12-31", "5.00")),
        (f"savings-accounts/{account}/deposits", {"amount": amount, "date": "2024-01-31"}),
        (f"savings-accounts/{account}/withdrawals", {"amount": amount, "date": "2024-01-31"}),
        (f"savings-accounts/{account}/transfers", {"amount": amount, "date": "2024-01-31", "to": desk.shop.wadiah}),
        (f"journal-entries/{old}/reversals", {"reason": "Salah", "date": "2024-01-31"}),
    ]
    for path, body in into:
        check_problem(await desk.post(path, body), 422, "period-closed")
    for mode in ("atomic", "independent"):
        answer = await desk.post("journal-entries/bulk", {"mode": mode, "entries": [entry("2024-01-31", "5.00")]})
        assert code_of(answer) == "period-closed", answer.text
    assert await desk.last() == last
    for way in ("held", "open"):
        assert (await desk.put("periods/2024-01", {"status": way})).status_code == 409
    undone = await desk.post(f"journal-entries/{old}/reversals", {"reason": "Salah"})
    assert (undone.status_code, undone.json()["reverses"]) == (201, old)
    assert await desk.balances("as_of=2024-01-31&detailed=true") == books


# --- many at once -----------------------------------------------------------------------------------------------------


async def test_b36_b37_b38_money_goes_both_ways_at_once(busy):
    """Nobody waits for somebody who waits: no request fails, and every balance is what was moved."""
    one, other = await new_account(busy), await new_account(busy)
    for account in (one, other):
        assert (await busy.post(f"savings-accounts/{account}/deposits", {"amount": money("100000.00")})).is_success
    moves = []
    for _ in range(8):
        moves += [
            (f"savings-accounts/{one}/transfers", {"to": other, "amount": money("300.00")}),
            (f"savings-accounts/{other}/transfers", {"to": one, "amount": money("200.00")}),
            (f"savings-accounts/{one}/deposits", {"amount": money("50.00")}),
            (f"savings-accounts/{other}/withdrawals", {"amount": money("70.00")}),
            ("journal-entries", entry("2024-05-01", "1.00", debit=f"2101.{one}", credit=f"2101.{other}")),
            ("journal-entries/bulk", {"mode": "atomic", "entries": [
                entry("2024-05-02", "2.00"), entry("2024-05-02", "3.00", debit="1401", credit="1101")]}),
        ]  # fmt: skip
    moves = [move for move in moves if move[0] != "journal-entries"]
    random.Random(37).shuffle(moves)
    answers = await asyncio.gather(*(busy.post(*move) for move in moves))
    refused = [answer for answer in answers if not answer.is_success]
    assert {code_of(answer) for answer in refused} <= {"floor", "linked"}, [answer.text for answer in refused]
    balances = [(await busy.get(f"savings-accounts/{account}")).json()["balance"]["amount"] for account in (one, other)]
    assert balances == ["99600.00", "100240.00"]
    assert (await busy.get("verification")).json()["ok"]


async def test_b39_reports_balance_while_others_post(busy):
    """Each answer is one view of the book, and says of which entry it is the last."""
    done = asyncio.Event()

    async def others() -> int:
        count = 0
        while not done.is_set():
            assert (await busy.post("journal-entries", entry("2024-02-02", "3.00"))).status_code == 201
            count += 1
        return count

    writing = asyncio.create_task(others())
    heads = []
    for _ in range(6):
        trial = (await busy.get("reports/trial-balance")).json()
        for total in trial["totals"]:
            assert total["debit"] == total["credit"]
        heads.append(trial["last_entry"]["number"])
        same = (await busy.get(f"ledger-accounts/1401?known_at={heads[-1]}")).json()
        assert same["balance"] == next(one["debit"] for one in trial["items"] if one["code"] == "1401")
        page = (await busy.get("ledger-accounts/1401/statement?limit=200")).json()
        running = sen(page["opening"])
        for line in page["items"]:
            running += sen(line["debit"]) - sen(line["credit"])
            assert sen(line["balance"]) == running
        assert sen(page["closing"]) == running
    done.set()
    assert await writing > 1
    assert heads == sorted(heads)


# --- filters and joins ------------------------------------------------------------------------------------------------


async def test_b71_filters_of_the_journal_find_what_looking_finds(desk):
    for day in ("2024-02-01", "2024-03-15", "2024-03-15", "2024-04-30"):
        assert (await desk.post("journal-entries", entry(day, "1.00"))).status_code == 201
    book = await everything(desk, "journal-entries")
    middle = book[len(book) // 2]["number"]
    found = 0
    for first, last, kind, known_at in product(
        ("", "2024-03-15"), ("", "2024-03-15", "2024-12-31"), ("", "journal", "savings.deposit"), ("", middle)
    ):
        size = 9 if first or kind else 200
        asked = {"from": first, "to": last, "kind": kind, "known_at": known_at}
        query = "".join(f"&{name}={value}" for name, value in asked.items() if value != "")
        wanted = [
            one["number"]
            for one in book
            if (not first or one["date"] >= first)
            and (not last or one["date"] <= last)
            and (not kind or one["kind"] == kind)
            and (known_at == "" or one["number"] <= known_at)
        ]
        assert [one["number"] for one in await everything(desk, "journal-entries", query, size)] == wanted, query
        found += bool(wanted)
    assert found > 15


async def test_b64_b71_b72_members_and_groups_are_listed_once_by_any_filters(desk):
    """Heirs, several accounts and several groups hang on a member, and none of them makes a row or an amount more."""
    heirs = [{"name": f"Ahli {n}", "relation": "anak", "share_percent": 50} for n in (1, 2)]
    numbers = []
    for n, status in enumerate(("calon_pmi", "keluarga_pmi", "bukan", "keluarga_pmi")):
        facts = {"name": f"Uji Tabel {n}", "migrant_status": status, "heirs": heirs if n % 2 else []}
        made = await desk.post("members", facts)
        assert made.status_code == 201, made.text
        numbers.append(made.json()["number"])
    for name in ("Kelompok Satu", "Kelompok Dua"):
        group = {"name": name, "village": "Tanjung", "sector": "A", "ketua": numbers[1], "bendahara": numbers[3]}
        made = await desk.post("groups", group)
        assert made.status_code == 201, made.text
    members = await everything(desk, "members")
    assert len({one["number"] for one in members}) == len(members)
    for status, migrant, words, size in product(
        ("", "anggota", "pemohon"), ("", "keluarga_pmi", "bukan"), ("", "Uji Tabel"), (2, 200)
    ):
        asked = {"status": status, "migrant_status": migrant, "q": words}
        query = "".join(f"&{name}={value}" for name, value in asked.items() if value)
        wanted = [
            one["number"]
            for one in members
            if (not status or one["status"] == status)
            and (not migrant or one["migrant_status"] == migrant)
            and (not words or words in one["name"])
        ]
        assert sorted(one["number"] for one in await everything(desk, "members", query, size)) == sorted(wanted), query
    groups = await everything(desk, "groups")
    of_one = await everything(desk, "groups", f"&member={numbers[1]}", 1)
    assert len({one["number"] for one in groups}) == len(groups)
    assert len({one["number"] for one in of_one}) == len(of_one)
    whole, parts = await desk.balances("detailed=false"), await desk.balances()
    summed = {code: sum(net(parts[one]) for one in parts if one.startswith(f"{code}.")) for code in whole}
    controls = {code for code in whole if any(one.startswith(f"{code}.") for one in parts)}
    assert {code: net(whole[code]) for code in controls} == {code: summed[code] for code in controls}
    assert any(summed.values())


def net(columns: tuple[str, str]) -> Decimal:
    return Decimal(columns[1]) - Decimal(columns[0])
