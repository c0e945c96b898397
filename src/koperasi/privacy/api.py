"""Personal data over REST: all that is known about one member, their whole NIK, and requests to be forgotten."""

from datetime import UTC, date, datetime
from typing import Any, Literal

from litestar import Controller, get, post

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.members import service as members
from koperasi.permissions import Identity, Permission
from koperasi.privacy import service, service_subject
from koperasi.rest import ApiRequest, Result, problems


class NikOut(Result):
    """A NIK in whole."""

    number: str
    nik: str | None


class ErasureRequestOut(Result):
    """A request to be forgotten. ``outcome`` is null until somebody has decided."""

    member_number: str
    requested_at: datetime
    settled_at: datetime | None
    outcome: Literal["erased", "declined"] | None
    answer: str | None


class ErasureOut(Result):
    """What an erasure left. Name and NIK stay until ``kept_until``, if they did not go."""

    member_number: str
    identity_erased: bool
    kept_until: date | None
    notes_erased: int


class PersonalDataController(Controller):
    """A member's own data, and what staff do for them."""

    path = "/api/v1"
    tags = ("personal data",)

    @get("/my-data", opt={"permission": Permission.OWN_PAGES}, responses=problems(401, 403, 404))
    async def my_data(self, request: ApiRequest, database: Database) -> dict[str, Any]:
        """All that is known about the member who asks."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            return await _all(connection, book_id, _own_number(request.user))

    @post("/my-data/erasure-requests", opt={"permission": Permission.OWN_PAGES}, responses=problems(401, 403, 404))
    async def ask_erasure(self, request: ApiRequest, database: Database) -> ErasureRequestOut:
        """Ask to be forgotten. While a request is open, asking again gives the same one."""
        return await _ask(request, database, _own_number(request.user))

    @get(
        "/members/{number:str}/personal-data",
        opt={"permission": Permission.VIEW_NIK},
        responses=problems(400, 401, 403, 404),
    )
    async def data_of(self, request: ApiRequest, database: Database, number: str) -> dict[str, Any]:
        """All that is known about a member, for staff who act for them. Each reading is put on record."""
        async with database.work(request.user.book_id) as work:
            found = await _all(work.connection, work.book_id, number)
            await service_subject.note_reading(work, number, actor=request.user.username)
            await work.commit()
        return found

    @post(
        "/members/{number:str}/nik-views",
        opt={"permission": Permission.VIEW_NIK},
        responses=problems(400, 401, 403, 404),
    )
    async def view_nik(self, request: ApiRequest, database: Database, number: str) -> NikOut:
        """A member's whole NIK. Each view is put on record."""
        async with database.work(request.user.book_id) as work:
            member = await members.view_nik(work, number, actor=request.user.username)
            await work.commit()
        return NikOut(number=member.number, nik=member.nik)

    @post(
        "/members/{number:str}/erasure-requests",
        opt={"permission": Permission.WRITE_MEMBERS},
        responses=problems(400, 401, 403, 404),
    )
    async def ask_for(self, request: ApiRequest, database: Database, number: str) -> ErasureRequestOut:
        """Put on record that a member asked at the desk. While a request is open, asking again gives the same one."""
        return await _ask(request, database, number)

    @post(
        "/members/{number:str}/erasure",
        opt={"permission": Permission.ERASE_DATA},
        responses=problems(400, 401, 403, 404, 409),
    )
    async def erase(self, request: ApiRequest, database: Database, number: str) -> ErasureOut:
        """Carry a member's open request out: what no law makes us keep is gone for good."""
        async with database.work(request.user.book_id) as work:
            cooperative = await cooperative_of(work.connection, work.book_id)
            today = cooperative.today(datetime.now(UTC))
            done = await service_subject.erase(work, number, actor=request.user.username, today=today)
            await work.commit()
        return ErasureOut(
            member_number=done.member_number,
            identity_erased=done.identity_too,
            kept_until=done.kept_until,
            notes_erased=done.notes,
        )


def _own_number(identity: Identity) -> str:
    if identity.member_number is None:
        raise NotFound("not-found", N_("Tidak ditemukan."))
    return identity.member_number


async def _all(connection: Any, book_id: int, number: str) -> dict[str, Any]:
    cooperative = await cooperative_of(connection, book_id)
    subject = await service_subject.everything_about(connection, cooperative, number, now=datetime.now(UTC))
    return service_subject.as_json(subject)


async def _ask(request: ApiRequest, database: Database, number: str) -> ErasureRequestOut:
    async with database.work(request.user.book_id) as work:
        await members.member_by_number(work.connection, work.book_id, number)
        found, _ = await service.request_erasure(work, number, actor=request.user.username)
        await work.commit()
    return ErasureRequestOut(
        member_number=found.member_number,
        requested_at=found.requested_at,
        settled_at=found.settled_at,
        outcome=found.outcome,  # type: ignore[arg-type]
        answer=found.answer,
    )


CONTROLLERS: list[type[Controller]] = [PersonalDataController]
