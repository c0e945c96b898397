"""From a table to a plan: rows with their errors, questions to answer, totals that agree. Pure; asks no database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import date

from koperasi.formats import format_amount
from koperasi.i18n import N_
from koperasi.imports import values
from koperasi.imports.columns import OF_DEPOSITS, Column, Field, Header, find_header
from koperasi.imports.lines import WIDE, Sorted, sort_lines
from koperasi.imports.model import (
    Answers,
    DateOrder,
    ImportFileError,
    ImportKind,
    ImportRow,
    Plan,
    Question,
    Remark,
    SavingsKind,
    Sheet,
    SkippedLine,
)
from koperasi.imports.rows import IDENTITY, Context, member_row, trial_balance_row
from koperasi.imports.rows_deposits import DATES, deposit_row

PROGRESS_EVERY = 500

_USED: dict[ImportKind, frozenset[Field]] = {
    ImportKind.MEMBERS: frozenset(
        {*IDENTITY, *WIDE, Field.NAME, Field.PHONE, Field.EMAIL, Field.ADDRESS, Field.JOINED_ON, Field.STATUS}
        | {Field.MIGRANT_STATUS, Field.COUNTRY, Field.HEIR, Field.DEPARTMENT, Field.MEMBER_TYPE, Field.DATE}
    ),
    ImportKind.OPENING_SAVINGS: frozenset(
        {*IDENTITY, *WIDE, Field.NAME, Field.AMOUNT, Field.SAVINGS_KIND, Field.PERIOD, Field.DATE}
    ),
    ImportKind.SAVINGS_DEPOSITS: frozenset(
        {*IDENTITY, *WIDE, Field.NAME, Field.AMOUNT, Field.SAVINGS_KIND, Field.PERIOD, Field.DATE}
    ),
    ImportKind.OPENING_DEPOSITS: frozenset(
        {*IDENTITY, *OF_DEPOSITS, Field.NAME, Field.AMOUNT, Field.POKOK, Field.DATE}
    ),
    ImportKind.OPENING_TRIAL_BALANCE: frozenset(
        {Field.ACCOUNT_CODE, Field.ACCOUNT_NAME, Field.NAME, Field.DEBIT, Field.CREDIT}
    ),
}
_READERS = {ImportKind.OPENING_TRIAL_BALANCE: trial_balance_row, ImportKind.OPENING_DEPOSITS: deposit_row}
_ASIDE = {Field.ROW_NUMBER, Field.NOTE}


def plan(
    kind: ImportKind,
    sheet: Sheet,
    *,
    reference_date: date,
    answers: Answers | None = None,
    excluded_lines: Collection[int] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> Plan:
    """What importing this table would do.

    Args:
        kind: what the file brings.
        sheet: the table.
        reference_date: today at the cooperative; nobody is born after it.
        answers: to the questions of an earlier plan.
        excluded_lines: lines the user leaves out; a total row still counts them, and excluding it leaves it unchecked.
        on_progress: told now and then how many rows are read, of how many.

    Raises:
        ImportFileError: no header, two columns alike, or columns that this kind needs are missing.
    """
    given = answers or Answers()
    header = find_header(sheet, frozenset() if kind is ImportKind.OPENING_DEPOSITS else OF_DEPOSITS)
    _need_columns(kind, header)
    lines = sort_lines(kind, sheet, header, excluded_lines)
    context, questions, warnings = _survey(kind, header, lines, given, reference_date)
    read_row = _READERS.get(kind, member_row)
    read = []
    for count, line in enumerate(lines.data, start=1):
        read.append(read_row(context, line))
        if on_progress and (count % PROGRESS_EVERY == 0 or count == len(lines.data)):
            on_progress(count, len(lines.data))
    empty = [SkippedLine(row.line, "no_amount") for row in read if _brings_nothing(row)]
    rows = _mark_duplicates(context, [row for row in read if not _brings_nothing(row)])
    errors = [*lines.errors, *_balance_error(kind, rows)]
    if not rows and not errors:
        errors.append(Remark("no-rows", N_("Tidak ada baris yang dapat diimpor di bawah judul kolom.")))
    used = [column for column in header.columns if column.field in _USED[kind]]
    left_out = [column for column in header.columns if column not in used and column.field not in _ASIDE]
    return Plan(
        kind=kind,
        columns=tuple(column.title for column in used),
        unknown_columns=tuple(column.title for column in left_out),
        rows=tuple(rows),
        questions=tuple(questions),
        errors=tuple(errors),
        warnings=(*sheet.warnings, *header.warnings, *warnings),
        totals=_totals(rows),
        skipped=tuple(sorted([*lines.skipped, *empty], key=lambda skipped: skipped.line)),
        blank_lines=sheet.blank_lines,
        titles={column.field.value: column.title for column in used if column.field},
    )


# --- The file as a whole ---------------------------------------------------------------------------------------------


def _need_columns(kind: ImportKind, header: Header) -> None:
    have = header.fields
    missing: list[str] = []
    if kind is ImportKind.MEMBERS and Field.NAME not in have:
        missing.append("Nama")
    if kind is ImportKind.OPENING_TRIAL_BALANCE:
        needed = {Field.ACCOUNT_CODE: "Kode Akun", Field.DEBIT: "Debet", Field.CREDIT: "Kredit"}
        missing += [title for wanted, title in needed.items() if wanted not in have]
    if kind in (ImportKind.OPENING_SAVINGS, ImportKind.SAVINGS_DEPOSITS):
        if not any(wanted in have for wanted in IDENTITY):
            missing.append("NIK / No Anggota")
        if Field.AMOUNT not in have and not any(wanted in have for wanted in WIDE):
            missing.append("Jumlah / Simpanan Pokok / Simpanan Wajib / Simpanan Sukarela")
    if kind is ImportKind.OPENING_DEPOSITS:
        missing += _missing_for_deposits(have)
    if missing:
        raise ImportFileError(
            "columns-missing",
            N_("Kolom ini tidak ditemukan: %(missing)s. Judul kolom terbaca di baris %(line)s."),
            missing=", ".join(missing),
            line=header.line,
        )


def _missing_for_deposits(have: Collection[Field]) -> list[str]:
    """A contract has a number, somebody whose it is, a principal, a first day, an end and what it brings."""
    ways: dict[str, tuple[Field, ...]] = {
        "No Bilyet": (Field.CONTRACT_NUMBER,),
        "NIK / No Anggota": IDENTITY,
        "Jumlah": (Field.AMOUNT, Field.POKOK),
        "Tanggal Mulai": (Field.PLACED_ON,),
        "Jangka Waktu / Jatuh Tempo": (Field.MONTHS, Field.DUE_ON),
        "Persen Setahun / Nisbah": (Field.PERCENT,),
    }
    return [title for title, fields in ways.items() if not any(one in have for one in fields)]


def _survey(
    kind: ImportKind, header: Header, lines: Sorted, answers: Answers, reference_date: date
) -> tuple[Context, list[Question], list[Remark]]:
    """Looks at whole columns: the order of dates, cut NIKs, and which savings are meant."""
    questions: list[Question] = []
    warnings: list[Remark] = []
    orders: dict[Field, DateOrder | None] = {}
    # The dates of one contract were written by one hand: its columns are looked at together.
    together = [DATES] if kind is ImportKind.OPENING_DEPOSITS else [(Field.DATE,), (Field.JOINED_ON,)]
    for fields in together:
        columns = [header.fields[wanted] for wanted in fields if wanted in header.fields and wanted in _USED[kind]]
        if not columns:
            continue
        survey = values.survey_dates([line.cell(wanted) for line in lines.data for wanted in fields])
        order = survey.order or answers.date_order
        orders |= dict.fromkeys(fields, order)
        if order is None:
            questions.append(Question("date-order", columns[0].title, ("dmy", "mdy"), survey.examples))
        if survey.mixed_cells:
            warnings.append(_mixed_dates(columns[0]))
    if _savings_kind_open(kind, header) and answers.savings_kind is None:
        title = header.fields[Field.AMOUNT].title
        questions.append(Question("savings-kind", title, tuple(SavingsKind)))
    niks_cut = values.niks_look_cut([line.cell(Field.NIK) for line in lines.data])
    return Context(kind, header, answers, reference_date, orders, niks_cut), questions, warnings


def _mixed_dates(column: Column) -> Remark:
    return Remark(
        "date-cells-mixed",
        N_(
            "Di kolom “%(column)s” sebagian tanggal berupa teks dan sebagian tanggal Excel. Excel mungkin menukar hari "
            "dan bulan pada sebagian sel; periksa beberapa tanggal."
        ),
        {"column": column.title},
        column.title,
    )


def _savings_kind_open(kind: ImportKind, header: Header) -> bool:
    """Whether the file holds plain amounts without saying of which savings."""
    has = header.fields
    savings = kind in (ImportKind.OPENING_SAVINGS, ImportKind.SAVINGS_DEPOSITS)
    return savings and Field.SAVINGS_KIND not in has and not any(wanted in has for wanted in WIDE)


def _brings_nothing(row: ImportRow) -> bool:
    """A heading or an empty account of a trial balance."""
    return row.member is None and row.account is None and not row.errors


def _balance_error(kind: ImportKind, rows: Iterable[ImportRow]) -> list[Remark]:
    """A trial balance balances; said only when every row can be read."""
    if kind is not ImportKind.OPENING_TRIAL_BALANCE or any(row.errors for row in rows):
        return []
    totals = _totals(rows)
    debit, credit = totals.get("debit", 0), totals.get("credit", 0)
    if debit == credit:
        return []
    return [
        Remark(
            "not-balanced",
            N_("Jumlah debet %(debit)s dan kredit %(credit)s berbeda %(difference)s."),
            {
                "debit": format_amount(debit),
                "credit": format_amount(credit),
                "difference": format_amount(abs(debit - credit)),
            },
        )
    ]


def _totals(rows: Iterable[ImportRow]) -> dict[str, int]:
    totals: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.errors:
            continue
        for name, amount in row.amounts:
            totals[name] += amount
    return dict(totals)


# --- Duplicates ------------------------------------------------------------------------------------------------------

_TWICE = {
    Field.NIK: N_("NIK yang sama juga ada di baris %(lines)s."),
    Field.MEMBER_NUMBER: N_("Nomor anggota yang sama juga ada di baris %(lines)s."),
    Field.EXTERNAL_REFERENCE: N_("Nomor induk yang sama juga ada di baris %(lines)s."),
    Field.ACCOUNT_CODE: N_("Kode akun yang sama juga ada di baris %(lines)s."),
    Field.CONTRACT_NUMBER: N_("Nomor bilyet yang sama juga ada di baris %(lines)s."),
}


def _keys(context: Context, row: ImportRow) -> dict[Field, Hashable]:
    """What may stand only once in a file.

    People in a list, accounts in a trial balance, contracts of term deposits, a person's savings of a kind and month
    in a list of savings.
    """
    if row.account:
        return {Field.ACCOUNT_CODE: row.account.code}
    if row.deposit:
        return {Field.CONTRACT_NUMBER: row.deposit.number}
    if row.member is None or context.kind is ImportKind.OPENING_DEPOSITS:
        return {}
    by_kind = Field.SAVINGS_KIND in context.header.fields
    scope = (row.period, tuple(savings.kind for savings in row.savings) if by_kind else None)
    member = row.member
    found = {
        Field.NIK: member.nik,
        Field.MEMBER_NUMBER: member.number,
        Field.EXTERNAL_REFERENCE: member.external_reference,
    }
    return {wanted: (value, scope) for wanted, value in found.items() if value is not None}


def _mark_duplicates(context: Context, rows: Sequence[ImportRow]) -> list[ImportRow]:
    """The rows, each that stands twice with an error that names the others."""
    lines: dict[tuple[Field, Hashable], list[int]] = defaultdict(list)
    for row in rows:
        for key in _keys(context, row).items():
            lines[key].append(row.line)
    marked = []
    for row in rows:
        twice = [
            Remark(
                "duplicate",
                _TWICE[key[0]],
                {"lines": ", ".join(str(line) for line in lines[key] if line != row.line)},
                context.header.fields[key[0]].title,
            )
            for key in _keys(context, row).items()
            if len(lines[key]) > 1
        ]
        marked.append(replace(row, errors=(*row.errors, *twice)) if twice else row)
    return marked
