# %% [markdown]
# # 02 · Byte pair encoding
#
# Word tokenizers leave us with unknown words, character tokenizers with sequences that are far too long. This lesson
# builds what lies between, and what GPT-2 and many models since have used: start from bytes, and let the text itself
# say which neighbours belong together. You write the trainer and the encoder; at the end the same method gives GPT-2's
# own ids for the whole story.
#
# About {minutes} minutes. At the end you can
#
# - train merges by hand and by a loop of your own, and say what decides a tie;
# - encode by merge rank, and tell that from two encoders that look like it;
# - reason about bytes, half characters and special tokens;
# - read GPT-2's splitting pattern, and say what tokens do to spelling, sums and other languages.

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
import codecs
import tempfile
import warnings
from collections import Counter
from itertools import pairwise

import regex

from llmlab.bpe import GPT2_PATTERN, BPETokenizer, gpt2_encoding, train_bpe
from llmlab.corpus import load_text
from llmlab.course.figures import vocabulary_against_length
from llmlab.exercises import exercise, progress
from llmlab.explorers import MergePlayer
from llmlab.windows import pack

# %% [markdown]
# ## Play first
#
# This player makes tokens out of bytes, step by step. Let it play for a minute: watch which two neighbours are joined
# next, and wait for the first word.

# %%
MergePlayer()

# %% [markdown]
# ## Start from bytes
#
# UTF-8 writes the 128 characters of ASCII (English letters, digits, common punctuation) as one byte, a number from 0 to
# 255, and all others as two, three or four:

# %%
for character in ("Z", "ë", "—", "🎹"):
    print(character, list(character.encode()), [f"{byte:08b}" for byte in character.encode()])

# %% [markdown]
# A byte that begins with `0` is a character of its own. `110`, `1110` and `11110` announce a character of two, three
# and four bytes, and `10` marks a byte that continues one.
#
# Now the simplest tokenizer of all: the bytes *are* the ids. It has 256 of them, knows every text and loses nothing.
# The price is length. A model reads at most a fixed number of ids at a time; this is what 1,024 hold:

# %%
story = load_text()
byte_ids, gpt2_ids = list(story.encode()), gpt2_encoding().encode(story)
assert bytes(byte_ids).decode() == story, "bytes lose nothing"

for name, ids in (("bytes", byte_ids), ("GPT-2", gpt2_ids)):
    held = 1024 * len(story) // len(ids)
    print(f"{name}: {len(ids):6,} ids for the story; 1,024 of them hold {held:5,} characters")

# %% [markdown]
# ## Count, merge, repeat
#
# The idea of **byte pair encoding** (BPE) comes from data compression: **find the pair of neighbours that occurs most
# often, give it an id of its own, put that id in its place, and repeat.** By hand, on "then the hen" (`_` is the
# space):
#
#     12 symbols:  t h e n _ t h e _ h e n
#      9 symbols:  t he n _ t he _ he n      h + e: 3 times
#      7 symbols:  the n _ the _ he n        t + he: 2 times
#
# Each step is a **merge**, and a word came out that nobody put in. The order of the merges is kept: the place of a
# merge in it is its **merge rank**, from 0 on. (After the first merge `he + n` occurred twice as well. We took the pair
# that comes first. Hold that thought.)
#
# Now on ids. A trainer needs two functions.

# %% [markdown]
# ### Exercise 02.1 · Count the pairs
#
# ●○○ · 5 minutes · for knowing what training looks at · write a function
#
# Complete `count_pairs`. It takes a list of ids and returns a dictionary that maps each pair of neighbours
# `(left, right)` to the number of places where it occurs. Every place counts, even where pairs overlap: in `[7, 7, 7]`
# the pair `(7, 7)` occurs twice. A list of fewer than two ids has no pairs.
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
# Ids 0 to 255 are the bytes, and the merge of rank $r$ makes id $256 + r$. The loop around your two functions is the
# whole trainer.
#
# ### Exercise 02.3 · Train merges
#
# ●●○ · 8 minutes · for making a tokenizer out of nothing but text · write a function
#
# Complete `train`. Start from the bytes of `text`. Then, at most `n_merges` times, count the pairs, take the most
# frequent and merge it. Return the merges in their order, a list of pairs of ids: `train("then the hen", 2, …)` is
# `[(104, 101), (116, 256)]`. Of equally frequent pairs take the one that comes first in the sequence. When no pair is
# left, stop early. (The two functions are arguments, so that you train with yours and the check with its own.)


