"""Calls of Linux that no notebook needs, refused by a filter in the kernel: namespaces do not hold what these do.

Memory that counts for no process and lies in no bounded folder, keys of whoever started the grader, sockets that lead
past the network to the machine beneath, namespaces within the namespaces (and with them all capabilities again), and
the parts of the kernel in which most holes were found.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import sys

# Name of a call -> its number on x86-64 and on 64-bit ARM.
_REFUSED = {
    # memory beside all limits
    **{"memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194)},
    # keys
    **{"add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219)},
    # namespaces and mounts; `clone3` hides its flags in memory, and whoever is refused it takes `clone`
    **{"unshare": (272, 97), "setns": (308, 268), "clone3": (435, 435), "mount": (165, 40), "umount2": (166, 39)},
    **{"pivot_root": (155, 41), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430)},
    **{"fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442)},
    # other processes, and what is rarely needed and often broken
    **{"ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "syslog": (103, 116)},
    **{"bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425)},
    "open_by_handle_at": (304, 265),
}
_CLONE, _SOCKET = (56, 220), (41, 198)
_NEW_NAMESPACES = 0x7E020000  # flags of clone(2)
_FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: those that namespaces hold
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # as the kernel's audit names them
_OTHER_KIND = 0x40000000  # x86-64 knows its calls by a second row of numbers, from here

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # codes of the filter's machine
_NUMBER, _ARCHITECTURE, _FIRST = 0, 4, 16  # what it can look at: places in bytes
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
_NO_NEW_RIGHTS, _SET_FILTER, _FILTER = 38, 22, 2  # of prctl(2)


class _Step(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_uint16),
        ("if_so", ctypes.c_uint8),
        ("if_not", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    ]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("steps", ctypes.POINTER(_Step))]


def refuse_calls() -> bool:
    """Refuse them from now on, to this process and all that it starts, as if the kernel did not have them.

    Call it while the process has one thread.

    Returns:
        Whether the kernel does it; it is not known how on other processors than x86-64 and 64-bit ARM.
    """
    machine = platform.machine()
    if not sys.platform.startswith("linux") or machine not in _ARCHITECTURES or sys.maxsize < 2**32:
        return False
    steps = _steps(machine)
    program = _Program(len(steps), (_Step * len(steps))(*steps))
    libc = ctypes.CDLL(None)
    libc.prctl(_NO_NEW_RIGHTS, 1, 0, 0, 0)
    return libc.prctl(_SET_FILTER, _FILTER, ctypes.byref(program), 0, 0) == 0


def _steps(machine: str) -> list[_Step]:
    """Each looks at one thing and goes on by as many steps as it says, by 0 to the next one."""
    column = list(_ARCHITECTURES).index(machine)
    refuse, other_family = (_Step(_RETURN, 0, 0, _FAIL | number) for number in (errno.ENOSYS, errno.EAFNOSUPPORT))
    allow = _Step(_RETURN, 0, 0, _ALLOW)
    found = [
        _Step(_LOAD, 0, 0, _ARCHITECTURE),
        _Step(_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        refuse,
        _Step(_LOAD, 0, 0, _NUMBER),
        _Step(_AT_LEAST, 0, 1, _OTHER_KIND),
        refuse,
    ]
    for numbers in _REFUSED.values():
        found += [_Step(_EQUAL, 0, 1, numbers[column]), refuse]
    found += [
        *(_Step(_EQUAL, 0, 4, _CLONE[column]), _Step(_LOAD, 0, 0, _FIRST)),
        *(_Step(_ANY_BIT, 0, 1, _NEW_NAMESPACES), refuse, allow),
    ]
    found += [_Step(_EQUAL, 1, 0, _SOCKET[column]), allow, _Step(_LOAD, 0, 0, _FIRST)]
    for family in _FAMILIES:
        found += [_Step(_EQUAL, 0, 1, family), allow]
    return [*found, other_family]
