# ruff: noqa: SIM905  a list of quoted words is harder to read
"""What every chat recognizer is made of: patterns that are only tried where they can match."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import ClassVar

from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from privacy_analytics.scrub.recognizers.glance import DIGITS, Glance, around
from privacy_analytics.scrub.spans import Span

WORD = r"(?:(?<![^\W\d_])|(?-i:(?<=[a-z])(?=[A-Z])))"
"""Where a word begins in a pattern, also within DB_USER and dbUser."""


NO_VALUE = frozenset(
    """null none nil true false undefined unknown empty hidden redacted masked dead taken banned locked public private
    disabled enabled expired invalid valid revoked stored saved encrypted optional mandatory unique visible available
    unavailable blocked suspended deleted deactivated activated verified leaked compromised
    full hacked slow offline online weird gone""".split()
)
"""What follows "my password is" and the like without being one, beside ordinary words."""


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
    shapes : one of these occurs in `Glance.shape`; none if empty
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
    shapes: tuple[str, ...] = ()
    hint: re.Pattern[str] | None = None
    case: bool = False
    group: str | int = 0

    def find(self, glance: Glance) -> Iterable[Span]:
        """Every place in a text that it suits; what is masked is its group ``v``, else the whole match."""
        matches, keep = self.matches(glance), self.keep
        if keep is not None:
            matches = filter(keep, matches)
        kind, score, group = self.type, self.score, self.group
        return [Span(*match.span(group), kind, score) for match in matches]

    def matches(self, glance: Glance) -> Iterable[re.Match[str]]:
        """What its regular expression matches in a text that it suits."""
        if self.anchored:
            return self._at_places(glance)
        return self._in_chunks(glance) if self.chunk else self.regex.finditer(glance.text)

    def _at_places(self, glance: Glance) -> list[re.Match[str]]:
        words = self.need if len(self.need) == 1 else self.need & glance.tokens
        match_at, text = self.regex.match, glance.text
        places = glance.places(*words) if len(words) == 1 else sorted(chain.from_iterable(map(glance.places, words)))
        found: list[re.Match[str]] = []
        seen = 0
        for at in places:
            if at >= seen and (match := match_at(text, at)):
                seen = match.end()
                found.append(match)
        return found

    def _in_chunks(self, glance: Glance) -> list[re.Match[str]]:
        text, least, finditer = glance.text, self.chunk, self.regex.finditer
        anywhere = bool(DIGITS & self.need)
        found: list[re.Match[str]] = []
        for start, end in glance.chunks():
            if end - start < least:
                continue
            if anywhere:
                found += finditer(text, start, end)
            else:
                for begin, stop in around(self.need, glance, start, end):
                    found += finditer(text, begin, stop)
        return found


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
    shapes: tuple[str, ...] = (),
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
        shapes,
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
        shapes: dict[str, int] = {}
        for place, each in enumerate(self._patterns):
            for shape in each.shapes:
                shapes[shape] = shapes.get(shape, 0) | 1 << place
        self._shapes = tuple(shapes.items())
        self._shaped = sum(1 << place for place, each in enumerate(self._patterns) if each.shapes)
        self._hints = [(each.hint.search, each.case) if each.hint else None for each in self._patterns]

    def suited(self, glance: Glance) -> list[int]:
        """Places of the patterns that are worth trying, in order; sets of them are bits of a number on the way."""
        tried, asked = self._always, self._asked
        for token in asked.keys() & glance.tokens:
            tried |= asked[token]
        tried &= self._digits[min(glance.digits, len(self._digits) - 1)]
        tried &= self._longest[min(glance.longest, len(self._longest) - 1)]
        shaped = tried & self._shaped
        if shaped:
            tried ^= shaped
            shown = glance.shape
            for shape, places in self._shapes:
                if shaped & places and shape in shown:
                    tried |= shaped & places
        suited: list[int] = []
        while tried:
            lowest = tried & -tried
            tried ^= lowest
            place = lowest.bit_length() - 1
            hint = self._hints[place]
            if hint is None or hint[0](glance.text if hint[1] else glance.lower):
                suited.append(place)
        return suited

    @staticmethod
    def _reached(asked: list[int]) -> list[int]:
        """For each number, up to the largest asked for, the patterns that ask for no more, as a bit set."""
        return [
            sum(1 << place for place, least in enumerate(asked) if least <= number)
            for number in range(max(asked, default=0) + 1)
        ]

    def find(self, glances: Sequence[Glance]) -> list[list[Span]]:
        """For each text what they find; may overlap."""
        found: list[list[Span]] = [[] for _ in glances]
        suited: dict[int, list[int]] = {}
        for at, glance in enumerate(glances):
            for place in self.suited(glance):
                suited.setdefault(place, []).append(at)
        for place in sorted(suited):
            find = self._patterns[place].find
            for at in suited[place]:
                found[at] += find(glances[at])
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
