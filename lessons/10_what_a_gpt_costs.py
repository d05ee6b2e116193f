# %% [markdown]
# # 10 · What a GPT costs
#
# The GPT of lesson 09 is complete. How large is it, how long does one pass through it take, and how much memory must a
# machine have to train it? Before a long run one wants these numbers on paper. All of them follow from six sizes, and
# PyTorch can count along to show that our paper is right.
#
# About {minutes} minutes. At the end you can
#
# - count the parameters and the operations of any GPT before it is built;
# - say which of them grow with the length of the text, and which with its square;
# - say what one step of training costs, in operations and in memory, and whether it fits;
# - say why models are run in batches, and where that stops paying.

# %% [markdown]
# ## Before we start: three questions on lesson 09
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. Which trained matrices does one block hold?</summary>
#
# Attention: three for queries, keys and values (fused into one layer), and the output projection, each D × D.
# Feed-forward: D × 4D and back. Beside them biases, and two norms with a scale and a shift each.
# </details>
#
# <details><summary>2. With weight tying, what does the head use?</summary>
#
# The token table, turned round: one matrix V × D serves at both ends of the model.
# </details>
#
# <details><summary>3. An untrained GPT has a vocabulary of 1,000 tokens. What is its first loss, about?</summary>
#
# ln 1,000 = 6.9: it gives each token about the same probability, 1/1,000.
# </details>

# %%
from contextlib import nullcontext
from dataclasses import replace
from time import perf_counter, process_time

import torch
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from llmlab import course
from llmlab.course.figures import length_cost
from llmlab.exercises import exercise, progress
from llmlab.explorers import ShapeTracer
from llmlab.gpt import GPT, GPTConfig, TransformerBlock, count_parameters

# %% [markdown]
# ## Play first
#
# Every tensor of a pass through a small GPT: its shape, what is trained to make it, what that costs. Play for a minute:
# drag a number, press a part. Which part holds most of the numbers (blue)? Does the same part cost most (orange)? What
# changes when you double the blocks?

# %%
ShapeTracer()

# %% [markdown]
# ## Counting parameters
#
# A *parameter* is one trained number. Three kinds of parts have them:
#
# - a table of $n$ rows has $n \cdot D$;
# - a linear layer from $a$ to $b$ numbers has $a \cdot b$ weights and, if it has a bias, $b$ more;
# - a norm has a scale and a shift, $2 D$.
#
# Those of one block of width 24, as PyTorch lists them:

# %%
block = TransformerBlock(GPTConfig(vocab_size=11, context_length=9, d_model=24, n_heads=3, n_layers=5))
for name, parameter in block.named_parameters():
    print(f"{name:30} {tuple(parameter.shape)!s:10} {parameter.numel():6,}")
print(f"{'together':41} {sum(parameter.numel() for parameter in block.parameters()):6,}")

# %% [markdown]
# The squares matter most. Attention has four matrices of $D \times D$, feed-forward two of $4D \times D$: together
# $12 D^2$. All the rest grows only with $D$, so its share shrinks:

# %%
for width in (24, 96, 768):
    block = TransformerBlock(GPTConfig(vocab_size=11, context_length=9, d_model=width, n_heads=3, n_layers=5))
    whole = sum(parameter.numel() for parameter in block.parameters())
    print(f"width {width:3}: {whole:9,} parameters, of which 12 D² are {12 * width**2 / whole:.1%}")

# %% [markdown]
# Notice what does *not* count: the number of heads (they share the width) and the attention weights (computed anew for
# every text, not trained). The context length is not in the block either, only in the position table.

# %% [markdown]
# ### Exercise 10.1 · A parameter budget
#
# ●●● · 12 minutes · for knowing a model's size before it is built · write a function
#
# Write `parameter_budget`: the number of parameters of a GPT as in lesson 09. It has a token and a position table,
# `n_layers` blocks, a final norm, and a head without bias. The projection to queries, keys and values has a bias only
# if `qkv_bias`; the other linear layers of a block always have one. With `tie_weights` the head has no table of its
# own.


