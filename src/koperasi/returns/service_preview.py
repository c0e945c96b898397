"""Computing a run: one unchanging view of the book is read, each account's return and tax kept as a line.

Nothing is posted. A period stands once an account; runs go one after the other, since the tax of a month looks at all
that a member is paid in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import aclosing
from datetime import datetime
from fractions import Fraction
from hashlib import sha256
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative, account_code, next_number, policies_on
from koperasi.db import Database, Work
from koperasi.errors import Conflict, Refusal
from koperasi.i18n import N_
from koperasi.returns import rules_run, service_rows
from koperasi.returns.model import Asked, Earning, Run, RunStatus, Warned
from koperasi.returns.pace import Pace
from koperasi.returns.rules_run import Period
from koperasi.returns.service_facts import stream
from koperasi.returns.service_lines import Lines
from koperasi.returns.service_plan import Plan
from koperasi.returns.service_products import earning
from koperasi.returns.service_sharing import share
from koperasi.returns.service_tax import taxing
from koperasi.returns.tables import return_run

_OPEN = (RunStatus.PREVIEW, RunStatus.APPROVED, RunStatus.POSTING)


async def prepare(
    work: Work, database: Database, cooperative: Cooperative, asked: Asked, *, actor: str, now: datetime
) -> Run:
    """Compute a run and keep it as a preview; the caller commits.

    Args:
        work: takes the run; the caller commits.
        database: for the unchanging view that is read meanwhile.
        cooperative: whose.
        asked: what.
        actor: username.
        now: the moment.

    Raises:
        Refusal: ``period-not-ended``, ``quarter-month``, ``nothing-earns``, ``product-earns-nothing``,
            ``pool-reason``, ``bonus-product``, ``income-negative``, ``nothing-to-correct``, ``account-role`` or
            ``amount-range``.
        Conflict: ``return-run-open``: another waits; ``return-period-taken``: the period was computed before.
    """
    period = rules_run.period_of(asked.month, asked.posting)
    if cooperative.today(now) < period.last:
        raise Refusal(
            "period-not-ended",
            N_("Masa ini belum berakhir; hitung pada hari terakhirnya atau sesudahnya."),
            field="month",
        )
    _check_amounts(asked)
    number = await next_number(work.connection, cooperative.book_id, "return-run")
    async with database.reading(cooperative.book_id) as connection:
        head = await ledger.head(connection, cooperative.book_id)
        effective_on = await _effective(connection, cooperative.book_id, period)
        plan = await _plan(connection, cooperative, asked, period, number, effective_on)
        if plan.period.last != effective_on:
            plan.warnings.append(Warned("effective-moved", effective_on.isoformat()))
        if cooperative.today(now) == period.last:
            plan.warnings.append(Warned("ends-today"))
        await share(connection, plan)
        made = Lines(work, plan)
        async with aclosing(stream(connection, cooperative.book_id, plan.wanted)) as pages:
            pace = Pace()
            async for page in pages:
                await made.take(page)
                await pace.rest()
        await made.end()
    settings = _settings(plan)
    before = plan.taxing.before
    digest = sha256(json.dumps([settings, before, head.number, effective_on.isoformat()], sort_keys=True).encode())
    digest.update(made.digest.digest())
    await work.connection.execute(
        insert(return_run).values(
            book_id=cooperative.book_id,
            number=number,
            period_first=period.first,
            period_last=period.last,
            effective_on=effective_on,
            posting=asked.posting.value,
            correction=asked.correction,
            settings=settings,
            paid_before=before,
            totals=made.totals(),
            head_number=head.number,
            fingerprint=digest.digest(),
            prepared_by=actor,
        )
    )
    found = await service_rows.run(work.connection, cooperative.book_id, number)
    after = {"period": period.name, "accounts": found.whole.accounts, "gross": found.whole.gross_minor}
    await audit.record(
        work.connection,
        cooperative.book_id,
        actor=actor,
        action=Action.RETURNS_PREPARED,
        subject=f"return-run {number}",
        after=after,
    )
    return found


def _check_amounts(asked: Asked) -> None:
    entered = [*asked.bonus_minor.values(), asked.income_minor or 0, asked.financing_minor or 0]
    if min(entered) < 0:
        raise Refusal("income-negative", N_("Jumlah tidak boleh kurang dari nol."), field="income")
    if max(entered) > ledger.MAX_AMOUNT:
        raise Refusal("amount-range", N_("Jumlahnya terlalu besar."), field="income")


async def _effective(connection: AsyncConnection, book_id: int, period: Period) -> Any:
    shut = await ledger.periods(connection, book_id)
    closed = [one.month for one in shut if one.status is ledger.PeriodStatus.CLOSED]
    held = [one.month for one in shut if one.status is not ledger.PeriodStatus.OPEN]
    return rules_run.effective_date(period, held, max(closed, default=None))


async def _plan(
    connection: AsyncConnection, cooperative: Cooperative, asked: Asked, period: Period, number: int, effective_on: Any
) -> Plan:
    book_id = cooperative.book_id
    others = await service_rows.standing_runs(connection, book_id)
    if waiting := [one for one in others if one.status in _OPEN]:
        raise Conflict(
            "return-run-open",
            N_("Perhitungan nomor %(number)s belum selesai; catat atau buang dulu."),
            number=waiting[0].number,
        )
    found = await earning(connection, cooperative.book_id, period, asked.posting, asked.products)
    same = [one for one in others if one.period.first <= period.last and one.period.last >= period.first]
    if asked.correction:
        same = [one for one in same if one.period == period]
        known = {each.code for one in same for each in one.products if each.earns == "rate"}
        found = [one for one in found if one.earns == "rate" and one.code in known]
        if not found:
            raise Refusal("nothing-to-correct", N_("Belum ada imbal yang dicatat untuk masa ini."), field="correction")
    else:
        taken = {each.code: one.number for one in same if not one.correction for each in one.products}
        found = _free(found, taken, asked)
    _check_bonus(found, asked)
    for role in {one.expense_role for one in found}:
        account_code(cooperative.kind, role)
    changes = [rate.since for one in found for rate in one.terms.rates]
    cut = rules_run.segments(period, changes)
    posted, own = await service_rows.posted_before(connection, book_id, period, same) if asked.correction else ({}, {})
    rules = await taxing(connection, cooperative, effective_on, balances_on=period.last)
    plan = Plan(
        cooperative,
        asked,
        period,
        number,
        {one.code: one for one in found},
        cut,
        {one.code: rules_run.quick(one.terms, cut) for one in found},
        rules,
        set() if asked.correction else await service_rows.paid_savings(connection, book_id, period),
        posted,
        own,
        await service_rows.last_paid(connection, book_id),
    )
    if rules.members is None and rules.bank is None:
        plan.warnings.append(Warned("tax-unknown"))
    await _look_at_ceiling(connection, plan)
    return plan


def _check_bonus(found: list[Earning], asked: Asked) -> None:
    gets = {one.code for one in found if one.earns == "bonus"}
    if strange := [code for code in asked.bonus_minor if code not in gets]:
        message = N_("Produk %(product)s tidak mendapat bonus pada masa ini.")
        raise Refusal("bonus-product", message, field="bonus", product=strange[0])


def _free(found: list[Earning], taken: Mapping[str, int], asked: Asked) -> list[Earning]:
    """Those whose period was not computed before; one that was asked for by name, or all of them, is refused."""
    free = [one for one in found if one.code not in taken]
    if not free or (asked.products and len(free) < len(found)):
        code = next(one.code for one in found if one.code in taken)
        raise Conflict(
            "return-period-taken",
            N_("Masa ini sudah dihitung untuk %(product)s: perhitungan nomor %(number)s."),
            field="month",
            product=code,
            number=taken[code],
        )
    return free


async def _look_at_ceiling(connection: AsyncConnection, plan: Plan) -> None:
    try:
        name = "savings_return.ceiling_percent"
        held = await policies_on(connection, plan.cooperative.book_id, [name], plan.period.last)
    except Refusal:
        return
    ceiling = Fraction(held[name])
    for one in plan.products.values():
        if any(rate.percent > ceiling for rate in one.terms.rates):
            plan.warnings.append(Warned("above-ceiling", one.code))


def _settings(plan: Plan) -> dict[str, Any]:
    asked, rules = plan.asked, plan.taxing
    return {
        "products": [one.to_json() for one in plan.products.values()],
        "bonus": {code: asked.bonus_minor.get(code, 0) for code, one in plan.products.items() if one.earns == "bonus"},
        "paid": plan.paid,
        "tax": [rules.members.threshold_minor, str(rules.members.percent)] if rules.members else None,
        "partner_tax": str(rules.partners.percent) if rules.partners else None,
        "bank_tax": [rules.bank.threshold_minor, str(rules.bank.percent)] if rules.bank else None,
        "entered": asked.reason.strip()
        if asked.income_minor is not None or asked.financing_minor is not None
        else None,
    }
