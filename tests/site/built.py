"""The whole site, built once for all processes of a test run, and its pages."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

from tests.site.live import ROOT

OUT = ROOT / "site" / "out"
_LOCK = ROOT / "site" / "cache" / "building"


@cache
def site() -> Path:
    """The folder of the built site. The first process of a test run builds it, the others wait for that.

    Raises:
        AssertionError: it cannot be built.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    _LOCK.parent.mkdir(parents=True, exist_ok=True)
    with open(_LOCK, "a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        if lock.read() != run:
            started = time.monotonic()
            done = subprocess.run([sys.executable, "site/build_site.py"], cwd=ROOT, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
            print(f"the site was built in {time.monotonic() - started:.0f} s")
            lock.truncate(0)
            lock.write(run)
    return OUT


def pages() -> list[str]:
    """The site's pages, from its root and in order."""
    return sorted(path.relative_to(site()).as_posix() for path in site().rglob("*.html"))
