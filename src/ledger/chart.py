"""Books and their charts: founding a book, opening, finding, changing and closing accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, literal_column, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger import schema
from ledger.account import Account, AccountType, NewAccount, Side, parent_code
from ledger.errors import AccountError, UnknownAccountError
from ledger.money import exponent
from ledger.periods import lock_head
from ledger.seal import GENESIS

ACCOUNT_COLUMNS = tuple(schema.account.c[name] for name in Account.__dataclass_fields__)
"""An account's columns in the order of its fields."""
_TYPE, _SIDE = (list(Account.__dataclass_fields__).index(name) for name in ("type", "side"))


async def found_book(connection: AsyncConnection, currency: str = "IDR") -> int:
    """Begin an empty book and bind the transaction to it; returns its ``book_id``.

    Raises:
        UnknownCurrencyError: no such currency.
    """
    exponent(currency)
    book_id = int(await connection.scalar(select(schema.book_ids.next_value())) or 0)
    await connection.execute(text(f"SET LOCAL app.book = '{book_id:d}'"))
    await connection.execute(schema.book.insert().values(book_id=book_id, currency=currency))
    await connection.execute(schema.head.insert().values(book_id=book_id, last_hash=GENESIS))
    return book_id


async def open_accounts(connection: AsyncConnection, book_id: int, accounts: Sequence[NewAccount]) -> dict[str, int]:
    """Open accounts; returns the ``account_id`` of each code.

    The account above one in the tree, if it has one, must be a control account, there already or opened with it.

    Raises:
        AccountError: a code is taken, or the account above is no control account, or differs in type, side or currency.
        UnknownAccountError: the account above does not exist.
    """
    rows = [
        {
            "book_id": book_id,
            "code": new.code,
            "name_id": new.name_id,
            "name_en": new.name_en,
            "type": new.type.value,
            "side": new.side.value,
            "currency": new.currency,
            "floor": new.floor,
            "control": new.control,
            "opened_on": new.opened_on,
        }
        for new in accounts
    ]
    for new in accounts:
        exponent(new.currency)
    await _check_parents(connection, book_id, accounts)
    try:
        result = await connection.execute(
            insert(schema.account).returning(schema.account.c.code, schema.account.c.account_id), rows
        )
    except IntegrityError as error:
        if "uq_ledger_account_code" in str(error.orig):
            raise AccountError("an account with this code exists already") from error
        raise
    return {row.code: row.account_id for row in result}


async def _check_parents(connection: AsyncConnection, book_id: int, accounts: Sequence[NewAccount]) -> None:
    given = {new.code: new for new in accounts}
    above = {code for new in accounts if (code := parent_code(new.code)) is not None}
    stored = {found.code: found for found in await find_accounts(connection, book_id, above - set(given))}
    for new in accounts:
        code = parent_code(new.code)
        if code is None:
            continue
        parent: NewAccount | Account | None = given.get(code) or stored.get(code)
        if parent is None:
            raise UnknownAccountError(code)
        if (parent.type, parent.side, parent.currency) != (new.type, new.side, new.currency):
            raise AccountError(f"{new.code} differs from {code} above it in type, side or currency")
        if not parent.control:
            raise AccountError(
                f"{code} takes postings itself; it must be a control account to have accounts beneath it"
            )


async def find_accounts(connection: AsyncConnection, book_id: int, codes: Iterable[str]) -> list[Account]:
    """The accounts with these codes; those that do not exist are not in the list."""
    wanted = list(codes)
    if not wanted:
        return []
    table = schema.account
    rows = await connection.execute(
        select(*ACCOUNT_COLUMNS).where(table.c.code.in_(wanted), table.c.book_id == book_id).order_by(table.c.code)
    )
    return [to_account(row) for row in rows.mappings()]


async def account_by_code(connection: AsyncConnection, book_id: int, code: str) -> Account:
    """One account.

    Raises:
        UnknownAccountError: no such code in this book.
    """
    found = await find_accounts(connection, book_id, [code])
    if not found:
        raise UnknownAccountError(code)
    return found[0]


async def accounts_by_id(connection: AsyncConnection, book_id: int, ids: Iterable[int]) -> dict[int, Account]:
    """Accounts by number; those that do not exist are not in the answer."""
    table = schema.account
    keys = [(book_id, account_id) for account_id in ids]
    if not keys:
        return {}
    rows = await connection.execute(
        select(*ACCOUNT_COLUMNS).where(tuple_(table.c.book_id, table.c.account_id).in_(keys))
    )
    return {row["account_id"]: to_account(row) for row in rows.mappings()}


async def chart(connection: AsyncConnection, book_id: int, *, top_only: bool = False) -> list[Account]:
    """The whole chart in the order of its codes; ``top_only`` leaves out the accounts beneath control accounts.

    A control account's own totals are zero: it is the sum of the accounts beneath it (see ``balances``).
    """
    table = schema.account
    query = select(*ACCOUNT_COLUMNS).where(table.c.book_id == book_id).order_by(table.c.code)
    if top_only:
        query = query.where(func.strpos(table.c.code, ".") == literal_column("0"))
    return [_account(row) for row in await connection.execute(query)]


