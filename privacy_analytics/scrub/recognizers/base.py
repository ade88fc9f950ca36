# ruff: noqa: SIM905  a list of quoted words is harder to read
"""What every chat recognizer is made of: patterns that are only tried where they can match."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from string import ascii_lowercase
from typing import ClassVar

from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from privacy_analytics.scrub.spans import Span

_WORDS = re.compile(r"[a-z]+")
_ALL_WORDS = re.compile(r"[^\W\d_]+")
_NUMBERS = re.compile(r"[0-9]+")
_MASKS = re.compile(r"<[A-Z_]{2,24}(?:_[0-9]{1,4})?>")
_HUMP = re.compile(r"[A-Z](?<=[a-z].)")
_LETTERS = frozenset(ascii_lowercase)

WORD = r"(?:(?<![^\W\d_])|(?-i:(?<=[a-z])(?=[A-Z])))"
"""Where a word begins in a pattern, also within DB_USER and dbUser."""

SHORTEST, WORDY = 5, 12
"""Characters of the shortest `Glance.chunks`, and of those that may be plain words."""
NEAR = 4_096
"""Characters before and behind a sign that may belong to it."""
DIGITS = frozenset("0")
"""What a pattern needs that needs any digit."""

NO_VALUE = frozenset(
    """null none nil true false undefined unknown empty hidden redacted masked dead taken banned locked public private
    disabled enabled expired invalid valid revoked stored saved encrypted optional mandatory unique visible available
    unavailable blocked suspended deleted deactivated activated verified leaked compromised
    full hacked slow offline online weird gone""".split()
)
"""What follows "my password is" and the like without being one, beside ordinary words."""


@dataclass(slots=True)
class Glance:
    """A text and what a first look shows; all recognizers share it."""

    text: str
    lower: str
    """As long as the text."""
    tokens: set[str]
    """Lower-case words (dbUser counts as three) and signs; "0" stands for any digit. Placeholders say nothing."""
    digits: int
    _places: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    _chunks: list[tuple[int, int]] | None = None
    _longest: int = -1

    @classmethod
    def of(cls, text: str) -> Glance:
        """Look once."""
        lower = text.lower()
        if len(lower) != len(text):
            lower = "".join(low if len(low := char.lower()) == 1 else char for char in text)
        words = _WORDS if text.isascii() else _ALL_WORDS
        said = _MASKS.sub(" ", text) if "<" in text else text
        low = said.lower()
        tokens = set(low).difference(_LETTERS)
        tokens.update(words.findall(low))
        if low != said and _HUMP.search(said):
            tokens.update(words.findall(_HUMP.sub(r" \g<0>", said).lower()))
        numbers = _NUMBERS.findall(said)
        if numbers:
            tokens.update(DIGITS)
        return cls(text, lower, tokens, len("".join(numbers)))

    def places(self, word: str) -> list[int]:
        """Where a word begins, a sign stands, or a number begins ("0")."""
        known = self._places.get(word)
        if known is None:
            known = self._places[word] = self._numbers() if word in DIGITS else self._find(word)
        return known

    def _numbers(self) -> list[int]:
        return [match.start() for match in _NUMBERS.finditer(self.text)]

    def _find(self, word: str) -> list[int]:
        text, lower, letter = self.text, self.lower, word.isalpha()
        found: list[int] = []
        at = lower.find(word)
        while at >= 0:
            if not (letter and at and lower[at - 1].isalpha()) or (text[at].isupper() and text[at - 1].islower()):
                found.append(at)
            at = lower.find(word, at + 1)
        return found

    @property
    def longest(self) -> int:
        """Characters of the longest of `chunks`."""
        if self._longest < 0:
            self._longest = max([end - start for start, end in self.chunks()], default=0)
        return self._longest

    def chunks(self) -> list[tuple[int, int]]:
        """Ranges without white space; short ones only if there are digits or signs in them."""
        if self._chunks is None:
            self._chunks, end = [], 0
            for chunk in self.text.split():
                if len(chunk) > WORDY or (len(chunk) >= SHORTEST and not chunk.rstrip(",.!?:;)").isalpha()):
                    start = self.text.index(chunk, end)
                    end = start + len(chunk)
                    self._chunks.append((start, end))
        return self._chunks


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression for one type, and when it is worth trying; all repetitions are bounded: time is linear.

    Attributes
    ----------
    need : one of these words or signs occurs; none if empty
    keep : has the last word on a match
    least : so many digits are in the text
    chunk : a match holds no white space; it is looked for in runs of so many characters that hold one of ``need``
    anchored : a match begins with one of ``need``; it is looked for nowhere else
    hint : what also occurs in the text; in lower case, unless ``case`` counts
    """

    type: str
    regex: re.Pattern[str]
    need: frozenset[str]
    keep: Callable[[re.Match[str]], bool] | None = None
    score: float = 0.9
    least: int = 0
    chunk: int = 0
    anchored: bool = False
    hint: re.Pattern[str] | None = None
    case: bool = False
    group: str | int = 0

    def suits(self, glance: Glance) -> bool:
        """Whether a text that has one of ``need`` has the rest, too."""
        if glance.digits < self.least or (self.chunk and glance.longest < self.chunk):
            return False
        return self.hint is None or self.hint.search(glance.text if self.case else glance.lower) is not None

    def find(self, glance: Glance) -> Iterable[Span]:
        """Every place in a text that it suits; what is masked is its group ``v``, else the whole match."""
        matches, keep = self.matches(glance), self.keep
        if keep is not None:
            matches = [match for match in matches if keep(match)]
        return [Span(*match.span(self.group), self.type, self.score) for match in matches]

    def matches(self, glance: Glance) -> Iterable[re.Match[str]]:
        """What its regular expression matches in a text that it suits."""
        if self.anchored:
            return self._at_places(glance)
        return self._in_chunks(glance) if self.chunk else self.regex.finditer(glance.text)

    def _at_places(self, glance: Glance) -> list[re.Match[str]]:
        words, match_at, text = self.need & glance.tokens, self.regex.match, glance.text
        places = glance.places(*words) if len(words) == 1 else sorted(chain.from_iterable(map(glance.places, words)))
        found: list[re.Match[str]] = []
        seen = 0
        for at in places:
            if at >= seen and (match := match_at(text, at)):
                seen = match.end()
                found.append(match)
        return found

    def _in_chunks(self, glance: Glance) -> list[re.Match[str]]:
        signs = () if DIGITS & self.need else self.need
        return [
            match
            for start, end in glance.chunks()
            if end - start >= self.chunk
            for begin, stop in (_around(signs, glance, start, end) if signs else ((start, end),))
            for match in self.regex.finditer(glance.text, begin, stop)
        ]


