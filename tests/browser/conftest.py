"""One JupyterLab and one browser for all browser tests, one page for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.lab import Lab, Server, browser_path, chromium, jupyter_server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    if browser_path() is None:
        pytest.skip("needs Chromium: install chromium or google-chrome")
    with jupyter_server() as running:
        yield running


@pytest.fixture(scope="session")
def window(server: Server) -> Iterator[BrowserContext]:
    with chromium() as browser:
        # One context for all pages: JupyterLab's own files are then loaded once.
        yield browser.new_context(viewport={"width": 1200, "height": 1000})


@pytest.fixture
def lab(server: Server, window: BrowserContext) -> Iterator[Lab]:
    page = window.new_page()
    yield Lab(page, server)
    page.close()
    server.shut_down_kernels()
