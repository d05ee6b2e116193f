"""What is to be trained on which text, as a command was given it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from llmlab.corpus import load_text, toy_world
from llmlab.training._files import CONFIG, read_config
from llmlab.training.documents import split_documents, split_text
from llmlab.windows import SEPARATOR

MEASURED = 100_000  # characters that the validation loss is measured on, at most: it is measured ten times


@dataclass(frozen=True)
class Order:
    """What is to be trained on what; a size that is None is chosen by the size of the text.

    Args:
        text: "toy-world", "story", "the-verdict", or a file.
        out: folder for the checkpoint.
        resume: go on from the checkpoint in that folder.
        replaces: whether a checkpoint that is there already may be replaced by that of a new run.
        talks: whether to say what is done, and show samples, or only the result.
    """

    text: str
    out: Path
    sentences: int = 20_000
    seed: int = 0
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


def require_free(order: Order) -> None:
    """Raise if the folder holds something else, or a checkpoint that would be lost."""
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
        return toy_world(order.sentences, order.seed)
    known = order.text in ("story", "the-verdict") and not path.is_file()
    text = load_text(order.text if known else path)
    if not text.strip():
        raise ValueError(f"{order.text} is empty: there is nothing to learn from")
    return text


def parts(text: str) -> tuple[str, str]:
    """What is learned from and what is measured on: a tenth of the documents where there are many, else the end."""
    many = text.count(SEPARATOR) >= 10
    training, validation = split_documents(text) if many else split_text(text if len(text) > 1 else text + "\n")
    return training, validation[:MEASURED]
