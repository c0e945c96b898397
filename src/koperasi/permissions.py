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
    PENGURUS = "pengurus"
    """Another of the board: reads everything, agrees as the chair does."""
    PENGAWAS = "pengawas"
    """Supervisor: reads and exports everything, the audit trail too, and comments; changes nothing."""
    AUDITOR = "auditor"
    """External auditor: reads what a supervisor reads, until the day on which the account ends."""
    DPS = "dps"
    """Sharia supervisory board: reads the akad, the books and the statements; knows no member by name."""
    PENDAMPING = "pendamping"
    """Programme officer: sees the statements, which name nobody, and nothing else."""
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
    Role.PENGURUS: N_("Pengurus"),
    Role.PENGAWAS: N_("Pengawas"),
    Role.AUDITOR: N_("Auditor luar"),
    Role.DPS: N_("Dewan pengawas syariah"),
    Role.PENDAMPING: N_("Pendamping"),
    Role.ANGGOTA: N_("Anggota"),
    Role.ADMIN: N_("Admin"),
}


class Permission(StrEnum):
    """What a route needs. ``PUBLIC`` needs nobody, ``SESSION`` anybody who is logged in."""

    PUBLIC = "public"
    SESSION = "session"
    READ_MEMBERS = "read-members"
    WRITE_MEMBERS = "write-members"
    READ_CONSENTED = "read-consented"
    """See who of the members lets the programme's officer know their name, and nothing of the others."""
    VIEW_NIK = "view-nik"
    """See a member's whole NIK, and all that is known of one member at once; each time is put on record."""
    ERASE_DATA = "erase-data"
    """Carry a member's request to be forgotten out, or decline it: not for whoever writes the notes that go with it."""
    READ_SAVINGS = "read-savings"
    """Staff read all savings; members reach the same routes and see their own only."""
    OPEN_SAVINGS = "open-savings"
    READ_PRODUCTS = "read-products"
    """What may be saved in, and on which terms; names nobody."""
    READ_CONTRACTS = "read-contracts"
    """A sharia cooperative's akad: products, and contracts of term deposits without whose they are."""
    MANAGE_PRODUCTS = "manage-products"
    """New products and terms; fees and standing orders that are due."""
    POST_SAVINGS = "post-savings"
    BILL_DUES = "bill-dues"
    """Bill simpanan wajib, set what one member pays, give a bill up."""
    HANDLE_REQUESTS = "handle-requests"
    """What members ask the desk for from their own pages, and the answer to it."""
    ANSWER_REPORTS = "answer-reports"
    """What members report to the supervisors about a line of their book; the desk does not see it."""
    OPEN_SESSION = "open-session"
    """Work a till of one's own: count it, open and close it, hand cash over."""
    READ_CASH = "read-cash"
    """Sessions, closed days and vouchers; whoever may not read the books sees their own only."""
    MANAGE_CASH = "manage-cash"
    """The vault: give and take cash, and close the business day."""
    MANAGE_RETURNS = "manage-returns"
    """Compute what savings earned in a period, and post it once a second person agreed."""
    READ_GROUPS = "read-groups"
    WRITE_GROUPS = "write-groups"
    READ_AGGREGATES = "read-aggregates"
    """The statements: sums of accounts, none of which belongs to one member."""
    READ_BOOKS = "read-books"
    """Journal, ledger and trial balance, down to the account of one member."""
    EXPORT_BOOKS = "export-books"
    POST_JOURNAL = "post-journal"
    REVERSE = "reverse"
    CLOSE_PERIOD = "close-period"
    """Hold and close months, and ask that a closed one be opened again."""
    CONFIRM_REOPEN = "confirm-reopen"
    """Agree that a closed month be opened again, which somebody else asked for."""
    READ_APPROVALS = "read-approvals"
    """What waits for a second person; who may not read the books sees what they asked for themselves."""
    APPROVE = "approve"
    """Agree to, or refuse, what somebody else asked for."""
    VERIFY = "verify"
    """Have the whole book computed again; it is read, and nothing in it changes."""
    ISSUE_CHECKPOINT = "issue-checkpoint"
    """Sign the book's last entry, for somebody outside to keep."""
    COMMENT = "comment"
    """Write beside an entry, which stays as it is: what a supervisor finds, and what the treasurer answers."""
    ERASE_NOTE = "erase-note"
    """See and erase what somebody wrote of an entry, when a person asks to be forgotten; the figures stay unseen."""
    IMPORT = "import"
    OWN_PAGES = "own-pages"
    """A member's own balance and passbook."""
    MANAGE_USERS = "manage-users"
    MANAGE_COOPERATIVE = "manage-cooperative"
    READ_AUDIT = "read-audit"
    """Who did what, when and from where."""
    SIMULATE = "simulate"
    """Try the rules on figures that stand in no book."""
    READ_ACCESS = "read-access"
    """This table, as a page."""


