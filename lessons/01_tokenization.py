# %% [markdown]
# # 01 · Tokenization
#
# A language model computes with numbers, and you give it text. Between the two stands a small, unglamorous program that
# decides what the model can see at all: the tokenizer. In this lesson we build one by hand, watch what it loses, and
# compare the kinds there are.
#
# About 60 minutes. At the end you can
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
# After a row of tokens: for each token of its vocabulary, the probability that it comes next.
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
# stands before. Inference has no text to look at yet: it makes one token a step, and nothing is learned.
# </details>

# %%
import re
from collections import Counter

import torch

from llmlab.bpe import gpt2_encoding
from llmlab.corpus import load_text
from llmlab.exercises import exercise, progress
from llmlab.explorers import TokenizerMicroscope
from llmlab.tokenizers import ByteTokenizer, CharTokenizer, WordTokenizer
from llmlab.windows import pack

# %% [markdown]
# ## Why ids at all
#
# A neural network adds and multiplies. It cannot multiply a word:

# %%
try:
    torch.tensor(["piano", "sheep"])
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# (That is PyTorch's way of saying that these are not numbers.) What a network can do is fetch a row of a table: row 0
# for one token, row 1 for another. The number of the row is the **token id**. The rows are what a model learns (lesson
# 04); the ids only say which row is meant. Here are three ids and a table of four rows, of three numbers each:

# %%
table = torch.arange(12.0).view(4, 3)  # (V, D): 4 tokens, 3 numbers each
ids = torch.tensor([2, 0, 2])
print(table[ids])  # (3, D)

# %% [markdown]
# So a text must be cut into pieces that come back, each with a row of its own. How large should a piece be? It could be
# the whole text, a paragraph, a sentence, a word, a character. Let us count how many pieces there are, how many
# *different* ones, and how many of these occur more than once: a row is learned from the places where it occurs.

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
    often = sum(count > 1 for count in counts.values())
    share = often / len(counts)
    print(f"{name:14} {len(found):7,} {len(counts):10,} {often:10,} ({share:.0%})")

# %% [markdown]
# Hardly any sentence comes twice, so nothing could be learned about one. Characters come back all the time, but a
# single character says little, and the row of ids gets long. The useful sizes lie between.
#
# The same question is asked of anything that a model is to read. Sound is cut into short overlapping frames, a picture
# into patches, a film into patches that also last a few frames; each piece is a row of numbers from the start, and
# needs no id:

# %%
sound = torch.zeros(16_000)  # one second, 16,000 samples
frames = sound.unfold(0, 400, 160)  # 25 ms long, one every 10 ms
picture = torch.zeros(3, 224, 224)  # colours, height, width
patches = picture.unfold(1, 16, 16).unfold(2, 16, 16)  # 16 x 16 pixels

print("sound  :", tuple(frames.shape), "-> 98 pieces of 400 numbers")
print("picture:", tuple(patches.shape), "-> 14 x 14 pieces of 3 x 16 x 16 numbers")

# %% [markdown]
# ## Cut a text into tokens
#
# Back to text. The shortest way to get words is `split`:

# %%
sentence = '"Well, it\'s not mine," said Joss, who ran the ferry.'
print(sentence.split())

# %% [markdown]
# The punctuation marks stick to their words. Each combination would need an entry of its own, and a row that learns
# nothing from the others. How many pianos does the story have, cut that way?

# %%
print(sorted({word for word in story.split() if "piano" in word.lower()}))

# %% [markdown]
# So we cut at the marks as well, with a regular expression. `re.split` throws away what it cuts at, unless the pattern
# stands in a group, that is, in parentheses. Compare:

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
# `"".isspace()` is `False`, since there is no character in it that could be a space. The program works on the first
# text, and the empty piece stops it on the second; even an empty text, which surely has no tokens, is too much for it.

# %% [markdown]
# ### Exercise 01.1 · Cut a text into words and marks
#
# ●●○ · 8 minutes · for knowing what a token is before anything is looked up · write a function
#
# Complete `tokenize`. It returns the list of tokens of `text`, in order: words, each of the marks
# `, . : ; ? _ ! " ( ) '` as a token of its own, and each `--` as one token. The pattern that cuts there, and at white
# space, is given. White space is left out, and no token is empty, so an empty text gives `[]`.
#
# Stuck? `exercise("01.1").hint()` gives a question first, then the idea, then the line.

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
# single "word". Better patterns exist; a pattern for every language does not.
#
# ## The vocabulary
#
# The **vocabulary** is the list of all different tokens, each with its id. The ids are given in sorted order:

# %%
tokens = words.tokenize(story)
token_to_id = {token: id for id, token in enumerate(sorted(set(tokens)))}

