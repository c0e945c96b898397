"""Our own files read back: JSON lines, and the journals for hledger, ledger and beancount. Nothing is posted here.

A file is read line by line, so its size doesn't matter. It yields accounts, as far as the file tells of them, and
entries, each before what needs it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any

from ledger.account import AccountType, Side
from ledger.entry import Note
from ledger.errors import LedgerError, UnknownCurrencyError
from ledger.export.names import type_of
from ledger.money import exponent
from ledger.seal import digest_of

LARGEST = 2**63
SALT, DIGEST = 16, 32


class JournalFileError(LedgerError):
    """A file is none of ours, or was changed so that it can't be read; the message names the line."""

    code = "journal-file"


@dataclass(frozen=True, slots=True)
class ReadAccount:
    """What a file tells of an account. JSON lines tell neither its type nor its English name."""

    code: str
    name_id: str
    side: Side
    currency: str
    name_en: str | None = None
    type: AccountType | None = None
    floor: int | None = None
    control: bool = False
    opened_on: date | None = None
    closed_on: date | None = None


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """An entry as a file tells it; JSON lines with their seal also have ``book_id`` and ``hash``."""

    number: int
    effective_date: date
    recorded_at: datetime
    kind: str
    description: str
    source: str | None
    actor: str
    reverses: int | None
    link: str | None
    metadata: dict[str, str]
    note: Note | None
    note_digest: bytes | None
    lines: tuple[tuple[str, str, int], ...]
    book_id: int | None = None
    hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """The book that a plain-text file with its seal comes from, and the last entry that it had."""

    book_id: int
    number: int
    hash: bytes


Read = Origin | ReadAccount | ReadEntry


