"""What the pages of paper share: who may, who printed it and when, and a PDF as an answer."""

from datetime import UTC, datetime
from typing import Any

from litestar import Response

from koperasi.cooperatives.service import Cooperative
from koperasi.errors import NotFound
from koperasi.formats import format_datetime
from koperasi.i18n import N_, translate
from koperasi.permissions import Identity
from koperasi.rest import ApiRequest


def check_staff(identity: Identity) -> None:
    """These pages are for the desk.

    Raises:
        NotFound: a member asks.
    """
    if not identity.is_staff:
        raise NotFound("not-found", N_("Tidak ditemukan."))


def printed_by(request: ApiRequest, cooperative: Cooperative) -> str:
    """Who printed it, and when."""
    locale = request.user.locale
    moment = format_datetime(datetime.now(UTC), cooperative.zone, locale)
    return translate(locale, N_("Dicetak oleh %(name)s, %(moment)s"), name=request.user.name, moment=moment)


def pdf(content: bytes, name: str) -> Response[Any]:
    """A PDF to look at or keep; ``name`` is made of letters, digits and dashes."""
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)
