"""Docker or Podman: each process of a submission in a container of its own, for systems whose kernel offers no less.

Nothing of the grader's machine is in it: no folder is shared, no variable is passed on. Notebook, answers and what lies
beside the notebook go through the container's input and output, the same lines as without one.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from llmlab.instructors.grade.attempt import GraderBroken
from llmlab.instructors.grade.inside import course
from llmlab.instructors.grade.places import MEGABYTES_OF_FILES

IMAGE = "llmlab-grader"
_ENGINES = {"docker": "start Docker Desktop, or the service `docker`", "podman": "`podman machine start`"}
_USER = "10001:10001"  # the one that the image makes, nobody on any machine
_LABEL = "llmlab.grader"
_PREFIX = "llmlab-grade"
_PATIENCE = 60  # seconds for a short question to the engine
_START = ("python", "-P", "-B", "-c", "from llmlab.instructors.grade.inside import main; main()")
# An engine may pass on where a proxy is, and with which password: set to nothing, they stay outside.
_PROXIES = tuple(f"{kind}_proxy" for kind in ("http", "https", "ftp", "all", "no"))


@dataclass(frozen=True)
class Container:
    """An engine that answers, and has an image with this very course.

    Attributes:
        program: the command of the engine.
        not_held: what a look from inside found open, in words.
    """

    program: str
    not_held: tuple[str, ...] = ()

    folder = PurePosixPath("/submission")  # in the container: in memory, and the only place that can be written
    wrapped = False  # by bubblewrap

    @property
    def engine(self) -> str:
        """ "docker" or "podman"."""
        return Path(self.program).stem

    @property
    def whole(self) -> bool:
        """Whether all holds that the container was asked for."""
        return not self.not_held

    def __str__(self) -> str:
        said = f"Each notebook runs in a container of its own ({self.engine}, image {IMAGE})"
        if self.not_held:
            return f"{said}, but a look from inside found: {'; '.join(self.not_held)}."
        return f"{said}; a look from inside found no process, no network and no file of this machine."

    @staticmethod
    def new_name() -> str:
        """For a container: it says which grader started it."""
        return f"{_PREFIX}-{os.getpid()}-{uuid.uuid4().hex[:12]}"

    def run(self, name: str, memory_mb: int, processes: int, known: dict[str, str], what: str = "run") -> list[str]:
        """The command that starts a container.

        Args:
            name: see `new_name`.
            memory_mb: for all its processes together; what it writes, which lies in memory, too, comes on top.
            processes: at a time, threads counted.
            known: the variables of its environment.
            what: see `inside`.
        """
        memory = f"{memory_mb + MEGABYTES_OF_FILES}m"
        # The mode is for everybody, since Podman cannot give a folder in memory to one user; there is only one.
        own = f"{self.folder}:rw,exec,nosuid,nodev,size={MEGABYTES_OF_FILES}m,mode=1777"
        words = [self.program, "run", "--rm", "--interactive", f"--name={name}", f"--label={_LABEL}={_machine()}"]
        words += ["--pull=never", "--log-driver=none", "--network=none", "--ipc=private", f"--user={_USER}"]
        words += ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", f"--pids-limit={processes}"]
        words += [f"--memory={memory}", f"--memory-swap={memory}", f"--shm-size={max(64, memory_mb // 2)}m"]
        words += [f"--tmpfs={own}", "--stop-signal=SIGKILL"]  # Podman waits for another one when it removes
        variables = dict.fromkeys([*_PROXIES, *map(str.upper, _PROXIES)], "") | known
        words += [f"--env={variable}={value}" for variable, value in variables.items()]
        return [*words, IMAGE, *_START, what, str(self.folder)]

    def removal(self, name: str) -> list[str]:
        """The command that ends a container, if it still runs, and removes it."""
        return [self.program, "rm", "--force", name]

    def remove(self, name: str) -> None:
        """End and remove a container; one that is gone already is none."""
        _asked(*self.removal(name))

    def answers(self) -> bool:
        """Whether the service still runs."""
        return _asked(self.program, "ps", "--quiet")[0]

    @property
    def build(self) -> str:
        """What to type for the image."""
        return (
            f"in a checkout of this version of the course: "
            f"{self.engine} build --tag {IMAGE} --file docker/grader.Dockerfile ."
        )


def find() -> Container:
    """Docker if it runs here and has the image, else Podman; what an earlier, killed grader left is removed.

    Raises:
        GraderBroken: there is none, or none that can be used; the sentence says what to do.
    """
    found = [Container(path) for name in _ENGINES if (path := shutil.which(name))]
    if not found:
        raise GraderBroken(
            "--container needs Docker or Podman, and neither `docker` nor `podman` is found on this machine: "
            "install one of them, then open a new terminal"
        )
    silent: dict[str, str] = {}
    running = []
    for one in found:
        ours = ("--all", "--filter", f"label={_LABEL}={_machine()}", "--format", "{{.Names}}")
        fine, said = _asked(one.program, "ps", *ours)
        if not fine:
            silent[one.engine] = said
            continue
        _remove_left(one, said.split())
        running.append(one)
        if _asked(one.program, "image", "inspect", IMAGE)[0]:
            return _looked_into(one)
    if running:
        raise GraderBroken(f"{running[0].engine} has no image {IMAGE}. Build it, {running[0].build}")
    raise GraderBroken(
        " ".join(f"{name} is installed, but its service does not answer ({said})." for name, said in silent.items())
        + f" Start it ({'; or '.join(_ENGINES[name] for name in silent)}), then try again"
    )


def _looked_into(one: Container) -> Container:
    """Start it once, as for a submission, and let it say from inside what it is.

    Raises:
        GraderBroken: it does not start, or holds another course.
    """
    name = one.new_name()
    try:
        fine, said = _asked(*one.run(name, 1024, 400, {}, "look"), patience=5 * _PATIENCE)
        if not fine:
            raise GraderBroken(
                f"{one.engine} could not look into a container of the image {IMAGE} ({said}). "
                f"If the image is of an older course, build it again, {one.build}"
            )
        heard = json.loads(said.splitlines()[-1])
    finally:
        one.remove(name)
    if heard["course"] != course():
        raise GraderBroken(f"the image {IMAGE} holds another version of the course. Build it again, {one.build}")
    return Container(one.program, tuple(heard["not_held"]))


def _remove_left(one: Container, names: list[str]) -> None:
    """Remove containers whose grader is gone; those of one that runs now stay."""
    import psutil

    for name in names:
        pid = name.removeprefix(f"{_PREFIX}-").partition("-")[0]
        if name.startswith(f"{_PREFIX}-") and pid.isdigit() and not psutil.pid_exists(int(pid)):
            one.remove(name)


def _asked(*words: str, patience: float = _PATIENCE) -> tuple[bool, str]:
    """Whether a command did what it should, and what it printed, or said of why it did not."""
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=patience,
            start_new_session=os.name == "posix",  # Ctrl-C is the grader's
        )
    except OSError as error:
        return False, str(error)
    except subprocess.TimeoutExpired:
        return False, f"no answer within {patience:.0f} s"
    if done.returncode:
        return False, " ".join(done.stderr.split())[-300:] or f"exit code {done.returncode}"
    return True, done.stdout.strip()


def _machine() -> str:
    """Marks this machine's containers where several share a service."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:12]
