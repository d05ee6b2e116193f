# %% [markdown]
# # 09 · The GPT block
#
# Attention moves information from token to token. A GPT is that layer and a few simple ones, stacked. In this lesson
# you add what is missing, see why thirty layers on top of each other need it, and end with a model that is GPT-2 in
# everything but the trained numbers.
#
# About {minutes} minutes. At the end you can
#
# - write LayerNorm, and say over which axis it works and why;
# - say what a residual connection, a norm and the scale of the first weights each do for a deep model;
# - write a block, in the right order, as a module;
# - tell logits from probabilities, and say what the first loss of an untrained model must be;
# - say what weight tying shares, and load GPT-2's published weights if you have them.

# %%
import math
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from llmlab.attention import influence_map
from llmlab.bpe import gpt2_encoding
from llmlab.corpus import load_text
from llmlab.course.figures import activation_functions, gpt_block, gradients_by_layer, norm_axis
from llmlab.exercises import exercise, progress
from llmlab.explorers import ShapeTracer
from llmlab.gpt import GPT, GPTConfig, TransformerBlock, load_gpt2

torch.set_printoptions(precision=3, sci_mode=False)

# %% [markdown]
# ## Before we start: three questions on lesson 08
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. What can two heads do that one cannot?</summary>
#
# Ask two questions about a token and keep the answers apart. Within one head scores add up, and its weights share one
# budget of 1.
# </details>
#
# <details><summary>2. Splitting into heads: why is one <code>view</code> to (B, H, T, d_head) not enough?</summary>
#
# It reads the numbers on in the order in which they lie in memory, so that a head holds pieces of different tokens.
# First
# <code>view</code> cuts the last axis, then <code>transpose</code> exchanges the axes of tokens and heads.
# </details>
#
# <details><summary>3. Where does a module keep its mask, and why there?</summary>
#
# In a buffer: not trained, but moved to a device and saved with the weights.
# </details>

# %% [markdown]
# ## Play first
#
# Every tensor of a GPT, from token ids to logits: its shape, what is trained to make it, what that costs. Most of the
# names are still new. Let the pass play, press a step, drag a number. Play for a minute: which shape comes back again
# and again, whatever you set? What puzzles you?

# %%
ShapeTracer()

# %% [markdown]
# ## What happens in a deep model
#
# A *deep* model feeds the output of one layer to the next. GPT-2 (in this course always its smallest version) has 12
# blocks of several layers each, large models have around a hundred.
#
# Training needs the gradient of each weight, and PyTorch computes it from the last layer back to the first. The slope
# of a chain of functions is the product of their slopes; that is the **chain rule**, and to compute gradients by it,
# from the end to the beginning, is **backpropagation**. So on its way back the gradient is multiplied by the slope of
# every layer, just as the signal was changed by every layer on its way forward. Thirty factors of one half make a
# billionth, and thirty factors of two a billion. Let us look: thirty layers, 24 numbers per token, ten tokens. Each
# layer multiplies by a matrix and bends the result a little (by `gelu`, of which more soon).

# %%
DEPTH, D = 30, 24


def through_the_stack(layer, gain=1.0, seed=0):
    """Size of the signal after all layers, and length of the gradient at each layer's weights."""
    generator = torch.Generator().manual_seed(seed)
    weights = [gain * torch.randn(D, D, generator=generator) / D**0.5 for _ in range(DEPTH)]
    x, direction = torch.randn(2, 10, D, generator=generator)  # (10, D) each
    for W in weights:
        x = layer(x, W.requires_grad_())
    (x * direction).sum().backward()  # stands for a loss
    return x.std().item(), [W.grad.norm().item() for W in weights]


def power(number):
    return f"10^{round(math.log10(number))}"


size, gradients = through_the_stack(lambda x, W: F.gelu(x @ W))
print(f"the signal is 1 at first, after {DEPTH} layers about {power(size)}")
print(f"gradient at the weights of layer 1: {power(gradients[0])}, of layer {DEPTH}: {power(gradients[-1])}")

