# %% [markdown]
# # 02 · Byte pair encoding
#
# Word tokenizers leave us with unknown words, character tokenizers with rows of ids that are far too long. This lesson
# builds what lies between, and what GPT-2 and most models since have used: start from bytes, then let the text itself
# say which neighbours belong together. You will write the heart of the trainer and the encoder, and at the end the same
# method gives GPT-2's own ids for the whole story, all 5,269 of them.
#
# About 75 minutes. At the end you can
#
# - train merges by hand, and say what decides a tie;
# - encode by merge rank, and tell that from two encoders that look like it;
# - reason about bytes, half characters and special tokens;
# - weigh the size of a vocabulary against the length of a text, and use `tiktoken`.

# %% [markdown]
# ## Before we start: three questions on lesson 01
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. What is a vocabulary, and what is it not?</summary>
#
# The table of distinct tokens with one id for each. It is not the list of ids of a text: that is the encoded text.
# </details>
#
# <details><summary>2. What does a word tokenizer do with a word that it has never seen?</summary>
#
# Without <code>&lt;|unk|&gt;</code> it must refuse; with it, all unknown words become the same id, and what they were
# is lost.
# </details>
#
# <details><summary>3. What does the round trip through a word tokenizer lose?</summary>
#
# The spaces. <code>decode</code> has to guess where they were: <code>It's</code> comes back as <code>It' s</code>.
# </details>

# %%
from collections import Counter
from itertools import pairwise

import regex
import torch
from torch.nn import functional as F

from llmlab import course
from llmlab.bpe import GPT2_PATTERN, BPETokenizer, gpt2_encoding, train_bpe
from llmlab.corpus import load_text
from llmlab.exercises import exercise, progress
from llmlab.explorers import MergePlayer
from llmlab.windows import pack

# %% [markdown]
# ## Start from bytes
#
# A computer stores text as bytes, numbers from 0 to 255. The rule that turns characters into bytes is nearly always
# **UTF-8**: the 128 characters of ASCII (English letters, digits, common punctuation) take one byte, all others two,
# three or four.

# %%
for character in ("Z", "ë", "—", "🎹"):
    print(character, list(character.encode()), [f"{byte:08b}" for byte in character.encode()])

# %% [markdown]
# Look at the bits. A byte that begins with `0` is a character of its own. `110`, `1110` and `11110` announce a
# character of two, three and four bytes, and `10` marks a byte that continues one. So the start of a character can be
# found from anywhere in a text.
#
# Now the simplest tokenizer of all: the bytes *are* the ids. Its vocabulary has 256 entries, no text is unknown to it,
# and nothing gets lost.

# %%
story = load_text()
byte_ids = list(story.encode())

print(byte_ids[:12], bytes(byte_ids[:12]).decode())
print(f"{len(story):,} characters -> {len(byte_ids):,} ids")
print(f"{len(set(byte_ids))} of the 256 are in use")
assert bytes(byte_ids).decode() == story

# %% [markdown]
# The price is length. A model reads at most a fixed number of ids at a time, and each one costs work. With a context of
# 1,024 ids, this is how far it could look back:

# %%
gpt2_ids = gpt2_encoding().encode(story)
for name, ids in (("bytes", byte_ids), ("GPT-2", gpt2_ids)):
    characters = 1024 * len(story) // len(ids)
    print(f"{name}: {len(ids):6,} ids for the story; 1,024 hold {characters:5,} characters")

# %% [markdown]
# ## Count, merge, repeat
#
# The idea comes from data compression (Philip Gage, 1994): **find the pair of neighbours that occurs most often, give
# it an id of its own, put that id in its place, and repeat.** By hand, on "then the hen" (`_` is the space):

# %%
rows = [
    ("", "t h e n _ t h e _ h e n"),
    ("h + e occurs 3 times", "t he n _ t he _ he n"),
    ("t + he occurs 2 times", "the n _ the _ he n"),
]
for reason, row in rows:
    assert row.replace(" ", "").replace("_", " ") == "then the hen"
    print(f"{len(row.split()):2} symbols:  {row:26}{reason}")

# %% [markdown]
# Each step is a **merge**. Two merges brought twelve symbols down to seven, and a word came out that nobody put in. The
# order of the merges is kept: the place of a merge in that order is its **rank**, from 0 on.
#
# (After the first merge `he + n` occurred twice as well. We took the pair that comes first in the row. Hold that
# thought.)
#
# Now on ids. A trainer needs two functions, and you write both.

