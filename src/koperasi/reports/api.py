"""The books over REST, to read: chart, account ledgers, trial balance, verification."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from litestar import Controller, get
from litestar.params import Parameter, QueryParameter
from sqlalchemy.ext.asyncio import AsyncConnection

import ledger
from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.known import Known, KnownAt, StampOut
from koperasi.known import known as known_of
from koperasi.permissions import Permission
from koperasi.reports import api_statements, service
from koperasi.rest import ApiRequest, Money, Page, Result, decode_cursor, encode_cursor, problems

Day = Annotated[date | None, Parameter(required=False)]
FromDay = Annotated[date | None, QueryParameter(name="from", required=False)]
ToDay = Annotated[date | None, QueryParameter(name="to", required=False)]
Code = Annotated[str, Parameter(max_length=130)]
Cursor = Annotated[str | None, Parameter(max_length=1000)]
Limit = Annotated[int, Parameter(ge=1, le=200)]


class AccountOut(Result):
    """An account of the chart. ``floor`` is the least balance that postings may leave, on the account's own side."""

    code: str
    name: str
    name_en: str
    type: ledger.AccountType
    side: ledger.Side
    currency: str
    floor: Money | None
    control: bool
    opened_on: date | None
    closed_on: date | None

    @classmethod
    def of(cls, account: ledger.Account) -> "AccountOut":
        """The wire form."""
        return cls(**_facts(account))


class AccountBalance(AccountOut):
    """An account with its balance on its own side, now (``as_of`` null) or at the end of a day.

    ``known_at`` is the number of the entry that was the book's last, if asked for; ``last_entry`` the last included.
    """

    balance: Money
    as_of: date | None
    known_at: int | None
    last_entry: StampOut


class Chart(Page):
    """Accounts by code."""

    items: list[AccountOut]


class StatementLineOut(Result):
    """A posting; ``balance`` is the account's after it in the order of dates, on its own side."""

    date: date
    entry: int
    line: int
    kind: str
    description: str
    debit: Money | None
    credit: Money | None
    balance: Money
    reverses: int | None
    reversed_by: int | None


class StatementOut(Page):
    """A page of an account's postings. ``opening`` is the balance before its first line, ``closing`` after its last."""

    account: AccountOut
    opening: Money
    closing: Money
    items: list[StatementLineOut]
    as_of: date | None
    known_at: int | None
    last_entry: StampOut


class TrialLineOut(Result):
    """An account's balance in one of two columns."""

    code: str
    name: str
    name_en: str
    type: ledger.AccountType
    currency: str
    control: bool
    debit: Money
    credit: Money


class TotalOut(Result):
    """The sums of the two columns in one currency."""

    currency: str
    debit: Money
    credit: Money


class TrialBalanceOut(Result):
    """All accounts with their balances, by element and code; the two columns of ``totals`` are equal.

    ``known_at`` is the number of the entry that was the book's last, if asked for; ``last_entry`` the last included.
    """

    as_of: date | None
    known_at: int | None
    items: list[TrialLineOut]
    totals: list[TotalOut]
    last_entry: StampOut


class FindingOut(Result):
    """Something that is not as it was written."""

    code: str
    where: str
    message: str


class VerificationOut(Result):
    """What a verification saw. ``ok``: nothing is wrong."""

    ok: bool
    entries: int
    last_hash: str
    findings: list[FindingOut]

    @classmethod
    def of(cls, report: ledger.Report) -> "VerificationOut":
        """The wire form."""
        findings = [FindingOut(code=one.code, where=one.where, message=one.message) for one in report.findings]
        return cls(ok=not findings, entries=report.entries, last_hash=report.last_hash.hex(), findings=findings)


def _facts(account: ledger.Account) -> dict[str, Any]:
    return {
        "code": account.code,
        "name": account.name_id,
        "name_en": account.name_en,
        "type": account.type,
        "side": account.side,
        "currency": account.currency,
        "floor": None if account.floor is None else Money.of(account.floor, account.currency),
        "control": account.control,
        "opened_on": account.opened_on,
        "closed_on": account.closed_on,
    }