# %% exercise="10.1"
def parameter_budget(vocab_size, context_length, d_model, n_layers, qkv_bias, tie_weights):
    ### BEGIN SOLUTION
    D = d_model
    norm = 2 * D
    qkv = D * 3 * D + (3 * D if qkv_bias else 0)
    out_proj = D * D + D
    feed_forward = (D * 4 * D + 4 * D) + (4 * D * D + D)
    block = 2 * norm + qkv + out_proj + feed_forward
    tables = (vocab_size + context_length) * D
    head = 0 if tie_weights else D * vocab_size
    return tables + n_layers * block + norm + head
    ### END SOLUTION


# %%
exercise("10.1").check(parameter_budget)

# %% [markdown]
# GPT-2's sizes are public: 50,257 tokens, context length 1,024, width 768, 12 heads, 12 blocks, biases everywhere but
# in the head, tied weights. `llmlab.gpt.count_parameters` counts part by part. To check its formula against the model
# itself, we build one and let PyTorch count. (On the device *meta* tensors have a shape but no content, so this takes
# no memory.)

# %%
GPT2 = GPTConfig(50_257, 1024, 768, n_heads=12, n_layers=12, qkv_bias=True, tie_weights=True)
count = count_parameters(GPT2)
for part in ("token_embedding", "position_embedding", "attention", "feed_forward", "norms", "head"):
    print(f"{part:19} {getattr(count, part):12,} {getattr(count, part) / count.total:6.1%}")
with torch.device("meta"):
    full_size = GPT(GPT2)
built = sum(parameter.numel() for parameter in full_size.parameters())
untied = count_parameters(replace(GPT2, tie_weights=False)).total
print(f"{'GPT-2':19} {count.total:12,}, built: {built:,}, with a head of its own: {untied:,}")
assert built == count.total == 124_439_808, "the formula and the model differ"

# %% [markdown]
# Those are GPT-2's "124 million". The 163 million that you will also read are the same model with the table of
# 50,257 × 768 counted twice.

# %% [markdown]
# ## Counting operations
#
# Parameters say what a model *holds*. What a pass *costs* is counted in **FLOPs**, floating-point operations. Nearly
# all of them are in matrix products. One entry of a product of $(m, k)$ and $(k, n)$ is a sum of $k$ products, so the
# whole takes $2 \cdot m \cdot k \cdot n$: a multiplication and an addition each. PyTorch can count along:

# %%
m, k, n = 5, 24, 96
with FlopCounterMode(display=False) as counter:
    torch.ones(m, k) @ torch.ones(k, n)
print("counted", counter.get_total_flops(), "and 2 · m · k · n =", 2 * m * k * n)

# %% [markdown]
# So a linear layer costs, for each token, twice the number of its weights. Biases, norms, softmax and GELU are left out
# of such counts: they take a few operations for each number, a product takes a whole sum for each.
#
# Attention holds two more products, which have no weights: the scores of $T$ queries with $T$ keys, and the weighted
# sums of $T$ values. In each of $H$ heads the vectors are $d = D / H$ long, so the number of heads cancels out:
# $H \cdot d = D$. The mask saves nothing here: the full $T \times T$ table is computed, and then half of it is hidden.

# %% [markdown]
# ### Exercise 10.2 · The cost of a pass
#
# ●●○ · 8 minutes · for knowing what a pass costs, and why · write a function
#
# Write `operations`: the FLOPs of one pass of `batch_size` texts of `length` tokens each. Return three numbers: those
# of the linear layers in all blocks, those of the two products of attention in all blocks, and those of the head.


# %% exercise="10.2"
def operations(vocab_size, d_model, n_layers, batch_size, length):
    ### BEGIN SOLUTION
    V, D, L, B, T = vocab_size, d_model, n_layers, batch_size, length
    linear = L * 2 * (B * T) * 12 * D**2  # 12 D² weights in a block, each used for every token
    scores = L * 2 * (2 * B * T * T * D)  # (T, d) by (d, T) in H heads, and (T, T) by (T, d): the same again
    head = 2 * (B * T) * D * V
    return linear, scores, head
    ### END SOLUTION


# %%
exercise("10.2").check(operations)

