"""Generating text: from logits to a chosen token, one token at a time, with a cache (lesson 09).

    ids = generate(model, torch.tensor([tokenizer.encode("The queen")]), max_new_tokens=20)

Each step computes logits for the last position, turns them into probabilities (temperature, then top-k, then top-p) and
draws from them. With the cache a step computes one token; without it, all tokens anew. Both choose the same.

What is not here: beam search, penalties for repetition, speculative decoding.

Sources: Fan et al. 2018 for top-k; Holtzman et al. 2020 for top-p, "nucleus sampling".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from llmlab._checks import require_count, require_kind, require_number
from llmlab._efficiency import cache_bytes, online_attention, online_softmax
from llmlab.attention import KVCache
from llmlab.gpt import GPT

__all__ = ["cache_bytes", "generate", "online_attention", "online_softmax", "sampling_probabilities"]


def sampling_probabilities(
    logits: Tensor, *, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """Logits (..., V) to the probabilities (..., V) that a token is drawn from.

    Args:
        logits: one score for each token, -inf for what must not be chosen.
        temperature: the logits are divided by it: below 1 sharper, above 1 flatter, 0 takes the largest logit alone.
        top_k: only the k most probable tokens stay (more where several share the last place); None for all.
        top_p: of these, only the fewest tokens whose probabilities add up to p or more stay; None for all.

    Raises:
        TypeError: logits that are not a tensor, or a setting of another type.
        ValueError: a setting out of range, or logits from which no probabilities follow, such as NaN.

    >>> logits = torch.tensor([0.5, 0.3, 0.2]).log()
    >>> sampling_probabilities(logits, top_k=2)
    tensor([0.6250, 0.3750, 0.0000])
    >>> sampling_probabilities(logits, temperature=0)
    tensor([1., 0., 0.])
    """
    _require_settings(temperature, top_k, top_p)
    logits = _as_logits(logits)
    if temperature:
        logits = logits / temperature
    largest = logits.amax(dim=-1)
    if not largest.isfinite().all():
        raise ValueError(
            f"the largest logit, divided by the temperature {temperature}, must be a finite number, got "
            f"{largest[~largest.isfinite()][0].item()}: has the model diverged, or is the temperature too close to 0?"
        )
    if temperature == 0:
        return torch.zeros_like(logits).scatter(-1, logits.argmax(dim=-1, keepdim=True), 1.0)
    if top_k is not None and top_k < logits.shape[-1]:
        last = logits.topk(top_k, dim=-1).values[..., -1:]
        logits = logits.masked_fill(logits < last, -torch.inf)
    probabilities = logits.softmax(dim=-1)
    if top_p is not None:
        ranked, order = probabilities.sort(dim=-1, descending=True, stable=True)
        before = ranked.cumsum(dim=-1) - ranked  # what the more probable tokens add up to: the first has 0 and stays
        kept = torch.zeros_like(probabilities, dtype=torch.bool).scatter(-1, order, before < top_p)
        probabilities = probabilities * kept
        probabilities = probabilities / probabilities.sum(dim=-1, keepdim=True)
    return probabilities


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
    _require_settings(temperature, top_k, top_p)
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


def _as_logits(logits: Tensor) -> Tensor:
    if not isinstance(logits, Tensor):
        raise TypeError(f"logits must be a tensor, got {type(logits).__name__}: write torch.tensor([...])")
    if logits.dim() == 0 or 0 in logits.shape:
        raise ValueError(f"logits must have the shape (..., V) with at least one token, got {tuple(logits.shape)}")
    return logits if logits.is_floating_point() else logits.float()


def _as_stops(stop: int | Iterable[int] | None) -> list[int]:
    stops = (
        [] if stop is None else list(stop) if isinstance(stop, Iterable) and not isinstance(stop, Tensor) else [stop]
    )
    if not all(isinstance(id, int) and not isinstance(id, bool) for id in stops):
        raise TypeError(f"stop must be a token id or several, got {stop!r}: encode the text first")
    return stops


def _require_settings(temperature: float, top_k: int | None, top_p: float | None) -> None:
    require_number("temperature", temperature)
    if not temperature >= 0:
        raise ValueError(f"temperature must be at least 0, got {temperature}")
    if top_k is not None:
        require_count("top_k", top_k)
    if top_p is not None:
        require_number("top_p", top_p)
        if not 0 < top_p <= 1:
            raise ValueError(f"top_p must be above 0 and at most 1, got {top_p}")
