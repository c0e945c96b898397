"""The ledger's pure parts: sharing money, the bytes of the seal, and what may be posted."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger import Draft, LedgerError, Line, Rejected, split
from ledger.checks import (
    AccountFacts,
    ReversalFacts,
    Totals,
    apply_lines,
    check_days,
    check_period,
    check_reversal,
    check_shape,
)
from ledger.seal import GENESIS, canonical, digest_of, seal

from .model import ModelAccount, ModelBook

DAY = date(2026, 11, 25)
weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any)
totals = st.integers(-(10**17), 10**17)


@given(totals, weights)
def test_shares_add_up_and_are_off_by_less_than_one_unit(total, shares):
    parts = split(total, shares)
    assert sum(parts) == total
    for part, share in zip(parts, shares, strict=True):
        assert abs(part * sum(shares) - total * share) < sum(shares)
        assert part == 0 or (part > 0) == (total > 0)
        assert share or not part


@given(totals, weights)
def test_a_larger_weight_never_gets_less_and_a_debt_is_shared_like_a_credit(total, shares):
    parts = split(total, shares)
    assert split(-total, shares) == [-part for part in parts]
    for share, part in zip(shares, parts, strict=True):
        assert all(abs(part) >= abs(other) for weight, other in zip(shares, parts, strict=True) if share > weight)


def test_left_over_units_go_to_the_largest_remainders_and_ties_to_the_earlier():
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(10, [333, 334, 333]) == [3, 4, 3]
    assert split(5, [1, 1]) == [3, 2]


@pytest.mark.parametrize("shares", [[], [0], [0, 0], [1, -1], [2, -1]])
def test_weights_that_make_no_sense(shares):
    with pytest.raises(ValueError, match="weights"):
        split(100, shares)


@given(st.integers(-(10**17), 10**17), st.sampled_from(["IDR", "JPY", "KWD", "USD"]))
def test_money_goes_there_and_back(minor, currency):
    assert ledger.from_money(ledger.to_money(minor, currency)) == minor


@pytest.mark.parametrize("code", ["", "XXQ", "idr", "IDR ", "Rp"])
def test_no_such_currency(code):
    with pytest.raises(ledger.UnknownCurrencyError):
        ledger.exponent(code)


# --- the seal, written a second time from its description in docs/ledger.md -----------------------------------------

ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def json_text(value: str | None) -> str:
    if value is None:
        return "null"
    return '"' + "".join(ESCAPES.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in value) + '"'


def described(facts: dict) -> bytes:
    when = facts["recorded_at"]
    pairs = [f"[{json_text(key)},{json_text(value)}]" for key, value in sorted(facts["metadata"].items())]
    lines = [f"[{json_text(code)},{json_text(currency)},{amount:d}]" for code, currency, amount in facts["lines"]]
    parts = [
        '"koperasi-entry-1"',
        str(facts["book_id"]),
        str(facts["number"]),
        f'"{facts["effective_date"]:%Y-%m-%d}"',
        f'"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond:06d}Z"',
        *(json_text(facts[name]) for name in ("kind", "description")),
        "null" if facts["note_digest"] is None else f'"{facts["note_digest"].hex()}"',
        *(json_text(facts[name]) for name in ("source", "actor")),
        "null" if facts["reverses"] is None else str(facts["reverses"]),
        json_text(facts["link"]),
        f"[{','.join(pairs)}]",
        f"[{','.join(lines)}]",
    ]
    return f"[{','.join(parts)}]".encode()


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
entry_facts = st.fixed_dictionaries(
    {
        "book_id": st.integers(1, 2**63 - 1),
        "number": st.integers(1, 2**63 - 1),
        "effective_date": st.dates(date(1900, 1, 1), date(2200, 1, 1)),
        "recorded_at": st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
        "kind": words,
        "description": words,
        "note_digest": st.none() | st.binary(min_size=32, max_size=32),
        "source": st.none() | words,
        "actor": words,
        "reverses": st.none() | st.integers(1, 2**63 - 1),
        "link": st.none() | words,
        "metadata": st.dictionaries(words, words, max_size=4),
        "lines": st.lists(st.tuples(words, st.sampled_from(["IDR", "JPY"]), totals), min_size=2, max_size=5),
    }
)


@given(entry_facts, st.binary(min_size=32, max_size=32))
def test_the_seal_is_what_its_description_says(facts, previous):
    assert canonical(**facts) == described(facts)
    assert seal(previous, canonical(**facts)) == hashlib.sha256(previous + described(facts)).digest()


@given(entry_facts)
def test_the_sealed_bytes_read_back_as_what_was_sealed(facts):
    read = json.loads(canonical(**facts))
    assert read[1:4] == [facts["book_id"], facts["number"], facts["effective_date"].isoformat()]
    assert datetime.fromisoformat(read[4]) == facts["recorded_at"]
    assert read[5:7] == [facts["kind"], facts["description"]]
    assert (read[7] and bytes.fromhex(read[7])) == facts["note_digest"]
    assert read[8:12] == [facts[name] for name in ("source", "actor", "reverses", "link")]
    assert dict(read[12]) == facts["metadata"]
    assert [tuple(line) for line in read[13]] == facts["lines"]


@given(entry_facts, entry_facts)
def test_different_entries_have_different_bytes(one, other):
    assert (canonical(**one) == canonical(**other)) == (one == other)


def test_the_worked_example_of_the_documentation():
    text = canonical(
        book_id=1,
        number=1,
        effective_date=date(2026, 11, 25),
        recorded_at=datetime(2026, 11, 25, 3, 4, 5, 1, UTC),
        kind="savings.deposit",
        description="Setoran 120000017",
        note_digest=None,
        source=None,
        actor="kasir1",
        reverses=None,
        link=None,
        metadata={},
        lines=[("1101", "IDR", 5000000), ("2101.120000017", "IDR", -5000000)],
    )
    assert text.decode() == EXAMPLE
    assert seal(GENESIS, text).hex() == EXAMPLE_HASH
    documentation = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text("utf-8")
    assert EXAMPLE in documentation
    assert EXAMPLE_HASH in documentation


def test_the_worked_example_of_a_note():
    digest = digest_of(bytes(range(16)), "Salah ketik, atas permintaan Bu Sutinah")
    text = canonical(
        book_id=1,
        number=2,
        effective_date=date(2026, 11, 25),
        recorded_at=datetime(2026, 11, 25, 3, 9, tzinfo=UTC),
        kind="reversal",
        description="Jurnal balik 1",
        note_digest=digest,
        source=None,
        actor="bendahara",
        reverses=1,
        link=None,
        metadata={},
        lines=[("1101", "IDR", -5000000), ("2101.120000017", "IDR", 5000000)],
    )
    documentation = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text("utf-8")
    for shown in (bytes(range(16)).hex(), digest.hex(), text.decode(), seal(bytes.fromhex(EXAMPLE_HASH), text).hex()):
        assert shown in documentation


EXAMPLE = (
    '["koperasi-entry-1",1,1,"2026-11-25","2026-11-25T03:04:05.000001Z","savings.deposit","Setoran 120000017",null,null,'
    '"kasir1",null,null,[],[["1101","IDR",5000000],["2101.120000017","IDR",-5000000]]]'
)
EXAMPLE_HASH = "732f7a655c6ae66d44f9d2c576f5504b213a26cc99d382ee004f0e025bc960d1"


# --- what may be posted ---------------------------------------------------------------------------------------------


def draft(*lines: tuple[int, int], on: date = DAY, **more: object) -> Draft:
    return Draft(1, on, "test", "Uji", "penguji", tuple(Line(*line) for line in lines), "k", **more)


facts_of_accounts = st.builds(
    AccountFacts,
    code=st.just("1"),
    side=st.sampled_from(["debit", "credit"]),
    currency=st.sampled_from(["IDR", "IDR", "IDR", "JPY"]),
    floor=st.none() | st.integers(-300, 300),
    held=st.integers(0, 200),
    control=st.sampled_from([False] * 9 + [True]),
    opened_on=st.none() | st.sampled_from([date(2026, 1, 1), DAY, date(2026, 12, 1)]),
    closed_on=st.none() | st.sampled_from([date(2026, 12, 1), date(2027, 1, 1), DAY]),
    locked_to=st.none() | st.sampled_from([DAY, date(2026, 11, 1), date.max]),
)
some_totals = st.tuples(st.integers(0, 500) | st.just(2**63 - 100), st.integers(0, 500))
some_lines = st.lists(st.tuples(st.integers(1, 4), st.integers(-300, 300) | st.just(10**17 + 1)), max_size=5)


@st.composite
def mostly_balanced(draw: st.DrawFn) -> list[tuple[int, int]]:
    lines = draw(some_lines)
    return [*lines, (draw(st.integers(1, 3)), -sum(amount for _, amount in lines))] if draw(st.booleans()) else lines


def terms(account: AccountFacts) -> dict:
    """What the model knows of an account; its last day it sees in its entries."""
    return {name: value for name, value in account._asdict().items() if name != "last_day"}


@given(
    mostly_balanced(),
    st.lists(facts_of_accounts, min_size=3, max_size=3),
    st.lists(some_totals, min_size=3, max_size=3),
    st.sampled_from(["open", "held", "closed"]),
    st.booleans(),
)
def test_checks_refuse_exactly_what_the_model_objects_to(lines, facts, sums, status, allow_held):
    asked = draft(*lines, allow_held=allow_held)
    accounts = dict(enumerate(facts, 1))
    before = {number: Totals(*pair) for number, pair in enumerate(sums, 1)}
    model = ModelBook(
        {
            number: ModelAccount(**terms(account), debit=before[number].debit, credit=before[number].credit)
            for number, account in accounts.items()
        },
        periods={"2026-11": status},
    )
    answer = check_shape(asked, accounts) or check_period(asked, {date(2026, 11, 1): status})
    answer = answer or apply_lines(asked.lines, accounts, before)
    objections = model.objections(asked)
    if isinstance(answer, Rejected):
        assert answer.code in objections
    else:
        assert objections == set()
        after, balances = answer
        model.write(asked)
        for number, total in after.items():
            assert total == (model.accounts[number].debit, model.accounts[number].credit)
        last = {account: balance for (account, _), balance in zip(lines, balances, strict=True)}
        assert last == {number: total.debit - total.credit for number, total in after.items()}


some_days = st.integers(1, 6).map(lambda day: DAY.replace(day=day))
movements = st.lists(st.tuples(some_days, st.integers(-300, 300).filter(bool)), max_size=8)


@given(
    movements,
    st.integers(-300, 300).filter(bool),
    some_days,
    st.sampled_from(["debit", "credit"]),
    st.integers(-200, 200),
)
def test_a_draft_dated_back_is_checked_against_every_later_day(moved, amount, on, side, floor):
    """Account 1 has the floor and a history, account 2 takes anything."""
    accounts = {1: PLAIN._replace(side=side, floor=floor), 2: PLAIN._replace(code="2")}
    model = ModelBook({number: ModelAccount(**terms(facts)) for number, facts in accounts.items()})
    model.accounts[1].floor = None  # history is what it is
    for number, (day, change) in enumerate(moved):
        model.write(Draft(1, day, "test", "Uji", "penguji", (Line(1, change), Line(2, -change)), f"k{number}"))
    model.accounts[1].floor = floor
    asked = draft((1, amount), (2, -amount), on=on)
    before = {number: Totals(account.debit, account.credit) for number, account in model.accounts.items()}
    tried = apply_lines(asked.lines, {1: accounts[1]._replace(floor=None), 2: accounts[2]}, before)
    days = {1: {day: debit - credit for (account, day), (debit, credit) in model.days.items() if account == 1}}
    answer = check_days(asked, accounts, before, tried[0], days)
    assert (answer is None) == ("floor-later" not in model.objections(asked))
    if answer is not None:
        day, shortfall = model.first_broken_day(asked, 1)
        assert answer == Rejected(
            "floor-later", {"account": "1", "day": day.isoformat(), "shortfall": shortfall, "currency": "IDR"}
        )


PLAIN = AccountFacts("1", "debit", "IDR", None, 0, False, None, None)


@pytest.mark.parametrize(
    ("lines", "code", "detail"),
    [
        ([(9, 0)], "too-few-lines", {}),
        ([(9, 1), (1, 0)], "unknown-account", {"line": 1}),
        ([(1, 0), (9, 1)], "zero-amount", {"line": 1}),
        ([(1, 10**17 + 1), (9, 1)], "amount-range", {"line": 1}),
        ([(1, 1), (1, 1)], "same-account", {"account": "1"}),
        ([(1, 2), (2, -1)], "unbalanced", {"currency": "IDR", "difference": 1}),
    ],
)
def test_one_draft_gets_one_code_the_first(lines, code, detail):
    assert check_shape(draft(*lines), {1: PLAIN, 2: PLAIN._replace(code="2")}) == Rejected(code, detail)


@pytest.mark.parametrize(
    ("day", "code"),
    [(9, "account-not-open"), (10, None), (19, None), (20, "account-closed"), (21, "account-closed")],
)
def test_an_account_takes_postings_from_its_first_day_to_the_one_before_it_closes(day, code):
    facts = PLAIN._replace(opened_on=date(2026, 11, 10), closed_on=date(2026, 11, 20))
    answer = check_shape(draft((1, 1), (2, -1), on=date(2026, 11, day)), {1: facts, 2: PLAIN})
    assert (answer and answer.code) == code


@pytest.mark.parametrize(
    ("locked_to", "day", "code"),
    [
        (date(2026, 11, 10), 9, "account-locked"), (date(2026, 11, 10), 10, "account-locked"),
        (date(2026, 11, 10), 11, None), (date.max, 11, "account-paused"),
    ],
)  # fmt: skip
def test_a_locked_account_takes_no_postings_up_to_a_day_or_none_at_all(locked_to, day, code):
    facts = PLAIN._replace(locked_to=locked_to)
    answer = check_shape(draft((1, 1), (2, -1), on=date(2026, 11, day)), {1: facts, 2: PLAIN})
    assert (answer and answer.code) == code


@pytest.mark.parametrize("amount", [1, -1])
def test_neither_total_may_leave_64_bits(amount):
    full = Totals(2**63 - 1, 2**63 - 1)
    assert apply_lines((Line(1, amount),), {1: PLAIN}, {1: full}) == Rejected("overflow", {"account": "1"})
    almost = Totals(2**63 - 2, 2**63 - 2)
    assert isinstance(apply_lines((Line(1, amount),), {1: PLAIN}, {1: almost}), tuple)


@pytest.mark.parametrize(
    ("now", "taken", "allowed"),
    [(100, 100, True), (100, 101, False), (-50, 1, False), (-50, -1, True), (0, 0, True)],
)
@pytest.mark.parametrize("side", ["debit", "credit"])
def test_below_its_floor_an_account_may_be_paid_into_not_taken_from(now, taken, allowed, side):
    facts = PLAIN._replace(side=side, floor=0)
    sign = 1 if side == "debit" else -1
    stands = Totals(max(now * sign, 0), max(-now * sign, 0))
    answer = apply_lines((Line(1, -taken * sign),), {1: facts}, {1: stands})
    assert isinstance(answer, tuple) is allowed


def test_reversals_are_checked_in_a_fixed_order():
    lines = (Line(1, 5), Line(2, -5))
    mirror = draft((1, -5), (2, 5), reverses=3)
    assert check_reversal(mirror, ReversalFacts(lines, None, False, None)) is None
    assert check_reversal(mirror, ReversalFacts(lines, 2, False, 9)).code == "reversal-of-reversal"
    assert check_reversal(mirror, ReversalFacts((), None, False, 9)).code == "already-reversed"
    assert check_reversal(mirror, ReversalFacts((), None, False, None)).code == "reversal-mismatch"
    assert check_reversal(mirror, None).code == "unknown-entry"


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_a_reversal_needs_a_reason(reason):
    moment = datetime(2026, 11, 25, tzinfo=UTC)
    entry = ledger.Entry(1, 1, DAY, moment, "k", "d", None, "a", None, None, {}, b"", b"", ())
    with pytest.raises(LedgerError, match="reason"):
        ledger.reversal_of(entry, effective_date=DAY, actor="a", key="k", reason=reason)


@pytest.mark.parametrize("code", ["", ".", "1.", ".1", "1..2", "a b", "1-2", "1.2.3.4.5.6.7", "x" * 21, "é", "1\n"])
def test_codes_that_cannot_stand_in_the_tree(code):
    with pytest.raises(ledger.AccountError):
        ledger.NewAccount(code, "Kas", "Cash", ledger.AccountType.ASSET, ledger.Side.DEBIT)


def test_the_account_above():
    assert [ledger.parent_code(code) for code in ("1", "1.2", "1.2.3")] == [None, "1", "1.2"]
