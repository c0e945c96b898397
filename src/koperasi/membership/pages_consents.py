"""Pages where staff record what a member allowed on paper, and take it back when the member asks."""

from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.members import service as members
from koperasi.membership import service
from koperasi.membership.pages_family import whole_number
from koperasi.membership.service import FAMILY, Scope
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest
from koperasi.web import Form, Notice

Consent = Annotated[int, Parameter(ge=1, le=2**53)]

REFERENCE_MAX_LENGTH = 60

DONE = {
    "dicatat": N_("Izin dicatat. Anggota dapat mencabutnya kapan saja."),
    "dicabut": N_("Izin dicabut. Mulai sekarang tidak terlihat lagi."),
}


class PaperConsentPages(Controller):
    """A member's consents, as the desk keeps them."""

    include_in_schema = False

    @get("/anggota/{number:str}/izin", opt={"permission": Permission.WRITE_MEMBERS})
    async def show(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """What the member allows, and the form for what they sign."""
        return await _show(request, database, frame, number, Form(locale=request.user.locale))

    @post("/anggota/{number:str}/izin", opt={"permission": Permission.WRITE_MEMBERS}, status_code=200)
    async def grant(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Record a consent that the member signed; the paper's number goes with it."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        form.set("relative", "")
        scope = form.choice("scope", list(Scope))
        until_on = form.date("until_on", required=False)
        programme = scope == Scope.PROGRAMME
        relative = "" if programme else form.text("relative", required=True, max_length=60)
        reference = form.text("reference", required=True, max_length=REFERENCE_MAX_LENGTH)
        if form.ok and scope is not None:
            try:
                async with database.work(identity.book_id) as work:
                    cooperative = await cooperative_of(work.connection, identity.book_id)
                    await service.grant(
                        work,
                        number,
                        Scope(scope),
                        relative_number=None if programme else whole_number(relative),
                        until_on=until_on,
                        actor=identity.username,
                        today=cooperative.today(datetime.now(UTC)),
                        reference=reference,
                    )
                    await work.commit()
            except Refusal as refusal:
                form.add_refusal(refusal)
            else:
                return Redirect(f"/anggota/{number}/izin?selesai=dicatat", status_code=303)
        return await _show(request, database, frame, number, form, status=422)

    @post(
        "/anggota/{number:str}/izin/{consent:int}/cabut",
        opt={"permission": Permission.WRITE_MEMBERS},
        status_code=200,
    )
    async def revoke(self, request: ApiRequest, database: Database, number: str, consent: Consent) -> Response[Any]:
        """Take a consent back because the member asked; it needs no paper."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            await service.revoke(work, number, consent, actor=identity.username)
            await work.commit()
        return Redirect(f"/anggota/{number}/izin?selesai=dicabut", status_code=303)


async def _show(
    request: ApiRequest, database: Database, frame: Frame, number: str, form: Form, *, status: int = 200
) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        member = await members.member_by_number(connection, identity.book_id, number)
        given = await service.given_by(connection, identity.book_id, number)
        named = await members.find_by_numbers(
            connection, identity.book_id, sorted({one.relative_number for one in given if one.relative_number})
        )
    day = cooperative.today(datetime.now(UTC))
    done = DONE.get(request.query_params.get("selesai", ""))
    return await frame.page(
        request,
        "membership/consents.html",
        status=status,
        notices=[Notice("ok", translate(identity.locale, done))] if done and status == 200 else [],
        form=form,
        member=member,
        may_grant=not member.status.has_left,
        holding=[one for one in given if one.holds(day)],
        ended=[one for one in given if not one.holds(day)],
        names={one: found.name for one, found in named.items()},
        scopes=[(one.value, translate(identity.locale, one.label)) for one in (*FAMILY, Scope.PROGRAMME)],
    )


CONTROLLERS: list[type[Controller]] = [PaperConsentPages]
