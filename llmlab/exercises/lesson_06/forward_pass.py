"""Two lines of the forward pass, to be written: scores and context are compared one after the other."""

from __future__ import annotations

import random
from collections.abc import Iterator

import torch
from torch import Tensor

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.tensors import tensor
from llmlab.exercises.lesson_06.common import Models, first, fixed_numbers, is_close, random_tensor, recognise, tables
from llmlab.exercises.lesson_06.sections import CONTEXT, QKV, SCALE, SOFTMAX


def _forward_example() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """T=3, D=4, d=2, d_value=5."""
    return fixed_numbers(3, 4), fixed_numbers(4, 2, step=3), fixed_numbers(4, 2, step=5), fixed_numbers(4, 5, step=2)


def _forward(x: Tensor, *matrices: Tensor) -> tuple[Tensor, ...]:
    """Queries, keys, values, scores, weights and context, in double precision."""
    q, k, v = (x.double() @ W.double() for W in matrices)
    scores = q @ k.T
    weights = torch.softmax(scores, -1)
    return q, k, v, scores, weights, weights @ v


def _wrong_steps(x: Tensor, *matrices: Tensor) -> tuple[Models, Models]:
    """What each known mistake gives as scores, and as context when the scores are right."""
    q, k, v, scores, weights, _ = _forward(x, *matrices)
    x = x.double()
    of_scores = {
        "scores-transposed": [scores.T],
        "one-role-twice": [q @ q.T, k @ k.T],
        "inputs-compared": [x @ x.T],
        "values-compared": [v @ v.T],
        "scaled-already": [scores / width for width in (q.shape[1] ** 0.5, x.shape[1] ** 0.5, q.shape[1])],
    }
    of_context = {
        "inputs-mixed": [weights @ x],
        "keys-mixed": [weights @ k, weights @ q],
        "weights-transposed": [weights.T @ v],
        "scores-not-weights": [scores @ v],
        "values-not-mixed": [v],
    }
    return of_scores, of_context


def _check_forward(forward: Probe) -> Iterator[str]:
    given = _forward_example()
    *_, scores, weights, context = _forward(*given)
    call = f"{forward.name}(x (3, 4), W_query (4, 2), W_key (4, 2), W_value (4, 5))"
    got = forward(*given, shown=call)
    if not tables(got, 3):
        raise Wrong("not-three", f"`{call}` gave `{show(got)}`.")
    got = [tensor(part) for part in got]
    of_scores, of_context = _wrong_steps(*given)
    if is_close(got[0], context) and is_close(got[2], scores):
        raise Wrong("not-three", "The first part is the context, and the last the scores.")
    if not is_close(got[0], scores):
        raise Wrong(recognise(got[0], of_scores, "other-scores"), first("scores", got[0], scores))
    yield "scores"
    if not is_close(got[1], weights):
        raise Wrong("other-weights", first("weights", got[1], weights))
    if not is_close(got[2], context):
        raise Wrong(recognise(got[2], of_context, "other-context"), first("context", got[2], context))
    yield "context"

    fresh = random.Random()
    for _ in range(10):
        T, D, d, d_value = fresh.sample(range(2, 9), 4)
        given = (random_tensor(fresh, T, D), *(random_tensor(fresh, D, width) / D**0.5 for width in (d, d, d_value)))
        got = [tensor(part) for part in forward(*given, shown="random inputs", fresh=True)]
        if len(got) != 3 or not all(map(is_close, got, _forward(*given)[3:])):
            raise Wrong("tied-to-the-example")
    yield "fresh random inputs of other sizes"


EXERCISE = Exercise(
    kind="function",
    examine=_check_forward,
    means="Queries meet keys, and the weights that come of it mix the values: all of attention but the scaling.",
    hints=(
        "Which of the three asks, which is asked, and which is handed out?",
        "Scores: all dot products between the rows of the queries and the rows of the keys, (T, d) @ (d, T). Context: "
        "for each query a sum over the keys, (T, T) @ (T, d_value).",
        "`scores = queries @ keys.T` and `context = weights @ values`.",
    ),
    variant="Replace W_query and W_key by one and the same matrix. What becomes of the scores, and what can such a "
    "head no longer express?",
    misconceptions={
        "scores-transposed": Misconception(
            "The table lies on its side: rows are keys and columns queries. Row i belongs to the token that asks, so "
            "the queries come first.",
            QKV,
        ),
        "one-role-twice": Misconception(
            "Queries are compared with queries, or keys with keys: the scores are symmetric again. The query of one "
            "token meets the key of the other.",
            QKV,
        ),
        "inputs-compared": Misconception(
            "The inputs themselves are compared, as in the first half of the lesson: W_query and W_key play no part "
            "and could not be trained.",
            QKV,
        ),
        "values-compared": Misconception(
            "The values are compared. They are what is handed out, after queries and keys have found each other.", QKV
        ),
        "scaled-already": Misconception(
            "The scores are divided already. That is right in the end; here the plain dot products are asked for.",
            SCALE,
        ),
        "inputs-mixed": Misconception(
            "The weights mix the inputs. What is handed out are the values: `W_value` would have no effect.", QKV
        ),
        "keys-mixed": Misconception(
            "The weights mix keys or queries. Those decide who is found; what is told are the values.", QKV
        ),
        "weights-transposed": Misconception(
            "The columns of the weights are used as if they were rows. Row i holds the shares of query i.", CONTEXT
        ),
        "scores-not-weights": Misconception(
            "The values are mixed by the scores. Take the weights: only they are shares that sum to 1.", CONTEXT
        ),
        "values-not-mixed": Misconception("The values came out as they went in: the weights play no part.", CONTEXT),
        "not-three": Misconception("The function gives back scores, weights and context, in this order."),
        "other-scores": Misconception("These are not the dot products of each query with each key.", QKV),
        "other-weights": Misconception(
            "The line between the two was right as it stood: softmax over the last axis of the scores.", SOFTMAX
        ),
        "other-context": Misconception("This is not the sum of the values, each times its weight.", CONTEXT),
        "tied-to-the-example": Misconception(
            "It works for the small example, but not for other sizes. Is a size written into the code?", QKV
        ),
    },
)
