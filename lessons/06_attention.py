# %% [markdown]
# # 06 · Attention
#
# Near the beginning of our story there is a label: *"Ada Quill read what was left of the label. She read it as she read
# everything …"* What does *it* mean? You looked back a few words and took the meaning from there. The vector of lesson
# 04 cannot do that: *it* has the same vector in every sentence. Attention is the step in which each token looks at the
# others and takes from them what it needs.
#
# About 75 minutes. At the end you can
#
# - compute scores, weights and context vectors by hand, and say the shape of each;
# - name queries, keys and values, and say what each of the three matrices is for;
# - choose the axis of a softmax, and write one that does not overflow;
# - explain the division by $\sqrt{d}$, and what goes wrong with another divisor;
# - predict what moves when one number changes, and build a working head by hand.

# %% [markdown]
# ## Before we start: three questions on lesson 04
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. What does an embedding layer compute, and which of its rows does one step of
# training change?</summary>
#
# It looks up one row of a table for each id, which equals the one-hot vector times the matrix. Only the rows that were
# looked up receive a gradient.
# </details>
#
# <details><summary>2. A sentence is shuffled before it enters a layer that knows nothing of positions. What comes
# out?</summary>
#
# The same output vectors, shuffled in the same way: such a layer is permutation <em>equivariant</em>. Order is lost
# unless something adds it.
# </details>
#
# <details><summary>3. Rotary positions turn pairs of components. What does the dot product of two turned vectors say
# about their places?</summary>
#
# Only how far apart they are, not where in the text they stand.
# </details>

# %%
import math

import matplotlib.pyplot as plt
import torch
from torch.nn import functional as F

from llmlab import course
from llmlab.attention import SelfAttention, scaled_dot_product_attention, simplified_attention
from llmlab.bpe import gpt2_encoding
from llmlab.corpus import load_text
from llmlab.embeddings import InputEmbedding
from llmlab.exercises import exercise, progress
from llmlab.explorers import AttentionBench
from llmlab.gpt import GPT, attention_maps
from llmlab.training import load_checkpoint

torch.set_printoptions(sci_mode=False)  # 0.0000 instead of 3.0580e-07

# %% [markdown]
# ## Similarity is a dot product
#
# Four words, and for each a vector of three numbers. Trained vectors have hundreds of numbers without a name; ours are
# made up, so that we can read them: how much of a *thing* is it, how much of a *movement*, how much of a *place*?

# %%
words = ["piano", "came", "to", "island"]
x = torch.tensor(
    [
        [1.0, 0.2, 0.1],  # piano: a thing
        [0.5, 1.0, 0.2],  # came: a movement, of some thing
        [0.1, 0.4, 0.3],  # to: a movement, to some place
        [0.6, 0.1, 1.0],  # island: a place, and a thing
    ]
)  # (T, D) = (4, 3)

# %% [markdown]
# How similar are *came* and *piano*? Multiply component by component and add up: the **dot product**. It is large when
# two vectors are large in the same places.
#
# $$a \cdot b = \sum_c a_c \, b_c$$

# %%
a, b = x[1], x[0]
total = 0.0
for c in range(3):
    total += (a[c] * b[c]).item()
    print(f"component {c}: {a[c]:.1f} × {b[c]:.1f}, sum so far {total:.2f}")

# %% [markdown]
# And the other words, seen from *came*:

# %%
for word, vector in zip(words, x, strict=True):
    print(f"came · {word:6} = {torch.dot(x[1], vector).item():.2f}")

# %% [markdown]
# Geometrically it is the cosine of the angle between the two vectors, times both lengths. So direction counts, and
# length does too: a long vector scores higher with everyone who points roughly its way.

# %%
cosine = F.cosine_similarity(a, b, dim=0)
print(f"cosine {cosine:.3f} × lengths {a.norm():.3f} and {b.norm():.3f} = {cosine * a.norm() * b.norm():.2f}")

# %% [markdown]
# ## Scores: by loops, then by @
#
# Every token asks every token. The result is a table of **attention scores**: row $i$ holds what token $i$ found,
# column $j$ belongs to the token that was asked. Two loops say it most plainly:

# %%
T, D = x.shape
scores = torch.empty(T, T)
for i in range(T):  # who asks
    for j in range(T):  # who is asked
        scores[i, j] = torch.dot(x[i], x[j])
print(scores)

# %% [markdown]
# A table of all dot products between the rows of two matrices is a matrix product: $S = X X^\top$. One `@` replaces
# both loops.

# %%
assert torch.allclose(x @ x.T, scores)
print("x", tuple(x.shape), "@ x.T", tuple(x.T.shape), "->", tuple((x @ x.T).shape))

# %% [markdown]
# Keep the shape in mind: $T \times T$, whatever the width. The width $D$ was summed away. And keep the `@`: it does not
# go through Python for each pair.

# %%
from time import perf_counter

longer = torch.randn(64, 3)  # 64 tokens, 4,096 pairs


