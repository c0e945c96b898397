from __future__ import annotations

import asyncio
from datetime import date

import pytest
from sqlalchemy import text

from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.members import service
from koperasi.members.model import warnings_of
from koperasi.members.service import Heir, MemberStatus, MigrantStatus, NewMember
from koperasi.posting import Idempotency

JOINED = date(2026, 3, 2)
NIK_MAN = "3602041211870001"
NIK_WOMAN = "3273056010900009"


def person(name: str = "Sutinah", **facts) -> NewMember:
    return NewMember(name=name, joined_on=JOINED, **facts)


async def register(database, cooperative, new: NewMember, key: Idempotency | None = None):
    async with database.work(cooperative.book_id) as work:
        member, replayed = await service.register(work, new, actor="bendahara", request_key=key)
        await work.commit()
    return member, replayed


async def search(database, cooperative, **wanted) -> list[str]:
    async with database.reading(cooperative.book_id) as connection:
        return [one.number for one in await service.search(connection, cooperative.book_id, **wanted)]


async def test_registers_a_person_with_one_name_and_everything_else(database, cooperative):
    new = person(
        " Sutinah ",
        nik="3273 0560 1090 0009",
        phone="0812-3456-7890",
        email="Sutinah@Example.com",
        address="RT 02/RW 05",
        village="Sumberagung",
        migrant_status=MigrantStatus.PMI_AKTIF,
        country="hk",
        external_reference="B-17",
        heirs=(Heir("Slamet", "Suami", "08123456789", 60), Heir("Budi", "Anak", None, 40)),
    )
    member, replayed = await register(database, cooperative, new)
    assert (member.number, replayed) == ("00001", False)
    async with database.reading(cooperative.book_id) as connection:
        read = await service.member_by_number(connection, cooperative.book_id, "00001")
    assert read == member
    assert (read.name, read.nik, read.nik_masked) == ("Sutinah", NIK_WOMAN, "327305******0009")
    assert (read.phone, read.phone_display) == ("+6281234567890", "0812-3456-7890")
    assert (read.sex, read.birth_date) == ("P", date(1990, 10, 20))
    assert (read.email, read.country, read.status) == ("sutinah@example.com", "HK", MemberStatus.ANGGOTA)
    assert [(heir.name, heir.share_percent) for heir in read.heirs] == [("Slamet", 60), ("Budi", 40)]


def test_a_member_in_a_log_shows_nobody():
    shown = repr(person(nik=NIK_WOMAN, phone="+6281234567890", heirs=(Heir("Slamet", "Suami", "+6281234567891"),)))
    assert not {"Sutinah", NIK_WOMAN, "81234567890", "Slamet"} & set(shown.replace("'", " ").split())
    assert NIK_WOMAN not in shown
    assert "812345" not in shown


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("081234567890", "+6281234567890"),
        ("+62 812-3456-7890", "+6281234567890"),
        ("+852 9123 4567", "+85291234567"),
        ("+886 912 345 678", "+886912345678"),
        ("+60 12-345 6789", "+60123456789"),
        ("+65 8123 4567", "+6581234567"),
    ],
)
async def test_phones_at_home_and_abroad(database, cooperative, written, stored):
    member, _ = await register(database, cooperative, person(phone=written))
    assert member.phone == stored


async def test_every_wrong_field_is_named_and_nothing_is_written(database, cooperative):
    wrong = person(
        "12345",
        nik="3273056010900000",
        phone="0123",
        email="nobody",
        country="XX",
        heirs=(Heir("Slamet", "", None, 50),),
    )
    with pytest.raises(Refusal) as refused:
        await register(database, cooperative, wrong)
    codes = {problem.field: problem.code for problem in refused.value.errors}
    assert refused.value.code == "member-invalid"
    assert codes == {
        "name": "name-letters",
        "nik": "serial-zero",
        "phone": "phone-not-mobile",
        "email": "email-format",
        "country": "country-unknown",
        "heirs.0.relation": "empty",
        "heirs": "heir-shares",
    }
    assert await search(database, cooperative) == []