# %% [markdown]
# The signal has died. So has the gradient, everywhere: that of a weight is the signal that comes in times the gradient
# that comes back. At the first layers nothing comes back, at the last ones nothing comes in. This is a **vanishing
# gradient**; the opposite, one that explodes, is no better.
#
# Depth alone is not to blame. The scale of the first weights, their **initialization**, decides as well. We multiply
# them by a gain. With **ReLU**, an older bend that sets all below 0 to 0, √2 is right on average, as He and others
# worked out in 2015:

# %%
for name, bend, gains in (("GELU", F.gelu, (1.0, 1.4, 1.5, 1.6)), ("ReLU", F.relu, (1.0, 2**0.5))):
    for gain in gains:
        size, gradients = through_the_stack(lambda x, W, bend=bend: bend(x @ W), gain)
        print(f"{name}, gain {gain:.2f}: signal {power(size):>6}, gradient at layer 1 {power(gradients[0]):>6}")

# %% [markdown]
# The right scale helps, and it is a narrow ridge: from 1.5 to 1.6 the signal at the end grows about ten-thousandfold,
# and training moves the weights away from wherever they began. Two more parts make a deep model forgiving. We build
# each, then return to the thirty layers.

# %% [markdown]
# ## LayerNorm: every vector at the same scale
#
# Before a layer reads a vector, bring it to a fixed scale. Take one token's vector, subtract its mean, and divide by
# its standard deviation:
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
# Three details decide whether it is right. The variance is divided by $D$, while `x.var()` divides by $D - 1$ unless
# told otherwise. The small $\varepsilon$ stands *inside* the root, for vectors whose numbers are all alike:

# %%
print(
    "mean of squares",
    variance.item(),
    " x.var()",
    round(x.var().item(), 2),
    " correction=0:",
    x.var(correction=0).item(),
)
alike = torch.full((4,), 7.0)
centred, variance = alike - alike.mean(), alike.var(correction=0)
print("all alike, without eps:", centred / variance.sqrt())
print("all alike, with eps:   ", centred / (variance + 1e-5).sqrt())

# %% [markdown]
# And the axis: each token's vector is normed by itself, over the $D$ numbers of that token, never over the tokens.

# %%
norm_axis.draw(torch.tensor([[2.0, 4.0, 9.0, 5.0], [1.0, -1.0, 0.0, 4.0], [10.0, 30.0, 20.0, 60.0]]))

# %% [markdown]
# Over the tokens, one would learn of the others, later ones included. Ask the influence map, once for each axis:


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
# vectors of length $D$, **scale and shift**, give back some freedom, component by component; they start at 1 and 0.
# Together this is **LayerNorm**:
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
# Attention lets tokens exchange information. The other part of a block works on each token alone: it takes the vector
# to four times its width (GPT-2's choice), bends it, and brings it back. Why bend? Because two matrices in a row are
# one matrix:

# %%
generator = torch.Generator().manual_seed(0)
x = torch.randn(5, 8, generator=generator)
W1, W2 = torch.randn(8, 32, generator=generator), torch.randn(32, 8, generator=generator)
one_matrix = x @ (W1 @ W2)
print(f"two layers, without a bend: {(x @ W1 @ W2 - one_matrix).abs().max():.3f} away from one matrix")
print(f"with a bend between them:   {(F.gelu(x @ W1) @ W2 - one_matrix).abs().max():.3f} away")

# %% [markdown]
# Such a bend is called a nonlinear **activation function**. ReLU is one. GPT-2 has **GELU**: $x$ times $\Phi(x)$, the
# share of the standard normal distribution that lies below $x$. It was trained with an approximation by a tanh, so we
# take that one too:
#
# $$\text{GELU}(x) = x \cdot \Phi(x) \approx \frac{x}{2}
# \left(1 + \tanh\left(\sqrt{2 / \pi}\,(x + 0.044715\,x^3)\right)\right)$$


