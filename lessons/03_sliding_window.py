# %% [markdown]
# # 03 · Sliding windows
#
# Lesson 02 ended with a text as one long row of token ids. A row is not yet something to learn from: a model learns
# from *examples*, each with a question and an answer. In this lesson we cut the row into examples, and it turns out
# that nobody has to write the answers.
#
# About 60 minutes. At the end you can
#
# - derive the targets of any piece of text by shifting it one token;
# - keep stride, context length and batch size apart, and say what each costs;
# - predict how many windows and batches a loader will give, in which order, and what it leaves out;
# - write the windows yourself, and find three bugs that never raise an error.

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
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from llmlab import course
from llmlab.bpe import gpt2_encoding
from llmlab.corpus import load_text
from llmlab.exercises import exercise, progress
from llmlab.explorers import WindowMap
from llmlab.windows import SlidingWindowDataset, create_dataloader, window_statistics

# %% [markdown]
# ## The next token is the label
#
# The text of this course is a short story about a piano that comes to an island. GPT-2's tokenizer turns it into ids.

# %%
encoding = gpt2_encoding()
story = load_text()
ids = encoding.encode(story)

print(f"{len(story):,} characters -> {len(ids):,} token ids")
print(ids[:8])
print([encoding.decode([token_id]) for token_id in ids[:8]])

# %% [markdown]
# A language model answers one question: *given these tokens, which comes next?* The story answers it at every place,
# because the next token is simply there. Here are the first six questions with their answers; the context grows by one
# token each time.

# %%
for length in range(1, 7):
    context, wanted = ids[:length], ids[length]
    print(f"{encoding.decode(context)!r:32} -> {encoding.decode([wanted])!r}")

# %% [markdown]
# No one labelled anything: the text is its own answer sheet. (The name for this is *self-supervised* learning.) A text
# of $n$ tokens holds $n - 1$ such questions. The first token is never an answer, since nothing precedes it, and the
# last is never part of a question.

# %%
questions = [(ids[:i], ids[i]) for i in range(1, len(ids))]
print(f"{len(ids):,} tokens, {len(questions):,} questions")
print("the longest context has", f"{len(questions[-1][0]):,}", "tokens")

# %% [markdown]
# ## One window, many predictions
#
# A model cannot look back without end. It reads at most a fixed number of tokens, its **context length** $T$. So we cut
# the row into windows of $T$ tokens. For each window the *input* is $x = (t_0, \dots, t_{T-1})$ and the *target* is the
# same stretch one place later:
#
# $$y_i = x_{i+1}, \qquad i = 0, \dots, T - 2, \qquad \text{and } y_{T-1} \text{ is the token after the window.}$$

# %%
T = 4
x = ids[0:T]
y = ids[1 : T + 1]

print("input ", x, repr(encoding.decode(x)))
print("target", y, repr(encoding.decode(y)))
assert y[:-1] == x[1:]

# %% [markdown]
# Read the two rows in columns and the growing contexts come back: at position $i$ the model has seen $x_0 \dots x_i$
# and should say $y_i$. One window holds $T$ questions, not one.

# %%
for i in range(T):
    print(f"position {i}: {encoding.decode(x[: i + 1])!r:24} -> {encoding.decode([y[i]])!r}")

# %% [markdown]
# A window of $T$ inputs needs $T + 1$ tokens. Cut out only $T$ and the last answer is missing, which is easy to do when
# one picks a sample first and shifts it afterwards:

# %%
sample = ids[:T]
print("inputs ", sample, "   length", len(sample))
print("targets", sample[1:], "       length", len(sample[1:]), "<- one short")

# %% [markdown]
# Does the loss really use all $T$ answers? Let us ask it. A model gives one row of *logits* (a score for each of the
# $V$ tokens) at each position. Here they are all zero, as if it knew nothing. Where the loss cares about a row, that
# row receives a gradient.

# %%
V = encoding.n_vocab
logits = torch.zeros(T, V, requires_grad=True)  # (T, V)
loss = F.cross_entropy(logits, torch.tensor(y))  # the mean over the T positions
loss.backward()

