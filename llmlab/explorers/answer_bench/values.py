"""The values of the answer bench: one model, one question, one token of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from llmlab.explorers.answer_bench.recorded import Answer, Question, Step, recorded_answers

BEFORE, ALL, LORA = MODELS = ("before tuning", "all weights", "LoRA")
RANKS = ("1", "2", "4", "8")
LAYERS = ("1", "2", "3")
NEW_FACT = "new fact"


@dataclass(frozen=True)
class AnswerTrace:
    """One model, one question, one token of its answer.

    Attributes:
        model, rank: as chosen; the rank means nothing but for "LoRA".
        questions: all of them.
        right: by model (the LoRA is the one of this rank) for each question whether it is answered rightly.
        question: the chosen one.
        answers: by model what it says to that.
        step: which token of it, counted from 0.
        layer: whose attention is shown, from 1.
        lora_knows: whether a LoRA of some rank answers it rightly.
        parameters: how many numbers this tuning changed; 0 before.
    """

    model: str
    rank: str
    questions: tuple[Question, ...]
    right: Mapping[str, tuple[bool, ...]]
    question: Question
    answers: Mapping[str, Answer]
    step: int
    layer: int
    lora_knows: bool
    parameters: int

    @property
    def marks(self) -> tuple[bool, ...]:
        """For each question whether the chosen model answers it rightly."""
        return self.right[self.model]

    @property
    def answer(self) -> Answer:
        """What the chosen model says."""
        return self.answers[self.model]

    @property
    def by_all(self) -> Answer:
        """What the model with all weights tuned says."""
        return self.answers[ALL]

    @property
    def is_right(self) -> bool:
        return self.answer.is_right

    @property
    def now(self) -> Step:
        return self.answer.steps[self.step]

    @property
    def read(self) -> tuple[str, ...]:
        """The tokens that stand before the chosen one: the prompt, and what was said so far."""
        return self.answer.prompt + tuple(step.token for step in self.answer.steps[: self.step])

    @property
    def looks(self) -> tuple[int, ...]:
        """Percent of the attention for each token of `read`, in the chosen layer."""
        return self.now.looks[self.layer - 1]

    @property
    def wanted(self) -> bool:
        """Whether the question is one that the target asks for."""
        return self.question.kind == NEW_FACT and not self.by_all.is_right and self.lora_knows


def compute(state: dict[str, Any]) -> AnswerTrace:
    """The trace of a state of the answer bench.

    Args:
        state: question, model, rank, step and layer. The step counts from 1, and one beyond the last
            token means the last.
    """
    answers = recorded_answers()
    names = {model: recorded_name(model, state["rank"]) for model in MODELS}
    text = state["question"]
    said = {model: answers.answer(name, text) for model, name in names.items()}
    return AnswerTrace(
        model=state["model"],
        rank=state["rank"],
        questions=answers.questions,
        right={model: _right(name) for model, name in names.items()},
        question=next(question for question in answers.questions if question.text == text),
        answers=said,
        step=min(state["step"], len(said[state["model"]].steps)) - 1,
        layer=int(state["layer"]),
        lora_knows=any(answers.answer(recorded_name(LORA, rank), text).is_right for rank in RANKS),
        parameters=answers.parameters.get(names[state["model"]], 0),
    )


@cache
def _right(name: str) -> tuple[bool, ...]:
    """For each question whether the recorded model answers it rightly."""
    answers = recorded_answers()
    return tuple(answers.answer(name, question.text).is_right for question in answers.questions)


def recorded_name(model: str, rank: str) -> str:
    """How the recording calls it."""
    return f"LoRA, rank {rank}" if model == LORA else model
