"""What a verification says: findings that name the row, gathered so that a wreck of a book fills no memory."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

MOST_TOLD = 1000
"""Findings of one kind that are named one by one; after them only that there are more."""

Fact = str | int
NOTHING: Mapping[str, Fact] = MappingProxyType({})


class Finding(NamedTuple):
    """Something that is not as it should be: what kind of thing, where, and what is wrong.

    ``facts`` are the numbers and names in ``where`` and ``message``, for whoever says it in another language; amounts
    are minor units.
    """

    code: str
    where: str
    message: str
    facts: Mapping[str, Fact] = NOTHING


class Report(NamedTuple):
    """What a verification saw: how many entries, the last hash, and all findings (none is good)."""

    entries: int
    last_hash: bytes
    findings: tuple[Finding, ...]


class Wording(NamedTuple):
    """How a finding is said: templates over its facts, in the way of ``str.format``."""

    where: str
    message: str


class Findings:
    """Findings as they come; of each kind the first ones, and whether there were more."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._counts: dict[str, int] = {}

    def add(self, code: str, wording: Wording, facts: Mapping[str, Any]) -> None:
        """One more, unless enough of its kind are there."""
        self._counts[code] = self._counts.get(code, 0) + 1
        if self._counts[code] > MOST_TOLD:
            return
        told = {name: fact(value) for name, value in facts.items() if value is not None}
        filled = dict.fromkeys(facts, "none") | told
        self._found.append(Finding(code, wording.where.format(**filled), wording.message.format(**filled), told))

    def all(self) -> tuple[Finding, ...]:
        """All of them, in the order in which they were found."""
        more = [
            Finding(code, "elsewhere", "there are more of this kind", {"more": count - MOST_TOLD})
            for code, count in self._counts.items()
            if count > MOST_TOLD
        ]
        return (*self._found, *more)


def fact(value: Any) -> Fact:
    """A value of a row as a finding keeps it."""
    return int(value) if isinstance(value, int | Decimal) else str(value)
