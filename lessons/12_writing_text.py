# %% [markdown]
# # 12 · Writing text
#
# A trained model turns a text into logits for the token that comes next. Two questions are left. How does one choose a
# token from them? And how does one do that a thousand times in a row without computing the same things a thousand
# times? The first is a matter of taste with a few exact rules, the second of bookkeeping. This lesson answers both, and
# it counts rather than times: no clock is needed to see what a token costs.
#
# About 90 minutes. At the end you can
#
# - choose tokens greedily or with temperature, top-k and top-p, in the right order, and say what each does;
# - build a KV cache, and show that with it the model computes the same;
# - work out the memory of a cache, and what grouped-query and multi-query attention save;
# - take a softmax block by block, and say what FlashAttention does and what it does not.

# %% [markdown]
# ## Before we start: three questions on lesson 08
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. A batch holds B texts of T tokens. What does the loss average over?</summary>
#
# Over all B · T positions. Each position predicts its next token, so one pass gives B · T terms of the cross-entropy,
# not B.
# </details>
#
# <details><summary>2. Why is the learning rate warmed up, and why are gradients clipped?</summary>
#
# At the start the weights are random and AdamW knows little of the gradients' usual size, so large steps do harm:
# the rate grows from nothing. Clipping shortens the occasional gradient that is far too long, so that one odd batch
# does not undo many steps.
# </details>
#
# <details><summary>3. How does a loss curve show overfitting?</summary>
#
# The training loss goes on falling while the validation loss stops and turns up: from there on the model learns its
# texts by heart.
# </details>

# %%
from collections import Counter

import torch

from llmlab.corpus import toy_world
from llmlab.exercises import exercise, progress
from llmlab.explorers import DistributionSculptor
from llmlab.generation import cache_bytes, generate, online_attention, sampling_probabilities

torch.set_printoptions(precision=3, sci_mode=False)

# %% [markdown]
# ## Logits to choose from
#
# How a token is chosen does not depend on where the logits come from. So we take a model that can be read at a glance:
# it counts which word followed which *two* words in the toy world of lesson 00. Words that never came next should have
# a small chance too, as in a GPT. So we mix in a little of what followed the last word alone, and still less of how
# often each word occurs at all.

# %%
words = toy_world(5_000).replace(".", " .").split()
vocabulary = sorted(set(words))
after_two, after_one, anywhere = {}, {}, Counter(words)
for last, following in zip(words, words[1:], strict=False):
    after_one.setdefault(last, Counter())[following] += 1
for before, last, following in zip(words, words[1:], words[2:], strict=False):
    after_two.setdefault((before, last), Counter())[following] += 1


def next_logits(before, last):
    mixed = torch.zeros(len(vocabulary))  # (V,)
    sources = (after_two.get((before, last), {}), after_one.get(last, {}), anywhere)
    for share, counted in zip((0.9, 0.09, 0.01), sources, strict=True):
        counts = torch.tensor([counted.get(word, 0) for word in vocabulary])
        mixed += share * counts / counts.sum().clamp(min=1)
    return (mixed / mixed.sum()).log()


logits = next_logits("loves", "her")
print(len(vocabulary), "words;", "after 'loves her' came", dict(after_two["loves", "her"]))

# %% [markdown]
# These logits are logarithms of probabilities, so a softmax gives the probabilities back. The six words that were seen
# share most of the probability, and 197 others have a little each: the **tail**.

# %%
probabilities = logits.softmax(dim=-1)
likeliest = probabilities.argsort(descending=True, stable=True)[:7].tolist()
for place in likeliest:
    print(f"{vocabulary[place]:6} {probabilities[place].item():.4f}")
print(f"all that never came next, together: {1 - probabilities.topk(6).values.sum().item():.3f}")

# %% [markdown]
# ## Greedy: always the most probable
#
# The simplest choice is the largest logit, which is also the largest probability: **greedy** decoding. The chosen word
# is appended, the next logits follow from it, and so on. What happens if nothing is ever left to chance?


