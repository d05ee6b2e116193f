"""How the influence map measures: layers, the inputs at which tokens are shaken, and how far outputs move."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from llmlab.attention import causal_mask, influence_map, padding_mask, prefix_mask, scaled_dot_product_attention
from llmlab.attention._bugs import BUGS, LATE_MASK, Attend, weights

INPUTS = ("The", "piano", "came", "to", "the", "island", "today")
OUTPUTS = ("Das", "Klavier", "kam", "heute", "an")  # of a decoder that translates
D_IN, D, D_OUT = 8, 12, 10
HEADS = (1, 2, 3, 4)
RANDOM, ZERO = AROUND = ("a random input", "zero")

OWN, LATE = "your own", "late mask, renormalised"
CHANGES = {OWN: None, **BUGS, LATE: LATE_MASK}
# The masks as one would type them, (T_output, T_input): `.code()` prints these lines.
MASK_CODE = {
    "decoder": "causal_mask(7)",
    "encoder": "torch.ones(7, 7, dtype=torch.bool)",
    "encoder, 2 tokens padding": "padding_mask([5], 7)[0].expand(7, 7)",
    "prefix of 3 tokens": "prefix_mask(7, prefix=3)",
    "encoder-decoder": "torch.ones(5, 7, dtype=torch.bool)",
}
MASK_NAMES = {"torch": torch, "causal_mask": causal_mask, "padding_mask": padding_mask, "prefix_mask": prefix_mask}
MASKS: dict[str, Tensor] = {name: eval(code, MASK_NAMES) for name, code in MASK_CODE.items()}


def attend_with_mask(x, W_query, W_key, W_value, W_out, n_heads, mask, queries_from):
    """Attention from the rows of `queries_from` to those of `x`, with any mask: (T_output, d_out)."""

    def split(t):
        return t.unflatten(-1, (n_heads, -1)).transpose(0, 1)  # (T, D) -> (H, T, d_head)

    queries, keys, values = queries_from @ W_query, x @ W_key, x @ W_value
    heads = scaled_dot_product_attention(split(queries), split(keys), split(values), mask).context
    return heads.transpose(0, 1).flatten(1) @ W_out


def input_around(around: str) -> Tensor:
    """(T, D_IN): the input that tokens are shaken at."""
    x = torch.randn(len(INPUTS), D_IN, generator=torch.Generator().manual_seed(1))
    return x if around == RANDOM else torch.zeros_like(x)


def layer(run: Attend, architecture: str, heads: int) -> Callable[[Tensor], Tensor]:
    """The layer to look at, as a function of the tokens that are shaken."""
    matrices = weights(D_IN, D, D_OUT)
    if architecture == "decoder":
        return lambda x: run(x, *matrices, heads)
    mask = MASKS[architecture]
    other = torch.randn(len(OUTPUTS), D_IN, generator=torch.Generator().manual_seed(2))
    crossed = len(mask) == len(OUTPUTS)
    return lambda x: attend_with_mask(x, *matrices, heads, mask, other if crossed else x)


@torch.no_grad()
def measure(shaken: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """The map, and the length of each output's move for one perturbation of each token."""
    reaches = influence_map(shaken, x)
    before = shaken(x.clone())
    generator = torch.Generator().manual_seed(3)
    steps = torch.randn(x.shape, generator=generator)
    moves = torch.zeros(reaches.shape)
    for j, step in enumerate(steps):
        perturbed = x.clone()
        perturbed[j] += step
        moves[:, j] = (shaken(perturbed) - before).norm(dim=1)
    return reaches, moves.masked_fill(~reaches, 0.0)