def by_loops():
    return [[torch.dot(a, b) for b in longer] for a in longer]


def by_matrix_product():
    return longer @ longer.T


def seconds(work):
    start = perf_counter()
    work()
    return perf_counter() - start


ratio = seconds(by_loops) / min(seconds(by_matrix_product) for _ in range(20))
print("the loops take more than 20 times as long:", ratio > 20)

# %% [markdown]
# ## From scores to weights: softmax
#
# Each token will take a mixture of all tokens, so each row of scores has to become shares: none negative, together 1,
# and more for a higher score. Dividing by the sum is not enough, because scores may be negative:

# %%
row = torch.tensor([2.0, -1.5, -0.4])
print("divided by the sum:", row / row.sum(), "<- a share of 20, and negative ones")

# %% [markdown]
# The exponential makes every number positive and keeps the order. Then we divide by the sum:
#
# $$w_{ij} = \frac{e^{s_{ij}}}{\sum_k e^{s_{ik}}}$$
#
# Read the indices. On top stands the score of query $i$ with key $j$. Below, $i$ stays and $k$ runs over **all keys**:
# we divide by the sum of the same *row*. This is the **softmax**, and the $w_{ij}$ are the **attention weights**.

# %%
powers = scores.exp()
weights = powers / powers.sum(dim=1, keepdim=True)  # (T, T) / (T, 1)
print(weights)
print("rows sum to", weights.sum(dim=1))

# %% [markdown]
# Read row 1: to make its new vector, *came* will take 40 % from itself and 22 % from *piano*.
#
# ### The right axis
#
# `dim=1` adds along a row. With `dim=0` nothing breaks, and the shape is the same. Our scores are symmetric, which
# hides some mistakes, so here are lopsided ones, for three tokens:

# %%
lopsided = torch.tensor([[2.0, 0.0, 1.0], [-0.5, 1.5, -1.0], [0.5, 3.0, 1.0]])
powers = lopsided.exp()
wrong = powers / powers.sum(dim=0, keepdim=True)  # (T, T) / (1, T)
print("columns sum to", wrong.sum(dim=0))
print("rows sum to   ", wrong.sum(dim=1))

# %% [markdown]
# Now each token that is *asked* hands out exactly 1, and a token that *asks* gets whatever happens to add up. Its new
# vector would not be a mean of anything. Forget `keepdim=True`, and it is worse: the sums, of shape (3,), lie along the
# row, and column $j$ is divided by the sum of row $j$, which belongs to another query. In the formula that is a sum
# over the wrong index, $\sum_k e^{s_{jk}}$.

# %%
garbled = powers / powers.sum(dim=1)  # (T, T) / (T,)
print("columns sum to", garbled.sum(dim=0))
print("rows sum to   ", garbled.sum(dim=1))

# %% [markdown]
# Nothing sums to 1 any more, and no error was raised. So make it a habit to print the sum of each row.
#
# ### The numerical form
#
# The largest number in float32 is about $3.4 \cdot 10^{38}$, and $e^{89}$ is above it. So a score of 100 gives `inf`,
# and `inf / inf` is not a number:

# %%
large = torch.tensor([100.0, 99.0, 90.0])
print(large.exp(), "->", large.exp() / large.exp().sum())

# %% [markdown]
# The cure costs nothing. Subtract the same number $m$ from all scores of a row, and the weights stay as they are, since
# $e^{s-m} = e^s / e^m$ and the $e^m$ cancels above and below. With $m$ the largest score of the row, the largest
# exponent is 0:

# %%
shifted = (large - large.max()).exp()
print(shifted, "->", shifted / shifted.sum())
print("torch.softmax          ->", torch.softmax(large, dim=-1))

# %% [markdown]
# That is what `torch.softmax` does. Along its `dim` the weights sum to 1; for attention that is always the last axis,
# the keys, whatever stands before it. So write `dim=-1`: it stays right when a batch comes in front.

# %% [markdown]
# ### Exercise 06.1 · Find the bugs: a softmax with two faults
#
# ●●○ · 8 minutes · for never trusting a shape alone · find the bug
#
# `attention_weights` gets scores of shape (..., T_query, T_key), with any number of dimensions in front, and should
# return the weights, in the same shape. It has two faults. One shows when you add up the weights of a query, the other
# only when scores are large. Mend both, without calling a ready-made softmax if you can.


# %% exercise="06.1"
def attention_weights(scores):
    ### BEGIN SOLUTION
    highest = scores.max(dim=-1, keepdim=True).values  # (..., T_query, 1)
    powers = torch.exp(scores - highest)
    return powers / powers.sum(dim=-1, keepdim=True)
    ### STUB
    # powers = torch.exp(scores)
    # return powers / powers.sum(dim=0, keepdim=True)
    ### END SOLUTION


# %%
exercise("06.1").check(attention_weights)

