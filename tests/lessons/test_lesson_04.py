"""Lesson 04: its checks tell the known mistakes apart."""

import torch

from llmlab.exercises.engine.answers import faces
from llmlab.exercises.lesson_04.common import table
from llmlab.exercises.lesson_04.embed_input import _embed_models
from llmlab.exercises.lesson_04.skip_gram_loss import _LOSS_MODELS, _dots, _pair
from tests.lessons.shared import alike, near


def test_known_mistakes_of_the_loss_are_told_apart():
    losses = [(name, torch.tensor(model(*_dots(*_pair())))) for name, model in faces(_LOSS_MODELS)]
    assert alike(losses, near(1e-2)) == []


def test_known_mistakes_of_the_embedding_are_told_apart():
    models = _embed_models([[4, 1, 0], [2, 2, 3]], table(5, 2, 1), table(6, 2, 40))
    assert alike(models.items(), near(1e-2)) == []
