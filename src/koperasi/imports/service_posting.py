"""Writing an import into the book, and taking it back, inside the caller's transaction. Called through ``service``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Any, TypeVar

import ledger
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Work
from koperasi.deposits import service as deposits
from koperasi.errors import Conflict, FieldError, Refusal
from koperasi.i18n import N_
from koperasi.imports import posting, service_batch, service_book
from koperasi.imports.batch import Difference, ImportResult, control_differences
from koperasi.imports.facts import Checked, Contract, Joining, Move
from koperasi.imports.model import ImportKind
from koperasi.members import service as members
from koperasi.posting import refusal_of
from koperasi.savings import service as savings

CHUNK = 500
"""Rows at a time: between chunks other requests of this process have their turn, and progress is told."""

Done = Callable[[int, int], Awaitable[None]]
Item = TypeVar("Item")


async def write(
    work: Work, cooperative: Cooperative, import_id: int, checked: Checked, *, actor: str, done: Done
) -> ImportResult:
    """Register the members, open accounts of savings and term deposits, post the entries; the caller commits.

    Args:
        work: bound to the cooperative's book.
        cooperative: whose book.
        import_id: the import.
        checked: what to write; its plan is ready.
        actor: username.
        done: told after each chunk how many steps are done, of how many.

    Raises:
        Refusal: ``import-refused``, naming the line: roll everything back.
        Conflict: ``import-running``: somebody else has written it.
    """
    joinings, moves = checked.joinings, list(checked.moves)
    steps = len(joinings) + sum(len(one.savings) for one in joinings) + len(moves) + len(checked.contracts)
    told = 0
    for chunk in _chunks(iter(joinings)):
        moves += await _join(work, cooperative, chunk, actor=actor)
        told += len(chunk)
        await done(told, steps)
    difference = await service_book.difference_account(work.connection, cooperative)
    drafts = posting.savings_drafts(work.book_id, import_id, difference.account_id, moves, actor=actor)
    numbers: list[int] = []
    for batch in _chunks(drafts):
        numbers += await _append(work, batch)
        told += len(batch)
        await done(told, steps)
    for some in _chunks(iter(checked.contracts)):
        numbers += await _carry_in(work, import_id, difference.account_id, some, actor=actor)
        told += len(some)
        await done(told, steps)
    balance = posting.balance_draft(
        work.book_id,
        import_id,
        difference.account_id,
        checked.balances,
        on=checked.opening_on or date.max,
        actor=actor,
    )
    if balance is not None:
        numbers += await _append(work, [(0, balance)])
    found = await _difference(work, difference, checked)
    return ImportResult(
        import_id=import_id,
        rows=len(checked.plan.rows),
        members=len(joinings),
        entries=len(numbers),
        first_number=numbers[0] if numbers else None,
        last_number=numbers[-1] if numbers else None,
        difference_minor=found.after_minor,
        difference=found,
    )


async def reverse(
    work: Work, cooperative: Cooperative, posted: ImportResult, *, actor: str, reason: str, on: date
) -> ImportResult:
    """Reverse the entries of an import that still stand; the caller commits.

    Raises:
        Refusal: ``import-refused``: money has moved since, and the account has not enough; it is named. Or
            ``deposit-used``: a return was posted on a term deposit of it.
    """
    source = posting.source_of(posted.import_id)
    numbers: list[int] = []
    after = (posted.first_number or 1) - 1
    last = posted.last_number or 0
    while after < last:
        entries = await ledger.entries(work.connection, work.book_id, after=after, link=source, limit=CHUNK)
        if not entries:
            break
        after = entries[-1].number
        drafts = [
            (
                entry.number,
                ledger.reversal_of(
                    entry, effective_date=on, actor=actor, key=f"{source}:undo:{entry.number}", reason=reason
                )._replace(link=f"{source}:undo"),
            )
            for entry in entries
            if entry.reversed_by is None
        ]
        if drafts:
            made = await _append(work, drafts, undoing=True)
            await deposits.take_back(work, dict(zip((number for number, _ in drafts), made, strict=True)), on)
            numbers += made
    difference = await service_book.difference_account(work.connection, cooperative)
    found = await _difference(work, difference, None)
    return ImportResult(
        import_id=posted.import_id,
        rows=posted.rows,
        members=posted.members,
        entries=len(numbers),
        first_number=numbers[0] if numbers else None,
        last_number=numbers[-1] if numbers else None,
        difference_minor=found.after_minor,
        difference=found,
    )


async def _carry_in(
    work: Work, import_id: int, difference_id: int, some: Sequence[Contract], *, actor: str
) -> list[int]:
    """Number contracts, open their accounts, post what lies in them, and write what was agreed."""
    carried = await deposits.carry_in(work, [(one.running, one.control, one.on) for one in some])
    drafts = [
        (
            one.line,
            posting.deposit_draft(
                work.book_id, import_id, difference_id, one, made.number, made.ledger_account_id, actor=actor
            ),
        )
        for one, made in zip(some, carried, strict=True)
    ]
    numbers = await _append(work, drafts)
    await deposits.keep_carried(work, carried, numbers, actor)
    return numbers


async def _join(work: Work, cooperative: Cooperative, joinings: Sequence[Joining], *, actor: str) -> list[Move]:
    """Register people and open their accounts; returns what they have saved, now with the accounts to put it on."""
    try:
        registered = await members.register_many(work, [one.member for one in joinings], actor=actor)
    except Refusal as refusal:
        raise _beside_lines(refusal, joinings) from refusal
    staying = [member for member in registered if not member.status.has_left]
    accounts = await savings.welcome_many(work, cooperative, staying, actor=actor) if staying else {}
    return [
        Move(
            joining.line,
            kind,
            accounts[member.number][kind].number,
            accounts[member.number][kind].ledger_account_id,
            amount_minor,
            joining.on,
        )
        for joining, member in zip(joinings, registered, strict=True)
        for kind, amount_minor in joining.savings
    ]


def _beside_lines(refusal: Refusal, joinings: Sequence[Joining]) -> Refusal:
    """A refusal of many members, its errors named by lines of the file instead of positions in the chunk."""
    errors = []
    for error in refusal.errors:
        position, _, name = error.field.partition(".")
        line = joinings[int(position)].line if position.isdecimal() else 0
        errors.append(replace(error, field=f"{line}.{name}" if line else error.field))
    params: dict[str, Any] = dict(refusal.params)
    return Refusal(refusal.code, refusal.message, status=refusal.status, errors=errors, **params)


async def _append(work: Work, drafts: Sequence[tuple[int, ledger.Draft]], *, undoing: bool = False) -> list[int]:
    """Post a chunk; anything but a posted entry ends the whole import."""
    outcomes = await ledger.append(work.connection, [draft for _, draft in drafts])
    numbers: list[int] = []
    rejected: list[tuple[int, ledger.Rejected]] = []
    for (line, _), outcome in zip(drafts, outcomes, strict=True):
        if isinstance(outcome, ledger.Posted):
            numbers.append(outcome.number)
        elif isinstance(outcome, ledger.Rejected):
            rejected.append((line, outcome))
        else:
            raise Conflict("import-running", N_("Impor ini sedang dicatat; tunggu sampai selesai."))
    for line, outcome in sorted(rejected, key=lambda pair: pair[1].code == "linked"):
        said = refusal_of(outcome)
        error = FieldError(str(line), said.code, said.message, said.params)
        if undoing:
            message = N_("Belum dapat dibatalkan: buku besar menolak membalik jurnal %(line)s. Tidak ada yang berubah.")
        else:
            message = N_("Buku besar menolak baris %(line)s. Tidak ada yang dicatat.")
        raise Refusal("import-refused", message, errors=[error], line=line)
    return numbers


async def _difference(work: Work, account: ledger.Account, checked: Checked | None) -> Difference:
    """The opening difference as it is now in this transaction, and why."""
    connection, book_id = work.connection, work.book_id
    after = await ledger.balance(connection, book_id, account)
    opening = await service_book.opening_savings(connection, book_id)
    controls = checked.trial_balance if checked else None
    if controls is None:
        posted = await service_batch.last_posted(connection, book_id, ImportKind.OPENING_TRIAL_BALANCE)
        controls = posted.result.get("controls", {}) if posted else None
    return Difference(
        before_minor=account.debit - account.credit,
        after_minor=after,
        savings_missing=not any(opening.values()),
        trial_balance_missing=controls is None,
        accounts=control_differences(controls, opening) if controls is not None else (),
    )


def _chunks(items: Iterator[Item]) -> Iterator[list[Item]]:
    while chunk := list(islice(items, CHUNK)):
        yield chunk
