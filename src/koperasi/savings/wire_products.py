"""Products, plans and runs on the wire: what comes in and what goes out. Percentages are strings, ``"2.5"``."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from koperasi.errors import BadRequest
from koperasi.formats import InputError
from koperasi.i18n import DEFAULT_LOCALE, translate
from koperasi.rest import BookDate, Flag, Model, Money, Result, Text, Whole
from koperasi.savings.products import Earns, Product, ProductTerms
from koperasi.savings.rules import SavingsKind
from koperasi.savings.rules_plans import Goal, Instalment, Plan, reached_percent
from koperasi.savings.rules_products import percent_text, read_percent
from koperasi.savings.service_partners import Partner
from koperasi.savings.service_plans import Missed, PlanState, Run
from koperasi.savings.wire import ProductCode

Percent = Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,6})?$")]
Name60 = Annotated[str, Field(min_length=1, max_length=60)]
NOTHING = Money(amount="0.00", currency="IDR")


class TermsIn(Model):
    """What a product gives and asks from a day on. What is left out is nothing, or the usual."""

    valid_from: BookDate
    earns: Earns = Earns.NONE
    rate_percent: Percent | None = None
    nisbah_percent: Percent | None = None
    method: Literal["daily", "average", "lowest"] = "daily"
    basis: Literal["actual/365", "actual/360", "actual/actual"] = "actual/365"
    posting: Literal["monthly", "quarterly"] = "monthly"
    rounding: Literal["half_up", "half_even", "down", "up"] = "half_up"
    earning_minimum: Money = NOTHING
    opening_minimum: Money = NOTHING
    deposit_minimum: Money = NOTHING
    floor: Money = NOTHING
    monthly_fee: Money = NOTHING
    dormancy_months: Annotated[int, Whole, Field(ge=1, le=120)] | None = None
    early_withdrawal: Flag = False
    offered: Flag = True
    reason: Text

    def terms(self) -> ProductTerms:
        """As the rules take them.

        Raises:
            BadRequest: an amount or a percentage can't be read.
        """
        return ProductTerms(
            valid_from=self.valid_from,
            offered=self.offered,
            earns=self.earns,
            rate_percent=_percent(self.rate_percent, "rate_percent"),
            nisbah_percent=_percent(self.nisbah_percent, "nisbah_percent"),
            method=self.method,
            basis=self.basis,
            posting=self.posting,
            earning_minimum_minor=self.earning_minimum.minor("earning_minimum"),
            opening_minimum_minor=self.opening_minimum.minor("opening_minimum"),
            deposit_minimum_minor=self.deposit_minimum.minor("deposit_minimum"),
            floor_minor=self.floor.minor("floor"),
            monthly_fee_minor=self.monthly_fee.minor("monthly_fee"),
            dormancy_months=self.dormancy_months,
            early_withdrawal=self.early_withdrawal,
            rounding=self.rounding,
            reason=self.reason,
        )


def _percent(text: str | None, field: str) -> Fraction | None:
    try:
        return None if text is None else read_percent(text)
    except InputError as problem:
        raise BadRequest(problem.code, problem.message, field=field) from problem


class ProductIn(Model):
    """Another product with its first terms."""

    code: ProductCode
    kind: SavingsKind
    name_id: Name60
    name_en: Name60
    terms: TermsIn


class TermsOut(Result):
    """Terms as they were set."""

    valid_from: dt.date
    offered: bool
    earns: str
    rate_percent: str | None
    nisbah_percent: str | None
    method: str
    basis: str
    posting: str
    rounding: str
    earning_minimum: Money
    opening_minimum: Money
    deposit_minimum: Money
    floor: Money
    monthly_fee: Money
    dormancy_months: int | None
    early_withdrawal: bool
    reason: str
    set_by: str

    @classmethod
    def of(cls, terms: ProductTerms) -> TermsOut:
        """The wire form."""
        rate, nisbah = terms.rate_percent, terms.nisbah_percent
        return cls(
            valid_from=terms.valid_from,
            offered=terms.offered,
            earns=str(terms.earns),
            rate_percent=None if rate is None else percent_text(rate),
            nisbah_percent=None if nisbah is None else percent_text(nisbah),
            method=terms.method,
            basis=terms.basis,
            posting=terms.posting,
            rounding=terms.rounding,
            earning_minimum=Money.of(terms.earning_minimum_minor),
            opening_minimum=Money.of(terms.opening_minimum_minor),
            deposit_minimum=Money.of(terms.deposit_minimum_minor),
            floor=Money.of(terms.floor_minor),
            monthly_fee=Money.of(terms.monthly_fee_minor),
            dormancy_months=terms.dormancy_months,
            early_withdrawal=terms.early_withdrawal,
            reason=terms.reason,
            set_by=terms.set_by,
        )


class ProductOut(Result):
    """A product with all its terms, the oldest first."""

    code: str
    kind: SavingsKind
    name_id: str
    name_en: str
    terms: list[TermsOut]

    @classmethod
    def of(cls, product: Product, terms: tuple[ProductTerms, ...]) -> ProductOut:
        """The wire form."""
        return cls(
            code=product.code,
            kind=product.kind,
            name_id=product.name_id,
            name_en=product.name_en,
            terms=[TermsOut.of(row) for row in terms],
        )


class ProductList(Result):
    """All products, by kind and code."""

    items: list[ProductOut]


class PlanIn(Model):
    """What planned savings are for, from today on; with or without a standing order."""

    goal: Goal
    target: Money
    target_date: BookDate
    instalment: Money = NOTHING
    day_of_month: Annotated[int, Whole, Field(ge=1, le=31)] = 1
    source: Annotated[str, Field(pattern=r"^[0-9]{9}$")] | None = None

    def plan(self, today: dt.date) -> Plan:
        """As the rules take it.

        Raises:
            BadRequest: an amount can't be read.
        """
        return Plan(
            valid_from=today,
            goal=self.goal,
            target_minor=self.target.minor("target"),
            target_date=self.target_date,
            instalment_minor=self.instalment.minor("instalment"),
            day_of_month=self.day_of_month,
            source_number=self.source,
        )


class InstalmentOut(Result):
    """A month of a standing order that has fallen due."""

    period: str
    due_on: dt.date
    amount: Money
    source: str
    paid: bool

    @classmethod
    def of(cls, one: Instalment) -> InstalmentOut:
        """The wire form."""
        return cls(
            period=one.period,
            due_on=one.due_on,
            amount=Money.of(one.amount_minor),
            source=one.source_number,
            paid=one.paid,
        )


class PlanOut(Result):
    """A plan as it stands, how far its goal is reached, and what has fallen due."""

    account: str
    goal: Goal
    target: Money
    target_date: dt.date
    instalment: Money
    day_of_month: int
    source: str | None
    valid_from: dt.date
    balance: Money
    reached_percent: int
    due: list[InstalmentOut]

    @classmethod
    def of(cls, state: PlanState, balance_minor: int) -> PlanOut:
        """The wire form."""
        plan = state.plans[-1]
        return cls(
            account=state.account_number,
            goal=plan.goal,
            target=Money.of(plan.target_minor),
            target_date=plan.target_date,
            instalment=Money.of(plan.instalment_minor),
            day_of_month=plan.day_of_month,
            source=plan.source_number,
            valid_from=plan.valid_from,
            balance=Money.of(balance_minor),
            reached_percent=reached_percent(balance_minor, plan.target_minor),
            due=[InstalmentOut.of(one) for one in state.due],
        )


class MissedOut(Result):
    """An instalment that could not be moved, and why."""

    account: str
    period: str
    amount: Money
    reason: str

    @classmethod
    def of(cls, one: Missed, locale: str = DEFAULT_LOCALE) -> MissedOut:
        """The wire form."""
        return cls(
            account=one.account_number,
            period=one.instalment.period,
            amount=Money.of(one.instalment.amount_minor),
            reason=translate(locale, one.message, **one.params),
        )


class OrdersOut(Result):
    """What running the standing orders came to; ``more`` are left for another run."""

    moved: int
    amount: Money
    missed: list[MissedOut]
    more: bool

    @classmethod
    def of(cls, run: Run, locale: str) -> OrdersOut:
        """The wire form."""
        return cls(
            moved=run.moved,
            amount=Money.of(run.moved_minor),
            missed=[MissedOut.of(one, locale) for one in run.missed],
            more=run.more,
        )


class FeesIn(Model):
    """A month that is over, ``2026-10``."""

    month: Annotated[str, Field(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$")]


class FeesOut(Result):
    """What taking a month's fees came to; ``more`` are left for another run."""

    accounts: int
    amount: Money
    more: bool


class PartnerIn(Model):
    """Another cooperative that will save here."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    registration_number: Annotated[str, Field(min_length=1, max_length=60)]


class PartnerOut(Result):
    """Another cooperative that saves here; its number opens accounts as a member's does."""

    number: str
    name: str
    registration_number: str | None
    opened_on: dt.date

    @classmethod
    def of(cls, one: Partner) -> PartnerOut:
        """The wire form."""
        return cls(
            number=one.number,
            name=one.name,
            registration_number=one.registration_number,
            opened_on=one.opened_on,
        )


class PartnerList(Result):
    """All of them, by number."""

    items: list[PartnerOut]
