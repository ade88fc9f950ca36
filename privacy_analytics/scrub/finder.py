"""Where something personal stands: rules, own identifiers and the name model, text by text and over seams."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar, cast

from presidio_analyzer import EntityRecognizer
from presidio_analyzer.nlp_engine import NlpArtifacts

from privacy_analytics.scrub.conversations import Found, across
from privacy_analytics.scrub.domain import TYPES, survives
from privacy_analytics.scrub.identities import IdentityHasher, OwnIdentifiers, find_own
from privacy_analytics.scrub.lists import read_all
from privacy_analytics.scrub.normalize import Scanned, normalize
from privacy_analytics.scrub.placeholders import Placeholders
from privacy_analytics.scrub.recognizers import Glance, find_all
from privacy_analytics.scrub.spans import Span, merged
from privacy_analytics.scrub.widen import widened

if TYPE_CHECKING:
    from privacy_analytics.scrub.ner import NameModel

T = TypeVar("T")
Tier = Literal["fast", "standard"]
ROUNDS = 4
"""How often a masked text is read again, at most; what a placeholder laid open is masked, too."""

logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)  # below that it may quote the texts
_log = logging.getLogger(__name__)


class Said(NamedTuple):
    """A text, and the identifiers of the account that it belongs to."""

    text: str
    own: OwnIdentifiers | None


class Unit(NamedTuple):
    """Texts that belong together, in order: a conversation, the fields of a row; or one text by itself."""

    said: tuple[Said, ...]
    together: bool


@dataclass(frozen=True)
class Rules:
    """What a finder is made of; goes to other processes, so it must be possible to pickle it."""

    tier: Tier
    placeholders: Placeholders
    hasher: IdentityHasher | None = None
    recognizers: tuple[EntityRecognizer, ...] = ()
    """Recognizers of others, asked beside ours."""


Marked = tuple[Said, tuple[Span, ...] | None]
"""A text and what is found in it; None where it could not be read."""


class Read(NamedTuple):
    """A text's plain copy, and what rules found in it (indices of the copy)."""

    copy: Scanned
    spans: list[Span]


