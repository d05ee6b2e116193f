# %% [markdown]
# # 04 · Embeddings
#
# Lesson 03 cut a text into windows of token ids. An id says *which* token it is, and nothing else. A network learns by
# moving numbers a little up or a little down, and an id cannot be moved like that. So each id is exchanged for a row of
# numbers that can. You will build that exchange, train such rows on a small world of sentences, and find out what they
# know about words, and what they only seem to know.
#
# About {minutes} minutes. At the end you can
#
# - show that an embedding layer is a table, that looking up a row equals a one-hot vector times a matrix, and say which
#   rows a training step moves;
# - write the loss of skip-gram with negative sampling, and train word vectors with it;
# - read a cosine, and say what *king − man + woman* shows and what it does not;
# - judge a width by runs that were trained with it.

# %%
import math

import torch
from torch import nn
from torch.nn import functional as F

from llmlab.corpus import toy_world
from llmlab.course.figures import lookup as lookup_picture
from llmlab.course.figures import word_map
from llmlab.embeddings import SkipGram, one_hot_lookup
from llmlab.exercises import exercise, progress
from llmlab.explorers import EmbeddingBench
from llmlab.explorers.embedding_bench import recorded_run
from llmlab.tokenizers import WordTokenizer

# %% [markdown]
# ## Before we start: three questions on lesson 03
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. A window holds 4 input tokens. How many predictions does it train?</summary>
#
# Four: every position predicts the token after it.
# </details>
#
# <details><summary>2. What are context length, stride and batch size?</summary>
#
# How far the model sees, how far the window moves, and how many windows go through the model together.
# </details>
#
# <details><summary>3. What is the shape of a batch of inputs, and what are its entries?</summary>
#
# (B, T): batch size by context length. The entries are token ids, whole numbers.
# </details>

# %% [markdown]
# ## Play first
#
# Each dot is a word of a small world of sentences: a row of 16 numbers that were trained, seen from the side on which
# they differ most. Play for a minute: press ▶ beside *Checkpoint*, press words on the map, choose another *Dimension*.
# What puzzles you? Three things to look for: which words come to lie together, what the two *the* of the sentence have
# in common, and what becomes of *king − man + woman*. (The target, and *Positions*, are for lesson 05.)

# %%
EmbeddingBench()

# %% [markdown]
# ## Ids are not quantities
#
# A vocabulary is a list, and an id is a place in that list. Six words, in alphabetical order. Can we calculate with
# their ids? Nothing stops us, and nothing sensible comes of it:

# %%
words = ["cat", "dog", "frog", "king", "queen", "soup"]
id_of = {word: token_id for token_id, word in enumerate(words)}
print("king - dog + cat =", words[id_of["king"] - id_of["dog"] + id_of["cat"]])
print("distance of king and queen:", abs(id_of["king"] - id_of["queen"]))
print("distance of queen and soup:", abs(id_of["queen"] - id_of["soup"]))

# %% [markdown]
# *Queen* is as near to *soup* as to *king*, only because the alphabet says so. And there is nothing a little more than
# *dog*, so training has no direction in which to move an id. A row of several numbers, a *vector*, can have both:
# nearness that means something, and directions. Here each word has two numbers, chosen by hand: how *royal* it is, how
# *edible*.

# %%
by_hand = torch.tensor([[0.0, 0.1], [0.1, 0.1], [0.0, 0.3], [0.9, 0.0], [1.0, 0.0], [0.0, 1.0]])
for a, b in (("king", "queen"), ("queen", "soup")):
    distance = (by_hand[id_of[a]] - by_hand[id_of[b]]).norm()
    print(f"{a} to {b}: {distance:.1f}")

# %% [markdown]
# Nobody chooses by hand in practice. The numbers are drawn at random, and training moves them. And then there need be
# no column that means *royal*: what a word is like is spread over all of its numbers.
#
# ## One-hot times matrix is a lookup
#
# The simplest way to give a word to a network is a **one-hot vector**: as long as the vocabulary, 1 at the word's id, 0
# elsewhere. All words are then equally far apart, and each needs $V$ numbers.

