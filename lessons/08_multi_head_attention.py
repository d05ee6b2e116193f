# %% [markdown]
# # 08 · Multi-head attention
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
    MultiHeadAttention,
    causal_mask,
    influence_map,
)
from llmlab.exercises import exercise, progress
from llmlab.gpt import attention_maps
from llmlab.training import load_checkpoint

torch.set_printoptions(precision=2, sci_mode=False)

# %% [markdown]
# ## Several heads, several questions
#
# At the second *the* of our sentence two things are worth knowing: which word stood before it, and where the same word
# stood earlier. Each is a question, and each gets a head of its own. We build both by hand. A token's vector holds its
# word and its position, both one-hot:

# %%
T, V = len(words), len(vocabulary)
x = torch.cat([tokens, torch.eye(T)], dim=1)  # (T, V + T)


def head_scores(part, wanted):
    """Scores of a head that reads only `part` of x: a token with entry i there looks for wanted[i]."""
    W_query, W_key = torch.zeros(V + T, len(wanted)), torch.zeros(V + T, len(wanted))
    W_query[part], W_key[part] = 9 * wanted, torch.eye(len(wanted))  # 9: a clear lead in the softmax
    return (x @ W_query) @ (x @ W_key).T  # (T, T)


previous = head_scores(slice(V, V + T), torch.ones(T - 1).diag(diagonal=-1))  # position i looks for i - 1
same = head_scores(slice(0, V), torch.eye(V))  # a word looks for itself

# %% [markdown]
# Mask and softmax turn both into weights. A third head tries to ask both questions at once, by adding the scores:

# %%
heads = {
    name: scores.masked_fill(~causal_mask(T), -torch.inf).softmax(dim=-1)
    for name, scores in (("previous word", previous), ("same word", same), ("both in one head", previous + same))
}
figure, panels = plt.subplots(1, 3, figsize=(9, 3.4), sharey=True)
for panel, (name, table) in zip(panels, heads.items(), strict=True):
    panel.imshow(table.masked_fill(~causal_mask(T), torch.nan), cmap="Blues", vmin=0, vmax=1)
    for i, j in causal_mask(T).nonzero().tolist():
        shade = "white" if table[i, j] > 0.6 else "black"
        panel.text(j, i, f"{table[i, j]:.2f}", ha="center", va="center", fontsize=7, color=shade)
    panel.set(title=name, xticks=range(T), yticks=range(T))
    panel.set_xticklabels(words, rotation=60)
    panel.set_yticklabels(words)
course.show(
    figure,
    alt="Three triangles of weights. Previous word: all on the diagonal below the main one, but for the first token, "
    "which sees itself. Same word: on the main diagonal, but for the second 'the', shared with the first. Both in one "
    "head: spread over all of these.",
)

# %% [markdown]
# A row of weights sums to 1, so a head can ask one question per token. What does the second *the* learn from each?

# %%
for name, table in heads.items():
    context = table[4] @ tokens  # (V,)
    shares = zip(vocabulary, context.tolist(), strict=True)
    print(f"{name:16}:", {word: round(share, 2) for word, share in shares if share > 0.01})

# %% [markdown]
# Two heads give two clear answers, side by side in the result. The single head gives one mixture, in which nobody can
# tell which word answers what. That is the reason for **multi-head attention**: $H$ heads, each with matrices of its
# own, each of width $d_\text{head} = D / H$, so that together they are as wide as one and cost about as much.

# %% [markdown]
# ### Heads that were trained
#
# Does training find such a division of labour by itself? The course's small GPT has four heads in each layer. It
# completes a sentence whose last word depends on two others: on *reads*, since it must be something to read, and on the
# subject, since in its toy world one king has a book and several have books.


# %%
def begin(text):
    """The ids of a sentence that begins a document, and its tokens in words."""
    ids = tokenizer.encode("<|endoftext|> " + text, allowed_special="all")
    return torch.tensor([ids]), [tokenizer.decode([token_id]).strip() for token_id in ids]


gpt, tokenizer = load_checkpoint()
for text in ("the king near the princess reads his", "the kings near the princess read their"):
    with torch.no_grad():
        following = gpt(begin(text)[0])[0, -1].argmax().item()
    print(text, "...", tokenizer.decode([following]).strip())

