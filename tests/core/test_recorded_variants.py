"""data/variants.json: the comparison of lesson 14 is that of the tool's recipe, and its rows can be compared."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import torch

from llmlab.gpt import GPTConfig, count_parameters
from llmlab.utils.bundled import data_path
from tools import record_variants as tool

RECORDED = json.loads(data_path("variants.json").read_text("utf-8"))
ROWS = {row["name"]: row for row in RECORDED["variants"]}


@pytest.fixture(scope="module")
def texts():
    return tool.texts()


def test_the_recording_is_that_of_the_recipe(texts):
    vocab_size = len(texts[2])
    assert RECORDED["recipe"] == tool.recipe(vocab_size)
    assert {name: row["config"] for name, row in ROWS.items()} == {
        name: asdict(config) for name, config in tool.variants(vocab_size).items()
    }
    assert set(RECORDED["recorded_with"]) == {"python", "torch", "machine"}


def test_each_row_has_three_runs_of_all_steps():
    for row in ROWS.values():
        assert [run["seed"] for run in row["runs"]] == [0, 1, 2], row["name"]
        for run in row["runs"]:
            assert [step for step, _ in run["validation"]] == [200, 400, 600, 800, 1_000]
            losses = [loss for _, loss in run["validation"]]
            assert 1 < losses[-1] < losses[0] < 3
            assert ("expert_loads" in run) == (row["config"]["n_experts"] is not None)
            for layer in run.get("expert_loads", []):
                assert sum(layer) == pytest.approx(1, abs=1e-3) and max(layer) < 0.9


def test_parameters_are_as_many_within_one_percent():
    base = count_parameters(GPTConfig(**ROWS["GPT-2"]["config"])).total
    for row in ROWS.values():
        count = count_parameters(GPTConfig(**row["config"]))
        assert (row["parameters"], row["active_parameters"]) == (count.total, count.active)
        assert getattr(count, row["same"]) == pytest.approx(base, rel=0.01), row["name"]
    assert [name for name, row in ROWS.items() if row["same"] == "active"] == ["experts, same active"]


def test_each_row_is_one_change_of_the_first():
    base = ROWS["GPT-2"]["config"]
    for name, row in ROWS.items():
        changed = {field for field, value in row["config"].items() if value != base[field]}
        assert changed - {"d_ff"} == set(tool.CHANGES[name][0]), name


def test_a_run_again_comes_to_the_recorded_loss(texts):
    ids, measured, tokenizer = texts
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        again = tool.run(tool.base(len(tokenizer)), ids, measured, seed=0, until=200)
    finally:
        torch.set_num_threads(before)
    (step, loss), recorded = again["validation"][0], ROWS["GPT-2"]["runs"][0]["validation"][0]
    assert step == recorded[0] and loss == pytest.approx(recorded[1], abs=0.05)  # other machines round otherwise
