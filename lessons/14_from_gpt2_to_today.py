# %% [markdown]
# # 14 · From GPT-2 to today
#
# GPT-2 is from 2019. The models that people talk to today are built from the same blocks, with a handful of parts
# exchanged, and each exchange is a few lines. In this lesson you change one part at a time, see what it holds and
# costs, and read what it did to the loss in a fair comparison. At the end the model that you know is a Llama, logit for
# logit.
#
# About {minutes} minutes. At the end you can
#
# - write RMSNorm and a feed-forward layer with a gate, and send tokens to the experts that a router chooses;
# - say what rotary positions and grouped queries change in a whole model, cache included;
# - tell the parameters that a model holds from those that a token goes through;
# - compare architectures fairly, and say what a table of results shows and what it does not.

# %%
import json
import warnings
from dataclasses import replace

import torch
from safetensors.torch import load_file
from torch.nn import functional as F
from torch.utils.data import DataLoader

from llmlab.attention import KVCache
from llmlab.bpe import train_bpe
from llmlab.corpus import toy_world
from llmlab.course.figures import activation_functions, block_today, variants
from llmlab.exercises import exercise, progress
from llmlab.explorers import ArchitectureTracer
from llmlab.explorers.architecture_tracer import PUBLISHED, config_of
from llmlab.gpt import (
    GPT,
    Experts,
    GPTConfig,
    RMSNorm,
    SwiGLU,
    count_parameters,
    load_llama_weights,
    load_mixtral_weights,
    route,
)
from llmlab.training import TrainConfig, split_documents, train
from llmlab.utils.bundled import data_path
from llmlab.windows import SlidingWindowDataset, pack

# %% [markdown]
# ## Before we start: three questions on lesson 13
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. What does a KV cache keep, and why no queries?</summary>
#
# The keys and values of all tokens so far, in every layer. A query is used in its own step and never again.
# </details>
#
# <details><summary>2. Four query heads share one head of keys and values. What becomes smaller, and what does
# not?</summary>
#
# The cache, to a quarter, and the projections to keys and values. Every query head still has its own scores and its own
# context.
# </details>
#
# <details><summary>3. What does FlashAttention save, and what does it leave as it is?</summary>
#
# It saves memory and traffic: the scores are never stored. The result and the number of operations stay the same.
# </details>

# %% [markdown]
# ## Play first
#
# The shape tracer of lesson 09, with more to set. It opens on GPT-2; the other names are published models. Press
# **Llama 3 8B** and then GPT-2 again, a few times, and watch the column of steps. Which steps are new, which have
# gone, and which only have another name? Play for a minute: what puzzles you?

# %%
ArchitectureTracer()

# %% [markdown]
# New are `q and k, turned` and `gate, SiLU`. The rows of the position table and their sum have gone. What was `norm` is
# now `RMSNorm`, k and v have fewer heads, and the head of Llama 3 is a matrix of its own. Here are a block of GPT-2 and
# one of today, each above its tables, without the sums of the residual stream, which have stayed. The rest of the
# lesson takes what differs one by one.

# %%
block_today.draw()

# %% [markdown]
# ## One change at a time
#
# Is a new part *better*? That question has no answer as long as everything else differs, too. So one trains two models
# that differ in one part, on the same text, for the same number of steps, with as many parameters, within 1 %. Such a
# comparison is often called an **ablation**, though that word first meant leaving a part out. And one trains each of
# them several times, from other first weights, since luck makes a difference as well.
#
# We have done that with GPT-2's architecture and eight changes of it: small models, the toy world, three seeds each.
# The results travel with the course, with the recipe (`tools/record_variants.py`). First the recipe, and GPT-2 alone:

# %%
record = json.loads(data_path("variants.json").read_text(encoding="utf-8"))
rows = {row["name"]: row for row in record["variants"]}
losses = {name: [run["validation"][-1][1] for run in row["runs"]] for name, row in rows.items()}
recipe, base = record["recipe"], GPTConfig(**rows["GPT-2"]["config"])

