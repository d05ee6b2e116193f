"""All verdicts of one exercise, rendered by its real check: a table from what can be answered to what is then said."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import permutations, product
from typing import Any

from verdicts_forms import Form, Number, Order, Pick, Several, Word
from verdicts_values import STRANGE_NUMBERS, STRANGE_WORDS, Span, named_values, outcome, spans, telling_words

from llmlab.exercises import Exercise
from llmlab.exercises.engine.calling import LocalAnswer
from llmlab.exercises.engine.values import show
from llmlab.exercises.engine.view import as_html

FEW = 3  # so many whole numbers in a row are told one by one


@dataclass(frozen=True)
class Cell:
    """Values of a field to which a check says the same, but for the value itself.

    Attributes:
        values: one of them; two strange ones where the cell is open, and a verdict may repeat what was typed.
        spans: for numbers (from, to), both included.
    """

    values: tuple[Any, ...]
    spans: tuple[tuple[float, float], ...] = ()

    @property
    def open(self) -> bool:
        return len(self.values) > 1


class Unfit(Exception):
    """A check does what a table cannot hold: the exercise is no form, or its form is another one."""


def cells_of(exercise: Exercise, form: Form) -> list[list[Cell]]:
    """For each field its cells; of numbers the widest is the first, of words any word that is not named."""
    numbers, words = named_values(exercise)
    tried = [_tried(field, numbers, words) for field in form.fields]
    found = []
    for at, field in enumerate(form.fields):
        if isinstance(field, Pick | Several | Order):
            found.append([Cell((value,)) for value in tried[at]])
            continue
        others = list(product(*tried[:at], *tried[at + 1 :]))

        @cache
        def said(value: Any, at: int = at, others: Sequence[tuple] = others) -> tuple:
            return tuple(outcome(exercise, answer_of(form, [*o[:at], value, *o[at:]])) for o in others)

        if isinstance(field, Number):
            found.append(_number_cells(spans(said, numbers, whole=field.whole), field.whole, at))
        else:
            known = telling_words(said, sorted({*words, *field.likely}), field.length)
            strange = STRANGE_WORDS[field.length][2 * at % 4 :][:2]  # others in the field beside it
            found.append([Cell(strange), *(Cell((word,)) for word in known)])
    return found


def _tried(field: Any, numbers: Sequence[float], words: Sequence[str]) -> list:
    """The values of a field beside which the others are looked at."""
    match field:
        case Number(whole=whole):
            return [*(one for one in numbers if not whole or one == int(one)), STRANGE_NUMBERS[whole][0]]
        case Word(length=length, likely=likely):
            fitting = (word for word in {*words, *likely} if not length or len(word) == length)
            return [*sorted(fitting), STRANGE_WORDS[length][0]]
        case Pick(options=options):
            return list(options)
        case Order(options=options):
            return ["".join(order) for order in permutations(options)]
        case Several(options=options):
            chosen = [
                [one for bit, one in enumerate(options) if number >> bit & 1] for number in range(2 ** len(options))
            ]
            return ["".join(some) if isinstance(options, str) else some for some in chosen]
    raise TypeError(f"no such field: {field!r}")


def _number_cells(found: Iterable[Span], whole: bool, at: int) -> list[Cell]:
    same: dict[Any, list[tuple[float, float]]] = {}
    points = []
    for span in found:
        if span.low == span.high or (whole and span.high - span.low < FEW):
            values = range(int(span.low), int(span.high) + 1) if whole or span.low == int(span.low) else [span.low]
            points += [Cell((value,), ((value, value),)) for value in values]
        else:
            same.setdefault(span.said, []).append((span.low, span.high))
    open_ones = [Cell(_strange(parts, whole, at), tuple(parts)) for parts in same.values()]
    open_ones.sort(key=lambda cell: -sum(high - low for low, high in cell.spans))
    return [*open_ones, *points]


def _strange(parts: Sequence[tuple[float, float]], whole: bool, at: int) -> tuple[float, float]:
    """Two numbers of a cell that are unlike any in a sentence, such as 80935 or 6.91234."""
    here = [one + 1234 * at for one in STRANGE_NUMBERS[whole]]  # another one in each field
    inside = [one for one in here if any(low <= one <= high for low, high in parts)]
    low, high = max(parts, key=lambda part: part[1] - part[0])
    width = high - low
    if whole:
        within = [low + round(width * share) for share in (0.382, 0.618)]
    else:
        digits = max(0, 4 - math.floor(math.log10(width)))
        within = [round(low + width * share, digits) for share in (0.38197, 0.61803)]
    first, second = [*inside, *within][:2]
    return first, second


def answer_of(form: Form, values: Sequence[Any]) -> Any:
    """What a cell of a notebook would hand to the check."""
    if form.joined:
        return "".join(values)
    return values[0] if len(values) == 1 else tuple(values)


def verdict(exercise: Exercise, answer: Any) -> tuple[str, str]:
    """Status and box of the real check, without what is folded in it; nothing is kept of it."""
    result = exercise.judged(LocalAnswer(answer))
    return result.status, as_html(result.status, result.message)


def filled(template: str, form: Form, values: Sequence[Any]) -> str:
    """A verdict with the answer in it: `{a}` is the whole answer, `{0}` the first field's."""
    answer = answer_of(form, values)
    shown = {"{a}": show(list(answer) if isinstance(answer, tuple) else answer)}
    shown |= {f"{{{at}}}": show(value) for at, value in enumerate(values)}
    for place, text in shown.items():
        template = template.replace(place, escape(text))
    return template


