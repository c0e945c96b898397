"""Opening savings accounts and billing what joining costs. Called through ``service``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_once
from sqlalchemy.exc import IntegrityError

import ledger
from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives.service import Cooperative, account_code, amount_policy, next_numbers, policy
from koperasi.db import Work
from koperasi.errors import Conflict, Refusal
from koperasi.i18n import N_, translate
from koperasi.members.service import Member, MemberStatus, member_by_number
from koperasi.savings import rules
from koperasi.savings.numbers import make_account_number
from koperasi.savings.products import MOST_USED, Product, terms_on
from koperasi.savings.rules import Due, SavingsKind
from koperasi.savings.service_partners import partner_by_number
from koperasi.savings.service_products import product_by_code, product_terms, products
from koperasi.savings.service_reading import SavingsAccount, account_by_number
from koperasi.savings.tables import due, savings_account


@dataclass(frozen=True, slots=True)
class _Wish:
    """An account to open."""

    holder: str
    """A member's number, or that of another cooperative."""
    kind: SavingsKind
    opened_on: date
    product_code: str


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
    a bank has savers, who pay neither). Who has only applied gets simpanan pokok; the rest comes with ``welcome_in``.

    Args:
        work: bound to the cooperative's book; the caller commits.
        cooperative: whose members they are.
        members: just registered.
        actor: who registers them.

    Raises:
        Refusal: ``policy-missing``.
    """
    costs = {day: await _joining_dues(work, day) for day in {member.joined_on for member in members}}
    bills = [(member, bill) for member in members for bill in costs[member.joined_on] if _may_pay(member, bill.kind)]
    kinds: dict[str, dict[SavingsKind, None]] = {member.number: {} for member in members}
    for member, bill in bills:
        kinds[member.number][bill.kind] = None
    for member in members:
        if _may_pay(member, free_kind(cooperative)):
            kinds[member.number][free_kind(cooperative)] = None
    if bills:
        rows = [_bill_row(work.book_id, member.number, bill, member.joined_on) for member, bill in bills]
        await work.connection.execute(insert(due), rows)
    wishes = [
        _Wish(member.number, kind, member.joined_on, MOST_USED[kind])
        for member in members
        for kind in kinds[member.number]
    ]
    accounts: dict[str, dict[SavingsKind, SavingsAccount]] = {member.number: {} for member in members}
    for account in await _open(work, cooperative, wishes, actor=actor):
        accounts[account.member_number][account.kind] = account
    return accounts


async def welcome_in(
    work: Work, cooperative: Cooperative, numbers: Sequence[str], on: date, *, actor: str
) -> list[SavingsAccount]:
    """Open what applicants did not have yet, and bill their first simpanan wajib, on the day they became members.

    Args:
        work: bound to the cooperative's book; the caller commits.
        cooperative: whose members they are now.
        numbers: theirs.
        on: the day of joining, whose policies hold.
        actor: who admits them.

    Raises:
        Refusal: ``policy-missing``.
    """
    rows = await work.connection.execute(
        select(savings_account.c.member_number, savings_account.c.kind).where(
            savings_account.c.book_id == work.book_id, savings_account.c.member_number.in_(list(numbers))
        )
    )
    known = {(number, SavingsKind(kind)) for number, kind in rows}
    costs = [one for one in await _joining_dues(work, on) if one.kind is SavingsKind.WAJIB]
    if bills := [_bill_row(work.book_id, number, one, on) for number in numbers for one in costs]:
        await work.connection.execute(insert_once(due).on_conflict_do_nothing(), bills)
    kinds = [*(one.kind for one in costs), free_kind(cooperative)]
    wishes = [
        _Wish(number, kind, on, MOST_USED[kind]) for number in numbers for kind in kinds if (number, kind) not in known
    ]
    return await _open(work, cooperative, wishes, actor=actor) if wishes else []


async def record_opened(work: Work, accounts: Iterable[SavingsAccount], *, actor: str) -> None:
    """Write in the audit trail which accounts were opened; last in the transaction that opens them."""
    await audit.record_many(
        work.connection,
        work.book_id,
        actor=actor,
        action=Action.SAVINGS_OPENED,
        subjects=[
            (f"savings {one.number}", {"product": one.product_code, "opened_on": one.opened_on.isoformat()})
            for one in accounts
        ],
    )


def _may_pay(member: Member, kind: SavingsKind) -> bool:
    """Whether somebody has this kind of savings at once: who has only applied pays simpanan pokok."""
    return member.status is not MemberStatus.PEMOHON or kind is SavingsKind.POKOK


def _bill_row(book_id: int, number: str, bill: Due, billed_on: date) -> dict[str, object]:
    return {
        "book_id": book_id,
        "member_number": number,
        "kind": bill.kind.value,
        "period": bill.period,
        "amount_minor": bill.amount_minor,
        "billed_on": billed_on,
    }


async def open_account(
    work: Work,
    cooperative: Cooperative,
    holder: str,
    kind: SavingsKind | None = None,
    *,
    actor: str,
    opened_on: date,
    product_code: str | None = None,
) -> SavingsAccount:
    """Open one more savings account; the caller commits.

    Only members save here, and other cooperatives in savings of their own (Permenkop UKM 8/2023). Who has applied to
    be a member pays simpanan pokok and nothing else.

    Args:
        work: bound to the cooperative's book.
        cooperative: whose book.
        holder: the member's number; of ``koperasi_lain`` the number of a partner cooperative.
        kind: what kind of savings, if no product is named: then that kind's first product.
        actor: who opens it.
        opened_on: the first day.
        product_code: which product.

    Raises:
        NotFound: ``member``, ``partner-cooperative`` or ``savings-product``.
        Refusal: ``savings-kind`` (not this cooperative's), ``member-cannot-deposit``, ``member-not-joined``,
            ``opened-before-joining`` or ``product-not-offered``.
        Conflict: ``savings-account-exists``: a member has one account of simpanan pokok and one of wajib.
    """
    product = await _product(work, kind, product_code)
    if product.kind is SavingsKind.KOPERASI_LAIN:
        await _check_partner(work, holder, opened_on)
    else:
        _check_member(await member_by_number(work.connection, work.book_id, holder), product.kind, opened_on)
    rows = (await product_terms(work.connection, work.book_id, [product.code])).get(product.code, ())
    terms = terms_on(rows, opened_on)
    if terms is not None and not terms.offered:
        raise Refusal("product-not-offered", N_("Produk ini tidak lagi menerima rekening baru."), field="kind")
    try:
        made = (await _open(work, cooperative, [_Wish(holder, product.kind, opened_on, product.code)], actor=actor))[0]
    except IntegrityError as error:
        if "uq_savings_account_own_capital" in str(error.orig):
            raise Conflict(
                "savings-account-exists", N_("Anggota ini sudah mempunyai rekening simpanan tersebut."), field="kind"
            ) from error
        raise
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=Action.SAVINGS_OPENED,
        subject=f"savings {made.number}",
        after={"product": made.product_code, "opened_on": opened_on.isoformat()},
    )
    return made


async def _product(work: Work, kind: SavingsKind | None, code: str | None) -> Product:
    if code is not None:
        return await product_by_code(work.connection, work.book_id, code)
    wanted = MOST_USED[kind] if kind else ""
    found = next((one for one in await products(work.connection, work.book_id) if one.code == wanted), None)
    if found is None:
        raise Refusal("savings-kind", N_("Koperasi ini tidak mempunyai jenis simpanan tersebut."), field="kind")
    return found


def _check_member(member: Member, kind: SavingsKind, opened_on: date) -> None:
    if member.status.has_left:
        raise Refusal("member-cannot-deposit", N_("Keanggotaan berakhir atau sedang diakhiri: setoran tidak diterima."))
    if not _may_pay(member, kind):
        raise Refusal("member-not-joined", rules.APPLICANT_PAYS)
    if opened_on < member.joined_on:
        raise Refusal("opened-before-joining", N_("Rekening dibuka sebelum anggota bergabung."), field="opened_on")


async def _check_partner(work: Work, number: str, opened_on: date) -> None:
    partner = await partner_by_number(work.connection, work.book_id, number)
    if opened_on < partner.opened_on:
        raise Refusal("opened-before-joining", N_("Rekening dibuka sebelum koperasi itu terdaftar."), field="opened_on")


async def close_accounts(work: Work, numbers: Sequence[str], on: date, actor: str) -> None:
    """Close empty savings accounts from a day on, in the book too; those that are closed already stay as they are.

    Args:
        work: bound to the cooperative's book; the caller commits.
        numbers: of the accounts.
        on: the first day on which they are closed.
        actor: who closes them.

    Raises:
        NotFound: ``savings-account``.
        Refusal: ``account-not-empty``: there is money in it, or some of it is held.
    """
    closed = []
    for number in numbers:
        account = await account_by_number(work.connection, work.book_id, number)
        if account.closed_on is not None:
            continue
        try:
            await ledger.close_account(work.connection, work.book_id, account.ledger_account_id, on)
        except ledger.AccountError as error:
            raise Refusal(
                "account-not-empty", N_("Rekening %(number)s masih berisi atau ditahan."), number=number
            ) from error
        table = savings_account
        await work.connection.execute(
            update(table).where(table.c.book_id == work.book_id, table.c.number == number).values(closed_on=on)
        )
        closed.append(number)
    for number in closed:
        await audit.record(
            work.connection,
            work.book_id,
            actor=actor,
            action=Action.SAVINGS_CLOSED,
            subject=f"savings {number}",
            after={"closed_on": on.isoformat()},
        )


async def reopen_accounts(work: Work, numbers: Sequence[str], actor: str) -> None:
    """Open closed savings accounts again, in the book too, for an act that is taken back; the caller commits.

    Raises:
        NotFound: ``savings-account``.
    """
    for number in numbers:
        account = await account_by_number(work.connection, work.book_id, number)
        await ledger.reopen_account(work.connection, work.book_id, account.ledger_account_id)
        table = savings_account
        await work.connection.execute(
            update(table).where(table.c.book_id == work.book_id, table.c.number == number).values(closed_on=None)
        )
    for number in numbers:
        await audit.record(
            work.connection, work.book_id, actor=actor, action=Action.SAVINGS_REOPENED, subject=f"savings {number}"
        )


async def _joining_dues(work: Work, joined_on: date) -> tuple[Due, ...]:
    connection, book_id = work.connection, work.book_id
    pokok = await amount_policy(connection, book_id, "simpanan_pokok.amount", joined_on)
    wajib = await amount_policy(connection, book_id, "simpanan_wajib.amount", joined_on)
    parts = int(await policy(connection, book_id, "simpanan_pokok.instalments", joined_on)) if pokok else 1
    return rules.joining_dues(pokok, wajib, joined_on, parts)


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
        SavingsAccount(number, wish.holder, wish.kind, wish.product_code, opened[code], wish.opened_on, None, 0, 0)
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
    of_partner = account.kind is SavingsKind.KOPERASI_LAIN
    return {
        "book_id": book_id,
        "number": account.number,
        "member_number": None if of_partner else account.member_number,
        "partner_number": account.member_number if of_partner else None,
        "kind": account.kind.value,
        "product_code": account.product_code,
        "ledger_account_id": account.ledger_account_id,
        "opened_on": account.opened_on,
        "created_by": actor,
    }