print(f"{len(tokens):,} tokens, {len(token_to_id):,} of them different")
print(list(token_to_id.items())[:12])

# %%
for token in ("Help", "help", "helper", "helpless", "piano", "sheep", "the", "The"):
    print(f"{token:9}", token_to_id.get(token, "not in the vocabulary"))

# %% [markdown]
# Marks and digits come first, then capitals, then small letters: that is the order of the characters' own numbers in
# Unicode. The ids say nothing about meaning. `help` and `helper` lie close together because of their spelling, `the`
# lies further from `The` than from `sheep`, and half of `sheep` is not a smaller animal.

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
# The other three are:
### BEGIN SOLUTION
vocabulary_is = "c"
### STUB
# vocabulary_is = ...
### END SOLUTION

# %%
exercise("01.2").check(vocabulary_is)

# %% [markdown]
# ## Encode and decode
#
# **Encoding** looks up each token's id, **decoding** looks up each id's token. The second table is the first one turned
# round:

# %%
id_to_token = {id: token for token, id in token_to_id.items()}


def encode(text):
    return [token_to_id[token] for token in words.tokenize(text)]


def decode(ids):
    return " ".join(id_to_token[id] for id in ids)


ids = encode("The piano came to the island.")
print(ids)
print(decode(ids))
assert encode("") == []

# %% [markdown]
# Nearly the sentence that went in. The space before the full stop was not there, though: `decode` cannot know that, as
# all white space was dropped, and so it puts one space between any two tokens.
#
# ## What a round trip loses
#
# We can mend that with another guess: no space before a mark. This is what `WordTokenizer.decode` does.

# %%
for text in ("The piano came, late.", "It's late.", '"No!" said Ada.', "The  sea\n\nThe rock"):
    back = words.decode(words.encode(text))
    print(f"{text!r:24} -> {back!r:24}", "same" if back == text else "not the same")

# %% [markdown]
# Plain sentences come back. `It's` becomes `It' s`, an opening quotation mark gets a space on the wrong side, and the
# paragraph break is gone for good. How much of the story survives, paragraph by paragraph?

# %%
paragraphs = story.split("\n\n")
same = sum(words.decode(words.encode(paragraph)) == paragraph for paragraph in paragraphs)
print(f"{same} of {len(paragraphs)} paragraphs come back as they were")

# %% [markdown]
# Could a cleverer decoder do better? For some of the marks. But there is a limit that no decoder can pass:

# %% [markdown]
# ### Exercise 01.3 · Break the round trip
#
# ●●○ · 4 minutes · for knowing what an encoder has thrown away · find an example
#
# Find two **different** texts of at least three tokens that get the **same** ids from `words`, the tokenizer of the
# story. All words must stand in the story (`piano`, `sheep`, `came`, `the`, `late` do). If there are two such texts,
# what does that say about every decoder there could be?

# %% exercise="01.3"
# It says that:
### BEGIN SOLUTION
first, second = "It's late.", "It ' s   late ."
### STUB
# first, second = ..., ...
### END SOLUTION

# %%
exercise("01.3").check((first, second))

# %% [markdown]
# Characters and bytes do not have this trouble, since they drop nothing:

# %%
characters, bytes_ = CharTokenizer.from_text(story), ByteTokenizer()
for tokenizer in (characters, bytes_):
    print(tokenizer, tokenizer.decode(tokenizer.encode(story)) == story)

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

# %% [markdown]
# Nothing looks wrong: six words, a full stop, seven numbers. Only decoding tells:

# %%
print(words.decode(shown_ids))
print("the ids belong to the text:", words.decode(shown_ids) == text)

# %% [markdown]
# Outputs under a cell belong to the moment at which it ran. When you edit a cell, run it, and those below it; when in
# doubt, *Restart Kernel and Run All Cells*.
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
# The usual way out is one more entry, `<|unk|>`, to which every unknown word is sent.

# %% [markdown]
# ### Exercise 01.4 · A place for unknown words
#
# ●●○ · 5 minutes · for an encoder that no text can stop · write a function
#
# Complete `encode_tokens`. `tokens` is a list of tokens, `token_to_id` a vocabulary that has an entry `"<|unk|>"`, with
# any id. Return a list with the id of each token, and the id of `<|unk|>` for each token that the vocabulary does not
# hold.


# %% exercise="01.4"
def encode_tokens(tokens, token_to_id):
    ### BEGIN SOLUTION
    unknown = token_to_id["<|unk|>"]
    return [token_to_id.get(token, unknown) for token in tokens]
    ### END SOLUTION


# %%
exercise("01.4").check(encode_tokens)

# %% [markdown]
# `WordTokenizer` does the same when it is told which entry stands for the unknown. Special tokens get the ids after the
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
share = unknown / len(ids)
print(f"{len(learned):,} entries; {unknown} of {len(ids):,} tokens unknown ({share:.0%})")

