# %% [markdown]
# # 07 · Causal attention
#
# Lesson 06 let every token look at every other one. A model that writes text must not: the tokens to its right are the
# ones it is asked for. In this lesson we hide the future, test that it is hidden, prove it for one layer, and see what
# other uses of attention hide instead.
#
# About {minutes} minutes. At the end you can
#
# - mask the scores before the softmax, and say why a mask that comes later leaks;
# - write a test that finds a leak in any layer, and tell a test from a proof;
# - draw the masks of an encoder, a decoder and an encoder-decoder, and add a prefix or padding;
# - put dropout in its place, and say what it does to a row of weights.

# %%
import torch
from torch.nn import functional as F

from llmlab.attention import (
    CausalAttention,
    causal_mask,
    influence_map,
    padding_mask,
    prefix_mask,
    scaled_dot_product_attention,
)
from llmlab.course.figures import architectures, attention_tables
from llmlab.exercises import exercise, progress
from llmlab.explorers import InfluenceMap

torch.set_printoptions(precision=2, sci_mode=False)

# %% [markdown]
# ## Before we start: three questions on lesson 06
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. How does attention get from scores to context vectors?</summary>
#
# A softmax turns each row of scores into weights that sum to 1; the context vector of a token is the sum of all values,
# each times its weight.
# </details>
#
# <details><summary>2. Why are the scores divided by √d?</summary>
#
# A score is a sum of d products, so its variance grows with d. Divided by √d it stays near 1 at any width, and the
# softmax does not saturate.
# </details>
#
# <details><summary>3. Over which axis does the softmax run, and how would you notice the wrong one?</summary>
#
# Over the keys, the last axis: each query shares out 1, so rows sum to 1. Over the queries, the columns would.
# </details>

# %% [markdown]
# ## Play first
#
# Shake a token: lines lead to the outputs that move. A token may move its own output and later ones; an earlier output
# that moves knows the future, and its line is red and dashed. Press ▶ to shake one token after the other. The version
# that it opens on gives every later token a weight of exactly 0, and still everything moves everything. Press other
# versions for a minute; why this one fails is the riddle of the lesson. (The target is for lesson 08.)

# %%
InfluenceMap()

# %% [markdown]
# ## Why a token must not look ahead
#
# In lesson 03 one window of $T$ tokens held $T$ questions: position $i$ has read tokens 0 to $i$ and should say token
# $i + 1$. But all tokens of the window are given to the model together. What if position $i$ simply looks one place to
# the right? Here is a head that does:

# %%
words = "the piano came to the island".split()
vocabulary = sorted(set(words))
T, V = len(words), len(vocabulary)
tokens = F.one_hot(torch.tensor([vocabulary.index(word) for word in words])).float()  # (T, V)

looks_ahead = torch.ones(T - 1).diag(diagonal=1)  # (T, T): row i has its whole weight on i + 1
context = looks_ahead @ tokens  # (T, V)
for i, word in enumerate(words):
    says = vocabulary[context[i].argmax()] if context[i].any() else "nothing: there is no token to copy"
    print(f"position {i}, at {word!r:8} says {says}")

# %% [markdown]
# Every answer but the last is right, and nothing was learned. A loss cannot tell this from understanding, so training
# would settle for it. When the model then writes, it stands at the last position, and there is nothing to copy.
#
# There is a second reason. One pass over a window is worth $T$ predictions only if row $i$ says exactly what the model
# would say after reading the tokens 0 to $i$ and no more. A layer with this property is **causal**. Let us read them
# alone, and compare:

# %%
x = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))  # (T, D)


def sees_all(x):
    return scaled_dot_product_attention(x, x, x).context


def sees_the_past(x):
    return scaled_dot_product_attention(x, x, x, causal_mask(len(x))).context


for attention in (sees_all, sees_the_past):
    apart = [(attention(x[: i + 1])[i] - attention(x)[i]).abs().max().item() for i in range(len(x))]
    print(f"{attention.__name__:14} row i alone and in the text differ by", [f"{one:.2f}" for one in apart])

