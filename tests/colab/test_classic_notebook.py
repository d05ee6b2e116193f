"""Each lesson on Colab's versions in a browser, in the classic notebook: the page that speaks their widget protocol.

Of a lesson that trains, what comes up to its first explorer: nbval runs all of it, solved, on these versions. Lesson 11
is run whole, for its curve is drawn while a cell runs.

Colab's own page cannot be had without its servers. The kernel's side (ipywidgets 7, IPython 7, anywidget) is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, expect

from tests import notebooks
from tests.browser.lab import BROWSERS, TRAINING, Lab, Server, browser_path, chromium, jupyter_server

# What students open there. The solved notebooks have the same explorers; nbval executes them on these versions.
NOTEBOOKS = sorted(notebooks().glob("*.ipynb"))
_CODE_CELLS = "const cells = Jupyter.notebook.get_cells().filter((cell) => cell.cell_type === 'code');"


class Classic(Lab):
    """One page of the classic notebook."""

    def open(self, source: Path) -> None:
        notebook = nbformat.read(source, as_version=4)
        if source.name.startswith(TRAINING) and not source.name.startswith("11"):
            first = next(place for place, cell in enumerate(notebook.cells) if "llmlab-explorer" in str(cell))
            notebook.cells = notebook.cells[: first + 1]
        nbformat.write(notebook, self.server.folder / source.name)
        self.page.goto(f"{self.server.address}/notebooks/{source.name}?token={self.server.token}")
        self.page.wait_for_function(
            "() => window.Jupyter?.notebook?._fully_loaded && Jupyter.notebook.kernel?.is_connected()"
            " && 'jupyter.widget' in Jupyter.notebook.kernel.comm_manager.targets"
        )
        # The widgets' own side asks the kernel two things, one after the other, before it is ready: let it have them.
        for _ in range(3):
            self.page.evaluate("() => new Promise((done) => Jupyter.notebook.kernel.kernel_info(() => done(null)))")

    def run_all(self) -> None:
        """Run every cell and wait until the last one has finished."""
        self.page.evaluate(f"() => {{ {_CODE_CELLS} cells.forEach((cell) => cell.set_input_prompt()); }}")
        self.page.evaluate("() => { Jupyter.notebook.execute_all_cells(); }")
        self.page.wait_for_function(
            f"() => {{ {_CODE_CELLS} return cells.every((cell) => Number.isInteger(cell.input_prompt_number)); }}"
        )

    def outputs(self) -> list[dict]:
        return self.page.evaluate("() => Jupyter.notebook.toJSON().cells.flatMap((cell) => cell.outputs ?? [])")

    def error_outputs(self) -> list[str]:
        return [f"{one['ename']}: {one['evalue']}" for one in self.outputs() if one["output_type"] == "error"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if browser_path() is None:
        pytest.skip("needs Chromium: install chromium-headless-shell, chromium or google-chrome")
    with jupyter_server(["notebook"]) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # The whole browser, if it is there: the classic notebook has been tried in it.
    with chromium((*BROWSERS[1:], BROWSERS[0])) as running:
        yield running


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_lesson_runs_on_colabs_versions_and_its_explorers_move(
    server: Server, browser: Browser, path: Path, tmp_path: Path
):
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    classic = Classic(page, server)
    try:
        classic.open(path)
        expect(page.locator(".llmlab-live")).to_have_count(0)  # committed outputs: still pictures
        classic.run_all()
        assert classic.outputs(), "no cell has an output"
        assert classic.error_outputs() == []
        expect(page.locator(".llmlab-live").first).to_be_visible()
        for index in range(page.locator(".llmlab-live").count()):
            explorer = classic.explorer(index)
            explorer.root.screenshot(path=tmp_path / f"{path.stem}-{index}.png")
            explorer.move()
        # MathJax looks for fonts in an empty frame, which Chromium refuses.
        ours = [error for error in classic.errors if "font" not in error and "net::ERR_FAILED" not in error]
        assert ours == []
    finally:
        page.close()
        server.shut_down_kernels()
    print(f"screenshots: {tmp_path}")
