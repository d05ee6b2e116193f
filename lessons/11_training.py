# %% [markdown]
# # 11 · Training
#
# The GPT of lesson 07 is complete, and all it can do is guess: its first loss is $\ln V$, as if it rolled a die with a
# side for each token. In this lesson it learns. The loop that does it has five lines. The rest of the lesson is about
# what keeps those five lines from going wrong, and how to see it when they do.
#
# About 90 minutes. At the end you can
#
# - write the training loop, and test it on a single batch;
# - read loss curves, and name the bug behind a bad one;
# - see overfitting coming, with a validation text that the model never learns from;
# - use a learning-rate schedule, clipping and checkpoints;
# - run the same training in several processes with `torchrun`.

# %% [markdown]
# ## Before we start: three questions on lesson 07
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. What do norm and residual connection each do for a deep model?</summary>
#
# The norm lets each layer read vectors of one scale. The residual connection gives signal and gradient a way from end
# to end on which nothing is multiplied. Only together do all layers learn at about the same pace.
# </details>
#
# <details><summary>2. What is a logit, and what makes a probability of it?</summary>
#
# A score for a token, any number. A softmax over the vocabulary makes probabilities of all of them together.
# PyTorch's <code>cross_entropy</code> takes logits and does that itself.
# </details>
#
# <details><summary>3. An untrained GPT has a vocabulary of 1,000 tokens. What is its first loss, about?</summary>
#
# ln 1,000 = 6.9: it gives each token about the same probability, 1/1,000.
# </details>

# %%
import math
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import display
from torch import nn
from torch.nn import functional as F

from llmlab import course
from llmlab.bpe import train_bpe
from llmlab.corpus import load_text, toy_world, toy_world_accepts
from llmlab.exercises import exercise, progress
from llmlab.explorers import TrainingCurve, TrainingReplay
from llmlab.explorers.training_replay import recorded_runs
from llmlab.generation import generate
from llmlab.gpt import GPT, GPTConfig
from llmlab.training import TrainConfig, evaluate, learning_rate_at, split_documents, train
from llmlab.windows import create_dataloader

torch.set_printoptions(precision=3, sci_mode=False)
torch.set_num_threads(1)  # models this small are fastest on one core: several would mostly wait for each other

# %% [markdown]
# ## A loss for every position
#
# A batch holds $B$ windows of $T$ tokens. Because of the causal mask no position sees what comes after it, so one pass
# through the model asks $B \cdot T$ questions at once: which token comes next *here*? The loss of one answer is minus
# the logarithm of the probability that the right token was given, and the loss of the batch is the mean over all of
# them. By hand, for two windows of three tokens and a vocabulary of five:

# %%
generator = torch.Generator().manual_seed(0)
logits = torch.randn(2, 3, 5, generator=generator)  # (B, T, V)
targets = torch.tensor([[4, 0, 2], [1, 1, 3]])  # (B, T), already shifted by the loader of lesson 03

surprises = torch.empty(2, 3)
for b in range(2):
    for t in range(3):
        probabilities = logits[b, t].softmax(dim=-1)  # (V,)
        surprises[b, t] = -probabilities[targets[b, t]].log()
print(surprises)
print("mean over all 2 · 3 positions:", round(surprises.mean().item(), 4))

# %% [markdown]
# PyTorch's `cross_entropy` does the softmax, the logarithm and the mean in one. It wants a list of questions, so
# windows and positions are flattened into one axis: logits $(B \cdot T, V)$, targets $(B \cdot T)$.

# %%
loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
print("cross_entropy:", round(loss.item(), 4))
assert torch.isclose(loss, surprises.mean())

# %% [markdown]
# Every position is asked, so every position gets a gradient, the first of a window like the last. (Lesson 03 met the
# opinion that only the last one counts.)

# %%
logits.requires_grad_()
F.cross_entropy(logits.flatten(0, 1), targets.flatten()).backward()
print("length of the gradient at each position:")
print(logits.grad.norm(dim=-1))

# %% [markdown]
# ## One softmax too many
#
# Here is a mistake that raises no error: a softmax at the end of the model, and another one inside the loss. What would
# the best possible model get, one that is always certain and always right? It gives the right token probability 1, and
# the $V - 1$ others 0. The loss takes these for logits. For the right token, its softmax makes of them
#
# $$\frac{e^1}{e^1 + (V - 1)\, e^0}, \qquad \text{so the loss is} \quad
# -\ln \frac{e}{e + V - 1} = \ln(V - 1 + e) - 1.$$
#
# No model can get below that, however good it is. With 65 classes:

# %%
V = 65
perfect = F.one_hot(torch.tensor([7]), V).float()  # (1, V) probabilities of a model that knows the answer
right_answer = torch.tensor([7])

print(f"by the formula:          {math.log(V - 1 + math.e) - 1:.2f}")
print(f"with a softmax too many: {F.cross_entropy(perfect, right_answer).item():.2f}")
print(f"as logits, sure of it:   {F.cross_entropy(100 * perfect, right_answer).item():.2f}")
print(f"knowing nothing, ln V:   {math.log(V):.2f}")

# %% [markdown]
# From 4.17 to 3.20: that is all such a run can gain. And it gains it slowly, since the second softmax nearly flattens
# whatever the first one says. Compare the gradients on the same logits:

# %%
scores = torch.randn(4, V, generator=generator).requires_grad_()
answers = torch.tensor([3, 1, 4, 1])
once, twice = F.cross_entropy(scores, answers), F.cross_entropy(scores.softmax(dim=-1), answers)
size_once, size_twice = (torch.autograd.grad(loss, scores)[0].norm().item() for loss in (once, twice))
print(f"with one softmax the gradient is about {size_once / size_twice:.0f} times as long")

# %% [markdown]
# ### Exercise 11.1 · Find the bug: the loss that will not fall
#
# ●○○ · 4 minutes · for trusting a loss before a long run · find the bug
#
# A model with a vocabulary of 65 characters has trained for an hour, and its loss has stopped at 3.2. Here is the
# function that computes it. Mend it: it should return the mean loss over all positions.


# %% exercise="11.1"
def batch_loss(logits, targets):
    B, T, V = logits.shape
    ### BEGIN SOLUTION
    return torch.nn.functional.cross_entropy(logits.reshape(B * T, V), targets.reshape(B * T))
    ### STUB
    # probabilities = logits.softmax(dim=-1)
    # return torch.nn.functional.cross_entropy(probabilities.reshape(B * T, V), targets.reshape(B * T))
    ### END SOLUTION


# %%
exercise("11.1").check(batch_loss)

# %% [markdown]
# ## Gradient descent
#
# The loss is a function of the weights. Its **gradient** holds, for each weight, how fast the loss grows if that weight
# is made a little larger. So moving every weight a little *against* its gradient makes the loss smaller, as long as the
# step is short enough; the **learning rate** says how short. Then the gradient is computed anew, and so on. That is all
# there is to it. For one weight and a loss that we can draw, $(w - 3)^2$, with three learning rates:

# %%
for learning_rate in (0.1, 0.9, 1.1):
    w, visited = torch.tensor(0.0, requires_grad=True), []
    for _ in range(6):
        visited.append(w.item())
        loss = (w - 3) ** 2
        (gradient,) = torch.autograd.grad(loss, w)
        w = (w - learning_rate * gradient).detach().requires_grad_()  # the step
    print(f"learning rate {learning_rate}: w =", ", ".join(f"{place:.2f}" for place in visited))

# %% [markdown]
# The first rate creeps towards 3, the second jumps over it and comes back, the third jumps further away each time. A
# rate that is too high does not learn faster: it destroys what was learned. You will meet both extremes in loss curves.

# %% [markdown]
# ## The loop
#
# A real model has millions of weights, and PyTorch keeps the gradient of each in `parameter.grad`. An **optimizer**
# takes the step for all of them. So one step of training is always these five lines:
#
# ```
# logits = model(inputs)              forward: (B, T) -> (B, T, V)
# loss = F.cross_entropy(...)         one number
# optimizer.zero_grad()               forget the gradients of the step before
# loss.backward()                     compute the gradients of this one
# optimizer.step()                    move every weight
# ```
#
# The third line is easily forgotten, because nothing fails without it: `backward` *adds* to the gradients that are
# already there.

# %%
torch.manual_seed(0)
toy = GPT(GPTConfig(vocab_size=11, context_length=9, d_model=24, n_heads=3, n_layers=2))
ids = torch.tensor([[1, 5, 2, 10, 0, 3, 3, 8], [7, 7, 1, 0, 4, 9, 8, 2]])
inputs, targets = ids[:, :-1], ids[:, 1:]  # (2, 7) each

for number in range(3):
    F.cross_entropy(toy(inputs).flatten(0, 1), targets.flatten()).backward()
    norm = torch.cat([parameter.grad.flatten() for parameter in toy.parameters()]).norm().item()
    if number == 0:
        first = norm
    print(f"after backward number {number + 1}: {norm / first:.1f} times as long as the first")

