# Translates lessons/00_welcome.py as of 3a470797f70c

# %% [markdown]
# # 00 · Willkommen
#
# Ein Sprachmodell ist ein Programm, das viel gelesen hat und eine einzige Frage beantwortet: *Was kommt als Nächstes?*
# Alles andere, vom vervollständigten Satz bis zum ganzen Gespräch, ist diese Frage, immer wieder gestellt. In dieser
# Lektion schreibst du selbst ein winziges Programm dieser Art, siehst ihm beim Schreiben zu und folgst dann einem Satz
# durch alle Stationen eines modernen Modells.
#
# Ungefähr {minutes} Minuten. Am Ende kannst du
#
# - sagen, was ein Sprachmodell berechnet, und eines in etwa zehn Zeilen schreiben;
# - Training und Inferenz auseinanderhalten und abzählen, wie oft das Modell dabei jeweils läuft;
# - einem Satz vom rohen Text bis zu den Wahrscheinlichkeiten folgen, mit der Shape (den Abmessungen) jeder Station;
# - dafür sorgen, dass ein Notebook auch dann läuft, wenn es bei null anfängt.

# %% [markdown]
# ## Wie dieser Kurs funktioniert
#
# Du brauchst etwas Python (Listen, Dictionaries, Funktionen, Schleifen) und solltest schon einmal gesehen haben, wie
# man zwei Matrizen multipliziert.
#
# - **Zellen.** Führe sie von oben nach unten mit Umschalt + Enter aus, und ändere sie ruhig: Kaputt gehen kann nichts.
# - **Vorhersagen.** Bevor dir etwas gezeigt wird, wirst du gefragt, was du erwartest. Aus einem falschen Tipp lernst du
#   mehr als aus gar keinem.
# - **Aufgaben.** Setze deine Antwort an die Stelle von `...`, führe die Zelle aus und danach die Prüfung darunter. Sie
#   sagt, was sie gesehen hat und welche Vorstellung wahrscheinlich dahintersteckt. Solange eine Prüfung nicht bestanden
#   ist, liegen darunter drei Hinweise, zugeklappt: eine Frage, die Idee, die Zeile selbst. (`exercise("00.2").hint()`
#   gibt sie nacheinander aus.) Nach einem eigenen Versuch zeigt `exercise("00.2").solution()` einen Lösungsweg und
#   unter *To try next*, wie du weitermachen kannst. Nichts davon wird irgendwohin geschickt.
# - **Explorer.** Bilder mit Reglern und Knöpfen. Der erste steht gleich hier unten.
# - **Sprache.** Übersetzt sind die Texte. Die Namen im Code, alle Ausgaben, die Prüfungen und die Explorer sind
#   englisch, ebenso das, was die Modelle lesen. Verweist eine Prüfung mit *See '…'* auf einen Abschnitt, nennt sie
#   seine englische Überschrift; die Abschnitte stehen in derselben Reihenfolge. Und Zahlen sind in den Ausgaben
#   englisch geschrieben: `0.5` ist 0,5, und `1,353` ist 1.353.
#
# Zuerst: Ist alles da?

# %%
import random
from collections import Counter, defaultdict
from copy import deepcopy
from itertools import pairwise

import torch
from torch import nn

from llmlab import course
from llmlab.bpe import gpt2_encoding
from llmlab.corpus import load_text, toy_world, toy_world_accepts
from llmlab.course.figures import stages
from llmlab.exercises import exercise, progress
from llmlab.exercises.lesson_00 import bigram
from llmlab.explorers import PipelineMap

report = course.doctor()
print(report if report.problems else "No problem found: every lesson runs on this machine.")

# %% [markdown]
# ## Erst einmal spielen
#
# Noch vor aller Theorie: ein kleines Modell bei der Arbeit. Gelesen hat es nichts als einfache Sätze über Menschen und
# Tiere, die ein Programm sich ausdenkt: eine *Spielzeugwelt*. Oben kommt der Text hinein, jedes Stück davon fließt in
# einer eigenen Bahn nach unten, und am Ende steht, was das Modell als Nächstes erwartet. Was dazwischen liegt, weißt du
# am Ende der Lektion. Spiel eine Minute damit: Was wundert dich?
#
# - Drücke auf eines der Wörter am Ende: Es wird an den Text gehängt. Und dann noch eines. Du schreibst mit dem Modell.
# - Drücke auf *play*: Jetzt schreibt es von selbst, jedes Mal das wahrscheinlichste Wort.
# - Tippe ein Wort ein, das in seiner Welt nicht vorkommt, etwa `piano`.

# %%
PipelineMap()

