"""All explorers as the tests that they share drive them: their functions, and the states that strain them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from hypothesis import strategies as st

from llmlab import explorers
from llmlab.attention._bugs import function
from llmlab.explorers.host import Explorer
from llmlab.explorers.influence_map.measuring import CHANGES, INPUTS, MASKS
from llmlab.explorers.merge_player import count_by_zip, merge_left_to_right
from llmlab.explorers.merge_player.values import MAX_MERGES
from llmlab.explorers.pipeline_map.passes import forward
from llmlab.explorers.pipeline_map.values import MAX_CHARACTERS, START
from llmlab.explorers.window_map.values import MAX_TOKENS
from llmlab.training import History
from tests.explorers import answers
from tests.explorers.html import assert_self_contained

ATTACK = "<img src=x onerror=alert(1)>"
State = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One explorer.

    Attributes:
        kind: makes it, without a function of the learner's.
        setting: words of its first settings.
        answer: the functions that it takes, as arguments, with a right answer for each.
        own: the names of what says in the trace that they did the work.
        blank: the note where they are not written yet, or its end.
        at: what to set so that the functions are called at all.
        text: the control that holds text.
        extremes: groups of states (without what stays as in the first one) at which whole axes are drawn; all controls
            at one end, where none are given.
        drawn_twice: states that are drawn once more; the same, where none are given.
        as_sent: whether its frames are measured as bytes of UTF-8, as they are sent, and not escaped to ASCII.
        lines: the tags that begin a line of its golden file.
        names: what its code needs to be there.
        forget: drops what is kept from one picture to the next.
    """

    kind: Callable[..., Explorer]
    setting: str
    answer: dict[str, Callable[..., Any]] = field(default_factory=dict)
    own: tuple[str, ...] = ("own_function",)
    blank: str = ""
    at: State = field(default_factory=dict)
    text: str = ""
    extremes: tuple[tuple[State, ...], ...] = ()
    drawn_twice: tuple[State, ...] = ()
    as_sent: bool = False
    lines: tuple[str, ...] = ("<tr", "<div")
    names: dict[str, Any] = field(default_factory=dict)
    forget: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        """MergePlayer."""
        return type(self.kind()).__name__

    def __post_init__(self) -> None:
        ends = () if self.extremes and self.drawn_twice else ends_of(self.kind)
        object.__setattr__(self, "extremes", self.extremes or (ends,))
        object.__setattr__(self, "drawn_twice", self.drawn_twice or ends)

    @property
    def folder(self) -> str:
        """merge_player."""
        return type(self.kind()).__module__.split(".")[2]

    def with_functions(self, stand_in: Callable[..., Any] | None = None) -> Explorer:
        """The explorer with a learner's right answers, or with `stand_in` for each of them, where they are called."""
        explorer = self.kind(**{name: stand_in or right for name, right in self.answer.items()})
        explorer._state |= self.at  # not `.set`, which would raise what the function raises
        explorer.refresh()
        return explorer


def ends_of(kind: Callable[..., Explorer]) -> tuple[State, State]:
    """All controls at their first value, and all at their last."""
    controls = kind()._controls.values()
    return tuple({control.name: control.values[end] for control in controls} for end in (0, -1))


def drawn(explorer: Explorer, state: State, forget: Callable[[], None] = lambda: None) -> tuple[Any, str]:
    """The trace and the picture of a state, which has words, repeats itself and needs nothing from outside."""
    trace = explorer.compute(state)
    html = explorer.render(trace)
    forget()
    assert html == explorer.render(explorer.compute(state)) and explorer.describe(trace)
    assert_self_contained(html)
    return trace, html


def any_state(kind: Callable[..., Explorer]) -> st.SearchStrategy[State]:
    """A state of an explorer without text."""
    return st.fixed_dictionaries({control["name"]: st.sampled_from(control["values"]) for control in kind().controls})


def of_texts(texts: list[str], **others: Any) -> tuple[tuple[State, ...], ...]:
    """A group for each text."""
    return tuple(({"text": text, **others},) for text in texts)


def filled(texts: list[str], length: int) -> list[str]:
    return [(text * length)[:length] for text in texts]


def a_finished_curve() -> explorers.TrainingCurve:
    """A live curve whose run is over: it can be swept."""
    curve = explorers.TrainingCurve(steps=10, goal=1.0)
    curve.update(History(loss=[4.0, *(3 - n / 10 for n in range(9))], validation=[(5, 3.0), (10, 2.5)]))
    return curve


def influences() -> Iterator[State]:
    for bug, heads, around in product(CHANGES, (1, 4), ("a random input", "zero")):
        yield {"bug": bug, "heads": heads, "around": around, "perturbed": 0}
    for architecture, heads, around in product(MASKS, (1, 4), ("a random input", "zero")):
        yield {"architecture": architecture, "heads": heads, "around": around, "perturbed": len(INPUTS) - 1}