# %% exercise="02.3"
def train(text, n_merges, count_pairs, merge):
    ### BEGIN SOLUTION
    ids, merges = list(text.encode()), []
    while len(merges) < n_merges:
        counts = count_pairs(ids)
        if not counts:
            break
        best = max(counts, key=counts.get)  # the first of equals: a dictionary keeps the order of insertion
        ids = merge(ids, best, 256 + len(merges))
        merges.append(best)
    return merges
    ### END SOLUTION


# %%
exercise("02.3").check(train)

# %% [markdown]
# Now the story, with 244 merges and so 500 entries. `train_bpe` is the package's trainer, which you will compare with
# yours. (`pattern=None` will be explained.) Its merges are pairs of byte strings, so we look up their ids:

# %%
trained = train_bpe(story, 500, pattern=None)
tokens = [trained.vocabulary[token_id] for token_id in range(500)]
merges = [(tokens.index(left), tokens.index(right)) for left, right in trained.merges]

print("first:", tokens[256:270])
print("late :", tokens[-12:])
print("long :", sorted(tokens, key=len)[-5:])

# %% [markdown]
# Word endings, articles, `said` with comma and quotation mark: nobody told the trainer what English is. But a pair that
# occurs twice in 20,000 bytes says little about the next text. So trainers stop at a vocabulary size, or where the best
# pair falls below a **minimum frequency**:

# %%
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # train_bpe warns when it stops early, which is the point here
    for min_frequency in (20, 40, 80):
        early = train_bpe(story, 256 + 200, pattern=None, min_frequency=min_frequency)
        print(f"at least {min_frequency} times: {len(early.merges):3} of 200 merges")

# %% [markdown]
# ## When pairs tie
#
# If two pairs are equally frequent, a **tie rule** decides. Two are common: the pair whose first place in the sequence
# comes *first* (ours), or the *lexicographically* greatest, which an alphabetical list would put last.
#
# ### Exercise 02.4 · Who wins a tie?
#
# ●○○ · 3 minutes · for comparing two trainers · predict
#
# The text is `nothing nothing`. Which pair of letters is merged first by the rule "first", and which by the rule
# "lexicographic"? Answer with two strings of two letters each.

# %% exercise="02.4"
### BEGIN SOLUTION
by_first, by_greatest = "no", "th"
### STUB
# by_first, by_greatest = ..., ...
### END SOLUTION

# %%
exercise("02.4").check((by_first, by_greatest))

# %% [markdown]
# The rule matters little for the length and much for the ids:

# %%
both = {}
for rule in ("first", "lexicographic"):
    one = train_bpe(story, 256 + 300, pattern=None, tie_break=rule)
    both[rule] = one.merges
    print(f"{rule:13} {len(one.encode(story)):,} ids")

same = [a == b for a, b in zip(both["first"], both["lexicographic"], strict=True)]
in_common = len({*both["first"]} & {*both["lexicographic"]})
print(f"the first {same.index(False)} merges agree; of all 300, {in_common} are in both")

# %% [markdown]
# Both are right, and their ids cannot be mixed. **A set of merges is not unique**: it depends on the text, its cutting
# and the tie rule. A model must be used with the very merges it was trained with.
#
# ### Predict, then explore
#
# The player again, now with *your* `count_pairs` and `merge`. It starts after two merges, with two pairs tied (`·` is a
# space). Before you touch it:
#
# - Both tie rules lead to the token `·help`. Which of them has it after fewer merges?
# - `ë` is two bytes. After how many merges have they found each other, and does the tie rule matter for that?
# - The target is half as many tokens as bytes, with as few merges as possible, and all of them whole: no half
#   characters, and a space only in front. Does it help to cut the text into words first, so that no merge crosses a
#   space?

