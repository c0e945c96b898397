"""What the register knows of a group and of those who are in it, and how it refuses. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from koperasi.errors import FieldError, NotFound, Refusal
from koperasi.groups.rules import GroupRole, GroupStatus, Sector
from koperasi.i18n import N_
from koperasi.members.service import Member, MemberStatus, MigrantStatus

OFFICES = tuple(role for role in GroupRole if role.is_officer)

NOT_ACTIVE = N_("Hanya anggota aktif yang dapat masuk kelompok.")
UNKNOWN_MEMBER = N_("Anggota dengan nomor ini tidak ada.")


@dataclass(frozen=True)
class NewGroup:
    """What it takes to register a group. ``officers`` are member numbers by their office."""

    name: str
    village: str
    sector: str
    founded_on: date
    officers: Mapping[GroupRole, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Changes:
    """What may change about a group; ``None`` stays as it is."""

    name: str | None = None
    village: str | None = None
    sector: str | None = None
    status: GroupStatus | None = None


@dataclass(frozen=True)
class Filter:
    """Which groups to list; what is left empty leaves nothing out. ``member`` is the number of one who is in them."""

    text: str = ""
    village: str = ""
    sector: Sector | None = None
    status: GroupStatus | None = None
    member: str = ""


@dataclass(frozen=True)
class Membership:
    """Somebody's time in a group."""

    member: Member
    role: GroupRole
    joined_on: date
    left_on: date | None


@dataclass(frozen=True)
class Belonging:
    """A member's time in a group, as told to that member."""

    group_number: str
    group_name: str
    role: GroupRole
    joined_on: date
    left_on: date | None


@dataclass(frozen=True)
class Group:
    """A business group with everybody who is or was in it; officers come first. ``balance_minor`` in minor units."""

    number: str
    name: str
    village: str
    sector: Sector
    founded_on: date
    status: GroupStatus
    account_code: str
    balance_minor: int
    memberships: tuple[Membership, ...]

    @property
    def members(self) -> tuple[Membership, ...]:
        """Who is in it now."""
        return tuple(one for one in self.memberships if one.left_on is None)

    @property
    def former(self) -> tuple[Membership, ...]:
        """Times in the group that have ended."""
        return tuple(one for one in self.memberships if one.left_on is not None)

    @property
    def officers(self) -> dict[GroupRole, Membership]:
        """Who holds each office; a vacant one is not in the answer."""
        return {one.role: one for one in self.members if one.role.is_officer}

    @property
    def by_migrant_status(self) -> dict[MigrantStatus, int]:
        """How many members have each tie to migrant work, the most frequent first."""
        return dict(Counter(one.member.migrant_status for one in self.members).most_common())

    def membership(self, member_number: str) -> Membership:
        """One who is in it now.

        Raises:
            NotFound: not in this group.
        """
        for one in self.members:
            if one.member.number == member_number:
                return one
        raise not_in()


class GroupPage(NamedTuple):
    """A page of groups in the order of their names, and after which one the next page begins, if there is one."""

    groups: list[Group]
    next_after: tuple[str, str] | None


def is_active(person: Member) -> bool:
    """Whether this member of the cooperative may join a group."""
    return person.status is MemberStatus.ANGGOTA


def unknown() -> NotFound:
    """There is no such group in this book."""
    return NotFound("group", N_("Kelompok tidak ditemukan."))


def unknown_member() -> NotFound:
    """There is no such member in this book."""
    return NotFound("member", UNKNOWN_MEMBER)


def not_in() -> NotFound:
    """This member is not in the group."""
    return NotFound("group-member", N_("Anggota ini tidak ada di kelompok."))


def invalid(errors: Iterable[FieldError]) -> Refusal:
    """What was given can't stand in the register."""
    return Refusal("group-invalid", N_("Data kelompok perlu diperbaiki."), errors=tuple(errors))
