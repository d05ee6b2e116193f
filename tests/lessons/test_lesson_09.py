"""Lesson 09: what its checks take for right and for wrong, and what its cells print is what its text says."""

import math
import re
from itertools import permutations

import pytest
import torch

from llmlab.exercises.engine.answers import faces
from llmlab.exercises.lesson_09.block_order import _LINES, _ORDER, _order_misconception
from llmlab.exercises.lesson_09.layer_norm import _norm, _wrong_norms
from llmlab.exercises.lesson_09.the_block_looks import trained_by_part
from llmlab.exercises.lesson_09.the_block_mistakes import right_block, wrong_blocks
from llmlab.explorers import ShapeTracer
from llmlab.gpt import GPTConfig, LayerNorm, TransformerBlock
from tests.core.test_pretrained import LARGER, write
from tests.lessons.shared import Lesson, alike, near

LESSON = Lesson("09")
output = LESSON.output

# ---- what the exercises take for right -------------------------------------------------------------------------------


def runs(order):
    """What the lines of "Order the block" give in this order, as a term; None where a name is missing."""
    names = {"x": "x"}
    terms = {"norm_1": "n1({})", "norm_2": "n2({})", "attention": "attend({})", "feed_forward": "think({})"}
    for letter in order:
        line = _LINES[letter]
        if line == "return x":
            return names["x"]
        target, _, right = line.partition(" = ")
        if " + " in right:
            left, _, added = right.partition(" + ")
            if added not in names:
                return None
            names[target] = f"({names[left]} + {names[added]})"
        else:
            function, _, argument = right.rstrip(")").partition("(")
            if argument not in names:
                return None
            names[target] = terms[function].format(names[argument])
    return None


def test_only_one_order_of_the_lines_is_the_block():
    wanted = "((x + attend(n1(x))) + think(n2((x + attend(n1(x))))))"
    assert [order for order in map("".join, permutations(_LINES)) if runs(order) == wanted] == [_ORDER]


def test_every_other_order_has_a_name_and_the_names_fit():
    for order in map("".join, permutations(_LINES)):
        if order != _ORDER:
            name = _order_misconception(order)
            assert (name == "returns-too-early") == (order[-1] != "c")
            if order[-1] == "c":
                assert (name == "used-before-made") == (runs(order) is None)


def test_the_lines_in_the_lesson_are_those_of_the_check():
    prompt = LESSON.cell("Order the block", "markdown").source
    lines = prompt.split("```")[1].strip().splitlines()
    assert [tuple(line.split(maxsplit=1)) for line in lines] == list(_LINES.items())


