"""What `llmlab train` says: what it is about to do, how far it is, and what the model writes by now."""

from __future__ import annotations

import math

import torch

from llmlab.bpe import BPETokenizer
from llmlab.gpt import GPT
from llmlab.training._saying import say, several
from llmlab.training._sizes import Sizes
from llmlab.training._writing import opening, pieces, printable
from llmlab.training.config import History, TrainConfig

_SAMPLE = 40  # tokens


class Report:
    """Called by `train` at every measurement."""

    def __init__(
        self, model: GPT, tokenizer: BPETokenizer, config: TrainConfig, validation: str, n_measured: int
    ) -> None:
        self.model, self.tokenizer, self.config = model, tokenizer, config
        self.bytes_a_token = len(validation.encode()) / n_measured
        self.opening = opening(tokenizer, validation)

    def begin(
        self, n_characters: list[int], n_ids: int, sizes: Sizes, *, done: int, seconds: float, n_threads: int
    ) -> None:
        """Say what is about to be done, and how long it takes at so many seconds per step.

        The characters are those of the text, of what is learned from, and of what is measured on.
        """
        n_parameters = sum(parameter.numel() for parameter in self.model.parameters())
        device = next(self.model.parameters()).device.type
        on = f"on {several(n_threads, 'thread')}" if device == "cpu" else f"on the device {device}"
        steps = sizes.steps - done
        epochs = steps * sizes.batch_size * sizes.context_length / n_ids
        total = steps * seconds
        expected = f"{total / 60:.1f} minutes" if total > 90 else several(round(total), "second")
        all_steps = f"{steps:,} steps" if not done else f"the last {steps:,} of {sizes.steps:,} steps,"
        in_text, learned, measured = n_characters
        say(
            f"text      {in_text:,} characters: {learned:,} to learn from, {measured:,} to measure on\n"
            f"tokens    {len(self.tokenizer):,} in the vocabulary; {n_ids:,} to learn from\n"
            f"model     {n_parameters:,} parameters: {sizes.n_layers} layers, width {sizes.d_model}, "
            f"context {sizes.context_length}\n"
            f"training  {all_steps} of {several(sizes.batch_size, 'window')}, {epochs:.1f} times through the text, "
            f"about {expected} {on}\n"
            "Ctrl-C stops and keeps what was learned."
        )

    def __call__(self, history: History) -> None:
        done, loss = history.validation[-1]
        recent = history.loss[-self.config.evaluate_every :]
        say(
            f"step {done:,} of {self.config.steps:,}: loss {sum(recent) / len(recent):.2f}; validation {loss:.2f}, "
            f"perplexity {math.exp(min(loss, 700)):,.1f}, {loss / math.log(2) / self.bytes_a_token:.2f} bits per byte"
        )
        if not math.isfinite(loss):
            return  # the next step says why; such a model writes nothing
        generator = torch.Generator(next(self.model.parameters()).device).manual_seed(0)
        written = "".join(
            pieces(self.model, self.tokenizer, self.opening, _SAMPLE, generator=generator, temperature=0.8)
        )
        for line in printable(self.opening + written).splitlines():
            say(f"    {line}")
