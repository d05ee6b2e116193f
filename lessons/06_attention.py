# %% [markdown]
# # 06 · Attention
#
# Near the beginning of our story there is a label: *"Ada Quill read what was left of the label. She read it as she read
# everything …"* What does *it* mean? You looked back a few words. The vector of lesson 04 cannot: *it* has the same one
# in every sentence. **Attention** is the step in which each token looks at the others and takes from them what it
# needs.
#
# About {minutes} minutes. At the end you can
#
# - compute scores, weights and context vectors, and say what queries, keys, values and a head are;
# - write a softmax on the right axis that does not overflow, and explain the division by $\sqrt{d}$;
# - predict what moves when one number changes;
# - build a head by hand, and test by experiment what a trained one is good for.

# %%
import math

import torch
from torch import nn
from torch.nn import functional as F

from llmlab.attention import SelfAttention, scaled_dot_product_attention, simplified_attention
from llmlab.course.figures import attention_steps, attention_tables
from llmlab.exercises import exercise, progress
from llmlab.explorers import AttentionBench
from llmlab.gpt import GPT, attention_maps
from llmlab.training import load_checkpoint

torch.set_printoptions(precision=4, sci_mode=False)  # 0.0000 instead of 3.0580e-07

# %% [markdown]
# ## Before we start: three questions on lesson 05
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. Attention has no mask and no positions. What comes out when its tokens are shuffled?</summary>
#
# The same output vectors, shuffled in the same way: order is lost unless something adds it.
# </details>
#
# <details><summary>2. How does a model with learned positions know where a token stands?</summary>
#
# A vector for each position is added to the token's; beyond the context length there is none.
# </details>
#
# <details><summary>3. What does the dot product of two vectors turned by rotary positions depend on?</summary>
#
# On how far apart their places are, not on where in the text they stand.
# </details>

# %% [markdown]
# ## Play first
#
# Words look at each other. Play for a minute: follow the shares of one word, change a number, see what moves. Then set
# *Vectors* to `trained head` and the text to *the dogs near the king*: where does *king* look?

# %%
AttentionBench()

# %% [markdown]
# ## Why look back at all?
#
# Before attention, a **recurrent network** read a text token by token and kept a *state*: one vector of fixed size,
# changed by each token. Whatever came early had to survive in it. In the simplest one, which keeps 80 % of its state at
# each step, ten tokens later $0.8^{10}$ are left of the first, 11 %. Long sentences were hard. In 2014 Bahdanau, Cho
# and Bengio let a translating network keep *all* its states and look back at each with a weight of its own: attention.
# In 2017 Vaswani and others dropped the recurrence and kept the looking back: the **transformer**, whose heart is this
# lesson. We climb to it in four steps: attention without trained weights, then with queries, keys and values, both
# here; *causal* attention, which sees no future, in lesson 07; several heads side by side in lesson 08.
#
# ## Similarity is a dot product
#
# Four words, each a vector of three numbers, made up to be read: how much of a *thing*, of a *movement*, of a
# *place*. How similar are two words? Multiply component by component and add up: the **dot product**, $a \cdot b =
# \sum_c a_c b_c$.

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

for word, vector in zip(words, x, strict=True):
    products = [f"{a:.1f}·{b:.1f}" for a, b in zip(x[1].tolist(), vector.tolist(), strict=True)]
    print(f"came · {word:6} = {' + '.join(products)} = {x[1] @ vector:.2f}")

# %% [markdown]
# It is large when two vectors are large in the same places with the same sign; where signs differ it falls, even below
# 0.
#
# ## Scores: by loops, then by @
#
# Every token asks every token. The one that asks is the **query**, the one that is asked the **key**. The result is a
# table of **attention scores**, a row for each query, a column for each key. All dot products between the rows of two
# matrices are one matrix product, $S = X X^\top$:

# %%
T, D = x.shape
scores = torch.empty(T, T)
for i in range(T):  # query
    for j in range(T):  # key
        scores[i, j] = torch.dot(x[i], x[j])

assert torch.allclose(x @ x.T, scores), "one @ should replace both loops"
print("x", tuple(x.shape), "@ x.T", tuple(x.T.shape), "->", tuple((x @ x.T).shape))
print(scores)

