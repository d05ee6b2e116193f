"""Training on a text of one's own: what `llmlab train` and `python -m llmlab.training` do."""

from __future__ import annotations

import copy
import hashlib
import sys
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from llmlab.bpe import BPETokenizer, train_bpe
from llmlab.gpt import GPT, GPTConfig
from llmlab.training._checkpoints import load_checkpoint, save_checkpoint
from llmlab.training._going_on import OrderedConfig, history_of, sizes_of_checkpoint, with_kept
from llmlab.training._order import SENTENCES, Order, parts, read, require_free, require_settings
from llmlab.training._processes import own_device, process_group, rank_and_number
from llmlab.training._report import Report
from llmlab.training._resuming import load_run
from llmlab.training._saying import say, several
from llmlab.training._sizes import Sizes, best_threads, chosen_sizes, fitting_sizes, require_memory
from llmlab.training._writing import print_anything
from llmlab.training.config import CheckpointNotSaved, History, LossNotFinite, TrainConfig
from llmlab.training.loop import train
from llmlab.utils.commands import CommandRefused
from llmlab.windows import SEPARATOR, SlidingWindowDataset


def train_on_text(order: Order) -> int:
    """Train as ordered on this process's device, save the model, and print what came of it; return the exit code.

    Raises:
        CommandRefused: the order cannot be carried out; the message says why.
    """
    print_anything()
    try:
        device = own_device()
        with process_group(device):
            _run(order, device)
    except LossNotFinite as error:
        saved = f" Saved in {order.out}: the weights of {_figures(error.history.best)}." if error.history.best else ""
        raise CommandRefused(f"{error}.{saved} Set --learning-rate") from error
    except (OSError, ValueError) as error:
        raise CommandRefused(f"{error}") from error
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and "allocate" not in str(error):  # so PyTorch says it, on any device
            raise
        raise CommandRefused(
            "the memory is not enough: use a smaller --d-model, fewer --n-layers or a smaller --batch-size"
        ) from error
    except KeyboardInterrupt:
        print("stopped at once, without saving", file=sys.stderr)
        return 130
    return 0


def _run(order: Order, device: torch.device) -> None:
    require_settings(order)
    require_free(order)
    done = 0
    if order.resume:
        state = load_run(order.out)
        order, done = with_kept(order, state), len(state["history"]["loss"])
    text = read(order)
    training, validation = parts(text)
    sizes = chosen_sizes(order, len(training.encode()))
    if order.resume:
        model, tokenizer = load_checkpoint(order.out)
        if tokenizer is None:
            raise ValueError(f"the checkpoint {order.out} has no tokenizer: nothing to resume")
        sizes = sizes_of_checkpoint(order, sizes, model.config, state)
        if done == sizes.steps:
            _print_result(history_of(state), order.out, done)
            _say_first(f"nothing left to do: ask for more with --steps, {2 * done} for example")
            return
    else:
        tokenizer = _learn_tokens(training, sizes.vocab_size)
    ids, measured_ids = (tokenizer.encode(part, allowed_special={SEPARATOR}) for part in (training, validation))
    sizes = fitting_sizes(order, sizes, len(ids), len(measured_ids))
    seed = order.seed or 0
    if not order.resume:
        torch.manual_seed(seed)
        shape = (len(tokenizer), sizes.context_length, sizes.d_model, sizes.n_heads, sizes.n_layers)
        config = GPTConfig(*shape, dropout=0.1 if order.talks else 0.0)  # a short text is read many times
        require_memory(config)
        model = GPT(config)
    model.to(device)
    T, B = sizes.context_length, sizes.batch_size
    generator = torch.Generator().manual_seed(seed)
    loader = DataLoader(SlidingWindowDataset(ids, T, T), B, shuffle=True, drop_last=True, generator=generator)
    measured = DataLoader(SlidingWindowDataset(measured_ids, T, T), B)
    settings, report = _settings(order, sizes, measured_ids), None
    if order.resume and state.get("settings", {}).get("measured", settings.measured) != settings.measured:
        _say_first("the text is another than before: validation losses are measured on the new one from here on")
    with best_threads(sizes.d_model, device) as n_threads:
        if order.talks:
            seconds = _seconds_a_step(model, loader)  # all processes together, though one alone reports
            report = Report(model, tokenizer, settings, validation, len(measured_ids))
            if rank_and_number()[0] == 0:
                n_characters = [len(part) for part in (text, training, validation)]
                report.begin(n_characters, len(ids), sizes, done=done, seconds=seconds, n_threads=n_threads)
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
    _print_result(history, order.out, sizes.steps)


def _settings(order: Order, sizes: Sizes, measured_ids: list[int]) -> OrderedConfig:
    settings = OrderedConfig(
        steps=sizes.steps,
        learning_rate=sizes.learning_rate,
        batch_size=sizes.batch_size,
        checkpoint=order.out,
        save_every=order.save_every,
        vocab_size=sizes.vocab_size,
        seed=order.seed or 0,
        sentences=SENTENCES if order.sentences is None else order.sentences,
        measured=hashlib.sha256(repr(measured_ids).encode()).hexdigest(),
    )
    if not order.talks:
        return settings
    warmup, every = min(20, sizes.steps // 4), max(1, sizes.steps // 10)
    return replace(settings, warmup_steps=warmup, evaluate_every=every, keep_best=True)


def _learn_tokens(text: str, vocab_size: int) -> BPETokenizer:
    with warnings.catch_warnings():  # a short text has fewer tokens: how many is said anyway
        warnings.filterwarnings("ignore", "made .* merges", UserWarning)
        return train_bpe(text, vocab_size, special_tokens=[SEPARATOR])


def _seconds_a_step(model: GPT, loader: DataLoader) -> float:
    """How long a step takes, measured on a copy: the shortest of three after the first."""
    ends: list[float] = []
    batch = loader.dataset[: loader.batch_size]
    with torch.random.fork_rng():  # dropout draws
        history = train(
            copy.deepcopy(model),
            [batch],
            TrainConfig(steps=4, evaluate_every=1),
            progress=False,
            on_evaluation=lambda _: ends.append(time.perf_counter()),
        )
    if history.interrupted:
        raise KeyboardInterrupt
    return min((end - start for start, end in zip(ends, ends[1:], strict=False)), default=0.0)


def _print_result(history: History, out: Path, steps: int) -> None:
    done, measured = len(history.loss), ""
    if history.validation:
        at, loss = history.validation[-1]
        measured = f", validation loss {loss:.4f}" + f" at step {at}" * (at != done)
    _say_first(f"{several(done, 'step')}: loss {history.loss[-1]:.4f}{measured}")
    if history.interrupted:
        _say_first(f"stopped after {done} of {several(steps, 'step')}; --resume goes on")
    _say_first(f"saved in {out}" + (f": the weights of {_figures(history.best)}" if history.best else ""))


def _figures(best: tuple[int, float]) -> str:
    return f"step {best[0]}, validation loss {best[1]:.2f}"


def _say_first(line: str) -> None:
    """Let the first process speak for all."""
    if rank_and_number()[0] == 0:
        say(line)
