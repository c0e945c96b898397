"""The page of a member's heirs: as many as there are, with parts that make a hundred."""

from typing import Any

from litestar import Controller, Response, get, post
from litestar.response import Redirect

from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.frame import Frame
from koperasi.members import service
from koperasi.members.model import MOST_HEIRS, RELATION_MAX_LENGTH
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest
from koperasi.web import Form

SPARE = 2
"""So many empty places are offered beyond the heirs that there are."""

PARTS = ("name", "relation", "phone", "share")


class HeirPages(Controller):
    """Who inherits from a member."""

    include_in_schema = False

    @get("/anggota/{number:str}/ahli-waris", opt={"permission": Permission.WRITE_MEMBERS})
    async def show(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """The heirs as they stand, and empty places."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            member = await service.member_by_number(connection, identity.book_id, number)
        form = Form(locale=identity.locale)
        for place, heir in enumerate(member.heirs):
            facts = (heir.name, heir.relation, heir.phone, heir.share_percent)
            for part, value in zip(PARTS, facts, strict=True):
                form.set(f"{part}_{place}", value)
        return await _page(request, frame, form, member, _places(len(member.heirs)))

    @post("/anggota/{number:str}/ahli-waris", opt={"permission": Permission.WRITE_MEMBERS}, status_code=200)
    async def change(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Replace them all by what the form says; a place whose name is empty is nobody."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        named = [place for place in range(MOST_HEIRS) if form.text(f"name_{place}", max_length=120)]
        heirs = tuple(_heir(form, place) for place in named)
        async with database.work(identity.book_id) as work:
            member = await service.member_by_number(work.connection, identity.book_id, number)
            if form.ok:
                try:
                    await service.change(work, number, {"heirs": heirs}, actor=identity.username)
                except Refusal as refusal:
                    form.add_refusal(refusal, _fields(named))
                else:
                    await work.commit()
                    return Redirect(f"/anggota/{number}?selesai=diubah", status_code=303)
        return await _page(request, frame, form, member, _places(max([*named, -1]) + 1), status=422)


def _heir(form: Form, place: int) -> service.Heir:
    return service.Heir(
        form.value(f"name_{place}"),
        form.text(f"relation_{place}", required=True, max_length=RELATION_MAX_LENGTH),
        form.text(f"phone_{place}", max_length=40) or None,
        form.whole(f"share_{place}", least=1, most=100) or 0,
    )


def _fields(named: list[int]) -> dict[str, str]:
    """Where the fields of a refusal stand on this page."""
    return {f"heirs.{at}.{part}": f"{part}_{place}" for at, place in enumerate(named) for part in PARTS}


def _places(known: int) -> range:
    return range(min(known + SPARE, MOST_HEIRS))


async def _page(
    request: ApiRequest, frame: Frame, form: Form, member: service.Member, places: range, *, status: int = 200
) -> Response[str]:
    return await frame.page(request, "members/heirs.html", status=status, form=form, member=member, places=places)


CONTROLLERS: list[type[Controller]] = [HeirPages]
