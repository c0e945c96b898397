"""Return runs on the wire. Not postponed: pydantic reads these annotations at run time."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from koperasi.i18n import DEFAULT_LOCALE
from koperasi.rest import Flag, Model, Money, Page, Result
from koperasi.returns.messages import warning
from koperasi.returns.model import Run, RunLine, RunStatus

Month = Annotated[str, Field(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2026-11"])]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,29}$", examples=["sukarela"])]


class BonusIn(Model):
    """What the board gives to the savers of a wadiah product."""

    product: Code
    amount: Money


class RunIn(Model):
    """Compute the returns of a month, or of the quarter that ends with it.

    Without ``products`` all that are posted so. ``income`` and ``financing`` take the place of what the book says of a
    mudharabah pool, with a ``reason``. ``correction``: only the differences to what was posted for the period.
    """

    month: Month
    posting: Literal["monthly", "quarterly"] = "monthly"
    products: Annotated[tuple[Code, ...], Field(max_length=50)] = ()
    bonus: Annotated[tuple[BonusIn, ...], Field(max_length=50)] = ()
    income: Money | None = None
    financing: Money | None = None
    reason: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    correction: Flag = False


class ProductTotalsOut(Result):
    """What came of a product: accounts, those that get nothing, and money."""

    product: str
    accounts: int
    zeros: int
    gross: Money
    tax: Money
    net: Money


class PoolOut(Result):
    """The mudharabah pool: exact figures as decimals or fractions, in rupiah."""

    income: Money
    hi_1000: str
    distributed: Money
    to_savers: Money
    to_cooperative: Money


class RunOut(Result):
    """A return run."""

    number: int
    status: RunStatus
    first: date
    last: date
    effective_date: date
    posting: str
    correction: bool
    prepared_by: str
    prepared_at: AwareDatetime
    approved_by: str | None
    fingerprint: str
    entries: int
    products: list[ProductTotalsOut]
    pool: PoolOut | None
    warnings: list[str]

    @classmethod
    def of(cls, found: Run, locale: str = DEFAULT_LOCALE) -> "RunOut":
        """The wire form."""
        pool = found.pool
        return cls(
            number=found.number,
            status=found.status,
            first=found.period.first,
            last=found.period.last,
            effective_date=found.effective_on,
            posting=found.posting.value,
            correction=found.correction,
            prepared_by=found.prepared_by,
            prepared_at=found.prepared_at,
            approved_by=found.approved_by,
            fingerprint=found.fingerprint.hex(),
            entries=found.chunks,
            products=[
                ProductTotalsOut(
                    product=code,
                    accounts=one.accounts,
                    zeros=one.zeros,
                    gross=Money.of(one.gross_minor),
                    tax=Money.of(one.tax_minor),
                    net=Money.of(one.net_minor),
                )
                for code, one in found.by_product.items()
            ],
            pool=None
            if pool is None
            else PoolOut(
                income=Money.of(pool.income_minor),
                hi_1000=str(pool.hi_1000),
                distributed=Money.of(pool.distributed_minor),
                to_savers=Money.of(pool.to_savers_minor),
                to_cooperative=Money.of(pool.to_cooperative_minor),
            ),
            warnings=[warning(found, one, locale) for one in found.warnings],
        )


class RunList(Page):
    """Runs, the latest first."""

    items: list[RunOut]


class LineOut(Result):
    """What a run found for an account; ``member_number``: its holder's, of another cooperative ``K0001``."""

    account_number: str
    member_number: str | None
    product: str
    gross: Money
    tax: Money
    net: Money

    @classmethod
    def of(cls, line: RunLine) -> "LineOut":
        """The wire form."""
        return cls(
            account_number=line.account_number,
            member_number=line.member_number,
            product=line.product_code,
            gross=Money.of(line.gross_minor),
            tax=Money.of(line.tax_minor),
            net=Money.of(line.net_minor),
        )


class LineList(Page):
    """Lines of a run in its order."""

    items: list[LineOut]


class ProgressOut(Result):
    """How many of a run's entries stand in the book."""

    done: int
    total: int
