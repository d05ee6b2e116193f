# %% [markdown]
# # 11 · Training
#
# The GPT of lesson 09 is complete, and all it can do is guess: its first loss is $\ln V$. In this lesson it learns. The
# loop that does it is five lines long. The rest is about what goes wrong with those five lines, how to see it, and how
# not to be fooled by a good number.
#
# About {minutes} minutes. At the end you can
#
# - write the training loop, and test it on a single batch;
# - read loss curves, and name the bug behind a bad one;
# - measure a model on text that it has never read, in nats, perplexity and bits per byte;
# - use AdamW, a schedule, clipping and checkpoints.

# %% [markdown]
# ## Before we start: three questions on lesson 10
#
# <details><summary>1. A text becomes twice as long. What grows fourfold?</summary>
#
# The operations for attention's scores and weighted sums, one for each pair of tokens.
# </details>
#
# <details><summary>2. How many bytes does training with AdamW hold for each parameter, in float32?</summary>
#
# 16: weight, gradient and two running means, 4 bytes each. Activations come on top.
# </details>
#
# <details><summary>3. How many operations does one training step take, about?</summary>
#
# Six per parameter and token: two forward, four backward.
# </details>

# %%
import math
import tempfile
import zlib

import numpy as np
import torch
from IPython.display import display
from torch import nn
from torch.nn import functional as F

from llmlab import course
from llmlab.bpe import train_bpe
from llmlab.corpus import load_text, toy_world, toy_world_accepts
from llmlab.course.figures import descent, loss_curves
from llmlab.exercises import exercise, progress
from llmlab.explorers import TrainingCurve, TrainingReplay
from llmlab.explorers.training_replay import recorded_runs
from llmlab.generation import generate
from llmlab.gpt import GPT, GPTConfig
from llmlab.training import TrainConfig, evaluate, learning_rate_at, load_checkpoint, split_documents, train
from llmlab.windows import create_dataloader

torch.set_printoptions(precision=3, sci_mode=False)

# %% [markdown]
# ## Play first
#
# Eight real runs of one small GPT; in seven something is wrong. Press a letter, press play or drag the line through the
# charts, and read what the model writes by then. Press a cause, and a mark shows the step that speaks for it or against
# it. Play for a minute: which run would you trust?

# %%
TrainingReplay()

# %% [markdown]
# ## A loss for every position
#
# A batch holds $B$ windows of $T$ tokens, and one pass asks $B \cdot T$ questions at once: which token comes next
# *here*? The loss of one answer is its surprise, minus the natural logarithm of the probability that the right token
# was given; its unit is the **nat**. The loss of the batch is the mean. `cross_entropy` computes all of it, softmax
# included. It wants a list of questions, so windows and positions are flattened into one axis:

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
print("cross_entropy:                ", round(F.cross_entropy(logits.flatten(0, 1), targets.flatten()).item(), 4))

# %% [markdown]
# ## One softmax too many
#
# A mistake that raises no error: a softmax at the end of the model, and the one inside the loss. What would a model get
# that is always certain and right? It gives the right token probability 1 and the $V - 1$ others 0. The loss takes
# these for logits, so the right token gets $e / (e + V - 1)$ from its softmax:
#
# $$-\ln \frac{e}{e + V - 1} = \ln(V - 1 + e) - 1.$$
#
# No model can get below that. One that is certain and always *wrong* gets 1 more. With 65 classes:

# %%
V = 65
sure = F.one_hot(torch.tensor([7, 8]), V).float()  # (2, V) probabilities; the right answer is 7, twice
right, wrong = F.cross_entropy(sure, torch.tensor([7, 7]), reduction="none").tolist()
as_logits = F.cross_entropy(100 * sure[:1], torch.tensor([7])).item()
print(f"sure and right: {right:.2f}, by the formula {math.log(V - 1 + math.e) - 1:.2f}; sure and wrong: {wrong:.2f}")
print(f"knowing nothing, ln V: {math.log(V):.2f}; sure and right, as logits: {as_logits:.2f}")

scores = torch.randn(4, V, generator=generator).requires_grad_()
answers = torch.tensor([3, 1, 4, 1])
losses = F.cross_entropy(scores, answers), F.cross_entropy(scores.softmax(dim=-1), answers)
once, twice = (torch.autograd.grad(loss, scores)[0].norm().item() for loss in losses)
print(f"on the same logits, the gradient with one softmax is {once / twice:.0f} times as long")

