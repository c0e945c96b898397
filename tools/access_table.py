"""Write the table of who may do what into docs/access.md; ``--check`` only says whether it stands there already."""

from __future__ import annotations

import sys
from pathlib import Path

from koperasi.permissions import GRANTS, Permission, Role

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "access.md"
BEGIN, END = "<!-- table: tools/access_table.py -->", "<!-- end of table -->"
FOR_ALL = (Permission.PUBLIC, Permission.SESSION)


def table() -> str:
    """The table as Markdown: a row for each permission, a column for each role."""
    lines = ["| | " + " | ".join(Role) + " |", "|---|" + ":-:|" * len(Role)]
    for permission in Permission:
        if permission not in FOR_ALL:
            marks = ("●" if permission in GRANTS[role] else " " for role in Role)
            lines.append(f"| {permission.value} | " + " | ".join(marks) + " |")
    return "\n".join(lines)


def with_table(text: str) -> str:
    """The document with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> int:
    """Write the document anew, or check it."""
    text = DOCUMENT.read_text("utf-8")
    if text == with_table(text):
        return 0
    if "--check" in sys.argv:
        return 1
    DOCUMENT.write_text(with_table(text), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
