"""All tables in one metadata: importing this module imports every slice's ``tables``; migrations and tests use it."""

from __future__ import annotations

from koperasi.access import tables as _access
from koperasi.approvals import tables as _approvals
from koperasi.audit import tables as _audit
from koperasi.comments import tables as _comments
from koperasi.cooperatives import tables as _cooperatives
from koperasi.db import metadata
from koperasi.deposits import tables as _deposits
from koperasi.dues import tables as _dues
from koperasi.groups import tables as _groups
from koperasi.imports import tables as _imports
from koperasi.members import tables as _members
from koperasi.membership import tables as _membership
from koperasi.paper import tables as _paper
from koperasi.privacy import tables as _privacy
from koperasi.reports import tables as _reports
from koperasi.requests import tables as _requests
from koperasi.returns import tables as _returns
from koperasi.savings import tables as _savings
from koperasi.treasury import tables as _treasury

__all__ = ["metadata"]

SLICES = (
    _access,
    _approvals,
    _audit,
    _comments,
    _cooperatives,
    _deposits,
    _dues,
    _groups,
    _imports,
    _members,
    _membership,
    _paper,
    _privacy,
    _reports,
    _requests,
    _returns,
    _savings,
    _treasury,
)
