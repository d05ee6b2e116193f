# %% [markdown]
# # 00 · Welcome
#
# A language model is a program that has read a lot and answers one question: *what comes next?* Everything else, from
# finished sentences to whole conversations, is that question asked again and again. In this lesson you write a tiny
# program of this kind, watch it write, and then follow one sentence through every stage of a modern one.
#
# About {minutes} minutes. At the end you can
#
# - say what a language model computes, and write one in about ten lines;
# - tell training from inference, and count how often the model runs in each;
# - follow a sentence from raw text to probabilities, with the shape of every stage;
# - make sure that a notebook runs from nothing.

# %% [markdown]
# ## How this course works
#
# You need some Python (lists, dictionaries, functions, loops) and should have seen two matrices multiplied.
#
# - **Cells.** Run them from top to bottom with Shift + Enter, and change them: nothing can break.
# - **Predictions.** Before something is shown, you are asked what you expect. A wrong guess teaches more than none.
# - **Exercises.** Put your answer in place of the `...`, run the cell, then run the check below it. It says what it saw
#   and which idea is probably behind it. While a check has not passed, three hints stand folded below it: a question,
#   the idea, the line itself. (`exercise("00.2").hint()` prints them one by one.) After a try of your own,
#   `exercise("00.2").solution()` shows a way to do it and, under *To try next*, how to go on. Nothing is sent anywhere.
# - **Explorers.** Pictures with controls. The first one stands below.
#
# First, is everything in place?

# %%
import random
from collections import Counter, defaultdict
from copy import deepcopy
from itertools import pairwise

import torch
from torch import nn

from llmlab import course
from llmlab.bpe import gpt2_encoding
from llmlab.corpus import load_text, toy_world, toy_world_accepts
from llmlab.course.figures import stages
from llmlab.exercises import exercise, progress
from llmlab.exercises.lesson_00 import bigram
from llmlab.explorers import PipelineMap

report = course.doctor()
print(report if report.problems else "No problem found: every lesson runs on this machine.")

# %% [markdown]
# ## Play first
#
# Before any theory, a small model at work. It has read nothing but simple sentences about people and animals, which a
# program makes up: a *toy world*. The text goes in at the top, each piece of it flows down a lane of its own, and at
# the end stands what the model expects next. What lies between you will know at the end of the lesson. Play for a
# minute: what puzzles you?
#
# - Press one of the words at the end: it is put behind the text. Do so again. You are writing with the model.
# - Press play: now it writes by itself, each time the most probable word.
# - Type a word from outside its world, such as `piano`.

# %%
PipelineMap()

# %% [markdown]
# ## What a language model computes
#
# Now step by step, with a short story that was written for this course. A **token** is one piece of text; for now,
# whatever stands between two spaces. The **vocabulary** is the list of all different tokens.

# %%
story = load_text()
tokens = story.split()
vocabulary = sorted(set(tokens))

print(story[:96])
print(f"{len(tokens):,} tokens, {len(vocabulary):,} of them different")

# %% [markdown]
# Given the tokens so far, a **language model** computes *for each token of its vocabulary the probability that it comes
# next*. That is all it computes. A very simple one looks only at the last token, and counts what followed it in a text.
# Pairs of neighbours are called *bigrams*, so this is a **bigram model**:


# %%
def train(tokens):
    followers = defaultdict(Counter)
    for token, following in pairwise(tokens):
        followers[token][following] += 1
    return dict(followers)


followers = train(tokens)
print(followers["piano"])

# %% [markdown]
# `piano` is followed by 9 different tokens, in 10 places.

# %% [markdown]
# ### Exercise 00.1 · What comes out of the model?
#
# ●○○ · 3 minutes · for knowing what every language model gives back · predict
#
# You give the model the two tokens `The piano` and ask for the next one. How many probabilities does it give back, and
# what do they add up to? Answer with two numbers.

# %% exercise="00.1"
### BEGIN SOLUTION
n_probabilities, total = 1353, 1
### STUB
# n_probabilities, total = ..., ...
### END SOLUTION

# %%
exercise("00.1").check((n_probabilities, total))

# %% [markdown]
# ### From counts to probabilities
#
# A text that can be counted by eye. A `Counter` is a dictionary of counts; it answers 0 for what it has not counted,
# and `.total()` adds its counts up:

# %%
toy = train("the sea is grey . the sea is cold . the boat is late .".split())
print(toy["the"])
print(toy["the"]["sea"], "of", toy["the"].total(), "times sea,", toy["the"]["grey"], "times grey")

