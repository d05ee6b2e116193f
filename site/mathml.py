"""A Sphinx extension: formulas become MathML while the site is built, so that no script and no server draws them."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from latex2mathml.converter import convert_to_element
from sphinx.application import Sphinx

_SCRIPTS = ("msub", "msup", "msubsup", "munder", "mover", "munderover")
_ROWS = ("math", "mrow", "mstyle", "msqrt", "mtd")  # whose children stand side by side
_ORDINARY = ("mi", "mn", "mtext", "mfrac", "msqrt", "mrow", *_SCRIPTS)
_FUNCTIONS = ("sin", "cos", "tan", "tanh", "ln", "log", "exp", "max", "min")


def mathml(latex: str, display: str = "inline") -> str:
    """A formula as MathML, spaced as TeX does it: tight in what is raised or lowered, and around dots; a thin space
    between the name of a function and what stands beside it, unless that is a bracket or a sign.

    >>> mathml("x_{i+1}").count('<mo lspace="0" rspace="0">')
    1
    >>> mathml(r"2 \\ln V = \\ln(V^2)").count('<mspace width="0.167em" />')
    2
    """
    math = convert_to_element(latex, display=display)
    small = (script for parent in math.iter() if parent.tag in _SCRIPTS for script in list(parent)[1:])
    tight = {operator for script in small for operator in script.iter("mo")}
    tight |= {operator for operator in math.iter("mo") if operator.text in ("…", "&#x02026;")}
    for operator in tight:
        operator.set("lspace", "0")
        operator.set("rspace", "0")
    for row in [one for one in math.iter() if one.tag in _ROWS]:
        beside = list(zip(row, row[1:], strict=False))
        for place, (left, right) in reversed([*enumerate(beside, 1)]):
            if left.tag in _ORDINARY and right.tag in _ORDINARY and (_is_function(left) or _is_function(right)):
                row.insert(place, ElementTree.Element("mspace", {"width": "0.167em"}))
    return ElementTree.tostring(math, encoding="unicode").replace("&amp;#", "&#")


def _is_function(element: ElementTree.Element) -> bool:
    """Whether it is the name of a function, such as sin, with or without something raised or lowered."""
    name = element[0] if element.tag in _SCRIPTS else element
    return name.tag == "mi" and name.text in _FUNCTIONS


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
