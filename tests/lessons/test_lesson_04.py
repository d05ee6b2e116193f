"""Lesson 04: its checks tell the known mistakes apart, its loop trains with any right loss, its words are true."""

import re

import pytest
import torch
from torch.nn import functional as F

from llmlab.corpus import toy_world
from llmlab.course.figures import lookup, word_map
from llmlab.embeddings import SkipGram
from llmlab.exercises.engine.answers import faces
from llmlab.exercises.lesson_04.skip_gram_loss import _LOSS_MODELS, _dots, _pair
from llmlab.explorers import EmbeddingBench
from llmlab.explorers.embedding_bench import recorded_run
from tests.exercises import cells
from tests.exercises.lesson_04.skip_gram_loss import UNUSUAL
from tests.lessons.shared import Lesson, alike, near

STUDENT, SOLVED = Lesson("04"), Lesson("04", solved=True)


def test_known_mistakes_of_the_loss_are_told_apart():
    losses = [(name, torch.tensor(model(*_dots(*_pair())))) for name, model in faces(_LOSS_MODELS)]
    assert alike(losses, near(1e-2)) == []


# ---- the loop --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", UNUSUAL)
def test_any_right_loss_trains_in_the_loop(source):
    """The lesson's `batch_loss` makes of the function of one pair the loss of a batch, and gradient flows."""
    yours, model = cells.define(source, torch=torch), SkipGram(11, 4, seed=1)
    with torch.no_grad():
        model.contexts += torch.randn(11, 4, generator=torch.Generator().manual_seed(2))
    g = torch.Generator().manual_seed(3)
    centres, near_ids = (torch.randint(11, (6,), generator=g) for _ in range(2))
    noise = torch.randint(11, (6, 5), generator=g)
    words, contexts = model.words, model.contexts
    loss = torch.vmap(yours)(words[centres], contexts[near_ids], contexts[noise]).mean()
    assert torch.allclose(loss, model(centres, near_ids, noise), atol=1e-5)
    assert all(gradient.abs().sum() > 0 for gradient in torch.autograd.grad(loss, model.parameters()))


def test_untouched_and_solved_notebooks_train_alike():
    part = "optimizer = torch.optim.Adam"
    assert STUDENT.output(part) == SOLVED.output(part)
    assert "first step 4.16" in SOLVED.output(part)
    assert "llmlab 3.0797, yours 3.0797" in SOLVED.output("yours = skip_gram_loss(")
    assert "yours not written yet" in STUDENT.output("yours = skip_gram_loss(")


# ---- what is said ----------------------------------------------------------------------------------------------------


def found_at(**state) -> str:
    bench = EmbeddingBench()
    bench.set(**state)
    return bench.trace.analogy[0]


def test_the_answers_to_the_predictions_are_what_the_bench_shows():
    text = SOLVED.cell("What happened?", kind="markdown").source
    steps = recorded_run().steps
    by_step = {step: found_at(checkpoint=checkpoint) for checkpoint, step in enumerate(steps)}
    assert [step for step, word in by_step.items() if word == "queen"] == [80, 100, 300, 500, 1000]
    assert by_step[150] == by_step[200] == "prince"
    assert re.search(r"First at step 80, still at 100; at 150 and 200 the nearest is \*prince\*, and from 300 on", text)
    by_width = {width: found_at(d_model=width) for width in ("8", "4", "2")}
    assert by_width == {"8": "queen", "4": "queen", "2": "quiet"} and "finds *quiet*" in text
    bench = EmbeddingBench()
    bench.set(table="random")
    king_and_queen, both_the = bench.trace.cosines[1, 4], bench.trace.cosines[0, 3]
    assert f"{king_and_queen:.2f}" in text and both_the == pytest.approx(1.0)