# %%
ids = torch.tensor([3, 4, 3, 5])  # king queen king soup
one_hot = F.one_hot(ids, num_classes=6)  # (T, V)
print(one_hot)

# %% [markdown]
# A first layer multiplies this by a matrix $W$ of shape $(V, D)$. Entry by entry, that is
#
# $$(\text{one-hot} \cdot W)_{t d} = \sum_{v} \text{one-hot}_{t v} \, W_{v d} = W_{\text{id}_t,\, d}$$
#
# since only one term of the sum, the one with $v = \text{id}_t$, is not zero. So nothing needs to be multiplied: row
# $\text{id}_t$ is read out, a **lookup**. The matrix is called the **embedding table** (or embedding matrix), one of
# its rows the embedding of a token, and $D$ the **embedding dimension**, or width.

# %%
W = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))  # (V, D)
product = one_hot.float() @ W  # (T, V) @ (V, D) -> (T, D)
lookup = W[ids]  # (T, D)
print("largest difference of product and lookup:", (product - lookup).abs().max().item())
lookup_picture.draw(ids.tolist(), words, W)

# %% [markdown]
# PyTorch's `nn.Embedding` is that table, and calling it is that lookup. Print one: all that it holds is one matrix. A
# `Parameter` is a tensor that training may change, `requires_grad=True`.

# %%
layer = nn.Embedding.from_pretrained(W, freeze=False)  # a table of our own numbers
print(layer)
print(layer.weight)
assert torch.equal(layer(ids), product), "nn.Embedding is no longer the product"

# %% [markdown]
# ### Exercise 04.1 · One-hot times matrix
#
# ●●○ · 8 minutes · for knowing what an embedding layer does · write a function
#
# Complete `one_hot_and_rows`. `ids` is a tensor of T token ids, `weight` a table (V, D). Build the one-hot matrix of
# shape (T, V) yourself, without `F.one_hot`, and multiply it by the table, without looking rows up. The function
# returns both: the one-hot matrix, and the rows (T, D).

# %% exercise="04.1"
import torch


def one_hot_and_rows(ids, weight):
    ### BEGIN SOLUTION
    one_hot = torch.zeros(len(ids), len(weight))
    one_hot[torch.arange(len(ids)), ids] = 1.0
    rows = one_hot @ weight
    ### STUB
    # one_hot = ...
    # rows = ...
    ### END SOLUTION
    return one_hot, rows


# %%
exercise("04.1").check(one_hot_and_rows)

# %% [markdown]
# An embedding layer therefore computes nothing that a table would not hold. What a model knows of a token by itself,
# before it has seen its neighbours, is that row, and it got there by training. Why not keep the product, then? Because
# of what it costs. Take a vocabulary of 50,257, rows of 256 numbers, and a batch of 8 windows of 256 tokens:

# %%
V, D, tokens = 50_257, 256, 8 * 256
print(f"one-hot product: {tokens * V * D:>14,} multiplications, {tokens * V * 4 / 1e6:.0f} MB of ones and zeros")
print(f"lookup         : {0:>14,} multiplications, {tokens * D:,} numbers copied")

# %% [markdown]
# ## How the table starts, and which rows move
#
# `nn.Embedding` draws its numbers from a normal distribution with mean 0 and standard deviation 1, written N(0, 1). We
# ask it:

# %%
with torch.random.fork_rng():  # it draws from PyTorch's global generator; seed that in here only
    torch.manual_seed(1)
    fresh = nn.Embedding(5_000, 64)
print(f"mean {fresh.weight.mean():.2f}, standard deviation {fresh.weight.std():.2f}")

# %% [markdown]
# A linear layer starts with much smaller numbers (by He's or Xavier's scheme, for example), because each of its outputs
# is a *sum* over all inputs: with weights from N(0, 1) that sum would grow with the number of inputs, the *fan-in*. A
# lookup adds nothing up, so there is no fan-in to make up for. See each case as the vocabulary grows:

