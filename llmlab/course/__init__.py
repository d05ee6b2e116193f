"""What every notebook needs before its first idea: set-up, a device, a report on the machine, figures with alt text."""

from llmlab.course.environment import device, setup
from llmlab.course.figures import show
from llmlab.course.report import Report, doctor

__all__ = ["Report", "device", "doctor", "setup", "show"]
