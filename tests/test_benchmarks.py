"""Each part of ``make bench`` at a tiny size: it runs, its own checks of what it measured hold, and its rows are whole."""

from __future__ import annotations

import shutil
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from koperasi.embedded import EmbeddedServer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import growth  # noqa: E402
from benchmarks.__main__ import PARTS, measured, table  # noqa: E402
from benchmarks.model import Bench, Sizes  # noqa: E402

pytestmark = pytest.mark.slow

TINY = Sizes(
    entries=600,
    small_entries=200,
    accounts=90,
    seconds=0.3,
    rounds=1,
    lines=20,
    callers=8,
    clients=4,
    page_requests=1,
    pgbench_scale=1,
)


@pytest.fixture(scope="module")
def bench(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One run for all parts, as ``make bench`` is."""
    return Bench(server, TINY, tmp_path_factory.mktemp("bench"))


@pytest.mark.parametrize("name", PARTS)
def test_every_part_gives_rows(bench: Bench, name: str) -> None:
    rows = measured(bench, [name])
    assert rows or (name == "verifying" and shutil.which("hledger") is None)
    for one in rows:
        assert one["ours"] > 0 or one["unit"] == "MiB", one
        assert all(one[name] for name in ("work", "against", "unit"))
    assert len(table(rows).splitlines()) == len(rows) + 2


def test_the_large_book_is_as_large_as_it_says(bench: Bench) -> None:
    large = bench.large
    assert (large.entries, bench.growth[-1]["entries"]) == (600, 600)
    days = [large.village.draft(n, 600).effective_date for n in range(600)]
    assert days == sorted(days)
    assert len(set(days)) > 500


def test_the_same_member_moves_as_often_in_a_small_book_as_in_a_large_one(bench: Bench) -> None:
    counts = {
        of: sum(village.draft(n, of).lines[1].account_id == village.watched for n in range(of))
        for village, of in ((bench.small, 200), (bench.large.village, 600), (bench.large.village, 6_000))
    }
    assert min(counts.values()) >= 60
    assert max(counts.values()) <= 80, counts


def test_the_plot_is_a_picture(bench: Bench) -> None:
    points = [
        {"entries": 10.0**power, "posting_ms": 2.0, "statement_ms": 1.0, "bytes_per_entry": 1500.0 - 100 * power}
        for power in range(4, 7)
    ]
    root = ET.fromstring(growth.plot(points))
    assert len(root.findall("{*}circle")) == 9
