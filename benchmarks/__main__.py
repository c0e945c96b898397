"""``make bench``: all parts in one run on one server, a table, and ``latest.json``.

    python -m benchmarks [part ...]

Sizes by BENCH_ENTRIES (a million; 10,000 is a run of some two minutes), BENCH_SECONDS and BENCH_ROUNDS.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks import access, bulk, deposits, growth, journals, pages, posting, returns, trial, verifying
from benchmarks.model import HERE, Bench, Row, Sizes
from koperasi.embedded import EmbeddedServer
from koperasi.process import collect_rarely

LATEST = "latest.json"

PARTS: Mapping[str, Callable[[Bench], list[Row]]] = {
    "posting": posting.measure,
    "deposits": deposits.measure,
    "access": access.measure,
    "bulk": bulk.measure,
    "growth": growth.measure,
    "trial": trial.measure,
    "pages": pages.measure,
    "journals": journals.measure,
    "returns": returns.measure,
    "verifying": verifying.verifying,
}


def measured(bench: Bench, names: Iterable[str]) -> list[Row]:
    """The rows of these parts, in the order of ``PARTS``."""
    wanted, rows = set(names), []
    for name, part in PARTS.items():
        if name in wanted:
            began = time.perf_counter()
            print(f"{name} …", flush=True)
            found = part(bench)
            rows += found
            print("\n".join(f"  {one['work']}: ratio {one['ratio']}" for one in found), flush=True)
            print(f"  {time.perf_counter() - began:.0f} s", flush=True)
    return rows


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown, as README.md has them."""
    lines = ["| work | ours | beside | its figure | ratio | mark |", "| --- | ---: | --- | ---: | ---: | --- |"]
    for one in rows:
        ours, baseline = (f"{_figure(one[side])} {one['unit']}" for side in ("ours", "baseline"))  # type: ignore[literal-required]
        lines.append(f"| {one['work']} | {ours} | {one['against']} | {baseline} | {one['ratio']:.2f} | {one['mark']} |")
    return "\n".join(lines)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def main(names: Sequence[str]) -> None:
    if unknown := set(names) - set(PARTS):
        raise SystemExit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    sizes = Sizes.of_environment()
    collect_rarely()
    with tempfile.TemporaryDirectory(prefix="bench") as directory, EmbeddedServer(Path(directory)) as server:
        rows = measured(Bench(server, sizes), names or PARTS)
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {sizes}\n")
    print(table(rows))
    if not names:
        (HERE / LATEST).write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
