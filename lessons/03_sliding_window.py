# %% [markdown]
# # 03 · Sliding windows
#
# A text is one long sequence of ids now. A model learns from *examples*, each with a question and an answer. Here we
# cut the sequence into examples, and it turns out that nobody has to write the answers.
#
# About {minutes} minutes. At the end you can
#
# - derive the targets of any piece of text by shifting it one token;
# - keep stride, context length and batch size apart, and say what each costs;
# - predict how many windows and batches a loader will give, in which order, and what it leaves out;
# - write the windows yourself, and find bugs that never raise an error.

# %% [markdown]
# ## Before we start: three questions on lesson 02
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. In which order does a byte pair encoder apply its merges?</summary>
#
# By rank: of all pairs present, the one that was learned earliest is merged first. Taking the longest token that fits
# is a different encoder, with other ids.
# </details>
#
# <details><summary>2. How many ids does GPT-2 have, and where do they come from?</summary>
#
# 50,257: the 256 bytes, 50,000 merges and one special token, <code>&lt;|endoftext|&gt;</code>.
# </details>
#
# <details><summary>3. Is every token a piece of readable text?</summary>
#
# No. A token is a run of bytes and may hold half a character; only the joined bytes have to be valid UTF-8.
# </details>

# %%
import math

import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from llmlab.bpe import gpt2_encoding
from llmlab.corpus import load_text
from llmlab.course.figures import loss_scatter, times_asked
from llmlab.exercises import exercise, progress
from llmlab.explorers import WindowMap
from llmlab.windows import SlidingWindowDataset, create_dataloader, pack, window_statistics

# %% [markdown]
# ## Play first
#
# This map cuts the first tokens of the story into examples, each with inputs and targets. Play for a minute: drag the
# end of the first window and the start of the second, and find tokens that nobody asks for.

# %%
WindowMap()

# %% [markdown]
# ## The next token is the label
#
# The story of this course once more, in GPT-2's ids:

# %%
encoding = gpt2_encoding()
ids = encoding.encode(load_text())

print(f"{len(ids):,} ids, the first of them {ids[:6]}")
for length in range(1, 6):
    context, wanted = ids[:length], ids[length]
    print(f"{encoding.decode(context)!r:26} -> {encoding.decode([wanted])!r}")

# %% [markdown]
# A language model answers one question: *given these tokens, which comes next?* The text is its own answer sheet, and
# learning from it is called **self-supervised**. A text of $n$ tokens holds $n - 1$ such questions: nothing precedes
# the first token, so it is never an answer.
#
# ## One window, many predictions
#
# A model reads at most $T$ tokens, its context length. So we cut the sequence into windows of $T$ tokens. The
# *input* is $x = (t_0, \dots, t_{T-1})$, the *target* the same stretch one place later:
#
# $$y_i = x_{i+1}, \qquad i = 0, \dots, T - 2,$$
#
# and the last one, $y_{T-1}$, is the token after the window.

# %%
T = 4
x, y = ids[0:T], ids[1 : T + 1]
assert y[:-1] == x[1:], "the target is the input one place later"

print("input ", x)
print("target", y)
for i in range(T):
    print(f"position {i}: {encoding.decode(x[: i + 1])!r:24} -> {encoding.decode([y[i]])!r}")

# %% [markdown]
# Read input and target column by column: at position $i$ the model has seen $x_0 \dots x_i$ and should say $y_i$. (So a
# window of $T$ inputs needs $T + 1$ tokens.)
#
# ### Exercise 03.1 · How many predictions does a batch train?
#
# ●○○ · 2 minutes · for telling a window from a prediction · choose and explain
#
# A batch of inputs has shape (8, 4): 8 windows, context length 4. At how many positions does the loss compare a
# prediction with a target?
#
# - **a**: 1, because a batch gives one loss
# - **b**: 4, one for each position, as the windows of a batch are averaged
# - **c**: 8, because only the last position of each window is trained
# - **d**: 32, every position of every window
#
# Put the letter, in quotes, in place of the `...`, and your reason into the comment: the check gives one to compare.

# %% exercise="03.1"
# My reason:
### BEGIN SOLUTION
# Each position has a target of its own, the token after it: 8 windows of 4 positions are 32 predictions.
trained_positions = "d"
### STUB
# trained_positions = ...
### END SOLUTION

