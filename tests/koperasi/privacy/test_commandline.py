"""``koperasi keys`` as the keeper of a server types it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest


@pytest.fixture
def koperasi(addresses):
    def calling(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "koperasi.cli", "keys", *arguments],
            env=os.environ
            | {"DATABASE_URL": addresses.application, "PYTHONPATH": os.pathsep.join(sys.path)}
            | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return calling


def test_a_key_file_is_made_once(koperasi, tmp_path):
    path = tmp_path / "secrets" / "keys.json"
    made = koperasi("make", KOPERASI_KEYS=str(path))
    assert (made.returncode, made.stdout.strip()) == (0, str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert koperasi("make", KOPERASI_KEYS=str(path)).returncode == 1
    assert path.read_bytes() == before


async def test_rotate_list_and_forget(koperasi, person):
    assert person.nik
    rotated = koperasi("rotate")
    assert rotated.returncode == 0, rotated.stderr
    new = rotated.stdout.strip()
    lines = [line.split("  ") for line in koperasi("list").stdout.splitlines()]
    assert [line[0] for line in lines if line[2] == "current"] == [new]
    assert all(line[2].startswith("retired") and line[3] == "0" for line in lines[:-1])
    assert int(lines[-1][3]) > 0
    assert koperasi("forget", new).returncode == 1
    assert koperasi("forget", lines[0][0]).returncode == 0
    assert lines[0][0] not in koperasi("list").stdout


def test_without_a_file_it_says_so(koperasi, tmp_path):
    told = koperasi("list", KOPERASI_KEYS=str(tmp_path / "none.json"))
    assert told.returncode == 1
    assert "Kunci data pribadi tidak ditemukan" in told.stderr
    assert "Traceback" not in told.stderr
