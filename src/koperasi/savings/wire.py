"""Savings on the wire: what comes in and what goes out."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field

from koperasi.formats import weekday_name
from koperasi.i18n import LOCALES
from koperasi.known import StampOut
from koperasi.rest import BookDate, Model, Money, Page, Result, Text
from koperasi.savings.receipts import Receipt
from koperasi.savings.rules import SavingsKind
from koperasi.savings.service_reading import SavingsAccount, StatementLine
from koperasi.terbilang import amount_in_words

ProductCode = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9_-]{0,28}[a-z0-9])?$")]


class AccountIn(Model):
    """A savings account to open, today if no day is given: of a product, or of the first one of a kind."""

    kind: SavingsKind | None = None
    product: ProductCode | None = None
    opened_on: BookDate | None = None


class MovementIn(Model):
    """Cash over the desk; dated today if no day is given, at latest today."""

    amount: Money
    date: BookDate | None = None


class TransferIn(MovementIn):
    """Money to another account of the same member."""

    to: Text


class AccountOut(Result):
    """A savings account as it stands. What is locked while the membership lasts is not available."""

    number: str
    member_number: str
    kind: SavingsKind
    product: str
    opened_on: dt.date
    closed_on: dt.date | None
    balance: Money
    available: Money

    @classmethod
    def of(cls, account: SavingsAccount) -> AccountOut:
        """The wire form."""
        return cls(
            number=account.number,
            member_number=account.member_number,
            kind=account.kind,
            product=account.product_code,
            opened_on=account.opened_on,
            closed_on=account.closed_on,
            balance=Money.of(account.balance_minor),
            available=Money.of(account.available_minor),
        )


class AccountList(Result):
    """All savings accounts of a member, by number."""

    items: list[AccountOut]


class Words(Result):
    """A text in both languages."""

    id: str
    en: str


class Party(Result):
    """A member, by number and name."""

    number: str
    name: str


class ReceiptOut(Result):
    """The proof of one movement. ``change`` is above zero when money came into the account.

    ``verify_code`` is asked of this service (``/cek``). ``inclusion_code`` needs it no more: with ``entry_number`` it
    finds the movement in an exported bundle (``verify_bundle.py BUNDLE --receipt ENTRY CODE``).
    """

    number: str
    entry_number: int
    kind: str
    date: dt.date
    weekday: Words
    account: str
    other_account: str | None
    member: Party
    amount: Money
    amount_in_words: Words
    change: Money
    balance_after: Money
    teller: str
    verify_code: str
    inclusion_code: str
    effective_date: dt.date
    recorded_at: dt.datetime

    @classmethod
    def of(cls, receipt: Receipt) -> ReceiptOut:
        """The wire form."""
        day, amount = receipt.effective_date, receipt.amount_minor
        return cls(
            number=receipt.number,
            entry_number=receipt.entry_number,
            kind=receipt.kind,
            date=day,
            weekday=Words(**{locale: weekday_name(day, locale) for locale in LOCALES}),
            account=receipt.account_number,
            other_account=receipt.other_account_number,
            member=Party(number=receipt.member_number, name=receipt.member_name),
            amount=Money.of(amount),
            amount_in_words=Words(**{locale: amount_in_words(amount, locale) for locale in LOCALES}),
            change=Money.of(receipt.change_minor),
            balance_after=Money.of(receipt.balance_after_minor),
            teller=receipt.teller,
            verify_code=receipt.verify_code,
            inclusion_code=receipt.inclusion_code,
            effective_date=day,
            recorded_at=receipt.recorded_at,
        )


class ReceiptState(Result):
    """A receipt as it stands now: the entries that it undoes, or that undid it."""

    receipt: ReceiptOut
    reverses: int | None
    reversed_by: int | None


class StatementLineOut(Result):
    """One movement as a passbook shows it."""

    date: dt.date
    receipt_number: str
    entry_number: int
    kind: str
    description: str
    paid_in: Money
    paid_out: Money
    balance: Money
    reverses: int | None
    reversed_by: int | None

    @classmethod
    def of(cls, line: StatementLine) -> StatementLineOut:
        """The wire form."""
        return cls(
            date=line.effective_date,
            receipt_number=line.receipt_number,
            entry_number=line.entry_number,
            kind=line.kind,
            description=line.description,
            paid_in=Money.of(line.paid_in_minor),
            paid_out=Money.of(line.paid_out_minor),
            balance=Money.of(line.balance_minor),
            reverses=line.reverses,
            reversed_by=line.reversed_by,
        )


class StatementOut(Page):
    """A page of an account's movements, the oldest first, with the balance before its first line.

    ``known_at`` is the number of the entry that was the book's last, if asked for; ``last_entry`` the last included.
    """

    account: str
    known_at: int | None
    last_entry: StampOut
    opening_balance: Money
    closing_balance: Money
    items: list[StatementLineOut]
