"""The form for a new run: its fields and what they mean. It moves nothing."""

from datetime import date
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import Cooperative, terms
from koperasi.i18n import N_
from koperasi.returns.model import Asked
from koperasi.returns.rules_days import ONE_DAY
from koperasi.returns.rules_interest import Posting
from koperasi.savings import service as savings
from koperasi.savings.service import Product
from koperasi.web import Form

BAD_MONTH = N_("Tulis bulan sebagai tahun-bulan, misalnya 2026-11.")


class FormContext(NamedTuple):
    """What the form offers: products that earn, those that get a bonus, if there is a pool, and the word for it."""

    products: list[Product]
    bonuses: list[Product]
    pool: bool
    word: str


async def form_context(connection: AsyncConnection, cooperative: Cooperative) -> FormContext:
    """What this cooperative's form offers."""
    every = await savings.products(connection, cooperative.book_id)
    held = await savings.product_terms(connection, cooperative.book_id)
    earns = {code: {row.earns for row in rows} for code, rows in held.items()}
    return FormContext(
        [one for one in every if earns.get(one.code, set()) - {"none"}],
        [one for one in every if "bonus" in earns.get(one.code, set())],
        any("nisbah" in kinds for kinds in earns.values()),
        terms(cooperative.kind).savings_return,
    )


def start_values(form: Form, today: date) -> None:
    """The month that ended last, and a run of a month."""
    form.set("month", f"{today.replace(day=1) - ONE_DAY:%Y-%m}")
    form.set("posting", Posting.MONTHLY.value)


def asked_of(form: Form, context: FormContext) -> Asked | None:
    """What the form asks for; None if something in it can't be read, which then stands beside its field."""
    month = month_of(form.text("month", required=True, max_length=7))
    if month is None:
        form.error("month", BAD_MONTH)
    posting = form.choice("posting", [Posting.MONTHLY.value, Posting.QUARTERLY.value])
    product = form.choice("product", [one.code for one in context.products], required=False)
    bonus = {}
    for one in context.bonuses:
        amount = form.amount(f"bonus_{one.code}", required=False)
        if amount is not None:
            bonus[one.code] = amount
    income = form.amount("income", required=False, positive=False) if context.pool else None
    financing = form.amount("financing", required=False, positive=False) if context.pool else None
    reason = form.text("reason", max_length=200)
    if not form.ok or month is None or posting is None:
        return None
    return Asked(
        month,
        Posting(posting),
        (product,) if product else (),
        bonus,
        income,
        financing,
        reason,
        form.flag("correction"),
    )


def month_of(text: str) -> date | None:
    """The first of the month that ``2026-11`` names."""
    try:
        return date.fromisoformat(f"{text}-01") if len(text) == len("2026-11") else None
    except ValueError:
        return None
