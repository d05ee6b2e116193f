# %% [markdown]
# # 05 · Positions
#
# Lesson 03 cut a text into windows of token ids. An id says *which* token it is, and nothing else. A network learns by
# moving numbers a little up or a little down, and an id cannot be moved like that. So each id is exchanged for a row of
# numbers that can, a *vector*. In this lesson we build that exchange, see where meaning enters it, and find out what is
# lost on the way.
#
# About 75 minutes. At the end you can
#
# - show that an embedding is a lookup, equal to a one-hot vector times a matrix, and say which rows get gradient;
# - train word vectors by skip-gram with negative sampling, and compute *king − man + woman*;
# - say what is lost without positions, and what learned, sinusoidal and rotary positions each keep;
# - put tokens and positions together, and notice when two tables have changed places.

# %% [markdown]
# ## Before we start: three questions on lesson 03
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. A window holds 4 input tokens. How many predictions does it train?</summary>
#
# Four: every position predicts the token after it.
# </details>
#
# <details><summary>2. What are context length, stride and batch size?</summary>
#
# How far the model sees, how far the window moves, and how many windows go through the model together.
# </details>
#
# <details><summary>3. What is the shape of a batch of inputs, and what are its entries?</summary>
#
# (B, T): batch size by context length. The entries are token ids, whole numbers.
# </details>

# %%
import torch
from torch import nn
from torch.nn import functional as F

from llmlab import course
from llmlab.corpus import load_text
from llmlab.embeddings import (
    InputEmbedding,
    apply_rope,
    one_hot_lookup,
    sinusoidal_positions,
)
from llmlab.exercises import exercise, progress
from llmlab.explorers import EmbeddingBench
from llmlab.windows import create_dataloader

# %% [markdown]
# ## Order is lost
#
# There is one thing that a table cannot know. Look up two sentences, and compare what comes out:

# %%
one = words_of[tokenizer.encode("the dog sees the cat")]  # (T, D)
other = words_of[tokenizer.encode("the cat sees the dog")]
print("same rows in another order:", torch.equal(one[[0, 4, 2, 3, 1]], other))
print("the two 'the' have the same vector:", torch.equal(one[0], one[3]))

# %% [markdown]
# What follows from that depends on what is computed with the rows. Two examples. The **mean** averages them all. The
# second is a foretaste of lesson 05, the simplest form of *attention*: each row becomes a weighted mean of all rows,
# with larger weights for similar ones. You need not understand it yet; it is just a function (T, D) → (T, D).


# %%
def mean(x):
    return x.mean(dim=0)  # (T, D) -> (D,)


def mix(x):
    return torch.softmax(x @ x.T, dim=-1) @ x  # (T, D) -> (T, D)


order = torch.tensor([2, 0, 1])
x = torch.randn(3, 4, generator=torch.Generator().manual_seed(5))  # (T, D)
print("mean: the same for shuffled rows   :", torch.allclose(mean(x[order]), mean(x)))
print("mix : the same for shuffled rows   :", torch.allclose(mix(x[order]), mix(x)))
print("mix : the same rows, shuffled alike:", torch.allclose(mix(x[order]), mix(x)[order]))

# %% [markdown]
# These are two different properties, and notes often mix them up.
#
# - **Invariant**: $f(\text{shuffled } x) = f(x)$. The result does not change at all. The mean is.
# - **Equivariant**: $f(\text{shuffled } x) = \text{shuffled } f(x)$. Each row's result stays the same and moves with
#   its row. Attention without positions is equivariant, *not* invariant.
#
# Either way, who stood where plays no part: to `mix`, *the dog sees the cat* holds the same five results as *the cat
# sees the dog*.

# %% [markdown]
# ### Exercise 05.1 · The permutation test
#
# ●●○ · 8 minutes · for telling invariant from equivariant, and noticing where order is lost · write a function
#
# Complete `permutation_test`. `f` is a function of rows `x` (T, D), and `order` holds the places 0 … T − 1, shuffled,
# so that `x[order]` are the shuffled rows. Return `"invariant"` if the result stays the same, else `"equivariant"` if
# its rows are shuffled in the same way, else `"neither"`. Compare with `torch.allclose(..., atol=1e-5)`: a sum taken in
# another order can differ in its last digits. (Ask for invariance first: an invariant result need not have T rows that
# could be shuffled.)

