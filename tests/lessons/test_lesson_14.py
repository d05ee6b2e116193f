"""Lesson 14: what its checks take for right and for wrong, and what its cells print is what its text says."""

from __future__ import annotations

import json
import re
from itertools import combinations

import pytest
import torch
from torch.nn import functional as F

from llmlab.exercises.engine.answers import faces
from llmlab.exercises.lesson_14.held_and_used import _D, _EXPERTS, _INNER, HELD, USED
from llmlab.exercises.lesson_14.mixture import _example, _mixture, _wrong_mixtures
from llmlab.exercises.lesson_14.rms_norm import _norm, _wrong_norms
from llmlab.exercises.lesson_14.swiglu import _numbers, _swiglu, _wrong_layers
from llmlab.explorers import ArchitectureTracer
from llmlab.explorers.architecture_tracer import PUBLISHED
from llmlab.gpt import Experts, GPTConfig, RMSNorm, SwiGLU, balance_loss, count_parameters, route
from llmlab.utils.bundled import data_path
from tests.exercises.answers import UNUSUAL, WRONG
from tests.exercises.learners import define
from tests.lessons.shared import Lesson, alike, near, quiet

LESSON = Lesson("14")
output = LESSON.output
ROWS = {row["name"]: row for row in json.loads(data_path("variants.json").read_text("utf-8"))["variants"]}
LOSSES = {name: [run["validation"][-1][1] for run in row["runs"]] for name, row in ROWS.items()}

# ---- what the exercises take for right -------------------------------------------------------------------------------


def test_what_the_checks_take_for_right_is_the_packages():
    x, scale = torch.randn(3, 5, 7, generator=torch.Generator().manual_seed(0)), torch.arange(7.0)
    torch.testing.assert_close(_norm(x, scale, 0.3), F.rms_norm(x, (7,), scale, 0.3))
    gated = SwiGLU(7, 9, bias=False)
    matrices = [part.weight.T for part in (gated.gate, gated.expand, gated.contract)]
    torch.testing.assert_close(_swiglu(x, *matrices), gated(x))
    rows, router, experts = x.flatten(0, 1), torch.randn(7, 4), torch.randn(4, 7, 7)
    shares, chosen = route(rows @ router, 3)
    outputs = torch.einsum("nd,nkdo->nko", rows, experts[chosen])
    torch.testing.assert_close(_mixture(rows, router, experts, 3), (shares[..., None] * outputs).sum(dim=1))
    config = GPTConfig(11, 7, _D, 1, 1, mlp="swiglu", bias=False, d_ff=_INNER, n_experts=_EXPERTS)
    counted = count_parameters(config)
    assert (counted.feed_forward, counted.feed_forward - counted.resting) == (HELD, USED)
    assert sum(weight.numel() for weight in Experts(config).parameters()) == HELD


def test_known_mistakes_are_told_apart():
    """Each model differs from the right one and from the others: what agrees with two could not be named."""
    x = torch.tensor([[2.0, 4.0, 9.0, 5.0], [1.0, -1.0, 0.0, 4.0], [10.0, 30.0, 20.0, 60.0]])
    scale = torch.tensor([1.0, 2.0, 0.5, -1.0])
    norms = [("right", _norm(x, scale, 0.5)), *faces(_wrong_norms(x, scale, 0.5))]
    layer = _numbers(4, 3), _numbers(3, 5, shift=7), _numbers(3, 5, shift=30), _numbers(5, 3)
    layers = [("right", _swiglu(*layer)), *((k.partition(":")[0], v) for k, v in _wrong_layers(*layer).items())]
    mixtures = {"right": _mixture(*_example(), 2)} | _wrong_mixtures(*_example(), 2)
    for models in (norms, layers, mixtures.items()):
        assert alike(models, near(1e-3)) == []


# ---- what the text says of what is printed ---------------------------------------------------------------------------


def apart(name: str) -> bool:
    """Whether every seed of a row is on one side of every seed of GPT-2."""
    return max(LOSSES[name]) < min(LOSSES["GPT-2"]) or min(LOSSES[name]) > max(LOSSES["GPT-2"])