# %% [markdown]
# Three times the same gradient, added up. In a real run the old ones belong to weights that have long moved on.
#
# How do you know that a loop is right, before it runs for hours? Give it *one* batch, again and again. A model with
# thousands of weights can learn two windows by heart, so the loss must go to nearly 0 (unless the windows begin alike
# and then differ: that cannot be foreseen). If it does not, something in model, loss or loop is broken, and more text
# will not mend it. It is the cheapest test there is.

# %% [markdown]
# ### Exercise 11.2 · Overfit one batch
#
# ●●○ · 8 minutes · for writing the loop that everything else is built on · write a function
#
# Write `fit`: `steps` times the five lines, always with the same `inputs` and `targets` (B, T). `model` gives logits
# (B, T, V); the optimizer is made already. Return the list of the losses as Python numbers, each from *before* its
# update.
#
# Stuck? `exercise("11.2").hint()` gives a question first, then the idea, then the line.


# %% exercise="11.2"
def fit(model, optimizer, inputs, targets, steps):
    losses = []
    ### BEGIN SOLUTION
    for _ in range(steps):
        logits = model(inputs)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
    ### STUB
    # ...
    ### END SOLUTION


# %%
exercise("11.2").check(fit)

# %% [markdown]
# Does the model of lesson 07 learn its two windows by heart? Plain gradient descent is called **SGD** in PyTorch, for
# *stochastic* gradient descent: the gradient of one random batch is an estimate of the gradient over the whole text.

# %%
sgd = torch.optim.SGD(toy.parameters(), lr=0.5)
losses = []
for _ in range(150):
    loss = F.cross_entropy(toy(inputs).flatten(0, 1), targets.flatten())
    sgd.zero_grad()
    loss.backward()
    sgd.step()
    losses.append(loss.item())

print(f"first loss near ln 11 = {math.log(11):.1f}:", abs(losses[0] - math.log(11)) < 0.3)
print("last loss below 0.05:", losses[-1] < 0.05)
print("right tokens:", (toy(inputs).argmax(dim=-1) == targets).sum().item(), "of", targets.numel())

# %% [markdown]
# It does. This says nothing yet about other texts; that comes below.

# %% [markdown]
# ## AdamW
#
# In plain gradient descent one learning rate serves all weights. But the gradients of different weights can differ in
# size by factors of thousands, and they vary from batch to batch. For every weight $w$ with gradient $g$, **Adam**
# keeps two running means: $m$ of the gradient and $v$ of its square. It steps by $m$ over the root of $v$:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2, \qquad
# w \leftarrow w - \eta\, \frac{\hat m}{\sqrt{\hat v} + \varepsilon}$$
#
# The hats divide by $1 - \beta^t$ at step $t$, because both means begin at 0 and are too small at first. Each $\beta$
# says how much of the old mean is kept, $\eta$ is the learning rate, and the tiny $\varepsilon$ keeps the division
# safe. If the gradients of a weight are all alike, the ratio is 1 or −1, whatever their size; if they contradict each
# other, it is near 0. The **W** stands for weight decay: at each step the weights also shrink by a small share of
# themselves, separately from all this. By hand, beside PyTorch's:

# %%
eta, beta_1, beta_2, epsilon, decay = 0.01, 0.9, 0.95, 1e-8, 0.1
gradients = torch.tensor([[3000.0, 0.2], [2000.0, -0.1], [4000.0, 0.3], [1000.0, -0.2]])  # two weights, four steps

weights = torch.tensor([1.0, 1.0], requires_grad=True)
adamw = torch.optim.AdamW([weights], lr=eta, betas=(beta_1, beta_2), eps=epsilon, weight_decay=decay)
w, m, v = torch.tensor([1.0, 1.0]), torch.zeros(2), torch.zeros(2)
for t, g in enumerate(gradients, 1):
    w = w * (1 - eta * decay)  # the W
    m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
    w = w - eta * (m / (1 - beta_1**t)) / ((v / (1 - beta_2**t)).sqrt() + epsilon)
    weights.grad = g.clone()
    adamw.step()
    print(f"step {t}: by hand {[round(x, 4) for x in w.tolist()]}")
assert torch.allclose(w, weights, atol=1e-6)

# %% [markdown]
# The first weight's gradients are ten thousand times as large as the second's, yet its steps are at most about four
# times as long. That is why one learning rate can serve a whole GPT. The price: two more numbers to keep for each
# weight.
#
# Not everything should shrink. By custom, decay is for the matrices that multiply; biases and norms are left alone, and
# here embeddings too. So the optimizer gets two groups of parameters.

