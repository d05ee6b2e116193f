"""The answer bench (lesson 15): what a small GPT says to a question, before it was tuned for answers and after.

Every answer was recorded: tools/record_answers.py tunes the course's GPT in several ways, asks it, and notes each token
with the most probable others and where it looked. So nothing has to be trained when the bench opens.
"""

from llmlab.explorers.answer_bench.explorer import AnswerBench
from llmlab.explorers.answer_bench.picture import describe, render
from llmlab.explorers.answer_bench.recorded import Answers, recorded_answers
from llmlab.explorers.answer_bench.values import AnswerTrace, compute

__all__ = ["AnswerBench", "AnswerTrace", "Answers", "compute", "describe", "recorded_answers", "render"]