# %% [markdown]
# The shape is $T \times T$: the width $D$ was summed away.
#
# ## From scores to weights: softmax
#
# Each token will take a mixture of all tokens, so each row of scores has to become shares: none negative, together 1,
# more for a higher score. The exponential makes every number positive and keeps the order; then we divide by the sum:
#
# $$w_{ij} = \frac{e^{s_{ij}}}{\sum_k e^{s_{ik}}}$$
#
# On top stands the score of query $i$ with key $j$. Below, $i$ stays and $k$ runs over *all keys*: the sum of the same
# row. That is the softmax, and the $w_{ij}$ are the **attention weights**.

# %%
powers = scores.exp()
weights = powers / powers.sum(dim=1, keepdim=True)  # (T, T) / (T, 1)
print(weights)
print("rows sum to", weights.sum(dim=1))

# %% [markdown]
# Row 1: *came* will take 40 % from itself and 22 % from *piano*.
#
# ### The right axis
#
# With `dim=0`, or without `keepdim=True`, nothing breaks and the shape is the same. Our scores are symmetric, which
# hides it; here are lopsided ones:

# %%
lopsided = torch.tensor([[2.0, 0.0, 1.0], [-0.5, 1.5, -1.0], [0.5, 3.0, 1.0]])
powers = lopsided.exp()
for name, sums in (
    ("dim=1, keepdim", powers.sum(dim=1, keepdim=True)),
    ("dim=0, keepdim", powers.sum(dim=0, keepdim=True)),
    ("dim=1, no keepdim", powers.sum(dim=1)),
):
    table = powers / sums
    print(f"{name:17}  rows sum to {table.sum(dim=1)}  columns to {table.sum(dim=0)}")

# %% [markdown]
# With `dim=0` each *key* hands out 1. Without `keepdim=True` the sums, of shape
# (3,), line up with the columns: column $j$ is divided by the sum of row $j$, another query's. In the formula that is a
# sum over the wrong index, $\sum_k e^{s_{jk}}$. So print the sums.
#
# ### The numerical form
#
# The largest number in float32 is about $3.4 \cdot 10^{38}$, and $e^{89}$ is above it. A score of 100 gives `inf`, and
# `inf / inf` is not a number. The cure: subtract the largest score of the row from all of them. The weights stay, since
# $e^{s-m} = e^s / e^m$ and $e^m$ cancels.

# %%
large = torch.tensor([100.0, 99.0, 90.0])
shifted = (large - large.max()).exp()
print("plain  ", large.exp(), "->", large.exp() / large.exp().sum())
print("shifted", shifted, "->", shifted / shifted.sum())

# %% [markdown]
# `torch.softmax(scores, dim=-1)` does just that. The keys are the last axis, also when a batch stands in front.

# %% [markdown]
# ### Exercise 06.1 · Find the bugs: a softmax with two faults
#
# ●●○ · 8 minutes · for never trusting a shape alone · find the bug
#
# `attention_weights` gets scores of shape (..., T_query, T_key), with any number of dimensions in front, and should
# return the weights, in the same shape. It has two faults: one shows when you add up the weights of a query, one only
# when scores are large. Mend both, without a ready-made softmax if you can.


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
# The weights say how much; now comes what. What a token hands out when it is found is its **value**; for now, its own
# vector. The **context vector** of token $i$ is the sum of all values, each times its weight, $c_i = \sum_j w_{ij}
# x_j$:

# %%
context = torch.zeros(D)
for j in range(T):
    context += weights[1, j] * x[j]
    print(f"+ {weights[1, j]:.2f} × {words[j]:6} = {context}")

assert torch.allclose((weights @ x)[1], context), "(T, T) @ (T, D) should give all context vectors at once"

# %% [markdown]
# *came* entered with (0.5, 1.0, 0.2) and leaves with more of a thing and of a place, taken from *piano* and *island*,
# and with about half of its movement: as the weights sum to 1, the sum is a weighted mean, and what *came* takes from
# others it cannot keep of its own.
#
# ### A worked example in full
#
# Scores, weights, context: three steps. Here they are for the six tokens in chapter 3 of Raschka's *Build a Large
# Language Model (From Scratch)*, every number of them:

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
book_context = book_weights @ book
for name, table in (("scores", book_scores), ("weights", book_weights), ("context", book_context)):
    print(f"{name} {tuple(table.shape)}\n{table}")
assert torch.allclose(simplified_attention(book).context, book_context), "llmlab.attention takes the same three steps"

