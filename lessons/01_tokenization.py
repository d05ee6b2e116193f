# %% [markdown]
# # 01 · Tokenization
#
# A language model computes with numbers, and you give it text. Between the two stands a small, unglamorous program that
# decides what the model can see at all: the tokenizer. In this lesson we build one by hand, watch what it loses, and
# compare the kinds there are.
#
# About {minutes} minutes. At the end you can
#
# - build a vocabulary from a text, and encode and decode with it;
# - say what a round trip loses, and show it;
# - explain `<|unk|>`, `<|endoftext|>`, BOS, EOS and PAD, and what GPT-2 keeps of them;
# - weigh characters, bytes, words and pieces of words against each other.

# %% [markdown]
# ## Before we start: three questions on lesson 00
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. What does a language model compute?</summary>
#
# After some tokens: for each token of its vocabulary, the probability that it comes next.
# </details>
#
# <details><summary>2. What does "autoregressive" mean?</summary>
#
# The model's output becomes part of its next input: a token is chosen, appended, and the model is asked again.
# </details>
#
# <details><summary>3. What is different between training and inference?</summary>
#
# Training sees a whole text at once and learns from every position of it, each predicting its next token from what
# stands before. Inference has no text to look at yet: it makes one token per pass, and nothing is learned.
# </details>

# %%
import re
from collections import Counter

import torch

from llmlab.bpe import gpt2_encoding
from llmlab.corpus import load_text
from llmlab.course.figures import text_to_ids
from llmlab.exercises import exercise, progress
from llmlab.explorers import TokenizerMicroscope
from llmlab.tokenizers import ByteTokenizer, CharTokenizer, WordTokenizer
from llmlab.windows import pack

# %% [markdown]
# ## Play first
#
# One short text, cut in five ways. What stands in the same column is the same place of the text. Press the name of a
# row, and below each of its tokens stands its id; press a token, and it lies under the lens. Type texts of your own,
# with spaces, marks, numbers, emoji, other languages. Play for a minute: what puzzles you?
#
# - Look for a row that does not give your text back (✗).
# - Look for tokens that are not whole characters (hatched).

# %%
TokenizerMicroscope()

# %% [markdown]
# ## Why ids at all
#
# A neural network adds and multiplies. It cannot multiply a word. What it can do is fetch a row of a table: row 0 for
# one token, row 1 for another. The token id is the number of the row, no more. The rows are what a model learns (lesson
# 04). Here are three ids and a table of four rows, of three numbers each:

# %%
try:
    torch.tensor(["piano", "sheep"])
except ValueError as error:
    print("ValueError:", error)  # PyTorch's way of saying that these are not numbers

table = torch.arange(12.0).view(4, 3)  # (V, D): 4 tokens, 3 numbers each
ids = torch.tensor([2, 0, 2])
print(table[ids])  # (3, D)

# %% [markdown]
# So a text becomes a **sequence** of tokens, a list in which the order counts, and each different token has a row. How
# large should a piece be: a paragraph, a sentence, a word, a character? A row is learned from the places where its
# token occurs. So we count how many *different* pieces there are, and how many of these occur more than once.

# %%
story = load_text()
pieces = {
    "whole text": [story],
    "paragraphs": story.split("\n\n"),
    "sentences": re.findall(r"[^.!?]+[.!?]", story),
    "words": re.findall(r"\w+", story),
    "characters": list(story),
}
print("                pieces  different  of these more than once")
for name, found in pieces.items():
    counts = Counter(found)
    often = [piece for piece, count in counts.items() if count > 1]
    print(f"{name:14} {len(found):7,} {len(counts):10,} {len(often):10,} ({len(often) / len(counts):.0%})")
    if name == "sentences":
        print("   ", often)

# %% [markdown]
# No sentence comes twice: the three in the table are ends that this simple pattern cut off, at the full stop of `Mrs.`,
# `Mr.` or `O.`, or at the `?` or `!` inside a quotation. So nothing could be learned about a sentence as a whole.
# Characters recur all the time, but a single one says little, and the sequence gets long. The useful sizes lie between.
#
# <details><summary>Further: sound and pictures</summary>
#
# The same question is asked of anything that a model is to read. Sound is cut into short overlapping frames, a picture
# into patches. Each of them is a list of numbers from the start, so it need not have an id; the next cell cuts both.
# (It may have one all the same: models that also *write* sound or pictures often look pieces up in a learned table,
# as DALL·E did in 2021 and AudioLM in 2022.)
# </details>

