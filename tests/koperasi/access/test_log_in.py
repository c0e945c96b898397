"""Users, their passwords, and guessing that gets slower and slower."""

from __future__ import annotations

import asyncio
import re

import pytest
from sqlalchemy import text

from koperasi.access import rules, service
from koperasi.access.service_tokens import open_session
from koperasi.errors import Conflict, NotFound, Refusal, TooManyRequests, Unauthorised
from koperasi.permissions import Role

from .conftest import NOON, PASSWORD, House


async def log_in(house: House, **how: object) -> str:
    identity = await house.try_to_log_in(PASSWORD, **how)
    async with house.database.work(identity.book_id) as work:
        token = await open_session(work.connection, identity, address=str(how.get("address", "10.0.0.7")), now=NOON)
        await work.commit()
    return token


async def failures(house: House, book_id: int | None = None) -> dict[str, int]:
    """How many failures stand against each user and address."""
    async with house.database.work(book_id if book_id is not None else house.book_id) as work:
        rows = await work.connection.execute(text("SELECT key, failures FROM login_throttle"))
        return {row.key.split(":")[0]: row.failures for row in rows}


async def wrong(house: House, **how: object) -> Unauthorised:
    with pytest.raises(Unauthorised) as refused:
        await house.try_to_log_in(**how)
    return refused.value


async def told_to_wait(house: House, **how: object) -> int:
    with pytest.raises(TooManyRequests) as refused:
        await house.try_to_log_in(**how)
    assert refused.value.headers["Retry-After"] == str(refused.value.params["seconds"])
    return int(refused.value.headers["Retry-After"])


async def test_the_right_password_says_who_it_is(house: House) -> None:
    identity = await house.try_to_log_in(PASSWORD, username=" SITI ")
    assert identity == house.treasurer


async def test_it_is_never_said_what_was_wrong(house: House) -> None:
    async with house.database.work(house.book_id) as work:
        gone = await service.create_user(
            work.connection, work.book_id, username="budi", name="Budi", role=Role.KASIR, password=PASSWORD
        )
        await service.deactivate(work.connection, work.book_id, gone, actor_id=house.treasurer.user_id)
        await work.commit()
    answers = [
        await wrong(house),
        await wrong(house, username="nobody"),
        await wrong(house, username="budi", password=PASSWORD),
        await wrong(house, code="nowhere", username="siti-lain", password=PASSWORD),
        await wrong(house, username="x" * 100),
        await wrong(house, username="si\x00ti", password="\x00\ud800"),
    ]
    assert {(a.code, a.message, tuple(a.params), tuple(a.headers)) for a in answers} == {
        ("log-in", rules.WRONG, (), ("WWW-Authenticate",))
    }


async def test_an_unknown_user_is_checked_against_a_hash_of_the_same_cost() -> None:
    made = await service.hash_password("apa saja")
    cost = re.compile(r"\$argon2id\$v=19\$m=65536,t=3,p=4\$")
    assert cost.match(made)
    assert cost.match(service.NOBODYS_HASH)
    assert not await service.matches("apa saja", service.NOBODYS_HASH)
    assert await service.matches("apa saja", made)


async def test_an_unknown_user_and_an_unknown_cooperative_are_slowed_like_any_other(house: House) -> None:
    for _ in range(5):
        await wrong(house, username="nobody", address="10.1.0.1")
    assert await told_to_wait(house, username="nobody", address="10.1.0.1") == 2
    code = house.cooperative.code + "-none"
    for number in range(5):
        await wrong(house, username=code, code=code, address=f"10.2.0.{number}")
    assert await told_to_wait(house, username=code, code=code, address="10.2.0.9") == 2


async def test_waiting_grows_and_the_right_password_does_not_shorten_it(house: House) -> None:
    clock = 0
    for _ in range(4):
        await wrong(house, after=clock)
    for delay in (2, 4, 8):
        await wrong(house, after=clock)
        assert await told_to_wait(house, after=clock) == delay
        assert await told_to_wait(house, after=clock + delay - 1, password=PASSWORD) == 1
        clock += delay
    assert (await house.try_to_log_in(PASSWORD, after=clock)).username == "siti"


async def test_a_try_while_waiting_is_not_counted(house: House) -> None:
    for _ in range(5):
        await wrong(house)
    for _ in range(3):
        await told_to_wait(house)
    assert await failures(house) == {"user": 5, "address": 5}


async def test_logging_in_forgets_the_users_failures_but_not_those_of_the_address(house: House) -> None:
    for _ in range(4):
        await wrong(house)
    await log_in(house)
    assert await failures(house) == {"address": 4}
    await wrong(house)
    assert await failures(house) == {"user": 1, "address": 5}


async def test_failures_are_forgotten_after_a_day(house: House) -> None:
    for _ in range(5):
        await wrong(house)
    await wrong(house, after=24 * 3600 + 1)
    assert await failures(house) == {"user": 1, "address": 1}


async def test_an_address_that_tries_many_names_waits_too_but_others_do_not(house: House) -> None:
    for number in range(20):
        await wrong(house, username=f"nobody{number}", address="2001:db8::1")
    assert await told_to_wait(house, username="siti", password=PASSWORD, address="2001:db8::2") == 2
    assert (await house.try_to_log_in(PASSWORD, address="10.0.0.8")).username == "siti"


