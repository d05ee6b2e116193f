# %% [markdown]
# # 00 · Welcome
#
# A language model is a program that has read a lot and answers one question: *what comes next?* Everything else, from
# finished sentences to whole conversations, is that question asked again and again. In this lesson you build a tiny
# program of this kind, watch it write, and then follow one sentence through every stage of a modern one.
#
# About 45 minutes. At the end you can
#
# - say what a language model computes, and write one in about ten lines;
# - tell training from inference, and count how often the model runs in each;
# - follow a sentence from raw text to probabilities, with the shape of every stage;
# - say why batching is nearly free, and what the word *autoregressive* means.

# %% [markdown]
# ## How this course works
#
# You need some Python (lists, functions, loops) and should have seen two matrices multiplied. No deep learning is
# assumed: it is introduced where it is needed, mostly in lessons 07 and 08.
#
# - **Cells.** Run them from top to bottom with Shift + Enter, and change them: nothing can break. When outputs and code
#   no longer fit together, *Restart Kernel and Run All Cells* puts things right.
# - **Predictions.** Before something is shown, you are asked what you expect. Answer first, even if you have to guess:
#   a wrong guess teaches more than none.
# - **Exercises.** Put your answer in place of the `...`, run the cell, then run the check below it. It tells you what
#   it saw and which idea is probably behind it. That stays in this notebook; nothing is sent or graded.
# - **Explorers.** Pictures with controls. You will meet the first one below.
#
# From lesson 01 on, each lesson opens with three questions about the one before. Let us check that everything is in
# place:

# %%
import random
from collections import Counter, defaultdict
from copy import deepcopy
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
from torch import nn

from llmlab import course
from llmlab.bpe import gpt2_encoding
from llmlab.corpus import load_text, toy_world, toy_world_accepts
from llmlab.exercises import exercise, progress
from llmlab.explorers import PipelineMap

report = course.doctor()
print(report if report.problems else "No problem found: every lesson runs on this machine.")

# %% [markdown]
# (Write `report` in a cell of its own to see versions, processors and device, for instance for a bug report.)
#
# Every exercise has three hints, and each call gives the next: first a question, then the idea, then the line itself.
# Here is the first hint of an exercise that you will meet in a few minutes:

# %%
exercise("00.1").hint()

# %% [markdown]
# ## What a language model computes
#
# Our text is a short story, written for this course. A **token** is one piece of text; for now, whatever stands between
# two spaces. (Lesson 01 does that better.) The **vocabulary** is the list of all different tokens.

# %%
story = load_text()
tokens = story.split()
vocabulary = sorted(set(tokens))

print(story[:96])
print(f"{len(tokens):,} tokens, {len(vocabulary):,} of them different")

# %% [markdown]
# Given the tokens so far, **a language model computes, for each token of its vocabulary, the probability that it comes
# next**. That is all it computes. A very simple way to get such probabilities is to look only at the last token, and
# to count what followed it in a text. Pairs of neighbours are called *bigrams*, so this is a **bigram model**:


# %%
def train(tokens):
    followers = defaultdict(Counter)
    for token, following in pairwise(tokens):
        followers[token][following] += 1
    return followers


followers = train(tokens)
print(followers["piano"])

# %% [markdown]
# `piano` is followed by 9 different tokens, in 10 places. Before we turn the counts into probabilities, what do you
# expect?

# %% [markdown]
# ### Exercise 00.1 · What comes out of the model?
#
# ●○○ · 3 minutes · for knowing what every language model gives back · predict
#
# You give the model the two tokens `The piano` and ask for the next one. How many probabilities does it give back, and
# what do they add up to? Answer with two numbers.
#
# Stuck? Call `exercise("00.1").hint()` again: after the question come the idea and the line.

# %% exercise="00.1"
### BEGIN SOLUTION
n_probabilities, total = 1353, 1
### STUB
# n_probabilities, total = ..., ...
### END SOLUTION

# %%
exercise("00.1").check((n_probabilities, total))

# %% [markdown]
# Now the counts as shares. Here are the five largest of the 1,353 that the model gives after `It`:


# %%
def next_token_probabilities(token):
    counts = followers[token]
    n_places = counts.total()
    return {candidate: counts[candidate] / n_places for candidate in vocabulary}


after_it = next_token_probabilities("It")
for candidate in sorted(after_it, key=after_it.get, reverse=True)[:5]:
    print(f"It -> {candidate:7} {after_it[candidate]:.3f}")

