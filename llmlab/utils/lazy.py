"""Names that a package resolves when they are asked for, so that what only counts needs no PyTorch.

A package whose parts differ in what they load says so in its `__init__`:

    if TYPE_CHECKING:
        from llmlab.gpt.model import GPT as GPT
    __getattr__, __dir__ = lazily(__name__, model=["GPT"])

Type checkers and editors read the import, Python calls `__getattr__` (PEP 562); a test holds both lists together.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any


def lazily(package: str, **modules: Iterable[str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The functions `__getattr__` and `__dir__` of a package.

    Args:
        package: its `__name__`.
        modules: for each module of the package, the public names that are taken from it when first used.

    >>> get, _ = lazily("llmlab.gpt", costs=["count_parameters"])
    >>> get("count_parameters").__name__
    'count_parameters'
    """
    home = {name: module for module, names in modules.items() for name in names}

    def resolve(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{home[name]}"), name)
        setattr(sys.modules[package], name, value)  # the next time it is found without a call
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *home})

    return resolve, names
