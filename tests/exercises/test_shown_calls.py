"""The call that a message shows is one that a learner can run: it gives what the message says that it gave."""

import re

import pytest
import torch

from llmlab.exercises.engine import plain, show
from llmlab.exercises.lesson_04.common import shape_of
from tests.exercises.answers import WRONG
from tests.exercises.learners import define, fresh

ANSWERS = {  # by exercise: misconceptions that are shown on a small case
    "04.1": ("pair-turned-round", "axes-swapped", "place-for-id", "rows-are-no-product"),
    "04.3": ("neighbours-pushed-apart", "noise-left-out"),
    "05.3": ("tables-swapped", "positions-missing", "place-by-id", "joined-for-added"),
}


@pytest.mark.parametrize(("id", "name"), [(id, name) for id, names in ANSWERS.items() for name in names])
def test_a_shown_call_gives_what_is_said(id, name):
    answer = define(WRONG[id][name])
    message = fresh(id).check(answer).message
    call, given = re.search(r"`\w+\((.*)\)` gave (`.*?`|a result of shape \(.*?\))[.,;]", message).groups()
    arguments = eval(f"dict({call})")
    result = plain(answer(*(torch.tensor(value) for value in arguments.values())))
    assert given in (f"`{show(result)}`", f"a result of shape {shape_of(result)}")
