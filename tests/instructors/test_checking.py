"""`llmlab check` in a throwaway course: it passes on what is whole, and finds each kind of trouble that is planted."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import shutil
from pathlib import Path
from xml.etree import ElementTree

import build_notebooks
import nbformat
import pytest
from typer.testing import CliRunner

from llmlab import checking
from llmlab.cli import app
from llmlab.course.checkout import checkout, notebooks
from llmlab.instructors.check import command, planning
from llmlab.instructors.check.differences import first_difference
from tests import PYTHON_PATH, ROOT
from tests import notebooks as of_the_course

LESSON = """\
# %% [markdown]
# # NN Sample

# %%
from pathlib import Path

print("stride", 4)
print("windows", 250)

# %%
print(len(Path("word.txt").read_text()))

# %%
{"stride": 4}
"""
CELLS = 4  # with the bootstrap
LINUX = pytest.mark.skipif(platform.system() != "Linux", reason="on Linux only: outputs are compared there")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Two small lessons, built: four notebooks. The lock holds the versions of this environment."""
    root = tmp_path_factory.mktemp("course")
    (root / "lessons").mkdir()
    for number in ("01", "02"):
        (root / f"lessons/{number}_sample.py").write_text(LESSON.replace("NN", number), encoding="utf-8")
    (root / "notebooks/solutions").mkdir(parents=True)
    for folder in ("notebooks", "notebooks/solutions"):
        (root / folder / "word.txt").write_text("four", encoding="utf-8")
    (root / "pyproject.toml").write_text('[project.urls]\nRepository = "https://github.com/owner/name"\n')
    pins = [f"{name}=={importlib.metadata.version(name).partition('+')[0]}" for name in planning.SHOWN]
    (root / "requirements.lock").write_text("\n".join(pins) + "\n")
    shutil.copytree(ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", PYTHON_PATH)
        assert build_notebooks.run(root, [], force=True, jobs=2) == []
    return root


@pytest.fixture
def course(built, tmp_path, monkeypatch):
    root = Path(shutil.copytree(built, tmp_path / "course"))
    monkeypatch.chdir(root)
    monkeypatch.setenv("COLUMNS", "200")
    return root


def run(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["check", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code, done.output


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@LINUX
def test_a_whole_course_passes(course):
    code, output = run()
    assert code == 0, output
    assert (
        f"Notebooks: 4 compared, 0 executed only. Cells: {4 * CELLS} as they should be, 0 with trouble. It took"
        in output
    )
    assert "because" not in output


@LINUX
def test_each_planted_trouble_is_found_and_named(course):
    change(course / "notebooks/01_sample.ipynb", "windows 250", "windows 251")  # in an output, not in the code
    (course / "notebooks/solutions/word.txt").unlink()  # a cell reads it
    change(course / "lessons/02_sample.py", '{"stride": 4}', '{"stride": 5}')
    code, output = run("--junit", course / "out/junit.xml")
    assert code == 1
    lines = [" ".join(line.replace("│", " ").split()) for line in output.splitlines()]
    assert "notebooks/01_sample.ipynb 2: from pathlib import Path stdout differs" in lines
    assert "expected: windows 251" in lines and "got: windows 250" in lines
    raised = "raises: FileNotFoundError: [Errno 2] No such file or directory: 'word.txt'"
    assert f'notebooks/solutions/01_sample.ipynb 3: print(len(Path("word.txt").read_text())) {raised}' in lines
    for notebook in ("notebooks/02_sample.ipynb", "notebooks/solutions/02_sample.ipynb"):
        assert f"{notebook} stale: it differs from what lessons/02_sample.py generates" in lines
    suite = ElementTree.parse(course / "out/junit.xml").getroot()
    failures = [(case.get("classname"), case.find("failure").get("message")) for case in suite if len(case)]
    assert sorted(failures) == [
        ("notebooks/01_sample.ipynb", "stdout differs"),
        ("notebooks/02_sample.ipynb", "stale"),
        ("notebooks/solutions/01_sample.ipynb", "raises"),
        ("notebooks/solutions/02_sample.ipynb", "raises"),
        ("notebooks/solutions/02_sample.ipynb", "stale"),
    ]
    assert int(suite.get("failures")) == len(failures) and int(suite.get("tests")) == len(suite)
    assert sum(case.get("name").startswith("cell") for case in suite) == 4 * CELLS


def edit(path: Path, old: str, new: str) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace(old, new)
    nbformat.write(notebook, path)


def test_an_edited_notebook_is_executed_and_not_compared(course):
    mine = course / "notebooks/01_sample.ipynb"
    edit(mine, 'print("stride", 4)', 'print("stride", 8)')
    code, output = run(mine)
    assert code == 0, output
    assert "edited since it was built" in output and "0 compared, 1 executed only" in output
    edit(mine, 'print("stride", 8)', "print(stride)")
    code, output = run(mine)
    assert code == 1
    assert "raises: NameError: name 'stride' is not defined" in output


def test_an_edited_notebook_in_the_course_as_a_whole_is_stale(course):
    edit(course / "notebooks/01_sample.ipynb", 'print("stride", 4)', 'print("stride", 8)')
    found = checking.stale(course)
    assert [(one.notebook, one.trouble) for one in found] == [(course / "notebooks/01_sample.ipynb", "stale")]


def test_what_is_no_notebook_is_reported_and_the_rest_is_checked(course):
    (course / "broken.ipynb").write_text("{", encoding="utf-8")
    (course / "list.ipynb").write_text("[]", encoding="utf-8")
    planned, unreadable = checking.plan(sorted(course.glob("**/*.ipynb")), course)
    assert [one.notebook.name for one in unreadable] == ["broken.ipynb", "list.ipynb"] and len(planned) == 4
    code, output = run(course / "broken.ipynb")
    assert code == 1 and "is no notebook" in output


CELL = {"cell_type": "code", "source": "x", "metadata": {}, "outputs": [], "execution_count": None}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty", b""),
        ("binary", b"\xff\xfe\x00{"),
        ("cut", b'{"cells": [{"cell_type": "code", "sou'),
        ("text", b"a story"),
        ("number", b"3"),
        ("other JSON", b'{"files": {}}'),
        ("no list of cells", {"cells": {"a": 1}}),
        ("cell without outputs", {"cells": [{k: v for k, v in CELL.items() if k != "outputs"}]}),
        ("cell without metadata", {"cells": [{k: v for k, v in CELL.items() if k != "metadata"}]}),
        ("cell without source", {"cells": [{k: v for k, v in CELL.items() if k != "source"}]}),
        ("cell that is none", {"cells": [3]}),
        ("own entry is a number", {"cells": [CELL], "metadata": {"llmlab": 3}}),
        ("own[1]", {"cells": [CELL], "metadata": {}}),
    ],
)
def test_a_damaged_notebook_is_a_finding_with_its_name(tmp_path, name, content):
    path = tmp_path / f"{name}.ipynb"
    if isinstance(content, dict):
        content = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}} | content).encode()
    path.write_bytes(content)
    planned, (found,) = planning.plan([path], None)
    assert planned == [] and (found.notebook, found.cell, found.trouble) == (path, None, "is no notebook")


