# ruff: noqa: SIM905  a list of quoted words is harder to read
"""What every chat recognizer is made of: patterns that are only tried where they can match."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from privacy_analytics.scrub.spans import Span

_TOKEN = re.compile(r"[^\W\d_]+|[^\w\s]|_|\d")
_DIGIT = re.compile(r"\d")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")

WORD = r"(?:(?<![^\W\d_])|(?-i:(?<=[a-z])(?=[A-Z])))"
"""Where a word begins in a pattern, also within DB_USER and dbUser."""

DIGITS = frozenset("0123456789")

NO_VALUE = frozenset(
    """null none nil true false undefined unknown empty hidden redacted masked dead taken banned locked public private
    disabled enabled expired invalid valid revoked stored saved encrypted optional mandatory unique visible available
    unavailable blocked suspended deleted deactivated activated verified leaked compromised
    full hacked slow offline online weird gone""".split()
)
"""What follows "my password is" and the like without being one, beside ordinary words."""


@dataclass(frozen=True, slots=True)
class Glance:
    """A text and what a first look shows: its lower-case words (dbUser counts as three), single digits and signs."""

    text: str
    lower: str
    tokens: frozenset[str]
    digits: int

    @classmethod
    def of(cls, text: str) -> Glance:
        """Look once; all recognizers share it."""
        lower = text.lower()
        tokens = set(_TOKEN.findall(lower))
        if _HUMP.search(text):
            tokens.update(_TOKEN.findall(_HUMP.sub(" ", text).lower()))
        return cls(text, lower, frozenset(tokens), len(_DIGIT.findall(text)))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression for one type.

    It is tried only where one of the words or signs in ``need`` occurs, or one of ``inside`` within a word, and
    ``least`` digits in all. What is masked is its group ``v`` (else the whole match), if ``keep`` agrees. All
    repetitions are bounded, so time is linear in length.
    """

    type: str
    regex: re.Pattern[str]
    need: frozenset[str]
    keep: Callable[[re.Match[str]], bool] | None = None
    score: float = 0.9
    inside: tuple[str, ...] = ()
    least: int = 0

    def suits(self, glance: Glance) -> bool:
        """Whether it is worth trying."""
        if glance.digits < self.least:
            return False
        if not self.need.isdisjoint(glance.tokens):
            return True
        return bool(self.inside) and any(each in glance.lower for each in self.inside)

    def find(self, glance: Glance) -> Iterator[Span]:
        """Every place in a text that it suits."""
        group = "v" if "v" in self.regex.groupindex else 0
        for match in self.regex.finditer(glance.text):
            if self.keep is None or self.keep(match):
                start, end = match.span(group)
                yield Span(start, end, self.type, self.score)


def pattern(
    kind: str,
    regex: str,
    need: str | Iterable[str],
    keep: Callable[[re.Match[str]], bool] | None = None,
    *,
    score: float = 0.9,
    case: bool = False,
    inside: str = "",
    least: int = 0,
) -> Pattern:
    """Compile a pattern; ``need`` and ``inside`` are strings with spaces between; case counts if ``case``."""
    words = need.split() if isinstance(need, str) else need
    flags = 0 if case else re.IGNORECASE
    return Pattern(kind, re.compile(regex, flags), frozenset(words), keep, score, tuple(inside.split()), least)


class ChatRecognizer(EntityRecognizer):
    """A Presidio recognizer over `patterns`."""

    patterns: ClassVar[tuple[Pattern, ...]] = ()

    def __init__(self) -> None:
        super().__init__(supported_entities=sorted({p.type for p in self.patterns}))

    def load(self) -> None:
        """Nothing to load."""

    def find(self, glance: Glance) -> Iterator[Span]:
        """Spans in a text already looked at; may overlap."""
        for each in self.patterns:
            if each.suits(glance):
                yield from each.find(glance)

    def analyze(
        self,
        text: str,
        entities: list[str],
        nlp_artifacts: NlpArtifacts | None = None,  # noqa: ARG002 - Presidio's signature
    ) -> list[RecognizerResult]:
        """Presidio's door to `find`."""
        found = self.find(Glance.of(text))
        return [RecognizerResult(s.type, s.start, s.end, s.score) for s in found if s.type in entities]


def value(match: re.Match[str]) -> str:
    """What a match would mask."""
    return match["v"] if "v" in match.re.groupindex else match[0]


def digits(match: re.Match[str], at_least: int) -> bool:
    """Whether the value holds so many digits."""
    return sum(c.isdigit() for c in value(match)) >= at_least
