"""Sliding windows: from one long row of token ids to batches of inputs and targets (lesson 03).

A language model learns to predict the next token. Its training examples are windows over the token ids: the input is
`T` ids in a row, the target is the same row shifted by one. This module holds the data set of such windows, the loader
that batches them, and the arithmetic that says beforehand how many windows and batches there will be.

It does not tokenize beyond calling a tokenizer's `encode`, and it does not pad: a window is always full.

The method is the one of Raschka, "Build a Large Language Model (From Scratch)", chapter 2, kept as a view on a single
tensor rather than as a list of small ones.
"""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from llmlab._checks import require_count
from llmlab.bpe import gpt2_encoding

SEPARATOR = "<|endoftext|>"


class SlidingWindowDataset(Dataset):
    """Windows of `max_length` token ids, one every `stride` ids, each with its targets.

    Item `i` is a pair of int64 tensors of shape (T,), where T is `max_length`:
    the input `ids[i * stride : i * stride + T]` and the target, the same slice one id later.
    A list or slice of indices fetches a whole batch, two tensors of shape (B, T), in one step.

    Both are views on one tensor of ids: a million windows take the memory of a million ids.

    Args:
        token_ids: the ids, a sequence of int, a 1-D integer array or a 1-D integer tensor.
        max_length: the context length T, at least 1.
        stride: how many ids the window moves from one item to the next, at least 1.

    Raises:
        TypeError: the ids are not integers in one row, or a size is not an int.
        ValueError: a size is below 1, or there are fewer than `max_length + 1` ids.

    >>> windows = SlidingWindowDataset([10, 11, 12, 13, 14, 15, 16], max_length=4, stride=2)
    >>> len(windows)
    2
    >>> windows[1]
    (tensor([12, 13, 14, 15]), tensor([13, 14, 15, 16]))
    >>> windows[[1, 0]][0].shape
    torch.Size([2, 4])
    """

    def __init__(self, token_ids: Sequence[int] | Tensor, max_length: int, stride: int) -> None:
        require_count("max_length", max_length)
        require_count("stride", stride)
        ids = _as_ids(token_ids)
        if len(ids) <= max_length:
            raise ValueError(
                f"one window of max_length={max_length} needs at least {max_length + 1} token ids "
                f"(the last one is only a target), got {len(ids)}: use a longer text or a smaller max_length"
            )
        stride = min(stride, len(ids))  # a longer one gives the same single window, but PyTorch takes 64 bits at most
        self.inputs = ids[:-1].unfold(0, max_length, stride)  # (windows, T), no copy
        self.targets = ids[1:].unfold(0, max_length, stride)  # (windows, T), no copy

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int | slice | Sequence[int]) -> tuple[Tensor, Tensor]:
        return self.inputs[index], self.targets[index]


class _BatchFetching(SlidingWindowDataset):
    """Lets DataLoader take a batch in one gather instead of stacking B items.

    Kept apart from the public class because DataLoader's own collate function would take the two (B, T) tensors
    for two samples; this class and `_as_is` belong together.
    """

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        rows = torch.tensor(indices)  # once for both, and gathered row by row: half the time of self[indices]
        return self.inputs.index_select(0, rows), self.targets.index_select(0, rows)


