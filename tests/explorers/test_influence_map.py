"""The influence map without a browser: twelve bugs and what reveals each, its trace, its picture, own functions."""

import json
import re
from dataclasses import replace
from itertools import pairwise, product

import pytest
import torch

from llmlab.attention import MultiHeadAttention, causal_mask, influence_map
from llmlab.attention._bugs import BUGS, LATE_MASK, RIGHT, function, look, source, weights
from llmlab.exercises.lesson_08.whole_layer import EXERCISE
from llmlab.explorers import InfluenceMap
from llmlab.explorers.influence_map.measuring import AROUND, CHANGES, HEADS, INPUTS, LATE, MASKS, OUTPUTS, OWN
from llmlab.explorers.influence_map.numbers import more
from llmlab.explorers.influence_map.picture import render, size
from llmlab.explorers.influence_map.recorded import LOOKS as NAMES
from llmlab.explorers.influence_map.recorded import (
    RECORDED,
    fewest_looks,
    known_map,
    known_passes,
    passes,
    record,
)
from llmlab.explorers.influence_map.values import compute
from llmlab.explorers.influence_map.words import why
from tests.exercises.lesson_08.whole_layer import UNUSUAL
from tests.explorers.cases import ATTACK, influences
from tests.explorers.html import Tags

FIRST = InfluenceMap().state
T = len(INPUTS)


def learners(text):
    namespace = {"torch": torch}
    exec(text, namespace)
    return namespace["attend"]


RIGHTS = [learners(text) for text in UNUSUAL]

# ---- twelve bugs, and what reveals each ------------------------------------------------------------------------------

# name: map at a random input, map around zero, magnitudes as the width grows; the values of a small example reveal all
# but one. True: it looks as it should, so this look alone would let the bug pass.
LOOKS = {
    "softmax over the queries": (False, True, False, False),
    "no scaling": (True, True, False, False),
    "scaling by the model width": (True, True, False, False),
    "no mask": (False, False, True, False),
    "mask after the softmax": (False, True, False, False),
    "0/1 mask added": (False, False, True, False),
    "mask one too high": (False, False, True, False),
    "mask one too low": (False, False, True, False),
    "mask from the scores": (True, False, True, True),
    "view when splitting": (False, False, True, False),
    "view when merging": (False, False, False, False),
    "keys and values swapped": (True, True, True, False),
}


def test_all_twelve_are_there():
    assert list(LOOKS) == list(BUGS) and len(BUGS) == 12
    assert len({source(change) for change in BUGS.values()} | {RIGHT, source(LATE_MASK)}) == 14
    assert all(RIGHT.count(right) == 1 for right, _ in [*BUGS.values(), LATE_MASK])


@pytest.mark.parametrize("bug", BUGS)
def test_which_looks_reveal_a_bug(bug):
    looks = look(function(BUGS[bug]))
    assert (looks.at_random, looks.around_zero, looks.steady, looks.equal) == LOOKS[bug]
    assert not all(LOOKS[bug])


@pytest.mark.parametrize("bug", BUGS)
def test_the_check_of_lesson_08_names_each(bug):
    result = replace(EXERCISE).check(function(BUGS[bug]))
    assert (result.status, result.misconception) == ("failed", bug.replace(" ", "-").replace("/", ""))


@pytest.mark.parametrize("attend", [function(), function(LATE_MASK), *RIGHTS])
def test_right_ones_pass_all_looks_also_a_late_mask_that_is_renormalised(attend):
    looks = look(attend)
    assert looks.at_random and looks.around_zero and looks.steady and looks.equal
    assert replace(EXERCISE).check(attend).status == "passed"


def test_the_right_text_equals_the_package():
    x = torch.randn(2, 7, 12, generator=torch.Generator().manual_seed(0))
    layer = MultiHeadAttention(d_in=12, d_out=12, context_length=7, n_heads=4)
    torch.nn.init.zeros_(layer.out_proj.bias)
    matrices = [*layer.qkv.weight.T.chunk(3, dim=1), layer.out_proj.weight.T]
    ours = torch.stack([function()(row, *matrices, 4) for row in x])
    torch.testing.assert_close(ours, layer(x))


def test_nan_is_no_right_value():
    def spoils_one(x, *rest):
        outputs = function()(x, *rest)
        outputs[2] = torch.nan
        return outputs

    assert look(spoils_one).difference == float("inf")


