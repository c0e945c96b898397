"""Rules of the till: counting by denomination, what opening and closing a session books, what a session came to. Pure.

Amounts are whole sen. Nothing is rounded: cash is what was counted, and what differs from the book is booked to cash
over and short (5311, 7309), as the counted drawer is what there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from koperasi.errors import Refusal
from koperasi.formats import format_amount
from koperasi.i18n import N_

SEN_PER_RUPIAH = 100

DENOMINATIONS = (100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100)
"""Notes and coins in rupiah, the largest first; 1,000 is both a note and a coin, counted together."""

MOST_PIECES = 100_000
"""Of one denomination in one drawer; more is a slip of the pen."""

OPEN, TRANSFER, CLOSE = "treasury.open", "treasury.transfer", "treasury.close"
"""The kinds of entries that sessions make."""

SOURCE = re.compile(r"(?=.*[0-9])[A-Za-z0-9 ./#-]{1,40}")
"""The number of a receipt; it is sealed as it is typed, so it has no room for a name."""

PETTY, SPEND = "treasury.petty", "treasury.spend"
"""The kinds of entries of petty cash: counted and filled up, and spent."""


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted: pieces by denomination (rupiah), and ``other_minor``, sen that no denomination here names."""

    pieces: Mapping[int, int] = field(default_factory=dict)
    other_minor: int = 0

    def __post_init__(self) -> None:
        """Refuse what nobody can have counted.

        Raises:
            Refusal: ``cash-count``.
        """
        wrong = [value for value in self.pieces if value not in DENOMINATIONS]
        if wrong or self.other_minor < 0 or any(not 0 <= n <= MOST_PIECES for n in self.pieces.values()):
            raise Refusal("cash-count", N_("Hitungan uang tidak dapat dibaca: tulis banyaknya lembar atau keping."))
        if self.other_minor % SEN_PER_RUPIAH:
            raise Refusal("cash-has-no-sen", N_("Uang tunai tidak mempunyai sen."), field="other")

    @property
    def total_minor(self) -> int:
        """What it is worth, in sen."""
        return sum(value * n for value, n in self.pieces.items()) * SEN_PER_RUPIAH + self.other_minor

    @property
    def rows(self) -> list[tuple[int, int, int]]:
        """Denomination in rupiah, pieces, and what they are worth in sen; those that there are, the largest first."""
        there = [(value, self.pieces.get(value, 0)) for value in DENOMINATIONS]
        return [(value, n, value * n * SEN_PER_RUPIAH) for value, n in there if n]

    def to_json(self) -> dict[str, int]:
        """As it is kept: ``{"50000": 3, "other": 2500}``, other in sen."""
        kept = {str(value): n for value, n, _ in self.rows}
        return kept | ({"other": self.other_minor} if self.other_minor else {})

    @classmethod
    def of(cls, kept: Mapping[str, int]) -> Count:
        """From how it is kept."""
        pieces = {int(value): n for value, n in kept.items() if value != "other"}
        return cls(pieces, kept.get("other", 0))


class Settlement(NamedTuple):
    """What opening or closing a session books, in sen.

    ``from_vault_minor``: what the till takes from the vault (below zero: gives to it). ``difference_minor``: what was
    counted over (below zero: short of) what the book says.
    """

    from_vault_minor: int
    difference_minor: int

    @property
    def till_minor(self) -> int:
        """What the till's account moves by."""
        return self.from_vault_minor + self.difference_minor


def opening(counted_minor: int, left_minor: int, from_vault_minor: int | None) -> Settlement:
    """A session opens with what was counted.

    Args:
        counted_minor: what lies in the drawer now.
        left_minor: what the book says was left in it.
        from_vault_minor: what was taken from the vault for it; None is whatever was counted above what was left.

    Raises:
        Refusal: ``amount-negative``.
    """
    if from_vault_minor is None:
        from_vault_minor = max(counted_minor - left_minor, 0)
    _check_handed(from_vault_minor, "from_vault")
    return Settlement(from_vault_minor, counted_minor - left_minor - from_vault_minor)


def closing(counted_minor: int, expected_minor: int, to_vault_minor: int) -> Settlement:
    """A session closes with what was counted; a part or all of it goes back to the vault.

    Args:
        counted_minor: what lies in the drawer now.
        expected_minor: what the book says.
        to_vault_minor: what goes into the vault of what was counted.

    Raises:
        Refusal: ``amount-negative`` or ``more-than-counted``.
    """
    _check_handed(to_vault_minor, "to_vault")
    if to_vault_minor > counted_minor:
        raise Refusal(
            "more-than-counted",
            N_("Yang disetor ke kas besar melebihi uang yang dihitung, %(counted)s."),
            field="to_vault",
            counted=format_amount(counted_minor),
        )
    return Settlement(-to_vault_minor, counted_minor - expected_minor)