# %%
def gelu(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


x = torch.linspace(-4, 4, 161)
exact = 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))
print(f"the tanh form is at most {(gelu(x) - exact).abs().max():.4f} away from the exact one")
activation_functions.draw(x, {"ReLU": x.relu(), "GELU": gelu(x)})

# %% [markdown]
# Where a number before a ReLU is below 0 for every token, the slope is 0, and the weights that make it get no gradient
# any more. GELU has a slope almost everywhere. Now the whole **feed-forward layer**, also called *MLP* (multilayer
# perceptron):


# %%
class FeedForward(nn.Module):
    def __init__(self, d_model):
        super().__init__()
        self.expand = nn.Linear(d_model, 4 * d_model)
        self.contract = nn.Linear(4 * d_model, d_model)

    def forward(self, x):
        return self.contract(gelu(self.expand(x)))  # (..., D) -> (..., 4D) -> (..., D)


torch.manual_seed(0)
feed_forward = FeedForward(8)
print("parameters:", sum(weight.numel() for weight in feed_forward.parameters()))
print(influence_map(feed_forward, torch.randn(5, 8)).int())

# %% [markdown]
# Only the diagonal: no token hears of another.

# %% [markdown]
# ## The residual stream
#
# The second idea is the simplest in this lesson: a layer does not *replace* its input, it *adds* to it.
#
# $$x \leftarrow x + \text{layer}(x)$$
#
# This is a **residual connection**, also called *skip* or *shortcut connection*. The $x$ that runs from the embedding
# to the end, with each layer reading from it and adding to it, is the **residual stream**. Through a sum a gradient
# passes unchanged: the slope of $x + f(x)$ is $1 + f'(x)$. So there is always one way back to the first layer on which
# nothing is multiplied. Take a layer that gives nothing, which closes the plain way altogether:

# %%
for residual in (False, True):
    x = torch.ones(3, requires_grad=True)
    change = 0.0 * x  # a layer whose weights are all 0
    (x + change if residual else change).sum().backward()
    print(f"residual {residual!s:5}: gradient that arrives {x.grad.tolist()}")

# %% [markdown]
# Back to the thirty layers, with gain 1, in all four combinations. Before you run the cell: what will happen with
# residual connections alone, if every layer adds something to the stream?


# %%
def norm(x):
    return F.layer_norm(x, x.shape[-1:])


STACKS = {
    "plain": lambda x, W: F.gelu(x @ W),
    "residual": lambda x, W: x + F.gelu(x @ W),
    "norm": lambda x, W: F.gelu(norm(x) @ W),
    "residual + norm": lambda x, W: x + F.gelu(norm(x) @ W),
}
print("                  signal   gradient at layer 1   layer 1 / layer 30, three seeds")
for name, layer in STACKS.items():
    found = [through_the_stack(layer, seed=seed) for seed in range(3)]
    (size, gradients), ratios = found[0], [float(f"{lengths[0] / lengths[-1]:.2g}") for _, lengths in found]
    print(f"{name:16} {power(size):>7} {power(gradients[0]):>21}   " + " ".join(f"{ratio:6g}" for ratio in ratios))

# %%
gradients_by_layer.draw({name: through_the_stack(layer)[1] for name, layer in STACKS.items()})

# %% [markdown]
# - *Plain*: nothing arrives anywhere.
# - *Residual* alone: everything arrives, and too much of it. Each layer adds in proportion to a stream that the layers
#   before it have enlarged, so it grows like compound interest.
# - *Norm* alone: the signal keeps its size, but the gradients at both ends differ by a factor of tens to hundreds.
# - *Both*: each layer reads a copy at scale 1, so what it adds stays about the same size, and the gradients of all
#   layers are of one order of magnitude. That is what a GPT uses.
#
# And the scale of the weights? With both, it hardly matters any more. Still, thirty additions enlarge the stream. GPT-2
# therefore starts the weights that add to the stream smaller: divided by $\sqrt{2L}$, since $L$ blocks make $2L$
# additions. Here there are 30:

# %%
for gain in (0.5, 1.0, 2.0):
    sizes = [
        through_the_stack(lambda x, W, part=part: x + F.gelu(norm(x) @ W) / part, gain)[0] for part in (1, DEPTH**0.5)
    ]
    print(f"gain {gain}: signal at the end {sizes[0]:.1f}; with all additions divided by √30: {sizes[1]:.1f}")

# %% [markdown]
# ## The pre-norm block
#
# A **transformer block** has two *sub-layers*, attention and feed-forward, in this order: first hear what the other
# tokens have, then work on it. Two rules hold for both:
#
# 1. A sub-layer reads a *normed copy* of the stream. (**Pre-norm**: the norm stands before the sub-layer.)
# 2. What it gives is *added* to the stream itself. The stream is never normed on its way.
#
# Each sub-layer has a norm of its own, with its own scale and shift.

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
# ### Exercise 09.3 · The block
#
# ●●● · 12 minutes · for writing the part that a GPT is made of · write a class
#
# Write `Block` as a module. `__init__` makes four parts, under these names:
#
# - `norm_1` and `norm_2`: `nn.LayerNorm(d_model)`, PyTorch's (it calls scale and shift `weight` and `bias`);
# - `attention`: `MultiHeadAttention` of lesson 08, called with (d_in, d_out, context_length, n_heads) and
#   `qkv_bias=True`, as in GPT-2; input and output are both d_model wide;
# - `feed_forward`: `FeedForward(d_model)`, the class above; the cell imports the package's, which is the same.
#
# `forward(x)` takes (B, T, d_model) and returns the same shape.

# %% exercise="09.3"
from torch import nn

from llmlab.attention import MultiHeadAttention
from llmlab.gpt import FeedForward


class Block(nn.Module):
    def __init__(self, d_model, n_heads, context_length):
        ### BEGIN SOLUTION
        super().__init__()
        self.norm_1 = nn.LayerNorm(d_model)
        self.attention = MultiHeadAttention(d_model, d_model, context_length, n_heads, qkv_bias=True)
        self.norm_2 = nn.LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model)
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        x = x + self.attention(self.norm_1(x))
        return x + self.feed_forward(self.norm_2(x))
        ### END SOLUTION


# %%
exercise("09.3").check(Block)

# %%
gpt_block.draw()

# %% [markdown]
# What goes in comes out in the same shape, so blocks can be stacked; and only attention lets tokens reach each other,
# so a block is exactly as causal as its attention.
#
# ### Pre-norm and post-norm
#
# The first transformer, of 2017, put the norm elsewhere: *after* the sum, `norm(x + attention(x))`, which is called
# **post-norm**. Then the stream itself is normed, twice a block. Compare both with sub-layers that give nothing: which
# one hands on what it was given?

# %%
stream = torch.tensor([[1.0, 5.0, 3.0, 11.0]])
nothing = torch.zeros_like(stream)
print("pre-norm :", stream + nothing)
print("post-norm:", norm(stream + nothing))

# %% [markdown]
# Pre-norm does: the residual path stays open, which makes deep models easier to train. The price: the stream may grow
# from block to block, so one last norm stands after the last block.

# %% [markdown]
# ## A small GPT
#
# Now we have everything. Ids become vectors that know their place (lesson 05), the blocks work on them, a last norm
# brings them to one scale, and a matrix, the **output head**, turns each vector into $V$ numbers. (It has nothing to do
# with the heads of attention.) The blocks here are the package's; at the end yours is
# compared with them.


