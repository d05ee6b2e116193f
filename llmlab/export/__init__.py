"""A trained model as one page that runs in any browser (lesson 16).

    export_page("my-model", "my_model.html", title="The keeper's log")

The page is one file. It holds the weights, the tokenizer and a forward pass in plain JavaScript with a key and value
cache, shows the probabilities of the next token as bars, and loads nothing from anywhere. It computes what PyTorch
computes, but for rounding; `write_with` is the part of PyTorch that a test, or you, can hold beside it.

Every GPT that a checkpoint can hold can be a page, with all parts that `GPTConfig` names. Of tokenizers, those whose
text is cut by GPT-2's pattern, or not at all.

What is not here: training in the browser, a GPU, models that make a page of more than 20 MB.
"""

from typing import TYPE_CHECKING

from llmlab.utils.lazy import lazily

if TYPE_CHECKING:
    from llmlab.export.pages import ExportedPage, export_page
    from llmlab.export.reference import write_with

__all__ = ["ExportedPage", "export_page", "write_with"]

__getattr__, __dir__ = lazily(__name__, pages=["ExportedPage", "export_page"], reference=["write_with"])