# %% [markdown]
# ## Was ein Sprachmodell berechnet
#
# Jetzt Schritt für Schritt, mit einer kurzen Geschichte, die für diesen Kurs geschrieben wurde. Ein **Token** ist ein
# Stück Text; fürs Erste alles, was zwischen zwei Leerzeichen steht. Das **Vokabular** ist die Liste aller verschiedenen
# Token.

# %%
story = load_text()
tokens = story.split()
vocabulary = sorted(set(tokens))

print(story[:96])
print(f"{len(tokens):,} tokens, {len(vocabulary):,} of them different")

# %% [markdown]
# Aus den bisherigen Token berechnet ein **Sprachmodell** *für jedes Token seines Vokabulars die Wahrscheinlichkeit,
# dass es als Nächstes kommt*. Mehr berechnet es nicht. Ein sehr einfaches sieht sich nur das letzte Token an und zählt,
# was in einem Text darauf gefolgt ist. Paare von Nachbarn heißen *Bigramme*, darum ist das ein **Bigramm-Modell**:


# %%
def train(tokens):
    followers = defaultdict(Counter)
    for token, following in pairwise(tokens):
        followers[token][following] += 1
    return dict(followers)


followers = train(tokens)
print(followers["piano"])

# %% [markdown]
# Auf `piano` folgen 9 verschiedene Token, an 10 Stellen.

# %% [markdown]
# ### Aufgabe 00.1 · Was kommt aus dem Modell heraus?
#
# ●○○ · 3 Minuten · damit du weißt, was jedes Sprachmodell zurückgibt · vorhersagen
#
# Du gibst dem Modell die zwei Token `The piano` und fragst nach dem nächsten. Wie viele Wahrscheinlichkeiten gibt es
# zurück, und welche Summe haben sie? Antworte mit zwei Zahlen.

# %% exercise="00.1"
### BEGIN SOLUTION
n_probabilities, total = 1353, 1
### STUB
# n_probabilities, total = ..., ...
### END SOLUTION

# %%
exercise("00.1").check((n_probabilities, total))

# %% [markdown]
# ### Vom Zählen zu Wahrscheinlichkeiten
#
# Nun ein Text, in dem du mit bloßem Auge zählen kannst. Ein `Counter` ist ein Dictionary von Anzahlen; auf alles, was
# er nicht gezählt hat, antwortet er mit 0, und `.total()` addiert seine Anzahlen:

# %%
toy = train("the sea is grey . the sea is cold . the boat is late .".split())
print(toy["the"])
print(toy["the"]["sea"], "of", toy["the"].total(), "times sea,", toy["the"]["grey"], "times grey")

# %% [markdown]
# Nach `the` hat also `sea` die Wahrscheinlichkeit 2/3, `boat` 1/3 und jedes andere Token 0.

# %% [markdown]
# ### Aufgabe 00.2 · Wahrscheinlichkeiten des nächsten Tokens
#
# ●●○ · 5 Minuten · für das Herz eines Sprachmodells · eine Funktion schreiben
#
# Vervollständige `next_token_probabilities`. `followers` ist, was `train` zurückgibt, `token` ein Token, auf das darin
# etwas folgt, `vocabulary` eine Liste von Token. Gib ein Dictionary mit einem Eintrag für jedes Token von `vocabulary`
# zurück: die Wahrscheinlichkeit, dass es nach `token` kommt. Zum Beispiel ist
# `next_token_probabilities("the", toy, ["boat", "grey", "sea"])` gleich `{"boat": 1/3, "grey": 0, "sea": 2/3}`.


# %% exercise="00.2"
def next_token_probabilities(token, followers, vocabulary):
    ### BEGIN SOLUTION
    counts = followers[token]
    return {candidate: counts[candidate] / counts.total() for candidate in vocabulary}
    ### END SOLUTION


# %%
exercise("00.2").check(next_token_probabilities)

# %% [markdown]
# Die Lektion geht mit deiner Funktion weiter oder, solange deine die Prüfung nicht bestanden hat, mit der von llmlab.
# Hier sind die fünf größten der 1.353 Wahrscheinlichkeiten nach `It`:

# %%
passed = exercise("00.2").status == "passed"
model = next_token_probabilities if passed else bigram.next_token_probabilities
print("the probabilities are", "yours:" if passed else "llmlab's (00.2 has not passed yet):")


def predict(token):
    return model(token, followers, vocabulary)


after_it = predict("It")
for candidate in sorted(after_it, key=after_it.get, reverse=True)[:5]:
    print(f"  It -> {candidate:7} {after_it[candidate]:.3f}")
zeros = sum(probability == 0 for probability in after_it.values())
print(f"{zeros:,} of them are 0; their sum is {sum(after_it.values()):.3f}")

