"""The five exercises of lesson 09, generation and efficiency: what each check tries, recognises and says.

Expected values come from the definitions, written out here, not from the solutions. Small cases in fixed numbers come
first, so that a message shows the same numbers every time; fresh random ones follow and decide.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from llmlab.exercises.core import Exercise, Misconception
from llmlab.exercises.probes import Probe, Wrong, show

TEMPERATURE = "Temperature: divide the logits"
TOP_K_SECTION = "Top-k: a fixed number of tokens"
TOP_P_SECTION = "Top-p: as many tokens as it takes"
ORDER = "The order of the steps"
AGAIN = "What a step computes again"
CACHE = "The KV cache"
BYTES = "What a cache takes"
ONLINE = "Softmax, block by block"


def _tensor(value: Any) -> Tensor | None:
    """Nested lists of numbers as a tensor; None for anything else."""
    try:
        return torch.tensor(value, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        return None


def _close(got: Tensor | None, expected: Tensor) -> bool:
    expected = expected.double()
    return got is not None and got.shape == expected.shape and torch.allclose(got, expected, rtol=1e-4, atol=1e-4)


def _name(got: Tensor | None, models: dict[str, Tensor]) -> str | None:
    """The first known mistake that gives these values."""
    return next((name for name, value in models.items() if _close(got, value)), None)


# 09.1 ------------------------------------------------------------------------------------------------------------

_LOGITS = torch.tensor([0.5, 2.0, -1.0, 1.0, 0.0])


def _divided(shares: Tensor) -> Tensor:
    return shares / shares.sum()


def _top_k(shares: Tensor, k: int | None) -> Tensor:
    return shares if k is None else shares * (shares >= shares.topk(min(k, len(shares))).values[-1])


def _top_p(shares: Tensor, p: float | None) -> Tensor:
    if p is None:
        return shares
    kept, total = torch.zeros_like(shares), 0.0
    for place in shares.argsort(descending=True).tolist():
        kept[place] = shares[place]
        total += float(shares[place])
        if total >= p:
            break
    return kept


def _probabilities(logits: Tensor, temperature: float, k: int | None, p: float | None) -> Tensor:
    softened = (logits.double() / temperature).softmax(dim=-1)
    return _divided(_top_p(_divided(_top_k(softened, k)), p))


def _wrong_temperatures(logits: Tensor, T: float) -> dict[str, Tensor]:
    plain = logits.softmax(-1)
    return {
        "temperature-after-softmax": plain / T,
        "temperature-changes-nothing": plain,
        "softmax-twice": (plain / T).softmax(-1),
        "temperature-multiplies": (logits * T).softmax(-1),
    }


def _wrong_top_ks(logits: Tensor, k: int) -> dict[str, Tensor]:
    plain = logits.softmax(-1)
    kept = _top_k(plain, k)
    zeroed = torch.where(kept > 0, logits, torch.zeros(()))
    return {
        "top-k-not-renormalised": kept,
        "cut-changes-nothing": plain,
        "softmax-of-zeros": zeroed.softmax(-1),
        "softmax-twice": kept.softmax(-1),
        "first-k-of-the-vocabulary": _divided(plain * (torch.arange(len(plain)) < k)),
        "keeps-the-least-probable": _divided(plain * (plain <= (-plain).topk(k).values[-1].neg())),
        "one-too-many": _divided(_top_k(plain, k + 1)),
        "one-too-few": _divided(_top_k(plain, max(1, k - 1))),
    }


def _wrong_top_ps(logits: Tensor, p: float) -> dict[str, Tensor]:
    plain = logits.softmax(-1)
    kept = _top_p(plain, p)
    n = int((kept > 0).sum())
    in_order = plain * (plain.cumsum(0) - plain < p)
    models = {
        "top-p-not-renormalised": kept,
        "cut-changes-nothing": plain,
        "one-too-many": _divided(_top_k(plain, n + 1)),
        "not-sorted": _divided(in_order),
        "each-token-against-p": plain * (plain >= p),
        "not-put-back": _divided(kept).sort(descending=True).values,
        "not-put-back: the places that are cut": _divided(plain * (torch.arange(len(plain)) < n)),
        "probabilities-lost": _divided((kept > 0).float()),
    }
    if n > 1:
        fewer = _top_k(plain, n - 1)
        models |= {"one-too-few": _divided(fewer), "top-p-not-renormalised": kept}
    return models


def _check_probabilities(function: Probe) -> Iterator[str]:
    def ask(temperature: float, k: int | None, p: float | None, models: dict[str, Tensor]) -> None:
        value = function(_LOGITS, temperature, k, p, shown=f"{function.name}(logits, {temperature}, {k}, {p})")
        got, expected = _tensor(value), _probabilities(_LOGITS, temperature, k, p)
        call = (
            f"For logits {show(_LOGITS.tolist())}, temperature {temperature}, top_k {k}, top_p {p} it gave "
            f"`{show(value)}`"
        )
        if got is None or got.shape != expected.shape:
            raise Wrong("not-the-shape", f"{call}.")
        if not got.isfinite().all():
            raise Wrong("nothing-left", f"{call}; right is `{show(expected.tolist())}`.")
        if not _close(got, expected):
            named = (_name(got, models) or "other-values").partition(":")[0]
            raise Wrong(named, f"{call}; right is `{show(expected.tolist())}`.")

    ask(1.0, None, None, {"softmax-twice": _LOGITS.softmax(-1).softmax(-1), "logits-returned": _LOGITS})
    ask(0.5, None, None, _wrong_temperatures(_LOGITS, 0.5))
    ask(2.0, None, None, _wrong_temperatures(_LOGITS, 2.0))
    yield "temperature"
    ask(1.0, 2, None, _wrong_top_ks(_LOGITS, 2))
    ask(1.0, 9, None, {})
    yield "top-k, also with more than there are"
    ask(1.0, None, 0.7, _wrong_top_ps(_LOGITS, 0.7))
    ask(1.0, None, 0.3, {"nothing-left": torch.zeros(5)})
    yield "top-p, also where the first token is enough"
    softened = (_LOGITS / 2).softmax(-1)
    after_cut = _LOGITS.masked_fill(_top_p(_LOGITS.softmax(-1), 0.7) == 0, -torch.inf)
    ask(2.0, None, 0.7, {"temperature-after-the-cuts": (after_cut / 2).softmax(-1)})
    unordered = _divided(_top_k(softened, 3) * (_top_p(softened, 0.7) > 0))
    ask(2.0, 3, 0.7, {"top-p-of-all-tokens": unordered})
    yield "all three together"

    largest = _tensor(function(_LOGITS, 0, None, None, shown=f"{function.name}(logits, 0, None, None)"))
    if not _close(largest, torch.tensor([0.0, 1.0, 0.0, 0.0, 0.0])):
        raise Wrong("zero-is-greedy", "At temperature 0 the largest logit did not get the probability 1.")

    fresh = random.Random()
    generator = torch.Generator().manual_seed(fresh.getrandbits(60))
    for number, k in enumerate((None, 1, 2, 5, 50) * 3):
        logits = 2 * torch.randn(fresh.randint(8, 30), generator=generator)
        temperature = fresh.choice((0.3, 0.8, 1.0, 2.5)) if number > 4 else 1.0
        after_k = _probabilities(logits, temperature, k, None)
        sums = after_k.sort(descending=True).values.cumsum(0)
        p = (
            None
            if number < 5
            else fresh.choice([None, *(x for x in (0.25, 0.6, 0.95) if (sums - x).abs().min() > 1e-3)])
        )
        call = f"{function.name}(logits, {temperature}, {k}, {p}) for {len(logits)} logits"
        got = _tensor(function(logits, temperature, k, p, shown=call, fresh=True))
        if not _close(got, _probabilities(logits, temperature, k, p)):
            raise Wrong("tied-to-the-example", "Seen on random logits.")
    yield "fresh random logits and settings"


SAMPLER = Exercise(
    id="09.1",
    title="From logits to probabilities",
    kind="function",
    examine=_check_probabilities,
    means="Whatever you set, what comes out is a distribution over the tokens that are left. "
    "`llmlab.generation.sampling_probabilities` computes the same.",
    hints=(
        "Which of the three works on logits, and after which steps do the numbers no longer sum to 1?",
        "Divide the logits by the temperature, then softmax. Each cut sets probabilities to 0 and divides what is left "
        "by its sum. For top-p, sort first: a token stays if those before it sum to less than p.",
        "top-k: `kept = probabilities >= probabilities.topk(min(top_k, len(logits))).values[-1]`. top-p: `ranked, "
        "order "
        "= probabilities.sort(descending=True)`, and `ranked.cumsum(0) - ranked < top_p` says which of `order` stay.",
    ),
    variant="Min-p, a newer cut, keeps each token with at least a tenth (say) of the largest probability. Write it, "
    "and "
    "compare with top-p how many tokens it keeps at temperature 2.",
    misconceptions={
        "temperature-after-softmax": Misconception(
            "The probabilities were divided by the temperature, and no longer sum to 1. Temperature belongs before the "
            "softmax: it divides the logits.",
            TEMPERATURE,
        ),
        "temperature-changes-nothing": Misconception(
            "The temperature changed nothing. Dividing *probabilities* by it and then by their sum cancels out; "
            "dividing "
            "the *logits*, before the softmax, does not.",
            TEMPERATURE,
        ),
        "softmax-twice": Misconception(
            "A softmax was taken of probabilities. They lie between 0 and 1, so it makes nearly equal shares of them: "
            "one softmax, on logits.",
            TEMPERATURE,
        ),
        "temperature-multiplies": Misconception(
            "The logits were multiplied by the temperature. They are divided by it: below 1 sharper, above 1 flatter.",
            TEMPERATURE,
        ),
        "top-k-not-renormalised": Misconception(
            "Top-k kept the right probabilities, and they no longer sum to 1: divide them by their sum, or set the "
            "other logits to −∞ before the softmax.",
            TOP_K_SECTION,
        ),
        "softmax-of-zeros": Misconception(
            "The cut logits were set to 0, and exp(0) is 1: those tokens still get a share. −∞ gives none.",
            TOP_K_SECTION,
        ),
        "first-k-of-the-vocabulary": Misconception(
            "The first k tokens of the vocabulary were kept. Top-k keeps the k most probable ones.", TOP_K_SECTION
        ),
        "keeps-the-least-probable": Misconception("The least probable tokens were kept.", TOP_K_SECTION),
        "cut-changes-nothing": Misconception(
            "The cut changed nothing: with it set, fewer tokens must be left. For top-p: is the largest in front?",
            TOP_K_SECTION,
        ),
        "one-too-many": Misconception(
            "One token too many was kept. For top-p: a token stays if those *before* it sum to less than p.",
            TOP_P_SECTION,
        ),
        "one-too-few": Misconception(
            "One token too few was kept. For top-p: the token with which the sum reaches p stays as well.",
            TOP_P_SECTION,
        ),
        "top-p-not-renormalised": Misconception(
            "Top-p kept the right probabilities, and they no longer sum to 1: divide them by their sum.", TOP_P_SECTION
        ),
        "not-sorted": Misconception(
            "The running sum was taken in the order of the vocabulary. Sort by probability first, largest in front.",
            TOP_P_SECTION,
        ),
        "each-token-against-p": Misconception(
            "Each probability was compared with p by itself. It is their running sum that has to reach p.",
            TOP_P_SECTION,
        ),
        "not-put-back": Misconception(
            "Sorting moved the tokens to other places, and what belongs to the sorted order was used in that of the "
            "vocabulary. `order` says where each one came from: put it back there.",
            TOP_P_SECTION,
        ),
        "probabilities-lost": Misconception(
            "The right tokens are left, all with the same probability. Keep their probabilities, and divide these by "
            "their sum.",
            TOP_P_SECTION,
        ),
        "logits-returned": Misconception("These are still logits: a softmax makes probabilities of them.", TEMPERATURE),
        "nothing-left": Misconception(
            "No token is left, or something was divided by nothing. However small p is, the most probable token stays.",
            TOP_P_SECTION,
        ),
        "temperature-after-the-cuts": Misconception(
            "The cut was made before the temperature. The order is temperature, top-k, top-p: what top-p keeps depends "
            "on the temperature.",
            ORDER,
        ),
        "top-p-of-all-tokens": Misconception(
            "Top-p looked at the probabilities of all tokens. After top-k, divide by the sum first: p is a share of "
            "what "
            "top-k left.",
            ORDER,
        ),
        "zero-is-greedy": Misconception(
            "Temperature 0 is greedy: the largest logit gets everything. The first lines of the cell did that already.",
            TEMPERATURE,
        ),
        "not-the-shape": Misconception("The result must hold one probability for each logit."),
        "other-values": Misconception(
            "These are not the probabilities. Logits divided by the temperature, softmax, top-k, top-p; after each cut "
            "divide by the sum.",
            ORDER,
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and random logits do not. Does a number from the example stand in the code?"
        ),
    },
)


# 09.2 ------------------------------------------------------------------------------------------------------------


def _check_passes(answer: Any) -> Iterator[str]:
    right = isinstance(answer, list) and len(answer) == 2
    if not right or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in answer):
        raise Wrong("not-two-numbers", f"You answered `{show(answer)}`.")
    without, with_cache = answer
    shown = f"You answered `{show(answer)}`."
    if (without, with_cache) == (8, 26):
        raise Wrong("the-two-swapped", shown)
    if without in (35, 30) or with_cache == 9:
        raise Wrong("one-pass-too-many", shown)
    if without in (20, 25):
        raise Wrong("new-tokens-forgotten", shown)
    if without in (8, 9, 5, 4):
        raise Wrong("nothing-again", shown)
    if without == 26 and with_cache in (3, 4):
        raise Wrong("prompt-is-free", shown)
    if (without, with_cache) != (26, 8):
        raise Wrong("count-again", shown)
    yield "without a cache 5 + 6 + 7 + 8"
    yield "with a cache 5 + 1 + 1 + 1"


PASSES = Exercise(
    id="09.2",
    title="How many tokens pass",
    kind="value",
    examine=_check_passes,
    means="Without a cache the work of a step grows with all that stands before it. With a cache a step is one token.",
    hints=(
        "What does the model read in the first step, and what in the second, once without and once with a cache?",
        "Without a cache each step reads everything that is written by then. With a cache the first step reads the "
        "prompt, and each later step only the token that was just chosen. The last token chosen is read by no step.",
        "5 + 6 + 7 + 8, and 5 + 1 + 1 + 1.",
    ),
    variant="Write the two counts as formulas of prompt P and new tokens N. For P = 100 and N = 1,000, how many times "
    "as many tokens pass without a cache?",
    misconceptions={
        "the-two-swapped": Misconception("The two have changed places: the cache saves work.", AGAIN),
        "one-pass-too-many": Misconception(
            "That is too many: the first step reads the 5 tokens of the prompt, and the fourth new token is read by no "
            "step at all.",
            AGAIN,
        ),
        "new-tokens-forgotten": Misconception(
            "Each step reads the prompt *and* what was written since: 5 tokens, then 6, then 7, then 8.", AGAIN
        ),
        "nothing-again": Misconception(
            "Without a cache nothing is remembered between steps: every step reads everything anew.", AGAIN
        ),
        "prompt-is-free": Misconception(
            "The prompt passes through the model too, once: its keys and values have to come from somewhere.", AGAIN
        ),
        "not-two-numbers": Misconception("The answer is two numbers: without a cache, and with one."),
        "count-again": Misconception("Write down for each of the four steps how many tokens it reads, and add.", AGAIN),
    },
)


# 09.3 ------------------------------------------------------------------------------------------------------------


def _attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return (q @ k.mT / math.sqrt(q.shape[-1])).softmax(dim=-1) @ v


def _wrong_steps(q: Tensor, k: Tensor, v: Tensor, keys: Tensor, values: Tensor) -> dict[str, Tensor]:
    """The context that each known mistake gives."""
    all_k, all_v = torch.cat([keys, k]), torch.cat([values, v])
    return {
        "does-not-see-itself": _attend(q, keys, values),
        "cache-not-read": v,
        "not-scaled": (q @ all_k.mT).softmax(dim=-1) @ all_v,
        "softmax-over-queries": (q @ all_k.mT).softmax(dim=0) @ all_v,
        "keys-as-values": _attend(q, all_k, all_k),
        "old-values": _attend(q, all_k[:-1], all_v[1:]),
        "mask-hides-the-past": all_v[:1],
        "context-without-its-row": _attend(q, all_k, all_v)[0],
        "weights-not-context": (q @ all_k.mT / math.sqrt(q.shape[-1])).softmax(dim=-1),
        "no-softmax": q @ all_k.mT / math.sqrt(q.shape[-1]) @ all_v,
    }


def _check_cached_step(step: Probe) -> Iterator[str]:
    q, k, v = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 1.0]]), torch.tensor([[5.0, -1.0]])
    keys, values = torch.tensor([[1.0, 0.0], [2.0, -1.0]]), torch.tensor([[1.0, 3.0], [2.0, 2.0]])
    value = step(q, k, v, keys, values, shown=f"{step.name}(q, k, v, keys, values)")
    if not isinstance(value, list) or len(value) != 3:
        raise Wrong("not-three-things", f"It gave `{show(value)}`.")
    context, new_keys, new_values = map(_tensor, value)
    all_keys, all_values = torch.cat([keys, k]), torch.cat([values, v])
    if _close(context, all_keys) and _close(new_keys, all_values):
        raise Wrong("not-three-things", f"It gave `{show(value)}`.")
    for name, got, before, new, expected in (
        ("keys", new_keys, keys, k, all_keys),
        ("values", new_values, values, v, all_values),
    ):
        if not _close(got, expected):
            models = {"cache-not-grown": before, "cache-replaced": new, "new-one-in-front": torch.cat([new, before])}
            models["keys-as-values"] = all_keys
            returned = show(value[1 if name == "keys" else 2])
            shown = f"With two {name} in the cache and one new, it returned `{returned}`."
            raise Wrong(_name(got, models) or "other-cache", shown)
    expected = _attend(q, all_keys, all_values)
    if not _close(context, expected):
        shown = f"It gave the context `{show(value[0])}`; right is `{show(expected.tolist())}`."
        raise Wrong(_name(context, _wrong_steps(q, k, v, keys, values)) or "other-context", shown)
    yield "one token, two in the cache"

    fresh = random.Random()
    generator = torch.Generator().manual_seed(fresh.getrandbits(60))
    for T, d, d_value in ((6, 3, 5), (1, 4, 4), (9, 2, 7)):
        q, k = torch.randn(2, T, d, generator=generator)
        v = torch.randn(T, d_value, generator=generator)
        keys, values = torch.zeros(0, d), torch.zeros(0, d_value)
        rows = []
        for t in range(T):
            call = f"{step.name}(q, k, v, keys, values) with {t} tokens in the cache"
            new = slice(t, t + 1)
            value = step(q[new], k[new], v[new], keys, values, shown=call, fresh=True)
            row, *cache = map(_tensor, value) if isinstance(value, list) and len(value) == 3 else [None]
            if row is None or row.shape != (1, d_value):
                raise Wrong("tied-to-the-example", f"Seen with {t} tokens in the cache.")
            rows.append(row)
            keys, values = k[: t + 1], v[: t + 1]
            if not (_close(cache[0], keys) and _close(cache[1], values)):
                raise Wrong("cache-not-grown", f"Seen with {t} tokens in the cache: {t + 1} must come back.")
        hidden = torch.ones(T, T).triu(1).bool()
        whole = (q @ k.mT / math.sqrt(d)).masked_fill(hidden, -torch.inf).softmax(dim=-1) @ v
        if not _close(torch.cat(rows), whole):
            raise Wrong("tied-to-the-example", f"Seen on {T} random tokens, from an empty cache on.")
    yield "token by token from an empty cache, equal to causal attention over all"


CACHED_STEP = Exercise(
    id="09.3",
    title="Attention with a cache",
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
        "no-softmax": Misconception("The scores were used as they are: a softmax makes weights of them.", CACHE),
        "not-three-things": Misconception("The function returns three things, in this order: context, keys, values."),
        "other-cache": Misconception("The returned cache is not the old one with the new row appended.", CACHE),
        "other-context": Misconception(
            "This is not the context: softmax of q kᵀ / √d over all keys, times all values.", CACHE
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and other sizes do not. The cache may be empty, and values may be wider than keys.",
            CACHE,
        ),
    },
)


# 09.4 ------------------------------------------------------------------------------------------------------------

_SIZES = ("n_layers", "n_kv_heads", "d_head", "length", "batch_size", "bytes_per_number")
_CASES = ((12, 3, 64, 1000, 5, 2), (7, 1, 16, 33, 2, 4), (3, 2, 5, 11, 13, 1))


def _wrong_bytes(layers: int, heads: int, width: int, length: int, batch: int, size: int) -> dict[str, float]:
    right = 2 * layers * heads * width * length * batch * size
    return {
        "keys-only": right // 2,
        "queries-too": right // 2 * 3,
        "layers-forgotten": right // layers,
        "heads-forgotten": right // heads,
        "width-forgotten": right // width,
        "length-forgotten": right // length,
        "batch-forgotten": right // batch,
        "numbers-not-bytes": right // size,
        "bits-not-bytes": 8 * right,
        "length-squared": right * length,
        "weights-stored": layers * heads * length * length * batch * size,
    }


def _check_bytes(function: Probe) -> Iterator[str]:
    models = [_wrong_bytes(*case) for case in _CASES]
    values = [function(*case) for case in _CASES]
    for case, value in zip(_CASES, values, strict=True):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Wrong("not-a-number", f"`{function.spell(*case)}` gave `{show(value)}`.")
    rights = [2 * math.prod(case) for case in _CASES]
    for case, value, right in zip(_CASES, values, rights, strict=True):
        if value != right:
            named = next((n for n in models[0] if all(m[n] == v for m, v in zip(models, values, strict=True))), None)
            named = named or ("tied-to-the-example" if values[0] == rights[0] else "other-count")
            raise Wrong(named, f"`{function.spell(*case)}` gave `{show(value)}`; right is `{right}`.")
    yield "three caches whose sizes all differ"
    fresh = random.Random()
    for _ in range(10):
        case = tuple(fresh.randint(1, 999) for _ in _SIZES)
        if function(*case, fresh=True) != 2 * math.prod(case):
            raise Wrong("tied-to-the-example", "Seen on random sizes.")
    yield "fresh random sizes"


CACHE_BYTES = Exercise(
    id="09.4",
    title="Bytes of a cache",
    kind="function",
    examine=_check_bytes,
    means="The cache grows with every one of the six, and with nothing else: not with the vocabulary, not with the "
    "feed-forward layers, and not with the number of *query* heads.",
    hints=(
        "What is kept for one token, in one layer, for one head: how many vectors of which width?",
        "One key and one value of d_head numbers. All layers, heads, tokens and sequences have their own.",
        "`2 * n_layers * n_kv_heads * d_head * length * batch_size * bytes_per_number`",
    ),
    variant="A model keeps keys and values only for the last 4,096 tokens (a sliding window). How does your function "
    "change, and from which length on does it matter?",
    misconceptions={
        "keys-only": Misconception("Keys and values are two vectors: this is half of what is kept.", BYTES),
        "queries-too": Misconception(
            "Queries are not kept: a query is used in its own step and never again. Two vectors, not three.", BYTES
        ),
        "layers-forgotten": Misconception("Each layer has keys and values of its own.", BYTES),
        "heads-forgotten": Misconception("Each head of keys and values has its own vectors.", BYTES),
        "width-forgotten": Misconception("A vector holds d_head numbers.", BYTES),
        "length-forgotten": Misconception("Every token of the text is kept.", BYTES),
        "batch-forgotten": Misconception("Each sequence of the batch has a cache of its own.", BYTES),
        "numbers-not-bytes": Misconception("These are numbers. Each takes bytes_per_number bytes.", BYTES),
        "bits-not-bytes": Misconception("These are bits: the size of a number was already given in bytes.", BYTES),
        "length-squared": Misconception("The length enters once: a token's key and value are kept once.", BYTES),
        "weights-stored": Misconception(
            "That counts the attention weights, length × length. They are made and used in a step, and not kept.", BYTES
        ),
        "not-a-number": Misconception("The function returns one number, the bytes."),
        "other-count": Misconception(
            "This is not the count: two vectors of d_head numbers for each token, layer, head and sequence.", BYTES
        ),
        "tied-to-the-example": Misconception(
            "Some sizes come out right and others do not. Does a number stand where a name belongs?", BYTES
        ),
    },
)


# 09.5 ------------------------------------------------------------------------------------------------------------


def _updated(largest: float, total: float, block: list[float]) -> tuple[float, float]:
    new = max(largest, *block)
    return new, total * math.exp(largest - new) + sum(math.exp(score - new) for score in block)


def _wrong_updates(largest: float, total: float, block: list[float]) -> dict[str, tuple[float, float]]:
    top = max(block)
    new = max(largest, top)
    added = sum(math.exp(score - new) for score in block)
    own = sum(math.exp(score - top) for score in block)
    return {
        "old-sum-not-moved": (new, total + added),
        "moved-the-wrong-way": (new, total * math.exp(new - largest) + added),
        "old-sum-forgotten": (new, added),
        "block-not-moved": (new, total * math.exp(largest - new) + own),
        "only-the-blocks-maximum": (top, total * math.exp(largest - top) + own),
        "exponential-forgotten": (new, total * math.exp(largest - new) + sum(score - new for score in block)),
        "no-maximum-taken-off": (new, total + sum(math.exp(score) for score in block)),
        "old-maximum-kept": (largest, total + sum(math.exp(score - largest) for score in block)),
    }


def _pair(value: Any) -> tuple[float, float] | None:
    """Two numbers, also as tensors with one entry; None for anything else."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    pair = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in value]
    right = all(isinstance(one, int | float) and not isinstance(one, bool) for one in pair)
    return (float(pair[0]), float(pair[1])) if right else None


