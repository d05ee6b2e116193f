"""What the first edition documented here; the code is in `llmlab.instructors.grade`."""

from llmlab.instructors.grade import *  # noqa: F403