# %% [markdown]
# All rows of the weights look alike: tokens 1 and 2 have the longest vectors, and nearly every token attends most to
# them. Plain similarity is also symmetric, and nothing in it can be trained.
#
# ## Queries, keys and values
#
# So each of the three roles gets a vector of its own.
#
# - The **query**: what am I looking for? A verb may look for who does it.
# - The **key**: by what can I be found? A noun may say: I am a thing that can do something.
# - The **value**: what do I tell those who find me?
#
# As in a library: your request is the query, the catalogue cards are the keys, the books the values. Request and card
# must be written in the same terms; the book may look quite different.
#
# All three, **queries, keys and values**, are made from the *same* input by three matrices, $Q = X W_q$, $K = X W_k$,
# $V = X W_v$: hence **self-attention**. Training adjusts the matrices. They and the three steps together are one
# **head**.

# %%
generator = torch.Generator().manual_seed(4)
d, d_value = 2, 5
W_query, W_key = torch.randn(2, D, d, generator=generator)  # (3, 2) each
W_value = torch.randn(D, d_value, generator=generator)  # (3, 5)

queries, keys, values = x @ W_query, x @ W_key, x @ W_value
scores = queries @ keys.T  # (T, d) @ (d, T) -> (T, T)
weights = torch.softmax(scores, dim=-1)
context = weights @ values  # (T, T) @ (T, d_value) -> (T, d_value)
attention_steps.draw(x, queries, keys, values, scores, weights, context)

# %% [markdown]
# Queries and keys must be equally wide, or there is no dot product; values need not be. What is each matrix for? We put
# zeros in its place:

# %%
for name, off in (("queries", (0, 1, 1)), ("keys", (1, 0, 1)), ("values", (1, 1, 0))):
    Q, K, V = (x @ W * on for W, on in zip((W_query, W_key, W_value), off, strict=True))
    weights_now = torch.softmax(Q @ K.T, dim=-1)
    print(f"no {name:7}: weights of came {weights_now[1]}, its context {(weights_now @ V)[1]}")

# %% [markdown]
# Without a question, or with nobody to be found, everyone gets the same share. Without values the right tokens are
# found and tell nothing.
#
# <details><summary>Further: one matrix behind two</summary>
#
# $W_q$ and $W_k$ act only together: $S = Q K^\top = X \, (W_q W_k^\top) \, X^\top$. A score is a <em>bilinear
# form</em>: linear in either of two inputs, with one $D \times D$ matrix between them. It need not be symmetric, and
# its rank is at most $d$: a head compares inputs in $d$ respects.
# </details>

# %% tags=["further"]
between = W_query @ W_key.T  # (D, d) @ (d, D) -> (D, D)
assert torch.allclose(x @ between @ x.T, scores, atol=1e-6), "the same scores, through one matrix"
print("between", tuple(between.shape), "has rank", torch.linalg.matrix_rank(between).item())
print(f"came asks piano: {scores[1, 0]:.2f}, piano asks came: {scores[0, 1]:.2f}")

# %% [markdown]
# ## Why the scores are divided by √d
#
# Suppose that the numbers in queries and keys are independent, with mean 0 and variance 1: an idealisation, compared
# with a trained head below. Their products have variance 1 too, and variances of independent numbers add up: a dot
# product of $d$ of them has variance $d$. Ten thousand pairs for each width, and the largest weight in rows of six such
# scores:

# %%
generator = torch.Generator().manual_seed(0)
print("    d   variance of q·k   of q·k/√d   largest of 6: unscaled   scaled")
for d in (4, 16, 64, 256):
    q, k = torch.randn(2, 10_000, d, generator=generator)
    dots = (q * k).sum(dim=-1)
    rows = dots[:9996].view(-1, 6)  # 1,666 rows of six scores
    unscaled, scaled = (torch.softmax(rows / root, dim=-1).amax(dim=-1).mean() for root in (1, math.sqrt(d)))
    print(f"{d:5} {dots.var():14.0f} {(dots / math.sqrt(d)).var():14.2f} {unscaled:19.2f} {scaled:10.2f}")

# %% [markdown]
# Dividing by $\sqrt{d}$ divides the variance by $d$ and brings it back to 1. The whole is **scaled dot-product
# attention**:
#
# $$\text{Attention}(Q, K, V) = \text{softmax}\!\left(\frac{Q K^\top}{\sqrt{d}}\right) V$$
#
# The softmax turns *differences* into *ratios*: 5 more is $e^5 \approx 148$ times the weight. Unscaled and wide, such a
# head gives nearly everything to one token before it has learned anything. Its softmax is **saturated**: a small change
# of a score hardly moves a weight, so it can hardly learn.
#
# <details><summary>Further: the derivative of a saturated softmax</summary>
#
# $\partial w_i / \partial s_j = w_i (\delta_{ij} - w_j)$, where $\delta_{ij}$ is 1 for $i = j$ and else 0. With one
# weight near 1 and all others near 0, every such product is near 0.
# </details>

