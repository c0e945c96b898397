from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.members import service as members
from koperasi.permissions import Role
from koperasi.posting import Idempotency
from koperasi.privacy import service as privacy
from koperasi.privacy import service_subject
from koperasi.requests import rules, service
from koperasi.requests.rules import Field, Kind, Status
from koperasi.savings import service as savings
from koperasi.savings.rules import SavingsKind


@pytest.fixture
async def open_page(client, own_village, session_of):
    """Ask for a page, or send its form, as somebody who is logged in."""
    client.cookies.clear()
    page = await client.get("/masuk", follow_redirects=False)
    csrf = re.search(r"csrf=([^;]+)", page.headers["set-cookie"])[1]

    async def asking(path, role=Role.ANGGOTA, data=None):
        headers = {"Cookie": f"{await session_of(own_village, role)}; csrf={csrf}"}
        if data is None:
            answer = await client.get(path, headers=headers, follow_redirects=False)
        else:
            headers["x-csrftoken"] = csrf
            answer = await client.post(path, headers=headers, data=data, follow_redirects=False)
        return answer.status_code, unescape(answer.text), answer

    return asking


@pytest.fixture
async def receipt(database, poster, own_village):
    """Money on the member's free account, and its receipt."""
    book_id = own_village.cooperative.book_id
    async with database.reading(book_id) as connection:
        accounts = await savings.accounts_of(connection, book_id, own_village.member.number)
    free = next(one for one in accounts if one.kind is SavingsKind.WADIAH)
    return await savings.deposit(
        database, poster, own_village.cooperative, account_number=free.number, amount_minor=20_000_000,
        effective_date=None, actor="bendahara", idempotency=Idempotency.of("uji", uuid4().hex),
    )  # fmt: skip


async def latest(database, village, kinds=tuple(Kind)):
    async with database.reading(village.cooperative.book_id) as connection:
        found, _ = await service.inbox(connection, village.cooperative.book_id, kinds=kinds, everything=True)
    return found[0]


async def test_a_withdrawal_is_only_a_wish_until_the_desk_pays_it(open_page, own_village, receipt, database):
    form = {"key": str(uuid4()), "account": receipt.account_number, "amount": "50.000", "words": "Jumat pagi"}
    for wrong in ({"amount": "200.000.000"}, {"amount": "0"}, {"amount": "x"}, {"account": "999999999"}, {"key": "x"}):
        assert (await open_page("/permintaan-saya/penarikan", data={**form, **wrong}))[0] == 422
    status, _, answer = await open_page("/permintaan-saya/penarikan", data=form)
    assert (status, answer.headers["location"]) == (303, "/permintaan-saya?selesai=penarikan")
    await open_page("/permintaan-saya/penarikan", data=form)
    found = await latest(database, own_village)
    assert (found.number, found.amount_minor, found.words) == (1, 5_000_000, "Jumat pagi")
    async with database.reading(own_village.cooperative.book_id) as connection:
        account = await savings.account_by_number(connection, own_village.cooperative.book_id, receipt.account_number)
    assert account.balance_minor == 20_000_000
    _, page, _ = await open_page("/permintaan-saya")
    assert "Jumat pagi" in page
    _, page, _ = await open_page("/permintaan", Role.KASIR)
    assert "Sutinah" in page
    assert '<b class="count">1</b>' in page
    _, page, _ = await open_page(f"/permintaan/{found.number}", Role.KASIR)
    assert f"rekening={receipt.account_number}" in page
    assert (await open_page(f"/aduan/{found.number}", Role.PENGAWAS))[0] == 404
    answer = {"outcome": "done", "words": "Sudah dibayar."}
    assert (await open_page(f"/permintaan/{found.number}/jawab", Role.KASIR, {"outcome": "done"}))[0] == 422
    assert (await open_page(f"/permintaan/{found.number}/jawab", Role.KASIR, {**answer, "outcome": "open"}))[0] == 422
    assert (await open_page(f"/permintaan/{found.number}/jawab", Role.KASIR, answer))[0] == 303
    assert (await open_page(f"/permintaan/{found.number}/jawab", Role.KASIR, answer))[0] == 409
    assert "Sudah dibayar." in (await open_page("/permintaan-saya"))[1]
    assert (await open_page(f"/permintaan-saya/{found.number}/tarik", data={}))[0] == 303
    assert (await latest(database, own_village)).status is Status.DONE


async def test_a_line_is_reported_to_the_supervisors_and_not_to_the_desk(open_page, own_village, receipt, database):
    _, page, _ = await open_page(f"/bukti-saya/{receipt.number}")
    address = f"/permintaan-saya/bukti/{receipt.number}"
    assert address in page
    assert (await open_page(address))[0] == 200
    assert (await open_page(address, data={"key": str(uuid4()), "words": ""}))[0] == 422
    sent = await open_page(address, data={"key": str(uuid4()), "words": "Saya menyetor Rp500.000"})
    assert sent[2].headers["location"] == "/permintaan-saya?selesai=aduan"
    found = await latest(database, own_village, rules.TO_SUPERVISORS)
    assert found.entry_number == receipt.entry_number
    for role in (Role.KASIR, Role.BENDAHARA):
        assert (await open_page("/aduan", role))[0] == 403
        assert (await open_page(f"/permintaan/{found.number}", role))[0] == 404
        assert "Saya menyetor" not in (await open_page("/permintaan?semua=1", role))[1]
    _, page, _ = await open_page(f"/aduan/{found.number}", Role.PENGAWAS)
    assert "Saya menyetor Rp500.000" in page
    assert receipt.number in page
    answer = {"outcome": "declined", "words": "Slip bertanda tangan menunjukkan Rp200.000."}
    assert (await open_page(f"/aduan/{found.number}/jawab", Role.PENGAWAS, answer))[0] == 303
    assert "Slip bertanda tangan" in (await open_page("/permintaan-saya"))[1]
    for number in ("2026-999999", "x", "1"):
        assert (await open_page(f"/permintaan-saya/bukti/{number}x"))[0] == 404
        assert (await open_page(f"/permintaan-saya/bukti/{number}x", data={"key": str(uuid4()), "words": "a"}))[
            0
        ] == 404


