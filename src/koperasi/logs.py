"""Logs: JSON, one line a request, only fields from a list. Bodies, names, numbers of people never reach them."""

import json
import logging
import sys
import time
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog
from litestar.enums import ScopeType
from litestar.exceptions import LitestarException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from koperasi import crowd
from koperasi.permissions import Identity

ALLOWED = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "method",
        "route",
        "status",
        "milliseconds",
        "book",
        "role",
        "error",
        "where",
        "version",
        "address",
        "workers",
        "code",
    }
)


def _only_allowed(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Drop every field that is not on the list, whoever logged it."""
    return {name: value for name, value in event.items() if name in ALLOWED}


def configure(stream: TextIO | None = None) -> None:
    """Set up structlog for this process, on standard output unless told otherwise; uvicorn's own access log is off."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_allowed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_OneLine())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class _OneLine(logging.Formatter):
    """What libraries log, as a line like ours. Of an error its class and place only, never its text.

    The server's own warnings are kept in words: it speaks of ports and of start and stop, not of what people sent.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        error = record.exc_info[1] if record.exc_info else None
        event = record.getMessage() if record.name.startswith("uvicorn") and error is None else record.name
        line = {"event": event, "level": record.levelname.lower(), "timestamp": _utc(record.created)}
        if error is not None:
            line |= {"error": type(origin(error)).__name__, "where": where(error)}
        return json.dumps(line, ensure_ascii=False)


def _utc(seconds: float) -> str:  # not money: seconds
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def origin(error: BaseException) -> BaseException:
    """The error that another one wraps for having come too late, or in company."""
    if isinstance(error, BaseExceptionGroup):
        return origin(error.exceptions[0])
    if isinstance(error, LitestarException) and error.__cause__ is not None:
        return origin(error.__cause__)
    return error


def where(error: BaseException) -> str:
    """File and line of an error's last frames. Its text may hold what a person typed, so it is not logged."""
    frames = traceback.extract_tb(origin(error).__traceback__)[-4:]
    return " < ".join(f"{frame.filename.rpartition('/src/')[2]}:{frame.lineno}" for frame in reversed(frames))


class RequestLog:
    """ASGI middleware: one line when a request is answered, by route template, never by path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = structlog.get_logger()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note its status and time."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with crowd.served():
                await self._app(scope, receive, note)
        finally:
            user = scope.get("user")
            identity = user if isinstance(user, Identity) else None
            self._log.info(
                "request",
                method=scope.get("method"),
                route=scope.get("path_template") or "-",
                status=status,
                milliseconds=round((time.perf_counter() - started) * 1000, 1),  # not money: a time
                book=identity.book_id if identity else None,
                role=identity.role.value if identity else None,
            )
