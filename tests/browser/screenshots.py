"""Take pictures of the explorers.

python -m tests.browser.screenshots          docs/images/, for the README: one an explorer, and one that moves
python -m tests.browser.screenshots cards    docs/images/cards/, for the site's gallery: what of each fits a card
python -m tests.browser.screenshots FOLDER   light and dark, 375, 700 and 1300 pixels wide, on a bare page: to look at
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from llmlab import explorers
from tests.browser.lab import ROOT, Lab, chromium, jupyter_server, notebook, pause
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
    explorers.ArchitectureTracer,
    explorers.AnswerBench,
)
MOVING = "merge_player.gif"
WIDTHS = (375, 700, 1300)
CARD = (420, 280)
EDGE = 10


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
        moving(folder / MOVING, browser)


def for_the_gallery() -> None:
    """Of each explorer the upper part of its picture alone, as narrow as a phone shows it: it is read at card size."""
    sys.path.append(str(ROOT / "site"))
    from explorer_pages import file_of
    from frames_table import PLANS, made

    folder = ROOT / "docs" / "images" / "cards"
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for name in PLANS:
            page = browser.new_page(viewport={"width": CARD[0], "height": 900})
            explorer = made(name)
            explorer.title = explorer.heading  # by which its sheet knows it
            plain = Plain(page, explorer)
            pause(page, 300)
            picture = Image.open(io.BytesIO(plain.root.locator(".llmlab-hero").screenshot(animations="disabled")))
            card = Image.new("RGB", CARD, "white")
            card.paste(picture, (EDGE, EDGE))
            path = folder / f"{file_of(name)}.png"
            card.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
            print(path.relative_to(ROOT))
            page.close()


def moving(file: Path, browser: Browser) -> None:
    """A short animation of the merge player: a setting is changed, then its merges are played until the target."""
    page = browser.new_page(viewport={"width": 820, "height": 700})
    plain = Plain(page, explorers.MergePlayer())
    frames, durations = [], []

    def take(milliseconds: int) -> None:
        pause(page, 450)  # until everything has glided to its place
        shot = Image.open(io.BytesIO(plain.root.screenshot(animations="disabled"))).convert("RGB")
        frames.append(shot.crop((0, 0, shot.width, min(shot.height, 640))))
        durations.append(milliseconds)

    take(1500)
    plain.explorer.set(tie_break="lexicographic", pretokenize=True, merges=0)
    for merges in range(11):
        plain.explorer.set(merges=merges)
        take(3000 if merges == 10 else 700)
    page.close()
    height = max(frame.height for frame in frames)
    level = [Image.new("RGB", (frame.width, height), "white") for frame in frames]
    for canvas, frame in zip(level, frames, strict=True):
        canvas.paste(frame)
    few = [frame.quantize(64, dither=Image.Dither.NONE) for frame in level]
    few[0].save(file, save_all=True, append_images=few[1:], duration=durations, loop=0, optimize=True)


def to_look_at(folder: Path) -> None:
    """Every explorer in its first state, in both themes and at three widths."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for kind in EXPLORERS:
            for theme in THEMES:
                for width in WIDTHS:
                    page = browser.new_page(viewport={"width": width, "height": 900})
                    plain = Plain(page, kind(), theme=theme)
                    pause(page, 200)
                    plain.root.screenshot(path=folder / f"{kind.__name__}-{theme}-{width}.png")
                    page.close()
            print(kind.__name__)


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            for_the_readme()
        case ["cards"]:
            for_the_gallery()
        case [place]:
            to_look_at(Path(place))
