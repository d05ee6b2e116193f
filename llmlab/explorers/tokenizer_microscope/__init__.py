"""The tokenizer microscope (lesson 01): one text as characters, bytes, words, and by two byte pair encoders."""

from llmlab.explorers.tokenizer_microscope.explorer import TokenizerMicroscope

__all__ = ["TokenizerMicroscope"]
