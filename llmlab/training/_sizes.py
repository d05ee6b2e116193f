"""How large a model to train on a text, where nobody says; and on how many threads."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from llmlab.gpt import GPTConfig, count_parameters
from llmlab.training._order import Order
from llmlab.training._saying import several

FEWEST_WINDOW = 8  # tokens: a model that sees less at a time learns little more than frequencies
_BYTES_A_PARAMETER = 16  # in float32: weight, gradient, and the two averages of AdamW
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


def require_memory(config: GPTConfig) -> None:
    """Raise if the machine, where it says how much memory it has, cannot hold such a model while it is trained."""
    needed = count_parameters(config).total * _BYTES_A_PARAMETER
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows does not say
        return
    if needed > memory > 0:
        raise ValueError(
            f"the model is too large: its weights, gradients and averages need {needed / 1e9:,.1f} GB, and this "
            f"machine has {memory / 1e9:,.1f} GB. Use a smaller --d-model, fewer --n-layers or a smaller --vocab-size"
        )


def fitting_sizes(order: Order, sizes: Sizes, n_ids: int, n_measured: int) -> Sizes:
    """Sizes with which there is a window to measure on and a batch to learn from."""
    longest = min(n_measured, n_ids) - 1
    if order.context_length is None and not order.resume:
        sizes = replace(sizes, context_length=min(sizes.context_length, max(longest, FEWEST_WINDOW)))
    T = sizes.context_length
    if T > longest:
        fewer = "" if order.resume else "a smaller --vocab-size, which makes more tokens of the text, "
        raise ValueError(
            f"the text is too short: {several(n_ids, 'token')} to learn from and {n_measured} to measure on, where "
            f"windows of {several(T, 'token')} need {T + 1} of each. Use a longer text, 1,000 characters at least, "
            f"{fewer}or a smaller --context-length"
        )
    n_windows = (n_ids - 1) // T
    if order.batch_size is None:
        sizes = replace(sizes, batch_size=min(sizes.batch_size, n_windows))
    if sizes.batch_size > n_windows:
        raise ValueError(
            f"the text is too short: {several(n_windows, 'window')} of {several(T, 'token')}, and a batch has "
            f"{sizes.batch_size}. Use a longer text, a smaller --batch-size or a smaller --context-length"
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
