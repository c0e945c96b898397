"""The passbook: what is not printed yet, printing it, printing again, its cover, and the layout of its paper."""

import asyncio
from dataclasses import fields
from typing import Any

from litestar import Controller, Response, get, post
from litestar.response import Redirect

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import NotFound, Refusal
from koperasi.formats import format_date
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.members import service as members
from koperasi.paper import documents, rules, service
from koperasi.paper.respond import check_staff, pdf
from koperasi.paper.rules import Layout, Place
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest
from koperasi.savings import service as savings
from koperasi.web import Form, Notice

LABELS = {
    "width": N_("Lebar halaman (mm)"),
    "height": N_("Tinggi halaman (mm)"),
    "top": N_("Baris pertama dari atas (mm)"),
    "line_height": N_("Jarak antarbaris (mm)"),
    "lines": N_("Baris per halaman"),
    "fold_after": N_("Lipatan sesudah baris (0: tanpa lipatan)"),
    "fold_gap": N_("Jarak di lipatan (mm)"),
    "font_size": N_("Ukuran huruf (pt)"),
    "date_at": N_("Tanggal mulai di (mm)"),
    "code_at": N_("Sandi mulai di (mm)"),
    "debit_at": N_("Debet berakhir di (mm)"),
    "credit_at": N_("Kredit berakhir di (mm)"),
    "balance_at": N_("Saldo berakhir di (mm)"),
    "teller_at": N_("Petugas mulai di (mm)"),
    "cover_top": N_("Sampul dari atas (mm)"),
    "cover_left": N_("Sampul dari kiri (mm)"),
    "cover_line": N_("Jarak baris sampul (mm)"),
}
BAD_LENGTH = N_("Tulis angka, paling banyak satu angka di belakang koma.")
TRIAL = N_("Halaman percobaan")
BAD_COUNT = N_("Tulis angka bulat.")


