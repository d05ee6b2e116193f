"""What crosses between a check and an answer is plain data: the same when it arrives, and never code."""

from __future__ import annotations

import json
import math
from collections import Counter
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from llmlab.exercises.engine.calling import LocalAnswer
from llmlab.exercises.engine.sources import sources
from llmlab.exercises.engine.values import Opaque
from llmlab.exercises.engine.wire import NotPlain, from_text, to_text
from llmlab.exercises.lesson_02.common import merge_pair
from tests.exercises.answers import WRONG
from tests.exercises.learners import FUNCTIONS, answer, fresh

_KEYS = st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.tuples(st.integers(), st.integers()))
_LEAVES = st.one_of(_KEYS, st.floats(allow_nan=False), st.just(...), st.binary(), st.builds(Opaque, st.text()))
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(_KEYS, inner), st.frozensets(_KEYS)
    ),
    max_leaves=20,
)


def alike(one, other) -> bool:
    """Equal, and of the same types all the way down: True is not 1 here, and a tuple is no list."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict):
        return alike(list(one.items()), list(other.items()))
    return one == other


@given(_VALUES)
def test_a_value_arrives_as_it_was(value):
    arrived = from_text(to_text(value))
    assert alike(arrived, value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_does_not_know(value):
    assert repr(from_text(to_text(value))) == repr(value)


@pytest.mark.parametrize(
    "value",
    [
        torch.randn(2, 3, dtype=torch.float64),
        torch.tensor(5),
        torch.zeros(0, 4),
        torch.tensor([True, False]),
        torch.randn(4, 6).T,
        torch.randn(3).bfloat16(),
        torch.tensor([1 + 2j]),
        torch.ones(2, requires_grad=True),
    ],
    ids=lambda value: f"{value.dtype}{tuple(value.shape)}",
)
def test_a_tensor_keeps_its_dtype_shape_and_numbers(value):
    arrived = from_text(to_text({"t": [value]}))["t"][0]
    assert (arrived.dtype, arrived.shape, arrived.requires_grad) == (value.dtype, value.shape, value.requires_grad)
    assert torch.equal(arrived, value)
    arrived.detach().zero_()  # memory of its own, that can be written
    assert not torch.equal(arrived, value) or not value.any()


def test_a_counter_and_a_generator_go_to_the_answer():
    assert from_text(to_text(Counter("hello"))).most_common(1) == [("l", 2)]
    generator = torch.Generator().manual_seed(7)
    arrived = from_text(to_text(generator), functions=True)
    assert torch.equal(torch.randn(3, generator=arrived), torch.randn(3, generator=generator))


def test_functions_of_the_course_go_by_name_and_only_where_they_may():
    sent = to_text(partial(merge_pair, [1, 2, 3]))
    assert from_text(sent, functions=True)((1, 2), 9) == [9, 3]
    with pytest.raises(ValueError, match="cannot come from there"):
        from_text(sent)
    with pytest.raises(ValueError, match="os is not of the course"):
        from_text('{"function": ["os", "system"]}', functions=True)


class Odd(list):
    """A list that would answer for itself."""


@pytest.mark.parametrize(
    "value", [object(), lambda: 1, Odd([1]), torch.nn.Linear(2, 2), print, (torch.ones(2, requires_grad=True) * 2)]
)
def test_what_is_no_plain_data_is_refused(value):
    with pytest.raises(NotPlain):
        to_text([value])


def nested(depth: int) -> list:
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


def test_nesting_without_end_is_refused_on_both_sides():
    with pytest.raises(NotPlain, match="too deeply"):
        to_text(nested(100_000))
    with pytest.raises(ValueError):
        from_text("[" * 100_000 + "]" * 100_000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        '{"a": 1, "b": 2}',
        '{"nothing": 1}',
        '{"tensor": 3}',
        '{"tensor": ["float32", [2], "AAAA", false]}',
        '{"tensor": ["Tensor", [0], "", false]}',
        '{"tensor": ["float32", [9999999999999], "", false]}',
        '{"tensor": ["float32", [1], "!!!!", false]}',
        '{"int": "' + "9" * 5000 + '"}',
        '{"int": 5}',
        '{"dict": [[[1], 2]]}',
        '{"opaque": {"int": "1"}}',
        '{"range": ["a"]}',
        '{"bytes": 1}',
    ],
)
def test_a_damaged_or_forged_line_is_no_value(text):
    with pytest.raises(ValueError):
        from_text(text)


class Remote(LocalAnswer):
    """An answer in this process, with every value taken through a line of text both ways."""

    def look(self, stub):
        look = super().look(stub)
        return type(look)(**from_text(to_text(vars(look))))

    def call(self, call):
        outcome = super().call(type(call)(**from_text(to_text(vars(call)), functions=True)))
        return type(outcome)(**{**vars(outcome), "value": from_text(to_text(outcome.value))})


@pytest.mark.parametrize("id", FUNCTIONS)
def test_a_check_says_the_same_over_the_wire(id):
    """The solution, and the first wrong answer that shows each misconception."""
    kinds = {name.partition(":")[0]: source for name, source in reversed(WRONG[id].items())}
    for source in (sources()[id]["solution"], *kinds.values()):
        given = answer(id, source)
        here, there = fresh(id).judged(LocalAnswer(given)), fresh(id).judged(Remote(given))
        assert (there.status, there.misconception) == (here.status, here.misconception), source


def test_the_wire_carries_nothing_but_json():
    assert json.loads(to_text({(1, 2): [0.5, ...]})) == {"dict": [[{"tuple": [1, 2]}, [0.5, {"ellipsis": True}]]]}
