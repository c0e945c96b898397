"""The second clock of a report: what the book had recorded by then, asked for by day, moment or entry number."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

from litestar.params import Parameter
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.errors import BadRequest, Refusal
from koperasi.formats import InputError, parse_date
from koperasi.i18n import N_
from koperasi.rest import Result
from koperasi.web import Form

_MOMENT = re.compile(
    r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_NUMBER = re.compile(r"[0-9]{1,18}")
_BY_HAND = re.compile(r"(?P<day>.*?)(?:,?\s+(?P<hour>[01]?[0-9]|2[0-3])[:.](?P<minute>[0-5][0-9]))?")


KnownAt = Annotated[
    str | None,
    Parameter(
        max_length=40,
        required=False,
        description="As the book stood then: an entry's number, a day (its end), or a moment (ISO 8601).",
    ),
]
"""How a REST handler is asked for it."""


class StampOut(Result):
    """How far the book had come: its last entry's number and seal."""

    number: int
    hash: str

    @classmethod
    def of(cls, head: ledger.Head) -> StampOut:
        """The wire form."""
        return cls(number=head.number, hash=head.hash.hex())


class Known(NamedTuple):
    """How far a report looks: ``at`` an entry's number, or ``None`` for now; ``head`` is the last entry included."""

    at: int | None
    head: ledger.Head


def read(words: str, zone: ZoneInfo, now: datetime) -> int | datetime:
    """What somebody asks to be known.

    Args:
        words: an entry's number; a day, which is its end; or a moment as in ISO 8601. Without an offset it is local.
        zone: the cooperative's.
        now: the moment of asking.

    Raises:
        BadRequest: ``known-at``, it is none of these.
        Refusal: ``known-at-future``, it has not come yet.
    """
    if _NUMBER.fullmatch(words):
        return int(words)
    begins = _begin(words)
    if begins is None:
        message = N_("Tulis nomor jurnal, tanggal (2026-11-25) atau waktu (2026-11-25T17:00:00+07:00).")
        raise BadRequest("known-at", message, field="known_at")
    if begins.tzinfo is None:
        begins = begins.replace(tzinfo=zone)
    if begins > now:
        raise _future()
    if "T" in words:
        return begins.astimezone(UTC)
    next_day = datetime.combine(date.fromisoformat(words) + timedelta(days=1), time(), zone)
    return next_day.astimezone(UTC) - timedelta(microseconds=1)


def _begin(words: str) -> datetime | None:
    if not _MOMENT.fullmatch(words):
        return None
    try:
        return datetime.fromisoformat(words)
    except ValueError:
        return None


async def known(connection: AsyncConnection, book_id: int, words: str | None, zone: ZoneInfo) -> Known:
    """How far a report looks that is asked for in these words; none or empty is all that the snapshot holds.

    Raises:
        BadRequest: ``known-at``, the words can't be read.
        Refusal: ``known-at-future``, the book has not come so far yet.
    """
    if not words:
        return Known(None, await ledger.head(connection, book_id))
    wanted = read(words, zone, datetime.now(UTC))
    try:
        head = await ledger.head_at(connection, book_id, wanted)
    except ledger.UnknownEntryError as error:
        raise _future() from error
    return Known(head.number, head)


async def known_of(connection: AsyncConnection, book_id: int, form: Form, zone: ZoneInfo) -> Known:
    """The same for a page's field ``known_at``; words that can't be read are marked, and it looks at everything.

    People also write a day as they do elsewhere, and an hour after it: 25/11/2026 17.00.
    """
    words = form.text("known_at", max_length=40)
    try:
        return await known(connection, book_id, _spelt(words), zone)
    except Refusal as refusal:
        form.add_refusal(refusal)
        return await known(connection, book_id, None, zone)


def _spelt(words: str) -> str:
    """The same as a number, or as ISO 8601 where it can be read as a day people write."""
    found = _BY_HAND.fullmatch(words)
    if found is None or not words or _NUMBER.fullmatch(words):
        return words
    try:
        day = parse_date(found["day"])
    except InputError:
        return words
    return f"{day:%Y-%m-%d}" + (f"T{int(found['hour']):02}:{found['minute']}" if found["hour"] else "")


def _future() -> Refusal:
    return Refusal("known-at-future", N_("Buku belum sampai di sana."), field="known_at")
