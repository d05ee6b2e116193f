"""Lesson 10: what its checks take for right and for wrong, and what its cells print is what its text says."""

import re
from math import isclose

import pytest

from llmlab.course.figures import length_cost
from llmlab.exercises.engine.answers import faces
from llmlab.exercises.lesson_10.largest_batch import _CASES, _largest
from llmlab.exercises.lesson_10.largest_batch import _WRONG as WRONG_BATCHES
from llmlab.exercises.lesson_10.operations import _MODELS, _operations
from llmlab.exercises.lesson_10.operations import _WRONG as WRONG_OPERATIONS
from llmlab.exercises.lesson_10.parameter_budget import _BUDGETS, _budget, _wrong_budgets
from llmlab.explorers import ShapeTracer
from llmlab.gpt import GPTConfig, count_parameters
from tests.lessons.shared import Lesson, alike

LESSON = Lesson("10", solved=True)
output = LESSON.output

# ---- what the exercises take for right -------------------------------------------------------------------------------


def test_what_the_checks_take_for_right_is_the_packages():
    for V, T, D, L, bias, tied in (*_BUDGETS, (50_257, 1024, 768, 12, True, True)):
        config = GPTConfig(V, T, D, 1, L, qkv_bias=bias, tie_weights=tied)
        assert _budget(V, T, D, L, bias, tied) == count_parameters(config).total
    tracer = ShapeTracer()
    tracer.set(vocabulary="5000", width="288", layers=7, context="256", batch=3)
    flops = tracer.trace.flops
    linear = flops["attention: projections"] + flops["feed-forward"]
    assert _operations(5000, 288, 7, 3, 256) == (linear, flops["attention: scores and sums"], flops["head"])


def test_known_mistakes_are_told_apart():
    """Each model differs from the right one and from the others: what agrees with two could not be named."""
    counts = [("right", [_budget(*case) for case in _BUDGETS])]
    for name, variants in _wrong_budgets(*_BUDGETS[0]).items():
        for number in range(len(variants)):
            counts.append((name, [_wrong_budgets(*case)[name][number] for case in _BUDGETS]))
    assert alike(counts, lambda a, b: a == b) == []
    flops = [("right", _operations), *faces(WRONG_OPERATIONS)]
    flops = [(name, [number for sizes in _MODELS for number in model(*sizes)]) for name, model in flops]
    assert alike(flops, lambda a, b: all(map(lambda x, y: isclose(x, y, rel_tol=1e-5), a, b))) == []
    batches = [("right", _largest), *faces(WRONG_BATCHES)]
    batches = [(name, [idea(*case) for case in _CASES]) for name, idea in batches]
    assert alike(batches, lambda a, b: a == b) == []


def test_the_cases_of_the_largest_batch_are_of_all_kinds():
    rest = [memory - 16 * parameters for memory, parameters, _ in _CASES]
    assert rest[0] > _CASES[0][2] and rest[0] % _CASES[0][2], "room to spare"
    assert rest[1] % _CASES[1][2] == 0, "just full"
    assert rest[2] < 0 < rest[3] < _CASES[3][2], "too small for the model, too small for a window"


# ---- what the text says of what is printed ---------------------------------------------------------------------------


def test_gpt2_is_counted_part_by_part():
    text = output("for part in (")
    assert "124,439,808, built: 124,439,808, with a head of its own: 163,037,184" in text and text.count("\n") == 7


def test_counted_is_what_the_solution_gives():
    counted, own = (line.partition(": ")[2] for line in output("def counted(config").splitlines())
    assert counted == own == str(_operations(11, 24, 5, 2, 7))


def test_the_table_of_lengths_shows_what_the_text_says():
    lines = [line.replace(",", "").split() for line in output("for T in (1, 64").splitlines()[1:]]
    rows = {int(line[0]): [float(number) for number in line[1:4]] for line in lines}
    for part, factor in ((0, 2), (1, 4), (2, 2)):
        assert rows[2048][part] / rows[1024][part] == pytest.approx(factor, rel=1e-3)
    assert max(rows[16_384]) == rows[16_384][1] and max(rows[4096]) != rows[4096][1]
    linear, scores, _ = _operations(50_257, 768, 12, 1, 6 * 768)
    assert linear == scores and "for GPT-2 at 4,608 tokens" in LESSON.source


