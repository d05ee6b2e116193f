"""The host of all explorers without a browser, by way of the window map; `make test-colab` runs it on ipywidgets 7."""

import base64
import json
import re
import threading
import time
import zlib

import pytest

from llmlab.explorers import WindowMap
from llmlab.explorers.host import Explorer, Question
from llmlab.explorers.host.assets import HERE, MODULES, script
from llmlab.explorers.host.controls import Choice, Range, Scale, Text, Toggle, declare
from llmlab.explorers.host.edition import Edition, classic_script, deflated, every, frames_of
from llmlab.explorers.host.packing import pack, unpack
from llmlab.explorers.host.still import PALETTE, without_live_parts
from llmlab.explorers.window_map import compute, render
from llmlab.utils.time_limit import TimeLimit, TookTooLong
from tests import ROOT
from tests.explorers.answers import make_windows
from tests.explorers.html import Tags, pictures


def answers(explorer, **message):
    """What the kernel sends in answer to one message from the browser."""
    sent = []
    explorer.send = lambda content: sent.append({**content, "frames": unpack(content)})
    explorer._answer(explorer, message, [])
    return sent


def test_set_state_reset():
    explorer = WindowMap()
    first = explorer.state
    assert explorer.set(stride=7, shuffle=True) is None  # as the last line of a cell it shows nothing
    assert explorer.state == first | {"stride": 7, "shuffle": True} == explorer.frame["state"]
    explorer.state["stride"] = 1
    assert explorer.state["stride"] == 7
    explorer.reset()
    assert explorer.state == first


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"stride": 0}, ValueError, "stride must be from 1 to 10, got 0"),
        ({"stride": 2.0}, TypeError, "stride must be an int, got 2.0"),
        ({"stride": True}, TypeError, "stride must be an int, got True"),
        ({"shuffle": 1}, TypeError, "shuffle must be True or False, got 1"),
        ({"text": 5}, TypeError, "text must be a str, got 5"),
        ({"text": "x" * 241}, ValueError, "at most 240 characters, got 241"),
        ({"strides": 2}, KeyError, "no control is called 'strides': the controls are text, stride"),
    ],
)
def test_set_refuses(values, error, message):
    explorer = WindowMap()
    before = explorer.state
    with pytest.raises(error, match=message):
        explorer.set(**values)
    assert explorer.state == before


def test_controls_describe_and_check_themselves():
    choice = Choice("scheme", "Scheme", ("none", "learned"), "none")
    assert choice.check("learned") == "learned"
    with pytest.raises(ValueError, match="scheme must be one of 'none', 'learned', got 'rotary'"):
        choice.check("rotary")
    assert list(Range("n", "N", 2, 4, 3).values) == [2, 3, 4]
    assert Toggle("on", "On", True).values == (False, True) and Text("t", "T", "").values == ()
    scale = Scale("k", "K", ("all", "1"), "all", play=500, labels=("all of them", "one"))
    assert (
        scale.check("1") == "1" and declare(scale)["labels"] == ["all of them", "one"] and declare(scale)["play"] == 500
    )
    with pytest.raises(ValueError, match="k must be one of 'all', '1', got '2'"):
        scale.check("2")
    assert declare(Range("n", "N", 2, 4, 3, format="step {}"))["labels"] == ["step 2", "step 3", "step 4"]
    assert declare(Text("t", "T", "", examples=("a", "")))["examples"] == ["a", ""]
    with pytest.raises(ValueError, match="scheme: look must be 'list' or 'buttons', got 'row'"):
        Choice("scheme", "Scheme", ("a",), "a", look="row")


# ---- what an explorer may add to a frame -----------------------------------------------------------------------------


class Bare(Explorer):
    """A number from 0 to 9 and a kind; the target is 7. No more than what is asked of an explorer."""

    def __init__(self):
        controls = [Range("n", "N", 0, 9, initial=3), Choice("kind", "Kind", ("a", "b"), initial="a")]
        super().__init__(title="Dial", task="Find 7.", controls=controls)

    def compute(self, state):
        return state

    def render(self, trace):
        return (
            f'<div data-key="x" data-tip="&lt;b&gt;">{trace["n"]}</div><svg viewBox="0 0 10 5" aria-label="a &lt; b">'
            '<path fill="var(--llmlab-input)" stroke="currentColor" data-link="w"></path></svg>'
        )

    def describe(self, trace):
        return f"n is {trace['n']}."

    def target(self, trace):
        return trace["n"] == 7, "words"

    def code_for(self, state):
        return "n"


