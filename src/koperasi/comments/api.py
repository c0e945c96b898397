"""REST: comments on an entry."""

from datetime import UTC
from typing import Annotated

from litestar import Controller, get, post
from litestar.params import Parameter
from pydantic import AwareDatetime, Field

from koperasi.comments import service
from koperasi.comments.service import Comment
from koperasi.db import Database
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest, Model, Result, problems
from ledger import entry_by_number

Number = Annotated[int, Parameter(ge=1, le=2**53)]


class CommentIn(Model):
    """What is written of an entry."""

    words: Annotated[str, Field(min_length=1, max_length=service.LONGEST)]


class CommentOut(Result):
    """What somebody wrote of an entry; ``words`` is null once they were erased."""

    number: int
    written_by: str
    written_at: AwareDatetime
    words: str | None

    @classmethod
    def of(cls, comment: Comment) -> "CommentOut":
        """The wire form."""
        return cls(
            number=comment.number,
            written_by=comment.written_by,
            written_at=comment.written_at.astimezone(UTC),
            words=comment.words,
        )


class CommentList(Result):
    """All comments on one entry, the earliest first."""

    items: list[CommentOut]


class CommentController(Controller):
    """What supervisors and auditors write of an entry."""

    path = "/api/v1/journal-entries/{number:int}/comments"
    tags = ("journal",)

    @get(opt={"permission": Permission.READ_BOOKS}, responses=problems(401, 403, 404))
    async def list_comments(self, request: ApiRequest, database: Database, number: Number) -> CommentList:
        """What was written of an entry, the earliest first."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            await entry_by_number(connection, book_id, number)
            found = await service.comments_of(connection, book_id, number)
        return CommentList(items=[CommentOut.of(one) for one in found])

    @post(opt={"permission": Permission.COMMENT}, responses=problems(400, 401, 403, 404, 422))
    async def write_comment(
        self, request: ApiRequest, database: Database, number: Number, data: CommentIn
    ) -> CommentOut:
        """Write beside an entry, which stays as it is. The same words by the same person are there once."""
        async with database.work(request.user.book_id) as work:
            made = await service.write(work, number, data.words, actor=request.user.username)
            await work.commit()
        return CommentOut.of(made)


CONTROLLERS: list[type[Controller]] = [CommentController]
