"""A notebook of the course that was only opened is saved as it came: `git pull` has nothing to refuse."""

from __future__ import annotations

from types import SimpleNamespace

import nbformat
import pytest
from lesson_notebooks import set_metadata
from traitlets.utils.importstring import import_item

from llmlab.course.saving import HOOK, KERNEL, LANGUAGE, as_it_came
from tests import notebooks

OPENED = {"codemirror_mode": {"name": "ipython", "version": 3}, "name": "python", "version": "3.11.7"}


def opened() -> dict:
    """A notebook as JupyterLab hands it back when it has asked the kernel which Python it is."""
    content = nbformat.read(notebooks() / "03_sliding_window.ipynb", as_version=4)
    content.metadata.kernelspec.display_name = "Python 3 (ipykernel)"
    content.metadata.language_info = nbformat.from_dict(OPENED)
    return {"type": "notebook", "format": "json", "content": content}


def test_it_is_saved_as_it_came():
    model = opened()
    import_item(HOOK.partition("=")[2])(model=model, path="03_sliding_window.ipynb", contents_manager=None)
    before = (notebooks() / "03_sliding_window.ipynb").read_text(encoding="utf-8")
    assert nbformat.writes(nbformat.from_dict(model["content"])) + "\n" == before


def test_what_it_came_with_is_what_the_build_writes():
    built = SimpleNamespace()
    set_metadata(built)
    assert built.metadata == {"kernelspec": KERNEL, "language_info": LANGUAGE}


def test_an_answer_stays():
    model = opened()
    model["content"].cells[5].source = "mine"
    as_it_came(model)
    assert model["content"].cells[5].source == "mine"


@pytest.mark.parametrize("whose", ["own notebook", "another kernel"])
def test_what_is_not_the_courses_is_left_alone(whose):
    model = opened()
    if whose == "own notebook":
        del model["content"].metadata["llmlab"]
    else:
        model["content"].metadata.kernelspec.name = "julia"
    as_it_came(model)
    assert model["content"].metadata.language_info == OPENED


@pytest.mark.parametrize("content", ["The sea.", None, {}])
def test_files_and_odd_notebooks_pass(content):
    as_it_came({"type": "file", "content": content})
    as_it_came({"type": "notebook", "content": content})
