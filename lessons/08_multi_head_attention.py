# %% [markdown]
# # 08 · Multi-head attention
#
# One head answers one question about a token. A sentence raises several at once: which word came before, who is acting,
# what was said of it earlier. So every layer of a GPT runs several heads side by side. You write that
# layer, first as a function, then as a module that a model can be built from.
#
# About {minutes} minutes. At the end you can
#
# - say what one head cannot do, and what several look at in a trained model;
# - split a tensor into heads and merge it again without mixing tokens;
# - write causal multi-head attention and count its parameters, every one of them;
# - name twelve ways to get it wrong, and those that no influence map shows;
# - write a module of your own: trained weights, a mask in a buffer, batches, shorter texts.

# %%
import torch
from torch import nn
from torch.nn import functional as F

from llmlab.attention import MultiHeadAttention, causal_mask
from llmlab.course.figures import heads_side_by_side, split_and_merge
from llmlab.exercises import exercise, progress
from llmlab.explorers import InfluenceMap
from llmlab.gpt import attention_maps
from llmlab.training import load_checkpoint

torch.set_printoptions(precision=2, sci_mode=False)

# %% [markdown]
# ## Before we start: three questions on lesson 07
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. Why does the causal mask come before the softmax?</summary>
#
# A score of −∞ gets the weight 0 and also leaves the sum that the softmax divides by. After the softmax the future is
# still in that sum, and leaks unless each row is divided by what is left of it.
# </details>
#
# <details><summary>2. What does a cell of an influence map say?</summary>
#
# Whether output i moves when token j is changed a little. A causal layer that uses all it may use has an exactly
# lower-triangular map.
# </details>
#
# <details><summary>3. After dropout on the attention weights, what does a row sum to?</summary>
#
# To 1 on average, not each time: some weights are 0, the others grew by 1/(1 − p). Outside training nothing is dropped.
# </details>

# %% [markdown]
# ## Play first
#
# The influence map of lesson 07 has one more control: *Heads*. Press *view when splitting*, set *Heads* to 4, and go
# down to 1. At 1 the red lines are gone: why? Play for a minute. Later the map will show your own layer, and the puzzle
# is solved there.

# %%
InfluenceMap()

# %% [markdown]
# ## Several heads, several questions
#
# At the second *the* of our sentence two things are worth knowing: which word stood before it, and where the same word
# stood earlier. We write the scores of two heads down by hand: 9 where a token finds what it looks for, 0 elsewhere.
# (A trained head gets them from queries and keys; 9 is a clear lead in the softmax, $e^9 \approx 8{,}000$ to 1.)

# %%
words = "the piano came to the island".split()
vocabulary = sorted(set(words))
tokens = F.one_hot(torch.tensor([vocabulary.index(word) for word in words])).float()  # (T, V)

previous = 9 * torch.ones(len(words) - 1).diag(diagonal=-1)  # (T, T): token i looks for token i - 1
same = 9 * tokens @ tokens.T  # (T, T): a word looks for itself
print(same)

# %% [markdown]
# Mask and softmax turn both into weights. A third head tries to ask both questions at once: its scores are the sum of
# the two. The row of the second *the* is outlined:

# %%
tables = {
    name: scores.masked_fill(~causal_mask(len(words)), -torch.inf).softmax(dim=-1)
    for name, scores in (("previous word", previous), ("same word", same), ("both in one head", previous + same))
}
heads_side_by_side.draw(tables, words, row=4)

# %% [markdown]
# What does the second *the* learn from each? Its context vector is a mixture of words:

# %%
for name, table in tables.items():
    context = table[4] @ tokens  # (V,)
    shares = zip(vocabulary, context.tolist(), strict=True)
    print(f"{name:16}:", {word: round(share, 2) for word, share in shares if share > 0.01})

# %% [markdown]
# Two heads give two clear answers, side by side. The single head gives one mixture, in which nobody can tell which word
# answers what. Scores add up, so a head asks *one combined question* per token, and all that answers it shares one
# budget of 1. Hence **multi-head attention**: $H$ heads, each with matrices of its own. Queries, keys and values have
# the **head width** $d_\text{head} = D / H$, so that all heads together are as wide as one head of width $D$. ($D$ is
# here the width of all heads together; in a GPT the model is as wide.)
#
# In the words of its authors, several heads attend to information "from different **representation subspaces** at
# different positions". The positions you have seen. A subspace is the part of a vector that a matrix reads, and each
# matrix of each head reads another; we come to it.

