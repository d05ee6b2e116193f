"""The recorded answers of the answer bench, as tools/record_answers.py has written them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from llmlab.tuning.scores import exact_match

RECORDED = Path(__file__).with_name("recorded.json")
END = "<|end|>"


@dataclass(frozen=True)
class Question:
    """What was asked.

    Attributes:
        text: "who moos?"
        kind: "asked in tuning", "new fact" or "new form".
        right: every right answer.
    """

    text: str
    kind: str
    right: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One token of an answer.

    Attributes:
        top: the most probable tokens and their probabilities, the chosen one first.
        looks: for each layer the attention of this place to every token before it, percent, the mean of the heads.
    """

    top: tuple[tuple[str, float], ...]
    looks: tuple[tuple[int, ...], ...]

    @property
    def token(self) -> str:
        return self.top[0][0]


@dataclass(frozen=True)
class Answer:
    """What one model said to one question.

    Attributes:
        prompt: the tokens that it was given.
        steps: the tokens that it said, one after the other.
        right: every right answer.
    """

    prompt: tuple[str, ...]
    steps: tuple[Step, ...]
    right: tuple[str, ...]

    @property
    def said(self) -> str:
        """The tokens as a text, without the one that ends it."""
        return " ".join(step.token for step in self.steps if step.token != END).replace(" .", ".")

    @property
    def is_right(self) -> bool:
        return exact_match(self.said, self.right)

    @property
    def first_wrong(self) -> int | None:
        """The first token after which no right answer can follow; None where the answer is right."""
        if self.is_right:
            return None
        rights = [[*answer.removesuffix(".").split(), ".", END] for answer in self.right]
        said = [step.token for step in self.steps]
        return next(
            (n for n in range(len(said)) if said[: n + 1] not in [one[: n + 1] for one in rights]), len(said) - 1
        )


@dataclass(frozen=True)
class Answers:
    """The recording.

    Attributes:
        questions: what was asked, in groups.
        models: their names; the first is the model before tuning.
        parameters: by way of tuning, how many numbers it changes.
        table: by way of tuning, for each of three seeds, {examination: (right, of how many)}.
        before: sentences that the model writes right before tuning, of how many.
    """

    questions: tuple[Question, ...]
    models: tuple[str, ...]
    parameters: dict[str, int]
    table: dict[str, list[dict[str, list[int]]]]
    before: tuple[int, int]
    _answers: dict[tuple[str, str], Answer]

    def answer(self, model: str, question: str) -> Answer:
        """What `model` said to `question`.

        Raises:
            KeyError: one of them was not recorded.
        """
        if (model, question) not in self._answers:
            raise KeyError(f"nothing recorded of {model!r} and {question!r}: see .models and .questions")
        return self._answers[model, question]


@cache
def recorded_answers() -> Answers:
    """The answers that the bench brings along: the same on every machine."""
    content = json.loads(RECORDED.read_text(encoding="utf-8"))
    questions = tuple(Question(q["text"], q["kind"], tuple(q["right"])) for q in content["questions"])
    answers = {
        (model, question.text): Answer(
            tuple(said["prompt"]),
            tuple(Step(tuple(map(tuple, s["top"])), tuple(map(tuple, s["looks"]))) for s in said["steps"]),
            question.right,
        )
        for model, all_said in content["answers"].items()
        for question, said in zip(questions, all_said, strict=True)
    }
    return Answers(
        questions,
        tuple(content["answers"]),
        content["parameters"],
        content["table"],
        tuple(content["sentences before"]),
        answers,
    )