# %%
def continue_text(start, choose, n_words):
    text = start.split()
    for _ in range(n_words):
        text.append(vocabulary[choose(next_logits(*text[-2:]))])
    return " ".join(text)


print(continue_text("the king", torch.argmax, 24))

# %% [markdown]
# The same beginning gives the same text each time, and soon the text repeats itself: once two words come back, all that
# follows comes back too. A large model looks back much further, and its greedy text still tends to run in circles. For
# an answer that is right or wrong, greedy is often fine; for a story it is not.
#
# The other simple choice is to **draw**: each word as often as its probability says. `torch.multinomial` does it, with
# a generator of its own, so that the draw can be repeated:

# %%
generator = torch.Generator().manual_seed(0)
draws = torch.multinomial(probabilities, 1000, replacement=True, generator=generator)
drawn = Counter(vocabulary[place] for place in draws.tolist())
for place in likeliest[:4]:
    print(
        f"{vocabulary[place]:6} probability {probabilities[place].item():.2f}, share of the draws "
        f"{drawn[vocabulary[place]] / 1000:.2f}"
    )
odd = [word for word in drawn if not after_two["loves", "her"][word]]
print(len(odd), "other words were drawn as well, such as", sorted(odd)[:3])

# %% [markdown]
# Each word of the tail is rare, but there are many of them, and a text needs many draws. A word that does not fit
# misleads all that come after it. Three settings lie between greedy and this.

# %% [markdown]
# ## Temperature: divide the logits
#
# $$p_i = \frac{\exp(z_i / \tau)}{\sum_j \exp(z_j / \tau)}$$
#
# All logits $z$ are divided by the **temperature** $\tau$ *before* the softmax. Below 1 their distances grow and the
# distribution becomes sharper; above 1 it becomes flatter. Towards 0 it becomes greedy, which is why temperature 0 is
# read as "the largest logit alone". How open the choice is can be measured by the **entropy**, in bits: 1 bit is the
# toss of a coin, 3 bits are eight equal choices.


# %%
def entropy(p):
    return -(p * p.clamp(min=1e-30).log2()).sum().item()


for temperature in (0.2, 0.5, 1.0, 2.0, 5.0):
    p = (logits / temperature).softmax(dim=-1)
    print(
        f"temperature {temperature}: largest {p.max().item():.2f}, entropy {entropy(p):.1f} bits, "
        f"tail {1 - p.topk(6).values.sum().item():.2f}"
    )

# %% [markdown]
# A mistake that is easy to make: dividing the *probabilities*. They no longer sum to 1. And if they are then divided by
# their sum, the temperature cancels out:

# %%
divided = probabilities / 2.0
print("probabilities / 2 sum to", round(divided.sum().item(), 3))
repaired = divided / divided.sum()
print("divided by their sum, they are what they were:", torch.allclose(repaired, probabilities))

# %% [markdown]
# No error, no warning, and no effect. The order matters: temperature, then softmax.

# %% [markdown]
# ## Top-k: a fixed number of tokens
#
# The tail can be cut off. **Top-k** keeps the k most probable tokens and gives the others nothing. The simplest place
# to cut is the logits: set the others to −∞ before the softmax, and everything comes out right by itself:

# %%
k = 2
last_kept = logits.topk(k).values[-1]
cut = logits.masked_fill(logits < last_kept, -torch.inf)
top_k = cut.softmax(dim=-1)
kept = top_k.nonzero().flatten().tolist()
print({vocabulary[i]: round(top_k[i].item(), 3) for i in kept}, "sum", round(top_k.sum().item(), 3))

# %% [markdown]
# Cut the probabilities instead, and one more step is needed. Without it, what is left is not a distribution:

# %%
too_little = probabilities * (probabilities >= probabilities.topk(k).values[-1])
print("after the cut they sum to", round(too_little.sum().item(), 3))
renormalised = too_little / too_little.sum()
print("divided by their sum, they equal the cut on logits:", torch.allclose(renormalised, top_k, atol=1e-6))

# %% [markdown]
# `torch.multinomial` would not complain: it divides by the sum itself. Code that compares probabilities, or cuts a
# second time, goes wrong in silence.

# %% [markdown]
# ## Top-p: as many tokens as it takes
#
# How large should k be? That depends on the context. After some words nearly everything is settled, after others much
# is open:

# %%
for context in (("is", "a"), ("loves", "her"), (".", "the")):
    ranked = next_logits(*context).softmax(dim=-1).sort(descending=True).values
    needed = int((ranked.cumsum(dim=0) < 0.9).sum()) + 1
    print(f"after {' '.join(context)!r:12} {needed:2} words are needed for a sum of 0.9")

# %% [markdown]
# **Top-p**, or nucleus sampling, fixes the sum instead: sort by probability, and keep the fewest tokens that together
# reach p. Whether a token stays depends on those *before* it: it stays if they have not reached p yet. So the first one
# always stays, however small p is.

# %%
ranked, order = probabilities.sort(descending=True, stable=True)
before = ranked.cumsum(dim=0) - ranked
for i in range(6):
    print(
        f"{vocabulary[order[i]]:6} {ranked[i].item():.3f}  before it {before[i].item():.3f}  "
        f"{'stays' if before[i] < 0.7 else 'goes'}"
    )
nucleus = torch.where(before < 0.7, ranked, 0.0)
top_p = torch.zeros_like(probabilities).scatter(0, order, nucleus / nucleus.sum())
print("divided by their sum:", [round(share, 3) for share in top_p[order][:5].tolist()])

# %% [markdown]
# ## The order of the steps
#
# All three can be used together. The customary order is temperature, top-k, top-p. The order matters, since what top-p
# keeps depends on the probabilities that it sees:
#
# ```
# logits ─▶ ÷ temperature ─▶ top-k ─▶ softmax ─▶ top-p ─▶ ÷ sum ─▶ draw
# ```

# %%
for temperature in (0.5, 1.0, 2.0):
    ranked = (logits / temperature).softmax(dim=-1).sort(descending=True).values
    kept = int((ranked.cumsum(dim=0) - ranked < 0.9).sum())
    print(f"temperature {temperature}, then top-p 0.9: {kept} words stay")

# %% [markdown]
# At a high temperature top-p lets the tail in again: the tail has become probable. Keep that in mind for the explorer.

# %% [markdown]
# ### Exercise 12.1 · From logits to probabilities
#
# ●●● · 15 minutes · for every text that a model writes · write a function
#
# Complete `next_probabilities`. `logits` has shape (V,). Divide by the temperature, keep the `top_k` most probable
# tokens, and of these as few as reach `top_p`; `None` turns a cut off, and `top_k` may be larger than V. Return the
# probabilities (V,) that a token is drawn from: they sum to 1. The lines for temperature 0 are there.
#
# Stuck? `exercise("12.1").hint()` gives a question first, then the idea, then the line.


# %% exercise="12.1"
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
exercise("12.1").check(next_probabilities)

# %% [markdown]
# ### Predict, then explore: the distribution sculptor
#
# The sculptor shows the steps side by side for six contexts, with the logits of our counted model; cut tokens are
# hatched. *Came next* says how often a token really followed. Before you touch it:
#
# - Lower the temperature from 2 to 1. Which columns do *not* change?
# - Set top-k to 6, and raise the temperature as far as it goes. Will the same words be kept, or others?
# - Leave top-k at 6, and go through the contexts. Does one of them let in words that never came next?
# - **The target:** variety without nonsense. No chance for what never came next, and a choice nearly as open as if all
#   that did were equally likely. Which setting makes for variety, and which keeps the nonsense out?

# %%
sculptor = DistributionSculptor(probabilities=next_probabilities)
sculptor

