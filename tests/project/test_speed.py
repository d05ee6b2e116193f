"""docs/SPEED.md says what the recorded benchmarks say: every row that it promises, and no other figure."""

from __future__ import annotations

import importlib

import pytest

from tests import ROOT


@pytest.fixture
def report(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("_report")


def test_every_row_of_the_page_is_found_in_what_was_recorded(report):
    found, missing = report.goals()
    assert missing == []
    assert len(found) > len(report.RATIOS) > 20


def test_the_page_is_the_one_that_the_records_make(report):
    found, _ = report.goals()
    page = (report.DOCS / "SPEED.md").read_text(encoding="utf-8")
    assert page == report.page(found), "docs/SPEED.md is stale: python benchmarks/_report.py"


def test_a_row_that_was_not_recorded_is_said_to_be_missing(report, monkeypatch):
    work = "a kind of work that no benchmark knows"
    monkeypatch.setattr(report, "RATIOS", (("bpe", ("no such row",), work, 1, ""), *report.RATIOS))
    assert report.goals()[1] == [work]
