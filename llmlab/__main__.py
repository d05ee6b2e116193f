"""The command `llmlab`, also as `python -m llmlab`; what it does stands in `llmlab.cli`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, or say what it needs."""
    try:
        import rich  # noqa: F401
        import typer  # noqa: F401
    except ModuleNotFoundError as error:
        sys.exit(f"The command line needs {error.name}, which is not installed here: pip install typer rich")
    from llmlab.cli import app

    app(prog_name="llmlab")


if __name__ == "__main__":
    main()
