# %% [markdown]
# # 13 · Efficient generation
#
# A model that writes a thousand tokens reads its own text a thousand times. Nearly all of that work is done again and
# again with the same result. This lesson keeps what can be kept, shows that nothing changes but the cost, and weighs
# what the keeping takes. Then it turns to the table of attention weights, which grows with the square of a prompt, and
# avoids storing it. It counts rather than times: no clock is needed to see what a token costs.
#
# About {minutes} minutes. At the end you can
#
# - build a KV cache, and show that with it the model computes the same;
# - tell prefill from decoding, and say what each waits for;
# - work out the memory of a cache, and write grouped-query attention, which makes it smaller;
# - take a softmax block by block, and say what FlashAttention does and what it does not.

# %%
import torch
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from llmlab.attention import KVCache, MultiHeadAttention, scaled_dot_product_attention
from llmlab.course.figures import cache_growth, shared_heads, step_cost, tiles
from llmlab.exercises import exercise, progress
from llmlab.explorers import CacheMeter
from llmlab.generation import cache_bytes, generate, online_attention
from llmlab.gpt import GPT, GPTConfig
from llmlab.training import load_checkpoint

torch.set_printoptions(precision=3, sci_mode=False)

# %% [markdown]
# ## Before we start: three questions on lesson 12
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. What does one step of writing read, and which of the logits does it use?</summary>
#
# It reads the text so far, or as much of its end as the context holds, and uses the logits of the last position.
# </details>
#
# <details><summary>2. Why does dividing probabilities by a temperature change nothing?</summary>
#
# Because they are divided by their sum afterwards, and the temperature cancels out. It belongs to the logits.
# </details>
#
# <details><summary>3. After top-k, why must the probabilities be renormalised before top-p?</summary>
#
# Top-p looks for the fewest tokens whose probabilities reach $p$. It means a share of what is left, so what is left has
# to sum to 1.
# </details>

# %% [markdown]
# ## Play first
#
# A model of seven billion weights answers eight people at once, each with a text of 8,192 tokens. Its memory fills
# with two things: its weights, and a cache that this lesson explains. Play for a minute: press a card, drag a number,
# let the texts grow. Which of the two is larger, and what makes it smaller?

# %%
CacheMeter()

# %% [markdown]
# ## What a step computes again
#
# Each step of writing gives the model the whole text so far and uses the logits of the *last* position only. Then one
# token is appended, and everything is computed anew. Is that needed? The model is causal (lesson 07): a new token at
# the end cannot change anything before it. Look, with a small GPT that was never trained (what it says means nothing,
# what it costs is the same):

# %%
torch.manual_seed(0)
config = GPTConfig(vocab_size=31, context_length=64, d_model=48, n_heads=6, n_layers=3)
model = GPT(config).eval()
ids = torch.randint(31, (1, 9), generator=torch.Generator().manual_seed(1))  # (B, T)

with torch.no_grad():
    longer, shorter = model(ids)[0], model(ids[:, :8])[0]  # (9, V) and (8, V): with the ninth token and without
    print(f"the logits of the first eight differ by {(longer[:8] - shorter).abs().max():.5f}")
    nine, eight = model.embedding(ids), model.embedding(ids[:, :8])  # (1, T, D)
    for number, block in enumerate(model.blocks):
        nine, eight = block(nine), block(eight)
        print(f"after layer {number} their vectors differ by {(nine[:, :8] - eight).abs().max():.5f}")

# %% [markdown]
# Eight of the nine rows of the longer pass were known before, and so were their vectors in every layer.

# %% [markdown]
# ### Exercise 13.1 · How many tokens pass
#
# ●○○ · 3 minutes · for knowing what is saved · predict
#
# A prompt has 5 tokens and 4 new ones are chosen. Each step reads some tokens; add them up over all steps.
#
# 1. When nothing is kept, each step reads the whole text so far. How many tokens pass through the model in all?
# 2. When what was computed is kept, the first step reads the prompt, and every other step only the newest token. How
#    many?

# %% exercise="13.1"
### BEGIN SOLUTION
passes_without, passes_with = 26, 8
### STUB
# passes_without, passes_with = ..., ...
### END SOLUTION

