"""Nothing personal lies in the database to be read, moved or guessed."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import date

import pytest
from sqlalchemy import text

from koperasi.db import SEALED
from koperasi.imports import service as imports
from koperasi.imports.service import ImportKind
from koperasi.members import service as members
from koperasi.members.service import NewMember
from koperasi.posting import Idempotency
from koperasi.privacy import keys, service, service_rotation
from koperasi.privacy.crypto import SealBrokenError
from koperasi.privacy.keys import KeyRing, KeysMissing
from koperasi.tables import metadata

from ..imports.support import MEMBERS, bring
from .conftest import NIK, NOW, PHONE, PLANTED


async def everything_in(superuser_engine, book_id: int) -> str:
    """Every row of a book as text; bytes both in hexadecimal and as the letters they may be."""
    found = []
    async with superuser_engine.connect() as connection:
        for table in (name for name, table in metadata.tables.items() if "book_id" in table.c):
            rows = await connection.execute(text(f"SELECT * FROM {table} WHERE book_id = {book_id}"))
            for row in rows:
                values = [value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in row]
                found.append(" ".join(values))
    return "\n".join(found)


async def test_a_dump_of_the_database_names_no_number_and_no_heir(database, superuser_engine, cooperative, person):
    data = f"Nama;NIK;No HP;Alamat\nTini;5202014107800001;081299998888;{PLANTED[3]}\n".encode()
    await imports.upload(
        database, cooperative, data=data, filename="a.csv", kind=ImportKind.MEMBERS.value, actor="bendahara", now=NOW
    )
    lying = await everything_in(superuser_engine, cooperative.book_id)
    assert "Sutinah" in lying, "the search by names needs them"
    assert [planted for planted in (*PLANTED, "5202014107800001", "81299998888") if planted in lying] == []


def test_every_sealed_column_is_known_to_rotation():
    named = {
        f"{table.name}.{column.name}"
        for table, columns in service_rotation.sealed_columns().items()
        for column in columns
    }
    assert named == {
        *(f"member.{column}" for column in ("nik", "birth_date", "phone", "email", "address")),
        *(
            "member_heir.name",
            "member_heir.phone",
            "member_exit_part.name",
            "member_request_event.words",
            "entry_comment.words",
            "import_batch.content",
            "erasure_request.answer",
            "app_user.totp_secret",
        ),
    }
    assert all(
        isinstance(column.info[SEALED], int) for table in metadata.tables.values() for column in table.c if column.info
    )


async def test_a_file_that_was_posted_is_let_go(database, superuser_engine, cooperative):
    await bring(database, cooperative, "members", MEMBERS)
    async with superuser_engine.connect() as connection:
        kept = await connection.scalars(text(f"SELECT content FROM import_batch WHERE book_id = {cooperative.book_id}"))
        assert kept.all() == [b""]
    async with database.reading(cooperative.book_id) as connection:
        assert (await members.find_by_nik(connection, cooperative.book_id, ["5202014107800001"])).keys()


@pytest.mark.parametrize("column", ["nik", "phone", "address"])
async def test_a_value_moved_to_another_member_does_not_open(database, superuser_engine, cooperative, person, column):
    async with database.work(cooperative.book_id) as work:
        other, _ = await members.register(work, NewMember(name="Tini", joined_on=date(2024, 1, 2)), actor="bendahara")
        await work.commit()
    async with superuser_engine.begin() as connection:
        digest = f", {column}_digest = '\\x01'" if column != "address" else ""
        await connection.execute(
            text(
                f"UPDATE member SET {column} = (SELECT {column} FROM member WHERE book_id = :book AND number = :mine)"
                f"{digest} WHERE book_id = :book AND number = :other"
            ),
            {"book": cooperative.book_id, "mine": person.number, "other": other.number},
        )
    try:
        async with database.reading(cooperative.book_id) as connection:
            with pytest.raises(SealBrokenError):
                await members.member_by_number(connection, cooperative.book_id, other.number)
    finally:
        async with superuser_engine.begin() as connection:
            more = f", {column}_digest = NULL" if column != "address" else ""
            await connection.execute(
                text(f"UPDATE member SET {column} = NULL{more} WHERE book_id = :book AND number = :other"),
                {"book": cooperative.book_id, "other": other.number},
            )


async def test_the_same_number_has_another_digest_in_every_book(
    database, superuser_engine, cooperative, other_village, person
):
    book = other_village.cooperative.book_id
    async with database.work(book) as work:
        await members.register(
            work, NewMember(name="Tini", joined_on=date(2024, 3, 1), nik=NIK, phone=PHONE), actor="x"
        )
        await work.connection.execute(text("SELECT 1"))
        digests = await work.connection.execute(text("SELECT nik_digest, phone_digest, phone_end_digest FROM member"))
        theirs = {value for row in digests for value in row if value}
    async with superuser_engine.connect() as connection:
        row = (
            await connection.execute(
                text("SELECT nik_digest, phone_digest, phone_end_digest FROM member WHERE book_id = :book"),
                {"book": cooperative.book_id},
            )
        ).one()
    assert len(set(row)) == 3
    assert not theirs & set(row)


async def test_the_fingerprint_of_a_registration_can_not_be_tried(database, superuser_engine, cooperative):
    key = Idempotency.of("web", "kunci-1", "Tini", NIK)
    async with database.work(cooperative.book_id) as work:
        new = NewMember(name="Tini", joined_on=date(2024, 1, 2), nik=NIK)
        await members.register(work, new, actor="bendahara", request_key=key)
        await work.commit()
    lying = await everything_in(superuser_engine, cooperative.book_id)
    assert key.fingerprint.hex() not in lying
    assert hashlib.sha256(NIK.encode()).hexdigest() not in lying


# --- Rotation --------------------------------------------------------------------------------------------------------


@pytest.fixture
def ring():
    """The run's own keys; tests only ever add to them."""
    return service.ring()