# %% tags=["further"]
sound = torch.zeros(16_000)  # one second, 16,000 samples
frames = sound.unfold(0, 400, 160)  # 25 ms long, one every 10 ms
picture = torch.zeros(3, 224, 224)  # colours, height, width
patches = picture.unfold(1, 16, 16).unfold(2, 16, 16)  # 16 x 16 pixels

print(f"sound  : {len(frames)} pieces of {frames.shape[1]} numbers")
print(f"picture: {patches[0, :, :, 0, 0].numel()} pieces of {patches[:, 0, 0].numel()} numbers")

# %% [markdown]
# ## Cut a text into tokens
#
# The shortest way to get words is `split`:

# %%
sentence = '"Well, it\'s not mine," said Joss, who ran the ferry.'
print(sentence.split())
print(sorted({word for word in story.split() if "piano" in word.lower()}))

# %% [markdown]
# The marks stick to their words. So the story has four kinds of `piano`, each with an entry of its own and a row that
# learns nothing from the others. We cut at the marks as well, with a **regular expression**, a pattern that says what
# to look for. `re.split` throws away what it cuts at, unless the pattern stands in a group, that is, in parentheses:

# %%
for pattern in (r"\s", r"[,.]|\s", r"([,.]|\s)"):
    print(f"{pattern:12}", re.split(pattern, "Yes, the sea."))

# %% [markdown]
# The last one loses nothing: joined, the pieces are the text. But look at the empty pieces, `''`. They stand wherever
# two cuts lie side by side, and where a cut lies at either end. It is tempting to take out only the white space:

# %%
cut = r"([,.]|\s)"
entries = {"Yes": 0, ",": 1, "the": 2, "sea": 3, ".": 4}
for text in ("Yes the sea", "Yes, the sea", ""):
    tokens = [piece for piece in re.split(cut, text) if not piece.isspace()]
    try:
        print(f"{text!r:15}", [entries[token] for token in tokens])
    except KeyError as error:
        print(f"{text!r:15} KeyError: {error}")

# %% [markdown]
# `"".isspace()` is `False`, since there is no character in it that could be a space. So an empty piece stops the
# program on the second text; and even an empty text, which surely has no tokens, is too much for it.

# %% [markdown]
# ### Exercise 01.1 · Cut a text into words and marks
#
# ●●○ · 8 minutes · for knowing what a token is before anything is looked up · write a function
#
# Complete `tokenize`. It returns the list of tokens of `text`, in order: words, each `--` as one token, and each of the
# marks `, . : ; ? _ ! " ( ) '` as a token of its own. The pattern that cuts there, and at white space, is given.
# White space is left out, and no token is empty, so an empty text gives `[]`.

# %% exercise="01.1"
import re


def tokenize(text):
    pattern = r"""([,.:;?_!"()\']|--|\s)"""
    ### BEGIN SOLUTION
    pieces = re.split(pattern, text)
    return [piece.strip() for piece in pieces if piece.strip()]
    ### END SOLUTION


# %%
exercise("01.1").check(tokenize)

# %% [markdown]
# A pattern is a set of guesses about language, and every guess is wrong somewhere. `llmlab` has the same tokenizer;
# what does it make of these?

# %%
words = WordTokenizer.from_text(story)
for text in ("It isn't £1.37.", "Mrs. Bergström", "well-kept--or not", "9:30 a.m.", "私は猫です"):
    print(text, "->", words.tokenize(text))

# %% [markdown]
# A price falls apart, an abbreviation looks like the end of a sentence, and Japanese, which writes no spaces, is a
# single "word".
#
# ## The vocabulary
#
# The vocabulary is the list of all different tokens, each with its id. The ids are given in sorted order:

# %%
tokens = words.tokenize(story)
token_to_id = {token: id for id, token in enumerate(sorted(set(tokens)))}

