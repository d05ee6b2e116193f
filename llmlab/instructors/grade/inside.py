"""What of grading runs in a container: a look at what holds there, and the first process, which starts the worker.

The image holds the course, so this is what `container` on the grader's machine starts: `look` once for each run of the
grader, `run` once for each process of a submission.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import socket
import sys
from pathlib import Path

import llmlab

_HOME = Path("/home/grader")  # of the image: matplotlib's list of fonts is in it
_PACKAGE = Path(llmlab.__file__).parent
_FAR = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))  # addresses that belong to nobody
_OF_THE_KERNEL = {"proc", "sysfs", "tmpfs", "devtmpfs", "devpts", "mqueue", "cgroup", "cgroup2"}
_OF_THE_ENGINE = {"/", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}  # the image, and what every container gets
_LIMITS = {
    "memory": ("memory.max", "memory/memory.limit_in_bytes"),
    "processes": ("pids.max", "pids/pids.max"),
}


def main() -> None:
    """Do what the command line says: "look" or "run", and the folder in which a submission may write."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "look":
        print(json.dumps({"course": course(), "not_held": not_held(folder)}))
    else:
        _run(folder)


def course() -> str:
    """The same for the same course: a digest of its code, on every system."""
    found = hashlib.sha256()
    for name in sorted(path.relative_to(_PACKAGE).as_posix() for path in _PACKAGE.rglob("*.py")):
        if "/." not in f"/{name}":  # hidden: an editor's copies
            code = (_PACKAGE / name).read_bytes().replace(b"\r\n", b"\n")
            found.update(f"{name} {len(code)} ".encode() + code)
    return found.hexdigest()[:16]


def not_held(folder: Path) -> list[str]:
    """What this process can do or reach that no submission should, in words; empty in a container as it is asked for.

    Args:
        folder: the one place besides shared memory that may be written.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    status = {name: value for name, _, value in (line.partition(":") for line in lines)}
    own = {1, os.getpid(), os.getppid()}
    files = os.statvfs(folder)
    found = {
        "it runs as root": os.getuid() == 0,
        "it has capabilities": any(int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd")),
        "a program may gain rights": status.get("NoNewPrivs", "").strip() != "1",
        "it sees other processes": not own.issuperset(int(name) for name in os.listdir("/proc") if name.isdigit()),
        "there is a way to a network": any(_reached(*far) for far in _FAR),
        "its system can be written": not os.statvfs("/").f_flag & os.ST_RDONLY,
        "nothing limits its folder": files.f_blocks * files.f_frsize > 2**30,
    }
    found |= {f"nothing limits its {what}": not _limited(*names) for what, names in _LIMITS.items()}
    said = [what for what, true in found.items() if true]
    return said + [f"it is given {place}" for place in _mounted()]


def _reached(family: int, address: str) -> bool:
    """Whether the kernel knows a way; a socket of this kind sends nothing when it connects."""
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as one:
        one.connect((address, 9))
        return True
    return False


def _limited(*names: str) -> bool:
    """Whether one of these files of the control group holds a number that means a limit."""
    for name in names:
        with contextlib.suppress(OSError):
            text = Path("/sys/fs/cgroup", name).read_text().strip()
            return text.isdigit() and int(text) < 2**50
    return False


def _mounted() -> list[str]:
    """Places at which files of the machine are seen, as far as the kernel's list of mounts tells."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, after = line.split(" - ", 1)
        place, kind = before.split()[4], after.split()[0]
        if kind not in _OF_THE_KERNEL and place not in _OF_THE_ENGINE:
            found.append(place)
    return found


def _run(folder: Path) -> None:
    """Start the worker, and stay the first process of the container: when this one ends, all others do."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 2)  # what is said there from now on, the engine says
    for name in ("work", "tmp"):
        (folder / name).mkdir()
    shutil.copytree(_HOME, folder / "home") if _HOME.is_dir() else (folder / "home").mkdir()
    os.chdir(folder / "work")
    if work := os.fork():
        os.dup2(nowhere, 1)
        _be_the_first(work)
    from llmlab.instructors.grade import worker

    worker.main()


def _be_the_first(work: int) -> None:
    """Wait for every process that ends; end like the one that works, or when nobody holds the input any more."""
    import select  # what it needs of it is not on Windows, where `course` above is called, too

    grader = select.poll()
    grader.register(0, 0)  # asks for nothing, and so tells only that the other end is closed
    while not grader.poll(100):
        ended, status = os.waitpid(-1, os.WNOHANG)
        if ended == work:
            os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
    os._exit(1)
