"""Lesson 08: its checks tell the known mistakes apart, and what its cells print is what its text says."""

import re
from functools import partial

import torch

from llmlab.attention._bugs import BUGS
from llmlab.exercises import exercise
from llmlab.exercises.engine.answers import faces
from llmlab.exercises.lesson_08.merge_heads import _merge, _wrong_merges
from llmlab.exercises.lesson_08.own_module import _wrong_outputs
from llmlab.exercises.lesson_08.own_module_looks import right_outputs, weights_of
from llmlab.exercises.lesson_08.split_heads import _split, _wrong_splits
from llmlab.exercises.lesson_08.whole_layer_mistakes import example, wrong_outputs
from llmlab.explorers import InfluenceMap
from llmlab.gpt import attention_maps
from llmlab.training import load_checkpoint
from tests.lessons.shared import Lesson, alike, near

LESSON = Lesson("08")
output = LESSON.output

# ---- what the exercises take for right and for wrong -----------------------------------------------------------------


def test_known_mistakes_of_the_layer_are_told_apart():
    assert alike(faces(wrong_outputs()), near(1e-3)) == []


def _attend(x, W_query, W_key, W_value, W_out, n_heads, *, late):
    q, k, v = ((x @ W).view(len(x), n_heads, -1).transpose(0, 1) for W in (W_query, W_key, W_value))
    future = torch.ones(len(x), len(x)).triu(1).bool()
    scores = q @ k.transpose(1, 2) / q.shape[-1] ** 0.5
    if late:
        past = scores.softmax(dim=-1).masked_fill(future, 0.0)
        shares = past / past.sum(dim=-1, keepdim=True)
    else:
        shares = scores.masked_fill(future, -torch.inf).softmax(dim=-1)
    return (shares @ v).transpose(0, 1).reshape(len(x), -1) @ W_out


def test_a_layer_whose_mask_comes_late_hears_where_that_ends():
    early, late = (exercise("08.4").check(partial(_attend, late=late)) for late in (False, True))
    assert early.status == late.status == "passed", "with usual scores both are right"
    assert "and with scores hundreds apart;" in early.message
    assert "with scores hundreds apart yours are right no longer" in late.message


def test_known_mistakes_of_the_module_are_told_apart():
    generator = torch.Generator().manual_seed(0)
    weights = weights_of(6, 12, generator)
    batch = torch.randn(2, 7, 6, generator=generator)
    wrong = _wrong_outputs(weights, batch)
    # Right at a random input, and known by another sign: no buffer.
    assert torch.allclose(wrong.pop("mask-from-the-scores")[0], right_outputs(weights, batch, 3), atol=1e-5)
    assert alike([("right", right_outputs(weights, batch, 3)), *faces(wrong)], near(1e-3)) == []


def test_known_mistakes_of_split_and_merge_are_told_apart():
    numbers = torch.arange(120.0)
    x, heads = numbers.view(2, 3, 20), numbers.view(2, 4, 3, 5)
    assert alike([("right", _split(x, 4)), *faces(_wrong_splits(x, 4))], near(1e-3)) == []
    assert alike([("right", _merge(heads)), *faces(_wrong_merges(heads))], near(1e-3)) == []


