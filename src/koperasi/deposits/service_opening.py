"""Making a contract: from savings or cash, by a member's instruction at maturity, and changing that instruction."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative, account_code, next_number
from koperasi.db import Work
from koperasi.deposits import rules
from koperasi.deposits.numbers import SERIES, certificate_number, deposit_number
from koperasi.deposits.rules import RollOver, Terms
from koperasi.deposits.service_reading import Named, deposit_by_number
from koperasi.deposits.service_terms import all_terms, role_for, takes_partners
from koperasi.deposits.tables import deposit
from koperasi.errors import Refusal
from koperasi.formats import decimal_of, format_amount
from koperasi.i18n import N_
from koperasi.members.service import member_by_number
from koperasi.posting import Idempotency, busy, refusal_of, settled
from koperasi.savings import service as savings
from koperasi.savings.service import SavingsAccount, is_partner_number
from koperasi.treasury.service import cash_account
from ledger.schema import key as ledger_key

CASH = "cash"
"""Where the money may come from, besides the number of a savings account."""


class Opened(NamedTuple):
    """A contract that was made, or made before by the same request."""

    number: str
    entry_number: int
    replayed: bool


class Wish(NamedTuple):
    """What a member, or another cooperative by its number, wants.

    ``amount_minor`` in sen; ``source`` is ``cash`` or the number of one of their accounts.
    """

    member_number: str
    amount_minor: int
    months: int
    source: str
    payout_account: str
    roll_over: RollOver
    opened_on: date


class Planned(NamedTuple):
    """A wish that can be granted: to whom, by which terms, from which account, to which."""

    holder: str
    terms: Terms
    source: SavingsAccount | None
    payout: SavingsAccount


async def plan(connection: AsyncConnection, cooperative: Cooperative, wish: Wish, today: date) -> Planned:
    """Whether a contract could be made; nothing is written.

    Raises:
        NotFound: ``member``, ``partner-cooperative`` or ``savings-account``.
        Refusal: what ``rules.check_opening`` says, ``account-role``, ``partner-cannot-deposit``,
            ``not-own-account``, ``savings-locked`` or ``insufficient-balance``.
    """
    book_id = cooperative.book_id
    holder, status = await _holder(connection, cooperative, wish.member_number)
    account_code(cooperative.kind, role_for(cooperative, holder, wish.months))
    terms = rules.in_force(await all_terms(connection, book_id), wish.months, wish.opened_on)
    rules.check_opening(
        terms,
        wish.amount_minor,
        wish.roll_over,
        opened_on=wish.opened_on,
        today=today,
        member_status=status,
    )
    if terms is None:
        raise TypeError("check_opening lets nobody open what is not offered")
    payout = await _own_account(connection, book_id, holder, wish.payout_account, "payout_account")
    source = None
    if wish.source != CASH:
        source = await _own_account(connection, book_id, holder, wish.source, "source")
        if source.available_minor < wish.amount_minor:
            raise Refusal(
                "insufficient-balance",
                N_("Saldo yang dapat ditarik %(available)s."),
                field="amount",
                available=format_amount(source.available_minor),
            )
    return Planned(holder, terms, source, payout)


async def _holder(connection: AsyncConnection, cooperative: Cooperative, number: str) -> tuple[str, str]:
    """Whose contract it shall be: the number as it is kept, and the status of a member.

    Raises:
        NotFound: ``member`` or ``partner-cooperative``.
        Refusal: ``partner-cannot-deposit``: this cooperative keeps no term deposits of others.
    """
    if not is_partner_number(number):
        member = await member_by_number(connection, cooperative.book_id, number)
        return member.number, member.status.value
    partner = await savings.partner_by_number(connection, cooperative.book_id, number)
    if not takes_partners(cooperative):
        raise Refusal(
            "partner-cannot-deposit",
            N_("Bagan akun koperasi ini tidak mempunyai akun simpanan berjangka koperasi lain."),
        )
    return partner.number, "anggota"


async def _own_account(
    connection: AsyncConnection, book_id: int, member_number: str, number: str, field: str
) -> SavingsAccount:
    """An account of the holder from which may be taken.

    Raises:
        NotFound: ``savings-account``.
        Refusal: ``not-own-account`` or ``savings-locked``.
    """
    account = await savings.account_by_number(connection, book_id, number)
    if account.member_number != member_number:
        raise Refusal("not-own-account", N_("Rekening ini bukan milik pemilik simpanan berjangka."), field=field)
    if not account.kind.withdrawable or account.closed_on:
        raise Refusal("savings-locked", N_("Pilih rekening yang dapat ditarik sewaktu-waktu."), field=field)
    return account


async def open_deposit(
    work: Work, cooperative: Cooperative, wish: Wish, *, today: date, actor: str, idempotency: Idempotency
) -> Opened:
    """Make a contract and move the money into it; the caller commits. The same request finds what it made before.

    Args:
        work: bound to the cooperative's book.
        cooperative: whose book.
        wish: what the member wants.
        today: the book's day.
        actor: who records it; cash goes into their till.
        idempotency: the same request is posted once.

    Raises:
        NotFound: as ``plan``.
        Refusal: as ``plan``; what the treasury says of cash (``no-open-session``); or what the book says.
    """
    before = await _made_before(work.connection, work.book_id, idempotency)
    if before is not None:
        return before
    planned = await plan(work.connection, cooperative, wish, today)
    taken_from = (
        planned.source.ledger_account_id if planned.source else await cash_account(work.connection, cooperative, actor)
    )
    facts = Facts(
        member_number=planned.holder,
        months=wish.months,
        seed_on=wish.opened_on,
        term=1,
        opened_on=wish.opened_on,
        roll_over=wish.roll_over,
        payout_account=wish.payout_account,
        previous=None,
    )
    prepared = await prepare(work, cooperative, facts, planned.terms, wish.amount_minor)
    draft = ledger.Draft(
        book_id=work.book_id,
        effective_date=wish.opened_on,
        kind="deposit.open",
        description=f"Pembukaan simpanan berjangka {prepared.number}",
        actor=actor,
        lines=(
            ledger.Line(taken_from, wish.amount_minor),
            ledger.Line(prepared.ledger_account_id, -wish.amount_minor),
        ),
        key=idempotency.key,
        fingerprint=idempotency.fingerprint,
    )
    outcome = (await ledger.append(work.connection, [draft]))[0]
    if isinstance(outcome, ledger.Replayed):
        # The same request was under way at once and was first: this one's numbers go back with the transaction.
        raise busy()
    entry_number = settled(outcome).number
    await keep(work, prepared, entry_number, actor)
    return Opened(prepared.number, entry_number, replayed=False)


async def _made_before(connection: AsyncConnection, book_id: int, idempotency: Idempotency) -> Opened | None:
    """What the same request made.

    Raises:
        Refusal: ``idempotency-mismatch``: the key was used for another.
    """
    known = (
        await connection.execute(
            select(ledger_key.c.fingerprint, ledger_key.c.entry_number).where(
                ledger_key.c.book_id == book_id, ledger_key.c.key == idempotency.key
            )
        )
    ).one_or_none()
    if known is None:
        return None
    if bytes(known.fingerprint) != idempotency.fingerprint:
        raise refusal_of(ledger.Rejected("idempotency-mismatch", {"key": idempotency.key}))
    number = await connection.scalar(
        select(deposit.c.number).where(deposit.c.book_id == book_id, deposit.c.opening_entry == known.entry_number)
    )
    return None if number is None else Opened(number, known.entry_number, replayed=True)


class Facts(NamedTuple):
    """What makes a contract, besides its terms and its principal."""

    member_number: str
    months: int
    seed_on: date
    term: int
    opened_on: date
    roll_over: RollOver
    payout_account: str
    previous: str | None


class Prepared(NamedTuple):
    """A contract with its number and ledger account, whose money has not come yet."""

    number: str
    ledger_account_id: int
    row: dict[str, Any]


async def prepare(work: Work, cooperative: Cooperative, facts: Facts, terms: Terms, principal_minor: int) -> Prepared:
    """Number a contract and open its account in the ledger, beneath the account of its kind."""
    serial = await next_number(work.connection, work.book_id, SERIES)
    number = deposit_number(serial)
    code = account_code(cooperative.kind, role_for(cooperative, facts.member_number, facts.months))
    above = await ledger.account_by_code(work.connection, work.book_id, code)
    account = account_beneath(above, number, facts.opened_on)
    opened = await ledger.open_accounts(work.connection, work.book_id, [account])
    account_id = next(iter(opened.values()))
    row = row_of(work.book_id, serial, facts, terms, principal_minor) | {"ledger_account_id": account_id}
    return Prepared(number, account_id, row)


def account_beneath(above: ledger.Account, number: str, opened_on: date) -> ledger.NewAccount:
    """A contract's own account in the ledger."""
    return ledger.NewAccount(
        code=f"{above.code}.{number}",
        name_id=f"Simpanan berjangka {number}",
        name_en=f"Term deposit {number}",
        type=above.type,
        side=above.side,
        currency=above.currency,
        floor=0,
        opened_on=opened_on,
    )