def test_a_damaged_lock_is_named(course):
    lock, paths = course / "requirements.lock", [course / "notebooks/01_sample.ipynb"]
    lock.write_bytes(lock.read_bytes()[:5])
    (planned,), _ = planning.plan(paths, course)
    assert not planned.compare and (platform.system() != "Linux" or "it is damaged" in planned.note)
    lock.write_bytes(b"torch==\xff\xfe")
    if platform.system() == "Linux":
        with pytest.raises(checking.CannotCheck, match=r"requirements\.lock cannot be read"):
            planning.plan(paths, course)


def test_a_damaged_notebook_of_the_course_keeps_no_other_from_being_compared(course):
    (course / "notebooks/01_sample.ipynb").write_bytes(b'{"cells": [')
    found = {one.notebook.name: one.got for one in checking.stale(course)}
    assert list(found) == ["01_sample.ipynb"] and "no notebook" in found["01_sample.ipynb"]


def test_other_versions_mean_executed_only(course):
    change(course / "requirements.lock", "torch==", "torch==1.")
    change(course / "notebooks/01_sample.ipynb", "windows 250", "windows 251")
    planned, unreadable = checking.plan([course / "notebooks/01_sample.ipynb"], course)
    assert not unreadable and not planned[0].compare
    if platform.system() == "Linux":
        here = importlib.metadata.version("torch").partition("+")[0]
        assert planned[0].note == f"torch is {here}, the outputs come from 1.{here}"
    (course / "requirements.lock").unlink()
    assert "there is none here" in checking.why_not_compared(course) or platform.system() != "Linux"


def test_a_notebook_without_outputs_is_not_called_compared(course):
    path = course / "notebooks/01_sample.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    nbformat.write(notebook, path)
    (planned,), _ = checking.plan([path], course)
    assert (planned.compare, planned.note) == (False, "holds no outputs")


def test_every_committed_notebook_counts_as_built():
    assert checkout(ROOT / "lessons") == ROOT
    paths = notebooks(of_the_course().parent)
    assert {path.name for path in paths} >= {"00_welcome.ipynb", "03_sliding_window.ipynb"}
    assert [path.name for path in paths if not checking.as_built(nbformat.read(path, as_version=4))] == []


