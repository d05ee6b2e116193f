"""Frames for a page: what is held of each explorer, when it is rendered anew, how much it is."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import frames
import pytest
from frames_changes import digest_of, sources
from frames_curve import RecordedCurve
from frames_table import PLANS, Plan, edition, together

import llmlab.explorers
from llmlab.explorers import TrainingCurve
from llmlab.explorers.host.controls import Range, Scale, Text
from llmlab.explorers.host.edition import Edition
from llmlab.explorers.training_curve import render
from tests.site.live import ROOT

every_explorer = pytest.mark.parametrize("name", llmlab.explorers.__all__)
PRESSES = re.compile(r"data-set='([^']*)'")


def small(monkeypatch, **plans: Plan) -> None:
    """Only these explorers, drawn in this process."""
    monkeypatch.setattr(frames, "PLANS", plans)
    monkeypatch.setattr("frames_table.PLANS", plans)
    monkeypatch.setattr(frames, "_edition", edition)

    class Here:
        def __init__(self, *_, **__) -> None: ...
        def __enter__(self):
            return self

        def __exit__(self, *_): ...
        def submit(self, function, *arguments):
            answer = function(*arguments)
            return type("Done", (), {"result": lambda self: answer})()

    monkeypatch.setattr(frames, "ProcessPoolExecutor", Here)


def test_every_explorer_has_a_plan():
    assert set(PLANS) == set(llmlab.explorers.__all__)
    with pytest.raises(LookupError, match="Nothing has no plan: add it to site/frames_table.py"):
        edition("Nothing")


@every_explorer
def test_every_control_moves_from_the_first_state(name):
    """Each value of each control alone; of a line of text its examples."""
    made = edition(name)
    first, held = made.explorer.state, {tuple(state.values()) for state in made.states()}
    for control in made.explorer._controls.values():
        values = control.examples if isinstance(control, Text) else control.values
        lacking = [value for value in values if tuple({**first, control.name: value}.values()) not in held]
        assert not lacking, f"{control.name} cannot be moved to {lacking}"


@every_explorer
def test_what_can_be_pressed_in_the_first_picture_is_held(name):
    made = edition(name)
    first, held = made.explorer.state, {tuple(state.values()) for state in made.states()}
    for press in map(json.loads, map(unescape, PRESSES.findall(made.explorer.frame["html"]))):
        assert tuple({**first, **press}.values()) in held, press


def reaching(made: Edition) -> dict[str, Any] | None:
    """A state with the target reached, within the page.

    From the first state, or one that a press in its picture leads to, by one control at a time.
    """
    explorer, names = made.explorer, list(made.explorer.state)
    held = {tuple(state.values()) for state in made.states()}
    # Of a line of text the page offers what stands in its list or what a press writes: all are in some box.
    values = {name: list(dict.fromkeys(state[at] for state in held)) for at, name in enumerate(names)}
    for name, control in explorer._controls.items():
        values[name] = list(control.values) or values[name]
    presses = map(json.loads, map(unescape, PRESSES.findall(explorer.frame["html"])))
    starts = [tuple({**explorer.state, **press}.values()) for press in ({}, *presses)]
    waiting = list(dict.fromkeys(state for state in starts if state in held))
    seen = set(waiting)
    for state in waiting:
        if explorer.target(explorer.compute(dict(zip(names, state, strict=True))))[0]:
            return dict(zip(names, state, strict=True))
        for at, name in enumerate(names):
            here, now = values[name], values[name].index(state[at])
            # A slider's thumb passes over each value, so none between may be lacking; a list leaps.
            slides = isinstance(explorer._controls[name], Range | Scale)
            for value in here[max(0, now - 1) : now + 2] if slides else here:
                other = (*state[:at], value, *state[at + 1 :])
                if other in held and other not in seen:
                    seen.add(other)
                    waiting.append(other)
    return None


@every_explorer
def test_the_target_can_be_reached_on_the_page_and_is_not_at_first(name):
    made = edition(name)
    assert not made.explorer.frame["reached"], "nothing is left to do"
    if made.explorer.frame["target"]:
        assert reaching(made), "no state of the page reaches it"


def test_a_page_without_the_text_that_reaches_the_target_is_found_out(monkeypatch):
    monkeypatch.setitem(PLANS, "TokenizerMicroscope", Plan([together("text")], slow=["text"]))
    assert reaching(edition("TokenizerMicroscope")) is None


def test_the_list_of_texts_has_no_texts_that_only_a_press_writes():
    control = next(one for one in edition("PipelineMap").opening()["controls"] if one["name"] == "text")
    listed = [text for text in control["values"] if text not in control["unlisted"]]
    assert len(listed) == 6 and {"she", "the king near the wolves near the dogs"} <= set(listed)
    assert "the dogs near the king bark" in control["unlisted"]
    near = next(one for one in edition("EmbeddingBench").opening()["controls"] if one["name"] == "near")
    assert len(near["values"]) > 150 and near["unlisted"] == [], "in the fold each word can be chosen"


def test_presses_are_followed_as_far_as_a_plan_says(monkeypatch):
    plan = Plan([together(text=["the dogs near the king"])], slow=["text"], pressed={"text": (2, 1)})
    monkeypatch.setitem(PLANS, "PipelineMap", plan)
    made = edition("PipelineMap")
    first = made.explorer.state["text"]
    ends = [text.removeprefix(first) for text in made.pressed["text"] if text.startswith(first)]
    once, twice = [end for end in ends if end.count(" ") == 1], [end for end in ends if end.count(" ") == 2]
    assert once == [" bark", " clean"] and len(ends) == 4, "two marks of the first picture, one of each of the next"
    assert [any(end.startswith(before) for before in once) for end in twice] == [True, True]
    assert {text.rpartition(" ")[0] for text in made.pressed["text"] if not text.startswith(first)} <= {
        *made.explorer._controls["text"].examples
    }, "one press from every other text"


def test_no_module_of_an_explorer_is_forgotten():
    files = {str(path.relative_to(ROOT)) for path in sources(("llmlab.explorers.embedding_bench",))}
    assert {
        "llmlab/explorers/embedding_bench/values.py",
        "llmlab/explorers/embedding_bench/embedding_bench.npz",
        "llmlab/explorers/host/host.py",
        "llmlab/embeddings/positions.py",
        "llmlab/utils/arguments.py",
    } <= files
    assert not {path for path in files if "explorers/window_map" in path or path.endswith((".pyc", ".css"))}


def test_a_digest_changes_with_any_of_its_files(tmp_path, monkeypatch):
    monkeypatch.setattr("frames_changes.ROOT", tmp_path)
    monkeypatch.setattr("frames_changes.sources", lambda modules: frozenset())
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    one.write_text("1"), other.write_text("2")
    before = digest_of(["a"], [one, other])
    assert digest_of(["a"], [other, one]) == before
    assert digest_of(["a"], [one, other], "other plan") != before
    other.write_text("3")
    assert digest_of(["a"], [one, other]) != before


def test_frames_are_written_once_and_what_is_left_over_goes(tmp_path, monkeypatch):
    small(monkeypatch, WindowMap=Plan([together("stride")], slow=["stride"]))
    written = frames.render(tmp_path)
    assert {path.name for path in written} == {"opening.js", *(f"{number}.js" for number in range(10))}
    assert frames.render(tmp_path) == []
    small(monkeypatch, WindowMap=Plan([together("stride")], slow=["shuffle"]))
    assert {path.name for path in frames.render(tmp_path)} == {"opening.js", "0.js", "1.js"}
    assert {path.name for path in (tmp_path / "explorers" / "WindowMap").iterdir()} == {"opening.js", "0.js", "1.js"}
    assert (tmp_path / "explorers" / "host.js").read_text().startswith('"use strict";')


def test_too_many_frames_are_refused(tmp_path, monkeypatch):
    small(monkeypatch, WindowMap=Plan([together("stride")], slow=["stride"]))
    monkeypatch.setattr(frames, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match=r"WindowMap: [\d,]+ bytes of frames, at most 1,000: take fewer"):
        frames.render(tmp_path)


def test_the_remark_says_what_a_page_lacks():
    assert frames.remark(edition("MergePlayer")) == "In the notebook it also takes a text and a function of your own."
    assert frames.remark(edition("TrainingCurve")) == ""
    meter = edition("CacheMeter")
    assert frames.remark(meter) == (
        f"This page holds {len(meter.states()):,} of its pictures; what is grey moves in the notebook. "
        "There it also takes a function of your own."
    )


def test_the_recorded_curve_shows_its_run_so_far():
    curve = RecordedCurve()
    curve.set(measured=3)
    assert curve.trace.done == 30 and [step for step, _ in curve.trace.validation] == [10, 20, 30]
    live = TrainingCurve(steps=240, goal=curve.trace.goal, sample=str, ghost=False)
    live._loss, live._validation, live._written = curve._loss, curve._validation, curve._written
    played = curve.render(curve.trace)
    slots = re.search('<div class="llmlab-run-slots".*?</div>', played)[0]
    assert render(live.trace, slots="") == played.replace(slots, "")
    presses = [json.loads(press) for press in PRESSES.findall(slots)]
    assert presses == [{"measured": number} for number in curve._controls["measured"].values]
    curve.set(measured=24, axis="logarithmic")
    assert curve.trace.reached_at and curve.trace.logarithmic
