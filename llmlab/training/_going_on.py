"""How a command goes on with a run: what that was started with holds, unless it is given again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from llmlab.gpt import GPTConfig
from llmlab.training._files import read_config
from llmlab.training._order import Order
from llmlab.training._sizes import Sizes
from llmlab.training.config import History, TrainConfig


@dataclass(frozen=True)
class OrderedConfig(TrainConfig):
    """How to train, with what else was ordered or chosen: `train` keeps all of it in the checkpoint.

    Args:
        batch_size: windows in each step.
        vocab_size: as it was ordered; a short text has fewer tokens.
        seed: of the first weights and the order of the windows.
        sentences: of the toy world.
        measured: a digest of the ids that the validation loss is measured on.
    """

    batch_size: int = 1
    vocab_size: int = 257
    seed: int = 0
    sentences: int = 0
    measured: str = ""


def with_kept(order: Order, state: dict[str, Any]) -> Order:
    """The order, filled up with what the run was started with (a run of an older llmlab kept nothing of it).

    Raises:
        ValueError: it asks for another seed or vocabulary, which cannot change any more.
    """
    kept = state.get("settings", {})
    n_tokens = read_config(order.out)["model"].get("vocab_size")
    _require_same(order, "seed", kept.get("seed", order.seed))
    if order.vocab_size != n_tokens:
        _require_same(order, "vocab_size", kept.get("vocab_size", n_tokens))
    names = ("seed", "sentences", "batch_size", "learning_rate")
    missing = {name: kept[name] for name in names if getattr(order, name) is None and name in kept}
    return replace(order, **missing)


def sizes_of_checkpoint(order: Order, sizes: Sizes, config: GPTConfig, state: dict[str, Any]) -> Sizes:
    """The sizes of the model that is there; the steps ordered, else those that it was to have.

    Raises:
        ValueError: the order names other sizes, or fewer steps than were made.
    """
    shape = {name: getattr(config, name) for name in ("context_length", "d_model", "n_heads", "n_layers")}
    for name, value in shape.items():
        _require_same(order, name, value)
    done, steps = len(state["history"]["loss"]), state["steps"] if order.steps is None else order.steps
    if done > steps:
        raise ValueError(
            f"{order.out} has {done} steps behind it, and this run shall have {steps} in all: ask for more, --steps "
            f"{2 * done} for example"
        )
    vocab_size = state.get("settings", {}).get("vocab_size", config.vocab_size)
    return replace(sizes, **shape, vocab_size=vocab_size, steps=steps)


def history_of(state: dict[str, Any]) -> History:
    """What a run that is kept in a checkpoint has recorded; it is no longer interrupted."""
    return History(**state["history"] | {"interrupted": False})


def _require_same(order: Order, name: str, value: object) -> None:
    if getattr(order, name) not in (None, value):
        raise ValueError(
            f"the model in {order.out} has {name} {value}, not {getattr(order, name)}: leave out "
            f"--{name.replace('_', '-')}"
        )
