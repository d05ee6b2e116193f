# %% [markdown]
# # 09 · The GPT block
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
import math
from functools import partial

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

from llmlab import course
from llmlab.attention import MultiHeadAttention, causal_mask, influence_map
from llmlab.bpe import gpt2_encoding
from llmlab.corpus import load_text
from llmlab.exercises import exercise, progress
from llmlab.gpt import GPT, GPTConfig

torch.set_printoptions(precision=3, sci_mode=False)

# %% [markdown]
# ## What happens in a deep model
#
# A *layer* takes a vector for each token, multiplies it by a trained matrix, and bends the result a little (more on
# that soon). A *deep* model feeds the output of one layer to the next. GPT-2 (in this course always its smallest
# version) has 12 blocks of several layers each, large models have around a hundred.
#
# Training needs one thing from such a stack: for each weight the **gradient**, which says how the loss changes if that
# weight is moved a little. PyTorch computes it from the last layer back to the first. On the way back it is multiplied
# by something at each layer, just as the signal was on its way forward. Thirty factors of one half make a billionth,
# and thirty factors of two a billion. Let us look: thirty layers, 24 numbers per token, ten tokens.

# %%
DEPTH, D = 30, 24


def through_the_stack(layer):
    """Size of the signal after all layers, and length of the gradient at each layer's weights."""
    generator = torch.Generator().manual_seed(0)
    weights = [torch.randn(D, D, generator=generator) / D**0.5 for _ in range(DEPTH)]
    x, direction = torch.randn(2, 10, D, generator=generator)  # (10, D) each
    for W in weights:
        x = layer(x, W.requires_grad_())
    (x * direction).sum().backward()  # stands for a loss
    return x.std().item(), [W.grad.norm().item() for W in weights]


def plain(x, W):
    return F.gelu(x @ W)


size, gradients = through_the_stack(plain)
print(f"the signal is 1 at first, after {DEPTH} layers about 10^{math.log10(size):.0f}")
print(f"gradient at the first layer's weights: about 10^{math.log10(gradients[0]):.0f}")

# %% [markdown]
# The signal has died, and so has the gradient: a step of training would hardly move these weights. For a long time this
# was one reason why networks of more than a few layers could hardly be trained. Two simple parts did much to change
# that, and both are in every block of a GPT: a norm and a residual connection. We build each, then return to the thirty
# layers.

# %% [markdown]
# ## LayerNorm: every vector at the same scale
#
# The first idea: before a layer reads a vector, bring it to a fixed scale. Take one token's vector, subtract its mean,
# and divide by its standard deviation:
#
# $$\hat{x}_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + \varepsilon}}, \qquad
# \mu = \frac{1}{D} \sum_i x_i, \qquad \sigma^2 = \frac{1}{D} \sum_i (x_i - \mu)^2$$

# %%
x = torch.tensor([2.0, 4.0, 9.0, 5.0])  # one token, D = 4
mean = x.mean()
variance = ((x - mean) ** 2).mean()
normed = (x - mean) / (variance + 1e-5).sqrt()

print("before: mean", mean.item(), " variance", variance.item())
print(normed)
print("after:  mean", round(normed.mean().item(), 3), " variance", round((normed**2).mean().item(), 3))

# %% [markdown]
# Three details decide whether it is right. First, the variance is divided by $D$, the mean of the squared distances;
# `x.var()` divides by $D - 1$ unless told otherwise:

# %%
print("mean of squares    ", variance.item())
print("x.var()            ", round(x.var().item(), 4))
print("x.var(correction=0)", x.var(correction=0).item())

# %% [markdown]
# Second, the small $\varepsilon$ stands *inside* the root. It is there for vectors whose numbers are all alike, where
# the variance is 0:

# %%
alike = torch.full((4,), 7.0)
centred, variance = alike - alike.mean(), alike.var(correction=0)
print("without eps:", centred / variance.sqrt())
print("with eps   :", centred / (variance + 1e-5).sqrt())

