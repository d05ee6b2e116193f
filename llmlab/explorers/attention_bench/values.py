"""The values of the attention bench: q, k, v, scores, weights and context, without and with an edited number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from llmlab.attention import scaled_dot_product_attention
from llmlab.explorers.attention_bench.vectors import RANDOM, Vectors, vectors_of
from llmlab.explorers.host.learner import is_written

SHOWN = 4  # components of q and k in the picture, and those that can be edited
TOLD = 3  # components of v, likewise
TEMPERATURES = ("0.1", "0.5", "1", "2", "10")
SHOW = ("products", "scores", "weights")  # what the cells of the table hold
MOVED = 1e-6  # less than this is rounding
SURE = 0.9  # the share that the target asks for
FIRST_TEXT = "the piano came to the island"

AttendFunction = Callable[[Tensor, Tensor, Tensor], Sequence[Tensor]]


@dataclass(frozen=True)
class AttentionTrace:
    """One pass of attention over T tokens, with what an edit of one number moved.

    Attributes:
        tokens: the T words.
        vectors: where x and the three matrices come from.
        x: their vectors, (T, 5); equal words have equal rows, positions are not added. (T, 96) in the trained head,
            (T, 8) in the one made by hand.
        q, k, v: three projections of x, (T, width), (T, width) and (T, 3), with the edit in place. 24 wide in the
            trained head.
        scale: what multiplies q kᵀ: 1/√width with scaling, else 1, divided by the temperature.
        scaled, temperature: the settings behind `scale`.
        scores: q kᵀ · scale, (T, T).
        weights, context: what the function returned, (T, T) and (T, 3), or (T, 24).
        expected_weights, expected_context: the same from llmlab.
        query, key: the chosen row and column.
        edit, at, component, by: which of x, Q, K and V is edited, in which row and column, and by how much.
        scores_moved, weights_moved, context_moved: bool, which entries the edit moved.
        scores_before, weights_before: the same without the edit.
        own_function: whether weights and context are the learner's; False means that llmlab's stand in.
        tokens_left_out: words of the typed text that the picture has no room for.
        unknown: words of the text that the trained head has never read.
        show: what the table of the picture holds.
    """

    vectors: str
    tokens: tuple[str, ...]
    x: Tensor
    q: Tensor
    k: Tensor
    v: Tensor
    scale: float
    scaled: bool
    temperature: float
    scores: Tensor
    weights: Tensor
    context: Tensor
    expected_weights: Tensor
    expected_context: Tensor
    query: int
    key: int
    edit: str
    at: int
    component: int
    by: int
    scores_moved: Tensor
    weights_moved: Tensor
    context_moved: Tensor
    scores_before: Tensor
    weights_before: Tensor
    own_function: bool
    tokens_left_out: int
    unknown: tuple[str, ...]
    show: str

    @property
    def row_sums(self) -> Tensor:
        """The sum of each row of the weights, (T,)."""
        return self.weights.sum(dim=-1)

    @property
    def rows_sum_to_one(self) -> bool:
        return torch.allclose(self.row_sums, torch.ones(len(self.tokens)), atol=1e-4)

    @property
    def largest_weight(self) -> float:
        """The largest weight of a row, averaged over the rows: near 1 when the softmax is saturated."""
        return sum(map(max, self.weights.tolist())) / len(self.tokens) if self.tokens else math.nan

    @property
    def rows_moved(self) -> tuple[int, ...]:
        """The queries whose weights the edit moved."""
        return tuple(row for row, moved in enumerate(self.weights_moved.any(dim=-1).tolist()) if moved)

    @property
    def agrees(self) -> bool:
        """Whether weights and context are those of softmax(q kᵀ · scale) v."""
        return torch.allclose(self.weights, self.expected_weights, atol=1e-4) and torch.allclose(
            self.context, self.expected_context, atol=1e-4
        )


def compute(state: dict[str, Any], attend: AttendFunction | None = None) -> AttentionTrace:
    """The trace of a state of the attention bench.

    Args:
        state: vectors, text, width, scaling, temperature, query, key, show, edit, component and by. A query or key
            beyond the last token means the last one. An edit of Q is in the row of the query, one of x, K or V in that
            of the key. `width` is that of the random vectors; a head has its own.
        attend: the learner's `attend(q, k, v)`, which returns context and weights and divides by √d; None, or a
            function that is not written yet (it returns None or ...), lets llmlab's stand in.

    Raises:
        TypeError, ValueError: the function returned something other than context, like v, and weights (T, T).
        Exception: whatever the function raises.
    """
    source = vectors_of(state["vectors"], state["text"], int(state["width"]) if state["vectors"] == RANDOM else 0)
    tokens = source.tokens
    query, key, at, component = places(state, len(tokens))
    width = source.W_query.shape[1]
    scale = scale_of(state, width)
    factor = scale * math.sqrt(width)  # 1/√d is the function's own; this is what the queries bring along

    passes, own_function = [], False
    for by in dict.fromkeys((0, state["by"] if tokens else 0)):  # without the edit and with it, or once without any
        x, q, k, v = _projections(source, state["edit"], (at, component), by)
        expected = scaled_dot_product_attention(q * factor, k, v)
        own = _own_result(attend, q * factor, k, v)
        own_function = own is not None
        passes.append((expected, own or (expected.context, expected.weights)))
    (was, (context_before, weights_before)), (now, (context, weights)) = passes[0], passes[-1]
    return AttentionTrace(
        vectors=state["vectors"],
        tokens=tokens,
        x=x,
        q=q,
        k=k,
        v=v,
        scale=scale,
        scaled=state["scaling"],
        temperature=float(state["temperature"]),
        scores=now.scores,
        weights=weights,
        context=context,
        expected_weights=now.weights,
        expected_context=now.context,
        query=query,
        key=key,
        edit=state["edit"],
        at=at,
        component=component,
        by=by,
        scores_moved=_moved(was.scores, now.scores),
        weights_moved=_moved(weights_before, weights),
        context_moved=_moved(context_before, context),
        scores_before=was.scores,
        weights_before=weights_before,
        own_function=own_function,
        tokens_left_out=source.left_out,
        unknown=source.unknown,
        show=state["show"],
    )


def places(state: dict[str, Any], n_tokens: int) -> tuple[int, int, int, int]:
    """The query, the key, and row and column of the edit, all inside their tables."""
    query, key = (max(0, min(state[name], n_tokens - 1)) for name in ("query", "key"))
    columns = TOLD if state["edit"] == "V" else SHOWN
    return query, key, query if state["edit"] == "Q" else key, min(state["component"], columns - 1)


def scale_of(state: dict[str, Any], width: int) -> float:
    """What the scores are multiplied by."""
    return (1 / math.sqrt(width) if state["scaling"] else 1.0) / float(state["temperature"])


def _projections(source: Vectors, edit: str, place: tuple[int, int], by: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """x, q, k and v, with one number of one of them changed."""
    x = source.x.clone()
    if by and edit == "x":
        x[place] += by
    q, k, v = x @ source.W_query, x @ source.W_key, x @ source.W_value
    if by and edit != "x":
        {"Q": q, "K": k, "V": v}[edit][place] += by
    return x, q, k, v


def _own_result(attend: AttendFunction | None, q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor] | None:
    """Context and weights of the learner's function; None where there is none, or it is not written yet."""
    found = attend(q.clone(), k.clone(), v.clone()) if attend is not None else None
    if not is_written(found):
        return None
    if not isinstance(found, tuple | list) or len(found) < 2:
        raise TypeError(f"attend must return context and weights, got {type(found).__name__}: return context, weights")
    if not all(map(is_written, found[:2])):
        return None
    context, weights = (torch.as_tensor(part).detach().float() for part in found[:2])
    for name, part, shape in (("context", context, v.shape), ("weights", weights, (len(q), len(k)))):
        if tuple(part.shape) != tuple(shape):
            raise ValueError(
                f"attend must return context, weights; {name} should have shape {tuple(shape)}, got {tuple(part.shape)}"
            )
    return context, weights


def _moved(before: Tensor, after: Tensor) -> Tensor:
    return ((before - after).abs() > MOVED) | (before.isnan() != after.isnan())
