"""The values of the shape tracer: the pass as a list of tensors, with totals and shares of the parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import index
from typing import Any

from llmlab.explorers.host.learner import is_written
from llmlab.explorers.shape_tracer.steps import PARTS, Step, steps_of
from llmlab.gpt import GPTConfig

GPT2_PARAMETERS = 124_439_808  # the smallest of the four GPT-2 models

# All widths are multiples of all numbers of heads, so that every state is a model.
VOCABULARIES = ("65", "256", "1000", "5000", "20000", "50257", "100277")
CONTEXTS = ("16", "32", "64", "128", "256", "512", "1024", "2048", "4096", "8192", "16384")
WIDTHS = ("48", "96", "144", "192", "288", "384", "576", "768", "960", "1152", "1536")
HEADS = ("1", "2", "3", "4", "6", "8", "12", "16")
TOKENS_READ = {"all": 1, "half": 2, "a quarter": 4, "one": 0}  # the context is divided by this; 0: a single token

CountFunction = Callable[[int, int, int, int, bool, bool], int]


@dataclass(frozen=True)
class ShapeTrace:
    """A forward pass, tensor by tensor.

    Attributes:
        config: the sizes of the model.
        batch: B.
        tokens: T, how many tokens each sequence holds.
        before, block, after: the steps before the blocks, of each block, and after them.
        counted: the number of parameters that the learner's function gives; without one, the sum of the steps.
        own_function: whether `counted` is the learner's.
    """

    config: GPTConfig
    batch: int
    tokens: int
    before: tuple[Step, ...]
    block: tuple[Step, ...]
    after: tuple[Step, ...]
    counted: int
    own_function: bool

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, those of a block once."""
        return self.before + self.block + self.after

    @property
    def parameters(self) -> dict[str, int]:
        """Trained numbers of each part, over all blocks."""
        return {part: sum(s.times * s.parameters for s in self.steps if s.part == part) for part in PARTS}

    @property
    def flops(self) -> dict[str, int]:
        """Operations of each part in one forward pass, over all blocks."""
        return {part: sum(s.times * s.flops for s in self.steps if s.part == part) for part in PARTS}

    @property
    def total_parameters(self) -> int:
        return sum(self.parameters.values())

    @property
    def total_flops(self) -> int:
        return sum(self.flops.values())


def compute(state: dict[str, Any], count: CountFunction | None = None) -> ShapeTrace:
    """The trace of a state of the shape tracer.

    Args:
        state: vocabulary, context, width, heads, layers, batch, tokens_read, tie_weights and qkv_bias.
        count: the learner's `count(vocab_size, context_length, d_model, n_layers, qkv_bias, tie_weights)`; None, or a
            function that is not written yet (it returns None or ...), lets the sum of the steps stand in.

    Raises:
        TypeError: the function returned something other than a whole number.
        Exception: whatever the function raises.
    """
    config = GPTConfig(
        vocab_size=int(state["vocabulary"]),
        context_length=int(state["context"]),
        d_model=int(state["width"]),
        n_heads=int(state["heads"]),
        n_layers=state["layers"],
        qkv_bias=state["qkv_bias"],
        tie_weights=state["tie_weights"],
    )
    share = TOKENS_READ[state["tokens_read"]]
    tokens = config.context_length // share if share else 1
    before, block, after = steps_of(config, state["batch"], tokens)
    own = ShapeTrace(config, state["batch"], tokens, before, block, after, 0, False)
    counted = None if count is None else count(*_arguments(config))
    own_function = is_written(counted)
    if not own_function:
        counted = own.total_parameters
    return ShapeTrace(config, state["batch"], tokens, before, block, after, _whole(counted), own_function)


def _whole(counted: Any) -> int:
    """A count as a plain int, also from NumPy or a tensor."""
    try:
        if not isinstance(counted, bool):
            return index(counted)
    except TypeError:
        pass
    raise TypeError(f"a count of parameters must be an int, got {counted!r} ({type(counted).__name__})")


def _arguments(config: GPTConfig) -> tuple[int, int, int, int, bool, bool]:
    """What a learner's count function is called with."""
    sizes = (config.vocab_size, config.context_length, config.d_model, config.n_layers)
    return (*sizes, config.qkv_bias, config.tie_weights)


GPT2_PARTS = compute(
    {
        "vocabulary": "50257",
        "context": "1024",
        "width": "768",
        "heads": "12",
        "layers": 12,
        "batch": 1,
        "tokens_read": "all",
        "tie_weights": True,
        "qkv_bias": True,
    }
).parameters