# %%
exercise("13.1").check((passes_without, passes_with))

# %% [markdown]
# ## The KV cache
#
# What does the newest token need from those before it? Tokens meet in attention alone. There the newest one brings its
# *query*, and needs the *keys* and *values* of all. No one needs an old query again: it was used in its own step. So
# one keeps the keys and values; that is the **KV cache**. One head, four tokens of width 3: what of the *first* token
# does the context of the last one depend on?

# %%
generator = torch.Generator().manual_seed(0)
Q, K, V = torch.randn(3, 4, 3, generator=generator)  # (T, d) each
whole = scaled_dot_product_attention(Q, K, V, torch.ones(4, 4).tril().bool()).context

for name in ("query", "key", "value"):
    rows = {"query": Q.clone(), "key": K.clone(), "value": V.clone()}
    rows[name][0] += 1.0
    changed = scaled_dot_product_attention(*rows.values(), torch.ones(4, 4).tril().bool()).context
    moved = (changed - whole)[3].abs().max().item()
    print(f"another {name:5} of the first token moves the last context by {moved:.3f}")

# %% [markdown]
# ### Exercise 13.2 · Attention with a cache
#
# ●●○ · 8 minutes · for knowing what is kept · write a function
#
# Complete `cached_step`, one step of one head. `q`, `k` and `v` belong to the newest token, each of shape (1, d).
# `keys` and `values` are the cache, (T, d), where T may be 0. Return three things: the context (1, d) of the newest
# token, and the cache after this step, keys and values of shape (T + 1, d). The newest token attends to itself as well.


# %% exercise="13.2"
def cached_step(q, k, v, keys, values):
    ### BEGIN SOLUTION
    keys = torch.cat([keys, k])
    values = torch.cat([values, v])
    scores = q @ keys.T / q.shape[-1] ** 0.5  # (1, T + 1)
    context = scores.softmax(dim=-1) @ values  # (1, d)
    return context, keys, values
    ### END SOLUTION


# %%
exercise("13.2").check(cached_step)

# %% [markdown]
# So a step computes one row of scores instead of a square, and needs no mask: what is in the cache is the past.
#
# In llmlab's GPT a `KVCache` does this for all layers and heads. The first pass takes the whole prompt at once, and is
# called the **prefill**. Then comes **decoding**, in a second sense of the word: one token at a time. The logits are
# those of the whole pass:

# %%
growing = KVCache()
with torch.no_grad():
    steps = [model(ids[:, :5], cache=growing)]  # prefill: (1, 5, V)
    for t in range(5, 9):
        steps.append(model(ids[:, t : t + 1], cache=growing))  # decoding: (1, 1, V)
cached = torch.cat(steps, dim=1)[0]
print("tokens read:", [step.shape[1] for step in steps], " in the cache:", len(growing))
apart = (cached - longer).abs().max().item()
assert apart < 1e-5, "with a cache the logits must be the same but for rounding"
print(
    f"logits from {longer.min().item():.1f} to {longer.max().item():.1f}, with and without a cache equal to 5 decimals"
)

# %%
cache_growth.draw(prompt=5, new=4)

# %% [markdown]
# `generate` uses a cache by default. The same seed with and without gives the same text, here by the small GPT that has
# read the toy world:

# %%
small, tokenizer = load_checkpoint("tiny")
prompt = tokenizer.encode("<|endoftext|> the king", allowed_special="all")
for use_cache in (True, False):
    seeded = torch.Generator().manual_seed(7)
    text = generate(small, [prompt], 12, top_k=10, generator=seeded, use_cache=use_cache)[0]
    print(f"use_cache={use_cache!s:5}: the king{tokenizer.decode(text[len(prompt) :])}")

# %% [markdown]
# ## What a token costs
#
# How much is saved? We let PyTorch count the operations (FLOPs, lesson 10) of the step that reads the t-th token:


# %%
def operations(tokens, cache=None):
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model(tokens, cache=cache)
    return counter.get_total_flops()


