"""The host that every explorer shares: the widget and its protocol, the controls, the frames' shared sheet."""

from llmlab.explorers.host.controls import Choice, Control, Range, Text, Toggle
from llmlab.explorers.host.host import Explorer

__all__ = ["Choice", "Control", "Explorer", "Range", "Text", "Toggle"]
