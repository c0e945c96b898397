"""Rules of a member's life: acts, joining, the statement, consents."""

from __future__ import annotations

import json
import re
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.errors import Refusal
from koperasi.i18n import translate
from koperasi.members.service import MemberStatus
from koperasi.membership import rules, rules_settlement
from koperasi.membership.rules import Act, Checklist, Done, Reason
from koperasi.membership.rules_consent import Scope, shows
from koperasi.membership.rules_settlement import Accounts, Heir, Kind, Line, Terms, Wishes

TODAY = date(2026, 11, 20)
ACCOUNTS = Accounts(reserve=901, reserve_minor=50_000_000, fees=902, rounding=903)
PLAIN = Terms(0, keep_pokok=False, loss_share_percent=Fraction(0), death_extra_percent=Fraction(0), payout_months=1)


def check(act: Act, status: MemberStatus, history=(), **facts):
    known = {
        "joined_on": date(2026, 1, 5), "effective_on": TODAY, "today": TODAY, "settled": False,
        "reason": next(iter(rules.REASONS.get(act, [None]))),
    }  # fmt: skip
    rules.check_act(act, status=status, history=history, **known | facts)


@pytest.mark.parametrize("status", MemberStatus)
def test_acts_lead_where_the_lifecycle_allows(status):
    from koperasi.members.service import allowed_transitions

    for act in rules.acts_from(status, [], settled=False):
        to = rules.target(act, [])
        assert to is status or to in allowed_transitions(status)
    assert rules.acts_from(status, [], settled=True) == []


def test_a_mistake_is_taken_back_to_where_it_came_from():
    history = [Done("on-leave", MemberStatus.ANGGOTA, TODAY), Done("deceased", MemberStatus.CUTI, TODAY)]
    assert Act.CORRECTED in rules.acts_from(MemberStatus.MENINGGAL, history, settled=False)
    assert rules.target(Act.CORRECTED, history) is MemberStatus.CUTI
    assert Act.CORRECTED not in rules.acts_from(MemberStatus.MENINGGAL, history[:1], settled=False)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"settled": True}, "member-settled"),
        ({"status": MemberStatus.KELUAR}, "member-status"),
        ({"effective_on": date(2026, 11, 21)}, "date-in-future"),
        ({"effective_on": date(2026, 1, 4)}, "date-before-joining"),
        ({"history": [Done("active", MemberStatus.CUTI, date(2026, 11, 20))], "effective_on": date(2026, 11, 19)}, "date-before-last-act"),
        ({"reason": Reason.BREACH}, "reason"),
        ({"reason": None}, "reason"),
    ],
)  # fmt: skip
def test_what_can_not_be_done(facts, code):
    with pytest.raises(Refusal, match=code):
        check(Act.ON_LEAVE, **{"status": MemberStatus.ANGGOTA} | facts)
    check(Act.ON_LEAVE, MemberStatus.ANGGOTA)


def test_a_death_may_be_learnt_of_late():
    check(
        Act.DECEASED, MemberStatus.CUTI, [Done("on-leave", MemberStatus.ANGGOTA, TODAY)], effective_on=date(2026, 10, 1)
    )


@pytest.mark.parametrize("text", ["BA 3/2026", "470/12.A-Ds(b)", " 7 "])
def test_the_number_of_a_paper(text):
    assert rules.clean_reference(Act.DISMISSED, text) == text.strip()


@pytest.mark.parametrize("text", ["", None, "!", "Pak “Budi”", "x" * 61, "a\x00"])
def test_what_is_no_number_of_a_paper(text):
    with pytest.raises(Refusal, match="reference"):
        rules.clean_reference(Act.DISMISSED, text)


day = st.dates(date(2026, 1, 1), TODAY)


@given(st.one_of(st.none(), day), st.lists(st.integers(1, 10**8), max_size=5), st.integers(0, 5), day, day)
def test_somebody_joins_when_the_board_decided_and_all_of_pokok_is_paid(decided_on, parts, count, paid_on, joined_on):
    billed, paid = sum(parts), sum(parts[:count])
    one = Checklist("00001", False, decided_on, billed, paid, paid_on if paid else None)
    assert one.complete == (decided_on is not None and paid == billed)
    assert one.short_minor == billed - paid
    refused = None
    try:
        rules.check_joining(one, joined_on)
    except Refusal as refusal:
        refused = refusal.code
    if not one.complete:
        assert (refused, one.ready_on) == ("joining-incomplete", None)
    else:
        assert refused == ("date-before-paid" if paid and joined_on < paid_on else None)
        assert one.ready_on == max(day for day in (decided_on, one.paid_on) if day)
        rules.check_joining(one, one.ready_on)


@pytest.mark.parametrize("act", [Act.ACCEPTED, Act.REJECTED])
def test_who_registered_an_applicant_does_not_decide_on_them(act):
    with pytest.raises(Refusal, match="same-person"):
        rules.check_second(act, status=MemberStatus.PEMOHON, registered_by="siti", actor="siti")
    rules.check_second(act, status=MemberStatus.PEMOHON, registered_by="siti", actor="budi")
    rules.check_second(Act.DISMISSED, status=MemberStatus.ANGGOTA, registered_by="siti", actor="siti")


