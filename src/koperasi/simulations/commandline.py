"""``koperasi simulate``: a question as JSON on standard input, the answer as JSON on standard output; no database."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

import typer
from pydantic import BaseModel, ValidationError

from koperasi.errors import Refusal
from koperasi.i18n import DEFAULT_LOCALE
from koperasi.simulations import service
from koperasi.simulations.model import ExitSettlementIn, ProfitPoolIn, SavingsReturnIn, SavingsTaxIn, TermDepositIn

Asked = TypeVar("Asked", bound=BaseModel)

UNREADABLE = 2
"""Exit code: the question is not what it should be. 1 is a refusal by the rules."""


def commands() -> typer.Typer:
    """The group of commands, one for each simulation."""
    group = typer.Typer(no_args_is_help=True, help=__doc__)
    group.command("savings-return")(
        _command(SavingsReturnIn, service.savings_return, "The return on a savings account at a rate.")
    )
    group.command("profit-pool")(
        _command(ProfitPoolIn, service.profit_pool, "A mudharabah pool or a wadiah bonus, shared.")
    )
    group.command("term-deposit")(
        _command(TermDepositIn, service.term_deposit, "A term deposit, rolled over or closed early.")
    )
    group.command("savings-tax")(
        _command(SavingsTaxIn, service.savings_tax, "The final tax on a member's returns of a month.")
    )
    group.command("exit-settlement")(
        _command(ExitSettlementIn, service.exit_settlement, "The settlement of a member who leaves.")
    )
    return group


def _command(model: type[Asked], simulate: Callable[[Asked, str], BaseModel], about: str) -> Callable[[], None]:
    def command() -> None:
        try:
            answer = simulate(model.model_validate_json(sys.stdin.buffer.read()), DEFAULT_LOCALE)
        except ValidationError as error:
            for one in error.errors(include_url=False, include_input=False):
                typer.echo(f"{'.'.join(str(part) for part in one['loc']) or 'JSON'}: {one['msg']}", err=True)
            raise typer.Exit(UNREADABLE) from None
        except Refusal as refusal:
            typer.echo(f"{refusal.code}: {refusal.text(DEFAULT_LOCALE)}", err=True)
            raise typer.Exit(1) from None
        typer.echo(answer.model_dump_json(indent=2))

    command.__doc__ = f"{about} Reads JSON, writes JSON; see docs/simulations.md."
    return command
