"""The statement of somebody whose membership ends, as of now; nothing is written. Called through ``service``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.cooperatives.service import Cooperative, account_code, policies_on, roles
from koperasi.errors import Refusal
from koperasi.formats import parse_wire_amount
from koperasi.i18n import N_
from koperasi.members import service as members
from koperasi.members.service import Member, MemberStatus
from koperasi.membership import rules_settlement
from koperasi.membership.rules_settlement import Accounts, Heir, Plan, Reason, Terms, Wishes
from koperasi.membership.service_holdings import Own, own_lines

_TERMS = ("exit.fee", "exit.keep_pokok", "exit.loss_share_percent", "exit.death_extra_percent", "exit.payout_months")

_REASONS = {
    MemberStatus.KELUAR_DIAJUKAN: Reason.LEFT,
    MemberStatus.KELUAR: Reason.LEFT,
    MemberStatus.MENINGGAL: Reason.DECEASED,
    MemberStatus.DIBERHENTIKAN: Reason.DISMISSED,
}


@dataclass(frozen=True, slots=True)
class Statement:
    """A settlement as it would be decided now, and what stands in its way."""

    member: Member
    reason: Reason
    plan: Plan
    heirs: tuple[Heir, ...]
    own: Own
    wishes: Wishes
    decided_on: date

    def stored(self) -> dict[str, Any]:
        """What is agreed to and kept: no names."""
        return {**rules_settlement.stored(self.plan), "waiver": self.wishes.waiver}

    def check_ready(self) -> None:
        """Refuse to decide on what can't be carried out (``rules_settlement.check_ready``)."""
        rules_settlement.check_ready(self.plan, reason=self.reason, heirs=self.heirs, held_minor=self.own.held_minor)


async def prepare(
    connection: AsyncConnection,
    cooperative: Cooperative,
    number: str,
    *,
    decided_on: date,
    wishes: Wishes | None = None,
    locale: str = "id",
) -> Statement:
    """The statement of a member whose membership ends, as of now; nothing is written.

    Args:
        connection: bound to the cooperative's book.
        cooperative: whose member.
        number: the member's.
        decided_on: the day of the decision: its policies and returns count.
        wishes: what was stated by hand.
        locale: the reader's language.

    Raises:
        NotFound: ``member``.
        Refusal: ``member-not-leaving``, ``policy-missing``, or what ``rules_settlement.plan`` says.
    """
    book_id = cooperative.book_id
    member = await members.member_by_number(connection, book_id, number)
    reason = _REASONS.get(member.status)
    if reason is None:
        raise Refusal("member-not-leaving", N_("Anggota ini tidak sedang keluar: catat permohonan keluarnya dulu."))
    own = await own_lines(connection, cooperative, number, decided_on, is_death=reason is Reason.DECEASED)
    heirs: tuple[Heir, ...] = ()
    if reason is Reason.DECEASED:
        heirs = tuple(Heir(one.name, one.relation, one.share_percent) for one in member.heirs)
    wishes = wishes or Wishes()
    made = rules_settlement.plan(
        own.lines,
        reason=reason,
        decided_on=decided_on,
        terms=await _terms(connection, book_id, decided_on),
        accounts=await _accounts(connection, cooperative),
        wishes=wishes,
        heirs=heirs,
        locale=locale,
    )
    return Statement(member, reason, made, heirs, own, wishes, decided_on)


async def _terms(connection: AsyncConnection, book_id: int, on: date) -> Terms:
    found = await policies_on(connection, book_id, _TERMS, on)
    fee, keep, loss, extra, months = (found[name] for name in _TERMS)
    return Terms(parse_wire_amount(fee), keep == "on", Fraction(loss), Fraction(extra), int(months))


async def _accounts(connection: AsyncConnection, cooperative: Cooperative) -> Accounts:
    # A business group's small chart has other income only.
    fees = "fees.savings" if "fees.savings" in roles(cooperative.kind) else "income.other"
    played = roles(cooperative.kind)
    codes = [account_code(cooperative.kind, role) for role in ("reserve.general", fees, "cash.difference")]
    granted = [played[role] for role in ("members.surplus",) if role in played]
    found = {one.code: one for one in await ledger.find_accounts(connection, cooperative.book_id, codes + granted)}
    reserve, income, rounding = (found[code] for code in codes)
    surplus = next((found[code] for code in granted if code in found), None)
    return Accounts(
        reserve.account_id,
        reserve.balance,
        income.account_id,
        rounding.account_id,
        surplus.account_id if surplus else None,
        surplus.balance if surplus else 0,
    )
