"""What all REST handlers share: money on the wire, cursors, the idempotency header, problem details."""

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal

from litestar import Request
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException, SerializationException
from litestar.handlers import BaseRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIHeader, OpenAPIResponse, OpenAPIType, Operation, Parameter, Schema
from litestar.params import BodyKwarg, HeaderParameter, QueryParameter
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from koperasi.errors import BadRequest, Refusal
from koperasi.formats import InputError, parse_wire_amount, wire_amount
from koperasi.i18n import N_
from koperasi.permissions import Identity
from koperasi.posting import Idempotency

ApiRequest = Request[Identity, Any, Any]


class Model(BaseModel):
    """Base of what comes in: unknown fields are refused, text is trimmed and free of control characters."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Result(BaseModel):
    """Base of what goes out."""

    model_config = ConfigDict(frozen=True)


def _printable(text: str) -> str:
    if any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF or ord(character) == 127 for character in text):
        raise ValueError("control characters are not allowed")
    return text


Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
"""A short line of text."""

Name = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_printable)]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day_in_words(value: object) -> object:
    # pydantic would take a number, in figures or in a string, for seconds since 1970.
    if not isinstance(value, date) and not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise ValueError("a day is written like 2026-11-25")
    return value


BookDate = Annotated[date, BeforeValidator(_day_in_words), Field(ge=date(1900, 1, 1), le=date(2100, 12, 31))]
"""A date that can stand in the book, written ``2026-11-25`` and in no other way."""


def _whole(value: object) -> object:
    # Litestar asks pydantic to be lenient, whatever a field says: false would be zero.
    if type(value) is not int:
        raise ValueError("a whole number, written as a JSON number")
    return value


def _yes_or_no(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - pydantic's way of refusing
    return value


Whole = BeforeValidator(_whole)
"""Beside ``int``: a JSON number without a point, not ``"3"`` or ``true``."""

Flag = Annotated[bool, BeforeValidator(_yes_or_no)]
"""``true`` or ``false``, not ``1`` or ``"yes"``."""

Limit = Annotated[int, QueryParameter(ge=1, le=200)]
"""How many rows of a list are asked for (in the address: Litestar does not look at pydantic's bounds there)."""


class Money(Model):
    """An amount with its currency: a strict decimal string, never a JSON number."""

    model_config = ConfigDict(str_strip_whitespace=False)

    amount: Annotated[
        str, Field(pattern=r"^-?(0|[1-9][0-9]{0,16})(\.[0-9]{1,4})?$", examples=["1250000.00"], strict=True)
    ]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["IDR"], strict=True)] = "IDR"

    def minor(self, field: str = "amount") -> int:
        """The amount in minor units.

        Raises:
            BadRequest: finer than the currency's minor unit, or no such currency.
        """
        try:
            return parse_wire_amount(self.amount, self.currency)
        except InputError as error:
            raise BadRequest(
                "amount", N_("Jumlah uang tidak terbaca."), field=field, errors=[error.at(field)]
            ) from error

    @classmethod
    def of(cls, minor: int, currency: str = "IDR") -> "Money":
        """The wire form of an amount in minor units."""
        return cls(amount=wire_amount(minor, currency), currency=currency)


class ProblemField(Result):
    """One field that is wrong: its name, a stable code, a message in the caller's language."""

    field: str
    code: str
    message: str


class Problem(Result):
    """An error as RFC 9457 describes it. ``type`` and ``code`` are stable; ``detail`` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[ProblemField]


_REASONS = {
    400: "The request can't be read.",
    401: "No valid bearer token.",
    403: "This role may not.",
    404: "There is no such thing in this cooperative.",
    409: "It exists already, or was changed or reversed before.",
    405: "Not a method of this address; see Allow.",
    413: "Too large.",
    415: "Not a media type that is read here.",
    422: "The rules or the book refuse; nothing was written.",
    429: "Too often; see Retry-After.",
    503: "Busy or without its database; the same request may be sent again.",
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The errors a route may answer with, for its OpenAPI description: those named, and what any route may say.

    Whatever has a body to refuse (422) may find it too large (413) or of another kind (415).
    """
    body = {413, 415} if 422 in statuses else set[int]()
    return {status: problem(status) for status in sorted({*statuses, *body, 400, 401, 403, 503})}


def problem(status: int) -> ResponseSpec:
    """One error, for a route's OpenAPI description."""
    return ResponseSpec(
        Problem, generate_examples=False, description=_REASONS[status], media_type="application/problem+json"
    )


class Page(Result):
    """A page of a list: where the next one begins, or nothing when this is the last."""

    next_cursor: str | None = None


