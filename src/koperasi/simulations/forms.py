"""The calculator's forms: what is typed, read into the question that REST and the command line ask too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from koperasi.formats import InputError, parse_amount, parse_date
from koperasi.i18n import N_
from koperasi.returns.service import rules_days, rules_exit, rules_interest, rules_tax, rules_term
from koperasi.simulations.model import (
    DatedAmountIn,
    ExitSettlementIn,
    ItemIn,
    PaidIn,
    PoolAccountIn,
    ProfitPoolIn,
    ResultIn,
    Saver,
    SavingsReturnIn,
    SavingsTaxIn,
    TermDepositIn,
    written,
)
from koperasi.web import Form

MOST_LINES = 100
Row = TypeVar("Row")
_FIGURE = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,6})?")


class Field(NamedTuple):
    """A field of a form; ``kind``: ``amount``, ``date``, ``choice``, ``percent``, ``whole``, ``month`` or ``lines``."""

    kind: str
    name: str
    label: str
    hint: str = ""
    required: bool = True
    options: tuple[tuple[str, str], ...] = ()


METHODS = tuple((one.value, one.label) for one in rules_interest.Method)
BASES = (
    (rules_days.Basis.ACTUAL_365.value, N_("hari / 365")),
    (rules_days.Basis.ACTUAL_360.value, N_("hari / 360")),
    (rules_days.Basis.ACTUAL_ACTUAL.value, N_("hari / hari setahun")),
    (rules_days.Basis.MONTHS_12.value, N_("bulan / 12")),
)
POSTINGS = (
    (rules_interest.Posting.AT_END.value, N_("sekali di akhir")),
    (rules_interest.Posting.MONTHLY.value, N_("setiap bulan")),
    (rules_interest.Posting.QUARTERLY.value, N_("setiap triwulan")),
    (rules_interest.Posting.HALF_YEARLY.value, N_("setiap setengah tahun")),
    (rules_interest.Posting.YEARLY.value, N_("setiap tahun")),
)
ROLLS = (
    (rules_term.RollOver.NONE.value, N_("tidak diperpanjang")),
    (rules_term.RollOver.PRINCIPAL.value, N_("pokok diperpanjang")),
    (rules_term.RollOver.ALL.value, N_("pokok dan imbalan diperpanjang")),
)
EARLY = (
    (rules_term.Early.NOTHING.value, N_("tanpa imbalan")),
    (rules_term.Early.REDUCED.value, N_("persen lebih rendah")),
    (rules_term.Early.PENALTY.value, N_("dikurangi potongan")),
)
TESTS = (
    (rules_tax.ThresholdOf.PAYMENT.value, N_("seluruh yang dibayar dalam bulan itu")),
    (rules_tax.ThresholdOf.MONTH.value, N_("bagian setiap bulan")),
)
SAVERS = (
    (Saver.MEMBER.value, N_("anggota (PP 15/2009)")),
    (Saver.COOPERATIVE.value, N_("koperasi lain (PPh pasal 23)")),
    (Saver.BANK.value, N_("nasabah bank (PP 131/2000)")),
)
REASONS = (
    (rules_exit.Reason.LEFT.value, N_("mengundurkan diri")),
    (rules_exit.Reason.DECEASED.value, N_("meninggal")),
    (rules_exit.Reason.DISMISSED.value, N_("diberhentikan")),
)

_MOVES = N_(
    "Satu baris satu mutasi: tanggal lalu jumlah, misalnya 11/11/2026 2.000.000; penarikan dengan tanda kurang."
)

SAVINGS_RETURN = (
    Field("choice", "method", N_("Dihitung dari"), options=METHODS),
    Field("percent", "percent", N_("Persen setahun")),
    Field("choice", "basis", N_("Pembagian hari"), options=BASES),
    Field("date", "first", N_("Dari")),
    Field("date", "last", N_("Sampai")),
    Field("amount", "opening", N_("Saldo awal"), required=False),
    Field("lines", "movements", N_("Mutasi"), _MOVES, required=False),
    Field("amount", "minimum", N_("Saldo paling sedikit"), required=False),
    Field("choice", "posting", N_("Ditambahkan ke saldo"), options=POSTINGS),
)
PROFIT_POOL = (
    Field("month", "month", N_("Bulan"), N_("Misalnya 2026-10.")),
    Field("amount", "income", N_("Pendapatan kas bulan itu")),
    Field("amount", "financing", N_("Pembiayaan rata-rata")),
    Field("amount", "funds", N_("Dana rata-rata seluruhnya"), N_("Bila lebih dari rekening di bawah."), required=False),
    Field(
        "lines",
        "accounts",
        N_("Rekening"),
        N_("Satu baris satu rekening: nomor; saldo rata-rata; nisbah penyimpan dalam persen."),
    ),
)
TERM_DEPOSIT = (
    Field("amount", "principal", N_("Pokok")),
    Field("date", "opened_on", N_("Tanggal buka")),
    Field("whole", "months", N_("Jangka waktu (bulan)")),
    Field("percent", "percent", N_("Persen setahun, atau nisbah")),
    Field("percent", "hi_1000", N_("HI-1000"), N_("Hanya untuk bagi hasil: angka di atas lalu menjadi nisbah."), False),
    Field("choice", "basis", N_("Pembagian hari"), options=BASES),
    Field("choice", "roll_over", N_("Saat jatuh tempo"), options=ROLLS),
    Field("date", "until", N_("Diikuti sampai"), required=False),
    Field("date", "closed_on", N_("Ditutup pada"), required=False),
    Field("choice", "early", N_("Ditutup sebelum jatuh tempo"), options=EARLY),
    Field("percent", "early_percent", N_("Persen lebih rendah"), required=False),
    Field("amount", "penalty", N_("Potongan"), required=False),
)
SAVINGS_TAX = (
    Field("month", "month", N_("Bulan"), N_("Misalnya 2026-10.")),
    Field(
        "lines",
        "accounts",
        N_("Rekening"),
        N_("Satu baris satu rekening: nama; imbalan; banyaknya bulan bila lebih dari satu."),
    ),
    Field("choice", "saver", N_("Penyimpan"), options=SAVERS),
    Field("amount", "balance", N_("Tabungan dan deposito bersama"), N_("Hanya untuk nasabah bank."), required=False),
    Field("choice", "testing", N_("Batas diuji atas"), N_("Hanya untuk anggota."), options=TESTS),
)
EXIT_SETTLEMENT = (
    Field("date", "decided_on", N_("Tanggal keputusan")),
    Field("choice", "reason", N_("Sebab"), options=REASONS),
    Field("amount", "pokok", N_("Simpanan pokok"), required=False),
    Field("amount", "wajib", N_("Simpanan wajib"), required=False),
    Field("amount", "savings", N_("Simpanan lain"), required=False),
    Field("amount", "shu", N_("Hak atas SHU"), required=False),
    Field("amount", "loan", N_("Pokok pinjaman"), required=False),
    Field("amount", "loan_service", N_("Jasa pinjaman yang jatuh tempo"), required=False),
    Field("amount", "charge", N_("Biaya dan denda"), required=False),
)


def read_savings_return(form: Form) -> SavingsReturnIn | None:
    """A savings account's question."""
    method = form.choice("method", list(rules_interest.Method))
    percent, basis = _percent(form, "percent"), form.choice("basis", list(rules_days.Basis))
    first, last = form.date("first"), form.date("last")
    opening, minimum = _amount(form, "opening"), _amount(form, "minimum")
    posting = form.choice("posting", list(rules_interest.Posting))
    movements = list(_read(form, "movements", _movement))
    if not form.ok or first is None or last is None or percent is None:
        return None
    return SavingsReturnIn(
        first=first,
        last=last,
        method=rules_interest.Method(method or ""),
        percent=percent,
        basis=rules_days.Basis(basis or ""),
        opening=opening,
        minimum=minimum,
        movements=movements,
        posting=rules_interest.Posting(posting or ""),
    )


