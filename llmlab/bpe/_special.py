"""Special tokens: names at which a text is cut first, and the rule that it may not use them unasked (lesson 02)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from llmlab.utils.special import SpecialFinder
from llmlab.utils.text import refuse_unencodable

_NOTHING = SpecialFinder([])
_REMEMBERED = 8  # sets of allowed special tokens; a program uses one or two


def special_names(special_tokens: Iterable[str] | Mapping[str, int]) -> list[str]:
    """The names of special tokens, checked."""
    if isinstance(special_tokens, str):
        raise TypeError(f"special_tokens must be a collection of names, got one str: write [{special_tokens!r}]")
    if not isinstance(special_tokens, Iterable):
        raise TypeError(f"special_tokens must be a collection of names, got {special_tokens!r}: write [] for none")
    names = list(special_tokens)
    times = Counter(name for name in names if isinstance(name, str))
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"a special token must be a str, got {name!r} ({type(name).__name__})")
        if not name:
            raise ValueError("a special token must have at least one character, got ''")
        if times[name] > 1:
            raise ValueError(f"special token {name!r} is given {times[name]} times: give each once")
        refuse_unencodable(name)
    return names


def refuse_special(text: str, refused: SpecialFinder, offset: int = 0) -> None:
    """Raise if the text contains one of the `refused` special tokens, even inside a longer one that is allowed."""
    for place, name in refused.find(text):
        raise ValueError(
            f"the text contains the special token {name!r} at character {offset + place}, and it "
            f"is not allowed: pass allowed_special={{{name!r}}}, or 'all', to encode it as its one id"
        )


class SpecialTokens:
    """The special tokens of a tokenizer, divided into those that a text may use and those that are refused."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)
        self._all = SpecialFinder(names)
        self._divided: dict[frozenset[str], tuple[SpecialFinder, SpecialFinder]] = {}

    def divide(self, allowed_special: Collection[str] | str) -> tuple[SpecialFinder, SpecialFinder]:
        """What finds the allowed ones, and what finds the refused ones. Names that are no special tokens are ignored.

        Raises:
            TypeError: `allowed_special` is a single name, or no collection of names.
        """
        if isinstance(allowed_special, str):
            if allowed_special == "all":
                return self._all, _NOTHING
            raise TypeError(f"allowed_special must be 'all' or a set of names: write {{{allowed_special!r}}}")
        try:
            allowed = frozenset(filter(self._names.__contains__, allowed_special))
        except TypeError:
            raise TypeError(
                f"allowed_special must be 'all' or a set of names, got {allowed_special!r}: () allows none"
            ) from None
        if allowed not in self._divided:
            if len(self._divided) >= _REMEMBERED:
                self._divided.clear()
            self._divided[allowed] = SpecialFinder(allowed), SpecialFinder(self._names - allowed)
        return self._divided[allowed]
