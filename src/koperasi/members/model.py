"""What the register knows of a person. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import TypeVar

from koperasi.errors import FieldError, Refusal
from koperasi.formats import InputError, clean_text
from koperasi.i18n import N_
from koperasi.members.rules import (
    MemberStatus,
    MigrantStatus,
    check_shares,
    clean_country,
    clean_email,
    clean_name,
)
from koperasi.nik import NikWarning, Sex, mask_nik, nik_warnings, parse_nik
from koperasi.phones import display_phone, to_e164

ADDRESS_MAX_LENGTH = 200
VILLAGE_MAX_LENGTH = 80
REFERENCE_MAX_LENGTH = 60
RELATION_MAX_LENGTH = 40
MOST_HEIRS = 10

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Heir:
    """Who inherits a member's savings (ahli waris), and which part in percent."""

    name: str
    relation: str
    phone: str | None = field(default=None, repr=False)
    share_percent: int = 100

    @property
    def phone_display(self) -> str | None:
        """The phone number as people read it."""
        return display_phone(self.phone) if self.phone else None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """A person who joins. Only the name and the day are needed; ``country`` is where a migrant works (ISO 3166)."""

    name: str = field(repr=False)
    joined_on: date
    nik: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    birth_date: date | None = field(default=None, repr=False)
    sex: Sex | None = None
    email: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    village: str | None = None
    migrant_status: MigrantStatus = MigrantStatus.BUKAN
    country: str | None = None
    external_reference: str | None = None
    heirs: tuple[Heir, ...] = field(default=(), repr=False)
    status: MemberStatus = MemberStatus.ANGGOTA


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(NewMember):
    """A person in the register of members. Lists leave ``heirs`` empty."""

    number: str
    left_on: date | None = None

    @property
    def nik_masked(self) -> str | None:
        """The NIK with its birth date hidden, as screens and paper show it."""
        return mask_nik(self.nik) if self.nik else None

    @property
    def phone_display(self) -> str | None:
        """The phone number as people read it."""
        return display_phone(self.phone) if self.phone else None


AnyMember = TypeVar("AnyMember", bound=NewMember)


def entered(new: NewMember, number: str) -> Member:
    """A new member as the register holds them under a number."""
    return Member(number=number, **{one.name: getattr(new, one.name) for one in fields(NewMember)})


def cleaned(new: AnyMember, *, at: str = "") -> AnyMember:
    """The same person with every field tidied and checked; birth date and sex from the NIK if they were not stated.

    Args:
        new: as stated.
        at: what stands before the names of wrong fields, e.g. the position in a list.

    Raises:
        Refusal: ``member-invalid``, with an error for each wrong field.
    """
    errors: list[FieldError] = []

    def read(name: str, text: str | None, reader: Callable[[str], Value]) -> Value | None:
        """A field that may be empty."""
        if text is None or not text.strip():
            return None
        try:
            return reader(text)
        except InputError as problem:
            errors.append(problem.at(at + name))
            return None

    def line(limit: int) -> Callable[[str], str]:
        return lambda text: clean_text(text, max_length=limit)

    try:
        name = clean_name(new.name)
    except InputError as problem:
        errors.append(problem.at(f"{at}name"))
        name = new.name
    nik = read("nik", new.nik, lambda text: parse_nik(text, new.joined_on))
    heirs = tuple(
        Heir(
            read(f"heirs.{position}.name", heir.name, clean_name) or "",
            read(f"heirs.{position}.relation", heir.relation, line(RELATION_MAX_LENGTH)) or "",
            read(f"heirs.{position}.phone", heir.phone, to_e164),
            heir.share_percent,
        )
        for position, heir in enumerate(new.heirs)
    )
    errors += _heir_errors(heirs, at)
    tidy = replace(
        new,
        name=name,
        nik=nik.value if nik else None,
        phone=read("phone", new.phone, to_e164),
        birth_date=new.birth_date or (nik.birth_date if nik else None),
        sex=new.sex or (nik.sex if nik else None),
        email=read("email", new.email, clean_email),
        address=read("address", new.address, line(ADDRESS_MAX_LENGTH)),
        village=read("village", new.village, line(VILLAGE_MAX_LENGTH)),
        country=read("country", new.country, clean_country),
        external_reference=read("external_reference", new.external_reference, line(REFERENCE_MAX_LENGTH)),
        heirs=heirs,
    )
    if tidy.birth_date is not None and tidy.birth_date > tidy.joined_on:
        message = N_("Tanggal lahir setelah tanggal bergabung.")
        errors.append(FieldError(f"{at}birth_date", "born-after-joining", message))
    if errors:
        raise Refusal("member-invalid", N_("Data anggota belum benar."), errors=errors)
    return tidy


def warnings_of(new: NewMember) -> tuple[NikWarning, ...]:
    """Where a tidied member's NIK and what was stated differ; to look at, never to refuse."""
    return nik_warnings(parse_nik(new.nik, new.joined_on), new.birth_date, new.sex) if new.nik else ()


def _heir_errors(heirs: tuple[Heir, ...], at: str) -> list[FieldError]:
    """Heirs without a name or relation, too many of them, or shares that do not make a whole."""
    if len(heirs) > MOST_HEIRS:
        return [FieldError(f"{at}heirs", "too-many", N_("Paling banyak %(limit)s ahli waris."), {"limit": MOST_HEIRS})]
    missing = [
        FieldError(f"{at}heirs.{position}.{part}", "empty", N_("Wajib diisi."))
        for position, heir in enumerate(heirs)
        for part, text in (("name", heir.name), ("relation", heir.relation))
        if not text
    ]
    try:
        check_shares([heir.share_percent for heir in heirs])
    except InputError as problem:
        missing.append(problem.at(f"{at}heirs"))
    return missing
