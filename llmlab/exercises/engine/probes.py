"""The one place where a learner's code is called: quietly, on copies, and so that nothing it does escapes.

Whatever happens in there becomes one of three verdicts, exceptions that `core` turns into a `Result`:
`Blank` (there is still a `...`), `Wrong` (it ran, and shows a misconception), `Raised` (it stopped with an error).
Only KeyboardInterrupt passes through, because it belongs to the learner. An endless loop is theirs to interrupt.

PyTorch and NumPy are asked for in `sys.modules`, never imported: a value of theirs exists only where they are loaded,
and a prediction can be checked where PyTorch is not installed.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import inspect
import io
import linecache
import math
import random
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

_MOST_VALUES = 100_000  # more than any check asks for: an endless generator ends here
_MOST_PRINTED = 200  # characters of the learner's own prints that a message repeats


class Verdict(Exception):
    """The check knows enough and stops."""


class Blank(Verdict):
    """A `...` is still in place."""


class Raised(Verdict):
    """The learner's code raised; the text says what, and in which line."""


class Wrong(Verdict):
    """The answer shows the misconception with this id; `shown` is what was seen on the small example."""

    def __init__(self, misconception: str, shown: str = "") -> None:
        super().__init__(misconception)
        self.misconception, self.shown = misconception, shown


@dataclass(frozen=True)
class Opaque:
    """Stands for a value that is neither a number, a text nor a sequence; only its type is known."""

    type_name: str

    def __repr__(self) -> str:
        return f"<{self.type_name}>"


class Probe:
    """A learner's function, made safe to call.

    Args:
        function: what the learner wrote.

    Attributes:
        name: how messages call it.
        printed: the first thing that it printed, at most `_MOST_PRINTED` characters.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.printed = ""
        self._function = function
        self._calls = 0
        name = getattr(_code_of(function), "co_name", "")
        self.name = name if name.isidentifier() else "your function"

    def __call__(
        self,
        *args: Any,
        shown: str = "",
        fresh: bool = False,
        read: Callable[[Any, tuple], Any] = lambda result, args: plain(result),
        **options: Any,
    ) -> Any:
        """Call the function with copies of `args` and `options` and return its result as plain Python values.

        Args:
            shown: how a message writes this call; by default with all its arguments.
            fresh: the arguments are random: the message leaves out the error's own text, which may hold their numbers.
            read: turns (result, the copies it was called with) into plain values while errors are still caught.

        Raises:
            Blank, Wrong, Raised: see the module.
        """
        shown = shown or self.spell(*args, **options)
        self._require_parameters(args, options)
        given, given_options = _copies(args), _copies(options)
        self._calls += 1
        printed = _Bounded()
        try:
            # Another seed for each call: a function that draws from the global generator must not repeat itself.
            with _contained(self._calls, printed):
                value = read(self._function(*given, **given_options), given)
        except (KeyboardInterrupt, Verdict):
            raise
        except BaseException as error:  # sys.exit() in an answer must not end the kernel
            raise Raised(f"`{shown}` raised {self._describe(error, fresh)}") from None
        finally:
            self.printed = self.printed or printed.text
        if _holds_ellipsis(value):
            raise Blank
        if value is None:
            raise Wrong("returns-none", f"`{shown}` gave `None`.")
        if not (_same(list(given), list(args)) and _same(given_options, options)):
            raise Wrong("mutates-input", f"After `{shown}` the arguments were no longer what they had been.")
        return value

    def spell(self, *args: Any, **options: Any) -> str:
        """The call as one would type it."""
        named = [f"{name}={show(value)}" for name, value in options.items()]
        return f"{self.name}({', '.join([show(value) for value in args] + named)})"

    def _require_parameters(self, args: tuple, options: dict[str, Any]) -> None:
        try:
            signature = inspect.signature(self._function)
        except Exception:  # builtins have none; an odd object may raise anything: the call itself will tell
            return
        try:
            signature.bind(*args, **options)
        except TypeError as error:
            yours = f"{self.name}({', '.join(signature.parameters)})"
            raise Wrong("wrong-parameters", f"Yours is `{yours}`; called as the exercise says: {error}.") from None

    def _describe(self, error: BaseException, fresh: bool) -> str:
        name = type(error).__name__
        lines = self._lines_of(error)
        if isinstance(error, RecursionError):  # how deep it got differs from run to run
            text, lines = "the function calls itself without end", lines[:1]
        else:
            try:
                text = "" if fresh else re.sub(r" at 0x[0-9a-fA-F]+", "", str(error))
            except Exception:
                text = ""
        text = f": {shorten(text)}" if text else ""
        return f"{name}{text.rstrip('.')}.{lines[-1] if lines else ''}"

    def _lines_of(self, error: BaseException) -> list[str]:
        """One sentence for each frame of the error that lies in the learner's own cell, outermost first."""
        code = _code_of(self._function)
        if code is None:
            return []
        sentences = []
        for frame, number in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename == code.co_filename:
                source = linecache.getline(code.co_filename, number).strip()
                sentences.append(f"\nLine {number} of your cell" + (f": `{source}`" if source else "."))
        return sentences


