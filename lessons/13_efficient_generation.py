# %% [markdown]
# # 13 · Efficient generation
#
# A trained model turns a text into logits for the token that comes next. Two questions are left. How does one choose a
# token from them? And how does one do that a thousand times in a row without computing the same things a thousand
# times? The first is a matter of taste with a few exact rules, the second of bookkeeping. This lesson answers both, and
# it counts rather than times: no clock is needed to see what a token costs.
#
# About 90 minutes. At the end you can
#
# - choose tokens greedily or with temperature, top-k and top-p, in the right order, and say what each does;
# - build a KV cache, and show that with it the model computes the same;
# - work out the memory of a cache, and what grouped-query and multi-query attention save;
# - take a softmax block by block, and say what FlashAttention does and what it does not.

# %% [markdown]
# ## Before we start: three questions on lesson 08
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. A batch holds B texts of T tokens. What does the loss average over?</summary>
#
# Over all B · T positions. Each position predicts its next token, so one pass gives B · T terms of the cross-entropy,
# not B.
# </details>
#
# <details><summary>2. Why is the learning rate warmed up, and why are gradients clipped?</summary>
#
# At the start the weights are random and AdamW knows little of the gradients' usual size, so large steps do harm:
# the rate grows from nothing. Clipping shortens the occasional gradient that is far too long, so that one odd batch
# does not undo many steps.
# </details>
#
# <details><summary>3. How does a loss curve show overfitting?</summary>
#
# The training loss goes on falling while the validation loss stops and turns up: from there on the model learns its
# texts by heart.
# </details>

# %%

import matplotlib.pyplot as plt
import torch
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from llmlab import course
from llmlab.attention import KVCache, MultiHeadAttention, scaled_dot_product_attention
from llmlab.exercises import exercise, progress
from llmlab.explorers import CacheMeter
from llmlab.generation import cache_bytes, generate, online_attention, sampling_probabilities
from llmlab.gpt import GPT, GPTConfig

torch.set_printoptions(precision=3, sci_mode=False)

# %% [markdown]
# ## What a step computes again
#
# Now to the cost. Each step of generation gives the model the whole text so far and uses the logits of the *last*
# position only. Then one token is appended, and everything is computed anew. Is that needed? The model is causal
# (lesson 06): a new token at the end cannot change anything before it. Look, with a small GPT that was never trained
# (what it says means nothing, what it costs is the same):

# %%
torch.manual_seed(0)
config = GPTConfig(vocab_size=31, context_length=64, d_model=48, n_heads=6, n_layers=3)
model = GPT(config).eval()
ids = torch.randint(31, (1, 9), generator=torch.Generator().manual_seed(1))  # (B, T)

with torch.no_grad():
    longer = model(ids)[0]  # (9, V)
    shorter = model(ids[:, :8])[0]  # (8, V)
print("the first 8 rows are the same:", torch.allclose(longer[:8], shorter, atol=1e-6))

# %% [markdown]
# Eight of the nine rows of the longer pass were known before. So were their values inside the model, in every layer.

# %% [markdown]
# ### Exercise 13.1 · How many tokens pass
#
# ●○○ · 3 minutes · for knowing what is saved · predict
#
# A prompt has 5 tokens and 4 new ones are generated. Each step reads some tokens; add them up over all steps.
#
# 1. Without a cache each step reads the whole text so far. How many tokens pass through the model in all?
# 2. With a cache the first step reads the prompt, and every other step only the newest token. How many?

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
# one keeps the keys and values; that is the **KV cache**. One head, by hand, four tokens of width 3:

# %%
generator = torch.Generator().manual_seed(0)
Q, K, V = torch.randn(3, 4, 3, generator=generator)  # (T, d) each
whole = scaled_dot_product_attention(Q, K, V, torch.ones(4, 4).tril().bool()).context

scores = Q[3:] @ K.T / 3**0.5  # (1, 4): the newest query, all keys
newest = scores.softmax(dim=-1) @ V  # (1, 3)
print("last row of the whole:", whole[3])
print("newest query alone:   ", newest[0])

# %% [markdown]
# One row of scores instead of a square, and no mask: what is in the cache is the past.

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
# In llmlab's GPT a `KVCache` does this for all layers and heads. First the prompt in one pass, then one token at a
# time; the logits are those of the whole pass:

