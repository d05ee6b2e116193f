"""One JupyterLab and one browser for all browser tests, one page for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.lab import Lab, Server, browser_path, chromium, jupyter_server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    if browser_path() is None:
        pytest.skip("needs Chromium: install chromium or google-chrome")
    with jupyter_server() as running:
        yield running


@pytest.fixture(scope="session")
def browser(server: Server) -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def lab(server: Server, browser: Browser) -> Iterator[Lab]:
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    yield Lab(page, server)
    page.close()
    server.shut_down_kernels()
