"""The instructors' pages on a phone: no table of a small class is wider than the screen."""

from __future__ import annotations

import dataclasses

import pytest
from playwright.sync_api import Browser

from llmlab.instructors.grade.feedback import feedback
from llmlab.instructors.grade.points import Points
from llmlab.instructors.grade.report import class_report
from tests.instructors.test_for_the_class import ROWS

TAKEN = [
    dataclasses.replace(row, seconds=49.7, notebook=f"{row.student}/03_sliding_window.ipynb", same_code="the solution")
    for row in ROWS
]
PAGES = {
    "the class": class_report(TAKEN, ["a.txt is no notebook"], Points()),
    "anna": feedback("anna", TAKEN[:2], Points()),
}


@pytest.mark.parametrize("page", PAGES)
def test_all_columns_are_in_sight_on_a_phone(browser: Browser, page: str):
    phone = browser.new_page(viewport={"width": 390, "height": 800})
    phone.set_content(PAGES[page])
    wider = "() => [...document.querySelectorAll('.wide, html')].filter((node) => node.scrollWidth > node.clientWidth)"
    assert phone.evaluate(f"({wider})().map((node) => node.innerText)") == []
    phone.close()
