"""What a notebook does first: look whether the course is all there, and choose a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import llmlab
from llmlab.utils.bundled import data_path
from llmlab.utils.edition import CURRENT, set_edition

if TYPE_CHECKING:
    import torch


def setup(edition: int = 1) -> None:
    """Look whether the course's data is there, and say so. Safe to call again.

    Args:
        edition: whose numbers the notebook uses for lessons and exercises. Notebooks of the first edition name none;
            theirs are then translated wherever they are asked for.

    Raises:
        FileNotFoundError: the bundled data is missing from the installation.
        TypeError, ValueError: there is no such edition.
    """
    set_edition(edition)
    for name in ("story.txt", "gpt2/vocab.bpe"):
        data_path(name)
    print(f"llmlab {llmlab.__version__} is ready. Story and GPT-2 merges are on this machine: no network needed.")
    if edition < CURRENT:
        print(
            "This notebook is of the first edition of the course. Lessons and exercises have other numbers now. Its "
            "own are translated. The notebooks of today call course.setup(edition=2)."
        )


def device() -> torch.device:
    """The fastest device here: CUDA, then Apple's MPS, then the CPU.

    >>> device().type in {"cuda", "mps", "cpu"}
    True
    """
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")