def encode_cursor(*values: object) -> str:
    """An opaque cursor that names the last row shown."""
    text = json.dumps([value.isoformat() if isinstance(value, date) else value for value in values])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: Literal["int", "str", "date"]) -> tuple[Any, ...] | None:
    """The values of a cursor, or ``None`` without one.

    Raises:
        BadRequest: it is not a cursor of this list.
    """
    if cursor is None:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return tuple(_READ[kind](value) for kind, value in zip(kinds, _list(values), strict=True))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise BadRequest("cursor", N_("Penanda halaman tidak dikenal."), field="cursor") from error


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _int(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 2**62:
        raise TypeError(value)
    return value


def _str(value: object) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise TypeError(value)
    value.encode()
    return value


def _date(value: object) -> date:
    return date.fromisoformat(_str(value))


_READ: dict[str, Callable[[object], object]] = {"int": _int, "str": _str, "date": _date}

KEY_PATTERN = re.compile(r"[\x21-\x7e]{1,150}")

KeyHeader = Annotated[str | None, HeaderParameter(name="Idempotency-Key", required=False)]
"""Documents the header in a handler's arguments; ``idempotency`` reads it, and says what is wrong with it."""


@dataclass
class TakesKey(Operation):
    """A description of a route that answers a repeated ``Idempotency-Key`` as it did the first time."""

    def __post_init__(self) -> None:
        """Say what a key looks like, and how a replay shows."""
        for parameter in self.parameters or ():
            if isinstance(parameter, Parameter) and parameter.name == "Idempotency-Key":
                parameter.schema = Schema(type=OpenAPIType.STRING, pattern=f"^{KEY_PATTERN.pattern}$")
                parameter.description = "1 to 150 visible ASCII characters, new for each request that is meant anew"
                parameter.required = self.needs_key
        for status, response in (self.responses or {}).items():
            if status.startswith("2") and isinstance(response, OpenAPIResponse):
                replayed = OpenAPIHeader(
                    schema=Schema(type=OpenAPIType.STRING), description="true when this key was answered before"
                )
                response.headers = {**(response.headers or {}), "Idempotency-Replayed": replayed}

    @property
    def needs_key(self) -> bool:
        """Whether a request without a key is refused."""
        return False


@dataclass
class MovesMoney(TakesKey):
    """The same for a route that moves money: without a key it refuses, with 400."""

    @property
    def needs_key(self) -> bool:
        """It is."""
        return True


async def idempotency(request: ApiRequest) -> Idempotency:
    """The ``Idempotency-Key`` header with a fingerprint of method, path and body; a Litestar dependency.

    Raises:
        BadRequest: the header is missing or is not 1 to 150 visible ASCII characters.
    """
    key = request.headers.get("idempotency-key", "")
    if not KEY_PATTERN.fullmatch(key):
        raise BadRequest(
            "idempotency-key",
            N_("Permintaan yang memindahkan uang memerlukan Idempotency-Key: 1 sampai 150 huruf atau angka."),
            field="Idempotency-Key",
        )
    body = await request.body()
    return Idempotency.of("api", key, request.method, request.url.path, body.hex())


async def check_body(request: Request[Any, Any, Any]) -> None:
    """Refuse what Litestar would read in silence as something else, or not at all; runs before each API handler.

    Raises:
        BadRequest: a name stands twice in one object, so readers may differ on which value counts; the nesting is
            deeper than can be read; or a query parameter is unknown or repeated.
        Refusal: ``media-type`` (415): it is not said to be JSON.
    """
    numbers = {str(value) for value in request.path_params.values() if isinstance(value, int)}
    if not numbers <= set(request.scope["path"].split("/")):
        raise NotFoundException  # int() reads 1_0, +1, 01 and digits of any script
    if request.scope["query_string"]:
        _check_query(request)
    field = request.route_handler.parsed_data_field
    if field is None:
        return
    kind = request.content_type[0]
    wanted = field.kwarg_definition.media_type if isinstance(field.kwarg_definition, BodyKwarg) else None
    if wanted == RequestEncodingType.MULTI_PART:
        if kind not in {"", RequestEncodingType.MULTI_PART}:
            raise Refusal("media-type", N_("Kirim berkas sebagai multipart/form-data."), status=415)
        await request.form()  # it too
        return
    if kind not in {"", RequestEncodingType.JSON}:
        raise Refusal("media-type", N_("Kirim isi permintaan sebagai application/json."), status=415)
    try:
        await request.json()  # the request keeps it: Litestar won't decode it again
        json.loads(await request.body() or b"null", object_pairs_hook=_names_once)
    except RecursionError as error:
        raise BadRequest("too-deep", N_("Isi permintaan bersusun terlalu dalam.")) from error
    except UnicodeDecodeError as error:
        raise BadRequest("not-utf-8", N_("Isi permintaan bukan teks UTF-8.")) from error
    except (SerializationException, ValueError):
        return  # Litestar finds the same, and refuses it


def _check_query(request: Request[Any, Any, Any]) -> None:
    """A filter that is misspelt would otherwise be no filter, and of one that stands twice one would count."""
    names = [name for name, _ in request.query_params.multi_items()]
    known = _query_names(request.route_handler)
    for name in names:
        if name not in known:
            raise BadRequest("unknown-parameter", N_("Parameter ini tidak dikenal di alamat ini."), field=name[:200])
        if names.count(name) > 1:
            raise BadRequest("duplicate-name", N_("Satu parameter tertulis dua kali."), field=name[:200])


@cache
def _query_names(handler: BaseRouteHandler) -> frozenset[str]:
    return frozenset(one.field_alias for one in handler.create_kwargs_model(path_parameters={}).expected_query_params)


def _names_once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        names = [name for name, _ in pairs]
        raise BadRequest(
            "duplicate-name",
            N_("Satu nama tertulis dua kali dalam objek yang sama."),
            field=next(name for name in names if names.count(name) > 1)[:200],
        )
