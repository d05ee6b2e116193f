"""The host that every explorer shares: the widget and its protocol, the controls, the frames' shared sheet."""

from llmlab.explorers.host.controls import Choice, Control, Range, Scale, Text, Toggle
from llmlab.explorers.host.host import Explorer, Question

__all__ = ["Choice", "Control", "Explorer", "Question", "Range", "Scale", "Text", "Toggle"]
