"""What is live in the site's pages, opened from the disk in a real Chromium: answers to exercises, explorers."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from html import unescape
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest
import verdicts_values
from axe_playwright_python.sync_playwright import Axe
from frames_table import edition
from playwright.sync_api import Browser, BrowserContext, Locator, expect
from verdicts import linked
from verdicts_forms import FORMS, Form, Number, Order, Pick, Several, Word
from verdicts_table import _tried, answer_of, verdict

import llmlab.explorers
from llmlab.exercises import exercise
from llmlab.exercises.engine.sources import answer_names, sources
from tests.browser.lab import PATIENCE, SHOWS, pause
from tests.site import live


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of its own for each test: nothing is kept from the one before."""
    made = browser.new_context(viewport={"width": 1000, "height": 900})
    made.set_default_timeout(PATIENCE)
    yield made
    made.close()


class Site:
    """One page of the tests' own with what is live in it.

    Attributes:
        page: the browser's page.
        errors: what its console reported, exceptions, and requests for anything that is not on the disk.
    """

    def __init__(self, context: BrowserContext, folder: Any, body: str, after: str = "", **options: str) -> None:
        self.page, self.errors = context.new_page(), []
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "request", lambda asked: self.errors.append(asked.url) if not asked.url.startswith("file:") else None
        )
        self.address = live.page(folder, body, **options)
        self.page.goto(self.address + after)

    def exercise(self, id: str) -> Locator:
        return self.page.locator(f'[data-exercise="{id}"]')


def with_exercises(context: BrowserContext, folder: Any, *ids: str, more: str = "") -> Site:
    site = Site(context, folder, "".join(map(live.exercise_box, ids)) + more)
    expect(site.page.locator("form.answer")).to_have_count(len(ids))
    return site


# ---- what the checks say, the page says ------------------------------------------------------------------------------

_LOOK_UP = """([exercise, answers]) => answers.map((answer) => {
    const fields = exercise.fields.map((field) => llmlabSite.fields[field.kind](field));
    fields.forEach((field, at) => field.write(answer[at]));
    const read = fields.map((field) => field.read());
    const lacking = read.find(({ ask }) => ask);
    return lacking ? lacking.ask : llmlabSite.verdict(exercise, read);
})"""


def answers(id: str, form: Form, chance: random.Random) -> list[tuple]:
    """Every answer where they are few; else those with what the check names, neighbours of it, and any others."""
    numbers, words = verdicts_values.named_values(exercise(id))

    def near(field: Number) -> list[float]:
        small = [chance.randint(-5, 60) for _ in range(30)] + [
            chance.randint(0, 10 ** chance.randint(2, 7)) for _ in range(30)
        ]
        if field.whole:
            named = [int(one) for one in numbers if one == int(one)]
            return [*small, *(one + by for one in named for by in (-2, -1, 0, 1, 2))]
        close = [round(one + chance.uniform(-0.2, 0.2), chance.randint(1, 5)) for one in numbers for _ in range(3)]
        tight = [round(one, digits) for one in numbers for digits in (0, 1, 2, 3, 4)]
        return [*small, *(round(chance.uniform(-1, 20), 2) for _ in range(60)), *close, *tight]

    def values(field: Any) -> list:
        if isinstance(field, Number):
            return [one for one in near(field) if abs(one) <= verdicts_values.MOST and len(repr(abs(one))) <= 9]
        if isinstance(field, Word):
            more = ["Queen", "KING", "zebra", "Zoë", "woman"] if not field.length else ["NO", "xy", "hh", "gn"]
            return [*(word for word in words if not field.length or len(word) == field.length), *more]
        every = _tried(field, (), ())
        return every[1:] if isinstance(field, Several) and not field.none else every

    each = [values(field) for field in form.fields]
    total = 1
    for those in each:
        total *= len(those)
    if total <= 6000:
        return list(product(*each))
    named = [[one for one in those if one in set(numbers)] or those for those in each]
    some = [tuple(chance.choice(chance.choice(both)) for both in zip(each, named, strict=True)) for _ in range(2000)]
    return [*some, right_answer(id)]