def _around(signs: Iterable[str], glance: Glance, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The chunk if one of the signs is in it; of an endless one only what is near them."""
    if end - start <= 2 * NEAR:
        if any(glance.lower.find(sign, start, end) >= 0 for sign in signs):
            yield start, end
        return
    stop = begin = start
    for at in sorted(at for sign in signs for at in glance.places(sign) if start <= at < end):
        if at - NEAR > stop:
            if stop > begin:
                yield begin, stop
            begin = at - NEAR
        stop = min(at + NEAR, end)
    if stop > begin:
        yield begin, stop


def pattern(
    kind: str,
    regex: str,
    need: str | Iterable[str],
    keep: Callable[[re.Match[str]], bool] | None = None,
    *,
    score: float = 0.9,
    case: bool = False,
    least: int = 0,
    chunk: int = 0,
    anchored: bool = False,
    hint: str = "",
) -> Pattern:
    """Compile a pattern; ``need`` may be a string with spaces between; case counts if ``case``."""
    words = frozenset(need.split() if isinstance(need, str) else need)
    whole = re.compile(regex, 0 if case else re.IGNORECASE)
    return Pattern(
        kind,
        whole,
        words,
        keep,
        score,
        least,
        chunk,
        anchored,
        re.compile(hint) if hint else None,
        case,
        "v" if "v" in whole.groupindex else 0,
    )


anchored = partial(pattern, anchored=True)
"""A pattern of which every match begins with one of ``need``: a word, a sign, or a number."""


class Index:
    """Patterns by what they need, so that a text asks only for those that it may hold."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._patterns = tuple(patterns)
        self._always = [place for place, each in enumerate(self._patterns) if not each.need]
        self._asked: dict[str, list[int]] = {}
        for place, each in enumerate(self._patterns):
            for token in each.need:
                self._asked.setdefault(token, []).append(place)
        self._sure = {place for place, each in enumerate(self._patterns) if not (each.least or each.chunk or each.hint)}

    def suited(self, glance: Glance) -> list[int]:
        """Places of the patterns that are worth trying, in order."""
        tried = set(self._always)
        for token in self._asked.keys() & glance.tokens:
            tried.update(self._asked[token])
        return [place for place in sorted(tried) if place in self._sure or self._patterns[place].suits(glance)]

    def find(self, glances: Sequence[Glance]) -> list[list[Span]]:
        """For each text what they find; may overlap."""
        found: list[list[Span]] = [[] for _ in glances]
        suited: dict[int, list[int]] = {}
        for at, glance in enumerate(glances):
            for place in self.suited(glance):
                suited.setdefault(place, []).append(at)
        for place in sorted(suited):
            for at in suited[place]:
                found[at] += self._patterns[place].find(glances[at])
        return found


class ChatRecognizer(EntityRecognizer):
    """A Presidio recognizer over `patterns`."""

    patterns: ClassVar[tuple[Pattern, ...]] = ()

    def __init__(self) -> None:
        super().__init__(supported_entities=sorted({p.type for p in self.patterns}))
        self._index = Index(self.patterns)

    def load(self) -> None:
        """Nothing to load."""

    def find(self, glance: Glance) -> Iterable[Span]:
        """Spans in a text already looked at; may overlap."""
        return self._index.find([glance])[0]

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