# %%
class SmallGPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.token = nn.Embedding(config.vocab_size, config.d_model)
        self.position = nn.Embedding(config.context_length, config.d_model)
        self.blocks = nn.Sequential(*[TransformerBlock(config) for _ in range(config.n_layers)])
        self.norm = nn.LayerNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)

    def forward(self, ids):
        x = self.token(ids) + self.position.weight[: ids.shape[-1]]  # (B, T, D)
        return self.head(self.norm(self.blocks(x)))  # (B, T, V)


# %%
config = GPTConfig(vocab_size=11, context_length=9, d_model=24, n_heads=3, n_layers=5, qkv_bias=True, tie_weights=True)
torch.manual_seed(0)
toy = SmallGPT(config)
ids = torch.tensor([[1, 5, 2, 10, 0, 3, 3], [7, 7, 1, 0, 4, 9, 8]])  # (B, T)
logits = toy(ids)
print("ids", tuple(ids.shape), "-> logits", tuple(logits.shape))

# %% [markdown]
# ## Logits, softmax, probabilities
#
# What comes out is not a probability. Logits are scores: any numbers, positive or negative. A softmax over the
# vocabulary makes probabilities of them, one distribution for each position. It looks only at their differences: add
# the same number to all, and nothing changes. A softmax on top of a softmax is something else:

# %%
row = logits[0, -1].detach()  # (V,) what may follow the last token of the first text
probabilities = row.softmax(dim=-1)
print("logits             ", row[:5], "… sum", round(row.sum().item(), 2))
print("probabilities      ", probabilities[:5], "… sum", round(probabilities.sum().item(), 2))
print("all logits + 100   ", (row + 100).softmax(dim=-1)[:5])
print("softmax of the same", probabilities.softmax(dim=-1)[:5])

# %% [markdown]
# That is why PyTorch's `cross_entropy` wants *logits*: it does the softmax itself (lesson 11 shows what happens to
# those who do it twice). At each position it is minus the logarithm of the probability that the model gave to the right
# token:

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
# $\ln V$, and how near it comes tells whether the weights start well. Here is a small GPT on the story, with GPT-2's
# 50,257 tokens. The numbers in its output head have once a small standard deviation, once a large one:

# %%
encoding = gpt2_encoding()
story = torch.tensor(encoding.encode(load_text()))
inputs, targets = story[:60].view(3, 20), story[1:61].view(3, 20)  # (B, T)
story_config = GPTConfig(vocab_size=50_257, context_length=32, d_model=64, n_heads=4, n_layers=5)


def first_loss(model, targets):
    return F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten()).item()


torch.manual_seed(0)
model = SmallGPT(story_config)
print(f"ln V = {math.log(50_257):.2f}")
for std in (0.02, 1.0):
    nn.init.normal_(model.head.weight, std=std)
    print(f"output head from N(0, {std}²): first loss {first_loss(model, targets):.1f}")

# %% [markdown]
# With small weights the loss starts where it should. With large ones the model is *sure of something* before it has
# seen a single text, it is nearly always wrong, and the first steps of training go into unlearning that. GPT-2 draws
# its weights from $N(0, 0.02^2)$, those that add to the stream smaller by $\sqrt{2L}$, and is spared this. So look at
# the first loss first: far above $\ln V$, the start is bad. Far below, something is wrong as well, as you will see.

# %% [markdown]
# ## Weight tying
#
# The model has two large tables: the embedding, (V, D), turns an id into a vector, and the output head, also (V, D),
# turns a vector into a logit for each id: its dot product with that id's row. GPT-2 uses *one* table for both, which is
# called **weight tying**. In PyTorch the two modules simply share the parameter, and `parameters()` counts it once:

# %%
before = sum(parameter.numel() for parameter in model.parameters())
model.head.weight = model.token.weight
after = sum(parameter.numel() for parameter in model.parameters())
print(f"{before:,} parameters untied, {after:,} tied: {before - after:,} fewer, 50,257 × 64")

