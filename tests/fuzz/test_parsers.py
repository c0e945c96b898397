"""Parsers of what people type: they read it or refuse it as they say they do, whatever it is; what they read, they write."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from koperasi import formats, known, nik, phones
from koperasi.access import rules, rules_second
from koperasi.cooperatives import rules as cooperative_rules
from koperasi.errors import BadRequest, Refusal
from koperasi.formats import InputError
from koperasi.permissions import Role
from koperasi.privacy import crypto
from koperasi.rest import decode_cursor, encode_cursor
from koperasi.savings import numbers, receipts
from koperasi.web.forms import Form
from ledger.export import checkpoint

from .inputs import anything, digits, fields, tries

TODAY = date(2026, 11, 25)


def read(parser, *arguments, refusals=InputError, **more):
    """What a parser reads, or None if it refuses; any other error is a fault."""
    try:
        return parser(*arguments, **more)
    except refusals:
        return None


# --- Money, days, words ---------------------------------------------------------------------------------------------


@tries()
@given(anything)
def test_amounts(text):
    minor = read(formats.parse_amount, text)
    if minor is not None:
        assert type(minor) is int
        assert formats.parse_amount(formats.format_amount(minor)) == minor


@tries()
@given(anything | st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{0,5})?", fullmatch=True))
def test_amounts_on_the_wire(text):
    minor = read(formats.parse_wire_amount, text)
    if minor is not None:
        assert type(minor) is int
        assert formats.parse_wire_amount(formats.wire_amount(minor)) == minor


@tries()
@given(anything)
def test_days(text):
    day = read(formats.parse_date, text)
    if day is not None:
        assert formats.parse_date(day.isoformat()) == day
        assert formats.parse_date(formats.format_date(day)) == day


@tries()
@given(anything, st.integers(1, 200))
def test_lines_of_text(text, longest):
    line = read(formats.clean_text, text, max_length=longest)
    if line is not None:
        assert 0 < len(line) <= longest
        assert formats.clean_text(line, max_length=longest) == line
        assert line.isprintable() or " " in line


@tries()
@given(anything | digits.map(lambda text: f"{text}T12:00"))
def test_the_second_clock(text):
    moment = read(known.read, text, ZoneInfo("Asia/Makassar"), datetime(2026, 11, 25, tzinfo=UTC), refusals=Refusal)
    assert moment is None or isinstance(moment, (int, datetime))
    known._spelt(text)


# --- People ---------------------------------------------------------------------------------------------------------


@tries()
@given(anything | st.from_regex(r"[0-9]{14,17}", fullmatch=True) | st.from_regex(r"5202[0-7][0-9][01][0-9]{7}"))
def test_identity_numbers(text):
    found = read(nik.parse_nik, text, TODAY)
    if found is not None:
        assert found.birth_date <= TODAY
        assert nik.parse_nik(found.value, TODAY) == found
        assert found.value not in repr(found)
        assert found.value not in nik.mask_nik(found.value)


@tries()
@given(anything | st.from_regex(r"(\+|00|0|62|852|8)[0-9 .-]{6,14}", fullmatch=True))
def test_phone_numbers(text):
    number = read(phones.to_e164, text)
    if number is not None:
        assert phones.to_e164(number) == number
        assert phones.to_e164(phones.display_phone(number)) == number
        assert number not in phones.mask_phone(number)


@tries()
@given(anything, st.sampled_from(list(Role)), anything)
def test_user_names_and_passwords(text, role, other):
    name = read(rules.checked_username, text, refusals=Refusal)
    if name is not None:
        assert rules.checked_username(name) == name
    read(rules.check_password, text, role=role, username=other, refusals=Refusal)
    rules.normal_password(text)
    rules.normal_username(text)


# --- Tokens, codes, numbers -----------------------------------------------------------------------------------------


@tries()
@given(anything, st.integers(1, 2**63 - 1), st.from_regex(r"[A-Za-z0-9_-]{43}", fullmatch=True))
def test_tokens(text, book, secret):
    for make, book_of in ((rules.session_token, rules.book_of_session), (rules.api_token, rules.book_of_api_token)):
        token = make(book, secret)
        assert book_of(token) == book
        assert book_of(token + text) is None or not text
        found = book_of(text)
        assert found is None or 0 < found < 2**63
    assert len(rules.digest(text)) == 32


@tries()
@given(anything, st.binary(min_size=20, max_size=20), st.integers(3600, 2**33))
def test_second_codes(text, secret, seconds):
    moment = datetime.fromtimestamp(seconds, UTC)
    step = rules_second.fitting_step(secret, text, moment, 0)
    assert step is None or rules_second.is_code(text)
    right = rules_second.code_at(secret, rules_second.step_of(moment))
    assert rules_second.fitting_step(secret, f" {right[:3]} {right[3:]}", moment, -2) is not None
    assert len(rules_second.recovery_digest(text)) == 32


@tries()
@given(anything | st.from_regex(r"[A-Za-z0-9_-]{0,60}", fullmatch=True))
def test_cursors(text):
    for kinds in (("int",), ("str",), ("date", "int"), ("str", "date")):
        values = read(decode_cursor, text, *kinds, refusals=BadRequest)
        if values is not None:
            assert decode_cursor(encode_cursor(*values), *kinds) == values


@tries()
@given(
    st.integers(-(2**62), 2**62), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), st.dates()
)
def test_cursors_come_back(number, text, day):
    assert decode_cursor(encode_cursor(number, text, day), "int", "str", "date") == (number, text, day)


@tries()
@given(anything | st.from_regex(r"[0-9]{9}", fullmatch=True), st.integers(10, 99), st.integers(1, 999_999))
def test_account_numbers(text, prefix, serial):
    number = numbers.make_account_number(str(prefix), serial)
    assert numbers.serial_of(number) == serial
    assert 0 <= numbers.serial_of(text) < 1_000_000
    if text.isascii() and text.isdecimal() and len(text) == 9 and text != number:
        differing = sum(a != b for a, b in zip(text, number, strict=True))
        assert differing != 1 or not numbers.is_valid_account_number(text)


@tries()
@given(anything, st.binary(min_size=16, max_size=40), st.integers(1, 2**40), st.binary(min_size=32, max_size=32))
def test_receipts(text, secret, entry, entry_hash):
    code = numbers.verify_code(secret, entry, entry_hash)
    assert numbers.check_verify_code(secret, entry, entry_hash, code.lower().replace("-", " "))
    assert not numbers.check_verify_code(secret, entry, entry_hash, text + "U")
    found = receipts.entry_number_of(text)
    assert found is None or found >= 0
    assert receipts.entry_number_of(receipts.receipt_number(TODAY, entry % 10**12)) == entry % 10**12


KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)


@tries()
@given(
    anything,
    st.integers(1, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(microsecond=0, tzinfo=UTC)),
    st.data(),
)
def test_checkpoints(text, number, head, at, data):
    made = checkpoint.Checkpoint(7, number, head, at)
    code = checkpoint.sign(KEY, made)
    assert checkpoint.read(code.lower(), KEY.public_key()) == made
    place = data.draw(st.integers(0, len(code) - 1))
    broken = code[:place] + text + code[place + data.draw(st.integers(0, 3)) :]
    for given_code in (text, f"KOPERASI1:{text}", broken):
        found = read(checkpoint.read, given_code, KEY.public_key(), refusals=ValueError)
        assert found in {None, made}


@tries()
@given(anything)
def test_codes_of_cooperatives(text):
    code = read(cooperative_rules.clean_code, text)
    if code is not None:
        assert cooperative_rules.clean_code(code) == code
    read(cooperative_rules.clean_cooperative_name, text)
    read(cooperative_rules.clean_kind, text)
    read(cooperative_rules.clean_timezone, text)


@tries()
@given(st.binary(max_size=80), st.binary(max_size=60), st.text(max_size=9))
def test_sealed_values(junk, value, row):
    place = crypto.Place("member", "nik", 7, row.replace("\0", "").encode("utf-8", "replace").decode())
    cipher = crypto.Cipher(b"abcd", b"k" * 32)
    sealed = cipher.seal(value, place)
    assert cipher.open(sealed, place) == value
    elsewhere = place._replace(row=place.row + "1")
    for damaged, where in ((junk, place), (sealed[:-1], place), (sealed + b"x", place), (sealed, elsewhere)):
        assert read(cipher.open, damaged, where, refusals=crypto.SealBrokenError) is None
        read(crypto.key_id_of, damaged, where, refusals=crypto.SealBrokenError)


# --- Addresses ------------------------------------------------------------------------------------------------------

EVIL = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example",
    "https://evil.example", "https:evil.example", "javascript:alert(1)", "/%2f%2fevil.example/..//", "/./\\evil.example",
    " //evil.example", "/\u2044/evil.example", "//evil.example@host", "/@evil.example", "http:/\\evil.example", "/..//evil",
]  # fmt: skip


@pytest.mark.parametrize("wanted", EVIL)
def test_known_tricks_lead_to_no_other_host(wanted):
    check_local(rules.local_path(wanted))


@tries()
@given(anything.map(lambda text: f"/{text}") | anything)
@example("/" + "a" * 2000)
def test_after_logging_in_one_stays_here(wanted):
    where = rules.local_path(wanted)
    check_local(where)
    assert rules.local_path(where) == where


def check_local(where):
    """As a browser reads it (WHATWG URL): tabs and line breaks are nothing, a backslash is a slash."""
    seen = where.replace("\\", "/")
    assert seen.startswith("/")
    assert not seen.startswith("//")
    assert seen.isascii()
    assert not any(ord(sign) <= 32 for sign in seen)
    assert urlsplit(urljoin("https://koperasi.example/masuk", seen)).netloc == "koperasi.example"


@tries()
@given(anything, st.ip_addresses().map(str) | anything, st.sampled_from(["127.0.0.1", "10.0.0.1", None]))
def test_addresses_of_callers(forwarded, peer, proxy):
    address = rules.client_address(peer, forwarded, proxy)
    assert isinstance(address, str)
    if proxy is None or peer != proxy:
        assert address == (peer or "unknown"), "only the proxy is believed"
    elif address not in {peer, "unknown"}:
        ip_address(address)
    rules.throttled_address(address)
    rules.counters(forwarded, address)


# --- Forms ----------------------------------------------------------------------------------------------------------


@tries()
@given(fields)
def test_any_form_is_read_or_marked_and_shown_again(sent):
    form = Form(sent)
    for name in ("a", "b", "c", "d"):
        for reader in (form.text, form.lines, form.amount, form.date, form.whole, form.uuid, form.flag):
            reader(name)
        form.choice(name, ["1", "2"])
        shown = form.value(name)
        assert "\x00" not in shown
        shown.encode()
        form.echo(name)
        form.words(name)
        form.error_of(name).encode()
        form.secret(name)
        assert form.value(name) == ""
    " ".join(form.general).encode()


def test_the_longest_day_is_still_a_day():
    """The calendar's ends, where arithmetic overflows."""
    for text in ("9999-12-31", "0001-01-01", "31-12-9999", "2100-12-31"):
        day = read(formats.parse_date, text)
        if day is not None:
            assert day - timedelta(days=1) < day