# %% [markdown]
# Such a run does not even come near its floor: once the first softmax is sure of something, its gradient is next to
# nothing. The model goes on naming a few frequent tokens, and its loss is 4.20 less the share that they get right.

# %% [markdown]
# ### Exercise 11.1 · Find the bug: the loss that will not fall
#
# ●○○ · 4 minutes · for trusting a loss before a long run · find the bug
#
# A model with a vocabulary of 65 characters learns the course's story. Its loss stops at 3.9 after a hundred steps and
# is still there after six hundred. Mend the function that computes it: it should return the mean loss over all
# positions, as a tensor from which `backward` can start.


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
# The gradient holds, for each weight, how fast the loss grows if that weight is made a little larger. So a small step
# *against* it makes the loss smaller; the **learning rate** says how small. Then the gradient is computed anew, and so
# on: **gradient descent**. For one weight and a loss that we can draw, $(w - 3)^2$:

# %%
paths = {0.1: [0.0], 0.9: [0.0], 1.1: [0.0]}
for learning_rate, path in paths.items():
    for _ in range(5):
        w = torch.tensor(path[-1], requires_grad=True)
        (gradient,) = torch.autograd.grad((w - 3) ** 2, w)
        path.append((w - learning_rate * gradient).item())  # the step
    print(f"learning rate {learning_rate}: w =", ", ".join(f"{w:.2f}" for w in path))
descent.draw(paths, lowest=3)

# %% [markdown]
# The first rate creeps, the second jumps over 3 and comes back, the third jumps further away each time.

# %% [markdown]
# ## The loop
#
# PyTorch keeps the gradient of each weight in `parameter.grad`. Beside the forward pass and its loss, a step of
# training needs three calls:
#
# - `optimizer.step()` moves every weight by its `parameter.grad`;
# - `loss.backward()` computes the gradient and *adds* it to `parameter.grad`;
# - `optimizer.zero_grad()` empties `parameter.grad`.
#
# Their order is for you to find. The last one is easily forgotten, because nothing fails without it:

# %%
torch.set_num_threads(1)  # models this small are fastest on one core: several would mostly wait for each other
torch.manual_seed(0)
toy = GPT(GPTConfig(vocab_size=11, context_length=9, d_model=24, n_heads=3, n_layers=2))
ids = torch.tensor([[1, 5, 2, 10, 0, 3, 3, 8], [7, 7, 1, 0, 4, 9, 8, 2]])
inputs, targets = ids[:, :-1], ids[:, 1:]  # (2, 7) each

lengths = []
for _ in range(3):
    F.cross_entropy(toy(inputs).flatten(0, 1), targets.flatten()).backward()
    lengths.append(torch.cat([parameter.grad.flatten() for parameter in toy.parameters()]).norm().item())
print("three times backward, and the gradient is", [round(n / lengths[0], 2) for n in lengths], "times as long")

# %% [markdown]
# How do you know that a loop is right, before it runs for hours? Give it *one* batch, again and again. A model can
# learn two windows by heart, which is **overfitting**, here on purpose. So the loss must go to nearly 0 (unless they
# begin alike and then differ), or something is broken.

# %% [markdown]
# ### Exercise 11.2 · Overfit one batch
#
# ●●○ · 8 minutes · for writing the loop that everything else is built on · write a function
#
# Write `fit`: `steps` steps of training, always with the same `inputs` and `targets` (B, T). `model` gives logits
# (B, T, V); the optimizer is made already. Return the list of the losses as Python numbers, each from *before* its
# update. Nothing else may change weights or gradients.


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
# llmlab's own loop, `train`, on our two windows:

# %%
history = train(toy, [(inputs, targets)], TrainConfig(steps=150, learning_rate=1e-2), progress=False)
correct = (toy(inputs).argmax(dim=-1) == targets).sum().item()
print(f"loss at first {history.loss[0]:.1f}, near ln 11 = {math.log(11):.1f}; after 150 steps {history.loss[-1]:.2f}")
print(f"right tokens: {correct} of {targets.numel()}")

