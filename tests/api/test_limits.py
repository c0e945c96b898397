"""How much a request may bring: told early, in words, and without filling memory or disk."""

from __future__ import annotations

import json
import re
import resource
import secrets
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from litestar.types import Message

from koperasi.app import create_app
from koperasi.config import Settings
from koperasi.permissions import Role

from .conftest import form_token, session_cookie
from .test_problems import check_problem

MEGABYTE = 1024 * 1024


def send_raw(site, head, pieces=()):
    """Speak HTTP by hand; the status and text of the answer, and how many bytes were sent before it came."""
    address = urlsplit(site)
    sent = 0
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(head)
        connection.setblocking(False)
        answer = b""
        for piece in pieces:
            connection.settimeout(30)
            try:
                connection.sendall(piece)
            except OSError:
                break  # the other side has heard enough
            sent += len(piece)
            connection.setblocking(False)
            try:
                answer += connection.recv(65536)
            except BlockingIOError:
                continue
            break
        connection.settimeout(30)
        while not complete(answer):
            more = connection.recv(65536)
            assert more, answer
            answer += more
    return answer.partition(b"\r\n")[0].decode(), answer.decode("utf-8", "replace"), sent


def complete(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: ([0-9]+)", head.lower())
    return length is not None and len(body) >= int(length[1])


def upload_head(shop, length):
    size = f"Content-Length: {length}" if length else "Transfer-Encoding: chunked"
    return (
        f"POST /api/v1/imports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {shop.village.tokens[Role.BENDAHARA]}\r\n"
        f"Idempotency-Key: {secrets.token_hex(8)}\r\nContent-Type: multipart/form-data; boundary=x\r\n{size}\r\n\r\n"
    ).encode()


FILE_HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n'


def test_a_file_of_500_megabytes_is_refused_before_it_is_sent(site, shop):
    status, text, _ = send_raw(site, upload_head(shop, 500 * MEGABYTE))
    assert " 413 " in f"{status} "
    assert "terlalu besar" in text


def chunks(megabytes):
    def chunk(data):
        return f"{len(data):x}\r\n".encode() + data + b"\r\n"

    yield chunk(FILE_HEAD)
    for _ in range(megabytes):
        yield chunk(b"Budi;100\n" * (MEGABYTE // 9))


def test_a_file_of_500_megabytes_that_does_not_say_so_is_refused_on_the_way(site, shop):
    """The service reads what it may, and neither keeps nor writes the rest."""
    before, room = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, free_room()
    status, text, sent = send_raw(site, upload_head(shop, None), chunks(500))
    assert " 413 " in f"{status} "
    assert "terlalu besar" in text
    assert sent < 60 * MEGABYTE
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # of this process, where the site runs too
    assert grown < 150 * 1024, "kilobytes"
    assert room - free_room() < 200 * MEGABYTE


def free_room():
    import shutil
    import tempfile

    return shutil.disk_usage(Path(tempfile.gettempdir())).free


@pytest.mark.parametrize("path", ["members", "journal-entries", "periods/2024-01"])
async def test_a_document_is_small(client, shop, path):
    body = json.dumps({"name": "x" * (MEGABYTE + 1)}).encode()
    method = "PUT" if path.startswith("periods") else "POST"
    headers = shop.headers(key=secrets.token_hex(8)) | {"Content-Type": "application/json"}
    check_problem(await client.request(method, f"/api/v1/{path}", headers=headers, content=body), 413)


async def test_many_entries_at_once_may_be_larger(client, shop):
    body = json.dumps({"mode": "atomic", "entries": [], "x": "x" * (2 * MEGABYTE)}).encode()
    headers = shop.headers(key=secrets.token_hex(8)) | {"Content-Type": "application/json"}
    answer = await client.post("/api/v1/journal-entries/bulk", headers=headers, content=body)
    check_problem(answer, 400, "validation")


async def test_a_form_is_small_and_a_file_may_be_larger(browser, database, shop):
    cookie = await session_cookie(database, shop.village, Role.BENDAHARA)
    token = await form_token(browser)
    headers = {"Cookie": f"{cookie}; csrf={token}"}
    for path in ("/anggota/baru", "/masuk", "/bahasa"):
        answer = await browser.post(path, headers=headers, data={"_csrf_token": token, "name": "x" * (MEGABYTE + 1)})
        assert answer.status_code == 413, path
        assert "terlalu besar" in answer.text
    file = {"file": ("a.csv", b"Nama\n" + b"Budi\n" * 300_000, "text/csv")}
    fields = {"_csrf_token": token, "kind": "members"}
    answer = await browser.post("/impor", headers=headers, data=fields, files=file, follow_redirects=False)
    assert answer.status_code == 422, "too many rows, told beside the field"
    assert "paling banyak" in answer.text
    file = {"file": ("a.csv", b"Nama\n" + b"x" * (21 * MEGABYTE), "text/csv")}
    answer = await browser.post("/impor", headers=headers, data=fields, files=file, follow_redirects=False)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/api/v1/members", b"application/json"), ("/impor", b"multipart/form-data; boundary=x"), ("/masuk", b"x")],
)
async def test_who_hangs_up_while_sending_is_no_fault_of_ours(addresses, tmp_path, shop, path, kind):
    """It was logged as a mistake of the service: 500."""
    heard: list[Message] = []
    waiting: list[Message] = [
        {"type": "http.request", "body": b'{"name": "Nur', "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive():
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message):
        heard.append(message)

    token = shop.village.tokens[Role.BENDAHARA]
    headers = [(b"authorization", f"Bearer {token}".encode()), (b"content-type", kind), (b"host", b"x")]
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers,
        "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1), "server": ("x", 80), "root_path": "",
        "asgi": {"version": "3.0"}, "extensions": {},
    }  # fmt: skip
    application = create_app(Settings(data_dir=tmp_path), engine_url=addresses.application)
    async with application.lifespan():
        await application(scope, receive, send)
    statuses = [message["status"] for message in heard if message["type"] == "http.response.start"]
    assert statuses
    assert statuses[0] in {400, 403}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(64), "file-type"),
        ("a.xlsx", b"%PDF-1.7\nNama,Jumlah\n", "file-type"),
        ("a.csv", b"<html><script>alert(1)</script></html>", "file-web-page"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "file-old-excel"),
        ("../../etc/passwd", b"\x7fELF" + bytes(64), "file-type"),
    ],
)
async def test_what_a_file_is_shows_in_its_content_not_in_its_name(client, shop, name, content, code):
    answer = await client.post(
        "/api/v1/imports",
        headers=shop.headers(),
        data={"kind": "members", "dry_run": "true"},
        files={"file": (name, content, "text/csv")},
    )
    check_problem(answer, 422, code)


AMBIGUOUS = {
    "both a length and chunks": "Content-Length: 4\r\nTransfer-Encoding: chunked",
    "two lengths": "Content-Length: 4\r\nContent-Length: 5",
    "a length with a sign": "Content-Length: +4",
    "chunks by another name": "Transfer-Encoding: xchunked",
    "a space before the colon": "Content-Length : 4",
}


@pytest.mark.parametrize("header", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_a_request_whose_end_is_not_clear_is_refused(site, header):
    """Else a proxy and this server may differ on where the next request begins."""
    answer = talk(
        site, f"POST /api/v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{header}\r\n\r\n0\r\n\r\n"
    )
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.startswith(b"HTTP/1.1 400"), answer[:100]


def test_trace_is_no_method_of_ours(site):
    assert talk(site, "TRACE /masuk HTTP/1.1\r\nHost: x\r\nX-Secret: 1\r\n\r\n").startswith(b"HTTP/1.1 405")


def talk(site, text):
    """Everything that the server says until it hangs up, or falls silent."""
    address = urlsplit(site)
    heard = b""
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(text.encode())
        connection.shutdown(socket.SHUT_WR)
        while more := connection.recv(65536):
            heard += more
    return heard