print(f"{len(tokens):,} tokens, {len(token_to_id):,} of them different")
print(list(token_to_id.items())[:12])
for token in ("Help", "help", "helper", "helpless", "piano", "sheep", "the", "The"):
    print(f"{token:9}", token_to_id.get(token, "not in the vocabulary"))

# %% [markdown]
# Marks and digits come first, then capitals, then small letters: that is the order of the characters in Unicode. The
# ids say nothing about meaning: `the` lies further from `The` than from `sheep`, and half of `sheep` is not a smaller
# animal.

# %% [markdown]
# ### Exercise 01.2 · Which of these is the vocabulary?
#
# ●○○ · 3 minutes · for telling a table from what is written with it · choose and explain
#
# The whole text is `to be or not to be`, cut into words. Which of these is its vocabulary, made as above?
#
# - **a**: `[3, 0, 2, 1, 3, 0]`
# - **b**: `{"to": 0, "be": 1, "or": 2, "not": 3}`
# - **c**: `{"be": 0, "not": 1, "or": 2, "to": 3}`
# - **d**: `{"be": 2, "not": 1, "or": 1, "to": 2}`
#
# Put the letter, in quotes, in place of the `...`, and write into the comment what the others are.

# %% exercise="01.2"
### BEGIN SOLUTION
# The other three are: a, the text, encoded with it; b, a vocabulary in another order; d, how often each token occurs.
vocabulary_is = "c"
### STUB
# # The other three are:
# vocabulary_is = ...
### END SOLUTION

# %%
exercise("01.2").check(vocabulary_is)

# %% [markdown]
# ## Encode and decode
#
# **Encoding** looks up the id of each token, **decoding** the token of each id:

# %%
small_text = "The sea, the sea!"
small_tokens = words.tokenize(small_text)
text_to_ids.draw(small_text, small_tokens, {token: id for id, token in enumerate(sorted(set(small_tokens)))})

# %% [markdown]
# With the vocabulary of the story. For the way back, the table is turned round:

# %%
id_to_token = {id: token for token, id in token_to_id.items()}


def encode(text):
    return [token_to_id[token] for token in words.tokenize(text)]


ids = encode("The piano came, late.")
print(ids, [id_to_token[id] for id in ids], encode(""))

# %% [markdown]
# ### Exercise 01.3 · From ids back to text
#
# ●●○ · 6 minutes · for the way from what a model writes to what one reads · write a function
#
# Complete `decode`. `ids` is a list of ids, `id_to_token` a dictionary from id to token, as above. Return one text: the
# tokens in their order, with one space between two tokens, but none before `, . : ; ? !`. No ids give the empty text.
# If an id is not in the table, raise a `ValueError` whose message names the id.


# %% exercise="01.3"
def decode(ids, id_to_token):
    ### BEGIN SOLUTION
    text = ""
    for id in ids:
        if id not in id_to_token:
            raise ValueError(f"id {id} is not in the vocabulary of {len(id_to_token)} tokens")
        token = id_to_token[id]
        text += token if not text or token in ",.:;?!" else f" {token}"
    return text
    ### END SOLUTION


# %%
exercise("01.3").check(decode)

# %% [markdown]
# Now the whole story there and back, once from its ids and once from its paragraphs:

# %%
passed = exercise("01.3").status == "passed"
back = decode if passed else lambda ids, id_to_token: words.decode(ids)
print("decoded by", "you:" if passed else "llmlab (01.3 has not passed yet):", back(ids, id_to_token))

story_ids = encode(story)
again = encode(back(story_ids, id_to_token))
print(f"ids -> text -> ids: {sum(map(int.__eq__, again, story_ids)):,} of {len(story_ids):,} ids are the same")
paragraphs = story.split("\n\n")
same = sum(back(encode(paragraph), id_to_token) == paragraph for paragraph in paragraphs)
print(f"text -> ids -> text: {same} of {len(paragraphs)} paragraphs are the same")

# %% [markdown]
# From ids to text and back, nothing is lost. From text to ids and back, four paragraphs in five are damaged.
#
# ## What a round trip loses
#
# The way from a text to ids and back is called a **round trip**. `WordTokenizer.decode` guesses a little more: no space
# before quotes and apostrophes either.

