"""What must stay of a person who asks to be forgotten, and until when. Pure.

UU 27/2022 (PDP) gives everybody their data (article 7), in a form that programs read (article 13), and its erasure
(articles 8 and 43), unless another law says otherwise (article 16): the register of members must be kept (UU 25/1992),
and financial documents ten years (UU 8/1997 article 11).
"""

from __future__ import annotations

from datetime import date

from koperasi.i18n import N_

RETENTION_YEARS = 10
"""UU 8/1997 (Dokumen Perusahaan) article 11: financial documents, and who they are about."""

ALWAYS_ERASED = (
    N_("telepon"),
    N_("email"),
    N_("alamat dan desa"),
    N_("ahli waris"),
    N_("keterangan yang ditulis pada transaksi"),
    N_("isi permintaan dan aduan"),
)
"""Nothing makes the cooperative keep these (message ids)."""

ERASED_AT_LAST = (
    N_("nama"),
    N_("NIK"),
    N_("tanggal lahir dan jenis kelamin"),
    N_("status migran dan negara"),
    N_("nomor lama"),
    N_("akun masuk"),
)
"""These go with them once the time for keeping books is over (message ids)."""

KEPT = (N_("nomor anggota"), N_("tanggal bergabung dan berhenti"), N_("jurnal, rekening, dan saldonya"))
"""These stay for good: the books name nobody but a number (message ids)."""

ERASED_NAME = "—"
"""What stands in the place of a name that is gone."""


def kept_until(left_on: date | None) -> date | None:
    """The day from which name and NIK need not be kept; none while the membership lasts."""
    if left_on is None:
        return None
    # The year in which somebody left has closed before the ten years begin.
    return date(left_on.year + RETENTION_YEARS + 1, 1, 1)


def identity_may_go(left_on: date | None, today: date) -> bool:
    """Nothing makes the cooperative keep who this was any more."""
    until = kept_until(left_on)
    return until is not None and today >= until
