"""Errors at the edge: a refusal becomes a problem document (RFC 9457) for programs and a page for people."""

from http import HTTPStatus
from typing import Any

import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, InternalServerException, ValidationException
from litestar.response import Redirect
from litestar.types import ExceptionHandlersMap

import ledger
from koperasi import db
from koperasi.access.middleware import LoginNeeded
from koperasi.cooperatives.service_read_only import refusal
from koperasi.errors import FieldError, Refusal, Unavailable
from koperasi.frame import Frame, locale_of
from koperasi.i18n import N_, translate
from koperasi.logs import where
from koperasi.posting import busy
from koperasi.privacy.crypto import SealBrokenError
from koperasi.web.render import private_page

log = structlog.get_logger()

READ_ONLY, READ_ONLY_SAID = "25006", "read-only mode"
"""SQLSTATE and words of the triggers of read-only mode."""

TITLES = {
    400: N_("Permintaan tidak terbaca"),
    401: N_("Perlu masuk dahulu"),
    403: N_("Tidak berwenang"),
    404: N_("Tidak ditemukan"),
    405: N_("Cara ini tidak tersedia"),
    409: N_("Sudah ada atau sudah berubah"),
    413: N_("Berkas terlalu besar"),
    415: N_("Jenis isi tidak dikenal"),
    422: N_("Tidak dapat dicatat"),
    429: N_("Terlalu sering"),
    500: N_("Terjadi kesalahan pada sistem"),
    503: N_("Sistem belum dapat melayani"),
}

NEXT_STEPS = {
    413: N_("Kirim berkas yang lebih kecil, atau bagi menjadi beberapa berkas."),
    403: N_("Minta bantuan pengurus bila Anda memerlukannya."),
    404: N_("Periksa alamatnya, atau mulai lagi dari beranda."),
    422: N_("Tidak ada yang tercatat. Kembali, perbaiki, lalu coba lagi."),
    429: N_("Tunggu sebentar, lalu coba lagi."),
    500: N_("Coba lagi; mengirim ulang tidak akan mencatat dua kali."),
    503: N_("Tunggu sebentar, lalu coba lagi; mengirim ulang tidak akan mencatat dua kali."),
}

OTHER_STEPS = {
    "read-only": N_("Coba lagi setelah mode ini dimatikan. Yang Anda kirim belum dicatat."),
    "data-damaged": N_("Halaman lain tetap dapat dibuka."),
}
"""By the refusal's code, where its status says too little."""

MESSAGES = {
    400: N_("Periksa kembali isi permintaan."),
    403: N_("Halaman ini sudah kedaluwarsa atau Anda tidak berwenang. Muat ulang lalu coba lagi."),
    404: N_("Halaman atau data ini tidak ada."),
    405: N_("Cara memanggil alamat ini tidak tersedia."),
    413: N_("Berkas atau isian terlalu besar."),
    415: N_("Jenis isi permintaan tidak dikenal."),
    500: N_("Kesalahan ada pada kami dan sudah dicatat. Yang belum mendapat bukti berarti belum tersimpan."),
    503: N_("Sistem belum dapat mencatat. Coba lagi sebentar; permintaan yang sama tidak akan tercatat dua kali."),
}

HUNG_UP = frozenset({"client disconnected prematurely"})
"""Litestar's words for a request whose sender went away before all of it was here."""

DAMAGED = N_("Ada data pribadi di sini yang rusak dan tidak dapat dibuka. Beri tahu pengelola sistem.")


def answer(request: Request[Any, Any, Any], refusal: Refusal) -> Response[Any]:
    """The refusal in the form that the caller reads. Nothing is asked of the database, which may be what is wrong."""
    locale = locale_of(request)
    title = translate(locale, TITLES.get(refusal.status, TITLES[422]))
    detail = refusal.text(locale)
    if wants_json(request):
        errors = [{"field": e.field, "code": e.code, "message": e.text(locale)} for e in refusal.errors]
        if refusal.field and not errors:
            errors = [{"field": refusal.field, "code": refusal.code, "message": detail}]
        return Response(
            {
                "type": f"/problems/{refusal.code}",
                "title": title,
                "status": refusal.status,
                "detail": detail,
                "code": refusal.code,
                "errors": errors,
            },
            status_code=refusal.status,
            media_type="application/problem+json",
            headers=refusal.headers,
        )
    frame: Frame = request.app.state.frame
    others = [error.text(locale) for error in refusal.errors if error.text(locale) != detail]
    html = frame.pages.render(
        "error.html",
        locale=locale,
        happened=detail,
        todo=" ".join(others) or translate(locale, _next_step(refusal)),
        code=refusal.code,
        path="/",  # the address asked for may name somebody; the page need not repeat it
    )
    return private_page(html, status=refusal.status, headers=refusal.headers)


