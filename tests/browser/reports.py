"""What browser tests measure: printed, and kept as JSON where LLMLAB_TEST_RESULTS names a folder."""

from __future__ import annotations

import json
import os
from typing import Any

from tests.browser.lab import ROOT


def report(name: str, content: Any) -> None:
    """Keep a result as JSON where LLMLAB_TEST_RESULTS names a folder (test-results/ is not tracked)."""
    print(f"{name}: {json.dumps(content)}")
    if folder := os.environ.get("LLMLAB_TEST_RESULTS"):
        place = ROOT / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