# %%
for text in ("The piano came, late.", "It's late.", '"No!" said Ada.', "The  sea\n\nThe rock"):
    returned = words.decode(words.encode(text))
    print(f"{text!r:24} -> {returned!r:24}", "same" if returned == text else "not the same")

# %% [markdown]
# `It's` becomes `It' s`, an opening quotation mark gets a space on the wrong side, and the paragraph break is gone for
# good. A cleverer decoder could do better for some of the marks. But there is a limit that no decoder can pass:

# %% [markdown]
# ### Exercise 01.4 · Break the round trip
#
# ●●○ · 4 minutes · for knowing what an encoder has thrown away · find an example
#
# Find two **different** texts of at least three tokens that get the **same** ids from `words`, the tokenizer of the
# story. All words must stand in the story (`piano`, `sheep`, `came`, `the`, `late` do). If there are two such texts,
# what does that say about every decoder there could be?

# %% exercise="01.4"
### BEGIN SOLUTION
# It says that: no decoder can bring back both, since it sees the same ids for either. What the encoder drops is lost.
first, second = "It's late.", "It ' s   late ."
### STUB
# # It says that:
# first, second = ..., ...
### END SOLUTION

# %%
exercise("01.4").check((first, second))

# %% [markdown]
# Characters do not have this trouble, since they drop nothing, nor do bytes: **UTF-8**, the usual way to store text,
# writes each character as one to four numbers from 0 to 255, and back.

# %%
characters, bytes_ = CharTokenizer.from_text(story), ByteTokenizer()
print("é!", list("é!".encode()))
for tokenizer in (characters, bytes_):
    same = sum(tokenizer.decode(tokenizer.encode(paragraph)) == paragraph for paragraph in paragraphs)
    print(f"{type(tokenizer).__name__}: {same} of {len(paragraphs)} paragraphs are the same")

# %% [markdown]
# ### Are these the ids of that text?
#
# A round trip is also the quickest way to catch a mistake that has nothing to do with tokenizers. In a notebook, what
# is printed may be older than the text above it. Here somebody changed the text and did not encode it again:

# %%
text = "The sheep came to the island."
shown_ids = words.encode(text)
text = "The piano came to the island."  # changed afterwards; the ids were not

print(text, shown_ids)
print("decoded:", words.decode(shown_ids))

# %% [markdown]
# Six words, a full stop, seven numbers: nothing looks wrong until they are decoded. Outputs under a cell belong to the
# moment at which it ran; when in doubt, *Restart Kernel and Run All Cells*.
#
# ## Unknown words
#
# The vocabulary holds the words of one short story. What about any other?

# %%
try:
    words.encode("The harpsichord came to the island.")
except KeyError as error:
    print("KeyError:", error)

# %% [markdown]
# The usual way out is one more entry, **`<|unk|>`**, to which every unknown word is sent.

# %% [markdown]
# ### Exercise 01.5 · A place for unknown words
#
# ●●○ · 5 minutes · for an encoder that no text can stop · write a function
#
# Complete `encode_tokens`. `tokens` is a list of tokens, `token_to_id` a vocabulary that has an entry `"<|unk|>"`, with
# any id. Return a list with the id of each token, and the id of `<|unk|>` for each token that the vocabulary does not
# hold.


# %% exercise="01.5"
def encode_tokens(tokens, token_to_id):
    ### BEGIN SOLUTION
    unknown = token_to_id["<|unk|>"]
    return [token_to_id.get(token, unknown) for token in tokens]
    ### END SOLUTION


# %%
exercise("01.5").check(encode_tokens)

# %% [markdown]
# `WordTokenizer` does the same when it is told which entry stands for the unknown. Such entries get the ids after the
# words, in the order in which they are given:

# %%
special = ["<|unk|>", "<|endoftext|>"]
forgiving = WordTokenizer.from_text(story, special_tokens=special, unknown="<|unk|>")
print(list(forgiving.vocabulary.items())[-3:])

ids = forgiving.encode("The harpsichord came to the archipelago.")
print(ids)
print(forgiving.decode(ids))

