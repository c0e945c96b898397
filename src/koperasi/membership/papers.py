"""A settlement and the receipts for it as papers: the figures of their print pages, in the same order."""

from __future__ import annotations

from koperasi.cooperatives.service import Cooperative
from koperasi.formats import EN_DASH, format_amount, format_figure
from koperasi.i18n import N_, translate
from koperasi.members.service import Member
from koperasi.membership.rules_settlement import Line, Reason
from koperasi.membership.service_reading import Exit, Part
from koperasi.printing import Fact, Facts, Figures, Paper, Words, long_day
from koperasi.terbilang import amount_in_words


def settlement(
    member: Member, found: Exit, cooperative: Cooperative, *, prepared: str, agreed: str, locale: str
) -> Paper:
    """The statement of what somebody who left is paid, or their heirs, to be signed."""

    def _(message: str, **params: object) -> str:
        return translate(locale, message, **params)

    status = _(member.status.label)
    facts = [
        Fact(_(N_("Anggota")), f"{member.name} ({member.number})"),
        Fact(_(N_("Status")), f"{status}, {long_day(member.left_on, locale)}" if member.left_on else status),
        Fact(_(N_("Tanggal keputusan")), long_day(found.decided_on, locale)),
    ]
    if found.pay_by:
        facts.append(Fact(_(N_("Paling lambat")), long_day(found.pay_by, locale)))
    if found.waiver:
        facts.append(Fact(_(N_("Pembebasan")), found.waiver))
    is_death = found.reason is Reason.DECEASED
    return Paper(
        title=_(N_("Perhitungan penyelesaian")),
        cooperative=cooperative.name,
        address=cooperative.full_address,
        blocks=[
            Facts(facts),
            _lines(found, locale),
            Words(amount_in_words(found.net_minor, locale), leaning=True),
            *([_heirs(found, locale)] if is_death else []),
        ],
        signers=[
            (_(N_("Disiapkan")), prepared),
            (_(N_("Disetujui")), agreed),
            (_(N_("Ahli waris") if is_death else N_("Anggota")), "" if is_death else member.name),
        ],
        foot=_(N_("Jurnal keputusan nomor %(number)s"), number=found.entry_number) if found.entry_number else "",
    )


def receipt(
    member: Member, part: Part, cooperative: Cooperative, *, payer: str, needs_stamp: bool, locale: str
) -> Paper:
    """What whoever was paid signs: the member, or an heir; above a limit over a stamp (bea meterai)."""

    def _(message: str, **params: object) -> str:
        return translate(locale, message, **params)

    purpose = _(N_("Hak anggota nomor %(number)s yang keluar"), number=member.number)
    if part.position:
        said = N_("Bagian ahli waris %(percent)s %% dari hak almarhum/almarhumah %(name)s (%(number)s)")
        purpose = _(said, percent=part.share_percent, name=member.name, number=member.number)
    facts = [
        Fact(_(N_("Sudah terima dari")), cooperative.name),
        Fact(_(N_("Jumlah uang")), format_amount(part.amount_minor), strong=True),
        Fact(_(N_("Terbilang")), amount_in_words(part.amount_minor, locale)),
        Fact(_(N_("Untuk")), purpose),
    ]
    if part.paid_on:
        facts.append(Fact(_(N_("Tanggal")), long_day(part.paid_on, locale)))
    stamp = _(N_("Ditandatangani di atas meterai."))
    return Paper(
        title=_(N_("Kuitansi")),
        cooperative=cooperative.name,
        address=cooperative.full_address,
        blocks=[Facts(facts), *([Words(stamp)] if needs_stamp else [])],
        signers=[
            (_(N_("Penerima")), (part.name or "") if part.position else member.name),
            (_(N_("Petugas")), payer),
        ],
        foot=_(N_("Jurnal nomor %(number)s"), number=part.entry_number),
        small=True,
    )


def _lines(found: Exit, locale: str) -> Figures:
    back, kept, enough = N_("Dikembalikan (Rp)"), N_("Diperhitungkan (Rp)"), found.net_minor >= 0
    net = format_figure(abs(found.net_minor))
    heads = [translate(locale, head) for head in (N_("Hak dan kewajiban"), back, kept)]
    last = translate(locale, N_("Dibayarkan") if enough else N_("Kekurangan"))
    return Figures(
        heads=heads,
        rows=[_line(one, locale) for one in found.lines],
        figures=2,
        total=[last, net if enough else "", "" if enough else net],
    )


def _line(one: Line, locale: str) -> tuple[str, str, str]:
    name = translate(locale, one.name or one.kind.label)
    paid_back = format_figure(one.effect_minor) if one.effect_minor > 0 else ""
    set_off = format_figure(-one.effect_minor) if one.effect_minor < 0 else ""
    return f"{name} {one.number}".rstrip(), paid_back, set_off


def _heirs(found: Exit, locale: str) -> Figures:
    return Figures(
        heads=[translate(locale, head) for head in (N_("Ahli waris"), N_("Bagian"), N_("Jumlah (Rp)"))],
        rows=[
            (
                f"{one.name or EN_DASH} {one.relation or ''}".rstrip(),
                f"{one.share_percent} %",
                format_figure(one.amount_minor),
            )
            for one in found.parts
            if one.position
        ],
    )
