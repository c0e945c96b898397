"""The command line: run the service, found cooperatives, take data in and out, and prove what was there.

Exit codes: 0 done, 1 refused or findings, 2 wrong use.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn

import ledger
from koperasi import logs
from koperasi import migrate as migrations
from koperasi.access import service as access
from koperasi.audit import service as audit
from koperasi.config import Settings
from koperasi.cooperatives import commandline as cooperative_commands
from koperasi.cooperatives import service as cooperatives
from koperasi.db import ERRORS, Database, make_engine
from koperasi.embedded import Addresses, EmbeddedServer, ServerDown
from koperasi.errors import Refusal
from koperasi.imports import commandline as imports
from koperasi.permissions import Role
from koperasi.privacy import commandline as privacy
from koperasi.reports import commandline as reports
from koperasi.reports import commandline_doctor as doctor
from koperasi.reports import exports
from koperasi.reports import service_checkpoints as checkpoints
from koperasi.reports.checkpoints import installation_key
from koperasi.returns import commandline as returns
from koperasi.simulations import commandline as simulations
from koperasi.web.security import csrf_secret

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)

Cooperative = Annotated[
    str, typer.Option("--cooperative", "-c", help="Code of the cooperative; may be left out if there is one.")
]
Locale = "id"
AWAY: tuple[type[Exception], ...] = (ServerDown, *ERRORS)
"""What is raised when there is no database to speak to."""


@contextmanager
def addresses(settings: Settings) -> Iterator[Addresses]:
    """Where the database is: the one that the environment names, else the embedded one, started if need be."""
    if settings.database_url:
        yield Addresses(settings.database_url, settings.owner_database_url or settings.database_url)
        return
    with EmbeddedServer(settings.data_dir) as server:
        yield asyncio.run(server.ensure_database())


@asynccontextmanager
async def opened(found: Addresses) -> AsyncIterator[Database]:
    """Connections for one command."""
    database = Database(make_engine(found.application, pool_size=4))
    try:
        yield database
    finally:
        await database.close()


def run(command: Coroutine[Any, Any, int | None]) -> None:
    """Run a command; a refusal is said in words and ends with exit code 1."""
    try:
        code = asyncio.run(command)
    except Refusal as refusal:
        say(refusal.text(Locale))
        for error in refusal.errors:
            say(f"  {error.field}: {error.text(Locale)}")
        raise typer.Exit(1) from refusal
    except ledger.LedgerError as error:
        say(f"{error.code}: {error}")
        raise typer.Exit(1) from error
    if code:
        raise typer.Exit(code)


def say(text: str) -> None:
    """A line for the person at the terminal; results go to standard output, this to standard error."""
    print(text, file=sys.stderr, flush=True)


async def chosen(database: Database, code: str) -> cooperatives.Cooperative:
    """The cooperative with this code, or the only one there is."""
    async with database.directory() as connection:
        found = await cooperatives.all_cooperatives(connection)
    matching = [one for one in found if code in {"", one.code}]
    if len(matching) != 1:
        known = ", ".join(one.code for one in found) or "none"
        raise typer.BadParameter(f"name one cooperative with --cooperative; there are: {known}")
    return matching[0]


@app.command()
def serve(workers: Annotated[int, typer.Option(help="Worker processes.")] = 0) -> None:
    """Serve pages and API; starts and migrates the embedded database where no DATABASE_URL is set."""
    settings = Settings()
    with addresses(settings) as found:
        if not settings.database_url:
            migrations.upgrade(found.owner)
        run_server(settings, found, workers or settings.workers)


def run_server(settings: Settings, found: Addresses, workers: int) -> None:
    """Run uvicorn until it is told to stop."""
    csrf_secret(settings)
    os.environ["DATABASE_URL"] = found.application
    try:
        uvicorn.run(
            "koperasi.app:worker",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=workers,
            access_log=False,
            log_config=None,  # its errors go through koperasi.logs: their text may hold what a person typed
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=10,
            timeout_worker_healthcheck=60,  # a slow machine loads the service longer than uvicorn's 5 seconds
        )
    except KeyboardInterrupt:
        say("Berhenti. / Stopped.")


@app.command()
def demo(*, no_serve: Annotated[bool, typer.Option("--no-serve", help="Only seed, do not serve.")] = False) -> None:
    """Seed a demo village BMT through the product's own services and serve it; run again to go on with it."""
    from koperasi import demo as village  # noqa: PLC0415 - only this command needs it

    settings = Settings()
    say(f"1/4 PostgreSQL di {settings.data_dir} …" if not settings.database_url else "1/4 PostgreSQL …")
    with addresses(settings) as found:
        say("2/4 Menyiapkan tabel …")
        migrations.upgrade(found.owner)
        credentials = settings.data_dir / "demo-credentials.json"

        async def seed() -> None:
            async with opened(found) as database:
                logins = await village.seed(database, say)
            if logins is not None:
                village.write_credentials(credentials, logins)

        say("3/4 Desa contoh …")
        run(seed())
        say("4/4 Siap.")
        if no_serve:
            return
        say(village.welcome(credentials, f"http://{settings.host}:{settings.port}"))
        run_server(settings, found, settings.workers)


