"""For `pytest --nbval notebooks`: kernels without ports, started anew when one never answers; no failure unheard."""

from __future__ import annotations

from llmlab.instructors.check.kernels import make_nbval_strict


def pytest_configure() -> None:
    """Runs before any kernel is started."""
    make_nbval_strict()
