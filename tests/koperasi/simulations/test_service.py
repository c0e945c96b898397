import json
import re
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from koperasi import cli
from koperasi.errors import Refusal
from koperasi.simulations import service
from koperasi.simulations.model import (
    ExitSettlementIn,
    ProfitPoolIn,
    SavingsReturnIn,
    SavingsTaxIn,
    TermDepositIn,
)

DOCUMENT = (Path(__file__).parents[3] / "docs" / "simulations.md").read_text("utf-8")
EXAMPLES = {
    name: json.loads(text)
    for name, text in re.findall(r"<!-- example: ([a-z-]+) -->\n```json\n(.*?)```", DOCUMENT, re.DOTALL)
}
SIMULATIONS = {
    "savings-return": (SavingsReturnIn, service.savings_return),
    "profit-pool": (ProfitPoolIn, service.profit_pool),
    "term-deposit": (TermDepositIn, service.term_deposit),
    "savings-tax": (SavingsTaxIn, service.savings_tax),
    "exit-settlement": (ExitSettlementIn, service.exit_settlement),
}


def answer(name, locale="id", **change):
    model, simulate = SIMULATIONS[name]
    return simulate(model.model_validate_json(json.dumps(EXAMPLES[name] | change)), locale)


def test_every_simulation_has_its_example():
    assert set(EXAMPLES) == set(SIMULATIONS)


def test_the_examples_answer_what_the_document_says():
    assert answer("savings-return").total == "9041.00"
    assert "> " + answer("savings-return").returns[0].working[-2] in DOCUMENT
    pool = answer("profit-pool")
    assert (pool.hi_1000, pool.accounts[0].amount, pool.distributed) == ("20.9000000000", "15236.00", "28633000.00")
    deposit = answer("term-deposit")
    assert (deposit.total, deposit.payout) == ("506.25", "10506.25")
    tax = answer("savings-tax")
    assert (tax.tax, [one.tax for one in tax.accounts], tax.slip) == ("27000.00", ["15000.00", "12000.00"], True)
    settled = answer("exit-settlement")
    assert (settled.net, settled.pay_by, settled.is_blocked) == ("951500.00", date(2026, 11, 30), False)


@pytest.mark.parametrize("locale", ["id", "en"])
@pytest.mark.parametrize("name", SIMULATIONS)
def test_a_working_has_no_gap_and_never_says_bunga(name, locale):
    text = json.dumps(answer(name, locale).model_dump(mode="json"))
    assert "%(" not in text
    assert "bunga" not in text.lower()


def test_rates_by_day_posting_by_month_ceiling_and_correction():
    done = answer(
        "savings-return",
        percent=None,
        rates=[{"since": "2026-01-01", "percent": "6"}, {"since": "2026-11-16", "percent": "9.5"}],
        first="2026-10-01",
        posting="monthly",
        posted="10000.00",
    )
    assert [one.amount for one in done.returns] == ["0.00", "11678.00"]
    assert done.above_ceiling
    assert done.correction == "1678.00"


def test_averages_of_a_pool_are_of_all_days_of_the_month():
    opened = {"number": "a", "opened_on": "2026-10-16", "movements": [{"date": "2026-10-16", "amount": "3100.00"}]}
    closed = {"number": "b", "opening": "3100.00", "closed_on": "2026-10-11"}
    nisbah = [{"since": "2026-01-01", "percent": "40"}, {"since": "2026-10-20", "percent": "50"}]
    done = answer("profit-pool", funds=None, accounts=[opened | {"nisbah": nisbah}, closed | {"nisbah_percent": "40"}])
    assert [one.average for one in done.accounts] == ["1600.000000", "1000.000000"]
    assert [one.nisbah_percent for one in done.accounts] == ["50.000000", "40.000000"]


def test_a_known_hi_1000_and_a_bonus():
    accounts = [{"number": "a", "average": "10000000", "nisbah_percent": "52"}]
    done = answer("profit-pool", income=None, financing=None, funds=None, hi_1000="11.57", accounts=accounts)
    assert done.to_savers == "60164.00"
    accounts = [{"number": name, "average": "100000"} for name in "abc"] + [{"number": "d", "average": "10"}]
    bonus = {"income": None, "financing": None, "funds": None, "bonus": "100.00", "minimum": "50.00"}
    done = answer("profit-pool", **bonus, accounts=accounts)
    assert [one.amount for one in done.accounts] == ["34.00", "33.00", "33.00", "0.00"]
    assert (done.to_cooperative, done.hi_1000) == ("0.00", None)
    assert done.accounts[0].working == ["Rp100 x Rp100.000 / Rp300.000 = Rp33,3333, dibulatkan Rp34."]
    assert done.accounts[3].working == []


def test_a_mudharabah_deposit_and_an_early_closing():
    done = answer(
        "term-deposit", percent=None, nisbah_percent="52", results=[{"since": "2026-01-01", "hi_1000": "11.57"}],
        principal="10000000", months=1, capitalise_months=0, pay_months=0, unit="1",
    )  # fmt: skip
    assert (done.total, done.maturity) == ("60164.00", date(2026, 2, 1))
    early = {"closed_on": "2026-02-01", "early": "nothing", "capitalise_months": 0, "pay_months": 0}
    assert answer("term-deposit", **early).payout == "10000.00"


