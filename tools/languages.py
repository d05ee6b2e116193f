"""The languages of the course, and the words that the build itself puts into a notebook in each.

English is the course; a translated lesson stands in `lessons/<language>/` and becomes notebooks in
`notebooks/<language>/`. docs/TRANSLATING.md says how one is made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ENGLISH = "en"
_FOLDER = re.compile(r"(?:^|/)(?:lessons|notebooks)/([a-z]{2})/")


@dataclass(frozen=True)
class Words:
    """What navigation, launch links and the first code cell say; a name in braces is put in by the build."""

    contents: str
    in_english: str
    solved: str
    is_solved: str  # {student}: the path of the notebook without solutions
    open_in: str  # {place}: Colab, Binder or Kaggle
    no_address: str
    set_up: str


WORDS = {
    ENGLISH: Words(
        contents="Contents",
        in_english="in English",
        solved="Solved version",
        is_solved="**This is the solved version.** Work through the [student notebook]({student}) first; here you can "
        "compare.",
        open_in="Open in {place}",
        no_address="Colab, Binder and Kaggle can open this notebook once the course has a public address",
        set_up="# A fresh Colab machine installs llmlab here; everywhere else it is already there.",
    ),
    "de": Words(
        contents="Inhalt",
        in_english="auf Englisch",
        solved="Mit Lösungen",
        is_solved="**Dieses Notebook enthält die Lösungen.** Arbeite zuerst das [Notebook ohne Lösungen]({student}) "
        "durch; hier kannst du dann vergleichen.",
        open_in="In {place} öffnen",
        no_address="Colab, Binder und Kaggle können dieses Notebook öffnen, sobald der Kurs eine öffentliche Adresse "
        "hat",
        set_up="# Auf einem frischen Colab-Rechner wird llmlab hier installiert; überall sonst ist es schon da.",
    ),
}


def words(language: str) -> Words:
    """The words of a language.

    Raises:
        ValueError: it has none yet.
    """
    if language not in WORDS:
        known = ", ".join(WORDS)
        raise ValueError(f"the build has words for {known}, got {language!r}: add them to WORDS in tools/languages.py")
    return WORDS[language]


def folder(language: str) -> str:
    """The folder of a language below lessons/ and notebooks/, with its slash; none for English.

    >>> folder("de"), folder("en")
    ('de/', '')
    """
    return "" if language == ENGLISH else f"{language}/"


def language_of(path: str) -> str:
    """The language of a lesson or a notebook, by its path from the root.

    >>> language_of("lessons/de/00_welcome.py"), language_of("notebooks/solutions/00_welcome.ipynb")
    ('de', 'en')
    """
    found = _FOLDER.search(path)
    return found[1] if found else ENGLISH
