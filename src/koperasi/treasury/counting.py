"""A count as a form has it: read, shown again, and a difference that was seen agreed to."""

from __future__ import annotations

import re
from typing import Any

from koperasi.errors import Refusal
from koperasi.formats import format_amount
from koperasi.i18n import N_
from koperasi.treasury.rules import DENOMINATIONS, Count
from koperasi.web import Form

FIELDS = tuple(f"d{value}" for value in DENOMINATIONS)


def counted(form: Form) -> Count | None:
    """What was counted, from the form's fields; None if a field can't be read. What is left empty is none."""
    pieces = {
        value: number
        for value in DENOMINATIONS
        if (number := form.whole(f"d{value}", most=100_000, required=False)) is not None
    }
    other = form.amount("other", required=False, positive=False) or 0
    if not form.ok:
        return None
    try:
        return Count(pieces, other)
    except Refusal as refusal:
        form.add_refusal(refusal)
        return None


def agreed_to(form: Form) -> int:
    """The difference that was shown, if the box beside it was ticked; the field is ours, so a wrong one is none."""
    text = form.value("difference_minor")
    return int(text) if form.flag("agree") and re.fullmatch(r"-?[0-9]{1,18}", text) else 0


def refuse(form: Form, refusal: Refusal) -> str:
    """Say beside the field what was refused; returns the difference (sen) that may be agreed to now."""
    if refusal.code == "cash-differs":
        form.error("agree", refusal.message, **refusal.params)
        return str(refusal.params["difference_minor"])
    if refusal.code == "floor" and refusal.field is None:
        form.error("from_vault", N_("Kas besar tidak mempunyai uang sebanyak itu menurut buku."))
    else:
        form.add_refusal(refusal)
    return ""


def count_rows(form: Form) -> dict[str, Any]:
    """The denominations with what was typed beside each, and what all of it is worth as far as it can be read."""
    typed = Form({name: form.value(name) for name in (*FIELDS, "other")})
    count = counted(typed)
    return {
        "denominations": [(f"d{value}", format_amount(value * 100), value) for value in DENOMINATIONS],
        "total_minor": None if count is None else count.total_minor,
    }
