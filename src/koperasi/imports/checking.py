"""A plan against the book: who is known, which accounts take the money, whether the days are open. Pure.

``service_book`` asks the book; here it is compared, row by row, and each thing wrong stands beside its row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from koperasi.formats import InputError, format_amount, format_date_short
from koperasi.i18n import N_
from koperasi.imports.balances import check_trial_balance
from koperasi.imports.batch import Difference
from koperasi.imports.checking_deposits import check_deposits
from koperasi.imports.facts import (
    Checked,
    Facts,
    Joining,
    Move,
    SavingsTarget,
    Wrong,
    check_day,
    difference_of,
    find_member,
    name_doubts,
    with_rows,
    wrong,
)
from koperasi.imports.model import ImportKind, ImportRow, MemberDetails, MemberIdentity, Plan, Remark, SavingsAmount
from koperasi.members.service import Heir, Member, MemberStatus, MigrantStatus, NewMember
from koperasi.nik import parse_nik
from koperasi.savings.service import SavingsKind

HEIR_RELATION = "ahli waris"
"""A list names the heir and not how they are related."""


def check(plan: Plan, facts: Facts) -> Checked:
    """Compare a plan with the book; a plan with open questions comes back as it is."""
    if plan.questions:
        return Checked(plan, opening_on=facts.opening_on)
    if plan.kind is ImportKind.MEMBERS:
        return _check_members(plan, facts)
    if plan.kind is ImportKind.OPENING_TRIAL_BALANCE:
        return check_trial_balance(plan, facts)
    if plan.kind is ImportKind.OPENING_DEPOSITS:
        return check_deposits(plan, facts)
    return _check_savings(plan, facts)


# --- Members ---------------------------------------------------------------------------------------------------------


def _check_members(plan: Plan, facts: Facts) -> Checked:
    rows: list[ImportRow] = []
    joinings: list[Joining] = []
    undated = 0
    for row in plan.rows:
        if row.errors or row.member is None or row.details is None:
            rows.append(row)
            continue
        try:
            joinings.append(_joining(row, row.member, row.details, facts))
            undated += row.details.joined_on is None
            rows.append(row)
        except Wrong as error:
            rows.append(wrong(row, error))
    warnings = []
    if undated:
        warnings.append(
            Remark(
                "joined-on-assumed",
                N_("%(count)s anggota tanpa tanggal bergabung dicatat bergabung pada %(date)s."),
                {"count": undated, "date": format_date_short(facts.opening_on)},
            )
        )
    amounts = [part for joining in joinings for part in joining.savings]
    return Checked(
        with_rows(plan, rows, warnings=warnings),
        joinings=tuple(joinings),
        opening_on=facts.opening_on,
        difference=_after_savings(facts, amounts),
    )


def _joining(row: ImportRow, member: MemberIdentity, details: MemberDetails, facts: Facts) -> Joining:
    known = _already(member, facts)
    if known is not None:
        raise Wrong("member-exists", N_("Sudah terdaftar sebagai anggota %(number)s."), number=known.number)
    on = row.dated or facts.opening_on
    joined_on = details.joined_on or min(on, facts.opening_on)
    if joined_on > facts.today:
        raise Wrong("joined-in-future", N_("Tanggal bergabung belum tiba."))
    if member.nik:
        _check_born(member.nik, joined_on)
    status = MemberStatus(details.status) if details.status else MemberStatus.ANGGOTA
    savings = _merged(row.savings, facts)
    if savings:
        _check_first_savings([kind for kind, _ in savings], on, joined_on, status, facts)
    else:
        _offered(joined_on, facts)
    return Joining(
        row.line,
        NewMember(
            name=member.name or "",
            nik=member.nik,
            phone=details.phone,
            email=details.email,
            address=details.address,
            joined_on=joined_on,
            migrant_status=MigrantStatus(details.migrant_status) if details.migrant_status else MigrantStatus.BUKAN,
            country=details.country,
            external_reference=member.external_reference or member.number,
            heirs=(Heir(details.heir, HEIR_RELATION),) if details.heir else (),
            status=status,
        ),
        savings,
        on,
    )


def _check_born(nik: str, joined_on: date) -> None:
    try:
        parse_nik(nik, joined_on)
    except InputError as problem:
        raise Wrong(problem.code, problem.message, **problem.params) from problem


def _check_first_savings(
    kinds: Sequence[SavingsKind], on: date, joined_on: date, status: MemberStatus, facts: Facts
) -> None:
    check_day(on, facts)
    if status.has_left:
        raise Wrong("member-left", N_("Anggota yang sudah keluar tidak mempunyai simpanan awal."))
    if on < joined_on:
        raise _before_opening(on, joined_on)
    offered = _offered(joined_on, facts)
    if status is MemberStatus.PEMOHON:
        offered &= {SavingsKind.POKOK}
    for kind in kinds:
        if kind not in offered:
            raise _no_account(kind)


def _already(member: MemberIdentity, facts: Facts) -> Member | None:
    """The registered member that a row is about; a number alone proves nothing where the NIKs differ."""
    if member.nik and member.nik in facts.by_nik:
        return facts.by_nik[member.nik]
    for number in (member.number, member.external_reference):
        for found in (facts.by_reference.get(number or ""), facts.by_number.get(number or "")):
            if found is not None and not (member.nik and found.nik and member.nik != found.nik):
                return found
    return None


def _offered(joined_on: date, facts: Facts) -> set[SavingsKind]:
    """The kinds of account that somebody who joined on a day gets."""
    kinds = {facts.free_kind}
    for kind, policies in facts.policies.items():
        in_force = [policy for policy in policies if policy.valid_from <= joined_on]
        if not in_force:
            raise Wrong(
                "policy-missing",
                N_("Besarnya %(kind)s belum ditetapkan untuk tanggal bergabung ini."),
                kind=kind.label.lower(),
            )
        if in_force[-1].amount_minor:
            kinds.add(kind)
    return kinds


# --- Opening savings -------------------------------------------------------------------------------------------------


def _check_savings(plan: Plan, facts: Facts) -> Checked:
    rows: list[ImportRow] = []
    moves: list[Move] = []
    for row in plan.rows:
        if row.errors or row.member is None:
            rows.append(row)
            continue
        try:
            member = find_member(row.member, facts)
            found = _moves(row, member, facts)
        except Wrong as error:
            rows.append(wrong(row, error))
            continue
        rows.append(replace(row, warnings=(*row.warnings, *_doubts(row, member, found, facts))))
        moves += found
    return Checked(
        with_rows(plan, rows),
        moves=tuple(moves),
        opening_on=facts.opening_on,
        difference=_after_savings(facts, [(move.kind, move.amount_minor) for move in moves]),
    )


def _moves(row: ImportRow, member: Member, facts: Facts) -> list[Move]:
    on = row.dated or facts.opening_on
    parts = _merged(row.savings, facts)
    if parts:
        check_day(on, facts)
    moves = []
    for kind, amount_minor in parts:
        account = _account(facts.savings.get(member.number, ()), kind)
        if on < account.opened_on:
            raise _before_opening(on, account.opened_on)
        moves.append(Move(row.line, kind, account.number, account.ledger_account_id, amount_minor, on, row.period))
    return moves


def _account(accounts: Sequence[SavingsTarget], kind: SavingsKind) -> SavingsTarget:
    of_kind = [account for account in accounts if account.kind is kind]
    still_open = [account for account in of_kind if account.closed_on is None]
    if still_open:
        return min(still_open, key=lambda account: account.number)
    if of_kind:
        raise Wrong("account-closed", N_("Rekening %(account)s sudah ditutup."), account=of_kind[0].number)
    raise _no_account(kind)


def _doubts(row: ImportRow, member: Member, moves: Sequence[Move], facts: Facts) -> list[Remark]:
    """What is worth a look: another name than the register's, an account that holds something already."""
    doubts = list(name_doubts(row.member.name if row.member else None, member.name, member.number))
    held = {account.number: account.balance_minor for account in facts.savings.get(member.number, ())}
    doubts += [
        Remark(
            "account-not-empty",
            N_("Rekening %(account)s sudah bersaldo %(balance)s; saldo awal ini ditambahkan."),
            {"account": move.account_number, "balance": format_amount(held[move.account_number])},
        )
        for move in moves
        if held[move.account_number]
    ]
    return doubts


