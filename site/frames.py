"""Explorers in a page: their frames, rendered beforehand by the same Python that draws them in a notebook.

`render(folder)` writes `explorers/host.js` (the script that every explorer shares) and for each explorer a folder with
`opening.js` and its parts, `0.js`, `1.js` ...: classic scripts that hand their content to llmlab-site.js.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

from course_files import ROOT, write
from frames_changes import Changes, alone
from frames_table import PLANS, edition

from llmlab.explorers.host.edition import Edition, classic_script, deflated

MOST_BYTES = 1_000_000  # of one explorer
WORKERS = 2


def render(folder: Path) -> list[Path]:
    """Write the frames of all explorers into a folder; returns those files that were rendered anew.

    Raises:
        ValueError: an explorer's frames are more than a page should load.
    """
    with alone(folder / "explorers"):
        return _render(folder / "explorers")


def _render(explorers: Path) -> list[Path]:
    write(explorers / "host.js", classic_script("llmlabHost"))
    changes = Changes(explorers)
    new = [name for name in PLANS if changes.is_new(f"{name}/opening.js", [_module(name)], _others(name), PLANS[name])]
    for name, written in _rendered(new):
        size = sum(len(text) for text in written.values())
        if size > MOST_BYTES:
            raise ValueError(f"{name}: {size:,} bytes of frames, at most {MOST_BYTES:,}: take fewer in frames_table.py")
        changes.keep(f"{name}/opening.js", {f"{name}/{file}": text for file, text in written.items()})
        for path in (explorers / name).iterdir():
            if path.name not in written:
                path.unlink()
    return changes.rendered


def _others(name: str) -> list[Path]:
    """What an explorer's frames are made from, beside the modules of its package: the data, and what is here."""
    makes = [f"{PLANS[name].make.partition('.')[0]}.py"] if PLANS[name].make else []
    here = [Path(__file__).with_name(file) for file in ("frames.py", *makes)]
    return [*here, *(path for path in (ROOT / "data").rglob("*") if path.is_file())]


def _module(name: str) -> str:
    return f"llmlab.explorers.{re.sub(r'(?<!^)(?=[A-Z])', '_', name).lower()}"


def _rendered(names: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The files of each explorer, drawn in two processes, part by part."""
    if not names:
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # two processes share the cores
    fresh = multiprocessing.get_context("spawn")  # PyTorch's threads do not survive a fork
    with ProcessPoolExecutor(WORKERS, mp_context=fresh) as pool:
        openings = {name: pool.submit(_opening, name) for name in names}
        parts = {}
        for name, opening in openings.items():
            count = opening.result()[1]
            parts[name] = [pool.submit(_part, name, number) for number in range(count)]
        for name in names:
            texts = {"opening.js": openings[name].result()[0]}
            yield name, texts | {f"{number}.js": part.result() for number, part in enumerate(parts[name])}


@cache
def _edition(name: str) -> Edition:
    return edition(name)


def _opening(name: str) -> tuple[str, int]:
    """The script with what a page needs at once, and how many parts there are."""
    made = _edition(name)
    opening = made.opening()
    content = json.dumps({**opening, "remark": remark(made)}, ensure_ascii=False, separators=(",", ":"))
    return f"llmlabSite.explorer({json.dumps(name)},{content});\n", len(opening["parts"])


def _part(name: str, number: int) -> str:
    made = _edition(name)
    states = list(made.parts().values())[number]
    return f"llmlabSite.part({json.dumps(name)},{number},{json.dumps(deflated(made.part(states)))});\n"


def remark(made: Edition) -> str:
    """What stands below an explorer in a page: how much of it is there, and what the notebook adds."""
    explorer = made.explorer
    controls = explorer._controls.values()
    texts = any(not len(control.values) for control in controls)
    own = [word for word, there in (("text", texts), ("function", explorer.trait_names(learners=True))) if there]
    sentences = []
    if len(made.states()) < math.prod(len(control.values) or 1 for control in controls):
        sentences.append(f"This page holds {len(made.states()):,} of its pictures; what is grey moves in the notebook.")
    if own:
        where = "There" if sentences else "In the notebook"
        sentences.append(f"{where} it also takes a {' and a '.join(own)} of your own.")
    return " ".join(sentences)
