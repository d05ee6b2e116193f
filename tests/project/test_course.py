"""Set-up, the doctor, and figures with alt text."""

import importlib.metadata
import re
import subprocess
import sys

import pytest
import torch

import llmlab
from llmlab import course
from llmlab.course import environment, report


def test_setup_says_what_is_ready_and_can_be_repeated(capsys):
    course.setup(edition=2)
    course.setup(edition=2)
    line = f"llmlab {llmlab.__version__} is ready. Story and GPT-2 merges are on this machine: no network needed.\n"
    assert capsys.readouterr().out == 2 * line


def test_setup_notices_missing_data(monkeypatch):
    def missing(name):
        raise FileNotFoundError(f"no {name}")

    monkeypatch.setattr(environment, "data_path", missing)
    monkeypatch.setattr(report, "data_path", missing)
    with pytest.raises(FileNotFoundError, match="no story.txt"):
        course.setup()
    found = course.doctor()
    assert found.problems and "PROBLEM: no story.txt" in repr(found)


def test_device_prefers_cuda_then_mps_then_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert course.device() == torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert course.device() == torch.device("mps")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert course.device() == torch.device("cpu")


def test_doctor_reports_versions():
    found = course.doctor()
    assert found.facts["torch"] == torch.__version__
    assert found.facts["data"] == "story and GPT-2 merges found"
    assert not found.problems and "No problem found." in repr(found)


def test_doctor_names_a_missing_package(monkeypatch):
    monkeypatch.setattr(report, "_PACKAGES", ("torch", "no-such-package"))
    found = course.doctor()
    assert found.facts["no-such-package"] == "not installed"
    assert found.problems == (
        "no-such-package is not installed: run `pip install no-such-package` in this environment",
    )


def test_doctor_notices_that_nothing_opens_a_notebook(monkeypatch):
    monkeypatch.setattr(report, "_FRONT_END", ("no-such-lab", "no-such-kernel"))
    monkeypatch.setattr(report, "_PACKAGES", ("no-such-lab", "no-such-kernel"))
    assert course.doctor().problems == (
        "nothing here opens or runs a notebook: run `pip install jupyterlab` in this environment",
    )


def test_doctor_names_the_pytorch_without_cuda(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(report.importlib.metadata, "version", missing)
    found = course.doctor().problems
    assert (
        "torch is not installed: run `pip install torch --index-url https://download.pytorch.org/whl/cpu` "
        "in this environment"
    ) in found


def draw():
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(3, 2))
    axes.plot([3, 1, 4, 1, 5])
    axes.set(title="A <title> & more")
    return figure


def test_show_is_deterministic_and_carries_its_alt_text():
    first, second = (course.show(draw(), alt='Up & "down"') for _ in range(2))
    html = first._repr_html_()
    assert html == second._repr_html_()
    assert (
        '<img class="llmlab-picture" alt="Up &amp; &quot;down&quot;"' in html and "data:image/svg+xml;base64," in html
    )
    assert repr(first) == 'Figure: Up & "down"'
    assert b"<svg" in first.svg and not re.search(rb"<dc:date>", first.svg)


def test_show_closes_the_figure():
    from matplotlib import pyplot as plt

    plt.close("all")
    course.show(draw(), alt="a line")
    assert plt.get_fignums() == []


def test_show_wants_alt_text():
    with pytest.raises(ValueError, match="alt must say what the picture shows"):
        course.show(draw(), alt=" ")
    with pytest.raises(TypeError, match="alt must be a str that says what the picture shows, got NoneType"):
        course.show(draw(), alt=None)


def test_show_wants_a_figure():
    with pytest.raises(TypeError, match="figure must be a matplotlib Figure, got Axes: pass axes.figure"):
        course.show(draw().axes[0], alt="a line")
    with pytest.raises(TypeError, match=r"figure must be a matplotlib Figure, got str, the first of plt.subplots\(\)"):
        course.show("a line", alt="a line")


def test_import_is_light():
    """`import llmlab` and `llmlab.course` load neither torch nor matplotlib nor widgets."""
    heavy = ("torch", "matplotlib", "ipywidgets", "numpy")
    code = f"import sys, llmlab.course; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("module", ["corpus", "bpe", "windows"])
def test_the_core_needs_no_front_end(module):
    code = (
        f"import sys, llmlab.{module}; print([m for m in ('matplotlib', 'ipywidgets', 'IPython') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
