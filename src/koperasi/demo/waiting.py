"""What waits for somebody in the demo: dues, an applicant, a request, a report, a large withdrawal. All made up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import ledger
from koperasi.approvals import service as approvals
from koperasi.cooperatives.service import Cooperative
from koperasi.db import Database, Work
from koperasi.demo.people import VILLAGES
from koperasi.dues import service as dues
from koperasi.members import service as members
from koperasi.members.service import MemberStatus, MigrantStatus, NewMember
from koperasi.membership import service as membership
from koperasi.posting import Idempotency
from koperasi.requests import service as requests
from koperasi.savings import service as savings

ON_LEAVE, RECEIVER = 21, 11
"""Who is on leave, and who was sent money from abroad; by their place in the list."""
APPLICANTS = (
    ("Nur Azizah", "+6281234500077", VILLAGES[0], 0, 100_000),
    ("Lalu Ahmad Rifai", "+6281234500078", VILLAGES[1], 3, 0),
    ("Baiq Suryani", "+6281234500079", VILLAGES[2], 12, 50_000),
)
"""Who has applied: name, phone, village, how many days ago, what they pay of simpanan pokok. The last is accepted."""
SENT, WANTED = 7_500_000, 6_000_000
"""What came for them and what they ask for, in rupiah: more than a teller pays out alone."""


async def bill(work: Work, cooperative: Cooperative, today: date) -> None:
    """Bill simpanan wajib for the last month and for this one. The caller commits."""
    for day in (today.replace(day=1) - timedelta(days=1), today):
        await dues.bill(work, cooperative, f"{day:%Y-%m}", actor="bendahara", today=today)


async def change_lives(
    work: Work, cooperative: Cooperative, numbers: Sequence[str], today: date
) -> list[tuple[str, int]]:
    """Three people apply, and somebody goes abroad; what applicants pay of simpanan pokok today, by their account.

    One has paid and waits for the board, one has only applied, and one is accepted and has paid half. The caller
    commits.
    """
    paying, accepted = [], ""
    for name, phone, village, days, rupiah in APPLICANTS:
        new = NewMember(
            name=name,
            joined_on=today - timedelta(days=days),
            phone=phone,
            village=village,
            migrant_status=MigrantStatus.CALON_PMI,
            status=MemberStatus.PEMOHON,
        )
        applicant, _ = await members.register(work, new, actor="bendahara")
        accounts = await savings.welcome(work, cooperative, applicant, actor="bendahara")
        await savings.record_opened(work, accounts, actor="bendahara")
        await members.record_registered(work, applicant.number, actor="bendahara")
        accepted = applicant.number
        if rupiah:
            paying.append((accounts[0].number, rupiah))
    meeting = membership.Wish(membership.Act.ACCEPTED, today - timedelta(days=5), reference="BA-RP 11/2026")
    await membership.decide_on(work, cooperative, [accepted], meeting, actor="ketua", today=today)
    leave = membership.Wish(membership.Act.ON_LEAVE, today - timedelta(days=20), membership.Reason.ABROAD)
    await membership.act_on(work, cooperative, numbers[ON_LEAVE], leave, actor="bendahara", today=today)
    return paying


async def ask(work: Work, cooperative: Cooperative, number: str, receipt: str) -> None:
    """The first member wants money on Friday, and asks the supervisors about a line. The caller commits."""
    accounts = await savings.accounts_of(work.connection, work.book_id, number)
    free = next(one.number for one in accounts if one.kind.withdrawable)
    friday, line = Idempotency.of("demo", "asked"), Idempotency.of("demo", "reported")
    await requests.ask_withdrawal(
        work, number, free, 10_000_000, "Saya datang hari Jumat pagi.", actor=number, once=friday
    )
    words = "Saya menyetor Rp50.000, tetapi di sini pernah tertulis Rp500.000."
    await requests.report_line(work, cooperative, number, receipt, words, actor=number, once=line)


async def draw(
    database: Database, poster: ledger.Poster, cooperative: Cooperative, number: str, pokok: Sequence[tuple[str, int]]
) -> approvals.NeedsApproval:
    """At today's desk: applicants pay simpanan pokok, money from abroad is paid in, and much of it asked for."""
    async with database.reading(cooperative.book_id) as connection:
        accounts = await savings.accounts_of(connection, cooperative.book_id, number)
    free = next(one.number for one in accounts if one.kind.withdrawable)
    for account, rupiah in (*pokok, (free, SENT)):
        await savings.deposit(
            database,
            poster,
            cooperative,
            account_number=account,
            amount_minor=rupiah * 100,
            effective_date=None,
            actor="kasir",
            idempotency=Idempotency.of("demo", f"today-{account}"),
        )
    try:
        await savings.withdraw(
            database,
            poster,
            cooperative,
            account_number=free,
            amount_minor=WANTED * 100,
            effective_date=None,
            actor="kasir",
            idempotency=Idempotency.of("demo", "large"),
        )
    except approvals.NeedsApproval as need:
        return need
    raise RuntimeError("the demo's large withdrawal was paid without a second person")


async def wait(work: Work, need: approvals.NeedsApproval, now: datetime) -> None:
    """Let it wait for the chair. The caller commits."""
    await approvals.ask(work.connection, work.book_id, need, now)
