"""Sessions, closed days and vouchers on the wire. Not postponed: Litestar and pydantic read these at run time."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import Field

from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.rest import BookDate, Model, Money, Page, Result, Whole
from koperasi.treasury import service
from koperasi.treasury.service import Count

Pieces = Annotated[int, Field(ge=0, le=100_000, strict=True), Whole]
Denomination = Annotated[str, Field(pattern=r"^(100000|50000|20000|10000|5000|2000|1000|500|200|100)$")]


def minor_of(amount: Money | None, field: str) -> int | None:
    """An amount in sen.

    Raises:
        BadRequest: it can't be read.
        Refusal: ``currency``: cash is rupiah.
    """
    if amount is None:
        return None
    if amount.currency != "IDR":
        raise Refusal("currency", N_("Uang tunai dihitung dalam rupiah: pakai IDR."), field=field)
    return amount.minor(field)


class CountIn(Model):
    """What was counted: pieces by denomination in rupiah, and money that no denomination here names."""

    pieces: Annotated[dict[Denomination, Pieces], Field(max_length=10, examples=[{"50000": 10, "1000": 4}])]
    other: Money | None = None

    def count(self) -> Count:
        """As the service takes it. Refusal: what nobody can have counted."""
        pieces = {int(value): number for value, number in self.pieces.items()}
        return Count(pieces, minor_of(self.other, "count.other") or 0)


class OpeningIn(Model):
    """A session begins. ``from_vault``: what was taken from the vault; if not said, what the drawer had not before.

    ``difference``: over (below zero: short) that was seen and is to be booked; without it a difference is refused.
    ``office``: where the till stands, by its code; if not said, where this person last worked.
    """

    count: CountIn
    office: Annotated[str, Field(pattern=r"^[0-9A-Z]{2,6}$", examples=["01"])] | None = None
    from_vault: Money | None = None
    difference: Money | None = None


class ClosingIn(Model):
    """A session ends. ``to_vault``: what goes into the vault of what was counted; the rest stays in the till."""

    count: CountIn
    to_vault: Money
    difference: Money | None = None


class HandoverIn(Model):
    """Cash between the vault and a till that is in session."""

    direction: Literal["to-till", "to-vault"]
    amount: Money


class CountOut(Result):
    """What was counted."""

    pieces: dict[str, int]
    other: Money
    total: Money

    @classmethod
    def of(cls, count: Count) -> "CountOut":
        """The wire form of a count."""
        return cls(
            pieces={str(value): number for value, number, _ in count.rows},
            other=Money.of(count.other_minor),
            total=Money.of(count.total_minor),
        )


class SessionOut(Result):
    """A session of a till. ``account``: the till's ledger account, by its number in the book."""

    number: int
    username: str
    office: str
    status: Literal["open", "closed"]
    business_day: date
    opened_at: datetime
    opening_count: CountOut
    opening_entry: int | None
    closed_at: datetime | None
    closed_by: str | None
    closing_count: CountOut | None
    closing_entry: int | None

    @classmethod
    def of(cls, one: service.Session) -> "SessionOut":
        """The wire form of a session."""
        return cls(
            number=one.number,
            username=one.username,
            office=one.office,
            status="open" if one.is_open else "closed",
            business_day=one.business_day,
            opened_at=one.opened_at.astimezone(UTC),
            opening_count=CountOut.of(one.opening),
            opening_entry=one.opening_entry,
            closed_at=one.closed_at.astimezone(UTC) if one.closed_at else None,
            closed_by=one.closed_by,
            closing_count=CountOut.of(one.closing) if one.closing else None,
            closing_entry=one.closing_entry,
        )


class SessionList(Page):
    """Sessions, the latest first."""

    items: list[SessionOut]


class HandoverOut(Result):
    """Cash handed over: what the till got (below zero: gave), who wrote it down, who confirmed it."""

    entry: int
    session: int
    amount: Money
    recorded_by: str
    confirmed_by: str | None

    @classmethod
    def of(cls, one: service.Handover) -> "HandoverOut":
        """The wire form of a handover."""
        return cls(
            entry=one.entry_number,
            session=one.session_number,
            amount=Money.of(one.amount_minor),
            recorded_by=one.recorded_by,
            confirmed_by=one.confirmed_by,
        )


class ReportOut(Result):
    """What a session came to. ``expected`` follows from the book; ``counted`` and ``difference`` from its closing."""

    session: SessionOut
    account: str
    opening: Money
    cash_in: Money
    cash_out: Money
    from_vault: Money
    to_vault: Money
    expected: Money
    counted: Money | None
    difference: Money
    handovers: list[HandoverOut]

    @classmethod
    def of(cls, report: service.Report) -> "ReportOut":
        """The wire form of a report."""
        sums = report.sums
        return cls(
            session=SessionOut.of(report.session),
            account=report.account_code,
            opening=Money.of(sums.opening_minor),
            cash_in=Money.of(sums.in_minor),
            cash_out=Money.of(sums.out_minor),
            from_vault=Money.of(sums.from_vault_minor),
            to_vault=Money.of(sums.to_vault_minor),
            expected=Money.of(sums.expected_minor),
            counted=None if report.counted_minor is None else Money.of(report.counted_minor),
            difference=Money.of(report.difference_minor),
            handovers=[HandoverOut.of(one) for one in report.handovers],
        )


class OfficeOut(Result):
    """An office: its tills, how many are in session, and what they hold (null for who may not read the books)."""

    code: str
    name: str
    head: bool
    closed: bool
    tills: int
    open_sessions: int
    cash: Money | None

    @classmethod
    def of(cls, one: service.Desk, *, with_cash: bool) -> "OfficeOut":
        """The wire form of an office."""
        return cls(
            code=one.code,
            name=one.name,
            head=one.is_head,
            closed=one.closed,
            tills=one.tills,
            open_sessions=one.open_sessions,
            cash=Money.of(one.cash_minor) if with_cash else None,
        )


class OfficeList(Result):
    """All offices."""

    items: list[OfficeOut]


class DayIn(Model):
    """The business day to close, and the one that follows."""

    day: BookDate
    next_day: BookDate


class CheckOut(Result):
    """A line of the list: what must be so, and whether it is."""

    code: str
    ok: bool
    against: int


class ClosedDayOut(Result):
    """A closed day: what it came to, and the book's last entry then."""

    day: date
    next_day: date
    closed_at: datetime
    closed_by: str
    entries: int
    cash_in: Money
    cash_out: Money
    cash: Money
    last_entry: int
    last_hash: str

    @classmethod
    def of(cls, one: service.ClosedDay) -> "ClosedDayOut":
        """The wire form of a closed day."""
        return cls(
            day=one.day,
            next_day=one.next_day,
            closed_at=one.closed_at.astimezone(UTC),
            closed_by=one.closed_by,
            entries=one.facts["entries"],
            cash_in=Money.of(one.facts["cash_in"]),
            cash_out=Money.of(one.facts["cash_out"]),
            cash=Money.of(one.facts["cash"]),
            last_entry=one.head_number,
            last_hash=one.head_hash.hex(),
        )


class DayList(Page):
    """The business day with its list, and closed days, the latest first."""

    business_day: date
    ready: bool
    checks: list[CheckOut]
    items: list[ClosedDayOut]


class VoucherOut(Result):
    """A voucher: its number, and the entry that it is of."""

    number: str
    entry: int
    date: date
    description: str
    total: Money
    reversed_by: int | None


class VoucherList(Page):
    """Vouchers of a month in the order of their numbers; ``unnumbered`` entries of the book have none yet."""

    unnumbered: int
    items: list[VoucherOut]
