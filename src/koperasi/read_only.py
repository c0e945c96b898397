"""While read-only mode is on, requests that would write are refused before anything is done with them."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from koperasi.cooperatives.service_read_only import ReadOnlyWatch, refusal
from koperasi.permissions import Identity

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

STILL_OPEN = frozenset(
    {
        # in, out and one's own session, password and language
        "/masuk",
        "/masuk/kode",
        "/kode-kedua",
        "/kode-kedua/pasang",
        "/keluar",
        "/bahasa",
        "/sandi",
        "/sesi/akhiri",
        "/sesi/semua",
        "/token/cabut",
        "/api/v1/tokens",
        "/api/v1/tokens/current",
        # looking and proving, which only leave a trace in the trail
        "/anggota/{number}/nik",
        "/api/v1/members/{number}/nik-views",
        "/pemeriksaan",
        "/api/v1/verifications",
        "/titik-periksa",
        "/api/v1/checkpoints",
        "/api/v1/simulations/exit-settlement",
        "/api/v1/simulations/profit-pool",
        "/api/v1/simulations/savings-return",
        "/api/v1/simulations/savings-tax",
        "/api/v1/simulations/term-deposit",
        # the way out of it
        "/hanya-baca",
    }
)
"""Routes (by template) whose writing methods stay open: they record nothing in the book. A test walks all others."""


async def writing_guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let no request write while the mode is on; the database's triggers refuse what would pass.

    Raises:
        Unavailable: ``read-only`` (503).
    """
    del handler
    if connection.scope.get("method") in SAFE or connection.scope.get("path_template") in STILL_OPEN:
        return
    identity = connection.scope.get("user")
    book_id = identity.book_id if isinstance(identity, Identity) else None
    watch: ReadOnlyWatch = connection.app.state.read_only
    if await watch.holds(book_id):
        raise refusal()
