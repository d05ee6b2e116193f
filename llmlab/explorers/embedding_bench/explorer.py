"""The embedding bench as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

import reprlib
from typing import Any

from llmlab.embeddings import SkipGramHistory
from llmlab.explorers.embedding_bench import numbers, picture, words
from llmlab.explorers.embedding_bench.recorded import WIDTHS, Run, recorded_run
from llmlab.explorers.embedding_bench.values import MAX_WORDS, SCHEMES, SENTENCE, BenchTrace, Embed, compute, shuffled
from llmlab.explorers.host import Explorer, Question
from llmlab.explorers.host.controls import Choice, Range, Scale, Text, Toggle
from llmlab.explorers.host.learner import learners_function, not_written
from llmlab.explorers.host.words import plural

FIRST_WORD, FOUR = "king", "king queen man woman"

QUESTION = Question(
    "Why does a narrower table lose words, though its pairs are turned by the same formula?",
    (
        (
            "its pairs turn faster",
            False,
            "The angles run from a whole radian per place towards 1/10,000, at any width.",
        ),
        (
            "its words lie closer together",
            True,
            "Turning costs a vector about as much at 16 as at 32, but at 16 the next word is nearer (a cosine of 0.90 "
            "on average, at 32 of 0.81), and takes it over.",
        ),
        ("its vectors become shorter", False, "Turning keeps each length, and the nearest word goes by direction."),
    ),
)


class EmbeddingBench(Explorer):
    """See words as vectors: random or trained, at any checkpoint, with and without positions.

    Args:
        embed: your `embed_input(ids, token_table, position_table)`, which adds the two tables: (B, T) -> (B, T, d).
            Assign to `.embed` to try another one.
        history: what `SkipGram.fit` returned, to go through your own run; None takes a recorded one.
        vocabulary: the words of that run by id, for example `tokenizer.vocabulary`.

    Raises:
        TypeError: a history that is not what `SkipGram.fit` returned.
        ValueError: a history without its vocabulary, or the other way round, or a vocabulary of other words.

    >>> EmbeddingBench().trace.analogy[0]
    'queen'
    """

    sheet = "embedding_bench.css"
    heading = "Embedding bench"
    render, describe = staticmethod(picture.render), staticmethod(words.describe)
    why, more = staticmethod(words.why), staticmethod(numbers.more)
    stand_in = more
    embed = learners_function()

    def __init__(self, embed: Embed | None = None, history: Any = None, vocabulary: Any = None) -> None:
        if (history is None) != (vocabulary is None):
            raise ValueError("history and vocabulary belong together: give both, or neither for the recorded run")
        self._own_run, run = None, recorded_run()
        widths = tuple(map(str, WIDTHS))
        if history is not None:
            if not isinstance(history, SkipGramHistory):
                raise TypeError(f"history must be what SkipGram.fit returned, got {type(history).__name__}")
            words = tuple(vocabulary.values() if isinstance(vocabulary, dict) else vocabulary)
            if len(words) != history.snapshots.shape[1] or not all(isinstance(word, str) for word in words):
                raise ValueError(
                    f"vocabulary must be the {history.snapshots.shape[1]} words of the run by id, such as "
                    f"tokenizer.vocabulary, got {reprlib.repr(words)}"
                )
            self._own_run = run = Run(words, tuple(history.steps), history.snapshots)
            widths = (str(history.snapshots.shape[2]),)
        self._vocabulary = run.vocabulary
        last, steps = len(run.steps) - 1, tuple(f"step {step:,}" for step in run.steps)
        near = FIRST_WORD if FIRST_WORD in run.vocabulary else next(iter(run.vocabulary), "")
        super().__init__(
            title=self.heading,
            task="Your target: make the order show and lose no word. Shuffled, every word that stands elsewhere has "
            "another vector, none is longer or shorter, and each is still nearest to its own word in the table.",
            controls=[
                Text("words", "Words", SENTENCE, max_length=80, examples=(SENTENCE, "the cat sees the dog", FOUR)),
                Text("near", "Look at", near, max_length=max(20, *map(len, run.vocabulary)), quiet=True),
                Choice("table", "Table", ("trained", "random"), initial="trained", look="buttons"),
                Range("checkpoint", "Checkpoint", 0, last, initial=last, play=700, labels=steps),
                Scale("d_model", "Dimension", widths, initial=str(run.snapshots.shape[2])),
                Choice("positions", "Positions", SCHEMES, initial="none", look="buttons"),
                Toggle("shuffle", "Shuffle the words", initial=False),
                Range("seed", "Seed", 0, 5, initial=0),
            ],
            embed=embed,
        )

    def compute(self, state: dict[str, Any]) -> BenchTrace:
        return compute(state, self.embed, self._own_run)

    def note(self, trace: BenchTrace) -> str:
        called = trace.words and not trace.own_function
        return not_written(self.embed, "llmlab's own adds the two tables") if called else ""

    def off(self, trace: BenchTrace) -> dict[str, str]:
        """Which controls change nothing at this state, and why."""
        reasons = {}
        if trace.step is None:
            reasons["checkpoint"] = "A random table has not been trained."
        if self._own_run is not None:
            reasons["d_model"] = "Your run has this width; another one is another run."
        if not trace.seed_used:
            reasons["seed"] = "It draws a random table, learned positions or the order of a shuffle: none is shown."
        return reasons

    def target(self, trace: BenchTrace) -> tuple[bool, str]:
        T = len(trace.words)
        if not T:
            return False, "Not yet: no word to shuffle."
        moved, noticed = len(trace.moved), len(trace.noticed)
        kept, nearest = int(trace.same_length.sum()), int(trace.still_nearest.sum())
        shows = (
            f"{noticed} of {plural(moved, 'moved word')} with another vector" if moved else "no word stands elsewhere"
        )
        found = f"{shows}, {kept} of {plural(T, 'length')} kept, {nearest} of {T} nearest to the word itself"
        reached = moved > 0 and noticed == moved and kept == nearest == T
        return reached, f"{'Reached' if reached else 'Not yet'}: {found}."

    def question(self, trace: BenchTrace) -> Question:
        return QUESTION

    def code_for(self, state: dict[str, Any]) -> str:
        seed = state["seed"]
        lines = ["import torch", "from llmlab.embeddings import apply_rope, sinusoidal_positions"]
        if self._own_run is None:
            lines += ["from llmlab.explorers.embedding_bench import recorded_run", ""]
            lines.append(f"run = recorded_run(d_model={state['d_model']})")
            lines.append("snapshots, vocabulary = run.snapshots, run.vocabulary")
        else:
            lines += ["", "snapshots, vocabulary = history.snapshots, tokenizer.vocabulary.values()"]
        lines.append("id_of = {word: id for id, word in enumerate(vocabulary)}")
        lines.append(f"words = [word for word in {state['words']!r}.split() if word in id_of][:{MAX_WORDS}]")
        if state["shuffle"]:
            known = [word for word in state["words"].split() if word in self._vocabulary][:MAX_WORDS]
            lines.append(f"words = [words[place] for place in {shuffled(len(known), seed)}]")
        lines.append("ids = torch.tensor([id_of[word] for word in words], dtype=torch.int64)")
        if state["table"] == "random":
            lines.append(f"generator = torch.Generator().manual_seed({seed})")
            lines.append("table = torch.randn(snapshots.shape[1:], generator=generator)")
        else:
            lines.append(f"table = snapshots[{state['checkpoint']}]")
        lines.append("vectors = table[ids]  # (T, d)")
        lines += {
            "none": [],
            "learned": [
                "generator = torch.Generator().manual_seed(" + str(1_000 + seed) + ")",
                f"positions = torch.randn({MAX_WORDS}, table.shape[1], generator=generator)",
                "vectors = vectors + positions[: len(ids)]",
            ],
            "sinusoidal": [f"vectors = vectors + sinusoidal_positions({MAX_WORDS}, table.shape[1])[: len(ids)]"],
            "rotary": ["vectors = apply_rope(vectors, torch.arange(len(ids)))"],
        }[state["positions"]]
        return "\n".join([*lines, "print(words)", "print(vectors)"])
