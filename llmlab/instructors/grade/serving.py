"""The submission's end of the pipe: a small loop that calls an answer as the checker asks and says what was seen.

It decides nothing. Whatever the submission does to this process, the checker gets plain data from it and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from llmlab.exercises.engine.calling import Call, LocalAnswer, Outcome
from llmlab.exercises.engine.exercise import MEGABYTES
from llmlab.exercises.engine.wire import NotPlain, from_text, to_text
from llmlab.utils.memory_limit import MemoryLimit
from llmlab.utils.time_limit import TimeLimit


def serve(answers: dict[str, Any], requests: Iterable[str], reply: Callable[[str], None]) -> None:
    """Answer one request after the other, until there are no more.

    Args:
        answers: what the submission answers, by exercise.
        requests: lines of JSON: the exercise's id, what to do, the seconds that are left for it.
        reply: takes the answering line.
    """
    for line in requests:
        request = json.loads(line)
        local = LocalAnswer(answers[request["id"]])
        try:
            with TimeLimit(request["seconds"]), MemoryLimit(MEGABYTES):
                seen = _done(local, request)
        except KeyboardInterrupt as reason:
            seen = {"stop": asdict(local.stop(reason))}
        reply(to_text(seen))


def _done(local: LocalAnswer, request: dict[str, Any]) -> dict[str, Any]:
    match request["do"]:
        case "look":
            return {"look": asdict(local.look(request["stub"]))}
        case "value":
            outcome = local.value()
        case _:
            outcome = local.call(Call(**from_text(request["call"], functions=True)))
    try:
        to_text(outcome.value)
    except NotPlain as error:  # a reader of the course's own gives plain data: never met, and said if it is
        outcome = Outcome(wrong=("not-plain", str(error)))
    seen = vars(outcome)
    return {"outcome": seen | {"raised": asdict(outcome.raised) if outcome.raised else None}}
