"""What every answer carries against misuse in browsers, and the key that signs form tokens."""

from __future__ import annotations

import secrets
from pathlib import Path

from litestar.datastructures import FormMultiDict
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Empty, Message, Receive, Scope, Send
from litestar.utils.scope.state import ScopeState

from koperasi.config import Settings

SECURITY_HEADERS = (
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            b"object-src 'none'; form-action 'self' https://wa.me; base-uri 'none'; frame-ancestors 'none'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


async def secure(message: Message, scope: Scope) -> None:
    """Headers that every answer carries; a private answer is kept by no cache."""
    if message["type"] != "http.response.start":
        return
    headers = [*message["headers"], *SECURITY_HEADERS]
    names = {name.lower() for name, _ in headers}
    if b"cache-control" not in names:
        headers.append((b"cache-control", b"no-store"))
    if scope["app"].state.settings.secure_cookies:
        headers.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))
    message["headers"] = headers


class FilesClosed:
    """ASGI middleware around all else: a file that came with a request is closed, and so gone, when it is answered.

    Litestar closes files only after its guards have let the request in.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, then close what it brought."""
        try:
            await self._app(scope, receive, send)
        finally:
            if scope["type"] == ScopeType.HTTP and (form := ScopeState.from_scope(scope).form) is not Empty:
                await FormMultiDict.from_form_data(form).close()


def csrf_secret(settings: Settings) -> str:
    """The key that signs form tokens: one for all worker processes, kept beside the data."""
    path: Path = settings.data_dir / "csrf.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text().strip()
