"""The values of the answer bench: one model, one question, one token of its answer."""

from __future__ import annotations

from dataclasses import dataclass
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
        questions: all of them, and `marks` for each whether this model answers it rightly.
        question: the chosen one.
        answer: what this model says to it.
        step: which token of it, counted from 0.
        layer: whose attention is shown, from 1.
        by_all: what the model with all weights tuned says to it.
        lora_knows: whether a LoRA of some rank answers it rightly.
        parameters: how many numbers this tuning changed; 0 before.
    """

    model: str
    rank: str
    questions: tuple[Question, ...]
    marks: tuple[bool, ...]
    question: Question
    answer: Answer
    step: int
    layer: int
    by_all: Answer
    lora_knows: bool
    parameters: int

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
    name = recorded_name(state["model"], state["rank"])
    text = state["question"]
    question = next(question for question in answers.questions if question.text == text)
    answer = answers.answer(name, text)
    return AnswerTrace(
        model=state["model"],
        rank=state["rank"],
        questions=answers.questions,
        marks=tuple(answers.answer(name, one.text).is_right for one in answers.questions),
        question=question,
        answer=answer,
        step=min(state["step"], len(answer.steps)) - 1,
        layer=int(state["layer"]),
        by_all=answers.answer(ALL, text),
        lora_knows=any(answers.answer(recorded_name(LORA, rank), text).is_right for rank in RANKS),
        parameters=answers.parameters.get(name, 0),
    )


def recorded_name(model: str, rank: str) -> str:
    """How the recording calls it."""
    return f"LoRA, rank {rank}" if model == LORA else model
