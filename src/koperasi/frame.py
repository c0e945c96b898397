"""The frame around every page: who is logged in, in which cooperative, on which business day, and where they may go."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.utils.scope.state import ScopeState
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.approvals import service as approvals
from koperasi.config import Settings
from koperasi.cooperatives import service as cooperatives
from koperasi.cooperatives.service import Cooperative
from koperasi.cooperatives.service_read_only import REFUSED as READ_ONLY
from koperasi.db import Database
from koperasi.i18n import DEFAULT_LOCALE, LOCALES, N_, translate
from koperasi.permissions import Identity, Permission, Role
from koperasi.requests import service as requests
from koperasi.web.render import NavItem, Notice, Pages, private_page

APPROVALS = "/persetujuan"
DESK_REQUESTS = "/permintaan"
REPORTS = "/aduan"
CONTRACTS = "/akad"
"""Only a sharia cooperative has them."""
RETURNS = ("/imbal", "/berjangka", "/berjangka-saya")
"""Only where savings earn something; a business group's do not."""

NAVIGATION: Sequence[tuple[str, str, str, Permission]] = (
    ("/meja", N_("Meja"), "b", Permission.POST_SAVINGS),
    ("/transaksi", N_("Transaksi"), "t", Permission.POST_SAVINGS),
    ("/kas", N_("Kas"), "", Permission.READ_CASH),
    ("/anggota", N_("Daftar anggota"), "a", Permission.READ_MEMBERS),
    ("/berjangka", N_("Berjangka"), "", Permission.READ_MEMBERS),
    ("/kelompok", N_("Kelompok"), "k", Permission.READ_GROUPS),
    ("/produk", N_("Produk simpanan"), "", Permission.READ_PRODUCTS),
    (CONTRACTS, N_("Akad"), "", Permission.READ_CONTRACTS),
    ("/iuran", N_("Iuran"), "", Permission.READ_MEMBERS),
    (DESK_REQUESTS, N_("Permintaan"), "", Permission.HANDLE_REQUESTS),
    (REPORTS, N_("Aduan anggota"), "", Permission.ANSWER_REPORTS),
    ("/imbal", N_("Imbal simpanan"), "", Permission.READ_BOOKS),
    ("/impor", N_("Impor"), "i", Permission.IMPORT),
    ("/neraca-saldo", N_("Neraca saldo"), "n", Permission.READ_BOOKS),
    ("/laporan", N_("Laporan"), "l", Permission.READ_AGGREGATES),
    ("/jurnal", N_("Jurnal"), "j", Permission.READ_BOOKS),
    ("/bukti", N_("Bukti kas"), "", Permission.READ_BOOKS),
    ("/tutup-hari", N_("Tutup hari"), "", Permission.READ_CASH),
    (APPROVALS, N_("Persetujuan"), "", Permission.READ_APPROVALS),
    ("/komentar", N_("Komentar"), "", Permission.READ_BOOKS),
    ("/ekspor", N_("Ekspor"), "e", Permission.EXPORT_BOOKS),
    ("/pemeriksaan", N_("Pemeriksaan"), "", Permission.VERIFY),
    ("/titik-periksa", N_("Titik periksa"), "", Permission.ISSUE_CHECKPOINT),
    ("/pengguna", N_("Pengguna"), "u", Permission.MANAGE_USERS),
    ("/koperasi", N_("Koperasi"), "o", Permission.MANAGE_COOPERATIVE),
    ("/jejak-audit", N_("Jejak audit"), "", Permission.READ_AUDIT),
    ("/hak-akses", N_("Hak akses"), "", Permission.READ_ACCESS),
    ("/hapus-keterangan", N_("Hapus keterangan"), "", Permission.ERASE_NOTE),
    ("/saldo-saya", N_("Saldo saya"), "", Permission.OWN_PAGES),
    ("/berjangka-saya", N_("Berjangka saya"), "", Permission.OWN_PAGES),
    ("/buku-anggota", N_("Buku anggota"), "", Permission.OWN_PAGES),
    ("/permintaan-saya", N_("Permintaan"), "", Permission.OWN_PAGES),
    ("/lainnya", N_("Lainnya"), "", Permission.OWN_PAGES),
    ("/data-saya", N_("Data saya"), "", Permission.OWN_PAGES),
    ("/keluarga", N_("Keluarga"), "", Permission.OWN_PAGES),
    ("/pendampingan", N_("Pendampingan"), "", Permission.READ_CONSENTED),
    ("/simulasi", N_("Simulasi"), "", Permission.SIMULATE),
)

