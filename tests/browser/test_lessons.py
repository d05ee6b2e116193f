"""Each lesson as a learner meets it: opened in JupyterLab, run twice from top to bottom, its explorer moved."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.lab import ROOT, Explorer, Lab
from tests.browser.test_explorer_host import _OUTSIDE

STUDENTS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLVED = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))


def test_each_lesson_has_a_student_and_a_solved_notebook():
    assert STUDENTS and [path.name for path in STUDENTS] == [path.name for path in SOLVED]


def move(explorer: Explorer) -> None:
    """Press an arrow key on the first slider or list, and see the picture change."""
    name = explorer.root.locator("input[type=range], select").first.get_attribute("name")
    before, picture = explorer.state[name], explorer.picture.inner_html()
    key = "ArrowRight" if isinstance(before, int) else "ArrowUp"
    explorer.key(name, key)
    if explorer.state[name] == before:  # it stood at the end
        explorer.key(name, {"ArrowRight": "ArrowLeft", "ArrowUp": "ArrowDown"}[key])
    explorer.lab.wait_until(lambda: explorer.picture.inner_html() != picture, f"{name} changes the picture", 10)
    assert explorer.state[name] != before
    expect(explorer.picture.locator(".llmlab-error")).to_have_count(0)


@pytest.mark.parametrize("path", STUDENTS + SOLVED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_lesson_runs_twice_without_an_error_and_its_explorer_moves(lab: Lab, path: Path):
    lab.open(path)
    expect(lab.page.locator(".llmlab-live")).to_have_count(0)  # committed outputs: still pictures
    expect(lab.page.get_by_text("model not found")).to_have_count(0)
    for run in (1, 2):
        lab.run_all()
        assert lab.error_outputs() == [], f"run {run}"
        explorer = lab.explorer()
        move(explorer)
        explorer.wait_idle()
    assert lab.errors == []


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_an_explorer_is_fit_for_everyone(lab: Lab, path: Path, tmp_path: Path):
    """axe-core in both themes; nothing sticks out from 600 to 1,400 pixels; screenshots to look at."""
    lab.open(path)
    lab.run_all()
    explorer = lab.explorer()
    explorer.root.locator("details").last.evaluate("(node) => { node.open = true; }")
    for theme in ("light", "dark"):
        lab.theme(theme)
        lab.page.wait_for_timeout(300)
        result = Axe().run(lab.page, ".llmlab-live").response
        assert result["passes"], "axe looked at nothing"
        bad = [
            (violation["id"], [node["html"][:120] for node in violation["nodes"][:2]])
            for violation in result["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
        assert bad == [], theme
        for width in (600, 1400):
            lab.width(width)
            lab.page.wait_for_timeout(500)  # JupyterLab lays itself out anew
            explorer.root.scroll_into_view_if_needed()
            assert explorer.root.evaluate(_OUTSIDE) == [], f"something sticks out at {width} pixels"
            explorer.root.screenshot(path=tmp_path / f"{path.stem}-{theme}-{width}.png")
    print(f"screenshots: {tmp_path}")
