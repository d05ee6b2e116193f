"""The texts of the course: a story, a book's example text on demand, a toy world whose grammar is known (lesson 00).

Everything but The Verdict is on this machine already. `texts` reads, `_toyworld` holds the toy world, grammar first,
`_questions` asks about it (lesson 15).
"""

from llmlab.corpus._questions import ToyQuestion, split_questions, toy_questions
from llmlab.corpus._toyworld import toy_world, toy_world_accepts
from llmlab.corpus.texts import load_text

__all__ = ["ToyQuestion", "load_text", "split_questions", "toy_questions", "toy_world", "toy_world_accepts"]