def test_rounding_is_no_leak_and_a_faint_leak_is_one():
    matrices, x = weights(8, 12, 10), torch.randn(5, 8, generator=torch.Generator().manual_seed(1))

    def late(x):
        return function(LATE_MASK)(x, *matrices, 3)

    def faint(x):  # a leak of one in a thousand
        return function()(x, *matrices, 3) + 1e-3 * x.sum()

    assert torch.equal(influence_map(late, x), causal_mask(5))
    assert influence_map(faint, x).all()


# ---- the trace -------------------------------------------------------------------------------------------------------


def by_brute_force(layer, x):
    """Change every entry of every token by itself, in double precision."""
    x = x.double()
    before = layer(x)
    reaches = torch.zeros(len(before), len(x), dtype=torch.bool)
    for j, c in product(range(x.shape[0]), range(x.shape[1])):
        changed = x.clone()
        changed[j, c] += 0.7
        difference = (layer(changed) - before).abs()
        reaches[:, j] |= (difference.nan_to_num(0.0) > 1e-9).any(dim=1)
    return tuple(map(tuple, reaches.tolist()))


@pytest.mark.parametrize(("bug", "around"), list(product(CHANGES, AROUND)))
def test_maps_of_a_decoder_against_brute_force(bug, around):
    trace = compute(FIRST | {"bug": bug, "around": around, "heads": 2})
    matrices = [matrix.double() for matrix in weights(8, 12, 10)]
    x = torch.randn(T, 8, generator=torch.Generator().manual_seed(1))
    x = x if around == "a random input" else torch.zeros_like(x)
    assert trace.reaches == by_brute_force(lambda x: function(CHANGES[bug])(x, *matrices, 2), x)
    assert trace.lower_triangular == torch.equal(torch.tensor(trace.reaches), causal_mask(T))
    assert trace.allowed == trace.wanted == tuple(map(tuple, causal_mask(T).tolist()))
    assert [(i, j) for i in range(T) for j in range(T) if trace.reaches[i][j] and j > i] == list(trace.leaks)
    assert [(i, j) for i in range(T) for j in range(T) if not trace.reaches[i][j] and j <= i] == list(trace.blind)


@pytest.mark.parametrize(("architecture", "around"), list(product(MASKS, AROUND)))
def test_other_masks(architecture, around):
    trace = compute(FIRST | {"bug": OWN, "architecture": architecture, "around": around})
    mask = MASKS[architecture].tolist()
    assert trace.leaks == trace.blind == ()
    assert trace.allowed == tuple(map(tuple, mask))
    assert (len(trace.outputs), len(trace.inputs)) == (len(mask), T) and len(OUTPUTS) != T
    for i, j in product(range(len(mask)), range(T)):
        own_query = architecture == "encoder, 2 tokens padding" and i == j and around != "zero"
        assert trace.reaches[i][j] == (mask[i][j] or own_query)
    assert (trace.looks is None) == (architecture != "decoder")


def test_masks_have_the_shapes_of_the_architectures():
    rows = {name: [sum(row) for row in mask.tolist()] for name, mask in MASKS.items()}
    assert rows == {
        "decoder": [1, 2, 3, 4, 5, 6, 7],
        "encoder": [7] * 7,
        "encoder, 2 tokens padding": [5] * 7,
        "prefix of 3 tokens": [3, 3, 3, 4, 5, 6, 7],
        "encoder-decoder": [7] * 5,
    }


@pytest.mark.parametrize("bug", CHANGES)
def test_moves_are_lengths_where_something_reaches(bug):
    trace = compute(FIRST | {"bug": bug})
    for reaches, moves in zip(trace.reaches, trace.moves, strict=True):
        assert all((size != 0) == reached for reached, size in zip(reaches, moves, strict=True))


@pytest.mark.parametrize("perturbed", range(T))
def test_the_perturbed_token_and_what_it_moves(perturbed):
    explorer = InfluenceMap()
    explorer.set(bug=OWN, perturbed=perturbed)
    assert explorer.trace.moved == tuple(range(perturbed, T))
    assert f"Perturb token {perturbed}, {INPUTS[perturbed]}" in explorer.frame["text"]


def test_with_one_head_there_is_nothing_to_mix():
    for bug in ("view when splitting", "view when merging"):
        one, two = (compute(FIRST | {"bug": bug, "heads": heads}) for heads in (1, 2))
        assert one.lower_triangular and not two.lower_triangular


