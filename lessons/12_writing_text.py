# %% [markdown]
# # 12 · Writing text
#
# A trained model turns a text into logits for the token that comes next. It does not say which token to take. That
# choice is yours, and it decides whether the same model repeats itself, tells stories, or talks nonsense. In this
# lesson a trained GPT writes; you write the loop that lets it, and every step from its logits to the next token. At the
# end a text of your own becomes a model of your own, and that model writes too.
#
# About {minutes} minutes. At the end you can
#
# - let any model write, token by token, within its context length;
# - choose greedily or with temperature, top-k and top-p, in the right order, and say what each does to a text;
# - measure what a setting costs and gains: how many sentences are right, how many differ;
# - go from a text file to a tokenizer, a model and its samples, in a notebook and from the command line.

# %%
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import torch

from llmlab.bpe import train_bpe
from llmlab.corpus import load_text, toy_world_accepts
from llmlab.course.figures import kept_and_right
from llmlab.exercises import exercise, progress
from llmlab.explorers import DistributionSculptor
from llmlab.generation import generate, sampling_probabilities
from llmlab.gpt import GPT, GPTConfig, load_gpt2
from llmlab.training import TrainConfig, load_checkpoint, split_text, train
from llmlab.windows import create_dataloader

torch.set_printoptions(precision=3, sci_mode=False)

# %% [markdown]
# ## Before we start: three questions on lesson 11
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. A batch holds B texts of T tokens. What does the loss average over?</summary>
#
# Over all B · T positions. Each position predicts its next token, so one pass gives B · T terms of the cross-entropy,
# not B.
# </details>
#
# <details><summary>2. The training loss still falls, the validation loss rises. What is happening, and which weights
# does one keep?</summary>
#
# The model learns its training text by heart: overfitting. One keeps the weights of the lowest validation loss.
# </details>
#
# <details><summary>3. A model has a low validation loss. Why may that still say little about new text?</summary>
#
# Because the validation text may hold sentences that stand in the training text as well: contamination. Only what was
# truly held out tells.
# </details>

# %% [markdown]
# ## Play first
#
# Here is the whole subject as a toy. A model has seen what followed two words; the bars are the probabilities of the
# next one. Play for a minute: change one setting after the other, and draw. Which gives words that never came next, and
# which gives the same word again and again?

# %%
DistributionSculptor()

# %% [markdown]
# ## A model that writes
#
# The course comes with a small GPT, trained on the toy world of lesson 00 with the loop of lesson 11. What a model is
# given to go on from is its **prompt**. Ours is the token that opened each document in training, and two words:

# %%
model, tokenizer = load_checkpoint("tiny")
START = tokenizer.special_tokens["<|endoftext|>"]
prompt = [START, *tokenizer.encode(" the king")]

with torch.no_grad():
    logits = model(torch.tensor([prompt]))[0, -1]  # (V,): what comes after the last token
print(f"prompt {prompt}, {len(logits)} logits, context length {model.config.context_length}")

# %% [markdown]
# A softmax makes probabilities of them. Here are the most probable next tokens, with the total of the other 649, the
# **tail** of the distribution:

# %%
probabilities = logits.softmax(dim=-1)  # (V,)
likeliest = probabilities.topk(6)
for share, token_id in zip(likeliest.values.tolist(), likeliest.indices.tolist(), strict=True):
    print(f"{tokenizer.decode([token_id])!r:10} {share:.3f}")
print(f"the tail   {1 - likeliest.values.sum().item():.3f}")

# %% [markdown]
# ### Exercise 12.1 · Write the loop
#
# ●●○ · 8 minutes · for every text that a language model writes · write a function
#
# Complete `write`. `model` takes ids of shape (1, T), a tensor with T at most `context_length`, and returns logits
# (1, T, V). `ids` is the prompt, a list. Call `choose` on the logits (V,) of the next token; it returns an id, which is
# appended. Do that `n_tokens` times and return prompt and new ids as one list. When the text outgrows the context, the
# model reads its newest tokens. (No gradient is needed here: `torch.no_grad()`.)


