"""Use cases of savings: deposit, withdraw, move, reverse. A movement reads once, posts once and gives a receipt.

Reading stands in ``service_reading`` and opening in ``service_opening``; other slices find all of it here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import ledger
from koperasi.approvals.service import Kind
from koperasi.cooperatives.service import Cooperative, at_founding
from koperasi.db import Database
from koperasi.errors import Refusal
from koperasi.formats import InputError, clean_text
from koperasi.i18n import N_
from koperasi.posting import Idempotency, post
from koperasi.savings import rules
from koperasi.savings.messages import SHORT, movement
from koperasi.savings.numbers import is_valid_account_number, make_account_number, verify_code
from koperasi.savings.products import Earns, Product, ProductTerms, terms_on
from koperasi.savings.receipts import Receipt, entry_number_of, receipt_number
from koperasi.savings.rules import SavingsKind
from koperasi.savings.rules_plans import Goal, Plan
from koperasi.savings.service_desk import leaf_of, passbook, turned
from koperasi.savings.service_doctor import ledger_accounts
from koperasi.savings.service_dues import CollectedLine, Payment, bill, bills, deposit_drafts, linked_deposits
from koperasi.savings.service_limits import members_of, paid_out, paid_out_in
from koperasi.savings.service_opening import (
    close_accounts,
    free_kind,
    open_account,
    record_opened,
    reopen_accounts,
    welcome,
    welcome_in,
    welcome_many,
)
from koperasi.savings.service_partners import (
    Partner,
    add_partner,
    holder_names,
    is_partner_number,
    partner_by_number,
    partner_roster,
    partners,
)
from koperasi.savings.service_plans import due_instalments, run_orders, set_plan
from koperasi.savings.service_pokok import Pokok, pokok_of
from koperasi.savings.service_posting import (
    answered_before,
    cash_of,
    least_deposit,
    limits_today,
    locked_until,
    post_movement,
    read_moving,
    remaining,
    second_person,
)
from koperasi.savings.service_products import (
    found_products,
    product_by_code,
    product_terms,
    products,
)
from koperasi.savings.service_reading import (
    CashDay,
    DueState,
    SavingsAccount,
    Statement,
    StatementLine,
    account_by_number,
    account_for,
    accounts_of,
    cash_day,
    dues_of,
    holdings,
    statement,
)
from koperasi.savings.service_receipts import receipt, receipt_for, receipt_not_found

__all__ = [
    "SHORT",
    "CashDay",
    "CollectedLine",
    "DueState",
    "Earns",
    "Goal",
    "Partner",
    "Payment",
    "Plan",
    "Pokok",
    "Product",
    "ProductTerms",
    "Receipt",
    "SavingsAccount",
    "SavingsKind",
    "Statement",
    "StatementLine",
    "account_by_number",
    "account_for",
    "accounts_of",
    "add_partner",
    "bill",
    "bills",
    "cash_day",
    "close_accounts",
    "deposit",
    "deposit_drafts",
    "due_instalments",
    "dues_of",
    "entry_number_of",
    "free_kind",
    "holder_names",
    "holdings",
    "is_partner_number",
    "is_valid_account_number",
    "leaf_of",
    "ledger_accounts",
    "linked_deposits",
    "make_account_number",
    "members_of",
    "movement",
    "open_account",
    "paid_out_in",
    "partner_by_number",
    "partner_roster",
    "partners",
    "passbook",
    "pokok_of",
    "product_by_code",
    "product_terms",
    "products",
    "receipt",
    "receipt_for",
    "receipt_number",
    "record_opened",
    "reopen_accounts",
    "reverse",
    "run_orders",
    "set_plan",
    "statement",
    "terms_on",
    "transfer",
    "turned",
    "verify_code",
    "welcome",
    "welcome_in",
    "welcome_many",
    "withdraw",
]

REASON_MAX_LENGTH = 200

at_founding("savings", found_products)


async def deposit(
    database: Database,
    poster: ledger.Poster,
    cooperative: Cooperative,
    *,
    account_number: str,
    amount_minor: int,
    effective_date: date | None,
    actor: str,
    idempotency: Idempotency,
) -> Receipt:
    """Take cash at the desk and add it to a savings account.

    Args:
        database: where to read.
        poster: where to post.
        cooperative: whose desk.
        account_number: the savings account.
        amount_minor: sen, positive, whole rupiah.
        effective_date: the book's date; None is today's.
        actor: user name of the teller.
        idempotency: the same request is posted once, however often it is sent.

    Raises:
        NotFound: ``savings-account``.
        Refusal: what ``rules.check_deposit`` says, ``date-in-future``, or what the book says.
    """
    day = _day(cooperative, effective_date)
    moving, secret, _ = await read_moving(database, cooperative, [account_number], day)
    account = moving[account_number]
    kind = SavingsKind(account.kind)
    try:
        rules.check_effective_date(day, cooperative.today(datetime.now(UTC)))
        rules.check_deposit(
            kind,
            amount_minor,
            member_status=account.member_status,
            minimum_minor=least_deposit(account),
            remaining_due_minor=remaining(account),
        )
        cash = cash_of(account, actor)
    except Refusal as refusal:
        return await answered_before(database, cooperative, idempotency, refusal)
    draft = ledger.Draft(
        book_id=cooperative.book_id,
        effective_date=day,
        kind="savings.deposit",
        description=f"Setoran {kind.label.lower()} {account.number}",
        actor=actor,
        lines=(
            ledger.Line(cash, amount_minor),
            ledger.Line(account.ledger_account_id, -amount_minor),
        ),
        key=idempotency.key,
        fingerprint=idempotency.fingerprint,
    )
    return await post_movement(database, poster, cooperative, draft, account, secret)


async def withdraw(
    database: Database,
    poster: ledger.Poster,
    cooperative: Cooperative,
    *,
    account_number: str,
    amount_minor: int,
    effective_date: date | None,
    actor: str,
    idempotency: Idempotency,
) -> Receipt:
    """Pay cash out of a savings account; arguments as in ``deposit``.

    The rules look first, for clear words; the floor of the account in the book decides between two who draw at once.

    Raises:
        NotFound: ``savings-account``.
        Refusal: what ``rules.check_withdrawal`` says, ``date-in-future``, or what the book says.
        NeedsApproval: with what was paid out today it is above the policy's limit, so a second person must agree.
    """
    day = _day(cooperative, effective_date)
    moving, secret, minimum = await read_moving(database, cooperative, [account_number], day, minimum=True)
    account = moving[account_number]
    kind = SavingsKind(account.kind)
    try:
        rules.check_effective_date(day, cooperative.today(datetime.now(UTC)))
        rules.check_withdrawal(
            kind,
            amount_minor,
            balance_minor=account.balance,
            held_minor=account.held,
            floor_minor=max(account.floor, account.product_floor or 0, minimum),
            member_status=account.member_status,
            locked_until=locked_until(account, day),
        )
        cash = cash_of(account, actor)
    except Refusal as refusal:
        return await answered_before(database, cooperative, idempotency, refusal)
    draft = ledger.Draft(
        book_id=cooperative.book_id,
        effective_date=day,
        kind="savings.withdrawal",
        description=f"Penarikan {kind.label.lower()} {account.number}",
        actor=actor,
        lines=(
            ledger.Line(account.ledger_account_id, amount_minor),
            ledger.Line(cash, -amount_minor),
        ),
        key=idempotency.key,
        fingerprint=idempotency.fingerprint,
    )
    limit_minor = (await limits_today(database, cooperative)).withdrawal_minor
    if amount_minor + await paid_out(database, cooperative, account.member_number, day) > limit_minor:
        hold = ledger.Line(account.ledger_account_id, amount_minor)
        member = (account.member_number, str(account.member_status))
        await second_person(database, cooperative, Kind.WITHDRAWAL, draft, hold=hold, member=member)
    return await post_movement(database, poster, cooperative, draft, account, secret)


async def transfer(
    database: Database,
    poster: ledger.Poster,
    cooperative: Cooperative,
    *,
    from_number: str,
    to_number: str,
    amount_minor: int,
    effective_date: date | None,
    actor: str,
    idempotency: Idempotency,
) -> Receipt:
    """Move money between two savings accounts of one member (pindah buku); other arguments as in ``deposit``.

    Raises:
        NotFound: ``savings-account``.
        Refusal: ``transfer-not-own``, what ``rules.check_transfer`` says, ``date-in-future``, or what the book says.
    """
    day = _day(cooperative, effective_date)
    moving, secret, minimum = await read_moving(database, cooperative, [from_number, to_number], day, minimum=True)
    source, target = moving[from_number], moving[to_number]
    try:
        rules.check_effective_date(day, cooperative.today(datetime.now(UTC)))
        rules.check_one_owner(source.member_number, target.member_number)
        rules.check_transfer(
            SavingsKind(source.kind),
            SavingsKind(target.kind),
            amount_minor,
            balance_minor=source.balance,
            held_minor=source.held,
            floor_minor=max(source.floor, source.product_floor or 0, minimum),
            member_status=source.member_status,
            same_account=from_number == to_number,
            remaining_due_minor=remaining(target),
            minimum_minor=least_deposit(target),
            locked_until=locked_until(source, day),
        )
    except Refusal as refusal:
        return await answered_before(database, cooperative, idempotency, refusal)
    draft = ledger.Draft(
        book_id=cooperative.book_id,
        effective_date=day,
        kind="savings.transfer",
        description=f"Pindah buku {source.number} ke {target.number}",
        actor=actor,
        lines=(
            ledger.Line(source.ledger_account_id, amount_minor),
            ledger.Line(target.ledger_account_id, -amount_minor),
        ),
        key=idempotency.key,
        fingerprint=idempotency.fingerprint,
    )
    return await post_movement(database, poster, cooperative, draft, source, secret, other=target.number)


async def reverse(
    database: Database,
    poster: ledger.Poster,
    cooperative: Cooperative,
    *,
    entry_number: int,
    reason: str,
    effective_date: date | None,
    actor: str,
    idempotency: Idempotency,
) -> Receipt:
    """Undo a savings movement by an entry that mirrors it; gives the receipt of that entry.

    Args:
        database: where to read.
        poster: where to post.
        cooperative: whose book.
        entry_number: the movement to undo.
        reason: why, without names of people: it is sealed with the entry.
        effective_date: the book's date; None is today's.
        actor: who undoes it.
        idempotency: the same request is posted once.

    Raises:
        NotFound: ``receipt``: no such entry.
        Refusal: ``not-savings``, ``reversal-before-entry``, ``date-in-future``, a reason that can't be read, or what
            the book says (``already-reversed``, ``floor`` when the money is gone).
        NeedsApproval: the policies want a second person for every reversal.
    """
    day = _day(cooperative, effective_date)
    try:
        text = clean_text(reason, max_length=REASON_MAX_LENGTH)
    except InputError as problem:
        raise Refusal("reason", N_("Tulis alasan pembatalan."), errors=[problem.at("reason")]) from problem
    rules.check_effective_date(day, cooperative.today(datetime.now(UTC)))
    async with database.reading(cooperative.book_id) as connection:
        try:
            entry = await ledger.entry_by_number(connection, cooperative.book_id, entry_number)
        except ledger.UnknownEntryError as error:
            raise receipt_not_found() from error
    if not entry.kind.startswith("savings."):
        raise Refusal("not-savings", N_("Ini bukan transaksi simpanan; batalkan dari halaman jurnal."))
    if day < entry.effective_date:
        raise Refusal(
            "reversal-before-entry", N_("Pembatalan tidak boleh bertanggal sebelum transaksinya."), field="date"
        )
    draft = ledger.reversal_of(
        entry,
        effective_date=day,
        actor=actor,
        key=idempotency.key,
        reason=text,
        fingerprint=idempotency.fingerprint,
    )
    if (await limits_today(database, cooperative)).reversals:
        await second_person(database, cooperative, Kind.REVERSAL, draft)
    number, replayed = await post(poster, draft)
    async with database.reading(cooperative.book_id) as connection:
        return await receipt(connection, cooperative, number, replayed=replayed)


def _day(cooperative: Cooperative, effective_date: date | None) -> date:
    return effective_date or cooperative.today(datetime.now(UTC))
