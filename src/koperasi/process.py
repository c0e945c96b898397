"""What a process that serves, or posts a great deal, does once at its start."""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 20_000, 50, 1_000


def collect_rarely() -> None:
    """Look for cyclic garbage far less often, and never among what was there at the start.

    A batch of postings makes thousands of small objects and no cycle; by default the collector went through them again
    and again, an eighth of Python's processor time while posting. Memory stays flat: what has no cycle goes at once.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
