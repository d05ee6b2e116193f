"""Decoding ids that come one by one, when an id may end in the middle of a character (lesson 02)."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable


class StreamDecoder:
    r"""Gives text out as soon as it is certain: `"".join(map(push, ids)) + flush()` is `decode(ids)`.

    Args:
        bytes_of: the bytes of some ids, such as `BPETokenizer.decode_bytes`.
    """

    def __init__(self, bytes_of: Callable[[Iterable[int]], bytes]) -> None:
        self._bytes_of = bytes_of
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def push(self, id: int) -> str:
        """The characters that are complete with this id; "" while one is not. What is not UTF-8 becomes U+FFFD.

        Raises:
            TypeError, ValueError: `id` is no int, or not in the vocabulary; the decoder stays as it was.
        """
        return self._decoder.decode(self._bytes_of([id]))

    def flush(self) -> str:
        r"""What is left at the end: "\ufffd" if the last character is incomplete. The decoder can be used anew."""
        return self._decoder.decode(b"", final=True)
