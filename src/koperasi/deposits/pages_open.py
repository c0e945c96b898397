"""Opening a term deposit: who, how much and how long; then what it will bring and when; then it is made."""

from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import uuid4

from litestar import Controller, Response, get, post
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import Cooperative, cooperative_of
from koperasi.db import Database
from koperasi.deposits import rules, service
from koperasi.deposits.figures import exact
from koperasi.deposits.rules import RollOver, Terms
from koperasi.deposits.wire import texts
from koperasi.errors import NotFound, Refusal
from koperasi.formats import format_amount
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.members import service as members
from koperasi.permissions import Permission
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest
from koperasi.savings import service as savings
from koperasi.web import Form

FIELDS = ("anggota", "amount", "months", "source", "payout_account", "roll_over", "opened_on")
MOST_FOUND = 20
_FIELD_OF = {
    "period-held": "opened_on",
    "period-closed": "opened_on",
    "account-not-open": "opened_on",
    "floor": "amount",
}


class Preview(NamedTuple):
    """What a contract would bring: returns in order, their sum in sen (nothing while unknown), and how."""

    terms: Terms
    matures_on: date
    parts: list[rules.Part]
    total_minor: int | None
    working: list[str]


class Holder(NamedTuple):
    """Somebody who may open a contract: a member, or another cooperative."""

    number: str
    name: str
    village: str

    @property
    def is_partner(self) -> bool:
        """It is another cooperative."""
        return savings.is_partner_number(self.number)


