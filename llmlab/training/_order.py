"""What is to be trained on which text, as a command was given it."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

from llmlab.corpus import load_text, toy_world
from llmlab.corpus.texts import NAMES
from llmlab.training._files import CONFIG, read_config
from llmlab.training.documents import split_documents, split_text
from llmlab.utils.arguments import as_count
from llmlab.windows import SEPARATOR

SENTENCES = 20_000  # of the toy world
MEASURED = 100_000  # characters that the validation loss is measured on, at most: it is measured ten times


@dataclass(frozen=True)
class Order:
    """What is to be trained on what; a size that is None is chosen by the size of the text, or that of the run.

    Args:
        text: "toy-world", "story", "the-verdict", or a file.
        out: folder for the checkpoint.
        resume: go on from the checkpoint in that folder.
        replaces: whether a checkpoint that is there already may be replaced by that of a new run.
        talks: whether to say what is done, and show samples, or only the result.
    """

    text: str
    out: Path
    sentences: int | None = None
    seed: int | None = None
    resume: bool = False
    replaces: bool = False
    talks: bool = True
    save_every: int | None = None
    vocab_size: int | None = None
    context_length: int | None = None
    d_model: int | None = None
    n_heads: int | None = None
    n_layers: int | None = None
    batch_size: int | None = None
    steps: int | None = None
    learning_rate: float | None = None


def require_settings(order: Order) -> None:
    """Raise if an option is out of range whatever the text is; the message names it as the command does."""
    if not order.text:
        raise ValueError(f"no text is named: give a text file, or toy-world, {', '.join(NAMES)}")
    for name in ("sentences", "context_length", "d_model", "n_heads", "n_layers", "batch_size", "steps", "save_every"):
        if getattr(order, name) is not None:
            as_count(f"--{name.replace('_', '-')}", getattr(order, name))
    if order.learning_rate is not None and not 0 < order.learning_rate < math.inf:
        raise ValueError(f"--learning-rate must be above 0 and finite, got {order.learning_rate}")
    require_seed(order.seed or 0)


def require_seed(seed: int) -> None:
    """Raise unless PyTorch's generators take the seed: they have 64 bits for it."""
    if not -(2**63) <= seed < 2**64:
        raise ValueError(f"--seed must be at least -2**63 and below 2**64, got {seed}")


def require_free(order: Order) -> None:
    """Raise if the folder cannot be written, or holds something else, or a checkpoint that would be lost."""
    place = next(path for path in (order.out, *order.out.absolute().parents) if path.exists())
    if not place.is_dir():
        raise ValueError(f"a checkpoint is a folder, and {place} is a file: name another folder, --out FOLDER")
    if not os.access(place, os.W_OK | os.X_OK):
        raise ValueError(f"the folder {place} cannot be written: name another one, --out FOLDER")
    if order.resume:
        read_config(order.out)
    elif order.out.is_dir() and any(order.out.iterdir()):
        if not (order.out / CONFIG).is_file():
            raise ValueError(f"{order.out} is no checkpoint and not empty: name another folder, --out FOLDER")
        read_config(order.out)  # of something else?
        if not order.replaces:
            raise ValueError(
                f"{order.out} holds a checkpoint: go on with it, --resume, or name another folder, --out FOLDER"
            )


def read(order: Order) -> str:
    """The text; a file of one's own comes before the course's text of that name."""
    path = Path(order.text)
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name a text file")
    if order.text == "toy-world" and not path.is_file():
        return toy_world(SENTENCES if order.sentences is None else order.sentences, order.seed or 0)
    known = order.text in NAMES and not path.is_file()
    text = load_text(order.text if known else path)
    if not text.strip():
        raise ValueError(f"{order.text} is empty: there is nothing to learn from")
    return text


def parts(text: str) -> tuple[str, str]:
    """What is learned from and what is measured on: a tenth of the documents where there are many, else the end."""
    many = text.count(SEPARATOR) >= 10
    training, validation = split_documents(text) if many else split_text(text if len(text) > 1 else text + "\n")
    return training, validation[:MEASURED]