# %%
print("    V     N(0,1)   Xavier   linear layer of V inputs, N(0,1)")
for V in (100, 1_000, 10_000):
    g = torch.Generator().manual_seed(2)
    normal = torch.randn(V, 64, generator=g)
    xavier = nn.init.xavier_normal_(torch.empty(V, 64), generator=g)
    dense = torch.randn(1, V, generator=g)  # an input with V numbers instead of a single 1
    row = normal[7].std(), xavier[7].std(), (dense @ normal).std()
    print(f"{V:6,} {row[0]:9.1f} {row[1]:8.2f} {row[2]:8.0f}")

# %% [markdown]
# With Xavier's scheme a token's vector would shrink because *other* words joined the vocabulary, for no reason; and the
# layer that does add up its inputs, in the last column, grows if nothing is done. (GPT-2 draws its two tables from
# narrower normals, 0.02 and 0.01, which do not depend on $V$ either.)
#
# The table is trained with the rest of the model. A loss is computed, and the *gradient* (lesson 03) says for each
# number in which direction it raises the loss. Let a loss depend on three ids:

# %%
weight = torch.randn(6, 3, generator=torch.Generator().manual_seed(3), requires_grad=True)
F.embedding(torch.tensor([3, 4, 3]), weight).sum().backward()  # king queen king
print(weight.grad)

# %% [markdown]
# Rows that were not looked up get a gradient of exactly zero, and a row that was looked up twice gets two shares. The
# one-hot product says the same: a row of $W$ that is multiplied by zeros has no part in the result. (GPT-2 uses the
# same table once more at its output, where every row takes part: lesson 09.)

# %% [markdown]
# ### Exercise 04.2 · Which rows move?
#
# ●○○ · 3 minutes · for knowing what one step of training changes · predict
#
# A table has 7 rows, 0 to 6. One step of plain **gradient descent**, in which every number moves a little against its
# gradient, is made on the batch of ids `[[2, 5], [5, 0]]`. Which rows of the table have changed afterwards? Write their
# ids as a list.

# %% exercise="04.2"
### BEGIN SOLUTION
rows_that_move = [0, 2, 5]
### STUB
# rows_that_move = ...
### END SOLUTION

# %%
exercise("04.2").check(rows_that_move)

# %% [markdown]
# So, under plain gradient descent, the row of a token that the training text does not contain stays exactly the noise
# it began with. That is one more reason for sub-words (lesson 02): the pieces of a word that was never read occur in
# other words.
#
# ## Meaning from neighbours: word2vec
#
# Where does meaning come from? From use: words that occur in the same surroundings tend to mean similar things. That is
# the **distributional hypothesis**, and surroundings can be counted in any text. It takes much text: a word that was
# read twice has few neighbours, and what they say of it is mostly chance. We take a small world of sentences whose
# grammar we know:

# %%
documents = toy_world(10_000).split(" <|endoftext|> ")
sentences = [s.strip() for document in documents for s in document.split(".") if s.strip()]
tokenizer = WordTokenizer.from_text(" ".join(sentences))
rows = [tokenizer.encode(sentence) for sentence in sentences]  # a list of ids for each sentence
word_id = {word: token_id for token_id, word in tokenizer.vocabulary.items()}
print(f"{len(sentences):,} sentences, {len(tokenizer)} different words, for example:")
print("\n".join(sentences[:3]))

# %% [markdown]
# Keep in mind that somebody *built* this world. Its eight people are the corners of a cube: royal or common, male or
# female, adult or young, and each side has words of its own (*crown* and *hat*, *his* and *her*, *children* and
# *toys*). So we can ask afterwards whether the vectors found what was put in. No real text is that tidy.
#
# **word2vec** is the best known way to get vectors from surroundings; **skip-gram** is its better-known half. It asks:
# given a word, which words stand near it? Each word of a sentence is the *centre* once, and forms a pair with each
# neighbour, here with those up to two places away. No pair reaches from one sentence into the next.


# %%
def neighbours(row):  # every (centre, neighbour) of one sentence
    T = len(row)
    return [(row[i], row[j]) for i in range(T) for j in range(max(0, i - 2), min(T, i + 3)) if i != j]


pairs = torch.tensor([pair for row in rows for pair in neighbours(row)])
print(f"{len(pairs):,} pairs; the first sentence begins with")
print([tuple(tokenizer.vocabulary[token_id] for token_id in pair) for pair in pairs[:5].tolist()])

