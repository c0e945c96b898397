"""Pages for families: what I let others see, what others let me see; and for the programme's officer."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

from koperasi.audit.service import Action
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.deposits import service as deposits
from koperasi.dues import service as dues
from koperasi.errors import NotFound, Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.members import service as members
from koperasi.membership import service
from koperasi.membership.service import FAMILY, Scope
from koperasi.permissions import Identity, Permission
from koperasi.rest import ApiRequest
from koperasi.savings import service as savings
from koperasi.web import Form, Notice

Number = Annotated[int, Parameter(ge=1, le=2**53)]

DONE = {
    "diberikan": N_("Izin diberikan. Anda dapat mencabutnya kapan saja."),
    "dicabut": N_("Izin dicabut. Mulai sekarang tidak terlihat lagi."),
}


class FamilyPages(Controller):
    """A member's consents, and what others' consents show."""

    include_in_schema = False

    @get("/keluarga", opt={"permission": Permission.OWN_PAGES})
    async def show(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Who sees what of me, and whom I may look at."""
        return await _show(request, database, frame, Form(locale=request.user.locale))

    @post("/keluarga", opt={"permission": Permission.OWN_PAGES}, status_code=200)
    async def grant(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Let a relative, or the programme's officer, see something."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        form.set("relative", "")
        scope = form.choice("scope", list(Scope))
        until_on = form.date("until_on", required=False)
        programme = scope == Scope.PROGRAMME
        relative = "" if programme else form.text("relative", required=True, max_length=60)
        if form.ok and scope is not None:
            try:
                async with database.work(identity.book_id) as work:
                    cooperative = await cooperative_of(work.connection, identity.book_id)
                    await service.grant(
                        work,
                        own_number(identity),
                        Scope(scope),
                        relative_number=None if programme else whole_number(relative),
                        until_on=until_on,
                        actor=identity.username,
                        today=cooperative.today(datetime.now(UTC)),
                    )
                    await work.commit()
            except Refusal as refusal:
                form.add_refusal(refusal)
            else:
                return Redirect("/keluarga?selesai=diberikan", status_code=303)
        return await _show(request, database, frame, form, status=422)

    @post("/keluarga/izin/{number:int}/cabut", opt={"permission": Permission.OWN_PAGES}, status_code=200)
    async def revoke(self, request: ApiRequest, database: Database, number: Number) -> Response[Any]:
        """Take a consent back."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            await service.revoke(work, own_number(identity), number, actor=identity.username)
            await work.commit()
        return Redirect("/keluarga?selesai=dicabut", status_code=303)

    @get("/keluarga/{number:str}", opt={"permission": Permission.OWN_PAGES})
    async def relative(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """What a relative lets me see; each look is put on record first."""
        identity = request.user
        scopes, day = await _let_in(request, database, number)
        async with database.reading(identity.book_id) as connection:
            member = await members.member_by_number(connection, identity.book_id, number)
            accounts = await savings.accounts_of(connection, identity.book_id, number)
            cooperative = await cooperative_of(connection, identity.book_id)
            owed = await dues.open_dues(connection, cooperative, number, day)
            terms = await deposits.deposits_of(connection, cooperative, number, day)
        return await frame.page(
            request,
            "membership/relative.html",
            member=member,
            day=day,
            accounts=accounts if Scope.BALANCES in scopes else None,
            deposits=terms,
            total_minor=sum(one.balance_minor for one in accounts) + sum(one.principal_minor for one in terms),
            dues=owed if Scope.DUES in scopes else None,
            book=Scope.PASSBOOK in scopes,
        )

    @get("/keluarga/{number:str}/buku", opt={"permission": Permission.OWN_PAGES})
    async def passbook(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """A year of a relative's book, if they let me see it."""
        identity = request.user
        _, day = await _let_in(request, database, number, Scope.PASSBOOK)
        form = Form({"tahun": request.query_params.get("tahun", str(day.year))}, identity.locale)
        year = form.whole("tahun", least=1900, most=day.year) or day.year
        async with database.reading(identity.book_id) as connection:
            member = await members.member_by_number(connection, identity.book_id, number)
            accounts = await savings.accounts_of(connection, identity.book_id, number)
            book = await savings.passbook(connection, identity.book_id, accounts, year)
        leaf = savings.leaf_of(request.query_params.get("lembar", ""), book.pages)
        here, first_year = f"/keluarga/{member.number}/buku?", book.first_year or day.year
        return await frame.page(
            request,
            "membership/relative_book.html",
            status=200 if form.ok else 422,
            form=form,
            member=member,
            year=year,
            book=book.page(leaf),
            leaf=leaf,
            leaves=book.pages,
            **savings.turned(here, year, leaf, book.pages, first_year, day.year),
            movement=savings.movement,
            short=savings.SHORT,
        )


class ProgrammePages(Controller):
    """What the programme's officer sees of members who allow it."""

    include_in_schema = False

    @get("/pendampingan", opt={"permission": Permission.READ_CONSENTED})
    async def members_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Who lets the officer know them: name, village and migrant status, no amounts. The look is put on record."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            found = await service.programme(work.connection, identity.book_id, cooperative.today(datetime.now(UTC)))
            await service.note_viewed(work, "programme", Action.CONSENTED_VIEWED, actor=identity.username)
            await work.commit()
        return await frame.page(request, "membership/programme.html", members=found)


async def _let_in(
    request: ApiRequest, database: Database, number: str, wanted: Scope | None = None
) -> tuple[frozenset[Scope], date]:
    """What the consent shows, once the look is put on record; and the cooperative's day.

    Raises:
        NotFound: ``not-found``: there is no consent for it.
    """
    identity = request.user
    async with database.work(identity.book_id) as work:
        cooperative = await cooperative_of(work.connection, identity.book_id)
        day = cooperative.today(datetime.now(UTC))
        scopes = await service.seen_by(work.connection, identity.book_id, number, own_number(identity), day)
        if wanted is not None and wanted not in scopes:
            raise NotFound("not-found", N_("Tidak ditemukan."))
        await service.note_viewed(work, f"member {number}", Action.FAMILY_VIEWED, actor=identity.username)
        await work.commit()
    return scopes, day


async def _show(
    request: ApiRequest, database: Database, frame: Frame, form: Form, *, status: int = 200
) -> Response[str]:
    identity = request.user
    own = own_number(identity)
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        day = cooperative.today(datetime.now(UTC))
        given = await service.given_by(connection, identity.book_id, own)
        received = await service.given_to(connection, identity.book_id, own, day)
        numbers = {one.relative_number or "" for one in given} | {one.member_number for one in received}
        named = await members.find_by_numbers(connection, identity.book_id, sorted(numbers))
    done = DONE.get(request.query_params.get("selesai", ""))
    return await frame.page(
        request,
        "membership/family.html",
        status=status,
        notices=[Notice("ok", translate(identity.locale, done))] if done and status == 200 else [],
        form=form,
        holding=[one for one in given if one.holds(day)],
        ended=[one for one in given if not one.holds(day)],
        relatives={one.member_number: named[one.member_number].name for one in received},
        named=named,
        hint_of=hint_of,
        scopes=[(one.value, translate(identity.locale, one.label)) for one in (*FAMILY, Scope.PROGRAMME)],
    )


def hint_of(name: str) -> str:
    """Enough of a name to see that the number was typed right, and no more: whoever types numbers learns no names."""
    return " ".join(f"{word[0]}…" for word in name.split())


def whole_number(text: str) -> str:
    """A member's number as it is kept; zeros in front may be left out."""
    return f"{text:0>5}" if text.isascii() and text.isdigit() else text


def own_number(identity: Identity) -> str:
    """The member number of whoever asks.

    Raises:
        NotFound: this user is nobody's member.
    """
    if identity.member_number is None:
        raise NotFound("not-found", N_("Tidak ditemukan."))
    return identity.member_number


CONTROLLERS: list[type[Controller]] = [FamilyPages, ProgrammePages]
