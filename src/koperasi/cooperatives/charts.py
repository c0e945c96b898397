"""Charts of accounts: one template a kind, read from the tables beside this file (see docs/charts.md)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from koperasi.cooperatives.rules import Kind
from koperasi.errors import Refusal
from koperasi.i18n import N_
from ledger import AccountType, NewAccount, Side

FOLDER = Path(__file__).parent / "charts"

_FILES: Mapping[Kind, tuple[str, ...]] = {
    Kind.KSP: ("ksp",),
    Kind.USP: ("ksp", "usp"),
    Kind.KSPPS: ("kspps",),
    Kind.USPPS: ("kspps", "uspps"),
    Kind.BUMDES_UNIT: ("bumdes_unit",),
    Kind.BPR: ("bpr",),
    Kind.KELOMPOK: ("kelompok",),
}
"""A unit's chart is that of its independent sister with a few accounts more."""

_COMMON_ROLES: Mapping[str, str] = {
    "cash.vault": "1101",
    "cash.teller": "1102",
    "cash.petty": "1103",
    "cash.transit": "1104",
    "cash.tills": "1105",
    "savings.pokok": "3101",
    "savings.wajib": "3102",
    "savings.sukarela": "2101",
    "savings.berencana": "2102",
    "savings.berjangka": "2103",
    "savings.koperasi_lain": "2104",
    "savings.berjangka_koperasi_lain": "2105",
    "savings.wajib_pinjam": "2106",
    "groups.funds": "2107",
    "return.payable": "2121",
    "members.leaving": "2122",
    "members.surplus": "2123",
    "tax.savings": "2141",
    "tax.partners": "2144",
    "reserve.general": "3201",
    "opening.difference": "3401",
    "surplus.current": "3301",
    "fees.savings": "4105",
    "income.other": "4901",
    "return.savings": "5101",
    "return.deposits": "5102",
    "cash.difference": "5311",
}
_SHARIA_ROLES: Mapping[str, str] = {
    "cash.vault": "1101",
    "cash.teller": "1102",
    "cash.petty": "1103",
    "cash.tills": "1105",
    "savings.pokok": "4101",
    "savings.wajib": "4102",
    # Free savings by akad wadiah: in a sharia cooperative the two are one.
    "savings.sukarela": "2101",
    "savings.wadiah": "2101",
    "savings.wadiah_berencana": "2102",
    "savings.mudharabah": "3101",
    "savings.berencana": "3102",
    "savings.berjangka_1": "3111",
    "savings.berjangka_3": "3112",
    "savings.berjangka_6": "3113",
    "savings.berjangka_12": "3114",
    "groups.funds": "2103",
    "return.payable": "2121",
    "members.leaving": "2122",
    "members.surplus": "2123",
    "tax.savings": "2141",
    "reserve.general": "4201",
    "opening.difference": "4401",
    "surplus.current": "4301",
    "fees.savings": "5901",
    "income.other": "5901",
    "return.savings": "6101",
    "return.deposits": "6102",
    "return.bonus": "6103",
    "cash.difference": "7309",
}


@dataclass(frozen=True)
class TemplateAccount:
    """One line of a template: the account to open and a note for whoever keeps the books."""

    account: NewAccount
    note: str


@cache
def template(kind: Kind) -> tuple[TemplateAccount, ...]:
    """The chart with which a cooperative of this kind begins, in the order of its codes."""
    lines = [line for name in _FILES[kind] for line in _read(name)]
    return tuple(sorted(lines, key=lambda line: line.account.code))


@cache
def roles(kind: Kind) -> Mapping[str, str]:
    """What the service posts to by itself: role to account code, of those that this kind's chart has."""
    there = {line.account.code for line in template(kind)}
    played = _SHARIA_ROLES if kind.is_sharia else _COMMON_ROLES
    return {role: code for role, code in played.items() if code in there}


def account_code(kind: Kind, role: str) -> str:
    """The account that plays a role in this kind's chart, e.g. ``cash.teller``.

    Raises:
        Refusal: ``account-role``: this kind has no such account (a KSP keeps no wadiah).
    """
    code = roles(kind).get(role)
    if code is None:
        raise Refusal("account-role", N_("Bagan akun koperasi ini tidak mempunyai akun untuk yang diminta."), role=role)
    return code


def _read(name: str) -> list[TemplateAccount]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as source:
        return [
            TemplateAccount(
                NewAccount(
                    code=row["code"],
                    name_id=row["name_id"],
                    name_en=row["name_en"],
                    type=AccountType(row["type"]),
                    side=Side(row["side"]),
                    # A cash box can't hold less than nothing.
                    floor=0 if row["rule"] == "cash" else None,
                    control=row["rule"] == "control",
                ),
                row["note"],
            )
            for row in csv.DictReader(source)
        ]
