"""Every page that a member may open, as one with ten accounts and three years of lines opens it on an old phone."""

from __future__ import annotations

import gzip
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html import unescape

import pytest
import pytest_asyncio
from litestar.routes import HTTPRoute
from sqlalchemy import event, insert
from tests.conftest import found

import ledger
from koperasi.access import service_tokens
from koperasi.access.tables import app_user
from koperasi.cooperatives.service import Cooperative, account_code
from koperasi.deposits import service as deposits
from koperasi.deposits.rules import RollOver
from koperasi.dues import service as dues
from koperasi.members import service as members
from koperasi.membership import service as membership
from koperasi.permissions import GRANTS, Identity, Permission, Role
from koperasi.posting import Idempotency
from koperasi.requests import service as requests
from koperasi.savings import service as savings
from koperasi.savings.rules import SavingsKind
from koperasi.simulations.pages import SIMULATIONS
from koperasi.web.render import STATIC

MOST = 30_000
"""Bytes of a view, packed, with style, script and icon (Paper 4 of the plan: an old phone on a slow line)."""

WORDS = "Saya menyetor pada hari Jumat di kantor, dan yang tercatat di buku saya bukan jumlah itu. "

FOR_STAFF = (
    "/anggota/", "/berjangka/", "/bukti/", "/cetak/", "/koperasi-penyimpan", "/rekening-tidur",
    "/simpanan/",
)  # fmt: skip
"""Pages that ask for no more than that savings may be read, and then are the desk's."""


def of_the_desk(template: str) -> bool:
    return template == "/berjangka" or template.startswith(FOR_STAFF)


@dataclass(frozen=True)
class Saver:
    """A member who has been with the cooperative for three years, and what names their things."""

    cooperative: Cooperative
    number: str
    relative: str
    deposit: str
    receipt: str
    entry: int
    cookie: str
    relatives_cookie: str


async def moved(work, cooperative, accounts) -> list[tuple[int, date]]:
    """A deposit into each account in each month since the beginning of 2024; numbers and days of the entries."""
    vault = await ledger.account_by_code(work.connection, work.book_id, account_code(cooperative.kind, "cash.vault"))
    today = cooperative.today(datetime.now(UTC))
    days = [date(year, month, 7) for year in (2024, 2025, 2026) for month in range(1, 13)]
    drafts = [
        ledger.Draft(
            work.book_id, day, "savings.deposit", "Setoran tunai", "kasir",
            (ledger.Line(vault.account_id, 12_345_600 + n), ledger.Line(one.ledger_account_id, -12_345_600 - n)),
            secrets.token_hex(8),
        )
        for day in days if day <= today
        for n, one in enumerate(accounts)
    ]  # fmt: skip
    made = []
    for start in range(0, len(drafts), 100):
        made += await ledger.append(work.connection, drafts[start : start + 100])
    assert all(isinstance(one, ledger.Posted) for one in made)
    return [(one.number, draft.effective_date) for one, draft in zip(made, drafts, strict=True)]


async def logged_in(work, member) -> str:
    """The session of a member who never types a PIN."""
    user = await work.connection.scalar(
        insert(app_user)
        .values(
            book_id=work.book_id, username=member.number, name=member.name, role=Role.ANGGOTA.value, password_hash="-",
            member_number=member.number,
        )
        .returning(app_user.c.user_id)
    )  # fmt: skip
    identity = Identity(work.book_id, user, member.number, member.name, Role.ANGGOTA, member.number)
    token = await service_tokens.open_session(work.connection, identity, address="127.0.0.1", now=datetime.now(UTC))
    return f"koperasi_session={token}"


