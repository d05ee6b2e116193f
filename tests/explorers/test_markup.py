"""What every frame declares of itself is true: names, values, keys; and every target takes more than fiddling."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from llmlab.explorers.host import Explorer
from tests.explorers.cases import CASES, Case
from tests.explorers.html import Tags

# Names of what the host reads in a frame, and of what an explorer's own sheet reads.
READ = {"key", "set", "spin", "sweep", "group", "link", "tip", "flip", "say", "k", "p"}
VOID = {"br", "img", "input", "hr", "meta", "link", "col", "wbr"}

# Those that have the second version's targets. The others' are redrawn one by one.
REDRAWN = (
    "PipelineMap",
    "TokenizerMicroscope",
    "MergePlayer",
    "WindowMap",
    "EmbeddingBench",
    "AttentionBench",
    "DistributionSculptor",
    "InfluenceMap",
    "ShapeTracer",
    "ArchitectureTracer",
    "AnswerBench",
    "CacheMeter",
    "TrainingReplay",
    "TrainingCurve",
)

every_explorer = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
redrawn = pytest.mark.parametrize("case", [case for case in CASES if case.name in REDRAWN], ids=lambda case: case.name)


class Elements(HTMLParser):
    """The elements of a frame: tag, data attributes, aria-label, their text, and the groups that they stand in."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[dict] = []
        self.all: list[dict] = []
        self.feed(html)
        assert not self.open, f"never closed: {[one['tag'] for one in self.open]}"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        data = {name[5:]: value or "" for name, value in attributes if name.startswith("data-")}
        one = {
            "tag": tag,
            "data": data,
            "label": dict(attributes).get("aria-label"),
            "text": "",
        }
        one["groups"] = [other["data"]["group"] for other in self.open if "group" in other["data"]]
        self.all.append(one)
        if tag not in VOID:
            self.open.append(one)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1]["tag"] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for one in self.open:
            one["text"] += data


def neighbours(explorer: Explorer, state: dict) -> list[dict]:
    """A state, and those that differ from it in one control: of a long axis its ends and its middle."""
    states = [state]
    for name, control in explorer._controls.items():
        values = list(control.values)
        chosen = values if len(values) < 6 else [values[0], values[1], values[len(values) // 2], values[-1]]
        states += [state | {name: value} for value in chosen]
    return states


def check_frame(explorer: Explorer, frame: dict) -> None:
    picture = Elements(frame["html"]).all
    for one in picture + [one for part in ("why", "more") for one in Elements(frame[part]).all]:
        assert set(one["data"]) <= READ, one
        touched = [name for name in ("set", "spin") if name in one["data"]]
        if not touched:
            continue
        assert one["data"].get("key"), f"without a key it would lose the focus: {one}"
        assert one["tag"] not in ("td", "th", "tr", "table", "button", "a", "input"), f"has a role of its own: {one}"
        assert (one["label"] or one["data"].get("tip") or one["text"]).strip(), f"has no name: {one}"
        for name, value in json.loads(one["data"].get("set", "{}")).items():
            explorer._controls[name].check(value)
        if "spin" in one["data"]:
            assert len(explorer._controls[one["data"]["spin"]].values) > 1
        assert len(one["groups"]) <= 1, f"a group in a group has two tab stops: {one}"
    keys = Counter(one["data"]["key"] for one in picture if "key" in one["data"])
    assert not [key for key, count in keys.items() if count > 1], "keys must be unique in a frame"
    for one in picture:
        assert "flip" not in one["data"] or "key" in one["data"], "what glides is known by its key"
        assert "sweep" not in one["data"] or "group" in one["data"] or one["groups"], "what is swept is one tab stop"
    for name, values in frame["limits"].items():
        for value in values:
            explorer._controls[name].check(value)
    assert set(frame["off"]) <= set(explorer._controls) and all(frame["off"].values())


@every_explorer
def test_what_a_frame_declares_exists(case: Case):
    explorer, looked_at = case.kind(**case.answer), []
    for group in case.extremes:
        for change in ({}, *group[:2]):
            for state in neighbours(explorer, explorer._checked(explorer.state | change)):
                if state not in looked_at:
                    looked_at.append(state)
                    check_frame(explorer, explorer._frame(state, more=True))


def test_the_check_of_markup_finds_what_is_wrong():
    from tests.explorers.test_host import Dial

    for html in (
        '<b data-key="a" data-set=\'{"m": 1}\'>x</b>',  # no such control
        '<b data-key="a" data-set=\'{"n": 99}\'>x</b>',  # no such value
        "<b data-set='{\"n\": 1}'>x</b>",  # no key
        '<b data-key="a" data-set=\'{"n": 1}\'></b>',  # no name
        '<b data-key="a"></b><i data-key="a"></i>',  # one key twice
        "<b data-flip>x</b>",
        '<div data-sweep><b data-key="a" data-set=\'{"n": 1}\'>x</b></div>',
        '<table><tr><td data-key="a" data-set=\'{"n": 1}\'>x</td></tr></table>',
        '<b data-sett="1">x</b>',
        "<div><b>x</div>",
        '<b data-key="a" data-spin="m">x</b>',
    ):
        frame = Dial()._frame(Dial().state, more=True) | {"html": html}
        with pytest.raises((AssertionError, KeyError, ValueError)):
            check_frame(Dial(), frame)


@redrawn
def test_every_state_has_a_reason_and_the_first_picture_few_numbers(case: Case):
    explorer = case.kind()
    text = Tags(explorer.frame["html"].replace("<", " <")).text  # digits of two elements are two numbers
    assert len(re.findall(r"\d+(?:[.,]\d+)?", text)) <= 60
    for state in neighbours(explorer, explorer.state):
        assert explorer._frame(state)["why"], state


@redrawn
def test_every_control_changes_something(case: Case):
    """Some state has it: a control that nothing depends on would be dead."""
    explorer = case.kind()
    for name, control in explorer._controls.items():
        if not len(control.values):
            continue
        for base in neighbours(explorer, explorer.state):
            seen = {explorer._frame(base | {name: value})["html"] for value in (control.values[0], control.values[-1])}
            if len(seen) > 1:
                break
        else:
            pytest.fail(f"{name} changes nothing")


@redrawn
def test_a_target_takes_three_decisions(case: Case):
    """From the first state no one control, and no two, reach it; three do. Blind sweeps take more than a few."""
    explorer = case.kind()
    axes = {name: list(control.values) for name, control in explorer._controls.items() if len(control.values)}
    first = explorer.state
    known: dict[tuple, bool] = {}

    def reached(state: dict) -> bool:
        key = tuple(state.values())
        if key not in known:
            known[key] = explorer.target(explorer.compute(state))[0]
        return known[key]

    # What is only looked at, and edits nothing, is left out of the pairs: it can reach nothing by itself.
    assert not reached(first)
    for one, other in itertools.combinations(axes, 2):
        hits = [
            (a, b) for a in axes[one] for b in axes[other] if reached(first | {one: a, other: b})
        ]  # fmt: skip
        assert not hits, f"{one} and {other} alone reach it: {hits[:3]}"
    sweeps = []
    for seed in range(12):
        chance, state, moves = random.Random(seed), dict(first), 0
        while moves < 25:
            name, moves = chance.choice(list(axes)), moves + 1
            if any(reached(state | {name: value}) for value in axes[name]):
                break
            state[name] = chance.choice(axes[name])
        sweeps.append(moves)
    assert sorted(sweeps)[len(sweeps) // 2] >= 8, f"fiddling gets there soon: {sweeps}"
