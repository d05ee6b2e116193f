"""For `pytest --nbval notebooks`: kernels without ports, started anew when one never answers."""

from __future__ import annotations

from llmlab.instructors.check.nbval_reports import start_again, start_kernels_again

__all__ = ["start_again"]


def pytest_configure() -> None:
    """Runs before any kernel is started."""
    start_kernels_again()