# %% [markdown]
# ### Exercise 02.1 · Count the pairs
#
# ●○○ · 5 minutes · for knowing what training looks at · write a function
#
# Complete `count_pairs`. It takes a list of ids and returns a dictionary that maps each pair of neighbours
# `(left, right)` to the number of places where it occurs. Every place counts, even where pairs overlap: in `[7, 7, 7]`
# the pair `(7, 7)` occurs twice. A row of fewer than two ids has no pairs.
#
# Stuck? `exercise("02.1").hint()` gives a question first, then the idea, then the line.


# %% exercise="02.1"
def count_pairs(ids):
    ### BEGIN SOLUTION
    counts = {}
    for i in range(len(ids) - 1):
        pair = (ids[i], ids[i + 1])
        counts[pair] = counts.get(pair, 0) + 1
    return counts
    ### END SOLUTION


# %%
exercise("02.1").check(count_pairs)

# %% [markdown]
# ### Exercise 02.2 · Merge a pair
#
# ●●○ · 8 minutes · for the case that everybody gets wrong once · write a function
#
# Complete `merge`. It returns a new list, in which `new_id` stands wherever `pair` stood in `ids`. It works from left
# to right, and an id can be used only once: `merge([7, 7, 7], (7, 7), 256)` is `[256, 7]`.


# %% exercise="02.2"
def merge(ids, pair, new_id):
    ### BEGIN SOLUTION
    merged = []
    i = 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == pair:
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged
    ### END SOLUTION


# %%
exercise("02.2").check(merge)

# %% [markdown]
# ## The trainer
#
# Here is all of it, with a version of the two functions that the rest of the lesson uses, whether or not yours are
# written. (`merge_pair` keeps what it has merged and looks back by one. Does it treat `7 7 7` as yours does?)


# %%
def pair_counts(ids):
    return Counter(pairwise(ids))


def merge_pair(ids, pair, new_id):
    merged = []
    for token_id in ids:
        if merged and (merged[-1], token_id) == pair:
            merged[-1] = new_id
        else:
            merged.append(token_id)
    return merged


assert merge_pair([7, 7, 7], (7, 7), 256) == [256, 7]


# %%
def train(text, n_merges, min_frequency=1):
    ids, merges = list(text.encode()), []
    while len(merges) < n_merges:
        counts = pair_counts(ids)
        best = max(counts, key=counts.get, default=None)
        if best is None or counts[best] < min_frequency:
            break
        ids = merge_pair(ids, best, 256 + len(merges))
        merges.append(best)
    return merges


print(train("then the hen", n_merges=2))

# %% [markdown]
# Ids 0 to 255 are the bytes, and the merge of rank $r$ makes id $256 + r$. So `(116, 256)` is `t` and what the first
# merge made. To read ids as text again we need the bytes of each: those of a merged token are the bytes of its two
# parts, one after the other.


# %%
def token_bytes(merges):
    tokens = [bytes([byte]) for byte in range(256)]
    for left, right in merges:
        tokens.append(tokens[left] + tokens[right])
    return tokens


print(token_bytes(train("then the hen", n_merges=2))[256:])

# %% [markdown]
# And now the story, with 244 merges, so that the vocabulary has 500 entries:

# %%
merges = train(story, n_merges=244)
tokens = token_bytes(merges)

print("first:", tokens[256:270])
print("late :", tokens[-12:])
print("long :", sorted(tokens, key=len)[-5:])

# %% [markdown]
# Word endings, articles, `said` with the comma and the quotation mark before it: nobody told the trainer what English
# is. The most frequent pairs were merged first, so a token of low rank is usually a frequent one, and later merges
# build on earlier ones.
#
# How long should one go on? A pair that occurs twice in 20,000 bytes says little about the next text. So trainers stop
# at a vocabulary size, or where the best pair falls below a **minimum frequency**:

# %%
for min_frequency in (20, 40, 80):
    n = len(train(story, n_merges=200, min_frequency=min_frequency))
    print(f"at least {min_frequency} times: {n:3} of 200 merges")

