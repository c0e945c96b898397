"""Who may do what: one table. Each route names one permission; a route without one keeps the service from starting."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from koperasi.errors import NotFound
from koperasi.i18n import DEFAULT_LOCALE, N_


class Role(StrEnum):
    """The offices of a cooperative, by their Indonesian names, which the law and the villages use."""

    BENDAHARA = "bendahara"
    """Treasurer: records everything."""
    KASIR = "kasir"
    """Teller: takes and pays out savings."""
    KETUA = "ketua"
    """Chair: reads everything, agrees to opening a closed month again."""
    PENGAWAS = "pengawas"
    """Supervisor or external auditor: reads and exports everything, writes nothing."""
    ANGGOTA = "anggota"
    """Member: sees their own things."""
    ADMIN = "admin"
    """Keeper of users and settings; no money."""

    @property
    def label(self) -> str:
        """The role's name as people say it (a message id)."""
        return ROLE_LABELS[self]


ROLE_LABELS = {
    Role.BENDAHARA: N_("Bendahara"),
    Role.KASIR: N_("Kasir"),
    Role.KETUA: N_("Ketua"),
    Role.PENGAWAS: N_("Pengawas"),
    Role.ANGGOTA: N_("Anggota"),
    Role.ADMIN: N_("Admin"),
}


class Permission(StrEnum):
    """What a route needs. ``PUBLIC`` needs nobody, ``SESSION`` anybody who is logged in."""

    PUBLIC = "public"
    SESSION = "session"
    READ_MEMBERS = "read-members"
    WRITE_MEMBERS = "write-members"
    READ_SAVINGS = "read-savings"
    """Staff read all savings; members reach the same routes and see their own only."""
    OPEN_SAVINGS = "open-savings"
    POST_SAVINGS = "post-savings"
    READ_GROUPS = "read-groups"
    WRITE_GROUPS = "write-groups"
    READ_BOOKS = "read-books"
    EXPORT_BOOKS = "export-books"
    POST_JOURNAL = "post-journal"
    REVERSE = "reverse"
    CLOSE_PERIOD = "close-period"
    """Hold and close months, and ask that a closed one be opened again."""
    CONFIRM_REOPEN = "confirm-reopen"
    """Agree that a closed month be opened again, which somebody else asked for."""
    IMPORT = "import"
    OWN_PAGES = "own-pages"
    """A member's own balance and passbook."""
    MANAGE_USERS = "manage-users"
    MANAGE_COOPERATIVE = "manage-cooperative"


_P = Permission

_READING = frozenset({_P.READ_MEMBERS, _P.READ_SAVINGS, _P.READ_GROUPS, _P.READ_BOOKS, _P.EXPORT_BOOKS})

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.BENDAHARA: _READING
    | {
        _P.WRITE_MEMBERS,
        _P.OPEN_SAVINGS,
        _P.POST_SAVINGS,
        _P.WRITE_GROUPS,
        _P.POST_JOURNAL,
        _P.REVERSE,
        _P.CLOSE_PERIOD,
        _P.IMPORT,
    },
    Role.KASIR: frozenset({_P.READ_MEMBERS, _P.READ_SAVINGS, _P.POST_SAVINGS, _P.READ_GROUPS}),
    Role.KETUA: _READING | {_P.CONFIRM_REOPEN},
    Role.PENGAWAS: _READING,
    Role.ANGGOTA: frozenset({_P.READ_SAVINGS, _P.OWN_PAGES}),
    Role.ADMIN: frozenset({_P.MANAGE_USERS, _P.MANAGE_COOPERATIVE}),
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who makes a request, in which book. Comes from a session cookie (pages) or a bearer token (API)."""

    book_id: int
    user_id: int
    username: str
    name: str
    role: Role
    member_number: str | None = None
    locale: str = DEFAULT_LOCALE

    @property
    def is_staff(self) -> bool:
        """Everybody but members."""
        return self.role is not Role.ANGGOTA

    def may(self, permission: Permission) -> bool:
        """Does the table grant this?"""
        return permission in {Permission.PUBLIC, Permission.SESSION} or permission in GRANTS[self.role]

    def check_own(self, member_number: str | None) -> None:
        """Staff may see any member; a member only themselves, and hears of others as if they did not exist.

        Raises:
            NotFound: it is another member's.
        """
        if not self.is_staff and (member_number is None or member_number != self.member_number):
            raise NotFound("not-found", N_("Tidak ditemukan."))