# %% [markdown]
# Third, the axis. *Each token's vector is normed by itself*: over the last axis, the $D$ numbers of a token, never over
# the tokens. Otherwise a token would learn of the others, later ones included. Ask the influence map of lesson 06, once
# for each axis:


# %%
def norm_over(dim, x):
    return (x - x.mean(dim, keepdim=True)) / x.std(dim, correction=0, keepdim=True)


x = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))  # (T, D)
for name, dim in (("over the width", -1), ("over the tokens", 0)):
    reaches = influence_map(partial(norm_over, dim), x)
    print(f"{name}: which input (column) reaches which output (row)\n{reaches.int()}")

# %% [markdown]
# Over the tokens everything reaches everything: a model with that norm reads the future, whatever its mask says.
#
# Normed like this, every vector has mean 0 and variance 1, whether or not that suits the next layer. Two trained
# vectors of length $D$ give back some freedom, place by place: **scale**, which starts at 1, and **shift**, which
# starts at 0.
#
# $$\text{LayerNorm}(x) = \text{scale} \cdot \hat{x} + \text{shift}$$

# %% [markdown]
# ### Exercise 09.1 · LayerNorm
#
# ●●○ · 8 minutes · for knowing what is normed over what · write a function
#
# Complete `layer_norm`. `x` has shape (..., D), with any number of axes in front; `scale` and `shift` have shape (D,).
# Each vector along the last axis is normed by itself, then scaled and shifted. Use `mean`, `sqrt` and the like;
# PyTorch's own `layer_norm` would pass the check and teach you nothing.
#
# Stuck? `exercise("09.1").hint()` gives a question first, then the idea, then the line.


# %% exercise="09.1"
def layer_norm(x, scale, shift, eps):
    ### BEGIN SOLUTION
    mean = x.mean(dim=-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=-1, keepdim=True)
    return scale * (x - mean) / (variance + eps).sqrt() + shift
    ### END SOLUTION


# %%
exercise("09.1").check(layer_norm)

# %% [markdown]
# ## GELU and the feed-forward layer
#
# Attention lets tokens exchange information. The other half of a block works on each token alone: it takes the vector
# to four times its width (GPT-2's choice), bends it, and brings it back.
#
# Why bend? Because two matrices in a row are one matrix. Without something between them the second layer adds nothing:

# %%
generator = torch.Generator().manual_seed(0)
x = torch.randn(5, 8, generator=generator)
W1, W2 = torch.randn(8, 32, generator=generator), torch.randn(32, 8, generator=generator)

print("two layers equal one:", torch.allclose(x @ W1 @ W2, x @ (W1 @ W2), atol=1e-4))
print("with a bend between: ", torch.allclose(F.gelu(x @ W1) @ W2, x @ (W1 @ W2), atol=1e-4))

# %% [markdown]
# The bend of GPT-2 is **GELU**: $x$ times $\Phi(x)$, the share of a normal distribution that lies below $x$. A large
# number passes as it is, a very negative one becomes 0, and between them the change is smooth. GPT-2 was trained with
# an approximation by a tanh, so we take that one too:
#
# $$\text{GELU}(x) = x \cdot \Phi(x) \approx \frac{x}{2}
# \left(1 + \tanh\left(\sqrt{2 / \pi}\,(x + 0.044715\,x^3)\right)\right)$$


# %%
def gelu(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


x = torch.linspace(-4, 4, 81)
exact = 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))
assert torch.allclose(gelu(x), F.gelu(x, approximate="tanh"), atol=1e-6)
largest = (gelu(x) - exact).abs().max()
print("tanh form and exact form differ by less than 0.001:", bool(largest < 1e-3))

figure, axes = plt.subplots(figsize=(4.5, 2.4))
axes.plot(x, x.relu(), "--", color="#8a8a8a", label="ReLU")
axes.plot(x, [round(y, 3) for y in gelu(x).tolist()], color="#2f7fc1", label="GELU")
axes.legend()
course.show(
    figure,
    alt="GELU beside ReLU, from −4 to 4. Both are 0 far left and the diagonal far right; "
    "GELU turns smoothly and dips a little below 0 at −0.75.",
)

