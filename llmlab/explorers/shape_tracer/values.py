"""The values of the shape tracer: the pass as a list of tensors, with totals and shares of the parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from operator import index
from typing import Any

from llmlab.explorers.host.learner import is_written
from llmlab.explorers.shape_tracer.steps import PARTS, Step, steps_of
from llmlab.gpt import GPTConfig

# All widths are multiples of all numbers of heads, so that every state is a model.
VOCABULARIES = ("65", "256", "1000", "5000", "20000", "50257", "100277")
CONTEXTS = ("16", "32", "64", "128", "256", "512", "1024", "2048", "4096", "8192", "16384")
WIDTHS = ("48", "96", "144", "192", "288", "384", "576", "768", "960", "1152", "1536")
HEADS = ("1", "2", "3", "4", "6", "8", "12", "16")
TOKENS_READ = {"one": 0, "a quarter": 4, "half": 2, "all": 1}  # the context is divided by this; 0: a single token
AXIS = (1, 10)  # powers of ten: all that any state holds or costs lies between 10 and 10 G

# A published model is settings of the controls: the smallest of the four GPT-2 models.
GPT2 = {
    "vocabulary": "50257",
    "context": "1024",
    "width": "768",
    "heads": "12",
    "layers": 12,
    "tie_weights": True,
    "qkv_bias": True,
}

CountFunction = Callable[[int, int, int, int, bool, bool], int]


@dataclass(frozen=True)
class ShapeTrace:
    """A forward pass, tensor by tensor.

    Attributes:
        config: the sizes of the model.
        batch: B.
        tokens: T, how many tokens each sequence holds.
        before, block, after: the steps before the blocks, of each block, and after them.
        step: the one that is looked at.
        axis: the powers of ten at its ends.
        counted: the number of parameters that the learner's function gives; without one, the sum of the steps.
        own_function: whether `counted` is the learner's.
    """

    config: GPTConfig
    batch: int
    tokens: int
    before: tuple[Step, ...]
    block: tuple[Step, ...]
    after: tuple[Step, ...]
    step: Step
    axis: tuple[int, int]
    counted: int
    own_function: bool

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, those of a block once."""
        return self.before + self.block + self.after

    @property
    def parameters(self) -> dict[str, int]:
        """Trained numbers of each part, over all blocks."""
        return parameters_of(self.steps)

    @property
    def flops(self) -> dict[str, int]:
        """Operations of each part in one forward pass, over all blocks."""
        return {part: sum(s.times * s.flops for s in self.steps if s.part == part) for part in PARTS}

    @property
    def flops_per_token(self) -> dict[str, int]:
        """The same for one token of the pass."""
        return {part: flops // (self.batch * self.tokens) for part, flops in self.flops.items()}

    @property
    def total_parameters(self) -> int:
        return sum(self.parameters.values())

    @property
    def active_parameters(self) -> int:
        """Those that one token goes through: all, unless there are experts."""
        return self.total_parameters - sum(step.times * step.resting for step in self.steps)

    @property
    def total_flops(self) -> int:
        return sum(self.flops.values())


def parameters_of(steps: Iterable[Step]) -> dict[str, int]:
    """Trained numbers of each part, over all blocks."""
    steps = tuple(steps)
    return {part: sum(s.times * s.parameters for s in steps if s.part == part) for part in PARTS}


def config_of(settings: Mapping[str, Any]) -> GPTConfig:
    """The sizes of a model, from the settings of its controls."""
    return GPTConfig(
        vocab_size=int(settings["vocabulary"]),
        context_length=int(settings["context"]),
        d_model=int(settings["width"]),
        n_heads=int(settings["heads"]),
        n_layers=settings["layers"],
        qkv_bias=settings["qkv_bias"],
        tie_weights=settings["tie_weights"],
    )


def compute(state: dict[str, Any], count: CountFunction | None = None) -> ShapeTrace:
    """The trace of a state of the shape tracer.

    Args:
        state: vocabulary, context, width, heads, layers, batch, tokens_read, tie_weights, qkv_bias and step.
        count: the learner's `count(vocab_size, context_length, d_model, n_layers, qkv_bias, tie_weights)`; None, or a
            function that is not written yet (it returns None or ...), lets the sum of the steps stand in.

    Raises:
        TypeError: the function returned something other than a whole number.
        Exception: whatever the function raises.
    """
    config = config_of(state)
    share = TOKENS_READ[state["tokens_read"]]
    tokens = config.context_length // share if share else 1
    before, block, after = steps_of(config, state["batch"], tokens)
    step = next(one for one in (*before, *block, *after) if one.key == state["step"])
    counted = None if count is None else count(*_arguments(config))
    own_function = is_written(counted)
    if not own_function:
        counted = sum(parameters_of((*before, *block, *after)).values())
    return ShapeTrace(config, state["batch"], tokens, before, block, after, step, AXIS, _whole(counted), own_function)


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


_GPT2_STEPS = tuple(chain(*steps_of(config_of(GPT2), 1, 1)))
STEPS = {step.key: step.name.partition(" (")[0] for step in _GPT2_STEPS}  # the same in every model
GPT2_PARTS = parameters_of(_GPT2_STEPS)
GPT2_PARAMETERS = sum(GPT2_PARTS.values())
