"""What is done with a contract: its instruction changed, closed early with a preview, and all that is due posted."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from litestar import Controller, Response, get, post
from litestar.response import Redirect

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.deposits import rules, service
from koperasi.deposits.api_run import run
from koperasi.deposits.rules import RollOver
from koperasi.deposits.wire import texts
from koperasi.errors import Refusal
from koperasi.formats import format_amount
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import Permission
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest
from koperasi.savings import service as savings
from koperasi.web import Form, Notice

RUN_DONE = N_("%(count)s jurnal dicatat.")
NOTHING_DUE = N_("Tidak ada yang perlu dicatat lagi.")


class ActPages(Controller):
    """One contract at a time."""

    include_in_schema = False

    @get("/berjangka/{number:str}/tutup", opt={"permission": Permission.POST_SAVINGS})
    async def closing_page(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """What closing today would come to, before it is done."""
        return await self._closing(request, database, frame, number, Form(locale=request.user.locale))

    @post("/berjangka/{number:str}/tutup", opt={"permission": Permission.POST_SAVINGS})
    async def close(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Close it today, once."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        if key := form.uuid("key"):
            try:
                async with database.work(identity.book_id) as work:
                    cooperative = await cooperative_of(work.connection, identity.book_id)
                    await service.close_early(
                        work,
                        cooperative,
                        number,
                        cooperative.today(datetime.now(UTC)),
                        actor=identity.username,
                        idempotency=Idempotency.of("web", str(key), "tutup", number),
                    )
                    await work.commit()
                return Redirect(f"/berjangka/{number}?ditutup=1", status_code=303)
            except Refusal as refusal:
                if refusal.status == 404:
                    raise
                form.add_refusal(refusal)
        return await self._closing(request, database, frame, number, form, status=422)

    async def _closing(
        self, request: ApiRequest, database: Database, frame: Frame, number: str, form: Form, *, status: int = 200
    ) -> Response[str]:
        identity = request.user
        offer = None
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            named = await service.deposit_by_number(connection, identity.book_id, number)
            today = cooperative.today(datetime.now(UTC))
            due = (await service.due(connection, cooperative, today, number=number)).items
            try:
                offer = await service.preview(connection, cooperative, number, today)
            except Refusal as refusal:
                form.add_refusal(refusal)
        return await frame.page(
            request,
            "deposits/closing.html",
            status=status if form.ok else 422,
            form=form,
            key=str(uuid4()),
            named=named,
            offer=offer,
            due=len(due),
            working=texts(offer.closing.working, identity.locale) if offer else [],
            today=today,
            earlies=rules.EARLY_LABELS,
        )

    @get("/berjangka/{number:str}/ubah", opt={"permission": Permission.POST_SAVINGS})
    async def instruct_page(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """The form to say anew what becomes of it."""
        return await self._instruct(request, database, frame, number, Form(locale=request.user.locale))

    @post("/berjangka/{number:str}/ubah", opt={"permission": Permission.POST_SAVINGS})
    async def instruct(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Keep what the member wants."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        roll_over = form.choice("roll_over", list(RollOver))
        payout = form.text("payout_account", required=True, max_length=20)
        if form.ok and roll_over:
            try:
                async with database.work(identity.book_id) as work:
                    cooperative = await cooperative_of(work.connection, identity.book_id)
                    await service.instruct(
                        work,
                        number,
                        roll_over=RollOver(roll_over),
                        payout_account=payout,
                        on=cooperative.today(datetime.now(UTC)),
                        actor=identity.username,
                    )
                    await work.commit()
                return Redirect(f"/berjangka/{number}?diubah=1", status_code=303)
            except Refusal as refusal:
                form.add_refusal(refusal)
        return await self._instruct(request, database, frame, number, form, status=422)

    async def _instruct(
        self, request: ApiRequest, database: Database, frame: Frame, number: str, form: Form, *, status: int = 200
    ) -> Response[str]:
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            found = (await service.deposit_by_number(connection, identity.book_id, number)).deposit
            accounts = await savings.accounts_of(connection, identity.book_id, found.member_number)
        usable = [one for one in accounts if one.kind.withdrawable and not one.closed_on]
        form.set("roll_over", found.roll_over.value)
        form.set("payout_account", found.payout_account)
        return await frame.page(
            request,
            "deposits/instruct.html",
            status=status,
            form=form,
            deposit=found,
            roll_over_options=[
                (one.value, translate(form.locale, label))
                for one, label in rules.ROLL_OVER_LABELS.items()
                if not (found.pay_months and one is RollOver.ALL)
            ],
            payout_options=[
                (
                    one.number,
                    f"{translate(form.locale, one.kind.label)} · {one.number} · {format_amount(one.balance_minor)}",
                )
                for one in usable
            ],
        )


class DuePages(Controller):
    """All that is due, and posting it."""

    include_in_schema = False

    @get("/berjangka/jatuh-tempo", opt={"permission": Permission.READ_SAVINGS})
    async def due_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """What is due until today: returns and maturities, and what waits for something."""
        return await self._due(request, database, frame, [])

    @post("/berjangka/jatuh-tempo", opt={"permission": Permission.MANAGE_RETURNS}, status_code=200)
    async def post_due(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Post what is due; again, it finds nothing left to post."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
        outcome = await run(database, cooperative, cooperative.today(datetime.now(UTC)), identity.username)
        said = RUN_DONE if outcome.posted else NOTHING_DUE
        notices = [Notice("ok", translate(identity.locale, said, count=len(outcome.posted)))]
        return await self._due(request, database, frame, notices, outcome.posted, dict(outcome.waiting))

    async def _due(
        self,
        request: ApiRequest,
        database: Database,
        frame: Frame,
        notices: list[Notice],
        posted: list[service.Done] | None = None,
        refused: dict[str, str] | None = None,
    ) -> Response[str]:
        identity = request.user
        if not identity.is_staff:
            raise service.not_found()
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            today = cooperative.today(datetime.now(UTC))
            page = await service.due(connection, cooperative, today)
        return await frame.page(
            request,
            "deposits/due.html",
            notices=notices,
            items=page.items,
            more=page.more,
            posted=posted or [],
            refused=refused or {},
            ready=[one for one in page.items if one.waits is None],
            waits=service.WAITS,
            pays=rules.PAY_LABELS,
            today=today,
            roll_overs=rules.ROLL_OVER_LABELS,
            is_sharia=cooperative.is_sharia,
            may_run=identity.may(Permission.MANAGE_RETURNS),
            may_books=identity.may(Permission.READ_BOOKS),
        )


CONTROLLERS: list[type[Controller]] = [DuePages, ActPages]
