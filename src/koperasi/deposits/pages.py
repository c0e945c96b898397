"""Pages of term deposits: the list with what matures soon, a contract's card, the certificate, and the member's own."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import segno
from litestar import Controller, Response, get
from litestar.response import Redirect

import ledger
from koperasi.config import Settings
from koperasi.cooperatives.service import cooperative_of, receipt_secret
from koperasi.db import Database
from koperasi.deposits import pages_act, pages_contracts, pages_open, pages_terms, pages_working, rules, service
from koperasi.deposits.figures import exact
from koperasi.deposits.texts import why, words
from koperasi.errors import NotFound
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import Identity, Permission
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.savings import service as savings
from koperasi.web import Form, Notice

PAGE_SIZE = 50
SOON = timedelta(days=30)

SHOWN = {"berjalan": N_("Berjalan"), "segera": N_("Jatuh tempo 30 hari lagi"), "selesai": N_("Sudah berakhir")}
"""Which contracts the list shows (message ids)."""

DONE = {
    "dibuka": N_("Simpanan berjangka dibuka. Cetak bilyetnya dan berikan kepada anggota."),
    "ditutup": N_("Simpanan berjangka ditutup; uangnya masuk ke rekening simpanan."),
    "diubah": N_("Perubahan tersimpan."),
}


class DepositPages(Controller):
    """What staff read about term deposits."""

    include_in_schema = False

    @get("/berjangka", opt={"permission": Permission.READ_SAVINGS})
    async def list_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Contracts in the order of their maturities, and how much of them is due."""
        identity, asked = request.user, request.query_params
        if not identity.is_staff:
            return Redirect("/berjangka-saya", status_code=303)
        form = Form({"tampil": asked.get("tampil", ""), "anggota": asked.get("anggota", "")}, identity.locale)
        shown = form.choice("tampil", list(SHOWN), required=False) or "berjalan"
        member = form.text("anggota", max_length=20)
        place = decode_cursor(asked.get("sesudah"), "date", "str")
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            today = cooperative.today(datetime.now(UTC))
            found = await service.search(
                connection,
                identity.book_id,
                member_number=member or None,
                is_running=shown != "selesai",
                matures_until=today + SOON if shown == "segera" else None,
                after=(place[0], place[1]) if place else None,
                limit=PAGE_SIZE + 1,
            )
            totals = await service.totals(connection, identity.book_id, today + SOON)
            waiting = len((await service.due(connection, cooperative, today)).items)
        kept = {"tampil": shown, "anggota": member} if member else {"tampil": shown}
        more = len(found) > PAGE_SIZE
        last = found[PAGE_SIZE - 1].deposit if more else None
        further = {**kept, "sesudah": encode_cursor(last.matures_on, last.number)} if last else {}
        return await frame.page(
            request,
            "deposits/list.html",
            form=form,
            shown=shown,
            tabs=list(SHOWN.items()),
            member=member,
            deposits=found[:PAGE_SIZE],
            totals=totals,
            waiting=waiting,
            today=today,
            state=state_of,
            words=words(cooperative),
            offered=service.has_deposits(cooperative),
            may_open=identity.may(Permission.POST_SAVINGS),
            may_run=identity.may(Permission.MANAGE_RETURNS),
            first_url="/berjangka?" + urlencode(kept) if place else "",
            next_url="/berjangka?" + urlencode(further) if further else "",
        )

    @get("/berjangka/{number:str}", opt={"permission": Permission.READ_SAVINGS})
    async def card(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """A contract: what was agreed, its returns paid and to come, and why they are what they are."""
        check_staff(request.user)
        return await _card(request, database, frame, number)

    @get("/berjangka/{number:str}/bilyet", opt={"permission": Permission.READ_SAVINGS})
    async def certificate(
        self, request: ApiRequest, database: Database, frame: Frame, settings: Settings, number: str
    ) -> Response[str]:
        """The certificate, to print and sign."""
        check_staff(request.user)
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            named = await service.deposit_for(connection, identity, number)
            entry = await ledger.entry_by_number(connection, identity.book_id, named.deposit.opening_entry)
            code = savings.verify_code(await receipt_secret(connection, identity.book_id), entry.number, entry.hash)
        receipt = savings.receipt_number(entry.effective_date, entry.number)
        address = f"/cek/{quote(cooperative.code)}/{receipt}/{code}"
        scheme = "https" if settings.secure_cookies else request.url.scheme
        qr = segno.make(f"{scheme}://{request.url.netloc}{address}", error="m")
        return await frame.page(
            request,
            "deposits/certificate.html",
            named=named,
            words=words(cooperative),
            size="a4" if request.query_params.get("ukuran") == "a4" else "a5",
            entry=entry,
            code=code,
            place=cooperative.village or cooperative.regency or "",
            qr=qr.svg_data_uri(border=2, dark="#000", light="#fff", omitsize=True),
            **labels(),
        )


class OwnDepositPages(Controller):
    """A member's own term deposits."""

    include_in_schema = False

    @get("/berjangka-saya", opt={"permission": Permission.OWN_PAGES})
    async def own(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """All that run, with what they come to."""
        identity = request.user
        if identity.member_number is None:
            raise NotFound("not-found", N_("Tidak ditemukan."))
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            found = await service.search(
                connection, identity.book_id, member_number=identity.member_number, limit=PAGE_SIZE
            )
        today = cooperative.today(datetime.now(UTC))
        return await frame.page(
            request,
            "deposits/own.html",
            deposits=[one.deposit for one in found if one.deposit.closed_on is None],
            ended=[one.deposit for one in found if one.deposit.closed_on is not None],
            today=today,
            state=state_of,
            words=words(cooperative),
        )

    @get("/berjangka-saya/{number:str}", opt={"permission": Permission.OWN_PAGES})
    async def own_card(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """One of them; of others' there is nothing to be seen."""
        return await _card(request, database, frame, number)


async def _card(request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        named = await service.deposit_for(connection, identity, number)
        paid = (await service.paid_on(connection, identity.book_id, [number]))[number]
        results = await service.results_for(connection, cooperative)
        followed = await service.following(connection, identity.book_id, number)
    found, today = named.deposit, cooperative.today(datetime.now(UTC))
    said = DONE.get(next(iter(request.query_params), ""), "")
    running = found.closed_on is None and not found.is_void
    return await frame.page(
        request,
        "deposits/card.html",
        notices=[Notice("ok", translate(identity.locale, said))] if said else [],
        named=named,
        parts=rules.parts(found, results),
        paid={one.part: one for one in paid},
        accrued_minor=service.accrued_on(found, today, paid, results) if found.stands else None,
        working=why(found, results, paid, today, identity.locale),
        followed=followed,
        today=today,
        state=state_of,
        words=words(cooperative),
        own=not identity.is_staff,
        base="/berjangka/" if identity.is_staff else "/berjangka-saya/",
        may_close=identity.may(Permission.POST_SAVINGS) and found.stands and not found.is_due(today),
        may_instruct=identity.may(Permission.POST_SAVINGS) and found.stands,
        may_run=identity.may(Permission.MANAGE_RETURNS) and running,
        **labels(),
    )


def check_staff(identity: Identity) -> None:
    """These pages are for the desk; members have their own.

    Raises:
        NotFound: a member asks.
    """
    if not identity.is_staff:
        raise NotFound("not-found", N_("Tidak ditemukan."))


def state_of(found: rules.Deposit, today: date) -> tuple[str, str]:
    """A contract's state as a chip: its kind, and the word (message id)."""
    if found.closed_as is not None:
        return "closed", found.closed_as.label
    if not found.stands:
        return "reversed", N_("Pembukaannya dibatalkan")
    return ("late", N_("Jatuh tempo")) if found.is_due(today) else ("active", N_("Berjalan"))


def labels() -> dict[str, Any]:
    """Words for what was agreed (message ids)."""
    return {
        "roll_overs": rules.ROLL_OVER_LABELS,
        "earlies": rules.EARLY_LABELS,
        "pays": rules.PAY_LABELS,
        "percent": exact,
    }


CONTROLLERS: list[type[Controller]] = [
    DepositPages,
    OwnDepositPages,
    *pages_open.CONTROLLERS,
    *pages_act.CONTROLLERS,
    *pages_working.CONTROLLERS,
    *pages_terms.CONTROLLERS,
    *pages_contracts.CONTROLLERS,
]