# %% [markdown]
# ## When pairs tie
#
# What if two pairs are equally frequent? The counts do not say. Two rules are common: take the pair whose first place
# in the row comes **first** (ours does: `max` gives the first of equals, and a dictionary keeps the order of
# insertion), or take the **lexicographically** greatest, the one that an alphabetical list would put last.

# %% [markdown]
# ### Exercise 02.3 · Who wins a tie?
#
# ●○○ · 3 minutes · for comparing two trainers · predict
#
# The text is `nothing nothing`. Which pair of letters is merged first by the rule "first", and which by the rule
# "lexicographic"? Answer with two strings of two letters each.

# %% exercise="02.3"
### BEGIN SOLUTION
by_first, by_greatest = "no", "th"
### STUB
# by_first, by_greatest = ..., ...
### END SOLUTION

# %%
exercise("02.3").check((by_first, by_greatest))

# %% [markdown]
# Does it matter? Train twice on the story, with all else equal. `train_bpe` is the trainer of the package; at the end
# you will see that it finds the same merges as ours.

# %%
both = {}
for rule in ("first", "lexicographic"):
    trained = train_bpe(story, 256 + 300, pattern=None, tie_break=rule)
    both[rule] = trained.merges
    print(f"{rule:13} {len(trained.encode(story)):,} ids")

same = [a == b for a, b in zip(both["first"], both["lexicographic"], strict=True)]
in_common = len({*both["first"]} & {*both["lexicographic"]})
print(f"the first {same.index(False)} merges agree; of all 300, {in_common} are in both")

# %% [markdown]
# Both are right, both compress about equally well, and their ids cannot be mixed. **A set of merges is not unique**: it
# depends on the text, on how the text was cut, and on the tie rule. A model must be used with the very merges it was
# trained with.
#
# ### Predict, then explore
#
# The player below steps through the merges of one sentence with *your* `count_pairs` and `merge`. It starts after two
# merges, where two pairs are tied. Before you touch it:
#
# - Which pair is merged next, and which one under the other rule? Both ways lead to the token `·help` (`·` is a space).
#   After how many merges?
# - `ë` is two bytes. Will they have found each other after 20 merges? Does that depend on the tie rule?
# - **The target:** half as many tokens as bytes, with as few merges as possible. Does it help to cut the text into
#   words first, so that no merge crosses a space?
#
# (Step with the arrow keys once *Merges so far* has the focus.)

# %%
explorer = MergePlayer(count_pairs=count_pairs, merge=merge)
explorer

# %% [markdown]
# An explorer is a Python object, so what it shows can be asserted. Here is a second player, with a text of sheep: how
# often does each pair occur in it, and what does it look like after two merges? Say it before you run the cell.

# %%
probe = MergePlayer(count_pairs=count_pairs, merge=merge, text="baaa baaaab")
probe.set(merges=0)
counted = {pair.left + pair.right: pair.count for pair in probe.trace.pairs}
probe.set(merges=2)
print(counted)
print([token.decode() for token in probe.trace.tokens])

assert counted == {b"aa": 5, b"ba": 2, b"a ": 1, b" b": 1, b"ab": 1}
assert probe.trace.tokens == (b"baa", b"a", b" ", b"baa", b"aa", b"b")

# %% [markdown]
# If an assertion fails, one of your two functions is wrong, and the player shows where. The lineage of the newest token
# says which merges made it: that is what "byte pair encoding" remembers, a history, not a list of words.
#
# ## Encode by rank
#
# A new text comes in. It is turned into bytes, and then? We have 500 tokens. Two ideas look natural. **Longest match**
# takes, from the left, the longest token that fits:


# %%
def longest_match(text, tokens):
    data, ids, start = text.encode(), [], 0
    while start < len(data):
        ends = range(start + 1, len(data) + 1)
        end = max(end for end in ends if data[start:end] in tokens)
        ids.append(tokens.index(data[start:end]))
        start = end
    return ids


# %% [markdown]
# **Prefix extension** is often taken for the same thing: the piece grows byte by byte, as long as it is still a token.


# %%
def prefix_extension(text, tokens):
    data, ids, start = text.encode(), [], 0
    while start < len(data):
        end = start + 1
        while end < len(data) and data[start : end + 1] in tokens:
            end += 1
        ids.append(tokens.index(data[start:end]))
        start = end
    return ids


