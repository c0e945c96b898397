from __future__ import annotations

from datetime import UTC, date, datetime

import pytest_asyncio

from koperasi.members import service as members
from koperasi.members.service import Heir, NewMember

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)

NIK, PHONE = "3273056010900009", "081234567890"
PERSONAL = {
    "nik": NIK,
    "phone": PHONE,
    "email": "sutinah@example.com",
    "address": "RT 02/RW 05 Jalan Melati",
    "birth_date": date(1990, 10, 20),
    "heirs": (Heir("Slametriyadi", "Suami", "081234567891", 60), Heir("Budianto", "Anak", None, 40)),
}
PLANTED = ("3273056010900009", "81234567890", "sutinah@example.com", "Jalan Melati", "1990-10-20", "Slametriyadi",
           "81234567891", "Budianto")  # fmt: skip


@pytest_asyncio.fixture
async def person(database, cooperative):
    """A member of whom everything is known."""
    async with database.work(cooperative.book_id) as work:
        new = NewMember(name="Sutinah", joined_on=date(2024, 3, 1), village="Sumberagung", **PERSONAL)
        member, _ = await members.register(work, new, actor="bendahara")
        await work.commit()
    return member
