"""What can be done to the training replay, and the live curve while its kernel is busy, on a bare page."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from llmlab.explorers import TrainingCurve, TrainingReplay
from llmlab.training import History
from tests.browser.plain import Plain


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    made = browser.new_page(viewport={"width": 1000, "height": 1000})
    made.set_default_timeout(10_000)
    yield made
    made.close()


def middle(plain: Plain, key: str) -> tuple[float, float]:
    box = plain.key(key).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_target_is_reached_by_pressing_dragging_and_following_the_mark(page):
    plain = Plain(page, TrainingReplay())
    distance, why = plain.root.locator(".llmlab-distance"), plain.root.locator(".llmlab-why")
    writes = plain.picture.locator(".llmlab-run-writes")
    plain.key("runE").click()
    expect(distance).to_contain_text("run E has the lowest loss of all")
    plain.key("cause too little text").click()
    expect(why).to_contain_text("✗ No, not too little text.")
    plain.key("cause targets not shifted").click()
    expect(why).to_contain_text("✓ Yes, targets not shifted")
    page.mouse.move(*middle(plain, "step240"))
    page.mouse.down()
    for step in (200, 120, 60, 30):  # one sweep: not let go
        page.mouse.move(*middle(plain, f"step{step}"), steps=3)
        expect(writes).to_contain_text(f"After step {step} it writes")
    page.mouse.up()
    expect(distance).to_contain_text("Reached: at step 30")
    plain.key("evidence").click()
    expect(writes).to_contain_text("After step 240 it writes")
    assert plain.errors == []


def test_the_playhead_goes_by_keys_and_plays_to_the_end(page):
    plain = Plain(page, TrainingReplay())
    writes = plain.picture.locator(".llmlab-run-writes")
    plain.key("step240").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(writes).to_contain_text("After step 220 it writes")
    plain.root.get_by_role("button", name="Up to: play").click()
    expect(writes).to_contain_text("After step 240 it writes")
    assert plain.errors == []


def history(steps: int) -> History:
    return History(
        loss=[1 + 5 * math.exp(-step / 70) for step in range(steps)],
        validation=[(step, 1.1 + 5 * math.exp(-step / 70)) for step in range(25, steps + 1, 25)],
    )


def test_the_axis_of_the_live_curve_changes_while_the_kernel_is_busy(page):
    curve = TrainingCurve(steps=400, goal=1.5, sample=lambda: "the king")
    plain = Plain(page, curve)
    curve._answer = lambda *_: None  # it trains, and hears nothing
    ticks, far = plain.picture.locator(".llmlab-run-ticks"), plain.picture.locator(".llmlab-run-far")
    curve.update(history(100))
    expect(far).to_contain_text("Step 100 of 400")
    plain.root.get_by_role("radio", name="logarithmic").check()
    expect(ticks).to_have_text("0.1110")  # 0.1, 1 and 10
    curve.update(history(200))
    expect(far).to_contain_text("Step 200 of 400")
    expect(ticks).to_have_text("0.1110")
    assert plain.errors == []
