"""A cooperative's terms: policies, each from a day on, and running numbers. Other slices find them in ``service``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, ScalarSelect, Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from koperasi.audit import service as audit
from koperasi.audit.service import Action
from koperasi.cooperatives import tables
from koperasi.cooperatives.policies import DEFINITIONS, REFERENCE_MAX_LENGTH, PolicyRow, clean_value
from koperasi.cooperatives.rules import clean_day, read_all
from koperasi.db import Work
from koperasi.errors import Conflict, Refusal
from koperasi.formats import InputError, clean_text, parse_wire_amount
from koperasi.i18n import N_

_POLICY_COLUMNS = tuple(tables.policy.c[name] for name in PolicyRow.__dataclass_fields__)


async def add_policy(
    work: Work, name: str, valid_from: date, value: str, legal_reference: str, actor: str
) -> PolicyRow:
    """Let another value hold from a day on. Rows are never edited; a mistake is followed by a row of a later day.

    Args:
        work: the transaction.
        name: a name in ``DEFINITIONS``.
        valid_from: the first day.
        value: ``"150000.00"`` for an amount, ``"2.5"`` for a percentage.
        legal_reference: law, articles or decision it rests on.
        actor: username of whoever sets it.

    Raises:
        Refusal: ``policy``: with an error for each wrong field.
        Conflict: ``policy-date-taken``: this policy has a row of that day already.
    """

    def known() -> str:
        if name not in DEFINITIONS:
            raise InputError("policy-unknown", N_("Kebijakan ini tidak dikenal."))
        return name

    facts = read_all(
        {
            "name": known,
            "valid_from": lambda: clean_day(valid_from),
            "value": lambda: clean_value(DEFINITIONS[name], value) if name in DEFINITIONS else value,
            "legal_reference": lambda: clean_text(legal_reference, max_length=REFERENCE_MAX_LENGTH),
        },
        code="policy",
    )
    before = await work.connection.scalar(select(newest_policy(work.book_id, name, valid_from)))
    added = await work.connection.execute(
        insert(tables.policy)
        .values(book_id=work.book_id, set_by=actor, **facts)
        .on_conflict_do_nothing()
        .returning(*_POLICY_COLUMNS)
    )
    row = added.one_or_none()
    if row is None:
        raise Conflict(
            "policy-date-taken",
            N_("Kebijakan ini sudah mempunyai nilai sejak tanggal itu; pilih tanggal lain."),
            field="valid_from",
        )
    await audit.record(
        work.connection,
        work.book_id,
        actor=actor,
        action=Action.POLICY_CHANGED,
        subject=f"policy {name}",
        before=None if before is None else {"value": before},
        after={"value": facts["value"], "valid_from": valid_from.isoformat()},
    )
    return PolicyRow(*row)


async def policies(connection: AsyncConnection, book_id: int) -> list[PolicyRow]:
    """All rows of all policies, by name and the newest first; ``standings`` says which are in force."""
    rows = await connection.execute(
        select(*_POLICY_COLUMNS)
        .where(tables.policy.c.book_id == book_id)
        .order_by(tables.policy.c.name, tables.policy.c.valid_from.desc())
    )
    return [PolicyRow(*row) for row in rows]


async def policy(connection: AsyncConnection, book_id: int, name: str, on: date) -> Any:
    """The value in force on a day: a string, see ``policies.py`` for how it is written.

    Raises:
        Refusal: ``policy-missing``: nothing was set for that day.
    """
    table = tables.policy
    found = await connection.scalar(
        select(table.c.value)
        .where(table.c.book_id == book_id, table.c.name == name, table.c.valid_from <= on)
        .order_by(table.c.valid_from.desc())
        .limit(1)
    )
    if found is None:
        raise Refusal("policy-missing", N_("Kebijakan %(name)s belum ditetapkan untuk tanggal itu."), name=name)
    return found


def newest_policy(book_id: Any, name: str, on: Any) -> ScalarSelect[Any]:
    """The value in force on a day as a part of another slice's reading; NULL if nothing was set for that day."""
    table = tables.policy
    return (
        select(table.c.value)
        .where(table.c.book_id == book_id, table.c.name == name, table.c.valid_from <= on)
        .order_by(table.c.valid_from.desc())
        .limit(1)
        .scalar_subquery()
    )


async def amount_policy(connection: AsyncConnection, book_id: int, name: str, on: date) -> int:
    """An amount in force on a day, in sen.

    Raises:
        Refusal: ``policy-missing``.
    """
    return parse_wire_amount(str(await policy(connection, book_id, name, on)))


async def policies_on(connection: AsyncConnection, book_id: int, names: Sequence[str], on: date) -> dict[str, str]:
    """The values in force on a day of several policies at once, as ``policy`` gives them.

    Raises:
        Refusal: ``policy-missing``: of one of them nothing was set for that day.
    """
    rows = await connection.execute(_POLICIES_ON, {"book": book_id, "names": list(names), "on": on})
    found = {row.name: str(row.value) for row in rows}
    if missing := [name for name in names if name not in found]:
        raise Refusal("policy-missing", N_("Kebijakan %(name)s belum ditetapkan untuk tanggal itu."), name=missing[0])
    return found


# Built once: nearly every page asks it, and to write it anew takes longer than to ask it.
_POLICIES_ON = (
    select(tables.policy.c.name, tables.policy.c.value)
    .where(
        tables.policy.c.book_id == bindparam("book"),
        tables.policy.c.name == any_(bindparam("names", type_=ARRAY(Text))),
        tables.policy.c.valid_from <= bindparam("on"),
    )
    .order_by(tables.policy.c.valid_from)
)


async def next_number(connection: AsyncConnection, book_id: int, series: str) -> int:
    """The next number of a series, from 1. It is given once the transaction is committed; until then others wait."""
    return (await next_numbers(connection, book_id, series, 1)).start


async def next_numbers(connection: AsyncConnection, book_id: int, series: str, count: int) -> range:
    """The next ``count`` numbers of a series, without a gap between them.

    Raises:
        ValueError: ``count`` is less than one.
    """
    if count < 1:
        raise ValueError("a count of numbers is at least one")
    table = tables.number_series
    last = await connection.scalar(
        insert(table)
        .values(book_id=book_id, series=series, last=count)
        .on_conflict_do_update(index_elements=["book_id", "series"], set_={"last": table.c.last + count})
        .returning(table.c.last)
    )
    reached = int(last or 0)
    return range(reached - count + 1, reached + 1)


async def last_numbers(connection: AsyncConnection, book_id: int) -> dict[str, int]:
    """The last number given of each series."""
    table = tables.number_series
    rows = await connection.execute(select(table.c.series, table.c.last).where(table.c.book_id == book_id))
    return {row.series: int(row.last) for row in rows}
