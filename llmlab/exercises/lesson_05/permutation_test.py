"""A test of equivariance, to be written: tried on functions that are equivariant, invariant, and neither."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from llmlab.exercises.engine import Exercise, Misconception, Probe, Raised, Wrong, show
from llmlab.exercises.engine.tensors import seeded
from llmlab.exercises.lesson_05.sections import ORDER


def _mix(x: Tensor) -> Tensor:
    return torch.softmax(x @ x.T, dim=-1) @ x


_EQUIVARIANT: dict[str, Callable[[Tensor], Tensor]] = {"softmax(x xᵀ) x": _mix, "x * x": lambda x: x * x}

_INVARIANT: dict[str, Callable[[Tensor], Tensor]] = {
    "x.mean(0)": lambda x: x.mean(dim=0),
    "x.sort(0)": lambda x: x.sort(dim=0).values,
}

_NEITHER: dict[str, Callable[[Tensor], Tensor]] = {
    "x.cumsum(0)": lambda x: x.cumsum(dim=0),
    "x + places": lambda x: x + torch.arange(len(x))[:, None],
    "x.flip(0)": lambda x: x.flip(0),
}

# Places that change little: a comparison that lets too much through takes these for order-blind.
_HARDLY: dict[str, Callable[[Tensor], Tensor]] = {
    "x + places / 100": lambda x: x + torch.arange(len(x))[:, None] / 100,
    "x + places / 10,000": lambda x: x + torch.arange(len(x))[:, None] / 10_000,
    "x.sort(0) + x[0] / 1,000": lambda x: x.sort(dim=0).values + x[0] / 1_000,
}


def _arguments(name: str, x: Tensor, order: list[int]) -> tuple:
    return {**_EQUIVARIANT, **_INVARIANT, **_NEITHER, **_HARDLY}[name], x, torch.tensor(order)


def _check_permutation_test(permutation_test: Probe) -> Iterator[str]:
    def said(name: str, x: Tensor, order: list[int]) -> Any:
        call = f"{permutation_test.name}({name}, x, order)"
        try:
            answer = permutation_test(name, x, order, make=_arguments, shown=call)
        except Raised as raised:
            if name == "x.mean(0)" and "raised IndexError" in str(raised):  # D numbers, looked up at T places
                raise Wrong("mean-not-recognised", str(raised)) from None
            raise
        if not isinstance(answer, str):
            raise Wrong("not-a-word", f"For `{name}` it gave `{show(answer)}`.")
        return answer.strip().lower()

    order = [2, 0, 1, 4, 5, 3, 6]  # two cycles of three: doing it twice is not the same as not doing it
    # T above D: a result of D numbers cannot be taken for T rows. For this x the mean of the shuffled rows differs in
    # its last digit, so that a comparison of all digits is always found out.
    x = torch.randn(7, 3, generator=torch.Generator().manual_seed(7))
    families = (("equivariant", _EQUIVARIANT), ("invariant", _INVARIANT), ("neither", _NEITHER))
    answers = {
        name: (kind, said(name, x, order))
        for kind, functions in (*families, ("neither", _HARDLY))
        for name in functions
    }
    if len({answer for _, answer in answers.values()}) == 1:
        _, answer = answers["x.mean(0)"]
        if answer not in ("equivariant", "invariant", "neither"):
            raise Wrong("not-a-word", f"It always gave `{show(answer)}`.")
        raise Wrong("always-the-same", f"For all {len(answers)} functions it gave `{show(answer)}`.")
    pattern = {name: answer for name, (_, answer) in answers.items()}
    wrong = [name for name, (kind, answer) in answers.items() if kind != answer]
    if wrong:
        name = wrong[0]
        kind, answer = answers[name]
        raise Wrong(
            _permutation_misconception(pattern, kind, answer),
            f"For `{name}` it gave `{show(answer)}`: that function is {'' if kind != 'neither' else 'neither: '}"
            f"{kind if kind != 'neither' else 'the places themselves matter'}.",
        )
    yield f"{len(answers)} functions, attention without a mask and positions among them"

    fresh = random.Random()
    for _ in range(3):
        T, D = fresh.choice((6, 8, 9)), fresh.choice((2, 4, 5))  # neither as in the example
        for kind, functions in families:
            for name in functions:
                shuffled = list(range(T))
                while not _tells_apart(shuffled):
                    fresh.shuffle(shuffled)
                x = 0.5 + torch.rand(T, D, generator=seeded(fresh))  # far from 0, where rounding weighs more
                if said(name, x, shuffled) != kind:
                    raise Wrong("tied-to-the-example", f"For `{name}` with other sizes it said something else.")
    yield "fresh random rows and orders"


def _tells_apart(order: list[int]) -> bool:
    """Not the order as it was, not its own inverse, and not one that `x.flip(0)` happens to be equivariant for."""
    as_it_was, twice = sorted(order), [order[place] for place in order]
    mirrored = [len(order) - 1 - place for place in order]
    return order != as_it_was and twice != as_it_was and mirrored != order[::-1]


def _permutation_misconception(pattern: dict[str, str], kind: str, answer: str) -> str:
    attention, average = pattern["softmax(x xᵀ) x"], pattern["x.mean(0)"]
    if attention == "invariant" and average == "equivariant":
        return "names-swapped"
    if attention == "invariant":
        return "attention-called-invariant"
    if not {*pattern.values()} <= {"equivariant", "invariant", "neither"}:
        return "not-a-word"
    if attention == "neither" == pattern["x * x"]:
        return "order-not-applied"
    if kind == "neither":
        coarse = pattern["x + places"] == pattern["x.cumsum(0)"] == pattern["x.flip(0)"] == "neither"
        return "lets-too-much-through" if coarse else "compares-too-little"
    return "other-verdict"


EXERCISE = Exercise(
    kind="function",
    examine=_check_permutation_test,
    means="Attention without a mask and without positions is equivariant, not invariant: each row's result moves with "
    "its row. Where the rows stood plays no part.",
    hints=(
        "What would f(x[order]) have to be equal to, if shuffling first and shuffling afterwards came to the same?",
        "`before` is f of the rows as they were. Invariant: `after` equals `before`. Equivariant: `after` equals "
        "`before` with its rows shuffled in the same way.",
        '`if torch.allclose(after, before[order], atol=1e-5): return "equivariant"`, after the test for "invariant".',
    ),
    variant="Which is `lambda x: torch.softmax(x @ x.T, dim=-1) @ x + positions`, for positions of shape (T, D)?",
    misconceptions={
        "names-swapped": Misconception(
            "The two names have changed places: invariant = the result stays as it is; equivariant = its rows move "
            "with the rows of the input.",
            ORDER,
        ),
        "attention-called-invariant": Misconception(
            "Attention is called invariant. Its result does change when rows are shuffled: the rows of the result are "
            "shuffled too. That is equivariant; invariant would be a result that does not change at all.",
            ORDER,
        ),
        "mean-not-recognised": Misconception(
            "The mean of the rows is not recognised as invariant, and it has no T rows that could be shuffled. Ask for "
            "invariance first, with `torch.allclose(..., atol=1e-5)`: not every digit stays the same.",
            ORDER,
        ),
        "order-not-applied": Misconception(
            "A function that treats every row alike comes out as neither. Compare f(x[order]) with f(x)[order]: the "
            "result of the unshuffled rows, shuffled afterwards by the same order (not by its inverse).",
            ORDER,
        ),
        "compares-too-little": Misconception(
            "A function in which places matter passes as order-blind. Compare all numbers at their places, not a "
            "sum, a shape or a single row.",
            ORDER,
        ),
        "lets-too-much-through": Misconception(
            "A function in which places matter a little passes as order-blind, while the same with larger numbers does "
            "not: the comparison lets too much through. `atol=1e-5` is enough for rounding.",
            ORDER,
        ),
        "always-the-same": Misconception("The answer does not depend on the function.", ORDER),
        "other-verdict": Misconception(
            "Ask first whether the result stays the same (invariant), then whether its rows are shuffled in the same "
            "way (equivariant); else neither. Compare with `torch.allclose(..., atol=1e-5)`.",
            ORDER,
        ),
        "not-a-word": Misconception('The answer is one of "invariant", "equivariant", "neither".', ORDER),
        "tied-to-the-example": Misconception(
            "It works for the first examples, but not for other sizes or orders. Is a size written into the code?",
            ORDER,
        ),
    },
)
