# %% [markdown]
# # 05 · Positions
#
# Lesson 04 ended with a search engine that took *the tea drinks king* for the same text as *the king drinks tea*. A
# table gives a token the same vector wherever it stands, and the operation at the heart of a language model, attention
# (lesson 06), would not notice the difference either. So something has to say where each token stands. Here you test
# what is lost, and build three ways to bring it back.
#
# About {minutes} minutes. At the end you can
#
# - test whether a function notices the order of its rows, and say what a causal mask changes;
# - put tokens and learned positions together, and notice when two tables have changed places;
# - build sinusoidal positions, and turn a vector as rotary positions do;
# - say what learned, sinusoidal, rotary and relative positions each keep, and which models use which.

# %%
import torch

from llmlab.corpus import load_text
from llmlab.course.figures import position_matrix, token_and_place, turned_vector
from llmlab.embeddings import InputEmbedding, apply_rope, sinusoidal_positions
from llmlab.exercises import exercise, progress
from llmlab.explorers import EmbeddingBench
from llmlab.explorers.embedding_bench import recorded_run
from llmlab.windows import create_dataloader

# %% [markdown]
# ## Before we start: three questions on lesson 04
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. What does an embedding layer compute?</summary>
#
# It looks up: for each id, the row of its table with that number. That equals a one-hot vector times the table.
# </details>
#
# <details><summary>2. Which rows of the table does one step of plain gradient descent move?</summary>
#
# Those whose ids occur in the batch. The gradient of all others is exactly zero.
# </details>
#
# <details><summary>3. Two word vectors of skip-gram have a cosine near 1. What does that say of the words?</summary>
#
# That they are used alike: either could stand in place of the other. They need not mean the same, *happy* and *sad* are
# near, too.
# </details>

# %% [markdown]
# ## Play first
#
# The bench of lesson 04 once more. This time press each of the four *Positions*, then switch *Shuffle the words* on and
# off. What puzzles you? Watch the two *the* on the map, the lengths in the rows of the sentence, the word that each row
# is nearest to, and, once shuffled, the = and ≠ that say whether a word at another place has another vector.

# %%
EmbeddingBench()

# %% [markdown]
# ## Order is lost
#
# Look up two sentences that mean different things, and compare what comes out:

# %%
run = recorded_run()  # the word vectors of lesson 04
word_id = {word: token_id for token_id, word in enumerate(run.vocabulary)}


def look_up(sentence):
    return run.snapshots[-1][[word_id[word] for word in sentence.split()]]  # (T, D)


one, other = look_up("the dog sees the cat"), look_up("the cat sees the dog")
print(
    "rows 0, 4, 2, 3, 1 of the first against the second: difference", (one[[0, 4, 2, 3, 1]] - other).abs().max().item()
)
print("the two 'the' of the first against each other     : difference", (one[0] - one[3]).abs().max().item())

# %% [markdown]
# The same rows in another order. What follows from that depends on what is computed with them. Two examples. The
# **mean** averages all rows. The second is the simplest form of *attention*, as a foretaste of lesson 06: each row
# becomes a weighted mean of all rows, with larger weights for similar ones. You need not understand it yet; it is just
# a function (T, D) → (T, D).


# %%
def mean(x):
    return x.mean(dim=0)  # (T, D) -> (D,)


def mix(x):
    return torch.softmax(x @ x.T, dim=-1) @ x  # (T, D) -> (T, D)


order = torch.tensor([2, 0, 1])
x = torch.randn(3, 4, generator=torch.Generator().manual_seed(5))  # (T, D)
print(f"mean: shuffled rows change the result by {(mean(x[order]) - mean(x)).abs().max():.4f}")
print(f"mix : shuffled rows change the result by {(mix(x[order]) - mix(x)).abs().max():.4f}")
print(f"mix : ... if its rows are shuffled alike {(mix(x[order]) - mix(x)[order]).abs().max():.4f}")

