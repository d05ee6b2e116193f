"""The attention bench as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

from typing import Any

from llmlab.explorers.attention_bench import numbers, picture
from llmlab.explorers.attention_bench.values import (
    FIRST_TEXT,
    SHOW,
    SHOWN,
    SURE,
    TEMPERATURES,
    TOLD,
    AttendFunction,
    AttentionTrace,
    compute,
    scale_of,
)
from llmlab.explorers.attention_bench.vectors import (
    D_IN,
    D_VALUE,
    HEAD,
    LAYER,
    MAX_TOKENS,
    PREVIOUS,
    PREVIOUS_OPENING,
    RANDOM,
    SEED,
    START,
    STRENGTH,
    TRAINED,
    TRAINED_OPENING,
    TRAINED_TEXT,
    VECTORS,
    WIDTHS,
)
from llmlab.explorers.host import Explorer, Question
from llmlab.explorers.host.controls import Choice, Range, Scale, Text, Toggle
from llmlab.explorers.host.learner import learners_function, name_of, not_written
from llmlab.explorers.host.words import plural

QUESTION = Question(
    "Why must it be a number of Q, and not one of K?",
    (
        ("K is not divided by √d", False, "It is the score that is divided, and q and k make it together."),
        ("a key is heard by every query", True, "Each row holds a product with that key: all rows would move."),
        ("keys hold smaller numbers", False, "They are as large as queries: both come from random matrices alike."),
    ),
)


class AttentionBench(Explorer):
    """See how queries, keys and values become scores, weights and context, and what one changed number moves.

    Args:
        attend: your `attend(q, k, v)`, which returns context (T, d_value) and weights (T, T) and divides the scores by
            √d. Assign to `.attend` to try another one.
        text: the words to start with, separated by spaces.

    >>> bench = AttentionBench()
    >>> bench.set(edit="V", by=2)
    >>> int(bench.trace.weights_moved.sum()), int(bench.trace.context_moved.sum())
    (0, 6)
    """

    sheet = "attention_bench.css"
    heading = "Attention bench"
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)
    why, more = staticmethod(picture.why), staticmethod(numbers.more)
    stand_in = more
    attend = learners_function()

    def __init__(self, attend: AttendFunction | None = None, text: str = FIRST_TEXT) -> None:
        trained = dict(TRAINED_OPENING)  # brings a text along, because that head has not read the first one
        if text != FIRST_TEXT:
            del trained["text"]
        super().__init__(
            title=self.heading,
            task="Your target: change a single number so that one word gives another word at least "
            f"{SURE:.0%} of its attention, and no other word's attention moves. (Random vectors, scaling on, "
            "temperature 1.)",
            controls=[
                Text("text", "Tokens", text, max_length=120, examples=(FIRST_TEXT, TRAINED_TEXT, "no no no yes no")),
                Choice(
                    *("vectors", "Vectors", VECTORS, RANDOM),
                    look="buttons",
                    along={TRAINED: trained, PREVIOUS: PREVIOUS_OPENING},
                ),
                Scale("width", "Width of Q and K", WIDTHS, initial="4"),
                Toggle("scaling", "Scaling", initial=True),
                Scale("temperature", "Temperature", TEMPERATURES, initial="1"),
                Choice("show", "Cells", SHOW, "weights", look="buttons", labels=("q·k", "scaled", "softmax")),
                Range("query", "Query (row)", 0, MAX_TOKENS - 1, initial=2, quiet=True),
                Range("key", "Key (column)", 0, MAX_TOKENS - 1, initial=1, quiet=True),
                Choice("edit", "Edit", ("x", "Q", "K", "V"), initial="K", quiet=True),
                Range("component", "Component", 0, SHOWN - 1, initial=0, quiet=True),
                Range("by", "By", -6, 6, initial=0, quiet=True),
            ],
            attend=attend,
        )

    def compute(self, state: dict[str, Any]) -> AttentionTrace:
        return compute(state, self.attend)

    def note(self, trace: AttentionTrace) -> str:
        if not trace.own_function:
            return not_written(self.attend, "llmlab's own attention is shown")
        if trace.agrees:
            return ""
        name = name_of(self.attend)
        return f"What {name} returns is not softmax(q kᵀ · {trace.scale:.4g}) v: compare it with the scores."

    def target(self, trace: AttentionTrace) -> tuple[bool, str]:
        if len(set(trace.tokens)) < 2:
            return False, "Not yet: type at least two different words."
        asks, told = trace.tokens[trace.query], trace.tokens[trace.key]
        share = float(trace.weights[trace.query, trace.key])
        others = len([row for row in trace.rows_moved if row != trace.query])
        still = [
            words
            for words, needed in (
                ("choose random vectors", trace.vectors != RANDOM),
                ("choose a key that is another word", asks == told),
                ("switch scaling on", not trace.scaled),
                ("set the temperature to 1", trace.temperature != 1),
                ("mend the function, whose result is not yet attention", not trace.agrees),
                ("edit one number", trace.by == 0),
                (f"the attention of {plural(others, 'other word')} moved too", trace.by and others),
            )
            if needed
        ]
        gives = f"{asks} gives {share:.0%} to {told}"
        if share >= SURE and not still:
            return True, f"Reached: {gives}, and only {asks} looks elsewhere than before."
        return False, f"Not yet: {gives}{'; ' if still else ''}{', '.join(still)}."

    def question(self, trace: AttentionTrace) -> Question:
        return QUESTION

    def limits(self, trace: AttentionTrace) -> dict[str, tuple[int, int]]:
        last = max(0, len(trace.tokens) - 1)
        return {"query": (0, last), "key": (0, last), "component": (0, (TOLD if trace.edit == "V" else SHOWN) - 1)}

    def off(self, trace: AttentionTrace) -> dict[str, str]:
        off = {} if trace.vectors == RANDOM else {"width": "Only random vectors have a width to choose."}
        if not trace.by:
            off |= dict.fromkeys(("edit", "component"), "Says which number By changes, and By is 0.")
        return off

    def code_for(self, state: dict[str, Any]) -> str:
        trace = compute(state)
        edit = f"{state['edit'].lower()}[{trace.at}, {trace.component}] += {state['by']}\n" if trace.by else ""
        ends = (edit, "") if state["edit"] == "x" else ("", edit)
        scale = scale_of(state, trace.q.shape[1])
        return (
            f"{_CODE[state['vectors']](state, trace)}"
            f"{ends[0]}q, k, v = x @ W_query, x @ W_key, x @ W_value\n{ends[1]}"
            f"context, weights, scores = scaled_dot_product_attention(q, k, v, scale={scale!r})\n"
            "print(weights)"
        )


def _code_of_words(trace: AttentionTrace) -> str:
    return (
        "from zlib import crc32\n\n"
        "import torch\n"
        "from llmlab.attention import scaled_dot_product_attention\n\n"
        f"tokens = {list(trace.tokens)!r}\n"
        "seeds = [torch.Generator().manual_seed(crc32(token.encode(errors='replace'))) for token in tokens]\n"
        f"x = torch.stack([torch.randn({D_IN}, generator=seed) for seed in seeds])\n"
        "x /= x.square().mean(dim=-1, keepdim=True).sqrt()\n"
        f"generator = torch.Generator().manual_seed({SEED})\n"
        f"W_query, W_key = torch.randn(2, {D_IN}, {WIDTHS[-1]}, generator=generator) / {D_IN}**0.5\n"
        f"W_value = torch.randn({D_IN}, {D_VALUE}, generator=generator) / {D_IN}**0.5\n"
    )


def _code_random(state: dict[str, Any], trace: AttentionTrace) -> str:
    width = state["width"]
    return f"{_code_of_words(trace)}W_query, W_key = W_query[:, :{width}], W_key[:, :{width}]\n"


def _code_previous(state: dict[str, Any], trace: AttentionTrace) -> str:
    return (
        f"{_code_of_words(trace)}told = x @ W_value\n"
        f"x = torch.eye(len(tokens), {MAX_TOKENS})\n"
        f"W_query, W_key = {STRENGTH} * torch.eye({MAX_TOKENS}).roll(-1, dims=1), torch.eye({MAX_TOKENS})\n"
        f"W_query[0] = {STRENGTH} * W_key[0]\n"
        f"W_value = torch.cat([told, torch.zeros({MAX_TOKENS} - len(tokens), {D_VALUE})])\n"
    )


def _code_trained(state: dict[str, Any], trace: AttentionTrace) -> str:
    words = " ".join(state["text"].split())
    size = trace.q.shape[1]
    return (
        "import torch\n"
        "from llmlab.attention import scaled_dot_product_attention\n"
        "from llmlab.training import load_checkpoint\n\n"
        "model, tokenizer = load_checkpoint()\n"
        f"ids = tokenizer.encode({f'{START} {words}'!r}, allowed_special='all')[:{MAX_TOKENS}]\n"
        f"x = model.blocks[0](model.embedding(torch.tensor([ids])))\n"
        f"block = model.blocks[{LAYER}]\n"
        "x = block.norm_attention(x)[0].detach()\n"
        "query, key, value = block.attention.qkv.weight.detach().T.chunk(3, dim=1)\n"
        f"W_query, W_key, W_value = (part[:, {HEAD * size}:{(HEAD + 1) * size}] for part in (query, key, value))\n"
    )


_CODE = {RANDOM: _code_random, TRAINED: _code_trained, PREVIOUS: _code_previous}
