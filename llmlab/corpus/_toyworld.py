"""The toy world: simple sentences from a small grammar with known meaning, so that what a model learns can be checked.

The grammar is the data below: nouns with tags, and predicates for the nouns that carry those tags. `_frames` turns it
into frames (a frame is a row of slots, a slot the words that may stand there). `toy_world` fills frames and
`toy_world_accepts` looks for a frame that fits, so the two cannot disagree. The eight people form a cube, royal or
common x male or female x adult or young, and each side has words of its own (crown, his, school): king - man + woman =
queen by design.

Sentences are lower-case words with single spaces between them and the full stop attached: "the dogs near the king
bark." `llmlab.tokenizers.WordTokenizer` makes the full stop a token and gives exactly this form back when it decodes.
There is one tense, no question, and one clause per sentence.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from numbers import Integral
from typing import TypeVar

SEPARATOR = " <|endoftext|> "  # with spaces, so that splitting at white space leaves the special token whole

_NOUNS = (  # singular, plural, pronoun, tags
    ("king", "kings", "he", "person male royal adult"),
    ("queen", "queens", "she", "person female royal adult"),
    ("prince", "princes", "he", "person male royal young"),
    ("princess", "princesses", "she", "person female royal young"),
    ("man", "men", "he", "person male common adult"),
    ("woman", "women", "she", "person female common adult"),
    ("boy", "boys", "he", "person male common young"),
    ("girl", "girls", "she", "person female common young"),
    ("dog", "dogs", "it", "animal pet dog"),
    ("cat", "cats", "it", "animal pet cat"),
    ("mouse", "mice", "it", "animal pet mouse"),
    ("cow", "cows", "it", "animal farm cow"),
    ("horse", "horses", "it", "animal farm horse"),
    ("duck", "ducks", "it", "animal pond duck"),
    ("frog", "frogs", "it", "animal pond frog"),
    ("lion", "lions", "it", "animal wild lion"),
    ("wolf", "wolves", "it", "animal wild wolf"),
)

_PRONOUNS = {  # subject: possessive, reflexive, object
    "he": ("his", "himself", "him"),
    "she": ("her", "herself", "her"),
    "it": ("its", "itself", "it"),
    "they": ("their", "themselves", "them"),
}
_OBJECT_PRONOUNS = [objective for *_, objective in _PRONOUNS.values()]

_CLASSES = {  # a slot in capitals takes any of these; "singular|plural" follows the number of the subject
    "FEELING": "happy sad tired hungry quiet".split(),
    "WALKS": "walks|walk sits|sit waits|wait".split(),
    "EATS": "eats|eat likes|like buys|buy".split(),
    "SEES": "sees|see hears|hear helps|help".split(),
    "PLACE": "garden park forest market village".split(),
    "FOOD": "bread soup cake cheese".split(),
    "DRINK": "water milk tea".split(),
    "PET": "dog dogs cat cats mouse mice".split(),
    "GOOD": "good kind proud".split(),
    "MEAT": "meat fish".split(),
    "GRAIN": "grass hay".split(),
}

# Tags, and a predicate for every noun that has all of them ("" = every noun). "-" = no word. POSS, REFL and OBJ are
# pronouns: the subject's own possessive and reflexive, and any object pronoun. OTHER is any noun but the subject.
_PREDICATES = (
    ("", "is|are FEELING"),
    ("person", "WALKS in the PLACE"),
    ("person", "EATS FOOD"),
    ("person", "drinks|drink DRINK"),
    ("person", "SEES the OTHER"),
    ("person", "SEES OBJ"),
    ("person", "loves|love POSS PET"),
    ("person", "reads|read POSS book|books"),
    ("person", "washes|wash REFL"),
    ("royal", "wears|wear POSS crown|crowns"),
    ("royal", "lives|live in the palace"),
    ("royal adult", "rules|rule the land"),
    ("royal adult", "sits|sit on the throne"),
    ("royal young", "dreams|dream of the throne"),
    ("common", "wears|wear POSS hat|hats"),
    ("common", "lives|live in the cottage"),
    ("common", "carries|carry POSS basket|baskets"),
    ("common adult", "works|work at the mill"),
    ("common adult", "sells|sell FOOD at the market"),
    ("common young", "goes|go to school"),
    ("adult", "cooks|cook dinner for POSS children"),
    ("young", "plays|play with POSS toys"),
    ("young", "climbs|climb trees"),
    ("male adult", "is|are a|- GOOD father|fathers"),
    ("female adult", "is|are a|- GOOD mother|mothers"),
    ("male young", "is|are a|- GOOD son|sons"),
    ("female young", "is|are a|- GOOD daughter|daughters"),
    ("male", "is|are a|- GOOD brother|brothers"),
    ("female", "is|are a|- GOOD sister|sisters"),
    ("animal", "follows|follow the OTHER"),
    ("animal", "follows|follow OBJ"),
    ("animal", "runs|run in the PLACE"),
    ("animal", "looks|look for POSS food"),
    ("animal", "cleans|clean REFL"),
    ("pet", "sleeps|sleep in the house"),
    ("pet", "eats|eat MEAT"),
    ("farm", "sleeps|sleep in the barn"),
    ("farm", "eats|eat GRAIN"),
    ("pond", "swims|swim in the pond"),
    ("pond", "eats|eat flies"),
    ("wild", "sleeps|sleep in the cave"),
    ("wild", "hunts|hunt at night"),
    *(
        (animal, sound + rest)
        for animal, sound in {
            "dog": "barks|bark",
            "cat": "meows|meow",
            "mouse": "squeaks|squeak",
            "cow": "moos|moo",
            "horse": "neighs|neigh",
            "duck": "quacks|quack",
            "frog": "croaks|croak",
            "lion": "roars|roar",
            "wolf": "howls|howl",
        }.items()
        for rest in ("", " at the OTHER", " in the PLACE")
    ),
)

Slots = tuple[tuple[str, ...], ...]
T = TypeVar("T")


@dataclass(frozen=True)
class _Character:
    """A noun in one number: what a sentence can be about."""

    word: str
    pronoun: str
    is_plural: bool
    tags: frozenset[str]


_CHARACTERS = tuple(
    _Character(word, pronoun, is_plural, frozenset(tags.split()))
    for singular, plural, he_she_it, tags in _NOUNS
    for word, pronoun, is_plural in ((singular, he_she_it, False), (plural, "they", True))
)


@cache
def _frames(character: _Character) -> dict[str, dict[str, Slots]]:
    """The frames about one character: form of subject ("plain", "feeling", "near", "pronoun") -> predicate -> slots."""
    others = tuple(other.word for other in _CHARACTERS if other.tags != character.tags)
    the, noun = ("the",), (character.word,)
    subjects = {
        "plain": (the, noun),
        "feeling": (the, tuple(_CLASSES["FEELING"]), noun),
        "near": (the, noun, ("near",), the, others),
        "pronoun": ((character.pronoun,),),
    }
    possessive, reflexive, _ = _PRONOUNS[character.pronoun]
    slot_words = _CLASSES | {"POSS": [possessive], "REFL": [reflexive], "OBJ": _OBJECT_PRONOUNS, "OTHER": others}

    def slots_of(predicate: str) -> Slots:
        rows = [slot_words.get(token, [token]) for token in predicate.split()]
        inflected = [tuple(word.split("|")[-1 if character.is_plural else 0] for word in row) for row in rows]
        return tuple(row for row in inflected if row != ("-",))

    predicates = [predicate for tags, predicate in _PREDICATES if character.tags.issuperset(tags.split())]
    return {
        form: {
            predicate: subject + slots_of(predicate)
            for predicate in predicates
            if not (form == "pronoun" and "OBJ" in predicate)  # "he sees him": who is who?
        }
        for form, subject in subjects.items()
    }


@cache
def _frames_by_length() -> dict[int, list[Slots]]:
    """All frames of the grammar, each once, by the number of their words."""
    by_length: dict[int, dict[Slots, None]] = {}
    for character in _CHARACTERS:
        for frames in _frames(character).values():
            for slots in frames.values():
                by_length.setdefault(len(slots), {})[slots] = None
    return {length: list(frames) for length, frames in by_length.items()}


def toy_world_accepts(sentence: str) -> bool:
    """Whether the toy world's grammar can make this one sentence, agreement and meaning included.

    Raises:
        TypeError: `sentence` is not a string.

    >>> toy_world_accepts("the dogs near the king bark.")
    True
    >>> toy_world_accepts("the dogs near the king barks."), toy_world_accepts("the cat barks.")
    (False, False)
    """
    if not isinstance(sentence, str):
        raise TypeError(f"sentence must be a string such as 'the dog barks.', got {type(sentence).__name__}")
    if not sentence.endswith("."):
        return False
    words = sentence[:-1].split(" ")
    return any(
        all(word in slot for word, slot in zip(words, slots, strict=True))
        for slots in _frames_by_length().get(len(words), ())
    )


def toy_world(n_sentences: int, seed: int = 0) -> str:
    """Documents of 2 to 6 sentences about the same characters and place, separated by " <|endoftext|> ".

    A pronoun, subject or object, stands for the subject of the sentence before. The same `seed` gives the same text on
    every machine and Python version; Python's global random state is left alone.

    Args:
        n_sentences: sentences in all, at least 1 (a single sentence is a document by itself).
        seed: chooses the text.

    Raises:
        TypeError: an argument is not an integer.
        ValueError: `n_sentences` is below 1.

    >>> text = toy_world(1_000)
    >>> text.count("."), text == toy_world(1_000, seed=0), text == toy_world(1_000, seed=1)
    (1000, True, False)
    """
    for name, value in (("n_sentences", n_sentences), ("seed", seed)):
        if not isinstance(value, Integral) or isinstance(value, bool):
            raise TypeError(f"{name} must be an integer, got {value!r}")
    if n_sentences < 1:
        raise ValueError(f"n_sentences must be at least 1, got {n_sentences}")
    rng = random.Random(int(seed))
    documents, missing = [], int(n_sentences)
    while missing:
        length = min(missing, _pick(rng, (2, 3, 4, 5, 6)))
        if missing - length == 1:  # no document of one sentence is left over
            length += 1 if length < 6 else -1
        documents.append(_document(rng, length))
        missing -= length
    return SEPARATOR.join(documents)


def _document(rng: random.Random, n_sentences: int) -> str:
    """Sentences about one hero, one companion and, where a place is named, one place."""
    hero = _pick_character(rng, _pick(rng, ("person", "animal")))
    companion = hero
    while companion.tags == hero.tags:
        companion = _pick_character(rng, _pick(rng, ("person", "animal")))
    scene = {hero.word, companion.word, _pick(rng, _CLASSES["PLACE"])}
    sentences: list[str] = []
    told: set[str] = set()  # a document says each thing once
    before = None  # the subject of the sentence before
    for _ in range(n_sentences):
        subject = _pick(rng, (hero, hero, companion)) if before else hero
        if subject is before:
            form, known = _pick(rng, ("pronoun", "pronoun", "pronoun", "plain")), None
        else:
            form, known = _pick(rng, ("plain", "plain", "feeling", "near")), before
        # An object pronoun means the subject of the sentence before, which must be somebody else than this subject.
        frames = _frames(subject)[form]
        predicate = _pick(rng, [p for p in frames if p not in told and (known or "OBJ" not in p)])
        told.add(predicate)
        words_known = scene | {_PRONOUNS[known.pronoun][2]} if known else scene
        sentences.append(_fill(rng, frames[predicate], words_known))
        before = subject
    return " ".join(sentences)


def _fill(rng: random.Random, slots: Slots, scene: set[str]) -> str:
    """One sentence from a frame; where words of the scene fit, one of them is taken."""
    return " ".join(_pick(rng, [word for word in slot if word in scene] or slot) for slot in slots) + "."


def _pick_character(rng: random.Random, tag: str) -> _Character:
    """A character with this tag; two thirds are singular."""
    is_plural = _pick(rng, (False, False, True))
    return _pick(rng, [one for one in _CHARACTERS if tag in one.tags and one.is_plural == is_plural])


def _pick(rng: random.Random, items: Sequence[T]) -> T:
    """One item, each as likely. `random()` is the one method whose numbers Python promises never to change."""
    return items[int(rng.random() * len(items))]
