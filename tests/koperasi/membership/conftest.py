from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
import pytest_asyncio

import ledger
from koperasi.cooperatives.service import Cooperative, add_policy, found_cooperative
from koperasi.db import Database
from koperasi.members import service as members
from koperasi.members.service import Heir, Member, MemberStatus, NewMember
from koperasi.membership import service
from koperasi.membership.service import Act, Reason, Wish, Wishes
from koperasi.permissions import Role
from koperasi.posting import Idempotency
from koperasi.savings import service as savings
from koperasi.savings.service import SavingsKind

JOINED = date(2026, 1, 5)
TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)


def once() -> Idempotency:
    return Idempotency.of("uji", uuid4().hex, "isi")


@dataclass
class Desk:
    """A cooperative with what a test does at its desk."""

    database: Database
    poster: ledger.Poster
    cooperative: Cooperative

    async def policy(self, name: str, value: str) -> None:
        async with self.database.work(self.cooperative.book_id) as work:
            await add_policy(work, name, date(2000, 1, 3), value, "uji", "uji")
            await work.commit()

    async def join(self, name: str = "Sutinah", **facts) -> Member:
        async with self.database.work(self.cooperative.book_id) as work:
            new = NewMember(name=name, joined_on=facts.pop("joined_on", JOINED), **facts)
            member, _ = await members.register(work, new, actor="bendahara")
            await savings.welcome(work, self.cooperative, member, actor="bendahara")
            await work.commit()
        return member

    async def accounts(self, number: str) -> dict[SavingsKind, savings.SavingsAccount]:
        async with self.database.reading(self.cooperative.book_id) as connection:
            found = await savings.accounts_of(connection, self.cooperative.book_id, number)
        return {one.kind: one for one in found}

    async def pay_in(self, number: str, on: date = TODAY, **rupiah: int) -> None:
        accounts = await self.accounts(number)
        for kind, amount in rupiah.items():
            await savings.deposit(
                self.database, self.poster, self.cooperative, account_number=accounts[SavingsKind(kind)].number,
                amount_minor=amount * 100, effective_date=on, actor="bendahara", idempotency=once(),
            )  # fmt: skip

    async def act(self, number: str, act: Act, reason: Reason | None = None, on: date = TODAY, reference="BA 1/2026"):
        async with self.database.work(self.cooperative.book_id) as work:
            wish = Wish(act, on, reason, reference)
            done = await service.act_on(work, self.cooperative, number, wish, actor="bendahara", today=TODAY)
            await work.commit()
        return done

    async def decide(self, number: str, key: Idempotency | None = None, on: date = TODAY, **wishes):
        async with self.database.work(self.cooperative.book_id) as work:
            done = await service.decide(
                work, self.cooperative, number, decided_on=on, wishes=Wishes(**wishes), actor="bendahara",
                idempotency=key or once(), now=NOW,
            )  # fmt: skip
            await work.commit()
        return done

    async def pay(self, number: str, position: int = 0, key: Idempotency | None = None):
        async with self.database.work(self.cooperative.book_id) as work:
            done = await service.pay(
                work, self.cooperative, number, position, paid_on=TODAY, actor="kasir", idempotency=key or once(),
                today=TODAY,
            )  # fmt: skip
            await work.commit()
        return done

    async def undo(self, number: str, key: Idempotency | None = None, actor: str = "ketua"):
        async with self.database.work(self.cooperative.book_id) as work:
            done = await service.undo(
                work, number, on=TODAY, reference="BA 9/2026", actor=actor, idempotency=key or once(), today=TODAY
            )
            await work.commit()
        return done

    async def grant(self, rupiah: int) -> None:
        """The members' meeting grants members a part of last year's surplus."""
        book_id = self.cooperative.book_id
        async with self.database.work(book_id) as work:
            from_, to = [
                (await ledger.account_by_code(work.connection, book_id, code)).account_id for code in ("3302", "2123")
            ]
            lines = (ledger.Line(from_, rupiah * 100), ledger.Line(to, -rupiah * 100))
            draft = ledger.Draft(
                book_id=book_id, effective_date=TODAY, kind="journal.manual", description="Pembagian SHU", actor="uji",
                lines=lines, key=uuid4().hex, fingerprint=bytes(32),
            )  # fmt: skip
            (done,) = await ledger.append(work.connection, [draft])
            assert isinstance(done, ledger.Posted), done
            await work.commit()

    async def status(self, number: str) -> MemberStatus:
        async with self.database.reading(self.cooperative.book_id) as connection:
            return (await members.member_by_number(connection, self.cooperative.book_id, number)).status

    async def balance(self, code: str) -> int:
        async with self.database.reading(self.cooperative.book_id) as connection:
            return (await ledger.account_by_code(connection, self.cooperative.book_id, code)).balance


