"""Vouchers: what kind an entry is on paper, how its number is written, and whether numbers have gaps. Pure.

BKM (bukti kas masuk) takes cash in, BKK (bukti kas keluar) pays cash out, BM (bukti memorial) moves none in sum. A
number is the entry's rank among entries of its kind, office and effective month, in the order in which they were
recorded; so it follows from the journal alone, and an entry that is reversed keeps its number. An entry's office is
that of the till whose cash it moves; one that moves no till's cash, or that of two offices, is the head office's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from koperasi.i18n import N_

OFFICE = "01"
"""The head office. Its code is never written: numbers that were printed before there was another office stay true."""

_NUMBER = re.compile(
    r"(?P<kind>BKM|BKK|BM)/(?:(?P<office>[0-9A-Z]{2,6})/)?(?P<year>[0-9]{4})/(?P<month>0[1-9]|1[0-2])/0*(?P<serial>[1-9][0-9]{0,8})"
)


class VoucherKind(StrEnum):
    """What an entry is on paper."""

    CASH_IN = "BKM"
    CASH_OUT = "BKK"
    MEMORIAL = "BM"

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _LABELS[self]


_LABELS = {
    VoucherKind.CASH_IN: N_("Bukti kas masuk"),
    VoucherKind.CASH_OUT: N_("Bukti kas keluar"),
    VoucherKind.MEMORIAL: N_("Bukti memorial"),
}


def kind_of(cash_minor: int) -> VoucherKind:
    """The kind of an entry by what all its cash accounts move by in sum, in sen.

    Cash that goes from the vault to a till stays with the cooperative: that is BM.
    """
    if cash_minor > 0:
        return VoucherKind.CASH_IN
    return VoucherKind.CASH_OUT if cash_minor < 0 else VoucherKind.MEMORIAL


@dataclass(frozen=True, slots=True)
class Number:
    """A voucher's number; ``month`` is the first day of it."""

    kind: VoucherKind
    month: date
    serial: int
    office: str = OFFICE

    def __str__(self) -> str:
        """``BKM/2026/11/0001``; another office than the head office stands between: ``BKM/KC1/2026/11/0001``."""
        office = "" if self.office == OFFICE else f"{self.office}/"
        return f"{self.kind}/{office}{self.month:%Y/%m}/{self.serial:04}"

    @classmethod
    def read(cls, text: str) -> Number | None:
        """From how it is written; None if it is no voucher's number."""
        found = _NUMBER.fullmatch(text.strip().upper())
        if found is None or not 1900 <= int(found["year"]) <= 2100:
            return None
        month = date(int(found["year"]), int(found["month"]), 1)
        return cls(VoucherKind(found["kind"]), month, int(found["serial"]), found["office"] or OFFICE)


class Series(NamedTuple):
    """What is there of one kind, office and month: how many numbers, the first and the last."""

    kind: str
    office: str
    month: date
    numbers: int
    first: int
    last: int


def gaps(series: Iterable[Series]) -> list[Series]:
    """Those that don't run from 1 without a gap."""
    return [one for one in series if (one.first, one.last) != (1, one.numbers)]
