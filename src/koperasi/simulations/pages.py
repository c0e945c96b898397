"""The calculator: a form for each simulation, then its answer with the working. Nothing is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from litestar import Controller, Response, get

from koperasi.errors import NotFound, Refusal
from koperasi.frame import Frame
from koperasi.i18n import N_, translate
from koperasi.permissions import Permission
from koperasi.rest import ApiRequest
from koperasi.simulations import forms, service
from koperasi.simulations.model import sen
from koperasi.web import Form

Fact = tuple[str, int]
"""A label (message id) and an amount in sen."""


@dataclass(frozen=True)
class Shown:
    """An answer as the page shows it: figures, a table of names and amounts, and workings under their headings."""

    facts: list[Fact]
    heads: tuple[str, ...] = ()
    rows: list[tuple[str, list[int]]] = field(default_factory=list)
    workings: list[tuple[str, list[str]]] = field(default_factory=list)
    warning: str = ""


@dataclass(frozen=True)
class Simulation:
    """One calculator."""

    title: str
    about: str
    fields: tuple[forms.Field, ...]
    answer: Callable[[Form, str], Shown | None]


def _savings_return(form: Form, locale: str) -> Shown | None:
    asked = forms.read_savings_return(form)
    if asked is None:
        return None
    done = service.savings_return(asked, locale)
    return Shown(
        [(N_("Imbalan"), sen(done.total))],
        (N_("Masa"), N_("Imbalan")),
        [(f"{one.first:%d/%m/%Y}\N{EN DASH}{one.last:%d/%m/%Y}", [sen(one.amount)]) for one in done.returns],
        [("", one.working) for one in done.returns],
        N_("Persen ini melewati batas kebijakan, 9 persen setahun.") if done.above_ceiling else "",
    )


def _profit_pool(form: Form, locale: str) -> Shown | None:
    asked = forms.read_profit_pool(form)
    if asked is None:
        return None
    done = service.profit_pool(asked, locale)
    return Shown(
        [
            (N_("Dibagikan"), sen(done.distributed)),
            (N_("Untuk penyimpan"), sen(done.to_savers)),
            (N_("Untuk koperasi"), sen(done.to_cooperative)),
        ],
        (N_("Rekening"), N_("Bagi hasil")),
        [(one.number, [sen(one.amount)]) for one in done.accounts],
        [("", done.working), *((one.number, one.working) for one in done.accounts)],
    )


def _term_deposit(form: Form, locale: str) -> Shown | None:
    asked = forms.read_term_deposit(form)
    if asked is None:
        return None
    done = service.term_deposit(asked, locale)
    return Shown(
        [(N_("Imbalan"), sen(done.total)), (N_("Dibayar di akhir"), sen(done.payout))],
        (N_("Masa"), N_("Pokok"), N_("Imbalan")),
        [
            (f"{one.begins:%d/%m/%Y}\N{EN DASH}{one.ends:%d/%m/%Y}", [sen(one.principal), sen(one.total)])
            for one in done.terms
        ],
        [("", done.working)],
    )


def _savings_tax(form: Form, locale: str) -> Shown | None:
    asked = forms.read_savings_tax(form)
    if asked is None:
        return None
    done = service.savings_tax(asked, locale)
    return Shown(
        [(N_("Pajak"), sen(done.tax)), (N_("Imbalan"), sen(done.gross)), (N_("Bersih"), sen(done.net))],
        (N_("Rekening"), N_("Imbalan"), N_("Pajak"), N_("Bersih")),
        [(one.account, [sen(one.gross), sen(one.tax), sen(one.net)]) for one in done.accounts],
        [("", done.working)],
    )


def _exit_settlement(form: Form, locale: str) -> Shown | None:
    asked = forms.read_exit_settlement(form)
    if asked is None:
        return None
    done = service.exit_settlement(asked, locale)
    return Shown(
        [
            (N_("Kekurangan") if done.is_blocked else N_("Dibayarkan"), abs(sen(done.net))),
            (N_("Dikembalikan"), sen(done.to_member)),
            (N_("Diperhitungkan"), sen(done.from_member)),
        ],
        workings=[("", done.working)],
        warning=N_("Kewajiban melebihi hak: belum dapat dibayarkan.") if done.is_blocked else "",
    )


SIMULATIONS: Mapping[str, Simulation] = {
    "imbalan-simpanan": Simulation(
        N_("Imbalan simpanan"),
        N_("Imbalan atas saldo harian, rata-rata, atau terendah, dengan cara hitungnya."),
        forms.SAVINGS_RETURN,
        _savings_return,
    ),
    "bagi-hasil": Simulation(
        N_("Bagi hasil"),
        N_("Pendapatan sebulan dibagi menurut saldo rata-rata dan nisbah (HI-1000)."),
        forms.PROFIT_POOL,
        _profit_pool,
    ),
    "simpanan-berjangka": Simulation(
        N_("Simpanan berjangka"),
        N_("Sampai jatuh tempo, diperpanjang, atau ditutup lebih awal."),
        forms.TERM_DEPOSIT,
        _term_deposit,
    ),
    "pajak-simpanan": Simulation(
        N_("Pajak simpanan"),
        N_("Pajak atas imbalan semua rekening seorang penyimpan dalam sebulan."),
        forms.SAVINGS_TAX,
        _savings_tax,
    ),
    "keluar": Simulation(
        N_("Anggota keluar"),
        N_("Hak dan kewajiban anggota yang keluar atau meninggal."),
        forms.EXIT_SETTLEMENT,
        _exit_settlement,
    ),
}


class SimulationPages(Controller):
    """The list of calculators, and each of them."""

    include_in_schema = False

    @get("/simulasi", opt={"permission": Permission.SIMULATE})
    async def index(self, request: ApiRequest, frame: Frame) -> Response[str]:
        """Which calculators there are."""
        listed = [(f"/simulasi/{word}", one.title, one.about) for word, one in SIMULATIONS.items()]
        return await frame.page(request, "simulations/list.html", simulations=listed)

    @get("/simulasi/{word:str}", opt={"permission": Permission.SIMULATE})
    async def calculator(self, request: ApiRequest, frame: Frame, word: str) -> Response[str]:
        """A form, and once it is filled in, the answer beneath it."""
        if word not in SIMULATIONS:
            raise NotFound("not-found", N_("Tidak ditemukan."))
        one, locale = SIMULATIONS[word], request.user.locale
        asked = bool(request.query_params)
        form = Form(dict(request.query_params), locale)
        shown = None
        if asked:
            try:
                shown = one.answer(form, locale)
            except Refusal as refusal:
                form.add_refusal(refusal)
        else:
            for choice in one.fields:
                if choice.options:
                    form.set(choice.name, choice.options[0][0])
        return await frame.page(
            request,
            "simulations/calculator.html",
            status=200 if form.ok else 422,
            form=form,
            options={row.name: [(value, translate(locale, text)) for value, text in row.options] for row in one.fields},
            simulation=one,
            word=word,
            shown=shown,
        )


CONTROLLERS: list[type[Controller]] = [SimulationPages]
