"""Whether a function, or a class, is still the one that the student notebook came with."""

from __future__ import annotations

import ast
import inspect
from types import CodeType, FunctionType
from typing import Any


def same_code(function: Any, source: str) -> bool:
    """Whether `function` was compiled from the function of the same name in `source`, comments and layout aside.

    A class is the same when all its methods are.
    """
    # A notebook compiles a cell statement by statement, `exec` as a whole: beside an `import` the bytecode differs.
    cell = ast.parse(source)
    compiled = (
        constant
        for part in (cell, *(ast.Module([statement], []) for statement in cell.body))
        for constant in _codes_in(compile(part, "<stub>", "exec", dont_inherit=True))
    )
    if isinstance(function, type):
        methods = [_fingerprint(method.__code__) for method in _methods(function)]
        return bool(methods) and any(
            constant.co_name == function.__name__ and [*map(_fingerprint, _codes_in(constant))] == methods
            for constant in compiled
        )
    code = code_of(function)
    return code is not None and any(
        constant.co_name == code.co_name and _fingerprint(constant) == _fingerprint(code) for constant in compiled
    )


def made_of_class_in(source: str, answer: Any) -> bool:
    """Whether `answer` is an object made from a class of a name that `source` defines, not the class itself."""
    classes = {node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    return not isinstance(answer, type) and type(answer).__name__ in classes


def _codes_in(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _methods(kind: type) -> list[FunctionType]:
    return [value for value in vars(kind).values() if isinstance(value, FunctionType)]


def _fingerprint(code: CodeType) -> tuple:
    constants = tuple(_fingerprint(c) if isinstance(c, CodeType) else (type(c), c) for c in code.co_consts)
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_argcount, constants


def code_of(answer: Any) -> CodeType | None:
    """The code of a function, what wraps it taken off, or of a class's first method; None for what has none."""
    function = function_of(answer)
    return function.__code__ if function else None


def function_of(answer: Any) -> FunctionType | None:
    """The function of Python behind what can be called; None where there is none, as behind a builtin."""
    try:
        if isinstance(answer, type):
            return next(iter(_methods(answer)), None)
        answer = inspect.unwrap(getattr(answer, "func", answer))  # functools.partial, functools.wraps
        call = type(answer).__call__
        if str(getattr(call, "__module__", "")).startswith("torch."):  # in a module the learner's own is `forward`
            call = type(answer).forward
        behind = (answer, getattr(answer, "__func__", None), call)  # a method; an object with __call__
        return next((one for one in behind if isinstance(one, FunctionType)), None)
    except Exception:  # an odd object may raise on any attribute
        return None
