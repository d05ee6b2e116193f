"""Write the three sample texts of lesson 16, data/samples: a log in English, fairy tales in German, recipes in Spanish.

    python tools/make_samples.py

Each is made by a small grammar that keeps what such a text keeps: dates that count on and seas that suit the wind;
endings that agree with gender and case; pronouns that agree with gender and number. A small model can learn that in
half a minute, and one sees in its samples whether it has. The same seeds give the same files.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "data" / "samples"
CHARACTERS = 200_000  # of each text, or a few more

# ---- the log of a lighthouse keeper ----------------------------------------------------------------------------------

MONTHS = {
    "January": 31, "February": 28, "March": 31, "April": 30, "May": 31, "June": 30,
    "July": 31, "August": 31, "September": 30, "October": 31, "November": 30, "December": 31,
}  # fmt: skip
QUARTERS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
SEAS = (
    ("The sea lay as smooth as glass.", "There was hardly a ripple on the water."),
    ("The sea was calm, with small waves.", "Short waves, and the sun on them."),
    ("The sea was rough and grey.", "White caps as far as one could see."),
    ("The waves broke over the rocks and reached the door.", "The whole tower shook, and the spray hit the glass."),
)
BOATS = ("The supply boat", "Old Marten", "A fishing boat", "The doctor's boat", "My sister")
GOODS = ("flour", "lamp oil", "two letters", "a sack of coal", "fresh bread", "a new wick", "the newspaper", "salt")
WORK = (
    "cleaned the lens", "mended the net", "painted the railing", "filled the lamp", "swept the stairs",
    "wrote to my brother", "oiled the clockwork", "counted the candles", "baked bread", "repaired the window",
)  # fmt: skip
BIRDS = ("A gull", "A pair of terns", "A tired heron", "An owl", "A flock of geese", "A cormorant")
PERCHES = ("sat on the railing", "rested on the rocks", "flew round the light", "came to the window")
SHIPS = ("steamer", "schooner", "coal ship", "mail ship", "trawler")
QUIET_ENDINGS = ("A quiet night.", "Stars until the morning.", "I slept well.", "Nothing else to report.")
ROUGH_ENDINGS = ("I did not sleep.", "The bell rang all night.", "A long night.", "I stayed with the lamp.")


def days(draw: random.Random) -> Iterator[str]:
    """One day after the other, for ever."""
    while True:
        for number, (month, length) in enumerate(MONTHS.items()):
            for day in range(1, length + 1):
                yield f"{day} {month}. {_day(draw, dark=abs(number - 5.5) > 3)}\n\n"


def _day(draw: random.Random, *, dark: bool) -> str:
    force = draw.choice((0, 1, 1, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9))
    state = (force > 1) + (force > 4) + (force > 7)
    wind = f"Wind from the {draw.choice(QUARTERS)}, force {force}." if force else "No wind."
    parts = [wind, draw.choice(SEAS[state])]
    if state < 2 and draw.random() < 0.6:
        first, second = draw.sample(GOODS, 2)
        parts.append(f"{draw.choice(BOATS)} came with {first} and {second}.")
    elif state == 3:
        parts.append("No boat could land.")
    if draw.random() < 0.6:
        when = draw.choice(("In the morning", "In the afternoon", "Before noon"))
        parts.append(f"{when} I {draw.choice(WORK)}.")
    if draw.random() < 0.4:
        parts.append(f"{draw.choice(BIRDS)} {draw.choice(PERCHES)}.")
    if draw.random() < 0.4:
        parts.append(f"At {draw.choice(('two', 'three', 'four'))} a {draw.choice(SHIPS)} passed to the "
                     f"{draw.choice(QUARTERS[::2])}.")  # fmt: skip
    lit, out = draw.choice((("five", "seven"), ("four", "eight")) if dark else (("nine", "four"), ("ten", "five")))
    parts.append(f"Lamp lit at {lit}, put out at {out}.")
    parts.append(draw.choice(ROUGH_ENDINGS if state > 1 else QUIET_ENDINGS))
    return " ".join(parts)


# ---- German fairy tales ----------------------------------------------------------------------------------------------

# Gender, noun, and the stems of adjectives that suit it.
PERSONS = (
    *(("m", noun) for noun in ("König", "Müller", "Schneider", "Fischer", "Jäger", "Köhler")),
    *(("f", noun) for noun in ("Königin", "Müllerin", "Witwe", "Bäuerin", "Gänsemagd", "Weberin")),
    *(("n", noun) for noun in ("Mädchen", "Kind", "Waisenkind")),
)
OF_PERSONS = ("alt", "jung", "klug", "arm", "reich", "stolz", "müd", "fröhlich")
ANIMALS = (
    *(("m", noun) for noun in ("Wolf", "Fuchs", "Frosch", "Igel", "Hirsch")),
    *(("f", noun) for noun in ("Katze", "Eule", "Maus", "Schlange", "Gans")),
    *(("n", noun) for noun in ("Pferd", "Reh", "Eichhörnchen")),
)
OF_ANIMALS = ("grau", "klein", "schlau", "groß", "weiß", "braun")
THINGS = (
    *(("m", noun) for noun in ("Ring", "Schlüssel", "Apfel", "Mantel", "Krug")),
    *(("f", noun) for noun in ("Krone", "Feder", "Laterne", "Flöte", "Kugel")),
    *(("n", noun) for noun in ("Schwert", "Buch", "Horn", "Kästchen")),
)
OF_THINGS = ("golden", "silbern", "gläsern", "verzaubert", "rot")
PLACES = (  # where to, where
    ("in den Wald", "im Wald"), ("auf den Berg", "auf dem Berg"), ("an den See", "am See"), ("ans Meer", "am Meer"),
    ("in die Stadt", "in der Stadt"), ("ins Dorf", "im Dorf"), ("an die Brücke", "an der Brücke"),
    ("zur Mühle", "bei der Mühle"), ("in den Garten", "im Garten"),
)  # fmt: skip
DER = {"m": ("der", "den", "dem"), "f": ("die", "die", "der"), "n": ("das", "das", "dem")}
EIN = {"m": ("ein", "einen", "einem"), "f": ("eine", "eine", "einer"), "n": ("ein", "ein", "einem")}
AFTER_DER = {"m": ("e", "en", "en"), "f": ("e", "e", "en"), "n": ("e", "e", "en")}
AFTER_EIN = {"m": ("er", "en", "en"), "f": ("e", "e", "en"), "n": ("es", "es", "en")}
PRONOUN = {"m": ("er", "ihn", "ihm"), "f": ("sie", "sie", "ihr"), "n": ("es", "es", "ihm")}
NOMINATIVE, ACCUSATIVE, DATIVE = range(3)


class Someone:
    """A noun with its adjective, in any case: "der graue Wolf", "einen grauen Wolf", "ihm"."""

    def __init__(self, draw: random.Random, nouns: tuple, adjectives: tuple) -> None:
        (self.gender, self.noun), self.stem = draw.choice(nouns), draw.choice(adjectives)

    def the(self, case: int, adjective: bool = True) -> str:
        ending = f"{self.stem}{AFTER_DER[self.gender][case]} " if adjective else ""
        return f"{DER[self.gender][case]} {ending}{self.noun}"

    def a(self, case: int) -> str:
        return f"{EIN[self.gender][case]} {self.stem}{AFTER_EIN[self.gender][case]} {self.noun}"

    def it(self, case: int) -> str:
        return PRONOUN[self.gender][case]


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def tales(draw: random.Random) -> Iterator[str]:
    """One tale after the other, for ever."""
    while True:
        yield _tale(draw) + "\n\n"


def _tale(draw: random.Random) -> str:
    hero, helper = Someone(draw, PERSONS, OF_PERSONS), Someone(draw, ANIMALS, OF_ANIMALS)
    wanted, gift = Someone(draw, THINGS, OF_THINGS), Someone(draw, THINGS, OF_THINGS)
    while gift.noun == wanted.noun:
        gift = Someone(draw, THINGS, OF_THINGS)
    (home_to, home), (to, there), (on, beyond) = draw.sample(PLACES, 3)
    he, him = hero.it(NOMINATIVE), hero.it(DATIVE)
    who = DER[hero.gender][NOMINATIVE]
    lines = [
        f"{_capital(hero.the(NOMINATIVE))} und {helper.the(NOMINATIVE)}",
        "",
        draw.choice((
            f"Es war einmal {hero.a(NOMINATIVE)}, {who} wohnte {home}.",
            f"Vor langer Zeit lebte {home} {hero.a(NOMINATIVE)}.",
        )),
        f"Eines {draw.choice(('Tages', 'Morgens', 'Abends', 'Nachts'))} verlor {he} {wanted.a(ACCUSATIVE)} "
        f"und ging {to}, um {wanted.it(ACCUSATIVE)} zu suchen.",
        f"{_capital(there)} traf {he} {helper.a(ACCUSATIVE)}.",
        f"»Was suchst du?«, fragte {helper.the(NOMINATIVE, False)}.",
        f"»Ich suche {wanted.the(ACCUSATIVE)}«, sagte {hero.the(NOMINATIVE, False)}.",
    ]  # fmt: skip
    if draw.random() < 0.5:
        lines += [
            f"Da gab {helper.it(NOMINATIVE)} {him} {gift.a(ACCUSATIVE)} und lief davon.",
            f"Mit {gift.the(DATIVE)} ging {he} {on}, und {beyond} lag {wanted.the(NOMINATIVE)}.",
        ]
    else:
        lines += [
            f"»Ich habe {wanted.it(ACCUSATIVE)} {beyond} gesehen«, sagte {helper.the(NOMINATIVE, False)}.",
            f"Da dankte {he} {helper.the(DATIVE)} und fand {beyond} {wanted.the(ACCUSATIVE)}.",
        ]
    lines += [
        draw.choice((
            f"{_capital(hero.the(NOMINATIVE, False))} war sehr froh und ging wieder {home_to}.",
            f"So kam {wanted.the(NOMINATIVE)} zurück zu {hero.the(DATIVE)}.",
            f"Seit diesem Tag waren {hero.the(NOMINATIVE, False)} und {helper.the(NOMINATIVE, False)} gute Freunde.",
        )),
        f"Und wenn {he} nicht gestorben ist, dann lebt {he} noch heute.",
    ]  # fmt: skip
    return lines[0] + "\n" + " ".join(lines[2:])


# ---- Spanish recipes -------------------------------------------------------------------------------------------------

# Gender and plural of what is cut; gender, article and noun of what goes with it.
VEGETABLES = (
    *(("m", noun) for noun in ("tomates", "pimientos", "puerros", "calabacines", "champiñones", "pepinos")),
    *(("f", noun) for noun in ("cebollas", "patatas", "zanahorias", "setas", "berenjenas", "remolachas")),
)
BASES = (("m", "el", "arroz"), ("f", "las", "lentejas"), ("m", "los", "garbanzos"), ("f", "la", "pasta"),
         ("f", "las", "judías"), ("m", "el", "cuscús"))  # fmt: skip
DISHES = (("f", "Sopa"), ("f", "Ensalada"), ("f", "Crema"), ("m", "Guiso"), ("m", "Estofado"), ("f", "Tortilla"))
HERBS = ("perejil", "romero", "tomillo", "orégano", "comino", "pimentón", "laurel")
NUMBERS = ("dos", "tres", "cuatro", "cinco", "seis")
MINUTES = ("cinco", "diez", "quince", "veinte", "treinta")
VESSELS = ("una olla", "una sartén", "una cazuela")
THE = {"m": "los", "f": "las"}
ENDING = {"m": "os", "f": "as"}
SIZES = ("grandes", "pequeñ*", "fresc*", "madur*", "roj*", "verdes")
SHAPES = ("en trozos pequeños", "en rodajas finas", "en tiras", "en cubos", "por la mitad")


def recipes(draw: random.Random) -> Iterator[str]:
    """One recipe after the other, for ever."""
    while True:
        yield _recipe(draw) + "\n\n"


def _recipe(draw: random.Random) -> str:
    (dish_gender, dish), (first, second) = draw.choice(DISHES), draw.sample(VEGETABLES, 2)
    base_gender, article, base = draw.choice(BASES)
    herb, vessel = draw.choice(HERBS), draw.choice(VESSELS)
    size = [draw.choice(SIZES).replace("*", ENDING[gender]) for gender, _ in (first, second)]
    n = [draw.choice(NUMBERS) for _ in range(2)]
    ready = f"cocid{'o' if base_gender == 'm' else 'a'}{'' if article in ('el', 'la') else 's'}"
    warm = "caliente" if draw.random() < 0.7 else ("frío" if dish_gender == "m" else "fría")
    lines = [
        f"Lava y pela {n[0]} {first[1]} {size[0]} y {n[1]} {second[1]} {size[1]}.",
        f"Corta {THE[first[0]]} {first[1]} {draw.choice(SHAPES)} y {THE[second[0]]} {second[1]} {draw.choice(SHAPES)}.",
        f"Calienta un poco de aceite en {vessel} y fríe {THE[first[0]]} {first[1]} durante {draw.choice(MINUTES)} "
        "minutos.",
        draw.choice((
            f"Cuando estén dorad{ENDING[first[0]]}, añade {THE[second[0]]} {second[1]} y un poco de {herb}.",
            f"Añade {THE[second[0]]} {second[1]}, bien lavad{ENDING[second[0]]}, y remueve con una cuchara.",
        )),
        draw.choice((
            f"Cuece {article} {base} en agua con sal durante {draw.choice(MINUTES)} minutos.",
            f"Echa {article} {base} ya {ready} y remueve despacio.",
        )),
        draw.choice((f"Prueba de sal y añade {herb}.", "Tapa y deja reposar unos minutos.", "Añade sal y pimienta.")),
        f"Sirve {'el' if dish_gender == 'm' else 'la'} {dish.lower()} {warm}, con pan o con limón.",
    ]  # fmt: skip
    return f"{dish} de {first[1]} con {base}\n" + " ".join(lines)


# ---- the files -------------------------------------------------------------------------------------------------------

SAMPLES: dict[str, tuple[Callable[[random.Random], Iterator[str]], int]] = {
    "keepers-log": (days, 1),
    "maerchen": (tales, 2),
    "recetas": (recipes, 3),
}


def sample(name: str) -> str:
    """The text of that name: whole pieces until there are enough characters."""
    pieces, seed = SAMPLES[name]
    text = ""
    for piece in pieces(random.Random(seed)):
        text += piece
        if len(text) >= CHARACTERS:
            return text.rstrip("\n") + "\n"
    raise AssertionError("the pieces never end")


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    for name in SAMPLES:
        (FOLDER / f"{name}.txt").write_text(sample(name), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
