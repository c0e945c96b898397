"""How a contract's figures come about, on paper: what was agreed, each return with its tax, and every step."""

from datetime import UTC, datetime
from typing import Any

from litestar import Controller, Response, get

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.deposits import service
from koperasi.deposits.texts import working_paper
from koperasi.frame import Frame
from koperasi.permissions import Permission
from koperasi.printing import answer
from koperasi.rest import ApiRequest


class WorkingPages(Controller):
    """A paper for whoever asks."""

    include_in_schema = False

    @get("/berjangka/{number:str}/hitungan", opt={"permission": Permission.READ_SAVINGS})
    async def working(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """The working of one contract to print, with ``pdf`` as a file; members see their own."""
        identity = request.user
        async with database.reading(identity.book_id) as connection:
            cooperative = await cooperative_of(connection, identity.book_id)
            named = await service.deposit_for(connection, identity, number)
            paid = (await service.paid_on(connection, identity.book_id, [number]))[number]
            results = await service.results_for(connection, cooperative)
            today = cooperative.today(datetime.now(UTC))
            law = await service.tax_words(connection, cooperative, named.deposit.member_number, today)
        paper = working_paper(named, paid, results, cooperative, law, today, identity.locale)
        if "pdf" in request.query_params:
            return await answer(paper, f"hitungan-{number}", identity, cooperative.zone)
        base = "/berjangka/" if identity.is_staff else "/berjangka-saya/"
        return await frame.page(request, "deposits/working.html", sheet=paper, back=f"{base}{number}")


CONTROLLERS: list[type[Controller]] = [WorkingPages]