# %%
exercise("03.1").check(trained_positions)

# %% [markdown]
# Let us ask the loss itself. The loss of language models is **cross-entropy**: minus the logarithm of the probability
# that the model gave to the right token, averaged over all positions. It is 0 for a model that is sure and right; one
# that knows nothing gives each of the $V$ tokens $1/V$, and its loss is $-\ln(1/V) = \ln V$. A **gradient** says for
# each number how the loss changes when that number grows a little; training moves the numbers a little against it, so
# where none arrives, nothing is learned.

# %%
V = encoding.n_vocab
logits = torch.zeros(T, V, requires_grad=True)  # (T, V), all alike: a model that knows nothing
loss = F.cross_entropy(logits, torch.tensor(y))  # the mean over the T positions
loss.backward()  # computes the gradients

print(f"loss {loss.item():.4f} = -ln(1 / {V:,}) = {-math.log(1 / V):.4f}")
reached = logits.grad.abs().sum(dim=1)  # (T,)
print("share of the gradient at each position:", [round(share, 3) for share in (reached / reached.sum()).tolist()])

# %% [markdown]
# Four equal shares: one window holds $T$ questions, and all of them train.
#
# ## Slide the window
#
# One window covers $T$ tokens, so we move it along: a **sliding window**. How far it moves each time is the **stride**
# $S$: window $k$ starts at token $k \cdot S$. Eleven ids, $T = 4$; the starts 0, 3, 6 are those of $S = 3$, and 7 is
# one more:

# %%
numbers = list(range(10, 21))
for start in (0, 3, 6, 7):
    print(f"start {start}: input {numbers[start : start + 4]}  target {numbers[start + 1 : start + 5]}")

# %% [markdown]
# The window at 7 is full, and its target is not: a batch of such rows is no tensor.
#
# ### Exercise 03.2 · Write the windows
#
# ●●○ · 10 minutes · for knowing exactly what a model is trained on · write a function
#
# Complete `make_windows`. It slides a window of `max_length` ids over `token_ids`, from position 0 on, `stride` ids at
# a time, and returns a list of pairs (input, target), each of `max_length` ids. A window that does not fit, targets
# included, is left out, so a text of fewer than `max_length + 1` ids gives `[]`.
#
# Stuck? `exercise("03.2").hint()` gives a question first, then the idea, then the line.


# %% exercise="03.2"
def make_windows(token_ids, max_length, stride):
    ### BEGIN SOLUTION
    windows = []
    for start in range(0, len(token_ids) - max_length, stride):
        inputs = token_ids[start : start + max_length]
        targets = token_ids[start + 1 : start + max_length + 1]
        windows.append((inputs, targets))
    return windows
    ### END SOLUTION


# %%
exercise("03.2").check(make_windows)

# %% [markdown]
# ## Stride: overlap and gaps
#
# How often is each of twenty tokens a target, with $T = 4$? (`SlidingWindowDataset` is the package's; here the ids are
# the positions.)

# %%
asked = {}
for stride in (2, 4, 6):
    asked[stride] = [0] * 20
    for _, targets in SlidingWindowDataset(range(20), max_length=4, stride=stride):
        for position in targets.tolist():
            asked[stride][position] += 1
times_asked.draw(asked)

# %% [markdown]
# Below $T$ the windows overlap, and tokens are a target more than once, with other contexts: most of them at stride 2.
# Above $T$ there are gaps, the same ones in every **epoch**, that is in every pass through all windows. At $S = T$ each
# is a target once, but for the first and a few at the end. That looks simple; many get this wrong:
#
# ### Exercise 03.3 · What does a stride skip?
#
# ●○○ · 4 minutes · for choosing a stride · predict
#
# A text has 1,000 tokens, the context length is 4. All tokens but the first have one before them, so 999 could be
# targets. How many of them are the target of at least one window at stride 4, and how many at stride 5?

# %% exercise="03.3"
### BEGIN SOLUTION
trained_at_stride_4, trained_at_stride_5 = 996, 800
### STUB
# trained_at_stride_4, trained_at_stride_5 = ..., ...
### END SOLUTION

