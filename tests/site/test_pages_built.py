"""The built site as files: every link leads somewhere, nothing comes from elsewhere, all is there and small."""

from __future__ import annotations

import re
from functools import cache
from html import unescape
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from course_files import lessons
from explorer_boxes import where_shown
from explorer_pages import file_of

from tests import notebooks
from tests.site.built import pages, site

LOADED = {("script", "src"), ("img", "src"), ("source", "src"), ("iframe", "src"), ("use", "href"), ("link", "href")}
LINK_ONLY = {"next", "prev", "index", "search", "author", "canonical"}  # kinds of <link> that load nothing


class Page(HTMLParser):
    """What a page has: places, links, what it loads, its words."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.html = (site() / path).read_text(encoding="utf-8")
        self.feed(self.html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.ids |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag == "img":
            self.images.append(found)
        for one, attribute in LOADED:
            if tag == one and found.get(attribute) and not set((found.get("rel") or "").split()) & LINK_ONLY:
                self.loads.append(found[attribute])


@cache
def parsed(path: str) -> Page:
    return Page(path)


def target(path: str, link: str) -> tuple[str, str]:
    """The file and the place that a link of a page leads to."""
    parts = urlsplit(link)
    if not parts.path:
        return path, unquote(parts.fragment)
    file = (site() / path).parent / unquote(parts.path)
    return file.resolve().relative_to(site().resolve()).as_posix(), unquote(parts.fragment)


def test_every_page_is_there():
    wanted = {f"lessons/{lesson.name}.html" for lesson in lessons()}
    wanted |= {f"explorers/{file_of(name)}.html" for name in where_shown()}
    wanted |= {"index.html", "start.html", "glossary.html", "concepts.html", "instructors.html", "explorers/index.html"}
    wanted |= {"names.html", "training.html", "troubleshooting.html", "speed.html", "search.html", "api/index.html"}
    api = {page for page in pages() if re.fullmatch(r"api/\w+\.html", page)} - {"api/index.html"}
    assert len(wanted) > 35 and len(api) > 10
    assert set(pages()) == wanted | api


def test_every_link_inside_the_site_leads_to_a_place_that_is_there():
    lost, found = [], 0
    for path in pages():
        for link in parsed(path).links:
            if re.match(r"[a-z]+:", link):
                continue
            file, place = target(path, link)
            found += 1
            if not (site() / file).is_file() or (place and file.endswith(".html") and place not in parsed(file).ids):
                lost.append(f"{path}: {link}")
    assert found > 4000 and lost == []


def test_every_section_that_a_verdict_names_is_a_link_to_it():
    found = 0
    for lesson in lessons():
        verdicts = (site() / "_static" / "exercises" / f"{lesson.number}.js").read_text(encoding="utf-8")
        places = re.findall(r'See <a href=\\"#([\w-]+)\\">', verdicts)
        found += len(places)
        assert "See &#x27;" not in verdicts and set(places) <= parsed(f"lessons/{lesson.name}.html").ids
    assert found > 50


def test_nothing_that_a_page_loads_comes_from_elsewhere_or_is_missing():
    lost, found = [], 0
    for path in pages():
        for load in parsed(path).loads:
            found += 1
            if re.match(r"([a-z]+:)?//|https?:", load) or not (site() / target(path, load)[0]).is_file():
                lost.append(f"{path}: {load}")
    for sheet in site().rglob("*.css"):
        for load in re.findall(r"url\(['\"]?([^'\")]+)", sheet.read_text(encoding="utf-8")):
            found += 1
            if not load.startswith(("data:", "#")) and not (sheet.parent / load.partition("?")[0]).is_file():
                lost.append(f"{sheet.name}: {load}")
    assert found > 500 and lost == []


def test_every_picture_has_words_or_is_an_ornament_and_its_place_is_kept():
    wordless, unsized = [], []
    for path in pages():
        for image in parsed(path).images:
            if image.get("alt") is None or (not image["alt"] and not path.startswith("explorers/index")):
                wordless.append((path, image.get("src")))
            if "llmlab-picture" in (image.get("class") or "") and not (image.get("width") and image.get("height")):
                unsized.append((path, image.get("src")))
    assert wordless == [] and unsized == []


def test_what_the_cells_printed_is_on_the_pages():
    for lesson in lessons():
        words = " ".join(unescape(re.sub(r"<[^>]+>", "", parsed(f"lessons/{lesson.name}.html").html)).split())
        printed = [
            o.text for cell in lesson.notebook.cells for o in cell.get("outputs", ()) if o.get("name") == "stdout"
        ]
        lost = [text for text in printed[1:] if " ".join(text.split()) not in words]  # the first says that it is ready
        assert len(printed) > 5 and lost == []


def test_the_notebooks_are_there_to_be_taken_along():
    for lesson in lessons():
        there = site() / "notebooks" / f"{lesson.name}.ipynb"
        assert f'href="../notebooks/{lesson.name}.ipynb"' in parsed(f"lessons/{lesson.name}.html").html
        assert there.read_bytes() == (notebooks() / f"{lesson.name}.ipynb").read_bytes()


def test_no_formula_is_left_to_a_script():
    assert sum(parsed(path).html.count("<math ") for path in pages()) > 300
    left = re.compile(r'<script[^>]*(mathjax|katex)|class="math ', re.IGNORECASE)
    assert [path for path in pages() if left.search(parsed(path).html)] == []


def test_the_site_is_at_most_60_megabytes():
    size = sum(path.stat().st_size for path in site().rglob("*") if path.is_file())
    print(f"site: {size / 1e6:.1f} MB")
    assert size <= 60e6


@pytest.mark.parametrize("path", ["_sources", "objects.inv", ".buildinfo", "genindex.html"])
def test_nothing_is_left_of_what_only_the_build_needed(path):
    assert not (site() / path).exists()


def test_no_page_names_a_place_of_the_machine_that_built_it():
    home = str(site().parents[1])
    texts = (path for path in site().rglob("*") if path.suffix in (".html", ".js", ".css", ".ipynb", ".svg"))
    assert [path.name for path in texts if home in path.read_text(encoding="utf-8")] == []
