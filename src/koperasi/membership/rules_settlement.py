"""What somebody who leaves has and owes, line by line, and the entry that settles it. Pure; amounts in sen.

The sum itself is ``returns.rules_exit.settle`` (UU 25/1992 art. 41; articles of association for what the cooperative
adds or keeps). Shares in percent become whole rupiah, halves up; what is paid is whole rupiah, for coins are: the rest
of a rupiah goes to the account for rounding. Heirs' parts add up to what is paid (largest remainder).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

import ledger
from koperasi.errors import Refusal
from koperasi.formats import format_amount
from koperasi.i18n import N_, translate
from koperasi.returns.service import rules_exit, to_unit

RUPIAH = 100
"""Sen in the smallest amount that is paid."""

Kind = rules_exit.Kind
Reason = rules_exit.Reason


class Line(NamedTuple):
    """A line of the statement and the account that it moves.

    ``name`` is what people read beside its kind (a message id, or ''), ``number`` that of the savings account or
    deposit. ``effect_minor`` is what it adds to the result or takes from it: the posting to its account is the same.
    """

    kind: Kind
    name: str
    number: str
    effect_minor: int
    account_id: int


class Heir(NamedTuple):
    """Somebody who inherits."""

    name: str
    relation: str
    percent: int


class Terms(NamedTuple):
    """The cooperative's rules on the day of the decision."""

    fee_minor: int
    keep_pokok: bool
    loss_share_percent: Fraction
    death_extra_percent: Fraction
    payout_months: int


class Accounts(NamedTuple):
    """The accounts that a settlement moves besides the member's own."""

    reserve: int
    reserve_minor: int
    """What the reserve has: nothing is paid out of it beyond that."""
    fees: int
    rounding: int
    surplus: int | None = None
    """Of what members were granted of the surplus and have not fetched; None where the chart knows none."""
    surplus_minor: int = 0


class Wishes(NamedTuple):
    """What whoever prepares it may state.

    Attributes:
        charge_minor: what stands in no book.
        waiver: the paper that forgives what is short.
        shu_minor: what the members' meeting granted this member of the surplus, not fetched yet.
    """

    charge_minor: int = 0
    waiver: str | None = None
    shu_minor: int = 0


