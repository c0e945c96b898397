"""Everything the ledger raises. What it *refuses* is not raised but returned, as ``Rejected`` (see ``entry``).

The tree::

    LedgerError
    ├── UnknownCurrencyError   no such ISO 4217 code
    ├── UnknownBookError       no such book, or not this connection's
    ├── UnknownAccountError    no such account in this book
    ├── UnknownEntryError      no such entry in this book
    ├── AccountError           an account can't be opened or changed as asked
    ├── NoteError              an entry has no note that could be erased
    ├── PeriodError            a period can't change its state as asked
    ├── NotInTransactionError  append() was called outside a transaction
    └── BusyError              too many postings are waiting; ask again soon
"""

from __future__ import annotations

from typing import ClassVar


class LedgerError(Exception):
    """Base of all ledger errors; ``code`` is stable."""

    code: ClassVar[str] = "ledger"


class UnknownCurrencyError(LedgerError):
    """No such ISO 4217 currency code."""

    code = "unknown-currency"


class UnknownBookError(LedgerError):
    """No such book, or it is not the book this connection is bound to."""

    code = "unknown-book"


class UnknownAccountError(LedgerError):
    """No account with this code or number in the book."""

    code = "unknown-account"


class UnknownEntryError(LedgerError):
    """No entry with this number in the book."""

    code = "unknown-entry"


class AccountError(LedgerError):
    """An account can't be opened or changed as asked: the message says why."""

    code = "account"


class NoteError(LedgerError):
    """An entry has no note to erase: it never had one, or it was erased before."""

    code = "note"


class PeriodError(LedgerError):
    """A period can't change its state as asked: the message says why."""

    code = "period"


class NotInTransactionError(LedgerError):
    """``append`` needs a transaction that has already begun; otherwise its writes would survive a rollback."""

    code = "not-in-transaction"


class BusyError(LedgerError):
    """The queue of postings is full; the same request may be sent again soon."""

    code = "busy"