# %%
explorer = MergePlayer(count_pairs=count_pairs, merge=merge)
explorer

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - Neither: both have `·help` after merge 4. By "first" the tie goes to `·he + l`, then `·hel + p`; by "lexicographic"
#   to `l + p`, then `·he + lp`. One token, two ways.
# - After 24 merges by "first", after 12 by "lexicographic". From the twelfth merge on, every pair left occurs once, and
#   the tie rule decides everything. "First" eats its way from the left; the greatest pair is `ë`, because its bytes are
#   above 127 and those of English letters below.
# - Yes. Uncut, 8 merges halve the text, but tokens such as `·helps·` cross spaces from merge 6 on. Cut, 9
#   merges halve it, and with "lexicographic" the 10th makes `ë` whole: the target. By "first", `ë` has to wait for
#   merge 16.
# </details>
#
# An explorer is a Python object, so what it shows can be asserted. Say first what two merges make of these sheep:

# %%
probe = MergePlayer(count_pairs=count_pairs, merge=merge, text="baaa baaaab")
probe.set(merges=0)
counted = {pair.left + pair.right: pair.count for pair in probe.trace.pairs}
probe.set(merges=2)
sheep = probe.trace.tokens
print(counted)
print([token.decode(errors="replace") for token in sheep])

assert counted == {b"aa": 5, b"ba": 2, b"a ": 1, b" b": 1, b"ab": 1}, "other counts: look at exercise 02.1"
assert sheep == (b"baa", b"a", b" ", b"baa", b"aa", b"b"), "other tokens: look at exercises 02.1 and 02.2"

# %% [markdown]
# ## Encode by rank
#
# A new text is turned into bytes. And then? Two ideas look natural. **Longest match** takes, from the left, the longest
# token that fits:


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
# Byte pair encoding does neither. **It applies the merges in the order in which they were learned**: of all pairs in
# the sequence, the one of lowest rank is merged first, wherever it stands; then it looks again. Three encoders, the
# same 500 tokens:

# %%
encoders = {
    "prefix extension": lambda text: prefix_extension(text, tokens),
    "longest match": lambda text: longest_match(text, tokens),
    "by rank": trained.encode,  # the package's
}
words = sorted({word for word in regex.findall(r"\p{L}+", story) if len(word) > 2})
for name, encode_with in encoders.items():
    ids = encode_with("eleven")
    other = sum(encode_with(word) != trained.encode(word) for word in words)
    parts = "|".join(tokens[token_id].decode() for token_id in ids)
    print(f"{name:17} {parts:10} {str(ids):21} {other:3} of {len(words)} words differ from by rank")

# %% [markdown]
# Prefix extension never finds `ven`: on the way there it would need `ve`, which is no token. Longest match finds it,
# but begins with `el`. By rank, `en` comes first, then `le`, and last `v` with `en`. All three decode to "eleven", so
# no round trip shows the difference. But a model that was trained on ids by rank has rarely seen the others.
#
# ### Exercise 02.5 · Encode by rank
#
# ●●● · 12 minutes · for encoding as GPT-2 does · write a function
#
# Write `encode`. `merges` is a list of pairs of ids in rank order, as `train` returns it. Start from the bytes of
# `text`, apply the merges by rank, and return the list of ids. An empty text has none.


# %% exercise="02.5"
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
exercise("02.5").check(encode)

# %% [markdown]
# ## Half a character
#
# Merges join bytes, and know nothing of characters. Some tokens are no text at all:

# %%
broken = {
    name: [token for token in vocabulary if token.decode(errors="ignore").encode() != token]
    for name, vocabulary in (("ours", tokens[256:]), ("GPT-2", BPETokenizer.gpt2().vocabulary.values()))
}
single = sum(len(token) == 1 for token in broken["GPT-2"])
print("ours :", broken["ours"])
print(f"GPT-2: {len(broken['GPT-2'])} of 50,257, {single} of them single bytes")

# %% [markdown]
# `Zo` and the first byte of `ë`: Zoë is mentioned so often that the merges reach into the middle of a letter. So to
# decode, join the bytes first. Token by token, each half becomes `�`, the **replacement character**. A chat window,
# which shows tokens as they come, holds a half character back until the rest is there; in Python that is an
# *incremental decoder*:

# %%
piano = [gpt2_encoding().decode_single_token_bytes(token_id) for token_id in gpt2_encoding().encode("ready 🎹!")]
decoder = codecs.getincrementaldecoder("utf-8")()

