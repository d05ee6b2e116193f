"""The picture of the answer bench as HTML, the reason of what is seen, and the same in words.

Above, all questions, each with a mark: right or wrong. Below, the chosen one as the model reads it, the answer token by
token, how strongly the chosen token looks at each token before it, and what else it might have been.
"""

from __future__ import annotations

from html import escape

from llmlab.explorers.answer_bench.recorded import END
from llmlab.explorers.answer_bench.values import BEFORE, LORA, AnswerTrace
from llmlab.explorers.host.touch import touch
from llmlab.explorers.host.words import plural

_TOLD = 10  # percent of the attention from which on it is written, not only shaded


def render(trace: AnswerTrace) -> str:
    """The questions, the chosen one with its answer, and the most probable tokens."""
    return f"{_questions(trace)}{_talk(trace)}{_bars(trace)}"


def _questions(trace: AnswerTrace) -> str:
    groups = ""
    for kind in dict.fromkeys(question.kind for question in trace.questions):
        chips = ""
        for number, (question, right) in enumerate(zip(trace.questions, trace.marks, strict=True)):
            if question.kind != kind:
                continue
            said = f"{question.text} {'right' if right else 'wrong'}"
            press = touch(key=f"ask{number}", press={"question": question.text, "step": 1}, tip=said)
            mark = '<b class="llmlab-ab-yes">✓</b>' if right else '<b class="llmlab-ab-no">✗</b>'
            chips += f'<span class="llmlab-ab-ask"{press}>{mark} {escape(question.text)}</span>'
        total = [right for question, right in zip(trace.questions, trace.marks, strict=True) if question.kind == kind]
        groups += (
            f'<div class="llmlab-ab-kind"><b>{kind}</b> <small>{sum(total)} of {len(total)} right</small>'
            f'<div class="llmlab-ab-row"{touch(key=f"kind {kind}", group=kind)}>{chips}</div></div>'
        )
    return f'<div class="llmlab-ab-kinds">{groups}</div>'


def _talk(trace: AnswerTrace) -> str:
    """What the model reads, shaded by where the chosen token looks, and what it says."""
    read = ""
    prompt = trace.answer.prompt
    for at, token in enumerate(prompt):
        read += _token(trace, at, token, "")
    said = ""
    for number, step in enumerate(trace.answer.steps):
        press = touch(key=f"said{number}", press={"step": number + 1}, tip=f"{step.token}: {step.top[0][1]:.0%}")
        wrong = trace.answer.first_wrong is not None and number >= trace.answer.first_wrong
        at = len(prompt) + number
        said += _token(trace, at, step.token, press, wrong=wrong, later=number > trace.step)
    verdict = "right" if trace.is_right else f"wrong; right is {_or(trace.answer.right)}"
    mark = '<b class="llmlab-ab-yes">✓</b>' if trace.is_right else '<b class="llmlab-ab-no">✗</b>'
    return (
        '<div class="llmlab-ab-talk"><div><small>it reads</small>'
        f'<div class="llmlab-ab-row">{read}</div></div><div><small>it says: press a token</small>'
        f'<div class="llmlab-ab-row"{touch(key="said", group="follow")}>{said}</div></div></div>'
        f'<div class="llmlab-ab-verdict">{mark} <b>{escape(trace.answer.said)}</b> <small>{verdict}</small></div>'
    )


def _token(trace: AnswerTrace, at: int, token: str, press: str, *, wrong: bool = False, later: bool = False) -> str:
    share = trace.looks[at] if at < len(trace.looks) else 0
    number = f"<small>{share} %</small>" if share >= _TOLD else "<small>&nbsp;</small>"
    shade = f'<i style="opacity:{0.06 + 0.75 * share / 100:.2f}"></i>' if share else ""
    kind = "llmlab-ab-token" + (" llmlab-ab-wrong" if wrong else "") + (" llmlab-ab-later" if later else "")
    word = f'<span class="{kind}"{press}>{shade}<span>{escape(token)}</span></span>'
    return f'<span class="llmlab-ab-place">{word}{number}</span>'


def _bars(trace: AnswerTrace) -> str:
    rows = ""
    for number, (token, share) in enumerate(trace.now.top):
        chosen = " <small>chosen</small>" if not number else ""
        rows += (
            f'<span class="llmlab-ab-name">{escape(token)}{chosen}</span>'
            f'<span class="llmlab-ab-bar"><i{touch(key=f"bar{number}")} style="width:{100 * share:.1f}%"></i></span>'
            f"<span>{share:.0%}</span>"
        )
    return f'<div class="llmlab-ab-bars"><b>Token {trace.step + 1}: the most probable</b>{rows}</div>'


def _or(answers: tuple[str, ...]) -> str:
    shown = [f"“{escape(answer)}”" for answer in answers[:3]]
    more = f" or {plural(len(answers) - 3, 'other')}" if len(answers) > 3 else ""
    return " or ".join(shown) + more


# ---- words -----------------------------------------------------------------------------------------------------------


def why(trace: AnswerTrace) -> str:
    """Where the chosen token comes from, as far as it was measured."""
    token, share = trace.now.top[0]
    look = max(range(len(trace.looks)), key=lambda at: trace.looks[at])
    looks = f"In layer {trace.layer} it looks most at <b>{escape(trace.read[look])}</b> ({trace.looks[look]} %)."
    name = f"<b>{escape(token)}</b>"
    if trace.model == BEFORE:
        return (
            f"No question stood in its text, so it continues this one as any beginning: {name} has {share:.0%}. {looks}"
        )
    if token == END and trace.is_right:
        return f"Tuning taught it to stop: {name} ends the answer, with {share:.0%}. {looks}"
    if trace.step == trace.answer.first_wrong:
        known = (
            "Nobody that the question is about was named in tuning" if trace.question.kind != "asked in tuning" else ""
        )
        reason = f" {known}, neither asked about nor as an answer." if known else ""
        return f"{name} is where it goes wrong, with {share:.0%}.{reason} {looks}"
    if share >= 0.9:
        return f"{name} is nearly the only choice here, {share:.0%}. {looks}"
    second, other = trace.now.top[1]
    return f"{name} has {share:.0%}, <b>{escape(second)}</b> {other:.0%}: the choice is open here. {looks}"


def describe(trace: AnswerTrace) -> str:
    """The bench in words."""
    tuned = f"LoRA of rank {trace.rank}" if trace.model == LORA else trace.model
    verdict = "right" if trace.is_right else "wrong"
    tokens = ", ".join(f"{token} {share:.0%}" for token, share in trace.now.top)
    order = sorted(range(len(trace.looks)), key=lambda at: -trace.looks[at])[:2]
    looks = " and ".join(f"{trace.read[at]} ({trace.looks[at]} percent)" for at in order)
    return (
        f"Model: {tuned}. {trace.question.text} {trace.answer.said} That is {verdict}. Token {trace.step + 1} of "
        f"{len(trace.answer.steps)}: {tokens}. In layer {trace.layer} it looks most at {looks}. "
        f"{sum(trace.marks)} of {len(trace.marks)} questions are answered rightly."
    )