async def close_account(connection: AsyncConnection, book_id: int, account_id: int, on: date) -> None:
    """Close an account from a day on; its balance must be nothing.

    Raises:
        UnknownAccountError: no such account.
        AccountError: it still has a balance or a hold.
    """
    # Nothing may be posted to it between the look at its balance and the end of the transaction.
    await lock_head(connection, book_id)
    found = (await accounts_by_id(connection, book_id, [account_id])).get(account_id)
    if found is None:
        raise UnknownAccountError(str(account_id))
    if found.balance or found.held:
        raise AccountError(f"{found.code} still has a balance")
    await _set(connection, book_id, account_id, closed_on=on)


async def reopen_account(connection: AsyncConnection, book_id: int, account_id: int) -> None:
    """Open a closed account again, for an act that is taken back; one that is open stays so."""
    await lock_head(connection, book_id)
    await _set(connection, book_id, account_id, closed_on=None)


async def rename_account(
    connection: AsyncConnection, book_id: int, account_id: int, *, name_id: str, name_en: str
) -> None:
    """Give an account other names; its code never changes."""
    await _set(connection, book_id, account_id, name_id=name_id, name_en=name_en)


async def set_floor(connection: AsyncConnection, book_id: int, account_id: int, floor: int | None) -> None:
    """Change the least balance that postings may leave, in minor units; ``None`` lifts it.

    A floor above zero may be set over what the account has: it may then be paid into, not taken from.

    Raises:
        UnknownAccountError: no such account.
        AccountError: its balance less holds is below nothing and below this floor.
    """
    # Nothing may be posted to it between the look at its balance and the end of the transaction.
    await lock_head(connection, book_id)
    found = (await accounts_by_id(connection, book_id, [account_id])).get(account_id)
    if found is None:
        raise UnknownAccountError(str(account_id))
    if floor is not None and found.balance - found.held < min(floor, 0):
        raise AccountError(f"{found.code} stands below this floor already")
    await _set(connection, book_id, account_id, floor=floor)


async def lock_accounts(connection: AsyncConnection, book_id: int, account_ids: Iterable[int], to: date | None) -> None:
    """Let accounts take no postings of days up to ``to``: ``PAUSED`` is none at all, ``None`` is all again.

    The book's head is locked with it: no posting is under way that the accounts do not show yet, and none begins
    before the transaction ends. Of days that are gone by, reversals are refused as well as new entries.
    """
    await lock_head(connection, book_id)
    table = schema.account
    mine = table.c.book_id == book_id, table.c.account_id.in_(list(account_ids))
    await connection.execute(update(table).where(*mine).values(locked_to=to))


async def hold(connection: AsyncConnection, book_id: int, account_id: int, amount: int) -> None:
    """Keep part of a balance from being taken, until ``release``; postings count it as if it had left.

    Raises:
        UnknownAccountError: no such account.
        AccountError: the amount is not above zero, or more than is available above the floor.
    """
    if amount <= 0:
        raise AccountError("a hold is above zero")
    # Two who hold at once, and whoever posts, must see each other's.
    await lock_head(connection, book_id)
    found = (await accounts_by_id(connection, book_id, [account_id])).get(account_id)
    if found is None:
        raise UnknownAccountError(str(account_id))
    if found.floor is not None and amount > found.available:
        raise AccountError(f"{found.code} has not that much to hold")
    await _set(connection, book_id, account_id, held=found.held + amount)


async def release(connection: AsyncConnection, book_id: int, account_id: int, amount: int) -> None:
    """Give back what was held.

    Raises:
        UnknownAccountError: no such account.
        AccountError: the amount is not above zero, or more than is held.
    """
    await lock_head(connection, book_id)
    found = (await accounts_by_id(connection, book_id, [account_id])).get(account_id)
    if found is None:
        raise UnknownAccountError(str(account_id))
    if not 0 < amount <= found.held:
        raise AccountError(f"{found.code} has not that much held")
    await _set(connection, book_id, account_id, held=found.held - amount)


async def _set(connection: AsyncConnection, book_id: int, account_id: int, **values: Any) -> None:
    table = schema.account
    await connection.execute(
        update(table).where(table.c.book_id == book_id, table.c.account_id == account_id).values(**values)
    )


def _account(row: Sequence[Any]) -> Account:
    """The same of a row's values alone, several times as fast: statements read whole charts."""
    values = list(row)
    values[_TYPE], values[_SIDE] = AccountType(values[_TYPE]), Side(values[_SIDE])
    return Account(*values)


def to_account(row: Mapping[Any, Any]) -> Account:
    """An account from its row."""
    facts = dict(row)
    return Account(**(facts | {"type": AccountType(facts["type"]), "side": Side(facts["side"])}))
