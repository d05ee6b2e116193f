"""Lesson 06: its assertions fail with wrong answers, and what its cells print is what its text says."""

import nbformat
import pytest
import torch

from llmlab.attention import causal_mask
from llmlab.attention._bugs import BUGS
from llmlab.exercises.engine.exercise import of_lesson
from llmlab.exercises.lesson_06.attend import _example, _wrong_outputs
from llmlab.exercises.lesson_06.causal_weights import _wrong_weights
from llmlab.exercises.lesson_06.common import fixed_numbers as _numbers
from llmlab.explorers import InfluenceMap
from tests import ROOT
from tests.exercises.answers import UNUSUAL, WRONG

# What the explorer cannot show: a function that returns None counts as not written, and what was changed was a copy.
NOT_VISIBLE = {"returns-none", "mutates-input"}


def cells(kind="code"):
    notebook = nbformat.read(ROOT / "notebooks" / "06_multi_head_attention.ipynb", as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def output(part):
    """What the one cell with `part` in it printed."""
    (cell,) = [cell for cell in cells() if part in cell.source]
    return "".join(out.get("text", "") for out in cell.outputs)


def probe(attend):
    (source,) = [cell.source for cell in cells() if "probe = InfluenceMap(" in cell.source]
    exec(source, {"InfluenceMap": InfluenceMap, "attend": attend, "torch": torch, "draw": lambda table: None})


def learners(source):
    namespace = {"torch": torch}
    exec(source, namespace)
    return namespace["attend"]


@pytest.mark.parametrize(("name", "source"), WRONG["06.5"].items())
def test_a_wrong_answer_fails_the_lessons_assertion(name, source):
    if name in NOT_VISIBLE:
        probe(learners(source))
    else:
        with pytest.raises((AssertionError, ValueError, TypeError, IndexError, RuntimeError)):
            probe(learners(source))


@pytest.mark.parametrize("source", UNUSUAL["06.5"])
def test_an_unusual_right_answer_holds(source):
    probe(learners(source))


def test_sections_named_by_misconceptions_stand_in_the_lesson():
    headings = [line for cell in cells("markdown") for line in cell.source.splitlines() if line.startswith("## ")]
    named = {idea.section for one in of_lesson("06") for idea in one.misconceptions.values()} - {""}
    assert [section for section in sorted(named) if f"## {section}" not in headings] == []


def test_the_table_of_bugs_says_what_the_text_says():
    rows = {line[:28].strip(): line[28:].split() for line in output("for bug in probe.bugs").splitlines()[1:]}
    assert list(rows)[:12] == list(BUGS) and len(rows) == 13
    assert sum(looks[0] == "BUG" for looks in rows.values()) == 8
    unseen = [bug for bug, looks in rows.items() if looks[0] == "ok" and "BUG" in looks]
    assert unseen == ["no scaling", "scaling by the model width", "mask from the scores", "keys and values swapped"]
    assert rows["mask from the scores"] == ["ok", "BUG", "ok", "ok"]
    assert rows["keys and values swapped"] == ["ok", "ok", "ok", "BUG"]
    assert rows["late mask, renormalised"] == ["ok"] * 4


def test_the_six_versions_of_the_prediction():
    """Which of the snippets of exercise 06.6 leak, found by changing the scores that belong to later tokens."""
    (prompt,) = [cell.source for cell in cells("markdown") if "Find three leaks" in cell.source]
    code = prompt.partition("```python\n")[2].partition("```")[0]
    future = ~causal_mask(5)
    blind = future | torch.eye(5, dtype=torch.bool)

    def weights(scores):
        names = {"torch": torch, "scores": scores, "future": future, "blind": blind}
        exec(code, names)
        return {letter: names[letter].nan_to_num(0.0) for letter in "abcdef"}

    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5, 3, generator=generator)
    later = x.clone()
    later[3:] += 1.0
    before, after = weights(x @ x.T), weights(later @ later.T)
    leaks = [
        letter
        for letter in "abcdef"
        if before[letter][:3, 3:].any() or not torch.allclose(before[letter][:3], after[letter][:3], atol=1e-5)
    ]
    assert "".join(leaks) == "bce"


@pytest.mark.parametrize(
    "models",
    [_wrong_outputs(), _wrong_weights(_numbers(4, 4, shift=5))],
    ids=["whole layer", "weights"],
)
def test_known_mistakes_are_told_apart(models):
    """Each model differs from the right one and from the others: what agrees with two could not be named."""
    values = [(name, value) for name, several in models.items() for value in several]
    same = {
        (one, other)
        for i, (one, a) in enumerate(values)
        for other, b in values[i + 1 :]
        if one != other and a.shape == b.shape and torch.allclose(a, b, atol=1e-3, equal_nan=True)
    }
    assert same == set() and _example()[2] == 2


def test_all_sizes_of_the_small_example_differ():
    x, (W_query, *_, W_out), H = _example()
    sizes = [*x.shape, W_query.shape[1], W_out.shape[1], H, W_query.shape[1] // H]
    assert len(set(sizes)) == len(sizes)
