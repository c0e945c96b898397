"""Agreeing to a run, and writing it into the book entry by entry; each is committed before the next is begun.

An entry has its own idempotency key (the run and its place), so a run that broke off in the middle goes on where it
stood, and one that is posted twice posts nothing twice. Which entries stand is read from the book, never remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.approvals import service as approvals
from koperasi.approvals.service import Act, Approval, Kind
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative, account_code, roles, terms
from koperasi.db import Work
from koperasi.errors import Conflict, Refusal
from koperasi.formats import format_amount, format_date
from koperasi.i18n import N_
from koperasi.posting import Idempotency, refusal_of
from koperasi.returns import service_entries, service_rows
from koperasi.returns.model import Progress, Run, RunStatus
from koperasi.returns.rules_days import month_end
from koperasi.returns.tables import return_line, return_paid, return_run
from koperasi.savings.service import is_partner_number
from ledger.schema import account as ledger_account
from ledger.schema import posting as ledger_posting

ENTRY_KIND = "savings.return"

STALE = N_("Sejak pratinjau ini ada yang berubah pada masa itu; buang, lalu hitung lagi.")


async def submit(
    work: Work, cooperative: Cooperative, number: int, *, actor: str, idempotency: Idempotency, now: datetime
) -> Run | Approval:
    """Ask a second person to agree to a preview; where none is needed it is agreed to at once. The caller commits.

    Raises:
        NotFound: ``return-run``.
        Conflict: ``return-run-state``: it is no preview (any more); ``return-run-stale``.
    """
    found = await service_rows.run(work.connection, work.book_id, number, lock=True)
    _check_state(found, RunStatus.PREVIEW)
    await _check_fresh(work.connection, work.book_id, found)
    on = cooperative.today(now)
    if not await approvals.needs_second(work.connection, work.book_id, Kind.RETURN_RUN, on, actor=actor):
        return await _agree(work, found, actor)
    whole = found.whole
    effects = [
        (N_("Masa"), "", found.period.name),
        (N_("Tanggal buku"), "", format_date(found.effective_on)),
        (N_("Jumlah rekening"), "", str(whole.accounts)),
        (N_("Imbal sebelum pajak"), "", format_amount(whole.gross_minor)),
        (N_("Pajak"), "", format_amount(whole.tax_minor)),
        (N_("Masuk ke rekening"), "", format_amount(whole.net_minor)),
    ]
    act = Act(
        Kind.RETURN_RUN,
        f"return-run {number}",
        {"run": number, "fingerprint": found.fingerprint.hex()},
        effects,
        actor,
        idempotency,
    )
    return await approvals.ask_act(work.connection, work.book_id, act, now)


async def carry_out(work: Work, approval: Approval, approver: str) -> int | None:
    """What happens when the second person agrees: the run may be posted. Called inside that transaction.

    Raises:
        Conflict: ``return-run-state`` or ``return-run-stale``.
    """
    found = await service_rows.run(work.connection, work.book_id, int(approval.params["run"]), lock=True)
    _check_state(found, RunStatus.PREVIEW)
    if found.fingerprint.hex() != approval.params["fingerprint"]:
        raise Conflict("return-run-stale", STALE)
    await _check_fresh(work.connection, work.book_id, found)
    await _agree(work, found, approver)
    return None


async def drop(work: Work, number: int, *, actor: str) -> Run:
    """Throw a run away of which nothing was posted; the caller commits.

    Raises:
        NotFound: ``return-run``.
        Conflict: ``return-run-state``.
    """
    found = await service_rows.run(work.connection, work.book_id, number, lock=True)
    _check_state(found, RunStatus.PREVIEW, RunStatus.APPROVED)
    table = return_line.c
    await work.connection.execute(delete(return_line).where(table.book_id == work.book_id, table.run_number == number))
    await _set(work, found, RunStatus.DROPPED, ended_by=actor, ended_at=func.now())
    await _tell(work, found, actor, Action.RETURNS_DROPPED)
    return await service_rows.run(work.connection, work.book_id, number)


async def post_next(work: Work, cooperative: Cooperative, number: int, *, actor: str, start: int = 0) -> Progress:
    """Post the next entry of a run, or say that all stand; the caller commits, and calls again until all do.

    Args:
        work: of this entry alone.
        cooperative: whose.
        number: of the run.
        actor: username.
        start: how many the caller has seen stand; they go in one after the other, so it need not be looked for again.

    Raises:
        NotFound: ``return-run``.
        Conflict: ``return-run-state``: nobody agreed to it, or it was dropped.
        Refusal: what the book says (the month was closed meanwhile). Nothing of this entry stays.
    """
    found = await service_rows.run(work.connection, work.book_id, number, lock=True)
    _check_state(found, RunStatus.APPROVED, RunStatus.POSTING, RunStatus.POSTED)
    if found.status is RunStatus.POSTED:
        return Progress(found.chunks, found.chunks)
    missing = await service_entries.next_missing(work.connection, work.book_id, found, start)
    if found.status is RunStatus.APPROVED:
        await _set(work, found, RunStatus.POSTING)
    if missing < found.chunks:
        await _post(work, cooperative, found, missing, actor)
    done = min(missing + 1, found.chunks)
    if done == found.chunks:
        await _set(work, found, RunStatus.POSTED, ended_by=actor, ended_at=func.now())
        await _tell(work, found, actor, Action.RETURNS_POSTED)
    return Progress(done, found.chunks)


async def _post(work: Work, cooperative: Cooperative, found: Run, chunk: int, actor: str) -> None:
    accounts = await _accounts(work.connection, cooperative, found)
    lines = await _lines(work.connection, work.book_id, found, chunk, accounts.payable)
    words = terms(cooperative.kind).savings_return.capitalize()
    what = f"Koreksi {words.lower()}" if found.correction else words
    draft = ledger.Draft(
        book_id=work.book_id,
        effective_date=found.effective_on,
        kind=ENTRY_KIND,
        description=f"{what} {found.period.name}, bagian {chunk + 1} dari {found.chunks}",
        actor=actor,
        lines=entry_lines(lines, accounts),
        key=service_entries.key_of(found.number, chunk),
        fingerprint=found.fingerprint,
        source=service_entries.source_of(found.number),
        link=service_entries.source_of(found.number),
        metadata={"period": found.period.name},
    )
    outcome = (await ledger.append(work.connection, [draft]))[0]
    if isinstance(outcome, ledger.Rejected):
        raise refusal_of(outcome)


class Accounts(NamedTuple):
    """Where a run posts to: ids of ledger accounts; ``expenses`` by product, the taxes if this kind withholds any."""

    expenses: dict[str, int]
    tax: int | None
    payable: int | None
    partner_tax: int | None = None


class Credit(NamedTuple):
    """What a line of a run adds to its account, in sen."""

    product_code: str
    account_id: int
    gross_minor: int
    tax_minor: int
    is_partner: bool = False


def entry_lines(credits_: Sequence[Credit], accounts: Accounts) -> tuple[ledger.Line, ...]:
    """The entry of some lines: expenses in debit, each account's net and the tax withheld in credit."""
    expenses: dict[int, int] = {}
    taxes: dict[int | None, int] = {}
    lines = []
    for product, account_id, gross, tax, is_partner in credits_:
        expense = accounts.expenses[product]
        expenses[expense] = expenses.get(expense, 0) + gross
        withheld = accounts.partner_tax if is_partner else accounts.tax
        taxes[withheld] = taxes.get(withheld, 0) + tax
        if gross != tax:
            lines.append(ledger.Line(account_id, tax - gross))
    first = [ledger.Line(account_id, amount) for account_id, amount in expenses.items() if amount]
    last = [ledger.Line(account_id, -tax) for account_id, tax in taxes.items() if tax and account_id is not None]
    return (*first, *lines, *last)


