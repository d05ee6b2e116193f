"""What a command of `llmlab` raises when it cannot do its work; the command line shows the sentence alone."""

from __future__ import annotations


class CommandRefused(Exception):
    """A command cannot be done as it was asked for; the message says why, and how to mend it."""