print(f"{recipe['training']['steps']:,} steps of {recipe['batch_size']} windows of {recipe['context_length']} tokens")
print(f"width {base.d_model}, {base.n_heads} heads, {base.n_layers} blocks: {rows['GPT-2']['parameters']:,} parameters")
print("GPT-2, validation loss of three seeds:", losses["GPT-2"])

# %% [markdown]
# Same model, same text, same steps: the losses differ by 0.04, from luck alone. This is the *spread* of the seeds. So
# the rule for all that follows: two rows show a difference only if their *ranges* are apart, with every seed of the one
# below every seed of the other. (Even so, equal rows would come out apart by luck in one case of ten: in 2 of the 20
# orders that three and three losses can have.) Here is what we shall print for each change:


# %%
def compare(name):
    print(f"{'':22} parameters   loss: lowest  mean  highest of three seeds")
    for one in ("GPT-2", name):
        low, *_, high = sorted(losses[one])
        mean = sum(losses[one]) / len(losses[one])
        print(f"{one:22} {rows[one]['parameters']:10,} {low:14.2f} {mean:5.2f} {high:8.2f}")


# %% [markdown]
# ## RMSNorm: a norm without a mean
#
# LayerNorm subtracts the mean, divides by the standard deviation, scales and shifts. Which of that is needed?
# **RMSNorm** keeps two steps: it divides by the *root mean square*, and scales.
#
# $$\text{RMSNorm}(x) = \text{scale} \cdot \frac{x}{\sqrt{\frac{1}{D} \sum_i x_i^2 + \varepsilon}}$$
#
# One token of width 4, with numbers that lesson 09 used:

# %%
torch.set_printoptions(precision=3, sci_mode=False)
x = torch.tensor([2.0, 4.0, 9.0, 5.0])  # one token, D = 4
mean_of_squares = x.square().mean()
normed = x / mean_of_squares.sqrt()
print("mean of squares", mean_of_squares.item())
print("normed", normed, " its mean of squares", round(normed.square().mean().item(), 3))
print("LayerNorm gives", F.layer_norm(x, (4,)))

# %% [markdown]
# The direction of the vector stays; only its length changes. All four numbers are still positive, while LayerNorm makes
# two of them negative.

# %% [markdown]
# ### Exercise 14.1 · RMSNorm
#
# ●●○ · 6 minutes · for the norm of most models of today · write a function
#
# Complete `rms_norm`. `x` has shape (..., D), with any number of axes in front, and `scale` has shape (D,). Each vector
# along the last axis is divided by the root of the mean of its squares, with `eps` added inside the root, then scaled.
# Use `mean`, `sqrt` and the like; PyTorch's own `rms_norm` would pass the check and teach you nothing.


# %% exercise="14.1"
def rms_norm(x, scale, eps):
    ### BEGIN SOLUTION
    mean_of_squares = x.square().mean(dim=-1, keepdim=True)
    return scale * x / (mean_of_squares + eps).sqrt()
    ### END SOLUTION


# %%
exercise("14.1").check(rms_norm)

# %% [markdown]
# What does it save? A shift of D numbers in each norm, and the two steps that find and subtract the mean. And where the
# mean is 0 already, the two norms give the same:

# %%
count = {norm: count_parameters(replace(base, norm=norm)) for norm in ("layer", "rms")}
print(f"numbers in all norms: LayerNorm {count['layer'].norms}, RMSNorm {count['rms'].norms}")
centred = x - x.mean()
print("mean 0:", F.layer_norm(centred, (4,)), F.rms_norm(centred, (4,), eps=1e-5))
compare("RMSNorm")

# %% [markdown]
# The ranges overlap: three seeds show no difference between the two norms. The simpler one is at least not far behind.
#
# ## SwiGLU: a gate in the feed-forward layer
#
# GPT-2's feed-forward layer expands, bends and contracts. A *gate* adds a second matrix that reads the same vector, and
# multiplies: number by number it decides how much of what the first one found goes through. A gate at 0 lets nothing
# through. The gate is bent by **SiLU**, $z \cdot \sigma(z)$ with the sigmoid $\sigma$, a curve much like GELU:

# %%
z = torch.linspace(-6, 4, 201)
activation_functions.draw(z, {"GELU": F.gelu(z), "SiLU": F.silu(z)})

# %%
found = torch.tensor([1.5, 1.5, 1.5, -2.0])  # what W_expand gives, four numbers
for_gate = torch.tensor([-8.0, 0.0, 3.0, 3.0])  # what W_gate gives
print("the gate: ", F.silu(for_gate))
print("let through:", F.silu(for_gate) * found)

# %% [markdown]
# The same 1.5 is shut out at −8 and at 0, and enlarged at 3. A feed-forward layer with such a gate is called
# **SwiGLU**: *GLU* for gated linear unit, and *Swi* since SiLU is also known as Swish. With three matrices and no
# biases:
#
# $$\text{SwiGLU}(x) = \left(\text{SiLU}(x W_\text{gate}) \odot x W_\text{expand}\right) W_\text{contract}$$
#
# where $\odot$ multiplies number by number.

# %% [markdown]
# ### Exercise 14.2 · SwiGLU
#
# ●●○ · 6 minutes · for the feed-forward layer of today · write a function
#
# Complete `swiglu`. `x` has shape (..., D), `W_gate` and `W_expand` have shape (D, F), `W_contract` has shape (F, D).
# Vectors are rows: x @ W. Return a tensor of the shape of `x`. `torch.nn.functional.silu` may be used.


# %% exercise="14.2"
def swiglu(x, W_gate, W_expand, W_contract):
    ### BEGIN SOLUTION
    gate = torch.nn.functional.silu(x @ W_gate)  # (..., D) -> (..., F)
    return (gate * (x @ W_expand)) @ W_contract  # (..., F) -> (..., D)
    ### END SOLUTION


# %%
exercise("14.2").check(swiglu)

# %% [markdown]
# Three matrices hold more than two. For a fair comparison the inner width shrinks, from $4D$ to $\frac{8}{3}D$:

# %%
for mlp, d_ff in (("gelu", None), ("swiglu", 4 * base.d_model), ("swiglu", None)):
    one = replace(base, mlp=mlp, d_ff=d_ff)
    print(f"{mlp:6} inner width {one.ff_width:3}: {count_parameters(one).feed_forward:7,} parameters")
compare("SwiGLU")

# %% [markdown]
# Here the gate did not help: the mean is worse, and one seed is far off. Even so the ranges touch, so by our rule no
# difference is shown. And do not conclude that gates are bad. The learning rate was chosen for the first row, the
# models are tiny, and 1,000 steps are few. Shazeer (2020), who proposed it, trained larger models for longer, and there
# it did better. Llama, Mistral and Qwen have it.
#
# ## Rotary positions, inside the model
#
# In lesson 05 you turned pairs of numbers by an angle that grows with the position. In a model that happens in *every*
# layer, to queries and keys, right before the scores. The position table, and the sum with it, are gone:

# %%
torch.manual_seed(0)
small = GPTConfig(vocab_size=31, context_length=40, d_model=24, n_heads=3, n_layers=2)
learned, rotary = GPT(small).eval(), GPT(replace(small, positions="rotary")).eval()
for name, model in (("learned", learned), ("rotary", rotary)):
    for block in model.blocks:
        block.attention.qkv.weight.data *= 10  # untrained, all scores are near 0; so that it looks at something
    tables = [part for part, _ in model.embedding.named_parameters()]
    print(f"{name:8} tables {tables}, {sum(p.numel() for p in model.parameters()):,} parameters")

# %% [markdown]
# What is gained besides 960 numbers? In the dot product of two turned vectors only the *distance* of their places
# counts, not where they stand. So the same text, moved to other places, gets the same logits:

# %%
ids = torch.randint(31, (1, 9), generator=torch.Generator().manual_seed(1))  # (1, T)
with torch.no_grad():
    for name, model in (("learned", learned), ("rotary", rotary)):
        moved = (model(ids) - model(ids, positions=20)).abs().max().item()  # from place 0, from place 20
        print(f"{name:8} moved by 20 places, the logits change by {moved:.4f}")

