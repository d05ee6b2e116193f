"""Lesson 07: what its checks take for right and for wrong, and what its cells print is what its text says."""

import math
from itertools import permutations
from operator import eq

import pytest
import torch
from llmlab.exercises.lesson_07.block_order import _LINES, _ORDER, _order_misconception
from llmlab.exercises.lesson_07.find_the_stream import _block, _halves, _wrong_blocks
from llmlab.exercises.lesson_07.layer_norm import _norm, _wrong_norms
from llmlab.exercises.lesson_07.parameter_budget import _BUDGETS, _budget, _wrong_budgets

from llmlab.exercises.engine.answers import faces
from llmlab.gpt import GPTConfig, LayerNorm, count_parameters
from tests.lessons.shared import Lesson, alike, near

LESSON = Lesson("07")
output = LESSON.output

# ---- what the exercises take for right -------------------------------------------------------------------------------


def runs(order):
    """What the lines of exercise 07.2 give in this order, as a term; None where a name is missing."""
    names = {"x": "x"}
    terms = {"norm_1": "n1({})", "norm_2": "n2({})", "attention": "attend({})", "feed_forward": "think({})"}
    for letter in order:
        line = _LINES[letter]
        if line == "return x":
            return names["x"]
        target, _, right = line.partition(" = ")
        if " + " in right:
            left, _, added = right.partition(" + ")
            if added not in names:
                return None
            names[target] = f"({names[left]} + {names[added]})"
        else:
            function, _, argument = right.rstrip(")").partition("(")
            if argument not in names:
                return None
            names[target] = terms[function].format(names[argument])
    return None


def test_only_one_order_of_the_lines_is_the_block():
    wanted = "((x + attend(n1(x))) + think(n2((x + attend(n1(x))))))"
    assert [order for order in map("".join, permutations(_LINES)) if runs(order) == wanted] == [_ORDER]


def test_every_other_order_has_a_name_and_the_names_fit():
    for order in map("".join, permutations(_LINES)):
        if order != _ORDER:
            name = _order_misconception(order)
            assert (name == "returns-too-early") == (order[-1] != "c")
            if order[-1] == "c":
                assert (name == "used-before-made") == (runs(order) is None)


def test_the_lines_in_the_lesson_are_those_of_the_check():
    prompt = LESSON.cell("Order the block", "markdown").source
    lines = prompt.split("```")[1].strip().splitlines()
    assert [tuple(line.split(maxsplit=1)) for line in lines] == list(_LINES.items())


def test_norm_and_block_of_the_checks_are_the_packages():
    layer = LayerNorm(6)
    torch.nn.init.normal_(layer.scale, generator=torch.Generator().manual_seed(0))
    torch.nn.init.normal_(layer.shift, generator=torch.Generator().manual_seed(1))
    x = torch.randn(2, 5, 6, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(_norm(x, layer.scale, layer.shift, layer.eps), layer(x))
    for V, T, D, L, bias, tied in (*_BUDGETS, (50_257, 1024, 768, 12, True, True)):
        config = GPTConfig(V, T, D, 1, L, qkv_bias=bias, tie_weights=tied)
        assert _budget(V, T, D, L, bias, tied) == count_parameters(config).total


def test_known_mistakes_are_told_apart():
    """Each model differs from the right one and from the others: what agrees with two could not be named."""
    x = torch.tensor([[2.0, 4.0, 9.0, 5.0], [1.0, -1.0, 0.0, 4.0], [10.0, 30.0, 20.0, 60.0]])
    norm = (x, torch.tensor([1.0, 2.0, 0.5, -1.0]), torch.tensor([0.5, 0.0, -2.0, 1.0]), 0.5)
    assert alike([("right", _norm(*norm)), *faces(_wrong_norms(*norm))], near(1e-2)) == []
    block = (torch.tensor([[1.0, 5.0, 3.0], [2.0, -1.0, 8.0]]), *_halves(seed=1, D=3, T=2))
    assert alike([("right", _block(*block)), *_wrong_blocks(*block).items()], near(1e-2)) == []
    counts = [("right", [_budget(*case) for case in _BUDGETS])]
    for name, variants in _wrong_budgets(*_BUDGETS[0]).items():
        for number in range(len(variants)):
            counts.append((name, [_wrong_budgets(*case)[name][number] for case in _BUDGETS]))
    assert alike(counts, eq) == []


# ---- what the text says of what is printed ---------------------------------------------------------------------------


def test_the_stacks_do_what_the_text_says():
    rows = {line[:16].strip(): line[16:].split() for line in output("STACKS = {").splitlines()[1:]}
    assert list(rows) == ["plain", "residual", "norm", "residual + norm"]
    power = {name: [int(number.removeprefix("10^")) for number in row[:2]] for name, row in rows.items()}
    ratio = {name: int(row[2]) for name, row in rows.items()}
    assert max(power["plain"]) < -5 and min(power["residual"]) > 3
    assert abs(power["norm"][0]) <= 1 and 100 <= ratio["norm"] < 1000
    assert abs(power["residual + norm"][0]) <= 1 and ratio["residual + norm"] < 10


def test_the_first_loss_is_about_ln_v_only_with_small_weights():
    for part in ("head from N(0, ", "tied table from N(0, "):
        losses = {
            line.split("²")[0][-4:].strip(" ,"): float(line.split()[-1]) for line in output(part).splitlines()[-2:]
        }
        assert abs(losses["0.02"] - math.log(50_257)) < 0.2 and losses["1.0"] > 15


def test_the_table_of_lengths_shows_what_the_text_says():
    lines = [line.replace(",", "").split() for line in output("lengths = (1, 64").splitlines()[1:]]
    rows = {int(line[0]): [float(number) for number in line[1:4]] for line in lines}
    for part, factor in ((0, 2), (1, 4), (2, 2)):
        assert rows[2048][part] / rows[1024][part] == pytest.approx(factor, rel=1e-3)
    assert sum(rows[1024]) > 1000 * sum(rows[1])
    assert max(rows[16_384]) == rows[16_384][1] and max(rows[4096]) != rows[4096][1]


def test_gpt2_is_counted_part_by_part():
    text = output("for part in (")
    assert "124,439,808" in text and text.count("\n") == 7
    assert "163,037,184" in output("untied = count_parameters")
    assert output("full_size = GPT(GPT2)").startswith("124,439,808 parameters")
    assert "their logits are equal" in output("packaged = GPT(GPTConfig(")


def test_all_sizes_of_the_toy_model_differ():
    source = LESSON.cell("toy = SmallGPT(").source
    sizes = [int(part.split(",")[0].split(")")[0]) for part in source.partition("toy = SmallGPT(")[2].split("=")[1:6]]
    assert len({*sizes, 2, 7, 24 // 3, 4 * 24, 3 * 24}) == 10
