"""What is known of llmlab's own versions of attention: their small maps, and which looks they pass.

Fourteen small maps and as many looks take a second to find, and a picture has milliseconds. `record()` makes the file
anew; a test compares each entry with what is measured.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from llmlab.attention._bugs import Looks, function, look
from llmlab.explorers.influence_map.measuring import AROUND, CHANGES, HEADS, OWN, input_around, layer, measure

RECORDED = Path(__file__).with_name("influence_map.json")
LOOKS = ("random", "zero", "magnitudes", "values")

Map = tuple[tuple[bool, ...], ...]


def passes(looks: Looks) -> tuple[bool, ...]:
    """For each of `LOOKS`, whether a version looks as it should."""
    return looks.at_random, looks.around_zero, looks.steady, looks.equal


def record(path: Path = RECORDED) -> None:
    """Measure every version and write the file; llmlab's own attention stands for the learner's."""
    known = {}
    for name, change in CHANGES.items():
        run = function(change)
        maps = {
            f"{heads}, {around}": _written(measure(layer(run, "decoder", heads), input_around(around))[0].tolist())
            for heads in HEADS
            for around in AROUND
        }
        known[name] = {"passes": passes(look(run)), "maps": maps}
    path.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def _written(cells: list[list[bool]]) -> str:
    return " ".join("".join("x" if reaches else "." for reaches in row) for row in cells)


@cache
def _known() -> dict:
    return json.loads(RECORDED.read_text(encoding="utf-8"))


@cache
def known_map(name: str, heads: int, around: str) -> Map:
    """Which input reaches which output, (T, T), in a version of `CHANGES`.

    >>> known_map("mask one too high", 1, "zero")[0][:3]
    (True, True, False)
    """
    rows = _known()[name]["maps"][f"{heads}, {around}"].split()
    return tuple(tuple(mark == "x" for mark in row) for row in rows)


@cache
def known_passes(name: str) -> tuple[bool, ...]:
    """For each of `LOOKS`, whether a version of `CHANGES` looks as it should."""
    return tuple(_known()[name]["passes"])


@cache
def fewest_looks() -> int:
    """How many looks catch all bugs, at least."""
    subsets = sorted(range(2 ** len(LOOKS)), key=int.bit_count)
    bugs = [known_passes(name) for name in CHANGES if name != OWN and not all(known_passes(name))]
    caught = (
        subset
        for subset in subsets
        if all(any(subset >> at & 1 and not fine for at, fine in enumerate(bug)) for bug in bugs)
    )
    return next(caught).bit_count()