def test_the_first_state_makes_its_point():
    """Zeros above the diagonal, and everything moves; around zero nothing is seen of it."""
    trace = InfluenceMap().trace
    assert trace.bug == "mask after the softmax" and sum(map(sum, trace.reaches)) == T * T
    assert compute(FIRST | {"around": "zero"}).lower_triangular


# ---- the target ------------------------------------------------------------------------------------------------------


def choices():
    """Every test that can be made of the four looks, as a part of a state."""
    return [dict(zip((f"test_{name}" for name in NAMES), on, strict=True)) for on in product((False, True), repeat=4)]


def test_the_target_is_reached_by_one_test_alone():
    explorer = InfluenceMap()
    reached = [test for test in choices() if explorer.target(compute(FIRST | test))[0]]
    assert reached == [{"test_random": False, "test_zero": True, "test_magnitudes": False, "test_values": True}]
    assert sum(FIRST[name] != on for name, on in reached[0].items()) == 3, "three decisions"
    for change in ({"bug": OWN}, {"architecture": "encoder"}, {"around": "zero", "heads": 1, "perturbed": 0}):
        assert explorer.target(compute(FIRST | reached[0] | change))[0], "what is looked at does not matter"


@pytest.mark.parametrize("test", choices())
def test_who_is_caught_by_brute_force(test):
    chosen = [at for at, name in enumerate(NAMES) if test[f"test_{name}"]]
    caught = tuple(bug for bug in BUGS if not all(LOOKS[bug][at] for at in chosen))
    trace = compute(FIRST | test)
    assert trace.caught == caught and trace.test == tuple(NAMES[at] for at in chosen)
    _, words = InfluenceMap().target(trace)
    if not chosen:
        assert words == "Not yet: an empty test catches nothing."
    elif len(caught) < 12:
        assert f"catches {len(caught)} of 12 bugs, {12 - len(caught)} escape" in words
    elif len(chosen) > 2:
        assert words.endswith("catches 12 of 12 bugs. Fewer looks would do.")


def test_fewest_looks_by_brute_force():
    catching = [sum(test.values()) for test in choices() if len(compute(FIRST | test).caught) == 12]
    assert fewest_looks() == min(catching) == 2


# ---- what is recorded ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_recorded_is_what_is_measured(name):
    run = function(CHANGES[name])
    assert known_passes(name) == passes(look(run)) == LOOKS.get(name, (True,) * 4)
    matrices = weights(8, 12, 10)
    for heads, around in product(HEADS, AROUND):
        x = torch.randn(T, 8, generator=torch.Generator().manual_seed(1))
        x = x if around == "a random input" else torch.zeros_like(x)
        found = influence_map(lambda x, heads=heads: run(x, *matrices, heads), x)
        assert known_map(name, heads, around) == tuple(map(tuple, found.tolist()))


def test_the_recipe_writes_the_file(tmp_path):
    record(tmp_path / "known.json")
    assert json.loads((tmp_path / "known.json").read_text()) == json.loads(RECORDED.read_text())


def test_small_maps_are_those_of_this_input_and_these_heads():
    for heads, around in product(HEADS, AROUND):
        for bug in (OWN, "mask from the scores", "view when merging"):
            trace = compute(FIRST | {"heads": heads, "around": around, "bug": bug}, RIGHTS[0])
            assert trace.small_maps[bug] == trace.reaches
            assert (trace.small_maps[OWN] is None) == (bug != OWN), "the learner's is called only where it is looked at"


def test_the_learners_own_is_judged_by_the_test_too():
    wrong = learners(source(BUGS["mask from the scores"]))
    explorer = InfluenceMap(wrong)
    explorer.set(bug=OWN)
    assert explorer.trace.seen_by[OWN] == ("zero",) and "your own: passes your test" in explorer.frame["html"]
    explorer.set(test_zero=True)
    assert "your own: caught by your test" in explorer.frame["html"]
    explorer.attend = RIGHTS[0]
    assert explorer.trace.seen_by[OWN] == () and "your own: passes your test" in explorer.frame["html"]


# ---- the learner's function ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attend", RIGHTS)
def test_own_function_is_driven(attend):
    calls = []

    def counted(*args):
        calls.append(args)
        return attend(*args)

    explorer = InfluenceMap(counted)
    explorer.set(bug=OWN)
    assert explorer.trace.own_function and calls and explorer.frame["note"] == ""
    assert explorer.trace.lower_triangular and explorer.trace.seen_by[OWN] == ()
    for state in ({"bug": "no mask"}, {"bug": OWN, "architecture": "encoder"}):
        explorer.reset()
        explorer.set(**state)
        assert not explorer.trace.own_function


