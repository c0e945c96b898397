"""A member's own pages, made for a phone: what they have, and the passbook."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from litestar import Controller, Response, get
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.cooperatives.service import Cooperative, terms
from koperasi.db import Database
from koperasi.deposits.service import deposits_of
from koperasi.dues import service as dues
from koperasi.errors import NotFound
from koperasi.frame import Frame, other_places
from koperasi.i18n import N_
from koperasi.members import service as members
from koperasi.permissions import Identity, Permission
from koperasi.rest import ApiRequest
from koperasi.savings import messages, rules_promises, service, service_desk, service_plans
from koperasi.savings.rules_plans import Instalment, Plan, next_instalment, plan_on, reached_percent
from koperasi.savings.service_plans import PlanState
from koperasi.web import Form

LATEST_LINES = 5


class Towards(NamedTuple):
    """Planned savings as their owner sees them: the goal, how far it is reached in percent, what comes next."""

    account: service.SavingsAccount
    plan: Plan
    reached: int
    following: Instalment | None
    missed: Sequence[Instalment]


class MemberPages(Controller):
    """What a member sees of their own savings, and nothing of anybody else's."""

    include_in_schema = False

    @get("/saldo-saya", opt={"permission": Permission.OWN_PAGES})
    async def balance(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """All savings, what is still to be paid, and the latest lines."""
        identity = request.user
        number = own_number(identity)
        cooperative = await frame.cooperative(request)
        today = cooperative.today(datetime.now(UTC))
        async with database.reading(identity.book_id) as connection:
            accounts = await service.accounts_of(connection, identity.book_id, number)
            deposits = await deposits_of(connection, cooperative, number, today)
            standing = (await dues.standings_of(connection, cooperative, [number], today))[number]
            latest = await service_desk.latest_of(connection, identity.book_id, accounts, LATEST_LINES)
            shown = [one for one in accounts if one.closed_on is None or one.balance_minor]
            numbers = [one.number for one in shown if one.kind is service.SavingsKind.BERENCANA]
            plans = await service_plans.plans_of(connection, identity.book_id, numbers, today)
            promises = await _promises(connection, cooperative, shown, today, identity.locale)
        return await frame.page(
            request,
            "savings/balance.html",
            day=today,
            total_minor=sum(one.balance_minor for one in accounts) + sum(one.principal_minor for one in deposits),
            accounts=shown,
            goals=_towards(shown, plans, today),
            promises=promises,
            deposits=deposits,
            standing=standing,
            owed_minor=sum(standing.open_minor(kind, f"{today:%Y-%m}") for kind in dues.Kind),
            latest=latest,
            movement=messages.movement,
            short=messages.SHORT,
        )

    @get("/buku-anggota", opt={"permission": Permission.OWN_PAGES})
    async def passbook(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """A year as it stands in the paper book: date, kind, in, out, balance."""
        identity = request.user
        number = own_number(identity)
        today = (await frame.cooperative(request)).today(datetime.now(UTC))
        this_year = today.year
        form = Form({"tahun": request.query_params.get("tahun", str(this_year))}, identity.locale)
        year = form.whole("tahun", least=1900, most=this_year) or this_year
        async with database.reading(identity.book_id) as connection:
            member = await members.member_by_number(connection, identity.book_id, number)
            accounts = await service.accounts_of(connection, identity.book_id, number)
            book = await service_desk.passbook(connection, identity.book_id, accounts, year)
        leaf = service_desk.leaf_of(request.query_params.get("lembar", ""), book.pages)
        first_year = book.first_year or this_year
        return await frame.page(
            request,
            "savings/passbook.html",
            status=200 if form.ok else 422,
            form=form,
            member=member,
            accounts=accounts,
            book=book.page(leaf),
            year=year,
            leaf=leaf,
            leaves=book.pages,
            opened=date(year, 1, 1) if leaf == 1 else None,
            closed=min(date(year, 12, 31), today) if leaf == book.pages else None,
            **service_desk.turned("/buku-anggota?", year, leaf, book.pages, first_year, this_year),
            movement=messages.movement,
            short=messages.SHORT,
        )


class MorePages(Controller):
    """What does not fit at the foot of a member's pages."""

    include_in_schema = False

    @get("/lainnya", opt={"permission": Permission.OWN_PAGES})
    async def more(self, request: ApiRequest, frame: Frame) -> Response[str]:
        """A member's other places, and what keeps their account theirs."""
        number = own_number(request.user)
        return await frame.page(request, "savings/more.html", places=other_places(request.user), number=number)


def _towards(accounts: Sequence[service.SavingsAccount], plans: Mapping[str, PlanState], day: date) -> list[Towards]:
    found = []
    for account in accounts:
        state = plans.get(account.number)
        plan = plan_on(state.plans, day) if state else None
        if state is not None and plan is not None and account.closed_on is None:
            reached = reached_percent(account.balance_minor, plan.target_minor)
            found.append(Towards(account, plan, reached, next_instalment(state.plans, day), state.missed))
    return found


async def _promises(
    connection: AsyncConnection,
    cooperative: Cooperative,
    accounts: Sequence[service.SavingsAccount],
    day: date,
    locale: str,
) -> list[rules_promises.Told]:
    """What was agreed for the products in which these accounts are."""
    held: dict[service.Product, date] = {}
    for account in accounts:
        if account.closed_on is None:
            held[account.product] = min(account.opened_on, held.get(account.product, account.opened_on))
    order = list(service.SavingsKind)
    held = dict(sorted(held.items(), key=lambda one: (order.index(one[0].kind), one[0].code)))
    rows = await service.product_terms(connection, cooperative.book_id, [one.code for one in held])
    said = terms(cooperative.kind)
    return rules_promises.told(held, rows, day, rules_promises.Words(said.savings_return, said.surplus), locale)


def own_number(identity: Identity) -> str:
    """The member number of whoever asks.

    Raises:
        NotFound: this user is nobody's member.
    """
    if identity.member_number is None:
        raise NotFound("not-found", N_("Tidak ditemukan."))
    return identity.member_number


CONTROLLERS: list[type[Controller]] = [MemberPages, MorePages]
