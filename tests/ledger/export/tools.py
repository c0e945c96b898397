"""What the real hledger, ledger and beancount make of a file: every account's balance at the end of a day."""

from __future__ import annotations

import csv
import re
import subprocess
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

from beancount import loader
from beancount.core import data as directives

from ledger.money import exponent

CODE = re.compile(r"[0-9A-Za-z.]+")


def run(*command: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


def minor(text: str) -> int:
    """``-12.50 IDR`` in minor units; ``0`` is nothing."""
    amount, _, currency = text.strip().partition(" ")
    return int(Decimal(amount).scaleb(exponent(currency.strip('"')) if currency else 0))


def code_of(name: str) -> str:
    """The code that begins an account's last part."""
    return CODE.match(name.rpartition(":")[2])[0]


def hledger(file: Path, as_of: date) -> dict[str, int]:
    until = (as_of + timedelta(days=1)).isoformat()
    shown = run("hledger", "-f", str(file), "balance", "--flat", "--no-total", "-e", until, "-O", "csv")
    rows = list(csv.reader(StringIO(shown)))[1:]
    return {code_of(name): minor(amount) for name, amount in rows}


def ledger_cli(file: Path, as_of: date) -> dict[str, int]:
    until = (as_of + timedelta(days=1)).isoformat()
    shown = run(
        "ledger", "-f", str(file), "--args-only", "balance", "--flat", "--no-total", "-e", until,
        "--balance-format", "%(quantity(scrub(display_total)))\t%(commodity(scrub(display_total)))\t%(account)\n",
    )  # fmt: skip
    found = {}
    for line in filter(str.strip, shown.splitlines()):
        quantity, currency, name = line.split("\t")
        found[code_of(name)] = minor(f"{quantity} {currency}")
    return found


def beancount(text: str) -> list[directives.Transaction]:
    entries, errors, _ = loader.load_string(text)
    assert not errors, errors
    return entries


def beancount_balances(entries, as_of: date) -> dict[str, int]:
    codes = {one.account: one.meta["code"] for one in entries if isinstance(one, directives.Open)}
    found: dict[str, int] = {}
    for one in entries:
        if isinstance(one, directives.Transaction) and one.date <= as_of:
            for posting in one.postings:
                code, units = codes[posting.account], posting.units
                found[code] = found.get(code, 0) + minor(f"{units.number} {units.currency}")
    return found


def without_zeros(balances: dict[str, int]) -> dict[str, int]:
    return {code: amount for code, amount in balances.items() if amount}
