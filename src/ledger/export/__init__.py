"""What a book looks like outside: text that others can read and check without this program."""

from ledger.export.journal import COLUMNS, csv_head, csv_rows, json_line, record

__all__ = ["COLUMNS", "csv_head", "csv_rows", "json_line", "record"]
