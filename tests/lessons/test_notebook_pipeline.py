"""From lesson to notebook: fences, generated cells, execution, protection of hand edits; faults that must be caught.

Everything happens in a throwaway project with a tiny lesson; what is executed is executed for real.
"""

from __future__ import annotations

import doctest
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import build_notebooks
import languages
import lesson_cells
import lesson_notebooks
import nbformat
import notebook_execution
import pytest
from address import PLACEHOLDER
from build_notebooks import main
from lesson_cells import LessonError, parse_lesson, solved_source, student_source
from notebook_execution import BuildError

from tests import ROOT

LESSON = """\
# %% [markdown]
# # 03 Sample
#
# A lesson in three cells.

# %%
print("stride", 4)

# %% exercise="03.1"
def shift(ids):
    ### BEGIN SOLUTION
    return ids[1:]
    ### END SOLUTION


shift([5, 6, 7])

# %% exercise="03.2" tags=["raises-exception"]
### BEGIN SOLUTION
print(sum([1, 2]))
### STUB
# print(sum(1, 2))
### END SOLUTION
"""
STUDENT, SOLVED = "notebooks/03_sample.ipynb", "notebooks/solutions/03_sample.ipynb"


def make_project(root: Path, lesson: str = LESSON) -> Path:
    (root / "lessons").mkdir()
    (root / "lessons/03_sample.py").write_text(lesson, encoding="utf-8")
    (root / "pyproject.toml").write_text('[project.urls]\nRepository = "https://github.com/owner/name"\n')
    return root