class Dial(Bare):
    """The same with all that an explorer may add."""

    def why(self, trace):
        return f"because <b>{trace['n']}</b>"

    def more(self, trace):
        return "<table></table>"

    def limits(self, trace):
        return {"n": (0, 8)} if trace["kind"] == "b" else {}

    def off(self, trace):
        return {"kind": "Seven has no kind."} if trace["n"] == 7 else {}

    def question(self, trace):
        return Question("Why not 6?", (("even", True, "Yes."), ("odd", False, "No.")))


def test_an_explorer_adds_what_it_likes_and_nothing_is_asked_of_it():
    dial, bare = Dial(), Bare()
    assert dial.frame["why"] == "because <b>3</b>" and dial.has_more
    assert dial.frame["limits"] == dial.frame["off"] == {} and dial.frame["question"] is None
    dial.set(n=7, kind="b")
    assert dial.frame["limits"] == {"n": [0, 8]} and dial.frame["off"] == {"kind": "Seven has no kind."}
    assert dial.frame["question"] == {"text": "Why not 6?", "answers": [["even", True, "Yes."], ["odd", False, "No."]]}
    bare.set(n=7)
    assert bare.frame["reached"] and not bare.has_more
    assert not any(bare.frame[name] for name in ("why", "more", "limits", "off", "question"))


def test_the_numbers_are_drawn_only_when_they_are_asked_for():
    dial = Dial()
    assert dial.frame["more"] is None
    ask = {"ask": "frames", "state": dial.state, "control": "n", "values": [4]}
    assert [frame["more"] for message in answers(dial, **ask) for frame in message["frames"]] == [None, None]
    with_more = answers(dial, **ask, more=True)
    assert {frame["more"] for message in with_more for frame in message["frames"]} == {"<table></table>"}
    assert answers(dial, ask="settle", state=dial.state | {"n": 4}) == [] and dial.frame["more"] is None


def test_what_frames_have_in_common_is_sent_once():
    explorer = WindowMap()
    frames = [explorer._frame(explorer.state | {"stride": n}, more=n > 5) for n in range(1, 11)]
    message = json.loads(json.dumps(pack(frames)))
    assert unpack(message) == frames
    assert len(json.dumps(message)) < 0.5 * len(json.dumps(frames))
    assert unpack(pack([{"html": "", "more": "a < b"}])) == [{"html": "", "more": "a < b"}]


def test_the_still_picture_holds_images_and_nothing_of_the_host():
    still = without_live_parts(Dial().frame["html"])
    assert "data-" not in still.replace("data:image", "") and "<svg" not in still
    (image,) = Tags(still).images
    assert image["alt"] == "a < b" and (image["width"], image["height"]) == ("10", "5")
    (drawing,) = [pictures(still)]
    assert PALETTE["input"] in drawing and "var(" not in drawing and "currentColor" not in drawing
    assert "because <b>3</b>" in Dial()._still()


def test_the_still_palette_is_the_light_one_of_the_sheet():
    light = (HERE / "frame.css").read_text(encoding="utf-8").partition("}")[0]
    found = dict(re.findall(r"--llmlab-(\w+): (?:var\([^,]+, )?(#\w+)", light))
    assert {name: found[name] for name in PALETTE} == PALETTE


def test_a_page_without_a_kernel_holds_boxes_of_states_in_parts():
    dial = Dial()
    some = Edition(dial, boxes=[every(dial, "n"), every(dial, n=[1, 7], kind=["b"])], slow=["kind"])
    assert len(some.states()) == 12 and some.states()[0] == {"n": 3, "kind": "a"}
    assert {key: [state["n"] for state in states] for key, states in some.parts().items()} == {
        ("a",): [3, 0, 1, 2, 4, 5, 6, 7, 8, 9],
        ("b",): [1, 7],
    }
    opening = json.loads(json.dumps(some.opening()))
    assert opening["title"] == "Dial" and opening["has_more"] and opening["first"] == dial.frame
    assert (opening["slow"], opening["parts"]) == (["kind"], [["a"], ["b"]])
    assert opening["boxes"] == [{}, {"n": list(range(10))}, {"n": [1, 7], "kind": ["b"]}]
    states = some.parts()["b",]
    frames = list(frames_of(json.loads(json.dumps(some.part(states)))))
    for state, frame in zip(states, frames, strict=True):
        assert {"state": state, "generation": 0, "revision": 0, **frame} == dial._frame(state, more=True)
    unpacked = json.loads(zlib.decompress(base64.b64decode(deflated(some.part(states))), -15))
    assert list(frames_of(unpacked)) == frames


