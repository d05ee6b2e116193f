"""`llmlab grade --container`, with a stand-in for Docker: it writes down what it is asked and runs it on this machine.

What a real engine makes of the options is not tested here, only that each of them is asked for; what goes through the
container's input and output, and what is left when it ends, is the same. INSTRUCTORS.md says what a real one was seen
to do.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from llmlab.grading import GraderBroken, grade_folder
from llmlab.instructors.grade import attempt, command, container, inside
from llmlab.instructors.grade import folder as grading_folder
from llmlab.instructors.grade.attempt import Verdict
from tests import ROOT
from tests.instructors.grading_batch import IDS, notebook

pytestmark = pytest.mark.skipif(os.name != "posix", reason="not on Windows: the stand-in for Docker is a script")
RECIPE = (ROOT / "docker" / "grader.Dockerfile").read_text(encoding="utf-8")

# Files in its folder say what it pretends: `down` (no service), `image`, `look` (what a look says), `full` (no start).
# It begins as a script of the shell, since the first line of a script takes no path with a space.
STAND_IN = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''

import json, os, pathlib, shutil, subprocess, sys
state, words = pathlib.Path({state!r}), sys.argv[1:]
with (state / "asked").open("a") as file:
    file.write(json.dumps(words) + "\\n")
if (state / "down").exists():
    sys.exit("Cannot connect to the daemon")
if words[0] == "ps":
    print("\\n".join(os.listdir(state / "containers")))
elif words[0] == "image":
    sys.exit(0 if (state / "image").exists() else "No such image")
elif words[0] == "rm":
    import psutil
    file = state / "containers" / words[-1]
    if not file.exists():
        sys.exit("No such container")
    try:  # it may have ended by itself, at any moment
        leader = psutil.Process(int(file.read_text() or 0))
        for one in (*leader.children(recursive=True), leader) if leader.pid else ():
            one.kill()
    except psutil.NoSuchProcess:
        pass
    file.unlink()
    shutil.rmtree(state / words[-1], ignore_errors=True)
elif words[0] == "run":
    name = next(word for word in words if word.startswith("--name="))[7:]
    place = words.index("llmlab-grader")
    program, *rest = words[place + 1:]
    if "look" in rest:
        print((state / "look").read_text())
        sys.exit(0)
    if (state / "full").exists():
        print("no space left on device", file=sys.stderr)
        sys.exit(125)
    folder = state / name
    folder.mkdir()
    there = lambda word: word.replace("/submission", str(folder))
    pairs = [word[6:].split("=", 1) for word in words[:place] if word.startswith("--env=")]
    known = {{name: there(value) for name, value in pairs}} | {{"PYTHONPATH": {root!r}, "PATH": os.defpath}}
    one = subprocess.Popen([sys.executable, *map(there, rest)], env=known, cwd=folder, start_new_session=True)
    (state / "containers" / name).write_text(str(one.pid))
    code = one.wait()
    (state / "containers" / name).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    sys.exit(code if code >= 0 else 128 - code)
"""


class Engine:
    """A stand-in on PATH, and the folder by which it is told what to pretend."""

    def __init__(self, tmp_path: Path, name: str) -> None:
        self.state = tmp_path / name
        (self.state / "containers").mkdir(parents=True)
        self.set("image"), self.set("look", json.dumps({"course": inside.course(), "not_held": []}))
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(STAND_IN.format(python=sys.executable, state=str(self.state), root=str(ROOT)))
        program.chmod(0o755)

    def set(self, name: str, text: str = "") -> None:
        (self.state / name).write_text(text)

    def unset(self, name: str) -> None:
        (self.state / name).unlink()

    @property
    def asked(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.state / "asked").read_text().splitlines()]

    @property
    def containers(self) -> list[str]:
        return sorted(os.listdir(self.state / "containers"))


@pytest.fixture
def docker(tmp_path, monkeypatch) -> Engine:
    engine = Engine(tmp_path, "docker")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return engine


@pytest.fixture
def quick(monkeypatch):
    """Nothing is run: every answer has passed."""
    monkeypatch.setattr(grading_folder, "grade_one", lambda *_: (dict.fromkeys(IDS, Verdict("passed", "")), []))


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


# Grading


