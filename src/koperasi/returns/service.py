"""What other slices may ask of returns: the rules, by their names. They read nothing and write nothing."""

from koperasi.returns import (
    rounding,
    rules_days,
    rules_exit,
    rules_interest,
    rules_pool,
    rules_shu,
    rules_tax,
    rules_term,
)
from koperasi.returns.working import Step, number, rupiah

__all__ = [
    "Step",
    "number",
    "rounding",
    "rules_days",
    "rules_exit",
    "rules_interest",
    "rules_pool",
    "rules_shu",
    "rules_tax",
    "rules_term",
    "rupiah",
]
