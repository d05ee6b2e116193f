"""Where the files that travel with the course are: in an installed wheel, or in a checkout of the repository."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def data_path(name: str) -> Path:
    """Path of a bundled file or folder, for example `data_path("story.txt")` or `data_path("gpt2/vocab.bpe")`.

    A wheel carries the repository's `data/` folder as `llmlab/data/`; a checkout has it beside the package.

    Raises:
        FileNotFoundError: neither place has it.

    >>> data_path("story.txt").name
    'story.txt'
    """
    candidates = [_PACKAGE / "data" / name, _PACKAGE.parent / "data" / name]
    for path in candidates:
        if path.exists():
            return path
    raise FileNotFoundError(
        f"the bundled file {name!r} is neither at {candidates[0]} (installed package) nor at {candidates[1]} "
        "(checkout). Check the name; if it is right, install llmlab again or restore the checkout's data/ folder."
    )
