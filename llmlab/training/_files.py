"""The files of a checkpoint: written beside their place and moved there in one step, looked at before they are read.

The name of each file carries a digest of its content, so that damage is seen before anything is made of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

FORMAT = "llmlab checkpoint 1"
CONFIG = "config.json"
_DIGEST = re.compile(r"-([0-9a-f]{12})\.")


def prepare_folder(folder: Path) -> None:
    """Make the folder where there is none, and try whether files can be written in it.

    Raises:
        OSError: it is a file, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (FileExistsError, NotADirectoryError) as error:
        raise NotADirectoryError(
            f"a checkpoint is a folder, and {error.filename or folder} is a file: name another folder"
        ) from error
    except OSError as error:
        raise type(error)(f"the folder {folder} cannot be written ({error.strerror}): name another one") from error


def place(folder: Path, kind: str, suffix: str, write: Callable[[str], object], *, name: str | None = None) -> str:
    """Have `write` fill a file beside its place, flush it to the disk, then move it there in one step."""
    handle, partial = tempfile.mkstemp(prefix=".partial-", suffix=suffix, dir=folder)
    os.close(handle)
    try:
        write(partial)
        with open(partial, "rb+") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        name = name or f"{kind}-{digest[:12]}{suffix}"
        os.chmod(partial, 0o644)  # mkstemp makes files that only their owner can read
        os.replace(partial, folder / name)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    return name


def read_config(folder: Path) -> dict[str, Any]:
    """The content of a checkpoint's config.json, with all the parts that every checkpoint has.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is not one that `save_checkpoint` wrote.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise FileNotFoundError(
            f"no checkpoint in {folder}: it should hold a config.json that save_checkpoint wrote; "
            f"`llmlab train TEXT --out {folder}` makes one"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it holds no names with values")
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}, expected {FORMAT!r}")
        if not isinstance(content["model"], dict) or not isinstance(content["files"], dict):
            raise ValueError('"model" must name the sizes of the model, and "files" the other files')
        content["files"]["weights"]  # every checkpoint has them
        for name in content["files"].values():
            if not isinstance(name, str) or Path(name).name != name:
                raise ValueError(f"{name!r} is not the name of a file beside it")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else error
        raise ValueError(
            f"{path} is not the config.json of a checkpoint: {what}. Restore the file, or save the checkpoint again"
        ) from error
    return content


def whole_file(folder: Path, name: str) -> Path:
    """The path of a checkpoint's file, which is there and has the content that it was written with.

    Raises:
        FileNotFoundError: it is gone.
        ValueError: its content is not that of the digest in its name.
    """
    path = folder / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is named in config.json and is gone: restore it, or save the checkpoint again")
    if named := _DIGEST.search(name):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if not digest.startswith(named[1]):
            raise ValueError(
                f"{path} is damaged: its content is not what was saved under this name. Copy the file again from where "
                "it is whole, or save the checkpoint again"
            )
    return path
