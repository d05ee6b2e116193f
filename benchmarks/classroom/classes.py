"""One class: students come, work, and leave their notebooks open; what they met and what memory it took."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import asdict, dataclass

from tqdm import tqdm

from benchmarks.classroom import lessons
from benchmarks.classroom.hub import ROOT, Culling, Hub
from benchmarks.classroom.memory import Watch, summary
from benchmarks.classroom.student import Student, Visit

LOGS = ROOT / "benchmarks/out"
AFTERWARDS = 30  # seconds after which is looked again at what is left; with culling, after all should be gone


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
            await asyncio.sleep(AFTERWARDS + 1.1 * planned.culling.kernels)  # a tenth: how often the culler looks
            watch.mark()
            over.set()
            await asyncio.gather(*coming)
            stopping = 3 * planned.students if planned.culling.servers else 0  # seconds: they stop one after another
            await asyncio.sleep(AFTERWARDS + 1.1 * planned.culling.servers + stopping)
            watch.mark()
    finally:
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)
    return [student.visit for student in students]


def record(planned: Class, visits: list[Visit], watch: Watch) -> dict:
    """What is kept of a class: plain numbers, memory in MB."""
    return {
        **asdict(planned),
        "visits": [
            asdict(visit)
            | {"after": {step: round(second, 1) for step, second in visit.after.items()}}
            | {"longest_cell": round(visit.longest_cell, 1), "most_mb": watch.most_of(visit.name)}
            for visit in visits
        ],
        "memory": summary(watch.samples, watch.marks),
    }