_P = Permission

_STAFF = frozenset({_P.READ_ACCESS, _P.SIMULATE})
_READING = _STAFF | {
    _P.READ_MEMBERS,
    _P.READ_SAVINGS,
    _P.READ_PRODUCTS,
    _P.READ_CONTRACTS,
    _P.READ_GROUPS,
    _P.READ_AGGREGATES,
    _P.READ_BOOKS,
    _P.EXPORT_BOOKS,
    _P.READ_APPROVALS,
    _P.READ_CASH,
}

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.BENDAHARA: _READING
    | {
        _P.WRITE_MEMBERS,
        _P.VIEW_NIK,
        _P.OPEN_SAVINGS,
        _P.MANAGE_PRODUCTS,
        _P.POST_SAVINGS,
        _P.OPEN_SESSION,
        _P.MANAGE_CASH,
        _P.BILL_DUES,
        _P.HANDLE_REQUESTS,
        _P.WRITE_GROUPS,
        _P.POST_JOURNAL,
        _P.MANAGE_RETURNS,
        _P.REVERSE,
        _P.COMMENT,
        _P.CLOSE_PERIOD,
        _P.VERIFY,
        _P.IMPORT,
    },
    Role.KASIR: _STAFF
    | {
        _P.HANDLE_REQUESTS,
        _P.READ_MEMBERS,
        _P.READ_SAVINGS,
        _P.READ_PRODUCTS,
        _P.POST_SAVINGS,
        _P.READ_GROUPS,
        _P.READ_APPROVALS,
        _P.OPEN_SESSION,
        _P.READ_CASH,
    },
    Role.KETUA: _READING
    | {
        _P.ANSWER_REPORTS,
        _P.COMMENT,
        _P.VIEW_NIK,
        _P.ERASE_DATA,
        _P.VERIFY,
        _P.ISSUE_CHECKPOINT,
        _P.CONFIRM_REOPEN,
        _P.APPROVE,
        _P.READ_AUDIT,
    },
    Role.PENGURUS: _READING | {_P.CONFIRM_REOPEN, _P.APPROVE},
    Role.PENGAWAS: _READING | {_P.ANSWER_REPORTS, _P.COMMENT, _P.VERIFY, _P.ISSUE_CHECKPOINT, _P.READ_AUDIT},
    Role.AUDITOR: _READING | {_P.COMMENT, _P.VERIFY, _P.ISSUE_CHECKPOINT, _P.READ_AUDIT},
    Role.DPS: _STAFF | {_P.READ_PRODUCTS, _P.READ_CONTRACTS, _P.READ_AGGREGATES, _P.READ_BOOKS},
    Role.PENDAMPING: _STAFF | {_P.READ_PRODUCTS, _P.READ_CONSENTED, _P.READ_AGGREGATES},
    Role.ANGGOTA: frozenset({_P.READ_SAVINGS, _P.SIMULATE, _P.OWN_PAGES}),
    Role.ADMIN: _STAFF | {_P.READ_APPROVALS, _P.ERASE_NOTE, _P.MANAGE_USERS, _P.MANAGE_COOPERATIVE, _P.READ_AUDIT},
}

SECOND_CODE_FOR = frozenset({_P.POST_SAVINGS, _P.POST_JOURNAL, _P.APPROVE, _P.MANAGE_USERS, _P.MANAGE_COOPERATIVE})
"""Whoever may do one of these needs a second code at the log-in, where the policy ``access.second_code`` says so."""


