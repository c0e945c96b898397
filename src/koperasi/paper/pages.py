"""Paper to print: slips, kuitansi, certificates, the member's card and the savings card, as pages and as PDF."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import segno
from litestar import Controller, Response, get

import ledger
from koperasi.access import service as access
from koperasi.config import Settings
from koperasi.cooperatives.service import Cooperative, cooperative_of, receipt_secret
from koperasi.db import Database
from koperasi.deposits import service as deposits
from koperasi.errors import NotFound
from koperasi.formats import format_date, format_date_short, format_figure
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.members import service as members
from koperasi.paper import documents, pages_passbook, service, sheets
from koperasi.paper.respond import check_staff, pdf, printed_by
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest
from koperasi.savings import service as savings
from koperasi.web import Form

HEADS = (N_("Uang masuk"), N_("Uang keluar"), N_("Saldo"))


class FormPages(Controller):
    """Forms to sign."""

    include_in_schema = False

    @get("/bukti/{number:str}/slip", opt={"permission": Permission.READ_SAVINGS})
    async def slip(
        self, request: ApiRequest, database: Database, frame: Frame, settings: Settings, number: str
    ) -> Response[Any]:
        """The slip of a movement, in two copies."""
        return await self._of_receipt(request, database, frame, settings, number, is_slip=True)

    @get("/bukti/{number:str}/kuitansi", opt={"permission": Permission.READ_SAVINGS})
    async def kuitansi(
        self, request: ApiRequest, database: Database, frame: Frame, settings: Settings, number: str
    ) -> Response[Any]:
        """The kuitansi of a deposit or a withdrawal in cash; there is none of anything else."""
        return await self._of_receipt(request, database, frame, settings, number, is_slip=False)

    async def _of_receipt(
        self,
        request: ApiRequest,
        database: Database,
        frame: Frame,
        settings: Settings,
        number: str,
        *,
        is_slip: bool,
    ) -> Response[Any]:
        check_staff(request.user)
        book_id, locale = request.user.book_id, request.user.locale
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            receipt = await savings.receipt_for(connection, cooperative, request.user, number)
            duties = await service.duties(connection, book_id, receipt.effective_date)
            teller = await access.name_of(connection, book_id, receipt.teller)
        if not is_slip and receipt.kind not in sheets.CASH:
            raise NotFound("receipt", N_("Kuitansi hanya untuk setoran dan penarikan tunai."))
        make = sheets.slip if is_slip else sheets.kuitansi
        url = check_url(request, settings, cooperative, receipt.number, receipt.verify_code)
        sheet = make(receipt, cooperative, duties, teller=teller, check_url=url, locale=locale)
        name = f"{'slip' if is_slip else 'kuitansi'}-{receipt.number}"
        return await _form(request, frame, sheet, cooperative, name, f"/bukti/{receipt.number}")

    @get("/cetak/bilyet/{number:str}", opt={"permission": Permission.READ_SAVINGS})
    async def certificate(
        self, request: ApiRequest, database: Database, frame: Frame, settings: Settings, number: str
    ) -> Response[Any]:
        """The certificate of a term deposit as it is filed."""
        check_staff(request.user)
        book_id, locale = request.user.book_id, request.user.locale
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            named = await deposits.deposit_for(connection, request.user, number)
            entry = await ledger.entry_by_number(connection, book_id, named.deposit.opening_entry)
            code = savings.verify_code(await receipt_secret(connection, book_id), entry.number, entry.hash)
        written = savings.receipt_number(entry.effective_date, entry.number)
        sheet = sheets.certificate(
            named,
            cooperative,
            title=translate(locale, deposits.words(cooperative)["title"]),
            code=code,
            check_url=check_url(request, settings, cooperative, written, code),
            locale=locale,
        )
        return await _form(request, frame, sheet, cooperative, f"bilyet-{number}", f"/berjangka/{number}")


async def _form(
    request: ApiRequest, frame: Frame, sheet: sheets.Sheet, cooperative: Cooperative, name: str, back: str
) -> Response[Any]:
    """The form as a page, or as the PDF of the same."""
    locale = request.user.locale
    if "pdf" in request.query_params:
        printed = printed_by(request, cooperative)
        return pdf(await asyncio.to_thread(documents.form_pdf, sheet, printed, locale), name)
    return await frame.page(
        request,
        "paper/form.html",
        sheet=sheet,
        back=back,
        printed=printed_by(request, cooperative),
        qr=segno.make(sheet.check_url, error="m").svg_data_uri(border=1, dark="#000", light="#fff", omitsize=True),
    )


class CardPages(Controller):
    """What a member carries, and the card that the cooperative keeps."""

    include_in_schema = False

    @get("/anggota/{number:str}/kartu", opt={"permission": Permission.READ_MEMBERS})
    async def member_card(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """The member's card with a QR code of the number: whoever scans it at the desk finds the member."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            member = await members.member_by_number(connection, identity.book_id, number)
        if member.status is members.MemberStatus.PEMOHON:
            raise NotFound("member-card", N_("Kartu anggota dicetak setelah nomor anggotanya terbit."))
        locale = identity.locale
        joined = format_date(member.joined_on, locale)
        data = {
            "kind": "member",
            "title": translate(locale, N_("Kartu anggota")),
            "cooperative": cooperative.name,
            "address": sheets.address_of(cooperative),
            "name": member.name,
            "number": member.number,
            "since": translate(locale, N_("Anggota sejak %(day)s"), day=joined),
            "note": translate(locale, N_("Bila menemukan kartu ini, mohon dikembalikan ke koperasi.")),
        }
        if "pdf" in request.query_params:
            made = await asyncio.to_thread(documents.card_pdf, data, member.number, locale)
            return pdf(made, f"kartu-{member.number}")
        code = segno.make(member.number, error="m")
        return await frame.page(
            request,
            "paper/member_card.html",
            card=data,
            qr=code.svg_data_uri(border=1, dark="#000", light="#fff", omitsize=True),
        )

    @get("/anggota/{number:str}/kartu-simpanan", opt={"permission": Permission.READ_SAVINGS})
    async def savings_card(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """A year of the member's savings, the three kinds side by side."""
        identity = request.user
        check_staff(identity)
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            member = await members.member_by_number(connection, identity.book_id, number)
            this_year = cooperative.today(datetime.now(UTC)).year
            form = Form({"tahun": request.query_params.get("tahun", str(this_year))}, identity.locale)
            year = form.whole("tahun", least=1900, most=this_year) or this_year
            accounts = await savings.accounts_of(connection, identity.book_id, member.number)
            card = await service.savings_card(connection, identity.book_id, accounts, year)
        columns = [translate(identity.locale, one) for one in _columns(cooperative)]
        heads = [translate(identity.locale, one) for one in HEADS]
        if "pdf" in request.query_params:
            data = {
                "kind": "savings",
                "title": translate(identity.locale, N_("Kartu simpanan")),
                "cooperative": cooperative.name,
                "address": sheets.address_of(cooperative),
                "name": member.name,
                "number": member.number,
                "period": str(year),
                "columns": columns,
                "heads": [*(translate(identity.locale, one) for one in (N_("Tanggal"), N_("No. bukti"))), *heads * 3],
                "rows": _rows(card, identity.locale),
                "closing": ["", translate(identity.locale, N_("Saldo akhir")), *_balances(card.closing_minor)],
                "printed": printed_by(request, cooperative),
            }
            made = await asyncio.to_thread(documents.card_pdf, data, "", identity.locale)
            return pdf(made, f"kartu-simpanan-{member.number}-{year}")
        return await frame.page(
            request,
            "paper/savings_card.html",
            status=200 if form.ok else 422,
            form=form,
            member=member,
            year=year,
            card=card,
            columns=columns,
            heads=heads,
            previous_url=f"/anggota/{member.number}/kartu-simpanan?tahun={year - 1}",
            next_url=f"/anggota/{member.number}/kartu-simpanan?tahun={year + 1}" if year < this_year else "",
        )


def _columns(cooperative: Cooperative) -> tuple[str, str, str]:
    """What stands above the three columns (message ids)."""
    free = N_("Wadiah dan lainnya") if cooperative.is_sharia else N_("Sukarela dan lainnya")
    return N_("Pokok"), N_("Wajib"), free


def _rows(card: service.SavingsCard, locale: str) -> list[list[str]]:
    """The card's lines as texts: in, out and balance of each column."""
    opening = ["", translate(locale, N_("Saldo pindahan"))]
    rows = [opening + _balances(card.opening_minor)]
    for line in card.lines:
        cells = []
        for column, balance in enumerate(line.balances_minor):
            moved = line.change_minor if column == line.column else 0
            cells += [
                format_figure(moved) if moved > 0 else "",
                format_figure(-moved) if moved < 0 else "",
                format_figure(balance),
            ]
        rows.append([format_date_short(line.day), line.receipt_number, *cells])
    return rows


def _balances(minor: tuple[int, ...]) -> list[str]:
    """The balance of each column, under its third head."""
    return [text for one in minor for text in ("", "", format_figure(one))]


def check_url(request: ApiRequest, settings: Settings, cooperative: Cooperative, number: str, code: str) -> str:
    """Where anybody can see whether it is genuine, as it stands in the QR code."""
    scheme = "https" if settings.secure_cookies else request.url.scheme
    return f"{scheme}://{request.url.netloc}/cek/{quote(cooperative.code)}/{number}/{code}"


CONTROLLERS: list[type[Controller]] = [FormPages, CardPages, *pages_passbook.CONTROLLERS]
