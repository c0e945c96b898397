"""Requests on the wire. Not postponed: pydantic reads these annotations at run time."""

from datetime import UTC
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.requests import rules
from koperasi.requests.rules import Field as Fact
from koperasi.requests.rules import Kind, Status
from koperasi.requests.service import Request
from koperasi.rest import Model, Money, Page, Result


def _readable(text: str) -> str:
    if any((ord(sign) < 32 and sign != "\n") or 0xD800 <= ord(sign) <= 0xDFFF or ord(sign) == 127 for sign in text):
        raise ValueError("control characters are not allowed, except line feeds")
    return text


Words = Annotated[str, Field(min_length=1, max_length=rules.WORDS_MAX_LENGTH), AfterValidator(_readable)]
Name = Annotated[str, Field(min_length=1, max_length=20)]

_NEEDED = {Kind.WITHDRAWAL: ("account", "amount"), Kind.CHANGE: ("field", "words"), Kind.LINE: ("receipt", "words")}
_ALLOWED = {
    Kind.WITHDRAWAL: {"account", "amount", "words"},
    Kind.CHANGE: {"field", "words"},
    Kind.LINE: {"receipt", "words"},
}


class RequestIn(Model):
    """What a member asks for.

    ``withdrawal`` needs ``account`` and ``amount``; ``change`` needs ``field`` and ``words``; ``line`` (something is
    wrong with a line of one's book) needs ``receipt``, by its own number or its entry's, and ``words``.
    """

    kind: Kind
    account: Name | None = None
    amount: Money | None = None
    field: Fact | None = None
    receipt: Name | None = None
    words: Words | None = None

    def check(self) -> None:
        """Whether it says what its kind needs, and no more.

        Raises:
            Refusal: ``request-incomplete``, ``request-too-much``.
        """
        for name in ("account", "amount", "field", "receipt", "words"):
            given = getattr(self, name) is not None
            if not given and name in _NEEDED[self.kind]:
                raise Refusal("request-incomplete", N_("Isian ini perlu untuk permintaan seperti itu."), field=name)
            if given and name not in _ALLOWED[self.kind]:
                raise Refusal("request-too-much", N_("Isian ini tidak ada pada permintaan seperti itu."), field=name)


class AnswerIn(Model):
    """What became of a request, and the words that the member reads."""

    outcome: Literal["done", "declined"]
    words: Words


class EventOut(Result):
    """Something said or done about a request. ``words`` are null once the member was forgotten, or if there are none.

    ``actor`` is who did it; a member is told of nobody but themselves.
    """

    status: Status
    actor: str | None
    at: AwareDatetime
    words: str | None


class RequestOut(Result):
    """A request and what became of it. ``entry_number`` is that of the line it is about."""

    number: int
    member_number: str
    kind: Kind
    status: Status
    account_number: str | None
    amount: Money | None
    field: Fact | None
    entry_number: int | None
    asked_at: AwareDatetime
    events: list[EventOut]

    @classmethod
    def of(cls, found: Request, *, own: bool = False) -> "RequestOut":
        """The wire form; ``own``: as its member reads it."""
        return cls(
            number=found.number,
            member_number=found.member_number,
            kind=found.kind,
            status=found.status,
            account_number=found.account_number,
            amount=None if found.amount_minor is None else Money.of(found.amount_minor),
            field=found.field,
            entry_number=found.entry_number,
            asked_at=found.asked_at.astimezone(UTC),
            events=[
                EventOut(
                    status=event.status,
                    actor=None if own and event.actor != found.member_number else event.actor,
                    at=event.at.astimezone(UTC),
                    words=event.words,
                )
                for event in found.events
            ],
        )


class RequestPage(Page):
    """A page of requests, the newest first."""

    items: list[RequestOut]
