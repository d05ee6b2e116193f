"""The results of `llmlab check` as JUnit XML, the form that CI services read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from llmlab.instructors.check.results import Checked, shown_path


def write_junit(results: Sequence[Checked], file: Path, root: Path | None) -> None:
    """Write all results; the folder of the file is made where it is missing."""
    suite = ElementTree.Element("testsuite", name="llmlab check", tests=str(len(results)))
    suite.set("failures", str(sum(bool(one.trouble) for one in results)))
    suite.set("skipped", str(sum(one.skipped for one in results)))
    suite.set("time", f"{sum(one.seconds for one in results):.3f}")
    for one in results:
        case = ElementTree.SubElement(suite, "testcase", classname=_printable(shown_path(one.notebook, root)))
        case.set("name", _printable(f"cell {one.cell}: {one.source}" if one.cell else one.trouble))
        case.set("time", f"{one.seconds:.3f}")
        if one.trouble:
            failure = ElementTree.SubElement(case, "failure", message=_printable(one.trouble))
            failure.text = _printable(f"expected: {one.expected}\ngot: {one.got}" if one.expected else one.got)
        elif one.skipped:
            ElementTree.SubElement(case, "skipped")
    file.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(file, encoding="utf-8", xml_declaration=True)


def _printable(text: str) -> str:
    """`text` without the control characters that XML cannot hold."""
    return "".join(character for character in text if character.isprintable() or character in "\n\t")
