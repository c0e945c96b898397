"""The words for what happened to savings: on pages, on paper, and in the message that goes out by WhatsApp. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from koperasi import terbilang
from koperasi.formats import format_amount, format_date, weekday_name
from koperasi.i18n import DEFAULT_LOCALE, N_, translate
from koperasi.phones import whatsapp_number
from koperasi.savings.receipts import Receipt
from koperasi.savings.rules import SavingsKind

MOVEMENTS: Mapping[str, str] = {
    "savings.deposit": N_("Setoran"),
    "savings.withdrawal": N_("Penarikan"),
    "savings.transfer": N_("Pindah buku"),
    "savings.plan": N_("Setoran rutin"),
    "savings.fee": N_("Biaya bulanan"),
    "savings.return": N_("Imbal simpanan"),
    "deposit.open": N_("Buka berjangka"),
    "deposit.return": N_("Hasil berjangka"),
    "deposit.maturity": N_("Berjangka jatuh tempo"),
    "deposit.rollover": N_("Berjangka diperpanjang"),
    "deposit.early": N_("Berjangka ditutup awal"),
    "opening.savings": N_("Saldo awal"),
    "opening.balance": N_("Saldo awal"),
    "reversal": N_("Pembatalan"),
}
"""What a line of a passbook is called, by the kind of its entry (message ids)."""
OTHER_MOVEMENT = N_("Jurnal")

TITLES: Mapping[str, str] = {
    "savings.deposit": N_("Bukti setoran"),
    "savings.withdrawal": N_("Bukti penarikan"),
    "savings.transfer": N_("Bukti pindah buku"),
    "savings.return": N_("Bukti imbal simpanan"),
    "opening.savings": N_("Bukti saldo awal"),
    "opening.balance": N_("Bukti saldo awal"),
    "reversal": N_("Bukti pembatalan"),
}
"""What a receipt is called (message ids)."""
OTHER_TITLE = N_("Bukti transaksi")

PARTIES: Mapping[str, str] = {
    "savings.deposit": N_("Diterima dari"),
    "savings.withdrawal": N_("Dibayarkan kepada"),
}
"""What the member is to the receipt (message ids)."""
OTHER_PARTY = N_("Atas nama")

SHORT: Mapping[SavingsKind, str] = {
    SavingsKind.POKOK: N_("Pokok"),
    SavingsKind.WAJIB: N_("Wajib"),
    SavingsKind.SUKARELA: N_("Sukarela"),
    SavingsKind.WADIAH: N_("Wadiah"),
    SavingsKind.MUDHARABAH: N_("Mudharabah"),
    SavingsKind.BERENCANA: N_("Berencana"),
    SavingsKind.WAJIB_PINJAM: N_("Wajib pinjam"),
    SavingsKind.KOPERASI_LAIN: N_("Koperasi lain"),
}
"""A kind of savings in one word, as the passbook's column has it (message ids)."""


def movement(kind: str) -> str:
    """What a movement is called, by the kind of its entry (message id)."""
    return MOVEMENTS.get(kind, OTHER_MOVEMENT)


def title(kind: str) -> str:
    """What its receipt is called (message id)."""
    return TITLES.get(kind, OTHER_TITLE)


def party(kind: str) -> str:
    """What stands before the member's name on the receipt (message id)."""
    return PARTIES.get(kind, OTHER_PARTY)


def mask_account(number: str) -> str:
    """An account number with its middle hidden, for paper and messages that others may see: ``21••••017``."""
    return f"{number[:2]}{'•' * max(len(number) - 5, 0)}{number[-3:]}"


def receipt_text(
    receipt: Receipt, cooperative_name: str, check_url: str, *, with_balance: bool = False, locale: str = DEFAULT_LOCALE
) -> str:
    """The receipt as a message in plain text. Without the balance, unless the member asked for it to be there.

    Args:
        receipt: what happened.
        cooperative_name: whose receipt it is.
        check_url: where anybody can see whether it is genuine.
        with_balance: whether the balance afterwards may be told.
        locale: the member's language.
    """
    day = f"{weekday_name(receipt.effective_date, locale)}, {format_date(receipt.effective_date, locale)}"
    kind = f"{translate(locale, movement(receipt.kind))} · {translate(locale, receipt.account_kind.label)}"
    lines = [
        cooperative_name,
        translate(locale, N_("No. bukti: %(number)s"), number=receipt.number),
        translate(locale, N_("Tanggal: %(day)s"), day=day),
        f"{kind} {mask_account(receipt.account_number)}",
        translate(locale, N_("Jumlah: %(amount)s"), amount=format_amount(receipt.amount_minor)),
        f"({terbilang.amount_in_words(receipt.amount_minor, locale)})",
    ]
    if receipt.reversed_by is not None:
        lines.append(translate(locale, N_("Bukti ini sudah dibatalkan.")))
    if with_balance:
        balance = format_amount(receipt.balance_after_minor)
        lines.append(translate(locale, N_("Saldo setelahnya: %(balance)s"), balance=balance))
    lines.append(translate(locale, N_("Periksa keasliannya: %(url)s"), url=check_url))
    seal = translate(
        locale, N_("Kode segel jurnal %(number)s: %(code)s"), number=receipt.entry_number, code=receipt.inclusion_code
    )
    lines.append(seal)
    return "\n".join(lines)


def whatsapp_url(phone: str | None, text: str) -> str:
    """The address that opens WhatsApp with a message ready to send; without a phone, the sender picks whom.

    Args:
        phone: E.164, or None.
        text: the message.
    """
    # Spaces as %20: a plus would stand in the message as it is.
    return f"https://wa.me/{whatsapp_number(phone) if phone else ''}?text={quote(text, safe='')}"