zeros = sum(probability == 0 for probability in after_it.values())
print(f"{len(after_it):,} probabilities, {zeros:,} of them 0")
print(f"their sum: {sum(after_it.values()):.3f}")

# %% [markdown]
# Most are zero, because most pairs never occur in so short a text. Large models give nearly every token a little.
#
# ## One token at a time
#
# Probabilities are not yet text. To write, we *choose* a token, append it, and ask again with the longer text. The
# output becomes part of the next input: this is called **autoregression**. Step by step, always with the most probable
# token:

# %%
written = ["The"]
for _ in range(4):
    probabilities = next_token_probabilities(written[-1])
    best = max(probabilities, key=probabilities.get)
    print(f"{' '.join(written):24} -> {best}")
    written.append(best)

# %% [markdown]
# Here is the loop as a function, with the way of choosing left open. It is the last piece: `train`,
# `next_token_probabilities` and `generate`, a dozen lines, are a complete language model that writes.


# %%
def generate(start, n_tokens, choose):
    written = [start]
    for _ in range(n_tokens):
        written.append(choose(next_token_probabilities(written[-1])))
    return " ".join(written)


# %% [markdown]
# Always taking the most probable token is **greedy** decoding. What will become of the text if it goes on for twenty
# tokens? Say it before you run the cell. (This model sees only the last token. What must happen when one comes back?)


# %%
def greedy(probabilities):
    return max(probabilities, key=probabilities.get)


print(generate("The", 20, greedy))

# %% [markdown]
# It goes round in circles: the same last token gives the same next one, for ever. The other way is to **sample**: draw
# the next token at random, each with its own probability. With a seed, the draw can be repeated. (Try other starts,
# too; any token of the story will do.)


# %%
def sampler(seed):
    chance = random.Random(seed)

    def choose(probabilities):
        return chance.choices(list(probabilities), list(probabilities.values()))[0]

    return choose


for seed in (1, 2):
    print(f"seed {seed}: {generate('The', 20, sampler(seed))}\n")

# %% [markdown]
# It nearly sounds like the story, and means nothing. Any two neighbours fit together, but no step knows how the
# sentence began.
#
# ## Training and inference
#
# The two halves of the program have names. **Training** reads text and changes what the model knows: here, the counts.
# **Inference** uses what it knows, and changes nothing:

# %%
before = deepcopy(followers)
generate("The", 50, sampler(3))
print("the model is the same after writing 50 tokens:", followers == before)

more = train(tokens + "The piano was late. The piano was heavy.".split())
print("the same after training on two more sentences:", more == before)
for name, model in (("before", before), ("with more text", more)):
    print(f"P(was | piano) {name:14}: {model['piano']['was'] / model['piano'].total():.2f}")

# %% [markdown]
# $P(\text{was} \mid \text{piano})$ is read "the probability of *was*, given *piano*". Today's models differ from ours
# in one thing above all: they compute their probabilities from *all* the tokens before, with a formula that has
# millions or billions of adjustable numbers, the **weights** (or parameters). Counting is no longer possible, since
# hardly any long context comes twice. So training adjusts the weights, little by little, until the right next tokens
# become probable.
#
# ## From raw text to logits
#
# What happens inside such a model? We follow one sentence through all its stages. The first: text is cut into tokens,
# and each token has a number, its **token id**. From here on we use the tokenizer of GPT-2.

# %%
encoding = gpt2_encoding()
sentence = "The sheep saw the piano on the boat"
ids = encoding.encode(sentence)

print([encoding.decode([token_id]) for token_id in ids])
print(ids)

# %% [markdown]
# A space belongs to the token after it, and capital letters count: `The` and ` the` are two different tokens, with ids
# 464 and 262. ` the`, which occurs twice, has the same id each time.
#
# ### Numbers for a network
#
# Models work on several texts at once, a **batch**, so a second sentence goes along, of 8 tokens as well. Four letters
# name the sizes throughout the course: $B$ texts in a batch, $T$ tokens in each (the most that a model can read is its
# **context length**), $D$ numbers for each token (the width), $V$ entries in the vocabulary. Here all four differ, so
# that no two can be mixed up.

# %%
batch = torch.tensor([ids, encoding.encode("Ada helped the keeper move the piano")])
B, T = batch.shape
D, V = 6, encoding.n_vocab
print(batch)
print(f"ids: (B, T) = {tuple(batch.shape)}")

# %% [markdown]
# An id is only a row number. Each token gets $D$ numbers of its own, a row of a table that is learned: its
# **embedding**. An untrained table is filled with random numbers, here with a fixed seed.