# %% [markdown]
# About one token in six is a blank. That is the great weakness of words as tokens, and no list of words cures it: there
# are always names, numbers, spelling mistakes and other languages.
#
# ## Special tokens
#
# `<|unk|>` is a **special token**: an entry that is not itself a piece of text, but says something about the text.
# Others are in use, too:
#
# | token | what it says |
# |---|---|
# | `<\|unk\|>` | here stood something unknown |
# | `<\|endoftext\|>` | one document ends here, the next has nothing to do with it |
# | BOS, *beginning of sequence* | the text starts here |
# | EOS, *end of sequence* | the text is complete; a model that writes it wants to stop |
# | PAD, *padding* | nothing; fills up short rows, so that a batch is a rectangle |
#
# The names differ from model to model; `[BOS]` or `<s>` would do as well. Here are the last three at work. Two
# sentences of different length are to form one tensor:

# %%
marks = ["<|bos|>", "<|eos|>", "<|pad|>"]
tokenizer = WordTokenizer.from_text(story, special_tokens=marks)
bos, eos, pad = tokenizer.encode(" ".join(marks))

rows = [[bos, *tokenizer.encode(text), eos] for text in ("The piano came.", "No!")]
longest = max(map(len, rows))
batch = torch.tensor([row + [pad] * (longest - len(row)) for row in rows])  # (B, T)
print(batch)
print("count in the loss:", (batch != pad).tolist())
print(tokenizer.decode(batch[1].tolist()))

# %% [markdown]
# Padding must not count in the loss, or the model learns to write padding. With an id that no word has, it is easy to
# leave out.
#
# What does GPT-2 keep of all these? A single one:

# %%
encoding = gpt2_encoding()
print(encoding.special_tokens_set, encoding.eot_token, f"of {encoding.n_vocab:,} ids")

# %% [markdown]
# It needs no `<|unk|>`, because its smallest tokens are bytes and every text consists of bytes. It needs no padding,
# because its training texts were **packed**: documents are joined into one long row, with `<|endoftext|>` between them,
# and the row is cut into full windows (lesson 03). By hand, and with llmlab:

# %%
letters = ["The piano has come.", "Help!", "Is it paid for?"]
row = []
for letter in letters:
    if row:
        row.append(encoding.eot_token)
    row += encoding.encode(letter)

print(row)
print(encoding.decode(row))
assert row == pack(letters, encoding)

# %% [markdown]
# ### Exercise 01.5 · What does `<|endoftext|>` separate?
#
# ●○○ · 2 minutes · for reading a packed text · predict
#
# Eight letters, by eight people, are packed as above. Together they have 20 paragraphs, 40 sentences and 500 words. How
# many `<|endoftext|>` are in the row?

# %% exercise="01.5"
### BEGIN SOLUTION
separators = 7
### STUB
# separators = ...
### END SOLUTION

# %%
exercise("01.5").check(separators)

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
# My reason:
### BEGIN SOLUTION
typed_gives = "c"
### STUB
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

# %%
as_text = encoding.encode_ordinary("<|endoftext|>")
print(len(as_text), "ordinary tokens:", [encoding.decode([id]) for id in as_text])

# %% [markdown]
# Seven tokens that spell the name are not the special token: no model was trained to see a boundary in them. And a
# stranger's text should not be able to end your document. So tiktoken asks you to say which of the two you mean.
#
# ## Characters, words, pieces of words
#
# What is a good size for a token? Look at a family of words. To a word tokenizer they are unrelated numbers:

# %%
family = ["help", "helper", "helpless", "helpful", "unhelpful", "unhelpfulness"]
for word in family:
    (id,) = forgiving.encode(word)
    pieces = [encoding.decode([piece]) for piece in encoding.encode(" " + word)]
    print(f"{word:14} word id {id:4}   GPT-2 {str(pieces):28} {len(word):2} characters")

# %% [markdown]
# `unhelpfulness` is not in the story, so its id is the one of `<|unk|>`. GPT-2 has cut it into **pieces of words**
# (*sub-words*) that it knows from elsewhere: `un`, `help`, and an ending. Frequent words stay whole, rare ones are put
# together from pieces, and nothing is unknown. How such pieces are found is the subject of lesson 02.
#
# The price of small tokens is length. The same story, four ways:

# %%
rows = {
    "characters": (len(characters), characters.encode(story)),
    "bytes": (len(bytes_), bytes_.encode(story)),
    "words": (len(words), words.encode(story)),
    "GPT-2": (encoding.n_vocab, encoding.encode(story)),
}
print("            vocabulary  tokens  tokens a character")
for name, (size, ids) in rows.items():
    print(f"{name:11} {size:10,} {len(ids):7,} {len(ids) / len(story):10.2f}")

