"""The comfort script in a real browser, under a strict content security policy; and the pages without it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from . import gallery

pytestmark = pytest.mark.e2e


class Handler(SimpleHTTPRequestHandler):
    """Serves the gallery under the policy the application sends."""

    def log_message(self, *args: object) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", "default-src 'self'")
        super().end_headers()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("gallery")
    gallery.build(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1366, "height": 768})
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and "net::ERR_INTERNET_DISCONNECTED" not in message.text:
            complaints.append(message.text)

    opened.on("console", note)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    opened.close()
    assert complaints == []


def entry(page: Page, address: str) -> None:
    page.goto(f"{address}/entry-light.html")
    page.keyboard.press("Escape")  # the faulty field has the focus


def test_letters_choose_outside_fields_only(page: Page, address: str) -> None:
    entry(page, address)
    page.keyboard.press("s")
    expect(page.locator("[value=deposit]")).to_be_checked()
    page.locator("#note").fill("")
    page.locator("#note").press("t")
    expect(page.locator("#note")).to_have_value("t")
    expect(page.locator("[value=deposit]")).to_be_checked()


def test_slash_finds_the_search_and_question_mark_lists_the_keys(page: Page, address: str) -> None:
    entry(page, address)
    page.keyboard.press("/")
    expect(page.locator("[data-search-focus]")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Setoran")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_amount_is_echoed_and_the_balance_shown_before_and_after(page: Page, address: str) -> None:
    entry(page, address)
    page.locator("#amount").fill("1.000.000,50")
    expect(page.locator("[data-echo=amount]")).to_have_text("Rp1.000.000,50")
    expect(page.locator("[data-words=amount]")).to_contain_text("rupiah")
    expect(page.locator("[data-after]")).to_have_text("Rp1.499.999,50")
    page.locator("#amount").fill("3000000")
    expect(page.locator("[data-after]")).to_have_text("-Rp500.000")
    expect(page.locator("[data-short]")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page.locator("[data-after]")).to_have_text("Rp5.500.000")
    expect(page.locator("[data-short]")).to_be_hidden()
    page.locator("#amount").fill("1,250.00")
    expect(page.locator("[data-echo=amount]")).to_have_text("")
    expect(page.locator("[data-after]")).to_have_text("–")


def test_a_member_is_found_while_typing_and_enter_goes_on(page: Page, address: str) -> None:
    entry(page, address)
    page.locator("#member").fill("")
    page.locator("#member").press_sequentially("sit")
    expect(page.locator("#member-options [role=option]")).to_have_count(3)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#member")).to_have_value("A-00013")
    expect(page.locator("#member-options")).to_be_hidden()
    expect(page.locator("#amount")).to_be_focused()
    expect(page.locator("[data-before]")).to_have_text("Rp987.654.321.000")
    page.locator("#member").fill("A-0001")
    expect(page.locator("[data-before]")).to_have_text("–")


def test_a_form_is_sent_once_and_says_so(page: Page, address: str) -> None:
    entry(page, address)
    # Stand behind the script: count what it lets through, and hold it there.
    page.evaluate(
        "window.sent = 0; document.addEventListener('submit', (e) => { sent += !e.defaultPrevented; e.preventDefault(); })"
    )
    page.locator("#effective_date").fill("2026-11-25")
    expect(page.locator("[data-day]")).to_have_text("Rabu, 25 November 2026")
    page.locator("#print").focus()
    page.keyboard.press("Enter")
    button = page.locator(".form button.primary")
    expect(button).to_have_text("menyimpan…")
    expect(button).to_be_disabled()
    page.evaluate("document.querySelector('.form').requestSubmit()")
    assert page.evaluate("sent") == 1


def test_without_a_connection_nothing_is_sent_and_it_says_so(page: Page, address: str) -> None:
    entry(page, address)
    page.locator("#effective_date").fill("2026-11-25")
    page.context.set_offline(True)
    page.locator(".form button.primary").click()
    expect(page.locator("[data-unsaved]")).to_be_visible()
    expect(page.locator(".form button.primary")).to_be_enabled()
    page.context.set_offline(False)


def test_without_script_the_form_still_posts(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/entry-light.html")
    page.locator("#effective_date").fill("2026-11-25")
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.locator(".form button.primary").click()
    assert "amount=987.654.321.000" in (sent.value.post_data or "")
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1366])
def test_pages_are_accessible_and_fit_the_screen(browser: Browser, address: str, width: int, theme: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 768})
    problems: list[str] = []
    for name in gallery.pages_of("id", theme):
        if name == "options":
            continue
        page.goto(f"{address}/{name}-{theme}.html")
        spill = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if spill > 0:
            problems.append(f"{name}: {spill} pixels wider than the screen")
        # Playwright runs axe in the page's own world, past the policy.
        found = Axe().run(page).response["violations"]
        problems += [
            f"{name}: {problem['id']} {[node['html'][:120] for node in problem['nodes'][:3]]}" for problem in found
        ]
    page.close()
    assert not problems
