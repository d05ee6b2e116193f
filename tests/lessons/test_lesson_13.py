"""Lesson 09: what its checks take for right and for wrong, and what its cells print is what its text says."""

import re
from operator import eq

import pytest
import torch
from llmlab.exercises.lesson_09.cache_bytes import _CASES, _wrong_bytes
from llmlab.exercises.lesson_09.cached_step import _attend, _wrong_steps
from llmlab.exercises.lesson_09.logits_to_probabilities import _LOGITS
from llmlab.exercises.lesson_09.logits_to_probabilities_mistakes import (
    probabilities,
    wrong_temperatures,
    wrong_top_ks,
)
from llmlab.exercises.lesson_09.online_softmax import _agree, _updated, _wrong_updates

from llmlab.explorers.distribution_sculptor import CONTEXTS, counted_model
from llmlab.generation import cache_bytes, online_softmax, sampling_probabilities
from tests.lessons.shared import Lesson, alike, near, quiet

LESSON = Lesson("09")
output = LESSON.output

# ---- what the exercises take for right -------------------------------------------------------------------------------


def test_what_the_checks_take_for_right_is_the_packages():
    for temperature, k, p in ((0.5, None, None), (1.0, 2, None), (1.0, None, 0.7), (2.0, 3, 0.7), (1.0, 9, 0.3)):
        expected = sampling_probabilities(_LOGITS, temperature=temperature, top_k=k, top_p=p)
        torch.testing.assert_close(probabilities(_LOGITS, temperature, k, p).float(), expected)
    for case in _CASES:
        assert cache_bytes(*case) == _wrong_bytes(*case)["keys-only"] * 2
    row = torch.tensor([1.0, 2.0, 0.0, 4.0, 3.0])
    largest, total = _updated(*_updated(-torch.inf, 0.0, row[:2].tolist()), row[2:].tolist())
    torch.testing.assert_close((row - largest).exp() / total, online_softmax(row, block=2))


def test_known_mistakes_are_told_apart():
    """Each model differs from the right one and from the others: what agrees with two could not be named."""
    step = (torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 1.0]]), torch.tensor([[5.0, -1.0]]))
    kept = (torch.tensor([[1.0, 0.0], [2.0, -1.0]]), torch.tensor([[1.0, 3.0], [2.0, 2.0]]))
    whole = _attend(step[0], *[torch.cat(pair) for pair in zip(kept, step[1:], strict=True)])
    groups = [
        {"right": probabilities(_LOGITS, 0.5, None, None).float()} | wrong_temperatures(_LOGITS, 0.5),
        {"right": probabilities(_LOGITS, 1.0, 2, None).float()} | wrong_top_ks(_LOGITS, 2),
        {"right": whole} | _wrong_steps(*step, *kept),
    ]
    for models in groups:
        assert alike(models.items(), near(1e-3)) == []
    counts = {"right": [2 * _wrong_bytes(*case)["keys-only"] for case in _CASES]}
    for name in _wrong_bytes(*_CASES[0]):
        counts[name] = [_wrong_bytes(*case)[name] for case in _CASES]
    assert alike(counts.items(), eq) == []
    seen = set()
    for case in ((1.0, 1.5, [0.0, 3.0, 2.0]), (3.0, 1.5, [0.0, 1.0])):
        right = _updated(*case)
        wrong = {name: pair for name, pair in _wrong_updates(*case).items() if not _agree(pair, right)}
        seen |= wrong.keys()
        assert alike(wrong.items(), _agree) == []
    assert seen == _wrong_updates(*case).keys()


# ---- what the text says of what is printed ---------------------------------------------------------------------------


def test_the_counted_model_is_the_sculptors():
    names = {"print": quiet}
    setup = "import torch\nfrom collections import Counter\nfrom llmlab.corpus import toy_world\n"
    exec(setup + LESSON.cell("def next_logits(").source, names)
    vocabulary, contexts = counted_model()
    assert sorted(vocabulary) == names["vocabulary"]
    for context in CONTEXTS:
        logits = names["next_logits"](*context.split()[-2:])
        theirs = dict(zip(vocabulary, contexts[context][0].tolist(), strict=True))
        expected = torch.tensor([theirs[word] for word in names["vocabulary"]])
        torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)


def test_greedy_text_repeats_itself_and_drawn_text_does_not():
    words = output('continue_text("the king", torch.argmax').split()
    assert any(words[-2 * n : -n] == words[-n:] for n in range(3, 9))
    texts = [line.strip() for line in output("for temperature, p in (").splitlines() if line.startswith("   ")]
    assert len(set(texts)) == 3 and all(text.startswith("the king") for text in texts)


def test_temperature_and_the_tail():
    rows = re.findall(r"temperature (\S+): largest (\S+), entropy (\S+) bits, tail (\S+)", output("def entropy(p)"))
    columns = [[float(value) for value in column] for column in zip(*rows, strict=True)]
    assert columns[1] == sorted(columns[1], reverse=True) and columns[2] == sorted(columns[2])
    assert columns[3] == sorted(columns[3]) and columns[3][-1] > 0.5
    assert "sum to 0.5" in output("divided = probabilities / 2.0") and "True" in output("divided = probabilities / 2.0")
    kept = [int(n) for n in re.findall(r"0\.9: (\d+) words", output("kept = int((ranked.cumsum(dim=0) - ranked < 0.9"))]
    assert kept == sorted(kept) and kept[-1] > 4 * kept[0]


def test_a_cached_step_costs_about_the_same_anywhere():
    rows = re.findall(r"token +(\d+): without a cache +(\S+) +with +(\S+)", output("def operations(tokens"))
    steps = [[int(value.replace(",", "")) for value in row] for row in rows]
    assert steps[0][1] == steps[0][2] and steps[-1][2] < 1.3 * steps[0][2]
    assert steps[-1][1] > 64 * steps[0][1], "a little faster than in a straight line"


def test_bytes_that_are_weighed_equal_the_formula():
    assert output("nothing = torch.zeros(1,").split()[-1] == str(cache_bytes(3, 6, 8, 64, 1, 4))
    assert "(3, 6, 8, 64, 1, 4)" in LESSON.source


@pytest.mark.parametrize(
    "part",
    ["longer = model(ids)", "cached = torch.cat(steps", "in_groups = ", "fused = ", "def tiled_attention("],
)
def test_what_is_said_to_be_equal_is(part):
    assert "True" in output(part) and "False" not in output(part)
