"""Grade a folder of submitted notebooks: `grade_folder("submissions", "grades.csv")`, or `llmlab grade` in a shell.

Each notebook runs in a fresh process with limits; its answers are found by their names and judged by the course's own
checks with fresh random values, whatever the notebook shows or prints. One row a student and exercise. This is for the
notebooks of one's own course: it stops accidents and simple tricks, not a determined attack.

`walk` and `reader` find and read the files, `submissions` says which is whose; `folder` takes one after the other in a
`workplace`, `process` and `attempt` start a process and watch it, `worker` is what runs in it, `guard` what it may not
do; `judge` and `checker` decide; `table` is what is written, `standing` what counts.
"""

from llmlab.instructors.grade.attempt import GraderBroken
from llmlab.instructors.grade.folder import grade_folder
from llmlab.instructors.grade.machine import isolation
from llmlab.instructors.grade.stopping import Stopped
from llmlab.instructors.grade.summary import summary
from llmlab.instructors.grade.table import Row, TableElsewhere

__all__ = ["GraderBroken", "Row", "Stopped", "TableElsewhere", "grade_folder", "isolation", "summary"]