# %% tags=["further"]
four = torch.tensor([1.0, 0.2, -0.5, -1.3])
for factor in (1, 4, 16):
    w = torch.softmax(factor * four, dim=-1)
    by_hand = torch.diag(w) - torch.outer(w, w)  # w_i (δ_ij - w_j)
    by_torch = torch.autograd.functional.jacobian(lambda s: torch.softmax(s, dim=-1), factor * four)
    assert torch.allclose(by_hand, by_torch, atol=1e-6), "the formula should be PyTorch's own derivative"
    print(f"scores × {factor:2}: largest weight {w.max():.4f}, largest derivative {by_hand.abs().max():.6f}")

# %% [markdown]
# ### Divided by the root of what?
#
# Of the width that the dot product ran over: that of queries and keys, not the model's. Vectors of 512 numbers, queries
# and keys of 16, 64 tokens:

# %%
generator = torch.Generator().manual_seed(1)
wide = torch.randn(64, 512, generator=generator)  # (T, D)
W_q, W_k = torch.randn(2, 512, 16, generator=generator) / math.sqrt(512)  # keeps the variance at 1
products = (wide @ W_q) @ (wide @ W_k).T  # (T, T)

for name, divisor in (("nothing", 1.0), ("√16, width of q and k", 4.0), ("16", 16.0), ("√512, width of x", 512**0.5)):
    largest = torch.softmax(products / divisor, dim=-1).max(dim=-1).values.mean()
    print(f"divided by {name:22}: scores ±{(products / divisor).std():.2f}, largest weight {largest:.2f}")

# %% [markdown]
# Too large a divisor raises no error: the weights come out nearly equal (1/64 is 0.016).

# %% [markdown]
# ### Exercise 06.2 · Write `attend`
#
# ●●○ · 10 minutes · for owning the whole formula · write a function
#
# Write scaled dot-product attention. `q` (..., T_query, d), `k` (..., T_key, d) and `v` (..., T_key, d_value) may have
# any number of dimensions in front (swap the last two with `.transpose(-2, -1)`; `.T` is for plain matrices). Return
# `context, weights`, in this order.


# %% exercise="06.2"
def attend(q, k, v):
    ### BEGIN SOLUTION
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5  # (..., T_query, T_key)
    weights = torch.softmax(scores, dim=-1)
    context = weights @ v  # (..., T_query, d_value)
    return context, weights
    ### END SOLUTION


# %%
exercise("06.2").check(attend)

# %% [markdown]
# ### What is wrong with these notes?
#
# From real notes, an error in each line. Find it before you unfold the answer.
#
# 1. The weights are $\omega_{ij} = \dfrac{\lambda_{ij}}{\sum_k e^{\lambda_{ik}}}$, where $\lambda_{ij}$ are the scores.
# 2. The context vector is $z_i = \omega_i \cdot x$.
# 3. Every token asks and is asked, so $q_i = k_i = x_i W$.

# %%
omega = torch.softmax(scores, dim=-1)
one = x @ W_query
print("1. rows sum to", (scores / scores.exp().sum(dim=-1, keepdim=True)).sum(dim=-1))
print("2. weight times input, not added up:", tuple((omega[1][:, None] * x).shape), "- with the sum:", (omega @ x)[1])
print("3. came asks piano:", f"{one[1] @ one[0]:.2f},", "piano asks came:", f"{one[0] @ one[1]:.2f}")

# %% [markdown]
# <details><summary>The three errors</summary>
#
# 1. The exponential is missing above the line, $e^{\lambda_{ij}}$: the shares do not sum to 1.
# 2. The sum is missing, $z_i = \sum_j \omega_{ij} v_j$: weight times vector for each token is still a table. (And what
#    is mixed is the value, $v_j = x_j W_v$.)
# 3. One matrix for both roles makes the scores symmetric: to ask would be the same as to offer.
# </details>
#
# ## What moves when one number changes?
#
# A score needs one query and one key; a weight a whole row of scores; a context vector a row of weights and all values.

