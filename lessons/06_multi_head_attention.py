# %% [markdown]
# # 06 · Causal and multi-head attention
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
from llmlab.gpt import attention_maps
from llmlab.training import load_checkpoint

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
# ### Exercise 06.1 · Mask before the softmax
#
# ●●○ · 8 minutes · for knowing where the mask goes · write a function
#
# `scores` has shape (T, T), one row a query. Return the causal attention weights, (T, T): in row $i$ the keys after $i$
# get exactly 0, and the row sums to 1. Leave `scores` as it is.
#
# Stuck? `exercise("06.1").hint()` gives a question first, then the idea, then the line.


# %% exercise="06.1"
def causal_weights(scores):
    ### BEGIN SOLUTION
    future = torch.ones_like(scores, dtype=torch.bool).triu(diagonal=1)
    return scores.masked_fill(future, -torch.inf).softmax(dim=-1)
    ### END SOLUTION


# %%
exercise("06.1").check(causal_weights)

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
# ### Exercise 06.2 · Find the bug: dropout in the wrong place
#
# ●●○ · 6 minutes · for placing dropout · find the bug
#
# The function should turn `scores` (T_query, T_key) into attention weights: a softmax over the keys and, if `training`,
# dropout of a share `p` of the weights. It runs, its rows sum to 1 in every call, and that is the trouble. Mend it.

# %% exercise="06.2"
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
exercise("06.2").check(attention_weights)

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
# ### Exercise 06.3 · Split into heads
#
# ●●○ · 6 minutes · for never mixing tokens · write a function
#
# `x` has shape (B, T, D). Return it as (B, H, T, d_head), with H = `n_heads` and d_head = D // H, such that head $h$
# holds the columns $h \cdot d_\text{head}$ to $(h + 1) \cdot d_\text{head} - 1$ of every token.


# %% exercise="06.3"
def split_heads(x, n_heads):
    ### BEGIN SOLUTION
    B, T, D = x.shape
    return x.view(B, T, n_heads, D // n_heads).transpose(1, 2)
    ### END SOLUTION


# %%
exercise("06.3").check(split_heads)

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
# ### Exercise 06.4 · Where is a head in the fused matrix?
#
# ●○○ · 3 minutes · for reading the weights of a real model · predict
#
# `W_query` above has shape (10, 12) and serves three heads: head 0, head 1 and head 2. Which are the first and the last
# column that belong to head 1? Columns are counted from 0, and the last one belongs to it.

# %% exercise="06.4"
### BEGIN SOLUTION
first_column, last_column = 4, 7
### STUB
# first_column, last_column = ..., ...
### END SOLUTION

# %%
exercise("06.4").check((first_column, last_column))

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
# ### Exercise 06.5 · The whole layer
#
# ●●● · 15 minutes · for owning every line of a GPT's attention · write a function
#
# Put it all together for one text. `x` has shape (T, d_in); `W_query`, `W_key`, `W_value` are fused over the heads,
# (d_in, D); `W_out` is (D, d_out). Return causal multi-head attention, (T, d_out): project, split, score and scale,
# mask, softmax, values, merge, project. There is no bias and no dropout.
#
# Twelve well-known slips wait on the way. The check recognises each by name.


# %% exercise="06.5"
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
exercise("06.5").check(attend)

# %% [markdown]
# ## Predict, then explore
#
# The explorer below takes the influence map of *your* `attend`, and of twelve versions of it that are wrong in a single
# line. First, a prediction.
#
# ### Exercise 06.6 · Find three leaks
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

# %% exercise="06.6"
### BEGIN SOLUTION
leaks = "bce"
### STUB
# leaks = ...
### END SOLUTION

# %%
exercise("06.6").check(leaks)

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
#
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
    print("attend is still to be written: exercise 06.5.")
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
progress("06")
