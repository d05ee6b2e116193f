"""The page that maps other people's names says what is true."""

import importlib
import inspect
import re

import pytest

from llmlab.bpe import train_bpe
from llmlab.tokenizers import WordTokenizer
from llmlab.windows import create_dataloader
from tests import ROOT

PAGE = (ROOT / "docs" / "NAMES.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(llmlab\.\w+\.\w+)", PAGE))))
def test_what_the_page_names_exists(name):
    module, _, attribute = name.rpartition(".")
    assert callable(getattr(importlib.import_module(module), attribute))


def test_the_books_loader_parameters_and_defaults():
    """Those of `create_dataloader_v1(txt, ...)`: the first parameter aside, the same names and defaults."""
    parameters = inspect.signature(create_dataloader).parameters
    defaults = {name: parameters[name].default for name in list(parameters)[1:7]}
    assert defaults == dict(batch_size=4, max_length=256, stride=128, shuffle=True, drop_last=True, num_workers=0)


def test_renamed_parameters_exist():
    assert "min_frequency" in inspect.signature(train_bpe).parameters
    assert "unknown" in inspect.signature(WordTokenizer.from_text).parameters