async def test_rotation_seals_all_anew_while_everything_stays_readable(database, cooperative, person, ring):
    await service_rotation.rotate(database, ring, now=NOW)
    before = keys.read(ring.path)
    new = (await service_rotation.rotate(database, ring, now=NOW)).key
    after = keys.read(ring.path)
    assert after.current == new
    assert new not in before.keys
    assert after.leaving == ()
    uses = await service_rotation.uses(database, ring)
    assert [key_id for key_id, count in uses.items() if count] == [new.key_id]
    async with database.reading(cooperative.book_id) as connection:
        assert await members.member_by_number(connection, cooperative.book_id, person.number) == person
        assert set(await members.find_by_nik(connection, cooperative.book_id, [NIK])) == {NIK}
        assert [one.number for one in await members.search(connection, cooperative.book_id, text=PHONE)] == ["00001"]


async def test_a_rotation_that_was_broken_off_goes_on(database, cooperative, person, ring):
    class PowerCutError(Exception):
        pass

    def cut(what: str, rows: int) -> None:
        if rows:
            raise PowerCutError(what)

    with pytest.raises(PowerCutError):
        await service_rotation.rotate(database, ring, now=NOW, on_progress=cut)
    half = keys.read(ring.path)
    assert len(half.leaving) == 1
    uses = await service_rotation.uses(database, ring)
    assert uses[half.current.key_id]
    assert uses[half.leaving[0].key_id]
    async with database.reading(cooperative.book_id) as connection:
        assert await members.member_by_number(connection, cooperative.book_id, person.number) == person
    finished = (await service_rotation.rotate(database, ring, now=NOW)).key
    assert finished.key_id == half.current.key_id, "no third key for the same rotation"
    assert keys.read(ring.path).leaving == ()


