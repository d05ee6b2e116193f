"""How the values of the pipeline map are made: one forward pass for each text, kept for the other controls."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any, cast

import torch
from torch import Tensor

from llmlab.bpe import BPETokenizer
from llmlab.corpus import toy_world
from llmlab.explorers.pipeline_map.values import CANDIDATES, MAX_CHARACTERS, START, PipelineTrace
from llmlab.gpt import GPT, TransformerBlock
from llmlab.training import load_checkpoint


@cache
def bundled() -> tuple[GPT, BPETokenizer]:
    """The small GPT that comes with the course and its tokenizer, loaded once."""
    return load_checkpoint()  # not by its name: a learner may have a folder that is called so


@cache
def _world() -> frozenset[int]:
    """The ids of all tokens of the toy world, in the bundled tokenizer."""
    return frozenset(bundled()[1].encode(f" {toy_world(5_000)}", allowed_special="all"))


def compute(state: dict[str, Any], model: GPT | None = None, tokenizer: BPETokenizer | None = None) -> PipelineTrace:
    """The trace of a state of the pipeline map.

    Args:
        state: text, written, back, layer and head. `back` counts positions from the last one; beyond the first means
            the first.
        model, tokenizer: those of the course, unless others are given.

    Raises:
        ValueError: the text holds half of a surrogate pair, or gives no token: an empty text does where the tokenizer
            has no <|endoftext|> to begin with.
    """
    passed = forward(state["text"], state.get("written", 0), model, tokenizer)
    position = max(0, len(passed.tokens) - 1 - state["back"])
    trace = replace(passed, position=position, layer=state["layer"], head=state["head"])
    candidates = trace.most_probable(min(CANDIDATES, len(trace.logits[0])))
    continued = tuple(_continued(trace, id, tokenizer or bundled()[1]) for id, _ in candidates)
    return replace(trace, continued=continued)


def _continued(trace: PipelineTrace, id: int, tokenizer: BPETokenizer) -> str | None:
    """The text that ends with the chosen position and one token more, if typing it gives just these tokens."""
    parts = [*trace.left_out, *trace.tokens[: trace.position + 1], trace.vocabulary[id]]
    try:
        text = b"".join(parts).decode()
    except UnicodeDecodeError:
        return None
    if START in tokenizer.special_tokens:
        text = text.removeprefix(START).removeprefix(" ")
    if len(text) > MAX_CHARACTERS:
        return None
    ids = tokenizer.encode(as_read(text, tokenizer), allowed_special="all")
    return text if [tokenizer.vocabulary[id] for id in ids] == parts else None


@lru_cache(maxsize=12)  # the texts that a learner goes back and forth between, and what is written after one
@torch.no_grad()
def forward(text: str, written: int, model: GPT | None, tokenizer: BPETokenizer | None) -> PipelineTrace:
    """The trace of a text at its first position, layer and head: one pass, kept for the other controls."""
    own = model is not None
    read = as_read(text, tokenizer or bundled()[1])
    every_id = _every_id(text, written, model, tokenizer)
    model, tokenizer = model or bundled()[0], tokenizer or bundled()[1]
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
        written=written,
        rotary=model.config.positions == "rotary",
        embeddings=stages["embeddings"],
        weights=stages["weights"],
        context=stages["context"],
        logits=stages["logits"],
        probabilities=stages["probabilities"],
    )


def _every_id(text: str, written: int, model: GPT | None, tokenizer: BPETokenizer | None) -> list[int]:
    """The ids of a text and of the tokens that the model has written after it, each from a pass of its own."""
    if not written:
        own_or_bundled = tokenizer or bundled()[1]
        return own_or_bundled.encode(as_read(text, own_or_bundled), allowed_special="all")
    before = forward(text, written - 1, model, tokenizer)
    return [*_every_id(text, written - 1, model, tokenizer), int(before.logits[-1].argmax())]


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
    for block in cast("Iterable[TransformerBlock]", model.blocks):
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