# %% [markdown]
# These are two different properties, which many texts mix up. A *permutation* is a change of order.
#
# - **Invariant** under permutations: $f(\text{shuffled } x) = f(x)$. The result does not change at all. The mean is.
# - **Equivariant**: $f(\text{shuffled } x) = \text{shuffled } f(x)$. Each row's result stays the same and moves with
#   its row. Attention (lesson 06) without a mask and without positions is equivariant, *not* invariant.
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
# ## What a causal mask changes
#
# A GPT must not look ahead: with a **causal mask** (lesson 07), a row mixes only rows up to and including itself.

# %% [markdown]
# ### Exercise 05.2 · With a mask, without positions
#
# ●●○ · 4 minutes · for knowing what a GPT without positions could still learn · choose and explain
#
# `mix` gets a causal mask, and still no positions. What does the permutation test say of it, and why? Answer with a
# letter, and write your reason as a comment before you run the check.
#
# - **a**: equivariant as before, because a mask only takes weights away and adds no positions
# - **b**: invariant, because every row still gets a mean of rows
# - **c**: neither, because the place of a row decides which rows it may mix
# - **d**: neither, because the mask adds a different number to every vector

# %% exercise="05.2"
### BEGIN SOLUTION
with_a_mask = "c"
# The first row sees itself alone, the last row all. After a shuffle the same token stands at another place, mixes other
# rows, and gets another result: so the results are not the old ones in a new order.
### STUB
# with_a_mask = ...
# # My reason:
### END SOLUTION

# %%
exercise("05.2").check(with_a_mask)


# %% [markdown]
# Now run it. What is printed is how far the masked result is from a shuffled one, and two things more: the result of
# the *last* row, which sees all the others, when only those others are shuffled; and the same for two layers.


# %%
def causal_mix(x):
    ahead = torch.ones(len(x), len(x)).triu(diagonal=1).bool()  # True where row i would look at a later row j
    return torch.softmax((x @ x.T).masked_fill(ahead, -torch.inf), dim=-1) @ x


x = torch.randn(4, 3, generator=torch.Generator().manual_seed(5))
order = torch.tensor([2, 0, 1, 3])  # the last row keeps its place
one, shuffled = causal_mix(x), causal_mix(x[order])
print(f"one layer, not equivariant       : {(shuffled - one[order]).abs().max():.4f}")
print(f"one layer, result of the last row: {(shuffled[-1] - one[-1]).abs().max():.4f}")
print(f"two layers, result of the last   : {(causal_mix(shuffled)[-1] - causal_mix(one)[-1]).abs().max():.4f}")

# %% [markdown]
# With one masked layer the last row still cannot tell in which order the others came: it is a weighted mean of the same
# rows. From the second layer on it can, since what it mixes has been changed by who stood before whom. So a causal
# model *can* learn order without positions, and does, nearly as well (Haviv and others, 2022). Nearly all models are
# given positions all the same: a model without a mask, such as BERT, knows nothing of order otherwise, and one with a
# mask would have to work out in its layers what an addition can tell it.

# %% [markdown]
# ## Learned positions: a second table
#
# The simplest way out: put the place into the vector. **Learned positions**, as in GPT-2 and BERT, are a second table
# with one row for each *place*; row $t$ is added to whatever token stands at $t$. The sum is what the first layer gets,
# the **input embedding**. The token table has a row for each token of the vocabulary ($V$ rows), the position table one
# for each place of the context ($T_{\max}$ rows). Both are $D$ wide, or they could not be added. A row says *place 17*,
# counted from the beginning: an **absolute position**.

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
# as the places are the same in all of them. For one window of five words, with three numbers each:

# %%
five = torch.randn(4, 3, generator=g).round(decimals=1)[[0, 1, 2, 0, 3]]  # both "the" have the same row
token_and_place.draw("the king sees the queen".split(), five, torch.randn(5, 3, generator=g).round(decimals=1))

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
# ### Exercise 05.3 · Tokens and places, and a text that is too long
#
# ●●○ · 8 minutes · for putting tokens and positions together · write a function
#
# Complete `embed_input`. `ids` has shape (B, T), `token_table` (V, D), `position_table` (context_length, D). Return the
# sum of token and position vectors, (B, T, D). When the text is longer than the context, raise a `ValueError` of your
# own, with a sentence that tells the caller what is wrong.

