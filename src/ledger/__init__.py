"""A double-entry ledger: numbered, append-only, sealed, one writer a book. It knows no cooperative and no web.

The public face; everything else may change. Amounts are integers of minor units, debit positive, credit negative.
"""

from ledger.account import Account, AccountType, NewAccount, Side, parent_code
from ledger.balances import (
    Statement,
    StatementLine,
    TrialBalanceRow,
    balance,
    entries,
    entry_by_number,
    statement,
    trial_balance,
)
from ledger.chart import (
    account_by_code,
    accounts_by_id,
    chart,
    close_account,
    find_accounts,
    found_book,
    hold,
    open_accounts,
    release,
    rename_account,
    set_floor,
)
from ledger.closing import closing_draft
from ledger.entry import Draft, Entry, EntryLine, Line, Note, Outcome, Posted, Rejected, Replayed, reversal_of
from ledger.errors import (
    AccountError,
    BusyError,
    LedgerError,
    NoteError,
    NotInTransactionError,
    PeriodError,
    UnknownAccountError,
    UnknownBookError,
    UnknownCurrencyError,
    UnknownEntryError,
)
from ledger.groupcommit import Poster
from ledger.journal import append
from ledger.known import Head, head, head_at, turnovers
from ledger.money import MAX_AMOUNT, exponent, from_money, split, to_money
from ledger.notes import Erasure, erase_note, erasure_of
from ledger.periods import (
    Act,
    Period,
    PeriodAct,
    PeriodStatus,
    period_acts,
    periods,
    reopen_confirm,
    reopen_request,
    set_period,
)
from ledger.refusals import keep_refusal
from ledger.sums import first_level_moves, first_level_sums
from ledger.verify import Finding, Report, verify

__all__ = [
    "MAX_AMOUNT",
    "Account",
    "AccountError",
    "AccountType",
    "Act",
    "BusyError",
    "Draft",
    "Entry",
    "EntryLine",
    "Erasure",
    "Finding",
    "Head",
    "LedgerError",
    "Line",
    "NewAccount",
    "NotInTransactionError",
    "Note",
    "NoteError",
    "Outcome",
    "Period",
    "PeriodAct",
    "PeriodError",
    "PeriodStatus",
    "Posted",
    "Poster",
    "Rejected",
    "Replayed",
    "Report",
    "Side",
    "Statement",
    "StatementLine",
    "TrialBalanceRow",
    "UnknownAccountError",
    "UnknownBookError",
    "UnknownCurrencyError",
    "UnknownEntryError",
    "account_by_code",
    "accounts_by_id",
    "append",
    "balance",
    "chart",
    "close_account",
    "closing_draft",
    "entries",
    "entry_by_number",
    "erase_note",
    "erasure_of",
    "exponent",
    "find_accounts",
    "first_level_moves",
    "first_level_sums",
    "found_book",
    "from_money",
    "head",
    "head_at",
    "hold",
    "keep_refusal",
    "open_accounts",
    "parent_code",
    "period_acts",
    "periods",
    "release",
    "rename_account",
    "reopen_confirm",
    "reopen_request",
    "reversal_of",
    "set_floor",
    "set_period",
    "split",
    "statement",
    "to_money",
    "trial_balance",
    "turnovers",
    "verify",
]
