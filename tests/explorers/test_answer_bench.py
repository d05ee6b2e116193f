"""The answer bench without a browser: the recording against the grammar, its pictures, its target, its words."""

import json
import re
from html import unescape

import pytest
from hypothesis import given

from llmlab.corpus import toy_questions
from llmlab.explorers import AnswerBench
from llmlab.explorers.answer_bench.picture import describe, render, why
from llmlab.explorers.answer_bench.recorded import END, recorded_answers
from llmlab.explorers.answer_bench.values import ALL, BEFORE, LORA, RANKS, compute
from llmlab.tuning import exact_match
from tests.explorers.cases import any_state
from tests.explorers.html import Tags

FIRST = AnswerBench().state
ANY = any_state(AnswerBench)
ANSWERS = recorded_answers()


def every_answer():
    return [(model, q, ANSWERS.answer(model, q.text)) for model in ANSWERS.models for q in ANSWERS.questions]


# ---- the recording ---------------------------------------------------------------------------------------------------


def test_the_right_answers_are_those_of_the_grammar():
    right = {question.text: question.answers for question in toy_questions()}
    for question in ANSWERS.questions:
        text = question.text
        if question.kind == "new form":  # the cows sleep where?
            *words, asks = text.removesuffix("?").split()
            text = f"{asks} do {' '.join(words)}?"
        assert question.right == right[text], question


def test_what_is_new_was_never_asked():
    held_out = re.compile(r"\b(cows?|wolf|wolves|queens?|boys?)\b")
    for question in ANSWERS.questions:
        about = question.text if not question.text.startswith("who") else " ".join(question.right)
        assert bool(held_out.search(about)) == (question.kind != "asked in tuning"), question


def test_every_step_is_whole():
    for model, question, answer in every_answer():
        assert answer.prompt[0] == "<|endoftext|>" and "?" in answer.prompt
        assert ("<|assistant|>" in answer.prompt) == (model != BEFORE)
        for number, step in enumerate(answer.steps):
            shares = [share for _, share in step.top]
            assert shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 1.001
            assert len(step.looks) == 3
            for layer in step.looks:
                assert len(layer) == len(answer.prompt) + number and abs(sum(layer) - 100) <= len(layer) / 2 + 1
        ends = END if model != BEFORE else "."
        assert answer.steps[-1].token == ends or len(answer.steps) == 8, (model, question.text)


def test_right_and_the_first_wrong_token():
    for _, question, answer in every_answer():
        assert answer.is_right == exact_match(answer.said, question.right)
        if answer.is_right:
            assert answer.first_wrong is None
            continue
        said = [step.token for step in answer.steps]
        rights = [one.replace(".", " .").split() + [END] for one in question.right]
        before, now = said[: answer.first_wrong], said[: answer.first_wrong + 1]
        assert any(one[: len(before)] == before for one in rights)
        assert not any(one[: len(now)] == now for one in rights)


def test_what_was_not_recorded_is_refused():
    with pytest.raises(KeyError, match="nothing recorded of 'LoRA, rank 3'"):
        ANSWERS.answer("LoRA, rank 3", "who moos?")


def test_the_table_says_what_the_lesson_says_of_it():
    table = ANSWERS.table
    assert len(table) == 8 and {len(runs) for runs in table.values()} == {3}
    who = {way: [run["new who"][0] for run in runs] for way, runs in table.items()}
    for way in ("table frozen", "old text mixed in", *(f"LoRA, rank {rank}" for rank in RANKS)):
        assert min(who[way]) > max(who[ALL]), way
    sentences = {way: [run["sentences"][0] for run in runs] for way, runs in table.items()}
    kept = sentences.pop("old text mixed in")
    assert min(kept) > 270 and max(max(counts) for counts in sentences.values()) < 120
    form = {way: [run["new form"][0] for run in runs] for way, runs in table.items()}
    assert max(form["without the mask"]) < min(form[ALL])
    for way in (ALL, "old text mixed in", "table frozen"):
        for run in table[way]:
            assert run["new where"][0] >= 27 and run["new what"][0] == 32


# ---- the trace and the picture ---------------------------------------------------------------------------------------


@given(ANY)
def test_the_trace_is_the_recording(state):
    trace = compute(state)
    name = f"LoRA, rank {state['rank']}" if state["model"] == LORA else state["model"]
    assert trace.answer == ANSWERS.answer(name, state["question"])
    assert trace.step == min(state["step"], len(trace.answer.steps)) - 1
    assert len(trace.looks) == len(trace.read)
    assert trace.marks == tuple(ANSWERS.answer(name, q.text).is_right for q in ANSWERS.questions)


