# %% [markdown]
# # 07 · Causal attention
#
# Lesson 05 let every token look at every other one. A model that writes text must not: the tokens to its right are the
# ones it is asked for. In this lesson we hide the future, prove that it is hidden, and then let attention ask several
# questions at once. The result is the layer that stands in every block of a GPT.
#
# About 75 minutes. At the end you can
#
# - mask the scores before the softmax, and say why a mask that comes later leaks;
# - put dropout in its place, and say what it does to a row of weights;
# - split a tensor into heads and merge it again without mixing tokens;
# - prove that a layer is causal, and name three bugs that such a proof does not see.

# %% [markdown]
# ## Before we start: three questions on lesson 05
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
# softmax neither flattens nor picks a single token.
# </details>
#
# <details><summary>3. Over which axis does the softmax run, and how would you notice the wrong one?</summary>
#
# Over the keys, the last axis: each query shares out 1 among the tokens it looks at, so rows sum to 1. Over the
# queries, the columns would.
# </details>

# %%
import torch
from torch import nn
from torch.nn import functional as F

from llmlab import course
from llmlab.attention import (
    CausalAttention,
    MultiHeadAttention,
    causal_mask,
    influence_map,
    padding_mask,
    prefix_mask,
    scaled_dot_product_attention,
)
from llmlab.exercises import exercise, progress
from llmlab.explorers import InfluenceMap

torch.set_printoptions(precision=2, sci_mode=False)

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
# would settle for it at once. When the model then writes, it stands at the last position, and there is nothing to copy.
#
# There is a second reason. One pass over a window is worth $T$ predictions only if row $i$ says exactly what the model
# would say after reading the tokens 0 to $i$ and no more. So let us read them alone, and compare:

# %%
x = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))  # (T, D)


def sees_all(x):
    return scaled_dot_product_attention(x, x, x).context


def sees_the_past(x):
    return scaled_dot_product_attention(x, x, x, causal_mask(len(x))).context


for attention in (sees_all, sees_the_past):
    alone = [torch.allclose(attention(x[: i + 1])[i], attention(x)[i], atol=1e-6) for i in range(len(x))]
    print(f"{attention.__name__:14} row i is what the tokens up to i give alone:", *alone)

# %% [markdown]
# With a mask one pass answers all six questions as six separate passes would. (In the last row even `sees_all` is
# honest: nothing follows it.) How does the mask do it?
#
# ## Mask before the softmax
#
# Four tokens, their scores, and a triangle: True where a query may attend to a key, which is itself and what came
# before. All masks in this course are read that way, as in PyTorch's `scaled_dot_product_attention`.

# %%
scores = torch.tensor([[1.0, 3.0, 0.5, 2.0], [0.0, 1.0, 2.0, 1.0], [2.0, 0.0, 1.0, 3.0], [1.0, 1.0, 0.0, 2.0]])
may_attend = torch.ones(4, 4, dtype=torch.bool).tril()
print(may_attend.int())

# %% [markdown]
# The softmax of a row is $w_{ij} = e^{s_{ij}} / \sum_k e^{s_{ik}}$. A key should get the weight 0 *and* vanish from the
# sum. One number does both: $-\infty$, because $e^{-\infty} = 0$.

# %%
masked = scores.masked_fill(~may_attend, -torch.inf)
weights = masked.softmax(dim=-1)
print(masked)
print(weights)
print("rows sum to", weights.sum(dim=-1))

# %% [markdown]
# The first row sees one token and gives it everything; the last one sees all four. As a picture:

# %%
import matplotlib.pyplot as plt

figure, panels = plt.subplots(1, 3, figsize=(8, 2.7))
shown = ("scores", scores), ("masked", masked), ("weights", weights)
for panel, (title, table) in zip(panels, shown, strict=True):
    panel.imshow(table.masked_fill(~may_attend & (title != "scores"), torch.nan), cmap="Blues", vmin=-1, vmax=4)
    for i in range(4):
        for j in range(4):
            panel.text(j, i, f"{table[i, j]:.3g}".replace("inf", "∞"), ha="center", va="center", fontsize=9)
    panel.set(title=title, xlabel="key", ylabel="query", xticks=range(4), yticks=range(4))
course.show(
    figure,
    alt="Three tables of four by four. Scores: all filled. Masked: minus infinity above the diagonal. "
    "Weights: zero above the diagonal, each row sums to one.",
)

# %% [markdown]
# Would another number do? Try a row whose last key is to be hidden:

# %%
for hidden in (-torch.inf, -3.0, 0.0):
    row = torch.tensor([2.0, 1.0, hidden]).softmax(dim=0)
    print(f"hidden score {hidden:5}: weights {[round(weight, 3) for weight in row.tolist()]}")

# %% [markdown]
# A score of 0 is not a weight of 0: $e^0 = 1$, and the key that should be hidden takes nine percent. A negative score
# hides the key only as well as the other scores stand above it. And if a row hides everything?

# %%
print(torch.full((3,), -torch.inf).softmax(dim=0))
nobody = torch.zeros(2, 2, dtype=torch.bool)
print(scaled_dot_product_attention(x[:2], x[:2], x[:2], nobody).weights)

# %% [markdown]
# Zero divided by zero is not a number, and one NaN spoils all that is computed from it. `llmlab` gives zeros there.
# With the causal mask it never happens, since each token sees itself.

# %% [markdown]
# ### Exercise 07.1 · Mask before the softmax
#
# ●●○ · 8 minutes · for knowing where the mask goes · write a function
#
# `scores` has shape (T, T), one row a query. Return the causal attention weights, (T, T): in row $i$ the keys after $i$
# get exactly 0, and the row sums to 1. Leave `scores` as it is.
#
# Stuck? `exercise("07.1").hint()` gives a question first, then the idea, then the line.


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
# It looks simpler to take the softmax first and then set the future's weights to zero. Here are the right weights and
# these, one above the other:

# %%
late = scores.softmax(dim=-1).masked_fill(~may_attend, 0.0)
print(weights)
print(late)
print("rows sum to", late.sum(dim=-1))

# %% [markdown]
# The zeros are in place, but the rows no longer sum to 1. Worse: what remains was divided by a sum that held the
# future. So the future still acts. We raise the scores of the last key and watch row 1, which must not know of it:

# %%
changed = scores.clone()
changed[:, 3] += 2.0

for name, table in (("before", scores), ("after", changed)):
    row = table.softmax(dim=-1).masked_fill(~may_attend, 0.0)[1]
    print(f"{name:6}: late mask, row 1 {row}")

# %% [markdown]
# A leak, behind innocent zeros. Now divide each row by what is left of it:

# %%
renormalised = late / late.sum(dim=-1, keepdim=True)
print(renormalised)
print("equal to the mask before the softmax:", torch.allclose(renormalised, weights))

# %% [markdown]
# Equal! The sum that held the future is in every weight of the row, above and below the line, and cancels:
#
# $$\frac{e^{s_{ij}} / Z}{\sum_{k \le i} e^{s_{ik}} / Z} = \frac{e^{s_{ij}}}{\sum_{k \le i} e^{s_{ik}}}$$
#
# So a late mask is a bug only as long as it is not renormalised. In practice $-\infty$ is preferred: it is one step
# less, and where the future has huge scores nothing is left to renormalise:

# %%
extreme = torch.tensor([0.0, 1.0, 200.0])  # the third key is the future
late_row = extreme.softmax(dim=0)[:2]
print("late, renormalised:", late_row / late_row.sum())
print("-inf first        :", extreme[:2].softmax(dim=0))

# %% [markdown]
# ## Causality, proven
#
# The late mask shows that looking at the weights is not enough. There is a test that asks the layer itself and does not
# care how it is written: change one token, and see which outputs move. One column for each token that was changed, one
# row for each output:


# %%
def what_moves(attention, x):
    before = attention(x)
    moved = torch.zeros(len(before), len(x), dtype=torch.bool)
    for j in range(len(x)):
        perturbed = x.clone()
        perturbed[j] += 1.0
        moved[:, j] = (attention(perturbed) - before).abs().amax(dim=1) > 1e-5
    return moved


def masks_late(x):
    late = scaled_dot_product_attention(x, x, x).weights.tril()
    return late @ x


for attention in (sees_all, masks_late, sees_the_past):
    print(f"{attention.__name__}:\n{what_moves(attention, x[:4]).int()}")

# %% [markdown]
# The late mask gives itself away: every output moves with every token, though all its weights above the diagonal are
# zero. Only the third map is **exactly lower-triangular**: each output is reached by its own token and by all before
# it (nothing is lost), and by no other (nothing leaks). `llmlab.attention.influence_map` is the same idea:

# %%
triangle = causal_mask(6)
assert torch.equal(influence_map(sees_the_past, x), what_moves(sees_the_past, x))
print("exactly lower-triangular:", torch.equal(influence_map(sees_the_past, x), triangle))
print("without a mask          :", torch.equal(influence_map(sees_all, x), triangle))

# %% [markdown]
# ## Which masks there are
#
# Generating text is one use of attention. Other uses hide other things, and each has its own mask. We draw them with
# ■ for "may attend":


