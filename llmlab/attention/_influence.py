"""Which inputs reach which outputs, found by trying (lesson 07). Its public home is `llmlab.attention`."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

ROUNDING = 64  # in units of the last digit of the largest output: what cancels on paper leaves that much in floats
PERTURBATIONS = 3  # a change may happen to leave an output where it was; that three do so is not chance


@torch.no_grad()
def influence_map(attend: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Perturb one input at a time and note which outputs move.

    Nothing is assumed about `attend`: a module, a function, one that looks ahead by mistake. A causal layer that uses
    all it may use has an exactly lower-triangular map. Take it around `x = zeros` as well: a mask that is built from
    the scores vanishes there.

    Args:
        attend: takes (T, D) and returns (T_output, d), or a tuple that begins with it.
        x: the inputs to perturb, float32 or float64, shape (T, D).

    Returns:
        bool, shape (T_output, T): [i, j] is True when output i depends on input j. Differences in the last digits are
        rounding and do not count; NaN counts as equal to NaN.

    Raises:
        TypeError: `attend` cannot be called, or `x` or what `attend` returns is not a float tensor, or one of 16 bits,
            which are too few to tell an influence from rounding.
        ValueError: a shape other than these, or `attend` gives two answers for one input (dropout left on).

    >>> influence_map(lambda x: x.cumsum(0), torch.ones(3, 2)).int()
    tensor([[1, 0, 0],
            [1, 1, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    if not callable(attend):
        raise TypeError(f"attend must be a function or a module, got {type(attend).__name__}")
    _require_rows("x", x)
    before = _outputs(attend, x)
    if _moved(before, _outputs(attend, x)).any():
        raise ValueError("attend gives two different answers for the same x: switch dropout off with .eval()")

    generator = torch.Generator().manual_seed(0)
    reaches = torch.zeros(len(before), len(x), dtype=torch.bool, device=before.device)
    for j in range(len(x)):
        for _ in range(PERTURBATIONS):
            perturbed = x.clone()
            perturbed[j] += torch.randn(x.shape[1], generator=generator).to(x)
            reaches[:, j] |= _moved(before, _outputs(attend, perturbed))
    return reaches


def _outputs(attend: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """(T_output, d); `attend` gets a copy, in case it writes into what it is given."""
    outputs = attend(x.clone())
    if isinstance(outputs, tuple):
        outputs = outputs[0]
    _require_rows("what attend returns", outputs)
    return outputs


def _moved(before: Tensor, after: Tensor) -> Tensor:
    if before.shape != after.shape:
        raise ValueError(f"attend returned shape {tuple(before.shape)} first and {tuple(after.shape)} after a change")
    rounding = ROUNDING * torch.finfo(before.dtype).eps * before.nan_to_num(0, 0, 0).abs().max()
    same = ((before - after).abs() <= rounding) | (before == after) | (before.isnan() & after.isnan())
    return ~same.all(dim=-1)


def _require_rows(name: str, value: Tensor) -> None:
    if not isinstance(value, Tensor) or not value.is_floating_point():
        kind = value.dtype if isinstance(value, Tensor) else type(value).__name__
        raise TypeError(f"{name} must be a float tensor, got {kind}")
    if value.dtype.itemsize < 4:
        raise TypeError(
            f"{name} must be float32 or float64, got {value.dtype}, too coarse to tell an influence from rounding: "
            "write .float() behind the module and its input"
        )
    if value.dim() != 2 or not len(value):
        raise ValueError(f"{name} must have shape (T, D) with at least one row, got {tuple(value.shape)}")
