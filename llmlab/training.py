"""Training a GPT: the loss on every position, the loop, the schedule, checkpoints (lesson 08).

    model = GPT(GPTConfig(vocab_size=len(tokenizer), context_length=64, d_model=128, n_heads=4, n_layers=4))
    history = train(model, loader, TrainConfig(steps=500), validation=validation_loader)

The same loop runs in one process and, under `torchrun`, in several, one GPU each or several on the CPU: PyTorch's
DistributedDataParallel averages the gradients, and each process takes its share of the rows of every batch.

    python -m llmlab.training --text toy-world --out run
    torchrun --nproc-per-node 2 -m llmlab.training --text toy-world --out run

What is not here: mixed precision beyond bfloat16 autocast on a GPU, sharded weights, hyper-parameter search.

Sources: Loshchilov and Hutter 2019 for AdamW, 2017 for the cosine schedule; Pascanu et al. 2013 for clipping; the
settings are those of GPT-3's smallest models (Brown et al. 2020, appendix B), scaled down.
"""

from __future__ import annotations

import contextlib
import math
import random
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader

from llmlab._checkpoints import load_checkpoint, load_training, load_weights, save_checkpoint
from llmlab._checks import require_count, require_kind, require_number
from llmlab._training_batches import Batches
from llmlab.bpe import BPETokenizer
from llmlab.gpt import GPT
from llmlab.windows import SEPARATOR

__all__ = [
    "History",
    "TrainConfig",
    "evaluate",
    "learning_rate_at",
    "load_checkpoint",
    "next_token_loss",
    "save_checkpoint",
    "split_documents",
    "train",
]