# %% [markdown]
# A pair is scored by the **dot product** of two vectors: multiply them number by number, and add up. Each word has two
# vectors, in **two matrices**: one for its part as a centre, one for its part as a neighbour. (A word is hardly ever
# its own neighbour; with a single matrix its dot product with itself would always be large.) The **sigmoid**, $\sigma$,
# turns any score into a number between 0 and 1, here the probability that the two are neighbours:
#
# $$P(\text{neighbours}) = \sigma(w \cdot c) = \frac{1}{1 + e^{-w \cdot c}}$$

# %%
w = torch.tensor([1.0, 2.0])  # a centre
for c in (torch.tensor([2.0, 1.0]), torch.tensor([2.0, -1.0]), torch.tensor([-2.0, -1.0])):
    score = (w * c).sum()  # the same as w @ c
    print(f"dot product {score:4.0f}, probability {1 / (1 + torch.exp(-score)):.2f}")

# %% [markdown]
# True pairs alone would teach the model to say yes to everything. So each true pair comes with $K$ false ones, whose
# second word is drawn at random: **negative sampling**. "Are these two neighbours?" has two answers, so the loss is
# **binary cross-entropy**: minus the logarithm of the probability of the right answer, which is yes for the neighbour
# $c$ and no for the noise words $n_k$. The probability of no is $1 - \sigma(x)$, which equals $\sigma(-x)$. Together:
#
# $$\text{loss} = -\log \sigma(w \cdot c) - \sum_{k=1}^{K} \log \sigma(-w \cdot n_k)$$

# %%
score = torch.tensor(1.5)
print(f"right answer yes: {-F.logsigmoid(score):.4f}", end=", PyTorch's ")
print(f"{F.binary_cross_entropy_with_logits(score, torch.tensor(1.0)):.4f}")
print(f"right answer no : {-F.logsigmoid(-score):.4f}", end=", PyTorch's ")
print(f"{F.binary_cross_entropy_with_logits(score, torch.tensor(0.0)):.4f}")

# %% [markdown]
# Noise words are drawn in proportion to their counts to the power 0.75, so that rare words come up a bit more often
# than in the text:

# %%
counts = torch.bincount(torch.tensor([token_id for row in rows for token_id in row]))
noise_weights = counts**0.75
for word in ("the", "king", "soup", "night"):
    share, drawn = (numbers[word_id[word]] / numbers.sum() for numbers in (counts, noise_weights))
    print(f"{word:6} {share:6.2%} of the text, {drawn:6.2%} of the noise")

# %% [markdown]
# ### Exercise 04.3 · Write the loss of one pair
#
# ●●● · 10 minutes · for knowing what word2vec makes large and what small · write a function
#
# Complete `skip_gram_loss`. `word` (D,) is the centre's vector, `context` (D,) a true neighbour's, `noise` (K, D) the
# vectors of K noise words. Return the loss above, one number, summed over the noise words. You will train with it.

# %% exercise="04.3"
from torch.nn.functional import logsigmoid


def skip_gram_loss(word, context, noise):
    ### BEGIN SOLUTION
    near = word @ context  # a number
    far = noise @ word  # (K,)
    return -logsigmoid(near) - logsigmoid(-far).sum()
    ### END SOLUTION


# %%
exercise("04.3").check(skip_gram_loss)

# %% [markdown]
# In which direction does this loss push? One step of gradient descent on one pair and one noise word:

# %%
g = torch.Generator().manual_seed(4)
w, c, n = (torch.randn(3, generator=g, requires_grad=True) for _ in range(3))
print(f"before: with the neighbour {w @ c:.2f}, with the noise word {w @ n:.2f}")
(-F.logsigmoid(w @ c) - F.logsigmoid(-(w @ n))).backward()
with torch.no_grad():
    for vector in (w, c, n):
        vector -= 0.5 * vector.grad
print(f"after : with the neighbour {w @ c:.2f}, with the noise word {w @ n:.2f}")