# %% [markdown]
# With a cache (lesson 13) the keys that it holds have been turned already, and the count of positions must go on where
# it stopped. llmlab's `KVCache` knows how many tokens it holds:

# %%
with torch.no_grad():
    whole = rotary(ids)  # (1, T, V)
    for name, last in (("counted on", None), ("begun anew", 0)):
        cache = KVCache()
        rotary(ids[:, :8], cache=cache)  # prefill: eight tokens, at places 0 to 7
        ninth = rotary(ids[:, 8:], cache=cache, positions=last)  # None: the cache says that this is place 8
        print(f"positions {name}: the logits of the ninth token differ by {(ninth - whole[:, 8:]).abs().max():.4f}")

# %%
compare("rotary positions")

# %% [markdown]
# This time the ranges are apart: every rotary seed is below every seed of GPT-2. In this setting, that is.
#
# ## Grouped queries
#
# The fourth change you know: in lesson 13 you let groups of query heads share keys and values. Here two share one. That
# saves half of the cache, and some parameters, which our comparison gave to the feed-forward layer:

# %%
compare("grouped queries")
for name in ("GPT-2", "grouped queries"):
    print(f"{name:16} a full cache: {rows[name]['cache_bytes']:,} bytes")

# %% [markdown]
# Half the cache, and no difference that three seeds can show.
#
# ## Train one yourself
#
# A recording can be checked. We train the rotary row again, from seed 0, up to its first measurement at step 200: a few
# seconds. First text and tokenizer, as the recipe says:

# %%
training, validation = split_documents(toy_world(recipe["toy_world_sentences"], seed=0))
with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # fewer merges than asked for: every word is one token by then
    tokenizer = train_bpe(training, 700, special_tokens=["<|endoftext|>"])
parts = [pack(part.split("<|endoftext|>"), tokenizer) for part in (training, validation)]
T, order = recipe["context_length"], torch.Generator().manual_seed(0)
windows = [SlidingWindowDataset(part, T, T) for part in parts]
loader = DataLoader(windows[0], recipe["batch_size"], shuffle=True, drop_last=True, generator=order)
print(f"{len(tokenizer)} tokens, {len(windows[0]):,} windows to learn from, {len(windows[1]):,} to measure on")

# %%
threads = torch.get_num_threads()
torch.set_num_threads(1)  # faster than two for a model this small


def stop_after_200(history):
    if len(history.loss) >= 200:
        raise KeyboardInterrupt  # as the stop button does: the run ends after the step in hand


torch.manual_seed(0)
yours = GPT(GPTConfig(**rows["rotary positions"]["config"]))
history = train(
    yours,
    loader,
    TrainConfig(**recipe["training"]),
    validation=DataLoader(windows[1], 64),
    progress=False,
    on_evaluation=stop_after_200,
)
torch.set_num_threads(threads)

# %% tags=["nbval-ignore-output"]
recorded = rows["rotary positions"]["runs"][0]["validation"][0][1]
of_gpt2 = [run["validation"][0][1] for run in rows["GPT-2"]["runs"]]
print(f"step 200: yours {history.validation[0][1]:.3f}, recorded {recorded:.3f}", end="; ")
print(f"the seeds of GPT-2 stood at {min(of_gpt2):.3f} to {max(of_gpt2):.3f}")
assert abs(history.validation[0][1] - recorded) < 0.05, "another loss than the recorded one: was something changed?"

# %% [markdown]
# Another machine rounds otherwise, and 200 steps enlarge that. So the cell allows 0.05, less than half of the way to
# the nearest seed of GPT-2: it would not take the one architecture for the other.

# %% [markdown]
# ## A mixture of experts
#
# The last change is of another kind. A larger feed-forward layer can hold more, and every token pays for all of it. A
# **mixture of experts** (MoE) holds several feed-forward layers side by side in each block, its **experts**, and sends
# each token through a few of them. Which ones? A matrix with a column for each expert, the **router**, gives every
# expert a logit. The $k$ largest win, and a softmax over these $k$ says in which shares their outputs are added up.

