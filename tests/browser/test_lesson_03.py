"""Lesson 03 as a learner meets it: opened in JupyterLab, run from top to bottom, its explorer moved."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lab import ROOT, Lab

NOTEBOOKS = sorted(
    path for folder in ("notebooks", "notebooks/solutions") for path in (ROOT / folder).glob("03_*.ipynb")
)


def test_there_is_a_student_and_a_solved_notebook():
    assert [path.parent.name for path in NOTEBOOKS] == ["notebooks", "solutions"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.parent.name)
def test_the_lesson_runs_twice_without_an_error_and_its_explorer_moves(lab: Lab, path: Path, tmp_path: Path):
    lab.open(path)
    expect(lab.page.locator(".llmlab-live")).to_have_count(0)  # committed outputs: still pictures
    expect(lab.page.get_by_text("model not found")).to_have_count(0)

    for run in (1, 2):
        lab.run_all()
        assert lab.error_outputs() == [], f"run {run}"
        explorer = lab.explorer()
        before, words = explorer.state["stride"], explorer.text("words")
        explorer.key("stride", "ArrowRight" if before < 10 else "ArrowLeft")
        expect(explorer.root.locator(".llmlab-words")).not_to_have_text(words)
        assert abs(explorer.state["stride"] - before) == 1
        expect(explorer.picture.locator(".llmlab-error")).to_have_count(0)
        explorer.wait_idle()
    assert lab.errors == []
    for theme in ("light", "dark"):
        lab.theme(theme)
        lab.page.screenshot(path=tmp_path / f"lesson-03-{path.parent.name}-{theme}.png")
    print(f"screenshots: {tmp_path}")
