"""Embeddings: from token ids to vectors that also say where each token stands (lesson 04).

A token embedding is a table with one row a token id; looking a row up is multiplying by a one-hot vector, only faster.
Because rows know nothing of order, something has to say which place a token has: a second table (learned), fixed waves
(sinusoidal), or a rotation of queries and keys (rotary). Word vectors that are trained on their own, word2vec's
`SkipGram`, live in `llmlab/_skipgram.py`.

This module does not tokenize, and it does not mix tokens: what comes out at a place depends on that place alone.

Tokens + learned positions as in GPT-2 (Radford et al. 2019); sinusoidal positions: Vaswani et al. 2017, section 3.5
(https://arxiv.org/abs/1706.03762); rotary positions: Su et al. 2021 (https://arxiv.org/abs/2104.09864).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmlab._checks import require_count, require_dropout, require_number
from llmlab._skipgram import SkipGram, SkipGramHistory, check_ids

__all__ = ["InputEmbedding", "SkipGram", "SkipGramHistory", "apply_rope", "one_hot_lookup", "sinusoidal_positions"]


class InputEmbedding(nn.Module):
    """Token vectors plus position vectors: what a GPT computes with in place of ids.

    (B, T) int64 ids -> (B, T, D) floats; leading axes are free. Both tables start from N(0, 1), drawn from PyTorch's
    global generator, the token table first.

    Args:
        vocab_size: V, rows of the token table.
        d_model: D, the width of a vector.
        context_length: the longest T, rows of the position table.
        positions: "learned", a table that is trained too; "sinusoidal", fixed waves; None, no positions (for models
            that rotate queries and keys instead, see `apply_rope`).
        dropout: share of the numbers set to zero in training mode.

    Attributes:
        token: `nn.Embedding` (V, D).
        position: `nn.Embedding` (context_length, D) if learned, a fixed tensor of that shape if sinusoidal, else None.

    Raises:
        TypeError: a size is not an int, or `ids` are not a tensor of integers.
        ValueError: a size below 1, an odd `d_model` with sinusoidal positions, another name of a scheme, `dropout`
            outside [0, 1); when called: an id outside the vocabulary, more than `context_length` tokens, or positions
            that do not fit.

    >>> embed = InputEmbedding(vocab_size=11, d_model=6, context_length=5)
    >>> embed(torch.tensor([[1, 4, 10], [0, 0, 7]])).shape
    torch.Size([2, 3, 6])
    >>> embed(torch.tensor([[3, 11]]))
    Traceback (most recent call last):
    ValueError: token id 11 is not in the vocabulary, whose ids reach from 0 to 10: does the table belong to ...
    """

    def __init__(
        self,
        vocab_size: int,
        d_model: int,
        context_length: int,
        positions: Literal["learned", "sinusoidal"] | None = "learned",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        for name, value in {"vocab_size": vocab_size, "d_model": d_model, "context_length": context_length}.items():
            require_count(name, value)
        require_dropout(dropout)
        if positions not in ("learned", "sinusoidal", None):
            raise ValueError(f'positions must be "learned", "sinusoidal" or None, got {positions!r}')
        self.context_length = context_length
        self.token = nn.Embedding(vocab_size, d_model)
        if positions == "learned":
            self.position = nn.Embedding(context_length, d_model)
        else:
            fixed = sinusoidal_positions(context_length, d_model) if positions else None
            self.register_buffer("position", fixed, persistent=False)  # moves with the model; nothing to save
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids: Tensor, at: Tensor | None = None) -> Tensor:
        """(B, T) -> (B, T, D). `at`: the position of each token, integers (T,) or (B, T); None counts from 0.

        A model that continues a text gives `at`, since its first new token does not stand at position 0.
        """
        _require_integers("ids", ids)
        if ids.dim() == 0:
            raise TypeError(f"ids must be integers of shape (B, T), got {ids.dtype} of shape {tuple(ids.shape)}")
        if at is None:
            at = torch.arange(ids.shape[-1], device=ids.device)
        else:
            _require_positions(at, ids)
        needed = int(at.max()) + 1 if at.numel() else 0
        if needed > self.context_length:
            raise ValueError(
                f"{needed} tokens are more than the context length {self.context_length}: cut the text into windows "
                "(lesson 03), or make the embedding with a larger context_length"
            )
        check_ids(ids, self.token.num_embeddings)
        vectors = self.token(ids.long())  # (B, T, D)
        if self.position is not None:
            table = self.position.weight if isinstance(self.position, nn.Embedding) else self.position
            vectors = vectors + table[at]  # (T, D) is added to each of the B rows
        return self.dropout(vectors)


def one_hot_lookup(ids: Tensor, weight: Tensor) -> Tensor:
    """The rows `weight[ids]`, the long way: one-hot vectors times the matrix.

    Equal to the lookup in values and in gradients, and slower by the size of the vocabulary.

    Args:
        ids: (...) integers.
        weight: (V, D).

    Returns:
        (..., D), of the dtype of `weight`.

    Raises:
        TypeError: the ids are not a tensor of integers, or the weight is not a tensor.
        ValueError: an id outside the table, or a weight that is not a table (V, D).

    >>> one_hot_lookup(torch.tensor([2, 0]), torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    tensor([[5., 6.],
            [1., 2.]])
    """
    _require_integers("ids", ids)
    _require_tensor("weight", weight)
    if weight.dim() != 2:
        raise ValueError(f"weight must be a table of shape (V, D), got shape {tuple(weight.shape)}")
    check_ids(ids, len(weight))
    one_hot = F.one_hot(ids.long(), len(weight)).to(weight.dtype)  # (..., V)
    return one_hot @ weight  # (..., D)


def sinusoidal_positions(T: int, D: int) -> Tensor:
    """Fixed position vectors (T, D): at place t, numbers 2i and 2i + 1 are sin and cos of t / 10000^(2i / D).

    Each pair is the hand of a clock. The first turns fastest, about once in six places; the last hardly moves.

    Raises:
        TypeError: a size is not an int.
        ValueError: a size below 1, or D odd.

    >>> sinusoidal_positions(2, 4)
    tensor([[0.0000, 1.0000, 0.0000, 1.0000],
            [0.8415, 0.5403, 0.0100, 0.9999]])
    """
    require_count("T", T)
    require_count("D", D)
    angles = torch.arange(T).double().outer(_frequencies(D, 10_000.0))  # (T, D / 2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2).to(torch.get_default_dtype())


def apply_rope(x: Tensor, positions: Tensor, theta: float = 10_000.0) -> Tensor:
    """Rotary positions: turn each pair of numbers (2i, 2i + 1) by an angle that grows with the token's position.

    Lengths stay as they are, and the dot product of two turned vectors depends on their positions only through the
    distance. Meant for queries and keys (lesson 05), not for the input.

    Args:
        x: (..., T, d), d even.
        positions: (..., T) integers or floats that broadcast against the leading axes of `x`.
        theta: the base of the wavelengths.

    Returns:
        the shape and dtype of `x`.

    Raises:
        TypeError: `x` is not a float tensor, the positions are not a tensor, or `theta` is no number.
        ValueError: d is odd, there are not T positions for each row, or `theta` is not positive.

    >>> apply_rope(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([0, 1]))
    tensor([[1.0000, 0.0000],
            [0.5403, 0.8415]])
    """
    _require_tensor("x", x)
    _require_tensor("positions", positions)
    if not x.is_floating_point():
        raise TypeError(f"x must be a float tensor, got {x.dtype}: write x.float()")
    if x.dim() < 2 or positions.dim() < 1 or not _expands(positions.shape, x.shape[:-1]):
        raise ValueError(
            f"x must be (..., T, d) and positions (..., T), got shapes {tuple(x.shape)} and {tuple(positions.shape)}"
        )
    require_number("theta", theta)
    if not theta > 0:
        raise ValueError(f"theta must be positive, got {theta}")
    frequencies = _frequencies(x.shape[-1], theta).to(x.device if x.device.type != "mps" else "cpu")
    angles = positions.to(frequencies)[..., None] * frequencies  # (..., T, d / 2), in double precision
    sin, cos = angles.sin().to(x), angles.cos().to(x)
    even, odd = x[..., 0::2], x[..., 1::2]  # (..., T, d / 2)
    turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1)
    return turned.flatten(-2)


def _require_tensor(name: str, value: Tensor) -> None:
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a tensor, got {type(value).__name__}: torch.tensor(...) makes one")


def _require_integers(name: str, value: Tensor) -> None:
    _require_tensor(name, value)
    if value.is_floating_point() or value.is_complex() or value.dtype == torch.bool:
        raise TypeError(f"{name} must be integers, got {value.dtype} of shape {tuple(value.shape)}")


def _require_positions(at: Tensor, ids: Tensor) -> None:
    _require_integers("positions", at)
    if at.dim() == 0 or at.shape[-1] != ids.shape[-1] or not _expands(at.shape, ids.shape):
        raise ValueError(f"positions must be (T,) or (B, T) for ids {tuple(ids.shape)}, got shape {tuple(at.shape)}")
    if at.numel() and at.min() < 0:
        raise ValueError(f"positions count from 0, got {int(at.min())}")


def _expands(shape: torch.Size, to: torch.Size) -> bool:
    """Whether a tensor of this shape broadcasts to `to`, its last axis as it is."""
    return (
        shape[-1] == to[-1]
        and len(shape) <= len(to)
        and all(size in (1, wanted) for size, wanted in zip(reversed(shape), reversed(to), strict=False))
    )


def _frequencies(width: int, base: float) -> Tensor:
    """Radians a position for each pair of numbers, (width / 2,), falling from 1 towards 1 / base."""
    if width % 2:
        raise ValueError(f"positions come in pairs of numbers, so the width must be even, got {width}")
    return base ** (-torch.arange(0, width, 2).double() / width)
