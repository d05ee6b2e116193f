"""The shape tracer without a browser: its trace against real models, its picture, the learner's count in it."""

import json
import re
from dataclasses import asdict
from math import log2, log10, prod

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from llmlab.explorers import ShapeTracer
from llmlab.explorers.shape_tracer.numbers import big, more
from llmlab.explorers.shape_tracer.picture import NAMED, STREAM, render, why
from llmlab.explorers.shape_tracer.steps import PARTS
from llmlab.explorers.shape_tracer.values import (
    CONTEXTS,
    GPT2,
    GPT2_PARAMETERS,
    GPT2_PARTS,
    HEADS,
    STEPS,
    TOKENS_READ,
    VOCABULARIES,
    WIDTHS,
    compute,
)
from llmlab.gpt import GPT, GPTConfig, count_parameters
from tests import ROOT
from tests.explorers.answers import count_parameters as count_by_hand
from tests.explorers.cases import any_state, drawn
from tests.explorers.html import Tags

FIRST = ShapeTracer().state
ANY = any_state(ShapeTracer)
SHEET = (ROOT / "llmlab/explorers/shape_tracer/shape_tracer.css").read_text(encoding="utf-8")

# Small enough to be built; every other size of the controls differs from them only in magnitude.
SMALL = st.fixed_dictionaries(
    {
        "vocabulary": st.sampled_from(VOCABULARIES[:3]),
        "width": st.sampled_from(WIDTHS[:3]),
        "layers": st.integers(1, 3),
        "heads": st.sampled_from(HEADS),
        "context": st.sampled_from(CONTEXTS[:3]),
        "tokens_read": st.sampled_from(list(TOKENS_READ)),
        "batch": st.integers(1, 3),
        "tie_weights": st.booleans(),
        "qkv_bias": st.booleans(),
        "step": st.sampled_from(list(STEPS)),
    }
)
# ---- the trace -------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=25)
@given(SMALL)
def test_parameters_are_those_of_the_real_model(state):
    trace = compute(state)
    model = GPT(trace.config)
    assert trace.total_parameters == sum(parameter.numel() for parameter in model.parameters())
    real = sorted(tuple(parameter.shape) for parameter in model.parameters())
    traced = [shape for step in trace.steps for shape in step.weights * step.times]
    assert sorted(traced) == real


@given(ANY)
def test_parts_equal_the_packages_count(state):
    trace = compute(state)
    counted = count_parameters(trace.config)
    parts = trace.parameters
    assert list(parts) == list(trace.flops) == list(PARTS)
    assert asdict(counted) == {
        "token_embedding": parts["token embedding"],
        "position_embedding": parts["position embedding"],
        "attention": parts["attention: projections"] + parts["attention: scores and sums"],
        "feed_forward": parts["feed-forward"],
        "norms": parts["norms"],
        "head": parts["head"],
        "resting": 0,
    }
    sizes = (trace.config.vocab_size, trace.config.context_length, trace.config.d_model, trace.config.n_layers)
    assert trace.total_parameters == count_by_hand(*sizes, trace.config.qkv_bias, trace.config.tie_weights)


@settings(deadline=None, max_examples=10)
@given(SMALL)
def test_flops_are_those_that_pytorch_counts(state):
    trace = compute(state)
    model = GPT(trace.config)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:  # the fused call is not counted
        model(torch.zeros(trace.batch, trace.tokens, dtype=torch.int64))
    counts = {str(operation): flops for operation, flops in counter.get_flop_counts()["Global"].items()}
    flops = trace.flops
    assert sum(counts.values()) == trace.total_flops
    assert counts["aten.bmm"] == flops["attention: scores and sums"]
    assert flops["token embedding"] == flops["position embedding"] == flops["norms"] == 0
    by_module = counter.get_flop_counts()
    for part, module in (("feed-forward", "feed_forward"), ("head", "head")):
        ends = [sum(ops.values()) for name, ops in by_module.items() if name.endswith(f".{module}")]
        assert sum(ends) == flops[part]


