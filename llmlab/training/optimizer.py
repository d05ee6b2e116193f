"""The optimizer of a training run (Loshchilov and Hutter 2019)."""

from __future__ import annotations

import torch
from torch import nn

from llmlab.training.config import TrainConfig


def make_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW; only matrices that multiply vectors shrink: no bias, no norm, no embedding (nor a head tied to one)."""
    tables = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    matrices = [m.weight for m in model.modules() if isinstance(m, nn.Linear) and id(m.weight) not in tables]
    shrinking = {id(weight) for weight in matrices}
    others = [parameter for parameter in model.parameters() if id(parameter) not in shrinking]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
    # One pass over all weights instead of one operation after the other.
    fused = next(model.parameters()).device.type in ("cpu", "cuda")
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.95), fused=fused)