def plain(value: Any) -> Any:
    """Tensors, arrays, tuples and generators as lists; numbers and texts as themselves; anything else as `Opaque`.

    >>> import numpy as np, torch
    >>> plain((torch.tensor([1, 2]), range(2), np.float64(0.5), {1: 2}))
    [[1, 2], [0, 1], 0.5, <dict>]
    """
    budget = _MOST_VALUES
    tensor_type, array_type = _tensor_type(), _array_type()

    def convert(value: Any, depth: int) -> Any:
        nonlocal budget
        budget -= 1
        if isinstance(value, tensor_type | array_type):
            budget -= math.prod(value.shape)
        if budget < 0:
            raise Wrong("endless-result", f"It held more than {_MOST_VALUES:,} values.")
        if value is None or value is ... or isinstance(value, bool):
            return value
        if isinstance(value, tensor_type):
            return value.detach().cpu().tolist()
        if isinstance(value, array_type):
            return value.tolist() if value.dtype != object else [convert(item, depth + 1) for item in value.flat]
        for kind in (int, float, str):
            if isinstance(value, kind):
                # Bound to the base type: a subclass could bring comparisons of its own.
                return {int: int.__int__, float: float.__float__, str: str.__str__}[kind](value)
        iterable = isinstance(value, Iterable) and not isinstance(value, dict | set | frozenset | bytes)
        if not iterable or depth > 5:
            return Opaque(type(value).__name__)
        return [convert(item, depth + 1) for item in value]

    return convert(value, 0)


def _tensor_type() -> Any:
    torch = sys.modules.get("torch")
    return torch.Tensor if torch else _Nothing


def _array_type() -> Any:
    numpy = sys.modules.get("numpy")
    return numpy.ndarray | numpy.generic if numpy else _Nothing


class _Nothing:
    """What no value is an instance of."""


def show(value: Any, most: int = 200) -> str:
    """A plain value as short text, floats with four decimals.

    >>> show([1, [0.123456, "a"]])
    "[1, [0.1235, 'a']]"
    """

    def spell(value: Any) -> str:
        if isinstance(value, list):
            return f"[{', '.join(map(spell, value))}]"
        if isinstance(value, tuple):
            return f"({', '.join(map(spell, value))})"
        return f"{value:.4f}" if isinstance(value, float) else repr(value)

    return shorten(spell(value), most)


def shorten(text: str, most: int = 200) -> str:
    """`text`, cut after `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def same_code(function: Any, source: str) -> bool:
    """Whether `function` was compiled from the function of the same name in `source`, comments and layout aside."""
    code = _code_of(function)
    if code is None:
        return False
    # A notebook compiles a cell statement by statement, `exec` as a whole: beside an `import` the bytecode differs.
    cell = ast.parse(source)
    return any(
        constant.co_name == code.co_name and _fingerprint(constant) == _fingerprint(code)
        for part in (cell, *(ast.Module([statement], []) for statement in cell.body))
        for constant in compile(part, "<stub>", "exec", dont_inherit=True).co_consts
        if isinstance(constant, CodeType)
    )


def _fingerprint(code: CodeType) -> tuple:
    constants = tuple(_fingerprint(c) if isinstance(c, CodeType) else (type(c), c) for c in code.co_consts)
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_argcount, constants


def _code_of(function: Any) -> CodeType | None:
    try:
        function = inspect.unwrap(getattr(function, "func", function))  # functools.partial, functools.wraps
        code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    except Exception:  # an odd object may raise on any attribute
        return None
    return code if isinstance(code, CodeType) else None


@contextlib.contextmanager
def _contained(seed: int, printed: io.TextIOBase) -> Iterator[None]:
    """Catch prints and warnings, seed the global generators, and put everything back afterwards."""
    with (
        _restored_generators(seed),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(_Bounded()),
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
            stack.enter_context(torch.enable_grad())
            torch.default_generator.manual_seed(seed)
        yield


class _Bounded(io.TextIOBase):
    """A stream that remembers the beginning and swallows the rest."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text = shorten(self.text + text[:_MOST_PRINTED], _MOST_PRINTED)
        return len(text)


def _copies(values: Any) -> Any:
    """Deep copies of a tuple or dict of arguments; a torch.Generator is meant to be drawn from and stays itself."""
    flat, torch = values.values() if isinstance(values, dict) else values, sys.modules.get("torch")
    generators = [value for value in flat if torch and isinstance(value, torch.Generator)]
    return copy.deepcopy(values, {id(value): value for value in generators})


def _holds_ellipsis(value: Any) -> bool:
    return value is ... or (isinstance(value, list) and any(map(_holds_ellipsis, value)))


def _same(left: Any, right: Any) -> bool:
    """Whether two arguments hold the same values; for what it does not know, that they are of one type."""
    if type(left) is not type(right):
        return False
    if isinstance(left, _tensor_type()):
        return bool(left.equal(right))
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    return left == right if isinstance(left, int | float | str | bytes) else True
