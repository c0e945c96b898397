"""Pages of petty cash: what is in it, spent from it, counted and filled up, and a count as a paper to sign."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from litestar import Controller, Response, get, post
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.access import service as access
from koperasi.cooperatives.service import Cooperative, cooperative_of
from koperasi.db import Database
from koperasi.errors import NotFound, Refusal
from koperasi.formats import format_amount
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import GRANTS, Identity, Permission
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest
from koperasi.treasury import service
from koperasi.treasury.api import Number, holds_vault
from koperasi.treasury.counting import agreed_to, count_rows, counted, refuse
from koperasi.web import Form, Notice

DONE: Mapping[str, str] = {
    "hitung": N_("Hitungan kas kecil tercatat. Cetak dan tandatangani."),
    "belanja": N_("Belanja tercatat. Simpan notanya."),
}


class PettyPages(Controller):
    """Petty cash."""

    include_in_schema = False

    @get("/kas/kecil", opt={"permission": Permission.READ_CASH})
    async def page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """What is in it, what was spent since it was counted, and the latest counts; a teller sees it who holds it."""
        identity, book_id = request.user, request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            box = await _box(connection, cooperative, identity, reading=True)
            counts = await service.petty_counts(connection, cooperative)
            holder = await access.name_of(connection, book_id, box.holder) if box.holder else ""
        done = DONE.get(request.query_params.get("selesai", ""))
        return await frame.page(
            request,
            "treasury/petty.html",
            notices=[Notice("ok", translate(identity.locale, done))] if done else [],
            box=box,
            counts=counts,
            holder=holder,
            may_act=_may_act(identity, box),
        )

    @get("/kas/kecil/belanja", opt={"permission": Permission.OPEN_SESSION})
    async def spend_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """What was bought, by its receipt."""
        return await _spend_form(request, database, frame, Form({}, request.user.locale))

    @post("/kas/kecil/belanja", opt={"permission": Permission.OPEN_SESSION})
    async def spend(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Book it once, however often the form is sent."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        key, amount = form.uuid("key"), form.amount("amount")
        account, words = form.text("account", required=True, max_length=20), form.text("words", required=True)
        source = form.text("source", max_length=60) or None
        if form.ok and key and amount:
            once = Idempotency.of("web", str(key), "kas-kecil-belanja", amount, account, words, source)
            try:
                async with database.work(identity.book_id) as work:
                    await service.spend(
                        work,
                        await cooperative_of(work.connection, identity.book_id),
                        actor=identity.username,
                        account=account,
                        amount_minor=amount,
                        words=words,
                        source=source,
                        holds_vault=holds_vault(identity),
                        idempotency=once,
                        now=datetime.now(UTC),
                    )
                    await work.commit()
                return Redirect("/kas/kecil?selesai=belanja", status_code=303)
            except NotFound:
                raise
            except Refusal as refusal:
                if refusal.code == "floor":
                    form.error("amount", N_("Kas kecil tidak mempunyai uang sebanyak itu menurut buku."))
                else:
                    form.add_refusal(refusal)
        return await _spend_form(request, database, frame, form, status=422)

    @get("/kas/kecil/hitung", opt={"permission": Permission.OPEN_SESSION})
    async def count_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The box is counted before anything is put in."""
        return await _count_form(request, database, frame, Form({}, request.user.locale))

    @post("/kas/kecil/hitung", opt={"permission": Permission.OPEN_SESSION})
    async def count(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Count it once; a difference is booked only when it was seen and agreed to."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        key, count, differs = form.uuid("key"), counted(form), ""
        top_up = form.amount("top_up", required=False, positive=False) or 0
        back = form.amount("back", required=False, positive=False) or 0
        async with database.reading(identity.book_id) as connection:
            holders = [name for name, _ in await _holders(connection, identity.book_id)]
        holder = (form.choice("holder", holders) or "") if holds_vault(identity) else identity.username
        agreed = agreed_to(form)
        if top_up and back:
            form.error("back", N_("Isi salah satu: diisi, atau disetor kembali."))
        if form.ok and key and count is not None:
            moved = top_up - back
            once = Idempotency.of("web", str(key), "kas-kecil-hitung", count.to_json(), moved, holder, agreed)
            try:
                async with database.work(identity.book_id) as work:
                    await service.count_petty(
                        work,
                        await cooperative_of(work.connection, identity.book_id),
                        actor=identity.username,
                        holder=holder,
                        count=count,
                        top_up_minor=moved,
                        difference_minor=agreed,
                        holds_vault=holds_vault(identity),
                        idempotency=once,
                        now=datetime.now(UTC),
                    )
                    await work.commit()
                return Redirect("/kas/kecil?selesai=hitung", status_code=303)
            except NotFound:
                raise
            except Refusal as refusal:
                if refusal.code == "floor":
                    form.error("top_up", N_("Kas besar tidak mempunyai uang sebanyak itu menurut buku."))
                else:
                    differs = refuse(form, refusal)
        return await _count_form(request, database, frame, form, differs, status=422)

    @get("/kas/kecil/{number:int}", opt={"permission": Permission.READ_CASH})
    async def paper(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[str]:
        """One count, to print and to sign."""
        identity, book_id = request.user, request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            await _box(connection, cooperative, identity, reading=True)
            found = await service.petty_counts(connection, cooperative, number=number, limit=1)
            if not found:
                raise NotFound("petty-count", N_("Hitungan kas kecil ini tidak ada."))
            one = found[0]
            people = {name: await access.name_of(connection, book_id, name) for name in (one.holder, one.counted_by)}
        return await frame.page(request, "treasury/petty_count.html", one=one, people=people)


def _may_act(identity: Identity, box: service.Box) -> bool:
    """Whether they may spend from it and count it: who holds it, or the vault."""
    return holds_vault(identity) or (identity.may(Permission.OPEN_SESSION) and box.holder == identity.username)


async def _box(
    connection: AsyncConnection, cooperative: Cooperative, identity: Identity, *, reading: bool = False
) -> service.Box:
    """Petty cash, if it is theirs to look at (``reading``), or to act on.

    Raises:
        NotFound: ``petty-cash``.
    """
    box = await service.box(connection, cooperative, cooperative.today(datetime.now(UTC)))
    if not (_may_act(identity, box) or (reading and identity.may(Permission.READ_BOOKS))):
        raise NotFound("petty-cash", N_("Kas kecil ini tidak ada, atau dipegang orang lain."))
    return box


async def _holders(connection: AsyncConnection, book_id: int) -> list[tuple[str, str]]:
    """Who may hold petty cash: whoever may work a till, by user name and name."""
    users = await access.list_users(connection, book_id)
    return [(one.username, one.name) for one in users if one.active and Permission.OPEN_SESSION in GRANTS[one.role]]


async def _spend_form(
    request: ApiRequest, database: Database, frame: Frame, form: Form, *, status: int = 200
) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        box = await _box(connection, cooperative, identity)
        expenses = await service.expenses(connection, identity.book_id)
    english = identity.locale == "en"
    options = [(one.code, f"{one.code} {one.name_en if english else one.name_id}") for one in expenses]
    return await frame.page(
        request, "treasury/petty_spend.html", status=status, form=form, key=str(uuid4()), box=box, options=options
    )


async def _count_form(
    request: ApiRequest, database: Database, frame: Frame, form: Form, differs: str = "", *, status: int = 200
) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        box = await _box(connection, cooperative, identity)
        holders = await _holders(connection, identity.book_id) if holds_vault(identity) else []
    form.fill("holder", box.holder or identity.username)
    if status == 200 and box.top_up_minor and holders:
        form.fill("top_up", format_amount(box.top_up_minor, symbol=False))
    return await frame.page(
        request,
        "treasury/petty_form.html",
        status=status,
        form=form,
        key=str(uuid4()),
        box=box,
        holders=holders,
        differs=differs,
        **count_rows(form),
    )


CONTROLLERS: list[type[Controller]] = [PettyPages]
