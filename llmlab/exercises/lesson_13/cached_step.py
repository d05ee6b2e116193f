"""One step of attention with a cache, to be written: tried alone, then token by token against the whole."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.engine.tensors import is_close, seeded, tensor
from llmlab.exercises.lesson_13.sections import CACHE


def _attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return (q @ k.mT / math.sqrt(q.shape[-1])).softmax(dim=-1) @ v


def _wrong_steps(q: Tensor, k: Tensor, v: Tensor, keys: Tensor, values: Tensor) -> dict[str, Tensor]:
    """The context that each known mistake gives."""
    all_k, all_v = torch.cat([keys, k]), torch.cat([values, v])
    return {
        "does-not-see-itself": _attend(q, keys, values),
        "cache-not-read": v,
        "not-scaled": (q @ all_k.mT).softmax(dim=-1) @ all_v,
        "scaled-by-the-tokens": (q @ all_k.mT / math.sqrt(len(all_k))).softmax(dim=-1) @ all_v,
        "softmax-over-queries": (q @ all_k.mT).softmax(dim=0) @ all_v,
        "keys-as-values": _attend(q, all_k, all_k),
        "old-values": _attend(q, all_k[:-1], all_v[1:]),
        "mask-hides-the-past": all_v[:1],
        "context-without-its-row": _attend(q, all_k, all_v)[0],
        "weights-not-context": (q @ all_k.mT / math.sqrt(q.shape[-1])).softmax(dim=-1),
        "no-softmax": q @ all_k.mT / math.sqrt(q.shape[-1]) @ all_v,
        "no-root": (q @ all_k.mT / q.shape[-1]).softmax(dim=-1) @ all_v,
    }


def _check_cached_step(step: Probe) -> Iterator[str]:
    q, k, v = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 1.0]]), torch.tensor([[5.0, -1.0]])
    keys, values = torch.tensor([[1.0, 0.0], [2.0, -1.0]]), torch.tensor([[1.0, 3.0], [2.0, 2.0]])
    value = step(q, k, v, keys, values, shown=f"{step.name}(q, k, v, keys, values)")
    if not isinstance(value, list) or len(value) != 3:
        raise Wrong("not-three-things", f"It gave `{show(value)}`.")
    context, new_keys, new_values = map(tensor, value)
    all_keys, all_values = torch.cat([keys, k]), torch.cat([values, v])
    if is_close(context, all_keys) and is_close(new_keys, all_values):
        raise Wrong("not-three-things", f"It gave `{show(value)}`.")
    if is_close(new_keys, all_values) and is_close(new_values, all_keys):
        raise Wrong("keys-and-values-swapped", f"As the second thing it returned `{show(value[1])}`.")
    for name, got, before, new, expected in (
        ("keys", new_keys, keys, k, all_keys),
        ("values", new_values, values, v, all_values),
    ):
        if not is_close(got, expected):
            models = {"cache-not-grown": before, "cache-replaced": new, "new-one-in-front": torch.cat([new, before])}
            models |= {"keys-as-values": all_keys, "added-not-appended": before + new}
            returned = show(value[1 if name == "keys" else 2])
            shown = f"With two {name} in the cache and one new, it returned `{returned}`."
            raise Wrong(name_of(models.items(), partial(is_close, got)) or "other-cache", shown)
    expected = _attend(q, all_keys, all_values)
    if not is_close(context, expected):
        shown = f"It gave the context `{show(value[0])}`; right is `{show(expected.tolist())}`."
        idea = name_of(_wrong_steps(q, k, v, keys, values).items(), partial(is_close, context))
        raise Wrong(idea or "other-context", shown)
    yield "one token, two in the cache"

    fresh = random.Random()
    generator = seeded(fresh)
    for T, d in ((6, 3), (1, 4), (9, 5)):
        q, k, v = torch.randn(3, T, d, generator=generator)
        keys, values = torch.zeros(2, 0, d)
        rows = []
        for t in range(T):
            call = f"{step.name}(q, k, v, keys, values) with {t} tokens in the cache"
            now = slice(t, t + 1)
            value = step(q[now], k[now], v[now], keys, values, shown=call, fresh=True)
            row, *cache = map(tensor, value) if isinstance(value, list) and len(value) == 3 else [None]
            if row is None or row.shape != (1, d):
                raise Wrong("tied-to-the-example", f"Seen with {t} tokens in the cache.")
            rows.append(row)
            keys, values = k[: t + 1], v[: t + 1]
            if not (is_close(cache[0], keys) and is_close(cache[1], values)):
                raise Wrong("cache-not-grown", f"Seen with {t} tokens in the cache: {t + 1} must come back.")
        hidden = torch.ones(T, T).triu(1).bool()
        whole = (q @ k.mT / math.sqrt(d)).masked_fill(hidden, -torch.inf).softmax(dim=-1) @ v
        if not is_close(torch.cat(rows), whole):
            raise Wrong("tied-to-the-example", f"Seen on {T} random tokens, from an empty cache on.")
    yield "token by token from an empty cache, equal to causal attention over all"


EXERCISE = Exercise(
    kind="function",
    examine=_check_cached_step,
    means="Token by token, your step gives what causal attention gives over the whole text. It needs no mask: the "
    "cache "
    "holds no future.",
    hints=(
        "Which keys may the new token attend to, and is its own among them?",
        "First append the new key and the new value to the cache, then let the one query attend to all that is there.",
        "`keys = torch.cat([keys, k])`, the same for values, then `(q @ keys.T / q.shape[-1] ** 0.5).softmax(dim=-1) @ "
        "values`.",
    ),
    variant="Let several new tokens come at once, as a prompt does. Which mask do they need now, and what is its "
    "shape?",
    misconceptions={
        "does-not-see-itself": Misconception(
            "The new token does not attend to itself: append its key and value first, then attend.", CACHE
        ),
        "cache-not-read": Misconception(
            "The new token attends to itself alone. The keys and values in the cache are what it is there for.", CACHE
        ),
        "cache-not-grown": Misconception(
            "The new key and value are missing in the cache that came back. The steps to come need them.", CACHE
        ),
        "cache-replaced": Misconception(
            "The new key or value has replaced the cache. It is appended to what is there.", CACHE
        ),
        "new-one-in-front": Misconception(
            "The new one stands in front. Attention alone would not notice, but the cache is in the order of the text: "
            "append at the end.",
            CACHE,
        ),
        "not-scaled": Misconception("The scores were not divided by √d.", CACHE),
        "scaled-by-the-tokens": Misconception(
            "The scores were divided by the root of the number of tokens. It is √d, the width of a query.", CACHE
        ),
        "softmax-over-queries": Misconception(
            "The softmax ran over the queries. There is one, so every weight became 1: it runs over the keys, "
            "`dim=-1`.",
            CACHE,
        ),
        "keys-as-values": Misconception("Keys stand where the values belong.", CACHE),
        "old-values": Misconception(
            "Keys and values are one token apart: the key and the value of a token stand at the same place.", CACHE
        ),
        "mask-hides-the-past": Misconception(
            "The new token sees the first key alone, as a causal mask of one row would have it. What the cache "
            "holds is the past: no mask is needed.",
            CACHE,
        ),
        "context-without-its-row": Misconception(
            "The numbers of the context are right, its shape is not: (1, d), one row for the one new token.", CACHE
        ),
        "weights-not-context": Misconception(
            "These are the attention weights. The context is the sum of the values, weighted by them.", CACHE
        ),
        "no-root": Misconception("The scores were divided by d: the root is missing.", CACHE),
        "keys-and-values-swapped": Misconception(
            "Keys and values came back in swapped places: context, keys, values is the order.", CACHE
        ),
        "added-not-appended": Misconception(
            "`+` added the new row to every row of the cache: tensors calculate, where lists would grow. "
            "`torch.cat([keys, k])` appends.",
            CACHE,
        ),
        "no-softmax": Misconception("The scores were used as they are: a softmax makes weights of them.", CACHE),
        "not-three-things": Misconception("The function returns three things, in this order: context, keys, values."),
        "other-cache": Misconception("The returned cache is not the old one with the new row appended.", CACHE),
        "other-context": Misconception(
            "This is not the context: softmax of q kᵀ / √d over all keys, times all values.", CACHE
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and other sizes do not. The cache may be empty, and the width another one.",
            CACHE,
        ),
    },
    crashes=(
        Crash(
            "appended-to-a-tensor",
            "AttributeError",
            r"'Tensor' object has no attribute '(append|extend|concat)'",
            "A tensor cannot grow in place. `torch.cat([keys, k])` makes a new one, with the new row at the end.",
            CACHE,
        ),
        Crash(
            "cat-without-a-list",
            "TypeError",
            r"cat\(\)|concatenate\(\)",
            "`torch.cat` takes the tensors in one list: `torch.cat([keys, k])`.",
            CACHE,
        ),
        Crash(
            "key-not-turned",
            "RuntimeError",
            r"mat1 and mat2 shapes cannot be multiplied \((?P<a>\w+) and (?P<b>\w+)\)",
            "The shapes {a} and {b} do not fit for `@`: the second matrix needs as many rows as the first has columns. "
            "Is a `.T` missing or too many, or has only one of keys and values grown?",
            CACHE,
        ),
    ),
)