@settings(deadline=None, max_examples=15)
@given(SMALL)
def test_shapes_are_those_of_the_real_model(state):
    trace = compute(state)
    model = GPT(trace.config).eval()
    seen = {}
    hooks = [
        module.register_forward_hook(lambda _, inputs, out, name=name: seen.update({name: tuple(out.shape)}))
        for name, module in model.named_modules()
    ]
    ids = torch.zeros(trace.batch, trace.tokens, dtype=torch.int64)
    model(ids)
    for hook in hooks:
        hook.remove()

    names = ["embedding.token", "embedding.position", "embedding"]
    assert tuple(ids.shape) == trace.before[0].shape
    seen["embedding.position"] = tuple(model.embedding.position(torch.arange(trace.tokens)).shape)
    assert [step.shape for step in trace.before[1:]] == [seen[name] for name in names]
    assert [step.shape for step in trace.after] == [seen["norm"], seen["head"]]

    attention = model.blocks[-1].attention
    _, weights = attention(torch.zeros(seen["embedding"]), return_weights=True)
    q = attention._split_heads(torch.zeros(seen["embedding"]))
    inside = {"split: q, k and v, each": q, "scores q kᵀ": q @ q.mT, "weights: mask, softmax": weights}
    inside["weighted sums of v"] = weights @ q
    last = f"blocks.{trace.config.n_layers - 1}"
    modules = {"queries, keys, values": "attention.qkv", "merge, output projection": "attention.out_proj"}
    modules |= {"expand, GELU": "feed_forward.expand", "contract": "feed_forward.contract"}
    norms = iter(("norm_attention", "norm_feed_forward"))
    for step in trace.block:
        if step.name in inside:
            assert step.shape == tuple(inside[step.name].shape)
        elif step.name == "added to the stream":
            assert step.shape == seen[last]
        else:
            assert step.shape == seen[f"{last}.{modules.get(step.name) or next(norms)}"]
    assert next(norms, None) is None


@given(ANY)
def test_letters_say_what_the_numbers_say(state):
    trace = compute(state)
    c = trace.config
    letters = {"B": trace.batch, "T": trace.tokens, "D": c.d_model, "H": c.n_heads, "V": c.vocab_size}
    letters |= {"D/H": c.d_model // c.n_heads, "3D": 3 * c.d_model, "4D": 4 * c.d_model, "C": c.context_length, "2": 2}

    def value(text):
        """3D · D + 3D."""
        return sum(prod(letters[name] for name in term.split(" · ")) for term in text.split(" + "))

    for step in trace.steps:
        assert step.shape == tuple(letters[name] for name in step.letters.strip("()").split(", "))
        assert step.parameters == (value(step.trains) if step.trains else 0)
        products = step.costs.replace("·T", " · T").replace("·H", " · H")
        assert step.flops == (value(products) if products else 0)


@given(ANY)
def test_the_steps_are_the_same_in_every_model_and_one_is_looked_at(state):
    trace = compute(state)
    assert [step.key for step in trace.steps] == list(STEPS) and len(STEPS) == 18
    assert trace.step.key == state["step"] and trace.step in trace.steps


@given(ANY)
def test_what_a_token_costs(state):
    """Two operations for each weight that it is multiplied with, and two products of all tokens with each head."""
    trace = compute(state)
    c, costs = trace.config, trace.flops_per_token
    D, L, T = c.d_model, c.n_layers, trace.tokens
    assert costs["attention: projections"] == 2 * L * 4 * D * D and costs["feed-forward"] == 2 * L * 8 * D * D
    assert costs["attention: scores and sums"] == 2 * L * 2 * T * D and costs["head"] == 2 * D * c.vocab_size
    assert costs["token embedding"] == costs["position embedding"] == costs["norms"] == 0
    assert sum(costs.values()) * trace.batch * T == trace.total_flops


def test_one_token_does_not_cost_as_much_as_a_full_context():
    full, half, one = (compute(FIRST | {"context": "1024", "tokens_read": n}).flops for n in ("all", "half", "one"))
    for part in ("attention: projections", "feed-forward", "head"):
        assert full[part] == 2 * half[part] == 1024 * one[part]
    scores = "attention: scores and sums"
    assert full[scores] == 4 * half[scores] == 1024**2 * one[scores]


def test_the_first_state_makes_its_point():
    trace = ShapeTracer().trace
    assert trace.step.key == "token"
    tables = trace.parameters["token embedding"] + trace.parameters["head"]
    assert tables > 0.9 * trace.total_parameters
    sizes = {*trace.after[-1].shape, trace.config.n_heads, trace.config.n_layers, trace.tokens, trace.config.d_model}
    assert len(sizes) == 6, "all sizes differ"
    assert trace.config.context_length == trace.tokens


# ---- the target ------------------------------------------------------------------------------------------------------


def test_the_target_is_gpt2_and_found_from_the_tensors():
    explorer = ShapeTracer()
    assert not explorer.frame["reached"]
    explorer.set(**GPT2)
    assert explorer.trace.total_parameters == GPT2_PARAMETERS == 124_439_808
    assert explorer.frame["reached"] and explorer.frame["target"] == "Reached: 124,439,808 parameters."
    explorer.set(heads="4")
    assert explorer.frame["reached"] and "GPT-2 has 12 heads" in explorer.frame["target"]
    assert explorer.frame["question"]["text"].startswith("What would twice as many heads add")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tie_weights": False}, "163,037,184 parameters, 38,597,376 too many. As in GPT-2 already: token embedding"),
        ({"qkv_bias": False}, "27,648 too few. As in GPT-2 already: token embedding, position embedding, feed-forward"),
        ({"layers": 11}, "As in GPT-2 already: token embedding, position embedding."),
        ({"width": "960", "context": "512"}, "too many."),
    ],
)
def test_what_the_target_says_before(change, words):
    explorer = ShapeTracer()
    explorer.set(**GPT2 | change)
    assert not explorer.frame["reached"] and words in explorer.frame["target"]