@pytest.fixture(autouse=True)
def package_of_this_checkout(monkeypatch):
    """A throwaway project has no llmlab of its own: its kernels import the one under test."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture(scope="module")
def built_once(tmp_path_factory):
    root = make_project(tmp_path_factory.mktemp("built"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        assert main([], root) == 0
    return root


@pytest.fixture
def project(built_once, tmp_path):
    """A copy of a project whose notebooks are built and current."""
    return Path(shutil.copytree(built_once, tmp_path / "project"))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def generated(root: Path, path: str = STUDENT) -> nbformat.NotebookNode:
    return build_notebooks.planned(root, build_notebooks.load_lessons(root))[path]


def code_sources(notebook: nbformat.NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


# Fences and stubs


@pytest.mark.parametrize(
    ("source", "student", "solved"),
    [
        ("### BEGIN SOLUTION\na = 1\n### END SOLUTION", "...", "a = 1"),
        (
            "for i in x:\n        ### BEGIN SOLUTION\n        a\n\n        b\n        ### END SOLUTION\nc",
            "for i in x:\n        ...\nc",
            "for i in x:\n        a\n\n        b\nc",
        ),
        (
            "### BEGIN SOLUTION\na = 1\n### END SOLUTION\nkept\n### BEGIN SOLUTION\nb = 2\n### END SOLUTION",
            "...\nkept\n...",
            "a = 1\nkept\nb = 2",
        ),
        (
            "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### STUB\n    # if x:\n    #     return 2\n    #\n"
            "    # # look here\n    ### END SOLUTION",
            "def f():\n    if x:\n        return 2\n\n    # look here",
            "def f():\n    return 1",
        ),
    ],
)
def test_fence_becomes_stub_or_solution(source, student, solved):
    assert student_source(source) == student
    assert solved_source(source) == solved


TITLE = "# %% [markdown]\n# # Title\n\n"
FENCED = "### BEGIN SOLUTION\na = 1\n### END SOLUTION\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TITLE + '# %% exercise="03.1"\n### BEGIN SOLUTION\na = 1\n', "needs one ### END SOLUTION after it"),
        (TITLE + '# %% exercise="03.1"\na = 1\n### END SOLUTION\n', "'### END SOLUTION' does not fit"),
        (TITLE + '# %% exercise="03.1"\n### BEGIN SOLUTION\n' + FENCED, "'### BEGIN SOLUTION' does not fit"),
        (TITLE + '# %% exercise="03.1"\n# BEGIN SOLUTION\na = 1\n# END SOLUTION\n', "spelled exactly so"),
        (TITLE + '# %% exercise="03.1"\n### STUB\n# a\n', "'### STUB' does not fit"),
        (
            TITLE + '# %% exercise="03.1"\n### BEGIN SOLUTION\na\n### STUB\n# a\n### STUB\n# b\n### END SOLUTION\n',
            "starts with `# `, got '### STUB'",
        ),
        (
            TITLE + '# %% exercise="03.1"\n### BEGIN SOLUTION\na = 1\n### STUB\nb = 2\n### END SOLUTION\n',
            "starts with `# `, got 'b = 2'",
        ),
        (
            TITLE + '# %% exercise="03.1"\n### BEGIN SOLUTION\na = 1\n### STUB\n### END SOLUTION\n',
            "nothing between ### STUB",
        ),
        (TITLE + '# %% exercise="03.1"\n### BEGIN SOLUTION\n### END SOLUTION\n', "no solution between"),
        (TITLE + '# %% exercise="03.1"\na = 1\n', "exercise 03.1 has no solution"),
        (TITLE + "# %%\n" + FENCED, "BEGIN SOLUTION outside an exercise cell"),
        (
            TITLE + f'# %% exercise="03.1"\n{FENCED}\n# %% exercise="03.1"\n{FENCED}',
            "03.1 stands in more than one cell",
        ),
        (TITLE + f'# %% exercise="04.1"\n{FENCED}', r"called 03.1, 03.2, …; got '04.1'"),
        (TITLE + f"# %% exercise=3.1\n{FENCED}", r"called 03.1, 03.2, …; got 3.1"),
        (TITLE + '# %% [markdown] exercise="03.1"\n# text\n', "must be a code cell"),
        (TITLE + f'# %% exercize="03.1"\n{FENCED}', "may set `tags` and `exercise`, got exercize"),
        (TITLE + "# %%\n\n# %%\na = 1\n", "must not be empty"),
        (TITLE + "# %% [raw]\n# text\n", "a cell is markdown or code, got raw"),
        ("# %%\na = 1\n", "must open with a markdown cell that holds its title"),
    ],
)
def test_malformed_lesson_says_what_and_where(text, message):
    with pytest.raises(LessonError, match=message) as raised:
        parse_lesson("03_sample", text)
    assert "lessons/03_sample.py" in str(raised.value)


def test_lesson_with_another_kind_of_name_is_refused():
    with pytest.raises(LessonError, match="got sliding-window.py"):
        parse_lesson("sliding-window", LESSON)


def test_two_lessons_with_the_same_number_are_refused(tmp_path):
    root = make_project(tmp_path)
    (root / "lessons/03_other.py").write_text(TITLE)
    with pytest.raises(LessonError, match="03_other and 03_sample have the same number"):
        build_notebooks.load_lessons(root)


def test_solutions_file_holds_stub_and_solution_of_each_exercise():
    text = lesson_cells.solutions([parse_lesson("03_sample", LESSON)])
    assert text.endswith("}\n")
    assert json.loads(text) == {
        "03.1": {
            "stub": "def shift(ids):\n    ...\n\n\nshift([5, 6, 7])",
            "solution": "def shift(ids):\n    return ids[1:]\n\n\nshift([5, 6, 7])",
        },
        "03.2": {"stub": "print(sum(1, 2))", "solution": "print(sum([1, 2]))"},
    }


@pytest.mark.parametrize("module", [languages, lesson_cells, lesson_notebooks, build_notebooks, notebook_execution])
def test_examples_in_the_tools_hold(module):
    assert doctest.testmod(module).failed == 0


# Generated cells


def test_bootstrap_is_the_first_code_of_both_after_the_title(tmp_path):
    plan = build_notebooks.planned(root := make_project(tmp_path), build_notebooks.load_lessons(root))
    for notebook in plan.values():
        assert notebook.cells[1].source.startswith("# 03 Sample")
        assert "git+https://github.com/owner/name" in code_sources(notebook)[0]
        assert sum("course.setup(edition=2)" in source for source in code_sources(notebook)) == 1


def test_navigation_links_the_neighbours_that_exist(tmp_path):
    root = make_project(tmp_path)
    (root / "lessons/04_next.py").write_text("# %% [markdown]\n# # 04 Next\n")
    lessons = build_notebooks.load_lessons(root)
    plan = build_notebooks.planned(root, lessons)
    third, fourth = plan[STUDENT].cells, plan["notebooks/solutions/04_next.ipynb"].cells
    assert third[-1].source == "[Contents](../README.md) · [04 Next →](04_next.ipynb)"
    assert fourth[-1].source == "[← 03 Sample](03_sample.ipynb) · [Contents](../../README.md)"
    assert third[0].source.startswith(third[-1].source)


def test_a_link_to_a_file_leads_there_from_both_notebooks(tmp_path):
    text = "# %% [markdown]\n# # 03 Sample\n#\n# [more](../docs/MORE.md#here)\n\n# %%\nprint(1)\n"
    root = make_project(tmp_path, text)
    assert "[more](../docs/MORE.md#here)" in generated(root).cells[1].source
    assert "[more](../../docs/MORE.md#here)" in generated(root, SOLVED).cells[1].source


def test_launch_links_name_the_notebook_and_its_other_version(tmp_path):
    root = make_project(tmp_path)
    student, solved = generated(root, STUDENT).cells[0].source, generated(root, SOLVED).cells[0].source
    for text, path in ((student, STUDENT), (solved, SOLVED)):
        assert f"(https://colab.research.google.com/github/owner/name/blob/main/{path})" in text
        assert f"(https://mybinder.org/v2/gh/owner/name/HEAD?urlpath=lab/tree/{path})" in text
    assert "[Solved version](solutions/03_sample.ipynb)" in student
    assert "This is the solved version" in solved and "(../03_sample.ipynb)" in solved


def test_without_an_address_there_is_no_link_and_nothing_is_installed(tmp_path, monkeypatch):
    change(make_project(tmp_path) / "pyproject.toml", "https://github.com/owner/name", PLACEHOLDER)
    for path in (STUDENT, SOLVED):
        notebook = generated(tmp_path, path)
        assert "http" not in notebook.cells[0].source
        assert "can open this notebook once the course has a public address" in notebook.cells[0].source
        assert "pip" not in code_sources(notebook)[0]
    monkeypatch.setitem(sys.modules, "llmlab", None)  # an import of it fails as where it is not installed
    with pytest.raises(ModuleNotFoundError, match="this copy of the course has no address to get it from"):
        exec(code_sources(notebook)[0], {})


def test_address_other_than_github_is_refused(tmp_path):
    change(make_project(tmp_path) / "pyproject.toml", "https://github.com/owner/name", "https://example.org/name")
    with pytest.raises(BuildError, match=r"must be https://github.com/owner/name, or .*; got https://example.org/name"):
        build_notebooks.address(tmp_path)


def test_an_inserted_cell_leaves_the_ids_of_the_others_and_equal_cells_have_different_ids(tmp_path):
    root = make_project(tmp_path)
    before = [cell.id for cell in generated(root).cells]
    change(root / "lessons/03_sample.py", "# %%\nprint", "# %%\n1\n\n# %%\n1\n\n# %%\nprint")
    after = [cell.id for cell in generated(root).cells]
    assert [id for id in after if id in before] == before
    assert len(set(after)) == len(after) == len(before) + 2


# Outputs


def output(kind: str, **fields) -> nbformat.NotebookNode:
    return nbformat.v4.new_output(kind, **fields)


def test_outputs_are_cleaned():
    outputs = [
        output("stream", name="stdout", text="a\n"),
        output("stream", name="stdout", text="b\n"),
        output("stream", name="stderr", text="c\n"),
        output("display_data", data={notebook_execution.WIDGET_VIEW: {"model_id": "1f"}}),
        output("display_data", data={notebook_execution.WIDGET_VIEW: {"model_id": "2f"}, "text/html": "<b>map</b>"}),
        output("error", ename="ValueError", evalue="stride", traceback=["File /home/me/course/windows.py:3"]),
    ]
    assert notebook_execution.clean(outputs, "cell 1") == [
        output("stream", name="stdout", text="a\nb\n"),
        output("stream", name="stderr", text="c\n"),
        output("display_data", data={"text/html": "<b>map</b>"}),
        output("error", ename="ValueError", evalue="stride", traceback=["ValueError: stride"]),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "PosixPath('/home/me/course')",
        "saved to /tmp/x.json",
        r"C:\Users\me",
        "~/course",
        "<a href='file:///srv/x'>",
        "File /usr/lib/python3/json.py, line 3",
    ],
)
def test_absolute_paths_in_outputs_are_refused(text):
    for found in (
        output("stream", name="stdout", text=text),
        output("display_data", data={"text/html": text}),
        output("error", ename="OSError", evalue=text, traceback=[]),
    ):
        with pytest.raises(BuildError, match="cell 7: its output holds an absolute path"):
            notebook_execution.clean([found], "cell 7")


@pytest.mark.parametrize(
    "text",
    [
        "and/or, 3 / 4, data/story.txt",
        "https://github.com/owner/name",
        "<b>a</b><i>b</i>",
        "font: 12px/1.5; width: calc(100%/3/2)",
        '<img src="data:image/svg+xml;base64,AAAA/ab/cd+/ef/gh=">',
        "the IPA of token: /ˈtoʊkən/",
        "ratio a:b, B/T/D",
    ],
)
def test_ordinary_text_is_no_absolute_path(text):
    outputs = [output("display_data", data={"text/html": text})]
    assert notebook_execution.clean(outputs, "cell 7") == outputs


# Building


def test_notebooks_hold_stub_and_solution_and_their_outputs(project):
    student, solved = (build_notebooks.read(project / path) for path in (STUDENT, SOLVED))
    assert "    ...\n" in code_sources(student)[2] and "return ids[1:]" in code_sources(solved)[2]
    assert solved.cells[4].outputs[0].data == {"text/plain": "[6, 7]"}
    assert student.cells[5].outputs[0].ename == "TypeError"
    assert solved.cells[5].outputs == [output("stream", name="stdout", text="3\n")]
    assert build_notebooks.problems(project) == []


def test_two_builds_give_the_same_bytes(project):
    files = (STUDENT, SOLVED, build_notebooks.SOLUTIONS)
    before = [(project / path).read_bytes() for path in files]
    for path in files:
        (project / path).unlink()
    assert main([], project) == 0
    assert [(project / path).read_bytes() for path in files] == before


def test_only_what_changed_is_executed(project, capsys):
    assert main([], project) == 0
    assert "2 of 2 notebooks needed no execution" in capsys.readouterr().out
    change(project / STUDENT, '"stride 4\\n"', '"stride 5\\n"')  # as if run and saved elsewhere: sources are the same
    assert main(["03"], project) == 0
    assert "1 of 2 notebooks needed no execution" in capsys.readouterr().out
    assert '"stride 4\\n"' in (project / STUDENT).read_text()


@pytest.mark.parametrize("file", ["llmlab/windows.py", "llmlab/explorers/host.js", "data/story.txt"])
def test_a_change_of_package_or_data_asks_for_execution(project, file):
    notebook, stamps = generated(project), build_notebooks.Stamps(project)
    assert build_notebooks.untouched(project / STUDENT, notebook)
    assert stamps.fits(STUDENT, build_notebooks.stamp(project, notebook))
    (project / file).parent.mkdir(parents=True, exist_ok=True)
    (project / file).write_bytes(b"a\nb\n")
    changed = build_notebooks.stamp(project, notebook)
    assert not stamps.fits(STUDENT, changed)
    (project / file).write_bytes(b"a\r\nb\r\n")
    assert build_notebooks.stamp(project, notebook) == changed


def test_a_fresh_checkout_executes_nothing_until_something_is_changed(repository, capsys):
    """What is committed together was tested together."""
    (repository / build_notebooks.STAMPS).unlink()
    assert main([], repository) == 0
    assert "2 of 2 notebooks needed no execution" in capsys.readouterr().out
    (repository / "llmlab").mkdir(exist_ok=True)  # the solutions lie in it
    (repository / "llmlab/windows.py").write_text("stride = 4\n")
    before = (repository / STUDENT).read_bytes()
    assert main([], repository) == 0
    assert "0 of 2 notebooks needed no execution" in capsys.readouterr().out
    assert (repository / STUDENT).read_bytes() == before, "the same outputs: nothing to commit"
    assert main([], repository) == 0
    assert "2 of 2 notebooks needed no execution" in capsys.readouterr().out


def test_without_git_nothing_is_taken_on_trust(project, capsys):
    (project / build_notebooks.STAMPS).unlink()
    assert main([], project) == 0
    assert "0 of 2 notebooks needed no execution" in capsys.readouterr().out


def test_unknown_lesson_is_named(project, capsys):
    assert main(["17"], project) == 1
    assert "there is no lesson 17" in capsys.readouterr().err


def test_jobs_below_one_are_refused(project, capsys):
    with pytest.raises(SystemExit):
        main(["--jobs", "0"], project)
    assert "--jobs must be at least 1, got 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import time; time.sleep(60)", "it ran longer than 2 s"),
        ("import os; os._exit(1)", "the kernel died"),
        ("import os; print(os.getcwd())", "its output holds an absolute path"),
    ],
)
def test_a_broken_lesson_says_where_and_leaves_the_notebooks_as_they_were(project, capsys, monkeypatch, code, message):
    monkeypatch.setattr(notebook_execution, "CELL_TIMEOUT", 2)
    before = {path: path.read_bytes() for path in (project / "notebooks").rglob("*") if path.is_file()}
    change(project / "lessons/03_sample.py", 'print("stride", 4)', code)
    assert main([], project) == 1
    errors = capsys.readouterr().err
    for path in (STUDENT, SOLVED):
        assert f"{path}, built from lessons/03_sample.py: cell 4 (`{code}`): {message}" in errors
    assert {path: path.read_bytes() for path in (project / "notebooks").rglob("*") if path.is_file()} == before


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.ipynb"
    path.write_text("old")

    def interrupted(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build_notebooks.replace_file(path, "new")
    assert [file.name for file in tmp_path.iterdir()] == ["a.ipynb"] and path.read_text() == "old"


# Edits made by hand


def git(project: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=project, check=True, capture_output=True)


@pytest.fixture
def repository(project):
    git(project, "init")
    git(project, "add", ".")
    git(project, "commit", "-m", "Built")
    return project


def edit(project: Path) -> None:
    """Type an answer into the student notebook, as in Jupyter."""
    change(project / STUDENT, '"    ...\\n"', '"    return ids[1:]  # mine\\n"')


def test_uncommitted_edits_are_kept_until_forced(repository, capsys):
    edit(repository)
    change(repository / "lessons/03_sample.py", "three cells", "a few cells")
    assert main(["--check"], repository) == 1
    assert main([], repository) == 1
    message = capsys.readouterr().err
    assert f"{STUDENT} holds edits that are in no commit" in message
    assert "Edits belong in lessons/03_sample.py" in message
    assert "# mine" in (repository / STUDENT).read_text()
    assert "a few cells" in (repository / SOLVED).read_text(), "the other notebook is built all the same"
    assert main(["--force"], repository) == 0
    assert "# mine" not in (repository / STUDENT).read_text()


def test_without_git_edits_are_kept_too(project):
    edit(project)
    assert build_notebooks.edited_by_hand(project, STUDENT, generated(project))


def test_committed_edits_may_be_overwritten(repository):
    edit(repository)
    git(repository, "commit", "-am", "Edited by hand")
    assert not build_notebooks.edited_by_hand(repository, STUDENT, generated(repository))


def test_edits_that_the_lesson_has_too_may_be_overwritten(repository):
    edit(repository)
    lesson = repository / "lessons/03_sample.py"
    change(lesson, "    ### END SOLUTION\n\n", "    ### STUB\n    # return ids[1:]  # mine\n    ### END SOLUTION\n\n")
    assert not build_notebooks.edited_by_hand(repository, STUDENT, generated(repository))


def test_a_lesson_can_be_built_again_and_again_without_a_commit(repository):
    for old, new in (("three cells", "four cells"), ("four cells", "five cells")):
        change(repository / "lessons/03_sample.py", old, new)
        assert main([], repository) == 0
        assert new in (repository / STUDENT).read_text()


def test_changed_outputs_alone_are_no_edit(repository):
    change(repository / STUDENT, '"stride 4\\n"', '"stride 5\\n"')
    assert not build_notebooks.edited_by_hand(repository, STUDENT, generated(repository))


# Planted faults: each is caught by what `make test` runs


def nbval(notebook: Path, mode: str = "--nbval") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", mode, "--nbval-current-env", "-p", "no:cacheprovider", "-p"]
    return subprocess.run(
        [*command, "no:xdist", "--color=no", notebook.name],
        cwd=notebook.parent,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
    )


def check(project: Path) -> subprocess.CompletedProcess[str]:
    """`--check` by the command line of the tools, copied into the project."""
    shutil.copytree(ROOT / "tools", project / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "tools/build_notebooks.py", "--check"]
    return subprocess.run(command, cwd=project, capture_output=True, encoding="utf-8")


def failures(report: str) -> Iterable[str]:
    return [line for line in report.splitlines() if line.startswith("FAILED")]


def test_nbval_passes_the_unchanged_notebooks(project):
    for path in (STUDENT, SOLVED):
        result = nbval(project / path)
        assert result.returncode == 0, result.stdout
        assert "4 passed" in result.stdout


def test_nbval_catches_an_unknown_magic(project):
    """What IPython answers to it is no exception by nbval's own measure; the repository's conftest.py mends that."""
    shutil.copy(ROOT / "conftest.py", project)
    change(project / STUDENT, '"print(\\"stride\\", 4)"', '"%no_such_magic\\n", "print(\\"stride\\", 4)"')
    result = nbval(project / STUDENT, "--nbval-lax")
    assert result.returncode == 1, result.stdout
    assert len(failures(result.stdout)) == 1 and "UsageError" in result.stdout


def test_nbval_catches_a_changed_output(project):
    change(project / STUDENT, '"stride 4\\n"', '"stride 5\\n"')
    result = nbval(project / STUDENT)
    assert result.returncode == 1, result.stdout
    assert len(failures(result.stdout)) == 1
    assert "Cell outputs differ" in result.stdout and "stride 5" in result.stdout


EXPLORER_LESSON = """\
# %% [markdown]
# # 03 Sample

