# ruff: noqa: E501, SIM905  a pattern broken over lines, or a list of quoted words, is harder to read
"""Who somebody is: names after a cue, and first names that mean nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from privacy_analytics.scrub.domain import is_reference
from privacy_analytics.scrub.lists import clear_names, clear_surnames, known_names, surnames
from privacy_analytics.scrub.recognizers.base import ChatRecognizer, Glance, Index
from privacy_analytics.scrub.recognizers.cues import (
    AFTER,
    LISTED,
    anything,
    bare,
    caseless,
    clear,
    known,
    ordinary,
    strange,
    title,
)
from privacy_analytics.scrub.spans import Span

__all__ = ["NameRecognizer", "is_reference"]

_NAME = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
_WORD = re.compile(_NAME)
_NEXT = re.compile(
    rf"[.]?[ \t](?P<particle>(?:(?:de la|de|del|van der|van den|van|von|der|di|da|dos|du|le|la|al|el|bin|st)\s)?)(?P<word>[^\W\d_]\.(?=\s)|{_NAME})",
    re.IGNORECASE,
)


_ENDING = re.compile(
    rf"[-–—~](?<!\S.)\s?(?P<v>{_NAME})(?=(?:\s{_NAME}){{0,2}}(?:\s\(@[^)\n]{{1,40}}\))?\s{{0,2}}(?:\n|$))"
)
_INITIALS = re.compile(rf"[A-Z](?<![\w.].)\.\s?(?:[A-Z]\.\s?){{0,2}}(?P<v>[A-ZÀ-Þ]{_NAME})")
_LAST_FIRST = re.compile(rf"(?P<last>[A-ZÀ-Þ](?<!\w.){_NAME}),\s(?P<v>[A-ZÀ-Þ]{_NAME})(?:\s[A-Z]\.)?")
_PAIR = re.compile(
    rf"(?P<v>[A-ZÀ-Þ](?<![\w@#].)[^\W\d_]{{1,20}}(?:['’-][^\W\d_]{{1,20}})?)\s(?:[A-Z]\.?\s)?(?P<last>(?:[Dd]e |[Vv]an |[Vv]on |[Dd]i )?[A-ZÀ-Þ]{_NAME})"
)
_BEFORE = re.compile(
    r"[^\W\d_]+(?:-[^\W\d_]+)?(?=\s(?:said|says|sent|told|wants|wanted|asked|recorded|wrote|sings|played|mixed|thinks|likes|loves|needs|called|suggested|mentioned|and i)\b)",
    re.IGNORECASE,
)
_CUES = Index(cue.before for cue in AFTER)
_VERBS = frozenset(
    """said says sent told wants wanted asked recorded wrote sings played mixed thinks likes loves needs called suggested
    mentioned and""".split()
)
_BACKWARDS = re.compile(r"[^\W\d_]{1,80}(?:-[^\W\d_]{1,80})?")


class NameRecognizer(ChatRecognizer):
    """PERSON: gated by public lists of first names, of surnames and of ordinary words."""

    def __init__(self) -> None:
        super().__init__()
        self.supported_entities = ["PERSON"]

    def find(self, glance: Glance) -> Iterator[Span]:
        """Names after a cue; before a verb of people; signatures; first names without a cue; first and last together."""
        text, tokens, shape = glance.text, glance.tokens, glance.shape
        names = tokens & known_names()
        paired = not tokens.isdisjoint(clear_surnames())
        listed = not (text.isascii() and tokens.isdisjoint(_first_words()))
        for cue in map(AFTER.__getitem__, _CUES.suited(glance)):
            if cue.gate in LISTED and not listed:
                continue
            for match in cue.before.matches(glance):
                word = _WORD.match(text, match.end())
                if word and cue.gate(word[0]):
                    yield _whole(text, word, after_cue=cue.gate in (anything, strange))
        if not tokens.isdisjoint(_DASHES):
            for match in _ENDING.finditer(text):
                if (word := _WORD.match(text, match.start("v"))) and strange(word[0]):
                    span = _whole(text, word, after_cue=True)
                    if text[span.end : span.end + 1].strip(" (\n.!") == "" and not _WORD.match(text, span.end + 1):
                        yield span
        for match in _before_verbs(glance):
            if clear(match[0]) or (match.start() == 0 and strange(match[0])) or (title(match[0]) and known(match[0])):
                yield _whole(text, match, after_cue=False)
        if "A." in shape:
            for match in _INITIALS.finditer(text):
                if bare(match["v"]) in surnames() or strange(match["v"]):
                    yield Span(*match.span(), "PERSON", 0.8)
        if names and ", A" in shape:
            for match in _LAST_FIRST.finditer(text):
                if clear(match["v"]) and bare(match["last"]) in surnames() and not clear(match["last"]):
                    yield Span(*match.span(), "PERSON", 0.8)
        if paired and " A" in shape:
            yield from self._pairs(text)
        if names:
            yield from self._without_cue(glance, names)

    def _pairs(self, text: str) -> Iterator[Span]:
        """An unknown capital word before a known surname."""
        for match in _PAIR.finditer(text):
            last = bare(match["last"].rpartition(" ")[2])
            if last in clear_surnames() and title(match["v"]) and match["v"].isupper() == match["last"].isupper():
                yield Span(
                    match.start(), match.end() - (2 if match["last"].lower().endswith("'s") else 0), "PERSON", 0.8
                )

    def _without_cue(self, glance: Glance, names: set[str]) -> Iterator[Span]:
        text, seen = glance.text, 0
        for at in sorted([at for name in names for at in glance.places(name)]):
            if at < seen or _JOINED.match(text, at) or not (word := _WORD.match(text, at)):
                continue
            lower = bare(word[0])
            if lower not in known_names():
                continue
            span = _whole(text, word, after_cue=False)
            seen, alone = span.end, span.end <= word.end()
            if word[0].isupper() and not text.isupper() and (alone or not text[word.start() : span.end].isupper()):
                continue
            if lower in clear_names() or (not alone and word[0][0].isupper()):
                yield span


_JOINED = re.compile(r"(?<=[^\W\d_])|(?<=[^\W\d_]['’-])")
"""Within a word, or behind its hyphen."""


def _before_verbs(glance: Glance) -> Iterator[re.Match[str]]:
    for verb in _VERBS & glance.tokens:
        for at in glance.places(verb):
            word = _BACKWARDS.match(glance.text[max(0, at - 162) : max(0, at - 1)][::-1])
            if word and (match := _BEFORE.match(glance.text, at - 1 - word.end())):
                yield match


@cache
def _first_words() -> frozenset[str]:
    """Of all listed names; where none is said, no listed name is."""
    return frozenset(re.split("['-]", name)[0] for name in known_names() | clear_surnames())


_DASHES = frozenset("-–—~")


_BETWEEN = frozenset(". \t")
"""What stands before the next part of a name."""


def _whole(text: str, first: re.Match[str], *, after_cue: bool) -> Span:
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
