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
_RUNS = re.compile(r"\S{5,}")
_HUMP = re.compile(r"[A-Z](?<=[a-z].)")
_LETTERS = frozenset(ascii_lowercase)

WORD = r"(?:(?<![^\W\d_])|(?-i:(?<=[a-z])(?=[A-Z])))"
"""Where a word begins in a pattern, also within DB_USER and dbUser."""

SETS = 20_000
"""Sets of patterns that are kept to be asked for again."""
WORDY = 12
"""Characters of `Glance.chunks` that may be plain words."""
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
            self._chunks = [
                match.span()
                for match in _RUNS.finditer(self.text)
                if match.end() - match.start() > WORDY or not match[0].rstrip(",.!?:;)").isalpha()
            ]
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

    def hinted(self, glance: Glance) -> bool:
        """Whether its hint occurs in a text."""
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
        self._always = sum(1 << place for place, each in enumerate(self._patterns) if not each.need)
        self._asked: dict[str, int] = {}
        for place, each in enumerate(self._patterns):
            for token in each.need:
                self._asked[token] = self._asked.get(token, 0) | 1 << place
        self._digits = self._reached([each.least for each in self._patterns])
        self._longest = self._reached([each.chunk for each in self._patterns])
        self._places: dict[int, tuple[list[int], list[int]]] = {}

    def suited(self, glance: Glance) -> list[int]:
        """Places of the patterns that are worth trying, in order."""
        tried, asked = self._always, self._asked
        for token in asked.keys() & glance.tokens:
            tried |= asked[token]
        tried &= self._digits[min(glance.digits, len(self._digits) - 1)]
        tried &= self._longest[min(glance.longest, len(self._longest) - 1)]
        known = self._places.get(tried)
        if known is None:
            known = self._split(tried)
        plain, hinted = known
        more = [place for place in hinted if self._patterns[place].hinted(glance)]
        return sorted(plain + more) if more else plain

    @staticmethod
    def _reached(asked: list[int]) -> list[int]:
        """For each number, up to the largest asked for, the patterns that ask for no more, as a bit set."""
        return [
            sum(1 << place for place, least in enumerate(asked) if least <= number)
            for number in range(max(asked, default=0) + 1)
        ]

    def _split(self, tried: int) -> tuple[list[int], list[int]]:
        """Places in a bit set: of patterns without a hint, and of those with one."""
        places = [place for place in range(len(self._patterns)) if tried >> place & 1]
        hinted = [place for place in places if self._patterns[place].hint]
        split = [place for place in places if place not in hinted], hinted
        if len(self._places) < SETS:
            self._places[tried] = split
        return split

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
