"""What is short at the end of a membership, paid in at the desk, or given back."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Controller, Response, post
from litestar.response import Redirect

from koperasi.cooperatives.service import Cooperative, cooperative_of
from koperasi.db import Database, Work
from koperasi.errors import Refusal
from koperasi.frame import Frame
from koperasi.membership import service
from koperasi.membership.pages_exit import refused, shown, wishes_of
from koperasi.permissions import Permission
from koperasi.posting import Idempotency
from koperasi.rest import ApiRequest
from koperasi.web import Form

Posting = Callable[[Work, Cooperative, date], Awaitable[int]]


class PaidInPages(Controller):
    """Cash for what is short, before it is settled."""

    include_in_schema = False

    @post("/anggota/{number:str}/penyelesaian/setor", opt={"permission": Permission.POST_SAVINGS}, status_code=200)
    async def pay_in(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Take all that is short; the same form sent twice takes it once."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        key, amount, wishes = form.uuid("key"), form.amount("short"), wishes_of(form)
        if not form.ok or key is None or amount is None:
            return await shown(request, database, frame, number, form, status=422)
        once = Idempotency.of("web", str(key), "exit-paid-in", number, amount, *wishes)

        async def take(work: Work, cooperative: Cooperative, today: date) -> int:
            return await service.pay_in(
                work,
                cooperative,
                number,
                amount,
                wishes=wishes,
                actor=identity.username,
                idempotency=once,
                today=today,
            )

        return await _posted(request, database, frame, number, form, take, "diterima")

    @post("/anggota/{number:str}/penyelesaian/kembali", opt={"permission": Permission.POST_SAVINGS}, status_code=200)
    async def pay_back(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Give all of it back."""
        identity = request.user
        form = Form(await request.form(), identity.locale)
        key = form.uuid("key")
        if not form.ok or key is None:
            return await shown(request, database, frame, number, form, status=422)
        once = Idempotency.of("web", str(key), "exit-paid-back", number)

        async def give(work: Work, cooperative: Cooperative, today: date) -> int:
            return await service.pay_back(
                work, cooperative, number, actor=identity.username, idempotency=once, today=today
            )

        return await _posted(request, database, frame, number, form, give, "dikembalikan")


async def _posted(
    request: ApiRequest, database: Database, frame: Frame, number: str, form: Form, act: Posting, done: str
) -> Response[Any]:
    try:
        async with database.work(request.user.book_id) as work:
            cooperative = await cooperative_of(work.connection, request.user.book_id)
            await act(work, cooperative, cooperative.today(datetime.now(UTC)))
            await work.commit()
    except Refusal as refusal:
        return await refused(request, database, frame, number, form, refusal)
    kept = {name: form.value(name) for name in ("charge", "waiver", "shu") if form.value(name)}
    return Redirect(f"/anggota/{number}/penyelesaian?{urlencode({'selesai': done, **kept})}", status_code=303)


CONTROLLERS: list[type[Controller]] = [PaidInPages]
