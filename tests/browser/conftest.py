"""One JupyterLab and one browser for all browser tests of a process, and one page of it as long as no test fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.lab import Lab, Server, browser_path, chromium, jupyter_server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one browser of a process: Playwright cannot be started twice in it."""
    if browser_path() is None:
        pytest.skip("needs Chromium: install chromium-headless-shell, chromium or google-chrome")
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


@pytest.fixture(scope="session")
def kept() -> list[Page]:
    """A page with JupyterLab that the test before has left in order, if there is one: to load it takes seconds."""
    return []


@pytest.fixture
def lab(request: pytest.FixtureRequest, window: BrowserContext, server: Server, kept: list[Page]) -> Iterator[Lab]:
    failed, page = request.session.testsfailed, kept.pop() if kept else window.new_page()
    lab = Lab(page, server)
    yield lab
    if lab.reusable and request.session.testsfailed == failed:
        lab.leave()
        kept.append(page)
    else:
        page.close()
    server.shut_down_kernels()