IGNORED = -100  # a target that counts for nothing: PyTorch's own default


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

    def __post_init__(self) -> None:
        require_count("steps", self.steps)
        require_count("warmup_steps", self.warmup_steps, least=0)
        require_count("evaluate_every", self.evaluate_every)
        for name in ("learning_rate", "final_learning_rate", "weight_decay", "clip_norm"):
            require_number(name, getattr(self, name))
        for name in ("learning_rate", "clip_norm"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("learning_rate", "weight_decay"):  # a clip_norm of inf clips nothing
            if math.isinf(getattr(self, name)):
                raise ValueError(f"{name} must be finite, got {getattr(self, name)}")
        if not 0 <= self.final_learning_rate <= 1:
            raise ValueError(f"final_learning_rate is a share from 0 to 1, got {self.final_learning_rate}")
        if not self.weight_decay >= 0:
            raise ValueError(f"weight_decay must be at least 0, got {self.weight_decay}")
        if not isinstance(self.checkpoint, str | Path | None):
            raise TypeError(f"checkpoint must be a folder, got {self.checkpoint!r} ({type(self.checkpoint).__name__})")
        if self.save_every is not None:
            require_count("save_every", self.save_every)
            if self.checkpoint is None:
                raise ValueError(f"save_every={self.save_every} needs a folder: give checkpoint=...")


@dataclass
class History:
    """What a run recorded. The lists of one value a step are equally long.

    Attributes:
        loss: of each step's batch, before its update, in nats a token.
        learning_rate: of each step.
        gradient_norm: of each step, before clipping.
        validation: pairs (steps done, validation loss).
        interrupted: whether the run was stopped by Ctrl-C.
    """

    loss: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    interrupted: bool = False


class LossNotFinite(ArithmeticError):
    """The loss became NaN or infinite; `history` holds the steps before, and the weights are those before the step."""

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


def next_token_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of logits (B, T, V) and target ids (B, T), averaged over every position of every window.

    The targets are already shifted by one (`llmlab.windows`); nothing is shifted here. Positions whose target is -100
    are left out, which is how padding is ignored.

    Raises:
        TypeError: logits that are not a float tensor, or targets that are not integers.
        ValueError: the shapes do not fit together.
        IndexError: a target outside the vocabulary.

    >>> next_token_loss(torch.zeros(2, 3, 7), torch.zeros(2, 3, dtype=torch.int64))  # no preference: ln 7
    tensor(1.9459)
    """
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        raise TypeError(f"logits must be a float tensor, got {_kind(logits)}")
    if not isinstance(targets, Tensor) or targets.is_floating_point():
        raise TypeError(f"targets must be a tensor of integers, got {_kind(targets)}")
    if logits.dim() < 2 or logits.shape[:-1] != targets.shape:
        raise ValueError(
            f"logits (B, T, V) and targets (B, T) expected, got {tuple(logits.shape)} and {tuple(targets.shape)}"
        )
    try:
        return F.cross_entropy(logits.flatten(0, -2), targets.flatten())
    except IndexError as error:  # "Target 9 is out of bounds."
        raise IndexError(f"{error} The logits are of {logits.shape[-1]} tokens, with ids from 0") from None


def learning_rate_at(step: int, config: TrainConfig) -> float:
    """The learning rate of update number `step`, counted from 0: up in a straight line, then down along a cosine.

    >>> config = TrainConfig(steps=100, learning_rate=1.0, warmup_steps=10, final_learning_rate=0.1)
    >>> [round(learning_rate_at(step, config), 2) for step in (0, 9, 10, 54, 99)]
    [0.1, 1.0, 1.0, 0.56, 0.1]

    Raises:
        ValueError: the step is below 0.
    """
    if step < 0:
        raise ValueError(f"step must be at least 0, got {step}: the first update is number 0")
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    way = (step - config.warmup_steps) / max(1, config.steps - 1 - config.warmup_steps)  # from 0 to 1
    share = config.final_learning_rate + (1 - config.final_learning_rate) * (1 + math.cos(math.pi * min(1, way))) / 2
    return config.learning_rate * share


def split_documents(
    text: str, validation_share: float = 0.1, *, seed: int = 0, separator: str = SEPARATOR
) -> tuple[str, str]:
    """Training text and validation text, from whole documents chosen at random: no document is in both.

    Raises:
        TypeError: the text is not a str, or the share not a number.
        ValueError: the share is not between 0 and 1, or there are fewer than two documents.

    >>> split_documents("a<|endoftext|>b<|endoftext|>c<|endoftext|>d", 0.25)
    ('a<|endoftext|>b<|endoftext|>c', 'd')
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}: join documents with {separator!r}")
    require_number("validation_share", validation_share)
    if not 0 < validation_share < 1:
        raise ValueError(f"validation_share must be between 0 and 1, got {validation_share}")
    documents = [document for document in text.split(separator) if document.strip()]
    if len(documents) < 2:
        raise ValueError(f"at least two documents are needed, separated by {separator!r}, got {len(documents)}")
    n_validation = min(max(1, round(validation_share * len(documents))), len(documents) - 1)
    chosen = set(random.Random(seed).sample(range(len(documents)), n_validation))
    parts = ([d for i, d in enumerate(documents) if (i in chosen) == wanted] for wanted in (False, True))
    training, validation = (separator.join(part) for part in parts)
    return training, validation


@torch.no_grad()
def evaluate(model: nn.Module, loader: DataLoader) -> float:
    """The mean loss over all windows of `loader`, in nats a token, in evaluation mode; the mode is put back after.

    Positions whose target is -100 are left out.

    Raises:
        TypeError: the model or the loader is something else.
        ValueError: there is nothing to measure on.
    """
    require_kind("model", model, nn.Module, "a GPT")
    require_kind("loader", loader, Iterable, "a DataLoader")
    device, was_training = next(model.parameters()).device, model.training
    model.eval()
    total = count = 0.0
    try:
        for inputs, targets in loader:
            n_counted = int((targets != IGNORED).sum())
            if n_counted:
                total += next_token_loss(model(inputs.to(device)), targets.to(device)).item() * n_counted
            count += n_counted
    finally:
        model.train(was_training)
    if not count:
        raise ValueError("the loader has no batch to evaluate on: use a longer text or a smaller batch_size")
    return total / count


