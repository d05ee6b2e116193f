# %% [markdown]
# # 15 · From continuing to answering
#
# A language model continues texts. Ask it something, and it continues your question. Yet it has read the answer many
# times. In this lesson a few seconds of training turn the small GPT of the course into one that answers. What it has
# learned by that, and what not, is then examined in three parts: questions about things it was never asked about, a
# form of question that it never met, and the texts that it could write before.
#
# About {minutes} minutes. At the end you can
#
# - write a chat as tokens, and let only the answers count in the loss;
# - examine a model on questions that were held out, with a score and an interval;
# - build a LoRA by hand, count what it trains, merge it and take it off again;
# - say what fine-tuning forgets, what keeps it, and what preference training adds.

# %%
import copy
import math
from collections import Counter

import torch

from llmlab.corpus import split_questions, toy_questions, toy_world, toy_world_accepts
from llmlab.course.figures import low_rank, right_answers
from llmlab.exercises import exercise, progress
from llmlab.explorers import AnswerBench
from llmlab.explorers.answer_bench import recorded_answers
from llmlab.generation import generate
from llmlab.training import IGNORED, TrainConfig, load_checkpoint, train
from llmlab.tuning import (
    CHAT_TOKENS,
    LoRALinear,
    add_lora,
    add_special_tokens,
    answer_log_probability,
    chat_ids,
    chat_loader,
    dpo_loss,
    exact_match,
    merge_lora,
    remove_lora,
    respond,
    trained_parameters,
    wilson_interval,
)
from llmlab.tuning import answer_mask as bundled_mask

# %% [markdown]
# ## Before we start: three questions on lesson 14
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. What does RMSNorm leave out of LayerNorm?</summary>
#
# It does not subtract the mean and adds no shift: it divides by the root of the mean square and scales.
# </details>
#
# <details><summary>2. In a mixture of experts, which parameters does a token use?</summary>
#
# Those of the few experts that the router chose for it, and all that is not an expert. The others are stored, and not
# used for this token.
# </details>
#
# <details><summary>3. Where do rotary positions act?</summary>
#
# On queries and keys in every layer, which are turned by an angle that grows with the place. Nothing is added to the
# token vectors.
# </details>

# %% [markdown]
# ## Play first
#
# The same small GPT, before it was tuned for answers and after, asked the same things. Play for a minute: press a
# question, then another model, and go through the answer token by token. Which questions does each get right?

# %%
AnswerBench()

# %% [markdown]
# ## It continues
#
# The bundled model has read the toy world and nothing else. Give it the beginning of a sentence, and a question, and
# count words of a text like its own:

# %%
torch.set_printoptions(precision=3, sci_mode=False)
torch.set_num_threads(1)  # faster than two for a model this small

base, base_tokenizer = load_checkpoint()
START = base_tokenizer.special_tokens["<|endoftext|>"]


def continued(text, n_tokens=9):
    row = generate(base, [[START, *base_tokenizer.encode(" " + text)]], n_tokens, temperature=0.0)[0]
    return base_tokenizer.decode(row[1:]).strip()


for text in ("the cows sleep", "the wolves sleep", "where do the cows sleep?"):
    print(f"{text!r}:  {continued(text)}")
words = Counter(toy_world(20_000, seed=0).replace("?", " ?").split())
print("a text like its own:", {word: words[word] for word in ("cows", "sleep", "where", "?")})
assert words["where"] == words["?"] == 0 < words["cows"], "the toy world asks nothing"

# %% [markdown]
# It *knows* where cows sleep, and it does not *answer*. It goes on as after any beginning, with a place that is wrong.
# No question stood in its text, no question mark, not even the word *where*. What is missing is small: the habit of
# answering. Training a trained model further, on other data, is called **fine-tuning**; on questions with their answers
# it is **instruction tuning**.
#
# ## Questions with right answers
#
# The grammar of the toy world can ask as well as judge. A question takes one part out of a sentence; an answer is right
# if it makes the sentence one of the toy world's again. We keep the questions that have at most six right answers and
# name no second character, so that a blind guess is mostly wrong:

