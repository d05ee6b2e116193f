"""The wheel carries all that the course needs: installed elsewhere, without a network, the data is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import ROOT, git_files

# Runs far from the checkout, with connections forbidden; what it prints is checked below.
INSTALLED = """
import json, socket, sys

def refuse(self, address):
    raise AssertionError(f"tried to connect to {address}")

socket.socket.connect = socket.socket.connect_ex = refuse

import llmlab, llmlab.bpe, llmlab.corpus
from llmlab.utils.bundled import data_path

print(json.dumps({
    "modules": sorted(module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "llmlab"),
    "data": str(data_path("story.txt")),
    "story": llmlab.corpus.load_text(),
    "ids": llmlab.bpe.gpt2_encoding().encode("I felt able to face the fact"),
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from the sdist that was built from the checkout."""
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.glob("llmlab_course-*.whl")
    return path


def test_wheel_works_elsewhere_without_a_network(wheel, tmp_path):
    target = tmp_path / "installed"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-qq", "--no-index", "--no-deps", "--target", str(target), str(wheel)],
        check=True,
    )
    environment = {name: value for name, value in os.environ.items() if name != "LLMLAB_DATA"}
    done = subprocess.run(
        [sys.executable, "-c", INSTALLED],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(target), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["modules"]) >= 4
    for file in [*found["modules"], found["data"]]:
        assert Path(file).is_relative_to(target), f"{file} is not from the installed wheel"
    assert found["story"] == (ROOT / "data" / "story.txt").read_text(encoding="utf-8")
    assert found["ids"] == [40, 2936, 1498, 284, 1986, 262, 1109]


def _files(folder: str) -> list[str]:
    """The files below a folder of the checkout that git has or would take, without caches and notebook check points."""
    everything = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    paths = [path.relative_to(ROOT) for path in git_files(folder) or everything]
    return [path.as_posix() for path in paths if not any(part.startswith((".", "__pycache__")) for part in path.parts)]


def test_wheel_holds_every_file_of_package_and_data(wheel):
    """Scripts, styles, solutions and data: all that git would commit of llmlab/ and data/ is in the wheel."""
    inside = set(zipfile.ZipFile(wheel).namelist())
    expected = set(_files("llmlab")) | {f"llmlab/{name}" for name in _files("data")}
    assert {"llmlab/exercises/solutions.json", "llmlab/data/story.txt", "llmlab/data/gpt2/vocab.bpe"} <= expected
    assert {Path(name).suffix for name in expected if name.startswith("llmlab/explorers/")} >= {".py", ".js", ".css"}
    assert expected - inside == set()


def test_wheel_holds_the_licences_and_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {Path(name).name for name in names if ".dist-info/licenses/" in name} == {"LICENSE", "LICENSE-lessons"}
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"llmlab"}