async def test_guesses_at_the_same_moment_are_all_counted(house: House) -> None:
    outcomes = await asyncio.gather(
        *(house.try_to_log_in(f"guess-{n}", address=f"10.3.0.{n}") for n in range(12)), return_exceptions=True
    )
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds.count(Unauthorised) == 5
    assert kinds.count(TooManyRequests) == 7


async def test_another_cooperatives_failures_are_its_own(house: House) -> None:
    for _ in range(5):
        await wrong(house, address="10.4.0.1")
    async with house.database.work(service.NOWHERE) as work:
        seen = (await work.connection.execute(text("SELECT DISTINCT book_id FROM login_throttle"))).scalars().all()
    assert house.book_id not in seen


async def test_a_user_name_is_taken_once_in_a_cooperative(house: House) -> None:
    async with house.database.work(house.book_id) as work:
        with pytest.raises(Conflict) as refused:
            await service.create_user(
                work.connection, work.book_id, username="SITI", name="Siti lain", role=Role.KASIR, password=PASSWORD
            )
        assert (refused.value.code, refused.value.field) == ("username-taken", "username")
        assert [user.name for user in await service.list_users(work.connection, work.book_id)] == ["Siti"]


@pytest.mark.parametrize(
    ("role", "member_number", "field"),
    [
        (Role.ANGGOTA, None, "member_number"),
        (Role.KASIR, "known", "member_number"),
        (Role.ANGGOTA, "999999", "member_number"),
    ],
)
async def test_only_a_member_user_belongs_to_a_member(
    house: House, role: Role, member_number: str | None, field: str
) -> None:
    number = house.member_number if member_number == "known" else member_number
    async with house.database.work(house.book_id) as work:
        with pytest.raises(Refusal) as refused:
            await service.create_user(
                work.connection,
                work.book_id,
                username="baru",
                name="Baru",
                role=role,
                password=PASSWORD,
                member_number=number,
            )
        assert refused.value.field == field


async def test_a_member_logs_in_with_number_and_pin(house: House) -> None:
    async with house.database.work(house.book_id) as work:
        await service.create_user(
            work.connection,
            work.book_id,
            username=house.member_number,
            name="Sutinah",
            role=Role.ANGGOTA,
            password="482915",
            member_number=house.member_number,
        )
        await work.commit()
    identity = await house.try_to_log_in("482915", username=house.member_number)
    assert (identity.role, identity.member_number) == (Role.ANGGOTA, house.member_number)


async def test_another_password_replaces_the_old_and_ends_the_waiting(house: House) -> None:
    for number in range(5):
        await wrong(house, address=f"10.5.0.{number}")
    async with house.database.work(house.book_id) as work:
        await service.set_password(work.connection, work.book_id, house.treasurer.user_id, "kata sandi lain")
        await work.commit()
    await wrong(house, password=PASSWORD)
    assert (await house.try_to_log_in("kata sandi lain")).username == "siti"


async def test_a_weak_new_password_changes_nothing(house: House) -> None:
    async with house.database.work(house.book_id) as work:
        with pytest.raises(Refusal):
            await service.set_password(work.connection, work.book_id, house.treasurer.user_id, "pendek")
        await work.commit()
    assert (await house.try_to_log_in(PASSWORD)).username == "siti"


async def test_nobody_keeps_themselves_out(house: House) -> None:
    async with house.database.work(house.book_id) as work:
        with pytest.raises(Refusal) as refused:
            await service.deactivate(
                work.connection, work.book_id, house.treasurer.user_id, actor_id=house.treasurer.user_id
            )
    assert refused.value.code == "own-user"


async def test_whoever_is_let_in_again_has_the_password_they_had(house: House) -> None:
    async with house.database.work(house.book_id) as work:
        await service.deactivate(work.connection, work.book_id, house.treasurer.user_id, actor_id=None)
        await service.activate(work.connection, work.book_id, house.treasurer.user_id)
        await work.commit()
    assert (await house.try_to_log_in(PASSWORD)).username == "siti"


@pytest.mark.parametrize("user_id", [0, -1, 10**12, 2**63, 10**30])
async def test_a_user_of_no_book_is_not_found(house: House, user_id: int) -> None:
    async with house.database.work(house.book_id) as work:
        with pytest.raises(NotFound):
            await service.set_password(work.connection, work.book_id, user_id, PASSWORD)
        with pytest.raises(NotFound):
            await service.deactivate(work.connection, work.book_id, user_id, actor_id=None)


async def test_no_secret_stands_in_the_database(house: House) -> None:
    token = await log_in(house)
    await wrong(house, username=PASSWORD)
    async with house.database.work(house.book_id) as work:
        rows = [
            str((await work.connection.execute(text(f"SELECT * FROM {table}"))).all())
            for table in ("app_user", "app_session", "api_token", "login_throttle")
        ]
    assert "argon2id" in rows[0]
    assert "siti" in rows[0]
    for secret in (PASSWORD, token, token.partition(".")[2]):
        assert secret not in "".join(rows)
