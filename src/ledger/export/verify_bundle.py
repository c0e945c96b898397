#!/usr/bin/env python3
"""Check a bundle that ``koperasi export --format bundle`` wrote. It needs nothing but Python.

    verify_bundle.py BUNDLE [--receipt NUMBER CODE] [--checkpoint CODE] [--key PUBLIC_KEY]

BUNDLE is the ZIP file or the folder. Every entry's hash is computed again from the hash before it and its sealed bytes;
the entries must follow one another, balance, and be those that the manifest counts; accounts and notes must be those
whose digests were kept. A receipt or checkpoint is looked for among the entries. A key that you wrote down yourself,
with ``--key``, shows that manifest and checkpoint come from its owner.

Exit code: 0 nothing is wrong, 1 something is (each line says where), 2 wrong use.
"""

from __future__ import annotations

import argparse
import json
import sys
from base64 import b32decode
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any, BinaryIO, Iterator  # noqa: UP035 - Python 3.8 too
from zipfile import BadZipFile, ZipFile

ENTRY, BUNDLE, CHECKPOINT = "koperasi-entry-1", "koperasi-bundle-1", "KOPERASI1"
MOST_TOLD = 50


class Bundle:
    """The files, in a folder or an archive."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.archive = None if path.is_dir() else ZipFile(path)

    def open(self, name: str) -> BinaryIO:
        """One file, to read. Raises KeyError or FileNotFoundError if it isn't there."""
        return self.archive.open(name) if self.archive else (self.path / name).open("rb")  # type: ignore[return-value]

    def read(self, name: str) -> bytes | None:
        """A whole file, or nothing if it isn't there."""
        try:
            with self.open(name) as file:
                return file.read()
        except (KeyError, FileNotFoundError):
            return None