class Plan(NamedTuple):
    """All lines, and the statement that they make."""

    lines: tuple[Line, ...]
    settlement: rules_exit.Settlement

    @property
    def net_minor(self) -> int:
        """What is paid; below zero: what is short."""
        return self.settlement.net_minor

    @property
    def short_minor(self) -> int:
        """What must be paid in before it can be decided: whole rupiah, rounded up, for coins are."""
        return max(-(self.net_minor // RUPIAH * RUPIAH), 0)


SHARE = N_("Bagian tanggungan")
KEPT = N_("Dana tetap sebesar simpanan pokok")
EXTRA = N_("Santunan dari cadangan")
FEE = N_("Biaya administrasi keluar")
CHARGE = N_("Kewajiban lain")
WAIVED = N_("Dibebaskan menurut keputusan pengurus")
ROUNDED = N_("Pembulatan ke rupiah penuh")
TAX = N_("Pajak final atas imbalan")


def plan(
    own: Sequence[Line],
    *,
    reason: Reason,
    decided_on: date,
    terms: Terms,
    accounts: Accounts,
    wishes: Wishes,
    heirs: Sequence[Heir] = (),
    locale: str = "id",
) -> Plan:
    """The statement of somebody who leaves or has died.

    Args:
        own: what they have or owe by their own accounts: savings, deposits, returns with their tax, rights, loans.
        reason: why the membership ends.
        decided_on: the day of the decision.
        terms: the cooperative's rules.
        accounts: the cooperative's own accounts.
        wishes: what was stated by hand.
        heirs: who inherits, after a death.
        locale: the reader's language, for the words of the working.

    Raises:
        Refusal: ``charge`` (below zero, or not whole rupiah), ``shu`` (more than members have not fetched); or what
            ``rules_exit.settle`` says.
    """
    if wishes.charge_minor < 0 or wishes.charge_minor % RUPIAH:
        raise Refusal("charge", N_("Kewajiban lain ditulis dalam rupiah penuh."), field="charge")
    lines = [*(one for one in own if one.effect_minor), *_granted(wishes, accounts)]
    capital = sum(one.effect_minor for one in lines if one.kind in rules_exit.OWN_CAPITAL)
    pokok = sum(one.effect_minor for one in lines if one.kind is Kind.POKOK)
    lines += _by_policy(capital, pokok, reason, terms, accounts)
    lines += [
        Line(Kind.CHARGE, name, "", -amount, accounts.fees)
        for name, amount in ((FEE, terms.fee_minor if lines else 0), (CHARGE, wishes.charge_minor))
        if amount
    ]
    net = sum(one.effect_minor for one in lines)
    charged = -sum(one.effect_minor for one in lines if one.kind is Kind.CHARGE)
    if net < 0 and wishes.waiver and charged:
        # What stands in no book yet can be forgiven; what is owed by the book is written off there.
        lines.append(Line(Kind.POLICY, WAIVED, "", min(-net, charged), accounts.fees))
        net = sum(one.effect_minor for one in lines)
    if net > 0 and net % RUPIAH:
        lines.append(Line(Kind.POLICY, ROUNDED, "", -(net % RUPIAH), accounts.rounding))
    settlement = rules_exit.settle(
        [_item(one, locale) for one in lines],
        reason=reason,
        decided_on=decided_on,
        policy=rules_exit.ExitPolicy(pay_months=terms.payout_months),
        heirs=[rules_exit.Heir(one.name, Fraction(one.percent)) for one in heirs],
    )
    return Plan(tuple(lines), settlement)


def _granted(wishes: Wishes, accounts: Accounts) -> list[Line]:
    """The right to the surplus: no more than stands in the book for all members."""
    if not wishes.shu_minor:
        return []
    if accounts.surplus is None or not 0 < wishes.shu_minor <= accounts.surplus_minor:
        message = N_("SHU anggota yang belum diambil menurut buku hanya %(amount)s.")
        raise Refusal("shu", message, field="shu", amount=format_amount(max(accounts.surplus_minor, 0)))
    return [Line(Kind.SHU, "", "", wishes.shu_minor, accounts.surplus)]


def _by_policy(capital: int, pokok: int, reason: Reason, terms: Terms, accounts: Accounts) -> list[Line]:
    """What the cooperative keeps of own capital, or adds to it; never more than there is."""
    kept = pokok if terms.keep_pokok and reason is not Reason.DECEASED else 0
    share = min(to_unit(capital * terms.loss_share_percent / 100, RUPIAH), capital - kept)
    extra = 0
    if reason is Reason.DECEASED:
        available = max(accounts.reserve_minor, 0) // RUPIAH * RUPIAH
        extra = min(to_unit(capital * terms.death_extra_percent / 100, RUPIAH), available)
    return [
        Line(Kind.POLICY, name, "", amount, accounts.reserve)
        for name, amount in ((KEPT, -kept), (SHARE, -share), (EXTRA, extra))
        if amount
    ]


def _item(one: Line, locale: str) -> rules_exit.Item:
    # "Simpanan 210000013": the kind is said already, and "Simpanan Simpanan sukarela" would say it twice.
    name = "" if one.kind is rules_exit.Kind.SAVINGS and one.number else one.name
    words = " ".join(part for part in (translate(locale, name) if name else "", one.number) if part)
    owed = one.kind in rules_exit.OWED_BY_MEMBER
    return rules_exit.Item(one.kind, words, -one.effect_minor if owed else one.effect_minor)


def check_ready(made: Plan, *, reason: Reason, heirs: Sequence[Heir], held_minor: int) -> None:
    """Refuse to decide on what can't be carried out.

    Raises:
        Refusal: ``exit-blocked`` (more is owed than there is), ``heirs-missing``, or ``savings-held`` (something that
            waits for a second person holds a part of the savings).
    """
    if held_minor:
        raise Refusal(
            "savings-held",
            N_("%(amount)s simpanan sedang ditahan permintaan lain; putuskan permintaan itu dulu."),
            amount=format_amount(held_minor),
        )
    if made.settlement.is_blocked:
        raise Refusal(
            "exit-blocked",
            N_("Kewajiban melebihi hak: kekurangan %(amount)s diselesaikan dulu, atau dibebaskan pengurus."),
            amount=format_amount(-made.net_minor),
        )
    if reason is Reason.DECEASED and made.net_minor > 0 and not heirs:
        raise Refusal("heirs-missing", N_("Catat ahli warisnya dulu pada kartu anggota."))


def postings(made: Plan, leaving_id: int | None) -> tuple[ledger.Line, ...]:
    """The entry of the decision: what the member has is taken from its accounts and owed to whoever is paid.

    Lines on one account are one line; accounts that nothing moves are left out.

    Args:
        made: the statement.
        leaving_id: the account of what this leaver is owed; None if there is nothing to pay.
    """
    moved: dict[int, int] = {}
    for one in made.lines:
        moved[one.account_id] = moved.get(one.account_id, 0) + one.effect_minor
    if leaving_id is not None:
        moved[leaving_id] = moved.get(leaving_id, 0) - made.net_minor
    return tuple(ledger.Line(account_id, amount) for account_id, amount in moved.items() if amount)


def parts(made: Plan) -> tuple[int, ...]:
    """What each is paid: the heirs in their order, or the member alone."""
    if made.settlement.heirs:
        return made.settlement.heirs_minor
    return (max(made.net_minor, 0),)


def stored(made: Plan) -> dict[str, Any]:
    """The statement as it is agreed to and kept: figures and numbers of accounts, no names."""
    return {
        "lines": [[one.kind.value, one.name, one.number, one.effect_minor, one.account_id] for one in made.lines],
        "net": made.net_minor,
        "shares": [[str(one.percent), amount] for one, amount in
                   zip(made.settlement.heirs, made.settlement.heirs_minor, strict=True)],
        "pay_by": made.settlement.pay_by.isoformat() if made.settlement.pay_by else None,
    }  # fmt: skip


def restored(kept: Mapping[str, Any]) -> tuple[Line, ...]:
    """The lines of a statement that was kept."""
    return tuple(
        Line(Kind(kind), name, number, int(effect), int(account))
        for kind, name, number, effect, account in kept["lines"]
    )
