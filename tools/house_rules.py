"""The rules of this house that ruff and import-linter cannot see.

``python tools/house_rules.py`` checks every file of the tree and names what breaks a rule. Each rule is a function from
a file (its path in the tree, its text) to the lines that break it; tests/lint plants a violation of every one.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LONGEST_FILE = 400

# Where SQL may stand. A slice's service may be cut into several files: service_<part>.py.
SQL_ROOMS = (
    "src/ledger/*",
    "src/koperasi/db.py",
    "src/koperasi/embedded.py",
    "src/koperasi/migrate.py",
    "src/koperasi/tables.py",
    "src/koperasi/*/service.py",
    "src/koperasi/*/service_*.py",
    "src/koperasi/*/tables.py",
    "src/koperasi/reports/*",
)
NEVER_SQL = ("*/api.py", "*/pages.py", "*/rules.py")

# Where a transaction may be committed: in plain sight, before the response is built.
COMMIT_ROOMS = (
    "src/koperasi/db.py",
    "src/koperasi/cli.py",
    "src/koperasi/demo/__init__.py",
    "src/koperasi/*/api.py",
    "src/koperasi/*/api_*.py",
    "src/koperasi/*/pages.py",
    "src/koperasi/*/pages_*.py",
    "src/koperasi/*/commandline.py",
    "src/ledger/groupcommit.py",
    # An import is several transactions by nature: claimed, posted with its rows, or failed with a reason.
    "src/koperasi/imports/service.py",
    # A rotation of keys is broken off and taken up again at each of its commits.
    "src/koperasi/privacy/service_rotation.py",
    # A return run is broken off and taken up again at each of its commits.
    "src/koperasi/returns/service_carrying.py",
    # How far a verification has come is told while its own snapshot stays open.
    "src/koperasi/reports/service_doctor.py",
)
# Where `engine.begin()`, which commits on leaving, may stand.
BEGIN_ROOMS = ("src/koperasi/db.py", "src/koperasi/embedded.py", "src/ledger/groupcommit.py")

PURE = (
    "src/koperasi/*/rules.py",
    "src/koperasi/*/rules_*.py",
    "src/ledger/money.py",
    "src/ledger/account.py",
    "src/ledger/entry.py",
    "src/ledger/checks.py",
    "src/ledger/seal.py",
    "src/ledger/statements.py",
)
IMPURE_IMPORTS = set(
    "asyncio asyncpg httpx io litestar logging os pathlib pydantic_settings random secrets socket sqlalchemy "  # noqa: SIM905
    "structlog subprocess tempfile time".split()
)
IMPURE_CALLS = set(
    "choice getenv input monotonic now open perf_counter print randbytes randint random shuffle sleep "  # noqa: SIM905
    "today token_bytes token_hex token_urlsafe urandom utcnow uuid1 uuid4 uuid7".split()
)

# Creates and drops databases, whose names no parameter can carry and no request can choose.
NAMES_DATABASES = "src/koperasi/embedded.py"

POSTING_TABLES = r"ledger_(?:posting|entry)\b"
POSTING_WRITER = "src/ledger/sql.py"

# Shared by all slices: who is asking, and what they may do.
OPEN_PACKAGES = frozenset({"access"})
NOT_SLICES = frozenset({"i18n", "web"})

SQL_TEXT = re.compile(
    r"\bSELECT\b[\s\S]+?\bFROM\b|\bSELECT\s+\w+\(|\bINSERT\s+INTO\b|\bUPDATE\s+[\w.\"{}]+\s+(?:AS\s+\w+\s+)?SET\b"
    r"|\bDELETE\s+FROM\b|\bTRUNCATE\s+\w|\b(?:CREATE|ALTER|DROP)\s+(?:TABLE|ROLE|INDEX|POLICY|DATABASE|SCHEMA)\b"
    r"|\bSET\s+(?:LOCAL\s+)?(?:ROLE|app\.)|\b(?:GRANT|REVOKE)\s+[A-Z, ]+\s+(?:ON|TO|FROM)\b"
)

# Written in two halves, or this file would break its own rule.
UNTOLD_TEXT = re.compile(
    "|".join(
        re.escape(first + second)
        for first, second in (
            ("pypi", ".org"),
            ("python", "hosted.org"),
            ("registry.npm", "js.org"),
            ("deb.", "debian.org"),
            ("proxy.", "golang.org"),
            ("/wo", "rk/"),
            ("/ro", "ot/"),
            ("/ho", "me/"),
            ("/tm", "p/"),
            ("file", ":///"),
        )
    )
)


@dataclass(frozen=True)
class Violation:
    """A line that breaks a rule, and how to mend it."""

    path: str
    line: int
    rule: str
    advice: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.advice}"


@dataclass(frozen=True)
class Source:
    """A file of the tree."""

    path: str
    text: str

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of its syntax tree."""
        return list(ast.walk(ast.parse(self.text, self.path)))

    @cached_property
    def docstrings(self) -> set[int]:
        """The identities of string nodes that document rather than do."""
        return {id(node.value) for node in self.nodes if isinstance(node, ast.Expr)}

    def line(self, number: int) -> str:
        """A line by its number, from 1."""
        return self.text.splitlines()[number - 1]

    def stands_in(self, patterns: tuple[str, ...]) -> bool:
        """Its path fits one of the patterns."""
        return any(fnmatch(self.path, pattern) for pattern in patterns)

    @property
    def is_product(self) -> bool:
        """Python that we ship."""
        return self.path.startswith("src/") and self.path.endswith(".py")


