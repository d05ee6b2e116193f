"""Lesson 02: what its cells print is what its text says, and known mistakes of its trainer are told apart."""

from __future__ import annotations

import pytest

from llmlab.bpe import train_bpe
from llmlab.exercises.engine.answers import faces
from llmlab.exercises.lesson_02.train_merges import _TEXTS
from llmlab.exercises.lesson_02.train_merges_mistakes import TRAINING, right
from llmlab.explorers import MergePlayer
from tests.lessons.shared import Lesson, alike

LESSON = Lesson("02")
output = LESSON.output


def test_three_encoders_give_three_results():
    lines = output('"by rank": trained.encode').splitlines()
    assert len(lines) == len({line[17:28] for line in lines}) == 3


@pytest.mark.parametrize(
    ("part", "claim"),
    [
        ("gpt2_alike = ", "GPT-2: 5,269 of 5,269 ids are the same"),
        ("gpt2 = BPETokenizer.gpt2()", "256 bytes + 50,000 merges + 1 special token = 50,257 ids"),
        ("gpt2 = BPETokenizer.gpt2()", "['Ġ', 't']"),
        ("broken = {", "ours : [b'Zo\\xc3']"),
        ("broken = {", "GPT-2: 344 of 50,257, 128 of them single bytes"),
        ("for text in [*texts", "' strawberry'          [' strawberry']"),
        ("for text in [*texts", "['127', ' +', ' 6', '77', ' =', ' 8', '04']"),
        ("for text in [*texts", "a lone space among the ids of the story: 0 times"),
        ("for text in [*texts", "' SolidGoldMagikarp'   [' SolidGoldMagikarp']"),
        ("cut.save(", "[469, 439, 623, 582, 46]\n[469, 439, 623, 582, 46]"),
        ("raw = train_bpe", "unhelpful  [' un', 'he', 'lp', 'ful']"),
        ("single, counts =", "WordPiece b'\\xc3\\xab'"),
    ],
)
def test_what_the_text_says_is_printed(part, claim):
    assert claim in output(part)


def test_nine_of_the_24_padded_places_are_filler():
    assert output("packed = pack(").count("-100") == 9


def test_the_students_own_trainer_and_encoder_agree_with_the_packages():
    printed = Lesson("02", solved=True).output("gpt2_alike = ")
    assert "yours: 244 of 244 merges are the same" in printed
    yours, theirs = printed.splitlines()[-2:]
    assert yours == theirs


def first_reached(reached, **settings) -> int:
    """After how many merges the player first has what is looked for."""
    player = MergePlayer()
    player.set(**settings)
    for merges in range(41):
        player.set(merges=merges)
        if reached(player.trace):
            return merges
    raise AssertionError("not within 40 merges")


def holds_e_umlaut(trace) -> bool:
    return any("ë".encode() in token for token in trace.tokens)


def halved(trace) -> bool:
    return 2 * len(trace.tokens) <= len(trace.text)


@pytest.mark.parametrize(("rule", "merges"), [("first", 24), ("lexicographic", 12)])
def test_the_answers_to_the_predictions_are_true(rule, merges):
    assert first_reached(lambda trace: b" help" in trace.tokens, tie_break=rule) == 4
    assert first_reached(holds_e_umlaut, tie_break=rule) == merges
    assert first_reached(halved, tie_break=rule) == 8
    assert first_reached(lambda trace: any(b" " in token[1:] for token in trace.tokens), tie_break=rule) == 6
    assert first_reached(halved, tie_break=rule, pretokenize=True) == 9


@pytest.mark.parametrize(("rule", "merges"), [("first", 16), ("lexicographic", 10)])
def test_the_target_of_the_player_is_the_one_that_the_text_answers(rule, merges):
    assert first_reached(holds_e_umlaut, tie_break=rule, pretokenize=True) == merges
    player = MergePlayer()
    player.set(tie_break=rule, pretokenize=True, merges=merges)
    assert player.target(player.trace)[0] == (rule == "lexicographic")


@pytest.mark.parametrize("rule", ["first", "lexicographic"])
def test_from_the_twelfth_merge_on_every_pair_occurs_once(rule):
    player = MergePlayer()
    player.set(tie_break=rule, merges=10)
    assert player.trace.pairs[0].count == 2
    player.set(merges=11)
    assert player.trace.pairs[0].count == 1


def test_known_mistakes_of_the_trainer_are_told_apart():
    results = [(name, [train(*case) for case in _TEXTS]) for name, train in faces(TRAINING)]
    assert alike([("right", [right(*case) for case in _TEXTS]), *results], lambda one, other: one == other) == []


def test_the_trainer_of_the_check_is_the_packages():
    trained = train_bpe("then the hen and the nothing", 256 + 12, pattern=None)
    tokens = [trained.vocabulary[number] for number in range(len(trained))]
    ours = right("then the hen and the nothing", 12)
    assert [(tokens[left], tokens[right]) for left, right in ours] == trained.merges