# %% [markdown]
# ## Warm-up and cosine
#
# The best learning rate is not the same all the time.
#
# - **Warm-up.** At the start the weights are random and Adam's means rest on a handful of gradients, so a long step may
#   go far astray. The rate grows in a straight line, from nearly nothing to its highest.
# - **Cosine.** Then it falls, slowly first, faster in the middle, slowly at the end, along half a cosine, to a tenth of
#   the highest. Long steps find the valley; short ones find its floor.

# %% [markdown]
# ### Exercise 11.3 · The schedule
#
# ●●○ · 8 minutes · for the most important number of a training run · write a function
#
# Write `schedule`: the learning rate of update number `step`, counted from 0. In the warm-up (which may have no steps),
# while `step < warmup_steps`, it is `highest` · (step + 1) / warmup_steps. From there on, with *way* going from 0 at
# step `warmup_steps` to 1 at the last step, `steps - 1`, it is
#
# $$\text{lowest} + (\text{highest} - \text{lowest}) \cdot \frac{1 + \cos(\pi \cdot \text{way})}{2}.$$


# %% exercise="11.3"
import math


def schedule(step, steps, warmup_steps, highest, lowest):
    ### BEGIN SOLUTION
    if step < warmup_steps:
        return highest * (step + 1) / warmup_steps
    way = (step - warmup_steps) / (steps - 1 - warmup_steps)
    return lowest + (highest - lowest) * (1 + math.cos(math.pi * way)) / 2
    ### STUB
    # ...
    ### END SOLUTION


# %%
exercise("11.3").check(schedule)

# %% [markdown]
# llmlab's is the same formula. Over 240 steps, of which 20 warm up:

# %%
settings = TrainConfig(steps=240, learning_rate=4e-3, warmup_steps=20, final_learning_rate=0.1)
rates = [learning_rate_at(step, settings) for step in range(240)]
for step in (0, 9, 19, 20, 130, 239):
    print(f"step {step:3}: {rates[step]:.4f}")

figure, axes = plt.subplots(figsize=(5, 2.2))
axes.plot(rates, color="#2f7fc1")
axes.set(xlabel="step", ylabel="learning rate")
course.show(
    figure,
    alt="Learning rate over 240 steps: a straight line up to 0.004 in the first 20, then down along half a cosine "
    "to 0.0004.",
)

# %% [markdown]
# ## Clipping
#
# Now and then a batch is odd, and its gradient is ten times as long as usual. One such step can undo many good ones. So
# the gradient, all of it as one long vector, is given a maximum length: if it is longer, it is shortened to that. Its
# direction stays.

# %%
parameters = [torch.zeros(3, requires_grad=True), torch.zeros(2, requires_grad=True)]
parameters[0].grad, parameters[1].grad = torch.tensor([3.0, 0.0, 4.0]), torch.tensor([0.0, 12.0])

longest = 1.0
norm = torch.cat([p.grad for p in parameters]).norm()  # √(3² + 4² + 12²)
clipped = [p.grad * min(1.0, longest / norm.item()) for p in parameters]
print(f"length {norm.item():.1f} becomes {torch.cat(clipped).norm().item():.1f}")

reported = nn.utils.clip_grad_norm_(parameters, longest)  # shortens in place, returns the length before
print("PyTorch reports", reported.item())
assert all(torch.allclose(p.grad, mine, atol=1e-5) for p, mine in zip(parameters, clipped, strict=True))

# %% [markdown]
# The length *before* clipping is worth recording: next to the loss it says most about the health of a run. Clip between
# `backward` and `step`; anywhere else it does nothing useful.

# %% [markdown]
# ## Training text and validation text
#
# A falling loss shows that the model predicts the text *that it learns from*. What we want is a model of the language.
# So part of the text is held back and never learned from: the **validation text**. Now and then the loss on it is
# measured. We take the toy world of lesson 00, and split it by whole documents, so that no sentence is cut in two and
# no document stands on both sides:

# %%
text = toy_world(12_000, seed=0)
training_text, validation_text = split_documents(text, validation_share=0.1)
print(f"{len(training_text):,} characters to learn from, {len(validation_text):,} to validate on")
print(validation_text[:110])

# %% [markdown]
# The tokenizer too is made from the training text alone; what the validation text holds must not leak into anything.

