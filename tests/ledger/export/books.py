"""Random books: several currencies, names and words in any script, notes, reversals."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from ledger import Account, AccountType, Entry, NewAccount, Side
from ledger.entry import EntryLine, Note
from ledger.seal import GENESIS, canonical, digest_of, seal

FIRST_DAY = date(2025, 1, 1)
DAYS = 60

# (code, name, type, side, currency): every type, four currencies with three exponents, names that break naive writers.
CHART = (
    ("1101", "Kas  Besar; [2020-01-01]", "asset", "debit", "IDR"),
    ("1102", "Kas yen 円 : tabungan", "asset", "debit", "JPY"),
    ("1103", "دينار", "asset", "debit", "KWD"),
    ("1104", "Bank $ USD = 5 @ 3", "asset", "debit", "USD"),
    ("2101", "Simpanan “wadiah”", "liability", "credit", "IDR"),
    ("2101.10000019", "Simpanan Wadiah 10000019", "liability", "credit", "IDR"),
    ("2101.x7", "(Simpanan)", "liability", "credit", "IDR"),
    ("2102", "預り金 é ñ 😀", "liability", "credit", "JPY"),
    ("2103", 'Titipan "dinar" \\ | *', "liability", "credit", "KWD"),
    ("2104", "Titipan dolar, % & #", "liability", "credit", "USD"),
    ("2201", "Dana mudharabah", "temporary_syirkah", "credit", "IDR"),
    ("3101", "Modal", "equity", "credit", "IDR"),
    ("4101", "Pendapatan", "income", "credit", "IDR"),
    ("5101", "Beban", "expense", "debit", "IDR"),
    ("8101", "Zakat", "social_fund", "credit", "IDR"),
    ("9101", "Rekening administratif", "memorandum", "debit", "IDR"),
)
CONTROLS = {"2101"}

WORDS = (
    "Setoran 10000019",
    "Beli beras; [2025-01-01] :tag: key: value",
    "* penting  ! (12)",
    'Kata "kutip" \\ dan é 円 😀',
    "=1+1 {x} @ 3 IDR",
    "date:x, date2:2020-99-99 [=2020-13-40] a:: b",
    "baris\nkedua\ttab\r\x07",
    "x" * 6000,
    "",
    " tepi ",
)

texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=300)


@dataclass
class Book:
    accounts: dict[int, Account]
    entries: list[Entry]

    def balances(self, as_of: date) -> dict[str, int]:
        """Signed balances at the end of a day, from the entries' lines."""
        found = {account.code: 0 for account in self.accounts.values()}
        for entry in self.entries:
            if entry.effective_date <= as_of:
                for line in entry.lines:
                    found[line.code] += line.amount
        return found


def new_accounts() -> list[NewAccount]:
    return [
        NewAccount(
            code, name, f"EN {name}", AccountType(kind), Side(side), currency=currency, control=code in CONTROLS,
            floor=-5_000_000_000_000 if code == "1104" else None,
            opened_on=FIRST_DAY if code == "3101" else None,
        )
        for code, name, kind, side, currency in CHART
    ]  # fmt: skip


def chart() -> dict[int, Account]:
    return {
        number: Account(
            1, number, new.code, new.name_id, new.name_en, new.type, new.side, new.currency, new.floor, 0, new.control,
            new.opened_on, None, 0, 0,
        )
        for number, new in enumerate(new_accounts(), 1)
    }  # fmt: skip


def random_lines(chance: random.Random, accounts: dict[int, Account]) -> list[tuple[int, int]]:
    """Lines over one or two currencies that balance in each."""
    by_currency: dict[str, list[int]] = {}
    for account in accounts.values():
        if not account.control:
            by_currency.setdefault(account.currency, []).append(account.account_id)
    lines = []
    for currency in chance.sample(sorted(by_currency), chance.choice((1, 1, 2))):
        chosen = chance.sample(by_currency[currency], 2)
        amounts = [chance.choice((1, 99, 100, chance.randrange(1, 10**9), 10**14 + 1)) for _ in range(2)]
        lines += [(chosen[0], amounts[0]), (chosen[0], amounts[1]), (chosen[1], -sum(amounts))]
    return lines


def random_book(seed: int, count: int = 40) -> Book:
    chance = random.Random(seed)
    accounts = chart()
    entries: list[Entry] = []
    undone: dict[int, int] = {}
    for number in range(1, count + 1):
        before = [one for one in entries if one.number not in undone and one.reverses is None]
        undo = chance.choice(before) if before and chance.random() < 0.2 else None
        lines = [(line.account_id, -line.amount) for line in undo.lines] if undo else random_lines(chance, accounts)
        words = chance.choice(WORDS)
        if undo:
            undone[undo.number] = number
        entries.append(
            make_entry(
                accounts,
                entries[-1].hash if entries else GENESIS,
                number=number,
                day=FIRST_DAY + timedelta(days=chance.randrange(DAYS)),
                lines=lines,
                kind=chance.choice(("journal", "savings.deposit", "Jenis: aneh; []")),
                description=words,
                actor=chance.choice(("kasir1", "Ibu Sri; [x]", "é")),
                source=chance.choice((None, "Nota/1", "Nota: 2\n")),
                reverses=undo.number if undo else None,
                link=chance.choice((None, None, "tautan 1", "a:b;c")),
                metadata=chance.choice(({}, {}, {"rekening": "10000019", "é:[": 'x"\n;'})),
                note=chance.choice((None, None, "Catatan: “pribadi”; [2025-01-01] " + words)),
                erased=chance.random() < 0.3,
            )
        )
    return Book(accounts, entries)


def make_entry(
    accounts, previous, *, number, day, lines, kind="journal", description="Uji", actor="penguji", source=None,
    reverses=None, link=None, metadata=None, note=None, erased=False, book_id=1,
) -> Entry:  # fmt: skip
    moment = datetime(2025, 6, 1, tzinfo=UTC) + timedelta(microseconds=number * 1_000_003)
    salt = bytes(range(16))
    digest = None if note is None else digest_of(salt, note)
    facts = {
        "book_id": book_id, "number": number, "effective_date": day, "recorded_at": moment, "kind": kind,
        "source": source, "actor": actor, "reverses": reverses, "link": link, "metadata": metadata or {},
        "note_digest": digest,
    }  # fmt: skip
    named = [(accounts[a].code, accounts[a].currency, amount) for a, amount in lines]
    own = seal(previous, canonical(description=description, lines=named, **facts))
    return Entry(
        sealed_description=description,
        previous_hash=previous,
        hash=own,
        lines=tuple(
            EntryLine(n, a, accounts[a].code, accounts[a].currency, amount, 0) for n, (a, amount) in enumerate(lines, 1)
        ),
        note=None if note is None or erased else Note(salt, note),
        **facts,
    )
