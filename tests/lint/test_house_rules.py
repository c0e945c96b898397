"""The rules of this house: the tree keeps them, and each rule catches what it is there for."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def load_rules() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "house_rules.py"
    spec = importlib.util.spec_from_file_location("house_rules", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["house_rules"] = module
    spec.loader.exec_module(module)
    return module


house_rules = load_rules()

SERVICE = "src/koperasi/savings/service.py"
RULES = "src/koperasi/savings/rules.py"
API = "src/koperasi/savings/api.py"
PAGES = "src/koperasi/savings/pages.py"
PAGE = "src/koperasi/savings/templates/receipt.html"
CLI = "src/koperasi/cli.py"
MONEY = "src/ledger/money.py"

# (rule, path, text): the text breaks that rule, once, and no other.
PLANTED = [
    ("sql-in-its-rooms", API, "from sqlalchemy import select\n"),
    ("sql-in-its-rooms", PAGES, "import asyncpg\n"),
    ("sql-in-its-rooms", "src/koperasi/reports/api.py", "from sqlalchemy import text\n"),
    ("sql-in-its-rooms", "src/koperasi/web/forms.py", 'QUERY = "SELECT name FROM member"\n'),
    ("sql-in-its-rooms", API, 'QUERY = """\nUPDATE member SET name = $1\n"""\n'),
    ("sql-in-its-rooms", RULES, 'QUERY = "DELETE FROM member"\n'),
    ("sql-in-its-rooms", PAGE, "<p>{{ query('SELECT name\nFROM member') }}</p>\n"),
    ("no-float", SERVICE, "amount = float('1.5')\n"),
    ("no-float", MONEY, "HALF = 0.5\n"),
    ("no-float", RULES, "def rate() -> float: ...\n"),
    ("no-float", RULES, "HALF = 0.5  # not money:\n"),
    ("no-float", RULES, "amounts: list[float] = []\n"),
    ("commit-in-plain-sight", SERVICE, "async def deposit(work):\n    await work.commit()\n"),
    ("commit-in-plain-sight", "src/ledger/journal.py", "async def f(c):\n    await c.commit()\n"),
    ("commit-in-plain-sight", "src/koperasi/app.py", "async def f(work):\n    await work.commit()\n"),
    ("commit-in-plain-sight", SERVICE, "async def f(engine):\n    async with engine.begin(): ...\n"),
    ("pure-rules", RULES, "from datetime import date\nTODAY = date.today()\n"),
    ("pure-rules", RULES, "def f(clock):\n    return clock.now()\n"),
    ("pure-rules", RULES, "import random\n"),
    ("pure-rules", RULES, "def f(path):\n    return open(path)\n"),
    ("pure-rules", RULES, "from koperasi.config import Settings\n"),
    ("pure-rules", RULES, "async def f(): ...\n"),
    ("pure-rules", MONEY, "import os\n"),
    ("through-the-service", SERVICE, "from koperasi.members import tables\n"),
    ("through-the-service", SERVICE, "from koperasi.members.tables import member\n"),
    ("through-the-service", RULES, "from koperasi.members.rules import MigrantStatus\n"),
    ("through-the-service", API, "import koperasi.groups.rules\n"),
    ("one-posting-writer", SERVICE, 'SQL = "INSERT INTO ledger_posting VALUES (1)"\n'),
    ("one-posting-writer", SERVICE, 'SQL = "update ledger_posting set amount = 0"\n'),
    ("one-posting-writer", "src/ledger/journal.py", 'SQL = "DELETE FROM ledger_entry"\n'),
    ("one-posting-writer", SERVICE, "def f(schema):\n    return schema.posting.insert()\n"),
    ("one-posting-writer", SERVICE, "def f(insert, posting):\n    return insert(posting).values(amount=1)\n"),
    ("one-posting-writer", SERVICE, 'def f(c, rows):\n    c.copy_records_to_table("ledger_posting", records=rows)\n'),
    ("no-values-in-sql", SERVICE, "def f(name):\n    return f\"SELECT id FROM member WHERE name = '{name}'\"\n"),
    ("no-values-in-sql", SERVICE, "def f(name):\n    return \"SELECT id FROM member WHERE name = '%s'\" % name\n"),
    ("no-values-in-sql", SERVICE, 'def f(name):\n    return "SELECT id FROM member WHERE name = " + name\n'),
    ("no-values-in-sql", SERVICE, 'def f(name):\n    return "SELECT id FROM member WHERE n = {}".format(name)\n'),
    ("no-values-in-sql", "src/ledger/sql.py", "def f(book):\n    return f\"SET LOCAL app.book = '{book}'\"\n"),
    ("run-time-annotations", API, "from __future__ import annotations\n"),
    ("short-files", SERVICE, "A = 1\n" * 401),
    ("short-files", PAGE, "<p></p>\n" * 401),
    ("nothing-of-this-machine", "docs/a.md", "See /wo" + "rk/main.\n"),
    ("nothing-of-this-machine", "requirements/runtime.txt", "--index-url https://pypi" + ".org/simple\n"),
]

# (path, text): close to a violation, and none.
ALLOWED = [
    (SERVICE, 'from sqlalchemy import select\nSQL = "SELECT 1 FROM member"\n'),
    ("src/koperasi/app.py", "from sqlalchemy.exc import DBAPIError\n"),
    (API, '"""We SELECT nothing FROM here."""\n'),
    (PAGE, "<select><option>Select a member from the list</option></select>\n"),
    (MONEY, "def check(value):\n    return isinstance(value, float)\n"),
    ("src/ledger/groupcommit.py", "WAIT = 0.5  # not money: seconds\n"),
    ("tests/test_a.py", "HALF = 0.5\n"),
    (API, "async def f(work):\n    await work.commit()\n"),
    (CLI, "async def f(work):\n    await work.commit()\n"),
    (SERVICE, "from datetime import date\nTODAY = date.today()\n"),
    (RULES, "def f(today, opened):\n    return today - opened\n"),
    (SERVICE, "from koperasi.members import service as members\nfrom koperasi.access import Identity\n"),
    (SERVICE, "from koperasi.savings import rules, tables\nfrom koperasi.web.forms import Form\n"),
    ("src/ledger/sql.py", 'SQL = "INSERT INTO ledger_posting VALUES (1)"\n'),
    (SERVICE, 'SQL = "SELECT amount FROM ledger_posting"\n'),
    (SERVICE, 'COLUMNS = "a, b"\nSQL = f"SELECT {COLUMNS} FROM member"\n'),
    (SERVICE, "def f(book):\n    return f\"SET LOCAL app.book = '{book:d}'\"\n"),
    (SERVICE, "A = 1\n" * 400),
]


def test_the_tree_keeps_the_rules() -> None:
    violations = [str(violation) for source in house_rules.tree() for violation in house_rules.check(source)]
    assert violations == [], "\n" + "\n".join(violations)


def test_the_tree_is_seen() -> None:
    paths = {source.path for source in house_rules.tree()}
    assert {"tools/house_rules.py", "src/ledger/money.py", "src/koperasi/db.py"} <= paths


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED)
def test_a_planted_violation_is_caught(rule: str, path: str, text: str) -> None:
    assert [violation.rule for violation in house_rules.check(house_rules.Source(path, text))] == [rule]


@pytest.mark.parametrize(("path", "text"), ALLOWED)
def test_what_the_rules_allow_passes(path: str, text: str) -> None:
    assert house_rules.check(house_rules.Source(path, text)) == []


def test_every_rule_has_a_planted_violation() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(house_rules.RULES)
