"""The loop that writes: one token at a time for every prompt, with a cache or without."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np
import torch
from torch import Tensor

from llmlab.attention import KVCache
from llmlab.generation._prompts import as_prompts, as_stops
from llmlab.generation.sampling import draw, require_settings, sampling_probabilities
from llmlab.gpt.model import GPT
from llmlab.utils.arguments import as_count, require_kind
from llmlab.utils.modules import evaluation_mode, unwrapped
from llmlab.utils.tensors import require_generator


@overload
def generate(
    model: GPT,
    ids: Tensor,
    max_new_tokens: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
    use_cache: bool = True,
    stop: int | Iterable[int] | None = None,
    slide: bool = False,
) -> Tensor: ...
@overload
def generate(
    model: GPT,
    ids: np.ndarray | Sequence[Sequence[int]],
    max_new_tokens: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
    use_cache: bool = True,
    stop: int | Iterable[int] | None = None,
    slide: bool = False,
) -> list[list[int]]: ...
@torch.no_grad()
def generate(
    model: GPT,
    ids: Tensor | np.ndarray | Sequence[Sequence[int]],
    max_new_tokens: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
    use_cache: bool = True,
    stop: int | Iterable[int] | None = None,
    slide: bool = False,
) -> Tensor | list[list[int]]:
    """Continue each prompt by up to `max_new_tokens` tokens, in evaluation mode.

    Afterwards each part of the model is in the mode that it had.

    Args:
        model: a GPT. One that `torch.compile` returned is run as it was before: with lengths that change from step to
            step it would be compiled again and again.
        ids: prompts of equal length as a tensor of integers (B, T), or a list of prompts of any lengths.
        max_new_tokens: tokens to add; prompt and new tokens together must fit in the model's context, or slide.
        temperature, top_k, top_p: see `sampling_probabilities`.
        generator: source of the draws, on the model's device; None draws from PyTorch's global one.
        use_cache: whether keys and values are kept from step to step: the same tokens, sooner.
        stop: an id, or several, after which a prompt is not continued. The id stays in the result.
        slide: whether to go on past the context length, each token then chosen from the newest `context_length` ones.
            These lose their oldest at every step and move down by one position, so nothing that a cache holds stays
            true: a step costs as much as the whole context.

    Returns:
        prompts and new ids: int64 (B, T') for a tensor, with rows that stopped early filled up with their stop id; a
        list of lists of int for anything else.

    Raises:
        TypeError: a model that is not a GPT, ids that are not integers, or a setting of another type.
        ValueError: an empty prompt, an id outside the vocabulary, more tokens than fit in the context, or a setting
            out of range.
    """
    model = unwrapped(model)
    require_kind("model", model, GPT, "a GPT")
    device, context_length = next(model.parameters()).device, model.config.context_length
    require_generator(generator, device)
    require_settings(temperature, top_k, top_p)
    max_new_tokens = as_count("max_new_tokens", max_new_tokens, least=0)
    require_kind("use_cache", use_cache, bool, "True or False")
    require_kind("slide", slide, bool, "True or False")
    prompts = as_prompts(ids, model.config.vocab_size)
    longest = max(map(len, prompts))
    room = context_length - longest
    if max_new_tokens > room and not slide:
        raise ValueError(
            f"a prompt of {longest} tokens and {max_new_tokens} new ones do not fit in the model's context of "
            f"{context_length}: ask for at most {max(0, room)} new ones, or give slide=True to go on with the newest "
            "tokens"
        )
    stops = as_stops(stop, model.config.vocab_size)
    stops_after = torch.zeros(model.config.vocab_size, dtype=torch.bool, device=device)
    stops_after[stops] = True

    # Shorter prompts are padded in front, so that the next token of every row stands in the same column.
    padding = torch.tensor([longest - len(prompt) for prompt in prompts], device=device)[:, None]  # (B, 1)
    rows = [[0] * (longest - len(prompt)) + prompt for prompt in prompts]
    is_padded = any(len(prompt) < longest for prompt in prompts)
    columns = [torch.tensor(rows, dtype=torch.int64, device=device)]  # the prompts (B, T), then one token (B, 1) a step
    window = columns[0]  # what the model reads: the newest tokens
    finished = torch.zeros(len(rows), dtype=torch.bool, device=device)
    cache = KVCache() if use_cache else None

    with evaluation_mode(model):
        for _ in range(max_new_tokens):
            if window.shape[1] > context_length:
                padding = (padding - (window.shape[1] - context_length)).clamp(min=0)
                window, cache = window[:, -context_length:], None  # all stand at other positions than before
            logits = _next_logits(model, window, padding if is_padded else None, cache)  # (B, V)
            probabilities = sampling_probabilities(logits, temperature=temperature, top_k=top_k, top_p=top_p)
            chosen = draw(probabilities, generator)  # (B, 1)
            chosen = torch.where(finished[:, None], window[:, -1:], chosen)  # a stop id is repeated as filling
            columns.append(chosen)
            window = torch.cat([window, chosen], dim=1)
            finished |= stops_after[chosen[:, 0]]
            if stops and finished.all():
                break
    written = torch.cat(columns, dim=1)
    if isinstance(ids, Tensor):
        return written
    ends = set(stops)
    return [
        _until_stop(row[longest - len(prompt) :], len(prompt), ends)
        for row, prompt in zip(written.tolist(), prompts, strict=True)
    ]


def _next_logits(model: GPT, window: Tensor, padding: Tensor | None, cache: KVCache | None) -> Tensor:
    """Logits (B, V) of the token after `window` (B, T), whose rows begin with `padding` (B, 1) columns of padding."""
    start = 0 if cache is None else len(cache)
    columns = torch.arange(window.shape[1], device=window.device)
    mask, positions = None, columns[start:]  # (T - start)
    if padding is not None:
        mask = (columns >= padding)[:, None, :]  # (B, 1, T): no one attends to padding
        positions = (positions - padding).clamp(min=0)  # (B, T - start)
    return model(window[:, start:], mask, cache, positions=positions)[:, -1]


def _until_stop(row: list[int], n_prompt: int, stops: set[int]) -> list[int]:
    """The row up to its first stop id after the prompt, that id included."""
    for place in range(n_prompt, len(row)):
        if row[place] in stops:
            return row[: place + 1]
    return row