# %% [markdown]
# ReLU, the older bend, cuts off everything below 0; its slope there is exactly 0, so a unit that is always below 0 gets
# no gradient any more. GELU has a slope almost everywhere. Now the whole **feed-forward** layer:


# %%
class FeedForward(nn.Module):
    def __init__(self, d_model):
        super().__init__()
        self.expand = nn.Linear(d_model, 4 * d_model)
        self.contract = nn.Linear(4 * d_model, d_model)

    def forward(self, x):
        hidden = gelu(self.expand(x))  # (..., D) -> (..., 4D)
        return self.contract(hidden)  # (..., 4D) -> (..., D)


torch.manual_seed(0)
feed_forward = FeedForward(8)
x = torch.randn(5, 8)
print("shape", tuple(x.shape), "->", tuple(feed_forward(x).shape))
diagonal = torch.eye(5, dtype=torch.bool)
print("each token by itself:", torch.equal(influence_map(feed_forward, x), diagonal))

# %% [markdown]
# Only the diagonal: no token hears of another. Two thirds of a block's parameters are here, as you will count.

# %% [markdown]
# ## The residual stream
#
# The second idea is the simplest in this lesson, and perhaps the most important: a layer does not *replace* its input,
# it *adds* to it.
#
# $$x \leftarrow x + \text{layer}(x)$$
#
# This is a **residual connection**. The $x$ that runs from the embedding to the end, with each layer reading from it
# and adding to it, is called the **residual stream**. What does that do to a gradient? Through a sum it passes
# unchanged: the slope of $x + f(x)$ is $1 + f'(x)$. So there is always one way back to the first layer on which nothing
# is multiplied. Take a layer that gives nothing, which closes the plain way altogether:

# %%
for residual in (False, True):
    x = torch.ones(3, requires_grad=True)
    change = 0.0 * x  # a layer whose weights are all 0
    (x + change if residual else change).sum().backward()
    print(f"residual {residual!s:5}: gradient that arrives {x.grad.tolist()}")

# %% [markdown]
# Back to the thirty layers of the beginning. We try all four combinations. Before you run the cell: what will happen
# with residual connections alone, if every layer adds something to the stream?


# %%
def norm(x):
    return F.layer_norm(x, x.shape[-1:])


STACKS = {
    "plain": plain,
    "residual": lambda x, W: x + F.gelu(x @ W),
    "norm": lambda x, W: F.gelu(norm(x) @ W),
    "residual + norm": lambda x, W: x + F.gelu(norm(x) @ W),
}
found = {name: through_the_stack(layer) for name, layer in STACKS.items()}

print("                  signal at the end   gradient at layer 1   layer 1 / layer 30")
for name, (size, gradients) in found.items():
    powers = [f"10^{round(math.log10(number))}" for number in (size, gradients[0])]
    print(f"{name:16} {powers[0]:>18} {powers[1]:>21} {gradients[0] / gradients[-1]:>20.0f}")

# %% [markdown]
# The last column compares the two ends of the stack: near 1, their gradients are alike. Now in full, a line for each:

# %%
figure, axes = plt.subplots(figsize=(6, 3))
for (name, (_, gradients)), style in zip(found.items(), (":", "--", "-.", "-"), strict=True):
    axes.plot(range(1, DEPTH + 1), [round(math.log10(g), 1) for g in gradients], style, label=name)
axes.set(xlabel="layer", ylabel="length of the gradient, log10")
axes.legend(fontsize=8, loc="center")
course.show(
    figure,
    alt="Length of the gradient at layers 1 to 30, on a logarithmic scale. Plain: about ten to the minus "
    "seven everywhere. Residual alone: a hundred thousand to a million. Norm alone: falls from twenty thousand at "
    "layer 1 to below a hundred at layer 30. Residual and norm: nearly level, between fifty and two hundred.",
)