# %% [markdown]
# Now PyTorch counts a pass of the model itself, again on *meta*. (Its fast attention is one operation that hides its
# products from the counter, so we ask for the plain form.)


# %%
def counted(config, B, T):
    """FLOPs of a pass, counted by PyTorch: linear layers of the blocks, products of attention, head."""
    with torch.device("meta"):
        model, x = GPT(config), torch.zeros(B, T, config.d_model)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        for block in model.blocks:
            x = block(x)  # (B, T, D)
        in_blocks = counter.get_total_flops()
        model.head(model.norm(x))  # (B, T, V)
    attention = counter.get_flop_counts()["Global"][torch.ops.aten.bmm]  # bmm: a batch of products without weights
    return in_blocks - attention, attention, counter.get_total_flops() - in_blocks


toy = GPTConfig(vocab_size=11, context_length=9, d_model=24, n_heads=3, n_layers=5)
print("2 texts of 7 tokens, counted:", counted(toy, B=2, T=7))
print("             your operations:", operations(11, 24, 5, 2, 7))

# %% [markdown]
# ## What a longer text costs
#
# One might think: the model has 124 million parameters, so a pass through it costs the same for every text. Now you
# have the formulas to judge that.

# %% [markdown]
# ### Exercise 10.3 · Twice as many tokens
#
# ●○○ · 3 minutes · for knowing what length costs · predict
#
# A model reads a text of $T$ tokens, and then one of $2T$ (still within its context length). By which factor do these
# grow?
#
# 1. the number of parameters,
# 2. the operations in the linear layers,
# 3. the operations for scores and weighted sums in attention.

# %% exercise="10.3"
### BEGIN SOLUTION
parameters_grow, linear_grows, scores_grow = 1, 2, 4
### STUB
# parameters_grow, linear_grows, scores_grow = ..., ..., ...
### END SOLUTION

# %%
exercise("10.3").check((parameters_grow, linear_grows, scores_grow))

# %% [markdown]
# Counted, with GPT-2's sizes and one text, in GFLOPs, billions of operations. (More than 1,024 tokens need a longer
# position table and nothing else.)

# %%
costs = {}
print("     T     linear     scores       head   scores' share   per token, all in GFLOPs")
for T in (1, 64, 1024, 2048, 4096, 16_384):
    costs[T] = linear, scores, head = [flops / 1e9 for flops in counted(replace(GPT2, context_length=T), B=1, T=T)]
    whole = linear + scores + head
    print(f"{T:6} {linear:10,.2f} {scores:10,.2f} {head:10,.2f} {scores / whole:12.1%} {whole / T:15.3f}")

# %% [markdown]
# From 1,024 to 2,048 linear layers and head exactly double, and the scores grow fourfold. At moderate lengths the
# square hides, since its share is small; at 16,384 it is the largest part. As a picture, the cost of *one* token:

# %%
length_cost.draw(costs)

# %% [markdown]
# Where do the two meet? Linear layers take $24 T D^2$ in each block, scores and sums $4 T^2 D$: they are equal at
# $T = 6D$, for GPT-2 at 4,608 tokens.

# %% [markdown]
# ## What a step of training costs
#
# Training goes through the model forward, for the loss, and then backward, for the gradients: the **backward pass**.
# For every product forward there are two of the same size backward: one for the gradient of the weights, one for the
# gradient of what came in. So a step costs three times a forward pass. Counted:

# %%
with torch.device("meta"):
    x = torch.zeros(1, 1024, 768, requires_grad=True)
with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
    hidden = x
    for block in full_size.blocks:
        hidden = block(hidden)
    logits = full_size.head(full_size.norm(hidden))
    forward = counter.get_total_flops()
    logits.sum().backward()
step = counter.get_total_flops()
N, tokens = count.total - count.position_embedding, 1024  # the position table is looked up, never multiplied
print(f"forward {forward / 1e9:.1f} GFLOPs, forward and backward {step / 1e9:.1f}: {step / forward:.2f} times as many")
print(f"6 · N · tokens is {6 * N * tokens / 1e9:.1f}, and the step {step / (6 * N * tokens):.2f} times that")

