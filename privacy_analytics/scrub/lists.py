"""Public word lists, written from general knowledge; each is read once.

Two shapes: words on wrapped lines (``names.txt``; ``?`` marks what is also an ordinary word), and terms of several
words, one a line (``artists.txt``). Terms are compared as `key`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import pairwise

from privacy_analytics.shipped import shipped

_PARTS = re.compile(r"[^\W\d_]+|\d+")


def plain(text: str) -> str:
    """Lower-case, without accents."""
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFD", text.lower())
    return "".join(char for char in spread if not unicodedata.combining(char))


def parts(text: str) -> list[str]:
    """The runs of letters and runs of digits in a text, `plain`."""
    return _PARTS.findall(plain(text))


def key(term: str) -> str:
    """How a term is looked up: Pro-Q3, pro q 3 and PRO-Q 3 are one."""
    return " ".join(parts(term))


def _lines(file: str) -> list[str]:
    lines = shipped("data", file).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _words(file: str) -> frozenset[str]:
    """With their forms without accents."""
    words = {word for line in _lines(file) for word in line.split()}
    return frozenset(words | {plain(word) for word in words})


def _terms(file: str) -> frozenset[str]:
    return frozenset(key(line) for line in _lines(file)) - {""}


@cache
def known_names() -> frozenset[str]:
    """Common first names, lower-case, ordinary words (mark, rose) among them: good after a cue."""
    return frozenset(word.rstrip("?") for word in _words("names.txt"))


@cache
def clear_names() -> frozenset[str]:
    """First names that mean nothing else, lower-case: good without a cue."""
    every = _words("names.txt")
    marked = frozenset(word[:-1] for word in every if word.endswith("?"))
    return known_names() - marked - _words("words.txt") - studio_words()


@cache
def surnames() -> frozenset[str]:
    """Frequent surnames, lower-case, ordinary words among them: good beside a first name or after a cue."""
    return frozenset(word.rstrip("?") for word in _words("surnames.txt"))


@cache
def clear_surnames() -> frozenset[str]:
    """Surnames that mean nothing else, lower-case."""
    return frozenset(word for word in _words("surnames.txt") if not word.endswith("?")) - ordinary_words()


@cache
def name_words() -> frozenset[str]:
    """The first words of all names good after a cue and of all clear surnames, lower-case."""
    return frozenset(re.split("['-]", name)[0] for name in known_names() | clear_surnames())


@cache
def ordinary_words() -> frozenset[str]:
    """Plain English, chat and studio words that are no first name, lower-case."""
    return (_words("words.txt") | studio_words()) - known_names()


@cache
def studio_words() -> frozenset[str]:
    """Stems, instruments, articulations, effects, presets, theory and menus, lower-case; some are names (joy)."""
    return _words("studio.txt")


@cache
def artists() -> frozenset[str]:
    """Artists whom people name as a style, as `key`."""
    return _terms("artists.txt")


@cache
def genres() -> frozenset[str]:
    """Genres and styles of music, as `key`."""
    return _terms("genres.txt")


@cache
def products() -> frozenset[str]:
    """Gear, software and genres, as `key`."""
    return _terms("gear.txt") | genres()


@cache
def pairs() -> frozenset[tuple[str, str]]:
    """Every two words that stand side by side in a term of `products` or `artists`."""
    return frozenset(pair for term in products() | artists() for pair in pairwise(term.split()))


@cache
def firsts() -> frozenset[str]:
    """The first words of `pairs`."""
    return frozenset(first for first, _ in pairs())


@cache
def seconds() -> frozenset[str]:
    """The second words of `pairs`."""
    return frozenset(second for _, second in pairs())


@cache
def cities() -> frozenset[str]:
    """Well-known towns, regions and countries, as `key`."""
    return _terms("cities.txt")


def read_all() -> None:
    """Read every list now (0.1 s), so that the first text does not wait for them."""
    for each in (clear_names, surnames, name_words, ordinary_words, artists, products, firsts, seconds, cities):
        each()
