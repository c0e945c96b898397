"""What other slices may ask of returns: the rules, by their names. They read nothing and write nothing."""

from koperasi.returns import (
    rules_days,
    rules_exit,
    rules_interest,
    rules_pool,
    rules_shu,
    rules_tax,
    rules_term,
)
from koperasi.returns.rounding import Rounding, apportion, to_unit
from koperasi.returns.working import Step, number, rupiah

__all__ = [
    "Rounding",
    "Step",
    "apportion",
    "number",
    "rules_days",
    "rules_exit",
    "rules_interest",
    "rules_pool",
    "rules_shu",
    "rules_tax",
    "rules_term",
    "rupiah",
    "to_unit",
]
