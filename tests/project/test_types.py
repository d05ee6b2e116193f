"""mypy has nothing to say: of the whole package, by what pyproject.toml asks; of a program that uses it, strictly."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT


def mypy(*arguments: str, cwd: Path) -> str:
    """What mypy says. What it has read of other libraries is kept in the checkout; read strictly, in a place beside."""
    cache = str(ROOT / ".mypy_cache" / ("strict" if "--strict" in arguments else ""))
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--cache-dir", cache, *arguments]
    search = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": search}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def test_the_whole_package_holds_to_its_types():
    assert mypy(cwd=ROOT) == ""


def test_a_program_that_uses_the_package_is_told_its_types(tmp_path):
    """Outside the checkout, where llmlab is one of the installed packages: py.typed lets mypy read it."""
    shutil.copy(ROOT / "tests/project/typed_use.py", tmp_path)
    assert mypy("--strict", "typed_use.py", cwd=tmp_path) == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('train_bpe("text", vocab_size="many")', 'incompatible type "str"; expected "int"'),
        ('GPTConfig(10, 8, 8, 2, 1, norm="batch")', "expected \"Literal['layer', 'rms']\""),
        ('load_checkpoint("mine")[1].encode("the")', 'Item "None" of "BPETokenizer | None"'),
    ],
)
def test_a_wrong_call_is_told(tmp_path, line, said):
    imports = "from llmlab.bpe import train_bpe\nfrom llmlab.gpt import GPTConfig\n"
    imports += "from llmlab.training import load_checkpoint\n"
    (tmp_path / "wrong.py").write_text(f"{imports}\n{line}\n", encoding="utf-8")
    (error,) = mypy("--strict", "wrong.py", cwd=tmp_path).splitlines()
    assert error.startswith("wrong.py:5: error: ") and said in error