text = torch.randint(31, (1, 64), generator=torch.Generator().manual_seed(2))
places, without, with_cache = (1, 2, 16, 32, 48, 64), [], []
for t in places:
    without.append(operations(text[:, :t]))
    cache = KVCache()
    if t > 1:
        model(text[:, : t - 1], cache=cache)  # what stands there already; not counted
    with_cache.append(operations(text[:, t - 1 : t], cache))
    print(f"token {t:2}: without a cache {without[-1]:>10,}   with {with_cache[-1]:>8,}")

# %%
step_cost.draw(places, without, with_cache)

# %% [markdown]
# Almost level, not quite: the one query still meets all keys, so attention's part grows with the place. The linear
# layers cost the same at every step.
#
# There is a second cost that this count does not see: the matrices have to be fetched whole, for 64 tokens at once as
# for one. For what? That is the *arithmetic intensity* of lesson 10:

# %%
fetched = 4 * sum(layer.weight.numel() for layer in model.modules() if isinstance(layer, torch.nn.Linear))  # bytes
for name, count in (("prefill, 64 tokens", without[-1]), ("step with a cache", with_cache[-1])):
    print(f"{name:18} {count:>10,} operations for {fetched:,} bytes of weights: {count / fetched:4.1f} per byte")

# %% [markdown]
# As measured there: with many operations per byte a pass is compute bound, and decoding, with so few, is memory bound.
# (Keys and values are fetched on top.) Two consequences: several texts in one batch share the fetching of the weights,
# and the *size* of the cache matters for speed too, not only for room.
#
# ## What a cache takes
#
# Let us weigh the cache that we have, all keys and values in every layer:

# %%
print("keys:", tuple(cache.keys.shape), "  (layers, B, heads, tokens, d_head)")
numbers = cache.keys.numel() + cache.values.numel()
print(f"{numbers:,} numbers of {cache.keys.element_size()} bytes: {numbers * cache.keys.element_size():,} bytes")

# %% [markdown]
# ### Exercise 13.3 · Bytes of a cache
#
# ●○○ · 5 minutes · for knowing what fits · write a function
#
# Complete `kv_cache_bytes`: the bytes that a full cache takes. `n_kv_heads` is the number of heads that have keys and
# values, `length` the tokens held for each of `batch_size` texts. For the cache above it is called with
# (3, 6, 8, 64, 1, 4).


# %% exercise="13.3"
def kv_cache_bytes(n_layers, n_kv_heads, d_head, length, batch_size, bytes_per_number):
    ### BEGIN SOLUTION
    numbers_per_token = 2 * n_layers * n_kv_heads * d_head  # a key and a value
    return numbers_per_token * length * batch_size * bytes_per_number
    ### END SOLUTION


# %%
exercise("13.3").check(kv_cache_bytes)

# %% [markdown]
# ## Fewer key and value heads
#
# The query is used once and gone; what is kept are keys and values. So one saves there. In **multi-query attention**
# (MQA) all query heads share *one* head of keys and values. In **grouped-query attention** (GQA) each group of query
# heads shares one. Every query head still asks its own question; some of them look through the same keys. The ordinary
# form is then called multi-head attention (MHA).

# %%
shared_heads.draw(n_heads=6, n_groups=2)

# %% [markdown]
# In the picture query heads 0, 1 and 2 use key head 0, and 3, 4 and 5 use key head 1: neighbours share.

# %% [markdown]
# ### Exercise 13.4 · Grouped queries
#
# ●●○ · 8 minutes · for knowing what today's models share · write a function
#
# Complete `grouped_attention`. `q` has shape (H, T, d), `k` and `v` have shape (G, T, d), and G divides H. The first
# H / G query heads use the first key and value head, the next H / G the second, and so on. Return the context of every
# query head, (H, T, d): softmax of the scores divided by √d, times the values. No mask here.


# %% exercise="13.4"
def grouped_attention(q, k, v):
    ### BEGIN SOLUTION
    size = len(q) // len(k)  # query heads in a group
    k, v = k.repeat_interleave(size, dim=0), v.repeat_interleave(size, dim=0)  # (H, T, d)
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5  # (H, T, T)
    return scores.softmax(dim=-1) @ v
    ### END SOLUTION


# %%
exercise("13.4").check(grouped_attention)