def right_answer(id: str) -> tuple:
    names: dict[str, Any] = {}
    exec(sources()[id]["solution"], names)
    found = [names[name] for name in answer_names()[id]]
    found = list(found[0]) if len(found) == 1 and isinstance(found[0], tuple) else found
    return tuple(found[0]) if FORMS[id].joined else tuple(found)


def content_of(id: str) -> dict[str, Any]:
    text = (live.rendered("exercises") / f"{id[:2]}.js").read_text(encoding="utf-8")
    return json.loads(text.removeprefix("llmlabSite.exercises(").removesuffix(");\n"))[id]


def plain_number(value: Any) -> Any:
    """As the page reads it: 7.0 is typed as 7."""
    return int(value) if isinstance(value, float) and value == int(value) else value


@pytest.fixture(scope="module")
def all_exercises(browser: Browser, tmp_path_factory) -> Iterator[Site]:
    made = browser.new_context()
    yield with_exercises(made, tmp_path_factory.mktemp("all"), *FORMS)
    made.close()


@pytest.mark.parametrize("id", FORMS)
def test_a_page_says_of_thousands_of_answers_what_the_check_says(all_exercises, id):
    form = FORMS[id]
    given = answers(id, form, random.Random(id))
    assert len(given) >= 4
    found = all_exercises.page.evaluate(_LOOK_UP, [content_of(id), given])
    seen = set()
    for values, said in zip(given, found, strict=True):
        assert isinstance(said, dict), f"{values}: the page asks {said!r}"
        status, box = verdict(exercise(id), answer_of(form, [plain_number(one) for one in values]))
        box = linked(box, id[:2])
        assert (said["status"], unescape(said["html"])) == (status, unescape(box)), values
        seen.add(unescape(box).partition("You answered")[0])
    assert len(seen) >= min(4, len(given)) and any("✓ passed" in one for one in seen)
    assert all_exercises.errors == []


# ---- pressed by hand -------------------------------------------------------------------------------------------------


def fill(box: Locator, form: Form, values: Any) -> None:
    for at, (field, value) in enumerate(zip(form.fields, values, strict=True)):
        node = box.locator(".answer-field:not(.answer-reason)").nth(at)
        match field:
            case Number() | Word():
                node.locator("input").fill(str(value))
            case Pick(options=options):
                node.locator("input").nth(list(options).index(value)).check()
            case Several(options=options):
                for number, option in enumerate(options):
                    node.locator("input").nth(number).set_checked(option in value)
            case Order():
                while node.locator('[aria-pressed="true"]').count():
                    node.locator('[aria-pressed="true"]').first.click()
                for letter in value:
                    node.get_by_role("button", name=letter, exact=True).click()
    box.get_by_role("button", name="Check").click()


@pytest.mark.parametrize("id", FORMS)
def test_pressed_answers_look_as_in_the_notebook(context, tmp_path, id):
    """Each option of a choice, some answers elsewhere, then the right one: the same box, with the same folds."""
    form, done = FORMS[id], exercise(id)
    site = with_exercises(context, tmp_path, id)
    box = site.exercise(id)
    chance = random.Random(1)
    every = [_tried(field, [0, 3], ["no", "cat"]) for field in form.fields]
    if len(form.fields) == 1 and isinstance(form.fields[0], Pick):
        wrong = [(letter,) for letter in every[0] if (letter,) != right_answer(id)]
    else:
        wrong = [tuple(chance.choice(those) for those in every) for _ in range(2)]
    for tries, values in enumerate([*wrong, right_answer(id)], 1):
        if isinstance(form.fields[0], Several) and not form.fields[0].none and not values[0]:
            continue
        done._tries = tries - 1  # as many as the page has seen
        fill(box, form, values)
        result = done.check(answer_of(form, [plain_number(one) for one in values]))
        expected = linked(result._repr_html_(), id[:2])
        anchor = expected.partition(" style=")[0].removeprefix("<div")
        assert box.locator(".answer-verdict").evaluate(
            "(node, html) => { const other = document.createElement('div'); other.innerHTML = html;"
            " return node.innerHTML === other.innerHTML; }",
            expected.replace(anchor, "", 1),
        ), f"{values}: {box.locator('.answer-verdict').inner_html()}"
    assert "✓ passed" in box.locator(".answer-verdict").inner_text()
    assert site.errors == []


