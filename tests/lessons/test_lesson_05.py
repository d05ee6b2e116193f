"""Lesson 05: its checks tell the known mistakes apart, and what it says is what its cells and its bench show."""

import re

import torch

from llmlab.course.figures import position_matrix, token_and_place, turned_vector
from llmlab.embeddings import apply_rope, sinusoidal_positions
from llmlab.exercises.engine.answers import faces
from llmlab.exercises.lesson_04.common import table
from llmlab.exercises.lesson_05.embed_input import _embed_models
from llmlab.exercises.lesson_05.turn_pairs import _PLACE, _RATES, _X, _models, _pairs
from llmlab.explorers import EmbeddingBench
from tests.lessons.shared import Lesson, alike, near

SOLVED = Lesson("05", solved=True)


def test_known_mistakes_of_the_embedding_are_told_apart():
    models = _embed_models([[4, 1, 0], [2, 2, 3]], table(5, 2, 1), table(6, 2, 40))
    assert alike(models.items(), near(1e-2)) == []


def test_known_mistakes_of_the_turn_are_told_apart_and_from_the_right_one():
    models = [(name, torch.tensor(value)) for name, value in faces(_models(_X, _PLACE, _RATES))]
    right = torch.tensor(_pairs(_X, [_PLACE * rate for rate in _RATES]))
    assert alike([*models, ("right", right)], near(1e-2)) == []
    assert torch.allclose(right[None, :2], apply_rope(torch.tensor(_X)[None, :2], torch.tensor([1.4])), atol=1e-5)


def test_the_answers_to_the_predictions_are_what_the_bench_shows():
    text = SOLVED.cell("What happened?", kind="markdown").source
    bench, cosines, shuffled = EmbeddingBench(), {}, {}
    for scheme in ("none", "learned", "sinusoidal", "rotary"):
        bench.set(positions=scheme, shuffle=False)
        cosines[scheme] = f"{bench.trace.cosines[0, 3]:.2f}"
        bench.set(shuffle=True)
        first, second = (place for place, word in enumerate(bench.trace.words) if word == "the")
        shuffled[scheme] = f"{bench.trace.cosines[first, second]:.2f}"
        changed = int((bench.trace.changes > 1e-4).sum())
        assert changed == (0 if scheme == "none" else 4)
        assert (bench.trace.mean_change < 1e-4) == (scheme != "rotary")
    assert cosines["none"] == "1.00"
    told = re.search(
        r"have cosine (\S+), with learned positions (\S+), with sinusoidal ones (\S+)\. Shuffled, one of them stands "
        r"elsewhere, and it is (\S+), (\S+) once more \(by chance\) and (\S+)\.",
        " ".join(text.split()),
    )
    schemes = ("rotary", "learned", "sinusoidal")
    assert told.groups() == (*map(cosines.get, schemes), *map(shuffled.get, schemes))
    own = {}
    for width in ("16", "32"):
        bench.set(positions="rotary", shuffle=True, d_model=width)
        own[width] = int(bench.trace.still_nearest.sum())
    assert own == {"16": 3, "32": 5} and bench.frame["reached"]


def test_a_masked_layer_is_blind_to_the_order_of_what_its_last_row_sees_and_two_are_not():
    printed = dict(line.split(": ") for line in SOLVED.output("def causal_mix(x):").splitlines())
    one, last, two = map(float, printed.values())
    assert one > 0.1 and last == 0.0 and two > 0.1


def test_only_turned_vectors_keep_the_distance():
    rows = re.findall(r"distance (\d): added *(\S+), turned *(\S+)", SOLVED.output("waves_8 = "))
    assert len({turned for distance, _, turned in rows if distance == "4"}) == 1
    assert len({added for distance, added, _ in rows if distance == "4"}) == 3


def test_your_functions_agree_with_the_package():
    for lesson, said in ((SOLVED, "differs by 0.0000"), (Lesson("05"), "is still to be written")):
        assert lesson.output("q_rates = ").splitlines() == [f"embed_input {said}", f"turn_pairs {said}"]


# ---- pictures --------------------------------------------------------------------------------------------------------


def test_pictures_are_the_same_each_time_and_say_what_they_show():
    waves = sinusoidal_positions(7, 4)
    draw = {
        "7 places by 4 numbers": lambda: position_matrix.draw(waves, [6.28, 628.3]),
        "length 5 drawn for places 0 to 2: its tips lie on a circle, at 53, 110, 168 degrees": lambda: (
            turned_vector.draw(apply_rope(torch.tensor([[3.0, 4.0]] * 3), torch.arange(3)))
        ),
        "'the' stands there twice": lambda: token_and_place.draw(["the", "the"], waves[:2], waves[2:4]),
    }
    for said, picture in draw.items():
        first, second = picture(), picture()
        assert first.svg == second.svg and said in first.alt
    assert "twice" not in token_and_place.draw(["the", "cat"], waves[:2], waves[2:4]).alt


def test_a_number_that_rounds_to_zero_has_no_minus():
    small = torch.tensor([[-0.01, 0.2]])
    svg = token_and_place.draw(["a"], small, -small).svg.decode()
    assert "<!-- 0.0 -->" in svg and "<!-- \u22120.2 -->" in svg, "matplotlib notes each text beside its outlines"
    assert "<!-- \u22120.0 -->" not in svg
