"""Somebody at a counter who asks our REST interface, and short ways to say what."""

from __future__ import annotations

import secrets

from koperasi.permissions import Role


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "IDR"}


def entry(day: str, amount: str, *, debit: str = "1401", credit: str = "2135", **more: object) -> dict[str, object]:
    lines = [{"account": debit, "debit": money(amount)}, {"account": credit, "credit": money(amount)}]
    return {"date": day, "description": "Uji", "lines": lines, **more}


class Counter:
    """Somebody with a token of a village, and short ways to ask."""

    def __init__(self, client, shop, role: Role = Role.BENDAHARA) -> None:
        self.client, self.shop, self.role = client, shop, role

    async def get(self, path: str):
        return await self.client.get(f"/api/v1/{path}", headers=self.shop.headers(self.role))

    async def post(self, path: str, body: object, key: str | None = None):
        headers = self.shop.headers(self.role, key or secrets.token_hex(8))
        return await self.client.post(f"/api/v1/{path}", headers=headers, json=body)

    async def put(self, path: str, body: object):
        return await self.client.put(f"/api/v1/{path}", headers=self.shop.headers(self.role), json=body)

    async def balances(self, query: str = "detailed=true") -> dict[str, tuple[str, str]]:
        answer = await self.get(f"reports/trial-balance?{query}")
        assert answer.status_code == 200, answer.text
        shown = answer.json()
        for total in shown["totals"]:
            assert total["debit"] == total["credit"]
        return {one["code"]: (one["debit"]["amount"], one["credit"]["amount"]) for one in shown["items"]}

    async def last(self) -> int:
        return (await self.get("reports/trial-balance")).json()["last_entry"]["number"]


def code_of(answer) -> str:
    problem = answer.json()
    return problem["results"][0]["problem"]["code"] if "results" in problem else problem["code"]


def sen(amount: dict[str, str] | None) -> int:
    return int(amount["amount"].replace(".", "")) if amount else 0


async def new_account(desk: Counter, day: str = "2024-02-01") -> str:
    """One more account of free savings of the village's member."""
    path = f"members/{desk.shop.village.member.number}/savings-accounts"
    made = await desk.post(path, {"kind": "wadiah", "opened_on": day})
    assert made.status_code == 201, made.text
    return made.json()["number"]


async def everything(desk: Counter, path: str, query: str = "", size: int = 50) -> list[dict[str, object]]:
    """All items of a list, page by page."""
    found, cursor = [], ""
    while True:
        answer = await desk.get(f"{path}?limit={size}{query}{cursor}")
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next_cursor"] is None:
            return found
        cursor = f"&cursor={answer.json()['next_cursor']}"