async def test_what_is_written_with_the_old_key_meanwhile_is_not_lost(database, cooperative, ring):
    slow = KeyRing(ring.path).cipher  # of a process that has not looked yet
    old = slow.prefix
    await service_rotation.rotate(database, ring, now=NOW)
    async with database.work(cooperative.book_id) as work:
        member, _ = await members.register(
            work, NewMember(name="Tini", joined_on=date(2024, 1, 2), address="RT 01"), actor="bendahara"
        )
        place = service.Place("member", "address", cooperative.book_id, member.number)
        await work.connection.execute(
            text("UPDATE member SET address = :sealed WHERE number = :number"),
            {"sealed": slow.seal(b"RT 09", place), "number": member.number},
        )
        await work.commit()
    uses = await service_rotation.uses(database, ring)
    assert uses[old[1:].hex()] == 1
    with pytest.raises(Exception, match="key-in-use"):
        await service_rotation.forget(database, ring, old[1:].hex())
    await service_rotation.rotate(database, ring, now=NOW)
    async with database.reading(cooperative.book_id) as connection:
        assert (await members.member_by_number(connection, cooperative.book_id, member.number)).address == "RT 09"


async def test_one_damaged_value_does_not_keep_the_others_under_the_old_key(database, cooperative, person, ring):
    await service_rotation.rotate(database, ring, now=NOW)
    place = service.Place("member", "address", cooperative.book_id, person.number)
    change = text("UPDATE member SET address = :sealed WHERE number = :number")

    async def put(sealed: bytes | None) -> None:
        async with database.work(cooperative.book_id) as work:
            await work.connection.execute(change, {"sealed": sealed, "number": person.number})
            await work.commit()

    await put(ring.cipher.seal(b"RT 02", place._replace(row="00002")))
    try:
        rotated = await service_rotation.rotate(database, ring, now=NOW)
        assert (rotated.damaged, rotated.complete) == ([place], False)
        assert len(keys.read(ring.path).leaving) == 1
        async with database.reading(cooperative.book_id) as connection:
            assert set(await members.find_by_nik(connection, cooperative.book_id, [NIK])) == {NIK}
    finally:
        await put(None)
    assert (await service_rotation.rotate(database, ring, now=NOW)).complete


async def test_rotation_while_people_work(database, cooperative, person, ring):
    async def change(n: int) -> None:
        async with database.work(cooperative.book_id) as work:
            await members.change(work, person.number, {"address": f"RT {n}"}, actor="x")
            await work.commit()

    await asyncio.gather(service_rotation.rotate(database, ring, now=NOW), *(change(n) for n in range(12)))
    async with database.reading(cooperative.book_id) as connection:
        read = await members.member_by_number(connection, cooperative.book_id, person.number)
    assert read.address in {f"RT {n}" for n in range(12)}
    assert (read.nik, read.heirs) == (person.nik, person.heirs)


async def test_a_forgotten_key_is_gone_and_one_in_use_is_not_forgotten(database, person, ring):
    await service_rotation.rotate(database, ring, now=NOW)
    retired = [key for key in keys.read(ring.path).keys if key.retired_at]
    await service_rotation.forget(database, ring, retired[0].key_id)
    assert retired[0] not in keys.read(ring.path).keys
    for key_id in (keys.read(ring.path).current.key_id, "00000000"):
        with pytest.raises(Exception, match="key-in-use"):
            await service_rotation.forget(database, ring, key_id)


async def test_without_its_keys_an_installation_refuses_and_makes_no_new_ones(tmp_path, cooperative):
    known = service.ring().path
    try:
        service.use(tmp_path / "keys.json")
        with pytest.raises(KeysMissing) as refused:
            service.ensure_keys(first=False)
        assert refused.value.status == 503
        assert not (tmp_path / "keys.json").exists()
        service.ensure_keys(first=True)
        assert (tmp_path / "keys.json").exists()
    finally:
        service.use(known)
