"""What a submission may not do while it is graded: reach the network, write outside its folder, take all memory.

Linux does it in the kernel, for the process and all that it starts: namespaces (see `jail`), Landlock, a limit on
private memory. Where the kernel offers none of that, an audit hook refuses the same in Python. The hook stops
accidents; code that means harm gets round it (another process, a C function).

Call `confine` while the process has one thread: both kernel measures count for the calling thread and its children.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path
from typing import Any

from llmlab.instructors.grade import bubblewrap
from llmlab.instructors.grade.calls import refuse_calls
from llmlab.instructors.grade.jail import drop_rights, enter, raise_loopback
from llmlab.instructors.grade.places import DEVICES, MEGABYTES_OF_TMP, NAMES_ONLY, SYSTEM

_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000  # flags of unshare(2)
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446  # system calls, the same on every architecture
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_READS = _READ_FILE | _READ_FOLDER
# Remove and make files, folders and special files (bits 4-12); rename between folders and truncate came later.
_WRITES = _WRITE_FILE | sum(1 << bit for bit in range(4, 13))
_RENAME, _TRUNCATE = 1 << 13, 1 << 14
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE  # what can be allowed of a single file
_NO_SIGNALS_OUT = 1 << 1

_NETWORK_EVENTS = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"}
_WRITE_EVENTS = {"os.remove", "os.rmdir", "os.mkdir", "os.rename", "os.link", "os.symlink", "os.truncate", "os.chmod"}
# Windows makes its pairs of sockets, which asyncio needs, by a connection to itself.
_LOCAL = ("127.0.0.1", "::1", "localhost") if os.name == "nt" else ()
# Shared memory: data loaders with worker processes need it.
_SHARED_MEMORY = "/dev/shm"
_SHORT_TMP = "/tmp/own"


def confine(folder: Path, memory_mb: int, read: tuple[str, ...], wrapped: bool = False) -> dict[str, str]:
    """Cut this process off from the network, from other processes, and from files outside `folder`.

    Args:
        folder: where it may write.
        memory_mb: half of it is the most that shared memory takes.
        read: the places besides the system's own that it may read, where the kernel holds it.
        wrapped: whether bubblewrap has put this process into namespaces already.

    Returns:
        "processes", "network" and "files", each "kernel" or "python": who holds it. For processes "python" means that
        the grader looks for them.
    """
    if wrapped:
        bubblewrap.fill(folder)
        os.chdir(folder / "work")
    jailed = wrapped or enter(folder, memory_mb, read)
    if jailed:
        _shorten_tmp(folder)
    network = jailed or _leave_network()
    files = _keep_to(folder, read, jailed)
    if not jailed:
        drop_rights()
    refuse_calls()
    if not (network and files):
        _refuse_in_python(folder, network=not network, files=not files)
    held = {"processes": jailed, "network": network, "files": files}
    return {what: "kernel" if by_kernel else "python" for what, by_kernel in held.items()}


def _shorten_tmp(folder: Path) -> None:
    """Name the submission's folder for temporary files by a short path, in the /tmp that is its own.

    Sockets of worker processes lie there, and their paths may have 108 characters; a loader of PyTorch's waits for ever
    where they do not fit.
    """
    with contextlib.suppress(OSError):  # it stays what it was
        os.symlink(folder / "tmp", _SHORT_TMP)
        os.environ |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), _SHORT_TMP)


def limit(memory_mb: int, processes: int) -> None:
    """Limit private memory (Linux), the size of one file, open files and processes, where the system can.

    A process beyond it gets an error. Private memory is RLIMIT_DATA; RLIMIT_AS would count every shared library and
    reserved address as well.

    Args:
        memory_mb: of one process.
        processes: at a time, threads counted; 0 for no limit. It holds for no root, and it counts the submission's own
            alone only in a user namespace (from Linux 5.14); the grader counts, too.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    # Every open socket may hold some memory of the kernel's. A core of 1 byte is none: 0 is not heeded where the system
    # pipes cores to a program.
    limits = {"RLIMIT_DATA": memory_mb * 2**20, "RLIMIT_FSIZE": 256 * 2**20, "RLIMIT_CORE": 1, "RLIMIT_NOFILE": 1024}
    for name, most in (limits | ({"RLIMIT_NPROC": processes} if processes else {})).items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(hard, most)
        with contextlib.suppress(ValueError, OSError):  # the grader looks at the memory from outside, too
            resource.setrlimit(kind, (allowed, allowed))


