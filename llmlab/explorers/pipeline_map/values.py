"""The values of the pipeline map: one forward pass, stage by stage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

import torch
from torch import Tensor

from llmlab.bpe import BPETokenizer
from llmlab.corpus import toy_world
from llmlab.gpt import GPT
from llmlab.training import load_checkpoint
from llmlab.utils.bundled import data_path

START = "<|endoftext|>"  # opens each document that the model has read
MAX_CHARACTERS = 120
COLUMNS = 12  # positions in the picture, counted from the end; what stands before them shares a column
NUMBERS = 4  # of each vector
CANDIDATES = 8  # next tokens in the list
EXPECTED = 0.01  # the target: a word of less probability than this is not expected at all
LONGEST = 14  # characters of a token that are written out
FIRST_TEXT, FIRST_LAYER, FIRST_HEAD = "the dogs near the king", 1, 1
LESSONS = {
    "01": "01_tokenization",
    "02": "02_byte_pair_encoding",
    "04": "04_embeddings",
    "05": "05_positions",
    "06": "06_attention",
    "08": "08_multi_head_attention",
    "09": "09_gpt_block",
    "12": "12_writing_text",
}


@dataclass(frozen=True)
class PipelineTrace:
    """One forward pass over T tokens, stage by stage. V, D, H and L are the model's vocabulary, width, heads, layers.

    Attributes:
        text: as typed.
        read: what is cut into tokens: <|endoftext|>, where the tokenizer has it, a space, and the text.
        left_out: tokens at the beginning for which the model's context has no room, as bytes.
        tokens: the T tokens that it reads, as bytes.
        ids: their ids, (T,).
        embeddings: token embedding plus position embedding, (T, D).
        weights: attention weights of each layer and head, (L, H, T, T).
        context: the vectors after all layers and the last norm, (T, D).
        logits, probabilities: for the token after each position, (T, V).
        vocabulary: id -> bytes.
        position, layer, head: what is looked at.
        strange: words of the text with tokens that the toy world does not have, and its white space other than spaces;
            None if the model is somebody's own.
    """

    text: str
    read: str
    left_out: tuple[bytes, ...]
    tokens: tuple[bytes, ...]
    ids: Tensor
    embeddings: Tensor
    weights: Tensor
    context: Tensor
    logits: Tensor
    probabilities: Tensor
    vocabulary: Mapping[int, bytes]
    position: int
    layer: int
    head: int
    strange: tuple[str, ...] | None

    @property
    def attention(self) -> Tensor:
        """The weights with which the chosen position looks at each one, in the chosen layer and head, (T,)."""
        return self.weights[self.layer, self.head, self.position]

    def most_probable(self, n: int = CANDIDATES, position: int | None = None) -> list[tuple[int, float]]:
        """The `n` most probable next tokens at a position (the chosen one): (id, probability), highest first.

        Raises:
            ValueError: the vocabulary has fewer than `n` tokens.
            IndexError: there is no such position.
        """
        after = self._after(position)
        if not 0 <= n <= len(after):
            raise ValueError(f"n must be from 0 to {len(after)}, the size of the vocabulary, got {n}")
        top = after.topk(n)
        return list(zip(top.indices.tolist(), top.values.tolist(), strict=True))

    def next_token(self, position: int | None = None) -> str:
        """The most probable token after a position (the chosen one), as text."""
        return self.vocabulary[self.most_probable(1, position)[0][0]].decode(errors="replace")

    def probability(self, token: str, position: int | None = None) -> float:
        """Of one token, such as " is" (the space belongs to it), after a position (the chosen one).

        Raises:
            KeyError: the vocabulary has no such token.
            IndexError: there is no such position.
        """
        for id, part in self.vocabulary.items():
            if isinstance(token, str) and part == token.encode():
                return self._after(position)[id].item()
        raise KeyError(f"{token!r} is no token of this vocabulary: a word's token begins with a space, as in ' king'")

    def _after(self, position: int | None) -> Tensor:
        """The probabilities of the token after a position (the chosen one), (V,)."""
        position, T = self.position if position is None else position, len(self.tokens)
        if not -T <= position < T:
            raise IndexError(f"position must be from 0 to {T - 1}, or from -1 to {-T} counted from the end: {position}")
        return self.probabilities[position]


@cache
def bundled() -> tuple[GPT, BPETokenizer]:
    """The small GPT that comes with the course and its tokenizer, loaded once."""
    return load_checkpoint(data_path("tiny"))  # also where a learner has a folder of that name


@cache
def _world() -> frozenset[int]:
    """The ids of all tokens of the toy world, in the bundled tokenizer."""
    return frozenset(bundled()[1].encode(f" {toy_world(5_000)}", allowed_special="all"))


def compute(state: dict[str, Any], model: GPT | None = None, tokenizer: BPETokenizer | None = None) -> PipelineTrace:
    """The trace of a state of the pipeline map.

    Args:
        state: text, back, layer and head. `back` counts positions from the last one; beyond the first means the first.
        model, tokenizer: those of the course, unless others are given.

    Raises:
        ValueError: the text holds half of a surrogate pair, or gives no token: an empty text does where the tokenizer
            has no <|endoftext|> to begin with.
    """
    passed = forward(state["text"], model, tokenizer)
    position = max(0, len(passed.tokens) - 1 - state["back"])
    return replace(passed, position=position, layer=state["layer"], head=state["head"])


@lru_cache(maxsize=8)  # the texts that a learner goes back and forth between
@torch.no_grad()
def forward(text: str, model: GPT | None, tokenizer: BPETokenizer | None) -> PipelineTrace:
    """The trace of a text at its first position, layer and head: one pass, kept for the other controls."""
    own = model is not None
    if not own:
        model, tokenizer = bundled()
    read = as_read(text, tokenizer)
    every_id = tokenizer.encode(read, allowed_special="all")
    if not every_id:
        raise ValueError("the text has no token, so there is nothing to compute: type a few words")
    n_left_out = max(0, len(every_id) - model.config.context_length)
    ids = every_id[n_left_out:]
    parts = [tokenizer.vocabulary[id] for id in every_id]
    was_training = model.training
    model.eval()  # dropout would change the numbers at every look
    try:
        stages = _stages(model, torch.tensor([ids]))
    finally:
        model.train(was_training)
    return PipelineTrace(
        text=text,
        read=read,
        left_out=tuple(parts[:n_left_out]),
        tokens=tuple(parts[n_left_out:]),
        ids=torch.tensor(ids),
        vocabulary=tokenizer.vocabulary,
        position=0,
        layer=0,
        head=0,
        strange=None if own else tuple(dict.fromkeys(filter(_is_strange, re.findall(r"\S+|[^\S ]", text)))),
        **stages,
    )


def as_read(text: str, tokenizer: BPETokenizer) -> str:
    """What is cut into tokens for a typed text: the documents that the model has read begin with <|endoftext|>."""
    if START not in tokenizer.special_tokens:
        return text
    return f"{START} {text}" if text else START


def _is_strange(word: str) -> bool:
    """Whether a word, or a line end or tab, has a token that the model has never read."""
    return not _world().issuperset(bundled()[1].encode(f" {word}", allowed_special="all"))


def _stages(model: GPT, ids: Tensor) -> dict[str, Tensor]:
    """What the model computes for ids (1, T), in the order of its own `forward`, without the first axis."""
    x = embeddings = model.embedding(ids.to(model.head.weight.device))  # (1, T, D)
    weights = []
    for block in model.blocks:
        weights.append(block.attention(block.norm_attention(x), return_weights=True)[1][0])  # (H, T, T)
        x = block(x)  # (1, T, D)
    context = model.norm(x)
    logits = model.head(context)  # (1, T, V)
    stages = {
        "embeddings": embeddings[0],
        "weights": torch.stack(weights),
        "context": context[0],
        "logits": logits[0],
        "probabilities": logits[0].softmax(dim=-1),
    }
    return {name: values.float().cpu() for name, values in stages.items()}