class Check:
    """One check of one bundle; ``findings`` says what is wrong and where."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.findings: list[str] = []
        self.manifest: dict[str, Any] = {}
        self.currencies: dict[str, str] = {}
        self.totals: dict[str, list[int]] = {}
        self.wanted: dict[int, bytes | None] = {}
        self.entries = self.postings = 0
        self.first: tuple[int, str] | None = None
        self.last: tuple[int, str] = 0, "00" * 32

    def say(self, where: str, what: str) -> None:
        """Something is wrong."""
        self.findings.append(f"{where}: {what}")

    def run(self, key: bytes | None) -> None:
        """Check all files. Raises ValueError if the manifest can't be read at all."""
        data = self.bundle.read("manifest.json")
        if data is None:
            raise ValueError("there is no manifest.json")
        self.manifest = json.loads(data)
        if self.manifest.get("format") != BUNDLE:
            raise ValueError(f"this script knows {BUNDLE} only")
        self.check_signature(data, key)
        self.check_accounts()
        notes = self.notes()
        self.check_entries(notes)
        for number, _ in notes:
            self.say(f"note of entry {number}", "its entry is not in the bundle")
        self.check_counts()

    def check_signature(self, data: bytes, key: bytes | None) -> None:
        """The manifest is the one that its owner signed."""
        signed = self.bundle.read("manifest.sig")
        if signed is None:
            if key is not None:
                self.say("manifest", "it is not signed")
            return
        found = json.loads(signed)
        self.manifest["key"] = found["key"]
        if key is not None and found["key"] != key.hex():
            self.say("manifest", "another key signed it")
        if not verify_signature(bytes.fromhex(found["key"]), data, bytes.fromhex(found["signature"])):
            self.say("manifest", "its signature is wrong: it was changed after it was signed")

    def check_accounts(self) -> None:
        """The accounts are those whose digests the manifest keeps."""
        kept = self.manifest["accounts"]
        data = self.bundle.read("accounts.jsonl") or b""
        for line in data.splitlines(keepends=True):
            account = json.loads(line)
            self.currencies[account[0]] = account[5]
            if kept["each"].get(account[0]) != sha256(line).hexdigest()[:16]:
                self.say(f"account {account[0]}", "it is not what it was when the bundle was made")
        for code in kept["each"]:
            if code not in self.currencies:
                self.say(f"account {code}", "it is missing")
        if sha256(data).hexdigest() != kept["digest"]:
            self.say("accounts.jsonl", "it is not the file that the manifest names")

    def notes(self) -> Iterator[tuple[int, bytes]]:
        """Entry and digest of each note, in the order of the entries."""
        try:
            file = self.bundle.open("notes.jsonl")
        except (KeyError, FileNotFoundError):
            return
        with file:
            for line in file:
                note = json.loads(line)
                yield note["entry"], sha256(bytes.fromhex(note["salt"]) + note["text"].encode()).hexdigest().encode()

    def check_entries(self, notes: Iterator[tuple[int, bytes]]) -> None:
        """Every entry in turn."""
        note = next(notes, None)
        with self.bundle.open("entries.txt") as file:
            for line in file:
                number, digest = self.check_entry(line)
                while note is not None and note[0] < number:
                    self.say(f"note of entry {note[0]}", "its entry is not in the bundle")
                    note = next(notes, None)
                if note is not None and note[0] == number:
                    if (digest or "").encode() != note[1]:
                        self.say(f"entry {number}", "its note is not the one whose digest was sealed")
                    note = next(notes, None)
        if note is not None:
            self.say(f"note of entry {note[0]}", "its entry is not in the bundle")

    def check_entry(self, line: bytes) -> tuple[int, str | None]:
        """One line of ``entries.txt``; returns the entry's number and the digest of its note."""
        self.entries += 1
        try:
            before, own, sealed = line.rstrip(b"\n").split(b"\t")
            version, book, number, _, _, _, _, digest, _, _, reverses, _, _, lines = json.loads(sealed)
            previous, hash_ = bytes.fromhex(before.decode()), own.decode()
        except ValueError:
            self.say(f"line {self.entries} of entries.txt, after entry {self.last[0]}", "it can't be read")
            self.last = self.last[0] + 1, ""
            return self.last[0], None
        where = f"entry {number}"
        if (version, book) != (ENTRY, self.manifest["book"]):
            self.say(where, "it is of another book or version")
        unbroken = not set(self.manifest["filter"]) - {"known_at"}
        expected = self.last[0] + 1
        if number != expected and (unbroken or number < expected):
            self.say(where, f"it stands where entry {expected} belongs")
        elif number == expected and (unbroken or self.first) and self.last[1] not in {"", before.decode()}:
            self.say(where, "it does not follow from the entry before it")
        if sha256(previous + sealed).hexdigest() != hash_:
            self.say(where, "its content is not what was sealed")
        if reverses is not None and reverses >= number:
            self.say(where, "it reverses an entry that came after it")
        self.check_lines(where, lines)
        if number in self.wanted:
            self.wanted[number] = bytes.fromhex(hash_)
        self.last = number, hash_
        self.first = self.first or self.last
        return number, digest

    def check_lines(self, where: str, lines: list[Any]) -> None:
        """The entry balances, on accounts that are there."""
        sums: dict[str, int] = {}
        for code, currency, amount in lines:
            sums[currency] = sums.get(currency, 0) + amount
            if self.currencies.get(code) != currency:
                self.say(where, f"account {code} in {currency} is not among the accounts")
            self.totals.setdefault(currency, [0, 0])[amount < 0] += abs(amount)
        self.postings += len(lines)
        for currency, total in sums.items():
            if total:
                self.say(where, f"its debits and credits in {currency} differ")

    def check_counts(self) -> None:
        """The entries are all that the manifest counts, to the last one."""
        kept = self.manifest
        for name, found in (("entries", self.entries), ("postings", self.postings)):
            if kept[name] != found:
                self.say(f"after entry {self.last[0]}", f"there are {found} {name}, the manifest counts {kept[name]}")
        for name, end in (("first", self.first), ("last", self.last if self.first else None)):
            told = (kept[name]["number"], kept[name]["hash"]) if kept[name] else None
            if told != end:
                other = "with another hash" if told and end and told[0] == end[0] else ""
                self.say(
                    f"entry {end[0] if end else 0}", f"the manifest names {told[0] if told else 0} {other} as {name}"
                )
        head = kept["head"]["number"], kept["head"]["hash"]
        if not set(kept["filter"]) - {"known_at"} and head != self.last:
            self.say(f"entry {self.last[0]}", f"the book had come to entry {head[0]} when the bundle was made")
        for currency in sorted({*self.totals, *kept["totals"]}):
            sums, counted = self.totals.get(currency), kept["totals"].get(currency)
            if sums != counted:
                self.say("manifest", f"debit and credit in {currency} are {sums}, it says {counted} (minor units)")

    def check_receipt(self, number: int, code: str) -> None:
        """The entry is there, with the hash that the receipt's code was made from."""
        found = self.wanted[number]
        if found is None:
            self.say(f"receipt of entry {number}", "that entry is not in the bundle")
        elif inclusion_code(found) != normal_code(code):
            self.say(f"receipt of entry {number}", f"the entry's code is {inclusion_code(found)}, not {code}")

    def check_checkpoint(self, code: str, key: bytes | None) -> None:
        """The entry is there with the hash that was signed."""
        number, hash_ = read_checkpoint(code)
        said, _, signature = code.strip().upper().rpartition(":")
        if int(said.split(":")[1]) != self.manifest["book"]:
            self.say("checkpoint", "it is of another book")
        if self.wanted[number] is None:
            self.say("checkpoint", f"entry {number} is not in the bundle")
        elif self.wanted[number] != hash_:
            self.say("checkpoint", f"entry {number} had another hash then: the books were rewritten since")
        if key is None and "key" in self.manifest:
            key = bytes.fromhex(self.manifest["key"])
        if key is not None and not verify_signature(key, said.encode(), base32(signature)):
            self.say("checkpoint", "this key did not sign it")


