"""The process that reads the files of a class: bounded in time and memory, whatever a file holds, and never the grader.

It runs the course's own code alone, line by line from its input: a file, or a member of a zip. Where a file brings it
down, a fresh one reads the next.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import queue
import stat
import subprocess
import sys
import threading
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

from llmlab.instructors.grade.notebooks import MOST_BYTES, read_notebook
from llmlab.instructors.grade.pipes import pipes
from llmlab.instructors.grade.places import import_path
from llmlab.instructors.grade.walk import stem

_BOOT = "import sys; sys.path[:] = {path!r}; from llmlab.instructors.grade.reader import main; main()"
_SECONDS = 30.0  # for one file
_MEGABYTES = 1000  # of memory
_MOST_MEMBERS = 2_000  # of one zip
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack a few bytes to any number at once


class Unread(Exception):
    """A file that cannot be read; the text says why, as the rest of a sentence on the file."""


class Reader:
    """The grader's handle on that process, which is started when it is needed; `close` ends it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.Queue[bytes | None] = queue.Queue()

    def notebook(self, path: Path, member: str = "") -> dict[str, Any]:
        """What `read_notebook` says, and the "fingerprint" of the file.

        Raises:
            Unread: it cannot be read.
        """
        return self._ask(do="notebook", path=os.fsencode(path).hex(), member=member)

    def members(self, path: Path) -> list[str]:
        """The names of the files in a zip.

        Raises:
            Unread: it cannot be read.
        """
        return self._ask(do="members", path=os.fsencode(path).hex())["members"]

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in pipes(self._process):
                pipe.close()
            self._process = None

    def _ask(self, **order: str) -> dict[str, Any]:
        to_it, _ = pipes(self._started())
        try:
            to_it.write(json.dumps(order).encode() + b"\n")
            to_it.flush()
            line = self._lines.get(timeout=_SECONDS)
        except queue.Empty:
            self.close()
            raise Unread(f"takes longer than {_SECONDS:.0f} s to read") from None
        except OSError:
            line = None
        if line is None:
            self.close()
            raise Unread("cannot be read: the process that read it came to its end, so nothing of it is known")
        heard = json.loads(line)
        if "unread" in heard:
            raise Unread(heard["unread"])
        return heard

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-B", "-c", _BOOT.format(path=import_path())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=os.name == "posix",  # Ctrl-C is the grader's
            )
            self._lines = queue.Queue()
            threading.Thread(target=self._listen, args=(self._process, self._lines), daemon=True).start()
        return self._process

    @staticmethod
    def _listen(process: subprocess.Popen[bytes], lines: queue.Queue[bytes | None]) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in pipes(process)[1]:
                lines.put(line)
        lines.put(None)


def main() -> None:
    """Read what is asked for, line by line, until the input ends."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (_MEGABYTES * 2**20,) * 2)
    for line in sys.stdin:
        try:
            answer = json.dumps(_done(json.loads(line)))
        except Unread as error:
            answer = json.dumps({"unread": str(error)})
        except MemoryError:
            answer = json.dumps({"unread": f"needs more than {_MEGABYTES} MB of memory to be read; clear its outputs"})
        print(answer, flush=True)


def _done(order: dict[str, str]) -> dict[str, Any]:
    path = Path(os.fsdecode(bytes.fromhex(order["path"])))
    if order["do"] == "members":
        return {"members": _members(path)}
    content = contents(path, order["member"])
    name = PurePosixPath(order["member"]).name if order["member"] else path.name
    return read_notebook(content, stem(name)) | {"fingerprint": hashlib.sha256(content).hexdigest()[:16]}


def contents(path: Path, member: str = "", most: int = MOST_BYTES) -> bytes:
    """The bytes of a file or of a member of a zip.

    Raises:
        Unread: there are more than `most`, or it cannot be opened.
    """
    try:
        with _opened(path) as file:
            if not member:
                content = file.read(most + 1) if os.fstat(file.fileno()).st_size <= most else None
            else:
                with zipfile.ZipFile(file) as archive:
                    found = archive.getinfo(member)
                    if found.compress_type not in _BOUNDED:
                        raise NotImplementedError("it is compressed in another way than zips are: zip it again")
                    content = None
                    if found.file_size <= most:
                        with archive.open(found) as inner:  # its size is only what it says of itself
                            content = inner.read(most + 1)
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, KeyError, ValueError, EOFError) as error:
        raise Unread(f"cannot be opened ({_why(error)})") from None
    except Exception as error:  # what a broken compression raises has many classes
        raise Unread(f"cannot be opened ({type(error).__name__})") from None
    if content is None or len(content) > most:
        raise Unread(f"has more than {most // 2**20} MB; clear its outputs")
    return content


def _members(path: Path) -> list[str]:
    try:
        with _opened(path) as file:
            if os.fstat(file.fileno()).st_size > MOST_BYTES:
                raise Unread(f"has more than {MOST_BYTES // 2**20} MB")
            with zipfile.ZipFile(file) as archive:
                names = [one.filename for one in archive.infolist() if not one.is_dir()]
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise Unread(f"is no zip that can be opened ({_why(error)})") from None
    if len(names) > _MOST_MEMBERS:
        raise Unread(f"holds {len(names):,} files, more than {_MOST_MEMBERS:,}")
    return names


def _opened(path: Path) -> Any:
    """The file, opened without waiting and without following a link: it may have been replaced since it was found."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is no file any more")
    return os.fdopen(descriptor, "rb")


def _why(error: Exception) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error).split())[:200]


if __name__ == "__main__":
    main()