# %% [markdown]
# The dot product of neighbours *grows*, that of strangers *falls*. (Some texts say that word2vec makes the dot product
# of neighbours small: they have the sign the wrong way round.)
#
# ### Train with your loss
#
# Now the same for 1,024 pairs at a time, a thousand times over. Your function takes one pair; `torch.vmap` makes of it
# a function of a whole batch. Until your loss passes its check, llmlab's stands in.

# %%
V, D, B, K = len(tokenizer), 16, 1_024, 5
model = SkipGram(V, D)  # two tables (V, D): the centres random and small, the neighbours zero
is_yours = exercise("04.3").check(skip_gram_loss).status == "passed"


def batch_loss(centres, near, noise):  # ids (B,), (B,), (B, K) -> one number
    if not is_yours:
        return model(centres, near, noise)
    vectors = model.words[centres], model.contexts[near], model.contexts[noise]  # (B, D), (B, D), (B, K, D)
    return torch.vmap(skip_gram_loss)(*vectors).mean()


# %% [markdown]
# The loop: draw pairs and noise, compute the loss, get its gradient, move the two tables a little against it. (How far
# each number moves is decided by Adam, a refinement of gradient descent that lesson 11 explains.) It takes some
# seconds.

# %%
g = torch.Generator().manual_seed(0)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
losses, threads = [], torch.get_num_threads()
torch.set_num_threads(1)  # tensors as small as these take longer to share out than to compute
for step in range(1_000):
    chosen = pairs[torch.randint(len(pairs), (B,), generator=g)]  # (B, 2)
    noise = torch.multinomial(noise_weights, B * K, replacement=True, generator=g).view(B, K)
    loss = batch_loss(chosen[:, 0], chosen[:, 1], noise)
    optimizer.zero_grad()  # forget the last gradient
    loss.backward()  # the gradient of both tables
    optimizer.step()  # move them
    losses.append(loss.item())
torch.set_num_threads(threads)
first, last = sum(losses[:100]) / 100, sum(losses[-100:]) / 100
print(f"first step {losses[0]:.2f}, mean of the first 100 steps {first:.1f}, of the last 100 {last:.1f}")
print(f"six questions, each answered fifty to fifty: 6 × ln 2 = {6 * math.log(2):.2f}")

# %% [markdown]
# The first loss is that of knowing nothing: all scores are 0, every answer has the probability one half. In the end the
# scores tell neighbours from strangers. Which of four words scores highest as a neighbour?

# %%
for word in ("reads", "eats", "dog"):
    scores = {
        other: model.words[word_id[word]] @ model.contexts[word_id[other]] for other in "book soup barks mill".split()
    }
    print(f"{word:5} -> {max(scores, key=scores.get)}")

# %% [markdown]
# What is kept are the centres' vectors, `model.words`; the neighbours' table has done its work.
#
# ## Near in direction: the cosine
#
# Two vectors are compared by the **cosine** of the angle between them: 1 = the same direction, 0 = a right angle, −1 =
# opposite. It is the dot product of the vectors after each is brought to length 1, so a word does not count as similar
# because its vector is long.
#
# $$\cos(a, b) = \frac{a \cdot b}{\lVert a \rVert \, \lVert b \rVert}$$

# %%
a, b = torch.tensor([3.0, 0.0]), torch.tensor([1.0, 1.0])
cosine = a @ b / (a.norm() * b.norm())
print(f"cosine {cosine:.3f}, angle {torch.rad2deg(torch.arccos(cosine)):.0f} degrees")
print(f"ten times as long: {F.cosine_similarity(10 * a, b, dim=0):.3f}")

# %% [markdown]
# ### Exercise 04.4 · Predict: what has been learned?
#
# ●●○ · 4 minutes · for knowing what such vectors can tell · predict
#
# Three questions on the trained vectors, before you look at any of them.
#
# 1. *barks* often stands beside *dog*, and *cat* could stand in place of *dog*. Whose word vector has the larger cosine
#    with that of *dog*, `"barks"` or `"cat"`?
# 2. *happy* and *sad* are opposites. Is the cosine of their word vectors nearest to `1`, `0` or `-1`?
# 3. Start at *king*, subtract *man*, add *woman*. Which word is nearest to the result, apart from these three?