# %% [markdown]
# So after `the`, `sea` has probability 2/3, `boat` 1/3, and every other token 0.

# %% [markdown]
# ### Exercise 00.2 · Probabilities of the next token
#
# ●●○ · 5 minutes · for the heart of a language model · write a function
#
# Complete `next_token_probabilities`. `followers` is what `train` returns, `token` one that was followed by something,
# `vocabulary` a list of tokens. Return a dictionary with one entry for each token of `vocabulary`: the probability that
# it comes after `token`. For example, `next_token_probabilities("the", toy, ["boat", "grey", "sea"])` is `{"boat": 1/3,
# "grey": 0, "sea": 2/3}`.


# %% exercise="00.2"
def next_token_probabilities(token, followers, vocabulary):
    ### BEGIN SOLUTION
    counts = followers[token]
    return {candidate: counts[candidate] / counts.total() for candidate in vocabulary}
    ### END SOLUTION


# %%
exercise("00.2").check(next_token_probabilities)

# %% [markdown]
# The lesson goes on with your function, or with llmlab's while yours has not passed its check. Here are the five
# largest of the 1,353 probabilities after `It`:

# %%
passed = exercise("00.2").status == "passed"
model = next_token_probabilities if passed else bigram.next_token_probabilities
print("the probabilities are", "yours:" if passed else "llmlab's (00.2 has not passed yet):")


def predict(token):
    return model(token, followers, vocabulary)


after_it = predict("It")
for candidate in sorted(after_it, key=after_it.get, reverse=True)[:5]:
    print(f"  It -> {candidate:7} {after_it[candidate]:.3f}")
zeros = sum(probability == 0 for probability in after_it.values())
print(f"{zeros:,} of them are 0; their sum is {sum(after_it.values()):.3f}")

# %% [markdown]
# Most are zero, because most pairs never occur in so short a text.
#
# ## One token at a time
#
# Probabilities are not yet text. To write, we *choose* a token, append it, and ask again with the longer text. The
# output becomes part of the next input: this is called **autoregression**. Two steps, with the most probable token:

# %%
after_the = predict("The")
second = max(after_the, key=after_the.get)
after_second = predict(second)
third = max(after_second, key=after_second.get)
print("The", second, third)

# %% [markdown]
# ### Exercise 00.3 · Let it write
#
# ●●○ · 5 minutes · for the loop in every program that writes · write a function
#
# Complete `generate`. The **prompt** is the beginning that a model is given, here a list of at least one token.
# `predict` is a function as above: give it one token, and it returns a dictionary of probabilities. `choose` is one,
# too: give it such a dictionary, and it returns one token. Return a new list: the prompt, and after it `n_tokens` new
# tokens, each chosen from what `predict` says about the token before it. The list that was given stays as it is.


# %% exercise="00.3"
def generate(prompt, n_tokens, predict, choose):
    ### BEGIN SOLUTION
    written = list(prompt)
    for _ in range(n_tokens):
        probabilities = predict(written[-1])
        written.append(choose(probabilities))
    return written
    ### END SOLUTION


# %%
exercise("00.3").check(generate)

# %% [markdown]
# `train`, `next_token_probabilities` and `generate`: these dozen lines are a complete language model that writes. What
# is open is how to choose. Always taking the most probable token is called **greedy**. What will become of the text if
# that goes on for twenty tokens? Say it before you run the cell.

# %%
passed = exercise("00.3").status == "passed"
write = generate if passed else bigram.generate
print("the loop is", "yours:" if passed else "llmlab's (00.3 has not passed yet):")


def greedy(probabilities):
    return max(probabilities, key=probabilities.get)


print(" ".join(write(["The"], 20, predict, greedy)))

# %% [markdown]
# It goes round in circles: the same last token gives the same next one, for ever. The other way is **sampling**: draw
# the next token at random, each with its own probability. A seed makes it repeatable.


# %%
def sampler(seed):
    chance = random.Random(seed)

    def choose(probabilities):
        return chance.choices(list(probabilities), list(probabilities.values()))[0]

    return choose


for seed in (1, 2):
    print(f"seed {seed}: {' '.join(write(['The'], 20, predict, sampler(seed)))}\n")