@dataclass(frozen=True)
class Table:
    """Attributes:
    cells: of each field.
    texts: (status, box) of each different verdict, with places for the answer.
    places: for each combination of cells, the last field's fastest, the number of its text.
    """

    cells: list[list[Cell]]
    texts: list[tuple[str, str]]
    places: list[int]


def table_of(exercise: Exercise, form: Form) -> Table:
    """Ask the check about every combination of cells.

    Raises:
        Unfit: a verdict holds the answer in a way that cannot be filled in.
    """
    cells = cells_of(exercise, form)
    texts: list[tuple[str, str]] = []
    places: dict[tuple[int, ...], int] = {}
    combined = list(product(*(range(len(those)) for those in cells)))
    # First those where most is open: their texts have a place for each number, and serve the others too.
    combined.sort(key=lambda at: -sum(cells[field][cell].open for field, cell in enumerate(at)))
    for at in combined:
        chosen = [cells[field][cell] for field, cell in enumerate(at)]
        values = [cell.values[0] for cell in chosen]
        said = verdict(exercise, answer_of(form, values))
        again = [cell.values[-1] for cell in chosen]
        said_again = said if again == values else verdict(exercise, answer_of(form, again))

        def fits(text: tuple[str, str], asked=((values, said), (again, said_again))) -> bool:
            return all((text[0], filled(text[1], form, given)) == expected for given, expected in asked)

        known = next((number for number, text in enumerate(texts) if fits(text)), None)
        if known is None:
            texts.append((said[0], _template(said[1], form, values, chosen)))
            known = len(texts) - 1
            if not fits(texts[known]):
                raise Unfit(f"{exercise.id}: the verdict on {again!r} is not that on {values!r} with other values")
        places[at] = known
    ordered = [places[at] for at in product(*(range(len(those)) for those in cells))]
    return Table(cells, texts, ordered)


def _template(html: str, form: Form, values: Sequence[Any], chosen: Sequence[Cell]) -> str:
    """A verdict with places where it repeats the answer, as far as they are unmistakable."""
    answer = answer_of(form, values)
    whole = escape(show(list(answer) if isinstance(answer, tuple) else answer))
    if len(whole) > 2 and html.count(whole) == 1:
        html = html.replace(whole, "{a}")
    for at, cell in enumerate(chosen):
        quoted = isinstance(values[at], str) and len(values[at]) > 1 and list(values).count(values[at]) == 1
        if cell.open or quoted:
            html = html.replace(escape(show(values[at])), f"{{{at}}}")
    return html
