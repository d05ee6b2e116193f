"""The picture of the answer bench as HTML, the reason of what is seen, and the same in words.

Above, all questions, each with a mark for each model: right or wrong. Then what all three say to the chosen one, side
by side. Below, the question as the chosen model reads it, its answer token by token, how strongly the chosen token
looks at each token before it, and what else it might have been.
"""

from __future__ import annotations

from html import escape

from llmlab.explorers.answer_bench.recorded import END
from llmlab.explorers.answer_bench.values import ALL, BEFORE, LORA, MODELS, AnswerTrace
from llmlab.explorers.host.markup import heat
from llmlab.explorers.host.touch import touch
from llmlab.explorers.host.words import plural

_TOLD = 10  # percent of the attention from which on it is written, not only shaded
_SHORT = {BEFORE: "before", ALL: "all weights", LORA: "LoRA"}
_MARKS = {True: '<b class="llmlab-ab-yes">✓</b>', False: '<b class="llmlab-ab-no">✗</b>'}


def render(trace: AnswerTrace) -> str:
    """The questions, all answers to the chosen one, one of them token by token, and the most probable tokens."""
    return f"{_questions(trace)}{_compared(trace)}{_talk(trace)}{_bars(trace)}"


def _questions(trace: AnswerTrace) -> str:
    groups = ""
    for kind in dict.fromkeys(question.kind for question in trace.questions):
        asked = [number for number, question in enumerate(trace.questions) if question.kind == kind]
        chips = ""
        for number in asked:
            text = trace.questions[number].text
            rights = {model: trace.right[model][number] for model in MODELS}
            found = ", ".join(f"{_SHORT[model]} {'right' if right else 'wrong'}" for model, right in rights.items())
            press = touch(key=f"ask{number}", press={"question": text, "step": 1}, name=f"{text} {found}")
            marks = "".join(_MARKS[right] for right in rights.values())
            chips += f'<span class="llmlab-ab-ask"{press}><span>{marks}</span> {escape(text)}</span>'
        totals = ", ".join(f"{_SHORT[model]} {sum(trace.right[model][number] for number in asked)}" for model in MODELS)
        groups += (
            f'<div class="llmlab-ab-kind"><b>{kind}</b> <small>right of {len(asked)}: {totals}</small>'
            f'<div class="llmlab-ab-row"{touch(key=f"kind {kind}", group=kind)}>{chips}</div></div>'
        )
    order = ", ".join(_SHORT.values())
    return f'<div class="llmlab-ab-kinds">{groups}</div><p class="llmlab-hint">The three marks: {order}.</p>'


def _compared(trace: AnswerTrace) -> str:
    """What each model says to the chosen question; pressed, it is the one that is followed token by token."""
    cards = ""
    for model in MODELS:
        answer = trace.answers[model]
        said = [step.token for step in answer.steps if step.token != END]
        right = len(said) if answer.first_wrong is None else answer.first_wrong
        words = [
            f'<span class="llmlab-ab-word{" llmlab-ab-wrong" * (at >= right)}"><span>{escape(word)}</span></span>'
            for at, word in enumerate(said)
        ]
        name = f"{model}, rank {trace.rank}" if model == LORA else model
        its = touch(key=f"says {model}", press={"model": model})
        cards += (
            f'<div class="llmlab-ab-card"{its}><span>{_MARKS[answer.is_right]} <b>{name}</b></span>'
            f'<span class="llmlab-ab-words">{" ".join(words) or "(nothing)"}</span></div>'
        )
    return (
        f'<div class="llmlab-ab-asked"><b>{escape(trace.question.text)}</b> '
        f"<small>right: {_or(trace.answer.right)}</small></div>"
        f'<div class="llmlab-ab-cards"{touch(key="says", group="says")}>{cards}</div>'
    )


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
    return (
        '<div class="llmlab-ab-talk"><div><small>it reads</small>'
        f'<div class="llmlab-ab-row">{read}</div></div><div><small>it says: press a token</small>'
        f'<div class="llmlab-ab-row"{touch(key="said", group="follow")}>{said}</div></div></div>'
    )


def _token(trace: AnswerTrace, at: int, token: str, press: str, *, wrong: bool = False, later: bool = False) -> str:
    share = trace.looks[at] if at < len(trace.looks) else 0
    number = f"<small>{share}%</small>" if share >= _TOLD else "<small>&nbsp;</small>"
    shade = f'<i style="{heat(share / 100)}"></i>' if share else ""
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
    looks = f"In layer {trace.layer} it looks most at <b>{escape(trace.read[look])}</b> ({trace.looks[look]}%)."
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
