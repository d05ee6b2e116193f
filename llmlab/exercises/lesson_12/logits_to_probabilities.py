"""Temperature, top-k and top-p, to be written: tried one by one, all together, then at random."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.engine.tensors import is_close, seeded, tensor
from llmlab.exercises.lesson_12.logits_to_probabilities_mistakes import (
    divided,
    probabilities,
    top_k,
    top_p,
    wrong_temperatures,
    wrong_top_ks,
    wrong_top_ps,
)
from llmlab.exercises.lesson_12.sections import ORDER, TEMPERATURE, TOP_K, TOP_P

_LOGITS = torch.tensor([0.5, 2.0, -1.0, 1.0, 0.0])


def _check_probabilities(function: Probe) -> Iterator[str]:
    def ask(temperature: float, k: int | None, p: float | None, models: dict[str, Tensor]) -> None:
        value = function(_LOGITS, temperature, k, p, shown=f"{function.name}(logits, {temperature}, {k}, {p})")
        got, expected = tensor(value), probabilities(_LOGITS, temperature, k, p)
        call = (
            f"For logits {show(_LOGITS.tolist())}, temperature {temperature}, top_k {k}, top_p {p} it gave "
            f"`{show(value)}`"
        )
        if got is None or got.shape != expected.shape:
            raise Wrong("not-the-shape", f"{call}.")
        if not got.isfinite().all():
            raise Wrong(
                "nothing-left" if p and got.isnan().all() else "not-numbers",
                f"{call}; right is `{show(expected.tolist())}`.",
            )
        if not is_close(got, expected):
            idea = name_of(models.items(), partial(is_close, got))
            raise Wrong(idea or "other-values", f"{call}; right is `{show(expected.tolist())}`.")

    ask(1.0, None, None, {"softmax-twice": _LOGITS.softmax(-1).softmax(-1), "logits-returned": _LOGITS})
    ask(0.5, None, None, wrong_temperatures(_LOGITS, 0.5))
    ask(2.0, None, None, wrong_temperatures(_LOGITS, 2.0))
    yield "temperature"
    ask(1.0, 2, None, wrong_top_ks(_LOGITS, 2))
    ask(1.0, 9, None, {})
    yield "top-k, also with more than there are"
    ask(1.0, None, 0.85, wrong_top_ps(_LOGITS, 0.85))
    ask(1.0, None, 0.3, {"nothing-left": torch.zeros(5)})
    yield "top-p, also where the first token is enough"
    softened = (_LOGITS / 2).softmax(-1)
    after_cut = _LOGITS.masked_fill(top_p(_LOGITS.softmax(-1), 0.7) == 0, -torch.inf)
    ask(2.0, None, 0.7, {"temperature-after-the-cuts": (after_cut / 2).softmax(-1)})
    ask(2.0, 2, 0.7, {"only-one-of-the-cuts": divided(top_p(softened, 0.7))})
    unordered = divided(top_k(softened, 4) * (top_p(softened, 0.65) > 0))
    ask(2.0, 4, 0.65, {"only-one-of-the-cuts": divided(top_k(softened, 4)), "top-p-of-all-tokens": unordered})
    yield "all three together"

    largest = tensor(function(_LOGITS, 0, None, None, shown=f"{function.name}(logits, 0, None, None)"))
    if not is_close(largest, torch.tensor([0.0, 1.0, 0.0, 0.0, 0.0])):
        raise Wrong("zero-is-greedy", "At temperature 0 the largest logit did not get the probability 1.")

    fresh = random.Random()
    generator = seeded(fresh)
    for number, k in enumerate((None, 1, 2, 5, 50) * 3):
        logits = 2 * torch.randn(fresh.randint(8, 30), generator=generator)
        temperature = fresh.choice((0.3, 0.8, 1.0, 2.5)) if number > 4 else 1.0
        after_k = probabilities(logits, temperature, k, None)
        sums = after_k.sort(descending=True).values.cumsum(0)
        p = (
            None
            if number < 5
            else fresh.choice([None, *(x for x in (0.25, 0.6, 0.95) if (sums - x).abs().min() > 1e-3)])
        )
        call = f"{function.name}(logits, {temperature}, {k}, {p}) for {len(logits)} logits"
        got = tensor(function(logits, temperature, k, p, shown=call, fresh=True))
        if not is_close(got, probabilities(logits, temperature, k, p)):
            raise Wrong("tied-to-the-example", "Seen on random logits.")
    yield "fresh random logits and settings"


EXERCISE = Exercise(
    kind="function",
    examine=_check_probabilities,
    means="Whatever you set, what comes out is a distribution over the tokens that are left. "
    "`llmlab.generation.sampling_probabilities` computes the same.",
    hints=(
        "Which of the three works on logits, and after which steps do the numbers no longer sum to 1?",
        "Divide the logits by the temperature, then softmax. Each cut sets probabilities to 0 and divides what is left "
        "by its sum. For top-p, sort first: a token stays if those before it sum to less than p.",
        "top-k: `kept = probabilities >= probabilities.topk(min(top_k, len(logits))).values[-1]`. top-p: `ranked, "
        "order = probabilities.sort(descending=True)`, and `ranked.cumsum(0) - ranked < top_p` says which of `order` "
        "stay.",
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
            TOP_K,
        ),
        "softmax-of-zeros": Misconception(
            "The cut logits were set to 0, and exp(0) is 1: those tokens still get a share. −∞ gives none.",
            TOP_K,
        ),
        "first-k-of-the-vocabulary": Misconception(
            "The first k tokens of the vocabulary were kept. Top-k keeps the k most probable ones.", TOP_K
        ),
        "keeps-the-least-probable": Misconception("The least probable tokens were kept.", TOP_K),
        "top-k-changes-nothing": Misconception("Top-k changed nothing: with it set, fewer tokens must be left.", TOP_K),
        "one-too-many-by-top-k": Misconception("Top-k kept one token too many.", TOP_K),
        "one-too-few-by-top-k": Misconception(
            "Top-k kept one token too few. The k-th itself stays: compare with `>=` (or cut what is `<`).", TOP_K
        ),
        "top-p-changes-nothing": Misconception(
            "Top-p changed nothing: with it set, fewer tokens must be left. Is the largest in front when they "
            "are added up?",
            TOP_P,
        ),
        "one-too-many-by-top-p": Misconception(
            "Top-p kept one token too many. A token stays if those *before* it sum to less than p.", TOP_P
        ),
        "one-too-few-by-top-p": Misconception(
            "Top-p kept one token too few. The token with which the sum reaches p stays as well.", TOP_P
        ),
        "top-p-not-renormalised": Misconception(
            "Top-p kept the right probabilities, and they no longer sum to 1: divide them by their sum.", TOP_P
        ),
        "not-sorted": Misconception(
            "The running sum was taken in the order of the vocabulary. Sort by probability first, largest in front.",
            TOP_P,
        ),
        "each-token-against-p": Misconception(
            "Each probability was compared with p by itself. It is their running sum that has to reach p.",
            TOP_P,
        ),
        "not-put-back": Misconception(
            "Sorting moved the tokens to other places, and what belongs to the sorted order was used in that of the "
            "vocabulary. `order` says where each one came from: put it back there.",
            TOP_P,
        ),
        "put-back-from-the-wrong-places": Misconception(
            "`ranked[order]` takes number i from place `order[i]`, which mixes once more. Number i belongs *to* that "
            "place: `zeros[order] = ranked`, or `zeros.scatter(0, order, ranked)`.",
            TOP_P,
        ),
        "probabilities-lost": Misconception(
            "The right tokens are left, all with the same probability. Keep their probabilities, and divide these by "
            "their sum.",
            TOP_P,
        ),
        "logits-returned": Misconception("These are still logits: a softmax makes probabilities of them.", TEMPERATURE),
        "nothing-left": Misconception(
            "No token is left, or something was divided by nothing. However small p is, the most probable token stays.",
            TOP_P,
        ),
        "not-numbers": Misconception(
            "Not every result is a number. Does −∞ stand among the probabilities? It cuts logits, before the softmax; "
            "a probability that is cut is 0. Or was nothing left, and divided by its sum?",
            TOP_K,
        ),
        "temperature-after-the-cuts": Misconception(
            "The cut was made before the temperature. The order is temperature, top-k, top-p: what top-p keeps depends "
            "on the temperature.",
            ORDER,
        ),
        "only-one-of-the-cuts": Misconception(
            "Each cut alone is right, and with both set only one was made. After top-k, top-p cuts what is left: two "
            "`if`, one after the other.",
            ORDER,
        ),
        "top-p-of-all-tokens": Misconception(
            "Top-p looked at the probabilities as they were before top-k: either it came first, or what top-k left was "
            "not divided by its sum. p is a share of what top-k left.",
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
            "The example holds, and random logits do not: what in the code is right for the example alone?"
        ),
    },
    crashes=(
        Crash(
            "k-larger-than-v",
            "RuntimeError",
            r"selected index k out of range",
            "`top_k` may be larger than the number of tokens, and `topk` refuses that: `min(top_k, len(logits))`.",
            TOP_K,
        ),
        Crash(
            "cut-that-is-off",
            "TypeError",
            r"NoneType",
            "`top_k` or `top_p` is `None` when that cut is off. Ask first: `if top_k is not None:`.",
            ORDER,
        ),
        Crash(
            "sort-gives-two",
            "AttributeError",
            r"(return_types\.(sort|topk)|'tuple)' object has no attribute",
            "`sort` and `topk` give two tensors, the values and their places: "
            "`ranked, order = p.sort(descending=True)`.",
            TOP_P,
        ),
    ),
)
