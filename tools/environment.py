"""Make the environment for the course in .venv, or mend it: what `make` runs first, and what Windows runs without make.

    python3 tools/environment.py               the exact versions of requirements.lock, and llmlab itself
    python3 tools/environment.py --site        also what `make site` and the tests need

A set-up that was interrupted is taken up again, a folder that was moved is noticed, and where nothing has changed it is
over in a moment. On Linux without an NVIDIA GPU PyTorch comes as its CPU build, if that index answers; the environment
variable TORCH_INDEX names another index, or `ordinary` for the build that the package index offers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST, NEWEST = (3, 11), (3, 14)  # for newer ones the locked versions have no ready-made packages yet
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
ORDINARY = "ordinary"
SECONDS = 5  # for the index to answer
SHOWN = ("Downloading ", "Building ", "Installing ")


class SetUpFailed(SystemExit):
    """A sentence for whoever typed the command."""


def main(arguments: list[str] | None = None, root: Path = ROOT) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Make the environment for the course, or mend it.")
    parser.add_argument("--site", action="store_true", help="also what builds and tests the web pages")
    parser.add_argument("--asked", action="store_true", help="this Python was asked for: say so if another one stays")
    options = parser.parse_args(arguments)
    check_python(sys.version_info[:2])
    folder, wanted = root / ".venv", state(root, options.site)
    there = noted(folder)
    if options.asked and there and there["python"] != wanted["python"]:
        kept, asked = there["python"], wanted["python"]
        print(f".venv keeps its Python {kept}; for {asked} remove it first (`make clean`).", flush=True)
    if up_to_date(there, wanted):
        return
    if folder.exists() and there and there["root"] != wanted["root"]:
        print(f"This folder was {there['root']} when .venv was made: mending what names it ...", flush=True)
        move(folder, Path(there["root"]) / ".venv")
    make_environment(folder)
    if there and not wanted["site"]:
        wanted["site"] = there["site"]  # what is there for the pages stays
    install(folder, root, site=options.site)
    (folder / "llmlab.json").write_text(json.dumps(wanted | {"python": python_of(folder)}), encoding="utf-8")


def check_python(version: tuple[int, int]) -> None:
    """Refuse a Python for which the locked versions are not made."""
    if not OLDEST <= version <= NEWEST:
        raise SetUpFailed(
            f"llmlab's locked versions are for Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}; this is "
            f"{version[0]}.{version[1]}. Take another one: `make lab PYTHON=python3.13`, "
            "on Windows `py -3.13 tools\\environment.py`"
        )


# What there is


def state(root: Path, site: bool) -> dict[str, object]:
    """What decides the environment: where it lies, its Python, the locked versions, and what llmlab asks for."""
    files = ["requirements.lock", "pyproject.toml", *(["requirements-site.lock"] if site else [])]
    digest = hashlib.sha256(b"".join((root / name).read_bytes() for name in files[:2])).hexdigest()
    pages = hashlib.sha256((root / files[2]).read_bytes()).hexdigest() if site else None
    return {"root": str(root), "python": f"{sys.version_info[0]}.{sys.version_info[1]}", "lock": digest, "site": pages}


def noted(folder: Path) -> dict[str, object] | None:
    """What the last set-up that came to its end has noted; None if none did."""
    try:
        return json.loads((folder / "llmlab.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def up_to_date(there: dict[str, object] | None, wanted: dict[str, object]) -> bool:
    """Whether nothing has to be done. Who asks for no pages is not concerned by theirs; the Python stays what it is."""
    keys = ["root", "lock", *(["site"] if wanted["site"] else [])]
    return there is not None and all(there.get(key) == wanted[key] for key in keys)


def python_in(folder: Path) -> Path:
    """The Python of an environment."""
    return folder / ("Scripts/python.exe" if platform.system() == "Windows" else "bin/python")


def python_of(folder: Path) -> str:
    """The version of that Python, as 3.11."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([python_in(folder), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