def test_a_birth_date_that_differs_from_the_nik_is_a_warning():
    stated = person(nik=NIK_MAN, birth_date=date(1987, 11, 13), sex="P")
    assert {warning.code for warning in warnings_of(stated)} == {"nik-birth-date", "nik-sex"}
    assert warnings_of(person()) == ()


async def test_a_nik_belongs_to_one_member_of_a_cooperative(database, cooperative, other_cooperative):
    first, _ = await register(database, cooperative, person(nik=NIK_WOMAN))
    with pytest.raises(Conflict) as refused:
        await register(database, cooperative, person("Tini", nik=NIK_WOMAN))
    assert (refused.value.code, refused.value.params) == ("nik-taken", {"number": first.number})
    elsewhere, _ = await register(database, other_cooperative, person(nik=NIK_WOMAN))
    assert elsewhere.number == "00001"


async def test_of_many_who_register_one_nik_at_once_one_succeeds(database, cooperative):
    outcomes = await asyncio.gather(
        *(register(database, cooperative, person(f"Orang {letter}", nik=NIK_WOMAN)) for letter in "abcdefgh"),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, tuple) for outcome in outcomes) == 1
    assert {outcome.code for outcome in outcomes if isinstance(outcome, Refusal)} == {"nik-taken"}
    assert len(await search(database, cooperative)) == 1


async def test_the_same_request_registers_once_also_at_the_same_time(database, cooperative):
    key = Idempotency.of("api", "k 1".replace(" ", "-"), "body")
    outcomes = await asyncio.gather(*(register(database, cooperative, person(), key) for _ in range(6)))
    assert {member.number for member, _ in outcomes} == {"00001"}
    assert sum(not replayed for _, replayed in outcomes) == 1
    longer = await register(database, cooperative, person("Tini"), Idempotency.of("api", "k-11", "body"))
    assert longer[1] is False
    with pytest.raises(Refusal, match="idempotency-mismatch"):
        await register(database, cooperative, person("Tini"), Idempotency.of("api", "k-1", "another body"))


async def test_search_by_number_name_and_phone(database, cooperative):
    for name, phone in [
        ("Siti Nurhasanah", "081234567890"),
        ("Andi Siswanto", "+85291234567"),
        ("Désirée Wulandari", None),
        ("100% Jujur", None),
    ]:
        await register(database, cooperative, person(name, phone=phone))
    assert await search(database, cooperative) == ["00001", "00002", "00003", "00004"]
    assert await search(database, cooperative, text="si") == ["00001", "00002"]
    assert await search(database, cooperative, text="  SISWANTO ") == ["00002"]
    assert await search(database, cooperative, text="iswanto") == []
    assert await search(database, cooperative, text="desiree w") == ["00003"]
    assert await search(database, cooperative, text="3") == ["00003"]
    assert await search(database, cooperative, text="00004") == ["00004"]
    for whole in ("081234567890", "+62 812-3456-7890", "6281234567890", "81234567890", "7890"):
        assert await search(database, cooperative, text=whole) == ["00001"], whole
    for whole in ("+852 9123 4567", "85291234567", "4567"):
        assert await search(database, cooperative, text=whole) == ["00002"], whole
    for part in ("0812", "+852 9123", "567890", "890", "+62"):
        assert await search(database, cooperative, text=part) == [], part
    assert await search(database, cooperative, text="%") == []
    assert await search(database, cooperative, text="_") == []
    assert await search(database, cooperative, after="00002", limit=1) == ["00003"]


async def test_search_filters_by_status_and_migrant_status(database, cooperative):
    await register(database, cooperative, person(migrant_status=MigrantStatus.PMI_AKTIF))
    await register(database, cooperative, person(status=MemberStatus.PEMOHON))
    assert await search(database, cooperative, migrant_status=MigrantStatus.PMI_AKTIF) == ["00001"]
    assert await search(database, cooperative, status=MemberStatus.PEMOHON) == ["00002"]


