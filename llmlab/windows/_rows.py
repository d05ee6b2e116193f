"""Token ids in any container as one row, a tensor."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Sequence
from reprlib import repr as shortened

import torch
from torch import Tensor

from llmlab.utils.arguments import as_ids


def as_row(token_ids: Sequence[int] | Tensor) -> Tensor:
    """The ids as a tensor (n_tokens,) of the dtype that they have; arrays and tensors are not copied.

    Raises:
        TypeError: they are not integers, or not in one row.
        ValueError: an id is too large for int64.
    """
    given = token_ids
    if is_list := isinstance(token_ids, list | tuple):
        with contextlib.suppress(TypeError):  # else the message below says more
            given = as_ids(token_ids)  # PyTorch does not know all of NumPy's integers
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The given NumPy array is not writable")  # nothing is written to it
            ids = torch.as_tensor(given)
    except (TypeError, ValueError, RuntimeError) as error:  # a str, ragged rows, mixed types ...
        raise TypeError(
            f"token ids must be integers in one row, got {type(token_ids).__name__} {shortened(token_ids)}: encode the "
            f"text first, or look words up in the vocabulary ({error})"
        ) from error
    if ids.numel() and (ids.is_floating_point() or ids.is_complex() or ids.dtype == torch.bool):
        raise TypeError(f"token ids must be integers, got {ids.dtype}: encode the text first")
    if ids.dim() != 1:
        raise TypeError(f"token ids must be one row, shape (n_tokens,), got shape {tuple(ids.shape)}")
    if is_list:
        as_ids(token_ids)  # PyTorch takes a bool among integers for one of them
    if ids.dtype == torch.uint64 and len(wrong := (ids.view(torch.int64) < 0).nonzero()):
        first = int(wrong[0])
        raise ValueError(f"id {first} of the row is {ids[first].cpu().numpy()}, and int64 ends at 2**63 - 1")
    return ids if ids.numel() else ids.to(torch.int64)