def test_a_lesson_stands_for_both_of_its_notebooks():
    found = command._notebooks(["03", str(ROOT / "notebooks/03_sliding_window.ipynb")], ROOT)
    assert [path.relative_to(ROOT).as_posix() for path in found] == [
        "notebooks/03_sliding_window.ipynb",
        "notebooks/solutions/03_sliding_window.ipynb",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such.ipynb"], "no-such.ipynb does not exist, and is no lesson of the course either"),
        (["99"], "99 does not exist, and is no lesson"),
        (["pyproject.toml"], "a notebook is a file that ends in .ipynb"),
        (["lessons"], "holds no notebook"),
        (["--junit"], "requires an argument"),
        (["--junit", "lessons"], "is a directory"),
        (["--junit", "pyproject.toml/junit.xml"], "--junit pyproject.toml/junit.xml cannot be written"),
        (["--junit", "x" * 300], "cannot be written"),
    ],
)
def test_wrong_usage_ends_with_code_2(course, arguments, said):
    code, output = run(*arguments)
    assert code == 2
    assert said in " ".join(output.replace("│", " ").split())


def test_junit_that_fails_at_the_end_is_kept_elsewhere(course, monkeypatch):
    (course / "empty.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook()), encoding="utf-8")
    target, write = course / "junit.xml", command.write_junit

    def write_junit(results, file, root):
        if file == target:
            raise OSError(28, "No space left on device")
        write(results, file, root)

    monkeypatch.setattr(command, "write_junit", write_junit)
    code, output = run(course / "empty.ipynb", "--junit", target)
    assert code == 1 and "Cells: 0 as they should be, 0 with trouble." in output
    said = " ".join(output.split())
    assert f"{target} could not be written (No space left on device). Nothing is lost: it is in " in said
    kept = Path(said.rpartition("it is in ")[2].removesuffix("."))
    assert ElementTree.parse(kept).getroot().get("tests") == "0"
    shutil.rmtree(kept.parent)


def test_a_notebook_named_twice_is_checked_once(course, monkeypatch):
    monkeypatch.chdir(course / "notebooks")
    again = ["01_sample.ipynb", course / "notebooks/01_sample.ipynb", course / "notebooks/../notebooks"]
    found = command._notebooks([str(path) for path in again], course)
    assert [path.name for path in found].count("01_sample.ipynb") == 2, "the student's and the solved one"


def test_missing_tools_are_named(course, monkeypatch):
    monkeypatch.setattr(planning, "NEEDED", {"pytest": "pytest", "no_such_module": "no-such-package"})
    assert run() == (2, "llmlab check needs no-such-package: pip install no-such-package\n")


def test_without_lessons_it_says_so(course):
    shutil.rmtree(course / "tools")
    (course / "empty.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook()), encoding="utf-8")
    code, output = run(course / "empty.ipynb")
    assert code == 0
    assert "The lessons are not at hand: notebooks are not compared with them." in output


def test_unreadable_lessons_end_the_check(course):
    (course / "tools/build_notebooks.py").write_text("import no_such_module", encoding="utf-8")
    code, output = run()
    assert code == 2
    assert "No module named 'no_such_module'" in output


def test_a_malformed_lesson_is_reported(course):
    change(course / "lessons/01_sample.py", "# # 01 Sample", "# no title")
    assert any("title" in one.got for one in checking.stale(course))


SKIPPED = ("metadata", "output_type", "execution_count", "name")


def output(**fields):
    return nbformat.from_dict(fields)


@pytest.mark.parametrize(
    ("expected", "got", "difference"),
    [
        (["a\nb\n"], ["a\nc\n"], ("stdout", "b", "c")),
        (["a\n"], ["a\nb\n"], ("stdout", "", "b")),
        ([], ["a\n"], ("stdout", "(nothing)", "a")),
        (["a\n"], [], ("stdout", "a", "(nothing)")),
        (["x" * 300 + "1"], ["x" * 300 + "2"], ("stdout", "…" + "x" * 20 + "1", "…" + "x" * 20 + "2")),
    ],
)
def test_the_first_line_that_differs_is_shown(expected, got, difference):
    sides = [[output(output_type="stream", name="stdout", text=text) for text in side] for side in (expected, got)]
    assert first_difference(*sides, SKIPPED) == difference


def test_kinds_that_nbval_skips_are_skipped():
    one, other = (
        output(output_type="execute_result", data={"image/png": picture, "text/plain": text}, metadata={})
        for text, picture in (("1", "AA"), ("2", "BB"))
    )
    assert first_difference([one], [other], (*SKIPPED, "image/png")) == ("text/plain", "1", "2")


def test_junit_survives_control_characters(tmp_path):
    bad = checking.Checked(tmp_path / "a.ipynb", 1, "f()", "raises", "", "Error: \x1b[31m\x00red <&>")
    checking.write_junit([bad], tmp_path / "junit.xml", tmp_path)
    case = ElementTree.parse(tmp_path / "junit.xml").getroot()[0]
    assert case.find("failure").text == "Error: [31mred <&>" and case.get("classname") == "a.ipynb"


def test_results_travel_as_json():
    """The plugin's fields are those of `Checked`."""
    entry = {"notebook": "a.ipynb", "cell": 1, "source": "f()", "trouble": "raises", "got": "x", "seconds": 0.1}
    assert checking.Checked(**json.loads(json.dumps(entry))).cell == 1
