"""One JupyterLab and one browser for all browser tests, one page for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.lab import Lab, Server, browser_path, chromium, jupyter_server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one browser of a process: Playwright cannot be started twice in it."""
    if browser_path() is None:
        pytest.skip("needs Chromium: install chromium or google-chrome")
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with jupyter_server() as running:
        yield running


@pytest.fixture(scope="session")
def window(browser: Browser) -> BrowserContext:
    # One context for all pages: JupyterLab's own files are then loaded once.
    return browser.new_context(viewport={"width": 1200, "height": 1000})


@pytest.fixture
def lab(window: BrowserContext, server: Server) -> Iterator[Lab]:
    page = window.new_page()
    yield Lab(page, server)
    page.close()
    server.shut_down_kernels()