# %% [markdown]
# It nearly sounds like the story, and means nothing: no step knows how the sentence began.
#
# ## Training and inference
#
# The two halves of the program have names. **Training** reads text and changes what the model knows: here, the counts.
# **Inference** uses what it knows, and changes nothing:

# %%
before = deepcopy(followers)
write(["The"], 50, predict, sampler(3))
print("tokens with other counts after writing:", sum(followers[token] != before[token] for token in before))

more = train(tokens + "The piano was late. The piano was heavy.".split())
print("after training on two more sentences:", sum(more[token] != before.get(token) for token in more))
for name, counts in (("before", before), ("with more text", more)):
    print(f"P(was | piano) {name:14}: {counts['piano']['was'] / counts['piano'].total():.2f}")

# %% [markdown]
# $P(\text{was} \mid \text{piano})$ is read "the probability of *was*, given *piano*". Today's models differ from ours
# in one thing above all: they compute their probabilities from *all* the tokens before, with a formula that has
# millions or billions of adjustable numbers, the **weights** (or parameters). Counting does not work there, since
# hardly any long text comes twice. So training adjusts the weights, little by little, until the right next tokens
# become probable.
#
# ## From raw text to logits
#
# We follow one sentence through all stages of such a model. The first: a **tokenizer** cuts the text into tokens, and
# gives each its number, the **token id**. This is the one of GPT-2:

# %%
encoding = gpt2_encoding()
sentence = "The sheep saw the piano on the boat"
ids = encoding.encode(sentence)

print([encoding.decode([token_id]) for token_id in ids])
print(ids)

# %% [markdown]
# A space belongs to the token after it: `The` and ` the` are two different tokens, with ids 464 and 262.
#
# ### Numbers for a network
#
# Models work on several texts at once, a **batch**, so a second sentence goes along, of 8 tokens as well. Four letters
# name the sizes throughout the course: $B$ texts in a batch, $T$ tokens in each (the most that a model can read is its
# **context length**), $D$ numbers for each token, $V$ entries in the vocabulary.

# %%
batch = torch.tensor([ids, encoding.encode("Ada helped the keeper move the piano")])
B, T = batch.shape
D, V = 6, encoding.n_vocab
print(batch)
print(f"ids: (B, T) = {tuple(batch.shape)}")

# %% [markdown]
# An id only says which row of a table is meant. The table holds $D$ numbers for each token, its **embedding**, and is
# learned. An untrained one is filled with random numbers, here with a fixed seed.

# %%
torch.manual_seed(0)
embedding = nn.Embedding(V, D)  # a table of V rows of D numbers
vectors = embedding(batch)  # (B, T) -> (B, T, D)

print("embeddings:", tuple(vectors.shape))
print("position 3, ' the':", [round(x, 2) for x in vectors[0, 3].tolist()])
print("position 6, ' the':", [round(x, 2) for x in vectors[0, 6].tolist()])

# %% [markdown]
# Both ` the` have the same embedding, yet one comes before *piano* and the other before *boat*. To predict what
# follows, each position has to know what stands before it. This is what the body of a model is for: it turns embeddings
# into **context vectors**, also called *hidden states* or *contextual embeddings*. Ours does it in the crudest way: it
# takes the plain average of all tokens so far.


# %%
def average_of_past(vectors):
    T = vectors.shape[1]
    may_look = torch.ones(T, T).tril()  # (T, T), 1 where the row's position may look
    shares = may_look / may_look.sum(dim=1, keepdim=True)  # each row sums to 1
    return shares @ vectors  # (B, T, D)


context = average_of_past(vectors)
print("context vectors:", tuple(context.shape))
print("position 3, ' the':", [round(x, 2) for x in context[0, 3].tolist()])
print("position 6, ' the':", [round(x, 2) for x in context[0, 6].tolist()])

# %% [markdown]
# Same token, two different vectors. A real model learns *how much* to take from which position: lessons 06 to 08.
#
# Last, each context vector is multiplied by a table of $V$ columns. That gives one number for each token of the
# vocabulary, its **logit**: the higher, the more probable. **Softmax** turns logits into probabilities: it takes $e$ to
# the power of each, which is positive, and divides by the sum of all of these.

# %%
head = nn.Linear(D, V, bias=False)
logits = head(context)  # (B, T, D) -> (B, T, V)
powers = logits.exp()
probabilities = powers / powers.sum(dim=-1, keepdim=True)  # (B, T, V)
assert torch.allclose(probabilities, logits.softmax(dim=-1)), "PyTorch's softmax gives something else"

