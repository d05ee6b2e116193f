"""Frames of an axis as one message: what their pictures have in common, tag by tag, is sent once.

Neighbouring frames differ in few tags. A picture becomes a list of numbers, places in the message's list of pieces,
which makes a message three to ten times shorter; script/sources.js puts the pieces together again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_PARTS = ("html", "more")  # of a frame: what is long
_BEFORE_A_TAG = re.compile(r"(?=<)")


def pack(frames: Iterable[dict[str, Any]]) -> dict[str, list]:
    """Frames and the pieces of their long parts.

    >>> pack([{"html": "<p>one</p>", "more": None}, {"html": "<p>two</p>", "more": None}])["pieces"]
    ['', '<p>one', '</p>', '<p>two']
    """
    places: dict[str, int] = {}
    packed = []
    for frame in frames:
        numbers = {
            part: [places.setdefault(piece, len(places)) for piece in _BEFORE_A_TAG.split(frame[part])]
            for part in _PARTS
            if frame[part] is not None
        }
        packed.append({**frame, **numbers})
    return {"frames": packed, "pieces": list(places)}


def unpack(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The frames of a message, as the browser has them."""
    pieces = message["pieces"]
    return [
        {**frame, **{part: "".join(pieces[at] for at in frame[part]) for part in _PARTS if frame[part] is not None}}
        for frame in message["frames"]
    ]
