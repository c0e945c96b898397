"""Checks of the whole book over REST: begin one, follow it, read what was found."""

from datetime import datetime
from typing import Annotated, Self

from litestar import Controller, get, post
from litestar.params import Parameter

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.permissions import Permission
from koperasi.reports.service_doctor import Doctor
from koperasi.reports.service_verifications import Run, Status, run_by_number, runs
from koperasi.rest import ApiRequest, Page, Result, decode_cursor, encode_cursor, problems

GRACE_SECONDS = 2
"""A small book is done by then, and the answer has the result."""


class VerificationFinding(Result):
    """Something that is not as it should be. ``facts`` are the names and numbers in it; amounts in minor units."""

    code: str
    where: str
    message: str
    facts: dict[str, str | int]


class Verification(Result):
    """A check of the whole book; ``entries`` of ``expected`` were read. ``last_hash`` is known at the end.

    ``interrupted``: its process ended before it did. ``failed``: something kept it from the end.
    """

    number: int
    status: Status
    asked_by: str
    started_at: datetime
    finished_at: datetime | None
    expected: int
    entries: int
    last_hash: str | None
    findings_count: int

    @classmethod
    def of(cls, run: Run) -> Self:
        """The wire form; of a list without the findings."""
        return cls.model_validate(
            {
                **run._asdict(),
                "last_hash": run.last_hash.hex() if run.last_hash else None,
                "findings_count": run.found,
                "findings": [{**one._asdict(), "facts": dict(one.facts)} for one in run.findings],
            }
        )


class VerificationDetail(Verification):
    """A check with all that it found."""

    findings: list[VerificationFinding]


class VerificationList(Page):
    """Checks, the latest first."""

    items: list[Verification]


class VerificationController(Controller):
    """The proof that the book is what it was when it was written, and that the registers tie to it."""

    path = "/api/v1"
    tags = ("verifications",)

    @get("/verifications", opt={"permission": Permission.READ_BOOKS}, responses=problems(400, 401, 403))
    async def list_verifications(
        self,
        request: ApiRequest,
        database: Database,
        cursor: Annotated[str | None, Parameter(max_length=1000)] = None,
        limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
    ) -> VerificationList:
        """The checks that were made, the latest first."""
        before = decode_cursor(cursor, "int")
        async with database.reading(request.user.book_id) as connection:
            found, more = await runs(
                connection, request.user.book_id, before=before[0] if before else None, limit=limit
            )
        return VerificationList(
            items=[Verification.of(run) for run in found],
            next_cursor=encode_cursor(found[-1].number) if more else None,
        )

    @post("/verifications", opt={"permission": Permission.VERIFY}, responses=problems(401, 403, 409))
    async def begin(self, request: ApiRequest, database: Database, doctor: Doctor) -> VerificationDetail:
        """Begin a check. It goes on after the answer, which has the result if the book is small; ask for it again.

        409 ``verification-running``: another is at work on this book.
        """
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
        number = await doctor.start(cooperative, request.user.username)
        await doctor.wait(book_id, number, GRACE_SECONDS)
        async with database.reading(book_id) as connection:
            return VerificationDetail.of(await run_by_number(connection, book_id, number))

    @get(
        "/verifications/{number:int}", opt={"permission": Permission.READ_BOOKS}, responses=problems(400, 401, 403, 404)
    )
    async def get_verification(
        self, request: ApiRequest, database: Database, number: Annotated[int, Parameter(ge=1, le=2**53)]
    ) -> VerificationDetail:
        """One check with what it found, or how far it has come."""
        async with database.reading(request.user.book_id) as connection:
            return VerificationDetail.of(await run_by_number(connection, request.user.book_id, number))


CONTROLLERS: list[type[Controller]] = [VerificationController]
