"""The influence map in words: the reason of what is seen, and the text alternative of the picture."""

from __future__ import annotations

from llmlab.explorers.influence_map.measuring import LATE, OWN, ZERO
from llmlab.explorers.influence_map.numbers import NAMES, four_looks, verdict
from llmlab.explorers.influence_map.values import InfluenceTrace

_SIZES = "who reaches whom is right, so every map is: what is wrong is {}, which no map shows"
_STILL = "around zero a shaken token changes a single score, its own with itself, so {}"
# What causes what is seen, for each bug: where tokens are shaken at a random input, and around zero.
REASONS = {
    "softmax over the queries": (
        "a column shares out 1, so what a token gets depends on the queries of later tokens too",
        _STILL.format("no column moves a row before it"),
    ),
    "no scaling": (_SIZES.format("how sharply it attends"),) * 2,
    "scaling by the model width": (_SIZES.format("how sharply it attends"),) * 2,
    "no mask": ("nothing hides the later tokens, so every output listens to all of them",) * 2,
    "mask after the softmax": (
        "the weight of a later token is 0, but the softmax has divided by a sum that it is part of, and that sum moves",
        _STILL.format("the sums of the rows before it do not move"),
    ),
    "0/1 mask added": ("one more or less in a score hides nothing: a later token gets a smaller weight, not none",) * 2,
    "mask one too high": ("diagonal=2 leaves the next token in sight: each output knows one token too many",) * 2,
    "mask one too low": (
        "diagonal=0 hides each token from itself: output 0 has nothing to look at and is NaN, output 1 has one token "
        "alone, which gets all the weight whatever is asked; from output 2 on a token reaches itself by its query",
        "diagonal=0 hides each token from itself, and around zero its query finds only scores of 0",
    ),
    "mask from the scores": (
        "it hides later tokens whose score is not 0, and here no score is 0: look around zero",
        "it hides later tokens whose score is not 0, and around zero all of those are 0, so nothing is hidden",
    ),
    "view when splitting": ("view cuts rows into pieces without turning axes, so a head mixes neighbouring tokens",)
    * 2,
    "view when merging": ("the heads are joined without turning axes back, so a row mixes pieces of other tokens",) * 2,
    "keys and values swapped": (_SIZES.format("which numbers are told"),) * 2,
    LATE: ("each row is divided once more by what is left of it, so nothing of the future stays in it",) * 2,
}
MASK_REASONS = {
    "encoder": "nothing is hidden, so every token reaches every output",
    "prefix of 3 tokens": "the first three tokens see each other, every later one only itself and what comes before it",
    "encoder-decoder": "each output of the decoder looks at all tokens of the encoder",
}


def why(trace: InfluenceTrace) -> str:
    """What causes what is seen, in one sentence."""
    name = trace.bug if trace.looks else trace.architecture
    return f"<b>{name[0].upper()}{name[1:]}</b>: {_reason(trace)}."


def _reason(trace: InfluenceTrace) -> str:
    around_zero = trace.around == ZERO
    if not trace.looks:
        if trace.architecture in MASK_REASONS:
            return MASK_REASONS[trace.architecture]
        hidden = "the last two tokens are padding, hidden as keys"
        if around_zero:
            return f"{hidden}; around zero their queries find only scores of 0, and reach nothing either"
        return f"{hidden}; each still asks, so it moves its own output"
    if trace.bug == OWN:
        if trace.lower_triangular:
            return "every output is moved by its own token and all before it, and by no later one"
        return "some outputs are moved by a later token, or not by one that they should hear: see the marked cells"
    if trace.bug.startswith("view when") and trace.heads == 1:
        return "with one head there is nothing to mix: view and transpose give the same numbers in the same order"
    return REASONS[trace.bug][around_zero]


def describe(trace: InfluenceTrace) -> str:
    """The map in words."""
    moved = ", ".join(f"{i} {trace.outputs[i]}" for i in trace.moved) or "none"
    sentences = [
        f"Architecture: {trace.architecture}. Attention: {trace.bug if trace.looks else 'the right one'}.",
        f"Perturb token {trace.perturbed}, {trace.inputs[trace.perturbed]}: outputs that move: {moved}.",
        f"In the whole map {sum(map(sum, trace.reaches))} of {len(trace.outputs) * len(trace.inputs)} cells move.",
    ]
    for cells, what in ((trace.leaks, "moves and should not"), (trace.blind, "should move and does not")):
        if cells:
            some = ", ".join(f"output {i} with token {j}" for i, j in cells[:3])
            more = f" and {len(cells) - 3} more" if len(cells) > 3 else ""
            sentences.append(f"What {what}: {some}{more}.")
    if trace.looks:
        sentences += [f"{NAMES[name]}: {shown}, {verdict(right)}." for name, shown, right in four_looks(trace.looks)]
    test = ", ".join(NAMES[name].lower() for name in trace.test) or "nothing"
    escapes = ", ".join(bug for bug in trace.bugs if bug not in trace.caught) or "none"
    sentences.append(f"Your test looks at: {test}. Bugs that escape it: {escapes}.")
    return " ".join(sentences)
