"""What a run is made with, what came of it, and what an account earned: the values that pass between the services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

from koperasi.i18n import N_
from koperasi.returns.rounding import Rounding
from koperasi.returns.rules_days import Basis
from koperasi.returns.rules_interest import Method, Posting, Rate, Terms
from koperasi.returns.rules_run import Period
from koperasi.returns.working import Step


class RunStatus(StrEnum):
    """How far a run has come."""

    PREVIEW = "preview"
    APPROVED = "approved"
    POSTING = "posting"
    POSTED = "posted"
    DROPPED = "dropped"


STATUS_LABELS: Mapping[RunStatus, str] = {
    RunStatus.PREVIEW: N_("Pratinjau"),
    RunStatus.APPROVED: N_("Disetujui, belum dicatat"),
    RunStatus.POSTING: N_("Sedang dicatat"),
    RunStatus.POSTED: N_("Tercatat"),
    RunStatus.DROPPED: N_("Dibuang"),
}
"""What people read (message ids)."""

BINDING = (RunStatus.APPROVED, RunStatus.POSTING, RunStatus.POSTED)
"""States in which a run's lines count as paid, for the month's tax and for what has accrued."""


class Earning(NamedTuple):
    """A product as it stood for a run: how it earns, and what its figures are posted to.

    ``earns``: ``rate``, ``nisbah`` or ``bonus``. ``percent``: the nisbah on the period's last day.
    """

    code: str
    name_id: str
    name_en: str
    earns: str
    terms: Terms
    percent: Fraction | None
    expense_role: str

    def name(self, locale: str) -> str:
        """Its name in the reader's language."""
        return self.name_en if locale == "en" else self.name_id

    def to_json(self) -> dict[str, Any]:
        """As a run's settings keep it."""
        terms = self.terms
        return {
            "code": self.code,
            "names": [self.name_id, self.name_en],
            "earns": self.earns,
            "method": terms.method.value,
            "basis": terms.basis.value,
            "minimum": terms.minimum_minor,
            "unit": terms.unit_minor,
            "rounding": terms.rounding.value,
            "rates": [[rate.since.isoformat(), str(rate.percent)] for rate in terms.rates],
            "nisbah": None if self.percent is None else str(self.percent),
            "expense": self.expense_role,
        }

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Earning:
        """From a run's settings."""
        terms = Terms(
            Method(kept["method"]),
            tuple(Rate(date.fromisoformat(since), Fraction(percent)) for since, percent in kept["rates"]),
            Basis(kept["basis"]),
            minimum_minor=int(kept["minimum"]),
            unit_minor=int(kept["unit"]),
            rounding=Rounding(kept["rounding"]),
        )
        percent = None if kept["nisbah"] is None else Fraction(kept["nisbah"])
        name_id, name_en = kept["names"]
        return cls(kept["code"], name_id, name_en, kept["earns"], terms, percent, kept["expense"])


@dataclass(frozen=True)
class Asked:
    """What somebody wants computed. Amounts in sen.

    Attributes:
        month: any day of the month that the period ends with.
        posting: a month, or a quarter.
        products: codes; empty are all that are posted so.
        bonus_minor: what the board gives, by product.
        income_minor: cash income of the pool, instead of what the book says.
        financing_minor: average financing, instead of what the book says.
        reason: why instead.
        correction: only the differences to what was posted for the period before.
    """

    month: date
    posting: Posting = Posting.MONTHLY
    products: tuple[str, ...] = ()
    bonus_minor: Mapping[str, int] = field(default_factory=dict)
    income_minor: int | None = None
    financing_minor: int | None = None
    reason: str = ""
    correction: bool = False


class PoolFacts(NamedTuple):
    """The period's pool: in sen, exactly. ``to_savers_minor`` is what these accounts get of ``distributed_minor``."""

    income_minor: int
    financing: Fraction
    funds: Fraction
    distributable: Fraction
    hi_1000: Fraction
    exact_savers: Fraction
    to_savers_minor: int
    distributed_minor: int

    @property
    def to_cooperative_minor(self) -> int:
        """The rest: its nisbah, the share of funds that are not in this run, and what rounding left."""
        return self.distributed_minor - self.to_savers_minor

    @property
    def remainder(self) -> Fraction:
        """What rounding gave the savers more than their exact part, or less."""
        return self.to_savers_minor - self.exact_savers

    def to_json(self) -> list[str]:
        """As a run's totals keep it."""
        return [str(one) for one in self]

    @classmethod
    def of_json(cls, kept: Sequence[str]) -> PoolFacts:
        """From a run's totals."""
        income, financing, funds, distributable, hi_1000, exact, to_savers, distributed = kept
        return cls(
            int(income),
            Fraction(financing),
            Fraction(funds),
            Fraction(distributable),
            Fraction(hi_1000),
            Fraction(exact),
            int(to_savers),
            int(distributed),
        )


