"""Memory of a class, read from outside its processes (Linux).

PSS, the proportional share: what a process has for itself, and of each page that several use the part that falls to it.
Summed over the processes it is what they take together, libraries that all of them load counted once.
"""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

MB = 2**20
HUB = ""  # the hub, its proxy and the culler: no student's
GONE = (psutil.NoSuchProcess, psutil.AccessDenied, ProcessLookupError, FileNotFoundError)


def pss(pid: int) -> int:
    """The proportional share of a process, in bytes."""
    return pss_in(Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"))


def pss_in(text: str) -> int:
    """The same from the text of smaps_rollup.

    >>> pss_in("Rss:      900 kB\\nPss:      200 kB\\nPss_Dirty: 100 kB\\n"), pss_in("")  # an ended process has none
    (204800, 0)
    """
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), 0)


def owner(process: psutil.Process) -> str:
    """The student whose server, kernel or worker this is: the hub writes the name into the environment."""
    return process.environ().get("JUPYTERHUB_USER", HUB)


@dataclass(frozen=True)
class Sample:
    """One look at all processes: seconds since the class began, and bytes of each student and of the hub."""

    second: float
    of: dict[str, int]
    kernels: int
    available: int  # of the machine
    busy: float  # of all processors, in percent, since the sample before

    @property
    def total(self) -> int:
        """Bytes of all together."""
        return sum(self.of.values())


def look(hub: psutil.Process, began: float) -> Sample:
    """The memory of everything that a hub has started, itself included."""
    of: dict[str, int] = {HUB: 0}
    kernels = 0
    for process in [hub, *hub.children(recursive=True)]:
        with contextlib.suppress(*GONE):
            name = owner(process)
            of[name] = of.get(name, 0) + pss(process.pid)
            kernels += "ipykernel_launcher" in process.cmdline()
    return Sample(time.monotonic() - began, of, kernels, psutil.virtual_memory().available, psutil.cpu_percent())


@dataclass
class Watch:
    """Looks every few seconds, in a thread of its own, and tells when the machine has hardly any memory left."""

    hub: psutil.Process
    every: float = 5.0
    reserve: int = 1024 * MB
    samples: list[Sample] = field(default_factory=list)
    scarce: threading.Event = field(default_factory=threading.Event)
    marks: list[int] = field(default_factory=list)  # how many samples there were at each

    def __enter__(self) -> Watch:
        psutil.cpu_percent()  # from here on
        self._began, self._over = time.monotonic(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def most_of(self, name: str) -> int | None:
        """The most MB that a student's processes had; None for one who never had any."""
        seen = [sample.of[name] for sample in self.samples if name in sample.of]
        return round(max(seen) / MB) if seen else None

    def mark(self) -> None:
        """Something is over: a last look at it."""
        self.samples.append(look(self.hub, self._began))
        self.marks.append(len(self.samples))

    def _run(self) -> None:
        while not self._over.wait(self.every):
            with contextlib.suppress(*GONE):
                self.samples.append(look(self.hub, self._began))
                if self.samples[-1].available < self.reserve:
                    self.scarce.set()


def summary(samples: list[Sample], marks: list[int]) -> dict:
    """The most memory, and what was left: from all samples, and from the last one before each mark.

    The marks are set when everybody has done their work, when the notebooks were left open for a while, and a while
    after they were closed; of a class that was broken off there is only the first.
    """
    most = max(samples, key=lambda sample: sample.total)
    names = {name for sample in samples for name in sample.of} - {HUB}
    each = [max(sample.of.get(name, 0) for sample in samples) for name in names] or [0]
    told = {
        "most_mb": round(most.total / MB),
        "hub_mb": round(max(sample.of[HUB] for sample in samples) / MB),
        "student_median_mb": round(statistics.median(each) / MB),
        "student_most_mb": round(max(each) / MB),
        "kernels_at_once": max(sample.kernels for sample in samples),
        "available_least_mb": round(min(sample.available for sample in samples) / MB),
        "processors_busy": round(statistics.mean(sample.busy for sample in samples[: marks[0]])),
        "curve": [brief(sample) for sample in samples],
    }
    return told | {
        name: brief(samples[mark - 1]) for name, mark in zip(("worked", "open", "closed"), marks, strict=False)
    }


def brief(sample: Sample) -> list[int]:
    """Second, MB of all together, servers, kernels."""
    return [round(sample.second), round(sample.total / MB), len(sample.of) - 1, sample.kernels]
