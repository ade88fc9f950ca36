"""Where something personal stands: rules, own identifiers and the name model, text by text and over seams."""

from __future__ import annotations

import gc
import logging
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
U = TypeVar("U")
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


class Looked(NamedTuple):
    """A text, its plain copy, and what a first look at that shows."""

    said: Said
    copy: Scanned
    glance: Glance


class Read(NamedTuple):
    """A text, its plain copy, and what the rules and the name model found in it (indices of the copy)."""

    text: str
    copy: Scanned
    spans: list[Span]
    names: Sequence[Span] = ()


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
        with _uncollected():
            return self._find(units)

    def _find(self, units: Sequence[Unit]) -> list[list[tuple[Span, ...] | None]]:
        alone = self._alone(said for unit in units for said in unit.said)
        marked: list[Marked] = []
        for unit in units:
            spans = self._together(unit.said, alone) if unit.together else [_spans(alone[unit.said[0]])]
            marked += zip(unit.said, spans, strict=True)
        settled = iter(self._settled(marked))
        return [[next(settled) for _ in unit.said] for unit in units]

    def names(self, texts: Sequence[str]) -> list[tuple[str, list[Span]]]:
        """For each text its plain copy and the name model's spans in that; raises what goes wrong."""
        read = self._read(_looked([Said(text, None) for text in texts]))
        return [(each.copy.text, list(each.names)) for each in self._tagged(read)]

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
        read = _each(self._tagged, _each(self._read, _each(_looked, unique)))
        return dict(zip(unique, _each(self._found, read), strict=True))

    def _read(self, looked: Sequence[Looked]) -> list[Read]:
        """By the rules, and for own identifiers."""
        found = find_all([glance for _, _, glance in looked])
        return [
            Read(said.text, copy, spans if said.own is None else [*spans, *self._own(copy.text, said.own)])
            for (said, copy, _), spans in zip(looked, found, strict=True)
        ]

    def _tagged(self, read: list[Read]) -> list[Read]:
        """With the names of the model, if there is one."""
        if self._model is None:
            return read
        names = self._tag(self._model, read)
        return [each._replace(names=more) for each, more in zip(read, names, strict=True)]

    def _tag(self, model: NameModel, read: Sequence[Read]) -> list[list[Span]]:
        """Placeholders are shown as codes are: nobody's name, so what is beside them is judged as it was before."""
        known = [[*each.spans, *self._rules.placeholders.places(each.copy.text)] for each in read]
        return model.tag([each.copy.text for each in read], known)

    def _found(self, read: Sequence[Read]) -> list[Found]:
        return [Found(each.text, each.copy, self._spans(*each)) for each in read]

    def _spans(self, text: str, copy: Scanned, found: list[Span], names: Sequence[Span]) -> tuple[Span, ...]:
        spans = [*found, *names]
        if self._rules.recognizers:
            spans += self._others(copy.text, names)
        whole = self.whole(copy, spans) if spans else []
        return tuple(whole) if copy.starts is None else _joined(text, whole)

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

    def _others(self, text: str, names: Sequence[Span]) -> Iterator[Span]:
        """What recognizers of others find, told of the names as their NLP engine would tell them."""
        artifacts = told(text, names)
        for each in self._rules.recognizers:
            for result in each.analyze(text, each.supported_entities, artifacts) or ():
                if result.score > 0 and result.start < result.end:
                    yield Span(result.start, result.end, result.entity_type, result.score)


@contextmanager
def _uncollected() -> Generator[None]:
    """Without garbage collection: what is made here is in no cycles, and a chunk of texts is soon read."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


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


def _each(work: Callable[[list[T]], list[U]], items: Sequence[T | None]) -> list[U | None]:
    """What the work gives for the items that are there: for all at once or, where one fails, each alone; else None."""
    there = [item for item in items if item is not None]
    try:
        done = iter(work(there))
    except Exception:  # noqa: BLE001 - the one that failed fails again
        done = ((guard(partial(work, [item])) or (None,))[0] for item in there)
    return [None if item is None else next(done) for item in items]


def _looked(said: Sequence[Said]) -> list[Looked]:
    copies = [normalize(each.text) for each in said]
    return [Looked(each, copy, Glance.of(copy.text)) for each, copy in zip(said, copies, strict=True)]


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
        yield span._replace(start=span.start + by, end=span.end + by)