def test_a_notebook_is_graded_through_a_container(tmp_path, docker, monkeypatch, capsys):
    """Right and wrong answers, a module beside, a cell that ends the process; and nothing of the caller's."""
    monkeypatch.setenv("SECRET", "known to the caller"), monkeypatch.setenv("https_proxy", "http://me:secret@proxy")
    wrong = notebook().write("03.1", 'trained_positions = "c"').insert("import helper\nassert helper.there == 'ä'")
    secrets = "import os\nassert 'SECRET' not in os.environ and not os.environ['https_proxy'], 'known'"
    wrong.insert(secrets, 2).insert("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", 3)
    put(tmp_path / "in/anna/03_x.ipynb", wrong.case().content)
    put(tmp_path / "in/anna/helper.py", "there = 'ä'".encode())
    code = command.grade(
        tmp_path / "in", tmp_path / "g.csv", seconds=120, memory_mb=1500, jobs=1, required=True, container=True
    )
    said = capsys.readouterr().out
    assert code == 0 and said.startswith(
        "Each notebook runs in a container of its own (docker, image llmlab-grader); "
        "a look from inside found no process, no network and no file of this machine.\n"
    )
    with (tmp_path / "g.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["exercise"]: row for row in csv.DictReader(file)}
    assert {id: row["status"] for id, row in rows.items()} == dict.fromkeys(IDS, "passed") | {"03.1": "failed"}
    assert rows["03.1"]["misconception"] == "only-the-last-position"
    assert rows["03.1"]["notes"] == "cell 4 ended the process (signal 9) and was left out"
    runs = [words for words in docker.asked if words[0] == "run"]
    assert len(runs) == 3, "a look, the notebook, and the notebook without the cell that ended it"
    assert len({word for words in runs for word in words if word.startswith("--name=")}) == 3
    assert {words[-2] for words in runs[1:]} == {"run"} and docker.containers == []
    variables = {word.split("=")[1] for word in runs[1] if word.startswith("--env=")}
    assert "PYTHONHASHSEED" in variables and "PATH" not in variables, "the image knows where its programs are"


PROTECTION = {
    "--network": "none",
    "--ipc": "private",
    "--cap-drop": "ALL",
    "--security-opt": "no-new-privileges",
    "--user": "10001:10001",
    "--pids-limit": "400",
    "--memory": "1512m",
    "--memory-swap": "1512m",
    "--shm-size": "500m",
    "--log-driver": "none",
    "--pull": "never",
    "--stop-signal": "SIGKILL",
    "--tmpfs": "/submission:rw,exec,nosuid,nodev,size=512m,mode=1777",
}


def test_each_protection_is_asked_for():
    words = container.Container("docker").run("one", 1000, 400, {"HOME": "/submission/home"})
    options = words[: words.index("llmlab-grader")]
    given = [tuple(word.split("=", 1)) for word in options[2:]]
    assert [(option, value) for option, value in PROTECTION.items() if given.count((option, value)) != 1] == []
    assert given.count(("--read-only",)) == 1
    names = [option for option, *_ in given if option != "--env"]
    assert sorted(names) == sorted([*PROTECTION, "--read-only", "--rm", "--interactive", "--name", "--label"])
    variables = [value for option, *values in given for value in values if option == "--env"]
    assert {"HTTPS_PROXY=", "no_proxy=", "HOME=/submission/home"} <= set(variables)


def test_an_engine_that_starts_nothing_is_no_fault_of_the_notebook(tmp_path, docker):
    docker.set("full")
    put(tmp_path / "in/anna.ipynb", notebook().case().content)
    with pytest.raises(GraderBroken, match=r"^docker did not start a container \(no space left on device\)$"):
        grade_folder(tmp_path / "in", tmp_path / "g.csv", container=True, progress=False)
    assert not (tmp_path / "g.csv").exists() and docker.containers == []


def test_an_engine_that_stops_is_no_fault_of_the_notebook(docker):
    one = attempt.Attempt.__new__(attempt.Attempt)
    one._container, one._began, one._complaint = container.find(), True, b"unexpected "
    one._heard = threading.Event()
    one._require_engine()

    def hear_the_rest():
        one._complaint += b"EOF\n"
        one._heard.set()

    threading.Timer(0.3, hear_the_rest).start()
    docker.set("down")
    with pytest.raises(GraderBroken, match=r"^docker stopped answering \(unexpected EOF\)$"):
        one._require_engine()


# What is said before anything is run


def test_what_a_look_found_open_is_said_and_refused_where_isolation_is_required(tmp_path, docker, quick, capsys):
    docker.set("look", json.dumps({"course": inside.course(), "not_held": ["it runs as root", "it is given /home"]}))
    put(tmp_path / "in/anna.ipynb", notebook().case().content)
    limits = {"seconds": 9, "memory_mb": 900, "jobs": 1, "container": True}
    assert command.grade(tmp_path / "in", tmp_path / "g.csv", **limits) == 0
    found = "but a look from inside found: it runs as root; it is given /home."
    assert found in capsys.readouterr().out.splitlines()[0]
    (tmp_path / "g.csv").unlink()
    with pytest.raises(command.CommandRefused, match=re.escape(found)):
        command.grade(tmp_path / "in", tmp_path / "g.csv", **limits, required=True)
    assert not (tmp_path / "g.csv").exists()


BUILD = "docker build --tag llmlab-grader --file docker/grader.Dockerfile ."


def no_service(docker: Engine) -> None:
    docker.set("down")


def no_image(docker: Engine) -> None:
    docker.unset("image")


def of_another_version(docker: Engine) -> None:
    docker.set("look", json.dumps({"course": "0123456789abcdef", "not_held": []}))


def without_the_course(docker: Engine) -> None:
    docker.unset("look")  # the stand-in fails then, with what Python says


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (no_service, ["docker is installed, but its service does not answer (Cannot connect to the daemon). Start it"]),
        (no_image, ["docker has no image llmlab-grader. Build it, in a checkout of this version", BUILD]),
        (of_another_version, ["the image llmlab-grader holds another version of the course. Build it again", BUILD]),
        (without_the_course, ["docker could not look into a container", "FileNotFoundError", BUILD]),
    ],
)
def test_what_is_missing_is_said_before_anything_is_read(tmp_path, docker, trouble, says):
    trouble(docker)
    with pytest.raises(GraderBroken) as refused:
        grade_folder(tmp_path / "not read", tmp_path / "g.csv", container=True, progress=False)
    assert [one for one in says if one not in str(refused.value)] == []
    assert list(tmp_path.glob("g*")) == []


