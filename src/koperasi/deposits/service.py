"""Term deposits for the rest of the house: all use cases, and what other slices may ask."""

from __future__ import annotations

from koperasi.cooperatives.service import at_founding
from koperasi.deposits.figures import exact
from koperasi.deposits.numbers import SERIES, serial_of
from koperasi.deposits.rules import Deposit, RollOver, Terms
from koperasi.deposits.rules_carried import Carried, Running, go_on
from koperasi.deposits.service_carried import CarriedIn, Carrying, carry_in, carrying, keep_carried, take_back
from koperasi.deposits.service_closing import ExitLines, Offer, close_early, close_for_exit, exit_lines, preview
from koperasi.deposits.service_contracts import Agreed, Signed, agreed, signed
from koperasi.deposits.service_doctor import controls, ledger_accounts
from koperasi.deposits.service_due import WAITS, Done, Due, due, settle
from koperasi.deposits.service_opening import CASH, Opened, Planned, Wish, instruct, open_deposit, plan
from koperasi.deposits.service_reading import (
    Held,
    Named,
    Paid,
    Totals,
    accrued_on,
    brought,
    deposit_by_number,
    deposit_for,
    deposits_of,
    following,
    known_of,
    not_found,
    paid_on,
    search,
    totals,
)
from koperasi.deposits.service_results import (
    PoolResult,
    Shared,
    pool_results,
    results_for,
    set_result,
    shared_results,
    used_until,
)
from koperasi.deposits.service_tax import tax_words
from koperasi.deposits.service_terms import (
    all_terms,
    carry_out,
    ceiling,
    control_role,
    found_terms,
    has_deposits,
    offer,
    takes_partners,
)
from koperasi.deposits.texts import agreed_texts, words

__all__ = [
    "CASH",
    "SERIES",
    "WAITS",
    "Agreed",
    "Carried",
    "CarriedIn",
    "Carrying",
    "Deposit",
    "Done",
    "Due",
    "ExitLines",
    "Held",
    "Named",
    "Offer",
    "Opened",
    "Paid",
    "Planned",
    "PoolResult",
    "RollOver",
    "Running",
    "Shared",
    "Signed",
    "Terms",
    "Totals",
    "Wish",
    "accrued_on",
    "agreed",
    "agreed_texts",
    "all_terms",
    "brought",
    "carry_in",
    "carry_out",
    "carrying",
    "ceiling",
    "close_early",
    "close_for_exit",
    "control_role",
    "controls",
    "deposit_by_number",
    "deposit_for",
    "deposits_of",
    "due",
    "exact",
    "exit_lines",
    "following",
    "found_terms",
    "go_on",
    "has_deposits",
    "instruct",
    "keep_carried",
    "known_of",
    "ledger_accounts",
    "not_found",
    "offer",
    "open_deposit",
    "paid_on",
    "plan",
    "pool_results",
    "preview",
    "results_for",
    "search",
    "serial_of",
    "set_result",
    "settle",
    "shared_results",
    "signed",
    "take_back",
    "takes_partners",
    "tax_words",
    "totals",
    "used_until",
    "words",
]

at_founding("deposits", found_terms)
