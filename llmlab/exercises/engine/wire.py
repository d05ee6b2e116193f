"""Values as text that cannot carry code: how a check's calls reach a learner's function in another process, and back.

JSON, with a tag for what JSON has no name for. What is read can only be plain data: numbers, texts, lists, tuples,
dictionaries, tensors with dtype and shape, and `Opaque` for anything else. Only the side of the course also sends
functions: of its own, by their names.
"""

from __future__ import annotations

import base64
import json
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from llmlab.exercises.engine.values import Opaque

_COURSE = "llmlab."  # where functions that are sent by name come from


class NotPlain(TypeError):
    """A value that no text stands for: a model, a function of nobody's module."""


def to_text(value: Any) -> str:
    """A value in one line.

    Raises:
        NotPlain: it holds what is no plain data, or is nested too deeply.
    """
    try:
        return json.dumps(_out(value), allow_nan=True)
    except RecursionError:
        raise NotPlain("a value is nested too deeply") from None


def from_text(text: str | bytes, *, functions: bool = False) -> Any:
    """The value that `to_text` gave a line for.

    Args:
        text: may come from anybody: nothing in it is run.
        functions: whether names of the course's functions are looked up; only for what the course itself has sent.

    Raises:
        ValueError: it is no such line.
    """
    try:
        return _in(json.loads(text), functions)
    except (RecursionError, TypeError, KeyError, AttributeError, OverflowError, RuntimeError, IndexError) as error:
        raise ValueError(f"this is no value: {type(error).__name__}: {error}") from None


def _out(value: Any) -> Any:
    kind = type(value)
    if value is None or kind in (bool, str, float):
        return value
    if kind is int:
        return value if abs(value) < 2**53 else {"int": str(value)}
    if kind is list:
        return [_out(item) for item in value]
    if value is ...:
        return {"ellipsis": True}
    if kind is tuple:
        return {"tuple": [_out(item) for item in value]}
    if kind in (dict, Counter):
        return {"counter" if kind is Counter else "dict": [[_out(key), _out(item)] for key, item in value.items()]}
    if kind in (set, frozenset):
        return {kind.__name__: [_out(item) for item in value]}
    if kind is bytes:
        return {"bytes": base64.b64encode(value).decode()}
    if kind is range:
        return {"range": [value.start, value.stop, value.step]}
    if kind is Opaque:
        return {"opaque": value.type_name}
    if kind is partial:
        return {"partial": [_out(value.func), _out(list(value.args)), _out(value.keywords)]}
    torch = sys.modules.get("torch")
    if torch and kind is torch.Tensor and value.is_leaf:
        raw = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8) if value.numel() else None
        data = "" if raw is None else base64.b64encode(raw.numpy().tobytes()).decode()
        return {"tensor": [str(value.dtype).removeprefix("torch."), list(value.shape), data, value.requires_grad]}
    if torch and kind is torch.Generator:
        return {"generator": _out(value.get_state())}
    if callable(value) and _of_the_course(value):
        return {"function": [value.__module__, value.__qualname__]}
    raise NotPlain(f"a value of type {kind.__name__} is no plain data")


def _of_the_course(function: Any) -> bool:
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if not (isinstance(module, str) and module.startswith(_COURSE)):
        return False
    return getattr(sys.modules.get(module), name, None) is function


def _in(value: Any, functions: bool) -> Any:
    if isinstance(value, list):
        return [_in(item, functions) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1:
        raise ValueError(f"a value has one tag, got {len(value)}")
    ((tag, held),) = value.items()
    if tag in ("function", "partial", "generator") and not functions:
        raise ValueError(f"a {tag} cannot come from there")
    return _READERS[tag](held, functions)


def _tensor(held: list, functions: bool) -> Any:
    import torch

    dtype, shape, data, wants_gradient = held
    dtype = getattr(torch, dtype)
    if not isinstance(dtype, torch.dtype):
        raise ValueError("a tensor has a dtype")
    raw = bytearray(base64.b64decode(data, validate=True))
    if not raw and 0 not in shape:  # it would hold what this process had in its memory
        raise ValueError("a tensor has as many numbers as its shape says")
    tensor = torch.frombuffer(raw, dtype=dtype).reshape(shape) if raw else torch.empty(shape, dtype=dtype)
    return tensor.requires_grad_() if wants_gradient is True else tensor


def _generator(held: Any, functions: bool) -> Any:
    import torch

    generator = torch.Generator()
    generator.set_state(_in(held, functions))
    return generator


def _function(held: list, functions: bool) -> Callable[..., Any]:
    module, name = held
    if not module.startswith(_COURSE):
        raise ValueError(f"{module} is not of the course")
    return getattr(import_module(module), name)


def _partial(held: list, functions: bool) -> Callable[..., Any]:
    function, args, keywords = (_in(part, functions) for part in held)
    return partial(function, *args, **keywords)


def _pairs(held: list, functions: bool) -> dict:
    return {_in(key, functions): _in(item, functions) for key, item in held}


_READERS: dict[str, Callable[[Any, bool], Any]] = {
    "int": lambda held, _: int(held) if len(held) < 4000 else _refuse("a number of so many digits"),
    "ellipsis": lambda held, _: ...,
    "tuple": lambda held, functions: tuple(_in(item, functions) for item in held),
    "dict": _pairs,
    "counter": lambda held, functions: Counter(_pairs(held, functions)),
    "set": lambda held, functions: {_in(item, functions) for item in held},
    "frozenset": lambda held, functions: frozenset(_in(item, functions) for item in held),
    "bytes": lambda held, _: base64.b64decode(held, validate=True),
    "range": lambda held, _: range(*held),
    "opaque": lambda held, _: Opaque(held if isinstance(held, str) else _refuse("a type without a name")),
    "tensor": _tensor,
    "generator": _generator,
    "function": _function,
    "partial": _partial,
}


def _refuse(what: str) -> Any:
    raise ValueError(f"{what} is no value")