async def test_the_hundred_thousandth_member_comes_last(database, cooperative, owner_engine):
    async with owner_engine.begin() as connection:
        await connection.execute(
            text("INSERT INTO number_series (book_id, series, last) VALUES (:book, 'member', 99998)"),
            {"book": cooperative.book_id},
        )
    for _ in range(2):
        await register(database, cooperative, person())
    assert await search(database, cooperative) == ["99999", "100000"]
    assert await search(database, cooperative, after="99999") == ["100000"]


async def test_change_and_leave(database, cooperative):
    first, _ = await register(database, cooperative, person(nik=NIK_MAN, heirs=(Heir("Slamet", "Suami"),)))
    second, _ = await register(database, cooperative, person("Tini"))

    async def change(number: str, **changes):
        async with database.work(cooperative.book_id) as work:
            changed = await service.change(work, number, changes, actor="bendahara")
            await work.commit()
        return changed

    changed = await change(
        first.number, name="Sutinah binti Slamet", heirs=(Heir("Budi", "Anak"),), phone="0812-3456-7890"
    )
    async with database.reading(cooperative.book_id) as connection:
        assert await service.member_by_number(connection, cooperative.book_id, first.number) == changed
    assert (changed.name, changed.phone, changed.nik) == ("Sutinah binti Slamet", "+6281234567890", NIK_MAN)
    assert [heir.name for heir in changed.heirs] == ["Budi"]
    assert await search(database, cooperative, text="binti") == [first.number]
    with pytest.raises(Conflict, match="nik-taken"):
        await change(second.number, nik=NIK_MAN)
    with pytest.raises(Refusal, match="member-status"):
        await change(second.number, status=MemberStatus.KELUAR)
    with pytest.raises(NotFound):
        await change("99999", name="Siapa")


async def test_many_at_once(database, cooperative):
    news = [person(f"Anggota {letter}", external_reference=f"X-{letter}") for letter in "abc"]
    async with database.work(cooperative.book_id) as work:
        members = await service.register_many(work, [*news, person("Tini", nik=NIK_WOMAN)], actor="impor")
        await work.commit()
    assert [one.number for one in members] == ["00001", "00002", "00003", "00004"]
    async with database.reading(cooperative.book_id) as connection:
        book = cooperative.book_id
        by_nik = await service.find_by_nik(connection, book, [NIK_WOMAN, NIK_MAN])
        by_reference = await service.find_by_external_reference(connection, book, ["X-b", "X-z"])
        by_number = await service.find_by_numbers(connection, book, ["00003", "7"])
    assert {key: one.number for key, one in by_nik.items()} == {NIK_WOMAN: "00004"}
    assert {key: one.number for key, one in by_reference.items()} == {"X-b": "00002"}
    assert set(by_number) == {"00003"}
    async with database.work(cooperative.book_id) as work:
        with pytest.raises(Conflict, match="nik-taken"):
            await service.register_many(work, [person(nik=NIK_MAN), person(nik=NIK_MAN)], actor="impor")
    async with database.work(cooperative.book_id) as work:
        with pytest.raises(Refusal) as refused:
            await service.register_many(work, [person(), person("!")], actor="impor")
    assert [problem.field for problem in refused.value.errors] == ["1.name"]


async def test_another_book_sees_nobody(database, cooperative, other_cooperative):
    member, _ = await register(database, cooperative, person(nik=NIK_WOMAN))
    async with database.reading(other_cooperative.book_id) as connection:
        # Even when asked by the book's own number: row-level security answers, not the query.
        with pytest.raises(NotFound):
            await service.member_by_number(connection, cooperative.book_id, member.number)
        assert await service.search(connection, cooperative.book_id) == []
        assert await service.find_by_nik(connection, cooperative.book_id, [NIK_WOMAN]) == {}
    async with database.work(other_cooperative.book_id) as work:
        with pytest.raises(NotFound):
            await service.change(work, member.number, {"name": "Orang lain"}, actor="x")
