"""For `pytest --nbval notebooks`: start a kernel anew when it dies before it has run anything."""

from __future__ import annotations

from llmlab._nbval_reports import start_again, start_kernels_again

__all__ = ["start_again"]


def pytest_configure() -> None:
    """Runs before any kernel is started."""
    start_kernels_again()
