"""What `generate` is asked to continue, and where it shall stop: token ids from lists, NumPy and PyTorch, checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from reprlib import repr as shortened
from typing import cast

import numpy as np
import torch
from torch import Tensor

from llmlab.utils.arguments import as_ids


def as_prompts(ids: Tensor | np.ndarray | Sequence[Sequence[int]], vocab_size: int) -> list[list[int]]:
    """Prompts as lists of int, each with at least one id, all ids in the vocabulary.

    Raises:
        TypeError: something else than prompts of integers.
        ValueError: an empty prompt, none at all, or an id outside the vocabulary.
    """
    if isinstance(ids, Tensor):
        if ids.dim() != 2 or ids.is_floating_point() or ids.is_complex() or ids.dtype == torch.bool:
            raise TypeError(
                f"ids must be integers of shape (B, T), got {ids.dtype} of shape {tuple(ids.shape)}: "
                "write torch.tensor([tokenizer.encode(text)])"
            )
        prompts = ids.tolist()
    else:
        prompts = list(ids) if _holds_several(ids) else [ids]
        if not all(_is_row(prompt) for prompt in prompts):
            raise TypeError("ids must be a list of prompts, each a list of token ids: write [tokenizer.encode(text)]")
        prompts = [_as_row("ids must be a list of prompts, each a list of int", prompt) for prompt in prompts]
    if not prompts or not all(prompts):
        raise ValueError('a prompt needs at least one token: begin with the separator, "<|endoftext|>", for free text')
    for prompt in prompts:
        _require_known("token id", prompt, vocab_size)
    return prompts


def as_stops(stop: int | Iterable[int] | None, vocab_size: int) -> list[int]:
    """The ids after which a prompt is not continued.

    Raises:
        TypeError: something else than integers.
        ValueError: an id outside the vocabulary, which would stop nothing.
    """
    if stop is None:
        return []
    wanted = f"stop must be a token id or several, got {shortened(stop)}: encode the text first"
    stops = _as_row(wanted, cast("Iterable[int]", stop if _holds_several(stop) else [stop]))
    _require_known("stop id", stops, vocab_size)
    return stops


def _holds_several(value: object) -> bool:
    return isinstance(value, Iterable) and getattr(value, "ndim", 1) > 0


def _is_row(prompt: object) -> bool:
    if isinstance(prompt, Tensor | np.ndarray):
        return prompt.ndim == 1
    return isinstance(prompt, Sequence) and not isinstance(prompt, str)


def _as_row(wanted: str, ids: Iterable[int]) -> list[int]:
    """`as_ids`, with `wanted` in front of what it objects to; arrays in one step."""
    try:
        return as_ids(ids.tolist() if isinstance(ids, Tensor | np.ndarray) else ids)
    except TypeError as error:
        raise TypeError(f"{wanted} ({error})") from None


def _require_known(kind: str, ids: list[int], vocab_size: int) -> None:
    if ids and not 0 <= min(ids) <= max(ids) < vocab_size:
        outside = next(id for id in ids if not 0 <= id < vocab_size)
        raise ValueError(
            f"{kind} {outside} is not in the vocabulary, whose ids reach from 0 to {vocab_size - 1}: does the model "
            "belong to the tokenizer that made it?"
        )
