"""What `llmlab export` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from llmlab.export._packing import Precision
from llmlab.export.pages import export_page
from llmlab.utils.commands import CommandRefused


def export(
    folder: Path,
    page: Path,
    *,
    title: str,
    about: str | None,
    prompts: Sequence[str],
    temperature: float,
    top_p: float,
    precision: Precision,
) -> int:
    """Write the page, say what it holds, and return the exit code.

    Raises:
        CommandRefused: there is no such checkpoint, or it cannot be a page; the message says why.
    """
    try:
        written = export_page(
            folder,
            page,
            title=title,
            about=about,
            prompts=prompts,
            temperature=temperature,
            top_p=top_p,
            precision=precision,
        )
    except (OSError, ValueError) as error:
        raise CommandRefused(f"{error}") from error
    print(f"{written.path}: {written.bytes / 1e6:.1f} MB, one file that runs in any browser, without a network")
    if written.rounding:
        print(f"rounded to {precision}: a logit moves by at most {written.rounding:.1g} where it was tried")
    return 0
