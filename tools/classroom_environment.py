"""Make the environment in which a JupyterHub serves the course to a class: what `make classroom` runs in.

    python3 tools/classroom_environment.py .venv-classroom

The locked versions and llmlab as in .venv, JupyterHub beside them, and its proxy, a program for Node.js, in a folder
inside. Nothing is installed outside this folder.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import environment

ROOT = Path(__file__).resolve().parent.parent
WANTED = ROOT / "benchmarks/classroom"


def main(folder: Path) -> None:
    """Create the environment in `folder`, or bring it up to date."""
    if shutil.which("npm") is None:
        sys.exit(
            "JupyterHub's proxy is a program for Node.js: install Node.js 20 or newer with npm, then run this again."
        )
    environment.make_environment(folder)
    environment.install(folder, ROOT, site=False)
    environment.pip(folder, ROOT, "-r", str(WANTED / "requirements.txt"))
    proxy = folder / "proxy"
    proxy.mkdir(exist_ok=True)
    shutil.copy(WANTED / "package.json", proxy)
    if subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=proxy).returncode:
        sys.exit("npm could not install JupyterHub's proxy, see above; then run the same command again.")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 tools/classroom_environment.py FOLDER")
    main(Path(sys.argv[1]))
