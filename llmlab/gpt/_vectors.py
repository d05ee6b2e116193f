"""The check of vectors that the parts of a GPT make in the same words."""

from __future__ import annotations

from torch import Tensor

from llmlab.utils.tensors import require_alike


def require_vectors(x: Tensor, weight: Tensor) -> None:
    """Raise unless `x` is (..., D) for a weight that reads D numbers, of its dtype and on its device."""
    width = weight.shape[-1]
    if not isinstance(x, Tensor) or not x.is_floating_point():
        kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"x must be a float tensor of shape (..., {width}), got {kind}: token ids are embedded first")
    if x.shape[-1:] != (width,):
        raise ValueError(f"x must be {width} wide, shape (..., {width}), got shape {tuple(x.shape)}")
    if x.dtype != weight.dtype or x.device != weight.device:
        require_alike(weight=weight, x=x)
