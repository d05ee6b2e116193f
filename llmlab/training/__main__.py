"""`python -m llmlab.training`: train a small GPT on a text, in one process or under `torchrun`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from llmlab.corpus.texts import NAMES
from llmlab.training._command import train_on_text
from llmlab.training._order import Order
from llmlab.training._processes import end_process
from llmlab.training._sizes import Sizes
from llmlab.utils.commands import CommandRefused


def main(arguments: list[str] | None = None) -> None:
    """Train from the command line, in one process or under `torchrun`."""
    parser = argparse.ArgumentParser(prog="python -m llmlab.training", description="Train a small GPT on a text.")
    parser.add_argument("--text", default="toy-world", help=f"toy-world, {', '.join(NAMES)}, or a file")
    parser.add_argument("--sentences", type=int, default=None, help="of the toy world; default 20000")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in that folder")
    sizes = vars(Sizes())
    for name, default in sizes.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=type(default), help=f"default {default}; with --resume, that of the run")
    parser.add_argument("--seed", type=int, default=None, help="default 0; with --resume, that of the run")
    parser.add_argument("--save-every", type=int, default=None, help="steps between checkpoints on the way")
    given = parser.parse_args(arguments)
    if not given.resume:
        for name, default in sizes.items():
            if getattr(given, name) is None:
                setattr(given, name, default)
    try:
        code = train_on_text(Order(**vars(given), replaces=True, talks=False))
    except (CommandRefused, ValueError) as error:
        print(error, file=sys.stderr)
        code = 2
    end_process(code)


if __name__ == "__main__":
    main()