# %% [markdown]
# With a mask one pass answers all six questions as six separate passes would. (In the last row even `sees_all` is
# honest: nothing follows it.) How does the mask do it?
#
# ## Mask before the softmax
#
# Four tokens and their scores. A query may attend to itself and what came before; the rest is hidden. The softmax of a
# row is $w_{ij} = e^{s_{ij}} / \sum_k e^{s_{ik}}$. A hidden key should get the weight 0 *and* vanish from the sum. One
# number does both: $-\infty$, because $e^{-\infty} = 0$. Here it is written into the table by hand:

# %%
scores = torch.tensor([[1.0, 3.0, 0.5, 2.0], [0.0, 1.0, 2.0, 1.0], [2.0, 0.0, 1.0, 3.0], [1.0, 1.0, 0.0, 2.0]])
hide = -torch.inf
masked = torch.tensor([[1.0, hide, hide, hide], [0.0, 1.0, hide, hide], [2.0, 0.0, 1.0, hide], [1.0, 1.0, 0.0, 2.0]])
weights = masked.softmax(dim=-1)
print("rows sum to", weights.sum(dim=-1))
attention_tables.draw(
    {"scores": scores, "masked": masked, "weights": weights},
    words[:4],
    most=3.0,
    alt="Three tables of four by four. Scores: all filled. Masked: minus infinity above the diagonal, the rest as "
    "before. Weights: zero above the diagonal; the first row is 1, 0, 0, 0.",
)

# %% [markdown]
# The first row sees one token and gives it everything; the last one sees all four. Would another number do? And what if
# a row hides everything?

# %%
for hidden in (-torch.inf, -3.0, 0.0):
    row = torch.tensor([2.0, 1.0, hidden]).softmax(dim=0)
    print(f"hidden score {hidden:5}: weights {[round(weight, 3) for weight in row.tolist()]}")
print("all hidden:", torch.full((3,), -torch.inf).softmax(dim=0))

# %% [markdown]
# A score of 0 is not a weight of 0: $e^0 = 1$, and the key that should be hidden takes nine percent. A negative score
# hides the key only as well as the other scores stand above it. And with everything hidden, 0 / 0 is not a number, and
# one NaN spoils all that is computed from it. With the causal mask that never happens: each token sees itself.

# %% [markdown]
# ### Exercise 07.1 · Mask before the softmax
#
# ●●○ · 8 minutes · for knowing where the mask goes · write a function
#
# `scores` has shape (T, T), a row for each query. Return the causal attention weights, (T, T): in row $i$ the keys
# after $i$ get exactly 0, and the row sums to 1. Leave `scores` as it is. (`torch.triu` keeps the upper triangle of a
# table, `masked_fill(mask, number)` fills where a mask is True.)


# %% exercise="07.1"
def causal_weights(scores):
    ### BEGIN SOLUTION
    future = torch.ones_like(scores, dtype=torch.bool).triu(diagonal=1)
    return scores.masked_fill(future, -torch.inf).softmax(dim=-1)
    ### END SOLUTION


# %%
exercise("07.1").check(causal_weights)

# %% [markdown]
# ## The late mask
#
# It looks simpler to take the softmax first and then set the future's weights to zero. A mask says where: True = may
# attend, as everywhere in this course and in PyTorch's function. We raise the scores of the last key and watch row 1,
# which must not know of it:

# %%
may_attend = causal_mask(4)  # True on and below the diagonal
changed = scores.clone()
changed[:, 3] += 2.0

for name, table in (("before", scores), ("after", changed)):
    late = table.softmax(dim=-1).masked_fill(~may_attend, 0.0)
    print(f"{name:6}: late mask, row 1 {late[1]}, which sums to {late[1].sum():.2f}")
print(f"the right weights, row 1 {weights[1]}")

# %% [markdown]
# The zeros are in place, and the row moves all the same: what remains was divided by a sum that held the future. A
# leak, behind innocent zeros, and the answer to the riddle. Now divide each row by what is left of it:

# %%
late = scores.softmax(dim=-1).masked_fill(~may_attend, 0.0)
renormalised = late / late.sum(dim=-1, keepdim=True)
print(renormalised)
print(f"differs from the mask before the softmax by at most {(renormalised - weights).abs().max():.5f}")

# %% [markdown]
# Equal! The sum $Z$ that held the future is in every weight of the row, above and below the line, and cancels:
#
# $$\frac{e^{s_{ij}} / Z}{\sum_{k \le i} e^{s_{ik}} / Z} = \frac{e^{s_{ij}}}{\sum_{k \le i} e^{s_{ik}}}$$
#
# So a late mask is a bug only as long as it is not renormalised. On paper: in floats this has a limit. Where the
# future's scores lie far above the past's, nothing is left to divide:

# %%
for above in (10.0, 80.0, 200.0):
    row = torch.tensor([0.0, 1.0, above])  # the third key is the future
    late = row.softmax(dim=0)[:2]
    print(f"future at {above:5}: late and renormalised {late / late.sum()}, -inf first {row[:2].softmax(dim=0)}")

# %% [markdown]
# ## Causality, tested
#
# Looking at the weights is not enough. A better test asks the layer itself, and does not care how it is written: change
# one token, and see which outputs move.


# %%
def masks_late(x):
    late = scaled_dot_product_attention(x, x, x).weights.tril()
    return late @ x


generator = torch.Generator().manual_seed(3)
perturbed = x.clone()
perturbed[3] += torch.randn(4, generator=generator)
for attention in (sees_all, masks_late, sees_the_past):
    moved = (attention(perturbed) - attention(x)).abs().amax(dim=1)  # (T,)
    print(f"{attention.__name__:14} token 3 moves the outputs by {[f'{far:.3f}' for far in moved.tolist()]}")

# %% [markdown]
# Only the last layer leaves the outputs 0 to 2 in peace. Why a *random* step, and not simply 1 more in each component?
# Some layers cannot feel that one. This takes the mean of each token away, as a layer of lesson 09 does:

# %%
for name, step in (("1 more everywhere", torch.ones(4)), ("a random step", torch.randn(4, generator=generator))):
    moved = (x[3] + step) - (x[3] + step).mean() - (x[3] - x[3].mean())
    print(f"{name:17} moves the token without its mean by {moved.abs().max():.2f}")

# %% [markdown]
# ### Exercise 07.2 · Write the test
#
# ●●○ · 8 minutes · for asking any layer what reaches what · write a function
#
# `attention` is a function: it takes the vectors of a text (T, D) and returns outputs (T_out, d_out). Return a table of
# True and False, (T_out, T), a row for each output and a column for each token: True where output $i$ moves when token
# $j$, and no other, is perturbed by a random step. A movement up to 1e-5 is rounding. Leave `x` as it is.


# %% exercise="07.2"
def what_moves(attention, x):
    ### BEGIN SOLUTION
    before = attention(x)
    moved = torch.zeros(len(before), len(x), dtype=torch.bool)
    for j in range(len(x)):
        perturbed = x.clone()
        perturbed[j] += torch.randn(x.shape[1])
        moved[:, j] = (attention(perturbed) - before).abs().amax(dim=1) > 1e-5
    return moved
    ### END SOLUTION


# %%
exercise("07.2").check(what_moves)

# %% [markdown]
# `llmlab.attention.influence_map` is the same test. We draw what it finds with ■; yours is drawn below it once it is
# written:


# %%
def draw(table):
    for row in table.tolist():
        print("  " + " ".join("■" if moves else "·" for moves in row))


for attention in (sees_all, masks_late, sees_the_past):
    print(f"{attention.__name__}:")
    draw(influence_map(attention, x[:4]))
found = what_moves(sees_the_past, x[:4])
print("what_moves(sees_the_past):", "exercise 07.2 is still to be written" if found is None else "")
if found is not None:
    draw(found)

# %% [markdown]
# The third map is exactly *lower-triangular*, filled up to the diagonal and empty above it: each output is reached by
# its own token and all before it (nothing is lost), and by no other (nothing leaks).
#
# ### What a test cannot say
#
# A test answers for the `x` it was given. Here the mask is made out of the scores: hidden is where their upper triangle
# is not 0. It looks right as long as no score happens to be 0:


# %%
def masks_by_the_scores(x):
    scores = x @ x.T
    return scores.masked_fill(scores.triu(diagonal=1).bool(), -torch.inf).softmax(dim=-1) @ x


for name, at in (("a random x", x[:4]), ("an x of zeros", torch.zeros(4, 4))):
    print(f"around {name}:")
    draw(influence_map(masks_by_the_scores, at))

