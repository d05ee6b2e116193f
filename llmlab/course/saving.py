"""What JupyterLab writes when it saves a notebook of the course: `llmlab lab` gives it the function below as a hook.

JupyterLab notes the version of Python in every notebook that it opens, and saves that by itself. So a notebook that
somebody has only looked at would count as changed, and `git pull` would refuse to bring a correction of it.
"""

from __future__ import annotations

from typing import Any

# As tools/lesson_notebooks.py writes them, which a wheel does not carry; a test compares them.
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python", "pygments_lexer": "ipython3"}


def as_it_came(model: dict[str, Any], **_: Any) -> None:
    """Give a notebook of the course back the kernel and the language that it came with; cells stay what they are."""
    if model["type"] != "notebook" or not isinstance(model.get("content"), dict):
        return
    metadata = model["content"].get("metadata", {})
    if "llmlab" in metadata and metadata.get("kernelspec", {}).get("name") == KERNEL["name"]:
        metadata.update(kernelspec=dict(KERNEL), language_info=dict(LANGUAGE))


HOOK = f"--ContentsManager.pre_save_hook={__name__}.{as_it_came.__name__}"