print("tokens      :", piano)
print("joined first:", b"".join(piano).decode())
print("one by one  :", [token.decode(errors="replace") for token in piano])
print("incremental :", [decoder.decode(token) for token in piano])

# %% [markdown]
# ## Cut first, then merge
#
# Left to itself, a trainer merges across words. So GPT-2 cuts the text into chunks first, **pre-tokenization**, and no
# merge crosses a cut. After 1,000 merges, without the cuts and with them:

# %%
raw = train_bpe(story, 256 + 1000, pattern=None)
cut = train_bpe(story, 256 + 1000, pattern=GPT2_PATTERN)
for name, tokenizer in (("raw", raw), ("cut", cut)):
    print(name, sorted(tokenizer.vocabulary.values(), key=len)[-4:])
for word in (" help", " helper", " helpless", " unhelpful", "help"):
    print(f"{word:11}", [cut.decode([token_id]) for token_id in cut.encode(word)])

# %% [markdown]
# Raw, whole phrases become tokens, which save ids in this story and in no other. Cut, the family of *help* shares a
# piece. But not ` unhelpful`: inside that word no space stands before `help`, and `help` without its space is another
# token, with merges of its own to be learned.
#
# The cutting is done by one regular expression of six alternatives, tried in their order at each place. `\p{L}` is a
# letter of any script, `\p{N}` a digit or other number sign; Python's own `re` does not know them, the library `regex`
# does. `(?!\S)` says: here the text ends, or white space follows.

# %%
alternatives = {
    r"'(?:[sdmt]|ll|ve|re)": "endings of contractions",
    r" ?\p{L}+": "letters, with the space before them",
    r" ?\p{N}+": "digits, with the space before them",
    r" ?[^\s\p{L}\p{N}]+": "other signs, with the space before them",
    r"\s+(?!\S)": "white space, but for the last of it before a word",
    r"\s+": "white space that is left",
}
assert "|".join(alternatives) == GPT2_PATTERN, "this is the pattern, piece by piece"
found = [*regex.finditer("|".join(f"({part})" for part in alternatives), "They'd 112 steps,  and\nhelp-less hens!")]
for number, (part, meaning) in enumerate(alternatives.items(), 1):
    print(f"{part:22}", f"{meaning:50}", [match[0] for match in found if match.lastindex == number])

# %% [markdown]
# ## Vocabulary against length
#
# More merges, shorter sequences. But each halving of the length takes many more merges than the one before:

# %%
n_merges, lengths = [0, 25, 50, 100, 200, 400, 800, 1600], {}
for name, pattern in (("cut first", GPT2_PATTERN), ("raw bytes", None)):
    most = train_bpe(story, 256 + n_merges[-1], pattern=pattern)
    shorter = [BPETokenizer(most.merges[:n], pattern=pattern) for n in n_merges]
    lengths[name] = [len(tokenizer.encode(story)) for tokenizer in shorter]
    print(f"{name}: {lengths[name]}")
vocabulary_against_length.draw(n_merges, lengths, gpt2=len(gpt2_ids))

# %% [markdown]
# (Our 1,600 merges do as well as GPT-2's 50,000 only because they were learned *from this very story*.) And a large
# vocabulary is not free: the model holds hundreds of numbers for each token, and learns those of rare tokens from few
# examples. Common sizes today lie roughly between 30,000 and 260,000.
#
# ## GPT-2 and tiktoken
#
# GPT-2's merges travel with the course. Where do its 50,257 ids come from, and how do its files write a space?

# %%
gpt2 = BPETokenizer.gpt2()
first = [[part.decode().replace(" ", chr(256 + 32)) for part in pair] for pair in gpt2.merges[:4]]

print(f"256 bytes + {len(gpt2.merges):,} merges + 1 special token = {len(gpt2):,} ids")
print("first merges, as the files write them:", first)

# %% [markdown]
# In such files every byte is a visible character, and the space is number 256 + 32, **`Ġ`**: `Ġhelp` is ` help`. In
# practice one uses **tiktoken**, which does the same in Rust; `gpt2_encoding()` is tiktoken with the merges of the
# course.
#
# A tokenizer of your own goes into a file, too. A model knows the ids of the tokenizer that it was trained with and no
# others, so the two are kept together.

