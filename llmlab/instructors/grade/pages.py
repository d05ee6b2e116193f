"""The frame of the pages that grading writes: one file each, light and dark, also on a phone, everything escaped."""

from __future__ import annotations

import re
from html import escape

from llmlab.instructors.grade.safe_text import name_shown, shown

_STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --text: #1f2328; --soft: #57606a; --line: #d0d7de; --box: #f6f8fa;
  --passed: #1a7f37; --failed: #b3261e; --other: #7a4b00; --bar: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --page: #14171b; --text: #e6edf3; --soft: #a3adb8; --line: #3a424c;
  --box: #1d2229; --passed: #57c273; --failed: #ff8a80; --other: #e3b15f; --bar: #2f8f4e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 50rem; padding: 1rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); } a { color: inherit; }
section.exercise { border: 1px solid var(--line); border-left: .3rem solid var(--other); border-radius: .3rem;
  background: var(--box); padding: .5rem .8rem; margin: .7rem 0; }
section.exercise h3 { margin: .1rem 0; }
section.passed { border-left-color: var(--passed); } section.failed { border-left-color: var(--failed); }
.passed b { color: var(--passed); } .failed b { color: var(--failed); } .other b { color: var(--other); }
code { font: .95em ui-monospace, monospace; } summary { cursor: pointer; }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: break-word; min-width: 3.5rem; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { background: var(--line); border-radius: .2rem; height: .6rem; width: 6rem; }
.bar i { display: block; height: 100%; background: var(--bar); border-radius: .2rem; }
@media (max-width: 32rem) { table { font-size: .9rem; } th, td { padding: .25rem; min-width: 0; }
  .bar { width: 2.5rem; } td:last-child:not(.number) { overflow-wrap: anywhere; } }
"""


def page(title: str, body: str) -> str:
    """A whole page.

    Args:
        title: plain text.
        body: HTML.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{text(title)}</h1>\n{body}\n"
        "</body>\n</html>\n"
    )


def text(value: object) -> str:
    """Any text as HTML: on one line, nothing in it acts."""
    return escape(shown(str(value)))


def name(value: object) -> str:
    """A name as HTML, two different ones never alike."""
    return escape(name_shown(str(value)))


def prose(value: str) -> str:
    """A message as HTML: what stands in `backticks` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", text(value))


def table(head: list[str], rows: list[list[str]], numbers: tuple[int, ...] = ()) -> str:
    """A table of cells that are HTML already.

    Args:
        head: of the columns.
        rows: cells.
        numbers: places of columns that hold numbers.
    """

    def line(cells: list[str], tag: str) -> str:
        kinds = (' class="number"' if place in numbers else "" for place in range(len(cells)))
        return "<tr>" + "".join(f"<{tag}{kind}>{one}</{tag}>" for kind, one in zip(kinds, cells, strict=True)) + "</tr>"

    body = "\n".join(line(one, "td") for one in rows)
    return f'<div class="wide"><table>\n{line(head, "th")}\n{body}\n</table></div>'


def bar(part: int, whole: int) -> str:
    """How much of a whole, as a bar; the number stands beside it."""
    return f'<div class="bar"><i style="width: {100 * part / max(1, whole):.0f}%"></i></div>'
