"""Dues on the wire: what comes in and what goes out."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field

from koperasi.dues.model import Behind, BehindPage, Billing
from koperasi.dues.service_collection import MOST_ROWS, Collection
from koperasi.rest import BookDate, Model, Money, Page, Result, Text
from koperasi.savings.service import SavingsKind, receipt_number


class BillingOut(Result):
    """What billing a month did just now; members who were billed before are not among these."""

    month: str
    members: int
    amount: Money

    @classmethod
    def of(cls, done: Billing) -> BillingOut:
        """The wire form."""
        return cls(month=done.period, members=done.members, amount=Money.of(done.amount_minor))


class ArrearsRow(Result):
    """A member who is late: how many months of simpanan wajib, what is late of each kind, and since which month."""

    member: str
    name: str
    months: int
    since: str
    wajib: Money
    pokok: Money

    @classmethod
    def of(cls, row: Behind) -> ArrearsRow:
        """The wire form."""
        return cls(
            member=row.member_number,
            name=row.member_name,
            months=row.months,
            since=row.since,
            wajib=Money.of(row.wajib_minor),
            pokok=Money.of(row.pokok_minor),
        )


class ArrearsOut(Page):
    """A page of who is late; ``members`` and ``total`` are of all pages."""

    items: list[ArrearsRow]
    members: int
    total: Money

    @classmethod
    def of(cls, page: BehindPage, next_cursor: str | None) -> ArrearsOut:
        """The wire form."""
        items = [ArrearsRow.of(row) for row in page.rows]
        return cls(items=items, members=page.members, total=Money.of(page.total_minor), next_cursor=next_cursor)


class CollectionRowIn(Model):
    """What one member pays; a kind that is left out is not paid."""

    member: Text
    pokok: Money | None = None
    wajib: Money | None = None
    voluntary: Money | None = None


class CollectionIn(Model):
    """A collection sheet: ``counted`` is the cash that was counted, which must be the sum of the rows.

    ``group`` is the group that gathered it; ``label`` says who did otherwise. Dated today if no day is given.
    """

    rows: Annotated[list[CollectionRowIn], Field(min_length=1, max_length=MOST_ROWS)]
    counted: Money
    group: Text | None = None
    label: Text | None = None
    date: BookDate | None = None


class CollectedLineOut(Result):
    """One deposit of a collection, with the number of its receipt."""

    member: str
    account: str
    kind: SavingsKind
    amount: Money
    receipt: str


class CollectionOut(Result):
    """A recorded collection."""

    number: int
    group: str | None
    label: str | None
    date: dt.date
    total: Money
    lines: list[CollectedLineOut]

    @classmethod
    def of(cls, found: Collection) -> CollectionOut:
        """The wire form."""
        return cls(
            number=found.number,
            group=found.group_number,
            label=found.label,
            date=found.collected_on,
            total=Money.of(found.total_minor),
            lines=[
                CollectedLineOut(
                    member=line.member_number,
                    account=line.account_number,
                    kind=line.kind,
                    amount=Money.of(line.amount_minor),
                    receipt=receipt_number(line.effective_date, line.entry_number),
                )
                for line in found.lines
            ],
        )