# %% [markdown]
# ## AdamW
#
# Plain gradient descent (in PyTorch **SGD**, *stochastic* since each batch gives only an estimate of the gradient)
# multiplies all gradients by one learning rate, though they can differ by factors of thousands. For every weight $w$
# with gradient $g$, AdamW keeps two running means, $m$ of the gradient and $v$ of its square:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2, \qquad
# w \leftarrow w - \eta\, \frac{\hat m}{\sqrt{\hat v} + \varepsilon}$$
#
# Each $\beta$ says how much of the old mean is kept, $\eta$ is the learning rate, and the tiny $\varepsilon$ keeps the
# division safe. The hats divide by $1 - \beta^t$ at step $t$, because both means begin at 0. If the gradients of a
# weight are all alike, the ratio is ±1, whatever their size; if they contradict each other, it is near 0. The W is
# **weight decay**: at each step the weights also shrink by a small share of themselves.

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
    print(f"step {t}: by hand {[round(x, 4) for x in w.tolist()]}, PyTorch {[round(x, 4) for x in weights.tolist()]}")

# %% [markdown]
# The first weight's gradients are some ten thousand times as large, yet its steps are at most about four times as long:
# so one $\eta$ can serve a whole GPT. By custom only the matrices that multiply are decayed, not biases, norms and
# embeddings.

# %% [markdown]
# ## Warm-up and cosine
#
# - **Warm-up.** At the start Adam's means rest on a handful of gradients, so a long step may go far astray. The rate
#   grows in a straight line, from nearly nothing to its highest.
# - **Cosine.** Then it falls along half a cosine to, say, a tenth.

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
# ## Clipping
#
# Now and then a batch is odd, and its gradient is ten times as long as usual. One such step can undo many good ones. So
# the whole gradient, as one long vector, is **clipped**: shortened to a limit if it is longer. Its direction stays.

# %%
parameters = [torch.zeros(3, requires_grad=True), torch.zeros(2, requires_grad=True)]
parameters[0].grad, parameters[1].grad = torch.tensor([3.0, 0.0, 4.0]), torch.tensor([0.0, 12.0])
norm = torch.cat([p.grad for p in parameters]).norm().item()  # √(3² + 4² + 12²)
by_hand = [p.grad * min(1.0, 1.0 / norm) for p in parameters]
reported = nn.utils.clip_grad_norm_(parameters, 1.0)  # shortens in place, returns the length before
print(f"length {norm:.1f}, by PyTorch {reported.item():.1f}; clipped to 1 by hand and by PyTorch:")
print(torch.cat(by_hand), torch.cat([p.grad for p in parameters]))

# %% [markdown]
# Clip between `backward` and `step`.

# %% [markdown]
# ## Training text and validation text
#
# A falling loss shows that the model predicts the text *that it learns from*. So part of the text is held back, the
# **validation text**, and only measured on. We split the toy world of lesson 00 by whole documents, so that none stands
# on both sides. The tokenizer is made from the training text alone.

# %%
text = toy_world(12_000, seed=0)
training_text, validation_text = split_documents(text, validation_share=0.1)
tokenizer = train_bpe(training_text, 600, special_tokens=["<|endoftext|>"])
T = 64
shapes = {"batch_size": 16, "max_length": T, "stride": T, "tokenizer": tokenizer}
validation_loader = create_dataloader(validation_text, shuffle=False, drop_last=False, **shapes)


def training_loader(seed=0):
    """Batches of the training text, in the same order for the same seed."""
    return create_dataloader(training_text, generator=torch.Generator().manual_seed(seed), **shapes)


print(f"{len(training_text):,} characters to learn from, {len(validation_text):,} to validate on")
print(len(tokenizer), "tokens in the vocabulary,", len(training_loader()), "batches per epoch")

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
# llmlab calls it `evaluate`. Two other units are common for the same number. **Perplexity** is $e^\text{loss}$: among
# how many equally probable tokens a guess would be as uncertain. **Bits per byte** count in powers of 2 (a bit is
# $\ln 2$ nats) and for each byte of the text, so models with different tokenizers can be compared. Before training:


# %%
def new_model(d_model=64, n_layers=3):
    torch.manual_seed(0)
    return GPT(GPTConfig(len(tokenizer), T, d_model, n_heads=4, n_layers=n_layers, tie_weights=True))


bytes_per_token = len(validation_text.encode()) / len(tokenizer.encode(validation_text, allowed_special="all"))


def report(name, loss):
    bits = loss / math.log(2) / bytes_per_token
    print(f"{name}: {loss:.1f} nats per token, perplexity {math.exp(loss):.0f}, {bits:.1f} bits per byte")


