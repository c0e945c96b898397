"""Do the pinned dependencies have known weaknesses? Asks an advisory service through pip-audit.

    tools/audit_deps.py           runtime and build requirements; exit code 1 if a weakness is known
    tools/audit_deps.py --strict    exit code 2, too, if not every package could be looked up

Without network, or where the service does not know the packages (a mirror), it says what was not checked and passes:
a build must not depend on somebody else's server. It never says "none known" of what nobody looked up.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ("requirements/build.txt", "requirements/runtime.txt")
SERVICES = ("pypi", "osv")
PATIENCE = 10
"""Seconds that the service has to answer for the first, short list; and each single question afterwards."""
LONGEST = 240
"""Seconds for all questions together."""


def say(line: str) -> None:
    """A line of the result."""
    sys.stdout.write(f"{line}\n")


def ask(service: str, files: tuple[str, ...], seconds: int) -> list[dict[str, Any]]:
    """What the service says of each package; nothing if it does not answer in time."""
    listed = [part for file in files for part in ("-r", str(ROOT / file))]
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
    command += ["--vulnerability-service", service, "--timeout", str(PATIENCE), "--format", "json", *listed]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)  # noqa: S603
        return list(json.loads(said.stdout)["dependencies"])
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return []


def main() -> int:
    """Ask the first service that knows our packages, and tell."""
    told: list[dict[str, Any]] = []
    for service in SERVICES:
        first = ask(service, REQUIREMENTS[:1], PATIENCE)
        if any("vulns" in one for one in first):
            told = ask(service, REQUIREMENTS, LONGEST)
            break
    looked_up = [one for one in told if "vulns" in one]
    skipped = sorted(one["name"] for one in told if "vulns" not in one)
    weak = [one for one in looked_up if one["vulns"]]
    for one in weak:
        for found in one["vulns"]:
            better = ", ".join(found.get("fix_versions") or []) or "no version yet"
            say(f"{one['name']} {one['version']}: {found['id']}; mended in {better}")
    if not looked_up:
        say("Dependencies NOT audited: no advisory service answered that knows them. Run `make audit` with network.")
    elif skipped:
        say(f"{len(looked_up)} dependencies audited; NOT looked up: {', '.join(skipped)}")
    elif not weak:
        say(f"{len(looked_up)} dependencies audited, no weakness known.")
    if weak:
        return 1
    return 2 if "--strict" in sys.argv and (skipped or not looked_up) else 0


if __name__ == "__main__":
    sys.exit(main())