# %% exercise="12.1"
def write(model, ids, n_tokens, choose, context_length):
    written = list(ids)
    ### BEGIN SOLUTION
    for _ in range(n_tokens):
        read = torch.tensor([written[-context_length:]])  # (1, T)
        with torch.no_grad():
            logits = model(read)[0, -1]  # (V,)
        written.append(choose(logits))
    return written
    ### STUB
    # ...
    ### END SOLUTION


# %%
exercise("12.1").check(write)

# %% [markdown]
# ## Greedy: always the most probable
#
# The simplest choice is the largest logit, which is also the largest probability: greedy decoding, as in lesson 00.
# Here is your loop with it (or a stand-in, as long as yours is not written):


# %%
def greedy(logits):
    return logits.argmax().item()


def continued(text, choose, n_tokens):
    ids = [START, *tokenizer.encode(text)]
    written = write(model, ids, n_tokens, choose, model.config.context_length)
    if not isinstance(written, list):  # exercise 12.1 is still open
        written = ids
        for _ in range(n_tokens):
            with torch.no_grad():
                written = [*written, choose(model(torch.tensor([written[-model.config.context_length :]]))[0, -1])]
    return tokenizer.decode(written[1:])


for text in (" the king", " the king", " the dogs near the king"):
    print(f"{text}:{continued(text, greedy, 26).removeprefix(text)}\n")

# %% [markdown]
# The same beginning gives the same text each time. Is it right? The grammar of the toy world can judge each sentence:

# %%
for sentence in continued(" the king", greedy, 26).replace("<|endoftext|>", "").split(".")[:3]:
    print("right" if toy_world_accepts(sentence.strip() + ".") else "wrong", "-", sentence.strip())

# %% [markdown]
# In that world nobody stands near himself. *near* was the best single token after *the king*, and *the king* the best
# ones after *near*. But the most probable token at each step does not make the most probable text. The probability of
# a text is the product of those of its tokens, each after the ones before it:


# %%
def text_probability(text):
    ids = torch.tensor([START, *tokenizer.encode(text)])
    with torch.no_grad():
        after_each = model(ids[None, :-1])[0].softmax(dim=-1)  # (T, V)
    return after_each[torch.arange(len(ids) - 1), ids[1:]].prod().item()


for text in (" the king near the king is a kind father.", " the king is a kind father."):
    print(f"probability {text_probability(text):.6f}:{text}")

# %% [markdown]
# The second begins with a less probable step, *is* instead of *near*, and is over thirty times as probable. And what
# greedy writes is dull: a *kind father*, a *good brother*, a *kind brother*. For a question with one right answer it is
# often fine; for a story it is not.
#
# The other simple choice is to draw: each token as often as its probability says. `torch.multinomial` does it, with a
# generator of its own, so that the draw can be repeated:

# %%
generator = torch.Generator().manual_seed(0)
draws = torch.multinomial(probabilities, 1000, replacement=True, generator=generator)
drawn = Counter(draws.tolist())
for share, token_id in zip(likeliest.values.tolist(), likeliest.indices.tolist(), strict=True):
    word = tokenizer.decode([token_id])
    print(f"{word!r:10} probability {share:.3f}, share of the draws {drawn[token_id] / 1000:.3f}")
odd = [token_id for token_id in drawn if probabilities[token_id] < 0.001]
print(f"drawn though each is rarer than 1 in 1,000: {sorted(tokenizer.decode([token_id]) for token_id in odd)}")

# %% [markdown]
# Each token of the tail is rare, but there are many, and a text needs many draws. A token that does not fit can
# mislead all that come after it. The settings that follow lie between greedy and this.
#
# ## Temperature: divide the logits
#
# $$p_i = \frac{\exp(z_i / \tau)}{\sum_j \exp(z_j / \tau)}$$
#
# All logits $z$ are divided by the **temperature** $\tau$ *before* the softmax. Below 1 their distances grow and the
# distribution becomes sharper; above 1 it becomes flatter. Towards 0 it becomes greedy, which is why temperature 0 is
# read as "the largest logit alone". How open the choice is can be measured by the **entropy** $-\sum p \log_2 p$, in
# bits: 1 bit is the toss of a coin, 3 bits are eight equal choices.


# %%
def entropy(p):
    return -(p * p.clamp(min=1e-30).log2()).sum().item()