def _agree(got: tuple[float, float], expected: tuple[float, float]) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-6) for a, b in zip(got, expected, strict=True))


def _check_update(update: Probe) -> Iterator[str]:
    # The new block holds a larger score in the first case, and none in the second.
    for largest, total, block in ((1.0, 1.5, [0.0, 3.0, 2.0]), (3.0, 1.5, [0.0, 1.0]), (-1.0, 2.5, [-2.0])):
        value = update(torch.tensor(largest), torch.tensor(total), torch.tensor(block), shown=f"{update.name}(…)")
        got, expected = _pair(value), _updated(largest, total, block)
        call = f"With largest = {largest}, total = {total} and the block {block} it gave `{show(value)}`"
        if got is None:
            raise Wrong("not-two-numbers", f"{call}.")
        if not _agree(got, expected):
            models = _wrong_updates(largest, total, block) | {"the-two-swapped": expected[::-1]}
            named = next((name for name, wrong in models.items() if _agree(got, wrong)), "other-values")
            raise Wrong(named, f"{call}; right is `{show(list(expected))}`.")
    yield "a block with a new maximum, and blocks without"

    got = _pair(
        update(torch.tensor(-torch.inf), torch.tensor(0.0), torch.tensor([4.0, 4.0]), shown=f"{update.name}(…)")
    )
    if got is None or not _agree(got, (4.0, 2.0)):
        raise Wrong("not-from-nothing", "From −∞ and 0, the block [4, 4] must give 4 and 2.")
    value = update(torch.tensor(990.0), torch.tensor(1.0), torch.tensor([1000.0, 998.0]), shown=f"{update.name}(…)")
    got = _pair(value)
    if got is None or not _agree(got, _updated(990.0, 1.0, [1000.0, 998.0])):
        raise Wrong("overflow", f"With largest = 990.0 and the block [1000.0, 998.0] it gave `{show(value)}`.")
    yield "the first block, and large scores"

    fresh = random.Random()
    for _ in range(8):
        state = (-math.inf, 0.0)
        for size in (2, 1, 7, 4):
            block = [fresh.gauss(0, 3) for _ in range(size)]
            largest, total = map(torch.tensor, state)
            got = _pair(update(largest, total, torch.tensor(block), shown=f"{update.name}(…)", fresh=True))
            if got is None or not _agree(got, _updated(*state, block)):
                raise Wrong("tied-to-the-example", "Seen on random scores.")
            state = got
    yield "fresh random scores, block after block"


