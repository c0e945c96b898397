"""Pages of a membership: where a member stands, what was done, what may be done next, and the papers to sign."""

from datetime import UTC, datetime
from typing import Any

from litestar import Controller, Response, get, post
from litestar.response import Redirect

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import NotFound, Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.members import service as members
from koperasi.membership import pages_joining, pages_paid_in, rules, service
from koperasi.membership.rules import Act, Reason
from koperasi.membership.service import Standing, Wish
from koperasi.permissions import Identity, Permission
from koperasi.rest import ApiRequest
from koperasi.web import Form, Notice

FIELDS = ("effective_on", "reason", "reference")

PAPERS = {"permohonan": "membership/application.html", "permohonan-keluar": "membership/exit_request.html"}
"""The papers that somebody signs, by their place in the address."""

INTRODUCTIONS = {
    Act.ACCEPTED: N_("Pengurus menerima pemohon ini. Bila simpanan pokok sudah dibayar, ia langsung menjadi anggota."),
    Act.ADMITTED: N_("Keputusan ada dan simpanan pokok lengkap: nomor pendaftarannya menjadi nomor anggota."),
    Act.REJECTED: N_("Permohonan ditolak. Yang sudah dibayar dikembalikan lewat penyelesaian."),
    Act.EXIT_REQUESTED: N_("Setoran berhenti diterima. Hak dan kewajibannya diselesaikan setelah ini."),
    Act.DECEASED: N_("Simpanan dibekukan sejak dicatat, lalu dibayar kepada ahli waris lewat penyelesaian."),
    Act.DISMISSED: N_("Keanggotaan berakhir. Hak dan kewajibannya diselesaikan setelah ini."),
    Act.CORRECTED: N_("Anggota kembali ke status sebelum tindakan terakhir. Catatan lamanya tetap tersimpan."),
}
"""What an act means, where its name does not say it."""


class MembershipPages(Controller):
    """A membership and the acts on it."""

    include_in_schema = False

    @get("/anggota/{number:str}/keanggotaan", opt={"permission": Permission.READ_MEMBERS})
    async def show(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """Where the member stands; with ``tindakan`` the form of one act."""
        identity = request.user
        form = Form(locale=identity.locale)
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            now = await service.standing(connection, cooperative, number)
        form.set("effective_on", cooperative.today(datetime.now(UTC)).isoformat())
        act = _chosen(request.query_params.get("tindakan"), now, identity)
        return await _page(request, frame, form, now, act)

    @post("/anggota/{number:str}/keanggotaan", opt={"permission": Permission.WRITE_MEMBERS}, status_code=200)
    async def act(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Record leave, inactivity, a request to leave, a death; or admit whom the board has accepted."""
        return await _act(request, database, frame, number, by_board=False)

    @post("/anggota/{number:str}/keanggotaan/pengurus", opt={"permission": Permission.APPROVE}, status_code=200)
    async def board_act(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Record what the board decided: admission, refusal, dismissal, and that something was recorded wrongly."""
        return await _act(request, database, frame, number, by_board=True)

    @get("/anggota/{number:str}/dokumen/{kind:str}", opt={"permission": Permission.READ_MEMBERS})
    async def paper(
        self, request: ApiRequest, database: Database, frame: Frame, number: str, kind: str
    ) -> Response[str]:
        """A paper to print and sign: the application, or the request to leave."""
        if kind not in PAPERS:
            raise NotFound("not-found", N_("Tidak ditemukan."))
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            now = await service.standing(connection, cooperative, number)
        if kind == "permohonan" and not now.may_apply:
            raise NotFound("not-found", N_("Tidak ditemukan."))
        return await frame.page(
            request, PAPERS[kind], now=now, member=now.member, last=_request_to_leave(now), reason_of=reason_of
        )


async def _act(request: ApiRequest, database: Database, frame: Frame, number: str, *, by_board: bool) -> Response[Any]:
    identity = request.user
    form = Form(await request.form(), identity.locale)
    act = _read_act(form.value("act"))
    if act is None or act.by_board is not by_board:
        raise Refusal("act", N_("Tindakan ini tidak dapat dilakukan di sini."), field="act")
    effective_on, reference = form.date("effective_on"), form.text("reference", max_length=200)
    reason = form.choice("reason", list(rules.REASONS.get(act, ())), required=act in rules.REASONS)
    async with database.work(identity.book_id) as work:
        cooperative = await cooperative_of(work.connection, identity.book_id)
        today = cooperative.today(datetime.now(UTC))
        now = await service.standing(work.connection, cooperative, number)
        if form.ok and effective_on is not None:
            wish = Wish(act, effective_on, Reason(reason) if reason else None, reference)
            try:
                await service.act_on(work, cooperative, number, wish, actor=identity.username, today=today)
            except Refusal as refusal:
                form.add_refusal(refusal)
            else:
                await work.commit()
                return Redirect(f"/anggota/{number}/keanggotaan?selesai=1", status_code=303)
    return await _page(request, frame, form, now, act, status=422)


async def _page(
    request: ApiRequest, frame: Frame, form: Form, now: Standing, act: Act | None, *, status: int = 200
) -> Response[str]:
    identity = request.user
    done = request.query_params.get("selesai") == "1" and status == 200
    return await frame.page(
        request,
        "membership/standing.html",
        status=status,
        notices=[Notice("ok", translate(identity.locale, N_("Tercatat.")))] if done else [],
        form=form,
        now=now,
        member=now.member,
        act=act,
        introduction=INTRODUCTIONS.get(act) if act else None,
        reasons=_reasons(act, identity.locale) if act else [],
        needs_reference=rules.needs_reference(act) if act else False,
        acts=[one for one in now.acts if may(identity, one)],
        may_settle=now.may_settle,
        describe=describe,
        reason_of=reason_of,
        papers=papers_of(now),
    )


def may(identity: Identity, act: Act) -> bool:
    """Whether somebody may record an act."""
    return identity.may(Permission.APPROVE if act.by_board else Permission.WRITE_MEMBERS)


def describe(event: members.Event) -> str:
    """What an act is called (message id); an unknown one by its own word."""
    return Act(event.act).label if event.act in set(Act) else event.act


def reason_of(event: members.Event) -> str:
    """Why (message id); '' if no reason was given."""
    return Reason(event.reason).label if event.reason in set(Reason) else ""


def papers_of(now: Standing) -> list[tuple[str, str]]:
    """The papers that make sense where the member stands: their place in the address and their name."""
    found = [("permohonan", N_("Formulir permohonan menjadi anggota"))] if now.may_apply else []
    if _request_to_leave(now) is not None:
        found.append(("permohonan-keluar", N_("Surat permohonan keluar")))
    return found


def _request_to_leave(now: Standing) -> members.Event | None:
    return next((one for one in reversed(now.events) if one.act == Act.EXIT_REQUESTED), None)


def _chosen(text: str | None, now: Standing, identity: Identity) -> Act | None:
    """The act whose form is wanted, if it can be done here by this person."""
    act = _read_act(text or "")
    return act if act is not None and act in now.acts and may(identity, act) else None


def _read_act(text: str) -> Act | None:
    return Act(text) if text in set(Act) else None


def _reasons(act: Act, locale: str) -> list[tuple[str, str]]:
    return [(one.value, translate(locale, one.label)) for one in rules.REASONS.get(act, ())]


CONTROLLERS: list[type[Controller]] = [
    MembershipPages,
    *pages_joining.CONTROLLERS,
    *pages_paid_in.CONTROLLERS,
]
