"""One-hot vectors and their product with the table, to be written: tried on a small table, then on random ones.

That the rows are computed and not looked up shows in nothing that comes out. So the calls of PyTorch are listened to.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, plain, show
from llmlab.exercises.engine.answers import faces, name_of
from llmlab.exercises.engine.crashes import Crash
from llmlab.exercises.engine.tensors import seeded
from llmlab.exercises.lesson_04.common import is_close, shape_of, table
from llmlab.exercises.lesson_04.sections import LOOKUP


def _one_hot(ids: list[int], vocab_size: int) -> list[list[float]]:
    return [[float(v == token_id) for v in range(vocab_size)] for token_id in ids]


_PRODUCTS = frozenset(
    "matmul rmatmul mm sparse_mm bmm mv dot vdot einsum tensordot inner linear mul multiply rmul addmm addmv".split()
)
_LOOKUPS = frozenset("getitem index_select embedding gather take take_along_dim".split())


class _Listener(TorchFunctionMode):
    """Notes which functions of PyTorch are called, and how often something is looked up in a table of this shape."""

    def __init__(self, table: tuple[int, ...]) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.table, self.lookups = table, 0

    def __torch_function__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        name = getattr(function, "__name__", "").strip("_")
        self.names.add(name)
        values = (*args, *(kwargs or {}).values())
        tables = any(isinstance(value, Tensor) and value.shape == self.table for value in values)
        self.lookups += name in _LOOKUPS and tables
        return function(*args, **(kwargs or {}))


def _read(result: Any, args: tuple) -> Any:
    """The result in plain values, a sparse tensor filled up; the names that were called; the number of look-ups."""
    if result is None or result is ...:
        return result
    heard = args[-1]
    if isinstance(result, list | tuple):
        result = [part.to_dense() if isinstance(part, Tensor) and part.is_sparse else part for part in result]
    return [plain(result), sorted(heard.names), heard.lookups]


def _check_one_hot(one_hot_and_rows: Probe) -> Iterator[str]:
    def compare(ids: list[int], weight: Tensor, shown: str, is_fresh: bool) -> None:
        around = partial(_Listener, tuple(weight.shape))
        got, names, lookups = one_hot_and_rows(
            torch.tensor(ids), weight, shown=shown, fresh=is_fresh, read=_read, around=around
        )
        wrong = _one_hot_misconception(got, ids, weight)
        if wrong:
            misconception = "tied-to-the-example" if is_fresh else wrong
            seen = "" if is_fresh else f"`{shown}` gave `{show(got)}`."
            raise Wrong(misconception, seen)
        if "one_hot" in names:
            raise Wrong("one-hot-given")
        # A product in Python's own numbers reads all rows, a lookup at most one for each id. Where there are more rows
        # than ids, the two can be told apart.
        if 0 < lookups <= len(ids) < len(weight) and not is_fresh and not _PRODUCTS.intersection(names):
            raise Wrong("rows-looked-up")

    for ids, weight in (([3, 1, 3], table(5, 2, 1)), ([0], table(4, 3, 1))):
        compare(ids, weight, one_hot_and_rows.spell(ids=torch.tensor(ids), weight=weight), False)
        yield f"ids {ids} in a table of {len(weight)} rows"
    fresh = random.Random()
    for _ in range(10):
        T, D, V = fresh.sample(range(2, 9), 3)
        ids = [fresh.randrange(V) for _ in range(T)]
        compare(ids, torch.randn(V, D, generator=seeded(fresh)), "a random table", True)
    yield "fresh random tables"


def _one_hot_misconception(got: Any, ids: list[int], weight: Tensor) -> str:
    T, (V, D) = len(ids), weight.shape
    if not isinstance(got, list) or len(got) != 2:
        return "not-a-pair"
    one_hot, rows = got
    true = _one_hot(ids, V)
    shape = shape_of(one_hot)
    if shape == (V,):
        return "one-vector-for-all"
    if shape == (V, T) != (T, V) and is_close(one_hot, torch.tensor(true).T.tolist()):
        return "axes-swapped"
    if shape == (T, D) and is_close(rows, true):
        return "pair-turned-round"
    if shape != (T, V):
        return "not-one-hot"
    if not is_close(one_hot, true):
        models = {
            "ids-as-numbers": [[[entry * token_id for entry in row] for row, token_id in zip(true, ids, strict=True)]],
            "place-for-id": [_one_hot([place % V for place in range(T)], V)],
            "ids-from-one": [
                _one_hot([token_id - 1 for token_id in ids], V),
                _one_hot([(token_id - 1) % V for token_id in ids], V),
                _one_hot([token_id + 1 for token_id in ids], V),
            ],
            "several-ones": [[[float(v in ids) for v in range(V)]] * T, [[1.0] * V] * T],
        }
        return name_of(faces(models), lambda value: is_close(one_hot, value)) or "not-one-hot"
    return "" if is_close(rows, [weight[token_id].tolist() for token_id in ids]) else "rows-are-no-product"


EXERCISE = Exercise(
    kind="function",
    examine=_check_one_hot,
    means="Your product and `weight[ids]` are the same rows: an embedding layer is this product, done as a lookup.",
    hints=(
        "The one-hot matrix has a row for each of the T ids and a column for each of the V tokens. In row t, which "
        "column holds the 1?",
        "Start from `torch.zeros(T, V)` and set one entry in each row: row t, column ids[t]. Then `one_hot @ weight`.",
        "`one_hot[torch.arange(len(ids)), ids] = 1.0` and `rows = one_hot @ weight`.",
    ),
    variant="Compare `ids[:, None] == torch.arange(len(weight))`: why is that the same matrix?",
    misconceptions={
        "not-a-pair": Misconception(
            "The function gives two things back: `return one_hot, rows`, a matrix (T, V) and a matrix (T, D).", LOOKUP
        ),
        "pair-turned-round": Misconception(
            "Both are there, but in the wrong order: the one-hot matrix comes first, then the rows.", LOOKUP
        ),
        "axes-swapped": Misconception(
            "The matrix lies on its side: one row for each id, one column for each token, (T, V).", LOOKUP
        ),
        "one-vector-for-all": Misconception(
            "A single vector cannot say which id stands where: each id gets a one-hot row of its own.", LOOKUP
        ),
        "ids-as-numbers": Misconception(
            "The entries are the ids. An id is a place and not a quantity: the entry is 1, whatever the id.", LOOKUP
        ),
        "place-for-id": Misconception(
            "The 1 of row t stands in column t. It belongs in column ids[t]: that picks row ids[t] of the table.",
            LOOKUP,
        ),
        "ids-from-one": Misconception(
            "The 1 stands one column beside the id: ids count from 0, as columns do.", LOOKUP
        ),
        "several-ones": Misconception("A row holds more than a single 1, so that several rows are added up.", LOOKUP),
        "not-one-hot": Misconception(
            "The first result is not the one-hot matrix: shape (T, V), a 1 in row t at column ids[t], 0 elsewhere.",
            LOOKUP,
        ),
        "rows-are-no-product": Misconception(
            "The one-hot matrix is right, but the rows are not `one_hot @ weight`, of shape (T, D).", LOOKUP
        ),
        "one-hot-given": Misconception(
            "Right, but `F.one_hot` made the matrix. The exercise is to build it yourself: begin with zeros.", LOOKUP
        ),
        "rows-looked-up": Misconception(
            "Both results are right, but no product was computed: the rows were looked up in the table. Multiply, "
            "`one_hot @ weight`, and see the same rows come out.",
            LOOKUP,
        ),
        "tied-to-the-example": Misconception(
            "It works for the examples, but not for tables of other sizes. Is a size written into the code?", LOOKUP
        ),
    },
    crashes=(
        Crash(
            "whole-numbers-times-table",
            "RuntimeError",
            r"to have the same dtype|expected scalar type|must have the same dtype",
            "The one-hot matrix holds whole numbers or truth values, the table floats, and PyTorch multiplies one type "
            "by the same: `one_hot.float() @ weight`, or start from `torch.zeros`, which are floats.",
            LOOKUP,
        ),
    ),
)
