"""One class: students come, work, and leave their notebooks open; what they met and what memory it took."""

from __future__ import annotations

import asyncio
import shutil
import statistics
from dataclasses import asdict, dataclass

from tqdm import tqdm

from benchmarks.classroom import lessons
from benchmarks.classroom.hub import ROOT, Culling, Hub
from benchmarks.classroom.memory import HUB, MB, Sample, Watch
from benchmarks.classroom.student import Student, Visit

LOGS = ROOT / "benchmarks/out"
AFTERWARDS = 30  # seconds to look at a class that has done its work, and with culling until all should be gone


@dataclass(frozen=True)
class Class:
    """How many come within how many seconds, how long each looks at a cell, and what is culled."""

    students: int
    spread: float
    pause: float
    culling: Culling


def hold(planned: Class) -> dict:
    """Hold a class and return its record, as report.py reads it."""
    with Hub(planned.culling) as hub, Watch(hub.process) as watch:
        visits = asyncio.run(attend(planned, hub, watch))
        if any(visit.failure for visit in visits):
            LOGS.mkdir(exist_ok=True)
            shutil.copy(hub.log, LOGS / f"classroom-{planned.students}-{planned.culling.servers}.log")
        for visit in visits:
            for private in (str(hub.folder), hub.address):
                visit.failure = visit.failure.replace(private, "…")
    return record(planned, visits, watch)


async def attend(planned: Class, hub: Hub, watch: Watch) -> list[Visit]:
    """Let all students come; their visits, when the class is over or the machine's memory is."""
    folder = ROOT / "notebooks"
    gap = planned.spread / max(1, planned.students - 1)
    students = [
        Student(
            hub,
            Visit(f"student{number:02}", lesson, arrived=number * gap),
            lessons.notebook_of(lesson, folder),
            planned.pause,
        )
        for number, lesson in enumerate(lessons.plan(planned.students))
    ]
    over = asyncio.Event()
    coming = [asyncio.create_task(student.attend(over)) for student in students]
    try:
        with tqdm(total=len(students), desc=f"{planned.students} students", unit="lesson") as bar:
            while not all(student.worked.is_set() for student in students) and not watch.scarce.is_set():
                await asyncio.sleep(1)
                bar.update(sum(student.worked.is_set() for student in students) - bar.n)
                for task in coming:
                    if task.done() and not task.cancelled() and task.exception():
                        raise task.exception()
        watch.mark()
        if watch.scarce.is_set():
            for student in students:
                student.visit.failure = student.visit.failure or (
                    "" if student.worked.is_set() else "memory: none left"
                )
        else:
            await asyncio.sleep(AFTERWARDS + (planned.culling.servers and planned.culling.servers + 30))
            over.set()
            await asyncio.gather(*coming)
    finally:
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)
    return [student.visit for student in students]


def record(planned: Class, visits: list[Visit], watch: Watch) -> dict:
    """What is kept of a class: plain numbers, memory in MB."""
    return {
        **asdict(planned),
        "visits": [asdict(visit) | {"after": {k: round(v, 1) for k, v in visit.after.items()}} for visit in visits],
        "memory": summary(watch.samples, watch.marked),
    }


def summary(samples: list[Sample], ended: int) -> dict:
    """The most memory and what was left, from all samples; the first `ended` were taken while somebody worked."""
    if not samples[:ended]:
        raise ValueError("no sample was taken while the class worked: it was over within seconds")
    most = max(samples, key=lambda sample: sample.total)
    names = {name for sample in samples for name in sample.of} - {HUB}
    each = [max(sample.of.get(name, 0) for sample in samples) for name in names] or [0]
    return {
        "most_mb": round(most.total / MB),
        "hub_mb": round(max(sample.of[HUB] for sample in samples) / MB),
        "student_median_mb": round(statistics.median(each) / MB),
        "student_most_mb": round(max(each) / MB),
        "kernels_at_once": max(sample.kernels for sample in samples),
        "left_mb": round(samples[-1].total / MB),
        "kernels_left": samples[-1].kernels,
        "servers_left": len(samples[-1].of) - 1,
        "available_least_mb": round(min(sample.available for sample in samples) / MB),
        "processors_busy": round(statistics.mean(sample.busy for sample in samples[:ended])),
        "curve": [
            [round(sample.second), round(sample.total / MB), len(sample.of) - 1, sample.kernels] for sample in samples
        ],
    }
