"""Everything a run is computed with, from ``service_preview`` to those who share pools and write lines."""

from __future__ import annotations

from dataclasses import dataclass, field

from koperasi.cooperatives.service import Cooperative
from koperasi.returns.model import Asked, Earning, PoolFacts, Warned
from koperasi.returns.rules_days import Movement
from koperasi.returns.rules_run import Period, Quick, Taxing
from koperasi.returns.service_facts import Wanted


@dataclass
class Plan:
    """Everything a run is computed with."""

    cooperative: Cooperative
    asked: Asked
    period: Period
    number: int
    products: dict[str, Earning]
    cut: tuple[Period, ...]
    quick: dict[str, Quick | None]
    taxing: Taxing
    skipped: set[str]
    posted: dict[str, int]
    own: dict[str, list[Movement]]
    paid: int
    pool: PoolFacts | None = None
    shares: dict[str, list[int]] = field(default_factory=dict)
    shared: dict[str, int] = field(default_factory=dict)
    warnings: list[Warned] = field(default_factory=list)

    @property
    def wanted(self) -> Wanted:
        """The accounts, in the order of the run."""
        slow = [code for code, one in self.products.items() if one.earns == "rate" and self.quick[code] is None]
        return Wanted(self.period, self.cut, list(self.products), slow, without=self.own)