# %% [markdown]
# - *Plain*: nothing arrives anywhere. The first layers get no gradient, the last ones no signal.
# - *Residual* alone: everything arrives, and too much of it. Each layer adds in proportion to a stream that the layers
#   before it have enlarged, so it grows like compound interest.
# - *Norm* alone: the signal keeps its size, but the gradients of the layers differ by a factor of hundreds.
# - *Both*: each layer reads a copy at scale 1, so what it adds stays about the same size, and the gradients of all
#   layers are of the same order of magnitude. That is what a GPT uses.

# %% [markdown]
# ## The pre-norm block
#
# A block has two halves, attention and feed-forward, in this order: first hear what the other tokens have, then think
# about it. Two rules hold for both halves:
#
# 1. A half reads a *normed copy* of the stream. (**Pre-norm**: the norm stands before the half.)
# 2. What it gives is *added* to the stream itself. The stream is never normed on its way.
#
# Each half has a norm of its own, with its own scale and shift.

# %% [markdown]
# ### Exercise 09.2 · Order the block
#
# ●●○ · 4 minutes · for knowing what reads what · put lines in order
#
# These are the seven lines of a block's `forward(x)`, shuffled:
#
# ```
# a    x = x + thought
# b    heard = attention(normed)
# c    return x
# d    normed = norm_1(x)
# e    thought = feed_forward(normed)
# f    x = x + heard
# g    normed = norm_2(x)
# ```
#
# Write the letters in the right order as one text, such as `"abcdefg"`.

# %% exercise="09.2"
### BEGIN SOLUTION
block_order = "dbfgeac"
### STUB
# block_order = ...
### END SOLUTION

# %%
exercise("09.2").check(block_order)

# %% [markdown]
# ### Exercise 09.3 · Find the bug: the stream that is lost
#
# ●●○ · 6 minutes · for reading a block critically · find the bug
#
# This block runs, its shapes are right, and it even learns. Then somebody replaced attention and feed-forward by
# functions that return zeros. A block that adds nothing should leave `x` as it is. This one did not. Mend it.


# %% exercise="09.3"
def block(x, norm_1, attention, norm_2, feed_forward):
    ### BEGIN SOLUTION
    x = x + attention(norm_1(x))
    return x + feed_forward(norm_2(x))
    ### STUB
    # x = norm_1(x)
    # x = x + attention(x)
    # x = norm_2(x)
    # return x + feed_forward(x)
    ### END SOLUTION


# %%
exercise("09.3").check(block)

# %% [markdown]
# Here is the block as a module. `MultiHeadAttention` is the one of lesson 06, `nn.LayerNorm` is PyTorch's (the same
# formula, with the names `weight` and `bias` for scale and shift):


# %%
class Block(nn.Module):
    def __init__(self, d_model, n_heads, context_length):
        super().__init__()
        self.norm_1 = nn.LayerNorm(d_model)
        self.attention = MultiHeadAttention(d_model, d_model, context_length, n_heads, qkv_bias=True)
        self.norm_2 = nn.LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model)

    def forward(self, x):
        x = x + self.attention(self.norm_1(x))  # (B, T, D)
        return x + self.feed_forward(self.norm_2(x))  # (B, T, D)


torch.manual_seed(0)
block_0 = Block(d_model=24, n_heads=3, context_length=7)
x = torch.randn(2, 7, 24)  # (B, T, D)
print(tuple(x.shape), "->", tuple(block_0(x).shape))
reaches = influence_map(lambda x: block_0(x[None])[0], x[0])
print("causal:", torch.equal(reaches, causal_mask(7)))

# %% [markdown]
# As a drawing, with the stream as the straight line:
#
# ```
# x ──┬────────────────────────▶ + ──┬───────────────────────────▶ + ──▶ to the next block
#     └─▶ norm_1 ─▶ attention ───┘   └─▶ norm_2 ─▶ feed-forward ───┘
# ```
#
# What goes in comes out in the same shape, so blocks can be stacked; and only attention lets tokens reach each other,
# so a block is exactly as causal as its attention.
#
# The first transformer, of 2017, put the norm elsewhere: *after* the sum, `norm(x + attention(x))`, which is called
# post-norm. Then the stream itself is normed, twice a block. Compare both with halves that give nothing: which one
# hands on what it was given?

