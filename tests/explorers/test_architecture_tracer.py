"""The architecture tracer: published models against `transformers`, its trace against real models, its picture."""

import json
import re
from dataclasses import asdict, replace
from math import log10, prod

import pytest
import torch
import transformers
from hypothesis import given, settings
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from llmlab.explorers import ArchitectureTracer
from llmlab.explorers.architecture_tracer.picture import render
from llmlab.explorers.architecture_tracer.values import (
    EVERY,
    FIGURES,
    KV_HEADS,
    PUBLISHED,
    STAND_FOR,
    STEPS,
    compute,
    config_of,
    kv_heads_of,
)
from llmlab.explorers.shape_tracer.numbers import more
from llmlab.explorers.shape_tracer.picture import why
from llmlab.explorers.shape_tracer.steps import steps_of
from llmlab.explorers.shape_tracer.values import GPT2
from llmlab.explorers.shape_tracer.values import STEPS as STEPS_OF_GPT2
from llmlab.gpt import GPT, GPTConfig, count_operations, count_parameters
from tests.core.test_llama import NAMES
from tests.explorers.cases import any_state
from tests.explorers.html import Tags

FIRST = ArchitectureTracer().state
ANY = any_state(ArchitectureTracer)
SHRUNK = {"vocab_size": 101, "context_length": 16, "d_model": 32, "d_ff": 56}