# %%
torch.manual_seed(0)
embedding = nn.Embedding(V, D)  # a table of V rows of D numbers
vectors = embedding(batch)  # (B, T, D)

print("embeddings:", tuple(vectors.shape))
print("position 3, ' the':", [round(x, 2) for x in vectors[0, 3].tolist()])
print("position 6, ' the':", [round(x, 2) for x in vectors[0, 6].tolist()])

# %% [markdown]
# Both ` the` have the same embedding, yet one comes before *piano* and the other before *boat*. To predict what
# follows, each position has to know what stands before it. This is what the body of the model does: it turns the
# embeddings into **context vectors**, also called *hidden states* or *contextual embeddings*. How well it does so
# decides nearly everything. Ours does it in the crudest way: it takes the plain average of all tokens so far.


# %%
def average_of_past(vectors):
    T = vectors.shape[1]
    mask = torch.ones(T, T).tril()  # (T, T), 1 where the row's position may look
    weights = mask / mask.sum(dim=1, keepdim=True)  # each row sums to 1
    return weights @ vectors  # (B, T, D)


context = average_of_past(vectors)
print("context vectors:", tuple(context.shape))
print("position 3, ' the':", [round(x, 2) for x in context[0, 3].tolist()])
print("position 6, ' the':", [round(x, 2) for x in context[0, 6].tolist()])

# %% [markdown]
# Same token, two different vectors. A real model learns *how much* to take from which position, instead of averaging:
# this is attention, the subject of lessons 05 and 06.
#
# Last, each context vector is multiplied by a table of $V$ columns, the *output head*. It gives one number for each
# token of the vocabulary, its **logit**: the higher, the more probable. `softmax` turns logits into probabilities.

# %%
head = nn.Linear(D, V, bias=False)
logits = head(context)  # (B, T, V)
probabilities = logits.softmax(dim=-1)  # (B, T, V)

print("logits:", tuple(logits.shape))
print("the sums are 1:", torch.allclose(probabilities.sum(dim=-1), torch.ones(B, T)))
top = probabilities[0, -1].topk(3)
for probability, token_id in zip(top.values.tolist(), top.indices.tolist(), strict=True):
    print(f"{sentence} -> {encoding.decode([token_id])!r:12} {probability:.5f}")

# %% [markdown]
# The sentence has become probabilities for its next token, one for each of 50,257. But the tables are random, so they
# are noise. An equal share would be 1 / 50,257 = 0.00002, and even the "best" token has only about twice that.
#
# Here is the whole way in one picture. The vectors and logits are those of position 6, the second ` the`:


# %%
def start_of(tensor):
    return ", ".join(f"{x:.2f}" for x in tensor[0, 6, :4].tolist()) + ", …"


BT, BTD = f"(B, T) = ({B}, {T})", f"(B, T, D) = ({B}, {T}, {D})"
BTV = f"(B, T, V) = ({B}, {T}, {V})"
stages = [
    ("text", f"{len(sentence)} characters", sentence),
    ("tokens", f"T = {T}", "The | sheep | saw | the | piano | …"),
    ("token ids", BT, "464, 15900, 2497, 262, 19132, …"),
    ("embeddings", BTD, start_of(vectors)),
    ("context vectors", BTD, start_of(context)),
    ("logits", BTV, start_of(logits)),
    ("probabilities", BTV, "softmax of the logits: shares of 1"),
]
box = {"boxstyle": "round,pad=0.45", "facecolor": "#e6f0f8", "edgecolor": "#2f7fc1"}

figure, axes = plt.subplots(figsize=(5.6, 5.2))
for i, (stage, shape, values) in enumerate(stages):
    axes.text(0.16, -i, stage, ha="center", va="center", weight="bold", bbox=box)
    axes.text(0.36, -i + 0.17, shape, va="center", fontsize=10)
    axes.text(0.36, -i - 0.19, values, va="center", fontsize=10, color="#444444")
    if i:
        axes.annotate("", (0.16, -i + 0.27), (0.16, -i + 0.73), arrowprops={"arrowstyle": "->"})
axes.set(xlim=(0, 1), ylim=(-6.4, 0.4))
axes.axis("off")
course.show(
    figure,
    alt=f"Seven stages from top to bottom. Text of {len(sentence)} characters; {T} tokens; "
    f"token ids of shape {BT}; embeddings of shape {BTD}; context vectors of the same shape; "
    f"logits of shape {BTV}; probabilities of the same shape, the softmax of the logits.",
)