Finding = tuple[int, str]
Rule = Callable[[Source], Iterator[Finding]]


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """The full name of everything imported, with its line."""
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def calls(source: Source) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the last name of what it calls: ``commit`` for ``work.commit()``."""
    for node in source.nodes:
        if isinstance(node, ast.Call):
            yield called(node), node


def called(node: ast.AST) -> str:
    """The last name of what a call calls; empty for anything but a call."""
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def strings(source: Source) -> Iterator[tuple[int, str]]:
    """Every string that is not a docstring, with the line where it begins."""
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in source.docstrings:
            yield node.lineno, node.value


def sql_in_its_rooms(source: Source) -> Iterator[Finding]:
    """SQL stands in ledger/, services, tables, reports and db.py; never in routes, pages, rules or templates."""
    advice = "SQL belongs in the slice's service.py"
    if source.path.startswith("src/") and source.path.endswith((".html", ".jinja", ".txt")):
        yield from ((source.text.count("\n", 0, found.start()) + 1, advice) for found in SQL_TEXT.finditer(source.text))
    if not source.is_product or (source.stands_in(SQL_ROOMS) and not source.stands_in(NEVER_SQL)):
        return
    for line, name in imports(source):
        # To turn the driver's errors into answers, or to hand a connection on to a service, is not to speak SQL.
        spoken = not name.startswith("sqlalchemy.exc") and name != "sqlalchemy.ext.asyncio.AsyncConnection"
        if name.split(".")[0] in {"sqlalchemy", "asyncpg"} and spoken:
            yield line, f"{advice}; do not import {name} here"
    yield from ((line, advice) for line, text in strings(source) if SQL_TEXT.search(text))


def no_float(source: Source) -> Iterator[Finding]:
    """No float in src. What is truly not money says so on its line: ``# not money: seconds``."""
    if not source.is_product:
        return
    refusing = {
        id(name)
        for function, node in calls(source)
        if function == "isinstance" and len(node.args) == 2
        for name in ast.walk(node.args[1])
    }
    for node in source.nodes:
        if not isinstance(node, ast.Name | ast.Constant) or id(node) in refusing:
            continue
        is_float = node.id == "float" if isinstance(node, ast.Name) else isinstance(node.value, float)
        if is_float and not re.search(r"# not money: \w{3,}", source.line(node.lineno)):
            yield (
                node.lineno,
                "money is whole minor units; if this is no money, end the line with '# not money: <what>'",
            )


def commit_in_plain_sight(source: Source) -> Iterator[Finding]:
    """A transaction is committed in api.py, pages.py or cli.py, by the group commit, and nowhere else."""
    if not source.is_product:
        return
    for function, node in calls(source):
        if function == "commit" and not source.stands_in(COMMIT_ROOMS):
            yield node.lineno, "the caller commits: api.py, pages.py or cli.py, before it builds the answer"
        if function == "begin" and not source.stands_in(BEGIN_ROOMS):
            yield node.lineno, "begin() commits out of sight: use Database.work() and commit() in the caller"


def pure_rules(source: Source) -> Iterator[Finding]:
    """Rules do no I/O and read no clock, chance or settings: all are arguments."""
    if not source.stands_in(PURE):
        return
    for line, name in imports(source):
        if name.split(".")[0] in IMPURE_IMPORTS or name.startswith(("koperasi.config", "koperasi.db")):
            yield line, f"rules are pure: {name} does not belong here"
    for function, call in calls(source):
        if function in IMPURE_CALLS:
            yield call.lineno, f"rules are pure: make the result of {function}() an argument"
    for node in source.nodes:
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield node.lineno, "rules are pure: nothing to wait for"


def through_the_service(source: Source) -> Iterator[Finding]:
    """A slice calls another slice's service.py only."""
    parts = Path(source.path).parts
    if not source.is_product or len(parts) < 4 or parts[1] != "koperasi" or parts[2] in NOT_SLICES:
        return
    for line, name in imports(source):
        package, _, rest = name.partition(".")
        other, _, inside = rest.partition(".")
        if package != "koperasi" or other == parts[2] or other in NOT_SLICES or not is_slice(other):
            continue
        room = inside.split(".")[0]
        is_public_name = other in OPEN_PACKAGES and not (ROOT / f"src/koperasi/{other}/{room}.py").exists()
        if room != "service" and not is_public_name:
            yield line, f"ask koperasi.{other}.service, not {name}"


def is_slice(name: str) -> bool:
    """A folder of src/koperasi."""
    return bool(name) and (ROOT / "src/koperasi" / name).is_dir()


