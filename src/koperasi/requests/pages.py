"""Pages of members' requests for those who answer: the desk's inbox, and the supervisors'."""

from collections.abc import Collection
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

from litestar import Controller, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import NotFound, Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.members import service as members
from koperasi.permissions import Permission
from koperasi.requests import pages_member, rules, service
from koperasi.requests.rules import Kind, Status
from koperasi.rest import ApiRequest, decode_cursor, encode_cursor
from koperasi.savings import service as savings
from koperasi.web import Form, Notice

PAGE_SIZE = 50
Number = Annotated[int, Parameter(ge=1, le=2**53)]

ANSWERED = N_("Jawaban terkirim. Anggota membacanya di halamannya.")


class Inbox(NamedTuple):
    """One of the two inboxes: where it is, what it is called, and what comes there."""

    path: str
    title: str
    kinds: Collection[Kind]
    empty: str


DESK = Inbox("/permintaan", N_("Permintaan anggota"), rules.AT_THE_DESK, N_("Tidak ada permintaan yang menunggu."))
SUPERVISORS = Inbox("/aduan", N_("Aduan anggota"), rules.TO_SUPERVISORS, N_("Tidak ada aduan yang menunggu."))


class DeskPages(Controller):
    """What members ask the desk for."""

    path = "/permintaan"
    include_in_schema = False

    @get(opt={"permission": Permission.HANDLE_REQUESTS})
    async def inbox(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """What waits, or with ``semua`` what was answered too."""
        return await _inbox(request, database, frame, DESK)

    @get("/{number:int}", opt={"permission": Permission.HANDLE_REQUESTS})
    async def show(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[str]:
        """One request, where it is carried out, and the answer."""
        return await _show(request, database, frame, DESK, number, Form(None, request.user.locale))

    @post("/{number:int}/jawab", opt={"permission": Permission.HANDLE_REQUESTS}, status_code=200)
    async def answer(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[Any]:
        """Answer it."""
        return await _answer(request, database, frame, DESK, number)


class SupervisorPages(Controller):
    """What members report about lines of their books."""

    path = "/aduan"
    include_in_schema = False

    @get(opt={"permission": Permission.ANSWER_REPORTS})
    async def inbox(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """What waits, or with ``semua`` what was answered too."""
        return await _inbox(request, database, frame, SUPERVISORS)

    @get("/{number:int}", opt={"permission": Permission.ANSWER_REPORTS})
    async def show(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[str]:
        """One report with the line it is about, and the answer."""
        return await _show(request, database, frame, SUPERVISORS, number, Form(None, request.user.locale))

    @post("/{number:int}/jawab", opt={"permission": Permission.ANSWER_REPORTS}, status_code=200)
    async def answer(self, request: ApiRequest, database: Database, frame: Frame, number: Number) -> Response[Any]:
        """Answer it."""
        return await _answer(request, database, frame, SUPERVISORS, number)


async def _inbox(request: ApiRequest, database: Database, frame: Frame, box: Inbox) -> Response[str]:
    book_id, asked = request.user.book_id, request.query_params
    everything = asked.get("semua") == "1"
    before = decode_cursor(asked.get("before"), "int")
    async with database.reading(book_id) as connection:
        found, more = await service.inbox(
            connection,
            book_id,
            kinds=box.kinds,
            everything=everything,
            before=before[0] if before else None,
            limit=PAGE_SIZE,
        )
        people = await members.find_by_numbers(connection, book_id, [one.member_number for one in found])
    older = {**({"semua": "1"} if everything else {}), "before": encode_cursor(found[-1].number)} if more else {}
    return await frame.page(
        request,
        "requests/inbox.html",
        box=box,
        requests=found,
        people=people,
        everything=everything,
        older_url=f"{box.path}?{urlencode(older)}" if older else "",
    )


async def _show(
    request: ApiRequest, database: Database, frame: Frame, box: Inbox, number: int, form: Form, *, status: int = 200
) -> Response[str]:
    identity = request.user
    async with database.reading(identity.book_id) as connection:
        cooperative = await cooperative_of(connection, identity.book_id)
        found = await service.request_by_number(connection, identity.book_id, number, kinds=box.kinds)
        member = await members.member_by_number(connection, identity.book_id, found.member_number)
        account = receipt = None
        if found.account_number:
            account = await savings.account_by_number(connection, identity.book_id, found.account_number)
        if found.entry_number:
            receipt = await savings.receipt(
                connection, cooperative, found.entry_number, member_number=found.member_number
            )
    for name in ("words", "outcome"):
        form.set(name, "")
    fresh = "baru" in request.query_params
    return await frame.page(
        request,
        "requests/request.html",
        status=status,
        notices=[Notice("ok", translate(identity.locale, ANSWERED))] if fresh else [],
        box=box,
        request_=found,
        member=member,
        account=account,
        receipt=receipt,
        form=form,
        outcomes=[(one.value, translate(identity.locale, one.label)) for one in (Status.DONE, Status.DECLINED)],
        may_post=identity.may(Permission.POST_SAVINGS),
        may_write=identity.may(Permission.WRITE_MEMBERS),
        may_read_books=identity.may(Permission.READ_BOOKS),
    )


async def _answer(request: ApiRequest, database: Database, frame: Frame, box: Inbox, number: int) -> Response[Any]:
    identity = request.user
    form = Form(await request.form(), identity.locale)
    for name in ("words", "outcome"):
        form.set(name, "")
    outcome = form.choice("outcome", (Status.DONE.value, Status.DECLINED.value))
    words = form.lines("words", required=True, max_length=rules.WORDS_MAX_LENGTH)
    status = 422
    if form.ok and outcome:
        try:
            async with database.work(identity.book_id) as work:
                await service.settle(work, number, Status(outcome), words, kinds=box.kinds, actor=identity.username)
                await work.commit()
        except NotFound:
            raise
        except Refusal as refusal:
            form.add_refusal(refusal)
            status = refusal.status
        else:
            return Redirect(f"{box.path}/{number}?baru=1", status_code=303)
    return await _show(request, database, frame, box, number, form, status=status)


CONTROLLERS: list[type[Controller]] = [DeskPages, SupervisorPages, *pages_member.CONTROLLERS]
