"""What is kept of a member's life, for whoever asks what is known about them, and what of it is forgotten on request.

Called through ``service``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.db import Work
from koperasi.formats import wire_amount
from koperasi.members import service as members
from koperasi.members.service import Event
from koperasi.membership.service_consents import Consent, given_by, received_ever
from koperasi.membership.service_reading import Exit, exits_of
from koperasi.membership.tables import member_exit_part


@dataclass(frozen=True, slots=True)
class Life:
    """Acts on a membership, settlements, and consents given and received."""

    events: tuple[Event, ...]
    exits: tuple[Exit, ...]
    given: tuple[Consent, ...]
    received: tuple[Consent, ...]

    def as_json(self) -> dict[str, Any]:
        """The same for a file."""
        return {
            "acts": [
                {
                    "act": one.act,
                    "from": one.from_status.value,
                    "to": one.to_status.value,
                    "effective_on": one.effective_on.isoformat(),
                    "reason": one.reason,
                    "reference": one.reference,
                    "recorded_at": one.recorded_at.isoformat(timespec="seconds"),
                }
                for one in self.events
            ],
            "settlements": [
                {
                    "decided_on": one.decided_on.isoformat(),
                    "reason": one.reason.value,
                    "net": wire_amount(one.net_minor),
                    "entry_number": one.entry_number,
                    "taken_back": one.reversed_at is not None,
                    "parts": [
                        {
                            "name": part.name,
                            "relation": part.relation,
                            "share_percent": part.share_percent,
                            "amount": wire_amount(part.amount_minor),
                            "paid_on": part.paid_on.isoformat() if part.paid_on else None,
                        }
                        for part in one.parts
                    ],
                }
                for one in self.exits
            ],
            "consents_given": [_consent(one) | {"to": one.relative_number} for one in self.given],
            "consents_received": [_consent(one) | {"from": one.member_number} for one in self.received],
        }


async def life_of(connection: AsyncConnection, book_id: int, number: str) -> Life:
    """All that is kept of a member's life."""
    return Life(
        events=tuple(await members.events_of(connection, book_id, number)),
        exits=tuple(await exits_of(connection, book_id, number)),
        given=tuple(await given_by(connection, book_id, number)),
        received=tuple(await received_ever(connection, book_id, number)),
    )


async def forget(work: Work, number: str) -> None:
    """Erase the heirs' names from settlements that are paid; until then somebody must know whom to pay."""
    for one in await exits_of(work.connection, work.book_id, number):
        if one.is_paid or one.reversed_at is not None:
            mine = (member_exit_part.c.book_id == work.book_id, member_exit_part.c.exit_number == one.number)
            await work.connection.execute(update(member_exit_part).where(*mine).values(name=None))


def _consent(one: Consent) -> dict[str, Any]:
    return {
        "scope": one.scope.value,
        "given_at": one.given_at.isoformat(timespec="seconds"),
        "until": one.until_on.isoformat() if one.until_on else None,
        "paper": one.reference,
        "taken_back_at": one.revoked_at.isoformat(timespec="seconds") if one.revoked_at else None,
    }
