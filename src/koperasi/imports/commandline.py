"""``koperasi import``: the same steps as on the page, for long files and scripts."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.formats import format_amount, format_date_short
from koperasi.i18n import DEFAULT_LOCALE, N_, translate
from koperasi.imports import service
from koperasi.imports.batch import Difference, Preview
from koperasi.imports.examples import KIND_LABELS
from koperasi.imports.model import Answers, DateOrder, SavingsKind

MOST_TOLD = 50
BAR_WIDTH = 40

Say = Callable[[str], None]

ANSWERS = {
    "date-order": N_("Tanggal di kolom “%(column)s” bisa dibaca dua cara (%(examples)s): jawab --date-order dmy|mdy."),
    "savings-kind": N_("Kolom “%(column)s” simpanan apa? Jawab --savings-kind pokok|wajib|sukarela."),
}


async def run(
    database: Database,
    cooperative: Cooperative,
    file: Path,
    *,
    kind: str,
    dry_run: bool,
    date_order: str | None,
    savings_kind: str | None,
    exclude: Sequence[int],
    actor: str,
    say: Say,
    opening_on: date | None = None,
) -> int:
    """Read, check and, unless it is a dry run, post a file; returns the exit code: 0 well, 1 refused.

    Raises:
        Refusal: the file can't be read, an answer is unknown, or the book refuses.
    """
    answers = _answers(date_order, savings_kind)
    found = await service.upload(
        database,
        cooperative,
        data=await asyncio.to_thread(file.read_bytes),
        filename=file.name,
        kind=kind,
        actor=actor,
        now=datetime.now(UTC),
        answers=answers,
        excluded_lines=exclude,
        opening_on=opening_on,
    )
    _tell_plan(found, say)
    if not found.ready:
        say(_text(N_("Belum dapat dicatat; tidak ada yang ditulis.")))
        return 1
    if dry_run:
        say(_text(N_("Semua baris benar. Ini hanya percobaan; tidak ada yang ditulis.")))
        return 0
    result = await service.post(
        database, cooperative, found.import_id, actor=actor, now=datetime.now(UTC), on_progress=_bar()
    )
    say(
        _text(
            N_("Impor %(number)s: %(rows)s baris, %(members)s anggota, %(entries)s jurnal."),
            number=result.import_id,
            rows=result.rows,
            members=result.members,
            entries=result.entries,
        )
    )
    _tell_difference(result.difference, say)
    return 0


def _answers(date_order: str | None, savings_kind: str | None) -> Answers:
    order: DateOrder | None = None
    if date_order == "dmy":
        order = "dmy"
    elif date_order == "mdy":
        order = "mdy"
    elif date_order is not None:
        raise Refusal("date-order", N_("--date-order: dmy atau mdy."))
    if savings_kind is not None and savings_kind not in set(SavingsKind):
        raise Refusal("savings-kind", N_("--savings-kind: pokok, wajib, sukarela atau wadiah."))
    return Answers(order, SavingsKind(savings_kind) if savings_kind else None)


def _tell_plan(found: Preview, say: Say) -> None:
    plan = found.plan
    label = _text(KIND_LABELS[found.batch.kind])
    wrong = [(row.line, remark) for row in plan.rows for remark in row.errors]
    say(
        _text(
            N_("%(label)s: %(rows)s baris, %(wrong)s salah."),
            label=label,
            rows=len(plan.rows),
            wrong=len({line for line, _ in wrong}),
        )
    )
    for name, minor in plan.totals.items():
        say(f"  {name}: {format_amount(minor)}")
    for remark in plan.warnings:
        say(f"  ? {remark.text(DEFAULT_LOCALE)}")
    for remark in plan.errors:
        say(f"  ! {remark.text(DEFAULT_LOCALE)}")
    for line, remark in wrong[:MOST_TOLD]:
        column = f"{remark.column}: " if remark.column else ""
        say(f"  {_text(N_('baris %(line)s'), line=line)}: {column}{remark.text(DEFAULT_LOCALE)}")
    if len(wrong) > MOST_TOLD:
        say("  " + _text(N_("… dan %(count)s kesalahan lagi."), count=len(wrong) - MOST_TOLD))
    for question in plan.questions:
        text = _text(ANSWERS[question.kind], column=question.column, examples=", ".join(question.examples))
        say(f"  ? {text}")
    if found.duplicate_of:
        say("  ! " + _text(N_("File yang sama sudah dicatat oleh impor %(number)s."), number=found.duplicate_of))
    if found.difference and not wrong:
        say("  " + _text(N_("Baris tanpa tanggal: %(date)s."), date=format_date_short(found.opening_on)))
        _tell_difference(found.difference, say)


def _tell_difference(difference: Difference, say: Say) -> None:
    if not difference.after_minor:
        say("  " + _text(N_("Selisih saldo awal: nol.")))
        return
    say("  " + _text(N_("Selisih saldo awal: %(amount)s."), amount=_signed(difference.after_minor)))
    for reason in difference.reasons:
        say(f"    {reason.text(DEFAULT_LOCALE)}")
    for one in difference.accounts:
        say(
            "    "
            + _text(
                N_("akun %(code)s: neraca saldo %(file)s, simpanan anggota %(book)s"),
                code=one.code,
                file=_signed(one.file_minor),
                book=_signed(one.book_minor),
            )
        )


def _signed(minor: int) -> str:
    side = "" if not minor else f" {_text(N_('debit') if minor > 0 else N_('kredit'))}"
    return f"{format_amount(abs(minor))}{side}"


def _text(message: str, **params: object) -> str:
    return translate(DEFAULT_LOCALE, message, **params)


def _bar() -> Callable[[int, int], None] | None:
    """A progress bar on one line of a terminal; a file or a pipe gets none."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, of: int) -> None:
        filled = BAR_WIDTH * done // of if of else BAR_WIDTH
        ends = "\n" if done >= of else ""
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {done}/{of}{ends}")
        sys.stderr.flush()

    return show
