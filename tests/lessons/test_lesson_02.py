"""Lesson 02: what its cells print is what its text says."""

import pytest

from tests.lessons.shared import Lesson

LESSON = Lesson("02")
output = LESSON.output


def test_three_encoders_give_three_results():
    lines = output("by_rank = train_bpe(").splitlines()
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
    assert claim in output(part)
