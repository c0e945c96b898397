"""Pages of personal data: a member's own, the same for staff who act for them, and the requests to be forgotten."""

import json
from datetime import UTC, datetime
from typing import Any

from litestar import Controller, Response, get, post
from litestar.response import Redirect

from koperasi.cooperatives.service import cooperative_of
from koperasi.db import Database
from koperasi.errors import NotFound
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.members import service as members
from koperasi.permissions import Identity, Permission
from koperasi.privacy import rules, service, service_subject
from koperasi.privacy.service_subject import Subject
from koperasi.rest import ApiRequest
from koperasi.web import Form, Notice

ANSWER_MAX_LENGTH = 300

DONE = {
    "diminta": N_("Permintaan tercatat. Pengurus akan memutuskannya; jawabannya tampil di halaman ini."),
    "dihapus": N_("Data dihapus. Yang wajib disimpan menurut undang-undang tetap ada."),
    "ditolak": N_("Permintaan ditolak; alasannya dapat dibaca anggota."),
}

SEXES = {"L": N_("Laki-laki"), "P": N_("Perempuan")}

OUTCOMES = {None: N_("menunggu keputusan"), "erased": N_("dihapus"), "declined": N_("ditolak")}


class OwnData(Controller):
    """What a member sees, takes along, and asks for."""

    include_in_schema = False

    @get("/data-saya", opt={"permission": Permission.OWN_PAGES})
    async def page(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Everything that is known about whoever asks, to be read and printed."""
        return await _show(request, frame, "privacy/own.html", await _own(request, database))

    @get("/data-saya/unduh", opt={"permission": Permission.OWN_PAGES})
    async def download(self, request: ApiRequest, database: Database) -> Response[bytes]:
        """The same as a file for programs."""
        return _file(await _own(request, database))

    @post("/data-saya/hapus", opt={"permission": Permission.OWN_PAGES})
    async def ask(self, request: ApiRequest, database: Database) -> Redirect:
        """Ask to be forgotten; asking twice is asking once."""
        await _ask(request, database, own_number(request.user))
        return Redirect("/data-saya?selesai=diminta", status_code=303)


class MembersData(Controller):
    """The same for staff, for a member who comes to the desk; each reading is put on record."""

    include_in_schema = False

    @get("/anggota/{number:str}/data", opt={"permission": Permission.VIEW_NIK})
    async def page(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[str]:
        """Everything that is known about a member, and what to do about their request."""
        return await _staff_page(request, database, frame, number, Form(locale=request.user.locale))

    @get("/anggota/{number:str}/data/unduh", opt={"permission": Permission.VIEW_NIK})
    async def download(self, request: ApiRequest, database: Database, number: str) -> Response[bytes]:
        """The same as a file, for the member to take along."""
        return _file(await _read_by_staff(request, database, number))

    @post("/anggota/{number:str}/data/minta", opt={"permission": Permission.WRITE_MEMBERS})
    async def ask(self, request: ApiRequest, database: Database, number: str) -> Redirect:
        """Put on record that a member asked at the desk."""
        await _ask(request, database, number)
        return Redirect(f"/anggota/{number}/data?selesai=diminta", status_code=303)

    @post("/anggota/{number:str}/data/hapus", opt={"permission": Permission.ERASE_DATA})
    async def erase(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Carry the request out."""
        form = Form(await request.form(), request.user.locale)
        if not form.flag("yakin"):
            form.error("yakin", N_("Centang dahulu: yang dihapus tidak dapat dikembalikan."))
            return await _staff_page(request, database, frame, number, form, status=422)
        async with database.work(request.user.book_id) as work:
            cooperative = await cooperative_of(work.connection, work.book_id)
            today = cooperative.today(datetime.now(UTC))
            await service_subject.erase(work, number, actor=request.user.username, today=today)
            await work.commit()
        return Redirect(f"/anggota/{number}/data?selesai=dihapus", status_code=303)

    @post("/anggota/{number:str}/data/tolak", opt={"permission": Permission.ERASE_DATA})
    async def decline(self, request: ApiRequest, database: Database, frame: Frame, number: str) -> Response[Any]:
        """Decline it; the member reads why."""
        form = Form(await request.form(), request.user.locale)
        answer = form.text("answer", required=True, max_length=ANSWER_MAX_LENGTH)
        if not form.ok:
            return await _staff_page(request, database, frame, number, form, status=422)
        async with database.work(request.user.book_id) as work:
            await service_subject.decline(work, number, actor=request.user.username, answer=answer)
            await work.commit()
        return Redirect(f"/anggota/{number}/data?selesai=ditolak", status_code=303)

    @get("/permintaan-data", opt={"permission": Permission.ERASE_DATA})
    async def requests(self, request: ApiRequest, database: Database, frame: Frame) -> Response[str]:
        """Who asked to be forgotten and waits for an answer."""
        book_id = request.user.book_id
        async with database.reading(book_id) as connection:
            waiting = await service.open_requests(connection, book_id)
            people = await members.find_by_numbers(connection, book_id, [one.member_number for one in waiting])
        return await frame.page(request, "privacy/requests.html", requests=waiting, people=people)


def own_number(identity: Identity) -> str:
    """The member number of whoever asks.

    Raises:
        NotFound: this user is nobody's member.
    """
    if identity.member_number is None:
        raise NotFound("not-found", N_("Tidak ditemukan."))
    return identity.member_number


async def _own(request: ApiRequest, database: Database) -> Subject:
    book_id, number = request.user.book_id, own_number(request.user)
    async with database.reading(book_id) as connection:
        cooperative = await cooperative_of(connection, book_id)
        return await service_subject.everything_about(connection, cooperative, number, now=datetime.now(UTC))


async def _read_by_staff(request: ApiRequest, database: Database, number: str) -> Subject:
    async with database.work(request.user.book_id) as work:
        cooperative = await cooperative_of(work.connection, work.book_id)
        found = await service_subject.everything_about(work.connection, cooperative, number, now=datetime.now(UTC))
        await service_subject.note_reading(work, number, actor=request.user.username)
        await work.commit()
    return found


async def _ask(request: ApiRequest, database: Database, number: str) -> None:
    async with database.work(request.user.book_id) as work:
        await members.member_by_number(work.connection, work.book_id, number)
        await service.request_erasure(work, number, actor=request.user.username)
        await work.commit()


async def _staff_page(
    request: ApiRequest, database: Database, frame: Frame, number: str, form: Form, *, status: int = 200
) -> Response[str]:
    subject = await _read_by_staff(request, database, number)
    return await _show(request, frame, "privacy/of_member.html", subject, status=status, form=form)


async def _show(
    request: ApiRequest, frame: Frame, template: str, subject: Subject, *, status: int = 200, **context: Any
) -> Response[str]:
    identity = request.user
    done = DONE.get(request.query_params.get("selesai", ""))
    return await frame.page(
        request,
        template,
        status=status,
        notices=[Notice("ok", translate(identity.locale, done))] if done and status == 200 else [],
        subject=subject,
        member=subject.member,
        sexes=SEXES,
        outcomes=OUTCOMES,
        erased=rules.ALWAYS_ERASED,
        erased_at_last=rules.ERASED_AT_LAST,
        kept=rules.KEPT,
        identity_goes=rules.identity_may_go(subject.member.left_on, subject.cooperative.today(subject.made_at)),
        may_ask=identity.may(Permission.WRITE_MEMBERS),
        may_erase=identity.may(Permission.ERASE_DATA),
        **context,
    )


def _file(subject: Subject) -> Response[bytes]:
    text = json.dumps(service_subject.as_json(subject), ensure_ascii=False, indent=2)
    return Response(
        text.encode(),
        media_type="application/json; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="data-{subject.member.number}.json"'},
    )


CONTROLLERS: list[type[Controller]] = [OwnData, MembersData]