print("logits:", tuple(logits.shape))
top = probabilities[0, -1].topk(3)
for probability, token_id in zip(top.values.tolist(), top.indices.tolist(), strict=True):
    print(f"{sentence} -> {encoding.decode([token_id])!r:12} {probability:.5f}")

# %% [markdown]
# The tables are random, so this is noise: an equal share would be 1 / 50,257 = 0.00002, and the "best" token has about
# twice that. Here is the whole path. Vectors and logits are those of position 6, the second ` the`:


# %%
def start_of(tensor):
    return ", ".join(f"{x:.2f}" for x in tensor[0, 6, :4].tolist()) + ", …"


BT, BTD, BTV = f"(B, T) = ({B}, {T})", f"(B, T, D) = ({B}, {T}, {D})", f"(B, T, V) = ({B}, {T}, {V})"
stages.draw(
    [
        ("text", f"{len(sentence)} characters", sentence),
        ("tokens", f"T = {T}", "The | sheep | saw | the | piano | …"),
        ("token ids", BT, "464, 15900, 2497, 262, 19132, …"),
        ("embeddings", BTD, start_of(vectors)),
        ("context vectors", BTD, start_of(context)),
        ("logits", BTV, start_of(logits)),
        ("probabilities", BTV, "softmax of the logits: shares of 1"),
    ]
)

# %% [markdown]
# | from | to | lesson |
# |---|---|---|
# | text | token ids | [01](01_tokenization.ipynb), [02](02_byte_pair_encoding.ipynb) |
# | token ids | contexts and their right answers | [03](03_sliding_window.ipynb) |
# | token ids | embeddings | [04](04_embeddings.ipynb), [05](05_positions.ipynb) |
# | embeddings | context vectors | [06](06_attention.ipynb) to [08](08_multi_head_attention.ipynb) |
# | context vectors | probabilities | [09](09_gpt_block.ipynb), [10](10_what_a_gpt_costs.ipynb) |
# | random weights | trained ones | [11](11_training.ipynb) |
# | probabilities | text | [12](12_writing_text.ipynb), [13](13_efficient_generation.ipynb) |
#
# Then the small GPT becomes one of [today's](14_from_gpt2_to_today.ipynb), learns to
# [answer](15_from_continuing_to_answering.ipynb), and you make [one of your own](16_your_own_model.ipynb).
#
# ## Every prefix at once
#
# To write, only the logits of the last position are needed. In training, all of them are: the token after each position
# stands in the text, so each position has a question and an answer of its own. The answers, or **targets**, are the
# inputs shifted by one. So 8 tokens hold 7 questions, each about a *prefix* of the sentence. Does one run over the
# whole give the same logits as a run for each prefix?


# %%
def forward(ids):
    return head(average_of_past(embedding(ids)))  # (B, T) -> (B, T, V)


x, y = batch[:, :-1], batch[:, 1:]  # inputs and targets, (B, T) each
T = x.shape[1]
for position in range(T):
    prefix = encoding.decode(x[0, : position + 1].tolist())
    print(f"{prefix!r:31} -> {encoding.decode([y[0, position].item()])!r}")

one_by_one = torch.stack([forward(x[:, : position + 1])[:, -1] for position in range(T)], dim=1)
difference = (forward(x) - one_by_one).abs().max().item()  # (B, T, V) both
print(f"{B * T} predictions of one run, and of {T} runs: they differ by {difference:.4f} at most")

# %% [markdown]
# It does, thanks to the **mask**, the triangle of ones in `average_of_past`: position $i$ may look at positions $0
# \dots i$, never further. We replace the *last* input token and see where the logits change, with the mask and without.

# %%
changed = x.clone()
changed[0, -1] = encoding.encode(" island")[0]


def unmasked(ids):
    everything = embedding(ids).mean(dim=1, keepdim=True)  # (B, 1, D)
    return head(everything.expand(-1, T, -1))  # (B, T, V)


print(torch.ones(T, T).tril().int())
for name, variant in (("with the mask", forward), ("without", unmasked)):
    difference = (variant(changed) - variant(x))[0].abs().amax(dim=-1)  # (T,)
    print(f"logits change {name:13}: {(difference > 1e-6).int().tolist()}")

# %% [markdown]
# Without the mask, every position but the last sees the answer to its own question among the inputs. A model would
# learn to copy it, and be lost in writing, when it is not there yet.
#
# ## One pass or many
#
# Training has the whole text; inference has to make it. One run of the model, from ids to logits, is called a **forward
# pass**.