class _Numbered:
    """Lines, and the number of the one last read."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number += 1
        return next(self._lines).rstrip("\n")


def read(lines: Iterable[str]) -> Iterator[Read]:
    """What a file tells; its kind shows in its first line. Lines must be split at line feeds only.

    Raises:
        JournalFileError: it is no such file, or a line can't be read.
    """
    numbered = _Numbered(lines)
    try:
        first = next(numbered, None)
        if first is not None:
            yield from _read(first, numbered)
    except RecursionError as error:
        raise JournalFileError(f"line {numbered.number}: nested too deep") from error
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, UnknownCurrencyError) as error:
        raise JournalFileError(f"line {numbered.number}: {error}") from error


def _read(first: str, rest: Iterable[str]) -> Iterator[Read]:
    if first.startswith("{"):
        return _json_lines(chain([first], rest))
    if first.startswith("; Koperasi journal for "):
        return _Plain(bean=first.endswith("beancount")).read(rest)
    raise ValueError("not a journal that this program exported")


def minor_units(text: str, currency: str) -> int:
    """An amount as the files have it, with exactly the currency's places.

    Raises:
        ValueError: it has other places, or is no number.
    """
    places = exponent(currency)
    try:
        scaled = Decimal(text).scaleb(places)
    except InvalidOperation as error:
        raise ValueError("not an amount") from error
    if scaled != scaled.to_integral_value() or len(text.partition(".")[2]) != places:
        raise ValueError("not an amount of this currency")
    return int(scaled)


def _json_lines(lines: Iterable[str]) -> Iterator[Read]:
    known: set[str] = set()
    for line in lines:
        told = json.loads(line)
        postings = []
        for one in told["lines"]:
            money = one["debit"] or one["credit"]
            amount = minor_units(money["amount"], money["currency"])
            postings.append((one["account"], money["currency"], amount if one["debit"] else -amount))
            if one["account"] not in known:
                known.add(one["account"])
                yield ReadAccount(one["account"], one["name"], Side(one["side"]), money["currency"])
        note = told["note"]
        yield _checked(
            ReadEntry(
                number=told["number"],
                effective_date=date.fromisoformat(told["date"]),
                recorded_at=datetime.fromisoformat(told["recorded_at"]),
                kind=told["kind"],
                description=told["sealed_description"],
                source=told["source"],
                actor=told["actor"],
                reverses=told["reverses"],
                link=told["link"],
                metadata=told["metadata"],
                note=None if note is None else Note(bytes.fromhex(note["salt"]), note["text"]),
                note_digest=_from_hex(told["note_digest"]),
                lines=tuple(postings),
                book_id=told.get("book"),
                hash=_from_hex(told.get("hash")),
            )
        )


def _checked(entry: ReadEntry) -> ReadEntry:
    """The entry, if every fact is of its kind."""
    texts: list[Any] = [entry.kind, entry.description, entry.actor, *entry.metadata.keys(), *entry.metadata.values()]
    texts += [text for text in (entry.source, entry.link) if text is not None]
    texts += [] if entry.note is None else [entry.note.text]
    if not all(isinstance(text, str) and "\0" not in text for text in texts):
        raise ValueError("a text is none")
    "".join(texts).encode()  # half of a pair of surrogates is no text either
    numbers = [number for number in (entry.reverses, entry.book_id) if number is not None]
    if not all(type(number) is int and 0 < number < LARGEST for number in (entry.number, *numbers)):
        raise ValueError("a number is none")
    if entry.recorded_at.tzinfo is None:
        raise ValueError("the time of recording has no zone")
    digest = entry.note_digest
    if entry.note is not None and (len(entry.note.salt) != SALT or digest_of(*entry.note) != digest):
        raise ValueError("the note is not the one whose digest was sealed")
    if digest is not None and len(digest) != DIGEST:
        raise ValueError("the note's digest is none")
    return entry


def _from_hex(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


_FACT = re.compile(r" *(?:; )?([a-z-]+): (.*)")
_ORIGIN = re.compile(r"; ([a-z_-]+): (.*)")
_POSTING = re.compile(r" +(\S.*?) {2}(-?[0-9.]+) ([A-Z]{3})")
_PLAIN_ENTRY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) \(([0-9]+)\)(?: (.*))?")
_BEAN_ENTRY = re.compile(r'([0-9]{4}-[0-9]{2}-[0-9]{2}) \* (".*")(?: #reversal)?')
_BEAN_OPEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} open (\S+) [A-Z]{3}")
_BEAN_ESCAPE = re.compile(r"\\(.)")
_BEAN_MEANS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "b": "\b"}
_IGNORED = ("decimal-mark ", "commodity ", "    format ", "option ")


class _Plain:
    """A journal for hledger, ledger or beancount: heads of accounts and entries, each with facts in indented lines."""

    def __init__(self, *, bean: bool) -> None:
        self.bean = bean
        self.codes: dict[str, str] = {}
        self.origin: dict[str, str] = {}
        self.block: dict[str, Any] = {}
        self.facts: dict[str, str] = {}

    def read(self, lines: Iterable[str]) -> Iterator[Read]:
        """What the lines tell."""
        for line in lines:
            if line.startswith(" ") and self.block:
                self.inner(line)
                continue
            yield from self.finish()
            told = self.origin
            if "last-entry" in told and not line.startswith("; "):
                yield Origin(int(told["book"]), int(told["last-entry"]), bytes.fromhex(told["last-hash"]))
                self.origin = {}
            self.outer(line)
        yield from self.finish()

    def outer(self, line: str) -> None:
        """A line that begins something."""
        if self.bean and (opened := _BEAN_OPEN.fullmatch(line)):
            self.block = {"account": opened[1]}
        elif self.bean and (entry := _BEAN_ENTRY.fullmatch(line)):
            self.block = {"date": entry[1], "words": self.value(entry[2]), "lines": []}
        elif not self.bean and line.startswith("account "):
            self.block = {"account": line.removeprefix("account ")}
        elif not self.bean and (entry := _PLAIN_ENTRY.fullmatch(line)):
            self.block = {"date": entry[1], "words": entry[3] or "", "lines": []}
            self.facts["number"] = entry[2]
        elif told := _ORIGIN.fullmatch(line):
            self.origin[told[1]] = json.loads(told[2]) if told[2].startswith('"') else told[2]
        elif line and not line.startswith(_IGNORED):
            raise ValueError("this line is not from our export")

    def inner(self, line: str) -> None:
        """A fact or a posting of what was begun."""
        posting = _POSTING.fullmatch(line) if "lines" in self.block else None
        if posting is not None and posting[1] in self.codes:
            self.block["lines"].append((self.codes[posting[1]], posting[3], minor_units(posting[2], posting[3])))
        elif fact := _FACT.fullmatch(line):
            self.facts[fact[1]] = self.facts.get(fact[1], "") + self.value(fact[2])
        else:
            raise ValueError("neither a fact nor a posting to an account of this file")

    def value(self, text: str) -> str:
        """A value as it was before it was written."""
        if self.bean:
            if not text.startswith('"'):
                return text
            return _BEAN_ESCAPE.sub(lambda found: _BEAN_MEANS.get(found[1], found[1]), text[1:-1])
        return str(json.loads(text)) if text.startswith('"') else text

    def finish(self) -> Iterator[Read]:
        """What has been gathered is whole."""
        block, facts = self.block, self.facts
        self.block, self.facts = {}, {}
        if "account" in block:
            yield self.account(block["account"], facts)
        elif block:
            yield self.entry(block, facts)

    def account(self, name: str, facts: dict[str, str]) -> ReadAccount:
        """An account from its declaration."""
        kind, rest = type_of(name)
        code = facts["code"] if self.bean else rest.rpartition(":")[2].partition(" ")[0]
        self.codes[name] = code
        return ReadAccount(
            code=code,
            name_id=facts["name"],
            name_en=facts["name-en"],
            type=kind,
            side=Side(facts["side"]),
            currency=facts["currency"],
            floor=int(facts["floor"]) if "floor" in facts else None,
            control="control" in facts,
            opened_on=_day(facts.get("opened")),
            closed_on=_day(facts.get("closed")),
        )

    def entry(self, block: dict[str, Any], facts: dict[str, str]) -> ReadEntry:
        """An entry from its transaction."""
        words = facts.get("description", block["words"])
        salt = _from_hex(facts.get("note-salt"))
        entry = ReadEntry(
            number=int(facts["number"]),
            effective_date=date.fromisoformat(block["date"]),
            recorded_at=datetime.fromisoformat(facts["recorded"]),
            kind=facts["kind"],
            description=words if salt is None else facts["sealed"],
            source=facts.get("source"),
            actor=facts["actor"],
            reverses=int(facts["reverses"]) if "reverses" in facts else None,
            link=facts.get("link"),
            metadata=json.loads(facts.get("metadata", "{}")),
            note=None if salt is None else Note(salt, words),
            note_digest=_from_hex(facts.get("note-digest")),
            lines=tuple(block["lines"]),
        )
        return _checked(entry)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
