"""The command `llmlab`, also as `python -m llmlab`; what it does stands in `llmlab.cli`."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Run the command line, or say what it needs."""
    _leave_here_out()
    try:
        import rich  # noqa: F401
        import typer  # noqa: F401
    except ModuleNotFoundError as error:
        sys.exit(f"The command line needs {error.name}, which is not installed here: pip install typer rich")
    from llmlab.cli import app

    app(prog_name="llmlab")


def _leave_here_out() -> None:
    """Import nothing from the folder in which `python -m llmlab` was typed: it may hold files that students gave in.

    Unless the course itself is run from there.
    """
    here = os.getcwd()
    if sys.path and sys.path[0] in ("", here) and not Path(__file__).is_relative_to(here):
        del sys.path[0]


if __name__ == "__main__":
    main()
