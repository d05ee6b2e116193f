"""What is live in the site's pages, opened from the disk in a real Chromium: answers to exercises, explorers."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from html import unescape
from itertools import product
from typing import Any

import pytest
import verdicts_values
from playwright.sync_api import Browser, BrowserContext, Locator, expect
from verdicts_forms import FORMS, Form, Number, Order, Pick, Several, Word
from verdicts_table import _tried, answer_of, verdict

from llmlab.exercises import exercise
from llmlab.exercises.engine.sources import answer_names, sources
from tests.site import live

# JavaScript: refuse everything that is not on the disk, and tell of it.
_BLOCKED = "**/*"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of its own for each test: nothing is kept from the one before."""
    made = browser.new_context(viewport={"width": 1000, "height": 900})
    made.set_default_timeout(10_000)
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
    text = (live.rendered() / "exercises" / f"{id[:2]}.js").read_text(encoding="utf-8")
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
        expected = result._repr_html_()
        anchor = expected.partition(" style=")[0].removeprefix("<div")
        assert box.locator(".answer-verdict").evaluate(
            "(node, html) => { const other = document.createElement('div'); other.innerHTML = html;"
            " return node.innerHTML === other.innerHTML; }",
            expected.replace(anchor, "", 1),
        ), f"{values}: {box.locator('.answer-verdict').inner_html()}"
    assert "✓ passed" in box.locator(".answer-verdict").inner_text()
    assert site.errors == []
