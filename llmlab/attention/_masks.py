"""Attention masks: which key position each query position may attend to (lesson 07).

Boolean everywhere, and True = may attend, as in `torch.nn.functional.scaled_dot_product_attention`.
Masks are combined with `&`. Their public home is `llmlab.attention`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from llmlab.utils.arguments import require_count


def causal_mask(T: int, *, device: torch.device | str | None = None) -> Tensor:
    """Each position sees itself and what came before: a decoder's mask. Shape (T, T), bool.

    >>> causal_mask(3).int()
    tensor([[1, 0, 0],
            [1, 1, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    require_count("T", T)
    return torch.ones(T, T, dtype=torch.bool, device=device).tril()


def prefix_mask(T: int, prefix: int, *, device: torch.device | str | None = None) -> Tensor:
    """Causal, except that every position also sees the whole prefix: an encoder for the first `prefix` tokens and a
    decoder for the rest (Raffel et al. 2020, "prefix LM"). Shape (T, T), bool.

    Raises:
        ValueError: `prefix` is negative or longer than `T`.

    >>> prefix_mask(4, prefix=2).int()
    tensor([[1, 1, 0, 0],
            [1, 1, 0, 0],
            [1, 1, 1, 0],
            [1, 1, 1, 1]], dtype=torch.int32)
    """
    require_count("prefix", prefix, least=0)
    mask = causal_mask(T, device=device)
    if prefix > T:
        raise ValueError(f"prefix must be at most T={T}, got {prefix}")
    mask[:, :prefix] = True
    return mask


def padding_mask(lengths: Sequence[int] | Tensor, T: int) -> Tensor:
    """Keys that are real tokens, for B rows padded at the end to T tokens. Shape (B, 1, T), bool: the same for every
    query of a row.

    Args:
        lengths: number of real tokens in each row, B ints or an integer tensor of shape (B,).
        T: tokens in a row, padding included.

    Raises:
        TypeError: the lengths are not integers in one row.
        ValueError: a length is negative or above `T`.

    >>> padding_mask([3, 1], T=4).int()
    tensor([[[1, 1, 1, 0]],
    <BLANKLINE>
            [[1, 0, 0, 0]]], dtype=torch.int32)
    """
    require_count("T", T)
    wanted = "lengths must be integers in one row, shape (B,), such as [5, 3]"
    try:
        lengths = torch.as_tensor(lengths)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{wanted}, got {lengths!r}") from error
    if lengths.dim() != 1 or lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool:
        kind = f"{lengths.dtype} of shape {tuple(lengths.shape)}" if lengths.numel() else "none"
        raise TypeError(f"{wanted}, got {kind}")
    lengths = lengths.long()  # T may be more than 8 bits hold
    if ((lengths < 0) | (lengths > T)).any():
        raise ValueError(f"every length must be between 0 and T={T}, got {lengths.tolist()}")
    positions = torch.arange(T, device=lengths.device)
    return (positions < lengths[:, None])[:, None, :]