# %% [markdown]
# Byte pair encoding does neither. **It applies the merges in the order in which they were learned**: of all pairs
# in the row, the one with the lowest rank is merged first, wherever it stands; then it looks again. Three encoders, the
# same 500 tokens:

# %%
by_rank = train_bpe(story, 500, pattern=None)  # the package's; its encode goes by rank
encoders = {
    "prefix extension": lambda text: prefix_extension(text, tokens),
    "longest match": lambda text: longest_match(text, tokens),
    "by rank": by_rank.encode,
}
for name, encode_with in encoders.items():
    ids = encode_with("eleven")
    print(f"{name:17}", ids, [tokens[token_id].decode() for token_id in ids])

# %% [markdown]
# Three results for one word. Prefix extension never finds `ven`: on the way there it would need `ve`, which is no
# token. Longest match does find it, but begins with `el`. By rank, `en` is merged first, then `le`, which leaves the
# first `e` on its own, and last `v` with `en`. Each result decodes to "eleven", so no round trip shows the difference.
# How often does it happen?

# %%
words = sorted({word for word in regex.findall(r"\p{L}+", story) if len(word) > 2})
for name in ("prefix extension", "longest match"):
    differ = sum(encoders[name](word) != by_rank.encode(word) for word in words)
    print(f"{name:17} differs from encoding by rank for {differ} of {len(words)} words")

# %% [markdown]
# A model that was trained on ids by rank has rarely seen the others: to it they look like misspellings.

# %% [markdown]
# ### Exercise 02.4 · Encode by rank
#
# ●●● · 12 minutes · for encoding as GPT-2 does · write a function
#
# Write `encode`. `merges` is a list of pairs of ids in rank order, as `train` returns it: the merge at place `r` makes
# id `256 + r`. Start from the bytes of `text`, apply the merges by rank, and return the list of ids. An empty text has
# none.
#
# (The check knows both impostors from above, and some more.)


# %% exercise="02.4"
def encode(text, merges):
    ### BEGIN SOLUTION
    ids = list(text.encode())
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    while len(ids) > 1:
        pairs = [(ids[i], ids[i + 1]) for i in range(len(ids) - 1)]
        best = min(pairs, key=lambda pair: ranks.get(pair, len(merges)))
        if best not in ranks:
            break
        place = pairs.index(best)
        ids[place : place + 2] = [256 + ranks[best]]
    return ids
    ### END SOLUTION


# %%
exercise("02.4").check(encode)

# %% [markdown]
# There is a shorter way to say it: repeat the training, without the counting. Going through all merges in order gives
# the same ids, because a merge uses only bytes and tokens of lower rank. But it always takes 244 passes over the text,
# where the other way takes one for each place it merges: for a word, only a few.

# %%
replayed = list(b"eleven hens")
for rank, pair in enumerate(merges):
    replayed = merge_pair(replayed, pair, 256 + rank)

print(replayed)
assert replayed == by_rank.encode("eleven hens")
yours = encode("eleven hens", merges)
print("encode is still to be written: exercise 02.4." if yours is None else f"yours: {yours}")

# %% [markdown]
# ## Half a character
#
# Merges join bytes, and know nothing of characters. Are there tokens among our 500 that are no text at all?


# %%
def is_text(token):
    try:
        token.decode()
    except UnicodeDecodeError:
        return False
    return True


print("ours :", [token for token in tokens[256:] if not is_text(token)])
broken = [token for token in BPETokenizer.gpt2().vocabulary.values() if not is_text(token)]
single = sum(len(token) == 1 for token in broken)
print(f"GPT-2: {len(broken)} of 50,257, {single} of them single bytes")

# %% [markdown]
# `Zo` and the first byte of `ë`: Zoë is mentioned so often that the merges reach into the middle of a letter. The
# single bytes from 128 on are never a character by themselves. And GPT-2 does not have a token for each character:

# %%
for token_id in gpt2_encoding().encode("🎹"):
    token = gpt2_encoding().decode_single_token_bytes(token_id)
    print(token_id, token, repr(token.decode(errors="replace")))

# %% [markdown]
# To decode, join the bytes first and turn them into text afterwards. Token by token, with `errors="replace"`, each part
# becomes `�` (U+FFFD) and the piano is gone:

# %%
piano = gpt2_encoding().encode("ready 🎹")
pieces = [gpt2_encoding().decode_single_token_bytes(token_id) for token_id in piano]
print("joined first  :", b"".join(pieces).decode())
print("one at a time :", "".join(piece.decode(errors="replace") for piece in pieces))

# %% [markdown]
# But a chat window shows the tokens as they come, one at a time. It must hold a half character back until the rest is
# there. (And a model can write bytes that never become a character. Then `�` is the honest answer.)

# %% [markdown]
# ### Exercise 02.5 · Stream whole characters
#
# ●●○ · 10 minutes · for showing text while it is written · write a function
#
# `tokens` is a list of byte strings that arrive one after the other. Return a list with one text for each: the
# characters that became complete with it, all of them, and nothing that was given before. Where none did, the text is
# `""`. For `[b"Zo\xc3", b"\xab"]` that is `["Zo", "ë"]`. The tokens come from real text, which may break off in the
# middle of a character; that last half is never shown.


# %% exercise="02.5"
def stream(tokens):
    ### BEGIN SOLUTION
    held = b""
    texts = []
    for token in tokens:
        held += token
        text = held.decode(errors="ignore")
        held = held[len(text.encode()) :]
        texts.append(text)
    return texts
    ### END SOLUTION


# %%
exercise("02.5").check(stream)

# %% [markdown]
# Python has this built in, as an *incremental decoder*:

# %%
import codecs

decoder = codecs.getincrementaldecoder("utf-8")()
print([decoder.decode(piece) for piece in pieces])

# %% [markdown]
# ## Cut first, then merge
#
# What else did the trainer learn from the story, if we let it go on to 1,000 merges?

# %%
raw = train_bpe(story, 256 + 1000, pattern=None)
print(sorted(raw.vocabulary.values(), key=len)[-6:])

# %% [markdown]
# Whole phrases, with full stops and half words in them. They save ids in this story and in no other. So GPT-2 **cuts
# the text into chunks first** (pre-tokenization), and no merge crosses a cut. Its pattern keeps a space with the word
# that follows, and splits off contractions, numbers and punctuation:

# %%
print(regex.findall(GPT2_PATTERN, "They'd 112 steps to climb, and hens!  Help-less?"))

# %%
cut = train_bpe(story, 256 + 1000)
print(sorted(cut.vocabulary.values(), key=len)[-6:])
for word in (" help", " helper", " helpless", " unhelpful"):
    pieces = [cut.decode([token_id]) for token_id in cut.encode(word)]
    print(f"{word:11}", pieces)

# %% [markdown]
# Now no token reaches beyond its chunk, a word with its space at most, and most of the family of *help* shares a piece,
# as far as so short a story can teach it. There is a second gain: a chunk that occurs a hundred times needs to be
# counted only once, with weight 100.
#
# ## Vocabulary against length
#
# More merges, shorter rows. But each halving of the length takes many more merges than the one before:

# %%
import matplotlib.pyplot as plt

steps = [0, 25, 50, 100, 200, 400, 800, 1600]
lengths = {}
for name, pattern in (("cut first", GPT2_PATTERN), ("raw bytes", None)):
    trained = train_bpe(story, 256 + steps[-1], pattern=pattern)
    shorter = [BPETokenizer(trained.merges[:n], pattern=pattern) for n in steps]
    lengths[name] = [len(tokenizer.encode(story)) for tokenizer in shorter]
    print(f"{name}: {lengths[name]}")

# %%
figure, axes = plt.subplots(figsize=(7, 2.8))
axes.plot(steps, lengths["cut first"], "o-", color="#2f7fc1", label="cut first")
axes.plot(steps, lengths["raw bytes"], "s--", color="#c8590a", label="raw bytes")
axes.axhline(len(gpt2_ids), color="#6a6a6a", linewidth=1, label="GPT-2, 50,000 merges")
axes.set(xlabel="merges learned from the story", ylabel="ids for the story", ylim=(0, None))
axes.legend()
course.show(
    figure,
    alt="Ids for the story against the number of merges. Both curves fall from 19,789, steeply "
    "at first and ever more slowly. With 1,600 merges, text that was cut first needs about as many "
    "ids as with GPT-2's 50,000; raw bytes need fewer.",
)

# %% [markdown]
# Our 1,600 merges do as well as GPT-2's 50,000 only because they were learned *from this very story*. On a sentence
# from elsewhere such merges do worse, as the last two lines below show. And a large vocabulary is not free: the model
# holds a row of numbers for each token. With rows of 768 numbers, as in the smallest GPT-2:

# %%
for size in (256, 1_000, 50_257, 200_000):
    print(f"{size:7,} tokens: {size * 768 / 1e6:6.1f} million parameters")

strangers = "Sphinxes of black quartz judge my vow."
for name, tokenizer in (("ours", cut), ("GPT-2", gpt2_encoding())):
    print(f"{name:6} {len(tokenizer.encode(strangers))} ids for: {strangers}")

# %% [markdown]
# Rare tokens are also seen rarely in training, so their rows are learned badly. Common sizes today lie roughly between
# 30,000 and 260,000.
#
# ## GPT-2 and tiktoken
#
# GPT-2's merges travel with the course. Where do its 50,257 ids come from?

# %%
gpt2 = BPETokenizer.gpt2()
print(f"256 bytes + {len(gpt2.merges):,} merges + 1 special token = {len(gpt2):,} ids")
print("first merges:", gpt2.merges[:6])
print("special     :", gpt2.special_tokens)
print("ids 0 to 3  :", [gpt2.vocabulary[token_id] for token_id in range(4)])

# %% [markdown]
# (Its ids 0 to 255 are the bytes in an order of its own: id 0 is `!`, not byte 0. That is a detail of history; the
# merges do not depend on it.)
#
# In practice one uses **tiktoken**, which does the same in Rust. `gpt2_encoding()` is tiktoken with the merges of the
# course, so that it needs no network.

# %%
encoding = gpt2_encoding()
ids = encoding.encode("The helper helped, unhelpfully.")
print(ids)
print([encoding.decode([token_id]) for token_id in ids])
assert gpt2.encode("The helper helped, unhelpfully.") == ids

# %% [markdown]
# **Special tokens** are not text. `<|endoftext|>` separates documents, and nobody may slip one in by writing it into a
# message. So tiktoken refuses when it finds one, and the caller must say what is meant:

# %%
text = "The end.<|endoftext|>"
try:
    encoding.encode(text)
except ValueError as error:
    print("ValueError:", str(error).splitlines()[0])

print("allowed          ", encoding.encode(text, allowed_special={"<|endoftext|>"}))
print("as ordinary text ", encoding.encode(text, disallowed_special=()))

# %% [markdown]
# One id, or seven ordinary ones, of which the first, 29847 for `.<`, has even swallowed the full stop. Our
# `BPETokenizer` refuses in the same way, and has no option that encodes one as ordinary text.
#
# ## Packing, padding, and the end of a text
#
# A model trains on rows of equal length, and documents are of any length. **Packing** joins them, with the separator
# between, into one row that is then cut into full windows:

# %%
letters = ["Dear Mr. Pascoe", "Thank you", "It was the flu. Yours truly"]
packed = pack(letters, encoding)
print(len(packed), "ids:", packed)
print(repr(encoding.decode(packed)))

# %% [markdown]
# **Padding** fills each document up to the longest, with a filler that must not be trained on. The loss is told to
# ignore it: PyTorch leaves out every target that is -100. (These rows are targets. In the inputs the filler must be a
# real id, because no token has the id -100.)

# %%
rows = [encoding.encode(letter) for letter in letters]
longest = max(map(len, rows))
padded = torch.tensor([row + [-100] * (longest - len(row)) for row in rows])  # (B, T)

logits = torch.zeros(*padded.shape, 50_257)  # (B, T, V)
flat, targets = logits.flatten(0, 1), padded.flatten()  # (B * T, V), (B * T,)
total = F.cross_entropy(flat, targets, ignore_index=-100, reduction="sum")
print(padded)
print(f"{targets.numel()} places, {sum(map(len, rows))} of them real")
print(f"total loss = {total.item() / torch.tensor(50_257.0).log().item():.2f} × ln V")

# %% [markdown]
# When all logits are zero each place costs $\ln V$, and fifteen places were charged: none of the filler reached the
# loss. But it takes memory and time all the same: with documents of very different lengths, most of a padded batch can
# be filler. So language models are mostly trained on packed text, and padding is kept for fine-tuning on short examples
# and for answering several prompts at once. (GPT-2 has no padding token; many people use id 50256 as the filler, which
# is fine as long as the loss leaves out the fillers and only them.)

