"""What `llmlab train` says: what it is about to do, how far it is, and what the model writes by now."""

from __future__ import annotations

import math

import torch
from tqdm.auto import tqdm

from llmlab.bpe import BPETokenizer
from llmlab.gpt import GPT
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

    def begin(self, text: str, n_ids: int, sizes: Sizes, seconds: float, n_threads: int) -> None:
        """Say what is about to be done, and how long it takes at so many seconds a step."""
        n_parameters = sum(parameter.numel() for parameter in self.model.parameters())
        device = next(self.model.parameters()).device.type
        on = f"on {n_threads} thread{'s' * (n_threads > 1)}" if device == "cpu" else f"on the device {device}"
        epochs = sizes.steps * sizes.batch_size * sizes.context_length / n_ids
        total = sizes.steps * seconds
        expected = f"{total / 60:.1f} minutes" if total > 90 else f"{total:.0f} seconds"
        print(
            f"text      {len(text):,} characters, about a tenth of them to measure on\n"
            f"tokens    {len(self.tokenizer):,} in the vocabulary; {n_ids:,} to learn from\n"
            f"model     {n_parameters:,} parameters: {sizes.n_layers} layers, width {sizes.d_model}, "
            f"context {sizes.context_length}\n"
            f"training  {sizes.steps:,} steps of {sizes.batch_size} windows, {epochs:.1f} times through the text, "
            f"about {expected} {on}\n"
            "Ctrl-C stops and keeps what was learned.",
            flush=True,
        )

    def __call__(self, history: History) -> None:
        done, loss = history.validation[-1]
        recent = history.loss[-self.config.evaluate_every :]
        self._say(
            f"step {done:,} of {self.config.steps:,}: loss {sum(recent) / len(recent):.2f}; validation {loss:.2f}, "
            f"perplexity {math.exp(min(loss, 700)):,.1f}, {loss / math.log(2) / self.bytes_a_token:.2f} bits a byte"
        )
        if not math.isfinite(loss):
            return  # the next step says why; such a model writes nothing
        generator = torch.Generator(next(self.model.parameters()).device).manual_seed(0)
        written = "".join(
            pieces(self.model, self.tokenizer, self.opening, _SAMPLE, generator=generator, temperature=0.8)
        )
        for line in printable(self.opening + written).splitlines():
            self._say(f"    {line}")

    @staticmethod
    def _say(line: str) -> None:
        tqdm.write(line)  # above the progress bar, where there is one
