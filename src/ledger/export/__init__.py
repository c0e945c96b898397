"""What a book looks like outside: text that others can read and check without this program."""

from ledger.export.beancount import Beancount
from ledger.export.hledger import Hledger
from ledger.export.journal import COLUMNS, CsvRows, JsonLines, csv_head, record
from ledger.export.ledgercli import LedgerCli
from ledger.export.source import Filter, Snapshot, snapshot

__all__ = [
    "COLUMNS",
    "Beancount",
    "CsvRows",
    "Filter",
    "Hledger",
    "JsonLines",
    "LedgerCli",
    "Snapshot",
    "csv_head",
    "record",
    "snapshot",
]