# %% [markdown]
# It runs, and two different things have become one and the same id. How often does that happen? We build the vocabulary
# from the first half of the story and encode the second half, which is by the same author, about the same people:

# %%
half = len(story) // 2
learned = WordTokenizer.from_text(story[:half], special_tokens=special, unknown="<|unk|>")
ids = learned.encode(story[half:])
unknown = ids.count(learned.encode("<|unk|>")[0])
print(f"{len(learned):,} entries; {unknown} of {len(ids):,} tokens unknown ({unknown / len(ids):.0%})")

# %% [markdown]
# About one token in six is a blank. No list of words cures that: there are always names, numbers, spelling mistakes and
# other languages.
#
# ## Special tokens
#
# `<|unk|>` is a **special token**: an entry that is not itself a piece of text, but says something about the text.
# Others are in use, too:
#
# | token | what it says |
# |---|---|
# | `<\|unk\|>` | here stood something unknown |
# | **`<\|endoftext\|>`** | one document ends here, the next has nothing to do with it |
# | **BOS**, *beginning of sequence* | the text starts here |
# | **EOS**, *end of sequence* | the text is complete; a model that writes it wants to stop |
# | PAD, **padding** | nothing; fills up short sequences, so that a batch is a rectangle |
#
# The names differ from model to model; `[BOS]` or `<s>` would do as well. Here are the last three at work, where two
# sentences of different length form one tensor:

# %%
marks = ["<|bos|>", "<|eos|>", "<|pad|>"]
tokenizer = WordTokenizer.from_text(story, special_tokens=marks)
bos, eos, pad = tokenizer.encode(" ".join(marks))

sequences = [[bos, *tokenizer.encode(text), eos] for text in ("The piano came.", "No!")]
longest = max(map(len, sequences))
batch = torch.tensor([sequence + [pad] * (longest - len(sequence)) for sequence in sequences])  # (B, T)
print(batch)
print("count in the loss:", (batch != pad).int().tolist())
print(tokenizer.decode(batch[1].tolist()))

# %% [markdown]
# Padding must not count in the loss, or the model learns to write padding.
#
# What does GPT-2 keep of all these? A single one, `<|endoftext|>`. It needs no `<|unk|>`, because its smallest tokens
# are bytes and every text consists of bytes. It needs no padding, because its training texts were **packed**: documents
# are joined to one long sequence, with `<|endoftext|>` between them, and the sequence is cut into full windows (lesson
# 03). By hand, and with llmlab:

# %%
encoding = gpt2_encoding()
print(encoding.special_tokens_set, encoding.eot_token, f"of {encoding.n_vocab:,} ids")

documents = ["The piano has come.", "Help! Is it paid for?", "No. Send it back."]
packed = encoding.encode(documents[0])
for document in documents[1:]:
    packed += [encoding.eot_token, *encoding.encode(document)]

print(encoding.decode(packed))
n_words = sum(len(document.split()) for document in documents)
print(f"{len(documents)} documents, {n_words} words: {packed.count(encoding.eot_token)} separators")
assert packed == pack(documents, encoding), "pack joins these documents in another way"

# %% [markdown]
# It stands between documents, not between sentences or words; those are seen from ordinary tokens.

# %% [markdown]
# ### Exercise 01.6 · A special token in somebody's text
#
# ●○○ · 3 minutes · for handling text that others wrote · predict
#
# A visitor to your page types `The end.<|endoftext|>Once more`, and you call `encoding.encode(typed)`, with nothing
# else. What do you get?
#
# - **a**: ids, among them the single id 50256
# - **b**: ids, among them several ordinary ones for the characters `<|endoftext|>`
# - **c**: an error
# - **d**: ids of `The end.Once more`; the special token is left out
#
# Put the letter, in quotes, in place of the `...`, and your reason into the comment.

# %% exercise="01.6"
### BEGIN SOLUTION
# My reason: both readings are possible, so it must not guess: a stranger could end a document inside mine.
typed_gives = "c"
### STUB
# # My reason:
# typed_gives = ...
### END SOLUTION

# %%
exercise("01.6").check(typed_gives)

# %% [markdown]
# Now all three ways to read those characters:

