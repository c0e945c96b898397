"""The page of those who check the books: have all of it computed again, and read what was found."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import Conflict
from koperasi.frame import Frame
from koperasi.permissions import Permission
from koperasi.reports.api_doctor import GRACE_SECONDS
from koperasi.reports.doctor import tell
from koperasi.reports.service_doctor import Doctor
from koperasi.reports.service_verifications import Run, run_by_number, runs
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.web import Notice

PAGE_SIZE = 20
MOST_SHOWN = 500


class DoctorPages(Controller):
    """What was checked, when, by whom, and what was found."""

    include_in_schema = False

    @get("/pemeriksaan", opt={"permission": Permission.READ_BOOKS})
    async def overview(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """The last check with its result, the button for another, and those before it."""
        return await _overview(request, database, frame)

    @post("/pemeriksaan", opt={"permission": Permission.VERIFY}, status_code=200)
    async def begin(self, request: ApiRequest, database: Database, frame: Frame, doctor: Doctor) -> Response[Any]:
        """Begin a check; a small book is done before the page comes back."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            cooperative = await cooperative_of(connection, book_id)
        try:
            number = await doctor.start(cooperative, request.user.username)
        except Conflict as conflict:
            notice = Notice("warn", conflict.text(request.user.locale))
            return await _overview(request, database, frame, notices=[notice], status=conflict.status)
        await doctor.wait(book_id, number, GRACE_SECONDS)
        return Redirect("/pemeriksaan", status_code=303)

    @get("/pemeriksaan/{number:int}", opt={"permission": Permission.READ_BOOKS})
    async def one(
        self, request: ApiRequest, database: Database, frame: Frame, number: Annotated[int, Parameter(ge=1, le=2**53)]
    ) -> Response[str]:
        """One check with everything that it found."""
        async with database.reading(request.user.book_id) as connection:
            run = await run_by_number(connection, request.user.book_id, number)
        return await frame.page(request, "reports/doctor_run.html", **_shown(request, run))


async def _overview(
    request: ApiRequest, database: Database, frame: Frame, *, notices: Sequence[Notice] = (), status: int = 200
) -> Response[str]:
    before, book_id = decode_cursor(request.query_params.get("before"), "int"), request.user.book_id
    async with database.reading(book_id) as connection:
        found, more = await runs(connection, book_id, before=before[0] if before else None, limit=PAGE_SIZE)
        last = await run_by_number(connection, book_id, found[0].number) if found and not before else None
    return await frame.page(
        request,
        "reports/doctor.html",
        status=status,
        notices=notices,
        runs=found,
        newest_url="/pemeriksaan" if before else "",
        older_url=f"/pemeriksaan?before={encode_cursor(found[-1].number)}" if more else "",
        may_verify=request.user.may(Permission.VERIFY),
        **_shown(request, last),
    )


def _shown(request: ApiRequest, run: Run | None) -> dict[str, Any]:
    findings = run.findings if run is not None else ()
    return {
        "run": run,
        "told": [tell(one, request.user.locale) for one in findings[:MOST_SHOWN]],
        "left_out": max(len(findings) - MOST_SHOWN, 0),
    }


CONTROLLERS: list[type[Controller]] = [DoctorPages]