# %% exercise="04.4"
### BEGIN SOLUTION
nearer_to_dog, happy_and_sad, king_minus_man_plus_woman = "cat", 1, "queen"
### STUB
# nearer_to_dog, happy_and_sad, king_minus_man_plus_woman = ..., ..., ...
### END SOLUTION

# %%
exercise("04.4").check((nearer_to_dog, happy_and_sad, king_minus_man_plus_woman))

# %% [markdown]
# ### What the vectors know
#
# Now look. A processor's rounding makes every training a little different, so from here on we read a *recorded* run of
# the same kind (its steps begin larger and shrink to nothing): its numbers are the same for everybody.

# %%
vectors = recorded_run().snapshots[-1]  # (V, D)


def cosine(a, b):
    return F.cosine_similarity(vectors[word_id[a]], vectors[word_id[b]], dim=0).item()


for a, b in (
    ("dog", "barks"),
    ("dog", "cat"),
    ("king", "crown"),
    ("king", "queen"),
    ("happy", "sad"),
    ("happy", "quiet"),
):
    print(f"{a:5} and {b:5}: {cosine(a, b):.2f}")

# %% [markdown]
# Words are alike that could stand *in place of* each other, not those that stand beside each other: *king* and *crown*
# often meet, yet their vectors are not alike. And the **antonyms** *happy* and *sad*, words of opposite meaning, are
# close, no closer than *happy* and *quiet*: in this grammar all five feelings fill the same slot (*the ... king*, *is
# ...*), so nothing in their use tells them apart. These vectors know use, and two words may be used alike and mean
# opposite things.
#
# ### What an analogy shows, and what it does not
#
# An **analogy** asks: *man* is to *king* as *woman* is to what? With vectors: start at *king*, go the way from *man* to
# *woman*, and take the nearest word. Each vector is brought to length 1 first.


# %%
def analogy(table, start, minus, plus):
    unit = F.normalize(table, dim=1)  # every row of length 1
    goal = unit[word_id[start]] - unit[word_id[minus]] + unit[word_id[plus]]
    return F.cosine_similarity(unit, goal[None])  # (V,) how near each word is


for question in (("king", "man", "woman"), ("prince", "boy", "girl")):
    near = analogy(vectors, *question).topk(3)
    found = [f"{tokenizer.vocabulary[i]} {c:.3f}" for i, c in zip(near.indices.tolist(), near.values, strict=True)]
    print("{} - {} + {}:".format(*question), ", ".join(found))

# %% [markdown]
# *Queen* and *princess* win, by little. As is usual we leave the three words of the question out from now on (*girl*
# came within a thousandth of winning). Is it luck? The same training with four different seeds, and more questions:

# %%
QUESTIONS = (
    "king man woman queen, he king queen she, kings king queen queens, father man woman mother, dog dogs cats cat"
)
for question in QUESTIONS.split(", "):
    *asked, expected = question.split()
    found = []
    for seed in range(4):
        near = analogy(recorded_run(seed=seed).snapshots[-1], *asked)
        near[[word_id[word] for word in asked]] = -1
        found.append(tokenizer.vocabulary[near.argmax().item()])
    print(f"{' '.join(asked):16} {expected:7} {found.count(expected)} of 4:", *found)

# %% [markdown]
# Some hold every time, some now and then, some never. The first two ask along sides of the cube, and for those the
# grammar has many words (*his*, *her*, *crown*, *hat*). *Cat* and *mouse* are used so much alike that chance decides
# which of them is nearer. So are *mother* and *sister*: within two places of either stand only *a* and *good*, *kind*
# or *proud*. **An analogy works where the text gives a difference words of its own**, and *king − man + woman* works
# here because the world was built for it. One that works says nothing about the next. Real text gives a mixed picture,
# too (Rogers and others, below).
#
# The eight people, seen along the two directions in which they differ most, a line from each male word to its female
# counterpart:

# %%
people = "king queen prince princess man woman boy girl".split()
word_map.draw(
    {word: vectors[word_id[word]] for word in people},
    [("king", "queen"), ("prince", "princess"), ("man", "woman"), ("boy", "girl")],
)

