"""The host's script on a bare page: what can be done to a picture, what morphs, what is sent, how it looks to all.

Any explorer is driven here, with this process as its kernel; test_explorer_host.py does the same in a real JupyterLab.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from llmlab.explorers import AttentionBench, MergePlayer
from llmlab.explorers.host import Choice, Explorer, Question, Range, Scale, Text, Toggle
from llmlab.explorers.host.assets import script
from llmlab.explorers.host.edition import Edition, every
from llmlab.explorers.host.touch import touch
from tests.browser.lab import PATIENCE, SHOWS, pause
from tests.browser.plain import Plain, from_file
from tests.browser.reports import report
from tests.browser.screenshots import MOVING, moving
from tests.explorers.cases import CASES
from tests.explorers.test_markup import REDRAWN


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    made = browser.new_page(viewport={"width": 1000, "height": 900})
    made.set_default_timeout(PATIENCE)
    yield made
    made.close()


# JavaScript: the keys of what has been on, as it changes.
PRESSED = """() => {
    const seen = [], picture = document.querySelector('.llmlab-hero');
    new MutationObserver(() => {
        const on = picture.querySelector('[data-on]');
        if (on && seen.at(-1) !== on.dataset.key) seen.push(on.dataset.key);
    }).observe(picture, { subtree: true, attributes: true });
    return seen;
}"""


class Board(Explorer):
    """A small explorer that uses all that a frame may declare: a board of 3 x 4 cells, a number, a row of tokens."""

    def __init__(self) -> None:
        super().__init__(
            title="Board",
            task="Your target: the number 5 in the last cell.",
            controls=[
                Text("word", "Word", "abc", examples=("xy", "long word")),
                Range("row", "Row", 0, 2, initial=0, quiet=True),
                Range("column", "Column", 0, 3, initial=0, quiet=True),
                Range("by", "By", -6, 6, initial=0, quiet=True),
                Scale("step", "Step", tuple("01234567"), "2", play=40, labels=tuple(f"step {n}0" for n in range(8))),
                Choice("kind", "Kind", ("plain", "fancy"), "plain", look="buttons", group="Looks"),
                Toggle("on", "On", False, group="Looks"),
            ],
        )

    def compute(self, state):
        return state

    def render(self, trace):
        board = ""
        for i in range(3):
            for j in range(4):
                its = touch(key=f"c{i}.{j}", press={"row": i, "column": j}, link=f"r{i}", tip=f"cell {i}, {j}")
                board += f'<span style="display:inline-block;width:60px;height:30px"{its}>{i}.{j}</span>'
            board += "<br>"
        number = touch(key="n", spin="by", press={} if trace["on"] else {"on": True, "by": 0}, tip="the number")
        tokens = ""
        for n in sorted(range(6), key=lambda n: (n * (int(trace["step"]) + 1)) % 7):
            tokens += f'<i style="display:inline-block;width:30px"{touch(key=f"t{n}", flip=True)}>{n}</i>'
        gone = "" if trace["step"] == "3" else f"<b{touch(key='gone', press={'step': '3'})}>go to 3</b>"
        odd = touch(key="odd", press={"nothing": 1, "row": 9, "column": 3}, tip="odd")
        last = touch(key="last", press={"step": "7"})
        said = f"row {trace['row']}"
        return (
            f"<div{touch(key='board', group='follow', sweep=True)}>{board}</div>"
            f'<p><span style="padding:8px"{number}>{trace["by"]}</span></p><div>{tokens}</div>'
            f"<p{touch(key='buttons', group='buttons')}>{gone} <u{odd}>odd</u> <b{last}>7</b></p>"
            '<div class="llmlab-scroll" style="width:200px"><div style="width:900px">wide</div></div>'
            f"<details><summary>fold</summary><p>inside</p></details><p{touch(say=said)}>{trace['word']}</p>"
        )

    def why(self, trace):
        linked = touch(link=f"r{trace['row']}")
        return f"<p>Row <b{linked}>{trace['row']}</b> is chosen.</p>"

    def more(self, trace):
        linked = touch(link=f"r{trace['row']}")
        return f"<table><tbody><tr><td{linked}>{trace['step']}</td></tr></tbody></table>"

    def describe(self, trace):
        return f"Cell {trace['row']}, {trace['column']}."

    def target(self, trace):
        at = trace["by"] == 5 and (trace["row"], trace["column"]) == (2, 3)
        return at, "Reached." if at else "Not yet."

    def limits(self, trace):
        return {"step": ("0", "4")} if trace["kind"] == "fancy" else {}

    def off(self, trace):
        return {"on": "Plain has no on."} if trace["kind"] == "plain" else {}

    def question(self, trace):
        return Question("Why not 4?", (("It is even", False, "So is 6."), ("It is too small", True, "It is.")))

    def code_for(self, state):
        return repr(state)


def board(page: Page, **options) -> Plain:
    return Plain(page, Board(), **options)


def state(plain: Plain) -> dict:
    """What the explorer in this process holds, once the page has told it."""
    pause(plain.page, 300)  # longer than a pause in typing
    pause(plain.page, 350)  # longer than one in moving, which only that one may have begun
    return plain.explorer.state


# ---- the picture is the control --------------------------------------------------------------------------------------


def test_a_press_moves_controls_and_says_so(page):
    plain = board(page)
    cell = plain.key("c1.2")
    expect(cell).to_have_role("button")
    expect(cell).to_have_accessible_name("cell 1, 2")
    expect(cell).to_have_attribute("aria-pressed", "false")
    cell.click()
    expect(cell).to_have_attribute("aria-pressed", "true")
    expect(plain.key("c0.0")).to_have_attribute("aria-pressed", "false")
    expect(plain.root.locator(".llmlab-why")).to_have_text("Row 1 is chosen.")
    assert state(plain) == Board().state | {"row": 1, "column": 2}
    expect(plain.root.get_by_role("status")).to_have_text("row 1")
    plain.key("odd").click()  # a control that is none and a value that is none are passed over
    assert state(plain)["column"] == 3 and state(plain)["row"] == 1
    assert plain.errors == []


def test_a_sweep_presses_what_it_passes(page):
    plain = board(page)
    for key in ("c0.1", "c2.1"):
        plain.key(key).click()
    pause(page, 500)
    seen = page.evaluate_handle(PRESSED)
    boxes = [plain.key(f"c2.{j}").bounding_box() for j in range(4)]
    middles = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]
    page.mouse.move(*middles[0])
    page.mouse.down()
    for place in middles[1:]:
        page.mouse.move(*place, steps=3)
        pause(page, 60)
    page.mouse.up()
    assert seen.json_value()[-3:] == ["c2.1", "c2.2", "c2.3"]
    assert state(plain)["column"] == 3


def test_a_number_is_dragged_and_turned_with_keys(page):
    plain = board(page)
    number = plain.key("n")
    expect(number).to_have_role("spinbutton")
    for name, value in (("now", "0"), ("min", "-6"), ("max", "6")):
        expect(number).to_have_attribute(f"aria-value{name}", value)
    box = number.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 5 + 3 * 14, box["y"] + 5, steps=6)
    page.mouse.move(box["x"] + 5 + 60 * 14, box["y"] + 300, steps=6)  # far beyond the number, and beyond the last value
    page.mouse.up()
    expect(number).to_have_text("6")
    assert state(plain)["on"] is True, "what its data-set says came first"
    number.press("ArrowLeft")
    expect(number).to_have_text("5")
    number.press("PageDown")
    expect(number).to_have_text("1")
    expect(number).to_be_focused()
    assert state(plain)["by"] == 1


def test_a_group_is_one_tab_stop_and_arrows_go_to_the_nearest(page):
    plain = board(page)
    stops = plain.picture.locator('[tabindex="0"]').evaluate_all("(all) => all.map((one) => one.dataset.key)")
    assert stops == ["c0.0", "n", "gone"]
    plain.key("c0.0").focus()
    for key, there in (("ArrowRight", "c0.1"), ("ArrowDown", "c1.1"), ("ArrowDown", "c2.1"), ("ArrowDown", "c2.1")):
        page.keyboard.press(key)
        expect(plain.key(there)).to_be_focused()
    assert (state(plain)["row"], state(plain)["column"]) == (2, 1), "in a group that follows, the focus chooses"
    plain.key("gone").focus()
    page.keyboard.press("ArrowRight")
    expect(plain.key("odd")).to_be_focused()
    assert state(plain)["column"] == 1, "in another group it does not"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert state(plain)["step"] == "7"


def test_the_focus_stays_in_the_group_when_its_node_goes(page):
    plain = board(page)
    plain.key("gone").focus()
    page.keyboard.press(" ")
    expect(plain.key("gone")).to_have_count(0)
    assert page.evaluate("() => document.activeElement.dataset.key") == "odd"


def test_links_light_up_everywhere_and_tips_open(page):
    plain = board(page)
    plain.root.get_by_text("All the numbers").click()
    expect(plain.root.locator(".llmlab-more td")).to_have_text("2")
    pause(page, 500)
    plain.forget_sent()
    plain.key("c0.2").hover()
    lit = plain.root.locator("[data-lit]")
    expect(lit).to_have_count(6)  # four cells, the number in the reason, the one in the table
    expect(plain.root.locator(".llmlab-tip")).to_have_text("cell 0, 2")
    plain.key("c1.2").hover()
    expect(lit).to_have_count(4)
    page.keyboard.press("Escape")
    expect(plain.root.locator(".llmlab-tip")).to_be_hidden()
    plain.key("c2.0").focus()
    expect(plain.root.locator(".llmlab-tip")).to_be_visible()
    plain.root.locator(".llmlab-title").hover()
    expect(plain.root.locator(".llmlab-tip")).to_be_hidden()
    assert plain.sent() == [], "hovering is the page's own affair"


def test_no_bubble_lies_over_a_row_to_say_what_is_in_it(page):
    plain = Plain(page, MergePlayer())
    pairs, bubble = plain.picture.locator(".llmlab-pair-name"), plain.root.locator(".llmlab-tip")
    assert pairs.count() > 3
    pairs.nth(2).hover()
    pause(page, 100)
    expect(bubble).to_be_hidden()
    pairs.nth(2).focus()
    expect(bubble).to_be_hidden()
    expect(pairs.nth(2)).to_have_role("button")
    expect(pairs.nth(2)).to_have_accessible_name(re.compile(r"^what if .* were merged next\? It occurs \d+ times\.$"))
    plain.picture.locator(".llmlab-tokens-left circle").last.hover()
    expect(bubble).to_contain_text("merge 40: ")


# ---- controls --------------------------------------------------------------------------------------------------------


def test_play_runs_to_the_end_and_sends_nothing_on_the_way(page):
    plain = board(page)
    player = plain.root.get_by_role("group", name="Step: player")
    player.get_by_role("button", name="Step: one forward").click()
    expect(plain.root.locator(".llmlab-scale .llmlab-value")).to_have_text("step 30")
    pause(page, 700)
    plain.forget_sent()
    player.get_by_role("button", name="Step: play").click()
    expect(player.get_by_role("button", name="Step: pause")).to_be_visible()
    pause(page, 100)
    assert plain.sent() == []
    expect(plain.root.locator(".llmlab-scale .llmlab-value")).to_have_text("step 70")
    expect(player.get_by_role("button", name="Step: play")).to_be_visible()
    assert state(plain)["step"] == "7"
    assert [message["ask"] for message in plain.sent()] == ["settle"]
    player.get_by_role("button", name="Step: play").evaluate(  # from the start again, and stopped by a touch
        """(play) => {
            play.click();
            setTimeout(() => document.querySelector('.llmlab-hero [data-key="c1.1"]').click(), 90);
        }"""
    )
    expect(player.get_by_role("button", name="Step: play")).to_be_visible()
    assert state(plain)["step"] != "7"


def test_play_waits_for_frames_and_escape_stops_it(page):
    plain = board(page)
    held, deliver = [], plain._to_page
    plain._to_page = lambda *message: held.append(message)
    player = plain.root.get_by_role("group", name="Step: player")
    player.get_by_role("button", name="Step: play").click()
    pause(page, 250)
    first = plain.root.locator(".llmlab-scale .llmlab-value").text_content()
    assert first in ("step 20", "step 30"), "it ran ahead of its frames"
    page.keyboard.press("Escape")
    expect(player.get_by_role("button", name="Step: play")).to_be_visible()
    assert held, "it asked for no frames"
    for message in held:
        deliver(*message)
    pause(page, 500)
    assert plain.root.locator(".llmlab-scale .llmlab-value").text_content() == first


def test_kinds_of_controls_groups_limits_and_reasons(page):
    plain = board(page)
    looks = plain.root.get_by_role("group", name="Looks")
    fancy = looks.get_by_role("radio", name="fancy")
    on = looks.get_by_role("checkbox", name="On")
    expect(on).to_have_attribute("aria-disabled", "true")
    assert "Plain has no on." in plain.root.locator(".llmlab-off").get_attribute("title")
    step = plain.root.get_by_role("slider", name="Step")
    expect(step).to_have_attribute("aria-valuetext", "step 20")
    expect(step).to_have_attribute("max", "7")
    fancy.check(force=True)
    expect(step).to_have_attribute("max", "4")
    expect(on).not_to_have_attribute("aria-disabled", "true")
    assert state(plain)["kind"] == "fancy"
    plain.root.get_by_role("button", name="Word: long word").click()
    expect(plain.root.get_by_role("textbox", name="Word")).to_have_value("long word")
    assert state(plain)["word"] == "long word"
    plain.root.get_by_text("The same as sliders").click()
    plain.root.get_by_role("slider", name="Row").press("End")
    assert state(plain)["row"] == 2
    plain.root.get_by_role("button", name="Reset").click()
    assert state(plain) == Board().state


def test_a_value_beyond_the_end_of_its_track_is_shown_as_that_end(page):
    plain = board(page)
    plain.key("last").click()
    step, value = plain.root.get_by_role("slider", name="Step"), plain.root.locator(".llmlab-scale .llmlab-value")
    expect(value).to_have_text("step 70")
    plain.root.get_by_role("radio", name="fancy").check(force=True)
    expect(value).to_have_text("step 40")
    expect(step).to_have_attribute("aria-valuetext", "step 40")
    assert step.input_value() == "4"
    plain.root.get_by_role("button", name="Step: one back").click()
    expect(value).to_have_text("step 30")
    assert state(plain)["step"] == "3"


def test_with_an_option_comes_where_there_is_something_to_see_of_it_but_no_text_over_a_typed_one(page):
    def looked_at():
        held = state(plain)
        return held["query"], held["key"]

    plain = Plain(page, AttentionBench())
    text = plain.root.get_by_role("textbox", name="Tokens")
    plain.root.get_by_role("radio", name="trained head").check(force=True)
    expect(text).to_have_value("the dogs near the king")
    assert looked_at() == (5, 2)
    expect(plain.root.locator(".llmlab-why")).to_contain_text("king gives 99% to dogs")
    plain.root.get_by_role("radio", name="previous-token head").check(force=True)
    assert looked_at() == (2, 1) and plain.explorer.trace.weights[2, 1] > 0.9
    plain.key("4.0").click()
    plain.root.get_by_role("radio", name="trained head").check(force=True)
    assert looked_at() == (5, 2) and plain.explorer.trace.weights[5, 2] > 0.9
    plain.root.get_by_role("button", name="Reset").click()
    text.fill("my own words")
    pause(plain.page, 400)
    plain.root.get_by_role("radio", name="trained head").check(force=True)
    expect(text).to_have_value("my own words")
    assert looked_at() == (5, 2)
    assert "text" not in AttentionBench(text="my own words")._controls["vectors"].along["trained head"]


def test_after_the_target_one_question_and_a_verdict_for_each_answer(page):
    plain = board(page)
    question = plain.root.locator(".llmlab-question")
    expect(question).to_be_hidden()
    plain.explorer.set(row=2, column=3, by=5)
    expect(question).to_contain_text("Why not 4?")
    expect(plain.root.locator(".llmlab-status")).to_have_text("✓ Reached.")
    question.get_by_role("button", name="It is even").click()
    expect(question).to_contain_text("✗ So is 6.")
    question.get_by_role("button", name="It is too small").click()
    expect(question).to_contain_text("✓ It is.")
    plain.key("c2.3").click()
    expect(question).to_contain_text("✓ It is.")
    plain.key("c0.3").click()
    expect(question).to_be_hidden()


# ---- morphing --------------------------------------------------------------------------------------------------------


def test_scroll_folds_selection_and_nodes_survive_a_frame(page):
    plain = board(page)
    plain.picture.locator(".llmlab-scroll").evaluate("(node) => { node.scrollLeft = 300; }")
    plain.picture.locator("details").evaluate("(node) => { node.open = true; }")
    plain.picture.evaluate("(node) => { node.querySelectorAll('span').forEach((one, n) => { one.mark = n; }); }")
    plain.key("c2.2").click()
    expect(plain.key("c2.2")).to_have_attribute("aria-pressed", "true")
    assert plain.picture.locator(".llmlab-scroll").evaluate("(node) => node.scrollLeft") == 300
    assert plain.picture.locator("details").evaluate("(node) => node.open")
    assert plain.key("c2.2").evaluate("(node) => node.mark") == 10
    expect(plain.key("c2.2")).to_be_focused()


def test_what_flips_glides_unless_motion_is_reduced(page):
    plain = board(page)
    page.evaluate(
        "() => { window.flights = []; const animate = Element.prototype.animate; Element.prototype.animate ="
        " function (...how) { window.flights.push(this.dataset.key); return animate.apply(this, how); }; }"
    )
    pause(page, 300)
    plain.key("last").click()
    page.wait_for_function("() => window.flights.length >= 4")
    assert set(page.evaluate("() => window.flights")) <= {f"t{n}" for n in range(6)}
    page.evaluate("() => { window.flights.length = 0; }")
    page.emulate_media(reduced_motion="reduce")
    pause(page, 300)
    plain.key("gone").click()
    expect(plain.key("gone")).to_have_count(0)
    assert page.evaluate("() => window.flights") == []


def test_a_picture_that_was_high_leaves_no_jump_behind(page):
    class Tall(Board):
        def render(self, trace):
            return f'<div style="height:{40 + 60 * int(trace["step"])}px"></div>'

    plain = Plain(page, Tall())
    step = plain.root.get_by_role("slider", name="Step")
    step.press("End")
    pause(page, 100)
    high = plain.root.bounding_box()["height"]
    step.press("Home")
    pause(page, 100)
    assert plain.root.bounding_box()["height"] == high
    plain.root.get_by_role("button", name="Reset").click()
    pause(page, 100)
    assert plain.root.bounding_box()["height"] < high


def test_a_picture_that_is_lower_for_good_leaves_no_hole(page):
    class Tall(Board):
        def render(self, trace):
            return f'<div style="height:{40 + 60 * int(trace["step"])}px"></div>'

    plain = Plain(page, Tall())
    step, height = plain.root.get_by_role("slider", name="Step"), lambda: plain.root.bounding_box()["height"]
    step.press("Home")
    pause(page, 2000)
    low = height()
    step.press("End")
    pause(page, 100)
    high = height()
    page.mouse.move(5, 5)
    page.mouse.down()
    step.press("Home")
    pause(page, 2000)
    assert height() == high, "a finger is down: nothing jumps under it"
    page.mouse.up()
    pause(page, 2000)
    assert height() == low < high
    step.press("ArrowRight")
    pause(page, 100)
    assert height() == low + 60
    step.press("ArrowLeft")
    pause(page, 2000)
    assert height() == low
    plain.root.get_by_role("button", name="Step: play").click()
    pause(page, 600)  # it plays to the end, 40 ms a step
    assert height() == high


@pytest.mark.parametrize("width", [375, 1000])
def test_what_is_said_comes_and_goes_and_moves_no_control(page, width):
    class Talking(Board):
        def note(self, trace):
            return "This is a note." if trace["row"] == 1 else ""

        def target(self, trace):
            return False, "Not yet. " * (1 + 9 * (trace["row"] == 2))

    page.set_viewport_size({"width": width, "height": 900})
    plain = Plain(page, Talking())
    note, places = plain.root.locator(".llmlab-note"), {}
    expect(note).to_be_hidden()
    for row, seen in ((2, False), (0, False), (1, True), (0, False), (1, True), (2, False)):
        plain.key(f"c{row}.0").click()
        expect(note).to_be_visible() if seen else expect(note).to_be_hidden()
        pause(page, 60)
        places[row, seen] = [
            plain.root.get_by_role("slider", name="Step").bounding_box()["y"],
            plain.picture.bounding_box()["y"],
        ]
    if width == 375:  # its controls are below the picture: they make room for the note once
        assert [at[1] for at in places.values()] == [places[2, False][1]] * 3
        assert places[0, False][0] == places[1, True][0] == places[2, False][0]
    else:
        assert len({tuple(at) for at in places.values()}) == 1, places


# ---- the numbers -----------------------------------------------------------------------------------------------------


def test_the_numbers_come_when_their_fold_is_open(page):
    plain = board(page)
    plain.key("c1.1").click()
    pause(page, 400)
    assert not any(message.get("more") for message in plain.sent())
    expect(plain.root.locator(".llmlab-more")).to_be_empty()
    plain.root.get_by_text("All the numbers").click()
    expect(plain.root.locator(".llmlab-more td")).to_have_text("2")
    plain.key("last").click()
    expect(plain.root.locator(".llmlab-more td")).to_have_text("7")
    pause(page, 700)
    plain.forget_sent()
    pause(page, 300)
    assert plain.sent() == [], "it asks for ever"


# ---- frames of a file ------------------------------------------------------------------------------------------------


# ---- frames of a file: a page without a kernel -----------------------------------------------------------------------


def few(page: Page, **options) -> tuple[Board, Locator]:
    """A board of which a page holds all cells, five steps of the first one, and two words, one in each part."""
    made = Board()
    boxes = [
        every(made, "row", "column", word=["abc", "xy"]),
        every(made, step=list("01234"), kind=["plain", "fancy"]),
        every(made, kind=["fancy"], on=[True], step=["2"]),
    ]
    from_file(page, Edition(made, boxes=boxes, slow=["word"]), **options)
    return made, page.locator(".llmlab-live")


def test_a_page_without_a_kernel_shows_what_it_holds(page):
    made, root = few(page)
    picture = root.locator(".llmlab-hero")
    assert page.evaluate("() => window.loaded") == []
    picture.locator('[data-key="c2.1"]').click()
    expect(picture.locator('[data-key="c2.1"]')).to_have_attribute("aria-pressed", "true")
    assert picture.evaluate(SHOWS, made.render(made.state | {"row": 2, "column": 1}))
    assert page.evaluate("() => window.loaded") == [0]
    page.get_by_text("All the numbers").click()
    expect(page.locator(".llmlab-more td")).to_have_text("2")
    root.get_by_role("radio", name="xy").check()
    expect(picture).to_contain_text("xy")
    assert picture.evaluate(SHOWS, made.render(made.state | {"row": 2, "column": 1, "word": "xy"}))
    assert page.evaluate("() => window.loaded") == [0, 1]
    pause(page, 400)
    assert page.evaluate("() => window.stops.at(-1)") == made.state | {"row": 2, "column": 1, "word": "xy"}
    page.get_by_role("button", name="Reset").click()
    expect(picture).to_contain_text("abc")
    assert picture.evaluate(SHOWS, made.render(made.state))


def test_what_a_page_does_not_hold_is_grey_and_says_why(page):
    _, root = few(page)
    step = root.locator('input[name="step"]')

    def ends():
        return step.get_attribute("min"), step.get_attribute("max")

    step.press("End")
    assert step.input_value() == "4" and ends() == ("0", "7"), "the thumb stops, and its track is the whole one"
    expect(step).to_have_attribute("aria-valuetext", "step 40")
    root.get_by_role("button", name="Step: one forward").click()
    assert step.input_value() == "4"
    root.get_by_role("button", name="Reset").click()
    expect(root.locator('input[name="on"]')).to_be_disabled()
    assert root.locator(".llmlab-item:has([name=on])").get_attribute("title") == "Plain has no on.", "its own reason"
    by = root.locator(".llmlab-item:has([name=by])")
    assert by.get_attribute("title") == "Here it stays as it is. In the notebook it moves."
    last = root.locator('[data-key="last"]')
    expect(last).to_have_attribute("aria-disabled", "true")
    assert last.evaluate("(node) => [getComputedStyle(node).cursor, getComputedStyle(node).opacity]") == [
        "default",
        "0.62",
    ]
    below, bubble = root.locator(".llmlab-folds"), root.locator(".llmlab-tip")
    for press in (lambda: last.click(force=True), lambda: last.press("Enter")):
        before, now = below.bounding_box(), root.locator(".llmlab-hero").inner_html()
        press()
        expect(bubble).to_have_text("This page has no picture for that: the notebook has.")
        expect(bubble).to_be_visible()
        expect(root.locator(".llmlab-spoken")).to_have_text("This page has no picture for that: the notebook has.")
        assert below.bounding_box() == before, "nothing on the page moves for it"
        assert root.locator(".llmlab-hero").inner_html() == now
        root.page.keyboard.press("Escape")
        expect(bubble).to_be_hidden()
    number = root.locator('[data-key="n"]')
    expect(number).to_have_attribute("aria-disabled", "true")
    number.press("ArrowUp")
    expect(bubble).to_have_text("This page has no picture for that: the notebook has.")
    root.locator('[data-key="c1.1"]').click()
    expect(bubble).to_have_text("cell 1, 1")

    def place():
        return step.input_value(), *ends(), step.get_attribute("aria-valuetext")

    assert place() == ("2", "0", "7", "step 20"), (
        "steps are for the first cell alone, and the thumb stands at its value"
    )
    step.press("ArrowRight")
    assert place() == ("2", "0", "7", "step 20")
    root.get_by_role("button", name="Reset").click()
    root.get_by_role("radio", name="fancy").check()
    expect(root.locator('input[name="on"]')).to_be_enabled()
    expect(root.get_by_role("radio", name="xy")).to_be_disabled()


def test_a_part_that_cannot_be_loaded_is_an_error_of_its_states_alone(page):
    _, root = few(page, without=[1])
    root.get_by_role("radio", name="xy").check()
    expect(root.locator(".llmlab-error")).to_have_text(
        "The pictures for this setting could not be loaded. Move a control to try again."
    )
    root.get_by_role("radio", name="abc").check()
    expect(root.locator(".llmlab-hero")).to_contain_text("abc")


def test_the_controls_of_a_page_can_be_moved_from_outside(page):
    made, root = few(page)
    page.evaluate("(state) => window.source.go(state)", made.state | {"row": 1, "column": 2})
    expect(root.locator('[data-key="c1.2"]')).to_have_attribute("aria-pressed", "true")
    page.evaluate("(state) => window.source.go(state)", made.state | {"row": 2})
    expect(root.locator('[data-key="c2.0"]')).to_have_attribute("aria-pressed", "true")
    root.locator('[data-key="c0.3"]').click()
    expect(root.locator('[data-key="c0.3"]')).to_have_attribute("aria-pressed", "true")


# ---- every explorer --------------------------------------------------------------------------------------------------

every_explorer = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])

_MORPHS = """([script, pictures, shows]) => import(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })))
    .then(({ morph }) => {
        const place = document.createElement('div'), wrong = [];
        document.body.append(place);
        const is = eval(shows);
        for (const [from, to] of pictures) {
            morph(place, from);
            morph(place, to);
            if (!is(place, to)) wrong.push([from, to, place.innerHTML]);
        }
        place.remove();
        return wrong;
    })"""


@every_explorer
def test_a_morphed_picture_is_the_next_one(page, case):
    explorer = case.kind()
    pictures = []
    for name, control in explorer._controls.items():
        frames = [explorer._frame(explorer.state | {name: value}, more=True) for value in control.values]
        for part in ("html", "why", "more"):
            htmls = [frame[part] for frame in frames]
            pictures += [*pairwise(htmls), *pairwise(htmls[::-1]), *pairwise(htmls[::3])]
    page.set_content("<!doctype html><title>morph</title>")
    wrong = page.evaluate(_MORPHS, [script(), pictures, SHOWS])
    assert len(pictures) > 1 and wrong == []


def test_a_wrong_morph_would_be_seen(page):
    page.set_content("<!doctype html><title>morph</title>")
    pictures = [["<p>a</p>", "<p>b</p>"]]
    broken = script().replace("known.data = wish.data", "known.data = known.data")
    assert broken != script() and len(page.evaluate(_MORPHS, [broken, pictures, SHOWS])) == 1


# What sticks out of the explorer to the right, and is not inside a box that scrolls; and controls below 24 pixels.
_OUTSIDE = """(root) => {
    const edge = root.getBoundingClientRect().right + 0.5;
    return [...root.querySelectorAll('*')].filter((node) => {
        const scroller = node.closest('.llmlab-scroll, pre, svg');
        return (!scroller || scroller === node) && node.getBoundingClientRect().right > edge;
    }).map((node) => `${node.tagName}.${node.className}`);
}"""
_SMALL = """(root) => [...root.querySelectorAll('input, select, button, summary')].filter((node) => {
    const box = (node.closest('label') ?? node).getBoundingClientRect();
    return box.width > 0 && box.height < 24;
}).map((node) => node.outerHTML)"""


@every_explorer
@pytest.mark.parametrize("width", [375, 700, 1300])
def test_it_fits_and_nothing_is_too_small_for_a_finger(page, case, width):
    page.set_viewport_size({"width": width, "height": 900})
    plain = Plain(page, case.kind())
    plain.root.locator(".llmlab-folds > details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    pause(page, 300)
    assert plain.root.evaluate(_OUTSIDE) == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert plain.root.evaluate(_SMALL) == []
    assert plain.errors == []


# JavaScript: every text below 12 px as shown, also in drawings that shrink and what a sheet writes: how small, where.
SMALL = """() => {
    const root = document.querySelector('.llmlab-live'), found = [];
    const told = (node, size, text) => size < 11.95 && found.push([size.toFixed(1), node.getAttribute('class'), text]);
    for (const node of root.querySelectorAll('*')) {
        if (node.closest('.llmlab-spoken') || !node.checkVisibility() || !node.getBoundingClientRect().width) continue;
        const svg = node.closest('svg'), matrix = svg && node.getScreenCTM?.();
        const scale = matrix ? Math.sqrt(Math.abs(matrix.a * matrix.d - matrix.b * matrix.c)) : 1;
        const own = [...node.childNodes].filter((one) => one.nodeType === 3).map((one) => one.data.trim()).join('');
        if (own) told(node, scale * parseFloat(getComputedStyle(node).fontSize), own);
        for (const part of ['::before', '::after']) {
            const style = getComputedStyle(node, part);
            const written = !['none', 'normal', '""'].includes(style.content);
            if (written) told(node, parseFloat(style.fontSize), style.content);
        }
    }
    return found;
}"""


@every_explorer
@pytest.mark.parametrize("width", [375, 560, 700, 1300])
def test_no_text_is_smaller_than_twelve_pixels(page, case, width):
    page.set_viewport_size({"width": width, "height": 900})
    plain = Plain(page, case.kind())
    expect(plain.root.locator(".llmlab-why")).not_to_be_empty()
    assert page.evaluate(SMALL) == []


@every_explorer
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_with_folds_open_and_closed(page, case, theme):
    plain = Plain(page, case.kind(), theme=theme)
    # What the theme changes are colours, and with the folds open all of them are seen.
    runs, options = ((False, True), {}) if theme == "light" else ((True,), {"runOnly": ["color-contrast"]})
    for opened in runs:
        plain.root.locator(".llmlab-folds > details").evaluate_all(
            "(all, on) => all.forEach((one) => { one.open = on; })", opened
        )
        pause(page, 300)
        result = Axe().run(page, ".llmlab-live", options=options).response
        judged = {rule["id"]: len(rule["nodes"]) for rule in result["passes"] + result["violations"]}
        assert judged.get("color-contrast", 0) > 5, f"axe judged the contrast of next to nothing: {judged}"
        found = [
            (rule["impact"], rule["id"], [node["html"][:150] for node in rule["nodes"][:3]])
            for rule in result["violations"]
            if rule["impact"] in ("serious", "critical")
        ]
        assert found == []


@every_explorer
def test_what_is_pressed_by_hand_is_what_python_gets(page, case):
    """One member of each group that is not on yet: pressed, the explorer holds what the markup says."""
    explorer = case.kind()
    plain = Plain(page, explorer)
    keys = plain.picture.locator("[data-set]:not([data-spin]):not([data-on])").evaluate_all(
        "(all) => Object.values(Object.fromEntries(all.map((one) =>"
        " [one.closest('[data-group]')?.dataset.key ?? one.dataset.key, one.dataset.key])))"
    )
    assert keys or case.name not in REDRAWN, "nothing in the picture can be pressed"
    for key in keys:
        if not plain.key(key).count():
            continue
        wanted = json.loads(plain.key(key).get_attribute("data-set"))
        plain.key(key).focus()
        page.keyboard.press("Enter")
        for _ in range(50):  # a busy machine answers late
            pause(page, 100)
            if explorer.state.items() >= wanted.items():
                break
        assert {name: explorer.state[name] for name in wanted} == wanted
    assert plain.errors == []


_LATENCY = """(name) => {
    const input = document.querySelector(`.llmlab-live input[name="${name}"]`);
    const picture = document.querySelector('.llmlab-hero');
    const times = [];
    for (let round = 0; round < 6; round++)
        for (let value = Number(input.min); value <= Number(input.max); value++) {
            input.value = value;
            const begin = performance.now();
            input.dispatchEvent(new Event('input'));
            picture.getBoundingClientRect(); // and the layout
            times.push(performance.now() - begin);
        }
    return times.sort((a, b) => a - b);
}"""


_BOXES = """() => [...document.querySelectorAll('.llmlab-hero *')].map((one) => {
    const { x, y, width, height } = one.getBoundingClientRect(), style = getComputedStyle(one);
    return [x, y, width, height].map(Math.round).join() + style.backgroundColor + style.borderColor + style.display;
})"""


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_sheets_of_other_explorers_on_the_page_change_nothing(page, case):
    """Notebooks that are open beside each other in JupyterLab share one page."""
    Plain(page, case.kind(**case.answer))
    pause(page, 300)
    alone = page.evaluate(_BOXES)
    page.add_style_tag(content="\n".join(one.kind(**one.answer)._css for one in CASES))
    pause(page, 300)
    assert len(alone) > 10 and page.evaluate(_BOXES) == alone


def test_the_moving_picture_is_small_and_moves(browser, tmp_path):
    file = tmp_path / MOVING
    moving(file, browser)
    with Image.open(file) as picture:
        frames = [picture.seek(n) or picture.convert("RGB").tobytes() for n in range(picture.n_frames)]
    assert len(frames) >= 10 and len(set(frames)) == len(frames)
    assert file.stat().st_size < 1_000_000


@pytest.mark.parametrize(
    ("name", "control"),
    [("MergePlayer", "merges"), ("WindowMap", "stride"), ("AttentionBench", "by"), ("DistributionSculptor", "top_k")],
)
def test_latency_is_reported(page, name, control):
    """From an event to the next picture, laid out, on a loaded axis. The aim is 16 ms: on a busy machine see the CPU's.

    Each counts in the wall's time, and their mean in the page's own: script, style and layout.
    """
    (case,) = [case for case in CASES if case.name == name]
    plain = Plain(page, case.kind())
    plain.root.locator(f'input[name="{control}"]').dispatch_event("focus")
    pause(page, 3_000)
    before = plain.picture.inner_html()
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = {one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]}
        return 1000 * sum(metrics[part] for part in ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration"))

    begin = spent()
    times = page.evaluate(_LATENCY, control)
    mean = (spent() - begin) / len(times)
    assert plain.picture.inner_html() != before and len(times) > 20
    found = {"median ms": times[len(times) // 2], "95 %": times[int(0.95 * len(times))], "CPU ms": mean}
    report(f"latency-{name}", {what: round(value, 1) for what, value in found.items()})