ONLINE_SOFTMAX = Exercise(
    id="09.5",
    title="A running softmax",
    kind="function",
    examine=_check_update,
    means="However many blocks come, two numbers are enough to know what each exponential is divided by. "
    "llmlab's `online_softmax` and FlashAttention do this for all rows at once.",
    hints=(
        "The old sum was taken relative to the old maximum. What is exp(score − new) divided by exp(score − old), and "
        "does it depend on the score?",
        "It is exp(old − new), one factor for the whole old sum. Then add the exponentials of the block, relative to "
        "the "
        "new maximum.",
        "`new = torch.maximum(largest, block.max())`, and return `new` and `total * (largest - new).exp() + "
        "(block - new).exp().sum()`.",
    ),
    variant="Carry a third number along: the sum of exp(score − largest) × value. What do you have at the end, if you "
    "divide it by the total?",
    misconceptions={
        "old-sum-not-moved": Misconception(
            "The old sum still refers to the old maximum. Multiply it by exp(old − new) before adding.", ONLINE
        ),
        "moved-the-wrong-way": Misconception(
            "The old sum was multiplied by exp(new − old). A larger maximum makes the old exponentials smaller: "
            "exp(old − new).",
            ONLINE,
        ),
        "old-sum-forgotten": Misconception("The sum of the blocks before is lost: it has to be added.", ONLINE),
        "block-not-moved": Misconception(
            "The block's exponentials are relative to the block's own maximum. All must refer to the same one, the "
            "largest so far.",
            ONLINE,
        ),
        "only-the-blocks-maximum": Misconception(
            "The maximum returned is that of the block. It is the largest score of all blocks so far.", ONLINE
        ),
        "no-maximum-taken-off": Misconception(
            "The block's exponentials were taken without subtracting the maximum: at scores of 1,000 they overflow.",
            ONLINE,
        ),
        "exponential-forgotten": Misconception(
            "The block's scores were added themselves. What is summed are their exponentials, exp(score − new).", ONLINE
        ),
        "old-maximum-kept": Misconception(
            "The maximum did not move, though the block holds a larger score: exp(score − largest) can overflow.",
            ONLINE,
        ),
        "the-two-swapped": Misconception("The two have changed places: first the maximum, then the sum.", ONLINE),
        "overflow": Misconception(
            "At large scores something overflows: no exponential may be taken of a number above 0.", ONLINE
        ),
        "not-from-nothing": Misconception(
            "The first block comes with the maximum −∞ and the sum 0; then the result is that of the block alone.",
            ONLINE,
        ),
        "not-two-numbers": Misconception("The function returns two numbers: the new maximum and the new sum."),
        "other-values": Misconception(
            "These are not the new maximum and sum: the larger maximum, the old sum times exp(old − new), plus the "
            "block's exponentials relative to the new maximum.",
            ONLINE,
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and random scores do not. Does a number from the example stand in the code?", ONLINE
        ),
    },
)


EXERCISES = (SAMPLER, PASSES, CACHED_STEP, CACHE_BYTES, ONLINE_SOFTMAX)