# %%
typed = "The end.<|endoftext|>Once more"
try:
    encoding.encode(typed)
except ValueError as error:
    print("encode                 ValueError:", str(error).splitlines()[0])
print("allowed as special    ", encoding.encode(typed, allowed_special={"<|endoftext|>"}))
print("taken as ordinary text", encoding.encode_ordinary(typed))
print("which are             ", [encoding.decode([id]) for id in encoding.encode_ordinary(typed)])

# %% [markdown]
# The seven ordinary tokens from `.<` to `>` are not the special one: no model was trained to see a boundary in them. So
# tiktoken, the library behind this encoding, asks you to say which of the two you mean.
#
# ## Characters, words, pieces of words
#
# What is a good size for a token? Look at a family of words. To a word tokenizer they are unrelated numbers:

# %%
family = ["help", "helper", "helpless", "helpful", "unhelpful", "unhelpfulness"]
for word in family:
    (id,) = forgiving.encode(word)
    parts = [encoding.decode([part]) for part in encoding.encode(" " + word)]
    print(f"{word:14} word id {id:4}   GPT-2 {parts}")

# %% [markdown]
# `unhelpfulness` is not in the story, so its id is the one of `<|unk|>`. GPT-2 cuts it into pieces of words,
# **sub-words**, that it knows from elsewhere. Frequent words stay whole, rare ones are put together, and nothing is
# unknown. How such pieces are found is the subject of lesson 02.
#
# The price of small tokens is length. The same story, four ways:

# %%
encoded = {
    "characters": (len(characters), characters.encode(story)),
    "bytes": (len(bytes_), bytes_.encode(story)),
    "words": (len(words), words.encode(story)),
    "GPT-2": (encoding.n_vocab, encoding.encode(story)),
}
print("            vocabulary  tokens  tokens per character")
for name, (size, ids) in encoded.items():
    print(f"{name:11} {size:10,} {len(ids):7,} {len(ids) / len(story):10.2f}")

# %% [markdown]
# A model reads a limited number of tokens. With characters it would see about a quarter of what it sees with GPT-2's
# tokens, which are 1 / 0.27 or about 3.7 characters long. A large vocabulary is not free either: each entry has a row
# in the model's tables. Words seem to do best, but this shows neither what they drop nor a text with other words.
#
# ### Predict, then explore
#
# The microscope again, with words that are cut by *your* `tokenize`. (Two rows show sub-words: GPT-2's, and a few
# hundred that were found in the story.) It starts with `It's Zoë, unhelpfully 🎹`. Before you touch it:
#
# - Which of the five rows give the text back unchanged, and which do not?
# - How many bytes has `ë`, how many has `🎹`, and is there a token that ends *inside* one of them?
# - Can plain English get GPT-2's bar beyond the line, to *more* tokens than there are characters? Which rows lose
#   something when you try Greek, `Καλημέρα, φίλε μου`?
# - **Your target:** is there a text of at least 12 characters for which GPT-2 needs more tokens than there are
#   characters, and which *all five* rows give back?

# %%
explorer = TokenizerMicroscope(words=tokenize)
explorer

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - All but the words. They give `It' s Zoë, <|unk|> 🎹`: a space too many, and a word that is lost.
# - 2 and 4. The row of bytes cuts through both, and that of GPT-2 through the `🎹`, which it has in three pieces; the
#   first of them holds the space as well.
# - No, and that can be proven: in plain English (ASCII) each character is one byte, and each token holds at least one
#   byte, so there are never more tokens than characters. Other alphabets have two or three bytes for a character. But
#   the story has no Greek: its characters and words are lost.
# - `🎹 🎹 🎹 🎹 🎹 🎹 🎹`: three tokens each for GPT-2, and in the story. The spaces matter: without them it would be
#   one long word that the story does not have.
# </details>
#
# An explorer is a Python object, so what it shows can be asserted. A second microscope, set from code: which tokens
# will your `tokenize` find in this line, and how many of them does the story not have? Say it before you run the cell.