# %%
stream = torch.tensor([[1.0, 5.0, 3.0, 11.0]])
nothing = torch.zeros_like(stream)

print("pre-norm :", stream + nothing)
print("post-norm:", norm(stream + nothing))

# %% [markdown]
# In a pre-norm model the way through the middle stays open, which makes deep models easier to train. The price: the
# stream may grow from block to block, so one last norm stands after the last block.

# %% [markdown]
# ## A small GPT
#
# Now we have everything. Ids become vectors that know their place (lesson 04), the blocks work on them, a last norm
# brings them to one scale, and a matrix, the **head**, turns each vector into $V$ numbers:
#
# ```
# ids (B, T) ─▶ token + position ─▶ block ─▶ block ─▶ … ─▶ norm ─▶ head ─▶ logits (B, T, V)
#                            (B, T, D) all the way
# ```


# %%
class SmallGPT(nn.Module):
    def __init__(self, vocab_size, context_length, d_model, n_heads, n_layers):
        super().__init__()
        self.token = nn.Embedding(vocab_size, d_model)
        self.position = nn.Embedding(context_length, d_model)
        self.blocks = nn.Sequential(*[Block(d_model, n_heads, context_length) for _ in range(n_layers)])
        self.norm = nn.LayerNorm(d_model)
        self.head = nn.Linear(d_model, vocab_size, bias=False)

    def forward(self, ids):
        x = self.token(ids) + self.position.weight[: ids.shape[-1]]  # (B, T, D)
        x = self.blocks(x)  # (B, T, D)
        return self.head(self.norm(x))  # (B, T, V)


torch.manual_seed(0)
toy = SmallGPT(vocab_size=11, context_length=9, d_model=24, n_heads=3, n_layers=5)
ids = torch.tensor([[1, 5, 2, 10, 0, 3, 3], [7, 7, 1, 0, 4, 9, 8]])  # (B, T)
logits = toy(ids)
assert logits.shape == (2, 7, 11)
print("ids", tuple(ids.shape), "-> logits", tuple(logits.shape))

# %% [markdown]
# The numbers of the shape all differ (2 texts, 7 tokens, vocabulary 11), so that a swapped axis would be noticed. And
# is the whole model causal? Change one id after the other, and see which rows of logits move:

# %%
moved = torch.zeros(7, 7, dtype=torch.bool)
for j in range(7):
    changed = ids[:1].clone()
    changed[0, j] = (changed[0, j] + 1) % 11
    moved[:, j] = (toy(changed) - toy(ids[:1]))[0].abs().amax(dim=1) > 1e-6
print("exactly lower-triangular:", torch.equal(moved, causal_mask(7)))

# %% [markdown]
# ## Logits, softmax, probabilities
#
# What comes out is not a probability. **Logits** are scores: any numbers, positive or negative. A **softmax** over the
# vocabulary makes probabilities of them, one distribution for each position:

# %%
row = logits[0, -1].detach()  # (V,) what may follow the last token of the first text
probabilities = row.softmax(dim=-1)

print("logits       ", row[:6], "… sum", round(row.sum().item(), 2))
print("probabilities", probabilities[:6], "… sum", round(probabilities.sum().item(), 2))
every = logits.softmax(dim=-1).sum(dim=-1)  # (B, T)
print("every one of the 2 × 7 rows sums to 1:", torch.allclose(every, torch.ones(2, 7)))

# %% [markdown]
# Why not let the model give probabilities at once? Because logits are free: any numbers will do. The softmax looks only
# at their differences: add the same number to all of them and nothing changes. And the largest logit always becomes the
# largest probability.

# %%
moved_up, twice = (row + 100).softmax(dim=-1), probabilities.softmax(dim=-1)
print("all logits + 100, same probabilities:", torch.allclose(moved_up, probabilities, atol=1e-4))
print("softmax of the softmax, the same:    ", torch.allclose(twice, probabilities, atol=1e-4))
print("argmax", row.argmax().item(), "and", probabilities.argmax().item())