def read_profit_pool(form: Form) -> ProfitPoolIn | None:
    """A pool's question."""
    month = _month(form, "month")
    income, financing = _amount(form, "income", required=True), _amount(form, "financing", required=True)
    funds = _amount(form, "funds", blank="")
    accounts = list(_read(form, "accounts", _pool_account))
    if not form.ok or month is None:
        return None
    return ProfitPoolIn(month=month, income=income, financing=financing, funds=funds or None, accounts=accounts)


def read_term_deposit(form: Form) -> TermDepositIn | None:
    """A term deposit's question; with HI-1000 the percent is a nisbah."""
    principal, opened_on = _amount(form, "principal", required=True), form.date("opened_on")
    months = form.whole("months", least=1, most=rules_term.LONGEST_MONTHS)
    percent, hi_1000 = _percent(form, "percent"), _percent(form, "hi_1000", required=False)
    basis = form.choice("basis", list(rules_days.Basis))
    roll_over, early = form.choice("roll_over", list(rules_term.RollOver)), form.choice("early", list(rules_term.Early))
    until, closed_on = form.date("until", required=False), form.date("closed_on", required=False)
    early_percent, penalty = _percent(form, "early_percent", required=False), _amount(form, "penalty")
    if not form.ok or opened_on is None or months is None:
        return None
    return TermDepositIn(
        principal=principal,
        opened_on=opened_on,
        months=months,
        percent=None if hi_1000 else percent,
        nisbah_percent=percent if hi_1000 else None,
        results=[ResultIn(since=opened_on, hi_1000=hi_1000)] if hi_1000 else [],
        basis=rules_days.Basis(basis or ""),
        roll_over=rules_term.RollOver(roll_over or ""),
        until=until,
        closed_on=closed_on,
        early=rules_term.Early(early or ""),
        early_percent=early_percent or "0",
        penalty=penalty,
    )


