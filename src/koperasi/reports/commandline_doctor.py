"""``koperasi verify``: a run of the doctor at the terminal, on record like any other."""

from __future__ import annotations

import json
import sys

from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.i18n import DEFAULT_LOCALE
from koperasi.reports.commandline import Say, terminal_progress
from koperasi.reports.service_doctor import Doctor
from koperasi.reports.service_verifications import Run

INTACT, FINDINGS, COULD_NOT_RUN = 0, 1, 2
ASKED_BY = "koperasi verify"


async def verify(database: Database, cooperative: Cooperative, *, as_json: bool, say: Say) -> int:
    """Check the whole book and print the report; the exit code."""
    try:
        run = await Doctor(database).run(cooperative, ASKED_BY, terminal_progress())
    except Refusal as refusal:
        say(refusal.text(DEFAULT_LOCALE))
        return COULD_NOT_RUN
    sys.stdout.write((report_json(cooperative, run) if as_json else report_text(cooperative, run)) + "\n")
    return FINDINGS if run.findings else INTACT


def report_json(cooperative: Cooperative, run: Run) -> str:
    """The report for programs."""
    return json.dumps(
        {
            "cooperative": cooperative.code,
            "number": run.number,
            "status": run.status.value,
            "entries": run.entries,
            "last_hash": (run.last_hash or b"").hex(),
            "findings": [{**one._asdict(), "facts": dict(one.facts)} for one in run.findings],
        },
        indent=2,
        ensure_ascii=False,
    )


def report_text(cooperative: Cooperative, run: Run) -> str:
    """The report for people."""
    lines = [f"{cooperative.name}: {run.entries} jurnal, {(run.last_hash or b'').hex()}"]
    lines += [f"  {one.code}: {one.where}: {one.message}" for one in run.findings]
    lines.append(f"{len(run.findings)} temuan. / findings." if run.findings else "Utuh. / Intact.")
    return "\n".join(lines)