# ---- results are kept in the browser ---------------------------------------------------------------------------------

PROGRESS = '<div class="llmlab-progress" data-lesson="03"></div><div class="llmlab-progress" id="all"></div>'


def choose(site: Site, id: str, letter: str) -> None:
    fill(site.exercise(id), FORMS[id], [letter])


def test_results_are_kept_shown_again_counted_and_cleared(context, tmp_path):
    site = with_exercises(context, tmp_path, "03.1", "03.3", more=PROGRESS)
    lesson, every = site.page.locator('[data-lesson="03"]'), site.page.locator("#all")
    expect(lesson).to_contain_text("Lesson 03, 2 of its 6 exercises can be answered here: 0 tried, 0 passed.")
    expect(site.page.get_by_role("button", name="Clear my results")).to_have_count(0)
    choose(site, "03.1", "a")
    expect(lesson).to_contain_text("1 tried, 0 passed")
    choose(site, "03.1", "d")
    expect(lesson).to_contain_text("1 tried, 1 passed")
    expect(lesson.locator("li").nth(0)).to_have_text("03.1 · How many predictions does a batch train? (✓ passed)")
    expect(lesson.locator("li").nth(1)).to_have_text("03.2 · Write the windows (in the notebook)")
    expect(lesson.locator("li a").nth(2)).to_have_attribute("href", "#exercise-03-3")
    expect(every.locator("tr").nth(3)).to_have_text("03■□1 of 2 passed")
    choose(site, "03.1", "b")
    expect(lesson).to_contain_text("1 tried, 1 passed")

    site.page.reload()
    expect(site.exercise("03.1").locator(".answer-verdict")).to_contain_text("4 is what one window trains.")
    expect(site.exercise("03.1").get_by_label("b", exact=True)).to_be_checked()
    expect(site.exercise("03.3").locator(".answer-verdict")).to_be_empty()
    expect(lesson).to_contain_text("1 tried, 1 passed")

    lesson.get_by_role("button", name="Clear my results").click()
    expect(lesson).to_contain_text("1 tried")
    lesson.get_by_role("button", name="Press once more").click()
    expect(lesson).to_contain_text("0 tried, 0 passed")
    expect(site.exercise("03.1").locator(".answer-verdict")).to_be_empty()
    expect(site.exercise("03.1").get_by_label("b", exact=True)).not_to_be_checked()
    assert site.page.evaluate("() => localStorage.length") == 0
    assert site.errors == []


def test_the_solution_opens_after_three_tries(context, tmp_path):
    site = with_exercises(context, tmp_path, "01.2")
    box = site.exercise("01.2").locator(".answer-verdict")
    for tries, letter in enumerate("aba", 1):
        choose(site, "01.2", letter)
        expect(box.locator("details")).to_have_count(3 if tries < 3 else 4)
    expect(box.locator("summary").last).to_have_text("Solution of 01.2")


def test_passing_once_more_is_no_new_try(context, tmp_path):
    site = with_exercises(context, tmp_path, "03.1")
    for letter, folds in (("d", 1), ("d", 1), ("a", 3), ("b", 4)):
        choose(site, "03.1", letter)
        expect(site.exercise("03.1").locator(".answer-verdict details")).to_have_count(folds)


def test_what_was_typed_is_text(context, tmp_path):
    site = with_exercises(context, tmp_path, "04.4")
    read = [{"cell": 0, "value": "cat"}, {"cell": 0, "value": 1}, {"cell": 0, "value": "<img src=x onerror=alert(1)>"}]
    said = site.page.evaluate("([exercise, read]) => llmlabSite.verdict(exercise, read)", [content_of("04.4"), read])
    assert "&#60;img" in said["html"] and "<img" not in said["html"]


