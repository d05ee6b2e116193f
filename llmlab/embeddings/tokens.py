"""A vector for each token id: the table with its positions, and the lookup written as a matrix product."""

from __future__ import annotations

from numbers import Integral
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from llmlab.embeddings._inputs import as_integers, check_ids, expands, require_tensor
from llmlab.embeddings.positions import sinusoidal_positions
from llmlab.utils.arguments import as_count, require_dropout


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

    >>> import torch
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
        vocab_size, d_model = as_count("vocab_size", vocab_size), as_count("d_model", d_model)
        context_length = as_count("context_length", context_length)
        require_dropout(dropout)
        if positions not in ("learned", "sinusoidal", None):
            raise ValueError(f'positions must be "learned", "sinusoidal" or None, got {positions!r}')
        self.context_length = context_length
        self.token = nn.Embedding(vocab_size, d_model)
        self.position: nn.Embedding | Tensor | None
        if positions == "learned":
            self.position = nn.Embedding(context_length, d_model)
        else:
            fixed = sinusoidal_positions(context_length, d_model) if positions else None
            self.register_buffer("position", fixed, persistent=False)  # moves with the model; nothing to save
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids: Tensor, at: Tensor | int | None = None) -> Tensor:
        """(B, T) -> (B, T, D).

        A model that continues a text gives `at`, since its first new token does not stand at position 0: the position
        of the first token, or of each, integers (T,) or (B, T). None counts from 0.
        """
        ids = as_integers("ids", ids)
        if ids.dim() == 0:
            raise TypeError(f"ids must be integers of shape (B, T), got {ids.dtype} of shape {tuple(ids.shape)}")
        at, needed = _checked_positions(0 if at is None else at, ids)
        if needed > self.context_length:
            raise ValueError(
                f"{needed} tokens are more than the context length {self.context_length}: cut the text into windows "
                "(lesson 03), or make the embedding with a larger context_length"
            )
        vectors = self._look_up(ids)  # (B, T, D)
        if self.position is not None:
            table = self.position.weight if isinstance(self.position, nn.Embedding) else self.position
            places = table[at] if isinstance(at, Tensor) else table[at:needed]
            vectors = vectors + places  # (T, D) is added to each of the B rows
        return self.dropout(vectors)

    def _look_up(self, ids: Tensor) -> Tensor:
        """The rows of the token table. On the CPU the lookup finds an id outside by itself; a GPU would only crash."""
        if ids.device.type != "cpu":
            check_ids(ids, self.token.num_embeddings)
        try:
            return self.token(ids)
        except IndexError:
            check_ids(ids, self.token.num_embeddings)
            raise


def one_hot_lookup(ids: Tensor, weight: Tensor) -> Tensor:
    """The rows `weight[ids]`, the long way: one-hot vectors times the matrix.

    Equal to the lookup in values and in gradients, and slower by the size of the vocabulary.

    Args:
        ids: (...) integers.
        weight: (V, D).

    Returns:
        (..., D), of the dtype of `weight`.

    Raises:
        TypeError: the ids are not a tensor of integers, or the weight is not one of floats.
        ValueError: an id outside the table, or a weight that is not a table (V, D).

    >>> import torch
    >>> one_hot_lookup(torch.tensor([2, 0]), torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    tensor([[5., 6.],
            [1., 2.]])
    """
    ids = as_integers("ids", ids)
    require_tensor("weight", weight)
    if not weight.is_floating_point():
        raise TypeError(f"weight must be a float tensor, got {weight.dtype}: write weight.float()")
    if weight.dim() != 2:
        raise ValueError(f"weight must be a table of shape (V, D), got shape {tuple(weight.shape)}")
    check_ids(ids, len(weight))
    one_hot = F.one_hot(ids, len(weight)).to(weight.dtype)  # (..., V)
    return one_hot @ weight  # (..., D)


def _checked_positions(at: Tensor | int, ids: Tensor) -> tuple[Tensor | int, int]:
    """The positions, and one more than the largest; raises unless they fit the ids."""
    if isinstance(at, Integral):
        at = as_count("positions", at, least=0)
        return at, at + ids.shape[-1]
    at = as_integers("positions", at)
    if at.dim() == 0 or at.shape[-1] != ids.shape[-1] or not expands(at.shape, ids.shape):
        raise ValueError(f"positions must be (T,) or (B, T) for ids {tuple(ids.shape)}, got shape {tuple(at.shape)}")
    if at.numel() and at.min() < 0:
        raise ValueError(f"positions count from 0, got {int(at.min())}")
    return at, int(at.max()) + 1 if at.numel() else 0
