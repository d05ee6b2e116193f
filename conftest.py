"""For all tests, `pytest --nbval notebooks` among them: nothing of what a learner has passed is read or kept.

And kernels without ports, started anew when one never answers; no failure unheard.
"""

from __future__ import annotations

import os

from llmlab.course import progress
from llmlab.instructors.check.kernels import make_nbval_strict


def pytest_configure() -> None:
    """Runs before any kernel is started."""
    os.environ[progress.VARIABLE] = progress.OFF
    make_nbval_strict()