def test_only_gpt2s_sizes_reach_the_target():
    reached = [
        (vocabulary, width, layers, context, tied, bias)
        for vocabulary in VOCABULARIES
        for width in WIDTHS
        for layers in range(1, 25)
        for context in CONTEXTS
        for tied in (False, True)
        for bias in (False, True)
        if count_by_hand(int(vocabulary), int(context), int(width), layers, bias, tied) == GPT2_PARAMETERS
    ]
    assert reached == [("50257", "768", 12, "1024", True, True)]


# ---- the learner's function ------------------------------------------------------------------------------------------


def test_own_function_is_driven():
    calls = []

    def counted(*sizes):
        calls.append(sizes)
        return count_by_hand(*sizes)

    explorer = ShapeTracer(counted)
    explorer.set(vocabulary="256", context="32", width="144", layers=5, qkv_bias=True)
    assert calls[-1] == (256, 32, 144, 5, True, False)
    assert explorer.trace.own_function and explorer.trace.counted == explorer.trace.total_parameters
    assert explorer.frame["note"] == "" and "your count" in more(explorer.trace)


def test_a_wrong_count_is_named():
    explorer = ShapeTracer(lambda *sizes: count_by_hand(*sizes) - 7)
    assert explorer.trace.counted == explorer.trace.total_parameters - 7
    assert explorer.frame["note"].endswith("10,101,881: 7 too few.")
    explorer.set(**GPT2)
    assert explorer.frame["reached"], "the target is found from the tensors, not from the function"


@pytest.mark.parametrize("kind", [int, torch.tensor, np.int64])
def test_whole_numbers_of_any_kind_are_counts(kind):
    explorer = ShapeTracer(lambda *sizes: kind(count_by_hand(*sizes)))
    assert type(explorer.trace.counted) is int and explorer.frame["note"] == ""


@pytest.mark.parametrize("answer", [12.0, "12", True, [12]])
def test_answers_that_are_no_counts(answer):
    explorer = ShapeTracer(lambda *sizes: answer)
    assert explorer.frame["error"] and "a count of parameters must be an int, got" in explorer.frame["html"]
    with pytest.raises(TypeError, match="must be an int"):
        explorer.set(layers=2)
    assert explorer.state == FIRST


# ---- the picture -----------------------------------------------------------------------------------------------------


@given(ANY)
def test_every_number_of_the_trace_is_printed(state):
    trace, _ = drawn(ShapeTracer(), state)
    text = Tags(more(trace)).text
    for part in PARTS:
        assert part in text and f"{trace.parameters[part]:,}" in text and big(trace.flops[part]) in text
    for step in trace.steps:
        assert step.name in text and step.letters in text
        assert f"({', '.join(map(str, step.shape))})" in text
        assert not step.parameters or f"{step.parameters:,}" in text


@given(ANY)
def test_shares_sum_to_one(state):
    trace = compute(state)
    html = more(trace)
    for kind in ("holds", "costs"):
        bars = [part.partition("%")[0] for part in html.split(f'class="llmlab-gpt-{kind}" style="width: ')[1:]]
        values = trace.parameters if kind == "holds" else trace.flops
        assert len(bars) == sum(value > 0 for value in values.values())
        assert sum(map(float, bars)) == pytest.approx(100, abs=0.4)