# %% [markdown]
# ### Exercise 00.4 · How often does the model run?
#
# ●●○ · 4 minutes · for telling the cost of training from that of writing · predict
#
# One sentence has 8 tokens. In training it makes a *window* of 7 inputs with 7 targets. In inference we give the model
# its first 2 tokens, and the model writes the other 6. How many forward passes does one training step on the window
# take, and how many does it take to write the 6 tokens? Answer with two numbers.

# %% exercise="00.4"
### BEGIN SOLUTION
training_passes, inference_passes = 1, 6
### STUB
# training_passes, inference_passes = ..., ...
### END SOLUTION

# %%
exercise("00.4").check((training_passes, inference_passes))

# %% [markdown]
# Let us count. First, training: 40 steps on our two sentences. Each computes one number that says how improbable the
# model finds the right tokens, the **loss**, and moves all weights a little so that they become more probable (how,
# says lesson 11).

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
    loss = nn.functional.cross_entropy(counted("training", x).flatten(0, 1), y.flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

trained = right_tokens(forward(x))
print("right tokens with P < 0.01 before:", (untrained < 0.01).sum().item(), "of", y.numel())
print("right tokens with P > 0.9 after  :", (trained > 0.9).sum().item(), "of", y.numel())
print("passes:", passes["training"], "for 40 steps with 14 predictions each")

# %% [markdown]
# Now inference, one token at a time: the output of each pass becomes part of the input of the next.

# %%
weights_before = head.weight.clone()
written = x[0, :2].tolist()  # the prompt: "The sheep"
while len(written) < 8:
    with torch.no_grad():  # nothing is learned from here on
        logits = counted("inference", torch.tensor([written]))  # (1, length, V)
    written.append(logits[0, -1].argmax().item())  # greedy; only the last position is read
    print(repr(encoding.decode(written)))

print("passes:", passes["inference"], "for 6 tokens; weights changed:", (head.weight != weights_before).sum().item())

# %% [markdown]
# Two sentences, learned by heart. But the difference holds for models of every size:
#
# | | training | inference |
# |---|---|---|
# | the text | is there, whole | comes into being |
# | a pass over $T$ tokens gives | $T$ predictions, for $T$ targets | one new token |
# | the weights | change | stay |
#
# ## What one token of memory cannot do
#
# Back to the bigram model. We train it on three thousand sentences of the explorer's toy world, which come from a
# grammar, so that what a model writes can be checked. How many of its own does the grammar accept: nearly all, about
# half, about a quarter? Say it before you run the cell.

# %%
words = toy_world(3000, seed=0).split()
world_followers, world_vocabulary = train(words), sorted(set(words))


def predict_in_world(token):
    return model(token, world_followers, world_vocabulary)


text = " ".join(write(["the"], 1500, predict_in_world, sampler(0))).replace("<|endoftext|> ", "")
sentences = [sentence.strip() + "." for sentence in text.split(".")[:200]]
print(sum(map(toy_world_accepts, sentences)), "of", len(sentences), "sentences are accepted")
for sentence in sentences[:8]:
    print("  accepted " if toy_world_accepts(sentence) else "  refused  ", sentence)

# %% [markdown]
# A quarter. Each pair of neighbours occurs in this world, and `she wears his mice.` does not: by the time the next word
# comes, the beginning is forgotten. (`they croak in the pond.` is good English, but here frogs croak elsewhere.)
#
# ### Predict, then explore
#
# The small GPT of the explorer has not forgotten it. Here it is again: a lane for each token, the stages from top to
# bottom. (`<|endoftext|>` stood between the documents that it has read, so each of them came after one.) The text is
# `the dogs near the king`. Answer before you run the cell:
#
# - After `king`, what will a bigram model find probable, which sees nothing else?
# - And the GPT: something that dogs do, or something that kings do?
# - The lane of `king` makes that prediction. From which earlier token does it need something, and where on the map will
#   you see that?
# - **Your target:** is there a sentence with *two* plural nouns that ends in `dogs`, and after which the GPT still
#   finds `is` more probable than `are`?

# %%
explorer = PipelineMap()
explorer

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - What follows `king` anywhere: `is`, `near`, `drinks`, `cooks`, whatever a single king does. See the next cell.
# - `bark`. The sentence is about the dogs, although `king` stands next to the verb.
# - From `dogs`, three tokens before. The streams under *Attention* say where a position looks (lesson 06): in this
#   head, `king` takes 0.99 of what it takes from `dogs`. In 3 of the other 11 heads it looks there, too (press their
#   small maps); the rest look elsewhere.
# - Yes: `the king near the wolves near the dogs`. The verb goes with the king; the plural nouns between change little.
# </details>
#
# An explorer can also be set and read from code. We take one letter away from `dogs`:

# %%
after_king = predict_in_world("king")
print("bigram model after king:", sorted(after_king, key=after_king.get, reverse=True)[:4])

probe = PipelineMap()
for text in ("the dogs near the king", "the dog near the king"):
    probe.set(text=text)
    trace = probe.trace
    bark, barks = trace.probability(" bark"), trace.probability(" barks")
    looked_at = trace.tokens[trace.attention.argmax()].decode()
    print(f"{text:22}: P(bark) {bark:.3f}, P(barks) {barks:.3f}; king looks most at{looked_at}")
    assert trace.attention[2] > 0.5, "king does not look at position 2, the subject"

# %% [markdown]
# The verb changes with it. Good context vectors make the difference, and the next lessons work towards them.
#
# ## A notebook that starts from nothing
#
# Whoever opens your notebook tomorrow starts from nothing. Here is a cell, run in this notebook first, and then as a
# new process would run it, with no names but its own:

# %%
cell = "print(len(tokens), 'tokens,', round(sum(map(len, tokens)) / len(tokens), 2), 'characters each on average')"

exec(cell)
try:
    exec(cell, {})
except NameError as error:
    print(f"from nothing: NameError: {error}")

# %% [markdown]
# It works here because *another* cell has made `tokens`. Names stay in the kernel, the Python process behind a
# notebook, even when the cell that made them has been moved down, changed or deleted. Before a notebook is handed on,
# there is one test: *Restart Kernel and Run All Cells*.

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
# You need none: every lesson is made for two processor cores.
#
# <details><summary>Further: what a GPU changes</summary>
#
# It has more arithmetic units and faster memory; it gives the same results up to rounding, and for large models much
# sooner. `course.device()` names the fastest device of this machine, and `.to(device)` moves tensors there, as the next
# cell does.
# </details>

# %% tags=["further", "nbval-ignore-output"]
device = course.device()
rows = torch.randn(4, D, generator=torch.Generator().manual_seed(0))
here = rows @ head.weight.detach().T
there = (rows.to(device) @ head.weight.detach().to(device).T).cpu()
print("fastest device:", device)
print("no other to compare" if device.type == "cpu" else f"largest difference: {(here - there).abs().max():.0e}")

# %% [markdown]
# ## What the course leaves out
#
# These models *continue* texts. They do not answer: after a question word the bigram model goes on as after any other.
# Lesson 15 teaches a small GPT to answer questions about its own small world, and that is all it answers. And all of
# them are small:

# %%
print(" ".join(write(['"Where'], 14, predict, sampler(1))))
ours = embedding.weight.numel() + head.weight.numel()
smallest_gpt2 = 124_439_808
print(f"averaging model {ours:,} weights, smallest GPT-2 {smallest_gpt2:,}: {smallest_gpt2 / ours:.0f} times as many")

# %% [markdown]
# The largest models have thousands of times more, and the same stages. Left out are also retrieval, tools, pictures and
# sound, quantization, and large clusters.
#
# ## You can now
#
# - say what a language model computes: after some tokens, the probability of each token of its vocabulary;
# - write with it, greedily or by sampling;
# - name the stages from text to probabilities, with their shapes;
# - tell training (one pass, every prefix at once, masked) from inference (one new token per pass);
# - say why a notebook is run from the top before it is handed on.
#
# ## Where this comes from
#
# - Markov, *An example of statistical investigation of the text Eugene Onegin*, 1913: counts by hand, in 20,000
#   letters, how often a vowel follows a vowel.
# - Shannon, *A mathematical theory of communication*, 1948: writes with pairs of letters and of words, drawn from
#   books.
# - Bengio, Ducharme, Vincent and Jauvin, *A neural probabilistic language model*, 2003: a network with embeddings,
#   where before there were counts.
# - Radford and others, *Language models are unsupervised multitask learners*, 2019: GPT-2, whose tokenizer you used.
#
# **Read next:** section 3 of Shannon's paper, *The series of approximations to English*.

# %%
progress("00")
