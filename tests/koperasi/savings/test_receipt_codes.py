"""The code on a member's receipt: the stand-alone script finds the movement by it, without trust in the service."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from urllib.parse import unquote
from uuid import uuid4

import pytest

from koperasi.permissions import Role

SCRIPT = Path(__file__).parents[3] / "docs" / "verify_bundle.py"
CODE = r"[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}"


@pytest.fixture
def call(client, village):
    async def doing(method: str, path: str, role: Role = Role.KASIR, key: str | None = None, **more):
        return await client.request(method, f"/api/v1{path}", headers=village.headers(role, key), **more)

    return doing


@pytest.fixture
async def receipt(call, village):
    """What the member of the village was given for a deposit."""
    listed = (await call("GET", f"/members/{village.member.number}/savings-accounts")).json()["items"]
    wadiah = next(one["number"] for one in listed if one["kind"] == "wadiah")
    body = {"amount": {"amount": "25000.00", "currency": "IDR"}}
    answer = await call("POST", f"/savings-accounts/{wadiah}/deposits", key=uuid4().hex, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
async def bundle(call, receipt, tmp_path) -> Path:
    """What the cooperative exports afterwards."""
    file = tmp_path / "jurnal.zip"
    file.write_bytes((await call("GET", "/exports/journal?format=bundle", Role.PENGAWAS)).content)
    return file


def check(bundle: Path, number: str | int, code: str) -> tuple[int, str]:
    """The script alone, as an auditor runs it: nothing of ours can be imported."""
    command = [sys.executable, "-I", str(SCRIPT), str(bundle), "--receipt", str(number), code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={}, cwd=bundle.parent)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def page(client, village, session_of):
    async def read(path: str, role: Role | None) -> str:
        client.cookies.clear()
        headers = {"cookie": await session_of(village, role)} if role else {}
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        return unescape(answer.text)

    return read


@pytest.mark.parametrize(("path", "role"), [("/bukti", Role.KASIR), ("/bukti-saya", Role.ANGGOTA)])
async def test_the_code_that_is_printed_proves_the_receipt(page, receipt, bundle, path, role):
    for size in ("a5", "80mm"):
        paper = await page(f"{path}/{receipt['number']}?ukuran={size}", role)
        found = re.search(rf'Kode segel jurnal (\d+): <b class="code">({CODE})</b>', paper)
        assert found, paper
        status, said = check(bundle, found[1], found[2])
        assert status == 0, said
        assert (int(found[1]), found[2]) == (receipt["entry_number"], receipt["inclusion_code"])


async def test_the_message_and_the_public_page_say_the_same_code(page, receipt, bundle, village):
    paper = await page(f"/bukti/{receipt['number']}", Role.KASIR)
    message = unquote(re.search(r'https://wa\.me/\d*\?text=([^"]+)', paper)[1])
    told = re.search(rf"^Kode segel jurnal (\d+): ({CODE})$", message, re.MULTILINE)
    assert told, message
    assert check(bundle, told[1], told[2])[0] == 0
    public = await page(f"/cek/{village.cooperative.code}/{receipt['number']}/{receipt['verify_code']}", None)
    assert receipt["inclusion_code"] in public


async def test_a_code_as_people_type_it_is_read(receipt, bundle):
    typed = receipt["inclusion_code"].lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert check(bundle, receipt["entry_number"], typed)[0] == 0


async def test_a_wrong_code_or_number_is_refused(receipt, bundle):
    number, code = receipt["entry_number"], receipt["inclusion_code"]
    other = code[:-1] + ("2" if code[-1] != "2" else "3")
    for wrong in ((number, other), (number - 1, code), (number + 1000, code), (number, receipt["verify_code"])):
        status, said = check(bundle, *wrong)
        assert status == 1, wrong
        assert f"receipt of entry {wrong[0]}" in said
