"""The one host of all explorers: a widget that shows frames, and knows nothing of what is in them.

An explorer gives the host its controls and a few functions of a state: the trace (values), its picture, its words, and
what it likes of the reason, the folded numbers, and which values make sense. The host turns a state into a frame and
sends frames to the browser. The browser (script/) asks for all frames along one control as soon as that control is
touched, keeps them, and from then on switches frames without asking the kernel.

The protocol. Browser to kernel, one request at a time:
    {"ask": "frames", "state": {...}, "control": name or None, "values": [...], "more": bool}
                                                                        answered by one or two messages
    {"ask": "settle", "state": {...}}                                   the learner has stopped moving
Kernel to browser:
    {"frames": [frame, ...], "pieces": [...], "generation": n, "done": bool}, as packing.py writes it,
    with "stop": reason when the browser should ask no further
and the synced trait `frame`, which also carries the state that `.set(...)` chose. A frame's `more` is None unless the
browser's fold is open and it asked for it.
"""

from __future__ import annotations

import inspect
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from llmlab.explorers.host.assets import scoped, script, sheet
from llmlab.explorers.host.controls import Control, declare, label_of
from llmlab.explorers.host.errors import error_frame, explain
from llmlab.explorers.host.packing import pack
from llmlab.explorers.host.still import still
from llmlab.utils.time_limit import TimeLimit

# A request is answered for about this long; the browser then asks for what is still missing. So a slow function never
# blocks the kernel for a whole axis, and what the learner has meanwhile moved to comes first.
_SECONDS_PER_ANSWER = 0.05


@dataclass(frozen=True)
class Question:
    """What is asked once the target is reached: a few answers, each with a verdict.

    Attributes:
        text: the question.
        answers: for each (the answer, whether it is right, why).
    """

    text: str
    answers: tuple[tuple[str, bool, str], ...]


