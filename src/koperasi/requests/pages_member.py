"""A member's own requests, made for a phone: ask, see what came of it, take it back."""

from typing import Annotated, Any
from uuid import uuid4

from litestar import Controller, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database, Work
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.formats import format_amount
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import Identity, Permission
from koperasi.posting import Idempotency
from koperasi.requests import rules, service
from koperasi.requests.rules import Field
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.savings import service as savings
from koperasi.web import Form, Notice

Number = Annotated[int, Parameter(ge=1, le=2**53)]

PAGE_SIZE = 10
"""With all that may be written in them, so many stay light enough for a slow line."""

SAID = {
    "penarikan": N_("Permintaan terkirim. Uang diambil di kantor dengan penarikan biasa."),
    "data": N_("Permintaan terkirim. Pengurus akan memeriksa dan menjawabnya."),
    "aduan": N_("Aduan terkirim kepada pengawas. Jawabannya tampil di sini."),
    "ditarik": N_("Permintaan ditarik kembali."),
}


class OwnRequestPages(Controller):
    """What a member asks for."""

    path = "/permintaan-saya"
    include_in_schema = False

    @get(opt={"permission": Permission.OWN_PAGES})
    async def all(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """All of one's requests with their answers, and the ways to ask."""
        identity = request.user
        number = own_number(identity)
        before = decode_cursor(request.query_params.get("before"), "int")
        async with database.reading(identity.book_id) as connection:
            found = await service.of_member(
                connection, identity.book_id, number, before=before[0] if before else None, limit=PAGE_SIZE + 1
            )
        shown = found[:PAGE_SIZE]
        said = SAID.get(request.query_params.get("selesai", ""))
        return await frame.page(
            request,
            "requests/own.html",
            notices=[Notice("ok", translate(identity.locale, said))] if said else [],
            requests=shown,
            newest_url="/permintaan-saya" if before else "",
            older_url=f"/permintaan-saya?before={encode_cursor(shown[-1].number)}" if len(found) > PAGE_SIZE else "",
        )

    @get("/penarikan", opt={"permission": Permission.OWN_PAGES})
    async def withdrawal_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Which account, how much, when."""
        return await _withdrawal_form(request, database, frame, Form(None, request.user.locale))

    @post("/penarikan", opt={"permission": Permission.OWN_PAGES}, status_code=200)
    async def ask_withdrawal(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Tell the desk that one will come for money."""
        identity = request.user
        number = own_number(identity)
        form = Form(await request.form(), identity.locale)
        for name in ("account", "amount", "words"):
            form.set(name, "")
        key, account = form.uuid("key"), form.text("account", required=True, max_length=20)
        amount, words = form.amount("amount"), form.lines("words", max_length=rules.WORDS_MAX_LENGTH)
        if form.ok and key and amount:
            once = Idempotency.of("web", str(key), number, "penarikan", account, amount, words)
            try:
                async with database.work(identity.book_id) as work:
                    asked = await service.ask_withdrawal(
                        work, number, account, amount, words, actor=identity.username, once=once
                    )
                    await _keep(work, asked)
            except Refusal as refusal:
                form.add_refusal(refusal)
            else:
                return _sent("penarikan")
        return await _withdrawal_form(request, database, frame, form, status=422)

    @get("/data", opt={"permission": Permission.OWN_PAGES})
    async def change_page(self, request: ApiRequest, frame: Frame) -> Response[str]:
        """Which of one's data, and what it should be."""
        own_number(request.user)
        return await _change_form(request, frame, Form(None, request.user.locale))

    @post("/data", opt={"permission": Permission.OWN_PAGES}, status_code=200)
    async def ask_change(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Ask that something in the register be changed."""
        identity = request.user
        number = own_number(identity)
        form = Form(await request.form(), identity.locale)
        for name in ("field", "words"):
            form.set(name, "")
        key, wanted = form.uuid("key"), form.choice("field", list(Field))
        words = form.lines("words", required=True, max_length=rules.WORDS_MAX_LENGTH)
        if form.ok and key and wanted:
            once = Idempotency.of("web", str(key), number, "data", wanted, words)
            try:
                async with database.work(identity.book_id) as work:
                    asked = await service.ask_change(
                        work, number, Field(wanted), words, actor=identity.username, once=once
                    )
                    await _keep(work, asked)
            except Refusal as refusal:
                form.add_refusal(refusal)
            else:
                return _sent("data")
        return await _change_form(request, frame, form, status=422)

    @get("/bukti/{number:str}", opt={"permission": Permission.OWN_PAGES})
    async def report_page(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """The line that seems wrong, and what is wrong about it."""
        return await _report_form(request, database, frame, number, Form(None, request.user.locale))

    @post("/bukti/{number:str}", opt={"permission": Permission.OWN_PAGES}, status_code=200)
    async def report(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Tell the supervisors."""
        identity = request.user
        own = own_number(identity)
        form = Form(await request.form(), identity.locale)
        form.set("words", "")
        key, words = form.uuid("key"), form.lines("words", required=True, max_length=rules.WORDS_MAX_LENGTH)
        if form.ok and key:
            once = Idempotency.of("web", str(key), own, "aduan", number, words)
            try:
                async with database.work(identity.book_id) as work:
                    cooperative = await cooperative_of(work.connection, identity.book_id)
                    asked = await service.report_line(
                        work, cooperative, own, number, words, actor=identity.username, once=once
                    )
                    await _keep(work, asked)
            except NotFound:
                raise
            except Refusal as refusal:
                form.add_refusal(refusal)
            else:
                return _sent("aduan")
        return await _report_form(request, database, frame, number, form, status=422)

    @post("/{number:int}/tarik", opt={"permission": Permission.OWN_PAGES}, status_code=200)
    async def take_back(self, request: ApiRequest, database: Database, number: Number) -> Redirect:
        """Take back what was not answered yet; answered meanwhile, the list says how."""
        identity = request.user
        own = own_number(identity)
        try:
            async with database.work(identity.book_id) as work:
                await service.take_back(work, own, number, actor=identity.username)
                await work.commit()
        except Conflict:
            return Redirect("/permintaan-saya", status_code=303)
        return _sent("ditarik")


def own_number(identity: Identity) -> str:
    """The member number of whoever asks.

    Raises:
        NotFound: this user is nobody's member.
    """
    if identity.member_number is None:
        raise NotFound("not-found", N_("Tidak ditemukan."))
    return identity.member_number


async def _keep(work: Work, asked: service.Asked) -> None:
    if not asked.replayed:
        await work.commit()


def _sent(what: str) -> Redirect:
    return Redirect(f"/permintaan-saya?selesai={what}", status_code=303)


async def _withdrawal_form(
    request: ApiRequest, database: Database, frame: Frame, form: Form, *, status: int = 200
) -> Response[str]:
    identity = request.user
    number = own_number(identity)
    async with database.reading(identity.book_id) as connection:
        accounts = await savings.accounts_of(connection, identity.book_id, number)
    usable = [one for one in accounts if one.closed_on is None and one.available_minor > 0]
    for name in ("amount", "words"):
        form.set(name, "")
    form.set("account", usable[0].number if len(usable) == 1 else "")
    options = [
        (one.number, f"{translate(identity.locale, one.kind.label)} · {format_amount(one.available_minor)}")
        for one in usable
    ]
    return await frame.page(
        request, "requests/withdrawal.html", status=status, form=form, options=options, key=str(uuid4())
    )


async def _change_form(request: ApiRequest, frame: Frame, form: Form, *, status: int = 200) -> Response[str]:
    for name in ("field", "words"):
        form.set(name, "")
    options = [(one.value, translate(request.user.locale, one.label)) for one in Field]
    return await frame.page(
        request, "requests/change.html", status=status, form=form, options=options, key=str(uuid4())
    )


async def _report_form(
    request: ApiRequest, database: Database, frame: Frame, number: str, form: Form, *, status: int = 200
) -> Response[str]:
    identity = request.user
    own_number(identity)
    cooperative = await frame.cooperative(request)
    async with database.reading(identity.book_id) as connection:
        receipt = await savings.receipt_for(connection, cooperative, identity, number)
    form.set("words", "")
    return await frame.page(
        request,
        "requests/report.html",
        status=status,
        form=form,
        receipt=receipt,
        movement=savings.movement,
        key=str(uuid4()),
    )


CONTROLLERS: list[type[Controller]] = [OwnRequestPages]