def test_an_edition_refuses_what_its_explorer_does_not_have():
    dial = Dial()
    for boxes, slow, error, said in (
        ([{"m": [1]}], [], KeyError, "no control is called 'm'"),
        ([{"n": [1, 10]}], [], ValueError, "n must be from 0 to 9, got 10"),
        ([{"n": [1]}], ["colour"], KeyError, "does not have: colour"),
    ):
        with pytest.raises(error, match=said):
            Edition(dial, boxes=boxes, slow=slow)


def test_a_line_of_text_becomes_a_choice_of_texts():
    made = Edition(WindowMap(), boxes=[{"text": ["", "ab"]}]).opening()
    (control,) = [control for control in made["controls"] if control["name"] == "text"]
    assert (control["kind"], control["look"]) == ("choice", "chips")
    assert control["values"] == [WindowMap().state["text"], "", "ab"] and control["labels"][1] == "(empty)"


def test_the_script_runs_without_modules():
    text = classic_script("there")
    assert not re.search(r"^(import|export)\b", text, re.MULTILINE)
    assert "globalThis.there = { mount, fileSource, kernelSource, morph };" in text


def test_the_script_is_one_module_and_each_file_says_what_it_takes():
    whole = script()
    assert re.findall(r"^import .*", whole, re.MULTILINE) == []
    assert {path.stem for path in (HERE / "script").glob("*.js")} == set(MODULES)
    names = re.findall(r"^(?:export )?(?:const|let|function) (\w+)", whole, re.MULTILINE)
    assert len(names) == len(set(names)), "two files use one name: joined, the second would be a syntax error"
    for number, module in enumerate(MODULES):
        taken = re.findall(
            r'^import .* from "\./(\w+)\.js";', (HERE / "script" / f"{module}.js").read_text(), re.MULTILINE
        )
        assert set(taken) <= set(MODULES[:number]), f"{module} needs a file that comes after it"


def test_an_axis_comes_touched_state_first():
    explorer = WindowMap(make_windows)
    state = explorer.state | {"stride": 5}
    sent = answers(explorer, ask="frames", state=state, control="stride", values=[4, 6, 3])
    assert [[frame["state"]["stride"] for frame in message["frames"]] for message in sent] == [[5], [4, 6, 3]]
    assert [message["done"] for message in sent] == [False, True]
    assert sent[0]["frames"][0]["html"] == render(compute(state, make_windows))
    assert explorer.state["stride"] == 2  # asking for frames does not move the state


def test_one_state_alone():
    explorer = WindowMap()
    state = explorer.state | {"text": "One two three."}
    (message,) = answers(explorer, ask="frames", state=state, control=None, values=[])
    assert message["done"] and message["frames"][0]["state"] == state


def test_settling_moves_the_state_without_a_new_revision():
    explorer = WindowMap()
    revision = explorer.frame["revision"]
    assert answers(explorer, ask="settle", state=explorer.state | {"stride": 9}) == []
    assert explorer.state["stride"] == 9 == explorer.frame["state"]["stride"]
    assert explorer.frame["revision"] == revision
    explorer.set(stride=8)
    assert explorer.frame["revision"] == revision + 1


def test_a_slow_function_is_answered_in_parts():
    def slow(ids, length, stride):
        time.sleep(0.03)
        return make_windows(ids, length, stride)

    explorer = WindowMap(slow)
    values = [1, 3, 4, 5, 6, 7, 8, 9]
    first, rest = answers(explorer, ask="frames", state=explorer.state, control="stride", values=values)
    assert len(first["frames"]) == 1 and len(rest["frames"]) < len(values) and rest["done"]


