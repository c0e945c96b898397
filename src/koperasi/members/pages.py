"""Pages of members: the list, a member's card, and the forms to register and change one."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from litestar import Controller, Response, get, post
from litestar.response import Redirect

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.dues import service as dues
from koperasi.errors import Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.members import service
from koperasi.members.model import ADDRESS_MAX_LENGTH, warnings_of
from koperasi.members.rules import (
    DESTINATION_COUNTRIES,
    EMAIL_MAX_LENGTH,
    MemberStatus,
    MigrantStatus,
    check_joined_on,
    country_codes,
    country_name,
)
from koperasi.membership import service as membership
from koperasi.permissions import Identity, Permission
from koperasi.phones import mask_phone
from koperasi.posting import Idempotency
from koperasi.privacy import service as privacy
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.savings import service as savings
from koperasi.web import Form, Notice

PAGE_SIZE = 50

CHIPS = {status: status.chip for status in MemberStatus}

DONE = {
    "terdaftar": N_("Anggota terdaftar. Rekeningnya sudah dibuka dan simpanan pokok serta wajib sudah ditagih."),
    "mendaftar": N_("Pemohon terdaftar. Simpanan pokok sudah ditagih; keputusan pengurus ditunggu."),
    "diubah": N_("Perubahan tersimpan."),
}

SEXES = {"L": N_("Laki-laki"), "P": N_("Perempuan")}
"""As on the identity card (message ids)."""

FILTER_FIELDS = ("q", "status", "migran")
TEXT_FIELDS = ("name", "nik", "phone", "email", "address", "village")
FORM_FIELDS = (
    *TEXT_FIELDS,
    *("birth_date", "sex", "migrant_status", "country", "joined_on"),
    *("heir_name", "heir_relation", "heir_phone"),
)
HEIR_FIELDS = {f"heirs.0.{part}": f"heir_{part}" for part in ("name", "relation", "phone")} | {"heirs": "heir_name"}


class MemberPages(Controller):
    """What staff read about members."""

    include_in_schema = False

    @get("/anggota", opt={"permission": Permission.READ_MEMBERS})
    async def list_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """The list of members with its filters; the number of a savings account leads to the account."""
        identity = request.user
        form = Form({name: request.query_params.get(name, "") for name in FILTER_FIELDS}, identity.locale)
        text = form.text("q")
        status = form.choice("status", list(MemberStatus), required=False)
        migrant_status = form.choice("migran", list(MigrantStatus), required=False)
        after = decode_cursor(request.query_params.get("sesudah"), "str")
        if savings.is_valid_account_number(text):
            return Redirect(f"/simpanan/{text}", status_code=303)
        async with database.reading(identity.book_id) as connection:
            asking = await privacy.open_requests(connection, identity.book_id) if _may_erase(identity) else []
            applicants = await service.count_of(connection, identity.book_id, MemberStatus.PEMOHON)
            found = await service.search(
                connection,
                identity.book_id,
                text=text,
                status=MemberStatus(status) if status else None,
                migrant_status=MigrantStatus(migrant_status) if migrant_status else None,
                after=after[0] if after else None,
                limit=PAGE_SIZE + 1,
            )
        kept = {name: form.value(name) for name in FILTER_FIELDS if form.value(name)}
        more = len(found) > PAGE_SIZE
        place = {**kept, "sesudah": encode_cursor(found[PAGE_SIZE - 1].number)} if more else {}
        return await frame.page(
            request,
            "members/list.html",
            form=form,
            members=found[:PAGE_SIZE],
            status_options=_options(form, MemberStatus),
            migrant_options=_options(form, MigrantStatus),
            chips=CHIPS,
            filtered=bool(kept),
            asking=len(asking),
            applicants=applicants,
            mask_phone=mask_phone,
            first_url=("/anggota?" + urlencode(kept)) if after else None,
            next_url=("/anggota?" + urlencode(place)) if more else None,
            may_write=identity.may(Permission.WRITE_MEMBERS),
        )

    @get("/anggota/{number:str}", opt={"permission": Permission.READ_MEMBERS})
    async def card(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """A member's card: who they are, who inherits, what they have and what they still owe of their dues."""
        return await _card(request, database, frame, number)

    @post("/anggota/{number:str}/nik", opt={"permission": Permission.VIEW_NIK}, status_code=200)
    async def show_nik(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """The same card with the whole NIK and the birth date that is part of it; who looked is put on record first."""
        async with database.work(request.user.book_id) as work:
            await service.view_nik(work, number, actor=request.user.username)
            await work.commit()
        return await _card(request, database, frame, number, whole_nik=True)


class RegisterPages(Controller):
    """Register a member, and change what is known of one."""

    include_in_schema = False

    @get("/anggota/baru", opt={"permission": Permission.WRITE_MEMBERS})
    async def new_page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The form to register a member."""
        form = Form(locale=request.user.locale)
        async with database.reading(request.user.book_id) as connection:
            cooperative = await cooperative_of(connection, request.user.book_id)
        form.set("joined_on", cooperative.today(datetime.now(UTC)).isoformat())
        form.set("migrant_status", MigrantStatus.BUKAN.value)
        return await _new_form(request, database, frame, form)

    @post("/anggota/baru", opt={"permission": Permission.WRITE_MEMBERS})
    async def register(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Register a member, open their accounts and bill their dues; the same form sent twice registers once."""
        identity = request.user
        form = await _form(request)
        key, facts, joined_on = form.uuid("key"), _facts(form), form.date("joined_on")
        if not form.ok or key is None or joined_on is None:
            return await _new_form(request, database, frame, form, status=422)
        typed = Idempotency.of("web", str(key), *(form.value(name) for name in FORM_FIELDS))
        try:
            new = service.NewMember(**facts, joined_on=joined_on, heirs=_heirs(form, ()))
            async with database.work(identity.book_id) as work:
                cooperative = await cooperative_of(work.connection, identity.book_id)
                today = cooperative.today(datetime.now(UTC))
                check_joined_on(joined_on, today)
                status = await service.first_status(work.connection, identity.book_id, today)
                new = replace(new, status=status)
                member, replayed = await service.register(work, new, actor=identity.username, request_key=typed)
                if not replayed:
                    opened = await savings.welcome(work, cooperative, member, actor=identity.username)
                    await savings.record_opened(work, opened, actor=identity.username)
                    await service.record_registered(work, member.number, actor=identity.username)
                    await work.commit()
        except Refusal as refusal:
            form.add_refusal(refusal, HEIR_FIELDS)
            return await _new_form(request, database, frame, form, status=refusal.status)
        done = "mendaftar" if member.status is MemberStatus.PEMOHON else "terdaftar"
        return Redirect(f"/anggota/{member.number}?selesai={done}", status_code=303)

    @get("/anggota/{number:str}/ubah", opt={"permission": Permission.WRITE_MEMBERS})
    async def change_page(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """The form to change a member. The NIK is not shown again: left empty, it stays."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            member = await service.member_by_number(connection, identity.book_id, number)
        form = Form(locale=identity.locale)
        for name in ("name", "phone", "email", "address", "village", "sex", "country"):
            form.set(name, getattr(member, name))
        form.set("birth_date", member.birth_date)
        form.set("migrant_status", member.migrant_status.value)
        for heir in member.heirs[:1]:
            form.set("heir_name", heir.name)
            form.set("heir_relation", heir.relation)
            form.set("heir_phone", heir.phone)
        return await _change_form(request, frame, form, member)

    @post("/anggota/{number:str}/ubah", opt={"permission": Permission.WRITE_MEMBERS})
    async def change(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Change a member. Of several heirs the form shows and changes the first."""
        identity = request.user
        form = await _form(request)
        facts = _facts(form)
        async with database.work(identity.book_id) as work:
            # Read before the attempt: a refusal leaves nothing to read afterwards.
            member = await service.member_by_number(work.connection, identity.book_id, number)
            if form.ok:
                changes = {
                    **facts,
                    "nik": facts["nik"] or member.nik,
                    "heirs": _heirs(form, member.heirs),
                }
                try:
                    await service.change(work, number, changes, actor=identity.username)
                except Refusal as refusal:
                    form.add_refusal(refusal, HEIR_FIELDS)
                else:
                    await work.commit()
                    return Redirect(f"/anggota/{number}?selesai=diubah", status_code=303)
        return await _change_form(request, frame, form, member, status=422)


async def _card(
    request: ApiRequest, database: Database, frame: Frame, number: str, *, whole_nik: bool = False
) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        member = await service.member_by_number(connection, identity.book_id, number)
        accounts = await savings.accounts_of(connection, identity.book_id, number)
        requests = await privacy.requests_of(connection, identity.book_id, number) if _may_erase(identity) else []
        cooperative = await cooperative_of(connection, identity.book_id)
        # Bills were never a debt: whoever has left owes none of them.
        today = cooperative.today(datetime.now(UTC))
        owed = [] if member.status.has_left else await dues.open_dues(connection, cooperative, number, today)
        now = await membership.standing(connection, cooperative, number)
    done = DONE.get(request.query_params.get("selesai", ""))
    notices = [Notice("ok", translate(identity.locale, done))] if done else []
    warnings = [one.message for one in warnings_of(member)]
    if any(one.is_open for one in requests):
        warnings.append(N_("Anggota ini meminta datanya dihapus. Putuskan di halaman Data pribadi."))
    notices += [Notice("warn", translate(identity.locale, text)) for text in warnings]
    return await frame.page(
        request,
        "members/card.html",
        notices=notices,
        member=member,
        whole_nik=whole_nik,
        country=country_name(member.country, identity.locale) if member.country else "",
        sexes=SEXES,
        accounts=accounts,
        total_minor=sum(account.balance_minor for account in accounts),
        dues=owed,
        chips=CHIPS,
        now=now,
        describe=_describe,
        may_write=identity.may(Permission.WRITE_MEMBERS),
        may_view_nik=identity.may(Permission.VIEW_NIK),
        may_post=identity.may(Permission.POST_SAVINGS) and not member.status.has_left,
    )


def _describe(event: service.Event) -> str:
    return membership.Act(event.act).label if event.act in set(membership.Act) else event.act


def _may_erase(identity: Identity) -> bool:
    return identity.may(Permission.ERASE_DATA)


async def _form(request: ApiRequest) -> Form:
    """What was sent, with every field of the form known even if its line was left out."""
    form = Form(await request.form(), request.user.locale)
    for name in FORM_FIELDS:
        form.set(name, "")
    return form


def _facts(form: Form) -> dict[str, Any]:
    """What the form says of the person, by the names of ``NewMember``; left empty is None."""
    migrant_status = form.choice("migrant_status", list(MigrantStatus))
    limits = {"email": EMAIL_MAX_LENGTH, "address": ADDRESS_MAX_LENGTH}
    texts = {
        name: form.text(name, required=name == "name", max_length=limits.get(name, 120)) or None for name in TEXT_FIELDS
    }
    return {
        **texts,
        "birth_date": form.date("birth_date", required=False),
        "sex": form.choice("sex", list(SEXES), required=False),
        "country": form.choice("country", country_codes(), required=False),
        "migrant_status": MigrantStatus(migrant_status) if migrant_status else None,
    }


def _heirs(form: Form, known: tuple[service.Heir, ...]) -> tuple[service.Heir, ...]:
    """The heir in the form in the place of the first known one; the others stay."""
    name, relation = form.text("heir_name", max_length=120), form.text("heir_relation", max_length=40)
    phone = form.text("heir_phone", max_length=40) or None
    if not (name or relation or phone):
        return () if len(known) < 2 else known
    share = known[0].share_percent if known else 100
    return (service.Heir(name, relation, phone, share), *known[1:])


def _options(form: Form, kinds: Iterable[MemberStatus | MigrantStatus]) -> list[tuple[str, str]]:
    return [(kind.value, translate(form.locale, kind.label)) for kind in kinds]


def _countries(locale: str) -> list[tuple[str, str]]:
    """Where migrants mostly work first, then all others by name."""
    named = [(code, country_name(code, locale)) for code in country_codes() - set(DESTINATION_COUNTRIES)]
    first = [(code, country_name(code, locale)) for code in DESTINATION_COUNTRIES]
    return [*first, *sorted(named, key=lambda one: one[1])]


def _choices(form: Form) -> dict[str, Any]:
    return {
        "sex_options": [(value, translate(form.locale, label)) for value, label in SEXES.items()],
        "migrant_options": _options(form, MigrantStatus),
        "country_options": _countries(form.locale),
    }


async def _new_form(
    request: ApiRequest, database: Database, frame: Frame, form: Form, *, status: int = 200
) -> Response[str]:
    book_id = request.user.book_id
    async with database.reading(book_id) as connection:
        today = (await cooperative_of(connection, book_id)).today(datetime.now(UTC))
        begins = await service.first_status(connection, book_id, today)
    # A refused form gets a key of its own, for it will be another request.
    return await frame.page(
        request,
        "members/new.html",
        status=status,
        form=form,
        key=str(uuid4()),
        member=None,
        waits=begins is MemberStatus.PEMOHON,
        **_choices(form),
    )


async def _change_form(
    request: ApiRequest, frame: Frame, form: Form, member: service.Member, *, status: int = 200
) -> Response[str]:
    return await frame.page(
        request,
        "members/change.html",
        status=status,
        form=form,
        member=member,
        **_choices(form),
    )


CONTROLLERS: list[type[Controller]] = [MemberPages, RegisterPages]
