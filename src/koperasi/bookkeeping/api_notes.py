"""Erasing a note over REST."""

from datetime import UTC, datetime
from typing import Annotated

from litestar import Controller, delete
from litestar.params import Parameter

from koperasi.bookkeeping import service_notes
from koperasi.bookkeeping.api import Number
from koperasi.bookkeeping.service_notes import ErasureReason
from koperasi.db import Database
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest, Result, problems


class ErasureOut(Result):
    """A note that is gone: of which entry, when, who had it erased, and why."""

    entry: int
    erased_at: datetime
    erased_by: str
    reason: ErasureReason


class NoteController(Controller):
    """What somebody wrote of an entry."""

    path = "/api/v1"
    tags = ("journal",)

    @delete(
        "/journal-entries/{number:int}/note",
        opt={"permission": Permission.ERASE_NOTE},
        status_code=200,
        responses=problems(400, 401, 403, 404, 409),
    )
    async def erase_note(
        self,
        request: ApiRequest,
        database: Database,
        number: Number,
        reason: Annotated[ErasureReason, Parameter(description="Why. Free words could name the person again.")],
    ) -> ErasureOut:
        """Erase a note for good. The entry keeps its figures, its seal and the note's salted digest."""
        async with database.work(request.user.book_id) as work:
            erased = await service_notes.erase(work, number, reason, actor=request.user.username)
            await work.commit()
        return ErasureOut(
            entry=erased.number, erased_at=erased.erased_at.astimezone(UTC), erased_by=erased.actor, reason=reason
        )


CONTROLLERS: list[type[Controller]] = [NoteController]
