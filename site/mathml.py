"""A Sphinx extension: formulas become MathML while the site is built, so that no script and no server draws them."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from latex2mathml.converter import convert_to_element
from sphinx.application import Sphinx

_SCRIPTS = ("msub", "msup", "msubsup", "munder", "mover", "munderover")


def mathml(latex: str, display: str = "inline") -> str:
    """A formula as MathML, spaced as TeX does it: tight in what is raised or lowered, and around dots.

    >>> mathml("x_{i+1}").count('<mo lspace="0" rspace="0">')
    1
    """
    math = convert_to_element(latex, display=display)
    small = (script for parent in math.iter() if parent.tag in _SCRIPTS for script in list(parent)[1:])
    tight = {operator for script in small for operator in script.iter("mo")}
    tight |= {operator for operator in math.iter("mo") if operator.text in ("…", "&#x02026;")}
    for operator in tight:
        operator.set("lspace", "0")
        operator.set("rspace", "0")
    return ElementTree.tostring(math, encoding="unicode").replace("&amp;#", "&#")


def inline(self: Any, node: nodes.math) -> None:
    """Write a formula in a line."""
    self.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def displayed(self: Any, node: nodes.math_block) -> None:
    """Write a formula on a line of its own, which scrolls where it is wider than the page."""
    self.body.append('<div class="formula" role="group" aria-label="formula">')
    self.body.append(mathml(node.astext(), display="block"))
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (inline, None), (displayed, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
