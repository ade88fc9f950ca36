"""Scrub many texts: duplicates once, in batches, and fail closed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeVar

from privacy_analytics.errors import UsageError
from privacy_analytics.scrub.identities import IdentityHasher, OwnIdentifiers, find_own
from privacy_analytics.scrub.normalize import Scanned, normalize
from privacy_analytics.scrub.recognizers import Glance, chat_recognizers
from privacy_analytics.scrub.spans import Span, merged

if TYPE_CHECKING:
    from privacy_analytics.scrub.ner import RampartEngine

T = TypeVar("T")
Tier = Literal["fast", "standard"]
FAILED = "<SCRUB_FAILED>"
CHUNK = 2_048
"""Texts in work at once; bounds memory."""

logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)  # below that it may quote the texts
_log = logging.getLogger(__name__)


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
    label : the placeholder of a type, ``<EMAIL>`` by default; it must not depend on what it hides

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
    ) -> None:
        if tier not in ("fast", "standard"):
            raise UsageError("A scrubber's tier is 'fast' or 'standard'.")
        self.tier = tier
        self.counts: Counter[str] = Counter()
        self._hasher = hasher
        self._label = label
        self._recognizers = chat_recognizers()
        types = {kind for recognizer in self._recognizers for kind in recognizer.supported_entities}
        self._placeholders = {FAILED, *map(label, types)}
        self._engine: RampartEngine | None = None
        if tier == "standard":
            from privacy_analytics.scrub.ner import RampartEngine

            self._engine = RampartEngine()
            self._engine.load()

    def scrub(self, texts: Sequence[str], own: Sequence[OwnIdentifiers | None] | None = None) -> list[Scrubbed]:
        """Mask each text; ``own`` holds its account's identifiers, or None. Equal pairs are scrubbed once.

        Never raises because of a text: one that cannot be scrubbed comes back as ``<SCRUB_FAILED>``.
        """
        if own is not None and len(own) != len(texts):
            raise UsageError("scrub() needs one entry in `own` for each text.")
        if self._hasher is None and own is not None and any(own):
            raise UsageError("scrub() needs Scrubber(hasher=...) to look for accounts' own identifiers.")
        pairs = list(zip(texts, own or [None] * len(texts), strict=True))
        unique = list(dict.fromkeys(pairs))
        done: dict[tuple[str, OwnIdentifiers | None], Scrubbed] = {}
        for at in range(0, len(unique), CHUNK):
            chunk = unique[at : at + CHUNK]
            done.update(zip(chunk, self._scrub(chunk), strict=True))
        results = [done[pair] for pair in pairs]
        for result in results:
            self.counts.update(span.type for span in result.spans)
            self.counts["failed"] += result.failed
        return results

    def _scrub(self, pairs: Sequence[tuple[str, OwnIdentifiers | None]]) -> list[Scrubbed]:
        found = [self._guard(lambda text=text, own=own: self._find(text, own)) for text, own in pairs]
        if self._engine is not None:
            self._tag(self._engine, found)
        return [
            self._guard(lambda text=text, each=each: self._mask(text, *each)) or _FAILURE
            if each is not None
            else _FAILURE
            for (text, _), each in zip(pairs, found, strict=True)
        ]

    def _find(self, text: str, own: OwnIdentifiers | None) -> tuple[Scanned, list[Span]]:
        scanned = normalize(text)
        glance = Glance.of(scanned.text)
        spans = [span for recognizer in self._recognizers for span in recognizer.find(glance)]
        if own is not None and self._hasher is not None:
            spans += find_own(scanned.text, own, self._hasher)
        return scanned, spans

    def _tag(self, engine: RampartEngine, found: list[tuple[Scanned, list[Span]] | None]) -> None:
        """Add the model's spans; where a batch fails, each text alone, and what fails then is None."""
        good = [index for index, each in enumerate(found) if each is not None]
        texts = [each[0].text for each in found if each is not None]
        tagged = self._guard(lambda: engine.tag(texts))
        for place, index in enumerate(good):
            spans = tagged[place] if tagged else self._guard(lambda place=place: engine.tag([texts[place]])[0])
            each = found[index]
            if spans is None or each is None:
                found[index] = None
            else:
                each[1].extend(spans)

    def _mask(self, text: str, scanned: Scanned, spans: list[Span]) -> Scrubbed:
        places = [scanned.original(span) for span in spans]
        whole = merged([s for s in places if text[max(0, s.start - 1) : s.end + 1] not in self._placeholders], text)
        parts: list[str] = []
        at = 0
        for span in whole:
            parts += text[at : span.start], self._label(span.type)
            at = span.end
        return Scrubbed("".join([*parts, text[at:]]), tuple(whole))

    @staticmethod
    def _guard(work: Callable[[], T]) -> T | None:
        """What the work gives, or None; the log has the kind of error, never its text."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the text is masked
            _log.error("scrub: masked whole after %s", type(error).__name__)
            return None


@cache
def _shared(tier: Tier) -> Scrubber:
    return Scrubber(tier)


def find_spans(texts: Sequence[str], tier: Tier = "standard") -> list[list[tuple[int, int, str]]]:
    """(start, end, type) of what would be masked in each text; a text that fails is one span."""
    return [
        [(0, len(text), "SCRUB_FAILED")] if result.failed else [(s.start, s.end, s.type) for s in result.spans]
        for text, result in zip(texts, _shared(tier).scrub(texts), strict=True)
    ]
