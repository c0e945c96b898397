"""Take the journal along: choose entries and a form, and download them."""

from datetime import date
from typing import Any, NamedTuple
from urllib.parse import urlencode

from litestar import Controller, Response, get
from litestar.response import Stream

from koperasi.config import Settings
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import BadRequest
from koperasi.frame import Frame
from koperasi.i18n import N_
from koperasi.known import known as known_words
from koperasi.known import known_of
from koperasi.permissions import Permission
from koperasi.reports import service
from koperasi.reports.checkpoints import installation_key, signer
from koperasi.reports.exports import Format, JournalExport, download
from koperasi.reports.service_trail import record_export
from koperasi.rest import ApiRequest
from koperasi.web import Form


class Choice(NamedTuple):
    """A form of the journal, as the page offers it."""

    suffix: str
    label: str
    words: str
    options: dict[str, str]


CHOICES = (
    Choice(
        "xlsx",
        N_("Excel"),
        N_("Buku kerja: angka dan tanggal siap dihitung; lembar kedua berisi asal, jumlah dan segel terakhir."),
        {},
    ),
    Choice(
        "csv",
        N_("CSV untuk Excel"),
        N_(
            "Satu baris tiap posting, dipisah titik koma, dengan koma desimal. "
            "Terbuka langsung di Excel berbahasa Indonesia."
        ),
        {"delimiter": ";", "bom": "1"},
    ),
    Choice(
        "csv",
        N_("CSV"),
        N_("Satu baris tiap posting, dipisah koma, dengan titik desimal. Untuk program lain."),
        {},
    ),
    Choice(
        "bundle",
        N_("Bundel bukti"),
        N_("Untuk pengawas dan auditor: jurnal bersegel dan program kecil yang memeriksanya tanpa aplikasi ini."),
        {},
    ),
    Choice(
        "jsonl",
        N_("JSONL dengan segel"),
        N_("Satu baris tiap jurnal, lengkap. Siapa pun dapat menghitung ulang segelnya tanpa program ini."),
        {},
    ),
    Choice("hledger", N_("hledger"), N_("Untuk program pembukuan hledger."), {}),
    Choice("ledger", N_("ledger"), N_("Untuk program pembukuan ledger."), {}),
    Choice("beancount", N_("beancount"), N_("Untuk program pembukuan beancount."), {}),
)


class ExportPages(Controller):
    """Take the journal along."""

    include_in_schema = False

    @get("/ekspor", opt={"permission": Permission.EXPORT_BOOKS})
    async def export_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Choose days, see what the file would hold, and download it."""
        book_id = request.user.book_id
        form = Form(dict(request.query_params), request.user.locale)
        from_date, to_date = form.date("from", required=False), form.date("to", required=False)
        if from_date and to_date and to_date < from_date:
            form.error("to", N_("Tanggal akhir tidak boleh sebelum tanggal awal."))
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            known = await known_of(connection, book_id, form, cooperative.zone)
            scope = await service.scope(connection, book_id, from_date, to_date, known=known)
        asked = (("from", from_date), ("to", to_date), ("known_at", known.at))
        kept = {name: str(value) for name, value in asked if value is not None}
        return await frame.page(
            request,
            "reports/export.html",
            form=form,
            scope=scope,
            known_at=known.at,
            choices=[(choice, _url(choice, kept)) for choice in CHOICES],
        )

    @get([f"/ekspor/jurnal.{one}" for one in Format], opt={"permission": Permission.EXPORT_BOOKS})
    async def file(self, request: ApiRequest, database: Database, settings: Settings) -> Stream:
        """The journal in one of its forms."""
        form = Format(request.url.path.rpartition(".")[2])
        book_id, asked = request.user.book_id, request.query_params
        from_date, to_date = _days(request)
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            at = (await known_words(connection, book_id, asked.get("known_at"), cooperative.zone)).at
        delimiter = ";" if asked.get("delimiter") == ";" else ","
        wanted = JournalExport(form, from_date, to_date, delimiter, bom=bool(asked.get("bom")), known_at=at)
        async with database.work(book_id) as work:
            await record_export(work.connection, request.user, f"journal {form}", from_date, to_date)
            await work.commit()
        return download(
            database,
            book_id,
            wanted,
            about={"name": cooperative.name, "code": cooperative.code},
            sign=signer(installation_key(settings.data_dir)) if form is Format.BUNDLE else None,
            locale=request.user.locale,
        )


def _url(choice: Choice, kept: dict[str, Any]) -> str:
    query = urlencode({**kept, **choice.options})
    return f"/ekspor/jurnal.{choice.suffix}" + (f"?{query}" if query else "")


def _days(request: ApiRequest) -> tuple[date | None, date | None]:
    form = Form(dict(request.query_params), request.user.locale)
    days = form.date("from", required=False), form.date("to", required=False)
    if not form.ok:
        raise BadRequest("date", N_("Tanggal tidak terbaca: tulis seperti 25/11/2026 atau 25 November 2026."))
    return days


CONTROLLERS: list[type[Controller]] = [ExportPages]
