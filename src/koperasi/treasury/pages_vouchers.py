"""Pages of vouchers: the list of a month, and one as a paper to sign."""

from datetime import UTC, date, datetime
from typing import Any

from litestar import Controller, Response, get

import ledger
from koperasi.access import service as access
from koperasi.bookkeeping import service as bookkeeping
from koperasi.cooperatives.service import Cooperative, cooperative_of
from koperasi.db import Database
from koperasi.errors import NotFound
from koperasi.formats import format_date
from koperasi.frame import Frame
from koperasi.i18n import N_
from koperasi.permissions import Permission
from koperasi.printing import answer
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.savings import service as savings
from koperasi.treasury import papers, rules_vouchers, service
from koperasi.treasury.api import Number, own_only
from koperasi.treasury.rules_vouchers import VoucherKind
from koperasi.web import Form

PAGE = 50


class VoucherPages(Controller):
    """Vouchers."""

    include_in_schema = False

    @get("/bukti", opt={"permission": Permission.READ_BOOKS})
    async def list_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Vouchers of one month and kind in the order of their numbers, and whether a number is missing."""
        identity, book_id = request.user, request.user.book_id
        form = Form(dict(request.query_params), identity.locale)
        kind = VoucherKind(form.choice("jenis", [str(one) for one in VoucherKind], required=False) or "BKM")
        place = decode_cursor(request.query_params.get("sesudah"), "int")
        async with database.reading(book_id) as connection:
            today = (await cooperative_of(connection, book_id)).today(datetime.now(UTC))
            months = await service.months(connection, book_id)
            month = _month(form.value("bulan")) or (months[0] if months else today.replace(day=1))
            offices = await service.office_names(connection, book_id)
            office = form.value("kantor") if form.value("kantor") in offices else service.OFFICE
            found, more = await service.vouchers(
                connection, book_id, kind, month, office=office, after=place[0] if place else 0, limit=PAGE
            )
            series = await service.series(connection, book_id, month)
            waiting = await service.unnumbered(connection, book_id)
        form.fill("jenis", kind.value)
        form.fill("bulan", f"{month:%Y-%m}")
        form.fill("kantor", office)
        chosen = f"/bukti?bulan={month:%Y-%m}&jenis={kind}" + (f"&kantor={office}" if offices else "")
        return await frame.page(
            request,
            "treasury/vouchers.html",
            form=form,
            offices=offices,
            office=office,
            kind=kind,
            kinds=list(VoucherKind),
            month=month,
            months=[(f"{one:%Y-%m}", _name(one, identity.locale)) for one in dict.fromkeys([month, *months])],
            vouchers=found,
            series=series,
            gaps=rules_vouchers.gaps(series),
            unnumbered=waiting,
            entry_kinds=bookkeeping.KIND_LABELS,
            may_number=identity.may(Permission.MANAGE_CASH),
            may_open=identity.may(Permission.READ_CASH),
            first_url=chosen if place else "",
            next_url=f"{chosen}&sesudah={encode_cursor(found[-1].number.serial)}" if more else "",
        )

    @get("/bukti-jurnal/{number:int}", opt={"permission": Permission.READ_CASH})
    async def voucher(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[Any]:
        """One entry as a voucher, with ``pdf`` as a file; a teller sees those that they recorded."""
        identity, book_id = request.user, request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            try:
                view = await bookkeeping.entry(connection, book_id, number)
            except ledger.UnknownEntryError as error:
                raise _no_voucher() from error
            if own_only(identity) not in {None, view.entry.actor}:
                raise _no_voucher()
            maker = await access.name_of(connection, book_id, view.entry.actor)
            party = await _party(connection, cooperative, number)
            given = (await service.numbers_of(connection, book_id, [number])).get(number)
        if given is None and not cooperative.is_read_only:
            async with database.work(book_id) as work:
                given = await service.give_number(work, number)
                await work.commit()
        cash_minor = sum(line.amount for line in view.entry.lines if line.code.partition(".")[0] in service.CASH)
        total_minor = sum(line.amount for line in view.entry.lines if line.amount > 0)
        shown = papers.Voucher(
            entry=view.entry,
            accounts=view.accounts,
            given=given,
            kind=given.kind if given else rules_vouchers.kind_of(cash_minor),
            maker=maker,
            party=party,
            # Cash is what a cash voucher is about; a memorial has its debits for a sum.
            sum_minor=abs(cash_minor) or total_minor,
            total_minor=total_minor,
        )
        if "pdf" in request.query_params:
            made = papers.voucher(shown, cooperative, identity.locale)
            return await answer(made, f"bukti-{number}", identity, cooperative.zone)
        return await frame.page(
            request,
            "treasury/voucher.html",
            **shown._asdict(),
            may_read=identity.may(Permission.READ_BOOKS),
        )


async def _party(connection: Any, cooperative: Cooperative, number: int) -> str:
    """From whom cash was received, or to whom it was paid: the member whose savings the entry moves, looked up now."""
    try:
        receipt = await savings.receipt(connection, cooperative, number)
    except NotFound:
        return ""
    return f"{receipt.member_name} ({receipt.member_number})"


def _month(text: str) -> date | None:
    """A month that is written 2026-11; None if it is none."""
    found = rules_vouchers.Number.read(f"BM/{text.replace('-', '/')}/1")
    return found.month if found else None


def _name(month: date, locale: str) -> str:
    """November 2026."""
    return format_date(month, locale).partition(" ")[2]


def _no_voucher() -> NotFound:
    return NotFound("voucher", N_("Bukti ini tidak ada."))


CONTROLLERS: list[type[Controller]] = [VoucherPages]