def place(amount, trace):
    """Where an amount stands on the scale, in percent."""
    low, high = trace.axis
    return 100 * (log10(amount) - low) / (high - low)


@given(ANY)
def test_dots_stand_where_their_numbers_are(state):
    trace = compute(state)
    rows = re.findall(r'<div class="llmlab-gpt-part" data.*?<br>[^<]*</span></div>', render(trace))
    for row, part in zip(rows, PARTS, strict=True):
        mine, theirs = trace.parameters[part], GPT2_PARTS[part]
        amounts = {"holds": mine, "costs": trace.flops_per_token[part] / 2, "mark": theirs}
        points = dict(re.findall(r'<i class="llmlab-gpt-(\w+)" style="left:(-?[\d.]+)%"', row))
        assert {kind: float(left) for kind, left in points.items()} == {
            kind: pytest.approx(place(amount, trace), abs=0.01) for kind, amount in amounts.items() if amount
        }
        assert all(0 <= float(left) <= 100 for left in points.values()), "the scale holds every state"
        assert ("✓" in row) == (mine == theirs and mine > 0)
        assert f"{big(mine)}" in row and f"{big(trace.flops_per_token[part])}</span>" in row
        pressed = json.loads(re.search(r"data-set='([^']+)'", row)[1])["step"]
        assert next(step for step in trace.steps if step.key == pressed).part == part
        assert trace.step.part != part or pressed == trace.step.key, "the part of the chosen step is on"


@given(ANY)
def test_each_line_of_the_scale_is_a_power_of_ten(state):
    trace = compute(state)
    html, sizes = render(trace), {"1 k": 1e3, "1 M": 1e6, "1 G": 1e9}
    ticks = re.findall(r'left:([\d.]+)%">(1 \w)</span>', html)
    assert {name: float(left) for left, name in ticks} == {
        name: pytest.approx(place(size, trace), abs=0.01) for name, size in sizes.items()
    }
    lines = re.search(r"\.llmlab-gpt-lane \{.*?calc\(100% / (\d+)\)", SHEET)
    assert int(lines[1]) == trace.axis[1] - trace.axis[0]


@given(ANY)
def test_the_strips_share_everything_out(state):
    trace = compute(state)
    for name, amounts in (("parameters", trace.parameters), ("operations", trace.flops)):
        strip = re.search(rf'<span>{name}</span><div class="llmlab-gpt-strip">(.*?)</div>', render(trace))[1]
        pieces = re.findall(r'data-tip="(.*?): ([\d.]+)% of all (\w+)" style="flex-grow:([\d.]+)">(.*?)</span>', strip)
        held = [part for part in PARTS if amounts[part]]
        assert [part for part, *_ in pieces] == held and {kind for *_, kind, _, _ in pieces} == {name}
        assert sum(float(share) for *_, share, _ in pieces) == pytest.approx(1, abs=1e-4)
        for part, percent, _, share, text in pieces:
            exact = amounts[part] / sum(amounts.values())
            assert (float(percent), float(share)) == (
                pytest.approx(100 * exact, abs=0.06),
                pytest.approx(exact, abs=1e-5),
            )
            assert text == ("" if exact < NAMED else f"{part.removeprefix('attention: ')} {exact:.0%}")


@given(ANY)
def test_the_pass_is_all_steps_in_order_and_the_stream_is_marked(state):
    trace = compute(state)
    rows = re.findall(r'<div class="llmlab-gpt-row.*?</div>', render(trace))
    assert [json.loads(re.search(r"data-set='([^']+)'", row)[1])["step"] for row in rows] == list(STEPS)
    for row, step in zip(rows, trace.steps, strict=True):
        assert f">{step.letters}</span>" in row and ("llmlab-gpt-as-stream" in row) == (
            step.shape == trace.before[3].shape and step.letters == STREAM
        )
    spins = set(re.findall(r'data-spin="(\w+)"', render(trace)))
    assert spins == {"vocabulary", "width", "layers", "heads", "context", "tokens_read", "batch"}