# %% [markdown]
# | from | to | shape | lesson |
# |---|---|---|---|
# | text | tokens, token ids | `(B, T)` | [01](01_tokenization.ipynb), [02](02_byte_pair_encoding.ipynb) |
# | token ids | inputs and targets for training | `(B, T)` each | [03](03_sliding_window.ipynb) |
# | token ids | embeddings | `(B, T, D)` | [04](04_embeddings.ipynb) |
# | embeddings | context vectors | `(B, T, D)` | [05](05_attention.ipynb), [06](06_multi_head_attention.ipynb) |
# | context vectors | logits, probabilities | `(B, T, V)` | [07](07_gpt_block.ipynb) |
# | random weights | trained weights | as before | [08](08_training.ipynb) |
# | probabilities | text | one token a step | [09](09_generation.ipynb) |
#
# ### Predict, then explore
#
# Now the same stages in a model that is *trained*: a small GPT of 400,000 weights, which comes with the course. It has
# read a **toy world**, simple sentences about people and animals such as `the dogs near the king bark.`, and nothing
# else. Each word of it is one token.
#
# This is the first explorer, a map of its numbers: one column for each token, the stages from top to bottom, each with
# its lesson. It starts with `the dogs near the king`; the token in front opens every document that the model has read.
# Before you run the cell:
#
# - Which next word will the model find most probable: something that dogs do, or something that kings do? What would a
#   bigram model say, which sees only `king`?
# - The column of `king` makes that prediction. From which earlier token does it need something? In which row of the map
#   will you see that?
#
# Each explorer also sets you a target.

# %%
explorer = PipelineMap()
explorer

# %% [markdown]
# `bark`: the sentence is about the dogs, although `king` stands next to the verb. The row of attention weights shows
# where the model looks: in this head, `king` takes nearly everything from `dogs`, three tokens before. Other heads look
# elsewhere; try a few.
#
# An explorer can also be set and read from code. We take one letter away, from `dogs`, three tokens before the end:

# %%
probe = PipelineMap()
for text in ("the dogs near the king", "the dog near the king"):
    probe.set(text=text)
    trace = probe.trace
    looked_at = trace.tokens[trace.attention.argmax()].decode()
    more_probable = max(" bark", " barks", key=trace.probability)
    print(f"{text:22}: king looks most at{looked_at:5}; more probable:{more_probable}")
    assert trace.attention[2] > 0.5  # position 2: the subject

# %% [markdown]
# The verb changes with it. And the last rows of the map give an answer at *every* position, not only at the last.
#
# ## Every prefix at once, masked
#
# To write, only the logits of the last position are needed. Are the others wasted? For training they are the point. The
# token after each position stands in the text, so each position has its own question and its own answer. The answers,
# or **targets**, are the inputs shifted by one, so 8 tokens hold 7 questions:


# %%
def forward(ids):
    return head(average_of_past(embedding(ids)))  # (B, T) -> (B, T, V)


x, y = batch[:, :-1], batch[:, 1:]  # inputs and targets, (B, T) each
T = x.shape[1]
for position in range(T):
    prefix = encoding.decode(x[0, : position + 1].tolist())
    print(f"{prefix!r:31} -> {encoding.decode([y[0, position].item()])!r}")

logits = forward(x)
print(f"one pass: {tuple(x.shape)} ids in, {tuple(logits.shape)} logits out")
print(logits.shape[0] * logits.shape[1], "predictions at once")

# %% [markdown]
# Each row is a *prefix* of the sentence with its next token. Does one pass over the whole sentence really give the same
# as asking for each prefix by itself?

# %%
one_by_one = torch.stack([forward(x[:, : position + 1])[:, -1] for position in range(T)], dim=1)
print("every prefix alone = all at once:", torch.allclose(one_by_one, logits, atol=1e-5))

# %% [markdown]
# It does, and the reason is the **mask**, the triangle of ones in `average_of_past`: row $i$ may look at positions
# $0 \dots i$, never further. Here it is for seven tokens. And here is what it prevents: we replace the *last* input
# token and see at which positions the logits change, with the mask and without.

# %%
changed = x.clone()
changed[0, -1] = encoding.encode(" island")[0]


def unmasked(ids):
    everything = embedding(ids).mean(dim=1, keepdim=True)  # (B, 1, D)
    return head(everything.expand(-1, T, -1))  # (B, T, V)


print(torch.ones(T, T).tril().int())
for name, model in (("with the mask", forward), ("without", unmasked)):
    difference = (model(changed) - model(x))[0].abs().amax(dim=-1)  # (T,)
    print(f"logits change {name:13}: {(difference > 1e-6).int().tolist()}")