# %% [markdown]
# The second line is a warning: a softmax on top of a softmax is something else. PyTorch's `cross_entropy` takes
# *logits* and does the softmax itself (lesson 08 shows what happens to those who do it twice). At position $t$ it is
# minus the logarithm of the probability that the model gave to the right token:

# %%
right = torch.tensor(4)
print("by hand      ", round(-probabilities[right].log().item(), 4))
print("cross_entropy", round(F.cross_entropy(row, right).item(), 4))

# %% [markdown]
# ## The first loss: ln V
#
# A model that knows nothing should prefer nothing: each of the $V$ tokens gets the probability $1/V$. What is its loss?

# %% [markdown]
# ### Exercise 09.4 · The first loss
#
# ●●○ · 4 minutes · for noticing a broken model before it is trained · predict
#
# The vocabulary has 1,000 tokens. One model gives the logit 0 to every token at every position, another gives 7 to
# every token. What is the loss (cross-entropy) of each? One decimal is enough; `math.log` and your head may be used,
# `cross_entropy` not yet.

# %% exercise="09.4"
### BEGIN SOLUTION
loss_with_zeros, loss_with_sevens = 6.9, 6.9
### STUB
# loss_with_zeros, loss_with_sevens = ..., ...
### END SOLUTION

# %%
exercise("09.4").check((loss_with_zeros, loss_with_sevens))

# %% [markdown]
# The logits of a freshly built model are not all equal, since its weights are random. So the first loss is only *about*
# $\ln V$, and how near it comes tells whether the weights start well. Here is our small GPT on the story, with GPT-2's
# 50,257 tokens. The random numbers in its head have once a small standard deviation, once a large one:

# %%
encoding = gpt2_encoding()
story = torch.tensor(encoding.encode(load_text()))
inputs, targets = story[:60].view(3, 20), story[1:61].view(3, 20)  # (B, T)

torch.manual_seed(0)
model = SmallGPT(vocab_size=50_257, context_length=32, d_model=24, n_heads=3, n_layers=5)
print(f"ln V = {math.log(50_257):.2f}")
for std in (0.02, 1.0):
    nn.init.normal_(model.head.weight, std=std)
    loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
    print(f"head from N(0, {std}²): first loss {loss.item():.1f}")

# %% [markdown]
# With small weights the loss starts where it should. With large ones the model is *sure of something* before it has
# seen a single text, it is nearly always wrong, and the first steps of training go into unlearning that. GPT-2 draws
# its weights from $N(0, 0.02^2)$ and is spared this. So in a new training run look at the first loss first: far above
# $\ln V$, the start is bad; far below it, the answers leak (targets that were never shifted, say).
#
# How little does a model prefer before training? The five likeliest tokens after a beginning, with small weights:

# %%
nn.init.normal_(model.head.weight, std=0.02)
beginning = torch.tensor([encoding.encode("The piano came to the")])
probabilities = model(beginning)[0, -1].softmax(dim=-1)

likeliest = probabilities.topk(5).values * 50_257  # in units of 1 / V
print("the five largest:", [f"{p:.1f} / V" for p in likeliest.tolist()])
print(f"and in plain numbers: {probabilities.max().item():.5f}")

# %% [markdown]
# Out of fifty thousand tokens, the favourite is not even twice as likely as the average: there is nothing to read in it
# yet.

# %% [markdown]
# ## Weight tying
#
# The model has two large tables: the embedding, (V, D), turns an id into a vector, and the head, also (V, D), turns a
# vector into a logit for each id. The logit of a token is the dot product of the final vector with that token's row of
# the head:

# %%
assert model.token.weight.shape == model.head.weight.shape == (50_257, 24)  # (V, D)

final = model.norm(torch.randn(24, generator=torch.Generator().manual_seed(1)))  # (D,)
logit = model.head(final)[1234]
dot_product = (final * model.head.weight[1234]).sum()
print(f"token 1234: logit {logit.item():.3f}, dot product {dot_product.item():.3f}")

