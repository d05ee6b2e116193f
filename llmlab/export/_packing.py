"""A model and its tokenizer as data for a page: what JavaScript can read, checked before anything is written."""

from __future__ import annotations

import base64
from typing import Any, Literal

import numpy as np
import torch

from llmlab.bpe import GPT2_PATTERN, BPETokenizer
from llmlab.gpt import GPT, GPTConfig, count_parameters

Precision = Literal["float32", "float16"]
BYTES: dict[Precision, int] = {"float32": 4, "float16": 2}
LARGEST = 20_000_000  # bytes of a page: more takes long to open, on a phone above all

# What \s is to the regex library; JavaScript's own differs in a few characters.
_SPACE = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_PATTERNS = {
    None: None,
    GPT2_PATTERN: rf"'(?:[sdmt]|ll|ve|re)| ?\p{{L}}+| ?\p{{N}}+| ?[^{_SPACE}\p{{L}}\p{{N}}]+"
    rf"|[{_SPACE}]+(?![^{_SPACE}])|[{_SPACE}]+",
}


def require_size(config: GPTConfig, precision: Precision) -> None:
    """Raise if the weights alone make a page that is too large; asks for no weights.

    Raises:
        ValueError: the message says how large, and what makes it smaller.
    """
    needed = _page_bytes(config, precision)
    if needed <= LARGEST:
        return
    halves = _page_bytes(config, "float16")
    remedy = (
        f'float16 makes it {halves / 1e6:.1f} MB: precision="float16", or --precision float16'
        if precision == "float32" and halves <= LARGEST
        else "train a model with a smaller d_model, fewer layers or a smaller vocabulary"
    )
    raise ValueError(
        f"the page would have {needed / 1e6:,.1f} MB, and at most {LARGEST / 1e6:.0f} are taken: the model has "
        f"{count_parameters(config).total:,} weights of {BYTES[precision]} bytes, and base64 makes 4 bytes of 3; "
        f"{remedy}"
    )


def _page_bytes(config: GPTConfig, precision: Precision) -> int:
    return count_parameters(config).total * BYTES[precision] * 4 // 3


def require_fitting(tokenizer: BPETokenizer | None, config: GPTConfig, *, where: object = "the checkpoint") -> None:
    """Raise unless the tokenizer belongs to a model of these sizes, and JavaScript can do what it does.

    Raises:
        ValueError: there is none, it has other ids than the model, or a pattern of its own.
    """
    if tokenizer is None:
        raise ValueError(
            f"{where} has no tokenizer, and a page needs one: save it with the model, "
            "save_checkpoint(folder, model, tokenizer)"
        )
    if set(tokenizer.vocabulary) != set(range(config.vocab_size)):
        last = max(tokenizer.vocabulary)
        raise ValueError(
            f"the tokenizer does not fit the model: it has {len(tokenizer):,} tokens with ids up to {last:,}, and the "
            f"model has logits for {config.vocab_size:,}, ids 0 to {config.vocab_size - 1:,}. Export the model with "
            "the tokenizer that it was trained with"
        )
    if tokenizer.pattern not in _PATTERNS:
        raise ValueError(
            f"the tokenizer cuts text by the pattern {tokenizer.pattern!r}, and what a page does is known to be the "
            "same for two alone: GPT2_PATTERN, which train_bpe takes by itself, and None. Train it with one of them"
        )


def described_tokenizer(tokenizer: BPETokenizer) -> dict[str, Any]:
    """Merges, vocabulary, special tokens and pattern; a byte string is the Latin-1 text with the same codes."""
    return {
        "pattern": _PATTERNS[tokenizer.pattern],
        "special_tokens": tokenizer.special_tokens,
        "merges": [[part.decode("latin-1") for part in pair] for pair in tokenizer.merges],
        "vocabulary": {str(id): token.decode("latin-1") for id, token in tokenizer.vocabulary.items()},
    }


def described_config(config: GPTConfig) -> dict[str, Any]:
    """What the forward pass asks of a config; the rest it sees from which weights there are."""
    return {
        "d_model": config.d_model,
        "n_heads": config.n_heads,
        "n_kv_heads": config.kv_heads,
        "n_layers": config.n_layers,
        "context_length": config.context_length,
        "positions": config.positions,
        "rope_theta": config.rope_theta,
        "norm_eps": config.norm_eps,
        "experts_per_token": config.experts_used,
    }


def packed_weights(model: GPT, precision: Precision) -> tuple[list[list[Any]], str]:
    """Names and sizes of the tables, and all their numbers in base64, little-endian, one table after the other.

    Raises:
        ValueError: numbers that are not finite, or too large for this precision.
    """
    tables, parts = [], []
    for name, weight in model.state_dict().items():
        if name == "head.weight" and model.config.tie_weights:
            continue  # the token table, turned around
        with np.errstate(over="ignore"):  # what becomes infinite is said below
            numbers = weight.detach().cpu().float().numpy().astype(f"<f{BYTES[precision]}")
        if not np.isfinite(numbers).all():
            raise ValueError(
                f"{name} holds numbers that are not finite as {precision}: has the training diverged? If it has not, "
                'take precision="float32"'
            )
        tables.append([name, weight.numel()])
        parts.append(numbers.tobytes())
    return tables, base64.b64encode(b"".join(parts)).decode()


@torch.no_grad()
def moved_by_rounding(model: GPT, precision: Precision) -> float:
    """The largest change that rounding the weights makes in a logit, on one window of ids drawn with seed 0."""
    if precision == "float32" and next(model.parameters()).dtype is torch.float32:
        return 0.0
    sizes = model.config
    rounded = GPT(sizes).eval()
    rounded.load_state_dict(
        {name: weight.to(getattr(torch, precision)).float() for name, weight in model.state_dict().items()}
    )
    ids = torch.randint(sizes.vocab_size, (1, sizes.context_length), generator=torch.Generator().manual_seed(0))
    return (rounded(ids) - model(ids).float()).abs().max().item()
