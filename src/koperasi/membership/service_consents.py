"""What members let their family, or the programme's officer, see of them. Called through ``service``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import next_number
from koperasi.db import Work
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.i18n import N_
from koperasi.members import service as members
from koperasi.members.service import Member
from koperasi.membership.rules_consent import MOST_CONSENTS, Scope, shows
from koperasi.membership.tables import member_consent


@dataclass(frozen=True, slots=True)
class Consent:
    """What a member allowed: to whom (none: the programme's officer), what, and until when.

    ``reference`` is the number of the paper on which it was given; none if the member gave it themselves.
    """

    number: int
    member_number: str
    relative_number: str | None
    scope: Scope
    until_on: date | None
    given_at: datetime
    revoked_at: datetime | None
    given_by: str
    reference: str | None

    def holds(self, on: date) -> bool:
        """Whether it holds on a day."""
        return self.revoked_at is None and (self.until_on is None or on <= self.until_on)


_FIELDS = tuple(member_consent.c[name] for name in Consent.__dataclass_fields__)


async def grant(
    work: Work,
    member_number: str,
    scope: Scope,
    *,
    relative_number: str | None,
    until_on: date | None,
    actor: str,
    today: date,
    reference: str | None = None,
) -> Consent:
    """Let another member see something of one's own; the caller commits.

    Args:
        work: bound to the cooperative's book; the caller commits.
        member_number: who allows it.
        scope: what may be seen.
        relative_number: by whom; none for the programme's officer.
        until_on: the last day, if there is one.
        actor: the member's own username, or that of whoever records what was given on paper.
        today: the cooperative's day.
        reference: the paper's number, if there is one.

    Raises:
        Refusal: ``consent-relative`` (nobody one can allow it), ``consent-until``, ``consent-too-many``.
        Conflict: ``consent-exists``.
    """
    await members.locked_status(work, member_number)
    if (scope is Scope.PROGRAMME) is not (relative_number is None) or relative_number == member_number:
        raise _no_relative()
    if until_on is not None and until_on < today:
        raise Refusal("consent-until", N_("Tanggal itu sudah lewat."), field="until_on")
    if relative_number is not None:
        if not _is_number(relative_number):
            raise _no_relative()
        relative = (await members.find_by_numbers(work.connection, work.book_id, [relative_number])).get(
            relative_number
        )
        if relative is None or relative.status.has_left:
            raise _no_relative()
    holding = [one for one in await given_by(work.connection, work.book_id, member_number) if one.holds(today)]
    if any((one.relative_number, one.scope) == (relative_number, scope) for one in holding):
        raise Conflict("consent-exists", N_("Izin yang sama sudah berlaku."))
    if len(holding) >= MOST_CONSENTS:
        raise Refusal("consent-too-many", N_("Paling banyak %(limit)s izin sekaligus."), limit=MOST_CONSENTS)
    added = await work.connection.execute(
        insert(member_consent)
        .values(
            book_id=work.book_id,
            number=await next_number(work.connection, work.book_id, "member-consent"),
            member_number=member_number,
            relative_number=relative_number,
            scope=scope.value,
            until_on=until_on,
            given_by=actor,
            reference=reference,
        )
        .returning(*_FIELDS)
    )
    made = _consent(added.one())
    await _tell(work, made, Action.CONSENT_GIVEN, actor)
    return made


async def revoke(work: Work, member_number: str, number: int, *, actor: str) -> Consent:
    """Take a consent back; from then on nothing is seen by it. Once it was taken back, this changes nothing.

    Raises:
        NotFound: ``consent``: none that this member gave.
    """
    mine = (
        member_consent.c.book_id == work.book_id,
        member_consent.c.number == number,
        member_consent.c.member_number == member_number,
    )
    row = (await work.connection.execute(select(*_FIELDS).where(*mine).with_for_update())).one_or_none()
    if row is None:
        raise NotFound("consent", N_("Izin ini tidak ada."))
    found = _consent(row)
    if found.revoked_at is not None:
        return found
    done = await work.connection.execute(
        update(member_consent).where(*mine).values(revoked_at=func.now(), revoked_by=actor).returning(*_FIELDS)
    )
    made = _consent(done.one())
    await _tell(work, made, Action.CONSENT_REVOKED, actor)
    return made


async def given_by(connection: AsyncConnection, book_id: int, member_number: str) -> list[Consent]:
    """What a member allowed, with what they took back; the latest first."""
    return await _find(connection, book_id, member_consent.c.member_number == member_number)


async def received_ever(connection: AsyncConnection, book_id: int, relative_number: str) -> list[Consent]:
    """What others allowed a member, with what they took back; the latest first."""
    return await _find(connection, book_id, member_consent.c.relative_number == relative_number)


async def given_to(connection: AsyncConnection, book_id: int, relative_number: str, on: date) -> list[Consent]:
    """What others let this member see on a day. A consent ends with the membership of whoever gave it."""
    wanted = await _find(connection, book_id, member_consent.c.relative_number == relative_number, *_holding(on))
    return await _of_members(connection, book_id, wanted)


async def seen_by(
    connection: AsyncConnection, book_id: int, member_number: str, relative_number: str, on: date
) -> frozenset[Scope]:
    """What one member may see of another on a day.

    Raises:
        NotFound: ``not-found``: nothing.
    """
    if not _is_number(member_number):
        raise _hidden()
    wanted = await _find(
        connection,
        book_id,
        member_consent.c.member_number == member_number,
        member_consent.c.relative_number == relative_number,
        *_holding(on),
    )
    found = await _of_members(connection, book_id, wanted)
    if not found:
        raise _hidden()
    return shows(one.scope for one in found)


async def programme(connection: AsyncConnection, book_id: int, on: date) -> list[Member]:
    """The members who let the programme's officer know who they are, by number."""
    wanted = await _find(connection, book_id, member_consent.c.scope == Scope.PROGRAMME.value, *_holding(on))
    found = await members.find_by_numbers(connection, book_id, sorted({one.member_number for one in wanted}))
    return [one for _, one in sorted(found.items()) if not one.status.has_left]


async def note_viewed(work: Work, subject: str, action: Action, *, actor: str) -> None:
    """Put on record that somebody looked; the caller commits."""
    await audit.record(work.connection, work.book_id, actor=actor, action=action, subject=subject)


def _holding(on: date) -> tuple[ColumnElement[bool], ...]:
    table = member_consent.c
    return (table.revoked_at.is_(None), or_(table.until_on.is_(None), table.until_on >= on))


async def _of_members(connection: AsyncConnection, book_id: int, wanted: Collection[Consent]) -> list[Consent]:
    """Those of members who have neither left nor died."""
    found = await members.find_by_numbers(connection, book_id, sorted({one.member_number for one in wanted}))
    return [one for one in wanted if one.member_number in found and not found[one.member_number].status.has_left]


async def _find(connection: AsyncConnection, book_id: int, *wanted: ColumnElement[bool]) -> list[Consent]:
    rows = await connection.execute(
        select(*_FIELDS).where(member_consent.c.book_id == book_id, *wanted).order_by(member_consent.c.number.desc())
    )
    return [_consent(row) for row in rows]


def _consent(row: Any) -> Consent:
    facts = dict(zip(Consent.__dataclass_fields__, row, strict=True))
    return Consent(**(facts | {"scope": Scope(facts["scope"])}))


async def _tell(work: Work, made: Consent, action: Action, actor: str) -> None:
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=action,
        subject=f"member {made.member_number}",
        after={
            "consent": made.number,
            "relative": made.relative_number,
            "sees": made.scope.value,
            "until": made.until_on.isoformat() if made.until_on else None,
            "paper": made.reference,
        },
    )


def _no_relative() -> Refusal:
    return Refusal(
        "consent-relative", N_("Tulis nomor anggota keluarga yang terdaftar di koperasi ini."), field="relative"
    )


def _hidden() -> NotFound:
    """Whoever may see nothing hears nothing, not even that the member exists."""
    return NotFound("not-found", N_("Tidak ditemukan."))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