# %%
cache = KVCache()
with torch.no_grad():
    steps = [model(ids[:, :5], cache=cache)]  # the prompt: (1, 5, V)
    for t in range(5, 9):
        steps.append(model(ids[:, t : t + 1], cache=cache))  # one token: (1, 1, V)
cached = torch.cat(steps, dim=1)[0]
print("tokens read:", [step.shape[1] for step in steps], " in the cache:", len(cache))
print("cached logits equal uncached ones:", torch.allclose(cached, longer, atol=1e-5))

# %% [markdown]
# `generate` uses it by default. The same seed with and without gives the same text:

# %%
written = [
    generate(model, ids[:, :5], 20, top_k=10, generator=torch.Generator().manual_seed(7), use_cache=use_cache)
    for use_cache in (True, False)
]
assert torch.equal(*written)
print(written[0][0].tolist())

# %% [markdown]
# ## What a token costs
#
# How much is saved? We let PyTorch count the operations (FLOPs, lesson 07) of the step that reads the t-th token:


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
figure, axes = plt.subplots(figsize=(6, 2.6))
axes.plot(places, [flops / 1e6 for flops in without], "o--", color="#8a8a8a", label="without a cache")
axes.plot(places, [flops / 1e6 for flops in with_cache], "o-", color="#2f7fc1", label="with a cache")
axes.set(xlabel="token", ylabel="million FLOPs a step")
axes.legend()
course.show(
    figure,
    alt="Operations of a step at six places from token 1 to 64. Without a cache the cost rises a little faster than "
    "in a straight line, to more than ten million. With a cache it stays near the bottom, almost level.",
)

# %% [markdown]
# Almost level, not quite: the one query still meets all keys, so attention's part grows with the position. The linear
# layers cost the same at every step.
#
# There is a second cost that this count does not see. To compute one token, *all* weights have to be fetched from
# memory, and all keys and values too, and each is used for one multiplication and then dropped. A processor computes
# far faster than memory delivers, so a step with a cache mostly waits for memory. Two consequences: several texts in
# one batch share the fetching of the weights, which makes small batches nearly free; and the *size* of the cache
# matters for speed too, not only for room.

# %% [markdown]
# ## What a cache takes
#
# Let us weigh the cache that we have: all keys and values, in every layer.