class AccountController(Controller):
    """The chart of accounts and what stands on each account."""

    path = "/api/v1"
    tags = ("accounts",)

    @get("/chart", opt={"permission": Permission.READ_BOOKS}, responses=problems(400, 401, 403, 404))
    async def get_chart(
        self,
        request: ApiRequest,
        database: Database,
        under: Annotated[str | None, Parameter(max_length=130)] = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> Chart:
        """The accounts of the first level; with ``under``, page by page those beneath a control account."""
        after = decode_cursor(cursor, "str")
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            if under is None:
                accounts: Sequence[ledger.Account] = await ledger.chart(connection, book_id, top_only=True)
                return Chart(items=[AccountOut.of(account) for account in accounts])
            control = await service.account(connection, book_id, under)
            found, more = await service.accounts_beneath(
                connection, book_id, control.code, after=after[0] if after else None, limit=limit
            )
        last = encode_cursor(found[-1].account.code) if more else None
        return Chart(items=[AccountOut.of(one.account) for one in found], next_cursor=last)

    @get(
        "/ledger-accounts/{code:str}",
        opt={"permission": Permission.READ_BOOKS},
        responses=problems(400, 401, 403, 404, 422),
    )
    async def get_account(
        self, request: ApiRequest, database: Database, code: Code, as_of: Day = None, known_at: KnownAt = None
    ) -> AccountBalance:
        """An account with its balance, now or at the end of a day; a control account's is that of all beneath it.

        With ``known_at`` as the book stood then, without what was recorded later.
        """
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            account = await service.account(connection, book_id, code)
            known = await _known(connection, book_id, known_at)
            sheet = await service.sheet(connection, book_id, account, to_date=as_of, known=known)
        return AccountBalance(
            **_facts(account),
            balance=Money.of(sheet.closing_minor, account.currency),
            as_of=as_of,
            known_at=known.at,
            last_entry=StampOut.of(sheet.head),
        )

    @get(
        "/ledger-accounts/{code:str}/statement",
        opt={"permission": Permission.READ_BOOKS},
        responses=problems(400, 401, 403, 404, 422),
    )
    async def get_statement(
        self,
        request: ApiRequest,
        database: Database,
        code: Code,
        from_date: FromDay = None,
        to_date: ToDay = None,
        as_of: Day = None,
        known_at: KnownAt = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> StatementOut:
        """An account's postings by effective date, with the balance after each. Not for control accounts.

        ``as_of`` is another name of ``to``. With ``known_at`` as the book stood then.
        """
        to_date = min(day for day in (to_date, as_of) if day is not None) if to_date or as_of else None
        after = decode_cursor(cursor, "date", "int", "int")
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            account = await service.account(connection, book_id, code)
            known = await _known(connection, book_id, known_at)
            page = await service.statement(
                connection,
                book_id,
                account,
                from_date=from_date,
                to_date=to_date,
                after=(after[0], after[1], after[2]) if after else None,
                limit=limit,
                known_at=known.at,
            )
        closing = page.lines[-1].balance if page.lines else page.opening
        return StatementOut(
            account=AccountOut.of(account),
            opening=_balance(account, page.opening),
            closing=_balance(account, closing),
            items=[_statement_line(account, line) for line in page.lines],
            as_of=to_date,
            known_at=known.at,
            last_entry=StampOut.of(known.head),
            next_cursor=encode_cursor(*page.next_after) if page.next_after else None,
        )


async def _known(connection: AsyncConnection, book_id: int, words: str | None) -> Known:
    return await known_of(connection, book_id, words, (await cooperative_of(connection, book_id)).zone)


def _balance(account: ledger.Account, signed_minor: int) -> Money:
    return Money.of(service.on_side(account, signed_minor), account.currency)


def _statement_line(account: ledger.Account, line: ledger.StatementLine) -> StatementLineOut:
    amount = Money.of(abs(line.amount), account.currency)
    return StatementLineOut(
        date=line.effective_date,
        entry=line.entry_number,
        line=line.line,
        kind=line.kind,
        description=line.description,
        debit=amount if line.amount > 0 else None,
        credit=amount if line.amount < 0 else None,
        balance=_balance(account, line.balance),
        reverses=line.reverses,
        reversed_by=line.reversed_by,
    )


class ReportController(Controller):
    """Reports, and the proof that the book is what it was."""

    path = "/api/v1"
    tags = ("reports",)

    @get("/reports/trial-balance", opt={"permission": Permission.READ_BOOKS}, responses=problems(400, 401, 403, 422))
    async def trial_balance(
        self,
        request: ApiRequest,
        database: Database,
        as_of: Day = None,
        known_at: KnownAt = None,
        detailed: bool = False,
    ) -> TrialBalanceOut:
        """Every account's balance at the end of a day, or of all entries; ``detailed`` shows each member's account.

        With ``known_at`` as the book stood then: last year's report as it was printed.
        """
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            known = await _known(connection, book_id, known_at)
            report = await service.trial_balance(connection, book_id, as_of, detailed=detailed, known=known)
        return TrialBalanceOut(
            as_of=as_of,
            known_at=report.known_at,
            items=[_trial_line(line) for group in report.groups for line in group.lines],
            totals=[
                TotalOut(
                    currency=total.currency,
                    debit=Money.of(total.debit_minor, total.currency),
                    credit=Money.of(total.credit_minor, total.currency),
                )
                for total in report.totals
            ],
            last_entry=StampOut.of(report.head),
        )

    @get("/verification", opt={"permission": Permission.READ_BOOKS}, responses=problems(401, 403))
    async def verify(self, request: ApiRequest, database: Database) -> VerificationOut:
        """Compute chain, numbers, balances and turnovers again from the postings, and say what differs."""
        async with database.reading(request.user.book_id) as connection:
            return VerificationOut.of(await ledger.verify(connection, request.user.book_id))


def _trial_line(line: service.TrialLine) -> TrialLineOut:
    account = line.account
    return TrialLineOut(
        code=account.code,
        name=account.name_id,
        name_en=account.name_en,
        type=account.type,
        currency=account.currency,
        control=account.control,
        debit=Money.of(line.debit_minor, account.currency),
        credit=Money.of(line.credit_minor, account.currency),
    )


CONTROLLERS: list[type[Controller]] = [AccountController, ReportController, *api_statements.CONTROLLERS]
