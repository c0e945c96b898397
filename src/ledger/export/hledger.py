"""The journal for hledger (https://hledger.org): every balance there is the book's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ledger.export.plain import Transactions, declarations, origin


class Hledger(Transactions):
    """Entries as hledger's transactions; the entry's number is the code, its facts are tags."""

    def head(self, facts: Mapping[str, str | int]) -> Iterator[str]:
        """Origin, commodities with their decimal places, and accounts."""
        yield origin("hledger", facts)
        yield "decimal-mark .\n"
        for currency, amount in self.currencies():
            yield f"commodity {amount if '.' in amount else amount + '.'} {currency}\n"
        yield from declarations(self.accounts.values(), self.names)
        yield "\n"