# %% exercise="05.1"
import torch


def permutation_test(f, x, order):
    before, after = f(x), f(x[order])
    ### BEGIN SOLUTION
    if torch.allclose(after, before, atol=1e-5):
        return "invariant"
    if torch.allclose(after, before[order], atol=1e-5):
        return "equivariant"
    return "neither"
    ### END SOLUTION


# %%
exercise("05.1").check(permutation_test)

# %% [markdown]
# ## Positions: learned, sinusoidal, rotary
#
# The way out: put the place into the vector. **Learned positions**, as in GPT-2, are a second table with one row for
# each *place*; row $t$ is added to whatever token stands at $t$. The first table has a row for each token of the
# vocabulary ($V$ rows), the second one for each place of the context ($T_{\max}$ rows). Both are $D$ wide, or they
# could not be added.

# %%
B, T, D, V, context_length = 3, 4, 6, 11, 5  # all different, so that a mix-up shows
g = torch.Generator().manual_seed(6)
token_table = torch.randn(V, D, generator=g)
position_table = torch.randn(context_length, D, generator=g)

batch = torch.randint(0, V, (B, T), generator=g)  # (B, T)
tokens = token_table[batch]  # (B, T, D)
places = position_table[:T]  # (T, D)
inputs = tokens + places  # (B, T, D)
print(tuple(tokens.shape), "+", tuple(places.shape), "=", tuple(inputs.shape))

# %% [markdown]
# The sum of $(B, T, D)$ and $(T, D)$ is **broadcasting**: the smaller tensor is used again for each of the $B$ windows,
# as the positions are the same in all of them. By hand:

# %%
by_loops = torch.zeros(B, T, D)
for b in range(B):
    for t in range(T):
        by_loops[b, t] = token_table[batch[b, t]] + position_table[t]
assert torch.equal(by_loops, inputs)
print("the same, row by row")

# %% [markdown]
# The table has as many rows as the context is long. A longer text has no row to take:

# %%
try:
    InputEmbedding(V, D, context_length)(torch.zeros(1, 6, dtype=torch.int64))
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# And what if the two tables change places? That is one slip in a call, and it may go unnoticed. With a vocabulary of 5
# and a context of 9 the swapped tables run without complaint. Where the vocabulary is larger than the context, as in
# GPT-2 (50,257 against 1,024), the first large id makes them crash.

# %%
for V_small, places_small in ((5, 9), (11, 5)):
    few_tokens, few_places = torch.randn(V_small, 4, generator=g), torch.randn(places_small, 4, generator=g)
    some_ids = torch.tensor([[V_small - 1, 0, 1]])
    try:
        swapped = few_places[some_ids] + few_tokens[:3]
        print(f"vocabulary {V_small}, context {places_small}: no error, shape {tuple(swapped.shape)}")
    except IndexError:
        print(f"vocabulary {V_small}, context {places_small}: IndexError, id {V_small - 1} has no row")

# %% [markdown]
# ### Exercise 05.2 · Tokens and places, and a text that is too long
#
# ●●○ · 8 minutes · for putting tokens and positions together · write a function
#
# Complete `embed_input`. `ids` has shape (B, T), `token_table` (V, D), `position_table` (context_length, D). Return the
# sum of token and position vectors, (B, T, D). When the text is longer than the context, raise a `ValueError` of your
# own, with a sentence that tells the caller what is wrong.

# %% exercise="05.2"
import torch


def embed_input(ids, token_table, position_table):
    ### BEGIN SOLUTION
    T = ids.shape[1]
    if T > len(position_table):
        raise ValueError(f"{T} tokens are more than the context length {len(position_table)}")
    tokens = token_table[ids]  # (B, T, D)
    positions = position_table[torch.arange(T)]  # (T, D)
    return tokens + positions
    ### END SOLUTION


# %%
exercise("05.2").check(embed_input)

# %% [markdown]
# **Sinusoidal positions** (from the paper that introduced the transformer) need no training: place $t$ is shown by the
# hands of $D/2$ clocks, some fast, some slow.
#
# $$p_{t,\,2i} = \sin\frac{t}{10000^{2i/D}}, \qquad p_{t,\,2i+1} = \cos\frac{t}{10000^{2i/D}}$$