def test_norm_and_block_of_the_checks_are_the_packages():
    layer = LayerNorm(6)
    torch.nn.init.normal_(layer.scale, generator=torch.Generator().manual_seed(0))
    torch.nn.init.normal_(layer.shift, generator=torch.Generator().manual_seed(1))
    x = torch.randn(2, 5, 6, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(_norm(x, layer.scale, layer.shift, layer.eps), layer(x))
    theirs = TransformerBlock(GPTConfig(11, 5, 6, n_heads=3, n_layers=1, qkv_bias=True))
    parts = dict(
        zip(trained_by_part(6), ("norm_attention", "attention", "norm_feed_forward", "feed_forward"), strict=True)
    )
    modules = {part: getattr(theirs, name) for part, name in parts.items()}
    torch.testing.assert_close(right_block(x, *modules.values()), theirs(x))
    counted = {part: sum(weight.numel() for weight in module.parameters()) for part, module in modules.items()}
    assert counted == trained_by_part(6)


def test_known_mistakes_are_told_apart():
    """Each model differs from the right one and from the others: what agrees with two could not be named."""
    x = torch.tensor([[2.0, 4.0, 9.0, 5.0], [1.0, -1.0, 0.0, 4.0], [10.0, 30.0, 20.0, 60.0]])
    norm = (x, torch.tensor([1.0, 2.0, 0.5, -1.0]), torch.tensor([0.5, 0.0, -2.0, 1.0]), 0.5)
    assert alike([("right", _norm(*norm)), *faces(_wrong_norms(*norm))], near(1e-2)) == []
    block = TransformerBlock(GPTConfig(11, 5, 6, n_heads=3, n_layers=1, qkv_bias=True))
    with torch.no_grad():
        for number, weight in enumerate(block.parameters()):
            drawn = torch.randn(weight.shape, generator=torch.Generator().manual_seed(number))
            weight.copy_(0.6 * drawn + (weight.dim() == 1))
    parts = (block.norm_attention, block.attention, block.norm_feed_forward, block.feed_forward)
    x = torch.randn(2, 4, 6, generator=torch.Generator().manual_seed(3))
    assert alike([("right", right_block(x, *parts)), *wrong_blocks(x, *parts).items()], near(1e-2)) == []


# ---- what the text says of what is printed ---------------------------------------------------------------------------


def powers(text):
    return [int(power) for power in re.findall(r"10\^(-?\d+)", text)]


def test_the_plain_stack_dies_and_its_gradients_too():
    signal, first, last = powers(output("def through_the_stack"))
    assert signal <= -8 and first <= -6 and last <= -6


def test_the_right_gain_is_a_narrow_ridge():
    lines = output('(("GELU", F.gelu').splitlines()
    signals = [powers(line)[0] for line in lines]
    assert signals[0] < signals[1] < signals[2] < signals[3] and signals[3] - signals[2] == 4
    assert lines[-1].startswith("ReLU, gain 1.41") and abs(signals[-1]) <= 1 and signals[-2] < -3


def test_the_stacks_do_what_the_text_says():
    rows = {line[:16].strip(): line[16:] for line in output("STACKS = {").splitlines()[1:]}
    assert list(rows) == ["plain", "residual", "norm", "residual + norm"]
    power = {name: powers(row) for name, row in rows.items()}
    ratios = {name: [float(number) for number in row.split()[2:]] for name, row in rows.items()}
    assert max(power["plain"]) < -5 and min(power["residual"]) > 3
    assert abs(power["norm"][0]) <= 1 and all(10 < ratio < 1000 for ratio in ratios["norm"])
    assert abs(power["residual + norm"][0]) <= 1 and all(ratio < 10 for ratio in ratios["residual + norm"])


def test_smaller_additions_keep_the_stream_near_one():
    found = re.findall(r"at the end (\S+); .* by √30: (\S+)", output("for part in (1, DEPTH**0.5)"))
    assert len(found) == 3
    assert all(1 <= float(small) < 2 and float(small) < float(plain) < 10 for plain, small in found)


def test_the_first_loss_is_about_ln_v_only_with_small_weights():
    losses = [float(line.split()[-1]) for line in output("output head from N(0, ").splitlines()[1:]]
    assert abs(losses[0] - math.log(50_257)) < 0.2 and losses[1] > 15


def test_a_leak_shows_at_first_only_with_tied_weights():
    untied, tied = re.findall(r"shifted (\S+), not shifted (\S+)", output("leaky = GPT(GPTConfig("))
    assert all(abs(float(loss) - math.log(50_257)) < 0.1 for loss in (*untied, tied[0]))
    assert float(tied[1]) < math.log(50_257) - 0.5


def test_what_happened_in_the_explorer():
    tracer = ShapeTracer()

    def shapes():
        return {step.letters: step.shape for step in tracer.trace.steps}

    before, trained = shapes(), tracer.trace.total_parameters
    tracer.set(heads="8")
    changed = {letters for letters, shape in shapes().items() if shape != before[letters]}
    assert changed == {"(B, H, T, D/H)", "(B, H, T, T)"} and tracer.trace.total_parameters == trained
    parts, costs = tracer.trace.parameters, tracer.trace.flops
    tracer.set(tie_weights=True)
    assert {part for part in parts if tracer.trace.parameters[part] != parts[part]} == {"head"}
    assert tracer.trace.flops == costs and costs["head"] > 0, "the head costs what it did"
    tracer.set(vocabulary="50257", width="768", layers=12, context="1024", qkv_bias=True)
    assert tracer.trace.total_parameters == 124_439_808
    tracer.set(tie_weights=False)
    assert tracer.trace.total_parameters == 163_037_184


def test_the_architecture_is_gpt2s():
    assert output("gpt2 = GPT(GPTConfig(50_257").startswith("124,439,808 parameters")
    assert "logits: 0.00000" in output("packaged = GPT(config)")
    solved = Lesson("09", solved=True).output("your layer_norm differs")
    assert re.findall(r"differs by +(\S+)", solved) == ["0.00000"] * 2
    assert "once their checks pass" in output("your layer_norm differs")


def test_all_sizes_of_the_toy_model_differ():
    source = LESSON.cell("toy = SmallGPT(").source
    sizes = [int(size) for size in re.findall(r"=(\d+)[,)]", source)]
    assert len({*sizes, 2, 7, 24 // 3, 4 * 24, 3 * 24}) == 10


# ---- the optional cell ---------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """The four files as Hugging Face's library writes them, of random weights."""
    write(tmp_path, **LARGER)
    return tmp_path


def test_the_cell_with_published_weights_is_off_and_runs_on_such_a_folder(folder, capsys):
    cell = LESSON.cell("load_gpt2(FOLDER)").source
    assert "nothing is loaded" in output("load_gpt2(FOLDER)")
    on = re.sub(r"^FOLDER = None.*$", f"FOLDER = {str(folder)!r}", cell, flags=re.MULTILINE)
    assert on != cell
    names = {"torch": torch}
    exec("from llmlab.gpt import load_gpt2", names)
    exec(on, names)
    lines = capsys.readouterr().out.splitlines()
    shares = [float(line.split()[0]) for line in lines]
    assert len(lines) == 5 and shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 1