# %% [markdown]
# That gives the rule of thumb by which runs are planned: two operations per parameter and token forward, six with the
# backward pass, so a run over $D$ tokens takes about $6 N D$ FLOPs. (Here, as everywhere in the literature, $D$ is the
# number of tokens.) What the rule leaves out are the scores: 15 % at GPT-2's full context.
#
# How many tokens should a model of $N$ parameters read? Hoffmann et al. trained over 400 models to fit a **scaling
# law**, a formula for the loss by size and data. For a given number of operations the lowest loss came with about 20
# tokens per parameter. A model of GPT-2's size would then read 2.5 billion tokens. We let the machine make 10¹⁴
# operations per second, about a third of what the tensor cores of a large GPU of 2020 are sold with; that share of the
# peak is what reports of training runs call *model FLOPs utilization*, MFU:

# %%
run = 6 * N * 20 * N
hours = run / 1e14 / 3600
print(f"{20 * N / 1e9:.1f} billion tokens, {run:.1e} FLOPs: {hours:.0f} hours at 10¹⁴ operations per second")

# %% [markdown]
# ## What training holds in memory
#
# For each weight, training holds its gradient, too, and whatever the **optimizer** keeps, the rule that moves the
# weights. **AdamW** (lesson 11) keeps two running means per weight, its **optimizer state**. Measured, on a small model
# after one step:

# %%
config = GPTConfig(vocab_size=600, context_length=512, d_model=96, n_heads=3, n_layers=4, tie_weights=True)
model = GPT(config)
optimizer = torch.optim.AdamW(model.parameters())
ids = torch.arange(8 * 65).view(8, 65)
F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten()).backward()
optimizer.step()

held = {
    "weights": list(model.parameters()),
    "gradients": [parameter.grad for parameter in model.parameters()],
    "AdamW's two means": [state[mean] for state in optimizer.state.values() for mean in ("exp_avg", "exp_avg_sq")],
}
for name, tensors in held.items():
    print(f"{name:18} {sum(tensor.nbytes for tensor in tensors):10,} bytes")
print(f"{'parameters':18} {count_parameters(config).total:10,}, in float32 4 bytes each")

# %% [markdown]
# Together 16 bytes per parameter: for GPT-2 two gigabytes, before the first token is read.
#
# The second half is less visible. To compute gradients, the backward pass needs what the layers have computed on the
# way forward, their **activations**; so PyTorch keeps those tensors until then. A hook shows us each one that it
# saves:


# %%
def saved_bytes(B, T, backend=None):
    """Bytes that a forward pass keeps for the backward pass, the weights themselves left out."""
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage  # two views of one memory count once

    ids = torch.arange(B * (T + 1)).view(B, T + 1) % 600
    attention = sdpa_kernel(backend) if backend else nullcontext()
    # No backward pass will ask for them: `keep` hands nothing on.
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda nothing: nothing), attention:
        F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
    return sum(storage.nbytes() for place, storage in kept.items() if place not in weights)


# %%
print("                 MB saved          KB per token")
print("   B    T    fused   plain       fused   plain")
for B, T in ((8, 64), (16, 64), (8, 128), (1, 512)):
    fused, plain = saved_bytes(B, T), saved_bytes(B, T, SDPBackend.MATH)
    print(f"{B:4} {T:4} {fused / 1e6:8.1f}{plain / 1e6:8.1f}    {fused / B / T / 1e3:8.1f}{plain / B / T / 1e3:8.1f}")

# %% [markdown]
# Already with 8 windows of 64 tokens the activations take more than the weights, gradients and means together (8.9 MB).
# They grow with every window and every token: twice the batch, twice the memory. *Plain* attention also keeps a
# $T \times T$ table of weights per head, so its cost per token grows with $T$. PyTorch's *fused* attention computes
# that table anew in the backward pass instead, as FlashAttention does (lesson 13).

# %% [markdown]
# ### Exercise 10.4 · Does it fit?
#
# ●●○ · 6 minutes · for choosing a batch size before the machine refuses · write a function
#
# Write `largest_batch`: how many windows one step of training can take, with AdamW and everything in float32. There are
# `memory` bytes; the model has `n_parameters`; the activations of *one* window take `activation_bytes`. Return a whole
# number, 0 if not even one window fits.


