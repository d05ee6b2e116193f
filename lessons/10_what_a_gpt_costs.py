# %% [markdown]
# # 10 · What a GPT costs
#
# Lesson 06 ended with causal multi-head attention, the layer that moves information from token to token. A GPT is that
# layer and a few simple ones, stacked. In this lesson we add what is missing, stack it thirty layers deep without the
# signal dying on the way, and end with a model that is GPT-2 in every number but the trained ones.
#
# About 80 minutes. At the end you can
#
# - write LayerNorm, and say what norm and residual connection each do for a deep model;
# - assemble a block in the right order, and find the bug in one that only looks right;
# - tell logits from probabilities, and say what the first loss of an untrained model must be;
# - count the parameters and the operations of any GPT, and say what a longer text costs.

# %% [markdown]
# ## Before we start: three questions on lesson 06
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. Why does the causal mask come before the softmax?</summary>
#
# A score of −∞ gets the weight 0 and also leaves the sum that the softmax divides by. A mask after the softmax leaves
# the future in that sum, so unless the rows are divided by what is left of them, it leaks.
# </details>
#
# <details><summary>2. Splitting into heads: why is one <code>view</code> to (H, T, D/H) not enough?</summary>
#
# It cuts the numbers in the order in which they lie in memory, so that a head holds parts of different tokens. First
# <code>view</code> to (T, H, D/H), then <code>transpose</code> the two axes.
# </details>
#
# <details><summary>3. After dropout on the attention weights, what does a row sum to?</summary>
#
# To 1 on average, not each time: some weights are 0, the others grew by 1/(1 − p). Outside training nothing is dropped.
# </details>

# %%
from dataclasses import replace

import matplotlib.pyplot as plt
import torch

from llmlab import course
from llmlab.exercises import exercise, progress
from llmlab.explorers import ShapeTracer
from llmlab.gpt import GPT, GPTConfig, count_parameters

torch.set_printoptions(precision=3, sci_mode=False)

# %% [markdown]
# ## Counting parameters
#
# How large is a model? Only three kinds of parts have trained numbers:
#
# - a table of $n$ rows has $n \cdot D$;
# - a linear layer from $a$ to $b$ numbers has $a \cdot b$ weights and, if it has a bias, $b$ more;
# - a norm has a scale and a shift, $2 D$.
#
# We let PyTorch list those of one block, width 24:

# %%
for name, parameter in block_0.named_parameters():
    print(f"{name:28} {tuple(parameter.shape)!s:10} {parameter.numel():6,}")
print(f"{'together':39} {sum(parameter.numel() for parameter in block_0.parameters()):6,}")

# %% [markdown]
# The squares matter most. Attention has four matrices of $D \times D$ (three of them fused into one), feed-forward two
# of $4D \times D$: together $12 D^2$. All the rest grows only with $D$:

# %%
for width in (24, 96, 768):
    whole = sum(parameter.numel() for parameter in Block(width, 3, 7).parameters())
    print(f"width {width:3}: {whole:9,} parameters, of which 12 D² are {12 * width**2 / whole:.1%}")

# %% [markdown]
# Notice what does *not* count: the number of heads (they share the same width) and the attention weights (they are
# computed anew for every text, not trained). The context length is not in the block either, only in the position table.

# %% [markdown]
# ### Exercise 10.2 · A parameter budget
#
# ●●● · 12 minutes · for knowing a model's size before it is built · write a function
#
# Write `parameter_budget`: the number of trained numbers of a GPT as in this lesson. It has a token and a position
# table, `n_layers` blocks, a final norm, and a head without bias. The projection to queries, keys and values has a bias
# only if `qkv_bias`; the other linear layers of a block always have one. With `tie_weights` the head has no table of
# its own.


# %% exercise="10.2"
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
exercise("10.2").check(parameter_budget)

# %% [markdown]
# `llmlab.gpt.count_parameters` gives the same part by part. GPT-2's sizes are public: 50,257 tokens, context length
# 1,024, width 768, 12 heads, 12 blocks, biases everywhere but in the head, tied weights. What do they come to?