for temperature in (0.2, 0.5, 1.0, 2.0, 5.0):
    p = (logits / temperature).softmax(dim=-1)
    tail = 1 - p.topk(6).values.sum().item()
    print(f"temperature {temperature}: largest {p.max().item():.2f}, entropy {entropy(p):.1f} bits, tail {tail:.2f}")

# %% [markdown]
# A mistake that is easy to make: dividing the *probabilities*. They no longer sum to 1. And if they are then divided by
# their sum, the temperature cancels out:

# %%
divided = probabilities / 2.0
print(f"probabilities / 2 sum to {divided.sum().item():.3f}, the largest is {divided.max().item():.3f}")
repaired = divided / divided.sum()
print(f"divided by their sum: the largest is {repaired.max().item():.3f}; it was {probabilities.max().item():.3f}")

# %% [markdown]
# No error, no warning, and no effect. The order matters: temperature, then softmax.
#
# ## Top-k: a fixed number of tokens
#
# The tail can be cut off. **Top-k** keeps the $k$ most probable tokens and gives the others nothing. The simplest place
# to cut is the logits: set the others to −∞ before the softmax, and everything comes out right by itself:

# %%
k = 2
last_kept = logits.topk(k).values[-1]
top_k = logits.masked_fill(logits < last_kept, -torch.inf).softmax(dim=-1)
kept = {tokenizer.decode([i]): round(top_k[i].item(), 3) for i in top_k.nonzero().flatten().tolist()}
print(f"{kept}, sum {top_k.sum().item():.3f}")

# %% [markdown]
# Cut the probabilities instead, and one more step is needed: what is left is **renormalised**, that is divided by its
# sum. Without that it is not a distribution.

# %%
cut = probabilities * (probabilities >= probabilities.topk(k).values[-1])
print(f"after the cut: sum {cut.sum().item():.3f}, largest {cut.max().item():.3f}")
print(f"renormalised:  sum {(cut / cut.sum()).sum().item():.3f}, largest {(cut / cut.sum()).max().item():.3f}")

# %% [markdown]
# `torch.multinomial` would not complain: it divides by the sum itself. Code that compares probabilities, or cuts a
# second time, goes wrong in silence.
#
# ## Top-p: as many tokens as it takes
#
# How large should $k$ be? That depends on the context. After some words nearly everything is settled, after others much
# is open:

# %%
for text in (" the dogs near the king", " the king is a", " the king loves her", ""):
    with torch.no_grad():
        after = model(torch.tensor([[START, *tokenizer.encode(text)]]))[0, -1]
    ranked = after.softmax(dim=-1).sort(descending=True).values
    print(f"after {text!r:26} tokens that make up 0.9: {int((ranked.cumsum(dim=0) < 0.9).sum()) + 1}")

# %% [markdown]
# **Top-p**, or nucleus sampling, fixes the sum instead: sort by probability, and keep the fewest tokens that together
# reach $p$. Whether a token stays depends on those *before* it: it stays if they have not reached $p$ yet. So the first
# one always stays, however small $p$ is.

# %%
ranked, order = probabilities.sort(descending=True, stable=True)
before = ranked.cumsum(dim=0) - ranked
for i in range(7):
    word, stays = tokenizer.decode([order[i].item()]), "stays" if before[i] < 0.7 else "goes"
    print(f"{word!r:10} {ranked[i].item():.3f}, before it {before[i].item():.3f}: {stays}")
nucleus = torch.where(before < 0.7, ranked, 0.0)
print("renormalised:", [round(share, 3) for share in (nucleus / nucleus.sum())[:7].tolist()])

# %% [markdown]
# ## The order of the steps
#
# All three can be used together. The order of this course, and of Hugging Face's `transformers`, is temperature, top-k,
# top-p; other programs put the temperature elsewhere. What top-p keeps depends on the probabilities that it sees, so
# the order matters:
#
# ```
# logits ─▶ ÷ temperature ─▶ softmax ─▶ top-k ─▶ ÷ sum ─▶ top-p ─▶ ÷ sum ─▶ draw
# ```

# %%
for temperature in (0.5, 1.0, 2.0, 4.0):
    ranked = (logits / temperature).softmax(dim=-1).sort(descending=True).values
    stay = int((ranked.cumsum(dim=0) - ranked < 0.9).sum())
    print(f"temperature {temperature}, then top-p 0.9: {stay:3} tokens stay")