class PassbookPages(Controller):
    """One account's passbook."""

    include_in_schema = False

    @get("/simpanan/{number:str}/buku", opt={"permission": Permission.READ_SAVINGS})
    async def page(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """What is not printed yet and where it goes, and what was printed."""
        return await self._show(request, database, frame, number, Form(locale=request.user.locale))

    @post("/simpanan/{number:str}/buku", opt={"permission": Permission.POST_SAVINGS})
    async def print_waiting(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Put the lines that wait on record as printed, and show the sheet for the printer."""
        return await self._print(request, database, frame, number, is_reprint=False)

    @post("/simpanan/{number:str}/buku/ulang", opt={"permission": Permission.POST_SAVINGS})
    async def reprint(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """The same for lines that were printed before: into a new book, or over a spoilt page."""
        return await self._print(request, database, frame, number, is_reprint=True)

    async def _print(
        self, request: ApiRequest, database: Database, frame: Frame, number: str, *, is_reprint: bool
    ) -> Response[Any]:
        identity = request.user
        form = Form(await request.form(), identity.locale)
        # Two forms stand on one page, so their fields have names of their own.
        names = ("at_page", "at_row") if is_reprint else ("page", "row")
        page, row = form.whole(names[0], least=1, most=999), form.whole(names[1], least=1, most=80)
        extra = form.whole("from_line", least=1) if is_reprint else form.whole("seen", least=0)
        if form.ok and page and row and extra is not None:
            place = Place(page, row)
            try:
                async with database.work(identity.book_id) as work:
                    account = await savings.account_by_number(work.connection, identity.book_id, number)
                    if is_reprint:
                        made = await service.reprint(work, account, place, from_line=extra, actor=identity.username)
                    else:
                        made = await service.print_waiting(work, account, place, seen=extra, actor=identity.username)
                    await work.commit()
                return Redirect(f"/simpanan/{number}/buku/{made}", status_code=303)
            except Refusal as refusal:
                if refusal.status == 404:
                    raise
                form.add_refusal(refusal, dict(zip(("page", "row"), names, strict=True)))
        return await self._show(request, database, frame, number, form, status=422)

    async def _show(
        self, request: ApiRequest, database: Database, frame: Frame, number: str, form: Form, *, status: int = 200
    ) -> Response[str]:
        identity = request.user
        check_staff(identity)
        async with database.reading(identity.book_id) as connection:
            account = await savings.account_by_number(connection, identity.book_id, number)
            member = await _holder(connection, identity.book_id, account.member_number)
            book = await service.passbook(connection, identity.book_id, account)
        pages, _ = rules.put(book.layout, book.waiting, book.next_place)
        form.set("page", book.next_place.page)
        form.set("row", book.next_place.row)
        for name in ("from_line", "at_page", "at_row"):
            form.set(name, 1)
        return await frame.page(
            request,
            "paper/passbook.html",
            status=status,
            form=form,
            account=account,
            holder=member,
            book=book,
            pages=pages,
            codes=rules.CODES,
            seen=book.prints[0].number if book.prints else 0,
            may_print=identity.may(Permission.POST_SAVINGS),
        )

    @get("/simpanan/{number:str}/buku/{print_no:int}", opt={"permission": Permission.READ_SAVINGS})
    async def sheet(
        self, request: ApiRequest, database: Database, frame: Frame, number: str, print_no: int
    ) -> Response[Any]:
        """One printing, each line where the printer expects it; it may be sent to the printer again."""
        identity = request.user
        check_staff(identity)
        async with database.reading(identity.book_id) as connection:
            account = await savings.account_by_number(connection, identity.book_id, number)
            found, layout, lines = await service.printed(connection, identity.book_id, account, print_no)
        pages, _ = rules.put(layout, lines, found.start)
        if "pdf" in request.query_params:
            title = f"{number}-{print_no}"
            made = await asyncio.to_thread(
                documents.passbook_pdf, layout, pages, [], title=title, locale=identity.locale
            )
            return pdf(made, f"buku-{title}")
        return await frame.page(
            request,
            "paper/passbook_sheet.html",
            account=account,
            pages=pages,
            cover=[],
            revision=found.layout_revision,
            address=f"/simpanan/{number}/buku/{print_no}",
        )

    @get("/simpanan/{number:str}/buku/sampul", opt={"permission": Permission.READ_SAVINGS})
    async def cover(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """The cover: whose it is, and of which account."""
        identity = request.user
        check_staff(identity)
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            account = await savings.account_by_number(connection, identity.book_id, number)
            member = await _holder(connection, identity.book_id, account.member_number)
            where = await _where(connection, identity.book_id, account.member_number)
            layout, revision = await service.layout_of(connection, identity.book_id)
        written = [
            cooperative.name,
            translate(identity.locale, account.kind.label),
            account.number,
            member,
            account.member_number,
            where,
            format_date(account.opened_on, identity.locale),
        ]
        lines = [line for line in written if line]
        if "pdf" in request.query_params:
            made = await asyncio.to_thread(
                documents.passbook_pdf, layout, [], lines, title=account.number, locale=identity.locale
            )
            return pdf(made, f"sampul-{number}")
        return await frame.page(
            request,
            "paper/passbook_sheet.html",
            account=account,
            pages=[],
            cover=lines,
            revision=revision,
            address=f"/simpanan/{number}/buku/sampul",
        )


class LayoutPages(Controller):
    """The layout of the passbook's paper."""

    include_in_schema = False

    @get("/cetak/buku/{revision:int}", opt={"permission": Permission.READ_SAVINGS})
    async def stylesheet(self, request: ApiRequest, database: Database, revision: int) -> Response[str]:
        """A layout as rules for the browser, since no page here may carry styles of its own."""
        async with database.reading(request.user.book_id) as connection:
            layout, _ = await service.layout_of(connection, request.user.book_id, revision)
        return Response(rules.stylesheet(layout), media_type="text/css; charset=utf-8")

    @get("/cetak/tata-letak", opt={"permission": Permission.READ_SAVINGS})
    async def page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The layout in use, as a form."""
        return await self._show(request, database, frame, Form(locale=request.user.locale))

    @post("/cetak/tata-letak", opt={"permission": Permission.OPEN_SAVINGS})
    async def set_layout(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Use another one from now on."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        layout = _typed(form)
        if layout is not None:
            try:
                async with database.work(identity.book_id) as work:
                    await service.set_layout(work, layout, actor=identity.username)
                    await work.commit()
                return Redirect("/cetak/tata-letak?tersimpan=1", status_code=303)
            except Refusal as refusal:
                form.add_refusal(refusal)
        return await self._show(request, database, frame, form, status=422)

    @post("/cetak/tata-letak/contoh", opt={"permission": Permission.OPEN_SAVINGS}, status_code=200)
    async def try_layout(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """A page of made-up lines by the layout as it is typed, to be laid under a passbook; nothing is kept."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        layout = _typed(form)
        if layout is not None:
            try:
                rules.check_layout(layout)
                title, sample = translate(identity.locale, TRIAL), [rules.sample(layout)]
                made = await asyncio.to_thread(
                    documents.passbook_pdf, layout, sample, [], title=title, locale=identity.locale, guide=True
                )
                return pdf(made, "buku-contoh")
            except Refusal as refusal:
                form.add_refusal(refusal)
        return await self._show(request, database, frame, form, status=422)

    async def _show(
        self, request: ApiRequest, database: Database, frame: Frame, form: Form, *, status: int = 200
    ) -> Response[str]:
        identity = request.user
        check_staff(identity)
        async with database.reading(identity.book_id) as connection:
            layout, revision = await service.layout_of(connection, identity.book_id)
        for name, value in rules.to_json(layout).items():
            form.set(name, rules.written(name, value))
        said = N_("Tata letak tersimpan; cetakan berikutnya memakainya.")
        is_saved = "tersimpan" in request.query_params
        return await frame.page(
            request,
            "paper/layout.html",
            status=status,
            notices=[Notice("ok", translate(identity.locale, said))] if is_saved else [],
            form=form,
            labels=LABELS,
            revision=revision,
            may_set=identity.may(Permission.OPEN_SAVINGS),
        )


def _typed(form: Form) -> Layout | None:
    """The layout as it was typed; nothing after noting what is wrong."""
    typed = {field.name: _length(form, field.name) for field in fields(Layout)}
    return rules.from_json({k: v for k, v in typed.items() if v is not None}) if form.ok else None


def _length(form: Form, name: str) -> int | None:
    """A length in tenths, or a count, as it was typed; nothing after noting what is wrong."""
    text = form.text(name, required=True, max_length=10)
    if not text:
        return None
    found = rules.read_tenths(text)
    if found is None or (name in rules.COUNTS and found % 10):
        form.error(name, BAD_COUNT if name in rules.COUNTS else BAD_LENGTH)
        return None
    return found // 10 if name in rules.COUNTS else found


async def _holder(connection: Any, book_id: int, number: str) -> str:
    """The name of whose account it is."""
    return (await savings.holder_names(connection, book_id, [number])).get(number, "")


async def _where(connection: Any, book_id: int, number: str) -> str:
    """Where a member lives, as far as it is known; another cooperative has its address in its own papers."""
    try:
        member = await members.member_by_number(connection, book_id, number)
    except NotFound:
        return ""
    return member.address or member.village or ""


CONTROLLERS: list[type[Controller]] = [PassbookPages, LayoutPages]