# %% [markdown]
# What do the four heads of its second layer look at, from the last token? (Heads are counted from 0, as layers are in
# the code.)

# %%
ids, names = begin("the king near the princess reads his")
layer = attention_maps(gpt, ids)[0, 1]  # (H, T, T)
for head, weights in enumerate(layer[:, -1]):
    first, second = weights.topk(2).indices.tolist()
    print(f"head {head}: {names[first]} {weights[first]:.2f}, then {names[second]} {weights[second]:.2f}")

# %%
figure, panels = plt.subplots(1, 4, figsize=(11, 3.4), sharey=True)
for head, (panel, table) in enumerate(zip(panels, layer, strict=True)):
    panel.imshow(table.masked_fill(~causal_mask(len(names)), torch.nan), cmap="Blues", vmin=0, vmax=1)
    panel.set(title=f"head {head}", xticks=range(len(names)), yticks=range(len(names)))
    panel.set_xticklabels(names, rotation=60, ha="right", rotation_mode="anchor")
    panel.set_yticklabels(names)
course.show(
    figure,
    alt="Four triangles of trained weights. The last row, of his: head 0 is dark at the separator, head 1 at reads, "
    "head 2 at king, head 3 spreads over several words. In the row of princess, heads 1 and 2 are dark at king.",
)

# %% [markdown]
# Two questions, two heads: head 1 asks for the verb, head 2 for the subject, although *princess* stands nearer. Head 0
# looks most at the separator, where there is nothing to learn: since its weights must go somewhere, that is how a head
# can stay out of a row. Each token divides the work in its own way, and nobody assigned it.

# %% [markdown]
# ## Split, transpose, merge
#
# $H$ heads could run one after the other. A GPU would rather do them in one stroke: with a tensor of shape
# $(B, H, T, d_\text{head})$, `@` and the softmax work on the last two axes and treat every text and head by itself. How
# does $(B, T, D)$ become that? Take sizes that all differ, and let every number say which token it belongs to:

# %%
B, T, D, H = 2, 5, 12, 3
d_head = D // H
token = torch.arange(T).view(1, T, 1).expand(B, T, D)  # (B, T, D): entry [b, t, c] is t
print("shape", tuple(token.shape), "- the first text:")
print(token[0])

# %% [markdown]
# Two ways to the same shape. The rows of a head should be the tokens 0 to 4:

# %%
viewed = token.reshape(B, H, T, d_head)
split = token.reshape(B, T, H, d_head).transpose(1, 2)
print("view alone          ", tuple(viewed.shape), "head 0:", viewed[0, 0].tolist())
print("view, then transpose", tuple(split.shape), "head 0:", split[0, 0].tolist())

# %% [markdown]
# The first raises no error and gives nonsense: its rows 0, 1 and 2 are three pieces of token 0. `view` and `reshape`
# never change the order of the numbers; they read them one after the other and only set the line breaks elsewhere. So
# cut only the last axis, $D \to (H, d_\text{head})$, and let `transpose` exchange the axes of tokens and heads.
#
# The scores then need no loop at all:

# %%
generator = torch.Generator().manual_seed(5)
q, k, v = (torch.randn(B, T, D, generator=generator).view(B, T, H, d_head).transpose(1, 2) for _ in range(3))
scores = q @ k.transpose(-2, -1) / d_head**0.5  # (B, H, T, T)
weights = scores.masked_fill(~causal_mask(T), -torch.inf).softmax(dim=-1)
heads = weights @ v  # (B, H, T, d_head)
print("scores", tuple(scores.shape), " heads", tuple(heads.shape))

# %% [markdown]
# Note the scale: $\sqrt{d_\text{head}}$, since a score is a sum over the $d_\text{head}$ entries of *one* head.
#
# Merging is the way back: first `transpose`, then join the last two axes. Forget the transpose, and tokens mix again:

# %%
back = split.transpose(1, 2).flatten(2)  # (B, T, D)
mixed = split.flatten(1).view(B, T, D)
print("transpose, then flatten:", back[0, 1].tolist())
print("flatten alone          :", mixed[0, 1].tolist())
assert torch.equal(back, token)

