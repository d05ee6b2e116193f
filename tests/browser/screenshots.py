"""Take pictures of the explorers.

python -m tests.browser.screenshots          docs/images/, one an explorer, in JupyterLab: for the README
python -m tests.browser.screenshots FOLDER   light and dark, 375, 700 and 1300 pixels wide, on a bare page: to look at
"""

from __future__ import annotations

import sys
from pathlib import Path

from llmlab import explorers
from tests.browser.lab import ROOT, Lab, chromium, jupyter_server, notebook
from tests.browser.plain import THEMES, Plain

EXPLORERS = (
    explorers.PipelineMap,
    explorers.TokenizerMicroscope,
    explorers.MergePlayer,
    explorers.WindowMap,
    explorers.EmbeddingBench,
    explorers.AttentionBench,
    explorers.InfluenceMap,
    explorers.ShapeTracer,
    explorers.TrainingReplay,
    explorers.DistributionSculptor,
    explorers.CacheMeter,
)
WIDTHS = (375, 700, 1300)


def for_the_readme() -> None:
    """One picture an explorer, as JupyterLab shows it first."""
    folder = ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    cells = [f"from llmlab.explorers import {kind.__name__}\n\n{kind.__name__}()" for kind in EXPLORERS]
    with jupyter_server() as server, chromium() as browser:
        lab = Lab(browser.new_page(viewport={"width": 1000, "height": 1600}), server)
        lab.open(notebook(*cells))
        lab.run_all()
        for index, kind in enumerate(EXPLORERS):
            explorer = lab.explorer(index)
            explorer.wait_idle()
            path = folder / f"{kind.__module__.split('.')[2]}.png"
            explorer.root.screenshot(path=path)
            print(path.relative_to(ROOT))


def to_look_at(folder: Path) -> None:
    """Every explorer in its first state, in both themes and at three widths."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for kind in EXPLORERS:
            for theme in THEMES:
                for width in WIDTHS:
                    page = browser.new_page(viewport={"width": width, "height": 900})
                    plain = Plain(page, kind(), theme=theme)
                    page.wait_for_timeout(200)
                    plain.root.screenshot(path=folder / f"{kind.__name__}-{theme}-{width}.png")
                    page.close()
            print(kind.__name__)


if __name__ == "__main__":
    to_look_at(Path(sys.argv[1])) if len(sys.argv) > 1 else for_the_readme()
