"""The site's pages in a real Chromium, from the disk and from a server: nothing foreign, nothing wide."""

from __future__ import annotations

import functools
import http.server
import json
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from course_files import lessons
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.reports import report
from tests.site.built import pages, site
from tests.site.live import ROOT

WIDTHS = (1300, 700, 375)
LESSONS = [f"lessons/{lesson.name}.html" for lesson in lessons()]

# JavaScript: what sticks out of the page to the left or right. What is inside a box that scrolls does not.
STICKS_OUT = """() => [...document.querySelectorAll('article *')].filter((one) => {
    const box = one.getBoundingClientRect();
    if (!box.width || (box.left >= -1 && box.right <= document.documentElement.clientWidth + 1)) return false;
    for (let up = one.parentElement; up && up.tagName !== 'ARTICLE'; up = up.parentElement)
        if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(up).overflowX)) return false;
    return true;
}).slice(0, 5).map((one) => one.outerHTML.slice(0, 120))"""


# JavaScript: all words of a kind in code have one colour, so one of each is enough for axe, which looks at each slowly.
ONE_OF_EACH = """() => {
    const seen = new Set();
    for (const one of document.querySelectorAll('article .highlight span[class]'))
        seen.has(one.className) ? one.remove() : seen.add(one.className);
}"""


class Visit:
    """A page of the site, and what went wrong on it: console errors, exceptions, requests to elsewhere."""

    def __init__(self, context: BrowserContext, address: str, home: str) -> None:
        self.page, self.errors, self.loaded = context.new_page(), [], {}
        self.page.route(
            lambda url: not url.startswith((home, "data:", "blob:")),
            lambda route: (self.errors.append(f"asks for {route.request.url}"), route.abort()),
        )
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("requestfinished", lambda asked: self.loaded.setdefault(asked.url, asked))
        self.page.goto(address)
        self.page.wait_for_load_state("load")

    def widths(self) -> list[str]:
        """What sticks out at each width."""
        found = []
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            found += [f"{width}: {html}" for html in self.page.evaluate(STICKS_OUT)]
        return found

    def serious(self, **options: Any) -> list[str]:
        """What axe finds serious or critical, by all of its rules or by those that the options name."""
        options |= {"resultTypes": ["violations"], "preload": False}  # faster, and axe itself asks for no file
        return [
            f"{found['id']}: {found['nodes'][0]['html'][:160]}"
            for found in Axe().run(self.page, options=options).response["violations"]
            if found["impact"] in ("serious", "critical")
        ]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1300, "height": 900}, reduced_motion="reduce")
    made.set_default_timeout(15_000)
    yield made
    made.close()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The site behind a plain server; its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site())))
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}/"
    running.shutdown()


def from_disk(context: BrowserContext, path: str) -> Visit:
    return Visit(context, (site() / path).as_uri(), "file:")


SHARES = 8  # pages are visited in so many tests, which run side by side


@pytest.mark.parametrize("share", range(SHARES))
def test_pages_from_the_disk_are_whole_light_and_dark_at_every_width(context, share):
    wrong = {}
    for path in pages()[share::SHARES]:
        visit = from_disk(context, path)
        found = visit.widths() + visit.errors
        visit.page.set_viewport_size({"width": 1300, "height": 900})
        visit.page.evaluate(ONE_OF_EACH)
        found += visit.serious()
        visit.page.emulate_media(color_scheme="dark")
        visit.page.wait_for_function(
            "document.documentElement.dataset.theme === 'dark' && !document.getAnimations().length"
        )
        found += visit.serious(runOnly=["color-contrast"])
        if found:
            wrong[path] = found
        visit.page.close()
    assert len(pages()) > 40 and not wrong, json.dumps(wrong, indent=1)


def test_pages_from_a_server_ask_for_nothing_else(context, server):
    wrong = {}
    for path in pages():
        visit = Visit(context, server + path, server)
        if visit.errors:
            wrong[path] = visit.errors
        visit.page.close()
    assert not wrong, json.dumps(wrong, indent=1)


@pytest.mark.parametrize("path", LESSONS)
def test_a_lesson_loads_at_most_one_megabyte_before_anything_is_touched(context, server, path):
    visit = Visit(context, server + path, server)
    visit.page.wait_for_timeout(300)
    sizes = {url: len(asked.response().body()) for url, asked in visit.loaded.items()}
    report(f"first load of {path}", {"bytes": sum(sizes.values()), "files": len(sizes)})
    assert len(sizes) > 5 and sum(sizes.values()) <= 1e6, sorted(sizes.items(), key=lambda one: -one[1])[:5]