def shrunk(config: GPTConfig) -> GPTConfig:
    """The parts of a config in a model that can be built; 4 or 8 heads, as many sharing as before or nearly so."""
    heads = 8 if config.n_heads >= 16 else 4
    kv_heads = max(1, config.kv_heads * heads // config.n_heads)
    kv_heads = max(number for number in range(1, kv_heads + 1) if heads % number == 0)
    return GPTConfig(**asdict(config) | SHRUNK | {"n_heads": heads, "n_kv_heads": kv_heads, "n_layers": 2})


def shrunk_trace(state):
    """A trace of the parts of a state in a model that can be built."""
    trace = compute(state)
    config = shrunk(trace.config)
    before, block, after = steps_of(config, 3, 11)
    return replace(trace, config=config, batch=3, tokens=11, before=before, block=block, after=after)


# ---- published models ------------------------------------------------------------------------------------------------


def theirs_of(name: str) -> torch.nn.Module:
    """The model of `transformers` with the same configuration, without numbers."""
    c = config_of(PUBLISHED[name])
    if c.norm == "layer":
        sizes = {"n_positions": c.context_length, "n_embd": c.d_model, "n_head": c.n_heads, "n_layer": c.n_layers}
        config, kind = transformers.GPT2Config(vocab_size=c.vocab_size, **sizes), transformers.GPT2LMHeadModel
    else:
        family = "Mixtral" if c.n_experts else "Llama"
        values = {theirs: getattr(c, ours) for ours, theirs in NAMES.items() if c.n_experts or "experts" not in ours}
        config = getattr(transformers, f"{family}Config")(**values)
        kind = getattr(transformers, f"{family}ForCausalLM")
    with torch.device("meta"):
        return kind(config)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_model_has_the_parameters_of_transformers(name):
    explorer = ArchitectureTracer()
    explorer.set(**PUBLISHED[name])
    theirs = theirs_of(name)
    assert explorer.trace.total_parameters == sum(parameter.numel() for parameter in theirs.parameters())
    assert f"parts of {name}." in explorer.frame["note"] and f"{name} ✓".replace("GPT-2 ", "") in explorer.frame["html"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_model_rounds_to_the_published_figure(name):
    trace = compute(FIRST | PUBLISHED[name])
    for figure, count in zip(
        FIGURES[name].split(", "), (trace.total_parameters, trace.active_parameters), strict=False
    ):
        number, unit = re.match(r"([\d.]+)([MB])", figure).groups()
        decimals = len(number.partition(".")[2])
        assert round(count / {"M": 1e6, "B": 1e9}[unit], decimals) == float(number), name
    assert ("active" in FIGURES[name]) == (trace.config.n_experts is not None)


def test_a_published_model_is_all_settings_that_make_a_model():
    free = {"step", "tokens_read"}
    for name, model in PUBLISHED.items():
        assert set(model) == set(FIRST) - free, name
    same = config_of(PUBLISHED["GPT-2"])
    assert [str(getattr(same, size)) for size in ("vocab_size", "context_length", "d_model")] == [
        GPT2[control] for control in ("vocabulary", "context", "width")
    ]


# ---- the trace -------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(ANY)
def test_counts_are_the_packages(state):
    trace = compute(state)
    counted = count_parameters(trace.config)
    assert (trace.total_parameters, trace.active_parameters) == (counted.total, counted.active)
    parts = trace.parameters
    assert parts["attention: projections"] == counted.attention and parts["feed-forward"] == counted.feed_forward
    operations = count_operations(trace.config, trace.tokens)
    assert trace.flops["feed-forward"] == operations.feed_forward
    assert trace.flops["attention: projections"] == operations.attention_projections
    assert trace.total_flops == operations.total


@settings(deadline=None, max_examples=25)
@given(ANY)
def test_weights_are_those_of_a_real_model(state):
    trace = shrunk_trace(state)
    model = GPT(trace.config)
    real = sorted(tuple(parameter.shape) for parameter in model.parameters())
    traced = [shape for step in trace.steps for shape in step.weights * step.times * step.copies]
    assert sorted(traced) == real
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model(torch.zeros(3, 11, dtype=torch.int64))
    assert counter.get_total_flops() == trace.total_flops


@settings(deadline=None, max_examples=25)
@given(ANY)
def test_shapes_are_those_of_a_real_model(state):
    trace = shrunk_trace(state)
    model, seen = GPT(trace.config).eval(), {}
    for name, module in model.named_modules():
        module.register_forward_hook(lambda _, inputs, out, name=name: seen.update({name: tuple(out.shape)}))
    model(torch.zeros(3, 11, dtype=torch.int64))
    shapes = {step.key: step.shape for step in trace.steps}
    last = "blocks.1."
    assert shapes["qkv"] == seen[f"{last}attention.qkv"] and shapes["merge"] == seen[f"{last}attention.out_proj"]
    assert shapes["token"] == seen["embedding"] and shapes["logits"] == seen["head"]
    assert ("turn" in shapes) == (model.config.positions == "rotary") == ("position" not in shapes)
    if model.config.n_experts:
        rows, k = 3 * 11, model.config.experts_used
        assert (rows, shapes["router"][-1]) == seen[f"{last}feed_forward.router"]
        assert shapes["expand"] == (3, 11, k, seen[f"{last}feed_forward.experts.0.expand"][-1])
    else:
        assert shapes["expand"] == seen[f"{last}feed_forward.expand"]
        assert ("gate" in shapes) == (f"{last}feed_forward.gate" in seen)
    assert shapes["contract"] == shapes["add 2"] == seen["blocks.1"]


@given(ANY)
def test_letters_say_what_the_numbers_say(state):
    trace = compute(state)
    c = trace.config
    K = c.kv_heads * c.d_head
    letters = {"B": trace.batch, "T": trace.tokens, "D": c.d_model, "H": c.n_heads, "V": c.vocab_size, "2": 2}
    letters |= {"D/H": c.d_head, "3D": 3 * c.d_model, "4D": 4 * c.d_model, "F": c.ff_width, "C": c.context_length}
    letters |= {"D+2K": c.d_model + 2 * K, "(D+2K)": c.d_model + 2 * K, "E": c.n_experts, "k": c.experts_used}

    def value(text):
        return sum(prod(letters[name] for name in term.split(" · ")) for term in text.split(" + "))

    for step in trace.steps:
        assert step.shape == tuple(
            letters[name] for name in step.letters.removeprefix("(").removesuffix(")").split(", ")
        )
        assert step.parameters == (value(step.trains) if step.trains else 0)
        products = step.costs.replace("·T", " · T").replace("·H", " · H")
        assert step.flops == (value(products) if products else 0)


@given(ANY)
def test_a_step_that_the_model_lacks_is_stood_for(state):
    trace = compute(state)
    keys = [step.key for step in trace.steps]
    assert keys == [key for key in STEPS if key in keys], "in the order of the pass"
    assert trace.step.key == (state["step"] if state["step"] in keys else STAND_FOR[state["step"]])
    assert set(STEPS) - set(STEPS_OF_GPT2) == {"turn", "gate", "router"} and len(STEPS) == 21
    assert set(STEPS) - set(keys) <= set(STAND_FOR)


@pytest.mark.parametrize(("heads", "most", "found"), [(32, 8, 8), (12, 8, 6), (25, 8, 5), (20, 4, 4), (12, 5, 4)])
def test_query_heads_share_equally(heads, most, found):
    assert kv_heads_of(heads, most) == found
    assert KV_HEADS[-1] == EVERY


# ---- the picture -----------------------------------------------------------------------------------------------------


@given(ANY)
def test_the_pass_is_all_steps_of_the_model(state):
    trace = compute(state)
    html = render(trace)
    rows = re.findall(r'<div class="llmlab-gpt-row.*?</div>', html)
    pressed = [json.loads(re.search(r"data-set='([^']+)'", row)[1])["step"] for row in rows]
    assert pressed == [step.key for step in trace.steps]
    for row, step in zip(rows, trace.steps, strict=True):
        assert f">{step.letters}</span>" in row
    active = f"<b>{trace.active_parameters:,}</b> of them for one token"
    assert (active in html) == (trace.active_parameters < trace.total_parameters)
    words = Tags(html).text
    assert ("so K = G · D/H" in words) == ("D+2K" in words)


@given(ANY)
def test_the_scale_holds_every_state(state):
    trace = compute(state)
    low, high = (10**power for power in trace.axis)
    amounts = [*trace.parameters.values(), *(flops / 2 for flops in trace.flops_per_token.values())]
    assert all(low <= amount <= high for amount in amounts if amount)
    assert trace.axis[1] - trace.axis[0] == 9, "as many lines as the sheet draws"


def test_experts_are_drawn_as_sheets_and_a_token_is_multiplied_with_few_of_their_weights():
    explorer = ArchitectureTracer()
    explorer.set(**PUBLISHED["Mixtral 8x7B"], step="expand")
    html = explorer.frame["html"]
    assert "E = 8 of these" in html and "E · F · D = <b>469,762,048</b> parameters, in each of 32 blocks" in html
    assert "; a token goes through 117,440,512 of them" in html
    points = dict(re.findall(r'llmlab-gpt-(holds|costs)" style="left:([\d.]+)%', part_of(html)))
    decades = (float(points["holds"]) - float(points["costs"])) / 100 * 9
    assert decades == pytest.approx(log10(4), abs=0.002), "two of eight experts: a quarter of the weights"
    assert "8 × [(14336, 4096)]" in Tags(more(explorer.trace)).text


def part_of(html: str) -> str:
    return html.partition('data-key="part feed-forward"')[2].partition('data-key="part norms"')[0]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("GPT-2", "each of them has 12 · D² numbers and a few more"),
        ("Llama 2 7B", "each of them has 12 · D² numbers and a few more"),
        ("Llama 3 8B", "The blocks hold <b>87%</b>: each of them has 13.0 · D² numbers"),
        ("Mixtral 8x7B", "each of them has 86.5 · D² numbers, of which a token goes through 23.5 · D²"),
    ],
)
def test_the_reason(name, words):
    assert words in why(compute(FIRST | PUBLISHED[name] | {"tokens_read": "one"}))


