"""What the course as a whole costs: `import llmlab`, and all notebooks re-executed and compared.

python benchmarks/course.py       results/course.json
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from _pairs import RESULTS

ROOT = Path(__file__).resolve().parent.parent
IMPORTS = 15
GOALS = {"import_ms": 150, "notebooks_minutes": 5}
NBVAL = ("--nbval", "--nbval-current-env", "--nbval-cell-timeout", "120", "-n", "2", "--dist", "loadscope", "-q")


def seconds(*arguments: str) -> float:
    """Wall time of a new Python process that does this, which has to succeed."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, llmlab; print('torch' in sys.modules)"],
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    bare, ours = [], []
    for _ in range(IMPORTS + 1):  # the first turn warms up
        bare.append(seconds("-c", "pass"))
        ours.append(seconds("-c", "import llmlab"))
    notebooks = seconds("-m", "pytest", *NBVAL, "notebooks")
    record = {
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": {package: version(package) for package in ("torch", "nbval", "ipykernel")},
        "bare_python_ms": round(1000 * statistics.median(bare[1:]), 1),
        "import_ms": round(1000 * statistics.median(ours[1:]), 1),
        "import_loads_torch": loaded.stdout.strip() == "True",
        "notebooks": len(list((ROOT / "notebooks").rglob("*.ipynb"))),
        "notebooks_minutes": round(notebooks / 60, 2),
        "goals": GOALS,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "course.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