# %% [markdown]
# ### Heads that were trained
#
# Does training find such a division of labour by itself? The course's small GPT has four heads in each of three layers.
# In its toy world a king wears a crown and a boy a hat. Two sentences of the same words: only their order tells who
# wears something.


# %%
def begin(text):
    """The ids of a sentence that begins a document, and its tokens in words."""
    ids = tokenizer.encode("<|endoftext|> " + text, allowed_special="all")
    return torch.tensor([ids]), [tokenizer.decode([token_id]).strip() for token_id in ids]


def next_word(ids):
    """The likeliest next word, and its probability."""
    with torch.no_grad():
        probability, token_id = gpt(ids)[0, -1].softmax(dim=-1).max(dim=-1)
    return f"{tokenizer.decode([token_id.item()]).strip()} ({probability:.2f})"


gpt, tokenizer = load_checkpoint()
for text in ("the boy near the king wears his", "the king near the boy wears his"):
    print(text, "...", next_word(begin(text)[0]))

# %% [markdown]
# What do the heads of its second layer look at? (Layers and heads are counted from 0, so this is layer 1.) The last
# token, which must say what comes next, is outlined:

# %%
ids, names = begin("the king near the boy wears his")
layer_1 = attention_maps(gpt, ids)[0, 1]  # (H, T, T)
heads_side_by_side.draw({f"head {h}": table for h, table in enumerate(layer_1)}, names, row=-1 + len(names))

# %% [markdown]
# Two questions, two heads: from *his*, head 3 looks most at *wears*, and head 2 at *king*, although *boy* stands
# nearer. (What a head asks depends on who asks: from *wears*, heads 1 and 2 both look at *king*.) But *wears* is the
# verb and also the token before. Does head 3 ask for a role or for a place? One sentence cannot tell; more can:

# %%
for text in (
    "the king near the boy wears his",
    "the boy near the lion plays with his",
    "the king near the girls cooks dinner for his",
    "the king near the boy loves his",
):
    ids, names = begin(text)
    row = attention_maps(gpt, ids)[0, 1, 3, -1]  # layer 1, head 3, from the last token
    print(f"{text:45} most: {names[row.argmax()]} {row.max():.2f}, the token before: {row[-2]:.2f}")

# %% [markdown]
# Not for a place: *plays* and *cooks* stand further back and get most of the weight. Nor simply for the verb: in the
# last sentence it is *king*. A name such as "verb head" is ours, and holds for the sentences that we tried.
#
# Does *crown* hang on head 2, which looks at *king*? We silence heads as in lesson 06, by zeros in the matrix that
# reads them:

# %%
width = gpt.config.d_model // gpt.config.n_heads
for name, layer, columns in (
    ("head 2 of layer 1", 1, slice(2 * width, 3 * width)),
    ("all of layer 1", 1, slice(None)),
    ("all of layer 0", 0, slice(None)),
):
    reads = gpt.blocks[layer].attention.out_proj.weight  # (D, D): the columns of one head after those of another
    kept = reads.detach().clone()
    with torch.no_grad():
        reads[:, columns] = 0
        print(f"without {name}: {next_word(begin('the king near the boy wears his')[0])}")
        reads.copy_(kept)

# %% [markdown]
# It does not: with all of layer 1 silent it is still *crown*; without layer 0 it is lost. To look at the right word is
# not yet to be needed.

# %% [markdown]
# ## Split into heads, and merge again
#
# `@` and the softmax work on the last two axes. So with a tensor of shape $(B, H, T, d_\text{head})$ they treat every
# text and every head by itself, all in one stroke. We need a way from $(B, T, D)$ to there, and back:

# %%
split_and_merge.draw(n_tokens=5, n_heads=3, d_head=4)

# %% [markdown]
# Every number in the picture says which token it belongs to. We build such a tensor, for two texts, and try the
# obvious: a `reshape` straight to the shape that we want. Head 0 should hold the tokens 0 to 4:

# %%
B, T, D, H = 2, 5, 12, 3
d_head = D // H
token = torch.arange(T).view(1, T, 1).expand(B, T, D)  # (B, T, D): entry [b, t, c] is t
reshaped = token.reshape(B, H, T, d_head)
print("shape", tuple(reshaped.shape), "- the first text, head 0:")
print(reshaped[0, 0])

# %% [markdown]
# The shape is right and the contents are nonsense: rows 0, 1 and 2 are three pieces of token 0. No error was raised. To
# see why, a table of six numbers:

# %%
six = torch.tensor([[0, 1, 2], [3, 4, 5]])  # (2, 3)
turned = six.transpose(0, 1)  # (3, 2)
print("view(3, 2):     ", six.view(3, 2).tolist())
print("transpose(0, 1):", turned.tolist())
try:
    turned.view(6)
except RuntimeError as error:
    print("turned.view(6):  RuntimeError:", str(error).partition(" (")[0])
print("turned.flatten():", turned.flatten().tolist())

# %% [markdown]
# `view` and `reshape` never change the order of the numbers: they read them one after the other and set the line breaks
# elsewhere. `transpose` exchanges two axes: rows become columns. It moves nothing either: it reads the same memory in
# another order, so that neighbours in a row no longer lie side by side. (How far apart they lie is the *stride* of that
# message.) `view`, which never copies, then refuses; `reshape` and `flatten` copy. Splitting into heads needs one cut
# and one exchange.

# %% [markdown]
# ### Exercise 08.1 · Split into heads
#
# ●●○ · 6 minutes · for never mixing tokens · write a function
#
# `x` has shape (B, T, D). Return it as (B, H, T, d_head), with H = `n_heads` and d_head = D // H, such that head 0
# holds the first d_head columns of every token, head 1 the next, and so on.


