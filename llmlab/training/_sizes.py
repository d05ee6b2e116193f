"""How large a model to train on a text, where nobody says; and on how many threads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from llmlab.gpt import GPTConfig
from llmlab.training._checkpoints import load_training
from llmlab.training._order import Order

FEWEST_WINDOW = 8  # tokens: a model that sees less at a time learns little more than frequencies
ONE_THREAD_UP_TO = 128  # d_model: such narrow models are trained by one thread about as fast as by two, or faster


@dataclass(frozen=True)
class Sizes:
    """What is trained, and for how long."""

    vocab_size: int = 512
    context_length: int = 64
    d_model: int = 128
    n_heads: int = 4
    n_layers: int = 4
    batch_size: int = 16
    steps: int = 500
    learning_rate: float = 1e-3


def sizes_for(n_bytes: int) -> Sizes:
    """For a text of so many bytes of UTF-8: what two cores train in about a minute, or sooner where little is to learn.

    A vocabulary grows with its text, as each merge should have been seen some dozens of times. A narrow model takes a
    higher learning rate.

    >>> sizes_for(20_000).d_model, sizes_for(10_000_000).d_model
    (64, 128)
    """
    vocab_size = max(300, min(2_048, 256 + n_bytes // 100))
    if n_bytes < 50_000:
        return Sizes(vocab_size, 32, 64, n_layers=2, steps=300, learning_rate=4e-3)
    if n_bytes < 500_000:
        return Sizes(vocab_size, 64, 96, n_layers=3, steps=500, learning_rate=3e-3)
    return Sizes(vocab_size, 64, 128, n_layers=4, steps=500, learning_rate=2e-3)


def chosen_sizes(order: Order, n_bytes: int) -> Sizes:
    """The sizes ordered, and for the others those that suit the text."""
    chosen = sizes_for(n_bytes)
    return replace(chosen, **{name: value for name in vars(chosen) if (value := getattr(order, name)) is not None})


def sizes_of_checkpoint(order: Order, sizes: Sizes, config: GPTConfig) -> Sizes:
    """The sizes of the model that is there; the steps ordered, else those that it was to have."""
    shape = {name: getattr(config, name) for name in ("context_length", "d_model", "n_heads", "n_layers")}
    for name, value in shape.items():
        if getattr(order, name) not in (None, value):
            raise ValueError(
                f"the model in {order.out} has {name} {value}, not {getattr(order, name)}: leave out "
                f"--{name.replace('_', '-')}"
            )
    planned = load_training(order.out).get("steps", sizes.steps)
    return replace(sizes, **shape, steps=planned if order.steps is None else order.steps)


def fitting_sizes(order: Order, sizes: Sizes, n_ids: int, n_measured: int) -> Sizes:
    """Sizes with which there is a window to measure on and a batch to learn from."""
    longest = min(n_measured, n_ids) - 1
    if order.context_length is None and not order.resume:
        sizes = replace(sizes, context_length=min(sizes.context_length, max(longest, FEWEST_WINDOW)))
    T = sizes.context_length
    if T > longest:
        raise ValueError(
            f"the text is too short: {n_ids} tokens to learn from and {n_measured} to measure on, where windows of "
            f"{T} tokens need {T + 1} of each. Use a longer text, 1,000 characters at least, or a smaller "
            "--context-length"
        )
    n_windows = (n_ids - 1) // T
    if order.batch_size is None:
        sizes = replace(sizes, batch_size=min(sizes.batch_size, n_windows))
    if sizes.batch_size > n_windows:
        raise ValueError(
            f"the text is too short: {n_windows} windows of {T} tokens, and a batch has {sizes.batch_size}. Use a "
            "longer text, a smaller --batch-size or a smaller --context-length"
        )
    return sizes


@contextlib.contextmanager
def best_threads(d_model: int, device: torch.device) -> Iterator[int]:
    """One thread for a small model on the CPU, otherwise as many as PyTorch takes; put back afterwards."""
    before = torch.get_num_threads()
    if device.type == "cpu" and d_model <= ONE_THREAD_UP_TO:
        torch.set_num_threads(1)
    try:
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before)