# %%
T, D = 50, 16
rates = 10_000 ** (-torch.arange(0, D, 2) / D)  # (D/2,) radians per place, from fast to slow
angles = torch.arange(T)[:, None] * rates  # (T, D/2)
waves = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)  # (T, D) sin and cos by turns
assert torch.allclose(waves, sinusoidal_positions(T, D), atol=1e-5)
print([f"{2 * torch.pi / rate:.0f}" for rate in rates], "places until each hand is round once")

# %%
figure, axes = plt.subplots(figsize=(7, 2.2))
for number, name in ((0, "number 0"), (4, "number 4"), (8, "number 8")):
    axes.plot(waves[:, number], label=name, linestyle=("-", "--", ":")[number // 4])
axes.set(xlabel="place t", ylabel="value")
axes.legend(loc="upper right", ncols=3)
axes.set_ylim(-1.1, 1.7)
course.show(
    figure,
    alt="Three sine waves over 50 places: the first goes round every six places, the next are slower.",
)

# %% [markdown]
# Every place has a pattern of its own, for texts of any length, and neighbouring places have similar ones. The dot
# product of two places depends only on how far apart they are, since $\sin a \sin b + \cos a \cos b = \cos(a - b)$:

# %%
for p, q in ((3, 7), (13, 17), (30, 34), (3, 4)):
    print(f"places {p:2} and {q:2}, distance {q - p}: {waves[p] @ waves[q]:.3f}")

# %% [markdown]
# That is a **relative** position: *four places back* is what grammar is about, hardly ever *place 17*. But once it is
# added to a token, that clean property is mixed with the token's own numbers. **Rotary positions** (RoPE, used by most
# of today's models) keep it. They add nothing: they *turn* each pair of numbers of a vector by an angle that grows with
# the place.

# %%
pair = torch.tensor([[3.0, 4.0]])  # one token, d = 2
for place in (0, 1, 2):
    turned = apply_rope(pair, torch.tensor([place]))
    print(f"place {place}: ({turned[0, 0]:5.2f}, {turned[0, 1]:5.2f}), length {turned.norm():.1f}")

# %% [markdown]
# A pair of numbers is a point in the plane, and turning it is one multiplication of complex numbers:
# $(x + iy)\,e^{i\,t\,\omega}$. Written out with sine and cosine:


# %%
def turn(x, places):
    rates = 10_000 ** (-torch.arange(0, x.shape[-1], 2) / x.shape[-1])  # (d/2,)
    angles = places[:, None] * rates  # (T, d/2)
    even, odd = x[..., 0::2], x[..., 1::2]
    new_even = even * angles.cos() - odd * angles.sin()
    new_odd = even * angles.sin() + odd * angles.cos()
    return torch.stack([new_even, new_odd], dim=-1).flatten(-2)


q, k = torch.randn(2, 1, 8, generator=torch.Generator().manual_seed(7))  # two tokens, d = 8
assert torch.allclose(turn(q, torch.tensor([5])), apply_rope(q, torch.tensor([5])), atol=1e-5)

for p, r in ((3, 7), (13, 17), (130, 134), (3, 8)):
    score = (turn(q, torch.tensor([p])) * turn(k, torch.tensor([r]))).sum()
    print(f"places {p:3} and {r:3}, distance {r - p}: dot product {score:.3f}")

# %% [markdown]
# The same tokens at the same distance have the same dot product, wherever they are, and no vector has become longer. In
# a model, rotary positions are applied to what is compared (queries and keys, lesson 05), not to the input.
#
# | | where | trained | beyond the context length | what it tells |
# |---|---|---|---|---|
# | none | – | – | – | which tokens, not their order |
# | learned | added to the input | yes | no row there | the place |
# | sinusoidal | added to the input | no | goes on | the place, and distances |
# | rotary | turns queries and keys | no | goes on | the distance |
#
# That a formula goes on is no promise: a model usually does badly at places that it never met in training.
#
# ### Predict, then explore
#
# The bench below shows *the king sees the queen* as vectors, from a recorded run of the training above: 16 numbers a
# word, no positions yet. Your `embed_input` adds the two tables. Before you touch anything:
#
# - The two *the*: what will their cosine be? And after *Shuffle the words*, how many of the five vectors have changed?
# - Go back through the *checkpoints* to 0. From which step on does *king − man + woman* find *queen*? Then lower the
#   *dimension*: how few numbers are enough?
# - With *learned* positions, shuffle again: does the mean of the rows change? Why, or why not?
# - **The target:** give the two *the* different vectors, and change the length of none.

# %%
explorer = EmbeddingBench(embed=embed_input)
explorer

# %% [markdown]
# The same, set from code: which vectors change when the words are shuffled, without and with positions? Predict, then
# run.

# %%
probe, reference = EmbeddingBench(embed=embed_input), EmbeddingBench()
for scheme in ("none", "learned", "sinusoidal"):
    for bench in (probe, reference):
        bench.set(words="the king sees the queen", positions=scheme, shuffle=True)
    trace = probe.trace
    moved = [place for place in range(5) if trace.order[place] != place]
    changed = [place for place in range(5) if trace.changes[place] > 1e-4]
    print(f"{scheme:10}: words at another place {moved}, vectors changed {changed}")
    assert changed == ([] if scheme == "none" else moved)
    assert (abs(trace.vectors - reference.trace.vectors) < 1e-4).all()

# %% [markdown]
# Without positions a shuffle changes nothing but the order of the rows. With them, each word that stands somewhere else
# has another vector. If an assertion fails, `embed_input` is wrong, and the bench shows how. `print(explorer.code())`
# prints your settings as plain Python; `EmbeddingBench(history=history, vocabulary=tokenizer.vocabulary)` opens the
# bench on the run that you trained yourself.
#
# ## The same, polished: `llmlab.embeddings`
#
# The hand-written pieces and the package, side by side, on the small tables from above:

# %%
embed = InputEmbedding(vocab_size=11, d_model=6, context_length=5)
with torch.no_grad():
    embed.token.weight.copy_(token_table)
    embed.position.weight.copy_(position_table)
embed_torch = nn.Embedding.from_pretrained(token_table)

print("token + position by hand:", torch.equal(embed(batch), inputs))
print("one-hot product         :", torch.equal(one_hot_lookup(batch, token_table), embed_torch(batch)))
print("rotary, 100 places      :", end=" ")
rows_100 = torch.randn(100, 8, generator=g)
print(torch.allclose(turn(rows_100, torch.arange(100)), apply_rope(rows_100, torch.arange(100)), atol=1e-4))

# %% [markdown]
# The loss of one pair, by the formula, and the same pair through the model:

# %%
centre, near, far = torch.tensor([5]), torch.tensor([8]), torch.tensor([[1, 2, 3]])
w, c, n = words_of[5], contexts_of[8], contexts_of[far[0]]
by_formula = -F.logsigmoid(w @ c) - F.logsigmoid(-(n @ w)).sum()
print("skip-gram loss:", torch.allclose(by_formula, model(centre, near, far)))

# %% [markdown]
# And your own function:

# %%
yours = embed_input(batch, token_table, position_table)
if yours is None:
    print("embed_input is still to be written: exercise 05.2.")
else:
    assert torch.allclose(yours, embed(batch))
    print("Your embed_input equals llmlab's InputEmbedding.")

# %% [markdown]
# Last, what the next lessons start from: the story in windows (lesson 03), as vectors with their places. The sizes are
# those of chapter 2 in Raschka's *Build a Large Language Model (From Scratch)*: eight windows of four tokens, 256
# numbers per token.

# %%
ids, _ = next(iter(create_dataloader(load_text(), batch_size=8, max_length=4, stride=4, shuffle=False)))
embed = InputEmbedding(vocab_size=50_257, d_model=256, context_length=4)
print("ids", tuple(ids.shape), "-> vectors", tuple(embed(ids).shape))
print("parameters:", f"{sum(parameter.numel() for parameter in embed.parameters()):,}")

# %% [markdown]
# ## You can now
#
# - show that an embedding is a table, that a lookup equals a one-hot product, and which rows a step of training moves;
# - write the loss of skip-gram, and say what it makes large and what small;
# - read a table of cosines, and say why opposites are neighbours and where *queen* comes from;
# - tell invariant from equivariant, and choose between learned, sinusoidal and rotary positions;
# - add $(T, D)$ to $(B, T, D)$, and tell the two tables apart.
#
# Type `??InputEmbedding` or `??apply_rope` in a new cell to read the package's version. Lesson 05 lets these vectors
# look at each other.

# %%
progress("05")
