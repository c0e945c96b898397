"""What other slices may ask of returns: the rules by their names, and what savings earned and what was withheld."""

from koperasi.returns import (
    rules_days,
    rules_exit,
    rules_interest,
    rules_pool,
    rules_run,
    rules_shu,
    rules_tax,
    rules_term,
)
from koperasi.returns.model import (
    STATUS_LABELS,
    Accrued,
    Asked,
    Payment,
    PoolFacts,
    Progress,
    Run,
    RunLine,
    RunStatus,
    Slip,
)
from koperasi.returns.rounding import Rounding, apportion, to_unit
from koperasi.returns.service_balances import count_balances
from koperasi.returns.service_carrying import post_all
from koperasi.returns.service_entries import entries_of, progress, reversed_chunks
from koperasi.returns.service_posting import carry_out, drop, post_next, submit
from koperasi.returns.service_preview import prepare
from koperasi.returns.service_rows import (
    largest,
    line_of,
    lines,
    run,
    runs,
)
from koperasi.returns.service_slips import assign_slips, slip, slip_sums, slips
from koperasi.returns.service_tax import record_paid, rules_on, tax_role, tax_rule, withhold
from koperasi.returns.service_why import Why, accrued, returns_of_member, why
from koperasi.returns.working import Step, number, rupiah

__all__ = [
    "STATUS_LABELS",
    "Accrued",
    "Asked",
    "Payment",
    "PoolFacts",
    "Progress",
    "Rounding",
    "Run",
    "RunLine",
    "RunStatus",
    "Slip",
    "Step",
    "Why",
    "accrued",
    "apportion",
    "assign_slips",
    "carry_out",
    "count_balances",
    "drop",
    "entries_of",
    "largest",
    "line_of",
    "lines",
    "number",
    "post_all",
    "post_next",
    "prepare",
    "progress",
    "record_paid",
    "returns_of_member",
    "reversed_chunks",
    "rules_days",
    "rules_exit",
    "rules_interest",
    "rules_on",
    "rules_pool",
    "rules_run",
    "rules_shu",
    "rules_tax",
    "rules_term",
    "run",
    "runs",
    "rupiah",
    "slip",
    "slip_sums",
    "slips",
    "submit",
    "tax_role",
    "tax_rule",
    "to_unit",
    "why",
    "withhold",
]
