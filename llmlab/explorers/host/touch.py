"""What a frame declares about its elements: what can be pressed, swept, dragged, lit. The host's script does it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any


def touch(
    *,
    key: str = "",
    press: Mapping[str, Any] | None = None,
    spin: str = "",
    group: str = "",
    sweep: bool = False,
    link: str = "",
    tip: str = "",
    name: str = "",
    flip: bool = False,
    say: str = "",
) -> str:
    """Attributes for a start tag, escaped, each with a space before it.

    Args:
        key: who the element is from frame to frame; unique in the frame. What is pressed, dragged or glides needs one.
        press: values of controls, set together when the element is pressed.
        spin: the control that a sideways drag, or arrow keys, step through; what `press` says is set first.
        group: for a container: one tab stop, arrow keys go to the nearest member; "follow" presses it too.
        sweep: for a container: dragging over its members presses each.
        link: words; all elements that share one light up together.
        tip: what it is, in a bubble and for a screen reader.
        name: for a screen reader alone, where a bubble would say what is seen beside it, and lie over its neighbours.
        flip: glide to a new place, fade in when new.
        say: on one element of the frame: what is read out after it, in place of the target's state.

    >>> print(touch(key="t1", press={"query": 1}, tip="let the first ask", flip=True))
     data-key="t1" data-set='{"query":1}' data-tip="let the first ask" data-flip
    """
    written = f' data-key="{escape(key)}"' if key else ""
    if press:
        # JSON holds many double quotes: between single ones a frame is a tenth shorter.
        values = escape(json.dumps(dict(press), ensure_ascii=False, separators=(",", ":")), quote=False)
        written += " data-set='{}'".format(values.replace("'", "&#x27;"))
    written += f' aria-label="{escape(name)}"' if name else ""
    texts = {"spin": spin, "group": group, "link": link, "tip": tip, "say": say}
    written += "".join(f' data-{name}="{escape(text)}"' for name, text in texts.items() if text)
    return written + "".join(f" data-{name}" for name, on in (("sweep", sweep), ("flip", flip)) if on)
