"""Pages of receipts: to look at, print and send; to cancel; and for a stranger, whether one is genuine."""

from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

import segno
from litestar import Controller, Response, get, post
from litestar.response import Redirect

import ledger
from koperasi.access import service as access
from koperasi.approvals import service as approvals
from koperasi.approvals.service import NeedsApproval
from koperasi.config import Settings
from koperasi.cooperatives.service import Cooperative, cooperative_by_code, cooperative_of
from koperasi.db import Database
from koperasi.errors import Conflict, Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.members import service as members
from koperasi.permissions import Permission
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest
from koperasi.savings import messages, service, service_desk
from koperasi.treasury import service as treasury
from koperasi.web import Form, Notice

PAPERS = {"a5": "a5", "80mm": "thermal"}
NEXT_TEMPLATES = {"savings.deposit": "s", "savings.withdrawal": "t", "savings.transfer": "p"}


CASH_CODES = treasury.CASH


class Effect(NamedTuple):
    """What cancelling a receipt does to one balance, in sen; ``kind`` is of the savings, none for the desk's cash."""

    kind: service.SavingsKind | None
    number: str
    before_minor: int
    after_minor: int


class ReceiptPages(Controller):
    """Receipts of the desk."""

    include_in_schema = False

    @get("/bukti/{number:str}", opt={"permission": Permission.READ_SAVINGS})
    async def page(
        self, request: ApiRequest, database: Database, frame: Frame, settings: Settings, number: str
    ) -> Response[Any]:
        """A receipt with its buttons: print, WhatsApp, next. A member has a page of their own for it."""
        identity = request.user
        if not identity.is_staff:
            return Redirect(f"/bukti-saya/{quote(number, safe='')}", status_code=303)
        fresh = "baru" in request.query_params
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            receipt = await service.receipt_for(connection, cooperative, identity, number)
            known = await members.find_by_numbers(connection, identity.book_id, [receipt.member_number])
            holder = known.get(receipt.member_number)
            teller = await access.name_of(connection, identity.book_id, receipt.teller)
            known_numbers = await treasury.numbers_of(connection, identity.book_id, [receipt.entry_number])
            given = known_numbers.get(receipt.entry_number)
        day = cooperative.today(datetime.now(UTC))
        if given is None and not cooperative.is_read_only:
            async with database.work(identity.book_id) as work:
                given = await treasury.give_number(work, receipt.entry_number)
                await work.commit()
        # The date used last is kept for the next one, but only right after recording.
        kept = f"&tanggal={receipt.effective_date.isoformat()}" if fresh and receipt.effective_date != day else ""
        said = N_("Tercatat. Beri bukti ini kepada anggota.") if fresh else ""
        return await frame.page(
            request,
            "savings/receipt.html",
            notices=[Notice("ok", translate(identity.locale, said))] if said else [],
            teller=teller,
            voucher=given,
            **_paper(request, cooperative, receipt, settings, f"/bukti/{receipt.number}"),
            # Another cooperative has no telephone here: whoever sends it picks whom.
            whatsapp=_whatsapp(request, cooperative, receipt, settings, holder.phone if holder else None),
            own=False,
            may_post=identity.may(Permission.POST_SAVINGS),
            next_url=f"/transaksi?template={NEXT_TEMPLATES.get(receipt.kind, 's')}{kept}",
            may_reverse=identity.may(Permission.REVERSE) and may_be_reversed(receipt),
        )

    @get("/bukti/{number:str}/batal", opt={"permission": Permission.REVERSE})
    async def cancel_page(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """What cancelling would do to the balances, before it is done."""
        return await self._cancel_form(request, database, frame, number, Form({"reason": ""}, request.user.locale))

    @post("/bukti/{number:str}/batal", opt={"permission": Permission.REVERSE})
    async def cancel(
        self, request: ApiRequest, database: Database, poster: ledger.Poster, frame: Frame, number: str
    ) -> Response[Any]:
        """Undo the movement by an entry that mirrors it, dated today, and show the receipt of that."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        key, reason = form.uuid("key"), form.text("reason", required=True)
        if form.ok and key:
            async with database.reading(identity.book_id) as connection:
                cooperative = await cooperative_of(connection, identity.book_id)
                receipt = await service.receipt_for(connection, cooperative, identity, number)
            idempotency = Idempotency.of("web", str(key), "batal", receipt.entry_number, reason)
            try:
                where = await _undone(
                    database, poster, cooperative, receipt.entry_number, reason, identity.username, idempotency
                )
            except Conflict:
                # Somebody else was first: the receipt says by which entry.
                return Redirect(f"/bukti/{receipt.number}", status_code=303)
            except Refusal as refusal:
                form.add_refusal(refusal)
            else:
                return Redirect(where, status_code=303)
        return await self._cancel_form(request, database, frame, number, form, status=422)

    async def _cancel_form(
        self, request: ApiRequest, database: Database, frame: Frame, number: str, form: Form, *, status: int = 200
    ) -> Response[str]:
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            receipt = await service.receipt_for(connection, cooperative, identity, number)
            day = cooperative.today(datetime.now(UTC))
            effects = []
            changes = [(receipt.account_number, -receipt.change_minor)]
            if receipt.other_account_number:
                changes.append((receipt.other_account_number, receipt.change_minor))
            for account_number, change in changes:
                account = await service.account_by_number(connection, identity.book_id, account_number)
                before = account.balance_minor
                effects.append(Effect(account.kind, account.number, before, before + change))
            if receipt.kind in {"savings.deposit", "savings.withdrawal"}:
                entry = await ledger.entry_by_number(connection, identity.book_id, receipt.entry_number)
                box = next(line.account_id for line in entry.lines if line.code.startswith(CASH_CODES))
                cash = await service.cash_day(connection, cooperative, day, box)
                before = cash.balance_minor
                effects.append(Effect(None, "", before, before - receipt.change_minor))
        return await frame.page(
            request,
            "savings/cancel.html",
            status=status,
            form=form,
            # A refused form gets a key of its own: it will be another request.
            key=str(uuid4()),
            receipt=receipt,
            effects=effects,
            day=day,
            movement=messages.movement,
            allowed=may_be_reversed(receipt),
        )


class OwnReceiptPages(Controller):
    """A member's own receipts."""

    include_in_schema = False

    @get("/bukti-saya/{number:str}", opt={"permission": Permission.OWN_PAGES})
    async def page(
        self, request: ApiRequest, database: Database, frame: Frame, settings: Settings, number: str
    ) -> Response[str]:
        """One receipt; of others' there is nothing to be seen."""
        identity = request.user
        cooperative = await frame.cooperative(request)
        async with database.reading(identity.book_id) as connection:
            receipt = await service.receipt_for(connection, cooperative, identity, number)
            teller = await access.name_of(connection, identity.book_id, receipt.teller)
            given = await treasury.numbers_of(connection, identity.book_id, [receipt.entry_number])
        return await frame.page(
            request,
            "savings/receipt.html",
            teller=teller,
            voucher=given.get(receipt.entry_number),
            **_paper(request, cooperative, receipt, settings, f"/bukti-saya/{receipt.number}"),
            whatsapp=_whatsapp(request, cooperative, receipt, settings, None),
            own=True,
            may_post=False,
            next_url="/buku-anggota",
            may_reverse=False,
        )


class CheckPages(Controller):
    """For anybody who holds a receipt in their hand."""

    include_in_schema = False

    @get("/cek/{coop_code:str}/{number:str}/{code:str}", opt={"permission": Permission.PUBLIC})
    async def check(
        self, request: ApiRequest, database: Database, frame: Frame, coop_code: str, number: str, code: str
    ) -> Response[str]:
        """Whether it is genuine, of which day and kind; no amount and no name."""
        async with database.directory() as connection:
            cooperative = await cooperative_by_code(connection, coop_code) if coop_code.isprintable() else None
        genuine = None
        if cooperative is not None:
            async with database.reading(cooperative.book_id) as connection:
                genuine = await service_desk.check_receipt(connection, cooperative, number, code)
        return await frame.page(
            request,
            "savings/check.html",
            status=200 if genuine else 404,
            genuine=genuine,
            issuer=cooperative.name if cooperative and genuine else "",
            word=messages.title(genuine.kind) if genuine else "",
        )


def may_be_reversed(receipt: service.Receipt) -> bool:
    """It moved savings at the desk, and stands."""
    return receipt.kind.startswith("savings.") and receipt.reverses is None and receipt.reversed_by is None


def check_url(request: ApiRequest, cooperative: Cooperative, receipt: service.Receipt, settings: Settings) -> str:
    """Where anybody can see whether the receipt is genuine, as it stands in its QR code."""
    scheme = "https" if settings.secure_cookies else request.url.scheme
    path = f"/cek/{quote(cooperative.code)}/{receipt.number}/{receipt.verify_code}"
    return f"{scheme}://{request.url.netloc}{path}"


def _paper(
    request: ApiRequest, cooperative: Cooperative, receipt: service.Receipt, settings: Settings, address: str
) -> dict[str, Any]:
    """What the receipt's sheet shows, for staff and member alike."""
    size = PAPERS.get(request.query_params.get("ukuran", ""), "a5")
    return {
        "receipt": receipt,
        "size": size,
        "address": address,
        "with_balance": _with_balance(request),
        "title": messages.title(receipt.kind),
        "party": messages.party(receipt.kind),
        "movement": messages.movement,
        "masked": messages.mask_account,
        "qr": segno.make(check_url(request, cooperative, receipt, settings), error="m").svg_data_uri(
            border=2, dark="#000", light="#fff", omitsize=True
        ),
        "late": receipt.effective_date != _local_day(receipt, cooperative),
    }


def _whatsapp(
    request: ApiRequest, cooperative: Cooperative, receipt: service.Receipt, settings: Settings, phone: str | None
) -> str:
    url = check_url(request, cooperative, receipt, settings)
    text = messages.receipt_text(receipt, cooperative.name, url, with_balance=_with_balance(request))
    return messages.whatsapp_url(phone, text)


def _with_balance(request: ApiRequest) -> bool:
    return request.query_params.get("saldo") == "1"


def _local_day(receipt: service.Receipt, cooperative: Cooperative) -> date:
    return receipt.recorded_at.astimezone(cooperative.zone).date()


async def _undone(
    database: Database,
    poster: ledger.Poster,
    cooperative: Cooperative,
    entry_number: int,
    reason: str,
    actor: str,
    idempotency: Idempotency,
) -> str:
    """Undo the movement, or ask a second person; the address that shows what became of it.

    Raises:
        Refusal: what the rules or the book say.
    """
    book_id = cooperative.book_id
    try:
        undone = await service.reverse(
            database,
            poster,
            cooperative,
            entry_number=entry_number,
            reason=reason,
            effective_date=None,
            actor=actor,
            idempotency=idempotency,
        )
    except NeedsApproval as need:
        async with database.work(book_id) as work:
            asked = await approvals.ask(work.connection, book_id, need, datetime.now(UTC))
            await work.commit()
        return f"/persetujuan/{asked.number}?baru=1"
    return f"/bukti/{undone.number}?baru=1"


CONTROLLERS: list[type[Controller]] = [ReceiptPages, OwnReceiptPages, CheckPages]