# %% [markdown]
# ### Exercise 06.3 · One number of K
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
# change? Answer with letters in quotes, such as `"Q"` or `"KV"`.

# %% exercise="06.3"
### BEGIN SOLUTION
# Key 2 stands in column 2 of the scores: 5 of them, one in each row. Each row has to sum to 1 again: all 25 weights.
# Every context vector is mixed with new weights: 5. And X is multiplied by all three matrices.
scores_changed, weights_changed, context_rows_changed = 5, 25, 5
changed_by_x = "QKV"
prediction = (scores_changed, weights_changed, context_rows_changed, changed_by_x)
### STUB
# scores_changed, weights_changed, context_rows_changed = ..., ..., ...
# changed_by_x = ...
# prediction = (scores_changed, weights_changed, context_rows_changed, changed_by_x)
### END SOLUTION

# %%
exercise("06.3").check(prediction)

# %% [markdown]
# ### Predict, then explore
#
# The bench again, now with *your* `attend`. Before you touch it:
#
# - *Scaling* off, then width 4, 16, 64, 256: where will the largest weights go? The same with scaling on.
# - Change a number of $K$, then one of $Q$, then one of $V$: which tables move?
# - The *temperature* (more of it in lesson 12) divides the scores once more: what will 0.1 do to a row, and what 10?
# - **The target** wants a single number changed so that one word's attention moves, and no other's. Is that a number of
#   $x$, $Q$, $K$ or $V$?

# %%
explorer = AttentionBench(attend=attend)
explorer

# %% [markdown]
# The same from code, counted:

# %%
probe = AttentionBench(attend=attend)
for edit, expected in (("Q", (6, 6, 3)), ("K", (6, 36, 18)), ("V", (0, 0, 6))):
    probe.set(edit=edit, query=2, key=1, component=0, by=2)
    trace = probe.trace
    counts = tuple(int(moved.sum()) for moved in (trace.scores_moved, trace.weights_moved, trace.context_moved))
    print(f"{edit} edited: {counts[0]:2} scores, {counts[1]:2} weights, {counts[2]:2} context numbers move")
    assert counts == expected, "attend is not yet attention: exercise 06.2"

for scaling in (False, True):
    largest = []
    for width in ("4", "16", "64", "256"):
        probe.set(width=width, scaling=scaling, temperature="1", by=0)
        assert probe.trace.rows_sum_to_one and probe.trace.agrees, "attend is not yet attention: exercise 06.2"
        largest.append(probe.trace.largest_weight)
    print("scaled  " if scaling else "unscaled", [f"{weight:.2f}" for weight in largest])

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - Unscaled, the largest weight of a row grows with the width; scaled, it stays about the same.
# - One number of $K$ is heard by every query: a column of scores, and through the softmax *all* weights and contexts.
#   One of $Q$ moves one row. One of $V$ changes only what is told: one column of the context.
# - A low temperature (lesson 12 again) sharpens the softmax towards its largest score, a high one flattens it towards
#   equal shares.
# - Of $Q$. (Where others may move too, a number of $x$ is the strongest lever: query, key and value follow it.)
# </details>
#
# ## A head made by hand
#
# Training finds the matrices; to see what they can express, we set them ourselves. Let $x$ say openly what a token is
# and where it stands: a one-hot vector for the token, behind it one for the position. A first head: *look at every
# place with the same token as mine.* Query and key both report the token, so the dot product is 1 for equal tokens,
# else 0:

# %%
n_vocab, n_positions = 3, 5


def tokens_and_positions(ids):
    ids = torch.as_tensor(ids)
    token, position = F.one_hot(ids, n_vocab), F.one_hot(torch.arange(len(ids)), n_positions)
    return torch.cat([token, position], dim=1).float()  # (T, n_vocab + n_positions)


one_hot = tokens_and_positions([2, 0, 2, 1])
same_token = torch.zeros(n_vocab + n_positions, n_vocab)
same_token[:n_vocab] = torch.eye(n_vocab)  # rows of the token part; the position part stays zero
for loud in (1, 20):
    q, k = loud * one_hot @ same_token, one_hot @ same_token
    print(f"queries × {loud}\n{scaled_dot_product_attention(q, k, one_hot).weights}")

