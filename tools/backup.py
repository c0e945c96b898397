"""Backup of the embedded database to one file, and its return into an empty data directory.

tools/backup.py make FILE      while the service runs, or not
tools/backup.py restore FILE   into a KOPERASI_DATA_DIR that has no database yet
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from koperasi.config import Settings
from koperasi.embedded import EmbeddedServer


def make(server: EmbeddedServer, file: Path) -> None:
    """Write a consistent picture of the database; the file appears only when it is whole."""
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.touch(mode=0o600)
    run(server, "pg_dump", "--format=custom", f"--file={unfinished}", "koperasi")
    unfinished.replace(file)


def restore(server: EmbeddedServer, file: Path) -> None:
    """Create the roles and the database, and fill it in one transaction."""
    asyncio.run(server.ensure_database())
    run(server, "pg_restore", "--exit-on-error", "--single-transaction", "--dbname=koperasi", str(file))


def run(server: EmbeddedServer, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs against the embedded server, as its administrator."""
    command = [str(server.binaries / program), f"--host={server.socket_dir}", "--username=postgres", *arguments]
    subprocess.run(command, check=True)  # noqa: S603


def main(arguments: list[str]) -> int:
    """0 when done; 2 when asked wrongly; 1 when it could not be done."""
    if len(arguments) != 2 or arguments[0] not in {"make", "restore"}:
        print(__doc__, file=sys.stderr)  # noqa: T201
        return 2
    act, file = arguments[0], Path(arguments[1]).absolute()
    data_dir = Settings().data_dir
    has_database = (data_dir / "postgres" / "PG_VERSION").exists()
    wrong = ""
    if act == "make" and not has_database:
        wrong = f"{data_dir} has no database"
    elif act == "restore" and has_database:
        wrong = f"{data_dir} has a database already; set KOPERASI_DATA_DIR to a new directory"
    elif act == "restore" and not os.access(file, os.R_OK):
        wrong = f"{file} cannot be read"
    if wrong:
        print(f"Nothing done: {wrong}", file=sys.stderr)  # noqa: T201
        return 1
    try:
        with EmbeddedServer(data_dir) as server:
            (make if act == "make" else restore)(server, file)
    except subprocess.CalledProcessError:
        return 1
    print(f"{'Written' if act == 'make' else 'Restored'}: {file}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