report("untrained", evaluate(new_model(), validation_loader))

# %% [markdown]
# ## What the model has read before
#
# No document stands on both sides. Is the validation text new, then?


# %%
def sentences_of(text):
    return [s.strip() + "." for document in text.split("<|endoftext|>") for s in document.split(".") if s.strip()]


read, held_back = sentences_of(training_text), sentences_of(validation_text)
seen = set(read)
documents = [
    {document.strip() for document in part.split("<|endoftext|>")} for part in (training_text, validation_text)
]
print("validation documents that stand in the training text:", len(documents[0] & documents[1]))
print(f"validation sentences that do: {sum(s in seen for s in held_back) / len(held_back):.1%} of {len(held_back):,}")
print("'it cleans itself.' stands there", read.count("it cleans itself."), "times")


def loss_of(model, tokenizer, sentences):
    """Mean loss per token of sentences that begin a document."""
    losses = []
    for sentence in sentences:
        ids = torch.tensor([[tokenizer.special_tokens["<|endoftext|>"], *tokenizer.encode(f" {sentence}")]])
        with torch.no_grad():
            logits = model(ids[:, :-1].to(next(model.parameters()).device))
        losses.append(F.cross_entropy(logits[0].cpu(), ids[0, 1:], reduction="none"))
    return torch.cat(losses).mean().item()


# %% [markdown]
# It is not. That is **contamination**: what one measures on has been learned from, and the number is too good. Lee et
# al. (2022) found it in standard collections, too, in over 4 % of the validation text.

# %% [markdown]
# ## Reading curves
#
# Here are four runs of the replay, 240 steps each, and in each of them something is wrong. (Gradients jump from batch
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
# The vocabulary has 600 tokens: $\ln 600 = 6.40$, and $\ln(600 - 1 + e) - 1 = 5.40$. What is wrong with runs W, X, Y
# and Z?
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
# The replay again, with your `schedule` dashed over the recorded learning rates. Before you touch it:
#
# - Run A ends with batches predicted almost perfectly. At which step would you have stopped it?
# - One run is healthy. Where will its validation loss lie, compared with the loss of its batches?
# - If gradients are never zeroed, which of the three charts will show it first?
# - **The target:** one run has the lowest loss of all, and no one would want its text. What is its bug, and at which
#   step could one first have known? (Find the healthy run and the lowest validation loss that it ever has; what is
#   lower is too good.)

# %%
replay = TrainingReplay(schedule=schedule)
replay

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - At step 40: there the validation loss is lowest, 4.0. After 240 steps it is 6.9.
# - On it: run D ends with 1.78 and 1.76.
# - That of the gradient: in run G it grows from the first steps on.
# - Run E: the targets were not shifted. It copies the token that it has just read. One could have known at step 30 of
#   240: there its validation loss is 1.55, and the lowest that the healthy run ever has is 1.78.
# </details>
#
# A second replay, set from code, compares your schedule with the recorded rates of three runs, which differ in nothing
# but the highest rate:

# %%
probe = TrainingReplay(schedule=schedule)
for run in ("B", "D", "F"):
    probe.set(run=run, tens=24)
    assert probe.trace.schedule_agrees, "schedule is not yet the recorded one: exercise 11.3"
    print(f"run {run}: highest rate {probe.trace.rate.max():.4f}, loss at the end {probe.trace.loss[-10:].mean():.1f}")

# %% [markdown]
# ## The same, polished: `llmlab.training`
#
# Everything together, by hand and by `train`. (A tied head is the embedding table, so it is not decayed.)

# %%
settings = TrainConfig(steps=30, learning_rate=4e-3, warmup_steps=10, weight_decay=0.1, clip_norm=1.0)
model = new_model()
decayed = [layer.weight for layer in model.modules() if isinstance(layer, nn.Linear) and layer is not model.head]
others = [parameter for parameter in model.parameters() if all(parameter is not weight for weight in decayed)]
groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95))

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

packaged = train(new_model(), training_loader(seed=1), settings, progress=False).loss
for name, losses in (("by hand", by_hand), ("train", packaged)):
    print(f"{name:8}", [round(losses[step], 1) for step in (0, 19, 29)])

