"""The class in a JupyterHub, as far as it can be tried without one: plan, settings, memory, tables, clearing away."""

from __future__ import annotations

import doctest
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import classroom_environment
import environment
import psutil
import pytest
from packaging.requirements import Requirement
from traitlets.config import Config

from benchmarks.classroom import hub, lessons, memory, report
from tests import ROOT, notebooks

FOLDER = ROOT / "benchmarks/classroom"
MB = 2**20
needs_proc = pytest.mark.xfail(
    not Path("/proc/self/smaps_rollup").exists(), reason="memory is read from Linux's /proc", run=False
)


@pytest.mark.parametrize("module", [lessons, memory, report], ids=lambda module: module.__name__)
def test_the_examples_hold(module):
    tried = doctest.testmod(module)
    assert tried.attempted and not tried.failed


# Who runs what


@pytest.mark.parametrize("students", [1, 2, 3, 10, 20, 30])
def test_two_are_at_lesson_11_and_every_lesson_has_its_notebook(students):
    plan = lessons.plan(students)
    assert len(plan) == students and plan.count("11") == min(2, students)
    assert set(plan) == {*lessons.OTHERS, "11"} or students < 13
    for lesson in plan:
        assert (notebooks() / lessons.notebook_of(lesson, notebooks())).exists()


def test_a_lesson_without_a_notebook_is_named(tmp_path):
    with pytest.raises(LookupError, match="lesson '42' should have one notebook in .*, found \\[\\]"):
        lessons.notebook_of("42", tmp_path)


def test_the_code_cells_are_run_in_order_but_for_empty_ones():
    def cell(kind: str, *source: str, tags: tuple[str, ...] = ()) -> dict:
        return {"cell_type": kind, "source": list(source), "metadata": {"tags": list(tags)}}

    made = [cell("markdown", "# Words"), cell("code", "a = 1\n", "b = 2"), cell("code", " \n")]
    made += [{"cell_type": "code", "source": "1 / 0", "metadata": {}}, cell("code", "2", tags=("raises-exception",))]
    assert lessons.cells_to_run({"cells": made}) == [("a = 1\nb = 2", False), ("1 / 0", False), ("2", True)]
    real = json.loads((notebooks() / "11_training.ipynb").read_text("utf-8"))
    assert len(lessons.cells_to_run(real)) > 30


# The hub's settings


def settings(monkeypatch, tmp_path, **culling: int) -> Config:
    """What jupyterhub_config.py sets."""
    values = {"FOLDER": tmp_path, "PASSWORD": "long enough", "PORT": 8100}
    for name, value in (values | {f"CULL_{kind.upper()}": seconds for kind, seconds in culling.items()}).items():
        monkeypatch.setenv(f"CLASSROOM_{name}", str(value))
    config = Config()
    path = FOLDER / "jupyterhub_config.py"
    exec(compile(path.read_text("utf-8"), str(path), "exec"), {"get_config": lambda: config})
    return config


def test_without_culling_nothing_is_stopped(monkeypatch, tmp_path):
    found = settings(monkeypatch, tmp_path, kernels=0, servers=0)
    assert "services" not in found.JupyterHub and "MappingKernelManager" not in str(found)
    assert found.JupyterHub.bind_url == "http://127.0.0.1:8100"
    assert (
        str(tmp_path) in found.JupyterHub.db_url and str(tmp_path) in found.SimpleLocalProcessSpawner.home_dir_template
    )


def test_with_culling_kernels_go_also_of_open_tabs_and_activity_is_told_before_a_server_does(monkeypatch, tmp_path):
    found = settings(monkeypatch, tmp_path, kernels=60, servers=120)
    assert "--MappingKernelManager.cull_idle_timeout=60" in found.Spawner.args
    assert "--MappingKernelManager.cull_connected=True" in found.Spawner.args
    (service,) = found.JupyterHub.services
    assert "--timeout=120" in service["command"] and "delete:servers" in found.JupyterHub.load_roles[0]["scopes"]
    assert int(found.Spawner.environment["JUPYTERHUB_ACTIVITY_INTERVAL"]) < 60
    assert found.JupyterHub.last_activity_interval < 60


@pytest.mark.parametrize(("user", "told"), [(0, True), (1000, False)])
def test_root_is_allowed_only_where_the_hub_runs_as_root(monkeypatch, tmp_path, user, told):
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    assert ("--allow-root" in settings(monkeypatch, tmp_path, kernels=60, servers=0).Spawner.args) is told