amounts = st.integers(0, 10**9)
lines = st.lists(
    st.builds(
        Line,
        st.sampled_from([Kind.POKOK, Kind.WAJIB, Kind.SAVINGS, Kind.TERM_DEPOSIT, Kind.RETURN]),
        st.just(""),
        st.from_regex(r"[0-9]{9}", fullmatch=True),
        amounts,
        st.integers(1, 5),
    ),
    max_size=6,
)
terms = st.builds(
    Terms,
    st.integers(0, 10**6).map(lambda one: one * 100),
    keep_pokok=st.booleans(),
    loss_share_percent=st.fractions(0, 100, max_denominator=100),
    death_extra_percent=st.fractions(0, 100, max_denominator=100),
    payout_months=st.integers(1, 60),
)
heirs = st.lists(st.integers(1, 97), min_size=1, max_size=3).map(
    lambda shares: [Heir(f"H{at}", "Anak", one) for at, one in enumerate([*shares, 100 - sum(shares)])]
).filter(lambda made: all(one.percent > 0 for one in made))  # fmt: skip


@given(lines, terms, st.sampled_from(rules_settlement.Reason), amounts.map(lambda one: one * 100), st.booleans(), heirs)
def test_the_entry_balances_and_the_parts_are_the_whole(own, terms, reason, charge, waived, heirs):
    wishes = Wishes(charge, "BA 1" if waived else None)
    died = reason is rules_settlement.Reason.DECEASED
    made = rules_settlement.plan(
        own, reason=reason, decided_on=TODAY, terms=terms, accounts=ACCOUNTS, wishes=wishes, heirs=heirs if died else ()
    )
    net = made.net_minor
    assert net == sum(one.effect_minor for one in made.lines)
    if waived:
        assert net >= 0
    if net < 0:
        assert made.settlement.is_blocked
        # What is short, paid in whole rupiah, is just enough.
        assert (made.short_minor % 100, made.short_minor + net < 100) == (0, True)
        brought = Line(Kind.POLICY, "", "", made.short_minor, 999)
        after = rules_settlement.plan(
            [*own, brought], reason=reason, decided_on=TODAY, terms=terms, accounts=ACCOUNTS, wishes=wishes,
            heirs=heirs if died else (),
        )  # fmt: skip
        # An exit fee is asked of whoever has something.
        fee = 0 if any(one.effect_minor for one in own) else terms.fee_minor
        assert 0 <= after.net_minor + fee < 100
        return
    assert made.short_minor == 0
    assert net % 100 == 0
    posted = rules_settlement.postings(made, 999 if net else None)
    assert sum(one.amount for one in posted) == 0
    assert len({one.account_id for one in posted}) == len(posted)
    assert sum(rules_settlement.parts(made)) == net
    assert all(part % 100 == 0 for part in rules_settlement.parts(made))
    kept = json.loads(json.dumps(rules_settlement.stored(made)))
    assert rules_settlement.restored(kept) == made.lines
    assert [step.text("en") for step in made.settlement.working()]
    extra = sum(one.effect_minor for one in made.lines if one.name == rules_settlement.EXTRA)
    assert 0 <= extra <= ACCOUNTS.reserve_minor


@given(lines, st.sampled_from(["id", "en"]))
def test_the_working_says_each_word_once(own, locale):
    named = [one._replace(name="Simpanan sukarela") if one.kind is Kind.SAVINGS else one for one in own]
    made = rules_settlement.plan(
        named,
        reason=rules_settlement.Reason.LEFT,
        decided_on=TODAY,
        terms=PLAIN,
        accounts=ACCOUNTS,
        wishes=Wishes(),
        locale=locale,
    )
    told = [step.text(locale) for step in made.settlement.working()]
    assert not [text for text in told if re.search(r"\b(\w+) \1\b", text, re.IGNORECASE)]
    assert all(any(one.number in text for text in told) for one in own if one.effect_minor)


def test_the_published_case_of_a_death():
    """ANG-01: 100,000 + 1,440,000 + 325,000 - 900,000 - 13,500 = Rp951,500."""
    own = [
        Line(Kind.POKOK, "", "1", 10_000_000, 1), Line(Kind.WAJIB, "", "2", 144_000_000, 2),
        Line(Kind.SAVINGS, "", "3", 32_500_000, 3), Line(Kind.LOAN, "", "4", -90_000_000, 4),
        Line(Kind.LOAN_SERVICE, "", "5", -1_350_000, 5),
    ]  # fmt: skip
    made = rules_settlement.plan(
        own, reason=rules_settlement.Reason.LEFT, decided_on=TODAY, terms=PLAIN, accounts=ACCOUNTS, wishes=Wishes()
    )
    assert made.net_minor == 95_150_000
    posted = {one.account_id: one.amount for one in rules_settlement.postings(made, 2122)}
    assert posted == {1: 10_000_000, 2: 144_000_000, 3: 32_500_000, 4: -90_000_000, 5: -1_350_000, 2122: -95_150_000}


def test_sen_that_nobody_can_be_paid_goes_to_rounding():
    made = rules_settlement.plan(
        [Line(Kind.SAVINGS, "", "1", 10_050, 1)], reason=rules_settlement.Reason.LEFT, decided_on=TODAY, terms=PLAIN,
        accounts=ACCOUNTS, wishes=Wishes(),
    )  # fmt: skip
    assert made.net_minor == 10_000
    assert {one.account_id: one.amount for one in rules_settlement.postings(made, 9)} == {
        1: 10_050,
        903: -50,
        9: -10_000,
    }


@given(st.sets(st.sampled_from(Scope)))
def test_a_consent_shows_no_more_than_it_says(scopes):
    seen = shows(scopes)
    assert scopes <= seen
    if not scopes & {Scope.ALL, Scope.PASSBOOK}:
        assert seen == scopes
    if Scope.ALL not in scopes and Scope.DUES not in scopes:
        assert Scope.DUES not in seen


def test_all_words_have_both_languages():
    for one in (*Act, *Reason, *Scope):
        assert translate("en", one.label) != one.label