async def _accounts(connection: AsyncConnection, cooperative: Cooperative, found: Run) -> Accounts:
    played = roles(cooperative.kind)
    expenses = {one.code: account_code(cooperative.kind, one.expense_role) for one in found.products}
    payable = played.get("return.payable") or played.get("members.leaving")
    taxes = [played.get(role, "") for role in ("tax.savings", "tax.partners")]
    codes = {code for code in (*expenses.values(), *taxes, payable) if code}
    rows = await connection.execute(
        select(ledger_account.c.code, ledger_account.c.account_id).where(
            ledger_account.c.code.in_(codes), ledger_account.c.book_id == cooperative.book_id
        )
    )
    ids = {row.code: int(row.account_id) for row in rows}
    return Accounts(
        {product: ids[code] for product, code in expenses.items()},
        ids.get(taxes[0]),
        ids.get(payable or ""),
        ids.get(taxes[1], ids.get(taxes[0])),
    )


async def _lines(
    connection: AsyncConnection, book_id: int, found: Run, chunk: int, payable: int | None
) -> list[Credit]:
    """The lines of an entry. What an account earned that is closed by the entry's date is owed to its owner."""
    line = return_line.c
    gone = (
        select(ledger_account.c.closed_on)
        .where(ledger_account.c.book_id == line.book_id, ledger_account.c.account_id == line.ledger_account_id)
        .scalar_subquery()
    )
    rows = await connection.execute(
        select(line.product_code, line.ledger_account_id, line.gross_minor, line.tax_minor, line.member_number, gone)
        .where(line.book_id == book_id, line.run_number == found.number, line.chunk == chunk, line.gross_minor != 0)
        .order_by(line.account_number)
    )
    lines = []
    for product, account_id, gross, tax, holder, closed_on in rows:
        target = account_id
        if closed_on is not None and closed_on <= found.effective_on:
            if payable is None:
                raise Refusal(
                    "account-role", N_("Bagan akun ini tidak mempunyai akun untuk imbal rekening yang ditutup.")
                )
            target = payable
        lines.append(Credit(product, target, gross, tax, holder is not None and is_partner_number(holder)))
    return lines


