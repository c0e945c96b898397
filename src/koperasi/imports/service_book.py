"""What a plan needs to know of the book, in a handful of questions whatever its length. Called through ``service``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import TypeVar

from sqlalchemy import BindParameter, Join, and_, any_, column, func, literal, or_, select, table, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

import ledger
from koperasi.cooperatives.service import Cooperative, account_code, policies
from koperasi.deposits import service as deposits
from koperasi.formats import parse_wire_amount
from koperasi.imports import service_batch
from koperasi.imports.batch import Options
from koperasi.imports.facts import Facts, Policy, SavingsTarget
from koperasi.imports.model import ImportKind, Plan
from koperasi.imports.posting import DEPOSITS_KIND, SAVINGS_KIND
from koperasi.members import service as members
from koperasi.savings import service as savings
from koperasi.savings.service import SavingsKind, free_kind
from ledger.schema import account as ledger_account
from ledger.schema import entry, posting, reversal

PART = 1000

DETAILED = (SAVINGS_KIND, DEPOSITS_KIND)
"""Kinds of entries that open the accounts beneath a control account."""

Found = TypeVar("Found")

OWN_CAPITAL: Mapping[SavingsKind, str] = {
    SavingsKind.POKOK: "simpanan_pokok.amount",
    SavingsKind.WAJIB: "simpanan_wajib.amount",
}


async def facts_for(
    connection: AsyncConnection, cooperative: Cooperative, plan: Plan, options: Options, today: date
) -> Facts:
    """Everything that checking this plan needs."""
    book_id = cooperative.book_id
    identities = [row.member for row in plan.rows if row.member]
    numbers = {number for one in identities for number in (one.number, one.external_reference) if number}
    niks = {one.nik for one in identities if one.nik}
    by_nik = await _in_parts(lambda part: members.find_by_nik(connection, book_id, part), niks)
    by_number = await _in_parts(lambda part: members.find_by_numbers(connection, book_id, part), numbers)
    by_reference = await _in_parts(lambda part: members.find_by_external_reference(connection, book_id, part), numbers)
    known = {one.number for found in (by_nik, by_number, by_reference) for one in found.values()}
    is_deposits = plan.kind is ImportKind.OPENING_DEPOSITS
    needs_savings = is_deposits or plan.kind is ImportKind.OPENING_SAVINGS
    contracts = sorted({row.deposit.number for row in plan.rows if row.deposit})
    partners = {one.number: one.name for one in await savings.partners(connection, book_id)} if contracts else {}
    known |= set(partners)
    codes = {row.account.code for row in plan.rows if row.account}
    codes |= {f"{code}.0" for code in codes}  # what is brought forward beneath a sum; see ``balances``
    difference = await difference_account(connection, cooperative)
    trial_balance = await service_batch.last_posted(connection, book_id, ImportKind.OPENING_TRIAL_BALANCE)
    return Facts(
        today=today,
        opening_on=options.opening_on or await _opening_day(connection, book_id, plan.kind) or today,
        free_kind=free_kind(cooperative),
        policies=await _own_capital(connection, book_id),
        by_nik=by_nik,
        by_number=by_number,
        by_reference=by_reference,
        savings=await _in_parts(lambda part: _savings_of(connection, book_id, part), known) if needs_savings else {},
        accounts={one.code: one for one in await ledger.find_accounts(connection, book_id, codes)},
        shut_months=frozenset(
            period.month
            for period in await ledger.periods(connection, book_id)
            if period.status is not ledger.PeriodStatus.OPEN
        ),
        difference=difference,
        controls=control_codes(cooperative),
        opening_savings=await opening_savings(connection, book_id),
        trial_balance=trial_balance.result.get("controls", {}) if trial_balance else None,
        trial_balance_import=trial_balance.import_id if trial_balance else None,
        partners=partners,
        carrying=await deposits.carrying(connection, cooperative, contracts) if is_deposits else None,
    )


async def _in_parts(
    ask: Callable[[Sequence[str]], Awaitable[Mapping[str, Found]]], keys: Iterable[str]
) -> dict[str, Found]:
    """The answers about many keys, some at a time, so that other requests of this process have their turn."""
    found: dict[str, Found] = {}
    rest = iter(sorted(keys))
    while part := list(islice(rest, PART)):
        found.update(await ask(part))
    return found


async def difference_account(connection: AsyncConnection, cooperative: Cooperative) -> ledger.Account:
    """The account against which everything is opened, and which ends at zero."""
    code = account_code(cooperative.kind, "opening.difference")
    return await ledger.account_by_code(connection, cooperative.book_id, code)


def control_codes(cooperative: Cooperative) -> dict[SavingsKind, str]:
    """The control account of each kind of savings that this cooperative keeps."""
    kinds = (SavingsKind.POKOK, SavingsKind.WAJIB, free_kind(cooperative))
    return {kind: account_code(cooperative.kind, kind.role) for kind in kinds}


async def opening_savings(connection: AsyncConnection, book_id: int) -> dict[str, int]:
    """Signed opening savings and term deposits by control account, what was reversed left out."""
    # Each looked up by its whole key (OFFSET 0): a planner that never saw this book joins by the key's first part and
    # reads the whole book for every entry (docs/adr/0002).
    undone = (
        select(reversal.c.entry_number)
        .where(
            reversal.c.book_id == entry.c.book_id,
            reversal.c.entry_number == entry.c.number,
            reversal.c.undone_by.is_(None),
        )
        .offset(0)
    )
    line = (
        select(posting.c.account_id, posting.c.amount)
        .where(posting.c.book_id == entry.c.book_id, posting.c.entry_number == entry.c.number)
        .offset(0)
        .lateral("line")
    )
    account = (
        select(ledger_account.c.code)
        .where(ledger_account.c.book_id == entry.c.book_id, ledger_account.c.account_id == line.c.account_id)
        .offset(0)
        .lateral("account")
    )
    control = func.split_part(account.c.code, ".", 1)
    rows = await connection.execute(
        select(control, func.sum(line.c.amount))
        .select_from(entry.join(line, true()).join(account, true()))
        .where(
            entry.c.book_id == book_id,
            entry.c.kind.in_(DETAILED),
            ~undone.exists(),
            account.c.code.contains("."),
        )
        .group_by(control)
    )
    return {code: int(amount) for code, amount in rows}


async def _opening_day(connection: AsyncConnection, book_id: int, kind: ImportKind) -> date | None:
    """A trial balance and term deposits without a date stand on the day of the latest opening savings."""
    if kind not in (ImportKind.OPENING_TRIAL_BALANCE, ImportKind.OPENING_DEPOSITS):
        return None
    day: date | None = await connection.scalar(
        select(func.max(entry.c.effective_date))
        .select_from(_standing())
        .where(entry.c.book_id == book_id, entry.c.kind.in_(DETAILED), reversal.c.entry_number.is_(None))
    )
    return day


def _standing() -> Join:
    """Entries beside their reversals in force, which are nothing for an entry that stands."""
    return entry.outerjoin(
        reversal,
        and_(
            reversal.c.entry_number == entry.c.number,
            reversal.c.book_id == entry.c.book_id,
            reversal.c.undone_by.is_(None),
        ),
    )


async def _own_capital(connection: AsyncConnection, book_id: int) -> dict[SavingsKind, list[Policy]]:
    rows = await policies(connection, book_id)
    return {
        kind: sorted(
            (Policy(row.valid_from, parse_wire_amount(row.value)) for row in rows if row.name == name),
            key=lambda policy: policy.valid_from,
        )
        for kind, name in OWN_CAPITAL.items()
    }


async def _savings_of(
    connection: AsyncConnection, book_id: int, member_numbers: Sequence[str]
) -> dict[str, list[SavingsTarget]]:
    """The savings accounts of many members and other cooperatives at once."""
    accounts = table(
        "savings_account",
        *map(column, ("book_id", "number", "member_number", "partner_number", "kind", "ledger_account_id")),
        *map(column, ("opened_on", "closed_on")),
    )
    rows = await connection.execute(
        select(
            func.coalesce(accounts.c.member_number, accounts.c.partner_number),
            accounts.c.number,
            accounts.c.kind,
            accounts.c.ledger_account_id,
            accounts.c.opened_on,
            accounts.c.closed_on,
            (ledger_account.c.credit - ledger_account.c.debit).label("balance"),
        )
        .select_from(
            accounts.join(
                ledger_account,
                and_(
                    ledger_account.c.account_id == accounts.c.ledger_account_id,
                    ledger_account.c.book_id == accounts.c.book_id,
                ),
            )
        )
        .where(
            accounts.c.book_id == book_id,
            or_(
                accounts.c.member_number == any_(_texts(member_numbers)),
                accounts.c.partner_number == any_(_texts(member_numbers)),
            ),
        )
    )
    found: dict[str, list[SavingsTarget]] = {}
    for member_number, number, kind, account_id, opened_on, closed_on, balance in rows:
        found.setdefault(member_number, []).append(
            SavingsTarget(number, SavingsKind(kind), account_id, opened_on, closed_on, balance)
        )
    return found


def _texts(values: Iterable[str]) -> BindParameter[list[str]]:
    return literal(list(values), ARRAY(Text))