def inclusion_code(entry_hash: bytes) -> str:
    """The code on a receipt: eighty bits of the hash's hash, in Crockford's base 32."""
    bits = int.from_bytes(sha256(entry_hash).digest()[:10], "big")
    code = "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[bits >> shift & 31] for shift in range(75, -5, -5))
    return "-".join(code[at : at + 4] for at in range(0, 16, 4))


def normal_code(text: str) -> str:
    """A code as it was typed; small letters, O for 0 and I or L for 1 are forgiven."""
    plain = text.strip().upper().replace("-", "").replace(" ", "")
    plain = plain.replace("O", "0").replace("I", "1").replace("L", "1")
    return "-".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def base32(text: str) -> bytes:
    """Bytes of base 32 without padding."""
    return b32decode(text + "=" * (-len(text) % 8))


def read_checkpoint(code: str) -> tuple[int, bytes]:
    """Number and hash. Raises ValueError if it is no checkpoint."""
    parts = code.strip().upper().split(":")
    if len(parts) != 6 or parts[0] != CHECKPOINT:
        raise ValueError("that is not a checkpoint's code")
    return int(parts[2]), base32(parts[3])


# Ed25519, RFC 8032 section 5.1, on points in extended coordinates (x, y, z, t).
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(one: tuple[int, int, int, int], two: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """The sum of two points."""
    a, b = (one[1] - one[0]) * (two[1] - two[0]) % P, (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * one[3] * two[3] * D % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, point: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """A point added to itself."""
    result = 0, 1, 1, 0
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def point_of(data: bytes) -> tuple[int, int, int, int] | None:
    """The point that 32 bytes name, if there is one."""
    whole = int.from_bytes(data, "little")
    y, sign = whole & ((1 << 255) - 1), whole >> 255
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if y >= P or (x * x - square) % P or (not x and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def verify_signature(key: bytes, message: bytes, signature: bytes) -> bool:
    """Did the owner of this key sign the message?"""
    if len(key) != 32 or len(signature) != 64 or BASE is None:
        return False
    owner, left = point_of(key), point_of(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if owner is None or left is None or scalar >= ORDER:
        return False
    h = int.from_bytes(sha512(signature[:32] + key + message).digest(), "little") % ORDER
    one, two = times(scalar, BASE), add(left, times(h, owner))
    return not (one[0] * two[2] - two[0] * one[2]) % P and not (one[1] * two[2] - two[1] * one[2]) % P


def main(arguments: list[str] | None = None) -> int:
    """Check what the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--receipt", nargs=2, action="append", default=[], metavar=("NUMBER", "CODE"))
    parser.add_argument("--checkpoint", action="append", default=[], metavar="CODE")
    parser.add_argument("--key", type=bytes.fromhex, help="public key of whoever signs, 64 hex digits")
    told = parser.parse_args(arguments)
    try:
        check = Check(Bundle(told.bundle))
        check.wanted = {int(number): None for number, _ in told.receipt}
        check.wanted.update((read_checkpoint(code)[0], None) for code in told.checkpoint)
        check.run(told.key)
        for number, code in told.receipt:
            check.check_receipt(int(number), code)
        for code in told.checkpoint:
            check.check_checkpoint(code, told.key)
    except (OSError, BadZipFile, KeyError, TypeError, ValueError) as error:
        sys.stdout.write(f"cannot be checked: {error}\n")
        return 1
    for finding in check.findings[:MOST_TOLD]:
        sys.stdout.write(finding + "\n")
    number, hash_ = check.last
    wrong = f"{len(check.findings)} wrong / salah" if check.findings else "intact / utuh"
    signed = f", signed by {check.manifest['key']}" if "key" in check.manifest else ", not signed"
    sys.stdout.write(f"{check.entries} entries, last {number} {hash_}{signed}: {wrong}\n")
    return 1 if check.findings else 0


if __name__ == "__main__":
    sys.exit(main())
