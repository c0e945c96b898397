"""Simulations over REST: a question in, an answer with its working out; the book is not touched."""

from litestar import Controller, post

from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest, problems
from koperasi.simulations import service
from koperasi.simulations.answers import (
    ExitSettlementOut,
    ProfitPoolOut,
    SavingsReturnOut,
    SavingsTaxOut,
    TermDepositOut,
)
from koperasi.simulations.model import (
    ExitSettlementIn,
    ProfitPoolIn,
    SavingsReturnIn,
    SavingsTaxIn,
    TermDepositIn,
)

REFUSES = problems(400, 401, 403, 422)
MOST_ROWS = 1_000
"""Accounts and movements in one request; ``koperasi simulate`` takes more."""


class SimulationController(Controller):
    """What the rules make of figures that somebody writes down."""

    path = "/api/v1/simulations"
    tags = ("simulations",)

    @post(
        "/savings-return",
        opt={"permission": Permission.SIMULATE},
        status_code=200,
        responses=REFUSES,
        sync_to_thread=True,
    )
    def savings_return(self, request: ApiRequest, data: SavingsReturnIn) -> SavingsReturnOut:
        """The return on a savings account at a rate: by day, by average or by lowest balance."""
        _check_rows(len(data.movements))
        return service.savings_return(data, request.user.locale)

    @post(
        "/profit-pool", opt={"permission": Permission.SIMULATE}, status_code=200, responses=REFUSES, sync_to_thread=True
    )
    def profit_pool(self, request: ApiRequest, data: ProfitPoolIn) -> ProfitPoolOut:
        """A mudharabah pool shared by average balances and nisbah, or a wadiah bonus shared by balances."""
        _check_rows(len(data.accounts) + sum(len(one.movements) for one in data.accounts))
        return service.profit_pool(data, request.user.locale)

    @post(
        "/term-deposit",
        opt={"permission": Permission.SIMULATE},
        status_code=200,
        responses=REFUSES,
        sync_to_thread=True,
    )
    def term_deposit(self, request: ApiRequest, data: TermDepositIn) -> TermDepositOut:
        """A term deposit with its roll-overs, or closed early."""
        return service.term_deposit(data, request.user.locale)

    @post(
        "/savings-tax", opt={"permission": Permission.SIMULATE}, status_code=200, responses=REFUSES, sync_to_thread=True
    )
    def savings_tax(self, request: ApiRequest, data: SavingsTaxIn) -> SavingsTaxOut:
        """The tax on what one saver's accounts brought in a month: a member's, another cooperative's, a bank's."""
        return service.savings_tax(data, request.user.locale)

    @post(
        "/exit-settlement",
        opt={"permission": Permission.SIMULATE},
        status_code=200,
        responses=REFUSES,
        sync_to_thread=True,
    )
    def exit_settlement(self, request: ApiRequest, data: ExitSettlementIn) -> ExitSettlementOut:
        """The settlement statement of a member who leaves, is dismissed or has died."""
        return service.exit_settlement(data, request.user.locale)


def _check_rows(count: int) -> None:
    if count > MOST_ROWS:
        raise Refusal("too-many-rows", N_("Lewat layanan ini paling banyak %(most)s baris."), most=MOST_ROWS)


CONTROLLERS: list[type[Controller]] = [SimulationController]