# %% [markdown]
# ## Context: a weighted sum
#
# The weights say how much; now comes what. The **context vector** of token $i$ is the sum of all tokens' vectors, each
# times its weight:
#
# $$c_i = \sum_j w_{ij} \, x_j$$

# %%
context = torch.zeros(D)
for j in range(T):
    context += weights[1, j] * x[j]
    print(f"+ {weights[1, j]:.2f} × {words[j]:6} = {context}")

# %% [markdown]
# *came* entered with (0.5, 1.0, 0.2). It leaves with more of a thing and more of a place: it has taken something from
# *piano* and *island*. All rows at once are a matrix product again:

# %%
contexts = weights @ x  # (T, T) @ (T, D) -> (T, D)
assert torch.allclose(contexts[1], context)
print(contexts)

# %% [markdown]
# Three steps, then: **scores**, **weights**, **context**. Because the weights of a row are shares, a context vector is
# a weighted mean of what was there: every component stays between the smallest and the largest of its column.

# %%
assert (contexts >= x.min(dim=0).values).all() and (contexts <= x.max(dim=0).values).all()
equal = torch.full((1, T), 1 / T)
print("equal weights give the plain mean:", torch.allclose(equal @ x, x.mean(dim=0)))

# %% [markdown]
# ### The book's numbers
#
# Six tokens, each of three numbers, are the worked example in chapter 3 of Raschka's *Build a Large Language Model
# (From Scratch)*. If you follow the book beside this course, you will recognise the weights of the second token:

# %%
book = torch.tensor(
    [
        [0.43, 0.15, 0.89],
        [0.55, 0.87, 0.66],
        [0.57, 0.85, 0.64],
        [0.22, 0.58, 0.33],
        [0.77, 0.25, 0.10],
        [0.05, 0.80, 0.55],
    ]
)
book_scores = book @ book.T
book_weights = torch.softmax(book_scores, dim=-1)
print("scores ", book_scores[1])
print("weights", book_weights[1])
print("context", (book_weights @ book)[1])

# %% [markdown]
# `llmlab.attention.simplified_attention` takes these three steps in one call:

# %%
packaged = simplified_attention(book)
same = torch.allclose(packaged.scores, book_scores) and torch.allclose(packaged.weights, book_weights)
print("the same scores and weights:", same)

# %% [markdown]
# As a picture, darker for more:

# %%
figure, axes = plt.subplots(figsize=(4.2, 3.6))
axes.imshow(book_weights, cmap="Blues", vmin=0.0, vmax=0.35)
for i in range(6):
    for j in range(6):
        axes.text(j, i, f"{book_weights[i, j]:.2f}", ha="center", va="center", fontsize=8)
axes.set(xlabel="key (is asked)", ylabel="query (asks)")
course.show(
    figure,
    alt="Attention weights of six tokens as a table of six by six. All lie between 0.10 and 0.24; "
    "the columns of tokens 1 and 2 are the largest in almost every row.",
)

# %% [markdown]
# All rows look alike: tokens 1 and 2 have the longest vectors, and so nearly every token attends most to them. Plain
# similarity has little to say here, and there is nothing in it that could be trained.

# %% [markdown]
# ## Queries, keys and values
#
# Two more weaknesses, seen in our own four words: the scores are symmetric, so *came* must find *piano* exactly as
# interesting as *piano* finds *came*; and most tokens are most similar to themselves.

# %%
print("symmetric:", torch.equal(scores, scores.T))
print("each word's favourite:", [f"{word} -> {words[j]}" for word, j in zip(words, scores.argmax(dim=1), strict=True)])

# %% [markdown]
# The remedy is to let each token play three roles, each with its own vector:
#
# - its **query**: what am I looking for? A verb may look for who does it.
# - its **key**: by what can I be found? A noun may say: I am a thing that can do something.
# - its **value**: what do I tell those who find me?
#
# Think of a library: your request is the query, the catalogue cards are the keys, the books are the values. Request and
# card must be written in the same terms to be compared; the book may look quite different.
#
# All three are made from the *same* input by three matrices, $Q = X W_q$, $K = X W_k$, $V = X W_v$; hence the name
# *self-attention*. Those matrices are what training adjusts.

# %%
generator = torch.Generator().manual_seed(4)
d, d_value = 2, 5
W_query = torch.randn(D, d, generator=generator, requires_grad=True)  # (3, 2)
W_key = torch.randn(D, d, generator=generator, requires_grad=True)  # (3, 2)
W_value = torch.randn(D, d_value, generator=generator, requires_grad=True)  # (3, 5)

queries, keys, values = x @ W_query, x @ W_key, x @ W_value
print("queries", tuple(queries.shape), "keys", tuple(keys.shape), "values", tuple(values.shape))

# %% [markdown]
# Queries and keys must be equally wide, or there is no dot product. Values may have a width of their own. From here the
# three steps are the same:

# %%
scores = queries @ keys.T  # (T, d) @ (d, T) -> (T, T)
weights = torch.softmax(scores, dim=-1)  # (T, T)
context = weights @ values  # (T, T) @ (T, d_value) -> (T, d_value)
print("scores", tuple(scores.shape), "weights", tuple(weights.shape), "context", tuple(context.shape))
print("symmetric:", torch.allclose(scores, scores.T))

# %% [markdown]
# A frequent misreading takes $Q$, $K$ and $V$ for three sets of data. They are three views of one: change a single
# number of $X$, in the row of *came*, and the row of *came* changes in all three.

# %%
changed = x.clone()
changed[1, 0] += 1.0
for name, W in (("Q", W_query), ("K", W_key), ("V", W_value)):
    rows = (changed @ W != x @ W).any(dim=1)
    print(name, "changes in the rows of", [word for word, moved in zip(words, rows, strict=True) if moved])

# %% [markdown]
# What is each matrix for? Switch them off one at a time, by putting zeros in their place:


# %%
def steps(W_query, W_key, W_value):
    weights = torch.softmax((x @ W_query) @ (x @ W_key).T, dim=-1)
    return weights, weights @ (x @ W_value)


for name, given in (
    ("no queries", (W_query * 0, W_key, W_value)),
    ("no keys   ", (W_query, W_key * 0, W_value)),
    ("no values ", (W_query, W_key, W_value * 0)),
):
    weights_now, context_now = steps(*given)
    uniform, nothing = torch.allclose(weights_now, torch.tensor(0.25)), not context_now.any()
    print(f"{name}: all weights equal: {str(uniform):5}  context empty: {nothing}")

# %% [markdown]
# Without a question, or with nobody to be found, everyone gets the same share. Without values the right tokens are
# found and tell nothing. Training moves all three, because the loss reaches all three through the context:

# %%
loss = context.square().mean()
for name, gradient in zip("QKV", torch.autograd.grad(loss, (W_query, W_key, W_value)), strict=True):
    print(f"W for {name}: shape {tuple(gradient.shape)}, gradient everywhere: {bool(gradient.ne(0).all())}")

# %% [markdown]
# ### Counting parameters
#
# Three matrices: $D \cdot d + D \cdot d + D \cdot d_{value}$ numbers. The length of the text does not appear: the same
# matrices serve four tokens and four thousand. What grows with the text is the table of scores, and it grows with the
# square of the length.

# %%
print("our head:", W_query.numel() + W_key.numel() + W_value.numel(), "parameters")
head = SelfAttention(d_in=768, d_out=64)  # one head of the small GPT-2, without its biases
print("768 -> 64:", f"{sum(W.numel() for W in head.parameters()):,}", "parameters")
for length in (16, 256, 1024):
    print(f"{length:5} tokens: {length * length:9,} scores")

# %% [markdown]
# ### Exercise 06.2 · The forward pass, with two lines missing
#
# ●○○ · 6 minutes · for knowing which matrix meets which · fill in the missing steps
#
# The worked example above as a function. Two lines have been taken out: the scores and the context. Put them back.
# (Nothing is divided yet; that comes next.) `x` has shape (T, D), `W_query` and `W_key` (D, d), `W_value` (D, d_value).


# %% exercise="06.2"
def forward(x, W_query, W_key, W_value):
    queries = x @ W_query
    keys = x @ W_key
    values = x @ W_value
    ### BEGIN SOLUTION
    scores = queries @ keys.T
    ### STUB
    # scores = ...
    ### END SOLUTION
    weights = torch.softmax(scores, dim=-1)
    ### BEGIN SOLUTION
    context = weights @ values
    ### STUB
    # context = ...
    ### END SOLUTION
    return scores, weights, context


# %%
exercise("06.2").check(forward)

# %% [markdown]
# ## Why the scores are divided by √d
#
# Suppose that the numbers in queries and keys are independent, with mean 0 and variance 1; before training they should
# be about that large. A product of two such numbers has variance 1 too, and a dot product adds $d$ of them. Variances
# of independent numbers add up, so a score has variance $d$. Is that so? Ten thousand pairs for each width:

# %%
generator = torch.Generator().manual_seed(0)
dots = {}
print("    d   variance of q·k   of q·k / √d")
for d in (4, 16, 64, 256):
    q, k = torch.randn(2, 10_000, d, generator=generator)
    dots[d] = (q * k).sum(dim=-1)
    print(f"{d:5} {dots[d].var():14.0f} {(dots[d] / math.sqrt(d)).var():14.2f}")

# %% [markdown]
# The wider the vectors, the further apart the scores. Dividing by $\sqrt{d}$ divides the variance by $d$ and brings it
# back to 1, at any width:
#
# $$\text{Attention}(Q, K, V) = \text{softmax}\!\left(\frac{Q K^\top}{\sqrt{d}}\right) V$$
#
# What is wrong with scores that lie far apart? The softmax turns *differences* into *ratios*: 5 more is $e^5 \approx
# 148$ times the weight. Take six scores at a time and look at the largest weight:

# %%
print("    d   largest of 6 weights, unscaled   scaled")
for d, products in dots.items():
    rows = products[:9996].view(-1, 6)  # 1,666 rows of six scores
    unscaled = torch.softmax(rows, dim=-1).max(dim=-1).values.mean()
    scaled = torch.softmax(rows / math.sqrt(d), dim=-1).max(dim=-1).values.mean()
    print(f"{d:5} {unscaled:25.2f} {scaled:15.2f}")

# %% [markdown]
# Unscaled and wide, a head that has learned nothing already gives nearly everything to one token, picked by chance. Its
# softmax is **saturated**. It gets worse: from there it can hardly learn. The gradient of the softmax is
#
# $$\frac{\partial w_i}{\partial s_j} = w_i \, (\delta_{ij} - w_j), \qquad \delta_{ij} = 1 \text{ if } i = j
# \text{, else } 0$$
#
# and when one weight is near 1 and all others near 0, every one of these products is near 0. The line in code, checked
# against PyTorch's own derivative:

# %%
four = torch.tensor([1.0, 0.2, -0.5, -1.3])
for factor in (1, 4, 16):
    w = torch.softmax(factor * four, dim=-1)
    by_hand = torch.diag(w) - torch.outer(w, w)  # w_i (δ_ij - w_j)
    by_torch = torch.autograd.functional.jacobian(lambda s: torch.softmax(s, dim=-1), factor * four)
    assert torch.allclose(by_hand, by_torch, atol=1e-6)
    print(f"scores × {factor:2}: largest weight {w.max():.4f}, largest derivative {by_hand.abs().max():.6f}")

# %% [markdown]
# ### Divided by the root of what?
#
# Of the width that the dot product ran over: that of queries and keys. Not of the model's width, not of the number of
# tokens, not of the values' width. Vectors of 512 numbers, projected to queries and keys of 16, for 64 tokens:

# %%
generator = torch.Generator().manual_seed(1)
wide = torch.randn(64, 512, generator=generator)  # (T, D)
W_q, W_k = torch.randn(2, 512, 16, generator=generator) / math.sqrt(512)  # keeps the variance at 1
products = (wide @ W_q) @ (wide @ W_k).T  # (T, T)

for name, divisor in (("nothing", 1.0), ("√16, width of q and k", 4.0), ("16", 16.0), ("√512, width of x", 512**0.5)):
    largest = torch.softmax(products / divisor, dim=-1).max(dim=-1).values.mean()
    print(f"divided by {name:22}: scores spread by {(products / divisor).std():.2f}, largest weight {largest:.2f}")

# %% [markdown]
# Too large a divisor raises no error either: all weights come out nearly equal (1/64 is 0.016), and the head looks
# everywhere at once.

# %% [markdown]
# ### Exercise 06.3 · Write `attend`
#
# ●●○ · 10 minutes · for owning the whole formula · write a function
#
# Write scaled dot-product attention. `q` (..., T_query, d), `k` (..., T_key, d) and `v` (..., T_key, d_value) may have
# any number of dimensions in front (swap the last two with `.transpose(-2, -1)`; `.T` is for plain matrices). Return
# `context, weights`, in this order. The bench further down runs on your function.


# %% exercise="06.3"
def attend(q, k, v):
    ### BEGIN SOLUTION
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5  # (..., T_query, T_key)
    weights = torch.softmax(scores, dim=-1)
    context = weights @ v  # (..., T_query, d_value)
    return context, weights
    ### END SOLUTION


# %%
exercise("06.3").check(attend)

# %% [markdown]
# ## What moves when one number changes?
#
# The surest test of understanding a formula is to say, before computing, what a change will do. Take the three steps
# apart: a score needs one query and one key; a weight needs a whole row of scores; a context vector needs a row of
# weights and all values.

# %% [markdown]
# ### Exercise 06.4 · One number of K
#
# ●●○ · 5 minutes · for seeing through the three steps · predict
#
# Five tokens; queries and keys are 3 wide, values 2, no number is zero, and nothing cancels by chance. You add 1 to a
# single number of $K$, in the row of token 2. $Q$ and $V$ stay as they are.
#
# - How many of the 25 scores change?
# - How many of the 25 weights change?
# - How many of the 5 rows of the context change?
#
# Then, instead, you add 1 to a single number of the *input* $X$, in the row of token 2. Which of $Q$, $K$ and $V$
# change? Answer with letters in quotes, such as `"Q"` or `"KV"`. Work it out before you run anything.

# %% exercise="06.4"
### BEGIN SOLUTION
scores_changed, weights_changed, context_rows_changed = 5, 25, 5
changed_by_x = "QKV"
prediction = (scores_changed, weights_changed, context_rows_changed, changed_by_x)
### STUB
# scores_changed, weights_changed, context_rows_changed = ..., ..., ...
# changed_by_x = ...
# prediction = (scores_changed, weights_changed, context_rows_changed, changed_by_x)
### END SOLUTION

# %%
exercise("06.4").check(prediction)

