"""Lesson 02: its assertions fail with wrong answers, and what its cells print is what its text says."""

import nbformat
import pytest
import torch

from llmlab.exercises.engine.exercise import of_lesson
from llmlab.explorers import MergePlayer
from tests import ROOT
from tests.exercises.answers import UNUSUAL, WRONG

# What the player cannot show: a function that returns None counts as not written, a list that was changed was a copy,
# and the lesson's text has no short rows, no pair at its end, and no ids that hold each other's digits.
NOT_VISIBLE = {
    "returns-none",
    "mutates-input",
    "not-a-dictionary: a number for a short row",
    "last-id-twice",
    "digits-matched",
}
PLAYED = [(id, name, source) for id in ("02.1", "02.2") for name, source in WRONG[id].items()]


def cells(kind="code"):
    notebook = nbformat.read(ROOT / "notebooks" / "02_byte_pair_encoding.ipynb", as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def play(**functions):
    (source,) = [cell.source for cell in cells() if "probe = MergePlayer(" in cell.source]
    exec(source, {"MergePlayer": MergePlayer, "count_pairs": None, "merge": None} | functions)


def learners(source):
    namespace = {"torch": torch}
    exec(source, namespace)
    return {name: namespace[name] for name in ("count_pairs", "merge") if name in namespace}


@pytest.mark.parametrize(("id", "name", "source"), PLAYED, ids=[f"{id}-{name}" for id, name, _ in PLAYED])
def test_a_wrong_answer_fails_the_lessons_assertion(id, name, source):
    if {name, name.partition(":")[0]} & NOT_VISIBLE:
        play(**learners(source))
    else:
        with pytest.raises((AssertionError, ValueError, TypeError, IndexError)):
            play(**learners(source))


@pytest.mark.parametrize("source", UNUSUAL["02.1"] + UNUSUAL["02.2"])
def test_an_unusual_right_answer_holds(source):
    play(**learners(source))


def test_sections_named_by_misconceptions_stand_in_the_lesson():
    headings = [line for cell in cells("markdown") for line in cell.source.splitlines() if line.startswith("## ")]
    named = {idea.section for one in of_lesson("02") for idea in one.misconceptions.values()} - {""}
    assert [section for section in sorted(named) if f"## {section}" not in headings] == []


def printed(part):
    """What the one cell that holds this part has printed."""
    (cell,) = [cell for cell in cells() if part in cell.source]
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def test_three_encoders_give_three_results():
    lines = printed("by_rank = train_bpe(").splitlines()
    assert len(lines) == len({line[17:] for line in lines}) == 3


@pytest.mark.parametrize(
    ("part", "claim"),
    [
        ("once, changed =", "the same 244 merges: True"),
        ("once, changed =", "that is 91 times less to look at"),
        ("ours = BPETokenizer.gpt2()", "5,269 ids, equal to tiktoken's: True"),
        ("gpt2 = BPETokenizer.gpt2()", "256 bytes + 50,000 merges + 1 special token = 50,257 ids"),
        ('print("ours :"', "[b'Zo\\xc3']"),
        ("single, counts =", "WordPiece b'\\xc3\\xab'"),
    ],
)
def test_what_the_text_says_is_printed(part, claim):
    assert claim in printed(part)
