"""Mixture of experts: several feed-forward parts in a block, of which each token goes through a few (lesson 14).

A router, one matrix, gives every expert a logit for every token; the token goes through the experts of the largest
ones, and their outputs are added up in the shares that a softmax makes of these logits. So a model holds many more
parameters than it uses for one token. Nothing keeps a router from sending everything to the same few experts, which
then learn alone: that is what `balance_loss` is for.

Sources: Shazeer et al. 2017, "Outrageously large neural networks"; Fedus et al. 2021, "Switch transformers", section
2.2, for the loss; Jiang et al. 2024, "Mixtral of experts", for the softmax over the chosen ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from llmlab.gpt._vectors import require_vectors
from llmlab.gpt.config import GPTConfig, require_config
from llmlab.gpt.feed_forward import feed_forward_of
from llmlab.utils.arguments import as_count, require_kind
from llmlab.utils.modules import evaluation_mode, unwrapped

if TYPE_CHECKING:
    from llmlab.gpt.model import GPT


def route(router_logits: Tensor, experts_per_token: int) -> tuple[Tensor, Tensor]:
    """Choose for each token the experts with the largest logits, and the share of each in the sum.

    Args:
        router_logits: float, (N, n_experts), a row per token.
        experts_per_token: k.

    Returns:
        shares (N, k), float32 at least, rows sum to 1; and the numbers of the experts, int64 (N, k).

    Raises:
        TypeError, ValueError: logits that are no floats of this shape, or a k that is no count up to n_experts.

    >>> shares, chosen = route(torch.tensor([[0.0, 2.0, -1.0, 2.0]]), experts_per_token=2)
    >>> shares, sorted(chosen[0].tolist())
    (tensor([[0.5000, 0.5000]]), [1, 3])
    """
    require_kind("router_logits", router_logits, Tensor, "a tensor")
    if not router_logits.is_floating_point() or router_logits.dim() != 2:
        raise TypeError(
            f"router_logits must be floats of shape (N, n_experts), got {router_logits.dtype} of shape "
            f"{tuple(router_logits.shape)}: write .flatten(0, -2) to make one row per token"
        )
    if as_count("experts_per_token", experts_per_token) > router_logits.shape[1]:
        raise ValueError(f"experts_per_token={experts_per_token} is more than the {router_logits.shape[1]} experts")
    largest, chosen = router_logits.topk(experts_per_token, dim=-1)  # (N, k)
    return largest.softmax(dim=-1, dtype=torch.promote_types(largest.dtype, torch.float32)), chosen


class Experts(nn.Module):
    """Feed-forward parts side by side, and a router that sends each token through a few: (..., D) -> (..., D).

    Attributes:
        router: `nn.Linear` (D -> n_experts) without bias.
        experts: the feed-forward parts.
        router_logits: those of the newest call, (N, n_experts), for `balance_loss`; None before the first.
    """

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        require_config(config)
        if config.n_experts is None:
            raise ValueError("config.n_experts is None: give GPTConfig(..., n_experts=8), for example")
        self.experts_per_token = config.experts_used
        self.router = nn.Linear(config.d_model, config.n_experts, bias=False)
        self.experts = nn.ModuleList(feed_forward_of(config) for _ in range(config.n_experts))
        self.router_logits: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        require_vectors(x, self.router.weight)
        rows = x.reshape(-1, x.shape[-1])  # (N, D): a token goes its way alone, whatever sequence it is of
        self.router_logits = self.router(rows)  # (N, n_experts)
        shares, chosen = route(self.router_logits, self.experts_per_token)  # (N, k) each
        total = torch.zeros_like(rows)
        # Experts without a token run too: where processes train together, each weight needs a gradient from each.
        for number, expert in enumerate(self.experts):
            token, place = torch.where(chosen == number)  # (n,) each: which tokens, and in which column of `shares`
            total.index_add_(0, token, (shares[token, place, None] * expert(rows[token])).to(total))
        return total.view_as(x)

    def __getstate__(self) -> dict[str, Any]:
        """A copy begins without the newest logits: PyTorch copies no tensor that is the result of a computation."""
        return self.__dict__ | {"router_logits": None}


def balance_loss(model: GPT) -> Tensor | float:
    """How unevenly the routers shared out the tokens of the model's newest call: 1 for evenly, n_experts at the worst.

    For each layer n_experts · Σ fᵢ · pᵢ, where fᵢ is the share of all choices that fell on expert i, and pᵢ the mean of
    its probability (a softmax over all experts) over the tokens; then the mean over the layers. The choices have no
    gradient, the probabilities have: those of experts that are chosen too often are pushed down. A small multiple of it
    is added to the loss, as `train` does. 0.0 for a model without experts.

    Raises:
        TypeError: `model` is not a module.
        ValueError: the model has experts, and has not been called yet.
    """
    model = unwrapped(model)
    require_kind("model", model, nn.Module, "a GPT")
    losses = []
    for layer in _layers_of_experts(model):
        logits = _newest_logits(layer)
        chosen_often = _shares_of_choices(logits, layer.experts_per_token)  # (n_experts,)
        probable = logits.softmax(dim=-1, dtype=torch.promote_types(logits.dtype, torch.float32)).mean(dim=0)
        losses.append(len(probable) * chosen_often.to(probable) @ probable)
    return torch.stack(losses).mean() if losses else 0.0


@torch.no_grad()
def expert_loads(model: GPT, ids: Tensor) -> Tensor:
    """How often each expert of each layer is chosen: (..., T) token ids -> (n_layers, n_experts), rows sum to 1.

    Raises:
        TypeError, ValueError: `model` is no GPT with experts, or ids that it cannot read.
    """
    model = unwrapped(model)
    require_kind("model", model, nn.Module, "a GPT")
    layers = _layers_of_experts(model)
    if not layers:
        raise ValueError("the model has no experts: build it with GPTConfig(..., n_experts=8), for example")
    with evaluation_mode(model):
        model(ids)
    return torch.stack([_shares_of_choices(_newest_logits(layer), layer.experts_per_token) for layer in layers])


def _layers_of_experts(model: nn.Module) -> list[Experts]:
    return [module for module in model.modules() if isinstance(module, Experts)]


def _newest_logits(layer: Experts) -> Tensor:
    if layer.router_logits is None:
        raise ValueError("no router has chosen yet: call the model first, logits = model(ids)")
    return layer.router_logits


def _shares_of_choices(router_logits: Tensor, experts_per_token: int) -> Tensor:
    """Of all choices, those of each expert: (N, n_experts) -> (n_experts,), float32."""
    _, chosen = route(router_logits, experts_per_token)
    return torch.bincount(chosen.flatten(), minlength=router_logits.shape[1]).float() / chosen.numel()