def test_an_error_is_a_frame_for_the_browser_and_raised_for_a_cell():
    def breaks(ids, length, stride):
        if stride == 3:
            raise IndexError("off the end")
        return make_windows(ids, length, stride)

    explorer = WindowMap(breaks)
    sent = answers(explorer, ask="frames", state=explorer.state | {"stride": 3}, control="stride", values=[4])
    broken, fine = sent[0]["frames"][0], sent[1]["frames"][0]
    assert broken["error"] and not fine["error"]
    text = Tags(broken["html"]).text
    assert "IndexError: off the end" in text and "in breaks, line" in text and "raise IndexError" in text
    before = explorer.state
    with pytest.raises(IndexError, match="off the end"):
        explorer.set(stride=3)
    assert explorer.state == before
    answers(explorer, ask="settle", state=explorer.state | {"stride": 3})
    with pytest.raises(IndexError, match="off the end"):
        explorer.trace  # noqa: B018


def test_an_interrupt_stops_the_asking():
    def endless(ids, length, stride):
        if stride != 2:
            raise KeyboardInterrupt
        return make_windows(ids, length, stride)

    explorer = WindowMap(endless)
    (message,) = answers(explorer, ask="frames", state=explorer.state | {"stride": 3}, control="stride", values=[4])
    assert message["done"] and message["stop"] and "Interrupted" in message["frames"][0]["html"]
    assert explorer.state["stride"] == 2


@pytest.mark.parametrize("in_main_thread", [True, False])
def test_a_function_that_never_ends_is_stopped_in_any_thread(in_main_thread):
    calls = []

    def endless(ids, length, stride):
        calls.append(stride)
        while stride == 3:
            pass
        return make_windows(ids, length, stride)

    explorer = WindowMap(endless)
    explorer.seconds_allowed = 0.2
    state = explorer.state | {"stride": 3}
    sent = []

    def browser():
        sent.extend(answers(explorer, ask="frames", state=state, control="stride", values=[4]))

    if in_main_thread:
        browser()
    else:
        thread = threading.Thread(target=browser)
        thread.start()
        thread.join(timeout=120)
        assert not thread.is_alive()
    (message,) = sent
    assert "Not finished after 0.2 seconds: does every loop end?" in message["stop"]
    assert message["frames"][0]["error"] and "does every loop end" in message["frames"][0]["html"]
    calls.clear()
    assert answers(explorer, ask="settle", state=state) == [] and calls == []  # it is not run a second time
    (_, message) = answers(
        explorer, ask="frames", state=explorer.state | {"stride": 2}, control="stride", values=[3, 4]
    )
    assert message["frames"][0]["state"]["stride"] == 3  # a neighbour that hangs is not blamed on the state in view
    assert explorer.frame["error"] and explorer.state == state
    (message,) = answers(explorer, ask="frames", state=explorer.state | {"stride": 4}, control=None, values=[])
    assert not message["frames"][0]["error"]


def test_a_time_limit_raises_nothing_after_its_block():
    with TimeLimit(0.02):
        pass
    time.sleep(0.05)
    with pytest.raises(TookTooLong, match="after 0.01 seconds"), TimeLimit(0.01):
        while True:
            pass


def test_a_message_that_no_page_sends_is_refused():
    explorer = WindowMap()
    (message,) = answers(explorer, ask="frames", state={"stride": 99}, control=None, values=[])
    assert message["frames"][0]["error"] and message["done"] and message["stop"]


def test_a_new_function_makes_old_frames_untrue():
    explorer = WindowMap()
    generation = explorer.frame["generation"]
    explorer.windows = lambda ids, length, stride: make_windows(ids, length, stride)[:1]
    assert explorer.frame["generation"] == generation + 1
    assert len(explorer.trace.inputs) == 1
    (message,) = answers(explorer, ask="frames", state=explorer.state, control=None, values=[])
    assert message["generation"] == message["frames"][0]["generation"] == generation + 1


@pytest.mark.parametrize("sheet", sorted((ROOT / "llmlab" / "explorers").rglob("*.css")), ids=lambda path: path.stem)
def test_a_sheet_outweighs_the_one_that_all_frames_share(sheet):
    """Where a page holds several explorers, frame.css comes again after a sheet: its rules must not depend on order."""
    weak = re.findall(r"table\.llmlab-(?!grid)[a-z-]+", sheet.read_text(encoding="utf-8"))
    assert not weak, f"write table.llmlab-grid.llmlab-...: {weak}"
