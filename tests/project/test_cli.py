"""The command `llmlab`: help, doctor, lab, grade. What `llmlab check` does is tested in tests/instructors."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

import llmlab.course.checkout
from llmlab import course, grading
from llmlab.cli import app
from llmlab.course import _findings, report
from llmlab.course import lab as course_lab
from llmlab.course.saving import HOOK
from llmlab.exercises.engine.catalogue import lessons
from llmlab.instructors.grade import command as grade_command
from llmlab.instructors.grade.folder import Graded
from tests import ROOT

COMMANDS = typer.main.get_command(app).commands


def run(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code, " ".join(done.output.replace("│", " ").split())


# Starting


def test_help_lists_the_commands_without_pytorch():
    code = (
        "import sys; from llmlab.__main__ import main; sys.argv = ['llmlab', '--help']\n"
        "try: main()\nexcept SystemExit as end: print('ended', end.code)\n"
        "print([name for name in ('torch', 'numpy', 'matplotlib', 'nbformat', 'pytest') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", cwd=ROOT)
    assert done.stdout.splitlines()[-2:] == ["ended 0", "[]"], done.stdout + done.stderr
    known = {"check", "grade", "release", "doctor", "progress", "lab", "train", "sample", "export"}
    assert set(COMMANDS) == known
    assert all(f" {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("absent", ["typer", "rich"])
def test_without_typer_it_says_what_to_install(absent):
    code = f"import sys; sys.modules[{absent!r}] = None; from llmlab.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr == f"The command line needs {absent}, which is not installed here: pip install typer rich\n"


def test_it_also_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "llmlab", "no-such-command"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2 and "no-such-command" in done.stderr


def test_the_version_is_said():
    assert run("--version") == (0, f"llmlab {llmlab.__version__}")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name):
    code, output = run(name, "--help")
    assert code == 0
    for parameter in COMMANDS[name].params:
        assert parameter.help, f"{name} {parameter.name}"
    assert COMMANDS[name].help.split("\n")[0].split()[0] in output


# Progress


def test_progress_shows_all_lessons_without_pytorch(tmp_path):
    line = '{"edition": 2, "exercise": "03.1", "status": "passed"}\n'
    (tmp_path / "progress.jsonl").write_text(line * 2 + "half a li", "utf-8")
    code = (
        "import sys; from llmlab.__main__ import main; sys.argv = ['llmlab', 'progress']\n"
        "try: main()\nexcept SystemExit as end: print('ended', end.code, 'torch' in sys.modules)"
    )
    environment = os.environ | {"LLMLAB_PROGRESS": str(tmp_path), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment)
    *rows, where, news, ended = done.stdout.splitlines()
    assert ended == "ended 0 False", done.stderr
    assert len([row for row in rows if " passed" in row]) == len(lessons()) + 1  # and the line that explains the signs
    assert [row for row in rows if row.startswith("03") and " 1 of " in row]
    assert where == f"It is kept in {tmp_path / 'progress.jsonl'} and sent nowhere."
    assert news == f"1 of the lines in {tmp_path / 'progress.jsonl'} cannot be read and are left out of your progress."


# Doctor


def test_doctor_prints_a_block_to_paste():
    code, output = run("doctor")
    assert code == 0
    assert output.startswith(f"``` llmlab {llmlab.__version__} python ") and output.endswith("No problem found. ```")
    for fact in ("torch", "device", "memory", "data", "small model", "widgets", "kernel"):
        assert f" {fact} " in output


def test_doctor_ends_with_1_when_a_lesson_could_not_run(monkeypatch):
    monkeypatch.setattr(report, "_PACKAGES", ("no-such-package",))
    code, output = run("doctor")
    assert code == 1 and "PROBLEM: no-such-package is not installed" in output


def test_doctor_reports_a_pytorch_that_does_not_load(monkeypatch):
    def broken():
        raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr(report, "device", broken)
    assert "PyTorch cannot be loaded: libgomp.so.1: cannot open shared object file" in course.doctor().problems


def test_doctor_notices_little_memory(monkeypatch):
    class Memory:
        total, available = 4_000_000_000, 300_000_000

    monkeypatch.setattr("psutil.virtual_memory", lambda: Memory)
    finding, problem = _findings.memory()
    assert finding == "4.0 GB, 0.3 GB available"
    assert problem == "300 MB of memory are free, a lesson takes up to 700: close other programs"


@pytest.mark.parametrize("lost", ["config.json", "*.safetensors", "tokenizer*"])
def test_doctor_notices_an_incomplete_small_model(lost, tmp_path, monkeypatch):
    shutil.copytree(ROOT / "data/tiny", tmp_path / "tiny")
    monkeypatch.setattr(_findings, "data_path", lambda name: tmp_path / name)
    assert _findings.small_model() == ("data/tiny is complete", None)
    for path in (tmp_path / "tiny").glob(lost):
        path.unlink()
    finding, problem = _findings.small_model()
    assert finding in {"missing", "incomplete"} and "data/tiny" in problem


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"3", b'{"files": [1]}', b'{"files": 3}', b"\xff\xfe", b"{}"])
def test_doctor_names_a_damaged_file_of_the_small_model(content, tmp_path, monkeypatch):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny/config.json").write_bytes(content)
    monkeypatch.setattr(_findings, "data_path", lambda name: tmp_path / name)
    finding, problem = _findings.small_model()
    assert finding == "broken" and problem.startswith(
        f"{tmp_path / 'tiny/config.json'} does not name the model's files"
    )


def test_doctor_notices_widgets_that_jupyterlab_does_not_find(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *names: [str(tmp_path)])
    (tmp_path / "anywidget").mkdir()
    finding, problem = _findings.widgets()
    assert (
        finding == "JupyterLab lacks jupyterlab_widgets"
        and "pip install --force-reinstall jupyterlab_widgets" in problem
    )
    (tmp_path / "@jupyter-widgets/jupyterlab-manager").mkdir(parents=True)
    assert _findings.widgets()[1] is None


@pytest.mark.parametrize(
    ("version", "well"), [("3.6.8", False), ("4.0.0", True), ("4.6.6", True), ("10.1", True), (None, True)]
)
def test_doctor_notices_a_jupyterlab_that_is_too_old(version, well, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr(_findings, "_jupyterlab", lambda: version)
    finding, problem = _findings.widgets()
    assert (finding == "JupyterLab finds its widget manager and anywidget") is well
    assert well or problem == (
        "the explorers were tried in JupyterLab 4 and newer, this is 3.6.8: "
        "run `pip install --upgrade jupyterlab` and start it again"
    )


@pytest.mark.parametrize(
    ("program", "well"), [("python", True), ("python3.11", True), (sys.executable, True), ("/elsewhere/python", False)]
)
def test_doctor_notices_the_wrong_kernel(program, well, monkeypatch):
    class Spec:
        argv = [program, "-m", "ipykernel_launcher"]

    monkeypatch.setattr("jupyter_client.kernelspec.KernelSpecManager.get_kernel_spec", lambda self, name: Spec)
    finding, problem = _findings.kernel()
    assert (problem is None) is well
    assert well or "/elsewhere/python" in problem and "ipykernel install --sys-prefix" in problem


# Lab


@pytest.fixture
def started(monkeypatch):
    """The commands that `llmlab lab` would start; nothing is opened, and nobody is root."""
    commands = []

    class Done:
        returncode = 0

    monkeypatch.setattr(course_lab.subprocess, "run", lambda command: commands.append(command) or Done)
    monkeypatch.setattr(course_lab.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(course_lab.os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.chdir(ROOT / "docs")
    return commands


@pytest.mark.parametrize(
    ("arguments", "notebook", "passed_on"),
    [
        ([], "00_welcome", []),
        (["0"], "00_welcome", []),
        (["03"], "03_sliding_window", []),
        (["03_sliding_window"], "03_sliding_window", []),
        (["notebooks/03_sliding_window.ipynb"], "03_sliding_window", []),
        (["notebooks/solutions/03_sliding_window.ipynb"], "03_sliding_window", []),
        (["de/00"], "de/00_welcome", []),
        (["notebooks/de/00_welcome.ipynb", "--no-browser"], "de/00_welcome", ["--no-browser"]),
        (["--allow-root"], "00_welcome", ["--allow-root"]),
        (["--port", "8890"], "00_welcome", ["--port=8890"]),
        (["--port=0", "03", "--no-browser"], "03_sliding_window", ["--port=0", "--no-browser"]),
        (["--no-browser", "03", "--ip", "0.0.0.0"], "03_sliding_window", ["--ip=0.0.0.0", "--no-browser"]),
        (["--debug"], "00_welcome", ["--debug"]),
        (
            ["03", "--ServerApp.token=x", "--certfile", "a.pem"],
            "03_sliding_window",
            ["--ServerApp.token=x", "--certfile", "a.pem"],
        ),
        (["03", "--", "--help-all"], "03_sliding_window", ["--help-all"]),
    ],
)
def test_lab_opens_the_lesson_and_passes_options_on(started, arguments, notebook, passed_on):
    assert run("lab", *arguments) == (0, "")
    ((python, *rest),) = started
    assert python == sys.executable
    page = f"--LabApp.default_url=/lab/tree/notebooks/{notebook}.ipynb"
    assert rest == ["-m", "jupyterlab", f"--ServerApp.root_dir={ROOT}", page, HOOK, *passed_on]


@pytest.mark.parametrize("arguments", [[], ["--allow-root"]])
def test_root_in_a_container_needs_no_option(started, monkeypatch, arguments):
    monkeypatch.setattr(course_lab.os, "geteuid", lambda: 0, raising=False)
    code, output = run("lab", "03", *arguments)
    said = "You are root, as in most containers: JupyterLab is started with --allow-root."
    assert (code, output) == (0, "" if arguments else said)
    assert started[0].count("--allow-root") == 1


def test_a_copy_beside_a_notebook_is_not_the_lesson(started, tmp_path, monkeypatch):
    """JupyterLab's Duplicate makes a name that comes before the notebook's own; Untitled has no lesson at all."""
    for name in ("lessons/03_sliding_window.py", "lessons/04_embeddings.py", "notebooks/03_sliding_window.ipynb",
                 "notebooks/03_sliding_window-Copy1.ipynb", "notebooks/Untitled.ipynb", "notebooks/mine/03_a.ipynb",
                 "notebooks/.ipynb_checkpoints/03_sliding_window-checkpoint.ipynb",
                 "lessons/.ipynb_checkpoints/03_sliding_window-checkpoint.py"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert run("lab", "03") == (0, "")
    assert "--LabApp.default_url=/lab/tree/notebooks/03_sliding_window.ipynb" in started[0]
    code, output = run("lab", "05")
    assert code == 2 and output.endswith("the lessons are 03_sliding_window")


def test_lab_ends_as_jupyterlab_ends(started, monkeypatch):
    monkeypatch.setattr(course_lab.subprocess, "run", lambda command: subprocess.CompletedProcess(command, 7))
    assert run("lab") == (7, "")


@pytest.mark.parametrize(("arguments", "said"), [(["--port", "70000"], "65535"), (["--port", "x"], "integer")])
def test_a_wrong_port_is_refused(started, arguments, said):
    code, output = run("lab", *arguments)
    assert code == 2 and "--port" in output and said in output and started == []


@pytest.mark.parametrize("lesson", ["42", "de/42", "fr/00"])
def test_lab_names_the_lessons_when_there_is_no_such_one(started, lesson):
    code, output = run("lab", lesson)
    assert code == 2 and f"there is no lesson '{lesson}'" in output and output.count("03_sliding_window") == 1
    assert "de/00_welcome" in output and started == []


def test_lab_says_how_to_get_jupyterlab(started, monkeypatch):
    monkeypatch.setattr(course_lab.importlib.util, "find_spec", lambda name: None)
    assert run("lab") == (2, "JupyterLab is not installed here: pip install jupyterlab")


@pytest.mark.parametrize("command", ["lab", "check"])
def test_away_from_the_course_it_explains(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(llmlab.course.checkout, "PACKAGE", tmp_path / "site-packages/llmlab")
    code, output = run(command)
    assert code == 2 and output.startswith("There is no checkout of the course here")


# Grade


@pytest.fixture
def graded(monkeypatch):
    """Puts a function in place of the one that grades a folder."""
    return lambda function: monkeypatch.setattr(grade_command, "grade_all", function)


ROW = grading.Row("anna", "anna.ipynb", "03", "03.2", "passed", "", "", "")


def test_grade_passes_its_options_on_and_prints_the_summary(tmp_path, graded):
    asked = {}

    def grade_all(folder, out, *, say, **options):
        say("Network: cut.")
        asked.update(folder=folder, out=out, **options)
        return Graded([ROW], ["notes.txt is no notebook"])

    graded(grade_all)
    (tmp_path / "s.csv").write_text("student\nanna\n")
    options = ("--seconds", "30", "--memory", "1024", "--jobs", "3", "--changed-only", "--require-isolation")
    options += ("--container", "--lesson", "03", "--lesson", "05")
    options += ("--students", tmp_path / "s.csv", "--report", tmp_path / "class.html", "--feedback", tmp_path / "pages")
    options += ("--canvas", tmp_path / "canvas.csv", "--moodle", tmp_path / "moodle.csv")
    code, output = run("grade", tmp_path / "in", "--out", tmp_path / "marks.csv", *options)
    assert code == 0
    ours = [tmp_path / name for name in ("s.csv", "class.html", "canvas.csv", "moodle.csv")]
    assert asked == dict(
        folder=tmp_path / "in", out=tmp_path / "marks.csv", seconds=30.0, memory_mb=1024, jobs=3,
        students=["anna"], ours=ours, lessons=["03", "05"], changed_only=True, required=True,
        container=True,
    )  # fmt: skip
    assert output.startswith("Network: cut. 1 notebook of 1 student, 1 exercise graded.")
    assert f"Not graded: notes.txt is no notebook. Written to {tmp_path / 'marks.csv'}." in output
    assert all(file.exists() for file in ours) and (tmp_path / "pages/anna.html").exists()


def test_grade_says_where_the_table_is_when_it_could_not_be_written(tmp_path, graded):
    def grade_folder(*_, **__):
        raise grading.TableElsewhere("marks.csv could not be written (why). Nothing is lost: it is in /there.", [ROW])

    graded(grade_folder)
    code, output = run("grade", tmp_path)
    assert code == 1
    assert "1 notebook of 1 student, 1 exercise graded." in output and output.endswith("it is in /there.")


def test_grade_ends_with_2_when_nothing_can_be_graded(tmp_path):
    code, output = run("grade", tmp_path / "nowhere", "--out", tmp_path / "marks.csv")
    assert code == 2 and "nowhere is not a folder" in output
    assert not (tmp_path / "marks.csv").exists()
    assert run("grade", tmp_path, "--jobs", "0")[0] == 2
