"""What other slices may ask about cash: whose till a movement goes through, sessions, closed days, vouchers."""

from __future__ import annotations

from koperasi.cooperatives.service import at_founding
from koperasi.treasury.counting import count_rows, counted
from koperasi.treasury.model import Box, Handover, PettyCount, Report, Session
from koperasi.treasury.rules import DENOMINATIONS, Count
from koperasi.treasury.rules_days import Check, next_workday
from koperasi.treasury.rules_offices import Desk
from koperasi.treasury.rules_vouchers import OFFICE, Number, VoucherKind
from koperasi.treasury.service_days import ClosedDay, DayState, close_day, closed_day, closed_days, day_state
from koperasi.treasury.service_doctor import (
    PETTY,
    SESSIONS,
    TILLS,
    petty_numbers,
    session_numbers,
    till_accounts,
    wrong_vouchers,
)
from koperasi.treasury.service_offices import (
    choose_office,
    close_office,
    found_offices,
    office_names,
    offices,
    open_office,
)
from koperasi.treasury.service_petty import box, count_petty, expenses, has_petty, petty_counts, spend
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
    desk_errors,
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
    "OFFICE",
    "PETTY",
    "POLICY",
    "SESSIONS",
    "TILLS",
    "AtHand",
    "Box",
    "Check",
    "ClosedDay",
    "Count",
    "DayState",
    "Desk",
    "Handover",
    "Listed",
    "Number",
    "PettyCount",
    "Report",
    "Session",
    "VoucherKind",
    "assign",
    "at_hand",
    "box",
    "cash_account",
    "choose_cash",
    "choose_office",
    "close_day",
    "close_office",
    "close_session",
    "closed_day",
    "closed_days",
    "confirm",
    "count_petty",
    "count_rows",
    "counted",
    "day_of_clocks",
    "day_state",
    "desk_errors",
    "entry_of",
    "expenses",
    "give_number",
    "hand_over",
    "handed_on",
    "handovers",
    "has_petty",
    "months",
    "needs_session",
    "next_workday",
    "no_open_session",
    "numbers_of",
    "office_names",
    "offices",
    "open_office",
    "open_session",
    "open_tills",
    "own_session",
    "petty_counts",
    "petty_numbers",
    "report",
    "series",
    "session",
    "session_numbers",
    "sessions",
    "sessions_policy",
    "spend",
    "till_accounts",
    "till_of",
    "unnumbered",
    "vouchers",
    "wrong_vouchers",
]

at_founding("offices", found_offices)