def _merged(savings: Sequence[SavingsAmount], facts: Facts) -> tuple[tuple[SavingsKind, int], ...]:
    """A row's savings by the kinds that this cooperative keeps; in a sharia one sukarela is wadiah."""
    amounts: dict[SavingsKind, int] = {}
    for part in savings:
        kind = SavingsKind(part.kind.value)
        if kind is SavingsKind.SUKARELA:
            kind = facts.free_kind
        if kind.withdrawable and kind is not facts.free_kind:
            raise _no_account(kind)
        amounts[kind] = amounts.get(kind, 0) + part.amount_minor
    return tuple(amounts.items())


def _no_account(kind: SavingsKind) -> Wrong:
    return Wrong("account-missing", N_("Anggota ini tidak mempunyai rekening %(kind)s."), kind=kind.label.lower())


def _before_opening(on: date, opened_on: date) -> Wrong:
    return Wrong(
        "before-opening",
        N_("Tanggal %(date)s sebelum anggota bergabung (%(opened)s)."),
        date=format_date_short(on),
        opened=format_date_short(opened_on),
    )


def _after_savings(facts: Facts, amounts: Iterable[tuple[SavingsKind, int]]) -> Difference:
    """The opening difference once the savings are debited to it."""
    by_control = dict(facts.opening_savings)
    total = 0
    for kind, amount_minor in amounts:
        code = facts.controls[kind]
        by_control[code] = by_control.get(code, 0) - amount_minor
        total += amount_minor
    return difference_of(
        facts, facts.difference.debit - facts.difference.credit + total, by_control, facts.trial_balance
    )
