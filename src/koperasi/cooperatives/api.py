"""REST: the cooperative that a token belongs to."""

from datetime import UTC, date, datetime
from typing import Literal

from litestar import Controller, get

from koperasi.cooperatives import service
from koperasi.cooperatives.rules import Kind
from koperasi.db import Database
from koperasi.i18n import translate
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest, Result, problems


class Words(Result):
    """The words in which this cooperative speaks of money, in the reader's language."""

    savings: str
    savings_return: str
    loan: str
    loan_charge: str
    surplus: str
    member: str


class CooperativeOut(Result):
    """A cooperative: who it is, and the day of its book."""

    code: str
    name: str
    kind: Kind
    is_sharia: bool
    timezone: Literal["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]
    business_date: date
    village: str | None
    district: str | None
    regency: str | None
    province: str | None
    registration_number: str | None
    terms: Words

    @classmethod
    def of(cls, cooperative: service.Cooperative, now: datetime, locale: str) -> "CooperativeOut":
        """What the wire shows of it."""
        words = {name: translate(locale, getattr(cooperative.terms, name)) for name in Words.model_fields}
        own = {name for name in cls.model_fields if name not in {"terms", "business_date"}}
        return cls.model_validate(
            {name: getattr(cooperative, name) for name in own}
            | {"business_date": cooperative.today(now), "terms": Words(**words)}
        )


class OwnCooperative(Controller):
    """The cooperative one is logged in to."""

    path = "/api/v1/cooperative"
    tags = ("cooperative",)

    @get(opt={"permission": Permission.SESSION}, responses=problems())
    async def show(self, request: ApiRequest, database: Database) -> CooperativeOut:
        """Name, kind, time zone, business date, and the words it uses (jasa, or bagi hasil)."""
        async with database.reading(request.user.book_id) as connection:
            cooperative = await service.cooperative_of(connection, request.user.book_id)
        return CooperativeOut.of(cooperative, datetime.now(UTC), request.user.locale)


CONTROLLERS: list[type[Controller]] = [OwnCooperative]
