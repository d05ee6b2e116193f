"""Answers to "Tokens and places, and a text that is too long": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _embed(
    result: str = "token_table[ids] + position_table[:T]",
    refusal: str = "if T > len(position_table): raise ValueError(f'{T} tokens, {len(position_table)} places')",
) -> str:
    return f"""
import torch

def embed_input(ids, token_table, position_table):
    B, T = ids.shape
    {refusal}
    return {result}
"""


WRONG = {
    "tables-swapped": _embed("position_table[ids] + token_table[:T]"),
    "positions-missing": _embed("token_table[ids]"),
    "tokens-missing": _embed("position_table[:T].expand(B, T, -1)"),
    "place-by-id": _embed("token_table[ids] + position_table[ids]"),
    "place-by-window": _embed("token_table[ids] + position_table[:B, None]"),
    "places-from-one": _embed("token_table[ids] + position_table[1 : T + 1]"),
    "same-place-for-all": _embed("token_table[ids] + position_table[0]"),
    "same-place-for-all: the colon forgotten": _embed("token_table[ids] + position_table[T]"),
    "places-backwards": _embed("token_table[ids] + position_table[:T].flip(0)"),
    "last-places": _embed("token_table[ids] + position_table[-T:]"),
    "product-for-sum": _embed("token_table[ids] * position_table[:T]"),
    "joined-for-added": _embed("torch.cat([token_table[ids], position_table[:T].expand(B, T, -1)], dim=-1)"),
    "one-window-for-all": _embed("token_table[ids[0]] + position_table[:T]"),
    "other-sum": _embed("token_table[ids] - position_table[:T]"),
    "too-long-answered": _embed("token_table[ids] + position_table[torch.arange(T) % len(position_table)]", "pass"),
    "too-long-answered: the last row again": _embed(
        "token_table[ids] + position_table[torch.arange(T).clamp(max=len(position_table) - 1)]", "pass"
    ),
    "too-long-answered: with a sentence": _embed(refusal="if T > len(position_table): return 'too long'"),
    "too-long-answered: with nothing": _embed(refusal="if T > len(position_table): return None"),
    "cut-silently": _embed(
        "token_table[ids] + position_table[:T]", "ids = ids[:, : len(position_table)]; T = ids.shape[1]"
    ),
    "other-error": _embed(refusal="pass"),
    "other-error: index": _embed("token_table[ids] + position_table[torch.arange(T)]", "pass"),
    "error-says-nothing": _embed(refusal="if T > len(position_table): raise ValueError"),
    "error-says-nothing: a word": _embed(refusal="if T > len(position_table): raise ValueError('no')"),
    "other-error: an assertion": _embed(refusal="assert T <= len(position_table), 'the text is too long'"),
    "error-returned": _embed(refusal="if T > len(position_table): return ValueError('too long')"),
    "fitting-text-refused": _embed(refusal="if T >= len(position_table): raise ValueError('too long')"),
    "fitting-text-refused: vocabulary": _embed(refusal="if T > len(token_table): raise ValueError('too long')"),
    "fitting-text-refused: width": _embed(refusal="if T > position_table.shape[1]: raise ValueError('too long')"),
    "fitting-text-refused: windows": _embed(refusal="if len(ids) > len(position_table): raise ValueError('no')"),
    "fitting-text-refused: all ids": _embed(
        refusal="if ids.numel() > len(position_table): raise ValueError('too long')"
    ),
    "tied-to-the-example": _embed("(token_table[ids] + position_table[:T])[:2]"),
    "mutates-input": _embed(
        "token_table[ids] + position_table[:T]",
        "if T > len(position_table): raise ValueError('too long')\n    ids.zero_()",
    ),
}

UNUSUAL = [
    """
import torch

def embed_input(ids, token_table, position_table):
    if ids.size(1) > position_table.size(0):
        raise ValueError("the text is longer than the context")
    return torch.stack([torch.stack([token_table[i] + p for i, p in zip(row, position_table)]) for row in ids])
""",
    """
import torch
from torch.nn.functional import embedding

def embed_input(ids, token_table, position_table):
    B, T = ids.shape
    places = torch.arange(T).expand(B, T)
    if T > len(position_table):
        raise ValueError(f"T = {T} is too long")
    return embedding(ids, token_table).add(embedding(places, position_table))
""",
]

UNUSUAL.append(
    "class TooLong(ValueError):\n    pass\n"
    + _embed(refusal="if T > len(position_table): raise TooLong('the text is longer than the context')")
    + "\n"
)

NEAR_MISSES = {
    "tables-swapped": _embed("position_table[ids] + position_table[:T]"),
    "positions-missing": _embed("token_table[ids] * 1.5"),
    "tokens-missing": _embed("position_table[:T].expand(B, T, -1) * 2"),
    "place-by-id": _embed("token_table[ids] + position_table[ids % 2]"),
    "place-by-window": _embed("token_table[ids] + position_table[1]"),
    "places-from-one": _embed("token_table[ids] + position_table[2 : T + 2]"),
    "same-place-for-all": _embed("token_table[ids] + position_table.mean(dim=0)"),
    "places-backwards": _embed("token_table[ids] + position_table.flip(0)[:T]"),
    "last-places": _embed("token_table[ids] + position_table[-T:].flip(0)"),
    "product-for-sum": _embed("token_table[ids] - position_table[:T]"),
    "joined-for-added": _embed("torch.cat([token_table[ids]] * 3, dim=-1)"),
    "one-window-for-all": _embed("(token_table[ids] + position_table[:T]).sum(dim=-1)"),
    "other-sum": _embed("position_table[:T].add(token_table[ids])"),
    "too-long-answered": WRONG["cut-silently"],
    "cut-silently": WRONG["too-long-answered: the last row again"],
    "other-error": UNUSUAL[-1],
    "error-says-nothing": _embed(refusal="if T > len(position_table): raise ValueError('too long')"),
    "error-returned": WRONG["too-long-answered: with a sentence"],
    "fitting-text-refused": "def embed_input(ids, token_table, position_table):\n    B, T, D = ids.shape\n",
    "tied-to-the-example": WRONG["one-window-for-all"],
}

CRASHES = {
    "whole-position-table": _embed("token_table[ids] + position_table"),
    "windows-for-tokens": _embed("token_table[ids] + position_table[: len(ids)]"),
    "unpacking-count": "def embed_input(ids, token_table, position_table):\n    B, T, D = ids.shape\n    return ids",
    "ids-not-whole": _embed("token_table[ids.float()] + position_table[:T]"),
    "position-not-in-tensor": _embed("token_table[ids + 1] + position_table[:T]"),
    "table-for-ids": _embed("torch.nn.functional.embedding(token_table, ids) + position_table[:T]"),
    "joined-with-other-axes": _embed("torch.cat([token_table[ids], position_table[:T]], dim=-1)"),
    "rows-of-different-length": _embed("torch.cat([token_table[ids], position_table[None, :T]], dim=-1)"),
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"vocabulary size and context length swapped in the two tables": ("tables-swapped",)}

# The lesson's cells that drive an explorer with the answer.
# The bench never hands over a text that is too long, nor more than one window.
DRIVEN = {
    "explorer": "EmbeddingBench",
    "parts": ("probe, reference = EmbeddingBench(",),
    "unseen": frozenset(
        {
            *("too-long-answered", "cut-silently", "other-error", "error-says-nothing", "error-returned"),
            *("fitting-text-refused", "tied-to-the-example"),
        }
    ),
    "raises": (ValueError, TypeError, IndexError, RuntimeError),
}