def test_what_is_said_of_cosines_and_analogies_is_printed_above():
    cosines = dict(re.findall(r"(\w+ +and \w+) *: (\S+)", SOLVED.output("def cosine(a, b):")))
    cosines = {" ".join(pair.split()): float(value) for pair, value in cosines.items()}
    assert cosines["happy and quiet"] > cosines["happy and sad"] > 0.95, "no closer than happy and quiet"
    assert cosines["dog and cat"] > 0.9 > 0.5 > cosines["dog and barks"]
    assert cosines["king and queen"] > 0.9 > 0.5 > cosines["king and crown"]
    table = SOLVED.output("QUESTIONS = ")
    assert [int(count) for count in re.findall(r"(\d) of 4:", table)] == [4, 4, 3, 1, 0]
    near_princess = re.search(r"prince - boy \+ girl: princess (\S+), girl (\S+),", SOLVED.output("def analogy("))
    assert float(near_princess[1]) - float(near_princess[2]) <= 0.0011, "girl came within a thousandth"


def test_mother_and_sister_have_the_neighbours_that_the_lesson_says():
    for word in ("mother", "sister"):
        around = {
            near
            for sentence in re.split(r"\. |<\|endoftext\|>", toy_world(10_000).replace(".", ". "))
            for words in [sentence.split()]
            for place, found in enumerate(words)
            if found == word
            for near in words[max(0, place - 2) : place] + words[place + 1 : place + 3]
        }
        assert around == {"a", "good", "kind", "proud"}


def test_the_table_of_widths_is_that_of_the_recorded_runs():
    printed = SOLVED.output("for D in (2, 4, 8, 16, 32):")
    losses = [sum(recorded_run(width, seed).loss for seed in range(4)) / 4 for width in (2, 4, 8, 16, 32)]
    assert re.findall(r"loss (\S+),", printed) == [f"{loss:.2f}" for loss in losses]
    words = [line.rpartition(": ")[2].split() for line in printed.splitlines()]
    assert words[3] == words[4] == ["queen"] * 4
    assert all("queen" in words[width] and set(words[width]) != {"queen"} for width in (1, 2))
    assert "queen" not in words[0]


# ---- pictures --------------------------------------------------------------------------------------------------------


def test_the_lookup_is_drawn_row_by_row_and_the_same_each_time():
    table = torch.tensor([[0.0, -1.0], [2.0, 0.5], [-0.04, 3.0]])
    pictures = [lookup.draw([2, 0], ["cat", "dog", "frog"], table) for _ in range(2)]
    assert (
        pictures[0].svg == pictures[1].svg and pictures[0].svg != lookup.draw([1, 0], ["cat", "dog", "frog"], table).svg
    )
    assert "the ids 2 (frog), 0 (cat)" in pictures[0].alt and "3 rows of 2 numbers" in pictures[0].alt
    assert "result, whose 2 rows" in pictures[0].alt


def test_the_map_tells_the_step_of_each_pair():
    vectors = {"a": torch.tensor([0.0, 0.0]), "b": torch.tensor([4.0, 0.0]), "c": torch.tensor([0.0, 1.0])}
    pictures = [word_map.draw(vectors, [("a", "b"), ("a", "c")]) for _ in range(2)]
    assert pictures[0].svg == pictures[1].svg
    steps = [
        tuple(map(float, step)) for step in re.findall(r"(\S+), (\S+?)[;.](?: |$)", pictures[0].alt.replace("−", "-"))
    ]
    lengths = [sum(x * x for x in step) ** 0.5 for step in steps]
    assert lengths == pytest.approx([4.0, 1.0], abs=0.1), "a turn of the plane keeps lengths"


def test_the_four_pairs_point_nearly_the_same_way():
    run = recorded_run()
    at = {word: run.snapshots[-1][run.vocabulary.index(word)] for word in run.vocabulary}
    steps = [at[b] - at[a] for a, b in (("king", "queen"), ("prince", "princess"), ("man", "woman"), ("boy", "girl"))]
    assert min(F.cosine_similarity(a, b, dim=0) for a in steps for b in steps) > 0.8
