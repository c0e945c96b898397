"""The audit trail as a page that can be searched, and as a file."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

from litestar import Controller, Response, get
from litestar.response import Stream

from koperasi.audit import rules, service
from koperasi.audit.api import search_of
from koperasi.audit.service import Action, Event, Search
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import BadRequest
from koperasi.frame import Frame
from koperasi.i18n import N_
from koperasi.permissions import ROLE_LABELS, Permission
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.web import Form
from ledger.export.journal import harmless

PAGE_SIZE = 50
FILE_STEP = 1_000
"""Rows of the file that are read at once."""


class TrailPages(Controller):
    """Who did what, when and from where."""

    include_in_schema = False

    @get("/jejak-audit", opt={"permission": Permission.READ_AUDIT})
    async def trail(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The latest rows first; by actor, action and days."""
        book_id = request.user.book_id
        form = Form(dict(request.query_params), request.user.locale)
        before = decode_cursor(request.query_params.get("before"), "int")
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            found, more = await service.events(
                connection,
                book_id,
                _search(form, cooperative.zone),
                before=before[0] if before else None,
                limit=PAGE_SIZE,
            )
            last = await service.head(connection, book_id)
        kept = {name: form.value(name) for name in ("actor", "action", "from", "to") if form.value(name)}
        return await frame.page(
            request,
            "audit/trail.html",
            form=form,
            events=found,
            differences=rules.differences,
            labels={one.value: one.label for one in Action},
            roles={role.value: label for role, label in ROLE_LABELS.items()},
            head=last,
            filtered=bool(kept),
            newest_url=_url("/jejak-audit", kept) if before else "",
            older_url=_url("/jejak-audit", {**kept, "before": encode_cursor(found[-1].number)}) if more else "",
            file_url=_url("/jejak-audit.csv", kept),
        )

    @get("/jejak-audit/periksa", opt={"permission": Permission.READ_AUDIT})
    async def verify(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Recompute every row's hash and say what was found."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            trail = await service.verify_trail(connection, book_id)
        return await frame.page(request, "audit/verified.html", trail=trail, words=FINDINGS)

    @get("/jejak-audit.csv", opt={"permission": Permission.READ_AUDIT})
    async def file(self, request: ApiRequest, database: Database) -> Stream:
        """The same rows as a file; that it was taken is a row of the trail itself."""
        identity = request.user
        form = Form(dict(request.query_params), identity.locale)
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            search = _search(form, cooperative.zone)
            if not form.ok:
                raise BadRequest("date", N_("Tanggal tidak terbaca: tulis seperti 25/11/2026 atau 25 November 2026."))
            await service.record(
                work.connection,
                identity.book_id,
                actor=identity.username,
                action=Action.EXPORTED,
                subject="audit trail",
            )
            await work.commit()
        return Stream(
            _csv(database, identity.book_id, search),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="jejak-audit-{cooperative.code}.csv"'},
        )


FINDINGS = {
    rules.GAP: N_("Baris nomor %(number)s tidak ada."),
    rules.CHANGED: N_("Isi baris nomor %(number)s tidak cocok dengan segelnya."),
    rules.ANCHOR: N_("Jurnal nomor %(number)s disegel dengan baris jejak yang lain; jejak ditulis ulang sesudahnya."),
    rules.HEAD: N_("Baris terakhir bukan nomor %(number)s seperti seharusnya."),
}


def _search(form: Form, zone: Any) -> Search:
    """What the form asks for; what can't be read is left out, and said beside its field."""
    actor = form.text("actor", max_length=100)
    action = form.choice("action", list(Action), required=False)
    return search_of(zone, actor, action, form.date("from", required=False), form.date("to", required=False))


async def _csv(database: Database, book_id: int, search: Search) -> AsyncIterator[bytes]:
    """All rows that fit, in one snapshot, the latest first."""
    yield _lines([list(Event._fields)])
    before: int | None = None
    async with database.reading(book_id) as connection:
        while True:
            found, more = await service.events(connection, book_id, search, before=before, limit=FILE_STEP)
            yield _lines([_cells(event) for event in found])
            if not more:
                return
            before = found[-1].number


def _cells(event: Event) -> list[str]:
    facts = event._replace(recorded_at=event.recorded_at.isoformat(), hash=event.hash.hex())  # type: ignore[arg-type]
    return ["" if fact is None else harmless(str(fact)) for fact in facts]


def _lines(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _url(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


CONTROLLERS: list[type[Controller]] = [TrailPages]
