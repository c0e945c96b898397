"""Fixtures of the ledger's tests."""

from __future__ import annotations

import pytest_asyncio

import ledger
from koperasi.db import Database

from .support import Desk, open_desk


@pytest_asyncio.fixture
async def desk(database: Database, poster: ledger.Poster) -> Desk:
    """A fresh book with a small chart."""
    return await open_desk(database, poster)
