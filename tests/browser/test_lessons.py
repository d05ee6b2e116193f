"""Each lesson as a learner meets it: opened in JupyterLab, run, its explorers moved; the solved one run again; unrun;
exported to HTML. Lessons that train are run once, solved."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from nbconvert import HTMLExporter
from playwright.sync_api import BrowserContext, Page, expect

from tests import notebooks
from tests.browser.lab import TRAINING, Explorer, Lab, pause
from tests.browser.test_explorer_host import _OUTSIDE
from tests.conftest import IN_CI

STUDENTS = sorted(notebooks().glob("*.ipynb"))
SOLVED = sorted((notebooks() / "solutions").glob("*.ipynb"))
TO_LOOK_AT = not IN_CI  # screenshots: there nobody opens them


def test_each_lesson_has_a_student_and_a_solved_notebook():
    assert STUDENTS and [path.name for path in STUDENTS] == [path.name for path in SOLVED]


def serious(page: Page, selector: str, **options: object) -> list:
    """What axe-core finds serious or critical in a part of the page."""
    # JupyterLab's body is 0 pixels high and hides what overflows: axe would take the whole page for hidden.
    page.add_style_tag(content="body { overflow: visible !important; }")
    for _ in range(10):
        result = Axe().run(page, selector, options=options or None).response
        found = [
            (violation["id"], [node["html"][:120] for node in violation["nodes"][:2]])
            for violation in result["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
        judged = {rule["id"]: len(rule["nodes"]) for rule in result["passes"]}
        if found or judged.get("color-contrast", 0) > 10:
            return found
        pause(page, 1000)  # JupyterLab still lays itself out: what is not in its place is covered by something else
    raise AssertionError(f"axe judged the contrast of next to nothing: {judged}")


def tall(lab: Lab, height: int) -> None:
    """A window in which nothing is scrolled away: of that axe judges no contrast."""
    lab.width(1200, height)
    of_the_notebook = lab.page.locator(".jp-NotebookPanel:visible .jp-WindowedPanel-outer").first
    lab.wait_until(lambda: of_the_notebook.evaluate("(one) => one.clientHeight") > height - 500, "it is that high")


def open_unrun(lab: Lab, path: Path) -> None:
    """Open a notebook as it is committed: every explorer is a still picture."""
    lab.open(path)
    expect(lab.page.locator(".llmlab-live")).to_have_count(0)
    expect(lab.page.get_by_text("model not found")).to_have_count(0)


def run(lab: Lab, time: int) -> list[Explorer]:
    """Run all cells, none of which may raise; returns the explorers."""
    lab.run_all()
    assert lab.error_outputs() == [], f"run {time}"
    return [lab.explorer(index) for index in range(lab.page.locator(".llmlab-live").count())]


def move(explorers: list[Explorer]) -> None:
    for explorer in explorers:
        explorer.root.scroll_into_view_if_needed()
        explorer.move()
        explorer.wait_idle()


def test_a_lesson_that_was_only_opened_is_saved_as_it_came(lab: Lab):
    """JupyterLab saves by itself soon after opening: git must have nothing to say to that."""
    open_unrun(lab, STUDENTS[3])
    file = lab.server.folder / STUDENTS[3].name
    told = "() => window.jupyterapp.shell.currentWidget.model.getMetadata('language_info').version ?? ''"
    lab.wait_until(lambda: lab.page.evaluate(told), "JupyterLab notes the version of Python")
    opened = file.stat().st_mtime_ns
    lab.command("docmanager:save")
    lab.wait_until(lambda: file.stat().st_mtime_ns > opened, "it is saved")
    assert file.read_bytes() == STUDENTS[3].read_bytes()


@pytest.mark.parametrize("path", STUDENTS, ids=lambda path: path.stem)
def test_a_lesson_can_be_read_and_runs_without_an_error_and_its_explorer_moves(lab: Lab, path: Path):
    """Before it is run, pictures and words are fit for everyone, too."""
    open_unrun(lab, path)
    # JupyterLab lets wide outputs scroll. Chromium gives such a box to the keyboard, which axe does not know. And links
    # in the text look as JupyterLab has them: they have a colour, and a line once the mouse is on them.
    known = {"rules": {rule: {"enabled": False} for rule in ("scrollable-region-focusable", "link-in-text-block")}}
    tall(lab, 40_000)
    assert serious(lab.page, ".jp-Notebook .jp-RenderedHTMLCommon", **known) == []
    lab.width(1200)
    if not path.name.startswith(TRAINING):
        move(run(lab, 1))
    assert lab.errors == []


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_a_solved_lesson_runs_and_again_and_every_explorer_is_fit_for_everyone(lab: Lab, path: Path, tmp_path: Path):
    """axe-core in both themes; nothing sticks out from 600 to 1,400 pixels and at 200 %; screenshots to look at."""
    open_unrun(lab, path)
    explorers = run(lab, 1)
    if not path.name.startswith(TRAINING):
        explorers = run(lab, 2)
    assert explorers
    assert lab.errors == []
    for explorer in explorers:
        explorer.root.locator("details").last.evaluate("(node) => { node.open = true; }")
    for theme in ("light", "dark"):
        lab.theme(theme)
        tall(lab, 4000)
        asked = {} if theme == "light" else {"runOnly": ["color-contrast"]}  # what the theme changes are colours
        for explorer in explorers:
            explorer.root.scroll_into_view_if_needed()
            pause(lab.page, 300)  # colours have arrived
            explorer.root.evaluate("(node) => { node.dataset.judged = 'now'; }")
            assert serious(lab.page, "[data-judged=now]", **asked) == [], theme
            explorer.root.evaluate("(node) => { node.dataset.judged = ''; }")
        # A window of 1,400 pixels at 200 % has room for 700. The theme changes no width.
        for width in (600, 700, 1400) if theme == "light" else (700,):
            lab.width(width)
            pause(lab.page, 500)  # JupyterLab lays itself out anew
            for index, explorer in enumerate(explorers):
                explorer.root.scroll_into_view_if_needed()
                place = f"explorer {index} at {width} pixels, {theme}"
                assert explorer.root.evaluate(_OUTSIDE) == [], f"something sticks out: {place}"
                if TO_LOOK_AT:
                    explorer.root.screenshot(path=tmp_path / f"{path.stem}-{index}-{theme}-{width}.png")
    if TO_LOOK_AT:
        print(f"screenshots: {tmp_path}")
    lab.theme("light")
    lab.width(1200)
    errors = list(lab.errors)  # those of looking at it in two themes and three widths are JupyterLab's own
    move(explorers)
    assert lab.errors == errors


@pytest.mark.parametrize("path", STUDENTS, ids=lambda path: path.stem)
def test_an_exported_lesson_can_be_read_offline(window: BrowserContext, path: Path, tmp_path: Path):
    """Exported to HTML and read without a network: every picture is there, and has words."""
    html, _ = HTMLExporter().from_filename(str(path))
    exported = tmp_path / f"{path.stem}.html"
    exported.write_text(html, encoding="utf-8")
    page = window.new_page()
    try:
        page.route("http*://**", lambda route: route.abort())
        page.goto(exported.as_uri(), wait_until="domcontentloaded")
        expect(page.get_by_text("model not found")).to_have_count(0)
        assert page.locator(".llmlab-explorer").count() >= 1  # still pictures
        pictures = page.locator("img")
        missing = pictures.evaluate_all(
            "(all) => all.filter((img) => !img.naturalWidth || !img.alt).map((img) => img.src)"
        )
        assert [source[:100] for source in missing] == []
        assert serious(page, ".llmlab-explorer") == []
        if TO_LOOK_AT:
            page.screenshot(path=tmp_path / f"{path.stem}-export.png", full_page=True)
            print(f"screenshots: {tmp_path}")
    finally:
        page.close()
