"""What can be done to the training replay, and the live curve while its kernel is busy, on a bare page."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from llmlab.explorers import TrainingCurve, TrainingReplay
from llmlab.training import History
from tests.browser.lab import PATIENCE, pause
from tests.browser.plain import Plain


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    made = browser.new_page(viewport={"width": 1000, "height": 1000})
    made.set_default_timeout(PATIENCE)
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


def test_a_live_curve_tells_its_losses_and_a_finished_one_is_swept(page):
    texts = iter(["one", "two", "three", "four"])
    curve = TrainingCurve(steps=100, goal=1.5, sample=lambda: next(texts))
    plain = Plain(page, curve)
    bubble, named = plain.root.locator(".llmlab-tip"), plain.picture.locator("output")
    curve.update(history(25))
    plain.key("step25").hover(position={"x": 3, "y": 60})
    expect(bubble).to_have_text("step 25: batches 5.23, validation 4.60")
    plain.forget_sent()
    plain.key("step25").click(position={"x": 3, "y": 60})
    pause(page, 500)
    assert plain.sent() == [] and curve.state["upto"] == "last", "the kernel trains: there is nobody to answer"
    for steps in (50, 75, 100):
        curve.update(history(steps))
    at_end = plain.picture.inner_html()
    page.mouse.move(*middle(plain, "step100"))
    page.mouse.down()
    for step, value, text in ((75, 2.81, "three"), (50, 3.55, "two"), (25, 4.60, "one")):  # one sweep: not let go
        page.mouse.move(*middle(plain, f"step{step}"), steps=3)
        expect(named.last).to_have_text(f"{value:.2f}")
        expect(plain.picture.locator(".llmlab-run-writes")).to_contain_text(f"After step {step} it writes{text}")
        expect(bubble).to_contain_text(f"step {step}: batches")
    page.mouse.up()
    pause(page, 500)
    assert curve.state["upto"] == "1" and curve.trace.at == 25
    page.keyboard.press("ArrowRight")
    expect(plain.picture.locator(".llmlab-run-writes")).to_contain_text("After step 50 it writes")
    plain.root.get_by_role("button", name="Reset").click()
    expect(plain.picture.locator(".llmlab-run-writes")).to_contain_text("After step 100 it writes")
    assert at_end.count("<polyline") == plain.picture.inner_html().count("<polyline") and plain.errors == []


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
