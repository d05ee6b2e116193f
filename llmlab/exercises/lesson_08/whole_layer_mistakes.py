"""Wrong layers: the twelve attention bugs and more, each a changed line or two, and what they give on an example."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product

from torch import Tensor

from llmlab.attention._bugs import BUGS, RIGHT, Attend
from llmlab.exercises.lesson_07.common import fixed_numbers

Change = tuple[str, str]  # the right line, what stands there instead

_WEIGHTS, _SCALE, _SPLIT, _MERGE = (
    BUGS[name][0] for name in ("no mask", "no scaling", "view when splitting", "view when merging")
)
_PROJECTIONS = BUGS["keys and values swapped"][0]
_LAST = "return context @ W_out"
_INTERLEAVED = (_SPLIT, "return t.view(T, d_head, n_heads).permute(2, 0, 1)")

# More ways to get it wrong, beside the twelve.
_MORE: tuple[tuple[str, tuple[Change, ...]], ...] = (
    ("01-mask-added", ((_WEIGHTS, "weights = (scores + future.float()).softmax(dim=-1)"),)),
    ("mask-multiplied", ((_WEIGHTS, "weights = (scores * ~future).softmax(dim=-1)"),)),
    ("infinity-misplaced", ((_WEIGHTS, "weights = scores.softmax(dim=-1).masked_fill(future, -torch.inf)"),)),
    ("infinity-misplaced", ((_WEIGHTS, _WEIGHTS.replace("-torch.inf", "torch.inf")),)),
    ("mask-inverted", ((_WEIGHTS, "weights = scores.masked_fill(~future, -torch.inf).softmax(dim=-1)"),)),
    ("softmax-over-the-heads", ((_WEIGHTS, _WEIGHTS.replace("dim=-1", "dim=0")),)),
    ("no-softmax", ((_WEIGHTS, "weights = scores.masked_fill(future, 0.0)"),)),
    (
        "scaled-after-the-softmax",
        ((_WEIGHTS, f"{_WEIGHTS.replace('scores.', '(scores * d_head**0.5).')} / d_head**0.5"),),
    ),
    ("no-root", ((_SCALE, _SCALE.replace("d_head**0.5", "d_head")),)),
    ("multiplied-by-the-root", ((_SCALE, _SCALE.replace("/ d_head", "* d_head")),)),
    *(
        ("scaling-by-another-size", ((_SCALE, _SCALE.replace("d_head", size)),))
        for size in ("x.shape[1]", "T", "n_heads", "(x.shape[1] / n_heads)", "(x.shape[1] // n_heads)")
    ),
    ("view-both-ways", (BUGS["view when splitting"], BUGS["view when merging"])),
    ("heads-interleaved", (_INTERLEAVED,)),
    ("heads-interleaved", (_INTERLEAVED, (_MERGE, "context = context.permute(1, 2, 0).reshape(T, D)"))),
    ("queries-and-keys-swapped", ((_SCALE, "scores = split(keys) @ split(queries).transpose(1, 2) / d_head**0.5"),)),
    *(
        ("projection-used-twice", ((_PROJECTIONS, _PROJECTIONS.replace(right, instead)),))
        for right, instead in product(("W_key", "W_value"), ("W_query", "W_key", "W_value"))
        if right != instead
    ),
    ("out-projection-missing", ((_LAST, "return context"),)),
    ("one-head-only", (("d_head = D // n_heads", "n_heads, d_head = 1, D"),)),
    ("one-head-only", ((_SPLIT, "return t.view(T, 1, D).transpose(0, 1)"),)),
)


def example() -> tuple[Tensor, tuple[Tensor, Tensor, Tensor, Tensor], int]:
    """x, the four matrices and n_heads: T=4, d_in=5, D=6, H=2, d_head=3, d_out=7, all different."""
    shapes = [(5, 6)] * 3 + [(6, 7)]
    W_query, W_key, W_value, W_out = (fixed_numbers(*shape, shift=37 * n + 3) for n, shape in enumerate(shapes))
    return fixed_numbers(4, 5), (W_query, W_key, W_value, W_out), 2


def wrong_sources() -> Iterator[tuple[str, str]]:
    """Every known wrong layer as text, after the name of its misconception; some names come more than once."""
    for name, change in BUGS.items():
        yield name.replace(" ", "-").replace("/", ""), _changed((change,))
    for name, changes in _MORE:
        yield name, _changed(changes)


def wrong_layers() -> Iterator[tuple[str, Attend]]:
    """The same as functions."""
    return ((name, _defined(text)) for name, text in wrong_sources())


def wrong_outputs() -> dict[str, list[Tensor]]:
    """What each known bug gives on the example: misconception -> outputs."""
    x, matrices, H = example()
    found: dict[str, list[Tensor]] = {}
    for name, attend in wrong_layers():
        found.setdefault(name, []).extend(with_zeros(name, attend(x, *matrices, H)))
    return found


def with_zeros(name: str, outputs: Tensor) -> list[Tensor]:
    """The outputs; where a mask hides all of a row, which gives NaN, also those with zeros there."""
    return [outputs, outputs.nan_to_num(0.0)] if name == "mask-one-too-low" else [outputs]


def _changed(changes: tuple[Change, ...]) -> str:
    text = RIGHT
    for right, instead in changes:
        text = text.replace(right, instead)
    return text


@cache
def _defined(text: str) -> Attend:
    names: dict[str, Attend] = {}
    exec(text, names)
    return names["attend"]
