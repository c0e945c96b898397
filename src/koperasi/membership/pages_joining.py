"""Pages of those who have applied: what each lacks, a meeting's decision on many, and issuing their numbers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from litestar import Controller, Response, get, post
from litestar.response import Redirect

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.membership import rules, service
from koperasi.membership.rules import Act, Reason
from koperasi.membership.service import Wish
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest
from koperasi.web import Form, Notice

HERE = "/anggota/pemohon"

DECISIONS = (Act.ACCEPTED, Act.REJECTED)

DONE = {
    "diputuskan": N_("Keputusan pengurus tercatat."),
    "terbit": N_("Nomor anggota terbit: mereka kini anggota, rekeningnya terbuka, dan simpanan wajib pertama ditagih."),
}


class ApplicantPages(Controller):
    """Those who have applied."""

    include_in_schema = False

    @get(HERE, opt={"permission": Permission.READ_MEMBERS})
    async def show(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Who waits for the board, who for a payment, and who for a number."""
        form = Form(locale=request.user.locale)
        form.set("decision", Act.ACCEPTED.value)
        return await _page(request, database, frame, form, ())

    @post(f"{HERE}/keputusan", opt={"permission": Permission.APPROVE}, status_code=200)
    async def decide(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Record what the board decided on those who are ticked: all of them, or none."""
        identity = request.user
        sent = await request.form()
        form, numbers = Form(sent, identity.locale), _ticked(sent.getall("pemohon", []))
        decision = form.choice("decision", list(DECISIONS))
        effective_on, reference = form.date("effective_on"), form.text("reference", required=True)
        rejected = decision == Act.REJECTED
        reason = form.choice("reason", list(rules.REASONS[Act.REJECTED]), required=rejected)
        if form.ok and decision and effective_on:
            wish = Wish(Act(decision), effective_on, Reason(reason) if reason and rejected else None, reference)
            try:
                async with database.work(identity.book_id) as work:
                    cooperative = await cooperative_of(work.connection, identity.book_id)
                    today = cooperative.today(datetime.now(UTC))
                    await service.decide_on(work, cooperative, numbers, wish, actor=identity.username, today=today)
                    await work.commit()
            except Refusal as refusal:
                _refuse(form, refusal)
            else:
                return Redirect(f"{HERE}?selesai=diputuskan", status_code=303)
        return await _page(request, database, frame, form, numbers, status=422)

    @post(f"{HERE}/nomor", opt={"permission": Permission.WRITE_MEMBERS}, status_code=200)
    async def admit(self, request: ApiRequest, database: Database, frame: Frame) -> Response[Any]:
        """Let the numbers of those who are ticked hold: the board accepted them, and they have paid."""
        identity = request.user
        sent = await request.form()
        form, numbers = Form(sent, identity.locale), _ticked(sent.getall("pemohon", []))
        form.set("decision", Act.ACCEPTED.value)
        try:
            async with database.work(identity.book_id) as work:
                cooperative = await cooperative_of(work.connection, identity.book_id)
                today = cooperative.today(datetime.now(UTC))
                await service.admit(work, cooperative, numbers, actor=identity.username, today=today)
                await work.commit()
        except Refusal as refusal:
            _refuse(form, refusal)
            return await _page(request, database, frame, form, numbers, status=422)
        return Redirect(f"{HERE}?selesai=terbit", status_code=303)


def _ticked(values: Sequence[object]) -> list[str]:
    """Numbers of members; what no page of ours sends is left out."""
    return [text for value in values if (text := str(value)).isascii() and text.isdigit() and len(text) < 20]


def _refuse(form: Form, refusal: Refusal) -> None:
    """Say it above the form, and what is wrong with each beside their name."""
    if refusal.field:
        form.add_refusal(refusal)
        return
    form.error("", refusal.message, **refusal.params)
    for problem in refusal.errors:
        form.set(f"pemohon-{problem.field}", "")
        form.error(f"pemohon-{problem.field}", problem.message, **dict(problem.params))


async def _page(
    request: ApiRequest,
    database: Database,
    frame: Frame,
    form: Form,
    ticked: Sequence[str],
    *,
    status: int = 200,
) -> Response[str]:
    identity = request.user
    for name in ("reference", "reason"):
        form.set(name, "")
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        found = await service.applicants(connection, identity.book_id, limit=service.MOST_AT_ONCE + 1)
    form.set("effective_on", cooperative.today(datetime.now(UTC)).isoformat())
    done = DONE.get(request.query_params.get("selesai", "")) if status == 200 else None
    shown = found[: service.MOST_AT_ONCE]
    return await frame.page(
        request,
        "membership/applicants.html",
        status=status,
        notices=[Notice("ok", translate(identity.locale, done))] if done else [],
        form=form,
        ticked=frozenset(ticked),
        undecided=[one for one in shown if not one.checklist.decided],
        unpaid=[one for one in shown if one.checklist.decided and not one.checklist.paid],
        ready=[one for one in shown if one.checklist.complete],
        more=len(found) > len(shown),
        decisions=[(one.value, translate(identity.locale, one.command)) for one in DECISIONS],
        reasons=[(one.value, translate(identity.locale, one.label)) for one in rules.REASONS[Act.REJECTED]],
        may_decide=identity.may(Permission.APPROVE),
        may_admit=identity.may(Permission.WRITE_MEMBERS),
        may_post=identity.may(Permission.POST_SAVINGS),
    )


CONTROLLERS: list[type[Controller]] = [ApplicantPages]