# %%
from llmlab.explorers import WindowMap

windows = WindowMap()
windows.set(stride=2)
print(windows.state["stride"])
"""


def test_nbval_catches_an_exception_in_set(tmp_path):
    project = make_project(tmp_path, EXPLORER_LESSON)
    assert main([], project) == 0
    unchanged = nbval(project / STUDENT)
    assert unchanged.returncode == 0, unchanged.stdout
    change(project / STUDENT, "windows.set(stride=2)", "windows.set(stride=0)")
    result = nbval(project / STUDENT)
    assert result.returncode == 1, result.stdout
    assert len(failures(result.stdout)) == 1
    assert "Cell execution caused an exception" in result.stdout and "ValueError" in result.stdout


def test_check_passes_current_notebooks(project):
    result = check(project)
    assert (result.returncode, result.stderr) == (0, "")


def plant_stale_student(project: Path) -> None:
    change(project / STUDENT, "A lesson in three cells.", "A lesson in thirty cells.")


def plant_changed_lesson(project: Path) -> None:
    change(project / "lessons/03_sample.py", 'print("stride", 4)', 'print("stride", 8)')


def plant_changed_tag(project: Path) -> None:
    change(project / SOLVED, '"raises-exception"', '"nbval-skip"')


def plant_missing(project: Path) -> None:
    (project / SOLVED).unlink()


def plant_extra(project: Path) -> None:
    shutil.copy(project / STUDENT, project / "notebooks/99_extra.ipynb")


def plant_damaged(project: Path) -> None:
    (project / SOLVED).write_bytes((project / SOLVED).read_bytes()[:100])


def plant_undecodable_lesson(project: Path) -> None:
    (project / "lessons/03_sample.py").write_bytes(b"# %% \xff")


def plant_damaged_address(project: Path) -> None:
    (project / "pyproject.toml").write_text("[project", encoding="utf-8")


def plant_undecodable_solutions(project: Path) -> None:
    (project / build_notebooks.SOLUTIONS).write_bytes(b"\xff")


def plant_stale_solution(project: Path) -> None:
    change(project / build_notebooks.SOLUTIONS, "return ids[1:]", "return ids[:-1]")


@pytest.mark.parametrize(
    ("plant", "message"),
    [
        (plant_stale_student, f"{STUDENT} is stale"),
        (plant_changed_lesson, f"{SOLVED} is stale"),
        (plant_changed_tag, f"{SOLVED} is stale"),
        (plant_missing, f"{SOLVED} is missing"),
        (plant_extra, "notebooks/99_extra.ipynb has no lesson"),
        (plant_stale_solution, "llmlab/exercises/solutions.json is stale"),
        (plant_undecodable_solutions, "llmlab/exercises/solutions.json is stale"),
        (plant_damaged, f"{SOLVED}: 03_sample.ipynb is no notebook that can be read"),
        (plant_undecodable_lesson, "lessons/03_sample.py: byte 5 is not UTF-8; restore the file"),
        (plant_damaged_address, "pyproject.toml does not name the Repository under [project.urls]"),
    ],
)
def test_check_catches_what_is_out_of_date(project, plant, message):
    plant(project)
    result = check(project)
    assert result.returncode == 1
    assert message in result.stderr and "make notebooks" in result.stderr
    assert "Traceback" not in result.stderr