# %% [markdown]
# Without the mask, every position sees all seven inputs, and the answer to its own question, the next token, is one of
# them (except at the last position). A model would learn to copy it, and be lost in writing, when it is not there yet.
# With the mask, $T$ questions are asked in one pass, and none can peek.
#
# ## One pass or many
#
# Training has the whole text; inference has to make it. Think about what that means for the number of times the model
# has to run. One run, from ids to logits, is called a **forward pass**.

# %% [markdown]
# ### Exercise 00.4 · How often does the model run?
#
# ●●○ · 4 minutes · for telling the cost of training from that of writing · predict
#
# One sentence has 8 tokens. In training it makes a *window* of 7 inputs with 7 targets. In inference we give the model
# its first 2 tokens, the *prompt*, and the model writes the other 6. How many forward passes does one training step on
# the window take, and how many does it take to write the 6 tokens? Answer with two numbers.

# %% exercise="00.4"
### BEGIN SOLUTION
training_passes, inference_passes = 1, 6
### STUB
# training_passes, inference_passes = ..., ...
### END SOLUTION

# %%
exercise("00.4").check((training_passes, inference_passes))

# %% [markdown]
# Let us count. First, training: 40 steps on our two sentences. Each step computes how improbable the right tokens are
# (the *loss*), and moves all weights a little in the direction that makes those tokens more probable. How that
# direction is found is a matter for lesson 08; here PyTorch does it for us.

# %%
passes = Counter()


def counted(kind, ids):
    passes[kind] += 1
    return forward(ids)


def right_tokens(logits):  # (B, T, V) -> (B, T), the probability of each target
    return logits.softmax(dim=-1).gather(-1, y[..., None]).squeeze(-1)


untrained = right_tokens(forward(x))
optimizer = torch.optim.Adam([*embedding.parameters(), *head.parameters()], lr=0.5)
for _ in range(40):
    logits = counted("training", x)
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

trained = right_tokens(forward(x))
print("right tokens with P < 0.01 before:", (untrained < 0.01).sum().item(), "of", y.numel())
print("right tokens with P > 0.9 after  :", (trained > 0.9).sum().item(), "of", y.numel())
print("passes:", passes["training"], "for 40 steps with 14 predictions each")

# %% [markdown]
# Now inference. There is no text to look at yet, so it goes one token at a time: the output of each pass becomes part
# of the input of the next.

# %%
weights_before = head.weight.clone()
written = x[0, :2].tolist()  # the prompt: "The sheep"
while len(written) < 8:
    with torch.no_grad():  # nothing is learned from here on
        logits = counted("inference", torch.tensor([written]))  # (1, length, V)
    written.append(logits[0, -1].argmax().item())  # greedy; only the last position is read
    print(repr(encoding.decode(written)))

print("passes:", passes["inference"])
print("weights unchanged:", torch.equal(head.weight, weights_before))

# %% [markdown]
# It has learned its two sentences by heart, no more. But the difference holds for models of every size:
#
# | | training | inference |
# |---|---|---|
# | the text | is there, whole | comes into being |
# | a pass over $T$ tokens gives | $T$ predictions, all compared with targets | one new token, from the last position |
# | the weights | change | stay |
#
# (The passes of inference repeat much of one another's work. A *KV cache*, the subject of lesson 09, keeps what can be
# used again and makes each pass cheaper; their number stays the same.)

# %% [markdown]
# ## A notebook that starts from nothing
#
# Sooner or later training leaves the notebook: for a script, another machine, several processes. There it starts from
# nothing, and a mistake comes to light that a notebook hides. Here is a cell, run in the notebook first, and then as a
# new process would run it, with no names but its own:

# %%
cell = "loss = F.cross_entropy(torch.zeros(1, 65), torch.tensor([7]))\nprint(round(loss.item(), 2))"

exec(cell)
try:
    exec(cell, {})
except NameError as error:
    print(f"from nothing: NameError: {error}")

# %% [markdown]
# The cell works here because *another* cell has imported `F` and `torch`. Names stay in the kernel even when the cell
# that made them has been moved below, changed or deleted. Before a notebook is handed on, or a long run begins, there
# is one test: *Restart Kernel and Run All Cells*.