@pytest.mark.parametrize("refuses", ["getItem", "setItem", "all"])
def test_a_browser_that_keeps_nothing_answers_all_the_same(context, tmp_path, refuses):
    throws = "() => { throw new DOMException('no', 'SecurityError'); }"
    context.add_init_script(
        f"Object.defineProperty(window, 'localStorage', {{ get: {throws} }});"
        if refuses == "all"
        else f"Storage.prototype.{refuses} = {throws};"
    )
    site = with_exercises(context, tmp_path, "03.1", more=PROGRESS)
    choose(site, "03.1", "d")
    expect(site.exercise("03.1").locator(".answer-verdict")).to_contain_text("✓ passed")
    lesson = site.page.locator('[data-lesson="03"]')
    expect(lesson).to_contain_text("1 tried, 1 passed")
    if refuses != "getItem":
        expect(lesson).to_contain_text("This browser keeps nothing for this page")
    lesson.get_by_role("button", name="Clear my results").click()
    lesson.get_by_role("button", name="Press once more").click()
    expect(lesson).to_contain_text("0 tried")
    assert site.errors == []


@pytest.mark.parametrize(
    "kept",
    ["nonsense", '{"edition": 1, "results": {"03.1": {"best": "passed"}}}', '{"edition": 2, "results": {"03.1": {}}}'],
)
def test_what_is_kept_and_no_use_does_no_harm(context, tmp_path, kept):
    context.add_init_script(f"localStorage.setItem('llmlab.progress', {json.dumps(kept)})")
    site = with_exercises(context, tmp_path, "03.1", more=PROGRESS)
    expect(site.page.locator('[data-lesson="03"]')).to_contain_text("0 passed")
    choose(site, "03.1", "d")
    expect(site.page.locator('[data-lesson="03"]')).to_contain_text("1 passed")
    assert site.errors == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("", "8"), "Trained at stride 4: write a number."),
        (("996", "many"), "Trained at stride 5: write a number, with digits alone."),
        (("99,6", "8"), "Trained at stride 4: write decimals after a point, as in 0.5."),
        (("996.5", "8"), "Trained at stride 4: write a whole number."),
        (("996", "123456789"), "Trained at stride 5: write a number with at most eight digits."),
    ],
)
def test_an_answer_without_form_is_asked_for_again_and_is_no_try(context, tmp_path, typed, said):
    site = with_exercises(context, tmp_path, "03.3")
    box = site.exercise("03.3")
    fill(box, FORMS["03.3"], typed)
    expect(box.locator(".answer-lacking")).to_have_text(said)
    expect(box.locator("input:focus")).to_have_count(1)
    expect(box.locator(".answer-verdict")).to_be_empty()
    assert site.page.evaluate("() => localStorage.length") == 0
    fill(box, FORMS["03.3"], ["996", "0,800"] if typed[0] == "996" else [" 996 ", "800"])
    if typed[0] != "996":
        expect(box.locator(".answer-verdict")).to_contain_text("✓ passed")


def test_numbers_may_be_written_as_people_write_them(context, tmp_path):
    site = with_exercises(context, tmp_path, "10.5", "09.4")
    for first, second in (("1,000,000", "125 000"), ("1000000", "125000.0"), ("1_000_000", "125'000")):
        fill(site.exercise("10.5"), FORMS["10.5"], [first, second])
        expect(site.exercise("10.5").locator(".answer-verdict")).to_contain_text("✓ passed")
    fill(site.exercise("09.4"), FORMS["09.4"], ["−6.9", ".5"])
    expect(site.exercise("09.4").locator(".answer-verdict")).to_contain_text("A loss is not negative")


def test_answers_need_no_mouse_and_axe_finds_nothing(context, tmp_path):
    for theme in ("light", "dark"):
        body = "".join(map(live.exercise_box, ("01.2", "03.3", "09.2", "00.5"))) + PROGRESS
        site = Site(context, tmp_path, body, theme=theme)
        box = site.exercise("01.2")
        box.get_by_label("a", exact=True).focus()
        for key in ("ArrowRight", "ArrowRight", "Enter"):
            site.page.keyboard.press(key)
        expect(box.locator(".answer-verdict")).to_contain_text("✓ passed")
        found = [
            rule for rule in Axe().run(site.page).response["violations"] if rule["impact"] in ("serious", "critical")
        ]
        assert found == []


