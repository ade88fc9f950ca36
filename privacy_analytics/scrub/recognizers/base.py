# ruff: noqa: SIM905  a list of quoted words is harder to read
"""What every chat recognizer is made of: patterns that are only tried where they can match."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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


Matches = list[re.Match[str]]


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
    shape : what also occurs in `Glance.shape`
    hint : what also occurs in the text; in lower case, unless ``case`` counts
    also : one of these words occurs, too; any if empty
    """

    type: str
    regex: re.Pattern[str]
    need: frozenset[str]
    keep: Callable[[re.Match[str]], bool] | None = None
    score: float = 0.9
    least: int = 0
    chunk: int = 0
    anchored: bool = False
    shape: re.Pattern[str] | None = None
    hint: re.Pattern[str] | None = None
    case: bool = False
    group: str | int = 0
    also: frozenset[str] = frozenset()

    def suited(self, texts: Iterable[int], glances: Sequence[Glance]) -> Iterable[int]:
        """Which of the texts, given by their places, may hold it; they have what it needs."""
        least, chunk = self.least, self.chunk
        if least:
            texts = [at for at in texts if glances[at].digits >= least]
        if self.also:
            unsaid = self.also.isdisjoint
            texts = [at for at in texts if not unsaid(glances[at].tokens)]
        if self.shape:
            shape = self.shape.search
            texts = [at for at in texts if shape(glances[at].shape)]
        if self.hint:
            hint, case = self.hint.search, self.case
            texts = [at for at in texts if hint(glances[at].text if case else glances[at].lower)]
        if chunk:
            texts = [at for at in texts if glances[at].longest >= chunk]
        return texts

    def matches(self, heard: Mapping[int, Sequence[str]], glances: Sequence[Glance]) -> Iterator[tuple[int, Matches]]:
        """What its regular expression matches, text by text; ``heard`` are those of `need` that each of them says."""
        texts = self.suited(heard, glances)
        if self.anchored:
            return self._at_places(texts, heard, glances)
        return self._in_chunks(texts, heard, glances) if self.chunk else self._anywhere(texts, glances)

    def spans(self, matches: Matches) -> list[Span]:
        """What of its matches is masked: the group ``v``, else the whole match."""
        kind, score, group, keep = self.type, self.score, self.group, self.keep
        return [Span(*match.span(group), kind, score) for match in matches if keep is None or keep(match)]

    def _anywhere(self, texts: Iterable[int], glances: Sequence[Glance]) -> Iterator[tuple[int, Matches]]:
        finditer = self.regex.finditer
        for at in texts:
            if found := list(finditer(glances[at].text)):
                yield at, found

    def _at_places(
        self, texts: Iterable[int], heard: Mapping[int, Sequence[str]], glances: Sequence[Glance]
    ) -> Iterator[tuple[int, Matches]]:
        match_at = self.regex.match
        for at in texts:
            glance, words = glances[at], heard[at]
            text, places = glance.text, glance.places(words[0])
            if len(words) > 1:
                places = sorted([place for word in words for place in glance.places(word)])
            found: Matches = []
            seen = 0
            for place in places:
                if place >= seen and (match := match_at(text, place)):
                    seen = match.end()
                    found.append(match)
            if found:
                yield at, found

    def _in_chunks(
        self, texts: Iterable[int], heard: Mapping[int, Sequence[str]], glances: Sequence[Glance]
    ) -> Iterator[tuple[int, Matches]]:
        finditer, least, anywhere = self.regex.finditer, self.chunk, not DIGITS.isdisjoint(self.need)
        for at in texts:
            glance = glances[at]
            text, chunks = glance.text, [chunk for chunk in glance.chunks() if chunk[1] - chunk[0] >= least]
            near = chunks if anywhere else around(heard[at], glance, chunks)
            if found := [match for start, end in near for match in finditer(text, start, end)]:
                yield at, found


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
    shape: str = "",
    hint: str = "",
    also: str | Iterable[str] = "",
) -> Pattern:
    """Compile a pattern; ``need`` and ``also`` may be strings with spaces between; case counts if ``case``."""
    words, more = (frozenset(each.split() if isinstance(each, str) else each) for each in (need, also))
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
        re.compile(shape) if shape else None,
        re.compile(hint) if hint else None,
        case,
        "v" if "v" in whole.groupindex else 0,
        more,
    )


anchored = partial(pattern, anchored=True)
"""A pattern of which every match begins with one of ``need``: a word, a sign, or a number."""


class Index:
    """Patterns by what they need, so that each is tried only on texts that may hold it."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._patterns = tuple(patterns)
        self._always = [place for place, each in enumerate(self._patterns) if not each.need]
        self._asked: dict[str, list[int]] = {}
        for place, each in enumerate(self._patterns):
            for token in each.need:
                self._asked.setdefault(token, []).append(place)

    def find(self, glances: Sequence[Glance]) -> list[list[Span]]:
        """For each text what they find; may overlap. Pattern by pattern, which is quicker."""
        asked, wanted = self._asked, frozenset(self._asked)
        said: dict[str, list[int]] = {}
        for at, glance in enumerate(glances):
            for token in wanted & glance.tokens:
                said.setdefault(token, []).append(at)
        every = dict.fromkeys(range(len(glances)), ())
        found: list[list[Span]] = [[] for _ in glances]
        for place in sorted({*self._always, *chain.from_iterable(map(asked.__getitem__, said))}):
            each = self._patterns[place]
            heard = _heard([token for token in each.need if token in said], said) if each.need else every
            for at, matches in each.matches(heard, glances):
                found[at] += each.spans(matches)
        return found


def _heard(tokens: Sequence[str], said: Mapping[str, Sequence[int]]) -> Mapping[int, Sequence[str]]:
    """The texts that say any of the tokens, and which of them each says."""
    if len(tokens) == 1:
        return dict.fromkeys(said[tokens[0]], tokens)
    heard: dict[int, list[str]] = defaultdict(list)
    for token in tokens:
        for at in said[token]:
            heard[at].append(token)
    return heard


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
