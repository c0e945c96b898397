"""Which account stands on which line of a statement, by kind of cooperative: data, with a reason where one is needed.

The shape of the perhitungan hasil usaha is that of Indonesian cooperatives' reports: what members took part with comes
first, what it cost them is taken off, and costs of being a cooperative stand apart (docs/statements.md). No account is
lost if no table names it: income and expense go to ``unplaced``, cash flows to the line of the account's element.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from koperasi.cooperatives.service import Kind
from koperasi.i18n import N_
from ledger import AccountType


class Step(NamedTuple):
    """A step of the income statement: a section of accounts, or (``total``) the sum of all that stands above it."""

    key: str
    label: str
    total: bool = False


class Shape(NamedTuple):
    """The income statement of a kind: its title, its steps, and which accounts each section holds."""

    title: str
    steps: tuple[Step, ...]
    sections: Mapping[str, tuple[str, ...]]


UNPLACED = "unplaced"
_UNPLACED = Step(UNPLACED, N_("Pendapatan dan beban lain yang belum dipetakan"))
_OTHER = (
    Step("other_income", N_("Pendapatan lain")),
    Step("other_expense", N_("Beban lain")),
    _UNPLACED,
)

_COOPERATIVE = Shape(
    N_("Laporan perhitungan hasil usaha"),
    (
        Step("participation", N_("Partisipasi bruto anggota")),
        Step("cost", N_("Beban pokok")),
        Step("net", N_("Partisipasi neto anggota"), total=True),
        Step("non_member", N_("Pendapatan dari bukan anggota")),
        Step("operating", N_("Beban operasional")),
        Step("gross", N_("SHU kotor"), total=True),
        Step("cooperative", N_("Beban perkoperasian")),
        *_OTHER,
        Step("before_tax", N_("SHU sebelum pajak"), total=True),
        Step("tax", N_("Beban pajak")),
        Step("result", N_("Sisa hasil usaha (SHU)"), total=True),
    ),
    {
        # 4106: families of members send through the cooperative, so the fee is their part in it.
        "participation": ("4101", "4102", "4103", "4104", "4105", "4106"),
        # 5103: the price of money that is lent on to members, as savings' return is.
        "cost": ("5101", "5102", "5103"),
        "non_member": ("4201",),
        "operating": ("5201", "5301", "5302", "5303", "5304", "5305", "5306", "5309", "5310", "5311"),
        # The annual meeting and members' education are what a company would not have.
        "cooperative": ("5307", "5308"),
        # 4202, 4203: neither from members' business nor from trade with others.
        "other_income": ("4202", "4203", "4901"),
        "other_expense": ("5901",),
        # 6102: the tax on bank interest, which stands gross in 4202.
        "tax": ("6101", "6102"),
    },
)
_SHARIA = Shape(
    N_("Laporan perhitungan hasil usaha"),
    tuple(
        step._replace(
            label={
                "cost": N_("Hak pihak ketiga atas bagi hasil dan beban dana"),
                "before_tax": N_("SHU sebelum pajak dan zakat"),
                "tax": N_("Beban pajak dan zakat"),
            }.get(step.key, step.label)
        )
        for step in _COOPERATIVE.steps
    ),
    {
        # 7202: the muqasah discount makes margin smaller, so it stands with it.
        "participation": ("5101", "5102", "5103", "5104", "5105", "5106", "5201", "5202", "5203", "7202"),
        # PSAK 401: depositors' share is taken off income; it is no cost of running the place.
        "cost": ("6101", "6102", "6103", "7101"),
        "non_member": ("5107",),
        "operating": ("7201", "7301", "7302", "7303", "7304", "7305", "7306", "7308", "7309"),
        "cooperative": ("7307",),
        "other_income": ("5901",),
        "other_expense": ("7901",),
        "tax": ("7401", "7402"),
    },
)
_VILLAGE = Shape(
    N_("Laporan laba rugi"),
    (
        Step("participation", N_("Pendapatan jasa")),
        Step("cost", N_("Beban jasa simpanan dan pinjaman")),
        Step("net", N_("Pendapatan jasa neto"), total=True),
        Step("operating", N_("Beban operasional")),
        Step("gross", N_("Laba kotor"), total=True),
        # What a village enterprise spends because it belongs to the village.
        Step("cooperative", N_("Beban musyawarah desa dan pendidikan")),
        *_OTHER,
        Step("before_tax", N_("Laba sebelum pajak"), total=True),
        Step("tax", N_("Beban pajak")),
        Step("result", N_("Laba bersih"), total=True),
    ),
    {
        "participation": ("4101", "4102", "4103", "4104", "4105", "4106"),
        "cost": ("5101", "5102", "5103"),
        "operating": ("5201", "5301", "5302", "5303", "5304", "5305", "5306", "5310", "5311"),
        "cooperative": ("5307", "5308"),
        "other_income": ("4202", "4203", "4901"),
        "other_expense": ("5901",),
        "tax": ("6101", "6102"),
    },
)
_BANK = Shape(
    N_("Laporan laba rugi"),
    (
        Step("participation", N_("Pendapatan bunga dan operasional")),
        Step("cost", N_("Beban bunga dan penjaminan")),
        Step("net", N_("Pendapatan operasional neto"), total=True),
        Step("operating", N_("Beban operasional")),
        Step("gross", N_("Laba operasional"), total=True),
        *_OTHER,
        Step("before_tax", N_("Laba sebelum pajak"), total=True),
        Step("tax", N_("Beban pajak")),
        Step("result", N_("Laba bersih"), total=True),
    ),
    {
        "participation": ("4101", "4102", "4103", "4104", "4105", "4106"),
        # 5104: the guarantee is paid on deposits, as their interest is.
        "cost": ("5101", "5102", "5103", "5104"),
        "operating": ("5201", "5301", "5302", "5303", "5304", "5305", "5306", "5308", "5309", "5310", "5311"),
        "other_income": ("4203", "4901"),
        "other_expense": ("5901",),
        "tax": ("6101", "6102"),
    },
)
_GROUP = Shape(
    N_("Laporan hasil usaha"),
    (
        Step("participation", N_("Penjualan")),
        Step("cost", N_("Harga pokok penjualan")),
        Step("net", N_("Hasil penjualan kotor"), total=True),
        Step("operating", N_("Beban operasional")),
        Step("gross", N_("Hasil usaha operasional"), total=True),
        *_OTHER,
        Step("result", N_("Hasil usaha bersih"), total=True),
    ),
    {
        "participation": ("4101",),
        "cost": ("5001",),
        "operating": ("5301", "5303", "5306", "5311"),
        "other_income": ("4901",),
    },
)

SHAPES: Mapping[Kind, Shape] = {
    Kind.KSP: _COOPERATIVE,
    Kind.USP: _COOPERATIVE,
    Kind.KSPPS: _SHARIA,
    Kind.USPPS: _SHARIA,
    Kind.BUMDES_UNIT: _VILLAGE,
    Kind.BPR: _BANK,
    Kind.KELOMPOK: _GROUP,
}


def section_of(kind: Kind, code: str) -> str:
    """The section of the income statement for an account's code."""
    return next((key for key, codes in SHAPES[kind].sections.items() if code in codes), UNPLACED)