# %%
exercise("03.3").check((trained_at_stride_4, trained_at_stride_5))

# %% [markdown]
# ### Predict, then explore
#
# The map again, now with *your* `make_windows`. It starts at stride 2, context length 4, batches of 4. Before you touch
# it:
#
# - Three windows are left out at the end. Which controls can bring them back?
# - What will change in the picture if you tick *Shuffle*, and what will not?
# - The target is that each token but the first is asked for exactly once, in as few windows as possible. Why is stride
#   = context length not enough?

# %%
explorer = WindowMap(windows=make_windows)
explorer

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - *Drop last*, unticked: eleven windows make two batches of four and one of three. Or batches of 1, the only size
#   here that divides eleven.
# - The windows stay as they are, and the order of tokens inside them. What changes is which window goes into which
#   batch, and so also which three are left out.
# - 24 tokens can be targets. With $S = T$, $T$ must divide 24, or a tail fills no window: 8 is the largest that the map
#   allows, and makes three windows. And no batch may be dropped: batches of four would leave all three out, so it takes
#   batches of 3 or 1, or *Drop last* unticked.
# </details>
#
# Context length 4, stride 5, then 7: say first which of the 25 tokens are never a target.

# %%
probe = WindowMap(windows=make_windows)
inputs = {}
for stride in (5, 7):
    probe.set(stride=stride, max_length=4, batch_size=2, drop_last=False)
    never = [position for position, count in enumerate(probe.trace.target_counts) if count == 0]
    inputs[stride] = [(window[0], window[-1]) for window in probe.trace.inputs]
    print(f"stride {stride}: inputs {inputs[stride]}\n          never a target: {never}")

expected = {5: [(0, 3), (5, 8), (10, 13), (15, 18), (20, 23)], 7: [(0, 3), (7, 10), (14, 17)]}
assert inputs == expected, "these are other inputs: look at exercise 03.2"
assert never == [0, 5, 6, 7, 12, 13, 14, 19, 20, 21, 22, 23, 24], "other targets: look at exercise 03.2"

# %% [markdown]
# What stride means for a whole text, here the story at context length 32:

# %%
print("stride  windows  each target, on average")
for stride in (1, 16, 32, 40):
    s = window_statistics(len(ids), max_length=32, stride=stride)
    times, share = s.repeats_per_target, s.tokens_trained / (len(ids) - 1)
    print(f"{stride:6} {s.windows:8}  {times:5.2f} times, {share:4.0%} of the targets reached")

# %% [markdown]
# At stride 1 an epoch takes about 32 times the work and asks for the same answers 32 times over: that is repetition,
# not more data, and a model that sees a small text often enough learns it by heart (lesson 11). The usual choice for
# training is stride = context length.
#
# But then each window starts anew, and its first target is predicted from a single token. To *measure* a model one
# therefore lets windows overlap, and counts only the targets that are new:

# %%
print("stride  windows  tokens that a counted target can see, after the first window")
for stride in (8, 4, 1):
    counted, seen = 8, []  # the targets of the first window are positions 1 to 8
    for inputs, _ in SlidingWindowDataset(range(65), max_length=8, stride=stride):
        start = inputs[0].item()
        seen += [target - start for target in range(counted + 1, start + 9)]
        counted = start + 8
    print(f"{stride:6} {(64 - 8) // stride + 1:8}  {min(seen)} to {max(seen)}, {sum(seen) / len(seen):.1f} on average")

# %% [markdown]
# ## From windows to batches
#
# In PyTorch a `Dataset` knows how many examples there are and hands out the $i$-th, and a `DataLoader` decides the
# order and stacks $B$ examples, the **batch size**, into tensors of shape $(B, T)$.


# %%
class Windows(Dataset):
    def __init__(self, token_ids, max_length, stride):
        self.ids, self.max_length = torch.tensor(token_ids), max_length
        self.starts = range(0, len(token_ids) - max_length, stride)

    def __len__(self):
        return len(self.starts)

    def __getitem__(self, i):
        start = self.starts[i]
        return self.ids[start : start + self.max_length], self.ids[start + 1 : start + self.max_length + 1]


