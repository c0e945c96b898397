"""From where, and in which office, the request that is being answered comes: what the audit trail writes beside a name.

It belongs to the task that answers the request, so two requests can't mix theirs up; the command line has none.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple


class Caller(NamedTuple):
    """The address that a request comes from, and the role of whoever sent it (none: nobody is logged in)."""

    address: str
    role: str | None


NOBODY: Caller | None = None

CALLER: ContextVar[Caller | None] = ContextVar("caller", default=NOBODY)
"""Set anew for every request, before anything else is done with it."""