# %% [markdown]
# At a high temperature top-p lets the tail in again: the tail has become probable.

# %% [markdown]
# ### Exercise 12.2 · What is left after two cuts?
#
# ●●○ · 4 minutes · for seeing why the order matters · predict
#
# Five tokens have the probabilities 0.40, 0.25, 0.15, 0.12 and 0.08. First top-k with $k = 4$, then top-p with
# $p = 0.7$. How many tokens are left, and what is the probability of the most probable one (two decimals)?

# %% exercise="12.2"
### BEGIN SOLUTION
tokens_left, largest_share = 2, 0.62
### STUB
# tokens_left, largest_share = ..., ...
### END SOLUTION

# %%
exercise("12.2").check((tokens_left, largest_share))

# %% [markdown]
# ### Exercise 12.3 · From logits to probabilities
#
# ●●● · 15 minutes · for choosing how a model writes · write a function
#
# Complete `next_probabilities`. `logits` has shape (V,). Divide by the temperature, keep the `top_k` most probable
# tokens, and of these as few as reach `top_p`; `None` turns a cut off, and `top_k` may be larger than V. Return the
# probabilities (V,) that a token is drawn from: they sum to 1. The lines for temperature 0 are there.


# %% exercise="12.3"
def next_probabilities(logits, temperature, top_k, top_p):
    if temperature == 0:
        return (torch.arange(len(logits)) == logits.argmax()).float()
    ### BEGIN SOLUTION
    probabilities = (logits / temperature).softmax(dim=-1)
    if top_k is not None:
        smallest = probabilities.topk(min(top_k, len(logits))).values[-1]
        probabilities = probabilities * (probabilities >= smallest)
        probabilities = probabilities / probabilities.sum()
    if top_p is not None:
        ranked, order = probabilities.sort(descending=True, stable=True)
        before = ranked.cumsum(dim=0) - ranked
        ranked = ranked * (before < top_p)
        probabilities = torch.zeros_like(probabilities).scatter(0, order, ranked / ranked.sum())
    return probabilities
    ### STUB
    # ...
    ### END SOLUTION


# %%
exercise("12.3").check(next_probabilities)

# %% [markdown]
# ### Predict, then explore: the distribution sculptor
#
# The sculptor again, now with your function beside its own. Its contexts come from a model that counts, so that it is
# known which words really followed: *nonsense* is what never came next. Before you touch it:
#
# - Lower the temperature from 2 to 1 without any cut. Do the words change their order?
# - Set top-k to 6, and raise the temperature as far as it goes. Will the same words be kept, or others?
# - Leave top-k at 6, and go through the contexts. Does one of them let in words that never came next?
# - **The target:** one setting for all six contexts, with no chance for what never came next, and a choice at least
#   half as open as if all that did were equally likely. Can top-k do it alone, or top-p?

# %%
DistributionSculptor(probabilities=next_probabilities)

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - No. Dividing all logits by the same number keeps their order; only the distances change. So does every probability.
# - The same. Top-k counts places in that order, and the temperature does not change the order.
# - Yes: after *she is a* only three words ever came next, and a fixed six reaches into the tail.
# - Neither. A fixed number of words is too many in one context and too few in another; top-p follows the context, but
#   at a high temperature it lets in some of the tail. The temperature makes for variety, and the two cuts together keep
#   the nonsense out: temperature 1.5 with top-p 0.8 and top-k 16, for example.
# </details>
#
# An explorer is a Python object. A second one drives your function through settings with and without cuts, and
# compares:

# %%
probe = DistributionSculptor(probabilities=next_probabilities)
tried = [("1", "all", "1"), ("2", "5", "1"), ("0.5", "all", "0.8"), ("3", "11", "0.7"), ("0.2", "all", "0.3")]
for temperature, k, p in tried:
    probe.set(temperature=temperature, top_k=k, top_p=p)
    trace = probe.trace
    wrong = "next_probabilities gives other values than it should: exercise 12.3"
    assert torch.allclose(trace.probabilities, trace.expected, atol=1e-5), wrong
    kept = int((trace.probabilities > 0).sum())
    print(f"temperature {temperature:3} top-k {k:3} top-p {p:3}: {kept:3} kept, entropy {trace.entropy:.1f} bits")