def petty(counted_minor: int, expected_minor: int, top_up_minor: int) -> Settlement:
    """Petty cash is counted, and then the vault fills it up, or takes some back.

    Args:
        counted_minor: what lies in the box before anything is put in.
        expected_minor: what the book says.
        top_up_minor: what the vault puts in; below zero it takes out.

    Raises:
        Refusal: ``cash-has-no-sen`` or ``more-than-counted``.
    """
    if top_up_minor % SEN_PER_RUPIAH:
        raise Refusal("cash-has-no-sen", N_("Uang tunai tidak mempunyai sen."), field="top_up")
    if -top_up_minor > counted_minor:
        raise Refusal(
            "more-than-counted",
            N_("Yang disetor ke kas besar melebihi uang yang dihitung, %(counted)s."),
            field="top_up",
            counted=format_amount(counted_minor),
        )
    return Settlement(top_up_minor, counted_minor - expected_minor)


def proposed_top_up(float_minor: int, balance_minor: int) -> int:
    """What brings petty cash back to its fixed sum, in sen; nothing where none is fixed, or where it holds more."""
    return max(float_minor - balance_minor, 0)


def _check_handed(amount_minor: int, name: str) -> None:
    if amount_minor < 0:
        raise Refusal("amount-negative", N_("Jumlah tidak boleh kurang dari nol."), field=name)
    if amount_minor % SEN_PER_RUPIAH:
        raise Refusal("cash-has-no-sen", N_("Uang tunai tidak mempunyai sen."), field=name)


def check_difference(difference_minor: int, agreed_minor: int) -> None:
    """A difference is booked only by somebody who has seen it: counting again comes first.

    Raises:
        Refusal: ``cash-differs``, with the difference as a signed amount.
    """
    if difference_minor == agreed_minor:
        return
    if difference_minor == 0:
        message = N_("Hitungan sama dengan buku: tidak ada selisih untuk dicatat.")
    elif difference_minor > 0:
        message = N_("Uang lebih %(sum)s dari buku. Hitung sekali lagi; bila tetap begitu, setujui selisihnya.")
    else:
        message = N_("Uang kurang %(sum)s dari buku. Hitung sekali lagi; bila tetap begitu, setujui selisihnya.")
    raise Refusal(
        "cash-differs",
        message,
        field="difference",
        sum=format_amount(abs(difference_minor)),
        difference_minor=str(difference_minor),
    )


def lines(settlement: Settlement, till: int, vault: int, difference: int) -> list[tuple[int, int]]:
    """The lines of its entry as account and signed amount: till, vault, cash over and short. None if nothing moves.

    What is found over is a credit of the difference account, what is short a debit.
    """
    if not settlement.from_vault_minor and not settlement.difference_minor:
        return []
    rows = [
        (till, settlement.till_minor),
        (vault, -settlement.from_vault_minor),
        (difference, -settlement.difference_minor),
    ]
    return [(account, amount) for account, amount in rows if amount]


class Movement(NamedTuple):
    """What one entry did to a till, in sen, and what kind of entry it is."""

    entry_number: int
    kind: str
    amount_minor: int


class Sums(NamedTuple):
    """What a session came to, in sen. ``difference_minor`` is what was counted over what was expected."""

    opening_minor: int
    in_minor: int
    out_minor: int
    from_vault_minor: int
    to_vault_minor: int
    expected_minor: int


def sums(opening_minor: int, movements: Iterable[Movement]) -> Sums:
    """From the counted opening: cash in, cash out, cash handed over while it was open, and what must be there.

    Args:
        opening_minor: what was counted at the opening.
        movements: all on the till after the entries of the opening and before those of the closing.
    """
    paid_in = paid_out = given = taken = 0
    for movement in movements:
        amount = movement.amount_minor
        if movement.kind == TRANSFER:
            given, taken = given + max(amount, 0), taken + max(-amount, 0)
        else:
            paid_in, paid_out = paid_in + max(amount, 0), paid_out + max(-amount, 0)
    return Sums(opening_minor, paid_in, paid_out, given, taken, opening_minor + paid_in - paid_out + given - taken)
