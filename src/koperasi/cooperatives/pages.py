"""Pages of the admin: the cooperative as it is set up, its policies and their history, and founding another one."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from litestar import Controller, Response, get, post
from litestar.response import Redirect

from koperasi.access import service as access
from koperasi.cooperatives import charts, policies, service, service_asking
from koperasi.cooperatives.policies import Definition, Unit, shown
from koperasi.cooperatives.rules import Kind
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.formats import TIME_ZONE_LABELS, wire_amount
from koperasi.frame import Frame
from koperasi.i18n import N_
from koperasi.permissions import Permission, Role
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest
from koperasi.web.forms import Form

IDENTITY_FIELDS = ("name", "registration_number", "address", "village", "district", "regency", "province")

ROLE_LABELS = {
    "cash.vault": N_("Kas besar"),
    "cash.teller": N_("Kas loket"),
    "cash.petty": N_("Kas kecil"),
    "cash.tills": N_("Laci para teller"),
    "savings.pokok": N_("Simpanan pokok"),
    "savings.wajib": N_("Simpanan wajib"),
    "savings.sukarela": N_("Simpanan sukarela"),
    "savings.wadiah": N_("Simpanan wadiah"),
    "groups.funds": N_("Dana kelompok usaha"),
    "opening.difference": N_("Selisih saldo awal"),
    "surplus.current": N_("Hasil tahun berjalan"),
    "cash.difference": N_("Selisih kas"),
    "cash.transit": N_("Kas dalam perjalanan"),
    "savings.mudharabah": N_("Simpanan mudharabah"),
    "savings.berencana": N_("Simpanan berencana"),
    "savings.wadiah_berencana": N_("Simpanan wadiah berencana"),
    "savings.berjangka": N_("Simpanan berjangka"),
    "savings.berjangka_1": N_("Simpanan berjangka 1 bulan"),
    "savings.berjangka_3": N_("Simpanan berjangka 3 bulan"),
    "savings.berjangka_6": N_("Simpanan berjangka 6 bulan"),
    "savings.berjangka_12": N_("Simpanan berjangka 12 bulan"),
    "savings.koperasi_lain": N_("Simpanan koperasi lain"),
    "savings.berjangka_koperasi_lain": N_("Simpanan berjangka koperasi lain"),
    "savings.wajib_pinjam": N_("Simpanan wajib pinjam"),
    "return.payable": N_("Imbal simpanan yang belum dibayar"),
    "return.savings": N_("Imbal simpanan"),
    "return.deposits": N_("Imbal simpanan berjangka"),
    "return.bonus": N_("Bonus wadiah"),
    "tax.savings": N_("Pajak final imbal simpanan yang belum disetor"),
    "tax.partners": N_("Pajak imbal simpanan koperasi lain yang belum disetor"),
    "fees.savings": N_("Biaya simpanan"),
    "members.leaving": N_("Simpanan anggota keluar yang belum diambil"),
    "members.surplus": N_("SHU anggota yang belum diambil"),
    "reserve.general": N_("Cadangan umum"),
    "income.other": N_("Pendapatan lain"),
}

FIRST_USERS = ((Role.ADMIN, "admin"), (Role.BENDAHARA, "bendahara"))


class Settings(Controller):
    """One's own cooperative: identity, chart roles, policies."""

    path = "/koperasi"
    include_in_schema = False
    opt = {"permission": Permission.MANAGE_COOPERATIVE}  # noqa: RUF012 - Litestar's own name for it

    @get()
    async def show(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """How the cooperative is set up."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await service.cooperative_of(connection, book_id)
            rows = await service.policies(connection, book_id)
        chart = {line.account.code: line.account for line in charts.template(cooperative.kind)}
        locale = request.user.locale
        accounts = [
            (ROLE_LABELS[role], code, chart[code].name_en if locale == "en" else chart[code].name_id)
            for role, code in charts.roles(cooperative.kind).items()
        ]
        return await frame.page(
            request,
            "cooperatives/settings.html",
            own=cooperative,
            zone=TIME_ZONE_LABELS[cooperative.timezone],
            accounts=accounts,
            standings=policies.standings(rows, cooperative.today(datetime.now(UTC))),
            shown=shown,
        )

    @get("/ubah")
    async def ask_identity(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """The form for another name, number or place."""
        async with database.reading(request.user.book_id) as connection:
            cooperative = await service.cooperative_of(connection, request.user.book_id)
        form = Form(None, request.user.locale)
        for field in IDENTITY_FIELDS:
            form.set(field, getattr(cooperative, field))
        return await frame.page(request, "cooperatives/identity.html", form=form)

    @post("/ubah", status_code=200)
    async def change_identity(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Another name, number or place."""
        form = Form(await request.form(), request.user.locale)
        facts = read_identity(form)
        if form.ok:
            try:
                async with database.work(request.user.book_id) as work:
                    await service.change_identity(work, **facts, actor=request.user.username)
                    await work.commit()
            except Refusal as refusal:
                form.add_refusal(refusal)
            else:
                return Redirect("/koperasi", status_code=303)
        return await frame.page(request, "cooperatives/identity.html", status=422, form=form)

    @get("/kebijakan")
    async def ask_policy(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """The form for what holds from a day on."""
        form = Form(None, request.user.locale)
        form.set("name", request.query_params.get("name", ""))
        return await self._policy_form(request, database, frame, form, 200)

    @post("/kebijakan", status_code=200)
    async def add_policy(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Let another value hold from a day on, once a second person agrees if the policies want one."""
        form = Form(await request.form(), request.user.locale)
        name = form.choice("name", policies.DEFINITIONS) or ""
        value = read_value(form, policies.DEFINITIONS.get(name))
        valid_from = form.date("valid_from")
        reference = form.text("legal_reference", required=True, max_length=policies.REFERENCE_MAX_LENGTH)
        if form.ok and valid_from and value is not None:
            try:
                async with database.work(request.user.book_id) as work:
                    asked = await service_asking.set_policy(
                        work,
                        service_asking.NewValue(name, valid_from, value, reference),
                        actor=request.user.username,
                        idempotency=Idempotency.of(
                            "web", form.value("key") or str(uuid4()), "kebijakan", name, valid_from, value, reference
                        ),
                        now=datetime.now(UTC),
                    )
                    await work.commit()
            except Refusal as refusal:
                form.add_refusal(refusal)
            else:
                to = "/koperasi#kebijakan" if asked is None else f"/persetujuan/{asked.number}?baru=1"
                return Redirect(to, status_code=303)
        return await self._policy_form(request, database, frame, form, 422)

    async def _policy_form(
        self, request: ApiRequest, database: Database, frame: Frame, form: Form, status: int
    ) -> Response[str]:
        async with database.reading(request.user.book_id) as connection:
            cooperative = await service.cooperative_of(connection, request.user.book_id)
        form.set("valid_from", cooperative.today(datetime.now(UTC)).isoformat())
        return await frame.page(
            request,
            "cooperatives/policy.html",
            status=status,
            form=form,
            known=policies.known_to(cooperative.kind),
            key=str(uuid4()),
        )


class Founding(Controller):
    """Another cooperative in this installation, with its first two users."""

    path = "/koperasi/baru"
    include_in_schema = False
    opt = {"permission": Permission.MANAGE_COOPERATIVE}  # noqa: RUF012 - as above

    @get()
    async def ask(self, request: ApiRequest, frame: Frame) -> Response[Any]:
        """The form."""
        form = Form(None, request.user.locale)
        for role, username in FIRST_USERS:
            form.set(f"{role}_username", username)
        form.set("kind", Kind.KSP)
        form.set("timezone", "Asia/Jakarta")
        return await self._form(request, frame, form, 200)

    @post(status_code=200)
    async def found(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Found it; the answer shows the first passwords, this once."""
        form = Form(await request.form(), request.user.locale)
        code = form.text("code", required=True, max_length=40)
        kind = form.choice("kind", list(Kind))
        timezone = form.choice("timezone", TIME_ZONE_LABELS)
        founded_on = form.date("founded_on")
        facts = read_identity(form)
        people = [
            (
                role,
                form.text(f"{role}_name", required=True, max_length=120),
                form.text(f"{role}_username", required=True, max_length=40),
            )
            for role, _ in FIRST_USERS
        ]
        if not form.ok or not kind or not timezone or not founded_on:
            return await self._form(request, frame, form, 422)
        fields: dict[str, str] = {}
        users: list[tuple[Role, str, str]] = []
        try:
            async with database.work(0) as work:
                made = await service.found_cooperative(
                    work,
                    code=code,
                    kind=kind,
                    timezone=timezone,
                    founded_on=founded_on,
                    actor=request.user.username,
                    **facts,
                )
                for role, name, username in people:
                    fields = {"username": f"{role}_username"}
                    password = access.new_password(role)
                    await access.create_user(
                        work.connection,
                        made.book_id,
                        username=username,
                        name=name,
                        role=role,
                        password=password,
                        must_change=True,
                        by=request.user.username,
                    )
                    users.append((role, username, password))
                await work.commit()
        except Refusal as refusal:
            form.add_refusal(refusal, fields)
            return await self._form(request, frame, form, 422)
        return await self._shown_once(request, frame, made, users)

    async def _form(self, request: ApiRequest, frame: Frame, form: Form, status: int) -> Response[str]:
        return await frame.page(
            request,
            "cooperatives/new.html",
            status=status,
            form=form,
            kinds=list(Kind),
            zones=list(TIME_ZONE_LABELS.items()),
            roles=[role for role, _ in FIRST_USERS],
        )

    async def _shown_once(
        self, request: ApiRequest, frame: Frame, made: Cooperative, users: list[tuple[Role, str, str]]
    ) -> Response[str]:
        return await frame.page(request, "cooperatives/founded.html", made=made, users=users)


CONTROLLERS: list[type[Controller]] = [Settings, Founding]


def read_identity(form: Form) -> dict[str, Any]:
    """Name, number and places as typed; what may stand there, the service knows."""
    return {field: form.text(field, required=field == "name") for field in IDENTITY_FIELDS}


def read_value(form: Form, definition: Definition | None) -> str | None:
    """A policy's value as the service writes it, typed the Indonesian way."""
    if definition is not None and definition.unit is Unit.AMOUNT:
        minor = form.amount("value", positive=definition.positive)
        return None if minor is None else wire_amount(minor)
    return form.text("value", required=True, max_length=20)
