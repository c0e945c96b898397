"""What the running service writes down: one line a request with fields from a list, and nothing of what people sent."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from koperasi.logs import ALLOWED
from koperasi.permissions import Role

from .conftest import donated_land

SERVE = """
import os
from sqlalchemy import text
from koperasi import cli
from koperasi.config import Settings
from koperasi.embedded import Addresses
from koperasi.members import service as members
from koperasi.privacy import service_subject
from koperasi.reports import exports

async def fails(connection, book_id, *, text="", **rest):
    raise RuntimeError(f"looking for {text}")

class BreaksOff:
    def in_sql(self):
        raise RuntimeError("in the middle: SECRET-STREAM")

async def asks_wrongly(work, number, *, actor):
    await work.connection.execute(text("SELECT CAST(CAST(:nik AS text) AS integer)"), {"nik": "SECRET-IN-SQL"})

async def clashes(connection, *_args, **_rest):
    table = "CREATE TEMPORARY TABLE one (name text UNIQUE)"
    for statement in (table, "INSERT INTO one VALUES (:name)", "INSERT INTO one VALUES (:name)"):
        await connection.execute(text(statement), {"name": "SECRET-CLASH"} if ":" in statement else {})

members.search = fails
members.view_nik = asks_wrongly
service_subject.note_reading = lambda work, *_args, **_rest: clashes(work.connection)
exports._writer = lambda *_args: BreaksOff()
url = os.environ["DATABASE_URL"]
cli.run_server(Settings(), Addresses(url, url), 1)
"""
"""``koperasi serve`` with mistakes built in that speak of what they saw, two of them in PostgreSQL's words."""


class Running:
    """The service as a process of its own, and all that it wrote."""

    def __init__(self, url, directory):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._output = (directory / "output").open("w+b")
        environment = os.environ | {
            "DATABASE_URL": url,
            "KOPERASI_PORT": str(port),
            "KOPERASI_DATA_DIR": str(directory),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PYTHONUNBUFFERED": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVE], env=environment, stdout=self._output, stderr=subprocess.STDOUT
        )
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
        by = time.monotonic() + 60
        while True:
            try:
                self.client.get("/static/koperasi.css")
                break
            except httpx.ConnectError:
                assert self._process.poll() is None, self.written()
                assert time.monotonic() < by, self.written()

    def written(self):
        self._output.flush()
        self._output.seek(0)
        return self._output.read().decode()

    def stop(self):
        self.client.close()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)
        written = self.written()
        self._output.close()
        return written


@pytest.fixture
def serve(tmp_path):
    started = []

    def starting(url):
        started.append(Running(url, tmp_path))
        return started[-1]

    yield starting
    for one in started:
        if one._process.poll() is None:
            one.stop()


def lines_of(written):
    """Every line is JSON, and has fields from the list only."""
    lines = [json.loads(line) for line in written.splitlines()]
    assert all(set(line) <= ALLOWED for line in lines), written
    return lines


