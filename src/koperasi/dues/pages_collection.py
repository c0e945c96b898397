"""The collection sheet: choose whose, fill it in, record it, and print what was recorded."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Annotated, Any, NamedTuple
from uuid import uuid4

from litestar import Controller, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

from koperasi import formats
from koperasi.access import service as access
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.dues import service
from koperasi.dues.service_collection import MOST_ROWS, Cell, Column, Row
from koperasi.dues.sheets import read_pasted
from koperasi.errors import NotFound, Refusal
from koperasi.frame import Frame
from koperasi.groups import service as groups
from koperasi.i18n import N_, translate
from koperasi.members.service import find_by_numbers
from koperasi.permissions import Permission
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest
from koperasi.savings.service import free_kind, receipt_number
from koperasi.treasury import service as treasury
from koperasi.web import Form, Notice

Number = Annotated[int, Parameter(ge=1, le=2**53)]

NOBODY = N_("Tidak ada anggota di lembar ini. Pilih kelompok, atau tempelkan nomor anggota.")
UNKNOWN = N_("Nomor ini tidak ada di daftar anggota: %(numbers)s.")
UNREAD = N_("Baris ini tidak terbaca: %(lines)s.")
TOO_MANY = N_("Paling banyak %(limit)s anggota sekali catat.")
RECORDED = N_("Lembar tercatat. Tiap pembayaran mempunyai buktinya sendiri.")


class CollectionPages(Controller):
    """What many members pay at once."""

    include_in_schema = False

    @get("/iuran/lembar", opt={"permission": Permission.POST_SAVINGS})
    async def start(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Choose a group or paste a list; with ``kelompok`` the sheet of that group."""
        group = request.query_params.get("kelompok", "")
        form = Form({"kelompok": group}, request.user.locale)
        if not group:
            return await _start(request, database, frame, form)
        numbers = await _people_of(request, database, group)
        return await _sheet(request, database, frame, form, numbers)

    @post("/iuran/lembar", opt={"permission": Permission.POST_SAVINGS}, status_code=200)
    async def act(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Read a pasted list, fill in what is expected, add up, or record; ``act`` says which."""
        form = Form(await request.form(), request.user.locale)
        for name in ("kelompok", "label", "daftar", "tambah", "counted"):
            form.set(name, "")
        act = form.value("act")
        if act == "tempel":
            return await _pasted(request, database, frame, form)
        numbers = [one for one in form.value("baris").split(",") if one]
        if act == "tambah" and form.value("tambah"):
            numbers.append(form.value("tambah").strip().zfill(5))
        if act in {"tambah", "isi", "periksa"}:
            return await _sheet(request, database, frame, form, numbers, fill=act == "isi")
        return await self._record(request, database, frame, form, numbers)

    async def _record(
        self, request: ApiRequest, database: Database, frame: Frame, form: Form, numbers: list[str]
    ) -> Response[Any]:
        identity = request.user
        key, day, count = form.uuid("key"), form.date("date"), treasury.counted(form)
        by_pieces = count if count is not None and count.total_minor else None
        counted = by_pieces.total_minor if by_pieces else form.amount("counted")
        cells = _cells(form, numbers)
        if form.ok and key and day and counted is not None:
            group, label = form.value("kelompok") or None, form.text("label", max_length=200)
            try:
                async with database.work(identity.book_id) as work:
                    cooperative = await cooperative_of(work.connection, identity.book_id)
                    done = await service.collect(
                        work,
                        cooperative,
                        cells,
                        counted_minor=counted,
                        count=by_pieces,
                        group_number=group,
                        label=label,
                        day=day,
                        today=cooperative.today(datetime.now(UTC)),
                        actor=identity.username,
                        once=Idempotency.of("web", str(key), "lembar", group, label, day, counted, by_pieces, *cells),
                    )
                    if not done.replayed:
                        await work.commit()
            except Refusal as refusal:
                form.add_refusal(refusal)
            else:
                return Redirect(f"/iuran/lembar/{done.number}?baru=1", status_code=303)
        return await _sheet(request, database, frame, form, numbers, status=422)

    @get("/iuran/lembar/{number:int}", opt={"permission": Permission.READ_MEMBERS})
    async def paper(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[str]:
        """What was recorded, on one sheet to print and sign."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            found = await service.collection_by_number(connection, identity.book_id, number)
            people = await find_by_numbers(connection, identity.book_id, [line.member_number for line in found.lines])
            group = None
            if found.group_number:
                group = await groups.group_by_number(connection, identity.book_id, found.group_number)
            teller = await access.name_of(connection, identity.book_id, found.recorded_by)
        fresh = "baru" in request.query_params
        return await frame.page(
            request,
            "dues/collection.html",
            notices=[Notice("ok", translate(identity.locale, RECORDED))] if fresh else [],
            collection=found,
            people=people,
            group=group,
            teller=teller,
            columns=_columns_of(found),
            rows=_rows_of(found),
            may_post=identity.may(Permission.POST_SAVINGS),
        )


class PaperRow(NamedTuple):
    """What one member paid: by kind of savings the amount in sen, and the receipts."""

    member_number: str
    amounts: Mapping[str, int]
    receipts: list[tuple[str, bool]]


def _columns_of(found: service.Collection) -> list[tuple[str, str, int]]:
    """The kinds of savings that were paid into: value, one word for it, sum in sen."""
    kinds = {line.kind: 0 for line in found.lines}
    for line in found.lines:
        kinds[line.kind] += line.amount_minor
    return [
        (kind.value, kind.value.capitalize(), total)
        for kind, total in sorted(kinds.items(), key=lambda one: one[0].prefix)
    ]


def _rows_of(found: service.Collection) -> list[PaperRow]:
    rows: dict[str, PaperRow] = {}
    for line in found.lines:
        row = rows.setdefault(line.member_number, PaperRow(line.member_number, {}, []))
        row.amounts[line.kind.value] = row.amounts.get(line.kind.value, 0) + line.amount_minor  # type: ignore[index]
        row.receipts.append((receipt_number(line.effective_date, line.entry_number), line.reversed_by is not None))
    return list(rows.values())


def _cells(form: Form, numbers: list[str]) -> list[Cell]:
    """The amounts that were typed; what can't be read is noted beside its field."""
    cells = []
    for number in dict.fromkeys(numbers):
        for column in Column:
            minor = form.amount(f"{column.value}-{number}", required=False)
            if minor:
                cells.append(Cell(number, column, minor))
    return cells


async def _people_of(request: ApiRequest, database: Database, group: str) -> list[str]:
    async with database.reading(request.user.book_id) as connection:
        found = await groups.group_by_number(connection, request.user.book_id, group)
    return [one.member.number for one in found.members]


async def _pasted(request: ApiRequest, database: Database, frame: Frame, form: Form) -> Response[str]:
    """The sheet that a pasted list makes, its amounts filled in."""
    read, unread = read_pasted(form.value("daftar"))
    if unread:
        form.error("daftar", UNREAD, lines="; ".join(unread[:3]))
    for line in read:
        for column, text in ((Column.WAJIB, line.wajib), (Column.FREE, line.free)):
            form.set(f"{column.value}-{line.member_number}", text)
    if not read and not unread:
        form.error("daftar", NOBODY)
    if not form.ok:
        return await _start(request, database, frame, form, status=422)
    return await _sheet(request, database, frame, form, [line.member_number for line in read])


async def _start(
    request: ApiRequest, database: Database, frame: Frame, form: Form, *, status: int = 200
) -> Response[str]:
    book_id = request.user.book_id
    async with database.reading(book_id) as connection:
        known = (await groups.find_groups(connection, book_id, groups.Filter(), limit=200)).groups
        latest = await service.latest_collections(connection, book_id)
    names = {one.number: one.name for one in known}
    return await frame.page(
        request,
        "dues/start.html",
        status=status,
        form=form,
        group_options=[(one.number, f"{one.name} · {one.village}") for one in known],
        names=names,
        latest=latest,
    )


async def _sheet(
    request: ApiRequest,
    database: Database,
    frame: Frame,
    form: Form,
    numbers: list[str],
    *,
    fill: bool = False,
    status: int = 200,
) -> Response[str]:
    """The sheet as it was filled in so far, added up."""
    identity = request.user
    wanted = list(dict.fromkeys(numbers))[: MOST_ROWS + 1]
    if len(wanted) > MOST_ROWS:
        form.error("", TOO_MANY, limit=MOST_ROWS)
        wanted = wanted[:MOST_ROWS]
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        today = cooperative.today(datetime.now(UTC))
        rows = await service.sheet(connection, cooperative, wanted, today)
        group = None
        if form.value("kelompok"):
            with suppress(NotFound):
                group = await groups.group_by_number(connection, identity.book_id, form.value("kelompok"))
    free = free_kind(cooperative)
    unknown = [number for number in wanted if number not in {row.number for row in rows}]
    if unknown:
        form.error("", UNKNOWN, numbers=", ".join(unknown[:5]))
    if not rows:
        form.set("daftar", "")
        form.error("daftar", NOBODY)
        return await _start(request, database, frame, form, status=422)
    _prepare(form, rows, today, fill=fill)
    counted = treasury.count_rows(form)
    total_minor = counted["total_minor"] or _read(form.value("counted"))
    typed = {row.number: {column: _minor(form, column, row.number) for column in Column} for row in rows}
    columns = [one for one in Column if one is not Column.POKOK or any(_has(row, one, form) for row in rows)]
    return await frame.page(
        request,
        "dues/sheet.html",
        status=status if form.ok else 422,
        form=form,
        group=group,
        rows=rows,
        columns=columns,
        typed=typed,
        sums={column: sum(one[column] for one in typed.values()) for column in columns},
        labels={Column.POKOK: N_("Pokok"), Column.WAJIB: N_("Wajib"), Column.FREE: free.value.capitalize()},
        counted_minor=total_minor,
        counted_text=formats.format_amount(total_minor, symbol=False)
        if counted["total_minor"]
        else form.value("counted"),
        **counted,
        # A refused form gets a key of its own: it will be another request.
        key=str(uuid4()),
        day=today,
    )


LABELS = {Column.POKOK: N_("Pokok"), Column.WAJIB: N_("Wajib"), Column.FREE: N_("Sukarela")}


def _prepare(form: Form, rows: list[Row], today: date, *, fill: bool) -> None:
    """Give every cell its field; ``fill`` writes what is expected into those that are empty."""
    form.set("date", today.isoformat())
    form.set("counted", "")
    form.set("tambah", "")
    for row in rows:
        for column in Column:
            name = f"{column.value}-{row.number}"
            expected = row.expected.get(column, 0)
            if fill and expected:
                form.fill(name, formats.format_amount(expected, symbol=False))
            form.set(name, "")


def _has(row: Row, column: Column, form: Form) -> bool:
    return bool(row.expected.get(column) or form.value(f"{column.value}-{row.number}"))


def _minor(form: Form, column: Column, number: str) -> int:
    return _read(form.value(f"{column.value}-{number}"))


def _read(text: str) -> int:
    try:
        return formats.parse_amount(text)
    except formats.InputError:
        return 0


CONTROLLERS: list[type[Controller]] = [CollectionPages]
