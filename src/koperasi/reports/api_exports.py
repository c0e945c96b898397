"""The journal as a file, over REST."""

from dataclasses import dataclass
from typing import Annotated, Literal

from litestar import Controller, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIFormat, OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Operation, Schema
from litestar.params import Parameter
from litestar.response import Stream

from koperasi.config import Settings
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.known import KnownAt, known
from koperasi.permissions import Permission
from koperasi.reports import service
from koperasi.reports.api import FromDay, ToDay
from koperasi.reports.checkpoints import installation_key, signer
from koperasi.reports.exports import FILES, MEDIA_TYPES, Format, JournalExport, download
from koperasi.reports.service_trail import record_export
from koperasi.rest import ApiRequest, problems


@dataclass
class EveryFormat(Operation):
    """A description whose answer has the media type of any format; Litestar's own has room for one."""

    def __post_init__(self) -> None:
        """Say of each format whether it is text."""
        found = (self.responses or {}).get("200")
        if isinstance(found, OpenAPIResponse):
            text = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))
            file = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))
            found.content = {MEDIA_TYPES[one]: file if one in FILES else text for one in Format}


class ExportController(Controller):
    """What one takes along."""

    path = "/api/v1"
    tags = ("reports",)

    @get(
        "/exports/journal",
        opt={"permission": Permission.EXPORT_BOOKS},
        operation_class=EveryFormat,
        responses={
            **problems(400, 401, 403, 404, 422),
            200: ResponseSpec(str, generate_examples=False, description="A file.", media_type=MEDIA_TYPES[Format.CSV]),
        },
    )
    async def export_journal(
        self,
        request: ApiRequest,
        database: Database,
        settings: Settings,
        format: Format = Format.CSV,  # noqa: A002 - the name on the wire
        from_date: FromDay = None,
        to_date: ToDay = None,
        account: Annotated[str | None, Parameter(max_length=130, description="Entries that touch it.")] = None,
        kind: Annotated[str | None, Parameter(max_length=100, pattern=r"^[^\x00]*$")] = None,
        delimiter: Literal[",", ";"] = ",",
        bom: bool = False,
        seal: bool = True,
        known_at: KnownAt = None,
    ) -> Stream:
        """The journal as a file, read in one snapshot (docs/exports.md); with ``known_at`` as it was then."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
            at = (await known(connection, book_id, known_at, cooperative.zone)).at
            if account is not None:
                await service.account(connection, book_id, account)
        wanted = JournalExport(
            format, from_date, to_date, delimiter, bom=bom, account=account, kind=kind, known_at=at, seal=seal
        )
        async with database.work(book_id) as work:
            await record_export(work.connection, request.user, f"journal {format}", from_date, to_date)
            await work.commit()
        return download(
            database,
            book_id,
            wanted,
            about={"name": cooperative.name, "code": cooperative.code},
            sign=signer(installation_key(settings.data_dir)) if format is Format.BUNDLE else None,
            locale=request.user.locale,
        )


CONTROLLERS: list[type[Controller]] = [ExportController]