# %% [markdown]
# ## A run of your own
#
# The picture grows at every measurement: the goal is a line, dotted is the healthy run of the replay (a smaller model),
# and beside it stands what the model writes by now. (After "the king" many words are right, so no loss comes near 0.)

# %%
SIZE = "small"  # "large" for a GPU: 25 times as many weights, five times as many steps

d_model, n_layers, steps, goal = {"small": (64, 3, 400, 1.5), "large": (256, 6, 2_000, 1.3)}[SIZE]
device = course.device()
model = new_model(d_model, n_layers).to(device)
settings = TrainConfig(steps=steps, learning_rate=4e-3 if SIZE == "small" else 1e-3, evaluate_every=25)


def write():
    source = torch.Generator(device).manual_seed(0)
    return tokenizer.decode(generate(model, [tokenizer.encode("the king")], 12, generator=source)[0])


curve = TrainingCurve(steps=steps, goal=goal, sample=write)
display(curve)
history = train(model, training_loader(), settings, validation=validation_loader, on_evaluation=curve.update)
print("validation loss:", {step: round(loss, 1) for step, loss in history.validation if step in (200, steps)})
report("trained", history.validation[-1][1])

# %% [markdown]
# Now the honest measurement: first sentences of validation documents, those that were read in training apart from those
# that were not. And since the grammar is known, a judge can be asked about what the model writes (lesson 12 is about
# how it writes).

# %% tags=["nbval-ignore-output"]
first = [sentences_of(document)[0] for document in validation_text.split("<|endoftext|>")]
for name, wanted in (("read in training", True), ("never read", False)):
    chosen = [sentence for sentence in first if (sentence in seen) == wanted]
    print(f"{len(chosen)} sentences {name}: {loss_of(model, tokenizer, chosen):.2f} nats per token")

start, full_stop = tokenizer.special_tokens["<|endoftext|>"], tokenizer.encode("king.")[-1]
rows = generate(model, [[start]] * 100, 20, stop=full_stop, generator=torch.Generator(device).manual_seed(0))
written = [tokenizer.decode(row[1:]).strip() for row in rows]
right = [sentence for sentence in written if toy_world_accepts(sentence)]
print(
    f"of 100 sentences written, {len(right)} are right; of these, {sum(s not in seen for s in right)} were never read"
)
print(*written[:4], sep="\n")
loss_curves.draw(history)

# %% [markdown]
# The number that counts is the one for sentences never read. Part of the difference is memory, and part is that easy
# sentences are also the frequent ones. To tell the two apart, withhold sentences by lot *before* training. The course's
# own small model was made so: 66 % of all sentences with a named subject, chosen by a checksum of their letters, are in
# none of its documents. So here the difference is memory, not difficulty:

# %%
tiny, tiny_tokenizer = load_checkpoint("tiny")
first = [sentences_of(document)[0] for document in toy_world(2_000, seed=5).split("<|endoftext|>")]
for name, wanted in (("withheld", True), ("not withheld", False)):
    chosen = [s for s in first if (zlib.crc32(s.encode()) % 100 < 66) == wanted]
    print(f"{len(chosen)} sentences {name}: {loss_of(tiny, tiny_tokenizer, chosen):.2f} nats per token")

# %% [markdown]
# ## Overfitting, on the story
#
# Now with little text: the course's story, of which the last tenth is held back. The model reads the rest about a dozen
# times.

