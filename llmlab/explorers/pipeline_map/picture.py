"""The picture of the pipeline map: a river from the text down to the next token, one lane for each position.

The lane of the chosen position is lit; arcs flow into it from the positions that it looks at. A press on a token
chooses it, a press on a head shows what that head does, a press on a next token appends it. Numbers are in numbers.py.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape

import torch
from torch import Tensor

from llmlab.explorers.host.touch import touch
from llmlab.explorers.pipeline_map.heads import heads
from llmlab.explorers.pipeline_map.nexts import next_tokens, stream
from llmlab.explorers.pipeline_map.numbers import characters, first_shown, said, shape, shown
from llmlab.explorers.pipeline_map.values import CELLS, LESSONS, START, PipelineTrace

SHADES = torch.tensor([0.06, 0.12, 0.25, 0.5])  # of the largest number: each depth of colour is twice the one before


def render(trace: PipelineTrace) -> str:
    """The river with its stages, the heads beside it, and the next tokens at its end."""
    first = first_shown(trace)
    lanes = len(trace.tokens) - first + (first > 0)
    many = " llmlab-crowded" if lanes > 6 else ""  # narrow lanes: no room for a word across
    D, L = trace.context.shape[1], len(trace.weights)
    cells = min(CELLS, D)
    in_front = ""
    if trace.read != trace.text:
        in_front = f" In front stands {escape(START)}, which began each document that the model has read"
        in_front += ", and a space." if trace.text else "."
    TD, TV = f"(T, D) = {shape(trace.context)}", f"(T, V) = {shape(trace.logits)}"
    stages = (
        _stage("Characters", f"What is typed.{in_front}", "", ["01"])
        + _lanes(trace, _characters(trace), "letters")
        + _stage(
            "Tokens",
            "The tokenizer cuts the text into pieces that it knows. Below each stands its id, the number of its row in "
            "the model's tables.",
            f"(T,) = ({len(trace.tokens)},)",
            ["01", "02"],
        )
        + _lanes(trace, _tokens(trace), "chips")
        + _stage(
            "Embeddings",
            f"Each id fetches a row of a table{_and_positions(trace)}. {_first_cells(cells, D)}",
            TD,
            ["04", "05"],
        )
        + _lanes(trace, _strips(trace, trace.embeddings, "embedding"), "strips")
        + _stage(
            "Attention",
            f"Each position takes from those before it and from itself. This is layer {trace.layer}, head "
            f"{trace.head}: what the chosen position takes, in shares of 1. Later positions are masked.",
            f"(H, T, T) = {shape(trace.weights[0])}",
            ["06", "08"],
        )
        + _lanes(trace, _streams(trace, lanes), "streams")
        + _stage(
            "Context vectors",
            f"After all {L} layers each vector holds more than its own token. {_first_cells(cells, D)}",
            TD,
            ["08", "09"],
        )
        + _lanes(trace, _strips(trace, trace.context, "context vector"), "strips")
        + f"<span></span>{stream(trace, lanes)}"
    )
    last = _stage(
        "Next token",
        "Each context vector becomes a number for each token of the vocabulary, its logit; softmax makes them "
        "probabilities. These are the most probable ones after the chosen position.",
        TV,
        ["09", "12"],
    )
    return (
        f'<div class="llmlab-flow"><div class="llmlab-river{many}" style="--n:{lanes}">{stages}</div>'
        f'<div class="llmlab-mouth">{last}{next_tokens(trace)}</div>{heads(trace)}</div>'
    )


def _and_positions(trace: PipelineTrace) -> str:
    return (
        "; positions turn queries and keys, later" if trace.rotary else ", and each position adds one of another table"
    )


def _first_cells(cells: int, D: int) -> str:
    return f"The first {cells} of {D} numbers: blue above zero, striped orange below."


def _stage(name: str, sentence: str, sizes: str, lessons: list[str]) -> str:
    """The name of a stage; opened, it says what happens there and in which lesson that is learned."""
    links = ", ".join(
        f'<a href="{LESSONS[lesson]}.ipynb" target="_blank" rel="noopener">lesson {lesson}</a>' for lesson in lessons
    )
    sizes = f"Shape {sizes}. " if sizes else ""
    return (
        f'<details class="llmlab-about"{touch(key=f"about {name}")}><summary>{name}</summary>'
        f"<div>{sentence} {sizes}More in {links}.</div></details>"
    )


def _lanes(trace: PipelineTrace, content: str, kind: str) -> str:
    """One stage of all lanes; behind it the beam, where the chosen position is."""
    first = first_shown(trace)
    at = trace.position - first + (first > 0)
    beam = f'<i class="llmlab-beam" style="left:calc({at} * 100% / var(--n))"></i>'
    earlier = "<span>…</span>" if first and kind in ("letters", "chips", "strips") else ""
    group = touch(key="tokens", group="follow", sweep=True) if kind == "chips" else ""
    return f'<div class="llmlab-stage-lanes llmlab-{kind}"{group}>{beam}{earlier}{content}</div>'


def _characters(trace: PipelineTrace) -> str:
    return "".join(f'<span style="grid-column:span {wide}">{letters}</span>' for wide, letters in characters(trace))


def _tokens(trace: PipelineTrace) -> str:
    """Each token with its id; a press chooses its position."""
    T, chips = len(trace.tokens), ""
    for at in range(first_shown(trace), T):
        written = at >= T - trace.written
        by = ", written by the model" if written else ""
        its = touch(
            key=f"token{at}",
            press={"back": T - 1 - at},
            link=f"p{at}",
            tip=f"position {at}: {said(trace.tokens[at])}{by}",
        )
        look = "llmlab-piece" + " llmlab-written" * written
        chips += (
            f'<span class="llmlab-token-lane"><b class="{look}"{its}>{shown(trace.tokens[at])}</b>'
            f"<small>{trace.ids[at]}</small></span>"
        )
    return chips


def _strips(trace: PipelineTrace, vectors: Tensor, name: str) -> str:
    """The first numbers of each vector as shades; the very first ones are read out."""
    first = first_shown(trace)
    strips = ""
    for at, (cells, begin) in enumerate(_cells(vectors, first), first):
        its = touch(link=f"p{at}", tip=f"{name} of {said(trace.tokens[at])}: {begin}, …")
        strips += f'<span class="llmlab-vector"{its}>{cells}</span>'
    return strips


@lru_cache(maxsize=24)  # a tensor is known by its identity: the same for all positions and heads of one text
def _cells(vectors: Tensor, first: int) -> list[tuple[str, str]]:
    """Of each vector (its cells, its first numbers): shades by the share of the largest number that is shown."""
    numbers = vectors[first:, :CELLS]
    depths = (numbers.abs()[..., None] > numbers.abs().max() * SHADES).sum(dim=-1) * numbers.sign().int()
    looks = {depth: f'<i class="llmlab-{"above" if depth > 0 else "below"}{abs(depth)}"></i>' for depth in range(-4, 5)}
    looks[0] = "<i></i>"
    return [
        ("".join(looks[depth] for depth in line), ", ".join(f"{n:.2f}" for n in begin).replace("-", "−"))
        for line, begin in zip(depths.tolist(), numbers[:, :4].tolist(), strict=True)
    ]


def _streams(trace: PipelineTrace, lanes: int) -> str:
    """What the chosen position takes from each one: a stream as wide as its weight; what it may not see is hatched."""
    first, weights = first_shown(trace), trace.attention.tolist()
    shares = ([sum(weights[:first])] if first else []) + weights[first : trace.position + 1]
    sources = [*([-1] if first else []), *range(first, trace.position + 1)]
    middle = [100 * lane + 50 for lane in range(lanes)]
    end = middle[len(shares) - 1] if shares else 50
    paths = labels = ""
    for lane, (source, share) in enumerate(zip(sources, shares, strict=True)):
        start, link = middle[lane], f"p{source}"
        paths += (
            f'<path{touch(key=f"arc{source}", link=link)} d="M{start} 16C{start} 70 {end} 40 {end} 100" '
            f'style="stroke-width:{1 + 21 * share:.1f}px;stroke-opacity:{0.3 + 0.6 * share:.2f}" '
            'vector-effect="non-scaling-stroke"></path>'
        )
        bold = " llmlab-most" if share == max(shares) else ""
        labels += f'<span class="llmlab-share-taken{bold}"{touch(link=link)}>{share:.0%}</span>'
    masked = (
        f'<span class="llmlab-masked"{touch(tip="later positions are masked: it may not look at them")} '
        f'style="left:calc({len(shares)} * 100% / var(--n))"><b>masked</b></span>'
        if len(shares) < lanes
        else ""
    )
    return (
        f'{masked}<svg viewBox="0 0 {100 * lanes} 100" preserveAspectRatio="none" aria-hidden="true">{paths}</svg>'
        f"{labels}"
    )