# %% [markdown]
# ## Causality, proven for one layer
#
# A **proof** holds for every input. For a layer that puts $-\infty$ before the softmax it takes three lines:
#
# 1. For $j > i$ the score is $-\infty$. So $w_{ij} = 0$, and the sum below the line runs over $k \le i$ only.
# 2. For $j \le i$ the weight $w_{ij}$ is made of the scores $s_{i0}, \dots, s_{ii}$, and $s_{ik} = q_i \cdot k_k /
#    \sqrt{d}$ with $k \le i$ is made of $x_i$ and $x_k$ alone: of tokens 0 to $i$.
# 3. So $c_i = \sum_{j \le i} w_{ij} v_j$ is made of tokens 0 to $i$, whatever they are. ∎
#
# And if each layer's row $i$ needs rows 0 to $i$ only, so does a stack of them. What the proof says about the formula,
# the derivatives say about the code: with respect to later tokens they are exactly 0, not small.

# %%
for name, at in (("random", x), ("zeros", torch.zeros_like(x)), ("large", 30 * x)):
    slopes = torch.autograd.functional.jacobian(sees_the_past, at)  # (T, D, T, D)
    largest = slopes.abs().amax(dim=(1, 3))  # (T, T): output i, token j
    print(
        f"{name:6}: largest derivative by a later token {largest.triu(1).max()}, by the past {largest.tril().max():.2f}"
    )

# %% [markdown]
# ## Three architectures, and which masks they have
#
# Writing is one use of attention. Other uses hide other things. A cell with a dot: the row's query may look at the
# column's key.

# %%
full = torch.ones(7, 7, dtype=torch.bool)
architectures.draw(
    {"encoder-only": full, "decoder-only": causal_mask(7), "prefix language model": prefix_mask(7, prefix=3)},
    alt="Three masks of seven queries and seven keys. Encoder-only: all may look at all. Decoder-only: on and below "
    "the diagonal. Prefix language model: the first three see one another, all others the past.",
)

# %% [markdown]
# - **Encoder-only** (BERT): every token sees the whole text, both sides. Good for a text that is there: classify it,
#   search it, find names in it. It is trained to fill gaps, and does not write.
# - **Decoder-only** (GPT, and most models that you can talk to): each token sees itself and the past. This course
#   builds one.
# - A **prefix language model** is a decoder that reads the question, the prefix, as an encoder would.
# - An **encoder-decoder** (the first transformer, T5) is none of these, and not one mask: it is *two* stacks of layers.
#   The **encoder** reads a source as a whole, the **decoder** writes a target token by token. Between them stands
#   **cross-attention**: *queries* from the target, *keys and values* from the source. Drawn as one square with a full
#   corner it would be the prefix model; it has three tables:

# %%
source_all, target_past, cross = torch.ones(6, 6).bool(), causal_mask(4), torch.ones(4, 6).bool()
architectures.draw(
    {"encoder: source, source": source_all, "decoder: target, target": target_past, "cross: target, source": cross},
    alt="Three masks. The encoder's, six by six: all may look at all. The decoder's, four by four: on and below the "
    "diagonal. Cross-attention, four queries and six keys: all may look at all.",
)

# %% [markdown]
# The last one is not square: four outputs, six inputs. Does each output hear all of the source? The test tells:

# %%
generator = torch.Generator().manual_seed(1)
source, target = torch.randn(6, 8, generator=generator), torch.randn(4, 8, generator=generator)
result = scaled_dot_product_attention(q=target, k=source, v=source)
print("weights", tuple(result.weights.shape), " context", tuple(result.context.shape))
draw(influence_map(lambda source: scaled_dot_product_attention(target, source, source).context, source))

# %% [markdown]
# ### Padding
#
# Texts of different lengths share a batch only if the short ones are filled up with padding, which no token should look
# at. That mask has one row for each text, the same for all its queries; `&` joins it to the causal one. The second text
# has three tokens and two of padding:

# %%
mask = padding_mask([5, 3], T=5) & causal_mask(5)  # (B, 1, T) and (T, T) -> (B, T, T)
print("mask", tuple(mask.shape))
draw(mask[1])
print("an encoder with the same padding: what moves what")
padded = padding_mask([3], T=5)[0]  # (1, T)
draw(influence_map(lambda x: scaled_dot_product_attention(x, x, x, padded).context, x[:5]))