async def test_data_are_changed_by_the_desk_alone(open_page, own_village, database):
    form = {"key": str(uuid4()), "field": "phone", "words": "0812 3456 7890"}
    assert (await open_page("/permintaan-saya/data", data={**form, "field": "saldo"}))[0] == 422
    assert (await open_page("/permintaan-saya/data", data={**form, "words": "x" * 501}))[0] == 422
    assert (await open_page("/permintaan-saya/data", data=form))[0] == 303
    found = await latest(database, own_village, [Kind.CHANGE])
    assert found.field is Field.PHONE
    async with database.reading(own_village.cooperative.book_id) as connection:
        member = await members.member_by_number(connection, own_village.cooperative.book_id, own_village.member.number)
    assert member.phone is None
    assert "0812 3456 7890" in (await open_page(f"/permintaan/{found.number}", Role.BENDAHARA))[1]
    assert (await open_page(f"/permintaan-saya/{found.number}/tarik", data={}))[0] == 303
    assert (await latest(database, own_village)).status is Status.WITHDRAWN
    assert (await open_page("/permintaan-saya/999/tarik", data={}))[0] == 404
    for path in ("/permintaan-saya", "/permintaan-saya/penarikan", "/lainnya", "/iuran-saya"):
        assert (await open_page(path))[0] == 200
        assert (await open_page(path, Role.BENDAHARA))[0] == 403


@pytest.fixture
async def asked(database, cooperative):
    """A member of a fresh cooperative who asked for a change."""
    async with database.work(cooperative.book_id) as work:
        member, _ = await members.register(
            work, members.NewMember(name="Siti", joined_on=datetime.now(UTC).date()), actor="uji"
        )
        once = Idempotency.of("web", "satu", "isi")
        made = await service.ask_change(work, member.number, Field.ADDRESS, "Jalan Baru 5", actor="uji", once=once)
        await work.commit()
    return member, made.number


async def test_what_was_asked_is_sealed_and_never_changes(database, cooperative, asked, owner_engine):
    _, number = asked
    async with owner_engine.connect() as connection:
        words = await connection.scalar(
            text("SELECT words FROM member_request_event WHERE book_id = :book"), {"book": cooperative.book_id}
        )
        assert b"Jalan Baru" not in words
    changing = (
        "UPDATE member_request SET kind = 'line' WHERE book_id = :book",
        "UPDATE member_request SET status = 'open' WHERE book_id = :book",
        "DELETE FROM member_request WHERE book_id = :book",
        "UPDATE member_request_event SET actor = 'x' WHERE book_id = :book",
        "DELETE FROM member_request_event WHERE book_id = :book",
    )
    async with owner_engine.connect() as connection:
        for statement in changing:
            with pytest.raises(DBAPIError, match=r"never change|append-only"):
                await connection.execute(text(statement), {"book": cooperative.book_id})
            await connection.rollback()
    async with database.work(cooperative.book_id) as work:
        with pytest.raises(NotFound):
            await service.take_back(work, "99999", number, actor="uji")
        await service.settle(work, number, Status.DONE, "ya", kinds=rules.AT_THE_DESK, actor="uji")
        with pytest.raises(Conflict):
            await service.settle(work, number, Status.DECLINED, "tidak", kinds=rules.AT_THE_DESK, actor="uji")


async def test_a_member_may_not_flood_the_desk_nor_use_a_key_twice(database, cooperative, asked):
    member, _ = asked
    async with database.work(cooperative.book_id) as work:
        again = await service.ask_change(
            work, member.number, Field.ADDRESS, "lain", actor="uji", once=Idempotency.of("web", "satu", "isi")
        )
        assert again.replayed
        with pytest.raises(Refusal, match="idempotency-mismatch"):
            await service.ask_change(
                work, member.number, Field.ADDRESS, "lain", actor="uji", once=Idempotency.of("web", "satu", "lain")
            )
        for _ in range(rules.MOST_OPEN - 1):
            once = Idempotency.of("web", uuid4().hex)
            await service.ask_change(work, member.number, Field.OTHER, "x", actor="uji", once=once)
        with pytest.raises(Refusal, match="too-many-requests-open"):
            await service.ask_change(
                work, member.number, Field.OTHER, "x", actor="uji", once=Idempotency.of("web", uuid4().hex)
            )


async def test_words_go_when_the_member_is_forgotten(database, cooperative, asked):
    member, number = asked
    async with database.reading(cooperative.book_id) as connection:
        known = await service_subject.everything_about(connection, cooperative, member.number, now=datetime.now(UTC))
    assert service_subject.as_json(known)["requests"][0]["said"][0]["words"] == "Jalan Baru 5"
    async with database.work(cooperative.book_id) as work:
        await privacy.request_erasure(work, member.number, actor="uji")
        await service_subject.erase(work, member.number, actor="ketua", today=datetime.now(UTC).date())
        found = (await service.of_member(work.connection, work.book_id, member.number))[0]
    assert (found.number, found.words, found.status) == (number, None, Status.OPEN)
