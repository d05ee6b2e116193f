"""LoRA: the weights stay, and a product of two thin matrices is learned beside them.

Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from llmlab.gpt.model import GPT
from llmlab.utils.arguments import as_count, require_kind, require_number
from llmlab.utils.modules import unwrapped

PARTS = ("qkv", "out_proj", "expand", "contract")  # the linear layers of a block


class LoRALinear(nn.Linear):
    """A linear layer with a learned addition: x Wᵀ + bias + scale · x Aᵀ Bᵀ, with W and bias frozen.

    A (rank, d_in) is drawn and B (d_out, rank) starts at zero, so at first the layer computes what it did. In the end W
    + scale · B A is one matrix of the old shape: see `merged`.

    Args:
        linear: the layer; its weight is shared, not copied, and no longer trained.
        rank: r, the width of the two.
        alpha: the addition is scaled by alpha / rank; None for 2 · rank, a scale of 2.
        generator: source of A; None for PyTorch's global one.

    Raises:
        TypeError, ValueError: no linear layer, or a rank that is no count or larger than the matrix allows.

    >>> layer = LoRALinear(nn.Linear(5, 7), rank=2)
    >>> sum(parameter.numel() for parameter in layer.parameters() if parameter.requires_grad)
    24
    """

    def __init__(
        self, linear: nn.Linear, rank: int, alpha: float | None = None, generator: torch.Generator | None = None
    ) -> None:
        require_kind("linear", linear, nn.Linear, "a linear layer")
        if isinstance(linear, LoRALinear):
            raise TypeError("this layer has a LoRA already: merge_lora or remove_lora first")
        rank = as_count("rank", rank)
        d_out, d_in = linear.weight.shape
        if rank > min(d_in, d_out):
            raise ValueError(f"rank must be at most {min(d_in, d_out)} for a matrix of {d_out} × {d_in}, got {rank}")
        if alpha is not None:
            require_number("alpha", alpha)
        super().__init__(d_in, d_out, bias=linear.bias is not None, device="meta")  # takes the layer's own, below
        self.weight, self.bias = linear.weight.requires_grad_(False), linear.bias
        if self.bias is not None:
            self.bias.requires_grad_(False)
        self.rank, self.scale = rank, 2.0 if alpha is None else alpha / rank
        drawn = torch.randn(rank, d_in, generator=generator) / math.sqrt(d_in)
        self.A = nn.Parameter(drawn.to(linear.weight))  # (r, d_in)
        self.B = nn.Parameter(linear.weight.new_zeros(d_out, rank))  # (d_out, r)

    def forward(self, x: Tensor) -> Tensor:
        """(..., d_in) -> (..., d_out)."""
        return super().forward(x) + self.scale * (x @ self.A.T) @ self.B.T

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """An ordinary layer that computes the same, at the cost of an ordinary layer."""
        layer = self.plain()
        layer.weight = nn.Parameter(self.weight + self.scale * self.B @ self.A)
        return layer

    def plain(self) -> nn.Linear:
        """The layer as it was before."""
        layer = nn.Linear(self.in_features, self.out_features, bias=self.bias is not None, device="meta")
        layer.weight, layer.bias = self.weight, self.bias
        return layer


def add_lora(
    model: GPT,
    rank: int,
    alpha: float | None = None,
    parts: Sequence[str] = PARTS,
    generator: torch.Generator | None = None,
) -> GPT:
    """Freeze the model and give each linear layer of its blocks that `parts` names a LoRA, in place; returns the model.

    Raises:
        TypeError, ValueError: not a GPT, a part that no block has, or what `LoRALinear` refuses.
    """
    model = unwrapped(model)
    require_kind("model", model, GPT, "a GPT")
    found = [
        (owner, name, layer)
        for owner in model.blocks.modules()
        for name, layer in owner.named_children()
        if name in parts and isinstance(layer, nn.Linear)
    ]
    missing = [part for part in parts if part not in {name for _, name, _ in found}]
    if missing or not found:
        raise ValueError(f"no block has a linear layer {missing[0] if missing else 'to add to'!r}: known are {PARTS}")
    layers = [(owner, name, LoRALinear(layer, rank, alpha, generator)) for owner, name, layer in found]
    model.requires_grad_(False)
    for owner, name, layer in layers:
        setattr(owner, name, layer)
    return model


def merge_lora(model: GPT) -> GPT:
    """Replace each LoRA of the model by one ordinary layer that computes the same, in place; returns the model."""
    return _replaced(model, LoRALinear.merged)


def remove_lora(model: GPT) -> GPT:
    """Take each LoRA off again, in place: the model is what it was before `add_lora`; returns the model."""
    return _replaced(model, LoRALinear.plain)


def _replaced(model: GPT, by: Callable[[LoRALinear], nn.Linear]) -> GPT:
    model = unwrapped(model)
    require_kind("model", model, GPT, "a GPT")
    found = [
        (owner, name, layer)
        for owner in model.modules()
        for name, layer in owner.named_children()
        if isinstance(layer, LoRALinear)
    ]
    if not found:
        raise ValueError("this model has no LoRA: add_lora(model, rank) gives it one")
    for owner, name, layer in found:
        setattr(owner, name, by(layer))
    return model.requires_grad_(True)


def trained_parameters(model: nn.Module) -> int:
    """How many numbers training changes.

    >>> trained_parameters(nn.Linear(5, 7))
    42
    """
    require_kind("model", model, nn.Module, "a model")
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