# %%
GPT2 = GPTConfig(50_257, 1024, 768, n_heads=12, n_layers=12, qkv_bias=True, tie_weights=True)
counted = count_parameters(GPT2)
for part in ("token_embedding", "position_embedding", "attention", "feed_forward", "norms", "head"):
    number = getattr(counted, part)
    print(f"{part:19} {number:12,} {number / counted.total:6.1%}")
print(f"{'GPT-2':19} {counted.total:12,}")
assert counted.total == 124_439_808

# %% [markdown]
# Those are the "124 million" of GPT-2. Another figure that is often printed for it is 163 million. You can tell where
# it comes from:

# %%
untied = count_parameters(replace(GPT2, tie_weights=False))
more = untied.total - counted.total
print(f"{untied.total:,} without tying: {more:,} more, a second table of 50,257 × 768")
assert more == 50_257 * 768

# %% [markdown]
# To check the formula against the model itself, we build it and let PyTorch count. (On the device *meta*, tensors have
# a shape but no content, so this takes no memory.)

# %%
with torch.device("meta"):
    full_size = GPT(GPT2)
total = sum(parameter.numel() for parameter in full_size.parameters())
print(f"{total:,} parameters; as float32 they would take {4 * total / 1e6:.0f} MB")
assert total == counted.total

# %% [markdown]
# ## Counting operations
#
# Parameters say what a model *holds*. What a pass *costs* is counted in **FLOPs**, floating-point operations. Nearly
# all of them are in matrix products. One entry of a product of $(m, k)$ and $(k, n)$ is a sum of $k$ products, so the
# whole takes $2 \cdot m \cdot k \cdot n$: a multiplication and an addition each. PyTorch can count along:

# %%
from torch.utils.flop_counter import FlopCounterMode

m, k, n = 5, 24, 96
with FlopCounterMode(display=False) as counter:
    torch.ones(m, k) @ torch.ones(k, n)
print(counter.get_total_flops(), "=", 2 * m * k * n)

# %% [markdown]
# So a linear layer costs, for each token, twice its weights. In attention there are two more products: the scores,
# each of $T$ queries with each of $T$ keys, and the weighted sums of the values. Neither has weights:


# %%
def operations(config, B, T):
    """FLOPs of one pass: (linear layers of the blocks, scores and weighted sums, head)."""
    D, L = config.d_model, config.n_layers
    linear = L * 2 * B * T * 12 * D**2  # 12 D² weights in a block
    # q kᵀ is (T, d) by (d, T) in each of H heads, and H · d = D; weights times v costs the same again
    scores = L * 2 * (2 * B * T * T * D)
    head = 2 * B * T * D * config.vocab_size
    return linear, scores, head


toy_config = GPTConfig(vocab_size=11, context_length=9, d_model=24, n_heads=3, n_layers=5)
print("the toy model, 2 texts of 7 tokens:", operations(toy_config, B=2, T=7))

# %% [markdown]
# Is that right? Let PyTorch count a pass through the toy model from above. (Its fast attention is one fused operation
# that hides its products from the counter, so we ask for the plain form.)

# %%
from torch.nn.attention import SDPBackend, sdpa_kernel

with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
    toy(ids)
by_formula = sum(operations(toy_config, B=2, T=7))
print(f"counted {counter.get_total_flops():,}, by formula {by_formula:,}")
assert counter.get_total_flops() == by_formula

# %% [markdown]
# ## What a longer text costs
#
# You will often read: "the model has 124 million parameters, so a pass costs the same for one token as for a full
# context". Now you have the formulas to judge that.

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
# Now counted, with GPT-2's sizes and one text. (A context of more than 1,024 needs a longer position table and nothing
# else.)

# %%
print("     T     linear     scores       head   scores' share   a token")
lengths = (1, 64, 1024, 2048, 4096, 16_384)
for T in lengths:
    linear, scores, head = (flops / 1e9 for flops in operations(GPT2, B=1, T=T))
    whole = linear + scores + head
    print(f"{T:6} {linear:10,.2f} {scores:10,.2f} {head:10,.2f} {scores / whole:12.1%} {whole / T:12.3f}  GFLOPs")

