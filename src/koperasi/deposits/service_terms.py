"""What is offered and what the pool brought: read, seeded at founding, added. Called through ``service``."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.approvals import service as approvals
from koperasi.approvals.service import Act, Approval
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative, cooperative_of, policies, roles
from koperasi.db import Work
from koperasi.deposits import rules
from koperasi.deposits.figures import exact
from koperasi.deposits.rules import Basis, Early, Earns, Terms
from koperasi.deposits.tables import deposit_terms
from koperasi.errors import Conflict, Refusal
from koperasi.formats import InputError, clean_text, decimal_of, format_amount, format_date
from koperasi.i18n import N_
from koperasi.posting import Idempotency
from koperasi.savings.service import is_partner_number

FIRST_RATES = {1: 3, 3: 4, 6: 5, 12: 6}
"""Percent a year with which a cooperative begins, well below the ceiling of 9."""
FIRST_NISBAHS = {1: 40, 3: 45, 6: 50, 12: 55}
"""The member's percent of what the pool brings; longer deposits share more."""
FIRST_MINIMUM = 100_000_000
FIRST_REFERENCE = "Ketentuan awal; ditetapkan pengurus"

PARTNERS_ROLE = "savings.berjangka_koperasi_lain"

_COLUMNS = tuple(deposit_terms.c[name] for name in Terms.__dataclass_fields__)


def control_role(cooperative: Cooperative, months: int) -> str:
    """The role of the account above the deposits of so many months."""
    return f"savings.berjangka_{months}" if cooperative.is_sharia else "savings.berjangka"


def role_for(cooperative: Cooperative, holder: str, months: int) -> str:
    """The role of the account above a holder's deposits: those of other cooperatives have one of their own."""
    return PARTNERS_ROLE if is_partner_number(holder) else control_role(cooperative, months)


def takes_partners(cooperative: Cooperative) -> bool:
    """Whether other cooperatives may have term deposits here: its chart has an account for them."""
    return PARTNERS_ROLE in roles(cooperative.kind)


def has_deposits(cooperative: Cooperative) -> bool:
    """Whether this kind of cooperative keeps term deposits at all."""
    return control_role(cooperative, 1) in roles(cooperative.kind)


async def all_terms(connection: AsyncConnection, book_id: int) -> list[Terms]:
    """All terms that were ever offered, by months, the oldest first."""
    table = deposit_terms
    rows = await connection.execute(
        select(*_COLUMNS).where(table.c.book_id == book_id).order_by(table.c.months, table.c.valid_from)
    )
    return [to_terms(row) for row in rows]


def to_terms(row: Any) -> Terms:
    """Terms from their row."""
    facts = {name: getattr(row, name) for name in Terms.__dataclass_fields__}
    return Terms(**(facts | read_terms(facts)))


def read_terms(facts: Any) -> dict[str, Any]:
    """The agreed parts of a row of terms or of a contract, as the rules have them."""
    return {
        "earns": Earns(facts["earns"]),
        "percent": Fraction(facts["percent"]),
        "basis": Basis(facts["basis"]),
        "early": Early(facts["early"]),
        "early_percent": Fraction(facts["early_percent"]),
    }


async def found_terms(work: Work, cooperative: Cooperative, valid_from: date, actor: str) -> None:
    """Give a new cooperative its first terms; part of its founding."""
    if not has_deposits(cooperative):
        return
    earns, percents = (Earns.NISBAH, FIRST_NISBAHS) if cooperative.is_sharia else (Earns.RATE, FIRST_RATES)
    first = [
        Terms(
            months=months,
            valid_from=valid_from,
            earns=earns,
            percent=Fraction(percent),
            basis=Basis.ACTUAL_365,
            pay_months=0 if months == 1 else 1,
            early=Early.REDUCED,
            early_percent=Fraction(percent, 2),
            minimum_minor=FIRST_MINIMUM,
            reference=FIRST_REFERENCE,
            set_by=actor,
        )
        for months, percent in percents.items()
    ]
    await work.connection.execute(insert(deposit_terms), [_row(cooperative.book_id, one) for one in first])


async def ceiling(connection: AsyncConnection, cooperative: Cooperative, on: date) -> tuple[Fraction | None, bool]:
    """The highest rate a year by the policies of a day, if any, and whether more is refused or only warned of."""
    rows = await policies(connection, cooperative.book_id)
    held = {row.name: row.value for row in sorted(rows, key=lambda row: row.valid_from) if row.valid_from <= on}
    if cooperative.is_sharia or "savings_return.ceiling_percent" not in held:
        return None, False
    return Fraction(held["savings_return.ceiling_percent"]), held.get("savings_return.ceiling_enforced") == "on"