# %%
tokenizer = train_bpe(training_text, 600, special_tokens=["<|endoftext|>"])
T = 64
shapes = {"batch_size": 16, "max_length": T, "stride": T, "tokenizer": tokenizer}
validation_loader = create_dataloader(validation_text, shuffle=False, drop_last=False, **shapes)


def training_loader(seed=0):
    """Batches of the training text, in the same order for the same seed."""
    return create_dataloader(training_text, generator=torch.Generator().manual_seed(seed), **shapes)


print(len(tokenizer), "tokens in the vocabulary")
print(len(training_loader()), "batches an epoch; to validate on:", len(validation_loader))
print("shapes of a batch:", [tuple(part.shape) for part in next(iter(training_loader()))])

# %% [markdown]
# ### Exercise 11.4 · The validation loss
#
# ●●○ · 8 minutes · for a number that decides when to stop · write a function
#
# Write `validation_loss`: the mean loss over *all tokens* of all `batches`, pairs (inputs, targets) of shape (B, T).
# The last batch may be smaller than the others. While measuring, the model is in evaluation mode (no dropout) and no
# gradients are recorded; afterwards the model is in the mode in which it was before.


# %% exercise="11.4"
def validation_loss(model, batches):
    ### BEGIN SOLUTION
    was_training = model.training
    model.eval()
    total = tokens = 0
    with torch.no_grad():
        for inputs, targets in batches:
            logits = model(inputs)
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
            total += loss.item() * targets.numel()
            tokens += targets.numel()
    model.train(was_training)
    return total / tokens
    ### STUB
    # ...
    ### END SOLUTION


# %%
exercise("11.4").check(validation_loss)

# %% [markdown]
# llmlab calls it `evaluate`. What does it find before any training?


# %%
def new_model(d_model=64, n_layers=3):
    torch.manual_seed(0)
    return GPT(GPTConfig(len(tokenizer), T, d_model, n_heads=4, n_layers=n_layers, tie_weights=True))


untrained = new_model()
n_parameters = sum(parameter.numel() for parameter in untrained.parameters())
print(f"{n_parameters:,} parameters, ln V = {math.log(len(tokenizer)):.1f}")
print(f"validation loss of the untrained model: {evaluate(untrained, validation_loader):.1f}")

# %% [markdown]
# ## Reading curves
#
# All that a run tells about itself is a few curves: the loss of each batch, the validation loss now and then, the
# learning rate, the length of the gradient. One learns to read them as a doctor reads a temperature chart. Here are
# four real runs of one small model, 240 steps each, and in each of them something is wrong. (Gradients jump from batch
# to batch, so the last column is the median of the last 20.)

# %%
runs = recorded_runs()
shown = {"W": 2, "X": 0, "Y": 4, "Z": 1}  # rows of the recording
print("        loss at step                  validation          gradient norm")
print("       1     60    120    240     60    120    240     first    last")
for name, row in shown.items():
    loss = " ".join(f"{runs.loss[row, step - 1]:6.2f}" for step in (1, 60, 120, 240))
    measured = " ".join(f"{runs.validation[row, step // 10 - 1]:6.2f}" for step in (60, 120, 240))
    print(f"{name} {loss} {measured}   {runs.norm[row, 0]:7.3f} {np.median(runs.norm[row, -20:]):7.4f}")

# %% [markdown]
# ### Exercise 11.5 · Which bug made this curve?
#
# ●●○ · 6 minutes · for finding a bug without reading code · predict
#
# The vocabulary has 600 tokens: $\ln 600 = 6.40$, and $\ln(600 - 1 + e) - 1 = 5.40$ would be the floor of a double
# softmax. What is wrong with runs W, X, Y and Z?
#
# - **a** the learning rate is too low
# - **b** there is too little text
# - **c** a softmax before the loss
# - **d** the targets are not shifted: the model is asked for the token that it has just read
# - **e** nothing
#
# Write one letter for each run, in the order W, X, Y, Z, as one text such as `"aabb"`.

# %% exercise="11.5"
### BEGIN SOLUTION
bugs = "cbda"
### STUB
# bugs = ...
### END SOLUTION

# %%
exercise("11.5").check(bugs)

# %% [markdown]
# ### Predict, then explore
#
# The replay below holds these runs and four more, each under a letter, with what the model wrote at every tenth step.
# It opens on a run whose last batches were predicted almost perfectly. Before you touch it:
#
# - At which step would you have stopped that run?
# - One run is healthy. Where will its validation loss lie, compared with the loss of its batches?
# - If gradients are never zeroed, which of the three charts will show it first?
# - **The target:** one run has the lowest loss of all, and no one would want its text. Name its bug.
#
# Your `schedule` is drawn over the recorded learning rates. (Changed it? Run the cell again.)

