"""Maker and checker: which acts need a second person, what exactly is agreed to, and by whom. Pure; amounts in sen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

import ledger
from koperasi.errors import Conflict
from koperasi.i18n import N_
from koperasi.posting import Idempotency

REASON_MAX_LENGTH = 200


class Kind(StrEnum):
    """The acts that may need a second person."""

    WITHDRAWAL = "withdrawal"
    ENTRY = "entry"
    REVERSAL = "reversal"
    WRITE_OFF = "write-off"
    DISBURSEMENT = "disbursement"
    RATE_CHANGE = "rate-change"
    """A rate, a share of profit, a limit: anything that a policy or a product's terms say from a day on."""
    ROLE_CHANGE = "role-change"
    MEMBER_EXIT = "member-exit"
    RETURN_RUN = "return-run"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return KIND_LABELS[self]


KIND_LABELS = {
    Kind.WITHDRAWAL: N_("Penarikan simpanan"),
    Kind.ENTRY: N_("Jurnal manual"),
    Kind.REVERSAL: N_("Jurnal balik"),
    Kind.WRITE_OFF: N_("Penghapusbukuan"),
    Kind.DISBURSEMENT: N_("Pencairan"),
    Kind.RATE_CHANGE: N_("Perubahan ketentuan"),
    Kind.ROLE_CHANGE: N_("Perubahan peran"),
    Kind.MEMBER_EXIT: N_("Anggota keluar"),
    Kind.RETURN_RUN: N_("Imbal simpanan"),
}

SWITCHES = {
    Kind.REVERSAL: "approval.reversals",
    Kind.WRITE_OFF: "approval.write_offs",
    Kind.DISBURSEMENT: "approval.disbursements",
    Kind.RATE_CHANGE: "approval.rate_changes",
    Kind.ROLE_CHANGE: "approval.role_changes",
    Kind.MEMBER_EXIT: "approval.member_exits",
    Kind.RETURN_RUN: "approval.return_runs",
}
"""The policy that says whether such an act needs a second person; withdrawals and entries go by their amount."""


class Status(StrEnum):
    """What became of it."""

    DRAFT = "draft"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


STATUS_LABELS = {
    Status.DRAFT: N_("Menunggu persetujuan"),
    Status.APPROVED: N_("Disetujui"),
    Status.REFUSED: N_("Ditolak"),
    Status.EXPIRED: N_("Kedaluwarsa"),
    Status.WITHDRAWN: N_("Ditarik kembali"),
}
"""What people read (message ids)."""


class Limits(NamedTuple):
    """What the policies say: amounts in sen above which a second person agrees, and for how long a draft may wait."""

    withdrawal_minor: int
    entry_minor: int
    reversals: bool
    days: int


class Proposal(NamedTuple):
    """An act that waits: the entry it would post, what it holds until then, and the member as they were.

    ``hold``: an account and the amount in sen that nobody else may take meanwhile. ``member``: number and status.
    """

    kind: Kind
    draft: ledger.Draft
    hold: ledger.Line | None = None
    member: tuple[str, str] | None = None


class Act(NamedTuple):
    """An act that is not (only) an entry: when somebody agrees, the executor registered for it carries it out.

    ``subject`` is a kind of thing and its number or code (``"product sukarela"``): its first word finds the executor.
    ``params`` is what the executor needs, as JSON. ``effects`` is what the second person is shown, a line each: a
    label (message id), how it is before and how it will be; both are shown as they stand, or translated where they are
    message ids themselves. No names, NIK or telephone numbers anywhere in it: a request is kept for ever.
    """

    kind: Kind
    subject: str
    params: Mapping[str, Any]
    effects: Sequence[tuple[str, str, str]]
    actor: str
    idempotency: Idempotency


class Change(NamedTuple):
    """What an act changes besides balances: what (message id), before and after."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Approval:
    """An act that waits, or waited, for a second person."""

    number: int
    kind: Kind
    status: Status
    asked_by: str
    asked_at: datetime
    key: str
    content: Mapping[str, Any]
    fingerprint: bytes
    note: str | None
    note_salt: bytes | None
    expires_at: datetime
    reason: str | None
    decided_by: str | None
    decided_at: datetime | None
    entry_number: int | None

    @property
    def effective_date(self) -> date:
        """The book's date of the entry; of an act that posts none, the day on which it was asked for."""
        return date.fromisoformat(self.content["date"])

    @property
    def description(self) -> str:
        """What people read: the words that somebody typed while they are there, or else the sealed ones."""
        return self.note or str(self.content["description"])

    @property
    def lines(self) -> tuple[ledger.Line, ...]:
        """The lines of the entry."""
        return tuple(ledger.Line(int(account_id), int(amount)) for account_id, amount in self.content["lines"])

    @property
    def is_act(self) -> bool:
        """Whether agreeing does more than post the entry that it holds."""
        return "params" in self.content

    @property
    def subject(self) -> str | None:
        """What an act is about: a kind of thing and its number or code."""
        return self.content.get("subject")

    @property
    def about(self) -> str:
        """The kind of thing that an act is about: the first word of its subject."""
        return (self.subject or "").partition(" ")[0]

    @property
    def params(self) -> Mapping[str, Any]:
        """What whoever carries an act out needs to know."""
        found: Mapping[str, Any] = self.content.get("params", {})
        return found

    @property
    def changes(self) -> list[Change]:
        """What an act changes, as it was shown to whoever agrees."""
        return [Change(*map(str, one)) for one in self.content.get("effects", ())]

    @property
    def amount_minor(self) -> int:
        """What is moved: the sum of the debits, in minor units."""
        return sum(line.amount for line in self.lines if line.amount > 0)

    @property
    def hold(self) -> ledger.Line | None:
        """What it keeps from others while it waits."""
        held = self.content["hold"]
        return ledger.Line(int(held[0]), int(held[1])) if held else None

    def expired(self, now: datetime) -> bool:
        """Whether it waited too long; nobody has to come and say so."""
        return self.status is Status.DRAFT and self.expires_at <= now