# Memory


@needs_proc
def test_memory_goes_to_the_student_whose_process_it_is():
    code = "import time; held = bytearray({} * 2**20); print(flush=True); time.sleep(60)"

    def start(size: int, **names: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-c", code.format(size)], env=os.environ | names, stdout=subprocess.PIPE
        )

    with start(40, JUPYTERHUB_USER="anna") as anna, start(80, JUPYTERHUB_USER="bert") as bert:
        try:
            anna.stdout.readline(), bert.stdout.readline()
            # only these two, whatever else the tests have started: each is looked at as the hub of nobody else
            found = memory.look(SimpleHub([psutil.Process(anna.pid), psutil.Process(bert.pid)]), time.monotonic())
        finally:
            anna.kill(), bert.kill()
    assert 40 * MB < found.of["anna"] < 80 * MB < found.of["bert"] < 120 * MB
    assert found.total == sum(found.of.values()) > found.of["anna"] + found.of["bert"] and found.kernels == 0


class SimpleHub(psutil.Process):
    """This process with these children."""

    def __init__(self, children: list[psutil.Process]) -> None:
        super().__init__()
        self._these = children

    def children(self, recursive: bool = False) -> list[psutil.Process]:
        return self._these


def sample(second: float, kernels: int, **of: int) -> memory.Sample:
    everybody = {memory.HUB: 100 * MB} | {name: size * MB for name, size in of.items()}
    return memory.Sample(second, everybody, kernels, available=(9000 - sum(of.values())) * MB, busy=10 * second)


def test_the_summary_has_the_most_the_rest_and_each_students_own_peak():
    samples = [sample(1, 1, anna=300), sample(2, 2, anna=500, bert=200), sample(3, 1, anna=100, bert=400), sample(9, 0)]
    told = memory.summary(samples, marks=[3, 4])
    assert (told["most_mb"], told["hub_mb"]) == (800, 100)
    assert (told["student_median_mb"], told["student_most_mb"]) == (450, 500)
    assert (told["worked"], told["open"], told.get("closed")) == ([3, 600, 2, 1], [9, 100, 0, 0], None)
    assert (told["kernels_at_once"], told["available_least_mb"], told["processors_busy"]) == (2, 8300, 20)
    assert told["curve"][1] == [2, 800, 2, 2]


def test_the_watch_tells_when_memory_is_scarce(monkeypatch):
    monkeypatch.setattr(memory, "look", lambda process, began: sample(1, 1, anna=8500))
    for reserve, scarce in ((100 * MB, False), (1000 * MB, True)):
        with memory.Watch(psutil.Process(), every=0.01, reserve=reserve) as watch:
            watch.mark()
            assert watch.most_of("anna") == 8500 and watch.most_of("bert") is None
            while len(watch.samples) < 2:
                time.sleep(0.01)
        assert watch.scarce.is_set() is scarce and watch.marks == [1]


# The tables


def visit(name: str, lesson: str, failure: str = "", first: float = 1.0, whole: float | None = 90.0) -> dict:
    steps = dict.fromkeys(report.STEPS, 1.0) | {"first cell": first, "imports": 12.0}
    if whole is not None:
        steps["lesson"] = whole
    told = {"name": name, "lesson": lesson, "arrived": 0.0, "cells": 30, "longest_cell": 7.4, "failure": failure}
    told["most_mb"] = {"00": 300, "11": 1500}[lesson] if whole is not None else None
    return told | {"after": steps}


def held(culling: dict[str, int], *visits: dict) -> dict:
    told = memory.summary([sample(1, 3, anna=300, bert=500), sample(2, 0, anna=90)], marks=[1, 2])
    return {"students": len(visits), "culling": culling, "visits": list(visits), "memory": told}


def test_the_page_has_a_row_for_each_class_and_names_each_failure():
    ways = [visit("a", "00"), visit("b", "11", first=5.0, whole=140.0)]
    ways.append(visit("c", "11", failure="cell 9: longer than 600 s", whole=None))
    classes = [held({"kernels": 0, "servers": 0}, *ways), held({"kernels": 60, "servers": 90}, visit("a", "00"))]
    record = {"date": "2026-01-01", "python": "3.11", "machine": "Linux", "versions": {"jupyterhub": "6"}}
    text = report.page(record | {"load_before": 0.1, "spread": 120, "pause": 3, "classes": classes})
    assert "| 3 | none | 1 / 5 | 12 / 12 | 115 / 138 | 140 | 7 | 10 % | 1 |" in text
    assert "| 1 | 60 s, 90 s | 1 / 1 | 12 / 12 | 90 / 90 | – | 7 | 10 % | 0 |" in text
    assert "| 3 | none | 900 | 400, 500 | 100 | 3 | 190 (1, 0) | – |" in text
    assert "server and kernel together: 00: 300, 11: 1,500." in text
    assert "- c, lesson 11: cell 9: longer than 600 s" in text and text.count("Failures,") == 1


