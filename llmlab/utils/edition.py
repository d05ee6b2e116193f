"""Which edition of the course the notebook in this kernel belongs to.

The second edition cut ten lessons into seventeen, so that an exercise such as 05.3 has another number now. A notebook
says in its first cell which numbers it means: `course.setup(edition=2)`; those of the first edition call `setup()`.
"""

from __future__ import annotations

CURRENT = 2

_here = CURRENT  # a notebook that never calls `setup` uses the numbers of the package that it imports


def edition() -> int:
    """The edition whose numbers the notebook in this kernel uses."""
    return _here


def set_edition(number: int) -> None:
    """Take `number` as the edition of the notebook in this kernel.

    Raises:
        TypeError: `number` is not an int.
        ValueError: there is no such edition, or this package is older than the notebook.
    """
    global _here
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"edition must be an int, 1 or {CURRENT}, got {number!r}")
    if not 1 <= number <= CURRENT:
        update = "; update llmlab, which is older than this notebook" if number > CURRENT else ""
        raise ValueError(f"edition must be 1 or {CURRENT}, got {number}{update}")
    _here = number