print(f"loss {loss.item():.4f}, and ln V = {torch.tensor(float(V)).log().item():.4f}")
gradients = logits.grad.abs().sum(dim=1)  # (T,)
print("gradient that reaches each position:", [round(g, 3) for g in gradients.tolist()])

# %% [markdown]
# Four positions, four equal shares. (And a model that knows nothing has a loss of $\ln V$: keep that figure, lesson 07
# comes back to it.)

# %% [markdown]
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
# Put the letter, in quotes, in place of the `...`, and write your reason into the comment. The check reads only the
# letter; compare the reason it gives with yours.

# %% exercise="03.1"
# My reason:
### BEGIN SOLUTION
trained_positions = "d"
### STUB
# trained_positions = ...
### END SOLUTION

# %%
exercise("03.1").check(trained_positions)

# %% [markdown]
# ## Slide the window
#
# One window covers $T$ tokens; the story has thousands. So we move the window along. How far it moves each time is the
# **stride** $S$: window $k$ starts at token $k \cdot S$. Small numbers first: eleven ids, $T = 4$, $S = 3$.

# %%
numbers = list(range(10, 21))
T, S = 4, 3

for start in range(0, len(numbers) - T, S):
    inputs, targets = numbers[start : start + T], numbers[start + 1 : start + T + 1]
    print(f"start {start}: input {inputs}  target {targets}")

# %% [markdown]
# Why does `range` stop at `len(numbers) - T` and not one later? The last window must leave one token over for its last
# target. Let us go one further and look:

# %%
start = len(numbers) - T
print("input ", numbers[start : start + T])
print("target", numbers[start + 1 : start + T + 1], "<- ragged: a batch of such rows is no tensor")

# %% [markdown]
# ### Exercise 03.2 · Write the windows
#
# ●●○ · 10 minutes · for knowing exactly what a model is trained on · write a function
#
# Complete `make_windows`. It slides a window of `max_length` ids over `token_ids`, from position 0 on, `stride` ids at
# a time, and returns a list of pairs (input row, target row). Both rows hold `max_length` ids; the target row is the
# input row one token later. A window that does not fit, targets included, is left out, so a text of fewer than
# `max_length + 1` ids gives `[]`.
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
# With a stride below $T$ the windows overlap, and a token is a target more than once. With a stride above $T$ there are
# gaps. Count how often each of twenty ids is a target:


# %%
def times_a_target(n_tokens, max_length, stride):
    counts = [0] * n_tokens
    for start in range(0, n_tokens - max_length, stride):
        for position in range(start + 1, start + max_length + 1):
            counts[position] += 1
    return counts


for stride in (2, 4, 6):
    print(f"stride {stride}:", *times_a_target(20, max_length=4, stride=stride))

# %% [markdown]
# Stride 2 asks most questions twice, stride 6 leaves some out for ever, and at stride 4 = $T$ each is asked once,
# except for the few at the end that fill no window. That looks simple. Test yourself on a case that many get wrong:

# %% [markdown]
# ### Exercise 03.3 · What does a stride skip?
#
# ●○○ · 4 minutes · for choosing a stride · predict
#
# A text has 1,000 tokens, the context length is 4. All tokens but the first have one before them, so 999 could be
# targets. How many of them are the target of at least one window at stride 4, and how many at stride 5? Work it out
# before you run anything.

# %% exercise="03.3"
### BEGIN SOLUTION
trained_at_stride_4, trained_at_stride_5 = 996, 800
### STUB
# trained_at_stride_4, trained_at_stride_5 = ..., ...
### END SOLUTION

# %%
exercise("03.3").check((trained_at_stride_4, trained_at_stride_5))

# %% [markdown]
# Now the same by counting. `window_statistics` gives the figures without building a single window:

# %%
print("stride  windows  trained  never  times each")
for stride in (1, 2, 4, 5, 8):
    s = window_statistics(1000, max_length=4, stride=stride)
    never, times = s.tokens_never_trained, s.repeats_per_target
    print(f"{stride:6} {s.windows:8} {s.tokens_trained:8} {never:6} {times:11.2f}")

