"""README and the pages in docs/ are true: links lead somewhere, commands exist, figures are measured ones."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import typer.main

from llmlab.cli import app
from tests import ROOT, notebooks

PAGES = sorted([ROOT / "README.md", ROOT / "SECURITY.md", *(ROOT / "docs").glob("*.md")])
LESSONS = sorted((ROOT / "lessons").glob("*.py"))
COMMANDS = typer.main.get_command(app).commands
MAKE_TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
each_page = pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def headings(file: Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", file.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return {anchor(heading) for heading in re.findall(r"^#+ +(.+)$", text, re.MULTILINE)}


@each_page
def test_relative_links_lead_somewhere(file):
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", file.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+://", link):
            continue
        name, _, fragment = link.partition("#")
        target = (file.parent / name).resolve() if name else file
        if not target.exists() and target.is_relative_to(ROOT):  # somebody may have renamed the one in the folder
            target = notebooks().parent / target.relative_to(ROOT)
        if not target.exists() or (fragment and fragment not in headings(target)):
            lost.append(link)
    assert lost == []


def test_a_lost_link_would_be_seen():
    assert "what-this-protects-against-and-what-not" in headings(ROOT / "docs/INSTRUCTORS.md")
    assert anchor("Slow, or the kernel dies") == "slow-or-the-kernel-dies"


def commands(file: Path, program: str) -> list[str]:
    """The command lines of a program in code, inline or in blocks, without comments."""
    text = file.read_text(encoding="utf-8")
    code = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    code += [
        line.strip().removeprefix("- run: ")
        for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
        for line in block.split("\n")
    ]
    return [re.split(r"\s{2,}|\s#", line)[0] for line in code if line == program or line.startswith(f"{program} ")]


def unknown(line: str) -> set[str]:
    """What `llmlab` would not understand in a command line."""
    name, *rest = shlex.split(line)[1:] or ["--help"]
    if name == "--help":
        return set()
    if name not in COMMANDS:
        return {name}
    known = {flag for parameter in COMMANDS[name].params for flag in parameter.opts} | {"--help"}
    return {word for word in rest if word.startswith("-")} - known


@each_page
def test_every_llmlab_command_exists_with_its_options(file):
    lines = commands(file, "llmlab") + [line.removeprefix("python -m ") for line in commands(file, "python -m llmlab")]
    assert {line: unknown(line) for line in lines if unknown(line)} == {}


def test_an_unknown_command_or_option_would_be_seen():
    assert unknown("llmlab chekc") == {"chekc"} and unknown("llmlab check a.ipynb --fast --junit x") == {"--fast"}


@each_page
def test_every_make_target_exists(file):
    for line in commands(file, "make"):
        words = [word for word in shlex.split(line)[1:] if "=" not in word]
        assert set(words) <= MAKE_TARGETS, line


@each_page
def test_every_script_and_test_file_exists(file):
    text = re.sub(r"https?://\S+", "", file.read_text(encoding="utf-8"))
    named = re.findall(r"\b(?:tools|tests|benchmarks|lessons|llmlab)/[\w/]+\.\w+", text)
    assert [name for name in named if "NN_name" not in name and not (ROOT / name).exists()] == []


def test_the_commands_are_found():
    found = commands(ROOT / "docs/INSTRUCTORS.md", "llmlab")
    assert {"llmlab check", "llmlab grade submissions --out grades.csv", "llmlab check --junit results.xml"} <= set(
        found
    )
    assert {line.split()[1] for line in found if " " in line} == {
        *("check", "grade", "release", "doctor", "lab", "train")
    }


def test_the_memory_of_kernels_is_what_was_measured():
    measured = json.loads((ROOT / "benchmarks/results/kernel_memory.json").read_text(encoding="utf-8"))
    peaks = [kernel["kernel"] for kernel in measured["kernels_mb"].values()]
    text = " ".join((ROOT / "docs/INSTRUCTORS.md").read_text(encoding="utf-8").split())
    assert f"takes {min(peaks)} to {max(peaks)} MB at its peak" in text
    assert max(peaks) <= measured["goal_mb"] == 700


def test_every_exercise_header_is_counted():
    for lesson in LESSONS:
        text = lesson.read_text(encoding="utf-8")
        assert text.count("# ### Exercise ") == len(re.findall(r"^# [●○]{3} · (\d+) minutes · ", text, re.MULTILINE))