def one_posting_writer(source: Source) -> Iterator[Finding]:
    """Only the ledger's append writes entries and postings; its statements stand in ledger/sql.py."""
    if not source.is_product or source.path == POSTING_WRITER:
        return
    advice = "entries and postings are written by ledger.append only"
    verbs = rf"(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|COPY|MERGE\s+INTO)\s+(?:\w+\.)?{POSTING_TABLES}"
    yield from ((line, advice) for line, text in strings(source) if re.search(verbs, text, re.IGNORECASE))
    for function, node in calls(source):
        if function in {"insert", "update", "delete"}:
            # insert(posting) or posting.insert()
            table = node.func.value if isinstance(node.func, ast.Attribute) else node.args[0]
            if re.search(r"(?:^|[._])(?:posting|entry)$", ast.unparse(table)):
                yield node.lineno, advice
        if function == "copy_records_to_table" and re.search(POSTING_TABLES, ast.unparse(node)):
            yield node.lineno, advice


def no_values_in_sql(source: Source) -> Iterator[Finding]:
    """SQL is composed of constants; values are parameters (or whole numbers with ``:d``, where SQL takes none)."""
    if not source.is_product or source.path == NAMES_DATABASES:
        return
    advice = "pass values as parameters; only CONSTANTS and {number:d} may be written into SQL"
    for node in source.nodes:
        if isinstance(node, ast.JoinedStr):
            spelt = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
            if SQL_TEXT.search(spelt) and not all(harmless(part) for part in node.values):
                yield node.lineno, advice
        if isinstance(node, ast.BinOp) and joins_a_value(node):
            yield node.lineno, advice
    for function, call in calls(source):
        if function == "format" and isinstance(call.func, ast.Attribute) and is_sql(call.func.value):
            yield call.lineno, advice


def harmless(part: ast.expr) -> bool:
    """Written into SQL, it can only be what the author wrote, or a whole number."""
    if not isinstance(part, ast.FormattedValue):
        return True
    is_whole_number = called(part.value) == "int" or (
        part.format_spec is not None and "d" in ast.dump(part.format_spec)
    )
    return is_whole_number or is_fixed(part.value)


def joins_a_value(node: ast.BinOp) -> bool:
    """SQL followed by ``%`` or ``+`` and something that is not fixed."""
    return isinstance(node.op, ast.Mod | ast.Add) and is_sql(node.left) and not is_fixed(node.right)


def is_fixed(node: ast.expr) -> bool:
    """A literal, or a name in capitals: known before any request came."""
    if isinstance(node, ast.Attribute):
        return node.attr.isupper()
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


def is_sql(node: ast.expr) -> bool:
    """A string that speaks SQL."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(SQL_TEXT.search(node.value))


def run_time_annotations(source: Source) -> Iterator[Finding]:
    """Litestar resolves the annotations of handlers at run time, so they may not be postponed."""
    if source.is_product and source.stands_in(("*/api.py", "*/pages.py")):
        for line, name in imports(source):
            if name == "__future__.annotations":
                yield line, "remove this import: Litestar reads the annotations of this file"


def short_files(source: Source) -> Iterator[Finding]:
    """A file of code has at most 400 lines."""
    if source.path.endswith((".py", ".html", ".js", ".sql")):
        length = len(source.text.splitlines())
        if length > LONGEST_FILE:
            yield LONGEST_FILE + 1, f"{length} lines: look for the seam and cut there"


def nothing_of_this_machine(source: Source) -> Iterator[Finding]:
    """No registry host and no path of somebody's machine stands in the tree."""
    for number, line in enumerate(source.text.splitlines(), 1):
        found = UNTOLD_TEXT.search(line)
        if found:
            yield number, f"{found.group()!r} means something on one machine only"


RULES: dict[str, Rule] = {
    "sql-in-its-rooms": sql_in_its_rooms,
    "no-float": no_float,
    "commit-in-plain-sight": commit_in_plain_sight,
    "pure-rules": pure_rules,
    "through-the-service": through_the_service,
    "one-posting-writer": one_posting_writer,
    "no-values-in-sql": no_values_in_sql,
    "run-time-annotations": run_time_annotations,
    "short-files": short_files,
    "nothing-of-this-machine": nothing_of_this_machine,
}


def check(source: Source) -> list[Violation]:
    """What a file breaks."""
    return [Violation(source.path, line, name, advice) for name, rule in RULES.items() for line, advice in rule(source)]


def tree() -> Iterator[Source]:
    """Every text file that is tracked, or would be."""
    git = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, check=True, text=True).stdout  # noqa: S603
    for path in sorted(filter(None, listed.split("\0"))):
        file = ROOT / path
        if not file.is_file() or file.suffix in {".png", ".ico", ".xlsx", ".xls", ".woff2"}:
            continue
        yield Source(path, file.read_bytes().decode("utf-8", errors="replace"))


def main() -> int:
    """Check the tree; 1 if anything breaks a rule."""
    violations = [violation for source in tree() for violation in check(source)]
    for violation in violations:
        print(violation)  # noqa: T201
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
