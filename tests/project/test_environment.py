"""The set-up: interrupted, moved, in odd folders, with and without PyTorch's own index. pip itself is not run here."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import environment
import pytest
from environment import SetUpFailed, main, python_in

HERE = "{}.{}".format(*sys.version_info)
LOCK = "torch==2.13.0\nnumpy==2.4.6\n"


@pytest.fixture
def installs(monkeypatch) -> list[list[str]]:
    """What pip was asked for, in order; nothing is installed."""
    asked: list[list[str]] = []
    monkeypatch.setattr(environment, "pip", lambda folder, root, *arguments: asked.append(list(arguments)))
    return asked


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    """A course in a folder with a space and letters beyond ASCII, on a machine that takes PyTorch as it comes."""
    root = tmp_path / "mein Kurs ü"
    root.mkdir()
    for name, text in (("requirements.lock", LOCK), ("pyproject.toml", ""), ("requirements-site.lock", "furo==1\n")):
        (root / name).write_text(text)
    monkeypatch.setenv("TORCH_INDEX", environment.ORDINARY)
    return root


@pytest.fixture
def made(course) -> Path:
    """The same with an environment, whose pip is a word: to make one with the real pip takes seconds."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", course / ".venv"], check=True)
    base = str(course / ".venv")
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": base, "platbase": base}))
    (packages / "pip.py").write_text("print('here')\n")
    return course


def answers(folder: Path, code: str) -> bool:
    return subprocess.run([python_in(folder), "-c", code], capture_output=True).returncode == 0


LOCKED = ["-r", "requirements.lock"]
OURSELVES = ["--no-deps", "--no-build-isolation", "-e", "."]


def test_a_first_run_makes_it_a_second_does_nothing_and_a_new_lock_installs_again(course, installs, capsys):
    main([], course)
    assert answers(course / ".venv", "import pip")
    assert installs == [LOCKED, OURSELVES]
    assert "Making .venv" in capsys.readouterr().out

    main([], course)
    assert len(installs) == 2 and capsys.readouterr().out == ""

    main(["--site"], course)
    assert installs[2:] == [[*LOCKED, "-r", "requirements-site.lock"], OURSELVES]
    main([], course)
    main(["--site"], course)
    assert len(installs) == 4

    (course / "requirements.lock").write_text(LOCK + "tqdm==4.70\n")
    main([], course)
    assert installs[4:] == [LOCKED, OURSELVES]
    main(["--site"], course)
    assert len(installs) == 6, "the pages' packages are still there"


@pytest.mark.parametrize("left", ["no pip", "no python", "a link that leads nowhere"])
def test_half_an_environment_is_made_anew(course, installs, left):
    """As an interruption leaves it, or a system whose Python lacks its venv package."""
    if left == "a link that leads nowhere" and sys.platform == "win32":
        pytest.skip("not on Windows: links need rights")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", course / ".venv"], check=True)
    if left != "no pip":
        python_in(course / ".venv").unlink()
    if left == "a link that leads nowhere":
        python_in(course / ".venv").symlink_to(course / "gone")
    main([], course)
    assert answers(course / ".venv", "import pip") and installs == [LOCKED, OURSELVES]


def test_what_failed_is_tried_again(made, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "pip", interrupted)
    with pytest.raises(KeyboardInterrupt):
        main([], made)
    asked = []
    monkeypatch.setattr(environment, "pip", lambda folder, root, *arguments: asked.append(list(arguments)))
    main([], made)
    assert asked == [LOCKED, OURSELVES]


