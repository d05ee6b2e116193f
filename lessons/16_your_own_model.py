# %% [markdown]
# # 16 · Your own model
#
# The last lesson is a project, and it is yours: a text that you choose, a tokenizer made for it, a model as large as
# your minutes allow, its training, its examination, and at the end a page that runs it in any browser, without a
# network. Five decisions are to be made on the way. Most have several good answers; each has a price, and you will know
# it before you pay.
#
# About {minutes} minutes. At the end you can
#
# - look at a text and say whether a model can learn from it;
# - choose a vocabulary by bits per byte, and a size by the operations that your machine does;
# - train, and judge what came of it: on text that was held out, beside a program that compresses files, and by what was
#   copied;
# - hand the model to somebody else as one file, with a sentence on it that is true.

# %%
import lzma
import math
import time
from collections import Counter
from pathlib import Path

import torch

from llmlab.bpe import train_bpe
from llmlab.corpus import load_text
from llmlab.course.figures import loss_curves
from llmlab.exercises import exercise, progress
from llmlab.explorers import PipelineMap
from llmlab.export import export_page, write_with
from llmlab.generation import generate
from llmlab.gpt import GPT, GPTConfig, count_operations, count_parameters
from llmlab.training import TrainConfig, evaluate, save_checkpoint, split_text, train
from llmlab.training import bits_per_byte as package_bits
from llmlab.training import longest_copy as package_copy
from llmlab.windows import create_dataloader

torch.set_num_threads(1)  # for models as small as these, one thread is faster than two

# %% [markdown]
# ## Before we start: three questions on lesson 15
#
# Answer from memory first; that is what makes it stay.
#
# <details><summary>1. A model is trained on questions with their answers. Why does the loss count the answers
# alone?</summary>
#
# Because the question will always be given. What is asked of the model is the answer, so its tokens are the ones whose
# probability should grow.
# </details>
#
# <details><summary>2. LoRA leaves a matrix of 96 × 288 as it is and trains two thin ones of rank 4 beside it. How many
# numbers are trained?</summary>
#
# 4 · (96 + 288) = 1,536, in place of 27,648.
# </details>
#
# <details><summary>3. A model answers every question of its training data rightly. What do you still have to
# ask?</summary>
#
# Questions that were never asked in training. The others it may know by heart.
# </details>
#
# ## Play first
#
# Here is the map of lesson 00 once more: a text, its tokens, their vectors, what attends to what, and the probabilities
# of the next token. Take a minute and look how much of it you could now write yourself. At the end of this lesson the
# same map shows a model that you have made.

# %%
PipelineMap()

# %% [markdown]
# ## A text
#
# Any language will do, and any subject; a text of one kind is learned faster than one of many. Letters, recipes, laws,
# poems, your own diary: nothing of it leaves the machine that runs this notebook, which in the cloud is somebody's.
# The course brings three samples, if you have none at hand. They were made by small grammars, about 200,000 bytes each,
# so that half a minute of training teaches a model visibly:

# %%
for name in ("keepers-log", "maerchen", "recetas"):
    sample = load_text(name)
    print(f"{name}: {len(sample.encode()):,} bytes\n{sample[:190]}…\n")

# %% [markdown]
# ### Exercise 16.1 · Decision one: the text
#
# ●○○ · 4 minutes · for a model that has something to learn · decide
#
# Put your text into `my_text`, as one `str`. `load_text` takes the name of a sample, or the path of a UTF-8 file. From
# 10,000 bytes on it is worth a try, from 100,000 on it is worth showing.

# %% exercise="16.1"
from llmlab.corpus import load_text

### BEGIN SOLUTION
my_text = load_text("keepers-log")
### STUB
# my_text = ...
### END SOLUTION

# %%
exercise("16.1").check(my_text)

# %% [markdown]
# From here on the lesson goes on with your text, or with the log of a lighthouse keeper as long as there is none. The
# numbers in the prose are those of the log.

# %%
text = my_text if isinstance(my_text, str) else load_text("keepers-log")
training_text, validation_text = split_text(text)  # a tenth, at the end, is kept to measure on
print(f"{len(training_text.encode()):,} bytes to learn from, {len(validation_text.encode()):,} to measure on")