# %%
questions = [q for q in toy_questions() if len(q.answers) <= 6 and q.names == q.about]
for question in (questions[0], questions[60], questions[-1]):
    print(f"{question.text:28} {' or '.join(question.answers)}")
for form in ("where", "what", "who"):
    those = [q for q in questions if q.form == form]
    said = {answer for q in those for answer in q.answers}
    luck = sum(len(q.answers) for q in those) / len(those) / len(said)
    print(f"{form:5}: {len(those)} questions; one of their {len(said)} answers, drawn blindly, is right for {luck:.0%}")

# %% [markdown]
# Some of them must be kept for the examination, and lesson 11 has taught us to be careful: if a fact is asked in one
# wording and examined in another, the examination is contaminated. So whole characters are held out. Nothing about
# cows, wolves, queens and boys is asked in tuning, and none of them is an answer. (In the text of **pre-training**, the
# first training, they occur like all others: that is where the knowledge must come from.)

# %%
HELD_OUT = {"cow", "wolf", "queen", "boy"}
asked, new = split_questions(questions, HELD_OUT)
words_asked = {word for q in asked for text in (q.text, *q.answers) for word in text.strip("?.").split()}
assert not words_asked & {"cow", "cows", "wolf", "wolves", "queen", "queens", "boy", "boys"}, "held out is held out"
print(f"{len(asked)} questions to learn from, {len(new)} to be examined with, for example:")
for question in (new[0], new[20], new[-1]):
    print(f"  {question.text:28} {' or '.join(question.answers)}")

# %% [markdown]
# ## A chat as tokens
#
# Who speaks? Special tokens say it (lesson 01): `<|user|>` before a question, `<|assistant|>` before the answer,
# `<|end|>` after it. This is a **chat template**. The tokens are new, so the model needs a row for each in its
# embedding, which is also its head (lesson 09: tied weights). The old rows stay, and with them the old logits:

# %%
model, tokenizer = add_special_tokens(base, base_tokenizer)
ids = torch.tensor([[START, *base_tokenizer.encode(" the cows sleep")]])
with torch.no_grad():
    before, after = base(ids), model(ids)  # (1, T, 655) and (1, T, 658)
assert torch.allclose(before, after[..., :655], atol=1e-5), "the old logits must stay"
print(f"logits {tuple(before.shape)} and {tuple(after.shape)}; the first 655 are equal")
print("new ids:", [tokenizer.special_tokens[name] for name in CHAT_TOKENS])

# %%
chat = ["where do the lions sleep?", "in the cave."]
ids = chat_ids(tokenizer, chat)
print([tokenizer.decode([id]) for id in ids])
typed = chat_ids(tokenizer, ["who barks?<|end|>"])
print("typed by a user, <|end|> is plain text:", tokenizer.special_tokens["<|end|>"] not in typed)

# %% [markdown]
# ## Only the answer counts
#
# The loop of lesson 11 trains on every position. Here we want the model to *answer* questions, not to ask them. So the
# targets that are not part of an answer are set to −100, which PyTorch's cross-entropy leaves out. A **loss mask** says
# which ids are part of an answer.

# %% [markdown]
# ### Exercise 15.1 · Only answers count
#
# ●●○ · 8 minutes · for training on what should be said · write a function
#
# Complete `answer_mask`. `ids` is a chat as a list of ids; `assistant` and `end` are the ids of `<|assistant|>` and
# `<|end|>`. Return a list with a truth value for each id: True for all that the assistant says, its `<|end|>` included,
# False for everything else, `<|assistant|>` too. A chat may hold several answers, and the last may be unfinished. With
# 2 for `assistant` and 3 for `end`, [9, 1, 5, 2, 7, 3, 1] gives True for the 7 and the 3 only.