class ProductTotals(NamedTuple):
    """What came of a product, in sen. ``zeros``: accounts that get nothing. ``day_sum``: of all its accounts."""

    accounts: int
    zeros: int
    gross_minor: int
    tax_minor: int
    day_sum: int

    @property
    def net_minor(self) -> int:
        """What goes to the accounts."""
        return self.gross_minor - self.tax_minor


class Warned(NamedTuple):
    """Something to look at before agreeing: a code, and what it is about."""

    code: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A return run as it stands. Amounts in sen."""

    number: int
    period: Period
    effective_on: date
    posting: Posting
    correction: bool
    status: RunStatus
    settings: Mapping[str, Any]
    totals: Mapping[str, Any]
    head_number: int
    fingerprint: bytes
    prepared_by: str
    prepared_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None

    @property
    def products(self) -> list[Earning]:
        """The products as they stood."""
        return [Earning.of_json(one) for one in self.settings["products"]]

    def product(self, code: str) -> Earning:
        """One of them."""
        return next(one for one in self.products if one.code == code)

    @property
    def by_product(self) -> dict[str, ProductTotals]:
        """What came of each product."""
        return {code: ProductTotals(*kept) for code, kept in self.totals["products"].items()}

    @property
    def whole(self) -> ProductTotals:
        """All products together."""
        every = list(self.by_product.values())
        return ProductTotals(*(sum(one[place] for one in every) for place in range(5)))

    @property
    def chunks(self) -> int:
        """How many entries it makes."""
        return int(self.totals["chunks"])

    @property
    def pool(self) -> PoolFacts | None:
        """The pool, if one was shared."""
        kept = self.totals.get("pool")
        return PoolFacts.of_json(kept) if kept else None

    @property
    def warnings(self) -> list[Warned]:
        """What to look at."""
        return [Warned(*one) for one in self.totals["warnings"]]

    @property
    def members_taxed(self) -> int:
        """Lines on which something is withheld."""
        return int(self.totals["taxed"])


class RunLine(NamedTuple):
    """What a run found for an account, in sen."""

    account_number: str
    member_number: str | None
    product_code: str
    gross_minor: int
    tax_minor: int
    day_sum: int
    chunk: int

    @property
    def net_minor(self) -> int:
        """What goes to the account."""
        return self.gross_minor - self.tax_minor


class Progress(NamedTuple):
    """How many of a run's entries stand in the book."""

    done: int
    total: int


@dataclass(frozen=True)
class Accrued:
    """What an account has earned and was not yet posted, in sen.

    Attributes:
        account_number: whose.
        first: the day after the last period that was posted.
        last: up to and with this day.
        earns: ``none``, ``rate``, ``nisbah`` or ``bonus``; only a rate accrues by the day.
        amount_minor: before tax.
        steps: how it came about.
    """

    account_number: str
    first: date
    last: date
    earns: str
    amount_minor: int
    steps: tuple[Step, ...]


class Payment(NamedTuple):
    """A return that no run pays, in sen: of a term deposit, or of savings that are closed.

    ``source``: ``deposit`` or ``savings``. ``reference``: its number there. ``member_number``: whose it is; of another
    cooperative its own number (``K0001``).
    """

    source: str
    reference: str
    member_number: str | None
    first: date
    last: date
    gross_minor: int


class Slip(NamedTuple):
    """A slip of tax withheld (bukti potong), in sen; at a tax of nothing too."""

    month: date
    serial: int
    member_number: str
    paid_on: date
    gross_minor: int
    tax_minor: int
    is_void: bool = False
    """Its payment was undone since."""

    @property
    def number(self) -> str:
        """What stands on it: ``BP/2026/11/0001``."""
        return f"BP/{self.month:%Y/%m}/{self.serial:04}"