@given(ANY)
def test_the_picture_presses_every_question_and_every_token(state):
    trace = compute(state)
    html = render(trace)
    presses = [json.loads(press) for press in re.findall("data-set='([^']*)'", html)]
    assert {press["question"] for press in presses if "question" in press} == {q.text for q in ANSWERS.questions}
    assert [p["step"] for p in presses if list(p) == ["step"]] == list(range(1, len(trace.answer.steps) + 1))
    names = {BEFORE: BEFORE, ALL: ALL, LORA: f"LoRA, rank {state['rank']}"}
    everything = [ANSWERS.answer(name, q.text).is_right for name in names.values() for q in ANSWERS.questions]
    assert html.count("✓") == sum(everything) + sum(answer.is_right for answer in trace.answers.values())
    assert len(re.findall(r"\d+", re.sub(r"<[^>]*>", " ", html))) <= 60
    assert Tags(html)


@given(ANY)
def test_the_answers_of_all_models_stand_side_by_side(state):
    trace = compute(state)
    cards = re.findall(r'<div class="llmlab-ab-card".*?</div>', render(trace))
    assert [json.loads(*re.findall("data-set='([^']*)'", card)) for card in cards] == [
        {"model": model} for model in (BEFORE, ALL, LORA)
    ]
    for model, card in zip((BEFORE, ALL, LORA), cards, strict=True):
        answer = ANSWERS.answer(f"LoRA, rank {state['rank']}" if model == LORA else model, state["question"])
        words = re.findall(r'llmlab-ab-word(| llmlab-ab-wrong)"><span>(.*?)</span>', card)
        assert " ".join(unescape(word) for _, word in words).replace(" .", ".") == answer.said
        wrong = [look != "" for look, _ in words]
        assert wrong == [answer.first_wrong is not None and at >= answer.first_wrong for at in range(len(words))]
        assert ("✓" in card) == answer.is_right and ("✗" in card) != answer.is_right


@given(ANY)
def test_each_question_says_who_answers_it_and_each_kind_how_many(state):
    trace = compute(state)
    html = render(trace)
    short = {BEFORE: "before", ALL: "all weights", LORA: "LoRA"}
    for number, question in enumerate(trace.questions):
        found = ", ".join(f"{name} {'right' if trace.right[one][number] else 'wrong'}" for one, name in short.items())
        assert f'aria-label="{question.text} {found}"' in unescape(html)
    for kind in {question.kind for question in trace.questions}:
        rights = {
            one: [right for q, right in zip(trace.questions, trace.right[one], strict=True) if q.kind == kind]
            for one in short
        }
        totals = ", ".join(f"{name} {sum(rights[one])}" for one, name in short.items())
        assert f"<b>{kind}</b> <small>right of {len(rights[ALL])}: {totals}</small>" in html


@given(ANY)
def test_words_say_what_is_seen(state):
    trace = compute(state)
    reason, words = why(trace), describe(trace)
    look = trace.read[max(range(len(trace.looks)), key=lambda at: trace.looks[at])]
    assert f"{max(trace.looks)}%" in reason and look.replace("<", "&lt;").replace(">", "&gt;") in reason
    assert ("No question stood in its text" in reason) == (trace.model == BEFORE)
    assert ("where it goes wrong" in reason) == (trace.model != BEFORE and trace.step == trace.answer.first_wrong)
    if "Nobody that the question is about" in reason:
        assert trace.question.kind != "asked in tuning"
    assert f"That is {'right' if trace.is_right else 'wrong'}." in words and trace.answer.said in words


# ---- the target ------------------------------------------------------------------------------------------------------


def test_the_target_and_the_way_there():
    bench = AnswerBench()
    assert "“new fact”" not in bench.frame["target"] and not bench.frame["reached"]
    said = []
    for change in (
        {"question": "who barks?"},
        {"question": "what does the boy wear?"},
        {"question": "who goes to school?"},
        {"question": "who moos?"},
        {"model": "LoRA"},
        {"model": ALL},
        {"step": 2},
    ):
        bench.set(**change)
        said.append(bench.frame["target"])
    assert "is “asked in tuning”" in said[0] and said[1].endswith("all weights answer it rightly.")
    assert "and so does every LoRA" in said[2] and "before tuning" in said[3] and "with a LoRA of rank 4" in said[4]
    assert "token 1 it is not wrong yet" in said[5]
    assert bench.frame["reached"] and "“horses”" in said[6]
    bench.set(step=3)
    assert not bench.frame["reached"] and "was wrong before" in bench.frame["target"]


def test_the_question_after_the_target_has_one_right_answer():
    assert [right for _, right, _ in AnswerBench().question(None).answers] == [False, True, False]


def test_a_rank_belongs_to_a_lora_and_steps_end_with_the_answer():
    bench = AnswerBench()
    assert set(bench.off(bench.trace)) == {"rank"}
    bench.set(model=LORA)
    assert bench.off(bench.trace) == {}
    assert bench.limits(bench.trace) == {"step": (1, len(bench.trace.answer.steps))}


def test_the_code_prints_what_is_shown(capsys):
    bench = AnswerBench()
    bench.set(model=LORA, rank="8", question="who moos?", step=2)
    exec(bench.code(), {})
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == f"{bench.trace.answer.said} {bench.trace.is_right}"
    assert [line.split()[0] for line in printed[1:]] == [token for token, _ in bench.trace.now.top]
