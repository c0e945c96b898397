"""Signed checkpoints over REST."""

from datetime import UTC, datetime
from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.params import Parameter

from koperasi.config import Settings
from koperasi.db import Database
from koperasi.known import StampOut
from koperasi.permissions import Permission
from koperasi.reports import service_checkpoints as service
from koperasi.reports.checkpoints import installation_key
from koperasi.reports.service_checkpoints import Issued, Verdict
from koperasi.rest import ApiRequest, Page, Result, decode_cursor, encode_cursor, problems


class CheckpointOut(Result):
    """A book's last entry as it was signed. ``code`` is what the QR symbol holds, ``short_code`` is for typing.

    ``holds``: the book still has that entry with that hash.
    """

    number: int
    entry: int
    hash: str
    signed_at: datetime
    short_code: str
    code: str
    public_key: str
    asked_by: str
    holds: bool

    @classmethod
    def of(cls, issued: Issued) -> "CheckpointOut":
        """The wire form."""
        signed = issued.signed
        return cls(
            number=issued.number,
            entry=signed.number,
            hash=signed.hash,
            signed_at=signed.at,
            short_code=signed.short,
            code=signed.code,
            public_key=signed.public_key,
            asked_by=issued.asked_by,
            holds=issued.holds,
        )


class CheckpointList(Page):
    """What was issued, the latest first."""

    items: list[CheckpointOut]


class CheckOut(Result):
    """A code held against the book as it is now.

    ``kept``: the entry is there with that hash. ``rewritten``, ``cut``: it has another hash, or is gone, though the
    code is from here. ``other-book``: of another book. ``unproven``: it fits nothing, and may be mistyped.
    ``signed``: this installation's key signed it; null for a short code, which carries no signature.
    """

    verdict: Verdict
    entry: int
    signed_at: datetime | None
    signed: bool | None
    last_entry: StampOut


class CheckpointController(Controller):
    """The head of the book, signed, in somebody else's hands."""

    path = "/api/v1"
    tags = ("checkpoints",)

    @get("/checkpoints", opt={"permission": Permission.READ_BOOKS}, responses=problems(400, 401, 403))
    async def list_checkpoints(
        self,
        request: ApiRequest,
        database: Database,
        cursor: Annotated[str | None, Parameter(max_length=1000)] = None,
        limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
    ) -> CheckpointList:
        """The checkpoints that were issued, the latest first."""
        before = decode_cursor(cursor, "int")
        async with database.reading(request.user.book_id) as connection:
            found, more = await service.issued(
                connection, request.user.book_id, before=before[0] if before else None, limit=limit
            )
        last = encode_cursor(found[-1].number) if more else None
        return CheckpointList(items=[CheckpointOut.of(one) for one in found], next_cursor=last)

    @post("/checkpoints", opt={"permission": Permission.ISSUE_CHECKPOINT}, responses=problems(401, 403, 422))
    async def issue_checkpoint(
        self, request: ApiRequest, database: Database, settings: Settings
    ) -> Response[CheckpointOut]:
        """Sign the book's last entry. Keep the answer outside: it proves later that nothing before was written anew."""
        key = installation_key(settings.data_dir)
        async with database.work(request.user.book_id) as work:
            made = await service.issue(work, key, actor=request.user.username, now=datetime.now(UTC))
            await work.commit()
        location = {"Location": f"/api/v1/checkpoints/{made.number}"}
        return Response(CheckpointOut.of(made), status_code=201, headers=location)

    @get("/checkpoints/{number:int}", opt={"permission": Permission.READ_BOOKS}, responses=problems(401, 403, 404))
    async def get_checkpoint(
        self, request: ApiRequest, database: Database, number: Annotated[int, Parameter(ge=1, le=2**53)]
    ) -> CheckpointOut:
        """One checkpoint, and whether the book still holds what it says."""
        async with database.reading(request.user.book_id) as connection:
            return CheckpointOut.of(await service.issued_one(connection, request.user.book_id, number))

    @get("/checkpoint-check", opt={"permission": Permission.READ_BOOKS}, responses=problems(400, 401, 403, 422))
    async def check_code(
        self,
        request: ApiRequest,
        database: Database,
        settings: Settings,
        code: Annotated[str, Parameter(min_length=1, max_length=1000, description="Whole (KOPERASI1:…) or short.")],
        number: Annotated[
            int | None, Parameter(ge=1, le=2**53, required=False, description="A short code's entry.")
        ] = None,
    ) -> CheckOut:
        """Hold a code from paper against the book: a checkpoint's, whole or short, or the one on a receipt."""
        key = installation_key(settings.data_dir).public_key()
        async with database.reading(request.user.book_id) as connection:
            found = await service.check(connection, request.user.book_id, code, number, key)
        return CheckOut(
            verdict=found.verdict,
            entry=found.number,
            signed_at=found.at,
            signed=found.signed,
            last_entry=StampOut.of(found.head),
        )


CONTROLLERS: list[type[Controller]] = [CheckpointController]
