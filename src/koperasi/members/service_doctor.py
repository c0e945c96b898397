"""What the doctor asks of the members' register. Called through ``service``."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.members.tables import member


async def serials(connection: AsyncConnection, book_id: int) -> list[int]:
    """The serial numbers that members have."""
    query = select(member.c.number).where(member.c.book_id == book_id)
    return [int(number) for number in (await connection.execute(query)).scalars() if number.isdecimal()]