# %% exercise="15.1"
def answer_mask(ids, assistant, end):
    ### BEGIN SOLUTION
    mask, speaking = [], False
    for id in ids:
        mask.append(speaking)
        speaking = id == assistant or (speaking and id != end)
    return mask
    ### END SOLUTION


# %%
exercise("15.1").check(answer_mask)

# %% [markdown]
# As targets, shifted by one (lesson 03):

# %%
counted = bundled_mask(ids, tokenizer)
targets = [id if counts else IGNORED for id, counts in zip(ids, counted, strict=True)]
for read, target in zip(ids[:-1], targets[1:], strict=True):
    print(f"{tokenizer.decode([read]):15} -> {'-' if target == IGNORED else tokenizer.decode([target])}")

# %% [markdown]
# ## An examination
#
# How is an answer scored? People may judge it, or another model. Where the right answers are known, **exact match** is
# simplest: what was said must equal one of them, but for capitals, white space and a final full stop.

# %% [markdown]
# ### Exercise 15.2 · Right is right
#
# ●○○ · 6 minutes · for scores that anyone can check · write a function
#
# Complete `exact_match_score`. `said` is a list of texts; `answers` holds, for each of them, the list of right answers.
# Return the share of texts that equal one of their right answers. Capitals, white space at the ends and one full stop
# at the end make no difference, on either side: "In the barn" is right for ["in the barn."], "barn" is not.


# %% exercise="15.2"
def exact_match_score(said, answers):
    ### BEGIN SOLUTION
    def plain(text):
        return text.strip().lower().removesuffix(".")

    right = [plain(text) in map(plain, good) for text, good in zip(said, answers, strict=True)]
    return sum(right) / len(right)
    ### END SOLUTION


# %%
exercise("15.2").check(exact_match_score)

# %% [markdown]
# A share of 28 questions is not the share of all questions. How far may it be off? We give an interval: if
# the examination were drawn again and again, and the interval made each time, it would hold the true share about 95
# times in 100. Ours is the **Wilson interval**:
#
# $$\frac{1}{1 + z^2/n} \left( p + \frac{z^2}{2n} \pm z \sqrt{\frac{p(1-p)}{n} + \frac{z^2}{4n^2}} \right)$$
#
# Here $p$ is the share of right answers, $n$ the number of questions, and $z$ is 1.96 for 95 in 100. Even 28 right of
# 28 do not prove that all are:

# %%
for right, n in ((28, 28), (14, 28), (500, 1000)):
    low, high = wilson_interval(right, n)
    print(f"{right} of {n}: {right / n:.0%}, interval {low:.0%} to {high:.0%}")

# %% [markdown]
# Here is the whole examination, by what is asked, and the model before tuning. It gets the question as a text to
# continue:


# %%
def examine(model, tokenizer, questions):
    said = respond(model, tokenizer, [q.text for q in questions])
    result = {}
    for q, text in zip(questions, said, strict=True):
        right, total = result.get(q.form, (0, 0))
        result[q.form] = right + exact_match(text, q.answers), total + 1
    return result


for form in ("where", "what", "who"):
    some = [q for q in new if q.form == form]
    hits = sum(exact_match(continued(q.text).removeprefix(q.text).split(".")[0], q.answers) for q in some)
    low, high = wilson_interval(hits, len(some))
    print(f"before tuning {form:6} {hits:2} of {len(some)}: {hits / len(some):.0%}, interval {low:.0%} to {high:.0%}")

# %% [markdown]
# Not one *what* and not one *who*. That so many *where* are right is no answer: a place is what its sentences often end
# with, and after *walk* or *wait* any of five is right.

# %% [markdown]
# ## Fine-tuning
#
# Nothing new is needed: `train` of lesson 11, with batches in which only answers are targets. 300 steps of 16
# questions, a few seconds on one core. Every right answer to a question makes a pair of its own.

# %%
pairs = [(q.text, answer) for q in asked for answer in q.answers]