# %% [markdown]
# ## Look at it
#
# Before anything is computed, read. A model learns what stands there, headers, page numbers and broken letters
# included. Three looks: a place in the middle, the rarest characters, and whether lines come again.

# %%
middle = len(text) // 2
print(text[middle : middle + 300])

# %%
characters, lines = Counter(text), Counter(line for line in text.splitlines() if line)
print(f"{len(characters)} different characters, the rarest: {[c for c, _ in characters.most_common()[-8:]]}")
again = sum(n for _, n in lines.items() if n > 1)
print(f"{len(lines):,} different lines; {again} of {sum(lines.values()):,} stand there more than once")

# %% [markdown]
# What looks wrong here is mended in the text, not in the model. How much is there to learn? A program that compresses
# files, a *compressor*, gives a first answer. It finds what repeats; what it cannot shorten is news to it. We compress
# the text that is learned from, then that and the validation text together, and see what the second part adds:

# %%
compressed = len(lzma.compress(training_text.encode()))
added = len(lzma.compress((training_text + validation_text).encode())) - compressed
lzma_bits = 8 * added / len(validation_text.encode())
print(f"the compressor needs {lzma_bits:.2f} bits for each byte of the validation text; as it stands it has 8")

# %% [markdown]
# A model that has learned something should need fewer.
#
# ## Tokens, weighed in bits
#
# Now the tokenizer, made for this text by the training of lesson 02. How large should its vocabulary be? Small means
# short tokens and long sequences; large means tokens that were seen too seldom. The validation loss of two models
# cannot decide it, since it is a mean over *tokens*, and these differ. The bytes of the text are the same for all.
#
# ### Exercise 16.2 · Bits per byte
#
# ●●○ · 5 minutes · for comparing what has different tokens · write a function
#
# Complete `bits_per_byte`. `loss` is the mean over the tokens of a text, in nats; the text has `n_tokens` tokens and
# `n_bytes` bytes. Return what the model needs for one byte of it, in bits. One bit is $\ln 2$ nats.

# %% exercise="16.2"
import math


def bits_per_byte(loss, n_tokens, n_bytes):
    ### BEGIN SOLUTION
    return loss * n_tokens / math.log(2) / n_bytes
    ### END SOLUTION


# %%
exercise("16.2").check(bits_per_byte)

# %% [markdown]
# ### Predict: which vocabulary?
#
# For each of three sizes a small model gets the same training: 120 steps of 16 windows of 32 tokens. Before you run it:
#
# - Whose tokens are longer, those of 300 or those of 700?
# - Which of the two models sees more of the text in its 120 steps?
# - So which will need fewer bits per byte?