# %% exercise="10.4"
def largest_batch(memory, n_parameters, activation_bytes):
    ### BEGIN SOLUTION
    free = memory - 16 * n_parameters  # a weight, its gradient, two means, 4 bytes each
    return max(0, free // activation_bytes)
    ### END SOLUTION


# %%
exercise("10.4").check(largest_batch)

# %% [markdown]
# <details><summary>Further: when it does not fit</summary>
#
# Smaller batches whose gradients are added up before each update (*gradient accumulation*, lesson 11): the memory of
# one, the gradient of many. Activations in 16 bits: half the bytes. *Activation checkpointing* (Chen et al. 2016): keep
# only what enters each block, and compute the rest again on the way back, for one more forward pass. Or share the 16
# bytes per parameter among several GPUs (ZeRO).
# </details>

# %% [markdown]
# ## Why batching pays
#
# A batch holds several windows, or the prompts of several people. They share the weights and nothing else: what a text
# gets does not depend on its neighbours.

# %%
with torch.no_grad():
    together = model(ids)
    alone = torch.cat([model(one[None]) for one in ids])
agree = torch.allclose(together, alone, atol=1e-5)
print(f"the logits of {len(ids)} texts, together and one by one, agree within 1e-5: {agree}")

# %% [markdown]
# ### Exercise 10.5 · What does a larger batch read?
#
# ●●○ · 4 minutes · for understanding why models are run in batches · predict
#
# A model has 1,000,000 weights. To write one token for one text, each weight is read from memory once. Now 8 texts go
# through the model side by side, as a batch, and each gets one new token. How many weights are read in this step, and
# how many is that for each new token? Answer with two numbers.

# %% exercise="10.5"
### BEGIN SOLUTION
weights_read, weights_read_per_token = 1_000_000, 125_000
### STUB
# weights_read, weights_read_per_token = ..., ...
### END SOLUTION

# %%
exercise("10.5").check((weights_read, weights_read_per_token))

# %% [markdown]
# Less reading per token, but the arithmetic per token stays. What is gained? That depends on which of the two the
# machine waits for. **Arithmetic intensity** is the number of operations per byte that is read. For a matrix in float32
# and $n$ rows it is $n / 2$: two operations for each weight and row, four bytes for each weight. We time it, on half of
# GPT-2's head. (Seconds differ from run to run and from machine to machine; yours will not be these.)

# %% tags=["nbval-ignore-output"]
torch.set_num_threads(1)  # one core: two would wait for each other wherever the machine has something else to do
matrix = torch.randn(768, 25_000, device=course.device())  # 77 MB
clock = process_time if matrix.device.type == "cpu" else perf_counter  # a core's time for us, without its other work
print(" rows   operations per byte   milliseconds   for each row, compared with one row alone")
alone = None
for rows in (1, 8, 64, 256):
    x, passes, start = torch.randn(rows, 768, device=course.device()), 0, clock()
    while clock() - start < 1:
        (x @ matrix)[0, 0].item()  # reading one number waits for a GPU to finish
        passes += 1
    seconds = (clock() - start) / passes
    alone = alone or seconds
    print(f"{rows:5} {rows / 2:21} {seconds * 1e3:14.1f} {seconds / rows / alone:17.2f}")

# %% [markdown]
# On the core that made this page, a row among 8 takes about half of the time of a row alone, a row among 64 about a
# fifth, and from there on little more is gained. With few rows the product is **memory bound**: the core waits for
# weights, of which the memory delivers so many bytes per second and no more (its **bandwidth**), and another row finds
# them already there. With many it is **compute bound**: it takes the time of its arithmetic, which no batch makes less.
# So here batches pay and are far from free: 8 rows take several times as long as one.
#
# A GPU can do far more arithmetic for each byte that its memory delivers (an H100, by its data sheet, about 295
# operations in bfloat16, numbers of 16 bits), so there the gain goes on to hundreds of rows. Training gets there by
# itself, since all $B \cdot T$ positions are rows of one product. Writing token by token does not: it has one row per
# text (lesson 13).

# %% [markdown]
# ### Predict, then explore
#
# The tracer again, now with your `parameter_budget` counting along. (Changed it? Run the cell again.) Before you touch
# it:
#
# - It starts with four blocks of width 96 and GPT-2's vocabulary. Which part holds most?
# - Double the number of heads. Which of the dots move?
# - Double the width. By which factors do feed-forward and *scores and sums* grow in FLOPs?
# - Set *tokens read* to one. What happens to the blue dots, to the orange ones (FLOPs for one token), and to the FLOPs
#   of the whole pass?
# - **The target:** the 124,439,808 parameters of GPT-2. Width 768, 12 blocks and context 1,024 are not yet enough: what
#   is missing?

# %%
explorer = ShapeTracer(count=parameter_budget)
explorer

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - The two tables of the vocabulary, for tokens and for the head: 96 % of all parameters. A small model with a large
#   vocabulary is mostly vocabulary. In FLOPs the head alone takes 91 %, and looking up a row costs none. Twice
#   the blocks are 4 % more parameters and 9 % more FLOPs.
# - None. The heads cut the same matrices into narrower pieces: $H \cdot d = D$. Only shapes inside attention change.
# - Feed-forward fourfold, scores and sums twofold: $D^2$ against $D$.
# - Blue stays. A token costs the linear layers and the head as much as before, the scores a sixty-fourth: it meets one
#   token in place of 64. In the whole pass that is a sixty-fourth, and its square, 1/4,096, in the scores.
# - Tied weights, and the bias of queries, keys and values: 50,257 × 768 too many, 12 × 3 × 768 too few.
# </details>
#
# An explorer is a Python object, so what it shows can be asserted. Another tracer, set from code, compares your count
# with the sum over all tensors for four models:

# %%
probe = ShapeTracer(count=parameter_budget)
totals = []
for tied, bias in ((False, False), (False, True), (True, False), (True, True)):
    probe.set(vocabulary="5000", width="288", layers=7, context="256", tie_weights=tied, qkv_bias=bias)
    right = probe.trace.counted == probe.trace.total_parameters
    assert right, "parameter_budget does not count this model yet: exercise 10.1"
    totals.append(probe.trace.total_parameters)
    print(f"tied {tied!s:5}, bias {bias!s:5}: {totals[-1]:,}")
head, biases = totals[0] - totals[2], totals[1] - totals[0]
print(f"a head of its own: {head:,} = 5,000 · 288; the biases: {biases:,} = 7 · 3 · 288")

# %% [markdown]
# ## The same, polished: `llmlab.gpt`
#
# `count_parameters` is your function with its result taken apart, and with fewer key and value heads as an option
# (lesson 13). Type `??count_parameters` to read it.

# %%
mine = parameter_budget(50_257, 1024, 768, 12, qkv_bias=True, tie_weights=True)
print("yours:", mine, " count_parameters:", count.total, " GPT:", built)

# %% [markdown]
# ## You can now
#
# - count what a GPT holds, part by part, and what a pass costs;
# - say where the length of the text enters squared, and when that starts to matter;
# - plan a run: $6 N D$ operations, 16 bytes per parameter, and activations for every token;
# - say when a batch is nearly free, and when it is not.
#
# So much for the price. Lesson 11 pays it, and trains.

# %% [markdown]
# ## Where this comes from
#
# - Radford et al. 2019, "Language Models are Unsupervised Multitask Learners": GPT-2 and its sizes.
# - Kaplan et al. 2020, "Scaling Laws for Neural Language Models": loss by size, data and compute, and $C \approx 6ND$.
# - Hoffmann et al. 2022, "Training Compute-Optimal Large Language Models": about 20 tokens per parameter.
# - Rajbhandari et al. 2020, "ZeRO": what each parameter costs in memory, and how GPUs share it.
# - Williams, Waterman and Patterson 2009, "Roofline": time from arithmetic intensity.
#
# **Read next:** Hoffmann et al., sections 1 to 3.

# %%
progress("10")
