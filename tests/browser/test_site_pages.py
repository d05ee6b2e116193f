"""The site's pages in a real Chromium, from the disk and from a server: nothing foreign, nothing wide."""

from __future__ import annotations

import functools
import http.server
import io
import json
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from course_files import lessons
from explorer_boxes import where_shown
from explorer_pages import file_of
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.lab import PATIENCE, pause
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
    made.set_default_timeout(PATIENCE)
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
    for path in sorted({*pages()} - {*LESSONS}):  # of those the next test asks it
        visit = Visit(context, server + path, server)
        if visit.errors:
            wrong[path] = visit.errors
        visit.page.close()
    assert not wrong, json.dumps(wrong, indent=1)


@pytest.mark.parametrize("path", LESSONS)
def test_a_lesson_loads_at_most_one_megabyte_before_anything_is_touched(context, server, path):
    visit = Visit(context, server + path, server)
    pause(visit.page, 300)
    assert visit.errors == []
    sizes = {url: len(asked.response().body()) for url, asked in [*visit.loaded.items()]}
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
    pause(page, 100)
    wide = "all => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.tabIndex)"
    found = page.eval_on_selector_all("article pre", wide)
    assert len(found) > 5 and set(found) == {0}


def test_what_is_wider_than_the_page_has_a_shadow_where_there_is_more(context):
    """At the right edge before it is scrolled, at the left one at its end; none where all can be seen."""
    page = from_disk(context, LESSONS[5]).page
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for selector, width in ((".formula", 375), (".cell_input pre:visible", 375), (".formula", 1300)):
            page.set_viewport_size({"width": width, "height": 780})
            box = page.locator(selector).first
            box.evaluate("(one) => { one.style.height = '60px'; one.style.color = 'transparent'; one.scrollLeft = 0; }")
            box.evaluate("(one) => one.querySelectorAll('*').forEach((part) => (part.style.color = 'transparent'))")
            wide = box.evaluate("(one) => one.scrollWidth > one.clientWidth")
            assert wide is (width == 375)
            left, middle, right = edges(box)
            assert left == middle and (right != middle) is wide, (theme, selector, width)
            box.evaluate("(one) => { one.scrollLeft = one.scrollWidth; }")
            left, middle, right = edges(box)
            assert right == middle and (left != middle) is wide, (theme, selector, width)


