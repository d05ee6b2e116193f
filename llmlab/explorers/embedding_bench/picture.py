"""The picture of the embedding bench as HTML: the map of all words, the word that is looked at, and the analogy.

Directions and scale of both maps belong to the run: when checkpoints play, only the words move. What stands below the
maps, the sentence itself, is in sentence.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape

import numpy as np

from llmlab.explorers.embedding_bench.numbers import two
from llmlab.explorers.embedding_bench.plane import FOUR, LETTER, MAP_WIDTH, Box
from llmlab.explorers.embedding_bench.sentence import cosines, sentence
from llmlab.explorers.embedding_bench.values import SENTENCE, BenchTrace
from llmlab.explorers.host.touch import touch

RANDOM_REACH = 5.0  # of the small map for a random table, whose words lie farther apart than trained ones
WIDE = 1.9  # the small map is so many times as wide as high
NAME = 60  # pixels: about as wide as a name, where sides are chosen
SIDES = {"e": (8, 0), "w": (-NAME - 8, 0), "n": (-NAME / 2, -18), "s": (-NAME / 2, 18)}  # of a dot, where a name begins
Written = tuple[float, float, float]  # pixels: left end, right end, middle
NO_WORD = f"No word to show. Try: {SENTENCE}"


def render(trace: BenchTrace) -> str:
    """The bench as HTML."""
    below = f"<p>{NO_WORD}</p>"
    if trace.words:
        below = f'<div class="llmlab-said">{sentence(trace)}{cosines(trace)}</div>'
    return f'<div class="llmlab-maps">{_map(trace)}<div>{_neighbours(trace)}{_analogy(trace)}</div></div>{below}'


# ---- the map ---------------------------------------------------------------------------------------------------------


def _map(trace: BenchTrace) -> str:
    """All words as dots; those with a name, those of the sentence and those that are near can be pressed."""
    box = trace.plane.box
    places = _percent(trace.words_map, box)
    id_of = {word: id for id, word in enumerate(trace.vocabulary)}
    close = {id_of[word] for word, _ in trace.neighbours}
    shown = {id_of[word] for word in (*trace.words, *filter(None, [trace.near]))}
    marks, written = _marks(trace)
    dots, presses = "", _presses(trace.vocabulary)
    for id in sorted(trace.plane.named | close | shown):
        x, y = places[id]
        word = trace.vocabulary[id]
        named = id in trace.plane.named and word not in trace.words and _has_room(word, _pixels(box, x, y), written)
        kind = " ".join(name for name, on in (("llmlab-close", id in close), ("llmlab-named", named)) if on)
        look = f' class="{kind}"' if kind else ""
        # Two elements: where it is changes from frame to frame, the rest is sent once (host/packing.py).
        dots += f'<b{touch(key=f"at{id}")} style="left:{x:.1f}%;top:{y:.1f}%"><i{look}{presses[id]}></i></b>'
    # The others are one element, so that a picture of 200 words is drawn in a few milliseconds.
    rest = "".join(f"M{x:.1f} {y:.1f}h0" for id, (x, y) in enumerate(places) if id not in trace.plane.named)
    when = "random: not trained" if trace.step is None else f"step {trace.step:,}"
    all_dots = f'<div class="llmlab-dots"{touch(key="words", group="words")}>{dots}</div>'
    return (
        f'<div><div class="llmlab-map-head"><b>All {len(trace.vocabulary)} words</b> <small>near: used alike'
        f'<i>; press a name</i></small><b class="llmlab-clock">{when}</b></div>'
        f'<div class="llmlab-map2d" style="{_zero(box)}">{_lines(trace, places, id_of, rest)}{all_dots}{marks}</div>'
        "</div>"
    )


def _percent(places: np.ndarray, box: Box) -> list[tuple[float, float]]:
    """Coordinates as shares of a box from the left and from the top; what lies beyond is drawn at the edge."""
    x = 100 * (places[..., 0] - box.left) / box.width
    y = 100 * (box.top - places[..., 1]) / box.height
    return list(zip(x.clip(1, 99).tolist(), y.clip(1, 99).tolist(), strict=True))


def _zero(box: Box) -> str:
    """Where the cross of the two zeros lies."""
    x, y = -100 * box.left / box.width, 100 * box.top / box.height
    return f"background-position:{x:.1f}% 0,0 {y:.1f}%"


@lru_cache(maxsize=16)
def _presses(vocabulary: tuple[str, ...]) -> tuple[str, ...]:
    """What the dot of each word declares: the same in every frame."""
    return tuple(touch(key=f"v{id}", press={"near": word}, tip=word) for id, word in enumerate(vocabulary))


def _lines(trace: BenchTrace, places: list[tuple[float, float]], id_of: dict[str, int], rest: str) -> str:
    """Where the words of the sentence came from, what their places did to them, and who is nearest."""
    drawn, box = f'<path class="llmlab-rest" d="{rest}"></path>', trace.plane.box
    seen = set()
    for place, word in enumerate(trace.words):
        if word in seen:
            continue
        seen.add(word)
        trail = _percent(trace.trails[:, place], box)
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in trail)
        drawn += f'<polyline class="llmlab-trail"{touch(key=f"trail{word}")} points="{points}"></polyline>'
    if trace.positions != "none":
        for place, (x, y) in enumerate(_percent(trace.map, box)):
            u, v = places[id_of[trace.words[place]]]
            drawn += (
                f'<line class="llmlab-shift"{touch(key=f"shift{trace.order[place]}")} x1="{u:.1f}" y1="{v:.1f}" '
                f'x2="{x:.1f}" y2="{y:.1f}"></line>'
            )
    if trace.near:
        x, y = places[id_of[trace.near]]
        for number, (word, _) in enumerate(trace.neighbours):
            u, v = places[id_of[word]]
            drawn += (
                f'<line class="llmlab-tie"{touch(key=f"tie{number}")} x1="{x:.1f}" y1="{y:.1f}" x2="{u:.1f}" '
                f'y2="{v:.1f}"></line>'
            )
    return f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{drawn}</svg>'


def _marks(trace: BenchTrace) -> tuple[str, list[Written]]:
    """The words of the sentence: a dot each, with its name, and with its places where it occurs again.

    And what they cover: the small names of other words give way.
    """
    together = trace.repeated and not trace.told_apart
    again = {place for pair in trace.repeated for place in pair}
    places = _percent(trace.map, trace.plane.box)
    names = []
    for place, word in enumerate(trace.words):
        same = [other for other, one in enumerate(trace.words) if one == word]
        shown = same if together else [place]
        where = f"<small>{', '.join(map(str, shown))}</small>" if place in again else ""
        names.append("" if together and place != same[0] else escape(word[:12]) + where)
    marks, written = "", []
    for place, ((x, y), side) in enumerate(zip(places, _sides(trace, places, names), strict=True)):
        across, down = _pixels(trace.plane.box, x, y)
        right, lower = SIDES[side]
        written.append((across - 5, across + 5, down))
        if names[place]:
            written.append((across + right, across + right + NAME, down + lower))
        its = touch(key=f"mark{trace.order[place]}", link=f"s{place}")
        marks += (
            f'<span class="llmlab-place-of llmlab-{side}"{its} style="left:{x:.1f}%;top:{y:.1f}%"><b>{names[place]}</b>'
            "</span>"
        )
    return marks, written


def _has_room(word: str, dot: tuple[float, float], written: list[Written]) -> bool:
    """Whether the small name at the right of a dot is covered by nothing that is written already."""
    start, end = dot[0] + 4, dot[0] + 4 + LETTER * len(word)
    return not any(start < right and end > left and abs(dot[1] - line) < 16 for left, right, line in written)


def _pixels(box: Box, x: float, y: float) -> tuple[float, float]:
    """A place in percent on a map of MAP_WIDTH."""
    return MAP_WIDTH / 100 * x, MAP_WIDTH / 100 * box.height / box.width * y


def _sides(trace: BenchTrace, places: list[tuple[float, float]], names: list[str]) -> list[str]:
    """For each name a side of its dot where it covers no other: the first that has room."""
    taken: list[tuple[float, float]] = []  # where a name begins, and its line
    sides = []
    for (x, y), name in zip(places, names, strict=True):
        across, down = _pixels(trace.plane.box, x, y)
        found = "e"
        for side, (right, lower) in SIDES.items():
            at = (across + right, down + lower)
            if 0 < at[0] < MAP_WIDTH - NAME and all(abs(at[0] - u) > NAME or abs(at[1] - v) > 17 for u, v in taken):
                found = side
                break
        sides.append(found)
        if name:
            right, lower = SIDES[found]
            taken.append((across + right, down + lower))
    return sides


# ---- the word that is looked at --------------------------------------------------------------------------------------


def _neighbours(trace: BenchTrace) -> str:
    if not trace.near:
        return '<div class="llmlab-near"><p>Press a word on the map: its nearest words come here.</p></div>'
    rows = ""
    for number, (word, cosine) in enumerate(trace.neighbours):
        its = touch(key=f"near{number}", press={"near": word}, name=f"look at {word}")
        rows += (
            f'<span class="llmlab-chip"{its}>{escape(word[:12])}</span><span class="llmlab-cosine"><i '
            f'style="width:{100 * min(max(cosine, 0), 1):.0f}%"></i></span><span>{two(cosine)}</span>'
        )
    return (
        f'<div class="llmlab-near"><div><b>Nearest to {escape(trace.near[:12])}</b> <small>cosine; press any word'
        f'</small></div><div class="llmlab-near-rows"{touch(key="nears", group="nears")}>{rows}</div></div>'
    )


# ---- the analogy -----------------------------------------------------------------------------------------------------


def _analogy(trace: BenchTrace) -> str:
    """King, man, woman and the sum, in the plane of the three: from man to woman, and the same step from king."""
    if trace.analogy is None or trace.analogy_map is None:
        return ""
    reach = RANDOM_REACH if trace.step is None else 1.15 * trace.plane.analogy_reach
    box = Box(-WIDE * reach, WIDE * reach, -reach, reach)
    king, queen, man, woman, found, asked = _percent(trace.analogy_map, box)
    answer = trace.analogy[0]
    arrows = _arrow("step", man, woman) + _arrow("same", king, asked, "llmlab-again")
    names = [*zip(FOUR, (king, queen, man, woman), ("nw", "ne", "sw", "se"), strict=True)]
    if answer not in FOUR:
        names.append((answer, found, "se"))
    points = ""
    for name, (x, y), side in names:
        look = f"llmlab-point llmlab-{side}" + (" llmlab-answer" if name == answer else "")
        key = "found" if name not in FOUR else name
        points += (
            f'<span class="{look}"{touch(key=f"point {key}")} style="left:{x:.1f}%;top:{y:.1f}%"><b>'
            f"{escape(name[:12])}</b></span>"
        )
    smaller = ", drawn smaller" if trace.step is None else ""
    x, y = asked
    points += f'<span class="llmlab-asked-for"{touch(key="asked")} style="left:{x:.1f}%;top:{y:.1f}%"></span>'
    drawing = f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{arrows}</svg>'
    return (
        f'<div class="llmlab-analogy"><div>king − man + woman → <b>{escape(answer[:12])}</b> '
        f"<small>{two(trace.analogy[1])}{smaller}</small></div>"
        f'<div class="llmlab-small-map">{drawing}{points}</div></div>'
    )


def _arrow(key: str, start: Iterable[float], end: Iterable[float], kind: str = "") -> str:
    (x, y), (u, v) = start, end
    look = f"llmlab-arrow {kind}".strip()
    return f'<line class="{look}"{touch(key=key)} x1="{x:.1f}" y1="{y:.1f}" x2="{u:.1f}" y2="{v:.1f}"></line>'