# --- Groups of the balance sheet ------------------------------------------------------------------------------------

ASSET_GROUPS: tuple[tuple[str, str], ...] = (
    ("11", N_("Kas, bank dan penempatan")),
    ("12", N_("Pinjaman, piutang dan persediaan")),
    ("13", N_("Penyertaan")),
    ("14", N_("Aset tetap")),
    ("", N_("Aset lain")),
)
_SHARIA_ASSET_GROUPS = tuple(
    (prefix, N_("Piutang, pembiayaan dan persediaan") if prefix == "12" else label) for prefix, label in ASSET_GROUPS
)
LIABILITY_GROUPS: tuple[tuple[str, str], ...] = (
    ("210", N_("Simpanan")),
    ("22", N_("Pinjaman dan pembiayaan diterima")),
    ("", N_("Utang, dana dan titipan")),
)


def groups_of(kind: Kind, element: AccountType) -> tuple[tuple[str, str], ...]:
    """How an element of the balance sheet is divided: prefix of code and label; accounts go to the first that fits."""
    if element is AccountType.ASSET:
        return _SHARIA_ASSET_GROUPS if kind.is_sharia else ASSET_GROUPS
    return LIABILITY_GROUPS if element is AccountType.LIABILITY else (("", ""),)


# --- Lines of the cash flow statement -------------------------------------------------------------------------------