def _leave_network() -> bool:
    """Move to a network namespace that ends at this process; in a user namespace of its own where one is not root."""
    if not sys.platform.startswith("linux"):
        return False
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None)
    if libc.unshare(_NEW_NETWORK) == 0:
        raise_loopback()
        return True
    if libc.unshare(_NEW_USER | _NEW_NETWORK) != 0:
        return False
    raise_loopback()
    maps = {"setgroups": "deny", "uid_map": f"{user} {user} 1", "gid_map": f"{group} {group} 1"}
    for name, text in maps.items():  # without them the user would be nobody, and `Path.home()` not known
        with contextlib.suppress(OSError):
            Path(f"/proc/self/{name}").write_text(text)
    return True


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def _keep_to(folder: Path, read: tuple[str, ...], own: bool) -> bool:
    """Landlock: no writing but below `folder`, in shared memory and to devices such as /dev/null; no signals out.

    And no reading but there, below `read`, and of the system's own places. `own` says whether /tmp and the terminals in
    /dev/pts are the submission's own: else the machine's files are there, and the instructor's terminal is among them.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None)
    version = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    writes = _READS | _WRITES | (_RENAME if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    rules = _Ruleset(writes, 0, _NO_SIGNALS_OUT if version >= 6 else 0)
    ruleset = libc.syscall(_LANDLOCK_CREATE, ctypes.byref(rules), ctypes.c_size_t(ctypes.sizeof(rules)), 0)
    if ruleset < 0:
        return False
    allowed = dict.fromkeys((str(folder), _SHARED_MEMORY, *(["/tmp"] if own and _is_small("/tmp") else [])), writes)
    allowed |= dict.fromkeys((*DEVICES, "/dev/ptmx"), _READ_FILE | _WRITE_FILE)
    allowed |= {"/dev/pts": _READS | _WRITE_FILE} if own else {}
    system = (*SYSTEM, "/proc")
    allowed |= {path: _READ_FOLDER if path.endswith(NAMES_ONLY) else _READS for path in (*system, *read)}
    for path, what in allowed.items():
        with contextlib.suppress(OSError):  # it is not there: nothing to allow
            place = os.open(path, os.O_PATH)
            rule = _PathRule(what if os.path.isdir(path) else what & _OF_A_FILE, place)
            libc.syscall(_LANDLOCK_ADD, ruleset, 1, ctypes.byref(rule), 0)
            os.close(place)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS, which Landlock asks for
    restricted = libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0
    os.close(ruleset)
    return restricted


def _is_small(place: str) -> bool:
    """Whether it is the /tmp that was made for the submission, and not the machine's."""
    found = os.statvfs(place)
    return found.f_blocks * found.f_frsize == MEGABYTES_OF_TMP * 2**20


def _refuse_in_python(folder: Path, *, network: bool, files: bool) -> None:
    """Raise PermissionError where this process connects, or writes outside `folder`. It cannot be taken back."""
    allowed = tuple(os.path.realpath(path) + os.sep for path in (folder, _SHARED_MEMORY))

    def outside(path: Any) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):  # a file descriptor: opened before
            return False
        path = os.path.realpath(os.fsdecode(path))
        return path != os.path.realpath(os.devnull) and not f"{path}{os.sep}".startswith(allowed)

    def writes(mode: Any, flags: Any) -> bool:
        if isinstance(mode, str):
            return bool(set(mode) & set("wax+"))
        return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))

    def remote(address: Any) -> bool:
        host = address[0] if isinstance(address, tuple) and address else address
        return not isinstance(address, str | bytes) and host not in _LOCAL  # a text is a socket of this machine

    def hook(event: str, args: tuple) -> None:
        if network and event in _NETWORK_EVENTS:
            # Name look-ups bring a host, everything else (socket, address).
            if (args[0] not in (*_LOCAL, None)) if event.startswith("socket.get") else remote(args[-1]):
                raise PermissionError("there is no network while a submission is graded")
        elif files and (
            (event == "open" and writes(args[1], args[2]) and outside(args[0]))
            or (event in _WRITE_EVENTS and any(outside(path) for path in args[:2]))
        ):
            raise PermissionError("a submission may write in its own folder only while it is graded")

    sys.addaudithook(hook)
