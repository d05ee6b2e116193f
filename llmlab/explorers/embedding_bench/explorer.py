"""The embedding bench as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

import reprlib
from typing import Any

from llmlab.embeddings import SkipGramHistory
from llmlab.explorers.embedding_bench import picture
from llmlab.explorers.embedding_bench.recorded import WIDTHS, Run, recorded_run
from llmlab.explorers.embedding_bench.values import MAX_WORDS, SCHEMES, SENTENCE, BenchTrace, Embed, compute, shuffled
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice, Range, Text, Toggle
from llmlab.explorers.host.learner import learners_function, not_written


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
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)
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
        last = len(run.steps) - 1
        super().__init__(
            title="Embedding bench",
            task="Your target: give a word that occurs twice two different vectors, and change no vector's length.",
            controls=[
                Text("words", "Words", initial=SENTENCE, max_length=80),
                Choice("table", "Table", ("trained", "random"), initial="trained"),
                Range("checkpoint", "Checkpoint", 0, last, initial=last),
                Choice("d_model", "Dimension", widths, initial=str(run.snapshots.shape[2])),
                Range("seed", "Seed", 0, 5, initial=0),
                Choice("positions", "Positions", SCHEMES, initial="none"),
                Toggle("shuffle", "Shuffle the words", initial=False),
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
        if not trace.repeated:
            return False, "Not yet: no word occurs twice. Type one again."
        word = trace.words[trace.repeated[0][0]]
        if not trace.told_apart:
            return False, f"Not yet: a repeated word, {word!r}, has the same vector at both places."
        if not trace.lengths_kept:
            return False, f"Not yet: the two {word!r} differ, but vectors have become longer or shorter."
        return True, f"Reached: the two {word!r} differ, and every vector is as long as before: it was only turned."

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