def test_the_rows_are_what_the_text_says_of_them():
    base = LOSSES["GPT-2"]
    assert round(max(base) - min(base), 2) == 0.04
    mean = {name: sum(those) / 3 for name, those in LOSSES.items()}
    assert not apart("RMSNorm") and abs(mean["RMSNorm"] - mean["GPT-2"]) < 0.01
    assert mean["SwiGLU"] > mean["GPT-2"] and max(LOSSES["SwiGLU"]) - sorted(LOSSES["SwiGLU"])[1] > 0.05, "one far off"
    assert not apart("SwiGLU"), "even so the ranges touch"
    orders = list(combinations(range(6), 3))
    assert (len(orders), sum(one in ((0, 1, 2), (3, 4, 5)) for one in orders)) == (20, 2), "apart by luck"
    assert apart("rotary positions") and max(LOSSES["rotary positions"]) < min(base)
    for name in ("grouped queries", "experts, same total", "experts, same active"):
        assert not apart(name), name
    assert ROWS["GPT-2"]["cache_bytes"] == 2 * ROWS["grouped queries"]["cache_bytes"]
    total, active = (ROWS["experts, same total"][key] for key in ("parameters", "active_parameters"))
    assert round(active / total, 2) == 0.75
    assert round(ROWS["experts, same active"]["parameters"] / ROWS["GPT-2"]["parameters"], 1) == 1.5
    assert f"{mean['grouped queries']:.2f} against {mean['GPT-2']:.2f}" in LESSON.source
    assert ROWS["GPT-2"]["parameters"] == 193_920 and len(ROWS) == 9


def test_a_comparison_prints_the_recorded_losses():
    said = output('compare("rotary positions")')
    rows = re.findall(r"^(GPT-2|rotary positions) +[\d,]+ +([\d.]+) +([\d.]+) +([\d.]+)$", said, re.MULTILINE)
    for name, *printed in rows:
        low, _, high = sorted(LOSSES[name])
        assert printed == [f"{low:.2f}", f"{sum(LOSSES[name]) / 3:.2f}", f"{high:.2f}"]
    assert len(rows) == 2


def test_what_moved_texts_and_caches_show():
    moved = dict(re.findall(r"(\w+) +moved by 20 places, the logits change by ([\d.]+)", output("positions=20")))
    assert moved["rotary"] == "0.0000" and float(moved["learned"]) > 0.1
    counted, anew = re.findall(r"differ by ([\d.]+)", output("cache=cache, positions=last"))
    assert counted == "0.0000" and float(anew) > 0.01
    sizes = re.findall(r"([\d,]+) parameters", output("tables = [part"))
    assert int(sizes[0].replace(",", "")) - int(sizes[1].replace(",", "")) == 960


def test_the_run_is_that_of_the_record():
    said = output("of_gpt2 = ")
    yours, recorded, least, most = map(float, re.findall(r"\d\.\d{3}", said))
    at_200 = {name: [run["validation"][0][1] for run in row["runs"]] for name, row in ROWS.items()}
    assert abs(yours - recorded) < 0.05 and recorded == round(at_200["rotary positions"][0], 3)
    assert (least, most) == (round(min(at_200["GPT-2"]), 3), round(max(at_200["GPT-2"]), 3))
    assert 0.05 < (least - recorded) / 2, "less than half of the way to the nearest seed of GPT-2"
    assert output("loader = DataLoader(").startswith("653 tokens, 3,811 windows")


def test_who_is_not_chosen_has_no_gradient_and_the_formula_is_the_packages():
    lengths = re.findall(r"gradient ([\d.]+)", output("layer = Experts("))
    assert len(lengths) == 4 and lengths.count("0.00") == 2
    assert re.findall(r"load balancing ([\d.]+)", output("one_sided =")) == ["1.00", "4.00"]
    layer = Experts(GPTConfig(11, 7, 8, 1, 1, n_experts=4, experts_per_token=1))
    for logits, value in ((torch.eye(4).repeat(5, 1) * 9.0, 1.0), (torch.tensor([[9.0, 0, 0, 0]]).repeat(20, 1), 4.0)):
        layer.router_logits = logits
        assert abs(balance_loss(layer).item() - value) < 0.01


