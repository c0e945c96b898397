"""Every route that names something, asked for what is another cooperative's or another member's: nothing of it is told."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import date

import pytest_asyncio
from litestar.routes import HTTPRoute
from tests.conftest import Village, found

from koperasi.access.middleware import is_litestars_own
from koperasi.cooperatives.service import Cooperative
from koperasi.members import service as members
from koperasi.permissions import GRANTS, Permission, Role
from koperasi.posting import Idempotency
from koperasi.savings import service as savings

NAME = "Rahasiawati"
"""Stands in no other book of the run, and nowhere on a page of one's own."""

ANYBODY = {Permission.SESSION, Permission.PUBLIC}

PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


@dataclass(frozen=True)
class Stranger:
    """What names somebody else's things: member, account, receipt, entry."""

    names: tuple[str, ...]
    member: str


async def settle(database, poster, cooperative: Cooperative) -> Stranger:
    """A member with savings, whose name tells them apart."""
    async with database.work(cooperative.book_id) as work:
        new = members.NewMember(name=f"{NAME} {secrets.token_hex(3)}", joined_on=date(2026, 1, 2), phone="081234599901")
        member, _ = await members.register(work, new, actor="bendahara")
        opened = await savings.welcome(work, cooperative, member, actor="bendahara")
        await work.commit()
    free = next(one for one in opened if one.kind.withdrawable)
    receipt = await savings.deposit(
        database, poster, cooperative, account_number=free.number, amount_minor=123_450_000, effective_date=None,
        actor="bendahara", idempotency=Idempotency.of("test", secrets.token_hex(8)),
    )  # fmt: skip
    names = (member.number, free.number, receipt.number, str(receipt.entry_number))
    return Stranger(names, member.number)


@pytest_asyncio.fixture(scope="module")
async def neighbour(database, poster, own_village: Village) -> Stranger:
    """Another member of the same cooperative."""
    return await settle(database, poster, own_village.cooperative)


@pytest_asyncio.fixture(scope="module")
async def far(database, poster) -> Stranger:
    """A member of another one, of which ours has no like: so many joined before that no number is the same."""
    cooperative = await found(database, kind="ksp")
    for _ in range(4):
        stranger = await settle(database, poster, cooperative)
    return stranger


def asked_for(app, *names: str):
    """Every route that is read and names something, with each of these in the place of the name."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute) or not PARAMETER.search(route.path):
            continue
        for handler in route.route_handlers:
            if is_litestars_own(handler) or "GET" not in handler.http_methods:
                continue
            for name in names:
                if name.isdecimal() or ":int" not in route.path:
                    yield route.path, PARAMETER.sub(name, route.path), handler.opt["permission"]


async def read(client, village, session_of, cookies, role, path):
    client.cookies.clear()
    if path.startswith("/api/"):
        return await client.get(path, headers=village.headers(role), follow_redirects=False)
    if role not in cookies:
        cookies[role] = await session_of(village, role)
    return await client.get(path, headers={"Cookie": cookies[role]}, follow_redirects=False)


async def test_their_own_staff_see_them(client, own_village, neighbour, session_of):
    """Else the tests below would pass for want of anything to find."""
    cookies: dict[Role, str] = {}
    for path in (f"/anggota/{neighbour.member}", f"/api/v1/members/{neighbour.member}"):
        assert NAME in (await read(client, own_village, session_of, cookies, Role.BENDAHARA, path)).text


async def test_no_member_learns_anything_of_another(client, own_village, neighbour, session_of):
    cookies: dict[Role, str] = {}
    mine = ANYBODY | GRANTS[Role.ANGGOTA]
    wrong, asked = [], 0
    for template, path, permission in asked_for(client.app, *neighbour.names):
        answer = await read(client, own_village, session_of, cookies, Role.ANGGOTA, path)
        asked += 1
        # Whoever holds a receipt in hand reads its code from the paper: that page shows no name and asks for the code.
        told = answer.status_code == 200 and permission in mine - ANYBODY - {Permission.SIMULATE}
        if told or NAME in answer.text or "1.234.500" in answer.text or answer.status_code >= 500:
            wrong.append(f"{template} as {path}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert asked > 100


async def test_no_cooperative_learns_anything_of_another(client, own_village, far, session_of):
    cookies: dict[Role, str] = {}
    wrong, asked = [], 0
    for template, path, permission in asked_for(client.app, *far.names):
        role = next((one for one in Role if permission in GRANTS[one]), Role.BENDAHARA)
        answer = await read(client, own_village, session_of, cookies, role, path)
        asked += 1
        if NAME in answer.text or "1.234.500" in answer.text or answer.status_code >= 500:
            wrong.append(f"{template} as {path} by {role}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert asked > 100