@app.command()
def migrate(revision: Annotated[str, typer.Argument(help="Version to go to.")] = "head") -> None:
    """Bring the database's schema up to date (as the owner role)."""
    settings = Settings()
    with addresses(settings) as found:
        if revision == "base":
            migrations.downgrade(found.owner, revision)
        else:
            migrations.upgrade(found.owner, revision)


@app.command()
def init(
    code: Annotated[str, typer.Argument(help="Short code, e.g. bmt-lestari.")],
    name: Annotated[str, typer.Argument(help="Full name.")],
    kind: Annotated[str, typer.Option(help="ksp, usp, kspps, uspps, bumdes_unit, bpr or kelompok.")] = "kspps",
    timezone: Annotated[str, typer.Option(help="Asia/Jakarta, Asia/Makassar or Asia/Jayapura.")] = "Asia/Jakarta",
    village: Annotated[str | None, typer.Option(help="Village.")] = None,
    founded_on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day of the book.")] = None,
) -> None:
    """Found a cooperative: its book, chart and policies, and its first users (passwords are printed once)."""

    async def command() -> None:
        async with opened(found) as database, database.work(0) as work:
            made = await cooperatives.found_cooperative(
                work,
                code=code,
                name=name,
                kind=kind,
                timezone=timezone,
                village=village,
                actor="init",
                founded_on=founded_on.date() if founded_on else date(datetime.now(UTC).year, 1, 1),
            )
            logins = {}
            for role in (Role.ADMIN, Role.BENDAHARA):
                logins[role.value] = secrets.token_urlsafe(12)
                await access.create_user(
                    work.connection,
                    made.book_id,
                    username=role.value,
                    name=role.value.capitalize(),
                    role=role,
                    password=logins[role.value],
                )
            await work.commit()
        print(json.dumps({"cooperative": made.code, "logins": logins}, indent=2))

    settings = Settings()
    with addresses(settings) as found:
        migrations.upgrade(found.owner)
        run(command())


@app.command()
def user(
    username: Annotated[str, typer.Argument()],
    role: Annotated[Role, typer.Option()],
    name: Annotated[str, typer.Option()] = "",
    member: Annotated[str | None, typer.Option(help="Member number, for the role anggota.")] = None,
    valid_until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Auditors: last day.")] = None,
    cooperative: Cooperative = "",
) -> None:
    """Add a user; the password is asked for (or read from standard input)."""
    password = getpass.getpass("Kata sandi / password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")

    async def command() -> None:
        async with opened(found) as database:
            one = await chosen(database, cooperative)
            async with database.work(one.book_id) as work:
                await access.create_user(
                    work.connection,
                    one.book_id,
                    username=username,
                    name=name or username,
                    role=role,
                    password=password,
                    member_number=member,
                    valid_until=valid_until.date() if valid_until else None,
                )
                await work.commit()
        say(f"{username} ({role.value}) dapat masuk. / can log in.")

    with addresses(Settings()) as found:
        run(command())


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    kind: Annotated[str, typer.Option(help="members, opening_{savings,deposits,trial_balance} or journal.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check only; write nothing.")] = False,
    date_order: Annotated[str | None, typer.Option(help="dmy or mdy, if the file leaves it open.")] = None,
    savings_kind: Annotated[
        str | None, typer.Option(help="pokok, wajib or sukarela, if the file does not say.")
    ] = None,
    exclude: Annotated[list[int] | None, typer.Option(help="A line to leave out; may be repeated.")] = None,
    actor: Annotated[str, typer.Option(help="Who imports, as the journal will name them.")] = "bendahara",
    cooperative: Cooperative = "",
) -> None:
    """Import a spreadsheet (CSV or XLSX), or restore an exported journal into an empty book.

    All rows are right, or nothing is written.
    """
    settings = Settings()

    async def command() -> int:
        async with opened(found) as database:
            one = await chosen(database, cooperative)
            if kind == "journal":
                async with database.work(one.book_id) as work:
                    done = await reports.restore_journal(work, file, say)
                    if not dry_run:
                        await work.commit()
                say(f"{done.entries} jurnal, {done.accounts_opened} akun baru. / entries, new accounts.")
                say("Segel sama. / Same hashes." if done.same_chain else "Segel baru. / New hashes: another book.")
                return 0
            return await imports.run(
                database,
                one,
                file,
                kind=kind,
                dry_run=dry_run,
                date_order=date_order,
                savings_kind=savings_kind,
                exclude=exclude or [],
                actor=actor,
                say=say,
            )

    with addresses(settings) as found:
        run(command())


