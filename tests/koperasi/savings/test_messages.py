from __future__ import annotations

from datetime import UTC, date, datetime
from urllib.parse import unquote

from koperasi.savings import messages
from koperasi.savings.receipts import Receipt
from koperasi.savings.rules import SavingsKind


def receipt(**more) -> Receipt:
    facts = {
        "number": "2026-001203", "entry_number": 1203, "effective_date": date(2026, 11, 25),
        "recorded_at": datetime(2026, 11, 25, 3, tzinfo=UTC), "kind": "savings.deposit", "description": "",
        "member_number": "00012", "member_name": "Sutinah", "account_number": "220000017",
        "account_kind": SavingsKind.WADIAH, "other_account_number": None, "amount_minor": 125_000_000,
        "change_minor": 125_000_000, "balance_after_minor": 987_654_300, "teller": "kasir", "verify_code": "7F3K-9QPD",
        "inclusion_code": "9DQG-X8WF-A2SF-8GEH",
    }  # fmt: skip
    return Receipt(**(facts | more))


def test_the_message_says_what_happened_but_neither_name_nor_balance() -> None:
    assert messages.receipt_text(receipt(), "BMT Lestari", "https://contoh/cek").splitlines() == [
        "BMT Lestari",
        "No. bukti: 2026-001203",
        "Tanggal: Rabu, 25 November 2026",
        "Setoran · Simpanan wadiah 22••••017",
        "Jumlah: Rp1.250.000",
        "(Satu juta dua ratus lima puluh ribu rupiah)",
        "Periksa keasliannya: https://contoh/cek",
        "Kode segel jurnal 1203: 9DQG-X8WF-A2SF-8GEH",
    ]


def test_the_balance_is_told_when_asked_for_and_a_reversal_always() -> None:
    told = messages.receipt_text(receipt(reversed_by=1204), "BMT", "x", with_balance=True, locale="en")
    assert "Balance afterwards: Rp9.876.543" in told
    assert "This receipt has been reversed." in told


def test_the_link_carries_the_text_and_the_number_without_a_plus() -> None:
    url = messages.whatsapp_url("+85291234567", "a b & c\n100% + 1")
    assert url.startswith("https://wa.me/85291234567?text=")
    assert " " not in url
    assert "+" not in url
    assert unquote(url.partition("text=")[2]) == "a b & c\n100% + 1"
    assert messages.whatsapp_url(None, "x") == "https://wa.me/?text=x"
