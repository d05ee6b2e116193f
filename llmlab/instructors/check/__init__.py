"""`llmlab check`: run notebooks again and say which cells differ from what the notebook holds.

The engine is nbval, with the course's settings: the current environment, the CPU, 120 s a cell, two notebooks at a
time. A notebook is

- **compared** when it is as it was built: its cells are those with which its outputs were made, on Linux with the
  versions of requirements.lock. Then every output must come out the same.
- **executed** otherwise (cells edited since, other versions, another system, no outputs): no cell may raise.

A notebook of the course is also *stale* when its lesson generates other cells than it holds.

`planning` decides on each notebook, `execution` runs them, `nbval_reports` and `kernels` work in the process that does;
`console` and `junit` show the results, and `command` is what the command line calls.
"""

from llmlab.instructors.check.execution import execute
from llmlab.instructors.check.junit import write_junit
from llmlab.instructors.check.planning import as_built, missing, plan, stale, why_not_compared
from llmlab.instructors.check.results import CannotCheck, Checked, Planned, shown_path

__all__ = [
    "CannotCheck",
    "Checked",
    "Planned",
    "as_built",
    "execute",
    "missing",
    "plan",
    "shown_path",
    "stale",
    "why_not_compared",
    "write_junit",
]
