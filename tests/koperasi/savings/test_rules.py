from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.errors import Refusal
from koperasi.i18n import translate
from koperasi.members.rules import MemberStatus
from koperasi.savings import numbers, rules
from koperasi.savings.rules import Due, SavingsKind

POKOK, WAJIB, SUKARELA, WADIAH, MUDHARABAH, BERENCANA, WAJIB_PINJAM, KOPERASI_LAIN = SavingsKind
SECRET = b"0123456789abcdef"
HASH = bytes(range(32))


def refusal(rule, *args, **kwargs) -> str | None:
    """The code of the refusal, or None."""
    refused = None
    try:
        rule(*args, **kwargs)
    except Refusal as error:
        refused = error
    assert refused is None or refused.text("en") != refused.text("id")
    return refused.code if refused else None


def test_kinds():
    assert [kind.role for kind in SavingsKind] == [
        "savings.pokok", "savings.wajib", "savings.sukarela", "savings.wadiah", "savings.mudharabah",
        "savings.berencana", "savings.wajib_pinjam", "savings.koperasi_lain",
    ]  # fmt: skip
    assert len({kind.prefix for kind in SavingsKind}) == len(SavingsKind)
    assert [kind for kind in SavingsKind if kind.withdrawable] == [SUKARELA, WADIAH, MUDHARABAH, KOPERASI_LAIN]
    assert [kind for kind in SavingsKind if kind.is_own_capital] == [POKOK, WAJIB]
    assert all(translate("en", kind.label) != kind.label for kind in SavingsKind)


def test_the_rules_know_the_names_of_the_member_statuses():
    known = {rules._APPLICANT, rules._DECEASED, "keluar_diajukan"} | rules._LEFT | rules._MAY_PAY_IN
    assert known == {status.value for status in MemberStatus}


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (SUKARELA, "anggota", None),
        (SUKARELA, "cuti", None),
        (WAJIB, "nonaktif", None),
        (POKOK, "pemohon", None),
        (WAJIB, "pemohon", "member-not-joined"),
        (SUKARELA, "pemohon", "member-not-joined"),
        (WADIAH, "pemohon", "member-not-joined"),
        (SUKARELA, "keluar_diajukan", "member-cannot-deposit"),
        (SUKARELA, "keluar", "member-cannot-deposit"),
        (SUKARELA, "meninggal", "member-cannot-deposit"),
        (SUKARELA, "diberhentikan", "member-cannot-deposit"),
    ],
)
def test_who_may_pay_in(kind, status, code):
    assert refusal(rules.check_deposit, kind, 5_000_000, member_status=status) == code


@pytest.mark.parametrize(
    ("amount", "cash", "code"),
    [
        (0, True, "amount-not-positive"),
        (-100, True, "amount-not-positive"),
        (150, True, "cash-has-no-sen"),
        (150, False, None),
        (100, True, None),
    ],
)
def test_amounts(amount, cash, code):
    assert refusal(rules.check_deposit, SUKARELA, amount, member_status="anggota", cash=cash) == code


def test_a_product_may_ask_for_a_minimum():
    deposit = {"member_status": "anggota", "minimum_minor": 1_000_000}
    assert refusal(rules.check_deposit, SUKARELA, 999_900, **deposit) == "deposit-below-minimum"
    assert refusal(rules.check_deposit, SUKARELA, 1_000_000, **deposit) is None


def test_nobody_pays_more_simpanan_pokok_than_is_due():
    due = {"member_status": "anggota", "remaining_due_minor": 10_000_000}
    assert refusal(rules.check_deposit, POKOK, 10_000_000, **due) is None
    assert refusal(rules.check_deposit, POKOK, 10_000_100, **due) == "pokok-above-due"
    assert refusal(rules.check_deposit, WAJIB, 10_000_100, **due) is None


@pytest.mark.parametrize(
    ("kind", "status", "amount", "code"),
    [
        (SUKARELA, "anggota", 7_000_000, None),
        (SUKARELA, "anggota", 7_000_100, "insufficient-balance"),
        (WADIAH, "anggota", 7_000_000, None),
        (SUKARELA, "keluar_diajukan", 7_000_000, None),
        (SUKARELA, "keluar", 100, "member-left"),  # paid by the settlement, not at the desk
        (SUKARELA, "meninggal", 100, "member-deceased"),
        (POKOK, "meninggal", 100, "member-deceased"),
        (POKOK, "anggota", 100, "savings-locked"),
        (WAJIB, "keluar_diajukan", 100, "savings-locked"),
        (POKOK, "keluar", 8_000_000, "member-left"),
        (WAJIB, "diberhentikan", 8_000_000, "member-left"),
        (SUKARELA, "anggota", 0, "amount-not-positive"),
        (SUKARELA, "anggota", 150, "cash-has-no-sen"),
    ],
)
def test_taking_out(kind, status, amount, code):
    held = {"balance_minor": 10_000_000, "held_minor": 2_000_000, "floor_minor": 1_000_000}
    assert refusal(rules.check_withdrawal, kind, amount, member_status=status, **held) == code