# %% [markdown]
# Tying also changes which rows learn. In lesson 04 only rows that had been looked up got a gradient. Now the head uses
# all of them, at every position:

# %%
for tied in (False, True):
    torch.manual_seed(0)
    small = SmallGPT(config)
    if tied:
        small.head.weight = small.token.weight
    F.cross_entropy(small(torch.tensor([[1, 5, 2]]))[0], torch.tensor([5, 2, 8])).backward()
    rows = small.token.weight.grad.abs().sum(dim=1).nonzero().flatten().tolist()
    print(f"tied {tied!s:5}: rows of the embedding with a gradient {rows}")

# %% [markdown]
# And it changes what a first loss can tell. Suppose somebody forgot to shift the targets: each position is asked for
# the very token that it reads. Does the first loss show it?

# %%
for tied in (False, True):
    torch.manual_seed(0)
    leaky = GPT(GPTConfig(50_257, 32, d_model=64, n_heads=4, n_layers=5, tie_weights=tied))
    print(f"tied {tied!s:5}: shifted {first_loss(leaky, targets):.2f}, not shifted {first_loss(leaky, inputs):.2f}")

# %% [markdown]
# Untied, no: both are about $\ln V$. An untrained model cannot use an answer that it sees, and the leak shows only in
# training. Tied, yes: the stream still holds the token's own row, and that row's dot product with itself is the
# largest. So a first loss clearly below $\ln V$ says, with tied weights, that targets were not shifted; or else that
# the vocabulary was counted wrong, or the mean.

# %% [markdown]
# ### Predict, then explore
#
# The tracer again; now you know every name in it. It starts with four blocks of width 96. Before you touch it:
#
# - Which shape does the stream have, from the first sum to the last norm, and which numbers can change it?
# - Double the number of heads. Which shapes change, and does the number of parameters?
# - Tie the weights. Which parts lose their blue dot?
# - **The target:** the 124,439,808 parameters of GPT-2. Width 768, 12 blocks, a context of 1,024 and 50,257 tokens are
#   not yet enough: what else has it?

# %%
explorer = ShapeTracer()
explorer

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - (B, T, D), at every ⊕ along the line; batch, context, tokens read and width change its numbers. Blocks can be
#   stacked because of that.
# - q, k and v, the scores, the weights and the sums: what has an H or a D/H in its shape. The number of parameters
#   stays: heads only cut the same matrices differently (lesson 08).
# - Only the head, V · D parameters. It uses the token table, which stays; so its orange mark, what it costs, stays,
#   too.
# - A bias for queries, keys and values, and tied weights. Without tying it would be 163,037,184.
# </details>

# %% [markdown]
# ## The same, polished: `llmlab.gpt`
#
# What you assembled is in the package, with checks, a cache for later, and in training dropout at three places: on the
# sum of token and position vectors, on the attention weights, and on what each sub-layer adds. Is it the same? We build
# both at the same sizes, copy the package's weights, and compare; first the logits, then your own `layer_norm` and
# `Block`.

# %%
torch.manual_seed(0)
packaged = GPT(config)
by_hand = SmallGPT(config)
by_hand.head.weight = by_hand.token.weight
with torch.no_grad():
    for mine, theirs in zip(by_hand.parameters(), packaged.parameters(), strict=True):
        mine.copy_(theirs)
print(f"largest difference of the logits: {(by_hand(ids) - packaged(ids)).abs().max():.5f}")

# %%
if any(exercise(id).status != "passed" for id in ("09.1", "09.3")):
    print("layer_norm and Block are compared once their checks pass: exercises 09.1 and 09.3.")
