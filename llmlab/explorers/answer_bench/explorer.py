"""The answer bench as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

from typing import Any

from llmlab.explorers.answer_bench import numbers, picture
from llmlab.explorers.answer_bench.recorded import recorded_answers
from llmlab.explorers.answer_bench.values import (
    ALL,
    BEFORE,
    LAYERS,
    LORA,
    MODELS,
    NEW_FACT,
    RANKS,
    AnswerTrace,
    compute,
    recorded_name,
)
from llmlab.explorers.host import Explorer, Question
from llmlab.explorers.host.controls import Choice, Range, Scale

FIRST = "where do the cows sleep?"
QUESTION = Question(
    "A LoRA trains far fewer numbers, and answers this one. What did it leave alone that all weights moved?",
    (
        ("the order of the questions", False, "Both saw the same questions in the same order."),
        (
            "the table of tokens, which is also the head",
            True,
            "With the table frozen and all else trained, most of these answers come right as well: lesson 15 tries it.",
        ),
        ("the special tokens", False, "Their rows are in the table, and both models end their answers."),
    ),
)


class AnswerBench(Explorer):
    """Ask a small GPT, before it was tuned for answers and after, and follow its answer token by token.

    >>> bench = AnswerBench()
    >>> bench.set(model="LoRA", rank="4")
    >>> bench.trace.answer.said
    'in the barn.'
    """

    sheet = "answer_bench.css"
    heading = "Answer bench"
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)
    why, more = staticmethod(picture.why), staticmethod(numbers.more)
    stand_in = more

    def __init__(self) -> None:
        answers = recorded_answers()
        longest = max(
            len(answers.answer(model, question.text).steps)
            for model in answers.models
            for question in answers.questions
        )
        super().__init__(
            title=self.heading,
            task="Your target: a question about a fact never asked that a LoRA answers rightly and all weights get "
            "wrong. Show the very token at which all weights go wrong.",
            controls=[
                Range("step", "Token", 1, longest, initial=1, play=700),
                Choice("model", "Model", MODELS, initial=BEFORE, look="buttons"),
                Scale("rank", "Rank of the LoRA", RANKS, initial="4"),
                Choice("layer", "Looks of layer", LAYERS, initial="3", look="buttons"),
                Choice("question", "Question", tuple(one.text for one in answers.questions), FIRST, quiet=True),
            ],
        )

    def compute(self, state: dict[str, Any]) -> AnswerTrace:
        return compute(state)

    def target(self, trace: AnswerTrace) -> tuple[bool, str]:
        if trace.question.kind != NEW_FACT:
            return False, f"Not yet: this question is “{trace.question.kind}”; look among the new facts."
        if not trace.wanted:
            what = "answer it rightly" if trace.by_all.is_right else "get it wrong, and so does every LoRA"
            return False, f"Not yet: all weights {what}."
        if trace.model != ALL:
            return False, f"Not yet: this is what the model says {_way(trace)}; show what all weights say."
        wrong_at = trace.answer.first_wrong
        if wrong_at is None or trace.step != wrong_at:
            early = wrong_at is None or trace.step < wrong_at
            return (
                False,
                f"Not yet: at token {trace.step + 1} it {'is not wrong yet' if early else 'was wrong before'}.",
            )
        return True, f"Reached: with “{trace.now.token}” a right answer to “{trace.question.text}” is out of reach."

    def question(self, trace: AnswerTrace) -> Question:
        return QUESTION

    def limits(self, trace: AnswerTrace) -> dict[str, tuple[int, int]]:
        return {"step": (1, len(trace.answer.steps))}

    def off(self, trace: AnswerTrace) -> dict[str, str]:
        return {} if trace.model == LORA else {"rank": "Only a LoRA has a rank."}

    def code_for(self, state: dict[str, Any]) -> str:
        name = recorded_name(state["model"], state["rank"])
        step = compute(state).step
        return (
            "from llmlab.explorers.answer_bench import recorded_answers\n\n"
            f"answer = recorded_answers().answer({name!r}, {state['question']!r})\n"
            "print(answer.said, answer.is_right)\n"
            f"for token, share in answer.steps[{step}].top:\n"
            '    print(f"{token:10} {share:.1%}")'
        )


def _way(trace: AnswerTrace) -> str:
    return "before tuning" if trace.model == BEFORE else f"with a LoRA of rank {trace.rank}"