# %% [markdown]
# Die meisten sind 0, weil die meisten Paare in einem so kurzen Text nie vorkommen.
#
# ## Ein Token nach dem anderen
#
# Wahrscheinlichkeiten sind noch kein Text. Um zu schreiben, *wählen* wir ein Token, hängen es an und fragen mit dem
# längeren Text noch einmal. Die Ausgabe wird ein Teil der nächsten Eingabe: Das heißt **Autoregression**. Zwei
# Schritte, jedes Mal mit dem wahrscheinlichsten Token:

# %%
after_the = predict("The")
second = max(after_the, key=after_the.get)
after_second = predict(second)
third = max(after_second, key=after_second.get)
print("The", second, third)

# %% [markdown]
# ### Aufgabe 00.3 · Lass es schreiben
#
# ●●○ · 5 Minuten · für die Schleife in jedem Programm, das schreibt · eine Funktion schreiben
#
# Vervollständige `generate`. Der **Prompt** ist der Anfang, den ein Modell bekommt, hier eine Liste mit mindestens
# einem Token. `predict` ist eine Funktion wie oben: Gib ihr ein Token, und sie gibt ein Dictionary von
# Wahrscheinlichkeiten zurück. Auch `choose` ist eine Funktion: Gib ihr ein solches Dictionary, und sie gibt ein Token
# zurück. Gib eine neue Liste zurück: den Prompt und danach `n_tokens` neue Token, jedes gewählt aus dem, was `predict`
# zum Token davor sagt. Die Liste, die du bekommst, bleibt, wie sie ist.


# %% exercise="00.3"
def generate(prompt, n_tokens, predict, choose):
    ### BEGIN SOLUTION
    written = list(prompt)
    for _ in range(n_tokens):
        probabilities = predict(written[-1])
        written.append(choose(probabilities))
    return written
    ### END SOLUTION


# %%
exercise("00.3").check(generate)

# %% [markdown]
# `train`, `next_token_probabilities` und `generate`: Dieses Dutzend Zeilen ist ein vollständiges Sprachmodell, das
# schreibt. Offen ist, wie gewählt wird. Immer das wahrscheinlichste Token zu nehmen heißt **greedy** (gierig). Was wird
# aus dem Text, wenn das zwanzig Token lang so geht? Leg dich fest, bevor du die Zelle ausführst.

# %%
passed = exercise("00.3").status == "passed"
write = generate if passed else bigram.generate
print("the loop is", "yours:" if passed else "llmlab's (00.3 has not passed yet):")


def greedy(probabilities):
    return max(probabilities, key=probabilities.get)


print(" ".join(write(["The"], 20, predict, greedy)))

# %% [markdown]
# Es dreht sich im Kreis: Auf dasselbe letzte Token folgt immer dasselbe nächste, in alle Ewigkeit. Der andere Weg heißt
# **Sampling**: Das nächste Token wird ausgelost, jedes mit seiner eigenen Wahrscheinlichkeit. Mit einem Seed, dem
# Startwert des Zufalls, lässt sich das wiederholen.


# %%
def sampler(seed):
    chance = random.Random(seed)

    def choose(probabilities):
        return chance.choices(list(probabilities), list(probabilities.values()))[0]

    return choose


for seed in (1, 2):
    print(f"seed {seed}: {' '.join(write(['The'], 20, predict, sampler(seed)))}\n")

# %% [markdown]
# Das klingt fast wie die Geschichte und bedeutet nichts: Kein Schritt weiß, wie der Satz angefangen hat.
#
# ## Training und Inferenz
#
# Die beiden Hälften des Programms haben Namen. **Training** liest Text und ändert, was das Modell weiß: hier die
# Anzahlen. **Inferenz** benutzt, was es weiß, und ändert nichts:

# %%
before = deepcopy(followers)
write(["The"], 50, predict, sampler(3))
print("tokens with other counts after writing:", sum(followers[token] != before[token] for token in before))

more = train(tokens + "The piano was late. The piano was heavy.".split())
print("after training on two more sentences:", sum(more[token] != before.get(token) for token in more))
for name, counts in (("before", before), ("with more text", more)):
    print(f"P(was | piano) {name:14}: {counts['piano']['was'] / counts['piano'].total():.2f}")

# %% [markdown]
# $P(\text{was} \mid \text{piano})$ liest man als „die Wahrscheinlichkeit von *was*, gegeben *piano*“. Heutige Modelle
# unterscheiden sich von unserem vor allem in einem: Sie berechnen ihre Wahrscheinlichkeiten aus *allen* Token davor,
# mit einer Formel, in der Millionen oder Milliarden verstellbarer Zahlen stecken, die **Gewichte** (oder Parameter).
# Mit Zählen kommt man da nicht weiter, denn kaum ein langer Text kommt zweimal vor. Also verstellt das Training die
# Gewichte, immer nur ein wenig, bis die richtigen nächsten Token wahrscheinlich werden.
#
# ## Vom rohen Text zu den Logits
#
# Wir folgen einem Satz durch alle Stationen eines solchen Modells. Die erste: Ein **Tokenizer** zerlegt den Text in
# Token und gibt jedem seine Nummer, die **Token-ID**. Das hier ist der von GPT-2:

# %%
encoding = gpt2_encoding()
sentence = "The sheep saw the piano on the boat"
ids = encoding.encode(sentence)

print([encoding.decode([token_id]) for token_id in ids])
print(ids)

# %% [markdown]
# Ein Leerzeichen gehört zu dem Token dahinter: `The` und ` the` sind zwei verschiedene Token, mit den IDs 464 und 262.
#
# ### Zahlen für ein Netz
#
# Modelle arbeiten an mehreren Texten zugleich, an einem **Batch**; darum kommt ein zweiter Satz mit, ebenfalls 8 Token
# lang. Vier Buchstaben stehen im ganzen Kurs für die Größen: $B$ Texte in einem Batch, $T$ Token in jedem (wie viele
# ein Modell höchstens lesen kann, ist seine **Kontextlänge**), $D$ Zahlen für jedes Token, $V$ Einträge im Vokabular.

# %%
batch = torch.tensor([ids, encoding.encode("Ada helped the keeper move the piano")])
B, T = batch.shape
D, V = 6, encoding.n_vocab
print(batch)
print(f"ids: (B, T) = {tuple(batch.shape)}")

# %% [markdown]
# Eine ID sagt nur, welche Zeile einer Tabelle gemeint ist. In der Tabelle stehen $D$ Zahlen für jedes Token, sein
# **Embedding**, und sie werden gelernt. Eine untrainierte Tabelle ist mit Zufallszahlen gefüllt, hier mit festem Seed.

# %%
torch.manual_seed(0)
embedding = nn.Embedding(V, D)  # eine Tabelle aus V Zeilen mit je D Zahlen
vectors = embedding(batch)  # (B, T) -> (B, T, D)

print("embeddings:", tuple(vectors.shape))
print("position 3, ' the':", [round(x, 2) for x in vectors[0, 3].tolist()])
print("position 6, ' the':", [round(x, 2) for x in vectors[0, 6].tolist()])

# %% [markdown]
# Beide ` the` haben dasselbe Embedding, aber das eine steht vor *piano* und das andere vor *boat*. Um vorherzusagen,
# was folgt, muss jede Position wissen, was vor ihr steht. Dafür ist der Rumpf eines Modells da: Er macht aus Embeddings
# **Kontextvektoren**, auch *Hidden States* oder *kontextuelle Embeddings* genannt. Unserer macht es auf die gröbste
# Art: Er nimmt einfach den Durchschnitt aller bisherigen Token.


# %%
def average_of_past(vectors):
    T = vectors.shape[1]
    may_look = torch.ones(T, T).tril()  # (T, T), 1, wohin die Position der Zeile sehen darf
    shares = may_look / may_look.sum(dim=1, keepdim=True)  # jede Zeile summiert sich zu 1
    return shares @ vectors  # (B, T, D)


context = average_of_past(vectors)
print("context vectors:", tuple(context.shape))
print("position 3, ' the':", [round(x, 2) for x in context[0, 3].tolist()])
print("position 6, ' the':", [round(x, 2) for x in context[0, 6].tolist()])

# %% [markdown]
# Dasselbe Token, zwei verschiedene Vektoren. Ein echtes Modell lernt, *wie viel* es von welcher Position nimmt:
# Lektionen 06 bis 08.
#
# Zuletzt wird jeder Kontextvektor mit einer Tabelle aus $V$ Spalten multipliziert. Das ergibt für jedes Token des
# Vokabulars eine Zahl, sein **Logit**: je höher, desto wahrscheinlicher. **Softmax** macht aus Logits
# Wahrscheinlichkeiten: Für jedes rechnet sie $e$ hoch dieses Logit aus, eine positive Zahl, und teilt sie durch die
# Summe aller dieser Zahlen.

# %%
head = nn.Linear(D, V, bias=False)
logits = head(context)  # (B, T, D) -> (B, T, V)
powers = logits.exp()
probabilities = powers / powers.sum(dim=-1, keepdim=True)  # (B, T, V)
assert torch.allclose(probabilities, logits.softmax(dim=-1)), "die Softmax von PyTorch liefert etwas anderes"

print("logits:", tuple(logits.shape))
top = probabilities[0, -1].topk(3)
for probability, token_id in zip(top.values.tolist(), top.indices.tolist(), strict=True):
    print(f"{sentence} -> {encoding.decode([token_id])!r:12} {probability:.5f}")

