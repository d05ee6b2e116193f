"""Reaching out of a submission: each way is tried with all protections on, and with one off after the other.

A way that is held must be open once what holds it is off: else the test would show luck, not protection.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from llmlab.instructors.grade.bubblewrap import prefix
from llmlab.instructors.grade.places import readable
from tests import PYTHON_PATH

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="on Linux only: namespaces and Landlock")
LANDLOCK = ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) if sys.platform.startswith("linux") else 0
NO_NAMESPACES = "this kernel or container offers no namespaces"
NO_LANDLOCK = "this kernel offers no Landlock that holds signals"

# What is tried from inside; `there` names things outside. Each raises, or has reached what it is called after.
INSIDE = """
import ctypes, fcntl, json, os, pathlib, resource, signal, socket, stat, struct, subprocess, sys, time
from llmlab.instructors.grade import guard, jail
from llmlab.instructors.grade.places import readable

there = json.loads({there!r})
pid, folder, libc = there["pid"], pathlib.Path(there["folder"]), ctypes.CDLL(None)

class Libc:
    '''The one that mounts the outer /proc where a namespace would have its own.'''
    def __getattr__(self, name):
        return getattr(libc, name)
    def mount(self, source, target, kind, flags, data):
        if kind == b"proc":
            return libc.mount(b"/proc", target, None, 1 << 12 | 1 << 14, None)
        return libc.mount(source, target, kind, flags, data)

{off}
held = guard.confine(pathlib.Path.cwd(), 512, readable(), {wrapped})

def connected(kind, address):
    with socket.socket(kind) as one:
        one.settimeout(3)
        one.connect(address)
        one.sendall(b"all answers")

def limited(kind, most):
    resource.prlimit(pid, kind, (most, most))

def command_line():
    assert there["argument"] in pathlib.Path(f"/proc/{{pid}}/cmdline").read_text()

def terminal():
    descriptor = os.open(there["terminal"], os.O_RDWR | os.O_NOCTTY)
    os.write(descriptor, b"1 notebook, all passed")

def marked_for_ever():
    '''What `chattr +i` does to a file; taken back at once.'''
    (pathlib.Path.cwd() / "kept").touch()
    one = os.open("kept", os.O_RDONLY)
    fcntl.ioctl(one, 0x40086602, struct.pack("l", 0x10))
    fcntl.ioctl(one, 0x40086602, struct.pack("l", 0))

def hidden():
    subprocess.run("setsid sh -c 'exec sleep {hidden}' > /dev/null 2>&1 &", shell=True)

tried = {{
    "limit of files": lambda: limited(resource.RLIMIT_NOFILE, 64),
    "limit of a file's size": lambda: limited(resource.RLIMIT_FSIZE, 100),
    "limit of time": lambda: limited(resource.RLIMIT_CPU, 1000),
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, pid, 19),
    "processors": lambda: os.sched_setaffinity(pid, os.sched_getaffinity(0)),
    "signal": lambda: os.kill(pid, signal.SIGCONT),
    "command line": command_line,
    "environment": lambda: pathlib.Path(f"/proc/{{pid}}/environ").read_bytes(),
    "memory": lambda: open(f"/proc/{{pid}}/mem", "rb").close(),
    "working folder": lambda: os.readlink(f"/proc/{{pid}}/cwd"),
    "neighbour's file": lambda: (folder / "neighbour.ipynb").read_text(),
    "new file": lambda: (folder / "new").write_text("x"),
    "rights of a folder": lambda: os.chmod(folder / "table", 0o500),
    "socket with a path": lambda: connected(socket.AF_UNIX, there["socket"]),
    "abstract socket": lambda: connected(socket.AF_UNIX, chr(0) + there["abstract"]),
    "network": lambda: connected(socket.AF_INET, ("127.0.0.1", there["port"])),
    "shared memory": lambda: open(there["shared"]).read(),
    "shared memory by number": lambda: 1 / (libc.shmget(there["key"], 16, 0) >= 0),
    "terminal": terminal,
    "disk": lambda: os.close(os.open(there["disk"], os.O_RDONLY)),
    "file for ever": marked_for_ever,
    "process that stays": hidden,
}}
reached = []
for name in there["tried"]:
    try:
        tried[name]()
        reached.append(name)
    except (OSError, ValueError, AssertionError, ZeroDivisionError):
        pass
