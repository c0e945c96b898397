"""What the service refuses, and how it says so.

A refusal has a stable code (the last part of its RFC 9457 problem ``type``), an HTTP status and a message from the
catalogue. Nothing was written when one is raised. The tree::

    Refusal            422  the cooperative's rules say no
    ├── BadRequest     400  the request can't be read
    ├── Unauthorised   401  nobody is logged in
    ├── Forbidden      403  this person may not
    ├── NotFound       404  there is no such thing in this book
    ├── Conflict       409  somebody else was first
    ├── TooManyRequests 429  wait
    └── Unavailable    503  try again soon
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from koperasi.i18n import translate


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with one field: its name as the caller knows it, a code, and a message from the catalogue."""

    field: str
    code: str
    message: str
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def text(self, locale: str) -> str:
        """The message in the reader's language."""
        return translate(locale, self.message, **self.params)


class Refusal(Exception):  # noqa: N818 - a refusal is an outcome, not a mistake of the program
    """A request that the rules refuse; nothing was written.

    Args:
        code: stable slug, the last part of the problem type.
        message: Indonesian message id with ``%(name)s`` placeholders.
        status: HTTP status, if not the class's own.
        field: the field it belongs to, if one.
        errors: further errors, one for each field.
        headers: response headers, e.g. ``Retry-After``.
        params: values for the placeholders.
    """

    default_status: ClassVar[int] = 422

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        field: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **params: object,
    ) -> None:
        super().__init__(code, message, params)
        self.code = code
        self.message = message
        self.status = status or self.default_status
        self.field = field
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.params = params

    def text(self, locale: str) -> str:
        """The message in the reader's language."""
        return translate(locale, self.message, **self.params)


class BadRequest(Refusal):
    """The request can't be read as what it claims to be."""

    default_status = 400


class Unauthorised(Refusal):
    """Nobody is logged in, or the token is unknown, expired or revoked."""

    default_status = 401


class Forbidden(Refusal):
    """This person may not do this."""

    default_status = 403


class NotFound(Refusal):
    """There is no such thing in this book (or it is not this person's to see)."""

    default_status = 404


class Conflict(Refusal):
    """It exists already, or somebody changed it first."""

    default_status = 409


class TooManyRequests(Refusal):
    """Too often; ``Retry-After`` says how long to wait."""

    default_status = 429


class Unavailable(Refusal):
    """The service can't take this now; the same request may be sent again."""

    default_status = 503
