"""What the benchmarks share: ours and a peer take turns on the same input, and the turns are compared one by one.

Whatever slows the machine down meets both of a turn, so a ratio (ours divided by the peer's) is steadier than either
time. A table gives the median of the ratios and, in brackets, the 95 % interval of that median, from the ranks of the
turns (sign test: nothing is assumed about how they are spread).
"""

from __future__ import annotations

import contextlib
import datetime
import gc
import json
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
REPEATS = 7
Work = Callable[[], object]


def processor_time(work: Work) -> float:
    """Seconds of the processor: for work on one thread, so that other programs do not count."""
    gc.collect()  # else who comes next pays for what others left behind
    start = time.process_time()
    work()
    return time.process_time() - start


def wall_time(work: Work) -> float:
    """Seconds on the clock: for work on several threads."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """The narrowest pair of ranks, alike from both ends, that holds the median with `confidence`; else all values."""
    ordered, n = sorted(values), len(values)
    cut = 0
    while cut + 1 <= (n - 1) // 2 and 2 * sum(math.comb(n, i) for i in range(cut + 1)) / 2**n <= 1 - confidence:
        cut += 1
    cut = max(0, cut - 1)
    return ordered[cut], ordered[n - 1 - cut]


def compare(
    name: str,
    ours: Work,
    peer: Work,
    goal: str = "",
    *,
    clock: Callable[[Work], float] = processor_time,
    prepare: Work = lambda: None,
    repeats: int = REPEATS,
    peer_share: float = 1.0,
) -> dict:
    """One row of the table. `prepare` runs before each turn of ours and is not measured; the first turn warms up.

    A peer that does only a share of the work has its times divided by it.
    """
    turns = []
    for turn in range(repeats + 1):
        prepare()
        # Whoever comes second may find warmer caches: take turns at that too.
        if turn % 2:
            peers, mine = clock(peer), clock(ours)
        else:
            mine, peers = clock(ours), clock(peer)
        if turn:
            turns.append((mine, peers / peer_share))
    return as_measured(name, turns, goal)


def compare_once(name: str, ours: Work, peer: Work, goal: str = "") -> dict:
    """One row for a peer that takes a minute: it runs once, ours some times before it and as often after it."""
    ours()
    before = [processor_time(ours) for _ in range(REPEATS // 2)]
    once = processor_time(peer)
    after = [processor_time(ours) for _ in range(REPEATS // 2)]
    return as_measured(name, [(mine, once) for mine in before + after], goal)


def as_measured(name: str, turns: Sequence[tuple[float, float]], goal: str) -> dict:
    """The row of these turns (our seconds, the peer's), printed and returned."""
    ratios = [mine / other for mine, other in turns]
    low, high = median_interval(ratios)
    row = {
        "item": name,
        "ours_s": statistics.median(mine for mine, _ in turns),
        "peer_s": statistics.median(other for _, other in turns),
        "ratio": statistics.median(ratios),
        "ratio_low": low,
        "ratio_high": high,
        "repeats": len(turns),
        "goal": goal,
    }
    print(as_row(row), flush=True)
    return row


def as_row(row: dict) -> str:
    return (
        f"| {row['item']} | {milliseconds(row['ours_s'])} | {milliseconds(row['peer_s'])} "
        f"| {row['ratio']:.3g} [{row['ratio_low']:.3g}, {row['ratio_high']:.3g}] | {row['goal']} |"
    )


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f}" if seconds >= 0.1 else f"{seconds * 1000:.3g}"


class Table:
    """The rows and notes of one results file, written when the block is left: whatever breaks off keeps what it had.

    with Table("gpt", "The GPT", ("torch", "transformers"), clock="Times on the clock") as table:
        with table.part("`transformers`"):
            table.rows.append(compare(...))
    """

    def __init__(self, name: str, title: str, packages: Sequence[str], *, clock: str) -> None:
        self.rows: list[dict] = []
        self.notes: list[str] = []
        self._name, self._title, self._packages, self._clock = name, title, packages, clock

    def note(self, text: str) -> None:
        """Say something below the table, and now."""
        print(text, flush=True)
        self.notes.append(text)

    @contextlib.contextmanager
    def part(self, what: str) -> Iterator[None]:
        """Rows that need a peer or a text: where it is missing, a note says so and the rest is measured."""
        try:
            yield
        except (ImportError, FileNotFoundError) as error:
            self.note(f"Not measured: {what} ({' '.join(str(error).split())[:120]}).")

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        if self.rows:
            self._write()

    def _write(self) -> None:
        record = {
            "date": datetime.date.today().isoformat(),
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "versions": {package: version(package) for package in self._packages if installed(package)},
            "rows": self.rows,
            "notes": self.notes,
        }
        RESULTS.mkdir(exist_ok=True)
        text = json.dumps(record, indent=1, ensure_ascii=False)
        (RESULTS / f"{self._name}.json").write_text(text + "\n", encoding="utf-8")
        lines = [
            f"# {self._title}",
            "",
            f"{record['date']}, Python {record['python']}, {record['machine']}, "
            + ", ".join(f"{package} {number}" for package, number in record["versions"].items())
            + f". {self._clock} in milliseconds, medians; ratio: median of the turns [95 % interval of that median].",
            "",
            "| item | ours | peer | ratio | goal |",
            "|---|--:|--:|--:|---|",
            *map(as_row, self.rows),
            *(line for note in self.notes for line in ("", note)),
        ]
        (RESULTS / f"{self._name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def installed(package: str) -> bool:
    """Whether a package is here, so that its version can be named."""
    with contextlib.suppress(PackageNotFoundError):
        return bool(version(package))
    return False