# %% [markdown]
# ### Exercise 00.5 · Restart and run all
#
# ●●○ · 4 minutes · for code that also works tomorrow · find the bug
#
# A notebook, from top to bottom, with the numbers of the last run. Everything worked. The cell that was run as number 5
# has been deleted since.
#
# ```
# a  [4]  loss = F.cross_entropy(model(inputs), targets)
# b  [1]  import torch
# c  [2]  from torch import nn
#         from torch.nn import functional as F
# d  [3]  model = nn.Linear(4, 3)
#         inputs, targets = torch.ones(2, 4), torch.tensor([0, 2])
# e  [6]  optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
# f  [7]  optimizer.zero_grad()
# g  [8]  print(torch.__version__)
# ```
#
# The kernel is restarted and every cell is run from top to bottom, also those after an error. Which cells raise a
# `NameError`? Write their letters as one text, such as `"bcd"`.

# %% exercise="00.5"
### BEGIN SOLUTION
failing = "aef"
### STUB
# failing = ...
### END SOLUTION

# %%
exercise("00.5").check(failing)

# %% [markdown]
# ## GPU or not
#
# You need none. A GPU has more arithmetic units and faster memory; it gives the same results up to rounding, and for
# large models much sooner. `course.device()` names the fastest device of this machine, and `.to(device)` moves tensors
# there:

# %%
device = course.device()
rows = torch.randn(4, D, generator=torch.Generator().manual_seed(0))
here = rows @ head.weight.detach().T
there = rows.to(device) @ head.weight.detach().to(device).T
same = torch.allclose(here, there.cpu(), atol=1e-3)
print("this machine's fastest device gives the same:", same)

# %% [markdown]
# (`print(device)` says which it is: `cpu`, `cuda` for NVIDIA's GPUs, `mps` for Apple's.) Every lesson is made for two
# processor cores.
#
# ## What the course leaves out
#
# The models of this course *continue* texts. They do not answer. Give the bigram model the beginning of a question, and
# it goes on as after any other token:

# %%
print(generate('"Where', 14, sampler(1)))

# %% [markdown]
# Turning a model that continues into one that answers (instruction tuning, learning from people's preferences) is left
# out, and so are retrieval, tools, pictures and sound as inputs, quantization, and the engineering of very large
# clusters. Deep learning itself is introduced where it is needed and no further. And we leave out size:

# %%
ours = embedding.weight.numel() + head.weight.numel()
smallest_gpt2 = 124_439_808
print(f"averaging model: {ours:11,} weights")
print(f"smallest GPT-2 : {smallest_gpt2:11,}, {smallest_gpt2 / ours:.0f} times as many")

# %% [markdown]
# The largest models have thousands of times more than that. The stages are the same.
#
# ## What one token of memory cannot do
#
# Back to the bigram model, and to the package. `llmlab.corpus` holds the story, and also the toy world that the small
# GPT has read: sentences from a grammar whose rules are known, so that what a model writes can be checked.

# %%
world = toy_world(3000, seed=0)
print(world[:99])
for claim in ("the mice look for their food.", "the mice looks for its food."):
    print(claim, toy_world_accepts(claim))

# %% [markdown]
# We train the same bigram model on three thousand such sentences, and let it write. How many of its sentences does the
# grammar accept: nearly all, about half, about a quarter? Say it before you run the cell.

# %%
words = world.split()
followers, vocabulary = train(words), sorted(set(words))  # generate uses these from now on

text = generate("the", 1500, sampler(0)).replace("<|endoftext|> ", "")
sentences = [sentence.strip() + "." for sentence in text.split(".")[:200]]
print(sum(map(toy_world_accepts, sentences)), "of", len(sentences), "sentences are accepted")
for sentence in sentences[:9]:
    print(f"{toy_world_accepts(sentence)!s:6}", sentence)

# %% [markdown]
# Each pair of neighbours occurs in this world, and most sentences do not (frogs croak, and there is a pond, but nobody
# croaks in it): by the time the next word comes, the beginning is forgotten. The small GPT has not forgotten it. What
# makes the difference is good context vectors, and the next lessons work towards them.
#
# ## You can now
#
# - say what a language model computes: after a row of tokens, the probability of each token of its vocabulary;
# - write autoregressively, greedily or by sampling, with a model of a dozen lines;
# - name the stages from text to probabilities and their shapes, and say what a context vector is;
# - tell training (one pass, every prefix at once, masked) from inference (one token a step);
# - say what a batch saves, and what the mask has to do with the three architectures.
#
# Type `??toy_world` in a new cell to read how the toy world is made. Lesson 01 begins at the first stage: how a text is
# cut into tokens.

# %%
progress("00")