@app.command()
def export(
    file: Annotated[
        Path | None,
        typer.Argument(help="Where to; a bundle also to a folder. Without it text goes to standard output."),
    ] = None,
    file_format: Annotated[exports.Format, typer.Option("--format")] = exports.Format.JSONL,
    from_date: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"])] = None,
    to_date: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"])] = None,
    account: Annotated[str | None, typer.Option(help="Only entries that touch it, or one beneath it.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only entries of this kind.")] = None,
    known_at: Annotated[str | None, typer.Option(help="As the book stood at an entry, a day or a moment.")] = None,
    delimiter: Annotated[str, typer.Option(help="CSV: , or ; (then with decimal commas).")] = ",",
    bom: Annotated[bool, typer.Option("--bom", help="CSV: begin with a byte order mark.")] = False,
    without_seal: Annotated[bool, typer.Option("--without-seal", help="Leave out book and hashes.")] = False,
    cooperative: Cooperative = "",
) -> None:
    """Write the journal: csv, jsonl, xlsx, hledger, ledger, beancount, or a bundle that anybody can check."""
    settings = Settings()
    days = from_date.date() if from_date else None, to_date.date() if to_date else None
    if delimiter not in {",", ";"}:
        raise typer.BadParameter("--delimiter is , or ;")
    wanted = exports.JournalExport(
        file_format, *days, delimiter, bom=bom, account=account, kind=kind, seal=not without_seal
    )

    async def command() -> None:
        async with opened(found) as database:
            one = await chosen(database, cooperative)
            async with database.work(one.book_id) as work:
                told: dict[str, Any] = {"actor": access.OPERATOR, "action": audit.Action.EXPORTED}
                await audit.record(work.connection, one.book_id, subject=f"journal {file_format}", **told)
                await work.commit()
            key = partial(installation_key, settings.data_dir)
            await reports.export(database, one, wanted, file, known_at=known_at, key=key)

    with addresses(settings) as found:
        run(command())


@app.command()
def checkpoint(
    svg: Annotated[Path | None, typer.Option(help="Also draw the QR symbol into this file, for paper.")] = None,
    cooperative: Cooperative = "",
) -> None:
    """Print the number, hash and signature of the book's last entry, for an auditor to keep on paper."""
    settings = Settings()

    async def command() -> None:
        async with opened(found) as database:
            one = await chosen(database, cooperative)
            async with database.work(one.book_id) as work:
                key = installation_key(settings.data_dir)
                signed = (await checkpoints.issue(work, key, actor="checkpoint", now=datetime.now(UTC))).signed
                await work.commit()
        print(reports.checkpoint_text(one, signed))
        signed.symbol().terminal(compact=True)
        if svg is not None:
            signed.symbol().save(str(svg), kind="svg", scale=4)

    with addresses(settings) as found:
        run(command())


@app.command()
def verify(
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    cooperative: Cooperative = "",
) -> None:
    """Check the whole book against itself; exit code 1 if anything is not as it should be, 2 if it can't be checked."""

    async def command() -> int:
        async with opened(found) as database:
            one = await chosen(database, cooperative)
            return await doctor.verify(database, one, as_json=as_json, say=say)

    try:
        with addresses(Settings()) as found:
            run(command())
    except AWAY as error:
        say(f"Pemeriksaan tidak dapat dijalankan. / The check could not run: {type(error).__name__}")
        raise typer.Exit(doctor.COULD_NOT_RUN) from error


app.add_typer(privacy.commands(addresses, opened, run), name="keys")
app.add_typer(returns.commands(addresses, opened, run, chosen), name="returns")
app.add_typer(simulations.commands(), name="simulate")
app.add_typer(cooperative_commands.commands(addresses, opened, run), name="read-only")


def main() -> None:
    """The ``koperasi`` command. Its results go to standard output, so what it logs goes to standard error."""
    logs.configure(sys.stderr)
    app()


if __name__ == "__main__":
    main()