# %%
replay = TrainingReplay(schedule=schedule)
replay

# %% [markdown]
# An explorer is a Python object, so what it shows can be asserted. A second one goes through three runs, and compares
# your schedule with the recorded rates of each:

# %%
probe = TrainingReplay(schedule=schedule)
for run in ("B", "D", "F"):
    probe.set(run=run, tens=24)
    assert probe.trace.schedule_agrees
    print(f"run {run}: highest rate {probe.trace.rate.max():.4f}, loss at the end {probe.trace.loss[-10:].mean():.1f}")

# %% [markdown]
# If that assertion fails, your `schedule` is wrong, and the note above the replay says at which step. The three runs
# differ in nothing but the highest rate: much too low, right, much too high. And the run on which the replay opened:

# %%
probe.set(run="A", tens=24)
lowest_step, lowest = min(probe.trace.validation, key=lambda pair: pair[1])
print(f"lowest validation loss {lowest:.1f} after {lowest_step} steps; after {probe.trace.steps}, the loss of the")
print(f"batches is {probe.trace.loss[-1]:.2f} and the validation loss {probe.trace.validation[-1][1]:.1f}")

# %% [markdown]
# ## The same, polished: `llmlab.training`
#
# Now everything together, by hand: the five lines of the loop, AdamW with its two groups, the schedule, clipping.
# Thirty steps:

# %%
settings = TrainConfig(steps=30, learning_rate=4e-3, warmup_steps=10, weight_decay=0.1, clip_norm=1.0)
model = new_model()
matrices = [layer.weight for layer in model.modules() if isinstance(layer, nn.Linear) and layer is not model.head]
kept = {id(weight) for weight in matrices}
others = [parameter for parameter in model.parameters() if id(parameter) not in kept]
optimizer = torch.optim.AdamW(
    [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}], betas=(0.9, 0.95)
)

by_hand = []
for step, (inputs, targets) in zip(range(settings.steps), training_loader(seed=1), strict=False):
    loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), settings.clip_norm)
    for group in optimizer.param_groups:
        group["lr"] = learning_rate_at(step, settings)
    optimizer.step()
    by_hand.append(loss.item())

# %% [markdown]
# (With tied weights the head is the embedding table once more, and so belongs to the others.) `llmlab.training.train`
# does the same, and adds what a long run needs: a progress bar, measurements, checkpoints, a clean stop at Ctrl-C,
# advice when the loss is no longer a number. Same weights at the start, same batches, so the same losses:

# %%
packaged = train(new_model(), training_loader(seed=1), settings, progress=False)
assert np.allclose(packaged.loss, by_hand, atol=1e-3)
print("30 losses by hand and 30 of train are equal:", np.allclose(packaged.loss, by_hand, atol=1e-3))
print("the loss fell from", round(by_hand[0], 1), "and is below 4.5:", by_hand[-1] < 4.5)

# %% [markdown]
# ## A run of your own
#
# Long enough to learn something. The picture below grows while the model trains, at every measurement. How far will the
# validation loss fall in 400 steps: below 3, below 2, below 1? (The toy world leaves much to chance: after "the king"
# many words are right, so no model can come near 0.) Until you run the cell, bar and picture stand at their beginning.
#
# `SIZE` is the one thing to change on a machine with a GPU, on Colab for example: `"large"` is a model with 25 times as
# many weights, and five times as many steps.

# %%
SIZE = "small"  # "large" for a GPU

d_model, n_layers, steps, goal = {"small": (64, 3, 400, 1.5), "large": (256, 6, 2_000, 1.3)}[SIZE]
device = course.device()
model = new_model(d_model, n_layers).to(device)
settings = TrainConfig(steps=steps, learning_rate=4e-3 if SIZE == "small" else 1e-3, evaluate_every=25)

curve = TrainingCurve(steps=steps, goal=goal)
display(curve)
history = train(model, training_loader(), settings, validation=validation_loader, on_evaluation=curve.update)

for bound in (4, 3, 2, goal):
    reached = next((done for done, loss in history.validation if loss < bound), steps + 1)
    within = next((limit for limit in (50, 100, 200, steps) if reached <= limit), None)
    print(f"validation loss below {bound}:", f"within {within} steps" if within else "not reached")