PERMISSION_LABELS = {
    _P.READ_MEMBERS: N_("Melihat daftar dan kartu anggota"),
    _P.WRITE_MEMBERS: N_("Mendaftarkan anggota dan mengubah datanya"),
    _P.READ_CONSENTED: N_("Melihat anggota yang mengizinkan pendamping"),
    _P.VIEW_NIK: N_("Melihat NIK lengkap; setiap kali dicatat"),
    _P.ERASE_DATA: N_("Menangani permintaan penghapusan data"),
    _P.READ_SAVINGS: N_("Melihat simpanan; anggota hanya miliknya"),
    _P.OPEN_SAVINGS: N_("Membuka rekening simpanan"),
    _P.READ_PRODUCTS: N_("Melihat produk simpanan dan ketentuannya"),
    _P.READ_CONTRACTS: N_("Melihat akad koperasi syariah tanpa nama anggota"),
    _P.MANAGE_PRODUCTS: N_("Menetapkan produk simpanan, biaya, dan setoran rutin"),
    _P.POST_SAVINGS: N_("Mencatat setoran dan penarikan"),
    _P.BILL_DUES: N_("Menagih simpanan wajib"),
    _P.HANDLE_REQUESTS: N_("Menjawab permintaan anggota"),
    _P.ANSWER_REPORTS: N_("Menjawab aduan anggota tentang satu baris bukunya"),
    _P.OPEN_SESSION: N_("Membuka dan menutup sesi kasnya sendiri"),
    _P.READ_CASH: N_("Melihat sesi kas, tutup hari, dan bukti kas; kasir hanya miliknya"),
    _P.MANAGE_CASH: N_("Memegang kas besar dan menutup hari"),
    _P.MANAGE_RETURNS: N_("Menghitung dan mencatat imbal simpanan"),
    _P.READ_GROUPS: N_("Melihat kelompok"),
    _P.WRITE_GROUPS: N_("Mendaftarkan kelompok dan mengubahnya"),
    _P.READ_AGGREGATES: N_("Melihat laporan keuangan tanpa rincian anggota"),
    _P.READ_BOOKS: N_("Melihat jurnal, buku besar, dan neraca saldo"),
    _P.EXPORT_BOOKS: N_("Mengekspor buku dan laporan"),
    _P.POST_JOURNAL: N_("Mencatat jurnal umum"),
    _P.REVERSE: N_("Membatalkan jurnal dengan jurnal balik"),
    _P.CLOSE_PERIOD: N_("Menahan dan menutup bulan, meminta pembukaan kembali"),
    _P.CONFIRM_REOPEN: N_("Menyetujui pembukaan kembali bulan"),
    _P.READ_APPROVALS: N_("Melihat permintaan persetujuan; kasir dan admin hanya yang dimintanya"),
    _P.APPROVE: N_("Menyetujui atau menolak permintaan orang lain"),
    _P.IMPORT: N_("Mengimpor berkas"),
    _P.VERIFY: N_("Menguji keutuhan seluruh buku"),
    _P.ISSUE_CHECKPOINT: N_("Menandatangani jurnal terakhir untuk dibawa"),
    _P.COMMENT: N_("Menulis komentar pada jurnal"),
    _P.ERASE_NOTE: N_("Menghapus catatan pada jurnal"),
    _P.OWN_PAGES: N_("Melihat saldo dan buku sendiri"),
    _P.MANAGE_USERS: N_("Mengelola pengguna"),
    _P.MANAGE_COOPERATIVE: N_("Mengubah data dan kebijakan koperasi"),
    _P.READ_AUDIT: N_("Melihat jejak audit"),
    _P.SIMULATE: N_("Menghitung simulasi"),
    _P.READ_ACCESS: N_("Melihat daftar hak akses ini"),
}
"""What each permission lets people do, for the page that shows the table; ``PUBLIC`` and ``SESSION`` stand in none."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who makes a request, in which book. Comes from a session cookie (pages) or a bearer token (API).

    ``must_change``: the password was given to them on paper, so nothing is open but the form that changes it.
    ``must_enrol``: the policies want a second code of them, so nothing is open but the page that sets it up.
    ``scope``: what the token may be used for, of what its user may; none means all.
    """

    book_id: int
    user_id: int
    username: str
    name: str
    role: Role
    member_number: str | None = None
    locale: str = DEFAULT_LOCALE
    must_change: bool = False
    must_enrol: bool = False
    scope: frozenset[Permission] | None = None

    @property
    def is_staff(self) -> bool:
        """Everybody but members."""
        return self.role is not Role.ANGGOTA

    def may(self, permission: Permission) -> bool:
        """Does the table grant this?"""
        if permission in {Permission.PUBLIC, Permission.SESSION}:
            return True
        return permission in GRANTS[self.role] and (self.scope is None or permission in self.scope)

    def check_own(self, member_number: str | None) -> None:
        """Staff may see any member; a member only themselves, and hears of others as if they did not exist.

        Raises:
            NotFound: it is another member's.
        """
        if not self.is_staff and (member_number is None or member_number != self.member_number):
            raise NotFound("not-found", N_("Tidak ditemukan."))
