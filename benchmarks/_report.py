"""docs/SPEED.md and its picture, from what the benchmarks wrote into results/. The last step of `make bench`.

The goals stand here, once; whether one is reached is computed, and what bounds those that are not is said below.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt  # noqa: E402
from _pairs import RESULTS  # noqa: E402

ELSEWHERE = "classroom"  # measured by `make classroom`, told in docs/JUPYTERHUB.md
DOCS = Path(__file__).parent.parent / "docs"
HOLDS_ONE = "interval holds 1"  # or lies below


@dataclass(frozen=True)
class Goal:
    """One line of the table: a figure, its limit, and how to write both."""

    work: str
    goal: str
    value: float
    limit: float
    low: float | None = None  # the interval of a ratio's median
    high: float | None = None
    written: str = ""  # the measured figure in words; empty for a ratio

    @property
    def reached(self) -> bool:
        return (self.low if self.goal == HOLDS_ONE else self.value) <= self.limit

    @property
    def measured(self) -> str:
        if self.written:
            return self.written
        interval = "" if self.low is None else f" [{self.low:.3g}, {self.high:.3g}]"
        equal = ", equal" if self.limit == 1 and self.low is not None and self.low <= 1 <= self.high else ""
        return f"{self.value:.3g} ×{interval}{equal}"


def read(name: str) -> dict:
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


class NotMeasured(LookupError):
    """A figure that the last run of the benchmarks did not bring: a peer or a text was missing."""


ZIPF, VERDICT, BOOK = "Zipf, 1 MB", "The Verdict, vocabulary 500, no pre-tokenization", "`llms-from-scratch`"
FUSED = "PyTorch's fused attention"

# File, words that only its row has, how the work is called here, the goal as a ratio and in words.
RATIOS = (
    (
        "bpe",
        (f"`tokenizers`: {ZIPF}, vocabulary 1,000",),
        "BPE training, 1 MB, vocabulary 1,000 / `tokenizers`",
        1.5,
        "",
    ),
    (
        "bpe",
        (f"`tokenizers`: {ZIPF}, vocabulary 5,000",),
        "BPE training, 1 MB, vocabulary 5,000 / `tokenizers`",
        1.5,
        "",
    ),
    ("bpe", ("exercises", VERDICT), f"BPE training, {VERDICT} / lesson 02's exercises", 1 / 30, "1/30"),
    ("bpe", ("naive (shorter", VERDICT), "the same / a shorter trainer, with `Counter`", 1 / 30, "1/30"),
    (
        "bpe",
        ("exercises", f"{ZIPF}, vocabulary 1,000"),
        "BPE training, 1 MB, vocabulary 1,000 / lesson 02's exercises, run once",
        1 / 300,
        "1/300",
    ),
    (
        "bpe",
        ("naive (shorter", f"{ZIPF}, vocabulary 1,000"),
        "the same / the shorter trainer, run once",
        1 / 300,
        "1/300",
    ),
    ("bpe", ("10 MB / 1 MB, vocabulary 1,000",), "BPE training, 10 MB / 1 MB, vocabulary 1,000", 12, ""),
    ("bpe", ("10 MB / 1 MB, vocabulary 5,000",), "BPE training, 10 MB / 1 MB, vocabulary 5,000", 12, ""),
    ("bpe", ("cold / `tiktoken`", ZIPF), "BPE encoding, 1 MB, cold / `tiktoken`", 3, ""),
    ("bpe", ("encoding, warm / `tiktoken`", ZIPF), "BPE encoding, 1 MB, warm / `tiktoken`", 1.5, ""),
    ("windows", ("build all",), "windows of 1 M tokens, length 256, stride 1 / a list of tensors", 1 / 400, "1/400"),
    ("windows", ("stride 1 /",), "loader, stride 1 / from the list of tensors", 1, ""),
    ("windows", ("stride 128 /",), "loader, stride 128 / from the list of tensors", 1, ""),
    ("windows", ("stride 256 /",), "loader, stride 256 / from the list of tensors", 1, ""),
    ("attention", ("forward, T=256 ", FUSED), "attention, forward, T=256 / PyTorch's fused call", None, ""),
    ("attention", ("forward, T=1,024 ", FUSED), "attention, forward, T=1,024 / PyTorch's fused call", None, ""),
    ("attention", ("backward, T=256 ", FUSED), "attention, with backward, T=256 / PyTorch's fused call", None, ""),
    ("attention", ("backward, T=1,024 ", FUSED), "attention, with backward, T=1,024 / PyTorch's fused call", None, ""),
    ("gpt", ("lesson 11 / plain",), "training step of lesson 11, one thread / plain PyTorch", 1, ""),
    ("gpt", ("lesson 11, all threads / plain",), "the same on all threads / plain PyTorch", 1, ""),
    ("gpt", ("larger / plain",), "training step, a larger GPT, all threads / plain PyTorch", 1, ""),
    (
        "gpt",
        ("lesson 11 /", BOOK, "our optimizer"),
        f"training step of lesson 11, one optimizer / {BOOK}",
        1 / 1.6,
        "1/1.6",
    ),
    ("gpt", ("lesson 11 /", BOOK, "its own"), f"the same, each with its own optimizer / {BOOK}", 1 / 1.6, "1/1.6"),
    ("gpt", ("larger", BOOK, "its own"), f"training step, a larger GPT, own optimizers / {BOOK}", 1 / 1.6, "1/1.6"),
    ("gpt", ("with cache",), "256 new tokens with cache / without", 1 / 5, "1/5"),
)


def ratio(file: str, words: tuple[str, ...], work: str, limit: float | None, said: str) -> Goal:
    """The goal of one row; without a limit the interval has to reach down to 1."""
    rows = [row for row in read(file)["rows"] if all(word in row["item"] for word in words)]
    if not rows:
        raise NotMeasured(work)
    (row,) = rows
    low, high = row["ratio_low"], row["ratio_high"]
    if limit is None:
        return Goal(work, HOLDS_ONE, row["ratio"], 1.0, low, high)
    return Goal(work, f"≤ {said or f'{limit:g} ×'}", row["ratio"], limit, low, high)


def figure_in(file: str, before: str, after: str) -> float:
    """A figure from the notes of a result file, by the words around it."""
    (note,) = [note for note in read(file)["notes"] if before in note]
    return float(note.partition(before)[2].partition(after)[0])


def other_goals() -> list[Goal]:
    """What is not a ratio of times of two programs."""
    course, kernels, rows = read("course"), read("kernel_memory")["kernels_mb"], read("explorer_latency")["rows"]
    page = {(row["what"], row["where"]): row for row in rows}
    drag, far = (
        page["window map, dragging a loaded axis", where]["p95_ms"] for where in ("localhost", "200 ms of delay")
    )
    touch = page["window map, first touch of a control", "localhost"]["p95_ms"]
    usual = page["interactive_output + new matplotlib figure", "localhost"]["p95_ms"]
    frame, figure = (
        page[what, "kernel alone, first state"]["median_ms"]
        for what in ("window map, one frame", "the same as a new matplotlib figure, PNG")
    )
    flat, text_times = figure_in("gpt", "last 32 of 288: ", " times"), figure_in("bpe", "memory by ", " ×")
    windows_mb, minutes = figure_in("windows", "stride 1: ", " MB"), course["notebooks_minutes"]
    largest = max(peak["kernel"] for peak in kernels.values())
    number = course["notebooks"]
    torch = "torch loaded" if course["import_loads_torch"] else "no torch"
    return [
        Goal("memory of BPE training, 10 MB, beside the text", "≤ 4 ×", text_times, 4),
        Goal("memory of the windows of 1 M tokens", "≤ 10 MB", windows_mb, 10, written=f"{windows_mb:.1f} MB"),
        Goal("time per token with cache, the last 32 / the first 32 of 256", "flat", flat, 1.25),
        Goal("a frame of the window map in the kernel / a new figure", "≤ 1/100", frame / figure, 1 / 100),
        Goal("dragging a loaded control, 95 % of moves", "≤ 16 ms", drag, 16, written=f"{drag:.1f} ms"),
        Goal("the same, 200 ms away from the kernel", "≤ 16 ms", far, 16, written=f"{far:.1f} ms"),
        Goal("first touch of a control, 95 %", "≤ 100 ms", touch, 100, written=f"{touch:.0f} ms"),
        Goal("(`interactive_output` with a figure, each move, 95 %)", "", usual, usual, written=f"{usual:.0f} ms"),
        Goal("`import llmlab`, the whole process", "≤ 150 ms", course["import_ms"], 150,
             written=f"{course['import_ms']:.0f} ms, {torch}"),
        Goal(f"all {number} notebooks re-executed, two cores", "≤ 5 min", minutes, 5, written=f"{minutes:.1f} min"),
        Goal("resident memory of a lesson's kernel, the largest", "≤ 700 MB", largest, 700, written=f"{largest} MB"),
    ]  # fmt: skip


def page(found: list[Goal]) -> str:
    records = {name: read(name) for name in ("bpe", "windows", "attention", "gpt", "course", "kernel_memory")}
    dates = sorted({record["date"] for record in records.values()})
    versions = {package: number for record in records.values() for package, number in record["versions"].items()}
    lines = [
        "# Speed, beside the peers",
        "",
        f"Written by `make bench`, which runs everything below anew. {', '.join(dates)}, "
        f"{records['bpe']['machine']}, Python {records['bpe']['python']}, "
        + ", ".join(f"{package} {number}" for package, number in sorted(versions.items()))
        + ".",
        "",
        "A ratio is our time divided by the peer's on the same input, both in one run, taking turns: the median of the "
        "turns, and in brackets the 95 % interval of that median. Below 1, ours is faster. Before anything is timed, "
        "both have to give the same result.",
        "",
        "![Each ratio of the table as a dot with its interval on a logarithmic axis, beside a mark at its goal; the "
        "table below has the figures](images/speed.svg)",
        "",
        "| work | goal | measured | |",
        "|---|--:|--:|---|",
        *(f"| {one.work} | {one.goal} | {one.measured} | {'' if one.reached else 'missed'} |" for one in found),
        "",
        "All rows, and the notes on what was measured: "
        + ", ".join(
            f"[{path.stem}](../benchmarks/results/{path.name})"
            for path in sorted(RESULTS.glob("*.md"))
            if path.stem != ELSEWHERE
        )
        + ".",
        "",
        (Path(__file__).parent / "bounds.md").read_text(encoding="utf-8").strip(),
    ]
    return "\n".join(lines) + "\n"


def draw(found: list[Goal]) -> None:
    """The ratios between two programs, as dots with intervals."""
    ratios = [one for one in found if one.low is not None][::-1]
    plt.rcParams["svg.hashsalt"] = "llmlab"
    figure, axes = plt.subplots(figsize=(9, 0.32 * len(ratios) + 0.9), layout="constrained")
    for y, one in enumerate(ratios):
        colour = "#2f6fb0" if one.reached else "#b3440b"
        axes.plot([one.low, one.high], [y, y], color=colour, linewidth=2)
        axes.plot(one.value, y, marker="o" if one.reached else "X", color=colour, markersize=6)
        axes.plot(one.limit, y, marker="|", color="black", markersize=13)
    axes.set_yticks(range(len(ratios)), [one.work.replace("`", "") for one in ratios], fontsize=8)
    axes.set_xscale("log")
    axes.axvline(1, color="#999999", linewidth=0.8, zorder=0)
    axes.set_xlabel("ours / peer: dot and line measured, | goal; left is faster", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(DOCS / "images" / "speed.svg", metadata={"Date": None}, facecolor="white")


def goals() -> tuple[list[Goal], list[str]]:
    """All lines of the table, and the work of those that were not measured."""
    found, missing = [], []
    for row in RATIOS:
        try:
            found.append(ratio(*row))
        except NotMeasured as error:
            missing.append(str(error))
    return found + other_goals(), missing


def main() -> None:
    found, missing = goals()
    (DOCS / "SPEED.md").write_text(page(found), encoding="utf-8")
    draw(found)
    for one in missing:
        print(f"NOT MEASURED {one}")
    for one in found:
        print(f"{'reached' if one.reached else 'MISSED ':8} {one.work}: {one.measured} (goal {one.goal})")


if __name__ == "__main__":
    main()
