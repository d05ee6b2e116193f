"""How to train, and what a run records; needs no PyTorch."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from llmlab.utils.arguments import require_count, require_number


@dataclass(frozen=True)
class TrainConfig:
    """How to train.

    Args:
        steps: updates of the weights, over as many epochs as that takes.
        learning_rate: the highest, reached after the warm-up.
        warmup_steps: updates in which the learning rate grows from almost 0 to its highest.
        final_learning_rate: the lowest, reached along a cosine at the last step, as a share of the highest.
        weight_decay: share, times the learning rate, by which weight matrices shrink at each update.
        clip_norm: a gradient that is longer is shortened to this length.
        evaluate_every: updates between two measurements of the validation loss.
        checkpoint: folder for checkpoints: one at the end, and one when the run is interrupted.
        save_every: updates between two checkpoints on the way; None for none.
        keep_best: whether model and checkpoint hold, at the end, the weights of the lowest validation loss.
        accumulate: batches in each update. Their gradients are added up: as one batch that is so many times as large,
            but for rounding, in the memory of one.
        balance_weight: for a model with experts, how much `llmlab.gpt.balance_loss` counts in what is minimized, beside
            the loss; 0 leaves the routers alone. What is recorded is the loss without it.

    NumPy's numbers are kept as Python's.

    Raises:
        TypeError, ValueError: a setting out of range.
    """

    steps: int = 500
    learning_rate: float = 1e-3
    warmup_steps: int = 20
    final_learning_rate: float = 0.1
    weight_decay: float = 0.1
    clip_norm: float = 1.0
    evaluate_every: int = 50
    checkpoint: str | Path | None = None
    save_every: int | None = None
    keep_best: bool = False
    accumulate: int = 1
    balance_weight: float = 0.01

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("warmup_steps", 0), ("evaluate_every", 1), ("accumulate", 1)):
            require_count(name, getattr(self, name), least)
            object.__setattr__(self, name, int(getattr(self, name)))
        for name in ("learning_rate", "final_learning_rate", "weight_decay", "clip_norm", "balance_weight"):
            require_number(name, getattr(self, name))
            object.__setattr__(self, name, float(getattr(self, name)))
        for name in ("learning_rate", "clip_norm"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("learning_rate", "weight_decay", "balance_weight"):  # a clip_norm of inf clips nothing
            if math.isinf(getattr(self, name)):
                raise ValueError(f"{name} must be finite, got {getattr(self, name)}")
        if not 0 <= self.final_learning_rate <= 1:
            raise ValueError(f"final_learning_rate is a share from 0 to 1, got {self.final_learning_rate}")
        for name in ("weight_decay", "balance_weight"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        if not isinstance(self.checkpoint, str | Path | None):
            raise TypeError(f"checkpoint must be a folder, got {self.checkpoint!r} ({type(self.checkpoint).__name__})")
        if self.save_every is not None:
            require_count("save_every", self.save_every)
            object.__setattr__(self, "save_every", int(self.save_every))
            if self.checkpoint is None:
                raise ValueError(f"save_every={self.save_every} needs a folder: give checkpoint=...")
        if not isinstance(self.keep_best, bool):
            raise TypeError(f"keep_best must be True or False, got {self.keep_best!r}")


@dataclass
class History:
    """What a run recorded. The lists of one value per step are equally long.

    Attributes:
        loss: of each step's batch, before its update, in nats per token.
        learning_rate: of each step.
        gradient_norm: of each step, before clipping.
        validation: pairs (steps done, validation loss).
        interrupted: whether the run was stopped by Ctrl-C.
        best: with `keep_best`, (steps done, validation loss) of the weights that are kept; None before the first.
    """

    loss: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    interrupted: bool = False
    best: tuple[int, float] | None = None


class LossNotFinite(ArithmeticError):
    """The loss became NaN or infinite; `history` holds the steps before.

    The weights are those before the step, or, with `keep_best`, the best; these are also in the checkpoint.
    """

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


class CheckpointNotSaved(OSError):
    """A checkpoint could not be written; `history` holds all steps, and the model the weights after them."""

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history
