"""What `decode` should give, and what wrong ideas give; the table by hand on which it is tried."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

CLOSING = ",.:;?!"

# Ids that are not the places of their tokens, and an id 0 that is a word.
TABLE = {3: "the", 0: "sea", 5: ",", 1: "late", 2: ".", 4: "It", 9: "'", 7: "s", 6: "--", 8: "Yes", 11: "!"}
TABLE |= {14: ":", 10: "?", 13: ";"}

Table = dict[int, str]


def right_text(ids: list[int], table: Table) -> str:
    """Token by token, as the exercise says it."""
    text = ""
    for id in ids:
        gap = " " if text and table[id] not in CLOSING else ""
        text += gap + table[id]
    return text


# What each idea gives; the first that fits is said.
IDEAS: dict[str, Callable[[list[int], Table], Any]] = {
    "list-instead-of-text": lambda ids, table: [table[id] for id in ids],
    "ids-instead-of-tokens": lambda ids, table: " ".join(map(str, ids)),
    "space-before-marks": lambda ids, table: " ".join(table[id] for id in ids),
    "no-spaces": lambda ids, table: "".join(table[id] for id in ids),
    "space-at-the-end": lambda ids, table: right_text(ids, table) + " ",
    "space-at-the-beginning": lambda ids, table: " " + right_text(ids, table),
    "quotes-glued": lambda ids, table: re.sub(r" ([,.:;?!\"()'])", r"\1", right_text(ids, table)),
    "contraction-closed": lambda ids, table: right_text(ids, table).replace(" ' ", "'"),
    "space-after-marks-lost": lambda ids, table: re.sub(r"([,.:;?!]) ", r"\1", right_text(ids, table)),
    "place-instead-of-id": lambda ids, table: right_text(ids, dict(enumerate(table.values()))),
    "last-token-lost": lambda ids, table: right_text(ids[:-1], table),
    "first-token-lost": lambda ids, table: right_text(ids[1:], table),
    "one-token-only": lambda ids, table: table[ids[0]],
    "id-zero-lost": lambda ids, table: right_text([id for id in ids if id], table),
    "sorted-by-id": lambda ids, table: right_text(sorted(ids), table),
}
