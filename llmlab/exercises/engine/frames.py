"""What the frames of an error show of the learner's own code: the line, the loop, the shapes, and who raised."""

from __future__ import annotations

import ast
import contextlib
import dis
import linecache
import re
from collections import ChainMap
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from llmlab.exercises.engine.crashes import message_of
from llmlab.exercises.engine.source_code import function_of
from llmlab.exercises.engine.values import array_type, tensor_type


@dataclass(frozen=True)
class Frame:
    """One step of an error's way through the learner's code.

    Attributes:
        trace: the step itself.
        where: how a message calls its cell.
        number: the line in its cell, from 1.
    """

    trace: TracebackType
    where: str
    number: int

    def line(self, number: int = 0) -> str:
        """One sentence with a line of the cell: the one that was running, or another by its number."""
        number = number or self.number
        source = linecache.getline(self._file, number).strip()
        return f"Line {number} of {self.where}" + (f": `{source}`" if source else ".")

    def loop(self) -> int:
        """The line where the outermost loop that was running begins, a `while` before a `for`; 0 without any.

        The outermost, because an endless loop may be caught anywhere in its body, and so in any loop within it.
        """
        with contextlib.suppress(SyntaxError):
            around = [
                node
                for node in ast.walk(ast.parse("".join(linecache.getlines(self._file))))
                if isinstance(node, ast.While | ast.For)
                and node.lineno <= self.number <= (node.end_lineno or node.lineno)
            ]
            around.sort(key=lambda node: (isinstance(node, ast.For), node.lineno))
            return around[0].lineno if around else 0
        return 0

    def shapes(self) -> str:
        """Shapes of the tensors that are named in the expression that was running; empty without any.

        Their types, too, where there are several.
        """
        held, kinds = (
            ChainMap(self.trace.tb_frame.f_locals, self.trace.tb_frame.f_globals),
            tensor_type() | array_type(),
        )
        tensors = {name: held[name] for name in self._names() if issubclass(type(held.get(name)), kinds)}
        types = {name: str(value.dtype).removeprefix("torch.") for name, value in tensors.items()}
        several = len(set(types.values())) > 1
        *first, last = [
            f"`{name}` has shape {tuple(value.shape)}{f' of {types[name]}' if several else ''}"
            for name, value in tensors.items()
        ] or [""]
        return f"There {', '.join(first)}{' and ' if first else ''}{last}." if last else ""

    def _names(self) -> Iterator[str]:
        """The names in the expression that was running, as Python's own tracebacks underline it."""
        positions = list(self.trace.tb_frame.f_code.co_positions())[self.trace.tb_lasti // 2]
        first, last, start, end = positions
        if first is None or last is None or start is None or end is None:
            return
        lines = [line.encode() for line in linecache.getlines(self._file)[first - 1 : last]]
        if not lines:
            return
        lines[-1] = lines[-1][:end]
        lines[0] = lines[0][start:]
        with contextlib.suppress(SyntaxError):
            for node in ast.walk(ast.parse(b"(" + b"".join(lines) + b")")):
                if isinstance(node, ast.Name):
                    yield node.id

    @property
    def _file(self) -> str:
        return self.trace.tb_frame.f_code.co_filename


def own_frames(error: BaseException, function: Any) -> list[Frame]:
    """The steps of an error that lie in the learner's cells, outermost first.

    A cell is the learner's when it is the one with the answer, or works on the same names.
    """
    behind = function_of(function)
    if behind is None:
        return []
    found = []
    for trace in _steps(error):
        of_step = trace.tb_frame.f_code
        if of_step.co_filename == behind.__code__.co_filename:
            found.append(Frame(trace, "your cell", _line_of(trace, error)))
        elif trace.tb_frame.f_globals is behind.__globals__:
            found.append(Frame(trace, f"the cell with `{of_step.co_name}`", _line_of(trace, error)))
    return found


def raised_on_purpose(error: BaseException, frames: list[Frame]) -> bool:
    """Whether a `raise` or an `assert` of the learner's own raised the error."""
    if not frames:
        return False
    *_, innermost = _steps(error)
    if frames[-1].trace is not innermost:
        return False
    step = innermost.tb_frame.f_code.co_code[innermost.tb_lasti]
    return dis.opname[step] == "RAISE_VARARGS"


def _line_of(trace: TracebackType, error: BaseException) -> int:
    """The line of a step.

    Python 3.11 runs some pairs of instructions as one, once it has run them often. Where the second of them reads a
    local name without a value, the traceback tells the line of the first.
    """
    if isinstance(error, UnboundLocalError) and trace.tb_next is None:
        name = re.search(r"local variable '(\w+)'", message_of(error))
        for step in dis.get_instructions(trace.tb_frame.f_code):
            if trace.tb_lasti <= step.offset <= trace.tb_lasti + 2 and name and step.argval == name[1]:
                return (step.positions and step.positions.lineno) or trace.tb_lineno
    return trace.tb_lineno or _line_before(trace)


def _line_before(trace: TracebackType) -> int:
    """The last line before a step that has none: the end of an `except`, where code may be stopped, is in no line."""
    code = trace.tb_frame.f_code
    lines = [line for start, _, line in code.co_lines() if line is not None and start <= trace.tb_lasti]
    return lines[-1] if lines else code.co_firstlineno


def _steps(error: BaseException) -> Iterator[TracebackType]:
    trace = error.__traceback__
    while trace is not None:
        yield trace
        trace = trace.tb_next