@given(ANY)
def test_the_chosen_step_is_written_out_and_drawn_to_a_logarithmic_scale(state):
    trace = compute(state)
    step = trace.step
    panel = render(trace).partition('<div class="llmlab-gpt-panel">')[2]
    text = Tags(panel).text
    assert f"{step.letters}: {prod(step.shape):,} numbers" in text
    assert "areas are not to scale</text></svg>" in panel, "sides are logarithmic, and an eye compares areas"
    if step.weights:
        assert f"{step.trains} = {step.parameters:,} parameters" in text
    if step.flops:
        assert f"{step.costs} = {big(step.flops).strip()} operations" in text
    in_blocks = step in trace.block and (step.weights or step.flops)
    assert ("each of" in text) == bool(in_blocks and trace.config.n_layers > 1)
    drawn = {}
    for kind, width, height in re.findall(r'data-key="(weights|result)\d".*?width="([\d.]+)" height="([\d.]+)"', panel):
        drawn.setdefault(kind, []).append((float(width), float(height)))
    shapes = {"result": step.shape} | ({"weights": step.weights[0]} if step.weights else {})
    assert set(drawn) == set(shapes)
    for kind, shape in shapes.items():
        *stack, high, wide = (1, *shape) if len(shape) < 3 else shape
        assert len(drawn[kind]) == min(4, prod(stack))
        for width, height in drawn[kind]:
            assert width == pytest.approx(12 + 7 * log2(wide), abs=0.06)
            assert height == pytest.approx(12 + 7 * log2(high) if len(shape) > 1 else 12, abs=0.06)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "The vocabulary holds <b>96%</b>: 50,257 tokens have a row of D in the table, and another in the head"),
        ({}, "so the head, with most such weights, costs most, <b>91%</b>."),
        (
            {"tie_weights": True},
            "The token table holds <b>91%</b>: 50,257 tokens have a row of D, which the head uses, too",
        ),
        (GPT2, "The blocks hold <b>68%</b>: each of them has 12 · D² numbers and a few more"),
        (GPT2, "so feed-forward, with most such weights, costs most, <b>40%</b>."),
        ({"context": "16384", "vocabulary": "65", "layers": 1}, "The position table holds <b>93%</b>"),
        (
            {"context": "16384", "vocabulary": "65"},
            "Scores and sums hold nothing and cost <b>97%</b>: each token meets 16,384",
        ),
    ],
)
def test_the_reason(change, words):
    explorer = ShapeTracer()
    explorer.set(**change)
    assert words in explorer.frame["why"]


@given(ANY)
def test_the_reason_names_what_holds_and_costs_most(state):
    trace = compute(state)
    p, total = trace.parameters, trace.total_parameters
    blocks = total - p["token embedding"] - p["head"] - p["position embedding"] - 2 * trace.config.d_model
    groups = (p["token embedding"] + p["head"], p["position embedding"], blocks)
    share, cost = (int(text) for text in re.findall(r"<b>(\d+)%</b>", why(trace)))
    assert share == pytest.approx(100 * max(groups) / total, abs=0.51)
    assert cost == pytest.approx(100 * max(trace.flops.values()) / trace.total_flops, abs=0.51)
    words = {"head": "so the head,", "feed-forward": "so feed-forward,", PARTS[3]: "Scores and sums hold nothing"}
    dear = max(PARTS, key=trace.flops.get)
    assert [part for part in words if words[part] in why(trace)] == [dear]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 "),
        (999, "999 "),
        (1000, "1.00 k"),
        (9_995, "10.0 k"),
        (27_888, "27.9 k"),
        (999_499, "999 k"),
        (999_600, "1.00 M"),
        (1.364e9, "1.36 G"),
        (5.83296e11, "583 G"),
        (2.5e16, "25.0 P"),
    ],
)
def test_large_numbers_have_three_digits(number, text):
    assert big(number) == text


@settings(deadline=None)
@given(ANY)
def test_code_reproduces_the_state(state):
    explorer = ShapeTracer()
    explorer.set(**state)
    printed = []
    exec(explorer.code(), {"print": lambda value: printed.append(str(value))})
    trace = explorer.trace
    assert printed[0] == f"{trace.total_parameters:,} parameters, {trace.total_flops:,} FLOPs"
    assert printed[1] == str(count_parameters(trace.config))


def test_sizes_always_divide():
    assert all(int(width) % int(heads) == 0 for width in WIDTHS for heads in HEADS)
    trace = compute(FIRST | {"context": CONTEXTS[0], "tokens_read": "a quarter"})
    assert trace.tokens == 4 and isinstance(trace.config, GPTConfig)
    assert all(prod(step.shape) for step in trace.steps)