# %% [markdown]
# A stride of 5 sounds like "one more than needed". It skips one target in five, and the same ones in every *epoch*,
# that is in every pass through all windows.
#
# ### Predict, then explore
#
# The map below hands *your* `make_windows` the positions 0, 1, 2 … and draws what comes back: blue where the input
# lies, striped orange where the target lies. It starts at stride 2, context length 4, batches of 4. Before you touch
# it:
#
# - Three windows are left out at the end. Which control brings them back, and which other one could too?
# - What will change in the picture if you tick *Shuffle*, and what will not?
# - **The target:** each token but the first is a target exactly once. Stride = context length is not enough. Why?
#
# (Changed `make_windows`? Run the cell again, and the map uses the new one.)

# %%
explorer = WindowMap(windows=make_windows)
explorer

# %% [markdown]
# An explorer is a Python object, so what it shows can be asserted. Here is a second map, set from code: with context
# length 4 and a stride of 5, then 7, from where to where do the inputs reach, and which of the 25 tokens are never a
# target? Say it before you run the cell.

# %%
probe = WindowMap(windows=make_windows)
inputs = {}
for stride in (5, 7):
    probe.set(stride=stride, max_length=4, batch_size=2, drop_last=False)
    never = [position for position, count in enumerate(probe.trace.target_counts) if count == 0]
    inputs[stride] = [(window[0], window[-1]) for window in probe.trace.inputs]
    print(f"stride {stride}: inputs {inputs[stride]}\n          never a target: {never}")

assert inputs == {5: [(0, 3), (5, 8), (10, 13), (15, 18), (20, 23)], 7: [(0, 3), (7, 10), (14, 17)]}
assert never == [0, 5, 6, 7, 12, 13, 14, 19, 20, 21, 22, 23, 24]

# %% [markdown]
# If that assertion fails, `make_windows` is wrong, and the map shows how. When you have reached the target by hand,
# print what you found: `explorer.state` holds your settings, and `print(explorer.code())` writes them as plain Python.
#
# What stride means for a whole text, here the story at context length 32:

# %%
print("stride  windows  each target, on average")
for stride in (1, 8, 16, 32, 64):
    s = window_statistics(len(ids), max_length=32, stride=stride)
    times, share = s.repeats_per_target, s.tokens_trained / (len(ids) - 1)
    print(f"{stride:6} {s.windows:8}  {times:5.2f} times, {share:4.0%} of the targets reached")

# %% [markdown]
# At stride 1 an epoch takes about 32 times the work of stride 32 and asks for the same answers 32 times over, with more
# or fewer tokens before them: that is repetition, not more data, and a model that sees a small text often enough learns
# it by heart (lesson 08 shows it happen). The usual choice is **stride = context length**: each target once, nothing
# skipped but the tail.
#
# ## From windows to batches
#
# PyTorch splits the work in two. A `Dataset` knows how many examples there are and hands out the $i$-th. A `DataLoader`
# decides the order, collects examples into batches and is what the training loop iterates over. Our data set is short:


# %%
class Windows(Dataset):
    def __init__(self, token_ids, max_length, stride):
        self.ids = torch.tensor(token_ids)
        self.max_length = max_length
        self.starts = range(0, len(token_ids) - max_length, stride)

    def __len__(self):
        return len(self.starts)

    def __getitem__(self, i):
        start = self.starts[i]
        stop = start + self.max_length
        return self.ids[start:stop], self.ids[start + 1 : stop + 1]


windows = Windows(ids, max_length=6, stride=6)
print(len(windows), "windows; the first:", windows[0])

# %% [markdown]
# The loader stacks $B$ examples, the **batch size**, into tensors of shape $(B, T)$:

# %%
loader = DataLoader(windows, batch_size=3, shuffle=False)
inputs, targets = next(iter(loader))

print("inputs ", tuple(inputs.shape), inputs.dtype)
print("targets", tuple(targets.shape), targets.dtype)
print(inputs)
print(targets)

# %% [markdown]
# Three words that are easily mixed up, now side by side: the **context length** (here 6) is how far the model sees, the
# **stride** (6) how far the window moves, the **batch size** (3) how many windows go through the model together.
#
# ### What the batch size is for
#
# The loss of a batch is the mean over its windows, so its gradient is the mean of their gradients. We check that on a
# tiny model: a table with one row of logits for each token, over a vocabulary of 11.

