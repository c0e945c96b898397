"""The product as a newcomer meets it: ``koperasi demo`` in a fresh directory, and a real Chromium looking at it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]


@dataclass
class Product:
    """A running demo village."""

    url: str
    logins: dict[str, dict[str, str]]
    data_dir: Path
    environment: dict[str, str]

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the ``koperasi`` command beside the running service."""
        return subprocess.run(
            [sys.executable, "-m", "koperasi.cli", *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(environment: dict[str, str], log: Path) -> subprocess.Popen[str]:
    with log.open("a") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "koperasi.cli", "demo"],
            env=environment,
            cwd=ROOT,
            stdout=output,
            stderr=output,
            text=True,
        )


def wait_until_healthy(process: subprocess.Popen[str], url: str, log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError),
            urllib.request.urlopen(f"{url}/health", timeout=5) as answer,
        ):
            if answer.status == 200:
                return
        select_wait()
    raise AssertionError(log.read_text())


def select_wait() -> None:
    """Give the other process the processor for a moment before asking again."""
    subprocess.run([sys.executable, "-c", ""], check=True)


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    """``koperasi demo`` serving a fresh village; stopped at the end as with Ctrl+C."""
    with tempfile.TemporaryDirectory(prefix="demo") as directory:
        port = free_port()
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "KOPERASI_DATA_DIR": directory,
            "KOPERASI_PORT": str(port),
        }
        environment.pop("DATABASE_URL", None)
        log = Path(directory) / "serve.log"
        process = start(environment, log)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_healthy(process, url, log)
            credentials = json.loads((Path(directory) / "demo-credentials.json").read_text())
            yield Product(url, credentials["users"], Path(directory), environment)
        finally:
            process.send_signal(2)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture
def desk(browser: Browser, product: Product) -> Iterator[Page]:
    """A page on a treasurer's screen; it fails the test when a script fails or a request is blocked."""
    yield from opened(browser, product, {"width": 1366, "height": 768})


@pytest.fixture
def phone(browser: Browser, product: Product) -> Iterator[Page]:
    """A page on a cheap phone."""
    yield from opened(browser, product, {"width": 360, "height": 740})


def opened(browser: Browser, product: Product, viewport: dict[str, int]) -> Iterator[Page]:
    context = browser.new_context(viewport=viewport, base_url=product.url, accept_downloads=True, locale="id-ID")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: faults.append(message.text) if message.type == "error" and "422" not in message.text else None,
    )
    yield page
    context.close()
    assert not faults, faults


@pytest.fixture
def log_in(product: Product) -> Callable[[Page, Product, str], None]:
    """Through the form, as people do."""

    def enter(page: Page, product: Product, role: str) -> None:
        login = product.logins[role]
        page.goto("/masuk")
        page.locator("[name=username]").fill(login["username"])
        page.locator("[name=password]").fill(login["password"])
        page.locator("[name=password]").press("Enter")
        page.wait_for_url(lambda url: "/masuk" not in url)

    return enter