# %% [markdown]
# Die Tabellen sind zufällig, also ist das nur Rauschen: Bei gleichen Anteilen hätte jedes Token 1 / 50.257 = 0,00002,
# und das „beste“ hat ungefähr doppelt so viel. Hier ist der ganze Weg. Vektoren und Logits sind die von Position 6, dem
# zweiten ` the`:


# %%
def start_of(tensor):
    return ", ".join(f"{x:.2f}" for x in tensor[0, 6, :4].tolist()) + ", …"


BT, BTD, BTV = f"(B, T) = ({B}, {T})", f"(B, T, D) = ({B}, {T}, {D})", f"(B, T, V) = ({B}, {T}, {V})"
stages.draw(
    [
        ("text", f"{len(sentence)} characters", sentence),
        ("tokens", f"T = {T}", "The | sheep | saw | the | piano | …"),
        ("token ids", BT, "464, 15900, 2497, 262, 19132, …"),
        ("embeddings", BTD, start_of(vectors)),
        ("context vectors", BTD, start_of(context)),
        ("logits", BTV, start_of(logits)),
        ("probabilities", BTV, "softmax of the logits: shares of 1"),
    ]
)

# %% [markdown]
# | von | zu | Lektion |
# |---|---|---|
# | Text | Token-IDs | [01](01_tokenization.ipynb), [02](02_byte_pair_encoding.ipynb) |
# | Token-IDs | Kontexte und die richtigen Antworten dazu | [03](03_sliding_window.ipynb) |
# | Token-IDs | Embeddings | [04](04_embeddings.ipynb), [05](05_positions.ipynb) |
# | Embeddings | Kontextvektoren | [06](06_attention.ipynb) bis [08](08_multi_head_attention.ipynb) |
# | Kontextvektoren | Wahrscheinlichkeiten | [09](09_gpt_block.ipynb), [10](10_what_a_gpt_costs.ipynb) |
# | zufällige Gewichte | trainierte | [11](11_training.ipynb) |
# | Wahrscheinlichkeiten | Text | [12](12_writing_text.ipynb), [13](13_efficient_generation.ipynb) |
#
# Danach wird aus dem kleinen GPT eines von [heute](14_from_gpt2_to_today.ipynb), es lernt
# [antworten](15_from_continuing_to_answering.ipynb), und du baust dir [ein eigenes](16_your_own_model.ipynb).
#
# ## Alle Präfixe auf einmal
#
# Zum Schreiben braucht man nur die Logits der letzten Position. Im Training braucht man alle: Das Token nach jeder
# Position steht ja im Text, also hat jede Position ihre eigene Frage und ihre eigene Antwort. Die Antworten, die
# **Targets**, sind die um eins verschobenen Eingaben. So stecken in 8 Token 7 Fragen, jede zu einem *Präfix*, einem
# Anfangsstück des Satzes. Liefert ein einziger Lauf über das Ganze dieselben Logits wie je ein Lauf für jedes Präfix?


# %%
def forward(ids):
    return head(average_of_past(embedding(ids)))  # (B, T) -> (B, T, V)


x, y = batch[:, :-1], batch[:, 1:]  # Eingaben und Targets, je (B, T)
T = x.shape[1]
for position in range(T):
    prefix = encoding.decode(x[0, : position + 1].tolist())
    print(f"{prefix!r:31} -> {encoding.decode([y[0, position].item()])!r}")

one_by_one = torch.stack([forward(x[:, : position + 1])[:, -1] for position in range(T)], dim=1)
difference = (forward(x) - one_by_one).abs().max().item()  # beide (B, T, V)
print(f"{B * T} predictions of one run, and of {T} runs: they differ by {difference:.4f} at most")

# %% [markdown]
# Ja, und zwar dank der **Maske**, dem Dreieck aus Einsen in `average_of_past`: Position $i$ darf die Positionen
# $0 \dots i$ sehen, keine spätere. Wir ersetzen das *letzte* Token der Eingabe und sehen nach, wo sich die Logits
# ändern, mit Maske und ohne.

# %%
changed = x.clone()
changed[0, -1] = encoding.encode(" island")[0]


def unmasked(ids):
    everything = embedding(ids).mean(dim=1, keepdim=True)  # (B, 1, D)
    return head(everything.expand(-1, T, -1))  # (B, T, V)


print(torch.ones(T, T).tril().int())
for name, variant in (("with the mask", forward), ("without", unmasked)):
    difference = (variant(changed) - variant(x))[0].abs().amax(dim=-1)  # (T,)
    print(f"logits change {name:13}: {(difference > 1e-6).int().tolist()}")