async def test_nothing_that_people_sent_is_written_down(server, addresses, shop, serve):
    village = shop.village
    password = village.passwords[Role.BENDAHARA]
    wrong_password = "SECRET-WRONG-PASSWORD"
    nik, phone, name = "5202014107800001", "081234567890", "Secretia Namawati"
    heir, email, heirs_phone = "Ahlia Warisani", "rahasia@example.com", "081234567891"
    planted = {
        password,
        wrong_password,
        nik,
        phone,
        "6281234567890",
        heir,
        "Warisani",
        email,
        heirs_phone[1:],
        "1980-07-01",
        name,
        "Secretia",
        "SECRET",
        village.tokens[Role.BENDAHARA],
        village.tokens[Role.BENDAHARA].rpartition("_")[2],
        village.member.name,
    }
    running = serve(addresses.application)
    client = running.client
    requests = 1  # the one that found it running

    def ask(method, path, expected, **rest):
        nonlocal requests
        requests += 1
        answer = client.request(method, path, **rest)
        assert answer.status_code in expected, f"{path}: {answer.status_code} {answer.text[:300]}"
        return answer

    bearer = {"Authorization": f"Bearer {village.tokens[Role.BENDAHARA]}"}
    page = ask("GET", "/masuk", {200})
    form = {
        "_csrf_token": re.search(r'name="_csrf_token" value="([^"]+)"', page.text).group(1),
        "cooperative": village.cooperative.code,
        "username": "bendahara",
    }
    planted.add(form["_csrf_token"])
    ask("POST", "/masuk", {422}, data=form | {"password": wrong_password})
    ask("POST", "/masuk", {403}, data={"username": "bendahara", "password": wrong_password})
    entered = ask("POST", "/masuk", {303}, data=form | {"password": password})
    planted.add(entered.cookies["koperasi_session"])
    credentials = {"cooperative": village.cooperative.code, "username": "bendahara", "password": password}
    planted.add(ask("POST", "/api/v1/tokens", {201}, json=credentials).json()["token"])
    ask("POST", "/api/v1/tokens", {401}, json=credentials | {"password": wrong_password})
    ask("POST", "/api/v1/tokens", {400}, json=credentials | {"password": [wrong_password]})
    person = {"name": name, "nik": nik, "phone": phone, "address": "SECRET-ADDRESS", "birth_date": "1980-07-01"}
    person |= {"email": email, "heirs": [{"name": heir, "relation": "SECRET-RELATION", "phone": heirs_phone}]}
    number = ask("POST", "/api/v1/members", {201}, headers=bearer, json=person).json()["number"]
    ask("PATCH", f"/api/v1/members/{number}", {200}, headers=bearer, json={"address": "SECRET-NEW-ADDRESS"})
    ask("PATCH", f"/api/v1/members/{number}", {400, 422}, headers=bearer, json={"email": "SECRET-EMAIL"})
    ask("POST", "/api/v1/members", {409, 422}, headers=bearer, json=person)
    ask("POST", "/api/v1/members", {400, 422}, headers=bearer, json=person | {"nik": "SECRET-NIK"})
    ask("POST", "/api/v1/members", {400}, headers=bearer, json=person | {"SECRET-FIELD": name})
    ask("POST", "/api/v1/members", {400}, headers=bearer, content=b'{"name": "SECRET-CUT')
    key = {"Idempotency-Key": "SECRET-KEY-" + secrets.token_hex(4)}
    deposit = {"amount": {"amount": "1000.00"}}
    ask("POST", f"/api/v1/savings-accounts/{shop.wadiah}/deposits", {201}, headers=bearer | key, json=deposit)
    ask("POST", "/api/v1/savings-accounts/SECRET-ACCOUNT/deposits", {404}, headers=bearer | key, json=deposit)
    entry = donated_land("SECRET-NOTE")
    ask(
        "POST", "/api/v1/journal-entries", {201}, headers=bearer | {"Idempotency-Key": secrets.token_hex(8)}, json=entry
    )
    file = {"file": ("SECRET-FILE.csv", f"Nama;NIK\nSECRET-ROW;{nik}\n", "text/csv")}
    for dry_run in ("true", "false"):
        ask(
            "POST",
            "/api/v1/imports",
            {201, 409, 422},
            headers=bearer | {"Idempotency-Key": secrets.token_hex(8)},
            data={"kind": "members", "dry_run": dry_run},
            files=file,
        )
    ask("GET", f"/api/v1/SECRET-PATH/{nik}?name={name}", {404}, headers=bearer)
    ask("GET", f"/SECRET-PATH?phone={phone}", {404})
    ask("DELETE", "/api/v1/members/SECRET-NUMBER?x=SECRET", {405}, headers=bearer)
    ask("GET", f"/anggota?q={name}", {500})
    ask("GET", f"/api/v1/members?q={name}", {500}, headers=bearer)
    # What PostgreSQL says of an error repeats the values; neither the caller nor the log hears it.
    asked = ask("POST", f"/api/v1/members/{number}/nik-views", {500}, headers=bearer)
    clashed = ask("GET", f"/api/v1/members/{number}/personal-data", {500}, headers=bearer)
    for answer in (asked, clashed):
        assert [secret for secret in planted if secret in answer.text] == []
    requests += 1
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/api/v1/exports/journal", headers=bearer)

    written = running.stop()
    assert [secret for secret in planted if secret in written] == [], written
    assert "Traceback" not in written
    lines = lines_of(written)
    mistakes = [(line["error"], line["where"].partition(" < ")[0]) for line in lines if "error" in line]
    ours = [(error, place) for error, place in mistakes if place.startswith("<string>")]
    assert ours == [("RuntimeError", "<string>:12")] * 2 + [("RuntimeError", "<string>:16")]
    assert [error for error, place in mistakes if not place.startswith("<string>")] == ["DBAPIError", "IntegrityError"]
    kept = (server._pgdata / "log").read_text()
    assert [secret for secret in planted if secret in kept] == [], "in PostgreSQL's own log"
    one_each = [line for line in lines if line["event"] == "request"]
    assert len(one_each) == requests
    fields = {"event", "level", "timestamp", "method", "route", "status", "milliseconds", "book", "role"}
    assert all(set(line) == fields for line in one_each)
    assert {line["status"] for line in one_each} >= {200, 201, 303, 400, 401, 403, 404, 405, 422, 500}
    assert {line["role"] for line in one_each} == {None, "bendahara"}
    assert {line["route"] for line in one_each if line["status"] == 404} == {
        "-",
        "/api/v1/savings-accounts/{number}/deposits",
    }