@settings(deadline=None)
@given(ANY)
def test_code_reproduces_the_state(state):
    explorer = ArchitectureTracer()
    explorer.set(**state)
    printed = []
    exec(explorer.code(), {"print": lambda value: printed.append(str(value))})
    trace = explorer.trace
    assert printed[0] == (
        f"{trace.total_parameters:,} parameters, {trace.active_parameters:,} of them for a token, "
        f"{trace.total_flops:,} FLOPs"
    )
    assert printed[1] == str(count_parameters(trace.config))


# ---- the target ------------------------------------------------------------------------------------------------------


def test_the_target_asks_for_more_and_smaller_shares():
    explorer = ArchitectureTracer()
    assert "46,702,792,704 must be held" in explorer.frame["target"] and not explorer.frame["reached"]
    for name in PUBLISHED:
        explorer.set(**PUBLISHED[name])
        assert not explorer.frame["reached"], f"{name} itself does not do"
    explorer.set(**PUBLISHED["Mixtral 8x7B"])
    assert "a token must use fewer than 8,030,261,248" in explorer.frame["target"]
    explorer.set(experts="16")
    assert not explorer.frame["reached"]
    explorer.set(used="1")
    assert explorer.frame["reached"] and explorer.frame["question"]["text"].startswith("A token goes through few")
    explorer.set(**PUBLISHED["Llama 3 8B"] | {"experts": "16", "used": "1"})
    assert not explorer.frame["reached"], "its router is too much"


@given(state=ANY)
def test_the_bounds_of_the_target_are_on_the_scale(state):
    """A model that is inside both is one that reaches it; a dot lies on the hatched side exactly then."""
    trace = compute(state)
    rows = re.findall(r'<div class="llmlab-gpt-part llmlab-gpt-aim">(.*?)</span></div>', render(trace))
    assert len(rows) == 2
    for row, amount, name in zip(
        rows, (trace.total_parameters, trace.active_parameters), ("Mixtral 8x7B", "Llama 3 8B"), strict=True
    ):
        more = "more than" in row
        assert f"{'more' if more else 'fewer'} than {name.rpartition(' ')[0]}</b>" in row
        ((left, _),) = re.findall(r'llmlab-gpt-bound" style="left:([\d.]+)%">([^<]*)', row)
        bound = float(left)
        published = count_parameters(config_of(PUBLISHED[name]))
        figure = published.total if more else published.active
        assert bound == pytest.approx(100 * (log10(figure) - 3) / 9, abs=0.01)
        (zone,) = re.findall(r'llmlab-gpt-goal" style="(.*?)"', row)
        assert zone == (f"left:{left}%;right:0" if more else f"left:0;width:{left}%")
        inside = amount > figure if more else amount < figure
        assert ("✓" in row) == inside
        (dot,) = re.findall(r'llmlab-gpt-holds" style="left:([\d.]+)%"', row)
        assert (float(dot) >= bound if more else float(dot) <= bound) == inside or float(dot) == bound
    assert (sum("✓" in row for row in rows) == 2) == ArchitectureTracer().target(trace)[0]


def test_what_does_nothing_is_off():
    explorer = ArchitectureTracer()
    assert set(explorer.frame["off"]) == {"used"}
    explorer.set(positions="rotary", tokens_read="one", experts="4")
    assert set(explorer.frame["off"]) == {"context"}
    explorer.set(tokens_read="half")
    assert explorer.frame["off"] == {}