@pytest_asyncio.fixture(scope="module")
async def saver(database) -> Saver:
    """Of a sharia cooperative."""
    cooperative = await found(database)
    today = cooperative.today(datetime.now(UTC))
    async with database.work(cooperative.book_id) as work:
        member, _ = await members.register(
            work, members.NewMember(name="Sutinah", joined_on=date(2024, 1, 2)), actor="uji"
        )
        await savings.welcome(work, cooperative, member, actor="uji")
        sister, _ = await members.register(
            work, members.NewMember(name="Tini Kusumawardhani", joined_on=date(2024, 1, 2)), actor="uji"
        )
        for kind in [SavingsKind.MUDHARABAH, *[SavingsKind.BERENCANA] * 6]:
            await savings.open_account(
                work, cooperative, member.number, kind, actor="uji", opened_on=date(2024, 1, 3)
            )  # fmt: skip
        accounts = await savings.accounts_of(work.connection, work.book_id, member.number)
        assert len(accounts) == 10
        entries = await moved(work, cooperative, accounts)
        for year, month in [(year, month) for year in (2024, 2025, 2026) for month in range(1, 13)]:
            if (year, month) <= (today.year, today.month):
                await dues.bill(work, cooperative, f"{year}-{month:02}", actor="uji", today=today)
        free = next(one for one in accounts if one.kind is SavingsKind.WADIAH)
        for n in range(4):
            wish = deposits.Wish(
                member_number=member.number, amount_minor=100_000_000, months=3, source=free.number,
                payout_account=free.number, roll_over=RollOver.PRINCIPAL, opened_on=today,
            )  # fmt: skip
            opened = await deposits.open_deposit(
                work, cooperative, wish, today=today, actor="uji", idempotency=Idempotency.of("uji", str(n))
            )
        receipt = f"{entries[-1][1].year}-{entries[-1][0]:06}"
        for n in range(10):
            once = Idempotency.of("uji", f"aduan{n}")
            await requests.report_line(
                work, cooperative, member.number, receipt, f"{n} {secrets.token_hex(100)} {WORDS}", actor=member.number,
                once=once,
            )  # fmt: skip
        for n in range(1, 41):
            if n <= 10:
                await requests.settle(
                    work,
                    n,
                    requests.Status.DONE,
                    secrets.token_hex(200),
                    kinds=requests.TO_SUPERVISORS,
                    actor="pengawas",
                )
            else:
                once = Idempotency.of("uji", f"data{n}")
                asked = await requests.ask_change(
                    work, member.number, requests.Field.PHONE, secrets.token_hex(200), actor=member.number, once=once
                )
                await requests.settle(
                    work, asked.number, requests.Status.DONE, WORDS, kinds=requests.AT_THE_DESK, actor="kasir"
                )
        for giver, reader in ((member, sister), (sister, member)):
            await membership.grant(
                work, giver.number, membership.Scope.ALL, relative_number=reader.number, until_on=None,
                actor=giver.number, today=today,
            )  # fmt: skip
        cookies = await logged_in(work, member), await logged_in(work, sister)
        await work.commit()
    return Saver(
        cooperative, member.number, sister.number, opened.number, receipt, entries[-1][0], *cookies
    )  # fmt: skip


def views(app) -> list[str]:
    """Every page that a member may open, by its template."""
    mine = GRANTS[Role.ANGGOTA] | {Permission.SESSION}
    return sorted(
        route.path
        for route in app.routes
        if isinstance(route, HTTPRoute) and not route.path.startswith("/api/")
        for handler in route.route_handlers
        if "GET" in handler.http_methods and handler.opt.get("permission") in mine
    )


def addresses(template: str, saver: Saver) -> list[str]:
    """What a template stands for, for this member."""
    own = saver.number
    named = {
        "/keluarga/{number:str}": [saver.relative],
        "/keluarga/{number:str}/buku": [f"{saver.relative}/buku"],
        "/imbal/anggota/{number:str}": [own],
        "/imbal/kenapa/{number:int}/{account:str}": [],  # a run's: tests of returns look at it
        "/bukti-saya/{number:str}": [saver.receipt],
        "/permintaan-saya/bukti/{number:str}": [saver.receipt, str(saver.entry)],
        "/berjangka-saya/{number:str}": [saver.deposit],
        "/simulasi/{word:str}": list(SIMULATIONS),
        "/data-saya/unduh": [],  # a file
        "/": [],  # leads to the first page
        "/kata": [],
    }
    if template in named:
        start = template.partition("{")[0]
        return [start + one for one in named[template]]
    assert "{" not in template, f"{template}: say what it stands for"
    if template == "/buku-anggota":
        return [template, *(f"{template}?tahun={year}" for year in (2024, 2025, 2026))]
    return [template]


