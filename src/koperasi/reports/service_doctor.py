"""The doctor: the whole service checked against itself, in one snapshot while it runs; every run is on record.

A run holds an advisory lock as long as it lives. So everybody can tell one that is at work from one whose process
died, whichever of the service's processes it was, and no book is checked twice at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.approvals import service as approvals
from koperasi.audit import service as audit
from koperasi.cooperatives import service as cooperatives
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database
from koperasi.deposits import service as deposits
from koperasi.errors import Conflict
from koperasi.groups import service as groups
from koperasi.i18n import N_
from koperasi.logs import where
from koperasi.members import service as members
from koperasi.membership import service as membership
from koperasi.reports import rules_doctor as rules
from koperasi.reports.service_verifications import LOCK_CLASS, Run, Status, lock_id, run_by_number
from koperasi.reports.tables import checkpoint, verification_run
from koperasi.savings import service as savings
from koperasi.savings.service import SavingsKind
from koperasi.treasury import service as treasury
from ledger import Finding, schema

log = structlog.get_logger()

Progress = Callable[[int, int], None]
SERIES = "verification"
TOLD_EVERY = 1
"""Seconds between two words of a run on how far it has come."""


def _nobody(_done: int, _of: int) -> None:
    """Hears of the progress, and does nothing."""


async def examine(connection: AsyncConnection, cooperative: Cooperative, progress: Progress = _nobody) -> ledger.Report:
    """Ledger, registers, number series and audit trail, in the snapshot that the caller opened.

    Raises:
        ledger.UnknownBookError: no such book.
    """
    book_id = cooperative.book_id
    expected = (await ledger.head(connection, book_id)).number
    report = await ledger.verify(connection, book_id, lambda done: progress(done, max(done, expected)))
    trail = await audit.verify_trail(connection, book_id)
    found = [
        rules.finding("trail-anchor", entry=one.number)
        if one.code == audit.ANCHOR
        else rules.finding("audit", row=one.number)
        for one in trail.findings
    ]
    return report._replace(findings=(*report.findings, *await _examine_registers(connection, cooperative), *found))


async def _examine_registers(connection: AsyncConnection, cooperative: Cooperative) -> list[Finding]:
    book_id = cooperative.book_id
    accounts, owned = (
        await savings.ledger_accounts(connection, book_id),
        await groups.ledger_accounts(connection, book_id),
    )
    roles = cooperatives.roles(cooperative.kind)
    funds = roles["groups.funds"]
    rows = [rules.Row("savings", one.number, one.ledger_account_id, roles.get(one.kind.role, "")) for one in accounts]
    rows += [rules.Row("group", one.number, one.ledger_account_id, funds) for one in owned]
    controls = {roles[kind.role] for kind in SavingsKind if kind.role in roles} | {funds}
    contracts = await deposits.ledger_accounts(connection, cooperative)
    rows += [rules.Row("deposit", one.number, one.ledger_account_id, one.control) for one in contracts]
    controls |= deposits.controls(cooperative)
    tills = await treasury.till_accounts(connection, book_id)
    rows += [rules.Row("till", one.number, one.ledger_account_id, roles["cash.tills"]) for one in tills]
    controls.add(roles["cash.tills"])
    found = list(rules.ties(rows, await _beneath_controls(connection, book_id), controls))
    registered = await approvals.holds(connection, book_id)
    found += rules.holds(registered, await _held(connection, book_id, list(registered)))
    owed = {one.ledger_account_id: one.unpaid_minor for one in await membership.owed_to_leavers(connection, book_id)}
    books = await ledger.accounts_by_id(connection, book_id, owed)
    found += rules.leavers(owed, {one.account_id: (one.code, one.balance) for one in books.values()})
    last = await cooperatives.last_numbers(connection, book_id)
    serials: dict[str, list[int]] = {kind.role: [] for kind in SavingsKind}
    for one in accounts:
        serials[one.kind.role].append(one.serial)
    serials["approval"] = await approvals.numbers(connection, book_id)
    serials["member-exit"] = await membership.exit_numbers(connection, book_id)
    serials["member-consent"] = await membership.consent_numbers(connection, book_id)
    serials["member"] = await members.serials(connection, book_id)
    serials["partner"] = [one.serial for one in await savings.partners(connection, book_id)]
    serials["group"] = [group.serial for group in owned]
    serials[deposits.SERIES] = [one.serial for one in contracts]
    serials[treasury.TILLS] = [one.serial for one in tills]
    serials[treasury.SESSIONS] = await treasury.session_numbers(connection, book_id)
    serials[treasury.PETTY] = await treasury.petty_numbers(connection, book_id)
    issued = select(checkpoint.c.number).where(checkpoint.c.book_id == book_id)
    serials["checkpoint"] = list((await connection.execute(issued)).scalars())
    runs = select(verification_run.c.number).where(verification_run.c.book_id == book_id)
    serials[SERIES] = list((await connection.execute(runs)).scalars())
    for series, numbers in serials.items():
        found += rules.gaps(series, numbers, last.get(series, 0))
    found += [rules.finding("voucher", entry=one) for one in await treasury.wrong_vouchers(connection, book_id)]
    return found


async def _beneath_controls(connection: AsyncConnection, book_id: int) -> dict[int, rules.LedgerAccount]:
    table = schema.account
    query = select(table.c.account_id, table.c.code, table.c.debit - table.c.credit).where(
        table.c.book_id == book_id, table.c.code.contains(".")
    )
    return {
        account_id: rules.LedgerAccount(code, balance) for account_id, code, balance in await connection.execute(query)
    }


async def _held(connection: AsyncConnection, book_id: int, also: list[int]) -> dict[int, tuple[str, int]]:
    table = schema.account
    query = select(table.c.account_id, table.c.code, table.c.held).where(
        table.c.book_id == book_id, (table.c.held != 0) | table.c.account_id.in_(also)
    )
    return {account_id: (code, held) for account_id, code, held in await connection.execute(query)}


class Doctor:
    """Runs checks of books, in the background of a process or of a command."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tasks: dict[tuple[int, int], asyncio.Task[Run]] = {}

    async def start(self, cooperative: Cooperative, asked_by: str, progress: Progress = _nobody) -> int:
        """Begin a run in the background; its number, once it is on record.

        Raises:
            Conflict: ``verification-running``: one is at work on this book, here or in another process.
        """
        begun: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._run(cooperative, asked_by, progress, begun))
        first: set[asyncio.Future[Any]] = {task, begun}
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        if not begun.done():
            await task  # it raises why it could not begin
        number = begun.result()
        self._tasks[cooperative.book_id, number] = task
        task.add_done_callback(lambda _: self._tasks.pop((cooperative.book_id, number), None))
        return number

    async def wait(self, book_id: int, number: int, seconds: int | None = None) -> None:
        """Until a run that was started here ends, or for some seconds. How it ended, its row tells."""
        task = self._tasks.get((book_id, number))
        if task is not None:
            await asyncio.wait({task}, timeout=seconds)

    async def run(self, cooperative: Cooperative, asked_by: str, progress: Progress = _nobody) -> Run:
        """A whole run.

        Raises:
            Conflict: ``verification-running``.
        """
        begun: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        return await self._run(cooperative, asked_by, progress, begun)

    async def close(self) -> None:
        """End what runs; it is on record as interrupted."""
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _run(
        self, cooperative: Cooperative, asked_by: str, progress: Progress, begun: asyncio.Future[int]
    ) -> Run:
        book_id = cooperative.book_id
        async with self._database.reading(book_id) as snapshot:
            if not await snapshot.scalar(select(func.pg_try_advisory_xact_lock(LOCK_CLASS, lock_id(book_id)))):
                raise Conflict("verification-running", N_("Pemeriksaan lain atas buku ini sedang berjalan."))
            expected = (await ledger.head(snapshot, book_id)).number
            number = await self._begin(book_id, asked_by, expected)
            begun.set_result(number)
            try:
                async with self._telling(book_id, number) as tell:

                    def both(done: int, of: int) -> None:
                        progress(done, of)
                        tell(done)

                    report = await examine(snapshot, cooperative, both)
                status = Status.DAMAGED if report.findings else Status.INTACT
                await self._end(book_id, number, status, report)
            except Exception as error:
                # Not its text, which may hold what a person typed.
                log.error("verification failed", error=type(error).__name__, where=where(error))  # noqa: TRY400
                await self._end(book_id, number, Status.FAILED, None)
                raise
        async with self._database.reading(book_id) as connection:
            return await run_by_number(connection, book_id, number)

    async def _begin(self, book_id: int, asked_by: str, expected: int) -> int:
        table = verification_run
        async with self._database.work(book_id) as work:
            # We hold the lock: whatever still says that it runs does not.
            died = update(table).where(table.c.book_id == book_id, table.c.status == Status.RUNNING.value)
            await work.connection.execute(died.values(status=Status.INTERRUPTED.value))
            number = await cooperatives.next_number(work.connection, book_id, SERIES)
            await work.connection.execute(
                insert(table).values(
                    book_id=book_id,
                    number=number,
                    status=Status.RUNNING.value,
                    asked_by=asked_by,
                    expected=expected,
                )
            )
            await work.commit()
        return number

    @asynccontextmanager
    async def _telling(self, book_id: int, number: int) -> AsyncIterator[Callable[[int], None]]:
        """Writes down now and then how far a run has come."""
        table, reached = verification_run, 0

        def tell(done: int) -> None:
            nonlocal reached
            reached = done

        async def now_and_then() -> None:
            told = 0
            while True:
                await asyncio.sleep(TOLD_EVERY)
                if reached != told:
                    told = reached
                    async with self._database.work(book_id) as work:
                        row = update(table).where(table.c.book_id == book_id, table.c.number == number)
                        await work.connection.execute(row.values(entries=told))
                        await work.commit()

        teller = asyncio.create_task(now_and_then())
        try:
            yield tell
        finally:
            teller.cancel()
            await asyncio.gather(teller, return_exceptions=True)

    async def _end(self, book_id: int, number: int, status: Status, report: ledger.Report | None) -> None:
        table = verification_run
        result: dict[str, Any] = {}
        if report is not None:
            told = [{**one._asdict(), "facts": dict(one.facts)} for one in report.findings]
            result = {"entries": report.entries, "last_hash": report.last_hash, "findings": told}
        async with self._database.work(book_id) as work:
            row = update(table).where(table.c.book_id == book_id, table.c.number == number)
            await work.connection.execute(row.values(status=status.value, finished_at=func.now(), **result))
            await work.commit()