def _as_is(batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    return batch


def create_dataloader(
    text: str,
    batch_size: int = 4,
    max_length: int = 256,
    stride: int = 128,
    shuffle: bool = True,
    drop_last: bool = True,
    num_workers: int = 0,
    tokenizer: Any = None,
    generator: torch.Generator | None = None,
) -> DataLoader:
    """Tokenize `text` and return a DataLoader of (inputs, targets) pairs, int64 tensors of shape (B, T).

    Args:
        text: the training text. `<|endoftext|>` in it becomes its one id and stays in the stream.
        batch_size: windows in a batch, B.
        max_length: context length T.
        stride: ids from one window to the next; `stride == max_length` uses each target once.
        shuffle: draw the windows in a new random order each epoch.
        drop_last: leave out a last batch of fewer than `batch_size` windows.
        num_workers: processes that fetch batches; 0 fetches in this one, which is fastest for a text in memory.
        tokenizer: anything with `encode(text)`; None means GPT-2's, `llmlab.bpe.gpt2_encoding()`.
        generator: source of the shuffled order; None draws from PyTorch's global one.

    Raises:
        TypeError: `text` is not a str, a size is not an int, `shuffle` not a bool, `generator` not a torch.Generator,
            or the tokenizer has no `encode`.
        ValueError: too little text for one window, no full batch with `drop_last`, or a size out of range.

    >>> text = "In the beginning was the word."
    >>> loader = create_dataloader(text, batch_size=2, max_length=3, stride=3, shuffle=False)
    >>> inputs, targets = next(iter(loader))
    >>> inputs
    tensor([[ 818,  262, 3726],
            [ 373,  262, 1573]])
    >>> targets
    tensor([[ 262, 3726,  373],
            [ 262, 1573,   13]])
    """
    if not isinstance(text, str):
        raise TypeError(
            f"text must be a str, got {type(text).__name__}: for ids that you already have, use SlidingWindowDataset"
        )
    require_count("batch_size", batch_size)
    require_count("num_workers", num_workers, least=0)
    if not isinstance(shuffle, bool):
        raise TypeError(f"shuffle must be True or False, got {shuffle!r}")
    if generator is not None and not isinstance(generator, torch.Generator):
        raise TypeError(
            f"generator must be a torch.Generator or None, got {generator!r}: "
            "for a seed, pass torch.Generator().manual_seed(seed)"
        )
    ids = _encode(gpt2_encoding() if tokenizer is None else tokenizer, text, SEPARATOR)
    dataset = _BatchFetching(ids, max_length, stride)
    if drop_last and len(dataset) < batch_size:
        raise ValueError(
            f"drop_last=True leaves no batch: windows in the text {len(dataset)}, windows in a batch {batch_size}: "
            "use a longer text, a smaller batch_size or stride, or drop_last=False"
        )
    return DataLoader(
        dataset,
        batch_size=batch_size,
        shuffle=shuffle,
        drop_last=drop_last,
        num_workers=num_workers,
        generator=generator,
        collate_fn=_as_is,
    )


@dataclass(frozen=True)
class WindowStatistics:
    """What a loader will hold, all counted after `drop_last`.

    Attributes:
        windows: windows that reach a batch.
        batches: batches an epoch.
        tokens_trained: tokens that are a target at least once.
        tokens_never_trained: tokens that could be a target (all but the first) and never are.
        repeats_per_target: how often a trained token is a target, on average; 0.0 when none is.
        dropped_windows: windows left out with the last, unfilled batch.
    """

    windows: int
    batches: int
    tokens_trained: int
    tokens_never_trained: int
    repeats_per_target: float
    dropped_windows: int


def window_statistics(
    n_tokens: int, max_length: int, stride: int, batch_size: int = 1, drop_last: bool = True
) -> WindowStatistics:
    """Count windows, batches and trained tokens without building any of them.

    Counted for the unshuffled order; with shuffling the number of dropped windows is the same, but which ones they are
    changes from epoch to epoch. A text too short for one window counts as zero windows.

    Raises:
        TypeError: a size is not an int.
        ValueError: `n_tokens` is negative or another size is below 1.

    >>> window_statistics(1000, max_length=4, stride=4).tokens_trained
    996
    >>> window_statistics(1000, max_length=4, stride=5).tokens_trained
    800
    """
    if hasattr(n_tokens, "__len__"):  # the text, or its ids
        raise TypeError(f"n_tokens must be an int, got {reprlib.repr(n_tokens)}: for a list of ids, pass len(ids)")
    require_count("n_tokens", n_tokens, least=0)
    for name, value in (("max_length", max_length), ("stride", stride), ("batch_size", batch_size)):
        require_count(name, value)

    all_windows = max(0, (n_tokens - 1 - max_length) // stride + 1)
    windows = all_windows // batch_size * batch_size if drop_last else all_windows
    batches = -(-windows // batch_size)  # rounded up
    # Each window but the last adds min(stride, max_length) targets that no later window covers.
    trained = (windows - 1) * min(stride, max_length) + max_length if windows else 0
    return WindowStatistics(
        windows=windows,
        batches=batches,
        tokens_trained=trained,
        tokens_never_trained=max(0, n_tokens - 1) - trained,
        repeats_per_target=windows * max_length / trained if trained else 0.0,
        dropped_windows=all_windows - windows,
    )


def pack(documents: Iterable[str], tokenizer: Any, separator: str = SEPARATOR) -> list[int]:
    """Encode documents one by one and join them with the separator's one id, so that windows run full across them.

    Raises:
        TypeError: `documents` is a single str, an element or the separator is not a str, or the tokenizer has no
            `encode`.
        ValueError: the tokenizer does not know `separator` as one token, or a document contains it.

    >>> pack(["one", "two"], gpt2_encoding())
    [505, 50256, 11545]
    """
    if isinstance(documents, str):
        raise TypeError("documents must be an iterable of str, got one str: write [text] for a single document")
    if not isinstance(documents, Iterable):
        raise TypeError(f"documents must be an iterable of str, got {type(documents).__name__}")
    if not isinstance(separator, str):
        raise TypeError(f"separator must be a str, got {separator!r}: give the name of the token, not its id")
    separator_ids = _encode(tokenizer, separator, separator)
    if len(separator_ids) != 1:
        raise ValueError(
            f"the separator {separator!r} must be one token, this tokenizer makes {len(separator_ids)} of it: "
            "give the tokenizer that special token, or name one that it has"
        )
    ids: list[int] = []
    for number, document in enumerate(documents):
        if not isinstance(document, str):
            raise TypeError(f"document {number} must be a str, got {type(document).__name__}")
        if separator in document:
            raise ValueError(f"document {number} contains the separator {separator!r}: split it there first")
        if number:
            ids += separator_ids
        ids += tokenizer.encode(document)
    return ids


def _encode(tokenizer: Any, text: str, special_token: str) -> list[int]:
    """Encode with `special_token` allowed, for tokenizers that must be told (tiktoken's) and those that need not."""
    if isinstance(tokenizer, str | type) or not callable(getattr(tokenizer, "encode", None)):
        given = tokenizer if isinstance(tokenizer, str | type) else type(tokenizer)
        raise TypeError(
            f"tokenizer must be an object with an encode(text) method, got {given!r}: "
            "pass one such as llmlab.bpe.gpt2_encoding()"
        )
    if "allowed_special" in inspect.signature(tokenizer.encode).parameters:
        return tokenizer.encode(text, allowed_special={special_token})
    return tokenizer.encode(text)


def _as_ids(token_ids: Sequence[int] | Tensor) -> Tensor:
    try:
        ids = torch.as_tensor(token_ids)
    except (TypeError, ValueError, RuntimeError) as error:  # a str, ragged rows, mixed types ...
        raise TypeError(f"token ids must be integers in one row, got {type(token_ids).__name__}: {error}") from error
    if ids.numel() and (ids.is_floating_point() or ids.is_complex() or ids.dtype == torch.bool):
        raise TypeError(f"token ids must be integers, got {ids.dtype}: encode the text first")
    if ids.dim() != 1:
        raise TypeError(f"token ids must be one row, shape (n_tokens,), got shape {tuple(ids.shape)}")
    return ids.to(torch.int64)
