"""The tokenizer microscope (lesson 01): one text as characters, bytes, words, and by two byte pair encoders.

All rows share one ruler, the UTF-8 bytes of the text: what stands in one column is the same place of the text. So the
picture shows by itself where a token ends inside a character, and what a word tokenizer drops. Vocabularies are the
story's, except for GPT-2's, so characters and words can be unknown.
"""

from llmlab.explorers.tokenizer_microscope.explorer import TokenizerMicroscope
from llmlab.explorers.tokenizer_microscope.picture import render
from llmlab.explorers.tokenizer_microscope.values import MicroscopeTrace, Row, Token, compute
from llmlab.explorers.tokenizer_microscope.words import describe

__all__ = ["MicroscopeTrace", "Row", "Token", "TokenizerMicroscope", "compute", "describe", "render"]
