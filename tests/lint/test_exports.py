"""Every list that goes out as CSV keeps spreadsheets from running what people typed."""

from __future__ import annotations

from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"
WRITERS = sorted(
    path.relative_to(SRC).as_posix()
    for path in SRC.rglob("*.py")
    if any(word in path.read_text("utf-8") for word in ("csv.writer(", "csv.DictWriter("))
)


def test_there_are_some():
    assert "ledger/export/journal.py" in WRITERS


@pytest.mark.parametrize("path", WRITERS)
def test_cells_pass_through_harmless(path):
    """``ledger.export.journal.harmless`` puts an apostrophe before what would be a formula."""
    assert "harmless(" in (SRC / path).read_text("utf-8") or path in OURS_ALONE


OURS_ALONE = {"koperasi/imports/examples.py", "koperasi/demo/people.py"}
"""What these write is ours from the first letter to the last."""
