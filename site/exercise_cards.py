"""An exercise of a lesson as a card of its page: the task, the cell that waits for code, three hints, where to go.

What is predicted or chosen can be answered in the page itself: its card holds an element `llmlab-exercise`, which the
site's script gives its buttons. Code is written in the notebook.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

import addresses
from verdicts_forms import FORMS, prompt_for_page

from llmlab.exercises import exercise

_HEADER = re.compile(r"### Exercise (\d\d\.\d+) · (.+)\n\n(●[●○]*) · (\d+ minutes) · (.+) · ([^·\n]+)\n\n")
_FOR_A_CELL = re.compile(r"^(Put|Write) .*in place of the `\.\.\.`", re.DOTALL)
_STUCK = re.compile(r'^Stuck\? `exercise\("')


@dataclass(frozen=True)
class Task:
    """What the text of a lesson says of an exercise."""

    id: str
    title: str
    difficulty: str
    minutes: str
    purpose: str
    kind: str
    text: str


def task(markdown: str) -> Task:
    """The exercise that a piece of a lesson's text sets, from its heading to its end.

    Raises:
        ValueError: the text does not open as an exercise does.
    """
    header = _HEADER.match(markdown)
    if not header:
        raise ValueError(f"an exercise opens with its heading and its line of facts, got {markdown[:120]!r}")
    return Task(*header.groups(), text=markdown[header.end() :].strip())


def card(task: Task, stub: str, lesson: str) -> str:
    """The exercise as Markdown with HTML around it.

    Args:
        task: what the lesson says.
        stub: the cell that the notebook has for the answer.
        lesson: the name of the lesson, for the links that open it.
    """
    paragraphs = [part for part in task.text.split("\n\n") if not _STUCK.match(part)]
    cell = f"```python\n{stub}\n```"
    folds = _hints(task.id)
    if task.id in FORMS:
        for_the_cell = [part for part in paragraphs if _FOR_A_CELL.match(part)]
        text = prompt_for_page(task.id, "\n\n".join(paragraphs))
        text = "\n\n".join(part for part in text.split("\n\n") if not _FOR_A_CELL.match(part))
        body = f'<div class="llmlab-exercise" data-exercise="{task.id}">\n\n{text}\n\n</div>'
        in_notebook = "\n\n".join([*for_the_cell, cell, _where("Open it", lesson)])
        folds.append(_fold("The same in the notebook", in_notebook))
        end = ""
    else:
        body = "\n\n".join([*paragraphs, cell])
        end = _where("Write it, and have it checked, in the notebook", lesson)
    parts = [
        f"(exercise-{task.id.replace('.', '-')})=\n### Exercise {task.id} · {task.title}",
        f'<div class="exercise-card" data-task="{task.id}">\n{_facts(task)}',
        body,
        '<div class="exercise-folds">',
        *folds,
        "</div>",
        end,
        "</div>",
    ]
    return "\n\n".join(filter(None, parts))


def _facts(task: Task) -> str:
    level = task.difficulty.count("●")
    return (
        f'<p class="exercise-facts"><span class="exercise-kind">{escape(task.kind)}</span> '
        f'<span role="img" aria-label="difficulty {level} of 3">{task.difficulty}</span> '
        f"<span>{task.minutes}</span> <span>{escape(task.purpose)}</span></p>"
    )


def _hints(id: str) -> list[str]:
    hints = exercise(id).hints
    return [_fold(f"Hint {number} of {len(hints)}", hint) for number, hint in enumerate(hints, 1)]


def _fold(summary: str, markdown: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{markdown}\n\n</details>"


def _where(does: str, lesson: str) -> str:
    address = addresses.public_address()
    ways = []
    if address:
        ways.append(f'<a href="{addresses.colab(address, lesson)}">in Colab</a>')
        ways.append(f'<a href="{addresses.binder(address, lesson)}">on Binder</a>')
    ways.append('<a href="../start.html#on-your-own-computer">on this computer</a>')
    return f'<p class="exercise-where">{does}: {", ".join(ways)}.</p>'
