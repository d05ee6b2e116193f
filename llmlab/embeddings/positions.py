"""Where a token stands, as numbers: fixed waves to add to its vector, or a rotation of queries and keys.

Sources: Vaswani et al. 2017, section 3.5 (https://arxiv.org/abs/1706.03762); Su et al. 2021
(https://arxiv.org/abs/2104.09864).
"""

from __future__ import annotations

import torch
from torch import Tensor

from llmlab.embeddings._inputs import expands, require_tensor
from llmlab.utils.arguments import as_count, require_number


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
    T, D = as_count("T", T), as_count("D", D)
    angles = torch.arange(T).double().outer(_frequencies(D, 10_000.0))  # (T, D / 2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2).to(torch.get_default_dtype())


def apply_rope(x: Tensor, positions: Tensor, theta: float = 10_000.0) -> Tensor:
    """Rotary positions: turn each pair of numbers (2i, 2i + 1) by an angle that grows with the token's position.

    Lengths stay as they are, and the dot product of two turned vectors depends on their positions only through the
    distance. Meant for queries and keys (lessons 06, 14), not for the input.

    Args:
        x: (..., T, d), d even.
        positions: (..., T) integers or floats that broadcast against the leading axes of `x`.
        theta: the base of the wavelengths.

    Returns:
        the shape and dtype of `x`.

    Raises:
        TypeError: `x` is not a float tensor, the positions are not a tensor of integers or floats, or `theta` is no
            number.
        ValueError: d is odd, there are not T positions for each row, or `theta` is not positive.

    >>> apply_rope(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([0, 1]))
    tensor([[1.0000, 0.0000],
            [0.5403, 0.8415]])
    """
    require_tensor("x", x)
    require_tensor("positions", positions)
    if not x.is_floating_point():
        raise TypeError(f"x must be a float tensor, got {x.dtype}: write x.float()")
    if positions.dtype == torch.bool or positions.is_complex():
        raise TypeError(f"positions must be integers or floats, got {positions.dtype}")
    if x.dim() < 2 or positions.dim() < 1 or not expands(positions.shape, x.shape[:-1]):
        raise ValueError(
            f"x must be (..., T, d) and positions (..., T), got shapes {tuple(x.shape)} and {tuple(positions.shape)}"
        )
    require_number("theta", theta)
    if not theta > 0:
        raise ValueError(f"theta must be positive, got {theta}")
    return turn_pairs(x, rope_rotation(positions, x.shape[-1], theta, like=x))


def rope_rotation(positions: Tensor, width: int, theta: float, like: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine of each pair's angle, (..., T, width / 2) each, of the dtype and on the device of `like`.

    Several tensors at the same positions, such as the queries and keys of a layer, are turned with one rotation.
    """
    frequencies = _frequencies(width, theta).to(like.device if like.device.type != "mps" else "cpu")
    angles = positions.to(frequencies)[..., None] * frequencies  # (..., T, width / 2), in double precision
    return angles.cos().to(like), angles.sin().to(like)


def turn_pairs(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """(..., T, d) -> the same shape, each pair (2i, 2i + 1) turned by its angle."""
    cos, sin = rotation
    even, odd = x[..., 0::2], x[..., 1::2]  # (..., T, d / 2)
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


def _frequencies(width: int, base: float) -> Tensor:
    """Radians a position for each pair of numbers, (width / 2,), falling from 1 towards 1 / base."""
    if width % 2:
        raise ValueError(f"positions come in pairs of numbers, so the width must be even, got {width}")
    return base ** (-torch.arange(0, width, 2).double() / width)