CASH_PREFIXES = ("110", "111")
"""Cash boxes, money on its way and accounts at banks; deposits for a term (112) are investments."""

OPENING_CODE = ""
"""Stands for whatever balances that a book began with were posted against: they are no flow."""


class FlowLine(NamedTuple):
    """A line of the cash flow statement, named apart for what comes in and what goes out."""

    key: str
    activity: str
    received: str
    paid: str


ACTIVITIES: Mapping[str, str] = {
    "operating": N_("Aktivitas operasi"),
    "investing": N_("Aktivitas investasi"),
    "financing": N_("Aktivitas pendanaan"),
    "opening": N_("Saldo pembukuan lama"),
}

_FLOW_LINES = (
    FlowLine("members", "operating", N_("Jasa dan pendapatan diterima"), N_("Jasa dan pendapatan dikembalikan")),
    FlowLine("other_income", "operating", N_("Pendapatan lain diterima"), N_("Pendapatan lain dikembalikan")),
    FlowLine("cost", "operating", N_("Jasa simpanan diterima kembali"), N_("Jasa simpanan dan pinjaman dibayar")),
    FlowLine("expense", "operating", N_("Beban diterima kembali"), N_("Beban operasional dan dana dibayar")),
    FlowLine("tax", "operating", N_("Pajak diterima kembali"), N_("Pajak dibayar")),
    FlowLine("savings", "operating", N_("Setoran simpanan"), N_("Penarikan simpanan")),
    FlowLine("loans", "operating", N_("Angsuran pokok pinjaman diterima"), N_("Pinjaman dicairkan")),
    FlowLine("held", "operating", N_("Titipan dan remitansi diterima"), N_("Titipan dan remitansi disalurkan")),
    FlowLine("social", "operating", N_("Dana sosial diterima"), N_("Dana sosial disalurkan")),
    FlowLine("other", "operating", N_("Penerimaan operasi lain"), N_("Pembayaran operasi lain")),
    FlowLine("placements", "investing", N_("Penempatan dan penyertaan dicairkan"), N_("Penempatan dan penyertaan")),
    FlowLine("fixed", "investing", N_("Aset tetap dan aset lain dijual"), N_("Aset tetap dan aset lain dibeli")),
    FlowLine("shares", "financing", N_("Setoran simpanan pokok dan wajib"), N_("Simpanan pokok dan wajib kembali")),
    FlowLine("capital", "financing", N_("Modal, hibah dan ekuitas lain"), N_("Modal dan ekuitas lain dikembalikan")),
    FlowLine("borrowing", "financing", N_("Pinjaman diterima"), N_("Pinjaman diterima yang diangsur")),
    FlowLine("shared", "financing", N_("Bagian hasil dikembalikan"), N_("Bagian hasil dibagikan")),
    FlowLine("opening", "opening", N_("Saldo kas dari pembukuan lama"), N_("Saldo kas dari pembukuan lama")),
)
_OTHER_WORDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "sharia": {
        "members": (N_("Margin dan bagi hasil diterima"), N_("Margin dan bagi hasil dikembalikan")),
        "cost": (N_("Bagi hasil simpanan diterima kembali"), N_("Bagi hasil dan bonus dibayar")),
        "tax": (N_("Pajak dan zakat diterima kembali"), N_("Pajak dan zakat dibayar")),
        "loans": (N_("Angsuran pokok pembiayaan diterima"), N_("Pembiayaan dicairkan")),
        "borrowing": (N_("Pembiayaan diterima"), N_("Pembiayaan diterima yang diangsur")),
    },
    "group": {
        "members": (N_("Penerimaan dari penjualan"), N_("Penjualan dikembalikan")),
        "cost": (N_("Pembelian bahan dikembalikan"), N_("Bahan dan barang dibeli")),
    },
}


