"""The loss on every position, of one batch and of a whole loader."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from llmlab.utils.arguments import require_kind
from llmlab.utils.modules import evaluation_mode

IGNORED = -100  # a target that counts for nothing: PyTorch's own default


def next_token_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of logits (B, T, V) and target ids (B, T), averaged over every position of every window.

    The targets are already shifted by one (`llmlab.windows`); nothing is shifted here. Positions whose target is -100
    are left out, which is how padding is ignored.

    Raises:
        TypeError: logits that are not a float tensor, or targets that are not integers of 64 bits.
        ValueError: the shapes do not fit together.
        IndexError: a target outside the vocabulary.

    >>> next_token_loss(torch.zeros(2, 3, 7), torch.zeros(2, 3, dtype=torch.int64))  # no preference: ln 7
    tensor(1.9459)
    """
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        raise TypeError(f"logits must be a float tensor, got {_kind(logits)}")
    if not isinstance(targets, Tensor) or targets.is_floating_point() or targets.dtype == torch.bool:
        raise TypeError(f"targets must be a tensor of integers, got {_kind(targets)}")
    if targets.dtype not in (torch.int64, torch.uint8):  # as in PyTorch's function
        raise TypeError(f"targets must be torch.int64, got {targets.dtype}: write targets.long()")
    if logits.dim() < 2 or logits.shape[:-1] != targets.shape:
        raise ValueError(
            f"logits (B, T, V) and targets (B, T) expected, got {tuple(logits.shape)} and {tuple(targets.shape)}"
        )
    try:
        return F.cross_entropy(logits.flatten(0, -2), targets.flatten())
    except IndexError as error:  # "Target 9 is out of bounds."
        raise IndexError(f"{error} The logits are of {logits.shape[-1]} tokens, with ids from 0") from None


@torch.no_grad()
def evaluate(model: nn.Module, loader: Iterable[tuple[Tensor, Tensor]]) -> float:
    """The mean loss over all windows of `loader`, in nats per token, in evaluation mode.

    Each part of the model is put back into its own mode afterwards. Positions whose target is -100 are left out.

    Raises:
        TypeError: the model or the loader is something else.
        ValueError: there is nothing to measure on.
    """
    require_kind("model", model, nn.Module, "a GPT")
    require_kind("loader", loader, Iterable, "a DataLoader")
    device = next(model.parameters()).device
    total, count, n_batches = 0.0, 0, 0
    with evaluation_mode(model):
        for inputs, targets in loader:
            require_kind("inputs", inputs, Tensor, "a tensor of ids")
            require_kind("targets", targets, Tensor, "a tensor of ids")
            n_counted = int((targets != IGNORED).sum())
            if n_counted:
                total += next_token_loss(model(inputs.to(device)), targets.to(device)).item() * n_counted
            count += n_counted
            n_batches += 1
    if n_batches and not count:
        raise ValueError(f"every target is {IGNORED}, which counts for nothing: is a mask the wrong way round?")
    if not count:
        raise ValueError("the loader has no batch to evaluate on: use a longer text or a smaller batch_size")
    return total / count


def _kind(value: object) -> str:
    return f"a tensor of {value.dtype}" if isinstance(value, Tensor) else type(value).__name__