def read_savings_tax(form: Form) -> SavingsTaxIn | None:
    """A tax question."""
    month, testing = _month(form, "month"), form.choice("testing", list(rules_tax.ThresholdOf))
    saver, balance = form.choice("saver", list(Saver)), _amount(form, "balance", blank="")
    accounts = list(_read(form, "accounts", _paid))
    if not form.ok or month is None:
        return None
    return SavingsTaxIn(
        month=month,
        saver=Saver(saver or ""),
        balance=balance or None,
        accounts=accounts,
        testing=rules_tax.ThresholdOf(testing or ""),
    )


def read_exit_settlement(form: Form) -> ExitSettlementIn | None:
    """A leaving member's question."""
    decided_on, reason = form.date("decided_on"), form.choice("reason", list(rules_exit.Reason))
    given = [
        (rules_exit.Kind(field.name), _amount(form, field.name, blank=""))
        for field in EXIT_SETTLEMENT
        if field.kind == "amount"
    ]
    if not form.ok or decided_on is None:
        return None
    items = [ItemIn(kind=kind, amount=amount) for kind, amount in given if amount]
    return ExitSettlementIn(decided_on=decided_on, reason=rules_exit.Reason(reason or ""), items=items)


def _amount(form: Form, name: str, *, required: bool = False, blank: str = "0.00") -> str:
    minor = form.amount(name, required=required, positive=False)
    if minor is not None and (minor < 0 or minor >= 10**17):
        form.error(name, N_("Jumlah di luar batas."))
    return blank if minor is None else written(minor)


def _percent(form: Form, name: str, *, required: bool = True) -> str | None:
    text = form.text(name, required=required, max_length=20)
    if not text:
        return None
    if not _FIGURE.fullmatch(text):
        form.error(name, N_("Tulis angka seperti 6 atau 4,5."))
        return None
    return _figure(text)


def _figure(text: str) -> str:
    whole, _, rest = text.replace(",", ".").partition(".")
    return f"{int(whole)}.{rest}" if rest else str(int(whole))


def _month(form: Form, name: str) -> str | None:
    text = form.text(name, required=True, max_length=10)
    if text and not re.fullmatch(r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])", text):
        form.error(name, N_("Tulis bulan seperti 2026-10."))
        return None
    return text or None


def _read(form: Form, name: str, read: Callable[[list[str]], Row]) -> Iterator[Row]:
    """A row for each line; the first that can't be read is named."""
    lines = [line.strip() for line in form.lines(name, max_length=4_000).splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        form.error(name, N_("Paling banyak %(most)s baris."), most=MOST_LINES)
        return
    for number, line in enumerate(lines, 1):
        parts = [part.strip() for part in line.split(";")] if ";" in line else line.split(maxsplit=1)
        try:
            yield read(parts)
        except (InputError, ValueError, TypeError):  # pydantic's refusal is a ValueError
            form.error(name, N_("Baris %(number)s tidak terbaca."), number=number)
            return


def _movement(parts: list[str]) -> DatedAmountIn:
    day, amount = parts
    return DatedAmountIn(date=parse_date(day), amount=written(parse_amount(amount)))


def _pool_account(parts: list[str]) -> PoolAccountIn:
    number, average, percent = parts
    if not _FIGURE.fullmatch(percent):
        raise ValueError(percent)
    return PoolAccountIn(number=number, average=written(parse_amount(average)), nisbah_percent=_figure(percent))


def _paid(parts: list[str]) -> PaidIn:
    account, amount, *months = parts
    return PaidIn(account=account, amount=written(parse_amount(amount)), months=int(*months) if months else 1)
