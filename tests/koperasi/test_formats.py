from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi import formats
from koperasi.formats import AmountError, DateError, InputError

MAX_MINOR = 10**17 - 1
CURRENCIES = ("IDR", "HKD", "MYR", "TWD", "SAR", "JPY", "KRW", "KWD", "OMR", "BHD", "JOD")


@st.composite
def amounts(draw):
    """Minor units within what may be written, and their currency."""
    currency = draw(st.sampled_from(CURRENCIES))
    largest = 10 ** (formats.MAX_INTEGER_DIGITS + formats.currency_exponent(currency)) - 1
    return draw(st.integers(-largest, largest)), currency


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (0, "IDR", "Rp0"),
        (125_000_000, "IDR", "Rp1.250.000"),
        (125_000_050, "IDR", "Rp1.250.000,50"),
        (5, "IDR", "Rp0,05"),
        (-125_000_000, "IDR", "-Rp1.250.000"),
        (99_900, "IDR", "Rp999"),
        (300_000, "HKD", "HKD\u00a03.000,00"),
        (5_000, "JPY", "JPY\u00a05.000"),
        (12_500, "KWD", "KWD\u00a012,500"),
    ],
)
def test_writes_amounts(minor, currency, written):
    assert formats.format_amount(minor, currency) == written


def test_statements_write_negatives_in_brackets():
    assert formats.format_amount(-125_000_000, brackets=True) == "(Rp1.250.000)"
    assert formats.format_figure(-125_000_000) == "(1.250.000)"


def test_a_table_writes_zero_as_a_dash_and_no_symbol():
    assert formats.format_figure(0) == "–"
    assert formats.format_figure(125_000_000) == "1.250.000"


@pytest.mark.parametrize(
    "text",
    [
        "1250000", "1.250.000", "Rp 1.250.000,00", "Rp1.250.000,-", "Rp. 1.250.000", "rp1.250.000", "IDR 1.250.000",
        "  1.250.000\u00a0", "Rp\u00a01.250.000", "1.250.000,0", "1.250.000\n",
    ],
)  # fmt: skip
def test_reads_the_ways_people_write_one_amount(text):
    assert formats.parse_amount(text) == 125_000_000


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("250.000", 25_000_000),
        ("1.250", 125_000),
        ("0", 0),
        ("0,5", 50),
        ("-5.000", -500_000),
        ("−5.000", -500_000),
        ("Rp-5.000", -500_000),
        ("(5.000)", -500_000),
        ("999.999.999.999.999,99", MAX_MINOR),
    ],
)
def test_reads_amounts(text, minor):
    assert formats.parse_amount(text) == minor


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "amount-empty"),
        ("  ", "amount-empty"),
        ("1,250.00", "amount-english-style"),
        ("1,250,000", "amount-english-style"),
        ("1.5", "amount-english-style"),
        ("12.50", "amount-english-style"),
        ("1250000.00", "amount-english-style"),
        ("1e5", "amount-format"),
        ("١٢٥٠", "amount-format"),
        ("１２５０", "amount-format"),
        ("1_000", "amount-format"),
        ("NaN", "amount-format"),
        ("Infinity", "amount-format"),
        ("0x10", "amount-format"),
        ("+5.000", "amount-format"),
        ("--5.000", "amount-format"),
        ("-(5.000)", "amount-format"),
        ("-Rp-5.000", "amount-format"),
        ("(5.000", "amount-format"),
        ("5.000)", "amount-format"),
        ("12.50.000", "amount-format"),
        ("1.2500", "amount-english-style"),
        ("0012345", "amount-format"),
        ("1 250 000", "amount-format"),
        ("1.250.000,", "amount-format"),
        (",50", "amount-format"),
        ("USD 5", "amount-format"),
        ("5.000 10.000", "amount-format"),
        ("1.250\n.000", "amount-format"),
        ("1,234", "amount-english-style"),
        ("1,2345", "amount-decimals"),
        ("Rp1,250,000.00", "amount-english-style"),
        ("-1.5", "amount-english-style"),
        ("(" + " " * 5000 + "x", "amount-format"),
        ("1000000000000000", "amount-too-large"),
        ("1.000.000.000.000.000", "amount-too-large"),
    ],
)
def test_refuses_what_could_mean_something_else(text, code):
    with pytest.raises(AmountError) as refused:
        formats.parse_amount(text)
    assert refused.value.code == code


def test_decimals_follow_the_currency():
    assert formats.parse_amount("12,500", "KWD") == 12_500
    assert formats.parse_amount("5.000", "JPY") == 5_000
    with pytest.raises(AmountError, match="koma"):
        formats.parse_amount("5,5", "JPY")
    with pytest.raises(AmountError) as refused:
        formats.parse_amount("5", "RPX")
    assert refused.value.code == "currency-unknown"


@given(amounts(), st.booleans(), st.booleans())
def test_what_is_written_reads_back(amount, symbol, brackets):
    minor, currency = amount
    written = formats.format_amount(minor, currency, symbol=symbol, brackets=brackets)
    assert formats.parse_amount(written, currency) == minor


@given(amounts())
def test_the_wire_reads_back(amount):
    minor, currency = amount
    assert formats.parse_wire_amount(formats.wire_amount(minor, currency), currency) == minor