# %% [markdown]
# ## How wide?
#
# The width $D$ is a choice. Too small a width leaves no room: in few dimensions, even random directions get in each
# other's way. Take 200 random vectors, as many as our world has words, and look for the largest cosine of two of them:

# %%
for D in (2, 4, 16, 64, 768):
    directions = F.normalize(torch.randn(200, D, generator=torch.Generator().manual_seed(3)), dim=1)
    cosines = directions @ directions.T - 2 * torch.eye(200)  # not with themselves
    print(f"D = {D:3}: the two most similar of 200 vectors have cosine {cosines.max():.1f}")

# %% [markdown]
# What does width buy after training? The recorded runs tell: five widths, four seeds each, every one trained from its
# own random start. The loss is the mean of the last 100 steps.

# %%
for D in (2, 4, 8, 16, 32):
    runs, found = [recorded_run(d_model=D, seed=seed) for seed in range(4)], []
    for run in runs:
        near = analogy(run.snapshots[-1], "king", "man", "woman")
        near[[word_id["king"], word_id["man"], word_id["woman"]]] = -1
        found.append(tokenizer.vocabulary[near.argmax().item()])
    print(f"D = {D:2}: loss {sum(run.loss for run in runs) / 4:.2f}, king - man + woman:", *found)

# %% [markdown]
# From 2 to 16 numbers the loss falls much, from 16 to 32 hardly. It is the loss on the pairs that were trained, and
# more numbers can also learn those by heart; whether they do, only held-out text can tell (overfitting, lesson 11). At
# 4 and 8 a single run may find *queen* and the next one not: one run would have told you what you wanted to hear.
# Larger vocabularies and more text are given larger widths, and a GPT uses one width from this table to its last layer.
# The table alone costs $V \times D$ numbers:

# %%
sizes = (
    ("our world", 201, 16),
    ("BERT base", 30_522, 768),
    ("GPT-2 small", 50_257, 768),
    ("Mistral 7B", 32_000, 4_096),
)
for name, V, D in (*sizes, ("GPT-3", 50_257, 12_288)):
    print(f"{name:12} {V:6,} × {D:6,} = {V * D:11,} numbers in the table")

# %% [markdown]
# ## Other ways, and what language models do
#
# **CBOW**, word2vec's other half, turns the question round: given the neighbours, which word stands in the middle?
# **GloVe** starts from a table of how often any two words meet, and finds vectors whose dot products reproduce the
# logarithms of those counts, up to a number that each word has for itself. All of these learn from what is near and
# what is not. Pulling true pairs together and pushing random pairs apart is called **contrastive learning**, and is how
# many vectors for whole sentences and pictures are trained today.
#
# <details><summary>Further: counting instead of training</summary>
#
# Count pairs, compare with chance, take logarithms, and keep the 16 strongest directions (`svd` sorts directions by
# strength). The cell below does it, without a single training step.
# </details>

# %% tags=["further"]
V = len(tokenizer)
met = torch.bincount(pairs[:, 0] * V + pairs[:, 1], minlength=V * V).view(V, V).double()  # how often two words meet
by_chance = met.sum(dim=1, keepdim=True) * met.sum(dim=0) / met.sum()
U, S, _ = torch.linalg.svd((met / by_chance).log().clamp(min=0))
near = analogy(U[:, :16] * S[:16].sqrt(), "king", "man", "woman")
near[[word_id["king"], word_id["man"], word_id["woman"]]] = -1
print("by counting, king - man + woman =", tokenizer.vocabulary[near.argmax().item()])

# %% [markdown]
# **Language models** do not take word2vec's vectors. They begin with a random table and train it with everything else,
# on the one task of predicting the next token. And while a table has a single vector for each word, the layers above it
# (from lesson 06 on) give *flies* one vector in *the frogs eat flies* and another in *time flies*.
#
# Trained tables can be reused, though: the mean of a text's vectors is a cheap description of it, good enough for a
# small search engine or a recommendation. Which sentence is most like the first?