def test_a_refused_withdrawal_says_what_is_available():
    with pytest.raises(Refusal) as refused:
        rules.check_withdrawal(
            SUKARELA, 9_000_000, balance_minor=8_000_000, held_minor=0, floor_minor=1_000_000, member_status="anggota"
        )
    assert refused.value.text("id") == "Saldo yang dapat ditarik Rp70.000."
    assert refused.value.field == "amount"


MONEY = st.integers(0, 10**9)


@given(st.integers(1, 10**9), MONEY, MONEY, MONEY)
def test_no_withdrawal_goes_below_the_floor_or_into_what_is_held(amount, balance, held, floor):
    code = refusal(
        rules.check_withdrawal,
        SUKARELA,
        amount,
        balance_minor=balance,
        held_minor=held,
        floor_minor=floor,
        member_status="anggota",
        cash=False,
    )
    assert (code is None) == (balance - amount >= held + floor)


@pytest.mark.parametrize(
    ("source", "target", "more", "code"),
    [
        (SUKARELA, WAJIB, {}, None),
        (SUKARELA, SUKARELA, {}, None),
        (SUKARELA, SUKARELA, {"same_account": True}, "transfer-same-account"),
        (WAJIB, SUKARELA, {}, "savings-locked"),
        (SUKARELA, POKOK, {"remaining_due_minor": 0}, "pokok-above-due"),
        (SUKARELA, WAJIB, {"balance_minor": 100}, "insufficient-balance"),
        (SUKARELA, WAJIB, {"member_status": "keluar"}, "member-left"),
    ],
)
def test_moving_between_own_accounts(source, target, more, code):
    account = {"balance_minor": 500_000, "held_minor": 0, "floor_minor": 0, "member_status": "anggota"} | more
    assert refusal(rules.check_transfer, source, target, 150, **account) == code


def test_joining_bills_pokok_once_and_the_first_month_of_wajib():
    assert rules.joining_dues(10_000_000, 2_000_000, date(2026, 3, 9)) == (
        Due(POKOK, "2026-03", 10_000_000),
        Due(WAJIB, "2026-03", 2_000_000),
    )
    assert rules.joining_dues(10_000_000, 0, date(2026, 3, 9)) == (Due(POKOK, "2026-03", 10_000_000),)
    with pytest.raises(ValueError, match="negative"):
        rules.joining_dues(-1, 0, date(2026, 3, 9))


def test_damm_check_digit_as_published():
    # The worked example of Damm's thesis: 572 takes 4.
    assert numbers._damm("572") == 4
    assert numbers._damm("5724") == 0


SERIALS = st.integers(1, 999_999)
PREFIXES = st.sampled_from([kind.prefix for kind in SavingsKind])


@given(PREFIXES, SERIALS)
def test_an_account_number_carries_its_check_digit(prefix, serial):
    number = numbers.make_account_number(prefix, serial)
    assert len(number) == 9
    assert number[:2] == prefix
    assert int(number[2:8]) == serial
    assert numbers.is_valid_account_number(number)


@given(PREFIXES, SERIALS, st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(prefix, serial, place, step):
    number = numbers.make_account_number(prefix, serial)
    wrong = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
    assert not numbers.is_valid_account_number(wrong)


@given(PREFIXES, SERIALS, st.integers(0, 7))
def test_two_swapped_neighbours_are_noticed(prefix, serial, place):
    number = numbers.make_account_number(prefix, serial)
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert numbers.is_valid_account_number(swapped) == (swapped == number)


@pytest.mark.parametrize("text", ["", "12345678", "1234567890", "21000001x", "٢١٠٠٠٠٠١٥", " 210000015"])
def test_refuses_account_numbers(text):
    assert not numbers.is_valid_account_number(text)


@pytest.mark.parametrize(("prefix", "serial"), [("1", 1), ("01", 1), ("1x", 1), ("11", 0), ("11", 1_000_000)])
def test_makes_no_odd_account_numbers(prefix, serial):
    with pytest.raises(ValueError, match="account"):
        numbers.make_account_number(prefix, serial)


@given(st.binary(min_size=16, max_size=40), st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_receipt_code_is_short_and_checks(secret, number, digest):
    code = numbers.verify_code(secret, number, digest)
    assert len(code) == 9
    assert code[4] == "-"
    assert set(code) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ-")
    for read in (code, code.lower(), code.replace("-", ""), f" {code.replace('0', 'o').replace('1', 'l')} "):
        assert numbers.check_verify_code(secret, number, digest, read)
    assert numbers.check_verify_code(secret, number, digest, code.replace("1", "i"))


def test_a_code_belongs_to_one_entry_of_one_book_and_one_installation():
    code = numbers.verify_code(SECRET, 7, HASH)
    assert not numbers.check_verify_code(SECRET, 8, HASH, code)
    assert not numbers.check_verify_code(SECRET, 7, HASH[::-1], code)
    assert not numbers.check_verify_code(SECRET[::-1], 7, HASH, code)


@given(st.text(max_size=12))
def test_any_other_text_is_no_code(text):
    code = numbers.verify_code(SECRET, 7, HASH).replace("-", "")
    right = text.strip().upper().replace("-", "").replace(" ", "") == code
    assert numbers.check_verify_code(SECRET, 7, HASH, text) == right


def test_a_code_needs_a_secret():
    with pytest.raises(ValueError, match="16 bytes"):
        numbers.verify_code(b"short", 1, HASH)