# %%
logits = torch.tensor([[0.2, 2.0, -1.0, 1.0], [1.5, -0.3, 0.4, 0.1]])  # two tokens, four experts
largest, chosen = logits.topk(2, dim=-1)
shares = largest.softmax(dim=-1)
for token in range(2):
    print(f"token {token}: experts {chosen[token].tolist()}, in shares {shares[token]}")

# %% [markdown]
# ### Exercise 14.3 · Route tokens to experts
#
# ●●● · 9 minutes · for knowing what a mixture of experts does with a token · write a function
#
# Complete `mixture`. `x` has shape (N, D), one token per row; `router` has shape (D, E). To keep it short, an expert is
# one matrix here: `experts` has shape (E, D, D), and what expert `e` makes of token `n` is `x[n] @ experts[e]`. Each
# token goes through the `k` experts with the largest logits, `x @ router`, in shares that are a softmax over these `k`.
# Return the sums, (N, D).


# %% exercise="14.3"
def mixture(x, router, experts, k):
    ### BEGIN SOLUTION
    largest, chosen = (x @ router).topk(k, dim=-1)  # (N, k) each
    shares = largest.softmax(dim=-1)
    total = torch.zeros_like(x)
    for n in range(len(x)):
        for j in range(k):
            total[n] += shares[n, j] * (x[n] @ experts[chosen[n, j]])
    return total
    ### END SOLUTION


# %%
exercise("14.3").check(mixture)

# %% [markdown]
# So a model has two sizes: the parameters that it *holds*, and the **active parameters**, those that one token goes
# through. The first must fit into memory, the second say what a token costs.

# %% [markdown]
# ### Exercise 14.4 · Held and used
#
# ●●○ · 4 minutes · for reading names such as 8x7B · predict
#
# A layer has width 10. It holds 6 experts, each a SwiGLU without biases and with an inner width of 20, and a router
# without bias. Each token goes through 2 experts. How many parameters does the layer hold, and how many does one token
# go through? The router counts both times.

# %% exercise="14.4"
### BEGIN SOLUTION
held, used = 3_660, 1_260
### STUB
# held, used = ..., ...
### END SOLUTION

# %%
exercise("14.4").check((held, used))

# %% [markdown]
# ### Who gets the work?
#
# An expert that is not chosen for a token learns nothing from it, since nothing of it is in the result. One token, four
# experts:

# %%
torch.manual_seed(0)
layer = Experts(replace(small, mlp="swiglu", bias=False, n_experts=4))
layer(torch.randn(1, 24, generator=torch.Generator().manual_seed(0))).sum().backward()
for number, expert in enumerate(layer.experts):
    print(f"expert {number}: length of the gradient {expert.expand.weight.grad.norm():.2f}")

# %% [markdown]
# Whoever is chosen learns, and may then be chosen still more often. In the end a few experts could do everything.
# Against that a second term is added to the loss, **load balancing**: the share of choices that fell on an expert times
# its mean probability, summed over the experts, times their number. It is 1 where all share evenly, and up to the
# number of experts where one does it all:

# %%
even = torch.eye(4).repeat(5, 1) * 9.0  # 20 tokens: each expert is the first choice of five
one_sided = torch.tensor([[9.0, 0.0, 0.0, 0.0]]).repeat(20, 1)
for name, router_logits in (("even", even), ("one-sided", one_sided)):
    often = router_logits.argmax(dim=-1).bincount(minlength=4) / 20  # shares of choices, with k = 1
    probable = router_logits.softmax(dim=-1).mean(dim=0)
    print(f"{name:9}: choices {often.tolist()}, load balancing {(4 * often @ probable).item():.2f}")

# %% [markdown]
# A small multiple of it is enough. In the recorded runs it was 0.01, and at the end the four experts of each block were
# chosen in these shares (even would be 0.25):

# %%
for number, block in enumerate(rows["experts, same total"]["runs"][0]["expert_loads"]):
    print(f"block {number}: {[round(load, 2) for load in block]}")
for name in ("experts, same total", "experts, same active"):
    compare(name)
    print(f"{'':22} {rows[name]['active_parameters']:10,} of them active\n")

