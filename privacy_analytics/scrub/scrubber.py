"""Scrub many texts: duplicates once, conversations as a whole, in bounded memory, and fail closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Self, TypeVar

from presidio_analyzer import EntityRecognizer

from privacy_analytics.errors import UsageError
from privacy_analytics.scrub.finder import Rules, Said, Tier, Unit, guard
from privacy_analytics.scrub.identities import IdentityHasher, OwnIdentifiers
from privacy_analytics.scrub.people import People
from privacy_analytics.scrub.placeholders import PERSON, Placeholders
from privacy_analytics.scrub.recognizers import chat_recognizers
from privacy_analytics.scrub.spans import Span
from privacy_analytics.scrub.workers import Crew

T = TypeVar("T")
FAILED = "<SCRUB_FAILED>"
CHUNK = 1_024
"""Texts that a process has in work at once; a thousand characters count as one more. A conversation stays whole."""


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A masked text; ``spans`` are ranges of the original. A failed one is masked whole."""

    text: str
    spans: tuple[Span, ...]
    failed: bool = False


_FAILURE = Scrubbed(FAILED, (), failed=True)


class Scrubber:
    """Masks what is personal in chat texts.

    Parameters
    ----------
    tier : ``"fast"`` (patterns, cues and name lists) or ``"standard"`` (the local name model too)
    hasher : of the workspace; needed where accounts' own identifiers are given
    label : the placeholder of a type, ``<EMAIL>`` by default; it must not depend on what it hides. Asked for
        ``PERSON_9999``, too, where the nines stand for a person's number in a conversation
    recognizers : any Presidio recognizers, to find more than ours do
    workers : 2 lets two processes find where there are two cores, with the same results in the same order; start
        such a script under ``if __name__ == "__main__":`` and end it with ``close()``, or use ``with``

    Attributes
    ----------
    counts : spans masked by type, and texts masked whole under ``"failed"``; duplicates count each time
    """

    def __init__(
        self,
        tier: Tier = "standard",
        *,
        hasher: IdentityHasher | None = None,
        label: Callable[[str], str] = "<{}>".format,
        recognizers: Sequence[EntityRecognizer] = (),
        workers: int = 0,
    ) -> None:
        if tier not in ("fast", "standard"):
            raise UsageError("A scrubber's tier is 'fast' or 'standard'.")
        self.tier = tier
        self.counts: Counter[str] = Counter()
        self._hasher = hasher
        asked = [*chat_recognizers(), *recognizers]
        types = {PERSON, *(kind for each in asked for kind in each.supported_entities)}
        self._placeholders = Placeholders(label, types, FAILED)
        self._crew = Crew(Rules(tier, self._placeholders, hasher, tuple(recognizers)), workers)

    def scrub(
        self,
        texts: Sequence[str],
        own: Sequence[OwnIdentifiers | None] | None = None,
        conversations: Sequence[Hashable] | None = None,
        *,
        progress: bool = False,
    ) -> list[Scrubbed]:
        """Mask each text. Never raises because of a text: one that fails comes back as ``<SCRUB_FAILED>``.

        Parameters
        ----------
        texts : equal ones of equal ``own`` are read once
        own : for each text the identifiers of its account, or None
        conversations : for each text the conversation (or the row) that it is a part of, in order, or None. What is
            split over two neighbours of one conversation is found, and each of its persons has a number,
            ``<PERSON_1>``; numbers start anew in every conversation
        progress : draw a bar on standard error
        """
        for name, given in (("own", own), ("conversations", conversations)):
            if given is not None and len(given) != len(texts):
                raise UsageError(f"scrub() needs one entry in `{name}` for each text.")
        if self._hasher is None and own is not None and any(own):
            raise UsageError("scrub() needs Scrubber(hasher=...) to look for accounts' own identifiers.")
        places: dict[Unit, list[Sequence[int]]] = {}
        for unit, indices in _units(texts, own, conversations):
            places.setdefault(unit, []).append(indices)
        results = [_FAILURE] * len(texts)
        with _bar(len(texts) if progress else None) as advance:
            for unit, masked in self._masked(places):
                for indices in places[unit]:
                    for index, each in zip(indices, masked, strict=True):
                        results[index] = each
                    advance(len(indices))
        self.counts.update(span.type for result in results for span in result.spans)
        self.counts["failed"] += sum(result.failed for result in results)
        return results

    def stream(self, texts: Iterable[str], *, progress: bool = False) -> Iterator[Scrubbed]:
        """Mask texts one after the other as they come, in bounded memory: some thousand are in work at once."""
        with _bar(-1 if progress else None) as advance:
            for part in _parts(texts, CHUNK * self._crew.size, _cost):
                for result in self.scrub(part):
                    yield result
                    advance(1)

    def close(self) -> None:
        """End the workers, if there are any; the scrubber can be used again."""
        self._crew.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _masked(self, units: Collection[Unit]) -> Iterator[tuple[Unit, list[Scrubbed]]]:
        for unit, found in self._found(units):
            yield unit, self._mask(unit, found)

    def _found(self, units: Collection[Unit]) -> Iterator[tuple[Unit, list[tuple[Span, ...] | None]]]:
        """For each text of each unit its spans, None where it could not be read; nothing is masked or counted."""
        most = min(CHUNK, max(64, sum(map(_unit_cost, units)) / self._crew.size))
        for chunk, found in self._crew.find(_parts(units, most, _unit_cost)):
            yield from zip(chunk, found, strict=True)

    def _mask(self, unit: Unit, found: list[tuple[Span, ...] | None]) -> list[Scrubbed]:
        texts = [said.text for said in unit.said]
        people = guard(partial(self._people, texts, found)) if unit.together else None
        return [
            (guard(partial(self._put, text, spans, people)) if spans is not None else None) or _FAILURE
            for text, spans in zip(texts, found, strict=True)
        ]

    def _people(self, texts: Sequence[str], found: Sequence[tuple[Span, ...] | None]) -> People:
        names = [
            text[span.start : span.end]
            for text, spans in zip(texts, found, strict=True)
            for span in spans or ()
            if span.type == PERSON
        ]
        return People(names, (number for text in texts for number in self._placeholders.numbers(text)))

    def _put(self, text: str, spans: tuple[Span, ...], people: People | None) -> Scrubbed:
        if not spans:
            return Scrubbed(text, ())
        numbers = people and [
            people.number(text[span.start : span.end]) if span.type == PERSON else None for span in spans
        ]
        return Scrubbed(self._placeholders.put(text, spans, numbers), spans)


