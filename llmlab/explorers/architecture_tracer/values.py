"""The values of the architecture tracer: published models as settings of its controls, and the trace of a state."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from itertools import chain
from typing import Any, Literal

from llmlab.explorers.shape_tracer.steps import steps_of
from llmlab.explorers.shape_tracer.values import TOKENS_READ, ShapeTrace
from llmlab.gpt import GPTConfig

# The width is heads times the width of a head, so that every state is a model.
VOCABULARIES = ("32000", "50257", "128256")
CONTEXTS = ("1024", "2048", "4096", "8192", "32768")
HEADS = ("12", "16", "20", "25", "32")
HEAD_WIDTHS = ("64", "128")
MOST_LAYERS = 48
EVERY = "one each"  # every query head has its own keys and values
KV_HEADS = ("1", "2", "4", "5", "8", EVERY)
INNER = {
    "8/3": Fraction(8, 3),
    "43/16": Fraction(43, 16),
    "11/4": Fraction(11, 4),
    "7/2": Fraction(7, 2),
    "4": Fraction(4),
}
NORMS: dict[str, Literal["layer", "rms"]] = {"LayerNorm": "layer", "RMSNorm": "rms"}
MLPS: dict[str, Literal["gelu", "swiglu"]] = {"GELU": "gelu", "SwiGLU": "swiglu"}
POSITIONS = ("learned", "rotary")
NONE = "none"
EXPERTS = (NONE, "4", "8", "16")
USED = ("1", "2", "4")
AXIS = (3, 12)  # powers of ten: all that any state holds or costs lies between 1 k and 1 T
BATCH = 1


def _gpt2(heads: int, layers: int) -> dict[str, Any]:
    """A GPT-2: its four sizes have the same parts."""
    return {
        **{"vocabulary": "50257", "context": "1024", "heads": f"{heads}", "head_width": "64", "layers": layers},
        **{"norm": "LayerNorm", "mlp": "GELU", "inner": "4", "positions": "learned", "kv_heads": EVERY},
        **{"bias": True, "qkv_bias": True, "tie_weights": True, "experts": NONE, "used": "2"},
    }


def _llama(
    vocabulary: int, context: int, head_width: int, layers: int, kv_heads: str, inner: str, experts: str = NONE
) -> dict[str, Any]:
    """A Llama, or what has its parts: 32 query heads in all of these."""
    sizes = {"vocabulary": f"{vocabulary}", "context": f"{context}", "heads": "32", "head_width": f"{head_width}"}
    return {
        **sizes,
        **{"layers": layers, "norm": "RMSNorm", "mlp": "SwiGLU", "inner": inner, "positions": "rotary"},
        **{"kv_heads": kv_heads, "bias": False, "qkv_bias": False, "tie_weights": False, "experts": experts},
        **{"used": "2"},
    }


# Published models as settings of the controls.
PUBLISHED = {
    "GPT-2": _gpt2(12, 12),
    "GPT-2 medium": _gpt2(16, 24),
    "GPT-2 large": _gpt2(20, 36),
    "GPT-2 XL": _gpt2(25, 48),
    "TinyLlama 1.1B": _llama(32_000, 2_048, 64, 22, "4", "11/4"),
    "Llama 2 7B": _llama(32_000, 4_096, 128, 32, EVERY, "43/16"),
    "Llama 3 8B": _llama(128_256, 8_192, 128, 32, "8", "7/2"),
    "Mixtral 8x7B": _llama(32_000, 32_768, 128, 32, "8", "7/2", experts="8"),
}
# As those who published them write it: parameters, and where they differ those that a token goes through.
FIGURES = {
    **{"GPT-2": "124M", "GPT-2 medium": "355M", "GPT-2 large": "774M", "GPT-2 XL": "1558M"},
    **{"TinyLlama 1.1B": "1.1B", "Llama 2 7B": "7B", "Llama 3 8B": "8B", "Mixtral 8x7B": "47B, 13B active"},
}
# What the target asks for: more parameters than the first model holds, and fewer for a token than the second uses.
HOLD_MORE, USE_FEWER = "Mixtral 8x7B", "Llama 3 8B"
STAND_FOR = {"position": "token", "stream": "token", "turn": "split", "gate": "expand", "router": "norm 2"}


def config_of(settings: Mapping[str, Any]) -> GPTConfig:
    """The model that the settings of the controls describe.

    >>> config_of(PUBLISHED["Llama 3 8B"]).ff_width
    14336
    """
    heads = int(settings["heads"])
    width = heads * int(settings["head_width"])
    experts = None if settings["experts"] == NONE else int(settings["experts"])
    return GPTConfig(
        vocab_size=int(settings["vocabulary"]),
        context_length=int(settings["context"]),
        d_model=width,
        n_heads=heads,
        n_layers=settings["layers"],
        qkv_bias=settings["qkv_bias"],
        n_kv_heads=heads if settings["kv_heads"] == EVERY else kv_heads_of(heads, int(settings["kv_heads"])),
        tie_weights=settings["tie_weights"],
        norm=NORMS[settings["norm"]],
        mlp=MLPS[settings["mlp"]],
        d_ff=int(width * INNER[settings["inner"]]),
        bias=settings["bias"],
        positions=settings["positions"],
        n_experts=experts,
        experts_per_token=None if experts is None else int(settings["used"]),
    )


def kv_heads_of(heads: int, most: int) -> int:
    """The largest number of heads of keys and values, at most `most`, that query heads can share equally."""
    return max(number for number in range(1, most + 1) if heads % number == 0)


def compute(state: dict[str, Any]) -> ShapeTrace:
    """The trace of a state of the architecture tracer.

    Args:
        state: all that PUBLISHED names, tokens_read and step; where the model lacks that step (the position table of
            one with rotary positions), the step before it is looked at.
    """
    config = config_of(state)
    share = TOKENS_READ[state["tokens_read"]]
    tokens = config.context_length // share if share else 1
    before, block, after = steps_of(config, BATCH, tokens)
    steps = {one.key: one for one in (*before, *block, *after)}
    step = steps.get(state["step"]) or steps[STAND_FOR[state["step"]]]
    total = sum(one.times * one.parameters for one in steps.values())
    return ShapeTrace(config, BATCH, tokens, before, block, after, step, AXIS, total, False)


@cache
def bounds() -> tuple[int, int]:
    """The parameters that a model of the target holds more than, and those that a token of it uses fewer than.

    >>> bounds()
    (46702792704, 8030261248)
    """
    more, fewer = (
        compute({**PUBLISHED[name], "tokens_read": "one", "step": "norm 1"}) for name in (HOLD_MORE, USE_FEWER)
    )
    return more.total_parameters, fewer.active_parameters


def _all_steps() -> dict[str, str]:
    """The steps of every model here in the order of the pass, and a name for each."""
    plain = list(chain(*steps_of(config_of(PUBLISHED["GPT-2"]), 1, 1)))
    today = {one.key: one for one in chain(*steps_of(config_of(PUBLISHED["Mixtral 8x7B"]), 1, 1))}
    found = []
    for one in plain:
        found.append(one)
        found += [today[new] for new, place in (("turn", "split"), ("router", "norm 2")) if one.key == place]
        if one.key == "norm 2":
            found.append(today["gate"])
    return {one.key: one.name.partition(" (")[0].partition(", ")[0] for one in found}


STEPS = _all_steps()
