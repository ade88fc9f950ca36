# ruff: noqa: ARG002  Presidio's interfaces name the parameters
"""The tagger as a Presidio NlpEngine: its words cleaned up and handed over as entities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, cast

from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

from privacy_analytics.scrub.lists import (
    cities,
    clear_names,
    clear_surnames,
    known_names,
    ordinary_words,
    plain,
    surnames,
)
from privacy_analytics.scrub.spans import Span
from privacy_analytics.scrub.tagger import Tagger

LEAST = 0.15
"""Odds that are asked of a word."""
KNOWN = 0.05
"""Asked of a name that means nothing else."""
SURE = 0.95
"""Asked of a person or a town in small letters that is on no list, and of what patterns mostly find."""
_CODES = frozenset({"USERNAME", "EMAIL", "PASSWORD"})
NEAR = 4
"""Characters between the words of one name or address, at most."""
MOST = 0.85
"""The model's odds are capped below a pattern's score: where both find something, the pattern names its type."""
ENTITIES = ("ADDRESS", "EMAIL", "ID", "LOCATION", "PASSWORD", "PERSON", "PHONE", "USERNAME")


@dataclass(frozen=True, slots=True)
class Entity:
    """What Presidio reads of a spaCy span."""

    start_char: int
    end_char: int
    label_: str
    text: str
    score: float


class NameEngine(NlpEngine):
    """Tags texts with the name model; offline; one engine a process.

    Parameters
    ----------
    threads : of the model's runtime
    """

    engine_name = "name-model"
    is_available = True

    def __init__(self, threads: int = 2) -> None:
        self._threads = threads
        self._tagger: Tagger | None = None

    def load(self) -> None:
        """Read the model from disk (0.2 s). Raises `SettingsError` where it is not installed."""
        self._tagger = Tagger(self._threads)

    def is_loaded(self) -> bool:
        """Whether `load` was called."""
        return self._tagger is not None

    def tag(self, texts: Sequence[str], known: Sequence[Sequence[Span]] | None = None) -> list[list[Span]]:
        """Spans of every text, in its own indices; ``known`` are those that patterns found already."""
        if self._tagger is None:
            self.load()
        tagged = cast("Tagger", self._tagger).tag(texts, known)
        return [_settled(words, text) for text, words in zip(texts, tagged, strict=True)]

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """Presidio's call for one text."""
        return next(self.process_batch([text], language))[1]

    def process_batch(
        self, texts: Iterable[str], language: str, batch_size: int = 1, n_process: int = 1, **kwargs: Any
    ) -> Iterator[Any]:
        """Presidio's call for many: (text, artifacts) pairs. Batch size is the engine's own."""
        many = list(texts)
        for text, spans in zip(many, self.tag(many), strict=True):
            entities = [Entity(s.start, s.end, s.type, text[s.start : s.end], s.score) for s in spans]
            yield (
                text,
                NlpArtifacts(
                    cast("Any", entities),
                    cast("Any", []),
                    [],
                    [],
                    cast("Any", None),
                    language,
                    [s.score for s in spans],
                ),
            )

    def is_stopword(self, word: str, language: str) -> bool:
        """No stop words: there is no context pass."""
        return False

    def is_punct(self, word: str, language: str) -> bool:
        """No punctuation: there are no tokens."""
        return False

    def get_supported_entities(self) -> list[str]:
        """Types that the model tags."""
        return list(ENTITIES)

    def get_supported_languages(self) -> list[str]:
        """English only; names in other languages are not claimed."""
        return ["en"]


class NerRecognizer(EntityRecognizer):
    """Hands the engine's entities to Presidio."""

    def __init__(self) -> None:
        super().__init__(supported_entities=list(ENTITIES))

    def load(self) -> None:
        """Nothing to load: the engine does."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[RecognizerResult]:
        """Entities of the types asked for."""
        found = cast("list[Entity]", nlp_artifacts.entities)
        return [RecognizerResult(e.label_, e.start_char, e.end_char, e.score) for e in found if e.label_ in entities]


def _settled(words: list[Span], text: str) -> list[Span]:
    """Drop what only looks personal: unlikely words, lone numbers as addresses."""
    kept: list[Span] = []
    words = [
        replace(word, score=min(word.score, MOST))
        for word in words
        if word.score >= _asked(text[word.start : word.end], word.type)
        and _believable(text[word.start : word.end], word.type)
    ]
    for (_, family), run in groupby(_runs(words), key=lambda pair: pair[0]):
        spans = [span for _, span in run]
        if family == "PLACE":
            street = [text[s.start : s.end].lower() for s in spans if s.type == "ADDRESS"]
            named = len(spans) > 1 and any(word.isalpha() and word not in ordinary_words() for word in street)
            kept += [s for s in spans if named or s.type == "LOCATION"]
        else:
            kept += spans
    return kept


def _runs(words: list[Span]) -> Iterator[tuple[tuple[int, str], Span]]:
    """Each word with its run: neighbours of one family at most four characters apart."""
    run, last = 0, Span(-9, -9, "", 0.0)
    for word in words:
        if _family(word) != _family(last) or word.start - last.end > NEAR:
            run += 1
        last = word
        yield (run, _family(word)), word


def _family(span: Span) -> str:
    return "PLACE" if span.type in ("ADDRESS", "LOCATION") else span.type


def _asked(word: str, kind: str) -> float:
    name = plain(word).removesuffix("'s")
    if kind == "PERSON" and (name in clear_names() or name in clear_surnames()):
        return KNOWN
    if kind in ("ADDRESS", "PHONE", "ID") or (word[0].isupper() and kind not in _CODES):
        return LEAST
    listed = name in cities() if kind == "LOCATION" else name in known_names() or name in surnames()
    return LEAST if listed and kind not in _CODES else SURE


def _believable(word: str, kind: str) -> bool:
    if kind in ("PERSON", "LOCATION"):
        return len(word) > 2 - word[0].isupper() and not word.isdigit() and word.lower() not in ordinary_words()
    if kind in _CODES:
        return len(word) > 2 and word.lower() not in ordinary_words()
    return kind == "ADDRESS" or sum(c.isdigit() for c in word) >= 5