# %% exercise="05.3"
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
exercise("05.3").check(embed_input)

# %% [markdown]
# ## Sinusoidal positions
#
# **Sinusoidal positions**, from the paper that introduced the transformer (lesson 06), are added in the same way and
# need no training. Place $t$ is shown by the hands of $D/2$ clocks, some fast, some slow. Hand $i$ turns by the angle
# $\omega_i$ (in radians) from place to place, and has two coordinates, a sine and a cosine:
#
# $$\omega_i = 10000^{-2i/D}, \qquad p_{t,\,2i} = \sin(t\,\omega_i), \qquad p_{t,\,2i+1} = \cos(t\,\omega_i)$$

# %%
T, D = 50, 16
rates = 10_000 ** (-torch.arange(0, D, 2) / D)  # (D/2,) the omegas, from fast to slow
angles = torch.arange(T)[:, None] * rates  # (T, D/2)
waves = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)  # (T, D) sine and cosine alternating
rounds = (2 * torch.pi / rates).tolist()  # places until a hand has made one full turn
assert torch.allclose(waves, sinusoidal_positions(T, D), atol=1e-5), "the formula is no longer llmlab's"
position_matrix.draw(waves, rounds)

# %% [markdown]
# Every row is the pattern of one place: the left columns change from place to place, the right ones hardly at all, much
# as the last and the first digit of a number do. The formula gives a row for any place, and neighbouring places have
# similar ones. More than that: the dot product of two rows depends only on how far apart they are, since
# $\sin a \sin b + \cos a \cos b = \cos(a - b)$.

# %%
for p, q in ((3, 7), (13, 17), (30, 34), (3, 4)):
    print(f"places {p:2} and {q:2}, distance {q - p}: {waves[p] @ waves[q]:.3f}")

# %% [markdown]
# A **relative position** tells just that, the distance: *four places back* is what grammar is about, hardly ever *place
# 17*. But the waves are added to tokens, and then the clean property is gone: with tokens $x$ and $y$, $(x + p) \cdot
# (y + q)$ holds $x \cdot q$ and $p \cdot y$, too.
#
# ## Rotary positions: turn, do not add
#
# **Rotary positions** (RoPE, rotary position embedding) keep it. They add nothing: they *turn* each pair of numbers of
# a vector by an angle that grows with the place: at place $t$ pair $i$ turns by $t\,\omega_i$, like the hand of its
# clock, fast in the first pair and slow in the last. A pair $(x, y)$ is a point in the plane. Turned by the angle
# $\alpha$, counter-clockwise, it becomes
#
# $$(x \cos\alpha - y \sin\alpha,\;\; x \sin\alpha + y \cos\alpha)$$
#
# One pair alone, (3, 4), turned by $\omega_0 = 1$ radian (57 degrees) per place:

# %%
pairs = apply_rope(torch.tensor([[3.0, 4.0]] * 4), torch.arange(4))  # (T, 2), places 0 to 3
print("lengths:", [round(length, 3) for length in pairs.norm(dim=1).tolist()])
turned_vector.draw(pairs)

# %% [markdown]
# ### Exercise 05.4 · Turn the pairs
#
# ●●● · 10 minutes · for knowing what rotary positions do to a vector · write a function
#
# Complete `turn_pairs`. `x` is the vector (d,) of one token, `place` its place, a whole number, and `rates` (d/2,)
# holds an angle for each pair, in radians per place. Turn the pair of numbers 2i and 2i + 1 counter-clockwise by the
# angle `place * rates[i]`, and return the d numbers in their old order.

# %% exercise="05.4"
import torch


