"""The templates are charts an accountant would accept, for every kind."""

from __future__ import annotations

import csv
import re

import pytest

from koperasi.cooperatives.charts import FOLDER, account_code, roles, template
from koperasi.cooperatives.rules import Kind
from koperasi.errors import Refusal
from ledger import AccountType, Side

EACH_KIND = pytest.mark.parametrize("kind", Kind)

CREDIT_TYPES = {AccountType.LIABILITY, AccountType.EQUITY, AccountType.INCOME, AccountType.TEMPORARY_SYIRKAH}
CONTRARY = {
    # Early-settlement discounts lessen income; benevolent loans are what the social fund has lent.
    ("kspps", "7202"),
    ("kspps", "8302"),
}


@EACH_KIND
def test_codes_are_unique_and_four_digits(kind: Kind) -> None:
    codes = [line.account.code for line in template(kind)]
    assert codes == sorted(set(codes))
    assert all(re.fullmatch(r"[1-9][0-9]{3}(\.0)?", code) for code in codes)


@EACH_KIND
def test_names_stand_in_both_languages_and_differ_from_each_other(kind: Kind) -> None:
    for names in ([line.account.name_id for line in template(kind)], [line.account.name_en for line in template(kind)]):
        assert all(name == name.strip() != "" for name in names)
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.csv")), ids=lambda path: path.stem)
def test_sides_follow_types(path) -> None:
    with path.open(encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            assert row["rule"] in {"", "cash", "control"}, row
            kind, side = AccountType(row["type"]), Side(row["side"])
            expected = Side.CREDIT if kind in CREDIT_TYPES or kind is AccountType.SOCIAL_FUND else Side.DEBIT
            if kind is AccountType.MEMORANDUM:
                continue
            if kind is AccountType.ASSET and side is Side.CREDIT:
                assert "contra asset" in row["note"], row
            elif (path.stem, row["code"]) in CONTRARY:
                assert side is Side.DEBIT
            else:
                assert side is expected, row


@EACH_KIND
def test_every_role_has_its_account(kind: Kind) -> None:
    accounts = {line.account.code: line.account for line in template(kind)}
    for role, code in roles(kind).items():
        account = accounts[code]
        sums = role.startswith(("savings.", "groups.")) or role in {"members.leaving", "cash.tills"}
        assert account.control is sums, role
        assert account_code(kind, role) == code
    assert {"cash.vault", "cash.teller", "savings.pokok", "savings.wajib", "savings.sukarela", "groups.funds"} <= set(
        roles(kind)
    )


@EACH_KIND
def test_own_capital_is_equity_and_the_rest_is_owed(kind: Kind) -> None:
    types = {line.account.code: line.account.type for line in template(kind)}
    for role in ("savings.pokok", "savings.wajib", "opening.difference", "surplus.current"):
        assert types[account_code(kind, role)] is AccountType.EQUITY
    for role in ("savings.sukarela", "groups.funds"):
        assert types[account_code(kind, role)] is AccountType.LIABILITY


@EACH_KIND
def test_cash_boxes_cannot_go_below_nothing(kind: Kind) -> None:
    floors = {line.account.code: line.account.floor for line in template(kind)}
    assert floors[account_code(kind, "cash.vault")] == 0
    assert floors[account_code(kind, "cash.teller")] == 0
    assert floors["1111"] is None


def test_only_a_sharia_cooperative_keeps_wadiah() -> None:
    assert account_code(Kind.KSPPS, "savings.wadiah") == account_code(Kind.KSPPS, "savings.sukarela") == "2101"
    with pytest.raises(Refusal) as refused:
        account_code(Kind.KSP, "savings.wadiah")
    assert refused.value.code == "account-role"


@pytest.mark.parametrize("kind", [Kind.KSPPS, Kind.USPPS])
def test_a_sharia_chart_speaks_of_no_interest(kind: Kind) -> None:
    for line in template(kind):
        assert not re.search(r"\bbunga\b", line.account.name_id.lower())
        assert "interest" not in line.account.name_en.lower()


def test_a_unit_has_what_its_sister_has_and_its_parents_capital() -> None:
    for unit, sister in ((Kind.USP, Kind.KSP), (Kind.USPPS, Kind.KSPPS)):
        more = set(template(unit)) - set(template(sister))
        assert set(template(sister)) < set(template(unit))
        assert {line.account.type for line in more} == {AccountType.EQUITY}


def test_every_role_of_an_account_has_its_words_on_the_page():
    from koperasi.cooperatives.pages import ROLE_LABELS

    assert {role for kind in Kind for role in roles(kind)} <= set(ROLE_LABELS)
