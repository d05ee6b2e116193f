"""What keeps a learner's code from reaching anything outside: prints caught, generators put back, arguments copied.

PyTorch and NumPy are asked for in `sys.modules`, never imported: without them there is nothing of theirs to put back.
"""

from __future__ import annotations

import contextlib
import copy
import io
import random
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine.values import shorten, tensor_type

_MOST_PRINTED = 200  # characters of the learner's own prints that a message repeats


@contextlib.contextmanager
def contained(seed: int, printed: io.TextIOBase) -> Iterator[None]:
    """Catch prints and warnings, seed the global generators, and put everything back afterwards."""
    with (
        _restored_generators(seed),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(Bounded()),
    ):
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _restored_generators(seed: int) -> Iterator[None]:
    """The global generators of Python, and of NumPy and PyTorch where they are loaded, start from `seed` in here."""
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    with contextlib.ExitStack() as stack:
        stack.callback(random.setstate, random.getstate())
        random.seed(seed)
        if numpy:
            stack.callback(numpy.random.set_state, numpy.random.get_state())
            numpy.random.seed(seed)
        if torch:
            gpus = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
            stack.enter_context(torch.random.fork_rng(devices=gpus))
            stack.enter_context(usual_settings())
            torch.default_generator.manual_seed(seed)
        yield


@contextlib.contextmanager
def usual_settings() -> Iterator[None]:
    """Gradients on and float32 as the default, whatever a notebook has set; its settings are put back afterwards."""
    torch = sys.modules.get("torch")
    if not torch:
        yield
        return
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(before)


class Bounded(io.TextIOBase):
    """A stream that remembers the beginning and swallows the rest."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        """Keep what still fits; the length is that of the whole, as of any stream."""
        self.text = shorten(self.text + text[:_MOST_PRINTED], _MOST_PRINTED)
        return len(text)


def copies(values: Any) -> Any:
    """Deep copies of a tuple or dict of arguments; a torch.Generator is meant to be drawn from and stays itself."""
    flat, torch = values.values() if isinstance(values, dict) else values, sys.modules.get("torch")
    generators = [value for value in flat if torch and isinstance(value, torch.Generator)]
    return copy.deepcopy(values, {id(value): value for value in generators})


def same(left: Any, right: Any) -> bool:
    """Whether two arguments hold the same values; for what it does not know, that they are of one type."""
    if type(left) is not type(right):
        return False
    if isinstance(left, tensor_type()):
        return bool(left.equal(right))
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return left == right if isinstance(left, int | float | str | bytes) else True
