"""Lesson 12: what its checks take for right and for wrong, and what its cells print is what its text says."""

from __future__ import annotations

import re

import pytest
import torch

from llmlab.exercises.lesson_12.logits_to_probabilities import _LOGITS
from llmlab.exercises.lesson_12.logits_to_probabilities_mistakes import (
    probabilities,
    wrong_temperatures,
    wrong_top_ks,
    wrong_top_ps,
)
from llmlab.exercises.lesson_12.two_cuts import _RIGHT
from llmlab.exercises.lesson_12.write_text import _models, _written, stand_in
from llmlab.generation import generate, sampling_probabilities
from llmlab.gpt import GPT, GPTConfig, load_gpt2
from tests.core.test_pretrained import SMALL
from tests.core.test_pretrained import write as write_gpt2
from tests.lessons.shared import Lesson, alike, near

LESSON = Lesson("12")
SOLVED = Lesson("12", solved=True)
output = LESSON.output


def test_what_the_checks_take_for_right_is_the_packages():
    for temperature, k, p in ((0.5, None, None), (1.0, 2, None), (1.0, None, 0.85), (2.0, 3, 0.7), (1.0, 9, 0.3)):
        expected = sampling_probabilities(_LOGITS, temperature=temperature, top_k=k, top_p=p)
        torch.testing.assert_close(probabilities(_LOGITS, temperature, k, p).float(), expected)
    five = torch.tensor([0.40, 0.25, 0.15, 0.12, 0.08]).log()
    left = sampling_probabilities(five, top_k=4, top_p=0.7)
    assert int((left > 0).sum()) == _RIGHT[0]
    assert left.max().item() == pytest.approx(_RIGHT[1], abs=1e-6)


def test_known_mistakes_are_told_apart():
    groups = [
        {"right": probabilities(_LOGITS, 0.5, None, None).float()} | wrong_temperatures(_LOGITS, 0.5),
        {"right": probabilities(_LOGITS, 1.0, 2, None).float()} | wrong_top_ks(_LOGITS, 2),
        {"right": probabilities(_LOGITS, 1.0, None, 0.85).float()} | wrong_top_ps(_LOGITS, 0.85),
    ]
    for models in groups:
        assert alike(models.items(), near(1e-3)) == []
    texts = _models([3, 8, 1, 20, 5], 5, 7, 1)  # one new token does not fill the context: two ways to stop too soon
    assert alike(texts.items(), lambda a, b: a == b) == []


def test_the_solved_loop_writes_what_generate_writes():
    torch.manual_seed(0)
    model = GPT(GPTConfig(vocab_size=29, context_length=6, d_model=16, n_heads=2, n_layers=2)).eval()
    namespace = {"torch": torch}
    exec(SOLVED.cell("def write(model").source, namespace)
    write = namespace["write"]
    for length in (3, 9):  # within the context, and past it
        mine = write(model, [4, 11, 7], length, lambda logits: logits.argmax().item(), 6)
        assert mine == generate(model, [[4, 11, 7]], length, temperature=0, slide=True)[0]
    stand = stand_in(6)
    expected = _written([4, 11, 7], 5, 6, lambda read: stand(torch.tensor([read]))[0, -1].argmax().item())
    assert write(stand, [4, 11, 7], 5, lambda logits: logits.argmax().item(), 6) == expected


# ---- what the text says of what is printed ---------------------------------------------------------------------------


def test_greedy_text_is_the_same_each_time_and_lets_a_king_stand_near_himself():
    first, second, third = (line.strip() for line in output("def greedy(logits)").strip().split("\n\n"))
    assert first == second != third
    judged = output("for sentence in continued(").splitlines()
    assert [line.partition(" - ")[0] for line in judged] == ["wrong", "right", "right"]
    assert "the king near the king is a kind father" in judged[0] and "he is a good brother" in judged[1]


def test_the_best_steps_do_not_make_the_best_text():
    lines = output("def text_probability(").splitlines()
    greedy, other = (float(line.partition(":")[0].removeprefix("probability ")) for line in lines)
    assert other > 30 * greedy > 0
    assert probabilities_of_a_first_step("near") > probabilities_of_a_first_step("is")


def probabilities_of_a_first_step(word: str) -> float:
    return float(re.search(rf"' {word}' +(0\.\d+)", output("likeliest = probabilities.topk(6)"))[1])


def test_temperature_and_the_tail():
    rows = re.findall(r"temperature (\S+): largest (\S+), entropy (\S+) bits, tail (\S+)", output("def entropy(p)"))
    columns = [[float(value) for value in column] for column in zip(*rows, strict=True)]
    assert columns[1] == sorted(columns[1], reverse=True) and columns[2] == sorted(columns[2])
    assert columns[3] == sorted(columns[3]) and columns[3][-1] > 0.5
    assert output("divided = probabilities / 2.0").splitlines()[0].startswith("probabilities / 2 sum to 0.500")
    after, before = re.findall(r"is (0\.\d+); it was (0\.\d+)", output("divided = probabilities / 2.0"))[0]
    assert after == before
    kept = [int(n) for n in re.findall(r"0\.9: +(\d+) tokens", output("stay = int("))]
    assert kept == sorted(kept) and kept[-1] > 10 * kept[0]


def test_what_heat_costs_and_a_cut_saves():
    rows = re.findall(r"(no cut|top-\w \S+) +temperature (\S+): +(\d+) right, +(\d+) different", output("right = "))
    counted = {(name, float(t)): (int(right), int(different)) for name, t, right, different in rows}
    assert len(counted) == 12
    assert counted["no cut", 2.0][0] < 50
    assert min(counted["no cut", 0.5]) >= 94
    for name in ("top-k 10", "top-p 0.9"):
        assert min(counted[name, t][0] for t in (0.5, 1.0, 1.5)) >= 94
    assert min(counted["top-p 0.9", t][1] for t in (0.5, 1.0, 1.5)) >= 90


def test_the_model_of_the_text_learns():
    losses = [float(loss) for loss in re.findall(r"validation loss (\S+)", output("config = TrainConfig("))]
    assert len(losses) == 5 and losses == sorted(losses, reverse=True)


def test_both_commands_are_run_and_end_well():
    said = output("def llmlab(*words)")
    assert "$ llmlab train mine.txt" in said and "$ llmlab sample mine-model" in said
    assert "saved in mine-model" in said and "Error" not in said
    assert said.partition("$ llmlab sample")[2].splitlines()[1].startswith("The sea")


def test_the_cell_for_gpt_2_reads_a_folder_that_transformers_saved(tmp_path, capsys):
    """The published weights are not here: random ones in the same four files stand in for them."""
    write_gpt2(tmp_path, **SMALL | {"n_positions": 120})
    source = LESSON.cell("FOLDER = None").source.replace("FOLDER = None", f"FOLDER = {str(tmp_path)!r}")
    names = {"torch": torch, "generate": generate, "load_gpt2": load_gpt2}
    exec(source, names)
    english = "The old woman rowed to the island, and"
    assert capsys.readouterr().out.startswith(english)
    assert len(names["row"]) == len(names["english"]) + 40