# %% [markdown]
# Three full columns, and two marks on the diagonal: a padded token is hidden as a *key*, yet it still asks its own
# question, so its own output moves with it, and no other does. (The loss leaves such outputs out.)
#
# ## Dropout on the weights
#
# A head should not come to lean on a single token. **Dropout** takes some weights away at random while training: each
# is set to 0 with probability $p$, and those that stay grow by $1 / (1 - p)$. Three rows, $p = 0.5$, once and on
# average over four thousand draws:

# %%
q = torch.randn(3, 4, generator=torch.Generator().manual_seed(2))
generator = torch.Generator().manual_seed(4)


def draw_weights(p):
    return scaled_dot_product_attention(q, q, q, causal_mask(3), dropout=p, generator=generator).weights


usual, once = draw_weights(0.0), draw_weights(0.5)
average = torch.stack([draw_weights(0.5) for _ in range(4000)]).mean(dim=0)
for name, table in (("usual", usual), ("one draw", once), ("average, to one decimal", average.round(decimals=1))):
    print(f"{name}: rows sum to {table.sum(dim=-1)}\n{table}")

# %% [markdown]
# In one draw each weight is 0 or twice what it was, and the rows do *not* sum to 1. On average they do, and that is
# what the factor is for.
#
# Dropout is for training. A module knows whether it is being trained: `.train()` switches dropout on, `.eval()` off.

# %%
torch.manual_seed(5)
head = CausalAttention(d_in=4, d_out=3, context_length=6, dropout=0.5)
for training in (True, False):
    head.train(training)  # head.eval() is head.train(False)
    apart = (head(x) - head(x)).abs().max()
    print(f"training {training!s:5}: two calls for the same x differ by {apart:.2f}")

# %% [markdown]
# Why on the weights, and not on the scores before them? A dropped *score* becomes 0, and you have seen what the softmax
# makes of a 0.

# %% [markdown]
# ### Exercise 07.3 · Find the bug: dropout in the wrong place
#
# ●●○ · 6 minutes · for placing dropout · find the bug
#
# The function should turn `scores` (T_query, T_key) into attention weights: a softmax over the keys and, if `training`,
# dropout of a share `p` of the weights. It runs, its rows sum to 1 in every call, and that is the trouble. Mend it.

# %% exercise="07.3"
from torch.nn.functional import dropout


def attention_weights(scores, p, training):
    ### BEGIN SOLUTION
    weights = scores.softmax(dim=-1)
    return dropout(weights, p, training)
    ### STUB
    # scores = dropout(scores, p, training)
    # return scores.softmax(dim=-1)
    ### END SOLUTION


# %%
exercise("07.3").check(attention_weights)

# %% [markdown]
# ## Six ways to mask
#
# ### Exercise 07.4 · Find three leaks
#
# ●●○ · 6 minutes · for not trusting zeros · predict
#
# Six ways to get from `scores` (T, T) to weights. In all of them `future` is True above the main diagonal and `blind`
# on and above it. In exactly three the future leaks: some output changes when a *later* token does. Which three?
#
# ```python
# a = scores.masked_fill(future, -torch.inf).softmax(dim=-1)
# b = scores.softmax(dim=-1).masked_fill(future, 0.0)
# c = scores.masked_fill(future, -torch.inf).softmax(dim=-2)
# d = b / b.sum(dim=-1, keepdim=True)
# e = (scores + (~future).float()).softmax(dim=-1)
# f = scores.masked_fill(blind, -torch.inf).softmax(dim=-1)
# ```
#
# Put the three letters, in quotes, in place of the `...`.

# %% exercise="07.4"
### BEGIN SOLUTION
# b: divided by a sum that held the future. c: sums run down the columns, over later queries. e: nothing is hidden.
leaks = "bce"
### STUB
# leaks = ...
### END SOLUTION

# %%
exercise("07.4").check(leaks)

# %% [markdown]
# ### Predict, then explore
#
# The map from the beginning, now with *your* `causal_weights` inside. It takes a whole layer with several heads, which
# lesson 08 explains; here each head is a slice of columns:


# %%
def attend(x, W_query, W_key, W_value, W_out, n_heads):
    if causal_weights(torch.zeros(2, 2)) is None:
        return None  # exercise 07.1 is still to be written
    heads = zip(*((x @ W).chunk(n_heads, dim=1) for W in (W_query, W_key, W_value)), strict=True)
    context = [torch.as_tensor(causal_weights(q @ k.T / q.shape[1] ** 0.5)).to(v) @ v for q, k, v in heads]
    return torch.cat(context, dim=1) @ W_out  # (T, d_out)


