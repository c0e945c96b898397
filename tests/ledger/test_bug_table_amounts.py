"""Mistakes that other ledgers made, each as a test of ours: amounts, rounding, scale, zero. See test_bug_table."""

from __future__ import annotations

import ast
import random
from decimal import Decimal
from pathlib import Path

import moneyed
import pytest
from beancount import loader
from hypothesis import given
from hypothesis import strategies as st
from moneyed import Money
from sqlalchemy import text

import ledger
from koperasi.formats import AmountError, currency_exponent, parse_amount, parse_wire_amount, wire_amount
from ledger import MAX_AMOUNT, AccountType, NewAccount, Posted, Rejected, Side
from ledger.export import Beancount

from .export.books import make_entry
from .support import DAY, open_desk

SRC = Path(__file__).parents[2] / "src"

# ISO 4217:2024, list one: the currencies that do not have two decimals.
NO_DECIMALS = set("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split())  # noqa: SIM905
THREE_DECIMALS = set("BHD IQD JOD KWD LYD OMR TND".split())  # noqa: SIM905
FOUR_DECIMALS = {"CLF", "UYW"}
MIGRANTS_EARN_IN = set("MYR HKD TWD SGD SAR AED QAR KWD JPY KRW BND USD EUR AUD CNY".split())  # noqa: SIM905


# --- one scale ------------------------------------------------------------------------------------------------------


def test_b14_b15_scales_are_those_of_the_standard():
    for code in NO_DECIMALS:
        assert ledger.exponent(code) == 0, code
    for code in THREE_DECIMALS:
        assert ledger.exponent(code) == 3, code
    for code in FOUR_DECIMALS:
        assert ledger.exponent(code) == 4, code
    for code in {"IDR", *MIGRANTS_EARN_IN} - NO_DECIMALS - THREE_DECIMALS:
        assert ledger.exponent(code) == 2, code


def test_b14_what_reads_and_what_writes_has_one_scale():
    """Whatever currency there is: the ledger, the wire and what people type agree, and nothing is lost on the way."""
    for currency in moneyed.list_all_currencies():
        code, places = currency.code, ledger.exponent(currency.code)
        assert currency_exponent(code) == places, code
        for minor in (1, 10**places, 123_456_789, -7, 0):
            written = wire_amount(minor, code)
            assert parse_wire_amount(written, code) == minor
            assert len(written.partition(".")[2]) == places
            assert ledger.from_money(ledger.to_money(minor, code)) == minor
        with pytest.raises(AmountError):
            parse_wire_amount("0." + "0" * places + "1", code)


@given(places=st.integers(0, 6), digits=st.integers(-(10**9), 10**9), code=st.sampled_from(["IDR", "JPY", "KWD"]))
def test_b15_b17_nothing_finer_than_the_currency_and_nothing_rounded(places, digits, code):
    amount = Decimal(digits).scaleb(-places)
    money = Money(amount, code)
    scaled = amount.scaleb(ledger.exponent(code))
    if scaled == scaled.to_integral_value():
        assert ledger.from_money(money) == scaled
    else:
        with pytest.raises(ValueError, match="finer"):
            ledger.from_money(money)


@pytest.mark.parametrize("code", ["GOLD", "XGR", "EMAS", "idr", "", "RP", "ID", "IDRX", "BTC"])
def test_trap_3_what_is_no_currency_is_none(code):
    """Gold by the gram is no currency: it is kept in rupiah, its weight beside the contract."""
    with pytest.raises(ledger.UnknownCurrencyError):
        ledger.exponent(code)
    with pytest.raises(AmountError):
        currency_exponent(code)


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity", "1e400", "2.5e-3", "0.015"])
def test_trap_3_money_takes_what_we_do_not(amount):
    """py-moneyed constructs all of these and rounds half to even; we take none of them and round nothing."""
    money = Money(Decimal(amount), "IDR")
    if amount == "1e400":
        assert ledger.from_money(money) > MAX_AMOUNT  # exact, and far beyond what a line may hold
    else:
        with pytest.raises((ValueError, ArithmeticError)):
            ledger.from_money(money)


# --- no leg is made up, nothing is divided ---------------------------------------------------------------------------

wire = st.builds(
    lambda whole, fraction: f"{whole}.{fraction}" if fraction else str(whole),
    st.integers(0, 10**9),
    st.sampled_from(["", "0", "5", "00", "05", "35", "97"]),
)


@given(parts=st.lists(wire, min_size=1, max_size=5), off=st.integers(-2, 2))
def test_b10_the_other_leg_is_exact_whatever_was_typed(parts, off):
    """2.0 + 4.35 is 6.35: the scale is the currency's, not that of whoever typed fewest decimals."""
    minor = sum(parse_wire_amount(part) for part in parts)
    assert Decimal(wire_amount(minor)) == sum(map(Decimal, parts))
    other = wire_amount(minor + off)
    assert (minor - parse_wire_amount(other) == 0) == (off == 0)


@pytest.mark.parametrize(("parts", "whole"), [(("2.0", "4.35"), "6.35"), (("4.8", "2.97"), "7.77")])
@pytest.mark.parametrize("off", [-5, -1, 1, 3, 5])
async def test_b10_b11_an_entry_off_by_one_sen_is_refused(desk, parts, whole, off):
    lines = [("1102", parse_wire_amount(part)) for part in parts]
    total = parse_wire_amount(whole)
    assert await desk.post(*lines, ("3101", -total - off)) == Rejected(
        "unbalanced", {"currency": "IDR", "difference": -off}
    )
    assert isinstance(await desk.post(*lines, ("3101", -total)), Posted)


ONE_UNIT = [
    "UPDATE ledger_account SET debit = debit + {off} WHERE book_id = {b} AND code = '1101'",
    "UPDATE ledger_account SET credit = credit + {off} WHERE book_id = {b} AND code = '3101'",
    "UPDATE ledger_turnover SET debit = debit + {off} WHERE book_id = {b} AND debit > 0",
    "UPDATE ledger_turnover SET credit = credit + {off} WHERE book_id = {b} AND credit > 0",
    "UPDATE ledger_posting SET balance_after = balance_after + {off} WHERE book_id = {b} AND line = 1",
    "UPDATE ledger_posting SET amount = amount + {off} WHERE book_id = {b} AND line = 2",
]


@pytest.mark.parametrize("off", [-1, 1])
@pytest.mark.parametrize("damage", ONE_UNIT)
@pytest.mark.parametrize("size", [2, 2_500, MAX_AMOUNT])
async def test_b11_a_check_has_no_tolerance(desk, superuser_engine, damage, off, size):
    """One sen in a quadrillion rupiah is found like one in two."""
    await desk.post(("1101", size + 1), ("3101", -size - 1)) if size < MAX_AMOUNT else None
    await desk.post(("1101", size), ("3101", -size))
    assert (await desk.verify()).findings == ()
    async with superuser_engine.connect() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        done = await connection.execute(text(damage.format(b=desk.book, off=off)))
        assert done.rowcount
        assert (await ledger.verify(connection, desk.book)).findings


@pytest.mark.parametrize("code", ["IDR", "JPY", "KWD"])
@pytest.mark.parametrize("size", [10**2, 10**9])
@pytest.mark.parametrize("off", [-1, 1])
def test_b11_beancount_too_sees_one_unit_in_our_export(code, size, off):
    """It infers a tolerance from the decimals written; ours are always all, so that half a unit is all it forgives."""
    accounts = {
        number: ledger.Account(
            1, number, name, name, name, AccountType.ASSET, Side.DEBIT, code, None, 0, False, None, None, 0, 0
        )
        for number, name in ((1, "1101"), (2, "1102"))
    }
    write = Beancount(accounts)

    def errors(other: int) -> list[object]:
        entry = make_entry(accounts, bytes(32), number=1, day=DAY, lines=[(1, size), (2, -other)])
        return loader.load_string("".join([*write.head({"book": 1}), write(entry)]))[1]

    assert errors(size) == []
    assert errors(size + off) != []


@given(total=st.integers(-(10**15), 10**15), count=st.integers(1, 400))
def test_b12_a_total_shared_out_comes_together_again(total, count):
    """Totals are stored; a share is made of whole units by ``split``, never by dividing and multiplying back."""
    shares = ledger.split(total, [1] * count)
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1


FRACTIONS = frozenset({"returns", "simulations"})
"""Slices that compute with Python's Fraction, which divides exactly; mypy refuses the float that two integers would give."""

PERCENT = {
    "capital * terms.loss_share_percent / 100",
    "capital * terms.death_extra_percent / 100",
    "principal_minor * terms.early_percent / 100",
    "Decimal(value.numerator) / Decimal(value.denominator)",
}
"""Percentages are Fractions, of at most four decimals when they are kept; an amount of them is rounded once."""

FILES_JOINED = {"TEMPLATES / template", "Path(__file__).parent / locale", "data_dir / KEY_FILE", "self.path / name"}


def test_b12_nothing_is_divided_but_the_names_of_files_are_joined():
    """``/`` makes a fraction of two numbers; in this program one side of it is the name of a file."""
    joined = set()
    for file in SRC.rglob("*.py"):
        if file.parent.name in FRACTIONS:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
                parts = ast.walk(node)
                if not any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in parts):
                    joined.add(ast.unparse(node))
    assert joined <= FILES_JOINED | PERCENT


