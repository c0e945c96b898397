"""The lines of a run: each account's return, each member's tax, written page by page. Called by ``service_preview``."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import text

import ledger
from koperasi.db import Work
from koperasi.errors import Refusal
from koperasi.i18n import N_
from koperasi.returns.model import Warned
from koperasi.returns.rules_interest import return_of
from koperasi.returns.service_facts import Facts
from koperasi.returns.service_plan import Plan
from koperasi.savings.service import is_partner_number

CHUNK = 150
"""Accounts in one entry, and the rest of the last holder's: quick, and others have their turn in between."""

LARGEST = 2**62

_INSERT = text(
    "INSERT INTO return_line (book_id, run_number, chunk, account_number, member_number, product_code,"
    " ledger_account_id, period_last, round, day_sum, gross_minor, tax_minor)"
    " SELECT :book, :run, u.chunk, u.account, u.member, u.product, u.ledger, :last, :round, u.day_sum, u.gross, u.tax"
    " FROM unnest(CAST(:chunks AS int[]), CAST(:accounts AS text[]), CAST(:members AS text[]),"
    " CAST(:products AS text[]), CAST(:ledgers AS bigint[]), CAST(:day_sums AS bigint[]), CAST(:gross AS bigint[]),"
    " CAST(:taxes AS bigint[])) AS u(chunk, account, member, product, ledger, day_sum, gross, tax)"
)


class Lines:
    """Takes accounts page by page, adds each holder's together for the tax, and writes the lines."""

    def __init__(self, work: Work, plan: Plan) -> None:
        self._work, self._plan = work, plan
        self._shares = {code: iter(parts) for code, parts in plan.shares.items()}
        self._waiting: list[tuple[Facts, int]] = []
        self._rows: list[tuple[Any, ...]] = []
        self._chunk = self._in_chunk = self._counted = self._taxed = 0
        self._short: list[str] = []
        self._untaxed = False
        self._totals = {code: [0, 0, 0, 0, 0] for code in plan.products}
        self.digest = sha256()

    async def take(self, page: Sequence[Facts]) -> None:
        """Some accounts more, those of a holder in a row."""
        for facts in page:
            if facts.number in self._plan.skipped:
                continue
            gross = self._gross(facts)
            if gross is None:
                continue
            if self._waiting and self._waiting[-1][0].holder != facts.holder:
                self._settle()
            self._waiting.append((facts, gross))
        await self._write()

    async def end(self) -> None:
        """The last holder's, and what is to be said of all."""
        self._settle()
        await self._write()
        warnings = self._plan.warnings
        warnings += [Warned("short", number) for number in self._short[:20]]
        if self._untaxed:
            warnings.append(Warned("partner-tax"))

    def totals(self) -> dict[str, Any]:
        """What came of it."""
        plan = self._plan
        return {
            "products": self._totals,
            "chunks": self._chunk + 1 if self._counted else 0,
            "taxed": self._taxed,
            "pool": plan.pool.to_json() if plan.pool else None,
            "shared": plan.shared,
            "warnings": [list(one) for one in plan.warnings],
        }

    def _gross(self, facts: Facts) -> int | None:
        """What is to be posted for an account, in sen; None if it has no line."""
        plan = self._plan
        one = plan.products[facts.product_code]
        if one.earns != "rate":
            return next(self._shares[one.code])
        ready = plan.quick[one.code]
        if ready is None:
            amount = return_of(facts.account(), one.terms, *plan.period).amount_minor
        else:
            days = facts.open_days(plan.cut) if ready.minimums else ()
            amount = ready.amount(facts.sums, days)
        if not plan.asked.correction:
            return amount
        if facts.number not in plan.posted:
            return None
        difference = amount - plan.posted[facts.number]
        if difference < 0 and -difference > facts.free_minor:
            self._short.append(facts.number)
            return None
        return difference or None

    def _settle(self) -> None:
        """Tax for one holder, and lines."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        plan, holder = self._plan, waiting[0][0].holder
        gross = [one for _, one in waiting]
        if not any(gross):
            taxes = gross
        else:
            is_partner = is_partner_number(holder)
            self._untaxed = self._untaxed or (is_partner and plan.taxing.partners is None)
            taxes = plan.taxing.on(gross, holder, is_partner=is_partner)
        self._begin_holder(sum(1 for one in gross if one))
        for (facts, amount), tax in zip(waiting, taxes, strict=True):
            day_sum = sum(facts.sums)
            if abs(day_sum) > LARGEST or abs(amount) > ledger.MAX_AMOUNT:
                raise Refusal("amount-range", N_("Saldo rekening %(account)s terlalu besar."), account=facts.number)
            self._counted += amount != 0
            self._taxed += tax != 0
            kept = self._totals[facts.product_code]
            kept[0] += 1
            kept[1] += amount == 0
            kept[2] += amount
            kept[3] += tax
            kept[4] += day_sum
            self._rows.append(
                (self._chunk, facts.number, holder, facts.product_code, facts.ledger_account_id, day_sum, amount, tax)
            )

    def _begin_holder(self, posted: int) -> None:
        """What one is paid stands in one entry: if that is undone, so is all of it, and its tax slip."""
        if posted and self._in_chunk >= CHUNK:
            self._chunk, self._in_chunk = self._chunk + 1, 0
        self._in_chunk += posted

    async def _write(self) -> None:
        if not self._rows:
            return
        rows, self._rows = self._rows, []
        self.digest.update("".join([f"{row[1]}:{row[6]}:{row[7]}\n" for row in rows]).encode())
        names = ("chunks", "accounts", "members", "products", "ledgers", "day_sums", "gross", "taxes")
        await self._work.connection.execute(
            _INSERT,
            {
                "book": self._work.book_id,
                "run": self._plan.number,
                "last": self._plan.period.last,
                "round": self._plan.number if self._plan.asked.correction else 0,
                **{name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)},
            },
        )
