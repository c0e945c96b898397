"""The statements as tables of rows: folds of the ledger (``ledger.statements``) under headings, beside last year's.

A statement is the same rows in the same order wherever it is shown: page, REST, spreadsheet and PDF. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import ledger
from koperasi.cooperatives.service import Kind
from koperasi.i18n import N_
from koperasi.reports import statement_lines as placed
from koperasi.reports.rules import TYPE_LABELS
from koperasi.reports.statement_model import TITLES, Column, Facts, Name, Row, Statement, Style
from ledger.statements import Movement, WorksheetRow, changes_in_equity, shown_balance, worksheet
from ledger.statements import cash_flow as fold_cash
from ledger.statements import position as fold_position


def statement(name: Name, kind: Kind, result_code: str, facts: Sequence[Facts]) -> Statement:
    """A statement of one or two times, which have the same accounts in the same order.

    Args:
        name: which.
        kind: decides words and lines.
        result_code: the account of the current result (role ``surplus.current``).
        facts: first its own time, then the one to compare with.
    """
    periods = tuple(one.period for one in facts)
    one_each = tuple(Column(period) for period in periods)
    rows, balanced = _rows(name, kind, result_code, facts)
    columns = {
        Name.WORKSHEET: tuple(Column(periods[0], label) for label in WORKSHEET_COLUMNS for _ in range(2)),
        Name.EQUITY: tuple(Column(period, label) for period in periods for label in EQUITY_COLUMNS),
    }.get(name, one_each)
    title = placed.SHAPES[kind].title if name is Name.INCOME else TITLES[name]
    return Statement(name, title, periods, columns, tuple(rows), balanced)


def _rows(name: Name, kind: Kind, result_code: str, facts: Sequence[Facts]) -> tuple[list[Row], bool]:
    if name in {Name.ZAKAT, Name.BENEVOLENT}:
        return _zakat(facts) if name is Name.ZAKAT else _benevolent(facts), True
    if name is Name.WORKSHEET:
        return _worksheet(facts[0])
    if name is Name.EQUITY:
        return _equity(facts, result_code)
    return {Name.POSITION: _position, Name.INCOME: _income, Name.CASH: _cash}[name](kind, facts)


# --- Pieces ---------------------------------------------------------------------------------------------------------

Amounts = tuple[int, ...]


def _add(rows: Iterable[Sequence[int | None]], width: int) -> Amounts:
    return tuple(sum(row[column] or 0 for row in rows) for column in range(width))


def _account_row(account: ledger.Account, amounts: Amounts, level: int = 1) -> Row:
    return Row(Style.LINE, account.code, account.name_id, amounts, level, account, (account.code,))


def _block(key: str, label: str, lines: Sequence[Row], width: int, level: int = 0) -> list[Row]:
    """A heading, its lines, and their sum if there is more than one; nothing if there is no line."""
    if not lines:
        return []
    rows = [Row(Style.HEADING, key, label, (None,) * width, level), *lines]
    if len(lines) > 1:
        sums = _add([line.amounts for line in lines], width)
        rows.append(Row(Style.SUBTOTAL, f"{key}.sum", label, sums, level, is_sum=True))
    return rows


def _side_by_side(facts: Sequence[Facts]) -> list[tuple[Movement, ...]]:
    return list(zip(*(one.movements for one in facts), strict=True))


# --- Worksheet ------------------------------------------------------------------------------------------------------

WORKSHEET_COLUMNS = (
    N_("Neraca saldo"),
    N_("Penyesuaian"),
    N_("Neraca saldo disesuaikan"),
    N_("Hasil usaha"),
    N_("Posisi keuangan"),
)
UNCLOSED = N_("Hasil usaha yang belum ditutup")
EARLIER = N_("Hasil usaha masa lalu yang belum ditutup")


def _worksheet(facts: Facts) -> tuple[list[Row], bool]:
    sheet = worksheet(facts.movements)
    rows = [_worksheet_row(row) for row in sheet.rows]
    totals = sheet.totals
    gain, loss = max(sheet.surplus, 0), max(-sheet.surplus, 0)
    balance: tuple[int | None, ...] = (None,) * 6 + (gain, loss, loss, gain)
    rows.append(Row(Style.SUBTOTAL, "sum", N_("Jumlah"), totals))
    rows.append(Row(Style.LINE, "surplus", N_("Hasil usaha periode ini"), balance))
    final = _add([totals, balance], 10)
    rows.append(Row(Style.TOTAL, "total", N_("Jumlah akhir"), final))
    return rows, all(final[at] == final[at + 1] for at in range(0, 10, 2))


def _worksheet_row(row: WorksheetRow) -> Row:
    if row.account is None:
        return Row(Style.LINE, "earlier", EARLIER, row.columns)
    return _account_row(row.account, row.columns, 0)


# --- Position -------------------------------------------------------------------------------------------------------


def _position(kind: Kind, facts: Sequence[Facts]) -> tuple[list[Row], bool]:
    width = len(facts)
    folds = [fold_position(one.movements) for one in facts]
    rows: list[Row] = []
    for element in (ledger.AccountType.ASSET, *folds[0].claims):
        groups: dict[str, list[Row]] = {label: [] for _, label in placed.groups_of(kind, element)}
        for moved in _side_by_side(facts):
            account, amounts = moved[0].account, tuple(shown_balance(one) for one in moved)
            if account.type is element and any(amounts):
                label = next(
                    text for prefix, text in placed.groups_of(kind, element) if account.code.startswith(prefix)
                )
                groups[label].append(_account_row(account, amounts, 2 if label else 1))
        unclosed = tuple(fold.unclosed for fold in folds)
        if element is ledger.AccountType.EQUITY and any(unclosed):
            groups[""].append(Row(Style.LINE, "unclosed", UNCLOSED, unclosed, 1))
        found = [
            row
            for number, (label, lines) in enumerate(groups.items())
            for row in (_block(f"{element}.{number}", label, lines, width, 1) if label else lines)
        ]
        if found or element in {ledger.AccountType.ASSET, ledger.AccountType.EQUITY}:
            rows.append(Row(Style.HEADING, element.value, TYPE_LABELS[element], (None,) * width))
            rows += found
            sums = _add([row.amounts for row in found if row.style is Style.LINE], width)
            style = Style.TOTAL if element is ledger.AccountType.ASSET else Style.SUBTOTAL
            rows.append(Row(style, f"{element}.total", TYPE_LABELS[element], sums, is_sum=True))
    memorandum = tuple(fold.memorandum for fold in folds)
    if any(memorandum):
        rows.append(Row(Style.LINE, "memorandum", N_("Rekening administratif yang tidak seimbang"), memorandum))
    claims = tuple(fold.claims_total for fold in folds)
    label = N_("Jumlah liabilitas, dana syirkah temporer, ekuitas dan dana sosial")
    plain = N_("Jumlah liabilitas dan ekuitas")
    rows.append(Row(Style.TOTAL, "claims.total", label if kind.is_sharia else plain, claims))
    return rows, all(fold.assets == fold.claims_total and not fold.memorandum for fold in folds)


# --- Income ---------------------------------------------------------------------------------------------------------


def _income(kind: Kind, facts: Sequence[Facts]) -> tuple[list[Row], bool]:
    width = len(facts)
    shape = placed.SHAPES[kind]
    sections: dict[str, list[Row]] = {step.key: [] for step in shape.steps if not step.total}
    for moved in _side_by_side(facts):
        amounts = tuple(one.result for one in moved)
        if any(amounts):
            account = moved[0].account
            sections[placed.section_of(kind, account.code)].append(_account_row(account, amounts))
    rows: list[Row] = []
    running: Amounts = (0,) * width
    for step in shape.steps:
        if step.total:
            style = Style.TOTAL if step is shape.steps[-1] else Style.SUBTOTAL
            rows.append(Row(style, step.key, step.label, running))
        else:
            rows += _block(step.key, step.label, sections[step.key], width)
            running = _add([running, *(line.amounts for line in sections[step.key])], width)
    return rows, running == tuple(sum(one.result for one in each.movements) for each in facts)


# --- Equity ---------------------------------------------------------------------------------------------------------

EQUITY_COLUMNS = (N_("Saldo awal"), N_("Penambahan"), N_("Pengurangan"), N_("Saldo akhir"))


def _equity(facts: Sequence[Facts], result_code: str) -> tuple[list[Row], bool]:
    folds = [changes_in_equity(one.movements, result_code) for one in facts]
    rows = []
    for found in zip(*folds, strict=True):
        amounts = tuple(n for one in found for n in (one.opening, one.additions, one.reductions, one.closing))
        if any(amounts):
            rows.append(_account_row(found[0].account, amounts, 0))
    totals = _add([row.amounts for row in rows], 4 * len(facts))
    rows.append(Row(Style.TOTAL, "total", N_("Jumlah ekuitas"), totals))
    positions = [fold_position(one.movements) for one in facts]
    wanted = tuple(one.claims[ledger.AccountType.EQUITY] + one.unclosed for one in positions)
    return rows, totals[3::4] == wanted


# --- Cash -----------------------------------------------------------------------------------------------------------


def is_cash(account: ledger.Account) -> bool:
    """Money that can be spent today: cash boxes and accounts at banks, and what lies beneath them."""
    return account.type is ledger.AccountType.ASSET and account.code.startswith(placed.CASH_PREFIXES)


def _cash(kind: Kind, facts: Sequence[Facts]) -> tuple[list[Row], bool]:
    width = len(facts)
    elements = {one.account.code: one.account.type for one in facts[0].movements}

    def line_of(code: str) -> str:
        return placed.flow_of(kind, code, elements.get(code))

    folds = [fold_cash(one.cash, line_of) for one in facts]
    used = sorted({code for one in facts for entry in one.cash for code in entry.counter if code})
    rows: list[Row] = []
    for activity, label in placed.ACTIVITIES.items():
        lines = []
        for line in placed.flow_lines(kind):
            if line.activity != activity:
                continue
            codes = tuple(code for code in used if line_of(code) == line.key)
            flows = [fold.get(line.key) for fold in folds]
            for direction, words in (("received", line.received), ("paid", line.paid)):
                amounts = tuple(getattr(flow, direction) if flow else 0 for flow in flows)
                if any(amounts):
                    lines.append(Row(Style.LINE, f"{line.key}.{direction}", words, amounts, 1, codes=codes))
        rows += _block(activity, label, lines, width)
    change = _add([row.amounts for row in rows if row.style is Style.LINE], width)
    cash = [[moved for moved in one.movements if is_cash(moved.account)] for one in facts]
    opening = tuple(sum(one.opening for one in found) for found in cash)
    closing = tuple(sum(one.balance for one in found) for found in cash)
    rows.append(Row(Style.SUBTOTAL, "change", N_("Kenaikan (penurunan) kas"), change))
    rows.append(Row(Style.LINE, "opening_cash", N_("Kas dan bank awal periode"), opening))
    rows.append(Row(Style.TOTAL, "closing_cash", N_("Kas dan bank akhir periode"), closing))
    return rows, _add([opening, change], width) == closing


# --- Funds held in trust --------------------------------------------------------------------------------------------

SOURCES, USES = N_("Sumber dana"), N_("Penggunaan dana")
_OPENING, _CLOSING = EQUITY_COLUMNS[0], EQUITY_COLUMNS[3]


def _fund(moved: tuple[Movement, ...], came: str = SOURCES, went: str = USES) -> list[Row]:
    """A fund's opening, what came, what went, and closing, on its own side."""
    account, width = moved[0].account, len(moved)
    credit = account.side is ledger.Side.CREDIT
    sign = -1 if credit else 1
    opening = tuple(sign * one.opening for one in moved)
    incoming = tuple(one.turn.credit if credit else one.turn.debit for one in moved)
    outgoing = tuple(-(one.turn.debit if credit else one.turn.credit) for one in moved)
    code = account.code
    return [
        _account_row(account, (), 0)._replace(style=Style.HEADING, amounts=(None,) * width),
        Row(Style.LINE, f"{code}.opening", _OPENING, opening, 1),
        Row(Style.LINE, f"{code}.sources", came, incoming, 1),
        Row(Style.LINE, f"{code}.uses", went, outgoing, 1),
        Row(Style.SUBTOTAL, f"{code}.closing", _CLOSING, _add([opening, incoming, outgoing], width), 1),
    ]


def _zakat(facts: Sequence[Facts]) -> list[Row]:
    width = len(facts)
    rows = [
        row for moved in _side_by_side(facts) if moved[0].account.code in placed.ZAKAT_FUNDS for row in _fund(moved)
    ]
    closing = _add([row.amounts for row in rows if row.style is Style.SUBTOTAL], width)
    return [*rows, Row(Style.TOTAL, "total", N_("Jumlah dana zakat dan infak"), closing)]


def _benevolent(facts: Sequence[Facts]) -> list[Row]:
    width = len(facts)
    rows: list[Row] = []
    available: Amounts = (0,) * width
    for moved in _side_by_side(facts):
        code = moved[0].account.code
        if code == placed.BENEVOLENT_FUND:
            rows += _fund(moved)
        elif code == placed.BENEVOLENT_LOANS:
            rows += _fund(moved, N_("Dipinjamkan"), N_("Kembali atau dibebaskan"))
        else:
            continue
        available = tuple(sum(pair) for pair in zip(available, (-one.balance for one in moved), strict=True))
    return [*rows, Row(Style.TOTAL, "total", N_("Dana kebajikan yang tersedia"), available)]