# --- zero -----------------------------------------------------------------------------------------------------------

SOUND = [("1101", 100), ("2101.1", -60), ("2101.2", -40)]


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("code", ["1101", "1102", "2101.1", "1201", "2101", "nowhere"])
async def test_b18_a_leg_of_nothing_is_refused_wherever_it_stands(desk, place, code):
    """Whoever shares out leaves shares of nothing away; an entry of a fixed shape has no empty legs here."""
    before = await desk.digest(without=["key"])
    lines = [*SOUND[:place], (code, 0), *SOUND[place:]]
    refusal = Rejected("zero-amount", {"line": place + 1})
    assert await desk.post(*lines) == refusal
    assert await desk.append(desk.draft(*lines)) == [refusal]
    group = await desk.poster.post_all([desk.draft(*SOUND, link="g"), desk.draft(*lines, link="g")])
    assert (group[0].code, group[1]) == ("linked", refusal)
    assert await desk.digest(without=["key"]) == before


async def test_b19_nothing_never_means_everything(desk, database):
    """Zero is zero: as an entry's number, a floor, a hold or a limit of days, and ``None`` alone means not asked."""
    await desk.post(("1102", 5), ("3101", -5))
    async with database.reading(desk.book) as connection:
        account = await ledger.account_by_code(connection, desk.book, "1102")
        assert await ledger.balance(connection, desk.book, account) == 5
        assert await ledger.balance(connection, desk.book, account, known_at=0) == 0
        assert await ledger.balance(connection, desk.book, account, DAY, known_at=0) == 0
        assert (await ledger.statement(connection, desk.book, account, known_at=0)).lines == []
        assert await ledger.entries(connection, desk.book, known_at=0) == []
        assert await ledger.entries(connection, desk.book, before=0) == []
        rows = await ledger.trial_balance(connection, desk.book, known_at=0)
        assert {row.debit + row.credit for row in rows} == {0}
        assert (await ledger.head_at(connection, desk.book, 0)).number == 0
        assert (await ledger.head(connection, desk.book)).number == 1