windows = Windows(ids, max_length=6, stride=6)
inputs, targets = next(iter(DataLoader(windows, batch_size=3, shuffle=False)))
print(len(windows), "windows; inputs and targets:", tuple(inputs.shape))
print(inputs, targets, sep="\n")

# %% [markdown]
# Side by side: context length (here 6) is how far the model sees, stride (6) how far the window moves, batch size (3)
# how many windows go through the model together.
#
# ### What the batch size is for
#
# The gradient of a batch is the mean of its windows' gradients: a noisy guess at the gradient over all windows. We try
# it on a tiny model, a table with one row of logits for each of 11 tokens.

# %%
generator = torch.Generator().manual_seed(0)
table = torch.randn(11, 11, generator=generator, requires_grad=True)
small = Windows(torch.randint(0, 11, (200,), generator=generator).tolist(), max_length=5, stride=5)


def gradient(chosen):
    inputs, targets = next(iter(DataLoader([small[i] for i in chosen], batch_size=len(chosen))))  # (B, T)
    loss = F.cross_entropy(table[inputs].flatten(0, 1), targets.flatten())
    return torch.autograd.grad(loss, table)[0]  # (11, 11)


one_by_one = torch.stack([gradient([i]) for i in (0, 1, 2)]).mean(dim=0)
print(f"batch against mean of its windows: differ by {(gradient([0, 1, 2]) - one_by_one).abs().max():.4f} at most")

# %% [markdown]
# How far off is the guess from 1, 4 or 16 windows, and what would such a batch cost a real model?

# %%
whole = gradient(range(len(small)))
for batch_size in (1, 4, 16):
    orders = [torch.randperm(len(small), generator=generator).tolist() for _ in range(200)]
    error = torch.stack([(gradient(order[:batch_size]) - whole).norm() for order in orders]).mean() / whole.norm()
    megabytes = batch_size * 256 * V * 4 / 1e6  # (B, T, V) logits in float32, of a real model at T = 256
    print(f"batch size {batch_size:2}: off by {error:.1f} × the true gradient's size, logits {megabytes:3.0f} MB")

# %% [markdown]
# Four times the batch, about half the error (less for 16, which are four in ten of all windows here). A batch of one is
# cheap and noisy, a large one steady and expensive. Most batch sizes that you will meet are powers of two, which suit
# the hardware; others, such as the 3 above, work as well.
#
# ### Exercise 03.4 · Count windows and batches
#
# ●●○ · 8 minutes · for knowing the length of an epoch before it starts · write a function
#
# Write `count_batches`: it returns two whole numbers, the windows in the data set (all of them, whether or not the
# loader drops any) and the batches of one epoch. With `drop_last` a last batch of fewer than `batch_size` windows is
# left out. A text too short for one window has 0 windows and 0 batches.


