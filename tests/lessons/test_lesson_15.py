"""Lesson 15: what its checks take for right and for wrong, and what its cells print is what its text says."""

from __future__ import annotations

import re
from operator import eq

import torch

from llmlab.exercises.lesson_15.answer_mask import _CHAT, _right, _wrong_masks
from llmlab.exercises.lesson_15.exact_match import _CASES, _RULES
from llmlab.exercises.lesson_15.exact_match import _right as _right_share
from llmlab.exercises.lesson_15.lora_layer import _layer, _numbers, _wrong_layers
from llmlab.explorers import AnswerBench
from llmlab.explorers.answer_bench import recorded_answers
from llmlab.tuning import CHAT_TOKENS, LoRALinear, answer_mask, exact_match, wilson_interval
from tests.core.test_tuning import tokenizer_of
from tests.lessons.shared import Lesson, alike, near

LESSON = Lesson("15", solved=True)
output = LESSON.output

# ---- what the exercises take for right -------------------------------------------------------------------------------


def test_what_the_checks_take_for_right_is_the_packages():
    tokenizer = tokenizer_of()
    user, assistant, end = (tokenizer.special_tokens[name] for name in CHAT_TOKENS)
    ids = [{1: user, 2: assistant, 3: end}.get(id, id) for id in _CHAT]
    assert _right(_CHAT, 2, 3) == answer_mask(ids, tokenizer)
    for text, good in _CASES:
        assert _right_share([text], [good]) == exact_match(text, good)
    layer = LoRALinear(torch.nn.Linear(5, 4, bias=False), rank=2, alpha=6.0)
    x, A, B = _numbers(3, 5), _numbers(2, 5, shift=9), _numbers(4, 2, shift=40)
    with torch.no_grad():
        layer.A.copy_(A)
        layer.B.copy_(B)
    torch.testing.assert_close(_layer(x, layer.weight, A, B, 6.0), layer(x))


def test_known_mistakes_are_told_apart():
    """Each model differs from the right one and from the others: what agrees with two could not be named."""
    masks = {"right": _right(_CHAT, 2, 3)} | _wrong_masks(_CHAT, 2, 3)
    assert alike(masks.items(), eq) == []
    scores = {"right": [_right_share([text], [good]) for text, good in _CASES]}
    scores |= {name: [float(rule(*case)) for case in _CASES] for name, rule in _RULES.items()}
    assert alike(scores.items(), eq) == []
    sizes = _numbers(3, 5), _numbers(4, 5, shift=5), _numbers(2, 5, shift=9), _numbers(4, 2, shift=40), 6.0
    layers = {"right": _layer(*sizes)} | _wrong_layers(*sizes)
    assert alike(layers.items(), lambda a, b: a.shape == b.shape and near(1e-3)(a, b)) == []


# ---- what the text says of what is printed ---------------------------------------------------------------------------


def test_it_knows_and_does_not_answer():
    said = output("def continued(text, n_tokens=9)")
    assert "the cows sleep in the barn." in said and "the wolves sleep in the cave." in said
    assert "where do the cows sleep? in the barn" not in said and "where do the cows sleep? in the" in said
    rows = dict(re.findall(r"before tuning (\w+) +(\d+) of", output("before tuning {form")))
    assert (rows["what"], rows["who"]) == ("0", "0") and 0 < int(rows["where"]) < 28


def test_where_and_what_are_known_and_who_is_not():
    rows = re.findall(r"(asked in tuning|never asked) +(\w+) +(\d+) of +(\d+)", output("results = {"))
    share = {(name, form): int(right) / int(total) for name, form, right, total in rows}
    assert len(share) == 6 and min(share[name, form] for name, form in share if name == "asked in tuning") > 0.95
    assert min(share["never asked", "where"], share["never asked", "what"]) > 0.9 > 0.5 > share["never asked", "who"]
    named = re.search(r"(\d+) of 20 answers name somebody", output("unasked = ["))
    assert int(named[1]) >= 15, "nearly always"
    table = dict(re.findall(r"(all weights|table frozen) +who, never asked: +(\d+) of 20", output("frozen = copy")))
    assert int(table["table frozen"]) > 10 > 7 > int(table["all weights"]), "most are right"


def test_a_lora_trains_little_and_can_be_taken_off():
    said = output("adapted = add_lora(")
    trained, of = (
        int(number.replace(",", "")) for number in re.search(r"trained: (\S+) numbers of (\S+)", said).groups()
    )
    assert trained == 3 * 4 * ((96 + 288) + (96 + 96) + (96 + 384) + (384 + 96)) and of == 404_160
    assert "taken off: exactly the model before tuning: True" in output("together = merge_lora")


def test_what_is_forgotten_and_what_keeps_it():
    said = output("unmasked = tune(")
    before = int(re.search(r"before tuning: sentences (\d+)", said)[1])
    rows = re.findall(r"(masked|without the mask) +never asked: (\d+) of 80 right; sentences: (\d+)", said)
    (_, masked, kept), (_, unmasked, kept_without) = rows
    assert before > 170 and int(kept) < 30 and int(kept_without) < 30
    low, high = wilson_interval(int(masked), 80)
    assert 0 <= int(masked) - int(unmasked) < 80 * (high - low), "fewer than the interval is wide"
    assert int(re.search(r"sentences: (\d+) of 200", output("old_text = toy_world"))[1]) > 170


def test_dpo_moves_the_pair_apart():
    rows = re.findall(r"loss (\S+), the cow (\S+), the cows (\S+)", output("policy = copy"))
    losses, chosen, rejected = ([float(row[place]) for row in rows] for place in range(3))
    assert losses[0] == 0.693 and losses == sorted(losses, reverse=True)
    assert chosen == sorted(chosen) and rejected == sorted(rejected, reverse=True)


def test_the_answers_about_the_bench_hold():
    bench = AnswerBench()
    assert bench.trace.answer.said.startswith("in the")
    answers = recorded_answers()
    for model in answers.models[1:]:
        for question in answers.questions:
            if question.text.startswith("who") and model != "LoRA, rank 1":
                first, second = answers.answer(model, question.text).steps[:2]
                assert first.token == "the" and first.top[0][1] > 0.9 > second.top[0][1], (model, question.text)
    assert answers.answer("all weights", "who moos?").steps[1].token == "horses"
    for rank in (2, 4, 8):
        assert answers.answer(f"LoRA, rank {rank}", "who moos?").steps[1].token == "cows"
