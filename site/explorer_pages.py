"""A page for each explorer, and the gallery that shows them all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from course_files import ROOT, lessons
from explorer_boxes import box, title_of, where_shown

from llmlab import explorers


def file_of(name: str) -> str:
    """The name of an explorer's page and picture.

    >>> file_of("WindowMap")
    'window_map'
    """
    return "_".join(re.findall(r"[A-Z][a-z]+", name)).lower()


def sentence_of(name: str) -> str:
    """What an explorer is for, in the first sentence of its documentation."""
    return getattr(explorers, name).__doc__.partition("\n")[0]


def explorer_pages() -> Iterator[tuple[str, str]]:
    """The name and the content of each explorer's page, and of the gallery."""
    for name in where_shown():
        yield f"explorers/{file_of(name)}.md", _page(name)
    yield "explorers/index.md", _gallery()


def _page(name: str) -> str:
    where = where_shown()[name]
    by_name = {lesson.name: lesson for lesson in lessons()}
    links = ", ".join(f"[{by_name[one].number} · {by_name[one].title}](../lessons/{one}.ipynb)" for one in where)
    return f"""# {title_of(name)}

{sentence_of(name)}

{box(name)}

It belongs to {"lessons" if len(where) > 1 else "lesson"} {links}, where its picture is explained and a prediction comes
first. In a notebook:

```python
from llmlab.explorers import {name}

{name}()
```

What it can be given: [`llmlab.explorers`](../api/explorers.md).
"""


def _gallery() -> str:
    cards = "\n".join(
        f'<li><a href="{file_of(name)}.html">{_picture(name)}<b>{title_of(name)}</b>'
        f"<span>{escape(_plain(sentence_of(name)))}</span>"
        f'<span class="card-lessons">lesson {", ".join(lesson[:2] for lesson in where)}</span></a></li>'
        for name, where in where_shown().items()
    )
    pages = "\n".join(f"{title_of(name)} <{file_of(name)}>" for name in where_shown())
    return f"""---
hide-toc: true
---
# Explorers

Each is a picture that you can take hold of, mostly with a target to reach, and works with mouse, finger, keyboard and
screen reader. What it shows was computed by the course's Python; nothing is sent anywhere.

<ul class="gallery">
{cards}
</ul>

```{{toctree}}
:hidden:

{pages}
```
"""


def _picture(name: str) -> str:
    if not (ROOT / "docs" / "images" / "cards" / f"{file_of(name)}.png").exists():
        return ""
    return f'<img src="../_static/explorer_pictures/{file_of(name)}.png" alt="" loading="lazy">'


def _plain(sentence: str) -> str:
    return sentence.replace("`", "")
