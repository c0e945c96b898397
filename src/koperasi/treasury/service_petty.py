"""Petty cash (imprest): given to a holder, spent against receipts, counted, filled up by the vault. The caller commits.

What is in the box stands in the ledger. Here stand its counts: each says what was counted and who answers for the box
from then on; what it was over or short, and what the vault put in, is one entry with the count as its source.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative, account_code, amount_policy, next_number, roles
from koperasi.db import Work
from koperasi.errors import Conflict, FieldError, NotFound, Refusal
from koperasi.formats import InputError, clean_text
from koperasi.i18n import N_
from koperasi.posting import MESSAGES, Idempotency, Settled, settled
from koperasi.treasury import rules
from koperasi.treasury.model import Box, PettyCount, Spending
from koperasi.treasury.rules import Count
from koperasi.treasury.tables import petty_count
from ledger import AccountType, schema

ROLE = "cash.petty"
SERIES = "cash.petty"
FLOAT = "cash.petty_float"
WORDS_MAX_LENGTH = 200
MOST_SPENDINGS = 200
"""Spendings since the last count that a page lists."""


def has_petty(cooperative: Cooperative) -> bool:
    """Whether the chart of its kind has petty cash."""
    return ROLE in roles(cooperative.kind)


async def box(connection: AsyncConnection, cooperative: Cooperative, today: date) -> Box:
    """Petty cash as it stands.

    Raises:
        NotFound: ``petty-cash``: this kind of cooperative has none.
    """
    book_id = cooperative.book_id
    account, vault = await _accounts(connection, cooperative)
    counts = await petty_counts(connection, cooperative, limit=1)
    last = counts[0] if counts else None
    return Box(
        account_code=account.code,
        balance_minor=account.balance,
        vault_minor=vault.balance,
        float_minor=await amount_policy(connection, book_id, FLOAT, today),
        last=last,
        since=await _since(connection, book_id, account.account_id, last.head if last else 0),
    )


async def petty_counts(
    connection: AsyncConnection, cooperative: Cooperative, *, number: int | None = None, limit: int = 20
) -> list[PettyCount]:
    """The latest counts first, or the one with this number."""
    book_id, table, posting = cooperative.book_id, petty_count, schema.posting
    account, vault = await _accounts(connection, cooperative)

    def moved(account_id: int) -> Any:
        return (
            select(func.coalesce(func.sum(posting.c.amount), 0))
            .where(
                posting.c.book_id == table.c.book_id,
                posting.c.entry_number == table.c.entry,
                posting.c.account_id == account_id,
            )
            .scalar_subquery()
        )

    query = select(
        table,
        table.c["count"].label("pieces"),
        moved(vault.account_id).label("of_vault"),
        moved(account.account_id).label("moved"),
    ).where(table.c.book_id == book_id, *([] if number is None else [table.c.number == number]))
    rows = await connection.execute(query.order_by(table.c.number.desc()).limit(limit))
    return [
        PettyCount(
            number=row.number,
            holder=row.holder,
            business_day=row.business_day,
            counted_at=row.counted_at,
            counted_by=row.counted_by,
            count=Count.of(row.pieces),
            entry=row.entry,
            head=row.head,
            top_up_minor=-int(row.of_vault),
            difference_minor=int(row.moved) + int(row.of_vault),
        )
        for row in rows
    ]


async def petty_uncounted(connection: AsyncConnection, cooperative: Cooperative) -> int | None:
    """How many entries moved petty cash since it was last counted; None where there is no petty cash."""
    if not has_petty(cooperative):
        return None
    book_id = cooperative.book_id
    head = await connection.scalar(select(func.max(petty_count.c.head)).where(petty_count.c.book_id == book_id))
    account, _vault = await _accounts(connection, cooperative)
    posting = schema.posting
    since = select(func.count(func.distinct(posting.c.entry_number))).where(
        posting.c.book_id == book_id,
        posting.c.account_id == account.account_id,
        posting.c.entry_number > int(head or 0),
    )
    return int(await connection.scalar(since) or 0)


async def count_petty(
    work: Work,
    cooperative: Cooperative,
    *,
    actor: str,
    holder: str,
    count: Count,
    top_up_minor: int = 0,
    difference_minor: int = 0,
    holds_vault: bool = False,
    idempotency: Idempotency,
    now: datetime,
) -> int:
    """Count petty cash, book what is over or short, and fill it up from the vault; returns the count's number.

    The first count gives it to its holder: nothing lies in the box yet, and the vault puts the fixed sum in.

    Args:
        work: the transaction.
        cooperative: whose cash.
        actor: who counts: the holder, or who holds the vault.
        holder: who answers for it from now on; only who holds the vault may name another.
        count: what lies in the box before anything is put in.
        top_up_minor: what the vault puts in, in sen; below zero it takes out. Only who holds the vault may.
        difference_minor: over (below zero: short) that they have seen and agree to book, in sen.
        holds_vault: whether the actor holds the vault.
        idempotency: the same request counts once.
        now: the moment.

    Raises:
        NotFound: ``petty-cash``: there is none, or it is not theirs.
        Refusal: ``vault-holder``, ``cash-differs``, what the rules say, or what the book says.
    """
    connection, book_id = work.connection, work.book_id
    holder = holder if holds_vault else actor
    await ledger.lock_head(connection, book_id)
    if (known := await _same(connection, book_id, idempotency)) is not None:
        return known
    account, vault = await _accounts(connection, cooperative)
    await _check_holder(connection, cooperative, actor, holds_vault=holds_vault)
    if top_up_minor and not holds_vault:
        raise Refusal("vault-holder", N_("Kas kecil diisi oleh pemegang kas besar."), field="top_up")
    settlement = rules.petty(count.total_minor, account.balance, top_up_minor)
    rules.check_difference(settlement.difference_minor, difference_minor)
    number = await next_number(connection, book_id, SERIES)
    entry = await _book(work, cooperative, settlement, (account, vault), number, actor, idempotency, now)
    row = {
        "book_id": book_id,
        "number": number,
        "holder": holder,
        "business_day": cooperative.today(now),
        "counted_at": now,
        "counted_by": actor,
        "count": count.to_json(),
        "entry": entry,
        "head": (await ledger.head(connection, book_id)).number,
        "key": idempotency.key,
        "fingerprint": idempotency.fingerprint,
    }
    await connection.execute(insert(petty_count).values(row))
    told = {"counted": count.to_json(), "entry": entry, "difference": settlement.difference_minor, "holder": holder}
    await audit.record(
        connection, book_id, actor=actor, action=Action.PETTY_COUNTED, subject=f"petty cash {number}", after=told
    )
    return number


async def spend(
    work: Work,
    cooperative: Cooperative,
    *,
    actor: str,
    account: str,
    amount_minor: int,
    words: str,
    source: str | None,
    holds_vault: bool = False,
    idempotency: Idempotency,
    now: datetime,
) -> Settled:
    """Book what was bought from petty cash, by its receipt.

    Args:
        work: the transaction.
        cooperative: whose cash.
        actor: the holder, or who holds the vault.
        account: code of the expense.
        amount_minor: what was paid, in sen.
        words: what for; only a digest of them is sealed.
        source: number of the receipt, if it has one.
        holds_vault: whether the actor holds the vault.
        idempotency: the same request is booked once.
        now: the moment.

    Raises:
        NotFound: ``petty-cash``: there is none, or it is not theirs.
        Refusal: ``petty-spending`` with an error for each wrong field, ``cash-has-no-sen``, or what the book says.
    """
    connection, book_id = work.connection, work.book_id
    box_account, _vault = await _accounts(connection, cooperative)
    await _check_holder(connection, cooperative, actor, holds_vault=holds_vault)
    if amount_minor <= 0 or amount_minor % rules.SEN_PER_RUPIAH:
        raise Refusal("cash-has-no-sen", N_("Tulis rupiah penuh, tanpa sen."), field="amount")
    expense = {one.code: one for one in await expenses(connection, book_id)}.get(account)
    errors = []
    if expense is None:
        errors.append(FieldError("account", "expense-account", N_("Pilih akun beban.")))
    try:
        words = clean_text(words, max_length=WORDS_MAX_LENGTH)
    except InputError as problem:
        errors.append(problem.at("words"))
    if source is not None and not rules.SOURCE.fullmatch(source):
        errors.append(FieldError("source", "source", N_("Tulis nomor notanya saja, tanpa nama.")))
    if errors or expense is None:
        raise Refusal("petty-spending", N_("Belanja belum dicatat; perbaiki isian yang ditandai."), errors=errors)
    draft = ledger.Draft(
        book_id=book_id,
        effective_date=cooperative.today(now),
        kind=rules.SPEND,
        description="Belanja kas kecil",
        note=words,
        actor=actor,
        lines=(ledger.Line(expense.account_id, amount_minor), ledger.Line(box_account.account_id, -amount_minor)),
        key=idempotency.key,
        fingerprint=idempotency.fingerprint,
        source=source,
    )
    return settled((await ledger.append(connection, [draft]))[0])


async def expenses(connection: AsyncConnection, book_id: int) -> list[ledger.Account]:
    """The accounts of expenses that take entries, by code."""
    return [
        one
        for one in await ledger.chart(connection, book_id, top_only=True)
        if one.type is AccountType.EXPENSE and not one.control and one.closed_on is None
    ]


async def _accounts(connection: AsyncConnection, cooperative: Cooperative) -> tuple[ledger.Account, ledger.Account]:
    """Petty cash and the vault."""
    if not has_petty(cooperative):
        raise _none()
    codes = [account_code(cooperative.kind, role) for role in (ROLE, "cash.vault")]
    found = {one.code: one for one in await ledger.find_accounts(connection, cooperative.book_id, codes)}
    return found[codes[0]], found[codes[1]]


async def _check_holder(
    connection: AsyncConnection, cooperative: Cooperative, actor: str, *, holds_vault: bool
) -> None:
    if holds_vault:
        return
    counts = await petty_counts(connection, cooperative, limit=1)
    if not counts or counts[0].holder != actor:
        raise _none()


def _none() -> NotFound:
    return NotFound("petty-cash", N_("Kas kecil ini tidak ada, atau dipegang orang lain."))


async def _same(connection: AsyncConnection, book_id: int, idempotency: Idempotency) -> int | None:
    """The number of the count that this request made before."""
    table = petty_count.c
    query = select(table.number, table.fingerprint).where(table.book_id == book_id, table.key == idempotency.key)
    known = (await connection.execute(query)).one_or_none()
    if known is None:
        return None
    if bytes(known.fingerprint) != idempotency.fingerprint:
        raise Conflict("idempotency-mismatch", MESSAGES["idempotency-mismatch"])
    return int(known.number)


async def _book(
    work: Work,
    cooperative: Cooperative,
    settlement: rules.Settlement,
    accounts: tuple[ledger.Account, ledger.Account],
    number: int,
    actor: str,
    idempotency: Idempotency,
    now: datetime,
) -> int | None:
    code = account_code(cooperative.kind, "cash.difference")
    difference = await ledger.account_by_code(work.connection, work.book_id, code)
    rows = rules.lines(settlement, accounts[0].account_id, accounts[1].account_id, difference.account_id)
    if not rows:
        return None
    draft = ledger.Draft(
        book_id=work.book_id,
        effective_date=cooperative.today(now),
        kind=rules.PETTY,
        description=f"Hitungan kas kecil {number}",
        actor=actor,
        lines=tuple(ledger.Line(*row) for row in rows),
        key=idempotency.key,
        fingerprint=idempotency.fingerprint,
        source=f"Hitungan kas kecil {number}",
    )
    return settled((await ledger.append(work.connection, [draft]))[0]).number


async def _since(connection: AsyncConnection, book_id: int, account_id: int, head: int) -> list[Spending]:
    posting, entry, note = schema.posting, schema.entry, schema.note
    rows = await connection.execute(
        select(
            entry.c.number,
            entry.c.effective_date,
            func.coalesce(note.c.text, entry.c.description).label("words"),
            entry.c.source,
            func.sum(posting.c.amount).label("amount"),
        )
        .select_from(
            posting.join(
                entry, (entry.c.book_id == posting.c.book_id) & (entry.c.number == posting.c.entry_number)
            ).outerjoin(note, (note.c.book_id == entry.c.book_id) & (note.c.entry_number == entry.c.number))
        )
        .where(posting.c.book_id == book_id, posting.c.account_id == account_id, entry.c.number > head)
        .group_by(entry.c.number, entry.c.effective_date, note.c.text, entry.c.description, entry.c.source)
        .order_by(entry.c.number.desc())
        .limit(MOST_SPENDINGS)
    )
    return [Spending(row.number, row.effective_date, row.words, row.source, int(row.amount)) for row in rows]