# %%
def draw(mask):
    for row in mask.tolist():
        print("  " + " ".join("■" if allowed else "·" for allowed in row))


print("decoder (GPT): each token sees itself and the past")
draw(causal_mask(5))
print("encoder (BERT): each token sees all")
draw(torch.ones(5, 5, dtype=torch.bool))

# %% [markdown]
# An **encoder** reads a text that is already complete, to classify it or to search it: no reason to hide anything. A
# **decoder** writes. An **encoder-decoder** does both, one after the other, as in translation: an encoder reads the
# source, a decoder writes the target, and between them stands **cross-attention**, where the *queries* come from the
# target and the *keys and values* from the source. Its table is not square:

# %%
generator = torch.Generator().manual_seed(1)
source, target = torch.randn(6, 8, generator=generator), torch.randn(4, 8, generator=generator)

result = scaled_dot_product_attention(q=target, k=source, v=source)
print("weights", tuple(result.weights.shape), " context", tuple(result.context.shape))
reaches = influence_map(lambda source: scaled_dot_product_attention(target, source, source).context, source)
draw(reaches)

# %% [markdown]
# Four outputs, six inputs, no mask: each word of the translation may look at the whole source. So the three
# architectures need three kinds of attention: full (an encoder), triangular (a decoder), and cross, which is oblong; an
# encoder-decoder has all three. Two more masks are common. A **prefix** mask reads the question like an encoder and
# answers like a decoder:

# %%
print("prefix of 2")
draw(prefix_mask(5, prefix=2))

# %% [markdown]
# And texts of different lengths share a batch only if the short ones are filled up with **padding**, which no token
# should look at. That mask has one row for each text, the same for all its queries; `&` joins it to the causal one:

# %%
lengths = [5, 3]
mask = padding_mask(lengths, T=5) & causal_mask(5)  # (B, 1, T) and (T, T) -> (B, T, T)
print("shape", tuple(mask.shape), "- the second text, three tokens and two of padding:")
draw(mask[1])

# %% [markdown]
# Does padding reach anything? Ask the map. Here is an encoder with the same two padded places:

# %%
padded = padding_mask([3], T=5)[0]  # (1, T)
draw(influence_map(lambda x: scaled_dot_product_attention(x, x, x, padded).context, x[:5]))

# %% [markdown]
# Three full columns, and two marks on the diagonal: a padded token is hidden as a *key*, yet it still asks its own
# question, so its own output moves with it, and no other does. (The loss leaves such outputs out.)

# %% [markdown]
# ## Dropout on the weights
#
# A head that always leans on the same token learns little else. **Dropout** takes some weights away at random while
# training: each is set to 0 with probability $p$, and those that stay grow by $1 / (1 - p)$. Three rows, $p = 0.5$:

# %%
q = torch.randn(3, 4, generator=torch.Generator().manual_seed(2))
usual = scaled_dot_product_attention(q, q, q, causal_mask(3)).weights
generator = torch.Generator().manual_seed(4)
dropped = scaled_dot_product_attention(q, q, q, causal_mask(3), dropout=0.5, generator=generator).weights

print(usual)
print(dropped)
print("rows sum to", dropped.sum(dim=-1))

# %% [markdown]
# Each weight is either 0 or twice what it was, and the rows do **not** sum to 1 any more. On average they do, and that
# is what the factor is for. Over four thousand draws:

# %%
draws = torch.stack(
    [
        scaled_dot_product_attention(q, q, q, causal_mask(3), dropout=0.5, generator=generator).weights
        for _ in range(4000)
    ]
)
print("weights on average within 0.05 of the usual ones:", bool(((draws.mean(dim=0) - usual).abs() < 0.05).all()))
print("rows sum on average to", [round(total, 1) for total in draws.sum(dim=-1).mean(dim=0).tolist()])

# %% [markdown]
# Dropout is for training. A module knows whether it is being trained: `.train()` switches dropout on, `.eval()` off.

# %%
head = CausalAttention(d_in=4, d_out=3, context_length=6, dropout=0.5)
head.train()
print("train: two calls give the same:", torch.equal(head(x), head(x)))
head.eval()
print("eval : two calls give the same:", torch.equal(head(x), head(x)))

# %% [markdown]
# Why on the weights, and not on the scores before them? A dropped *score* becomes 0, and you have seen what the softmax
# makes of a 0.

