"""The host of all explorers in a real JupyterLab, by way of the window map: mouse, keyboard, kernel, layout, escape."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from llmlab.explorers import WindowMap, window_map
from tests.browser.lab import ROOT, Explorer, Lab, notebook, pause
from tests.browser.reports import report

MADE = "from llmlab.explorers import WindowMap\nw = WindowMap()\nw"
LABELS = ["Text", "Stride", "Context length", "Batch size", "Shuffle", "Drop last"]
FIRST = WindowMap().state

# What a learner may write. The same source is defined here and in the notebook's kernel.
RAISES = """\
def picky(token_ids, max_length, stride):
    if stride == 3:
        raise ZeroDivisionError("no third stride")
    return [(token_ids[i:i + max_length], token_ids[i + 1:i + max_length + 1])
            for i in range(0, len(token_ids) - max_length, stride)]
"""
SLOW = """\
import time
asked = []
def slow(token_ids, max_length, stride):
    asked.append(max_length)
    time.sleep(0.3)
    return [(token_ids[i:i + max_length], token_ids[i + 1:i + max_length + 1])
            for i in range(0, len(token_ids) - max_length, stride)]
"""
ENDLESS = """\
def endless(token_ids, max_length, stride):
    while stride == 3:
        pass
    return [(token_ids[i:i + max_length], token_ids[i + 1:i + max_length + 1])
            for i in range(0, len(token_ids) - max_length, stride)]
