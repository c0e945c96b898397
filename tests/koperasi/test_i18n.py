"""What English has and Indonesian has not: a singular, and a point in percentages."""

from __future__ import annotations

from fractions import Fraction

import pytest
from markupsafe import Markup

from koperasi.deposits.figures import exact
from koperasi.i18n import translate
from koperasi.web.render import Pages

MONTHS = "%(months)s bulan"
RATE = "%(months)s bulan · %(percent)s %% setahun"
AVERAGE = "Rata-rata %(first)s sampai %(last)s: jumlah saldo %(total)s / %(days)s hari = %(average)s."


@pytest.mark.parametrize(
    ("locale", "months", "said"),
    [
        ("en", 1, "1 month"),
        ("en", "1", "1 month"),
        ("en", 12, "12 months"),
        ("en", 0, "0 months"),
        ("id", 1, "1 bulan"),
    ],
)
def test_one_is_singular_in_english(locale, months, said):
    assert translate(locale, MONTHS, months=months) == said
    template = Pages().environment(locale).from_string("{% trans months=months %}{{ months }} bulan{% endtrans %}")
    assert template.render(months=months) == said
    assert (
        Pages().environment(locale).from_string("{{ _(text, months=months) }}").render(text=MONTHS, months=months)
        == said
    )


def test_what_is_counted_chooses_the_form_and_nothing_else_does():
    facts = {"first": "1", "last": "1", "total": "1", "average": "1"}
    assert "/ 1 day =" in translate("en", AVERAGE, days=1, **facts)
    assert "/ 2 days =" in translate("en", AVERAGE, days=2, **facts)


@pytest.mark.parametrize(("locale", "said"), [("en", "3 months · 27.5 % a year"), ("id", "3 bulan · 27,5 % setahun")])
def test_a_percentage_has_a_point_in_english(locale, said):
    percent = exact(Fraction(55, 2))
    assert translate(locale, RATE, months=3, percent=percent) == said
    shown = Pages().environment(locale).from_string("{{ _(text, months=3, percent=percent) }}; {{ percent|decimal }} %")
    assert shown.render(text=RATE, percent=percent) == f"{said}; {'27.5' if locale == 'en' else '27,5'} %"


def test_what_people_typed_is_escaped_and_kept():
    """Only a figure before a percent sign is written another way."""
    shown = Pages().environment("en").from_string("{{ _(text, percent=percent) }}")
    shown = shown.render(text="Jasa %(percent)s %% setahun", percent="<b>2,5</b>")
    assert shown == Markup("&lt;b&gt;2,5&lt;/b&gt; % a year")
    assert (
        translate("en", "Nama ini tidak ada di katalog: %(name)s", name="2,5") == "Nama ini tidak ada di katalog: 2,5"
    )