# %%
def batches(tokenizer, T, n_rows=16):
    shared = {"max_length": T, "tokenizer": tokenizer}
    shuffled = torch.Generator().manual_seed(0)
    learn = create_dataloader(training_text, batch_size=n_rows, stride=T // 2, generator=shuffled, **shared)
    held = create_dataloader(validation_text, batch_size=n_rows, stride=T, shuffle=False, drop_last=False, **shared)
    return learn, held


def costs(tokenizer, loss):
    in_tokens, in_bytes = len(tokenizer.encode(validation_text)), len(validation_text.encode())
    return package_bits(loss, in_tokens, in_bytes), in_bytes / in_tokens


# %%
measured = []
for n_entries in (300, 500, 700):
    tokenizer = train_bpe(training_text, n_entries)
    learn, held = batches(tokenizer, T=32)
    torch.manual_seed(0)
    small = GPT(GPTConfig(len(tokenizer), 32, d_model=48, n_heads=4, n_layers=2, tie_weights=True))
    train(small, learn, TrainConfig(steps=120, learning_rate=6e-3), progress=False)
    loss = evaluate(small, held)
    bits, length = costs(tokenizer, loss)
    measured.append((len(tokenizer), round(loss, 2), round(bits, 2)))
    print(f"{len(tokenizer)}: {length:.1f} bytes per token, {loss:.2f} nats per token, {bits:.2f} bits per byte")

# %% [markdown]
# <details><summary>What happened?</summary>
#
# - Those of 700: each merge makes a longer token, and at 700 most words of the log are one token.
# - The one with 700, because as many tokens hold more bytes.
# - The one with 700, by far: with as many steps of as many tokens it reads more, and predicts whole words.
# </details>
#
# The larger vocabulary wins here, and here it also has the lowest loss per token. That need not be so. On the story of
# the course, of whose 19,746 characters 17,647 are learned from, the order of the two columns differs:

# %%
story, story_held = split_text(load_text())
for n_entries in (300, 500, 1000):
    tokenizer = train_bpe(story, n_entries)
    shared = {"batch_size": 16, "max_length": 32, "tokenizer": tokenizer}
    learn = create_dataloader(story, stride=16, generator=torch.Generator().manual_seed(0), **shared)
    held = create_dataloader(story_held, stride=32, shuffle=False, drop_last=False, **shared)
    torch.manual_seed(0)
    small = GPT(GPTConfig(n_entries, 32, d_model=48, n_heads=4, n_layers=2, tie_weights=True))
    train(small, learn, TrainConfig(steps=120, learning_rate=6e-3), progress=False)
    loss = evaluate(small, held)
    bits = package_bits(loss, len(tokenizer.encode(story_held)), len(story_held.encode()))
    print(f"{n_entries}: {loss:.1f} nats per token, {bits:.1f} bits per byte")

# %% [markdown]
# By nats per token 300 would win, by bits per byte 1,000: the same text, the same number of steps. Only the second
# column compares.

# %% [markdown]
# ### Exercise 16.3 · Decision two: the vocabulary
#
# ●●○ · 4 minutes · for tokens that the text can teach · decide
#
# Write down three things: how many bytes are learned from, the rows (size, nats per token, bits per byte) that were
# measured on *your* text, and the size that you choose among them. Add sizes to the loop if none pleases you.

# %% exercise="16.3"
### BEGIN SOLUTION
n_bytes, measured_rows, vocab_size = 179_997, [(300, 1.87, 1.69), (500, 1.14, 0.56), (700, 0.89, 0.34)], 700
### STUB
# n_bytes, measured_rows, vocab_size = ..., ..., ...
### END SOLUTION

# %%
exercise("16.3").check((n_bytes, measured_rows, vocab_size))

# %%
own_tokenizer = train_bpe(training_text, 700 if vocab_size is ... else int(vocab_size))
n_in_all = len(own_tokenizer.encode(text))
longest = sorted(own_tokenizer.vocabulary.values(), key=len)[-6:]
print(
    f"{own_tokenizer}\n{n_in_all:,} tokens in all; the longest: {[token.decode(errors='replace') for token in longest]}"
)

# %% [markdown]
# ## As large as the minutes allow
#
# Lesson 10 counted what a model costs: a forward pass, and about twice that for the backward pass, three in all. So if
# you know how many operations your machine does in a second, you know what any size will take. Measured on a few steps:


# %%
def operations(size, steps, n_rows=16):
    """Of a training: size = (vocab_size, context_length, d_model, n_heads, n_layers)."""
    return 3 * count_operations(GPTConfig(*size, tie_weights=True), size[1], batch_size=n_rows).total * steps


# %% tags=["nbval-ignore-output"]
trial_size = (len(own_tokenizer), 64, 64, 4, 2)
learn, _ = batches(own_tokenizer, T=64)
trial = GPT(GPTConfig(*trial_size, tie_weights=True))
train(trial, learn, TrainConfig(steps=3), progress=False)  # the first steps are slower
began = time.perf_counter()
train(trial, learn, TrainConfig(steps=10), progress=False)
a_second = operations(trial_size, 10) / (time.perf_counter() - began)
print(f"about {a_second / 1e9:.0f} · 10⁹ operations a second")

# %% [markdown]
# With 20 · 10⁹ a second (put your own number there), 300 steps take:

# %%
SPEED = 20e9
for d_model, n_layers in ((32, 2), (64, 2), (96, 3), (128, 4), (256, 6)):
    a_size = (len(own_tokenizer), 64, d_model, 4, n_layers)
    weights = count_parameters(GPTConfig(*a_size, tie_weights=True)).total
    print(f"width {d_model:3}, {n_layers} layers: {weights:9,} weights, {operations(a_size, 300) / SPEED:6.1f} seconds")

# %% [markdown]
# ### Exercise 16.4 · Decisions three and four: size and steps
#
# ●●○ · 6 minutes · for a run whose end you know before it begins · decide
#
# Write down five things: `n_tokens`, the tokens of your text; `seconds`, what you are willing to wait; `speed`, the
# operations a second; `size` = (vocab_size, context_length, d_model, n_heads, n_layers); and `steps`, each of 16
# windows. The next training takes them at their word.

# %% exercise="16.4"
### BEGIN SOLUTION
n_tokens, seconds, speed, size, steps = 52_551, 30, 20e9, (700, 64, 64, 4, 2), 300
### STUB
# n_tokens, seconds, speed, size, steps = ..., ..., ..., ..., ...
### END SOLUTION

# %%
exercise("16.4").check((n_tokens, seconds, speed, size, steps))

# %% [markdown]
# A text that is too short for what is asked of it is refused before anything is computed, and the sentence says what
# would help:

# %%
try:
    create_dataloader(text[:16], batch_size=16, max_length=64, stride=32, tokenizer=own_tokenizer)
except ValueError as error:
    print(error)

# %% [markdown]
# ## The training
#
# The loop of lesson 11, with your numbers. Six times on the way the loss is measured on the text that was held out, and
# the model writes a line from a paragraph's beginning; the weights of the best measurement are kept.

# %%
decided = size is not ... and steps is not ...
own_size, n_steps = (tuple(map(int, size)), int(steps)) if decided else (trial_size, 300)
own_size = (len(own_tokenizer), *own_size[1:])  # a vocabulary may have come out smaller than it was asked to be
learn, held = batches(own_tokenizer, T=own_size[1])
START = own_tokenizer.encode("\n\n")


def sample(n_tokens, seed=0, temperature=0.8, top_p=0.95):
    draws = {"generator": torch.Generator().manual_seed(seed), "temperature": temperature, "top_p": top_p}
    return own_tokenizer.decode(generate(own, [START], n_tokens, slide=True, **draws)[0][len(START) :])


def show_line(history):
    at, loss = history.validation[-1]
    print(f"step {at:3}, {costs(own_tokenizer, loss)[0]:.2f} bits per byte: {sample(20)!r}")


# %%
torch.manual_seed(0)
own = GPT(GPTConfig(*own_size, dropout=0.1, tie_weights=True))
settings = TrainConfig(steps=n_steps, learning_rate=5e-3, evaluate_every=math.ceil(n_steps / 6), keep_best=True)
history = train(own, learn, settings, validation=held, on_evaluation=show_line, progress=False)

# %%
loss_curves.draw(history)

# %% [markdown]
# On the log whole sentences stand there at the first measurement, with parts that do not fit; later such slips are
# rarer. If the two curves part, the model begins to know its text by heart; if both still fall at the end, more steps
# would have helped.
#
# ## Is it good?
#
# The number first. Beside it stand what a model that knows nothing would need, and the compressor:

# %%
own.eval()
own_bits, bytes_per_token = costs(own_tokenizer, evaluate(own, held))
guessing = math.log2(len(own_tokenizer)) / bytes_per_token
print(
    f"guessing among all tokens {guessing:.1f}, the compressor {lzma_bits:.1f}, your model {own_bits:.1f} bits per byte"
)
assert own_bits < guessing, "less than nothing was learned: is the learning rate far too high?"

# %% [markdown]
# On the log the model needs less than half of what the compressor needs. Both have seen the same text, but the
# compressor looks for passages that come again, and the model has found what they have in common. (To get a text back
# from such bits one needs the weights, too, and they are larger than the text.)
#
# Then the samples. Read them as you read the text:

# %%
for seed in (1, 2):
    print(sample(120, seed), "\n---")

# %% [markdown]
# What to look for depends on the text. In the log: does the wind suit the sea, does no boat land in a storm, is the
# lamp lit early in winter? In the fairy tales: do article, ending and pronoun agree? In the recipes: is what was fried
# what was cut? What a small model gets wrong first is what reaches far: the date after the one before, or, three
# sentences later, whom the tale is about.
#
# ## Does it copy?
#
# A low loss says that the text is predicted. It does not say whether the model writes anything of its own, or only
# passages of what it has read.
#
# ### Exercise 16.5 · The longest copy
#
# ●●○ · 8 minutes · for knowing what is new in a sample · write a function
#
# Complete `longest_copy`: the longest passage of `written` that stands in `source` word for word, as a `str`; the empty
# one where nothing is in common. A passage may begin and end anywhere, in the middle of a word too.


# %% exercise="16.5"
def longest_copy(written, source):
    ### BEGIN SOLUTION
    longest = ""
    for start in range(len(written)):
        while written[start : start + len(longest) + 1] in source and start + len(longest) < len(written):
            longest = written[start : start + len(longest) + 1]
    return longest
    ### END SOLUTION


# %%
exercise("16.5").check(longest_copy)

# %% [markdown]
# How long is too long? A text of one kind repeats itself anyway. So the measure is the text: take a piece of the part
# that was held out, as long as the sample, and see what *it* has in common with the training text.

# %%
written = sample(200, seed=3)
for name, piece in (("your model", written), ("the text itself", validation_text[: len(written)])):
    copied = package_copy(piece, training_text)
    print(f"{name}: the longest of {len(piece)} characters has {len(copied)}: {copied[:60]!r}…")

# %% [markdown]
# If your model's passages are about as long as those of the text, it writes as the text does. If they are many times as
# long, it recites, and then the remedies are fewer steps, fewer weights or more text. That models recite is no rare
# fault: Carlini et al. (2021) drew names and addresses from GPT-2 word for word. Whoever trains on letters of other
# people should measure this before the page goes out.
#
# Your functions and the package's, which are `llmlab.training.bits_per_byte` and `longest_copy`:

# %%
passage = validation_text[:300]
if bits_per_byte(1.0, 10, 40) is None or longest_copy("a", "a") is None:
    print("Still to be written: exercises 16.2 and 16.5.")
else:
    assert math.isclose(bits_per_byte(1.5, 300, 700), package_bits(1.5, 300, 700), rel_tol=1e-4), "look at 16.2"
    assert len(longest_copy(passage, training_text)) == len(package_copy(passage, training_text)), "look at 16.5"
    print("Both compute what the package computes.")

# %% [markdown]
# ## A page that runs it
#
# A model that only runs in your notebook is hard to show. So it goes into one HTML file: weights, tokenizer, and a
# forward pass in plain JavaScript, under 150 lines with the key and value cache of lesson 13. First the checkpoint of
# lesson 11:

# %%
HOME = Path("my_model")  # a folder beside this notebook
save_checkpoint(HOME, own, own_tokenizer)
print("saved:", sorted(path.stem.partition("-")[0] for path in HOME.iterdir() if path.suffix != ".html"))

# %% [markdown]
# What stands on the page beside the text? A short account of what a model is, what it was trained on, how well it does
# and on what, is called its **model card** (Mitchell et al. 2019). Ours has room for a sentence. Four candidates, with
# your numbers in place of the log's:
#
# - (a) "This model speaks English."
# - (b) "This model never copies from its training text."
# - (c) "A GPT of 148,608 weights, trained on 180,000 bytes of a lighthouse keeper's log. On days of the same log that
#   it has not read it needs 0.2 bits per byte."
# - (d) "This model understands the sea."
#
# ### Exercise 16.6 · Decision five: what the page does and says
#
# ●○○ · 4 minutes · for a page that is worth opening, and true · decide
#
# Choose the temperature and the top-p with which the page should write, and the letter of its sentence. Try settings
# with `print(sample(100, temperature=..., top_p=...))` first. For no cut, top-p is 1.

# %% exercise="16.6"
### BEGIN SOLUTION
temperature, top_p, claim = 0.8, 0.95, "c"
### STUB
# temperature, top_p, claim = ..., ..., ...
### END SOLUTION

# %%
exercise("16.6").check((temperature, top_p, claim))

# %%
weights = count_parameters(own.config).total
about = (
    f"A GPT of {weights:,} weights, trained on {len(training_text.encode()):,} bytes. On text of the same kind that "
)
about += f"it has not read it needs {own_bits:.1f} bits per byte."
chosen = (temperature, top_p) if claim is not ... else (0.8, 0.95)
draws = dict(zip(("temperature", "top_p"), map(float, chosen), strict=True))
beginning = text[:40].rpartition(" ")[0] or text[:12]
page = export_page(HOME, HOME / "page.html", title="My own model", about=about, prompts=["\n\n", beginning], **draws)
print(f"{page.path.name}: {page.bytes / 1e6:.1f} MB. {about}")

# %% [markdown]
# Open it: in the file browser go to the folder `my_model`, download `page.html` and open it with any browser, on a
# phone too, with the network switched off. The bars are the probabilities of the next token; press one to take it,
# press a word of the text to go back to it. Temperature and top-p stand as you decided. At its foot the page says how
# far its logits are from those that PyTorch computed here.
#
# From a terminal it is one command, `llmlab export my_model page.html`. How can one trust that JavaScript writes what
# PyTorch would write? Drawing is the only thing that chance does, and chance is a list of numbers between 0 and 1. For
# each, `write_with` takes the token in whose share of the line from 0 to 1 it falls. Here the Python half: the same
# numbers give the same tokens. The tests of the course do the other: they give one list to the page and to
# `write_with`, for all parts that lesson 14 brought into our GPT, and compare the tokens.

# %%
numbers = torch.rand(40, generator=torch.Generator().manual_seed(1)).tolist()
first = write_with(own, START, numbers, temperature=0.8, top_p=0.95)
again = write_with(own, START, numbers, temperature=0.8, top_p=0.95)
other = write_with(own, START, [1 - number for number in numbers], temperature=0.8, top_p=0.95)
for name, ids in (("the same numbers", again), ("other numbers", other)):
    pairs = list(zip(first, ids, strict=True))[len(START) :]  # without the prompt
    print(f"{name}: {sum(a == b for a, b in pairs)} of {len(pairs)} tokens are the same")

# %% [markdown]
# What cannot become a page is refused before work is done:

# %%
for folder, place in (("my_text", HOME / "page.html"), (HOME, HOME), (HOME, Path("nowhere/page.html"))):
    try:
        export_page(folder, place)
    except (ValueError, OSError) as error:
        print(f"{type(error).__name__}: {error}\n")

# %% [markdown]
# ## The map, with your model
#
# And here is the map from the beginning, with your text, your tokens, your heads:

# %% tags=["nbval-ignore-output"]
words = (validation_text[:40].rpartition(" ")[0] or validation_text[:12]).split()
PipelineMap(text=" ".join(words), model=own, tokenizer=own_tokenizer)

# %% [markdown]
# ## What you have reached
#
# Sixteen lessons ago a language model was a table of counts. Since then you have written a tokenizer, windows,
# embeddings, attention with its masks and heads, a block, a training loop, a sampler, a cache, the parts of today's
# models, a fine-tuning, and now a model that is yours from its first byte. This is where you stand in the whole course;
# every square is an exercise.

# %%
progress()

# %% [markdown]
# What is open can be done at any time: nothing in the course expires. And what could come next is the same project with
# more of everything. What you know scales: only the numbers change.
#
# ## You can now
#
# - choose a text, and say before any training whether it can teach and what a compressor makes of it;
# - compare tokenizers by bits per byte, and say why the loss per token cannot;
# - fit a model and its steps into the seconds that you have;
# - tell a model that has learned from one that recites;
# - give a model away as one file, with a sentence that is true.
#
# Type `??export_page` to read how the page is put together; its forward pass stands in `llmlab/export/page/forward.js`,
# and on the page itself.
#
# ## Where this comes from
#
# - Shannon (1951), *Prediction and Entropy of Printed English*: how many bits a letter has, measured on people who
#   guess.
# - Hoffmann et al. (2022), *Training Compute-Optimal Large Language Models*: size and data for a given budget of
#   operations.
# - Delétang et al. (2024), *Language Modeling Is Compression*: language models beside programs that compress.
# - Carlini et al. (2021), *Extracting Training Data from Large Language Models*: what GPT-2 recites.
# - Mitchell et al. (2019), *Model Cards for Model Reporting*: what should stand beside a model.
#
# **Read next:** Mitchell et al. (2019), sections 1 to 4, and then write the card of your own model in full.

# %%
progress("16")
