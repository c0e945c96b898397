from datetime import date

import ledger
from ledger import AccountType, Draft, Line, NewAccount, Posted, Side


async def test_a_deposit_moves_both_balances_and_verifies(database, poster, book):
    async with database.work(book) as work:
        ids = await ledger.open_accounts(
            work.connection,
            book,
            [
                NewAccount("1101", "Kas", "Cash", AccountType.ASSET, Side.DEBIT, floor=0),
                NewAccount("2101", "Simpanan", "Savings", AccountType.LIABILITY, Side.CREDIT, floor=0),
            ],
        )
        await work.commit()
    draft = Draft(
        book,
        date(2026, 11, 25),
        "savings.deposit",
        "Setoran",
        "bendahara",
        (Line(ids["1101"], 5000), Line(ids["2101"], -5000)),
        "k1",
    )
    outcome = await poster.post(draft)
    assert isinstance(outcome, Posted)
    assert outcome.number == 1
    assert outcome.balances == (5000, -5000)
    assert await poster.post(draft) == ledger.Replayed(1)
    async with database.reading(book) as connection:
        entry = await ledger.entry_by_number(connection, book, 1)
        rows = await ledger.trial_balance(connection, book, date(2026, 11, 25))
        report = await ledger.verify(connection, book)
    assert [line.amount for line in entry.lines] == [5000, -5000]
    assert {row.account.code: row.balance for row in rows} == {"1101": 5000, "2101": -5000}
    assert report.findings == ()
