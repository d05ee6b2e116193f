"""The command line: hold classes one after another, show and keep the tables."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import signal
import sys
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.classroom.classes import LOGS, Class, hold
from benchmarks.classroom.hub import ROOT, Culling
from benchmarks.classroom.report import failures, page

RESULTS = ROOT / "benchmarks/results"
CULLING = {"no": [Culling()], "yes": [Culling(60, 90)]}
CULLING["both"] = CULLING["no"] + CULLING["yes"]
PACKAGES = ("jupyterhub", "jupyter-server", "jupyterlab", "ipykernel", "nbgitpuller", "torch")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make classroom", description="Hold a class in a JupyterHub on this machine.")
    parser.add_argument("students", nargs="*", type=int, default=[10, 20, 30], help="how many (default: 10 20 30)")
    parser.add_argument("--culling", choices=CULLING, default="both", help="stop what is idle (default: both)")
    parser.add_argument("--spread", type=float, default=120, help="seconds in which all come (default: 120)")
    parser.add_argument("--pause", type=float, default=2, help="seconds before each cell, on average (default: 2)")
    parser.add_argument("--keep", action="store_true", help="keep the result, as without any argument")
    parser.add_argument(
        "--add", action="store_true", help="add to what was kept today, or replace the same class in it"
    )
    asked = parser.parse_args()
    if not Path("/proc/self/smaps_rollup").exists():
        sys.exit("The memory of a class is read from Linux's /proc: there is none here.")
    keep = asked.keep or asked.add or vars(asked) == vars(parser.parse_args([]))
    record = {
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "load_before": round(os.getloadavg()[1], 1),  # what else the machine had to do, over five minutes
        "versions": {package: version(package) for package in PACKAGES},
        "spread": asked.spread,
        "pause": asked.pause,
        "classes": [],
    }
    if asked.add:
        record = kept_today(record)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell in the background had it ignored
    for ending in (signal.SIGTERM, signal.SIGHUP):  # to be cleared away after, as after Ctrl-C
        signal.signal(ending, lambda *_: signal.raise_signal(signal.SIGINT))
    for culling in CULLING[asked.culling]:
        for students in sorted(asked.students, reverse=True):  # what does not fit is known first
            held = hold(Class(students, asked.spread, asked.pause, culling))
            others = [one for one in record["classes"] if any(one[key] != held[key] for key in ("students", "culling"))]
            record["classes"] = [*others, held]
            if keep:  # after each class: an interrupted row of classes has its first ones
                write(record, RESULTS)
    print(page(record))
    if any(failures(held) for held in record["classes"]):
        sys.exit(f"What hub and servers wrote then: {LOGS.relative_to(ROOT)}/classroom-*.log")


def kept_today(wanted: dict) -> dict:
    """The record that was kept, if it is of this day, machine and kind of class."""
    kept = json.loads((RESULTS / "classroom.json").read_text(encoding="utf-8"))
    for key in ("date", "python", "machine", "versions", "spread", "pause"):
        if kept[key] != wanted[key]:
            sys.exit(f"--add: what was kept has {key} {kept[key]}, now it is {wanted[key]}; run all without --add.")
    return kept


def write(record: dict, folder: Path) -> None:
    """The record and its tables."""
    (folder / "classroom.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (folder / "classroom.md").write_text(page(record), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Interrupted: the hub is closed and its files are removed.")
