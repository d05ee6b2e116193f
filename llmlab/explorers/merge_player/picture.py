"""The picture of the merge player as HTML, the reason of what is seen, and the same in words.

The text as tokens, which glide together; the most frequent pairs as bars, each of which can be pressed ("what if this
one?"); the tokens that are left after each merge as a curve, which can be pressed and swept.
"""

from __future__ import annotations

from llmlab.explorers.host.touch import touch
from llmlab.explorers.host.words import plural
from llmlab.explorers.merge_player.numbers import name_of, shown
from llmlab.explorers.merge_player.run import MAX_BYTES
from llmlab.explorers.merge_player.values import ANCESTORS_SHOWN, MAX_MERGES, PAIRS_PRESSED, MergeTrace

LONGEST_BAR = 12  # a count that fills the lane, in every state
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 12, 20  # margins of the curve in its own units
WIDTH, HEIGHT = 420, 150


def render(trace: MergeTrace) -> str:
    """Tokens, pairs, the curve, and which merges made the newest token."""
    if not trace.text:
        return "<p>No text: type a line.</p>"
    return f'{_tokens(trace)}<div class="llmlab-sides">{_pairs(trace)}<div>{_curve(trace)}{_lineage(trace)}</div></div>'


def _tokens(trace: MergeTrace) -> str:
    """Each token is known by its first byte: so the left one of a pair grows, and the right one goes."""
    marked, place, at, html = set(trace.marked), 0, 0, ""
    linked = {side for pair in trace.pairs[:PAIRS_PRESSED] for side in (pair.left, pair.right)} | {trace.newest}
    for chunk in trace.chunks:
        html += '<span class="llmlab-chunk">'
        for token in chunk:
            looks = {
                "llmlab-left": place in marked,
                "llmlab-right-half": place - 1 in marked,
                "llmlab-new": token == trace.newest,
            }
            its = touch(key=f"b{at}", flip=True, link=f"t{token.hex()}" if token in linked else "")
            look = " ".join(name for name, on in looks.items() if on)
            its += f' class="{look}"' if look else ""
            html += f"<i{its}>{shown(token)}</i>"
            place, at = place + 1, at + len(token)
        html += "</span>"
    return f'<div class="llmlab-tokens">{html}</div>'


def _pairs(trace: MergeTrace) -> str:
    """The most frequent pairs. Pressed, one is what would be merged next instead."""
    rows = ""
    for number, pair in enumerate(trace.pairs[:PAIRS_PRESSED]):
        key = f"{pair.left.hex()}.{pair.right.hex()}"
        tied = number < trace.tied > 1
        said = f"what if {name_of(pair.left)} + {name_of(pair.right)} were merged next? It occurs {_times(pair.count)}."
        its = touch(
            key=f"pair{key}", press={"instead": number}, name=said, link=f"t{pair.left.hex()} t{pair.right.hex()}"
        )
        remark = "next" if number == 0 else ""
        remark = ", ".join(filter(None, (remark, "tied" if tied else "")))
        rows += (
            f'<div class="llmlab-pair"{touch(key=f"row{key}")}><span class="llmlab-pair-name"{its}>'
            f"{shown(pair.left)} + {shown(pair.right)}</span>"
            f'<span class="llmlab-pair-lane"><i style="width:{60 * min(pair.count / LONGEST_BAR, 1):.0f}%"></i>'
            f"{pair.count}× {remark}</span></div>"
        )
    if not rows:
        rows = "<p>No pair is left to merge.</p>"
    more = len(trace.pairs) - PAIRS_PRESSED
    rest = f"<small>and {more} more</small>" if more > 0 else ""
    return (
        "<div><b>Pairs</b> <small>press one: what if it were merged next?</small>"
        f'<div class="llmlab-pair-list"{touch(key="pairs", group="pairs")}>{rows}</div>{rest}</div>'
    )