# %% [markdown]
# A score of $1/\sqrt{3}$ against 0 is not much; with queries 20 times as large the head is sure. Places 0 and 2 hold
# the same token and share.
#
# A head that says *what stood before me* is worth more: a later head can then look for the place *before which my own
# token stood*, and copy what stands there (*piano* followed *the* last time). That later one is called an **induction
# head**. You build the first of the two.

# %% [markdown]
# ### Exercise 06.4 · Build the previous-token head
#
# ●●● · 12 minutes · for seeing what the three matrices can say · write a function
#
# Return three matrices such that attention over `x = [one-hot token | one-hot position]` copies the previous token:
# each token from the second on gives at least 90 % of its attention to the position before it, and its context is that
# token's one-hot vector (within 10 %). What the first token does is free.
#
# `W_query` and `W_key` have shape (n_vocab + n_positions, n_positions), `W_value` (n_vocab + n_positions, n_vocab). The
# check makes `q = x @ W_query` and so on, divides by √d as always, and tries other tokens and sizes, up to 32
# positions. Fill in what must not be zero.


# %% exercise="06.4"
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
exercise("06.4").check(previous_token_head)

# %% [markdown]
# ## What training makes of it
#
# The course brings a small trained GPT: three *layers*, one after the other, numbered from 0, each with four heads side
# by side. It has read simple sentences about kings, dogs and frogs. A sentence begins; what comes next?


# %%
def begin(text):
    """The ids of a sentence that begins a document, and its tokens in words."""
    ids = tokenizer.encode("<|endoftext|> " + text, allowed_special="all")
    return torch.tensor([ids]), [tokenizer.decode([token_id]).strip() for token_id in ids]


def next_words(ids, mask=None):
    with torch.no_grad():
        probabilities = model(ids, mask=mask)[0, -1].softmax(dim=-1)
    found = [(tokenizer.decode([i]).strip(), probabilities[i]) for i in probabilities.topk(4).indices.tolist()]
    return ", ".join(f"{word} {share:.2f}" for word, share in found)


model, tokenizer = load_checkpoint()
for text in ("the dogs near the king", "the king near the dogs"):
    print(f"{text} ... {next_words(begin(text)[0])}")

# %% [markdown]
# Right both times: *dogs* wants a plural verb and *king* a singular one, although another noun stands nearer. Which
# heads look from *king*, the last token, at *dogs*? And the surest of them, beside the same head before training:

# %%
ids, names = begin("the dogs near the king")
looks = attention_maps(model, ids)[0]  # (layers, heads, T_query, T_key)
dogs = names.index("dogs")
print("weight from king to dogs, a row for each layer, a column for each head:")
print(looks[:, :, -1, dogs])

layer, head = divmod(looks[:, :, -1, dogs].argmax().item(), model.config.n_heads)
torch.manual_seed(7)
fresh = GPT(model.config).eval()
untrained = attention_maps(fresh, ids)[0]
attention_tables.draw(
    {"untrained": untrained[layer, head], "trained": looks[layer, head]},
    names,
    alt="Two triangles of attention weights for: the dogs near the king. Untrained, each row gives equal shares to "
    "itself and the past. Trained, the last row, king, gives 0.99 to dogs.",
)

# %% [markdown]
# Four heads find the subject. (The upper right is zero because this model may not look ahead: lesson 07.) The untrained
# one gives equal shares, not everything to one token as the wide ones above: it starts small. Where we supposed a
# variance of 1, that layer has:

# %%
with torch.no_grad():
    for name, one in (("untrained", fresh), ("trained", model)):
        stream = one.embedding(ids)
        for block in one.blocks[:layer]:
            stream = block(stream)
        q, k, _ = one.blocks[layer].attention.qkv(one.blocks[layer].norm_attention(stream)).chunk(3, dim=-1)
        print(f"{name:9}: variance of the queries {q.var():.2f}, of the keys {k.var():.2f}")

# %% [markdown]
# Has it learned the *place* of the word, or its *role*? Here the subject stands elsewhere:

# %%
for text in ("the hungry dogs near the king", "the frog croaks. the queens near the girl"):
    moved_ids, moved_names = begin(text)
    row = attention_maps(model, moved_ids)[0, layer, head, -1]
    print(f"{moved_names[-1]:5} looks at {moved_names[row.argmax()]} ({row.max():.2f}) in: {text}")

# %% [markdown]
# ### A weight is not yet a reason
#
# Is that *why* the verb is plural? A weight cannot tell; an experiment can. A *mask* says who may look at whom. We
# forbid *king* to look at one word, in all heads of all layers, one word after the other:

# %%
print(f"nothing hidden: {next_words(ids)}")
for hidden in range(1, len(names)):
    mask = torch.ones(len(names), len(names), dtype=torch.bool)  # True = may look
    mask[-1, hidden] = False
    print(f"without {names[hidden]:6}: {next_words(ids, mask)}")

# %% [markdown]
# Without *dogs* the likeliest verb is singular; without either *the*, or *king* itself, hardly anything changes. So
# what *king* takes from *dogs* does make the plural. (*near* matters too: without it singular verbs come up.) And our
# one head, which gives 0.99 to *dogs*? We switch it off, by zeros in the matrix that reads it:

# %%
width = model.config.d_model // model.config.n_heads
reads = model.blocks[layer].attention.out_proj.weight  # (D, D): the columns of one head after those of another
kept = reads[:, head * width : (head + 1) * width].clone()
with torch.no_grad():
    reads[:, head * width : (head + 1) * width] = 0
    print(f"without head {head} of layer {layer}: {next_words(ids)}")
    reads[:, head * width : (head + 1) * width] = kept

# %% [markdown]
# Still plural: other heads carry the same. Nobody told any of them what a subject is.
#
# ## One head, as a class
#
# In a model a head is a **module**, a class built on `nn.Module`: it holds its three matrices. `nn.Linear` stores each
# as (d_out, d_in) and computes `x @ W.T`:


# %%
class OneHead(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.W_query = nn.Linear(d_in, d_out, bias=False)
        self.W_key = nn.Linear(d_in, d_out, bias=False)
        self.W_value = nn.Linear(d_in, d_out, bias=False)

    def forward(self, x):
        q, k, v = self.W_query(x), self.W_key(x), self.W_value(x)  # (..., T, d_out)
        return scaled_dot_product_attention(q, k, v).context


for d_in, d_out in ((3, 2), (768, 64)):
    print(f"{d_in} -> {d_out}: {sum(W.numel() for W in OneHead(d_in, d_out).parameters()):,} parameters")

# %% [markdown]
# The same matrices serve a text of any length; the table of scores grows with its square.
#
# ## The same, polished: `llmlab.attention`
#
# Your function, the package's, PyTorch's, and two classes with the same matrices:

# %%
generator = torch.Generator().manual_seed(6)
q, k, v = (torch.randn(2, length, width, generator=generator) for length, width in ((5, 4), (7, 4), (7, 3)))
pytorch = F.scaled_dot_product_attention(q, k, v)  # (B, T_query, d_value)
yours = attend(q, k, v)

written, packaged = OneHead(8, 3), SelfAttention(8, 3)
packaged.load_state_dict(written.state_dict())
texts = torch.randn(2, 6, 8, generator=generator)  # (B, T, d_in)

packages = scaled_dot_product_attention(q, k, v).context
print(f"llmlab's function and PyTorch's differ by at most {(packages - pytorch).abs().max():.5f}")
print(f"llmlab's class and the one above differ by at most {(packaged(texts) - written(texts)).abs().max():.5f}")
if yours is None:
    print("attend is still to be written: exercise 06.2.")
else:
    print(f"your attend and PyTorch's differ by at most {(yours[0] - pytorch).abs().max():.5f}")

# %% [markdown]
# ## You can now
#
# - compute scores, weights and context, with the softmax on the keys' axis and finite;
# - say what query, key and value are for, that all three come from one input, and what a head is;
# - explain why a score has variance $d$, and what saturation does to the gradient;
# - predict what a change of $Q$, $K$ or $V$ moves, and set the matrices of a small head;
# - test whether a weight matters, by hiding what it looks at.
#
# Type `??SelfAttention` in a new cell to read the package's version. Lesson 07 hides the future.
#
# ## Where this comes from
#
# - Dzmitry Bahdanau, Kyunghyun Cho, Yoshua Bengio, *Neural Machine Translation by Jointly Learning to Align and
#   Translate* (2014, ICLR 2015): look back at all states.
# - Ashish Vaswani and seven others, *Attention Is All You Need* (2017): queries, keys, values, and no recurrence.
# - Sarthak Jain and Byron Wallace, *Attention is not Explanation* (2019): weights alone prove little about reasons.
# - Catherine Olsson and others, *In-context Learning and Induction Heads* (2022).
#
# **Read next:** section 3.2.1 of *Attention Is All You Need*: one page, and you know every symbol on it.

# %%
progress("06")