# %% [markdown]
# A layer *keeps* no copies: its cache holds the G heads, and its projections for keys and values are narrower. Only for
# the product llmlab's layer repeats them, as you did. (Broadcasting would do without.) What goes in and comes out has
# one shape in all three kinds:

# %%
x = torch.randn(1, 5, 48, generator=torch.Generator().manual_seed(0))  # (B, T, D)
for name, n_kv_heads in (("MHA", 6), ("GQA", 2), ("MQA", 1)):
    attention = MultiHeadAttention(48, 48, context_length=64, n_heads=6, n_kv_heads=n_kv_heads)
    layer_cache = KVCache()
    context = attention(x, cache=layer_cache)  # (B, T, D)
    held = layer_cache.keys.numel() + layer_cache.values.numel()
    parameters = sum(parameter.numel() for parameter in attention.parameters())
    print(f"{name}: out {tuple(context.shape)}, cache {held:3} numbers, {parameters:,} parameters")

# %% [markdown]
# The price is quality: fewer keys and values can say less. In the measurements of Ainslie et al. (2023) a few groups
# came close to full multi-head attention, and one single head fell behind; many large models of today use groups.

# %% [markdown]
# ### Predict, then explore: the cache meter
#
# The meter again, with your `kv_cache_bytes` counting along. It starts with a model of the 7B kind: 32 layers, 32 query
# heads of 128, 8 texts of 8,192 tokens, 24 GB of memory. Before you touch it:
#
# - Which is larger, the weights or the cache? How many of the eight texts fit?
# - By what factor does the cache change if both the length and the number of texts double?
# - Which numbers change the cache *and* the weights?
# - **The target:** 32 texts in place of 8, on the same card, with as many key and value heads as will fit. How many
#   heads is that, and what must change besides?

# %%
CacheMeter(count=kv_cache_bytes)

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - The cache: 34.4 GB, against 13 GB of weights. It belongs to the texts, the weights to none in particular. Two of the
#   eight texts fit.
# - By 4: both are factors of the product.
# - Three: layers, the width of a head, and how many query heads share a key and value head. (Query heads move the cache
#   only where the meter holds the sharing fixed; with multi-query they change the weights alone.) Length, number of
#   texts and bytes per number change the cache alone.
# - Four heads, with 8 bits per number. With 32 heads the cache would take 137 GB. Sharing by 8 leaves 17 GB: with 11
#   GB of weights still more than 24. With 8 bits it is 8.6 GB, and fits. One head for all would fit with 16 bits, too.
#   Each has a price: fewer keys and values can say less, and fewer bits say it more coarsely.
# </details>
#
# From code, with your function counting along once it is written:

# %%
probe = CacheMeter(count=kv_cache_bytes)
wrong = "kv_cache_bytes gives another number than the meter: exercise 13.3"
print("counted by", "your kv_cache_bytes" if probe.trace.own_function else "llmlab: kv_cache_bytes is not written yet")
for sharing in ("1: multi-head", "4", "all: multi-query"):
    probe.set(sharing=sharing)
    assert probe.trace.counted == probe.trace.chosen.cache, wrong
    heads, per_token = probe.trace.chosen.n_kv_heads, probe.trace.bytes_per_token
    print(f"n_kv_heads {heads:2}: {per_token:7,} bytes per token, room for {probe.trace.tokens_that_fit:,} tokens")

probe.set(precision="8 bits", length="1024")
assert probe.trace.counted == probe.trace.chosen.cache, wrong
print(f"8 texts of 1,024 tokens, 8 bits per number: {probe.trace.counted:,} bytes")

# %% [markdown]
# ## Softmax, block by block
#
# The cache makes a step small. Reading a long *prompt* has another problem: the weights of attention, $T \times T$
# numbers for each head, each used once and then forgotten. For a head of width 128:

# %%
for T in (1_024, 32_768):
    print(f"T = {T:6,}: Q, K and V of one head {3 * T * 128:>12,} numbers, its weights {T * T:>14,}")