class OpeningPages(Controller):
    """The form, with its preview."""

    include_in_schema = False

    @get("/berjangka/baru", opt={"permission": Permission.POST_SAVINGS})
    async def page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """First who; then how much and how long; once that can be read, what it will bring."""
        asked = request.query_params
        form = Form({name: asked[name] for name in FIELDS if asked.get(name)}, request.user.locale)
        return await self._show(request, database, frame, form, is_asked="amount" in asked)

    @post("/berjangka/baru", opt={"permission": Permission.POST_SAVINGS})
    async def open_deposit(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Make the contract, once, and show its card."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        key, wish = form.uuid("key"), _wish(form)
        if form.ok and key and wish:
            try:
                async with database.work(identity.book_id) as work:
                    cooperative = await cooperative_of(work.connection, identity.book_id)
                    opened = await service.open_deposit(
                        work,
                        cooperative,
                        wish,
                        today=cooperative.today(datetime.now(UTC)),
                        actor=identity.username,
                        idempotency=Idempotency.of("web", str(key), *wish),
                    )
                    await work.commit()
                return Redirect(f"/berjangka/{opened.number}?dibuka=1", status_code=303)
            except Refusal as refusal:
                _refuse(form, refusal)
        return await self._show(request, database, frame, form, is_asked=True, status=422)

    async def _show(
        self,
        request: ApiRequest,
        database: Database,
        frame: Frame,
        form: Form,
        *,
        is_asked: bool,
        status: int = 200,
    ) -> Response[str]:
        identity = request.user
        typed = form.text("anggota", max_length=100)
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            found = await _holders(connection, cooperative, typed) if typed else []
            fitting = [one for one in found if one.number == typed.upper()] or found
            member = fitting[0] if len(fitting) == 1 else None
            if member is None:
                if typed and not found:
                    form.error("anggota", N_("Tidak ditemukan. Periksa nomor, nama, atau teleponnya."))
                return await frame.page(
                    request,
                    "deposits/who.html",
                    status=status if form.ok else 422,
                    form=form,
                    members=found,
                    offered=service.has_deposits(cooperative),
                    partners=service.takes_partners(cooperative),
                )
            today = cooperative.today(datetime.now(UTC))
            accounts = await savings.accounts_of(connection, identity.book_id, member.number)
            usable = [one for one in accounts if one.kind.withdrawable and not one.closed_on]
            form.set("opened_on", today.isoformat())
            terms = await service.all_terms(connection, identity.book_id)
            offered = [one for months in rules.TERMS_OFFERED if (one := rules.in_force(terms, months, today))]
            preview = None
            wish = _wish(form) if is_asked else None
            if wish and form.ok:
                try:
                    planned = await service.plan(connection, cooperative, wish, today)
                    results = await service.results_for(connection, cooperative)
                    preview = _preview(wish, planned.terms, results, identity.locale)
                except NotFound:
                    form.error("", N_("Rekening simpanan ini tidak ada."))
                except Refusal as refusal:
                    _refuse(form, refusal)
        _begin(form, usable, offered)
        return await frame.page(
            request,
            "deposits/open.html",
            status=status if form.ok else 422,
            form=form,
            key=str(uuid4()),
            member=member,
            usable=usable,
            months_options=_months(offered, cooperative, form.locale),
            source_options=_sources(usable, form.locale),
            payout_options=[(one.number, _described(one, form.locale)) for one in usable],
            roll_over_options=[
                (one.value, translate(form.locale, label)) for one, label in rules.ROLL_OVER_LABELS.items()
            ],
            preview=preview,
            fields=FIELDS,
            today=today,
            is_sharia=cooperative.is_sharia,
            pays=rules.PAY_LABELS,
            earlies=rules.EARLY_LABELS,
            percent=exact,
        )


async def _holders(connection: AsyncConnection, cooperative: Cooperative, typed: str) -> list[Holder]:
    """Members, and other cooperatives where they may save here, whom these words may mean."""
    found = [
        Holder(one.number, one.name, one.village or "")
        for one in await members.search(connection, cooperative.book_id, text=typed, limit=MOST_FOUND)
    ]
    if service.takes_partners(cooperative):
        wanted = typed.casefold()
        found += [
            Holder(one.number, one.name, "")
            for one in await savings.partners(connection, cooperative.book_id)
            if wanted in one.name.casefold() or wanted == one.number.casefold()
        ]
    return found[:MOST_FOUND]


def _wish(form: Form) -> service.Wish | None:
    """What was typed, if all of it can be read."""
    amount, day = form.amount("amount"), form.date("opened_on")
    months = form.choice("months", [str(one) for one in rules.TERMS_OFFERED])
    source = form.text("source", required=True, max_length=20)
    payout = form.text("payout_account", required=True, max_length=20)
    roll_over = form.choice("roll_over", list(RollOver))
    member = form.text("anggota", required=True, max_length=100)
    if not form.ok or amount is None or day is None or months is None or roll_over is None:
        return None
    return service.Wish(member, amount, int(months), source, payout, RollOver(roll_over), day)


def _preview(wish: service.Wish, terms: Terms, results: list[rules.Result], locale: str) -> Preview:
    """The contract as it would stand, followed to its maturity."""
    would = rules.proposed(terms, wish.amount_minor, wish.opened_on, wish.roll_over)
    parts = rules.parts(would, results)
    amounts = [one.gross_minor for one in parts]
    total = None if None in amounts else sum(amount or 0 for amount in amounts)
    return Preview(terms, would.matures_on, parts, total, texts(rules.working(would, results), locale))


def _begin(form: Form, usable: list[savings.SavingsAccount], offered: list[Terms]) -> None:
    """What is likely, where nothing was typed."""
    likely = {
        "months": str(offered[min(1, len(offered) - 1)].months) if offered else "",
        "source": usable[0].number if usable else service.CASH,
        "payout_account": usable[0].number if usable else "",
        "roll_over": RollOver.NONE.value,
    }
    for name, value in likely.items():
        form.set(name, value)


def _months(offered: list[Terms], cooperative: Cooperative, locale: str) -> list[tuple[str, str]]:
    message = N_("%(months)s bulan · nisbah %(percent)s %%")
    if not cooperative.is_sharia:
        message = N_("%(months)s bulan · %(percent)s %% setahun")
    return [
        (str(one.months), translate(locale, message, months=one.months, percent=exact(one.percent))) for one in offered
    ]


def _sources(usable: list[savings.SavingsAccount], locale: str) -> list[tuple[str, str]]:
    return [(one.number, _described(one, locale)) for one in usable] + [
        (service.CASH, translate(locale, N_("Tunai, diterima di meja")))
    ]


def _described(account: savings.SavingsAccount, locale: str) -> str:
    return f"{translate(locale, account.kind.label)} · {account.number} · {format_amount(account.available_minor)}"


def _refuse(form: Form, refusal: Refusal) -> None:
    """Say beside the field what was refused."""
    if refusal.field is None and refusal.code in _FIELD_OF:
        form.error(_FIELD_OF[refusal.code], refusal.message, **refusal.params)
    else:
        form.add_refusal(refusal)


CONTROLLERS: list[type[Controller]] = [OpeningPages]