@pytest.fixture
def read(client, saver):
    """Open a page as the member, or as their relative."""

    async def reading(path: str, cookie: str | None = None):
        client.cookies.clear()
        return await client.get(path, headers={"Cookie": cookie or saver.cookie}, follow_redirects=False)

    return reading


OTHER_REQUESTS = re.compile(
    r"""<(?:img|script|link|iframe|audio|video|source|object|embed)\b[^>]*?(?:src|href|data)=(["'])(?!data:)(.*?)\1"""
)


KEPT = ("koperasi.css", "koperasi.js", "icon.svg")
"""What the phone keeps from the first view on, for each has the hash of its content in its name."""


async def seen(client, read, saver):
    """Every view with its page."""
    for template in views(client.app):
        if not of_the_desk(template):
            for path in addresses(template, saver):
                yield path, await read(path)


async def test_each_view_is_light_comes_in_one_request_and_needs_no_script(client, read, saver):
    """At most 30 KB packed, with what the phone keeps; and in a sharia cooperative not a word of interest."""
    kept = sum(len(gzip.compress((STATIC / name).read_bytes())) for name in KEPT)
    wrong, paths = [], []
    async for path, answer in seen(client, read, saver):
        paths.append(path)
        size = len(gzip.compress(answer.content)) + kept
        asked = {address.partition("?")[0].rpartition("/")[2] for _, address in OTHER_REQUESTS.findall(answer.text)}
        main = answer.text.partition("<main")[2]
        if answer.status_code != 200:
            wrong.append(f"{path}: {answer.status_code}")
        if size > MOST:
            wrong.append(f"{path}: {size} bytes")
        if not asked <= {*KEPT, "paper.css"}:
            wrong.append(f"{path}: asks for {asked}")
        # A button that only the script answers stays hidden until the script shows it.
        if "<script" in main or re.search(r'<button type="button"(?![^>]*hidden)', main):
            wrong.append(f"{path}: does something by script alone")
        if re.search(r"\bbunga", answer.text.lower()):
            wrong.append(f"{path}: speaks of interest")
    assert not wrong, "\n".join(wrong)
    assert len(paths) > 25


async def test_pages_of_the_desk_show_a_member_nothing_of_others(client, read, saver):
    """Whatever the permission's name says, no list of the desk opens for a member."""
    for template in views(client.app):
        if of_the_desk(template):
            path = re.sub(r"\{\w+:int\}", "1", re.sub(r"\{\w+:str\}", saver.relative, template))
            answer = await read(path)
            assert answer.status_code in {303, 403, 404}, path
            assert "Tini" not in answer.text, path


async def test_each_line_asks_whether_it_is_wrong(read, saver):
    """Beside its receipt, in the whole book; the form speaks of that very line and works without script."""
    for path in ("/saldo-saya", "/buku-anggota?tahun=2025"):
        page = (await read(path)).text
        lines = re.findall(r'href="/bukti-saya/([0-9-]+)"', page)
        assert lines == re.findall(r'href="/permintaan-saya/bukti/([0-9-]+)"', page)
        assert len(lines) > 4
    form = unescape((await read(f"/permintaan-saya/bukti/{lines[7]}")).text)
    assert lines[7] in form
    assert "Rp123.456" in form
    assert 'name="words"' in form