# %% [markdown]
# Much at first, then less and less: that is the shape of a healthy run. The two curves stay together, because the model
# has read no sentence so often that it could know it by heart. Here they are as a picture that stays, with a few
# sentences that the model now writes (lesson 09 is about how):

# %% tags=["nbval-ignore-output"]
separator, full_stop = tokenizer.special_tokens["<|endoftext|>"], tokenizer.encode("king.")[-1]


def write(model, n):
    """n sentences, each from the beginning of a document to its first full stop."""
    generator = torch.Generator(device).manual_seed(0)
    rows = generate(model, [[separator]] * n, 20, stop=full_stop, generator=generator)
    return [tokenizer.decode(row[1:]).strip() for row in rows]


print(*write(model, 6), sep="\n")

figure, axes = plt.subplots(figsize=(6, 3))
axes.plot(range(1, len(history.loss) + 1), history.loss, color="#9db7d5", linewidth=0.7, label="batches")
axes.plot(*zip(*history.validation, strict=True), color="#b3440b", label="validation")
axes.set(xlabel="steps", ylabel="loss, nats a token", ylim=(0, 7))
axes.legend(frameon=False)
course.show(
    figure,
    alt="Loss over 400 steps on the toy world: from 6.4 steeply down in the first hundred, then ever more slowly to "
    "about 1.4. The validation loss lies on the loss of the batches.",
)

# %% [markdown]
# Did it learn the language, or only which words are frequent? The grammar of the toy world is known, so a judge can be
# asked, `toy_world_accepts`. It is strict: one wrong ending, and the sentence is refused.

# %%
for name, judged in (("untrained", untrained.to(device)), ("trained", model)):
    accepted = sum(map(toy_world_accepts, write(judged, 100)))
    print(f"{name}: more than 20 of 100 sentences are right: {accepted > 20}")

# %% [markdown]
# A small model, a few hundred steps, and many of its sentences have a subject, a verb that agrees, and an end. The
# course comes with a model trained for longer on more sentences, by the same loop.

# %% [markdown]
# ## Overfitting, on the story
#
# Now the same loop with little text: the course's story, about 20,000 characters. The last tenth is held back. The
# model will read the rest about a dozen times. What will the two curves do?

