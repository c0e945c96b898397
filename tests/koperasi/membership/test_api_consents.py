from __future__ import annotations

from datetime import date

import pytest
from tests.conftest import Village

from koperasi.members import service as members
from koperasi.permissions import Role


@pytest.fixture(scope="module")
async def sister(database, own_village: Village) -> str:
    """Another member, to whom something may be shown."""
    async with database.work(own_village.cooperative.book_id) as work:
        made, _ = await members.register(work, members.NewMember(name="Tini", joined_on=date(2024, 1, 2)), actor="uji")
        await work.commit()
    return made.number


@pytest.fixture
def call(client, own_village: Village):
    """Ask the API as somebody."""

    async def calling(path, role=Role.ANGGOTA, body=None):
        headers = own_village.headers(role)
        if body is None:
            answer = await client.get(f"/api/v1/{path}", headers=headers)
        else:
            answer = await client.post(f"/api/v1/{path}", headers=headers, json=body)
        return answer.status_code, answer.json()

    return calling


async def test_a_consent_is_given_seen_and_taken_back(call, sister, own_village):
    status, made = await call("own-consents", body={"scope": "balances", "relative": sister, "until_on": "2099-12-31"})
    assert (status, made["relative_number"], made["revoked_at"]) == (201, sister, None)
    assert (await call("own-consents", body={"scope": "balances", "relative": sister}))[0] == 409
    mine = own_village.member.number
    kept = (await call(f"members/{mine}/consents", Role.BENDAHARA))[1]["items"]
    assert kept == (await call("own-consents"))[1]["items"] == [made]
    status, ended = await call(f"own-consents/{made['number']}/withdraw", body={})
    assert status == 200
    assert ended["revoked_at"]
    assert (await call(f"own-consents/{made['number']}/withdraw", body={})) == (200, ended)


async def test_staff_record_what_was_signed_on_paper_and_for_whom(call, sister, own_village):
    mine = own_village.member.number
    paper = {"scope": "dues", "relative": sister, "reference": "IZIN 7/2026"}
    assert (await call(f"members/{mine}/consents", Role.ANGGOTA, paper))[0] == 403
    assert (await call(f"members/{mine}/consents", Role.BENDAHARA, {**paper, "reference": ""}))[0] == 400
    status, made = await call(f"members/{mine}/consents", Role.BENDAHARA, paper)
    assert (status, made["given_by"], made["reference"]) == (201, "bendahara", "IZIN 7/2026")
    assert (await call(f"members/{sister}/consents/{made['number']}/withdraw", Role.BENDAHARA, {}))[0] == 404
    assert (await call(f"members/{mine}/consents/{made['number']}/withdraw", Role.BENDAHARA, {}))[0] == 200
    assert (await call("members/99999/consents", Role.BENDAHARA))[0] == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"scope": "balances"}, "consent-relative"),
        ({"scope": "balances", "relative": "99999"}, "consent-relative"),
        ({"scope": "programme", "relative": "00001"}, "consent-relative"),
        ({"scope": "programme", "until_on": "2001-01-01"}, "consent-until"),
    ],
)
async def test_what_cannot_be_allowed_is_refused(call, sister, body, code):
    before = (await call("own-consents"))[1]
    status, told = await call("own-consents", body=body)
    assert (status, told["code"]) == (422, code)
    assert (await call("own-consents"))[1] == before
