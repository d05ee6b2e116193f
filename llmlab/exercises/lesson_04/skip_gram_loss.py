"""The loss of one pair, to be written: its value by the formula, its gradient, and random pairs of other sizes."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import faces, name_of
from llmlab.exercises.engine.crashes import Crash
from llmlab.exercises.engine.tensors import seeded
from llmlab.exercises.lesson_04.common import is_close
from llmlab.exercises.lesson_04.sections import NEIGHBOURS


def _log_sigmoid(x: float) -> float:
    return -math.log1p(math.exp(-x)) if x >= 0 else x - math.log1p(math.exp(x))


def _dots(word: Tensor, context: Tensor, noise: Tensor) -> tuple[float, list[float]]:
    """Scores in double precision: with the neighbour, and with each noise word."""
    w = word.double().tolist()

    def dot(vector: list[float]) -> float:
        return sum(a * b for a, b in zip(w, vector, strict=True))

    return dot(context.double().tolist()), [dot(vector) for vector in noise.double().tolist()]


def _loss(near: float, far: list[float]) -> float:
    return -_log_sigmoid(near) - sum(_log_sigmoid(-score) for score in far)


_LOSS_MODELS: dict[str, list[Callable[[float, list[float]], float]]] = {
    "neighbours-pushed-apart": [
        lambda near, far: -_log_sigmoid(-near) - sum(map(_log_sigmoid, far)),
        lambda near, far: -_log_sigmoid(-near) - sum(_log_sigmoid(-score) for score in far),
    ],
    "noise-pulled-in": [lambda near, far: -_log_sigmoid(near) - sum(map(_log_sigmoid, far))],
    "minus-outside": [
        lambda near, far: -_log_sigmoid(near) + sum(map(_log_sigmoid, far)),
        lambda near, far: -_log_sigmoid(near) - sum(1 - _log_sigmoid(score) for score in far),
    ],
    "minus-missing": [
        lambda near, far: -_loss(near, far),
        lambda near, far: -_log_sigmoid(near) + sum(_log_sigmoid(-score) for score in far),
    ],
    "mean-over-noise": [
        lambda near, far: -_log_sigmoid(near) - sum(_log_sigmoid(-score) for score in far) / len(far),
        lambda near, far: _loss(near, far) / (1 + len(far)),
    ],
    "noise-left-out": [
        lambda near, far: -_log_sigmoid(near),
        lambda near, far: -_log_sigmoid(near) - _log_sigmoid(-far[0]),
    ],
    "neighbour-left-out": [lambda near, far: -sum(_log_sigmoid(-score) for score in far)],
    "sum-inside-the-sigmoid": [lambda near, far: -_log_sigmoid(near) - _log_sigmoid(-sum(far))],
    "logarithm-missing": [
        lambda near, far: -math.exp(_log_sigmoid(near)) - sum(math.exp(_log_sigmoid(-score)) for score in far)
    ],
    "sigmoid-missing": [lambda near, far: sum(far) - near, lambda near, far: near - sum(far)],
}


def _pair() -> tuple[Tensor, Tensor, Tensor]:
    """Numbers for which all the mistakes above give losses that can be told apart."""
    return torch.tensor([1.5, 1.5]), torch.tensor([1.5, -1.0]), torch.tensor([[1.0, 1.0], [0.5, 1.0], [-1.0, 1.0]])


def _noise_meets_context(word: Tensor, context: Tensor, noise: Tensor) -> float:
    return _loss(_dots(word, context, noise)[0], _dots(context, word, noise)[1])


def _sum_outside(word: Tensor, context: Tensor, noise: Tensor) -> float:
    """The loss where the products are added up after the sigmoid, instead of making one score."""
    near, far = (word * context).flatten().tolist(), (noise * word).flatten().tolist()
    return -sum(map(_log_sigmoid, near)) - sum(_log_sigmoid(-product) for product in far)


def _cosines(word: Tensor, context: Tensor, noise: Tensor) -> tuple[float, list[float]]:
    """What `_dots` gives, for vectors that were brought to length 1."""
    return _dots(*(vectors / vectors.norm(dim=-1, keepdim=True) for vectors in (word, context, noise)))


def _loss_gradients(result: Any, args: tuple) -> list[bool]:
    """For each of the three arguments, whether gradient reaches it."""
    if not (isinstance(result, Tensor) and result.requires_grad):
        raise Wrong("no-gradient", "The loss does not lead back to the vectors, so `loss.backward()` cannot train.")
    gradients = torch.autograd.grad(result.sum(), args, allow_unused=True)
    return [gradient is not None and bool(gradient.abs().sum() > 0) for gradient in gradients]


def _without_axes(value: Any) -> Any:
    """A number, also where it came with axes of length one."""
    while isinstance(value, list) and len(value) == 1:
        (value,) = value
    return value


def _check_skip_gram_loss(skip_gram_loss: Probe) -> Iterator[str]:
    vectors = _pair()
    call = skip_gram_loss.spell(**dict(zip(("word", "context", "noise"), vectors, strict=True)))
    got = skip_gram_loss(*vectors, shown=call)
    near, far = _dots(*vectors)
    expected = _loss(near, far)
    shown = f"`{call}` gave `{show(got)}`; the formula gives {expected:.4f}."
    number = _without_axes(got)
    if not isinstance(number, int | float):
        raise Wrong("not-a-number", shown)
    if number is not got and is_close(number, expected):
        raise Wrong("extra-axis", shown)
    got = number
    if not is_close(got, expected):
        idea = name_of(faces(_LOSS_MODELS), lambda model: is_close(got, model(near, far)))
        if idea is None and is_close(got, _noise_meets_context(*vectors)):
            idea = "noise-meets-context"
        if idea is None and is_close(got, _loss(*_cosines(*vectors))):
            idea = "cosine-for-dot-product"
        if idea is None and is_close(got, _sum_outside(*vectors)):
            idea = "products-not-added"
        raise Wrong(idea or "other-loss", shown)
    yield "one pair by the formula"
    leaves = tuple(vector.clone().requires_grad_() for vector in vectors)
    reaches = skip_gram_loss(*leaves, shown=call, read=_loss_gradients)
    if not all(reaches):
        raise Wrong("no-gradient", "At least one of word, context and noise gets no gradient.")
    yield "gradient for word, context and noise"
    fresh = random.Random()
    for K in (1, 2, 4, 5, 6, 7, 8, 12):  # fewer and more than in the example, on every run
        D = fresh.choice([size for size in range(1, 9) if size != K])
        # Scores near 1: for large ones `log(1 - sigmoid(x))`, which is right too, runs out of digits.
        word, context = torch.randn(2, D, generator=seeded(fresh)) / D**0.25
        noise = torch.randn(K, D, generator=seeded(fresh)) / D**0.25
        got = skip_gram_loss(word, context, noise, shown="a random pair", fresh=True)
        if not is_close(got, _loss(*_dots(word, context, noise))):
            raise Wrong("tied-to-the-example")
    yield "fresh random pairs of other sizes"


EXERCISE = Exercise(
    kind="function",
    examine=_check_skip_gram_loss,
    means="Going down this loss makes the dot product of neighbours large, and that with noise words small. All of "
    "word2vec's meaning comes from this one line.",
    hints=(
        "There are 1 + K questions of the form 'are these two neighbours?'. What is the right answer to each?",
        "The score of the true pair is `word @ context`, those of the noise words are `noise @ word`, K numbers. A "
        "high score is right for the first and wrong for the others: turn the sign of the latter.",
        "`return -logsigmoid(word @ context) - logsigmoid(-(noise @ word)).sum()`",
    ),
    variant="Write it with `binary_cross_entropy_with_logits(scores, labels, reduction='sum')`.",
    misconceptions={
        "neighbours-pushed-apart": Misconception(
            "The sign of the neighbour's score is the wrong way round: this loss falls when the dot product of "
            "neighbours becomes small. word2vec makes it large.",
            NEIGHBOURS,
        ),
        "noise-pulled-in": Misconception(
            "Noise words are treated as neighbours: their dot products would grow too, and everything would become "
            "alike. For them the right answer is no: logsigmoid of minus the score.",
            NEIGHBOURS,
        ),
        "minus-missing": Misconception(
            "A minus is missing: a loss is minus the log of a probability, so each of its terms is positive.",
            NEIGHBOURS,
        ),
        "minus-outside": Misconception(
            "For a noise word the right answer is no, with the probability 1 − σ(x) = σ(−x). The change of sign comes "
            "before the logarithm: `logsigmoid(-x)`, and not minus `logsigmoid(x)`.",
            NEIGHBOURS,
        ),
        "mean-over-noise": Misconception("The formula sums over the noise words; yours takes a mean.", NEIGHBOURS),
        "noise-left-out": Misconception(
            "Noise words are missing. With true pairs alone, saying yes to everything would be perfect.", NEIGHBOURS
        ),
        "neighbour-left-out": Misconception("The true neighbour has no part in this loss.", NEIGHBOURS),
        "sum-inside-the-sigmoid": Misconception(
            "The noise scores are added up before the sigmoid. Each is a question of its own: first logsigmoid, then "
            "the sum.",
            NEIGHBOURS,
        ),
        "products-not-added": Misconception(
            "`*` gives D products, and each went through the sigmoid by itself. Their sum is the score: `word @ "
            "context` adds them up, and logsigmoid comes after that.",
            NEIGHBOURS,
        ),
        "logarithm-missing": Misconception(
            "These are probabilities without their logarithm: binary cross-entropy takes the log.", NEIGHBOURS
        ),
        "sigmoid-missing": Misconception(
            "These are bare dot products. Without the sigmoid the loss has no floor: all numbers would grow for ever.",
            NEIGHBOURS,
        ),
        "noise-meets-context": Misconception(
            "The noise words are scored against `context`. Every question is put to the centre: their scores are dot "
            "products with `word`.",
            NEIGHBOURS,
        ),
        "not-a-number": Misconception(
            "The loss is one number. A dot product adds up its D products, and the loss its K noise terms.", NEIGHBOURS
        ),
        "extra-axis": Misconception(
            "The value is right, but it comes as a row with a single number, of shape (1,). A loss has the shape (): "
            "look for a `view`, an `unsqueeze` or a slice too many.",
            NEIGHBOURS,
        ),
        "cosine-for-dot-product": Misconception(
            "The scores are cosines. The formula has dot products, `word @ context`: their lengths count.", NEIGHBOURS
        ),
        "no-gradient": Misconception(
            "The number is right, but it cannot train all three: keep it a tensor, without `.item()` or `detach()`.",
            NEIGHBOURS,
        ),
        "other-loss": Misconception(
            "This is not the loss of the formula: minus logsigmoid of the neighbour's score, minus the sum of "
            "logsigmoid of minus each noise score.",
            NEIGHBOURS,
        ),
        "tied-to-the-example": Misconception(
            "It works for the example, but not for vectors of other sizes. Is a size written into the code?", NEIGHBOURS
        ),
    },
    crashes=(
        Crash(
            "word-times-noise",
            "RuntimeError",
            r"shapes cannot be multiplied \(1x2 and 3x2\)|size mismatch, got input \(2\)|"
            r"inconsistent tensor size, expected tensor \[2\] and src \[3\]",
            "`noise` has the shape (K, D), a row for each noise word, and `word` is one row (D,). The matrix comes "
            "first: `noise @ word` gives K scores.",
            NEIGHBOURS,
        ),
    ),
)
