"""Where the bench's vectors come from: random ones, a head of the course's trained GPT, a head made by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast
from zlib import crc32

import torch
from torch import Tensor

if TYPE_CHECKING:
    from llmlab.gpt import TransformerBlock

MAX_TOKENS = 8  # as many as fit side by side, twice
D_IN, D_VALUE = 5, 3  # widths of x and of v; unlike each other, and unlike every width of q and k
WIDTHS = ("4", "16", "64", "256")
RANDOM, TRAINED, PREVIOUS = VECTORS = ("random", "trained head", "previous-token head")
SEED = 355  # of the random matrices: with it the first state is neither flat nor sure, at every width
LAYER, HEAD = 1, 1  # of the trained GPT: looks from a sentence's last word to its subject
TRAINED_TEXT = "the dogs near the king"  # a sentence such as that GPT has read
# What the head has learned: the last word, king, looks back at dogs, past the words between. Token 0 is the start.
TRAINED_OPENING = {"text": TRAINED_TEXT, "query": 5, "key": 2}
PREVIOUS_OPENING = {"query": 2, "key": 1}  # the third word looks at the one before it: what that head is made for
START = "<|endoftext|>"  # opens each of them
STRENGTH = 12.0  # of the hand-made head: one score of 12/√8 among zeros is nearly all of a softmax


@dataclass(frozen=True)
class Vectors:
    """The T tokens and what q, k and v are made of.

    Attributes:
        tokens: the T words.
        x: their vectors, (T, d_in).
        W_query, W_key: (d_in, width).
        W_value: (d_in, d_value).
        left_out: words for which there is no room.
        unknown: words that the trained GPT has never read.
    """

    tokens: tuple[str, ...]
    x: Tensor
    W_query: Tensor
    W_key: Tensor
    W_value: Tensor
    left_out: int = 0
    unknown: tuple[str, ...] = ()


@lru_cache(maxsize=32)  # the texts and widths that a learner goes back and forth between
def vectors_of(kind: str, text: str, width: int) -> Vectors:
    """The vectors of a text. `width` is that of random queries and keys; the heads have their own."""
    words = text.split()
    if kind == TRAINED and words:
        return _trained(words)
    tokens = tuple(words[:MAX_TOKENS])
    left_out = len(words) - len(tokens)
    value = random_matrices()[2]
    if kind == PREVIOUS:
        places = torch.eye(MAX_TOKENS)[: len(tokens)]  # x says nothing but the place
        back = torch.eye(MAX_TOKENS).roll(-1, dims=1) * STRENGTH  # place i asks for place i - 1
        back[0] = torch.eye(MAX_TOKENS)[0] * STRENGTH  # nothing stands before the first, which asks for itself
        words_told = torch.zeros(MAX_TOKENS, D_VALUE)
        words_told[: len(tokens)] = word_vectors(tokens) @ value
        return Vectors(tokens, places, back, torch.eye(MAX_TOKENS), words_told, left_out)
    query, key = random_matrices()[0][:, :width], random_matrices()[1][:, :width]
    return Vectors(tokens, word_vectors(tokens), query, key, value, left_out)


def word_vectors(tokens: tuple[str, ...]) -> Tensor:
    """(T, 5): a word's vector is drawn with the word as its seed, so equal words have equal rows."""
    x = torch.empty(len(tokens), D_IN)
    for row, token in zip(x, tokens, strict=True):
        torch.randn(D_IN, generator=torch.Generator().manual_seed(crc32(token.encode(errors="replace"))), out=row)
    return x / x.square().mean(dim=-1, keepdim=True).sqrt()  # of equal length: what grows with the width is the width's


@lru_cache(maxsize=1)
def random_matrices() -> tuple[Tensor, Tensor, Tensor]:
    """W_query and W_key (5, 256), of which a width takes the first columns, and W_value (5, 3)."""
    generator = torch.Generator().manual_seed(SEED)
    query, key = torch.randn(2, D_IN, int(WIDTHS[-1]), generator=generator) / math.sqrt(D_IN)
    return query, key, torch.randn(D_IN, D_VALUE, generator=generator) / math.sqrt(D_IN)


@torch.no_grad()
def _trained(words: list[str]) -> Vectors:
    """What the head of the course's GPT reads: the vectors before its layer, normalized."""
    from llmlab.explorers.pipeline_map import bundled  # only for this: the random vectors need no model

    model, tokenizer = bundled()
    every_id = tokenizer.encode(f"{START} {' '.join(words)}", allowed_special="all")
    ids = every_id[:MAX_TOKENS]
    names = [tokenizer.vocabulary[id].decode(errors="replace").strip() for id in ids]
    x = model.embedding(torch.tensor([ids]))
    blocks = cast("list[TransformerBlock]", list(model.blocks))
    for block in blocks[:LAYER]:
        x = block(x)
    block = blocks[LAYER]
    size = model.config.d_model // model.config.n_heads
    query, key, value = (
        part[:, HEAD * size : (HEAD + 1) * size] for part in block.attention.qkv.weight.detach().T.chunk(3, dim=1)
    )
    unknown = tuple(word for word in words if len(tokenizer.encode(f" {word}", allowed_special="all")) > 1)
    return Vectors(
        tokens=("(start)", *names[1:]),
        x=block.norm_attention(x)[0],
        W_query=query,
        W_key=key,
        W_value=value,
        left_out=len(every_id) - len(ids),
        unknown=unknown,
    )