async def test_a_long_year_is_turned_leaf_by_leaf(read, saver, monkeypatch):
    """Every line once, each leaf beginning with what the one before it ended with; the relative's view the same."""
    monkeypatch.setattr("koperasi.savings.service_desk.LINES_ON_A_PAGE", 50)
    pages = [(await read(f"/buku-anggota?tahun=2025&lembar={leaf}")).text for leaf in (1, 2, 3)]
    assert [page.count("/bukti-saya/") for page in pages] == [50, 50, 20]
    figures = [re.findall(r'class="balance"[^>]*>(?:<[^>]*>)*([0-9.,]+)<', page) for page in pages]
    assert [one[0] for one in figures[1:]] == [one[-1] for one in figures[:-1]]
    assert "tahun=2024" in pages[0]
    assert "lembar=2" in pages[0]
    assert "tahun=2026" in pages[2]
    for wrong in ("0", "99999", "-1", "x", "%00"):
        assert (await read(f"/buku-anggota?tahun=2025&lembar={wrong}")).status_code == 200
    family = [
        (await read(f"/keluarga/{saver.number}/buku?tahun=2025&lembar={leaf}", saver.relatives_cookie)).text
        for leaf in (1, 3)
    ]
    assert [page.count("<small>") for page in family] == [50, 20]
    assert not re.search("/bukti-saya/|/permintaan-saya/bukti/", "".join(family))


SHOWN = {
    "balances": {"balances"},
    "passbook": {"balances", "passbook"},
    "dues": {"dues"},
    "all": {"balances", "passbook", "dues"},
    "programme": set(),
}
"""What a relative sees by each consent: whoever sees the lines sees what they come to."""


@pytest.mark.parametrize("scope", SHOWN)
async def test_a_relative_sees_what_was_allowed_and_nothing_else(read, saver, database, scope):
    """By one consent at a time, and nothing from the moment it is taken back."""
    giver, book_id = saver.number, saver.cooperative.book_id
    today = saver.cooperative.today(datetime.now(UTC))
    async with database.work(book_id) as work:
        for one in await membership.given_by(work.connection, book_id, giver):
            await membership.revoke(work, giver, one.number, actor=giver)
        made = await membership.grant(
            work, giver, membership.Scope(scope), relative_number=None if scope == "programme" else saver.relative,
            until_on=None, actor=giver, today=today,
        )  # fmt: skip
        await work.commit()

    async def told() -> set[str]:
        page = await read(f"/keluarga/{giver}", saver.relatives_cookie)
        book = await read(f"/keluarga/{giver}/buku", saver.relatives_cookie)
        marks = {"balances": "Jumlah simpanan", "passbook": "Buka buku anggota", "dues": "Yang belum dibayar"}
        found_here = {name for name, mark in marks.items() if mark in page.text}
        assert page.status_code == (200 if SHOWN[scope] else 404) or not found_here
        assert (book.status_code == 200) is ("passbook" in found_here)
        return found_here

    assert await told() == SHOWN[scope]
    for path in ("/bukti-saya/" + saver.receipt, "/berjangka-saya/" + saver.deposit, f"/imbal/anggota/{giver}"):
        assert (await read(path, saver.relatives_cookie)).status_code == 404
    async with database.work(book_id) as work:
        await membership.revoke(work, giver, made.number, actor=giver)
        await work.commit()
    assert await told() == set()


async def test_the_first_page_takes_few_ways_to_the_database(client, read, saver):
    """One for the session with its cooperative, and one for each question; none of them twice."""
    engine = client.app.state.database.engine.sync_engine
    asked = []

    def note(_connection, _cursor, statement, *_):
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        for path, most in (("/saldo-saya", 13), ("/buku-anggota", 6), ("/iuran-saya", 5), ("/lainnya", 1)):
            asked.clear()
            assert (await read(path)).status_code == 200
            assert len(asked) == len(set(asked)) <= most, "\n".join(asked)
    finally:
        event.remove(engine, "before_cursor_execute", note)