# ---- explorers -------------------------------------------------------------------------------------------------------


def with_explorers(context: BrowserContext, folder: Any, *names: str, after: str = "", between: str = "") -> Site:
    site = Site(context, folder, between.join(map(live.explorer_box, names)), after=after)
    expect(site.page.locator(".llmlab-live").first).to_be_visible()
    return site


def loaded(site: Site, name: str) -> list[str]:
    """The parts of an explorer that the page has asked for."""
    return site.page.evaluate(
        "(name) => [...document.scripts].map((one) => one.src).filter((src) => src.includes(`/${name}/`))"
        ".map((src) => src.split('/').pop())",
        name,
    )


@pytest.mark.parametrize("name", llmlab.explorers.__all__)
def test_a_page_shows_of_an_explorer_what_the_notebook_shows(context, tmp_path, name):
    """Some of the states that it holds, by their address: picture, reason, numbers, words, target and code."""
    made = edition(name)
    explorer, states = made.explorer, made.states()
    site = with_explorers(context, tmp_path, name)
    root = site.page.locator(".llmlab-live")
    if explorer.has_more:
        root.get_by_text("All the numbers").click()
    for state in [*random.Random(name).sample(states, min(4, len(states))), states[-1], states[0]]:
        changed = {key: value for key, value in state.items() if value != states[0][key]}
        address = urlencode(
            {key: str(value).lower() if value in (True, False) else value for key, value in changed.items()}
        )
        site.page.evaluate(
            "(hash) => { location.hash = hash; }", address or f"{next(iter(state))}={states[0][next(iter(state))]}"
        )
        frame = explorer._frame(state, more=True)
        expect(root.locator(".llmlab-words")).to_have_text(frame["text"])
        expect(root.locator("pre").last).to_have_text(frame["code"])
        for part, html in ((".llmlab-hero", "html"), (".llmlab-why", "why"), (".llmlab-more", "more")):
            if explorer.has_more or html != "more":
                site.page.wait_for_function(
                    f"([node, html]) => ({SHOWS})(node, html)", arg=[root.locator(part).element_handle(), frame[html]]
                )
        expect(root.locator(".llmlab-distance")).to_have_text(frame["target"].strip())
        expect(root.locator(".llmlab-mark")).to_have_text(
            "" if not frame["target"] else "✓" if frame["reached"] else "○"
        )
    assert site.errors == []
    assert set(loaded(site, name)) <= {"opening.js", *(f"{number}.js" for number in range(len(made.parts())))}


def test_parts_come_when_they_are_needed_and_once(context, tmp_path):
    site = with_explorers(context, tmp_path, "WindowMap", "WindowMap")
    pause(site.page, 500)
    assert loaded(site, "WindowMap") == ["opening.js"], "nothing has been touched"
    window_map = llmlab.explorers.WindowMap()
    for root in site.page.locator(".llmlab-live").all():
        root.locator('input[name="max_length"]').focus()
        site.page.keyboard.press("ArrowRight")
        frame = window_map._frame({**window_map.state, "max_length": 5})
        expect(root.locator(".llmlab-words")).to_have_text(frame["text"])
    pause(site.page, 300)
    assert loaded(site, "WindowMap") == ["opening.js", "0.js"], "the part of the first stride"
    site.page.locator('input[name="stride"]').first.focus()
    pause(site.page, 500)
    assert loaded(site, "WindowMap") == ["opening.js", "0.js", "1.js", "2.js"], "and of its neighbours, no others"


