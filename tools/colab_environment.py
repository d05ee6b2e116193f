"""Make an environment with Google Colab's versions and prove that installing llmlab leaves every one of them alone.

    python3.11 tools/colab_environment.py .venv-colab

Colab breaks when its ipywidgets, NumPy or PyTorch is replaced. So: install Colab's versions (requirements-colab.txt),
note what is there, install llmlab with its dependencies as a learner would, and compare. Packages that were added are
fine; one that changed is an error. The test tools then come in under the constraint of the same versions.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from environment import torch_index

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "requirements-colab.txt"


def parse_freeze(text: str) -> dict[str, str]:
    """The versions in the output of `pip freeze`, by package name; lines that are not `name==version` are left out.

    >>> parse_freeze("numpy==2.1.3\\n-e ./somewhere\\n")
    {'numpy': '2.1.3'}
    """
    pairs = (line.split("==", 1) for line in text.splitlines() if "==" in line)
    return {name.strip(): version.strip() for name, version in pairs}


def changed_versions(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """One line for each package of `before` that has another version in `after`, or is gone.

    >>> changed_versions({"ipywidgets": "7.7.1", "tqdm": "4.67"}, {"ipywidgets": "8.1.7", "tqdm": "4.67", "pooch": "1"})
    ['ipywidgets 7.7.1 became 8.1.7']
    """
    return [
        f"{name} {version} became {after.get(name, 'uninstalled')}"
        for name, version in before.items()
        if after.get(name) != version
    ]


def main(folder: Path) -> None:
    """Create the environment in `folder`, from nothing."""
    if sys.version_info[:2] != (3, 11):
        sys.exit(
            f"the environment with Colab's versions is made with Python 3.11, this is {sys.version.split()[0]}: "
            "make test-colab PYTHON=python3.11"
        )
    print(f"Setting up {folder} with Colab's versions (a minute or two) ...", flush=True)
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-qq"]

    def install(*arguments: str) -> None:
        if subprocess.run([*pip, "install", *arguments], cwd=ROOT).returncode:
            sys.exit(f"pip install {' '.join(arguments)} failed, see above")

    def installed() -> str:
        return subprocess.run([*pip, "freeze"], check=True, capture_output=True, text=True).stdout

    if index := torch_index():
        torch = next(line for line in PINS.read_text(encoding="utf-8").splitlines() if line.startswith("torch=="))
        install("--index-url", index, torch)
    install("-r", str(PINS))
    before = installed()
    constraints = folder / "constraints.txt"
    # A version like 2.13.0+cpu names a build; as a constraint it would look for that build on the package index.
    constraints.write_text(before.replace("+cpu", ""), encoding="utf-8")

    for arguments in (["-e", "."], ["--constraint", str(constraints), "-e", ".[test]"]):
        install(*arguments)
        changed = changed_versions(parse_freeze(before), parse_freeze(installed()))
        if changed:
            sys.exit(f"pip install {' '.join(arguments)} changed Colab's versions:\n  " + "\n  ".join(changed))
    print("Installing llmlab left all of Colab's versions as they were.")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3.11 tools/colab_environment.py FOLDER")
    main(Path(sys.argv[1]))