# %% [markdown]
# ### Predict, then explore
#
# The bench runs *your* `attend` on six words. Each word has a random vector (the two *the* have the same one, since no
# positions are added), and three random matrices make queries, keys and values of it. You see all scores and weights,
# one cell taken apart into its dot product, one row into its softmax, and you can change one number and see which
# others are marked as moved. Before you touch it:
#
# - *Scaling* off, then width 4, 16, 64, 256: where will the largest weights go? And with scaling on?
# - Change a number of $K$, then one of $Q$, then one of $V$. Which tables get marks, and how many?
# - The *temperature* divides the scores once more. What will 0.1 do to a row, and what 10?
# - **The target:** with scaling on and temperature 1, give one token at least 90 % of another's attention by changing a
#   single number. Which number is the strongest lever, and what happens to it at width 64?

# %%
explorer = AttentionBench(attend=attend)
explorer

# %% [markdown]
# (A hint for the target: in a score, each number of the key is multiplied by the query's number in the same place.)
#
# An explorer is a Python object, so what it shows can be asserted. A second bench, set from code, edits each of $Q$,
# $K$ and $V$ in turn and counts. Predict the three lines before you run the cell: six tokens, values three wide.

# %%
probe = AttentionBench(attend=attend)
for edit, expected in (("Q", (6, 6, 3)), ("K", (6, 36, 18)), ("V", (0, 0, 6))):
    probe.set(edit=edit, query=2, key=1, component=0, by=2)
    trace = probe.trace
    counts = tuple(int(moved.sum()) for moved in (trace.scores_moved, trace.weights_moved, trace.context_moved))
    print(f"{edit} edited: {counts[0]:2} scores, {counts[1]:2} weights, {counts[2]:2} context numbers move")
    assert counts == expected

# %% [markdown]
# One number of $Q$ is one token's question: one row. One number of $K$ is heard by every query: a column of scores, and
# through the softmax *all* weights, because each row has to sum to 1 again. One number of $V$ changes nothing about who
# looks where, only what is told: one column of the context. Now the widths:

# %%
for scaling in (False, True):
    largest = []
    for width in ("4", "16", "64", "256"):
        probe.set(width=width, scaling=scaling, temperature="1", by=0)
        assert probe.trace.rows_sum_to_one and probe.trace.agrees
        largest.append(probe.trace.largest_weight)
    print("scaled  " if scaling else "unscaled", [f"{weight:.2f}" for weight in largest])

assert max(largest) < 0.45

# %% [markdown]
# If one of these assertions fails, `attend` is not yet attention, and the note above the bench's picture says so. When
# you have reached the target by hand, `print(explorer.code())` gives the same as plain Python.
#
# And the **temperature**: below 1 it sharpens the softmax towards its largest score, above 1 it flattens it towards
# equal shares.

# %%
for temperature in (0.1, 1.0, 10.0):
    print(f"temperature {temperature:4}: ", torch.softmax(four / temperature, dim=-1))

# %% [markdown]
# ## A head made by hand
#
# Training finds the matrices. To see what they can express, we set them ourselves. Let $x$ say openly what a token is
# and where it stands: a one-hot vector for the token, and behind it a one-hot vector for the position.

# %%
n_vocab, n_positions = 3, 5


def tokens_and_positions(ids):
    ids = torch.as_tensor(ids)
    token, position = F.one_hot(ids, n_vocab), F.one_hot(torch.arange(len(ids)), n_positions)
    return torch.cat([token, position], dim=1).float()  # (T, n_vocab + n_positions)


one_hot = tokens_and_positions([2, 0, 2, 1])
print(one_hot.int())

# %% [markdown]
# A first head: *look at every place with the same token as mine.* Query and key both report the token and drop the
# position, so the dot product is 1 for equal tokens and 0 for others:

# %%
same_token = torch.zeros(n_vocab + n_positions, n_vocab)
same_token[:n_vocab] = torch.eye(n_vocab)  # rows of the token part; the position part stays zero
print(scaled_dot_product_attention(one_hot @ same_token, one_hot @ same_token, one_hot).weights)

# %% [markdown]
# The right places stand out, but faintly: a score of $1/\sqrt{3}$ against 0 is not much. The others
# still get about a fifth each. Multiply the queries by 20, and the head is sure:

# %%
print(scaled_dot_product_attention(20 * one_hot @ same_token, one_hot @ same_token, one_hot).weights)

# %% [markdown]
# Places 0 and 2 hold the same token and share; the others find only themselves. A head that knows *what stood before
# me* is worth even more: with it, a model can notice that *piano* followed *the* last time.

# %% [markdown]
# ### Exercise 06.5 · Build the previous-token head
#
# ●●● · 12 minutes · for seeing what the three matrices can say · write a function
#
# Return three matrices such that attention over `x = [one-hot token | one-hot position]` copies the previous token:
# each token from the second on gives at least 90 % of its attention to the position before it, and its context is that
# token's one-hot vector (within 10 %). The first token has none before it: what it does is free.
#
# `W_query` and `W_key` have shape (n_vocab + n_positions, n_positions), `W_value` (n_vocab + n_positions, n_vocab). The
# check makes `q = x @ W_query` and so on, divides by √d as always, and tries other tokens, shorter texts and other
# sizes, up to 32 positions. The zeros are there; fill in what must not be zero.