class Finder:
    """Finds in texts what is to be masked. Needs no other process, and no network.

    Parameters
    ----------
    rules : what to look for
    threads : of the name model's runtime
    """

    def __init__(self, rules: Rules, threads: int = 1) -> None:
        read_all()
        self._rules = rules
        self._model: NameModel | None = None
        if rules.tier == "standard":
            from privacy_analytics.scrub.ner import NameModel

            self._model = NameModel(threads)

    def find(self, units: Sequence[Unit]) -> list[list[tuple[Span, ...] | None]]:
        """For each text of each unit its spans, disjoint and in order; None where it could not be read."""
        alone = self._alone(said for unit in units for said in unit.said)
        marked = [
            list(
                zip(
                    unit.said,
                    self._together(unit.said, alone) if unit.together else [_spans(alone[unit.said[0]])],
                    strict=True,
                )
            )
            for unit in units
        ]
        different = list(dict.fromkeys(each for texts in marked for each in texts))
        settled = dict(zip(different, self._settled(different), strict=True))
        return [[settled[each] for each in texts] for texts in marked]

    def names(self, texts: Sequence[str]) -> list[tuple[str, list[Span]]]:
        """For each text its plain copy and the name model's spans in that; raises what goes wrong."""
        copies = [normalize(text) for text in texts]
        spans = find_all([Glance.of(copy.text) for copy in copies])
        read = [Read(*pair) for pair in zip(copies, spans, strict=True)]
        tagged = self._tag(self._model, read) if self._model else [[] for _ in read]
        return [(each.copy.text, spans) for each, spans in zip(read, tagged, strict=True)]

    def _together(self, said: Sequence[Said], found: Mapping[Said, Found | None]) -> list[tuple[Span, ...] | None]:
        """Also what is split over neighbours; where a seam cannot be read, both sides of it are lost.

        Only rules read a seam: the model would have to read every text twice more.
        """
        spans = [_spans(found[each]) for each in said]
        more: list[list[Span]] = [[] for _ in said]
        for at, (one, two) in enumerate(pairwise(said)):
            left, right = found[one], found[two]
            if left is None or right is None:
                continue
            owns = dict.fromkeys((one.own, two.own))
            split = guard(partial(across, left, right, self._at_seam, partial(self._any_own, owns)))
            if split is None:
                spans[at] = spans[at + 1] = None
            else:
                more[at] += split[0]
                more[at + 1] += split[1]
        for at, (each, extra) in enumerate(zip(said, more, strict=True)):
            if extra and (known := spans[at]) is not None:
                spans[at] = guard(partial(_joined, each.text, known, extra))
        return spans

    def _alone(self, said: Iterable[Said]) -> dict[Said, Found | None]:
        """What is found in each by itself; equal ones are read once."""
        unique = list(dict.fromkeys(said))
        read = self._read(unique)
        tagged = self._tagged(read)
        return {
            each: guard(partial(self._found, each.text, seen, names))
            if seen is not None and names is not None
            else None
            for each, seen, names in zip(unique, read, tagged, strict=True)
        }

    def _read(self, said: Sequence[Said]) -> list[Read | None]:
        """By the rules; where one fails, each text alone, and what fails then is None."""
        looked = [guard(partial(_looked, each.text)) for each in said]
        glances = [each[1] for each in looked if each is not None]
        together = guard(partial(find_all, glances)) or [
            (guard(partial(find_all, [glance])) or [None])[0] for glance in glances
        ]
        rest = iter(together)
        return [
            None
            if each is None or (spans := next(rest)) is None
            else Read(each[0], spans)
            if one.own is None
            else guard(partial(self._with_own, one, each[0], spans))
            for one, each in zip(said, looked, strict=True)
        ]

    def _with_own(self, said: Said, copy: Scanned, spans: list[Span]) -> Read:
        return Read(copy, [*spans, *self._own(copy.text, said.own)])

    def _tagged(self, read: Sequence[Read | None]) -> Sequence[list[Span] | None]:
        """The model's spans; where a batch fails, each text alone, and what fails then is None."""
        if self._model is None:
            return [[] for _ in read]
        there = [each for each in read if each is not None]
        tag = partial(self._tag, self._model)
        together = guard(partial(tag, there)) or [(guard(partial(tag, [each])) or [None])[0] for each in there]
        rest = iter(together)
        return [None if each is None else next(rest) for each in read]

    def _tag(self, model: NameModel, read: Sequence[Read]) -> list[list[Span]]:
        """Placeholders are shown as codes are: nobody's name, so what is beside them is judged as it was before."""
        known = [[*each.spans, *self._rules.placeholders.places(each.copy.text)] for each in read]
        return model.tag([each.copy.text for each in read], known)

    def _found(self, text: str, read: Read, names: list[Span]) -> Found:
        spans = [*read.spans, *names, *self._others(read.copy.text, names)]
        whole = self.whole(read.copy, spans) if spans else []
        return Found(text, read.copy, tuple(whole) if read.copy.starts is None else _joined(text, whole))

    def whole(self, copy: Scanned, spans: Iterable[Span]) -> list[Span]:
        """Spans of the copy as spans of the original: joined, without placeholders and without what is music."""
        new = merged(self._rules.placeholders.outside(spans, copy.text), copy.text)
        meant = [span for span in new if not _is_music(copy.text, span)]
        wide = list(widened(meant, copy.text))
        return [copy.original(span) for span in (meant if wide == meant else merged(wide, copy.text))]

    def _settled(self, marked: Sequence[Marked]) -> list[tuple[Span, ...] | None]:
        """With what is found once these are masked, until that is nothing: to mask again then changes nothing."""
        placeholders = self._rules.placeholders
        spans = [each for _, each in marked]
        unread = [at for at, each in enumerate(spans) if each]
        for _ in range(ROUNDS):
            masked = [Said(placeholders.put(marked[at][0].text, spans[at] or ()), marked[at][0].own) for at in unread]
            alone = self._alone(masked) if masked else {}
            more: list[int] = []
            for at, said in zip(unread, masked, strict=True):
                before, found = spans[at] or (), alone[said]
                if found is None:
                    spans[at] = None
                elif found.spans:
                    moved = _moved(found.spans, before, placeholders)
                    spans[at] = guard(partial(_joined, marked[at][0].text, before, moved))
                    more.append(at)
            unread = more
        return spans

    def _at_seam(self, text: str) -> list[Span]:
        [spans] = find_all([Glance.of(text)])
        return [span for span in spans if not _is_music(text, span)]

    def _own(self, text: str, own: OwnIdentifiers | None) -> list[Span]:
        hasher = self._rules.hasher
        return find_own(text, own, hasher) if own is not None and hasher is not None else []

    def _any_own(self, owns: Iterable[OwnIdentifiers | None], text: str) -> list[Span]:
        return [span for own in owns for span in self._own(text, own)]

    def _others(self, text: str, names: list[Span]) -> Iterator[Span]:
        """What recognizers of others find, told of the names as their NLP engine would tell them."""
        if self._rules.recognizers:
            artifacts = told(text, names)
            for each in self._rules.recognizers:
                for result in each.analyze(text, each.supported_entities, artifacts) or ():
                    if result.score > 0 and result.start < result.end:
                        yield Span(result.start, result.end, result.entity_type, result.score)


def told(text: str, names: Iterable[Span]) -> NlpArtifacts:
    """Spans of the name model as Presidio hands them to recognizers."""
    entities = [
        SimpleNamespace(start_char=s.start, end_char=s.end, label_=s.type, text=text[s.start : s.end], score=s.score)
        for s in names
    ]
    scores = [entity.score for entity in entities]
    return NlpArtifacts(cast("Any", entities), cast("Any", []), [], [], cast("Any", None), "en", scores)


def guard(work: Callable[[], T]) -> T | None:
    """What the work gives, or None; the log has the kind of error, never its text."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - whatever it is, the text is masked
        _log.error("scrub: masked whole after %s", type(error).__name__)
        return None


def _looked(text: str) -> tuple[Scanned, Glance]:
    copy = normalize(text)
    return copy, Glance.of(copy.text)


def _is_music(text: str, span: Span) -> bool:
    """Whether a name is one of artists, gear or tracks; an account's own name (score 1) is nobody else's."""
    return span.type in TYPES and span.score < 1 and survives(text, span)


def _joined(text: str, *spans: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(merged(chain(*spans), text))


def _spans(found: Found | None) -> tuple[Span, ...] | None:
    return found and found.spans


def _moved(spans: Iterable[Span], masked: Sequence[Span], placeholders: Placeholders) -> Iterator[Span]:
    """Spans of the masked text as spans of the text before; they lie between its masks."""
    starts, shifts, shift = [0], [0], 0
    for span in masked:
        shift += span.end - span.start - len(placeholders.of(span.type))
        starts.append(span.end - shift)
        shifts.append(shift)
    for span in spans:
        by = shifts[bisect_right(starts, span.start) - 1]
        yield replace(span, start=span.start + by, end=span.end + by)
