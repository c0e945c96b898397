"""The same books as in the tests of bookkeeping."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_spec = spec_from_file_location("books_of_tests", Path(__file__).parents[1] / "bookkeeping" / "conftest.py")
_books = module_from_spec(_spec)
sys.modules[_spec.name] = _books
_spec.loader.exec_module(_books)

cooperative, books = _books.cooperative, _books.books
enter, treasurer, auditor = _books.enter, _books.treasurer, _books.auditor