# %% exercise="06.5"
def previous_token_head(n_vocab, n_positions):
    W_query = torch.zeros(n_vocab + n_positions, n_positions)
    W_key = torch.zeros(n_vocab + n_positions, n_positions)
    W_value = torch.zeros(n_vocab + n_positions, n_vocab)
    ### BEGIN SOLUTION
    for position in range(n_positions):
        W_key[n_vocab + position, position] = 1.0  # found by: my position
        if position > 0:  # looking for: the position before mine, loudly enough for any √d
            W_query[n_vocab + position, position - 1] = 20.0 * n_positions**0.5
    W_value[:n_vocab] = torch.eye(n_vocab)  # told: my token
    ### STUB
    # ...
    ### END SOLUTION
    return W_query, W_key, W_value


# %%
exercise("06.5").check(previous_token_head)

# %% [markdown]
# Your head at work. As long as the matrices are zero, it copies nothing:

# %%
for_query, for_key, for_value = previous_token_head(n_vocab, n_positions)
context, weights, _ = scaled_dot_product_attention(one_hot @ for_query, one_hot @ for_key, one_hot @ for_value)
print("tokens ", one_hot[:, :n_vocab].argmax(dim=1).tolist())
print("copied ", [row.argmax().item() if row.max() > 0.9 else "?" for row in context[1:]], "(from the second token on)")

# %% [markdown]
# Nothing in it is specific to these tokens: positions decide where to look, and the token is what is told.
#
# ## The same on the story
#
# Now the real pipeline, all parts untrained: GPT-2's ids, token vectors with positions from lesson 04, one head.

# %%
encoding = gpt2_encoding()
ids = encoding.encode(load_text())[:8]
pieces = [encoding.decode([token_id]) for token_id in ids]

torch.manual_seed(5)
embed = InputEmbedding(encoding.n_vocab, d_model=24, context_length=16)
head = SelfAttention(d_in=24, d_out=10)
with torch.no_grad():
    vectors = embed(torch.tensor([ids]))  # (B, T, D)
    context, weights = head(vectors, return_weights=True)
print("x", tuple(vectors.shape), "-> context", tuple(context.shape), "with weights", tuple(weights.shape))
print("every row sums to 1:", torch.allclose(weights.sum(dim=-1), torch.ones(1, 8)))

# %% [markdown]
# Which token looks where?

# %%
figure, axes = plt.subplots(figsize=(4.6, 4.0))
axes.imshow(weights[0], cmap="Blues", vmin=0.0, vmax=0.4)
for i in range(8):
    for j in range(8):
        axes.text(j, i, f"{weights[0, i, j]:.2f}", ha="center", va="center", fontsize=7)
axes.set_xticks(range(8), pieces, rotation=45)
axes.set_yticks(range(8), pieces)
axes.set(xlabel="key", ylabel="query")
course.show(
    figure,
    alt="Attention weights of the first eight tokens of the story for an untrained head, as a table of eight by eight. "
    "The weights vary from row to row without a pattern that means anything.",
)

# %% [markdown]
# Each row is a proper set of shares, and the pattern means nothing: these matrices are random draws. Note one thing,
# though: the tokens also look at those that come *after* them. A model that has to predict the next token must not.
# That is lesson 06.
#
# ## What training makes of it
#
# The course brings a small GPT whose matrices are trained: three layers of four heads each, which have read simple
# sentences about kings, dogs and frogs, and nothing else. A sentence begins, and the model says which word comes next:


# %%
def begin(text):
    """The ids of a sentence that begins a document, and its tokens in words."""
    ids = tokenizer.encode("<|endoftext|> " + text, allowed_special="all")
    return torch.tensor([ids]), [tokenizer.decode([token_id]).strip() for token_id in ids]


model, tokenizer = load_checkpoint()
for text in ("the dogs near the king", "the king near the dogs"):
    ids, _ = begin(text)
    with torch.no_grad():
        likeliest = model(ids)[0, -1].topk(4).indices.tolist()
    print(f"{text} ... {', '.join(tokenizer.decode([token_id]).strip() for token_id in likeliest)}")

# %% [markdown]
# Right both times: *dogs* wants a plural verb and *king* a singular one, although another noun stands nearer. In our
# first sentence the vector of *king*, the last token, has to become one that asks for a plural. So from *king*, some
# head has to look back at *dogs*. Here are the weights that each of the twelve heads gives to it:

# %%
ids, names = begin("the dogs near the king")
looks = attention_maps(model, ids)[0]  # (layers, heads, T_query, T_key)
to_dogs = looks[:, :, -1, names.index("dogs")]
for layer, weights in enumerate(to_dogs.tolist()):
    print(f"layer {layer}:", "  ".join(f"{weight:.2f}" for weight in weights))

