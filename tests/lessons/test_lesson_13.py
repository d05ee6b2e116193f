"""Lesson 13: what its checks take for right and for wrong, and what its cells print is what its text says."""

from __future__ import annotations

import re
from operator import eq

import torch

from llmlab.attention import scaled_dot_product_attention
from llmlab.corpus import toy_world_accepts
from llmlab.exercises.lesson_13.cache_bytes import _CASES, _wrong_bytes
from llmlab.exercises.lesson_13.cached_step import _attend, _wrong_steps
from llmlab.exercises.lesson_13.grouped_attention import _grouped, _numbers, _wrong_contexts
from llmlab.exercises.lesson_13.online_softmax import _agree, _updated, _wrong_updates
from llmlab.explorers import CacheMeter
from llmlab.generation import cache_bytes, online_softmax
from tests.lessons.shared import Lesson, alike, near

LESSON = Lesson("13")
output = LESSON.output

# ---- what the exercises take for right -------------------------------------------------------------------------------


def test_what_the_checks_take_for_right_is_the_packages():
    for case in _CASES:
        assert cache_bytes(*case) == _wrong_bytes(*case)["keys-only"] * 2
    row = torch.tensor([1.0, 2.0, 0.0, 4.0, 3.0])
    largest, total = _updated(*_updated(-torch.inf, 0.0, row[:2].tolist()), row[2:].tolist())
    torch.testing.assert_close((row - largest).exp() / total, online_softmax(row, block=2))
    q, k, v = _numbers(6, 4, 5), _numbers(2, 4, 5, shift=5), _numbers(2, 4, 5, shift=40)
    in_groups = scaled_dot_product_attention(q.reshape(2, 3, 4, 5), k[:, None], v[:, None]).context
    torch.testing.assert_close(_grouped(q, k, v), in_groups.reshape(6, 4, 5))


def test_known_mistakes_are_told_apart():
    """Each model differs from the right one and from the others: what agrees with two could not be named."""
    step = (torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 1.0]]), torch.tensor([[5.0, -1.0]]))
    kept = (torch.tensor([[1.0, 0.0], [2.0, -1.0]]), torch.tensor([[1.0, 3.0], [2.0, 2.0]]))
    whole = _attend(step[0], *[torch.cat(pair) for pair in zip(kept, step[1:], strict=True)])
    heads = _numbers(6, 4, 5), _numbers(2, 4, 5, shift=5), _numbers(2, 4, 5, shift=40)
    for models in (
        {"right": whole} | _wrong_steps(*step, *kept),
        {"right": _grouped(*heads)} | _wrong_contexts(*heads),
    ):
        assert alike(models.items(), near(1e-3)) == []
    counts = {"right": [2 * _wrong_bytes(*case)["keys-only"] for case in _CASES]}
    for name in _wrong_bytes(*_CASES[0]):
        counts[name] = [_wrong_bytes(*case)[name] for case in _CASES]
    assert alike(counts.items(), eq) == []
    seen = set()
    for case in ((1.0, 1.5, [0.0, 3.0, 2.0]), (3.0, 1.5, [0.0, 1.0])):
        right = _updated(*case)
        wrong = {name: pair for name, pair in _wrong_updates(*case).items() if not _agree(pair, right)}
        seen |= wrong.keys()
        assert alike(wrong.items(), _agree) == []
    assert seen == _wrong_updates(*case).keys()


# ---- what the text says of what is printed ---------------------------------------------------------------------------


def test_what_stood_before_is_not_changed_by_a_new_token():
    assert re.findall(r"differ by (\S+)", output("nine, eight = block(nine), block(eight)")) == ["0.00000"] * 4


def test_a_cache_changes_no_text():
    texts = re.findall(r"use_cache=(\w+) *: (the king .+)", output("seeded = torch.Generator()"))
    assert [flag for flag, _ in texts] == ["True", "False"] and texts[0][1] == texts[1][1]
    assert toy_world_accepts(texts[0][1].split(".")[0] + ".")
    assert "tokens read: [5, 1, 1, 1, 1]  in the cache: 9" in output("cached = torch.cat(steps")


def test_a_cached_step_costs_about_the_same_anywhere():
    rows = re.findall(r"token +(\d+): without a cache +(\S+) +with +(\S+)", output("def operations(tokens"))
    steps = [[int(value.replace(",", "")) for value in row] for row in rows]
    assert steps[0][1] == steps[0][2] and steps[-1][2] < 1.3 * steps[0][2]
    assert steps[-1][1] > 64 * steps[0][1], "a little faster than in a straight line"
    per_byte = re.findall(r"(\S+) operations for .*: +(\S+) per byte", output("fetched = 4 * sum("))
    assert [count for count, _ in per_byte] == [f"{steps[-1][1]:,}", f"{steps[-1][2]:,}"]
    assert float(per_byte[0][1]) > 32 and 0.5 < float(per_byte[1][1]) < 1, "n / 2 of lesson 10, and attention"


def test_bytes_that_are_weighed_equal_the_formula():
    weighed = f"{cache_bytes(3, 6, 8, length=64, bytes_per_number=4):,} bytes"
    assert weighed in output("numbers = cache.keys.numel()")
    assert f"weighed: {weighed} by cache_bytes" in output("tiled = tiled_attention(q, k, v, 32)")
    assert "(3, 6, 8, 64, 1, 4)" in LESSON.source


def test_the_answers_about_the_meter_hold():
    meter = CacheMeter()
    first = meter.trace
    assert (round(first.chosen.cache / 1e9, 1), round(first.chosen.weights / 1e9)) == (34.4, 13)
    meter.set(length="16384", batch="16")
    assert meter.trace.chosen.cache == 4 * first.chosen.cache
    changes = {}
    for control, value in (
        *(("layers", "24"), ("heads", "16"), ("width", "64"), ("sharing", "4")),
        *(("length", "1024"), ("batch", "2"), ("precision", "8 bits")),
    ):
        meter = CacheMeter()
        meter.set(**{control: value})
        now = meter.trace.chosen
        changes[control] = (now.cache != first.chosen.cache, now.weights != first.chosen.weights)
    both = {control for control, changed in changes.items() if changed == (True, True)}
    assert both - {"heads"} == {"layers", "width", "sharing"}
    assert all(cache for cache, _ in changes.values())
    meter = CacheMeter()
    meter.set(sharing="all: multi-query")
    shared = meter.trace.chosen
    meter.set(heads="16")
    assert meter.trace.chosen.cache == shared.cache and meter.trace.chosen.weights < shared.weights
    assert first.texts_that_fit(first.chosen) == 2
    meter = CacheMeter()
    meter.set(batch="32")
    assert round(meter.trace.chosen.cache / 1e9) == 137
    meter.set(sharing="8")
    assert [round(size / 1e9) for size in (meter.trace.chosen.cache, meter.trace.chosen.weights)] == [17, 11]
    assert not meter.trace.fits
    meter.set(precision="8 bits")
    assert round(meter.trace.chosen.cache / 1e9, 1) == 8.6
    assert meter.frame["reached"] and meter.trace.chosen.n_kv_heads == 4
    meter.set(sharing="all: multi-query", precision="16 bits")
    assert meter.trace.fits and not meter.frame["reached"]


def test_the_meter_says_whose_count_it_shows():
    cell = "probe = CacheMeter(count=kv_cache_bytes)"
    assert output(cell).startswith("counted by llmlab: kv_cache_bytes is not written yet\n")
    assert Lesson("13", solved=True).output(cell).startswith("counted by your kv_cache_bytes\n")