# %% [markdown]
# *Same total* gives four experts together as many parameters as GPT-2's layer has; a token then uses three quarters of
# the model. *Same active* is what experts are for: a token uses as much as in GPT-2, and the model holds half as much
# again. At this size neither shows a difference: their ranges overlap with that of GPT-2. The price is seen without
# training: all experts must be in memory.
#
# ## The whole table
#
# All rows. *All but experts* has the four other changes at once, *all* has all five.

# %%
variants.draw(losses)

# %% [markdown]
# ### Exercise 14.5 · What does the table say?
#
# ●●○ · 3 minutes · for reading the tables of papers · choose and explain
#
# Which sentence does this table support? Answer with a letter, and write your reason as a comment before you run the
# check.
#
# - **a**: SwiGLU makes models worse.
# - **b**: Grouped queries are better than one key head for each query head: 1.30 against 1.31 on average.
# - **c**: With this text, size, learning rate and number of steps, rotary positions reached a lower loss than a
#   position table.
# - **d**: RMSNorm and LayerNorm are equally good: their ranges overlap.

# %% exercise="14.5"
### BEGIN SOLUTION
supported = "c"
# Its three seeds are all below the three of GPT-2, and the sentence speaks of nothing but what was measured.
### STUB
# supported = ...
# # My reason:
### END SOLUTION

# %%
exercise("14.5").check(supported)

# %% [markdown]
# Why then are today's models built like this? Because at their size the reasons are others: a cache that fits,
# positions beyond a table, and parameters that cost memory and hardly any time. And because those who could afford it
# have measured at their size.

# %% [markdown]
# ### Predict, then explore: the architecture tracer
#
# The tracer again, now that you know its names. It opens on GPT-2. Before you touch it:
#
# - Turn GELU into SwiGLU and nothing else. By what factor does the feed-forward part grow, and which inner width brings
#   it back?
# - Press Llama 3 8B, then let every query head have its own keys and values. Which parts grow?
# - Press Mixtral 8x7B. Eight times seven is 56: why does it hold only 46.7 billion parameters?
# - **The target:** hold more than Mixtral 8x7B, and use fewer parameters for a token than Llama 3 8B. Which three
#   settings do it?

# %%
ArchitectureTracer()

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - By a factor of 1.5, from 56.7 to 85.0 million. An inner width of 8/3 times D brings it back to 56.7.
# - The projections of attention alone, from 1.34 to 2.15 billion. The feed-forward part and the tables do not know how
#   many heads there are.
# - Only the feed-forward layers are there eight times. Attention, norms and the two tables are shared by all experts. A
#   token uses 12.9 billion.
# - For example Mixtral 8x7B, with 16 experts, of which a token uses one: 91.8 billion held, 7.2 used. (Llama 3 8B with
#   such experts just misses: the router comes on top.)
# </details>
#
# From code:

# %%
for name, settings in PUBLISHED.items():
    counted = count_parameters(config_of(settings))
    active = "" if counted.active == counted.total else f", {counted.active:,} active"
    print(f"{name:15} {counted.total:>14,}{active}")

# %% [markdown]
# ## A Llama
#
# Put the changes together: RMSNorm, SwiGLU, rotary positions, grouped queries, no biases. That is the architecture of
# Llama, and of many other models whose weights are public. With its sizes our GPT has the parameters of Llama 3 8B, but
# is it the same function? Two small models of the library `transformers`, a Llama and a Mixtral, travel with the
# course: random weights, under the names of published files, with some ids and the logits that `transformers` computes
# from them. We load the weights and compare. (`rope_theta` is the 10,000 of lesson 05, here larger: the pairs turn more
# slowly.)