@pytest.mark.parametrize(("floor", "allowed"), [(None, True), (-1, True), (0, False), (1, False)])
async def test_b19_a_floor_of_zero_is_a_floor(desk, floor, allowed):
    chart = [
        NewAccount("1", "A", "A", AccountType.ASSET, Side.DEBIT, floor=floor),
        NewAccount("3", "M", "M", AccountType.EQUITY, Side.CREDIT),
    ]
    book = await open_desk(desk.database, desk.poster, chart)
    outcome = await book.post(("1", -1), ("3", 1))
    assert isinstance(outcome, Posted) is allowed
    async with desk.database.reading(book.book) as connection:
        assert (await ledger.account_by_code(connection, book.book, "1")).floor == floor


async def test_b19_undoing_undoes_the_whole_entry_and_never_a_part(desk):
    """There is no amount to leave out: a reversal names an entry and mirrors it to the unit."""
    chance = random.Random(19)
    for number in range(1, 6):
        sizes = [chance.randint(1, 500) for _ in range(chance.randint(1, 4))]
        await desk.post(*[("1102", size) for size in sizes], ("3101", -sum(sizes)))
        draft = await desk.reversal(2 * number - 1)
        assert [line.amount for line in draft.lines] == [*(-size for size in sizes), sum(sizes)]
        assert (await desk.poster.post(draft)).number == 2 * number
        assert await desk.balance("1102") == 0


def test_b10_what_people_type_is_exact_too():
    assert parse_amount("2,0") + parse_amount("4,35") == parse_amount("6,35") == 635
    assert parse_amount("4,8") + parse_amount("2,97") == parse_amount("7,77") == 777
