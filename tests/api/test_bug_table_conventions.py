"""How an interface to a ledger should behave, by the study that this one was designed after: its section 5."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime

import pytest

from koperasi.permissions import Role
from koperasi.reports.statement_model import Name

from .conftest import donated_land
from .counter import Counter, entry, money, new_account
from .test_problems import check_problem


@pytest.fixture
def desk(client, shop) -> Counter:
    return Counter(client, shop)


# --- how the interface behaves ----------------------------------------------------------------------------------------

WRONG = {
    "unknown account": entry("2024-02-01", "5.00", debit="9999"),
    "control account": entry("2024-02-01", "5.00", debit="2101"),
    "one line twice": entry("2024-02-01", "5.00", debit="2135"),
    "cash that is not there": entry("2024-02-01", "99999999.00", credit="1101"),
    "tomorrow": entry("2100-01-01", "5.00"),
    "two sides": {**entry("2024-02-01", "5.00"), "lines": [
        {"account": "1401", "debit": money("5.00"), "credit": money("5.00")}, {"account": "2135"}]},
    "unbalanced": {**entry("2024-02-01", "5.00"), "lines": [
        {"account": "1401", "debit": money("5.00")}, {"account": "2135", "credit": money("5.01")}]},
    "another currency": {**entry("2024-02-01", "5.00"), "lines": [
        {"account": "1401", "debit": {"amount": "5.00", "currency": "USD"}},
        {"account": "2135", "credit": {"amount": "5.00", "currency": "USD"}}]},
    "nothing": entry("2024-02-01", "0.00"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
async def test_convention_5_bulk_says_what_the_single_route_says(desk, wrong):
    """The same code and the same fields, atomic or independent, whatever stands around it."""
    alone = await desk.post("journal-entries", WRONG[wrong])
    if alone.status_code == 201:
        pytest.fail(f"this was posted: {wrong}")
    good = entry("2024-02-01", "7.00")
    for mode in ("independent", "atomic"):
        bulk = await desk.post("journal-entries/bulk", {"mode": mode, "entries": [good, WRONG[wrong], good]})
        assert bulk.status_code == (200 if mode == "independent" else 422), bulk.text
        results = bulk.json()["results"]
        assert [one["status"] == "refused" for one in results] == (
            [False, True, False] if mode == "independent" else [True] * 3
        )
        said, single = results[1]["problem"], alone.json()
        assert (said["code"], said["type"], said["detail"]) == (single["code"], single["type"], single["detail"])
        assert [one["code"] for one in said["errors"]] == [one["code"] for one in single["errors"]]


async def test_convention_5_bulk_answers_in_the_order_asked(desk):
    chance = random.Random(5)
    items = [entry("2024-02-01", f"{n}.00", key=f"k{n}") for n in range(20)]
    chance.shuffle(items)
    answer = await desk.post("journal-entries/bulk", {"mode": "independent", "entries": items})
    assert [one["key"] for one in answer.json()["results"]] == [one["key"] for one in items]
    for item, one in zip(items, answer.json()["results"], strict=True):
        assert (one["status"] == "refused") == (item["key"] == "k0")  # that of nothing
        if one["number"] is not None:
            posted = (await desk.get(f"journal-entries/{one['number']}")).json()
            assert posted["lines"][0]["debit"] == item["lines"][0]["debit"]


def test_convention_5_the_most_that_bulk_takes_is_stated(client):
    schemas = client.app.openapi_schema.to_schema()["components"]["schemas"]
    assert schemas["BulkIn"]["properties"]["entries"]["maxItems"] == 1000
    assert schemas["EntryIn"]["properties"]["lines"]["maxItems"] > 1


async def test_convention_5_posting_answers_with_the_balances_it_left(desk):
    posted = (await desk.post("journal-entries", entry("2024-02-01", "8.00"))).json()
    for line in posted["lines"]:
        account = (await desk.get(f"ledger-accounts/{line['account']}")).json()
        assert line["balance_after"] == account["balance"]
    account = await new_account(desk)
    for path, amount in (("deposits", "5000.00"), ("withdrawals", "2000.00")):
        receipt = (await desk.post(f"savings-accounts/{account}/{path}", {"amount": money(amount)})).json()
        assert receipt["balance_after"] == (await desk.get(f"savings-accounts/{account}")).json()["balance"]


KNOWN_TODAY = {
    "ledger-accounts/1401": "as_of",
    "ledger-accounts/1401/statement": "as_of",
    "reports/trial-balance": "as_of",
    **{f"reports/{name.value}": None for name in Name},
}


@pytest.mark.parametrize("path", KNOWN_TODAY)
async def test_convention_5_a_report_says_what_it_shows(desk, path):
    """Both clocks come back, with the entry that was the last one in it and its hash."""
    last = await desk.last()
    if path.startswith("reports/") and (await desk.get(path)).status_code == 404:
        return  # a statement of another kind of cooperative
    for known_at in (0, 1, last):
        answer = await desk.get(f"{path}?known_at={known_at}")
        assert answer.status_code == 200, answer.text
        assert answer.json()["known_at"] == known_at
        head = answer.json()["last_entry"]
        assert head["number"] == known_at
        if known_at:
            assert head["hash"] == (await desk.get(f"journal-entries/{known_at}")).json()["hash"]
    if (day := KNOWN_TODAY[path]) is not None:
        answer = await desk.get(f"{path}?known_at={last}&{day}=2024-12-31")
        assert (answer.json()[day], answer.json()["known_at"]) == ("2024-12-31", last)
    assert (await desk.get(path)).json()["known_at"] is None
    check_problem(await desk.get(f"{path}?known_at={last + 1_000_000}"), 422)


def reading(schema) -> list[tuple[str, list[str]]]:
    return [
        (path, [one["name"] for one in methods["get"].get("parameters", ()) if one["in"] == "query"])
        for path, methods in schema["paths"].items()
        if "get" in methods and path.startswith("/api/")
    ]


async def by_whoever_may(desk: Counter, path: str):
    """Ask as somebody with a role that this address is open to."""
    for role in (desk.role, *Role):
        answer = await Counter(desk.client, desk.shop, role).get(path)
        if answer.status_code != 403:
            return answer
    return answer


async def test_convention_5_what_an_address_does_not_know_is_refused(client, desk):
    """A filter that is misspelt is not no filter: on every route that reads; and one that stands twice is refused."""
    asked = 0
    for path, names in reading(client.app.openapi_schema.to_schema()):
        address = path.replace("{number}", "1").replace("{code}", "1401").replace("{month}", "2024-02")
        address = address.replace("{name}", next(iter(Name)).value).replace("{member}", "1").removeprefix("/api/v1/")
        if "{" in address:
            continue
        for wrong in (
            "tidak_ada=1",
            "From=2024-01-01",
            "limit[]=1",
            "request=1",
            "database=",
            "%00=1",
            "known_at%20=1",
        ):
            if wrong.partition("=")[0] not in names:
                problem = check_problem(await by_whoever_may(desk, f"{address}?{wrong}"), 400, "unknown-parameter")
                assert problem["errors"] == [] or problem["errors"][0]["field"]
                asked += 1
        for name in names:
            check_problem(await by_whoever_may(desk, f"{address}?{name}=1&{name}=2"), 400, "duplicate-name")
    assert asked > 100


async def test_b66_convention_5_accounts_on_which_nothing_happened_are_there(desk):
    """Every account of the chart stands in the trial balance of the empty book, and one never used with nothing."""
    before = await desk.balances("as_of=2024-01-01&known_at=0&detailed=false")
    chart = {one["code"] for one in (await desk.get("chart")).json()["items"]}
    assert set(before) == chart
    assert set(before.values()) == {("0.00", "0.00")}
    now = await desk.balances("detailed=false")
    controls = {one["code"] for one in (await desk.get("chart")).json()["items"] if one["control"]}
    unused = next(code for code in sorted(set(now) - controls) if now[code] == ("0.00", "0.00"))
    assert (await desk.get(f"ledger-accounts/{unused}")).json()["balance"] == money("0.00")
    page = (await desk.get(f"ledger-accounts/{unused}/statement")).json()
    assert (page["opening"], page["closing"]) == (money("0.00"), money("0.00"))


def test_the_days_here_are_in_the_past():
    assert datetime.now(UTC).date() > date(2024, 6, 30)


async def test_the_counter_reads_donations(desk):
    """What the tests above take for granted of their examples."""
    assert (await desk.post("journal-entries", donated_land("Uji"))).status_code == 201
