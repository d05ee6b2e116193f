"""Reading a text: the bundled ones, The Verdict on demand, or a file of one's own."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from reprlib import repr as shortened

from llmlab.utils.bundled import data_path
from llmlab.utils.text import read_utf8

BUNDLED = {  # name -> file; the last three are samples for a model of one's own (lesson 16)
    "story": "story.txt",
    "keepers-log": "samples/keepers-log.txt",
    "maerchen": "samples/maerchen.txt",
    "recetas": "samples/recetas.txt",
}
NAMES = (*BUNDLED, "the-verdict")

_VERDICT_FILE = "the-verdict.txt"
_VERDICT_SHA256 = "b41e41a68f0398a3154ae69e2e4c0e2694e17fe0d66730536837f1b01935b31f"
_VERDICT_URL = (
    "https://raw.githubusercontent.com/rasbt/LLMs-from-scratch/main/ch02/01_main-chapter-code/the-verdict.txt"
)


def load_text(name: str | Path = "story") -> str:
    """A text, exactly as its file has it: line endings are not translated.

    Only a UTF-8 byte order mark at the beginning of the file is left out: it is a signature, not text.

    Args:
        name: "story", the course's own story; "keepers-log" (English), "maerchen" (German) or "recetas" (Spanish), the
            samples of lesson 16 (all four need no network); "the-verdict", Edith Wharton's story of 1908, from the
            folder that the environment variable `LLMLAB_DATA` names, else from the user's cache, else downloaded into
            that cache; or the path of a UTF-8 text file of yours.

    Raises:
        ValueError: an unknown name; a file that is not UTF-8; The Verdict with a wrong checksum.
        FileNotFoundError: no file at that path; The Verdict is neither on this machine nor to be downloaded.
        TypeError: `name` is neither a string nor a path.

    >>> load_text()[:40]
    'The piano came to the island on a Tuesda'
    """
    if not isinstance(name, (str, Path)):
        raise TypeError(f"name must be 'story', 'the-verdict' or a path, got {name!r}")
    if name in BUNDLED:
        return read_utf8(data_path(BUNDLED[name]))
    if name == "the-verdict":
        return read_utf8(_verdict_path())
    if _is_file(name):
        return read_utf8(Path(name))
    if isinstance(name, Path):
        raise FileNotFoundError(f"there is no text file at {name} (seen from {Path.cwd()})")
    raise ValueError(
        f"unknown text {shortened(name)}: the known names are {', '.join(map(repr, NAMES[:-1]))} and {NAMES[-1]!r}, "
        f"and no file has that path (seen from {Path.cwd()})"
    )


def _is_file(name: str | Path) -> bool:
    try:
        return Path(name).is_file()
    except OSError:  # longer than a path may be: a text where a path is expected
        return False


def _verdict_path() -> Path:
    """The Verdict on this machine, its checksum verified; downloaded when it is not here yet."""
    import pooch  # here, because most learners never need it

    cache = Path(pooch.os_cache("llmlab"))
    folder = os.environ.get("LLMLAB_DATA")
    for path in [Path(place) / _VERDICT_FILE for place in (folder, cache) if place]:
        if path.is_file():
            found = hashlib.sha256(path.read_bytes()).hexdigest()
            if found != _VERDICT_SHA256:
                raise ValueError(
                    f"{path} is not the expected text: its sha256 is {found}, expected {_VERDICT_SHA256}. "
                    f"Delete it and load it again, or put the file from {_VERDICT_URL} there."
                )
            return path
    try:
        return Path(pooch.retrieve(_VERDICT_URL, f"sha256:{_VERDICT_SHA256}", fname=_VERDICT_FILE, path=cache))
    except OSError as error:  # what requests raises without a network is one, too
        raise FileNotFoundError(
            f"The Verdict is not on this machine and could not be downloaded from {_VERDICT_URL} ({error}). "
            f"Put the file at {cache / _VERDICT_FILE}, or in a folder that the environment variable LLMLAB_DATA names "
            f"(now: {folder or 'not set'}). The course does not need it: load_text() gives the story without a network."
        ) from error