def search(page: Page, words: str) -> list[str]:
    """The addresses that the site's search gives for words."""
    page.goto((site() / "search.html").as_uri() + f"?q={words}")
    expect(page.locator("#search-results")).to_contain_text(re.compile("Search finished|did not match"))
    return page.eval_on_selector_all("#search-results ul.search a", "all => all.map((one) => one.href)")


# JavaScript: the pages that the search finds for each of many words, without showing them.
FOUND = """(words) => words.map((one) => Search._performSearch(...Search._parseQuery(one)).map((found) => found[0]))"""


def test_search_finds_every_term_of_the_glossary_also_from_the_disk(context):
    text = (ROOT / "docs" / "GLOSSARY.md").read_text(encoding="utf-8")
    terms = [line.split("**")[1] for line in text.splitlines() if line.startswith("| **")]
    visit = from_disk(context, "search.html")
    assert "glossary.html#term-stride" in search(visit.page, "stride")[0]
    found = dict(zip(terms, visit.page.evaluate(FOUND, terms), strict=True))
    assert len(terms) > 100 and [term for term in terms if "glossary" not in found[term]] == []
    assert visit.errors == []


def test_search_finds_nothing_for_a_word_that_is_nowhere(context):
    assert search(from_disk(context, "search.html").page, "zyzzogeton") == []


def test_the_theme_can_be_chosen_and_is_told_to_the_explorers(context):
    page = from_disk(context, LESSONS[3]).page
    seen = []
    for _ in range(3):
        page.locator(".theme-toggle-content button").click()
        seen.append(
            (page.evaluate("document.body.dataset.theme"), page.evaluate("document.documentElement.dataset.theme"))
        )
    assert {theme for theme, _ in seen} == {"auto", "dark", "light"}
    assert all(told == ("light" if theme == "auto" else theme) for theme, told in seen)
    page.locator(".theme-toggle-content button").click()
    chosen = page.evaluate("document.documentElement.dataset.theme")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == chosen


def test_on_a_phone_the_lessons_are_behind_a_button(context):
    page = from_disk(context, LESSONS[3]).page
    page.set_viewport_size({"width": 375, "height": 780})
    link = page.locator(".sidebar-tree").get_by_text("04 · Embeddings")
    expect(link).not_to_be_in_viewport()
    page.locator("label.nav-overlay-icon").click()
    expect(link).to_be_in_viewport()
    link.click()
    expect(page.locator("h1")).to_contain_text("04 · Embeddings")


@pytest.mark.parametrize("path", ["lessons/00_welcome.html", "explorers/pipeline_map.html"])
def test_links_inside_a_live_explorer_lead_to_pages(context, path):
    page = from_disk(context, path).page
    page.locator("[data-explorer]").first.scroll_into_view_if_needed()
    fold = page.locator(".llmlab-live details:has(a[href*='01_tokenization'])").first
    fold.locator("summary").click()
    link = fold.locator("a[href*='01_tokenization']").first
    with context.expect_page() as opened:
        link.click()
    expect(opened.value.locator("h1")).to_contain_text("01 · Tokenization")


def test_lessons_follow_each_other(context):
    page = from_disk(context, LESSONS[0]).page
    for path in LESSONS[1:]:
        page.locator(".next-page").click()
        page.wait_for_url(f"**/{path}")
    page.locator(".prev-page").click()
    page.wait_for_url(f"**/{LESSONS[-2]}")


def test_wide_code_can_be_scrolled_without_a_mouse(context):
    page = from_disk(context, LESSONS[3]).page
    page.set_viewport_size({"width": 375, "height": 780})
    page.wait_for_timeout(100)
    wide = "all => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.tabIndex)"
    found = page.eval_on_selector_all("article pre", wide)
    assert len(found) > 5 and set(found) == {0}


def test_a_lesson_prints_without_what_only_a_screen_can_do(context):
    visit = from_disk(context, LESSONS[3])
    page = visit.page
    page.emulate_media(media="print")
    for selector in (".sidebar-drawer", ".toc-drawer", ".mobile-header", ".launches", "footer", ".exercise-folds"):
        assert page.locator(selector).count() >= 1
        expect(page.locator(selector).first).to_be_hidden()
    answer = page.get_by_text("By rank: of all pairs present")
    expect(answer).to_be_visible()
    page.set_viewport_size({"width": 680, "height": 900})  # A4 within its margins
    assert page.evaluate(STICKS_OUT) == []
    assert len(page.pdf(format="A4")) > 50_000


def test_the_page_can_be_read_without_scripts(browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site() / LESSONS[3]).as_uri())
    expect(page.locator('[data-explorer="WindowMap"]').first).to_contain_text("11 windows in 2 batches")
    expect(page.locator(".exercise-card").first).to_be_visible()
    context.close()
