"""The shared page tools: templates compile and render in both languages, and stay small."""

from __future__ import annotations

import gzip
from datetime import date
from types import SimpleNamespace

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from koperasi.i18n import LOCALES
from koperasi.web import Form, NavItem, Notice, Pages
from koperasi.web.render import STATIC, private_page

PAGES = Pages()


def cooperative(business_date: date, today: date) -> SimpleNamespace:
    return SimpleNamespace(
        name="BMT <Uji>",
        kind="kspps",
        timezone="Asia/Jakarta",
        business_date=business_date,
        today=today,
        is_sharia=True,
    )


def macro(source: str, locale: str = "id", **context: object) -> str:
    template = PAGES.environment(locale).from_string('{% import "macros.html" as m %}' + source)
    return template.render(**context)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", PAGES.environment("id").list_templates())
def test_every_template_compiles(name: str, locale: str) -> None:
    assert PAGES.environment(locale).get_template(name).name == name


@pytest.mark.parametrize(
    "name", ["../config.py", "nowhere.html", "web/../../secrets.html", "a/b/c.html", "./base.html"]
)
def test_only_templates_can_be_reached(name: str) -> None:
    with pytest.raises(TemplateNotFound):
        PAGES.render(name, locale="id")


def test_a_missing_name_is_an_error_not_a_blank() -> None:
    with pytest.raises(UndefinedError):
        PAGES.render("error.html", locale="id")


def test_each_language_has_its_own_words_and_an_unknown_one_is_indonesian() -> None:
    shown = {
        locale: PAGES.render("error.html", locale=locale, happened="a", todo="b", code="c")
        for locale in (*LOCALES, "xx")
    }
    assert 'lang="id"' in shown["id"]
    assert "Kembali ke beranda" in shown["id"]
    assert 'lang="en"' in shown["en"]
    assert "Back to the start page" in shown["en"]
    assert shown["xx"] == shown["id"]


def test_text_from_people_is_escaped() -> None:
    page = PAGES.render("error.html", locale="id", happened="<script>x</script>", todo="", code='"><b>')
    assert "<script>x" not in page
    assert "<b>" not in page


def test_frame_shows_an_unusual_business_day_in_words() -> None:
    page = PAGES.environment("id").from_string(
        '{% extends "base.html" %}{% block title %}T{% endblock %}{% block content %}C{% endblock %}'
    )
    nav = [NavItem(f"/{n}", f"Menu {n}", "", n == 2) for n in range(6)]
    frame = {
        "identity": None,
        "nav": nav,
        "notices": [Notice("ok", "Baik")],
        "csrf_token": "",
        "path": "/",
        "query": "",
        "search": "",
        "theme": "",
        "printed_at": None,
    }
    today = date(2026, 11, 25)
    late = page.render(cooperative=cooperative(date(2026, 11, 24), today), **frame)
    same = page.render(cooperative=cooperative(today, today), **frame)
    assert "bukan hari ini" in late
    assert "Selasa, 24 November 2026" in late
    assert "bukan hari ini" not in same
    assert "BMT &lt;Uji&gt;" in same
    assert same.count('aria-current="page"') == 1


def test_static_files_are_small_and_named_by_their_content() -> None:
    sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in STATIC.iterdir()}
    assert sizes["koperasi.css"] < 12_000
    assert sizes["koperasi.js"] < 5_000
    assert PAGES.asset("koperasi.css").startswith("/static/koperasi.css?v=")
    with pytest.raises(KeyError):
        PAGES.asset("missing.css")


def test_pages_run_no_inline_script_or_style() -> None:
    environment = PAGES.environment("id")
    for name in environment.list_templates():
        source, _, _ = environment.loader.get_source(environment, name)
        assert "<style" not in source, name
        assert " style=" not in source, name
        assert "javascript:" not in source, name
        assert " onclick" not in source, name


def test_private_pages_are_not_kept() -> None:
    assert private_page("x").headers["Cache-Control"] == "no-store"


def test_a_field_keeps_what_was_typed_and_says_what_is_wrong_beside_it() -> None:
    form = Form({"name": 'A "quoted" <name>', "secret": "hunter2"})
    form.error("name", "Isian ini perlu diisi.")
    html = macro(
        '{{ m.field(form, "name", "Nama", hint="Seperti di KTP") }}{{ m.field(form, "secret", "Sandi", type="password") }}',
        form=form,
    )
    assert "A &#34;quoted&#34; &lt;name&gt;" in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="name-error name-hint"' in html
    assert "hunter2" not in html


def test_an_amount_field_echoes_in_figures_and_words() -> None:
    form = Form({"amount": "1.250.000"})
    html = macro('{{ m.amount_field(form, "amount", "Jumlah", words_url="/w") }}', form=form)
    assert "Rp1.250.000" in html
    assert "Satu juta dua ratus lima puluh ribu rupiah" in html
    assert "One million, two hundred and fifty thousand rupiah" in macro(
        '{{ m.amount_field(form, "amount", "Amount") }}', "en", form=Form({"amount": "1.250.000"}, "en")
    )


def test_form_errors_are_counted_in_the_readers_language() -> None:
    form = Form({}, "en")
    form.text("a", required=True)
    form.text("b", required=True)
    assert "2 fields need a correction." in macro("{{ m.form_errors(form) }}", "en", form=form)


def test_figures_follow_the_ledger() -> None:
    assert ">–<" in macro("{{ m.figure(0) }}")
    assert "(25.000)" in macro("{{ m.figure(-2500000) }}")
    assert "Rp987.654.321.000" in macro("{{ m.amount(98765432100000) }}")


def test_states_are_words() -> None:
    assert "Tercatat" in macro('{{ m.chip("posted") }}')
    assert "Posted" in macro('{{ m.chip("posted") }}', "en")
    assert "lain" in macro('{{ m.chip("lain") }}')