# %%
generator = torch.Generator().manual_seed(0)
table = torch.randn(11, 11, generator=generator, requires_grad=True)
small = Windows(torch.randint(0, 11, (200,), generator=generator).tolist(), max_length=5, stride=5)


def gradient(rows):
    chosen = [small[i] for i in rows]
    inputs, targets = next(iter(DataLoader(chosen, batch_size=len(rows))))  # (B, T)
    loss = F.cross_entropy(table[inputs].flatten(0, 1), targets.flatten())
    return torch.autograd.grad(loss, table)[0]  # (11, 11)


together = gradient([0, 1, 2])
one_by_one = torch.stack([gradient([i]) for i in (0, 1, 2)]).mean(dim=0)
equal = torch.allclose(together, one_by_one, atol=1e-6)
print("gradient of the batch = mean of the gradients:", equal)

# %% [markdown]
# A mean over few windows is a noisy guess at the mean over all of them. How far off is it, for batches of one, four and
# sixteen?

# %%
whole = gradient(range(len(small)))
print(len(small), "windows in all")
for batch_size in (1, 4, 16):
    orders = [torch.randperm(len(small), generator=generator).tolist() for _ in range(200)]
    errors = [(gradient(order[:batch_size]) - whole).norm() for order in orders]
    error = torch.stack(errors).mean() / whole.norm()
    print(f"batch size {batch_size:2}: off by {error:.1f} × the length of the true gradient")

# %% [markdown]
# Four times the batch, about half the error (sixteen do a little better still, being nearly half of all windows). So
# larger batches point in a steadier direction. They also take more memory: the ids weigh next to nothing, but the model
# answers with a row of $V$ numbers for each of the $B \cdot T$ positions.

# %%
for batch_size in (1, 8, 32):
    n_bytes = batch_size * 256 * V * 4  # (B, T, V) logits in float32
    print(f"batch size {batch_size:2}, context length 256: logits of {n_bytes / 1e6:7,.0f} MB")

# %% [markdown]
# So a batch of one is cheap and noisy, a large one steady and expensive.
#
# ### How many windows, how many batches?
#
# Before a long training run you want to know how long an epoch is. Work it out: where may the last window start? How
# many steps of $S$ fit before that? What becomes of the windows that fill no batch?

# %% [markdown]
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
# Nothing warns you when the answer is zero. Four tokens cannot fill a window of length 6, and the training loop below
# "succeeds" (only with `shuffle=True` would PyTorch complain, about its `num_samples`):

# %%
too_short = Windows([464, 19132, 1625, 284], max_length=6, stride=6)
for inputs, targets in DataLoader(too_short, batch_size=3):
    print("training ...")
print("done: 1 epoch,", len(too_short), "windows")

# %% [markdown]
# The same happens when `drop_last=True` meets fewer windows than one batch holds. `llmlab` refuses instead, in both
# cases:

# %%
for sizes in ({"max_length": 6, "batch_size": 1}, {"max_length": 2, "batch_size": 3}):
    try:
        create_dataloader("The piano came to", stride=6, **sizes)
    except ValueError as error:
        print(f"ValueError: {error}\n")

# %% [markdown]
# ## Shuffle and the last batch
#
# Neighbouring windows belong to the same scene. If batches follow the text, the model gets a whole stretch of piano,
# then a whole stretch of sheep. `shuffle=True` draws a new order of the *windows* each epoch; inside a window the
# order of the tokens never changes.

# %%
generator = torch.Generator().manual_seed(7)
loader = DataLoader(windows, batch_size=3, shuffle=True, generator=generator)
for epoch in (1, 2):
    inputs, _ = next(iter(loader))
    print(f"epoch {epoch}:", *[repr(encoding.decode(row.tolist())) for row in inputs])

# %% [markdown]
# A generator with a seed makes the order repeatable: seed it again, and the same epoch comes again.

# %%
generator.manual_seed(7)
inputs, _ = next(iter(loader))
print("epoch 1:", *[repr(encoding.decode(row.tolist())) for row in inputs])

# %% [markdown]
# For measuring the loss on held-out text the order does not matter, so there one switches shuffling off, or believes
# one has:

# %% [markdown]
# ### Exercise 03.5 · Find the bug: the loader that will not listen
#
# ●●○ · 6 minutes · for reading a loader critically · find the bug
#
# This function makes a loader for the caller's data set, batch size and choices. It runs, and yet somebody who compared
# two runs token by token found that one argument changes nothing. Find out which, and mend the function.

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
# **The last batch.** When the windows do not divide evenly, the last batch is smaller, perhaps a single window, and
# still it counts as a full step of training. How much does the loss of a batch depend on its size? Take a model that
# knows only how frequent each token is, and never changes:

# %%
all_ids = torch.tensor(ids)
frequency = torch.bincount(all_ids) / len(ids)
surprise = -frequency[all_ids].log()  # (n_tokens,) the loss at each token
per_window = torch.stack([surprise[start + 1 : start + 7].mean() for start in windows.starts])

for batch_size in (1, 2, 8):
    losses = per_window[: len(per_window) // batch_size * batch_size].view(-1, batch_size).mean(dim=1)
    print(f"batches of {batch_size}: loss {losses.mean():.2f} ± {losses.std():.2f}")

# %% [markdown]
# The mean is the same, the scatter is not. Here are the first forty batches of eight, with their single windows behind:

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(7, 2.4))
axes.plot(per_window[:320], ".", color="#8a8a8a", markersize=3, label="single windows")
by_eight = per_window[:320].view(-1, 8).mean(dim=1)
axes.plot(range(4, 320, 8), by_eight, color="#2f7fc1", label="batches of 8")
axes.set(xlabel="window", ylabel="loss")
axes.legend(loc="upper right", ncols=2)
course.show(
    figure,
    alt="Loss along the story. The means of batches of eight windows stay in a narrow band; "
    "single windows scatter widely above and below it.",
)

# %% [markdown]
# A last batch of one window is drawn from the wide grey cloud, not from the narrow blue band: often a spike in the loss
# curve, and one step in a poor direction. `drop_last=True` leaves that batch out. Is that text lost? With shuffling,
# not for good: which windows are left out is drawn anew in each epoch. Ten windows in batches of four:

# %%
ten = DataLoader(range(10), batch_size=4, shuffle=True, drop_last=True, generator=generator)
for epoch in (1, 2, 3):
    used = torch.cat(list(ten)).tolist()
    print(f"epoch {epoch}: left out {sorted(set(range(10)) - set(used))}")

# %% [markdown]
# For *evaluation* keep `drop_last=False`: there every window should count, and nothing should depend on chance.
#
# **Workers.** `num_workers=2` lets two more processes prepare batches while the model computes. It changes nothing
# about the batches:

# %%
sizes = {"batch_size": 8, "max_length": 32, "stride": 32, "shuffle": False}
alone = create_dataloader(story, **sizes)
helped = create_dataloader(story, **sizes, num_workers=2)

pairs = zip(alone, helped, strict=True)
same = all(torch.equal(x, u) and torch.equal(y, v) for (x, y), (u, v) in pairs)
print(len(alone), "batches, the same with two workers:", same)

# %% [markdown]
# Workers pay when an example takes long to prepare: photographs to decode, audio to resample. Our windows are slices
# of a tensor in memory, and starting processes costs more than it saves; so `num_workers=0` is the default here.

# %%
from time import perf_counter


def seconds(loader):
    start = perf_counter()
    for _ in loader:
        pass
    return perf_counter() - start


best_alone, best_helped = (min(seconds(loader) for _ in range(5)) for loader in (alone, helped))
print("an epoch takes longer with workers:", best_helped > best_alone)

# %% [markdown]
# ## One shift, not two
#
# The targets are already shifted: row $y$ is row $x$ one token later. The loss must compare logits and targets
# position by position. Imagine a perfect model, which puts all its weight on the right next token:

# %%
loader = create_dataloader(story, batch_size=3, max_length=6, stride=6, shuffle=False)
inputs, targets = next(iter(loader))
perfect = 50.0 * F.one_hot(targets, V).float()  # (B, T, V)

right = F.cross_entropy(perfect.flatten(0, 1), targets.flatten())
shifted_again = F.cross_entropy(perfect[:, :-1].flatten(0, 1), targets[:, 1:].flatten())
print(f"one shift  : loss {right.item():.2f}")
print(f"two shifts : loss {shifted_again.item():.2f}")

