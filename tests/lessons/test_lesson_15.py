"""Lesson 15: what its checks take for right and for wrong, and what its cells print is what its text says."""

from __future__ import annotations

import math
import re
from operator import eq

import pytest
import torch

from llmlab.exercises.lesson_15.answer_mask import _CHAT, _right, _wrong_masks
from llmlab.exercises.lesson_15.exact_match import _CASES, _RULES
from llmlab.exercises.lesson_15.exact_match import _right as _right_share
from llmlab.exercises.lesson_15.lora_layer import _example, _layer, _wrong_layers
from llmlab.explorers import AnswerBench
from llmlab.explorers.answer_bench import recorded_answers
from llmlab.tuning import CHAT_TOKENS, LoRALinear, answer_mask, chat_ids, exact_match, wilson_interval
from tests.core.test_tuning import tokenizer_of
from tests.exercises.answers import UNUSUAL, WRONG
from tests.exercises.learners import define
from tests.lessons.shared import Lesson, alike, near, quiet

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
    x, W, A, B, alpha = _example()
    layer = LoRALinear(torch.nn.Linear(5, 6, bias=False), rank=2, alpha=alpha)
    with torch.no_grad():
        layer.A.copy_(A)
        layer.B.copy_(B)
        layer.weight.copy_(W)
    torch.testing.assert_close(_layer(x, W, A, B, alpha), layer(x))


def test_known_mistakes_are_told_apart():
    """Each model differs from the right one and from the others: what agrees with two could not be named."""
    masks = {"right": _right(_CHAT, 2, 3)} | _wrong_masks(_CHAT, 2, 3)
    assert alike(masks.items(), eq) == []
    assert sum(_right_share([text], [good]) for text, good in _CASES) == 9, "the last five are wrong"
    scores = {"right": [_right_share([text], [good]) for text, good in _CASES]}
    scores |= {name: [float(rule(*case)) for case in _CASES] for name, rule in _RULES.items()}
    assert alike(((name.partition(":")[0], row) for name, row in scores.items()), eq) == []
    layers = {"right": _layer(*_example())} | _wrong_layers(*_example())
    assert alike(layers.items(), lambda a, b: a.shape == b.shape and near(1e-3)(a, b)) == []


# ---- what the text says of what is printed ---------------------------------------------------------------------------


def test_it_knows_and_does_not_answer():
    said = output("def continued(text, n_tokens=9)")
    assert "the cows sleep in the barn." in said and "the wolves sleep in the cave." in said
    assert "where do the cows sleep? in the barn" not in said and "where do the cows sleep? in the" in said
    assert re.search(r"a text like its own: {'cows': \d+, 'sleep': \d+, 'where': 0, '\?': 0}", said)
    luck = dict(re.findall(r"(\w+) *: \d+ questions; .* is right for (\d+)%", output("luck = sum(")))
    assert set(luck) == {"where", "what", "who"} and max(map(int, luck.values())) < 30, "a blind guess is mostly wrong"
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
    assert "We take rank 4 and\n# $\\alpha = 8$" in LESSON.source and "rank=4, alpha=8.0" in LESSON.source
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
    printed = dict(re.findall(r"^(all weights|LoRA, rank \d) .*new who: (\d) of 4", output("def kind(question)"), re.M))
    assert printed == {"all weights": "0", **{f"LoRA, rank {rank}": "3" if rank == 2 else "1" for rank in (1, 2, 4, 8)}}


def test_the_recording_has_the_sentences_that_the_text_says():
    assert {run["sentences"][1] for runs in recorded_answers().table.values() for run in runs} == {300}
    assert "with 300 sentences" in " ".join(LESSON.source.replace("\n#", " ").split())


def test_the_comparisons_take_every_answer_that_their_checks_take():
    names = {"torch": torch, "LoRALinear": LoRALinear, "exact_match": exact_match, "math": math, "print": quiet}
    tokenizer = tokenizer_of()
    names |= {"tokenizer": tokenizer, "bundled_mask": answer_mask, "chat_ids": chat_ids}
    cells = LESSON.cell("yours = answer_mask(").source, LESSON.cell("yours = lora_layer(").source
    by_name = {"15.1": "answer_mask", "15.2": "exact_match_score", "15.4": "lora_layer"}
    names |= dict.fromkeys(by_name.values(), lambda *arguments: None)
    for id, one in by_name.items():
        for source in UNUSUAL[id]:
            for cell in cells:
                exec(cell, names | {one: define(source)})
        wrong = {"15.1": "never-closed", "15.2": "percent", "15.4": "not-scaled"}[id]
        with pytest.raises(AssertionError):
            for cell in cells:
                exec(cell, names | {one: define(WRONG[id][wrong])})
