"""Pages of the desk: cash now, recording a transaction, and the statement of a savings account."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID, uuid4

from litestar import Controller, MediaType, Response, get, post
from litestar.response import Redirect

import ledger
from koperasi import formats, terbilang
from koperasi.approvals import service as approvals
from koperasi.approvals.service import NeedsApproval
from koperasi.cooperatives.service import Cooperative, cooperative_of
from koperasi.db import Database
from koperasi.dues import service as dues
from koperasi.errors import NotFound, Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_
from koperasi.membership import service as membership
from koperasi.permissions import Permission
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.savings import (
    messages,
    pages_accounts,
    pages_member,
    pages_products,
    pages_receipt,
    service,
    service_desk,
    service_fees,
)
from koperasi.savings.rules import SavingsKind
from koperasi.treasury import service as treasury
from koperasi.web import Form
from koperasi.web.render import private_page

STATEMENT_LINES = 50


class Template(StrEnum):
    """What is recorded, by the key that chooses it."""

    DEPOSIT = "s"
    WITHDRAWAL = "t"
    TRANSFER = "p"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return messages.movement(self.entry_kind)

    @property
    def entry_kind(self) -> str:
        """The kind of the entry that it makes."""
        return _ENTRY_KINDS[self]

    @property
    def sign(self) -> int:
        """What it does to the account that is chosen: 1 adds, -1 takes away."""
        return 1 if self is Template.DEPOSIT else -1


_ENTRY_KINDS: Mapping[Template, str] = {
    Template.DEPOSIT: "savings.deposit",
    Template.WITHDRAWAL: "savings.withdrawal",
    Template.TRANSFER: "savings.transfer",
}

FIELDS = ("template", "rekening", "target", "amount", "date")

# Refusals of the book that name no field, and the field that people would change.
_FIELD_OF = {
    "period-held": "date",
    "period-closed": "date",
    "account-not-open": "date",
    "floor": "amount",
    "overflow": "amount",
    "deposit-below-minimum": "amount",
}
SENT_BEFORE = N_(
    "Formulir ini sudah pernah dikirim dengan isi lain. Periksa bukti terakhir; bila memang baru, kirim lagi."
)
NO_SUCH_MEMBER = N_("Anggota tidak ditemukan. Periksa nomor, nama, atau teleponnya.")


class DeskPages(Controller):
    """The desk and what is recorded there."""

    include_in_schema = False

    @get("/meja", opt={"permission": Permission.POST_SAVINGS})
    async def desk(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Cash now, what came in and went out on the business day, and the latest movements."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            day = _today(cooperative)
            at_hand = await treasury.at_hand(connection, cooperative, request.user.username)
            mine = at_hand.session.ledger_account_id if at_hand.session else None
            cash = await service.cash_day(connection, cooperative, day, mine)
            handed = await treasury.handed_on(connection, book_id, mine, day) if mine else (0, 0)
            needed = await treasury.needs_session(connection, cooperative)
            vault_minor = await service_desk.vault_minor(connection, cooperative)
            movements = await service_desk.latest_movements(connection, book_id)
        return await frame.page(
            request,
            "savings/desk.html",
            day=day,
            cash=cash,
            at_hand=at_hand,
            handed=handed,
            needed=needed,
            vault_minor=vault_minor,
            movements=movements,
            movement=messages.movement,
            templates=list(Template),
            may_register=request.user.may(Permission.WRITE_MEMBERS),
        )

    @get("/transaksi", opt={"permission": Permission.POST_SAVINGS})
    async def transaction_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """First who and which account, then how much; the address holds what was chosen."""
        asked = request.query_params
        template = _template(asked.get("template", ""))
        form = Form({"anggota": asked.get("anggota", ""), "date": asked.get("tanggal", "")}, request.user.locale)
        form.date("date", required=False)
        day = form.value("date") if not form.error_of("date") else ""
        start = Form({"template": template.value, "date": day} if day else {"template": template.value}, form.locale)
        return await _show(
            request, database, frame, start, template, typed=asked.get("anggota", ""), account=asked.get("rekening", "")
        )

    @post("/transaksi", opt={"permission": Permission.POST_SAVINGS})
    async def record(
        self, request: ApiRequest, database: Database, poster: ledger.Poster, frame: Frame
    ) -> Response[Any]:
        """Post it once, however often the form is sent; then show the receipt."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        for name in FIELDS:
            form.set(name, "")
        template = _template(form.value("template"))
        key, amount_minor, day = form.uuid("key"), form.amount("amount"), form.date("date")
        account = form.text("rekening", required=True, max_length=20)
        target = form.text("target", required=template is Template.TRANSFER, max_length=20)
        if form.ok and key and amount_minor and day:
            async with database.reading(identity.book_id) as connection:
                cooperative = await cooperative_of(connection, identity.book_id)
            what = _Wanted(template, account, target, amount_minor, day, identity.username, key)
            try:
                return Redirect(await _recorded(database, poster, cooperative, what), status_code=303)
            except Refusal as refusal:
                _refuse(form, refusal)
        return await _show(request, database, frame, form, template, typed="", account=account, status=422)

    @get("/transaksi/cari", opt={"permission": Permission.POST_SAVINGS})
    async def look_up(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The members that fit what is being typed, with their savings, as options for the script."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            found, _ = await service_desk.find_customers(connection, book_id, _typed(request.query_params.get("q", "")))
        locale = request.user.locale
        return private_page(
            frame.pages.render("savings/options.html", locale=locale, customers=found, short=messages.SHORT)
        )

    @get("/kata", opt={"permission": Permission.SESSION}, media_type=MediaType.TEXT)
    async def words(self, request: ApiRequest) -> Response[str]:
        """An amount in words; nothing while it can't be read."""
        try:
            minor = formats.parse_amount(request.query_params.get("amount", ""))
            text = terbilang.amount_in_words(minor, request.user.locale)
        except ValueError:
            text = ""
        return Response(text, media_type="text/plain; charset=utf-8")

    @get("/simpanan/{number:str}", opt={"permission": Permission.READ_SAVINGS})
    async def statement(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """A savings account's movements between two days, with opening and closing balance."""
        identity, asked = request.user, request.query_params
        if not identity.is_staff:
            raise NotFound("not-found", N_("Tidak ditemukan."))
        form = Form({"dari": asked.get("dari", ""), "sampai": asked.get("sampai", "")}, identity.locale)
        first, last = form.date("dari", required=False), form.date("sampai", required=False)
        if first and last and first > last:
            form.error("sampai", N_("Tanggal akhir harus sesudah tanggal awal."))
        place = decode_cursor(asked.get("sesudah"), "date", "int", "int")
        after = (place[0], place[1], place[2]) if place else None
        async with database.reading(identity.book_id) as connection:
            account = await service.account_by_number(connection, identity.book_id, number)
            member = await service_desk.holder_of(connection, identity.book_id, account.member_number)
            first, last = (first, last) if form.ok else (None, None)
            page = await service.statement(connection, identity.book_id, account, first, last, after, STATEMENT_LINES)
            about = await pages_accounts.about(connection, identity.book_id, account, form.locale)
        kept = {name: form.value(name) for name in ("dari", "sampai") if form.value(name)}
        further = {**kept, "sesudah": encode_cursor(*page.next_after)} if page.next_after else {}
        address = f"/simpanan/{number}?"
        return await frame.page(
            request,
            "savings/statement.html",
            status=200 if form.ok else 422,
            form=form,
            account=account,
            member=member,
            page=page,
            first=first,
            last=last,
            continued=after is not None,
            movement=messages.movement,
            first_url=address + urlencode(kept) if after else "",
            next_url=address + urlencode(further) if further else "",
            may_post=identity.may(Permission.POST_SAVINGS),
            may_open=identity.may(Permission.OPEN_SAVINGS),
            **about,
        )


class _Wanted(NamedTuple):
    """A transaction as it was typed, once all of it could be read."""

    template: Template
    account: str
    target: str
    amount_minor: int
    day: date
    actor: str
    key: UUID


async def _recorded(database: Database, poster: ledger.Poster, cooperative: Cooperative, wanted: _Wanted) -> str:
    """Post it, or ask a second person; the address that shows what became of it.

    Raises:
        Refusal: what the rules or the book say.
    """
    book_id, now = cooperative.book_id, datetime.now(UTC)
    try:
        try:
            receipt = await _post(database, poster, cooperative, wanted)
        except Refusal:
            async with database.work(book_id) as work:
                # What drafts held that have expired since may be just what is missing.
                freed = await approvals.expire(work.connection, book_id, wanted.actor, now)
                await work.commit()
            if not freed:
                raise
            receipt = await _post(database, poster, cooperative, wanted)
    except NeedsApproval as need:
        async with database.work(book_id) as work:
            asked = await approvals.ask(work.connection, book_id, need, now)
            await work.commit()
        return f"/persetujuan/{asked.number}?baru=1"
    return f"/bukti/{receipt.number}?baru=1"


async def _post(
    database: Database, poster: ledger.Poster, cooperative: Cooperative, wanted: _Wanted
) -> service.Receipt:
    """Have the service post it.

    Raises:
        Refusal: what the rules or the book say.
    """
    template = wanted.template
    facts = (template, wanted.account, wanted.target, wanted.amount_minor, wanted.day)
    common: dict[str, Any] = {
        "amount_minor": wanted.amount_minor,
        "effective_date": wanted.day,
        "actor": wanted.actor,
        "idempotency": Idempotency.of("web", str(wanted.key), *facts),
    }
    if template is Template.TRANSFER:
        return await service.transfer(
            database, poster, cooperative, from_number=wanted.account, to_number=wanted.target, **common
        )
    act = service.deposit if template is Template.DEPOSIT else service.withdraw
    return await act(database, poster, cooperative, account_number=wanted.account, **common)


def _refuse(form: Form, refusal: Refusal) -> None:
    """Say beside the field what was refused; the page leads on from a till that is not in session."""
    form.set("session", "closed" if refusal.code == "no-open-session" else "")
    if refusal.code == "idempotency-mismatch":
        form.error("", SENT_BEFORE)
    elif refusal.field is None and refusal.code in _FIELD_OF:
        form.error(_FIELD_OF[refusal.code], refusal.message, **refusal.params)
    else:
        form.add_refusal(refusal)


async def _show(
    request: ApiRequest,
    database: Database,
    frame: Frame,
    form: Form,
    template: Template,
    *,
    typed: str,
    account: str,
    status: int = 200,
) -> Response[str]:
    """The step that comes next: who, or how much."""
    book_id = request.user.book_id
    typed = _typed(typed)
    async with database.reading(book_id) as connection:
        cooperative = await cooperative_of(connection, book_id)
        day = _today(cooperative)
        found, chosen = await service_desk.find_customers(connection, book_id, _typed(account) or typed)
        customer = joining = None
        asleep = {}
        if len(found) == 1:
            customer = await service_desk.customer(connection, book_id, found[0].member.number)
            if not isinstance(customer.member, service_desk.Institution):
                owed = await dues.open_dues(connection, cooperative, customer.member.number, day)
                customer = customer._replace(dues=owed)
                if customer.member.status == "pemohon":
                    joining = await membership.applicant(connection, book_id, customer.member.number)
            pairs = [(one.number, one.product_code) for one in customer.accounts if one.closed_on is None]
            asleep = await service_fees.sleeps_since(connection, book_id, pairs, day)
    form.set("date", day.isoformat())
    context: dict[str, Any] = {"form": form, "doing": template, "templates": list(Template), "day": day}
    context["kept"] = {"tanggal": form.value("date")} if form.value("date") != day.isoformat() else {}
    if customer is None:
        form.set("anggota", typed)
        if typed or account:
            message = N_("Pilih anggotanya.") if found else NO_SUCH_MEMBER
            form.error("anggota", message)
        return await frame.page(
            request,
            "savings/who.html",
            status=status if form.ok else 422,
            customers=found,
            short=messages.SHORT,
            **context,
        )
    usable = usable_accounts(customer, template)
    default = next((one for one in usable if one.kind.withdrawable), usable[0] if usable else None)
    chosen = next((one for one in usable if chosen and one.number == chosen.number), default)
    targets = [one for one in customer.accounts if chosen and one.number != chosen.number and not one.closed_on]
    return await frame.page(
        request,
        "savings/transaction.html",
        status=status,
        customer=customer,
        joining=joining,
        asleep=asleep,
        usable=usable,
        account=chosen,
        target_options=[(one.number, _described(one, form.locale)) for one in targets],
        # A refused form gets a key of its own: it will be another request.
        key=str(uuid4()),
        **context,
    )


def usable_accounts(customer: service_desk.Customer, template: Template) -> list[service.SavingsAccount]:
    """The accounts that this can be done with: any for a deposit, else those that may be taken out of now."""
    standing = [one for one in customer.accounts if one.closed_on is None]
    if template is Template.DEPOSIT or customer.member.status.has_left:
        return standing
    # Planned savings wait for their day; the rules know which.
    return [one for one in standing if one.kind.withdrawable or one.kind is SavingsKind.BERENCANA]


def _described(account: service.SavingsAccount, locale: str) -> str:
    balance = formats.format_amount(account.balance_minor)
    return f"{account.name(locale)} · {account.number} · {balance}"


def _template(text: str) -> Template:
    return Template(text) if text in set(Template) else Template.DEPOSIT


def _typed(text: str) -> str:
    """What was typed to find somebody, without what no database can carry."""
    return "".join(char for char in text[:100] if char.isprintable())


def _today(cooperative: Cooperative) -> date:
    return cooperative.today(datetime.now(UTC))


CONTROLLERS: list[type[Controller]] = [
    DeskPages,
    *pages_receipt.CONTROLLERS,
    *pages_member.CONTROLLERS,
    *pages_products.CONTROLLERS,
    *pages_accounts.CONTROLLERS,
]
