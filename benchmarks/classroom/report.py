"""The table of benchmarks/results/classroom.md."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

STEPS = ("log in", "server", "course", "page", "kernel", "first cell")


def median_and_95(values: list[float]) -> str:
    """Both in whole seconds, or a dash where there is no value.

    >>> median_and_95([1.0, 2.0, 3.0]), median_and_95([])
    ('2 / 3', '– / –')
    """
    if not values:
        return "– / –"
    return " / ".join(f"{np.percentile(values, share):.0f}" for share in (50, 95))


def seconds(held: dict, step: str, lesson: Callable[[str], bool] = lambda _: True) -> list[float]:
    """From the click on the link to the end of a step, of all who came so far."""
    return [one["after"][step] for one in held["visits"] if step in one["after"] and lesson(one["lesson"])]


def failures(held: dict) -> list[str]:
    """A line for each student whose lesson did not come to its end."""
    return [f"{one['name']}, lesson {one['lesson']}: {one['failure']}" for one in held["visits"] if one["failure"]]


def culled(held: dict) -> str:
    """The culling of a class in words."""
    culling = held["culling"]
    return f"{culling['kernels']} s, {culling['servers']} s" if culling["servers"] else "none"


def times(classes: list[dict]) -> list[str]:
    """The table of times."""
    lines = [
        "| students | culling | first cell | PyTorch there | whole lesson | lesson 11 | longest cell | processors busy "
        "| failures |",
        "|--:|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for held in classes:
        longest = max((one["longest_cell"] for one in held["visits"]), default=0)
        eleven = seconds(held, "lesson", lambda lesson: lesson == "11")
        cells = [
            *(held["students"], culled(held), median_and_95(seconds(held, "first cell"))),
            *(median_and_95(seconds(held, "imports")), median_and_95(seconds(held, "lesson"))),
            *(", ".join(f"{one:.0f}" for one in eleven) or "–", f"{longest:.0f}"),
            *(f"{held['memory']['processors_busy']} %", len(failures(held))),
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def steps(classes: list[dict]) -> list[str]:
    """The table of what a student waits for before the first cell's result."""
    lines = [f"| students | culling | {' | '.join(STEPS)} |", f"|--:|---|{'--:|' * len(STEPS)}"]
    for held in classes:
        cells = [held["students"], culled(held), *(median_and_95(seconds(held, step)) for step in STEPS)]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def memory(classes: list[dict]) -> list[str]:
    """The table of memory."""
    lines = [
        "| students | culling | most, all together | a student: median, most | hub and proxy | kernels at once "
        "| notebooks left open | then closed |",
        "|--:|---|--:|--:|--:|--:|--:|--:|",
    ]
    for held in classes:
        told = held["memory"]
        cells = [
            *(held["students"], culled(held), f"{told['most_mb']:,}"),
            *(f"{told['student_median_mb']}, {told['student_most_mb']}", told["hub_mb"], told["kernels_at_once"]),
            *(left(told.get(name)) for name in ("open", "closed")),
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def lessons(classes: list[dict]) -> str:
    """How much memory a student of each lesson took at most, in words."""
    most: dict[str, int] = {}
    for one in (visit for held in classes for visit in held["visits"]):
        if one["most_mb"] is not None:
            most[one["lesson"]] = max(most.get(one["lesson"], 0), one["most_mb"])
    return ", ".join(f"{lesson}: {most[lesson]:,}" for lesson in sorted(most))


def left(sample: list[int] | None) -> str:
    """What a class left: MB, servers and kernels.

    >>> left([300, 1234, 10, 0]), left(None)
    ('1,234 (10, 0)', '–')
    """
    return "–" if sample is None else f"{sample[1]:,} ({sample[2]}, {sample[3]})"


def in_order(record: dict) -> list[dict]:
    """The classes, those without culling first, the small ones before the large."""
    return sorted(record["classes"], key=lambda held: (held["culling"]["servers"], held["students"]))


def page(record: dict) -> str:
    """All of it as Markdown."""
    classes = in_order(record)
    versions = ", ".join(f"{package} {number}" for package, number in record["versions"].items())
    lines = [
        "# A class on one machine",
        "",
        f"{record['date']}, Python {record['python']}, {record['machine']}, {versions}. `make classroom`: each "
        "student logs in to a JupyterHub, follows one link of nbgitpuller, and runs every code cell of a lesson. All "
        f"come within {record['spread']:.0f} s, evenly, and look at a cell for {record['pause']:g} s on average before "
        "they run the next. In the middle two come to lesson 11, the others to 00 to 10. What stands for the browsers "
        f"ran on the same machine. So did whatever else it had to do: {record['load_before']} processes on average "
        "wanted a processor before the first class.",
        "",
        "Seconds from the click on the link, median / 95 %; of lesson 11 both. *PyTorch there*: the second cell, which "
        "imports it, has run. *Whole lesson* counts the looking as well. The longest cell counts from its start; the "
        "processors' share is the mean while anybody worked.",
        "",
        *times(classes),
        "",
        "The way to the first cell's result, each step counted from the click:",
        "",
        *steps(classes),
        "",
        "Memory in MB (PSS: what several processes share is counted once). *Culling* names the idle seconds after "
        "which kernels and servers go. The last two columns have what was left (servers, kernels) when these seconds "
        "were over, first with all notebooks open, then with all closed; without culling, half a minute after:",
        "",
        *memory(classes),
        "",
        f"The most that a student took, by lesson, server and kernel together: {lessons(classes)}.",
    ]
    for held in classes:
        if failed := failures(held):
            lines += ["", f"Failures, {held['students']} students, culling {culled(held)}:", ""]
            lines += [f"- {one}" for one in failed]
    return "\n".join(lines) + "\n"
