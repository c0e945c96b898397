"""Pages of business groups: the list, a group's card, and the forms to register and change it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from litestar import Controller, Response, get, post
from litestar.response import Redirect

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.frame import Frame
from koperasi.groups import service
from koperasi.groups.rules import GroupRole, GroupStatus, Sector
from koperasi.i18n import N_, translate
from koperasi.members import service as members
from koperasi.permissions import Permission
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.web import Form, Notice

PAGE_SIZE = 50

CHIPS = {GroupStatus.AKTIF: "active", GroupStatus.TIDAK_AKTIF: "inactive", GroupStatus.BUBAR: "closed"}

DONE = {
    "terdaftar": N_("Kelompok terdaftar dan akunnya di buku besar sudah dibuka."),
    "diubah": N_("Perubahan tersimpan."),
    "masuk": N_("Anggota masuk kelompok."),
    "keluar": N_("Anggota sudah keluar dari kelompok; riwayatnya tetap tersimpan."),
}

FILTER_FIELDS = ("q", "desa", "bidang", "status", "anggota")
NEW_FIELDS = ("name", "village", "sector", "founded_on", *(role.value for role in service.OFFICES))
CHANGED_FIELDS = ("name", "village", "sector", "status")


class GroupPages(Controller):
    """What people read about groups."""

    include_in_schema = False

    @get("/kelompok", opt={"permission": Permission.READ_GROUPS})
    async def list_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The list of groups with its filters."""
        form, wanted = _filter_of(request)
        after = _after(request.query_params.get("sesudah"))
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            page = await service.find_groups(connection, book_id, wanted, after=after, limit=PAGE_SIZE)
            villages = await service.villages(connection, book_id)
        kept = {name: form.value(name) for name in FILTER_FIELDS if form.value(name)}
        next_url = None
        if page.next_after:
            next_url = "/kelompok?" + urlencode({**kept, "sesudah": encode_cursor(*page.next_after)})
        return await frame.page(
            request,
            "groups/list.html",
            form=form,
            groups=page.groups,
            village_options=[(village, village) for village in villages],
            sector_options=_options(form, Sector),
            status_options=_options(form, GroupStatus),
            chips=CHIPS,
            filtered=bool(kept),
            first_url=("/kelompok?" + urlencode(kept)) if after else None,
            next_url=next_url,
            may_write=request.user.may(Permission.WRITE_GROUPS),
        )

    @get("/kelompok/{number:str}", opt={"permission": Permission.READ_GROUPS})
    async def card(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """A group's card: officers, people, and what its account holds."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            group = await service.group_by_number(connection, identity.book_id, number)
        done = DONE.get(request.query_params.get("selesai", ""))
        return await frame.page(
            request,
            "groups/card.html",
            notices=[Notice("ok", translate(identity.locale, done))] if done else [],
            group=group,
            offices=service.OFFICES,
            chips=CHIPS,
            may_write=identity.may(Permission.WRITE_GROUPS) and group.status is not GroupStatus.BUBAR,
            may_collect=identity.may(Permission.POST_SAVINGS) and bool(group.members),
            may_read_books=identity.may(Permission.READ_BOOKS),
        )


class RegisterPages(Controller):
    """Register a group, and change what is known of it."""

    include_in_schema = False

    @get("/kelompok/baru", opt={"permission": Permission.WRITE_GROUPS})
    async def new_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The form to register a group."""
        form = Form(locale=request.user.locale)
        form.set("founded_on", (await _today(database, request.user.book_id)).isoformat())
        return await _new_form(request, frame, form)

    @post("/kelompok/baru", opt={"permission": Permission.WRITE_GROUPS})
    async def register(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Register a group; the same form sent twice registers once."""
        identity = request.user
        form = await _form(request, NEW_FIELDS)
        key, founded_on = form.uuid("key"), form.date("founded_on")
        officers = {role: form.text(role.value, max_length=60) for role in service.OFFICES}
        name, village = form.text("name", required=True), form.text("village", required=True)
        sector = form.choice("sector", list(Sector))
        if not form.ok or key is None or founded_on is None or sector is None:
            return await _new_form(request, frame, form, status=422)
        new = service.NewGroup(name, village, sector, founded_on, {role: who for role, who in officers.items() if who})
        try:
            async with database.work(identity.book_id) as work:
                cooperative = await cooperative_of(work.connection, identity.book_id)
                group, replayed = await service.register(
                    work,
                    cooperative,
                    new,
                    actor=identity.username,
                    today=cooperative.today(datetime.now(UTC)),
                    idempotency=Idempotency.of("web", str(key), *(form.value(name) for name in NEW_FIELDS)),
                )
                if not replayed:
                    await work.commit()
        except Refusal as refusal:
            form.add_refusal(refusal)
            return await _new_form(request, frame, form, status=refusal.status)
        return _to_card(group.number, "terdaftar")

    @get("/kelompok/{number:str}/ubah", opt={"permission": Permission.WRITE_GROUPS})
    async def change_page(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """The form to change a group."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            group = await service.group_by_number(connection, identity.book_id, number)
        form = Form({name: str(getattr(group, name)) for name in CHANGED_FIELDS}, identity.locale)
        return await _change_form(request, frame, form, group)

    @post("/kelompok/{number:str}/ubah", opt={"permission": Permission.WRITE_GROUPS})
    async def change(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Change a group; to dissolve it the box beneath must be ticked, for that is for good."""
        identity = request.user
        form = await _form(request, CHANGED_FIELDS)
        name, village = form.text("name", required=True), form.text("village", required=True)
        sector, status = form.choice("sector", list(Sector)), form.choice("status", list(GroupStatus))
        if status == GroupStatus.BUBAR and not form.flag("sure"):
            form.error("status", N_("Pembubaran tidak dapat ditarik kembali. Centang persetujuan di bawah."))
        async with database.work(identity.book_id) as work:
            # Read before the attempt: a refusal leaves nothing to read afterwards.
            group = await service.group_by_number(work.connection, identity.book_id, number)
            if form.ok and sector is not None and status is not None:
                cooperative = await cooperative_of(work.connection, identity.book_id)
                changes = service.Changes(name, village, sector, GroupStatus(status))
                try:
                    await service.change(work, number, changes, today=cooperative.today(datetime.now(UTC)))
                except Refusal as refusal:
                    form.add_refusal(refusal)
                else:
                    await work.commit()
                    return _to_card(number, "diubah")
        return await _change_form(request, frame, form, group, status=422)


class MembershipPages(Controller):
    """Let members of the cooperative come and go."""

    include_in_schema = False

    @get("/kelompok/cari-anggota", opt={"permission": Permission.WRITE_GROUPS})
    async def look_up(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The members that fit what is being typed, as options for the script."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            found = await service.candidates(connection, identity.book_id, request.query_params.get("q", ""))
        return await frame.page(request, "groups/options.html", members=found)

    @get("/kelompok/{number:str}/anggota/tambah", opt={"permission": Permission.WRITE_GROUPS})
    async def add_page(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """The form to take somebody in; a link of the list of namesakes fills in the member."""
        identity = request.user
        form = Form({"member": request.query_params.get("anggota", "")}, identity.locale)
        role = request.query_params.get("jabatan", "")
        form.set("role", role if role in set(GroupRole) else GroupRole.ANGGOTA.value)
        async with database.reading(identity.book_id) as connection:
            group = await service.group_by_number(connection, identity.book_id, number)
        return await _add_form(request, frame, form, group)

    @post("/kelompok/{number:str}/anggota/tambah", opt={"permission": Permission.WRITE_GROUPS})
    async def add(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Take somebody in, by number, or by a name or phone that only one member has."""
        identity = request.user
        form = await _form(request, ("member", "role"))
        typed, role = form.text("member", required=True), form.choice("role", list(GroupRole))
        candidates: list[members.Member] = []
        async with database.work(identity.book_id) as work:
            group = await service.group_by_number(work.connection, identity.book_id, number)
            if form.ok and role is not None:
                candidates = await service.candidates(work.connection, identity.book_id, typed)
                if len(candidates) != 1:
                    form.error("member", N_("Pilih anggotanya.") if candidates else service.UNKNOWN_MEMBER)
            if form.ok and role is not None:
                cooperative = await cooperative_of(work.connection, identity.book_id)
                today = cooperative.today(datetime.now(UTC))
                who = candidates[0].number
                try:
                    await service.add_member(work, number, who, GroupRole(role), actor=identity.username, today=today)
                except Refusal as refusal:
                    form.add_refusal(refusal)
                else:
                    await work.commit()
                    return _to_card(number, "masuk")
        return await _add_form(request, frame, form, group, candidates if len(candidates) > 1 else [], status=422)

    @get("/kelompok/{number:str}/anggota/{member:str}/keluarkan", opt={"permission": Permission.WRITE_GROUPS})
    async def remove_page(
        self, request: ApiRequest, database: Database, frame: Frame, number: str, member: str
    ) -> Response[str]:
        """What it means that somebody leaves, before they do."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            group = await service.group_by_number(connection, identity.book_id, number)
        one = group.membership(member)
        today = await _today(database, identity.book_id)
        return await frame.page(request, "groups/remove.html", group=group, one=one, left_on=max(today, one.joined_on))

    @post("/kelompok/{number:str}/anggota/{member:str}/keluarkan", opt={"permission": Permission.WRITE_GROUPS})
    async def remove(self, request: ApiRequest, database: Database, number: str, member: str) -> Redirect:
        """Let somebody leave the group."""
        book_id = request.user.book_id
        async with database.work(book_id) as work:
            cooperative = await cooperative_of(work.connection, book_id)
            await service.remove_member(work, number, member, today=cooperative.today(datetime.now(UTC)))
            await work.commit()
        return _to_card(number, "keluar")


def _filter_of(request: ApiRequest) -> tuple[Form, service.Filter]:
    """What was asked for in the address, as a form that shows it again; what can't be read leaves nothing out."""
    form = Form({name: request.query_params.get(name, "") for name in FILTER_FIELDS}, request.user.locale)
    sector = form.choice("bidang", list(Sector), required=False)
    status = form.choice("status", list(GroupStatus), required=False)
    wanted = service.Filter(
        text=form.text("q"),
        village=form.text("desa"),
        sector=Sector(sector) if sector else None,
        status=GroupStatus(status) if status else None,
        member=form.text("anggota", max_length=60),
    )
    return form, wanted


def _options(form: Form, kinds: Iterable[Sector | GroupStatus | GroupRole]) -> list[tuple[str, str]]:
    return [(kind.value, translate(form.locale, kind.label)) for kind in kinds]


def _after(cursor: str | None) -> tuple[str, str] | None:
    place = decode_cursor(cursor, "str", "str")
    return (place[0], place[1]) if place else None


async def _form(request: ApiRequest, names: Sequence[str]) -> Form:
    """What was sent, with every field of the form known even if its line was left out."""
    form = Form(await request.form(), request.user.locale)
    for name in names:
        form.set(name, "")
    return form


async def _today(database: Database, book_id: int) -> date:
    async with database.reading(book_id) as connection:
        return (await cooperative_of(connection, book_id)).today(datetime.now(UTC))


def _to_card(number: str, done: str) -> Redirect:
    return Redirect(f"/kelompok/{number}?selesai={done}", status_code=303)


async def _new_form(request: ApiRequest, frame: Frame, form: Form, *, status: int = 200) -> Response[str]:
    # A refused form gets a key of its own, for it will be another request.
    return await frame.page(
        request,
        "groups/new.html",
        status=status,
        form=form,
        key=str(uuid4()),
        sector_options=_options(form, Sector),
        offices=service.OFFICES,
    )


async def _change_form(
    request: ApiRequest, frame: Frame, form: Form, group: service.Group, *, status: int = 200
) -> Response[str]:
    return await frame.page(
        request,
        "groups/change.html",
        status=status,
        form=form,
        group=group,
        sector_options=_options(form, Sector),
        status_options=_options(form, GroupStatus),
    )


async def _add_form(
    request: ApiRequest,
    frame: Frame,
    form: Form,
    group: service.Group,
    candidates: Sequence[members.Member] = (),
    *,
    status: int = 200,
) -> Response[str]:
    return await frame.page(
        request,
        "groups/add.html",
        status=status,
        form=form,
        group=group,
        candidates=candidates,
        role_options=_options(form, GroupRole),
    )


CONTROLLERS: list[type[Controller]] = [GroupPages, RegisterPages, MembershipPages]