def _units(
    texts: Sequence[str], own: Sequence[OwnIdentifiers | None] | None, conversations: Sequence[Hashable] | None
) -> Iterator[tuple[Unit, Sequence[int]]]:
    """What is read together, with the places of its texts."""
    said = [Said(*pair) for pair in zip(texts, own or [None] * len(texts), strict=True)]
    parts: dict[Hashable, list[int]] = {}
    for index, conversation in enumerate(conversations or [None] * len(texts)):
        if conversation is None:
            yield Unit((said[index],), together=False), (index,)
        else:
            parts.setdefault(conversation, []).append(index)
    for indices in parts.values():
        yield Unit(tuple(said[index] for index in indices), together=True), indices


def _unit_cost(unit: Unit) -> float:
    return sum([_cost(said.text) for said in unit.said])


def _cost(text: str) -> float:
    return 1 + len(text) / 1_000


def _parts(items: Iterable[T], most: float, cost: Callable[[T], float]) -> Iterator[list[T]]:
    """Lists that end when they cost so much."""
    part: list[T] = []
    spent = 0.0
    for item in items:
        part.append(item)
        spent += cost(item)
        if spent >= most:
            yield part
            part, spent = [], 0.0
    if part:
        yield part


@contextmanager
def _bar(total: int | None) -> Generator[Callable[[int], object]]:
    """What is told how many texts are done; draws only if there is a total, or -1 for one that nobody knows."""
    if total is None:
        yield lambda _texts: None
        return
    from tqdm import tqdm

    with tqdm(total=total if total >= 0 else None, desc="scrub", unit=" texts", unit_scale=True) as bar:
        yield bar.update


@cache
def _shared(tier: Tier) -> Scrubber:
    return Scrubber(tier)


def find_spans(texts: Sequence[str], tier: Tier = "standard") -> list[list[tuple[int, int, str]]]:
    """(start, end, type) of what would be masked in each text; a text that fails is one span."""
    units = [Unit((Said(text, None),), together=False) for text in texts]
    found = dict(_shared(tier)._found(dict.fromkeys(units)))
    return [
        [(0, len(text), "SCRUB_FAILED")] if spans is None else [span[:3] for span in spans]
        for text, [spans] in zip(texts, map(found.__getitem__, units), strict=True)
    ]
