"""What waits for a second person, on the wire. Not postponed: pydantic reads these annotations at run time."""

from datetime import date
from typing import Annotated, Any

from litestar import Response
from litestar.openapi.datastructures import ResponseSpec
from pydantic import AwareDatetime, Field

from koperasi.approvals.rules import Approval, Change, Effect, Kind, Status
from koperasi.i18n import translate
from koperasi.rest import Model, Money, Page, Result, Text

Seen = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", examples=["0" * 64])]
"""The ``fingerprint`` of what the person who decides has read."""


class ApproveIn(Model):
    """Agree to exactly what was read."""

    fingerprint: Seen


class RefuseIn(ApproveIn):
    """Refuse it, with a reason that names nobody."""

    reason: Text


class EffectOut(Result):
    """What it does to one account: balances on the account's own side, now and afterwards."""

    account: str
    name: str
    debit: Money | None
    credit: Money | None
    balance_before: Money
    balance_after: Money

    @classmethod
    def of(cls, effect: Effect) -> "EffectOut":
        """The wire form."""
        currency, amount = effect.account.currency, effect.amount_minor
        return cls(
            account=effect.account.code,
            name=effect.account.name_id,
            debit=Money.of(amount, currency) if amount > 0 else None,
            credit=Money.of(-amount, currency) if amount < 0 else None,
            balance_before=Money.of(effect.before_minor, currency),
            balance_after=Money.of(effect.after_minor, currency),
        )


class ChangeOut(Result):
    """What an act changes besides balances, in the reader's language: what it is, how it was, how it will be."""

    what: str
    before: str
    after: str

    @classmethod
    def of(cls, change: Change, locale: str) -> "ChangeOut":
        """The wire form."""
        return cls(
            **dict(zip(cls.model_fields, (translate(locale, one) if one else "" for one in change), strict=True))
        )


class ApprovalOut(Result):
    """An act that waits, or waited, for a second person. Whoever decides sends back its ``fingerprint``.

    ``entry_number`` is the entry that was posted when it was agreed to. ``subject`` says what an act is about that is
    not (only) an entry.
    """

    number: int
    kind: Kind
    status: Status
    date: date
    description: str
    asked_by: str
    asked_at: AwareDatetime
    expires_at: AwareDatetime
    fingerprint: str
    subject: str | None
    reverses: int | None
    member_number: str | None
    decided_by: str | None
    decided_at: AwareDatetime | None
    reason: str | None
    entry_number: int | None

    @classmethod
    def facts(cls, approval: Approval) -> dict[str, Any]:
        """Its fields by their names."""
        member = approval.content["member"]
        return {
            "number": approval.number,
            "kind": approval.kind,
            "status": approval.status,
            "date": approval.effective_date,
            "description": approval.description,
            "asked_by": approval.asked_by,
            "asked_at": approval.asked_at,
            "expires_at": approval.expires_at,
            "fingerprint": approval.fingerprint.hex(),
            "subject": approval.subject,
            "reverses": approval.content["reverses"],
            "member_number": member[0] if member else None,
            "decided_by": approval.decided_by,
            "decided_at": approval.decided_at,
            "reason": approval.reason,
            "entry_number": approval.entry_number,
        }

    @classmethod
    def of(cls, approval: Approval) -> "ApprovalOut":
        """The wire form."""
        return cls(**cls.facts(approval))


class ApprovalDetail(ApprovalOut):
    """The same with what it does to each account (only while it waits, since balances move on), and what else."""

    effects: list[EffectOut]
    changes: list[ChangeOut]


class ApprovalList(Page):
    """A page of them, the latest first."""

    items: list[ApprovalOut]


ACCEPTED = {
    202: ResponseSpec(
        ApprovalOut, generate_examples=False, description="Nothing was posted yet: a second person must agree."
    )
}
"""For a route's OpenAPI description."""


def accepted(approval: Approval) -> Response[Any]:
    """202: nothing was posted, a second person must agree; where to look for what became of it."""
    headers = {"Location": f"/api/v1/approvals/{approval.number}"}
    return Response(ApprovalOut.of(approval), status_code=202, headers=headers)
