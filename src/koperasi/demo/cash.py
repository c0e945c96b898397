"""The demo's cash: its first months without sessions, then the board turns them on and its people count their tills."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import ledger
from koperasi.cooperatives import service as cooperatives
from koperasi.db import Work
from koperasi.posting import Idempotency, settled
from koperasi.treasury import service as treasury

TILLS = {"bendahara": {100_000: 5, 50_000: 10, 10_000: 20}, "kasir": {100_000: 10, 50_000: 12, 20_000: 15, 5_000: 20}}
"""What each of them counts in their till."""


async def without_sessions(work: Work, start: date) -> None:
    """The village's first months come from its old books, which knew no sessions."""
    day = start + timedelta(days=1)
    await cooperatives.add_policy(work, treasury.POLICY, day, "off", "Keputusan pengurus: masa peralihan", "admin")


async def begin_sessions(work: Work, cooperative: cooperatives.Cooperative, now: datetime) -> None:
    """The common desk's cash goes into the vault; from today on cash moves through counted tills."""
    book_id, today = cooperative.book_id, cooperative.today(now)
    codes = [cooperatives.account_code(cooperative.kind, role) for role in ("cash.teller", "cash.vault")]
    desk, vault = [await ledger.account_by_code(work.connection, book_id, code) for code in codes]
    lines = ledger.Line(vault.account_id, desk.balance), ledger.Line(desk.account_id, -desk.balance)
    draft = ledger.Draft(
        book_id, today, "journal", "Uang kas loket dipindahkan ke kas besar", "bendahara", lines, "demo:vault"
    )
    settled((await ledger.append(work.connection, [draft]))[0])
    await cooperatives.add_policy(work, treasury.POLICY, today, "on", "Keputusan pengurus", "admin")
    for username, pieces in TILLS.items():
        holds_vault = username == "bendahara"
        made = await treasury.open_session(
            work,
            cooperative,
            username=username,
            count=treasury.Count(pieces),
            holds_vault=holds_vault,
            idempotency=Idempotency.of("demo", f"session-{username}"),
            now=now,
        )
        if not holds_vault and made.opening_entry is not None:
            await treasury.confirm(work, made.opening_entry, actor="bendahara", holds_vault=True, now=now)
    await _petty(work, cooperative, now)


PETTY_FLOAT = 500_000_00
"""The fixed sum of the village's petty cash, in sen; the teller holds it."""


async def _petty(work: Work, cooperative: cooperatives.Cooperative, now: datetime) -> None:
    """Petty cash is given to the teller, who bought paper from it."""
    today = cooperative.today(now)
    await cooperatives.add_policy(work, "cash.petty_float", today, "500000.00", "Keputusan pengurus", "admin")
    await treasury.count_petty(
        work,
        cooperative,
        actor="bendahara",
        holder="kasir",
        count=treasury.Count(),
        top_up_minor=PETTY_FLOAT,
        holds_vault=True,
        idempotency=Idempotency.of("demo", "petty"),
        now=now,
    )
    expenses = await treasury.expenses(work.connection, cooperative.book_id)
    bought = next(one for one in expenses if one.name_id.startswith("Beban Kantor"))
    await treasury.spend(
        work,
        cooperative,
        actor="kasir",
        account=bought.code,
        amount_minor=35_000_00,
        words="Kertas dan tinta",
        source="N-12",
        idempotency=Idempotency.of("demo", "petty-spend"),
        now=now,
    )
