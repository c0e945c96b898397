"""What a finding of the doctor means, in words for those who answer for the books."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from koperasi.formats import format_amount
from koperasi.i18n import N_, translate
from ledger import Finding

MESSAGES: Mapping[str, str] = {
    "gap": N_("Nomor sebelum jurnal ini hilang: seharusnya di sini nomor %(expected)s."),
    "chain": N_("Tidak menyambung pada segel jurnal sebelumnya: ada jurnal yang diganti, dihapus atau disisipkan."),
    "clock": N_("Tercatat lebih awal daripada jurnal sebelumnya."),
    "seal": N_("Isinya bukan lagi yang disegel: tanggal, uraian, pencatat, akun atau jumlahnya diubah."),
    "note": N_("Catatannya bukan yang disegel: diubah atau disisipkan."),
    "note-gone": N_("Catatannya hilang tanpa ada penghapusan yang tercatat."),
    "note-kept": N_("Catatannya tercatat sudah dihapus, tetapi masih ada."),
    "orphan-note": N_("Ada catatan tanpa jurnal."),
    "lines": N_("Baris-barisnya tidak lengkap: seharusnya baris 1 sampai %(line_count)s."),
    "unbalanced": N_("Debit dan kredit tidak sama, selisih %(total)s."),
    "line-date": N_("Tanggal baris (%(day)s) bukan tanggal jurnalnya."),
    "late-entry": N_("Masuk ke bulan yang sudah ditutup (tanggal %(day)s)."),
    "running-balance": N_("Saldo akun %(account)s sesudah baris ini seharusnya %(balance)s (debit positif)."),
    "account-total": N_("Jumlah debit dan kredit tersimpan bukan jumlah postingnya: %(debit)s dan %(credit)s."),
    "last-day": N_("Tanggal terakhir yang tersimpan bukan tanggal posting terakhirnya: %(day)s."),
    "floor": N_("Saldonya %(credit)s, di bawah batas terendah %(debit)s."),
    "control-posted": N_("Akun induk ini mempunyai posting sendiri."),
    "before-opening": N_("Ada posting tanggal %(day)s, sebelum akun dibuka."),
    "turnover": N_("Mutasi hari itu bukan jumlah postingnya: debit %(debit)s, kredit %(credit)s."),
    "sum": N_(
        "Jumlah mutasi akun ini dengan semua di bawahnya pada %(day)s seharusnya debit %(debit)s, kredit %(credit)s."
    ),
    "orphan-posting": N_("Ada posting tanpa jurnal."),
    "key": N_("Kunci permintaan menyebut jurnal yang tidak ada."),
    "no-key": N_("Tidak ada kunci permintaan untuk jurnal ini; kiriman ulang dapat tercatat dua kali."),
    "two-keys": N_("Lebih dari satu kunci permintaan untuk jurnal ini."),
    "reversal": N_("Catatan siapa membatalkan siapa tidak sesuai dengan jurnalnya."),
    "no-mirror": N_("Baris-barisnya bukan kebalikan dari jurnal yang dibatalkannya."),
    "no-parent": N_("Akun di atasnya, %(above)s, tidak ada."),
    "parent": N_("Akun di atasnya, %(above)s, bukan akun induk yang sejenis."),
    "tail": N_("Ujung buku bukan jurnal terakhir yang ada: akhir buku dipotong atau diubah."),
    "act": N_("Tindakan atas bulan ini (nomor %(number)s) tidak mungkin terjadi seperti tercatat."),
    "close": N_(
        "Neraca saldo atau jurnal terakhir saat tutup buku (tindakan %(number)s) bukan lagi yang dahulu ditutup."
    ),
    "period": N_("Keadaan bulan ini tidak sesuai dengan tindakan yang tercatat."),
    "no-ledger-account": N_("Akunnya di buku besar tidak ada."),
    "wrong-control": N_("Akunnya di buku besar, %(account)s, tidak berada di bawah %(control)s."),
    "wrong-account": N_("Akunnya di buku besar, %(account)s, bernomor lain."),
    "shared-account": N_("Akunnya di buku besar, %(account)s, juga milik yang lain."),
    "orphan-account": N_("Berada di bawah %(control)s, tetapi tidak ada anggota atau kelompok pemiliknya."),
    "control-sum": N_(
        "Jumlah akun yang terdaftar di bawahnya %(registered)s, padahal semua %(total)s (debit positif)."
    ),
    "hold": N_("Yang ditahan %(total)s, padahal permintaan yang menunggu menahan %(registered)s."),
    "leaver": N_("Di sini ada %(total)s, padahal menurut penyelesaian yang belum dibayar %(registered)s."),
    "series-gap": N_("Nomor %(first)s sampai %(last)s sudah diberikan, tetapi tidak ada."),
    "voucher": N_("Bukti kasnya hilang, atau nomornya bukan yang mengikuti urutan jurnal."),
    "audit": N_("Jejak audit diubah atau hilang di sini."),
    "trail-anchor": N_("Jurnal ini disegel dengan jejak audit yang lain daripada yang sekarang ada."),
    "series-ahead": N_("Nomor %(number)s belum pernah diberikan; yang terakhir %(last)s."),
}
"""One sentence for each code: what is wrong, and what should be there."""

PLACES: Mapping[str, str] = {
    "series-gap": N_("Urutan nomor %(series)s"),
    "series-ahead": N_("Urutan nomor %(series)s"),
    "turnover": N_("Akun %(account)s, %(day)s"),
    "sum": N_("Akun %(account)s, %(day)s"),
    "tail": N_("Ujung buku"),
    "audit": N_("Jejak audit baris %(row)s"),
}
ENTRY_LINE, ENTRY = N_("Jurnal %(entry)s baris %(line)s"), N_("Jurnal %(entry)s")
ACCOUNT, MONTH = N_("Akun %(account)s"), N_("Bulan %(month)s")
REGISTERS: Mapping[object, str] = {
    "savings": N_("Rekening simpanan %(number)s"),
    "group": N_("Kelompok %(number)s"),
    "deposit": N_("Simpanan berjangka %(number)s"),
    "till": N_("Laci kas %(number)s"),
}
SERIES_NAMES: Mapping[object, str] = {
    "member": N_("keanggotaan"),
    "member-exit": N_("penyelesaian anggota keluar"),
    "member-consent": N_("izin melihat"),
    "group": N_("kelompok"),
    "deposit": N_("simpanan berjangka"),
    "approval": N_("permintaan persetujuan"),
    "cash.sessions": N_("sesi kas"),
    "cash.tills": N_("laci kas"),
    "cash.petty": N_("hitungan kas kecil"),
    "checkpoint": N_("titik periksa"),
    "verification": N_("pemeriksaan"),
    "savings.pokok": N_("rekening simpanan pokok"),
    "savings.wajib": N_("rekening simpanan wajib"),
    "savings.sukarela": N_("rekening simpanan sukarela"),
    "savings.wadiah": N_("rekening simpanan wadiah"),
}
AMOUNTS = frozenset({"debit", "credit", "balance", "total", "registered"})
MORE = N_("Masih ada %(more)s temuan sejenis yang tidak disebut satu per satu.")
UNKNOWN = N_("Tidak seperti seharusnya.")


class Told(NamedTuple):
    """A finding in the reader's language: where (and the page that shows it, if there is one), and what is wrong."""

    place: str
    url: str
    words: str