def test_without_an_engine_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GraderBroken, match=r"needs Docker or Podman, and neither .* install one of them"):
        container.find()


def test_podman_is_taken_where_docker_cannot_be(tmp_path, docker):
    Engine(tmp_path, "podman")
    assert container.find().engine == "docker"
    docker.unset("image")
    assert container.find().engine == "podman"
    docker.set("image"), docker.set("down")
    assert container.find().engine == "podman"


# What is left


def test_what_a_killed_grader_left_is_removed_and_nothing_else(docker):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left, runs = f"llmlab-grade-{gone.pid}-1", f"llmlab-grade-{os.getpid()}-1"
    for name in (left, runs, "of-somebody-else"):
        docker.set(f"containers/{name}")
    container.find()
    assert docker.containers == sorted([runs, "of-somebody-else"])
    (question,) = (words for words in docker.asked if words[0] == "ps")
    look = next(words for words in docker.asked if words[0] == "run")
    assert question[question.index("--filter") + 1] == "label=" + next(w for w in look if "--label" in w)[8:]


@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGKILL", -9)])
def test_a_grader_that_is_stopped_leaves_no_container(tmp_path, docker, number, code):
    put(tmp_path / "in/anna.ipynb", notebook().insert("import time\ntime.sleep(600)").case().content)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    grader = subprocess.Popen(
        [sys.executable, "-m", "llmlab", "grade", "in", "--container"],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    end = time.monotonic() + 60
    started = None
    while time.monotonic() < end and not started:
        time.sleep(0.1)
        started = docker.containers
    assert started, "the notebook never came to its endless cell"
    (name,) = started
    while not (docker.state / "containers" / name).read_text():
        time.sleep(0.05)
    leader = psutil.Process(int((docker.state / "containers" / name).read_text()))
    family = [leader, *leader.children(recursive=True)]
    os.kill(grader.pid, getattr(signal, number))
    assert grader.wait(30) == code
    assert psutil.wait_procs(family, timeout=120)[1] == []
    end = time.monotonic() + 30  # it may end by itself first, and is removed all the same
    while (docker.containers or docker.asked[-1][0] != "rm") and time.monotonic() < end:
        time.sleep(0.05)
    assert docker.containers == [] and docker.asked[-1] == ["rm", "--force", name]


def test_a_container_ends_by_itself_when_nobody_holds_its_input(tmp_path):
    """As when the engine's own command is killed, and nobody is left who could remove it."""
    one = subprocess.Popen(
        [sys.executable, *container._START[1:], "run", str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    cell = {"place": 0, "source": "while True: pass", "may_raise": False}
    job = {"lessons": [], "names": {}, "cells": [cell], "skipped": {}, "memory_mb": 1500, "processes": 0}
    job |= {"folder": None, "wrapped": False, "beside": {}}
    one.stdin.write(json.dumps(job).encode() + b"\n"), one.stdin.flush()
    events = [json.loads(one.stdout.readline())["event"] for _ in range(2)]
    assert events == ["guard", "cell"] and one.poll() is None
    family = psutil.Process(one.pid).children(recursive=True)
    one.stdin.close()
    assert one.wait(10) == 1 and family
    assert psutil.wait_procs(family, timeout=120)[1] == []


# The look from inside

OPEN = {
    "a program may gain rights",
    "it sees other processes",
    "its system can be written",
    "nothing limits its folder",
}
LOOK = """
import json, pathlib, sys
from llmlab.instructors.grade import inside, jail
from llmlab.instructors.grade.places import readable
if {jailed} and not jail.enter(pathlib.Path.cwd(), 512, readable()):
    sys.exit(77)
print(json.dumps(inside.not_held(pathlib.Path.cwd())))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="on Linux only: a container is one")
def test_a_look_tells_what_is_open(tmp_path):
    """This machine as it is, and in the namespaces that the grader makes itself, where much of it is closed."""
    said = []
    for jailed in (False, True):
        folder = tmp_path / str(jailed)
        folder.mkdir()
        code, environment = LOOK.format(jailed=jailed), os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode == 77:
            pytest.skip("this kernel or container offers no namespaces")
        assert done.returncode == 0, done.stderr
        said.append(set(json.loads(done.stdout)))
    here, jailed = said
    assert here >= OPEN and ("it runs as root" in here) == (os.getuid() == 0)
    assert not jailed & OPEN and not jailed & {"there is a way to a network", "it has capabilities"}
    assert "it is given /usr" in jailed, "a place of this machine, and seen as one"


def test_the_course_has_one_digest_on_every_system(tmp_path, monkeypatch):
    for line_end in ("\n", "\r\n"):
        put(tmp_path / repr(line_end) / "a/one.py", f"x = 1{line_end}".encode())
        put(tmp_path / repr(line_end) / "a/.hidden/one.py", line_end.encode())
    found = set()
    for folder in tmp_path.iterdir():
        monkeypatch.setattr(inside, "_PACKAGE", folder)
        found.add(inside.course())
    assert len(found) == 1
    put(tmp_path / "'\\n'/a/one.py", b"x = 2\n")
    monkeypatch.setattr(inside, "_PACKAGE", tmp_path / "'\\n'")
    assert inside.course() not in found


# The recipe of the image


def test_the_recipe_fits_what_starts_it():
    assert f"useradd --uid {container._USER.split(':')[0]} " in RECIPE and f"--home-dir {inside._HOME} " in RECIPE
    assert "\nUSER grader\n" in RECIPE and "ENTRYPOINT" not in RECIPE and "VOLUME" not in RECIPE
    assert f"# {BUILD}".split("# ")[1] in RECIPE
    assert BUILD in (ROOT / "docs" / "INSTRUCTORS.md").read_text(encoding="utf-8")
    assert container.Container("docker").build.endswith(BUILD)


def test_the_recipe_copies_what_there_is_and_what_the_package_is_made_of(tmp_path):
    """What is copied is there and not passed over; a package built from that alone holds the course that runs here."""
    passed = (ROOT / "docker" / "grader.Dockerfile.dockerignore").read_text().splitlines()
    for line in re.findall(r"^COPY (.*)$", RECIPE, re.M):
        *sources, target = line.split()
        for source in sources:
            assert f"!{source}" in passed, source
            copied = tmp_path / target / source.split("/")[-1] if target.endswith("/") else tmp_path / target
            copied.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, copied, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, copied)
    build = [sys.executable, "-c", "from hatchling.build import build_wheel; print(build_wheel('out'))"]
    done = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "out").glob("*.whl")
    shutil.unpack_archive(wheel, tmp_path / "installed", "zip")
    code = "from llmlab.instructors.grade import inside; print(inside.__file__, inside.course())"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    where, digest = done.stdout.split()
    assert Path(where).is_relative_to(tmp_path) and digest == inside.course()