SETTINGS = list(product(("first", "lexicographic"), (False, True)))  # of the merge player
LONG_LINES = ["&<>" * 40, "🎹" * 30, "".join(chr(33 + n % 94) for n in range(120)), "<" * 120, "ab cd " * 20]
LONG_WORDS = ["&<>" * 39, "🎹🎹🎹🎹🎹🎹🎹🎹🎹🎹🎹🎹 " * 8, "<&<&<&<&<&<&< " * 8, "word " * 24, "é"]
FULL = "princesses daughters themselves princes princesses brothers sisters daughters"
STORY = ["😀", "a", "ก", '"', "\x00", "👨‍👩‍👧‍👦", "ﷺ", "é ", "qX"]
WORLD = ["🎹", "<", "é<&>", "a", "the king bark ", "princesses ", '"', "\u202e", START]
WINDOWS = tuple(
    dict(text=" and" * MAX_TOKENS, max_length=length, stride=stride, batch_size=batch, shuffle=shuffle, drop_last=drop)
    for length, stride, batch, shuffle, drop in product((1, 8), (1, 10), (1, 6), (False, True), (False, True))
)

CASES = [
    Case(
        explorers.PipelineMap,
        "Layer: 1",
        text="text",
        extremes=of_texts(filled(WORLD, MAX_CHARACTERS)),
        drawn_twice=tuple({"text": text} for text in ("the dogs near the king", "é 🎹", "")),
        as_sent=True,
        lines=("<tr", "<div", "<td"),
        forget=forward.cache_clear,
    ),
    Case(
        explorers.TokenizerMicroscope,
        "Row: GPT-2",
        answer={"words": answers.tokenize},
        blank="so llmlab's own words are shown.",
        text="text",
        extremes=of_texts(filled(STORY, 40)),
        drawn_twice=tuple(
            {"text": "It's é 🎹", "inspect": name}
            for name in ("characters", "bytes", "words", "BPE of the story", "GPT-2")
        ),
        as_sent=True,
        lines=("<tr", "<div", "<td"),
    ),
    Case(
        explorers.MergePlayer,
        "Tie rule: first",
        answer={"count_pairs": count_by_zip, "merge": merge_left_to_right},
        own=("own_count", "own_merge"),
        blank="Not written yet: count_pairs and merge. llmlab's own does that part.",
        text="text",
        extremes=tuple(
            tuple({"text": text, "merges": MAX_MERGES, "tie_break": rule, "pretokenize": cut} for rule, cut in SETTINGS)
            for text in LONG_LINES
        ),
        drawn_twice=tuple(
            {"text": text, "tie_break": rule, "pretokenize": cut, "merges": 5}
            for text, (rule, cut) in product(LONG_LINES, SETTINGS)
        ),
    ),
    Case(
        explorers.WindowMap,
        "Stride: 2",
        answer={"windows": answers.make_windows},
        blank="so llmlab's own windows are shown.",
        text="text",
        extremes=(WINDOWS,),
        drawn_twice=WINDOWS,
    ),
    Case(
        explorers.EmbeddingBench,
        "Positions: none",
        answer={"embed": answers.embed_input},
        blank="so llmlab's own adds the two tables.",
        text="words",
        extremes=(({"words": FULL, "positions": "learned", "shuffle": True},),),
        drawn_twice=tuple(
            {"words": FULL, "positions": scheme, "table": table}
            for scheme, table in product(("none", "learned", "sinusoidal", "rotary"), ("trained", "random"))
        ),
    ),
    Case(
        explorers.AttentionBench,
        "Temperature: 1",
        answer={"attend": answers.attend},
        blank="so llmlab's own attention is shown.",
        text="text",
        extremes=of_texts(LONG_WORDS, width="256", scaling=False, temperature="0.1", query=7, key=6, by=-6),
        drawn_twice=tuple({"text": text, "by": 3} for text in LONG_WORDS),
        as_sent=True,
    ),
    Case(
        explorers.InfluenceMap,
        "Attention: mask after the softmax",
        answer={"attend": function()},
        blank="so llmlab's own attention is shown.",
        at={"bug": "your own"},
        extremes=(tuple(influences()),),
        drawn_twice=tuple(influences()),
    ),
    Case(
        explorers.ShapeTracer,
        "Width D: 96",
        answer={"count": answers.count_parameters},
        blank="so llmlab's own count is shown.",
    ),
    Case(explorers.ArchitectureTracer, "Experts E: none"),
    Case(
        explorers.TrainingReplay,
        "Run: A",
        answer={"schedule": answers.schedule},
        own=("own_rates",),
        blank="so only the recorded learning rates are shown.",
        lines=("<div", "<svg", "<polyline", "<span"),
    ),
    Case(
        a_finished_curve,
        "Loss axis: linear",
        names={"history": History(loss=[2.0], validation=[(1, 2.0)])},
    ),
    Case(
        explorers.DistributionSculptor,
        "Temperature: 2",
        answer={"probabilities": answers.probabilities},
        blank="so llmlab's own probabilities are shown.",
    ),
    Case(
        explorers.CacheMeter,
        "Query heads: 32",
        answer={"count": answers.count_bytes},
        blank="so llmlab's own count is shown.",
    ),
    Case(
        explorers.AnswerBench,
        "Model: before tuning",
        lines=("<div", "<span"),
    ),
]