# %% [markdown]
# Read the rows for 1,024 and 2,048: linear layers and head exactly double, the scores grow fourfold. A full context of
# 1,024 costs more than a thousand times what one token costs. At moderate lengths the square hides, since its share is
# small; at 16,384 it is the largest part. As a picture, the cost of *one* token in texts of different length:

# %%
per_token = [[flops / T / 1e9 for flops in operations(GPT2, B=1, T=T)] for T in range(1, 16_385, 256)]
figure, axes = plt.subplots(figsize=(6, 2.8))
axes.stackplot(
    range(1, 16_385, 256),
    *zip(*per_token, strict=True),
    labels=["linear layers", "scores and weighted sums", "head"],
    colors=["#2f7fc1", "#c8590a", "#8a8a8a"],
)
axes.set(xlabel="tokens in the text", ylabel="GFLOPs a token", xlim=(1, 16_384))
axes.legend(loc="upper left", fontsize=8)
course.show(
    figure,
    alt="Cost of a token against the length of the text. Linear layers and head are level bands; the band of scores "
    "and weighted sums grows in a straight line from nothing and is the widest of the three from about 5,000 on.",
)

# %% [markdown]
# Where do the two meet? Linear layers take $24 T D^2$ a block, scores and sums $4 T^2 D$: they are equal at $T = 6D$,
# for GPT-2 at 4,608 tokens. And a rule of thumb: as long as $T$ is well below that, a pass costs about two operations
# for each parameter and token. (The position table does not count: it is looked up, not multiplied.)

# %%
linear, scores, _ = operations(GPT2, B=1, T=6 * GPT2.d_model)
print("at T = 6 D linear and scores are equal:", linear == scores)
for T in (64, 1024, 16_384):
    two_each = 2 * (counted.total - counted.position_embedding) * T
    print(f"T = {T:6}: a pass is {sum(operations(GPT2, B=1, T=T)) / two_each:.2f} × the rule of thumb")

# %% [markdown]
# ### Predict, then explore
#
# The tracer below shows every tensor of a pass: its shape, what is trained to make it, what that costs. It starts with
# a small GPT: four blocks of width 96 and GPT-2's vocabulary. Before you touch it:
#
# - The bars will show which part holds most. Is it what makes the model a transformer?
# - Double the number of heads. Which numbers change, and which do not?
# - Set *Tokens read* to one. What happens to each of the two columns of bars?
# - **The target:** the 124,439,808 parameters of GPT-2, found from its tensors. Width 768, 12 blocks and context 1,024
#   are not yet enough.
#
# Your `parameter_budget` counts along. (Changed it? Run the cell again.)

# %%
explorer = ShapeTracer(count=parameter_budget)
explorer

# %% [markdown]
# An explorer is a Python object, so what it shows can be asserted. A second tracer, set from code, compares your count
# with the sum over all tensors for four models:

# %%
probe = ShapeTracer(count=parameter_budget)
totals = []
for tied, bias in ((False, False), (False, True), (True, False), (True, True)):
    probe.set(vocabulary="5000", width="288", layers=7, context="256", tie_weights=tied, qkv_bias=bias)
    assert probe.trace.counted == probe.trace.total_parameters
    totals.append(probe.trace.total_parameters)
    print(f"tied {tied!s:5}, bias {bias!s:5}: {totals[-1]:,}")

assert totals[0] - totals[2] == 5000 * 288 and totals[1] - totals[0] == 7 * 3 * 288

# %% [markdown]
# If that assertion fails, `parameter_budget` is wrong, and the note above the tracer says by how much. The same tracer
# shows what a longer text costs, from one token to the full context:

# %%
for read in ("one", "half", "all"):
    probe.set(context="1024", tokens_read=read, batch=1)
    flops = probe.trace.flops
    scores = flops["attention: scores and sums"]
    print(f"T = {probe.trace.tokens:4}: feed-forward {flops['feed-forward']:>14,}, scores and sums {scores:>14,}")

