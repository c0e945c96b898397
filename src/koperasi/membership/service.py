"""Use cases of a member's life: acts on the membership, the settlement of those who leave, and consents."""

from __future__ import annotations

from koperasi.membership.rules import REASONS, Act, Checklist, Reason
from koperasi.membership.rules_consent import FAMILY, Scope
from koperasi.membership.rules_settlement import Wishes
from koperasi.membership.service_acts import Standing, Wish, act_on, standing
from koperasi.membership.service_consents import (
    Consent,
    given_by,
    given_to,
    grant,
    note_viewed,
    programme,
    revoke,
    seen_by,
)
from koperasi.membership.service_doctor import Owed, consent_numbers, exit_numbers, owed_to_leavers
from koperasi.membership.service_exit import ABOUT, carry_out, decide, undo
from koperasi.membership.service_joining import (
    MOST_AT_ONCE,
    Applicant,
    admit,
    applicant,
    applicants,
    decide_on,
    undecided,
)
from koperasi.membership.service_paid_in import pay_back, pay_in
from koperasi.membership.service_paying import pay
from koperasi.membership.service_reading import Exit, Part, exit_of, exits_of, unpaid_exits, unsettled
from koperasi.membership.service_statement import Statement, prepare
from koperasi.membership.service_subject import Life, forget, life_of

__all__ = [
    "ABOUT",
    "FAMILY",
    "MOST_AT_ONCE",
    "REASONS",
    "Act",
    "Applicant",
    "Checklist",
    "Consent",
    "Exit",
    "Life",
    "Owed",
    "Part",
    "Reason",
    "Scope",
    "Standing",
    "Statement",
    "Wish",
    "Wishes",
    "act_on",
    "admit",
    "applicant",
    "applicants",
    "carry_out",
    "consent_numbers",
    "decide",
    "decide_on",
    "exit_numbers",
    "exit_of",
    "exits_of",
    "forget",
    "given_by",
    "given_to",
    "grant",
    "life_of",
    "note_viewed",
    "owed_to_leavers",
    "pay",
    "pay_back",
    "pay_in",
    "prepare",
    "programme",
    "revoke",
    "seen_by",
    "standing",
    "undecided",
    "undo",
    "unpaid_exits",
    "unsettled",
]
