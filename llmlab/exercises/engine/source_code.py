"""Whether a function is still the one that the student notebook came with."""

from __future__ import annotations

import ast
import inspect
from types import CodeType
from typing import Any


def same_code(function: Any, source: str) -> bool:
    """Whether `function` was compiled from the function of the same name in `source`, comments and layout aside."""
    code = code_of(function)
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


def code_of(function: Any) -> CodeType | None:
    """The code of a function, what wraps it taken off; None for what has none, such as a builtin."""
    try:
        function = inspect.unwrap(getattr(function, "func", function))  # functools.partial, functools.wraps
        code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    except Exception:  # an odd object may raise on any attribute
        return None
    return code if isinstance(code, CodeType) else None