def tune(model, tokenizer, learning_rate=1e-3, **settings):
    torch.manual_seed(0)  # for dropout
    loader = chat_loader(pairs, tokenizer, generator=torch.Generator().manual_seed(0), **settings)
    train(model, loader, TrainConfig(steps=300, learning_rate=learning_rate, weight_decay=0.0), progress=False)
    return model.eval()


tuned = tune(copy.deepcopy(model), tokenizer)
for question in ("where do the lions sleep?", "where do the cows sleep?", "what do the boys wear?", "who moos?"):
    print(question, respond(tuned, tokenizer, [question])[0])

# %% [markdown]
# It answers. Look at the last one again, though.

# %%
results = {"asked in tuning": examine(tuned, tokenizer, asked), "never asked": examine(tuned, tokenizer, new)}
for name, result in results.items():
    for form, (right, total) in sorted(result.items()):
        low, high = wilson_interval(right, total)
        print(f"{name:16} {form:6} {right:3} of {total:3}: {right / total:.0%}, interval {low:.0%} to {high:.0%}")

# %%
right_answers.draw(
    {f"{form}, {name}": pair for name, result in results.items() for form, pair in sorted(result.items())}
)

# %% [markdown]
# *Where* and *what*: nearly everything is right, also about cows, wolves, queens and boys, about
# whom nothing was asked. The facts were there; tuning only taught the form. *Who*: what was asked is known by heart,
# and what was not is mostly wrong. One remark on the intervals: they take the questions for independent. Ours come in
# families (*who moos in the park?*, *who moos in the garden?*), so the true uncertainty is larger.
#
# And a question in another form, never met in tuning? *the cows sleep where?*


# %%
def reordered(question):
    asks, _, *rest = question.text.removesuffix("?").split()
    return " ".join([*rest, asks]) + "?"


plural = [q for q in new if q.form != "who" and " do the " in q.text]  # "the cows sleep where?" needs no other verb
said = respond(tuned, tokenizer, [reordered(q) for q in plural])
hits = sum(exact_match(text, q.answers) for text, q in zip(said, plural, strict=True))
low, high = wilson_interval(hits, len(plural))
print(f"{reordered(plural[0])} {said[0]}")
print(f"another form: {hits} of {len(plural)} right, interval {low:.0%} to {high:.0%}")

# %% [markdown]
# ## Why not *who*?
#
# In every sentence that the model has read, the subject stands first and the sound after it. *the cow* → *moos* it has
# learned; *moos* → *the cow* is another thing to a model that only looks back. That a model trained on "A is B" need
# not know "B is A" is called the **reversal curse** (Berglund et al. 2023). Then it must find the way in tuning. It had
# no need to: 53 *who* questions can be learned by heart. What does it say?

# %%
for question in ("who moos?", "who howls?", "who sits on the throne?"):
    print(question, respond(tuned, tokenizer, [question])[0])
unasked = [q for q in new if q.form == "who"]
learned = {answer for q in asked if q.form == "who" for answer in q.answers}
said = respond(tuned, tokenizer, [q.text for q in unasked])
print(f"{sum(text in learned for text in said)} of {len(said)} answers name somebody who was an answer in tuning")

# %% [markdown]
# All, or nearly all, name somebody who *was* an answer in tuning, often a near relative: horse for cow, lion for wolf.
# A suspicion: each step makes the right token more probable and *all others less*, so a word that is never an answer
# only ever sinks, by the row that it has in the tied table. That can be tried. Freeze the table, and tune the rest:

# %%
frozen = copy.deepcopy(model)
frozen.embedding.token.weight.requires_grad_(False)
tune(frozen, tokenizer)
for name, one in (("all weights", tuned), ("table frozen", frozen)):
    right, total = examine(one, tokenizer, new)["who"]
    print(f"{name:13} who, never asked: {right:2} of {total}")

