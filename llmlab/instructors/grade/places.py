"""Where Python and the course lie on this machine: what grading processes import from, and may read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

NAMES_ONLY = "/."  # at the end of a place: its names may be read, not what its files hold
DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty"))
# Of /etc what programs look up to start, not what is secret there.
_ETC = (
    *("alternatives", "crypto-policies", "fonts", "group", "host.conf", "hosts", "ld.so.cache", "ld.so.conf"),
    *("ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf", "passwd", "pki/tls/certs", "services"),
    *("ssl/certs", "ssl/openssl.cnf", "timezone"),
)
SYSTEM = (
    *("/usr", "/lib", "/lib64", "/bin", "/sbin", "/sys", "/nix/store", "/var/cache/fontconfig"),
    *(f"/etc/{name}" for name in _ETC),
)
MEGABYTES_OF_FILES = 512  # that one submission may write, where its folder lies in memory
MEGABYTES_OF_TMP = 64  # and that its /tmp holds, where it has one of its own
_COURSE = Path(__file__).resolve().parents[3]  # the folder that holds the package `llmlab`, and `data` in a checkout


def import_path() -> list[str]:
    """`sys.path` for a grading process: not the folder in which the command was typed, unless the course lies there.

    A file among the submissions that is called like a module would otherwise run with the instructor's rights.
    """
    here = Path.cwd().resolve()
    entries = dict.fromkeys(str(Path(entry).resolve()) for entry in sys.path)
    return [entry for entry in entries if Path(entry) != here or here == _COURSE]


def readable() -> tuple[str, ...]:
    """What a submission's process must be able to read besides the system's own places.

    Of the folder that the course lies in only the names: Python looks for modules there.
    """
    course = [str(_COURSE / name) for name in ("llmlab", "data")]
    imported = [entry for entry in import_path() if Path(entry) != _COURSE]
    environments = [sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.path.realpath(sys.executable))]
    environments += map(os.path.realpath, environments[:3])
    found = dict.fromkeys((*course, *imported, *environments))
    return (*(path for path in found if os.path.exists(path)), f"{_COURSE}{NAMES_ONLY}")


def tree(read: tuple[str, ...]) -> list[tuple[str, str]]:
    """The system's places and `read`, parents before what lies in them: each with where it leads, if it is a link."""
    found: dict[str, str] = {}
    for place in sorted({*SYSTEM, *(path for path in read if not path.endswith(NAMES_ONLY))}):
        inside = any(place.startswith(f"{other}/") for other, link in found.items() if not link)
        if os.path.exists(place) and place != "/" and not inside:
            found[place] = os.readlink(place) if os.path.islink(place) else ""
    return list(found.items())