@pytest.mark.skipif(sys.platform == "win32", reason="not on Windows: the stand-in for Python is a script")
def test_an_environment_that_cannot_be_made_leaves_nothing_behind(course, installs, monkeypatch):
    broken = course / "broken"
    broken.write_text("#!/bin/sh\nmkdir -p .venv/bin; touch .venv/bin/python; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(environment.sys, "executable", str(broken))
    with pytest.raises(SetUpFailed, match="run the same command again"):
        main([], course)
    assert not (course / ".venv").exists() and installs == []


@pytest.mark.skipif(sys.platform == "win32", reason="not on Windows: a moved environment is made anew")
def test_a_moved_folder_is_noticed_and_mended(made, installs, capsys):
    main([], made)
    script = made / ".venv/bin/jupyter"
    script.write_text(f"#!{made}/.venv/bin/python\nprint('here')\n")
    moved = made.rename(made.with_name("moved ß"))
    capsys.readouterr()
    main([], moved)
    assert f"This folder was {made} when .venv was made" in capsys.readouterr().out
    assert (moved / ".venv/bin/jupyter").read_text().startswith(f"#!{moved}/.venv/bin/python\n")
    assert str(moved) in (moved / ".venv/bin/activate").read_text()
    assert installs[2:] == [LOCKED, OURSELVES], "llmlab is linked to where it lies now"
    main([], moved)
    assert len(installs) == 4


def test_another_python_than_the_environments_is_not_ignored_in_silence(made, installs, capsys):
    main([], made)
    noted = json.loads((made / ".venv/llmlab.json").read_text())
    (made / ".venv/llmlab.json").write_text(json.dumps(noted | {"python": "3.99"}))
    capsys.readouterr()
    main([], made)
    assert capsys.readouterr().out == "", "nobody asked for one"
    main(["--asked"], made)
    assert capsys.readouterr().out == f".venv keeps its Python 3.99; for {HERE} remove it first (`make clean`).\n"


@pytest.mark.parametrize(("version", "fits"), [((3, 10), False), ((3, 11), True), ((3, 14), True), ((3, 15), False)])
def test_a_python_without_ready_made_packages_is_refused(version, fits):
    if fits:
        environment.check_python(version)
    else:
        with pytest.raises(SetUpFailed, match=f"3.11 to 3.14; this is 3.{version[1]}. .* `make lab PYTHON=python3.13`"):
            environment.check_python(version)


# Which PyTorch


@contextmanager
def index(status: int, delay: float = 0.0) -> Iterator[str]:
    """A package index on this machine that answers so, after some seconds."""
    ended = threading.Event()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            ended.wait(delay)
            self.send_response(status if self.path == "/whl/cpu/torch/" else 404)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/whl/cpu"
        ended.set()
        server.shutdown()


@pytest.fixture
def linux(monkeypatch):
    """Linux without an NVIDIA GPU, and nobody who chose."""
    monkeypatch.delenv("TORCH_INDEX", raising=False)
    monkeypatch.setattr(environment.platform, "system", lambda: "Linux")
    monkeypatch.setattr(environment, "has_nvidia", lambda: False)
    monkeypatch.setattr(environment, "SECONDS", 0.5)
    monkeypatch.setattr(environment.answers, "__defaults__", (0.5,))


def test_an_index_that_answers_gives_the_cpu_build(linux, monkeypatch, made, installs):
    monkeypatch.delenv("TORCH_INDEX")
    with index(200) as address:
        monkeypatch.setattr(environment, "CPU_INDEX", address)
        main([], made)
    assert installs == [["--index-url", address, "torch==2.13.0"], LOCKED, OURSELVES]


@pytest.mark.parametrize(("there", "asked"), [("2.13.0+cpu", 0), ("2.12.1", 1)])
def test_no_index_is_asked_for_a_pytorch_that_is_there(linux, monkeypatch, made, installs, there, asked):
    """As after the folder was moved, or when another version in the lock has changed."""
    (packages,) = (made / ".venv").glob("lib/python*/site-packages")
    (packages / f"torch-{there}.dist-info").mkdir()
    (packages / f"torch-{there}.dist-info/METADATA").write_text(f"Name: torch\nVersion: {there}\n")
    monkeypatch.delenv("TORCH_INDEX")
    calls = []
    monkeypatch.setattr(environment, "answers", lambda index: calls.append(index))
    main([], made)
    assert len(calls) == asked and installs == [LOCKED, OURSELVES]


@pytest.mark.parametrize(("status", "delay"), [(503, 0.0), (200, 60.0)], ids=["unwell", "silent"])
def test_one_that_does_not_costs_seconds_and_the_ordinary_build_comes(linux, monkeypatch, capsys, status, delay):
    with index(status, delay) as address:
        monkeypatch.setattr(environment, "CPU_INDEX", address)
        assert environment.torch_index() is None
    assert "several GB of CUDA libraries" in capsys.readouterr().out


def test_no_index_is_asked_elsewhere_with_a_gpu_or_where_somebody_chose(linux, monkeypatch, capsys):
    monkeypatch.setattr(environment, "answers", lambda index: pytest.fail("asked"))
    monkeypatch.setenv("TORCH_INDEX", "https://example.org/whl")
    assert environment.torch_index() == "https://example.org/whl"
    monkeypatch.setenv("TORCH_INDEX", environment.ORDINARY)
    assert environment.torch_index() is None
    monkeypatch.delenv("TORCH_INDEX")
    monkeypatch.setattr(environment, "has_nvidia", lambda: True)
    assert environment.torch_index() is None
    monkeypatch.setattr(environment, "has_nvidia", lambda: False)
    monkeypatch.setattr(environment.platform, "system", lambda: "Darwin")
    assert environment.torch_index() is None
    assert capsys.readouterr().out == ""