def test_the_state_stands_in_the_address_and_comes_from_it(context, tmp_path):
    gap = '<p style="height: 3000px">text</p>'
    site = with_explorers(context, tmp_path, "WindowMap", "MergePlayer", "WindowMap", between=gap)
    page = site.page
    first = page.locator(".llmlab-live").first
    first.locator('input[name="stride"]').fill("5")
    page.wait_for_function("() => location.hash === '#stride=5'")
    first.locator('input[name="shuffle"]').check()
    page.wait_for_function("() => location.hash === '#stride=5&shuffle=true'")
    first.get_by_role("button", name="Reset").click()
    page.wait_for_function("() => location.hash === ''")

    page.goto(site.address + "#2.merges=7&2.pretokenize=true&3.stride=9")
    page.reload()
    player = page.locator('[data-explorer="MergePlayer"]')  # the map above it may be live by then, or not
    expect(player.locator('input[name="merges"]')).to_have_value("7")
    expect(player.locator('input[name="pretokenize"]')).to_be_checked()
    expect(player).to_be_in_viewport()
    player.locator('input[name="merges"]').fill("8")
    page.wait_for_function("() => location.hash === '#2.merges=8&2.pretokenize=true&3.stride=9'")
    page.locator('[data-explorer="WindowMap"]').last.scroll_into_view_if_needed()
    expect(page.locator('[data-explorer="WindowMap"]').last.locator('input[name="stride"]')).to_have_value("9")
    assert site.errors == []


def test_what_the_address_asks_for_stays_in_view_while_what_stands_above_it_grows(context, tmp_path):
    grows = '<p class="grows" style="min-height: 1000px">text</p>'
    names = ("WindowMap", "MergePlayer", "WindowMap")
    site = with_explorers(context, tmp_path, *names, between=grows, after="#2.merges=7")
    page, player = site.page, site.page.locator('[data-explorer="MergePlayer"]')
    expect(player.locator('input[name="merges"]')).to_have_value("7")
    pause(page, 500)
    top = "(node) => Math.abs(node.getBoundingClientRect().top)"
    assert player.evaluate(top) < 20
    # A browser keeps what is in view where it is, but not always, and some never do.
    page.add_style_tag(content="* { overflow-anchor: none; } .grows { height: 4000px; }")
    pause(page, 100)
    assert player.evaluate(top) < 20

    # Whoever scrolls is not brought back.
    page.mouse.wheel(0, -2500)
    page.wait_for_function(f"(node) => ({top})(node) > 2000", arg=player.element_handle())
    page.add_style_tag(content=".grows { height: 4100px !important; }")
    pause(page, 100)
    expect(player).not_to_be_in_viewport()
    assert site.errors == []


def test_an_address_of_nothing_says_so_and_an_anchor_stays_one(context, tmp_path):
    site = with_explorers(context, tmp_path, "WindowMap", after="#stride=99&colour=red")
    news = site.page.locator(".llmlab-remark").last
    expect(news).to_have_text("The address asks for stride=99, colour=red: this picture does not have that here.")
    expect(site.page.locator('input[name="stride"]')).to_have_value("2")
    site.page.evaluate("() => { location.hash = 'some-heading'; }")
    # On and off at once: who pauses between has moved the controls, which the address then says.
    site.page.locator('input[name="shuffle"]').evaluate("(box) => { box.click(); box.click(); }")
    pause(site.page, 600)
    assert site.page.evaluate("() => location.hash") == "#some-heading"
    assert site.errors == []


def test_a_part_that_is_missing_is_an_error_of_its_own_states(context, tmp_path):
    live.page(tmp_path, "")
    parts = tmp_path / "_static" / "explorers"
    shutil.copytree(live.rendered("explorers") / "WindowMap", parts / "WindowMap")
    shutil.copy(live.rendered("explorers") / "host.js", parts)
    (parts / "WindowMap" / "4.js").unlink()
    site = with_explorers(context, tmp_path, "WindowMap", "MergePlayer")
    stride = site.page.locator('input[name="stride"]')
    stride.fill("5")
    expect(site.page.locator(".llmlab-error")).to_contain_text("could not be loaded")
    stride.fill("4")
    expect(site.page.locator(".llmlab-error")).to_have_count(0)
    (
        expect(site.page.locator('[data-explorer="MergePlayer"]')).to_have_text("still"),
        "what cannot come leaves its picture",
    )


def test_an_old_browser_keeps_the_picture(context, tmp_path):
    context.add_init_script("delete window.DecompressionStream")
    site = Site(context, tmp_path, live.explorer_box("WindowMap"))
    expect(site.page.locator('[data-explorer="WindowMap"]')).to_contain_text("open this page in a newer browser")
    assert site.page.locator(".llmlab-live").count() == 0 and site.errors == []
