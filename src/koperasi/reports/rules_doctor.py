"""What the doctor knows of the whole service: sub-ledgers tie to the ledger, number series have no gaps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ledger import Finding, parent_code

PLACES = {
    "orphan-account": "account {account}",
    "series-gap": "series {series}",
    "series-ahead": "series {series}",
    "control-sum": "account {account}",
    "hold": "account {account}",
    "leaver": "account {account}",
    "audit": "audit row {row}",
    "trail-anchor": "entry {entry}",
    "voucher": "entry {entry}",
}
PLACE_OF_ROW = "{register} {number}"

MESSAGES = {
    "no-ledger-account": "its account in the ledger is not there",
    "wrong-control": "its account {account} in the ledger does not stand beneath {control}",
    "wrong-account": "its account in the ledger is {account}, of another number",
    "shared-account": "its account {account} in the ledger is another's too",
    "orphan-account": "it stands beneath {control}, and no register names it",
    "control-sum": "the registered accounts beneath it come to {registered}, all beneath it to {total}",
    "hold": "{total} are held, and drafts hold {registered}",
    "leaver": "{total} stand there, and settlements say that {registered} are still to be paid",
    "series-gap": "numbers {first} to {last} were given and are not there",
    "series-ahead": "number {number} was never given, the last given is {last}",
    "audit": "the audit trail was changed, or is gone, here",
    "voucher": "its voucher is missing, or has another number than follows from the journal",
    "trail-anchor": "it was sealed with another audit trail than there is now",
}


class Row(NamedTuple):
    """A row of a register (``savings``, ``group``) and where its money should stand."""

    register: str
    number: str
    account_id: int
    control: str


class LedgerAccount(NamedTuple):
    """An account beneath a control account: code and signed balance in minor units."""

    code: str
    balance: int


def finding(code: str, **facts: str | int) -> Finding:
    """A finding in the ledger's form."""
    place = PLACES.get(code, PLACE_OF_ROW)
    return Finding(code, place.format(**facts), MESSAGES[code].format(**facts), facts)


def ties(rows: Iterable[Row], accounts: Mapping[int, LedgerAccount], controls: Iterable[str]) -> Iterator[Finding]:
    """Each row has its account beneath its control account, and each account beneath one has its row.

    Args:
        rows: of all registers.
        accounts: all accounts beneath any control account, by id.
        controls: codes of the control accounts whose accounts belong to registers.
    """
    owners: dict[int, Row] = {}
    for row in rows:
        if row.account_id in owners:
            yield _wrong("shared-account", row, accounts)
        else:
            owners[row.account_id] = row
        account = accounts.get(row.account_id)
        if account is None:
            yield _wrong("no-ledger-account", row, accounts)
        elif parent_code(account.code) != row.control:
            yield _wrong("wrong-control", row, accounts)
        elif account.code != f"{row.control}.{row.number}":
            yield _wrong("wrong-account", row, accounts)
    yield from _beneath(owners, accounts, set(controls))


def _wrong(code: str, row: Row, accounts: Mapping[int, LedgerAccount]) -> Finding:
    account = accounts.get(row.account_id)
    found = {"account": account.code} if account else {}
    return finding(code, register=row.register, number=row.number, control=row.control, **found)


def _beneath(owners: Mapping[int, Row], accounts: Mapping[int, LedgerAccount], controls: set[str]) -> Iterator[Finding]:
    """All accounts beneath the control accounts have owners, whose money is all that stands there."""
    totals, registered = dict.fromkeys(controls, 0), dict.fromkeys(controls, 0)
    for account_id, account in accounts.items():
        control, owner = parent_code(account.code) or "", owners.get(account_id)
        if control in totals:
            totals[control] += account.balance
            if owner is None:
                yield finding("orphan-account", account=account.code, control=control)
        if owner is not None and owner.control in registered:
            registered[owner.control] += account.balance
    for control in sorted(controls):
        if totals[control] != registered[control]:
            yield finding("control-sum", account=control, registered=registered[control], total=totals[control])


def holds(registered: Mapping[int, int], held: Mapping[int, tuple[str, int]]) -> Iterator[Finding]:
    """What the ledger holds on each account is what drafts that wait for a second person hold there.

    Args:
        registered: what drafts hold, by account, in minor units.
        held: code and hold of every account of the ledger that has one or should have one.
    """
    for account_id, (code, amount) in sorted(held.items()):
        if amount != registered.get(account_id, 0):
            yield finding("hold", account=code, registered=registered.get(account_id, 0), total=amount)


def leavers(registered: Mapping[int, int], balances: Mapping[int, tuple[str, int]]) -> Iterator[Finding]:
    """What stands on the account of somebody who left is what their settlement says is still to be paid.

    Args:
        registered: what is unpaid, by account, in minor units.
        balances: code and balance of each of these accounts.
    """
    for account_id, unpaid in sorted(registered.items()):
        code, balance = balances.get(account_id, ("", 0))
        # The one account of a book that keeps none beneath it has what was owed before, too.
        if parent_code(code) is not None and balance != unpaid:
            yield finding("leaver", account=code, registered=unpaid, total=balance)


def gaps(series: str, serials: Sequence[int], last: int) -> Iterator[Finding]:
    """Every number of a series from 1 to the last one given is in use, and none beyond.

    Args:
        series: its name.
        serials: the numbers in use.
        last: the last one given.
    """
    before = 0
    for serial in sorted(serials):
        if serial > last:
            yield finding("series-ahead", series=series, number=serial, last=last)
            continue
        if serial > before + 1:
            yield finding("series-gap", series=series, first=before + 1, last=serial - 1)
        before = serial
    if before < last:
        yield finding("series-gap", series=series, first=before + 1, last=last)
