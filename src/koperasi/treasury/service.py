"""What other slices may ask about cash: whose till a movement goes through, sessions, closed days, vouchers."""

from __future__ import annotations

from koperasi.treasury.model import Handover, Report, Session
from koperasi.treasury.rules import DENOMINATIONS, Count
from koperasi.treasury.rules_days import Check, next_workday
from koperasi.treasury.rules_vouchers import Number, VoucherKind
from koperasi.treasury.service_days import ClosedDay, DayState, close_day, closed_day, closed_days, day_state
from koperasi.treasury.service_doctor import SESSIONS, TILLS, session_numbers, till_accounts, wrong_vouchers
from koperasi.treasury.service_reading import (
    AtHand,
    at_hand,
    handed_on,
    handovers,
    own_session,
    report,
    session,
    sessions,
)
from koperasi.treasury.service_sessions import close_session, confirm, hand_over, open_session
from koperasi.treasury.service_tills import (
    POLICY,
    cash_account,
    choose_cash,
    day_of_clocks,
    needs_session,
    no_open_session,
    open_tills,
    sessions_policy,
    till_of,
)
from koperasi.treasury.service_vouchers import (
    CASH,
    Listed,
    assign,
    entry_of,
    give_number,
    months,
    numbers_of,
    series,
    unnumbered,
    vouchers,
)

__all__ = [
    "CASH",
    "DENOMINATIONS",
    "POLICY",
    "SESSIONS",
    "TILLS",
    "AtHand",
    "Check",
    "ClosedDay",
    "Count",
    "DayState",
    "Handover",
    "Listed",
    "Number",
    "Report",
    "Session",
    "VoucherKind",
    "assign",
    "at_hand",
    "cash_account",
    "choose_cash",
    "close_day",
    "close_session",
    "closed_day",
    "closed_days",
    "confirm",
    "day_of_clocks",
    "day_state",
    "entry_of",
    "give_number",
    "hand_over",
    "handed_on",
    "handovers",
    "months",
    "needs_session",
    "next_workday",
    "no_open_session",
    "numbers_of",
    "open_session",
    "open_tills",
    "own_session",
    "report",
    "series",
    "session",
    "session_numbers",
    "sessions",
    "sessions_policy",
    "till_accounts",
    "till_of",
    "unnumbered",
    "vouchers",
    "wrong_vouchers",
]
