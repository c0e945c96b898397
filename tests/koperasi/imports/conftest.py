from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest_asyncio

from koperasi.access import service as access
from koperasi.access import service_tokens
from koperasi.cooperatives.service import Cooperative
from koperasi.permissions import Identity, Role

PASSWORD = "kata-sandi-impor-9"


@dataclass
class Office:
    """A cooperative with a treasurer who imports and a teller who may not."""

    cooperative: Cooperative
    tokens: dict[Role, str]
    password: str = PASSWORD

    def headers(self, role: Role = Role.BENDAHARA, key: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[role]}"} | ({"Idempotency-Key": key} if key else {})


@pytest_asyncio.fixture
async def office(database, cooperative) -> Office:
    tokens = {}
    async with database.work(cooperative.book_id) as work:
        for role in (Role.BENDAHARA, Role.KASIR):
            user_id = await access.create_user(
                work.connection,
                cooperative.book_id,
                username=role.value,
                name=role.value,
                role=role,
                password=PASSWORD,
            )
            identity = Identity(cooperative.book_id, user_id, role.value, role.value, role)
            tokens[role], _ = await service_tokens.issue_token(
                work.connection, identity, label="test", address="127.0.0.1", now=datetime.now(UTC)
            )
        await work.commit()
    return Office(cooperative, tokens)
