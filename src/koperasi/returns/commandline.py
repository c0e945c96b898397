"""``koperasi returns``: compute, look, agree, post and ask why, as on the page; for servers without a browser."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, TypeVar

import typer

from koperasi.approvals.service import Approval, Status
from koperasi.config import Settings
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.formats import InputError, format_amount, format_date, parse_wire_amount
from koperasi.i18n import DEFAULT_LOCALE, N_, translate
from koperasi.permissions import Identity, Role
from koperasi.posting import Idempotency
from koperasi.returns import service
from koperasi.returns.messages import month_name, warning
from koperasi.returns.model import STATUS_LABELS, Asked, Progress, Run, RunStatus
from koperasi.returns.pages_form import BAD_MONTH, month_of
from koperasi.returns.rules_interest import Posting
from koperasi.returns.wire import RunOut
from koperasi.returns.working import number as figure

Found = TypeVar("Found")
Code = Annotated[str, typer.Option("--cooperative", "-c", help="Code of the cooperative; needed if there are more.")]
Actor = Annotated[str, typer.Option(help="Who does it, as the journal will name them.")]
Json = Annotated[bool, typer.Option("--json", help="As REST answers it.")]
RunNumber = Annotated[int, typer.Argument(help="Number of the run, as preview and list tell it.", min=1, max=2**53)]
BAR_WIDTH = 40


def commands(
    addresses: Callable[[Settings], AbstractContextManager[Found]],
    opened: Callable[[Found], AbstractAsyncContextManager[Database]],
    run: Callable[[Coroutine[Any, Any, int | None]], None],
    chosen: Callable[[Database, str], Coroutine[Any, Any, Cooperative]],
) -> typer.Typer:
    """The group of commands; the command line hands in how it finds and opens the database, and how it runs."""
    group = typer.Typer(no_args_is_help=True, help=__doc__)

    def act(code: str, command: Callable[[Database, Cooperative], Coroutine[Any, Any, int | None]]) -> None:
        async def with_database() -> int | None:
            async with opened(found) as database:
                return await command(database, await chosen(database, code))

        with addresses(Settings()) as found:
            run(with_database())

    @group.command("preview")
    def preview(
        month: Annotated[str, typer.Argument(help="The month, or the last one of the quarter: 2026-11.")],
        *,
        quarterly: Annotated[bool, typer.Option("--quarterly", help="The quarter that ends with it.")] = False,
        product: Annotated[list[str] | None, typer.Option(help="Only this product; may be repeated.")] = None,
        bonus: Annotated[list[str] | None, typer.Option(help="PRODUCT=AMOUNT, of wadiah; may be repeated.")] = None,
        income: Annotated[str | None, typer.Option(help="Cash income of the pool, instead of the book's.")] = None,
        financing: Annotated[str | None, typer.Option(help="Average financing, instead of the book's.")] = None,
        reason: Annotated[str, typer.Option(help="Why instead.")] = "",
        correction: Annotated[bool, typer.Option("--correction", help="Only differences to what was posted.")] = False,
        as_json: Json = False,
        actor: Actor = "bendahara",
        cooperative: Code = "",
    ) -> None:
        """Compute a period and show what comes of it. Nothing is posted."""
        pool = (income, financing, reason)
        asked = partial(_asked, month, product or [], bonus or [], pool, quarterly=quarterly, correction=correction)
        act(cooperative, partial(_preview, asked, actor, as_json=as_json))

    @group.command("list")
    def list_runs(*, as_json: Json = False, cooperative: Code = "") -> None:
        """The runs, the latest first (the last 50)."""
        act(cooperative, partial(_list, as_json=as_json))

    @group.command("post")
    def post(run_number: RunNumber, actor: Actor = "bendahara", cooperative: Code = "") -> None:
        """Post a run, or go on where it broke off; one that nobody agreed to yet is first put to a second person."""
        act(cooperative, partial(_post, run_number, actor))

    @group.command("drop")
    def drop(run_number: RunNumber, actor: Actor = "bendahara", cooperative: Code = "") -> None:
        """Throw away a run of which nothing was posted; its period is free again."""
        act(cooperative, partial(_drop, run_number, actor))

    @group.command("why")
    def why(
        run_number: RunNumber,
        account: Annotated[str, typer.Argument(help="Number of the savings account.")],
        cooperative: Code = "",
    ) -> None:
        """How the figure of one account came about, to be printed."""
        act(cooperative, partial(_why, run_number, account))

    return group


async def _preview(
    asked: Callable[[], Asked], actor: str, database: Database, one: Cooperative, *, as_json: bool
) -> None:
    async with database.work(one.book_id) as work:
        made = await service.prepare(work, database, one, asked(), actor=actor, now=datetime.now(UTC))
        await work.commit()
    _show(made, as_json=as_json)


async def _list(database: Database, one: Cooperative, *, as_json: bool) -> None:
    async with database.reading(one.book_id) as connection:
        found, _ = await service.runs(connection, one.book_id, limit=50)
    for each in found:
        typer.echo(RunOut.of(each).model_dump_json() if as_json else _line(each))


async def _drop(run_number: int, actor: str, database: Database, one: Cooperative) -> None:
    async with database.work(one.book_id) as work:
        made = await service.drop(work, run_number, actor=actor)
        await work.commit()
    typer.echo(_line(made))


async def _why(run_number: int, account: str, database: Database, one: Cooperative) -> None:
    keeper = Identity(one.book_id, 0, "operator", "Operator", Role.BENDAHARA)
    async with database.reading(one.book_id) as connection:
        found = await service.why(connection, one, keeper, run_number, account)
    for line in _working(found):
        typer.echo(line)


async def _post(run_number: int, actor: str, database: Database, one: Cooperative) -> int:
    async with database.work(one.book_id) as work:
        found: Run | Approval = await service.run(work.connection, one.book_id, run_number)
        if isinstance(found, Run) and found.status is RunStatus.PREVIEW:
            now = datetime.now(UTC)
            # Typed again on the same day it finds the request that is waiting.
            once = Idempotency.of("returns-post", f"{run_number}:{one.today(now)}", actor)
            found = await service.submit(work, one, run_number, actor=actor, idempotency=once, now=now)
            await work.commit()
    if isinstance(found, Approval):
        message = N_("Menunggu orang kedua: persetujuan nomor %(number)s. Sesudah disetujui, jalankan lagi.")
        if found.status is not Status.DRAFT:
            message = N_("Persetujuan nomor %(number)s tidak diberikan: buang perhitungan ini, lalu hitung lagi.")
        typer.echo(_text(message, number=found.number), err=True)
        return 1
    done = await service.post_all(database, one, run_number, actor=actor, on_progress=_bar())
    typer.echo(_text(N_("%(done)s dari %(total)s jurnal tercatat."), done=done.done, total=done.total))
    return 0


def _text(message: str, **params: object) -> str:
    return translate(DEFAULT_LOCALE, message, **params)


def _asked(
    month: str,
    products: Sequence[str],
    bonuses: Sequence[str],
    pool: tuple[str | None, str | None, str],
    *,
    quarterly: bool,
    correction: bool,
) -> Asked:
    first = month_of(month)
    if first is None:
        raise Refusal("month", BAD_MONTH, field="month")
    income, financing, reason = pool
    pairs = [one.partition("=") for one in bonuses]
    return Asked(
        first,
        Posting.QUARTERLY if quarterly else Posting.MONTHLY,
        tuple(dict.fromkeys(products)),
        {product: _amount(amount, "bonus") for product, _, amount in pairs},
        None if income is None else _amount(income, "income"),
        None if financing is None else _amount(financing, "financing"),
        reason,
        correction,
    )


def _amount(text: str, field: str) -> int:
    try:
        return parse_wire_amount(text)
    except InputError as problem:
        raise Refusal("amount", N_("Tulis jumlah seperti 1250000.00."), field=field) from problem


def _show(found: Run, *, as_json: bool) -> None:
    if as_json:
        typer.echo(RunOut.of(found).model_dump_json(indent=2))
        return
    typer.echo(_line(found))
    for code, one in found.by_product.items():
        name = found.product(code).name(DEFAULT_LOCALE)
        typer.echo(
            "  "
            + _text(
                N_("%(name)s: %(accounts)s rekening, imbal %(gross)s, pajak %(tax)s, masuk %(net)s"),
                name=name,
                accounts=one.accounts,
                gross=format_amount(one.gross_minor),
                tax=format_amount(one.tax_minor),
                net=format_amount(one.net_minor),
            )
        )
    if pool := found.pool:
        typer.echo(
            "  "
            + _text(
                N_("HI-1000 %(hi)s; dibagikan %(total)s, untuk penyimpan %(savers)s"),
                hi=figure(pool.hi_1000, 8),
                total=format_amount(pool.distributed_minor),
                savers=format_amount(pool.to_savers_minor),
            )
        )
    for warned in found.warnings:
        typer.echo(f"  ! {warning(found, warned, DEFAULT_LOCALE)}")


def _line(found: Run) -> str:
    return _text(
        N_("%(number)s  %(month)s  %(state)s  %(accounts)s rekening, masuk %(net)s"),
        number=found.number,
        month=month_name(found.period.last, DEFAULT_LOCALE),
        state=_text(STATUS_LABELS[found.status]),
        accounts=found.whole.accounts,
        net=format_amount(found.whole.net_minor),
    )


def _working(found: service.Why) -> Iterator[str]:
    line, period = found.line, found.run.period
    yield f"{found.product.name(DEFAULT_LOCALE)} {line.account_number}"
    yield f"{format_date(period.first, DEFAULT_LOCALE)} - {format_date(period.last, DEFAULT_LOCALE)}"
    for place, one in enumerate((*found.steps, *found.tax_steps), 1):
        yield f"{place:>3}. {one.text(DEFAULT_LOCALE)}"
    yield _text(
        N_("Imbal %(gross)s - pajak %(tax)s = masuk %(net)s."),
        gross=format_amount(line.gross_minor),
        tax=format_amount(line.tax_minor),
        net=format_amount(line.net_minor),
    )


def _bar() -> Callable[[Progress], None] | None:
    """How far it is, on one line of a terminal; a file or a pipe gets none."""
    if not sys.stderr.isatty():
        return None

    def show(at: Progress) -> None:
        filled = BAR_WIDTH * at.done // at.total if at.total else BAR_WIDTH
        ends = "\n" if at.done >= at.total else ""
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {at.done}/{at.total}{ends}")
        sys.stderr.flush()

    return show