def row_of(book_id: int, serial: int, facts: Facts, terms: Terms, principal_minor: int) -> dict[str, Any]:
    """A contract's row, but for its ledger account and its opening."""
    held_by = facts.member_number
    return {
        "book_id": book_id,
        "number": deposit_number(serial),
        "certificate": certificate_number(serial, facts.opened_on),
        **facts._asdict(),
        "member_number": None if is_partner_number(held_by) else held_by,
        "partner_number": held_by if is_partner_number(held_by) else None,
        "roll_over": facts.roll_over.value,
        "matures_on": rules.matures(facts.seed_on, facts.months, facts.term),
        "principal_minor": principal_minor,
        "earns": terms.earns.value,
        "percent": decimal_of(terms.percent),
        "basis": terms.basis.value,
        "pay_months": terms.pay_months,
        "early": terms.early.value,
        "early_percent": decimal_of(terms.early_percent),
        "penalty_minor": rules.penalty_of(terms, principal_minor),
    }


async def keep(work: Work, prepared: Prepared, entry_number: int, actor: str) -> None:
    """Write the contract, once its money stands in the book."""
    await work.connection.execute(insert(deposit).values(**prepared.row, opening_entry=entry_number, created_by=actor))


async def instruct(work: Work, number: str, *, roll_over: RollOver, payout_account: str, on: date, actor: str) -> Named:
    """Change what becomes of a contract at its maturity; the caller commits.

    Raises:
        NotFound: ``deposit`` or ``savings-account``.
        Refusal: ``deposit-closed``, ``deposit-due`` (its day has come: only the account may change),
            ``roll-over-needs-maturity``, or as of the account in ``plan``.
    """
    found = (await deposit_by_number(work.connection, work.book_id, number)).deposit
    if found.closed_on is not None:
        raise closed()
    # The account may be named anew even then: the one before may be closed, and nothing could be paid.
    if found.is_due(on) and roll_over is not found.roll_over:
        raise Refusal("deposit-due", N_("Sudah jatuh tempo: proses dulu jatuh temponya."))
    rules.check_roll_over(found.pay_months, roll_over)
    await _own_account(work.connection, work.book_id, found.member_number, payout_account, "payout_account")
    table = deposit
    await work.connection.execute(
        update(table)
        .where(table.c.book_id == work.book_id, table.c.number == number)
        .values(roll_over=roll_over.value, payout_account=payout_account)
    )
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=Action.DEPOSIT_INSTRUCTED,
        subject=f"deposit {number}",
        before={"roll_over": found.roll_over.value, "payout_account": found.payout_account},
        after={"roll_over": roll_over.value, "payout_account": payout_account},
    )
    return await deposit_by_number(work.connection, work.book_id, number)


def closed() -> Refusal:
    """The contract ended already."""
    return Refusal("deposit-closed", N_("Simpanan berjangka ini sudah ditutup."))
