"""Savings over REST: accounts, movements, statements, receipts. What moves money needs an ``Idempotency-Key``."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.params import Parameter, QueryParameter

import ledger
from koperasi.approvals import service as approvals
from koperasi.approvals.service import NeedsApproval
from koperasi.cooperatives.service import Cooperative, cooperative_now, cooperative_of
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.known import KnownAt, StampOut, known
from koperasi.permissions import Permission
from koperasi.posting import Idempotency, keep
from koperasi.rest import (
    ApiRequest,
    KeyHeader,
    Money,
    MovesMoney,
    decode_cursor,
    encode_cursor,
    idempotency,
    problems,
)
from koperasi.savings import api_products, service, service_desk
from koperasi.savings.service import Receipt
from koperasi.savings.wire import (
    AccountIn,
    AccountList,
    AccountOut,
    MovementIn,
    ReceiptOut,
    ReceiptState,
    StatementLineOut,
    StatementOut,
    TransferIn,
)

MOVEMENT_PROBLEMS = problems(400, 401, 403, 404, 409, 422, 503)
CURRENCY = "IDR"


def _minor(amount: Money) -> int:
    """The amount in sen.

    Raises:
        BadRequest: it can't be read.
        Refusal: ``currency``: the book is kept in rupiah.
    """
    if amount.currency != CURRENCY:
        raise Refusal("currency", N_("Simpanan dicatat dalam rupiah: pakai IDR."), field="amount")
    return amount.minor()


async def _cooperative(database: Database, book_id: int) -> Cooperative:
    return await cooperative_now(database, book_id)


def _answer(receipt: Receipt) -> Response[ReceiptOut]:
    headers = {"Location": f"/api/v1/receipts/{receipt.number}"}
    if receipt.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(ReceiptOut.of(receipt), status_code=201, headers=headers)


async def _asked(request: ApiRequest, database: Database, data: MovementIn) -> tuple[Cooperative, int, Idempotency]:
    """Where, how much in sen, and under which key."""
    return await _cooperative(database, request.user.book_id), _minor(data.amount), await idempotency(request)


async def _settle(
    request: ApiRequest, database: Database, once: Idempotency, move: Callable[[], Awaitable[Receipt]]
) -> Response[ReceiptOut]:
    """The receipt, or that somebody must agree; or the refusal, kept under the key first, as the book keeps its own."""
    book_id, now = request.user.book_id, datetime.now(UTC)
    try:
        try:
            return _answer(await move())
        except Refusal as refusal:
            if refusal.status != Refusal.default_status:
                raise  # not decided: busy, unreadable, not there
            async with database.work(book_id) as work:
                # What drafts held that have expired since may be just what is missing.
                freed = await approvals.expire(work.connection, book_id, request.user.username, now)
                stands = not freed and await keep(work.connection, book_id, once, refusal)
                await work.commit()
            if stands:
                raise
        return _answer(await move())
    except NeedsApproval as need:
        async with database.work(book_id) as work:
            asked = await approvals.ask(work.connection, book_id, need, now)
            await work.commit()
        return approvals.accepted(asked)


class SavingsController(Controller):
    """Accounts of members, and what moves on them."""

    path = "/api/v1"
    tags = ("savings",)

    @get(
        "/members/{number:str}/savings-accounts",
        opt={"permission": Permission.READ_SAVINGS},
        responses=problems(400, 401, 403, 404),
    )
    async def list_accounts(self, request: ApiRequest, database: Database, number: str) -> AccountList:
        """All savings accounts of a member, or of another cooperative that saves here, with their balances."""
        identity = request.user
        identity.check_own(number)
        async with database.reading(identity.book_id) as connection:
            holder = await service_desk.holder_of(connection, identity.book_id, number)
            accounts = await service.accounts_of(connection, identity.book_id, holder.number)
        return AccountList(items=[AccountOut.of(one) for one in accounts])

    @post(
        "/members/{number:str}/savings-accounts",
        opt={"permission": Permission.OPEN_SAVINGS},
        responses=problems(400, 401, 403, 404, 409, 422),
    )
    async def open_account(
        self, request: ApiRequest, database: Database, number: str, data: AccountIn
    ) -> Response[AccountOut]:
        """Open one more savings account, of a product or of a kind's first product."""
        identity = request.user
        async with database.work(identity.book_id) as work:
            cooperative = await cooperative_of(work.connection, identity.book_id)
            account = await service.open_account(
                work,
                cooperative,
                number,
                data.kind,
                product_code=data.product,
                actor=identity.username,
                opened_on=data.opened_on or cooperative.today(datetime.now(UTC)),
            )
            await work.commit()
        location = {"Location": f"/api/v1/savings-accounts/{account.number}"}
        return Response(AccountOut.of(account), status_code=201, headers=location)

    @get(
        "/savings-accounts/{number:str}",
        opt={"permission": Permission.READ_SAVINGS},
        responses=problems(400, 401, 403, 404),
    )
    async def get_account(self, request: ApiRequest, database: Database, number: str) -> AccountOut:
        """One savings account with its balance."""
        async with database.reading(request.user.book_id) as connection:
            return AccountOut.of(await service.account_for(connection, request.user, number))

    @post(
        "/savings-accounts/{number:str}/deposits",
        opt={"permission": Permission.POST_SAVINGS},
        responses=MOVEMENT_PROBLEMS,
        operation_class=MovesMoney,
    )
    async def deposit(
        self,
        request: ApiRequest,
        database: Database,
        poster: ledger.Poster,
        number: str,
        data: MovementIn,
        key: KeyHeader = None,
    ) -> Response[ReceiptOut]:
        """Take cash and add it to the account; once for each ``Idempotency-Key``. The answer is the receipt."""
        del key  # documented here, read with the body
        cooperative, amount_minor, once = await _asked(request, database, data)
        return await _settle(
            request,
            database,
            once,
            lambda: service.deposit(
                database,
                poster,
                cooperative,
                account_number=number,
                amount_minor=amount_minor,
                effective_date=data.date,
                actor=request.user.username,
                idempotency=once,
            ),
        )

    @post(
        "/savings-accounts/{number:str}/withdrawals",
        opt={"permission": Permission.POST_SAVINGS},
        responses={**MOVEMENT_PROBLEMS, **approvals.ACCEPTED},
        operation_class=MovesMoney,
    )
    async def withdraw(
        self,
        request: ApiRequest,
        database: Database,
        poster: ledger.Poster,
        number: str,
        data: MovementIn,
        key: KeyHeader = None,
    ) -> Response[ReceiptOut]:
        """Pay cash out of the account, never more than is available; once for each ``Idempotency-Key``.

        Above the policy's limit a second person must agree: 202, and the money is held until then.
        """
        del key  # documented here, read with the body
        cooperative, amount_minor, once = await _asked(request, database, data)
        return await _settle(
            request,
            database,
            once,
            lambda: service.withdraw(
                database,
                poster,
                cooperative,
                account_number=number,
                amount_minor=amount_minor,
                effective_date=data.date,
                actor=request.user.username,
                idempotency=once,
            ),
        )

    @post(
        "/savings-accounts/{number:str}/transfers",
        opt={"permission": Permission.POST_SAVINGS},
        responses=MOVEMENT_PROBLEMS,
        operation_class=MovesMoney,
    )
    async def transfer(
        self,
        request: ApiRequest,
        database: Database,
        poster: ledger.Poster,
        number: str,
        data: TransferIn,
        key: KeyHeader = None,
    ) -> Response[ReceiptOut]:
        """Move money to another account of the same member; once for each ``Idempotency-Key``."""
        del key  # documented here, read with the body
        cooperative, amount_minor, once = await _asked(request, database, data)
        return await _settle(
            request,
            database,
            once,
            lambda: service.transfer(
                database,
                poster,
                cooperative,
                from_number=number,
                to_number=data.to,
                amount_minor=amount_minor,
                effective_date=data.date,
                actor=request.user.username,
                idempotency=once,
            ),
        )

    @get(
        "/savings-accounts/{number:str}/statement",
        opt={"permission": Permission.READ_SAVINGS},
        responses=problems(400, 401, 403, 404, 422),
    )
    async def statement(
        self,
        request: ApiRequest,
        database: Database,
        number: str,
        from_date: Annotated[date | None, QueryParameter(name="from", required=False)] = None,
        to_date: Annotated[date | None, QueryParameter(name="to", required=False)] = None,
        known_at: KnownAt = None,
        cursor: Annotated[str | None, Parameter(max_length=1000)] = None,
        limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
    ) -> StatementOut:
        """The account's movements in the order of their dates, with running balance.

        With ``known_at`` as the book stood then.
        """
        after = decode_cursor(cursor, "date", "int", "int")
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            account = await service.account_for(connection, identity, number)
            zone = (await cooperative_of(connection, identity.book_id)).zone
            seen = await known(connection, identity.book_id, known_at, zone)
            page = await service.statement(
                connection,
                identity.book_id,
                account,
                from_date,
                to_date,
                (after[0], after[1], after[2]) if after else None,
                limit,
                known_at=seen.at,
            )
        return StatementOut(
            account=account.number,
            known_at=seen.at,
            last_entry=StampOut.of(seen.head),
            opening_balance=Money.of(page.opening_minor),
            closing_balance=Money.of(page.closing_minor),
            items=[StatementLineOut.of(line) for line in page.lines],
            next_cursor=encode_cursor(*page.next_after) if page.next_after else None,
        )

    @get("/receipts/{number:str}", opt={"permission": Permission.READ_SAVINGS}, responses=problems(400, 401, 403, 404))
    async def get_receipt(self, request: ApiRequest, database: Database, number: str) -> ReceiptState:
        """A receipt by its number (``2026-001203``), and whether it was undone. A member reads their own."""
        cooperative = await _cooperative(database, request.user.book_id)
        async with database.reading(request.user.book_id) as connection:
            receipt = await service.receipt_for(connection, cooperative, request.user, number)
        return ReceiptState(receipt=ReceiptOut.of(receipt), reverses=receipt.reverses, reversed_by=receipt.reversed_by)


CONTROLLERS: list[type[Controller]] = [SavingsController, *api_products.CONTROLLERS]
