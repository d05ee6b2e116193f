"""Print what CHANGELOG.md says of a version, or exit with a sentence where a tag and the project do not agree.

python tools/release_notes.py v0.2.0
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def notes(tag: str, root: Path = ROOT) -> str:
    """The section of CHANGELOG.md for a tag.

    Raises:
        ValueError: the tag does not name the package's version, or the first version in CHANGELOG.md is another one.
    """
    (version,) = re.findall(r'^__version__ = "(.*)"$', (root / "llmlab/__init__.py").read_text(), re.MULTILINE)
    if tag != f"v{version}":
        raise ValueError(f"the tag is {tag}, the package's version {version}: a release of it has the tag v{version}")
    first = re.split(r"^## ", (root / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    heading, _, text = first.partition("\n")
    if heading.split()[0] != version:
        raise ValueError(f"CHANGELOG.md begins with {heading.split()[0]}, the package's version is {version}")
    return text.strip()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tag")
    try:
        print(notes(parser.parse_args().tag))
    except ValueError as error:
        parser.exit(1, f"{error}\n")