# %% [markdown]
# ## What it does to sentences
#
# Which setting is best? The toy world can say, since its grammar judges every sentence. For each setting the GPT writes
# 100 sentences from nothing; we count how many are right and how many differ. What do you expect at temperature 2,
# without and with a cut?


# %%
def sentences(n, **settings):
    generator = torch.Generator().manual_seed(0)
    rows = generate(model, [[START]] * n, 18, generator=generator, **settings)
    return [tokenizer.decode(row[1:]).partition(".")[0].strip() + "." for row in rows]


settings = {"no cut": {}, "top-k 10": {"top_k": 10}, "top-p 0.9": {"top_p": 0.9}}
temperatures, right = (0.5, 1.0, 1.5, 2.0), {name: [] for name in settings}
for name, cuts in settings.items():
    for temperature in temperatures:
        texts = sentences(100, temperature=temperature, **cuts)
        right[name].append(sum(map(toy_world_accepts, texts)))
        print(f"{name:9} temperature {temperature}: {right[name][-1]:3} right, {len(set(texts)):3} different")

# %%
kept_and_right.draw(temperatures, right)

# %% [markdown]
# Without a cut, heat costs sentences: at temperature 2 more than half are wrong. With a cut at least 94 of 100 stay
# right up to 1.5, and with top-p 90 or more of the 100 differ. By these two counts the lowest temperature needs no cut
# at all: nearly all its sentences are right, and nearly all differ. A cut is for heat. Two sentences at temperature 2,
# without a cut and with one:

# %%
for name, cuts in (("no cut", {}), ("top-p 0.9", {"top_p": 0.9})):
    for text in sentences(2, temperature=2.0, **cuts):
        print(f"{name:9} {text}  ({'right' if toy_world_accepts(text) else 'wrong'})")

# %% [markdown]
# ## A model of your own text
#
# Everything for it is there: a tokenizer from lesson 02, windows from 03, the model from 09, the loop from 11. Put the
# path of a text file in place of `None`, in any language; without one it is the story of the course.

# %%
FILE = None  # for example "my_text.txt"
text = load_text() if FILE is None else load_text(Path(FILE))
training_text, validation_text = split_text(text)
own_tokenizer = train_bpe(training_text, 436)
print(f"{len(training_text):,} characters to learn from, {len(validation_text):,} to measure on")
print(f"{len(own_tokenizer)} tokens; the text begins {own_tokenizer.decode(own_tokenizer.encode(text)[:12])!r}")

# %% [markdown]
# A model of about 157,000 weights, 300 steps: about a quarter of a minute on one core.

# %%
torch.set_num_threads(1)  # faster than two for a model this small
torch.manual_seed(0)
T = 32
loader = create_dataloader(training_text, batch_size=16, max_length=T, stride=T // 2, tokenizer=own_tokenizer,
    generator=torch.Generator().manual_seed(0))  # fmt: skip
held_out = create_dataloader(validation_text, batch_size=4, max_length=T, stride=T, shuffle=False, drop_last=False,
    tokenizer=own_tokenizer)  # fmt: skip
own = GPT(GPTConfig(len(own_tokenizer), T, d_model=64, n_heads=4, n_layers=2, dropout=0.1, tie_weights=True))
config = TrainConfig(steps=300, learning_rate=4e-3, evaluate_every=60, keep_best=True)
history = train(own, loader, config, validation=held_out, progress=False)
for step, loss in history.validation:
    print(f"step {step:3}: validation loss {loss:.1f}")

# %% tags=["nbval-ignore-output"]
own.eval()
prompt = own_tokenizer.encode("The sea")
for temperature in (0.5, 1.0):
    generator = torch.Generator().manual_seed(0)
    row = generate(own, [prompt], 40, temperature=temperature, top_p=0.9, generator=generator, slide=True)[0]
    print(f"temperature {temperature}: {' '.join(own_tokenizer.decode(row).split())}\n")