async def offer(
    work: Work, cooperative: Cooperative, terms: Terms, *, today: date, now: datetime, idempotency: Idempotency
) -> Approval | None:
    """Offer terms from a day on, at once or once a second person agrees (then the request is returned).

    Raises:
        Refusal: what ``rules.check_terms`` says, ``reference``, or ``terms-in-past``: what was offered stays.
        Conflict: ``terms-exist``: others begin on the same day.
    """
    terms = await _checked(work, cooperative, terms, today)
    kind = approvals.Kind.RATE_CHANGE
    if not await approvals.needs_second(work.connection, work.book_id, kind, today, actor=terms.set_by):
        await _add(work, terms, terms.set_by)
        return None
    held = rules.in_force(await all_terms(work.connection, work.book_id), terms.months, terms.valid_from)
    before, after = (_shown(held), _shown(terms))
    act = Act(
        kind=kind,
        subject=f"deposit-terms {terms.months}",
        params=_params(terms),
        effects=[(label, before.get(label, ""), after[label]) for label in after],
        actor=terms.set_by,
        idempotency=idempotency,
    )
    return await approvals.ask_act(work.connection, work.book_id, act, now)


async def carry_out(work: Work, approval: Approval, approver: str) -> int | None:
    """What a second person agreed to: offer the terms. See ``approvals.service.register``."""
    cooperative = await cooperative_of(work.connection, work.book_id)
    facts = dict(approval.params)
    terms = Terms(
        months=int(facts["months"]),
        valid_from=date.fromisoformat(facts["valid_from"]),
        pay_months=int(facts["pay_months"]),
        minimum_minor=int(facts["minimum_minor"]),
        reference=facts["reference"],
        set_by=approval.asked_by,
        **read_terms(facts),
    )
    terms = await _checked(work, cooperative, terms, terms.valid_from)
    await _add(work, terms, approver)
    return None


async def _checked(work: Work, cooperative: Cooperative, terms: Terms, today: date) -> Terms:
    if not has_deposits(cooperative):
        raise Refusal("account-role", N_("Bagan akun koperasi ini tidak mempunyai akun simpanan berjangka."))
    most, is_enforced = await ceiling(work.connection, cooperative, terms.valid_from)
    rules.check_terms(terms, is_sharia=cooperative.is_sharia, ceiling=most if is_enforced else None)
    if terms.valid_from < today:
        raise Refusal("terms-in-past", N_("Ketentuan baru berlaku mulai hari ini atau sesudahnya."), field="valid_from")
    try:
        reference = clean_text(terms.reference, max_length=rules.REFERENCE_MAX_LENGTH)
    except InputError as problem:
        raise Refusal("reference", N_("Tulis dasar keputusannya."), errors=[problem.at("reference")]) from problem
    return Terms(**{name: getattr(terms, name) for name in Terms.__dataclass_fields__} | {"reference": reference})


async def _add(work: Work, terms: Terms, actor: str) -> None:
    try:
        async with work.connection.begin_nested():
            await work.connection.execute(insert(deposit_terms).values(_row(work.book_id, terms)))
    except IntegrityError as error:
        raise Conflict(
            "terms-exist", N_("Untuk hari itu sudah ada ketentuan; pilih hari lain."), field="valid_from"
        ) from error
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=Action.DEPOSIT_TERMS,
        subject=f"deposit-terms {terms.months}",
        after=_params(terms),
    )


def _row(book_id: int, terms: Terms) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(terms, name) for name in Terms.__dataclass_fields__ if name != "set_at"}
    row |= {name: decimal_of(row[name]) for name in ("percent", "early_percent")}
    return {
        "book_id": book_id,
        **row,
        "earns": terms.earns.value,
        "basis": terms.basis.value,
        "early": terms.early.value,
    }


def _params(terms: Terms) -> dict[str, str]:
    return {
        "months": str(terms.months),
        "valid_from": terms.valid_from.isoformat(),
        "earns": terms.earns.value,
        "percent": str(decimal_of(terms.percent)),
        "basis": terms.basis.value,
        "pay_months": str(terms.pay_months),
        "early": terms.early.value,
        "early_percent": str(decimal_of(terms.early_percent)),
        "minimum_minor": str(terms.minimum_minor),
        "reference": terms.reference,
    }


def _shown(terms: Terms | None) -> dict[str, str]:
    """Terms as lines that a second person reads; labels and words are message ids."""
    if terms is None:
        return {}
    return {
        N_("Berlaku mulai"): format_date(terms.valid_from),
        N_("Nisbah anggota, persen") if terms.earns is Earns.NISBAH else N_("Persen setahun"): exact(terms.percent),
        N_("Imbalan dibayar"): rules.PAY_LABELS[terms.pay_months],
        N_("Tutup sebelum jatuh tempo"): rules.EARLY_LABELS[terms.early],
        N_("Persen tutup awal"): exact(terms.early_percent),
        N_("Paling sedikit"): format_amount(terms.minimum_minor),
    }
