"""What is sealed opens at its place and nowhere else; keys come and go without a value being lost."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koperasi.privacy import crypto, keys
from koperasi.privacy.crypto import Cipher, Place, SealBrokenError
from koperasi.privacy.keys import KeyRing, KeysMissing

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
HERE = Place("member", "nik", 7, "00001")
CIPHER = Cipher(b"\x01\x02\x03\x04", bytes(range(32)))

places = st.builds(
    Place,
    st.sampled_from(["member", "member_heir"]),
    st.sampled_from(["nik", "phone"]),
    st.integers(1, 3),
    st.sampled_from(["00001", "00001/1", "1"]),
)


@given(st.binary(max_size=300), places, places)
def test_a_value_opens_where_it_was_sealed_only(value, here, there):
    sealed = CIPHER.seal(value, here)
    assert CIPHER.open(sealed, here) == value
    if there != here:
        with pytest.raises(SealBrokenError):
            CIPHER.open(sealed, there)


@given(st.binary(min_size=1, max_size=40), st.data())
def test_a_changed_value_does_not_open(value, data):
    sealed = bytearray(CIPHER.seal(value, HERE))
    place = data.draw(st.integers(crypto.HEAD_BYTES, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBrokenError):
        CIPHER.open(bytes(sealed), HERE)


def test_parts_of_a_place_do_not_run_into_each_other():
    pairs = [Place("a", "bc", 1, "2"), Place("ab", "c", 1, "2"), Place("a", "bc", 12, ""), Place("a", "bc", 1, "/2")]
    assert len({crypto.associated_data(place) for place in pairs}) == len(pairs)


def test_equal_values_look_different_and_the_complaint_tells_nothing():
    first, second = CIPHER.seal(b"3273056010900009", HERE), CIPHER.seal(b"3273056010900009", HERE)
    assert first != second
    assert b"3273056010900009" not in first
    with pytest.raises(SealBrokenError) as told:
        CIPHER.open(first, HERE._replace(row="00002"))
    assert str(told.value) == "member.nik of book 7"


@pytest.mark.parametrize("text", [b"", b"3273056010900009", b"\x02" + b"x" * 60, b"\x01" + b"x" * 10])
def test_what_is_no_sealed_value_is_told_apart(text):
    with pytest.raises(SealBrokenError):
        crypto.key_id_of(text, HERE)


def test_a_digest_is_of_one_book_and_one_purpose():
    ours, theirs = crypto.book_key(b"k" * 32, 1), crypto.book_key(b"k" * 32, 2)
    found = {crypto.digest(key, purpose, "1234") for key in (ours, theirs) for purpose in ("nik", "phone")}
    assert len(found) == 4
    assert crypto.digest(ours, "nik", "1234") == crypto.digest(crypto.book_key(b"k" * 32, 1), "nik", "1234")


# --- The file --------------------------------------------------------------------------------------------------------


def test_the_file_is_made_once_and_for_its_owner_only(tmp_path):
    path = tmp_path / "keys" / "personal-data.json"
    keys.make(path, NOW)
    written = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    keys.make(path, NOW)
    assert path.read_bytes() == written
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    found = keys.read(path)
    assert found.current.secret.hex() not in repr(found) + repr(found.current)


def test_keys_come_and_go(tmp_path):
    path = tmp_path / "keys.json"
    keys.make(path, NOW)
    first = keys.read(path)
    second = first.with_new(NOW)
    assert second.leaving == first.keys
    assert second.current != first.current
    retired = second.with_retired(NOW)
    assert (retired.leaving, retired.current) == ((), second.current)
    keys.write(path, retired)
    assert keys.read(path) == retired
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert retired.without(first.current.key_id).keys == (second.current,)


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"keys": [], "digest_key": ""}', '{"keys": [{}], "digest_key": "00"}']
)
def test_what_is_no_key_file_is_refused(tmp_path, content):
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(KeysMissing):
        keys.read(path)


def test_a_short_key_is_refused(tmp_path):
    path = tmp_path / "keys.json"
    keys.make(path, NOW)
    told = json.loads(path.read_text())
    told["keys"][0]["secret"] = "00" * 16
    path.write_text(json.dumps(told))
    with pytest.raises(KeysMissing):
        keys.read(path)


def test_a_ring_without_a_file_says_so_and_finds_it_later(tmp_path):
    ring = KeyRing(tmp_path / "keys.json")
    with pytest.raises(KeysMissing):
        ring.digest(1, "nik", "1")
    keys.make(ring.path, NOW)
    assert ring.open(ring.cipher.seal(b"x", HERE), HERE) == b"x"


def test_a_ring_opens_at_once_what_another_process_sealed_with_a_new_key(tmp_path):
    here, there = KeyRing(tmp_path / "keys.json"), KeyRing(tmp_path / "keys.json")
    keys.make(here.path, NOW)
    old = here.cipher.seal(b"old", HERE)
    assert there.open(old, HERE) == b"old"
    keys.write(here.path, keys.read(here.path).with_new(NOW))
    here.look_again()
    new = here.cipher.seal(b"new", HERE)
    assert crypto.key_id_of(new, HERE) != crypto.key_id_of(old, HERE)
    assert (there.open(new, HERE), there.open(old, HERE)) == (b"new", b"old")
    assert here.digest(1, "nik", "1") == there.digest(1, "nik", "1")


def test_a_value_whose_key_is_gone_is_told_apart_from_a_broken_one(tmp_path):
    ring = KeyRing(tmp_path / "keys.json")
    keys.make(ring.path, NOW)
    with pytest.raises(KeysMissing):
        ring.open(Cipher(os.urandom(4), os.urandom(32)).seal(b"x", HERE), HERE)
