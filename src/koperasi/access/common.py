"""Passwords that guessers try first: known without a network, in any spelling with digits and signs around them.

The list is this project's own (no leaked collection is copied): what published studies of leaked passwords name again
and again, keyboard runs, and what is said in an Indonesian office. A password is refused when nothing is left of its
letters but one or two words of the list, or of words that everybody here knows: the cooperative's, the user's own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from itertools import pairwise

WORDS = frozenset(
    # English and worldwide
    """
    password passwords passw passcode passphrase letmein welcome login master monkey dragon shadow sunshine princess
    football baseball basketball superman batman iloveyou loveyou love lovely trustno admin administrator root user
    guest test testing demo default changeme changeit secret computer internet server system office manager company
    samsung google facebook whatsapp instagram youtube android iphone windows microsoft apple oracle mysql postgres
    database qwerty qwertyuiop qwertz azerty asdf asdfgh asdfghjkl zxcv zxcvbn zxcvbnm qazwsx qazwsxedc qweasd
    qweasdzxc abcd abcde abcdef abcdefg abcdefgh abc abcabc xyz hello helloworld money bank cash credit account finance
    michael jordan charlie jessica ashley daniel andrew thomas robert matthew hunter killer soccer hockey ranger buster
    summer winter spring autumn january february march april june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday flower freedom whatever starwars pokemon naruto minecraft
    liverpool chelsea arsenal barcelona juventus manchester united realmadrid cheese banana cookie chocolate purple
    orange silver golden diamond forever nothing people family friend friends mother father
    """.split()  # noqa: SIM905 - a list of words reads best as words
    # Indonesian
    + """
    sandi katasandi katakunci kunci rahasia pribadi masuk selamat selamatdatang datang pagi siang malam sayang sayangku
    cinta cintaku rindu bismillah alhamdulillah assalamualaikum insyaallah subhanallah masyaallah allahuakbar allah
    muhammad muslim islam indonesia indonesiaku nusantara merdeka garuda pancasila bhineka jakarta bandung surabaya
    semarang jogja yogyakarta medan lombok mataram malang makassar bali sumbawa bima dompu sukses semangat berkah rezeki
    barokah amanah jujur bahagia keluarga anakku istriku suamiku mamaku papaku ibuku bapakku ibu bapak mama papa adik
    kakak anak nama saya aku kamu kita bunga melati mawar anggrek bintang bulan matahari hujan pelangi kucing ayam
    kambing rumah sekolah kantor desa desaku kampung kelurahan kecamatan kabupaten provinsi kota negara uang dompet
    tabungan simpanan simpan pinjam pinjaman simpanpinjam koperasi koperasiku ksp kspps bmt bumdes usaha bersama
    bendahara kasir ketua pengurus pengawas anggota sekretaris pengguna operator petugas karyawan pegawai laporan
    keuangan akuntansi pembukuan jurnal buku neraca setoran penarikan januari februari maret mei juni juli agustus
    oktober desember senin selasa rabu kamis jumat sabtu minggu satu dua tiga empat lima enam tujuh delapan sembilan
    sepuluh persib persija persebaya arema timnas nasigoreng bakso sate kopi susu dangdut gratis coba cobacoba
    terserah lupa lupalagi ganti gantisandi baru lama
    """.split()  # noqa: SIM905
)
"""Small letters, no spaces."""

_SPELLINGS = (str.maketrans("", ""), str.maketrans("01345789@$!|", "oieastbgasil"), str.maketrans("1", "l"))
"""As it is typed, and with signs that stand for letters."""

FEW_LETTERS = 2
"""So many letters besides the words don't make a password of its own."""
MOST_WORDS = 2


def is_common(password: str, context: Collection[str] = ()) -> bool:
    """Would it be among the first that somebody tries? Digits and signs alone are: a phone number, a date, a NIK.

    Args:
        password: as typed.
        context: names and words that others know: of the cooperative, its code, the user.
    """
    plain = unicodedata.normalize("NFKC", password).casefold().replace(" ", "")
    if not any(map(str.isalpha, plain)) or _repeats(plain) or _runs(plain):
        return True
    known = WORDS | {word for text in context for word in _words(text)}
    undressed = re.sub(r"^[^a-z]+|[^a-z]+$", "", plain)
    spelt = {"".join(filter(str.isalpha, text.translate(how))) for text in (plain, undressed) for how in _SPELLINGS}
    return any(_is_made_of(letters, known) for letters in spelt)


def _words(text: str) -> set[str]:
    """The words of a name, and all of it in one."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = "".join(sign if sign.isalpha() else " " for sign in folded).split()
    return {word for word in (*words, "".join(words)) if len(word) > FEW_LETTERS}


def _repeats(plain: str) -> bool:
    """One to four signs again and again."""
    return any((plain[:length] * len(plain))[: len(plain)] == plain for length in range(1, 5))


def _runs(plain: str) -> bool:
    """Signs that only go up, or only down: abcdefghijkl."""
    return {ord(after) - ord(before) for before, after in pairwise(plain)} in ({1}, {-1})


def _is_made_of(letters: str, known: Collection[str]) -> bool:
    """Nothing but one or two known words and a letter or two."""
    if len(letters) <= FEW_LETTERS:
        return False
    # least[i]: letters left over among the first i, by the number of words used.
    far = len(letters) + 1
    least = [[far] * (MOST_WORDS + 1) for _ in range(far)]
    least[0] = [0] * (MOST_WORDS + 1)
    longest = max(map(len, known))
    for end in range(1, far):
        for words in range(MOST_WORDS + 1):
            best = least[end - 1][words] + 1
            if words:
                starts = (start for start in range(max(0, end - longest), end) if letters[start:end] in known)
                best = min([best, *(least[start][words - 1] for start in starts)])
            least[end][words] = best
    return least[-1][MOST_WORDS] <= FEW_LETTERS
