"""Say why: how a figure of a run came about, computed again from the book as it was then; and what accrued until a day.

Nothing of it is stored: a run keeps the number of the book's last entry and the terms it was computed with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.cooperatives.service import Cooperative
from koperasi.errors import NotFound
from koperasi.i18n import N_
from koperasi.permissions import Identity
from koperasi.returns import service_rows
from koperasi.returns.model import Accrued, Earning, Run, RunLine
from koperasi.returns.rules_days import ONE_DAY, Movement
from koperasi.returns.rules_interest import Account, Posting, periods, return_of
from koperasi.returns.rules_pool import bonus_step, rounded
from koperasi.returns.rules_run import Period, TaxRule
from koperasi.returns.rules_tax import BankTax, PartnerTax, of_gross
from koperasi.returns.service_balances import balances
from koperasi.returns.service_products import earning_of
from koperasi.returns.service_rows import run as find_run
from koperasi.returns.working import Step, number, rupiah, step
from koperasi.savings import service as savings
from koperasi.savings.service import is_partner_number


@dataclass(frozen=True)
class Why:
    """A line of a run with how it came about."""

    run: Run
    line: RunLine
    product: Earning
    steps: tuple[Step, ...]
    tax_steps: tuple[Step, ...]


async def why(
    connection: AsyncConnection, cooperative: Cooperative, identity: Identity, run_number: int, account_number: str
) -> Why:
    """How an account's line came about. A member hears of another's as if it did not exist.

    Raises:
        NotFound: ``return-run``, ``return-line``, or ``not-found`` for a member.
    """
    found = await find_run(connection, cooperative.book_id, run_number)
    try:
        line = await service_rows.line_of(connection, cooperative.book_id, run_number, account_number)
    except NotFound:
        identity.check_own(None)
        raise
    identity.check_own(line.member_number)
    product = found.product(line.product_code)
    if product.earns == "rate":
        account = await account_of(connection, cooperative.book_id, account_number, found.period, found.head_number)
        if found.correction:
            account = await _without_own(connection, found, cooperative.book_id, account, account_number)
        steps = return_of(account, product.terms, *found.period).working()
        if found.correction:
            difference = step(N_("Selisih dengan yang sudah dicatat: %(amount)s."), amount=rupiah(line.gross_minor))
            steps = (*steps, difference)
    else:
        steps = tuple(_of_pool(found, line, product) if product.earns == "nisbah" else _of_bonus(found, line, product))
    taxed = await _tax(connection, cooperative.book_id, found, line)
    return Why(found, line, product, steps, tuple(taxed))


async def _without_own(
    connection: AsyncConnection, found: Run, book_id: int, account: Account, account_number: str
) -> Account:
    """The account without the return itself that was posted within its period."""
    before = [
        one
        for one in await service_rows.standing_runs(connection, book_id)
        if one.number < found.number and one.period == found.period
    ]
    _, own = await service_rows.posted_before(connection, book_id, found.period, before, account_number)
    undone = [Movement(day, -amount) for day, amount in own.get(account_number, ())]
    return replace(account, movements=(*account.movements, *undone))


async def account_of(
    connection: AsyncConnection, book_id: int, account_number: str, period: Period, known_at: int | None = None
) -> Account:
    """What an account did in a period; as the book knew it when that entry was its last.

    Raises:
        NotFound: ``savings-account``.
    """
    held = savings.holdings.c
    row = (
        await connection.execute(
            select(held.ledger_account_id, held.opened_on, held.closed_on).where(
                held.book_id == book_id, held.number == account_number
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound("savings-account", N_("Rekening ini tidak ada."))
    moved = ledger.turnovers(book_id, known_at)
    net = func.sum(moved.c.credit - moved.c.debit)
    rows = await connection.execute(
        select(moved.c.day, net)
        .where(moved.c.account_id == row.ledger_account_id, moved.c.day <= period.last)
        .group_by(moved.c.day)
    )
    movements = [Movement(day, int(amount)) for day, amount in rows]
    opening = sum(one.amount_minor for one in movements if one.day < period.first)
    inside = tuple(sorted(one for one in movements if one.day >= period.first and one.amount_minor))
    return Account(opening, inside, row.opened_on, row.closed_on)


def _of_pool(found: Run, line: RunLine, product: Earning) -> Iterator[Step]:
    pool, period = found.pool, found.period
    if pool is None or product.percent is None:
        return
    average = Fraction(line.day_sum, period.days)
    yield step(
        N_(
            "Pendapatan kas %(income)s x dana ikut pembiayaan %(share)s / pembiayaan %(financing)s = "
            "pendapatan dibagikan %(distributable)s."
        ),
        income=rupiah(pool.income_minor),
        share=rupiah(min(pool.funds, pool.financing)),
        financing=rupiah(pool.financing),
        distributable=rupiah(pool.distributable),
    )
    if pool.funds:
        yield step(
            N_("Hasil tiap Rp1.000 (HI-1000) = %(distributable)s / dana rata-rata %(funds)s x 1.000 = %(hi)s."),
            distributable=rupiah(pool.distributable),
            funds=rupiah(pool.funds),
            hi=number(pool.hi_1000, 8),
        )
    yield step(
        N_("Rata-rata %(first)s sampai %(last)s: jumlah saldo %(total)s / %(days)s hari = %(average)s."),
        first=period.first,
        last=period.last,
        total=rupiah(line.day_sum),
        days=period.days,
        average=rupiah(average),
    )
    if line.day_sum < product.terms.minimum_minor * period.days:
        yield step(
            N_("Saldo di bawah %(minimum)s tidak mendapat imbalan."), minimum=rupiah(product.terms.minimum_minor)
        )
        return
    yield step(
        N_("%(average)s / 1.000 x HI-1000 %(hi)s x nisbah %(percent)s %% = %(exact)s."),
        average=rupiah(average),
        hi=number(pool.hi_1000, 8),
        percent=number(product.percent),
        exact=rupiah(average * pool.hi_1000 * product.percent / 100_000),
    )
    yield rounded(product.terms.unit_minor, line.gross_minor)


def _of_bonus(found: Run, line: RunLine, product: Earning) -> Iterator[Step]:
    bonus, days = int(found.settings["bonus"].get(product.code, 0)), found.period.days
    yield step(
        N_("Rata-rata %(first)s sampai %(last)s: jumlah saldo %(total)s / %(days)s hari = %(average)s."),
        first=found.period.first,
        last=found.period.last,
        total=rupiah(line.day_sum),
        days=days,
        average=rupiah(Fraction(line.day_sum, days)),
    )
    yield bonus_step(bonus, product.terms.minimum_minor)
    total = int(found.totals["shared"].get(product.code, 0))
    if line.day_sum >= product.terms.minimum_minor * days and total:
        yield step(
            N_("%(bonus)s x %(balance)s / %(total)s = %(exact)s, dibulatkan %(amount)s."),
            bonus=rupiah(bonus),
            balance=rupiah(Fraction(line.day_sum, days)),
            total=rupiah(Fraction(total, days)),
            exact=rupiah(Fraction(bonus * line.day_sum, total)),
            amount=rupiah(line.gross_minor),
        )


async def _tax(connection: AsyncConnection, book_id: int, found: Run, line: RunLine) -> list[Step]:
    """From all that the holder is paid by the run, and a member in the month, as it stands now."""
    if line.member_number is None or not line.gross_minor:
        return []
    mine = await service_rows.of_run_and_holder(connection, book_id, found.number, line.member_number)
    gross = sum(one.gross_minor for one in mine)
    if is_partner_number(line.member_number):
        agreed = found.settings.get("partner_tax")
        steps = [] if agreed is None else list(PartnerTax(Fraction(agreed)).working([gross]))
    elif bank := found.settings.get("bank_tax"):
        kept = await balances(connection, book_id, found.period.last, line.member_number, found.head_number)
        rule = BankTax(int(bank[0]), Fraction(bank[1]))
        steps = list(rule.working([gross], kept.get(line.member_number, 0)))
    else:
        paid = await service_rows.paid_before(connection, book_id, found.number, line.member_number)
        steps = list(_of_member(found, gross, *paid))
    if steps:
        steps.append(step(N_("Pajak rekening ini: %(tax)s."), tax=rupiah(line.tax_minor)))
        steps.append(step(N_("Bukti potong diberikan, juga bila pajaknya nol.")))
    return steps


def _of_member(found: Run, gross: int, before: int, withheld: int) -> Iterator[Step]:
    if found.settings["tax"] is None:
        return
    rule = TaxRule(int(found.settings["tax"][0]), Fraction(found.settings["tax"][1]))
    total = before + gross
    yield step(
        N_("Semua rekening anggota dijumlahkan: %(gross)s; batas sebulan %(threshold)s."),
        gross=rupiah(total),
        threshold=rupiah(rule.threshold_minor),
    )
    if total > rule.threshold_minor:
        yield step(
            N_("Di atas batas: %(percent)s %% dari seluruhnya, dibulatkan ke bawah ke rupiah penuh = %(tax)s."),
            percent=number(rule.percent),
            tax=rupiah(sum(of_gross([total], rule.percent))),
        )
    else:
        yield step(N_("Tidak melewati batas: pajak nol persen."))
    if withheld:
        yield step(N_("Sudah dipotong lebih dulu bulan ini: %(tax)s."), tax=rupiah(withheld))


async def accrued(connection: AsyncConnection, cooperative: Cooperative, account_number: str, on: date) -> Accrued:
    """What an account has earned since the last period that was posted, up to and with a day. Nothing is stored.

    Each period is rounded as it would be posted. A share of a pool and a bonus are nothing before they are shared.

    Args:
        connection: one snapshot.
        cooperative: whose book.
        account_number: a savings account.
        on: any day.

    Raises:
        NotFound: ``savings-account``.
    """
    held = savings.holdings.c
    row = (
        await connection.execute(
            select(held.product_code, held.opened_on).where(
                held.book_id == cooperative.book_id, held.number == account_number
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound("savings-account", N_("Rekening ini tidak ada."))
    paid = await service_rows.is_paid(connection, cooperative.book_id, account_number)
    first = max(row.opened_on, paid + ONE_DAY) if paid else row.opened_on
    if on < first:
        return Accrued(account_number, first, first, "none", 0, (step(N_("Sampai hari itu semuanya sudah dicatat.")),))
    product = next(
        one for one in await savings.products(connection, cooperative.book_id) if one.code == row.product_code
    )
    terms = (await savings.product_terms(connection, cooperative.book_id, [product.code])).get(product.code, ())
    whole = Period(first, on)
    earning = earning_of(product, terms, whole)
    if earning is None or earning.earns != "rate":
        earns = earning.earns if earning else "none"
        return Accrued(account_number, first, on, earns, 0, (step(_NOT_YET[earns]),))
    account = await account_of(connection, cooperative.book_id, account_number, whole)
    held_now = savings.terms_on(terms, on)
    posting = Posting(held_now.posting if held_now else "monthly")
    total, steps = 0, list[Step]()
    for begins, ends in periods(first, on, posting):
        done = return_of(account, earning.terms, begins, ends)
        total += done.amount_minor
        steps += done.working()
    return Accrued(account_number, first, on, earning.earns, total, tuple(steps))


_NOT_YET = {
    "none": N_("Produk ini tidak mempunyai imbal."),
    "nisbah": N_("Bagi hasil dihitung setelah pendapatan bulan itu dibagikan; sebelumnya belum ada."),
    "bonus": N_("Bonus tidak dijanjikan; baru ada bila pengurus memberikannya."),
}


async def returns_of_member(
    connection: AsyncConnection, book_id: int, member_number: str, *, limit: int = 60
) -> list[tuple[Run, RunLine]]:
    """What a member's savings brought, the latest first."""
    held = savings.holdings.c
    numbers: Sequence[str] = list(
        await connection.scalars(
            select(held.number).where(held.member_number == member_number, held.book_id == book_id)
        )
    )
    return await service_rows.lines_of_member(connection, book_id, numbers, limit) if numbers else []
