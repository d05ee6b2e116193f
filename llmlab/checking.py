"""What the first edition documented here; the code is in `llmlab.instructors.check`."""

from llmlab.instructors.check import *  # noqa: F403