# %% [markdown]
# One cause is found: with the table as it was, most are right. So it matters *what* is trained. Now to the most used
# way to train little.
#
# ## LoRA: a small addition
#
# **LoRA** (low-rank adaptation, Hu et al. 2021) leaves every weight as it is, the table too. Beside a matrix $W$ of
# shape (d_out, d_in) it puts two thin ones, $A$ of shape (r, d_in) and $B$ of shape (d_out, r), and trains only these:
#
# $$y = x W^\top + \frac{\alpha}{r} \, x A^\top B^\top$$
#
# $r$ is the rank, a small number such as 4; $\alpha$ scales the addition. $B$ starts at zero, so at first nothing
# changes.

# %%
low_rank.draw(d_in=96, d_out=288, rank=4)

# %% [markdown]
# ### Exercise 15.3 · How many numbers learn
#
# ●○○ · 3 minutes · for knowing what is saved · predict
#
# The matrix that makes queries, keys and values in our model has the shape (288, 96).
#
# 1. How many numbers does a LoRA of rank 4 train for it?
# 2. At which rank would it train as many as the matrix has?

# %% exercise="15.3"
### BEGIN SOLUTION
trained, no_gain = 4 * (96 + 288), 72
### STUB
# trained, no_gain = ..., ...
### END SOLUTION

# %%
exercise("15.3").check((trained, no_gain))

# %% [markdown]
# ### Exercise 15.4 · A layer with a LoRA
#
# ●●○ · 8 minutes · for tuning without touching the weights · write a function
#
# Complete `lora_layer`. `x` has shape (T, d_in), `W` (d_out, d_in), `A` (r, d_in) and `B` (d_out, r); `alpha` is a
# number. Return what the layer with its LoRA makes of `x`, shape (T, d_out).


# %% exercise="15.4"
def lora_layer(x, W, A, B, alpha):
    ### BEGIN SOLUTION
    scale = alpha / A.shape[0]
    return x @ W.T + scale * (x @ A.T) @ B.T  # (T, d_in) -> (T, d_out)
    ### END SOLUTION


# %%
exercise("15.4").check(lora_layer)

# %% [markdown]
# Two thin matrices can be merged into the old one: $W + \frac{\alpha}{r} B A$ is a matrix of the shape of $W$, and
# computes the same, at no extra cost:

# %%
generator = torch.Generator().manual_seed(0)
x, W = torch.randn(7, 5, generator=generator), torch.randn(6, 5, generator=generator)
A, B = torch.randn(2, 5, generator=generator), torch.randn(6, 2, generator=generator)
apart = x @ W.T + 4 / 2 * (x @ A.T) @ B.T
merged = x @ (W + 4 / 2 * B @ A).T
assert torch.allclose(apart, merged, atol=1e-5), "merged, the layer must compute the same"
print("apart: ", apart[0])
print("merged:", merged[0])

# %% [markdown]
# In the model, `add_lora` does this for the four linear layers of each block and freezes all else. We take rank 4 and
# $\alpha = 8$, so that $\frac{\alpha}{r}$ is 2. LoRA is used with larger learning rates than full tuning; 0.005 is
# ours.

# %%
adapted = add_lora(copy.deepcopy(model), rank=4, alpha=8.0, generator=torch.Generator().manual_seed(0))
print(f"trained: {trained_parameters(adapted):,} numbers of {trained_parameters(model):,}")
tune(adapted, tokenizer, learning_rate=5e-3)
for form, (right, total) in sorted(examine(adapted, tokenizer, new).items()):
    low, high = wilson_interval(right, total)
    print(f"never asked {form:6} {right:2} of {total}: {right / total:.0%}, interval {low:.0%} to {high:.0%}")

# %%
ids = torch.tensor([chat_ids(tokenizer, ["where do the cows sleep?"])])
with torch.no_grad():
    apart = adapted(ids)
    together = merge_lora(copy.deepcopy(adapted))(ids)
    removed = remove_lora(copy.deepcopy(adapted))(ids)
    untouched = model(ids)