# %%
texts = ["the king drinks tea", "the queen drinks milk", "the frogs swim in the pond", "the tea drinks king"]
means = [vectors[tokenizer.encode(text)].mean(dim=0) for text in texts]
for text, mean in zip(texts[1:], means[1:], strict=True):
    print(f"{F.cosine_similarity(means[0], mean, dim=0):.2f}  {text}")

# %% [markdown]
# Cheap, and blind in one eye: *the tea drinks king* is found to be the very same text. A table knows nothing of order.
# That is where lesson 05 begins.
#
# ### Predict, then explore
#
# The bench again; now you know what it shows: recorded runs of this training, one for each width, seed 0. Before you
# touch anything:
#
# - Step back through the *checkpoints*: from which step on does *king − man + woman* find *queen*, and does it stay so?
# - Set *Dimension* to 8, 4 and 2. Each is a run of its own. At which of them is *queen* found?
# - Set *Table* to random: what will the cosine of *king* and *queen* be, and that of the two *the*?

# %%
explorer = EmbeddingBench()
explorer

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - First at step 80, still at 100; at 150 and 200 the nearest is *prince*, and from 300 on it is *queen* again. A
#   margin of a few thousandths changes hands while vectors still move: "it was learned at step 80" would be saying too
#   much.
# - At 8 and at 4, but not at 2, where it finds *quiet*. The table of four seeds above says how little that means for 4
#   and 8: other seeds find *princess*, *prince* or *boy*.
# - Random vectors have no reason to point the same way: with seed 0 the cosine of *king* and *queen* is 0.20, with
#   other seeds something else. The two *the* have cosine 1.00 in every table, since they are the same row.
# </details>
#
# `print(explorer.code())` prints your settings as plain Python.
#
# ## The same, polished: `llmlab.embeddings`
#
# `one_hot_lookup` is exercise 04.1, `SkipGram` holds the two tables and the loss, and `SkipGram.fit` is the loop with a
# record of it: `EmbeddingBench(history=model.fit(rows), vocabulary=tokenizer.vocabulary)` opens the bench on a run of
# your own. Here your loss of one pair, beside llmlab's:

# %%
centre, near, far = torch.tensor([5]), torch.tensor([8]), torch.tensor([[1, 2, 3]])
fresh = SkipGram(len(tokenizer), d_model=4, seed=1)
with torch.no_grad():
    fresh.contexts += vectors[:, :4]  # its neighbours' table starts at zero, which would hide a mistake
yours = skip_gram_loss(fresh.words[5], fresh.contexts[8], fresh.contexts[far[0]])
print(f"llmlab {fresh(centre, near, far):.4f}, yours", "not written yet" if not is_yours else f"{yours:.4f}")
print("one_hot_lookup and the lookup differ by", (one_hot_lookup(ids, W) - W[ids]).abs().max().item())

# %% [markdown]
# ## You can now
#
# - show that an embedding is a table, that a lookup equals a one-hot product, and which rows a step of training moves;
# - write the loss of skip-gram, say what it makes large and what small, and train with it;
# - read a cosine, say why opposites are neighbours, and ask an analogy of several seeds before you believe it;
# - choose a width by trained runs instead of by feeling.
#
# ## Where this comes from
#
# - Harris, *Distributional Structure* (1954), and Firth (1957): words are known by the company they keep.
# - Mikolov, Chen, Corrado, Dean, *Efficient Estimation of Word Representations in Vector Space* (2013): skip-gram and
#   CBOW. Mikolov, Sutskever, Chen, Corrado, Dean, *Distributed Representations of Words and Phrases and their
#   Compositionality* (2013): negative sampling and the power 0.75.
# - Pennington, Socher, Manning, *GloVe: Global Vectors for Word Representation* (2014): vectors from counts.
# - Levy and Goldberg, *Neural Word Embedding as Implicit Matrix Factorization* (2014): why training and counting agree.
# - Rogers, Drozd, Li, *The (Too Many) Problems of Analogical Reasoning with Word Vectors* (2017).
#
# **Read next:** the second paper of Mikolov and others; you have now built what its section 2.2 describes.

# %%
progress("04")
