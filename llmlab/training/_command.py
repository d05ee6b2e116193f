"""Training on a text of one's own: what `llmlab train` and `python -m llmlab.training` do."""

from __future__ import annotations

import copy
import sys
import tempfile
import time
import warnings
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from llmlab.bpe import BPETokenizer, train_bpe
from llmlab.gpt import GPT, GPTConfig
from llmlab.training._checkpoints import load_checkpoint, save_checkpoint
from llmlab.training._order import Order, parts, read, require_free
from llmlab.training._processes import process_group, rank_and_number
from llmlab.training._report import Report
from llmlab.training._sizes import Sizes, best_threads, chosen_sizes, fitting_sizes, sizes_of_checkpoint
from llmlab.training._writing import print_anything
from llmlab.training.config import CheckpointNotSaved, History, LossNotFinite, TrainConfig
from llmlab.training.loop import train
from llmlab.utils.commands import CommandRefused
from llmlab.windows import SEPARATOR, SlidingWindowDataset


def train_on_text(order: Order, device: torch.device) -> int:
    """Train as ordered, save the model, and print what came of it; 0 is the exit code.

    Raises:
        CommandRefused: the order cannot be carried out; the message says why.
    """
    print_anything()
    try:
        with process_group(device):
            _run(order, device)
    except LossNotFinite as error:
        raise CommandRefused(f"{error}. Set --learning-rate") from error
    except (OSError, ValueError) as error:
        raise CommandRefused(f"{error}") from error
    return 0


def _run(order: Order, device: torch.device) -> None:
    require_free(order)
    text = read(order)
    training, validation = parts(text)
    sizes = chosen_sizes(order, len(training.encode()))
    if order.resume:
        model, tokenizer = load_checkpoint(order.out)
        if tokenizer is None:
            raise ValueError(f"the checkpoint {order.out} has no tokenizer: nothing to resume")
        sizes = sizes_of_checkpoint(order, sizes, model.config)
    else:
        tokenizer = _learn_tokens(training, sizes.vocab_size)
    ids, measured_ids = (tokenizer.encode(part, allowed_special={SEPARATOR}) for part in (training, validation))
    sizes = fitting_sizes(order, sizes, len(ids), len(measured_ids))
    if not order.resume:
        torch.manual_seed(order.seed)
        shape = (len(tokenizer), sizes.context_length, sizes.d_model, sizes.n_heads, sizes.n_layers)
        model = GPT(GPTConfig(*shape, dropout=0.1 if order.talks else 0.0))  # a short text is read many times
    model.to(device)
    T, B = sizes.context_length, sizes.batch_size
    generator = torch.Generator().manual_seed(order.seed)
    loader = DataLoader(SlidingWindowDataset(ids, T, T), B, shuffle=True, drop_last=True, generator=generator)
    measured = DataLoader(SlidingWindowDataset(measured_ids, T, T), B)
    settings, report = _settings(order, sizes), None
    with best_threads(sizes.d_model, device) as n_threads:
        if order.talks:
            seconds = _seconds_a_step(model, loader)  # all processes together, though one alone reports
            report = Report(model, tokenizer, settings, validation, len(measured_ids))
            if rank_and_number()[0] == 0:
                report.begin(text, len(ids), sizes, seconds, n_threads)
        resume_from = order.out if order.resume else None
        try:
            history = train(
                model,
                loader,
                settings,
                validation=measured,
                resume_from=resume_from,
                tokenizer=tokenizer,
                on_evaluation=report,
                progress=sys.stderr.isatty() or not order.talks,  # the report says as much, a line at a time
            )
        except CheckpointNotSaved as error:  # the model would end with the process
            elsewhere = Path(tempfile.mkdtemp(prefix="llmlab-"))
            save_checkpoint(elsewhere, model, tokenizer)
            raise ValueError(f"{order.out} cannot be written ({error.__cause__}): saved in {elsewhere}") from error
    if rank_and_number()[0] == 0:
        _print_result(history, order.out, sizes.steps)


def _settings(order: Order, sizes: Sizes) -> TrainConfig:
    always = {"steps": sizes.steps, "learning_rate": sizes.learning_rate}
    always |= {"checkpoint": order.out, "save_every": order.save_every}
    if not order.talks:
        return TrainConfig(**always)
    short = {"warmup_steps": min(20, sizes.steps // 4), "evaluate_every": max(1, sizes.steps // 10)}
    return TrainConfig(**always, **short, keep_best=True)


def _learn_tokens(text: str, vocab_size: int) -> BPETokenizer:
    with warnings.catch_warnings():  # a short text has fewer tokens: how many is said anyway
        warnings.filterwarnings("ignore", "made .* merges", UserWarning)
        return train_bpe(text, vocab_size, special_tokens=[SEPARATOR])


def _seconds_a_step(model: GPT, loader: DataLoader) -> float:
    """How long a step takes, measured on a copy: the shortest of three after the first."""
    ends: list[float] = []
    batch = loader.dataset[: loader.batch_size]
    settings = {"progress": False, "on_evaluation": lambda _: ends.append(time.perf_counter())}
    with torch.random.fork_rng():  # dropout draws
        history = train(copy.deepcopy(model), [batch], TrainConfig(steps=4, evaluate_every=1), **settings)
    if history.interrupted:
        raise KeyboardInterrupt
    return min((end - start for start, end in zip(ends, ends[1:], strict=False)), default=0.0)


def _print_result(history: History, out: Path, steps: int) -> None:
    validation_loss = history.validation[-1][1] if history.validation else float("nan")
    print(f"{len(history.loss)} steps: loss {history.loss[-1]:.4f}, validation loss {validation_loss:.4f}")
    if history.interrupted:
        print(f"stopped after {len(history.loss)} of {steps} steps; --resume goes on")
    print(f"saved in {out}")
