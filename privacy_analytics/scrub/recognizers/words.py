# ruff: noqa: E501  a pattern broken over lines is harder to read
"""Words that may be a name, and a name as a whole."""

from __future__ import annotations

import re

from privacy_analytics.scrub.lists import clear_names, known_names, ordinary_words, surnames
from privacy_analytics.scrub.spans import Span

NAME = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
WORD = re.compile(NAME)
_NEXT = re.compile(
    rf"[.]?[ \t](?P<particle>(?:(?:de la|de|del|van der|van den|van|von|der|di|da|dos|du|le|la|al|el|bin|st)\s)?)(?P<word>[^\W\d_]\.(?=\s)|{NAME})",
    re.IGNORECASE,
)
_BETWEEN = frozenset(". \t")
"""What stands before the next part of a name."""


def bare(word: str) -> str:
    return word.lower().removesuffix("'s").removesuffix("’s")


def ordinary(word: str) -> bool:
    return word.lower() in ordinary_words()


def caseless(word: str) -> bool:
    """Of a script without capitals."""
    return word[0].lower() == word[0].upper()


def title(word: str) -> bool:
    """Capital, or of a script without capitals, and no ordinary word."""
    return (word[0].isupper() or caseless(word)) and not ordinary(word)


def clear(word: str) -> bool:
    return bare(word) in clear_names()


def known(word: str) -> bool:
    return bare(word) in known_names()


def anything(word: str) -> bool:
    return not ordinary(word)


_ENDS = ("ing", "ed", "tion", "ness", "ment", "ly")


def strange(word: str) -> bool:
    """A name, or a word that is nothing else; shouting and what ends like a verb are neither."""
    return clear(word) or (
        len(word) > 2 and not ordinary(word) and not word.isupper() and not (word.islower() and word.endswith(_ENDS))
    )


def whole(text: str, first: re.Match[str], *, after_cue: bool) -> Span:
    """A name and the initials, particles and surnames that follow it; possessive 's stays outside."""
    end = first.end() - (2 if first[0].lower().endswith(("'s", "’s")) else 0)
    titled = first[0][0].isupper() or caseless(first[0])
    for _ in range(3):
        follow = _NEXT.match(text, end) if text[end : end + 1] in _BETWEEN else None
        if not follow or end < first.end():
            break
        word = follow["word"]
        if titled:
            more = (
                title(word)
                or (word[0].isupper() and bare(word) in surnames())
                or (word.endswith(".") and word[0].isupper())
            )
        else:
            more = not word[0].isupper() and (
                word.endswith(".")
                or (bare(word) in surnames() and not ordinary(word))
                or (after_cue and strange(word) and not word.endswith("s"))
            )
        if not more:
            break
        end = follow.end()
        if word.lower().endswith(("'s", "’s")):
            end -= 2
            break
    return Span(first.start(), end, "PERSON", 0.8)