# %% [markdown]
# A model reads a limited number of tokens, and its work grows with their number. With characters it would see about a
# quarter of what it sees with GPT-2's tokens. A large vocabulary is not free either: each entry has a row in the
# model's tables. Words look best here only because the table shows neither what they drop nor a text with other words.
#
# A rule of thumb says that a token is about four characters of English; here it is 1 / 0.27, about 3.7. It is a rule
# for *English*.
#
# ### Predict, then explore
#
# The microscope below shows one short text under five tokenizers. One column is one byte of the text, so whatever
# stands in the same column is the same place. The words are cut by *your* `tokenize`. Two rows show sub-words (byte
# pair encoding, BPE, lesson 02): GPT-2's, and a few hundred found in the story, which also gives the vocabulary of
# characters and of words. The microscope starts with `It's Zoë, unhelpfully 🎹`. Before you touch it:
#
# - Which of the five rows give the text back unchanged, and which do not?
# - How many bytes has `ë`, how many has `🎹`? Is there a token that ends *inside* one of them?
# - **The target:** at least 12 characters for which GPT-2 needs *more* tokens than there are characters. Can plain
#   English do that? Something to copy: `Καλημέρα, φίλε μου`, `Доброе утро, друг`, `გამარჯობა, მეგობარო`.
#
# (Changed `tokenize`? Run the cell again, and the microscope uses the new one.)

# %%
explorer = TokenizerMicroscope(words=tokenize)
explorer

# %% [markdown]
# An explorer is a Python object, so what it shows can be asserted. A second microscope, set from code: which tokens
# will your `tokenize` find in this line, and how many of them does the story not have? Say it before you run the cell.

# %%
probe = TokenizerMicroscope(words=tokenize)
probe.set(text='"Don\'t quarrel--a bit: a_b; (1/2) no!?".', inspect="words")
row = probe.trace.row("words")
found = [token.text for token in row.tokens]
print(found)
print("not in the story:", [token.text for token in row.tokens if not token.known])

assert " ".join(found) == '" Don \' t quarrel -- a bit : a _ b ; ( 1/2 ) no ! ? " .'
assert row.back != probe.trace.text

# %% [markdown]
# If that assertion fails, `tokenize` is wrong, and the microscope shows where. When you have reached the target by
# hand, `print(explorer.code())` gives your state as plain Python.
#
# Here is what the target shows, for one greeting in five languages:

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
    print(f"{language:9} {counts}: {n_tokens / len(text):.2f} a character")

# %% [markdown]
# GPT-2's pieces were found in mostly English text. Other alphabets largely fall back to single bytes, and a token may
# then be a half or a third of a character. If you pay by the token, or if your model has a fixed context length, you
# get less than a tenth as much Georgian as English. Newer tokenizers are fairer, none is quite fair.
#
# ## The same, polished: `llmlab.tokenizers`
#
# What you wrote by hand is in the package. First, that it is the same, on the whole story:

# %%
if tokenize("") is None:
    print("tokenize is still to be written: exercise 01.1.")
else:
    assert list(tokenize(story)) == words.tokenize(story)
    print(f"Your {len(words.tokenize(story)):,} tokens equal llmlab's.")
assert words.vocabulary == id_to_token and words.encode(story) == encode(story)

# %% [markdown]
# Second, what it adds: special tokens are found before anything is cut, so they stay whole wherever they stand, and any
# pattern can be passed in. (If you know Raschka's book *Build a Large Language Model (From Scratch)*: this class
# without `unknown` is its `SimpleTokenizerV1`, with `unknown` its `SimpleTokenizerV2`.)

# %%
print(forgiving.tokenize("The end.<|endoftext|>Once more"))
print(WordTokenizer.from_text(story, pattern=r"(\W)").tokenize("It's well-kept, £1.37."))

# %% [markdown]
# Third, errors that say what was wrong and what to do:

# %%
for mistake in (lambda: words.decode([3, 5000]), lambda: words.encode(b"bytes")):
    try:
        mistake()
    except (ValueError, TypeError) as error:
        print(f"{type(error).__name__}: {error}")

# %% [markdown]
# ## You can now
#
# - say why a model needs ids, and cut a text into tokens without stumbling over an empty one;
# - tell the vocabulary from the encoded text, and catch ids that do not belong to the text above them;
# - name what a word tokenizer loses: spaces, unknown words, and the kinship of `help` and `helper`;
# - use special tokens, keep them apart from plain text, and say what a tokenizer costs in length.
#
# Type `??WordTokenizer` in a new cell to read the package's version. Lesson 02 finds the pieces between characters and
# words: byte pair encoding.

# %%
progress("01")