def test_the_committed_page_is_that_of_the_committed_record():
    results = ROOT / "benchmarks/results"
    record = json.loads((results / "classroom.json").read_text("utf-8"))
    assert (results / "classroom.md").read_text("utf-8") == report.page(record)
    told = (ROOT / "docs/JUPYTERHUB.md").read_text("utf-8")
    classes = report.in_order(record)
    for table in (report.times(classes), report.memory(classes)):
        assert "\n".join(table) in told, "docs/JUPYTERHUB.md has other figures than the record: put its tables there"
    assert f"lesson: {report.lessons(classes)}." in " ".join(told.split())


# Clearing away, and the environment


@needs_proc
def test_what_a_student_left_running_is_ended_and_nobody_elses(tmp_path):
    def start(home: Path) -> subprocess.Popen:
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env={"HOME": str(home)})

    own, other = start(tmp_path / "class/homes/anna"), start(tmp_path / "another/homes/anna")
    try:
        hub.end_all(tmp_path / "class")
        assert not psutil.pid_exists(own.pid) and other.poll() is None
    finally:
        own.kill(), other.kill()
        own.wait(), other.wait()


def test_the_students_clone_the_last_commit(tmp_path, monkeypatch):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    course = tmp_path / "course"
    course.mkdir()
    (course / "lesson.txt").write_text("words")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"], ["checkout", "-q", "--detach"]):
        subprocess.run([*git, *arguments], cwd=course, check=True)
    monkeypatch.setattr(hub, "ROOT", course)
    hub.make_repository(tmp_path / "llmlab")
    subprocess.run(["git", "clone", "-q", "-b", hub.BRANCH, tmp_path / "llmlab", tmp_path / "student"], check=True)
    assert (tmp_path / "student/lesson.txt").read_text() == "words"
    monkeypatch.setattr(hub, "ROOT", tmp_path / "nothing")
    with pytest.raises(SystemExit, match="it must be a git repository"):
        hub.make_repository(tmp_path / "again")


def test_the_versions_are_pinned_and_none_contradicts_the_lock():
    def pinned(path: Path) -> dict[str, str]:
        lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
        return {Requirement(line).name.lower(): str(Requirement(line).specifier) for line in lines}

    own, lock = pinned(FOLDER / "requirements.txt"), pinned(ROOT / "requirements.lock")
    assert {"jupyterhub", "nbgitpuller", "jupyterhub-idle-culler"} <= set(own)
    assert all(version.startswith("==") for version in own.values()) and set(own) & set(lock) == set()
    (proxy,) = json.loads((FOLDER / "package.json").read_text("utf-8"))["dependencies"].items()
    assert proxy[0] == "configurable-http-proxy" and proxy[1][0].isdigit()


def test_the_environment_takes_the_lock_then_the_hub_then_the_proxy(tmp_path, monkeypatch):
    asked: list[object] = []
    monkeypatch.setattr(classroom_environment.shutil, "which", lambda name: "/usr/bin/npm")
    monkeypatch.setattr(environment, "make_environment", lambda folder: asked.append("environment"))
    monkeypatch.setattr(environment, "install", lambda folder, root, site: asked.append("lock"))
    monkeypatch.setattr(environment, "pip", lambda folder, root, *arguments: asked.append(arguments))
    monkeypatch.setattr(
        classroom_environment.subprocess,
        "run",
        lambda command, cwd: asked.append((command[:2], cwd)) or SimpleNamespace(returncode=0),
    )
    classroom_environment.main(tmp_path)
    hub_itself = ("-r", str(FOLDER / "requirements.txt"))
    assert asked == ["environment", "lock", hub_itself, (["npm", "install"], tmp_path / "proxy")]
    assert (tmp_path / "proxy/package.json").exists()
    monkeypatch.setattr(classroom_environment.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="Node.js 20 or newer"):
        classroom_environment.main(tmp_path)
