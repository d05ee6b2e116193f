"""The training loop: one process, or several under `torchrun`.

Sources: Loshchilov and Hutter 2019 for AdamW; Pascanu et al. 2013 for clipping.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from llmlab.bpe import BPETokenizer
from llmlab.gpt.experts import balance_loss
from llmlab.gpt.model import GPT
from llmlab.training._batches import Batches
from llmlab.training._checkpoints import write_checkpoint
from llmlab.training._cross_entropy import cross_entropy
from llmlab.training._files import prepare_folder
from llmlab.training._interrupt import held_interrupt
from llmlab.training._processes import agree, of_the_first, rank_and_number, take_device
from llmlab.training._refusals import counted, require_arguments, require_batch, require_counted, require_share
from llmlab.training._resuming import Best, resume, run_state
from llmlab.training.config import CheckpointNotSaved, History, LossNotFinite, TrainConfig
from llmlab.training.loss import evaluate
from llmlab.training.optimizer import make_optimizer
from llmlab.training.schedule import learning_rate_at
from llmlab.utils.modules import unwrapped

if TYPE_CHECKING:
    from tqdm import tqdm


def train(
    model: GPT,
    train_loader: Iterable[tuple[Tensor, Tensor]],
    config: TrainConfig,
    *,
    validation: Iterable[tuple[Tensor, Tensor]] | None = None,
    resume_from: str | Path | None = None,
    progress: bool = True,
    tokenizer: BPETokenizer | None = None,
    on_evaluation: Callable[[History], None] | None = None,
) -> History:
    """Train `model` in place, on the device where it is.

    What cannot be used is refused before the first step. Ctrl-C stops after the step in hand and keeps what was
    learned. Shuffling and dropout draw from the loader's generator and PyTorch's global one, which a resumed run puts
    back to where they were. Under `torchrun`, call `torch.distributed.init_process_group` first; each process takes its
    share of the first one's batches.

    A run that is resumed with the same settings ends, on the CPU, with the very weights of an unbroken one. With more
    `steps` than were planned it goes on where it was, and from there on its learning rates are those of the new number:
    the history so far stays as it is, and resuming again gives the same weights again, but a run planned for so many
    steps from the beginning would have had other learning rates.

    Args:
        model: the GPT to train, or what `torch.compile` made of it.
        train_loader: batches of (inputs, targets), int64 of shape (B, T), as `create_dataloader` makes them.
        config: how to train.
        validation: batches to measure on, never to learn from.
        resume_from: a checkpoint of an earlier `train` with the same arguments, which then goes on where it was.
        progress: whether to show a progress bar.
        tokenizer: saved in the checkpoints, so that the model can be used without this run.
        on_evaluation: called with the history at every measurement, and at the end; to show samples, for example.

    Returns:
        the history, which contains that of the resumed run.

    Raises:
        LossNotFinite: the loss is NaN or infinite; the weights are those before that step, or with `keep_best` the
            best, which are then in the checkpoint, too.
        CheckpointNotSaved: an OSError, of a disk that became full, for example; the model keeps its weights.
        TypeError: an argument of another type.
        ValueError: batches that do not fit the model, a checkpoint of another model or with more steps behind it, or a
            batch that processes cannot share.
        OSError: the folder for checkpoints cannot be written.

    Whatever ends a run that has begun has the history so far as its attribute `history`.
    """
    runs, model = model, unwrapped(model)
    rank, n_processes = rank_and_number()
    require_arguments(
        model,
        train_loader,
        config,
        validation=validation,
        resume_from=resume_from,
        tokenizer=tokenizer,
        on_evaluation=on_evaluation,
        n_processes=n_processes,
    )
    device = next(model.parameters()).device
    take_device(device)
    if config.checkpoint is not None and rank == 0:
        prepare_folder(Path(config.checkpoint))
    optimizer = make_optimizer(model, config)
    batches, history, best, saved_at = Batches(train_loader), History(), Best(config.keep_best), -1
    if resume_from is not None:
        history = resume(Path(resume_from), model, optimizer, batches, config, best, validation)
        if config.checkpoint is not None and Path(resume_from) == Path(config.checkpoint):
            saved_at = len(history.loss)
    elif n_processes > 1:  # all begin in the same place of the data, that of the first process
        batches.go_to(of_the_first(batches.place()))
    replica = nn.parallel.DistributedDataParallel(runs) if n_processes > 1 else runs

    def save(goes_on: bool = True) -> None:
        nonlocal saved_at
        if config.checkpoint is None or rank > 0:
            return
        folder = Path(config.checkpoint)
        state = run_state(model, optimizer, batches, history, config, best) if goes_on else None
        weights = model.state_dict() if best.weights is None else best.weights
        try:
            write_checkpoint(folder, model.config, weights, tokenizer, state)
        except Exception as error:
            raise CheckpointNotSaved(
                f"the checkpoint could not be written to {folder} ({error}). The model holds what it learned in "
                f"{len(history.loss)} steps: save_checkpoint(another_folder, model, tokenizer) keeps it. What was "
                "recorded is this error's .history",
                history,
            ) from error
        saved_at = len(history.loss)

    @contextlib.contextmanager
    def best_rescued() -> Iterator[None]:
        try:
            yield
        except LossNotFinite:
            if best.weights is not None:
                model.load_state_dict(best.weights)
                if best.step > saved_at:  # otherwise the folder has them, with a state to go on from
                    save(goes_on=False)
            raise

    def measure() -> None:
        done = len(history.loss)
        if validation is not None:
            loss = of_the_first(evaluate(model, validation))
            history.validation.append((done, loss))
            best.offer(loss, done, model)
            history.best = best.figures
        bar.set_postfix_str(_figures(history))
        if on_evaluation is not None and rank == 0:
            try:
                on_evaluation(history)
            except KeyboardInterrupt:
                if pressed:  # for the second time
                    raise
                pressed.append(True)

    model.train()
    bar = _progress_bar(config.steps, len(history.loss), progress and rank == 0)
    with _history_kept(history), bar, held_interrupt() as pressed, best_rescued():
        while len(history.loss) < config.steps and not history.interrupted:
            parts = [_checked(batches.next(), model, n_processes) for _ in range(config.accumulate)]
            n_counted = sum(counted(targets) for _, targets in parts)
            require_counted("train_loader", n_counted)
            optimizer.zero_grad(set_to_none=True)
            loss: Tensor | float = 0.0
            for number, part in enumerate(parts, start=1):
                inputs, targets = (ids[rank::n_processes].to(device) for ids in part)
                with _no_exchange(replica, number < len(parts)):
                    weight = counted(targets) / n_counted
                    with _autocast(device):
                        share = cross_entropy(replica(inputs), targets) * weight
                    objective = share + balance_loss(model) * config.balance_weight * weight  # + 0 without experts
                    (objective * n_processes).backward()  # gradients are averaged over processes, and are to be added
                loss = loss + share.detach()
            mean_loss, interrupted = agree(loss, bool(pressed), n_processes)
            _require_finite("loss", mean_loss, history)
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
                measure()
            if config.save_every is not None and done % config.save_every == 0 and done < config.steps:
                save()
        try:
            save()
        finally:
            if best.weights is not None:
                model.load_state_dict(best.weights)
    return history


def _checked(batch: tuple[Tensor, Tensor], model: GPT, n_processes: int) -> tuple[Tensor, Tensor]:
    require_batch("train_loader", batch, model.config)
    require_share(len(batch[0]), n_processes)
    return batch


@contextlib.contextmanager
def _history_kept(history: History) -> Iterator[None]:
    """Hang the history on whatever breaks a run off: hours of figures are not lost with it."""
    try:
        yield
    except BaseException as error:
        error.history = history  # type: ignore[attr-defined]  # whatever the exception is, it takes an attribute
        raise


def _no_exchange(replica: nn.Module, wanted: bool) -> contextlib.AbstractContextManager:
    """Let the processes exchange their gradients only once a step, with its last batch."""
    if wanted and isinstance(replica, nn.parallel.DistributedDataParallel):
        return replica.no_sync()
    return contextlib.nullcontext()


def _require_finite(what: str, value: float, history: History) -> None:
    if not math.isfinite(value):
        raise LossNotFinite(
            f"the {what} is {value} at step {len(history.loss)}; the weights are those "
            f"{f'of step {history.best[0]}, the best' if history.best else 'before it'}. Usual causes: a "
            "learning rate that is too high (try a third), no warm-up, or weights that were not finite to begin with",
            history,
        )


def _autocast(device: torch.device) -> contextlib.AbstractContextManager:
    """bfloat16 on GPUs that have it; the weights stay float32."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported():
        return torch.autocast("cuda", torch.bfloat16)
    return contextlib.nullcontext()


def _figures(history: History) -> str:
    validation = f", validation {history.validation[-1][1]:.2f}" if history.validation else ""
    return f"loss {history.loss[-1]:.2f}{validation}"


def _progress_bar(steps: int, start: int, shown: bool) -> tqdm:  # a widget in a notebook
    from tqdm.auto import tqdm  # in a notebook it brings ipywidgets: not before it is needed

    return tqdm(total=steps, initial=start, desc=f"{steps:,} training steps", disable=not shown)
