"""A bundle, and the script by which anybody checks it: every kind of damage is named to the entry."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import ledger
from ledger.export import Filter, bundle, checkpoint, snapshot, verify_bundle
from ledger.seal import inclusion_code

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "docs" / "verify_bundle.py"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def sign(data: bytes) -> tuple[bytes, bytes]:
    return PUBLIC, KEY.sign(data)


def check(path: Path, *options: str) -> tuple[int, str]:
    """Run the script as a stranger would: alone, without this project on the path."""
    done = subprocess.run([sys.executable, "-I", SCRIPT, path, *options], capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


async def write(database, book: int, path: Path, wanted: Filter = Filter(), signed=None) -> Path:  # noqa: B008
    async with database.reading(book) as connection:
        seen = await snapshot(connection, book, wanted)
        await bundle.write(seen, bundle.Directory(path), sign=signed)
    return path


@pytest.fixture
async def folder(desk, database, tmp_path):
    """A bundle of seven entries, the third undone by the seventh, with notes at 2 and 7."""
    for number in range(6):
        note = "Beli beras “5 kg”" if number == 1 else None
        await desk.post(("1101", 500 + number), ("3101", -500 - number), on=date(2026, 11, 1 + number), note=note)
    await desk.reverse(3)
    return await write(database, desk.book, tmp_path / "bundle")


def rewrite(folder: Path, name: str, change) -> None:
    file = folder / name
    lines = file.read_bytes().splitlines(keepends=True)
    changed = change(lines)
    file.write_bytes(b"".join(lines if changed is None else changed))


def resealed(lines: list[bytes], at: int) -> list[bytes]:
    """The chain computed anew from a line on, as a forger would."""
    for index in range(at, len(lines)):
        before, _, sealed = lines[index].rstrip(b"\n").split(b"\t")
        if index:
            before = lines[index - 1].split(b"\t")[1]
        own = sha256(bytes.fromhex(before.decode()) + sealed).hexdigest().encode()
        lines[index] = b"\t".join([before, own, sealed]) + b"\n"
    return lines


def swap(lines, one, two):
    lines[one], lines[two] = lines[two], lines[one]


def replace(lines, at, old, new):
    assert old in lines[at]
    lines[at] = lines[at].replace(old, new, 1)


def test_the_script_in_docs_is_the_one_in_the_bundle(folder):
    assert (
        SCRIPT.read_bytes() == (folder / "verify_bundle.py").read_bytes() == Path(verify_bundle.__file__).read_bytes()
    )
    needed = {
        line.split()[1].split(".")[0]
        for line in SCRIPT.read_text("utf-8").splitlines()
        if line.startswith(("import ", "from "))
    }
    assert needed <= sys.stdlib_module_names


def test_an_intact_bundle(folder):
    code, said = check(folder)
    assert (code, said.split(":")[-1].strip()) == (0, "intact / utuh")
    assert said.startswith("7 entries, last 7 ")
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert (manifest["entries"], manifest["postings"], manifest["filter"]) == (7, 14, {})
    assert manifest["totals"] == {"IDR": [3517, 3517]}
    assert [json.loads(line)["entry"] for line in (folder / "notes.jsonl").read_bytes().splitlines()] == [2, 7]


DAMAGES = [
    # (file, change, what is said, where it is)
    ("entries.txt", lambda lines: lines[:-1], "the manifest counts 7", "after entry 6"),
    ("entries.txt", lambda lines: lines[1:], "stands where entry 1 belongs", "entry 2"),
    ("entries.txt", lambda lines: lines[:2] + lines[3:], "stands where entry 3 belongs", "entry 4"),
    ("entries.txt", lambda lines: swap(lines, 2, 3), "stands where entry 3 belongs", "entry 4"),
    ("entries.txt", lambda lines: replace(lines, 2, b"502", b"503"), "its content is not what was sealed", "entry 3"),
    ("entries.txt", lambda lines: replace(lines, 3, b"penguji", b"pengujo"), "is not what was sealed", "entry 4"),
    ("entries.txt", lambda lines: replace(lines, 4, b"2026-11-05", b"2026-11-06"), "not what was sealed", "entry 5"),
    ("entries.txt", lambda lines: replace(lines, 0, b"Uji", b"uji"), "its content is not what was sealed", "entry 1"),
    ("entries.txt", lambda lines: replace(lines, 5, b"koperasi-entry-1", b"koperasi-entry-9"), "version", "entry 6"),
    ("entries.txt", lambda lines: replace(lines, 5, b"\t", b" "), "after entry 5: it can't be read", "line 6"),
    ("entries.txt", lambda lines: replace(lines, 5, b'"1101"', b'"1109"'), "account 1109 in IDR is not", "entry 6"),
    # The forger computes the chain anew: the last hash gives it away.
    (
        "entries.txt",
        lambda lines: resealed([line.replace(b"502", b"902") if at == 2 else line for at, line in enumerate(lines)], 2),
        "with another hash",
        "entry 7",
    ),
    ("accounts.jsonl", lambda lines: replace(lines, 1, b"Bank", b"Bang"), "is not what it was", "account 1102"),
    ("accounts.jsonl", lambda lines: replace(lines, 0, b'"IDR"', b'"USD"'), "is not among the accounts", "entry 1"),
    ("accounts.jsonl", lambda lines: lines[:-1], "it is missing", "account 3101"),
    ("accounts.jsonl", lambda lines: swap(lines, 0, 1), "not the file that the manifest names", "accounts.jsonl"),
    ("notes.jsonl", lambda lines: replace(lines, 0, b"5 kg", b"6 kg"), "not the one whose digest", "entry 2"),
    ("notes.jsonl", lambda lines: replace(lines, 0, b'"entry":2', b'"entry":3'), "not the one whose", "entry 3"),
    ("notes.jsonl", lambda lines: replace(lines, 1, b'"entry":7', b'"entry":9'), "not in the bundle", "note of entry 9"),
    ("manifest.json", lambda lines: [b"".join(lines).replace(b"3517", b"3518", 1)], "debit and credit in IDR", "manifest"),
    ("manifest.json", lambda lines: [b"".join(lines).replace(b'"entries": 7', b'"entries": 8')], "counts 8", "after entry 7"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "what", "where"), DAMAGES)
def test_damage_is_named(folder, name, change, what, where):
    before = (folder / name).read_bytes()
    rewrite(folder, name, change)
    assert (folder / name).read_bytes() != before
    code, said = check(folder)
    assert code == 1
    assert any(line.startswith(f"{where}") and what in line for line in said.splitlines()), said


@hypothesis_settings(max_examples=60)
@given(data=st.data())
def test_no_byte_of_the_entries_can_change_unseen(data, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "bytes"
    if not folder.exists():
        folder.mkdir()
        lines, previous = [], bytes(32)
        for number in range(1, 6):
            sealed = json.dumps(
                [
                    "koperasi-entry-1",
                    1,
                    number,
                    "2026-01-01",
                    "2026-01-01T00:00:00.000000Z",
                    "k",
                    "d",
                    None,
                    None,
                    "a",
                    None,
                    None,
                    [],
                    [["1101", "IDR", 5], ["3101", "IDR", -5]],
                ],
                separators=(",", ":"),
            ).encode()
            own = sha256(previous + sealed).digest()
            lines.append(f"{previous.hex()}\t{own.hex()}\t".encode() + sealed + b"\n")
            previous = own
        accounts = [b'["1101","","","","","IDR"]\n', b'["3101","","","","","IDR"]\n']
        end = {"number": 5, "hash": previous.hex()}
        manifest = {
            "format": "koperasi-bundle-1", "book": 1, "filter": {}, "head": end, "entries": 5, "postings": 10,
            "totals": {"IDR": [25, 25]}, "first": {"number": 1, "hash": lines[0].split(b"\t")[1].decode()}, "last": end,
            "accounts": {"digest": sha256(b"".join(accounts)).hexdigest(), "each": {
                code: sha256(line).hexdigest()[:16] for code, line in zip(("1101", "3101"), accounts, strict=True)}},
        }  # fmt: skip
        (folder / "manifest.json").write_text(json.dumps(manifest))
        (folder / "accounts.jsonl").write_bytes(b"".join(accounts))
        (folder / "whole.txt").write_bytes(b"".join(lines))
    whole = (folder / "whole.txt").read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]))
    (folder / "entries.txt").write_bytes(whole)
    assert verify_bundle.main([str(folder)]) == 0
    (folder / "entries.txt").write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
    assert verify_bundle.main([str(folder)]) == 1


async def test_an_erased_note_leaves_the_bundle_valid(desk, database, folder, tmp_path):
    async with database.work(desk.book) as work:
        await ledger.erase_note(work.connection, desk.book, 2, actor="admin", reason="subject-request")
        await work.commit()
    later = await write(database, desk.book, tmp_path / "later")
    assert check(later)[0] == 0
    assert "beras" not in (later / "notes.jsonl").read_text("utf-8")
    assert (later / "entries.txt").read_bytes() == (folder / "entries.txt").read_bytes()
    # Erased from a bundle that is there already, it is no damage either.
    (folder / "notes.jsonl").write_bytes(b"")
    assert check(folder)[0] == 0
    (folder / "notes.jsonl").unlink()
    assert check(folder)[0] == 0


async def test_the_archive_is_the_same_as_the_folder_and_always_the_same(desk, database, folder, tmp_path):
    archives = []
    for name in ("one.zip", "two.zip"):
        with ZipFile(tmp_path / name, "w") as archive:
            async with database.reading(desk.book) as connection:
                await bundle.write(await snapshot(connection, desk.book, Filter()), bundle.Zip(archive))
        archives.append((tmp_path / name).read_bytes())
    assert archives[0] == archives[1]
    assert check(tmp_path / "one.zip")[0] == 0
    with ZipFile(tmp_path / "one.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            file.name: file.read_bytes() for file in folder.iterdir()
        }


async def test_a_filter(desk, database, folder, tmp_path):
    for number, wanted in enumerate(
        (
            Filter(from_date=date(2026, 11, 3)),
            Filter(kind="reversal"),
            Filter(account="1101"),
            Filter(known_at=4),
            Filter(known_at=0),
        )
    ):
        some = await write(database, desk.book, tmp_path / f"some{number}", wanted)
        assert check(some)[0] == 0, wanted
    some = tmp_path / "some0"
    rewrite(some, "entries.txt", lambda lines: lines[:1] + lines[2:])
    assert "after entry 7: there are 4 entries, the manifest counts 5" in check(some)[1]


def test_a_receipt_is_found(folder):
    hashes = [line.split(b"\t")[1].decode() for line in (folder / "entries.txt").read_bytes().splitlines()]
    code = inclusion_code(bytes.fromhex(hashes[3]))
    assert len(code) == 19
    assert check(folder, "--receipt", "4", code)[0] == 0
    assert check(folder, "--receipt", "4", code.lower().replace("-", " ").replace("0", "o").replace("1", "l"))[0] == 0
    wrong, said = check(folder, "--receipt", "5", code)
    assert (wrong, said.splitlines()[0].startswith("receipt of entry 5: the entry's code is ")) == (1, True)
    assert "receipt of entry 8: that entry is not in the bundle" in check(folder, "--receipt", "8", code)[1]


async def test_a_checkpoint_proves_that_nothing_was_rewritten(desk, database, folder, tmp_path):
    last = (folder / "entries.txt").read_bytes().splitlines()[-1].split(b"\t")[1].decode()
    moment = datetime(2026, 11, 25, 3, 4, 5, tzinfo=UTC)
    point = checkpoint.Checkpoint(desk.book, 7, bytes.fromhex(last), moment)
    code = checkpoint.sign(KEY, point)
    assert checkpoint.read(code, KEY.public_key()) == point
    with pytest.raises(ValueError, match="this key"):
        checkpoint.read(code, OTHER.public_key())
    assert code == code.upper()
    for number in range(3):
        await desk.post(("1101", 9), ("3101", -9), on=date(2026, 11, 20 + number))
    later = await write(database, desk.book, tmp_path / "later", signed=sign)
    assert check(later, "--checkpoint", code, "--key", PUBLIC.hex())[0] == 0
    assert check(later, "--checkpoint", code)[0] == 0
    assert "this key did not sign it" in check(later, "--checkpoint", checkpoint.sign(OTHER, point))[1]
    assert "checkpoint: this key did not sign it" in check(later, "--checkpoint", code.replace(":7:", ":6:"))[1]
    # Somebody with every right rewrites the third entry, its chain and the manifest, but has no key.
    rewrite(
        later,
        "entries.txt",
        lambda lines: resealed([line.replace(b"502", b"902") if at == 2 else line for at, line in enumerate(lines)], 2),
    )
    own = (later / "entries.txt").read_bytes().splitlines()[-1].split(b"\t")[1].decode()
    manifest = json.loads((later / "manifest.json").read_bytes())
    manifest["head"]["hash"] = manifest["last"]["hash"] = own
    manifest["totals"] = {"IDR": [one + 400 for one in manifest["totals"]["IDR"]]}
    (later / "manifest.json").write_text(json.dumps(manifest))
    said = check(later, "--checkpoint", code)[1].splitlines()
    assert said[:2] == [
        "manifest: its signature is wrong: it was changed after it was signed",
        "checkpoint: entry 7 had another hash then: the books were rewritten since",
    ]
    # Nor does it help to leave the signature out: who has the key on paper asks for it.
    (later / "manifest.sig").unlink()
    code, said = check(later, "--key", PUBLIC.hex())
    assert (code, said.splitlines()[0]) == (1, "manifest: it is not signed")
    for wrong in ("KOPERASI1:x", "KOPERASI1:1:2:3:4:5:6", code):
        assert check(later, "--checkpoint", str(wrong))[0] == 1


@given(
    seed=st.binary(min_size=32, max_size=32),
    message=st.binary(max_size=100),
    at=st.integers(0, 63),
    bit=st.integers(0, 7),
)
@hypothesis_settings(max_examples=25)
def test_signatures_are_checked_as_the_standard_says(seed, message, at, bit):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert verify_bundle.verify_signature(public, message, signature)
    assert not verify_bundle.verify_signature(public, message + b"x", signature)
    wrong = bytearray(signature)
    wrong[at] ^= 1 << bit
    assert not verify_bundle.verify_signature(public, message, bytes(wrong))


def test_rfc_8032():
    """Section 7.1, tests 1 to 3."""
    for public, message, signature in (
        ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ):  # fmt: skip
        assert verify_bundle.verify_signature(*map(bytes.fromhex, (public, message, signature)))


def test_what_can_t_be_checked(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"no archive")
    (tmp_path / "empty").mkdir()
    for name in ("x.zip", "empty", "nowhere"):
        code, said = check(tmp_path / name)
        assert (code, said.startswith("cannot be checked: ")) == (1, True)