@pytest.mark.parametrize(
    ("attend", "error", "message"),
    [
        (lambda *args: 7, TypeError, "what attend returns must be a float tensor, got int"),
        (lambda x, *rest: x.sum(), ValueError, "must have shape"),
        (lambda x, *rest: x + torch.rand(()), ValueError, "two different answers"),
        (lambda x, *rest: x @ x, RuntimeError, "shape"),
    ],
)
def test_answers_that_are_no_outputs(attend, error, message):
    explorer = InfluenceMap(attend)
    assert not explorer.frame["error"]  # the first state shows a bug
    with pytest.raises(error, match=message):
        explorer.set(bug=OWN)
    assert explorer.state == FIRST
    assert explorer._frame_or_error(FIRST | {"bug": OWN})["error"]


def test_without_a_function_ours_is_shown():
    assert "No function was given" in InfluenceMap().note(compute(FIRST | {"bug": OWN}))


def test_a_new_function_starts_anew():
    explorer = InfluenceMap(RIGHTS[0])
    explorer.set(bug=OWN)
    assert explorer.trace.looks.equal
    explorer.attend = learners(source(BUGS["no mask"]))
    assert len(explorer.trace.leaks) == 21 and not explorer.trace.looks.equal
    explorer.attend = None
    assert not explorer.trace.own_function and explorer.trace.lower_triangular


def test_what_is_known_is_kept_and_the_learners_input_is_a_copy():
    calls = []

    def greedy(x, *rest):
        calls.append(1)
        outputs = RIGHTS[0](x, *rest)
        x.zero_()
        return outputs

    explorer = InfluenceMap(greedy)
    explorer.set(bug=OWN)
    assert explorer.trace.lower_triangular
    before = len(calls)
    for perturbed in range(T):
        explorer.set(perturbed=perturbed)
    assert len(calls) - before == T  # one call each, to see that it is written


# ---- the picture -----------------------------------------------------------------------------------------------------


def test_every_cell_says_what_it_is_without_colour():
    explorer = InfluenceMap()
    explorer.set(bug="mask one too high")
    leaks = len(explorer.trace.leaks)
    assert cells(explorer, "leak") == leaks and Tags(more(explorer.trace)).text.count(" !") == leaks + 1  # and the key
    explorer.set(bug="mask one too low")
    assert cells(explorer, "blind") == len(explorer.trace.blind) == 2
    assert Tags(more(explorer.trace)).text.count("0 ?") == 2 + 1
    nothing_moves = replace(explorer.trace, moves=((float("nan"),) * T,) * T)
    assert "NaN" in Tags(render(nothing_moves)).text and "NaN" in Tags(more(nothing_moves)).text


def cells(explorer, kind):
    """How many cells of the large map are of a kind, each with the sign of it."""
    sign = {"leak": "!", "blind": "[?]"}[kind]
    html = explorer.frame["html"]
    return len(re.findall(rf'llmlab-cell llmlab-{kind}"[^>]*>(?:<i [^>]*></i>)?<b>[^<]*{sign}</b>', html))


@pytest.mark.parametrize("bug", CHANGES)
def test_a_line_for_each_output_that_moves_and_a_mark_for_what_should_not(bug):
    explorer = InfluenceMap()
    for perturbed in (0, 3, 6):
        explorer.set(bug=bug, perturbed=perturbed)
        html, trace = explorer.frame["html"], explorer.trace
        leaks = [i for i, j in trace.leaks if j == perturbed]
        assert html.count('class="llmlab-line-leak"') == html.count("llmlab-end-leak") == len(leaks)
        assert html.count('class="llmlab-line-moves"') == len(trace.moved) - len(leaks)
        assert html.count("llmlab-end-blind") == sum(j == perturbed for _, j in trace.blind)


