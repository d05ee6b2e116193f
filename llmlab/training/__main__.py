"""`python -m llmlab.training`: train a small GPT on a text, in one process or under `torchrun`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch
import torch.distributed as dist

from llmlab.bpe import train_bpe
from llmlab.corpus import load_text, toy_world
from llmlab.gpt import GPT, GPTConfig
from llmlab.training import TrainConfig, split_documents, train
from llmlab.windows import SEPARATOR, create_dataloader


def main(arguments: list[str] | None = None) -> None:
    """Train from the command line, in one process or under `torchrun`."""
    parser = argparse.ArgumentParser(prog="python -m llmlab.training", description="Train a small GPT on a text.")
    parser.add_argument("--text", default="toy-world", help='"toy-world", "story", "the-verdict", or a file')
    parser.add_argument("--sentences", type=int, default=20_000, help="of the toy world")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in that folder")
    sizes = {"vocab-size": 512, "context-length": 64, "d-model": 128, "n-heads": 4, "n-layers": 4}
    sizes |= {"batch-size": 16, "steps": 500, "seed": 0}
    for name, default in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default {default}")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="default 0.001")
    parser.add_argument("--save-every", type=int, default=None, help="steps between checkpoints on the way")
    given = parser.parse_args(arguments)

    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else torch.device("cpu")
    if several:
        dist.init_process_group("nccl" if cuda else "gloo")
    try:
        is_toy = given.text == "toy-world"
        text = toy_world(given.sentences, given.seed) if is_toy else load_text(given.text)
        # A text of one document has no others to validate on: its last tenth serves instead.
        training, validation = split_documents(text) if SEPARATOR in text else _cut(text)
        tokenizer = train_bpe(training, given.vocab_size, special_tokens=[SEPARATOR])
        torch.manual_seed(given.seed)
        config = GPTConfig(len(tokenizer), given.context_length, given.d_model, given.n_heads, given.n_layers)
        model = GPT(config).to(device)
        sizes = {"batch_size": given.batch_size, "max_length": given.context_length, "stride": given.context_length}
        generator = torch.Generator().manual_seed(given.seed)
        loader = create_dataloader(training, **sizes, tokenizer=tokenizer, generator=generator)
        measured = create_dataloader(validation, **sizes, shuffle=False, drop_last=False, tokenizer=tokenizer)
        settings = TrainConfig(given.steps, given.learning_rate, checkpoint=given.out, save_every=given.save_every)
        resume = given.out if given.resume else None
        history = train(model, loader, settings, validation=measured, resume_from=resume, tokenizer=tokenizer)
        if not several or dist.get_rank() == 0:
            validation_loss = history.validation[-1][1] if history.validation else float("nan")
            print(f"{len(history.loss)} steps: loss {history.loss[-1]:.4f}, validation loss {validation_loss:.4f}")
            print(f"saved in {given.out}")
    finally:
        if several:
            dist.destroy_process_group()


def _cut(text: str) -> tuple[str, str]:
    """The first nine tenths and the last one, cut at a space."""
    place = text.rfind(" ", 0, len(text) * 9 // 10)
    return text[:place], text[place:]


if __name__ == "__main__":
    main()
