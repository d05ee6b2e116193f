"""A test of causality, to be written: tried on layers of which it is known what reaches what, each hard to see."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.engine.tensors import seeded
from llmlab.exercises.lesson_07.common import fixed_numbers, lower_triangle, tensor
from llmlab.exercises.lesson_07.sections import TESTED
from llmlab.exercises.lesson_07.what_moves_layers import (
    D,
    Layer,
    T,
    hard_layers,
    looks_at_the_next,
    mixes_what_it_reads,
    two_outputs,
    wrong_tables,
)


def _check_what_moves(what_moves: Probe) -> Iterator[str]:
    def table(layer: Layer, x: Tensor, shape: tuple[int, int], words: str, **options: Any) -> Tensor:
        value = what_moves(layer, x, make=_arguments, shown=f"{what_moves.name}({words}, x)", **options)
        got = tensor(value)
        if got is None or got.shape != shape or not ((got == 0) | (got == 1)).all():
            raise Wrong("not-a-table", f"For {words} and x {tuple(x.shape)} it gave {_kind(got)}.")
        return got.bool()

    x, causal = fixed_numbers(T, D, shift=2), lower_triangle(T)
    next_one = torch.ones(T - 1).diag(1).bool()
    words = "a layer in which each output is the next token"
    got = table(looks_at_the_next, x, (T, T), words)
    if not torch.equal(got, next_one):
        named = name_of(((k, v) for k, vs in wrong_tables().items() for v in vs), lambda one: torch.equal(got, one))
        raise Wrong(named or "other-table", f"For {words} it found\n{_drawn(got)}\nand should find\n{_drawn(next_one)}")
    yield words

    for words, layer, at, misconception in hard_layers(x):
        got = table(layer, at, (T, T), words)
        if torch.equal(got, causal):
            continue
        leaks, blind = (got & ~causal).any(), (causal & ~got).any()
        expected_fault = leaks and not blind if misconception == "rounding-counts" else blind and not leaks
        raise Wrong(
            misconception if expected_fault else "other-table",
            f"For {words} it found\n{_drawn(got)}\nand should find\n{_drawn(causal)}",
        )
    yield "layers that are hard to see through: rounding, opposite signs, single components, zeros"

    got = table(two_outputs, x, (2, T), "a layer of two outputs")
    if not torch.equal(got, wanted := torch.tensor([[True] * T, [True] + [False] * (T - 1)])):
        raise Wrong("other-table", f"For two outputs it found\n{_drawn(got)}\nand should find\n{_drawn(wanted)}")
    yield "fewer outputs than tokens"

    fresh = random.Random()
    generator = seeded(fresh)
    for length in (2, 5, 6, 7, 9):  # shorter and longer than the examples, on every run
        width, d_out = fresh.sample([size for size in range(2, 9) if size != length], 2)
        reads = torch.rand(length, length, generator=generator) < 0.5
        mixes = torch.randn(width, d_out, generator=generator)
        layer = partial(mixes_what_it_reads, reads, mixes)
        at = torch.randn(length, width, generator=generator)
        found = table(layer, at, (length, length), "a random layer", fresh=True)
        if not torch.equal(found, reads):
            raise Wrong("tied-to-the-example")
    yield "fresh random layers"


def _arguments(layer: Layer, x: Tensor) -> tuple:
    """The layer, which refuses what is no text of (T, D), and x."""

    def attention(x: Tensor) -> Tensor:
        if x.dim() != 2:
            raise ValueError(f"attention wants a text of shape (T, D), got shape {tuple(x.shape)}")
        return layer(x)

    return attention, x


def _drawn(table: Tensor) -> str:
    return "\n".join(f"`{' '.join('■' if moves else '·' for moves in row)}`" for row in table.tolist())


def _kind(got: Tensor | None) -> str:
    if got is None:
        return "no table"
    return "other values than True and False" if got.dim() == 2 else f"shape {tuple(got.shape)}"


EXERCISE = Exercise(
    kind="function",
    examine=_check_what_moves,
    means="You can now ask any layer what reaches what, without reading its code. What the table shows, it shows at "
    "this x: a test, not a proof.",
    hints=(
        "When token j is perturbed and all others stay, which column of the table does the comparison fill?",
        "Compute the outputs once before the loop. In the loop: a copy of x, a random step on row j, the outputs "
        "anew, and for each output the largest change of its components, compared with 1e-5.",
        "In `for j in range(len(x))`: `perturbed = x.clone()`, `perturbed[j] += torch.randn(x.shape[1])`, "
        "`moved[:, j] = (attention(perturbed) - before).abs().amax(dim=1) > 1e-5`.",
    ),
    variant="Let your function return how far each output moves instead of whether. Which of the past's tokens moves "
    "the last output most, and does that agree with its weight?",
    crashes=(
        Crash(
            "outputs-counted-as-tokens",
            "RuntimeError",
            r"The expanded size of the tensor",
            "The column that is filled and what is put into it differ in length. The table has one row for each "
            "output of `attention(x)`, which may be fewer than the tokens, and one column for each token of x.",
            TESTED,
        ),
        Crash(
            "truth-of-a-row",
            "RuntimeError",
            r"Boolean value of Tensor with more than one",
            "`if` wants one truth value and got one for each component: ask for the largest change, `.abs().max()`, "
            "first.",
            TESTED,
        ),
        Crash(
            "perturbed-a-row-alone",
            "ValueError",
            r"^attention wants a text of shape",
            "`attention` wants the whole text, (T, D): perturb one row of a copy of x and hand over the copy. Has an "
            "axis been lost on the way, such as by `x[j]`?",
            TESTED,
        ),
    ),
    misconceptions={
        "not-a-table": Misconception(
            "The answer is a table of True and False: one row for each output, one column for each token of x.", TESTED
        ),
        "nothing-moves": Misconception(
            "No output was seen to move at all. Does `attention` get the perturbed copy, is its answer compared with "
            "the one from before, and are all outputs looked at?",
            TESTED,
        ),
        "transposed": Misconception(
            "The table lies on its side. A row belongs to an output, a column to the token that was perturbed.", TESTED
        ),
        "inverted": Misconception("The table is True where nothing moves: turn the comparison round.", TESTED),
        "steps-pile-up": Misconception(
            "Where token j is perturbed, the tokens before it are perturbed too, so their influence is counted again. "
            "Take a fresh copy of x each time, and change row j alone.",
            TESTED,
        ),
        "all-at-once": Misconception(
            "Each column shows what moves when all tokens are perturbed at once. Change row j alone, `perturbed[j] += "
            "...`.",
            TESTED,
        ),
        "one-verdict-for-all": Misconception(
            "Where one output moves, all are marked. Compare row by row: `.amax(dim=1)` gives the largest change of "
            "each output.",
            TESTED,
        ),
        "own-output-only": Misconception(
            "Only the diagonal is marked: it tells that token j was changed, and nothing about the outputs. Compare "
            "what `attention` gives, all rows of it.",
            TESTED,
        ),
        "rounding-counts": Misconception(
            "Rounding counts as movement. What cancels on paper leaves a few last digits in floats: compare with "
            "1e-5, not with exactly 0.",
            TESTED,
        ),
        "signs-cancel": Misconception(
            "Changes of opposite sign cancel. Take `.abs()` before adding up, or the largest change.", TESTED
        ),
        "one-component": Misconception(
            "A layer that reads one component of its input was not seen to move. Does your step reach all components "
            "of the token?",
            TESTED,
        ),
        "one-answer": Misconception(
            "A change in one component of the output was missed. An output has moved when any of its components has.",
            TESTED,
        ),
        "constant-step": Misconception(
            "A layer that takes each token's mean away does not feel your step. The same number added to every "
            "component moves only the mean; a random step moves them differently.",
            TESTED,
        ),
        "nothing-at-zero": Misconception(
            "Around an input of zeros your perturbation changes nothing: a token of zeros is multiplied, or replaced "
            "by zeros. Add a step.",
            TESTED,
        ),
        "too-coarse": Misconception(
            "A layer whose outputs are a thousand times as small was not seen to move. Is the step large enough, and "
            "the threshold no more than 1e-5?",
            TESTED,
        ),
        "other-table": Misconception("The table does not say which output moves with which token.", TESTED),
        "tied-to-the-example": Misconception(
            "It holds for the small layers, but not for random ones. Is a size written into the code, or an output "
            "that is not looked at?",
            TESTED,
        ),
    },
)