def edges(box: Locator) -> list[tuple[int, ...]]:
    """The colours of what has no words in it: near its left edge, in the middle, near its right edge."""
    picture = Image.open(io.BytesIO(box.screenshot())).convert("RGB")
    return [picture.getpixel((x, picture.height // 2)) for x in (3, picture.width // 2, picture.width - 4)]


# ---- paper -----------------------------------------------------------------------------------------------------------


def printed(context: BrowserContext, path: str, **media: str) -> Page:
    """A page as it is printed on A4 within its margins."""
    page = from_disk(context, path).page
    page.set_viewport_size({"width": 680, "height": 900})
    page.emulate_media(media="print", **media)
    return page


def test_a_lesson_prints_without_what_only_a_screen_can_do(context):
    page = printed(context, LESSONS[3])
    for selector in (".sidebar-drawer", ".toc-drawer", ".mobile-header", ".launch-note", "footer", ".exercise-folds"):
        assert page.locator(selector).count() >= 1
        expect(page.locator(selector).first).to_be_hidden()
    assert page.evaluate(STICKS_OUT) == []
    assert len(page.pdf(format="A4")) > 50_000


@pytest.mark.parametrize("path", [LESSONS[5], "explorers/embedding_bench.html"])
def test_paper_is_light_whatever_the_screen_is(context, path):
    """Also what an explorer says, mounted or not, and after a printing the screen is dark again."""
    page = from_disk(context, path).page
    page.emulate_media(color_scheme="dark")
    page.locator("[data-explorer] .llmlab-live").first.wait_for()
    theme = "() => document.documentElement.dataset.theme"
    page.wait_for_function(f"({theme})() === 'dark'")
    page.emulate_media(color_scheme="dark", media="print")
    page.wait_for_function(f"({theme})() === 'light'")
    inks = page.eval_on_selector_all(
        "article :is(p, b, h1, h4, th, td, .llmlab-hero *, .llmlab-why)",
        "all => all.filter((one) => one.checkVisibility() && one.innerText?.trim())"
        ".map((one) => getComputedStyle(one).color)",
    )
    light = [ink for ink in inks if min(map(int, re.findall(r"\d+", ink)[:3])) > 150]
    assert len(inks) > 40 and light == []
    page.emulate_media(color_scheme="dark", media="screen")
    page.wait_for_function(f"({theme})() === 'dark'")


def test_a_printer_is_told_that_paper_is_light(context):
    page = from_disk(context, LESSONS[5]).page
    page.emulate_media(color_scheme="dark")
    page.evaluate("addEventListener('beforeprint', () => (window.was = document.documentElement.dataset.theme))")
    page.pdf(format="A4")
    assert page.evaluate("[window.was, document.documentElement.dataset.theme]") == ["light", "dark"]
    assert page.locator(".answers").count() == 0


def test_answers_are_printed_at_the_end_and_not_where_they_are_asked(context):
    page = printed(context, LESSONS[3])
    said = page.get_by_text("By rank: of all pairs present")
    expect(said).to_have_count(2)
    expect(said.first).to_be_hidden()
    expect(said.last).to_be_visible()
    at_end = page.locator("article > :last-child, article > :last-child h2").last
    expect(at_end).to_have_text("Answers")
    questions = page.locator(".answers-question").all_inner_texts()
    assert questions[0].startswith("1. In which order") and questions[-1] == "What happened?" and len(questions) == 4
    expect(page.get_by_text("Further: workers")).to_be_visible()
    page.emulate_media(media="screen")
    expect(page.locator(".answers")).to_have_count(0)


def test_a_printed_exercise_has_boxes_to_tick_and_lines_to_write_on(context):
    page = printed(context, LESSONS[3])
    choice, number = page.locator(".llmlab-exercise").nth(0), page.locator(".llmlab-exercise").nth(1)
    for part in (choice.locator(".answer-lines label"), choice.locator("textarea"), number.locator("input")):
        assert part.count() >= 1
        expect(part.first).to_be_visible()
    for line in (choice.locator("textarea"), number.locator("input").first):
        assert line.evaluate("(one) => getComputedStyle(one).borderBottomWidth") == "1px"
        assert line.evaluate("(one) => one.offsetWidth") >= 100
    expect(choice.get_by_role("button", name="Check")).to_be_hidden()


def test_an_explorer_prints_the_same_live_or_not_yet(context):
    """The first map of the lesson is live when the page is open, the second far below is not."""
    page = printed(context, LESSONS[3])
    maps = page.locator('[data-explorer="WindowMap"]')
    maps.first.locator(".llmlab-live").wait_for()
    assert maps.count() == 2 and maps.last.locator(".llmlab-live").count() == 0
    first, last = (one.inner_text().split() for one in maps.all())
    assert len(first) > 60 and first == last
    sizes = [one.locator(".llmlab-hero").bounding_box() for one in maps.all()]
    assert abs(sizes[0]["width"] - sizes[1]["width"]) <= 2 and abs(sizes[0]["height"] - sizes[1]["height"]) <= 2


@pytest.mark.parametrize("name", sorted(where_shown()))
def test_what_is_chosen_is_marked_before_the_script_has_come_as_afterwards(context, name):
    path = f"explorers/{file_of(name)}.html"
    box = re.search(r'data-explorer=.*?<p class="explorer-words">', (site() / path).read_text(encoding="utf-8"), re.S)[
        0
    ]
    page = from_disk(context, path).page
    page.locator(".llmlab-live").wait_for()
    live = page.eval_on_selector_all(".llmlab-live .llmlab-frame [data-on]", "all => all.map((one) => one.className)")
    assert len(re.findall(r"<[^>]* data-on\b", box)) == len(live), live


def test_nothing_that_leads_to_the_next_thing_ends_a_printed_page(context):
    page = printed(context, LESSONS[5])
    leads = page.eval_on_selector_all(
        "article p:has(+ .cell), article p:has(+ .formula), article h2",
        "all => all.map((one) => [one.innerText, getComputedStyle(one).breakAfter])",
    )
    assert len(leads) > 15 and [text for text, after in leads if after != "avoid"] == []
    kept = page.eval_on_selector_all(
        ".exercise-card, .cell_input", "all => all.map((one) => getComputedStyle(one).breakInside)"
    )
    assert len(kept) > 15 and set(kept) == {"avoid"}
    # Nothing taller than half a page is kept whole, or pages stay empty before it.
    cells = page.eval_on_selector_all("div.cell", "all => all.map((one) => getComputedStyle(one).breakInside)")
    assert set(cells) == {"auto"}


# ---- at first sight --------------------------------------------------------------------------------------------------


def test_the_first_screen_of_the_home_page_says_for_whom_and_how_long(context):
    page = from_disk(context, "index.html").page
    for words in ("You have written some Python", "lessons of about an hour", "Start with lesson 00"):
        expect(page.get_by_text(words).first).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("width", [1300, 375])
def test_the_explorer_of_the_home_page_does_what_the_page_says_with_one_button(context, width):
    page = from_disk(context, "index.html").page
    page.set_viewport_size({"width": width, "height": 740})
    live = page.locator(".home-explorer .llmlab-live")
    live.scroll_into_view_if_needed()
    expect(live.locator(".llmlab-task")).to_be_hidden()
    merges = live.locator('input[name="merges"]')
    before = int(merges.input_value())
    play = live.locator(".llmlab-play button")
    assert play.count() == 3  # "the two buttons beside it"
    expect(play.nth(1)).to_have_accessible_name(re.compile("play", re.IGNORECASE))
    play.nth(2).click()
    expect(merges).to_have_value(str(before + 1))
    # On a phone, too, what is pressed stands above what is seen.
    assert play.nth(1).bounding_box()["y"] < live.locator(".llmlab-hero").bounding_box()["y"]


@pytest.mark.parametrize("width", [1300, 700, 375])
def test_the_signs_in_the_head_do_not_touch(context, width):
    page = from_disk(context, LESSONS[3]).page
    page.set_viewport_size({"width": width, "height": 780})
    signs = page.locator(":is(.theme-toggle, .toc-overlay-icon):visible")
    boxes = sorted((sign.bounding_box() for sign in signs.all()), key=lambda box: box["x"])
    assert len(boxes) == 2 and boxes[1]["x"] - (boxes[0]["x"] + boxes[0]["width"]) >= 10


def test_a_phone_reaches_the_first_prediction_without_a_block_of_imports(context):
    page = from_disk(context, LESSONS[3]).page
    page.set_viewport_size({"width": 375, "height": 780})
    assert page.locator(".lesson-bar").bounding_box()["height"] < 130
    imports = page.get_by_text("import WindowMap")
    expect(imports).to_be_hidden()
    page.get_by_text("The code: what this lesson imports").click()
    expect(imports).to_be_visible()
    page.locator(".lesson-bar").get_by_role("link", name="03.1").click()
    expect(page.locator(".llmlab-exercise").first).to_be_in_viewport()


# ---- options are pressed where they are read -------------------------------------------------------------------------

CHOICES = ("01.2", "01.6", "03.1", "05.2", "00.5", "07.4", "09.2", "14.5")


@pytest.mark.parametrize("id", CHOICES)
def test_the_options_of_an_exercise_are_its_buttons(context, id):
    (path,) = (path for path in LESSONS if path.startswith(f"lessons/{id[:2]}"))
    page = from_disk(context, path).page
    page.set_viewport_size({"width": 375, "height": 780})
    card = page.locator(f'[data-exercise="{id}"]')
    options = card.locator(".answer-lines :is(label, button)")
    letters = "abcdefg"[: options.count()]
    assert len(letters) >= 4 and card.locator("ul, div[class*=highlight-]").count() == 0
    width = card.bounding_box()["width"]
    for letter, option in zip(letters, options.all(), strict=True):
        words = " ".join(option.inner_text().split())
        assert re.match(f"{letter}(:| )", words) and len(words) > 8
        box = option.bounding_box()
        assert box["width"] > width - 4 and box["height"] >= 24
    # A screen reader hears the words, and the keyboard reaches them.
    field = options.nth(1) if id == "09.2" else options.nth(1).locator("input")
    expect(field).to_have_accessible_name(re.compile(r"b(:| ).{6}"))
    field.focus()
    page.keyboard.press("Space")
    expect(
        options.nth(1).locator("input:checked") if id != "09.2" else card.locator("output", has_text="b")
    ).to_have_count(1)


def test_an_answer_that_is_lacking_is_asked_for_once_and_a_verdict_leads_to_its_section(context):
    page = from_disk(context, LESSONS[3]).page
    card = page.locator('[data-exercise="03.1"]')
    card.get_by_role("button", name="Check").click()
    expect(card.locator(".answer-lacking")).to_have_text("Choose one.")
    card.locator("label", has_text="8, because only the last").click()
    card.get_by_role("button", name="Check").click()
    card.get_by_role("link", name="One window, many predictions").click()
    expect(page.get_by_role("heading", name="One window, many predictions")).to_be_in_viewport()


def test_the_page_can_be_read_without_scripts(browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site() / LESSONS[3]).as_uri())
    expect(page.locator('[data-explorer="WindowMap"]').first).to_contain_text("11 windows in 2 batches")
    expect(page.locator(".exercise-card").first).to_be_visible()
    context.close()
