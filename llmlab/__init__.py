"""llmlab: the helper package of a course on how text becomes something a language model can learn from.

Module N is introduced by lesson N and imports only from the modules before it:
`corpus`, `tokenizers`, `bpe`, `windows`, `embeddings`, `attention`, `gpt`, `training`, `generation`, `tuning`,
`export`.
Around that core stand `course` (set-up), `exercises` (checks and hints) and `explorers` (widgets).

This file imports nothing, so `import llmlab` is instant; PyTorch loads with the first module that computes with it.
"""

__version__ = "0.2.0"
