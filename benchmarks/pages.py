"""Pages over HTTP from the real service: does what they take grow with the book?"""

from __future__ import annotations

import time
from datetime import timedelta
from http.client import HTTPConnection

from benchmarks.book import DAYS, Village
from benchmarks.model import Bench, Row, middle, row
from benchmarks.service import serving
from koperasi.permissions import Role

MARK = "≤ 1.2"


def pages(village: Village) -> list[tuple[str, Role, str, str]]:
    """What is looked at, by whom, where, and what is wanted of it."""
    last = village.first_day + timedelta(days=DAYS)
    middle_day = village.first_day + timedelta(days=DAYS // 2)
    number = village.watched_code.partition(".")[2]
    return [
        ("statement page (savings account)", Role.KASIR, f"/simpanan/{number}", MARK),
        (
            "statement page (cash, 50 lines of a month)",
            Role.BENDAHARA,
            f"/buku-besar/{village.cash_code}?from={middle_day}&to={middle_day + timedelta(days=30)}",
            MARK,
        ),
        ("desk page", Role.KASIR, "/meja", MARK),
        ("a member's page", Role.ANGGOTA, "/saldo-saya", MARK),
        ("a member's passbook", Role.ANGGOTA, f"/buku-anggota?tahun={middle_day.year}", MARK),
        ("a member's card", Role.KASIR, f"/anggota/{village.watched_number}", MARK),
        ("journal page", Role.BENDAHARA, "/jurnal", ""),
        ("control account's page", Role.BENDAHARA, f"/buku-besar/{village.watched_code.partition('.')[0]}", ""),
        ("trial balance page at a date", Role.BENDAHARA, f"/neraca-saldo?as_of={middle_day}", ""),
        ("balance sheet page", Role.BENDAHARA, f"/laporan/posisi-keuangan?to={last}", ""),
    ]


def measure(bench: Bench) -> list[Row]:
    large, small = bench.large.village, bench.small
    with serving(small.addresses) as small_port, serving(large.addresses) as large_port:
        rows = []
        for (name, role, path, mark), (_, _, small_path, _) in zip(pages(large), pages(small), strict=True):
            sides = ((small, small_port, small_path), (large, large_port, path))
            times = _by_turns(bench.sizes.page_requests, role, sides)
            ours, baseline = middle(times[1]) * 1000, middle(times[0]) * 1000
            against = f"in a book of {bench.sizes.small_entries:,}"
            rows.append(row(f"{name}, {large_entries(bench)}", ours, "ms", against, baseline, ours / baseline, mark))
    return rows


def large_entries(bench: Bench) -> str:
    return f"book of {bench.large.entries:,}"


def _by_turns(times: int, role: Role, sides: tuple[tuple[Village, int, str], ...]) -> list[list[float]]:
    """Seconds that each request takes, asked of the one service and of the other by turns."""
    connections = [HTTPConnection("127.0.0.1", port, timeout=120) for _, port, _ in sides]
    taken: list[list[float]] = [[] for _ in sides]
    for number in range(times + 10):
        for side, (village, _, path) in enumerate(sides):
            connections[side].connect()  # an idle one may have been closed while the other side answered
            began = time.perf_counter()
            connections[side].request("GET", path, headers={"Cookie": f"koperasi_session={village.cookies[role]}"})
            answer = connections[side].getresponse()
            body = answer.read()
            if number >= 10:
                taken[side].append(time.perf_counter() - began)
            connections[side].close()
            assert answer.status == 200, (path, answer.status, body[:200])
    return taken