# %% [markdown]
# An explorer is a Python object. A second one drives your function through settings with and without cuts, and
# compares:

# %%
probe = DistributionSculptor(probabilities=next_probabilities)
tried = [("1", "all", "1"), ("2", "5", "1"), ("0.5", "all", "0.8"), ("3", "11", "0.7"), ("0.2", "all", "0.3")]
for temperature, k, p in tried:
    probe.set(temperature=temperature, top_k=k, top_p=p)
    assert torch.allclose(probe.trace.probabilities, probe.trace.expected, atol=1e-5)
    kept = int((probe.trace.probabilities > 0).sum())
    print(
        f"temperature {temperature:3} top-k {k:3} top-p {p:3}: {kept:3} kept, "
        f"sum {probe.trace.total:.3f}, entropy {probe.trace.entropy:.1f} bits"
    )

# %% [markdown]
# If that assertion fails, `next_probabilities` is not right yet, and the note above the sculptor says where. Now whole
# texts, with the counted model of the beginning:

# %%
for temperature, p in ((1.0, None), (2.0, None), (1.0, 0.9)):
    generator = torch.Generator().manual_seed(3)

    def draw(logits, temperature=temperature, p=p, generator=generator):
        shares = sampling_probabilities(logits, temperature=temperature, top_p=p)
        return torch.multinomial(shares, 1, generator=generator).item()

    print(f"temperature {temperature}, top-p {p}:\n   {continue_text('the king', draw, 14)}")

# %% [markdown]
# At temperature 2 odd words turn up, and each makes the next words odder: the model has hardly ever seen them together.
# With top-p the text stays with what has been seen. (It is still not the same each time: try another seed.)

# %% [markdown]
# ## The same, polished: `llmlab.generation`
#
# The package has what you wrote, with checks and for whole batches. `sampling_probabilities` against the cuts made by
# hand at the beginning:

# %%
assert torch.allclose(sampling_probabilities(logits, top_k=2), top_k, atol=1e-6)
assert torch.allclose(sampling_probabilities(logits, top_p=0.7), top_p, atol=1e-6)
print("top-k and top-p by hand and in llmlab: the same")

# %% [markdown]
# `online_attention` is the tiled attention above for any leading dimensions, and `cache_bytes` weighs a cache:

# %%
assert torch.allclose(online_attention(q, k, v, block=32), tiled_attention(q, k, v, 32), atol=1e-6)
print("the cache that we weighed:", cache_bytes(3, 6, 8, length=64, bytes_per_number=4), "bytes")

# %% [markdown]
# `generate` takes prompts of different lengths in one batch, which a hand-written loop seldom does, and stops each one
# at a token of your choice. Does a prompt get the same continuation alone and beside a longer one?

# %%
prompts = [[3, 14, 15], [9, 2, 6, 5, 3, 5, 8]]
together = generate(model, prompts, 8, temperature=0)
alone = [generate(model, [prompt], 8, temperature=0)[0] for prompt in prompts]
assert together == alone
for row in together:
    print(row)

# %% [markdown]
# And it says what does not fit, before anything is computed:

# %%
for wrong in ({"temperature": -1.0}, {"top_p": 1.5}, {"max_new_tokens": 90}):
    try:
        generate(model, ids, **{"max_new_tokens": 5} | wrong)
    except ValueError as error:
        print(f"ValueError: {error}\n")

# %% [markdown]
# ## You can now
#
# - turn logits into probabilities with temperature, top-k and top-p, in the right order and with a sum of 1;
# - keep keys and values instead of computing them again, and show that nothing changes but the cost;
# - say what a cache takes, and what groups of heads save;
# - take a softmax in one pass over blocks, and explain what FlashAttention saves and what it leaves as it is.
#
# Type `??generate` to read the package's loop. This was the last lesson: you have followed a text from its characters
# to the next token, and back to characters.

# %%
progress("12")