# %% [markdown]
# Both tables say what a token means, one for reading and one for writing. GPT-2 uses *one* table for both: **weight
# tying**. In PyTorch the two modules simply share the parameter:

# %%
before = sum(parameter.numel() for parameter in model.parameters())
model.head.weight = model.token.weight
after = sum(parameter.numel() for parameter in model.parameters())

print(f"{before:,} parameters untied, {after:,} tied: {before - after:,} fewer")
assert model.head.weight is model.token.weight and before - after == 50_257 * 24

# %% [markdown]
# `parameters()` counts a shared tensor once, and so must we. Tying also changes which rows learn. In lesson 04 only
# the rows that had been looked up got a gradient. Now the head uses all of them, at every position:

# %%
for tied in (False, True):
    torch.manual_seed(0)
    small = SmallGPT(vocab_size=11, context_length=9, d_model=24, n_heads=3, n_layers=1)
    if tied:
        small.head.weight = small.token.weight
    small(torch.tensor([[1, 5, 2]])).logsumexp(dim=-1).sum().backward()
    rows = small.token.weight.grad.abs().sum(dim=1).nonzero().flatten().tolist()
    print(f"tied {tied!s:5}: rows of the embedding with a gradient {rows}")

# %% [markdown]
# One table, two uses: so it must also start small. The embedding of lesson 04 started from $N(0, 1)$, and in a head
# that is the bad start that you have just seen:

# %%
for std in (1.0, 0.02):
    torch.manual_seed(0)
    nn.init.normal_(model.token.weight, std=std)
    loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
    print(f"tied table from N(0, {std}²): first loss {loss.item():.1f}")

# %% [markdown]
# ## The same, polished: `llmlab.gpt`
#
# What you assembled by hand is in the package, with checks, dropout and a cache for later. Is it the same? We build
# both at the same sizes, copy the package's weights tensor by tensor, and compare the logits.

# %%
sizes = {"vocab_size": 11, "context_length": 9, "d_model": 24, "n_heads": 3, "n_layers": 5}
torch.manual_seed(0)
packaged = GPT(GPTConfig(**sizes, qkv_bias=True, tie_weights=True))
by_hand = SmallGPT(**sizes)
by_hand.head.weight = by_hand.token.weight

with torch.no_grad():
    for mine, theirs in zip(by_hand.parameters(), packaged.parameters(), strict=True):
        assert mine.shape == theirs.shape
        mine.copy_(theirs)

assert torch.allclose(by_hand(ids), packaged(ids), atol=1e-6)
total = sum(parameter.numel() for parameter in packaged.parameters())
print(f"both have {total:,} parameters; their logits are equal")

# %% [markdown]
# And your own `layer_norm`, in the place of the package's:

# %%
x = torch.randn(2, 7, 24, generator=torch.Generator().manual_seed(2))
norm_of_block = packaged.blocks[0].norm_attention
yours = layer_norm(x, norm_of_block.scale, norm_of_block.shift, norm_of_block.eps)
if yours is None:
    print("layer_norm is still to be written: exercise 09.1.")
else:
    assert torch.allclose(yours, norm_of_block(x), atol=1e-6)
    print("Your layer_norm equals llmlab's.")

# %% [markdown]
# So the architecture is GPT-2's: its parts, in its order, with its 124,439,808 parameters. The project's tests take the
# last step. They build small GPT-2s with the library `transformers`, copy all weights into `llmlab.gpt.GPT` with
# `load_gpt2_weights`, and find the same logits, one by one. (Only the tests need that library, so it is not used here.)
#
# What the package adds is mostly refusal. It says what does not fit before anything is computed:

# %%
for wrong in (lambda: GPTConfig(11, 9, 24, n_heads=5, n_layers=1), lambda: packaged(torch.tensor([[1, 5, 11]]))):
    try:
        wrong()
    except ValueError as error:
        print(f"ValueError: {error}\n")

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
progress("09")
