"""The frame around every page: who is logged in, in which cooperative, on which business day, and where they may go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from litestar import Request, Response
from litestar.utils.scope.state import ScopeState

from koperasi.approvals import service as approvals
from koperasi.cooperatives import service as cooperatives
from koperasi.db import Database
from koperasi.i18n import DEFAULT_LOCALE, LOCALES, N_
from koperasi.permissions import Identity, Permission, Role
from koperasi.web.render import NavItem, Notice, Pages, private_page

LOCALE_COOKIE = "lang"

APPROVALS = "/persetujuan"

NAVIGATION: Sequence[tuple[str, str, str, Permission]] = (
    ("/meja", N_("Meja"), "b", Permission.POST_SAVINGS),
    ("/transaksi", N_("Transaksi"), "t", Permission.POST_SAVINGS),
    ("/anggota", N_("Daftar anggota"), "a", Permission.READ_MEMBERS),
    ("/kelompok", N_("Kelompok"), "k", Permission.READ_GROUPS),
    ("/impor", N_("Impor"), "i", Permission.IMPORT),
    ("/neraca-saldo", N_("Neraca saldo"), "n", Permission.READ_BOOKS),
    ("/laporan", N_("Laporan"), "l", Permission.READ_AGGREGATES),
    ("/jurnal", N_("Jurnal"), "j", Permission.READ_BOOKS),
    (APPROVALS, N_("Persetujuan"), "", Permission.READ_APPROVALS),
    ("/ekspor", N_("Ekspor"), "e", Permission.EXPORT_BOOKS),
    ("/pemeriksaan", N_("Pemeriksaan"), "", Permission.VERIFY),
    ("/titik-periksa", N_("Titik periksa"), "", Permission.ISSUE_CHECKPOINT),
    ("/pengguna", N_("Pengguna"), "u", Permission.MANAGE_USERS),
    ("/koperasi", N_("Koperasi"), "o", Permission.MANAGE_COOPERATIVE),
    ("/jejak-audit", N_("Jejak audit"), "", Permission.READ_AUDIT),
    ("/hak-akses", N_("Hak akses"), "", Permission.READ_ACCESS),
    ("/hapus-keterangan", N_("Hapus keterangan"), "", Permission.ERASE_NOTE),
    ("/saldo-saya", N_("Saldo saya"), "", Permission.OWN_PAGES),
    ("/buku-anggota", N_("Buku anggota"), "", Permission.OWN_PAGES),
    ("/data-saya", N_("Data saya"), "", Permission.OWN_PAGES),
    ("/simulasi", N_("Simulasi"), "", Permission.SIMULATE),
)

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


def locale_of(request: Request[Identity | None, Any, Any]) -> str:
    """The reader's language: the user's own, else the cookie's, else what the client asks for, else Indonesian."""
    identity = request.scope.get("user")
    if isinstance(identity, Identity):
        return identity.locale
    chosen = request.cookies.get(LOCALE_COOKIE)
    if chosen in LOCALES:
        return str(chosen)
    asked = request.headers.get("accept-language", "")[:2].lower()
    return asked if asked in LOCALES and request.url.path.startswith("/api/") else DEFAULT_LOCALE


class Frame:
    """Renders a template inside the frame that belongs to the request."""

    def __init__(self, database: Database, pages: Pages) -> None:
        self._database = database
        self.pages = pages

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
        cooperative, waiting = None, 0
        if isinstance(identity, Identity):
            async with self._database.directory() as connection:
                cooperative = view_of(await cooperatives.cooperative_of(connection, identity.book_id))
            if identity.may(Permission.APPROVE):
                async with self._database.reading(identity.book_id) as connection:
                    waiting = await approvals.waiting(
                        connection, identity.book_id, identity.username, datetime.now(UTC)
                    )
        html = self.pages.render(
            template,
            locale=locale_of(request),
            identity=identity,
            cooperative=cooperative,
            nav=navigation(identity, request.url.path, waiting),
            notices=notices,
            csrf_token=ScopeState.from_scope(request.scope).csrf_token or "",
            path=request.url.path,
            query=request.url.query,
            printed_at=datetime.now(UTC),
            **context,
        )
        return private_page(html, status=status, headers=headers)


def navigation(identity: object, path: str, waiting: int = 0) -> list[NavItem]:
    """The words that this person may follow; the one they are at is marked. ``waiting``: what they may agree to."""
    if not isinstance(identity, Identity):
        return []
    return [
        NavItem(url, label, key, path == url or path.startswith(url + "/"), waiting=waiting if url == APPROVALS else 0)
        for url, label, key, permission in NAVIGATION
        if identity.may(permission)
    ]


def view_of(cooperative: cooperatives.Cooperative) -> CooperativeView:
    """The part of a cooperative that pages show."""
    now = datetime.now(UTC)
    places = (cooperative.address, cooperative.village, cooperative.district, cooperative.regency)
    return CooperativeView(
        code=cooperative.code,
        name=cooperative.name,
        kind=str(cooperative.kind),
        timezone=cooperative.timezone,
        business_date=cooperative.today(now),
        today=now.astimezone(cooperative.zone).date(),
        is_sharia=cooperative.is_sharia,
        address=", ".join(place for place in places if place),
    )