class Explorer(anywidget.AnyWidget):
    """Base of every explorer: controls, a state, and a picture that follows it.

    A subclass implements `compute`, `render`, `describe`, `target` and `code_for`, and passes its title, the task for
    the learner and its controls to `__init__`.
    """

    _esm = script()
    _frame_css = sheet("frame.css")
    _css = sheet("host.css") + _frame_css
    _ipython_display_ = None  # on ipywidgets 7 it would hide the HTML that stands in for the widget until the cell runs

    seconds_allowed = 10.0  # for one answer to the browser; a cell that calls .set may take as long as it likes

    title = traitlets.Unicode().tag(sync=True)
    task = traitlets.Unicode().tag(sync=True)
    controls: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    has_more = traitlets.Bool().tag(sync=True)
    frame = traitlets.Dict().tag(sync=True)

    def __init_subclass__(cls, **arguments: Any) -> None:
        """A subclass may name a style sheet of its own as `sheet`, with its title as `heading`.

        It is added to the one that all frames share.
        """
        if "sheet" in cls.__dict__:  # not in the classes that traitlets derives for each widget
            folder = Path(inspect.getfile(cls)).parent
            own = (folder / cls.sheet).read_text(encoding="utf-8")
            cls._frame_css = sheet("frame.css") + own
            cls._css = sheet("host.css") + sheet("frame.css") + scoped(own, cls.heading)
        super().__init_subclass__(**arguments)

    def __init__(self, title: str, task: str, controls: Sequence[Control], **traits: Any) -> None:
        self._controls = {control.name: control for control in controls}
        self._state = {control.name: control.initial for control in controls}
        # `generation` changes when old frames are no longer true, `revision` when Python moved the state.
        self._generation = self._revision = 0
        has_more = type(self).more is not Explorer.more
        declared = [declare(control) for control in controls]
        super().__init__(title=title, task=task, controls=declared, has_more=has_more, **traits)
        self.frame = self._last = self._frame_or_error(self._state)
        self.on_msg(self._answer)
        for function in self.trait_names(learners=True):
            self.observe(lambda _: self.refresh(), function)

    # What a subclass gives.

    @abstractmethod
    def compute(self, state: dict[str, Any]) -> Any:
        """The trace of a state: a frozen dataclass of values, no display."""

    @abstractmethod
    def render(self, trace: Any) -> str:
        """The trace as escaped HTML that needs nothing from outside."""

    @abstractmethod
    def describe(self, trace: Any) -> str:
        """The trace in words: the text alternative of the picture."""

    @abstractmethod
    def target(self, trace: Any) -> tuple[bool, str]:
        """Whether the learner's target is reached, and a sentence that says how far it is."""

    @abstractmethod
    def code_for(self, state: dict[str, Any]) -> str:
        """Python lines that reproduce a state without the explorer."""

    # What a subclass may give.

    def note(self, trace: Any) -> str:
        """A remark on what is shown, below the reason: it comes and goes, and nothing may jump. Or an empty text."""
        return ""

    def why(self, trace: Any) -> str:
        """One sentence below the picture, as escaped HTML, that says what causes what is seen."""
        return ""

    def more(self, trace: Any) -> str:
        """All the numbers, as escaped HTML in a fold; drawn only while it is open."""
        return ""

    def stand_in(self, trace: Any) -> str:
        """The picture where neither sheet nor script reaches it (an unopened notebook): tables, images, own colours."""
        return self.render(trace)

    def limits(self, trace: Any) -> Mapping[str, Sequence[Any]]:
        """Which values make sense here, by control: (lowest, highest) of a slider, all those of a choice."""
        return {}

    def off(self, trace: Any) -> Mapping[str, str]:
        """Which controls do nothing here, and why: the control's name and a sentence."""
        return {}

    def question(self, trace: Any) -> Question | None:
        """What to ask once the target is reached."""
        return None

    # What a notebook cell or a test uses.

    @property
    def state(self) -> dict[str, Any]:
        """The value of each control, by name (a copy)."""
        return dict(self._state)

    @property
    def trace(self) -> Any:
        """The trace of the present state; an error in the learner's function is raised."""
        return self.compute(self.state)

    def set(self, **values: Any) -> None:
        """Move controls from Python, by name.

        Raises:
            KeyError: there is no such control.
            TypeError, ValueError: a value that the control does not have.
            Exception: whatever the learner's function raises at that state; the state then stays as it was.
        """
        state = self._checked({**self._state, **values})
        frame = self._frame(state)
        self._state = state
        self._revision += 1
        self.frame = {**frame, "revision": self._revision}

    def reset(self) -> None:
        """Go back to the first state."""
        self.set(**{name: control.initial for name, control in self._controls.items()})

    def code(self) -> str:
        """Python lines that reproduce the present state without the explorer."""
        return self.code_for(self.state)

    def refresh(self) -> None:
        """Forget all frames and draw anew: for a subclass whose function or data changed."""
        self._generation += 1
        self.frame = self._frame_or_error(self._state)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The live widget; beside it what is seen where no kernel runs: the present frame as plain HTML."""
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return {**data, "text/plain": repr(self), "text/html": self._still()}, metadata

    def _still(self) -> str:
        settings = " · ".join(
            f"{control.label}: {escape(label_of(control, self._state[name]))}"
            for name, control in self._controls.items()
        )
        frame = self._frame_or_error(self._state)
        picture = frame["html"] if frame["error"] else self.stand_in(self.trace)
        return still(self.title, settings, self._frame_css, {**frame, "html": picture})

    # Frames.

    def _checked(self, state: dict[str, Any]) -> dict[str, Any]:
        for name in state:
            if name not in self._controls:
                raise KeyError(f"no control is called {name!r}: the controls are {', '.join(self._controls)}")
        return {name: control.check(state[name]) for name, control in self._controls.items()}

    def _frame(self, state: dict[str, Any], more: bool = False) -> dict[str, Any]:
        trace = self.compute(state)
        reached, distance = self.target(trace)
        question = self.question(trace) if reached else None
        return {
            "state": state,
            "html": self.render(trace),
            "why": self.why(trace),
            "more": self.more(trace) if more else None,
            "text": self.describe(trace),
            "note": self.note(trace),
            "target": distance,
            "reached": reached,
            "question": question and {"text": question.text, "answers": [list(each) for each in question.answers]},
            "limits": {name: list(values) for name, values in self.limits(trace).items()},
            "off": dict(self.off(trace)),
            "code": self.code_for(state),
            "error": False,
            "generation": self._generation,
            "revision": self._revision,
        }

    def _frame_or_error(self, state: dict[str, Any], more: bool = False) -> dict[str, Any]:
        """A frame in every case: what the learner's function raises is shown, and the next change works again."""
        try:
            return self._frame(state, more)
        except Exception as error:
            return self._error_frame(state, explain(error))

    def _error_frame(self, state: dict[str, Any], message: str) -> dict[str, Any]:
        return error_frame(message) | {"state": state, "generation": self._generation, "revision": self._revision}

    # Messages from the browser.

    def _answer(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        try:
            state = self._checked(content["state"])
        except (KeyError, TypeError, ValueError) as error:  # a state that this page's controls do not have
            self._send_frames([self._error_frame(content["state"], str(error))], done=True, stop=str(error))
            return
        if content["ask"] == "settle":
            self._state = state
            frame, _ = self._drawn(state)
            self.frame = {**frame, "more": None, "revision": self._revision}
        else:
            self._answer_frames(state, content["control"], content["values"], content.get("more", False))

    def _drawn(self, state: dict[str, Any], more: bool = False) -> tuple[dict[str, Any], str]:
        """The frame of the state that the learner has touched; it is asked for again and again, and drawn once."""
        last = self._last  # once: another answer may put its own there meanwhile
        enough = last["more"] is not None or not more
        if last["state"] == state and last["generation"] == self._generation and enough:
            return last, ""
        frame, why = self._frame_in_time(state, more)
        self._last = frame
        return frame, why

    def _frame_in_time(self, state: dict[str, Any], more: bool) -> tuple[dict[str, Any], str]:
        """A state's frame, and why its function had to be stopped, if it had to: two answers may run side by side."""
        try:
            with TimeLimit(self.seconds_allowed):
                return self._frame_or_error(state, more), ""
        except KeyboardInterrupt as reason:
            why = str(reason) or "Interrupted before it finished."
            return self._error_frame(state, f"{why} Move a control to try another state."), why

    def _answer_frames(self, state: dict[str, Any], control: str | None, values: Sequence[Any], more: bool) -> None:
        """Send the touched state's frame at once, then as many of the control's other values as time allows."""
        frame, why = self._drawn(state, more)
        others = [{**state, control: value} for value in values] if control is not None else []
        self._send_frames([frame], done=bool(why) or not others, stop=why)
        if why or not others:
            return
        deadline = time.perf_counter() + _SECONDS_PER_ANSWER
        frames = []
        for other in others:
            frame, why = self._frame_in_time(self._checked(other), more)
            frames.append(frame)  # at least one, or the browser would ask for ever
            if why or time.perf_counter() > deadline:
                break
        self._send_frames(frames, done=True, stop=why)

    def _send_frames(self, frames: list[dict[str, Any]], done: bool, stop: str) -> None:
        self.send({**pack(frames), "generation": self._generation, "done": done, "stop": stop})
