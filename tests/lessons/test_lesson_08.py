"""Lesson 06: its checks tell the known mistakes apart, and what its cells print is what its text says."""

import pytest
import torch
from llmlab.exercises.lesson_06.causal_weights import _wrong_weights
from llmlab.exercises.lesson_06.whole_layer_mistakes import example, wrong_outputs

from llmlab.attention import causal_mask
from llmlab.attention._bugs import BUGS
from llmlab.exercises.engine.answers import faces
from llmlab.exercises.lesson_06.common import fixed_numbers
from tests.lessons.shared import Lesson, alike, near

LESSON = Lesson("06")
output = LESSON.output


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
    prompt = LESSON.cell("Find three leaks", "markdown").source
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
    [wrong_outputs(), _wrong_weights(fixed_numbers(4, 4, shift=5))],
    ids=["whole layer", "weights"],
)
def test_known_mistakes_are_told_apart(models):
    assert alike(faces(models), near(1e-3)) == []


def test_all_sizes_of_the_small_example_differ():
    x, (W_query, *_, W_out), H = example()
    sizes = [*x.shape, W_query.shape[1], W_out.shape[1], H, W_query.shape[1] // H]
    assert len(set(sizes)) == len(sizes)
