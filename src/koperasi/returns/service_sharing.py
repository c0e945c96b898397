"""Pools: the accounts are read once to see their averages; when the lines are written each gets its share."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.returns import rules_run, service_pool
from koperasi.returns.model import Earning, PoolFacts, Warned
from koperasi.returns.rounding import to_unit
from koperasi.returns.rules_pool import distributable_income
from koperasi.returns.service_facts import Wanted, stream
from koperasi.returns.service_plan import Plan

_Groups = dict[tuple[Fraction, int], list[tuple[str, int]]]
"""Products and sums of balances of the accounts of a nisbah and a unit, in the order of the run."""


async def share(connection: AsyncConnection, plan: Plan) -> None:
    """Find out what each account of a pool or a bonus gets, in the order of the run."""
    shared = {code: one for code, one in plan.products.items() if one.earns != "rate"}
    if not shared:
        return
    sums, groups = await _sums(connection, plan, shared)
    if any(one.earns == "nisbah" for one in shared.values()):
        await _share_pool(connection, plan, groups)
    for code, one in shared.items():
        if one.earns != "bonus":
            continue
        bonus = plan.asked.bonus_minor.get(code, 0)
        plan.shared[code] = sum(sums[code])
        plan.shares[code] = rules_run.bonus_shares(sums[code], bonus, one.terms.unit_minor)
        if not bonus:
            plan.warnings.append(Warned("bonus-none", code))
        elif not plan.shared[code]:
            plan.warnings.append(Warned("bonus-left", code))


async def _sums(
    connection: AsyncConnection, plan: Plan, shared: Mapping[str, Earning]
) -> tuple[dict[str, list[int]], _Groups]:
    """The balances of all days added up, of each account in turn; nothing for one below its least average."""
    sums: dict[str, list[int]] = {code: [] for code in shared}
    wanted = Wanted(plan.period, plan.cut, list(shared))
    groups: _Groups = {}
    async for page in stream(connection, plan.cooperative.book_id, wanted):
        for facts in page:
            if facts.number not in plan.skipped:
                one = shared[facts.product_code]
                lay = sum(facts.sums)
                counted = lay if lay >= one.terms.minimum_minor * plan.period.days else 0
                sums[one.code].append(counted)
                if one.percent is not None:
                    groups.setdefault((one.percent, one.terms.unit_minor), []).append((one.code, counted))
    return sums, groups


async def _share_pool(connection: AsyncConnection, plan: Plan, groups: _Groups) -> None:
    asked = plan.asked
    book = await service_pool.of_book(connection, plan.cooperative.book_id, plan.period)
    income = book.income_minor if asked.income_minor is None else asked.income_minor
    financing = book.financing if asked.financing_minor is None else Fraction(asked.financing_minor)
    if (income, financing) != (book.income_minor, book.financing):
        if not asked.reason.strip():
            raise Refusal("pool-reason", N_("Sebutkan alasan bila angkanya lain daripada di buku."), field="reason")
        plan.warnings.append(Warned("pool-entered"))
    listed = Fraction(sum(one for group in groups.values() for _, one in group), plan.period.days)
    funds = max(book.funds, listed)
    distributable = distributable_income(income, funds, financing)
    hi_1000 = 1000 * distributable / funds if funds else Fraction(0)
    exact, paid = Fraction(0), 0
    for (percent, unit), members in groups.items():
        parts = rules_run.pool_shares([one for _, one in members], plan.period.days, percent, hi_1000, unit)
        exact += sum(one for _, one in members) * hi_1000 * percent / (100_000 * plan.period.days)
        paid += sum(parts)
        for (code, _), part in zip(members, parts, strict=True):
            plan.shares.setdefault(code, []).append(part)
    plan.pool = PoolFacts(income, financing, funds, distributable, hi_1000, exact, paid, to_unit(distributable, 100))
    if not distributable:
        plan.warnings.append(Warned("pool-zero"))