# %%
parts = {"norm": "rms", "mlp": "swiglu", "positions": "rotary", "bias": False, "rope_theta": 500_000.0}
sizes = {"vocab_size": 31, "context_length": 16, "d_model": 24, "n_heads": 6, "n_kv_heads": 3, "d_ff": 40}
for family, load, own in (
    ("llama", load_llama_weights, {"n_layers": 2}),
    ("mixtral", load_mixtral_weights, {"n_layers": 1, "n_experts": 5}),
):
    weights = load_file(data_path(f"{family}.safetensors"))
    their_ids, theirs = weights.pop("ids"), weights.pop("logits")  # (B, T), (B, T, V)
    model = GPT(GPTConfig(**sizes, **parts, **own)).eval()
    load(model, weights)
    with torch.no_grad():
        apart = (model(their_ids) - theirs).abs().max().item()
    assert apart < 1e-4, f"our {family} computes something else"
    print(f"{family:7} {theirs.numel()} logits from {theirs.min():.1f} to {theirs.max():.1f}: equal to 4 decimals")

# %% [markdown]
# Logit for logit. (`tools/record_llama.py` made the files; the project's tests compare larger ones, with `transformers`
# beside.) What no weight tells, such as the number of heads, stands in the file config.json of a published model.
#
# ## The same, polished: `llmlab.gpt`
#
# `RMSNorm`, `SwiGLU`, and `route`, which chooses for `Experts`; and yours beside them:

# %%
generator = torch.Generator().manual_seed(3)
x = torch.randn(2, 7, 24, generator=generator)  # (B, T, D)
norm, gated = RMSNorm(24), SwiGLU(24, 40, bias=False)
matrices = [part.weight.T.detach() for part in (gated.gate, gated.expand, gated.contract)]
tokens, router = x.flatten(0, 1), torch.randn(24, 5, generator=generator)  # (N, D), (D, E)
experts = torch.randn(5, 24, 24, generator=generator) / 5  # (E, D, D)
shares, chosen = route(tokens @ router, 2)  # (N, k) each, as yours
outputs = torch.einsum("nd,nkdo->nko", tokens, experts[chosen])  # of the chosen experts alone
pairs = {
    "rms_norm": (rms_norm(x, norm.scale.detach(), norm.eps), norm(x)),
    "swiglu": (swiglu(x, *matrices), gated(x)),
    "mixture": (mixture(tokens, router, experts, 2), (shares[..., None] * outputs).sum(dim=1)),
}

# %% [markdown]
# They are compared as tensors; an array or lists will do, too:

# %%
for name, (by_hand, packaged) in pairs.items():
    if by_hand is None:
        print(f"{name} is still to be written.")
    else:
        by_hand = torch.stack([torch.as_tensor(row) for row in by_hand]).to(packaged)
        same = by_hand.shape == packaged.shape and torch.allclose(by_hand, packaged, atol=1e-4)
        assert same, f"{name} is not right yet: see its exercise"
        print(f"your {name} equals llmlab's")

# %% [markdown]
# ## You can now
#
# - say what a model of today has in place of GPT-2's parts, and write three of them;
# - say why rotary positions see distances, and how a cache goes on with them;
# - count what a mixture of experts holds and what a token uses, and say what keeps its experts in use;
# - compare architectures one change at a time, with the spread of the seeds, and keep a claim within what was measured.
#
# Your models go on with a text. Lesson 15 lets one answer.
#
# ## Where this comes from
#
# - Zhang and Sennrich (2019), *Root Mean Square Layer Normalization*. Shazeer (2020), *GLU Variants Improve
#   Transformer*: SwiGLU.
# - Su, Lu, Pan, Murtadha, Wen and Liu (2021), *RoFormer: Enhanced Transformer with Rotary Position Embedding*.
# - Ainslie and others (2023), *GQA*: grouped queries, as in lesson 13.
# - Shazeer and others (2017), *Outrageously Large Neural Networks: The Sparsely-Gated Mixture-of-Experts Layer*; Fedus,
#   Zoph and Shazeer (2021), *Switch Transformers*: the load balancing used here.
# - Touvron and others (2023), *LLaMA: Open and Efficient Foundation Language Models*, and *Llama 2*; Jiang and others
#   (2024), *Mixtral of Experts*; Zhang and others (2024), *TinyLlama*; Llama Team (2024), *The Llama 3 Herd of Models*.
#
# **Read next:** section 2 of *Mixtral of Experts*: you can now read every line of its table of sizes.

# %%
progress("14")