# %%
probe = TokenizerMicroscope(words=tokenize)
probe.set(text='"Don\'t quarrel--a bit: a_b; (1/2) no!?".', inspect="words")
row = probe.trace.row("words")
found = [token.text for token in row.tokens]
print("by your tokenize:" if probe.trace.own_function else "by llmlab (01.1 is still to be written):")
print(found)
print("not in the story:", [token.text for token in row.tokens if not token.known])

right = '" Don \' t quarrel -- a bit : a _ b ; ( 1/2 ) no ! ? " .'.split()
assert found == right, "tokenize cuts elsewhere than exercise 01.1 asks for"
assert row.back != probe.trace.text, "words cannot give this line back"

# %% [markdown]
# Here is GPT-2's bar against the line, for one greeting in five languages:

# %%
greetings = {
    "English": "Good morning, my friend",
    "Swedish": "God morgon, min vän",
    "Greek": "Καλημέρα, φίλε μου",
    "Russian": "Доброе утро, друг",
    "Georgian": "გამარჯობა, მეგობარო",
}
for language, text in greetings.items():
    n_tokens, n_bytes = len(encoding.encode(text)), len(text.encode())
    counts = f"{len(text)} characters, {n_bytes} bytes, {n_tokens:2} tokens"
    print(f"{language:9} {counts}: {n_tokens / len(text):.2f} per character")

# %% [markdown]
# GPT-2's pieces were found in mostly English text. In other alphabets a token is mostly a single letter, or a single
# byte: a half or a third of a letter. Whoever pays per token, or has a fixed context length, gets less than a tenth as
# much of this greeting in Georgian as in English. Newer tokenizers are fairer, none is quite fair.
#
# ## The same, polished: `llmlab.tokenizers`
#
# What you wrote by hand is in the package. Is it the same, on the whole story?

# %%
passed = {id: exercise(id).status == "passed" for id in ("01.1", "01.3")}
if passed["01.1"]:
    equal = sum(map(str.__eq__, tokenize(story), words.tokenize(story)))
    print(f"tokenize: {equal:,} of {len(words.tokenize(story)):,} tokens equal llmlab's")
if passed["01.3"]:
    closer = re.sub(r""" (["()'])""", r"\1", decode(story_ids, id_to_token))
    assert closer == words.decode(story_ids), "decode and llmlab's differ in more than spaces before quotes"
    fewer = len(decode(story_ids, id_to_token)) - len(closer)
    print(f"decode: the same text, but for {fewer:,} spaces before quotes, apostrophes and parentheses")
print("still to be written:", [id for id in passed if not passed[id]] or "nothing")

# %% [markdown]
# <details><summary>Further: what llmlab's adds</summary>
#
# Special tokens are found before anything is cut, so they stay whole wherever they stand; and any pattern can be passed
# in.
# </details>

# %% tags=["further"]
print(forgiving.tokenize("The end.<|endoftext|>Once more"))
print(WordTokenizer.from_text(story, pattern=r"(\W)").tokenize("It's well-kept, £1.37."))

# %% [markdown]
# ## You can now
#
# - say why a model needs ids, and cut a text into tokens without stumbling over an empty one;
# - tell the vocabulary from the encoded text, and catch ids that do not belong to the text above them;
# - name what a word tokenizer loses: spaces, unknown words, and the kinship of `help` and `helper`;
# - use special tokens, keep them apart from plain text, and say what a tokenizer costs in length.
#
# ## Where this comes from
#
# - Raschka, *Build a Large Language Model (From Scratch)*, 2024, chapter 2: this word tokenizer. `WordTokenizer` gives
#   the ids of the book's `SimpleTokenizerV1`, and with `unknown` those of its `SimpleTokenizerV2`. It decodes a little
#   otherwise than the first (which leaves the space before `:` and `;`), and finds special tokens also where no space
#   stands beside them.
# - Radford and others, *Language models are unsupervised multitask learners*, 2019: tokens made of bytes, so that no
#   text is unknown.
# - Petrov, La Malfa, Torr and Bibi, *Language model tokenizers introduce unfairness between languages*, 2023: the same
#   text can need 15 times as many tokens in another language.
#
# **Read next:** Mielke and others, *Between words and characters*, 2021, a short history of what was taken for a token.

# %%
progress("01")
