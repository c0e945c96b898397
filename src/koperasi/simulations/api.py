"""Simulations over REST: a question in, an answer with its working out; the book is not touched."""

from litestar import Controller, post

from koperasi.permissions import Permission
from koperasi.rest import ApiRequest, problems
from koperasi.simulations import service
from koperasi.simulations.model import (
    ExitSettlementIn,
    ExitSettlementOut,
    ProfitPoolIn,
    ProfitPoolOut,
    SavingsReturnIn,
    SavingsReturnOut,
    SavingsTaxIn,
    SavingsTaxOut,
    TermDepositIn,
    TermDepositOut,
)

REFUSES = problems(400, 401, 403, 422)


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
        return service.savings_return(data, request.user.locale)

    @post(
        "/profit-pool", opt={"permission": Permission.SIMULATE}, status_code=200, responses=REFUSES, sync_to_thread=True
    )
    def profit_pool(self, request: ApiRequest, data: ProfitPoolIn) -> ProfitPoolOut:
        """A mudharabah pool shared by average balances and nisbah, or a wadiah bonus shared by balances."""
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
        """The final tax on what one member's accounts brought in a month."""
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


CONTROLLERS: list[type[Controller]] = [SimulationController]
