"""``koperasi simulate``: a question as JSON on standard input, the answer as JSON on standard output; no database."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import TypeVar

import typer
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from koperasi.errors import Refusal
from koperasi.i18n import DEFAULT_LOCALE, N_, translate
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
            answer = simulate(_read(model, sys.stdin.buffer.read()), DEFAULT_LOCALE)
        except UnreadableError as problem:
            for line in problem.lines:
                typer.echo(line, err=True)
            raise typer.Exit(UNREADABLE) from None
        except Refusal as refusal:
            typer.echo(f"{refusal.code}: {refusal.text(DEFAULT_LOCALE)}", err=True)
            raise typer.Exit(1) from None
        typer.echo(answer.model_dump_json(indent=2))

    command.__doc__ = f"{about} Reads JSON, writes JSON; see docs/simulations.md."
    return command


class UnreadableError(Exception):
    """The question is not what it should be; a line for each thing that is wrong."""

    def __init__(self, lines: Iterable[str]) -> None:
        super().__init__()
        self.lines = list(lines)


def _read(model: type[Asked], data: bytes) -> Asked:
    """A question from its bytes.

    Raises:
        UnreadableError: it is no JSON, names something twice, or is not what this simulation asks.
    """
    try:
        text = data.decode("utf-8-sig")
        json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise UnreadableError([_said(N_("JSON: bukan teks UTF-8."))]) from None
    except json.JSONDecodeError as error:
        where = {"line": error.lineno, "column": error.colno}
        raise UnreadableError(
            [_said(N_("JSON: tidak terbaca pada baris %(line)s, kolom %(column)s."), **where)]
        ) from None
    except RecursionError:
        raise UnreadableError([_said(N_("JSON: terlalu dalam."))]) from None
    except ValueError:  # a whole number of thousands of digits
        raise UnreadableError([_said(N_("JSON: angkanya terlalu panjang."))]) from None
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise UnreadableError(_wrong(one) for one in error.errors(include_url=False, include_input=False)) from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    if twice := [name for name in names if names.count(name) > 1][:1]:
        raise UnreadableError([_said(N_("%(name)s: tertulis dua kali."), name=twice[0])])
    return dict(pairs)


def _no_number(name: str) -> None:
    raise UnreadableError([_said(N_("JSON: %(name)s bukan angka."), name=name)])


_WRONG = {
    "missing": N_("%(name)s: harus diisi."),
    "extra_forbidden": N_("%(name)s: nama ini tidak dikenal."),
    "string_type": N_("%(name)s: harus teks di antara tanda petik."),
    "string_pattern_mismatch": N_("%(name)s: bentuknya salah (%(reason)s)."),
    "enum": N_("%(name)s: pilih salah satu dari %(reason)s."),
    "too_long": N_("%(name)s: terlalu banyak baris."),
}


def _wrong(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    reason = context.get("expected") or context.get("pattern") or error["msg"]
    message = _WRONG.get(error["type"], N_("%(name)s: %(reason)s."))
    return _said(message, name=".".join(str(part) for part in error["loc"]) or "JSON", reason=reason)


def _said(message: str, **params: object) -> str:
    return translate(DEFAULT_LOCALE, message, **params)