# %%
nothing = torch.zeros(1, config.n_heads, 0, config.d_model // config.n_heads)  # append nothing: get what is held
held = [layer.append(nothing, nothing) for layer in cache.layers(config.n_layers)]
print("one layer's keys:", tuple(held[0][0].shape), "  (B, heads, tokens, d_head)")
print("bytes in all:", sum(tensor.numel() * tensor.element_size() for layer in held for tensor in layer))

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
# heads, say four, shares one. Every query head still asks its own question; some of them look through the same keys.
# The ordinary form is then called multi-head attention (MHA).

# %%
x = torch.randn(1, 5, 48, generator=torch.Generator().manual_seed(0))  # (B, T, D)
for name, n_kv_heads in (("MHA", 6), ("GQA", 2), ("MQA", 1)):
    attention = MultiHeadAttention(48, 48, context_length=64, n_heads=6, n_kv_heads=n_kv_heads)
    layer_cache = KVCache()
    context = attention(x, cache=layer_cache)
    keys, values = layer_cache.append(*[torch.zeros(1, n_kv_heads, 0, 8)] * 2)
    assert context.shape == x.shape
    parameters = sum(parameter.numel() for parameter in attention.parameters())
    print(
        f"{name}: keys {tuple(keys.shape)}, cache {keys.numel() + values.numel():3} numbers, {parameters:,} parameters"
    )

# %% [markdown]
# What goes in and comes out has the same shape in all three. Shared heads mean just this: query heads 0, 1 and 2 use
# key head 0, and 3, 4 and 5 use key head 1. Written out for two key heads:

# %%
generator = torch.Generator().manual_seed(0)
q = torch.randn(6, 5, 8, generator=generator)  # (H, T, d)
k, v = torch.randn(2, 2, 5, 8, generator=generator)  # (H_kv, T, d) each

repeated = scaled_dot_product_attention(q, k.repeat_interleave(3, dim=0), v.repeat_interleave(3, dim=0)).context
in_groups = scaled_dot_product_attention(q.reshape(2, 3, 5, 8), k[:, None], v[:, None]).context
print("groups by broadcasting equal repeated heads:", torch.allclose(in_groups.reshape(6, 5, 8), repeated, atol=1e-6))

# %% [markdown]
# The price is quality: fewer keys and values can say less. In the measurements of Ainslie et al. (2023) a few groups
# came close to full multi-head attention, and one single head fell behind; many large models of today use groups.

# %% [markdown]
# ### Predict, then explore: the cache meter
#
# The meter starts with a model of the 7B kind: 32 layers, 32 heads of 128, which serves 8 texts of 8,192 tokens with 24
# GB of memory. Before you touch it:
#
# - Which is larger, the weights or the cache?
# - By what factor does the cache change if both the length and the number of texts double?
# - Which control changes the cache *and* the weights?
# - **The target:** weights and cache together in 24 GB. There is more than one way, and each has its price.

# %%
meter = CacheMeter(count=kv_cache_bytes)
meter

# %% [markdown]
# From code, with your function counting along:

# %%
probe = CacheMeter(count=kv_cache_bytes)
for sharing in ("1: multi-head", "4", "all: multi-query"):
    probe.set(sharing=sharing)
    assert probe.trace.counted == probe.trace.chosen.cache
    heads, a_token = probe.trace.chosen.n_kv_heads, probe.trace.bytes_per_token
    print(f"n_kv_heads {heads:2}: {a_token:7,} bytes a token, room for {probe.trace.tokens_that_fit:,} tokens")

probe.set(precision="8 bits", length="1024")
assert probe.trace.counted == probe.trace.chosen.cache

# %% [markdown]
# ## Softmax, block by block
#
# The cache makes a step small. Reading a long *prompt* has another problem: the weights of attention, $T \times T$
# numbers for each head. At 32,768 tokens that is about a billion numbers for one head of one layer, each used once and
# then forgotten.

# %%
for T in (1_024, 32_768):
    print(f"T = {T:6,}: Q, K and V of one head {3 * T * 128:>12,} numbers, its weights {T * T:>14,}")

# %% [markdown]
# Could one work through the keys in blocks (**tiling**), and never hold a whole row? The sums would be easy. The
# softmax stands in the way: it needs the largest score of the row (for safety) and the sum of all exponentials, before
# a single weight is known. Here is the trick. Keep the largest so far, $m$, and the sum so far, $s$, taken relative to
# it. A block of scores $x_j$ makes of them
#
# $$m' = \max(m, \max_j x_j) \qquad s' = s \cdot e^{m - m'} + \sum_j e^{x_j - m'}$$
#
# When a larger score turns up, the old sum is too large by a known factor, and $e^{m - m'}$ repairs it. In numbers:

# %%
row = torch.tensor([1.0, 2.0, 0.0, 4.0, 3.0, -1.0])
first, second = row.split(3)

m = first.max()
s = (first - m).exp().sum()
print(f"after the first block:  m = {m.item():.0f}, s = {s.item():.4f}")
new_m = torch.maximum(m, second.max())
s = s * (m - new_m).exp() + (second - new_m).exp().sum()
print(f"after the second block: m = {new_m.item():.0f}, s = {s.item():.4f}")
print(f"all at once:            m = {row.max().item():.0f}, s = {(row - row.max()).exp().sum().item():.4f}")

# %% [markdown]
# This is **online softmax** (Milakov and Gimelshein 2018).

# %% [markdown]
# ### Exercise 13.4 · A running softmax
#
# ●●○ · 8 minutes · for understanding FlashAttention · write a function
#
# Complete `update`. `largest` and `total`, tensors of one number each, describe the scores so far; `block` holds the
# next ones, shape (n,). Return the new maximum and the new sum. Before the first block they are −∞ and 0. Scores may be
# as large as 1,000.


# %% exercise="13.4"
def update(largest, total, block):
    ### BEGIN SOLUTION
    new = torch.maximum(largest, block.max())
    total = total * (largest - new).exp() + (block - new).exp().sum()
    return new, total
    ### END SOLUTION


# %%
exercise("13.4").check(update)

# %% [markdown]
# ## Attention without its weights
#
# With that, attention itself can go through the keys in blocks. A third running value holds the weighted sum of the
# *values*, relative to the same maximum, and gets the same factor. At the end it is divided by the total, once:


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
    same = torch.allclose(tiled_attention(q, k, v, block), exact, atol=1e-5)
    print(f"blocks of {block:3}: the same {same}, scores held at a time {100 * block:6,}")

# %% [markdown]
# Any size of block gives the same. It is not an approximation: only the order of the sums has changed.

# %% [markdown]
# ## Where FlashAttention stands
#
# **FlashAttention** (Dao et al. 2022) is this algorithm, cut to fit a GPU. A GPU has a large memory and, next to its
# processors, a small one that is many times faster. The ordinary way writes all $T^2$ scores to the large memory, reads
# them for the softmax, writes the weights, and reads them again. FlashAttention also splits the queries into blocks,
# loads a block of keys and values into the small memory, does all steps there, and writes nothing but the context. Let
# us count the numbers that move to and from the large memory, for one head of width 64 and 8,192 tokens:

# %%
T, d = 8_192, 64
ordinary = 4 * T * d + 4 * T * T  # q, k, v in, context out; scores out, in; weights out, in
print(f"ordinary               {ordinary:>12,}")
for block in (64, 128, 256):
    tiled = 2 * T * d + (T // block) * 2 * T * d  # q in, context out; all of k and v once for each block of queries
    print(f"blocks of {block:3} queries  {tiled:>12,}: one part in {ordinary / tiled:.1f}")

# %% [markdown]
# The larger the fast memory, the larger the blocks, and the less has to be moved. The number of *operations* is not
# smaller; the traffic is, and traffic is what attention waits for. Three things to remember:
#
# - it is exact, and so can be used in any model without training it anew;
# - its memory grows with $T$, its operations still with $T^2$;
# - you use it already: PyTorch's `scaled_dot_product_attention` picks it where the device has it, and llmlab's
#   `MultiHeadAttention` calls that.

# %%
fused = F.scaled_dot_product_attention(q[None], k[None], v[None])[0]
print("PyTorch's fused attention gives the same:", torch.allclose(fused, tiled_attention(q, k, v, 32), atol=1e-5))

# %% [markdown]
# ## The same, polished: `llmlab.generation`
#
# The package has what you wrote, with checks and for whole batches. `sampling_probabilities` against the cuts made by
# hand at the beginning:

# %%
assert torch.allclose(sampling_probabilities(logits, top_k=2), top_k, atol=1e-6)
assert torch.allclose(sampling_probabilities(logits, top_p=0.7), top_p, atol=1e-6)
print("top-k and top-p by hand and in llmlab: the same")

# %% [markdown]
# `online_attention` is the tiled attention above for any leading dimensions, and `cache_bytes` weighs a cache:

# %%
assert torch.allclose(online_attention(q, k, v, block=32), tiled_attention(q, k, v, 32), atol=1e-6)
print("the cache that we weighed:", cache_bytes(3, 6, 8, length=64, bytes_per_number=4), "bytes")

# %% [markdown]
# `generate` takes prompts of different lengths in one batch, which a hand-written loop seldom does, and stops each one
# at a token of your choice. Does a prompt get the same continuation alone and beside a longer one?

# %%
prompts = [[3, 14, 15], [9, 2, 6, 5, 3, 5, 8]]
together = generate(model, prompts, 8, temperature=0)
alone = [generate(model, [prompt], 8, temperature=0)[0] for prompt in prompts]
assert together == alone
for row in together:
    print(row)

# %% [markdown]
# And it says what does not fit, before anything is computed:

# %%
for wrong in ({"temperature": -1.0}, {"top_p": 1.5}, {"max_new_tokens": 90}):
    try:
        generate(model, ids, **{"max_new_tokens": 5} | wrong)
    except ValueError as error:
        print(f"ValueError: {error}\n")

# %% [markdown]
# ## You can now
#
# - turn logits into probabilities with temperature, top-k and top-p, in the right order and with a sum of 1;
# - keep keys and values instead of computing them again, and show that nothing changes but the cost;
# - say what a cache takes, and what groups of heads save;
# - take a softmax in one pass over blocks, and explain what FlashAttention saves and what it leaves as it is.
#
# Type `??generate` to read the package's loop. This was the last lesson: you have followed a text from its characters
# to the next token, and back to characters.

# %%
progress("13")
