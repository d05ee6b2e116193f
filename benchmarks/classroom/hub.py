"""A JupyterHub in a temporary folder, with the course as a repository beside it: started, and cleared away whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import urlencode

import psutil

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
STARTS, STOPS = 60, 60  # seconds
BRANCH, COURSE = "main", "llmlab"


@dataclass(frozen=True)
class Culling:
    """After how many idle seconds kernels and servers go; 0 keeps them."""

    kernels: int = 0
    servers: int = 0


class Hub:
    """The hub, while it runs: `with Hub(culling) as hub`. Leaving ends every process and removes every file."""

    def __init__(self, culling: Culling) -> None:
        self.culling = culling
        self.password = secrets.token_urlsafe()

    def __enter__(self) -> Hub:
        self.folder = Path(tempfile.mkdtemp(prefix="classroom-"))
        self.process: psutil.Popen | None = None
        try:
            for name in ("homes", "tmp"):
                (self.folder / name).mkdir()
            make_repository(self.folder / COURSE)
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _start(self) -> None:
        port = free_ports(3)
        self.address = f"http://127.0.0.1:{port}"
        # Nothing of this shell decides what the students' kernels import.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LLMLAB_"))}
        environment = kept | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "CLASSROOM_FOLDER": str(self.folder),
            "CLASSROOM_PASSWORD": self.password,
            "CLASSROOM_PORT": str(port),
            "CLASSROOM_CULL_KERNELS": str(self.culling.kernels),
            "CLASSROOM_CULL_SERVERS": str(self.culling.servers),
        }
        with self.log.open("wb") as log:
            self.process = psutil.Popen(
                [sys.executable, "-m", "jupyterhub", "-f", HERE / "jupyterhub_config.py"],
                **{"cwd": self.folder, "env": environment, "stdout": log, "stderr": log},
                start_new_session=True,  # Ctrl-C is for the class, which then closes the hub in order
            )
        end = time.monotonic() + STARTS
        while not answers(f"{self.address}/hub/api/"):
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"JupyterHub did not start:\n{self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.5)

    @property
    def log(self) -> Path:
        """What hub, proxy and servers wrote."""
        return self.folder / "hub.log"

    def link(self, notebook: str) -> str:
        """The one link that a student follows: it fetches the course and opens a notebook."""
        wanted = {
            "repo": f"file://{self.folder / COURSE}",
            "branch": BRANCH,
            "urlpath": f"lab/tree/{COURSE}/notebooks/{notebook}",
        }
        return f"{self.address}/hub/user-redirect/git-pull?{urlencode(wanted)}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.process is not None:
                with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
                    self.process.terminate()  # the hub stops its proxy and every server
                    self.process.wait(STOPS)
        finally:  # also when Ctrl-C is pressed again
            end_all(self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)


def make_repository(folder: Path) -> None:
    """The last commit of this checkout as a repository that can be cloned.

    Raises:
        SystemExit: this folder is no git repository, or git is missing.
    """
    try:
        for arguments in (
            ["init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(folder)],
            ["-C", str(folder), "fetch", "--quiet", "--depth=1", f"file://{ROOT}", f"HEAD:refs/heads/{BRANCH}"],
        ):
            subprocess.run(["git", *arguments], check=True)
    except (OSError, subprocess.CalledProcessError):
        raise SystemExit("The students clone the last commit of this folder: it must be a git repository.") from None


def end_all(folder: Path) -> None:
    """End what is left: the hub with its environment, the students' servers, kernels and workers by their home."""
    left = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            told = process.environ()
            if str(folder) in (told.get("CLASSROOM_FOLDER"), str(Path(told.get("HOME", "")).parent.parent)):
                left.append(process)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=10)


def free_ports(number: int) -> int:
    """The first of so many ports, one after another, that nobody listens on."""
    for first in range(18000, 30000, number):
        with contextlib.ExitStack() as sockets, contextlib.suppress(OSError):
            for port in range(first, first + number):
                sockets.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise SystemExit(f"No {number} ports one after another are free between 18000 and 30000.")


def answers(address: str) -> bool:
    """Whether the hub is there: before it is, its proxy says that there is no such page."""
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except OSError:
        return False