# %% [markdown]
# Shifted twice, the perfect model looks hopeless. And a model that is *trained* that way? Let a table of logits learn
# the simplest text there is, 0 1 2 3 4 5 6 0 1 2 …, with the second shift in its loss:

# %%
cycle = torch.arange(200) % 7
x, y = cycle[:-1], cycle[1:]
table = torch.zeros(7, 7, requires_grad=True)

for step in range(101):
    loss = F.cross_entropy(table[x][:-1], y[1:])  # y is shifted already
    (gradient,) = torch.autograd.grad(loss, table)
    table = (table - 10 * gradient).detach().requires_grad_()
    if step in (0, 10, 100):
        print(f"step {step:3}: loss {loss.item():.2f}")

print(f"after 0 comes {y[0].item()}, the model says {table[0].argmax().item()}")

# %% [markdown]
# The loss falls as it should, and the model has learned to predict the token after the next. Nothing looks wrong until
# you read what it writes. Some libraries shift inside the model, some in the data: know which one yours does, and
# shift once.

# %% [markdown]
# ### Exercise 03.6 · Find the bug: one shift too many
#
# ●●● · 8 minutes · for joining a data set to a loss · find the bug
#
# `logits` (B, T, V) are a model's scores for each of V tokens at each position, `targets` (B, T) come from the data set
# above, where `targets[b, t]` is the token after `inputs[b, t]`. The loss should be the mean cross-entropy over every
# position. The function runs, the loss falls during training, and the model learns the wrong thing. Mend it.

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
# ## The same, polished: `llmlab.windows`
#
# What you wrote by hand is in the package, with checks and without copies. First, that it is the same, for several
# sizes and against the class above:

# %%
for max_length, stride in ((6, 6), (5, 2), (3, 7)):
    by_hand = Windows(ids, max_length, stride)
    packaged = SlidingWindowDataset(ids, max_length, stride)
    pairs = zip(by_hand, packaged, strict=True)
    same = all(torch.equal(x, u) and torch.equal(y, v) for (x, y), (u, v) in pairs)
    counts = f"{len(by_hand)} and {len(packaged)} windows"
    print(f"length {max_length}, stride {stride}: {counts}, equal: {same}")

# %% [markdown]
# And against your own `make_windows`:

# %%
yours = make_windows(ids, 6, 5)
if yours is None:
    print("make_windows is still to be written: exercise 03.2.")
else:
    packaged = [(x.tolist(), y.tolist()) for x, y in SlidingWindowDataset(ids, 6, 5)]
    assert [(list(x), list(y)) for x, y in yours] == packaged
    print(f"Your {len(packaged)} windows equal llmlab's.")

# %% [markdown]
# Second, without copies. At stride 1 there are nearly as many windows as ids, each with 256 ids of input and 256 of
# target, eight bytes an id. As separate tensors they would take all that; as a *view* they share the one row of ids:

# %%
dense = SlidingWindowDataset(ids, max_length=256, stride=1)
shown = 2 * dense.inputs.numel() * 8
stored = dense.inputs.untyped_storage().nbytes()
print(f"{len(dense):,} windows show {shown / 1e6:.0f} MB of ids and store {stored / 1e6:.2f} MB")

# %% [markdown]
# Third, the loader that the next lessons use, with the parameters of `create_dataloader_v1` in Raschka's *Build a Large
# Language Model (From Scratch)*:

# %%
loader = create_dataloader(story, batch_size=8, max_length=32, stride=32, shuffle=False)
for number, (inputs, targets) in enumerate(loader):
    assert inputs.shape == targets.shape == (8, 32)
    assert torch.equal(inputs[:, 1:], targets[:, :-1])
print(number + 1, "batches of shape (8, 32), each target its input shifted by one")

# %% [markdown]
# ## You can now
#
# - say why a text needs no labels, and what the $T$ questions of one window are;
# - cut windows by hand, stop at the right place, and tell stride, context length and batch size apart;
# - compute windows and batches before the run, and notice when there are none;
# - recognise a shuffle that is ignored, a small last batch, and a target that was shifted twice.
#
# Type `??SlidingWindowDataset` in a new cell to read the package's version. Lesson 04 turns the ids in these windows
# into vectors.

# %%
progress("03")