def _x(merges: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * merges / MAX_MERGES


def _curve(trace: MergeTrace) -> str:
    most = max(len(trace.text), 1)

    def y(tokens: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * tokens / most

    def line(sizes: tuple[int, ...], start: int = 0) -> str:
        return " ".join(f"{_x(start + number):.0f},{y(size):.1f}" for number, size in enumerate(sizes))

    here, half, steps = len(trace.merges), y(most / 2), ""
    for merges, size in enumerate(trace.sizes):
        its = touch(key=f"s{merges}", press={"merges": merges}, tip=f"merge {merges}: {size} tokens")
        steps += f'<circle{its} cx="{_x(merges):.0f}" cy="{y(size):.0f}" r="2.2"></circle>'
    once = ""
    if trace.last_useful is not None and trace.last_useful < MAX_MERGES:
        left = _x(trace.last_useful)
        once = (
            f'<rect class="llmlab-tail" x="{left:.0f}" y="{TOP}" width="{WIDTH - RIGHT - left:.0f}" '
            f'height="{HEIGHT - TOP - BOTTOM}"></rect><text x="{WIDTH - RIGHT}" y="{TOP + 12}" text-anchor="end">'
            "no pair occurs twice</text>"
        )
    ghost = ""
    if trace.what_if:
        ghost = f'<polyline class="llmlab-what-if" points="{line(trace.what_if, here)}"></polyline>'
    said = (
        f"Tokens left after each merge: from {trace.sizes[0]} to {trace.sizes[-1]}; half of the bytes is {most // 2}."
    )
    return (
        "<b>Tokens left</b> <small>press or drag along the curve</small>"
        f'<svg class="llmlab-tokens-left" viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="{said}"'
        f"{touch(key='curve', group='follow', sweep=True)}>{once}"
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{half:.0f}" y2="{half:.0f}" stroke="var(--llmlab-good)" '
        f'stroke-dasharray="5 3"></line><text x="{WIDTH - RIGHT}" y="{half - 5:.0f}" text-anchor="end">half</text>'
        f'<text x="{LEFT - 6}" y="{TOP + 4}" text-anchor="end">{most}</text>'
        f'<text x="{LEFT - 6}" y="{HEIGHT - BOTTOM + 4}" text-anchor="end">0</text>'
        f'<text x="{LEFT}" y="{HEIGHT - 4}">0</text>'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{MAX_MERGES} merges</text>'
        f'<polyline points="{line(trace.sizes)}" fill="none" stroke="var(--llmlab-input)" stroke-width="2">'
        f"</polyline>{ghost}{steps}</svg>"
    )


def _lineage(trace: MergeTrace) -> str:
    """The newest token as a sum of sums."""
    if trace.newest is None:
        return '<p class="llmlab-hint">No merge yet: each byte is a token.</p>'
    parts = "".join(
        f'<span class="llmlab-step"{touch(key=f"made{number}", link=f"t{(left + right).hex()}")}>'
        f"<small>{number}</small> {shown(left)} + {shown(right)}</span>"
        for _, number, left, right in reversed(trace.lineage[:ANCESTORS_SHOWN])
    )
    return f'<div class="llmlab-lineage"><b>How {shown(trace.newest)} was made</b><br>{parts}</div>'


# ---- words -----------------------------------------------------------------------------------------------------------


def why(trace: MergeTrace) -> str:
    """Why this pair is next, or what the other choice would do."""
    if not trace.pairs:
        return "No pair is left inside the pieces: nothing can be merged any more." if trace.text else ""
    best = trace.pairs[0]
    pair = f"<b>{shown(best.left)}</b> + <b>{shown(best.right)}</b>"
    if trace.what_if:
        other = trace.pairs[trace.instead]
        n = len(trace.what_if)
        mine, usual = trace.what_if[-1], trace.sizes[len(trace.merges) : len(trace.merges) + n][-1]
        verdict = "as many as" if mine == usual else f"{abs(mine - usual)} {'fewer' if mine < usual else 'more'} than"
        return (
            f"Merging {shown(other.left)} + {shown(other.right)} first ({other.count}× in place of {best.count}×) "
            f"leaves {mine} tokens after {len(trace.merges) + n - 1} merges, {verdict} the rule does (dashed)."
        )
    if best.count == 1:
        return (
            "No pair occurs twice any more: each further merge saves one token and makes one that is used once. "
            f"{pair} is next only because of the tie rule."
        )
    if trace.tied > 1:
        rule = "stands first in the text" if trace.tie_break == "first" else "comes last in the order of bytes"
        return (
            f"{trace.tied} pairs occur {best.count} times, more than all others; of these {pair} {rule}, so it is next."
        )
    return f"{pair} is next because no pair occurs as often: {best.count} times, and each merge of it saves a token."


def describe(trace: MergeTrace) -> str:
    """The picture in words."""
    if not trace.text:
        return "There is no text to merge."
    sentences = [
        f"After {plural(len(trace.merges), 'merge')} the {plural(len(trace.text), 'byte')} of the text are "
        f"{plural(len(trace.tokens), 'token')}."
    ]
    if trace.newest is not None:
        sentences.append(f"The newest token is {name_of(trace.newest)}, from {_sum(*trace.merges[-1])}.")
    if not trace.pairs:
        sentences.append("No pair is left to merge.")
    else:
        best = trace.pairs[0]
        sentences.append(f"Next: {_sum(best.left, best.right)}, which occurs {_times(best.count)}.")
        if trace.tied > 1:
            sentences.append(f"{trace.tied} pairs occur as often: the tie rule decides.")
    if trace.bytes_left_out:
        sentences.append(f"The player takes the first {MAX_BYTES} bytes; {trace.bytes_left_out} more are left out.")
    return " ".join(sentences)


def _sum(left: bytes, right: bytes) -> str:
    return f"{name_of(left)} + {name_of(right)}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