# %% [markdown]
# Ohne Maske sieht jede Position außer der letzten die Antwort auf ihre eigene Frage schon in der Eingabe. Ein Modell
# würde lernen, sie abzuschreiben, und wäre beim Schreiben verloren, wenn sie noch nicht dasteht.
#
# ## Ein Lauf oder viele
#
# Das Training hat den ganzen Text; die Inferenz muss ihn erst schreiben. Ein Lauf des Modells, von den IDs bis zu den
# Logits, heißt **Forward Pass**.

# %% [markdown]
# ### Aufgabe 00.4 · Wie oft läuft das Modell?
#
# ●●○ · 4 Minuten · um die Kosten des Trainings von denen des Schreibens zu unterscheiden · vorhersagen
#
# Ein Satz hat 8 Token. Im Training wird daraus ein *Fenster* von 7 Eingaben mit 7 Targets. Bei der Inferenz geben wir
# dem Modell die ersten 2 Token, und das Modell schreibt die übrigen 6. Wie viele Forward Passes braucht ein
# Trainingsschritt auf dem Fenster, und wie viele braucht es, um die 6 Token zu schreiben? Antworte mit zwei Zahlen.

# %% exercise="00.4"
### BEGIN SOLUTION
training_passes, inference_passes = 1, 6
### STUB
# training_passes, inference_passes = ..., ...
### END SOLUTION

# %%
exercise("00.4").check((training_passes, inference_passes))

# %% [markdown]
# Zählen wir nach. Zuerst das Training: 40 Schritte auf unseren zwei Sätzen. Jeder berechnet eine Zahl, die sagt, für
# wie unwahrscheinlich das Modell die richtigen Token hält, den **Loss**, und verschiebt alle Gewichte ein wenig, sodass
# die richtigen Token wahrscheinlicher werden (wie das geht, sagt Lektion 11).

# %%
passes = Counter()


def counted(kind, ids):
    passes[kind] += 1
    return forward(ids)


def right_tokens(logits):  # (B, T, V) -> (B, T), die Wahrscheinlichkeit jedes Targets
    return logits.softmax(dim=-1).gather(-1, y[..., None]).squeeze(-1)


