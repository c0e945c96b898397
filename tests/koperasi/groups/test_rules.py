import pytest

from koperasi.formats import InputError
from koperasi.groups import rules
from koperasi.groups.rules import GroupRole, Sector
from koperasi.i18n import translate


def test_labels_in_both_languages():
    for item in (*GroupRole, *Sector):
        assert translate("en", item.label) != item.label


def test_officers():
    assert [role.value for role in GroupRole if role.is_officer] == ["ketua", "sekretaris", "bendahara"]


def test_group_names_are_tidied():
    assert rules.clean_group_name("  Kelompok   Melati 2 ") == "Kelompok Melati 2"


@pytest.mark.parametrize(
    ("text", "code"), [("", "empty"), ("AB", "too-short"), ("123", "name-letters"), ("x" * 101, "too-long")]
)
def test_refuses_group_names(text, code):
    with pytest.raises(InputError) as refused:
        rules.clean_group_name(text)
    assert refused.value.code == code


def test_sectors_are_known_by_their_letter():
    assert rules.clean_sector(" c ") is Sector.MANUFACTURING
    with pytest.raises(InputError, match="Bidang usaha"):
        rules.clean_sector("Z")
