# ruff: noqa: E501, SIM905  a pattern broken over lines, or a list of quoted words, is harder to read
"""Who somebody is: names after a cue, and first names that mean nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from privacy_analytics.scrub.domain import is_reference
from privacy_analytics.scrub.lists import clear_names, clear_surnames, known_names, surnames
from privacy_analytics.scrub.recognizers.base import ChatRecognizer, Glance
from privacy_analytics.scrub.recognizers.cues import AFTER
from privacy_analytics.scrub.recognizers.words import NAME, WORD, bare, clear, known, strange, title, whole
from privacy_analytics.scrub.spans import Span

__all__ = ["NameRecognizer", "is_reference"]

_ENDING = re.compile(
    rf"[-–—~](?<!\S.)\s?(?P<v>{NAME})(?=(?:\s{NAME}){{0,2}}(?:\s\(@[^)\n]{{1,40}}\))?\s{{0,2}}(?:\n|$))"
)
_INITIALS = re.compile(rf"[A-Z](?<![\w.].)\.\s?(?:[A-Z]\.\s?){{0,2}}(?P<v>[A-ZÀ-Þ]{NAME})")
_LAST_FIRST = re.compile(rf"(?P<last>[A-ZÀ-Þ](?<!\w.){NAME}),\s(?P<v>[A-ZÀ-Þ]{NAME})(?:\s[A-Z]\.)?")
_PAIR = re.compile(
    rf"(?P<v>[A-ZÀ-Þ](?<![\w@#].)[^\W\d_]{{1,20}}(?:['’-][^\W\d_]{{1,20}})?)\s(?:[A-Z]\.?\s)?(?P<last>(?:[Dd]e |[Vv]an |[Vv]on |[Dd]i )?[A-ZÀ-Þ]{NAME})"
)
_BEFORE = re.compile(
    r"[^\W\d_]+(?:-[^\W\d_]+)?(?=\s(?:said|says|sent|told|wants|wanted|asked|recorded|wrote|sings|played|mixed|thinks|likes|loves|needs|called|suggested|mentioned|and i)\b)",
    re.IGNORECASE,
)
_VERBS = frozenset(
    """said says sent told wants wanted asked recorded wrote sings played mixed thinks likes loves needs called suggested
    mentioned and""".split()
)
_BACKWARDS = re.compile(r"[^\W\d_]{1,80}(?:-[^\W\d_]{1,80})?")


class NameRecognizer(ChatRecognizer):
    """PERSON: gated by public lists of first names, of surnames and of ordinary words."""

    patterns = AFTER

    def find(self, glance: Glance) -> list[Span]:
        """Those after a cue, and those that show by themselves."""
        return [*super().find(glance), *self.find_alone(glance)]

    def find_alone(self, glance: Glance) -> Iterator[Span]:
        """Without a cue: before a verb of people; signatures; first names; first and last together."""
        text, tokens, shape = glance.text, glance.tokens, glance.shape
        names = glance.named & known_names()
        paired = not glance.named.isdisjoint(clear_surnames())
        if not tokens.isdisjoint(_DASHES):
            for match in _ENDING.finditer(text):
                if (word := WORD.match(text, match.start("v"))) and strange(word[0]):
                    span = whole(text, word, after_cue=True)
                    if text[span.end : span.end + 1].strip(" (\n.!") == "" and not WORD.match(text, span.end + 1):
                        yield span
        for match in _before_verbs(glance):
            if clear(match[0]) or (match.start() == 0 and strange(match[0])) or (title(match[0]) and known(match[0])):
                yield whole(text, match, after_cue=False)
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
            if at < seen or _JOINED.match(text, at) or not (word := WORD.match(text, at)):
                continue
            lower = bare(word[0])
            if lower not in known_names():
                continue
            span = whole(text, word, after_cue=False)
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


_DASHES = frozenset("-–—~")