def train(
    model: GPT,
    train_loader: DataLoader,
    config: TrainConfig,
    *,
    validation: DataLoader | None = None,
    resume_from: str | Path | None = None,
    progress: bool = True,
    tokenizer: BPETokenizer | None = None,
    on_evaluation: Callable[[History], None] | None = None,
) -> History:
    """Train `model` in place, on the device where it is.

    Ctrl-C stops after the step in hand and keeps what was learned. Shuffling and dropout draw from the loader's
    generator and PyTorch's global one, which a resumed run puts back to where they were. Under `torchrun`, call
    `torch.distributed.init_process_group` first; each process takes its share of the first one's batches.

    Args:
        model: the GPT to train.
        train_loader: batches of (inputs, targets), int64 of shape (B, T), as `create_dataloader` makes them.
        config: how to train.
        validation: batches to measure on, never to learn from.
        resume_from: a checkpoint of an earlier `train` with the same arguments, which then goes on where it was.
        progress: whether to show a progress bar.
        tokenizer: saved in the checkpoints, so that the model can be used without this run.
        on_evaluation: called with the history at every measurement, and at the end.

    Returns:
        the history, which contains that of the resumed run.

    Raises:
        LossNotFinite: the loss is NaN or infinite; the weights are those before that step.
        TypeError: an argument of another type.
        ValueError: a checkpoint of another model or another number of steps, or a batch that processes cannot share.
    """
    require_kind("model", model, GPT, "a GPT")
    require_kind("train_loader", train_loader, Iterable, "a DataLoader")
    require_kind("config", config, TrainConfig, "a TrainConfig")
    device = next(model.parameters()).device
    rank, n_processes = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    optimizer = _optimizer(model, config, device)
    batches, history = Batches(train_loader), History()
    if resume_from is not None:
        history = _resume(Path(resume_from), model, optimizer, batches, config)
    elif n_processes > 1:  # all begin in the same place of the data, that of the first process
        places = [batches.place()]
        dist.broadcast_object_list(places)
        batches.go_to(places[0])
    replica = nn.parallel.DistributedDataParallel(model) if n_processes > 1 else model

    def save() -> None:
        if config.checkpoint is not None and rank == 0:
            state = {"steps": config.steps, "optimizer": optimizer.state_dict(), "place": batches.place()}
            state |= {"random": _random_state(device), "history": vars(history)}
            save_checkpoint(config.checkpoint, model, tokenizer, training=state)

    model.train()
    with _progress_bar(config.steps, len(history.loss), progress and rank == 0) as bar, _held_interrupt() as pressed:
        while len(history.loss) < config.steps and not history.interrupted:
            inputs, targets = (part.to(device) for part in batches.next())
            if len(inputs) % n_processes:
                raise ValueError(f"{n_processes} processes cannot share a batch of {len(inputs)} windows equally")
            mine = slice(rank, None, n_processes)
            with _autocast(device):
                loss = next_token_loss(replica(inputs[mine]), targets[mine])
            mean_loss, interrupted = _agree(loss.detach(), bool(pressed), n_processes)
            _require_finite("loss", mean_loss, history)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            norm = nn.utils.clip_grad_norm_(model.parameters(), config.clip_norm).item()
            _require_finite("length of the gradient", norm, history)
            learning_rate = learning_rate_at(len(history.loss), config)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate
            optimizer.step()

            history.loss.append(mean_loss)
            history.learning_rate.append(learning_rate)
            history.gradient_norm.append(norm)
            history.interrupted = interrupted
            bar.update()
            done = len(history.loss)
            if done % config.evaluate_every == 0 or done == config.steps:
                if validation is not None:
                    history.validation.append((done, evaluate(model, validation)))
                bar.set_postfix_str(_figures(history))
                if on_evaluation is not None and rank == 0:
                    on_evaluation(history)
            if config.save_every is not None and done % config.save_every == 0 and done < config.steps:
                save()
    save()
    return history


