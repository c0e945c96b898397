"""Passwords, delays, tokens and where a log-in may lead."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.access import rules
from koperasi.errors import Refusal
from koperasi.permissions import Role

SECRET = "A" * 43


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ANGGOTA])
def test_staff_need_twelve_characters(role: Role) -> None:
    rules.check_password("duabelaskali", role=role, username="siti")
    for short in ("", "sebelasnya9", "482915", "x" * 129):
        with pytest.raises(Refusal) as refused:
            rules.check_password(short, role=role, username="siti")
        assert (refused.value.code, refused.value.field) == ("password", "password")
        assert "12" in refused.value.text("id")
        assert "12" in refused.value.text("en")


def test_a_member_may_have_a_pin_of_six_digits_or_a_password() -> None:
    rules.check_password("482915", role=Role.ANGGOTA, username="000012")
    rules.check_password("sawah di lereng", role=Role.ANGGOTA, username="000012")
    for wrong in ("48291", "4829155", "48291a", "٤٨٢٩١٥"):
        with pytest.raises(Refusal):
            rules.check_password(wrong, role=Role.ANGGOTA, username="000012")


@pytest.mark.parametrize("pin", ["000000", "123456", "654321", "789012", "121212", "123123", "987654"])
def test_a_pin_that_everybody_tries_first_is_refused(pin: str) -> None:
    with pytest.raises(Refusal):
        rules.check_password(pin, role=Role.ANGGOTA, username="000012")


@pytest.mark.parametrize("password", ["bendahara.desa", "Bendahara.Desa", "aaaaaaaaaaaa", "x" * 201])
def test_a_password_is_not_the_name_nor_one_letter_nor_endless(password: str) -> None:
    with pytest.raises(Refusal):
        rules.check_password(password, role=Role.BENDAHARA, username="bendahara.desa")


def test_the_same_letters_from_two_keyboards_are_the_same_password() -> None:
    assert rules.normal_password("cafe\u0301 di desa") == rules.normal_password("caf\u00e9 di desa")


@given(st.binary(min_size=12, max_size=32), st.sampled_from(list(Role)))
def test_a_generated_password_always_fits(chance: bytes, role: Role) -> None:
    rules.check_password(rules.generated_password(chance, role), role=role, username="siti")


@pytest.mark.parametrize("name", ["si", "Siti.Aminah", " kasir-2 ", "000012", "A-00012"])
def test_a_user_name_is_plain(name: str) -> None:
    assert rules.checked_username(name) == name.strip().lower()


@pytest.mark.parametrize("name", ["", "s", "siti aminah", "-siti", "si/ti", "x" * 41, "siti\x00", "ситі"])
def test_another_user_name_is_refused(name: str) -> None:
    with pytest.raises(Refusal):
        rules.checked_username(name)


def test_waiting_begins_with_the_fifth_failure_doubles_and_ends_at_a_quarter_of_an_hour() -> None:
    waits = [rules.delay_seconds(failures, 5) for failures in range(1, 16)]
    assert waits == [0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert rules.delay_seconds(10**9, 5) == 900
    assert rules.delay_seconds(19, rules.ADDRESS_FREE) == 0
    assert rules.delay_seconds(20, rules.ADDRESS_FREE) == 2


@given(st.integers(1, 40), st.sampled_from([rules.USER_FREE, rules.ADDRESS_FREE]))
def test_the_list_of_delays_says_what_the_rule_says(failures: int, free: int) -> None:
    delays = rules.Counter("x", free).delays
    assert delays[min(failures, len(delays)) - 1] == rules.delay_seconds(failures, free)


def test_an_ipv6_network_counts_as_one_address_and_nonsense_as_one() -> None:
    assert rules.throttled_address("2001:db8::1") == rules.throttled_address("2001:db8:0:0:ffff::2")
    assert rules.throttled_address("2001:db8::1") != rules.throttled_address("2001:db8:0:1::1")
    assert rules.throttled_address("::ffff:10.0.0.7") == "10.0.0.7"
    assert rules.throttled_address("' OR 1=1") == "unknown"


def test_a_user_name_is_counted_without_being_kept() -> None:
    address, user = rules.counters(" Siti ", "10.0.0.7")
    assert (address.key, address.free, user.free) == ("address:10.0.0.7", 20, 5)
    assert "siti" not in user.key
    assert user == rules.counters("siti", "::1")[1]


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxy", "address"),
    [
        ("10.0.0.7", "1.2.3.4", None, "10.0.0.7"),
        ("10.0.0.7", "1.2.3.4", "10.0.0.1", "10.0.0.7"),
        ("10.0.0.1", "9.9.9.9, 1.2.3.4", "10.0.0.1", "1.2.3.4"),
        ("10.0.0.1", "", "10.0.0.1", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1", "10.0.0.1"),
        (None, "1.2.3.4", None, "unknown"),
    ],
)
def test_only_the_trusted_proxy_says_who_is_behind_it(
    peer: str | None, forwarded: str, proxy: str | None, address: str
) -> None:
    assert rules.client_address(peer, forwarded, proxy) == address


def test_a_token_names_its_book() -> None:
    assert rules.book_of_session(rules.session_token(12, SECRET)) == 12
    assert rules.book_of_api_token(rules.api_token(12, SECRET)) == 12


@pytest.mark.parametrize(
    "token",
    ["", ".", f"0.{SECRET}", f"-1.{SECRET}", f"99999999999999999999.{SECRET}", f"9999999999999999999.{SECRET}",
     f"1.{SECRET}A", f"1.{SECRET[1:]}", f"1.{SECRET}\n", f"١.{SECRET}", f"1 .{SECRET}", f"kop_1_{SECRET}"],
)  # fmt: skip
def test_what_is_no_session_token_names_no_book(token: str) -> None:
    assert rules.book_of_session(token) is None


@given(st.text())
def test_no_text_breaks_the_readers(text: str) -> None:
    assert rules.book_of_api_token(text) is None or text.startswith("kop_")
    assert len(rules.digest(text)) == 32


@pytest.mark.parametrize("path", ["/", "/anggota", "/anggota/A-1?q=a%20b&x=1", "/neraca-saldo?as_of=2026-11-25#top"])
def test_a_log_in_leads_back_to_a_page_of_ours(path: str) -> None:
    assert rules.local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [None, "", "anggota", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
     "/\n/evil.example", "https://evil.example/", "javascript:alert(1)", "http:/evil", " //evil.example", "/a\x00",
     "/\u2028", "/masuk?next=/masuk", "/keluar", "/" + "a" * 1000, "/\ud800"],
)  # fmt: skip
def test_a_log_in_leads_nowhere_else(path: str | None) -> None:
    assert rules.local_path(path) == "/"


@given(st.text(alphabet="/\\:@.?#%ae \t\n[]", max_size=12))
def test_whatever_is_asked_the_host_stays_ours(path: str) -> None:
    landed = urlsplit(urljoin("https://koperasi.example/masuk", rules.local_path(path)))
    assert (landed.scheme, landed.netloc) == ("https", "koperasi.example")