# %% [markdown]
# ### Exercise 07.2 · Find the bug: dropout in the wrong place
#
# ●●○ · 6 minutes · for placing dropout · find the bug
#
# The function should turn `scores` (T_query, T_key) into attention weights: a softmax over the keys and, if `training`,
# dropout of a share `p` of the weights. It runs, its rows sum to 1 in every call, and that is the trouble. Mend it.

# %% exercise="07.2"
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
exercise("07.2").check(attention_weights)

# %% [markdown]
# ## Three architectures in one picture
#
# The mask decides what kind of model it is. Rows are positions that look, columns where they may look:

# %%
n_source = 3  # an encoder-decoder reads a source, here of 3 tokens, and writes a target, of 4
encoder_only = torch.ones(7, 7)
decoder_only = torch.ones(7, 7).tril()
encoder_decoder = torch.ones(7, 7).tril()
encoder_decoder[:n_source, :n_source] = 1  # the source sees all of the source

masks = {"encoder-only": encoder_only, "decoder-only": decoder_only}
masks["encoder-decoder"] = encoder_decoder
for name, mask in masks.items():
    print(f"{name:16}", mask.int().sum(dim=1).tolist(), "positions to look at")

# %% [markdown]
# A dot stands where the row's position may look. The orange lines separate source and target:

# %%
figure, panels = plt.subplots(1, 3, figsize=(5.6, 2.6))
for axes, (name, mask) in zip(panels, masks.items(), strict=True):
    axes.pcolormesh(mask, cmap="Blues", vmin=0, vmax=1.6, edgecolors="white", linewidth=2)
    rows, columns = mask.nonzero(as_tuple=True)
    axes.plot(columns + 0.5, rows + 0.5, "o", color="black", markersize=3)
    axes.set(title=name, aspect="equal", xticks=[], yticks=[], xlabel="may look at")
    axes.title.set_fontsize(10)
    axes.invert_yaxis()
panels[0].set_ylabel("position")
panels[2].axhline(n_source, color="#c8590a", linewidth=2)
panels[2].axvline(n_source, color="#c8590a", linewidth=2)
figure.tight_layout()
course.show(
    figure,
    alt="Three grids of 7 by 7; a dot marks where a position may look. Encoder-only: everywhere. "
    "Decoder-only: on and below the diagonal. Encoder-decoder: the first 3 positions, the source, "
    "see one another and nothing else; each of the other 4 sees the source, the target positions "
    "before it and itself.",
)

# %% [markdown]
# - **Encoder-only** (BERT): every position sees all of the text, both sides. Good for understanding a text that is
#   there: finding names in it, classifying it, searching. It is trained to fill gaps, and does not write.
# - **Decoder-only** (GPT, and most models that you can talk to): each position sees only what stands before. This is
#   the kind that this course builds.
# - **Encoder-decoder** (the first transformer, T5): one half reads a source as a whole, the other writes a target token
#   by token and looks at the source all the while. The first one was made for translation.

# %% [markdown]
# ## Predict, then explore
#
# The explorer below takes the influence map of *your* `attend`, and of twelve versions of it that are wrong in a single
# line. First, a prediction.
#
# ### Exercise 07.3 · Find three leaks
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

# %% exercise="07.3"
### BEGIN SOLUTION
leaks = "bce"
### STUB
# leaks = ...
### END SOLUTION

# %%
exercise("07.3").check(leaks)

# %% [markdown]
# Now the map. A number says how far an output (row) moves when a token (column) is perturbed; a cell that is hidden and
# stays still is hatched. It opens on version b, *mask after the softmax*, whose weights are zero above the diagonal.
# Before you touch it:
#
# - Which cells will be empty? And at *Taken at: zero*, where all scores are 0?
# - Set *Heads* to 1. Which two bugs vanish from the map, and why?
# - **The target:** a map that is exactly lower-triangular, at a random input and around zero. *Your own* is your
#   `attend`. Then: three bugs reach the target as well. Which ones could they be?
#
# (Changed `attend`? Run the cell again, and the map uses the new one.)

# %%
explorer = InfluenceMap(attend=attend)
explorer

# %% [markdown]
# The same from code. Your `attend`, three heads: which outputs move when token 2, *came*, is perturbed? Say it before
# you run the cell.

# %%
probe = InfluenceMap(attend=attend)
probe.set(bug="your own", heads=3, perturbed=2, around="zero")
around_zero = probe.trace
probe.set(around="a random input")
print("outputs that move:", probe.trace.moved)
draw(torch.tensor(probe.trace.reaches))

assert probe.trace.moved == (2, 3, 4, 5, 6)
assert probe.trace.lower_triangular and around_zero.lower_triangular
assert probe.trace.looks.at_random and probe.trace.looks.around_zero
assert probe.trace.looks.steady and probe.trace.looks.equal

