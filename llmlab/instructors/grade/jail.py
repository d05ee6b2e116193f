"""Namespaces of Linux around a submission: it sees no process, no socket and no file but what it needs.

Its first process is the first of a namespace: when that ends, for whatever reason, the kernel ends all that it started,
wherever they went; and it ends with the grader. Its files are a tree of their own: Python, the course and the system's
places, read-only, and its own folder, which lies in memory and is gone with it. No privilege is needed: a user
namespace gives it, and everything in it is dropped again when the places are mounted.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import shutil
import signal
import socket
import struct
import sys
from pathlib import Path

from llmlab.instructors.grade.places import DEVICES, MEGABYTES_OF_FILES, MEGABYTES_OF_TMP, tree

_USER, _NETWORK, _MOUNTS, _PROCESSES, _IPC = 0x10000000, 0x40000000, 0x20000, 0x20000000, 0x08000000
_ALL = _NETWORK | _MOUNTS | _PROCESSES | _IPC
_READ_ONLY, _NO_SET_ID, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 1, 2, 1 << 5, 1 << 12, 1 << 14, 1 << 18
_DETACH = 2  # of umount2(2)
_DIE_WITH_PARENT, _DROP_FROM_BOUNDS, _NO_NEW_RIGHTS = 1, 24, 38  # of prctl(2)
_LAST_CAPABILITY = 63
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
_MOUNT_SETATTR, _OF_ALL_BELOW = 442, 0x8000  # the same on every architecture


def enter(folder: Path, memory_mb: int, read: tuple[str, ...]) -> bool:
    """Go on in namespaces of this process's own; whoever called stays outside and passes on how it ends.

    Call it while the process has one thread.

    Args:
        folder: stays where it is, with what is in it, and can be written; on the disk nothing of it changes.
        memory_mb: half of it is the most that shared memory takes.
        read: places that must stay readable.

    Returns:
        Whether the kernel gave them; where it did not, nothing has changed.
    """
    if not sys.platform.startswith("linux") or platform.machine() not in _PIVOT_ROOT:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    if not _would_work(libc, folder, memory_mb, read):
        return False
    # The first process of the namespace stays where it is now, and others may look through its eyes: /proc/1/cwd.
    # At the root it is moved to the new root with everything else.
    os.chdir("/")
    _leave(libc)
    if inner := os.fork():
        _, status = os.waitpid(inner, 0)
        _end_alike(status)
    libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    if work := os.fork():
        _drop_rights(libc)
        _be_the_first(work)
    _furnish(libc, folder, memory_mb, read)
    raise_loopback()
    _drop_rights(libc)
    return True


def raise_loopback() -> None:
    """Let the processes of one submission talk to each other at 127.0.0.1, as several training processes do."""
    import fcntl

    name_and_flags = struct.pack("16sh", b"lo", 1)  # IFF_UP
    with contextlib.suppress(OSError), socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, name_and_flags)  # SIOCSIFFLAGS


def drop_rights() -> None:
    """Where `enter` did not work: root gives up all that its processes may do beyond what any user may."""
    if sys.platform.startswith("linux"):
        _drop_rights(ctypes.CDLL(None, use_errno=True))


def _would_work(libc: ctypes.CDLL, folder: Path, memory_mb: int, read: tuple[str, ...]) -> bool:
    """Try it in a process that ends at once: a half-entered namespace cannot be left again."""
    if not (child := os.fork()):
        try:
            _leave(libc)
            if not (first := os.fork()):
                _furnish(libc, folder, memory_mb, read)
                _drop_rights(libc)
                os.listdir(folder)
                os._exit(0)
            os._exit(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]) & 0xFF)
        except BaseException:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _leave(libc: ctypes.CDLL) -> None:
    user, group = os.getuid(), os.getgid()
    _require(libc.unshare(_USER | _ALL), "unshare")
    for name, text in {"setgroups": "deny", "uid_map": f"{user} {user} 1", "gid_map": f"{group} {group} 1"}.items():
        Path(f"/proc/self/{name}").write_text(text)


def _be_the_first(work: int) -> None:
    """Wait for all processes of the namespace, and end with the one that works."""
    while True:
        ended, status = os.wait()
        if ended == work:
            # The first process of a namespace is ended by no signal of its own: the code says which it was.
            os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


def _end_alike(status: int) -> None:
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
    if code > 128 and code - 128 in set(signal.Signals):
        signal.signal(code - 128, signal.SIG_DFL) if code - 128 not in (signal.SIGKILL, signal.SIGSTOP) else None
        os.kill(os.getpid(), code - 128)
    os._exit(code)


def _furnish(libc: ctypes.CDLL, folder: Path, memory_mb: int, read: tuple[str, ...]) -> None:
    """Make a tree of what the submission may see, and make it the root."""

    def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
        values = [value.encode() if value else None for value in (source, target, kind)]
        _require(libc.mount(*values, flags, data.encode() or None), f"mount {target}")

    def bind(source: str, target: str) -> None:
        mount(source, target, "", _BIND | _RECURSIVE)

    def read_only(target: str) -> None:
        wanted = (ctypes.c_uint64 * 4)(_READ_ONLY | _NO_SET_ID, 0, 0, 0)
        if libc.syscall(_MOUNT_SETATTR, -100, target.encode(), _OF_ALL_BELOW, wanted, ctypes.c_size_t(32)) != 0:
            mount("", target, "", _BIND | _REMOUNT | _READ_ONLY | _NO_SET_ID)  # before Linux 5.12

    root = str(folder / "root")
    os.makedirs(root, exist_ok=True)
    mount("", "/", "", _PRIVATE | _RECURSIVE)
    mount("root", root, "tmpfs", 0, "size=16m,mode=755")
    os.makedirs(f"{root}/tmp")
    mount("tmp", f"{root}/tmp", "tmpfs", 0, f"size={MEGABYTES_OF_TMP}m,nr_inodes=20000,mode=1777")
    for place, link in tree(read):
        inside = root + place
        os.makedirs(os.path.dirname(inside), exist_ok=True)
        if link:
            os.symlink(link, inside)
            continue
        if not os.path.exists(inside):
            os.makedirs(inside) if os.path.isdir(place) else Path(inside).touch()
        bind(place, inside)
        read_only(inside)
    for name in ("proc", "run", "dev/shm", "dev/pts"):
        os.makedirs(f"{root}/{name}", exist_ok=True)
    mount("proc", f"{root}/proc", "proc")
    for name in ("sys", "sysrq-trigger", "irq", "bus"):  # root's own here, if the grader is run by root
        if os.path.exists(f"{root}/proc/{name}"):
            bind(f"{root}/proc/{name}", f"{root}/proc/{name}")
            read_only(f"{root}/proc/{name}")
    for device in DEVICES:
        if os.path.exists(device):
            Path(root + device).touch()
            bind(device, root + device)
    mount("pts", f"{root}/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666")
    mount("shm", f"{root}/dev/shm", "tmpfs", 0, f"size={max(64, memory_mb // 2)}m,nr_inodes=50000,mode=1777")
    for name, target in {"ptmx": "pts/ptmx", "fd": "/proc/self/fd"}.items():
        os.symlink(target, f"{root}/dev/{name}")
    own = f"{root}{folder}"
    os.makedirs(own, exist_ok=True)
    mount("own", own, "tmpfs", 0, f"size={MEGABYTES_OF_FILES}m,nr_inodes=50000,mode=700")
    shutil.copytree(folder, own, dirs_exist_ok=True, ignore=lambda place, _: ["root"] if place == str(folder) else [])
    mount("", root, "", _BIND | _REMOUNT | _READ_ONLY)
    os.chdir(root)
    _require(libc.syscall(_PIVOT_ROOT[platform.machine()], b".", b"."), "pivot_root")
    _require(libc.umount2(b".", _DETACH), "umount")
    os.chdir("/")
    os.chdir(folder / "work" if (folder / "work").is_dir() else folder)


def _drop_rights(libc: ctypes.CDLL) -> None:
    """Nothing may be mounted, traced or owned anew any more, also not by a program that is started."""
    for capability in range(_LAST_CAPABILITY + 1):
        libc.prctl(_DROP_FROM_BOUNDS, capability, 0, 0, 0)
    libc.prctl(_NO_NEW_RIGHTS, 1, 0, 0, 0)
    header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    _require(libc.capset(header, nothing), "capset")


def _require(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