# %% [markdown]
# Why `flatten` (or `reshape`) and not `view`? After a transpose the numbers of a row lie scattered in memory. `view`
# refuses; `flatten` copies them into order:

# %%
try:
    heads.transpose(1, 2).view(B, T, D)
except RuntimeError as error:
    print("RuntimeError:", str(error).partition(" with")[0], "...")
print("flatten:", tuple(heads.transpose(1, 2).flatten(2).shape))

# %% [markdown]
# ### Exercise 08.1 · Split into heads
#
# ●●○ · 6 minutes · for never mixing tokens · write a function
#
# `x` has shape (B, T, D). Return it as (B, H, T, d_head), with H = `n_heads` and d_head = D // H, such that head $h$
# holds the columns $h \cdot d_\text{head}$ to $(h + 1) \cdot d_\text{head} - 1$ of every token.


# %% exercise="08.1"
def split_heads(x, n_heads):
    ### BEGIN SOLUTION
    B, T, D = x.shape
    return x.view(B, T, n_heads, D // n_heads).transpose(1, 2)
    ### END SOLUTION


# %%
exercise("08.1").check(split_heads)

# %% [markdown]
# ## One fused projection
#
# So far queries, keys and values fell from the sky. In lesson 05 each came from the input by a matrix. With three heads
# there are three matrices for the queries alone, each (d_in, d_head). Here they are, one head after the other:

# %%
d_in = 10
x = torch.randn(T, d_in, generator=generator)  # (T, d_in)
small = [torch.randn(d_in, d_head, generator=generator) for _ in range(H)]

one_by_one = torch.stack([x @ W for W in small])  # (H, T, d_head)
print(H, "matrices", tuple(small[0].shape), "->", tuple(one_by_one.shape))

# %% [markdown]
# Now put them side by side, into one matrix (d_in, D), multiply once, and split the result into heads:

# %%
W_query = torch.cat(small, dim=1)  # (d_in, D)
fused = (x @ W_query).view(T, H, d_head).transpose(0, 1)  # (H, T, d_head)
print("one matrix", tuple(W_query.shape), "->", tuple(fused.shape))
print("the same queries:", torch.allclose(fused, one_by_one, atol=1e-5))

# %% [markdown]
# A column of a product depends on only one column of the matrix, so nothing mixes. **Stacked heads are one fused head
# that is cut up afterwards.** And where in it does each head lie?

# %% [markdown]
# ### Exercise 08.2 · Where is a head in the fused matrix?
#
# ●○○ · 3 minutes · for reading the weights of a real model · predict
#
# `W_query` above has shape (10, 12) and serves three heads: head 0, head 1 and head 2. Which are the first and the last
# column that belong to head 1? Columns are counted from 0, and the last one belongs to it.

# %% exercise="08.2"
### BEGIN SOLUTION
first_column, last_column = 4, 7
### STUB
# first_column, last_column = ..., ...
### END SOLUTION

# %%
exercise("08.2").check((first_column, last_column))

# %% [markdown]
# Queries, keys and values can be fused in the same way: one matrix (d_in, 3 D), one multiplication. And however many
# heads there are, the number of parameters is the same:

# %%
for n_heads in (1, 3, 12):
    layer = MultiHeadAttention(d_in=10, d_out=12, context_length=5, n_heads=n_heads)
    parameters = sum(weight.numel() for weight in layer.parameters())
    print(f"{n_heads:2} heads of width {12 // n_heads:2}: qkv {tuple(layer.qkv.weight.shape)}, {parameters} parameters")

# %% [markdown]
# (PyTorch's `nn.Linear` keeps its matrix the other way round, (out, in).) Of the 516, 360 are these; what are the rest?
# After the merge, columns 4 to 7 hold what head 1 found, and only that. One last matrix, `W_out`, lets every output
# column draw on all heads. We silence head 1 and see which columns notice:

# %%
merged = torch.randn(T, D, generator=generator)
silenced = merged.clone()
silenced[:, 4:8] = 0.0
W_out = torch.randn(D, 7, generator=generator)  # (D, d_out)

print("without W_out:", [c for c in range(D) if not torch.equal(merged[:, c], silenced[:, c])])
noticed = ((merged - silenced) @ W_out).abs().amax(dim=0) > 1e-6
print("with W_out   :", noticed.nonzero().flatten().tolist())

# %% [markdown]
# ### Exercise 08.3 · The whole layer
#
# ●●● · 15 minutes · for owning every line of a GPT's attention · write a function
#
# Put it all together for one text. `x` has shape (T, d_in); `W_query`, `W_key`, `W_value` are fused over the heads,
# (d_in, D); `W_out` is (D, d_out). Return causal multi-head attention, (T, d_out): project, split, score and scale,
# mask, softmax, values, merge, project. There is no bias and no dropout.
#
# Twelve well-known slips wait on the way. The check recognises each by name.


# %% exercise="08.3"
def attend(x, W_query, W_key, W_value, W_out, n_heads):
    T, D = len(x), W_query.shape[1]
    d_head = D // n_heads
    ### BEGIN SOLUTION
    queries = (x @ W_query).view(T, n_heads, d_head).transpose(0, 1)  # (H, T, d_head)
    keys = (x @ W_key).view(T, n_heads, d_head).transpose(0, 1)
    values = (x @ W_value).view(T, n_heads, d_head).transpose(0, 1)
    scores = queries @ keys.transpose(1, 2) / d_head**0.5  # (H, T, T)
    future = torch.ones(T, T, dtype=torch.bool).triu(diagonal=1)
    weights = scores.masked_fill(future, -torch.inf).softmax(dim=-1)
    context = (weights @ values).transpose(0, 1).reshape(T, D)  # (T, D)
    return context @ W_out  # (T, d_out)
    ### END SOLUTION


# %%
exercise("08.3").check(attend)

# %% [markdown]
# ## Predict, then explore
#
# The explorer below takes the influence map of *your* `attend`, and of twelve versions of it that are wrong in a single
# line. First, a prediction.

# %% [markdown]
# ## What the map cannot see
#
# The map says *which* tokens reach an output. It does not say how much they should. So the explorer takes four looks at
# each version, and says for each look whether all is as it should be. Here they are for all twelve, and for the late
# mask that is no bug:

# %%
print(f"{'':28}random  zero   magnitudes  values")
for bug in probe.bugs:
    probe.set(bug=bug)
    looks = probe.trace.looks
    fine = (looks.at_random, looks.around_zero, looks.steady, looks.equal)
    found = ["ok" if right else "BUG" for right in fine]
    print(f"{bug:28}{found[0]:8}{found[1]:7}{found[2]:12}{found[3]}")

# %% [markdown]
# Eight bugs change the map at a random input. Four do not, and each has its own reason.
#
# **The mask from the scores**, `triu(scores)`: an entry that is zero counts as outside the triangle. Random scores
# hold no zero, and every value is right. Around zero there is no mask:

# %%
random_scores = torch.randn(4, 4, generator=generator)
for name, table in (("random scores", random_scores), ("scores of zero", torch.zeros(4, 4))):
    print(f"{name}: ■ is hidden")
    draw(table.triu(diagonal=1).bool())

# %% [markdown]
# Not as rare as it looks: a padding vector is often all zeros, and a ReLU makes zeros by the dozen.
#
# **The two scalings.** Queries and keys have entries of variance 1 here, so their scores should too, whatever the
# widths. We let the number of heads and their width grow together:

# %%
print("d_head   H    D   unscaled   over √D   over √d_head")
for side in (4, 8, 16):
    q, k = torch.randn(2, side, 400, side, generator=generator)  # (H, T, d_head) each
    spread = (q @ k.transpose(1, 2)).std().item()
    D = side * side
    print(f"{side:6} {side:3} {D:4} {spread:10.1f} {spread / D**0.5:9.1f} {spread / side**0.5:14.1f}")

# %% [markdown]
# Unscaled scores grow, and the softmax ends up on a single token; over $\sqrt{D}$ they shrink, and it becomes a plain
# average. Neither moves a cell of the map. Only $\sqrt{d_\text{head}}$ keeps the spread at 1.
#
# **Keys and values swapped.** Both are projections of the same input, of the same shape, through the same mask. Trained
# from scratch, such a layer would even learn as well: the two matrices merely bear each other's names. With weights
# from elsewhere it is wrong, and only its *values* tell, beside an example worked out some other way. So we end with
# that.

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
progress("08")
