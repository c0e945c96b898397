"""Templates to HTML: one Jinja environment a language, figures and dates written the cooperative's way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound
from litestar import Response
from markupsafe import Markup

from koperasi import formats, terbilang
from koperasi.i18n import DEFAULT_LOCALE, LOCALES, phrase, translations

PACKAGE = Path(__file__).parents[1]
STATIC = Path(__file__).parent / "static"


class NavItem(NamedTuple):
    """One word of the navigation. ``label`` is an Indonesian message id; ``key`` the letter that goes there, or ''.

    ``waiting``: how much waits there for the reader. ``group``: the word (a message id) under which it is found, or ''.
    """

    url: str
    label: str
    key: str = ""
    current: bool = False
    waiting: int = 0
    group: str = ""


class Notice(NamedTuple):
    """One sentence above the page's content, already in the reader's language."""

    kind: Literal["ok", "warn", "error"]
    text: str


class Links(NamedTuple):
    """Where the frame's own links and forms lead; the application says so if it differs."""

    home: str = "/"
    search: str = "/members"
    login: str = "/login"
    logout: str = "/logout"
    language: str = "/language"
    password: str = "/password"  # noqa: S105 - a page's address


class _SliceLoader(BaseLoader):
    """``savings/receipt.html`` is savings/templates/receipt.html; ``base.html`` is web/templates/base.html."""

    def __init__(self, package: Path) -> None:
        self._package = package

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Any]:  # noqa: ARG002
        room, _, name = template.rpartition("/")
        path = self._package / (room or "web") / "templates" / name
        if "/" in room or room.startswith(".") or not path.is_file():
            raise TemplateNotFound(template)
        changed = path.stat().st_mtime
        return path.read_text("utf-8"), str(path), lambda: path.is_file() and path.stat().st_mtime == changed

    def list_templates(self) -> list[str]:
        found = self._package.glob("*/templates/*.html")
        names = ((path.parents[1].name, path.name) for path in found)
        return sorted(name if room == "web" else f"{room}/{name}" for room, name in names)


class Pages:
    """Renders templates. One object serves all requests and languages; it keeps nothing of a request.

    Args:
        links: where the frame's own links lead.
        static_url: where the application mounts ``web/static``.
        auto_reload: look for changed templates at each rendering (development).
    """

    def __init__(self, *, links: Links | None = None, static_url: str = "/static", auto_reload: bool = False) -> None:
        self._links = links or Links()
        self._assets = {
            path.name: f"{static_url}/{path.name}?v={hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
            for path in STATIC.iterdir()
            if path.is_file()
        }
        # A language is part of the environment, not of a request, so two requests can't mix theirs up.
        self._environments = {locale: self._environment(locale, auto_reload) for locale in LOCALES}

    def environment(self, locale: str) -> Environment:
        """The environment of a language; one we don't speak reads as Indonesian."""
        return self._environments.get(locale, self._environments[DEFAULT_LOCALE])

    def asset(self, name: str) -> str:
        """URL of a static file, with a hash of its content: it may be cached for ever. KeyError if there is none."""
        return self._assets[name]

    def render(self, template: str, *, locale: str, **context: object) -> str:
        """The page as text. What the frame needs and the caller does not give has a harmless default.

        Raises:
            jinja2.TemplateNotFound: no such template.
            jinja2.UndefinedError: the template uses a name it was not given.
        """
        environment = self.environment(locale)
        return environment.get_template(template).render({**self._frame(), **context})

    def _frame(self) -> Mapping[str, object]:
        return {
            "identity": None,
            "cooperative": None,
            "nav": (),
            "notices": (),
            "csrf_token": "",
            "path": "/",
            "query": "",
            "search": "",
            "theme": "",
            "printed_at": None,
        }

    def _environment(self, locale: str, auto_reload: bool) -> Environment:
        environment = Environment(
            loader=_SliceLoader(PACKAGE),
            autoescape=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=auto_reload,
        )
        spoken = translations(locale)
        environment.install_gettext_translations(spoken, newstyle=True)  # type: ignore[attr-defined]
        environment.policies["ext.i18n.trimmed"] = True
        said = _sayer(locale)
        environment.globals.update(locale=locale, asset=self.asset, links=self._links, gettext=said, _=said)
        environment.filters.update(
            amount=formats.format_amount,
            figure=formats.format_figure,
            words=partial(_words, locale=locale),
            kuitansi=terbilang.kuitansi_words,
            date=partial(_date, locale=locale),
            decimal=partial(formats.decimal_shown, locale=locale),
            date_short=formats.format_date_short,
            weekday=partial(_weekday, locale=locale),
            moment=partial(_moment, locale=locale),
        )
        return environment


def _sayer(locale: str) -> Callable[..., Markup]:
    """Jinja's gettext for pages that always escape; what a page says the same each time is put together once."""

    @lru_cache(maxsize=8192)
    def alone(message: str) -> Markup:
        return Markup(phrase(locale, message, {})[0]) % {}  # noqa: S704 - translations are ours

    def said(message: str, /, **facts: object) -> Markup:
        if not facts:
            return alone(message)
        text, filled = phrase(locale, message, facts)
        return Markup(text) % filled  # noqa: S704 - facts are escaped by it

    return said


def private_page(
    html: str, *, status: int = 200, headers: Mapping[str, str] | None = None, etag: str | None = None
) -> Response[str]:
    """An HTML response that no cache may keep: the next person on this phone presses Back in vain."""
    kept = {"Cache-Control": "no-store", **(headers or {})}
    if etag:
        kept["ETag"] = etag
    return Response(html, status_code=status, media_type="text/html; charset=utf-8", headers=kept)


def _date(value: date, *, locale: str) -> str:
    return formats.format_date(value, locale)


def _weekday(value: date, *, locale: str) -> str:
    return formats.weekday_name(value, locale)


def _moment(value: datetime, timezone: str | ZoneInfo, *, locale: str) -> str:
    return formats.format_datetime(value, timezone, locale)


def _words(minor: int, *, locale: str) -> str:
    return terbilang.amount_in_words(minor, locale)