def test_a_leaving_members_surplus_and_heirs():
    surplus = {
        "surplus": "60000000", "capital_percent": "20", "business_percent": "25", "own_capital": "2000000",
        "all_capital": "100000000", "own_business": "5000000", "all_business": "75000000",
    }  # fmt: skip
    heirs = [{"name": "Siti", "percent": "66.666667"}, {"name": "Ali", "percent": "33.333333"}]
    done = answer("exit-settlement", shu=surplus, reason="deceased", heirs=heirs)
    assert done.net == "2191500.00"
    assert [one.amount for one in done.heirs] == ["1461000.00", "730500.00"]
    waiting = answer("exit-settlement", shu=surplus, shu_decided=False)
    assert (waiting.net, waiting.lines[-1].amount, waiting.lines[-1].effect) == ("951500.00", "1240000.00", "0.00")


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("savings-return", {"last": "2026-10-31"}, "period-order"),
        ("savings-return", {"last": "2030-10-31"}, "period-too-long"),
        ("savings-return", {"percent": None}, "rate-missing"),
        ("savings-return", {"percent": None, "rates": [{"since": "2026-01-02", "percent": "6"}] * 2}, "rates-order"),
        ("profit-pool", {"bonus": "1"}, "pool-what"),
        ("profit-pool", {"financing": None}, "pool-what"),
        ("profit-pool", {"accounts": [{"number": "a", "average": "1"}]}, "nisbah-missing"),
        (
            "profit-pool",
            {"income": None, "financing": None, "bonus": "1", "accounts": [{"number": "a"}] * 2},
            "account-twice",
        ),
        ("term-deposit", {"percent": None}, "rate-or-nisbah"),
        ("term-deposit", {"results": [{"since": "2026-01-01", "hi_1000": "1"}]}, "rate-or-nisbah"),
        ("term-deposit", {"capitalise_months": 7}, "capitalise-months"),
        ("term-deposit", {"hi_1000": "11.57"}, "rate-or-nisbah"),
        ("savings-return", {"compounding": "monthly", "compound_daily": True}, "compounding-twice"),
        ("savings-return", {"compounding": "daily"}, "compounding-method"),
        ("savings-tax", {"saver": "bank"}, "balance-missing"),
        ("savings-tax", {"percent": "101"}, "percent-range"),
        ("profit-pool", {"income": "-1"}, "income-negative"),
        ("savings-tax", {"month": "2008-12"}, "tax-policy-missing"),
        ("exit-settlement", {"heirs": [{"name": "a", "percent": "100"}]}, "heirs-without-death"),
    ],
)
def test_what_the_rules_refuse(name, change, code):
    with pytest.raises(Refusal, match=code):
        answer(name, **change)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("savings-return", {"percent": 6}),
        ("savings-return", {"percent": "6%"}),
        ("savings-return", {"opening": "1.250.000"}),
        ("savings-return", {"opening": " 1"}),
        ("savings-return", {"unit": "3"}),
        ("savings-return", {"rate": "6"}),
        ("savings-return", {"first": 20260101}),
        ("savings-tax", {"month": "2026-13"}),
        ("exit-settlement", {"shu_decided": 1}),
        ("term-deposit", {"months": "12"}),
    ],
)
def test_json_that_is_not_what_it_should_be(name, change):
    with pytest.raises(ValidationError):
        answer(name, **change)


def command(name, data):
    return CliRunner().invoke(cli.app, ["simulate", name], input=data)


def test_the_command_line_answers_and_refuses():
    done = command("savings-tax", json.dumps(EXAMPLES["savings-tax"]))
    assert (done.exit_code, json.loads(done.stdout)["tax"], done.stderr) == (0, "27000.00", "")
    marked = command("savings-tax", b"\xef\xbb\xbf" + json.dumps(EXAMPLES["savings-tax"]).encode())
    assert marked.stdout == done.stdout
    refused = command("savings-tax", json.dumps(EXAMPLES["savings-tax"] | {"month": "2008-12"}))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("tax-policy-missing: ")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "JSON: tidak terbaca pada baris 1, kolom 1."),
        (b"{", "JSON: tidak terbaca pada baris 1, kolom 2."),
        (b"\xff\xfe\x00", "JSON: bukan teks UTF-8."),
        (b"[]", "JSON: "),
        (b"[" * 100_000, "JSON: terlalu dalam."),
        (b'{"month": ' + b"9" * 5_000 + b"}", "JSON: angkanya terlalu panjang."),
        (b'{"month": NaN}', "JSON: NaN bukan angka."),
        (b'{"month": "2026-10", "month": "2026-11"}', "month: tertulis dua kali."),
        (b'{"month": "2026-10"}', "accounts: harus diisi."),
        (b'{"month": "2026-10", "accounts": [], "Month": 1}', "Month: nama ini tidak dikenal."),
        (b'{"month": "2026-10", "accounts": [{"account": "a", "amount": 1}]}', "accounts.0.amount: harus teks"),
        (
            b'{"month": "2026-10", "accounts": [{"account": "a", "amount": "1e9"}]}',
            "accounts.0.amount: bentuknya salah",
        ),
        (b'{"month": "2026-10", "accounts": [], "saver": "x"}', "saver: pilih salah satu dari 'member'"),
    ],
)
def test_what_cannot_be_read_is_named_and_nothing_is_answered(data, said):
    answered = command("savings-tax", data)
    assert (answered.exit_code, answered.stdout) == (2, "")
    assert answered.stderr.startswith(said)
