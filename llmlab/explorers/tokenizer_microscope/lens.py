"""The token under the lens: its characters with all their bytes, of which it may hold only some, and its id."""

from __future__ import annotations

from html import escape
from itertools import accumulate

from llmlab.explorers.host.touch import touch
from llmlab.explorers.tokenizer_microscope.numbers import remark, shown, touched
from llmlab.explorers.tokenizer_microscope.values import MicroscopeTrace

MOST = 12  # characters that are drawn; a longer token ends in dots


def lens(trace: MicroscopeTrace) -> str:
    """Characters above, bytes below: filled where they belong to the token."""
    token = trace.closely
    if token is None:
        return '<div class="llmlab-lens"><p>This row has no token.</p></div>'
    stops = [0, *accumulate(len(character.encode()) for character in trace.text)]
    data, cells = trace.text.encode(), ""
    places = touched(token, trace.text)
    for at in places[:MOST]:
        its_bytes = "".join(
            f'<i class="llmlab-{"inside" if token.start <= byte < token.stop else "outside"}">{data[byte]:02x}</i>'
            for byte in range(stops[at], stops[at + 1])
        )
        link = " ".join(f"b{byte}" for byte in range(stops[at], stops[at + 1]))
        cells += (
            f'<span class="llmlab-its"{touch(link=link)}><b>{shown(trace.text[at])}</b><span>{its_bytes}</span></span>'
        )
    if len(places) > MOST:
        cells += "<span>…</span>"
    said = remark(token, trace.text) or "whole characters"
    return (
        f'<div class="llmlab-lens"><div><b>Under the lens: token {trace.place}</b></div>'
        f'<div class="llmlab-glass">{cells}</div>'
        f"<p>{escape(said)}<br>its id: <b>{token.id}</b></p></div>"
    )
