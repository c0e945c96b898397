"""Groups in a real database: their account, their officers, who came and who went."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

import ledger
from koperasi.cooperatives.service import Cooperative, account_code
from koperasi.db import Database
from koperasi.errors import Conflict, NotFound, Refusal
from koperasi.groups import service
from koperasi.groups.service import Changes, Filter, Group, GroupRole, GroupStatus, NewGroup, Sector
from koperasi.members.service import MigrantStatus
from koperasi.posting import Idempotency

TODAY = date(2026, 11, 25)
TOMORROW = TODAY + timedelta(days=1)

Hamlet = tuple[Cooperative, list[str]]


async def register(
    database: Database,
    cooperative: Cooperative,
    name: str = "Kelompok Melati",
    *,
    village: str = "Sumberagung",
    sector: str = "C",
    founded_on: date = date(2024, 3, 1),
    officers: dict[GroupRole, str] | None = None,
    key: Idempotency | None = None,
) -> tuple[Group, bool]:
    async with database.work(cooperative.book_id) as work:
        new = NewGroup(name, village, sector, founded_on, officers or {})
        found = await service.register(work, cooperative, new, actor="dewi", today=TODAY, idempotency=key)
        await work.commit()
    return found


async def add(
    database: Database, group: Group, cooperative: Cooperative, member: str, role: GroupRole, on: date = TODAY
) -> None:
    async with database.work(cooperative.book_id) as work:
        await service.add_member(work, group.number, member, role, actor="dewi", today=on)
        await work.commit()


async def remove(database: Database, group: Group, cooperative: Cooperative, member: str, on: date = TODAY) -> None:
    async with database.work(cooperative.book_id) as work:
        await service.remove_member(work, group.number, member, today=on)
        await work.commit()


async def change(database: Database, group: Group, cooperative: Cooperative, changes: Changes) -> Group:
    async with database.work(cooperative.book_id) as work:
        changed = await service.change(work, group.number, changes, today=TODAY)
        await work.commit()
    return changed


async def read(database: Database, group: Group, cooperative: Cooperative) -> Group:
    async with database.reading(cooperative.book_id) as connection:
        return await service.group_by_number(connection, cooperative.book_id, group.number)


async def names(database: Database, cooperative: Cooperative, wanted: Filter) -> list[str]:
    async with database.reading(cooperative.book_id) as connection:
        page = await service.find_groups(connection, cooperative.book_id, wanted)
    return [group.name for group in page.groups]


async def test_a_group_has_its_account_from_the_first_day(database: Database, hamlet: Hamlet) -> None:
    cooperative, numbers = hamlet
    group, replayed = await register(
        database, cooperative, officers={GroupRole.KETUA: numbers[0], GroupRole.BENDAHARA: numbers[1]}
    )
    assert (group.number, replayed) == ("K0001", False)
    assert (await read(database, group, cooperative)) == group
    assert {role: one.member.name for role, one in group.officers.items()} == {
        GroupRole.KETUA: "Sutinah",
        GroupRole.BENDAHARA: "Ni Luh Sari",
    }
    assert group.by_migrant_status == {MigrantStatus.PMI_AKTIF: 1, MigrantStatus.PURNA_PMI: 1}
    control = account_code(cooperative.kind, "groups.funds")
    assert group.account_code == f"{control}.K0001"
    async with database.reading(cooperative.book_id) as connection:
        account = await ledger.account_by_code(connection, cooperative.book_id, group.account_code)
    assert (account.balance, account.floor, account.opened_on) == (0, 0, date(2024, 3, 1))
    assert group.name not in account.name_id + account.name_en


async def test_the_balance_comes_from_the_ledger(database: Database, poster: ledger.Poster, hamlet: Hamlet) -> None:
    cooperative, _ = hamlet
    group, _ = await register(database, cooperative)
    async with database.reading(cooperative.book_id) as connection:
        codes = [account_code(cooperative.kind, "cash.teller"), group.account_code]
        accounts = {one.code: one for one in await ledger.find_accounts(connection, cooperative.book_id, codes)}
    cash, funds = (accounts[code].account_id for code in codes)
    draft = ledger.Draft(
        cooperative.book_id,
        TODAY,
        "journal",
        "Dana kelompok K0001",
        "dewi",
        (ledger.Line(cash, 250_000_00), ledger.Line(funds, -250_000_00)),
        key="test:group-funds",
    )
    assert isinstance(await poster.post(draft), ledger.Posted)
    assert (await read(database, group, cooperative)).balance_minor == 250_000_00
    with pytest.raises(Refusal) as refused:
        await change(database, group, cooperative, Changes(status=GroupStatus.BUBAR))
    assert refused.value.code == "group-has-funds"
    assert (await read(database, group, cooperative)).status is GroupStatus.AKTIF


async def test_all_that_is_wrong_is_said_at_once(database: Database, hamlet: Hamlet) -> None:
    cooperative, numbers = hamlet
    with pytest.raises(Refusal) as refused:
        await register(
            database,
            cooperative,
            "12",
            village="",
            sector="Z",
            founded_on=TOMORROW,
            officers={GroupRole.KETUA: "99999", GroupRole.SEKRETARIS: numbers[4], GroupRole.BENDAHARA: "\x00"},
        )
    assert {error.field: error.code for error in refused.value.errors} == {
        "name": "too-short",
        "village": "empty",
        "sector": "sector-unknown",
        "founded_on": "date-future",
        "ketua": "member-unknown",
        "sekretaris": "member-not-active",
        "bendahara": "member-unknown",
    }
    assert await names(database, cooperative, Filter()) == []
    async with database.reading(cooperative.book_id) as connection:
        chart = await ledger.chart(connection, cooperative.book_id)
    assert not [one.code for one in chart if one.code.endswith("K0001")]


async def test_nobody_holds_two_offices(database: Database, hamlet: Hamlet) -> None:
    cooperative, numbers = hamlet
    with pytest.raises(Refusal) as refused:
        await register(database, cooperative, officers={GroupRole.KETUA: numbers[0], GroupRole.BENDAHARA: numbers[0]})
    assert [(error.field, error.code) for error in refused.value.errors] == [("bendahara", "officer-twice")]


async def test_a_name_stands_once_in_a_village(database: Database, hamlet: Hamlet) -> None:
    cooperative, _ = hamlet
    await register(database, cooperative)
    with pytest.raises(Conflict, match="group-exists"):
        await register(database, cooperative, "kelompok  MELATI")
    other, _ = await register(database, cooperative, village="Sumberejo")
    assert other.number == "K0002"
    with pytest.raises(Conflict, match="group-exists"):
        await change(database, other, cooperative, Changes(village="Sumberagung"))


async def test_the_same_request_registers_once(database: Database, hamlet: Hamlet) -> None:
    cooperative, _ = hamlet
    key = Idempotency.of("api", "one", "body")
    both = await asyncio.gather(*(register(database, cooperative, key=key) for _ in range(4)))
    assert {group.number for group, _ in both} == {both[0][0].number}
    assert sorted(replayed for _, replayed in both) == [False, True, True, True]
    with pytest.raises(Refusal, match="idempotency-mismatch"):
        await register(database, cooperative, "Kelompok Lain", key=Idempotency.of("api", "one", "other body"))
    # A key that only begins alike is another key.
    await register(database, cooperative, "Kelompok Mawar", key=Idempotency.of("api", "on", "body"))
    assert await names(database, cooperative, Filter()) == ["Kelompok Mawar", "Kelompok Melati"]


async def test_members_come_go_and_come_back(database: Database, hamlet: Hamlet) -> None:
    cooperative, numbers = hamlet
    group, _ = await register(database, cooperative)
    await add(database, group, cooperative, numbers[0], GroupRole.ANGGOTA)
    with pytest.raises(Conflict, match="group-member-exists"):
        await add(database, group, cooperative, numbers[0], GroupRole.KETUA)
    await remove(database, group, cooperative, numbers[0])
    with pytest.raises(NotFound):
        await remove(database, group, cooperative, numbers[0])
    # Back on the same day, that membership goes on, in another role.
    await add(database, group, cooperative, numbers[0], GroupRole.KETUA)
    now = await read(database, group, cooperative)
    assert [(one.role, one.joined_on, one.left_on) for one in now.memberships] == [(GroupRole.KETUA, TODAY, None)]
    await remove(database, group, cooperative, numbers[0], on=TOMORROW)
    later = TOMORROW + timedelta(days=30)
    await add(database, group, cooperative, numbers[0], GroupRole.ANGGOTA, on=later)
    now = await read(database, group, cooperative)
    assert [(one.role, one.joined_on) for one in now.members] == [(GroupRole.ANGGOTA, later)]
    assert [(one.role, one.joined_on, one.left_on) for one in now.former] == [(GroupRole.KETUA, TODAY, TOMORROW)]


async def test_nobody_leaves_before_they_came(database: Database, hamlet: Hamlet) -> None:
    cooperative, numbers = hamlet
    group, _ = await register(database, cooperative)
    await add(database, group, cooperative, numbers[0], GroupRole.ANGGOTA)
    await remove(database, group, cooperative, numbers[0], on=TODAY - timedelta(days=3))
    assert [one.left_on for one in (await read(database, group, cooperative)).former] == [TODAY]


async def test_an_office_has_one_holder_whoever_asks_at_once(database: Database, hamlet: Hamlet) -> None:
    cooperative, numbers = hamlet
    group, _ = await register(database, cooperative)
    outcomes = await asyncio.gather(
        *(add(database, group, cooperative, number, GroupRole.KETUA) for number in numbers[:4]), return_exceptions=True
    )
    assert sum(outcome is None for outcome in outcomes) == 1
    assert {outcome.code for outcome in outcomes if isinstance(outcome, Conflict)} == {"officer-taken"}
    await remove(database, group, cooperative, (await read(database, group, cooperative)).members[0].member.number)
    await add(database, group, cooperative, numbers[1], GroupRole.KETUA)
    assert len((await read(database, group, cooperative)).members) == 1


@pytest.mark.parametrize("member", ["99999", "\x00", "K0001"])
async def test_strangers_cannot_join(database: Database, hamlet: Hamlet, member: str) -> None:
    cooperative, _ = hamlet
    group, _ = await register(database, cooperative)
    with pytest.raises(NotFound):
        await add(database, group, cooperative, member, GroupRole.ANGGOTA)
    with pytest.raises(NotFound):
        await remove(database, group, cooperative, member)


async def test_only_active_members_join(database: Database, hamlet: Hamlet) -> None:
    cooperative, numbers = hamlet
    group, _ = await register(database, cooperative)
    with pytest.raises(Refusal, match="member-not-active"):
        await add(database, group, cooperative, numbers[4], GroupRole.ANGGOTA)


@pytest.mark.parametrize("number", ["K0009", "K1", "", "\x00", "k0001"])
async def test_unknown_groups(database: Database, hamlet: Hamlet, number: str) -> None:
    cooperative, _ = hamlet
    await register(database, cooperative)
    async with database.work(cooperative.book_id) as work:
        with pytest.raises(NotFound):
            await service.group_by_number(work.connection, cooperative.book_id, number)
        with pytest.raises(NotFound):
            await service.change(work, number, Changes(name="Kelompok Baru"), today=TODAY)


async def test_changes_what_is_named_and_nothing_else(database: Database, hamlet: Hamlet) -> None:
    cooperative, numbers = hamlet
    group, _ = await register(database, cooperative, officers={GroupRole.KETUA: numbers[0]})
    assert await change(database, group, cooperative, Changes()) == group
    changed = await change(
        database, group, cooperative, Changes(name=" Kelompok  Mawar ", status=GroupStatus.TIDAK_AKTIF)
    )
    assert (changed.name, changed.status) == ("Kelompok Mawar", GroupStatus.TIDAK_AKTIF)
    assert (changed.village, changed.sector, changed.memberships) == (group.village, group.sector, group.memberships)
    assert await names(database, cooperative, Filter(text="mawar")) == ["Kelompok Mawar"]
    with pytest.raises(Refusal) as refused:
        await change(database, group, cooperative, Changes(name="??", sector="Q"))
    assert [error.field for error in refused.value.errors] == ["name", "sector"]


async def test_a_dissolved_group_stays_as_it_was(database: Database, hamlet: Hamlet) -> None:
    cooperative, numbers = hamlet
    group, _ = await register(database, cooperative, officers={GroupRole.KETUA: numbers[0]})
    assert (await change(database, group, cooperative, Changes(status=GroupStatus.BUBAR))).status is GroupStatus.BUBAR
    for attempt in (
        change(database, group, cooperative, Changes(status=GroupStatus.AKTIF)),
        add(database, group, cooperative, numbers[1], GroupRole.ANGGOTA),
        remove(database, group, cooperative, numbers[0]),
    ):
        with pytest.raises(Refusal, match="group-dissolved"):
            await attempt
    async with database.reading(cooperative.book_id) as connection:
        account = await ledger.account_by_code(connection, cooperative.book_id, group.account_code)
    assert account.closed_on == TODAY


async def test_filters(database: Database, hamlet: Hamlet) -> None:
    cooperative, numbers = hamlet
    melati, _ = await register(database, cooperative, officers={GroupRole.KETUA: numbers[0]})
    await register(database, cooperative, "Tani 100% Maju", village="Sumberejo", sector="A")
    resting, _ = await register(database, cooperative, "Anyaman", village="Sumberejo")
    await change(database, resting, cooperative, Changes(status=GroupStatus.TIDAK_AKTIF))
    for wanted, expected in (
        (Filter(), ["Anyaman", "Kelompok Melati", "Tani 100% Maju"]),
        (Filter(text="MELA"), ["Kelompok Melati"]),
        (Filter(text="k0002"), ["Tani 100% Maju"]),
        (Filter(text="0%"), ["Tani 100% Maju"]),
        (Filter(text="_"), []),
        (Filter(text="\x00"), ["Anyaman", "Kelompok Melati", "Tani 100% Maju"]),
        (Filter(village="sumberejo"), ["Anyaman", "Tani 100% Maju"]),
        (Filter(sector=Sector.MANUFACTURING), ["Anyaman", "Kelompok Melati"]),
        (Filter(status=GroupStatus.TIDAK_AKTIF), ["Anyaman"]),
        (Filter(member=numbers[0]), ["Kelompok Melati"]),
        (Filter(member=numbers[0], village="Sumberejo"), []),
    ):
        assert await names(database, cooperative, wanted) == expected, wanted
    await remove(database, melati, cooperative, numbers[0])
    assert await names(database, cooperative, Filter(member=numbers[0])) == []
    async with database.reading(cooperative.book_id) as connection:
        assert await service.villages(connection, cooperative.book_id) == ["Sumberagung", "Sumberejo"]


async def test_pages_follow_each_other_without_gap(database: Database, hamlet: Hamlet) -> None:
    cooperative, _ = hamlet
    for number in range(7):
        await register(database, cooperative, "Kelompok Sama", village=f"Desa {chr(65 + number)}")
    seen: list[str] = []
    after = None
    async with database.reading(cooperative.book_id) as connection:
        for expected in (3, 3, 1):
            page = await service.find_groups(connection, cooperative.book_id, Filter(), after=after, limit=3)
            assert len(page.groups) == expected
            seen += [group.number for group in page.groups]
            after = page.next_after
    assert (seen, after) == ([f"K000{number}" for number in range(1, 8)], None)


async def test_whom_somebody_may_mean(database: Database, hamlet: Hamlet) -> None:
    cooperative, numbers = hamlet
    async with database.reading(cooperative.book_id) as connection:

        async def found(text: str) -> list[str]:
            return [one.number for one in await service.candidates(connection, cooperative.book_id, text)]

        assert await found("sutinah") == [numbers[0], numbers[3]]
        assert await found("Fauzi") == [numbers[2]]
        assert await found(numbers[4]) == [numbers[4]]
        assert await found("budi") == []
        assert await found(" ") == []
        assert await found("\x00") == []


async def test_another_cooperative_sees_nothing(database: Database, hamlet: Hamlet, book: int) -> None:
    cooperative, _ = hamlet
    group, _ = await register(database, cooperative)
    async with database.reading(book) as connection:
        assert (await service.find_groups(connection, cooperative.book_id, Filter())).groups == []
        with pytest.raises(NotFound):
            await service.group_by_number(connection, cooperative.book_id, group.number)
