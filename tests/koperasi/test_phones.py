import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.phones import PhoneError, display_phone, mask_phone, to_e164, whatsapp_number


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("0812-3456-7890", "+6281234567890"),
        ("0812 3456 7890", "+6281234567890"),
        ("(0812) 3456.7890", "+6281234567890"),
        ("+62 812 3456 7890", "+6281234567890"),
        ("+62\u00a0812-3456-7890", "+6281234567890"),
        ("+62 (0)812 3456 7890", "+6281234567890"),
        ("6281234567890", "+6281234567890"),
        ("62812345678", "+62812345678"),
        ("006281234567890", "+6281234567890"),
        ("81234567890", "+6281234567890"),
        ("+852 9123 4567", "+85291234567"),
        ("0085291234567", "+85291234567"),
        ("+886 912 345 678", "+886912345678"),
        ("+60 12-345 6789", "+60123456789"),
        ("60123456789", "+60123456789"),
        ("+65 9123 4567", "+6591234567"),
        ("6591234567", "+6591234567"),
        ("+81 90 1234 5678", "+819012345678"),
        ("+82 10 1234 5678", "+821012345678"),
        ("+966 50 123 4567", "+966501234567"),
        ("966501234567", "+966501234567"),
        ("+971 50 123 4567", "+971501234567"),
        ("971501234567", "+971501234567"),
        ("+673 712 3456", "+6737123456"),
        ("+39 333 123 4567", "+393331234567"),
    ],
)
def test_reads_mobile_numbers(text, e164):
    assert to_e164(text) == e164


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "phone-empty"),
        ("   ", "phone-empty"),
        ("0812345", "phone-not-mobile"),
        ("021 555 1234", "phone-not-mobile"),
        ("+852 2123 4567", "phone-not-mobile"),
        ("+999 12345678", "phone-not-mobile"),
        ("081234567890123456", "phone-not-mobile"),
        ("6587", "phone-not-mobile"),
        ("+", "phone-format"),
        ("+()", "phone-not-mobile"),
        ("0812-CALL-ME", "phone-format"),
        ("8.12346E+11", "phone-format"),
        ("٠٨١٢٣٤٥٦٧٨٩٠", "phone-format"),
        ("0812 3456 7890 / 0813 3456 7890", "phone-format"),
        ("081234567890 ext 5", "phone-format"),
        ("++6281234567890", "phone-format"),
        ("0" * 200, "phone-format"),
        # 0852 is an Indonesian prefix too: a spreadsheet drops the zero, and Hong Kong answers.
        ("85291234567", "phone-ambiguous"),
    ],
)
def test_refuses_what_is_not_one_mobile_number(text, code):
    with pytest.raises(PhoneError) as refused:
        to_e164(text)
    assert refused.value.code == code


def test_an_ambiguous_number_is_shown_both_ways():
    with pytest.raises(PhoneError, match=r"085291234567 atau \+85291234567"):
        to_e164("85291234567")
    assert to_e164("085291234567") == "+6285291234567"
    assert to_e164("+85291234567") == "+85291234567"


def test_shows_numbers():
    assert display_phone("+6281234567890") == "0812-3456-7890"
    assert display_phone("+85291234567") == "+852 9123 4567"
    assert mask_phone("+6281234567890") == "+6281******890"
    assert whatsapp_number("+6281234567890") == "6281234567890"


@given(st.from_regex(r"0812[0-9]{6,9}", fullmatch=True))
def test_what_is_shown_reads_back(text):
    e164 = to_e164(text)
    assert to_e164(e164) == e164
    assert to_e164(display_phone(e164)) == e164


@given(st.text(max_size=40) | st.text(alphabet="+0123456789 -().", max_size=32))
def test_any_text_is_a_number_or_a_refusal(text):
    try:
        e164 = to_e164(text)
    except PhoneError:
        return
    assert to_e164(e164) == e164