def turn_pairs(x, place, rates):
    ### BEGIN SOLUTION
    angles = place * rates  # (d/2,)
    first, second = x[0::2], x[1::2]  # numbers 0, 2, 4 ... and 1, 3, 5 ...
    turned_first = first * angles.cos() - second * angles.sin()
    turned_second = first * angles.sin() + second * angles.cos()
    return torch.stack([turned_first, turned_second], dim=-1).flatten()  # alternating again
    ### END SOLUTION


# %%
exercise("05.4").check(turn_pairs)

# %% [markdown]
# What is gained? Take the vectors of two tokens, and compare them at several places by their dot product: once with
# waves added, once turned.

# %%
q, k = torch.randn(2, 8, generator=torch.Generator().manual_seed(7))  # two tokens, d = 8
waves_8 = sinusoidal_positions(200, 8)


def turned(x, place):
    return apply_rope(x[None], torch.tensor([place]))[0]


for p, r in ((3, 7), (13, 17), (130, 134), (3, 8)):
    added = (q + waves_8[p]) @ (k + waves_8[r])
    print(f"places {p:3} and {r:3}, distance {r - p}: added {added:6.3f}, turned {turned(q, p) @ turned(k, r):6.3f}")

# %% [markdown]
# Turned, the same tokens at the same distance have the same dot product, wherever they stand: turning both by the same
# angle changes nothing between them. And no vector has become longer. In a model, rotary positions are applied to the
# two vectors that are compared, called query and key (lesson 06), and not to the input. (Which numbers form a pair is a
# convention: here neighbours, 2i and 2i + 1; many libraries take $i$ and $i + d/2$.)
#
# ## Relative positions: a number for each distance
#
# The most direct way to tell a distance is to add a number for it to the *score* of two tokens (the dot product above;
# lesson 06): a **relative position bias**, as in T5. The numbers are learned, one for each distance and each head
# (lesson 08). T5 keeps 32 of them per head; distances far away share one.

# %%
T = 5
learned = torch.arange(-4, 5) * torch.tensor(0.1)  # one number for each distance from -4 to 4; here made up
distance = torch.arange(T)[None, :] - torch.arange(T)[:, None]  # (T, T) how far j is to the right of i
bias = learned[distance + T - 1]  # (T, T) looked up, to be added to scores (T, T)
print((bias * 10).round().int())
print("three tokens moved on by one place: the bias changes by", (bias[1:4, 1:4] - bias[2:5, 2:5]).abs().max().item())

# %% [markdown]
# Along a diagonal all entries are equal: shift the text, and nothing changes between its tokens. All four at a glance:
#
# | | where | trained | beyond the context length | what it tells | used by |
# |---|---|---|---|---|---|
# | none | – | – | – | which tokens, not their order | – |
# | learned | added to the input | yes | no row there | the place | BERT (512 places), GPT-2 (1,024) |
# | sinusoidal | added to the input | no | goes on | the place | the first transformer (lesson 06) |
# | rotary | turns queries and keys (lesson 06) | no | goes on | the distance | Llama, Mistral |
# | relative bias | added to scores | yes | shares its last number | the distance | T5 |
#
# That a formula goes on is no promise: a model has not learned what to do at places that it never met in training.
#
# ### Predict, then explore
#
# The bench below runs on your `embed_input`. The learned positions in it are a table before its training: random.
# Before you touch anything:
#
# - Without positions: what is the cosine of the two *the*, and after *Shuffle the words*, how many of the five vectors
#   have changed?
# - With *learned* positions, shuffle again: how many vectors change, and does the mean of the rows?
# - **The target:** shuffled, every word that stands elsewhere has another vector, no vector is longer or shorter than
#   its word's, and each is still nearest to its own word. Which positions can do it, and with how many numbers per
#   word?

