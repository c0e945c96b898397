"""What a request's model takes: Litestar asks pydantic to be lenient whatever a field says, so fields must insist."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from pydantic import TypeAdapter, ValidationError

import koperasi.app  # noqa: F401 - brings in all models
from koperasi.rest import Model, Result


def models(kind: type[Model] = Model) -> Iterator[type[Model]]:
    for one in kind.__subclasses__():
        if not issubclass(one, Result):
            if one.__module__ in sys.modules and one.__module__.startswith("koperasi."):
                yield one
            yield from models(one)


FIELDS = {
    f"{one.__module__}.{one.__name__}.{name}": field
    for one in models()
    for name, field in one.model_fields.items()
    if field.annotation in {int, bool}
}


def test_there_are_such_fields():
    assert any(field.annotation is bool for field in FIELDS.values())
    assert any(field.annotation is int for field in FIELDS.values())


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_number_is_no_truth_and_a_word_is_no_number(name):
    field = FIELDS[name]
    whole = TypeAdapter(field.rebuild_annotation())
    for foreign in (1, 0, "yes", "true") if field.annotation is bool else (True, False, "3", 3.0):
        with pytest.raises(ValidationError):
            whole.validate_python(foreign, strict=False)