# %% [markdown]
# If an assertion fails, `attend` is wrong, and the explorer shows how. The other masks are in there as well: choose the
# padded encoder under *Architecture*, and find the two cells that move although they are hidden.

# %% [markdown]
# ## The same, polished: `llmlab.attention`
#
# Heads one after the other, by slices and a loop: slow, and so plain that little can go wrong.


# %%
def stacked_heads(x, W_query, W_key, W_value, n_heads):
    heads = []
    for columns in torch.arange(W_query.shape[1]).chunk(n_heads):
        q, k, v = x @ W_query[:, columns], x @ W_key[:, columns], x @ W_value[:, columns]  # (T, d_head)
        scores = (q @ k.T / len(columns) ** 0.5).masked_fill(~causal_mask(len(x)), -torch.inf)
        heads.append(scores.softmax(dim=-1) @ v)
    return torch.cat(heads, dim=1)  # (T, D)


# %% [markdown]
# And `MultiHeadAttention`, which later lessons build on. It takes any leading dimensions, here a batch of two texts. We
# read out its matrices (turned round, since `nn.Linear` keeps them as (out, in)) and give them to the loop. Input and
# output are both 12 wide because PyTorch's own module, which comes next, wants them equal.

# %%
torch.manual_seed(6)
layer = MultiHeadAttention(d_in=12, d_out=12, context_length=7, n_heads=3)
batch = torch.randn(2, 7, 12)  # (B, T, D)
W_query, W_key, W_value = layer.qkv.weight.T.chunk(3, dim=1)  # (12, 12) each
W_out, bias = layer.out_proj.weight.T, layer.out_proj.bias

by_hand = torch.stack([stacked_heads(x, W_query, W_key, W_value, 3) @ W_out + bias for x in batch])
fast = layer(batch)
explicit, weights = layer(batch, return_weights=True)
print("out", tuple(fast.shape), " weights", tuple(weights.shape))

# %% [markdown]
# The layer has two paths. With `return_weights` it takes every step of this lesson. Without, it calls PyTorch's fused
# attention, which need not hold the whole table of weights: faster, and with less memory for long texts. PyTorch also
# has a whole module, into which the same weights go. Note its mask: there, True means *hidden*.

# %%
q, k, v = (t.view(2, 7, 3, 4).transpose(1, 2) for t in layer.qkv(batch).chunk(3, dim=-1))  # (B, H, T, d_head)
function = layer.out_proj(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))

module = nn.MultiheadAttention(embed_dim=12, num_heads=3, batch_first=True)
with torch.no_grad():
    module.in_proj_weight.copy_(layer.qkv.weight)
    module.in_proj_bias.zero_()
    module.out_proj.load_state_dict(layer.out_proj.state_dict())
pytorch, _ = module(batch, batch, batch, attn_mask=~causal_mask(7))

# %% [markdown]
# Five ways, one result:

# %%
others = {
    "llmlab, fast path": fast,
    "llmlab, step by step": explicit,
    "PyTorch's scaled_dot_product_attention": function,
    "PyTorch's nn.MultiheadAttention": pytorch,
}
for name, other in others.items():
    print(f"{name:39} equals the stacked heads: {torch.allclose(other, by_hand, atol=1e-5)}")

# %% [markdown]
# And your own `attend`, with these weights and on these texts:

# %%
with torch.no_grad():
    yours = [attend(x, W_query, W_key, W_value, W_out, 3) for x in batch]
if yours[0] is None:
    print("attend is still to be written: exercise 08.3.")
else:
    assert torch.allclose(torch.stack(yours) + bias, fast, atol=1e-5)
    print("Your attend equals them too.")

# %% [markdown]
# Last, the proof for the layer itself, dropout switched off. Both paths, exactly lower-triangular:

# %%
layer.eval()
for path in (layer, lambda x: layer(x, return_weights=True)):
    print("exactly lower-triangular:", torch.equal(influence_map(path, batch[0]), causal_mask(7)))

# %% [markdown]
# ## You can now
#
# - hide the future with $-\infty$ before the softmax, and say why a zero after it hides too little;
# - draw the masks of an encoder, a decoder and an encoder-decoder, and add a prefix or padding;
# - place dropout, split heads without mixing tokens, fuse projections, and know where a head lies in them;
# - prove causality by perturbing, and say what such a proof leaves open.
#
# Type `??MultiHeadAttention` in a new cell to read the package's version; `cache` and `n_kv_heads` in it are for
# lesson 09. Lesson 07 puts this layer into a block and builds a GPT.

# %%
progress("07")