def test_equal_factors_are_equal_steps_of_shade():
    steps = [size(0.01 * 2**n) for n in range(8)]
    assert all(b - a == pytest.approx(steps[1] - steps[0]) for a, b in pairwise(steps)) and 0 < steps[0] < steps[-1] < 1
    assert size(0.0) == 0 and size(1e9) == size(float("nan")) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_press_takes_a_look_into_the_test_and_out_of_it(name):
    explorer = InfluenceMap()
    for now in (FIRST[f"test_{name}"], not FIRST[f"test_{name}"]):
        explorer.set(**{f"test_{name}": now})
        wish = json.dumps({f"test_{name}": not now}, separators=(",", ":"))
        assert wish in [value for key, value in Tags(explorer.frame["html"]).attributes if key == "data-set"]


@pytest.mark.parametrize(("bug", "heads", "around"), list(product(CHANGES, HEADS, AROUND)))
def test_reasons_hold(bug, heads, around):
    """A sentence that says the map is right, or why it is not, stands where that is so."""
    trace = compute(FIRST | {"bug": bug, "heads": heads, "around": around})
    reason = why(trace)
    says_right = ("so every map is", "around zero a shaken token changes", "here no score is 0", "with one head there")
    says_right += ("nothing of the future stays", "every output is moved by its own")
    assert trace.lower_triangular == any(words in reason for words in says_right), reason
    if "output 1 has one token alone" in reason:
        assert trace.blind == ((0, 0), (1, 1)) and trace.leaks == ()
    if "around zero its query finds only" in reason:
        assert trace.blind == tuple((i, i) for i in range(T)) and trace.leaks == ()
    if "listens to all of them" in reason or "so nothing is hidden" in reason or "and that sum moves" in reason:
        assert len(trace.leaks) == 21
    if "each output knows one token too many" in reason:
        assert trace.leaks == tuple((i, i + 1) for i in range(T - 1))


@pytest.mark.parametrize(("architecture", "around"), list(product(MASKS, AROUND)))
def test_reasons_of_other_masks_hold(architecture, around):
    trace = compute(FIRST | {"architecture": architecture, "around": around})
    reason, reaches = why(trace), trace.reaches
    if "moves its own output" in reason:
        assert [row[5:] for row in reaches[5:]] == [(True, False), (False, True)]
    if "reach nothing either" in reason:
        assert not any(any(row[5:]) for row in reaches)
    if architecture in ("encoder", "encoder-decoder"):
        assert all(all(row) for row in reaches) and ("every token" in reason or "all tokens" in reason)
    if "first three tokens see each other" in reason:
        assert [sum(row) for row in reaches] == [3, 3, 3, 4, 5, 6, 7]


def test_scores_are_zero_where_the_question_says():
    """At a random input no score is exactly 0; around zero, all but the shaken token's own with itself are."""
    matrices, x = weights(8, 12, 10), torch.randn(T, 8, generator=torch.Generator().manual_seed(1))
    assert ((x @ matrices[0]) @ (x @ matrices[1]).T != 0).all()
    for j in range(T):
        shaken = torch.zeros(T, 8)
        shaken[j] += x[j]
        scores = (shaken @ matrices[0]) @ (shaken @ matrices[1]).T
        assert scores.nonzero().tolist() == [[j, j]]


def test_the_wrong_line_is_shown():
    explorer = InfluenceMap()
    for bug, (right, written) in BUGS.items():
        explorer.set(bug=bug)
        for html in (explorer.frame["html"], more(explorer.trace)):
            text = Tags(html).text
            assert right in text and written in text and text.index(written) < text.rindex(right)
    explorer.set(bug=OWN)
    assert "<code" not in explorer.frame["html"] and "Its line" not in more(explorer.trace)


def test_tokens_are_escaped():
    trace = InfluenceMap().trace
    attacked = replace(trace, inputs=(ATTACK,) * T, outputs=(ATTACK,) * T)
    for html in (render(attacked), more(attacked)):
        tags = Tags(html)
        assert ATTACK in tags.text and "img" not in tags.tags


def test_code_reproduces_the_state(capsys):
    for state in influences():
        explorer = InfluenceMap()
        explorer.set(**state)
        namespace = {}
        exec(explorer.code().replace("print(", "found = ("), namespace)
        assert tuple(map(tuple, namespace["found"].bool().tolist())) == explorer.trace.reaches, state


def test_code_runs_as_it_stands(capsys):
    explorer = InfluenceMap()
    explorer.set(bug="mask one too high")
    exec(explorer.code(), {})
    assert capsys.readouterr().out.count("1") == sum(map(sum, explorer.trace.reaches))


def test_bugs_are_named_for_the_lesson():
    assert InfluenceMap.bugs == (*BUGS, LATE)