untrained = right_tokens(forward(x))
optimizer = torch.optim.Adam([*embedding.parameters(), *head.parameters()], lr=0.5)
for _ in range(40):
    loss = nn.functional.cross_entropy(counted("training", x).flatten(0, 1), y.flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

trained = right_tokens(forward(x))
print("right tokens with P < 0.01 before:", (untrained < 0.01).sum().item(), "of", y.numel())
print("right tokens with P > 0.9 after  :", (trained > 0.9).sum().item(), "of", y.numel())
print("passes:", passes["training"], "for 40 steps with 14 predictions each")

# %% [markdown]
# Jetzt die Inferenz, ein Token nach dem anderen: Was ein Lauf ausgibt, wird ein Teil der Eingabe des nächsten.

# %%
weights_before = head.weight.clone()
written = x[0, :2].tolist()  # der Prompt: "The sheep"
while len(written) < 8:
    with torch.no_grad():  # ab hier wird nichts gelernt
        logits = counted("inference", torch.tensor([written]))  # (1, Länge, V)
    written.append(logits[0, -1].argmax().item())  # greedy; nur die letzte Position wird gelesen
    print(repr(encoding.decode(written)))

print("passes:", passes["inference"], "for 6 tokens; weights changed:", (head.weight != weights_before).sum().item())

# %% [markdown]
# Zwei Sätze, auswendig gelernt. Aber der Unterschied gilt für Modelle jeder Größe:
#
# | | Training | Inferenz |
# |---|---|---|
# | der Text | ist da, ganz | entsteht erst |
# | ein Lauf über $T$ Token liefert | $T$ Vorhersagen, für $T$ Targets | ein neues Token |
# | die Gewichte | ändern sich | bleiben |
#
# ## Was ein Gedächtnis von nur einem Token nicht kann
#
# Zurück zum Bigramm-Modell. Wir trainieren es auf dreitausend Sätzen aus der Spielzeugwelt des Explorers. Sie stammen
# aus einer Grammatik; so lässt sich nachprüfen, was ein Modell schreibt. Wie viele seiner eigenen Sätze lässt die
# Grammatik gelten: fast alle, etwa die Hälfte, etwa ein Viertel? Leg dich fest, bevor du die Zelle ausführst.

# %%
words = toy_world(3000, seed=0).split()
world_followers, world_vocabulary = train(words), sorted(set(words))


def predict_in_world(token):
    return model(token, world_followers, world_vocabulary)


text = " ".join(write(["the"], 1500, predict_in_world, sampler(0))).replace("<|endoftext|> ", "")
sentences = [sentence.strip() + "." for sentence in text.split(".")[:200]]
print(sum(map(toy_world_accepts, sentences)), "of", len(sentences), "sentences are accepted")
for sentence in sentences[:8]:
    print("  accepted " if toy_world_accepts(sentence) else "  refused  ", sentence)

# %% [markdown]
# Ein Viertel. Jedes Paar von Nachbarn kommt in dieser Welt vor, der Satz `she wears his mice.` nicht: Bis das nächste
# Wort an der Reihe ist, ist der Anfang vergessen. (`they croak in the pond.` ist gutes Englisch, nur quaken die Frösche
# hier anderswo.)
#
# ### Sag voraus, dann erkunde
#
# Das kleine GPT des Explorers hat den Anfang nicht vergessen. Hier ist es noch einmal: eine Bahn für jedes Token, die
# Stationen von oben nach unten. (`<|endoftext|>` stand zwischen den Dokumenten, die es gelesen hat, also kam jedes
# davon nach einem solchen Token.) Der Text ist `the dogs near the king`. Antworte, bevor du die Zelle ausführst:
#
# - Was hält ein Bigramm-Modell, das sonst nichts sieht, nach `king` für wahrscheinlich?
# - Und das GPT: etwas, was Hunde tun, oder etwas, was Könige tun?
# - Diese Vorhersage macht die Bahn von `king`. Von welchem früheren Token braucht sie etwas, und wo im Bild wirst du
#   das sehen?
# - **Dein Ziel:** Gibt es einen Satz mit *zwei* Nomen im Plural, der mit `dogs` endet und nach dem das GPT trotzdem
#   `is` für wahrscheinlicher hält als `are`?

# %%
explorer = PipelineMap()
explorer

# %% [markdown]
# <details><summary>Was ist passiert?</summary>
#
# - Was irgendwo auf `king` folgt: `is`, `near`, `drinks`, `cooks`, was immer ein einzelner König so tut. Sieh dir die
#   nächste Zelle an.
# - `bark`. Der Satz handelt von den Hunden, obwohl `king` direkt neben dem Verb steht.
# - Von `dogs`, drei Token davor. Die Ströme unter *Attention* zeigen, wohin eine Position sieht (Lektion 06): In diesem
#   Head stammt von dem, was `king` aufnimmt, ein Anteil von 0,99 von `dogs`. In 3 der 11 anderen Heads sieht es
#   ebenfalls dorthin (drücke auf ihre kleinen Bilder), in den übrigen anderswohin.
# - Ja: `the king near the wolves near the dogs`. Das Verb richtet sich nach dem König; die Nomen im Plural dazwischen
#   ändern wenig.
# </details>
#
# Einen Explorer kannst du auch vom Code aus einstellen und ablesen. Wir nehmen `dogs` einen Buchstaben weg:

# %%
after_king = predict_in_world("king")
print("bigram model after king:", sorted(after_king, key=after_king.get, reverse=True)[:4])

probe = PipelineMap()
for text in ("the dogs near the king", "the dog near the king"):
    probe.set(text=text)
    trace = probe.trace
    bark, barks = trace.probability(" bark"), trace.probability(" barks")
    looked_at = trace.tokens[trace.attention.argmax()].decode()
    print(f"{text:22}: P(bark) {bark:.3f}, P(barks) {barks:.3f}; king looks most at{looked_at}")
    assert trace.attention[2] > 0.5, "king sieht nicht auf Position 2, das Subjekt"

# %% [markdown]
# Mit ihm ändert sich das Verb. Gute Kontextvektoren machen den Unterschied, und auf sie arbeiten die nächsten Lektionen
# hin.
#
# ## Ein Notebook, das bei null anfängt
#
# Wer dein Notebook morgen öffnet, fängt bei null an. Hier ist eine Zelle, zuerst in diesem Notebook ausgeführt und dann
# so, wie ein neuer Prozess sie ausführen würde, ohne andere Namen als ihre eigenen:

# %%
cell = "print(len(tokens), 'tokens,', round(sum(map(len, tokens)) / len(tokens), 2), 'characters each on average')"

exec(cell)
try:
    exec(cell, {})
except NameError as error:
    print(f"from nothing: NameError: {error}")

# %% [markdown]
# Hier funktioniert sie, weil eine *andere* Zelle `tokens` angelegt hat. Namen bleiben im Kernel, dem Python-Prozess
# hinter einem Notebook, auch wenn die Zelle, die sie angelegt hat, längst verschoben, geändert oder gelöscht ist. Bevor
# du ein Notebook weitergibst, mach die Probe: *Restart Kernel and Run All Cells*.

# %% [markdown]
# ### Aufgabe 00.5 · Neu starten und alles ausführen
#
# ●●○ · 4 Minuten · für Code, der auch morgen läuft · den Fehler finden
#
# Ein Notebook, von oben nach unten, mit den Nummern des letzten Durchgangs. Alles hat funktioniert. Die Zelle, die als
# Nummer 5 lief, ist inzwischen gelöscht.
#
# ```
# a  [4]  loss = F.cross_entropy(model(inputs), targets)
# b  [1]  import torch
# c  [2]  from torch import nn
#         from torch.nn import functional as F
# d  [3]  model = nn.Linear(4, 3)
#         inputs, targets = torch.ones(2, 4), torch.tensor([0, 2])
# e  [6]  optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
# f  [7]  optimizer.zero_grad()
# g  [8]  print(torch.__version__)
# ```
#
# Der Kernel wird neu gestartet, und alle Zellen werden von oben nach unten ausgeführt, auch die nach einem Fehler.
# Welche Zellen lösen einen `NameError` aus? Schreib ihre Buchstaben als einen Text, zum Beispiel `"bcd"`.

# %% exercise="00.5"
### BEGIN SOLUTION
failing = "aef"
### STUB
# failing = ...
### END SOLUTION

# %%
exercise("00.5").check(failing)

# %% [markdown]
# ## GPU oder nicht
#
# Du brauchst keine: Jede Lektion ist für zwei Prozessorkerne gemacht.
#
# <details><summary>Mehr dazu: was eine GPU ändert</summary>
#
# Sie hat mehr Rechenwerke und schnelleren Speicher; sie liefert bis auf Rundung dieselben Ergebnisse, und bei großen
# Modellen viel schneller. `course.device()` nennt das schnellste Gerät dieses Rechners, und `.to(device)` bringt
# Tensoren dorthin, wie in der nächsten Zelle.
# </details>

# %% tags=["further", "nbval-ignore-output"]
device = course.device()
rows = torch.randn(4, D, generator=torch.Generator().manual_seed(0))
here = rows @ head.weight.detach().T
there = (rows.to(device) @ head.weight.detach().to(device).T).cpu()
print("fastest device:", device)
print("no other to compare" if device.type == "cpu" else f"largest difference: {(here - there).abs().max():.0e}")

# %% [markdown]
# ## Was der Kurs auslässt
#
# Diese Modelle *setzen* Texte *fort*. Sie antworten nicht: Nach einem Fragewort schreibt das Bigramm-Modell weiter wie
# nach jedem anderen. In Lektion 15 lernt ein kleines GPT, Fragen zu seiner eigenen kleinen Welt zu beantworten, und nur
# diese. Und klein sind sie alle:

# %%
print(" ".join(write(['"Where'], 14, predict, sampler(1))))
ours = embedding.weight.numel() + head.weight.numel()
smallest_gpt2 = 124_439_808
print(f"averaging model {ours:,} weights, smallest GPT-2 {smallest_gpt2:,}: {smallest_gpt2 / ours:.0f} times as many")

# %% [markdown]
# Die größten Modelle haben noch einmal mehrere tausendmal so viele Gewichte, und dieselben Stationen. Auch Retrieval,
# Tools, Bilder und Ton, Quantisierung und große Cluster kommen nicht vor.
#
# ## Das kannst du jetzt
#
# - sagen, was ein Sprachmodell berechnet: nach einigen Token die Wahrscheinlichkeit jedes Tokens seines Vokabulars;
# - es schreiben lassen, greedy oder mit Sampling;
# - die Stationen vom Text bis zu den Wahrscheinlichkeiten nennen, mit ihren Shapes;
# - Training (ein Lauf, alle Präfixe auf einmal, maskiert) von Inferenz (ein neues Token pro Lauf) unterscheiden;
# - sagen, warum man ein Notebook noch einmal von oben ausführt, bevor man es weitergibt.
#
# ## Woher das kommt
#
# - Markov, *An example of statistical investigation of the text Eugene Onegin*, 1913: zählt von Hand, in 20.000
#   Buchstaben, wie oft ein Vokal auf einen Vokal folgt.
# - Shannon, *A mathematical theory of communication*, 1948: schreibt mit Paaren von Buchstaben und von Wörtern, aus
#   Büchern gezogen.
# - Bengio, Ducharme, Vincent und Jauvin, *A neural probabilistic language model*, 2003: ein Netz mit Embeddings, wo
#   vorher gezählt wurde.
# - Radford und andere, *Language models are unsupervised multitask learners*, 2019: GPT-2, dessen Tokenizer du benutzt
#   hast.
#
# **Lies als Nächstes:** Abschnitt 3 von Shannons Arbeit, *The series of approximations to English*.

# %%
progress("00")
