"""REST: the audit trail as a list, the latest row first."""

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from litestar import Controller, get
from litestar.params import Parameter, QueryParameter
from pydantic import AwareDatetime

from koperasi.audit import service
from koperasi.audit.service import Action, Event, Search
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest, Page, Result, decode_cursor, encode_cursor, problems

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)


class AuditEvent(Result):
    """Somebody did something. ``hash`` seals the row and all rows before it (docs/security.md says how)."""

    number: int
    recorded_at: AwareDatetime
    actor: str
    role: str | None
    address: str | None
    action: Action
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str

    @classmethod
    def of(cls, event: Event) -> "AuditEvent":
        """The wire form of a row."""
        return cls(
            number=event.number,
            recorded_at=event.recorded_at.astimezone(UTC),
            actor=event.actor,
            role=event.role,
            address=event.address,
            action=Action(event.action),
            subject=event.subject,
            before=json.loads(event.before) if event.before else None,
            after=json.loads(event.after) if event.after else None,
            hash=event.hash.hex(),
        )


class AuditEvents(Page):
    """A page of the trail."""

    items: list[AuditEvent]


def search_of(
    zone: ZoneInfo, actor: str | None, action: str | None, from_date: date | None, to_date: date | None
) -> Search:
    """What to look for; days begin and end on the cooperative's clocks. Nothing was recorded before 1900."""

    def midnight(day: date) -> datetime:
        return datetime.combine(min(max(day, FIRST_DAY), LAST_DAY), time(), zone)

    return Search(
        actor=actor or None,
        action=action or None,
        since=midnight(from_date) if from_date else None,
        until=midnight(to_date) + timedelta(days=1) if to_date else None,
    )


class AuditController(Controller):
    """Who did what to users, terms, members and files; when, and from where."""

    path = "/api/v1"
    tags = ("audit",)

    @get("/audit-events", opt={"permission": Permission.READ_AUDIT}, responses=problems(400, 401, 403))
    async def list_events(
        self,
        request: ApiRequest,
        database: Database,
        actor: Annotated[str | None, Parameter(max_length=100, pattern=r"^[^\x00]*$", required=False)] = None,
        action: Action | None = None,
        from_date: Annotated[date | None, QueryParameter(name="from", required=False)] = None,
        to_date: Annotated[date | None, QueryParameter(name="to", required=False)] = None,
        cursor: Annotated[str | None, Parameter(max_length=1000)] = None,
        limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
    ) -> AuditEvents:
        """List the trail, the latest first: by user name, by action, by the days (``from``, ``to``) of recording."""
        before = decode_cursor(cursor, "int")
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            zone = (await cooperative_of(connection, book_id)).zone
            found, more = await service.events(
                connection,
                book_id,
                search_of(zone, actor, action, from_date, to_date),
                before=before[0] if before else None,
                limit=limit,
            )
        last = encode_cursor(found[-1].number) if more else None
        return AuditEvents(items=[AuditEvent.of(event) for event in found], next_cursor=last)


CONTROLLERS: list[type[Controller]] = [AuditController]
