"""Sessions and bearer tokens: how long they last, what ends them, and that they open one book only."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text

from koperasi.access import rules, service
from koperasi.access.api import bearer_identity
from koperasi.access.pages import session_of as recognised_session
from koperasi.access.service_tokens import (
    Recognised,
    VerifiedTokens,
    end_session,
    issue_token,
    open_session,
    revoke_token,
    verified,
)
from koperasi.permissions import Identity

from .conftest import NOON, House


def later(**time: int) -> datetime:
    return NOON + timedelta(**time)


async def session_identity(database, token: str, now: datetime) -> tuple[Identity, bytes] | None:
    """What the cookie opens, without the cooperative that comes with it."""
    found = await recognised_session(database, token, now)
    return None if found is None else (found[0].identity, found[1])


async def session_of(house: House) -> str:
    async with house.database.work(house.book_id) as work:
        token = await open_session(work.connection, house.treasurer, address="10.0.0.7", now=NOON)
        await work.commit()
    return token


async def token_of(house: House) -> str:
    async with house.database.work(house.book_id) as work:
        token, expires_at = await issue_token(
            work.connection, house.treasurer, label="uji", address="10.0.0.7", now=NOON
        )
        await work.commit()
    assert expires_at == later(days=30)
    return token


async def column(house: House, query: str) -> list[object]:
    async with house.database.work(house.book_id) as work:
        return list((await work.connection.execute(text(query))).scalars())


async def test_a_session_says_who_it_is(house: House) -> None:
    token = await session_of(house)
    assert token.startswith(f"{house.book_id}.")
    assert await session_identity(house.database, token, NOON) == (house.treasurer, rules.digest(token))


async def test_a_session_left_alone_for_half_an_hour_is_over(house: House) -> None:
    token = await session_of(house)
    assert await session_identity(house.database, token, later(minutes=30)) is None
    assert await session_identity(house.database, token, later(minutes=29, seconds=59)) is not None
    # It was used a moment ago, so it lives on.
    assert await session_identity(house.database, token, later(minutes=59)) is not None
    assert await session_identity(house.database, token, later(minutes=89)) is None


async def test_a_session_ends_after_twelve_hours_however_busy(house: House) -> None:
    token = await session_of(house)
    for minutes in range(20, 720, 20):
        assert await session_identity(house.database, token, later(minutes=minutes)) is not None
    assert await session_identity(house.database, token, later(minutes=719)) is not None
    assert await session_identity(house.database, token, later(hours=12)) is None


async def test_the_time_of_last_use_is_written_once_a_minute(house: House) -> None:
    token = await session_of(house)
    query = "SELECT last_seen_at FROM app_session"
    await session_identity(house.database, token, later(seconds=59))
    assert await column(house, query) == [NOON]
    await session_identity(house.database, token, later(seconds=60))
    await session_identity(house.database, token, later(seconds=100))
    assert await column(house, query) == [later(seconds=60)]


async def test_logging_out_ends_that_session_only(house: House) -> None:
    gone, stays = await session_of(house), await session_of(house)
    async with house.database.work(house.book_id) as work:
        await end_session(work.connection, house.book_id, rules.digest(gone))
        await work.commit()
    assert await session_identity(house.database, gone, NOON) is None
    assert await session_identity(house.database, stays, NOON) is not None


async def test_sessions_that_are_over_are_cleared_away(house: House) -> None:
    await session_of(house)
    async with house.database.work(house.book_id) as work:
        await open_session(work.connection, house.treasurer, address="10.0.0.7", now=later(hours=12))
        await work.commit()
    assert await column(house, "SELECT expires_at FROM app_session") == [later(hours=24)]


async def test_a_new_password_ends_all_sessions_and_tokens(house: House) -> None:
    sessions, token = [await session_of(house), await session_of(house)], await token_of(house)
    async with house.database.work(house.book_id) as work:
        await service.set_password(work.connection, house.book_id, house.treasurer.user_id, "kata sandi lain")
        await work.commit()
    assert [await session_identity(house.database, session, NOON) for session in sessions] == [None, None]
    assert await bearer_identity(house.database, token, NOON) is None


async def test_whoever_is_kept_out_is_out_at_once(house: House) -> None:
    session, token = await session_of(house), await token_of(house)
    async with house.database.work(house.book_id) as work:
        await service.deactivate(work.connection, house.book_id, house.treasurer.user_id, actor_id=None)
        await work.commit()
    assert await session_identity(house.database, session, NOON) is None
    assert await bearer_identity(house.database, token, NOON) is None
    async with house.database.work(house.book_id) as work:
        await service.activate(work.connection, house.book_id, house.treasurer.user_id)
        await work.commit()
    assert await session_identity(house.database, session, NOON) is None


async def test_a_bearer_token_lasts_thirty_days(house: House) -> None:
    token = await token_of(house)
    assert token.startswith(f"kop_{house.book_id}_")
    assert await bearer_identity(house.database, token, NOON) == (house.treasurer, rules.digest(token))
    assert await bearer_identity(house.database, token, later(days=29, hours=23)) is not None
    assert await bearer_identity(house.database, token, later(days=30)) is None


async def test_the_time_of_a_tokens_last_use_is_written_once_a_minute(house: House) -> None:
    token = await token_of(house)
    query = "SELECT last_used_at FROM api_token"
    assert await column(house, query) == [None]
    for seconds in (0, 30, 50, 61, 90):
        await bearer_identity(house.database, token, later(seconds=seconds))
    assert await column(house, query) == [later(seconds=61)]


async def test_a_token_revoked_elsewhere_is_believed_five_seconds_and_no_more(house: House) -> None:
    token = await token_of(house)
    await bearer_identity(house.database, token, NOON)
    async with house.database.work(house.book_id) as work:
        await revoke_token(work.connection, house.book_id, rules.digest(token), NOON)
        await work.commit()
    assert await bearer_identity(house.database, token, later(seconds=3)) is not None
    assert await bearer_identity(house.database, token, later(seconds=5)) is None
    assert await column(house, "SELECT revoked_at FROM api_token") == [NOON]


async def test_a_token_revoked_here_is_refused_at_once(house: House) -> None:
    token = await token_of(house)
    await bearer_identity(house.database, token, NOON)
    async with house.database.work(house.book_id) as work:
        await revoke_token(work.connection, house.book_id, rules.digest(token), NOON)
        await work.commit()
    verified.forget(rules.digest(token))
    assert await bearer_identity(house.database, token, NOON) is None


async def test_a_token_opens_its_own_book_only(house: House, other_house: House) -> None:
    other = other_house
    session, token = await session_of(house), await token_of(house)
    secret = session.partition(".")[2]
    assert await session_identity(house.database, rules.session_token(other.book_id, secret), NOON) is None
    secret = token.split("_", 2)[2]
    assert await bearer_identity(house.database, rules.api_token(other.book_id, secret), NOON) is None
    # Even the right digest finds nothing from within another book.
    async with house.database.work(other.book_id) as work:
        for table in ("app_user", "app_session", "api_token", "login_throttle"):
            seen = (await work.connection.execute(text(f"SELECT DISTINCT book_id FROM {table}"))).scalars().all()
            assert house.book_id not in seen
        await end_session(work.connection, house.book_id, rules.digest(session))
        await revoke_token(work.connection, house.book_id, rules.digest(token), NOON)
        await work.commit()
    assert await session_identity(house.database, session, NOON) is not None
    assert await bearer_identity(house.database, token, NOON) is not None


async def test_a_token_with_one_sign_changed_opens_nothing(house: House) -> None:
    session, token = await session_of(house), await token_of(house)
    for position in (-1, -20, -43):
        for proof, open_it in ((session, session_identity), (token, bearer_identity)):
            other = "B" if proof[position] != "B" else "C"
            forged = proof[:position] + other + (proof[position + 1 :] if position != -1 else "")
            assert await open_it(house.database, forged, NOON) is None
    # A session is no bearer token, and the other way about.
    assert await bearer_identity(house.database, session, NOON) is None
    assert await session_identity(house.database, token, NOON) is None


def kept(identity: Identity, **left: int) -> Recognised:
    return Recognised(identity, later(**left), due=False)


def test_a_process_remembers_a_bounded_number_of_tokens(somebody: Identity) -> None:
    tokens = VerifiedTokens(at_most=3)
    for number in range(5):
        tokens.keep(bytes([number]), kept(somebody, days=30), NOON)
    remembered = [tokens.get(bytes([number]), NOON) is not None for number in range(5)]
    assert remembered == [False, False, True, True, True]


def test_a_remembered_token_is_not_believed_past_its_expiry(somebody: Identity) -> None:
    tokens = VerifiedTokens()
    tokens.keep(b"a", kept(somebody, seconds=2), NOON)
    assert tokens.get(b"a", later(seconds=1)) == somebody
    assert tokens.get(b"a", later(seconds=2)) is None


def test_a_process_forgets_a_users_tokens(somebody: Identity) -> None:
    tokens = VerifiedTokens()
    tokens.keep(b"a", kept(somebody, days=30), NOON)
    tokens.keep(b"b", kept(somebody, days=30), NOON)
    tokens.forget_user(somebody.book_id, somebody.user_id + 1)
    assert tokens.get(b"a", NOON) == somebody
    tokens.forget_user(somebody.book_id, somebody.user_id)
    assert tokens.get(b"a", NOON) is tokens.get(b"b", NOON) is None


def test_one_request_looks_a_token_up_again_before_it_is_believed_no_longer(somebody: Identity) -> None:
    tokens = VerifiedTokens()
    found = Recognised(somebody, NOON + timedelta(days=1), due=False)
    tokens.keep(b"a", found, NOON)
    soon = NOON + rules.VERIFIED_FOR - rules.RENEWED_BEFORE
    assert not tokens.renews(b"a", soon - timedelta(milliseconds=1))
    assert [tokens.renews(b"a", soon) for _ in range(3)] == [True, False, False]
    assert tokens.get(b"a", soon) == somebody
    tokens.keep(b"a", found, soon)
    assert tokens.get(b"a", NOON + rules.VERIFIED_FOR) == somebody
    assert not tokens.renews(b"b", soon)
    tokens.forget(b"a")
    assert not tokens.renews(b"a", soon + rules.VERIFIED_FOR)