@given(st.text(alphabet="0123456789.,-+ Rp()eE_٣", max_size=24))
def test_any_text_is_an_amount_or_a_refusal(text):
    try:
        minor = formats.parse_amount(text)
    except AmountError:
        return
    assert formats.parse_amount(formats.format_amount(minor)) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "wire"),
    [(125_000_000, "IDR", "1250000.00"), (-5, "IDR", "-0.05"), (5_000, "JPY", "5000"), (12_500, "KWD", "12.500")],
)
def test_writes_the_wire(minor, currency, wire):
    assert formats.wire_amount(minor, currency) == wire


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "1.",
        ".5",
        "1,5",
        "1e5",
        "+1",
        "--1",
        "1_0",
        "NaN",
        "١",
        "1\n",
        "1.000",
        "1" * 16,
        "1.0.0",
        "0x1",
    ],
)
def test_refuses_a_loose_wire_amount(text):
    with pytest.raises(AmountError):
        formats.parse_wire_amount(text)


def test_dates_in_words():
    day = date(2026, 11, 25)
    assert formats.format_date(day) == "25 November 2026"
    assert formats.format_date(date(1945, 8, 17)) == "17 Agustus 1945"
    assert formats.format_date(date(1945, 8, 17), "en") == "17 August 1945"
    assert formats.format_date_short(date(2026, 1, 5)) == "05/01/2026"
    assert formats.weekday_name(day) == "Rabu"
    assert formats.weekday_name(day, "en") == "Wednesday"
    assert [formats.weekday_name(date(2026, 11, n)) for n in (26, 27, 28, 29, 30)] == [
        "Kamis", "Jumat", "Sabtu", "Minggu", "Senin",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("Asia/Jakarta", "26 November 2026 00.30 WIB"),
        ("Asia/Makassar", "26 November 2026 01.30 WITA"),
        ("Asia/Jayapura", "26 November 2026 02.30 WIT"),
    ],
)
def test_moments_on_the_clock_of_a_place(zone, written):
    moment = datetime(2026, 11, 25, 17, 30, tzinfo=UTC)
    assert formats.format_datetime(moment, zone) == written
    assert formats.format_datetime(moment, ZoneInfo(zone), "en") == written.replace(".", ":")


def test_a_moment_without_a_zone_has_no_clock():
    with pytest.raises(ValueError, match="time zone"):
        formats.format_datetime(datetime(2026, 11, 25), "Asia/Jakarta")


@pytest.mark.parametrize(
    "text",
    [
        "1945-08-17", "17/08/1945", "17-08-1945", "17/8/1945", "17.08.1945", "17 Agustus 1945", "17 agt 1945",
        "17 Agu 1945", "17-Agt-1945", " 17  August 1945 ", "17 Agt. 1945",
    ],
)  # fmt: skip
def test_reads_dates_day_first(text):
    assert formats.parse_date(text) == date(1945, 8, 17)


def test_ambiguous_looking_dates_are_day_first():
    assert formats.parse_date("03/04/2024") == date(2024, 4, 3)
    assert formats.parse_date("5 Mei 2024") == date(2024, 5, 5)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "date-empty"),
        ("03/25/2024", "date-month-first"),
        ("2024-25-03", "date-month-first"),
        ("31/02/2024", "date-impossible"),
        ("29/02/2023", "date-impossible"),
        ("00/01/2024", "date-impossible"),
        ("32/13/2024", "date-impossible"),
        ("17/08/45", "date-short-year"),
        ("17 Agt 45", "date-short-year"),
        ("17/08/0045", "date-year"),
        ("17/08/2204", "date-year"),
        ("17/08-1945", "date-format"),
        ("17 Foo 1945", "date-format"),
        ("45000", "date-format"),
        ("١٧/٠٨/١٩٤٥", "date-format"),
        ("17 Agustus", "date-format"),
    ],
)
def test_refuses_dates(text, code):
    with pytest.raises(DateError) as refused:
        formats.parse_date(text)
    assert refused.value.code == code


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.sampled_from(["id", "en"]))
def test_written_dates_read_back(day, locale):
    for written in (formats.format_date(day, locale), formats.format_date_short(day), day.isoformat()):
        assert formats.parse_date(written) == day


@given(st.text(max_size=20) | st.text(alphabet="0123456789/- .MeiAgt", max_size=14))
def test_any_text_is_a_date_or_a_refusal(text):
    try:
        day = formats.parse_date(text)
    except DateError:
        return
    assert formats.parse_date(formats.format_date_short(day)) == day


def test_text_is_tidied():
    assert formats.clean_text("  Siti \u00a0 Aminah\n", max_length=20) == "Siti Aminah"
    assert formats.clean_text("Jose\u0301", max_length=4) == "José"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (" ", "empty"),
        ("a\x00b", "control-character"),
        ("a\nb", "control-character"),
        ("a\u202eb", "control-character"),
        ("a\ud800b", "control-character"),
        ("abcdefghijk", "too-long"),
    ],
)
def test_refuses_text(text, code):
    with pytest.raises(InputError) as refused:
        formats.clean_text(text, max_length=10)
    assert refused.value.code == code


def test_a_complaint_can_be_tied_to_its_field():
    with pytest.raises(AmountError) as refused:
        formats.parse_amount("1000000000000000")
    error = refused.value.at("amount")
    assert (error.field, error.code) == ("amount", "amount-too-large")
    assert error.text("en") == "The amount is too large: at most 15 digits."
    assert str(refused.value) == error.text("id")