# %%
story = load_text("story")
cut = story.rfind("\n\n", 0, len(story) * 9 // 10)  # at the end of a paragraph
story_tokenizer = train_bpe(story[:cut], 512)
story_shapes = {"batch_size": 16, "max_length": 32, "stride": 32, "tokenizer": story_tokenizer}
few = create_dataloader(story[:cut], generator=torch.Generator().manual_seed(0), **story_shapes)
held_back = create_dataloader(story[cut:], shuffle=False, drop_last=False, **story_shapes)

torch.manual_seed(0)
reader = GPT(GPTConfig(len(story_tokenizer), 32, d_model=96, n_heads=4, n_layers=2))
settings = TrainConfig(steps=200, learning_rate=5e-3, evaluate_every=10)
story_history = train(reader, few, settings, validation=held_back, progress=False)

best_step, best = min(story_history.validation, key=lambda pair: pair[1])
last = story_history.validation[-1][1]
print(f"epochs: {200 / len(few):.0f}")
print("loss of the batches at the end below 2:", np.mean(story_history.loss[-10:]) < 2)
print("validation loss lowest in the first half:", best_step <= 100)
print("validation loss at the end at least 0.3 above its lowest:", last > best + 0.3)

# %% tags=["nbval-ignore-output"]
figure, axes = plt.subplots(figsize=(6, 3))
axes.plot(range(1, 201), story_history.loss, color="#2f7fc1", linewidth=0.8, label="batches")
axes.plot(*zip(*story_history.validation, strict=True), "--", color="#b3440b", label="validation")
axes.axvline(best_step, color="#8a8a8a", linewidth=0.8)
axes.set(xlabel="steps", ylabel="loss, nats a token", ylim=(0, 7))
axes.legend(frameon=False)
course.show(
    figure,
    alt="Loss over 200 steps on the story. Both curves fall at first. From about step 80 on, marked by a vertical "
    "line, the validation loss rises again, while the loss of the batches goes on falling to about 1.5.",
)

# %% [markdown]
# The vertical line marks the lowest validation loss. To its left the model learns English, as far as it can be learned
# from ten pages; to its right it learns *this story by heart*. The loss of the batches alone would never have shown it.
#
# That is **overfitting**. What helps: more text, above all; fewer weights; dropout and weight decay; and stopping where
# the validation loss is lowest. For that one needs the weights of that step, so they have to be saved on the way.

# %% [markdown]
# ## Checkpoints
#
# A run that takes days will be interrupted. A **checkpoint** holds all that is needed to go on as if nothing had
# happened: the weights, yes, but also Adam's two means, the number of the step (the schedule depends on it), the place
# in the data, and the state of the random numbers. If one of them is missing, the run goes on, but it is another run.
# We pull the plug after step 15 of 20; the last checkpoint was written after step 10:


# %%
class PowerCut(Exception):
    pass


def pull_the_plug(history):
    if len(history.loss) == 15:
        raise PowerCut


with tempfile.TemporaryDirectory() as folder:
    settings = TrainConfig(steps=20, checkpoint=folder, save_every=10, evaluate_every=15)
    try:
        train(new_model(), training_loader(), settings, progress=False, on_evaluation=pull_the_plug)
    except PowerCut:
        print("power cut. In the folder:", sorted({path.suffix for path in Path(folder).iterdir()}))
    resumed = train(new_model(), training_loader(), settings, resume_from=folder, progress=False)

unbroken = train(new_model(), training_loader(), TrainConfig(steps=20), progress=False)
print(len(resumed.loss), "losses in all, 10 of them from the checkpoint")
print("equal to those of an unbroken run:", np.allclose(resumed.loss, unbroken.loss, atol=1e-4))

# %% [markdown]
# The weights are in a safetensors file, which holds nothing but numbers: a file from a stranger cannot run code when it
# is loaded. `save_checkpoint(folder, model, tokenizer)` and `load_checkpoint(folder)` do the same for a model that is
# only to be used.

# %% [markdown]
# ## More than one process
#
# The gradient of a batch is the *mean* of the gradients of its windows. So a batch can be shared: each process, on a
# GPU of its own, computes the gradient of an equal part; then they exchange their gradients, and all take the same step
# along the mean. So their weights stay the same. Is the mean of two halves really the gradient of the whole?

# %%
inputs, targets = next(iter(training_loader(seed=2)))  # 16 windows


def gradient_of(rows):
    model = new_model()  # the same weights in each process
    F.cross_entropy(model(inputs[rows]).flatten(0, 1), targets[rows].flatten()).backward()
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


n_processes = 2
shares = [gradient_of(slice(rank, None, n_processes)) for rank in range(n_processes)]  # rank: number of the process
whole = gradient_of(slice(None))
print("rows of each process:", [len(inputs[rank::n_processes]) for rank in range(n_processes)])
print("mean of the shares equals the gradient of the batch:", torch.allclose(sum(shares) / 2, whole, atol=1e-5))

# %% [markdown]
# PyTorch's `DistributedDataParallel` does exactly this, and `torchrun` starts the processes and tells each its number.
# `train` runs under it unchanged. So this is the training of this lesson from a terminal, in one process and in two:
#
# ```
# python -m llmlab.training --text story --out run
# torchrun --nproc-per-node 2 -m llmlab.training --text story --out run
# ```
#
# The same from here, a dozen steps. Two new processes have to load PyTorch first, so it takes a while: set `RUN` to
# `True` to see it.

# %%
import subprocess
import sys

RUN = False

arguments = "-m llmlab.training --text story --vocab-size 300 --d-model 32 --n-layers 1 --steps 12".split()
launchers = {1: [], 2: "-m torch.distributed.run --standalone --nproc-per-node 2".split()}
for n_processes, launcher in launchers.items():
    print(f"{n_processes}: python", *launcher, *arguments)
    if RUN:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, *launcher, *arguments, "--out", folder]
            done = subprocess.run(command, capture_output=True, text=True)
        print("  ", done.stdout.partition("\n")[0] or done.stderr[-500:])

# %% [markdown]
# (`torchrun` is short for `python -m torch.distributed.run`.) Both print the same loss, apart from the last digits. On
# two GPUs a step takes little more than half the time; on one CPU the two only share its cores. What changes with
# several machines is in docs/TRAINING.md of the course.

# %% [markdown]
# ## You can now
#
# - write the five lines of a training loop, and test them on a single batch;
# - say what AdamW, warm-up, cosine and clipping are each good for;
# - recognise by its curves one softmax too many, a rate too high, a gradient not zeroed, a target not shifted;
# - show overfitting with a text that was held back, and say when to stop;
# - save a run so that it goes on as if nothing had happened, and share it between processes.
#
# Type `??train` to read the package's loop. The model now has probabilities worth choosing from. Lesson 09 chooses.

# %%
progress("11")
