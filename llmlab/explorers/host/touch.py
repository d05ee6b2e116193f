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
        flip: glide to a new place, fade in when new.
        say: on one element of the frame: what is read out after it, in place of the target's state.

    >>> touch(key="t1", press={"query": 1}, tip="Let “the” ask")
    ' data-key="t1" data-set="{&quot;query&quot;:1}" data-tip="Let “the” ask"'
    """
    values = {
        "key": key,
        "set": json.dumps(dict(press), ensure_ascii=False, separators=(",", ":")) if press else "",
        "spin": spin,
        "group": group,
        "sweep": sweep,
        "link": link,
        "tip": tip,
        "flip": flip,
        "say": say,
    }
    flags = {name: "" if value is True else value for name, value in values.items() if value}
    return "".join(f' data-{name}="{escape(str(value))}"' for name, value in flags.items())
