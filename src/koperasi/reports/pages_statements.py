"""Pages of the statements, and the same as spreadsheet and PDF."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple
from urllib.parse import urlencode

from litestar import Controller, Response, get
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.cooperatives.service import Cooperative, cooperative_of
from koperasi.db import Database
from koperasi.errors import BadRequest, NotFound, Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.known import Known, known_of
from koperasi.known import known as known_words
from koperasi.permissions import Permission
from koperasi.reports import service_statements as service
from koperasi.reports.documents import MEDIA_TYPES, Paper, document
from koperasi.reports.service_trail import record_export
from koperasi.reports.statement_lines import SHAPES
from koperasi.reports.statement_model import SHARIA_ONLY, TITLES, Name
from koperasi.reports.statement_sheet import Difference, Sheet, differences, printed, sheet
from koperasi.rest import ApiRequest
from koperasi.web import Form

WORDS: Mapping[Name, str] = {
    Name.POSITION: "posisi-keuangan",
    Name.INCOME: "hasil-usaha",
    Name.EQUITY: "perubahan-ekuitas",
    Name.CASH: "arus-kas",
    Name.WORKSHEET: "neraca-lajur",
    Name.ZAKAT: "dana-zakat",
    Name.BENEVOLENT: "dana-kebajikan",
}
"""The statements in the addresses of pages, in the order in which the list shows them."""

ABOUT: Mapping[Name, str] = {
    Name.POSITION: N_("Apa yang dimiliki, apa yang terutang, dan milik siapa sisanya pada suatu hari."),
    Name.INCOME: N_("Pendapatan dan beban selama suatu masa, sampai hasilnya."),
    Name.EQUITY: N_("Modal, cadangan dan hasil: saldo awal, bertambah, berkurang, saldo akhir."),
    Name.CASH: N_("Dari mana uang kas dan bank datang, dan ke mana perginya."),
    Name.WORKSHEET: N_("Sepuluh lajur: neraca saldo, penyesuaian, hasil usaha dan posisi keuangan."),
    Name.ZAKAT: N_("Zakat dan infak yang diterima, disalurkan, dan masih dipegang."),
    Name.BENEVOLENT: N_("Dana kebajikan yang diterima, dipinjamkan, dan masih tersedia."),
}

COMPARISONS = (("year", N_("Tahun lalu")), ("none", N_("Tanpa pembanding")), ("date", N_("Tanggal lain")))


class Wanted(NamedTuple):
    """What somebody asks for. ``compare`` as the service reads it."""

    first: date | None
    last: date
    compare: str
    known_at: str

    @property
    def query(self) -> str:
        """The same in an address."""
        facts = {"from": self.first, "to": self.last, "compare": self.compare, "known_at": self.known_at}
        return urlencode({name: str(value) for name, value in facts.items() if value})


class Since(NamedTuple):
    """What came after a statement of the past, as the page shows it."""

    changes: list[Difference]
    entries: list[ledger.Entry]
    more: bool


class StatementPages(Controller):
    """The list of statements, each of them, and their files."""

    include_in_schema = False

    @get("/laporan", opt={"permission": Permission.READ_AGGREGATES})
    async def index(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Which statements there are."""
        async with database.reading(request.user.book_id) as connection:
            cooperative = await cooperative_of(connection, request.user.book_id)
        found = [
            (f"/laporan/{word}", _title(name, cooperative), ABOUT[name])
            for name, word in WORDS.items()
            if cooperative.is_sharia or name not in SHARIA_ONLY
        ]
        may_read = request.user.may(Permission.READ_BOOKS)
        return await frame.page(request, "reports/statement_list.html", statements=found, may_read=may_read)

    @get("/laporan/{word:str}", opt={"permission": Permission.READ_AGGREGATES})
    async def statement(self, request: ApiRequest, database: Database, frame: Frame, word: str) -> Response[str]:
        """A statement of some days, beside another time; its rows lead to the accounts."""
        name, book_id = _name(word), request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            today = cooperative.today(datetime.now(UTC))
            form, wanted = _asked(request, today)
            known = await known_of(connection, book_id, form, cooperative.zone)
            wanted = wanted._replace(known_at="" if known.at is None else str(known.at))
            try:
                report = await _report(connection, cooperative, name, wanted, known)
            except NotFound:
                raise
            except Refusal as refusal:
                form.add_refusal(refusal)
                wanted = Wanted(None, today, "year", wanted.known_at)
                report = await _report(connection, cooperative, name, wanted, known)
            # Who may read sums only must not read what people wrote of single entries.
            may_drill = request.user.may(Permission.READ_BOOKS)
            later = None
            if known.at is not None and may_drill:
                later = await service.since(
                    connection, cooperative, report, first=wanted.first, last=wanted.last, compare=wanted.compare
                )
        own = report.statement.periods[0]
        start = {
            "from": own.first.isoformat(),
            "to": own.last.isoformat(),
            "compare": wanted.compare if wanted.compare in {"year", "none"} else "date",
            "compare_date": report.statement.periods[-1].last.isoformat() if "-" in wanted.compare else "",
        }
        shown = sheet(report, cooperative, request.user.locale)
        days = {"to": own.last.isoformat()} if name is Name.POSITION else {"from": own.first, "to": own.last}
        return await frame.page(
            request,
            "reports/statement.html",
            form=_filled(form, start),
            sheet=shown,
            report=report,
            later=_since(later, shown, cooperative, request.user.locale),
            may_drill=may_drill,
            may_adjust=name is Name.WORKSHEET and request.user.may(Permission.POST_JOURNAL),
            has_first=name is not Name.POSITION,
            has_comparison=name is not Name.WORKSHEET,
            comparisons=[(value, translate(request.user.locale, label)) for value, label in COMPARISONS],
            here=f"/laporan/{word}",
            asked=wanted.query,
            account_query=urlencode({**days, **({"known_at": wanted.known_at} if wanted.known_at else {})}),
            income_url=f"/laporan/{WORDS[Name.INCOME]}",
            may_export=request.user.may(Permission.EXPORT_BOOKS),
        )

    @get("/laporan/{word:str}/{paper:str}", opt={"permission": Permission.EXPORT_BOOKS})
    async def file(self, request: ApiRequest, database: Database, word: str, paper: str) -> Response[bytes]:
        """The statement as a spreadsheet or PDF."""
        name, book_id, now = _name(word), request.user.book_id, datetime.now(UTC)
        if paper not in set(Paper):
            raise _unknown()
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            form, wanted = _asked(request, cooperative.today(now))
            if not form.ok:
                raise BadRequest("date", N_("Tanggal tidak terbaca: tulis seperti 25/11/2026 atau 25 November 2026."))
            known = await known_words(connection, book_id, wanted.known_at, cooperative.zone)
            report = await _report(connection, cooperative, name, wanted, known)
        async with database.work(book_id) as work:
            await record_export(work.connection, request.user, f"statement {name} {paper}", wanted.first, wanted.last)
            await work.commit()
        shown = sheet(report, cooperative, request.user.locale)
        stamp = printed(request.user.name, now, cooperative, request.user.locale)
        content = await asyncio.to_thread(document, Paper(paper), shown, stamp)
        filename = f"{word}-{report.statement.periods[0].last:%Y-%m-%d}.{paper}"
        return Response(
            content,
            media_type=MEDIA_TYPES[Paper(paper)],
            headers={"Content-Disposition": f'attachment; filename="{filename}"'},
        )


