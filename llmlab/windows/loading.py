"""The data set of windows, a view on one tensor of ids, and the loader that gathers its batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from llmlab.bpe import gpt2_encoding
from llmlab.utils.arguments import as_count
from llmlab.windows._encoding import Encoder
from llmlab.windows._rows import as_row
from llmlab.windows.packing import SEPARATOR

_SIGNED = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}


class SlidingWindowDataset(Dataset):
    """Windows of `max_length` token ids, one every `stride` ids, each with its targets.

    Item `i` is a pair of int64 tensors of shape (T,), where T is `max_length`:
    the input `ids[i * stride : i * stride + T]` and the target, the same slice one id later.
    A list or slice of indices fetches a whole batch, two tensors of shape (B, T), in one step.

    A million windows take the memory of a million ids: all are views on one row. An array or a tensor is not copied,
    whatever its integers are: a file of uint16 ids that `numpy.memmap` opens, for reading alone, stays a file, and what
    is fetched from it becomes int64 on the way.

    Args:
        token_ids: the ids, a sequence of int, a 1-D integer array or a 1-D integer tensor.
        max_length: the context length T, at least 1.
        stride: how many ids the window moves from one item to the next, at least 1.

    Attributes:
        inputs, targets: all windows, (windows, T), as views on the row that was given and of its dtype: for reading.

    Raises:
        TypeError: the ids are not integers in one row, or a size is not an int.
        ValueError: a size is below 1, there are fewer than `max_length + 1` ids, or an id is too large for int64.

    >>> windows = SlidingWindowDataset([10, 11, 12, 13, 14, 15, 16], max_length=4, stride=2)
    >>> len(windows)
    2
    >>> windows[1]
    (tensor([12, 13, 14, 15]), tensor([13, 14, 15, 16]))
    >>> windows[[1, 0]][0].shape
    torch.Size([2, 4])
    """

    def __init__(self, token_ids: Sequence[int] | Tensor, max_length: int, stride: int) -> None:
        max_length, stride = as_count("max_length", max_length), as_count("stride", stride)
        ids = as_row(token_ids)
        if len(ids) <= max_length:
            raise ValueError(
                f"one window of max_length={max_length} needs at least {max_length + 1} token ids "
                f"(the last one is only a target), got {len(ids)}: use a longer text or a smaller max_length"
            )
        stride = min(stride, len(ids))  # a longer one gives the same single window, but PyTorch takes 64 bits at most
        self.inputs = ids[:-1].unfold(0, max_length, stride)  # (windows, T), no copy
        self.targets = ids[1:].unfold(0, max_length, stride)  # (windows, T), no copy
        self._copies = isinstance(token_ids, np.ndarray) and not token_ids.flags.writeable

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int | slice | Sequence[int]) -> tuple[Tensor, Tensor]:
        # What may not be written to is never handed out itself: writing to a file opened for reading ends the process.
        return self._taken(self.inputs, index), self._taken(self.targets, index)

    def _taken(self, rows: Tensor, index: int | slice | Sequence[int]) -> Tensor:
        # Older PyTorch takes no list of rows of unsigned integers, but the same bits as signed ones.
        bits = rows.view(_SIGNED.get(rows.dtype, rows.dtype))
        return bits[index].view(rows.dtype).to(torch.int64, copy=self._copies)


class _BatchFetching(SlidingWindowDataset):
    """Lets DataLoader take a batch in one gather instead of stacking B items.

    Kept apart from the public class because DataLoader's own collate function would take the two (B, T) tensors
    for two samples; this class and `_as_is` belong together.
    """

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        rows = torch.tensor(indices)  # once for both, and gathered row by row: half the time of self[indices]
        return self.inputs.index_select(0, rows).to(torch.int64), self.targets.index_select(0, rows).to(torch.int64)


def _as_is(batch: object) -> object:
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
    allowed_special: Iterable[str] | str = (SEPARATOR,),
) -> DataLoader:
    """Tokenize `text` and return a DataLoader of (inputs, targets) pairs, int64 tensors of shape (B, T).

    Args:
        text: the training text. A special token in it becomes its one id and stays in the stream, if it is allowed.
        batch_size: windows in a batch, B.
        max_length: context length T.
        stride: ids from one window to the next; `stride == max_length` uses each target once.
        shuffle: draw the windows in a new random order each epoch.
        drop_last: leave out a last batch of fewer than `batch_size` windows.
        num_workers: processes that fetch batches; 0 fetches in this one, which is fastest for a text in memory.
        tokenizer: anything with `encode(text)` that gives ids, or an object that has them as `.ids`, such as a
            `tokenizers.Tokenizer`; None means GPT-2's, `llmlab.bpe.gpt2_encoding()`. It adds no tokens by itself.
        generator: source of the shuffled order; None draws from PyTorch's global one.
        allowed_special: names of special tokens, or "all". A tokenizer that asks for permission has it for these; any
            other tokenizer finds its own special tokens as always.

    Raises:
        TypeError: `text` is not a str, a size is not an int, `shuffle` not a bool, `generator` not a torch.Generator,
            the tokenizer has no `encode`, or `allowed_special` is a single name.
        ValueError: too little text for one window, no full batch with `drop_last`, or a size out of range; the text
            contains a special token that is not allowed, or an allowed one that the tokenizer would split.

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
    batch_size, num_workers = as_count("batch_size", batch_size), as_count("num_workers", num_workers, least=0)
    if not isinstance(shuffle, bool):
        raise TypeError(f"shuffle must be True or False, got {shuffle!r}")
    if generator is not None and not isinstance(generator, torch.Generator):
        raise TypeError(
            f"generator must be a torch.Generator or None, got {generator!r}: "
            "for a seed, pass torch.Generator().manual_seed(seed)"
        )
    encode = Encoder(gpt2_encoding() if tokenizer is None else tokenizer, allowed_special)
    dataset = _BatchFetching(encode(text), max_length, stride)
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