# %% [markdown]
# ### Exercise 02.6 · Packing or padding?
#
# ●○○ · 3 minutes · for feeding a model well · choose and explain
#
# You train on 1,000 letters of 20 to 400 ids each, with a context length of 256. Which of these is packing?
#
# - **a**: fill each letter up to 256 with `<|endoftext|>`, and let the loss count every position
# - **b**: join all letters with one `<|endoftext|>` between them, cut the row into windows of 256, and let the loss
#   count every position
# - **c**: join all letters without anything between them, and put `<|endoftext|>` after every 256 ids
# - **d**: fill each letter up to 400 with a padding id, and let the loss count every position
#
# Put the letter, in quotes, in place of the `...`, and write your reason into the comment.

# %% exercise="02.6"
# My reason:
### BEGIN SOLUTION
packing = "b"
### STUB
# packing = ...
### END SOLUTION

# %%
exercise("02.6").check(packing)

# %% [markdown]
# ## Relatives
#
# **WordPiece** (BERT) merges too, but not the most frequent pair: the one that is most frequent *compared with its
# parts*, $\text{count}(ab) / (\text{count}(a) \cdot \text{count}(b))$. It also encodes by longest match. **Unigram**
# goes the other way: it starts with too many pieces, gives each a probability, and throws out those that the text
# misses least. **SentencePiece** is a program that trains either BPE or unigram on raw text and treats the space as a
# character like any other, so that it also serves languages that do not write spaces. BPE's choice and WordPiece's, in
# one cell:

# %%
single, counts = Counter(byte_ids), pair_counts(byte_ids)
frequent = [pair for pair in counts if counts[pair] >= 10]
by_count = max(frequent, key=counts.get)
by_score = max(frequent, key=lambda pair: counts[pair] / (single[pair[0]] * single[pair[1]]))

for name, pair in (("BPE", by_count), ("WordPiece", by_score)):
    left, right = (single[byte] for byte in pair)
    print(f"{name:9} {bytes(pair)}: {counts[pair]} times; its parts {left:,} and {right:,}")

# %% [markdown]
# ## The same, polished: `llmlab.bpe`
#
# What you wrote by hand is in the package. First: the same merges, learned differently. Our trainer counted every pair
# of the text anew for every merge; `train_bpe` counts once, and then looks only where a merge has changed something.

# %%
trained = train_bpe(story, 500, pattern=None)
by_hand = [(tokens[left], tokens[right]) for left, right in merges]
print("the same 244 merges:", trained.merges == by_hand)

counted, row = 0, byte_ids
for rank, pair in enumerate(merges):
    counted += len(row) - 1
    row = merge_pair(row, pair, 256 + rank)
once, changed = len(byte_ids) - 1, len(byte_ids) - len(row)
print(f"by hand  : {counted:,} pairs counted")
print(f"train_bpe: {once:,} pairs counted once, {changed:,} places merged")
print(f"that is {counted / (once + changed):.0f} times less to look at")

# %% [markdown]
# The gap widens with the length of the text and with every merge, because the first trainer reads all of it each time.

# %% [markdown]
# Second: the same ids as GPT-2. Its merges applied by our code, against tiktoken, on the whole story:

# %%
ours = BPETokenizer.gpt2().encode(story)
print(f"{len(ours):,} ids, equal to tiktoken's: {ours == gpt2_encoding().encode(story)}")
assert gpt2.decode(ours) == story

# %% [markdown]
# And against your own `encode`, on a tokenizer trained here:

# %%
sentence = "It took four people to move the piano and eleven to tell them how."
yours = encode(sentence, merges)
if yours is None:
    print("encode is still to be written: exercise 02.4.")
else:
    assert list(yours) == trained.encode(sentence)
    print(f"Your {len(yours)} ids equal llmlab's.")

# %% [markdown]
# ## You can now
#
# - train merges by hand and in twenty lines, and say why two trainers may differ;
# - encode by rank, and recognise longest match and prefix extension for what they are;
# - handle tokens that are half a character, and special tokens that are no text;
# - say what a larger vocabulary buys and what it costs, and when to pack and when to pad.
#
# Type `??train_bpe` or `??BPETokenizer` in a new cell to read the package's version. Lesson 03 cuts the row of ids into
# examples for a model to learn from.

# %%
progress("02")
