"""Every route, asked by everybody: the answer is the one that the table in ``koperasi.permissions`` promises."""

from __future__ import annotations

import re

import pytest
from litestar.routes import HTTPRoute

from koperasi.access.middleware import is_litestars_own
from koperasi.frame import HOMES
from koperasi.permissions import GRANTS, PERMISSION_LABELS, ROLE_LABELS, Permission, Role

EXAMPLES = {
    "number": "999999",
    "member": "99999",
    "code": "1101",
    "month": "2024-01",
    "import_id": "999999",
    "kind": "members",
    "coop_code": "tidak-ada",
    "user_id": "999999",
    "name": "simpanan_wajib.amount",
    "position": "1",
}


def routes(app):
    """Every route that is ours: method, a path with made-up values, and the permission it names."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            if is_litestars_own(handler):
                continue
            path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: EXAMPLES.get(found.group(1), "1"), route.path)
            for method in sorted(handler.http_methods - {"HEAD", "OPTIONS"}):
                yield method, path, handler.opt["permission"]


async def ask(client, village, method, path, role, cookies):
    headers = {}
    if path.startswith("/api/"):
        if role is not None:
            headers |= village.headers(role, f"walk-{role}-{method}-{path}"[:140])
    elif role is not None:
        headers["Cookie"] = cookies[role]
    # A form token that no cookie matches: CSRF would answer 403 for everybody, so the walk carries a right one.
    if not path.startswith("/api/") and method != "GET":
        csrf = await csrf_of(client, headers.get("Cookie", ""))
        headers["Cookie"] = (headers.get("Cookie", "") + f"; csrf={csrf}").strip("; ")
        headers["x-csrftoken"] = csrf
    return await client.request(method, path, headers=headers, follow_redirects=False)


async def csrf_of(client, cookie):
    answer = await client.get("/masuk", headers={"Cookie": cookie}, follow_redirects=False)
    found = re.search(r"csrf=([^;]+)", answer.headers.get("set-cookie", ""))
    if found:
        return found.group(1)
    answer = await client.get("/masuk", follow_redirects=False)
    return re.search(r"csrf=([^;]+)", answer.headers["set-cookie"]).group(1)


@pytest.fixture
async def cookies(village, session_of):
    """A session of each role."""
    return {role: await session_of(village, role) for role in Role}


async def test_every_route_lets_in_exactly_those_whom_the_table_names(client, village, cookies):
    wrong = []
    asked = 0
    for method, path, permission in routes(client.app):
        if path in {"/keluar", "/sesi/semua", "/masuk/kode"} or path.endswith("/tokens/current"):
            continue  # these end the session that the walk goes on with, or lead to the log-in; tests of access have them
        for role in (None, *Role):
            client.cookies.clear()
            answer = await ask(client, village, method, path, role, cookies)
            asked += 1
            let_in = answer.status_code not in {401, 403} and "/masuk" not in answer.headers.get("location", "")
            expected = (
                permission is Permission.PUBLIC
                or (role is not None and permission is Permission.SESSION)
                or (role is not None and permission in GRANTS[role])
            )
            if let_in is not expected or answer.status_code >= 500:
                wrong.append(f"{role} {method} {path} ({permission}): {answer.status_code} {answer.text[:150]}")
    assert not wrong, "\n".join(wrong)
    assert asked > 300


def test_the_documentation_holds_the_table():
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    root = Path(__file__).parents[1]
    spec = spec_from_file_location("access_table", root / "tools" / "access_table.py")
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)
    text = tool.DOCUMENT.read_text("utf-8")
    assert text == tool.with_table(text), "run tools/access_table.py"
    for role in Role:
        assert f"| {role.value} |" in text


def test_every_permission_is_granted_explained_and_asked_for_by_a_route(client):
    shown = set(Permission) - {Permission.PUBLIC, Permission.SESSION}
    assert set(PERMISSION_LABELS) == shown
    assert set().union(*GRANTS.values()) == shown
    assert {permission for *_, permission in routes(client.app)} == set(Permission)
    assert set(GRANTS) == set(ROLE_LABELS) == set(HOMES) == set(Role)


@pytest.mark.parametrize("role", [Role.PENGAWAS, Role.AUDITOR, Role.DPS, Role.PENDAMPING])
def test_who_supervises_writes_nothing(role):
    writing = {
        Permission.WRITE_MEMBERS, Permission.OPEN_SAVINGS, Permission.POST_SAVINGS, Permission.WRITE_GROUPS,
        Permission.POST_JOURNAL, Permission.REVERSE, Permission.CLOSE_PERIOD, Permission.CONFIRM_REOPEN,
        Permission.IMPORT, Permission.MANAGE_USERS, Permission.MANAGE_COOPERATIVE,
    }  # fmt: skip
    assert not GRANTS[role] & writing


def test_the_admin_reaches_no_money_and_no_member():
    kept = {
        Permission.SIMULATE,
        Permission.READ_ACCESS,
        Permission.READ_APPROVALS,
        Permission.READ_AUDIT,
        Permission.MANAGE_USERS,
        Permission.MANAGE_COOPERATIVE,
    }
    assert GRANTS[Role.ADMIN] - {Permission.ERASE_NOTE} == kept