# %% exercise="08.1"
def split_heads(x, n_heads):
    ### BEGIN SOLUTION
    B, T, D = x.shape
    return x.view(B, T, n_heads, D // n_heads).transpose(1, 2)
    ### END SOLUTION


# %%
exercise("08.1").check(split_heads)

# %% [markdown]
# Now the scores need no loop. Here are random queries, keys and values, as the split would give them:

# %%
generator = torch.Generator().manual_seed(5)
q, k, v = torch.randn(3, B, H, T, d_head, generator=generator)  # (B, H, T, d_head) each
scores = q @ k.transpose(-2, -1) / d_head**0.5  # (B, H, T, T)
weights = scores.masked_fill(~causal_mask(T), -torch.inf).softmax(dim=-1)  # (B, H, T, T)
heads = weights @ v  # (B, H, T, d_head)
print("scores", tuple(scores.shape), " heads", tuple(heads.shape))

# %% [markdown]
# The scale is $\sqrt{d_\text{head}}$, since a score is a sum over the $d_\text{head}$ entries of *one* head. What the
# heads found must be merged again:

# %% [markdown]
# ### Exercise 08.2 · Merge the heads
#
# ●○○ · 3 minutes · for the way back · write a function
#
# `heads` has shape (B, H, T, d_head). Return (B, T, D) with D = H · d_head: for every token what head 0 found, then
# head 1, and so on.


# %% exercise="08.2"
def merge_heads(heads):
    ### BEGIN SOLUTION
    return heads.transpose(1, 2).flatten(2)
    ### END SOLUTION


# %%
exercise("08.2").check(merge_heads)

# %% [markdown]
# ## One fused projection
#
# In lesson 06 queries came from the input by a matrix. With three heads there are three such matrices, each
# (d_in, d_head). They can as well stand side by side in one, and be multiplied in one stroke:

# %%
d_in = 10
x = torch.randn(T, d_in, generator=generator)  # (T, d_in)
small = [torch.randn(d_in, d_head, generator=generator) for _ in range(H)]
one_by_one = [x @ W for W in small]  # (T, d_head) each
W_query = torch.cat(small, dim=1)  # (d_in, D)
fused = x @ W_query  # (T, D)
print(H, "matrices", tuple(small[0].shape), "->", tuple(one_by_one[0].shape), "each")
print("one matrix", tuple(W_query.shape), "->", tuple(fused.shape))
print(f"largest difference, side by side: {(fused - torch.cat(one_by_one, dim=1)).abs().max():.5f}")

# %% [markdown]
# A column of a product depends on only one column of the matrix, so nothing mixes. Such a **fused projection** is one
# product for all heads, which is cut up afterwards. Where in the matrix does each head lie?

# %% [markdown]
# ### Exercise 08.3 · Where is a head in the fused matrix?
#
# ●○○ · 3 minutes · for reading the weights of a real model · predict
#
# `W_query` above has shape (10, 12) and serves three heads: head 0, head 1 and head 2. Which are the first and the last
# column that belong to head 1? Columns are counted from 0, and the last one belongs to it.

# %% exercise="08.3"
### BEGIN SOLUTION
first_column, last_column = 4, 7
### STUB
# first_column, last_column = ..., ...
### END SOLUTION

# %%
exercise("08.3").check((first_column, last_column))

# %% [markdown]
# ### What a head reads, and what the layer trains
#
# An input has 10 numbers, a query of a head 4 new ones made from them. So an input can move in directions that these
# queries do not notice: outside of what this head reads, but not outside of what another head reads. We take a random
# step, remove what head 0 reads of it (`W @ pinv(W) @ v` is the part of v that W reads), and move the inputs by the
# rest:

# %%
step = torch.randn(d_in, generator=generator)
unread = step - small[0] @ torch.linalg.pinv(small[0]) @ step  # (d_in,): at right angles to head 0's columns
for head, W in enumerate(small):
    moved = (x + unread) @ W - x @ W  # (T, d_head)
    print(f"head {head}: its queries move by up to {moved.abs().max():.2f}")

# %% [markdown]
# What the queries of head 0 read is their subspace: 4 directions of 10. Queries, keys and values can be fused as well,
# into one matrix (d_in, 3 D). After the merge comes one more, the
# **output projection** $W_\text{out}$. Here is all that such a layer trains:

# %%
layer = MultiHeadAttention(d_in=10, d_out=12, context_length=5, n_heads=3)
for name, weight in layer.named_parameters():
    print(f"{name:16} {tuple(weight.shape)!s:8} {weight.numel():4}")
for n_heads in (1, 3, 12):
    layer = MultiHeadAttention(d_in=10, d_out=12, context_length=5, n_heads=n_heads)
    total = sum(weight.numel() for weight in layer.parameters())
    print(f"n_heads={n_heads:2}, each {12 // n_heads:2} wide: {total} in all")

# %% [markdown]
# 360 for queries, keys and values, 144 for $W_\text{out}$, and 12 for its **bias**, a trained number that is added to
# each output column: 516, however many heads share them. (`nn.Linear` keeps its matrix turned round, as (out, in).)
#
# What is $W_\text{out}$ for? After the merge, columns 4 to 7 hold what head 1 found, and only that. $W_\text{out}$ lets
# every column draw on all heads. We silence head 1 and see which columns notice:

# %%
merged = torch.randn(T, D, generator=generator)
silenced = merged.clone()
silenced[:, 4:8] = 0.0
W_out = torch.randn(D, 7, generator=generator)  # (D, d_out)

print("without W_out:", [c for c in range(D) if not torch.equal(merged[:, c], silenced[:, c])])
noticed = ((merged - silenced) @ W_out).abs().amax(dim=0) > 1e-6
print("with W_out   :", noticed.nonzero().flatten().tolist())

# %% [markdown]
# A layer would run without it, each head's findings in columns of their own; GPT-2 and its successors have it.
#
# <details><summary>Further: what is told goes through one matrix, too</summary>
#
# Lesson 06 put $W_q W_k^\top$ in one matrix, which decides *where* a head looks (its *QK circuit*). What it *tells* is
# $W_v$ times its own rows of $W_\text{out}$, one matrix again, of rank at most $d_\text{head}$: its *OV circuit*
# (Elhage et al. 2021).
# </details>
#
# ## The whole layer
#
# All steps, with the shape behind each, for one text: project, (T, D); split, (H, T, d_head); score and scale,
# (H, T, T); fill the future with −∞; softmax over the keys; times the values, (H, T, d_head); merge, (T, D); project
# with $W_\text{out}$, (T, d_out).

# %% [markdown]
# ### Exercise 08.4 · The whole layer
#
# ●●● · 12 minutes · for owning every line of a GPT's attention · write a function
#
# `x` has shape (T, d_in), without a batch; `W_query`, `W_key`, `W_value` are fused over the heads, (d_in, D); `W_out`
# is (D, d_out). Return causal multi-head attention, (T, d_out), without bias or dropout. Twelve well-known slips wait
# on the way; the check recognises each by name.


# %% exercise="08.4"
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
exercise("08.4").check(attend)

# %% [markdown]
# ### Predict, then explore
#
# The map now has your `attend` as *your own*, beside twelve versions that are wrong in a single line. Before you touch
# it:
#
# - With three heads, which of the twelve bugs come from mixing tokens, and do they leak or lose the past?
# - Set *Heads* to 1. Which two bugs vanish from the map, and why?
# - Press *your own*: its map should be exactly lower-triangular, at a random input and around zero. Three bugs have
#   that map as well, with any number of heads: which ones could they be?
# - **The target:** a test of as few looks as possible that catches all twelve. Which looks does it take?

# %%
explorer = InfluenceMap(attend=attend)
explorer

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - *View when splitting* and *view when merging*, and both do both: some outputs are reached by later tokens, and some
#   miss earlier ones.
# - The same two. With one head the split only adds an axis of length 1, so that `view` and `transpose` give the same
#   tensor: there is nothing to mix. A test with a single head finds neither bug.
# - *No scaling*, *scaling by the model width*, *keys and values swapped*. What they have in common comes below.
# - Two: the values, which differ for eleven of them, and the map around zero, for *mask from the scores*. Without right
#   values to compare with, none of the other three looks finds *keys and values swapped*.
# </details>
#
# The same from code. Your `attend`, with three heads: token 2, *came*, should move the outputs from 2 on.

# %%
probe = InfluenceMap(attend=attend)
probe.set(bug="your own", heads=3, perturbed=2, around="a random input")
found = probe.trace
whose = "your attend" if found.own_function else "llmlab's, since attend is not written yet"
print(f"{whose}: the outputs that move are {found.moved}")
print(torch.tensor(found.reaches).int())
assert found.moved == (2, 3, 4, 5, 6), "attend is not yet causal attention: exercise 08.4"
assert found.looks.at_random and found.looks.around_zero, "attend is not yet exactly causal: exercise 08.4"
assert found.looks.steady and found.looks.equal, "attend is causal, its values are not yet right: exercise 08.4"

# %% [markdown]
# ## What the map cannot see
#
# The map says *which* tokens reach an output, not how much they should. So the explorer takes four looks at each
# version; the last row is the late mask that is no bug:

# %%
print(f"{'':28}random  zero   magnitudes  values")
for bug in probe.bugs:
    probe.set(bug=bug)
    looks = probe.trace.looks
    fine = (looks.at_random, looks.around_zero, looks.steady, looks.equal)
    found = ["ok" if right else "BUG" for right in fine]
    print(f"{bug:28}{found[0]:8}{found[1]:7}{found[2]:12}{found[3]}")

# %% [markdown]
# Eight bugs change the map at a random input. The other four:
#
# - **The mask from the scores**, `triu(scores)`: a score of zero counts as outside the triangle. Random scores hold no
#   zero; around an input of zeros all scores are zero, and there is no mask.
# - **The two scalings** show in the magnitudes, when heads and width grow together.
# - **Keys and values swapped**: both are projections of the same input, through the same mask. Only the *values* tell,
#   beside an example that was worked out in another way.
#
# <details><summary>Further: the two scalings in numbers</summary>
#
# Unscaled scores grow with the width of a head, and the softmax ends up on a single token. Divided by √D they shrink as
# heads are added, and it becomes a plain average. Only √d_head keeps their spread at 1:
# </details>

# %% tags=["further"]
print("d_head   H    D   unscaled   over √D   over √d_head")
for side in (4, 8, 16):
    many_q, many_k = torch.randn(2, side, 400, side, generator=generator)  # (H, T, d_head) each, of variance 1
    spread = (many_q @ many_k.transpose(1, 2)).std().item()
    together = side * side
    print(f"{side:6} {side:3} {together:4} {spread:10.1f} {spread / together**0.5:9.1f} {spread / side**0.5:14.1f}")

# %% [markdown]
# ## A module of your own
#
# You have climbed a ladder: *simplified attention* without trained weights, *self-attention* with queries, keys and
# values, *causal attention*, and now *multi-head attention*. In the package the last three are classes:
# `SelfAttention`, `CausalAttention`, `MultiHeadAttention`. Such a module keeps what a layer needs between two calls,
# and there are three ways to keep a tensor in one:


# %%
class Keeper(nn.Module):
    def __init__(self):
        super().__init__()  # first of all: sets up what registers the rest
        self.trained = nn.Parameter(torch.zeros(3))
        self.register_buffer("kept", torch.ones(3))
        self.plain = torch.ones(3)


keeper = Keeper()
print("an optimizer gets:", [name for name, _ in keeper.named_parameters()])
print("is saved:         ", list(keeper.state_dict()))
keeper.to("meta")  # moves the module to another device; "meta", which keeps only shapes, stands for a GPU here
print({name: str(getattr(keeper, name).device) for name in ("trained", "kept", "plain")})

# %% [markdown]
# A parameter is trained, saved and moved; an `nn.Linear` that is an attribute brings its own. A **buffer** is not
# trained, but saved and moved with the rest: the place for a mask. A plain attribute is for numbers such as `n_heads`;
# a tensor in it is left behind on the CPU.
#
# The mask is made once, for the longest text. Most texts are shorter, so `forward` cuts it to the text that it got.

# %% [markdown]
# ### Exercise 08.5 · A module of your own
#
# ●●● · 10 minutes · for layers that can be trained, saved and moved · write a class
#
# Write `CausalHeads`, which does what `attend` does for a batch of texts.
#
# - `__init__` keeps four `nn.Linear`: `W_query`, `W_key` and `W_value`, from d_in to d_out without a bias, and `W_out`,
#   from d_out to d_out with a bias; and a mask of shape (context_length, context_length) as a buffer, under any name.
# - `forward(x)` takes (B, T, d_in) with any T up to the context length, and returns (B, T, d_out).
#
# Your `split_heads` and `merge_heads` are there to be used.

# %% exercise="08.5"
from torch import nn


class CausalHeads(nn.Module):
    def __init__(self, d_in, d_out, context_length, n_heads):
        ### BEGIN SOLUTION
        super().__init__()
        self.n_heads = n_heads
        self.W_query = nn.Linear(d_in, d_out, bias=False)
        self.W_key = nn.Linear(d_in, d_out, bias=False)
        self.W_value = nn.Linear(d_in, d_out, bias=False)
        self.W_out = nn.Linear(d_out, d_out)
        future = torch.ones(context_length, context_length, dtype=torch.bool).triu(diagonal=1)
        self.register_buffer("future", future)
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        B, T, _ = x.shape

        def split(t):
            return t.view(B, T, self.n_heads, -1).transpose(1, 2)  # (B, H, T, d_head)

        q, k, v = split(self.W_query(x)), split(self.W_key(x)), split(self.W_value(x))
        scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5  # (B, H, T, T)
        weights = scores.masked_fill(self.future[:T, :T], -torch.inf).softmax(dim=-1)
        return self.W_out((weights @ v).transpose(1, 2).flatten(2))  # (B, T, d_out)
        ### END SOLUTION


# %%
exercise("08.5").check(CausalHeads)

# %% [markdown]
# ## The same, polished: `llmlab.attention`
#
# `MultiHeadAttention`, on which the next lessons build, fuses the three projections into one, `qkv`, and has its mask
# made by PyTorch. For comparison, a version so plain that little can go wrong: one head after the other, in a loop.


# %%
def stacked_heads(x, W_query, W_key, W_value, n_heads):
    heads = []
    for columns in torch.arange(W_query.shape[1]).chunk(n_heads):
        q, k, v = x @ W_query[:, columns], x @ W_key[:, columns], x @ W_value[:, columns]  # (T, d_head)
        scores = (q @ k.T / len(columns) ** 0.5).masked_fill(~causal_mask(len(x)), -torch.inf)
        heads.append(scores.softmax(dim=-1) @ v)
    return torch.cat(heads, dim=1)  # (T, D)


torch.manual_seed(6)
layer = MultiHeadAttention(d_in=12, d_out=12, context_length=7, n_heads=3)
batch = torch.randn(2, 5, 12)  # (B, T, D)
W_query, W_key, W_value = layer.qkv.weight.T.chunk(3, dim=1)  # (12, 12) each
W_out, bias = layer.out_proj.weight.T, layer.out_proj.bias
by_hand = torch.stack([stacked_heads(x, W_query, W_key, W_value, 3) @ W_out + bias for x in batch])

# %% [markdown]
# The layer has two paths: with `return_weights` it takes the steps of this lesson; without, it makes one call to
# PyTorch for all of them (*fused* attention), which, where it can, never holds the table of weights. And your own, the
# function and the module, with the same weights:

# %%
results = {"llmlab, one call": layer(batch), "llmlab, step by step": layer(batch, return_weights=True)[0]}
if any(exercise(id).status != "passed" for id in ("08.4", "08.5")):
    print("attend and CausalHeads are compared once their checks pass: exercises 08.4 and 08.5.")
else:
    yours = CausalHeads(d_in=12, d_out=12, context_length=7, n_heads=3)
    projections = (yours.W_query, yours.W_key, yours.W_value)
    with torch.no_grad():
        for linear, weight in zip(projections, layer.qkv.weight.chunk(3), strict=True):
            linear.weight.copy_(weight)
    yours.W_out.load_state_dict(layer.out_proj.state_dict())
    results["your CausalHeads"] = yours(batch)
    results["your attend"] = torch.stack([attend(x, W_query, W_key, W_value, W_out, 3) + bias for x in batch])
for name, result in results.items():
    print(f"{name:20} differs from the loop by {(result - by_hand).abs().max():.5f}")

# %% [markdown]
# <details><summary>Further: PyTorch's own module</summary>
#
# `nn.MultiheadAttention` takes the same weights. Note its mask: there, True means *hidden*. (PyTorch has more ways to
# compute attention, such as `torch.nn.attention.flex_attention` for masks of one's own;
# [docs/SPEED.md](../docs/SPEED.md) times ours beside its fast one.)
# </details>

# %% tags=["further"]
module = nn.MultiheadAttention(embed_dim=12, num_heads=3, batch_first=True)
with torch.no_grad():
    module.in_proj_weight.copy_(layer.qkv.weight)
    module.in_proj_bias.zero_()
    module.out_proj.load_state_dict(layer.out_proj.state_dict())
pytorch, _ = module(batch, batch, batch, attn_mask=~causal_mask(5))
print(f"nn.MultiheadAttention differs from the loop by {(pytorch - by_hand).abs().max():.5f}")

# %% [markdown]
# ## You can now
#
# - say what one head cannot do, and name a trained one with care;
# - split heads without mixing tokens, merge them, and find a head in a fused matrix;
# - write causal multi-head attention, count its parameters, and say which of twelve bugs a map shows;
# - write a module: what is a parameter, what is a buffer, and what is cut to a shorter text.
#
# Type `??MultiHeadAttention` in a new cell to read the package's version; `cache` and `n_kv_heads` in it are for lesson
# 13. Lesson 09 puts this layer into a block and builds a GPT.

# %% [markdown]
# ## Where this comes from
#
# - Vaswani and others, 2017, *Attention Is All You Need*: multi-head attention; eight heads of width 64 in a model of
#   width 512, at about the cost of one head of full width.
# - Voita, Talbot, Moiseev, Sennrich and Titov, 2019, *Analyzing Multi-Head Self-Attention: Specialized Heads Do the
#   Heavy Lifting, the Rest Can Be Pruned*: in a trained translator a few heads have roles that people can name.
# - Michel, Levy and Neubig, 2019, *Are Sixteen Heads Really Better than One?*: many heads of a trained model can be
#   removed with little loss.
# - Elhage and others, 2021, *A Mathematical Framework for Transformer Circuits*: heads read by two products of their
#   matrices, where they look and what they tell.
# - The ladder of classes is that of Raschka, *Build a Large Language Model (From Scratch)*, 2024, chapter 3.
#
# **Read next:** sections 3.2.1 and 3.2.2 of Vaswani and others: you have now written everything in them.

# %%
progress("08")
