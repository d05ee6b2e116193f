"""`llmlab check` and what may go wrong in a cell: however it fails, it is reported, and what is no failure is not."""

from __future__ import annotations

import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from llmlab.instructors.check.console import summary
from llmlab.instructors.check.execution import execute
from llmlab.instructors.check.planning import plan

NOW = "raise TypeError('now')"
FAILING = {  # kind: the cell, and the beginning of what is said of it
    "unknown line magic": ("%no_such_magic\nraise TypeError('later')", "UsageError: Line magic function"),
    "unknown cell magic": ("%%no_such_magic\nraise TypeError('later')", "UsageError: Cell magic"),
    "magic that is called": ("get_ipython().run_line_magic('no_such_magic', '')", "UsageError: Line magic function"),
    "exception": (NOW, "TypeError: now"),
    "syntax": ("print 'x'", "SyntaxError: "),
    "exit": ("raise SystemExit", "SystemExit: "),
    "captured": (f"%%capture\n{NOW}", "TypeError: now"),
    "timed": (f"%%time\n{NOW}", "TypeError: now"),
    "shell script": ("%%bash\nexit 3", "CalledProcessError: "),
    "in a widget": (f"import ipywidgets\nwith ipywidgets.Output():\n    {NOW}", "TypeError: now"),
    "shown value": (f"class A:\n    def __repr__(self):\n        {NOW}\nA()", "TypeError: now"),
    "after half a line": (f"import os\nos.system('printf oops')\n{NOW}", "TypeError: now"),
    "after what looks like a result": (
        f"""import os\nos.system("echo '{{}}'; echo '{{oops'")\n{NOW}""",
        "TypeError: now",
    ),
    "traceback switched off": (f"get_ipython()._showtraceback = lambda *_: None\n{NOW}", "TypeError: now"),
    "handler that says nothing": (
        "get_ipython().set_custom_exc((Exception,), lambda *_, **__: None)\n1 / 0",
        "ZeroDivisionError: ",
    ),
}
FINE = {
    "value": "1 + 1",
    "nothing": "",
    "program with an exit code": "!exit 3",
    "error stream": "import sys; print('UsageError', file=sys.stderr)",
}
TAGGED = {
    "it may raise": ("raise TypeError('as it says')", ["raises-exception"]),
    "it may use an unknown magic": ("%no_such_magic", ["raises-exception"]),
}
SKIPPED = {
    "by a comment": ("# NBVAL_SKIP\nraise TypeError('never')", []),
    "by a tag": ("raise TypeError('never')", ["nbval-skip"]),
}
windows = pytest.mark.skipif(sys.platform == "win32", reason="not on Windows: it has no bash and no such signals")


def results(*notebooks):
    """What `llmlab check` finds in some notebooks, each given as path and cells."""
    for path, cells in notebooks:
        nbformat.write(new_notebook(cells=cells), path)
    planned, unreadable = plan([path for path, _ in notebooks], None)
    assert unreadable == []
    return planned, list(execute(planned, None))


def tagged(source, tags):
    return new_code_cell(source, metadata={"tags": tags})


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """One notebook with all the kinds: the results by kind, and the summary."""
    sources = [source for source, _ in FAILING.values()]
    # Last, and in this order: the handler that says nothing stays in force.
    cells = [*map(new_code_cell, FINE.values()), *(tagged(*one) for one in (TAGGED | SKIPPED).values())]
    cells += map(new_code_cell, sources)
    planned, all_results = results((tmp_path_factory.mktemp("cells") / "kinds.ipynb", cells))
    assert [one.cell for one in all_results] == list(range(1, len(cells) + 1))
    names = [*FINE, *TAGGED, *SKIPPED, *FAILING]
    return dict(zip(names, all_results, strict=True)), summary(all_results, planned)


@windows
@pytest.mark.parametrize("kind", FAILING)
def test_a_cell_that_fails_is_reported(kind, found):
    assert found[0][kind].trouble == "raises"
    assert found[0][kind].got.startswith(FAILING[kind][1])


@windows
@pytest.mark.parametrize("kind", [*FINE, *TAGGED])
def test_a_cell_that_does_what_it_says_is_fine(kind, found):
    assert (found[0][kind].trouble, found[0][kind].skipped) == ("", False)


@windows
def test_a_cell_that_is_not_run_is_not_called_fine(found):
    assert all(found[0][kind].skipped and not found[0][kind].trouble for kind in SKIPPED)
    fine = len(FINE) + len(TAGGED)
    expected = f"Cells: {fine} as they should be, {len(FAILING)} with trouble, 2 not run, as they say themselves"
    assert expected in found[1]


@windows
def test_a_cell_that_kills_the_kernel_is_named_and_so_are_those_after_it(tmp_path):
    cells = [new_code_cell(source) for source in ("1", "import os; os._exit(0)", "1")]
    _, found = results((tmp_path / "a.ipynb", cells))
    assert [one.trouble for one in found] == ["", "does not run", "does not run"]
    assert found[1].got.startswith("the kernel died: a cell ended it")


@windows
def test_a_cell_that_kills_what_runs_it_leaves_no_notebook_that_looks_whole(tmp_path):
    cells = [new_code_cell(source) for source in ("1", "import os; os.kill(os.getppid(), 9)", "1")]
    _, found = results((tmp_path / "a.ipynb", cells))
    assert [(one.cell, one.trouble) for one in found] == [(1, ""), (None, "does not run to its end")]
    assert found[1].got.startswith("only 1 of its 3 code cells gave a result")


def test_options_for_other_tests_deselect_no_cell(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -x\n", encoding="utf-8")
    _, found = results((tmp_path / "a.ipynb", [new_code_cell("1 / 0"), new_code_cell("1")]))
    assert [one.trouble for one in found] == ["raises", ""]


def test_a_cleared_cell_of_a_notebook_that_is_compared_is_compared_too(tmp_path, monkeypatch):
    """nbval compares nothing in a cell without a number, as when the outputs of one cell were cleared."""
    monkeypatch.setattr("llmlab.instructors.check.planning.as_built", lambda notebook: True)
    monkeypatch.setattr("llmlab.instructors.check.planning.why_not_compared", lambda root: "")
    output = nbformat.v4.new_output("stream", name="stdout", text="1\n")
    shown = new_code_cell("print(1)", outputs=[output], execution_count=1)
    cells = [shown, new_code_cell("print(2)"), new_code_cell("x = 3")]
    planned, found = results((tmp_path / "a.ipynb", cells))
    assert planned[0].compare
    assert [(one.trouble, one.expected, one.got) for one in found] == [
        ("", "", ""),
        ("stdout differs", "(nothing)", "2"),
        ("", "", ""),
    ]