@pytest.fixture
def heirs() -> tuple[Heir, ...]:
    return (Heir("Budi", "Anak", None, 50), Heir("Wati", "Anak", None, 30), Heir("Slamet", "Suami", None, 20))


@pytest_asyncio.fixture
async def opened(database, poster) -> Callable[..., Awaitable[Desk]]:
    """A desk of a new cooperative of some kind, at which cash moves without sessions."""

    async def desk(kind: str = "ksp") -> Desk:
        async with database.work(0) as work:
            made = await found_cooperative(
                work, code=f"uji-{uuid4().hex[:12]}", name="Koperasi Uji Coba", kind=kind, timezone="Asia/Jakarta",
                actor="uji", founded_on=date(2020, 1, 1),
            )  # fmt: skip
            await work.commit()
        found = Desk(database, poster, made)
        await found.policy("teller.sessions", "off")
        return found

    return desk


@pytest_asyncio.fixture
async def desk(opened) -> Desk:
    return await opened()


@pytest.fixture
def page(client, own_village, session_of):
    """Ask for a page as a role, or fill in the form on one."""

    class Person:
        def __init__(self, cookie: str) -> None:
            self.cookie = cookie

        async def get(self, path: str, status: int = 200) -> str:
            client.cookies.clear()
            answer = await client.get(path, headers={"Cookie": self.cookie}, follow_redirects=False)
            assert answer.status_code == status, (path, answer.status_code, answer.text[-800:])
            return answer.text

        async def file(self, path: str) -> bytes:
            client.cookies.clear()
            answer = await client.get(path, headers={"Cookie": self.cookie}, follow_redirects=False)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text[:800]
            return answer.content

        async def fill(self, path: str, to: str | None = None, *, status: int = 303, **fields: str):
            client.cookies.clear()
            shown = await client.get(path, headers={"Cookie": self.cookie})
            token = re.search(r'name="_csrf_token" value="([^"]+)"', shown.text)[1]
            key = re.search(r'name="key" value="([^"]+)"', shown.text)
            hidden = {"_csrf_token": token} | ({"key": key[1]} if key else {})
            csrf = re.search(r"csrf=([^;]+)", shown.headers.get("set-cookie", ""))
            cookie = self.cookie + (f"; csrf={csrf[1]}" if csrf else "")
            client.cookies.clear()
            answer = await client.post(
                to or path.partition("?")[0], data=hidden | fields, headers={"Cookie": cookie}, follow_redirects=False
            )
            assert answer.status_code == status, (path, answer.status_code, answer.text[-1500:])
            return answer

    async def as_role(role: Role) -> Person:
        return Person(await session_of(own_village, role))

    return as_role


@pytest.fixture
async def leaver(database, own_village):
    """A member with two heirs who has paid simpanan pokok."""
    cooperative = own_village.cooperative
    async with database.work(cooperative.book_id) as work:
        heirs = (Heir("Budi Santosa", "Anak", None, 60), Heir("Wati", "Istri", None, 40))
        new = NewMember(name=f"Darto {uuid4().hex[:3]}".translate(str.maketrans("0123456789", "abcdefghij")),
                        joined_on=date(2024, 3, 1), heirs=heirs)  # fmt: skip
        made, _ = await members.register(work, new, actor="bendahara")
        await savings.welcome(work, cooperative, made, actor="bendahara")
        await work.commit()
    return made