# %%
explorer = EmbeddingBench(embed=embed_input)
explorer

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - The cosine is 1.00, they are the same row. And not one vector has changed: they only moved, each with its word.
# - Four, each word that stands somewhere else; one kept its place. The mean does not change: it adds up the same five
#   tokens and the same five places, whoever stands where. So even with positions added, a mean of input embeddings
#   knows nothing of order.
# - Only rotary ones. Adding a vector changes length as well as direction; turning changes the direction alone. But
#   turned, a vector can come nearest to another word: at 16 numbers three of the five stay nearest to their own, at 32
#   all five, as words lie farther apart there. At 16, in the order *the king sees the queen*, the two *the* then have
#   cosine 0.88, with learned positions 0.22, with sinusoidal ones 0.86. Shuffled, one of them stands elsewhere, and it
#   is 0.93, 0.22 once more (by chance) and 0.91.
# </details>
#
# The same, set from code: which vectors change when the words are shuffled, without and with positions?

# %%
probe, reference = EmbeddingBench(embed=embed_input), EmbeddingBench()
for scheme in ("none", "learned", "sinusoidal"):
    for bench in (probe, reference):
        bench.set(words="the king sees the queen", positions=scheme, shuffle=True)
    trace = probe.trace
    moved = [place for place in range(5) if trace.order[place] != place]
    changed = [place for place in range(5) if trace.changes[place] > 1e-4]
    print(f"{scheme:10}: words at another place {moved}, vectors changed {changed}")
    expected = [] if scheme == "none" else moved
    assert changed == expected, "embed_input does not add the places yet: exercise 05.3"
    same = (abs(trace.vectors - reference.trace.vectors) < 1e-4).all()
    assert same, "embed_input gives other vectors than llmlab's: exercise 05.3"

# %% [markdown]
# `print(explorer.code())` prints your settings as plain Python.
#
# ## The same, polished: `llmlab.embeddings`
#
# `InputEmbedding` holds the two tables, `apply_rope` turns a whole batch. Your functions beside them, on the small
# tables from above:

# %%
embed = InputEmbedding(vocab_size=11, d_model=6, context_length=5)
with torch.no_grad():
    embed.token.weight.copy_(token_table)
    embed.position.weight.copy_(position_table)
q_rates = 10_000 ** (-torch.arange(0, 8, 2) / 8)
for name, yours, theirs in (
    ("embed_input", embed_input(batch, token_table, position_table), embed(batch)),
    ("turn_pairs", turn_pairs(q, 5, q_rates), turned(q, 5)),
):
    written = isinstance(yours, torch.Tensor)
    print(name, f"differs by {(yours - theirs).abs().max():.4f}" if written else "is still to be written")

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
# - tell invariant from equivariant, test for both, and say what a causal mask changes;
# - add $(T, D)$ to $(B, T, D)$, and tell the two tables apart;
# - build sinusoidal positions, turn a vector pair by pair, and say why a turned pair keeps the distance;
# - choose between learned, sinusoidal, rotary and relative positions, and name models that use each.
#
# Type `??InputEmbedding` or `??apply_rope` in a new cell to read the package's version. Lesson 06 lets these vectors
# look at each other.
#
# ## Where this comes from
#
# - Vaswani and others, *Attention Is All You Need* (2017), section 3.5: sinusoidal positions; learned ones did
#   as well there.
# - Shaw, Uszkoreit, Vaswani, *Self-Attention with Relative Position Representations* (2018): distances instead of
#   places.
# - Devlin and others, *BERT* (2018), and Radford and others, *Language Models are Unsupervised Multitask Learners*
#   (2019, GPT-2): learned positions.
# - Raffel and others, *Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer* (2020): T5's
#   bias.
# - Su and others, *RoFormer: Enhanced Transformer with Rotary Position Embedding* (2021); used by Touvron and others,
#   *LLaMA* (2023), and Jiang and others, *Mistral 7B* (2023).
# - Haviv and others, *Transformer Language Models without Positional Encodings Still Learn Positional Information*
#   (2022).
#
# **Read next:** section 3.5 of *Attention Is All You Need*, a short one that you can now check line by line.

# %%
progress("05")
