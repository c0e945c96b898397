"""What a member may let somebody else see. Pure.

A consent says what and to whom, and can be taken back (UU PDP 27/2022).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from koperasi.i18n import N_

MOST_CONSENTS = 20
"""So many may hold at once."""


class Scope(StrEnum):
    """What may be seen."""

    BALANCES = "balances"
    PASSBOOK = "passbook"
    DUES = "dues"
    ALL = "all"
    PROGRAMME = "programme"
    """Who the member is, for the programme's officer; no amounts."""

    @property
    def label(self) -> str:
        """What people read (message id)."""
        return _LABELS[self]


_LABELS: Mapping[Scope, str] = {
    Scope.BALANCES: N_("Saldo simpanan"),
    Scope.PASSBOOK: N_("Buku anggota dengan setiap transaksinya"),
    Scope.DUES: N_("Simpanan pokok dan wajib yang belum dibayar"),
    Scope.ALL: N_("Semuanya: saldo, buku, dan tagihan"),
    Scope.PROGRAMME: N_("Nama, desa, dan status migran, untuk pendamping program"),
}

FAMILY = (Scope.BALANCES, Scope.PASSBOOK, Scope.DUES, Scope.ALL)
"""What a relative may be let see."""


def shows(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """What consents together let somebody see: whoever sees the book sees its balances."""
    found = set(scopes)
    if Scope.ALL in found:
        found |= {Scope.BALANCES, Scope.PASSBOOK, Scope.DUES}
    if Scope.PASSBOOK in found:
        found.add(Scope.BALANCES)
    return frozenset(found)