GROUPS: Sequence[tuple[str, Sequence[str]]] = (
    (N_("Kas"), ("/kas", "/bukti", "/tutup-hari")),
    (N_("Simpanan"), ("/kelompok", "/iuran", "/permintaan", "/produk", CONTRACTS, "/berjangka", "/imbal")),
    (
        N_("Pembukuan"),
        (
            "/jurnal",
            "/komentar",
            "/neraca-saldo",
            "/laporan",
            "/impor",
            "/ekspor",
            "/pemeriksaan",
            "/titik-periksa",
            "/jejak-audit",
        ),
    ),
    (N_("Pengaturan"), ("/koperasi", "/pengguna", "/hak-akses", "/hapus-keterangan", "/simulasi")),
)
"""Under which word each place is found by those who have more places than ``MOST_WORDS``; all others stand alone."""

MOST_WORDS = 7

MEMBER_BAR = ("/saldo-saya", "/buku-anggota", "/permintaan-saya", "/lainnya")
"""What stands at the foot of a member's pages; their other places are found under the last of these."""

INBOXES = (
    (DESK_REQUESTS, Permission.HANDLE_REQUESTS, requests.AT_THE_DESK),
    (REPORTS, Permission.ANSWER_REPORTS, requests.TO_SUPERVISORS),
)
"""Where members' requests wait, and for whom."""

HOMES: Mapping[Role, str] = {
    Role.BENDAHARA: "/meja",
    Role.KASIR: "/meja",
    Role.KETUA: "/neraca-saldo",
    Role.PENGURUS: "/neraca-saldo",
    Role.PENGAWAS: "/neraca-saldo",
    Role.AUDITOR: "/neraca-saldo",
    Role.DPS: "/neraca-saldo",
    Role.PENDAMPING: "/laporan",
    Role.ANGGOTA: "/saldo-saya",
    Role.ADMIN: "/pengguna",
}


@dataclass(frozen=True)
class CooperativeView:
    """What a page shows of the cooperative; ``today`` is the day on its clocks, ``business_date`` that of its book."""

    code: str
    name: str
    kind: str
    timezone: str
    business_date: date
    today: date
    is_sharia: bool
    address: str
    hidden: Sequence[str] = ()
    """Places that this cooperative has no use for."""


def locale_cookie_name(settings: Settings) -> str:
    """Behind TLS the name itself keeps other hosts and other paths from setting it."""
    return "__Host-lang" if settings.secure_cookies else "lang"


def locale_of(request: Request[Identity | None, Any, Any]) -> str:
    """The reader's language: the user's own, else the cookie's, else what the client asks for, else Indonesian."""
    identity = request.scope.get("user")
    if isinstance(identity, Identity):
        return identity.locale
    chosen = request.cookies.get(locale_cookie_name(request.app.state.settings))
    if chosen in LOCALES:
        return str(chosen)
    asked = request.headers.get("accept-language", "")[:2].lower()
    return asked if asked in LOCALES and request.url.path.startswith("/api/") else DEFAULT_LOCALE


def keep_cooperative(connection: ASGIConnection[Any, Any, Any, Any], found: Cooperative | None) -> None:
    """Let a request have the cooperative that was read along with its session."""
    connection.scope[_KEPT] = found  # type: ignore[literal-required]


_KEPT = "koperasi.cooperative"
_READS = frozenset({"GET", "HEAD"})