else:
    block, theirs = Block(d_model=24, n_heads=3, context_length=9), packaged.blocks[0]
    my_parts = (block.norm_1, block.attention, block.norm_2, block.feed_forward)
    their_parts = (theirs.norm_attention, theirs.attention, theirs.norm_feed_forward, theirs.feed_forward)
    with torch.no_grad():
        for part, other in zip(my_parts, their_parts, strict=True):
            for weight, its in zip(part.parameters(), other.parameters(), strict=True):
                weight.copy_(its)
    x, norm_1 = torch.randn(2, 7, 24, generator=torch.Generator().manual_seed(2)), theirs.norm_attention
    yours = layer_norm(x, norm_1.scale, norm_1.shift, norm_1.eps)
    print(f"your layer_norm differs by {(yours - norm_1(x)).abs().max():.5f}")
    print(f"your Block differs by      {(block(x) - theirs(x)).abs().max():.5f}")

# %% [markdown]
# ### GPT-2
#
# With the published sizes this architecture is GPT-2's, part for part. We build it on the device "meta", which keeps
# shapes and no numbers, and count:

# %%
with torch.device("meta"):
    gpt2 = GPT(GPTConfig(50_257, 1024, d_model=768, n_heads=12, n_layers=12, qkv_bias=True, tie_weights=True))
print(f"{sum(parameter.numel() for parameter in gpt2.parameters()):,} parameters")
for name, parameter in list(gpt2.named_parameters())[:6]:
    print(f"  {name:31} {tuple(parameter.shape)}")

# %% [markdown]
# Does it also compute what GPT-2 computes? No cell here shows that: it takes the library `transformers`, which the
# course does not need otherwise. The project's tests do it (`tests/core/test_pretrained.py`): they build small GPT-2s
# with that library, from random weights, save them, load them with `load_gpt2`, and compare all logits.
#
# If you have GPT-2's four files from Hugging Face (config.json, model.safetensors, vocab.json, merges.txt; 550 MB) in a
# folder, name it here. Nothing is downloaded. The published weights themselves have not been tried in the making of
# this course, only random ones in the same files. Lesson 12 lets such a model write.

# %%
FOLDER = None  # for example "gpt2"
if FOLDER is None:
    print("No folder is named, so nothing is loaded.")
else:
    pretrained, its_tokenizer = load_gpt2(FOLDER)
    beginning = torch.tensor([its_tokenizer.encode("The piano came to the")])
    with torch.no_grad():
        following = pretrained(beginning)[0, -1].softmax(dim=-1).topk(5)
    for share, token_id in zip(following.values.tolist(), following.indices.tolist(), strict=True):
        print(f"{share:.3f} {its_tokenizer.decode([token_id])!r}")

# %% [markdown]
# ## You can now
#
# - write LayerNorm, over the right axis and with its $\varepsilon$ in the right place;
# - say what norm, residual connection and the scale of the first weights do for a deep model;
# - write a pre-norm block, and stack blocks to a GPT;
# - read logits, and check a new model by its first loss, $\ln V$;
# - say what weight tying shares, and what it makes visible.
#
# Type `??TransformerBlock` in a new cell to read the package's version. The model is complete, and it knows nothing.
# Lesson 10 says what it costs, lesson 11 trains it.

# %% [markdown]
# ## Where this comes from
#
# - He, Zhang, Ren and Sun, 2015, *Delving Deep into Rectifiers*: the scale of the first weights for ReLU; and 2016,
#   *Deep Residual Learning for Image Recognition*: residual connections.
# - Ba, Kiros and Hinton, 2016, *Layer Normalization*. Hendrycks and Gimpel, 2016, *Gaussian Error Linear Units
#   (GELUs)*.
# - Press and Wolf, 2017, *Using the Output Embedding to Improve Language Models*: weight tying.
# - Radford and others, 2019, *Language Models are Unsupervised Multitask Learners*: GPT-2; the norm moved before the
#   sub-layers, a last norm added, and the weights that add to the stream started smaller.
# - Xiong and others, 2020, *On Layer Normalization in the Transformer Architecture*: why pre-norm trains more easily.
#
# **Read next:** section 2.3 of the GPT-2 paper, *Model*: a single paragraph, and you know what its changes are for.

# %%
progress("09")