def test_what_is_new_and_what_has_gone_between_the_two_models():
    tracer = ArchitectureTracer()
    before = [step.name for step in tracer.trace.steps]
    tracer.set(**PUBLISHED["Llama 3 8B"])
    after = [step.name for step in tracer.trace.steps]
    assert {"q and k, turned", "gate, SiLU", "RMSNorm", "head: logits"} <= set(after) - set(before)
    assert {"rows of the position table", "their sum: the stream begins", "norm"} <= set(before) - set(after)
    assert before.count("added to the stream") == after.count("added to the stream") == 2
    text = LESSON.cell("q and k, turned", kind="markdown").source
    assert all(f"`{name}`" in text for name in ("q and k, turned", "gate, SiLU", "norm", "RMSNorm"))


def test_the_answers_about_the_tracer_hold():
    tracer = ArchitectureTracer()

    def part(name):
        return tracer.trace.parameters[name]

    assert f"{part('feed-forward') / 1e6:.1f}" == "56.7"
    tracer.set(mlp="SwiGLU")
    assert f"{part('feed-forward') / 1e6:.1f}" == "85.0"
    tracer.set(inner="8/3")
    assert f"{part('feed-forward') / 1e6:.1f}" == "56.7"
    tracer.set(**PUBLISHED["Llama 3 8B"])
    before = tracer.trace.parameters
    tracer.set(kv_heads="one each")
    grown = {name for name, number in tracer.trace.parameters.items() if number != before[name]}
    assert grown == {"attention: projections"}
    assert f"{before['attention: projections'] / 1e9:.2f} {part('attention: projections') / 1e9:.2f}" == "1.34 2.15"
    tracer.set(**PUBLISHED["Mixtral 8x7B"])
    total, active = tracer.trace.total_parameters, tracer.trace.active_parameters
    assert (f"{total / 1e9:.1f}", f"{active / 1e9:.1f}") == ("46.7", "12.9")
    tracer.set(experts="16", used="1")
    total, active = tracer.trace.total_parameters, tracer.trace.active_parameters
    assert tracer.frame["reached"] and (f"{total / 1e9:.1f}", f"{active / 1e9:.1f}") == ("91.8", "7.2")
    tracer.set(**PUBLISHED["Llama 3 8B"] | {"experts": "16", "used": "1"})
    assert not tracer.frame["reached"]


def test_the_models_of_transformers_are_equal():
    said = output("weights = load_file(")
    assert re.findall(r"(\w+) +806 logits from .* equal to 4 decimals", said) == ["llama", "mixtral"]
    solved = Lesson("14", solved=True).output("by_hand = torch.stack(")
    assert re.findall(r"your (\w+) equals", solved) == ["rms_norm", "swiglu", "mixture"]
    assert output("by_hand = torch.stack(").count("still to be written") == 3


def test_the_comparison_takes_every_answer_that_its_check_takes():
    setting = LESSON.cell("gated = RMSNorm(24)").source
    comparing = LESSON.cell("by_hand = torch.stack(").source
    names = {"torch": torch, "RMSNorm": RMSNorm, "SwiGLU": SwiGLU, "route": route, "print": quiet}
    names |= dict.fromkeys(("rms_norm", "swiglu", "mixture"), lambda *arguments: None)
    tried = 0
    for id, one in (("14.1", "rms_norm"), ("14.2", "swiglu"), ("14.3", "mixture")):
        for source in UNUSUAL[id]:
            exec(setting + "\n" + comparing, names | {one: define(source)})
            tried += 1
        for wrong in ("other-values", "not-the-shape"):
            with pytest.raises(AssertionError):
                exec(setting + "\n" + comparing, names | {one: define(WRONG[id][wrong])})
    assert tried >= 9