def _kind(value: object) -> str:
    return f"a tensor of {value.dtype}" if isinstance(value, Tensor) else type(value).__name__


def _optimizer(model: nn.Module, config: TrainConfig, device: torch.device) -> torch.optim.AdamW:
    """AdamW; only matrices that multiply vectors shrink: no bias, no norm, no embedding (nor a head tied to one)."""
    tables = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    matrices = [m.weight for m in model.modules() if isinstance(m, nn.Linear) and id(m.weight) not in tables]
    shrinking = {id(weight) for weight in matrices}
    others = [parameter for parameter in model.parameters() if id(parameter) not in shrinking]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
    fused = device.type in ("cpu", "cuda")  # one pass over all weights instead of one operation after the other
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.95), fused=fused)


def _resume(
    folder: Path, model: GPT, optimizer: torch.optim.Optimizer, batches: Batches, config: TrainConfig
) -> History:
    """Put model, optimizer, batches and random state back to where the checkpoint was written."""
    state = load_training(folder)
    if state["steps"] != config.steps:
        raise ValueError(
            f"the checkpoint is of a run of {state['steps']} steps, this one has {config.steps}: its learning rates "
            "would not fit; resume with the same number, or start anew from load_checkpoint"
        )
    load_weights(folder, model)
    optimizer.load_state_dict(state["optimizer"])
    batches.go_to(state["place"])
    torch.set_rng_state(state["random"]["cpu"])
    if state["random"]["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["random"]["cuda"])
    return History(**state["history"] | {"interrupted": False})


def _random_state(device: torch.device) -> dict[str, Tensor | None]:
    """What dropout draws from."""
    cuda = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def _require_finite(what: str, value: float, history: History) -> None:
    if not math.isfinite(value):
        raise LossNotFinite(
            f"the {what} is {value} at step {len(history.loss)}; the weights are those before it. Usual causes: a "
            "learning rate that is too high (try a third), no warm-up, or weights that were not finite to begin with",
            history,
        )


def _agree(loss: Tensor, interrupted: bool, n_processes: int) -> tuple[float, bool]:
    """The mean loss of all processes, and whether one of them is to stop: then all do, after the same step."""
    if n_processes > 1:
        loss = torch.stack([loss.float(), loss.new_tensor(float(interrupted))])
        dist.all_reduce(loss)
        return loss[0].item() / n_processes, loss[1].item() > 0
    return loss.item(), interrupted


@contextlib.contextmanager
def _held_interrupt() -> Iterator[list[bool]]:
    """Note Ctrl-C instead of breaking off in the middle of a step; the second one breaks off.

    The list is empty until then. Only the main thread can hold an interrupt; elsewhere it stays what it was.
    """
    pressed: list[bool] = []

    def note(*_: object) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(True)

    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _autocast(device: torch.device) -> contextlib.AbstractContextManager:
    """bfloat16 on GPUs that have it; the weights stay float32."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported():
        return torch.autocast("cuda", torch.bfloat16)
    return contextlib.nullcontext()


def _figures(history: History) -> str:
    validation = f", validation {history.validation[-1][1]:.2f}" if history.validation else ""
    return f"loss {history.loss[-1]:.2f}{validation}"


def _progress_bar(steps: int, start: int, shown: bool):  # noqa: ANN202 - a tqdm bar, a widget in a notebook
    from tqdm.auto import tqdm  # in a notebook it brings ipywidgets: not before it is needed

    return tqdm(total=steps, initial=start, desc=f"{steps:,} training steps", disable=not shown)


if __name__ == "__main__":
    from llmlab._training_command import main

    main()
