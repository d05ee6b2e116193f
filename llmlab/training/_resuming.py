"""The state of a run: what a checkpoint holds beside the weights, and how a run goes on from it."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from llmlab.gpt import GPT
from llmlab.training._batches import Batches, places_kept
from llmlab.training._checkpoints import load_training, load_weights
from llmlab.training._processes import of_the_first
from llmlab.training.config import History, TrainConfig
from llmlab.training.loss import evaluate

_PARTS = {"steps", "optimizer", "place", "random", "history"}


class Best:
    """The weights of the lowest validation loss so far, in the computer's memory."""

    def __init__(self, kept: bool) -> None:
        self.kept = kept
        self.loss, self.step = math.inf, -1
        self.weights: dict[str, Tensor] | None = None

    @property
    def figures(self) -> tuple[int, float] | None:
        """Step and validation loss of the weights; None before the first."""
        return None if self.weights is None else (self.step, self.loss)

    def offer(self, loss: float, step: int, model: GPT) -> None:
        """Keep the model's weights, if they are asked for and better."""
        if self.kept and loss < self.loss:  # which NaN is not
            self.loss, self.step = loss, step
            self.weights = {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}


def run_state(
    model: GPT, optimizer: torch.optim.Optimizer, batches: Batches, history: History, config: TrainConfig, best: Best
) -> dict[str, Any]:
    """What a run needs to go on, beside the weights that the checkpoint holds for use."""
    state = {"steps": config.steps, "optimizer": optimizer.state_dict(), "place": batches.place()}
    state |= {"random": _random_state(next(model.parameters()).device), "history": vars(history)}
    state["settings"] = {name: value for name, value in vars(config).items() if name != "checkpoint"}
    if best.weights is not None:
        state["best"] = {"loss": best.loss, "step": best.step}
        if best.step != len(history.loss):  # the checkpoint holds the best ones, the run goes on from these
            state["weights"] = model.state_dict()
    return state


def load_run(folder: Path) -> dict[str, Any]:
    """What `run_state` made.

    Raises:
        FileNotFoundError, ValueError: no checkpoint there, a damaged one, or one of no run of `train`.
    """
    state = load_training(folder)
    if not isinstance(state, dict) or not state.keys() >= _PARTS:
        raise ValueError(f"the checkpoint {folder} does not hold the state of a run of train: nothing to resume")
    return state


def resume(
    folder: Path,
    model: GPT,
    optimizer: torch.optim.Optimizer,
    batches: Batches,
    config: TrainConfig,
    best: Best,
    validation: Iterable[tuple[Tensor, Tensor]] | None,
) -> History:
    """Put model, optimizer, batches and random state back to where the checkpoint was written.

    The best weights are measured again: the validation may be another one by now, and losses on two texts cannot be
    compared.

    Raises:
        FileNotFoundError, ValueError: no checkpoint there, a damaged one, one of another model, or of no run of
            `train`; or one with more steps than this run shall have.
    """
    state = load_run(folder)
    history = History(**copy.deepcopy(state["history"]) | {"interrupted": False})
    if len(history.loss) > config.steps:
        raise ValueError(
            f"the checkpoint {folder} has {len(history.loss)} steps behind it, and this run shall have {config.steps} "
            "in all: ask for more"
        )
    if state["place"]["loader"] is not None and getattr(batches.loader, "generator", None) is None:
        raise ValueError("the run to go on with drew its order from the loader's own generator: give train_loader one")
    load_weights(folder, model)
    history.best = None
    if validation is not None and state.get("best") and best.kept:
        with places_kept(validation):
            best.offer(of_the_first(evaluate(model, validation)), state["best"]["step"], model)
        history.best = best.figures
    if state.get("weights"):
        model.load_state_dict(state["weights"])
    optimizer.load_state_dict(state["optimizer"])
    optimizer.param_groups[0]["weight_decay"] = config.weight_decay  # that of this run, should it be another
    batches.go_to(state["place"])
    torch.set_rng_state(state["random"]["cpu"])
    for kind, module in (("cuda", torch.cuda), ("mps", torch.mps)):
        if state["random"].get(kind) is not None and next(model.parameters()).device.type == kind:
            module.set_rng_state(state["random"][kind])
    return history


def _random_state(device: torch.device) -> dict[str, Tensor | None]:
    """What dropout draws from."""
    cuda = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    mps = torch.mps.get_rng_state() if device.type == "mps" else None
    return {"cpu": torch.get_rng_state(), "cuda": cuda, "mps": mps}