def _check_state(found: Run, *wanted: RunStatus) -> None:
    if found.status not in wanted:
        raise Conflict(
            "return-run-state",
            N_("Perhitungan nomor %(number)s sudah berubah keadaan; muat ulang halaman ini."),
            number=found.number,
        )


async def _check_fresh(connection: AsyncConnection, book_id: int, found: Run) -> None:
    """Nothing may have moved in the period since it was computed, nor been paid that counts for the same tax."""
    await service_rows.lock_month(connection, book_id)
    line, moved = return_line.c, ledger_posting.c
    late = await connection.scalar(
        select(
            exists(
                select(moved.entry_number)
                .join(
                    return_line,
                    and_(
                        line.book_id == moved.book_id,
                        line.run_number == found.number,
                        line.ledger_account_id == moved.account_id,
                    ),
                )
                .where(
                    moved.book_id == book_id,
                    moved.entry_number > found.head_number,
                    moved.effective_date <= found.period.last,
                )
            )
        )
    )
    paid = await connection.scalar(
        select(
            exists(
                select(return_paid.c.number).where(
                    return_paid.c.book_id == book_id,
                    return_paid.c.number > int(found.settings["paid"]),
                    _same_month(found.effective_on),
                )
            )
        )
    )
    if late or paid:
        raise Conflict("return-run-stale", STALE)


def _same_month(day: date) -> Any:
    return return_paid.c.paid_on.between(day.replace(day=1), month_end(day))


async def _agree(work: Work, found: Run, approver: str) -> Run:
    await _set(work, found, RunStatus.APPROVED, approved_by=approver, approved_at=func.now())
    await _tell(work, found, approver, Action.RETURNS_APPROVED)
    return await service_rows.run(work.connection, work.book_id, found.number)


async def _set(work: Work, found: Run, status: RunStatus, **facts: Any) -> None:
    table = return_run.c
    await work.connection.execute(
        update(return_run)
        .where(table.book_id == work.book_id, table.number == found.number)
        .values(status=status.value, **facts)
    )


async def _tell(work: Work, found: Run, actor: str, action: Action) -> None:
    after = {"period": found.period.name, "fingerprint": found.fingerprint.hex()}
    await audit.record(
        work.connection, work.book_id, actor=actor, action=action, subject=f"return-run {found.number}", after=after
    )