def _next_step(refusal: Refusal) -> str:
    """What to do about it (a message id)."""
    if refusal.code in OTHER_STEPS:
        return OTHER_STEPS[refusal.code]
    return NEXT_STEPS.get(refusal.status, NEXT_STEPS[422])


def wants_json(request: Request[Any, Any, Any]) -> bool:
    """Programs call the API and the health check; everything else is a person's browser."""
    return request.url.path.startswith(("/api/", "/health", "/schema"))


def on_refusal(request: Request[Any, Any, Any], error: Refusal) -> Response[Any]:
    """A rule said no."""
    return answer(request, error)


def on_login_needed(request: Request[Any, Any, Any], error: LoginNeeded) -> Response[Any]:
    """Nobody is logged in: off to the log-in page, and back afterwards."""
    del request
    return Redirect(error.location, status_code=303)


def on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Litestar's own errors: routing, methods, sizes, unreadable or invalid bodies."""
    status = error.status_code
    if isinstance(error, InternalServerException) and error.detail in HUNG_UP:
        status = 400  # the caller went away while sending: no fault of ours, and nobody hears the answer
    if status >= 500:
        return on_unexpected(request, error)
    errors: list[FieldError] = []
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        errors = [_field_error(item) for item in error.extra if isinstance(item, dict)]
    code = HTTPStatus(status).phrase.lower().replace(" ", "-") if not errors else "validation"
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() in {"allow", "retry-after"}}
    message = MESSAGES.get(status, MESSAGES[400])
    return answer(request, Refusal(code, message, status=status, errors=errors, headers=headers))


def _field_error(item: dict[str, Any]) -> FieldError:
    field = str(item.get("key") or item.get("source") or "body")[:200]
    reason = str(item.get("message", ""))[:200]
    if (field, reason) == ("data", "'data'"):  # How Litestar says that there is no body at all.
        return FieldError("body", "missing", N_("Permintaan ini perlu isi JSON; kirim {} bila tidak ada yang diisi."))
    return FieldError(field, "invalid", "%(reason)s", {"reason": reason})


def on_ledger(request: Request[Any, Any, Any], error: ledger.LedgerError) -> Response[Any]:
    """What the ledger raises outside of posting: unknown accounts and entries, periods that may not change."""
    missing = isinstance(error, ledger.UnknownAccountError | ledger.UnknownEntryError | ledger.UnknownBookError)
    if isinstance(error, ledger.BusyError):
        return answer(request, busy())
    text = MESSAGES[404] if missing else N_("Buku besar menolak: %(reason)s")
    status = 404 if missing else 409
    params: dict[str, Any] = {} if missing else {"reason": str(error)}
    return answer(request, Refusal(error.code, text, status=status, **params))


def on_database(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The database is away or refuses to write: nothing is acknowledged; the same request may come again."""
    if not db.is_away(error):
        return on_unexpected(request, error)
    if db.sqlstate(error) == READ_ONLY and READ_ONLY_SAID in str(error):
        return answer(request, refusal())
    log.error("database away", error=type(error).__name__, where=where(error), code=db.sqlstate(error))
    return answer(request, Unavailable("unavailable", MESSAGES[503], headers={"Retry-After": "2"}))


def on_broken_seal(request: Request[Any, Any, Any], error: SealBrokenError) -> Response[Any]:
    """A sealed value of a person was damaged at rest: a state of the data, which no repeated request changes."""
    log.error("sealed value damaged", error=type(error).__name__, where=where(error), code=str(error))
    return answer(request, Refusal("data-damaged", DAMAGED, status=503))


def on_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Our own fault: say so, log where, show nothing of it."""
    log.error("unexpected", error=type(error).__name__, where=where(error))
    try:
        return answer(request, Refusal("internal", MESSAGES[500], status=500))
    except Exception:  # noqa: BLE001 - even the error page may fail when the database is away
        return Response(translate("id", MESSAGES[500]), status_code=500, media_type=MediaType.TEXT)


HANDLERS: ExceptionHandlersMap = {
    Refusal: on_refusal,
    LoginNeeded: on_login_needed,
    HTTPException: on_http,
    ledger.LedgerError: on_ledger,
    SealBrokenError: on_broken_seal,
    **dict.fromkeys(db.ERRORS, on_database),
    Exception: on_unexpected,
}