def tell(finding: Finding, locale: str) -> Told:
    """Where and what, in words."""
    facts = finding.facts
    if "more" in facts:
        return Told("…", "", translate(locale, MORE, **facts))
    currency = str(facts.get("currency", "IDR"))
    said: dict[str, object] = {
        name: format_amount(value, currency) if name in AMOUNTS and isinstance(value, int) else value
        for name, value in facts.items()
    }
    if facts.get("series") in SERIES_NAMES:
        said["series"] = translate(locale, SERIES_NAMES[facts["series"]])
    message = MESSAGES.get(finding.code, UNKNOWN)
    return Told(_fill(_place(finding), said, locale), _url(facts), _fill(message, said, locale))


def _place(finding: Finding) -> str:
    facts = finding.facts
    if finding.code in PLACES:
        return PLACES[finding.code]
    if facts.get("register") in REGISTERS:
        return REGISTERS[facts["register"]]
    if "entry" in facts:
        return ENTRY_LINE if facts.get("line") else ENTRY
    if "month" in facts:
        return MONTH
    return ACCOUNT if "account" in facts else "…"


def _fill(message: str, facts: Mapping[str, object], locale: str) -> str:
    """The message with its facts; a dash for one that is not known."""
    missing = {name: "-" for name in re.findall(r"%\((\w+)\)s", message) if name not in facts}
    return translate(locale, message, **{**facts, **missing}) if facts or missing else translate(locale, message)


def _url(facts: Mapping[str, object]) -> str:
    if "entry" in facts:
        return f"/jurnal/{facts['entry']}"
    code = str(facts.get("account", ""))
    if "register" in facts or not re.fullmatch(r"[0-9A-Za-z.]+", code):
        return ""
    return f"/buku-besar/{code}"
