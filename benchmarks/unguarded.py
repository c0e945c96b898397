"""The service without its doors, for ``access.py`` only: everybody is the teller that the environment names.

No token is looked at and no permission is asked for. That PostgreSQL does not look at rows' books either is for who
starts it to see to.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import uvicorn
from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from koperasi import app as application
from koperasi.config import Settings
from koperasi.permissions import Identity, Role
from koperasi.web.security import csrf_secret

TELLER = "BENCH_TELLER"


class Granted(AbstractAuthenticationMiddleware):
    """A fixed identity for every request."""

    teller = AuthenticationResult(user=None, auth=b"")

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        del connection
        return self.teller


async def let_in(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Nobody is refused."""
    del connection, handler


def worker() -> Litestar:
    """As ``koperasi.app.worker``, but open."""
    facts = json.loads(os.environ[TELLER])
    Granted.teller = AuthenticationResult(user=Identity(**{**facts, "role": Role(facts["role"])}), auth=b"")
    application.Authentication = Granted  # type: ignore[misc, assignment]
    application.permission_guard = let_in
    return application.worker()


def main(workers: int) -> None:
    settings = Settings()
    csrf_secret(settings)
    uvicorn.run(
        "benchmarks.unguarded:worker",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=workers,
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