assert scores == 1024**2 * 4 * 288 * 7

# %% [markdown]
# ## Why batching is nearly free
#
# In training, a batch holds several windows; in inference, several people's prompts. Do they get in each other's way?
# And what does a larger batch cost?

# %% [markdown]
# ### Exercise 10.1 · What does a larger batch read?
#
# ●●○ · 4 minutes · for understanding why models are run in batches · predict
#
# A model has 1,000,000 weights. To write one token for one text, each weight is read from memory once. Now 8 texts go
# through the model side by side, as a batch, and each gets one new token. How many weights are read in this step, and
# how many is that for each new token? Answer with two numbers.

# %% exercise="10.1"
### BEGIN SOLUTION
weights_read, weights_read_per_token = 1_000_000, 125_000
### STUB
# weights_read, weights_read_per_token = ..., ...
### END SOLUTION

# %%
exercise("10.1").check((weights_read, weights_read_per_token))

# %% [markdown]
# First: does it matter to a text which others are in its batch? Our two, together and each alone:

# %%
together = forward(x)
alone = torch.cat([forward(x[:1]), forward(x[1:])])
print("together = alone:", torch.allclose(together, alone, atol=1e-4))

# %% [markdown]
# The rows of a batch never meet. They only share the weights, and a product such as `rows @ table` reads the table once
# for all rows. Let us write the six missing tokens of both sentences, one sentence after the other, then side by side,
# and count how many weights of the output head are read:


# %%
def weights_to_write(prompts):
    read = 0
    for _ in range(6):
        with torch.no_grad():
            best = forward(prompts)[:, -1].argmax(dim=-1, keepdim=True)  # (B, 1)
        read += head.weight.numel()  # one pass reads each weight once, whatever B is
        prompts = torch.cat([prompts, best], dim=1)
    return prompts, read


first, read_first = weights_to_write(batch[:1, :2])
second, read_second = weights_to_write(batch[1:, :2])
both, read_both = weights_to_write(batch[:, :2])

print(f"one after the other: {read_first + read_second:,} weights read for 12 tokens")
print(f"side by side       : {read_both:,} weights read for 12 tokens")
assert torch.equal(both, torch.cat([first, second]))

# %% [markdown]
# Half the reading for the same tokens. The arithmetic, though, is the same: each row needs its own multiplications. Why
# does the reading decide? A processor can multiply far more numbers in a second than its memory can deliver. With one
# row, it uses each weight once and waits for the next. How many multiplications are there for each weight read?

# %%
n_weights = head.weight.numel()  # D · V
print("      weights read           multiplications")
print("batch in all    per token    in all      per weight")
for batch_size in (1, 8, 64):
    products = batch_size * n_weights  # (B, D) @ (D, V)
    reading = f"{n_weights:<10,}{n_weights / batch_size:<13,.0f}"
    print(f"{batch_size:<6}{reading}{products:<12,}{products / n_weights:.0f}")

# %% [markdown]
# Operations for each piece of data that is read (usually counted in bytes) are called *arithmetic intensity*; the last
# column is that for weights. As long as the processor is waiting for memory, further rows find their weights already
# there and cost hardly any more time: that is why batching is *nearly* free. It ends where the arithmetic takes longer
# than the reading. In training that point is reached early, since the $T$ positions of each window share the weights,
# too: $B \cdot T$ rows for one reading.

# %% [markdown]
# ## You can now
#
# - write LayerNorm, over the right axis and with its $\varepsilon$ in the right place;
# - say why a deep model needs norms *and* residual connections, and assemble a pre-norm block;
# - read logits, make probabilities of them, and check a new model by its first loss, $\ln V$;
# - count what a GPT holds and what a pass costs, and say where length enters squared.
#
# Type `??TransformerBlock` after `from llmlab.gpt import TransformerBlock` to read the package's version. The model
# is complete, and it knows nothing. Lesson 08 trains it.

# %%
progress("10")