def flow_lines(kind: Kind) -> tuple[FlowLine, ...]:
    """The lines of the cash flow statement in their order, in the words of a kind."""
    words = _OTHER_WORDS.get("sharia" if kind.is_sharia else "group" if kind is Kind.KELOMPOK else "", {})
    return tuple(
        line._replace(received=words[line.key][0], paid=words[line.key][1]) if line.key in words else line
        for line in _FLOW_LINES
    )


_BY_SECTION = {
    "participation": "members",
    "cost": "cost",
    "non_member": "other_income",
    "other_income": "other_income",
    "operating": "expense",
    "cooperative": "expense",
    "other_expense": "expense",
    "tax": "tax",
}
_BY_ELEMENT: Mapping[AccountType, str] = {
    AccountType.TEMPORARY_SYIRKAH: "savings",
    AccountType.EQUITY: "capital",
    AccountType.SOCIAL_FUND: "social",
    AccountType.INCOME: "other_income",
    AccountType.EXPENSE: "expense",
}
_COMMON_FLOWS: Mapping[str, str] = {
    "112": "placements",
    "113": "held",
    "120": "loans",
    "1221": "loans",
    "1241": "expense",  # paid ahead
    "13": "placements",
    "14": "fixed",
    "15": "fixed",
    "16": "fixed",
    "210": "savings",
    "2111": "savings",
    "2121": "cost",
    "2122": "savings",
    "2123": "shared",
    "2124": "shared",
    "213": "expense",  # funds from the surplus are spent as costs are
    "2141": "tax",
    "2142": "tax",
    "2143": "tax",
    "2144": "tax",
    "1242": "tax",
    "215": "held",
    "2161": "expense",
    "2171": "members",
    "1211": "members",
    "22": "borrowing",
    "2301": "expense",
    "3101": "shares",
    "3102": "shares",
}
_SHARIA_FLOWS: Mapping[str, str] = {
    **{
        prefix: line for prefix, line in _COMMON_FLOWS.items() if prefix not in {"1241", "1242", "2171", "3101", "3102"}
    },
    "121": "loans",
    "1211": "loans",
    "122": "loans",
    "123": "loans",  # ijarah assets are bought for the member who rents them
    "1231": "members",
    "1241": "members",
    "1251": "loans",  # goods bought for a murabahah sale are the financing
    "1252": "loans",
    "1261": "expense",
    "2111": "loans",  # a down payment is part of the price
    "2112": "loans",
    "2137": "tax",
    "4101": "shares",
    "4102": "shares",
}
_GROUP_FLOWS: Mapping[str, str] = {
    **_COMMON_FLOWS,
    "1201": "members",
    "1202": "loans",
    "125": "cost",
    "2161": "cost",
}


def flow_of(kind: Kind, code: str, element: AccountType | None) -> str:
    """The line of the cash flow statement for what an account received or paid; the longest prefix decides."""
    if code == OPENING_CODE:
        return "opening"
    if element in {AccountType.INCOME, AccountType.EXPENSE}:
        section = section_of(kind, code)
        return _BY_SECTION.get(section) or _BY_ELEMENT[element]
    prefixes = _SHARIA_FLOWS if kind.is_sharia else _GROUP_FLOWS if kind is Kind.KELOMPOK else _COMMON_FLOWS
    for length in range(len(code), 0, -1):
        if code[:length] in prefixes and element is not AccountType.TEMPORARY_SYIRKAH:
            return prefixes[code[:length]]
    return _BY_ELEMENT.get(element, "other") if element else "other"


# --- Funds held in trust --------------------------------------------------------------------------------------------

ZAKAT_FUNDS = ("8101", "8102", "8103", "8104")
BENEVOLENT_FUND = "8301"
BENEVOLENT_LOANS = "8302"
