"""The training loop: one process, or several under `torchrun`.

Sources: Loshchilov and Hutter 2019 for AdamW; Pascanu et al. 2013 for clipping.
"""

from __future__ import annotations

import contextlib
import math
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.utils.data import DataLoader

from llmlab.bpe import BPETokenizer
from llmlab.gpt.model import GPT
from llmlab.training._batches import Batches
from llmlab.training._checkpoints import load_training, load_weights, save_checkpoint
from llmlab.training.config import History, LossNotFinite, TrainConfig
from llmlab.training.loss import evaluate, next_token_loss
from llmlab.training.schedule import learning_rate_at
from llmlab.utils.arguments import require_kind


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