# %% [markdown]
# Short words, names, quotation marks and full stops where they may stand: that is what 17,647 characters teach. Sense
# takes far more text. `slide=True` lets the model go on past its context length: it then reads the newest tokens, as
# your `write` does.
#
# From a terminal it is two commands, with sizes that suit the length of the text, samples on the way and a folder that
# holds tokenizer and model; [docs/TRAINING.md](../docs/TRAINING.md) goes through them. A few steps, to see them run:

# %% tags=["nbval-ignore-output"]
folder = Path(tempfile.mkdtemp())  # a place that the machine cleans up
(folder / "mine.txt").write_text(text, encoding="utf-8")


def llmlab(*words):
    print("$ llmlab", *words)
    command = [sys.executable, "-m", "llmlab", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")
    said = (done.stdout + done.stderr).splitlines()
    print(*(said if len(said) < 12 else [*said[:7], "…", *said[-3:]]), "", sep="\n")


llmlab("train", "mine.txt", "--steps", "20")
llmlab("sample", "mine-model", "--prompt", "The sea", "--seed", "0")

# %% [markdown]
# ## Real English
#
# The architecture of lesson 09 is GPT-2's, and `load_gpt2` fills it with GPT-2's own weights, if you have them. It
# takes a folder with four files: `config.json`, `model.safetensors`, `vocab.json` and `merges.txt`, as they are
# published for `gpt2` on Hugging Face. Nothing is downloaded here. (Folders of that form with random weights were
# tried; the published weights were not.)

# %%
FOLDER = None  # for example "gpt2"
if FOLDER is None:
    print("No folder given: this cell is for those who have GPT-2's files.")
else:
    gpt2, gpt2_tokenizer = load_gpt2(FOLDER)
    english = gpt2_tokenizer.encode("The old woman rowed to the island, and")
    row = generate(gpt2, [english], 40, temperature=0.8, top_p=0.9, generator=torch.Generator().manual_seed(0))[0]
    print(gpt2_tokenizer.decode(row))

# %% [markdown]
# ## The same, polished: `llmlab.generation`
#
# The package has what you wrote, with checks and for whole batches: `sampling_probabilities` is `next_probabilities`,
# and `generate` is `write`. On the logits after *the king*:

# %%
for cuts in ({"top_k": 2}, {"top_p": 0.7}, {"temperature": 2.0, "top_k": 5, "top_p": 0.7}):
    theirs = sampling_probabilities(logits, **cuts)
    yours = next_probabilities(logits, **{"temperature": 1.0, "top_k": None, "top_p": None} | cuts)
    apart = "still to be written" if yours is None else f"{(theirs - yours).abs().max().item():.6f} apart"
    print(f"{cuts}: {int((theirs > 0).sum())} tokens kept; yours: {apart}")

# %% [markdown]
# And `generate` says what does not fit before anything is computed:

# %%
for wrong in ({"temperature": -1.0}, {"top_p": 1.5}, {"max_new_tokens": 90}):
    try:
        generate(model, [[START]], **{"max_new_tokens": 5} | wrong)
    except ValueError as error:
        print(f"ValueError: {error}\n")

# %% [markdown]
# ## You can now
#
# - write the loop in which a model reads its own output, and keep it within the context length;
# - turn logits into probabilities with temperature, top-k and top-p, in the right order and with a sum of 1;
# - say what heat costs and what a cut saves, in numbers;
# - make a model of a text of your own, and let it write.
#
# Type `??generate` to read the package's loop. Each step of yours reads the whole text again, though only one token is
# new. Lesson 13 asks what of that can be kept.
#
# ## Where this comes from
#
# - Ackley, Hinton and Sejnowski (1985), *A Learning Algorithm for Boltzmann Machines*: the temperature of a softmax,
#   from statistical physics.
# - Fan, Lewis and Dauphin (2018), *Hierarchical Neural Story Generation*: top-k sampling.
# - Radford et al. (2019), *Language Models are Unsupervised Multitask Learners*: GPT-2; its samples were drawn with
#   top-k 40.
# - Holtzman, Buys, Du, Forbes and Choi (2020), *The Curious Case of Neural Text Degeneration*: why the most probable
#   text is dull and repeats itself, and nucleus sampling (top-p).
#
# **Read next:** Holtzman et al. (2020), sections 1 to 4: short, and full of examples.

# %%
progress("12")
