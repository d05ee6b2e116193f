"""Files that are written when the work is done: refused before it where they cannot be, kept where they fail then."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def require_writable(file: Path) -> None:
    """Raise unless a file can be written at this place; one that is there already stays as it is.

    Raises:
        IsADirectoryError, FileNotFoundError, NotADirectoryError: the place is a folder, or lies in none.
        OSError: the system does not allow it, for a reason that the message names.
        ValueError: the path is none, or what is there is no file: a device, a pipe.
    """
    if file.is_dir():
        raise IsADirectoryError(f"{file} is a folder: give the file to write, for example {file / 'results'}")
    if not file.parent.is_dir():
        kind = NotADirectoryError if file.parent.exists() else FileNotFoundError
        raise kind(f"{file.parent} is not a folder: make it first, {file.name} is written there")
    if file.exists() and not file.is_file():
        raise ValueError(f"{file} is a device or a pipe: give a file, which can be replaced when it is complete")
    new = not file.exists()
    with file.open("ab"):
        pass
    if new:
        file.unlink()


def replace_file(file: Path, content: str, encoding: str = "utf-8") -> None:
    """Write a file as a whole: the old or the new one is there, never half of it. Its mode stays, and so does a link.

    Where the folder takes no new file (its rights were changed meanwhile) it is written in place.

    Raises:
        OSError: neither can be done.
    """
    place = file.resolve()
    data = content.encode(encoding, errors="replace")
    temporary = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(place.stat().st_mode & 0o7777)
        temporary.replace(place)
    except PermissionError:
        place.write_bytes(data)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_or_keep(write: Callable[[Path], object], file: Path) -> str:
    """Write a file, or, where that fails, write it to a temporary folder and return a sentence that says so.

    Args:
        write: writes the whole of it to the path that it is given.
        file: where it belongs.
    """
    try:
        write(file)
        return ""
    except OSError as error:
        failed = f"{file} could not be written ({error.strerror or error})"
    try:
        kept = Path(tempfile.mkdtemp(prefix="llmlab-")) / file.name
        write(kept)
    except OSError as error:
        return f"{failed}, nor could a copy in the temporary folder ({error.strerror or error})."
    return f"{failed}. Nothing is lost: it is in {kept}."
