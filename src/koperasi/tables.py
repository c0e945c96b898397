"""All tables in one metadata: importing this module imports every slice's ``tables``; migrations and tests use it."""

from __future__ import annotations

from koperasi.access import tables as _access
from koperasi.approvals import tables as _approvals
from koperasi.audit import tables as _audit
from koperasi.cooperatives import tables as _cooperatives
from koperasi.db import metadata
from koperasi.groups import tables as _groups
from koperasi.imports import tables as _imports
from koperasi.members import tables as _members
from koperasi.privacy import tables as _privacy
from koperasi.reports import tables as _reports
from koperasi.savings import tables as _savings

__all__ = ["metadata"]

SLICES = (_access, _approvals, _audit, _cooperatives, _groups, _imports, _members, _privacy, _reports, _savings)