class NeedsApproval(Exception):  # noqa: N818 - not an error: an answer
    """Nothing was posted: a second person must agree. Whoever answers the request asks for it (``service.ask``)."""

    def __init__(self, proposal: Proposal | None = None, asked: Approval | None = None) -> None:
        super().__init__()
        self.proposal = proposal
        self.asked = asked


class Effect(NamedTuple):
    """What the act does to one account: signed amount (debit positive), balances on the account's own side."""

    account: ledger.Account
    amount_minor: int
    before_minor: int
    after_minor: int


def content_of(proposal: Proposal, note_digest: str | None) -> dict[str, Any]:
    """The act as it is kept and agreed to: everything that makes the entry what it will be."""
    draft = proposal.draft
    return {
        "kind": draft.kind,
        "date": draft.effective_date.isoformat(),
        "description": draft.description,
        "lines": [[line.account_id, line.amount] for line in draft.lines],
        "key": draft.key,
        "request": draft.fingerprint.hex(),
        "source": draft.source,
        "reverses": draft.reverses,
        "of_reversal": draft.allow_reversal_of_reversal,
        "in_held_month": draft.allow_held,
        "note": note_digest,
        "hold": list(proposal.hold) if proposal.hold else None,
        "member": list(proposal.member) if proposal.member else None,
    }


def content_of_act(act: Act, on: date) -> dict[str, Any]:
    """An act as it is kept and agreed to. The lines are its executor's own to make, so it has none here.

    Args:
        act: what is asked for.
        on: the cooperative's day of asking.
    """
    return {
        "kind": act.kind.value,
        "date": on.isoformat(),
        "description": act.subject,
        "subject": act.subject,
        "params": dict(act.params),
        "effects": [list(effect) for effect in act.effects],
        "lines": [],
        "key": act.idempotency.key,
        "request": act.idempotency.fingerprint.hex(),
        "source": None,
        "reverses": None,
        "note": None,
        "hold": None,
        "member": None,
    }


def fingerprint_of(content: Mapping[str, Any]) -> bytes:
    """SHA-256 of the content as JSON with its names in order and no blanks."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).digest()


def note_digest(salt: bytes, note: str) -> str:
    """What the content has of the words that a person typed."""
    return sha256(salt + note.encode()).hexdigest()


def draft_of(approval: Approval, book_id: int, approved_by: str) -> ledger.Draft:
    """The entry that is posted when it is agreed to: whoever asked posts it, and it says who agreed."""
    content = approval.content
    return ledger.Draft(
        book_id=book_id,
        effective_date=approval.effective_date,
        kind=content["kind"],
        description=content["description"],
        actor=approval.asked_by,
        lines=approval.lines,
        key=content["key"],
        fingerprint=bytes.fromhex(content["request"]),
        source=content["source"],
        reverses=content["reverses"],
        metadata={"approval": str(approval.number), "approved_by": approved_by},
        allow_held=content["in_held_month"],
        allow_reversal_of_reversal=content["of_reversal"],
        note=approval.note,
    )


def check_decision(approval: Approval, *, actor: str, seen: bytes) -> None:
    """Refuse a decision that is not this person's, or is about something else than lies before them.

    Args:
        approval: as it stands, not expired.
        actor: who decides.
        seen: the fingerprint of what they saw.

    Raises:
        Conflict: ``approval-decided``, ``same-person`` or ``approval-changed``.
    """
    check_open(approval)
    if approval.asked_by == actor:
        raise Conflict("same-person", N_("Orang lain dari yang meminta harus memutuskan."))
    unchanged = fingerprint_of(approval.content) == approval.fingerprint == seen
    noted = approval.content["note"]
    if noted is not None:
        unchanged = unchanged and note_digest(approval.note_salt or b"", approval.note or "") == noted
    if not unchanged:
        raise Conflict("approval-changed", N_("Isinya tidak sama dengan yang dilihat; muat ulang halaman ini."))


def check_open(approval: Approval) -> None:
    """Refuse what was decided before.

    Raises:
        Conflict: ``approval-expired`` or ``approval-decided``.
    """
    if approval.status is Status.EXPIRED:
        raise Conflict("approval-expired", N_("Permintaan ini sudah kedaluwarsa; tidak ada yang dicatat."))
    if approval.status is not Status.DRAFT:
        raise Conflict("approval-decided", N_("Permintaan ini sudah diputuskan."))


def check_same_member(approval: Approval, status: str) -> None:
    """Refuse to pay out what was asked for a member whose standing has changed since: it is asked for anew.

    Raises:
        Conflict: ``member-changed``.
    """
    if status != approval.content["member"][1]:
        raise Conflict("member-changed", N_("Keanggotaan berubah sejak diminta; tolak, lalu minta lagi."))


def effects(approval: Approval, accounts: Mapping[int, ledger.Account]) -> list[Effect]:
    """What the act would do, one line for each account in the order of the entry.

    Args:
        approval: the act.
        accounts: its accounts as they stand now.
    """
    moved: dict[int, int] = {}
    for line in approval.lines:
        moved[line.account_id] = moved.get(line.account_id, 0) + line.amount
    shown = []
    for account_id, amount_minor in moved.items():
        account = accounts[account_id]
        change = amount_minor if account.side is ledger.Side.DEBIT else -amount_minor
        shown.append(Effect(account, amount_minor, account.balance, account.balance + change))
    return shown
