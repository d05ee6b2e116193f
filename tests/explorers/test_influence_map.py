"""The influence map without a browser: twelve bugs and what reveals each, its trace, its picture, own functions."""

from dataclasses import replace
from itertools import product

import pytest
import torch

from llmlab.attention import MultiHeadAttention, causal_mask, influence_map
from llmlab.attention._bugs import BUGS, LATE_MASK, RIGHT, function, look, source, weights
from llmlab.exercises.lesson_08.whole_layer import EXERCISE
from llmlab.explorers import InfluenceMap
from llmlab.explorers.influence_map.picture import render
from llmlab.explorers.influence_map.values import CHANGES, INPUTS, LATE, MASKS, OUTPUTS, OWN, compute
from tests.exercises.lesson_08.whole_layer import UNUSUAL
from tests.explorers.cases import ATTACK, influences
from tests.explorers.html import Tags

FIRST = InfluenceMap().state
T = len(INPUTS)
AROUND = ("a random input", "zero")


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


def test_the_target_is_reached_by_what_is_right_and_by_three_bugs():
    explorer = InfluenceMap(RIGHTS[0])
    reached = {}
    for bug in CHANGES:
        explorer.set(bug=bug)
        if explorer.frame["reached"]:
            reached[bug] = explorer.frame["target"].partition(":")[0]
    assert reached == {
        OWN: "Reached",
        "no scaling": "Reached, and yet it is wrong",
        "scaling by the model width": "Reached, and yet it is wrong",
        "keys and values swapped": "Reached, and yet it is wrong",
        LATE: "Reached",
    }


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"bug": "mask from the scores"}, "here, but not around zero with 3 heads"),
        ({"bug": "view when merging", "heads": 1}, "here, but not at a random input with 3 heads"),
        ({"bug": "softmax over the queries", "around": "zero"}, "here, but not at a random input with 3 heads"),
        ({"bug": "mask after the softmax", "around": "zero"}, "here, but not at a random input with 3 heads"),
        ({"bug": "mask one too high"}, "6 leaks, 0 blind cells"),
        ({"bug": "mask one too low"}, "0 leaks, 2 blind cells"),
        ({"bug": OWN, "architecture": "encoder"}, "a decoder's map"),
    ],
)
def test_what_the_target_says_before(state, words):
    explorer = InfluenceMap()
    explorer.set(**state)
    assert not explorer.frame["reached"] and words in explorer.frame["target"]


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
    assert explorer.trace.lower_triangular and explorer.frame["reached"]
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
    html = explorer.frame["html"]
    leaks = len(explorer.trace.leaks)
    assert Tags(html).text.count(" !") == leaks + 1  # and once in the key
    explorer.set(bug="mask one too low")
    assert Tags(explorer.frame["html"]).text.count("0 ?") == len(explorer.trace.blind) + 1
    nothing_moves = replace(explorer.trace, moves=((float("nan"),) * T,) * T)
    assert "NaN" in Tags(render(nothing_moves)).text


def test_the_wrong_line_is_shown():
    explorer = InfluenceMap()
    for bug, (right, written) in BUGS.items():
        explorer.set(bug=bug)
        text = Tags(explorer.frame["html"]).text
        assert right in text and written in text and text.index(written) < text.rindex(right)
    explorer.set(bug=OWN)
    assert "Its line" not in explorer.frame["html"]


def test_tokens_are_escaped():
    trace = InfluenceMap().trace
    attacked = replace(trace, inputs=(ATTACK,) * T, outputs=(ATTACK,) * T)
    tags = Tags(render(attacked))
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