# %% exercise="03.4"
def count_batches(n_tokens, max_length, stride, batch_size, drop_last):
    ### BEGIN SOLUTION
    windows = max(0, (n_tokens - max_length - 1) // stride + 1)
    batches = windows // batch_size
    if not drop_last and windows % batch_size:
        batches += 1
    ### STUB
    # windows = ...
    # batches = ...
    ### END SOLUTION
    return windows, batches


# %%
exercise("03.4").check(count_batches)

# %% [markdown]
# Nothing warns you when the answer is zero. Four tokens fill no window of length 6, and a training loop over them
# "succeeds", as it does where `drop_last=True` drops the only batch. `llmlab` refuses instead:

# %%
too_short = Windows([464, 19132, 1625, 284], max_length=6, stride=6)
for inputs, targets in DataLoader(too_short, batch_size=3):
    print("training ...")
print("done: 1 epoch,", len(too_short), "windows")

for sizes in ({"max_length": 6, "batch_size": 1}, {"max_length": 2, "batch_size": 3}):
    try:
        create_dataloader("The piano came to", stride=6, **sizes)
    except ValueError as error:
        print(f"ValueError: {error}")

# %% [markdown]
# ## Shuffle and the last batch
#
# In text order a batch holds a whole stretch of piano, then one of sheep. `shuffle=True` draws a new order of the
# *windows* for each epoch; inside a window nothing moves. Ten windows in batches of four:

# %%
generator = torch.Generator().manual_seed(7)
loader = DataLoader(range(10), batch_size=4, shuffle=True, drop_last=True, generator=generator)
for epoch in ("1", "2", "1, seeded again"):
    if "again" in epoch:
        generator.manual_seed(7)
    batches = [batch.tolist() for batch in loader]
    print(f"epoch {epoch:15}: {batches}, left out {sorted(set(range(10)) - set(sum(batches, [])))}")

# %% [markdown]
# A seeded generator makes the order repeatable. `drop_last=True` leaves two windows out, others in each epoch.
#
# ### Exercise 03.5 · Find the bug: the loader
#
# ●●○ · 6 minutes · for reading a loader critically · find the bug
#
# This function should make a loader exactly as its caller asks. It runs without an error, and its batches are not what
# was asked for. Find out why, and mend it. (Try it on `range(10)`.)

# %% exercise="03.5"
from torch.utils.data import DataLoader


def make_loader(dataset, batch_size, shuffle, drop_last, generator=None):
    return DataLoader(
        dataset,
        batch_size=batch_size,
        ### BEGIN SOLUTION
        shuffle=shuffle,
        ### STUB
        # shuffle=True,
        ### END SOLUTION
        drop_last=drop_last,
        generator=generator,
    )


# %%
exercise("03.5").check(make_loader)

# %% [markdown]
# A last batch may be a single window, and still it is a full step of training. How its loss scatters, a model shows
# that knows only how frequent each token is, and never changes:

# %%
frequency = torch.bincount(torch.tensor(ids)) / len(ids)
per_window = torch.stack([-frequency[targets].log().mean() for _, targets in windows])

for batch_size in (1, 2, 8):
    losses = per_window[: len(per_window) // batch_size * batch_size].view(-1, batch_size).mean(dim=1)
    print(f"batches of {batch_size}: loss {losses.mean():.2f} ± {losses.std():.2f}")
loss_scatter.draw(per_window[:320].tolist(), batch_size=8)

# %% [markdown]
# A batch of one window is drawn from the wide cloud, not from the narrow band: often a spike in the loss curve, and a
# step in a poor direction. So in training one drops it. To *measure* a model on **held-out** text, which it was not
# trained on, every window should count. But the mean of the batches is not the mean of the tokens:

# %%
batches = per_window[:9].split(4)  # 4, 4 and 1 windows of 6 tokens
by_batch = sum(batch.mean() for batch in batches) / len(batches)
by_token = sum(batch.mean() * 6 * len(batch) for batch in batches) / (6 * 9)
print("batch losses:", [round(batch.mean().item(), 2) for batch in batches])
print(f"mean of the batches {by_batch:.3f}, weighed by tokens {by_token:.3f}, all windows {per_window[:9].mean():.3f}")

# %% [markdown]
# The one window of the last batch counted as much as four others: weigh each batch by its tokens.
#
# <details><summary>Further: workers</summary>
#
# `num_workers=2` lets two more processes prepare the same batches while the model computes. They pay when an example
# takes long to prepare, such as a photograph. Our windows are slices of a tensor, so 0 is the default here.
# </details>

# %% tags=["further"]
sizes = {"batch_size": 8, "max_length": 32, "stride": 32, "shuffle": False}
alone, helped = (create_dataloader(load_text(), **sizes, num_workers=workers) for workers in (0, 2))
same = sum(torch.equal(x, u) and torch.equal(y, v) for (x, y), (u, v) in zip(alone, helped, strict=True))
print(same, "of", len(alone), "batches are the same with two workers")

# %% [markdown]
# ## From a batch to its loss
#
# ### Exercise 03.6 · Find the bug: the loss
#
# ●●○ · 8 minutes · for joining a data set to a loss · find the bug
#
# `logits` (B, T, V) come from a model, `targets` (B, T) from the data set above. The loss should be the mean
# cross-entropy over every position. The function runs, the loss falls during training, and what the model writes is
# nonsense. Find out why, and mend it.

# %% exercise="03.6"
from torch.nn.functional import cross_entropy


def next_token_loss(logits, targets):
    ### BEGIN SOLUTION
    predictions = logits.flatten(0, 1)  # (B * T, V)
    labels = targets.flatten()  # (B * T,)
    ### STUB
    # predictions = logits[:, :-1].flatten(0, 1)  # (rows, V)
    # labels = targets[:, 1:].flatten()  # (rows,)
    ### END SOLUTION
    return cross_entropy(predictions, labels)


# %%
exercise("03.6").check(next_token_loss)

# %% [markdown]
# ### One shift, not two
#
# The targets are shifted already: the data set has put the next token there. Whoever shifts again asks for the token
# after the next. Let a table of logits learn the simplest text there is, 0 1 2 3 4 5 6 0 1 2 …, both ways:

# %%
cycle = torch.arange(200) % 7
x, y = cycle[:-1], cycle[1:]
for shifts in (1, 2):
    table = torch.zeros(7, 7, requires_grad=True)
    for _ in range(101):
        loss = F.cross_entropy(table[x], y) if shifts == 1 else F.cross_entropy(table[x][:-1], y[1:])
        (slope,) = torch.autograd.grad(loss, table)
        table = (table - 10 * slope).detach().requires_grad_()
    print(f"{shifts} shift(s): loss {loss.item():.2f}; after 0 the model says {table[0].argmax().item()}")

# %% [markdown]
# Both losses fall as they should, and nothing looks wrong until you read what the model writes. Some libraries shift
# inside the model, some in the data: know which one yours does, and shift once.
#
# ## Many documents
#
# Windows know nothing of documents. Here is the first window, $T = 7$, of two documents packed as in lesson 02, with
# `<|endoftext|>` between them:

# %%
packed = pack(["The piano came.", "Dear Mr. Pascoe"], encoding)
inputs, targets = SlidingWindowDataset(packed, max_length=7, stride=7)[0]
for i in (3, 4, 5):
    print(f"{encoding.decode(inputs[: i + 1].tolist())!r:36} -> {encoding.decode([targets[i].item()])!r}")

# %% [markdown]
# `<|endoftext|>` is a target like any other, so the model learns where documents end. And *Dear Mr. Pascoe* is read
# behind *The piano came.*, a text that it has nothing to do with, unless a document mask (lesson 02) forbids it.
#
# ## The same, polished: `llmlab.windows`
#
# What you wrote is in the package, with checks and without copies: all windows share the one sequence as a *view*.

# %%
yours = make_windows(ids, 6, 5)
if yours is None:
    print("make_windows is still to be written: exercise 03.2")
else:
    packaged = [(x.tolist(), y.tolist()) for x, y in SlidingWindowDataset(ids, 6, 5)]
    alike = sum([*map(list, mine)] == [*theirs] for mine, theirs in zip(yours, packaged, strict=True))
    print(f"{alike} of {len(packaged)} windows are the same as yours")

dense = SlidingWindowDataset(ids, max_length=256, stride=1)
shown, stored = 2 * dense.inputs.numel() * 8, dense.inputs.untyped_storage().nbytes()
print(f"{len(dense):,} windows show {shown / 1e6:.0f} MB of ids and store {stored / 1e6:.2f} MB")

# %% [markdown]
# ## You can now
#
# - say why a text needs no labels, and what the $T$ questions of one window are;
# - cut windows by hand, stop at the right place, and tell stride, context length and batch size apart;
# - compute windows and batches before the run, and notice when there are none;
# - recognise a shuffle that is ignored, a small last batch, and a target that was shifted twice.
#
# Type `??SlidingWindowDataset` in a new cell to read the package's version. Lesson 04 turns ids into vectors.
#
# ## Where this comes from
#
# - Claude Shannon, "Prediction and entropy of printed English", 1951: guess the next letter, and measure the surprise.
# - Herbert Robbins, Sutton Monro, "A stochastic approximation method", 1951: small steps along noisy guesses arrive.
# - Yoshua Bengio and others, "A neural probabilistic language model", 2003: a network that predicts each word from a
#   window of words before it.
# - Ofir Press, Noah Smith, Mike Lewis, "Shortformer", 2021: what it costs when windows start with little context.
#
# **Read next:** Sebastian Raschka, *Build a Large Language Model (From Scratch)*, 2024, chapter 2, with the loader
# after which `create_dataloader` is made.

# %%
progress("03")
