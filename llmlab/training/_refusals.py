"""What `train` refuses, before its first step: hours later is too late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from llmlab.gpt import GPT, GPTConfig
from llmlab.training._batches import places_kept
from llmlab.training._checkpoints import require_savable
from llmlab.training.config import TrainConfig
from llmlab.training.loss import IGNORED
from llmlab.utils.arguments import require_kind
from llmlab.windows import SlidingWindowDataset

_ROWS = 1 << 14  # windows that are looked at together


def require_arguments(
    model: GPT,
    train_loader: Iterable[tuple[Tensor, Tensor]],
    config: TrainConfig,
    *,
    validation: Iterable[tuple[Tensor, Tensor]] | None,
    resume_from: str | Path | None,
    tokenizer: object,
    on_evaluation: object,
    n_processes: int,
) -> None:
    """Raise if an argument of `train` cannot be used, as far as can be seen without training."""
    require_kind("model", model, GPT, "a GPT")
    require_kind("config", config, TrainConfig, "a TrainConfig")
    _require_loader("train_loader", train_loader)
    if config.checkpoint is not None:
        require_savable(tokenizer)
    if not isinstance(resume_from, str | Path | None):
        raise TypeError(f"resume_from must be a folder, got {resume_from!r}")
    if on_evaluation is not None and not callable(on_evaluation):
        raise TypeError(f"on_evaluation must be a function of the history, got {type(on_evaluation).__name__}")
    if config.keep_best and validation is None:
        raise ValueError("keep_best=True keeps the weights of the lowest validation loss: give validation=...")
    _require_shares(train_loader, n_processes)
    _require_batches("train_loader", train_loader, model.config)
    if validation is not None:
        _require_loader("validation", validation)
        if isinstance(validation, Iterator):
            raise TypeError(
                "validation is measured on again and again, and an iterator ends: pass a list or DataLoader"
            )
        _require_batches("validation", validation, model.config)
        with places_kept(validation):
            first = next(iter(validation), None)
        if first is None:
            raise ValueError("validation has no batch: use a longer text, a smaller batch_size or drop_last=False")
        require_batch("validation", first, model.config)


def require_batch(name: str, batch: Any, config: GPTConfig) -> None:
    """Raise unless `batch` is (inputs, targets) that such a model can learn from."""
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise TypeError(f"{name} must give pairs (inputs, targets), got {type(batch).__name__}")
    accepted = ("inputs", (torch.int64, torch.int32)), ("targets", (torch.int64,))  # as PyTorch's functions do
    for (part, dtypes), ids in zip(accepted, batch, strict=True):
        if not isinstance(ids, Tensor) or ids.dtype not in dtypes:
            kind = ids.dtype if isinstance(ids, Tensor) else type(ids).__name__
            raise TypeError(f"{part} of {name} must be torch.int64, got {kind}: tensor.long() makes it so")
        if ids.dim() != 2 or ids.shape[1] > config.context_length or not ids.numel():
            raise ValueError(
                f"{part} of {name} must be of shape (B, T) with T at most the context_length {config.context_length}, "
                f"got {tuple(ids.shape)}: make shorter windows, or a model with a longer context"
            )
        _require_ids(f"{part} of {name}", ids, config.vocab_size)
    if batch[0].shape != batch[1].shape:
        raise ValueError(f"{name} gives inputs {tuple(batch[0].shape)} with targets {tuple(batch[1].shape)}")


def counted(targets: Tensor) -> int:
    """How many targets count: all but those that are -100."""
    return int((targets != IGNORED).sum())


def require_counted(name: str, n_counted: int) -> None:
    """Raise if no target counts: there would be nothing to learn, and a mean of nothing."""
    if not n_counted:
        raise ValueError(
            f"every target of a batch of {name} is {IGNORED}, which counts for nothing: are the windows all padding, "
            "or is a mask the wrong way round?"
        )


def _require_ids(name: str, ids: Tensor, vocab_size: int) -> None:
    lowest, highest = (int(end) for end in ids.aminmax())
    if lowest < 0 and name.startswith("targets"):
        kept = ids[ids != IGNORED]
        lowest = int(kept.min()) if kept.numel() else 0
    if lowest < 0 or highest >= vocab_size:
        raise ValueError(
            f"{name}: id {highest if highest >= vocab_size else lowest} is not in the model's vocabulary, whose ids "
            f"reach from 0 to {vocab_size - 1}: is the model's vocab_size that of the tokenizer, len(tokenizer)?"
        )


def _require_loader(name: str, loader: Any) -> None:
    require_kind(name, loader, Iterable, "a DataLoader")
    generator = getattr(loader, "generator", None)  # a list of batches has none
    if not isinstance(generator, torch.Generator | None):
        raise TypeError(
            f"the generator of {name} must be a torch.Generator, got {type(generator).__name__}: "
            "write torch.Generator().manual_seed(0)"
        )
    if generator is not None and generator.device.type != "cpu":
        raise ValueError(f"the generator of {name} must be one of the CPU, where the order is drawn: torch.Generator()")


def _require_shares(loader: Iterable[tuple[Tensor, Tensor]], n_processes: int) -> None:
    """Raise if a batch of the loader, the last one of an epoch included, cannot be shared equally."""
    if not isinstance(loader, DataLoader) or loader.batch_size is None:
        return
    last = 0 if loader.drop_last or not hasattr(loader.dataset, "__len__") else len(loader.dataset) % loader.batch_size
    for size in (loader.batch_size, last):
        require_share(size, n_processes)


def require_share(batch_size: int, n_processes: int) -> None:
    """Raise if processes cannot take equally many rows of a batch."""
    if batch_size % n_processes:
        raise ValueError(
            f"{n_processes} processes cannot share a batch of {batch_size} windows equally: choose a batch_size that "
            f"{n_processes} divides, and drop_last=True"
        )


def _require_batches(name: str, loader: Iterable[tuple[Tensor, Tensor]], config: GPTConfig) -> None:
    """Look at everything that lies in memory: a list of batches, or the windows of one tensor of ids."""
    if isinstance(loader, list | tuple):
        for batch in loader:
            require_batch(name, batch, config)
    dataset = getattr(loader, "dataset", None)
    if isinstance(dataset, SlidingWindowDataset):
        require_batch(name, dataset[:1], config)
        # Where windows overlap, the first ids of each are enough, up to where the next one begins.
        width = max(1, min(dataset.targets.shape[1], dataset.targets.stride(0)))
        for rows in (*dataset.targets[:, :width].split(_ROWS), dataset.targets[-1:]):
            # int64 a part at a time: PyTorch finds no least uint16, and a memory map is not to be copied as a whole.
            _require_ids(f"targets of {name}", rows.long(), config.vocab_size)
