"""A member's own dues, made for a phone."""

from datetime import UTC, datetime
from functools import partial

from litestar import Controller, Response, get

from koperasi.db import Database
from koperasi.dues import messages, rules, service
from koperasi.errors import NotFound
from koperasi.frame import Frame
from koperasi.i18n import N_
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest


class OwnDuesPages(Controller):
    """What a member was billed, and what is paid of it."""

    include_in_schema = False

    @get("/iuran-saya", opt={"permission": Permission.OWN_PAGES})
    async def own(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Every bill with its tick, the newest first."""
        identity = request.user
        if identity.member_number is None:
            raise NotFound("not-found", N_("Tidak ditemukan."))
        number, cooperative = identity.member_number, await frame.cooperative(request)
        today = cooperative.today(datetime.now(UTC))
        async with database.reading(identity.book_id) as connection:
            standing = (await service.standings_of(connection, cooperative, [number], today))[number]
        month = rules.period_of(today)
        return await frame.page(
            request,
            "dues/own.html",
            standing=standing,
            month=partial(messages.month, locale=identity.locale),
            this_month=month,
            day=today,
            owed_minor=sum(standing.open_minor(kind, month) for kind in service.Kind),
        )


CONTROLLERS: list[type[Controller]] = [OwnDuesPages]