# %%
with tempfile.TemporaryDirectory() as folder:
    cut.save(f"{folder}/tokenizer.json")
    loaded = BPETokenizer.load(f"{folder}/tokenizer.json")
print(f"{len(loaded):,} tokens loaded; a sentence, and the ids from both:")
print(*(tokenizer.encode("It took four people.") for tokenizer in (cut, loaded)), sep="\n")

# %% [markdown]
# Special tokens are not text. Nobody may slip one in by writing it into a message, so tiktoken refuses when it finds
# one, and the caller must say what is meant:

# %%
encoding = gpt2_encoding()
text = "The end.<|endoftext|>"
try:
    encoding.encode(text)
except ValueError as error:
    print("ValueError:", str(error).splitlines()[0])

print("allowed         ", encoding.encode(text, allowed_special={"<|endoftext|>"}))
print("as ordinary text", encoding.encode(text, disallowed_special=()))

# %% [markdown]
# One id, or seven ordinary ones, of which the first, 29847 for `.<`, has even swallowed the full stop.
#
# ## Why it matters
#
# A model sees ids and nothing else. Many of its weaknesses begin here.


# %%
def pieces(text):
    return [encoding.decode([token_id]) for token_id in encoding.encode(text)]


texts = ["strawberry", " strawberry", " Strawberry", "127 + 677 = 804", "The sheep went home "]
for text in [*texts, " SolidGoldMagikarp"]:
    print(f"{text!r:22}", pieces(text))
print("a lone space among the ids of the story:", gpt2_ids.count(encoding.encode(" ")[0]), "times")
print("digits cut by GPT-4:  ", regex.findall(r"\p{N}{1,3}", "127 + 1907 = 2034, not 12345678"))

# %% [markdown]
# - **Spelling.** ` strawberry` is a single id. Which letters are in it does not stand there: a model has to learn that
#   from elsewhere. With a capital, or without the space, it is other ids.
# - **Trailing spaces.** A prompt that ends with a space ends with a lone space token, since the word that it belongs to
#   is missing. The story has not one: the model has hardly seen what it must go on from.
# - **Glitch tokens.** ` SolidGoldMagikarp`, a user name, is a single id: it was frequent where the merges were learned.
#   In 2023 models of the GPT-3 family were asked to repeat it and mostly failed, probably because it hardly occurred in
#   the text that they were trained on, so that the numbers they hold for it were hardly trained.
# - **Sums.** `127` is one token, ` 677` two, and digits of one value do not line up. GPT-4's pattern has `\p{N}{1,3}`
#   for ` ?\p{N}+`: at most three digits to a chunk, counted from the left, and no space with them.
# - **Languages.** GPT-2's merges were learned mostly from English. The same sentence, in five languages:

# %%
sentences = {
    "English": "Eleven hens and a piano crossed the sea.",
    "German": "Elf Hühner und ein Klavier fuhren übers Meer.",
    "Greek": "Έντεκα κότες και ένα πιάνο πέρασαν τη θάλασσα.",
    "Hindi": "ग्यारह मुर्गियाँ और एक पियानो समुद्र पार कर गए।",
    "Japanese": "にわとり十一羽とピアノが海を渡った。",
}
for language, sentence in sentences.items():
    n, ids = len(sentence), encoding.encode(sentence)
    print(f"{language:9} {n:2} characters, {len(ids):2} tokens: {len(ids) / n:.2f} per character")

# %% [markdown]
# More tokens for the same words: slower, dearer, and less text in view. A larger vocabulary, learned from many
# languages, helps.
#
# ## Packing, padding, and the end of a text
#
# A model trains on sequences of one length, and documents are of any length. Packing joins them, with `<|endoftext|>`
# between, and cuts the long sequence into full windows (lesson 03). Padding fills each document up to the longest with
# a filler, here -100:

# %%
documents = ["Dear Mr. Pascoe", "Thank you", "It was the flu. Yours truly"]
packed = pack(documents, encoding)
print(len(packed), "ids packed:", repr(encoding.decode(packed)))

