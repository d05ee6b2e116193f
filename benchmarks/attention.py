"""Multi-head attention beside its peers: PyTorch's fused call, `nn.MultiheadAttention`, and the book's package.

The shapes are those of GPT-2's smallest model: B=8, D=768, H=12, at T=256 and T=1,024, causal, float32, all cores. Each
peer has our weights where it can take them, and must return our output before it is timed.

    python benchmarks/attention.py       results/attention.md and results/attention.json

The book's package is installed without its dependencies: pip install --no-deps -r benchmarks/requirements.txt
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from _pairs import Table, compare, wall_time
from torch import Tensor, nn

from llmlab.attention import MultiHeadAttention, causal_mask

B, D, H = 8, 768, 12
Module = Callable[[Tensor], Tensor]


class Fused(nn.Module):
    """The floor: the same two projections around PyTorch's fused attention, and nothing else."""

    def __init__(self, ours: MultiHeadAttention) -> None:
        super().__init__()
        self.qkv, self.out = ours.qkv, ours.out_proj

    def forward(self, x: Tensor) -> Tensor:
        B, T, D = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, H, D // H).permute(2, 0, 3, 1, 4)
        return self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, D))


def pytorch_module(ours: MultiHeadAttention, T: int) -> Module:
    module = nn.MultiheadAttention(D, H, bias=True, batch_first=True)
    with torch.no_grad():
        module.in_proj_weight.copy_(ours.qkv.weight)
        module.in_proj_bias.zero_()
        module.out_proj.load_state_dict(ours.out_proj.state_dict())
    hidden = ~causal_mask(T)
    return lambda x: module(x, x, x, attn_mask=hidden, is_causal=True, need_weights=False)[0]


def book_module(ours: MultiHeadAttention, T: int) -> Module:
    from llms_from_scratch import ch03

    module = ch03.MultiHeadAttention(D, D, T, dropout=0.0, num_heads=H)
    with torch.no_grad():
        for linear, weight in zip(
            (module.W_query, module.W_key, module.W_value), ours.qkv.weight.split(D), strict=True
        ):
            linear.weight.copy_(weight)
        module.out_proj.load_state_dict(ours.out_proj.state_dict())
    return module


def forward(module: Module, x: Tensor) -> Callable[[], object]:
    def run() -> None:
        with torch.no_grad():
            module(x)

    return run


def forward_and_backward(module: Module, x: Tensor) -> Callable[[], object]:
    def run() -> None:
        module(x.requires_grad_()).sum().backward()
        x.grad = None

    return run


def measure(table: Table, T: int) -> float:
    """The rows of one length; returns the largest difference between a peer's output and ours."""
    torch.manual_seed(0)
    ours, x = MultiHeadAttention(D, D, T, H), torch.randn(B, T, D)
    peers = {
        "PyTorch's fused attention": Fused(ours),
        "`nn.MultiheadAttention`": pytorch_module(ours, T),
        "ours with weights": lambda x: ours(x, return_weights=True)[0],
    }
    with table.part("`llms-from-scratch`"):
        peers["`llms-from-scratch`"] = book_module(ours, T)
    difference = 0.0
    with torch.no_grad():
        expected = ours(x)
        for name, peer in peers.items():
            largest = (peer(x) - expected).abs().max().item()
            assert largest < 1e-5, f"{name} computes something else: {largest}"
            difference = max(difference, largest)
    for work in (forward, forward_and_backward):
        for name, peer in peers.items():
            floor = name.startswith("PyTorch's")
            label = f"{work.__name__.replace('_', ' ')}, T={T:,} / {name}"
            goal, repeats = ("interval includes 1", 15) if floor else ("", 7)
            table.rows.append(compare(label, work(ours, x), work(peer, x), goal, clock=wall_time, repeats=repeats))
    return difference


def main() -> None:
    title, packages = "Multi-head attention: our speed beside its peers'", ("torch", "llms-from-scratch")
    with Table("attention", title, packages, clock="Times on the clock") as table:
        difference = max(measure(table, T) for T in (256, 1024))
        table.note(
            f"B={B}, D={D}, H={H}, float32, {torch.get_num_threads()} threads. "
            f"Largest difference between the outputs: {difference:.1e}."
        )


if __name__ == "__main__":
    main()
