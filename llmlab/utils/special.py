"""Finding special tokens in a text, in a time that hardly depends on how many there are.

A regular expression that names them all tries one after the other at each place. Here they are kept sorted: of all
names, the one that a text begins with stands right before the text in that order, or is a beginning of what does.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from os.path import commonprefix


class SpecialFinder:
    """Finds `names` in a text from left to right. Where two begin at the same place, the longer one counts.

    >>> finder = SpecialFinder(["<a>", "<a><b>"])
    >>> finder.split("x<a><b>y<a>")
    ['x', '<a><b>', 'y', '<a>', '']
    >>> list(finder.find("x<a><b>y<a>"))
    [(1, '<a><b>'), (8, '<a>')]
    """

    def __init__(self, names: Collection[str]) -> None:
        self.names = sorted(names)
        self.longest = max(map(len, self.names), default=0)
        self._shorter: dict[str, str] = {}  # name -> the longest other name that it begins with, or ""
        beginnings = [""]
        for name in self.names:
            while not name.startswith(beginnings[-1]):
                beginnings.pop()
            self._shorter[name] = beginnings[-1]
            beginnings.append(name)
        # Where one may begin: at what all have in common, or at any of their first characters. With no names: nowhere.
        common = commonprefix(self.names[:1] + self.names[-1:])
        first = "".join(sorted({name[0] for name in self.names}))
        self._begins = re.compile(re.escape(common) if common else f"[{re.escape(first)}]" if first else "(?!)")

    def find(self, text: str) -> Iterator[tuple[int, str]]:
        """Each occurrence, as its place and its name; occurrences do not overlap."""
        place = 0
        while match := self._begins.search(text, place):
            place = match.start()
            if name := self._at(text, place):
                yield place, name
            place += len(name) or 1

    def split(self, text: str) -> list[str]:
        """The text cut at the names, which stand at the odd positions of the list."""
        pieces, start = [], 0
        for place, name in self.find(text):
            pieces += [text[start:place], name]
            start = place + len(name)
        return [*pieces, text[start:]]

    def undecided(self, text: str) -> int:
        """The first place from which the text, with more text to come, may turn out to be one of the names."""
        for place in range(max(0, len(text) - self.longest + 1), len(text)):
            rest = text[place:]
            after = bisect_left(self.names, rest)
            if after < len(self.names) and self.names[after].startswith(rest):
                return place
        return len(text)

    def _at(self, text: str, place: int) -> str:
        """The longest name at this place, "" for none."""
        here = text[place : place + self.longest]
        before = bisect_right(self.names, here)
        name = self.names[before - 1] if before else ""
        while not here.startswith(name):
            name = self._shorter[name]
        return name