# %% [markdown]
# Could one work through the keys in blocks (**tiling**), and never hold a whole row? The sums would be easy. The
# softmax stands in the way: it needs the largest score of the row (for safety) and the sum of all exponentials, before
# a single weight is known. Here is the trick. Keep the largest so far, $m$, and the sum so far, $s$, taken relative to
# it. A block of scores $x_j$ updates them to
#
# $$m' = \max(m, \max_j x_j) \qquad s' = s \cdot e^{m - m'} + \sum_j e^{x_j - m'}$$
#
# When a larger score turns up, the old sum is too large by a known factor, and $e^{m - m'}$ repairs it. In numbers, for
# a first block whose largest score is 2, and a later one that brings a 4:

# %%
row = torch.tensor([1.0, 2.0, 0.0, 4.0, 3.0, -1.0])
first = row[:3]
for m in (2.0, 4.0):
    print(f"sum of the first block, relative to {m:.0f}: {(first - m).exp().sum().item():.4f}")
print(f"1.5032, times the factor e^(2 − 4):   {1.5032 * torch.tensor(2.0 - 4.0).exp().item():.4f}")
print(f"all six at once: m = {row.max().item():.0f}, s = {(row - row.max()).exp().sum().item():.4f}")

# %% [markdown]
# This is **online softmax** (Milakov and Gimelshein 2018): one pass over the scores, with two running numbers, finds
# the maximum and the sum. The weights themselves need a second look at the scores, unless the values are added up on
# the way, as in the next section.

# %% [markdown]
# ### Exercise 13.5 · A running softmax
#
# ●●○ · 8 minutes · for a softmax that never sees its whole row · write a function
#
# Complete `update`. `largest` and `total`, tensors of one number each, describe the scores so far; `block` holds the
# next ones, shape (n,). Return the new maximum and the new sum. Before the first block they are −∞ and 0. Scores may be
# as large as 1,000.


# %% exercise="13.5"
def update(largest, total, block):
    ### BEGIN SOLUTION
    new = torch.maximum(largest, block.max())
    total = total * (largest - new).exp() + (block - new).exp().sum()
    return new, total
    ### END SOLUTION


# %%
exercise("13.5").check(update)

# %% [markdown]
# ## Attention without its weights
#
# With that, attention itself can go through the keys in blocks. A third running value holds the weighted sum of the
# *values*, relative to the same maximum, and gets the same factor. At the end it is divided by the total, once.

# %%
tiles.draw(n_tokens=12, block=3)


# %%
def tiled_attention(q, k, v, block):
    largest, total = torch.full((len(q), 1), -torch.inf), torch.zeros(len(q), 1)  # (T, 1) each
    context = torch.zeros(len(q), v.shape[1])  # (T, d)
    for keys, values in zip(k.split(block), v.split(block), strict=True):
        scores = q @ keys.T / q.shape[1] ** 0.5  # (T, block)
        new = torch.maximum(largest, scores.amax(dim=1, keepdim=True))
        shrink, weights = (largest - new).exp(), (scores - new).exp()
        total = total * shrink + weights.sum(dim=1, keepdim=True)
        context = context * shrink + weights @ values
        largest = new
    return context / total


q, k, v = torch.randn(3, 100, 16, generator=torch.Generator().manual_seed(0))  # (T, d) each
exact = scaled_dot_product_attention(q, k, v).context
for block in (1, 7, 32, 100):
    apart = (tiled_attention(q, k, v, block) - exact).abs().max().item()
    assert apart < 1e-5, "tiled and ordinary attention differ by more than rounding"
    print(f"blocks of {block:3}: equal but for rounding, scores held at a time {100 * block:6,}")

# %% [markdown]
# Any size of block gives the same, and a hundredth of the scores is enough at a time. It is not an approximation: only
# the order of the sums has changed.
#
# ## Where FlashAttention stands
#
# **FlashAttention** (Dao et al. 2022) is this algorithm, cut to fit a GPU. A GPU has a large memory and, next to its
# processors, a small one that is many times faster. The ordinary way writes all $T^2$ scores to the large memory, reads
# them for the softmax, writes the weights, and reads them again. FlashAttention also splits the queries into blocks. In
# the order of its second version (Dao 2023) a block of queries stays in the small memory while all keys and values pass
# through, block by block. Written are only the context and, for each query, one number made of its maximum and total.
# Let us count the numbers that move to and from the large memory, for one head of width 64 and 8,192 tokens:

# %%
T, d = 8_192, 64
ordinary = 4 * T * d + 4 * T * T  # q, k, v in, context out; scores out, in; weights out, in
print(f"ordinary               {ordinary:>12,}")
for block in (64, 128, 256):
    tiled = 2 * T * d + T  # q in; context out, and a number for each query
    tiled += (T // block) * 2 * T * d  # all of k and v, once for each block of queries
    print(f"blocks of {block:3} queries  {tiled:>12,}: one part in {ordinary / tiled:.1f}")

# %% [markdown]
# The larger the fast memory, the larger the blocks, and the less has to be moved. The number of *operations* is not
# smaller; the traffic is, and traffic is what attention waits for. Three things to remember:
#
# - it is exact, and so can be used in any model without training it anew;
# - its memory grows with $T$, its operations still with $T^2$;
# - you use it already: PyTorch's `scaled_dot_product_attention` picks it where the device and the type of the numbers
#   allow, and llmlab's `MultiHeadAttention` calls that.
#
# For training, the backward pass needs the weights again. FlashAttention computes them anew, block by block, with that
# stored number: more arithmetic, less traffic, and still faster.
#
# ## The same, polished: `llmlab.generation`
#
# `online_attention` is the tiled attention above for any leading dimensions, PyTorch's function is the fused one, and
# `cache_bytes` weighs a cache:

# %%
tiled = tiled_attention(q, k, v, 32)
for name, theirs in (
    ("llmlab's online_attention", online_attention(q, k, v, block=32)),
    ("PyTorch's fused attention", F.scaled_dot_product_attention(q[None], k[None], v[None])[0]),
):
    assert torch.allclose(theirs, tiled, atol=1e-5), f"{name} gives something else"
    print(f"{name}: last row begins {theirs[-1, :3]}")
print(f"by hand:                   last row begins {tiled[-1, :3]}")
print(f"the cache that we weighed: {cache_bytes(3, 6, 8, length=64, bytes_per_number=4):,} bytes by cache_bytes")

# %% [markdown]
# And your own functions:

# %%
six, two = torch.randn(6, 5, 8, generator=generator), torch.randn(2, 5, 8, generator=generator)
yours = grouped_attention(six, two, two)
in_groups = scaled_dot_product_attention(six.reshape(2, 3, 5, 8), two[:, None], two[:, None]).context.flatten(0, 1)
if yours is None:
    print("grouped_attention is still to be written: exercise 13.4.")
else:
    assert torch.allclose(yours, in_groups, atol=1e-5), "grouped_attention is not right yet: exercise 13.4"
    print("Your grouped_attention equals broadcasting over groups:", in_groups[5, 4, :3])

# %% [markdown]
# ## You can now
#
# - keep keys and values instead of computing them again, and show that nothing changes but the cost;
# - tell prefill from decoding, and say which waits for arithmetic and which for memory;
# - say what a cache takes, and write attention in which groups of heads share keys and values;
# - find maximum and sum of a softmax block by block, and explain what FlashAttention saves and what it leaves as it is.
#
# You have followed a text from its characters to the next token, and back to characters. Lesson 14 takes the model from
# GPT-2 to today; `progress()` below says what is still open.
#
# ## Where this comes from
#
# - Shazeer (2019), *Fast Transformer Decoding: One Write-Head is All You Need*: why decoding waits for memory, and
#   multi-query attention.
# - Ainslie, Lee-Thorp, de Jong, Zemlyanskiy, Lebrón and Sanghai (2023), *GQA: Training Generalized Multi-Query
#   Transformer Models from Multi-Head Checkpoints*: grouped-query attention.
# - Milakov and Gimelshein (2018), *Online normalizer calculation for softmax*: the running maximum and total.
# - Rabe and Staats (2021), *Self-attention Does Not Need O(n²) Memory*: the same for all of attention.
# - Dao, Fu, Ermon, Rudra and Ré (2022), *FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness*.
# - Dao (2023), *FlashAttention-2: Faster Attention with Better Parallelism and Work Partitioning*: the order of the
#   loops that we counted.
#
# **Read next:** Dao et al. (2022), sections 2 and 3: what is moved. There the keys and values are in the outer loop, so
# the context is written again for each block of them.

# %%
progress("13")