# %% [markdown]
# Before you touch it:
#
# - *Mask after the softmax* moves every cell. And *Taken at: zero*, where all scores are 0: which cells are empty
#   there?
# - *Mask one too low* hides each token from itself: what will row 0 show?
# - Among the *other masks*, the padded encoder: which cells move although they are hidden?
# - Press *your own*: its map should be exactly lower-triangular, at a random input and around zero. Three of the bugs
#   have that map as well: which could they be?

# %%
explorer = InfluenceMap(attend=attend)
explorer

# %% [markdown]
# The same from code: *your own*, with one head, around zero and at a random input.

# %%
probe = InfluenceMap(attend=attend)
probe.set(bug="your own", heads=1, perturbed=2, around="zero")
around_zero = probe.trace
probe.set(around="a random input")
whose = "yours" if probe.trace.own_function else "llmlab's (exercise 07.1 is still to be written)"
print(f"{whose}: the outputs that move with token 2 are {probe.trace.moved}")
draw(torch.tensor(probe.trace.reaches))

wrong = "causal_weights is not yet right: exercise 07.1"
assert probe.trace.moved == (2, 3, 4, 5, 6), wrong
assert probe.trace.lower_triangular and around_zero.lower_triangular, wrong
assert probe.trace.looks.at_random and probe.trace.looks.around_zero, wrong
assert probe.trace.looks.steady and probe.trace.looks.equal, wrong

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - Those above the diagonal: around zero the late mask looks right. One more test at one input that sees nothing.
# - A blind cell: nothing moves it, not even its own token. With everything hidden it is NaN, before and after.
# - Two on the diagonal, the padding itself: hidden as keys, these tokens still ask their own questions.
# - No scaling, scaling by the model width, keys and values swapped. They leave the mask alone, so nothing leaks: a map
#   shows what reaches what, not whether it is right. How to find them is in lesson 08.
# </details>
#
# ## The same, polished: `llmlab.attention`
#
# `CausalAttention` is `SelfAttention` with the mask and the dropout. PyTorch's function has the mask built in
# (`is_causal=True`):

# %%
head.eval()
q, k, v = head.W_query(x), head.W_key(x), head.W_value(x)  # (T, d_out)
with torch.no_grad():
    pytorch = F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0]
    own = causal_weights(q @ k.T / 3**0.5)
    print(f"llmlab's class and PyTorch differ by at most {(head(x) - pytorch).abs().max():.5f}")
    if own is None:
        print("causal_weights is still to be written: exercise 07.1.")
    else:
        print(f"with your weights, by at most {(torch.as_tensor(own).to(v) @ v - pytorch).abs().max():.5f}")
print("exactly lower-triangular:", "yes" if torch.equal(influence_map(head, x), causal_mask(6)) else "no")

# %% [markdown]
# ## You can now
#
# - hide the future with $-\infty$ before the softmax, and say why a zero after it hides too little;
# - find a leak in any layer by perturbing, and say what such a test leaves open and a proof does not;
# - draw the masks of an encoder, a decoder and an encoder-decoder, and add a prefix or padding;
# - place dropout, and say what it does to the sum of a row.
#
# Type `??CausalAttention` in a new cell to read the package's version; the `cache` in it is for lesson 13. Lesson 08
# lets several heads ask at once.
#
# ## Where this comes from
#
# - Ashish Vaswani and seven others, *Attention Is All You Need* (2017): the mask of −∞ before the softmax, and the
#   encoder-decoder with cross-attention.
# - Nitish Srivastava and four others, *Dropout: A Simple Way to Prevent Neural Networks from Overfitting* (2014).
# - Alec Radford and three others, *Improving Language Understanding by Generative Pre-Training* (2018): GPT, the
#   decoder alone.
# - Jacob Devlin and three others, *BERT* (2018, NAACL 2019): the encoder alone, trained to fill gaps.
# - Colin Raffel and eight others, *Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer*
#   (T5, JMLR 2020): compares the architectures, the prefix language model among them.
#
# **Read next:** section 3.2 of the T5 paper, "Architectures", with its pictures of the masks.

# %%
progress("07")
