"""The loop that writes: one token at a time for every prompt, with a cache or without."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from llmlab.attention import KVCache
from llmlab.generation.sampling import require_settings, sampling_probabilities
from llmlab.gpt.model import GPT
from llmlab.utils.arguments import require_count, require_kind


@torch.no_grad()
def generate(
    model: GPT,
    ids: Tensor | Sequence[Sequence[int]],
    max_new_tokens: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
    use_cache: bool = True,
    stop: int | Iterable[int] | None = None,
) -> Tensor | list[list[int]]:
    """Continue each prompt by up to `max_new_tokens` tokens, in evaluation mode (the mode is put back after).

    Args:
        model: a GPT.
        ids: prompts of equal length as an int64 tensor (B, T), or a list of prompts of any lengths.
        max_new_tokens: tokens to add; prompt and new tokens together must fit in the model's context.
        temperature, top_k, top_p: see `sampling_probabilities`.
        generator: source of the draws, on the model's device; None draws from PyTorch's global one.
        use_cache: whether keys and values are kept from step to step: the same tokens, sooner.
        stop: an id, or several, after which a prompt is not continued. The id stays in the result.

    Returns:
        prompts and new ids: (B, T') for a tensor, with rows that stopped early filled up with their stop id; a list of
        lists of int for a list.

    Raises:
        TypeError: a model that is not a GPT, ids that are not integers, or a setting of another type.
        ValueError: an empty prompt, more tokens than fit in the context, or a setting out of range.
    """
    require_kind("model", model, GPT, "a GPT")
    if not isinstance(generator, torch.Generator | None):
        raise TypeError(
            f"generator must be a torch.Generator, got {generator!r}: write torch.Generator().manual_seed(0)"
        )
    require_settings(temperature, top_k, top_p)
    require_count("max_new_tokens", max_new_tokens, least=0)
    prompts = _as_prompts(ids)
    longest = max(map(len, prompts))
    room = model.config.context_length - longest
    if max_new_tokens > room:
        raise ValueError(
            f"a prompt of {longest} tokens and {max_new_tokens} new ones do not fit in the model's context of "
            f"{model.config.context_length}: ask for at most {max(0, room)} new ones, or keep only its end"
        )
    device = next(model.parameters()).device
    stops = torch.tensor(_as_stops(stop), dtype=torch.int64, device=device)

    # Shorter prompts are padded in front, so that the next token of every row stands in the same column.
    padding = torch.tensor([longest - len(prompt) for prompt in prompts], device=device)[:, None]
    rows = [[0] * (longest - len(prompt)) + prompt for prompt in prompts]
    written = torch.tensor(rows, dtype=torch.int64, device=device)  # (B, T)
    padded = bool(padding.any())
    finished = torch.zeros(len(rows), dtype=torch.bool, device=device)
    cache = KVCache() if use_cache else None

    was_training = model.training
    model.eval()
    try:
        for _ in range(max_new_tokens):
            start = 0 if cache is None else len(cache)
            columns = torch.arange(written.shape[1], device=device)
            mask = (columns >= padding)[:, None, :] if padded else None  # (B, 1, T): no one attends to padding
            positions = (columns[start:] - padding).clamp(min=0)  # (B, T - start)
            logits = model(written[:, start:], mask, cache, positions=positions)[:, -1]  # (B, V)
            probabilities = sampling_probabilities(logits, temperature=temperature, top_k=top_k, top_p=top_p)
            chosen = torch.multinomial(probabilities, 1, generator=generator)  # (B, 1)
            chosen = torch.where(finished[:, None], written[:, -1:], chosen)  # a stop id is repeated as filling
            written = torch.cat([written, chosen], dim=1)
            finished |= torch.isin(chosen[:, 0], stops)
            if finished.all():
                break
    finally:
        model.train(was_training)
    if isinstance(ids, Tensor):
        return written
    continued = [row[n_padding:] for row, n_padding in zip(written.tolist(), padding[:, 0].tolist(), strict=True)]
    return [_until_stop(row, len(prompt), stops.tolist()) for row, prompt in zip(continued, prompts, strict=True)]


def _until_stop(row: list[int], n_prompt: int, stops: list[int]) -> list[int]:
    """The row up to its first stop id after the prompt, that id included."""
    for place in range(n_prompt, len(row)):
        if row[place] in stops:
            return row[: place + 1]
    return row


def _as_prompts(ids: Tensor | Sequence[Sequence[int]]) -> list[list[int]]:
    if isinstance(ids, Tensor):
        if ids.dim() != 2 or ids.is_floating_point() or ids.dtype == torch.bool:
            raise TypeError(
                f"ids must be integers of shape (B, T), got {ids.dtype} of shape {tuple(ids.shape)}: "
                "write torch.tensor([tokenizer.encode(text)])"
            )
        prompts = ids.tolist()
    else:
        prompts = list(ids) if isinstance(ids, Iterable) else [ids]
        if not all(isinstance(prompt, Sequence) and not isinstance(prompt, str) for prompt in prompts):
            raise TypeError("ids must be a list of prompts, each a list of token ids: write [tokenizer.encode(text)]")
        prompts = [list(prompt) for prompt in prompts]
        if not all(isinstance(id, int) and not isinstance(id, bool) for prompt in prompts for id in prompt):
            raise TypeError("ids must be a list of prompts, each a list of int")
    if not prompts or not all(prompts):
        raise ValueError('a prompt needs at least one token: begin with the separator, "<|endoftext|>", for free text')
    return prompts


def _as_stops(stop: int | Iterable[int] | None) -> list[int]:
    stops = (
        [] if stop is None else list(stop) if isinstance(stop, Iterable) and not isinstance(stop, Tensor) else [stop]
    )
    if not all(isinstance(id, int) and not isinstance(id, bool) for id in stops):
        raise TypeError(f"stop must be a token id or several, got {stop!r}: encode the text first")
    return stops
