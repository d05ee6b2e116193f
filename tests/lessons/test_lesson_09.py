"""Lesson 09: its assertions fail with wrong answers, and what its cells print is what its text says."""

import re
from itertools import combinations

import nbformat
import pytest
import torch

from llmlab.exercises.engine.exercise import of_lesson
from llmlab.exercises.lesson_09.cache_bytes import _CASES, _wrong_bytes
from llmlab.exercises.lesson_09.cached_step import _attend, _wrong_steps
from llmlab.exercises.lesson_09.online_softmax import _agree, _updated, _wrong_updates
from llmlab.exercises.lesson_09.sampler import _LOGITS, _probabilities, _wrong_temperatures, _wrong_top_ks
from llmlab.explorers import CacheMeter, DistributionSculptor
from llmlab.explorers.distribution_sculptor.explorer import CONTEXTS, counted_model
from llmlab.generation import cache_bytes, online_softmax, sampling_probabilities
from tests import ROOT
from tests.exercises.answers import UNUSUAL, WRONG

# What the explorers' cells cannot show: a function that returns None counts as not written; temperature 0 does not
# occur there; and the explorer hands over a copy of its logits.
NOT_VISIBLE = {"returns-none", "zero-is-greedy", "mutates-input"}


def cells(kind="code"):
    notebook = nbformat.read(ROOT / "notebooks" / "09_generation.ipynb", as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def source_with(part):
    (cell,) = [cell for cell in cells() if part in cell.source]
    return cell.source


def output(part):
    """What the one cell with `part` in it printed."""
    (cell,) = [cell for cell in cells() if part in cell.source]
    return "".join(out.get("text", "") for out in cell.outputs)


def defined(source, name):
    namespace = {"torch": torch}
    exec(source, namespace)
    return namespace[name]


def probe_sampler(source):
    names = {"torch": torch, "DistributionSculptor": DistributionSculptor, "print": lambda *values: None}
    names["next_probabilities"] = defined(source, "next_probabilities")
    exec(source_with("probe = DistributionSculptor("), names)


def probe_bytes(source):
    names = {"CacheMeter": CacheMeter, "print": lambda *values: None}
    names["kv_cache_bytes"] = defined(source, "kv_cache_bytes")
    exec(source_with("probe = CacheMeter("), names)


@pytest.mark.parametrize(("name", "source"), WRONG["09.1"].items())
def test_a_wrong_sampler_fails_the_lessons_assertion(name, source):
    if name in NOT_VISIBLE:
        probe_sampler(source)
    else:
        with pytest.raises((AssertionError, TypeError, ValueError)):
            probe_sampler(source)


@pytest.mark.parametrize(("name", "source"), WRONG["09.4"].items())
def test_a_wrong_count_of_bytes_fails_the_lessons_assertion(name, source):
    if name in NOT_VISIBLE:
        probe_bytes(source)
    else:
        with pytest.raises((AssertionError, TypeError)):
            probe_bytes(source)


@pytest.mark.parametrize("source", UNUSUAL["09.1"])
def test_an_unusual_right_sampler_holds(source):
    probe_sampler(source)


@pytest.mark.parametrize("source", UNUSUAL["09.4"])
def test_an_unusual_right_count_holds(source):
    probe_bytes(source)


def test_sections_named_by_misconceptions_stand_in_the_lesson():
    headings = [line for cell in cells("markdown") for line in cell.source.splitlines() if line.startswith("## ")]
    named = {idea.section for one in of_lesson("09") for idea in one.misconceptions.values()} - {""}
    assert [section for section in sorted(named) if f"## {section}" not in headings] == []


# ---- what the exercises take for right -------------------------------------------------------------------------------


def test_what_the_checks_take_for_right_is_the_packages():
    for temperature, k, p in ((0.5, None, None), (1.0, 2, None), (1.0, None, 0.7), (2.0, 3, 0.7), (1.0, 9, 0.3)):
        expected = sampling_probabilities(_LOGITS, temperature=temperature, top_k=k, top_p=p)
        torch.testing.assert_close(_probabilities(_LOGITS, temperature, k, p).float(), expected)
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
        {"right": _probabilities(_LOGITS, 0.5, None, None).float()} | _wrong_temperatures(_LOGITS, 0.5),
        {"right": _probabilities(_LOGITS, 1.0, 2, None).float()} | _wrong_top_ks(_LOGITS, 2),
        {"right": whole} | _wrong_steps(*step, *kept),
    ]
    for models in groups:
        for (one, a), (other, b) in combinations(models.items(), 2):
            assert a.shape != b.shape or not torch.allclose(a, b, atol=1e-3), (one, other)
    counts = {"right": [2 * _wrong_bytes(*case)["keys-only"] for case in _CASES]}
    for name in _wrong_bytes(*_CASES[0]):
        counts[name] = [_wrong_bytes(*case)[name] for case in _CASES]
    for (one, a), (other, b) in combinations(counts.items(), 2):
        assert a != b, (one, other)
    seen = set()
    for case in ((1.0, 1.5, [0.0, 3.0, 2.0]), (3.0, 1.5, [0.0, 1.0])):
        right = _updated(*case)
        wrong = {name: pair for name, pair in _wrong_updates(*case).items() if not _agree(pair, right)}
        seen |= wrong.keys()
        for (one, a), (other, b) in combinations(wrong.items(), 2):
            assert not _agree(a, b), (one, other)
    assert seen == _wrong_updates(*case).keys()


# ---- what the text says of what is printed ---------------------------------------------------------------------------


def test_the_counted_model_is_the_sculptors():
    names = {"print": lambda *values: None}
    setup = "import torch\nfrom collections import Counter\nfrom llmlab.corpus import toy_world\n"
    exec(setup + source_with("def next_logits("), names)
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
    assert "(3, 6, 8, 64, 1, 4)" in "".join(cell.source for cell in cells("markdown"))


@pytest.mark.parametrize(
    "part",
    ["longer = model(ids)", "cached = torch.cat(steps", "in_groups = ", "fused = ", "def tiled_attention("],
)
def test_what_is_said_to_be_equal_is(part):
    assert "True" in output(part) and "False" not in output(part)