def test_all_sizes_of_the_small_example_differ():
    x, (W_query, *_, W_out), H = example()
    sizes = [*x.shape, W_query.shape[1], W_out.shape[1], H, W_query.shape[1] // H]
    assert len(set(sizes)) == len(sizes)


# ---- what the text says of what is printed ---------------------------------------------------------------------------


def test_the_table_of_bugs_says_what_the_text_says():
    rows = {line[:28].strip(): line[28:].split() for line in output("for bug in probe.bugs").splitlines()[1:]}
    assert list(rows)[:12] == list(BUGS) and len(rows) == 13
    assert sum(looks[0] == "BUG" for looks in rows.values()) == 8
    unseen = [bug for bug, looks in rows.items() if looks[0] == "ok" and "BUG" in looks]
    assert unseen == ["no scaling", "scaling by the model width", "mask from the scores", "keys and values swapped"]
    assert rows["mask from the scores"] == ["ok", "BUG", "ok", "ok"]
    assert rows["keys and values swapped"] == ["ok", "ok", "ok", "BUG"]
    assert rows["late mask, renormalised"] == ["ok"] * 4


def test_the_puzzle_of_the_first_play():
    explorer = InfluenceMap()
    explorer.set(bug="view when splitting", heads=4)
    assert any(token == explorer.trace.perturbed for _, token in explorer.trace.leaks), "a red line"
    explorer.set(heads=1)
    assert not explorer.trace.leaks


def test_the_map_says_whose_function_it_shows():
    cell = "probe = InfluenceMap(attend=attend)"
    assert output(cell).startswith("llmlab's, since attend is not written yet: ")
    assert Lesson("08", solved=True).output(cell).startswith("your attend: ")


def test_what_happened_in_the_explorer():
    explorer = InfluenceMap()
    with_one, with_any = set(), set()
    for bug in BUGS:
        fine = {}
        for heads in (1, 2, 3, 4):
            explorer.set(bug=bug, heads=heads, around="a random input")
            fine[heads] = explorer.trace.lower_triangular
        if fine[1] and not fine[3]:
            with_one.add(bug)
        explorer.set(around="zero")
        if all(fine.values()) and explorer.trace.lower_triangular:
            with_any.add(bug)
    assert with_one == {"view when splitting", "view when merging"}
    assert with_any == {"no scaling", "scaling by the model width", "keys and values swapped"}
    for bug in with_one:
        explorer.set(bug=bug, heads=3, around="a random input")
        assert explorer.trace.leaks and explorer.trace.blind
    seen_by = explorer.trace.seen_by
    assert [bug for bug in BUGS if "values" not in seen_by[bug]] == ["mask from the scores"]
    assert seen_by["mask from the scores"] == ("zero",) and seen_by["keys and values swapped"] == ("values",)
    explorer.set(test_random=False, test_zero=True, test_values=True)
    assert explorer.frame["reached"]


def test_one_head_gives_a_mixture_and_two_give_answers():
    previous, same, both = output("for name, table in tables.items()").splitlines()
    assert previous.endswith("{'to': 1.0}") and same.endswith("{'the': 1.0}")
    assert both.endswith("{'the': 0.67, 'to': 0.33}")


def test_the_trained_head_looks_for_a_role_rather_than_a_place():
    found = re.findall(r"most: (\w+) (0\.\d+), the token before: (0\.\d+)", output("layer 1, head 3"))
    assert [name for name, *_ in found] == ["wears", "plays", "cooks", "king"]
    assert all(float(most) > 0.5 for _, most, _ in found[:3])
    assert found[0][1] == found[0][2], "in the first sentence the verb is the token before"
    assert all(float(before) < 0.2 for _, _, before in found[1:])
    picture = repr(LESSON.cell("heads_side_by_side.draw({f").outputs[0])
    assert "head 2: 'king'" in picture and "head 3: 'wears'" in picture
    gpt, tokenizer = load_checkpoint()
    ids = tokenizer.encode("<|endoftext|> the king near the boy wears his", allowed_special="all")
    asked_by_wears = attention_maps(gpt, torch.tensor([ids]))[0, 1, 1:3, -2]
    assert [tokenizer.decode([ids[place]]).strip() for place in asked_by_wears.argmax(dim=-1)] == ["king", "king"]


def test_the_subject_alone_decides_and_no_single_head_carries_it():
    boy, king = output("def next_word(ids)").splitlines()
    assert boy.startswith("the boy near the king wears his ... hat (") and "near the boy wears his ... crown (" in king
    assert sorted(boy.split()[:7]) == sorted(king.split()[:7]), "the same words"
    without = re.findall(r"without (.+): (\w+) \(", output("reads[:, columns] = 0"))
    assert [name for name, _ in without] == ["head 2 of layer 1", "all of layer 1", "all of layer 0"]
    assert [word == "crown" for _, word in without] == [True, True, False]


def test_all_parameters_are_counted():
    text = output("for name, weight in layer.named_parameters()")
    assert re.findall(r"\) +(\d+)$", text, re.MULTILINE) == ["360", "144", "12"]
    assert text.count("516 in all") == 3 and 360 + 144 + 12 == 516


def test_a_head_reads_a_part_of_the_vector():
    moves = [float(line.split()[-1]) for line in output("unread = step").splitlines()]
    assert moves[0] == 0 and min(moves[1:]) > 0.1


def test_buffers_are_moved_and_saved_and_plain_tensors_are_not():
    text = output("class Keeper(nn.Module)")
    assert "optimizer gets: ['trained']" in text and "['trained', 'kept']" in text
    assert "{'trained': 'meta', 'kept': 'meta', 'plain': 'cpu'}" in text


def test_all_versions_give_the_loops_numbers():
    cell = 'results = {"llmlab, one call"'
    assert re.findall(r"differs from the loop by (\S+)", Lesson("08", solved=True).output(cell)) == ["0.00000"] * 4
    assert "once their checks pass" in output(cell)