# Making it


def make_environment(folder: Path) -> None:
    """An environment with pip in it: a half of one, left by an interruption or a missing package, is made anew."""
    if python_in(folder).exists():
        whole = subprocess.run([python_in(folder), "-m", "pip", "--version"], capture_output=True).returncode == 0
        if whole:
            return
        print(f"{folder.name} is not whole, as an interruption leaves it: making it anew ...", flush=True)
    else:
        print(f"Making {folder.name} ...", flush=True)
    if subprocess.run([sys.executable, "-m", "venv", "--clear", folder]).returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise SetUpFailed("Python could not make an environment, see above; then run the same command again.")


def move(folder: Path, old: Path) -> None:
    """Write its new name into the scripts of a moved environment; on Windows they are programs: start anew."""
    if platform.system() == "Windows":
        shutil.rmtree(folder)
        return
    for script in python_in(folder).parent.iterdir():
        if script.is_symlink() or not script.is_file():
            continue
        text = script.read_bytes()
        if os.fsencode(old) in text and b"\0" not in text:
            script.write_bytes(text.replace(os.fsencode(old), os.fsencode(folder)))


def install(folder: Path, root: Path, *, site: bool) -> None:
    """The locked versions, then llmlab as it lies here."""
    print("Installing the locked versions (the first time it takes a minute or more, most of it PyTorch):", flush=True)
    lock = (root / "requirements.lock").read_text(encoding="utf-8").splitlines()
    torch = next(line for line in lock if line.startswith("torch=="))
    if not holds(folder, torch) and (index := torch_index()):
        pip(folder, root, "--index-url", index, torch)
    pip(folder, root, "-r", "requirements.lock", *(["-r", "requirements-site.lock"] if site else []))
    pip(folder, root, "--no-deps", "--no-build-isolation", "-e", ".")


def holds(folder: Path, requirement: str) -> bool:
    """Whether the environment has a package in this version, in whatever build."""
    name, _, version = requirement.partition("==")
    code = f"from importlib.metadata import version; print(version({name!r}))"
    there = subprocess.run([python_in(folder), "-c", code], capture_output=True, text=True).stdout.strip()
    return there.partition("+")[0] == version


def pip(folder: Path, root: Path, *arguments: str) -> None:
    """`pip install`, with a line for each package that is fetched."""
    command = [python_in(folder), "-m", "pip", "--disable-pip-version-check", "install", "--progress-bar", "off"]
    with subprocess.Popen(
        [*command, *arguments], cwd=root, stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace"
    ) as running:
        for line in running.stdout:
            if (told := line.strip()).startswith(SHOWN):
                print(f"  {told[:110]}", flush=True)
    if running.returncode:
        raise SetUpFailed(f"pip install {' '.join(arguments)} failed, see above; then run the same command again.")


# Which PyTorch


def torch_index() -> str | None:
    """The index to take PyTorch from; None for the ordinary build of the package index."""
    chosen = os.environ.get("TORCH_INDEX", "")
    if chosen:
        return None if chosen == ORDINARY else chosen
    if platform.system() != "Linux" or has_nvidia():
        return None
    if answers(CPU_INDEX):
        return CPU_INDEX
    print(
        f"No answer from {CPU_INDEX} within {SECONDS} s: PyTorch comes in its ordinary build, which on Linux brings "
        "several GB of CUDA libraries.",
        flush=True,
    )
    return None


def has_nvidia() -> bool:
    """Whether this machine has an NVIDIA GPU with its driver."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def answers(index: str, seconds: float = SECONDS) -> bool:
    """Whether a package index has a page on torch, within a few seconds."""
    try:
        with urllib.request.urlopen(f"{index}/torch/", timeout=seconds) as page:
            return page.status == 200
    except (OSError, ValueError):
        return False


if __name__ == "__main__":
    main()
