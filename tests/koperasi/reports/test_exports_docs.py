"""The worked examples of docs/exports.md."""

from __future__ import annotations

import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.export import checkpoint
from ledger.export.verify_bundle import inclusion_code as script_code
from ledger.seal import inclusion_code, seal

TEXT = (Path(__file__).parents[3] / "docs" / "exports.md").read_text("utf-8")


def test_the_worked_examples_are_right():
    before, own, sealed = re.search(r"^(0{64})→([0-9a-f]{64})→(\[.*\])$", TEXT, re.MULTILINE).groups()
    assert seal(bytes.fromhex(before), sealed.encode()).hex() == own
    code = inclusion_code(bytes.fromhex(own))
    assert code == script_code(bytes.fromhex(own))
    assert f"`{code}`" in TEXT
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    assert f"`{key.public_key().public_bytes_raw().hex()}`" in TEXT
    point = checkpoint.read(re.search(r"^KOPERASI1:1:\S+$", TEXT, re.MULTILINE)[0], key.public_key())
    assert (point.number, point.hash.hex()) == (1, own)
