"""The counted model of the distribution sculptor: logits from how often words followed each other."""

from __future__ import annotations

from collections import Counter
from functools import cache

import torch
from torch import Tensor

from llmlab.corpus import toy_world
from llmlab.tokenizers import WordTokenizer

SENTENCES = 5_000  # of the toy world, counted
SHARES = (0.9, 0.09, 0.01)  # of the counts after two words, after one, and anywhere
CONTEXTS = ("the dogs", "the queen loves her", "he is a good", "the horse runs in the", "the king is", "she is a")


@cache
def counted_model() -> tuple[tuple[str, ...], dict[str, tuple[Tensor, tuple[int, ...]]]]:
    """The vocabulary, and for each context the logits (V,) and how often each token came next."""
    text = toy_world(SENTENCES)
    tokenizer = WordTokenizer.from_text(text, special_tokens=("<|endoftext|>",), unknown="<|endoftext|>")
    ids = tokenizer.encode(text)
    anywhere = _counts(ids, len(tokenizer))
    contexts = {}
    for context in CONTEXTS:
        *_, before, last = tokenizer.encode(context)
        after_two = _counts(
            [c for a, b, c in zip(ids, ids[1:], ids[2:], strict=False) if (a, b) == (before, last)], len(tokenizer)
        )
        after_one = _counts([c for b, c in zip(ids, ids[1:], strict=False) if b == last], len(tokenizer))
        shares = (
            share * counts / counts.sum()
            for share, counts in zip(SHARES, (after_two, after_one, anywhere), strict=True)
        )
        mixed = sum(shares, start=torch.zeros_like(anywhere))
        contexts[context] = mixed.log().float(), tuple(after_two.int().tolist())
    return tuple(tokenizer.vocabulary.values()), contexts


def _counts(ids: list[int], size: int) -> Tensor:
    counts = Counter(ids)
    return torch.tensor([counts[id] for id in range(size)], dtype=torch.float64)