# %% tags=["nbval-ignore-output"]
story = load_text("story")
cut = story.rfind("\n\n", 0, len(story) * 9 // 10)  # at the end of a paragraph
story_tokenizer = train_bpe(story[:cut], 512)
story_shapes = {"batch_size": 16, "max_length": 32, "stride": 32, "tokenizer": story_tokenizer}
few = create_dataloader(story[:cut], generator=torch.Generator().manual_seed(0), **story_shapes)
last_tenth = create_dataloader(story[cut:], shuffle=False, drop_last=False, **story_shapes)

torch.manual_seed(0)
reader = GPT(GPTConfig(len(story_tokenizer), 32, d_model=96, n_heads=4, n_layers=2))
settings = TrainConfig(steps=200, learning_rate=5e-3, evaluate_every=10)
story_history = train(reader, few, settings, validation=last_tenth, progress=False)
print("step   batches   validation")
for step, loss in story_history.validation:
    if step in (10, 40, 80, 120, 160, 200):
        print(f"{step:4} {np.mean(story_history.loss[step - 10 : step]):9.1f} {loss:12.1f}")
loss_curves.draw(story_history)

# %% [markdown]
# To the left of the line the model learns English, as far as ten pages can teach it; to its right it learns *this story
# by heart*: overfitting. The loss of the batches alone would never have shown it. What helps: more text, above all;
# fewer weights; dropout; and keeping the weights of the lowest validation loss (`keep_best=True`).

# %% [markdown]
# ## Checkpoints
#
# A long run will be interrupted. A **checkpoint** holds all that is needed to go on as if nothing had happened: the
# weights, Adam's two means, the number of the step, the place in the data, the state of the random numbers. We pull the
# plug after step 15 of 20; the last checkpoint was written after step 10:


# %%
def pull_the_plug(history):
    if len(history.loss) == 15:
        raise RuntimeError("power cut")


with tempfile.TemporaryDirectory() as folder:
    settings = TrainConfig(steps=20, checkpoint=folder, save_every=10, evaluate_every=15)
    try:
        train(new_model(), training_loader(), settings, progress=False, on_evaluation=pull_the_plug)
    except RuntimeError as error:
        print(error)
    resumed = train(new_model(), training_loader(), settings, resume_from=folder, progress=False).loss

unbroken = train(new_model(), training_loader(), TrainConfig(steps=20), progress=False).loss
largest = max(abs(a - b) for a, b in zip(resumed, unbroken, strict=True))
print(f"{len(resumed)} losses, at most {largest:.4f} away from those of an unbroken run")

# %% [markdown]
# From a terminal, `llmlab train` does all this with a text of your own, and `llmlab sample` lets the model write:
# docs/TRAINING.md describes them, and lesson 12 uses them.

# %% [markdown]
# ## More than one process
#
# The gradient of a batch is the *mean* of the gradients of its windows. So a batch can be shared, by **data
# parallelism**: each process, on a GPU of its own, computes the gradient of an equal part, and all take the same step
# along the mean of these. Is the mean of two halves really the gradient of the whole?

# %%
inputs, targets = next(iter(training_loader(seed=2)))  # 16 windows


def gradient_of(rows):
    model = new_model()  # the same weights in each process
    F.cross_entropy(model(inputs[rows]).flatten(0, 1), targets[rows].flatten()).backward()
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


shares = [gradient_of(slice(rank, None, 2)) for rank in range(2)]  # rank: the number of the process
whole = gradient_of(slice(None))
difference = (sum(shares) / 2 - whole).norm() / whole.norm()
print(f"lengths: {[round(share.norm().item(), 1) for share in shares]}, of the whole {whole.norm().item():.1f}")
print(f"the mean of the shares differs from the whole by {difference:.3f} of its length")

# %% [markdown]
# PyTorch's `DistributedDataParallel` does this, `torchrun` starts the processes, and `train` runs under it unchanged:
# `torchrun --nproc-per-node 2 -m llmlab.training --text story --out run`. It pays with a GPU for each process and a
# model so large that exchanging gradients is short beside computing them.
#
# <details><summary>Further: a large batch on one machine, and faster steps</summary>
#
# *Gradient accumulation* takes the shares one after the other: `backward` adds up anyway, so several small batches
# give the gradient of a large one in the memory of a small one (`accumulate=4`). *Mixed precision* computes products in
# bfloat16 and keeps the weights in float32; `train` does so on GPUs that can. `torch.compile` merges small operations.
# </details>

# %% [markdown]
# ## You can now
#
# - write the training loop, and test it on a single batch;
# - say what AdamW, warm-up, cosine and clipping are each good for;
# - recognise one softmax too many, a bad rate and unshifted targets by their curves;
# - show overfitting and contamination by measuring;
# - save a run so that it goes on as if nothing had happened.
#
# The model now has probabilities worth choosing from. Lesson 12 chooses.

# %% [markdown]
# ## Where this comes from
#
# - Kingma and Ba 2015, "Adam"; Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization": the W; and 2017,
#   "SGDR": the cosine.
# - Pascanu, Mikolov and Bengio 2013, "On the Difficulty of Training Recurrent Neural Networks": clipping.
# - Lee et al. 2022, "Deduplicating Training Data Makes Language Models Better": contamination, measured.
#
# **Read next:** Karpathy 2019, "A Recipe for Training Neural Networks".

# %%
progress("11")