class Frame:
    """Renders a template inside the frame that belongs to the request."""

    def __init__(self, database: Database, pages: Pages) -> None:
        self._database = database
        self.pages = pages

    async def cooperative(self, request: Request[Any, Any, Any]) -> Cooperative:
        """The cooperative of whoever asks, as it stood when they did.

        What was read along with the session will do where nothing is written; else it is asked for again, since the
        request may have changed it.

        Raises:
            NotFound: ``cooperative``.
        """
        kept = request.scope.get(_KEPT) if request.method in _READS else None
        if isinstance(kept, Cooperative):
            return kept
        async with self._database.directory() as connection:
            return await cooperatives.cooperative_of(connection, request.user.book_id)

    async def page(
        self,
        request: Request[Any, Any, Any],
        template: str,
        *,
        status: int = 200,
        notices: Sequence[Notice] = (),
        headers: Mapping[str, str] | None = None,
        **context: object,
    ) -> Response[str]:
        """The page as a response that no cache keeps."""
        identity = request.scope.get("user")
        cooperative, waiting = None, dict[str, int]()
        if isinstance(identity, Identity):
            own = await self.cooperative(request)
            cooperative = view_of(own)
            if own.is_read_only:
                notices = [Notice("warn", translate(locale_of(request), READ_ONLY)), *notices]
            if identity.may(Permission.APPROVE) or any(identity.may(asked) for _, asked, _ in INBOXES):
                async with self._database.reading(identity.book_id) as connection:
                    waiting = await _waiting(connection, identity)
        html = self.pages.render(
            template,
            locale=locale_of(request),
            identity=identity,
            cooperative=cooperative,
            nav=navigation(identity, request.url.path, waiting, cooperative.hidden if cooperative else ()),
            notices=notices,
            csrf_token=ScopeState.from_scope(request.scope).csrf_token or "",
            path=request.url.path,
            query=request.url.query,
            printed_at=datetime.now(UTC),
            **context,
        )
        return private_page(html, status=status, headers=headers)


async def _waiting(connection: AsyncConnection, identity: Identity) -> dict[str, int]:
    """How much waits for this person, by the place where it does."""
    found = {}
    if identity.may(Permission.APPROVE):
        now = datetime.now(UTC)
        found[APPROVALS] = await approvals.waiting(connection, identity.book_id, identity.username, now)
    if mine := [(place, kinds) for place, permission, kinds in INBOXES if identity.may(permission)]:
        open_now = await requests.waiting(connection, identity.book_id)
        found |= {place: sum(open_now.get(kind, 0) for kind in kinds) for place, kinds in mine}
    return found


def navigation(
    identity: object,
    path: str,
    waiting: Mapping[str, int] = MappingProxyType({}),
    hidden: Collection[str] = (),
) -> list[NavItem]:
    """The words that this person may follow; the one they are at is marked.

    ``waiting``: what waits for them, where; ``hidden``: places that this cooperative has no use for.
    """
    if not isinstance(identity, Identity):
        return []
    found = [
        NavItem(url, label, key, path == url or path.startswith(url + "/"), waiting=waiting.get(url, 0))
        for url, label, key, permission in NAVIGATION
        if identity.may(permission) and url not in hidden
    ]
    if not identity.is_staff:
        bar = [item for item in found if item.url in MEMBER_BAR]
        elsewhere = not any(item.current for item in bar)
        return [item._replace(current=True) if elsewhere and item.url == MEMBER_BAR[-1] else item for item in bar]
    return found if len(found) <= MOST_WORDS else _grouped(found)


def other_places(identity: Identity) -> list[NavItem]:
    """Where a member may go besides the words at the foot of their pages."""
    return [
        NavItem(url, label)
        for url, label, _, permission in NAVIGATION
        if identity.may(permission) and url not in MEMBER_BAR
    ]


def _grouped(items: Sequence[NavItem]) -> list[NavItem]:
    """First what stands alone, then the groups in their order, each with its places in the order given there."""
    by_url = {item.url: item for item in items}
    grouped = [by_url[url]._replace(group=group) for group, urls in GROUPS for url in urls if url in by_url]
    within = {item.url for item in grouped}
    return [item for item in items if item.url not in within] + grouped


def view_of(cooperative: cooperatives.Cooperative) -> CooperativeView:
    """The part of a cooperative that pages show."""
    now = datetime.now(UTC)
    return CooperativeView(
        code=cooperative.code,
        name=cooperative.name,
        kind=str(cooperative.kind),
        timezone=cooperative.timezone,
        business_date=cooperative.today(now),
        today=now.astimezone(cooperative.zone).date(),
        is_sharia=cooperative.is_sharia,
        address=cooperative.full_address,
        hidden=(*(() if cooperative.is_sharia else (CONTRACTS,)), *(() if cooperative.pays_returns else RETURNS)),
    )
