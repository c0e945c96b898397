"""Every known mistake of other ledgers is a test of ours, or a line that says why it cannot be made here."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
DECISION = ROOT / "docs" / "adr" / "0008-what-other-ledgers-got-wrong.md"

BUGS = [
    *(1, 2, 4, 6, 7, 8, 10, 11, 12, 14, 15, 17, 18, 19),  # amounts
    *(20, 21, 22, 25, 28, 29, 30),  # limits and holds
    *(31, 32, 33, 35, 36, 37, 38, 39, 40),  # concurrency
    *(41, 43, 44, 45, 47, 48, 50, 51),  # keys and reversals
    *(52, 53, 54, 56, 58, 61, 63, 64, 66),  # dates
    *(67, 69, 71, 72, 74, 75, 76, 77, 79, 80),  # reading and proof
]
PLACES = ["3", *(f"4.{n}" for n in range(1, 8)), *(f"5.{n}" for n in range(1, 9))]
"""The traps of our stack, the practices and the conventions: sections of the same study."""


@cache
def every_test() -> dict[str, str]:
    """Every test, and every file of tests, with what it says of itself."""
    found = {}
    for file in sorted(TESTS.rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        found[file.relative_to(ROOT).as_posix()] = ""
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found[node.name] = ast.get_docstring(node) or ""
    return found


@cache
def decision() -> str:
    return DECISION.read_text("utf-8")


def rows(first: str) -> list[str]:
    """The decision's table rows that begin with these words, or with a list that holds them."""
    found = []
    for line in decision().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and first in re.split(r"[ ,]+", cells[0]):
            found.append(line)
    return found


def is_tested(bug: int) -> bool:
    """A test carries the id in its name, or names it in its docstring."""
    named, said = f"b{bug:02}", re.compile(rf"\bB{bug:02}\b")
    return any(
        named in name.split("_") or said.search(doc) for name, doc in every_test().items() if name[:5] == "test_"
    )


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"B{bug:02}")
def test_each_bug_is_a_test_or_a_line(bug):
    assert is_tested(bug) or rows(f"B{bug:02}")


@pytest.mark.parametrize("place", PLACES)
def test_each_place_of_the_study_is_a_line(place):
    assert rows(place)


def test_the_decision_names_tests_that_exist():
    named = set(re.findall(r"`(test_\w+|tests/[\w/.]+)`", decision()))
    assert len(named) > 10
    for name in named:
        assert name in every_test() or (ROOT / name).exists(), name


def test_no_id_is_made_up():
    """An id in a test's name stands in the list above."""
    for name in every_test():
        ids = {int(part[1:]) for part in name.split("_") if re.fullmatch(r"b[0-9]{2}", part)}
        assert ids <= set(BUGS), name