def test_a_step_costs_three_times_a_pass_and_the_rule_lacks_the_scores():
    text = output("logits.sum().backward()")
    assert "3.00 times as many" in text and "the step 1.15 times that" in text
    assert "15 % at GPT-2's full context" in LESSON.source
    assert output("hours = run").startswith("2.5 billion tokens, 1.8e+18 FLOPs: 5 hours")


def test_training_holds_sixteen_bytes_for_each_parameter():
    *sizes, parameters = [int(n.replace(",", "")) for n in re.findall(r"([\d,]{7,})", output("held = {"))]
    assert [size / parameters for size in sizes] == [4, 4, 8]
    assert 16 * parameters == pytest.approx(8.9e6, rel=0.01)
    assert 16 * 124_439_808 == pytest.approx(2e9, rel=0.01)


def test_activations_grow_as_the_text_says():
    rows = [[float(number) for number in line.split()] for line in output("MB saved").splitlines()[2:]]
    saved = {(int(B), int(T)): numbers for B, T, *numbers in rows}
    assert saved[8, 64][0] > 8.9
    assert saved[16, 64][0] == pytest.approx(2 * saved[8, 64][0], rel=0.01)
    assert len({numbers[2] for numbers in saved.values()}) == 1, "fused: the same for each token"
    assert saved[8, 64][3] == saved[16, 64][3] < saved[8, 128][3] < saved[1, 512][3], "plain: grows with the length"


def test_texts_of_a_batch_do_not_meet():
    assert output("together = model(ids)").rstrip().endswith("True")


@pytest.mark.parametrize("lesson", [LESSON, Lesson("10")])
def test_the_rows_of_both_notebooks_took_the_times_that_the_text_says(lesson):
    lines = [line.split() for line in lesson.output("passes += 1").splitlines()[1:]]
    assert [line[:2] for line in lines] == [["1", "0.5"], ["8", "4.0"], ["64", "32.0"], ["256", "128.0"]]
    alone, few, many, most = (float(line[3]) for line in lines)
    assert alone == 1 and 0.35 < few < 0.65, "about half; so 8 rows take several times as long as one"
    assert 0.15 < many < 0.3 and 0.7 < most / many < 1.1, "about a fifth, and little more is gained"
    assert "a row among 8 takes about half" in lesson.source and "a row among 64 about a\n# fifth" in lesson.source


def test_what_happened_in_the_tracer():
    """The folded answers below the prediction, one by one."""
    tracer = ShapeTracer()
    first = tracer.trace
    tables = first.parameters["token embedding"] + first.parameters["head"]
    assert f"{tables / first.total_parameters:.0%}" == "96%" and "96 % of all parameters" in LESSON.source
    assert f"{first.flops['head'] / first.total_flops:.0%}" == "91%" and "head alone takes 91 %" in LESSON.source
    tracer.set(layers=8)
    twice = tracer.trace
    assert f"{twice.total_parameters / first.total_parameters - 1:.0%}" == "4%"
    assert f"{twice.total_flops / first.total_flops - 1:.0%}" == "9%"
    assert "the blocks are 4 % more parameters and 9 % more FLOPs." in LESSON.source
    tracer.set(layers=4, heads="6")
    assert tracer.trace.parameters == first.parameters and tracer.trace.flops == first.flops
    tracer.set(heads="3", width="192")
    for part, factor in (("feed-forward", 4), ("attention: scores and sums", 2)):
        assert tracer.trace.flops[part] == factor * first.flops[part]
    tracer.set(width="96", tokens_read="one")
    assert tracer.trace.parameters == first.parameters
    for part, factor in (("feed-forward", 64), ("head", 64), ("attention: scores and sums", 64**2)):
        assert first.flops[part] == factor * tracer.trace.flops[part]
        assert first.flops_per_token[part] == factor // 64 * tracer.trace.flops_per_token[part]
    tracer.set(width="768", layers=12, context="1024")
    assert tracer.trace.total_parameters - 124_439_808 == 50_257 * 768 - 12 * 3 * 768


# ---- the picture -----------------------------------------------------------------------------------------------------


def test_the_picture_says_its_numbers_and_is_the_same_each_time():
    costs = {1: (2.0, 0.5, 1.0), 4: (8.0, 8.0, 4.0)}
    first, second = length_cost.draw(costs), length_cost.draw(costs)
    assert first.svg == second.svg
    assert "1 to 4 tokens" in first.alt and "from 0.50 to 2.00" in first.alt


def test_the_picture_refuses_a_single_length():
    with pytest.raises(ValueError, match="at least two lengths, got 1"):
        length_cost.draw({1: (2.0, 0.5, 1.0)})
