"""What several modules ask of tensors: one dtype and device, enough precision, a generator that can serve them."""

from __future__ import annotations

import torch
from torch import Tensor


def widened(x: Tensor) -> Tensor:
    """`x` in float32 at least: 16-bit floats are for holding numbers, sums of many need more.

    In float16 a running sum of ones stops at 2,048, and a dot product above 65,504 is infinite.
    """
    return x if x.dtype.itemsize >= 4 else x.float()


def require_alike(**tensors: Tensor) -> None:
    """Raise unless all are of one dtype (autocast sees to that itself) and on one device."""
    (first_name, first), *others = tensors.items()
    for name, other in others:
        if other.device != first.device:
            raise ValueError(
                f"{first_name} and {name} must be on one device, got {first.device} and {other.device}: write .to(...)"
            )
        if other.dtype != first.dtype and not torch.is_autocast_enabled(first.device.type):
            raise ValueError(
                f"{first_name} and {name} must have one dtype, got {first.dtype} and {other.dtype}: "
                f"write .to({first.dtype})"
            )


def require_generator(generator: torch.Generator | None, device: torch.device) -> None:
    """Raise unless `generator` is None or draws on a device like `device`."""
    if generator is None:
        return
    if not isinstance(generator, torch.Generator):
        raise TypeError(
            f"generator must be a torch.Generator, got {generator!r}: write torch.Generator().manual_seed(0)"
        )
    if generator.device.type != device.type:
        raise ValueError(
            f"generator draws on {generator.device}, the numbers are needed on {device}: "
            f"write torch.Generator({device.type!r}).manual_seed(0)"
        )
