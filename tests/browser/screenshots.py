"""Take the pictures of the README, one an explorer: `python -m tests.browser.screenshots` writes docs/images/."""

from __future__ import annotations

from llmlab.explorers import (
    AttentionBench,
    CacheMeter,
    DistributionSculptor,
    EmbeddingBench,
    InfluenceMap,
    MergePlayer,
    PipelineMap,
    ShapeTracer,
    TokenizerMicroscope,
    TrainingReplay,
    WindowMap,
)
from tests.browser.lab import ROOT, Lab, chromium, jupyter_server, notebook

EXPLORERS = (
    PipelineMap,
    TokenizerMicroscope,
    MergePlayer,
    WindowMap,
    EmbeddingBench,
    AttentionBench,
    InfluenceMap,
    ShapeTracer,
    TrainingReplay,
    DistributionSculptor,
    CacheMeter,
)


def main() -> None:
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
            path = folder / f"{kind.__module__.rpartition('.')[2]}.png"
            explorer.root.screenshot(path=path)
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