# %% [markdown]
# With six tokens, an untrained head gives each about 0.17. Several heads find the subject of this sentence. The one
# that is surest of it, beside the same head of a model that has not been trained:

# %%
layer, head = divmod(to_dogs.argmax().item(), model.config.n_heads)
torch.manual_seed(7)
untrained = attention_maps(GPT(model.config).eval(), ids)[0]
figure, panels = plt.subplots(1, 2, figsize=(8.4, 4.0), sharey=True)
for panel, title, table in zip(panels, ("untrained", "trained"), (untrained, looks), strict=True):
    panel.imshow(table[layer, head], cmap="Blues", vmin=0.0, vmax=1.0)
    for i, j in torch.ones(len(names), len(names)).tril().nonzero().tolist():
        weight = table[layer, head, i, j].item()
        panel.text(
            j, i, f"{weight:.2f}", ha="center", va="center", fontsize=8, color="white" if weight > 0.6 else "black"
        )
    panel.set(
        title=f"{title}, layer {layer}, head {head}", xlabel="key", xticks=range(len(names)), yticks=range(len(names))
    )
    panel.set_xticklabels(names, rotation=45, ha="right", rotation_mode="anchor")
    panel.set_yticklabels(names)
panels[0].set_ylabel("query")
course.show(
    figure,
    alt="Two triangles of attention weights for the dogs near the king. Untrained: each row gives equal shares. "
    "Trained: the row of king, the last token, gives nearly all its weight to dogs, the subject, and little to itself.",
)

# %% [markdown]
# Nobody told this head what a subject is. The model was trained only to predict the next word, and a weight on *dogs*
# made the prediction better. (The upper right is empty because this model may not look ahead.) Has the head learned the
# place of the word, or its role? Try it on sentences in which the subject stands elsewhere:

# %%
for text in ("the hungry dogs near the king", "the frog croaks. the queens near the girl"):
    ids, names = begin(text)
    weights = attention_maps(model, ids)[0, layer, head, -1]
    print(f"{names[-1]:5} looks at {names[weights.argmax()]} ({weights.max():.2f}) in: {text}")

# %% [markdown]
# ## The same, polished: `llmlab.attention`
#
# What you built is in the package, and in PyTorch. All sizes differ, so that a swapped axis would show:

# %%
generator = torch.Generator().manual_seed(6)
q = torch.randn(2, 5, 4, generator=generator)  # (B, T_query, d)
k = torch.randn(2, 7, 4, generator=generator)  # (B, T_key, d)
v = torch.randn(2, 7, 3, generator=generator)  # (B, T_key, d_value)

by_hand = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(4), dim=-1) @ v
packaged = scaled_dot_product_attention(q, k, v)
pytorch = F.scaled_dot_product_attention(q, k, v)
print("llmlab  = by hand:", torch.allclose(packaged.context, by_hand, atol=1e-6))
print("PyTorch = by hand:", torch.allclose(pytorch, by_hand, atol=1e-6))

# %% [markdown]
# And against your own `attend`:

# %%
yours = attend(q, k, v)
if yours is None:
    print("attend is still to be written: exercise 06.3.")
else:
    assert torch.allclose(yours[0], pytorch, atol=1e-6) and torch.allclose(yours[1], packaged.weights, atol=1e-6)
    print("Your attend equals llmlab's and PyTorch's.")

# %% [markdown]
# `SelfAttention` holds the three matrices as `nn.Linear` layers. Such a layer stores its matrix the other way round, as
# (d_out, d_in), so that ours is its `.weight.T`:

# %%
x = torch.randn(2, 6, 8, generator=generator)  # (B, T, d_in)
head = SelfAttention(d_in=8, d_out=3)
q, k, v = (x @ layer.weight.T for layer in (head.W_query, head.W_key, head.W_value))
by_hand = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(3), dim=-1) @ v

print("module  = by hand:", torch.allclose(head(x), by_hand, atol=1e-6))
print("module  = PyTorch:", torch.allclose(head(x), F.scaled_dot_product_attention(q, k, v), atol=1e-6))

# %% [markdown]
# The package's version also says in words what does not fit:

# %%
try:
    scaled_dot_product_attention(q, k[..., :2], v)
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# ## You can now
#
# - compute scores, weights and context with two loops, and with two `@`;
# - say what query, key and value are for, and that all three come from one input;
# - put the softmax on the keys' axis, keep it from overflowing, and check it by the sum of a row;
# - explain why a score has variance $d$, what saturation does to the gradient, and which width goes under the root;
# - predict what a change of $Q$, $K$ or $V$ moves, and set the matrices of a small head yourself.
#
# Type `??scaled_dot_product_attention` in a new cell to read the package's version. Lesson 06 hides the future, and
# lets several heads ask at once.

# %%
progress("06")