async def test_when_the_database_is_away_nothing_is_written_down_either(shop, serve, tmp_path):
    running = serve(f"postgresql+asyncpg://SECRET-ROLE:SECRET-PASSWORD@/koperasi?host={tmp_path}")
    token = shop.village.tokens[Role.BENDAHARA]
    answer = running.client.post(
        "/api/v1/members", headers={"Authorization": f"Bearer {token}"}, json={"name": "Secretia Namawati"}
    )
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "SECRET" not in answer.text
    page = running.client.post("/masuk", data={"password": "SECRET-WORD"})
    assert page.status_code == 403
    page = running.client.get("/masuk")
    assert page.status_code == 503
    assert running.client.get("/health").status_code == 503
    written = running.stop()
    for secret in ("SECRET", "Secretia", token):
        assert secret not in written
    lines = lines_of(written)
    assert sorted(line["status"] for line in lines if line["event"] == "request") == [200, 403, 503, 503, 503]
    assert [line["event"] for line in lines if line["level"] == "error"] == ["database away"] * 3


def test_litestar_keeps_no_form():
    """Its parser remembers forms by their bytes, so a log-in would stay in memory until 1,024 others came."""
    from litestar._parsers import parse_url_encoded_form_data

    assert parse_url_encoded_form_data.cache_info is not None, "nothing is kept any more: FormsForgotten can go"


async def test_a_password_is_forgotten_once_it_is_read(browser, village):
    from litestar._parsers import parse_url_encoded_form_data

    answer = await browser.post("/masuk", data={"username": "siapa", "password": "SECRET"}, follow_redirects=False)
    assert answer.status_code == 403
    assert parse_url_encoded_form_data.cache_info().currsize == 0


async def test_an_error_of_the_database_does_not_repeat_what_was_typed(database):
    async with database.work(1) as work:
        with pytest.raises(DBAPIError) as told:
            await work.connection.execute(
                text("INSERT INTO member (book_id, number, name) VALUES (1, :number, :name)"),
                {"number": "SECRET-NUMBER", "name": "SECRET-NAME"},
            )
    assert "parameters hidden" in str(told.value)
    assert "SECRET" not in str(told.value).partition("[SQL")[2]