rights = pathlib.Path("/proc/self/status").read_text().partition("CapEff:")[2].split()[0]
spaces = {{name: os.readlink(f"/proc/self/ns/{{name}}") for name in ("user", "pid", "mnt", "net", "ipc")}}
time.sleep(0.2)
print(json.dumps({{"held": held, "reached": reached, "rights": int(rights, 16), "spaces": spaces}}))
"""
TRIED = [line.split('"')[1] for line in INSIDE.splitlines() if line.startswith('    "') and line.endswith(",")]

ROOT_HERE = hasattr(os, "geteuid") and os.geteuid() == 0
SCHEDULING = {"priority", "processors"}  # root's processes have rights, and who has none may not touch these
PROCESSES = {"limit of files", "limit of a file's size", "limit of time", "command line"}
PROCESSES |= set() if ROOT_HERE else SCHEDULING
FILES_TWICE = {"neighbour's file", "new file", "disk"}  # held by the tree of files, and by Landlock
# "signal" is held by the PID namespace and by Landlock, what /proc has of a process also by the user namespace.
TREE = {"rights of a folder", "socket with a path", "shared memory"}
NETWORK = {"network", "abstract socket"}
HIDDEN = {"process that stays"}

LANDLOCK_OFF = "guard._keep_to = lambda *_, **__: False\nguard._refuse_in_python = lambda *_, **__: None\n"
SPACE_OFF = "jail._ALL &= ~jail.{}\n"
PROCESSES_OFF = SPACE_OFF.format("_PROCESSES") + "jail.ctypes.CDLL = lambda *_, **__: Libc()\n"
TREE_OFF = SPACE_OFF.format("_MOUNTS") + "jail._furnish = lambda *_: None\n"
NAMESPACES_OFF = "guard.enter = lambda *_: False\n"
CALLS_OFF = "guard.refuse_calls = lambda: False\n"
RIGHTS_KEPT = "guard.drop_rights = lambda: None\n"
ALL_OFF = LANDLOCK_OFF + CALLS_OFF + NAMESPACES_OFF + RIGHTS_KEPT + "guard._leave_network = lambda *_: False\n"


@dataclass(frozen=True)
class Off:
    """What is switched off, and what is reached then: before `confine` in Python, or words of bubblewrap's.

    What is in `maybe` depends on the kernel.
    """

    reached: set[str]
    python: str = ""
    words: tuple[str, ...] = ()
    maybe: frozenset[str] = frozenset()


OFF = {
    "nothing": Off(set()),
    "Landlock": Off(set(), LANDLOCK_OFF),
    "network namespace": Off(NETWORK, SPACE_OFF.format("_NETWORK")),
    "filter of calls": Off(set(), CALLS_OFF),
    "IPC namespace": Off(set(), SPACE_OFF.format("_IPC")),  # held by the filter a second time
    "IPC namespace and the filter": Off({"shared memory by number"}, SPACE_OFF.format("_IPC") + CALLS_OFF),
    "PID namespace": Off(PROCESSES | HIDDEN, PROCESSES_OFF),
    "PID namespace and Landlock": Off(PROCESSES | HIDDEN | {"signal"}, PROCESSES_OFF + LANDLOCK_OFF),
    "mount namespace": Off(TREE | {"command line", "terminal"}, TREE_OFF),
    "mount namespace and Landlock": Off(TREE | {"command line", "terminal"} | FILES_TWICE, TREE_OFF + LANDLOCK_OFF),
    "namespaces": Off(PROCESSES | HIDDEN | TREE, NAMESPACES_OFF),
    "namespaces, filter and the dropping of root's rights": Off(
        PROCESSES | SCHEDULING | HIDDEN | TREE | {"shared memory by number", "file for ever"},
        NAMESPACES_OFF + RIGHTS_KEPT + CALLS_OFF,
        maybe=frozenset({"environment"}),
    ),
    "everything": Off(set(TRIED), ALL_OFF),
}
WRAPPED_OFF = {
    "nothing": Off(set()),
    "Landlock": Off(set(), LANDLOCK_OFF),
    "network namespace": Off(NETWORK, words=("--unshare-net",)),
    "IPC namespace and the filter": Off({"shared memory by number"}, CALLS_OFF, words=("--unshare-ipc",)),
    "PID namespace": Off(PROCESSES | HIDDEN, words=("--unshare-pid",)),
}


@pytest.fixture(scope="module")
def there():
    """What lies outside of a submission: a process, sockets, files, shared memory, a terminal."""
    libc, key, number = ctypes.CDLL(None), 0x6C6D0000 + os.getpid() % 0xFFFF, os.getpid()
    shared = Path(f"/dev/shm/llmlab-outside-{number}")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))  # a socket's path has 108 characters at most
        victim = subprocess.Popen(["sleep", f"5432.{number}"])
        stack.callback(victim.wait)
        stack.callback(victim.kill)
        for kind, address in (
            (socket.AF_UNIX, f"{folder}/s"),
            (socket.AF_UNIX, f"\0llmlab-outside-{number}"),
            (socket.AF_INET, ("127.0.0.1", 0)),
        ):
            listening = stack.enter_context(socket.socket(kind))
            listening.bind(address)
            listening.listen(50)
        (folder / "table").mkdir()
        (folder / "neighbour.ipynb").write_text("{}")
        shared.write_text("of the machine")
        stack.callback(shared.unlink)
        segment = libc.shmget(key, 4096, 0o1600)  # IPC_CREAT
        assert segment >= 0
        stack.callback(libc.shmctl, segment, 0, None)  # IPC_RMID
        ours, theirs = os.openpty()
        stack.callback(os.close, ours)
        stack.callback(os.close, theirs)
        disk = _a_disk()
        # These need root, and a disk, or a file system that has such marks.
        needed = {"disk": bool(disk), "file for ever": _can_mark(folder)}
        yield {
            "pid": victim.pid,
            "argument": f"5432.{number}",
            "folder": str(folder),
            "socket": f"{folder}/s",
            "abstract": f"llmlab-outside-{number}",
            "port": listening.getsockname()[1],
            "shared": str(shared),
            "key": key,
            "terminal": os.ttyname(theirs),
            "disk": disk,
            "tried": [one for one in TRIED if needed.get(one, True)],
        }


def _a_disk() -> str:
    for path in sorted(Path("/dev").iterdir()):
        with contextlib.suppress(OSError):
            if stat.S_ISBLK(path.stat().st_mode):
                os.close(os.open(path, os.O_RDONLY))
                return str(path)
    return ""


def _can_mark(folder: Path) -> bool:
    if os.geteuid() != 0 or not shutil.which("chattr"):
        return False
    (folder / "mark").touch()
    done = subprocess.run(["chattr", "+i", folder / "mark"], capture_output=True).returncode == 0
    return done and subprocess.run(["chattr", "-i", folder / "mark"]).returncode == 0


def tried_from_inside(there: dict, tmp_path: Path, off: Off, wrapped: bool) -> dict:
    """What was reached. Whatever the submission left running is ended."""
    (tmp_path / "work").mkdir()
    hidden = f"6543.{os.getpid()}"
    script = INSIDE.format(there=json.dumps(there), off=off.python, wrapped=wrapped, hidden=hidden)
    outer = []
    if wrapped:
        outer = _less(prefix(tmp_path, 512, readable()), off.words)
        if not outer or subprocess.run([*outer, "true"], capture_output=True).returncode:
            pytest.skip("bubblewrap is not installed, or may not make namespaces")
    environment = {**os.environ, "PYTHONPATH": PYTHON_PATH, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*outer, sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    end = time.monotonic() + 1
    while (left := _sleeping(hidden)) and time.monotonic() < end:
        time.sleep(0.05)
    for one in left:
        one.kill()
    found["reached"] = set(found["reached"]) - (HIDDEN if not left else set())
    (Path(there["folder"]) / "new").unlink(missing_ok=True)
    return found


def _sleeping(argument: str) -> list[psutil.Process]:
    return [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == ["sleep", argument]]


def _less(words: list[str], without: tuple[str, ...]) -> list[str]:
    """bubblewrap without a namespace."""
    if not words:
        return []
    place = words.index("--unshare-all")
    spaces = [f"--unshare-{name}" for name in ("user", "ipc", "pid", "net", "uts", "cgroup-try")]
    words[place : place + 1] = [one for one in spaces if one not in without]
    if "--unshare-pid" in without:  # a /proc of its own needs that one
        place = words.index("--proc")
        words[place] = "--ro-bind"
        words.insert(place + 1, "/proc")
    return words


@pytest.mark.parametrize("off", OFF)
def test_what_holds_a_submission_and_what_it_reaches_without_it(there, tmp_path, off):
    found = tried_from_inside(there, tmp_path, OFF[off], wrapped=False)
    if off != "everything" and found["held"]["network"] != "kernel":
        pytest.skip(NO_NAMESPACES)
    if not off.startswith(("namespaces", "everything")) and found["held"]["processes"] != "kernel":
        pytest.skip(NO_NAMESPACES)
    if LANDLOCK < 6 and "namespace" in off and "Landlock" not in off:
        pytest.skip(NO_LANDLOCK)
    assert sorted(found["reached"] - OFF[off].maybe) == sorted(OFF[off].reached & set(there["tried"]))


@pytest.mark.parametrize("off", WRAPPED_OFF)
def test_what_bubblewrap_holds_and_what_is_reached_without_it(there, tmp_path, off):
    found = tried_from_inside(there, tmp_path, WRAPPED_OFF[off], wrapped=True)
    if LANDLOCK < 6 and off == "PID namespace":
        pytest.skip(NO_LANDLOCK)
    assert sorted(found["reached"]) == sorted(WRAPPED_OFF[off].reached & set(there["tried"]))


def test_rights_are_dropped_also_those_of_root(there, tmp_path):
    """Not by chance: without the dropping, a process in a user namespace of its own has them all."""
    none = {**there, "tried": []}
    outside = {name: os.readlink(f"/proc/self/ns/{name}") for name in ("user", "pid", "mnt", "net", "ipc")}
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    found = tried_from_inside(none, tmp_path / "a", Off(set()), wrapped=False)
    if found["held"]["processes"] != "kernel":
        pytest.skip(NO_NAMESPACES)
    assert found["rights"] == 0 and not set(found["spaces"].items()) & set(outside.items())
    keeping = Off(set(), "jail._drop_rights = lambda libc: None")
    assert tried_from_inside(none, tmp_path / "b", keeping, wrapped=False)["rights"] != 0