def _name(word: str) -> Name:
    for name, known_word in WORDS.items():
        if word == known_word:
            return name
    raise _unknown()


def _unknown() -> NotFound:
    return NotFound("statement", N_("Laporan ini tidak ada."))


def _title(name: Name, cooperative: Cooperative) -> str:
    return SHAPES[cooperative.kind].title if name is Name.INCOME else TITLES[name]


def _asked(request: ApiRequest, today: date) -> tuple[Form, Wanted]:
    """The form as it was sent, and what it asks for; what can't be read is marked, and the usual taken instead.

    An address says ``compare=2025-12-31``; the form has a field of its own for that day.
    """
    typed = dict(request.query_params)
    if str(typed.get("compare", ""))[:1].isdigit():
        typed = {**typed, "compare": "date", "compare_date": typed["compare"]}
    form = Form(typed, request.user.locale)
    first, last = form.date("from", required=False), form.date("to", required=False)
    compare = form.choice("compare", [value for value, _ in COMPARISONS], required=False) or "year"
    if compare == "date":
        other = form.date("compare_date")
        compare = other.isoformat() if other else "year"
    return form, Wanted(first, last or today, compare, form.text("known_at", max_length=40))


def _filled(form: Form, start: Mapping[str, str]) -> Form:
    """The form with the usual in the fields that were left empty, and what was wrong with it."""
    typed = {name: form.value(name) for name in (*start, "known_at")}
    filled = Form({**start, **{name: text for name, text in typed.items() if text.strip()}}, form.locale)
    filled.errors, filled.general = form.errors, form.general
    return filled


def _since(later: service.Later | None, then: Sheet, cooperative: Cooperative, locale: str) -> Since | None:
    if later is None:
        return None
    return Since(differences(then, sheet(later.now, cooperative, locale)), later.entries, later.more)


async def _report(
    connection: AsyncConnection, cooperative: Cooperative, name: Name, wanted: Wanted, known: Known
) -> service.Report:
    return await service.report(
        connection,
        cooperative,
        name,
        first=wanted.first,
        last=wanted.last,
        compare=wanted.compare,
        known=known,
    )


CONTROLLERS: list[type[Controller]] = [StatementPages]
