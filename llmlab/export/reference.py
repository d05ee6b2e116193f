"""What an exported page does with a list of random numbers, in PyTorch: the same numbers give the same tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from llmlab.generation import generate, sampling_probabilities
from llmlab.gpt.model import GPT
from llmlab.utils.arguments import as_ids, require_kind, require_number
from llmlab.utils.modules import evaluation_mode, unwrapped


def pick(probabilities: Tensor, number: float) -> int:
    """The token whose share of the line from 0 to 1 holds `number`, when the shares (V,) lie side by side by id.

    >>> [pick(torch.tensor([0.25, 0.0, 0.75]), number) for number in (0.0, 0.2, 0.25, 0.99)]
    [0, 0, 2, 2]
    """
    ends = probabilities.double().cumsum(dim=0)  # (V,)
    possible = probabilities > 0
    inside = (number < ends) & possible
    chosen = inside.int().argmax() if inside.any() else possible.nonzero()[-1]  # a sum just below 1: the last one
    return int(chosen)


@torch.no_grad()
def write_with(
    model: GPT,
    ids: Sequence[int],
    numbers: Iterable[float],
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> list[int]:
    """Continue a prompt by one token for each number: `generate`, with draws that are given instead of made.

    Past the context length the model reads its newest tokens, as `generate` does with `slide=True`.

    Args:
        model: a GPT.
        ids: the prompt.
        numbers: at least 0 and below 1; one decides each token.
        temperature, top_k, top_p: see `llmlab.generation.sampling_probabilities`.

    Returns:
        prompt and new ids.

    Raises:
        TypeError, ValueError: an empty prompt, a number out of range, a setting out of range.
    """
    model = unwrapped(model)
    require_kind("model", model, GPT, "a GPT")
    written = as_ids(ids)
    generate(model, [written], 0, temperature=temperature, top_k=top_k, top_p=top_p)  # refuses what does not fit
    with evaluation_mode(model):
        for place, number in enumerate(numbers):
            require_number(f"number {place}", number)
            if not 0 <= number < 1:
                raise ValueError(f"number {place} must be at least 0 and below 1, got {number}")
            logits = model(torch.tensor([written[-model.config.context_length :]]))[0, -1]  # (V,)
            shares = sampling_probabilities(logits, temperature=temperature, top_k=top_k, top_p=top_p)
            written.append(pick(shares, float(number)))
    return written