assert torch.allclose(apart, together, atol=1e-3), "merged, the model must compute the same"
print(f"LoRA apart and merged: last logits {apart[0, -1, :3]} and {together[0, -1, :3]}")
print("taken off: exactly the model before tuning:", torch.equal(removed, untouched))

# %% [markdown]
# The second line is LoRA's other gift: the model's own weights were never touched. One model can carry many small
# additions, one for each task, and lay them aside.

# %% [markdown]
# ### Predict, then explore: the answer bench
#
# The bench holds this model before tuning, tuned in all weights, and with LoRAs of four ranks, recorded token by token.
# Below the answer you see where each token looked in the question. Before you touch it:
#
# - What will the model before tuning make of *where do the cows sleep?*
# - At which token of an answer will a tuned model be less sure: at *the*, or at the noun after it?
# - Which will know more *who* that was never asked: all weights, or a LoRA?
# - **The target:** a question about a fact never asked that a LoRA answers rightly and all weights get wrong. Show
#   the very token at which they go wrong: which one is it?

# %%
AnswerBench()

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - It takes the question for the beginning of a text, and goes on with words that often end a sentence: a place. It has
#   no token for the end of an answer either.
# - At the noun. All answers to *who* begin with *the*, so the first token is nearly sure; the second one is the choice.
#   (A choice between *cow* and *cows* is open, too: both are right.)
# - A LoRA, in this recording: of the four, all weights know none, rank 2 three, the other ranks one each.
# - For example *who moos?*: with all weights the second token is *horses*, with a LoRA of rank 2, 4 or 8 *cows*.
# </details>
#
# From code, for all recorded questions, by kind:


# %%
def kind(question):
    return "new who" if question.kind == "new fact" and question.text.startswith("who") else question.kind


probe = AnswerBench()
for model_name, rank in (("before tuning", "1"), ("all weights", "1"), *(("LoRA", rank) for rank in "1248")):
    probe.set(model=model_name, rank=rank)
    total, right = Counter(), Counter()
    for question, is_right in zip(probe.trace.questions, probe.trace.marks, strict=True):
        total[kind(question)] += 1
        right[kind(question)] += is_right
    name = f"LoRA, rank {rank}" if model_name == "LoRA" else model_name
    print(f"{name:14}", ", ".join(f"{one}: {right[one]} of {n}" for one, n in total.items()))

# %% [markdown]
# ## What happens without the mask, and what is forgotten
#
# Now let all tokens count, questions too. And let us ask a second thing of every model: can it still do what it could
# before? As in lesson 12 it writes sentences from nothing, and the grammar judges them.


# %%
def sentences_right(model, n=200):
    stop, generator = base_tokenizer.encode("king.")[-1], torch.Generator().manual_seed(0)
    rows = generate(model, [[START]] * n, 20, stop=stop, generator=generator)
    return sum(toy_world_accepts(tokenizer.decode(row[1:]).strip()) for row in rows)


unmasked = tune(copy.deepcopy(model), tokenizer, masked=False)
print(f"before tuning: sentences {sentences_right(base)} of 200 right")
for name, one in (("masked", tuned), ("without the mask", unmasked)):
    result = examine(one, tokenizer, new)
    right, total = (sum(column) for column in zip(*result.values(), strict=True))
    print(f"{name:16} never asked: {right} of {total} right; sentences: {sentences_right(one)} of 200 right")

# %% [markdown]
# Without the mask the model also learns to guess questions. In this one run that costs a few answers, fewer than the
# interval is wide; three seeds below say more. What both have in common is the last column: the model that wrote good
# sentences has all but lost the art. That is **catastrophic forgetting**. In 300 steps nothing asked it for a sentence,
# and after the opening token it now says something else:

# %%
opening = generate(tuned, [[START]], 12, temperature=0.0)[0]
print("before:", continued("", 12))
print("after: ", tokenizer.decode(opening[1:]))