"""


def made(lab: Lab, code: str = MADE) -> Explorer:
    """A notebook with this one cell, run, and the explorer that the cell shows."""
    lab.open(notebook(code))
    lab.run_all()
    assert lab.error_outputs() == []
    return lab.explorer()


def function(source: str) -> Any:
    names: dict[str, Any] = {}
    exec(source, names)
    return names[re.search(r"def (\w+)", source)[1]]


def assert_shows(explorer: Explorer, windows: Any = None, **changes: Any) -> None:
    """The page shows the first state with these changes: in the controls, the picture, the words and the status."""
    state = {**FIRST, **changes}
    trace = window_map.compute(state, windows)
    reached, distance = WindowMap().target(trace)
    expect(explorer.root.locator(".llmlab-words")).to_have_text(window_map.describe(trace))
    assert explorer.state == state
    picture = window_map.render(trace)  # two states may have the same words: the picture may still be on its way
    explorer.lab.wait_until(lambda: explorer.shows(picture), f"the picture of {changes}")
    assert explorer.text("status") == f"{'✓' if reached else '○'} {distance}"


# It lives


def test_first_state_is_shown_and_every_control_has_a_name_and_a_visible_focus(lab: Lab):
    explorer = made(lab)
    assert_shows(explorer)
    assert explorer.text("title").startswith("Window map")
    for label, control in zip(LABELS, explorer.controls, strict=True):
        expect(control).to_have_accessible_name(label)

    lab.page.locator(".jp-Notebook .jp-InputArea-editor").first.click()  # the caret is in the cell above
    lab.page.keyboard.press("Escape")
    explorer.controls[0].focus()
    names = [label for label in LABELS if label != "Text"] + ["Reset"]
    for name in names:
        lab.page.keyboard.press("Tab")
        focused = lab.page.locator(":focus")
        expect(focused).to_have_accessible_name(name)
        outline = focused.evaluate("(node) => getComputedStyle(node)")
        assert outline["outlineStyle"] == "solid"
        assert float(outline["outlineWidth"].removesuffix("px")) >= 2, f"the focus on {name} cannot be seen"
    assert lab.errors == []


def test_restart_and_run_all_makes_it_live_again(lab: Lab):
    explorer = made(lab)
    explorer.key("stride", "ArrowRight")
    assert_shows(explorer, stride=3)
    explorer.wait_idle()
    lab.restart_and_run_all()
    assert lab.error_outputs() == []
    expect(lab.page.locator(".llmlab-live")).to_have_count(1)
    explorer = lab.explorer()
    assert_shows(explorer)
    explorer.key("stride", "ArrowLeft")
    assert_shows(explorer, stride=1)
    assert lab.errors == []


# Keyboard and mouse


def test_keyboard_and_mouse_move_the_controls_and_the_picture_follows(lab: Lab):
    lab.open(notebook("1 + 1", MADE, "2 + 2"))
    lab.run_all()
    explorer = lab.explorer()
    explorer.key("stride", "ArrowRight", "ArrowRight")
    assert_shows(explorer, stride=4)
    selected = lab.selected_cell()
    explorer.key("stride", "ArrowLeft", "ArrowDown", "ArrowUp")
    assert_shows(explorer, stride=3)
    explorer.key("max_length", "End")
    assert_shows(explorer, stride=3, max_length=8)
    explorer.key("drop_last", "Space")
    assert_shows(explorer, stride=3, max_length=8, drop_last=False)
    explorer.key("shuffle", "Space")
    assert_shows(explorer, stride=3, max_length=8, drop_last=False, shuffle=True)
    assert lab.selected_cell() == selected, "JupyterLab took the keys for itself"
    assert lab.page.locator(".jp-Cell").count() == 3

    explorer.drag("stride", [0.5, 0.8, 1.0])
    assert_shows(explorer, stride=10, max_length=8, drop_last=False, shuffle=True)
    explorer.click_at("batch_size", 0.0)
    assert_shows(explorer, stride=10, max_length=8, drop_last=False, shuffle=True, batch_size=1)
    explorer.control("shuffle").click()
    assert_shows(explorer, stride=10, max_length=8, drop_last=False, batch_size=1)
    explorer.control("text").fill("to be or not to be")
    assert_shows(explorer, stride=10, max_length=8, drop_last=False, batch_size=1, text="to be or not to be")
    explorer.reset.click()
    assert_shows(explorer)

    # The target of the lesson is reached by hand, and the code below the picture gives the same state.
    explorer.key("max_length", "End")
    explorer.key("stride", *["ArrowRight"] * 6)
    explorer.key("drop_last", "Space")
    assert_shows(explorer, stride=8, max_length=8, drop_last=False)
    assert explorer.text("status").startswith("✓")
    explorer.wait_idle()
    assert explorer.root.locator("details pre").text_content() == lab.python("print(w.code(), end='')")
    assert lab.errors == []


# The picture


def test_the_picture_is_pressed_swept_and_walked_through_in_jupyterlab(lab: Lab):
    lab.open(notebook("1 + 1", MADE, "2 + 2"))
    lab.run_all()
    explorer = lab.explorer()
    explorer.picture.locator('[data-key="length6"]').click()
    assert_shows(explorer, max_length=6)
    selected = lab.selected_cell()
    lab.page.keyboard.press("ArrowLeft")  # the focus is on the handle, and stays there
    lab.page.keyboard.press("Enter")
    assert_shows(explorer, max_length=5)
    assert lab.selected_cell() == selected and lab.page.locator(".jp-Cell").count() == 3

    places = [explorer.picture.locator(f'[data-key="stride{n}"]').bounding_box() for n in (2, 3, 4, 5)]
    mouse = lab.page.mouse
    mouse.move(places[0]["x"] + 5, places[0]["y"] + 10)
    mouse.down()
    for place in places[1:]:
        mouse.move(place["x"] + place["width"] / 2, place["y"] + 10, steps=3)
        pause(lab.page, 50)
    mouse.up()
    assert_shows(explorer, max_length=5, stride=5)
    explorer.wait_idle()
    assert json.loads(lab.python("import json; print(json.dumps(w.state))")) == explorer.state

    lab.sent.clear()
    explorer.picture.locator('[data-key="count7"]').hover()
    expect(explorer.picture.locator("[data-lit]").first).to_be_visible()
    pause(lab.page, 400)
    assert lab.sent == [], "hovering sends nothing"
    assert lab.errors == []


def test_the_numbers_unfold_in_jupyterlab(lab: Lab):
    explorer = made(lab)
    explorer.root.get_by_text("All the numbers").click()
    rows = explorer.root.locator(".llmlab-more table.llmlab-windows tbody tr")
    expect(rows).to_have_count(25)
    explorer.control("text").fill("to be or not to be")
    expect(rows).to_have_count(6)


# The kernel


def test_dragging_a_loaded_axis_sends_nothing_until_it_settles(lab: Lab):
    explorer = made(lab)
    explorer.key("stride", "ArrowRight")
    assert_shows(explorer, stride=3)
    explorer.wait_idle()
    lab.sent.clear()

    events = explorer.root.evaluate_handle(
        "(root) => { const seen = []; root.addEventListener('input', () => seen.push(root.querySelector("
        "'.llmlab-hero').innerHTML)); return seen; }"
    )
    there_and_back = [i / 20 for i in [*range(5, 21), *range(20, -1, -1), *range(0, 18)]]
    explorer.drag("stride", there_and_back)
    while_moving = list(lab.sent)
    shown = events.json_value()
    assert len(shown) >= 20, "the mouse moved the slider too few times for the test to mean anything"
    assert len(set(shown)) >= 9, "the picture did not follow the slider"
    # On a busy machine the mouse itself rests for longer than SETTLE_AFTER: that is settling, and asks for no frame.
    assert [message for message in while_moving if '"ask":"settle"' not in message] == []

    explorer.wait_idle()
    asked = [message for message in lab.sent if '"ask"' in message]
    assert asked and all('"ask":"settle"' in message for message in asked)
    stride = explorer.state["stride"]
    assert_shows(explorer, stride=stride)
    assert json.loads(lab.python("import json; print(json.dumps(w.state))")) == explorer.state


def test_moving_it_from_python_moves_the_page(lab: Lab):
    explorer = made(lab)
    lab.python("w.set(stride=5, max_length=6, drop_last=False)")
    assert_shows(explorer, stride=5, max_length=6, drop_last=False)
    explorer.key("stride", "ArrowRight")
    assert_shows(explorer, stride=6, max_length=6, drop_last=False)
    explorer.wait_idle()
    lab.python("assert w.state['stride'] == 6, w.state\nw.reset()")
    assert_shows(explorer)


# The learner's function


def test_an_error_in_the_function_is_shown_and_the_next_change_works(lab: Lab):
    explorer = made(lab)
    lab.python(RAISES + "w.windows = picky")
    assert_shows(explorer, function(RAISES))
    explorer.key("stride", "ArrowRight")
    shown = explorer.picture.locator(".llmlab-error")
    expect(shown).to_contain_text("ZeroDivisionError: no third stride")
    expect(shown).to_contain_text('line 3: raise ZeroDivisionError("no third stride")')
    expect(shown).not_to_contain_text("Traceback")
    assert explorer.state == {**FIRST, "stride": 3}
    assert explorer.text("status") == ""
    explorer.key("stride", "ArrowRight")
    assert_shows(explorer, function(RAISES), stride=4)
    expect(shown).to_have_count(0)
    assert lab.errors == []


def test_a_slow_function_shows_the_touched_state_first_and_never_a_wrong_one(lab: Lab):
    explorer = made(lab)
    windows = function(SLOW)
    lab.python(SLOW + "w.windows = slow")
    assert_shows(explorer, windows)
    explorer.wait_idle()
    lab.python("asked.clear()")

    explorer.control("max_length").hover()  # loading the axis begins: eight frames of 0.3 s, one answer after another
    pause(lab.page, 50)
    explorer.key("max_length", "End")
    expect(explorer.busy).to_be_visible()
    expect(explorer.busy).to_have_text("computing …")
    assert_shows(explorer, windows, max_length=8)
    assert explorer.busy.is_hidden()
    order = json.loads(lab.python("import json; print(json.dumps(list(dict.fromkeys(asked))))"))
    assert order.index(8) < 7, "the touched state waited for the whole axis"

    explorer.key("batch_size", "ArrowLeft", "ArrowLeft", "Home", "ArrowRight")
    explorer.key("stride", "ArrowRight", "ArrowLeft", "ArrowLeft")
    explorer.wait_idle()
    assert_shows(explorer, windows, max_length=8, batch_size=2, stride=1)
    assert json.loads(lab.python("import json; print(json.dumps(w.state))")) == explorer.state


def test_a_function_that_is_not_written_yet_is_replaced_and_said(lab: Lab):
    explorer = made(
        lab, "def make_windows(token_ids, max_length, stride):\n    ...\n" + MADE.replace("()", "(make_windows)")
    )
    assert_shows(explorer)
    expect(explorer.root.locator(".llmlab-note")).to_have_text(
        "make_windows is not written yet, so llmlab's own windows are shown."
    )
    lab.python(RAISES + "w.windows = picky")
    expect(explorer.root.locator(".llmlab-note")).to_be_empty()
    assert_shows(explorer, function(RAISES))


def test_an_endless_function_is_stopped_and_the_next_change_works(lab: Lab):
    explorer = made(lab)
    windows = function(ENDLESS)
    lab.python(ENDLESS + "w.seconds_allowed = 1.0\nw.windows = endless")
    # The focus alone already asks for the whole axis, the endless stride 3 among it, while 2 is shown.
    explorer.control("stride").focus()
    explorer.wait_idle()
    assert_shows(explorer, windows)
    explorer.key("stride", "ArrowRight")
    expect(explorer.picture.locator(".llmlab-error")).to_contain_text("Not finished after 1 seconds")
    assert explorer.state == {**FIRST, "stride": 3}
    explorer.key("stride", "ArrowRight")
    assert_shows(explorer, windows, stride=4)

    # Moved on while the endless one is still being computed: the page must not wait for ever.
    lab.python("w.windows = lambda *sizes: endless(*sizes)\nw.reset()")
    assert_shows(explorer, windows)
    explorer.key("stride", "ArrowRight", "ArrowRight", "ArrowRight")
    expect(explorer.busy).to_be_visible()
    explorer.wait_idle()
    assert_shows(explorer, windows, stride=5)


# Escape


@pytest.mark.parametrize("attack", ["<img src=x onerror=window.__pwned=1>", "<script>window.__pwned=1</script>"])
def test_text_is_shown_and_never_run(lab: Lab, attack: str):
    explorer = made(lab, MADE.replace("()", f"(text={attack!r})"))
    tokens = [token.replace(" ", "·") for token in window_map.compute({**FIRST, "text": attack}).tokens]

    def harmless() -> None:
        assert_shows(explorer, text=attack)
        expect(explorer.picture.locator(".llmlab-heads span")).to_have_text(tokens)
        assert lab.page.evaluate("() => window.__pwned") is None
        assert lab.page.locator("img[src='x']").count() == 0
        assert explorer.root.locator("script").count() == 0

    harmless()
    explorer.control("text").fill("harmless")
    assert_shows(explorer, text="harmless")
    explorer.control("text").press_sequentially("")
    explorer.control("text").fill(attack)
    harmless()
    lab.python(f"def bad(token_ids, max_length, stride):\n    raise ValueError({attack!r})\nw.windows = bad")
    expect(explorer.picture.locator(".llmlab-error")).to_contain_text(attack)
    assert lab.page.evaluate("() => window.__pwned") is None
    assert explorer.root.locator("img, script").count() == 0


# For everyone


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(lab: Lab, theme: str):
    explorer = made(lab)
    lab.theme(theme)
    # JupyterLab's body is 0 pixels high and hides what overflows: axe would take the whole page for hidden.
    lab.page.add_style_tag(content="body { overflow: visible !important; }")
    found: dict[str, list[str]] = {}
    for stride in (2, 8, 10):  # not reached; reached; tokens that are never a target
        changes = {"stride": stride, "max_length": 8 if stride == 8 else 4, "drop_last": stride != 8}
        lab.python(f"w.set(**{changes})")
        assert_shows(explorer, **changes)
        explorer.root.locator("details").evaluate_all("(all) => all.forEach((node) => { node.open = true; })")
        expect(explorer.root.locator(".llmlab-more table.llmlab-windows tbody tr")).to_have_count(25)
        pause(lab.page, 300)  # the status' colour has a transition of 0.2 s
        result = Axe().run(lab.page, ".llmlab-live", options={}).response
        judged = {rule["id"]: len(rule["nodes"]) for rule in result["passes"] + result["violations"]}
        assert judged.get("color-contrast", 0) > 30, f"axe judged the contrast of next to nothing: {judged}"
        for violation in result["violations"]:
            targets = [node["target"][0] for node in violation["nodes"]]
            found.setdefault(violation["impact"], []).append(f"{violation['id']} at stride {stride}: {targets}")
    report(f"axe-{theme}", {"theme": theme, "violations": found})
    assert {impact: found.get(impact, []) for impact in ("serious", "critical")} == {"serious": [], "critical": []}


def test_no_movement_for_those_who_asked_for_none(lab: Lab):
    lab.reusable = False
    explorer = made(lab)
    durations = "(root) => [root, ...root.querySelectorAll('*')].map((node) => getComputedStyle(node))" \
                ".flatMap((style) => [style.transitionDuration, style.animationDuration])"  # fmt: skip
    assert set(explorer.root.evaluate(durations)) != {"0s"}, "nothing moves anyway: the test would show nothing"
    lab.page.emulate_media(reduced_motion="reduce")
    assert set(explorer.root.evaluate(durations)) == {"0s"}


def test_it_fits_from_600_to_1400_pixels_and_at_twice_the_size(lab: Lab, tmp_path: Path):
    explorer = made(lab)
    lab.python("w.set(max_length=3, stride=1, batch_size=1)")  # the widest picture: 22 windows
    # To the page, zooming a 1,400 pixel window to 200 % means: 700 CSS pixels, each two device pixels wide.
    devtools, lab.reusable = lab.page.context.new_cdp_session(lab.page), False
    for width, scale in ((600, 1), (1400, 1), (700, 2)):
        devtools.send("Emulation.setDeviceMetricsOverride",
                      {"width": width, "height": 1000, "deviceScaleFactor": scale, "mobile": False})  # fmt: skip
        expect_width = lab.page.evaluate("() => [window.innerWidth, window.devicePixelRatio]")
        assert expect_width == [width, scale]
        pause(lab.page, 500)  # JupyterLab lays itself out anew
        explorer.root.scroll_into_view_if_needed()
        assert explorer.root.evaluate(_OUTSIDE) == [], f"something sticks out at {width} pixels"
        boxes = [control.locator("xpath=..").bounding_box() for control in explorer.controls]
        boxes.append(explorer.reset.bounding_box())
        overlaps = [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :] if _overlap(a, b)]
        assert overlaps == [], f"controls overlap at {width} pixels"
        for theme in ("light", "dark"):
            lab.theme(theme)
            explorer.root.screenshot(path=_pictures(tmp_path) / f"window-map-{theme}-{width}@{scale}x.png")
    print(f"screenshots: {_pictures(tmp_path)}")


# Everything in the explorer that reaches beyond it to the right, and that no scrolling box of the picture holds; and
# the explorer itself, where it reaches beyond its cell's output.
_OUTSIDE = """(root) => {
    const edge = root.getBoundingClientRect().right + 0.5;
    const outside = [...root.querySelectorAll('*')].filter((node) => {
        const scroller = node.closest('.llmlab-scroll, pre');
        return (!scroller || scroller === node) && node.getBoundingClientRect().right > edge;
    });
    const output = root.closest('.jp-OutputArea-output');
    if (output.scrollWidth > output.clientWidth) outside.push(output);
    if (edge > document.documentElement.clientWidth) outside.push(root);
    return outside.map((node) => `${node.tagName}.${node.className}`);
}"""


def _overlap(a: dict[str, float], b: dict[str, float]) -> bool:
    apart = (
        a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
        or a["y"] + a["height"] <= b["y"] or b["y"] + b["height"] <= a["y"]
    )  # fmt: skip
    return not apart


# Without a kernel


def test_the_still_picture_stands_in_until_the_cell_is_run(lab: Lab):
    data, _ = WindowMap()._repr_mimebundle_()
    committed = notebook(MADE)
    still = {"text/plain": data["text/plain"], "text/html": data["text/html"]}
    committed.cells[0].outputs = [nbformat.v4.new_output("execute_result", still, execution_count=1)]
    lab.open(committed)
    assert lab.page.evaluate("() => [...window.jupyterapp.shell.currentWidget.content.model.cells][0].trusted") is False
    output = lab.page.locator(".jp-OutputArea-output")
    expect(output.locator("table.llmlab-windows tbody tr")).to_have_count(25)
    trace = window_map.compute(FIRST)
    expect(output).to_contain_text(window_map.describe(trace))
    expect(output).to_contain_text("run this cell to move the controls")
    expect(output.locator("script, input, .llmlab-live")).to_have_count(0)
    expect(lab.page.get_by_text("model not found")).to_have_count(0)
    # Without the stylesheet, which JupyterLab strips here, the bars still have their colours.
    assert (
        output.locator("td.llmlab-input").first.evaluate("(node) => getComputedStyle(node).backgroundColor")
        == "rgb(34, 114, 180)"
    )
    lab.run_all()
    assert_shows(lab.explorer())
    assert lab.errors == []


# Where screenshots go


def _pictures(otherwise: Path) -> Path:
    folder = os.environ.get("LLMLAB_TEST_RESULTS")
    return ROOT / folder if folder else otherwise
