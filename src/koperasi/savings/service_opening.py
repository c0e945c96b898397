"""Opening savings accounts and billing what joining costs. Called through ``service``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

import ledger
from koperasi.cooperatives.service import Cooperative, account_code, amount_policy, next_numbers
from koperasi.db import Work
from koperasi.errors import Conflict, Refusal
from koperasi.i18n import N_, translate
from koperasi.members.service import Member, member_by_number
from koperasi.savings import rules
from koperasi.savings.numbers import make_account_number
from koperasi.savings.rules import Due, SavingsKind
from koperasi.savings.service_reading import SavingsAccount
from koperasi.savings.tables import due, savings_account


@dataclass(frozen=True, slots=True)
class _Wish:
    """An account to open."""

    member_number: str
    kind: SavingsKind
    opened_on: date


def free_kind(cooperative: Cooperative) -> SavingsKind:
    """The savings that a member may take out at any time: wadiah where the cooperative is sharia, else sukarela."""
    return SavingsKind.WADIAH if cooperative.is_sharia else SavingsKind.SUKARELA


async def welcome(work: Work, cooperative: Cooperative, member: Member, *, actor: str) -> list[SavingsAccount]:
    """Open a new member's accounts and bill simpanan pokok and the first wajib; see ``welcome_many``."""
    opened = await welcome_many(work, cooperative, [member], actor=actor)
    return list(opened[member.number].values())


async def welcome_many(
    work: Work, cooperative: Cooperative, members: Sequence[Member], *, actor: str
) -> dict[str, dict[SavingsKind, SavingsAccount]]:
    """Open new members' accounts and bill what joining costs, by the policies of the day each joined.

    Everybody gets the free kind; simpanan pokok and wajib are opened where the policy is not zero (a BUM Desa unit or
    a bank has savers, who pay neither).

    Args:
        work: bound to the cooperative's book; the caller commits.
        cooperative: whose members they are.
        members: just registered.
        actor: who registers them.

    Raises:
        Refusal: ``policy-missing``.
    """
    dues = {day: await _joining_dues(work, day) for day in {member.joined_on for member in members}}
    wishes = [
        _Wish(member.number, kind, member.joined_on)
        for member in members
        for kind in [*(bill.kind for bill in dues[member.joined_on]), free_kind(cooperative)]
    ]
    bills = [
        {
            "book_id": work.book_id,
            "member_number": member.number,
            "kind": bill.kind.value,
            "period": bill.period,
            "amount_minor": bill.amount_minor,
            "billed_on": member.joined_on,
        }
        for member in members
        for bill in dues[member.joined_on]
    ]
    if bills:
        await work.connection.execute(insert(due), bills)
    accounts: dict[str, dict[SavingsKind, SavingsAccount]] = {member.number: {} for member in members}
    for account in await _open(work, cooperative, wishes, actor=actor):
        accounts[account.member_number][account.kind] = account
    return accounts


async def open_account(
    work: Work, cooperative: Cooperative, member_number: str, kind: SavingsKind, *, actor: str, opened_on: date
) -> SavingsAccount:
    """Open one more savings account for a member; the caller commits.

    Raises:
        NotFound: ``member``.
        Refusal: ``savings-kind`` (not this cooperative's), ``member-cannot-deposit``, ``opened-before-joining``.
        Conflict: ``savings-account-exists``: a member has one account of simpanan pokok and one of wajib.
    """
    member = await member_by_number(work.connection, work.book_id, member_number)
    if member.status.has_left:
        raise Refusal("member-cannot-deposit", N_("Keanggotaan berakhir atau sedang diakhiri: setoran tidak diterima."))
    if kind.withdrawable and kind is not free_kind(cooperative):
        raise Refusal("savings-kind", N_("Koperasi ini tidak mempunyai jenis simpanan tersebut."), field="kind")
    if opened_on < member.joined_on:
        raise Refusal("opened-before-joining", N_("Rekening dibuka sebelum anggota bergabung."), field="opened_on")
    try:
        return (await _open(work, cooperative, [_Wish(member_number, kind, opened_on)], actor=actor))[0]
    except IntegrityError as error:
        if "uq_savings_account_own_capital" in str(error.orig):
            raise Conflict(
                "savings-account-exists", N_("Anggota ini sudah mempunyai rekening simpanan tersebut."), field="kind"
            ) from error
        raise


async def _joining_dues(work: Work, joined_on: date) -> tuple[Due, ...]:
    connection, book_id = work.connection, work.book_id
    pokok = await amount_policy(connection, book_id, "simpanan_pokok.amount", joined_on)
    wajib = await amount_policy(connection, book_id, "simpanan_wajib.amount", joined_on)
    return rules.joining_dues(pokok, wajib, joined_on)


async def _open(work: Work, cooperative: Cooperative, wishes: Sequence[_Wish], *, actor: str) -> list[SavingsAccount]:
    """Number the accounts, open them in the ledger beneath their control accounts, and write their terms."""
    numbers = await _numbers(work, wishes)
    controls = {kind: account_code(cooperative.kind, kind.role) for kind in {wish.kind for wish in wishes}}
    above = {one.code: one for one in await ledger.find_accounts(work.connection, work.book_id, controls.values())}
    codes = [f"{controls[wish.kind]}.{number}" for wish, number in zip(wishes, numbers, strict=True)]
    opened = await ledger.open_accounts(
        work.connection,
        work.book_id,
        [
            ledger.NewAccount(
                code=code,
                name_id=f"{wish.kind.label} {number}",
                name_en=f"{translate('en', wish.kind.label)} {number}",
                type=above[controls[wish.kind]].type,
                side=above[controls[wish.kind]].side,
                currency=above[controls[wish.kind]].currency,
                # The book's own last word against a race: nobody has less than nothing.
                floor=0,
                opened_on=wish.opened_on,
            )
            for wish, number, code in zip(wishes, numbers, codes, strict=True)
        ],
    )
    accounts = [
        SavingsAccount(number, wish.member_number, wish.kind, opened[code], wish.opened_on, None, 0, 0)
        for wish, number, code in zip(wishes, numbers, codes, strict=True)
    ]
    await work.connection.execute(insert(savings_account), [_row(work.book_id, one, actor) for one in accounts])
    return accounts


async def _numbers(work: Work, wishes: Sequence[_Wish]) -> list[str]:
    """An account number for each wish; each kind counts for itself."""
    counts: Mapping[SavingsKind, int] = {
        kind: sum(wish.kind is kind for wish in wishes) for kind in SavingsKind if any(w.kind is kind for w in wishes)
    }
    series = {}
    for kind, count in counts.items():
        series[kind] = iter(await next_numbers(work.connection, work.book_id, kind.role, count))
    return [make_account_number(wish.kind.prefix, next(series[wish.kind])) for wish in wishes]


def _row(book_id: int, account: SavingsAccount, actor: str) -> dict[str, object]:
    return {
        "book_id": book_id,
        "number": account.number,
        "member_number": account.member_number,
        "kind": account.kind.value,
        "ledger_account_id": account.ledger_account_id,
        "opened_on": account.opened_on,
        "created_by": actor,
    }