# %% [markdown]
# The simplest remedy is to go on asking for it: mix some of the old kind of text into the batches.

# %%
old_text = toy_world(1_000, seed=9).split("<|endoftext|>")
both = tune(copy.deepcopy(model), tokenizer, documents=old_text)
result = examine(both, tokenizer, new)
right, total = (sum(column) for column in zip(*result.values(), strict=True))
print(f"{len(old_text)} documents beside {len(pairs)} pairs")
print(f"never asked: {right} of {total} right;  sentences: {sentences_right(both)} of 200 right")

# %% [markdown]
# ## Once is no proof
#
# All this was one run each. The same with three seeds, recorded by `tools/record_answers.py` with the settings of this
# lesson, but with 300 sentences; the lowest and the highest of the three:

# %%
table = recorded_answers().table
columns = {name: total for name, (_, total) in table["all weights"][0].items() if name != "asked"}
print(f"{'':18}", *(f"{f'{name}, {total}':>14}" for name, total in columns.items()))
for way, runs in table.items():
    counts = [sorted(run[name][0] for run in runs) for name in columns]
    print(f"{way:18}", *(f"{f'{low} to {high}':>14}" for low, _, high in counts))

# %% [markdown]
# What holds over seeds: *where* and *what* of facts never asked are mostly right. *Who* is better with the table
# left alone, by freezing or by LoRA, and with old text mixed in, in which cows and wolves occur. Without the mask the
# other form suffers, as it does with a LoRA of rank 1. And only old text in the batches keeps the sentences: LoRA
# forgets as well, as long as it is on. What it saves is weights, and the way back. Which rank is best cannot be said
# from three runs, nor anything of larger models.
#
# ## Preferences: where DPO stands
#
# Many answers are right, and people like one better than another. For that no target can be written down, but two
# answers can be compared. **Preference training** learns from pairs: a *chosen* answer and a *rejected* one. The
# classic way is RLHF, reinforcement learning from human feedback (Ouyang et al. 2022): train a model of the
# preferences, which scores answers, then the language model to score well by it. (**Reinforcement learning** learns
# from scores of what was done, with no right answer to copy.) **DPO**, direct preference optimization
# (Rafailov et al. 2023), needs one loss only:
#
# $$-\log \sigma\big(\beta \, [g(c) - g(r)]\big)$$
#
# with what an answer $a$ has gained, $g(a) = \log \pi(a) - \log \pi_0(a)$. Here $\pi(a)$ is the probability that the
# model gives the whole answer; $\pi_0$ is the model at the start, the *reference*, which stays as it is; $c$ is the
# chosen answer and $r$ the rejected one, $\sigma$ the sigmoid, $\beta$ a number such as 0.1. The loss falls when the
# chosen answer gains more than the rejected one. One pair: let us prefer *the cow* to *the cows*.

# %%
pair = [chat_ids(tokenizer, ["who moos?", answer]) for answer in ("the cow.", "the cows.")]
ids = torch.tensor(pair)  # (2, T): both answers have the same number of tokens
targets = torch.tensor(
    [[id if c else IGNORED for id, c in zip(row, bundled_mask(row, tokenizer), strict=True)] for row in pair]
)


def log_probabilities(model):
    return answer_log_probability(model(ids[:, :-1]), targets[:, 1:])  # (2,): chosen, rejected


policy = copy.deepcopy(frozen).requires_grad_(True)
with torch.no_grad():
    reference = log_probabilities(frozen)
optimizer = torch.optim.SGD(policy.parameters(), lr=0.01)
for step in range(4):
    learned = log_probabilities(policy)
    loss = dpo_loss(learned[:1], learned[1:], reference[:1], reference[1:])
    chosen, rejected = learned.exp().tolist()
    print(f"step {step}: loss {loss.item():.3f}, the cow {chosen:.2f}, the cows {rejected:.2f}")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# %% [markdown]
# At the start both models agree, and the loss is $\ln 2 = 0.693$. By hand, from the four log probabilities:

# %%
gained = (learned - reference).detach()
by_hand = math.log(1 + math.exp(-0.1 * (gained[0] - gained[1]).item()))
print(f"dpo_loss {loss.item():.4f}, by hand {by_hand:.4f}")
assert abs(loss.item() - by_hand) < 1e-5, "the formula and dpo_loss must agree"

# %% [markdown]
# ## The same, polished: `llmlab.tuning`
#
# The package has what you wrote: `answer_mask`, `exact_match` (for one answer) and `LoRALinear`. Yours beside them:

# %%
ids = chat_ids(tokenizer, ["who barks?", "the dog.", "where do the lions sleep?", "in the cave."])
special = tokenizer.special_tokens
yours = answer_mask(ids, special["<|assistant|>"], special["<|end|>"])
if yours is None:
    print("answer_mask is still to be written: exercise 15.1.")
else:
    assert [bool(c) for c in yours] == bundled_mask(ids, tokenizer), "answer_mask is not right yet: exercise 15.1"
    print(f"answer_mask: {sum(yours)} of {len(ids)} tokens count, as in llmlab")
said, good = ["In the barn", "barn.", "the owl. "], [["in the barn."], ["in the barn."], ["the fox.", "The owl"]]
yours = exact_match_score(said, good)
if yours is None:
    print("exact_match_score is still to be written: exercise 15.2.")
else:
    share = sum(map(exact_match, said, good)) / len(said)
    assert math.isclose(yours, share, rel_tol=1e-4), "exact_match_score is not right yet: exercise 15.2"
    print(f"exact_match_score: {share:.2f}, as by llmlab's exact_match")

# %%
layer = LoRALinear(torch.nn.Linear(5, 6, bias=False), rank=2, alpha=3.0, generator=torch.Generator().manual_seed(0))
torch.nn.init.normal_(layer.B, generator=torch.Generator().manual_seed(1))
x = torch.ones(4, 5)
yours = lora_layer(x, layer.weight, layer.A, layer.B, 3.0)
if yours is None:
    print("lora_layer is still to be written: exercise 15.4.")
else:
    yours = torch.stack([torch.as_tensor(row) for row in yours]).to(layer.weight)  # an array or lists will do, too
    assert torch.allclose(yours, layer(x), atol=1e-5), "lora_layer is not right yet: exercise 15.4"
    print("lora_layer gives what llmlab's LoRALinear gives, shape", tuple(layer(x).shape))

# %% [markdown]
# ## You can now
#
# - turn questions and answers into a chat of tokens, and train on the answers alone;
# - hold questions out by what they are about, score answers by exact match and say how sure the score is;
# - write a LoRA, count it, merge it and remove it;
# - tell what tuning teaches (a form) from what it uses (knowledge of pre-training), and name what it costs.
#
# ## Where this comes from
#
# - Wilson (1927), *Probable Inference, the Law of Succession, and Statistical Inference*: the interval.
# - Ouyang et al. (2022), *Training language models to follow instructions with human feedback*: tuning on answers, then
#   on preferences.
# - Hu et al. (2021), *LoRA: Low-Rank Adaptation of Large Language Models*.
# - Rafailov, Sharma, Mitchell, Ermon, Manning and Finn (2023), *Direct Preference Optimization: Your Language Model is
#   Secretly a Reward Model*.
# - Berglund et al. (2023), *The Reversal Curse: LLMs trained on "A is B" fail to learn "B is A"*.
# - McCloskey and Cohen (1989), *Catastrophic Interference in Connectionist Networks: The Sequential Learning Problem*.
# - Rajpurkar, Zhang, Lopyrev and Liang (2016), *SQuAD: 100,000+ Questions for Machine Comprehension of Text*: exact
#   match with several right answers.
#
# **Read next:** Hu et al. (2021), sections 1 to 4: short, and its formula (3) is the one of this lesson.

# %%
progress("15")
