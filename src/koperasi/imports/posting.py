"""What an import writes: an entry for each opening savings and term deposit, one for a whole trial balance. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

import ledger
from koperasi.imports.facts import Contract, Move

SAVINGS_KIND = "opening.savings"
DEPOSITS_KIND = "opening.deposit"
BALANCE_KIND = "opening.balance"


def source_of(import_id: int) -> str:
    """The name under which all entries of an import are found again."""
    return f"import:{import_id}"


def savings_drafts(
    book_id: int, import_id: int, difference_id: int, moves: Sequence[Move], *, actor: str
) -> Iterator[tuple[int, ledger.Draft]]:
    """Each opening savings against the opening difference, with the line of the file it comes from."""
    seen: Counter[int] = Counter()
    for move in moves:
        seen[move.line] += 1
        yield (
            move.line,
            ledger.Draft(
                book_id=book_id,
                effective_date=move.on,
                kind=SAVINGS_KIND,
                description=f"Saldo awal {move.kind.label.lower()} {move.account_number}",
                actor=actor,
                lines=(
                    ledger.Line(difference_id, move.amount_minor),
                    ledger.Line(move.account_id, -move.amount_minor),
                ),
                key=f"{source_of(import_id)}:{move.line}:{seen[move.line]}",
                source=source_of(import_id),
                link=source_of(import_id),
                metadata={"period": move.period} if move.period else {},
            ),
        )


def deposit_draft(
    book_id: int, import_id: int, difference_id: int, contract: Contract, number: str, account_id: int, *, actor: str
) -> ledger.Draft:
    """A running term deposit against the opening difference, with the line of the file it comes from."""
    return ledger.Draft(
        book_id=book_id,
        effective_date=contract.on,
        kind=DEPOSITS_KIND,
        description=f"Saldo awal simpanan berjangka {number}",
        actor=actor,
        lines=(ledger.Line(difference_id, contract.amount_minor), ledger.Line(account_id, -contract.amount_minor)),
        key=f"{source_of(import_id)}:{contract.line}:1",
        source=source_of(import_id),
        link=source_of(import_id),
    )


def balance_draft(
    book_id: int, import_id: int, difference_id: int, balances: Sequence[tuple[int, int]], *, on: date, actor: str
) -> ledger.Draft | None:
    """The trial balance in one entry, which balances against the opening difference; ``None`` if nothing is left."""
    if not balances:
        return None
    rest = -sum(amount for _, amount in balances)
    lines = [ledger.Line(account_id, amount) for account_id, amount in balances]
    return ledger.Draft(
        book_id=book_id,
        effective_date=on,
        kind=BALANCE_KIND,
        description="Neraca saldo awal",
        actor=actor,
        lines=tuple([*lines, ledger.Line(difference_id, rest)] if rest else lines),
        key=f"{source_of(import_id)}:0:1",
        source=source_of(import_id),
        link=source_of(import_id),
    )
