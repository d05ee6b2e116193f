"""Preferences: of two answers to one question, the one that people like better is made more probable.

Source: Rafailov et al. 2023, "Direct Preference Optimization: Your Language Model is Secretly a Reward Model".
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from llmlab.training import IGNORED
from llmlab.utils.arguments import require_kind, require_number


def answer_log_probability(logits: Tensor, targets: Tensor) -> Tensor:
    """(B, T, V) and (B, T) -> (B,): the log probability of each row's answer, the sum over its tokens.

    Targets that are -100 are no part of it.

    Raises:
        TypeError: no tensors.
        ValueError: the shapes do not fit together.

    >>> import torch
    >>> answer_log_probability(torch.zeros(1, 3, 2), torch.tensor([[-100, 1, 0]]))  # two tokens at 1/2
    tensor([-1.3863])
    """
    for name, value in (("logits", logits), ("targets", targets)):
        require_kind(name, value, Tensor, "a tensor")
    if logits.dim() != 3 or logits.shape[:-1] != targets.shape:
        raise ValueError(
            f"logits (B, T, V) and targets (B, T) expected, got {tuple(logits.shape)} and {tuple(targets.shape)}"
        )
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none", ignore_index=IGNORED)  # (B, T)
    return -losses.sum(dim=-1)


def dpo_loss(
    chosen: Tensor, rejected: Tensor, reference_chosen: Tensor, reference_rejected: Tensor, beta: float = 0.1
) -> Tensor:
    """The mean over pairs of -log σ(β · ((chosen - reference_chosen) - (rejected - reference_rejected))).

    All four are log probabilities of whole answers, (B,): two from the model that learns, two from the one it started
    as. At the start the two models agree and the loss is ln 2.

    Args:
        beta: how much a step away from the reference counts: the larger, the nearer the model stays to it.

    Raises:
        TypeError: no tensors.
        ValueError: shapes that differ, or a beta that is not above 0.

    >>> import torch
    >>> dpo_loss(*torch.zeros(4, 1))
    tensor(0.6931)
    """
    values = {"chosen": chosen, "rejected": rejected}
    values |= {"reference_chosen": reference_chosen, "reference_rejected": reference_rejected}
    for name, value in values.items():
        require_kind(name, value, Tensor, "a tensor")
    if len({tuple(value.shape) for value in values.values()}) > 1:
        raise ValueError(f"the four must have one shape, got {[tuple(value.shape) for value in values.values()]}")
    require_number("beta", beta)
    if not beta > 0:
        raise ValueError(f"beta must be above 0, got {beta}")
    margin = (chosen - reference_chosen) - (rejected - reference_rejected)
    return -F.logsigmoid(beta * margin).mean()
