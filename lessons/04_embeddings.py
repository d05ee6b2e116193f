# %% [markdown]
# # 04 · Embeddings
#
# Lesson 03 cut a text into windows of token ids. An id says *which* token it is, and nothing else. A network learns by
# moving numbers a little up or a little down, and an id cannot be moved like that. So each id is exchanged for a row of
# numbers that can, a *vector*. In this lesson we build that exchange, see where meaning enters it, and find out what is
# lost on the way.
#
# About 75 minutes. At the end you can
#
# - show that an embedding is a lookup, equal to a one-hot vector times a matrix, and say which rows get gradient;
# - train word vectors by skip-gram with negative sampling, and compute *king − man + woman*;
# - say what is lost without positions, and what learned, sinusoidal and rotary positions each keep;
# - put tokens and positions together, and notice when two tables have changed places.

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

# %%
import torch
from torch import nn
from torch.nn import functional as F

from llmlab import course
from llmlab.corpus import load_text, toy_world
from llmlab.embeddings import (
    InputEmbedding,
    SkipGram,
    apply_rope,
    one_hot_lookup,
)
from llmlab.exercises import exercise, progress
from llmlab.explorers import EmbeddingBench
from llmlab.tokenizers import WordTokenizer
from llmlab.windows import create_dataloader

# %% [markdown]
# ## Ids are not quantities
#
# A vocabulary is a list, and an id is a place in that list. Six words, in alphabetical order:

# %%
words = ["cat", "dog", "frog", "king", "queen", "soup"]
id_of = {word: token_id for token_id, word in enumerate(words)}
print(id_of)

# %% [markdown]
# Can we calculate with these numbers? Nothing stops us, and nothing sensible comes of it:

# %%
print("king - dog + cat =", words[id_of["king"] - id_of["dog"] + id_of["cat"]])
print("halfway between frog and queen:", words[(id_of["frog"] + id_of["queen"]) // 2])
print("distance of king and queen:", abs(id_of["king"] - id_of["queen"]))
print("distance of queen and soup:", abs(id_of["queen"] - id_of["soup"]))

# %% [markdown]
# Ids carry no semantics: *queen* is as near to *soup* as to *king*, only because the alphabet says so. And they have no
# continuity: there is nothing a little more than *dog*, so training has no direction in which to move an id.
#
# A vector of several numbers can have both. Here each word has two, chosen by hand: how *royal* it is, how *edible*.

# %%
by_hand = torch.tensor([[0.0, 0.1], [0.1, 0.1], [0.0, 0.3], [0.9, 0.0], [1.0, 0.0], [0.0, 1.0]])

for a, b in (("king", "queen"), ("queen", "soup")):
    distance = (by_hand[id_of[a]] - by_hand[id_of[b]]).norm()
    print(f"{a} to {b}: {distance:.1f}")

# %% [markdown]
# Nobody chooses by hand in practice. The numbers are drawn at random, and training moves them.
#
# ## One-hot times matrix is a lookup
#
# The oldest way to give a word to a network is a *one-hot* vector: as long as the vocabulary, 1 at the word's id, 0
# elsewhere. All words are then equally far apart, which is honest, but each needs $V$ numbers.

# %%
ids = torch.tensor([3, 4, 3, 5])  # king queen king soup
one_hot = F.one_hot(ids, num_classes=6)  # (T, V)
print(one_hot)

# %% [markdown]
# A first layer multiplies it by a matrix $W$ of shape $(V, D)$. Row by row, that is
#
# $$(\text{one-hot}_t \, W)_d = \sum_{v} \text{one-hot}_{t v} \, W_{v d} = W_{\text{id}_t,\, d}$$
#
# since only one term of the sum is not zero. So nothing needs to be multiplied: the row with that number is read out.

# %%
generator = torch.Generator().manual_seed(0)
W = torch.randn(6, 3, generator=generator)  # (V, D)

product = one_hot.float() @ W  # (T, D)
lookup = W[ids]  # (T, D)
print(lookup.round(decimals=2))
assert torch.equal(product, lookup)

# %% [markdown]
# `nn.Embedding` is that table, and calling it is that lookup:

# %%
layer = nn.Embedding(6, 3)
layer.weight.data = W
print("nn.Embedding gives the product         :", torch.equal(layer(ids), product))
linear = nn.Linear(6, 3, bias=False)
linear.weight.data = W.T
print("so does nn.Linear, from one-hot vectors:", torch.equal(linear(one_hot.float()), product))

# %% [markdown]
# ### Exercise 04.1 · Prove it: one-hot times matrix
#
# ●●○ · 8 minutes · for knowing what an embedding layer does · write a function
#
# Complete `one_hot_and_rows`. `ids` is a tensor of T token ids, `weight` a table (V, D). Build the one-hot matrix of
# shape (T, V) yourself, without `F.one_hot`, and multiply: the function returns both, the one-hot matrix and the rows
# (T, D).

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
# An embedding layer therefore *encodes* nothing and *knows* nothing. It is a table. Why not keep the product, then?
# Because of what it costs. Take a vocabulary of 50,257 and a batch of 8 windows of 256 tokens:

# %%
V, D = 50_257, 256
tokens = 8 * 256
print(f"one-hot product: {tokens * V * D:>14,} multiplications, {tokens * V * 4 / 1e6:.0f} MB of ones and zeros")
print(f"lookup         : {0:>14,} multiplications, {tokens * D:,} numbers copied")

# %% [markdown]
# ## How the table starts, and which rows move
#
# `nn.Embedding` draws its numbers from a normal distribution with mean 0 and standard deviation 1, N(0, 1).

# %%
table = nn.Embedding(5_000, 64)
with torch.no_grad():
    nn.init.normal_(table.weight, generator=torch.Generator().manual_seed(1))
print(f"mean {table.weight.mean():.2f}, standard deviation {table.weight.std():.2f}")

# %% [markdown]
# A linear layer starts with much smaller numbers (by He's or Xavier's scheme, for example), because each of its outputs
# is a *sum* over all inputs: without that care it would grow with their number, the *fan-in*. A lookup adds nothing up,
# so there is no fan-in to make up for. See what happens in each case as the vocabulary grows:

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
# layer that does add up its inputs, in the last column, grows without such a scheme. (GPT-2 draws its two tables from
# narrower normals, 0.02 and 0.01, which do not depend on $V$ either.)
#
# The table is a parameter: it is trained with the rest of the model. Let a loss depend on three ids:

# %%
weight = torch.randn(6, 3, generator=generator, requires_grad=True)
batch = torch.tensor([3, 4, 3])  # king queen king
F.embedding(batch, weight).sum().backward()
print(weight.grad)

# %% [markdown]
# Rows that were not looked up get a gradient of exactly zero, and a row that was looked up twice gets two shares. The
# one-hot product says the same: a row of $W$ that is multiplied by zeros has no part in the result. (GPT-2 uses the
# same table once more at its output, where every row takes part: lesson 07.)

# %% [markdown]
# ### Exercise 04.2 · Which rows move?
#
# ●○○ · 3 minutes · for knowing what one step of training changes · predict
#
# A table has 7 rows, 0 to 6. One step of plain gradient descent is made on the batch of ids
# `[[2, 5], [5, 0]]`. Which rows of the table have changed afterwards? Write their ids as a list.

# %% exercise="04.2"
### BEGIN SOLUTION
rows_that_move = [0, 2, 5]
### STUB
# rows_that_move = ...
### END SOLUTION

# %%
exercise("04.2").check(rows_that_move)

# %% [markdown]
# So a rare word is trained rarely: its row stays close to the noise it began with. That is one more reason for
# sub-words (lesson 02): most pieces of a rare word are far more frequent than the word.
#
# ### How wide?
#
# The width $D$ is a choice. GPT-2 small uses 768 numbers per token, the largest GPT-3 12,288. The price is easy to
# state:

# %%
for name, V, D in (("toy", 200, 16), ("GPT-2 small", 50_257, 768), ("GPT-3", 50_257, 12_288)):
    print(f"{name:12} {V:6,} × {D:6,} = {V * D:11,} numbers in the table")

# %% [markdown]
# And what does it buy? Too *small* a width leaves no room: in few dimensions, random directions cannot keep out of each
# other's way. Take 200 random vectors and look for the largest cosine between two of them. (The cosine says how similar
# two directions are; 1 = the same.)

# %%
for D in (2, 4, 16, 64, 768):
    directions = F.normalize(torch.randn(200, D, generator=torch.Generator().manual_seed(3)), dim=1)
    cosines = directions @ directions.T - 2 * torch.eye(200)
    print(f"D = {D:3}: the two most similar of 200 words have cosine {cosines.max():.1f}")

# %% [markdown]
# Too *large* a width costs memory and time, and on little text the extra numbers learn the accidents of that text. On
# the bench below you can try how few numbers are enough for a small world.
#
# ## Meaning from neighbours: word2vec
#
# Where does meaning come from? From use. Words that occur in the same surroundings tend to mean similar things, and
# surroundings can be counted in any text. We take a small world of simple sentences, whose grammar we know:

# %%
documents = toy_world(10_000).split(" <|endoftext|> ")
sentences = [s.strip() for document in documents for s in document.split(".") if s.strip()]
print(f"{len(sentences):,} sentences, for example:")
for sentence in sentences[:4]:
    print("  ", sentence)

# %% [markdown]
# Each sentence becomes a row of ids of its own. So no window will reach from one sentence into the next, let alone from
# one document into another.

# %%
tokenizer = WordTokenizer.from_text(" ".join(sentences))
rows = [tokenizer.encode(sentence) for sentence in sentences]
word_id = {word: token_id for token_id, word in tokenizer.vocabulary.items()}
print(len(tokenizer), "words; the first sentence:", rows[0])

# %% [markdown]
# **Skip-gram** asks: given a word, which words stand near it? Each word of a sentence is the *centre* once, and forms a
# pair with each neighbour, here with those up to two places away:

# %%
sentence = sentences[0].split()
window = 2
for centre in range(3):
    near = range(max(0, centre - window), min(len(sentence), centre + window + 1))
    print(sentence[centre], "->", [sentence[i] for i in near if i != centre])

# %% [markdown]
# A pair is scored by a **dot product**. Each word has two vectors, in **two matrices**: one for its part as a centre,
# one for its part as a neighbour. (A word is hardly ever its own neighbour; with a single matrix its dot product with
# itself would always be large.) The **sigmoid** turns the score into the probability that the two are neighbours:
#
# $$P(\text{neighbours}) = \sigma(w \cdot c) = \frac{1}{1 + e^{-w \cdot c}}$$

# %%
w = torch.tensor([1.0, 2.0])  # a centre
for c in (torch.tensor([2.0, 1.0]), torch.tensor([2.0, -1.0]), torch.tensor([-2.0, -1.0])):
    score = w @ c
    print(f"dot product {score:4.0f}, probability {torch.sigmoid(score):.2f}")

# %% [markdown]
# True pairs alone would teach the model to say yes to everything. So each true pair comes with $K$ false ones, whose
# second word is drawn at random: **negative sampling**. "Are these two neighbours?" has two answers, so the loss is
# **binary cross-entropy**: minus the log of the probability of the right answer, which is yes (1) for the neighbour $c$
# and no (0) for the noise words $n_k$. With $1 - \sigma(x) = \sigma(-x)$:
#
# $$\text{loss} = -\log \sigma(w \cdot c) - \sum_{k=1}^{K} \log \sigma(-w \cdot n_k)$$

# %%
score = torch.tensor(1.5)
print(f"neighbour: {F.binary_cross_entropy_with_logits(score, torch.tensor(1.0)):.4f}", end=" = ")
print(f"{-F.logsigmoid(score):.4f}")
print(f"noise    : {F.binary_cross_entropy_with_logits(score, torch.tensor(0.0)):.4f}", end=" = ")
print(f"{-F.logsigmoid(-score):.4f}")

# %% [markdown]
# Noise words are drawn in proportion to their counts to the power 0.75, so that rare words come up a bit more often
# than in the text:

# %%
counts = torch.bincount(torch.tensor([token_id for row in rows for token_id in row]))
for word in ("the", "king", "soup", "night"):
    count = counts[word_id[word]]
    share, drawn = count / counts.sum(), count**0.75 / (counts**0.75).sum()
    print(f"{word:6} {share:6.2%} of the text, {drawn:6.2%} of the noise")

# %% [markdown]
# ### Exercise 04.3 · Write the loss of one pair
#
# ●●● · 10 minutes · for knowing what word2vec makes large and what small · write a function
#
# Complete `skip_gram_loss`. `word` (D,) is the centre's vector, `context` (D,) a true neighbour's, `noise` (K, D) the
# vectors of K noise words. Return the loss above, one number, summed over the noise words.

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
# In which direction does this loss push? One step of gradient descent on one pair and one noise word, by hand:

# %%
g = torch.Generator().manual_seed(4)
w, c, n = (torch.randn(3, generator=g, requires_grad=True) for _ in range(3))


def scores():
    return f"with the neighbour {w @ c:.2f}, with the noise word {w @ n:.2f}"


print("before:", scores())
(-F.logsigmoid(w @ c) - F.logsigmoid(-(w @ n))).backward()
with torch.no_grad():
    for vector in (w, c, n):
        vector -= 0.5 * vector.grad
print("after :", scores())

# %% [markdown]
# The dot product of neighbours *grows*, that of strangers *falls*. (Notes that say word2vec makes the dot product of
# neighbours small have the sign the wrong way round.)
#
# ### Train
#
# Now the same for about a thousand pairs at a time, a thousand times over. `SkipGram` holds the two matrices and this
# loss; training takes a few seconds. (Run the cell to see the bar move. `??SkipGram` shows the code.)

# %%
model = SkipGram(len(tokenizer), d_model=16, seed=0)
history = model.fit(rows, window=2, negatives=5, steps=1_000)

# %%
print(f"loss in the first 100 steps {history.losses[0]:.1f}, in the last 100 {history.losses[-1]:.1f}")
print("falling over the first 300 steps:", history.losses[0] > history.losses[1] > history.losses[2])

# %% [markdown]
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
# Now look. Training did what its loss asked for: neighbours and strangers, each pair scored as in training, centre with
# context.

# %%
words_of, contexts_of = model.words.detach(), model.contexts.detach()
for word, neighbour, stranger in (("reads", "book", "flies"), ("dog", "barks", "moos"), ("eats", "soup", "hat")):
    near, far = (words_of[word_id[word]] @ contexts_of[word_id[other]] for other in (neighbour, stranger))
    print(f"{word:5}: larger with {neighbour!r} than with {stranger!r}:", bool(near > far))

# %% [markdown]
# But what of the word vectors among themselves? Which are similar: those of words that stand *beside* each other, or
# those of words that could stand *in place of* each other?


# %%
def cosine(a, b):
    return F.cosine_similarity(words_of[word_id[a]], words_of[word_id[b]], dim=0).item()


for a, b in (("happy", "sad"), ("king", "queen"), ("king", "crown"), ("dog", "cat"), ("dog", "barks")):
    print(f"{a:5} and {b:5}: cosine {'above 0.8' if cosine(a, b) > 0.8 else 'below 0.8'}")

# %% [markdown]
# Those in place of each other. *King* and *crown* often stand together, yet their vectors are not alike. And the
# **antonyms** *happy* and *sad* are close neighbours in this space: whoever is happy could be sad in the same sentence.
# Same use is not same meaning, and use is all that these vectors know.
#
# Do the words of a kind lie together? Take six kinds: is each word's nearest neighbour a word of its own kind?

# %%
kinds = {
    "people": "king queen prince princess man woman boy girl kings queens men women boys girls princes princesses",
    "animals": "dog cat mouse cow horse duck frog lion wolf dogs cats mice cows horses ducks frogs lions wolves",
    "family": "father mother son daughter brother sister fathers mothers sons daughters brothers sisters",
    "places": "garden park forest market village palace cottage house barn cave pond",
    "food": "bread soup cake cheese water milk tea meat fish grass hay flies",
    "feelings": "happy sad tired hungry quiet",
}
kind_of = {word: kind for kind, group in kinds.items() for word in group.split()}

nearest = {word: tokenizer.vocabulary[model.most_similar(word_id[word], k=1)[0][0]] for word in kind_of}
right = sum(kind_of.get(nearest[word]) == kind for word, kind in kind_of.items())
print(len(kind_of), "words; nearest neighbour of the same kind for at least 90 %:", right >= 0.9 * len(kind_of))

# %% [markdown]
# Last, arithmetic. In this world a queen is to a king what a woman is to a man, and it shows as a *direction*:

# %%
for start, minus, plus in (("king", "man", "woman"), ("prince", "boy", "girl")):
    found, _ = model.analogy(word_id[start], word_id[minus], word_id[plus], k=1)[0]
    print(f"{start} - {minus} + {plus} = {tokenizer.vocabulary[found]}")

# %% [markdown]
# The three words themselves are left out of the search, as is usual; otherwise the answer is often one of them. And a
# picture: eight people in the two dimensions in which they differ most, with a line from each male word to its female
# counterpart. Four lines, nearly one direction:

# %%
import matplotlib.pyplot as plt

people = "king queen prince princess man woman boy girl".split()
bench = EmbeddingBench()  # brings a recorded run of this recipe, so that the picture is the same on every machine
bench.set(words=" ".join(people))
figure, axes = plt.subplots(figsize=(5.5, 3.4))
for word, (x, y) in zip(people, bench.trace.map, strict=True):
    axes.plot(x, y, "o", color="#2f7fc1" if word in people[::2] else "#c8590a")
    axes.annotate(word, (x, y), xytext=(5, 4), textcoords="offset points")
for male in range(0, 8, 2):
    axes.plot(*bench.trace.map[male : male + 2].T, color="#8a8a8a", linewidth=0.8)
axes.set(xlabel="first direction", ylabel="second direction")
axes.margins(0.2)
course.show(
    figure,
    alt="Eight people as points. The lines from king to queen, prince to princess, man to woman and boy to girl "
    "are nearly parallel and of similar length.",
)

# %% [markdown]
# **Other ways to the same.** *GloVe* starts from the table of how often any two words meet and finds vectors whose dot
# products, up to a number for each word, reproduce the logarithms of those counts. A few lines show that counting alone
# carries the meaning: count pairs, compare with chance, take logarithms, and keep the 16 strongest directions (`svd`
# sorts directions by strength).

# %%
V = len(tokenizer)
pairs = [(row[i], row[i + d]) for row in rows for d in (1, 2) for i in range(len(row) - d)]
left, right = torch.tensor(pairs).T
met = torch.bincount(left * V + right, minlength=V * V).view(V, V).double()
met = met + met.T  # (V, V) how often two words meet
by_chance = met.sum(dim=1, keepdim=True) * met.sum(dim=0) / met.sum()
U, S, _ = torch.linalg.svd((met / by_chance).log().clamp(min=0))
counted = F.normalize(U[:, :16] * S[:16].sqrt(), dim=1)

target = counted[word_id["king"]] - counted[word_id["man"]] + counted[word_id["woman"]]
best = (counted @ target).topk(4).indices.tolist()
others = [tokenizer.vocabulary[i] for i in best if tokenizer.vocabulary[i] not in ("king", "man", "woman")]
print("by counting: king - man + woman =", others[0])

# %% [markdown]
# **And language models?** They do not take word2vec's vectors. They begin with a random table and train it with
# everything else, on the one task of predicting the next token. Word2vec also has a single vector for each word; in a
# language model the layers above the table give *flies* one vector in *the frogs eat flies* and another in *time
# flies*.
#
# Trained tables can be reused elsewhere, though: the mean of a text's vectors is a cheap description of it. Here is a
# search engine, or a recommendation system, in five lines: which of the other sentences is most like the first?

# %%
sentences_to_compare = ["the king drinks tea", "the queen drinks milk", "the frogs swim in the pond"]
means = [words_of[tokenizer.encode(sentence)].mean(dim=0) for sentence in sentences_to_compare]
similarity = [F.cosine_similarity(means[0], mean, dim=0) for mean in means[1:]]
closest = sentences_to_compare[1 + int(similarity[1] > similarity[0])]
print("who likes", repr(sentences_to_compare[0]), "may also like", repr(closest))

# %% [markdown]
# ## The same, polished: `llmlab.embeddings`
#
# The hand-written pieces and the package, side by side, on the small tables from above:

# %%
embed = InputEmbedding(vocab_size=11, d_model=6, context_length=5)
with torch.no_grad():
    embed.token.weight.copy_(token_table)
    embed.position.weight.copy_(position_table)
embed_torch = nn.Embedding.from_pretrained(token_table)

print("token + position by hand:", torch.equal(embed(batch), inputs))
print("one-hot product         :", torch.equal(one_hot_lookup(batch, token_table), embed_torch(batch)))
print("rotary, 100 places      :", end=" ")
rows_100 = torch.randn(100, 8, generator=g)
print(torch.allclose(turn(rows_100, torch.arange(100)), apply_rope(rows_100, torch.arange(100)), atol=1e-4))

# %% [markdown]
# The loss of one pair, by the formula, and the same pair through the model:

# %%
centre, near, far = torch.tensor([5]), torch.tensor([8]), torch.tensor([[1, 2, 3]])
w, c, n = words_of[5], contexts_of[8], contexts_of[far[0]]
by_formula = -F.logsigmoid(w @ c) - F.logsigmoid(-(n @ w)).sum()
print("skip-gram loss:", torch.allclose(by_formula, model(centre, near, far)))

# %% [markdown]
# And your own function:

# %%
yours = embed_input(batch, token_table, position_table)
if yours is None:
    print("embed_input is still to be written: exercise 05.2.")
else:
    assert torch.allclose(yours, embed(batch))
    print("Your embed_input equals llmlab's InputEmbedding.")

# %% [markdown]
# Last, what the next lessons start from: the story in windows (lesson 03), as vectors with their places. The sizes are
# those of chapter 2 in Raschka's *Build a Large Language Model (From Scratch)*: eight windows of four tokens, 256
# numbers per token.

# %%
ids, _ = next(iter(create_dataloader(load_text(), batch_size=8, max_length=4, stride=4, shuffle=False)))
embed = InputEmbedding(vocab_size=50_257, d_model=256, context_length=4)
print("ids", tuple(ids.shape), "-> vectors", tuple(embed(ids).shape))
print("parameters:", f"{sum(parameter.numel() for parameter in embed.parameters()):,}")

# %% [markdown]
# ## You can now
#
# - show that an embedding is a table, that a lookup equals a one-hot product, and which rows a step of training moves;
# - write the loss of skip-gram, and say what it makes large and what small;
# - read a table of cosines, and say why opposites are neighbours and where *queen* comes from;
# - tell invariant from equivariant, and choose between learned, sinusoidal and rotary positions;
# - add $(T, D)$ to $(B, T, D)$, and tell the two tables apart.
#
# Type `??InputEmbedding` or `??apply_rope` in a new cell to read the package's version. Lesson 05 lets these vectors
# look at each other.

# %%
progress("04")