sequences = [encoding.encode(document) for document in documents]
longest = max(map(len, sequences))
for sequence in sequences:
    print("padded:", sequence + [-100] * (longest - len(sequence)))

# %% [markdown]
# Nine of the 24 places are filler. They take memory and time, and the loss must leave them out (PyTorch's skips targets
# of -100). Packing wastes only an unfilled last window. But there a token can look back into the document before, which
# has nothing to do with it: GPT-3 was trained so, Llama 3 forbids it by a **document mask** (lesson 07 has masks).
# Padding is kept for fine-tuning on short examples and for answering several prompts at once.
#
# <details><summary>Further: WordPiece, unigram, SentencePiece</summary>
#
# **WordPiece** (BERT) merges the pair that is most frequent *compared with its parts*: its count, divided by the
# product of the counts of its two parts. It encodes by longest match. **Unigram** starts with too many pieces and
# throws out those that the text misses least. **SentencePiece** is a program that trains BPE or unigram on raw text,
# from characters instead of bytes; Llama 2, T5 and Gemma use it. The next cell lets BPE and WordPiece choose a pair of
# the story's bytes.
# </details>

# %% tags=["further"]
single, counts = Counter(byte_ids), Counter(pairwise(byte_ids))
frequent = [pair for pair in counts if counts[pair] >= 10]
by_count = max(frequent, key=counts.get)
by_score = max(frequent, key=lambda pair: counts[pair] / (single[pair[0]] * single[pair[1]]))

for name, pair in (("BPE", by_count), ("WordPiece", by_score)):
    left, right = (single[byte] for byte in pair)
    print(f"{name:9} {bytes(pair)}: {counts[pair]} times; its parts {left:,} and {right:,}")

# %% [markdown]
# ## The same, polished: `llmlab.bpe`
#
# Your trainer and your encoder beside the package's (which counts once, and then looks only where a merge has changed
# something), and GPT-2's merges in our code beside tiktoken:

# %%
gpt2_alike = sum(ours == theirs for ours, theirs in zip(gpt2.encode(story), gpt2_ids, strict=True))
print(f"GPT-2: {gpt2_alike:,} of {len(gpt2_ids):,} ids are the same")

tries = {"02.1": count_pairs([]), "02.2": merge([], (1, 2), 256), "02.3": train("", 0, count_pairs, merge)}
tries["02.5"] = encode("", merges)
unwritten = [number for number, result in tries.items() if result is None]
if unwritten:
    print("still to be written: exercises", ", ".join(unwritten))
else:
    alike = sum(yours == theirs for yours, theirs in zip(train(story, 244, count_pairs, merge), merges, strict=True))
    print(f"yours: {alike} of {len(merges)} merges are the same, and the ids of a sentence")
    print(list(encode("It took four people.", merges)), trained.encode("It took four people."), sep="\n")

# %% [markdown]
# ## You can now
#
# - train merges by hand and by your own loop, and say why two trainers may differ;
# - encode by rank, and recognise longest match and prefix extension for what they are;
# - handle tokens that are half a character, special tokens that are no text, and the `Ġ` of a tokenizer's files;
# - read GPT-2's pattern, and trace a wrong sum or a miscounted letter to its tokens.
#
# Type `??train_bpe` in a new cell to read the package's version. Lesson 03 cuts the ids into examples to learn from.
#
# ## Where this comes from
#
# - Philip Gage, "A new algorithm for data compression", 1994: replace the most frequent pair by an unused byte.
# - Rico Sennrich, Barry Haddow, Alexandra Birch, "Neural machine translation of rare words with subword units", 2016:
#   the same on the characters of words, so that a translator knows every word.
# - Alec Radford and others, "Language models are unsupervised multitask learners", 2019 (GPT-2): merges on bytes, and
#   the pattern that cuts first.
# - Mike Schuster, Kaisuke Nakajima, 2012 (WordPiece); Taku Kudo, 2018 (unigram); Kudo, John Richardson, 2018
#   (SentencePiece).
# - Jessica Rumbelow, Matthew Watkins, "SolidGoldMagikarp (plus, prompt generation)", 2023: glitch tokens.
#
# **Read next:** Andrej Karpathy's `minbpe`, which takes GPT-4's tokenizer apart in a few short files.

# %%
progress("02")
